"""What ran behind SageMaker's endpoints, from when until when.

Endpoint -> config -> variants -> models -> versions. The snapshots' sequence is the history
(`aws.spans`): a config counts from its own creation at the earliest, a switch is at the endpoint's
LastModifiedTime, or with the later snapshot where that does not lie between the two. While a
deployment is pending, the new config's versions run beside the old ones, from its StartTime.

Replicas are instances: as configured where one version runs alone, as counted where there are
several (there each scaling that a snapshot shows begins a new span). With inference components they
are copies. Traffic weights split nothing: what each variant served is for the log to say.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from pipelines.registry.catalogue import Deployment
from pipelines.registry.facts import CaptureRate
from pipelines.registry.snapshots import Snapshot
from pipelines.registry.sources.aws import (
    Claim,
    Item,
    Seen,
    Span,
    deployments_of,
    instant,
    last_seen,
    observations,
    of_region,
    spans,
)
from pipelines.registry.sources.sagemaker_served import Served, specification_of
from pipelines.registry.sources.sagemaker_versions import VersionKey, Versions

PRODUCTION, SHADOW = "ProductionVariants", "ShadowProductionVariants"


@dataclass(frozen=True)
class Running:
    """What an endpoint runs, and by which config."""

    config: str
    claims: frozenset[Claim]


@dataclass(frozen=True)
class _Part:
    """One variant's or component's part in a version."""

    key: VersionKey
    names: tuple[str, ...]
    configured: int
    counted: int
    is_shadow: bool = False
    gpus: Decimal | None = None


def endpoint_deployments(
    snapshots: Sequence[Snapshot], versions: Versions, served: Served, registry: str
) -> list[Deployment]:
    """Which versions ran on which endpoint, from when until when."""
    components = _Components(snapshots)

    def seen(snapshot: Snapshot, region: str, endpoint: Item) -> Seen[Running] | None:
        config = endpoint.get("Config")
        if config is None:
            return None
        found = components.of(snapshot, region, endpoint["EndpointName"])
        at = snapshot.taken_at
        parts = [
            *_variants(served, at, region, endpoint, config),
            *_copies(served, at, region, endpoint, found),
        ]
        times = [endpoint["LastModifiedTime"], *(c["LastModifiedTime"] for c in found)]
        pending = endpoint.get("PendingConfig")
        if pending is not None:
            known = {part.key for part in parts}
            coming = _variants(served, at, region, endpoint, pending)
            parts += [part for part in coming if part.key not in known]
            times = [endpoint["PendingDeploymentSummary"].get("StartTime", times[0])]
        if endpoint["EndpointStatus"] == "Failed":
            parts = []
        created = instant(endpoint["CreationTime"])
        return Seen(
            Running(config["EndpointConfigName"], frozenset(_claims(parts, versions))),
            created=created,
            begins=max(created, instant(config["CreationTime"])),
            changed=max(instant(time) for time in times),
        )

    arns = last_seen(snapshots, "endpoints", "EndpointArn")
    return [
        deployment
        for arn, states in observations(snapshots, "endpoints", "EndpointArn", seen).items()
        for deployment in deployments_of(
            arns[arn]["EndpointArn"],
            [Span(span.state.claims, span.from_, span.until) for span in spans(states)],
            registry,
        )
    ]


def _variants(
    served: Served, at: datetime, region: str, endpoint: Item, config: Item
) -> list[_Part]:
    name = endpoint["EndpointName"]
    found = []
    for kind in (PRODUCTION, SHADOW):
        counted = {v["VariantName"]: v.get("CurrentInstanceCount") for v in endpoint.get(kind, [])}
        for variant in config.get(kind, []):
            if "ModelName" not in variant:
                continue  # its inference components say what runs on it
            label = variant["VariantName"]
            configured = max(1, variant.get("InitialInstanceCount") or 1)
            tags = endpoint.get("Tags")
            for key, below in served.by_model(at, region, variant["ModelName"], name, tags):
                found.append(
                    _Part(
                        key,
                        names=("/".join(part for part in (name, label, below) if part),),
                        configured=configured,
                        counted=counted.get(label) or configured,
                        is_shadow=kind == SHADOW,
                    )
                )
    return found


def _copies(
    served: Served, at: datetime, region: str, endpoint: Item, components: Sequence[Item]
) -> Iterator[_Part]:
    for component in components:
        name = component["InferenceComponentName"]
        told = component.get("RuntimeConfig", {})
        copies = max(1, told.get("CurrentCopyCount") or told.get("DesiredCopyCount") or 1)
        needs = specification_of(component).get("ComputeResourceRequirements", {})
        gpus = needs.get("NumberOfAcceleratorDevicesRequired")
        for key, _ in served.by_component(at, region, endpoint["EndpointName"], component):
            yield _Part(
                key,
                names=(f"{endpoint['EndpointName']}/{name}", name),
                configured=copies,
                counted=copies,
                gpus=Decimal(str(gpus)) if gpus else None,
            )


def _claims(parts: Sequence[_Part], versions: Versions) -> Iterator[Claim]:
    """One claim per version: variants of one version are its replicas, by all their names.

    Of several versions of one model the newer replaces the one before it, a shadow what it is
    beside: what they have in replicas and do not serve is then their update. Several versions may
    answer to one name (containers behind one variant): a log of it leaves the version open.
    """
    grouped: dict[VersionKey, list[_Part]] = defaultdict(list)
    for part in parts:
        grouped[part.key].append(part)
    shadows = {key for key, group in grouped.items() if all(part.is_shadow for part in group)}
    for key, group in grouped.items():
        beside = [
            other
            for other in grouped
            if other[0] == key[0]
            and other != key
            and other not in shadows
            and (key in shadows or versions.order(other) < versions.order(key))
        ]
        yield Claim(
            *key,
            replicas=sum(p.counted if len(grouped) > 1 else p.configured for p in group),
            names=tuple(sorted({name for part in group for name in part.names})),
            replaces=max(beside, key=versions.order)[1] if beside else None,
            gpus=group[0].gpus,
        )


class _Components:
    """Inference components by endpoint, as the newest list until a snapshot has them."""

    def __init__(self, snapshots: Sequence[Snapshot]) -> None:
        self._lists: dict[str, list[tuple[datetime, list[Item]]]] = defaultdict(list)
        for snapshot in snapshots:
            for region, items in of_region(snapshot, "components"):
                self._lists[region].append((snapshot.taken_at, items))

    def of(self, snapshot: Snapshot, region: str, endpoint: str) -> list[Item]:
        """The components of an endpoint: a list that was refused leaves them as they were."""
        told = [items for at, items in self._lists[region] if at <= snapshot.taken_at]
        return [
            component
            for component in (told[-1] if told else [])
            if component["EndpointName"].lower() == endpoint.lower()
            and component.get("InferenceComponentStatus") != "Failed"
        ]


def capture_rates(snapshots: Sequence[Snapshot]) -> list[CaptureRate]:
    """How much of each endpoint's traffic data capture kept; 0 while it was off."""

    def seen(_: Snapshot, __: str, endpoint: Item) -> Seen[int] | None:
        config: Item = endpoint.get("Config", {})
        capture = config.get("DataCaptureConfig", {})
        created = instant(endpoint["CreationTime"])
        is_on = capture.get("EnableCapture", "InitialSamplingPercentage" in capture)
        return Seen(
            int(capture["InitialSamplingPercentage"]) if is_on and capture else 0,
            created=created,
            begins=max(created, instant(config.get("CreationTime") or endpoint["CreationTime"])),
            changed=instant(endpoint["LastModifiedTime"]),
        )

    names = last_seen(snapshots, "endpoints", "EndpointArn")
    return [
        CaptureRate(names[arn]["EndpointName"], span.state, span.from_, span.until)
        for arn, states in observations(snapshots, "endpoints", "EndpointArn", seen).items()
        for span in spans(states)
    ]
