"""Actual against plan: exact price and usage variances; a reason where nothing is compared."""

import random
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest
from attribution_builders import (
    MONTH,
    attribute,
    charge,
    deployed,
    models,
    plain,
    use,
    watched,
)

from pipelines.contracts import NOTIONAL_IDLE, PLANS
from pipelines.formulas import predict
from pipelines.money import EXACT
from pipelines.registry.catalogue import parse_catalogue
from pipelines.registry.frames import registry_tables
from pipelines.variance import compare

DAYS = 30


@pytest.fixture
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        yield connection


def plan(
    price: str | None = "1",
    quantity: str | None = "4",
    *,
    name: str = "budget",
    as_of: str = "2026-08-01",
    version: str = "v1",
    currency: str = "USD",
    unit: str = "hours",
    months: tuple[str, str] = (MONTH, MONTH),
) -> str:
    """A plan of one term, inference hardware."""
    return (
        f'[[plans]]\nplan = "{name}"\nas_of = {as_of}T00:00:00Z\nmodel = "m"\n'
        f'version = "{version}"\ncurrency = "{currency}"\nfirst_month = "{months[0]}"\n'
        f'last_month = "{months[1]}"\n[[plans.lines]]\ncomponent = "inference"\n'
        f'element = "hardware"\nunit = "{unit}"\n'
        + (f"price = {price}\n" if price else "")
        + (f"quantity = {quantity}\n" if quantity else "")
    )


def predicted(catalogue: str) -> pl.DataFrame:
    tables = registry_tables(parse_catalogue(catalogue), MONTH)
    return predict(tables[PLANS.name], MONTH)


def compared(
    con: duckdb.DuckDBPyConnection,
    folder: Path,
    charges: list[dict[str, Any]],
    plans: str,
    days: int = DAYS,
    **more: Any,
) -> list[dict[str, Any]]:
    catalogue = models("v1", "v2") + deployed("v1")
    ledger = attribute(folder, charges, catalogue, **more)
    frame = compare(
        con, MONTH, predicted(catalogue + plans), [ledger.file], ledger.notional_idle, days
    )
    rows = list(frame.variance.iter_rows(named=True))
    for row in rows:
        if row["status"] == "compared":
            parts = EXACT.add(row["price_variance"], row["usage_variance"])
            whole = EXACT.subtract(row["actual_cost"], row["predicted_cost"])
            assert row["difference"] == parts == whole
    return rows


MONEY = ("predicted_cost", "actual_cost", "difference", "price_variance", "usage_variance")


def amounts(row: dict[str, Any]) -> tuple[Decimal | None, ...]:
    return tuple(row[name] for name in MONEY)


def test_the_difference_is_price_plus_usage(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    lines = [charge("a", "3"), charge("b", "3", hour=1)]
    (row,) = compared(con, tmp_path, lines, plan("2", "4"))
    assert amounts(row) == (8, 6, -2, 2, -4)
    assert (row["status"], row["actual_quantity"], row["basis"]) == ("compared", 2, "EffectiveCost")


def test_an_open_month_is_compared_with_the_plan_of_its_days(
    con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    (row,) = compared(con, tmp_path, [charge("a", "3")], plan("2", "7"), days=10)
    third = Decimal("2.333333333333333333")
    assert (row["planned_quantity"], row["predicted_cost"]) == (third, 2 * third)
    assert (row["days_covered"], row["days_in_month"]) == (10, 30)


def test_a_version_that_cost_nothing_is_all_usage(
    con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    (row,) = compared(con, tmp_path, [plain("x")], plan("2", "4"))
    assert amounts(row) == (8, 0, -8, 0, -8)


@pytest.mark.parametrize(
    ("price", "quantity", "reason"),
    [
        (None, "4", "the plan states no price"),
        ("2", None, "the plan states no quantity"),
        (None, None, "the plan states no price and no quantity"),
    ],
)
def test_a_plan_without_price_or_quantity_is_never_a_zero(
    con: duckdb.DuckDBPyConnection,
    tmp_path: Path,
    price: str | None,
    quantity: str | None,
    reason: str,
) -> None:
    (row,) = compared(con, tmp_path, [charge("a", "3")], plan(price, quantity))
    assert (row["status"], row["reason"]) == ("not_comparable", reason)
    assert amounts(row) == (None, 3, None, None, None)


def test_cost_without_a_plan_is_listed_with_its_reason(
    con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    tagged = plain("b", "2", Tags='{"model":"m"}')
    rows = compared(con, tmp_path, [charge("a", "3"), tagged], "")
    assert {(row["actual_cost"], row["status"], row["reason"]) for row in rows} == {
        (3, "not_comparable", "no plan for m v1"),
        (2, "not_comparable", "no plan for m, whose version the bill does not tell"),
    }


def test_a_term_that_the_plan_lacks_is_not_planned(
    con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    out = charge("out", "5", x_UsageType="DataTransfer-Out-Bytes", ConsumedUnit="GB")
    rows = compared(con, tmp_path, [charge("a", "3"), out], plan())
    (extra,) = [row for row in rows if row["status"] != "compared"]
    assert (extra["status"], extra["difference"]) == ("not_planned", 5)
    assert extra["reason"] == "plan budget has no inference bandwidth in GB"
    assert extra["price_variance"] is None


def test_currencies_are_never_mixed(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    rows = compared(con, tmp_path, [charge("a", "3")], plan(currency="EUR"))
    assert {(row["currency"], row["status"], row["reason"]) for row in rows} == {
        (
            "EUR",
            "not_comparable",
            "planned in EUR, billed in USD: the plan states no budget rate of USD",
        ),
        (
            "USD",
            "not_comparable",
            "planned in EUR: the plan states no budget rate of USD",
        ),
    }


def test_cost_without_a_billed_quantity_has_no_price(
    con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    line = charge("a", "3", ConsumedQuantity=None, ConsumedUnit="Hrs")
    (row,) = compared(con, tmp_path, [line], plan())
    assert (row["status"], row["reason"]) == (
        "not_comparable",
        "the bill states no quantity for this cost",
    )


def test_the_latest_plan_known_by_the_months_end_is_in_force(
    con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    plans = (
        plan("1", name="first", as_of="2026-07-01")
        + plan("2", name="revised", as_of="2026-09-15")
        + plan("9", name="hindsight", as_of="2026-10-01")
        + plan("9", name="other", months=("2026-10", "2026-12"))
    )
    (row,) = compared(con, tmp_path, [charge("a", "3")], plans)
    assert (row["plan"], row["predicted_cost"]) == ("revised", 8)


def test_tax_and_credits_are_lines_of_their_own(
    con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    tags = '{"model":"m","model_version":"v1"}'
    tax = plain("tax", "9", x_LineItemType="Tax", ChargeCategory="Tax", Tags=tags)
    credit = plain("c", "-9", x_LineItemType="Credit", ChargeCategory="Credit", Tags=tags)
    rows = compared(con, tmp_path, [charge("a", "3"), tax, credit], plan())
    assert {(row["model"], row["element"], row["actual_cost"], row["reason"]) for row in rows} == {
        ("m", "hardware", 3, ""),
        ("", "tax", 9, "no plan for tax in USD"),
        ("", "credit", -9, "no plan for credits in USD"),
    }


def test_corrections_of_another_month_are_listed_beside(
    con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    old = charge("old", "-2", charge_month="2026-08")
    rows = compared(con, tmp_path, [charge("a", "3"), old], plan())
    assert {(row["charge_month"], row["actual_cost"], row["status"]) for row in rows} == {
        ("2026-09", 3, "compared"),
        ("2026-08", -2, "not_comparable"),
    }


@pytest.mark.parametrize("bearer", ["kept", "endpoint_owner", "spread_by_use"])
def test_idle_belongs_to_the_comparison_whoever_bears_it(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, bearer: str
) -> None:
    (row,) = compared(
        con,
        tmp_path,
        [charge("a", "3"), charge("quiet", "3", hour=1)],
        plan("2", "4"),
        policy=f'idle_bearer = "{bearer}"',
        usage=[use("v1", gpu=1200)],
        coverage=[watched()],
    )
    assert amounts(row) == (8, 6, -2, 2, -4)
    assert row["actual_quantity"] == 2


@pytest.mark.parametrize("seed", range(20))
def test_random_differences_split_without_a_rest(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, seed: int
) -> None:
    rng = random.Random(seed)  # noqa: S311

    def number(most: int) -> str:
        return f"{Decimal(rng.randint(0, most)).scaleb(-18):f}"

    lines = [
        charge(str(n), number(10**30), hour=n, ConsumedQuantity=Decimal(number(10**20)))
        for n in range(4)
    ]
    days = rng.randint(0, DAYS)
    (row,) = compared(con, tmp_path, lines, plan(number(10**21), number(10**22)), days)
    assert row["status"] == "compared"


def test_a_prediction_is_price_times_quantity_to_the_last_digit() -> None:
    catalogue = models("v1") + plan("12345678901.123456789012345678", "1.5", unit="GB")
    frame = predicted(catalogue)
    exact = Decimal("18518518351.685185183518518517")
    assert frame["predicted_cost"].to_list() == [exact]
    assert frame["as_of"].to_list() == [datetime(2026, 8, 1)]
    assert predicted(models("v1")).is_empty()


def test_nothing_planned_and_nothing_billed_compares_nothing(
    con: duckdb.DuckDBPyConnection,
) -> None:
    assert compare(con, MONTH, predicted(""), [], NOTIONAL_IDLE.empty(), DAYS).variance.is_empty()
