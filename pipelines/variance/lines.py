"""A row of the comparison in the making, and the rows of costs that are listed and not compared."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

from pipelines.money import as_decimal, plain
from pipelines.months import days_in_month
from pipelines.prediction.volumes import Volumes
from pipelines.prices.fx import FxKind, FxRates
from pipelines.variance.actual_terms import Billed, Key, added
from pipelines.variance.drivers import Driver

Term = Mapping[str, Any]
"""A row of core_prediction__spend."""

Plans = Mapping[tuple[str, str], Sequence[Term]]
"""The terms in force of each model version."""


@dataclass(frozen=True)
class TermLine:
    """One row of the comparison, and the variances of its difference."""

    row: dict[str, Any]
    drivers: Sequence[Driver] = ()


@dataclass(frozen=True)
class ComparedMonth:
    """What all terms of a month share."""

    month: str
    days_covered: int
    rates: FxRates
    rate_kind: FxKind
    volumes: Volumes

    @property
    def days(self) -> int:
        """28 to 31."""
        return days_in_month(self.month)

    @property
    def part(self) -> Fraction:
        """How much of a full month is compared."""
        return Fraction(self.days_covered, self.days)

    def prorated(self, quantity: Decimal | None) -> Decimal | None:
        """A full month's quantity, of the days compared."""
        return None if quantity is None else as_decimal(Fraction(quantity) * self.part)


def not_comparable(reason: str) -> dict[str, Any]:
    """The columns that say so."""
    return {"status": "not_comparable", "reason": reason}


def listed(part: Billed, reason: str, **more: Any) -> dict[str, Any]:
    """A row of a cost that is listed and not compared."""
    model, version, component, element, _ = part.key
    return {
        "plan": "",
        "model": model,
        "model_version": version,
        "component": component,
        "element": element,
        "unit": part.unit,
        "currency": part.currency,
        "actual_cost": part.cost,
        "actual_quantity": part.quantity,
        **not_comparable(reason),
        **more,
    }


def by_currency(parts: Iterable[Billed]) -> list[Billed]:
    """Parts as one per term and currency."""
    groups: dict[tuple[Key, str], list[Billed]] = defaultdict(list)
    for part in parts:
        groups[part.key, part.currency].append(part)
    return [added(groups[name]) for name in sorted(groups)]


def of_other_month(charge_month: str, cost: Decimal, currency: str) -> str:
    """Why a correction is not compared in the month that bills it."""
    return (
        f"{plain(cost)} {currency} of charge month {charge_month}, not of this one: "
        "see that month's plan"
    )
