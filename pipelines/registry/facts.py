"""What one registry tells, in the catalogue's own words, and how its history becomes spans of time.

Every source (`sources/`) turns its snapshots into `Facts`; `merge.py` joins them with the catalogue
file. A fact carries the registry's name in `registry`, so that each can be walked back.
"""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Generic, TypeVar

from pipelines.registry.catalogue import (
    FOREVER,
    Artefact,
    Deployment,
    Model,
    Resource,
    Run,
    Version,
)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


@dataclass(frozen=True)
class CaptureRate:
    """The share of an endpoint's requests that its data capture keeps, from when until when."""

    endpoint: str
    percentage: int
    """0 while it was off."""
    from_: datetime
    until: datetime


@dataclass(frozen=True)
class Facts:
    """Everything one registry's snapshots tell. Versions lie in their models."""

    registry: str
    models: Sequence[Model] = ()
    resources: Sequence[Resource] = ()
    deployments: Sequence[Deployment] = ()
    runs: Sequence[Run] = ()
    artefacts: Sequence[Artefact] = ()
    captured: Sequence[CaptureRate] = ()
    """How much of which endpoint's calls its log holds."""
    asked_since: datetime | None = None
    """When the oldest snapshot was taken: a span that begins then may have begun before."""
    warnings: Sequence[str] = field(default_factory=tuple)
    """What could not be told, and of what; without the registry's name."""

    def without_artefacts(self) -> "Facts":
        """The same without locations whose storage would be the models'."""
        return replace(self, artefacts=())


@dataclass(frozen=True)
class Held(Generic[K, V]):
    """A key had a value from one instant until another (UTC without a zone)."""

    key: K
    value: V
    from_: datetime
    until: datetime
    is_first_seen: bool
    """It was so in the first snapshot that could show it: it may have been so before."""


def history(seen: Sequence[tuple[datetime, Mapping[K, V]]]) -> list[Held[K, V]]:
    """Spans of time from states seen one after the other.

    A value holds from the snapshot that shows it first until the first one that shows another or
    none; the newest still holds. Seen on the 1st as 7, on the 5th as 8: 7 from the 1st until the
    5th, 8 from then on.
    """
    found: list[Held[K, V]] = []
    since: dict[K, tuple[V, datetime, bool]] = {}
    for number, (taken_at, state) in enumerate(seen):
        for key in [key for key in since if key not in state or state[key] != since[key][0]]:
            value, start, is_first = since.pop(key)
            found.append(Held(key, value, start, taken_at, is_first))
        for key, value in state.items():
            since.setdefault(key, (value, taken_at, number == 0))
    found += [
        Held(key, value, start, FOREVER, first) for key, (value, start, first) in since.items()
    ]
    return sorted(found, key=lambda held: (held.from_, str(held.key)))


def of_epoch_ms(milliseconds: int) -> datetime:
    """An instant given in milliseconds since 1970, with its zone."""
    return _EPOCH + timedelta(milliseconds=milliseconds)


def models_of(versions: Mapping[str, Sequence[Version]]) -> list[Model]:
    """Models with their versions, by name."""
    return [Model(name=name, versions=list(found)) for name, found in sorted(versions.items())]
