"""What a formula is: symbols with unit and range, one expression over columns, and its source.

A formula is a pure function. Each symbol is one value or a column of them (numpy, any length, all
columns alike), so that many versions and months are computed at once. Values are exact `Fraction`s
wherever the inputs were decimals; a formula that needs a root or a logarithm says so and takes
floats. Nothing is rounded inside; money is rounded once, where it becomes an amount.

An input outside its range, without a number or of another dimension is an error that names formula,
symbol, value and row. It is never replaced and never a zero.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Final

import numpy as np

from pipelines.errors import FormulaInputInvalid
from pipelines.formulas.units import Unit, in_unit

Value = Any
"""A `Fraction`, or a numpy column of them; floats where a formula says that it is not exact."""

UNLIMITED: Final = None


@dataclass(frozen=True)
class Symbol:
    """One input of a formula: its name, the sign that papers write, its unit and its range."""

    name: str
    """As inputs are named in a catalogue, a CSV or on the command line: `active_parameters`."""
    sign: str
    """As the formula is written: `N_a`."""
    unit: Unit
    """A unit of `pipelines.formulas.units`; '' has no dimension."""
    meaning: str
    low: Fraction | int = 0
    high: Fraction | int | None = UNLIMITED
    low_is_in: bool = True
    high_is_in: bool = True
    default: Fraction | int | None = None
    """What it is where nothing is said; None: it must be said."""
    measured: str = ""
    """The measure of a log that takes its place once the month has happened (requests,
    input_tokens, ...): the symbol is a volume. Empty: logs do not measure it."""
    refuses: Callable[[Fraction], str] | None = None
    """Why a value inside the range is none all the same; '' where nothing speaks against it."""

    @property
    def range(self) -> str:
        """The range as text: `above 0, at most 1`."""
        low = f"{'at least' if self.low_is_in else 'above'} {self.low}"
        if self.high is None:
            return low
        return f"{low}, {'at most' if self.high_is_in else 'below'} {self.high}"

    def is_in_range(self, value: Any) -> bool:
        """Whether one value may stand for this symbol."""
        if value < self.low or (value == self.low and not self.low_is_in):
            return False
        return self.high is None or value < self.high or (value == self.high and self.high_is_in)


@dataclass(frozen=True)
class Formula:
    """A formula of the library.

    `of` takes every symbol by name and returns the result in `unit`. `says` is the formula as a
    line of text in the signs of its symbols, `source` where it comes from. `component` and
    `element` are the term of the articles' C_x = C_hardware * T_x + C_bandwidth * T_x it stands
    for; '' where it is a step on the way (FLOPs, tokens per second).
    """

    name: str
    title: str
    says: str
    symbols: tuple[Symbol, ...]
    unit: Unit
    of: Callable[..., Value]
    source: str
    component: str = ""
    element: str = ""
    is_exact: bool = True
    cautions: Callable[..., list[str]] | None = None
    """Sentences on inputs that are possible and yet suspicious, such as an MFU above 0.7."""

    def evaluate(self, **inputs: Any) -> Value:
        """The result for values or columns of values by the symbols' names.

        A value is a number, or text with a unit (`"352.49 GB"`, `"989.5 TFLOP/s"`), converted
        exactly into the symbol's unit: 1 GiB is 1.073741824 GB.

        Raises:
            FormulaInputInvalid: an input is missing, unknown, no number, of another dimension, or
                out of its range; names all of them.
        """
        values, problems = self.read(inputs)
        if problems:
            raise FormulaInputInvalid(self.name, problems)
        if not self.is_exact:
            values = {name: _floats(value) for name, value in values.items()}
        return self.of(**values)

    def read(self, inputs: Mapping[str, Any]) -> tuple[dict[str, Value], list[str]]:
        """The inputs in the symbols' units, and what is wrong with them, one sentence each."""
        known = {symbol.name for symbol in self.symbols}
        problems = [
            f"{name}: {self.name} has no such symbol"
            for name in sorted(inputs)
            if name not in known
        ]
        values: dict[str, Value] = {}
        for symbol in self.symbols:
            given = inputs.get(symbol.name)
            if given is None:
                if symbol.default is None:
                    problems.append(f"{symbol.name} ({symbol.sign}): not given")
                else:
                    values[symbol.name] = Fraction(symbol.default)
                continue
            try:
                values[symbol.name] = _column(given, symbol)
            except ValueError as error:
                problems.append(f"{symbol.name} ({symbol.sign}): {error}")
        return values, problems

    def said_of(self, **inputs: Any) -> list[str]:
        """The cautions for inputs that `evaluate` takes."""
        if self.cautions is None:
            return []
        values, problems = self.read(inputs)
        return [] if problems else self.cautions(**values)


def _column(given: Any, symbol: Symbol) -> Value:
    if isinstance(given, np.ndarray | list | tuple):
        found = np.empty(len(given), dtype=object)
        for row, one in enumerate(given):
            try:
                found[row] = _one(one, symbol)
            except ValueError as error:
                message = f"row {row + 1}: {error}"
                raise ValueError(message) from error
        return found
    return _one(given, symbol)


def _one(given: Any, symbol: Symbol) -> Fraction:
    if given is None:
        message = "not given"
        raise ValueError(message)
    value = in_unit(given, symbol.unit)
    if not symbol.is_in_range(value):
        message = f"{given} is outside its range: {symbol.range} {symbol.unit}".rstrip()
        raise ValueError(message)
    if symbol.refuses is not None and (reason := symbol.refuses(value)):
        message = f"{given}: {reason}"
        raise ValueError(message)
    return value


def _floats(value: Value) -> Value:
    return value.astype(float) if isinstance(value, np.ndarray) else float(value)
