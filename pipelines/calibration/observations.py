"""What a calibration learns from: what a formula said of a closed month, and what it really took.

Quantities, not money: k = actual quantity / formula quantity has no unit, and a change of price is
no error of the formula. Errors of formulas are multiplicative, so they are measured as ln k. An
observation carries when it became known, so that a backtest sees what one could have seen then.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import cache

from pipelines.months import month_bounds

Unit = tuple[str, str, str, str]
"""What has a coefficient of its own: model, version, component, group."""


@dataclass(frozen=True)
class Observation:
    """One component of one version in one charge month. Instants are UTC without a zone."""

    month: str
    model: str
    version: str
    component: str
    group: str
    """The hardware and serving mode it is pooled by: versions of a group are alike."""
    formula: float
    """The quantity the formula said: GPU hours, GB-months, requests."""
    actual: float
    """The quantity of the closed month, in the same unit."""
    cost: float
    """What the actual quantity cost: the weight of a miss, and what makes units addable."""
    mfu: float | None
    """The MFU that the formula assumed; None: it has none."""
    known_at: datetime
    """When the month's figures were published."""
    is_hindsight: bool
    """The month was filled in later: it counts from its end, and a report says so."""
    utilisation: float | None = None
    """The utilisation that the formula assumed; None: it has none."""
    is_bound: bool = False
    """The formula is a least time: nothing can take less than it says."""
    volume: str = "ex_post"
    """`ex_post`: the measured volume was fed in; `ex_ante`: the forecast one. Never mixed."""

    @property
    def unit(self) -> Unit:
        """What the observation teaches about."""
        return self.model, self.version, self.component, self.group

    @property
    def k(self) -> float:
        """Actual by formula: 1.25 where a formula of 100 hours took 125."""
        return self.actual / self.formula

    @property
    def log_ratio(self) -> float:
        """Ln k: 0 where the formula was right, +0.22 where it took a quarter more."""
        return math.log(self.actual / self.formula)

    @property
    def said(self) -> str:
        """The observation named in a sentence: `search v2 inference 2026-03`."""
        return " ".join(part for part in (self.model, self.version, self.component) if part) + (
            f" {self.month}"
        )


def is_known(observation: Observation, origin: datetime) -> bool:
    """Whether it could be learnt from at an instant.

    A month is known when it is over and was published; one that was filled in later counts from
    its end, because its publication says nothing about when its bill came.
    """
    end = _end_of(observation.month)
    if observation.is_hindsight:
        return end <= origin
    return end <= origin and observation.known_at < origin


def as_known(observations: Iterable[Observation], origin: datetime) -> list[Observation]:
    """What was known at an instant: of a month published several times, the last one before it.

    A bill restated on 20 November does not change what one knew on 1 November.
    """
    found: dict[tuple[str, Unit], Observation] = {}
    for one in observations:
        if not is_known(one, origin):
            continue
        key = one.month, one.unit
        if key not in found or _is_later(one, found[key]):
            found[key] = one
    return sorted(found.values(), key=_order)


def latest(observations: Iterable[Observation]) -> list[Observation]:
    """What is known by now of each month: what forecasts are scored by."""
    found: dict[tuple[str, Unit], Observation] = {}
    for one in observations:
        key = one.month, one.unit
        if key not in found or _is_later(one, found[key]):
            found[key] = one
    return sorted(found.values(), key=_order)


@cache
def _end_of(month: str) -> datetime:
    """A replay asks it of every observation at every origin."""
    return month_bounds(month)[1]


def _is_later(one: Observation, other: Observation) -> bool:
    return one.known_at > other.known_at


def _order(one: Observation) -> tuple[str, Unit]:
    return one.month, one.unit
