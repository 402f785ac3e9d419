"""What is predicted, side by side: sums of what is known, reasons for what is not."""

import math
from datetime import datetime
from decimal import Decimal
from typing import Any

import polars as pl

from pipelines.contracts import PREDICTED
from pipelines.review.predict import nothing_predicted, predict_sheets
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


def frame(*terms: dict[str, Any]) -> pl.DataFrame:
    return pl.DataFrame(list(terms), schema=PREDICTED.polars_schema, orient="row")


def sheets(*terms: dict[str, Any], **wanted: Any) -> dict[str, Sheet]:
    return {sheet.name: sheet for sheet in predict_sheets(frame(*terms), "2026-09", **wanted)}


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


def learnt(cost: int, sure: bool = True, **more: Any) -> list[dict[str, Any]]:
    """A formula's term and its calibrated twin."""
    more |= {"inputs": "{}"}
    ends = {"lower_cost": Decimal(1), "upper_cost": Decimal(2)} if sure else {}
    return [
        term(cost, kind="physical", plan="physical", **more),
        term(cost, kind="calibrated", plan="calibrated", coefficients="c1", **ends, **more),
    ]


def test_a_calibrated_total_has_the_interval_of_earlier_totals_and_only_where_it_is_one():
    two = [*learnt(30), *learnt(10, model_version="v2")]
    wide = {"wholes": {"c1": math.log(2)}}

    def ends(*terms: dict[str, Any], **wanted: Any) -> tuple[Any, ...]:
        total = sheets(*terms, **wanted)["predictions"].rows[-1]
        assert (total.level, total.values["calibrated"]) == ("total", 40)
        told = total.values.get("lower_cost"), total.values.get("upper_cost")
        return tuple(None if one is None else round(one, 9) for one in told)

    assert ends(*two, **wide) == (20, 80)
    assert ends(*two) == (None, None), "no misses of totals"
    assert ends(*two, **wide, model="chat") == (None, None), "a part of the whole"
    assert ends(*learnt(30), *learnt(10, sure=False, model_version="v2"), **wide) == (None, None)
    withheld = term(5, kind="physical", plan="physical", component="training")
    assert ends(*two, withheld, **wide) == (None, None)


def test_a_kind_that_is_not_there_is_no_month_that_nothing_names():
    there = frame(term(3), term(4, kind="physical", plan="physical"))
    assert "no accepted calibration was made of" in nothing_predicted(
        there, "2026-09", "calibrated"
    )
    assert nothing_predicted(there, "2026-09", None).endswith("there is: plan, physical (ex_ante).")
    assert "no plan and no formula" in nothing_predicted(frame(), "2026-09", "calibrated")
