"""A calibration replayed: at each month's first instant, fit what was known and predict what came.

Rolling origin, one month a step, horizons 1 and 3. At an origin only what had been published before
it is seen, in the state it then had: a bill restated afterwards changes the outcome that a forecast
is scored by, never the forecast. Its interval comes from the misses that had shown by then.

The month that has just ended is seldom known at its end, because bills settle for two weeks; then a
forecast of the next month is made without it, as it would be in earnest.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Final

from pipelines.calibration.baselines import CALIBRATED, baselines, naive_error
from pipelines.calibration.coefficients import Fitted, Predecessors, fit
from pipelines.calibration.conformal import ALPHA, adapted, half_width, nearest_width
from pipelines.calibration.drift import run_rule
from pipelines.calibration.guards import checked
from pipelines.calibration.metrics import Forecast
from pipelines.calibration.observations import Observation, Unit, as_known, latest
from pipelines.months import month_bounds, months_between, next_month

LEAST_MONTHS: Final = 3
HORIZONS: Final = (1, 3)


def backtest(
    observations: Iterable[Observation],
    predecessors: Predecessors | None = None,
    least_months: int = LEAST_MONTHS,
    horizons: Sequence[int] = HORIZONS,
) -> list[Forecast]:
    """Every forecast that could have been made, by origin, horizon and unit.

    Months before which fewer than `least_months` were known are not predicted.

    Raises:
        CalibrationRefused: as for `coefficients.fit`.
    """
    given = list(observations)
    outcomes: dict[str, list[Observation]] = defaultdict(list)
    for one in checked(latest(given))[0]:
        outcomes[one.month].append(one)
    if not outcomes:
        return []
    forecasts: list[Forecast] = []
    for origin in months_between(min(outcomes), max(outcomes)):
        begins, _ = month_bounds(origin)
        known, _ = checked(as_known(given, begins))
        if len({one.month for one in known}) < least_months:
            continue
        at_origin = _Origin(origin, known, fit(known, predecessors), forecasts)
        for horizon in horizons:
            month = _later(origin, horizon - 1)
            forecasts += [at_origin.forecast(horizon, one) for one in outcomes.get(month, [])]
    return forecasts


@dataclass(frozen=True)
class _Miss:
    month: str
    log_ratio: float
    """ln(actual / predicted) by the figures known at the origin."""
    is_held: bool | None
    """Whether it lay within the interval it was predicted with; None: there was none."""


class Misses:
    """What forecasts of the month ahead missed, by what was known at an instant."""

    def __init__(
        self, forecasts: Iterable[Forecast], known: Iterable[Observation], fitted: Fitted
    ) -> None:
        shown = {(one.month, one.unit): one for one in known}
        self.sigma = {(one.component, one.group): one.months for one in fitted.spreads}
        self.found: dict[tuple[str, str], list[_Miss]] = defaultdict(list)
        for forecast in forecasts:
            actual = shown.get((forecast.outcome.month, forecast.unit))
            predicted = forecast.predictions[CALIBRATED]
            if forecast.horizon != 1 or actual is None or predicted is None:
                continue
            k = predicted / forecast.outcome.formula
            missed = actual.log_ratio - math.log(k)
            width = forecast.half_width
            held = None if width is None else abs(missed) <= width
            self.found[actual.component, actual.group].append(_Miss(actual.month, missed, held))

    def half_width(self, component: str, group: str) -> tuple[float | None, str]:
        """The 80 % width of a group, else of its component, and in words what it is of.

        Where the group drifts, its alpha is the one that its last intervals' misses led to.
        """
        own = self.found.get((component, group), [])
        wide = [
            miss
            for (of, _), misses in sorted(self.found.items())
            if of == component
            for miss in misses
        ]
        alpha, said = ALPHA, ""
        if self.is_drifting(component, group):
            alpha = adapted([miss.is_held for miss in own if miss.is_held is not None])
            said = "; widened, because its misses drift"
        pools = [[abs(miss.log_ratio) for miss in pool] for pool in (own, wide)]
        width, pool = nearest_width(pools, alpha)
        if width is None and half_width(pools[-1]) is not None:
            return None, (
                f"no interval: its misses drift, and too many of its last intervals failed for "
                f"{len(wide)} earlier misses to tell one that holds"
            )
        if width is None:
            return None, f"not enough history for an interval ({len(wide)} earlier misses)"
        if pool == 0:
            return width, f"interval of its group's {len(own)} earlier misses{said}"
        return width, (
            f"interval of the {len(wide)} earlier misses of {component}: its group has "
            f"{len(own)}{said}"
        )

    def is_drifting(self, component: str, group: str) -> bool:
        """Whether the group's last three months missed on one side, each by more than a sigma."""
        by_month: dict[str, list[float]] = defaultdict(list)
        for miss in self.found.get((component, group), []):
            by_month[miss.month].append(miss.log_ratio)
        sigma = self.sigma.get((component, group))
        if sigma is None:
            return False
        return run_rule([fmean(by_month[month]) / sigma for month in sorted(by_month)])


class _Origin:
    """What is known at one origin, ready to predict."""

    def __init__(
        self,
        origin: str,
        known: Sequence[Observation],
        fitted: Fitted,
        earlier: Sequence[Forecast],
    ) -> None:
        self.origin, self.fitted = origin, fitted
        self.misses = Misses(earlier, known, fitted)
        self.widths: dict[tuple[str, str], float | None] = {}
        self.history: dict[Unit, list[Observation]] = defaultdict(list)
        for one in known:
            self.history[one.unit].append(one)

    def _half_width(self, component: str, group: str) -> float | None:
        """Looked for once per group, as all its forecasts share it."""
        if (component, group) not in self.widths:
            self.widths[component, group] = self.misses.half_width(component, group)[0]
        return self.widths[component, group]

    def forecast(self, horizon: int, outcome: Observation) -> Forecast:
        coefficient = self.fitted.coefficient_for(outcome.unit)
        calibrated = None if coefficient is None else coefficient.k * outcome.formula
        history = self.history.get(outcome.unit, [])
        width = None
        if coefficient is not None:
            width = self._half_width(outcome.component, outcome.group)
        return Forecast(
            origin=self.origin,
            horizon=horizon,
            outcome=outcome,
            predictions={
                CALIBRATED: calibrated,
                **baselines(history, outcome.month, outcome.formula),
            },
            level="" if coefficient is None else coefficient.level,
            half_width=width,
            naive_error=naive_error(history),
        )


def _later(month: str, steps: int) -> str:
    for _ in range(steps):
        month = next_month(month)
    return month
