"""Tiny tables of a bill, in the shapes the files of `sql/billing` read."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from pipelines.billing.amounts import MACROS as BASIC
from pipelines.billing.amounts import define_macros
from pipelines.billing.aws import COLUMNS, FORMAT
from pipelines.billing.aws import MACROS as AWS
from pipelines.billing.reader import define_month
from pipelines.contracts import Contract
from pipelines.queries import sql

D = Decimal
MONTH = "2026-09"
Row = Mapping[str, Any]

TEXT = {
    "file": "VARCHAR",
    "line": "BIGINT",
    "line_number": "BIGINT",
    "role": "VARCHAR",
    "tags": "VARCHAR",
} | {column.name: "VARCHAR" for column in COLUMNS}
RESTS = {"line_number": "BIGINT", "billed": "DECIMAL(38,18)"}
TAG_TEXTS = dict.fromkeys(("all_tags", "resource_tags", "categories", "tags"), "VARCHAR")
DOUBLES = {"line_number": "BIGINT", "ordinal": "BIGINT"}
UNREADABLE = {
    "file": "VARCHAR",
    "line": "BIGINT",
    "column_name": "VARCHAR",
    "value": "VARCHAR",
    "reason": "VARCHAR",
    "is_fatal": "BOOLEAN",
}
HOUR = {
    "billing_period_start": "2026-09-01T00:00:00Z",
    "billing_period_end": "2026-10-01T00:00:00Z",
    "payer_account_id": "payer",
    "usage_account_id": "user",
    "invoice_id": "INV-1",
    "line_item_type": "Usage",
    "usage_start": "2026-09-02T10:00:00Z",
    "usage_end": "2026-09-02T11:00:00Z",
    "currency_code": "USD",
    "unblended_cost": "1",
}
"""An hour of usage that costs 1 USD and says nothing else."""


def connection() -> duckdb.DuckDBPyConnection:
    """A connection on which the texts of a bill can be read."""
    con = duckdb.connect()
    define_macros(con, {**BASIC, **AWS})
    return con


def table(
    con: duckdb.DuckDBPyConnection, name: str, columns: Mapping[str, str], rows: Sequence[Row]
) -> None:
    """A temporary table; a row's missing fields are NULL."""
    surplus = {key for row in rows for key in row} - set(columns)
    assert not surplus, f"{name} has no columns {surplus}"
    shape = ", ".join(f'"{column}" {kind}' for column, kind in columns.items())
    con.execute(f'CREATE OR REPLACE TEMP TABLE "{name}" ({shape})')
    if rows:
        marks = ", ".join("?" for _ in columns)
        con.executemany(
            f'INSERT INTO "{name}" VALUES ({marks})',
            [[row.get(column) for column in columns] for row in rows],
        )


def _numbered(rows: Sequence[Row]) -> list[dict[str, Any]]:
    place = [{"file": "a.csv", "line": n + 2, "line_number": n + 2} for n in range(len(rows))]
    return [{**HOUR, "tags": "{}", **where, **row} for where, row in zip(place, rows, strict=True)]


def raw_text(con: duckdb.DuckDBPyConnection, *rows: Row) -> None:
    """The text of a bill: hours of usage, changed; lines are numbered from 2 on."""
    table(con, "raw_text", TEXT, _numbered(rows))


def raw_lines(con: duckdb.DuckDBPyConnection, *rows: Row) -> None:
    """As `raw_text`, each line with a key of its own unless it says otherwise; and their views."""
    numbered = _numbered(rows)
    keys = [str(row.pop("line_key", f"key {row['line_number']}")) for row in numbered]
    table(con, "raw_text", TEXT, numbered)
    con.execute(f"SET VARIABLE month = '{MONTH}'")
    con.execute(
        "CREATE OR REPLACE TEMP TABLE raw_lines AS "
        f"SELECT * REPLACE (NULL::VARCHAR AS line_key) FROM ({sql('billing/aws/raw_lines')})"
    )
    for row, key in zip(numbered, keys, strict=True):
        con.execute(
            "UPDATE raw_lines SET line_key = ? WHERE line_number = ?", [key, row["line_number"]]
        )
    define_month(con, FORMAT, month_is_told=True)


def select(
    con: duckdb.DuckDBPyConnection, name: str, *columns: str, **params: Any
) -> list[tuple[Any, ...]]:
    """The rows of `sql/{name}.sql` in their own order: the columns asked for, or all."""
    rows = con.execute(sql(name), params or None).fetchall()
    names = [str(column[0]) for column in con.description or ()]
    places = [names.index(column) for column in columns] if columns else range(len(names))
    return [tuple(row[place] for place in places) for row in rows]


def parquet(path: Path, contract: Contract, *rows: Row) -> list[str]:
    """Some columns of a table of the lake as one Parquet file, and the list that names it."""
    names = {name for row in rows for name in row} if rows else set(contract.columns)
    schema = {name: kind for name, kind in contract.polars_schema.items() if name in names}
    pl.DataFrame(list(rows), schema=schema).write_parquet(path)
    return [str(path)]
