"""Bedrock's snapshots as facts: custom models, what trained them, and what calls which model.

A foundation model's version is its id, of a model named as its family. A custom or imported model
is a version by its id, of the model its tags name, else of one named as itself. Application
profiles, provisioned throughput and custom deployments are what is called and billed: deployments
of the version behind them, by their ARN in the bill and in the log. What they were behind before is
told by the snapshots' sequence (`aws.spans`).

Whether a customization job's training is billed with the job's ARN could not be verified; where a
bill names the custom model, its line is that version's storage.
"""

import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

from pipelines.registry.catalogue import EVER, FOREVER, Artefact, Deployment, Model, Run, Version
from pipelines.registry.facts import Facts, models_of
from pipelines.registry.snapshots import Snapshot
from pipelines.registry.sources.aws import (
    PROVIDER,
    Claim,
    Item,
    Seen,
    apart,
    deployments_of,
    instant,
    last_seen,
    missing_warnings,
    name_of,
    observations,
    spans,
    tagged,
)

VersionKey = tuple[str, str]

_FOUNDATION = ":foundation-model/"
_REVISION = re.compile(r"(-\d{8})?(-v\d+)?(:\d+)*(:\d+k|:mm)?$")
_STATUS = {"Completed": "completed", "Failed": "failed", "Stopped": "stopped"}


class _Versions:
    """The versions that Bedrock's ARNs mean."""

    def __init__(self, snapshots: Sequence[Snapshot], registry: str) -> None:
        self._registry = registry
        self._by_arn: dict[str, VersionKey] = {}
        self.found: dict[VersionKey, Version] = {}
        self.artefacts: list[Artefact] = []
        for kind in ("custom_models", "imported_models"):
            for item in last_seen(snapshots, kind, "modelArn").values():
                self._add_own(item)

    def of(self, arn: str) -> VersionKey:
        """The version of a model's ARN, listed or not (a foundation model, a deleted one)."""
        if arn.lower() not in self._by_arn:
            if _FOUNDATION in arn:
                self._add_foundation(arn)
            else:
                self._add_own({"modelArn": arn, "modelName": name_of(arn)})
        return self._by_arn[arn.lower()]

    def models(self, further: Sequence[str], served: set[VersionKey]) -> list[Model]:
        """The models with their versions, and models of which only runs are known.

        A custom model succeeds the last one before it (of one model by their tags) that was called.
        """
        versions: dict[str, list[Version]] = {name: [] for name in further}
        before: dict[str, str] = {}
        for key in sorted(self.found, key=lambda k: (k[0], self.found[k].released or EVER, k[1])):
            version = self.found[key]
            if version.released is not None and key[0] in before:
                version = version.model_copy(update={"predecessor": before[key[0]]})
            if key in served and version.released is not None:
                before[key[0]] = key[1]
            versions.setdefault(key[0], []).append(version)
        return models_of(versions)

    def _add_own(self, item: Item) -> None:
        arn = item["modelArn"]
        model, version = tagged(item.get("tags", {}))
        key = (model or item["modelName"], version or _own_id(arn, model or item["modelName"]))
        uri = item.get("modelDataSource", {}).get("s3DataSource", {}).get("s3Uri")
        created = item.get("creationTime")
        self._by_arn[arn.lower()] = key
        before = self.found.get(key)
        self.found[key] = Version.model_validate(
            {
                "version": key[1],
                "released": created,
                "aliases": [*(before.aliases if before else []), arn],
                "base_model": _base(item.get("baseModelArn", "")),
                "artefact": uri,
                "registry": self._registry,
            }
        )
        for location in filter(None, (arn, uri)):
            self.artefacts.append(
                Artefact(location=location, model=key[0], version=key[1], registry=self._registry)
            )

    def _add_foundation(self, arn: str) -> None:
        model_id = arn.split(_FOUNDATION, 1)[1]
        key = (family_of(model_id), model_id)
        self._by_arn[arn.lower()] = key
        self.found.setdefault(
            key, Version(version=model_id, aliases=[model_id], registry=self._registry)
        )


def family_of(model_id: str) -> str:
    """The model whose version a foundation model's id is.

    `anthropic.claude-3-haiku-20240307-v1:0` -> `claude-3-haiku`.
    """
    name = model_id.split(".", 1)[-1]
    family = _REVISION.sub("", name, count=1)
    return family if family and family != model_id else f"{model_id} (family)"


def facts(snapshots: Sequence[Snapshot]) -> Facts:
    """What Bedrock's snapshots, oldest first, tell."""
    registry = snapshots[-1].registry
    versions = _Versions(snapshots, registry)
    deployments = [
        *_profiles(snapshots, versions, registry),
        *_provisioned(snapshots, versions, registry),
        *_custom_deployments(snapshots, versions, registry),
        *_imported(snapshots, versions, registry),
    ]
    runs = _runs(snapshots, versions, registry)
    return Facts(
        registry=registry,
        models=versions.models(
            [run.model for run in runs], {(d.model, d.version) for d in deployments}
        ),
        deployments=apart(deployments),
        runs=runs,
        asked_since=snapshots[0].taken_at,
        artefacts=versions.artefacts,
        warnings=missing_warnings(snapshots[-1]),
    )


def _profiles(
    snapshots: Sequence[Snapshot], versions: _Versions, registry: str
) -> list[Deployment]:
    """Application profiles: the handle by which one use case calls a model, in log and bill.

    A profile that routes between regions lists its model once for each of them.
    """

    def claim(item: Item) -> Claim | None:
        keys = {versions.of(model["modelArn"]) for model in item["models"]}
        if len(keys) != 1:
            return None
        arn, own = item["inferenceProfileArn"], item["inferenceProfileId"]
        return Claim(*keys.pop(), names=(arn, own), use_case=item["inferenceProfileName"])

    return _held(
        snapshots, "profiles", "inferenceProfileArn", ("createdAt", "updatedAt"), claim, registry
    )


def _provisioned(
    snapshots: Sequence[Snapshot], versions: _Versions, registry: str
) -> list[Deployment]:
    """Provisioned throughput: billed by the hour and model unit, whoever calls."""

    def claim(item: Item) -> Claim | None:
        if item["status"] == "Failed":
            return None
        arn = item["provisionedModelArn"]
        units = max(1, item["modelUnits"])
        return Claim(*versions.of(item["modelArn"]), replicas=units, names=(arn, name_of(arn)))

    return _held(
        snapshots,
        "provisioned",
        "provisionedModelArn",
        ("creationTime", "lastModifiedTime"),
        claim,
        registry,
    )


def _custom_deployments(
    snapshots: Sequence[Snapshot], versions: _Versions, registry: str
) -> list[Deployment]:
    def claim(item: Item) -> Claim | None:
        if item["status"] == "Failed":
            return None
        arn = item["customModelDeploymentArn"]
        return Claim(*versions.of(item["modelArn"]), names=(arn, name_of(arn)))

    return _held(
        snapshots,
        "deployments",
        "customModelDeploymentArn",
        ("createdAt", "lastUpdatedAt"),
        claim,
        registry,
    )


def _imported(
    snapshots: Sequence[Snapshot], versions: _Versions, registry: str
) -> list[Deployment]:
    """Imported models are called and billed by their own ARN (model units while they are warm)."""

    def claim(item: Item) -> Claim | None:
        arn = item["modelArn"]
        return Claim(*versions.of(arn), names=(arn,))

    return _held(
        snapshots, "imported_models", "modelArn", ("creationTime", "creationTime"), claim, registry
    )


def _held(
    snapshots: Sequence[Snapshot],
    kind: str,
    key: str,
    times: tuple[str, str],
    claim: Callable[[Item], Claim | None],
    registry: str,
) -> list[Deployment]:
    """What each item of a kind was a handle of, from when until when."""

    def seen(_: Snapshot, __: str, item: Item) -> Seen[frozenset[Claim]]:
        created = instant(item[times[0]])
        found = claim(item)
        return Seen(
            frozenset([found] if found else []),
            created=created,
            begins=created,
            changed=instant(item.get(times[1]) or item[times[0]]),
        )

    arns = last_seen(snapshots, kind, key)
    return [
        deployment
        for arn, states in observations(snapshots, kind, key, seen).items()
        for deployment in deployments_of(arns[arn][key], spans(states), registry)
    ]


def _runs(snapshots: Sequence[Snapshot], versions: _Versions, registry: str) -> list[Run]:
    """Customization jobs: the run of the custom model they made, or of the one they did not."""
    runs = []
    for job in last_seen(snapshots, "customization_jobs", "jobArn").values():
        output = job.get("outputModelArn") or job.get("customModelArn")
        status = _STATUS.get(job.get("status", ""), "running")
        made = versions.of(output) if output and status == "completed" else None
        name = job.get("outputModelName") or job.get("customModelName") or job["jobName"]
        training = job.get("statusDetails", {}).get("trainingDetails", {})
        start = instant(training.get("creationTime") or job["creationTime"])
        ended = job.get("endTime")
        end = max(instant(ended), start + timedelta(seconds=1)) if ended else FOREVER
        runs.append(
            Run.model_validate(
                {
                    "id": job["jobArn"],
                    "model": made[0] if made else tagged(job.get("tags", {}))[0] or name,
                    "version": made[1] if made else None,
                    "resources": [job["jobArn"]],
                    "provider": PROVIDER,
                    "status": status,
                    "registry": registry,
                    "from": _aware(start),
                    "until": _aware(end),
                }
            )
        )
    return runs


def _aware(at: datetime) -> datetime:
    return at.replace(tzinfo=UTC)


def _own_id(arn: str, model: str) -> str:
    """The id of a custom model: the last part of its ARN; never the model's own name."""
    own = name_of(arn)
    return own if own != model else f"{own} (custom)"


def _base(arn: str) -> str | None:
    return arn.split("/", 1)[1] if "/" in arn else None
