"""What the readers of SageMaker's and Bedrock's snapshots share: items over time, and their spans.

A snapshot holds `regions` (what each region answered, by what was asked) and `missing` (actions
that were refused). What was not answered is unknown in that snapshot, never gone.

AWS remembers what an endpoint or a provisioned throughput runs now, not what it ran before. The
sequence of snapshots does: a state begins when its parts were created, and ends when the registry
says that the next one began. Where it does not say, it ends with the snapshot that first shows the
next one: snapshots are only written when something changed, so the time of the earlier one says
nothing about how long it stayed so. Hence ask often: nightly.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from itertools import pairwise
from typing import Any, Generic, TypeVar

from pipelines.registry.catalogue import FOREVER, Deployment
from pipelines.registry.keys import resource_key
from pipelines.registry.snapshots import Snapshot
from pipelines.settings import TagKeys

Item = Mapping[str, Any]
S = TypeVar("S", bound=Hashable)

PROVIDER = "aws"


def instant(text: str) -> datetime:
    """An instant of a snapshot, as UTC without a zone."""
    return datetime.fromisoformat(text).astimezone(UTC).replace(tzinfo=None)


def name_of(arn: str) -> str:
    """The last part of an ARN: `…:training-job/rank-1` -> `rank-1`."""
    return arn.rsplit("/", 1)[-1]


def path_of(uri: str) -> str:
    """A URI without its last `/`: a folder and its name are one."""
    return uri.rstrip("/")


def folders_of(path: str) -> list[str]:
    """The folders a path lies in, the nearest first: `rank/v10` is in `rank`, not in `rank/v1`."""
    scheme, mark, rest = path.rpartition("://")
    parts = rest.split("/")
    return [scheme + mark + "/".join(parts[:n]) for n in range(len(parts) - 1, 0, -1)]


def tagged(tags: Mapping[str, str]) -> tuple[str, str]:
    """The model and version that an item's tags name, '' where they do not.

    Keys are those the bill is read by unless the settings say otherwise, in any spelling:
    `model`, `model_name`, `ModelName`, `model-version`.
    """
    by_key = {_spelling(key): value for key, value in tags.items()}
    keys = TagKeys()
    model = [by_key[_spelling(k)] for k in keys.model if by_key.get(_spelling(k))]
    version = [by_key[_spelling(k)] for k in keys.model_version if by_key.get(_spelling(k))]
    return (model[0] if model else "", version[0] if version else "")


def _spelling(key: str) -> str:
    return re.sub(r"[^a-z0-9]", "", key.lower())


def of_region(snapshot: Snapshot, kind: str) -> Iterator[tuple[str, list[Item]]]:
    """A kind of item by region, where the region answered."""
    for region, answers in sorted(snapshot.items.get("regions", {}).items()):
        if kind in answers:
            yield region, answers[kind]


def last_seen(snapshots: Sequence[Snapshot], kind: str, key: str) -> dict[str, Item]:
    """Every item of a kind that a snapshot ever showed, as the newest shows it.

    A deleted job was still paid for, a deleted version still trained.
    """
    found: dict[str, Item] = {}
    for snapshot in snapshots:
        for _, items in of_region(snapshot, kind):
            found.update({item[key].lower(): item for item in items})
    return dict(sorted(found.items()))


def missing_warnings(newest: Snapshot) -> list[str]:
    """What the newest snapshot could not ask, and what would allow it."""
    return [
        f"{item['region']}: {item['action']} was {item['why']}"
        + (": allow this IAM action" if item["why"] == "refused" else " there")
        + "; what it tells is as of the last snapshot that had it"
        for item in newest.items.get("missing", [])
    ]


@dataclass(frozen=True)
class Seen(Generic[S]):
    """What ran on a resource when a snapshot was taken.

    `begins` is the earliest instant at which this state can have begun, `changed` the one at which
    the registry says the resource was last changed.
    """

    state: S
    created: datetime
    begins: datetime
    changed: datetime


@dataclass(frozen=True)
class Span(Generic[S]):
    """A state held from one instant until another."""

    state: S
    from_: datetime
    until: datetime


def spans(seen: Iterable[tuple[datetime, Seen[S] | None]]) -> list[Span[S]]:
    """Spans of a resource's states, from snapshots oldest first; None: it was gone by then."""
    found: list[Span[S]] = []
    open_: tuple[Seen[S], datetime] | None = None
    before = None
    for taken_at, now in seen:
        if open_ is not None and before is not None:
            state, start = open_
            end = _end(state, now, before, taken_at)
            if end is not None:
                found.append(Span(state.state, start, end))
                open_ = None
                if now is not None:
                    begins = now.begins if now.created > state.created else end
                    open_ = (now, max(begins, end))
            elif now is not None:
                open_ = (now, start)
        elif now is not None:
            last = found[-1].until if found else now.begins
            open_ = (now, max(now.begins, min(last, taken_at)))
        before = taken_at
    if open_ is not None:
        found.append(Span(open_[0].state, open_[1], FOREVER))
    return [span for span in found if span.from_ < span.until]


def _end(
    old: Seen[S], now: Seen[S] | None, before: datetime, taken_at: datetime
) -> datetime | None:
    if now is None:
        return taken_at
    if now.created > old.created:
        return min(now.created, taken_at)
    if now.state == old.state:
        return None
    return now.changed if before < now.changed <= taken_at else taken_at


def observations(
    snapshots: Sequence[Snapshot],
    kind: str,
    key: str,
    seen: Callable[[Snapshot, str, Item], Seen[S] | None],
) -> dict[str, list[tuple[datetime, Seen[S] | None]]]:
    """What ran on each resource of a kind, snapshot by snapshot.

    `seen` tells it of an item; None where the snapshot does not tell it (a refused description).
    """
    found: dict[str, list[tuple[datetime, Seen[S] | None]]] = defaultdict(list)
    region_of: dict[str, str] = {}
    for snapshot in snapshots:
        for region, items in of_region(snapshot, kind):
            present = set()
            for item in items:
                arn = item[key].lower()
                region_of[arn] = region
                present.add(arn)
                told = seen(snapshot, region, item)
                if told is not None:
                    found[arn].append((snapshot.taken_at, told))
            for arn, where in region_of.items():
                if where == region and arn not in present:
                    found[arn].append((snapshot.taken_at, None))
    return dict(sorted(found.items()))


@dataclass(frozen=True, order=True)
class Claim:
    """A version on a resource, in one state of it."""

    model: str
    version: str
    replicas: int = 1
    names: tuple[str, ...] = ()
    replaces: str | None = None
    gpus: Decimal | None = None
    use_case: str = ""


def deployments_of(
    resource: str, states: Iterable[Span[frozenset[Claim]]], registry: str
) -> list[Deployment]:
    """A resource's states as deployments: a version that stays as it is stays one deployment."""
    by_version: dict[tuple[str, str], list[Span[Claim]]] = defaultdict(list)
    for span in states:
        for claim in sorted(span.state, key=lambda c: (c.model, c.version, c.names)):
            held = by_version[claim.model, claim.version]
            if held and held[-1].state == claim and held[-1].until == span.from_:
                held[-1] = Span(claim, held[-1].from_, span.until)
            else:
                held.append(Span(claim, span.from_, span.until))
    return [
        _deployment([resource], span.state, span.from_, span.until, registry)
        for held in by_version.values()
        for span in held
    ]


def _deployment(
    resources: list[str], claim: Claim, start: datetime, end: datetime, registry: str
) -> Deployment:
    return Deployment.model_validate(
        {
            "model": claim.model,
            "version": claim.version,
            "resources": resources,
            "names": list(claim.names),
            "replicas": claim.replicas,
            "gpus": claim.gpus,
            "replaces": claim.replaces,
            "use_case": claim.use_case,
            "provider": PROVIDER,
            "registry": registry,
            "from": start.replace(tzinfo=UTC),
            "until": end.replace(tzinfo=UTC),
        }
    )


def apart(deployments: Sequence[Deployment]) -> list[Deployment]:
    """Deployments of which no two have one version on one resource at once.

    A resource's key tells neither its region nor its account: an endpoint of one name in two
    regions is one resource, with the replicas of both.
    """
    groups: dict[tuple[str, str, tuple[str, ...]], list[Deployment]] = defaultdict(list)
    for deployment in deployments:
        keys = tuple(sorted(resource_key(r) for r in deployment.resources))
        groups[deployment.model, deployment.version, keys].append(deployment)
    found: list[Deployment] = []
    for group in groups.values():
        ordered = sorted(group, key=lambda d: (d.from_, d.until))
        if all(second.from_ >= first.until for first, second in pairwise(ordered)):
            found += ordered
            continue
        cuts = sorted({cut for d in ordered for cut in (d.from_, d.until)})
        for start, end in pairwise(cuts):
            live = [d for d in ordered if d.from_ <= start and end <= d.until]
            if live:
                found.append(
                    live[0].model_copy(
                        update={
                            "from_": start,
                            "until": end,
                            "names": sorted({name for d in live for name in d.names}),
                            "replicas": sum(d.replicas for d in live),
                        }
                    )
                )
    return found
