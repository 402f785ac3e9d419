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

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import cache
from itertools import combinations
from math import factorial, floor, prod
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
    moving = tuple(factor.variance for factor in line.factors if factor.is_changed)
    return amounts | (_in_order(line, moving) if method == "standard" else _shapley(line, moving))


def _in_order(line: Line, moving: Sequence[str]) -> dict[str, Fraction]:
    costs = [line.cost(moving[:count]) for count in range(len(moving) + 1)]
    return {name: costs[i + 1] - costs[i] for i, name in enumerate(moving)}


def _shapley(line: Line, moving: Sequence[str]) -> dict[str, Fraction]:
    """Each factor's change, averaged over all orders in which the factors may change."""

    @cache
    def cost(changed: frozenset[str]) -> Fraction:
        return line.cost(changed)

    count = len(moving)
    amounts = {}
    for name in moving:
        others = [other for other in moving if other != name]
        amounts[name] = sum(
            (
                Fraction(factorial(size) * factorial(count - size - 1), factorial(count))
                * (cost(frozenset((*before, name))) - cost(frozenset(before)))
                for size in range(count)
                for before in combinations(others, size)
            ),
            ZERO,
        )
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
