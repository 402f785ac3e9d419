"""The project that an inspected export is read in: its only source, an empty catalogue, no lake.

Belongs here: what was asked for, and how that becomes a project of a run. What an export is, is
`assets.export_kind`; what is read of it, `assets.inspecting`.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import duckdb
from pydantic import ValidationError

from assets.connections import connect
from assets.object_store import StoredFile, fetch_all
from assets.project import Project
from pipelines.attribution.rules import load_rules
from pipelines.billing.detection import Candidate
from pipelines.billing.registered import format_of
from pipelines.errors import (
    BillUnreadable,
    CommitmentUnbalanced,
    FileDamaged,
    ModelspendError,
    SettingsInvalid,
)
from pipelines.registry.catalogue import parse_catalogue
from pipelines.settings import BillSource, Settings, Storage, problems_of

STOPS_A_MONTH: Final = (BillUnreadable, CommitmentUnbalanced, FileDamaged)
UNKNOWN_MONTH: Final = "(month unknown)"
THE_OPTIONS: Final = "the answers given as options"

Say = Callable[[str], None]
"""Told what is being done now."""


@dataclass(frozen=True)
class Asked:
    """What is to be looked at, and the answers that were given to questions."""

    path: str
    storage: Storage = field(default_factory=Storage)
    format: str | None = None
    amortized_path: str | None = None
    role: str = ""
    """What the files are, where their delivery and their names do not say it: `amortized`."""
    mapping: Path | None = None
    months: tuple[str, ...] = ()
    keep: frozenset[str] = frozenset()
    """The settings `repeated_lines` and `unpaired_negations` that are to be `keep`."""


def source_of(asked: Asked, candidate: Candidate | None) -> BillSource:
    """The export as a source of the settings.

    Raises:
        SettingsInvalid: the answers do not belong together.
    """
    format_ = asked.format or (candidate.format if candidate else "mapped")
    given: dict[str, Any] = {
        "name": _name(candidate, format_),
        "format": format_,
        "path": _absolute(asked.path),
        "storage": asked.storage,
        "amortized_path": None if asked.amortized_path is None else _absolute(asked.amortized_path),
        "mapping": None if asked.mapping is None else str(asked.mapping.absolute()),
        **dict.fromkeys(asked.keep, "keep"),
    }
    try:
        return BillSource.model_validate(given)
    except ValidationError as error:
        raise SettingsInvalid(THE_OPTIONS, problems_of(error)) from error


def _name(candidate: Candidate | None, format_: str) -> str:
    return (candidate.provider if candidate else "") or format_.removesuffix("-cur")


def _absolute(path: str) -> str:
    return path if "://" in path else str(Path(path).absolute())


def named_by_role(
    asked: Asked, source: BillSource, listed: Sequence[StoredFile], work: Path
) -> BillSource:
    """The source as it would be if its files' names said what they hold."""
    folder = work / "named"
    folder.mkdir()
    for file in fetch_all(list(listed), asked.storage, work / "cache"):
        name = file.name.replace("/", "-")
        (folder / f"{asked.role}-{name}").symlink_to(Path(file.path).absolute())
    return source.model_copy(update={"path": str(folder), "storage": Storage()})


def project_of(asked: Asked, source: BillSource, work: Path) -> Project:
    """A project of this one source, with an empty catalogue and the default rules."""
    mapping = None if asked.mapping is None else asked.mapping.read_text(encoding="utf-8")
    return Project(
        file=work / "modelspend.toml",
        settings=Settings(bills=[source], cache=str(work / "cache")),
        catalogue=parse_catalogue("", "catalogue.toml"),
        rules=load_rules(),
        texts={},
        formats={source.name: format_of(source, mapping)},
        log_formats={},
    )


def problem_of(month: str, error: ModelspendError) -> str:
    """Why a month cannot be read, without what a run would say of publishing it."""
    where = "" if month == UNKNOWN_MONTH else f"{month}: "
    if isinstance(error, BillUnreadable):
        look_at = f"Look at {error.look_at}"
        return f"{where}{error.problem.rstrip('.')}. {look_at}" + "." * (look_at[-1] != "?")
    return f"{where}{error}"


@contextmanager
def connection(work: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A DuckDB in memory that spills below `work`, in UTC, without a progress bar of its own."""
    with closing(connect(work / "spill")) as con:
        yield con
