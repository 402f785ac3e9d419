from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import polars as pl
import pytest

from pipelines.calibration.daily import (
    DailyVolumes,
    Line,
    MonthFigures,
    WatchedLine,
    of_month,
    watched_lines,
)
from pipelines.contracts import MODEL_DAYS, PREDICTED, Contract
from pipelines.months import days_in_month
from pipelines.registry.catalogue import Event
from pipelines.review.drift import drift_sheets

LINE = Line("rank", "8", "inference", "USD")


def frame(contract: Contract, rows: list[dict[str, Any]]) -> pl.DataFrame:
    named = {"model": LINE.model, "model_version": LINE.version, "component": LINE.component}
    told = [named | {"currency": "USD", "element": "hardware"} | row for row in rows]
    filled = [{name: row.get(name) for name in contract.columns} for row in told]
    return pl.DataFrame(filled, schema=contract.polars_schema, orient="row")


def predicted(cost: str | None, **names: Any) -> dict[str, Any]:
    amount = None if cost is None else Decimal(cost)
    return {"kind": "physical", "volume": "ex_ante", "predicted_cost": amount} | names


def costs(month: str, factors: list[float], base: str = "10") -> list[dict[str, Any]]:
    """One charge a day: the base times its factor."""
    return [
        {
            "charge_date": f"{month}-{day:02}",
            "effective_cost": (Decimal(base) * Decimal(str(factor))).quantize(Decimal("0.0001")),
        }
        for day, factor in enumerate(factors, start=1)
    ]


def figures(
    month: str,
    terms: list[dict[str, Any]],
    spend: list[dict[str, Any]],
    volumes: DailyVolumes | None = None,
) -> MonthFigures:
    return MonthFigures(month, frame(PREDICTED, terms), frame(MODEL_DAYS, spend), volumes or {})


def wobbling(month: str, *shifts: tuple[int, float]) -> list[float]:
    """1 % above and below by turns; from each day on the shift, 0.1 for 10 % more."""
    found = []
    for day in range(1, days_in_month(month) + 1):
        shift = sum(by for first, by in shifts if day >= first)
        found.append((1.01 if day % 2 else 0.99) * (1 + shift))
    return found


def watched(*months: MonthFigures, events: list[Event] | None = None) -> WatchedLine:
    [one] = watched_lines(months, events or [])
    return one


def test_a_month_before_teaches_the_level_and_a_shift_is_found_within_days() -> None:
    # 300 of 30 days, 10 a day, 25 % more all the time: the level, and no drift.
    steady = [1.25 * factor for factor in wobbling("2026-08")]
    shifted = [1.25 * factor for factor in wobbling("2026-09", (10, 0.1))]
    line = watched(
        figures("2026-08", [predicted("310")], costs("2026-08", steady)),
        figures("2026-09", [predicted("300")], costs("2026-09", shifted)),
    )
    assert line.line == LINE
    assert [one.watched.day for one in line.alarms][:1] == [date(2026, 9, 10)]
    september = of_month(line, "2026-09")
    assert len(september) == 30
    assert all(one.watched.standardised is not None for one in september)
    _, alarms, _ = drift_sheets([line], "2026-09")
    [row] = alarms.rows  # an alarm a day until somebody announces it: one row
    told = [row.values[name] for name in ("day", "until", "alarms")]
    assert told == ["2026-09-10", "2026-09-30", 21]
    # sigma is about 1 %: a day that is 10 % up lies 9 sigmas off, beyond 5 at once
    assert "more than its level, and no event explains it" in line.alarms[0].watched.said


def test_an_announced_change_begins_a_new_level_instead_of_alarming() -> None:
    shifted = wobbling("2026-09", (10, 0.1))
    event = Event(at=datetime(2026, 9, 10, tzinfo=UTC), kind="rate_card", note="new contract")
    other = Event(at=datetime(2026, 9, 20, tzinfo=UTC), kind="version", model="chat")
    line = watched(
        figures("2026-08", [predicted("310")], costs("2026-08", wobbling("2026-08"))),
        figures("2026-09", [predicted("300")], costs("2026-09", shifted)),
        events=[event, other],
    )
    assert line.alarms == []
    said = {one.watched.day: one.watched.said for one in line.days if one.watched.said}
    assert said[date(2026, 9, 10)] == "a new level from here: rate card (new contract)"
    assert date(2026, 9, 25) not in said, "learnt by then, of fourteen days"
    _, alarms, days = drift_sheets([line], "2026-09")
    assert [row.values["day"] for row in alarms.rows] == ["2026-09-10"]
    assert len(days.rows) == 30


def test_a_predicted_volume_lies_on_the_days_as_the_log_measured_it() -> None:
    # 300 of 400 requests on the first, 100 on the second, none later: 75 and 25 of 100.
    volumes = {
        ("rank", "8"): {"2026-09-01": {"requests": 300}, "2026-09-02": {"requests": 100}},
    }
    line = watched(
        figures(
            "2026-09",
            [
                predicted("999", activity="1K requests"),
                predicted("100", volume="ex_post", activity="1K requests"),
            ],
            costs("2026-09", [6, 6, 6]),
            volumes,
        )
    )
    assert [one.predicted for one in line.days[:3]] == [75.0, 25.0, 0.0]
    ratios = [one.watched.log_ratio for one in line.days[:3]]
    # ln(60 / 75) and ln(60 / 25); nothing can be said of a day of which nothing was predicted
    assert ratios == [pytest.approx(-0.223144, abs=1e-6), pytest.approx(0.875469, abs=1e-6), None]


def test_terms_of_a_line_add_up_and_credits_are_no_cost_of_it() -> None:
    spend = [
        *costs("2026-09", [1, 1]),
        {"charge_date": "2026-09-01", "element": "bandwidth", "effective_cost": Decimal(5)},
        {"charge_date": "2026-09-01", "element": "adjustment", "effective_cost": Decimal(-9)},
        {"charge_date": "2026-08-31", "effective_cost": Decimal(7)},
    ]
    terms = [predicted("300"), predicted("60", element="bandwidth")]
    line = watched(figures("2026-09", terms, spend))
    assert [(one.actual, one.predicted) for one in line.days[:3]] == [
        (Decimal("15.0000"), 12.0),
        (Decimal("10.0000"), 12.0),
        (None, 12.0),
    ]


def test_a_term_without_a_cost_says_why_it_is_not_watched() -> None:
    term = predicted(None, formula="replica_hours", reason="no price: give it one")
    line = watched(figures("2026-09", [term], costs("2026-09", [1])))
    assert (line.days, line.said) == ((), "2026-09: replica_hours: no price: give it one")
    lines, _, _ = drift_sheets([line], "2026-09")
    assert lines.rows[0].values["said"] == line.said
    lines, _, _ = drift_sheets([line], "2026-09", "chatt")
    assert lines.notes[0].startswith("no formula predicts 'chatt' in 2026-09; what is watched: ")


def test_a_month_without_formulas_is_told_what_drift_is_watched_against() -> None:
    lines, _, _ = drift_sheets([], "2026-09")
    assert "has no physical prediction" in lines.notes[0]


def test_days_that_repeat_each_other_drift_by_nothing() -> None:
    flat = costs("2026-09", [1.0] * 30)
    line = watched(figures("2026-09", [predicted("300")], flat))
    assert line.alarms == []
    assert {one.watched.up for one in line.days if one.watched.up is not None} == {0.0}
    assert line.days[0].watched.day + timedelta(days=29) == line.days[-1].watched.day
