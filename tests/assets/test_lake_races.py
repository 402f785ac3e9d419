"""Several runs at once, and runs killed at any moment: real processes on one lake."""

import random
import time

import pytest
from conftest import wait_for
from lake_writer import STAGED, run_month
from test_lake import MONTH, values

from assets.lake import Lake

ROUNDS = {"local": 6, "s3": 3}
KILLS = {"local": 25, "s3": 12}


def kind(home) -> str:
    return "s3" if home.is_remote else "local"


def start_together(writers, home, jobs: list[tuple[str, int]]) -> list:
    """Runs that have all begun before any of them writes."""
    writers.count += 1
    go = writers.folder / f"go-{writers.count}"
    ready = [writers.folder / f"ready-{writers.count}-{number}" for number in range(len(jobs))]
    started = [
        writers.start(home, month, value, ready=str(mark), go=str(go))
        for (month, value), mark in zip(jobs, ready, strict=True)
    ]
    for mark in ready:
        wait_for(mark)
    go.touch()
    return started


def test_writers_of_different_months_all_succeed_even_while_creating_the_lake(lake_home, writers):
    months = ["2026-06", "2026-07", "2026-08", MONTH]
    started = start_together(writers, lake_home, [(m, n) for n, m in enumerate(months, 1)])
    assert [writer.outcome() for writer in started] == ["published"] * len(months)
    for number, month in enumerate(months, 1):
        assert values(lake_home.opened, month) == {number}


def test_of_writers_of_the_same_month_exactly_one_publishes(lake_home, writers):
    lake = lake_home.opened
    value = 0
    for number in range(1, ROUNDS[kind(lake_home)] + 1):  # the first is the first ever publication
        started = start_together(writers, lake_home, [(MONTH, value + 1), (MONTH, value + 2)])
        outcomes = [writer.outcome() for writer in started]
        assert sorted(outcomes) == ["lost", "published"]
        winner = value + 1 + outcomes.index("published")
        assert values(lake) == {winner}
        assert len(lake.publications(MONTH)) == number
        value += 2


def check_reader(lake: Lake, seen: list[int]) -> None:
    """One run's tables, never an earlier run than already seen, and never an error."""
    found = lake.require_latest(MONTH)
    assert set(found.tables) == set(STAGED)
    assert values(lake, published=found) == {found.inputs["value"]}
    assert found.inputs["value"] >= seen[-1]
    seen.append(found.inputs["value"])


@pytest.mark.timeout(200)
def test_a_writer_killed_at_any_moment_leaves_the_old_or_the_new_month(lake_home, writers):
    lake, moment = lake_home.opened, random.Random(20261121)  # noqa: S311 -- a seed, no secret
    run_month(lake, MONTH, 1)
    longest = 2.5 if lake_home.is_remote else 0.3
    seen = [1]
    for kill in range(KILLS[kind(lake_home)]):
        writer = writers.start(lake_home, MONTH, (kill + 1) * 1000, forever=True)
        until = time.monotonic() + moment.uniform(0.02, longest)
        while time.monotonic() < until:
            check_reader(lake, seen)
        writer.kill()
        check_reader(lake, seen)
        assert not writer.result.exists()
    assert len(set(seen)) > 2, "the killed writers never published: nothing was tested"
    run_month(lake, MONTH, 10**6, "after")
    assert values(lake) == {10**6}
    for found in lake.publications(MONTH)[:: max(1, len(seen) // 10)]:
        assert values(lake, published=found) == {found.inputs["value"]}
