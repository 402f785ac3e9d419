"""Usage and commitments from CSV tables, for the savings-plan engine.

Usage has a row per hour and thing: `hour,what,units,on_demand_price` and, where there are any,
`account` and `eligible` (no: no plan may cover it). Commitments have a row per rate:
`id,kind,commitment,what,rate` and `account`, `shared`, `units`. A savings plan (kind compute or
instance) repeats its commitment per hour with each thing it covers; a reservation has its fee per
hour as commitment and `units` in place of a rate. What is wrong in any row stops the whole: an hour
without one of its rows would be told too cheap.
"""

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Any, Final, TypeVar

from pipelines.errors import FormulaInputInvalid
from pipelines.formulas.savings_plans import ORDER, Reservation, SavingsPlan, Usage
from pipelines.formulas.units import in_unit
from pipelines.months import month_bounds

NAME: Final = "savings_plan_cost"
RESERVATION: Final = "reservation"
_USAGE: Final = ("hour", "what", "units", "on_demand_price")
_USAGE_TOO: Final = ("account", "eligible")
_COMMITMENTS: Final = ("id", "kind", "commitment", "what", "rate")
_COMMITMENTS_TOO: Final = ("account", "shared", "units")
_WORDS: Final = {"yes": True, "true": True, "no": False, "false": False, "": True}
_MOST_PROBLEMS: Final = 20
_HOUR: Final = "%Y-%m-%d %H:00"

Row = TypeVar("Row")


def usage_of(text: str, file: str, month: str | None) -> tuple[list[Usage], list[str]]:
    """The usage, and every hour it is told for: of the month, else from its first to its last.

    Raises:
        FormulaInputInvalid: rows that cannot be read, or usage outside the month; names them.
    """
    found = _all(text, file, _USAGE, _USAGE_TOO, _usage)
    hours = sorted(datetime.strptime(used.hour, _HOUR) for used in found)  # noqa: DTZ007 -- UTC-naive
    first, end = hours[0], hours[-1] + timedelta(hours=1)
    if month is not None:
        start, month_end = month_bounds(month)
        if first < start or end > month_end:
            problem = f"{file}: has usage from {first:%Y-%m-%d} to {hours[-1]:%Y-%m-%d}, not only "
            raise FormulaInputInvalid(NAME, [f"{problem}of {month}"])
        first, end = start, month_end
    count = int((end - first) / timedelta(hours=1))
    return found, [f"{first + timedelta(hours=hour):{_HOUR}}" for hour in range(count)]


def commitments_of(text: str, file: str) -> tuple[list[SavingsPlan], list[Reservation]]:
    """The savings plans and the reservations.

    Raises:
        FormulaInputInvalid: rows that cannot be read, or that contradict others of their plan.
    """
    rows = _all(text, file, _COMMITMENTS, _COMMITMENTS_TOO, _commitment)
    plans: dict[str, SavingsPlan] = {}
    reservations: list[Reservation] = []
    problems = []
    for found in rows:
        if isinstance(found, Reservation):
            reservations.append(found)
            continue
        known = plans.get(found.id)
        [what] = found.rates
        if known is None:
            plans[found.id] = found
        elif (known.kind, known.commitment, known.account, known.is_shared) != (
            found.kind,
            found.commitment,
            found.account,
            found.is_shared,
        ):
            problems.append(f"{file}: the rows of {found.id} differ in more than what and rate")
        elif what in known.rates:
            problems.append(f"{file}: {found.id} has two rates for {what}")
        else:
            rates = {**known.rates, **found.rates}
            plans[found.id] = SavingsPlan(
                known.id, known.kind, known.commitment, rates, known.account, known.is_shared
            )
    if problems:
        raise FormulaInputInvalid(NAME, list(dict.fromkeys(problems)))
    return list(plans.values()), reservations


def _all(
    text: str,
    file: str,
    needed: Sequence[str],
    optional: Sequence[str],
    read: Callable[[Mapping[str, str]], Row],
) -> list[Row]:
    lines = csv.DictReader(io.StringIO(text, newline=""))
    header = [name.strip() for name in lines.fieldnames or ()]
    problems = [f"{file}: has no column {name!r}" for name in needed if name not in header]
    problems += [
        f"{file}: the column {name!r} is none of {', '.join((*needed, *optional))}"
        for name in header
        if name not in (*needed, *optional)
    ]
    problems += [f"{file}: has {name!r} twice" for name in {*header} if header.count(name) > 1]
    found: list[Row] = []
    if not problems:
        lines.fieldnames = header
        try:
            for number, line in enumerate(lines, start=1):
                try:
                    found.append(read(_filled(line)))
                except ValueError as error:
                    problems.append(f"{file}, row {number}: {error}")
        except csv.Error as error:
            problems.append(f"{file}, line {lines.line_num}: it is no CSV: {error}")
        if not found and not problems:
            problems.append(f"{file}: has no row below its header")
    if problems:
        more = len(problems) - _MOST_PROBLEMS
        rest = [f"and {more} more"] if more > 0 else []
        raise FormulaInputInvalid(NAME, problems[:_MOST_PROBLEMS] + rest)
    return found


def _filled(line: Mapping[str | Any, str | Any]) -> dict[str, str]:
    if beyond := [cell for cell in line.get(None) or () if cell.strip()]:
        message = f"a cell without a column: {beyond[0]!r} (are thousands parted by commas?)"
        raise ValueError(message)
    return {key: (value or "").strip() for key, value in line.items() if key is not None}


def _usage(row: Mapping[str, str]) -> Usage:
    try:
        hour = datetime.fromisoformat(row["hour"])
    except ValueError as error:
        message = f"hour {row['hour']!r} is no hour: write 2026-09-01T10:00"
        raise ValueError(message) from error
    is_full = (hour.minute, hour.second, hour.microsecond) == (0, 0, 0)
    if hour.tzinfo is not None or not is_full or len(row["hour"]) <= len("2026-09-01"):
        message = f"hour {row['hour']!r}: give the full hour in UTC, without a zone"
        raise ValueError(message)
    return Usage(
        f"{hour:{_HOUR}}",
        _said(row, "what"),
        _number(row, "units"),
        _number(row, "on_demand_price"),
        row.get("account", ""),
        _yes(row, "eligible"),
    )


def _commitment(row: Mapping[str, str]) -> SavingsPlan | Reservation:
    name, kind, what = _said(row, "id"), _said(row, "kind"), _said(row, "what")
    commitment, account = _number(row, "commitment"), row.get("account", "")
    if kind == RESERVATION:
        return Reservation(name, what, _number(row, "units"), commitment, account)
    for known in ORDER:
        if kind == known:
            rates = {what: _number(row, "rate")}
            return SavingsPlan(name, known, commitment, rates, account, _yes(row, "shared"))
    message = f"kind {kind!r} is none of {', '.join((*ORDER, RESERVATION))}"
    raise ValueError(message)


def _said(row: Mapping[str, str], name: str) -> str:
    if not row.get(name):
        message = f"{name}: not given"
        raise ValueError(message)
    return row[name]


def _number(row: Mapping[str, str], name: str) -> Fraction:
    try:
        return in_unit(_said(row, name), "")
    except ValueError as error:
        message = str(error) if str(error).startswith(name) else f"{name}: {error}"
        raise ValueError(message) from error


def _yes(row: Mapping[str, str], name: str) -> bool:
    word = row.get(name, "").lower()
    if word not in _WORDS:
        message = f"{name}: {word!r} is neither yes nor no"
        raise ValueError(message)
    return _WORDS[word]
