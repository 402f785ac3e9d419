"""Savings plans and reservations applied to usage, hour by hour, as AWS applies them.

In each hour (AWS Savings Plans user guide, "how Savings Plans apply"):
1. reservations cover first;
2. plans for one family of instances before plans for all compute;
3. within a kind, the owner's own usage before that of accounts it shares with;
4. there, every pair of plan and usage in order of its saving in per cent, the highest first; of
   equal savings the lower plan rate first;
5. a plan covers commitment / rate units, fractions too; what is left is charged on demand;
6. the whole commitment is charged in every hour, whatever was used of it.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Final, Literal

from pipelines.errors import FormulaInputInvalid

Kind = Literal["instance", "compute"]
ORDER: Final[tuple[Kind, ...]] = ("instance", "compute")
"""EC2 Instance plans before Compute plans, which more usage can take up."""


@dataclass(frozen=True)
class Usage:
    """What one account used of one thing in one hour."""

    hour: str
    what: str
    units: Fraction
    on_demand_price: Fraction
    account: str = ""
    is_eligible: bool = True
    """Whether any plan may cover it: spot machines and licences may not be."""


@dataclass(frozen=True)
class Reservation:
    """Units of one thing, paid for in every hour."""

    id: str
    what: str
    units: Fraction
    fee: Fraction
    """Per hour, whether used or not."""
    account: str = ""


@dataclass(frozen=True)
class SavingsPlan:
    """A commitment per hour, and the rates at which usage counts against it."""

    id: str
    kind: Kind
    commitment: Fraction
    rates: Mapping[str, Fraction]
    """Price of a unit under the plan, by what is used; what is missing here it cannot cover."""
    account: str = ""
    is_shared: bool = True
    """Whether other accounts' usage is covered too."""


@dataclass(frozen=True)
class Covered:
    """Units of one usage that one reservation or plan covered."""

    usage: Usage
    by: str
    units: Fraction
    cost: Fraction
    """At the plan's rate: what it takes of the commitment. 0 for a reservation, whose fee is due
    anyhow."""


@dataclass(frozen=True)
class Hour:
    """What one hour cost, and how its commitments were used."""

    hour: str
    covered: tuple[Covered, ...]
    on_demand: tuple[tuple[Usage, Fraction], ...]
    """What no commitment covered: the usage, and how many units of it."""
    commitment: Fraction
    reserved_fees: Fraction
    used_by_plan: Mapping[str, Fraction] = field(default_factory=dict)

    @property
    def used(self) -> Fraction:
        """How much of the plans' commitment was used."""
        return sum(self.used_by_plan.values(), Fraction(0))

    @property
    def unused(self) -> Fraction:
        """What was committed and not used: its own line."""
        return self.commitment - self.used

    @property
    def on_demand_cost(self) -> Fraction:
        """What is charged on top of commitments."""
        return sum((units * usage.on_demand_price for usage, units in self.on_demand), Fraction(0))

    @property
    def charge(self) -> Fraction:
        """The full commitment and fees, and the rest on demand."""
        return self.commitment + self.reserved_fees + self.on_demand_cost

    @property
    def on_demand_equivalent(self) -> Fraction:
        """The same usage at on-demand prices."""
        saved = (found.units * found.usage.on_demand_price for found in self.covered)
        return sum(saved, self.on_demand_cost)

    @property
    def eligible_left(self) -> Fraction:
        """What plans could have covered and did not, at on-demand prices."""
        left = (units * use.on_demand_price for use, units in self.on_demand if use.is_eligible)
        return sum(left, Fraction(0))


def apply(
    usage: Sequence[Usage],
    plans: Sequence[SavingsPlan],
    reservations: Sequence[Reservation] = (),
    hours: Iterable[str] = (),
) -> list[Hour]:
    """Every hour with usage, and every one of `hours`: commitments are due without usage too.

    A plan of 2.00 an hour at 0.70 a unit covers 2.857142... of 4 units; the rest is charged on
    demand.

    Raises:
        FormulaInputInvalid: negative units or prices, a plan rate of 0 or above on demand, two
            commitments of one id; names all of them.
    """
    _require_sound(usage, plans, reservations)
    by_hour: dict[str, list[Usage]] = defaultdict(list)
    for hour in hours:
        by_hour[hour] = []
    for used in usage:
        by_hour[used.hour].append(used)
    return [_hour(hour, by_hour[hour], plans, reservations) for hour in sorted(by_hour)]


def _hour(
    hour: str,
    usage: Sequence[Usage],
    plans: Sequence[SavingsPlan],
    reservations: Sequence[Reservation],
) -> Hour:
    left = [used.units for used in usage]
    covered: list[Covered] = []
    for reservation in reservations:
        free = reservation.units
        own_first = sorted(
            range(len(usage)), key=lambda row: usage[row].account != reservation.account
        )
        for row in own_first:
            units = min(left[row], free) if usage[row].what == reservation.what else Fraction(0)
            if units:
                covered.append(Covered(usage[row], reservation.id, units, Fraction(0)))
                left[row] -= units
                free -= units
    rest = {plan.id: plan.commitment for plan in plans}
    for plan, row in _pairs(usage, plans):
        rate = plan.rates[usage[row].what]
        units = min(left[row], rest[plan.id] / rate)
        if units:
            covered.append(Covered(usage[row], plan.id, units, units * rate))
            left[row] -= units
            rest[plan.id] -= units * rate
    return Hour(
        hour,
        tuple(covered),
        tuple((used, units) for used, units in zip(usage, left, strict=True) if units),
        sum((plan.commitment for plan in plans), Fraction(0)),
        sum((reservation.fee for reservation in reservations), Fraction(0)),
        {plan.id: plan.commitment - rest[plan.id] for plan in plans},
    )


def _pairs(usage: Sequence[Usage], plans: Sequence[SavingsPlan]) -> list[tuple[SavingsPlan, int]]:
    """Every plan with every usage it may cover, in the order in which AWS applies them."""
    found = []
    for plan in plans:
        for row, used in enumerate(usage):
            rate = plan.rates.get(used.what)
            is_own = used.account == plan.account
            if rate is None or not used.is_eligible or not (is_own or plan.is_shared):
                continue
            saving = 1 - rate / used.on_demand_price
            found.append(((ORDER.index(plan.kind), not is_own, -saving, rate), plan, row))
    return [(plan, row) for _, plan, row in sorted(found, key=lambda one: one[0])]


def _require_sound(
    usage: Sequence[Usage], plans: Sequence[SavingsPlan], reservations: Sequence[Reservation]
) -> None:
    problems = [
        f"{used.hour}, {used.what}: units and price must not be negative, a price not 0"
        for used in usage
        if used.units < 0 or used.on_demand_price <= 0
    ]
    problems += [
        f"plan {plan.id}: its commitment is negative" for plan in plans if plan.commitment < 0
    ]
    problems += [
        f"plan {plan.id}: the rate of {used.what} must be above 0 and at most its on-demand price"
        for plan in plans
        for used in usage
        if used.what in plan.rates and not 0 < plan.rates[used.what] <= used.on_demand_price
    ]
    problems += [
        f"reservation {one.id}: units and fee must not be negative"
        for one in reservations
        if one.units < 0 or one.fee < 0
    ]
    ids = [plan.id for plan in plans] + [one.id for one in reservations]
    problems += [f"{name}: two commitments have this id" for name in ids if ids.count(name) > 1]
    if problems:
        name = "savings_plan_cost"
        raise FormulaInputInvalid(name, list(dict.fromkeys(problems)))
