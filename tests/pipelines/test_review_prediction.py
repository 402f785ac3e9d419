from decimal import Decimal

from review_frames import compared, frame, published, values

from pipelines.contracts import VARIANCE
from pipelines.review.prediction import prediction_sheets

D = Decimal


def sheets(*lines: dict[str, object]):
    return prediction_sheets([published(variance=frame(VARIANCE, *lines))])


def test_elements_add_up_to_a_component_and_components_to_the_plan():
    [sheet] = sheets(
        compared("200", price="10", usage="40"),
        compared("20", price="-1", usage="0", element="bandwidth", unit="GB"),
        compared("5", price="0", usage="1", component="storage", unit="GB-Mo"),
    )
    assert values(sheet, "component", "predicted_cost", "actual_cost", "difference") == [
        ("inference", D(220), D(269), D(49)),
        ("storage", D(5), D(6), D(1)),
        (None, D(225), D(275), D(50)),
    ]
    assert [row.level for row in sheet.rows] == ["line", "line", "total"]


def test_price_and_usage_of_every_row_are_its_difference():
    [sheet] = sheets(
        compared("200", price="10", usage="40"), compared("5", price="3", usage="-9", unit="GB")
    )
    for row in sheet.rows:
        named = row.values["price_variance"] + row.values["usage_variance"]
        assert named == row.values["difference"]


def test_the_largest_driver_is_one_sentence_with_the_quantities():
    [sheet] = sheets(
        compared("200", price="10", usage="40"), compared("5", price="-39", usage="0", unit="GB")
    )
    assert sheet.notes == (
        "Largest driver: usage, inference hardware of search-rank 8: 120.00 Hrs instead of 100.00 "
        "planned, +40.00 USD.",
    )


def test_a_price_that_fell_is_a_driver_too():
    [sheet] = sheets(compared("200", price="-50", usage="40"))
    assert sheet.notes == (
        "Largest driver: price, inference hardware of search-rank 8: 1.5833 instead of 2 USD per "
        "Hrs planned, -50.00 USD.",
    )


def test_what_cannot_be_compared_keeps_its_reason_and_enters_no_sum():
    nothing = dict.fromkeys(("predicted_cost", "difference", "price_variance", "usage_variance"))
    both = sheets(
        compared("200", price="0", usage="0"),
        compared("0", price="0", usage="0", component="storage")
        | nothing
        | {"actual_cost": D(7), "status": "not_planned", "reason": "no plan line"},
    )
    prediction, others, summary = both
    assert prediction.rows[-1].values["actual_cost"] == D(200)
    assert values(others, "component", "predicted_cost", "actual_cost", "status", "reason") == [
        ("storage", None, D(7), "not planned", "no plan line")
    ]
    assert values(summary, "model", "model_version", "actual_cost", "components", "cause") == [
        ("search-rank", "8", D(7), "storage", "not in the plan")
    ]


def test_an_open_month_says_which_days_it_compares():
    [sheet] = sheets(compared("70", price="0", usage="0", days_covered=21))
    assert sheet.notes[0] == (
        "The bill covers 21 of 30 days of 2026-09: the plan is taken for these days."
    )


def test_plans_and_currencies_are_sheets_of_their_own():
    titles = [
        sheet.title
        for sheet in sheets(
            compared("1", price="0", usage="0"),
            compared("1", price="0", usage="0", currency="CNY"),
            compared("1", price="0", usage="0", plan="2026-old"),
        )
    ]
    assert titles == [
        "Predicted and actual, effective cost, CNY, plan 2026-h2",
        "Predicted and actual, effective cost, USD, plan 2026-h2",
        "Predicted and actual, effective cost, USD, plan 2026-old",
    ]


def test_a_month_without_plans_has_no_such_sheet():
    assert sheets() == ()


def test_a_line_of_no_model_has_its_own_name_and_is_in_the_total():
    nothing = {"model": "", "model_version": "", "component": "", "unit": ""}
    [sheet] = sheets(
        compared("200", price="10", usage="40"),
        compared("-20", price="0", usage="0", element="credit", **nothing)
        | {"difference": D(-5), "actual_cost": D(-25)},
        compared("50", price="0", usage="0", element="tax", **nothing)
        | {"difference": D(2), "actual_cost": D(52)},
    )
    assert values(sheet, "model", "component", "predicted_cost", "difference") == [
        ("search-rank", "inference", D(200), D(50)),
        ("credits", None, D(-20), D(-5)),
        ("tax", None, D(50), D(2)),
        (None, None, D(230), D(47)),
    ]
    assert values(sheet, "price_variance", "usage_variance", "own_variance") == [
        (D(10), D(40), None),
        (None, None, D(-5)),
        (None, None, D(2)),
        (D(10), D(40), D(-3)),
    ]
    assert "search-rank" in sheet.notes[0]


def test_what_formulas_predict_is_not_added_to_the_plan():
    [sheet] = sheets(
        compared("200", price="10", usage="40"),
        compared("190", price="10", usage="50", kind="physical"),
        compared("195", price="10", usage="45", kind="calibrated", volume="ex_post"),
    )
    assert values(sheet, "predicted_cost")[-1] == (D(200),)
