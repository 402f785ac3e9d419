"""The catalogue as dated links from billed resources to model versions, for `sql/attribution`.

A link says: from this instant until that one, this resource worked for this model version.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import datetime
from decimal import Decimal
from typing import Any

from pipelines.registry.catalogue import Catalogue, Deployment, Run
from pipelines.registry.keys import resource_key

EXPERIMENTS = "(experiments)"
"""The version that failed, abandoned, sweep and evaluation runs are booked to."""

LINK_COLUMNS = {
    "link_key": "VARCHAR",
    "kind": "VARCHAR",
    "model": "VARCHAR",
    "model_version": "VARCHAR",
    "component": "VARCHAR",
    "valid_from": "TIMESTAMP",
    "valid_until": "TIMESTAMP",
    "replicas": "BIGINT",
    "weight": "BIGINT",
}

ROLLOUT_COLUMNS = {
    "link_key": "VARCHAR",
    "model": "VARCHAR",
    "model_version": "VARCHAR",
    "valid_from": "TIMESTAMP",
    "valid_until": "TIMESTAMP",
}

RESOURCE_COLUMNS = {
    "link_key": "VARCHAR",
    "milli_gpus": "BIGINT",
    "milli_vcpus": "BIGINT",
    "memory_mib": "BIGINT",
}

RESOURCE_NAME_COLUMNS = {"name": "VARCHAR", "resource_id": "VARCHAR"}

OWNER_COLUMNS = {
    "kind": "VARCHAR",
    "name": "VARCHAR",
    "owner": "VARCHAR",
    "cost_centre": "VARCHAR",
    "valid_from": "TIMESTAMP",
    "valid_until": "TIMESTAMP",
}

Row = dict[str, Any]

_BUCKET = re.compile(r"(?:s3|gs|oss)://|arn:aws:s3:::")
_AZURE_BLOB = re.compile(
    r"(?:https://(?P<in_host>[^./]+)|(?:abfss?|wasbs?)://[^@/]+@(?P<in_path>[^./]+))"
    r"\.(?:blob|dfs)\.core\."
)
JOB = re.compile(r"(?:.*/)?[a-z-]*jobs?/[^/]*")
"""Keys of jobs: `training-job/x`, `locations/us-central1/customjobs/7`."""


def run_component(run: Run, predecessors: dict[tuple[str, str], str | None]) -> str:
    """Training or update, as DESIGN defines them; a batch of inference is inference.

    A run that failed, was stopped or only evaluated is training of the model; a run for a version
    with a predecessor is update of that version; the first version's run is training.
    """
    if run.kind in {"training", "update"}:
        return run.kind
    version = run_version(run)
    if version == EXPERIMENTS:
        return "training"
    if run.kind == "inference":
        return "inference"
    return "update" if predecessors.get((run.model, version)) else "training"


def run_version(run: Run) -> str:
    """The version a run is charged to: the one it produced, or `(experiments)`."""
    if run.version is None:
        return EXPERIMENTS
    if run.kind == "inference":
        return run.version  # a batch that failed was no experiment either
    if run.kind == "experiment" or run.status in {"failed", "stopped"}:
        return EXPERIMENTS
    return run.version


def predecessors_of(catalogue: Catalogue) -> dict[tuple[str, str], str | None]:
    """The version each version succeeds."""
    return {(m.name, v.version): v.predecessor for m in catalogue.models for v in m.versions}


def bucket_key(location: str) -> str:
    """What a bill shows of an artefact's location: the bucket of a path, else the resource.

    Azure bills the storage account: `abfss://container@account.dfs…`, `https://account.blob…`.
    """
    if azure := _AZURE_BLOB.match(location):
        return (azure["in_host"] or azure["in_path"]).lower()
    key = resource_key(location)
    return key.split("/", 1)[0] if _BUCKET.match(location) else key


def endpoint_keys(catalogue: Catalogue) -> Callable[[str], str]:
    """The key of a served resource, whether the catalogue spells it in full or by its last part.

    `rank` is `endpoint/rank` where exactly one deployment or resource is spelled so. A job of that
    name is another resource, as in `linked_resources.sql`.
    """
    spelled = [resource for d in catalogue.deployments for resource in d.resources]
    keys = {resource_key(name) for name in (*spelled, *(r.id for r in catalogue.resources))}
    full: dict[str, list[str]] = defaultdict(list)
    for key in sorted(keys):
        if "/" in key and not JOB.fullmatch(key):
            full[key.rsplit("/", 1)[-1]].append(key)
    only = {last: found[0] for last, found in full.items() if len(found) == 1}

    def key_of(resource: str) -> str:
        key = resource_key(resource)
        return only.get(key, key)

    return key_of


def link_rows(catalogue: Catalogue) -> Iterator[Row]:
    """Deployments, runs, artefacts and resources of a model, one row per resource.

    An artefact's weight is its share of the location: its size where every artefact there has one,
    else 0 (the location is then shared, or the model's where only one model uses it).
    """
    key_of = endpoint_keys(catalogue)
    for deployment in catalogue.deployments:
        for resource in deployment.resources:
            yield _span(key_of(resource), deployment) | {
                "kind": "deployment",
                "model": deployment.model,
                "model_version": deployment.version,
                "component": "inference",
                # in thousandths of an accelerator: a replica of four weighs as four of one
                "replicas": int(deployment.replicas * (deployment.gpus or 1) * 1000),
            }
    predecessors = predecessors_of(catalogue)
    for run in catalogue.runs:
        for resource in run.resources:
            yield _span(resource_key(resource), run) | {
                "kind": "run",
                "model": run.model,
                "model_version": run_version(run),
                "component": run_component(run, predecessors),
                "replicas": 1000,
            }
    sized: dict[str, bool] = {}
    for artefact in catalogue.artefacts:
        key = bucket_key(artefact.location)
        sized[key] = sized.get(key, True) and bool(artefact.size_gb)
    for artefact in catalogue.artefacts:
        key = bucket_key(artefact.location)
        yield {
            "link_key": key,
            "kind": "artefact",
            "model": artefact.model,
            "model_version": artefact.version or "",
            "component": "storage",
            "weight": int((artefact.size_gb or Decimal(0)) * 1_000_000) if sized[key] else 0,
        }
    for entry in catalogue.resources:
        if entry.model:
            yield {
                "link_key": key_of(entry.id),
                "kind": "resource",
                "model": entry.model,
                "model_version": "",
            }


def _span(key: str, item: Deployment | Run) -> Row:
    return {
        "link_key": key,
        "valid_from": item.from_,
        "valid_until": item.until,
    }


def rollout_rows(catalogue: Catalogue) -> Iterator[Row]:
    """When a new version runs beside the one it replaces, per resource of the new."""
    key_of = endpoint_keys(catalogue)
    for new in catalogue.deployments:
        if new.replaces is None:
            continue
        for old in catalogue.deployments:
            if (old.model, old.version) != (new.model, new.replaces):
                continue
            start, end = max(new.from_, old.from_), min(new.until, old.until)
            if start >= end:
                continue
            for resource in new.resources:
                yield {
                    "link_key": key_of(resource),
                    "model": new.model,
                    "model_version": new.version,
                    "valid_from": start,
                    "valid_until": end,
                }


def resource_rows(catalogue: Catalogue) -> Iterator[Row]:
    """Resources whose size the catalogue states: accelerators and vCPUs in thousandths, MiB."""
    key_of = endpoint_keys(catalogue)
    for entry in catalogue.resources:
        size = {
            "milli_gpus": None if entry.gpus is None else int(entry.gpus * 1000),
            "milli_vcpus": None if entry.vcpus is None else int(entry.vcpus * 1000),
            "memory_mib": None if entry.memory_gib is None else int(entry.memory_gib * 1024),
        }
        if any(amount is not None for amount in size.values()):
            yield {"link_key": key_of(entry.id), **size}


def resource_name_rows(catalogue: Catalogue) -> Iterator[Row]:
    """What logs call a resource that bills know by its id."""
    for entry in catalogue.resources:
        for name in entry.names:
            yield {"name": name.strip().lower(), "resource_id": entry.id}


def owner_rows(catalogue: Catalogue) -> Iterator[Row]:
    """Who pays for a model or a resource (an endpoint, a commitment by its ARN), dated."""
    key_of = endpoint_keys(catalogue)
    for kind, name, owners in (
        *(("model", m.name, m.owners) for m in catalogue.models),
        *(("resource", key_of(r.id), r.owners) for r in catalogue.resources),
    ):
        for owner in owners:
            yield {
                "kind": kind,
                "name": name,
                "owner": owner.owner,
                "cost_centre": owner.cost_centre,
                "valid_from": owner.from_,
                "valid_until": owner.until,
            }


def watched_runs(catalogue: Catalogue) -> Iterator[tuple[str, datetime, datetime]]:
    """Spans in which the run list is complete: (resource key or '*', from, until)."""
    for span in catalogue.run_coverage:
        for resource in span.resources or ["*"]:
            key = resource if resource == "*" else resource_key(resource)
            yield key, span.from_, span.until
