"""SageMaker's jobs as runs: training, sweeps, evaluations, and batch transforms.

A training job is its version's run where its output package, the package's own word, its artefact
or its tags say so; failed, stopped and losing sweep jobs are runs of the model. What is billed is
BillableTimeInSeconds on each instance (managed spot's discount is in it) plus the time a warm pool
was held; serverless jobs are billed by token and have none. Processing jobs have no such field:
theirs is the time they ran. HyperPod clusters are no jobs: they are nodes that pods share.
"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from pipelines.registry.catalogue import FOREVER, Run
from pipelines.registry.snapshots import Snapshot
from pipelines.registry.sources.aws import PROVIDER, Item, instant, last_seen, name_of, tagged
from pipelines.registry.sources.sagemaker_served import Served
from pipelines.registry.sources.sagemaker_versions import VersionKey, Versions

_STATUS = {"Completed": "completed", "Failed": "failed", "Stopped": "stopped"}


def training_runs(
    snapshots: Sequence[Snapshot], versions: Versions, registry: str
) -> tuple[list[Run], list[str]]:
    """Training jobs as runs, and the names of those that belong to no model."""
    jobs = last_seen(snapshots, "training_jobs", "TrainingJobArn")
    made = {arn: _version_of(job, versions) for arn, job in jobs.items()}
    models = {arn: key[0] if key else _model_of(jobs[arn]) for arn, key in made.items()}
    swept = _models_of_sweeps(jobs, models)
    runs, unlinked = [], []
    for arn, job in jobs.items():
        version = made[arn]
        model = models[arn] or swept.get(_sweep_of(job), "")
        if not model:
            unlinked.append(job["TrainingJobName"])
            continue
        is_evaluation = job.get("ServerlessJobConfig", {}).get("JobType") == "Evaluation"
        is_lost = version is None and bool(_sweep_of(job))
        is_abandoned = version is not None and versions.is_abandoned(version)
        status = _STATUS.get(job["TrainingJobStatus"], "running")
        if version is not None and status == "stopped":
            status = "completed"  # stopped at its limit: what it had made was registered
        instance_type, instances = _instances(job.get("ResourceConfig", {}))
        pool = job.get("WarmPoolStatus", {}).get("ResourceRetainedBillableTimeInSeconds", 0)
        billable = job.get("BillableTimeInSeconds")
        is_by_token = "BillableTokenCount" in job and not instances
        start, end = _times(job, "Training", timedelta(seconds=pool))
        runs.append(
            _run(
                job["TrainingJobArn"],
                model,
                version[1] if version else None,
                start,
                end,
                kind="experiment" if is_evaluation or is_lost or is_abandoned else "auto",
                status=status,
                instance_type=instance_type,
                instances=instances,
                billable_seconds=None if billable is None or is_by_token else billable + pool,
                registry=registry,
            )
        )
    return runs, unlinked


def processing_runs(snapshots: Sequence[Snapshot], versions: Versions, registry: str) -> list[Run]:
    """Processing jobs that read a version's artefact, or whose tags name a model: evaluations.

    Others prepare data; they are no model's.
    """
    runs = []
    for job in last_seen(snapshots, "processing_jobs", "ProcessingJobArn").values():
        read = [
            key
            for told in job.get("ProcessingInputs", [])
            if (key := versions.made_at(told.get("S3Input", {}).get("S3Uri", "")))
        ]
        model = read[0][0] if read else tagged(job.get("Tags", {}))[0]
        if not model:
            continue
        cluster = job.get("ProcessingResources", {}).get("ClusterConfig", {})
        runs.append(
            _evaluation(job, "Processing", model, None, _instances(cluster), registry, "experiment")
        )
    return runs


def transform_runs(
    snapshots: Sequence[Snapshot], versions: Versions, served: Served, registry: str
) -> list[Run]:
    """Batch transform jobs: inference of the version whose SageMaker model they ran."""
    runs = []
    for job in last_seen(snapshots, "transform_jobs", "TransformJobArn").values():
        if "ModelName" not in job:
            continue
        region = job["TransformJobArn"].split(":")[3]
        name = job["ModelName"]
        for (model, version), _ in served.by_model(
            instant(job["CreationTime"]), region, name, name, job.get("Tags")
        )[:1]:
            versions.found[model, version].is_served = True
            instances = _instances(job.get("TransformResources", {}))
            runs.append(
                _evaluation(job, "Transform", model, version, instances, registry, "inference")
            )
    return runs


def _evaluation(
    job: Item,
    word: str,
    model: str,
    version: str | None,
    instances: tuple[str, int | None],
    registry: str,
    kind: str,
) -> Run:
    start, end = _times(job, word, timedelta())
    ran = (
        None
        if end == FOREVER or f"{word}StartTime" not in job
        else int((end - start).total_seconds())
    )
    return _run(
        job[f"{word}JobArn"],
        model,
        version,
        start,
        end,
        kind=kind,
        status=_STATUS.get(job[f"{word}JobStatus"], "running"),
        instance_type=instances[0],
        instances=instances[1],
        billable_seconds=ran,
        registry=registry,
    )


def _run(
    arn: str, model: str, version: str | None, start: datetime, end: datetime, **more: Any
) -> Run:
    return Run.model_validate(
        {
            "id": arn,
            "model": model,
            "version": version,
            "resources": [arn],
            "provider": PROVIDER,
            "from": start.replace(tzinfo=UTC),
            "until": end.replace(tzinfo=UTC),
            **more,
        }
    )


def _times(job: Item, word: str, held: timedelta) -> tuple[datetime, datetime]:
    """From when until when a job's instances were billed; a running one has no end."""
    start = instant(job.get(f"{word}StartTime") or job["CreationTime"])
    if f"{word}EndTime" not in job:
        return start, FOREVER
    # a job that failed before it began has no time: a link needs some
    return start, max(instant(job[f"{word}EndTime"]) + held, start + timedelta(seconds=1))


def _instances(config: Item) -> tuple[str, int | None]:
    """Instance type and number; of a cluster of several types: all of them, and the sum."""
    groups = config.get("InstanceGroups", [])
    if groups:
        types = sorted({group["InstanceType"] for group in groups})
        return "+".join(types), sum(group["InstanceCount"] for group in groups)
    chosen = config.get("SelectedInstanceType") or config.get("InstanceType") or ""
    return chosen, config.get("SelectedInstanceCount") or config.get("InstanceCount")


def _version_of(job: Item, versions: Versions) -> VersionKey | None:
    arn = job["TrainingJobArn"]
    found = versions.of_package(job.get("OutputModelPackageArn", "")) or versions.of_job(arn)
    found = found or versions.of_artefact(job.get("ModelArtifacts", {}).get("S3ModelArtifacts", ""))
    if found is None and all(named := tagged(job.get("Tags", {}))):
        found = versions.named(*named)
    base = job.get("ModelPackageConfig", {}).get("SourceModelPackageArn")
    if found is not None and base:
        versions.found[found].base_model = base
    return found


def _model_of(job: Item) -> str:
    group = job.get("ModelPackageConfig", {}).get("ModelPackageGroupArn")
    return name_of(group) if group else tagged(job.get("Tags", {}))[0]


def _sweep_of(job: Item) -> str:
    return str(job.get("TuningJobArn") or job.get("AutoMLJobArn") or "")


def _models_of_sweeps(jobs: dict[str, Item], models: dict[str, str]) -> dict[str, str]:
    """The model of each sweep whose jobs are known to be of one."""
    found: dict[str, set[str]] = defaultdict(set)
    for arn, job in jobs.items():
        if models[arn] and _sweep_of(job):
            found[_sweep_of(job)].add(models[arn])
    return {sweep: names.pop() for sweep, names in found.items() if len(names) == 1}
