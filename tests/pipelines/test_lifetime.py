"""The life of a version, read from published months made by hand."""

from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

from review_frames import compared, frame, spend, values

from pipelines.contracts import MODEL_MONTHS, RUNS, UNIT_COSTS, VARIANCE
from pipelines.review.lifetime import lifetime_sheets, per_thousand, unpublished_sentence
from pipelines.spend.lifetime import Life, LifeMonth, LivedMonth, lives

D = Decimal


def cost(component: str, amount: str, **names: str) -> dict[str, Any]:
    return spend(amount, model="rank", model_version="v2", component=component) | names


def served(requests: str, **names: Any) -> dict[str, Any]:
    facts = {"model": "rank", "model_version": "v2", "component": "inference", "unit": "request"}
    money = {"currency": "USD", "effective_cost": D(1), "method": "usage", "per": 1000}
    return facts | money | {"quantity": D(requests)} | names


def run(start: datetime, **names: Any) -> dict[str, Any]:
    facts = {"model": "rank", "model_version": "v2", "component": "update", "run_id": "r"}
    return facts | {"started_at": start, "ended_at": start} | names


def month(name: str, **rows: Any) -> LivedMonth:
    """A published month; spend is of its own charge month unless it says otherwise."""
    costs = [{**row, "charge_month": row.get("charge", name)} for row in rows.get("costs", ())]
    return LivedMonth(
        month=name,
        model_months=frame(
            MODEL_MONTHS, *({k: row[k] for k in row if k != "charge"} for row in costs)
        ),
        unit_costs=frame(UNIT_COSTS, *rows.get("served", ())),
        runs=frame(RUNS, *rows.get("runs", ())),
        variance=frame(VARIANCE, *rows.get("variance", ())),
    )


def test_a_life_is_what_a_version_cost_since_its_first_run():
    months = [
        month(
            "2026-07",
            costs=[cost("update", "600")],
            runs=[run(datetime(2026, 7, 20)), run(datetime(2026, 7, 3), run_id="earlier")],
        ),
        month(
            "2026-08",
            costs=[cost("inference", "50"), cost("storage", "4")],
            served=[served("2000000")],
        ),
        month("2026-09", costs=[cost("inference", "46")], served=[served("1000000")]),
    ]
    [life] = lives(months)
    assert life.first_run == datetime(2026, 7, 3)
    so_far = life.so_far
    assert so_far.costs == {"training": 0, "inference": D(96), "storage": D(4), "update": D(600)}
    assert so_far.total == D(700)
    assert so_far.requests == 3_000_000
    assert per_thousand(so_far.making, so_far.requests) == D("0.2")  # 600 for 3,000 thousand


def test_a_correction_belongs_to_the_month_it_corrects():
    months = [
        month("2026-08", costs=[cost("inference", "50")]),
        month(
            "2026-09", costs=[cost("inference", "46"), cost("inference", "-5", charge="2026-08")]
        ),
    ]
    [life] = lives(months)
    assert {name: each.total for name, each in life.months.items()} == {
        "2026-08": D(45),
        "2026-09": D(46),
    }


def test_idle_overhead_and_other_models_are_in_no_life():
    months = [
        month(
            "2026-09",
            costs=[
                cost("inference", "46"),
                spend("9", bucket="idle"),
                cost("inference", "7", model="chat"),
            ],
        )
    ]
    assert [(life.model, life.so_far.total) for life in lives(months)] == [
        ("chat", D(7)),
        ("rank", D(46)),
    ]
    assert [life.model for life in lives(months, "rank")] == ["rank"]


def test_currencies_are_lives_of_their_own_and_requests_count_in_each():
    months = [
        month(
            "2026-09",
            costs=[cost("training", "46"), cost("training", "300", currency="CNY")],
            served=[served("1000"), served("1000", currency="CNY")],
        )
    ]
    assert [(each.currency, each.so_far.total, each.so_far.requests) for each in lives(months)] == [
        ("CNY", D(300), 1000),
        ("USD", D(46), 1000),
    ]


def test_plan_and_actual_over_a_life_are_of_what_was_compared():
    line = {"model": "rank", "model_version": "v2"}
    months = [
        month(
            name,
            costs=[cost("inference", "46")],
            variance=[
                compared("40", price="1", usage="5", charge_month=name, **line),
                compared("40", price="1", usage="5", charge_month=name, kind="physical", **line),
                compared("9", price="0", usage="0", charge_month=name, unit="GB", **line)
                | {"status": "not_comparable"},
            ],
        )
        for name in ("2026-08", "2026-09")
    ]
    [life] = lives(months)
    assert (life.so_far.predicted, life.so_far.compared) == (D(80), D(92))
    sheets = {sheet.name: sheet for sheet in lifetime_sheets([life], by_month=True)}
    plans, told = sheets["lifetime_plans"], sheets["lifetime_months"]
    assert values(plans, "predicted_cost", "compared_cost", "difference") == [(D(80), D(92), D(12))]
    assert values(told, "charge_month", "cost", "so_far") == [
        ("2026-08", D(46), D(46)),
        ("2026-09", D(46), D(92)),
    ]


def test_a_life_differs_from_its_plan_by_new_and_discontinued_lines_too():
    line = {"model": "rank", "model_version": "v2", "charge_month": "2026-09"}
    new = compared("0", price="0", usage="90", **line, unit="GB")
    gone = compared("570", price="0", usage="-570", **line)
    new |= {"status": "not_planned", "predicted_cost": None, "actual_cost": D(90)}
    [life] = lives([month("2026-09", variance=[new, gone])])
    [sheet] = lifetime_sheets([life], by_month=True)  # nothing was billed: no cost of 0.00
    keys = ("predicted_cost", "compared_cost", "difference")
    assert (sheet.name, values(sheet, *keys)) == ("lifetime_plans", [(D(570), D(90), D(-480))])


def test_without_a_request_there_is_no_cost_per_request_and_no_zero():
    assert per_thousand(D(600), None) is None
    assert per_thousand(D(600), Fraction(0)) is None
    assert per_thousand(D(0), Fraction(5)) is None


def test_a_version_that_no_log_and_no_plan_tells_of_shows_neither():
    life = Life("rank", "", "USD")
    life.months["2026-09"] = LifeMonth({"storage": D(3)}, is_billed=True)
    [sheet] = lifetime_sheets([life], by_month=False)
    keys = ("model_version", "first_month", "total", "requests", "making_per_1000_requests")
    assert values(sheet, *keys) == [("(all versions)", "2026-09", D(3), None, None)]


def test_a_month_that_is_not_published_is_named():
    assert unpublished_sentence(["2026-07", "2026-09", "2026-10"]) == (
        "Not published, and so in no figure here: 2026-08."
    )
    assert unpublished_sentence(["2026-07", "2026-08"]) is None
    assert unpublished_sentence([]) is None
