"""Reading a log that is in no project yet, all of it, as a run would.

The kind of log is told from its first files (`pipelines.inference.detection`) or by a mapping file;
then the reader of a run counts it over all time.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

import duckdb
import polars as pl

from assets.inspected_project import Say, connection
from assets.object_store import StoredFile, fetch_all, list_files
from pipelines.errors import FileDamaged, LogUnknown
from pipelines.files import LocalFile
from pipelines.inference.detection import Sample, Signature, detect_log
from pipelines.inference.formats import LogFormat
from pipelines.inference.log_samples import sample_of
from pipelines.inference.mapped import mapped_format, shipped_text
from pipelines.inference.mapping_draft import draft_log_mapping
from pipelines.inference.registered import FORMATS
from pipelines.inference.sources import LogInput
from pipelines.inference.usage import read_usage
from pipelines.settings import Storage

ALL_TIME: Final = (datetime(1970, 1, 1), datetime(2200, 1, 1))  # noqa: DTZ001 -- UTC, as all hours
MOST_SAMPLED: Final = 5
MOST_NAMED: Final = 4


@dataclass(frozen=True)
class Log:
    """A log that was looked at: what it is, and what was read of it."""

    known: Signature | None
    """None where a mapping file was given."""
    files: list[StoredFile]
    passed_over: int
    """How many files below the path are no such logs."""
    usage: pl.DataFrame
    log_files: pl.DataFrame
    rejects: pl.DataFrame
    warnings: list[str]


def look_at_log(
    path: str, storage: Storage, mapping: Path | None, timezone: str | None, work: Path, say: Say
) -> Log:
    """Find out what a log is and read it.

    Raises:
        LogUnknown: it is no log known here; proposes a mapping file.
        LogUnreadable: a file is damaged, or lacks a column the mapping names.
        LakeUnreachable: the path does not exist or its store does not answer.
    """
    say("listing files")
    listed = list_files(path, storage)
    if not listed:
        raise LogUnknown(path, "there is no file")
    known = None
    if mapping is not None:
        format_ = mapped_format(mapping.read_text(encoding="utf-8"), str(mapping))
    else:
        say("looking at the first records")
        known = _known(path, listed, storage, work)
        format_ = _format_of(known)
    files = [file for file in listed if format_.takes(file.name)]
    say(f"reading {len(files):,} files")
    there = fetch_all(files, storage, work / "cache")
    source = LogInput("inspected", timezone, (), there, format=format_)
    with connection(work) as con:
        read = read_usage(con, [source], "all", ALL_TIME, work / "read")
    return Log(
        known,
        files,
        len(listed) - len(files),
        pl.read_parquet(read.usage),
        pl.read_parquet(read.files),
        pl.read_parquet(read.rejects),
        read.warnings,
    )


def _format_of(known: Signature) -> LogFormat:
    if known.mapping:
        return mapped_format(shipped_text(known.mapping), known.mapping)
    return FORMATS[known.format]


def _known(path: str, listed: Sequence[StoredFile], storage: Storage, work: Path) -> Signature:
    """What the first files that can be looked into are."""
    problems: list[str] = []
    first = Sample()
    with connection(work) as con:
        for stored in listed[:MOST_SAMPLED]:
            [file] = fetch_all([stored], storage, work / "cache")
            sample = _sampled(con, file, problems)
            if sample is not None and (known := detect_log(sample)) is not None:
                return known
            first = first if first.values or sample is None else sample
    if first.values:
        names = ", ".join(list(first.values)[:MOST_NAMED])
        problem = f"the names in it are those of no log known here ({names}, ...)"
        raise LogUnknown(path, problem, draft_log_mapping(first.values))
    raise LogUnknown(
        path, "; ".join(problems) or "no file in it holds records or metrics known here"
    )


def _sampled(con: duckdb.DuckDBPyConnection, file: LocalFile, problems: list[str]) -> Sample | None:
    try:
        return sample_of(con, file)
    except (FileDamaged, duckdb.Error, OSError) as error:
        problems.append(str(error).splitlines()[0])
        return None
