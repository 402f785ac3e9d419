"""From a row to what it has cost until any day, and from that to the charges of one month.

An accrual is one cost of a row as a function of the day. Its values are exact fractions; a charge
is the difference of two of them, each rounded once, so that charges add up whatever they are cut
into.
"""

import calendar
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

from pipelines.billing.owned.rows import PERIODS, Row
from pipelines.formulas import owned_assets as formulas
from pipelines.money import EXACT, SCALE
from pipelines.months import month_bounds

Value = Callable[[date], Fraction]
ZERO, ONE = Fraction(0), Fraction(1)
DAY_HOURS = Fraction(24)
LONGEST_LIFE_YEARS = 100


@dataclass(frozen=True)
class Accrual:
    """One cost of a row: `cost(day)` is what has accrued until that day's start."""

    part: str
    starts: date
    ends: date | None
    cost: Value
    quantity: Value | None = None
    unit: str | None = None
    is_prepaid: bool = False
    """Billed by a purchase: the days carry effective cost only."""


@dataclass(frozen=True)
class Payment:
    """What was paid at once for a time to come."""

    paid_on: date
    amount: Fraction


@dataclass(frozen=True)
class Accruals:
    """All that a row costs."""

    running: list[Accrual]
    payment: Payment | None = None
    left_over: tuple[date, Fraction] | None = None
    """On which day a machine left before it was written off, and what was not."""


@dataclass(frozen=True)
class Part:
    """One charge: a cost of a row for a day (or for its part of a month)."""

    line_number: int
    part: str
    starts_at: datetime
    ends_at: datetime
    billed: Decimal
    effective: Decimal
    quantity: Decimal | None
    unit: str | None


def position(day: date) -> Fraction:
    """A day on the line of calendar months: each is one long, whatever its days."""
    days = calendar.monthrange(day.year, day.month)[1]
    return 12 * day.year + day.month - 1 + Fraction(day.day - 1, days)


def daily(rate: Fraction, starts: date) -> Value:
    """The same every day."""
    return lambda day: rate * (day - starts).days


def monthly(rate: Fraction, starts: date) -> Value:
    """The same every calendar month, evenly over its days."""
    first = position(starts)
    return lambda day: rate * (position(day) - first)


def even(total: Fraction, starts: date, ends: date) -> Value:
    """A total, evenly over the days from `starts` until `ends`; nothing after."""
    days = (ends - starts).days
    return lambda day: total * Fraction(min((day - starts).days, days), days)


def per(rate: Fraction, period: str, starts: date) -> Value:
    """A rate per hour, day, month or year."""
    if period == "hour":
        return daily(rate * DAY_HOURS, starts)
    if period == "day":
        return daily(rate, starts)
    return monthly(rate if period == "month" else rate / formulas.MONTHS_PER_YEAR, starts)


def months_later(day: date, months: int) -> date:
    """The same day of a later month, its last one where it is shorter."""
    years, month = divmod(day.month - 1 + months, 12)
    year = day.year + years
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def accruals_of(row: Row) -> Accruals:
    """What the row costs; a row with problems has noted them and must not be charged."""
    row.check_common()
    return _KINDS[row.kind](row)


def _hardware(row: Row) -> Accruals:
    starts, ends = row.starts, row.ends()
    units = row.number("units", ONE, is_open=True)
    available = row.number("availability", ONE, most=1, is_open=True)
    hours = daily(formulas.device_hours(units, DAY_HOURS, available), starts)
    running: list[Accrual] = []
    payment = left_over = None
    if row.has("purchase_price"):
        row.must_not_have(("lease_rate", "lease_per"), "does not belong to a machine that is owned")
        price = units * row.number("purchase_price")
        total, life_ends = _write_off(row, price, starts)
        written_off = even(total, starts, life_ends)
        running.append(
            Accrual("depreciation", starts, ends, written_off, hours, "Hrs", is_prepaid=True)
        )
        payment = Payment(row.day("paid_on") or starts, price)
        if ends is not None and starts < ends < life_ends:
            left_over = (ends, total - written_off(ends))
    else:
        lone = ("residual_share", "life_years", "depreciation", "rate", "paid_on")
        row.must_not_have(lone, "belongs to a purchase_price, which is empty")
        if row.has("lease_rate"):
            rate = units * row.number("lease_rate")
            cost = per(rate, row.word("lease_per", PERIODS, "month"), starts)
            running.append(Accrual("lease", starts, ends, cost, hours, "Hrs"))
        else:
            row.must_not_have(("lease_per",), "belongs to a lease_rate, which is empty")
    running += _running_costs(row, units, starts, ends)
    if not running:
        row.note("purchase_price", "is empty, and so is every other cost of this row")
    return Accruals(running, payment, left_over)


def _write_off(row: Row, price: Fraction, starts: date) -> tuple[Fraction, date]:
    """What is charged over the useful life, and the day it ends."""
    residual = row.number("residual_share", ZERO, most=1)
    years = row.number("life_years", is_open=True)
    months = years * formulas.MONTHS_PER_YEAR
    if months.denominator != 1:
        row.note("life_years", "is not a whole number of months (3.5 years are 42)")
        months = Fraction(1)
    if years > LONGEST_LIFE_YEARS:
        row.note("life_years", f"is above {LONGEST_LIFE_YEARS}: is it in months?")
        months = Fraction(1)
    if row.word("depreciation", ("straight_line", "capital_recovery"), "straight_line") == (
        "straight_line"
    ):
        row.must_not_have(("rate",), "belongs to depreciation 'capital_recovery'")
        total = formulas.straight_line(price, residual)
    else:
        rate = row.number("rate", most=1, is_open=True)
        total = formulas.capital_recovery(price, residual, rate, years)
    return total, months_later(starts, int(months))


def _running_costs(row: Row, units: Fraction, starts: date, ends: date | None) -> Iterator[Accrual]:
    """Energy, maintenance and model pushes of a machine."""
    if row.has("tariff_per_kwh"):
        kwh = formulas.energy_kwh(
            units,
            row.number("power_kw"),
            row.number("load", ONE, most=1),
            row.number("hours_per_day", DAY_HOURS, most=24),
            row.number("pue", ONE, least=1),
        )
        cost = formulas.energy_cost(kwh, row.number("tariff_per_kwh"))
        yield Accrual("energy", starts, ends, daily(cost, starts), daily(kwh, starts), "kWh")
    if row.has("maintenance_per_month"):
        rate = units * row.number("maintenance_per_month")
        yield Accrual("maintenance", starts, ends, monthly(rate, starts))
    if row.has("push_gb_per_month") or row.has("price_per_gb"):
        gb = row.number("push_gb_per_month")
        cost = formulas.push_per_month(units, gb, row.number("price_per_gb"))
        yield Accrual(
            "push", starts, ends, monthly(cost, starts), monthly(units * gb, starts), "GB"
        )


def _electricity(row: Row) -> Accruals:
    starts = row.starts
    ends = row.ends(must="a meter or an invoice speaks of a period") or starts + timedelta(days=1)
    row.must_not_have(("paid_on",), "does not belong to electricity")
    kwh = None
    if row.has("kwh"):
        kwh = row.number("kwh") * row.number("pue", ONE, least=1)
    if row.has("amount"):
        row.must_not_have(("price_per_kwh",), "contradicts the invoice's amount: give one of them")
        total = row.number("amount", least=None)
    elif kwh is None:
        row.note("amount", "is empty, and so is kwh")
        total = ZERO
    else:
        total = formulas.energy_cost(kwh, row.number("price_per_kwh"))
    quantity = None if kwh is None else even(kwh, starts, ends)
    unit = None if kwh is None else "kWh"
    return Accruals(
        [Accrual("electricity", starts, ends, even(total, starts, ends), quantity, unit)]
    )


def _labour(row: Row) -> Accruals:
    starts = row.starts
    row.must_not_have(("paid_on",), "does not belong to labour")
    if row.has("hours"):
        row.must_not_have(
            ("fte", "monthly_rate", "share"), "contradicts hours: give people or hours, not both"
        )
        ends = row.ends(must="hours are hours of a period") or starts + timedelta(days=1)
        hours = row.number("hours")
        total = hours * row.number("hourly_rate")
        return Accruals(
            [
                Accrual(
                    "labour",
                    starts,
                    ends,
                    even(total, starts, ends),
                    even(hours, starts, ends),
                    "Person-Hours",
                )
            ]
        )
    row.must_not_have(("hourly_rate",), "belongs to hours, which are empty")
    fte, share = row.number("fte"), row.number("share", ONE, most=1)
    cost = formulas.labour_per_month(fte, row.number("monthly_rate"), share)
    people = monthly(fte * share, starts)
    return Accruals(
        [Accrual("labour", starts, row.ends(), monthly(cost, starts), people, "Person-Months")]
    )


def _priced(row: Row, part: str, units: Fraction, unit: str | None) -> Accruals:
    """A licence or a data set: a price per period, or one price for its term."""
    starts = row.starts
    price = units * row.number("price")
    period = row.word("per", (*PERIODS, "once"))
    quantity = None if unit is None else monthly(units, starts)
    if period != "once":
        row.must_not_have(("paid_on",), "belongs to a price paid once")
        cost = per(price, period, starts)
        return Accruals([Accrual(part, starts, row.ends(), cost, quantity, unit)])
    ends = row.ends(must="a price paid once is for a term") or starts + timedelta(days=1)
    cost = even(price, starts, ends)
    return Accruals(
        [Accrual(part, starts, ends, cost, quantity, unit, is_prepaid=True)],
        Payment(row.day("paid_on") or starts, price),
    )


_LICENCE_UNITS = {"gpu": "GPU-Months", "seat": "Seat-Months", "flat": None}


def _software(row: Row) -> Accruals:
    unit = row.word("unit", _LICENCE_UNITS, "flat")
    if unit == "flat":
        row.must_not_have(("quantity",), "belongs to a price per gpu or seat")
        return _priced(row, "licence", ONE, None)
    return _priced(row, "licence", row.number("quantity", is_open=True), _LICENCE_UNITS[unit])


def _data(row: Row) -> Accruals:
    return _priced(row, "data", ONE, None)


_KINDS: dict[str, Callable[[Row], Accruals]] = {
    "hardware": _hardware,
    "electricity": _electricity,
    "labour": _labour,
    "software": _software,
    "data": _data,
}


def rounded(value: Fraction) -> Decimal:
    """The one rounding, half to even, to 1e-18."""
    units, rest = divmod(value.numerator * 10**SCALE, value.denominator)
    twice = 2 * rest - value.denominator
    if twice > 0 or (twice == 0 and units % 2):
        units += 1
    return Decimal(units).scaleb(-SCALE, EXACT)


def parts_of(row: Row, accruals: Accruals, month: str) -> Iterator[Part]:
    """The charges of one month: one for each cost and day, or for each cost where the row asks."""
    month_start, month_end = (instant.date() for instant in month_bounds(month))
    payment = accruals.payment
    if payment is not None and month_start <= payment.paid_on < month_end:
        paid_at = _instant(payment.paid_on)
        day = timedelta(days=1)
        zero = Decimal(0)
        yield Part(
            row.line_number,
            "purchase",
            paid_at,
            paid_at + day,
            rounded(payment.amount),
            zero,
            None,
            None,
        )
    for accrual in accruals.running:
        first = max(accrual.starts, month_start)
        last = month_end if accrual.ends is None else min(accrual.ends, month_end)
        if first >= last:
            continue
        days = (last - first).days
        step = days if row.text("spread").lower() == "month" else 1
        cuts = [first + timedelta(days=n) for n in range(0, days + 1, step)]
        costs = [rounded(accrual.cost(day)) for day in cuts]
        amounts = None if accrual.quantity is None else [rounded(accrual.quantity(d)) for d in cuts]
        for n, (since, until) in enumerate(pairwise(cuts)):
            effective = EXACT.subtract(costs[n + 1], costs[n])
            yield Part(
                row.line_number,
                accrual.part,
                _instant(since),
                _instant(until),
                Decimal(0) if accrual.is_prepaid else effective,
                effective,
                None if amounts is None else EXACT.subtract(amounts[n + 1], amounts[n]),
                accrual.unit,
            )


def _instant(day: date) -> datetime:
    return datetime(day.year, day.month, day.day)  # noqa: DTZ001 -- UTC-naive by convention
