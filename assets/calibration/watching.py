"""Read what is watched for drift out of published months: a month, and the one before it.

The month before teaches the level; without it the first days of the month do.
"""

from contextlib import closing
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from assets.command_reading import Reading
from assets.connections import connect
from assets.registries.history import merged_catalogue
from pipelines.calibration.daily import (
    DailyVolumes,
    MonthFigures,
    WatchedLine,
    volumes_by_day,
    watched_lines,
)
from pipelines.contracts import (
    ALLOCATED,
    CHARGES,
    COVERAGE,
    MODEL_DAYS,
    PREDICTED,
    SPLIT_SHARES,
    USAGE,
)
from pipelines.months import days_in_month, month_bounds, previous_month
from pipelines.registry.catalogue import Catalogue
from pipelines.usage.prepared import UsageInputs, prepare


def watch_month(reading: Reading, month: str) -> list[WatchedLine]:
    """The predicted lines of a published month with their days, from the month before on.

    Raises:
        MonthNotPublished: the month is not published.
    """
    reading.publication(month)
    before = previous_month(month)
    months = [before, month] if reading.publications(before) else [month]
    catalogue = merged_catalogue(reading.project).catalogue
    figures = [
        MonthFigures(
            month=each,
            predicted=reading.table(each, PREDICTED.name),
            spend=reading.table(each, MODEL_DAYS.name),
            volumes=_volumes(reading, each, catalogue),
        )
        for each in months
    ]
    return watched_lines(figures, catalogue.events)


def _volumes(reading: Reading, month: str, catalogue: Catalogue) -> DailyVolumes:
    """What the logs measured of each version on each day, as the month's unit costs count it."""
    publication = reading.publication(month)

    def files(table: str) -> list[str]:
        return reading.lake.parquet_files(publication, table)

    usage = files(USAGE.name)
    if not usage:
        return {}
    inputs = UsageInputs(
        charges=files(CHARGES.name),
        allocated=files(ALLOCATED.name),
        usage=usage,
        coverage=files(COVERAGE.name),
        split_shares=files(SPLIT_SHARES.name),
    )
    start, _ = month_bounds(month)
    until = start + timedelta(days=days_in_month(month))
    with TemporaryDirectory() as folder, closing(connect(Path(folder, "spill"))) as con:
        prepare(con, month, until, inputs, catalogue, reading.project.rules)
        return volumes_by_day(con)
