"""Asks MLflow's model registry: its server through MLflow's client, a SQLite store by itself.

A tracking server (`https://...`) needs the optional `mlflow-skinny` (`pip install
modelspend[mlflow]`); user, password or token are MLflow's own environment variables. A SQLite store
is read with Python alone, read-only and by the names of its columns, as these differ from version
to version. Any other store that MLflow can open (PostgreSQL, MySQL) is left to its client, which
then needs that database's driver; this was not tried against a running server.

Only tags that say something are kept: a tag may hold anything. Workspaces are not told apart: one
of MLflow's models is one here, whichever workspace it is in.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from importlib import import_module
from pathlib import Path
from typing import Any

from pipelines.errors import RegistryUnreachable
from pipelines.registry.patterns import matches
from pipelines.registry.snapshots import Snapshot
from pipelines.registry.sources.mlflow import STORES, keeps
from pipelines.settings import RegistrySource

SQLITE = "sqlite:///"
DELETED = "Deleted_Internal"
"""The stage of a version whose row MLflow keeps."""
Item = dict[str, Any]


def collect(source: RegistrySource, last: Snapshot | None) -> dict[str, Any]:
    """Registered models with their aliases, versions, and the runs of their experiments.

    Raises:
        RegistryUnreachable: the server or the store does not answer, or the client is missing.
    """
    uri = source.uri or ""
    if uri.startswith(SQLITE):
        answers = _of_sqlite(source.name, Path(uri.removeprefix(SQLITE)))
    else:
        try:
            client = import_module("assets.registries.mlflow_client")
        except ImportError as error:
            problem = "MLflow's client is not installed: pip install 'modelspend[mlflow]'"
            raise RegistryUnreachable(source.name, problem) from error
        answers = client.ask(source.name, uri)
    return pruned(source, answers)


def pruned(source: RegistrySource, answers: Mapping[str, Iterable[Item]]) -> dict[str, Any]:
    """The models asked for, with what belongs to them, in an order of their own."""

    def is_wanted(name: str) -> bool:
        return not source.models or any(matches(pattern, name) for pattern in source.models)

    def tagged(item: Item) -> Item:
        tags = {key: value for key, value in item["tags"].items() if keeps(key, more)}
        return item | {"tags": dict(sorted(tags.items()))}

    more = source.resource_tags
    models = [tagged(item) for item in answers["models"] if is_wanted(item["name"])]
    versions = [tagged(item) for item in answers["versions"] if is_wanted(item["name"])]
    made = {item["run_id"] for item in versions}
    runs = [tagged(item) for item in answers["runs"]]
    experiments = {item["experiment_id"] for item in runs if item["run_id"] in made}
    runs = [
        item
        for item in runs
        if item["run_id"] in made or (item["experiment_id"] in experiments and item["tags"])
    ]
    return {
        "models": sorted(models, key=lambda item: str(item["name"])),
        "versions": sorted(versions, key=lambda item: (item["name"], int(item["version"]))),
        "runs": sorted(runs, key=lambda item: str(item["run_id"])),
        "resource_tags": sorted(more),
    }


def item_of_version(found: Mapping[str, Any], tags: Mapping[str, str]) -> Item:
    """A version in the words of a store's columns, as an item of the snapshot."""
    stage = str(found.get("current_stage") or "")
    source = str(found.get("source") or "")
    stored = str(found.get("storage_location") or "")
    return {
        "name": found["name"],
        "version": str(found["version"]),
        "created_ms": found["creation_time"],
        "status": found.get("status") or "",
        "stage": "" if stage == "None" else stage,
        "location": stored if stored.startswith(STORES) else source,
        "run_id": found.get("run_id") or "",
        "model_id": source.removeprefix("models:/") if source.startswith("models:/m-") else "",
        "tags": dict(tags),
    }


def _of_sqlite(registry: str, file: Path) -> dict[str, list[Item]]:
    """The same answers from the tables of a store, found by name and read by column."""
    if not file.is_file():
        raise RegistryUnreachable(registry, f"there is no store {file}")
    try:
        with closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True)) as con:
            con.row_factory = sqlite3.Row
            return _of_tables(con)
    except sqlite3.Error as error:
        raise RegistryUnreachable(registry, f"{file} cannot be read: {error}") from error


def _of_tables(con: sqlite3.Connection) -> dict[str, list[Item]]:
    aliases = _by(con, "registered_model_aliases", ("name",), "alias", "version")
    of_models = _by(con, "registered_model_tags", ("name",), "key", "value")
    of_versions = _by(con, "model_version_tags", ("name", "version"), "key", "value")
    of_runs = _by(con, "tags", ("run_uuid",), "key", "value")
    return {
        "models": [
            {
                "name": row["name"],
                "aliases": dict(sorted(aliases.get((row["name"],), {}).items())),
                "tags": of_models.get((row["name"],), {}),
            }
            for row in _rows(con, "registered_models")
        ],
        "versions": [
            item_of_version(
                row
                | {
                    "current_stage": ""
                    if row.get("current_stage") == "None"
                    else row.get("current_stage")
                },
                of_versions.get((row["name"], str(row["version"])), {}),
            )
            for row in _rows(con, "model_versions")
            if row.get("current_stage") != DELETED
        ],
        "runs": [
            {
                "run_id": row["run_uuid"],
                "experiment_id": str(row["experiment_id"]),
                "status": row["status"],
                "start_ms": row["start_time"],
                "end_ms": row["end_time"],
                "tags": of_runs.get((row["run_uuid"],), {}),
            }
            for row in _rows(con, "runs")
        ],
    }


def _rows(con: sqlite3.Connection, table: str) -> Iterator[Item]:
    """The rows of a table of MLflow's, none where its version has no such table."""
    known = con.execute("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?", [table])
    if known.fetchone():
        for row in con.execute(f'SELECT * FROM "{table}"'):
            yield dict(row)


def _by(
    con: sqlite3.Connection, table: str, owner: tuple[str, ...], key: str, value: str
) -> dict[tuple[str, ...], dict[str, str]]:
    """Names and values by whom they belong to."""
    found: dict[tuple[str, ...], dict[str, str]] = {}
    for row in _rows(con, table):
        whose = tuple(str(row[column]) for column in owner)
        found.setdefault(whose, {})[row[key]] = str(row[value])
    return found
