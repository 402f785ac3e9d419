"""From the files of one source's month to its charges, split shares, rejects and export totals.

The order matters: prove that every line was read, stop at fields money hangs on, decide what the
month's net amounts and negations mean, and only then write. What is written has exactly the
columns of its contract.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

import duckdb
import polars as pl

from pipelines.billing.amounts import define_macros
from pipelines.billing.columns import BY_HEADER, nearest
from pipelines.billing.raw_text import RawText, read_raw_text
from pipelines.billing.records import MAX_REJECTS_KEPT
from pipelines.billing.totals import write_export_totals
from pipelines.contracts import (
    BILL_FILES,
    BILL_REJECTS,
    CHARGES,
    EXPORT_TOTALS,
    SPLIT_SHARES,
    Contract,
)
from pipelines.errors import BillUnreadable, CommitmentUnbalanced
from pipelines.files import LocalFile
from pipelines.money import EXACT, MAX_ROUNDING, SCALE, plain, quantise
from pipelines.queries import materialise, query
from pipelines.settings import BillSource

KNOWN_LINE_TYPES = frozenset(
    {
        "Usage",
        "DiscountedUsage",
        "SavingsPlanCoveredUsage",
        "SavingsPlanNegation",
        "SavingsPlanRecurringFee",
        "SavingsPlanUpfrontFee",
        "RIFee",
        "Fee",
        "Tax",
        "Credit",
        "Refund",
        "FlatRateSubscription",
    }
)
"""Beside these: every type that ends in `Discount`. Others are read as Usage and counted."""

SMALLEST_REST = MAX_ROUNDING
"""A plan may miss zero by less than half a cent: the provider rounds each line by itself."""


@dataclass(frozen=True)
class BillTables:
    """The tables of one source's month as Parquet files, and what a person should know of them."""

    charges: Path
    split_shares: Path
    files: Path
    rejects: Path
    export_totals: Path
    warnings: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class _FileCount:
    lines: int = 0
    charges: int = 0
    split_rows: int = 0
    without_invoice: int = 0
    without_list_cost: int = 0
    rounding: Decimal = Decimal(0)

    @property
    def rejects(self) -> int:
        """Lines that became neither charge nor share."""
        return self.lines - self.charges - self.split_rows


def read_bill(
    con: duckdb.DuckDBPyConnection,
    source: BillSource,
    month: str,
    files: Sequence[LocalFile],
    work: Path,
) -> BillTables:
    """Read one source's bill of one billing month.

    `files` are all files of the delivery; none means that the provider delivered an empty month.
    `con` is used for temporary views and tables only; its memory limit and spill folder hold.

    Raises:
        BillUnreadable: a file is damaged or of another shape, or an amount, currency or billing
            period cannot be read; nothing is returned for the month then.
        CommitmentUnbalanced: a savings plan's negations do not cancel the usage it covered.
    """
    work.mkdir(parents=True, exist_ok=True)
    tables = BillTables(
        charges=work / f"{CHARGES.name}.parquet",
        split_shares=work / f"{SPLIT_SHARES.name}.parquet",
        files=work / f"{BILL_FILES.name}.parquet",
        rejects=work / f"{BILL_REJECTS.name}.parquet",
        export_totals=work / f"{EXPORT_TOTALS.name}.parquet",
    )
    if not files:
        for contract in (CHARGES, SPLIT_SHARES, BILL_FILES, BILL_REJECTS, EXPORT_TOTALS):
            contract.empty().write_parquet(work / f"{contract.name}.parquet")
        tables.warnings.append(
            f"{month}: the manifest of source '{source.name}' names no files: the month is empty."
        )
        return tables
    define_macros(con)
    raw = read_raw_text(con, source.name, month, files, work)
    counts = _count(con, source, month, raw)
    materialise(con, "unreadable", "billing/unreadable_fields", {"month": month})
    _stop_at_fatal_fields(con, source, month, raw)
    use_net = _net_amounts_agree(con, source, month, tables.warnings)
    _check_plans(con, source, month, use_net=use_net, warnings=tables.warnings)
    materialise(con, "plan_rests", "billing/plan_rests", {"use_net": use_net})
    materialise(con, "doubled_lines", "billing/doubled_lines")
    materialise(con, "noted_lines", "billing/noted_lines")
    params = {"source": source.name, "month": month, "use_net": use_net}
    _write(query(con, "billing/charges", **params), CHARGES, tables.charges)
    _write(query(con, "billing/split_shares", **params), SPLIT_SHARES, tables.split_shares)
    rejects = query(con, "billing/rejects", source=source.name, month=month)
    _write(rejects, BILL_REJECTS, tables.rejects)
    _write_files(source, month, files, counts, tables.files)
    write_export_totals(con, params, tables.export_totals)
    _warn(con, source, month, raw, counts, tables.warnings)
    return tables


def _write(rows: duckdb.DuckDBPyRelation, contract: Contract, path: Path) -> None:
    rows.project(contract.select_list()).write_parquet(str(path), compression="snappy")


def _count(
    con: duckdb.DuckDBPyConnection, source: BillSource, month: str, raw: RawText
) -> dict[str, _FileCount]:
    """Count what became of each file's lines and hold it against the count from its bytes."""
    counts = {name: _FileCount() for name in raw.lines}
    for name, lines, charges, splits, invoices, listed, units in query(
        con, "billing/file_counts"
    ).fetchall():
        rounding = quantise(Decimal(units).scaleb(-SCALE, EXACT))
        counts[name] = _FileCount(lines, charges, splits, invoices, listed, rounding)
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


def _stop_at_fatal_fields(
    con: duckdb.DuckDBPyConnection, source: BillSource, month: str, raw: RawText
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
    if BY_HEADER[column].name not in raw.headers[file].positions:
        absent = f" (the file has no such column; {nearest(column, raw.headers[file].names)})"
    more = f" {total - 1} more such fields follow." if total > 1 else ""
    raise BillUnreadable(
        source.name,
        month,
        f"{file}, line {line}: {column}{shown} {reason}{absent}.{more}",
        f"{file}, line {line}",
        rejects,
    )


def _net_amounts_agree(
    con: duckdb.DuckDBPyConnection, source: BillSource, month: str, warnings: list[str]
) -> bool:
    """Whether the month's net amounts are the same money as the unblended ones."""
    totals = query(con, "billing/net_totals").fetchall()
    if not any(lines for *_, lines in totals):
        return False
    for payer, currency, unblended, net, _ in totals:
        if abs(net - unblended) >= MAX_ROUNDING:
            warnings.append(
                f"{month}: source '{source.name}': net amounts of payer {payer} add up to "
                f"{plain(net)} {currency}, unblended ones to {plain(unblended)}: the unblended "
                "ones are used."
            )
            return False
    return True


def _check_plans(
    con: duckdb.DuckDBPyConnection,
    source: BillSource,
    month: str,
    *,
    use_net: bool,
    warnings: list[str],
) -> None:
    for plan, payer, currency, rest in query(
        con, "billing/plan_balances", use_net=use_net
    ).fetchall():
        name = plan or "(without an ARN)"
        if abs(rest) >= SMALLEST_REST and source.unpaired_negations == "stop":
            raise CommitmentUnbalanced(source.name, month, name, rest, currency)
        warnings.append(
            f"{month}: source '{source.name}': covered usage and negations of savings plan {name} "
            f"(payer {payer}) leave {plain(rest)} {currency}: kept as billed."
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
            "rejects": counts[file.name].rejects,
            "rounding": counts[file.name].rounding,
        }
        for file in files
    ]
    pl.DataFrame(rows, schema=BILL_FILES.polars_schema).write_parquet(path)


def _warn(
    con: duckdb.DuckDBPyConnection,
    source: BillSource,
    month: str,
    raw: RawText,
    counts: Mapping[str, _FileCount],
    warnings: list[str],
) -> None:
    """Say with numbers what was read otherwise than written, or is not final."""
    where = f"{month}: source '{source.name}':"
    for table in ("unreadable", "unreadable_tags"):
        for column, reason, fields in con.execute(
            f"SELECT column_name, reason, count(*) FROM {table} GROUP BY ALL ORDER BY ALL"
        ).fetchall():
            warnings.append(f"{where} {column} {reason}: {fields} lines.")
    for name, header in raw.headers.items():
        for column in header.doubled:
            warnings.append(f"{where} {name} has {column} twice: the first was read.")
    types = query(con, "billing/line_types").fetchall()
    for kind in sorted({kind for _, kind, _ in types if kind and not _is_known(kind)}):
        lines = sum(n for _, other, n in types if other == kind)
        warnings.append(
            f"{where} line item type {kind!r} is unknown, read as Usage: {lines} lines."
        )
    currencies = sorted({currency for currency, _, _ in types})
    if len(currencies) > 1:
        shown = ", ".join(
            f"{currency} {sum(n for other, _, n in types if other == currency)} lines"
            for currency in currencies
        )
        warnings.append(f"{where} more than one currency, never added together: {shown}.")
    charges = sum(count.charges for count in counts.values())
    if open_lines := sum(count.without_invoice for count in counts.values()):
        warnings.append(
            f"{where} {open_lines} of {charges} lines have no invoice yet: the bill is not final."
        )
    if unlisted := sum(count.without_list_cost for count in counts.values()):
        warnings.append(
            f"{where} {unlisted} of {charges} lines have no public price: their unblended cost "
            "stands in for ListCost."
        )


def _is_known(line_type: str) -> bool:
    return line_type in KNOWN_LINE_TYPES or line_type.endswith("Discount")
