"""Actual against plan, row by row: what is compared, and the reason where nothing is."""

import random
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest
from attribution_builders import attribute, charge, deployed, models, use, watched
from variance_months import (
    DAYS,
    MONTH,
    billed,
    catalogue,
    comparison,
    line,
    lines,
    overhead,
    plan,
    predicted,
    term,
    variances,
)

from pipelines.money import EXACT
from pipelines.variance import Comparison, compare
from pipelines.variance.sums import terms_that_do_not_add_up

MONEY = ("predicted_cost", "actual_cost", "difference", "price_variance", "usage_variance")
PLANS = catalogue() + plan(term("2", "4"))


def amounts(row: dict[str, Any]) -> tuple[Decimal | None, ...]:
    return tuple(row[name] for name in MONEY)


def test_the_difference_is_price_plus_usage(tmp_path: Path) -> None:
    row = line(comparison(tmp_path, [billed("3"), billed("3")], PLANS))
    assert amounts(row) == (8, 6, -2, 2, -4)
    assert (row["status"], row["actual_quantity"], row["basis"]) == ("compared", 2, "EffectiveCost")


def test_an_open_month_is_compared_with_the_plan_of_its_days(tmp_path: Path) -> None:
    row = line(comparison(tmp_path, [billed("3")], catalogue() + plan(term("2", "7")), days=10))
    third = Decimal("2.333333333333333333")
    assert (row["planned_quantity"], row["predicted_cost"]) == (third, 2 * third)
    assert (row["days_covered"], row["days_in_month"]) == (10, 30)


def test_a_line_that_was_planned_and_never_billed_is_discontinued(tmp_path: Path) -> None:
    found = comparison(tmp_path, [], PLANS)
    assert amounts(line(found)) == (8, 0, -8, 0, -8)
    assert line(found)["reason"] == "planned, and nothing was billed"
    assert variances(found) == variances(found, "shapley") == {"discontinued_line": -8}


@pytest.mark.parametrize(
    ("price", "quantity", "reason"),
    [
        (None, "4", "the plan states no price"),
        ("2", None, "the plan states no quantity"),
        (None, None, "the plan states no price and no quantity"),
    ],
)
def test_a_plan_without_price_or_quantity_is_never_a_zero(
    tmp_path: Path, price: str | None, quantity: str | None, reason: str
) -> None:
    found = comparison(tmp_path, [billed("3")], catalogue() + plan(term(price, quantity)))
    assert (line(found)["status"], line(found)["reason"]) == ("not_comparable", reason)
    assert amounts(line(found)) == (None, 3, None, None, None)
    assert found.drivers.is_empty()


def test_cost_without_a_plan_is_listed_with_its_reason(tmp_path: Path) -> None:
    rows = [billed("3"), billed("2", bucket="model", model_version="")]
    found = comparison(tmp_path, rows, catalogue())
    assert {(row["actual_cost"], row["status"], row["reason"]) for row in lines(found)} == {
        (3, "not_comparable", "no plan for m v1"),
        (2, "not_comparable", "no plan for m, whose version the bill does not tell"),
    }


def test_a_term_that_the_plan_lacks_is_not_planned(tmp_path: Path) -> None:
    out = billed("5", element="bandwidth", ConsumedUnit="GB")
    found = comparison(tmp_path, [billed("8", "4"), out], PLANS)
    extra = line(found, element="bandwidth")
    assert (extra["status"], extra["difference"]) == ("not_planned", 5)
    assert extra["reason"] == "plan budget has no inference bandwidth in GB"
    assert (extra["price_variance"], extra["usage_variance"]) == (None, None)
    assert variances(found) == {"price": 0, "usage": 0, "new_line": 5}


def test_currencies_are_never_mixed(tmp_path: Path) -> None:
    found = comparison(tmp_path, [billed("3")], catalogue() + plan(term(), currency="EUR"))
    why = "the plan states no budget rate of USD"
    assert {(row["currency"], row["status"], row["reason"]) for row in lines(found)} == {
        ("EUR", "not_comparable", f"planned in EUR, billed in USD: {why}"),
        ("USD", "not_comparable", f"planned in EUR: {why}"),
    }


def test_cost_without_a_billed_quantity_has_no_price(tmp_path: Path) -> None:
    row = line(comparison(tmp_path, [billed("3", None)], PLANS))
    assert (row["status"], row["reason"]) == (
        "not_comparable",
        "the bill states no quantity for this cost",
    )


def test_a_planned_term_that_is_billed_without_a_unit_is_not_gone(tmp_path: Path) -> None:
    bare = billed("3", None, ConsumedUnit=None)
    found = comparison(tmp_path, [bare], PLANS)
    assert {(row["unit"], row["actual_cost"], row["status"]) for row in lines(found)} == {
        ("hours", None, "not_comparable"),
        ("", 3, "not_comparable"),
    }
    assert {row["reason"] for row in lines(found)} == {
        "planned in hours, and the bill states no quantity"
    }
    # beside hours it is a correction of them, which the plan does not have
    found = comparison(tmp_path, [bare, billed("8", "4")], PLANS)
    assert variances(found) == {"price": 0, "usage": 0, "new_line": 3}


@pytest.mark.parametrize(
    ("planned", "unit"), [("hours", "Seconds"), ("1K tokens", "1M tokens"), ("GB", "GiB")]
)
def test_a_plan_in_another_unit_of_the_same_thing_is_not_comparable(
    tmp_path: Path, planned: str, unit: str
) -> None:
    rows = [billed("8", "7200", ConsumedUnit=unit)]
    found = comparison(tmp_path, rows, catalogue() + plan(term(unit=planned)))
    reason = f"planned in {planned}, billed in {unit}: plan it in the bill's unit"
    assert {(row["unit"], row["actual_cost"], row["reason"]) for row in lines(found)} == {
        (planned, None, reason),
        (unit, 8, reason),
    }
    assert {row["status"] for row in lines(found)} == {"not_comparable"}


def test_a_term_of_another_thing_is_new_and_the_planned_one_discontinued(tmp_path: Path) -> None:
    rows = [billed("8", "7200", ConsumedUnit="GB")]
    assert variances(comparison(tmp_path, rows, PLANS)) == {"discontinued_line": -8, "new_line": 8}


def test_the_latest_plan_known_by_the_months_end_is_in_force(tmp_path: Path) -> None:
    plans = (
        plan(term("1"), name="first", as_of="2026-07-01")
        + plan(term("2"), name="revised", as_of="2026-09-15")
        + plan(term("9"), name="hindsight", as_of="2026-10-01")
        + plan(term("9"), name="other", months=("2026-10", "2026-12"))
    )
    row = line(comparison(tmp_path, [billed("3")], catalogue() + plans))
    assert (row["plan"], row["predicted_cost"]) == ("revised", 8)


def test_tax_and_credits_are_lines_of_their_own(tmp_path: Path) -> None:
    tax = billed("9", None, ChargeCategory="Tax", element="adjustment")
    rows = lines(comparison(tmp_path, [billed("8", "4"), tax, overhead("-9", "Credit")], PLANS))
    assert {(row["model"], row["element"], row["actual_cost"], row["reason"]) for row in rows} == {
        ("m", "hardware", 8, ""),
        ("", "tax", 9, "no plan for tax in USD"),
        ("", "credit", -9, "no plan for credits in USD"),
    }


def test_what_is_not_ai_enters_no_line(tmp_path: Path) -> None:
    away = [overhead("7", category, bucket="not_ai") for category in ("Usage", "Tax", "Credit")]
    assert not lines(comparison(tmp_path, away, catalogue()))


def test_corrections_of_another_month_are_listed_beside(tmp_path: Path) -> None:
    found = comparison(tmp_path, [billed("3"), billed("-2", charge_month="2026-08")], PLANS)
    assert {(row["charge_month"], row["actual_cost"], row["status"]) for row in lines(found)} == {
        ("2026-09", 3, "compared"),
        ("2026-08", -2, "not_comparable"),
    }


def other_kind(kind: str, volume: str = "ex_ante", **changed: Any) -> pl.DataFrame:
    """The plan of 4 hours at 2.00, said by another kind of prediction."""
    named = {"kind": kind, "volume": volume, "plan": kind} | changed
    rows = predicted(PLANS)
    return rows.with_columns(
        pl.lit(value, rows.schema[name]).alias(name) for name, value in named.items()
    )


def test_every_kind_and_volume_is_compared_with_the_same_actual(tmp_path: Path) -> None:
    asked = pl.concat(
        [
            predicted(PLANS),
            other_kind("physical"),
            other_kind("physical", "ex_post", quantity=Decimal(5)),
            other_kind("calibrated", price=Decimal(3)),
        ]
    )
    rows = lines(comparison(tmp_path, [billed("10", "5")], asked))
    assert {(row["kind"], row["volume"]): row["difference"] for row in rows} == {
        ("plan", "ex_ante"): 2,
        ("physical", "ex_ante"): 2,
        ("physical", "ex_post"): 0,
        ("calibrated", "ex_ante"): -2,
    }


def test_only_a_plan_says_what_nobody_planned(tmp_path: Path) -> None:
    out = billed("5", element="bandwidth", ConsumedUnit="GB")
    asked = other_kind("physical")
    rows = lines(comparison(tmp_path, [billed("8", "4"), out, overhead("1", "Tax")], asked))
    assert {(row["kind"], row["element"], row["status"]) for row in rows} == {
        ("physical", "hardware", "compared"),
        ("plan", "hardware", "not_comparable"),
        ("plan", "bandwidth", "not_comparable"),
        ("plan", "tax", "not_comparable"),
    }


def test_a_prediction_that_could_not_be_made_gives_its_own_reason(tmp_path: Path) -> None:
    reason = "no price of p5.48xlarge in us-east-1 at 2026-09-01: no book has it"
    asked = other_kind("physical", price=None, predicted_cost=None, reason=reason)
    row = line(comparison(tmp_path, [billed("8", "4")], asked), kind="physical")
    assert (row["status"], row["reason"], row["difference"]) == ("not_comparable", reason, None)


def test_variances_that_do_not_add_up_are_found(tmp_path: Path) -> None:
    found = comparison(tmp_path, [billed("3")], PLANS)
    less = found.drivers.filter(
        ~((pl.col("variance") == "price") & (pl.col("method") == "shapley"))
    )
    off = terms_that_do_not_add_up(found.variance, less)
    assert off["method"].to_list() == ["shapley"]
    none = terms_that_do_not_add_up(found.variance, found.drivers.clear())
    assert sorted(none["method"].to_list()) == ["shapley", "standard"]


@pytest.mark.parametrize("bearer", ["kept", "endpoint_owner", "spread_by_use"])
def test_idle_belongs_to_the_comparison_whoever_bears_it(tmp_path: Path, bearer: str) -> None:
    text = models("v1", "v2") + deployed("v1")
    ledger = attribute(
        tmp_path,
        [charge("a", "3"), charge("quiet", "3", hour=1)],
        text,
        policy=f'idle_bearer = "{bearer}"',
        usage=[use("v1", gpu=1200)],
        coverage=[watched()],
    )
    with duckdb.connect() as con:
        asked = predicted(text + plan(term("2", "4")))
        found = compare(con, MONTH, asked, [ledger.file], ledger.notional_idle, DAYS)
    row = line(found)
    assert amounts(row) == (8, 6, -2, 2, -4)
    assert row["actual_quantity"] == 2


def randomly(seed: int, folder: Path) -> Comparison:
    rng = random.Random(seed)  # noqa: S311

    def number(most: int, least: int = 0) -> str:
        return f"{Decimal(rng.randint(least, most)).scaleb(-18):f}"

    rows = [
        billed(number(10**30, -(10**30)), number(10**20), listed=number(10**30)) for _ in range(4)
    ]
    plans = catalogue() + plan(term(number(10**21), number(10**22)))
    return comparison(folder, rows, plans, days=rng.randint(0, DAYS))


@pytest.mark.parametrize("seed", range(8))
def test_random_differences_split_without_a_rest(tmp_path: Path, seed: int) -> None:
    row = line(randomly(seed, tmp_path))
    assert row["status"] == "compared"
    parts = EXACT.add(row["price_variance"], row["usage_variance"])
    whole = EXACT.subtract(row["actual_cost"], row["predicted_cost"])
    assert row["difference"] == parts == whole


def test_a_prediction_is_price_times_quantity_to_the_last_digit() -> None:
    text = catalogue() + plan(term("12345678901.123456789012345678", "1.5", unit="GB"))
    rows = predicted(text)
    exact = Decimal("18518518351.685185183518518517")
    assert rows["predicted_cost"].to_list() == [exact]
    assert rows["as_of"].to_list() == [datetime(2026, 8, 1)]
    assert predicted(catalogue()).is_empty()


def test_nothing_planned_and_nothing_billed_compares_nothing(tmp_path: Path) -> None:
    found = comparison(tmp_path, [], "")
    assert found.variance.is_empty()
    assert found.drivers.is_empty()
