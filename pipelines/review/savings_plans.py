"""What savings plans and reservations do to usage, hour by hour, for people and programs."""

from collections.abc import Sequence
from fractions import Fraction
from typing import Any, Final

from pipelines.formulas.library import formula_named
from pipelines.formulas.savings_plans import Hour, Reservation, SavingsPlan
from pipelines.money import as_decimal
from pipelines.review.sheets import Column, Row, Sheet

_AMOUNTS: Final = (
    Column("commitment", "commitment", "money"),
    Column("used", "used of it", "money"),
    Column("unused", "unused", "money"),
    Column("reserved_fees", "reserved fees", "money"),
    Column("on_demand", "on demand", "money"),
    Column("charge", "charge", "money"),
    Column("on_demand_equivalent", "all on demand", "money"),
)
_RATIOS: Final = (
    Column("coverage", "coverage", "share"),
    Column("utilisation", "utilisation", "share"),
    Column("effective_savings_rate", "saved", "share"),
)
_NOTES: Final = (
    "Reservations cover first, then savings plans: those for instances before those for all "
    "compute, the owner's usage first, the highest saving first, of equal savings the lower rate. "
    "The whole commitment is charged in every hour.",
    "saved: 1 - charge / the same usage on demand (effective savings rate).",
)


def savings_plan_sheets(
    hours: Sequence[Hour], plans: Sequence[SavingsPlan], reservations: Sequence[Reservation]
) -> tuple[Sheet, ...]:
    """The whole time for people, each commitment in it, and every hour for programs."""
    every = tuple(Row({"hour": hour.hour, **_amounts([hour])}) for hour in hours)
    whole = Row({"hour": f"{len(hours):,} hours", **_amounts(hours)}, "total")
    return (
        Sheet(
            "total",
            f"{hours[0].hour} to {hours[-1].hour} UTC with these commitments",
            (Column("hour", ""), *_AMOUNTS, *_RATIOS),
            (whole,),
            _NOTES,
        ),
        _by_commitment(hours, plans, reservations),
        Sheet(
            "hours",
            "Hours",
            (Column("hour", "hour"), *_AMOUNTS, *_RATIOS),
            every,
            audience="machine",
        ),
    )


def _by_commitment(
    hours: Sequence[Hour], plans: Sequence[SavingsPlan], reservations: Sequence[Reservation]
) -> Sheet:
    bought: list[tuple[str, str, Fraction]] = [
        (plan.id, plan.kind, plan.commitment) for plan in plans
    ]
    bought += [(one.id, "reservation", one.fee) for one in reservations]
    rows = []
    for name, kind, amount in bought:
        covered = [found for hour in hours for found in hour.covered if found.by == name]
        due = amount * len(hours)
        worth = sum((found.units * found.usage.on_demand_price for found in covered), Fraction(0))
        values = {
            "id": name,
            "kind": kind,
            "due": as_decimal(due),
            "worth": as_decimal(worth),
            "saved": as_decimal(worth - due),
        }
        rows.append(Row(values))
    columns = (
        Column("id", "commitment", "id"),
        Column("kind", "kind"),
        Column("due", "charged for it", "money"),
        Column("worth", "what it covered, on demand", "money"),
        Column("saved", "saved", "money"),
    )
    return Sheet("commitments", "By commitment", columns, tuple(rows))


def _amounts(hours: Sequence[Hour]) -> dict[str, Any]:
    sums = {
        "commitment": sum((hour.commitment for hour in hours), Fraction(0)),
        "used": sum((hour.used for hour in hours), Fraction(0)),
        "unused": sum((hour.unused for hour in hours), Fraction(0)),
        "reserved_fees": sum((hour.reserved_fees for hour in hours), Fraction(0)),
        "on_demand": sum((hour.on_demand_cost for hour in hours), Fraction(0)),
        "charge": sum((hour.charge for hour in hours), Fraction(0)),
        "on_demand_equivalent": sum((hour.on_demand_equivalent for hour in hours), Fraction(0)),
    }
    left = sum((hour.eligible_left for hour in hours), Fraction(0))
    covered = sums["on_demand_equivalent"] - sums["on_demand"]
    ratios = {
        "coverage": _ratio("commitment_coverage", covered=covered, eligible=covered + left),
        "utilisation": _ratio(
            "commitment_utilisation", used=sums["used"], commitment=sums["commitment"]
        ),
        "effective_savings_rate": _ratio(
            "effective_savings_rate",
            actual=sums["charge"],
            on_demand_equivalent=sums["on_demand_equivalent"],
        ),
    }
    return {name: as_decimal(amount) for name, amount in sums.items()} | ratios


def _ratio(formula: str, **inputs: Fraction) -> Any:
    """The ratio; None where there is nothing to be a share of."""
    whole = formula_named(formula).symbols[1].name
    return as_decimal(formula_named(formula).evaluate(**inputs)) if inputs[whole] else None
