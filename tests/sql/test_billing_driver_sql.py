"""The queries that are the same for every format: repeats, currencies, nothing unreadable."""

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
from bill_tables import connection, parquet, select, table

from pipelines.contracts import CHARGES


@pytest.fixture(scope="module")
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    with connection() as opened:
        yield opened


def test_lines_that_are_in_another_file_too_are_counted_file_by_file(
    con: duckdb.DuckDBPyConnection,
) -> None:
    columns = {"file": "VARCHAR", "line_key": "VARCHAR"}
    held = {"a": "112345", "b": "45", "c": "9", "d": "3"}
    rows = [{"file": file, "line_key": key} for file, keys in held.items() for key in keys]
    table(con, "bill_lines", columns, rows)
    assert select(con, "billing/repeated_files") == [
        ("a", 5, 3, "b"),  # a line that stands twice in one file is one of it
        ("b", 2, 2, "a"),
        ("c", 1, 0, None),
        ("d", 1, 1, "a"),
    ]
    table(con, "bill_lines", columns, [])
    assert select(con, "billing/repeated_files") == []


def test_charges_are_counted_by_currency(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    rows = [{"BillingCurrency": currency} for currency in ("USD", "EUR", "USD")]
    [path] = parquet(tmp_path / "c.parquet", CHARGES, *rows)
    assert select(con, "billing/currencies", charges=path) == [("EUR", 1), ("USD", 2)]


def test_a_format_without_tag_columns_has_no_unreadable_tag(
    con: duckdb.DuckDBPyConnection,
) -> None:
    table(con, "unreadable", {"file": "VARCHAR"}, [])
    assert select(con, "billing/no_unreadable_tags") == []
    names = [column[0] for column in con.description or ()]
    assert names == ["tag_column", "file", "line", "column_name", "value", "reason", "is_fatal"]
