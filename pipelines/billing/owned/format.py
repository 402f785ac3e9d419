"""The format `owned` as the reader knows it: rows are worked out before its SQL maps them."""

import re
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path

import duckdb
import polars as pl

from pipelines.billing.formats import Bill, BillFormat
from pipelines.billing.owned.accruals import Accruals, Part, accruals_of, parts_of, rounded
from pipelines.billing.owned.rows import (
    COLUMNS,
    HEADERS,
    KINDS,
    Problem,
    Row,
    kind_of,
    tag_key,
    unknown_columns,
)
from pipelines.billing.owned.totals import month_totals
from pipelines.errors import BillUnreadable
from pipelines.money import POLARS_TYPE, show
from pipelines.months import month_bounds, month_of, months_between

Schema = Mapping[str, pl.DataType]

MAX_REJECTS_KEPT = 1000
_PARTS: Schema = {
    "line_number": pl.Int64(),
    "part": pl.String(),
    "starts_at": pl.Datetime("us"),
    "ends_at": pl.Datetime("us"),
    "billed": POLARS_TYPE,
    "effective": POLARS_TYPE,
    "quantity": POLARS_TYPE,
    "unit": pl.String(),
}
_TOTALS: Schema = {"line_number": pl.Int64(), "billed": POLARS_TYPE, "effective": POLARS_TYPE}


def prepare(bill: Bill) -> None:
    """Work out the month of every row: the temporary tables `owned_parts` and `owned_totals`.

    Raises:
        BillUnreadable: a file or a column nobody knows, or a field that cannot be charged.
    """
    _stop_at_unknown(bill)
    rows = _rows(bill)
    worked_out = [(row, accruals_of(row)) for row in rows]
    problems = [problem for row in rows for problem in row.problems]
    problems += _energy_twice(bill.month, worked_out)
    if problems:
        raise _unusable(bill, problems)
    _load(bill.con, "owned_parts", _PARTS, _part_values(bill.month, worked_out))
    _load(
        bill.con,
        "owned_totals",
        _TOTALS,
        ((r.line_number, *month_totals(r.kind, r.texts, bill.month)) for r in rows),
    )
    bill.warnings += _left_over(bill, worked_out)
    bill.warnings += _said_twice(bill, rows)


def months_of(rows: Iterable[tuple[str | None, str | None, str | None]], through: str) -> list[str]:
    """The months that rows given as (from, until, paid_on) cover, up to `through`, sorted.

    A row without `until` goes on until `through`, the latest month anybody asks for; what begins
    later is of no month yet.
    """
    found: set[str] = set()
    for starts, ends, paid_on in rows:
        first, after, paid = _day(starts), _day(ends), _day(paid_on)
        if first is not None:
            last = through if after is None else month_of(after - timedelta(days=1))
            last = min(last, through)
            if month_of(first) <= last:
                found |= set(months_between(month_of(first), last))
        if paid is not None and month_of(paid) <= through:
            found.add(month_of(paid))
    return sorted(found)


def _day(text: str | None) -> date | None:
    match = re.match(r"\d{4}-\d\d-\d\d", (text or "").strip())
    try:
        return date.fromisoformat(match[0]) if match else None
    except ValueError:
        return None


def _stop_at_unknown(bill: Bill) -> None:
    """A file or column that nobody knows is a slip that would change what is charged."""
    for file, header in bill.raw.headers.items():
        if kind_of(file) is None:
            known = ", ".join(f"{kind}.csv" for kind in KINDS)
            raise BillUnreadable(
                bill.source.name,
                bill.month,
                f"{file} is none of {known}: a file is known by how its name begins",
                file,
            )
        if wrong := unknown_columns(file, header.names):
            raise BillUnreadable(
                bill.source.name, bill.month, f"{file} {wrong[0]}", f"the first line of {file}"
            )


def _rows(bill: Bill) -> list[Row]:
    names = [column.name for column in COLUMNS]
    listed = ", ".join(f'"{name}"' for name in names)
    found = bill.con.execute(
        f"SELECT file, line, line_number, tags, {listed} FROM bill_lines ORDER BY line_number"
    ).fetchall()
    return [
        Row(
            kind_of(file) or "",
            file,
            line,
            number,
            dict(zip(names, texts, strict=True)),
            tags,
        )
        for file, line, number, tags, *texts in found
    ]


def _unusable(bill: Bill, problems: Sequence[Problem]) -> BillUnreadable:
    ordered = sorted(problems, key=lambda p: (p.file, p.line, p.column))
    rejects = [
        {
            "billing_month": bill.month,
            "source": bill.source.name,
            "file": p.file,
            "line": p.line,
            "column_name": p.column,
            "value": p.value,
            "reason": p.reason,
            "is_fatal": True,
        }
        for p in ordered[:MAX_REJECTS_KEPT]
    ]
    first = ordered[0]
    shown = "" if first.value is None else f" {first.value!r}"
    more = f" {len(ordered) - 1} more such fields follow." if len(ordered) > 1 else ""
    where = f"{first.file}, line {first.line}"
    return BillUnreadable(
        bill.source.name,
        bill.month,
        f"{where}: {first.column}{shown} {first.reason}.{more}",
        where,
        rejects,
    )


def _energy_twice(month: str, rows: Sequence[tuple[Row, Accruals]]) -> Iterator[Problem]:
    """Energy by formula and by meter for one asset on one day of the month."""
    begin, end = (instant.date() for instant in month_bounds(month))
    computed: dict[str, list[tuple[date, date]]] = {}
    for row, accruals in rows:
        for accrual in accruals.running:
            if accrual.part == "energy":
                span = (max(accrual.starts, begin), min(accrual.ends or end, end))
                computed.setdefault(row.text("asset_id"), []).append(span)
    for row, accruals in rows:
        if row.kind != "electricity" or not row.has("asset_id"):
            continue
        metered = accruals.running[0]
        first, last = max(metered.starts, begin), min(metered.ends or end, end)
        if any(
            max(first, since) < min(last, u) for since, u in computed.get(row.text("asset_id"), [])
        ):
            yield Problem(
                row.file,
                row.line,
                HEADERS["asset_id"],
                row.text("asset_id"),
                "has energy by the hardware file's tariff_per_kwh on the same days: it would be "
                "counted twice",
            )


def _part_values(month: str, rows: Iterable[tuple[Row, Accruals]]) -> Iterator[tuple[object, ...]]:
    for row, accruals in rows:
        for part in parts_of(row, accruals, month):
            yield _values(part)


def _values(part: Part) -> tuple[object, ...]:
    return (
        part.line_number,
        part.part,
        part.starts_at,
        part.ends_at,
        part.billed,
        part.effective,
        part.quantity,
        part.unit,
    )


def _load(
    con: duckdb.DuckDBPyConnection,
    table: str,
    schema: Schema,
    rows: Iterable[tuple[object, ...]],
) -> None:
    """Put rows into a temporary table, through a file that both engines read."""
    frame = pl.DataFrame(list(rows), schema=schema, orient="row")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rows.parquet"
        frame.write_parquet(path)
        con.execute(
            f'CREATE OR REPLACE TEMP TABLE "{table}" AS SELECT * FROM read_parquet($path)',
            {"path": str(path)},
        )


def _left_over(bill: Bill, rows: Sequence[tuple[Row, Accruals]]) -> Iterator[str]:
    """What machines that left in this month had not been written off."""
    for row, accruals in rows:
        if accruals.left_over is None or month_of(accruals.left_over[0]) != bill.month:
            continue
        day, amount = accruals.left_over
        yield (
            f"{bill.where} {row.text('asset_id')} left on {day} with {show(rounded(amount))} "
            f"{row.text('currency')} not written off yet: no cost of any model."
        )


def _said_twice(bill: Bill, rows: Sequence[Row]) -> Iterator[str]:
    """Rows that agree in every field: both are charged, and somebody should look."""
    seen: dict[tuple[object, ...], Row] = {}
    again: list[Row] = []
    for row in rows:
        key = (row.kind, row.tags, *row.texts.values())
        if key in seen:
            again.append(row)
        seen.setdefault(key, row)
    if again:
        yield (
            f"{bill.where} {len(again)} rows repeat another word for word, for example "
            f"{again[0].file}, line {again[0].line}: all are charged."
        )


FORMAT = BillFormat(
    name="owned",
    folder="owned",
    columns=COLUMNS,
    prepare=prepare,
    tag_key=tag_key,
    billing_period="starts",
)
