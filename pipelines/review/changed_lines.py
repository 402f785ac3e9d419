"""What moved between two states of a month line by line: added, removed, changed, and for whom.

A charge is the same charge in both states if its id is, which does not depend on its costs. What
is listed, the rest that is not, and what did not move add up to both states' totals exactly.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import reduce
from typing import Any, Final

import duckdb

from pipelines.money import EXACT, show
from pipelines.queries import materialise, query, rows_of
from pipelines.review.sheets import (
    ALL_VERSIONS,
    MODEL_BUCKETS,
    ZERO,
    Column,
    Review,
    Row,
    Sheet,
)

STATES: Final = ("charges_before", "charges_after", "allocated_before", "allocated_after")
"""What must be on the connection: both states' charges and allocated charges, as contracted."""

MOST_MODELS_NAMED: Final = 3
_OTHER_CODE: Final = (
    "The two publications were made by different versions of modelspend: where the ids of charges "
    "are made otherwise, a line that did not move is listed as removed and added."
)

BASES: Final = ("billed", "effective", "contracted", "list")
COSTS: Final = tuple(f"{basis}_{when}" for basis in BASES for when in ("before", "after"))
"""Every row carries all four bases of both states; `before` and `after` are those of one basis."""

_MONEY = (
    Column("before", "before", "money"),
    Column("after", "after", "money"),
    Column("difference", "difference", "money"),
)
_COST_COLUMNS = tuple(Column(name, name.replace("_", " "), "money") for name in COSTS)
_LINE_COLUMNS = (
    Column("currency", "currency"),
    Column("change", "change"),
    Column("lines", "lines", "count"),
    Column("source", "source"),
    Column("charge_month", "charge month"),
    Column("day", "day"),
    Column("what", "what"),
    Column("models", "for"),
    *_MONEY,
    Column("period_start", "from (UTC)"),
    Column("service", "service"),
    Column("usage_type", "usage type"),
    Column("resource_id", "resource", "resource"),
    Column("category", "category"),
    Column("charge_class", "class"),
    Column("invoice_id", "invoice"),
    Column("charge_id", "charge id", "id"),
    Column("file_before", "file before", "path"),
    Column("line_before", "line before", "count"),
    Column("file_after", "file after", "path"),
    Column("line_after", "line after", "count"),
    *_COST_COLUMNS,
)
_SHOWN = ("currency", "change", "source", "day", "what", "models", "before", "after", "difference")
_FOR_PEOPLE = ("day", "what")
_PART_COLUMNS = (
    Column("currency", "currency"),
    Column("source", "source"),
    Column("charge_id", "charge id", "id"),
    Column("bucket", "bucket"),
    Column("model", "model"),
    Column("model_version", "version"),
    Column("component", "component"),
    *_MONEY,
)

Key = tuple[str, str, str]


def changed_lines_review(
    con: duckdb.DuckDBPyConnection,
    month: str,
    basis: str,
    states: Sequence[Mapping[str, Any]],
    limit: int,
    *,
    is_same_code: bool = True,
) -> Review:
    """The lines that differ between two publications of a month, the largest difference first.

    `con` holds the views `STATES`; `limit` lines are listed per currency. An hour of training more
    is one line added, 25.25 for `search-rank 8 update`, and the month's total moves by 25.25.
    `is_same_code`: both were made by the same version of modelspend.
    """
    before, after = states
    facts = {"billing_month": month, "basis": basis, "before": before, "after": after}
    materialise(con, "changed_charges", "review/changed_charges")
    totals = rows_of(query(con, "review/changed_totals"))
    materialise(con, "changed_lines", "review/changed_lines", {"basis": basis, "top": limit})
    lines = sorted(rows_of(con.table("changed_lines")), key=_largest_first)
    parts = rows_of(query(con, "review/changed_parts", basis=basis))
    by_charge: dict[Key, list[dict[str, Any]]] = defaultdict(list)
    for part in parts:
        by_charge[part["source"], part["charge_id"], part["currency"]].append(part)
    sheets: list[Sheet] = []
    for currency in sorted({total["currency"] for total in totals}):
        mine = [total for total in totals if total["currency"] == currency]
        listed = [line for line in lines if line["currency"] == currency]
        rows = _line_rows(listed, mine, by_charge, currency, basis)
        title = f"Lines that differ, the largest difference first, {basis} cost, {currency}"
        shown = tuple(column for column in _LINE_COLUMNS if column.key in _SHOWN)
        exact = tuple(column for column in _LINE_COLUMNS if column.key not in _FOR_PEOPLE)
        sheets += [
            _totals_sheet(mine, currency, basis, month),
            Sheet("changed_lines", title, shown, rows, labels=("change",), audience="people"),
            Sheet("changed_lines", title, exact, rows, audience="machine"),
        ]
    part_rows = tuple(Row(part | _difference(part)) for part in parts)
    sheets.append(Sheet("changed_parts", "", _PART_COLUMNS, part_rows, audience="machine"))
    kinds = {total["change"] for total in totals}
    said = () if is_same_code or not {"added", "removed"} <= kinds else (_OTHER_CODE,)
    return Review(facts, tuple(sheets), said)


def _totals_sheet(
    totals: Sequence[Mapping[str, Any]], currency: str, basis: str, month: str
) -> Sheet:
    rows = [Row({**total, **_of_basis(total, basis)}) for total in totals]
    lines = sum(total["lines"] for total in totals if total["change"] != "removed")
    whole = {"currency": currency, "change": "total", "lines": lines, **_sums(totals)}
    rows.append(Row(whole | _of_basis(whole, basis), "total"))
    return Sheet(
        "changed_totals",
        f"What moved in {month}, line by line, {basis} cost, {currency}",
        (
            Column("currency", "currency"),
            Column("change", "change"),
            Column("lines", "lines", "count"),
            *_MONEY,
            *_COST_COLUMNS,
        ),
        tuple(rows),
        labels=("change",),
        machine_only=COSTS,
    )


def _line_rows(
    listed: Sequence[Mapping[str, Any]],
    totals: Sequence[Mapping[str, Any]],
    parts: Mapping[Key, Sequence[Mapping[str, Any]]],
    currency: str,
    basis: str,
) -> tuple[Row, ...]:
    """The listed lines, the sum of those that are not, and the difference of the month."""
    rows = []
    for line in listed:
        found = parts.get((line["source"], line["charge_id"], currency), ())
        said = {"lines": 1, "models": _models(found), **_in_words(line)}
        rows.append(Row({**line, **said, **_of_basis(line, basis)}))
    moved = [total for total in totals if total["change"] != "unchanged"]
    whole = {"currency": currency, "change": "total", **_sums(moved)}
    whole["lines"] = sum(total["lines"] for total in moved)
    if left := whole["lines"] - len(listed):
        shown = _sums(listed)
        rest = {name: EXACT.subtract(whole[name], shown[name]) for name in COSTS}
        named = f"{left:,} smaller" if listed else f"{left:,} line{'' if left == 1 else 's'}"
        values = {"currency": currency, "change": named, "lines": left, **rest}
        rows.append(Row(values | _of_basis(rest, basis)))
    rows.append(Row(whole | _of_basis(whole, basis), "total"))
    return tuple(rows)


def _in_words(line: Mapping[str, Any]) -> dict[str, str]:
    """Which line it is, short: its day, what was charged and on what."""
    resource = str(line["resource_id"] or "")
    if resource.startswith("arn:"):
        resource = resource.split(":", 5)[-1]
    kind = line["usage_type"] or f"{line['service']}, {line['category']}"
    correction = "Correction" if line["charge_class"] else ""
    return {
        "day": f"{line['period_start']:%Y-%m-%d}",
        "what": " ".join(part for part in (kind, resource, correction) if part),
    }


def _largest_first(line: Mapping[str, Any]) -> tuple[Decimal, str, str, str]:
    return -abs(line["difference"]), line["change"], line["source"], line["charge_id"]


def _of_basis(row: Mapping[str, Any], basis: str) -> dict[str, Decimal]:
    return _difference({"before": row[f"{basis}_before"], "after": row[f"{basis}_after"]})


def _difference(row: Mapping[str, Any]) -> dict[str, Decimal]:
    before, after = row["before"], row["after"]
    return {"before": before, "after": after, "difference": EXACT.subtract(after, before)}


def _sums(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Every cost of some rows, added exactly."""
    return {name: reduce(EXACT.add, (row[name] for row in rows), ZERO) for name in COSTS}


def _models(parts: Sequence[Mapping[str, Any]]) -> str:
    """For whom a charge moved: one name alone, several each with its difference."""
    moved = [part for part in parts if part["before"] != part["after"]]
    if len(moved) <= 1:
        return ", ".join(dict.fromkeys(_name(part) for part in moved or parts))
    named = [
        f"{_name(part)} {show(_difference(part)['difference'])}"
        for part in moved[:MOST_MODELS_NAMED]
    ]
    left = len(moved) - len(named)
    return ", ".join([*named, *([f"{left} more"] if left else [])])


def _name(part: Mapping[str, Any]) -> str:
    if part["bucket"] not in MODEL_BUCKETS:
        return str(part["bucket"]).replace("_ai", " AI").replace("_", " ")
    return f"{part['model']} {part['model_version'] or ALL_VERSIONS} {part['component']}"
