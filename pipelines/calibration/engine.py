"""One calibration from beginning to end: fit, replay, judge, and say what was found.

This is the articles' "trained, evaluated on a test set, adjusted, then monitored": the fit, the
rolling-origin report, the gate, and the watch of `drift`.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime

from pipelines.calibration.acceptance import Verdict, judge
from pipelines.calibration.backtest import HORIZONS, LEAST_MONTHS, Misses, backtest
from pipelines.calibration.baselines import BASELINES, CALIBRATED
from pipelines.calibration.coefficients import Coefficient, Fitted, Predecessors, fit
from pipelines.calibration.conformal import half_width
from pipelines.calibration.guards import Rejection, cautions, checked
from pipelines.calibration.metrics import Forecast, by_model, intervals, score
from pipelines.calibration.observations import Observation, as_known, is_known

Metric = Mapping[str, str | int | float | None]


@dataclass(frozen=True)
class Calibration:
    """What was learnt at an origin, and how it did on months that it had not seen."""

    fitted: Fitted
    coefficients: tuple[Coefficient, ...]
    """All of them, with their intervals, whatever the gate said."""
    verdicts: tuple[Verdict, ...]
    metrics: tuple[Metric, ...]
    forecasts: tuple[Forecast, ...]
    total_half_width: float | None
    """The 80 % width of the month's whole cost, from misses of the whole."""
    notes: tuple[str, ...]
    """What a reader has to know beside the verdicts: hindsight, cautions, drift."""

    @property
    def is_accepted(self) -> bool:
        """Whether the coefficients of at least one component may be used."""
        return any(one.is_accepted for one in self.verdicts)

    @property
    def usable(self) -> tuple[Coefficient, ...]:
        """The coefficients of the components that the gate accepted."""
        accepted = {one.component for one in self.verdicts if one.is_accepted}
        return tuple(one for one in self.coefficients if one.component in accepted)

    @property
    def rejected(self) -> tuple[Rejection, ...]:
        """The observations that no coefficient was fitted to."""
        return self.fitted.rejected

    @property
    def verdict(self) -> tuple[str, ...]:
        """Everything to say, in sentences."""
        return (*(said for one in self.verdicts for said in one.said), *self.notes)


def calibrate(
    observations: Iterable[Observation],
    origin: datetime,
    predecessors: Predecessors | None = None,
    least_months: int = LEAST_MONTHS,
    horizons: Sequence[int] = HORIZONS,
) -> Calibration:
    """The calibration of what was known before an instant (UTC, without zone).

    `observations` may hold several publications of one month, and later ones: nothing that became
    known at or after the origin is seen, neither by the fit nor by the scores.

    Raises:
        CalibrationRefused: ex-ante and ex-post observations are mixed.
    """
    seen = [one for one in observations if is_known(one, origin)]
    known = as_known(seen, origin)
    fitted = fit(known, predecessors)
    forecasts = backtest(seen, predecessors, least_months, horizons)
    misses = Misses(forecasts, known, fitted)
    components = sorted({one.component for one in fitted.coefficients})
    return Calibration(
        fitted=fitted,
        coefficients=tuple(_with_width(one, misses) for one in fitted.coefficients),
        verdicts=tuple(judge(component, forecasts, least_months) for component in components),
        metrics=tuple(metrics(forecasts, components, horizons)),
        forecasts=tuple(forecasts),
        total_half_width=half_width(total_misses(forecasts)),
        notes=tuple(_notes(known, fitted, misses)),
    )


def metrics(
    forecasts: Sequence[Forecast], components: Sequence[str], horizons: Sequence[int]
) -> list[Metric]:
    """A row per component, horizon and method, then one per model, each with all its measures."""
    rows: list[Metric] = []
    for component in components:
        for horizon in horizons:
            of = [
                one
                for one in forecasts
                if one.outcome.component == component and one.horizon == horizon
            ]
            where: dict[str, str | int | float | None] = {
                "component": component,
                "model": "",
                "horizon": horizon,
            }
            rows += [where | _row(of, method) for method in (CALIBRATED, *BASELINES)]
            rows += [
                where | {"model": model} | asdict(scored)
                for model, scored in by_model(of, CALIBRATED).items()
            ]
    return rows


def total_misses(forecasts: Iterable[Forecast]) -> list[float]:
    """|ln(cost / predicted cost)| of each month's whole, of the forecasts of the month ahead."""
    months: dict[str, tuple[float, float]] = {}
    for one in forecasts:
        predicted = one.predictions[CALIBRATED]
        if one.horizon == 1 and predicted is not None:
            cost, said = months.get(one.outcome.month, (0.0, 0.0))
            months[one.outcome.month] = cost + one.outcome.cost, said + predicted * one.price
    return [
        abs(math.log(cost / said)) for _, (cost, said) in sorted(months.items()) if cost and said
    ]


def _row(forecasts: Sequence[Forecast], method: str) -> dict[str, str | int | float | None]:
    row = asdict(score(forecasts, method))
    if method == CALIBRATED:
        held = intervals(forecasts)
        row |= {
            "intervals": held.n,
            "coverage": held.coverage,
            "mean_width": held.mean_width,
            "pinball": held.pinball,
        }
    return row


def _with_width(coefficient: Coefficient, misses: Misses) -> Coefficient:
    width, said = misses.half_width(coefficient.component, coefficient.group)
    return replace(coefficient, half_width=width, said=f"{coefficient.said}; {said}")


def _notes(known: Sequence[Observation], fitted: Fitted, misses: Misses) -> list[str]:
    notes = []
    hindsight = sum(one.is_hindsight for one in known)
    if hindsight:
        notes.append(
            f"{hindsight} of {len(known)} observations are of months filled in later: the backtest "
            "takes them as known from their end."
        )
    notes += [
        f"{spread.component} {spread.group}: the last three months missed on the same side by more "
        "than a sigma each: the calibration drifts."
        for spread in fitted.spreads
        if misses.is_drifting(spread.component, spread.group)
    ]
    return notes + cautions(checked(known)[0])
