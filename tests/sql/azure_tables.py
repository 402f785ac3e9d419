"""Tiny tables of an Azure export, in the shapes the files of `sql/billing/azure` read."""

from collections.abc import Mapping
from typing import Any

import duckdb
from bill_tables import select, table

from pipelines.billing.amounts import MACROS, define_macros
from pipelines.billing.azure import COLUMNS, FORMAT
from pipelines.billing.reader import define_month
from pipelines.queries import materialise, sql

MONTH = "2026-09"
TEXT = {
    "file": "VARCHAR",
    "line": "BIGINT",
    "line_number": "BIGINT",
    "role": "VARCHAR",
    "tags": "VARCHAR",
} | {column.name: "VARCHAR" for column in COLUMNS}
VIEWS = {
    "file": "VARCHAR",
    "role": "VARCHAR",
    "is_day_first": "BOOLEAN",
    "has_decimal_commas": "BOOLEAN",
    "names_invoices": "BOOLEAN",
}
DAY = {
    "billing_account_id": "8611537",
    "subscription_id": "sub-1",
    "billing_period_start": "2026-09-01",
    "billing_period_end": "2026-09-30",
    "date": "2026-09-04",
    "meter_category": "Virtual Machines",
    "currency": "USD",
    "cost": "1",
    "charge_type": "Usage",
    "pricing_model": "OnDemand",
    "frequency": "UsageBased",
}
"""A day of usage that costs 1 USD and says nothing else."""


def connection() -> duckdb.DuckDBPyConnection:
    """A connection on which the texts of an Azure export can be read."""
    con = duckdb.connect()
    define_macros(con, {**MACROS, **FORMAT.macros})
    con.execute(f"SET VARIABLE month = '{MONTH}'")
    return con


def written(con: duckdb.DuckDBPyConnection, *rows: Mapping[str, Any]) -> None:
    """Days of usage as the files write them, changed; lines are numbered from 2 on."""
    place = [
        {"file": "a.csv", "line": n + 2, "line_number": n + 2, "role": "", "tags": "{}"}
        for n in range(len(rows))
    ]
    table(
        con,
        "written_text",
        TEXT,
        [{**DAY, **where, **row} for where, row in zip(place, rows, strict=True)],
    )


def exports(
    con: duckdb.DuckDBPyConnection,
    *rows: Mapping[str, Any],
    month_is_told: bool = False,
    **view: Any,
) -> None:
    """Days of usage and all views over them; a row's `role` is its file's."""
    files = {row.get("file", row.get("role", "a.csv")): row.get("role", "") for row in rows}
    written(con, *({"file": row.get("role", "a.csv"), **row} for row in rows))
    told = {"is_day_first": False, "has_decimal_commas": False, "names_invoices": True, **view}
    table(
        con,
        "cost_views",
        VIEWS,
        [{"file": file, "role": role, **told} for file, role in files.items()],
    )
    con.execute(f"CREATE OR REPLACE TEMP VIEW raw_text AS {sql('billing/azure/raw_text')}")
    materialise(con, "paired_subscriptions", "billing/azure/paired_subscriptions")
    con.execute(f"CREATE OR REPLACE TEMP VIEW raw_lines AS {sql('billing/azure/raw_lines')}")
    define_month(con, FORMAT, month_is_told=month_is_told)


def of_lines(
    con: duckdb.DuckDBPyConnection, name: str, *rows: Mapping[str, Any], **params: Any
) -> list[tuple[Any, ...]]:
    """The rows a file of `sql/billing/azure` makes of an export; see `select`."""
    exports(con, *rows)
    return select(con, name, **params)
