"""A month whose catalogue file leaves runs and deployments to a SageMaker registry's snapshots."""

import json
import re
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest
from golden_project import MONTH, write_golden
from sagemaker_snapshots import (
    BASE,
    config,
    endpoint,
    job,
    model,
    package,
    text,
    variant,
)

from assets.engine import run_months
from assets.lake import Lake
from assets.project import Project
from assets.registries.history import write_snapshot
from pipelines.registry.snapshots import Snapshot

SETTINGS = """
[[logs]]
name = "captured"
format = "sagemaker-capture"
path = "captured"

[[registries]]
name = "aws"
kind = "sagemaker"
regions = ["us-east-1"]
"""
CAPTURE = {"EnableCapture": True, "InitialSamplingPercentage": 20}


def captured(folder: Path) -> None:
    """One of five calls of the first version in the first hour."""
    file = folder / "captured/rank/blue/2026/09/01/00/a.jsonl"
    file.parent.mkdir(parents=True)
    told = {"eventId": "e1", "inferenceTime": "2026-09-01T00:10:00Z"}
    file.write_text(json.dumps({"captureData": {}, "eventMetadata": told}) + "\n")


def ran(start: int, end: int) -> dict[str, object]:
    times = {"TrainingStartTime": text("09-02", start), "TrainingEndTime": text("09-02", end)}
    return {**times, "BillableTimeInSeconds": (end - start) * 3600}


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    file = write_golden(tmp_path_factory.mktemp("registry"))
    known = file.with_name("catalogue.toml")
    blocks = re.split(r"\n(?=\[\[)", known.read_text())
    ours = ('[[runs]]\nid = "rank', '[[deployments]]\nmodel = "rank"')
    known.write_text("\n".join(block for block in blocks if not block.startswith(ours)))
    file.write_text(file.read_text() + SETTINGS)
    captured(file.parent)
    project = Project.load(file)
    served = config(variant("m1", "blue"), DataCaptureConfig=CAPTURE)
    items = {
        "packages": [package(1), package(2)],
        "models": [model("m1", 1)],
        "endpoints": [endpoint(served, "rank")],
        "training_jobs": [
            job("rank-v2", OutputModelPackageArn=f"{BASE}model-package/rank/2", **ran(0, 2)),
            job("rank-v2-lost", "Failed", Tags={"model": "rank"}, **ran(2, 3)),
        ],
    }
    taken_at = datetime(2026, 9, 5)
    write_snapshot(
        project, Snapshot("aws", "sagemaker", taken_at, {"regions": {"us-east-1": items}})
    )
    [outcome] = run_months(project, [MONTH], now=datetime(2026, 10, 10, tzinfo=UTC))
    assert (outcome.error, outcome.result) == (None, "published")
    return Lake(project.settings.lake, project.cache, project.base)


def test_the_bills_training_and_endpoint_lines_are_the_registered_versions(lake: Lake):
    ledger = lake.read("core_attribution__allocated_charges", MONTH)
    job_lines = ledger.filter(pl.col("ResourceId").str.contains("training-job/"))
    assert {
        (row["ResourceId"].rsplit("/", 1)[1], row["model_version"], row["component"])
        for row in job_lines.to_dicts()
    } == {("rank-v2", "2", "update"), ("rank-v2-lost", "(experiments)", "training")}
    served = ledger.filter(pl.col("ResourceId").str.ends_with("endpoint/rank"))
    assert ("rank", "1", "inference") in set(
        served.select("model", "model_version", "component").iter_rows()
    )


def test_captured_calls_are_scaled_by_what_the_configuration_says(lake: Lake):
    usage = lake.read("core_inference__usage", MONTH).filter(pl.col("source") == "captured")
    assert usage.select("requests", "requests_estimated").rows() == [(5, 5)]


def test_what_jobs_were_billed_stands_in_the_table_of_runs(lake: Lake):
    runs = lake.read("core_registry__runs", MONTH)
    assert set(
        runs.select("resource_key", "instance_type", "instances", "billable_seconds").iter_rows()
    ) == {
        ("training-job/rank-v2", "ml.g5.xlarge", 1, 7200),
        ("training-job/rank-v2-lost", "ml.g5.xlarge", 1, 3600),
    }
