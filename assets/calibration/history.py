"""The calibrations of a project: which sets there are, the one in force, and one more of them.

They lie below `[calibration] path`, a file per set, named by its origin. Months read the set in
force as an input; only `write_set` adds to them, nothing removes any.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from assets.object_store import S3, StoredFile, fetch, list_files, write_text
from assets.project import Project
from pipelines.calibration.sets import CalibrationSet, age, in_force, parse, text
from pipelines.errors import CalibrationUnreadable


@dataclass(frozen=True)
class KnownSets:
    """Every set that can be read, by its file, and what is wrong with the others."""

    by_file: dict[str, CalibrationSet] = field(default_factory=dict)
    files: dict[str, StoredFile] = field(default_factory=dict)
    said: tuple[str, ...] = ()

    @property
    def sets(self) -> list[CalibrationSet]:
        """The sets, oldest origin first; one accepted by hand follows the refused one."""
        return sorted(self.by_file.values(), key=age)

    def in_force(self, month: str) -> tuple[CalibrationSet | None, list[StoredFile]]:
        """The set a month is predicted with, and the file it is in."""
        found = in_force(self.sets, month)
        return found, [] if found is None else [self.files[found.name]]


def list_sets(project: Project) -> list[StoredFile]:
    """The files of the sets; none where no calibration was ever made.

    Raises:
        LakeUnreachable: their store does not answer; that is never taken for an empty history.
    """
    place = project.settings.calibration
    path = project.at(place.path)
    if not path.startswith(S3) and not Path(path).is_dir():
        return []
    return [file for file in list_files(path, place.storage) if file.name.endswith(".json")]


def read_sets(project: Project, files: Sequence[StoredFile] | None = None) -> KnownSets:
    """The sets in the files, those of the run or all.

    Raises:
        LakeUnreachable: their store does not answer.
    """
    place = project.settings.calibration
    by_file, there, said = {}, {}, []
    for file in list_sets(project) if files is None else files:
        found = fetch(file, place.storage, project.cache).read_bytes()
        try:
            one = parse(found.decode("utf-8-sig", errors="replace"), file.name)
            if one.name != file.name:
                raise CalibrationUnreadable(file.name, f"it is of the set {one.name}")
        except CalibrationUnreadable as error:
            said.append(str(error))
            continue
        by_file[file.name], there[file.name] = one, file
    return KnownSets(by_file, there, tuple(said))


def write_set(project: Project, calibration: CalibrationSet) -> str:
    """Add a set to the history; returns where it is.

    Raises:
        LakeUnreachable: the store cannot be written to.
    """
    place = project.settings.calibration
    url = f"{project.at(place.path).rstrip('/')}/{calibration.name}"
    write_text(url, place.storage, text(calibration))
    return url
