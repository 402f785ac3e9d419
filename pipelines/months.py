"""Billing months: their text form, their days, and which of them a night must refresh.

A month is the text `2026-09`, the same as the partition key. Instants are UTC without a zone.
Nothing here reads a clock: `now` is passed in.
"""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

MONTH = re.compile(r"(\d{4})-(0[1-9]|1[0-2])")

DAYS_A_CLOSED_MONTH_STILL_MOVES = 15
"""AWS restates a finished month for about two weeks (refunds, credits, support fees)."""


def parse_month(text: str) -> date:
    """The first day of a month given as `YYYY-MM`.

    Raises:
        ValueError: anything else, with the text and the form wanted.
    """
    match = MONTH.fullmatch(text)
    if not match:
        message = f"{text!r} is not a billing month: write it as YYYY-MM, for example 2026-09"
        raise ValueError(message)
    return date(int(match[1]), int(match[2]), 1)


def month_of(day: date) -> str:
    """The month a day (or instant) lies in, as `YYYY-MM`."""
    return f"{day:%Y-%m}"


def next_month(month: str) -> str:
    """The month after."""
    first = parse_month(month)
    return month_of(first.replace(day=28) + timedelta(days=4))


def previous_month(month: str) -> str:
    """The month before."""
    return month_of(parse_month(month) - timedelta(days=1))


def months_between(first: str, last: str) -> Iterator[str]:
    """Every month from `first` to `last`, both included.

    Raises:
        ValueError: `last` before `first`.
    """
    if parse_month(last) < parse_month(first):
        message = f"the range {first} to {last} runs backwards"
        raise ValueError(message)
    month = first
    while True:
        yield month
        if month == last:
            return
        month = next_month(month)


def month_bounds(month: str) -> tuple[datetime, datetime]:
    """First instant of the month and of the next one (UTC, without zone): half-open."""
    start, end = parse_month(month), parse_month(next_month(month))
    return datetime(start.year, start.month, 1), datetime(end.year, end.month, 1)  # noqa: DTZ001 -- UTC-naive by convention


def days_in_month(month: str) -> int:
    """28 to 31."""
    start, end = month_bounds(month)
    return (end - start).days


def complete_days(month: str, now: datetime) -> int:
    """How many days of the month are over at `now` (an aware instant): 0 on its first morning."""
    start, end = month_bounds(month)
    at = now.astimezone(UTC).replace(tzinfo=None)
    return max(0, (min(at, end) - start).days)


def has_settled(month: str, now: datetime) -> bool:
    """Whether a month's bill has had its time to change, which the last night it is refreshed sees.

    For bills that name no invoice there is no other sign that they are final. `now` is an aware
    instant.
    """
    at = now.astimezone(UTC).replace(tzinfo=None)
    return at >= month_bounds(month)[1] + timedelta(days=DAYS_A_CLOSED_MONTH_STILL_MOVES - 1)


def months_to_refresh(now: datetime) -> list[str]:
    """The months whose bill can still move, oldest first.

    The open month, once one of its days is over, and the last one until its bill has settled.
    On 2026-11-21 that is 2026-11; on 2026-11-05 it is 2026-10 and 2026-11; on the morning of
    2026-11-01 it is 2026-10 alone, because no day of November is complete. `now` is an aware
    instant; the calendar is UTC.
    """
    at = now.astimezone(UTC)
    open_month = month_of(at)
    months = []
    if at.day <= DAYS_A_CLOSED_MONTH_STILL_MOVES:
        months.append(previous_month(open_month))
    if complete_days(open_month, now) > 0:
        months.append(open_month)
    return months
