"""The two calendars Dagster knows: billing months, and the days of the request logs.

The first month is `first_month` of the project's settings. Choose it once: a later change of a
partition definition leaves old keys in Dagster's history and breaks running backfills. Where no
settings file is found (a test, a check of the code alone) the calendar starts wide, in 2020, and
the run itself refuses months before `first_month`. The open month is a partition (`end_offset`).
"""

import tomllib

import dagster as dg

from assets.project import settings_file
from pipelines.months import MONTH

WIDEST = "2020-01"


def first_month() -> str:
    """`first_month` of the settings file in place, as far as it can be read without checking it.

    Loading definitions must not fail for a mistake in the settings: the run reports it, by key.
    """
    file = settings_file(None)
    if not file.is_file():
        return WIDEST
    try:
        found = tomllib.loads(file.read_text(encoding="utf-8")).get("first_month", "2025-01")
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError):
        return WIDEST
    return found if isinstance(found, str) and MONTH.fullmatch(found) else WIDEST


FIRST_MONTH = first_month()

BILLING_MONTHS = dg.MonthlyPartitionsDefinition(
    start_date=FIRST_MONTH, fmt="%Y-%m", timezone="UTC", end_offset=1
)

LOG_DAYS = dg.DailyPartitionsDefinition(start_date=f"{FIRST_MONTH}-01", timezone="UTC")

DAYS_OF_MONTH = dg.TimeWindowPartitionMapping(allow_nonexistent_upstream_partitions=True)
"""Lineage only. Days of the open month that do not exist yet are left out, not an error."""
