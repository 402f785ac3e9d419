"""Bills in another currency than the plan's: at the plan's budget rate and at the actual one.

A cost meets a plan of another currency only where both rates are stated: the plan's own budget
rate, and an actual rate of the month. Neither is ever derived.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

from pipelines.prices.fx import FxKind, FxRates
from pipelines.variance.actual_terms import Billed


@dataclass(frozen=True)
class BudgetRates:
    """The rates into one plan's currency."""

    currency: str
    budget: Mapping[str, Decimal]
    """By currency of the bill."""
    actuals: FxRates
    kind: FxKind
    month: str

    @classmethod
    def of(
        cls, term: Mapping[str, Any], actuals: FxRates, kind: FxKind, month: str
    ) -> "BudgetRates":
        """Those of a term's plan, as core_prediction__spend has them."""
        stated = json.loads(term["fx_rates"] or "{}")
        return cls(
            term["currency"],
            {name: Decimal(rate) for name, rate in stated.items()} | {term["currency"]: Decimal(1)},
            actuals,
            kind,
            month,
        )

    def why_not(self, currency: str) -> str | None:
        """Why a bill in this currency cannot be compared with the plan; None: it can."""
        if currency == self.currency:
            return None
        if currency not in self.budget:
            return f"the plan states no budget rate of {currency}"
        if self.actuals.rate(currency, self.currency, self.kind, self.month) is None:
            return self.actuals.why_not(currency, self.currency, self.kind, self.month)
        return None

    def at_budget(self, amounts: Iterable[tuple[str, Decimal]]) -> Fraction:
        """Amounts by currency in the plan's, at budget rates."""
        return sum(
            (Fraction(amount) * Fraction(self.budget[name]) for name, amount in amounts),
            Fraction(0),
        )

    def actual(self, parts: Iterable[Billed]) -> Fraction:
        """What parts of a bill cost in the plan's currency, at the month's rates."""
        return sum((Fraction(part.cost) * self._rate(part.currency) for part in parts), Fraction(0))

    def single(self, currencies: Iterable[str]) -> tuple[Decimal, Decimal] | None:
        """Budget and actual rate where the bill is in one other currency alone."""
        names = set(currencies)
        if len(names) != 1 or names == {self.currency}:
            return None
        (name,) = names
        actual = self.actuals.rate(name, self.currency, self.kind, self.month)
        return None if actual is None else (self.budget[name], actual)

    def _rate(self, currency: str) -> Fraction:
        rate = self.actuals.rate(currency, self.currency, self.kind, self.month)
        return Fraction(rate if rate is not None else self.budget[currency])
