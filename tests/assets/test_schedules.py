"""Which months the night asks for, evaluated as Dagster evaluates them."""

from datetime import UTC, datetime

import dagster as dg
import pytest

from assets.definitions import defs
from assets.schedules import nightly_attribution

REPOSITORY = defs.get_repository_def()


def requests_at(at: datetime) -> list[dg.RunRequest]:
    with dg.DagsterInstance.ephemeral() as instance:
        context = dg.build_schedule_context(
            instance, scheduled_execution_time=at, repository_def=REPOSITORY
        )
        return list(nightly_attribution.evaluate_tick(context).run_requests or [])


def months_asked_for(year: int, month: int, day: int) -> list[str | None]:
    at = datetime(year, month, day, 5, 30, tzinfo=UTC)
    return [request.partition_key for request in requests_at(at)]


@pytest.mark.parametrize(
    ("day", "months"),
    [
        ((2026, 11, 1), ["2026-10"]),  # no day of November is over
        ((2026, 11, 2), ["2026-10", "2026-11"]),
        ((2026, 11, 15), ["2026-10", "2026-11"]),
        ((2026, 11, 16), ["2026-11"]),  # October has settled
        ((2026, 11, 30), ["2026-11"]),
        ((2027, 1, 1), ["2026-12"]),
        ((2028, 2, 29), ["2028-02"]),
    ],
)
def test_a_night_runs_the_months_whose_bill_can_still_move(day, months):
    assert months_asked_for(*day) == months


def test_a_month_before_the_first_one_is_not_asked_for():
    assert months_asked_for(2020, 1, 2) == ["2020-01"]


def test_each_month_is_a_run_of_its_own_that_says_why():
    requests = requests_at(datetime(2026, 11, 5, 5, 30, tzinfo=UTC))
    assert [request.run_key for request in requests] == ["2026-10", "2026-11"]
    assert {request.tags["modelspend/reason"] for request in requests} == {"nightly"}


def test_the_night_is_half_past_five_in_utc():
    assert nightly_attribution.cron_schedule == "30 5 * * *"
    assert nightly_attribution.execution_timezone == "UTC"
