"""A difference as named variances that add up to it: in the accountants' order, or Shapley's.

What a line costs is a product of factors, each with a planned and an actual value:

    cost = list price x (1 - discount) x volume x mix x units per activity / utilisation x rate

A variance is what the cost changes by when its own factor goes from planned to actual. In the
standard order volume goes first and the rate of exchange last: price at actual quantity, quantity
at planned price, the joint part in price, as standard costing has it. Shapley is the average over
all orders. Both end at the actual cost, so that nothing is left over; a factor that did not change
has a variance of 0.

What no factor can hold (units nobody asked for, all of them idle; a cost without a unit) is added
beside the product by the factor it belongs to. Values are exact; the variances are rounded once, by
largest remainder, so that their sum is the difference to the last digit kept.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from math import factorial, floor, lcm, prod
from typing import Final, Literal

from pipelines.money import EXACT, SCALE

Method = Literal["standard", "shapley"]
METHODS: Final[tuple[Method, ...]] = ("standard", "shapley")

QUANTITY_VARIANCES: Final = ("usage", "volume", "mix", "efficiency", "idle_capacity")
"""How many units there were, in the order in which the standard method changes them."""
PRICE_VARIANCES: Final = ("price", "list_price", "discount", "fx")
"""What a unit cost; after the quantities."""
ORDER: Final = (*QUANTITY_VARIANCES, *PRICE_VARIANCES)

ZERO, ONE = Fraction(0), Fraction(1)


@dataclass(frozen=True)
class Factor:
    """One factor of a line's cost, under the name of the variance its change makes."""

    variance: str
    before: Fraction
    after: Fraction
    loose: Fraction = ZERO
    """What its change adds beside the product: units for a quantity, money for a price."""

    @property
    def is_changed(self) -> bool:
        """Whether it moves anything."""
        return self.before != self.after or self.loose != 0


@dataclass(frozen=True)
class Line:
    """A line's cost: (product of prices x (product of quantities + loose units) + loose) x rate."""

    prices: tuple[Factor, ...]
    quantities: tuple[Factor, ...]
    rate: Factor = Factor("fx", ONE, ONE)

    @property
    def factors(self) -> tuple[Factor, ...]:
        """All of them, in the standard order."""
        return tuple(
            sorted(
                (*self.quantities, *self.prices, self.rate), key=lambda f: ORDER.index(f.variance)
            )
        )

    def cost(self, changed: Collection[str]) -> Fraction:
        """What the line costs with these factors as they were and the others as planned."""
        quantity = _product(self.quantities, changed) + _loose(self.quantities, changed)
        money = _product(self.prices, changed) * quantity + _loose(self.prices, changed)
        return money * _product((self.rate,), changed) + _loose((self.rate,), changed)


def _product(factors: Sequence[Factor], changed: Collection[str]) -> Fraction:
    return prod((f.after if f.variance in changed else f.before for f in factors), start=ONE)


def _loose(factors: Sequence[Factor], changed: Collection[str]) -> Fraction:
    return sum((f.loose for f in factors if f.variance in changed), ZERO)


def decompose(line: Line, method: Method = "standard") -> dict[str, Fraction]:
    """The exact variance of each factor, by name, in the standard order.

    They add up to the actual less the planned cost. 3.00 x 4 h planned and 5.00 x 6 h paid: usage
    3.00 x 2 = 6, price 2.00 x 6 = 12; by Shapley 8 and 10.
    """
    amounts = {factor.variance: ZERO for factor in line.factors}
    if method == "standard":
        names = [factor.variance for factor in line.factors if factor.is_changed]
        costs = [line.cost(names[:count]) for count in range(len(names) + 1)]
        return amounts | {name: costs[at + 1] - costs[at] for at, name in enumerate(names)}
    for product in _products(line):
        for name, amount in _shapley(product).items():
            amounts[name] += amount
    return amounts


_Pairs = dict[str, tuple[Fraction, Fraction]]
"""Planned and actual value of each factor of a product."""


def _products(line: Line) -> Iterator[_Pairs]:
    """The line's cost as a sum of products; what is loose is a factor that was 0 before."""
    rate, prices = _pairs([line.rate]), _pairs(line.prices)
    yield rate | prices | _pairs(line.quantities)
    yield from (rate | prices | {f.variance: (ZERO, f.loose)} for f in line.quantities if f.loose)
    yield from (rate | {f.variance: (ZERO, f.loose)} for f in line.prices if f.loose)
    if line.rate.loose:
        yield {line.rate.variance: (ZERO, line.rate.loose)}


def _pairs(factors: Sequence[Factor]) -> _Pairs:
    return {factor.variance: (factor.before, factor.after) for factor in factors}


def _shapley(product: _Pairs) -> dict[str, Fraction]:
    """Each factor's change of a product, averaged over all orders in which the factors may change.

    The products of all subsets of the other factors, summed by the subset's size, are the
    coefficients of a polynomial; in whole numbers, because fractions would be reduced each time.
    """
    scale = ONE
    moving: dict[str, tuple[int, int]] = {}
    for name, (before, after) in product.items():
        if before == after:
            scale *= before
        else:
            size = lcm(before.denominator, after.denominator)
            moving[name] = int(before * size), int(after * size)
            scale /= size
    count = len(moving)
    weights = [factorial(size) * factorial(count - 1 - size) for size in range(count)]
    amounts = {}
    for name, (low, high) in moving.items():
        sums = [1]
        for other, (kept, changed) in moving.items():
            if other != name:
                sums = [
                    kept * same + changed * less
                    for same, less in zip([*sums, 0], [0, *sums], strict=True)
                ]
        weighted = sum(weight * products for weight, products in zip(weights, sums, strict=True))
        amounts[name] = scale * (high - low) * Fraction(weighted, factorial(count))
    return amounts


def closed(amounts: Mapping[str, Fraction], total: Decimal) -> dict[str, Decimal]:
    """The amounts rounded so that they add up to the total exactly.

    Every amount gets the floor of itself in the smallest unit, the units left go to the largest
    remainders, ties to the earlier name: an amount of 0 stays 0.

    Raises:
        ValueError: the amounts are further from the total than rounding explains.
    """
    units = {name: amount * 10**SCALE for name, amount in amounts.items()}
    floors = {name: floor(value) for name, value in units.items()}
    left = int(total.scaleb(SCALE, EXACT)) - sum(floors.values())
    by_remainder = sorted(units, key=lambda name: floors[name] - units[name])
    if not 0 <= left <= len(units):
        message = f"variances of {total} are {left} of the smallest units away from it"
        raise ValueError(message)
    for name in by_remainder[:left]:
        floors[name] += 1
    return {name: Decimal(value).scaleb(-SCALE, EXACT) for name, value in floors.items()}
