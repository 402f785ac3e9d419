"""What accelerators can do: dense peaks by precision, memory and its bandwidth, per chip.

The numbers are in `chips.csv` beside this file, each row with its source. Peaks are dense: the
doubled values that data sheets print for 2:4 sparsity are none that a dense model can reach, and a
peak that is known to be such a value is refused or cautioned. GB and TFLOP/s are decimal, as sold.
"""

import csv
import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any, Final

from pipelines.errors import FormulaInputInvalid
from pipelines.formulas.columns import cautioned
from pipelines.formulas.formula import Formula, Value
from pipelines.formulas.units import in_unit

PRECISIONS: Final = ("bf16", "fp16", "fp8")
PEAK: Final = "peak_flops"
BANDWIDTH: Final = "memory_bandwidth"
MEMORY: Final = "memory_bytes"


@dataclass(frozen=True)
class Chip:
    """One accelerator: what it is called and what it can do at most."""

    name: str
    aliases: tuple[str, ...]
    peaks: Mapping[str, Fraction]
    """Dense FLOP/s by precision; a precision it does not have is absent."""
    prints_sparse: bool
    """Its data sheet prints values for 2:4 sparsity, twice the dense ones."""
    memory: Fraction | None
    """Bytes; None: it is sold with several sizes under this name."""
    bandwidth: Fraction | None
    """Bytes per second."""
    source: str

    def peak(self, precision: str) -> Fraction:
        """Dense FLOP/s at a precision.

        Raises:
            ValueError: it has none at this precision.
        """
        if precision not in self.peaks:
            message = f"{self.name} has no dense peak at {precision!r}: {', '.join(self.peaks)}"
            raise ValueError(message)
        return self.peaks[precision]

    @property
    def peak_16_bit(self) -> Fraction:
        """Dense FLOP/s at 16 bits, what training at mixed precision is measured against."""
        return self.peaks["bf16"] if "bf16" in self.peaks else self.peaks["fp16"]


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


@cache
def chips() -> tuple[Chip, ...]:
    """Every chip of `chips.csv`."""
    with Path(__file__).with_name("chips.csv").open(encoding="utf-8", newline="") as file:
        return tuple(_chip(row) for row in csv.DictReader(file))


def _chip(row: Mapping[str, str]) -> Chip:
    def of(column: str, power: int) -> Fraction | None:
        return Fraction(Decimal(row[column])) * power if row[column] else None

    peaks = {precision: of(f"{precision}_tflops", 10**12) for precision in PRECISIONS}
    return Chip(
        row["chip"],
        tuple(row["aliases"].split("|")),
        {precision: peak for precision, peak in peaks.items() if peak is not None},
        row["prints_sparse"] == "yes",
        of("memory_gb", 10**9),
        of("memory_gb_per_s", 10**9),
        row["source"],
    )


@cache
def _by_name() -> dict[str, Chip]:
    return {_plain(name): chip for chip in chips() for name in (chip.name, *chip.aliases)}


def chip_named(name: str) -> Chip:
    """The chip of a name, as bills, price books and published runs write it.

    Capitals, blanks and hyphens do not matter: `H100`, `NVIDIA H100 SXM5 80GB`, `nvidia-h100-80gb`.

    Raises:
        ValueError: none is called so; names the nearest.
    """
    found = _by_name().get(_plain(name))
    if found is None:
        near = difflib.get_close_matches(_plain(name), _by_name(), n=1, cutoff=0)[0]
        message = f"chip {name!r} is not known; the nearest is {_by_name()[near].name!r}"
        raise ValueError(message)
    return found


def with_chip(formula: Formula, inputs: Mapping[str, Any]) -> dict[str, Any]:
    """The inputs with `chip` and `precision` replaced by what the formula wants of the chip.

    Without either, the inputs as they are. A peak beside a chip must be the chip's own.

    Raises:
        FormulaInputInvalid: the chip or its precision is not known, the precision is not said, or
            a value that was given contradicts the chip (such as its sparse peak).
    """
    given = {name: value for name, value in inputs.items() if name not in {"chip", "precision"}}
    name, precision = str(inputs.get("chip") or ""), str(inputs.get("precision") or "")
    wanted = {symbol.name for symbol in formula.symbols} & {PEAK, BANDWIDTH, MEMORY}
    if not name:
        if precision:
            raise FormulaInputInvalid(formula.name, ["precision: says nothing without a chip"])
        return given
    try:
        chip = chip_named(name)
    except ValueError as error:
        problem = (
            f"chip: {error}. Give {PEAK} and {BANDWIDTH} themselves for a chip that is not in the "
            "table"
        )
        raise FormulaInputInvalid(formula.name, [problem]) from error
    problems = []
    for symbol in sorted(wanted):
        try:
            own = _of(chip, symbol, precision)
            if symbol in given:
                _agree(chip, symbol, precision, given[symbol], own)
            given[symbol] = own
        except ValueError as error:
            problems.append(f"{symbol}: {error}")
    if problems:
        raise FormulaInputInvalid(formula.name, problems)
    return given


def _of(chip: Chip, symbol: str, precision: str) -> Fraction:
    if symbol == PEAK:
        if not precision:
            message = f"say the precision {chip.name} computes in: {', '.join(chip.peaks)}"
            raise ValueError(message)
        return chip.peak(precision)
    found = chip.bandwidth if symbol == BANDWIDTH else chip.memory
    if found is None:
        message = f"{chip.name} is sold with several memories; name one of them"
        raise ValueError(message)
    return found


def _agree(chip: Chip, symbol: str, precision: str, given: Any, own: Fraction) -> None:
    value = in_unit(given, {PEAK: "FLOP/s", BANDWIDTH: "B/s", MEMORY: "bytes"}[symbol])
    if value == own:
        return
    message = f"{given} was given, {chip.name} has {float(own):g}; give the chip or the value"
    if symbol == PEAK and chip.prints_sparse and value == 2 * own:
        message = (
            f"{given} is the peak of {chip.name} at {precision} with 2:4 sparsity; "
            f"a dense model can reach {float(own):g} FLOP/s at most"
        )
    raise ValueError(message)


@cache
def _dense() -> frozenset[Fraction]:
    return frozenset(peak for chip in chips() for peak in chip.peaks.values())


@cache
def _sparse() -> dict[Fraction, tuple[Chip, str]]:
    found: dict[Fraction, tuple[Chip, str]] = {}
    for chip in chips():
        for precision, peak in chip.peaks.items():
            if chip.prints_sparse:
                found.setdefault(2 * peak, (chip, precision))
    return found


def sparse_only(peak: Fraction) -> str:
    """Why a peak is none: the sparse value of a chip that is no chip's dense value; '' else."""
    if peak in _dense() or peak not in _sparse():
        return ""
    chip, precision = _sparse()[peak]
    return (
        f"it is the peak of {chip.name} at {precision} with 2:4 sparsity, which no dense model "
        f"reaches; the dense one is {float(peak / 2):g} FLOP/s"
    )


def said_of(formula: Formula, values: Mapping[str, Value], chip: str) -> list[str]:
    """The cautions of a formula, and that on a peak which no chip was named for."""
    said = formula.said_of(**values)
    if chip or PEAK not in values:
        return said
    return said + cautioned(_sparse_perhaps, values[PEAK])


def _sparse_perhaps(peak: Fraction) -> str:
    """A caution on a peak that is dense at 8 bits and sparse at 16 bits; '' for any other."""
    if peak not in _dense() or peak not in _sparse():
        return ""
    chip, precision = _sparse()[peak]
    return (
        f"peak_flops {float(peak):g} FLOP/s is right at 8 bits; at {precision} it is the peak of "
        f"{chip.name} with 2:4 sparsity, and the dense one is {float(peak / 2):g}"
    )
