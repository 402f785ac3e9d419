"""What MLflow's model registry tells: versions, what their aliases meant when, and their runs.

A registered model is a model, its version `7` a version. An alias (`champion`) or a stage moves
from version to version, and MLflow keeps no history of that: the snapshots do. Logs name a version
as `rank@champion`, `models:/rank@champion`, `models:/rank/7`, `rank/7` or `rank:7`.

The run that made a version is its training (or update, see `lineage.py`). Where it ran is told by a
tag, as MLflow has no field for it. Other runs of an experiment whose versions are all of one model
are that model's experiments, as far as they say where they ran.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal, NamedTuple

from pipelines.registry.catalogue import Artefact, Deployment, Run, Version
from pipelines.registry.facts import Facts, history, models_of, of_epoch_ms
from pipelines.registry.snapshots import Snapshot

RESOURCE_TAGS: Final = (
    "modelspend.resource",
    "resource_id",
    "instance_id",
    "sagemaker_training_job_name",
    "sagemaker_training_job_arn",
    "sagemaker_job_name",
    "sagemaker_job_arn",
    "training_job_name",
    "training_job_arn",
    "gpu_host",
    "host",
    "hostname",
)
"""Tags of a run or a version that name what it ran on; several ids are set apart by commas."""

MEANING_TAGS: Final = (
    "modelspend.model",
    "modelspend.kind",
    "modelspend.predecessor",
    "predecessor",
    "base_model",
    "parameters",
    "instance_type",
    "instances",
    "mlflow.parentRunId",
)
"""Further tags that say something here. All others are not kept: a tag may hold anything."""

STORES: Final = (
    "s3://",
    "gs://",
    "oss://",
    "abfs://",
    "abfss://",
    "wasb://",
    "wasbs://",
    "https://",
)
"""Schemes of places that a bill can name; `models:/`, `runs:/` and `mlflow-artifacts:/` are not."""

NO_STAGE: Final = ("", "None", "Archived")

Kind = Literal["auto", "training", "update", "experiment"]
Status = Literal["completed", "failed", "stopped"]

_STATUS: Final[Mapping[str, Status]] = {"FAILED": "failed", "KILLED": "stopped"}
_KINDS: Final[Mapping[str, Kind]] = {
    "training": "training",
    "pretraining": "training",
    "update": "update",
    "fine-tuning": "update",
    "finetuning": "update",
    "retraining": "update",
    "experiment": "experiment",
    "evaluation": "experiment",
    "sweep": "experiment",
}

_LEAST = timedelta(milliseconds=1)

Item = Mapping[str, Any]
VersionKey = tuple[str, str]


def keeps(tag: str, more: Sequence[str] = ()) -> bool:
    """Whether a tag says something here; `more` are the settings' `resource_tags`."""
    known = {_key(name) for name in (*RESOURCE_TAGS, *MEANING_TAGS, *more)}
    return _key(tag) in known


def facts(snapshots: Sequence[Snapshot]) -> Facts:
    """Models, versions, dated names, runs and artefacts of one MLflow registry."""
    registry = snapshots[0].registry
    versions = _last_seen(snapshots, "versions", lambda item: (item["name"], str(item["version"])))
    retired = _retired(snapshots, versions)
    runs = _last_seen(snapshots, "runs", lambda item: item["run_id"])
    found: dict[str, list[Version]] = defaultdict(list)
    for key in sorted(versions, key=_in_order):
        found[key[0]].append(_version(key, versions[key], retired.get(key)))
    for item in _last_seen(snapshots, "models", lambda item: item["name"]).values():
        found.setdefault(item["name"], [])
    return Facts(
        registry=registry,
        models=models_of(found),
        deployments=list(_names(snapshots, versions)),
        runs=list(_runs(versions, runs, snapshots[-1])),
        artefacts=[
            Artefact(location=item["location"], model=name, version=version)
            for (name, version), item in sorted(versions.items())
            if str(item.get("location") or "").startswith(STORES)
        ],
        asked_since=snapshots[0].taken_at,
    )


def _last_seen(snapshots: Sequence[Snapshot], kind: str, key: Any) -> dict[Any, Item]:
    """Every item that any snapshot shows, as the newest of them shows it: what is deleted was."""
    found: dict[Any, Item] = {}
    for snapshot in snapshots:
        for item in snapshot.items.get(kind, []):
            found[key(item)] = item
    return found


def _retired(
    snapshots: Sequence[Snapshot], versions: Mapping[VersionKey, Item]
) -> dict[VersionKey, datetime]:
    """When a version was first seen to be deleted or archived, if it still is."""
    seen = [(s.taken_at, dict.fromkeys(_in_use(s), True)) for s in snapshots]
    still = set(_in_use(snapshots[-1]))
    ended = {held.key: held.until for held in history(seen)}
    return {key: ended.get(key, snapshots[0].taken_at) for key in versions if key not in still}


def _in_use(snapshot: Snapshot) -> Iterator[VersionKey]:
    for item in snapshot.items.get("versions", []):
        if item.get("stage") != "Archived":
            yield item["name"], str(item["version"])


def _version(key: VersionKey, item: Item, retired: datetime | None) -> Version:
    name, version = key
    tags = _Tags(item)
    released = of_epoch_ms(item["created_ms"])
    aliases = [f"models:/{name}/{version}"]
    if model_id := item.get("model_id"):
        aliases += [model_id, f"models:/{model_id}"]
    is_after = retired is not None and retired.replace(tzinfo=UTC) > released
    return Version.model_validate(
        {
            "version": version,
            "released": released,
            "retired": retired.replace(tzinfo=UTC) if retired and is_after else None,
            "predecessor": tags.get("modelspend.predecessor") or tags.get("predecessor") or None,
            "aliases": aliases,
            "parameters": _count(tags.get("parameters")),
            "base_model": tags.get("base_model") or None,
            "artefact": item.get("location") or None,
        }
    )


class _Pointer(NamedTuple):
    """What points to a version: an alias or a stage, by the names logs may use."""

    model: str
    names: tuple[str, ...]
    version: str = ""
    """Of a stage, as several versions may be in one; an alias has one version."""


def _names(
    snapshots: Sequence[Snapshot], versions: Mapping[VersionKey, Item]
) -> Iterator[Deployment]:
    """What aliases and stages meant, from when until when."""
    seen = [(snapshot.taken_at, dict(_pointers(snapshot))) for snapshot in snapshots]
    for held in history(seen):
        pointer, version = held.key, held.value
        if (pointer.model, version) in versions and held.from_ < held.until:
            yield Deployment.model_validate(
                {
                    "model": pointer.model,
                    "version": version,
                    "names": list(pointer.names),
                    "from": held.from_.replace(tzinfo=UTC),
                    "until": held.until.replace(tzinfo=UTC),
                }
            )


def _pointers(snapshot: Snapshot) -> Iterator[tuple[_Pointer, str]]:
    for model in snapshot.items.get("models", []):
        name = model["name"]
        for alias, version in sorted(model.get("aliases", {}).items()):
            yield _Pointer(name, (f"{name}@{alias}", f"models:/{name}@{alias}")), str(version)
    for item in snapshot.items.get("versions", []):
        stage, name, version = item.get("stage") or "", item["name"], str(item["version"])
        if stage not in NO_STAGE:
            yield _Pointer(name, (f"{name}/{stage}", f"models:/{name}/{stage}"), version), version


def _runs(
    versions: Mapping[VersionKey, Item], runs: Mapping[str, Item], newest: Snapshot
) -> Iterator[Run]:
    more = newest.items.get("resource_tags", [])
    made: dict[str, VersionKey] = {}
    for key in sorted(versions, key=_in_order, reverse=True):
        if run_id := versions[key].get("run_id"):
            made[run_id] = key  # registered twice, a run is the first version's
    of_experiment: dict[str, set[str]] = defaultdict(set)
    for run_id, made_one in made.items():
        if run_id in runs:
            of_experiment[runs[run_id]["experiment_id"]].add(made_one[0])
    for run_id, item in sorted(runs.items()):
        tags = _Tags(item)
        resources = [*tags.resources(more)]
        result = made.get(run_id)
        if result is not None:
            of_version = _Tags(versions[result]).resources(more)
            resources += [found for found in of_version if found not in resources]
            model: str | None = result[0]
        else:
            model = _model_of(tags, made, of_experiment[item["experiment_id"]])
        if model is None or (result is None and not resources):
            continue
        usual: Kind = "auto" if result else "experiment"
        yield Run.model_validate(
            {
                "id": run_id,
                "model": model,
                "version": result[1] if result else None,
                "kind": _KINDS.get(tags.get("modelspend.kind").lower(), usual),
                "status": _STATUS.get(item["status"], "completed"),
                "resources": resources,
                "instance_type": tags.get("instance_type"),
                "instances": _count(tags.get("instances")),
                "registry": newest.registry,
                **_times(item),
            }
        )


def _times(item: Item) -> dict[str, datetime]:
    """When a run began and, if it has, ended; a run of no time still happened."""
    start = of_epoch_ms(item["start_ms"])
    if not item.get("end_ms"):
        return {"from": start}
    return {"from": start, "until": max(of_epoch_ms(item["end_ms"]), start + _LEAST)}


def _model_of(tags: "_Tags", made: Mapping[str, VersionKey], models: set[str]) -> str | None:
    """The model a run without a version worked for, where that is told or there is only one."""
    if stated := tags.get("modelspend.model"):
        return stated
    parent = made.get(tags.get("mlflow.parentRunId"))
    if parent is not None:
        return parent[0]
    return next(iter(models)) if len(models) == 1 else None


class _Tags:
    """An item's tags, whatever way their keys are spelled."""

    def __init__(self, item: Item) -> None:
        self._tags = {_key(key): str(value) for key, value in item.get("tags", {}).items()}

    def get(self, key: str) -> str:
        """A tag's value, '' without it."""
        return self._tags.get(_key(key), "").strip()

    def resources(self, more: Sequence[str]) -> Iterator[str]:
        """The ids in tags that name what something ran on, each once."""
        seen: set[str] = set()
        for tag in (*RESOURCE_TAGS, *more):
            for value in self.get(tag).split(","):
                found = value.strip()
                if found and "job" in tag.lower() and not set("/:") & set(found):
                    found = f"training-job/{found}"
                if found and found.lower() not in seen:
                    seen.add(found.lower())
                    yield found


def _key(tag: str) -> str:
    return "".join(letter for letter in tag.lower() if letter.isalnum())


def _count(text: str) -> int | None:
    return int(text) if text.isdecimal() else None


def _in_order(key: VersionKey) -> tuple[str, int, str]:
    name, version = key
    return (name, int(version), "") if version.isdecimal() else (name, 0, version)
