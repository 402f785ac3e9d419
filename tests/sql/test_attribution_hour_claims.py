"""`hour_claims.sql`, the heart of the split: who claims which part of one resource-hour."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import duckdb
import pytest
from sql_tables import HOUR, LIVE, RUN, USE, select, table

AT = datetime(2026, 9, 1)
HOUR_US = 3_600_000_000
COLUMNS = ["bucket", "model_version", "component", "weight"]
Claims = list[tuple[Any, ...]]


@pytest.fixture
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        yield connection


class Hour:
    """One hour of one resource. Each call adds what was so in it."""

    def __init__(self, **changed: Any) -> None:
        self.hour = {
            "hour_id": 1,
            "link_key": "x",
            "hour": AT,
            "capacity_us": HOUR_US,
            "is_watched": False,
            "is_split_by_use": False,
            **changed,
        }
        self.uses: list[dict[str, Any]] = []
        self.live: list[dict[str, Any]] = []
        self.runs: list[dict[str, Any]] = []

    def use(self, version: str, **changed: Any) -> "Hour":
        gpu, tokens = changed.pop("gpu", None), changed.pop("tokens", None)
        row = {
            "link_key": "x",
            "hour": AT,
            "model": "m",
            "model_version": version,
            "is_known": True,
            "requests": 1,
            "gpu_us": gpu,
            "all_gpu": gpu is not None,
            "token_work": tokens,
            "all_tokens": tokens is not None,
        }
        self.uses.append(row | changed)
        return self

    def deployed(self, version: str, replicas: int = 1, rollout: int = 0, **more: Any) -> "Hour":
        row = {
            "hour_id": 1,
            "model": "m",
            "model_version": version,
            "replica_us": replicas * HOUR_US,
            "rollout_replica_us": rollout * HOUR_US,
        }
        self.live.append(row | more)
        return self

    def run(self, version: str, run_us: int = HOUR_US, component: str = "training") -> "Hour":
        row = {"hour_id": 1, "model": "m", "model_version": version}
        self.runs.append({**row, "component": component, "run_us": run_us})
        return self

    def claims(
        self,
        con: duckdb.DuckDBPyConnection,
        measure: str = "capacity",
        split: str = "capacity",
        columns: list[str] = COLUMNS,
    ) -> Claims:
        table(con, "resource_hours", HOUR, self.hour)
        table(con, "uses", USE, *self.uses)
        table(con, "live_deployments", LIVE, *self.live)
        table(con, "live_runs", RUN, *self.runs)
        rows = select(con, "attribution/hour_claims", ["split", *columns], idle_measure=measure)
        return [row[1:] for row in rows if row[0] == split]


def inference(version: str, weight: int) -> tuple[Any, ...]:
    return ("model_version", version, "inference", weight)


def idle(weight: int) -> tuple[Any, ...]:
    return ("idle", "", "", weight)


def test_nothing_is_claimed_of_an_hour_of_which_nothing_is_known(
    con: duckdb.DuckDBPyConnection,
) -> None:
    assert Hour().claims(con) == []
    table(con, "resource_hours", HOUR)
    assert select(con, "attribution/hour_claims", COLUMNS, idle_measure="capacity") == []


def test_measured_gpu_time_claims_its_work_and_the_rest_is_idle(
    con: duckdb.DuckDBPyConnection,
) -> None:
    hour = Hour().use("v1", gpu=1_000).use("v2", gpu=2_000)
    assert hour.claims(con) == [
        idle(HOUR_US - 3_000),
        inference("v1", 1_000),
        inference("v2", 2_000),
    ]
    assert sum(row[-1] for row in hour.claims(con)) == HOUR_US


def test_work_over_capacity_leaves_no_idle(con: duckdb.DuckDBPyConnection) -> None:
    hour = Hour().use("v1", gpu=HOUR_US).use("v2", gpu=3 * HOUR_US)
    assert hour.claims(con) == [inference("v1", HOUR_US), inference("v2", 3 * HOUR_US)]


def test_gpu_time_measured_as_zero_is_an_idle_hour_by_capacity(
    con: duckdb.DuckDBPyConnection,
) -> None:
    assert Hour().use("v1", gpu=0, requests=5).claims(con) == [idle(HOUR_US)]


def test_gpu_time_measured_as_zero_leaves_the_requests_with_quiet_hours(
    con: duckdb.DuckDBPyConnection,
) -> None:
    hour = Hour().use("v1", gpu=0, requests=5).use("v2", gpu=0, requests=1)
    assert hour.claims(con, "quiet_hours") == [inference("v1", 5), inference("v2", 1)]


def test_quiet_hours_split_by_gpu_time_without_idle(con: duckdb.DuckDBPyConnection) -> None:
    hour = Hour(is_watched=True).use("v1", gpu=1).use("v2", gpu=3)
    assert hour.claims(con, "quiet_hours") == [inference("v1", 1), inference("v2", 3)]


@pytest.mark.parametrize("measure", ["capacity", "quiet_hours"])
def test_a_watched_hour_without_requests_is_idle_by_both_measures(
    con: duckdb.DuckDBPyConnection, measure: str
) -> None:
    assert Hour(is_watched=True).deployed("v1").claims(con, measure) == [idle(HOUR_US)]


def test_tokens_decide_where_gpu_time_is_missing_for_one_version(
    con: duckdb.DuckDBPyConnection,
) -> None:
    hour = Hour().use("v1", gpu=9, tokens=10).use("v2", tokens=30)
    assert hour.claims(con) == [inference("v1", 10), inference("v2", 30)]


def test_requests_decide_where_tokens_are_missing_or_nought(
    con: duckdb.DuckDBPyConnection,
) -> None:
    assert Hour().use("v1", tokens=9, requests=2).use("v2", requests=3).claims(con) == [
        inference("v1", 2),
        inference("v2", 3),
    ]
    assert Hour().use("v1", tokens=0, requests=2).claims(con) == [inference("v1", 2)]


def test_a_model_the_catalogue_lacks_is_unattributed_and_a_versionless_one_the_models(
    con: duckdb.DuckDBPyConnection,
) -> None:
    hour = Hour().use("ghost", model="?", is_known=False, requests=2).use("", requests=1)
    assert hour.claims(con) == [("model", "", "inference", 1), ("unattributed", "", "", 2)]


def test_an_unwatched_hour_is_the_one_versions_alone_and_direct(
    con: duckdb.DuckDBPyConnection,
) -> None:
    hour = Hour().deployed("v1")
    assert hour.claims(con, columns=["bucket", "model_version", "method", "evidence"]) == [
        ("model_version", "v1", "direct", "deployment")
    ]


def test_several_versions_in_an_unwatched_hour_cannot_be_told_apart(
    con: duckdb.DuckDBPyConnection,
) -> None:
    columns = ["bucket", "model", "model_version", "component", "method"]
    one_model = Hour().deployed("v1").deployed("v2")
    assert one_model.claims(con, columns=columns) == [
        ("model", "m", "", "inference", "not_measured")
    ]
    two_models = Hour().deployed("v1").deployed("v1", model="n")
    assert two_models.claims(con, columns=columns) == [("shared_pool", "", "", "", "not_measured")]


def test_one_version_alone_in_a_measured_hour_is_direct_and_its_idle_is_not(
    con: duckdb.DuckDBPyConnection,
) -> None:
    hour = Hour().deployed("v1").use("v1", gpu=1)
    assert hour.claims(con, columns=["bucket", "method"]) == [
        ("idle", "usage"),
        ("model_version", "direct"),
    ]


def test_a_run_claims_its_time_and_a_gap_of_a_complete_run_list_is_idle(
    con: duckdb.DuckDBPyConnection,
) -> None:
    half = HOUR_US // 2
    watched = Hour(is_watched=True, capacity_us=8 * HOUR_US).run("v2", half, "update")
    assert watched.claims(con) == [
        idle(8 * half),
        ("model_version", "v2", "update", 8 * half),
    ]
    unwatched = Hour(capacity_us=8 * HOUR_US).run("v2", half, "update")
    assert unwatched.claims(con) == [("model_version", "v2", "update", 1)]


def test_a_run_beside_served_requests_is_split_by_gpu_time_only(
    con: duckdb.DuckDBPyConnection,
) -> None:
    measured = Hour().run("v2").use("v1", gpu=HOUR_US)
    assert measured.claims(con) == [
        inference("v1", HOUR_US),
        ("model_version", "v2", "training", HOUR_US),
    ]
    by_requests = Hour().run("v2").use("v1")
    assert by_requests.claims(con) == [("model", "", "inference", 1)]


def test_in_a_roll_out_served_and_update_are_the_new_replicas_portion(
    con: duckdb.DuckDBPyConnection,
) -> None:
    hour = Hour(capacity_us=3 * HOUR_US).deployed("old", 2).deployed("new", rollout=1)
    hour.use("old", gpu=HOUR_US).use("new", gpu=900_000_000)
    claims = {row[1:3]: row[-1] for row in hour.claims(con)}
    served, update = claims["new", "inference"], claims["new", "update"]
    assert served == 900_000_000
    assert abs(served + update - HOUR_US) <= 1
    assert abs(claims["", ""] - HOUR_US) <= 1
    assert sum(claims.values()) == 3 * HOUR_US


def test_update_never_takes_time_that_was_served(con: duckdb.DuckDBPyConnection) -> None:
    hour = Hour(capacity_us=2 * HOUR_US).deployed("old").deployed("new", rollout=1)
    hour.use("old", gpu=2 * HOUR_US - 10)
    assert hour.claims(con) == [
        ("model_version", "new", "update", 10),
        inference("old", 2 * HOUR_US - 10),
    ]


def test_a_new_version_that_serves_more_than_its_portion_has_no_update(
    con: duckdb.DuckDBPyConnection,
) -> None:
    hour = Hour().deployed("old").deployed("new", rollout=1)
    hour.use("new", gpu=HOUR_US // 2 + 1)
    assert hour.claims(con) == [idle(HOUR_US // 2 - 1), inference("new", HOUR_US // 2 + 1)]


def test_a_roll_out_by_tokens_keeps_the_portions_too(con: duckdb.DuckDBPyConnection) -> None:
    hour = Hour().deployed("old", 3).deployed("new", rollout=1)
    hour.use("old", tokens=90).use("new", tokens=10)
    whole = 10**12
    assert hour.claims(con) == [
        inference("new", whole // 10),
        ("model_version", "new", "update", whole * 15 // 100),
        inference("old", whole * 3 // 4),
    ]


def test_of_two_roll_outs_only_the_one_that_serves_too_little_has_update(
    con: duckdb.DuckDBPyConnection,
) -> None:
    hour = Hour().deployed("old", 2).deployed("a", rollout=1).deployed("b", rollout=1)
    hour.use("a", tokens=80).use("b", tokens=20)
    whole = 10**12
    assert hour.claims(con) == [
        inference("a", whole * 3 // 4),
        inference("b", whole // 5),
        ("model_version", "b", "update", whole // 20),
    ]


def test_a_roll_out_in_an_unwatched_silent_hour_books_no_update(
    con: duckdb.DuckDBPyConnection,
) -> None:
    hour = Hour().deployed("old").deployed("new", rollout=1)
    assert hour.claims(con) == [("model", "", "inference", 1)]


def test_the_new_version_alone_on_its_own_resource_is_update_until_it_serves(
    con: duckdb.DuckDBPyConnection,
) -> None:
    silent = Hour(is_watched=True).deployed("new", rollout=1)
    assert silent.claims(con) == [("model_version", "new", "update", HOUR_US)]


def test_claims_by_use_are_made_only_where_a_charge_asks_and_are_never_idle(
    con: duckdb.DuckDBPyConnection,
) -> None:
    assert Hour().use("v1", gpu=5).claims(con, split="use") == []
    asked = Hour(is_split_by_use=True, is_watched=True)
    assert asked.deployed("v1").claims(con, split="use") == [inference("v1", 1)]
    assert asked.use("v1", gpu=5).claims(con, split="use") == [inference("v1", 5)]
    assert asked.claims(con) == [idle(HOUR_US - 5), inference("v1", 5)]


def test_use_of_another_resource_or_hour_claims_nothing(con: duckdb.DuckDBPyConnection) -> None:
    hour = Hour().use("v1", gpu=5, link_key="y").use("v2", gpu=5, hour=datetime(2026, 9, 1, 1))
    assert hour.claims(con) == []
