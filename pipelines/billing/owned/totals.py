"""What a row costs in a month, worked out a second time from its text.

The export's total must not share the charges' mistakes: nothing here knows `rows`, `accruals` or
`pipelines.formulas`. Rates are summed calendar month by calendar month, capital recovery by the
present value of its payments, and both are rounded where the charges are: at the month's borders.
"""

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

Texts = Mapping[str, str | None]
_UNITS = 10**18


def month_totals(kind: str, texts: Texts, month: str) -> tuple[Decimal, Decimal]:
    """Billed and effective cost of one row in one month."""
    first = date.fromisoformat(f"{month}-01")
    after = (first + timedelta(days=31)).replace(day=1)
    billed = effective = 0
    for paid_at_once, cost in _costs(kind, texts):
        start, end = _span(texts)
        since = max(start, first)
        until = after if end is None else min(end, after)
        if since < until:
            amount = round(cost(since) * _UNITS) - round(cost(until) * _UNITS)
            effective -= amount
            billed -= 0 if paid_at_once else amount
    price = _price_paid_at_once(kind, texts)
    if price is not None:
        paid_on = _day(texts["paid_on"]) or _span(texts)[0]
        if first <= paid_on < after:
            billed += round(price * _UNITS)
    return _money(billed), _money(effective)


def _money(units: int) -> Decimal:
    sign = "-" if units < 0 else ""
    whole, rest = divmod(abs(units), _UNITS)
    return Decimal(f"{sign}{whole}.{rest:018}")


def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text.strip()[:10])


def _span(texts: Texts) -> tuple[date, date | None]:
    return _day(texts["starts"]) or date.min, _day(texts["ends"])


def _number(texts: Texts, name: str, default: str = "0") -> Fraction:
    return Fraction((texts[name] or default).strip())


class _Rate:
    """So much for each calendar month since the start, in proportion to its days."""

    def __init__(self, start: date, per_month: Fraction) -> None:
        self.start, self.per_month = start, per_month

    def __call__(self, day: date) -> Fraction:
        months = Fraction(0)
        at = self.start
        while at < day:
            following = (at.replace(day=1) + timedelta(days=31)).replace(day=1)
            length = (following - at.replace(day=1)).days
            months += Fraction((min(following, day) - at).days, length)
            at = following
        return self.per_month * months


class _Daily:
    """So much for each day since the start, no more than `most` days."""

    def __init__(self, start: date, per_day: Fraction, most: int | None = None) -> None:
        self.start, self.per_day, self.most = start, per_day, most

    def __call__(self, day: date) -> Fraction:
        days = day.toordinal() - self.start.toordinal()
        return self.per_day * (days if self.most is None else min(days, self.most))


def _spread(start: date, end: date, total: Fraction) -> _Daily:
    days = end.toordinal() - start.toordinal()
    return _Daily(start, total / days, days)


def _per(start: date, price: Fraction, period: str) -> _Rate | _Daily:
    match period.strip().lower():
        case "hour":
            return _Daily(start, price * 24)
        case "day":
            return _Daily(start, price)
        case "year":
            return _Rate(start, price / 12)
        case _:
            return _Rate(start, price)


def _costs(kind: str, texts: Texts) -> Iterator[tuple[bool, _Rate | _Daily]]:
    """Each cost of a row until a day, and whether it was paid at once."""
    start, end = _span(texts)
    if kind == "hardware":
        yield from _machine_costs(texts, start)
    elif kind == "electricity":
        kwh = _number(texts, "kwh") * _number(texts, "pue", "1")
        cost = (
            _number(texts, "amount") if texts["amount"] else kwh * _number(texts, "price_per_kwh")
        )
        yield False, _spread(start, end or start, cost)
    elif kind == "labour" and texts["hours"]:
        cost = _number(texts, "hours") * _number(texts, "hourly_rate")
        yield False, _spread(start, end or start, cost)
    elif kind == "labour":
        people = _number(texts, "fte") * _number(texts, "share", "1")
        yield False, _Rate(start, people * _number(texts, "monthly_rate"))
    else:
        price = _number(texts, "price") * _number(texts, "quantity", "1")
        if (texts["per"] or "").strip().lower() == "once":
            yield True, _spread(start, end or start, price)
        else:
            yield False, _per(start, price, texts["per"] or "")


def _machine_costs(texts: Texts, start: date) -> Iterator[tuple[bool, _Rate | _Daily]]:
    units = _number(texts, "units", "1")
    if texts["purchase_price"]:
        loss = units * _number(texts, "purchase_price")
        loss -= loss * _number(texts, "residual_share")
        years = _number(texts, "life_years")
        if (texts["depreciation"] or "").strip().lower() == "capital_recovery":
            loss = loss * years / _present_value(_number(texts, "rate"), years)
        yield True, _spread(start, _after_months(start, int(years * 12)), loss)
    if texts["lease_rate"]:
        yield (
            False,
            _per(start, units * _number(texts, "lease_rate"), texts["lease_per"] or "month"),
        )
    if texts["tariff_per_kwh"]:
        kw = units * _number(texts, "power_kw") * _number(texts, "load", "1")
        hours = _number(texts, "hours_per_day", "24")
        tariff = _number(texts, "tariff_per_kwh") * _number(texts, "pue", "1")
        yield False, _Daily(start, kw * hours * tariff)
    if texts["maintenance_per_month"]:
        yield False, _Rate(start, units * _number(texts, "maintenance_per_month"))
    if texts["push_gb_per_month"]:
        gb = units * _number(texts, "push_gb_per_month")
        yield False, _Rate(start, gb * _number(texts, "price_per_gb"))


def _present_value(rate: Fraction, years: Fraction) -> Fraction:
    """Of payments of 1 at the end of each year: the annuity that capital recovery is paid by."""
    if years.denominator == 1:
        return sum(((1 + rate) ** -year for year in range(1, int(years) + 1)), Fraction(0))
    months = int(years * 12)
    return (1 - _power(1 + rate, -months, 12)) / rate


def _power(base: Fraction, numerator: int, denominator: int) -> Fraction:
    """base^(numerator/denominator) by Newton's method on whole numbers, to sixty digits."""
    scale = 10**60
    wanted = base**numerator * Fraction(scale) ** denominator
    target = wanted.numerator // wanted.denominator
    low, high = 0, scale * (int(base) + 1)
    while low < high:
        middle = (low + high + 1) // 2
        if middle**denominator <= target:
            low = middle
        else:
            high = middle - 1
    return Fraction(low, scale)


def _after_months(day: date, months: int) -> date:
    """The same day so many months later; in a shorter month its last day."""
    first = day.replace(day=1)
    for _ in range(months):
        first = (first + timedelta(days=31)).replace(day=1)
    last = (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)
    return first.replace(day=min(day.day, last.day))


def _price_paid_at_once(kind: str, texts: Texts) -> Fraction | None:
    if kind == "hardware" and texts["purchase_price"]:
        return _number(texts, "units", "1") * _number(texts, "purchase_price")
    if kind in ("software", "data") and (texts["per"] or "").strip().lower() == "once":
        return _number(texts, "price") * _number(texts, "quantity", "1")
    return None
