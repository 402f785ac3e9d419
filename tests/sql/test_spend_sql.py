"""The files of `sql/spend` and `sql/variance` on ledgers of a few rows."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
from attribution_builders import at, write
from sql_tables import select

from pipelines.contracts import ALLOCATED, BASES
from pipelines.spend import model_days, model_months

Row = dict[str, Any]


@pytest.fixture
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        yield connection


def row(charge_id: str, cost: str = "1", **changed: Any) -> Row:
    """One row of the ledger: an hour of v1's inference on its GPU, unless changed."""
    text = dict.fromkeys(
        (name for name, kind in ALLOCATED.columns.items() if kind == "VARCHAR"), ""
    )
    return {
        **text,
        "billing_month": "2026-09",
        "charge_month": "2026-09",
        "source": "aws",
        "x_OriginChargeId": charge_id,
        "bucket": "model_version",
        "model": "m",
        "model_version": "v1",
        "component": "inference",
        "element": "hardware",
        "method": "usage",
        "BillingCurrency": "USD",
        "ChargePeriodStart": at(0),
        "ChargePeriodEnd": at(1),
        "ChargeCategory": "Usage",
        "ConsumedQuantity": Decimal(1),
        "ConsumedUnit": "Hrs",
        **dict.fromkeys(BASES, Decimal(cost)),
        **changed,
    }


def test_a_day_ends_at_midnight_utc_and_currencies_stay_apart(
    con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    late = {"ChargePeriodStart": at(23.99), "ChargePeriodEnd": at(24.99)}
    rows = [
        row("a", "0.1", BilledCost=Decimal(0)),
        row("b", "0.2", **late),
        row("c", "4", ChargePeriodStart=at(24)),
        row("d", "8", BillingCurrency="EUR"),
        row("e", "16", charge_month="2026-08"),
    ]
    files = write(rows, ALLOCATED, tmp_path / "ledger.parquet")
    columns = [
        "charge_date",
        "charge_month",
        "currency",
        "charges",
        "billed_cost",
        "effective_cost",
    ]
    found = select(con, "spend/spend_by_day", columns, month="2026-09", allocated_files=files)
    assert found == [
        ("2026-09-01", "2026-08", "USD", 1, 16, 16),
        ("2026-09-01", "2026-09", "EUR", 1, 8, 8),
        ("2026-09-01", "2026-09", "USD", 2, Decimal("0.2"), Decimal("0.3")),
        ("2026-09-02", "2026-09", "USD", 1, 4, 4),
    ]


def test_days_and_months_hold_the_ledgers_cents_and_their_own_keys(
    con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    unit = "0.000000000000000001"
    rows = [row("a", unit), row("b", f"99999999999{unit[1:]}"), row("c", "2", owner="x")]
    rows.append(row("d", "4", ChargePeriodStart=at(30), bucket="idle", model="", model_version=""))
    files = write(rows, ALLOCATED, tmp_path / "ledger.parquet")
    days, months = model_days(con, "2026-09", files), model_months(con, "2026-09", files)
    whole = Decimal("100000000005.000000000000000002")
    assert days["effective_cost"].sum() == months["effective_cost"].sum() == whole
    assert (days.height, months.height) == (3, 3)
    assert months["charges"].sum() == 4


def test_an_empty_ledger_has_no_days(con: duckdb.DuckDBPyConnection) -> None:
    assert model_days(con, "2026-09", []).is_empty()
    assert model_months(con, "2026-09", []).is_empty()


def test_a_plans_terms_leave_out_tax_credits_remainders_and_idle_that_was_spread(
    con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    rows = [
        row("a", "1"),
        row("b", "2", ConsumedQuantity=None),
        row("all", "4", bucket="model", model_version=""),
        row("tax", "8", ChargeCategory="Tax"),
        row("credit", "-8", ChargeCategory="Credit"),
        row("spread", "8", evidence="idle by use", method="policy"),
        row("idle", "8", bucket="idle", model="", model_version=""),
        row("pool", "16", evidence="shared pool by policy", method="policy", ConsumedUnit=None),
    ]
    files = write(rows, ALLOCATED, tmp_path / "ledger.parquet")
    columns = ["model_version", "unit", "cost", "list_cost", "quantity"]
    assert select(con, "variance/actual_terms", columns, allocated_files=files) == [
        ("", "Hrs", 4, 4, 1),
        ("v1", "", 16, 16, 1),
        ("v1", "Hrs", 3, 3, 1),
    ]


def test_what_no_version_has_a_term_for_goes_by_its_own_line(
    con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    central = {"bucket": "overhead", "model": "", "model_version": "", "element": "adjustment"}
    spread = {"evidence": "overhead by cost", "rule_id": "aws-support", "element": "software"}
    rows = [
        row("used", "1"),
        row("unused", "2", bucket="commitment", model="", model_version=""),
        row("tax", "4", ChargeCategory="Tax"),
        row("vat", "8", ChargeCategory="Tax", **central),
        row("credit", "-16", ChargeCategory="Credit", **central),
        row("rounding", "32", **central),
        row("help", "64", **central | {"ServiceName": "Azure Support", "element": "software"}),
        row("spread", "128", **spread),
        row("spread over others", "256", bucket="not_ai", **spread),
        row("others", "512", bucket="not_ai", ChargeCategory="Tax"),
        row("own overhead", "1024", **central | {"element": "software"}),
    ]
    files = write(rows, ALLOCATED, tmp_path / "ledger.parquet")
    columns = ["line", "currency", "cost"]
    assert select(con, "variance/own_lines", columns, allocated_files=files) == [
        ("credit", "USD", 16),
        ("support", "USD", 64 + 128 + 256),
        ("tax", "USD", 4 + 8),
        ("unused_commitment", "USD", 2),
    ]
