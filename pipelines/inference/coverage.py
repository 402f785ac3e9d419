"""Which hours a source is known to have watched: declared in the settings, or seen in the log.

Idle time is booked only in watched hours; elsewhere the absence of requests proves nothing.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

import duckdb
import polars as pl

from pipelines.contracts import COVERAGE
from pipelines.inference.sources import LogInput
from pipelines.queries import frame_of, query

LONGEST_SILENCE = timedelta(hours=24)
"""A whole source that says nothing for this long may have lost a daily file: the span ends.

A single resource may be silent for any time between two of its records: its neighbours show that
the log was being written.
"""

EVERY_RESOURCE = "*"


def declared_coverage(
    sources: Sequence[LogInput], month: str, window: tuple[datetime, datetime]
) -> pl.DataFrame:
    """The spans of the settings that touch the window, as they were declared."""
    start, end = window
    rows = [
        (month, source.name, resource, span.from_, span.until, "declared")
        for source in sources
        for span in source.covers
        if span.from_ < end and span.until > start
        for resource in (span.resources or [EVERY_RESOURCE])
    ]
    frame = pl.DataFrame(rows, schema=COVERAGE.polars_schema, orient="row")
    ends = frame.group_by(["billing_month", "source", "resource_id", "watched_from", "kind"]).agg(
        pl.col("watched_until").max()
    )
    return ends.select(list(COVERAGE.columns))


def coverage(
    con: duckdb.DuckDBPyConnection,
    sources: Sequence[LogInput],
    month: str,
    window: tuple[datetime, datetime],
    usage: Path,
) -> pl.DataFrame:
    """Declared and logged spans. `usage` is the hourly usage of the same month."""
    logged = frame_of(
        query(
            con,
            "inference/logged_coverage",
            month=month,
            usage=str(usage),
            longest_silence=LONGEST_SILENCE,
        )
    )
    both = pl.concat([declared_coverage(sources, month, window), logged], how="vertical")
    return both.sort(COVERAGE.key)
