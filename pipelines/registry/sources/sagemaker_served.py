"""Which versions a SageMaker model or an inference component holds.

A container's package says so, else its artefact, else the tags of the model or its endpoint. A
multi-model container holds every version whose artefact lies in its folder. What none of them tells
is a version all the same, as something was served and paid for: the SageMaker model's name, of a
model named as its endpoint.
"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

from pipelines.registry.snapshots import Snapshot
from pipelines.registry.sources.aws import Item, of_region, tagged
from pipelines.registry.sources.sagemaker_versions import (
    VersionKey,
    Versions,
    artefact_of,
    containers_of,
)

Held = list[tuple[VersionKey, str]]
"""Versions, and what stands behind `endpoint/variant` in a version's own name ('': nothing)."""


class Served:
    """The SageMaker models of a registry's snapshots, as versions."""

    def __init__(self, snapshots: Sequence[Snapshot], versions: Versions) -> None:
        self._versions = versions
        self._models: dict[tuple[str, str], list[tuple[datetime, Item]]] = defaultdict(list)
        for snapshot in snapshots:
            for region, items in of_region(snapshot, "models"):
                for model in items:
                    self._models[region, model["ModelName"]].append((snapshot.taken_at, model))
        self.unregistered: set[str] = set()
        """What is known by the name of its SageMaker model alone."""

    def by_model(
        self, at: datetime, region: str, name: str, endpoint: str, tags: Item | None = None
    ) -> Held:
        """The versions of the SageMaker model of this name, as it was then.

        `endpoint` is what serves it: the model's name where nothing else tells it.
        """
        model = self._model(at, region, name)
        found = self._in_containers(model)
        if found:
            return found
        for named in (tagged(model.get("Tags", {})), tagged(tags or {})):
            if all(named):
                return [(self._versions.named(*named), "")]
        self.unregistered.add(f"SageMaker model {name} (of {endpoint})")
        own = [c for c in containers_of(model) if c.get("Mode") != "MultiModel"]
        uri = next((uri for c in own if (uri := artefact_of(c))), "")
        return [(self._versions.serve(endpoint, model, uri), "")]

    def by_component(self, at: datetime, region: str, endpoint: str, component: Item) -> Held:
        """The versions of an inference component: of its model, or of its own artefact."""
        told = specification_of(component)
        if "ModelName" in told:
            return self.by_model(at, region, told["ModelName"], endpoint)
        name = component["InferenceComponentName"]
        uri = told.get("Container", {}).get("ArtifactUrl", "")
        found = self._versions.of_artefact(uri)
        if found is None:
            self.unregistered.add(f"inference component {name} (of {endpoint})")
            found = self._versions.serve(endpoint, {"ModelName": name}, uri)
        return [(found, "")]

    def _model(self, at: datetime, region: str, name: str) -> Item:
        told = self._models.get((region, name), [])
        before = [model for taken_at, model in told if taken_at <= at]
        after = [model for taken_at, model in told if taken_at > at]
        return (before[-1:] or after[:1] or [{"ModelName": name}])[0]

    def _in_containers(self, model: Item) -> Held:
        containers = containers_of(model)
        found: Held = []
        for container in containers:
            host = container.get("ContainerHostname", "") if len(containers) > 1 else ""
            uri = artefact_of(container)
            key = self._versions.of_package(container.get("ModelPackageName", ""))
            if key is None and container.get("Mode") == "MultiModel":
                found += self._versions.within(uri)
                continue
            key = key or self._versions.of_artefact(uri)
            if key is not None:
                found.append((key, host))
        return found


def specification_of(component: Item) -> Item:
    """What an inference component consists of; one of several instance types has it per type."""
    told: list[Item] = [component.get("Specification", {}), *component.get("Specifications", [])]
    return next((one for one in told if one), {})
