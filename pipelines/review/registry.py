"""What is known of versions, deployments, runs and artefacts, and which place tells of each."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from pipelines.registry.catalogue import EVER, FOREVER, Catalogue, Run
from pipelines.registry.keys import resource_key
from pipelines.registry.links import predecessors_of, run_component, run_version
from pipelines.registry.merge import Merged
from pipelines.review.sheets import Column, Kind, Row, Sheet

FILE = "catalogue"
"""The place of what no registry tells."""


def registry_sheets(merged: Merged) -> tuple[Sheet, ...]:
    """The catalogue as months are attributed by it, and where its places differ."""
    catalogue = merged.catalogue
    return (
        _sheet(
            "versions",
            "Model versions",
            _versions(catalogue),
            model="Model",
            version="Version",
            predecessor="Succeeds",
            released="Released",
            retired="Retired",
            parameters="Parameters",
            base_model="Made from",
            artefact="Weights",
            told_by="Told by",
        ),
        _sheet(
            "deployments",
            "Deployments, and the names logs call them by",
            _deployments(catalogue),
            model="Model",
            version="Version",
            kind="By",
            place="Resource or name",
            live_from="From",
            live_until="Until",
            replicas="Replicas",
            told_by="Told by",
        ),
        _sheet(
            "runs",
            "Runs",
            _runs(catalogue),
            run="Run",
            model="Model",
            version="Version",
            component="Booked as",
            status="Status",
            started="From",
            ended="Until",
            resource="Resource",
            instances="Instances",
            instance_type="Type",
            billable_seconds="Billed s",
            told_by="Told by",
        ),
        _sheet(
            "artefacts",
            "Artefacts whose storage is a model's",
            _artefacts(catalogue),
            model="Model",
            version="Version",
            location="Location",
            size_gb="GB",
            told_by="Told by",
        ),
        Sheet(
            name="conflicts",
            title="Where the places differ",
            columns=(Column("conflict", "What is said"),),
            rows=tuple(Row({"conflict": text}) for text in merged.conflicts),
        ),
    )


_KINDS: Final[Mapping[str, Kind]] = {
    **dict.fromkeys(("parameters", "instances", "billable_seconds", "replicas"), "count"),
    "size_gb": "quantity",
    "resource": "resource",
}


def _sheet(name: str, title: str, rows: Iterator[dict[str, Any]], **headings: str) -> Sheet:
    columns = tuple(Column(key, text, _KINDS.get(key, "text")) for key, text in headings.items())
    return Sheet(name, title, columns, tuple(Row(row) for row in rows))


def _versions(catalogue: Catalogue) -> Iterator[dict[str, Any]]:
    for model in catalogue.models:
        for version in model.versions:
            yield {
                "model": model.name,
                "version": version.version,
                "predecessor": version.predecessor or None,
                "released": version.released,
                "retired": version.retired,
                "parameters": version.parameters,
                "base_model": version.base_model,
                "artefact": version.artefact,
                "told_by": version.registry or FILE,
            }


def _deployments(catalogue: Catalogue) -> Iterator[dict[str, Any]]:
    for deployment in catalogue.deployments:
        places = [("resource", resource_key(resource)) for resource in deployment.resources]
        places += [("name", name) for name in deployment.names]
        places += [("principal", principal) for principal in deployment.principals]
        for kind, place in places:
            yield {
                "model": deployment.model,
                "version": deployment.version,
                "kind": kind,
                "place": place,
                "live_from": _said(deployment.from_),
                "live_until": _said(deployment.until),
                "replicas": deployment.replicas if kind == "resource" else None,
                "told_by": deployment.registry or FILE,
            }


def _runs(catalogue: Catalogue) -> Iterator[dict[str, Any]]:
    predecessors = predecessors_of(catalogue)
    for run in sorted(catalogue.runs, key=_when):
        yield {
            "run": run.id,
            "model": run.model,
            "version": run_version(run),
            "component": run_component(run, predecessors),
            "status": run.status,
            "started": _said(run.from_),
            "ended": _said(run.until),
            "resource": ", ".join(run.resources) or None,
            "instances": run.instances,
            "instance_type": run.instance_type or None,
            "billable_seconds": run.billable_seconds,
            "told_by": run.registry or FILE,
        }


def _when(run: Run) -> tuple[datetime, str]:
    return run.from_, run.id


def _artefacts(catalogue: Catalogue) -> Iterator[dict[str, Any]]:
    for artefact in catalogue.artefacts:
        yield {
            "model": artefact.model,
            "version": artefact.version,
            "location": artefact.location,
            "size_gb": artefact.size_gb,
            "told_by": artefact.registry or FILE,
        }


def _said(instant: datetime) -> datetime | None:
    """An instant, unless it stands for always."""
    return None if instant in (EVER, FOREVER) else instant
