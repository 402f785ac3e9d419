"""SageMaker's snapshots as facts: versions, who ran where and when, and what trained them."""

from collections.abc import Sequence

from pipelines.registry.facts import Facts
from pipelines.registry.snapshots import Snapshot
from pipelines.registry.sources.aws import apart, missing_warnings
from pipelines.registry.sources.sagemaker_endpoints import capture_rates, endpoint_deployments
from pipelines.registry.sources.sagemaker_jobs import (
    processing_runs,
    training_runs,
    transform_runs,
)
from pipelines.registry.sources.sagemaker_served import Served
from pipelines.registry.sources.sagemaker_versions import Versions

MAX_NAMED = 5
"""Of things of one kind that a warning names; the rest is counted."""


def facts(snapshots: Sequence[Snapshot]) -> Facts:
    """What SageMaker's snapshots, oldest first, tell."""
    registry = snapshots[-1].registry
    versions = Versions(snapshots)
    served = Served(snapshots, versions)
    deployments = endpoint_deployments(snapshots, versions, served, registry)
    for deployment in deployments:
        versions.found[deployment.model, deployment.version].is_served = True
    batches = transform_runs(snapshots, versions, served, registry)
    trained, unlinked = training_runs(snapshots, versions, registry)
    runs = [*trained, *processing_runs(snapshots, versions, registry), *batches]
    warnings = [*missing_warnings(snapshots[-1]), *versions.warnings]
    if served.unregistered:
        warnings.append(
            f"{_some(served.unregistered)} of no registered package and without tags: taken as a "
            "version of a model named as what serves it"
        )
    if unlinked:
        warnings.append(
            f"training job{'s' * (len(unlinked) > 1)} {_some(unlinked)} of no model: their cost "
            "stays unattributed. Register what they made, or tag them `model` (and "
            "`model_version`)"
        )
    return Facts(
        registry=registry,
        models=versions.models(registry, [run.model for run in runs]),
        deployments=apart(deployments),
        runs=runs,
        captured=capture_rates(snapshots),
        asked_since=snapshots[0].taken_at,
        artefacts=versions.artefacts(registry),
        warnings=warnings,
    )


def _some(names: Sequence[str] | set[str]) -> str:
    ordered = sorted(names)
    shown = ", ".join(ordered[:MAX_NAMED])
    rest = len(ordered) - MAX_NAMED
    verb = "is" if len(ordered) == 1 else "are"
    return f"{shown} and {rest} more {verb}" if rest > 0 else f"{shown} {verb}"
