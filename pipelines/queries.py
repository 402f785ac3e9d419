"""The only door to `sql/`: one SELECT per file, values bound, never formatted into the text."""

import json
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from pipelines.arrow_rows import ArrowRows

SQL = Path(__file__).resolve().parents[1] / "sql"


@cache
def sql(name: str) -> str:
    """The text of `sql/{name}.sql`, for example `sql("attribution/split")`."""
    return (SQL / f"{name}.sql").read_text(encoding="utf-8")


def query(con: duckdb.DuckDBPyConnection, name: str, **params: Any) -> duckdb.DuckDBPyRelation:
    """Run one file of `sql/` and return its rows as a relation.

    The relation is lazy: hand it to one consumer (`frame_of`, the lake) or put it in a table first.
    A missing or surplus parameter raises and names it: the header of the file is the contract.
    """
    return con.sql(sql(name), params=dict(params)) if params else con.sql(sql(name))


def query_over(
    con: duckdb.DuckDBPyConnection, name: str, tables: Mapping[str, str], **params: Any
) -> duckdb.DuckDBPyRelation:
    """As `query`, for a file that reads from the rows of other files of `sql/`.

    `tables` maps the names it reads to those files: `{"charge_rows": "billing/gcp/charges"}`.
    """
    parts = ", ".join(f'"{table}" AS (\n{sql(inner)}\n)' for table, inner in tables.items())
    return con.sql(f"WITH {parts}\n{sql(name)}", params=dict(params))


def identifier(name: str) -> str:
    """A name as SQL writes it where it may be any text, such as a column of a user's file."""
    return '"' + name.replace('"', '""') + '"'


def rows_of(relation: duckdb.DuckDBPyRelation) -> list[dict[str, Any]]:
    """The rows of a small relation, by column."""
    names = relation.columns
    return [dict(zip(names, values, strict=True)) for values in relation.fetchall()]


def frame_of(relation: duckdb.DuckDBPyRelation) -> pl.DataFrame:
    """The rows of a relation as a frame: the one way from DuckDB to Polars."""
    return pl.DataFrame(ArrowRows(relation))


def materialise(
    con: duckdb.DuckDBPyConnection, table: str, name: str, params: Mapping[str, Any] | None = None
) -> None:
    """Put the rows of one file of `sql/` into the temporary table `table` of this connection."""
    con.execute(
        f'CREATE OR REPLACE TEMP TABLE "{table}" AS {sql(name)}', dict(params or {}) or None
    )


def load(
    con: duckdb.DuckDBPyConnection,
    table: str,
    columns: Mapping[str, str],
    rows: Iterable[Mapping[str, Any]],
) -> None:
    """Put small rows (a catalogue, rules, settings) into the temporary table `table`.

    `columns` maps names to DuckDB types; missing fields are NULL. For thousands of rows, not for
    bills or logs: those are read from files.
    """
    shape = json.dumps([dict(columns)])
    text = json.dumps([{name: row.get(name) for name in columns} for row in rows], default=str)
    con.execute(
        f'CREATE OR REPLACE TEMP TABLE "{table}" AS '
        "SELECT unnest(from_json($rows::JSON, $shape), recursive := true)",
        {"rows": text, "shape": shape},
    )
