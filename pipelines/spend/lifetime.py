"""What a version has cost since its first run: derived on reading, never stored, added to no month.

Every published month is read as it stands now; a charge counts in its charge month, so a later
correction belongs to the month it corrects. A version's own making is its training and update cost;
what the model it was made from had cost is that version's, and is not counted again.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from fractions import Fraction

import polars as pl

from pipelines.contracts import COMPONENTS
from pipelines.money import EXACT
from pipelines.prediction.volumes import measured_volumes

MAKING = ("training", "update")
_ZERO = Decimal(0)


@dataclass(frozen=True)
class LivedMonth:
    """The tables of one publication that a life is read from, each in its contract's columns."""

    month: str
    model_months: pl.DataFrame
    unit_costs: pl.DataFrame
    runs: pl.DataFrame
    variance: pl.DataFrame


@dataclass
class LifeMonth:
    """What happened to a version in a charge month."""

    costs: dict[str, Decimal] = field(default_factory=lambda: dict.fromkeys(COMPONENTS, _ZERO))
    """Effective cost by component."""
    is_billed: bool = False
    """Whether any bill has it: what was only planned has cost nothing yet, which is no 0.00."""
    requests: Fraction | None = None
    """Served, as logs measured them; None where no log tells."""
    predicted: Decimal | None = None
    """By the plan, for what could be compared and what it did not mention; None: nothing could."""
    compared: Decimal | None = None
    """What that cost."""

    @property
    def total(self) -> Decimal:
        """Of all components."""
        return _sum(self.costs.values())

    @property
    def making(self) -> Decimal:
        """Training and update."""
        return _sum(self.costs[name] for name in MAKING)

    def add(self, other: "LifeMonth") -> None:
        """Add another month to it."""
        for name, cost in other.costs.items():
            self.costs[name] = EXACT.add(self.costs[name], cost)
        self.is_billed = self.is_billed or other.is_billed
        if other.requests is not None:
            self.requests = (self.requests or Fraction(0)) + other.requests
        if other.predicted is not None and other.compared is not None:
            self.predicted = EXACT.add(self.predicted or _ZERO, other.predicted)
            self.compared = EXACT.add(self.compared or _ZERO, other.compared)


@dataclass
class Life:
    """A version's life so far, in one currency."""

    model: str
    model_version: str
    currency: str
    first_run: datetime | None = None
    """The start of its first run that a published month knows."""
    months: dict[str, LifeMonth] = field(default_factory=lambda: defaultdict(LifeMonth))

    @property
    def so_far(self) -> LifeMonth:
        """All its months added up."""
        found = LifeMonth()
        for month in self.months.values():
            found.add(month)
        return found


def lives(months: Sequence[LivedMonth], model: str | None = None) -> list[Life]:
    """The life of every version, by model, version and currency.

    1,000 of training in July and 50 of inference with 2M requests in each of two months since is a
    cost of 1,100 so far, and 0.25 of training per 1,000 requests.
    """
    found: dict[tuple[str, str, str], Life] = {}

    def life(name: str, version: str, currency: str) -> Life:
        key = name, version, currency
        return found.setdefault(key, Life(*key))

    def wanted(frame: pl.DataFrame) -> pl.DataFrame:
        named = pl.col("model") != "" if model is None else pl.col("model") == model
        return frame.filter(named)

    starts: dict[tuple[str, str], datetime] = {}
    for each in months:
        spend = wanted(each.model_months).filter(pl.col("component").is_in(COMPONENTS))
        for row in spend.iter_rows(named=True):
            own = life(row["model"], row["model_version"], row["currency"])
            own.months[row["charge_month"]].is_billed = True
            costs = own.months[row["charge_month"]].costs
            costs[row["component"]] = EXACT.add(costs[row["component"]], row["effective_cost"])
        compared = wanted(each.variance).filter(
            (pl.col("kind") == "plan") & (pl.col("status") != "not_comparable")
        )
        for row in compared.iter_rows(named=True):
            own = life(row["model"], row["model_version"], row["currency"])
            own.months[row["charge_month"]].add(
                LifeMonth(predicted=row["predicted_cost"] or _ZERO, compared=row["actual_cost"])
            )
        for row in wanted(each.runs).iter_rows(named=True):
            made = row["model"], row["model_version"]
            starts[made] = min(row["started_at"], starts.get(made, row["started_at"]))
    for each in months:
        for (name, version), volumes in measured_volumes(wanted(each.unit_costs)).items():
            for own in found.values():
                if (own.model, own.model_version) == (name, version) and "requests" in volumes:
                    own.months[each.month].requests = volumes["requests"]
    for own in found.values():
        own.first_run = starts.get((own.model, own.model_version))
    return [found[key] for key in sorted(found)]


def _sum(amounts: Iterable[Decimal]) -> Decimal:
    total = _ZERO
    for amount in amounts:
        total = EXACT.add(total, amount)
    return total
