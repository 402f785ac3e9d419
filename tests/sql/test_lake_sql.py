"""The files of `sql/lake`: what the footers of Parquet files say."""

from decimal import Decimal
from pathlib import Path

import duckdb
import polars as pl
import pytest

from pipelines.queries import query


@pytest.fixture
def files(tmp_path: Path) -> list[str]:
    """Two files: 5 rows in row groups of 2, 2 and 1, and one without rows."""
    paths = [str(tmp_path / "rows.parquet"), str(tmp_path / "none.parquet")]
    held = pl.DataFrame(
        {
            "month": ["2026-03", "2026-01", "2026-02", "2026-05", "2026-04"],
            "n": [1, 2, 3, 4, 5],
            "t": [None] * 5,
            "m": [None, None, None, Decimal(4), Decimal(5)],
        },
        schema={"month": pl.String, "n": pl.Int64, "t": pl.String, "m": pl.Decimal(38, 18)},
    )
    held.write_parquet(paths[0], row_group_size=2)
    held.clear().write_parquet(paths[1])
    return paths


def test_columns_and_types_are_known_also_of_a_file_without_rows(files):
    columns = query(duckdb.connect(), "lake/parquet_columns", files=files).fetchall()
    types = [("month", "VARCHAR"), ("n", "BIGINT"), ("t", "VARCHAR"), ("m", "DECIMAL(38,18)")]
    assert sorted(columns) == sorted((file, name, kind) for file in files for name, kind in types)


def test_rows_nulls_and_bounds_are_those_of_all_row_groups_together(files):
    found = query(duckdb.connect(), "lake/parquet_statistics", files=files).fetchall()
    by_name = {name: values for file, name, *values in found if file == files[0]}
    assert len(found) == len(by_name) == 4  # a file without rows has no row groups
    assert by_name["month"] == [5, 0, "2026-01", "2026-05"]
    assert by_name["t"] == [5, 5, None, None]
    assert by_name["m"][:2] == [5, 3]
    assert by_name["n"][:2] == [5, 0]
