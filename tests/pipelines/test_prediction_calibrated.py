"""Formula x coefficient: what closed months taught, applied to the terms of another month."""

import math
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction

import polars as pl
import pytest

from pipelines.calibration.coefficients import Coefficient
from pipelines.calibration.sets import CalibrationSet
from pipelines.contracts import PLANS
from pipelines.prediction.calibrated import calibrated
from pipelines.prediction.list_prices import ListPrices
from pipelines.prediction.physical import physical
from pipelines.prediction.predictions import predictions
from pipelines.registry.catalogue import FormulaUse

MONTH = "2026-09"
SERVED = FormulaUse(
    as_of=datetime(2026, 6, 1, tzinfo=UTC),
    first_month=MONTH,
    last_month=MONTH,
    model="chat",
    version="v1",
    formula="request_tokens",
    unit="1K tokens",
    provider="aws",
    price=Decimal("0.5"),
    inputs={"requests": 3_000, "tokens_per_request": 1_000},
)
"""3,000 requests of 1,000 tokens: 3,000 x 0.50 = 1,500.00."""
IDLE = FormulaUse(
    as_of=datetime(2026, 6, 1, tzinfo=UTC),
    first_month=MONTH,
    last_month=MONTH,
    model="chat",
    version="v1",
    formula="stored_gb_months",
    unit="GB-Mo",
    provider="aws",
    price=Decimal(2),
    inputs={"size": "10 GiB"},
)
"""10 GB-Mo at 2.00: no log measures a volume of it."""

GROUP = Coefficient(
    level="group",
    model="",
    version="",
    component="inference",
    group="request_tokens aws",
    k=1.25,
    log_variance=0.01,
    n=6,
    half_width=math.log(1.25),
    said="six months",
)


def calibration(*coefficients: Coefficient) -> CalibrationSet:
    return CalibrationSet(
        id="set-1",
        origin=datetime(2026, 9, 1),
        made_at=datetime(2026, 9, 6),
        data_version="",
        is_accepted=True,
        verdict=(),
        coefficients=coefficients,
    )


def terms(*coefficients: Coefficient, use: FormulaUse = SERVED) -> dict[str, dict[str, object]]:
    volumes = {("chat", "v1"): {"requests": Fraction(4_000)}}
    found = physical([use], MONTH, ListPrices(), volumes)
    rows = calibrated(found, calibration(*coefficients)).to_dicts()
    return {row["volume"]: row for row in rows}


def test_the_formulas_quantity_is_taken_times_the_coefficient():
    found = terms(GROUP)
    assert {volume: row["quantity"] for volume, row in found.items()} == {
        "ex_ante": 3_750,  # 3,000 x 1.25
        "ex_post": 5_000,  # 4,000 x 1.25
    }
    assert found["ex_ante"]["predicted_cost"] == 1_875  # 3,750 x 0.50
    assert found["ex_post"]["coefficient"] == Decimal("1.25")
    assert found["ex_post"]["coefficients"] == "set-1"
    # 1K requests of 1,000 tokens are 1,000 units of 1K tokens, x 1.25
    assert found["ex_post"]["units_per_activity"] == 1_250


def test_the_interval_holds_the_formulas_errors_and_not_those_of_a_forecast_volume():
    found = terms(GROUP)
    assert found["ex_ante"]["lower_cost"] is None
    # 2,500 / 1.25 and 2,500 x 1.25, through e^(ln 1.25)
    assert round(found["ex_post"]["lower_cost"], 9) == 2_000
    assert round(found["ex_post"]["upper_cost"], 9) == 3_125


def test_a_term_without_a_volume_has_its_interval_before_the_month():
    kept = replace(GROUP, component="storage", group="stored_gb_months aws")
    row = terms(kept, use=IDLE)["ex_ante"]
    assert row["predicted_cost"] == 25  # 10 x 1.25 x 2.00
    assert round(row["lower_cost"], 9) == 20
    assert round(row["upper_cost"], 9) == Decimal("31.25")


def test_too_little_history_has_no_interval():
    row = terms(replace(GROUP, half_width=None))["ex_post"]
    assert row["predicted_cost"] == 2_500
    assert (row["lower_cost"], row["upper_cost"]) == (None, None)


def test_a_versions_own_coefficient_goes_before_its_groups():
    own = replace(GROUP, level="version", model="chat", version="v1", k=2.0)
    assert terms(GROUP, own)["ex_ante"]["coefficient"] == 2


def test_without_a_coefficient_the_term_has_no_cost_and_says_so():
    row = terms(replace(GROUP, group="request_tokens azure"))["ex_ante"]
    assert row["predicted_cost"] is None
    assert row["quantity"] is None
    assert row["reason"] == (
        "calibration set-1 has no coefficient of inference by request_tokens aws"
    )


def test_what_physics_could_not_say_is_not_learnt_either():
    broken = SERVED.model_copy(update={"inputs": {}})
    row = terms(GROUP, use=broken)["ex_ante"]
    assert row["predicted_cost"] is None
    assert row["reason"].startswith("requests (n): not given")


def test_a_quantity_without_a_price_stays_without_a_cost():
    unpriced = SERVED.model_copy(update={"price": None})
    row = terms(GROUP, use=unpriced)["ex_ante"]
    assert (row["quantity"], row["predicted_cost"]) == (3_750, None)
    assert row["reason"].startswith("no price")


@pytest.mark.parametrize(
    ("known", "kinds"),
    [(None, ["physical"]), (calibration(GROUP), ["calibrated", "physical"])],
)
def test_kinds_stay_apart_and_nothing_is_calibrated_before_a_calibration(known, kinds):
    plans = pl.DataFrame(schema=PLANS.polars_schema)
    found = predictions(MONTH, plans, [SERVED], ListPrices(), known)
    assert sorted(found["kind"].to_list()) == kinds
