"""Builders of inference logs and a plain reading of the results."""

import csv
import gzip
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from pipelines.contracts import COVERAGE, LOG_FILES, LOG_REJECTS, USAGE, require
from pipelines.files import LocalFile
from pipelines.inference.sources import LogInput
from pipelines.inference.usage import read_usage
from pipelines.settings import Coverage

SEPTEMBER = (datetime(2026, 9, 1), datetime(2026, 10, 1))


def record(**fields: Any) -> dict[str, Any]:
    return {"started_at": "2026-09-05T10:15:00Z", "model": "rank", **fields}


def _opener(path: Path):
    path.parent.mkdir(parents=True, exist_ok=True)
    return (
        gzip.open(path, "wt", encoding="utf-8", newline="")
        if path.suffix == ".gz"
        else (path.open("w", encoding="utf-8", newline=""))
    )


def write_jsonl(path: Path, lines: Iterable[dict[str, Any] | str]) -> Path:
    with _opener(path) as out:
        for line in lines:
            out.write((line if isinstance(line, str) else json.dumps(line)) + "\n")
    return path


def write_csv(path: Path, rows: Sequence[dict[str, Any]], quoting: int = csv.QUOTE_MINIMAL) -> Path:
    names = list(dict.fromkeys(name for row in rows for name in row))
    with _opener(path) as out:
        writer = csv.DictWriter(out, names, quoting=quoting, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    return path


def write_text(path: Path, text: str) -> Path:
    with _opener(path) as out:
        out.write(text)
    return path


@dataclass
class Read:
    usage: pl.DataFrame
    files: pl.DataFrame
    rejects: pl.DataFrame
    coverage: pl.DataFrame
    warnings: list[str]

    def total(self, column: str) -> int | None:
        return (
            None
            if self.usage[column].null_count() == self.usage.height
            else (self.usage[column].sum())
        )

    def bad_lines(self) -> list[tuple[str, int, str, str]]:
        columns = self.rejects.select("file", "line", "column_name", "reason")
        return sorted(columns.iter_rows())

    def fates(self) -> dict[str, tuple[int, int, int, int, int]]:
        """By file: records, kept, duplicates, left out, rejects."""
        names = ("records", "requests", "duplicates", "left_out", "rejects")
        return {row["file"]: tuple(row[n] for n in names) for row in self.files.to_dicts()}

    def counts(self) -> dict[str, tuple[int, int, int, int, int]]:
        names = ("lines_read", "requests", "duplicates", "outside_month", "rejects")
        return {row["file"]: tuple(row[n] for n in names) for row in self.files.to_dicts()}


def local(path: Path, root: Path) -> LocalFile:
    name = str(path.relative_to(root))
    return LocalFile(str(path), name, path.stat().st_size, f"{path.stat().st_size}-1")


def read_sources(
    sources: Sequence[LogInput],
    work: Path,
    window: tuple[datetime, datetime] = SEPTEMBER,
    memory: str = "600MB",
) -> Read:
    with duckdb.connect() as con:
        con.execute(f"SET memory_limit = '{memory}'")
        con.execute("SET threads = 2")
        con.execute(f"SET temp_directory = '{work / 'spill'}'")
        con.execute("SET TimeZone = 'America/New_York'")  # must not matter
        tables = read_usage(con, sources, "2026-09", window, work)
    return Read(
        require(pl.read_parquet(tables.usage), USAGE).sort(USAGE.key),
        require(pl.read_parquet(tables.files), LOG_FILES),
        require(pl.read_parquet(tables.rejects), LOG_REJECTS),
        require(pl.read_parquet(tables.coverage), COVERAGE),
        tables.warnings,
    )


def read_logs(
    root: Path,
    *paths: Path,
    timezone: str | None = None,
    covers: Sequence[Coverage] = (),
    window: tuple[datetime, datetime] = SEPTEMBER,
    name: str = "gateway",
    **more: Any,
) -> Read:
    """Read the files as one source; `more`: format, defaults, rank, overlap of `LogInput`."""
    files = [local(path, root) for path in paths]
    return read_sources([LogInput(name, timezone, covers, files, **more)], root / ".work", window)
