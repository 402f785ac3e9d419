"""What the lake refuses to write."""

from decimal import Decimal

import polars as pl
import pytest

from pipelines.contracts import BUCKETS, EXPORT_TOTALS, RECONCILIATION, TABLES, Contract, require
from pipelines.errors import ContractBroken
from pipelines.money import POLARS_TYPE


def totals(**changed: object) -> pl.DataFrame:
    row: dict[str, object] = {
        "billing_month": "2026-09",
        "source": "aws",
        "BillingAccountId": "1",
        "InvoiceId": "",
        "InvoiceIssuerName": "AWS",
        "BillingCurrency": "USD",
        "basis": "BilledCost",
        "lines": 3,
        "export_total": Decimal("1.5"),
        "rounding": Decimal(0),
    }
    return pl.DataFrame([row | changed], schema=EXPORT_TOTALS.polars_schema)


def test_a_frame_that_keeps_its_contract_comes_back_in_order() -> None:
    shuffled = totals().select(sorted(EXPORT_TOTALS.columns))
    assert require(shuffled, EXPORT_TOTALS).columns == list(EXPORT_TOTALS.columns)


@pytest.mark.parametrize(
    ("frame", "says"),
    [
        (totals().drop("lines"), r"missing columns \['lines'\]"),
        (totals().with_columns(extra=pl.lit(1)), r"surplus columns \['extra'\]"),
        (totals().with_columns(pl.col("lines").cast(pl.Int32)), "column lines is Int32"),
        (totals().with_columns(pl.col("export_total").cast(pl.Float64)), "is Float64"),
        (totals(export_total=None), "export_total is NULL in 1 rows"),
        (pl.concat([totals(), totals(lines=4)]), "1 rows repeat the key"),
    ],
)
def test_a_broken_contract_is_named_with_its_column(frame: pl.DataFrame, says: str) -> None:
    with pytest.raises(ContractBroken, match=says):
        require(frame, EXPORT_TOTALS)


@pytest.mark.parametrize("contract", TABLES.values(), ids=lambda c: c.name)
def test_every_contract_names_its_own_columns(contract: Contract) -> None:
    assert set(contract.key) <= set(contract.columns)
    assert set(contract.required) <= set(contract.columns)
    assert "billing_month" in contract.columns
    assert contract.grain


@pytest.mark.parametrize("contract", TABLES.values(), ids=lambda c: c.name)
def test_every_table_with_money_says_in_which_currency(contract: Contract) -> None:
    files = {"core_billing__files", "core_registry__plans"}
    quantities = {"out_usage__billed_vs_logged"}
    money = [
        name
        for name, kind in contract.columns.items()
        if contract.polars_schema[name] == POLARS_TYPE
    ]
    if money and contract.name not in files | quantities:
        assert {"currency", "BillingCurrency", "reported_currency"} & set(contract.columns)


def test_reconciliation_has_a_column_for_every_bucket() -> None:
    assert set(BUCKETS) <= set(RECONCILIATION.columns)
