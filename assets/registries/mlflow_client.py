"""Asks MLflow through its own client, at any address it takes; imported only where one is set."""

from collections.abc import Iterator
from typing import Any

from mlflow import MlflowClient
from mlflow.entities import ViewType
from mlflow.exceptions import MlflowException

from assets.registries.mlflow_tables import Item, item_of_version
from pipelines.errors import RegistryUnreachable
from pipelines.registry.sources.mlflow import STORES

PAGE = 200


def ask(registry: str, uri: str) -> dict[str, list[Item]]:
    """Models, versions and the runs of the experiments that versions come from.

    Raises:
        RegistryUnreachable: it gets no answer, or is refused.
    """
    try:
        client = MlflowClient(tracking_uri=uri, registry_uri=uri)
        versions = [
            item_of_version(_asked(client, found), found.tags)
            for found in _pages(client.search_model_versions, "")
        ]
        models = [
            {
                "name": found.name,
                # search_model_versions leaves aliases out: the model has them
                "aliases": {alias: str(to) for alias, to in sorted(found.aliases.items())},
                "tags": dict(found.tags),
            }
            for found in _pages(client.search_registered_models)
        ]
        runs = {}
        for run_id in sorted({item["run_id"] for item in versions if item["run_id"]}):
            try:
                runs[run_id] = client.get_run(run_id)
            except MlflowException as error:
                if error.error_code != "RESOURCE_DOES_NOT_EXIST":
                    raise
        experiments = sorted({run.info.experiment_id for run in runs.values()})
        for run in _pages(client.search_runs, experiments, "", ViewType.ALL) if experiments else ():
            runs[run.info.run_id] = run
    except MlflowException as error:
        raise RegistryUnreachable(registry, f"{uri}: {error}") from error
    return {
        "models": models,
        "versions": versions,
        "runs": [
            {
                "run_id": run.info.run_id,
                "experiment_id": str(run.info.experiment_id),
                "status": run.info.status,
                "start_ms": run.info.start_time,
                "end_ms": run.info.end_time,
                "tags": dict(run.data.tags),
            }
            for run in runs.values()
        ],
    }


def _pages(ask: Any, *arguments: Any) -> Iterator[Any]:
    token = None
    while True:
        page = ask(*arguments, max_results=PAGE, page_token=token)
        yield from page
        token = page.token
        if not token:
            return


def _asked(client: Any, found: Any) -> Item:
    """A version's fields as the store has them; its location is asked for where it is elsewhere."""
    item = {
        "name": found.name,
        "version": found.version,
        "creation_time": found.creation_timestamp,
        "status": found.status,
        "current_stage": found.current_stage,
        "source": found.source,
        "run_id": found.run_id,
    }
    if not str(found.source or "").startswith(STORES):
        item["storage_location"] = client.get_model_version_download_uri(found.name, found.version)
    return item
