"""Real clusters with a bill on top: what pods held, kept busy and left idle, in dollars."""

import csv
import gzip
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest
from attribution_builders import MONTH, START, charge, models, write
from inference_logs import local, write_csv

from pipelines.attribution import AttributionInputs, allocate
from pipelines.attribution.rules import load_rules
from pipelines.contracts import ALLOCATED, CHARGES, require
from pipelines.inference.pod_allocations import FORMAT
from pipelines.inference.sources import LogInput
from pipelines.inference.usage import UsageTables, read_usage
from pipelines.registry.catalogue import parse_catalogue
from pipelines.settings import parse_settings

HOUR = timedelta(hours=1)
Totals = dict[tuple[str, ...], Decimal]


def rows_of(path: Path) -> list[dict[str, str]]:
    with gzip.open(path, "rt", encoding="utf-8", newline="") as text:
        return list(csv.DictReader(text))


def usage_of(
    path: Path, work: Path, hours: int, format_: Any = FORMAT, start: datetime = START
) -> UsageTables:
    source = LogInput("pods", None, [], [local(path, path.parent)], format=format_)
    with duckdb.connect() as con:
        return read_usage(con, [source], MONTH, (start, start + hours * HOUR), work)


def split(
    work: Path, lines: Sequence[dict[str, Any]], usage: UsageTables, catalogue: str
) -> tuple[Totals, pl.DataFrame]:
    """The month's ledger by bucket, version and evidence, and the notional idle."""
    inputs = AttributionInputs(
        charges=write(lines, CHARGES, work / "charges.parquet"), usage=[str(usage.usage)]
    )
    settings = parse_settings('[[bills]]\nname = "aws"\npath = "x"\n')
    with duckdb.connect() as con:
        found = allocate(con, MONTH, inputs, parse_catalogue(catalogue), load_rules(), settings)
        ledger = require(pl.DataFrame(found.allocated), ALLOCATED)
    assert ledger["EffectiveCost"].sum() == sum(line["EffectiveCost"] for line in lines)
    keys = ("bucket", "model_version", "evidence")
    sums = ledger.group_by(keys).agg(pl.col("EffectiveCost").sum())
    return {tuple(row[:-1]): row[-1] for row in sums.iter_rows()}, found.notional_idle


def workloads(**versions: str) -> str:
    """A model whose versions are pods of a name."""
    text = models(*versions)
    for version, pattern in versions.items():
        text = text.replace(f'"{version}"\n', f'"{version}"\nworkloads = ["{pattern}"]\n')
    return text


def test_a_clusters_dollars_are_its_pods_gpu_hours_and_the_rest_is_idle(
    shared_data: Path, tmp_path: Path
) -> None:
    """alibaba_gpu_2023 at one dollar a GPU-hour, all 6,212 GPUs of its nodes billed by the hour."""
    nodes = rows_of(shared_data / "traces/alibaba_gpu_2023_nodes.csv.gz")
    gpus = sum(int(row["gpu"]) for row in nodes)
    assert (len(nodes), gpus) == (1523, 6212)
    lines, wanted = [], defaultdict(Fraction)
    for row in rows_of(shared_data / "traces/alibaba_gpu_2023_pods.csv.gz"):
        if not row["scheduled_time"]:
            continue
        start, end = int(row["scheduled_time"]), int(row["deletion_time"])
        amount = Fraction(int(row["num_gpu"]) * int(row["gpu_milli"] or 0), 1000)
        wanted[row["qos"]] += amount * Fraction(end - start, 3600)
        lines.append(
            {
                "node": "cluster",
                "namespace": "class",
                "pod": row["qos"],
                "container": row["name"],
                "gpus": row["num_gpu"],
                "gpu_milli": row["gpu_milli"],
                "from": f"{START + timedelta(seconds=start)}Z",
                "until": f"{START + timedelta(seconds=end)}Z",
            }
        )
    hours = 12_902_960 // 3600 + 1
    usage = usage_of(write_csv(tmp_path / "pods.csv", lines), tmp_path, hours)
    bill = [
        charge(str(hour), str(gpus), hour=hour, ResourceId="cluster", x_UsageType="BoxUsage:p3")
        for hour in range(hours)
    ]
    catalogue = workloads(LS="class/ls", BE="class/be", Burstable="class/burst*", Guaranteed="*/g*")
    catalogue += f'[[resources]]\nid = "cluster"\ngpus = {gpus}\n'
    found, _ = split(tmp_path, bill, usage, catalogue)
    dollars = {key[1]: cost for key, cost in found.items() if key[0] == "model_version"}
    assert {key: round(cost, 3) for key, cost in dollars.items()} == {
        "LS": Decimal("41413.360"),
        "Burstable": Decimal("7459.201"),
        "BE": Decimal("1311.636"),
        "Guaranteed": Decimal("1286.478"),
    }
    for key, cost in dollars.items():
        assert abs(Fraction(cost) - wanted[key]) < Fraction(1, 10**6), key
    idle = {key[2]: cost for key, cost in found.items() if key[0] == "idle"}
    assert set(idle) <= {"held by no pod", "held by pods, not busy"}
    assert sum(idle.values()) + sum(dollars.values()) == hours * gpus


def test_ninety_per_cent_of_what_the_generator_held_is_idle_cost(
    shared_data: Path, tmp_path: Path
) -> None:
    """alibaba_genai_2026_infra: 1,621.492 GPU-hours held, 160.976 busy, each billed at a dollar."""
    samples = tmp_path / "samples.parquet"
    trace = shared_data / "traces/alibaba_genai_2026_infra.parquet"
    with duckdb.connect() as con:
        con.execute(
            "COPY (SELECT make_timestamp((timestamp_s + 125362800)::BIGINT * 1000000)::VARCHAR "
            "|| 'Z' AS started_at, container_ip AS resource_id, 'media/diffusion' AS model, "
            "'sample' AS grain, 0 AS requests, 57000.0 AS gpu_held_ms, value * 570 AS gpu_ms "
            f"FROM '{trace}' WHERE metric = 'gpu_duty_cycle') TO '{samples}' (FORMAT parquet)"
        )
    usage = usage_of(samples, tmp_path, 720, LogInput("x", None, [], []).format)
    rows = pl.read_parquet(usage.usage)
    held = Fraction(rows["gpu_held_microseconds"].sum(), 3_600_000_000)
    busy = Fraction(rows["gpu_microseconds"].sum(), 3_600_000_000)
    assert (round(held, 3), round(busy, 3)) == (Fraction("1621.492"), Fraction("160.976"))
    bill = []
    for number, (hour, resource, us) in enumerate(
        rows.select("hour", "resource_id", "gpu_held_microseconds").iter_rows()
    ):
        hours = Decimal(us) / 3_600_000_000
        start = (hour - START) / HOUR
        line = charge(str(number), "0", hour=start, ResourceId=resource, ConsumedQuantity=hours)
        bill.append(line | dict.fromkeys(("EffectiveCost", "BilledCost"), round(hours, 18)))
    found, notional = split(tmp_path, bill, usage, workloads(v1="media/*"))
    used = found[("model_version", "v1", "pod: deployment")]
    idle = found[("idle", "", "held by pods, not busy")]
    assert (round(used, 3), round(used + idle, 3)) == (Decimal("160.976"), Decimal("1621.492"))
    assert round(idle / (used + idle), 3) == Decimal("0.901")
    assert abs(notional["effective_cost"].sum() - idle) < Decimal("1e-12"), "whose idle it is"


@pytest.mark.parametrize("role", ["HN", "CN"])
def test_recommender_services_pay_for_gpus_or_for_the_larger_of_cpu_and_memory(
    shared_data: Path, tmp_path: Path, role: str
) -> None:
    """alibaba_dlrm_2025, a day of the ten largest services on one billed pool."""
    day = 86_400
    lines = []
    held: dict[str, list[Fraction]] = defaultdict(lambda: [Fraction(0)] * 3)
    for row in rows_of(shared_data / "traces/alibaba_dlrm_2025_instances.csv.gz"):
        start = float(row["scheduled_time"] or row["creation_time"] or 0)
        end = float(row["deletion_time"] or day)
        if row["role"] != role or start >= day or end <= 0 or not row["app_name"].endswith("1"):
            continue
        begins, ends = max(0, int(start)), min(day, int(end))
        amounts = [Fraction(row[name] or 0) for name in ("gpu_request", "cpu_request")]
        amounts.append(Fraction(row["memory_request"]))
        app = row["app_name"]
        held[app] = [a + b * (ends - begins) for a, b in zip(held[app], amounts, strict=True)]
        lines.append(
            {
                "node": f"pool-{role}",
                "pod": f"dlrm/{app}",
                "container": row["instance_sn"],
                "gpus": row["gpu_request"],
                "vcpus": row["cpu_request"],
                "memory_gib": row["memory_request"],
                "from": f"{START + timedelta(seconds=begins)}Z",
                "until": f"{START + timedelta(seconds=ends)}Z",
            }
        )
    usage = usage_of(write_csv(tmp_path / "pods.csv", lines), tmp_path, 24)
    vcpus, gib, gpus = 200_000, 1_000_000, 2_000
    size = f"gpus = {gpus}\n" if role == "HN" else f"vcpus = {vcpus}\nmemory_gib = {gib}\n"
    catalogue = '[[models]]\nname = "dlrm"\n' + "".join(
        f'[[models.versions]]\nversion = "{app}"\nworkloads = ["dlrm/{app}"]\n' for app in held
    )
    catalogue += f'[[resources]]\nid = "pool-{role}"\n{size}'
    bill = [charge(str(h), "1000", hour=h, ResourceId=f"pool-{role}") for h in range(24)]
    found, _ = split(tmp_path, bill, usage, catalogue)
    dollars = {key[1]: Fraction(cost) for key, cost in found.items() if key[0] == "model_version"}
    assert set(dollars) == set(held)
    assert found[("idle", "", "held by no pod")] > 0
    for app, (gpu, cpu, memory) in held.items():
        # the larger share may change by the hour: no less than the day's larger, no more than both
        least = gpu / gpus if role == "HN" else max(cpu / vcpus, memory / gib)
        most = least if role == "HN" else cpu / vcpus + memory / gib
        error = Fraction(1, 10**6)
        assert least * 1000 / 3600 - error < dollars[app] < most * 1000 / 3600 + error, app
