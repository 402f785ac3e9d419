"""The SQL of nodes that pods share, file by file."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import duckdb
import pytest
from attribution_builders import use
from sql_tables import (
    CLAIM,
    COUNT,
    FLAG,
    HOUR,
    INSTANT,
    LINK,
    LINKED,
    LIVE,
    NODE_POD,
    NODE_SHARE,
    ROLLOUT,
    RUN,
    SIZE,
    TEXT,
    USE,
    select,
    table,
)

from pipelines.contracts import USAGE

START = datetime(2026, 9, 1)
HOUR_US = 3_600_000_000


def whole(units: int) -> int:
    """An hour of a node with so many GPUs (vCPUs): the last multiple of its time up to 1e15."""
    return units * HOUR_US * (10**15 // (units * HOUR_US))


WHOLE = whole(1)
NAMES = {
    "log_model": TEXT,
    "log_version": TEXT,
    "model": TEXT,
    "model_version": TEXT,
    "is_known": FLAG,
    "valid_from": INSTANT,
    "valid_until": INSTANT,
}


def at(hours: float) -> datetime:
    return START + timedelta(hours=hours)


@pytest.fixture
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        yield connection


def logged(con: duckdb.DuckDBPyConnection, *rows: dict[str, Any]) -> None:
    kinds = {"BOOLEAN": FLAG, "BIGINT": COUNT}
    columns = {name: kinds.get(kind, kind) for name, kind in USAGE.columns.items()}
    table(con, "usage", columns, *rows)
    nodes = {row["resource_id"] for row in rows}
    keys = {"resource_id": TEXT, "resource_key": TEXT}
    table(con, "resource_keys", keys, *({"resource_id": n, "resource_key": n} for n in nodes))
    table(con, "linked_resources", {"resource_id": TEXT, "link_key": TEXT})


def pod_row(pod: str, hour: int = 0, grain: str = "allocation", **more: Any) -> dict[str, Any]:
    return use("", hour, model=pod, resource_id="n", grain=grain, requests=0, **more)


def name_row(pod: str, version: str, **dated: Any) -> dict[str, Any]:
    always = {"valid_from": at(-99), "valid_until": at(99)}
    named = {"log_model": pod, "log_version": "", "model": "m", "model_version": version}
    return {**named, "is_known": True, **always, **dated}


def link(key: str, version: str, kind: str = "deployment", **dated: Any) -> dict[str, Any]:
    row = {"link_key": key, "kind": kind, "model": "m", "model_version": version}
    always = {"valid_from": at(-99), "valid_until": at(99), "replicas": 1000}
    return {**row, "component": "inference", **always, **dated}


BEGINNING = {"model": TEXT, "model_version": TEXT, "component": TEXT, "served_from": INSTANT}


def test_pods_become_links_by_pattern_else_by_name(con: duckdb.DuckDBPyConnection) -> None:
    logged(con, pod_row("ML/Rank-7c"), pod_row("ml/other"), pod_row("ml/new"), pod_row("ml/own"))
    table(con, "links", LINK, link("ml/rank-*", "v1"), link("ml/own", "v9"))
    table(
        con,
        "log_names",
        NAMES,
        name_row("ML/Rank-7c", "v8"),
        name_row("ml/other", "v2"),
        name_row("ml/new", "v3"),
        name_row("ml/own", "v8"),
    )
    late = {"model": "m", "component": "update"}
    table(
        con,
        "version_beginnings",
        BEGINNING,
        {**late, "model_version": "v3", "served_from": at(1)},
        {**late, "model_version": "v2", "served_from": at(0)},
    )
    columns = ["link_key", "kind", "model_version", "component", "valid_from", "valid_until"]
    assert select(con, "attribution/pod_links", columns) == [
        ("ml/new", "deployment", "v3", "inference", at(1), at(99)),
        ("ml/new", "run", "v3", "update", at(-99), at(1)),
        ("ml/other", "deployment", "v2", "inference", at(0), at(99)),
        ("ml/rank-7c", "deployment", "v1", "inference", at(-99), at(99)),
    ]


def test_the_pattern_that_says_more_of_a_pod_means_it(con: duckdb.DuckDBPyConnection) -> None:
    logged(con, pod_row("ml/rank-0"), pod_row("ml/rank-canary-0"), pod_row("ml/own"))
    table(
        con,
        "links",
        LINK,
        link("ml/*", "v1"),
        link("ml/rank-canary-?", "v2", valid_from=at(0), valid_until=at(1)),
        link("ml/own", "v9"),
    )
    table(con, "log_names", NAMES)
    table(con, "version_beginnings", BEGINNING)
    assert select(con, "attribution/pod_links", ["link_key", "model_version"]) == [
        ("ml/rank-0", "v1"),
        ("ml/rank-canary-0", "v2"),
    ]


def test_pods_roll_out_as_their_deployments_pattern_or_name_says(
    con: duckdb.DuckDBPyConnection,
) -> None:
    table(con, "pod_links", LINK, link("ml/a", "v2"), link("ml/b", "v3"))
    span = {"model": "m", "valid_from": at(0), "valid_until": at(1)}
    table(
        con,
        "rollouts",
        ROLLOUT,
        {"link_key": "ml/*", "model_version": "v2", **span},
        {"link_key": "", "model_version": "v3", **span},
        {"link_key": "endpoint/x", "model_version": "v3", **span},
    )
    assert select(con, "attribution/pod_rollouts", ["link_key", "model_version"]) == [
        ("ml/a", "v2"),
        ("ml/b", "v3"),
    ]


def test_a_resources_own_size_comes_before_a_patterns(con: duckdb.DuckDBPyConnection) -> None:
    table(con, "linked_charges", LINKED, {"link_key": "i-1"}, {"link_key": "i-2"})
    table(
        con,
        "resource_accelerators",
        SIZE,
        {"link_key": "i-*", "milli_vcpus": 8},
        {"link_key": "i-1", "milli_vcpus": 4, "milli_gpus": 2},
        {"link_key": "*", "milli_vcpus": 1},
    )
    rows = select(con, "attribution/resource_sizes", [*SIZE])
    assert ("i-1", 2, 4, None) in rows
    assert ("i-2", None, 8, None) in rows


def node_pods(con: duckdb.DuckDBPyConnection, *rows: dict[str, Any]) -> list[tuple[Any, ...]]:
    logged(con, *rows)
    table(con, "links", LINK, link("ml/a", "v1"))
    table(con, "uses", USE)
    table(con, "log_names", NAMES, name_row("ml/named", ""))
    table(
        con, "charge_hours", {"link_key": TEXT, "hour": INSTANT}, {"link_key": "n", "hour": at(0)}
    )
    columns = ["pod_key", "model", "held_us", "busy_us", "is_linked", "is_gpu_node"]
    return select(con, "attribution/node_pods", columns, no_pod="(no pod)")


def test_pods_are_the_allocated_ones_else_the_sampled_ones(con: duckdb.DuckDBPyConnection) -> None:
    held = {"gpu_held_microseconds": 100}
    sample = {"grain": "sample", "gpu_held_microseconds": 50, "gpu": "0.00001"}
    assert node_pods(con, pod_row("ml/a", **sample), pod_row("ml/a", 1, **held)) == [
        ("ml/a", "", 50, 10, True, True)
    ], "and only in hours that are billed"
    rows = [pod_row("ml/a", **held), pod_row("ml/named", **held), pod_row("ml/a", **sample)]
    assert node_pods(con, *rows, pod_row("GPU-1", **sample)) == [
        ("ml/a", "", 100, 10, True, True),
        ("ml/named", "m", 100, 10, False, True),
    ]
    assert node_pods(con, pod_row("web/x", vcpu_milliseconds=5)) == [], "no AI on this node"
    nobody = pod_row("(no pod)", **sample)
    assert node_pods(con, nobody) == [("", "", 0, None, False, True)]
    assert node_pods(con, pod_row("ml/a", **held), nobody)[0][3] is None, "nobody's is not ml/a's"
    uncounted = pod_row("ml/a", **held, is_counted=False)
    assert node_pods(con, uncounted) == []


def test_a_pods_use_is_its_nodes_log_before_its_services(con: duckdb.DuckDBPyConnection) -> None:
    pods = [
        {"node_key": node, "hour": at(0), "pod_key": pod, "held_us": held}
        for node, pod, held in (("n", "a", 1), ("n", "b", 3), ("k", "c", 1), ("k", "d", 1))
    ]
    table(con, "node_pods", NODE_POD, *pods)
    table(con, "links", LINK, *(link(pod, "v1") for pod in "abcd"))
    used = {"hour": at(0), "model": "m", "model_version": "v1", "is_known": True, "all_gpu": True}
    table(
        con,
        "uses",
        USE,
        {"link_key": "n", "requests": 4, "gpu_us": 40, **used},
        {"link_key": "svc", "requests": 6, "gpu_us": 60, **used},
        {"link_key": "billed", "requests": 9, "gpu_us": 90, **used},
        {"link_key": "d", "requests": 1, "gpu_us": 7, **used},
    )
    table(con, "linked_charges", LINKED, {"link_key": "billed"})
    assert select(con, "attribution/pod_uses", ["link_key", "requests", "gpu_us"]) == [
        ("a", 1000, 10),
        ("b", 3000, 30),
        ("c", 6000, 60),
    ], "a pod with a log of its own needs no other"


def shares(
    con: duckdb.DuckDBPyConnection,
    *pods: dict[str, Any],
    size: dict[str, Any] | None = None,
    claims: list[dict[str, Any]] = [],  # noqa: B006
    live: list[dict[str, Any]] = [],  # noqa: B006
    capacity: int = HOUR_US,
) -> list[tuple[Any, ...]]:
    node = {"node_key": "n", "hour": at(0), "model": "", "is_linked": False, "has_gpu": False}
    table(con, "node_pods", NODE_POD, *({**node, "is_gpu_node": False, **pod} for pod in pods))
    hours = [{"hour_id": 1, "link_key": "n", "capacity_us": capacity, "machine_us": HOUR_US}]
    hours += [
        {"hour_id": number, "link_key": pod["pod_key"], "is_watched": False}
        for number, pod in enumerate(pods, 2)
    ]
    table(con, "resource_hours", HOUR, *({"hour": at(0), **hour} for hour in hours))
    table(con, "resource_sizes", SIZE, *([{"link_key": "n", **size}] if size else []))
    table(con, "live_runs", RUN)
    table(con, "live_deployments", LIVE, *live)
    table(con, "uses", USE)
    table(con, "hour_claims", {"hour_id": COUNT, "split": TEXT, **CLAIM}, *claims)
    columns = ["bucket", "model_version", "component", "used", "idle"]
    return select(con, "attribution/node_shares", columns)


def test_a_pods_share_is_the_largest_of_its_shares(con: duckdb.DuckDBPyConnection) -> None:
    pod = {"pod_key": "a", "vcpu_ms": 3_600_000, "memory_gib_ms": 3_600_000 * 2}
    sized = {"milli_vcpus": 4000, "memory_mib": 16 * 1024}
    assert shares(con, pod, size=sized) == [("not_ai", "", "", whole(4) // 4, 0)]
    more = {**pod, "memory_gib_ms": 3_600_000 * 8}
    assert shares(con, more, size=sized) == [("not_ai", "", "", whole(4) // 2, 0)]
    gpu = {**more, "held_us": 3 * HOUR_US, "has_gpu": True, "is_gpu_node": True}
    assert shares(con, gpu, size=sized, capacity=4 * HOUR_US) == [
        ("unattributed", "", "", whole(4) * 3 // 4, 0)
    ]
    two = shares(con, {"pod_key": "a", "vcpu_ms": 1}, {"pod_key": "b", "memory_gib_ms": 9})
    assert two == [("not_ai", "", "", 18 * (10**15 // 18), 0)], "all of an unknown node is held"


def test_what_a_pod_held_and_did_not_use_is_idle_or_update(con: duckdb.DuckDBPyConnection) -> None:
    pod = {
        "pod_key": "a",
        "held_us": HOUR_US,
        "busy_us": HOUR_US // 4,
        "has_gpu": True,
        "is_gpu_node": True,
        "is_linked": True,
    }
    claim = {"hour_id": 2, "split": "use", "bucket": "model_version", "model": "m", "weight": 1}
    claim |= {"model_version": "v1", "component": "inference", "method": "direct", "evidence": "x"}
    assert shares(con, pod, claims=[claim]) == [
        ("model_version", "v1", "inference", WHOLE // 4, WHOLE * 3 // 4)
    ]
    live = {"hour_id": 2, "model": "m", "model_version": "v1", "replica_us": 9}
    assert shares(con, pod, claims=[claim], live=[{**live, "rollout_replica_us": 9}]) == [
        ("model_version", "v1", "inference", WHOLE // 4, 0),
        ("model_version", "v1", "update", WHOLE * 3 // 4, 0),
    ]


@pytest.mark.parametrize(
    ("measure", "used", "weights"),
    [
        ("capacity", WHOLE // 4, [WHOLE // 2, WHOLE // 4, WHOLE // 4]),
        ("quiet_hours", WHOLE // 4, [WHOLE // 4]),
        ("quiet_hours", 0, [WHOLE // 2, WHOLE // 2]),
    ],
)
def test_idle_is_claimed_by_capacity_or_in_quiet_hours(
    con: duckdb.DuckDBPyConnection, measure: str, used: int, weights: list[int]
) -> None:
    share = {"hour_id": 1, "bucket": "model_version", "used": used, "idle": WHOLE // 2 - used}
    share["whole"] = WHOLE
    table(con, "node_shares", NODE_SHARE, share)
    table(con, "live_deployments", LIVE)
    rows = select(con, "attribution/node_claims", ["split", "weight"], idle_measure=measure)
    assert sorted((w for split, w in rows if split == "capacity"), reverse=True) == weights
    assert [w for split, w in rows if split == "use"] == [used or WHOLE // 2]


def test_what_nobody_held_of_a_node_is_the_update_of_what_rolls_out_on_it(
    con: duckdb.DuckDBPyConnection,
) -> None:
    share = {"hour_id": 1, "model": "m", "component": "inference", "bucket": "model_version"}
    table(
        con,
        "node_shares",
        NODE_SHARE,
        {**share, "model_version": "v1", "used": 30, "idle": 0, "whole": 100},
        {**share, "model_version": "v2", "used": 10, "idle": 0, "whole": 100},
    )
    live = {"hour_id": 1, "model": "m"}
    table(
        con,
        "live_deployments",
        LIVE,
        {**live, "model_version": "v1", "replica_us": 3, "rollout_replica_us": 0},
        {**live, "model_version": "v2", "replica_us": 1, "rollout_replica_us": 1},
    )
    columns = ["split", "bucket", "model_version", "component", "weight"]
    rows = select(con, "attribution/node_claims", columns, idle_measure="capacity")
    assert [row[1:] for row in rows if row[0] == "capacity"] == [
        ("idle", "", "", 45),
        ("model_version", "v1", "inference", 30),
        ("model_version", "v2", "inference", 10),
        ("model_version", "v2", "update", 15),
    ]


def test_hours_with_gpu_time_and_tokens_are_summed_for_their_weights(
    con: duckdb.DuckDBPyConnection,
) -> None:
    both = {"tokens": (5, 2), "gpu": "0.000007"}
    logged(
        con,
        use("v1", input_tokens_cache_read=3, **both),
        use("v1", 1, tokens=(1, 1), gpu="0.000001"),
        use("v1", 2, tokens=(9, 9)),
        use("v1", 3, gpu=9),
        use("v1", 4, **both, status="throttled"),
        use("v1", 5, **both, is_counted=False),
        use("v1", 6, **both, grain="sample"),
    )
    always = {"valid_from": at(-99), "valid_until": at(99), "is_known": True}
    named = {"log_model": "m", "log_version": "v1", "model": "m", "model_version": "v1"}
    table(con, "log_names", NAMES, {**named, **always})
    columns = ["model_version", "hours", "i", "c", "o", "g", "ii", "ic", "oo", "ig", "og"]
    assert select(con, "attribution/token_fits", columns) == [
        ("v1", 2, "3", "3", "3", "8", "5", "6", "5", "15", "15")
    ]


@pytest.mark.parametrize("name", ["attribution/named_usage", "attribution/named_coverage"])
def test_logs_may_call_a_resource_by_its_names(con: duckdb.DuckDBPyConnection, name: str) -> None:
    """`"attribution/named_usage"` and `"attribution/named_coverage"`."""
    rows = [{"resource_id": text} for text in (" Node-1.internal", "i-2", "")]
    table(con, name.replace("attribution/named", "logged"), {"resource_id": TEXT}, *rows)
    columns = {"name": TEXT, "resource_id": TEXT}
    table(con, "resource_names", columns, {"name": "node-1.internal", "resource_id": "i-1"})
    assert select(con, name, ["resource_id"]) == [("",), ("i-1",), ("i-2",)]


def test_pods_with_gpus_that_nobody_knows_are_listed_by_what_they_held(
    con: duckdb.DuckDBPyConnection,
) -> None:
    pod = {"node_key": "n", "hour": at(0), "has_gpu": True, "is_linked": False, "model": ""}
    table(
        con,
        "node_pods",
        NODE_POD,
        {**pod, "pod_key": "lab/a", "held_us": HOUR_US},
        {**pod, "pod_key": "lab/b", "held_us": HOUR_US, "busy_us": 2 * HOUR_US},
        {**pod, "pod_key": "ml/known", "held_us": HOUR_US, "is_linked": True},
        {**pod, "pod_key": "", "held_us": 0},
        {**pod, "pod_key": "lab/by-node", "node_key": "k", "held_us": HOUR_US},
    )
    hours = [{"hour_id": 1, "link_key": "n"}, {"hour_id": 2, "link_key": "k"}]
    table(con, "resource_hours", HOUR, *({"hour": at(0), **hour} for hour in hours))
    share = {"used": 1, "idle": 0}
    table(
        con,
        "node_shares",
        NODE_SHARE,
        {"hour_id": 1, "bucket": "unattributed", **share},
        {"hour_id": 2, "bucket": "model_version", **share},
    )
    rows = select(con, "attribution/unknown_pods", ["pod_key", "gpu_hours"])
    assert rows == [("lab/a", 1), ("lab/b", 2)]
