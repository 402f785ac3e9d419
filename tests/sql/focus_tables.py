"""Tiny tables of a FOCUS dataset, in the shapes the files of `sql/billing/focus` read."""

from collections.abc import Mapping
from typing import Any

import duckdb
from bill_tables import select, table

from pipelines.billing.amounts import MACROS, define_macros
from pipelines.billing.focus import COLUMNS, FORMAT
from pipelines.billing.reader import define_month
from pipelines.queries import sql

MONTH = "2026-05"
TEXT = {
    "file": "VARCHAR",
    "line": "BIGINT",
    "line_number": "BIGINT",
    "role": "VARCHAR",
    "tags": "VARCHAR",
} | {column.name: "VARCHAR" for column in COLUMNS}
HOUR = {
    "billed_cost": "1",
    "billing_currency": "USD",
    "billing_period_start": "2026-05-01T00:00:00Z",
    "billing_period_end": "2026-06-01T00:00:00Z",
    "charge_period_start": "2026-05-02T10:00:00Z",
    "charge_period_end": "2026-05-02T11:00:00Z",
    "charge_category": "Usage",
    "invoice_id": "INV-1",
    "billing_account_id": "acct",
    "service_provider_name": "Solora",
    "service_name": "API",
    "list_cost": "1",
    "contracted_cost": "1",
    "effective_cost": "1",
}
"""An hour of usage that costs 1 USD and says nothing else."""


def connection() -> duckdb.DuckDBPyConnection:
    """A connection on which the texts of a FOCUS dataset can be read."""
    con = duckdb.connect()
    define_macros(con, {**MACROS, **FORMAT.macros})
    con.execute(f"SET VARIABLE month = '{MONTH}'")
    con.execute("SET VARIABLE names_invoices = true")
    return con


def dataset(con: duckdb.DuckDBPyConnection, *rows: Mapping[str, Any]) -> None:
    """Hours of usage, changed; lines are numbered from 2 on; and all views over them."""
    place = [
        {"file": "a.csv", "line": n + 2, "line_number": n + 2, "role": "", "tags": "{}"}
        for n in range(len(rows))
    ]
    numbered = [{**HOUR, **where, **row} for where, row in zip(place, rows, strict=True)]
    table(con, "raw_text", TEXT, numbered)
    con.execute(f"CREATE OR REPLACE TEMP VIEW raw_lines AS {sql('billing/focus/raw_lines')}")
    define_month(con, FORMAT, month_is_told=False)


def of_lines(
    con: duckdb.DuckDBPyConnection, name: str, *rows: Mapping[str, Any], **params: Any
) -> list[tuple[Any, ...]]:
    """The rows a file of `sql/billing/focus` makes of a dataset; see `select`."""
    dataset(con, *rows)
    return select(con, name, **params)
