"""Actual spend per model version and component, as FinOps reads it.

DuckDB brings the ledger down to one row per day and target; Polars sums those with exact decimals.
A charge that spans days or months (a yearly fee) counts on the day it starts.
"""

from collections.abc import Sequence

import duckdb
import polars as pl

from pipelines.contracts import MODEL_DAYS, MODEL_MONTHS, Contract, require
from pipelines.queries import frame_of, query

COSTS = ("billed_cost", "effective_cost", "contracted_cost", "list_cost")


def model_days(
    con: duckdb.DuckDBPyConnection, month: str, allocated_files: Sequence[str]
) -> pl.DataFrame:
    """Spend per source, charge day, bucket, version, component, element, method and owner.

    Money in the row's `currency`; days are UTC days of the charge's start.
    """
    return _summed(_by_day(con, month, allocated_files).drop("charge_month", "charges"), MODEL_DAYS)


def model_months(
    con: duckdb.DuckDBPyConnection, month: str, allocated_files: Sequence[str]
) -> pl.DataFrame:
    """Spend per source, charge month, bucket, version, component, element, method and owner.

    `charges` counts ledger rows: a charge split in three counts in each of its three targets.
    """
    return _summed(_by_day(con, month, allocated_files).drop("charge_date"), MODEL_MONTHS)


def _by_day(
    con: duckdb.DuckDBPyConnection, month: str, allocated_files: Sequence[str]
) -> pl.DataFrame:
    schema = pl.Schema({**MODEL_DAYS.polars_schema, **MODEL_MONTHS.polars_schema})
    if not allocated_files:
        return pl.DataFrame(schema=schema)
    days = query(con, "spend/spend_by_day", month=month, allocated_files=list(allocated_files))
    return frame_of(days).cast(schema)


def _summed(days: pl.DataFrame, contract: Contract) -> pl.DataFrame:

    sums = [name for name in contract.columns if name in {*COSTS, "charges"}]
    keys = [name for name in contract.columns if name not in sums]
    summed = days.group_by(keys).agg(pl.col(sums).sum()).sort(contract.key)
    return require(summed.select(list(contract.columns)), contract)
