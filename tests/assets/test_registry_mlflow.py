"""MLflow's own store, read by its columns and through its client; months made from it."""

import csv
import json
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from pwd import getpwnam
from tempfile import TemporaryDirectory
from typing import Any

import boto3
import pytest
from golden_project import GOLDEN, MONTH, write_golden
from test_command import ask as command
from test_golden_month import as_texts

from assets.engine import RunOutcome, run_month
from assets.lake import Lake
from assets.project import Project
from assets.registries.history import list_snapshots, merged_catalogue, read_snapshots
from assets.registries.mlflow import collect, pruned
from assets.registries.pull import Pulled, pull
from pipelines.errors import RegistryUnreachable, SettingsInvalid
from pipelines.registry.snapshots import Snapshot
from pipelines.registry.sources.mlflow import facts
from pipelines.settings import RegistrySource

ROOT = Path(__file__).resolve().parents[2]
FIRST = datetime(2026, 8, 20, tzinfo=UTC)
NOW = datetime(2026, 11, 30, tzinfo=UTC)  # settled, as it is by any clock
SPEND = "out_spend__model_months"
RUN = """[[runs]]
id = "rank-v2"
model = "rank"
version = "2"
kind = "training"
resources = ["training-job/rank-v2"]
"""


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with MLflow's stores, see mlflow_store.py."""
    pytest.importorskip("mlflow")
    folder = tmp_path_factory.mktemp("mlflow")
    write_by_mlflow(folder)
    return folder


def write_by_mlflow(folder: Path, *uri: str) -> None:
    subprocess.run(
        [sys.executable, str(Path(__file__).with_name("mlflow_store.py")), str(folder), *uri],
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "ignore"},
        cwd=folder,
        check=True,
        capture_output=True,
        timeout=120,
    )


@pytest.fixture
def postgres() -> Iterator[str]:
    """The address of a PostgreSQL server of its own, without a network."""
    pytest.importorskip("psycopg")
    if shutil.which("initdb") is None or shutil.which("pg_ctl") is None:
        pytest.skip("no PostgreSQL on this machine: initdb and pg_ctl are not on the PATH")
    # a short path, as it holds the server's socket; PostgreSQL refuses to run as root
    with TemporaryDirectory(prefix="pg") as folder:
        user = None
        if os.geteuid() == 0:
            try:
                user = getpwnam("postgres").pw_name
            except KeyError:
                pytest.skip("PostgreSQL does not run as root, and there is no user postgres")
            shutil.chown(folder, user)
        data = f"{folder}/data"

        def run(*command: str) -> None:
            silent = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
            subprocess.run(command, check=True, user=user, cwd=folder, timeout=60, **silent)

        run("initdb", "-D", data, "-U", "postgres", "-A", "trust", "--no-sync")
        options = f"-k {folder} -c listen_addresses= -c fsync=off"
        run("pg_ctl", "-D", data, "-o", options, "-w", "start")
        try:
            yield f"postgresql+psycopg://postgres@/postgres?host={folder}"
        finally:
            run("pg_ctl", "-D", data, "-m", "immediate", "stop")


def test_a_store_in_postgresql_says_what_one_in_sqlite_says(
    store: Path, postgres: str, tmp_path: Path
) -> None:
    write_by_mlflow(tmp_path, postgres)
    server = RegistrySource(name="tracking", kind="mlflow", uri=postgres)
    found, expected = collect(server, None), answers(store, "second.db")
    shapes = [
        {kind: [without_ids(item) for item in items] for kind, items in told.items()}
        for told in (found, expected)
    ]
    for shape in shapes:
        shape["runs"].sort(key=str)
    assert shapes[0] == shapes[1]
    gone = server.model_copy(update={"uri": postgres.replace("/postgres?", "/nobody?")})
    with pytest.raises(RegistryUnreachable, match='database "nobody" does not exist'):
        collect(gone, None)


def without_ids(item: dict[str, Any]) -> dict[str, Any]:
    """An item without what differs each time MLflow makes it."""
    return {k: v for k, v in item.items() if k not in {"run_id", "created_ms"}}


def source(file: Path | str, **more: Any) -> RegistrySource:
    return RegistrySource(name="tracking", kind="mlflow", uri=f"sqlite:///{file}", **more)


def answers(store: Path, name: str, **more: Any) -> dict[str, Any]:
    return collect(source(store / name, **more), None)


def snapshots(store: Path) -> Iterator[Snapshot]:
    for day, name in enumerate(("first.db", "second.db"), start=1):
        yield Snapshot("tracking", "mlflow", datetime(2026, 9, day), answers(store, name))


def test_the_store_by_its_columns_says_what_mlflow_s_client_says(store: Path) -> None:
    asked = json.loads((store / "asked.json").read_text())
    assert pruned(source(""), asked) == answers(store, "second.db")


def test_only_what_says_something_is_kept(store: Path) -> None:
    found = answers(store, "first.db")
    assert "a secret" not in json.dumps(found)
    assert [item["tags"] for item in found["versions"]] == [
        {},
        {},
        {"base_model": "distil", "parameters": "66000000"},
    ]
    assert len(found["runs"]) == 3, "a run that made no version and names no resource says nothing"
    assert {item["name"] for item in answers(store, "first.db", models=["ra*"])["models"]} == {
        "rank"
    }


def test_a_store_of_an_older_mlflow_lacks_columns_and_tables(store: Path, tmp_path: Path) -> None:
    old = tmp_path / "old.db"
    shutil.copy(store / "second.db", old)
    with closing(sqlite3.connect(old)) as con, con:
        con.execute("DROP TABLE registered_model_aliases")
        con.execute("ALTER TABLE model_versions DROP COLUMN storage_location")
    found, whole = collect(source(old), None), answers(store, "second.db")
    assert found["versions"] == whole["versions"]
    assert [item["aliases"] for item in found["models"]] == [{}]


@pytest.mark.parametrize("content", [None, b"no database at all, but long enough to be one" * 9])
def test_a_store_that_is_none_is_said(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / "x.db").write_bytes(content)
    with pytest.raises(
        RegistryUnreachable, match=r"registry 'tracking' could not be asked: .*x\.db"
    ):
        collect(source(tmp_path / "x.db"), None)


def test_a_server_without_mlflow_s_client_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delitem(sys.modules, "assets.registries.mlflow_client", raising=False)
    monkeypatch.setitem(sys.modules, "mlflow", None)
    server = RegistrySource(name="tracking", kind="mlflow", uri="https://mlflow.example.com")
    with pytest.raises(RegistryUnreachable, match=r"pip install 'modelspend\[mlflow\]'"):
        collect(server, None)


def test_versions_names_runs_and_artefacts_are_told(store: Path) -> None:
    found = facts(list(snapshots(store)))
    rank, old = found.models[1], found.models[0]
    assert [(v.version, v.base_model, v.parameters, v.artefact) for v in rank.versions] == [
        ("1", None, None, "s3://rank-weights/1"),
        ("2", "distil", 66_000_000, "s3://shared-weights/rank/2"),
        ("3", None, None, "s3://shared-weights/rank/3"),
    ]
    assert old.versions[0].retired is None, "it was deleted before it was made, by the clock"
    assert [(d.version, d.names[0], d.from_.day, d.until.year) for d in found.deployments] == [
        ("1", "rank@champion", 1, 2026),
        ("2", "rank@champion", 2, 9999),
    ]
    runs = sorted(found.runs, key=lambda run: (run.from_, run.id))
    assert [(r.version, r.kind, r.status, r.resources, r.until.hour) for r in runs] == [
        ("2", "auto", "completed", ["training-job/rank-v2"], 2),
        (None, "experiment", "failed", ["training-job/rank-v2-lost"], 3),
        ("1", "auto", "completed", [], 21),
    ]
    assert [(a.version, a.location) for a in found.artefacts] == [
        ("1", "s3://rank-weights/1"),
        ("2", "s3://shared-weights/rank/2"),
        ("3", "s3://shared-weights/rank/3"),
    ]


def shop(folder: Path, catalogue: str) -> Project:
    """The golden month as a project that asks MLflow; `catalogue` replaces its runs."""
    settings = write_golden(folder)
    before, _, after = (GOLDEN / "catalogue.toml").read_text().partition("[[runs]]")
    (folder / "catalogue.toml").write_text(
        before + catalogue + after[after.index("[[artefacts]]") :]
    )
    registry = '\n[[registries]]\nname = "tracking"\nkind = "mlflow"\nuri = "sqlite:///mlflow.db"\n'
    settings.write_text(settings.read_text() + registry)
    return Project.load(settings)


def pulled(project: Project, store: Path, name: str, at: datetime, **more: Any) -> Pulled:
    shutil.copy(store / name, project.base / "mlflow.db")
    [found] = pull(project, at, **more)
    assert not found.problem
    return found


def made(project: Project) -> tuple[RunOutcome, list[dict[str, str]]]:
    """A run of the golden month, and its spend as the hand-written table shows it."""
    outcome = run_month(project, MONTH, now=NOW)
    lake = Lake(project.settings.lake, project.cache, project.base)
    with (GOLDEN / "expected" / f"{SPEND}.csv").open() as text:
        columns = list(csv.DictReader(text).fieldnames or [])
    return outcome, as_texts(lake.read(SPEND, MONTH), columns)


def test_a_month_made_from_the_registry_and_again_when_a_run_is_classed_anew(
    store: Path, tmp_path: Path
) -> None:
    project = shop(tmp_path, "")
    assert "never asked" in merged_catalogue(project).conflicts[0]
    assert pulled(project, store, "second.db", FIRST).is_new
    again = pulled(project, store, "second.db", FIRST + timedelta(days=1))
    assert not again.is_new
    assert len(list_snapshots(project)) == 1, "the same answer is no new snapshot"

    outcome, spend = made(project)
    with (GOLDEN / "expected" / f"{SPEND}.csv").open() as text:
        expected = sorted(csv.DictReader(text), key=lambda line: tuple(line.values()))
    assert spend == expected, "the registry's runs are those the file had"
    assert run_month(project, MONTH, now=NOW).result == "unchanged"

    dry = command("run", "--month", MONTH, "--dry-run", "--settings", str(project.file))
    assert "registry tracking: 1 files" in dry.stdout
    assert "nothing has changed since" in dry.stdout

    assert pulled(project, store, "third.db", FIRST + timedelta(days=2)).is_new
    restated, spend = made(project)
    assert (outcome.result, restated.result) == ("published", "published")
    assert {line["component"] for line in spend if line["model_version"] == "2"} >= {"training"}
    assert not [line for line in spend if line["component"] == "update"]

    (tmp_path / "catalogue.toml").write_text(
        (tmp_path / "catalogue.toml").read_text()
        + RUN.replace('kind = "training"', 'kind = "experiment"')
    )
    restated, spend = made(Project.load(project.file))
    assert restated.result == "published"
    assert any("the catalogue file says completed experiment" in w for w in restated.warnings)
    booked = {line["model_version"] for line in spend if line["component"] == "training"}
    assert booked == {"(experiments)"}

    shown = command("registry", "show", "--json", "--settings", str(project.file))
    document = json.loads(shown.stdout)
    told = {
        row["version"]: row["told_by"] for row in document["versions"] if row["model"] == "rank"
    }
    assert told == {"1": "tracking", "2": "tracking", "3": "tracking"}
    assert [row["component"] for row in document["runs"]].count("training") == 3
    assert len(document["conflicts"]) == 1
    assert "Told by" in command("registry", "show", "--settings", str(project.file)).stdout


def test_asking_says_what_it_did_and_keeps_the_others_when_one_does_not_answer(
    store: Path, tmp_path: Path
) -> None:
    project = shop(tmp_path, "")
    more = '\n[[registries]]\nname = "gone"\nkind = "mlflow"\nuri = "sqlite:///gone.db"\n'
    project.file.write_text(project.file.read_text() + more)
    shutil.copy(store / "first.db", tmp_path / "mlflow.db")
    settings = ("--settings", str(project.file))
    dry = command("registry", "pull", "--registry", "tracking", "--dry-run", *settings)
    assert (dry.exit_code, dry.stdout.split(";")[1].split(str(tmp_path))[0]) == (
        0,
        " would be written to ",
    )
    assert not (tmp_path / "registry").exists()
    found = command("registry", "pull", *settings)
    assert found.exit_code == 7
    assert "tracking (mlflow): 2 models, 3 runs, 3 versions; written to" in found.stdout
    assert "registry 'gone' could not be asked" in found.stderr
    [file] = list_snapshots(Project.load(project.file))
    assert file.name.startswith("tracking/20")
    with pytest.raises(SettingsInvalid, match="there are: tracking, gone"):
        pull(Project.load(project.file), FIRST, ["other"])


def test_a_damaged_snapshot_is_said_and_the_others_are_read(store: Path, tmp_path: Path) -> None:
    project = shop(tmp_path, "")
    pulled(project, store, "first.db", FIRST)
    folder = tmp_path / "registry" / "tracking"
    (folder / "20260901T000000Z.json").write_text('{"layout": 1')
    (folder / "20260902T000000Z.json").write_text(
        next(folder.glob("202608*")).read_text().replace('"tracking"', '"other"')
    )
    found, said = read_snapshots(project, list_snapshots(project))
    assert [s.taken_at.day for s in found["tracking"]] == [20]
    assert len(said) == 2
    assert all("cannot be read as a snapshot" in text for text in said)


def test_snapshots_lie_in_a_bucket_as_well(store: Path, tmp_path: Path, s3_endpoint: str) -> None:
    boto3.client("s3", endpoint_url=s3_endpoint, region_name="us-east-1").create_bucket(
        Bucket="registry-history"
    )
    project = shop(tmp_path, "")
    place = (
        '\n[registry]\npath = "s3://registry-history/ml"\n'
        f'storage = {{ endpoint_url = "{s3_endpoint}", region = "us-east-1" }}\n'
    )
    project.file.write_text(project.file.read_text() + place)
    project = Project.load(project.file)
    first = pulled(project, store, "first.db", FIRST)
    assert first.url == "s3://registry-history/ml/tracking/20260820T000000Z.json"
    assert not pulled(project, store, "first.db", FIRST + timedelta(days=1)).is_new
    assert pulled(project, store, "second.db", FIRST + timedelta(days=1)).is_new
    names = [d.version for d in merged_catalogue(project).catalogue.deployments if d.names]
    assert names == ["1", "2"]
