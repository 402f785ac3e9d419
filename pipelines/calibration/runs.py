"""A population of training runs: how well hours are told by FLOP where one has no history yet.

Every run is predicted from the others alone (leave one out), by three predictors that are scored
alike: the median MFU of the run's chip, which is what anybody would do; the robust coefficient of
the chip, drawn to that of all chips, the same engine that closed months are fitted with; and the
same at the point of least relative error. The last is what a score by |predicted / actual - 1|
asks for: such an error has no bound upwards and 100 % downwards, so that its best point lies below
the middle.

MFU is effective MFU here: FLOP by billed chip-hours and the dense peak at 16 bits, whatever
precision a run computed in.
"""

import csv
import io
import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from scipy.stats import binomtest

from pipelines.calibration.coefficients import Coefficient, fit
from pipelines.calibration.guards import problem_of
from pipelines.calibration.observations import Observation
from pipelines.errors import SettingsInvalid
from pipelines.formulas.chips import chip_named
from pipelines.formulas.units import in_unit

COLUMNS: Final[Mapping[str, tuple[str, ...]]] = {
    "run": ("run", "Model"),
    "date": ("date", "Publication date"),
    "chip": ("chip", "Training hardware"),
    "chip_hours": ("chip_hours", "Training chip-hours"),
    "chips": ("chips", "Hardware quantity"),
    "hours": ("hours", "Training time (hours)"),
    "flop": ("flop", "Training compute (FLOP)"),
    "active_parameters": ("active_parameters",),
    "tokens": ("tokens",),
    "flop_from": ("flop_from", "Training compute estimation method"),
}
"""Our name of a column, and Epoch's. Others are not read."""

FEWEST_OF_A_CHIP: Final = 3
"""With fewer other runs of its chip, a run is predicted by the median of all chips."""

BASELINE: Final = "median_mfu_of_chip"
SHRUNK: Final = "shrunk"
LEAST_RELATIVE: Final = "shrunk_least_relative_error"
PREDICTORS: Final = (BASELINE, SHRUNK, LEAST_RELATIVE)

LEAKED: Final = "hardware"
"""Where the FLOP were estimated from the hardware, hours are in them: such a run is no test."""

_OVER: Final = {
    "not_leaked": "runs whose FLOP were not estimated from the hardware",
    "earlier": "runs that have enough earlier ones, each predicted from those alone",
}
_NOT_BY_CHANCE: Final = 0.05
_TIE: Final = 1e-9
_COMPONENT, _EVERY = "training", "all"


@dataclass(frozen=True)
class TrainingRun:
    """One run as its row tells it. `published` '' where it is not told."""

    run: str
    published: str
    chip: str
    chip_hours: float
    flop: float
    least_hours: float
    """Chip-hours at an MFU of 1."""
    is_leaked: bool

    @property
    def mfu(self) -> float:
        """The MFU that FLOP and hours imply."""
        return self.least_hours / self.chip_hours


@dataclass(frozen=True)
class RejectedRun:
    """A row that nothing is learnt from, and why."""

    run: str
    chip: str
    mfu: float | None
    reason: str


@dataclass(frozen=True)
class Prediction:
    """What one predictor said of one run, from the others alone."""

    run: TrainingRun
    predictor: str
    hours: float

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


def read_runs(text: str, file: str) -> tuple[list[TrainingRun], list[RejectedRun]]:
    """The runs in a CSV text, and the rows that are none.

    Raises:
        SettingsInvalid: it has no header with the columns needed.
    """
    rows = csv.DictReader(io.StringIO(text))
    header = rows.fieldnames or []
    found = {
        ours: next((name for name in names if name in header), None)
        for ours, names in COLUMNS.items()
    }
    missing = [name for name in ("run", "chip") if found[name] is None]
    if found["chip_hours"] is None and (found["chips"] is None or found["hours"] is None):
        missing.append("chip_hours")
    if found["flop"] is None and (found["active_parameters"] is None or found["tokens"] is None):
        missing.append("flop")
    if missing:
        raise SettingsInvalid(
            file,
            [
                f"there is no column {' or '.join(repr(each) for each in COLUMNS[name])}"
                for name in missing
            ],
        )
    runs: list[TrainingRun] = []
    rejected: list[RejectedRun] = []
    for row in rows:
        told = {ours: (row.get(name) or "").strip() if name else "" for ours, name in found.items()}
        try:
            runs.append(_run(told))
        except ValueError as error:
            rejected.append(RejectedRun(told["run"], told["chip"], None, str(error)))
    return runs, rejected


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
    everything = [_predicted(run, [other for other in kept if other is not run]) for run in kept]
    not_leaked = [one for one in everything if not one[0].run.is_leaked]
    earlier = [
        _predicted(run, before)
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
        verdict=tuple(_verdict(scores)),
    )


def _run(told: Mapping[str, str]) -> TrainingRun:
    """The run of a row.

    Raises:
        ValueError: what is missing or impossible in it.
    """
    chip = chip_named(told["chip"])
    if told["chip_hours"]:
        chip_hours = in_unit(told["chip_hours"], "")
    elif told["chips"] and told["hours"]:
        chip_hours = in_unit(told["chips"], "") * in_unit(told["hours"], "")
    else:
        message = "no chip-hours are told"
        raise ValueError(message)
    if told["flop"]:
        flop = in_unit(told["flop"], "FLOP")
    elif told["active_parameters"] and told["tokens"]:
        flop = (
            6 * in_unit(told["active_parameters"], "parameters") * in_unit(told["tokens"], "tokens")
        )
    else:
        message = "no FLOP are told"
        raise ValueError(message)
    if chip_hours <= 0 or flop <= 0:
        message = f"{float(chip_hours):g} chip-hours and {float(flop):g} FLOP: both are above 0"
        raise ValueError(message)
    if told["date"]:
        date.fromisoformat(told["date"])
    return TrainingRun(
        run=told["run"],
        published=told["date"],
        chip=_kind(chip.name),
        chip_hours=float(chip_hours),
        flop=float(flop),
        least_hours=float(flop / chip.peak_16_bit / 3600),
        is_leaked=LEAKED in told["flop_from"].lower(),
    )


def _kind(chip: str) -> str:
    """The kind of a chip, without the memory and form factor that most rows do not tell."""
    words = chip.split()
    return " ".join(words[: 3 if "TPU" in words else 2])


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


def _predicted(run: TrainingRun, others: Sequence[TrainingRun]) -> tuple[Prediction, ...]:
    """What each predictor says of a run, having seen the others."""
    fitted = fit(map(_observation, others))

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
    return tuple(Prediction(run, name, hours[name]) for name in PREDICTORS)


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


def _verdict(scores: Sequence[Score]) -> list[str]:
    """Who wins, in sentences that say it either way."""
    by_key = {(one.over, one.predictor): one for one in scores}
    base, ours = by_key["all", BASELINE], by_key["all", LEAST_RELATIVE]
    told = _against(ours, base)
    better = (
        ours.median_error < base.median_error - _TIE,
        ours.p90_error < base.p90_error - _TIE,
    )
    name = "the median MFU of the chip"
    if all(better):
        said = [f"Calibration beats {name} out of sample over {ours.runs} runs: {told}."]
    elif any(better):
        said = [f"Calibration does not clearly beat {name} over {ours.runs} runs: {told}."]
    else:
        said = [f"Calibration is no better than {name} over {ours.runs} runs: {told}."]
    shrunk = by_key["all", SHRUNK]
    said.append(
        "By |ln(predicted / actual)|, to which twice is as bad as half, the means are "
        f"{base.mean_log_error:.3f} for {name}, {shrunk.mean_log_error:.3f} for the shrunk "
        f"coefficient and {ours.mean_log_error:.3f} for the point of least relative error."
    )
    decided = ours.closer + ours.farther
    chance = binomtest(ours.closer, decided).pvalue if decided else 1.0
    said.append(
        f"It is closer to {ours.closer} runs and farther from {ours.farther} (sign test p = "
        f"{chance:.2f})"
        + (
            ": run by run that may be chance."
            if chance > _NOT_BY_CHANCE
            else ": that is not chance."
        )
    )
    for over, words in _OVER.items():
        if (over, BASELINE) in by_key:
            then, now = by_key[over, BASELINE], by_key[over, LEAST_RELATIVE]
            said.append(f"Over the {then.runs} {words}: {_against(now, then)}.")
    return said
