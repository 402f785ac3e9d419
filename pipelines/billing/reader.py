"""From the files of one source's month to its charges, split shares, rejects and export totals.

The same for every format: prove that every line was read, stop at fields money hangs on, let the
format decide what takes more than one line, and only then write. What is written has exactly the
columns of its contract.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

import duckdb
import polars as pl

from pipelines.billing.amounts import MACROS, define_macros
from pipelines.billing.columns import Column, nearest
from pipelines.billing.formats import Bill, BillFormat, RawText
from pipelines.billing.raw_text import duckdb_text, read_raw_text, unpacked
from pipelines.billing.records import MAX_REJECTS_KEPT
from pipelines.billing.registered import format_of
from pipelines.billing.totals import write_export_totals
from pipelines.contracts import (
    BILL_FILES,
    BILL_REJECTS,
    CHARGES,
    EXPORT_TOTALS,
    SPLIT_SHARES,
    Contract,
)
from pipelines.errors import BillUnreadable, DeliveredTwice
from pipelines.files import LocalFile
from pipelines.money import EXACT, MAX_ROUNDING, SCALE, plain, quantise
from pipelines.queries import materialise, query, query_over, rows_of, sql
from pipelines.settings import BillSource

MOST_REPEATED = Decimal("0.5")
"""Parts of one delivery have few lines in common; a delivery and its restatement have most."""


BILL_TABLES = tuple(
    contract.name for contract in (CHARGES, SPLIT_SHARES, BILL_FILES, BILL_REJECTS, EXPORT_TOTALS)
)
"""The tables that are read from a bill."""


@dataclass(frozen=True)
class BillTables:
    """The tables of one source's month as Parquet files, and what a person should know of them."""

    charges: Path
    split_shares: Path
    files: Path
    rejects: Path
    export_totals: Path
    warnings: list[str] = field(default_factory=list)

    @property
    def paths(self) -> tuple[Path, ...]:
        """The files of `BILL_TABLES`, in its order."""
        return (self.charges, self.split_shares, self.files, self.rejects, self.export_totals)


@dataclass(frozen=True)
class _FileCount:
    lines: int = 0
    charges: int = 0
    split_rows: int = 0
    other_months: int = 0
    left_out: int = 0
    without_invoice: int = 0
    without_list_cost: int = 0
    rounding: Decimal = Decimal(0)

    @property
    def rejects(self) -> int:
        """Lines that became neither charge nor share, for no reason that is a rule."""
        return self.lines - self.charges - self.split_rows - self.other_months - self.left_out


def read_bill(
    con: duckdb.DuckDBPyConnection,
    source: BillSource,
    month: str,
    files: Sequence[LocalFile],
    work: Path,
    *,
    format_: BillFormat | None = None,
    month_is_told: bool = True,
) -> BillTables:
    """Read one source's bill of one billing month.

    `format_` is the source's format, which a mapping file may have made; None: as it is named.
    `files` are all files of the delivery; none means that the provider delivered an empty month.
    `month_is_told`: the delivery says that these files are this month's, so that a line of another
    month is a fault; else other months' lines are counted and left to their own run.
    `con` is used for temporary views and tables only; its memory limit and spill folder hold.

    Raises:
        BillUnreadable: a file is damaged or of another shape, or an amount, currency or billing
            period cannot be read; nothing is returned then.
        DeliveredTwice: the files of the month are two deliveries of it.
        CommitmentUnbalanced: a savings plan's negations do not cancel the usage it covered.
        FileDamaged: a zip is.
    """
    work.mkdir(parents=True, exist_ok=True)
    tables = BillTables(
        charges=work / f"{CHARGES.name}.parquet",
        split_shares=work / f"{SPLIT_SHARES.name}.parquet",
        files=work / f"{BILL_FILES.name}.parquet",
        rejects=work / f"{BILL_REJECTS.name}.parquet",
        export_totals=work / f"{EXPORT_TOTALS.name}.parquet",
    )
    files = unpacked(files, work)
    if not files:
        for contract in (CHARGES, SPLIT_SHARES, BILL_FILES, BILL_REJECTS, EXPORT_TOTALS):
            contract.empty().write_parquet(work / f"{contract.name}.parquet")
        tables.warnings.append(
            f"{month}: the delivery of source '{source.name}' names no files: the month is empty."
        )
        return tables
    format_ = format_ or format_of(source)
    raw = stage(con, format_, source, month, files, work)
    define_month(con, format_, month_is_told=month_is_told)
    counts = _count(con, source, month, raw)
    materialise(con, "unreadable", format_.at("unreadable_fields"))
    con.execute(f"INSERT INTO unreadable {texts_of_another_kind(format_)}")
    _stop_at_fatal_fields(con, format_, source, month, raw)
    _stop_at_repeated_files(con, source, month, month_is_told=month_is_told)
    params: dict[str, object] = {"source": source.name, "month": month}
    bill = Bill(con, source, month, raw, params, tables.warnings)
    format_.prepare(bill)
    materialise(con, "doubled_lines", "billing/doubled_lines")
    charges = query_over(con, "billing/charges", {"charge_rows": format_.at("charges")}, **params)
    _write(charges, CHARGES, tables.charges)
    _stop_at_missing_values(con, source, month, tables.charges)
    if format_.has_split_shares:
        _write(query(con, format_.at("split_shares"), **params), SPLIT_SHARES, tables.split_shares)
    else:
        SPLIT_SHARES.empty().write_parquet(tables.split_shares)
    rejects = query(con, "billing/rejects", source=source.name, month=month)
    _write(rejects, BILL_REJECTS, tables.rejects)
    _write_files(source, month, files, counts, tables.files)
    write_export_totals(con, format_, params, tables.export_totals)
    _warn(bill, counts, tables.charges)
    return tables


def stage(
    con: duckdb.DuckDBPyConnection,
    format_: BillFormat,
    source: BillSource,
    month: str,
    files: Sequence[LocalFile],
    work: Path,
) -> RawText:
    """The files as the views `raw_text` and `raw_lines` of the connection.

    Raises:
        BillUnreadable: see `read_bill`.
    """
    define_macros(con, {**MACROS, **format_.macros})
    con.execute(f"SET VARIABLE month = {duckdb_text(month)}")
    con.execute(f"SET VARIABLE source = {duckdb_text(source.name)}")
    if format_.stage is None:
        raw = read_raw_text(con, format_, source.name, month, files, work)
    else:
        raw = format_.stage(con, source, month, files, work)
        materialise(con, "unreadable_tags", "billing/no_unreadable_tags")
    names_invoices = any("invoice_id" in header.positions for header in raw.headers.values())
    con.execute(f"SET VARIABLE names_invoices = {str(names_invoices).lower()}")
    lines = sql(format_.at("raw_lines"))
    con.execute(f"CREATE OR REPLACE TEMP VIEW raw_lines AS {lines}")
    return raw


def define_month(
    con: duckdb.DuckDBPyConnection, format_: BillFormat, *, month_is_told: bool
) -> None:
    """`month_lines`: the lines of the month and those of no readable one; `bill_lines`: charges."""
    con.execute(f"SET VARIABLE month_is_told = {str(month_is_told).lower()}")
    of_month = "" if month_is_told else " WHERE coalesce(line_month = getvariable('month'), true)"
    con.execute(f"CREATE OR REPLACE TEMP VIEW month_lines AS SELECT * FROM raw_lines{of_month}")
    con.execute(
        "CREATE OR REPLACE TEMP VIEW bill_lines AS "
        "SELECT * FROM month_lines WHERE line_fate = 'charge'"
    )
    # Only a text of more than 19 characters or with an exponent can hold more than 18 decimals.
    money = [f'"{column.name}"' for column in format_.columns if column.kind == "money"]
    con.execute(
        "CREATE OR REPLACE TEMP VIEW long_amounts AS "
        f"SELECT file, unnest([{', '.join(money)}]) AS text FROM month_lines WHERE "
        + " OR ".join(f"length({name}) > 19" for name in money)
        + f" OR concat_ws('|', {', '.join(money)}) ILIKE '%e%'"
    )


def texts_of_another_kind(format_: BillFormat) -> str:
    """The fields that are no amount or instant, in the columns of `unreadable_fields`.

    One pass over the lines: a query for each column would decode and check them all over again.
    """
    conditions, fields = [], []

    def look(column: Column, reason: str, condition: str, *, is_fatal: bool) -> None:
        conditions.append(f"({condition})")
        fields.append(
            f"CASE WHEN {condition} THEN {{'column_name': {duckdb_text(column.header)}, "
            f"'value': \"{column.name}\", 'reason': {reason}, "
            f"'is_fatal': {str(is_fatal).lower()}}} END"
        )

    for column in format_.columns:
        name = f'"{column.name}"'
        if column.kind in ("money", "quantity"):
            condition = f"{name} IS NOT NULL AND amount({name}) IS NULL"
            reason = f"unreadable_amount({name})"
            look(column, reason, condition, is_fatal=column.kind == "money")
        elif column.kind == "instant" and column.name != format_.billing_period:
            condition = f"{name} IS NOT NULL AND instant({name}) IS NULL"
            look(column, "'is not a date and time'", condition, is_fatal=False)
    period = next(c for c in format_.columns if c.name == format_.billing_period)
    reason = (
        f"CASE WHEN \"{period.name}\" IS NULL THEN 'is empty' "
        "WHEN line_month IS NULL THEN 'is not a date and time' "
        "ELSE 'is another billing month than the delivery''s' END"
    )
    condition = "line_month IS NULL OR line_month <> getvariable('month')"
    look(period, reason, condition, is_fatal=True)
    return (
        "SELECT file, line, field.column_name, field.value, field.reason, field.is_fatal "
        f"FROM (SELECT file, line, unnest([{', '.join(fields)}]) AS field FROM month_lines "
        f"WHERE {' OR '.join(conditions)}) WHERE field IS NOT NULL"
    )


def _write(rows: duckdb.DuckDBPyRelation, contract: Contract, path: Path) -> None:
    """Write the contract's columns; those the rows do not have are NULL."""
    there = set(rows.columns)
    listed = ", ".join(
        (f'"{name}"' if name in there else "NULL") + f'::{kind} AS "{name}"'
        for name, kind in contract.columns.items()
    )
    rows.project(listed).write_parquet(str(path), compression="snappy")


def _count(
    con: duckdb.DuckDBPyConnection, source: BillSource, month: str, raw: RawText
) -> dict[str, _FileCount]:
    """Count what became of each file's lines and hold it against the count from its bytes."""
    counts = {name: _FileCount() for name in raw.lines}
    for row in rows_of(query(con, "billing/file_counts")):
        units = Decimal(row.pop("rounding_units"))
        rounding = quantise(units.scaleb(-SCALE, EXACT))
        name = row.pop("file")
        counts[name] = _FileCount(**row, rounding=rounding)
    for name, count in counts.items():
        if count.lines != raw.lines[name]:
            raise BillUnreadable(
                source.name,
                month,
                f"{name} has {raw.lines[name]} lines by its bytes, {count.lines} were read",
                f"{name} for a quote that is not closed",
            )
        if count.rounding >= MAX_ROUNDING:
            raise BillUnreadable(
                source.name,
                month,
                f"rounding the amounts of {name} to {SCALE} decimals would move "
                f"{plain(count.rounding)}, half a cent is the most allowed",
                f"the amounts of {name}",
            )
    return counts


def _stop_at_repeated_files(
    con: duckdb.DuckDBPyConnection, source: BillSource, month: str, *, month_is_told: bool
) -> None:
    """Files that no manifest chooses from are parts of one delivery, not two deliveries."""
    if month_is_told or source.repeated_lines == "keep":
        return
    for file, lines, repeated, other in query(con, "billing/repeated_files").fetchall():
        if repeated > lines * MOST_REPEATED:
            raise DeliveredTwice(
                source.name,
                month,
                f"the month seems to be delivered twice: {repeated} of the {lines} lines of {file} "
                f"are also in other files, for example {other}. Keep one delivery of the month "
                f'in `path`, or state `repeated_lines = "keep"` if all are charged',
                f"{file} and {other}",
            )


def _stop_at_missing_values(
    con: duckdb.DuckDBPyConnection, source: BillSource, month: str, charges: Path
) -> None:
    """What the contract demands of every charge is in every charge."""
    names = list(dict.fromkeys((*CHARGES.key, *CHARGES.required)))
    counted = ", ".join(f'count(*) - count("{name}")' for name in names)
    [missing] = con.execute(
        f"SELECT {counted} FROM read_parquet($path)", {"path": str(charges)}
    ).fetchall()
    for name, lines in zip(names, missing, strict=True):
        if lines:
            raise BillUnreadable(
                source.name,
                month,
                f"{lines} charges have no {name}",
                f"the columns of {source.path} that say it",
            )


def _stop_at_fatal_fields(
    con: duckdb.DuckDBPyConnection,
    format_: BillFormat,
    source: BillSource,
    month: str,
    raw: RawText,
) -> None:
    rows = con.execute(
        "SELECT file, line, column_name, value, reason, count(*) OVER () FROM unreadable "
        "WHERE is_fatal ORDER BY file, line, column_name LIMIT $most",
        {"most": MAX_REJECTS_KEPT},
    ).fetchall()
    if not rows:
        return
    rejects = [
        {
            "billing_month": month,
            "source": source.name,
            "file": file,
            "line": line,
            "column_name": column,
            "value": value,
            "reason": reason,
            "is_fatal": True,
        }
        for file, line, column, value, reason, _ in rows
    ]
    file, line, column, value, reason, total = rows[0]
    shown = "" if value is None else f" {value!r}"
    absent = ""
    known = next((c.name for c in format_.columns if c.header == column), None)
    if known is not None and file in raw.headers and known not in raw.headers[file].positions:
        absent = f" (the file has no such column; {nearest(column, raw.headers[file].names)})"
    more = f" {total - 1} more such fields follow." if total > 1 else ""
    raise BillUnreadable(
        source.name,
        month,
        f"{file}, line {line}: {column}{shown} {reason}{absent}.{more}",
        f"{file}, line {line}",
        rejects,
    )


def _write_files(
    source: BillSource,
    month: str,
    files: Sequence[LocalFile],
    counts: Mapping[str, _FileCount],
    path: Path,
) -> None:
    rows = [
        {
            "billing_month": month,
            "source": source.name,
            "file": file.name,
            "size_bytes": file.size,
            "etag": file.etag,
            "lines_read": counts[file.name].lines,
            "charges": counts[file.name].charges,
            "split_rows": counts[file.name].split_rows,
            "other_months": counts[file.name].other_months,
            "left_out": counts[file.name].left_out,
            "rejects": counts[file.name].rejects,
            "without_invoice": counts[file.name].without_invoice,
            "rounding": counts[file.name].rounding,
        }
        for file in files
    ]
    pl.DataFrame(rows, schema=BILL_FILES.polars_schema).write_parquet(path)


def _warn(bill: Bill, counts: Mapping[str, _FileCount], charges: Path) -> None:
    """Say with numbers what was read otherwise than written, or is not final."""
    for table in ("unreadable", "unreadable_tags"):
        for column, reason, fields in bill.con.execute(
            f"SELECT column_name, reason, count(*) FROM {table} GROUP BY ALL ORDER BY ALL"
        ).fetchall():
            bill.warnings.append(f"{bill.where} {column} {reason}: {fields} lines.")
    for name, header in bill.raw.headers.items():
        for column in header.doubled:
            bill.warnings.append(f"{bill.where} {name} has {column} twice: the first was read.")
    currencies = query(bill.con, "billing/currencies", charges=str(charges)).fetchall()
    if len(currencies) > 1:
        shown = ", ".join(f"{currency} {lines} charges" for currency, lines in currencies)
        bill.warnings.append(f"{bill.where} more than one currency, never added together: {shown}.")
    lines = sum(count.charges for count in counts.values())
    if open_lines := sum(count.without_invoice for count in counts.values()):
        bill.warnings.append(
            f"{bill.where} {open_lines} of {lines} lines have no invoice yet: the bill is not "
            "final."
        )
    if unlisted := sum(count.without_list_cost for count in counts.values()):
        bill.warnings.append(
            f"{bill.where} {unlisted} of {lines} lines have no public price: their own cost "
            "stands in for ListCost."
        )
