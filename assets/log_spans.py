"""What hours each log file holds, remembered by the file's identity once it was read.

A path keeps the logs of all months; a month reads those files of it that may hold one of its hours.
Nothing is remembered of a file with a bad line or without a record: it is read again each time.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path

import polars as pl

from assets.object_store import StoredFile
from assets.project import Project
from pipelines.inference.sources import KnownFile
from pipelines.inputs import digest_of
from pipelines.settings import LogSource

MARGIN = timedelta(days=2)
"""Files this near are read too: a counter's first value of a month is in the file before, and what
was logged in the wrong zone or for many hours lies at most so far away."""


def needed_and_known(
    project: Project,
    source: LogSource,
    files: Sequence[StoredFile],
    window: tuple[datetime, datetime],
) -> tuple[list[StoredFile], list[KnownFile]]:
    """The files a month needs, and those known to lie outside of `window` (UTC, end exclusive)."""
    needed, elsewhere = [], []
    for file in files:
        known = _known(_place(project, source, file), file)
        if known is None or (
            known.last_at >= window[0] - MARGIN and known.first_at < window[1] + MARGIN
        ):
            needed.append(file)
        else:
            elsewhere.append(known)
    return needed, elsewhere


def remember(
    project: Project,
    source: LogSource,
    files: Sequence[StoredFile],
    read: pl.DataFrame,
) -> None:
    """Keep what was read of a source's files; `read` is in the columns of LOG_FILES."""
    rows = {row["file"]: row for row in read.to_dicts() if row["source"] == source.name}
    for file in files:
        row = rows.get(file.name)
        if row is None or row["rejects"] or row["first_at"] is None:
            continue
        place = _place(project, source, file)
        place.parent.mkdir(parents=True, exist_ok=True)
        part = place.with_suffix(".part")
        part.write_text(json.dumps(_entry(row)), encoding="utf-8")
        part.replace(place)


def _entry(row: Mapping[str, object]) -> dict[str, object]:
    counts = {name: row[name] for name in ("lines_read", "records", "left_out")}
    span = {name: row[name] for name in ("first_at", "last_at")}
    return counts | {name: at.isoformat() for name, at in span.items() if isinstance(at, datetime)}


def _place(project: Project, source: LogSource, file: StoredFile) -> Path:
    how = f"{source.timezone}\n{sorted(source.defaults.items())}\n{project.log_key(source)}"
    identity = digest_of(f"{file.url}\n{file.size}\n{file.etag}\n{how}")
    return project.cache / "log-spans" / identity[:2] / f"{identity}.json"


def _known(place: Path, file: StoredFile) -> KnownFile | None:
    if not place.is_file():
        return None
    entry = json.loads(place.read_text(encoding="utf-8"))
    return KnownFile(
        name=file.name,
        size=file.size,
        etag=file.etag,
        lines=entry["lines_read"],
        records=entry["records"],
        left_out=entry["left_out"],
        first_at=datetime.fromisoformat(entry["first_at"]),
        last_at=datetime.fromisoformat(entry["last_at"]),
    )
