"""A formula applied to many rows of text, each with its result or with the reason for none."""

import csv
import difflib
import io
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, Final

from pipelines.errors import FormulaInputInvalid
from pipelines.formulas.chips import BANDWIDTH, MEMORY, PEAK, said_of, with_chip
from pipelines.formulas.formula import Formula, Value
from pipelines.months import days_in_month

MONTH: Final = "month"
HOURS: Final = "hours_in_month"
CHIP: Final = ("chip", "precision")
_MISTYPED: Final = 0.8
"""How alike a column and a symbol are, for one to be taken for a slip of the other."""


@dataclass(frozen=True)
class Answer:
    """One row: what was said, what was read of it, and what it comes to."""

    given: Mapping[str, str]
    values: Mapping[str, Value] = field(default_factory=dict)
    """By symbol, in its unit, defaults included."""
    value: Any = None
    """None: it was not computed."""
    reason: str = ""
    cautions: tuple[str, ...] = ()

    def origin(self, symbol: str) -> str:
        """Where the value of a symbol comes from."""
        if symbol in self.given:
            return "given"
        if symbol == HOURS and MONTH in self.given:
            return "the month"
        is_of_chip = symbol in {PEAK, BANDWIDTH, MEMORY} and CHIP[0] in self.given
        return "the chip" if is_of_chip else "default"


def answer_all(formula: Formula, rows: Sequence[Mapping[str, str]]) -> list[Answer]:
    """Every row's answer. Sound rows are computed as columns, all at once."""
    answers = [_read(formula, row) for row in rows]
    sound = [place for place, answer in enumerate(answers) if not answer.reason]
    if not sound:
        return answers
    columns = {
        symbol.name: [answers[place].values[symbol.name] for place in sound]
        for symbol in formula.symbols
    }
    try:
        found = list(formula.evaluate(**columns))
    except FormulaInputInvalid:
        # Possible one by one and impossible together: each row says for itself.
        return [_alone(formula, answer) for answer in answers]
    for place, value in zip(sound, found, strict=True):
        answers[place] = _with(formula, answers[place], value)
    return answers


def answer_one(formula: Formula, given: Mapping[str, str]) -> Answer:
    """The answer for one set of inputs.

    Raises:
        FormulaInputInvalid: it cannot be computed; names every reason.
    """
    values = _values(formula, given)
    return _with(formula, Answer(given, values), formula.evaluate(**values))


def rows_of(
    formula: Formula, text: str, file: str, also: Mapping[str, str]
) -> tuple[list[dict[str, str]], list[str]]:
    """The rows of a CSV, `also` said of each of them, and its columns that are no symbols.

    Raises:
        FormulaInputInvalid: it is no CSV parted by commas, has no header or no row, names a column
            twice, or has a column that looks like a symbol mistyped.
    """
    try:
        lines = list(csv.reader(io.StringIO(text, newline="")))
    except csv.Error as error:
        raise FormulaInputInvalid(formula.name, [f"{file}: it is no CSV: {error}"]) from error
    header = [name.strip() for name in lines[0]] if lines else []
    symbols = _said_in(formula)
    parted = next((sign for sign in (";", "\t") if header and sign in header[0]), "")
    if parted and len(header) == 1:
        problem = f"{file}: its columns are parted by {parted!r}: write commas, and 1.5 for a half"
        raise FormulaInputInvalid(formula.name, [problem])
    problems = [
        f"{file}: the column {name!r} is there twice"
        for name in dict.fromkeys(header)
        if header.count(name) > 1
    ]
    problems += [
        f"{file}: the column {name!r} is also given on its own"
        for name in header
        if name in also and name in symbols
    ]
    for name in header:
        near = difflib.get_close_matches(name, symbols - {*header}, n=1, cutoff=_MISTYPED)
        if name not in symbols and near:
            problems.append(f"{file}: the column {name!r} is no symbol; {near[0]!r} was meant?")
    body = [cells for cells in lines[1:] if any(cell.strip() for cell in cells)]
    if not body:
        problems.append(f"{file}: it has no row below its header")
    if problems:
        raise FormulaInputInvalid(formula.name, problems)
    rows = [dict(_row(header, cells), **also) for cells in body]
    return rows, [name for name in header if name and name not in symbols]


def _said_in(formula: Formula) -> set[str]:
    """The columns that mean something to a formula: a month where its hours count."""
    names = {symbol.name for symbol in formula.symbols} | {*CHIP}
    return names | {MONTH} if HOURS in names else names


def _row(header: Sequence[str], cells: Sequence[str]) -> Iterable[tuple[str, str]]:
    named = [*header, *("" for _ in cells[len(header) :])]
    for name, cell in zip(named, cells, strict=False):
        if cell.strip():
            yield name, cell.strip()


def _read(formula: Formula, row: Mapping[str, str]) -> Answer:
    if "" in row:
        return Answer(row, reason=f"a cell without a column: {row['']!r}")
    known = _said_in(formula)
    try:
        values = _values(formula, {name: row[name] for name in row if name in known})
    except FormulaInputInvalid as error:
        return Answer(row, reason="; ".join(error.problems))
    return Answer(row, values)


def _values(formula: Formula, given: Mapping[str, str]) -> dict[str, Value]:
    values, problems = formula.read(with_chip(formula, _with_hours(formula, given)))
    if problems:
        raise FormulaInputInvalid(formula.name, problems)
    return values


def _with_hours(formula: Formula, given: Mapping[str, str]) -> dict[str, Any]:
    """`month=2026-03` in place of the hours of that month."""
    names = {symbol.name for symbol in formula.symbols}
    if MONTH not in given or MONTH in names or HOURS not in names:
        return dict(given)
    if HOURS in given:
        raise FormulaInputInvalid(formula.name, [f"{HOURS}: the month says it; give one of them"])
    try:
        hours = 24 * days_in_month(given[MONTH])
    except ValueError as error:
        raise FormulaInputInvalid(formula.name, [f"{MONTH}: {error}"]) from error
    return {**{name: given[name] for name in given if name != MONTH}, HOURS: hours}


def _alone(formula: Formula, answer: Answer) -> Answer:
    if answer.reason:
        return answer
    try:
        return _with(formula, answer, formula.evaluate(**answer.values))
    except FormulaInputInvalid as error:
        return Answer(answer.given, answer.values, reason="; ".join(error.problems))


def _with(formula: Formula, answer: Answer, value: Fraction | float) -> Answer:
    if isinstance(value, float) and not math.isfinite(value):
        return Answer(answer.given, answer.values, reason="it comes to no finite number")
    said = tuple(said_of(formula, answer.values, answer.given.get("chip", "")))
    return Answer(answer.given, answer.values, value, cautions=said)
