"""Snapshots as files, and what MLflow's say where its tests of a real store do not reach."""

from datetime import datetime
from typing import Any

import pytest

from pipelines.errors import SettingsInvalid, SnapshotUnreadable
from pipelines.registry.catalogue import parse_catalogue
from pipelines.registry.facts import Facts
from pipelines.registry.frames import registry_tables
from pipelines.registry.merge import merge
from pipelines.registry.snapshots import Snapshot, in_order, parse_snapshot, snapshot_text
from pipelines.registry.sources.mlflow import facts, keeps
from pipelines.registry.sources.registered import facts_of
from pipelines.settings import parse_settings

BILL = '[[bills]]\nname = "a"\npath = "x"\n'
MS = 1_780_000_000_000
HOUR = 3_600_000


def snapshot(day: int = 1, kind: str = "mlflow", **items: Any) -> Snapshot:
    return Snapshot("prod", kind, datetime(2026, 9, day, 5, 30), items)


def mlflow_version(number: int, **more: Any) -> dict[str, Any]:
    made = {"name": "rank", "version": str(number), "created_ms": MS + number * 24 * HOUR}
    return {**made, "stage": "", "location": "", "run_id": f"r{number}", "tags": {}, **more}


def mlflow_run(run_id: str, experiment: str = "1", **more: Any) -> dict[str, Any]:
    times = {"start_ms": MS, "end_ms": MS + HOUR, "status": "FINISHED"}
    return {"run_id": run_id, "experiment_id": experiment, **times, "tags": {}, **more}


def test_a_snapshot_survives_its_file() -> None:
    taken = snapshot(versions=[{"name": "größe", "n": 1}])
    text = snapshot_text(taken)
    assert parse_snapshot(text, "f") == taken
    assert snapshot_text(parse_snapshot(text, "f")) == text
    assert taken.name == "prod/20260901T053000Z.json"
    assert taken.says_the_same(snapshot(9, versions=[{"n": 1, "name": "größe"}]))
    assert not taken.says_the_same(snapshot(1, versions=[]))
    assert not taken.says_the_same(None)
    assert in_order([snapshot(3), snapshot(2)]) == {"prod": [snapshot(2), snapshot(3)]}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "not JSON"),
        ("[]", "`layout` 1"),
        ('{"layout": 2}', "`layout` 1"),
        ('{"layout": 1, "registry": "a", "kind": "b", "taken_at": 1, "items": {}}', "`taken_at`"),
        (
            '{"layout": 1, "registry": "a", "kind": "b", "taken_at": "2026-09-01", "items": {}}',
            "no time zone",
        ),
        (
            '{"layout": 1, "registry": "a", "kind": "b", "taken_at": "x", "items": {}}',
            "`taken_at`",
        ),
    ],
)
def test_a_file_that_is_no_snapshot_is_said(text: str, said: str) -> None:
    with pytest.raises(SnapshotUnreadable, match=f"prod/x.json cannot be read.*{said}"):
        parse_snapshot(text, "prod/x.json")


def test_a_kind_that_nothing_reads_is_said_and_left_out() -> None:
    found = facts_of([snapshot(kind="stone tablet")])
    assert merge(parse_catalogue(""), [found]).conflicts == [
        "registry 'prod': nothing reads snapshots of kind 'stone tablet': they were left out"
    ]


@pytest.mark.parametrize(
    ("registry", "said"),
    [
        ('kind = "mlflow"', "needs `uri`"),
        ('kind = "mlflow"\nuri = "https://me:secret@host"', "holds a password"),
        ('kind = "card index"', "mlflow"),
    ],
)
def test_settings_of_a_registry_are_checked_and_show_no_password(registry: str, said: str) -> None:
    with pytest.raises(SettingsInvalid, match=said) as raised:
        parse_settings(f'{BILL}[[registries]]\nname = "r"\n{registry}\n')
    assert "secret" not in str(raised.value)


def test_two_registries_of_one_name_are_a_mistake() -> None:
    one = '[[registries]]\nname = "r"\nkind = "sagemaker"\n'
    with pytest.raises(SettingsInvalid, match="two registries sources are named 'r'"):
        parse_settings(BILL + one + one)


def test_a_stage_is_a_dated_name_and_an_archived_version_is_retired() -> None:
    models = [{"name": "rank", "aliases": {}}]
    first = snapshot(
        1, models=models,
        versions=[mlflow_version(1, stage="Production"), mlflow_version(2), mlflow_version(9)],
    )  # fmt: skip
    second = snapshot(
        5, models=models,
        versions=[mlflow_version(1, stage="Archived"), mlflow_version(2, stage="Production")],
    )  # fmt: skip
    found = facts([first, second])
    assert [(d.version, d.names, d.from_.day) for d in found.deployments] == [
        ("1", ["rank/Production", "models:/rank/Production"], 1),
        ("2", ["rank/Production", "models:/rank/Production"], 5),
    ]
    assert [(v.version, v.retired) for v in found.models[0].versions] == [
        ("1", datetime(2026, 9, 5, 5, 30)),
        ("2", None),
        ("9", datetime(2026, 9, 5, 5, 30)),
    ]


def test_where_a_run_ran_and_what_it_was_is_told_by_tags() -> None:
    tags = {
        "r1": {"SageMaker_Training_Job_Name": "rank-1", "host": "gpu-7, gpu-8"},
        "r2": {"sagemaker_job_arn": "arn:aws:sagemaker:eu-west-1:1:training-job/rank-2"},
        "child": {"mlflow.parentRunId": "r2", "cluster_node": "n1", "instances": "4"},
        "named": {"modelspend.model": "chat", "resource_id": "i-1", "modelspend.kind": "Sweep"},
        "nowhere": {"mlflow.parentRunId": "r2"},
    }
    runs = [mlflow_run(run_id, tags=found) for run_id, found in tags.items()]
    versions = [mlflow_version(1), mlflow_version(2), mlflow_version(3, run_id="r1")]
    found = facts([snapshot(versions=versions, runs=runs, resource_tags=["cluster_node"])])
    assert {run.id: (run.model, run.version, run.kind, run.resources) for run in found.runs} == {
        "r1": ("rank", "1", "auto", ["training-job/rank-1", "gpu-7", "gpu-8"]),
        "r2": ("rank", "2", "auto", ["arn:aws:sagemaker:eu-west-1:1:training-job/rank-2"]),
        "child": ("rank", None, "experiment", ["n1"]),
        "named": ("chat", None, "experiment", ["i-1"]),
    }
    assert {run.id: run.instances for run in found.runs}["child"] == 4
    assert keeps("Cluster-Node", ["cluster_node"])
    assert not keeps("cluster_node")


def test_an_experiment_of_two_models_says_nothing_of_its_other_runs() -> None:
    versions = [mlflow_version(1), mlflow_version(1, name="chat", run_id="r2")]
    runs = [mlflow_run("r1"), mlflow_run("r2"), mlflow_run("other", tags={"host": "n1"})]
    found = facts([snapshot(versions=versions, runs=runs)])
    assert [run.id for run in found.runs] == ["r1", "r2"]


def test_runs_that_failed_were_stopped_or_still_run_say_so() -> None:
    runs = [
        mlflow_run("r1", status="FAILED"),
        mlflow_run("r2", status="KILLED", end_ms=MS),
        mlflow_run("r3", status="RUNNING", end_ms=None),
    ]
    found = facts([snapshot(versions=[mlflow_version(n) for n in (1, 2, 3)], runs=runs)])
    assert [(r.status, r.from_ < r.until, r.until.year) for r in found.runs] == [
        ("failed", True, 2026),
        ("stopped", True, 2026),
        ("completed", True, 9999),
    ]


def test_only_places_that_a_bill_can_name_are_artefacts() -> None:
    places = ["s3://w/1", "models:/m-1", "runs:/r/model", "mlflow-artifacts:/1", "gs://w/5"]
    versions = [mlflow_version(n, location=p) for n, p in enumerate(places, start=1)]
    assert [a.location for a in facts([snapshot(versions=versions)]).artefacts] == [
        "s3://w/1",
        "gs://w/5",
    ]


def test_the_tables_say_which_registry_told_of_a_row() -> None:
    tags = {"parameters": "66", "base_model": "bert"}
    versions = [mlflow_version(1, tags=tags, location="s3://w/1")]
    runs = [mlflow_run("r1", tags={"instance_type": "p5", "instances": "2"})]
    found = facts([snapshot(versions=versions, runs=runs)])
    merged = merge(parse_catalogue('[[models]]\nname = "own"\nversions = [{ version = "1" }]\n'),
                   [found, Facts("silent")])  # fmt: skip
    tables = registry_tables(merged.catalogue, "2026-09")
    version = ("model", "registry", "parameters", "base_model", "artefact_uri")
    assert tables["core_registry__model_versions"].select(version).rows() == [
        ("own", None, None, None, None),
        ("rank", "prod", 66, "bert", "s3://w/1"),
    ]
    run = ("resource_key", "component", "registry", "instance_type", "instances")
    assert tables["core_registry__runs"].select(run).rows() == [("", "training", "prod", "p5", 2)]
