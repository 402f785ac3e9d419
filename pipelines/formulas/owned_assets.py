"""What owned and leased machines, energy, labour and licences cost: exact functions of fractions.

The formulas are those of reference/formulas.md 1.6 (overheads, on-prem, edge). Everything is a
`Fraction`, so that nothing is rounded before the one rounding to 1e-18 that money gets when it
becomes a charge. An argument outside its range raises `ValueError` naming the symbol.

    symbol     unit        range     meaning
    P          money       >= 0      purchase price of one unit
    s          1           0..1      residual value as a share of P at the end of its useful life
    n          years       > 0       useful life
    r          1 per year  > 0       rate of interest of capital recovery
    a          1           (0..1]    availability: share of the hours in which the unit can work
    kW         kW          >= 0      power of one unit at full load
    load       1           0..1      mean load while it runs
    PUE        1           >= 1      energy of the site per energy of the machines
    tariff     money/kWh             price of energy
"""

from decimal import Context, Decimal
from fractions import Fraction

HOURS_PER_YEAR = 8760
MONTHS_PER_YEAR = 12
_POWER = Context(prec=60)
"""Digits of (1+r)^n where n is no whole number: far more than the 38 that money has."""


def _require(holds: bool, symbol: str, value: Fraction, said: str) -> None:
    if not holds:
        message = f"{symbol} = {value} is outside its range: {said}"
        raise ValueError(message)


def capital_recovery_factor(r: Fraction, n: Fraction) -> Fraction:
    """CRF = r(1+r)^n / ((1+r)^n - 1): the level yearly payment for 1 lent at r for n years.

    At 10 % for 10 years it is 0.1627: 1,000 is paid back with 162.75 a year. For one year it is
    1 + r; for a life without end it approaches r.
    """
    _require(r > 0, "r", r, "a rate above 0 (straight line is the formula without interest)")
    _require(n > 0, "n", n, "years above 0")
    if n.denominator == 1:
        grown = (1 + r) ** n.numerator
    else:
        base = _POWER.divide(Decimal((1 + r).numerator), Decimal((1 + r).denominator))
        years = _POWER.divide(Decimal(n.numerator), Decimal(n.denominator))
        grown = Fraction(_POWER.power(base, years))
    return r * grown / (grown - 1)


def straight_line(price: Fraction, s: Fraction) -> Fraction:
    """P(1-s): what is written off over the whole life, the same every day.

    A machine of 300,000 with a residual of 10 % loses 270,000 over its life.
    """
    _require(price >= 0, "P", price, "0 or more")
    _require(0 <= s <= 1, "s", s, "0 to 1")
    return price * (1 - s)


def capital_recovery(price: Fraction, s: Fraction, r: Fraction, n: Fraction) -> Fraction:
    """P(1-s) x CRF(r, n) x n: what is charged over the whole life, interest included.

    300,000 with a residual of 10 % at 8 % over 5 years: 67,623.24 a year, 338,116.21 in all. The
    interest on the residual itself (P x s x r a year) is not in it, as in the source formula.
    """
    return straight_line(price, s) * capital_recovery_factor(r, n) * n


def capex_per_hour(total: Fraction, n: Fraction, a: Fraction) -> Fraction:
    """Money per hour in which the unit can work: the life's total / (n x 8760 x a).

    The ledger charges days; this is what one of their device-hours costs in a year of 365 days.
    """
    _require(n > 0, "n", n, "years above 0")
    _require(0 < a <= 1, "a", a, "above 0, at most 1")
    return total / (n * HOURS_PER_YEAR * a)


def device_hours(units: Fraction, hours: Fraction, a: Fraction) -> Fraction:
    """Hours in which the units can work: units x hours x a."""
    _require(units > 0, "units", units, "above 0")
    _require(0 < a <= 1, "a", a, "above 0, at most 1")
    return units * hours * a


def energy_kwh(
    units: Fraction, kw: Fraction, load: Fraction, hours: Fraction, pue: Fraction
) -> Fraction:
    """Kwh = units x kW x load x hours x PUE.

    Eight accelerators of 0.7 kW at 60 % for 24 hours in a site of PUE 1.3: 104.832 kWh.
    """
    _require(kw >= 0, "kW", kw, "0 or more")
    _require(0 <= load <= 1, "load", load, "0 to 1")
    _require(pue >= 1, "PUE", pue, "1 or more")
    return units * kw * load * hours * pue


def energy_cost(kwh: Fraction, tariff: Fraction) -> Fraction:
    """KWh x tariff."""
    return kwh * tariff


def labour_per_month(fte: Fraction, monthly_rate: Fraction, share: Fraction) -> Fraction:
    """FTE x rate x share: 2 people at 12,000 a month, a quarter of their time: 6,000 a month."""
    _require(0 <= share <= 1, "share", share, "0 to 1")
    return fte * monthly_rate * share


def push_per_month(units: Fraction, gb: Fraction, price_per_gb: Fraction) -> Fraction:
    """Units x GB x price: bringing a model to every edge unit."""
    return units * gb * price_per_gb
