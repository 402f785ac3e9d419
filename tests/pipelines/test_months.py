"""Which months there are, how long they are, and which of them a night must refresh."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from pipelines.months import (
    complete_days,
    days_in_month,
    has_settled,
    month_bounds,
    months_between,
    months_to_refresh,
    next_month,
    previous_month,
)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("now", "months"),
    [
        ("2026-11-01T05:30", ["2026-10"]),
        ("2026-11-02T00:00", ["2026-10", "2026-11"]),
        ("2026-11-15T23:59", ["2026-10", "2026-11"]),
        ("2026-11-16T00:00", ["2026-11"]),
        ("2027-01-01T00:00", ["2026-12"]),
    ],
)
def test_a_night_refreshes_the_months_that_can_still_move(now: str, months: list[str]) -> None:
    assert months_to_refresh(at(now)) == months


def test_the_calendar_is_utc_wherever_the_clock_stands() -> None:
    tokyo = timezone(timedelta(hours=9))
    assert months_to_refresh(datetime(2026, 11, 1, 8, tzinfo=tokyo)) == ["2026-10"]
    assert complete_days("2026-10", datetime(2026, 11, 1, 8, tzinfo=tokyo)) == 30


def test_the_open_month_has_no_complete_day_on_its_first_morning() -> None:
    assert complete_days("2026-11", at("2026-11-01T05:30")) == 0
    assert complete_days("2026-11", at("2026-11-21T05:30")) == 20
    assert complete_days("2026-11", at("2027-02-01T00:00")) == 30
    assert complete_days("2026-12", at("2026-11-21T05:30")) == 0


def test_months_follow_each_other_over_new_year_and_leap_day() -> None:
    assert list(months_between("2027-11", "2028-02")) == [
        "2027-11",
        "2027-12",
        "2028-01",
        "2028-02",
    ]
    assert (next_month("2028-12"), previous_month("2028-01")) == ("2029-01", "2027-12")
    assert (days_in_month("2028-02"), days_in_month("2027-02")) == (29, 28)
    assert month_bounds("2028-02") == (datetime(2028, 2, 1), datetime(2028, 3, 1))


@pytest.mark.parametrize(
    "text", ["2026-9", "2026-13", "2026-00", "26-09", "2026/09", "2026-09-01", ""]
)
def test_what_is_no_month_is_said_to_be_none(text: str) -> None:
    with pytest.raises(ValueError, match="write it as YYYY-MM"):
        next_month(text)


def test_a_range_that_runs_backwards_is_refused() -> None:
    with pytest.raises(ValueError, match="runs backwards"):
        list(months_between("2026-10", "2026-09"))


@pytest.mark.parametrize(
    ("now", "settled"),
    [
        (datetime(2026, 9, 30, tzinfo=UTC), False),
        (datetime(2026, 10, 14, 23, 59, tzinfo=UTC), False),
        (datetime(2026, 10, 15, tzinfo=UTC), True),
        (datetime(2026, 10, 15, 1, tzinfo=timezone(timedelta(hours=2))), False),
    ],
)
def test_a_month_has_settled_on_the_last_day_it_is_refreshed(now: datetime, settled: bool):
    assert has_settled("2026-09", now) is settled
    assert not settled or months_to_refresh(now) == ["2026-09", "2026-10"]
