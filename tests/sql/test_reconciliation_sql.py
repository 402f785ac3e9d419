"""`sql/attribution/reconciliation.sql`: the ledger and the export side by side, row by row."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
from bill_tables import parquet, select

from pipelines.contracts import ALLOCATED, BASES, BUCKETS, EXPORT_TOTALS

D = Decimal
PLACE = {"source": "aws", "BillingAccountId": "payer", "InvoiceId": "INV", "BillingCurrency": "USD"}
PLACE |= {"InvoiceIssuerName": "AWS"}
NOBODY = {"BillingAccountId": None, "InvoiceId": None}


@pytest.fixture
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as opened:
        yield opened


def part(bucket: str | None, *costs: str, **changed: Any) -> dict[str, Any]:
    return {**PLACE, "bucket": bucket, **dict(zip(BASES, map(D, costs), strict=True)), **changed}


def total(basis: str, amount: str, **changed: Any) -> dict[str, Any]:
    money = {"export_total": D(amount), "rounding": D("1E-18")}
    return {**PLACE, "basis": basis, **money, **changed}


def compared(
    con: duckdb.DuckDBPyConnection,
    folder: Path,
    ledger: list[Any],
    totals: list[Any],
    *columns: str,
) -> list[Any]:
    files = {
        "allocated_files": parquet(folder / "ledger.parquet", ALLOCATED, *ledger),
        "totals_files": parquet(folder / "totals.parquet", EXPORT_TOTALS, *totals),
    }
    return select(con, "attribution/reconciliation", *columns, month="2026-09", **files)


def test_every_bucket_has_its_column_and_all_of_them_are_the_attributed_total(
    con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    ledger = [part(bucket, str(10**n), "0", "0", "0") for n, bucket in enumerate(BUCKETS)]
    columns = ("basis", "attributed_total", "difference", *BUCKETS)
    rows = compared(con, tmp_path, ledger, [total("BilledCost", "11111111")], *columns)
    assert rows[0] == ("BilledCost", D(11111111), D(0), *(D(10**n) for n in range(len(BUCKETS))))
    assert [row[0] for row in rows] == sorted(BASES)


def test_a_row_in_no_bucket_and_a_total_without_a_row_are_differences(
    con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    ledger = [part("idle", "1", "2", "3", "4"), part("elsewhere", "9", "9", "9", "9")]
    totals = [total("BilledCost", "10"), total("ListCost", "4", BillingCurrency="EUR")]
    columns = ("BillingCurrency", "basis", "export_total", "difference", "rounding")
    assert compared(con, tmp_path, ledger, totals, *columns) == [
        ("EUR", "ListCost", D(4), D(-4), D("1E-18")),
        ("USD", "BilledCost", D(10), D(-9), D("1E-18")),
        ("USD", "ContractedCost", D(0), D(3), D(0)),
        ("USD", "EffectiveCost", D(0), D(2), D(0)),
        ("USD", "ListCost", D(0), D(4), D(0)),
    ]


def test_an_account_and_an_invoice_nobody_named_are_the_same_on_both_sides(
    con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    ledger = [part("idle", "1", "1", "1", "1", **NOBODY)]
    totals = [total(basis, "1", BillingAccountId="", InvoiceId="") for basis in BASES]
    rows = compared(con, tmp_path, ledger, totals, "BillingAccountId", "InvoiceId", "difference")
    assert rows == [("", "", D(0))] * 4


def test_nothing_is_compared_with_nothing(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    assert compared(con, tmp_path, [], []) == []
