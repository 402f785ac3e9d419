"""What a registry answered at one instant, as a small JSON file of the project's own.

A snapshot is what a registry was asked for, pruned to what tells of versions, deployments, runs and
artefacts. Months are made from snapshots, never from the registry itself: a run can be repeated,
and the sequence of snapshots is the history that registries do not keep (who was `champion` when,
what ran behind an endpoint). Reading and writing files is for `assets/`.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, cast

from pipelines.errors import SnapshotUnreadable

LAYOUT = 1
"""The layout of a snapshot file; a later one says what differs."""


@dataclass(frozen=True)
class Snapshot:
    """One registry's answers at one instant (UTC without a zone).

    `items` is what its collector returned, by what was asked: `{"models": [...], "runs": [...]}`.
    Instants in it are text with a zone or epoch milliseconds, never secrets, never bodies.
    """

    registry: str
    kind: str
    taken_at: datetime
    items: Mapping[str, Any]

    @property
    def name(self) -> str:
        """The file's name below the folder of snapshots: registries by folder, files by time."""
        return f"{self.registry}/{self.taken_at:%Y%m%dT%H%M%SZ}.json"

    def says_the_same(self, other: "Snapshot | None") -> bool:
        """Whether another snapshot holds the same answers, whenever they were given."""
        return (
            other is not None
            and (self.registry, self.kind) == (other.registry, other.kind)
            and _canonical(self.items) == _canonical(other.items)
        )


def parse_snapshot(text: str, file: str) -> Snapshot:
    """The snapshot in the text of a file.

    Raises:
        SnapshotUnreadable: it is no snapshot; names the file and what is wrong.
    """
    try:
        found = json.loads(text)
    except json.JSONDecodeError as error:
        raise SnapshotUnreadable(file, f"it is not JSON: {error}") from error
    if not isinstance(found, dict) or found.get("layout") != LAYOUT:
        raise SnapshotUnreadable(file, f"it has no `layout` {LAYOUT}")
    for key, kind in (("registry", str), ("kind", str), ("taken_at", str), ("items", dict)):
        if not isinstance(found.get(key), kind):
            raise SnapshotUnreadable(file, f"`{key}` is missing or of the wrong type")
    try:
        taken_at = datetime.fromisoformat(found["taken_at"])
    except ValueError as error:
        raise SnapshotUnreadable(file, f"`taken_at`: {error}") from error
    if taken_at.tzinfo is None:
        raise SnapshotUnreadable(file, "`taken_at` has no time zone")
    return Snapshot(
        registry=found["registry"],
        kind=found["kind"],
        taken_at=taken_at.astimezone(UTC).replace(tzinfo=None),
        items=cast(dict[str, Any], found["items"]),
    )


def snapshot_text(snapshot: Snapshot) -> str:
    """The text of a snapshot's file: the same answers give the same text."""
    document = {
        "layout": LAYOUT,
        "registry": snapshot.registry,
        "kind": snapshot.kind,
        "taken_at": f"{snapshot.taken_at.isoformat(timespec='seconds')}Z",
        "items": snapshot.items,
    }
    return json.dumps(document, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def in_order(snapshots: Iterable[Snapshot]) -> dict[str, list[Snapshot]]:
    """Snapshots by registry, each from the oldest to the newest."""
    found: dict[str, list[Snapshot]] = {}
    for snapshot in sorted(snapshots, key=lambda s: (s.registry, s.taken_at)):
        found.setdefault(snapshot.registry, []).append(snapshot)
    return found


def _canonical(items: Mapping[str, Any]) -> str:
    return json.dumps(items, sort_keys=True)
