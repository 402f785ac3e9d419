from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from calibration_states import GROUP, state, term

from pipelines.calibration.observations import as_known
from pipelines.calibration.published import Published, State, observed, source_months, states_of


def in_usd(cost: Decimal, currency: str, month: str) -> Decimal | None:
    return {"USD": cost, "EUR": cost * Decimal("1.1")}.get(currency)


def learnt(*states: State) -> Published:
    return observed(states, in_usd)


def known_ratios(states: list[State], origin: datetime) -> dict[str, float]:
    """k by month, as it was known."""
    known = as_known(learnt(*states).of("ex_post"), origin)
    return {one.month: one.k for one in known}


def test_a_bill_restated_after_the_origin_is_not_known_at_the_origin() -> None:
    may, restated = datetime(2026, 6, 7), datetime(2026, 8, 20)
    states = [
        state("2026-05", may, term("100", "120")),
        state("2026-05", restated, term("100", "300")),
        state("2026-06", datetime(2026, 7, 7), term("100", "125")),
    ]
    assert known_ratios(states, datetime(2026, 6, 6)) == {}
    assert known_ratios(states, datetime(2026, 8, 1)) == {"2026-05": 1.2, "2026-06": 1.25}
    assert known_ratios(states, datetime(2026, 8, 20)) == {"2026-05": 1.2, "2026-06": 1.25}
    assert known_ratios(states, datetime(2026, 8, 21)) == {"2026-05": 3.0, "2026-06": 1.25}


def test_a_month_filled_in_later_counts_with_its_first_state_and_is_marked() -> None:
    first, second = datetime(2026, 10, 1), datetime(2026, 11, 1)
    states = [
        state("2026-04", first, term("100", "110")),
        state("2026-04", second, term("100", "500")),
    ]
    origin = datetime(2026, 6, 1)  # after April, and before either was published
    assert known_ratios(states, origin) == {"2026-04": 1.1}
    observations = learnt(*states).of("ex_post")
    assert [(one.known_at, one.is_hindsight) for one in observations] == [
        (first, True),
        (second, False),
    ]
    [source] = source_months(states, observations, origin)
    assert (source.month, source.published_at, source.is_hindsight) == ("2026-04", first, True)


def test_a_month_published_within_weeks_is_never_taken_as_known_from_its_end() -> None:
    states = [state("2026-09", datetime(2026, 10, 7), term("100", "110"))]
    assert known_ratios(states, datetime(2026, 10, 1)) == {}


def test_a_formula_declared_later_counts_for_an_earlier_month_as_hindsight() -> None:
    states = [
        state("2026-04", datetime(2026, 5, 7)),
        state("2026-04", datetime(2026, 9, 7), term("100", "110")),
    ]
    [one] = learnt(*states).of("ex_post")
    assert one.is_hindsight


def test_terms_of_one_group_add_up_and_costs_of_another_currency_are_converted() -> None:
    # 100 + 50 of the formula, 120 + 60 billed; 240 USD + 120 EUR x 1.1 = 372 USD
    both = learnt(
        state(
            "2026-05",
            datetime(2026, 6, 7),
            term("100", "120"),
            term("50", "60", currency="EUR"),
        )
    )
    [one] = both.of("ex_post")
    assert (one.formula, one.actual, one.cost) == (150.0, 180.0, 372.0)
    assert (one.group, one.mfu) == (GROUP, 0.4)


def test_what_does_not_add_up_is_rejected_with_its_reason() -> None:
    found = learnt(
        state(
            "2026-05",
            datetime(2026, 6, 7),
            term("100", "120", model="a"),
            term("50", "60", model="a", unit="Seconds"),
            term("50", "60", model="b", currency="JPY"),
        )
    )
    assert found.observations == ()
    assert [(one.model, one.reason) for one in found.rejected] == [
        ("a", "its terms are counted in Hrs and Seconds: they do not add up"),
        ("b", "no rate of exchange tells what its JPY of 2026-05 are"),
    ]


def test_the_measured_volume_scores_the_formula_and_the_forecast_one_the_budget() -> None:
    inference = {"component": "inference", "inputs": "{}", "utilisation": Decimal("0.5")}
    found = learnt(
        state(
            "2026-05",
            datetime(2026, 6, 7),
            term("100", "180", **inference),
            term("150", "180", volume="ex_post", **inference),
            term("10", "11"),
        )
    )
    told = {
        volume: {one.component: (one.formula, one.utilisation) for one in found.of(volume)}
        for volume in ("ex_ante", "ex_post")
    }
    # No log measures training: its one quantity is as good before as after.
    assert told == {
        "ex_ante": {"inference": (100.0, 0.5), "training": (10.0, None)},
        "ex_post": {"inference": (150.0, 0.5), "training": (10.0, None)},
    }


def test_a_forecast_volume_never_stands_in_for_a_log_that_was_missing() -> None:
    found = learnt(
        state(
            "2026-05",
            datetime(2026, 6, 7),
            term("100", "180", component="inference"),
            term("0", "0", component="inference", volume="ex_post", status="not_comparable"),
        )
    )
    assert [one.volume for one in found.observations] == ["ex_ante"]


def test_an_open_month_and_other_kinds_teach_nothing() -> None:
    found = learnt(
        state(
            "2026-05",
            datetime(2026, 6, 7),
            term("100", "120", kind="plan"),
            term("100", "120", kind="calibrated"),
            term("100", "120", days_covered=12),
            term("100", "120", status="not_comparable"),
        )
    )
    assert found == Published((), ())


def test_the_mfu_of_a_window_counts_by_the_goodput() -> None:
    inputs = '{"window_mfu": {"value": "0.4"}, "goodput": {"value": "0.9"}}'
    [one] = learnt(state("2026-05", datetime(2026, 6, 7), term("100", "120", inputs=inputs))).of(
        "ex_post"
    )
    assert one.mfu == 0.36


@dataclass
class Publication:
    publication_id: str
    status: str
    billing_month: str = "2026-07"
    inputs: dict[str, Any] = field(default_factory=dict)


def test_only_final_and_closed_publications_are_states_of_a_month() -> None:
    def ids(*publications: Publication) -> list[str]:
        return [one.publication_id for one in states_of(publications)]

    final = Publication("b", "final")
    closes_final = Publication("c", "closed", inputs={"closing": {"publication_id": "b"}})
    closes_provisional = Publication("d", "closed", inputs={"closing": {"publication_id": "a"}})
    provisional, beside = Publication("a", "provisional"), Publication("e", "restated")
    assert ids(provisional, final, closes_final, beside) == ["b"]
    assert ids(provisional, closes_provisional, beside) == ["d"]
    assert ids(provisional) == []
