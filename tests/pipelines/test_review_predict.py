"""What is predicted, side by side: sums of what is known, reasons for what is not."""

from datetime import datetime
from decimal import Decimal
from typing import Any

import polars as pl

from pipelines.contracts import PREDICTED
from pipelines.review.predict import predict_sheets
from pipelines.review.sheets import Sheet


def term(cost: int | None, **more: Any) -> dict[str, Any]:
    empty: dict[str, Any] = dict.fromkeys(PREDICTED.columns)
    return empty | {
        "billing_month": "2026-09",
        "charge_month": "2026-09",
        "plan": "budget",
        "kind": "plan",
        "volume": "ex_ante",
        "model": "chat",
        "model_version": "v1",
        "component": "inference",
        "element": "hardware",
        "usage_type": "",
        "currency": "USD",
        "unit": "Hrs",
        "as_of": datetime(2026, 6, 1),
        "formula": "price x quantity",
        "reason": "",
        "predicted_cost": None if cost is None else Decimal(cost),
        **more,
    }


def sheets(*terms: dict[str, Any], **wanted: str) -> dict[str, Sheet]:
    frame = pl.DataFrame(list(terms), schema=PREDICTED.polars_schema, orient="row")
    return {sheet.name: sheet for sheet in predict_sheets(frame, "2026-09", **wanted)}


def test_terms_of_a_component_add_up_and_kinds_stand_side_by_side():
    found = sheets(term(3), term(4, element="bandwidth"), term(5, kind="physical", plan="physical"))
    [row] = found["predictions"].rows
    assert {name: row.values[name] for name in ("plan", "physical")} == {"plan": 7, "physical": 5}


def test_a_component_that_lacks_a_term_has_no_sum_and_is_in_no_total():
    found = sheets(
        term(3),
        term(None, element="bandwidth", reason="no price"),
        term(8, component="training"),
    )
    training, inference, total = found["predictions"].rows
    assert (training.values["plan"], inference.values["plan"]) == (8, None)
    assert (total.level, total.values["plan"]) == ("total", 8)
    [missing] = found["not_predicted"].rows
    assert (missing.values["element"], missing.values["reason"]) == ("bandwidth", "no price")


def test_a_plan_without_a_quantity_says_so():
    [missing] = sheets(term(None, price=Decimal(1)))["not_predicted"].rows
    assert missing.values["reason"] == "the plan states no quantity"


def test_a_reason_that_two_kinds_share_is_told_once():
    found = sheets(
        term(None, kind="physical", reason="no price"),
        term(None, kind="calibrated", reason="no price"),
    )
    [missing] = found["not_predicted"].rows
    assert missing.values["kinds"] == "physical, calibrated"


def test_of_two_plans_the_later_known_stands_side_by_side_and_both_term_by_term():
    revised = term(9, plan="budget-2", as_of=datetime(2026, 8, 1))
    found = sheets(term(3), revised)
    [row] = found["predictions"].rows
    assert row.values["plan"] == 9
    assert [row.values["plan"] for row in found["terms"].rows] == ["budget", "budget-2"]


def test_intervals_are_never_added_up():
    learnt = {"kind": "calibrated", "lower_cost": Decimal(2), "upper_cost": Decimal(4)}
    [alone] = sheets(term(3, **learnt))["predictions"].rows
    assert (alone.values["lower_cost"], alone.values["upper_cost"]) == (2, 4)
    [two] = sheets(term(3, **learnt), term(3, element="bandwidth", **learnt))["predictions"].rows
    assert two.values["calibrated"] == 6
    assert "lower_cost" not in two.values


def test_lines_that_no_model_has_come_last_under_their_own_name():
    found = sheets(
        term(-5, model="", model_version="", component="", element="credit", unit=""), term(3)
    )
    first, last, total = found["predictions"].rows
    assert (first.values["model"], last.values["model"]) == ("chat", "credits")
    assert total.values["plan"] == -2


def test_currencies_and_volumes_are_sheets_of_their_own():
    frame = pl.DataFrame(
        [
            term(3),
            term(4, currency="EUR"),
            term(5, kind="physical", plan="physical", volume="ex_post"),
        ],
        schema=PREDICTED.polars_schema,
        orient="row",
    )
    titles = [sheet.title for sheet in predict_sheets(frame, "2026-09", volume=None)]
    assert [title for title in titles if title.startswith("Predicted")] == [
        "Predicted for 2026-09, its volume foreseen too (ex ante), EUR",
        "Predicted for 2026-09, its volume foreseen too (ex ante), USD",
        "Predicted for 2026-09, with the measured volume (ex post), USD",
    ]
