"""Does attributed spend equal the export, to the last unit? Asked before anything is published."""

from collections.abc import Sequence
from decimal import Decimal

import duckdb
import polars as pl

from pipelines.contracts import RECONCILIATION, require
from pipelines.errors import UnreconciledSpend
from pipelines.queries import frame_of, query


def reconcile(
    con: duckdb.DuckDBPyConnection,
    month: str,
    allocated_files: Sequence[str],
    totals_files: Sequence[str],
) -> pl.DataFrame:
    """The ledger's buckets beside the export's totals, one row per invoice, currency and basis.

    `totals_files` hold what a second code path summed from the raw text of the bill.

    Raises:
        UnreconciledSpend: any row differs, by however little; names the largest difference.
    """
    if not allocated_files or not totals_files:
        exported = _sum(con, totals_files)
        if allocated_files or exported != 0:
            raise UnreconciledSpend(month, "(all)", "BilledCost", "(all)", exported, Decimal(0))
        return RECONCILIATION.empty()
    rows = frame_of(
        query(
            con,
            "attribution/reconciliation",
            month=month,
            allocated_files=list(allocated_files),
            totals_files=list(totals_files),
        )
    ).cast(RECONCILIATION.polars_schema)
    wrong = rows.filter(pl.col("difference") != 0)
    if wrong.height:
        worst = max(wrong.iter_rows(named=True), key=lambda row: row["difference"].copy_abs())
        raise UnreconciledSpend(
            month,
            worst["source"],
            worst["basis"],
            worst["BillingCurrency"],
            worst["export_total"],
            worst["attributed_total"],
        )
    return require(rows, RECONCILIATION)


def _sum(con: duckdb.DuckDBPyConnection, totals_files: Sequence[str]) -> Decimal:
    if not totals_files:
        return Decimal(0)
    frame = frame_of(con.from_parquet(list(totals_files), union_by_name=True))
    total: Decimal | None = frame["export_total"].abs().to_frame().sum().item()
    return total or Decimal(0)
