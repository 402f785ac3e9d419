"""The snapshots of a project's registries: which there are, what they say, and one more of them.

They lie below `[registry] path`, a folder per registry, a file per answer that differed from the
one before. Months read them as inputs; only `write_snapshot` adds to them, nothing removes any.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from assets.object_store import S3, StoredFile, fetch, list_files, write_text
from assets.project import Project
from pipelines.errors import SnapshotUnreadable
from pipelines.registry.merge import Merged, merge
from pipelines.registry.snapshots import Snapshot, in_order, parse_snapshot, snapshot_text
from pipelines.registry.sources.registered import facts_of


def list_snapshots(project: Project) -> list[StoredFile]:
    """The snapshot files of the registries in the settings; none where none is set.

    Raises:
        LakeUnreachable: their store does not answer; that is never taken for an empty history.
    """
    registries = {source.name for source in project.settings.registries}
    place = project.settings.registry
    path = project.at(place.path)
    if not registries or not _is_there(path):
        return []
    return [
        file
        for file in list_files(path, place.storage)
        if file.name.endswith(".json") and file.name.split("/")[0] in registries
    ]


def read_snapshots(
    project: Project, files: Sequence[StoredFile]
) -> tuple[dict[str, list[Snapshot]], list[str]]:
    """The snapshots by registry, oldest first, and what is wrong with the files that are none."""
    found: list[Snapshot] = []
    said: list[str] = []
    place = project.settings.registry
    for file in files:
        text = fetch(file, place.storage, project.cache).read_bytes()
        try:
            snapshot = parse_snapshot(text.decode("utf-8-sig", errors="replace"), file.name)
            if snapshot.registry != file.name.split("/")[0]:
                problem = f"it is of registry {snapshot.registry!r}"
                raise SnapshotUnreadable(file.name, problem)
            found.append(snapshot)
        except SnapshotUnreadable as error:
            said.append(str(error))
    return in_order(found), said


def merged_catalogue(project: Project, files: Sequence[StoredFile] | None = None) -> Merged:
    """The catalogue file with what the registries' snapshots tell, those of the run or all.

    Raises:
        LakeUnreachable: the store of the snapshots does not answer.
    """
    if not project.settings.registries:
        return Merged(project.catalogue)
    snapshots, said = read_snapshots(project, list_snapshots(project) if files is None else files)
    found = []
    for source in project.settings.registries:
        if source.name not in snapshots:
            said.append(
                f"registry '{source.name}' was never asked: `modelspend registry pull` asks it. "
                "The month knows nothing of it"
            )
            continue
        facts = facts_of(snapshots[source.name])
        found.append(facts if source.artefacts else facts.without_artefacts())
    merged = merge(project.catalogue, found)
    return replace(merged, conflicts=[*said, *merged.conflicts])


def write_snapshot(project: Project, snapshot: Snapshot) -> str:
    """Add a snapshot to the history; returns where it is.

    Raises:
        LakeUnreachable: the store cannot be written to.
    """
    place = project.settings.registry
    url = f"{project.at(place.path).rstrip('/')}/{snapshot.name}"
    write_text(url, place.storage, snapshot_text(snapshot))
    return url


def _is_there(path: str) -> bool:
    """Whether a folder was ever written to; a bucket is asked when it is listed."""
    return path.startswith(S3) or Path(path).is_dir()
