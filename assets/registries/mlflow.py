"""Asks MLflow's model registry: its server through MLflow's client, a store by itself.

A tracking server (`https://...`) needs the optional `mlflow-skinny` (`pip install
'modelspend[mlflow]'`); user, password or token are MLflow's own environment variables. A store in
SQLite is read with Python alone, one in PostgreSQL with the optional `psycopg` (`pip install
'modelspend[postgres]'`; PGPASSWORD or ~/.pgpass supply the password), both read-only. Any other
address that MLflow takes (MySQL, ...) is left to its client, which then needs that driver; this was
not tried.

Only tags that say something are kept: a tag may hold anything. Workspaces are not told apart: one
of MLflow's models is one here, whichever workspace it is in.
"""

from collections.abc import Iterable, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

from assets.registries.mlflow_tables import Item, of_sqlite
from pipelines.errors import RegistryUnreachable
from pipelines.registry.patterns import matches
from pipelines.registry.snapshots import Snapshot
from pipelines.registry.sources.mlflow import keeps
from pipelines.settings import RegistrySource

SQLITE = "sqlite:///"
PROMPT = "mlflow.prompt.is_prompt"
"""The tag of what MLflow keeps among its models and is none: a prompt."""
POSTGRES = ("postgresql://", "postgresql+", "postgres://")


def collect(source: RegistrySource, last: Snapshot | None) -> dict[str, Any]:
    """Registered models with their aliases, versions, and the runs of their experiments.

    Raises:
        RegistryUnreachable: the server or the store does not answer, or the client is missing.
    """
    uri = source.uri or ""
    if uri.startswith(SQLITE):
        answers = of_sqlite(source.name, Path(uri.removeprefix(SQLITE)))
    elif uri.startswith(POSTGRES):
        answers = _module(source, "mlflow_postgres", "postgres").ask(source.name, uri)
    else:
        answers = _module(source, "mlflow_client", "mlflow").ask(source.name, uri)
    return pruned(source, answers)


def _module(source: RegistrySource, name: str, extra: str) -> Any:
    """A module whose client is optional."""
    try:
        return import_module(f"assets.registries.{name}")
    except ImportError as error:
        problem = f"{error}; pip install 'modelspend[{extra}]'"
        raise RegistryUnreachable(source.name, problem) from error


def pruned(source: RegistrySource, answers: Mapping[str, Iterable[Item]]) -> dict[str, Any]:
    """The models asked for, with what belongs to them, in an order of their own."""

    def is_wanted(item: Item) -> bool:
        is_prompt = str(item["tags"].get(PROMPT)).lower() == "true"
        is_named = not source.models or any(matches(p, item["name"]) for p in source.models)
        return is_named and not is_prompt

    def tagged(item: Item) -> Item:
        tags = {key: value for key, value in item["tags"].items() if keeps(key, more)}
        return item | {"tags": dict(sorted(tags.items()))}

    more = source.resource_tags
    models = [tagged(item) for item in answers["models"] if is_wanted(item)]
    names = {item["name"] for item in models}
    versions = [tagged(item) for item in answers["versions"] if item["name"] in names]
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
