"""The named variances of one term: which factors its plan states, and what they became.

The price is list price x (1 - discount) where the plan splits it and the bill has a list price,
else one `price`. The quantity is volume x mix x units per activity / utilisation where the plan
states an activity that logs measure, else one `usage`. A bill in another currency is taken at the
plan's budget rate, and `fx` is what the actual rate adds.

Planned factors are taken such that their product is the planned price x quantity to the last digit:
units per activity is the planned quantity over the planned activities.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final

from pipelines.money import EXACT, PRECISION, SCALE, as_decimal
from pipelines.variance.activities import Share, size_and_measure
from pipelines.variance.decomposition import (
    METHODS,
    ONE,
    PRICE_VARIANCES,
    ZERO,
    Factor,
    Line,
    Method,
    closed,
    decompose,
)

TOO_LARGE: Final = Fraction(10) ** (PRECISION - SCALE)
"""What a column cannot hold any more."""

PARTS: Final = "share"
"""The unit of discount, utilisation and mix: 0.25 is a quarter."""


@dataclass(frozen=True)
class Common:
    """A term that was planned and billed, in the plan's currency."""

    term: Mapping[str, Any]
    """Its row of core_prediction__spend."""
    unit: str
    currency: str
    price: Decimal
    quantity: Decimal
    """Planned, of the days compared."""
    predicted: Decimal
    cost: Decimal
    """Actual, at the actual rate."""
    cost_at_budget: Fraction
    list_at_budget: Fraction
    """Actual cost and list cost at the plan's budget rates."""
    busy: Fraction
    idle: Fraction
    share: Share | None = None
    """Its share of its plan's activities; None: the plan states none, or no log measured it."""
    rates: tuple[Decimal, Decimal] | None = None
    """Budget and actual rate, of a bill in one other currency."""

    @property
    def used(self) -> Fraction:
        """Billed units."""
        return self.busy + self.idle


@dataclass(frozen=True)
class Driver:
    """A named variance of a term in one method, and the input whose change it is."""

    method: Method
    variance: str
    amount: Decimal
    before: Decimal | None
    after: Decimal | None
    unit: str

    def row(self) -> dict[str, Any]:
        """Its columns in the contract DRIVERS."""
        return {
            "method": self.method,
            "variance": self.variance,
            "amount": self.amount,
            "predicted_value": self.before,
            "actual_value": self.after,
            "value_unit": self.unit,
        }


_Value = tuple[Fraction | None, Fraction | None, str]


def drivers_of(common: Common) -> tuple[list[Driver], str]:
    """The variances of a term by each method, and a remark where one could not be told apart.

    Where a cost stands beside next to no units, the average over all orders holds amounts that
    cancel out and that no column holds: the standard order's then stand for it.
    """
    line, values = _line(common)
    difference = EXACT.subtract(common.cost, common.predicted)
    standard = decompose(line)
    remark = ""
    found: list[Driver] = []
    for method in METHODS:
        amounts = decompose(line, method)
        if any(abs(amount) >= TOO_LARGE for amount in amounts.values()):
            amounts = standard
            remark = "by shapley as in the standard order: the cost stands beside next to no units"
        found += [
            Driver(method, name, amount, *_kept(values[name]))
            for name, amount in closed(amounts, difference).items()
            if name in values
        ]
    return found, remark


def own(variance: str, before: Decimal | None, after: Decimal | None, unit: str) -> list[Driver]:
    """A difference that is one variance alone, such as a credit or a new line."""
    amount = EXACT.subtract(after or Decimal(0), before or Decimal(0))
    return [Driver(method, variance, amount, before, after, unit) for method in METHODS]


def price_and_usage(drivers: list[Driver]) -> tuple[Decimal, Decimal]:
    """The subtotals of the standard order: what a unit cost, and how many units there were."""
    price, usage = Decimal(0), Decimal(0)
    for driver in drivers:
        if driver.method == "standard" and driver.variance in PRICE_VARIANCES:
            price = EXACT.add(price, driver.amount)
        elif driver.method == "standard":
            usage = EXACT.add(usage, driver.amount)
    return price, usage


def _line(common: Common) -> tuple[Line, dict[str, _Value]]:
    values: dict[str, _Value] = {}
    prices = tuple(_with_values(_prices(common), values))
    quantities = tuple(_with_values(_quantities(common), values))
    return Line(prices, quantities, _rate(common, values)), values


def _with_values(
    factors: Iterator[tuple[Factor, _Value]], values: dict[str, _Value]
) -> Iterator[Factor]:
    for factor, value in factors:
        values[factor.variance] = value
        yield factor


def _prices(common: Common) -> Iterator[tuple[Factor, _Value]]:
    cost, listed, used = common.cost_at_budget, common.list_at_budget, common.used
    price, planned_list = Fraction(common.price), common.term["list_price"]
    per_unit = f"{common.currency} per {common.unit}"
    if planned_list is None or (cost and not listed):
        after = cost / used if used else price
        loose = ZERO if used else cost
        shown = None if loose else after
        yield Factor("price", price, after, loose), (price, shown, per_unit)
        return
    before = Fraction(planned_list)
    paid_before = price / before if before else 1 - Fraction(common.term["discount"] or 0)
    after, paid_after = before, paid_before
    loose_list = loose_discount = ZERO
    if used:
        after = listed / used
        paid_after = cost / listed if listed else paid_before
    elif cost:
        loose_list = listed * paid_before
        loose_discount = cost - loose_list
    shown = None if loose_list else after
    yield Factor("list_price", before, after, loose_list), (before, shown, per_unit)
    shown = None if loose_discount else 1 - paid_after
    yield (
        Factor("discount", paid_before, paid_after, loose_discount),
        (1 - paid_before, shown, PARTS),
    )


def _quantities(common: Common) -> Iterator[tuple[Factor, _Value]]:
    planned, used, busy, share = Fraction(common.quantity), common.used, common.busy, common.share
    activity = size_and_measure(common.term["activity"])
    if share is None or activity is None:
        yield Factor("usage", planned, used), (planned, used, common.unit)
        return
    size, _ = activity
    name = common.term["activity"]
    volume = share.volume_before / size, share.volume_after / size
    done_before, done = volume[0] * share.mix_before, volume[1] * share.mix_after
    stretch = 1 / Fraction(common.term["utilisation"] or 1)
    stated = Fraction(common.term["units_per_activity"] or 0)
    needed = planned / (done_before * stretch) if done_before else stated
    needed_after, loose_busy = (busy / done, ZERO) if done else (needed, busy * stretch)
    if done and busy:
        stretch_after, loose_idle = used / busy, ZERO
    else:
        stretch_after, loose_idle = stretch, used - busy * stretch
    yield Factor("volume", *volume), (*volume, name)
    yield (
        Factor("mix", share.mix_before, share.mix_after),
        (share.mix_before, share.mix_after, PARTS),
    )
    yield (
        Factor("efficiency", needed, needed_after, loose_busy),
        (needed, busy / done if done else None, f"{common.unit} per {name}"),
    )
    yield (
        Factor("idle_capacity", stretch, stretch_after, loose_idle),
        (1 / stretch, busy / used if used else None, PARTS),
    )


def _rate(common: Common, values: dict[str, _Value]) -> Factor:
    """From the budget rate to the actual one, which ends at the actual cost to the last digit."""
    at_budget, cost = common.cost_at_budget, Fraction(common.cost)
    if at_budget == cost and common.rates is None:
        return Factor("fx", ONE, ONE)
    before, after = (Fraction(r) for r in common.rates) if common.rates else (None, None)
    values["fx"] = before, after, f"{common.currency} per unit billed"
    if at_budget:
        return Factor("fx", ONE, cost / at_budget)
    return Factor("fx", ONE, ONE, cost)


def _kept(value: _Value) -> tuple[Decimal | None, Decimal | None, str]:
    before, after, unit = value
    return _shown(before), _shown(after), unit


def _shown(value: Fraction | None) -> Decimal | None:
    return None if value is None or abs(value) >= TOO_LARGE else as_decimal(value)
