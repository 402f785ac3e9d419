"""A population of training runs: how well hours are told by FLOP where one has no history yet.

Every run is predicted from the others alone (leave one out), by three candidates that are scored
alike: the median MFU of the run's chip, which is what anybody would do; the robust coefficient of
the chip, drawn to that of all chips, the same engine that closed months are fitted with; and the
same at the point of least relative error. The last is what a score by |predicted / actual - 1|
asks for: such an error has no bound upwards and 100 % downwards, so that its best point lies below
the middle.

The candidate that did best over the runs is no honest answer to how well hours are told, because it
was picked by the runs it is scored on. What is held against the baseline is therefore a rule: of
the other runs, each predicted from the rest of them, take the candidate with the least median
error, and predict the run with that one. The run has no say in how it is predicted.
"""

import math
import statistics
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from scipy.stats import binomtest

from pipelines.calibration.coefficients import Coefficient, Fitted, fit
from pipelines.calibration.guards import problem_of
from pipelines.calibration.observations import Observation
from pipelines.calibration.runs import RejectedRun, TrainingRun, read_runs
from pipelines.errors import SettingsInvalid

FEWEST_OF_A_CHIP: Final = 3
"""With fewer other runs of its chip, a run is predicted by the median of all chips."""

BASELINE: Final = "median_mfu_of_chip"
SHRUNK: Final = "shrunk"
LEAST_RELATIVE: Final = "shrunk_least_relative_error"
CANDIDATES: Final = (BASELINE, SHRUNK, LEAST_RELATIVE)
CHOSEN: Final = "chosen_by_the_other_runs"
PREDICTORS: Final = (*CANDIDATES, CHOSEN)

SAID_AS: Final[Mapping[str, str]] = {
    BASELINE: "the median MFU of the chip",
    SHRUNK: "the shrunk coefficient",
    LEAST_RELATIVE: "the point of least relative error",
}

MOST_FITS: Final = 3000
"""About so many fits are spent on choosing over a whole file: of many runs not every one is asked
which candidate tells it best, but every second, every third."""
FEWEST_ASKED: Final = 10

_OVER: Final = {
    "not_leaked": "runs whose FLOP were not estimated from the hardware",
    "earlier": "runs that have enough earlier ones, each predicted from those alone",
}
_NOT_BY_CHANCE: Final = 0.05
_ROUNDS_TO_NOTHING: Final = 0.005
_TIE: Final = 1e-9
_COMPONENT, _EVERY = "training", "all"


@dataclass(frozen=True)
class Prediction:
    """What one predictor said of one run, from the others alone."""

    run: TrainingRun
    predictor: str
    hours: float
    candidate: str = ""
    """Which one the other runs chose; '' where nothing was chosen."""

    @property
    def error(self) -> float:
        """|predicted / actual - 1|."""
        return abs(self.hours / self.run.chip_hours - 1)

    @property
    def log_error(self) -> float:
        """|ln(predicted / actual)|: twice too much is as bad as half."""
        return abs(math.log(self.hours / self.run.chip_hours))


@dataclass(frozen=True)
class Score:
    """How one predictor did over some of the runs."""

    over: str
    """`all`; `not_leaked`, those whose FLOP tell nothing of their hours; `earlier`, each run
    predicted from runs published before it."""
    predictor: str
    runs: int
    median_error: float
    p90_error: float
    """The smallest error that nine in ten runs do not exceed."""
    mean_log_error: float
    closer: int
    """Runs to which it was closer than the baseline."""
    farther: int


@dataclass(frozen=True)
class Population:
    """What the runs of a file teach, and how well."""

    kept: tuple[TrainingRun, ...]
    rejected: tuple[RejectedRun, ...]
    coefficients: tuple[Coefficient, ...]
    predictions: tuple[tuple[Prediction, ...], ...]
    """Of each run one by each predictor."""
    scores: tuple[Score, ...]
    verdict: tuple[str, ...]


def population(text: str, file: str) -> Population:
    """What the runs in a CSV text teach, every one predicted from the others.

    Raises:
        SettingsInvalid: the columns needed are not there, or too few rows can be used.
    """
    runs, rejected = read_runs(text, file)
    kept: list[TrainingRun] = []
    for run in runs:
        problem = problem_of(_observation(run))
        if problem is None:
            kept.append(run)
        else:
            rejected.append(RejectedRun(run.run, run.chip, run.mfu, problem))
    if len(kept) <= FEWEST_OF_A_CHIP:
        said = "; ".join(f"{one.run}: {one.reason}" for one in rejected) or "none was rejected"
        problem = f"{len(kept)} runs can be used, more than {FEWEST_OF_A_CHIP} are needed ({said})"
        raise SettingsInvalid(file, [problem])
    others = _Others(kept)
    everything = [
        others.predicted(run, [other for other in kept if other is not run]) for run in kept
    ]
    not_leaked = [one for one in everything if not one[0].run.is_leaked]
    if len(not_leaked) == len(everything):
        not_leaked = []  # the same runs, nothing to tell apart
    earlier = [
        others.predicted(run, before)
        for run in kept
        if run.published
        and len(before := [other for other in kept if "" < other.published < run.published])
        > FEWEST_OF_A_CHIP
    ]
    scores = [
        score
        for over, found in (("all", everything), ("not_leaked", not_leaked), ("earlier", earlier))
        for score in _scores(over, found)
    ]
    return Population(
        kept=tuple(kept),
        rejected=tuple(rejected),
        coefficients=fit(map(_observation, kept)).coefficients,
        predictions=tuple(everything),
        scores=tuple(scores),
        verdict=tuple(_verdict(scores, everything)),
    )


def _against(ours: Score, base: Score) -> str:
    return (
        f"median error {_percent(ours.median_error)} against {_percent(base.median_error)}, nine "
        f"in ten within {_percent(ours.p90_error)} against {_percent(base.p90_error)}"
    )


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def _observation(run: TrainingRun) -> Observation:
    """The run as the engine sees a month: the formula is 6ND at an MFU of 1, the chip the model."""
    return Observation(
        month=run.published[:7],
        model=run.chip,
        version=_EVERY,
        component=_COMPONENT,
        group=_EVERY,
        formula=run.least_hours,
        actual=run.chip_hours,
        cost=run.chip_hours,
        mfu=1.0,
        known_at=datetime.min,  # noqa: DTZ901 -- a run's own date decides which runs are earlier
        is_hindsight=False,
    )


class _Others:
    """Predicts each run of a file from other ones, and lets those choose how."""

    def __init__(self, kept: Sequence[TrainingRun]) -> None:
        self.asked = max(FEWEST_ASKED, MOST_FITS // len(kept))
        self.place = {id(run): at for at, run in enumerate(kept)}
        self.fitted: dict[frozenset[int], Fitted] = {}

    def predicted(self, run: TrainingRun, others: Sequence[TrainingRun]) -> tuple[Prediction, ...]:
        """What each candidate says of a run, and what the one says that the others chose."""
        told = self._candidates(run, others)
        name = self._choice(others)
        hours = next(one.hours for one in told if one.predictor == name)
        return *told, Prediction(run, CHOSEN, hours, name)

    def _choice(self, runs: Sequence[TrainingRun]) -> str:
        """The candidate with the least median error over runs, each predicted from the rest.

        Of equal ones the first of CANDIDATES, which is the plainest.
        """
        step = -(-len(runs) // self.asked)
        told = [
            self._candidates(run, [other for other in runs if other is not run])
            for run in runs[::step]
        ]
        errors = [
            statistics.median(of_run[at].error for of_run in told) for at in range(len(CANDIDATES))
        ]
        return CANDIDATES[errors.index(min(errors))]

    def _candidates(
        self, run: TrainingRun, others: Sequence[TrainingRun]
    ) -> tuple[Prediction, ...]:
        """What each candidate says of a run, having seen the others."""
        fitted = self._fit(others)

        def shrunk(one: TrainingRun) -> float:
            found = fitted.coefficient_for((one.chip, _EVERY, _COMPONENT, _EVERY))
            return one.least_hours * found.k if found else math.nan  # the group is always there

        of_chip = [other.mfu for other in others if other.chip == run.chip]
        if len(of_chip) < FEWEST_OF_A_CHIP:
            of_chip = [other.mfu for other in others]
        hours = {
            BASELINE: run.least_hours / statistics.median(of_chip),
            SHRUNK: shrunk(run),
            LEAST_RELATIVE: shrunk(run)
            * _least_relative([other.chip_hours / shrunk(other) for other in others]),
        }
        return tuple(Prediction(run, name, hours[name]) for name in CANDIDATES)

    def _fit(self, runs: Sequence[TrainingRun]) -> Fitted:
        """The fit of some runs; leaving out one and then another is the same either way."""
        key = frozenset(self.place[id(run)] for run in runs)
        if key not in self.fitted:
            self.fitted[key] = fit(map(_observation, runs))
        return self.fitted[key]


def _least_relative(ratios: Sequence[float]) -> float:
    """The factor c on a prediction p that minimises the sum of |c p / a - 1|, of ratios a / p.

    It is the median of the ratios weighted by their reciprocals: of 1, 2 and 4, weighted 1, 1/2 and
    1/4, it is 1, where the plain median is 2.
    """
    ordered = sorted(ratios)
    half = sum(1 / one for one in ordered) / 2
    at = 0.0
    for one in ordered:
        at += 1 / one
        if at >= half:
            return one
    return ordered[-1]


def _scores(over: str, found: Sequence[tuple[Prediction, ...]]) -> list[Score]:
    """The score of each predictor over some of the runs; none over none."""
    if not found:
        return []
    by_name = {name: [of_run[i] for of_run in found] for i, name in enumerate(PREDICTORS)}
    base = by_name[BASELINE]
    made = []
    for name, predictions in by_name.items():
        errors = sorted(one.error for one in predictions)
        gains = [b.log_error - one.log_error for one, b in zip(predictions, base, strict=True)]
        made.append(
            Score(
                over=over,
                predictor=name,
                runs=len(errors),
                median_error=statistics.median(errors),
                p90_error=errors[math.ceil(0.9 * len(errors)) - 1],
                mean_log_error=statistics.fmean(one.log_error for one in predictions),
                closer=sum(gain > 0 for gain in gains),
                farther=sum(gain < 0 for gain in gains),
            )
        )
    return made


def _verdict(scores: Sequence[Score], everything: Sequence[tuple[Prediction, ...]]) -> list[str]:
    """Who wins, in sentences that say it either way."""
    by_key = {(one.over, one.predictor): one for one in scores}
    base, ours = by_key["all", BASELINE], by_key["all", CHOSEN]
    told = _against(ours, base)
    better = (
        ours.median_error < base.median_error - _TIE,
        ours.p90_error < base.p90_error - _TIE,
    )
    name = SAID_AS[BASELINE]
    if all(better):
        said = [f"Calibration beats {name} out of sample over {ours.runs} runs: {told}."]
    elif any(better):
        said = [f"Calibration does not clearly beat {name} over {ours.runs} runs: {told}."]
    else:
        said = [f"Calibration is no better than {name} over {ours.runs} runs: {told}."]
    chosen = Counter(one.candidate for of_run in everything for one in of_run if one.candidate)
    counts = ", ".join(f"{SAID_AS[one]} for {chosen[one]}" for one in CANDIDATES if chosen[one])
    said.append(
        "Calibration here is a rule: each run is predicted by the candidate with the least median "
        f"error over the others, {counts}. The candidates themselves were made with public runs "
        "in view."
    )
    said += _picked_afterwards(by_key, ours)
    said.append(
        "By |ln(predicted / actual)|, to which twice is as bad as half, the means are "
        + ", ".join(
            f"{by_key['all', one].mean_log_error:.3f} for {SAID_AS[one]}" for one in CANDIDATES
        )
        + f" and {ours.mean_log_error:.3f} for the rule."
    )
    said.append(_run_by_run(ours))
    for over, words in _OVER.items():
        if (over, BASELINE) in by_key:
            then, now = by_key[over, BASELINE], by_key[over, CHOSEN]
            said.append(f"Over the {then.runs} {words}: {_against(now, then)}.")
    return said


def _picked_afterwards(by_key: Mapping[tuple[str, str], Score], ours: Score) -> list[str]:
    """What the best candidate looks like, where it looks better than what could be had."""
    ours_alone = [by_key["all", one] for one in CANDIDATES if one != BASELINE]
    best = min(ours_alone, key=lambda one: one.median_error)
    if best.median_error >= ours.median_error - _TIE:
        return []
    return [
        f"Picked afterwards, {SAID_AS[best.predictor]} has a median error of "
        f"{_percent(best.median_error)}: some of its lead is selection, as these runs picked it."
    ]


def _run_by_run(ours: Score) -> str:
    decided = ours.closer + ours.farther
    if not decided:
        return "Run by run both say the same."
    chance = binomtest(ours.closer, decided).pvalue
    shown = "p < 0.01" if chance < _ROUNDS_TO_NOTHING else f"p = {chance:.2f}"
    figures = (
        f"It is closer to {ours.closer} runs and farther from {ours.farther} (sign test {shown}): "
        "run by run "
    )
    if chance > _NOT_BY_CHANCE:
        return f"{figures}that may be chance."
    side = "better" if ours.closer > ours.farther else "worse"
    return f"{figures}it is {side}, and not by chance."
