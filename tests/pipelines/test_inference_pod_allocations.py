"""Allocations of pods: what they hold, until when, and two clusters' traces."""

import csv
import gzip
from collections import defaultdict
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from inference_logs import local, read_sources, write_csv, write_jsonl

from pipelines.inference.pod_allocations import FORMAT
from pipelines.inference.sources import LogInput

HOUR = timedelta(hours=1)


def pod(name: str = "rank-7c", **fields: Any) -> dict[str, Any]:
    row = {"node": "i-1", "namespace": "rec", "pod": name, "gpus": 2}
    return {**row, "from": "2026-09-01T10:30:00Z", "until": "2026-09-01T12:00:00Z", **fields}


def read(root: Path, *paths: Path, defaults: dict[str, str] | None = None, **window: Any) -> Any:
    files = [local(path, root) for path in paths]
    source = LogInput("pods", None, [], files, format=FORMAT, defaults=defaults or {})
    return read_sources([source], root / ".work", **window)


def test_a_pod_holds_in_every_hour_what_it_was_given(tmp_path: Path) -> None:
    row = pod(gpu_milli=500, cpu="1500m", memory="16Gi", qos="Burstable", tenant="shop")
    found = read(tmp_path, write_jsonl(tmp_path / "pods.jsonl", [row]))
    columns = (
        *("hour", "resource_id", "model", "service_tier", "grain", "requests"),
        *("gpu_held_microseconds", "vcpu_milliseconds", "memory_gib_milliseconds"),
    )
    at = datetime(2026, 9, 1, 10)
    us, ms = 3_600_000_000, 3_600_000
    same = ("i-1", "rec/rank-7c", "Burstable", "allocation", 0)
    assert found.usage.select(columns).rows() == [
        (at, *same, us // 2, ms * 3 // 4, ms * 8),
        (at + HOUR, *same, us, ms * 3 // 2, ms * 16),
    ]
    assert found.counts() == {"pods.jsonl": (1, 1, 0, 0, 0)}
    assert found.usage["gpu_microseconds"].to_list() == [None, None], "held is not busy"


@pytest.mark.parametrize(
    ("fields", "gib"),
    [
        ({"memory": "512Mi"}, Decimal("0.5")),
        ({"memory": "1073741824"}, 1),
        ({"memory": "1.5Gi"}, Decimal("1.5")),
        ({"memory_gib": 2}, 2),
        ({"memory": "1073741824k"}, 1000),
    ],
)
def test_memory_is_read_as_kubernetes_writes_it(
    tmp_path: Path, fields: dict[str, Any], gib: Decimal
) -> None:
    found = read(tmp_path, write_csv(tmp_path / "pods.csv", [pod(**fields)]))
    assert found.total("memory_gib_milliseconds") == gib * 5_400_000


def test_a_pod_still_running_lasts_until_the_default_else_to_the_end_of_the_month(
    tmp_path: Path,
) -> None:
    path = write_jsonl(tmp_path / "pods.json", [pod(gpus=1, until=None)])
    until = {"ended_at": "2026-09-01T11:00:00Z"}
    assert read(tmp_path, path, defaults=until).total("gpu_held_microseconds") == 1_800_000_000
    open_ended = read(tmp_path, path)
    assert open_ended.total("gpu_held_microseconds") == (720 * 2 - 21) * 1_800_000_000


def test_a_pod_of_two_exports_counts_once_with_the_end_that_is_known(tmp_path: Path) -> None:
    first = write_jsonl(tmp_path / "1.jsonl", [pod(until=None), pod("other")])
    second = write_jsonl(tmp_path / "2.jsonl", [pod(), pod("other"), pod(container="sidecar")])
    for paths in ((first, second), (second, first)):
        found = read(tmp_path, *paths)
        assert found.total("gpu_held_microseconds") == 3 * 2 * 5_400_000_000
        assert found.files["duplicates"].sum() == 2


def test_pods_that_never_ran_are_left_out_and_bad_ones_rejected(tmp_path: Path) -> None:
    path = write_csv(
        tmp_path / "pods.csv",
        [
            pod(),
            pod("pending") | {"from": "", "until": ""},
            pod("words", gpus="many"),
            pod("", namespace="rec"),
            pod("backwards", until="2026-09-01T10:00:00Z"),
            pod("no zone") | {"from": "2026-09-01 10:30:00"},
            pod("memory", memory="16 GB"),
        ],
    )
    found = read(tmp_path, path)
    assert found.files["left_out"].to_list() == [1]
    assert [(line, name, reason) for _, line, name, reason in found.bad_lines()] == [
        (4, "gpu_held_ms", "not a number"),
        (5, "model", "missing"),
        (6, "ended_at", "before it started"),
        (7, "started_at", "no time zone"),
        (8, "memory_gib_ms", "not a number"),
    ]


@pytest.mark.parametrize(
    ("written", "node"),
    [
        ("aws:///us-east-1a/i-0abc", "i-0abc"),
        ("gce://shop/us-central1-a/gpu-1", "gpu-1"),
        (
            "azure:///subscriptions/s/resourceGroups/ml/providers/Microsoft.Compute/x/vm",
            "/subscriptions/s/resourceGroups/ml/providers/Microsoft.Compute/x/vm",
        ),
    ],
)
def test_a_providers_id_of_a_node_is_the_bills_machine(
    tmp_path: Path, written: str, node: str
) -> None:
    row = pod(node=None, provider_id=written)
    found = read(tmp_path, write_jsonl(tmp_path / "pods.jsonl", [row]))
    assert set(found.usage["resource_id"]) == {node}


# --- real clusters --------------------------------------------------------------------------------


def rows_of(path: Path) -> list[dict[str, str]]:
    with gzip.open(path, "rt", encoding="utf-8", newline="") as text:
        return list(csv.DictReader(text))


def hours(found: Any, column: str, per_hour: int, by: str = "service_tier") -> dict[str, Fraction]:
    sums = found.usage.group_by(by).agg(pl.col(column).sum())
    return {key: Fraction(total, per_hour) for key, total in sums.iter_rows()}


def test_the_pods_of_a_shared_cluster_come_to_its_gpu_hours_by_class(
    shared_data: Path, tmp_path: Path
) -> None:
    """alibaba_gpu_2023: times are seconds from the trace's start."""
    pods = rows_of(shared_data / "traces/alibaba_gpu_2023_pods.csv.gz")
    wanted: dict[str, int] = defaultdict(int)
    lines = []
    for row in pods:
        lines.append(
            {
                "node": "cluster",
                "pod": row["qos"],  # a model per class is enough, and quick
                "container": row["name"],
                "gpus": row["num_gpu"],
                "gpu_milli": row["gpu_milli"],
                "cpu": f"{row['cpu_milli']}m",
                "memory": f"{row['memory_mib']}Mi",
                "qos": row["qos"],
                "from": row["scheduled_time"],
                "until": row["deletion_time"] if row["scheduled_time"] else "",
            }
        )
        if row["scheduled_time"]:
            seconds = int(row["deletion_time"]) - int(row["scheduled_time"])
            wanted[row["qos"]] += int(row["num_gpu"]) * int(row["gpu_milli"] or 0) * seconds
    window = (datetime(1970, 1, 1), datetime(1970, 6, 1))
    found = read(tmp_path, write_csv(tmp_path / "pods.csv", lines), window=window)
    assert found.files["left_out"].to_list() == [897]
    assert found.rejects.is_empty()
    held = hours(found, "gpu_held_microseconds", 3_600_000_000)
    assert {key: round(total, 3) for key, total in held.items()} == {
        "LS": Fraction("41413.360"),
        "Burstable": Fraction("7459.201"),
        "BE": Fraction("1311.636"),
        "Guaranteed": Fraction("1286.478"),
    }
    assert held == {key: Fraction(total, 3_600_000) for key, total in wanted.items()}
    assert round(sum(held.values()), 3) == Fraction("51470.674")


def test_the_instances_of_recommender_services_come_to_their_gpu_cpu_and_memory_hours(
    shared_data: Path, tmp_path: Path
) -> None:
    """alibaba_dlrm_2025: GPU nodes (HN) and CPU nodes (CN), clipped to the trace's 30.99 days."""
    last = 2_677_541
    alike: dict[tuple[str, ...], int] = defaultdict(int)
    for row in rows_of(shared_data / "traces/alibaba_dlrm_2025_instances.csv.gz"):
        start = row["scheduled_time"] or row["creation_time"] or "0"
        amounts = (row["gpu_request"], row["cpu_request"], row["memory_request"])
        alike[row["role"], row["app_name"], *amounts, start, row["deletion_time"]] += 1
    assert sum(alike.values()) == 16_176
    lines = [
        {
            "node": "pool",
            "namespace": role,
            "pod": app,
            "container": number,  # instances of one time and size, to be quick
            "gpus": int(gpus) * count,
            "vcpus": Decimal(cpu) * count,
            "memory_gib": Decimal(memory) * count,
            "qos": role,
            "from": start,
            "until": end,
        }
        for number, ((role, app, gpus, cpu, memory, start, end), count) in enumerate(alike.items())
    ]
    found = read(
        tmp_path,
        write_csv(tmp_path / "pods.csv", lines),
        defaults={"ended_at": str(last)},
        window=(datetime(1970, 1, 1), datetime(1970, 2, 1)),
    )
    assert found.rejects.is_empty()
    held = {
        role: [
            round(Fraction(found.usage.filter(service_tier=role)[column].sum(), unit), 3)
            for column, unit in (
                ("gpu_held_microseconds", 3_600_000_000),
                ("vcpu_milliseconds", 3_600_000),
                ("memory_gib_milliseconds", 3_600_000),
            )
        ]
        for role in ("HN", "CN")
    }
    assert held["HN"][:2] == [Fraction("1613415.126"), Fraction("14004422.748")]
    assert held["CN"] == [0, Fraction("173031747.604"), Fraction("857814044.541")]
    largest = hours(found, "gpu_held_microseconds", 3_600_000_000, "model")
    assert {app: round(largest[f"HN/app_{app}"], 1) for app in (0, 21, 54, 22, 52)} == {
        0: Fraction("281382.5"),
        21: Fraction("87878.5"),
        54: Fraction("82455.8"),
        22: Fraction("78419.1"),
        52: Fraction("75612.7"),
    }
