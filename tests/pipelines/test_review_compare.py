"""The comparison by named variance: sums, goals, sentences, owners and an open month's plan."""

from decimal import Decimal, localcontext
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from review_frames import MONTH, compared, frame, spend, values

from pipelines.contracts import DRIVERS, MODEL_MONTHS, PREDICTED, VARIANCE
from pipelines.money import EXACT
from pipelines.review.compare import (
    VIEWS,
    ComparedMonth,
    Wanted,
    compare_review,
    full_plan_review,
    rest_of_month,
)
from pipelines.review.driver_words import VARIANCES, gap_of
from pipelines.review.sheets import Review, Sheet
from pipelines.variance.thresholds import threshold

D = Decimal
WALK = threshold("finops-2026-06", "walk")


def line(predicted: str, **amounts: Any) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """A compared term and its drivers, named variances by keyword; other keywords are its names.

    `fed`: its kind of volume, because `volume` is a variance.
    """
    fed = amounts.pop("fed", "ex_ante")
    named = {name: D(amounts.pop(name)) for name in VARIANCES if name in amounts}
    inputs = amounts.pop("inputs", {})
    difference = sum(named.values(), D(0))
    names = {"usage_type": "", "volume": fed} | amounts
    term = compared(predicted, price="0", usage=str(difference), **names)
    drivers = [
        {name: term[name] for name in VARIANCE.key}
        | {"method": "standard", "variance": name, "amount": amount}
        | dict(zip(("predicted_value", "actual_value", "value_unit"), given, strict=True))
        for name, amount in named.items()
        for given in [inputs.get(name, (None, None, ""))]
    ]
    return term, drivers


def month(
    *lines: tuple[dict[str, Any], list[dict[str, Any]]], name: str = MONTH, **more: Any
) -> ComparedMonth:
    variance = [term | {"billing_month": name, "charge_month": name} for term, _ in lines]
    drivers = [
        row | {"billing_month": name, "charge_month": name} for _, rows in lines for row in rows
    ]
    return ComparedMonth(
        month=name,
        variance=frame(VARIANCE, *variance, *more.get("others", ())),
        drivers=frame(DRIVERS, *drivers),
        predicted=frame(PREDICTED, *more.get("predicted", ())),
        model_months=frame(MODEL_MONTHS, *more.get("spend", ())),
    )


def review(*months: ComparedMonth, by: str = "model", **wanted: str) -> Review:
    chosen = {"kind": "plan", "volume": "ex_ante", "method": "standard"} | wanted
    return compare_review(months, Wanted(by=by, threshold=WALK, **chosen))


def sheet(found: Review, name: str, audience: str | None = None) -> Sheet:
    [it] = [s for s in found.sheets if s.name == name and audience in (None, s.audience)]
    return it


MODELS = (
    line("100", idle_capacity="30", mix="-12", model="rank", model_version="1"),
    line("200", volume="-7", model="rank", model_version="2"),
    line("50", list_price="4", model="chat", component="training"),
    line("-10", credit="-3", model="", model_version="", component="", element="credit", unit=""),
)


def test_a_row_is_what_was_predicted_and_the_variances_up_to_what_it_cost():
    found = review(month(*MODELS))
    keys = ("model", "predicted_cost", "actual_cost", "difference", "reading", "goal")
    assert values(sheet(found, "comparison"), *keys) == [
        ("chat", D(50), D(54), D(4), "unfavourable", "met"),
        ("rank", D(300), D(311), D(11), "unfavourable", "met"),
        ("credits", D(-10), D(-13), D(-3), "favourable", "missed"),
        (None, D(340), D(352), D(12), "unfavourable", "met"),
    ]
    exact = sheet(found, "variances", "machine")
    named = ("model", "list_price", "idle_capacity", "mix", "volume", "credit", "difference")
    assert values(exact, *named) == [
        ("chat", D(4), None, None, None, None, D(4)),
        ("rank", None, D(30), D(-12), D(-7), None, D(11)),
        ("credits", None, None, None, None, D(-3), D(-3)),
        (None, D(4), D(30), D(-12), D(-7), D(-3), D(12)),
    ]


@pytest.mark.parametrize(
    ("by", "rows"),
    [
        ("version", [("chat", "8"), ("rank", "1"), ("rank", "2"), ("credits", "")]),
        ("component", [("training",), ("inference",), ("credits",)]),
        ("owner", [("(no owner)", "")]),
    ],
)
def test_every_view_has_the_same_total(by: str, rows: list[tuple[str, ...]]):
    comparison = sheet(review(month(*MODELS), by=by), "comparison")
    assert values(comparison, *comparison.labels)[:-1] == rows
    assert values(comparison, "predicted_cost", "difference")[-1] == (D(340), D(12))


def test_an_amount_falls_to_owners_as_they_bear_its_cost_to_the_last_digit():
    rank = {"model": "rank", "model_version": "1", "component": "inference"}
    found = review(
        month(
            line("100", idle_capacity="10", usage="-1", **rank),
            spend=[
                spend("30", owner="search", cost_centre="old", **rank),
                spend("60", owner="search", cost_centre="new", **rank),
                spend("500", owner="other", model="chat", component="inference"),
            ],
        ),
        by="owner",
    )
    rows = values(
        sheet(found, "comparison"), "owner", "cost_centre", "predicted_cost", "difference"
    )
    third, two = D("33.333333333333333333"), D("66.666666666666666667")
    assert rows == [
        ("search", "new", two, D("6.000000000000000000")),
        ("search", "old", third, D("3.000000000000000000")),
        (None, None, D(100), D(9)),
    ]
    assert third + two == 100


def test_what_the_component_does_not_tell_falls_by_the_owners_of_the_model():
    found = review(
        month(
            line("10", discontinued_line="-10", model="rank", component="storage"),
            spend=[spend("8", owner="search", model="rank", model_version="7")],
        ),
        by="owner",
    )
    assert values(sheet(found, "comparison"), "owner")[0] == ("search",)


def test_what_was_billed_at_nothing_falls_to_its_owner_too():
    bearers = spend("0", model="rank", component="inference", owner="search")
    found = review(month(line("60", price="-60", model="rank"), spend=[bearers]), by="owner")
    assert values(sheet(found, "comparison"), "owner", "difference")[0] == ("search", D(-60))


def test_what_commitments_left_unused_falls_to_their_owners_and_other_own_lines_to_nobody():
    own = {"model": "", "model_version": "", "component": "", "unit": ""}
    found = review(
        month(
            line("50", unused_commitment="30", element="unused_commitment", **own),
            line("9", tax="1", element="tax", **own),
            spend=[
                spend("60", bucket="commitment", owner="finops", cost_centre="9", element="x"),
                spend("20", bucket="commitment", owner="platform", element="x"),
            ],
        ),
        by="owner",
    )
    assert values(sheet(found, "comparison"), "owner", "difference")[:-1] == [
        ("(no owner)", D(1)),
        ("finops", D("22.5")),
        ("platform", D("7.5")),
    ]


AMOUNTS = st.decimals(-(10**15), 10**15, places=18).map(str)
LINES = st.lists(
    st.tuples(st.sampled_from(["rank", "chat", ""]), AMOUNTS, AMOUNTS, AMOUNTS),
    min_size=1,
    max_size=6,
)
BEARERS = st.lists(
    st.tuples(st.sampled_from(["rank", "chat"]), st.sampled_from(["a", "b", ""]), AMOUNTS),
    max_size=6,
)


@settings(max_examples=25, deadline=None)
@given(LINES, BEARERS, st.sampled_from(list(VIEWS)))
def test_no_view_loses_or_gains_a_digit(lines: Any, bearers: Any, by: str):
    rows = [
        line(predicted, usage=usage, fx=fx, model=model, usage_type=str(number), element="tax")
        for number, (model, predicted, usage, fx) in enumerate(lines)
    ]
    costs = [spend(cost, model=model, owner=owner) for model, owner, cost in bearers]
    found = review(month(*rows, spend=costs), by=by)
    with localcontext(EXACT):
        total = sum((D(usage) + D(fx) for _, _, usage, fx in lines), D(0))
        _holds(found, total)


def _holds(found: Review, total: Decimal) -> None:
    for name in ("comparison", "variances"):
        table = sheet(found, name, "all" if name == "comparison" else "machine")
        *parts, whole = [row.values["difference"] for row in table.rows]
        assert sum(parts, D(0)) == whole == total
    *parts, whole = values(sheet(found, "comparison"), "predicted_cost", "actual_cost")
    assert tuple(sum(column, D(0)) for column in zip(*parts, strict=True)) == whole


def test_new_lines_count_and_what_has_no_plan_is_listed_with_its_reason():
    new, drivers = line("0", new_line="7", model="rank", component="storage")
    new |= {"status": "not_planned", "predicted_cost": None, "reason": "plan p has no storage"}
    nothing = {"plan": "", "status": "not_comparable", "reason": "no plan for chat 3"}
    unknown = compared("0", price="0", usage="0", model="chat") | nothing
    unknown |= {"actual_cost": D(5), "predicted_cost": None, "difference": None}
    found = review(month((new, drivers), others=[unknown]))
    assert values(sheet(found, "comparison"), "model", "predicted_cost", "actual_cost") == [
        ("rank", D(0), D(7)),
        (None, D(0), D(7)),
    ]
    assert values(sheet(found, "not_compared"), "model", "actual_cost", "reason") == [
        ("chat", D(5), "no plan for chat 3")
    ]


def test_kinds_and_volumes_are_never_mixed():
    both = month(
        line("100", usage="5"),
        line("90", usage="15", kind="physical"),
        line("95", usage="10", kind="physical", fed="ex_post"),
    )
    for wanted, predicted in (
        ({}, D(100)),
        ({"kind": "physical"}, D(90)),
        ({"kind": "physical", "volume": "ex_post"}, D(95)),
    ):
        rows = values(sheet(review(both, **wanted), "comparison"), "predicted_cost")
        assert set(rows) == {(predicted,)}
    none = review(both, kind="calibrated")
    assert none.sheets == ()
    assert none.sentences == (
        "There is no prediction of kind calibrated, volume ex_ante here: see [[plans]] and "
        "[[formulas]].",
    )


def test_a_month_from_before_variances_had_names_shows_price_and_usage():
    term = compared("200", price="10", usage="40")
    found = review(month((term, [])))
    assert values(sheet(found, "variances", "machine"), "price", "usage", "difference")[0] == (
        D(10),
        D(40),
        D(50),
    )


def test_currencies_are_tables_of_their_own():
    found = review(month(line("1", usage="2"), line("3", usage="4", currency="CNY")))
    titles = [s.title for s in found.sheets if s.name == "comparison"]
    assert [title[-3:] for title in titles] == ["CNY", "USD"]


def gap(*drivers: tuple[str, str, tuple[str, str, str] | None]) -> str | None:
    rows = []
    for name, amount, inputs in drivers:
        before, after, unit = inputs or (None, None, "")
        _, [row] = line(
            "100",
            **{name: amount},
            inputs={name: (before and D(before), after and D(after), unit)},
        )
        rows.append(row)
    found = gap_of("rank", rows)
    return found.sentence if found else None


@pytest.mark.parametrize(
    ("driver", "said"),
    [
        (("list_price", "40", ("2", "2.4", "USD per Hrs")), "2.4 USD per Hrs instead of 2"),
        (("discount", "40", ("0.25", "0.3", "share")), "30 % off the list price instead of 25 %"),
        (
            ("idle_capacity", "40", ("0.8", "0.4516", "share")),
            "45.2 % of what was billed was busy instead of 80 %",
        ),
        (("mix", "40", ("0.6", "0.5", "share")), "50 % of the plan's activity instead of 60 %"),
        (
            ("volume", "40", ("6000", "7500", "1M tokens")),
            "7,500 x 1M tokens of the whole plan instead of 6,000",
        ),
        (
            ("efficiency", "40", ("0.5", "0.6", "Hrs per 1M tokens")),
            "0.6 Hrs per 1M tokens instead of 0.5",
        ),
        (("usage", "40", ("2232", "2498.88", "Hrs")), "2,498.88 Hrs instead of 2,232"),
        (("price", "40", ("0.0000004", "0.000001", "USD per Requests")), "0.000001 USD per"),
        (("new_line", "40", None), "nothing was planned for it"),
        (("discontinued_line", "-40", None), "planned, and nothing was billed"),
    ],
)
def test_a_sentence_tells_the_input_that_changed(driver: Any, said: str):
    sentence = gap(driver)
    assert sentence is not None
    assert f"{VARIANCES[driver[0]]} of 8 inference hardware in 2026-09: {said}" in sentence
    assert sentence.endswith("40.00 USD.")


def test_the_largest_driver_has_the_sign_of_the_gap():
    """-90 is the larger, and cannot be why it cost 10 more."""
    sentence = gap(("mix", "-90", None), ("idle_capacity", "60", None), ("volume", "40", None))
    assert sentence == (
        "rank: 10.00 USD over the prediction, most by idle capacity of 8 inference hardware in "
        "2026-09, +60.00 USD; against it mix, -90.00 USD."
    )


def test_a_small_offset_is_not_told_and_no_gap_has_no_sentence():
    assert gap(("usage", "-50", None), ("price", "4.99", None)) == (
        "rank: 45.01 USD under the prediction, most by usage of 8 inference hardware in 2026-09, "
        "-50.00 USD."
    )
    assert gap(("usage", "-50", None), ("price", "50", None)) is None


def test_a_term_that_its_plan_states_finer_than_logs_measure_says_so_once():
    why = "no log measured the tokens of rank 1: usage is told as one"
    terms = [line("60", usage="6", model="rank", reason=why, unit=unit) for unit in ("Hrs", "GB")]
    assert review(month(*terms)).sentences == (f"2026-09: {why}.",)


def test_several_terms_of_one_variance_are_told_with_the_largest_of_them():
    """-5 of a third term does not make 40 the larger part of 75."""
    found = review(
        month(line("1", usage="40", model="rank"), line("1", usage="-5", model="rank", unit="GB")),
        month(line("1", usage="30", model="rank"), name="2026-10"),
    )
    [row] = sheet(found, "largest_drivers").rows
    assert row.values["sentence"] == (
        "rank: 65.00 USD over the prediction, most by usage, +65.00 USD, its largest part in 8 "
        "inference hardware in 2026-09, +40.00 USD."
    )
    assert (row.values["variance_amount"], row.values["amount"]) == (D(65), D(40))


def test_people_do_not_read_variances_of_nothing():
    shown = sheet(
        review(month(line("100", usage="7", mix="0", price="0.000000000000000001"))),
        "variances",
        "people",
    )
    assert not {"mix", "price"} & set(shown.rows[0].values)
    assert shown.rows[0].values["usage"] == D(7)


def test_the_rest_of_an_open_month_is_what_a_day_cost_so_far():
    assert rest_of_month(D(60), 20, 30) == D(30)
    assert rest_of_month(D(100), 30, 30) == 0
    assert rest_of_month(D(1), 3, 31) == D("9.333333333333333333")


def plan_of(term: dict[str, Any], full: str) -> dict[str, Any]:
    """The full month's prediction of a term."""
    keys = {name: term[name] for name in VARIANCE.key if name in term}
    return keys | {"charge_month": MONTH, "predicted_cost": D(full), "formula": "price x quantity"}


def test_an_open_months_landing_is_compared_with_the_full_plan():
    """20 of 30 days: 66 spent of 60 planned for them lands at 99 of 90; 10 % over."""
    term, drivers = line("60", usage="6", days_covered=20, model="rank")
    open_month = month((term, drivers), predicted=[plan_of(term, "90")])
    found = full_plan_review([open_month], Wanted("model", "plan", "ex_ante", "standard", WALK))
    [landing] = found.sheets
    keys = ("actual_cost", "forecast_cost", "landing_cost", "plan_cost", "difference", "goal")
    assert values(landing, *keys) == [(D(66), D(33), D(99), D(90), D(9), "missed")] * 2
    assert landing.notes[0].startswith("20 of 30 days are billed")
    assert values(sheet(review(open_month), "comparison"), "predicted_cost")[0] == (D(60),)


def test_what_has_no_plan_is_listed_beside_the_full_plan_and_in_no_landing():
    alone = compared("0", price="0", usage="0", model="chat", usage_type="") | {
        "status": "not_comparable",
        "reason": "no plan for chat v1",
        "predicted_cost": None,
        "difference": None,
        "actual_cost": D(30),
    }
    term, drivers = line("90", usage="9", model="rank")
    full = month((term, drivers), predicted=[plan_of(term, "90")], others=[alone])
    found = full_plan_review([full], Wanted("model", "plan", "ex_ante", "standard", WALK))
    assert values(sheet(found, "full_plan"), "landing_cost") == [(D(99),)] * 2
    listed = sheet(found, "not_compared", "machine")
    assert values(listed, "actual_cost", "reason") == [(D(30), "no plan for chat v1")]


def test_a_full_month_has_nothing_left_to_forecast():
    term, drivers = line("90", usage="9", model="rank")
    full = month((term, drivers), predicted=[plan_of(term, "90")])
    [landing] = full_plan_review(
        [full], Wanted("model", "plan", "ex_ante", "standard", WALK)
    ).sheets
    assert values(landing, "forecast_cost", "landing_cost")[0] == (D(0), D(99))
    assert landing.notes == ("2026-09 is billed to its last day: nothing is left.",)
