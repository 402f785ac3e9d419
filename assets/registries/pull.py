"""Asks the registries of a project, one after the other, and keeps what is new.

One registry that does not answer keeps no other from being asked; its last snapshot stays.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from assets.object_store import S3
from assets.project import Project
from assets.registries.collectors import collector_of
from assets.registries.history import list_snapshots, read_snapshots, write_snapshot
from pipelines.errors import LakeUnreachable, RegistryUnreachable, SettingsInvalid
from pipelines.registry.snapshots import Snapshot
from pipelines.registry.sources.registered import facts_of
from pipelines.settings import RegistrySource

SQLITE = "sqlite:///"


@dataclass(frozen=True)
class Pulled:
    """What came of asking one registry."""

    registry: str
    kind: str
    url: str = ""
    """The snapshot with its answers: the new one, or the last where nothing has changed."""
    is_new: bool = False
    items: tuple[tuple[str, int], ...] = ()
    """How many of each kind of item it answered."""
    warnings: tuple[str, ...] = ()
    """What its answers leave open: actions that were refused, jobs of no model."""
    problem: str = ""


def pull(
    project: Project, now: datetime, only: Sequence[str] = (), *, dry_run: bool = False
) -> list[Pulled]:
    """Ask the registries of the settings (or `only` those) and write what differs.

    Raises:
        SettingsInvalid: `only` names a registry that the settings have not.
        LakeUnreachable: the store of the snapshots does not answer.
    """
    sources = project.settings.registries
    known = [source.name for source in sources]
    if unknown := [name for name in only if name not in known]:
        problem = f"no [[registries]] entry is named {', '.join(unknown)}; there are: "
        raise SettingsInvalid(str(project.file), [problem + (", ".join(known) or "none")])
    snapshots, _ = read_snapshots(project, list_snapshots(project))
    return [
        _ask(project, source, now, snapshots.get(source.name, []), dry_run=dry_run)
        for source in sources
        if (source.name in only if only else source.pull)
    ]


def _ask(
    project: Project,
    source: RegistrySource,
    now: datetime,
    before: Sequence[Snapshot],
    *,
    dry_run: bool,
) -> Pulled:
    last = before[-1] if before else None
    try:
        items = collector_of(source.kind)(_placed(project, source), last)
    except (RegistryUnreachable, LakeUnreachable) as error:
        return Pulled(source.name, source.kind, problem=str(error))
    taken_at = now.astimezone(UTC).replace(tzinfo=None, microsecond=0)
    if last is not None:  # a clock that was set back must not put the new answer before the old
        taken_at = max(taken_at, last.taken_at + timedelta(seconds=1))
    new = Snapshot(source.name, source.kind, taken_at, items)
    counts = tuple(sorted(_counts({**items, "missing": None}).items()))
    said = tuple(facts_of([new]).warnings)
    place = project.at(project.settings.registry.path).rstrip("/")
    if last is not None and new.says_the_same(last):
        return Pulled(source.name, source.kind, f"{place}/{last.name}", items=counts, warnings=said)
    url = f"{place}/{new.name}" if dry_run else write_snapshot(project, new)
    return Pulled(source.name, source.kind, url, is_new=True, items=counts, warnings=said)


def _counts(items: Any, name: str = "") -> dict[str, int]:
    """How many items the lists of an answer hold, by the name of the list."""
    found: dict[str, int] = {}
    if isinstance(items, list):
        return {name: len(items)} if name and items and isinstance(items[0], dict) else {}
    if isinstance(items, dict):
        for key, value in items.items():
            for inner, count in _counts(value, key).items():
                found[inner] = found.get(inner, 0) + count
    return found


def _placed(project: Project, source: RegistrySource) -> RegistrySource:
    """The source with its path counted from the settings file."""
    uri = source.uri
    if uri is None or source.kind not in {"mlflow", "huggingface"}:
        return source
    if uri.startswith(SQLITE):
        uri = SQLITE + project.at(uri.removeprefix(SQLITE))
    elif source.kind == "huggingface" and not uri.startswith(S3):
        uri = project.at(uri)
    return source.model_copy(update={"uri": uri})
