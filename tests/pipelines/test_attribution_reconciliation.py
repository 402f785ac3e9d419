"""The ledger beside the export's own totals: equal to the last unit, or the month stops."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest
from attribution_builders import MONTH, attribute, charge, deployed, models, plain, use, write

from pipelines.attribution.reconciliation import reconcile
from pipelines.contracts import BASES, BUCKETS, EXPORT_TOTALS
from pipelines.errors import UnreconciledSpend
from pipelines.money import EXACT

UNIT = Decimal("0.000000000000000001")


@pytest.fixture
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        yield connection


def totals(**changed: Any) -> list[dict[str, Any]]:
    row = {
        "billing_month": MONTH,
        "source": "aws",
        "BillingAccountId": "payer",
        "InvoiceId": "INV-1",
        "InvoiceIssuerName": "AWS",
        "BillingCurrency": "USD",
        "lines": 2,
        "rounding": Decimal(0),
    }
    exported = {basis: Decimal("12345678901234.000000000000000001") for basis in BASES} | changed
    return [{**row, "basis": basis, "export_total": exported[basis]} for basis in BASES]


def ledger(folder: Path) -> str:
    lines = [charge("a", f"12345678901233.{1:018d}"), plain("b")]
    catalogue = models("v1") + deployed("v1")
    return attribute(folder, lines, catalogue, usage=[use("v1", gpu=1200)]).file


def test_equal_totals_pass_and_the_buckets_add_up(
    con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    files = write(totals(), EXPORT_TOTALS, tmp_path / "totals.parquet")
    rows = reconcile(con, MONTH, [ledger(tmp_path)], files)
    assert rows["basis"].to_list() == sorted(BASES)
    assert rows["difference"].to_list() == [0] * 4
    assert (rows.select(pl.sum_horizontal(BUCKETS)).to_series() == rows["export_total"]).all()
    assert set(rows["not_ai"]) == {Decimal(1)}


@pytest.mark.parametrize("basis", BASES)
def test_one_unit_less_stops_the_month_and_names_it(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, basis: str
) -> None:
    off = totals(**{basis: Decimal("12345678901234")})
    files = write(off, EXPORT_TOTALS, tmp_path / "totals.parquet")
    with pytest.raises(UnreconciledSpend) as stopped:
        reconcile(con, MONTH, [ledger(tmp_path)], files)
    error = stopped.value
    assert (error.month, error.source, error.basis, error.currency) == (MONTH, "aws", basis, "USD")
    assert EXACT.subtract(error.attributed, error.exported) == UNIT
    assert f"{MONTH}: source 'aws', {basis}: attributed 12345678901234.000000000000000001" in str(
        error
    )
    assert "difference 0.000000000000000001 USD" in str(error)


def test_a_row_in_no_bucket_is_a_difference(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    files = write(totals(), EXPORT_TOTALS, tmp_path / "totals.parquet")
    file = ledger(tmp_path)
    frame = pl.read_parquet(file)
    lost = pl.col("bucket").replace("not_ai", "elsewhere")
    frame.with_columns(lost).write_parquet(tmp_path / "other.parquet")
    with pytest.raises(UnreconciledSpend):
        reconcile(con, MONTH, [str(tmp_path / "other.parquet")], files)


def test_an_invoice_that_only_one_side_has_stops_the_month(
    con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    rows = totals() + [{**row, "InvoiceId": "INV-2"} for row in totals()]
    files = write(rows, EXPORT_TOTALS, tmp_path / "totals.parquet")
    with pytest.raises(UnreconciledSpend):
        reconcile(con, MONTH, [ledger(tmp_path)], files)


def test_a_month_without_lines_reconciles_with_an_export_of_nothing_alone(
    con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    assert reconcile(con, MONTH, [], []).is_empty()
    files = write(totals(), EXPORT_TOTALS, tmp_path / "totals.parquet")
    with pytest.raises(UnreconciledSpend):
        reconcile(con, MONTH, [], files)
    with pytest.raises(UnreconciledSpend):
        reconcile(con, MONTH, [ledger(tmp_path)], [])
