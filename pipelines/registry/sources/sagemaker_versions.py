"""SageMaker's registered versions, and which of them an artefact, a container or a tag means.

A model is a model package group, a version its number. What an endpoint serves without a package is
a version too: the SageMaker model, of a model named as the endpoint (`serve`).
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from pipelines.registry.catalogue import EVER, Artefact, Model, Version
from pipelines.registry.facts import models_of
from pipelines.registry.snapshots import Snapshot
from pipelines.registry.sources.aws import Item, folders_of, instant, last_seen, path_of

VersionKey = tuple[str, str]
Made = tuple[datetime, VersionKey]


@dataclass
class Registered:
    """One version, as far as the snapshots tell."""

    created: datetime
    artefact: str = ""
    arns: list[str] = field(default_factory=list)
    generated_by: str = ""
    base_model: str | None = None
    is_approved: bool = False
    is_rejected: bool = False
    is_served: bool = False


class Versions:
    """All versions of a registry, found by ARN, artefact or job."""

    def __init__(self, snapshots: Sequence[Snapshot]) -> None:
        self.found: dict[VersionKey, Registered] = {}
        self.warnings: list[str] = []
        self._by_arn: dict[str, VersionKey] = {}
        self._by_job: dict[str, list[Made]] = defaultdict(list)
        self._at: dict[str, list[Made]] = defaultdict(list)
        self._below: dict[str, set[VersionKey]] = defaultdict(set)
        for arn, package in last_seen(snapshots, "packages", "ModelPackageArn").items():
            key = _package_key(arn) or _package_key(package["ModelPackageArn"])
            if key is None:
                continue
            if key in self.found:
                self.warnings.append(
                    f"{key[0]} {key[1]} is registered in more than one region or account "
                    f"({self.found[key].arns[0]}, {package['ModelPackageArn']}): it is taken as "
                    "one version"
                )
                self.found[key].arns.append(package["ModelPackageArn"])
            else:
                self._add(key, _registered(package))
            self._by_arn[arn] = key

    def of_package(self, arn: str) -> VersionKey | None:
        """The version a package's ARN means, registered here or in another account."""
        key = self._by_arn.get(arn.lower()) or _package_key(arn)
        if key is not None and key not in self.found:
            self._add(key, Registered(created=EVER, arns=[arn]))
            self._by_arn[arn.lower()] = key
        return key

    def of_artefact(self, uri: str) -> VersionKey | None:
        """The version whose artefact this is or lies in, else the only one that lies in this.

        An artefact registered twice is the version's that was registered first.
        """
        path = path_of(uri)
        below = self._below.get(path, set())
        return self.made_at(uri) or (next(iter(below)) if len(below) == 1 else None)

    def made_at(self, uri: str) -> VersionKey | None:
        """The version whose artefact this is, or lies in; a folder of artefacts means none."""
        path = path_of(uri)
        for place in (path, *folders_of(path)):
            if place in self._at:
                return min(self._at[place])[1]
        return None

    def within(self, folder: str) -> list[tuple[VersionKey, str]]:
        """Versions whose artefacts lie in a folder, and their path in it (multi-model servers)."""
        root = path_of(folder)
        return [
            (key, path_of(self.found[key].artefact)[len(root) :].lstrip("/"))
            for key in sorted(self._below.get(root, set()))
        ]

    def of_job(self, arn: str) -> VersionKey | None:
        """The version whose package says that this job made it."""
        made = self._by_job.get(arn.lower())
        return min(made)[1] if made else None

    def named(self, model: str, version: str) -> VersionKey:
        """The version that tags name; one that is not registered is known by its tags alone."""
        key = (model, version)
        if key not in self.found:
            self._add(key, Registered(created=EVER))
        return key

    def serve(self, model: str, served: Item, artefact: str) -> VersionKey:
        """A SageMaker model that an endpoint serves, as a version of a model named as that."""
        key = (model, str(served["ModelName"]))
        made = instant(served["CreationTime"]) if "CreationTime" in served else EVER
        arns = [served["ModelArn"]] if "ModelArn" in served else []
        if key not in self.found:
            self._add(key, Registered(created=made, artefact=artefact, arns=arns))
        return key

    def _add(self, key: VersionKey, version: Registered) -> None:
        self.found[key] = version
        if version.generated_by:
            self._by_job[version.generated_by.lower()].append((version.created, key))
        path = path_of(version.artefact)
        if path:
            self._at[path].append((version.created, key))
            for folder in folders_of(path):
                self._below[folder].add(key)

    def predecessors(self) -> dict[VersionKey, str]:
        """The released version before each: the last one approved or ever served.

        Rejected and never served: nothing succeeds it.
        """
        found: dict[VersionKey, str] = {}
        by_model: dict[str, list[VersionKey]] = defaultdict(list)
        for key in self.found:
            by_model[key[0]].append(key)
        for keys in by_model.values():
            released = ""
            for key in sorted(keys, key=self.order):
                if released:
                    found[key] = released
                if self.is_released(key):
                    released = key[1]
        return found

    def order(self, key: VersionKey) -> tuple[int, datetime, str]:
        """What version came when: by number, where it has one, else by when it was made."""
        number = int(key[1]) if key[1].isdecimal() else 0
        return (number, self.found[key].created, key[1])

    def is_released(self, key: VersionKey) -> bool:
        """Approved, or served whatever its approval says."""
        return self.found[key].is_approved or self.found[key].is_served

    def is_abandoned(self, key: VersionKey) -> bool:
        """Rejected and never served."""
        return self.found[key].is_rejected and not self.found[key].is_served

    def models(self, registry: str, further: Sequence[str]) -> list[Model]:
        """The models with their versions, and models of which only runs are known."""
        before = self.predecessors()
        versions: dict[str, list[Version]] = {name: [] for name in further}
        for key in sorted(self.found, key=lambda k: (k[0], self.order(k))):
            version = self.found[key]
            is_dated = self.is_released(key) and version.created > EVER
            versions.setdefault(key[0], []).append(
                Version.model_validate(
                    {
                        "version": key[1],
                        "released": f"{version.created.isoformat()}Z" if is_dated else None,
                        # numbers tell which was the first; of other names lineage finds out
                        "predecessor": before.get(key, "" if key[1].isdecimal() else None),
                        "aliases": version.arns,
                        "artefact": version.artefact or None,
                        "base_model": version.base_model,
                        "registry": registry,
                    }
                )
            )
        return models_of(versions)

    def artefacts(self, registry: str) -> list[Artefact]:
        """Where the versions' weights lie."""
        return [
            Artefact(location=version.artefact, model=key[0], version=key[1], registry=registry)
            for key, version in sorted(self.found.items())
            if version.artefact
        ]


def artefact_of(container: Item) -> str:
    """Where a container's weights lie."""
    source = container.get("ModelDataSource", {}).get("S3DataSource", {})
    return str(container.get("ModelDataUrl") or source.get("S3Uri") or "")


def containers_of(model: Item) -> list[Item]:
    """The containers of a model that hold something."""
    return (
        [model["PrimaryContainer"]]
        if model.get("PrimaryContainer")
        else list(model.get("Containers", []))
    )


def _registered(package: Item) -> Registered:
    containers = package.get("InferenceSpecification", {}).get("Containers", [])
    status = package.get("ModelApprovalStatus")
    return Registered(
        created=instant(package["CreationTime"]),
        artefact=next((uri for c in containers if (uri := artefact_of(c))), ""),
        arns=[package["ModelPackageArn"]],
        generated_by=package.get("MetadataProperties", {}).get("GeneratedBy", "")
        or package.get("SourceUri", ""),
        is_approved=status == "Approved",
        is_rejected=status == "Rejected",
    )


def _package_key(arn: str) -> VersionKey | None:
    """`…:model-package/rank/7` -> (`rank`, `7`); a package outside a group has no version."""
    parts = arn.rsplit(":", 1)[-1].split("/")
    if len(parts) != 3 or parts[0] != "model-package":
        return None
    return parts[1], parts[2]
