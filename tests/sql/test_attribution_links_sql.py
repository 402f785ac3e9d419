"""The files of `sql/attribution` that say what is linked to what, one by one."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
from attribution_builders import GPU, at, charge, pod, use
from hypothesis import given, settings
from hypothesis import strategies as st
from sql_tables import (
    FLAG,
    HOUR,
    INSTANT,
    LINK,
    LINKED,
    NODE_POD,
    ROLLOUT,
    SIZE,
    TEXT,
    USE,
    WEIGHT,
    charge_meanings,
    select,
    table,
)

from pipelines.contracts import CHARGES, COVERAGE, SPLIT_SHARES, USAGE
from pipelines.queries import materialise
from pipelines.registry.keys import resource_key

ARN = "arn:aws:sagemaker:us-east-1:1:endpoint/Rank"
FAR = datetime(9999, 1, 1)


@pytest.fixture
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        bill(connection)
        yield connection


def bill(
    con: duckdb.DuckDBPyConnection,
    charges: list[dict[str, Any]] | None = None,
    pods: list[dict[str, Any]] | None = None,
    usage: list[dict[str, Any]] | None = None,
    coverage: list[dict[str, Any]] | None = None,
) -> None:
    table(con, "charges", CHARGES.columns, *(charges or ()))
    table(con, "split_shares", SPLIT_SHARES.columns, *(pods or ()))
    table(con, "usage", USAGE.columns, *(usage or ()))
    table(con, "coverage", COVERAGE.columns, *(coverage or ()))


def link(key: str, kind: str = "deployment", version: str = "v1", **changed: Any) -> dict[str, Any]:
    row = {
        "link_key": key,
        "kind": kind,
        "model": "m",
        "model_version": version,
        "component": "inference" if kind == "deployment" else "training",
        "valid_from": at(0),
        "valid_until": FAR,
        "replicas": 1,
    }
    return row | changed


def hour(number: int, key: str = "x", start: float = 0, **changed: Any) -> dict[str, Any]:
    return {"hour_id": number, "link_key": key, "hour": at(start), **changed}


PREFIXES = (
    "arn:aws:ec2:us-east-1:1:",
    "acs:ecs:cn-hangzhou:1:",
    "/subscriptions/11/resourceGroups/",
    "subscriptions/11/",
    "//compute.googleapis.com/",
    "projects/p/",
    "gs://",
    "oss://",
    "/rg/providers/Microsoft.Compute/",
)
IDS = st.one_of(
    st.text(alphabet="aZ/: -_.0", max_size=12),
    st.lists(st.sampled_from([*PREFIXES, "a", "/", "B/c"]), max_size=5).map("".join),
    st.sampled_from(
        [ARN, "arn:aws:s3:::weights/a/", "s3://weights/", " i-0ABC ", "arn:", "arn:a:b"]
    ),
    st.builds("arn:aws:{}:{}:1:{}".format, *[st.text("aB/:", max_size=5)] * 3),
)


@settings(deadline=None)
@given(st.lists(IDS, min_size=1, max_size=8, unique=True))
def test_bills_and_the_catalogue_key_a_resource_alike(ids: list[str]) -> None:
    with duckdb.connect() as con:
        bill(con, [charge(str(i), ResourceId=name) for i, name in enumerate(ids)])
        rows = select(con, "attribution/resource_keys", ["resource_id", "resource_key"])
    assert dict(rows) == {name: resource_key(name) for name in ids if name}


def test_every_kind_of_resource_gets_a_key_once(con: duckdb.DuckDBPyConnection) -> None:
    plan = "arn:aws:savingsplans::1:savingsplan/A"
    bill(
        con,
        [charge("a", ResourceId=ARN, CommitmentDiscountId=plan), charge("b", ResourceId=ARN)],
        [pod("p", "pod/a/1", "1")],
        [use("v1", resource_id="Rank"), use("v1", resource_id="")],
        [{"resource_id": "*"}, {"resource_id": "Rank"}],
    )
    assert select(
        con, "attribution/resource_keys", ["resource_id", "resource_key", "last_part"]
    ) == [
        ("Rank", "rank", "rank"),
        (ARN, "endpoint/rank", "rank"),
        (plan, "savingsplan/a", "a"),
        (GPU, GPU, GPU),
        ("pod/a/1", "pod/a/1", "1"),
    ]


@pytest.mark.parametrize(
    ("linked", "kind", "billed", "found"),
    [
        ("endpoint/rank", "deployment", ARN, "endpoint/rank"),
        ("rank", "deployment", ARN, "rank"),
        ("endpoint/rank", "deployment", "rank", "endpoint/rank"),
        ("rank", "run", ARN, None),
        ("rank", "deployment", "training-job/rank", None),
        ("rank", "run", "training-job/rank", "rank"),
        ("training-job/rank", "run", "rank", None),
        ("other", "deployment", ARN, None),
    ],
)
def test_a_resource_is_known_by_its_whole_key_or_its_name(
    con: duckdb.DuckDBPyConnection, linked: str, kind: str, billed: str, found: str | None
) -> None:
    bill(con, [charge("a", ResourceId=billed)])
    table(con, "links", LINK, link(linked, kind))
    materialise(con, "resource_keys", "attribution/resource_keys")
    rows = select(con, "attribution/linked_resources", ["resource_id", "link_key"])
    assert rows == ([(billed, found)] if found else [])


def test_the_whole_key_beats_the_name_and_the_catalogue_beats_the_log(
    con: duckdb.DuckDBPyConnection,
) -> None:
    bill(con, [charge("a", ResourceId=ARN)], [pod("p", "", "1")], [use("v1", resource_id=ARN)])
    materialise(con, "resource_keys", "attribution/resource_keys")
    table(con, "links", LINK, link("rank"))
    columns = ["resource_id", "link_key"]
    by_name = select(con, "attribution/linked_resources", columns)
    assert by_name == [(ARN, "rank"), (GPU, GPU)], "a parent of pods is known without a catalogue"
    table(con, "links", LINK, link("rank"), link("endpoint/rank"))
    by_key = select(con, "attribution/linked_resources", columns)
    assert by_key == [(ARN, "endpoint/rank"), (GPU, GPU)]


def test_kinds_of_line_are_distinct_and_an_absent_field_is_empty(
    con: duckdb.DuckDBPyConnection,
) -> None:
    bill(con, [charge("a"), charge("b"), charge("c", x_UsageType=None, x_ServiceCode=None)])
    assert select(con, "attribution/signatures", ["service", "usage_type", "operation"]) == [
        ("Amazon Elastic Compute Cloud", "", ""),
        ("AmazonEC2", "USE1-BoxUsage:g5.xlarge", ""),
    ]


def linked_columns(
    con: duckdb.DuckDBPyConnection, columns: list[str], *links: dict[str, Any]
) -> list[tuple[Any, ...]]:
    table(con, "links", LINK, *links)
    table(
        con,
        "linked_resources",
        {"resource_id": TEXT, "link_key": TEXT},
        {"resource_id": GPU, "link_key": "x"},
    )
    return select(con, "attribution/linked_charges", columns)


def test_linked_charges_know_their_hours_and_their_machine_time(
    con: duckdb.DuckDBPyConnection,
) -> None:
    bill(
        con,
        [
            charge("hour"),
            charge("zero", until=0),
            charge("day", until=24, ConsumedQuantity=Decimal(24)),
            charge("half", hour=0.5, until=2, ConsumedUnit="Seconds"),
            charge("refund", ChargeClass="Correction"),
            charge("none", ConsumedQuantity=None, ConsumedUnit=None),
            charge("elsewhere", ResourceId="i-1"),
        ],
    )
    charge_meanings(con)
    found = linked_columns(con, ["charge_id", "first_hour", "last_hour", "machine_us"])
    assert found == sorted(
        [
            ("hour", at(0), at(0), 3_600_000_000),
            ("zero", at(0), at(0), 3_600_000_000),
            ("day", at(0), at(23), 24 * 3_600_000_000),
            ("half", at(0), at(1), 1_000_000),
            ("refund", at(0), at(0), None),
            ("none", at(0), at(0), None),
        ],
        key=repr,
    )


@pytest.mark.parametrize("changed", [{"bucket": "overhead"}, {"is_following": True}])
def test_lines_that_a_rule_places_or_that_follow_are_not_linked(
    con: duckdb.DuckDBPyConnection, changed: dict[str, Any]
) -> None:
    bill(con, [charge("a")])
    charge_meanings(con, **changed)
    assert linked_columns(con, ["charge_id"]) == []


def test_following_lines_need_a_resource_and_keep_its_link(con: duckdb.DuckDBPyConnection) -> None:
    bill(con, [charge("a"), charge("b", ResourceId=None), charge("c", ResourceId="i-1")])
    charge_meanings(con, is_following=True)
    table(
        con,
        "linked_resources",
        {"resource_id": TEXT, "link_key": TEXT},
        {"resource_id": GPU, "link_key": "x"},
    )
    found = select(con, "attribution/following", ["charge_id", "link_key"])
    assert found == [("a", "x"), ("c", "")]


def test_a_charges_hours_carry_the_part_it_covers(con: duckdb.DuckDBPyConnection) -> None:
    def span(number: int, start: float, until: float, last: int) -> dict[str, Any]:
        return {
            "origin_id": number,
            "link_key": "x",
            "starts_at": at(start),
            "ends_at": at(until),
            "first_hour": at(int(start)),
            "last_hour": at(last),
        }

    table(con, "linked_charges", LINKED, span(1, 0.5, 2.25, 2), span(2, 3, 3, 3))
    assert select(con, "attribution/charge_hours", ["origin_id", "hour", "overlap_us"]) == [
        (1, at(0), 1_800_000_000),
        (1, at(1), 3_600_000_000),
        (1, at(2), 900_000_000),
        (2, at(3), 1),
    ]
    table(con, "linked_charges", LINKED)
    assert select(con, "attribution/charge_hours", ["origin_id"]) == []


def test_deployments_are_live_from_their_first_instant_until_before_their_last(
    con: duckdb.DuckDBPyConnection,
) -> None:
    table(con, "resource_hours", HOUR, *(hour(n, start=n) for n in range(3)), hour(9, "y"))
    table(
        con,
        "links",
        LINK,
        link("x", version="v1", valid_until=at(1)),
        link("x", version="v2", valid_from=at(0.5), valid_until=at(2), replicas=2),
        link("x", "run", "v3"),
        link("x", "artefact", "v4", valid_from=None, valid_until=None),
    )
    table(
        con,
        "rollouts",
        ROLLOUT,
        {
            "link_key": "x",
            "model": "m",
            "model_version": "v2",
            "valid_from": at(0.5),
            "valid_until": at(1),
        },
    )
    columns = ["hour_id", "model_version", "replica_us", "rollout_replica_us"]
    assert select(con, "attribution/live_deployments", columns) == [
        (0, "v1", 3_600_000_000, 0),
        (0, "v2", 3_600_000_000, 3_600_000_000),
        (1, "v2", 7_200_000_000, 0),
    ]
    table(con, "links", LINK)
    assert select(con, "attribution/live_deployments", columns) == []


def test_two_deployments_of_one_version_in_one_hour_are_one_row(
    con: duckdb.DuckDBPyConnection,
) -> None:
    table(con, "resource_hours", HOUR, hour(1))
    table(con, "rollouts", ROLLOUT)
    half = at(0.5)
    table(con, "links", LINK, link("x", valid_until=half), link("x", valid_from=half, replicas=3))
    columns = ["hour_id", "model_version", "replica_us"]
    assert select(con, "attribution/live_deployments", columns) == [(1, "v1", 7_200_000_000)]


def test_runs_count_the_time_they_ran_in_the_hour(con: duckdb.DuckDBPyConnection) -> None:
    table(con, "resource_hours", HOUR, hour(1), hour(2, start=1))
    table(
        con,
        "links",
        LINK,
        link("x", "run", valid_from=at(0.25), valid_until=at(1)),
        link("x", "run", valid_from=at(0.75), valid_until=at(1)),
        link("x", "deployment", "v2"),
    )
    columns = ["hour_id", "model_version", "run_us"]
    assert select(con, "attribution/live_runs", columns) == [(1, "v1", 3_600_000_000)]


WATCH = {"link_key": TEXT, "watched_from": INSTANT, "watched_until": INSTANT, "kind": TEXT}


def capacities(
    con: duckdb.DuckDBPyConnection,
    lines: list[dict[str, Any]],
    links: list[dict[str, Any]],
    watches: list[tuple[str, float, float, str]] = [],  # noqa: B006
    gpus: list[tuple[str, int]] = [],  # noqa: B006
) -> list[tuple[Any, ...]]:
    line = {
        "link_key": "x",
        "split": "capacity",
        "element": "hardware",
        "milli_gpus": 1000,
        "starts_at": at(0),
        "ends_at": at(1),
        "machine_us": 3_600_000_000,
        "is_one_machine": False,
    }
    rows = [{"origin_id": n, **line, **changed} for n, changed in enumerate(lines)]
    for row in rows:
        row["first_hour"] = row["starts_at"]
        row["last_hour"] = row["ends_at"] - timedelta(hours=1)
    table(con, "linked_charges", LINKED, *rows)
    table(con, "links", LINK, *links)
    table(con, "uses", USE)
    table(con, "pod_hours", {"source": TEXT, "x_ShareId": TEXT, "link_key": TEXT, "hour": INSTANT})
    table(con, "node_pods", NODE_POD)
    table(
        con,
        "resource_sizes",
        SIZE,
        *({"link_key": key, "milli_gpus": milli} for key, milli in gpus),
    )
    table(
        con,
        "watches",
        WATCH,
        *(
            dict(zip(WATCH, (key, at(start), at(end), kind), strict=True))
            for key, start, end, kind in watches
        ),
    )
    materialise(con, "charge_hours", "attribution/charge_hours")
    columns = ["link_key", "hour", "capacity_us", "is_watched", "is_split_by_use"]
    return select(con, "attribution/resource_hours", columns)


US = 3_600_000_000


def test_capacity_adds_the_lines_of_an_hour_but_a_machine_has_only_one(
    con: duckdb.DuckDBPyConnection,
) -> None:
    two = [{}, {}]
    assert capacities(con, two, [link("x")]) == [("x", at(0), 2 * US, False, False)]
    machine = [{"is_one_machine": True}, {"is_one_machine": True}]
    assert capacities(con, machine, [link("x")]) == [("x", at(0), US, False, False)]
    half = [{"machine_us": US // 2, "is_one_machine": True}]
    assert capacities(con, half, [link("x")]) == [("x", at(0), US // 2, False, False)]


def test_capacity_counts_accelerators_the_catalogue_before_the_type(
    con: duckdb.DuckDBPyConnection,
) -> None:
    line = [{"milli_gpus": 8000}]
    assert capacities(con, line, [link("x")])[0][2] == 8 * US
    assert capacities(con, line, [link("x")], gpus=[("x", 500)])[0][2] == US // 2


def test_a_line_without_machine_time_leaves_one_hour(con: duckdb.DuckDBPyConnection) -> None:
    bandwidth = [{"split": "use", "element": "bandwidth", "machine_us": None}]
    assert capacities(con, bandwidth, [link("x")]) == [("x", at(0), US, False, True)]


@pytest.mark.parametrize(
    ("kinds", "watches", "is_watched"),
    [
        (["deployment"], [("x", 0, 1, "log")], True),
        (["deployment"], [("*", 0.5, 1, "log")], True),
        (["deployment"], [("x", 1, 2, "log")], False),
        (["deployment"], [("y", 0, 1, "log")], False),
        (["deployment"], [("x", 0, 1, "run")], False),
        (["run"], [("*", 0, 1, "log")], False),
        (["run"], [("x", 0, 1, "run")], True),
        (["run", "deployment"], [("x", 0, 1, "run")], False),
        (["run", "deployment"], [("x", 0, 1, "run"), ("*", 0, 1, "log")], True),
        (["artefact"], [("*", 0, 1, "log")], False),
    ],
)
def test_an_hour_is_watched_when_all_that_may_work_on_it_is(
    con: duckdb.DuckDBPyConnection,
    kinds: list[str],
    watches: list[tuple[str, float, float, str]],
    is_watched: bool,
) -> None:
    found = capacities(con, [{}], [link("x", kind) for kind in kinds], watches)
    assert found == [("x", at(0), US, is_watched, False)]


def test_a_resource_nothing_is_linked_to_has_no_hours(con: duckdb.DuckDBPyConnection) -> None:
    assert capacities(con, [{}], []) == []
    assert capacities(con, [], [link("x")]) == []


def test_pods_have_the_hours_of_their_split_rows(con: duckdb.DuckDBPyConnection) -> None:
    bill(con, pods=[pod("p", "pod-1", "1"), pod("q", "pod-2", "1", hour=1, until=3)])
    table(
        con,
        "linked_resources",
        {"resource_id": TEXT, "link_key": TEXT},
        {"resource_id": "pod-2", "link_key": "x"},
    )
    assert select(con, "attribution/pod_hours", ["x_ShareId", "link_key", "hour"]) == [
        ("p", None, at(0)),
        ("q", "x", at(1)),
        ("q", "x", at(2)),
    ]


def test_watches_go_by_the_key_of_their_resource(con: duckdb.DuckDBPyConnection) -> None:
    span = {"watched_from": at(0), "watched_until": at(1)}
    bill(con, coverage=[{"resource_id": name, **span} for name in ("*", "Rank", "I-9")])
    materialise(con, "resource_keys", "attribution/resource_keys")
    table(
        con,
        "linked_resources",
        {"resource_id": TEXT, "link_key": TEXT},
        {"resource_id": "Rank", "link_key": "endpoint/rank"},
    )
    table(con, "run_watches", WATCH, {"link_key": "x", "kind": "run"})
    assert select(con, "attribution/watches", ["link_key", "kind"]) == [
        ("*", "log"),
        ("endpoint/rank", "log"),
        ("i-9", "log"),
        ("x", "run"),
    ]


def test_what_tags_say_is_read_once_per_set_from_charges_and_pods(
    con: duckdb.DuckDBPyConnection,
) -> None:
    tags = '{"model":"m","user:v":"1","phase":"Train"}'
    bill(
        con,
        [charge("a", Tags=tags), charge("b", Tags=tags), charge("c", Tags="{}"), charge("d")],
        [pod("p", "", "1", Tags='{"llm":"m2"}'), pod("q", "", "1", Tags="no json")],
    )
    rows = select(
        con,
        "attribution/tag_sets",
        ["tag_model", "tag_version", "tag_component"],
        model_paths=['$."model"', '$."llm"'],
        version_paths=['$."user:v"'],
        component_paths=['$."phase"'],
    )
    assert rows == [("m", "1", "train"), ("m2", "", "")]


NAMES = {
    "log_model": TEXT,
    "log_version": TEXT,
    "model": TEXT,
    "model_version": TEXT,
    "is_known": FLAG,
    "is_dated": FLAG,
    "valid_from": INSTANT,
    "valid_until": INSTANT,
}


def name_row(
    log: tuple[str, str], meant: tuple[str, str], known: bool = True, **dated: Any
) -> dict[str, Any]:
    """What a log's name means, always unless `valid_from` or `valid_until` is given."""
    always = {"valid_from": at(-9999), "valid_until": at(9999)}
    values = dict(zip(NAMES, (*log, *meant, known, bool(dated)), strict=False))
    return values | always | dated


def uses_of(
    con: duckdb.DuckDBPyConnection, usage: list[dict[str, Any]], links: list[dict[str, Any]]
) -> list[tuple[Any, ...]]:
    bill(con, usage=usage)
    materialise(con, "resource_keys", "attribution/resource_keys")
    table(con, "linked_resources", {"resource_id": TEXT, "link_key": TEXT})
    table(con, "links", LINK, *links)
    table(con, "token_weights", WEIGHT)
    table(
        con,
        "log_names",
        NAMES,
        name_row(("m", "v1"), ("m", "v1")),
        name_row(("alias", ""), ("m", "v1")),
        name_row(("m", ""), ("m", "")),
        name_row(("ghost", ""), ("ghost", ""), known=False),
        name_row(("live", ""), ("m", "v1"), valid_until=at(1)),
        name_row(("live", ""), ("m", "v2"), valid_from=at(1)),
    )
    return select(
        con,
        "attribution/uses",
        ["link_key", "model", "model_version", "requests", "gpu_us", "token_work", "all_gpu"],
        input_weight=1000,
        cache_weight=100,
        output_weight=4000,
    )


def test_use_is_summed_by_the_catalogues_names(con: duckdb.DuckDBPyConnection) -> None:
    usage = [
        use("v1", gpu=1, tokens=(10, 1), input_tokens_cache_read=4),
        use("", model="alias", requests=2, tokens=(1, 0)),
        use("", model="ghost", gpu=1),
        use("v1", status="throttled", gpu=9),
        use("v1", status="cache_hit", gpu=9),
        use("v1", resource_id=""),
    ]
    assert uses_of(con, usage, []) == [
        (GPU, "ghost", "", 1, 1_000_000, 0, True),
        (GPU, "m", "v1", 3, 1_000_000, 6_000 + 400 + 4_000 + 1_000, False),
    ]
    assert uses_of(con, [], []) == []


def test_a_versionless_record_is_the_one_live_versions_or_nobodys(
    con: duckdb.DuckDBPyConnection,
) -> None:
    usage = [use("", hour=0), use("", hour=1)]
    links = [link(GPU), link(GPU, version="v2", valid_from=at(1), valid_until=at(2))]
    assert [row[:3] for row in uses_of(con, usage, links)] == [(GPU, "m", ""), (GPU, "m", "v1")]


def test_a_name_means_what_it_meant_in_the_hour(con: duckdb.DuckDBPyConnection) -> None:
    usage = [use("", hour, model="live", requests=hour + 1) for hour in (0, 1, 2)]
    assert [row[1:4] for row in uses_of(con, usage, [])] == [
        ("m", "v1", 1),
        ("m", "v2", 2),
        ("m", "v2", 3),
    ]


def test_names_that_the_catalogue_lacks_are_counted(con: duckdb.DuckDBPyConnection) -> None:
    bill(con, usage=[use("9", hour, model="ghost", requests=2 + hour) for hour in (0, 1, 2)])
    unknown = name_row(("ghost", "9"), ("", ""), known=False, valid_until=at(2))
    known = name_row(("ghost", "9"), ("m", "v1"), valid_from=at(2))
    table(con, "log_names", NAMES, unknown, known)
    columns = ["log_model", "log_version", "requests"]
    assert select(con, "attribution/unknown_names", columns) == [("ghost", "9", 5)]


def test_names_that_meant_no_one_version_are_counted(con: duckdb.DuckDBPyConnection) -> None:
    calls = [use("", hour, model="live", requests=2) for hour in (0, 1, 2)]
    others = [{"is_counted": False}, {"grain": "allocation"}, {"grain": "sample"}]
    bill(con, usage=[*calls, *(use("", model="live", **other) for other in others)])
    table(
        con,
        "log_names",
        NAMES,
        name_row(("live", ""), ("m", ""), valid_until=at(2)),
        name_row(("live", ""), ("m", "v2"), valid_from=at(2)),
    )
    columns = ["log_model", "model", "requests", "first_hour", "last_hour"]
    assert select(con, "attribution/open_names", columns) == [("live", "m", 4, at(0), at(1))]


def test_requests_before_their_version_existed_are_counted(
    con: duckdb.DuckDBPyConnection,
) -> None:
    calls = [use(version, hour) for version in ("v1", "v2", "v3") for hour in range(6)]
    others = [{"is_counted": False}, {"grain": "allocation"}, {"grain": "sample"}]
    bill(con, usage=[*calls, *(use("v1", **other) for other in others)])
    names = [name_row(("m", version), ("m", version)) for version in ("v1", "v2", "v3")]
    table(con, "log_names", NAMES, *names)
    table(
        con,
        "version_starts",
        {"model": TEXT, "model_version": TEXT, "released_at": INSTANT, "deployed_at": INSTANT},
        {"model": "m", "model_version": "v1", "released_at": at(2.5)},
        {"model": "m", "model_version": "v2", "released_at": at(1), "deployed_at": at(4)},
        {"model": "m", "model_version": "v3", "deployed_at": at(0)},
    )
    columns = ["model_version", "requests", "first_hour", "last_hour"]
    assert select(con, "attribution/early_requests", columns) == [
        ("v1", 2, at(0), at(1)),
        ("v2", 4, at(0), at(3)),
    ]


def test_artefacts_share_a_location_by_size_or_not_at_all(con: duckdb.DuckDBPyConnection) -> None:
    def stored(key: str, version: str, weight: int, model: str = "m") -> dict[str, Any]:
        return link(key, "artefact", version, model=model, weight=weight)

    table(
        con,
        "links",
        LINK,
        stored("one", "v1", 0),
        stored("sized", "v1", 10),
        stored("sized", "v2", 30),
        stored("sized", "v2", 5),
        stored("same", "v1", 10),
        stored("same", "v2", 0),
        stored("mixed", "v1", 0),
        stored("mixed", "w1", 0, model="n"),
        link("whole", "resource", ""),
        link("one", "resource", ""),
    )
    columns = ["link_key", "bucket", "model", "model_version", "component", "method", "weight"]
    assert select(con, "attribution/static_claims", columns) == [
        ("mixed", "shared_pool", "", "", "", "not_measured", 1),
        ("one", "model_version", "m", "v1", "storage", "direct", 1),
        ("same", "model", "m", "", "storage", "not_measured", 1),
        ("sized", "model_version", "m", "v1", "storage", "usage", 10),
        ("sized", "model_version", "m", "v2", "storage", "usage", 35),
        ("whole", "model", "m", "", "", "direct", 1),
    ]


def test_every_file_of_the_attribution_has_a_header_with_its_grain_and_parameters() -> None:
    folder = Path(__file__).resolve().parents[2] / "sql"
    for area in ("attribution", "spend", "variance"):
        for file in (folder / area).glob("*.sql"):
            text = file.read_text(encoding="utf-8")
            assert text.startswith("-- "), file
            assert "-- grain:" in text, file
            assert "-- params:" in text, file


NAMED = {"price_details": "D", "model": "m", "model_version": "v1", "is_known": True}


@pytest.mark.parametrize(
    ("links", "is_linked"),
    [
        ([], False),
        ([link("x")], True),
        ([link("x", version="v2")], False),
        ([link("x"), link("x", version="v2")], False),
        ([link("x", model="n")], False),
        ([link("x"), link("x", version="v2", valid_from=at(1))], True),
        ([link("x", valid_from=at(1))], False),
        ([link("x", "artefact")], False),
    ],
)
def test_where_the_bill_names_the_model_only_links_that_agree_decide(
    con: duckdb.DuckDBPyConnection, links: list[dict[str, Any]], is_linked: bool
) -> None:
    bill(con, [charge("named", SkuPriceDetails="D"), charge("unknown", SkuPriceDetails="E")])
    strange = {**NAMED, "price_details": "E", "is_known": False}
    charge_meanings(con, named=[NAMED, strange])
    expected = [("named",), ("unknown",)] if is_linked else [("unknown",)]
    assert linked_columns(con, ["charge_id"], *links) == expected


def test_a_bill_that_names_the_model_alone_agrees_with_any_of_its_versions(
    con: duckdb.DuckDBPyConnection,
) -> None:
    bill(con, [charge("named", SkuPriceDetails="D")])
    charge_meanings(con, named=[{**NAMED, "model_version": ""}])
    both = (link("x"), link("x", version="v2"))
    assert linked_columns(con, ["charge_id"], *both) == [("named",)]


def test_machine_time_is_of_what_the_rule_counts(con: duckdb.DuckDBPyConnection) -> None:
    bill(con, [charge("a", ResourceId=GPU)])
    columns = ["machine_us", "is_one_machine"]
    for counts, found in (
        ("machines", (3_600_000_000, True)),
        ("accelerators", (3_600_000_000, False)),
        ("nothing", (None, False)),
    ):
        charge_meanings(con, counts=counts)
        assert linked_columns(con, columns) == [found]
