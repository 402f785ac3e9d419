"""What logs measured of a version, as the volumes that formulas and comparisons take."""

from decimal import Decimal
from fractions import Fraction

import polars as pl

from pipelines.contracts import UNIT_COSTS
from pipelines.prediction.volumes import measured_volumes


def unit_cost(unit: str, quantity: int, **more: str) -> dict[str, object]:
    return {
        "billing_month": "2026-09",
        "currency": "USD",
        "model": "chat",
        "model_version": "v1",
        "component": "inference",
        "use_case": "",
        "tenant": "",
        "unit": unit,
        "unit_source": "",
        "method": "tokens",
        "effective_cost": Decimal(1),
        "quantity": Decimal(quantity),
        "per": 1,
    } | more


def measured(*rows: dict[str, object]) -> dict[tuple[str, str], dict[str, Fraction]]:
    frame = pl.DataFrame(list(rows), schema=UNIT_COSTS.polars_schema, orient="row")
    return {version: dict(found) for version, found in measured_volumes(frame).items()}


def test_users_are_added_up_and_input_is_all_that_went_in():
    found = measured(
        unit_cost("input_token", 2_000_000, tenant="shop-a"),
        unit_cost("input_token", 1_000_000, tenant="shop-b"),
        unit_cost("cached_input_token", 1_000_000, tenant="shop-a"),
        unit_cost("output_token", 500_000, tenant="shop-b"),
    )
    assert found == {
        ("chat", "v1"): {
            "uncached_input_tokens": 3_000_000,
            "cached_tokens": 1_000_000,
            "output_tokens": 500_000,
            "input_tokens": 4_000_000,
            "tokens": 4_500_000,
        }
    }


def test_a_version_billed_in_two_currencies_served_its_requests_once():
    found = measured(
        unit_cost("request", 700, currency="USD"), unit_cost("request", 700, currency="CNY")
    )
    assert found == {("chat", "v1"): {"requests": 700}}


def test_gpu_seconds_become_hours():
    assert measured(unit_cost("gpu_second_busy", 5_400)) == {
        ("chat", "v1"): {"gpu_hours": Fraction(3, 2)}
    }


def test_what_nobody_measured_is_absent_and_not_zero():
    assert (
        measured(
            unit_cost("request", 0, method="no_use"),
            unit_cost("training_run", 3, component="training"),
            unit_cost("gpu_second_held", 3_600),
            unit_cost("request", 8, component="all"),
            unit_cost("orders", 12, unit_source="shop"),
            unit_cost("request", 9, model_version=""),
        )
        == {}
    )
