"""Which time a month's bill speaks of: the window of its usage, and how many days are billed."""

from collections.abc import Sequence
from datetime import datetime

import duckdb

from pipelines.months import days_in_month, month_bounds
from pipelines.queries import query


def usage_window(
    con: duckdb.DuckDBPyConnection, month: str, charges: Sequence[str]
) -> tuple[datetime, datetime]:
    """From when until when request logs matter to a month: its own span and all it corrects.

    A September bill that refunds an hour of 30 August reads the logs from that hour on.
    """
    start, end = month_bounds(month)
    if not charges:
        return start, end
    rows = query(con, "billing/usage_window", charges=list(charges)).fetchall()
    first, last = rows[0]
    return min(start, first or start), max(end, last or end)


def days_covered(
    con: duckdb.DuckDBPyConnection, month: str, charges: Sequence[str], is_final: bool
) -> int:
    """How many days of the month are billed completely.

    All of them once the month is final. Before, a day counts when usage is billed past its end:
    usage until 21 September 07:00 covers 20 days. A bill without hourly or daily usage does not
    tell, and counts as the whole month.
    """
    days = days_in_month(month)
    start, end = month_bounds(month)
    if is_final or not charges:
        return days
    rows = query(
        con,
        "billing/last_usage_day",
        charges=list(charges),
        month_start=start,
        month_end=end,
    ).fetchall()
    until = rows[0][0]
    return days if until is None else (until - start).days
