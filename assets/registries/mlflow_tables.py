"""The tables of a store of MLflow's, found by name and read by column: versions of it differ.

Older stores lack `workspace`, `storage_location` or the table of aliases; newer ones have more.
"""

import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

from pipelines.errors import RegistryUnreachable
from pipelines.registry.sources.mlflow import STORES

DELETED = "Deleted_Internal"
"""The stage of a version whose row MLflow keeps."""

Item = dict[str, Any]

Rows = Callable[[str], Iterator[Item]]
"""The rows of a table by its name, none where the store has no such table."""


def of_sqlite(registry: str, file: Path) -> dict[str, list[Item]]:
    """The answers of a store in SQLite, which is only read.

    Raises:
        RegistryUnreachable: there is no such file, or it is no database.
    """
    if not file.is_file():
        raise RegistryUnreachable(registry, f"there is no store {file}")
    try:
        with closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True)) as con:
            con.row_factory = sqlite3.Row

            def rows(table: str) -> Iterator[Item]:
                known = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?"
                if con.execute(known, [table]).fetchone():
                    for row in con.execute(f'SELECT * FROM "{table}"'):
                        yield dict(row)

            return of_tables(rows)
    except sqlite3.Error as error:
        raise RegistryUnreachable(registry, f"{file} cannot be read: {error}") from error


def of_tables(rows: Rows) -> dict[str, list[Item]]:
    """Models, versions and runs, as the client would tell them."""
    aliases = _by(rows, "registered_model_aliases", ("name",), "alias", "version")
    of_models = _by(rows, "registered_model_tags", ("name",), "key", "value")
    of_versions = _by(rows, "model_version_tags", ("name", "version"), "key", "value")
    of_runs = _by(rows, "tags", ("run_uuid",), "key", "value")
    return {
        "models": [
            {
                "name": row["name"],
                "aliases": dict(sorted(aliases.get((row["name"],), {}).items())),
                "tags": of_models.get((row["name"],), {}),
            }
            for row in rows("registered_models")
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
            for row in rows("model_versions")
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
            for row in rows("runs")
        ],
    }


def _by(
    rows: Rows, table: str, owner: tuple[str, ...], key: str, value: str
) -> dict[tuple[str, ...], dict[str, str]]:
    """Names and values by whom they belong to."""
    found: dict[tuple[str, ...], dict[str, str]] = {}
    for row in rows(table):
        whose = tuple(str(row[column]) for column in owner)
        found.setdefault(whose, {})[row[key]] = str(row[value])
    return found


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
