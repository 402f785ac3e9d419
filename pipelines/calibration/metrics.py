"""How far forecasts were off, in money and in the words of forecasters.

Quantities of different components have no common unit, so a miss is counted in money at the price
that was really paid: miss = (predicted - actual) x cost / actual. A positive bias predicted too
much.

    WAPE        sum of |misses| / sum of costs: the headline; a month weighs what it cost
    bias        sum of misses / sum of costs
    MASE        mean |miss| / mean miss of "as the month before" on the months known at the origin;
                below 1 beats it
    MAPE        mean of |miss| / cost, only over costs above a floor
    sMAPE       mean of 200 |miss| / (predicted + actual): between 0 and 200 by its making
    coverage    share of actuals within their 80 % interval, where there was one
    mean width  of those intervals, as a share of the prediction
    pinball     mean loss of the intervals' two ends as 10 % and 90 % quantiles, by mean cost
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from scipy import stats

from pipelines.calibration.baselines import CALIBRATED
from pipelines.calibration.conformal import ALPHA
from pipelines.calibration.observations import Observation, Unit

MAPE_FLOOR: Final = 1.0
"""Money: a percentage of less than this says nothing."""


@dataclass(frozen=True)
class Forecast:
    """One month of one unit as it would have been predicted at an origin."""

    origin: str
    """The month at whose first instant it was made."""
    horizon: int
    """1: the month that begins at the origin; 3: the second after it."""
    outcome: Observation
    predictions: dict[str, float | None]
    """The quantity by each method; None: the method could not say."""
    level: str
    """Whose coefficient it was: version, model or group; '' where there was none."""
    half_width: float | None
    naive_error: float | None

    @property
    def unit(self) -> Unit:
        """What was predicted."""
        return self.outcome.unit

    @property
    def price(self) -> float:
        """What one unit of the quantity cost in the end."""
        return self.outcome.cost / self.outcome.actual

    def miss(self, method: str) -> float | None:
        """Predicted - actual, in money."""
        predicted = self.predictions[method]
        return None if predicted is None else (predicted - self.outcome.actual) * self.price

    def log_miss(self, method: str = CALIBRATED) -> float | None:
        """ln(actual / predicted)."""
        predicted = self.predictions[method]
        return None if predicted is None else math.log(self.outcome.actual / predicted)

    @property
    def is_held(self) -> bool | None:
        """Whether the actual lay within the interval; None: there was none."""
        miss = self.log_miss()
        if miss is None or self.half_width is None:
            return None
        return abs(miss) <= self.half_width


@dataclass(frozen=True)
class Score:
    """One method over some forecasts. None: nothing to tell it by."""

    method: str
    n: int
    wape: float | None
    bias: float | None
    mase: float | None
    mape: float | None
    smape: float | None


@dataclass(frozen=True)
class Intervals:
    """How the 80 % intervals of some forecasts held."""

    n: int
    held: int
    coverage: float | None
    low: float | None
    """The 95 % confidence interval of the coverage (Clopper and Pearson)."""
    high: float | None
    mean_width: float | None
    pinball: float | None


def score(forecasts: Sequence[Forecast], method: str) -> Score:
    """A method over the forecasts that it made."""
    made = [(one, miss) for one in forecasts if (miss := one.miss(method)) is not None]
    spent = sum(one.outcome.cost for one, _ in made)
    scaled = [
        abs(miss) / (one.naive_error * one.price)
        for one, miss in made
        if one.naive_error and one.price
    ]
    large = [abs(miss) / one.outcome.cost for one, miss in made if one.outcome.cost > MAPE_FLOOR]
    both = [(one.predictions[method] or 0.0, one.outcome.actual) for one, _ in made]
    return Score(
        method=method,
        n=len(made),
        wape=sum(abs(miss) for _, miss in made) / spent if spent else None,
        bias=sum(miss for _, miss in made) / spent if spent else None,
        mase=_mean(scaled),
        mape=_mean(large),
        smape=_mean([200 * abs(said - took) / (said + took) for said, took in both]),
    )


def together(forecasts: Sequence[Forecast], method: str, other: str) -> tuple[Score, Score]:
    """Two methods over the forecasts that both made: anything else compares different months."""
    both = [
        one
        for one in forecasts
        if one.predictions[method] is not None and one.predictions[other] is not None
    ]
    return score(both, method), score(both, other)


def by_model(forecasts: Sequence[Forecast], method: str) -> dict[str, Score]:
    """A method's score on each model, in the order of their names."""
    return {
        model: score([one for one in forecasts if one.outcome.model == model], method)
        for model in sorted({one.outcome.model for one in forecasts})
    }


def intervals(forecasts: Sequence[Forecast]) -> Intervals:
    """How the intervals held, where there were any."""
    made = [one for one in forecasts if one.is_held is not None]
    held = sum(bool(one.is_held) for one in made)
    if not made:
        return Intervals(0, 0, None, None, None, None, None)
    sure = stats.binomtest(held, len(made)).proportion_ci(0.95)
    spent = sum(one.outcome.cost for one in made)
    return Intervals(
        n=len(made),
        held=held,
        coverage=held / len(made),
        low=float(sure.low),
        high=float(sure.high),
        mean_width=_mean([2 * math.sinh(one.half_width or 0.0) for one in made]),
        pinball=sum(_pinball(one) for one in made) / spent if spent else None,
    )


def _pinball(forecast: Forecast) -> float:
    """The mean loss of both ends of an interval, in money."""
    predicted, width = forecast.predictions[CALIBRATED] or 0.0, forecast.half_width or 0.0
    tail = float(ALPHA / 2)
    loss = 0.0
    for share, end in ((tail, -width), (1 - tail, width)):
        over = (forecast.outcome.actual - predicted * math.exp(end)) * forecast.price
        loss += max(share * over, (share - 1) * over)
    return loss / 2


def _mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None
