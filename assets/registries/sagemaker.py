"""Asks SageMaker for model packages, jobs, endpoints and what runs behind them.

Only lists, descriptions and tags are read. Environment variables and hyperparameters are never
kept: they may hold secrets. Finished jobs and registered packages are taken from the last snapshot
where their last change is the same, so that a nightly pull describes only what is new.
"""

from collections.abc import Mapping
from datetime import UTC
from fnmatch import fnmatchcase
from typing import Any

from assets.registries.aws import Connect, Item, Region, Shape, asked, client, pruned, tags_of
from assets.registries.sagemaker_shapes import (
    COMPONENT,
    ENDPOINT,
    ENDPOINT_CONFIG,
    MODEL,
    PACKAGE,
    PROCESSING_JOB,
    TRAINING_JOB,
    TRANSFORM_JOB,
)
from pipelines.registry.snapshots import Snapshot
from pipelines.settings import RegistrySource

_FINISHED = {"Completed", "Failed", "Stopped"}
_POOL_IS_OPEN = {"Available", "InUse"}


def collect(
    source: RegistrySource, last: Snapshot | None = None, connect: Connect = client
) -> dict[str, Any]:
    """What SageMaker answers in every region of the source.

    Raises:
        RegistryUnreachable: a region does not answer, or refused every call.
    """

    def of_region(region: Region, before: Item) -> Item:
        found = {
            "packages": _packages(region, before),
            "training_jobs": _jobs(region, before, "training_jobs", "TrainingJob", TRAINING_JOB),
            "processing_jobs": _jobs(
                region, before, "processing_jobs", "ProcessingJob", PROCESSING_JOB
            ),
            "transform_jobs": _jobs(
                region, before, "transform_jobs", "TransformJob", TRANSFORM_JOB
            ),
            "endpoints": _endpoints(region, before),
            "components": _components(region),
        }
        served = {
            variant["ModelName"]
            for endpoint in found["endpoints"] or []
            for config in (endpoint.get("Config"), endpoint.get("PendingConfig"))
            for kind in ("ProductionVariants", "ShadowProductionVariants")
            for variant in (config or {}).get(kind, [])
            if variant.get("ModelName")
        }
        served |= {
            told["ModelName"]
            for component in found["components"] or []
            for told in _specifications(component)
            if told.get("ModelName")
        }
        served |= {job["ModelName"] for job in found["transform_jobs"] or [] if "ModelName" in job}
        found["models"] = _models(region, before, served)
        return {name: items for name, items in found.items() if items is not None}

    return asked(source, "sagemaker", connect, of_region, last)


def _specifications(component: Mapping[str, Any]) -> list[Item]:
    return [component.get("Specification", {}), *component.get("Specifications", [])]


def _by(items: list[Item] | None, key: str) -> dict[str, Item]:
    return {item[key]: item for item in items or []}


def _packages(region: Region, before: Item) -> list[Item] | None:
    groups = region.pages("list_model_package_groups", "ModelPackageGroupSummaryList")
    if groups is None:
        return None
    known = _by(before.get("packages"), "ModelPackageArn")
    found = []
    for group in sorted(g["ModelPackageGroupName"] for g in groups):
        if region.source.models and not any(
            fnmatchcase(group, wanted) for wanted in region.source.models
        ):
            continue
        listed = region.pages(
            "list_model_packages", "ModelPackageSummaryList", ModelPackageGroupName=group
        )
        if listed is None:
            return None
        for summary in listed:
            arn = summary["ModelPackageArn"]
            if arn in known and _is_as_listed(known[arn], pruned(summary, PACKAGE)):
                found.append(known[arn])
                continue
            answer = region.one("describe_model_package", ModelPackageName=arn)
            if answer is None and region.is_refused("describe_model_package"):
                answer = known.get(arn) or summary
            if answer is not None:
                found.append(pruned(answer, PACKAGE))
    return sorted(found, key=lambda p: str(p["ModelPackageArn"]))


def _is_as_listed(old: Item, listed: Item) -> bool:
    """Whether a package is settled, and all that its list tells is as it was."""
    return old.get("ModelPackageStatus") in _FINISHED and all(
        old.get(key) == value for key, value in listed.items()
    )


def _jobs(region: Region, before: Item, kind: str, word: str, shape: Shape) -> list[Item] | None:
    """Jobs of a kind, each described: the lists tell neither what was billed nor what was made."""
    since = region.source.since
    asked_since = {"CreationTimeAfter": since.replace(tzinfo=UTC)} if since else {}
    listed = region.pages(f"list_{kind}", f"{word}Summaries", **asked_since)
    if listed is None:
        return None
    known = _by(before.get(kind), f"{word}Arn")
    found = []
    for summary in listed:
        old = known.get(summary[f"{word}Arn"])
        if old is not None and _is_settled(old, pruned(summary, shape), word):
            found.append(old)
            continue
        call = f"describe_{kind.removesuffix('s')}"
        answer = region.one(call, **{f"{word}Name": summary[f"{word}Name"]})
        if answer is None and not region.is_refused(call):
            continue
        job = pruned(answer or summary, shape)
        job["Tags"] = _tags(region, job[f"{word}Arn"])
        found.append(job)
    return sorted(found, key=lambda j: str(j[f"{word}Arn"]))


def _is_settled(old: Item, listed: Item, word: str) -> bool:
    """Whether a job ended before the last snapshot and nothing of it has changed since."""
    return (
        old.get(f"{word}Status") in _FINISHED
        and "LastModifiedTime" in old
        and old["LastModifiedTime"] == listed.get("LastModifiedTime")
        and old.get("WarmPoolStatus", {}).get("Status") not in _POOL_IS_OPEN
        and listed.get("WarmPoolStatus", {}).get("Status") not in _POOL_IS_OPEN
    )


def _tags(region: Region, arn: str) -> dict[str, str]:
    return tags_of(region.pages("list_tags", "Tags", ResourceArn=arn) or [])


def _endpoints(region: Region, before: Item) -> list[Item] | None:
    listed = region.pages("list_endpoints", "Endpoints")
    if listed is None:
        return None
    configs: dict[str, Item | None] = {}

    def config_of(name: str) -> Item | None:
        if name not in configs:
            answer = region.one("describe_endpoint_config", EndpointConfigName=name)
            configs[name] = pruned(answer, ENDPOINT_CONFIG) if answer else None
        return configs[name]

    earlier = {
        endpoint["Config"]["EndpointConfigName"]: endpoint["Config"]
        for endpoint in before.get("endpoints", [])
        if "Config" in endpoint
    }
    found = []
    for summary in listed:
        answer = region.one("describe_endpoint", EndpointName=summary["EndpointName"])
        if answer is None and not region.is_refused("describe_endpoint"):
            continue
        endpoint = pruned(answer or summary, ENDPOINT)
        pending = endpoint.get("PendingDeploymentSummary", {}).get("EndpointConfigName")
        for key, name in (
            ("Config", endpoint.get("EndpointConfigName")),
            ("PendingConfig", pending),
        ):
            # a config may be deleted while its endpoint still runs: it is then as it was
            config = (config_of(name) or earlier.get(name)) if name else None
            if config:
                endpoint[key] = config
        endpoint["Tags"] = _tags(region, endpoint["EndpointArn"])
        found.append(endpoint)
    return sorted(found, key=lambda e: str(e["EndpointArn"]))


def _components(region: Region) -> list[Item] | None:
    listed = region.pages("list_inference_components", "InferenceComponents")
    if listed is None:
        return None
    found = []
    for summary in listed:
        name = summary["InferenceComponentName"]
        answer = region.one("describe_inference_component", InferenceComponentName=name)
        if answer is None and region.is_refused("describe_inference_component"):
            return None
        if answer is not None:
            found.append(pruned(answer, COMPONENT))
    return sorted(found, key=lambda c: str(c["InferenceComponentArn"]))


def _models(region: Region, before: Item, names: set[str]) -> list[Item]:
    """The models that endpoints, components and transform jobs name, nothing else."""
    known = _by(before.get("models"), "ModelName")
    found = []
    for name in sorted(names):
        answer = region.one("describe_model", ModelName=name)
        if answer is None:
            # deleted while its endpoint still runs, or refused: it is then as it was
            if name in known:
                found.append(known[name])
            continue
        model = pruned(answer, MODEL)
        model["Tags"] = _tags(region, model["ModelArn"])
        found.append(model)
    return found
