"""What no coefficient is fitted to: months whose numbers cannot be, whoever is to blame.

An MFU above 1 or fewer hours than a least time is a wrong unit or a charge at the wrong version. To
fit it would teach the formula the fault, so the month is left out with its reason, and a report
names it. What is possible and yet odd is kept with a caution.

    effective MFU = assumed MFU x formula hours / actual hours = assumed MFU / k
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from pipelines.calibration.observations import Observation

MOST_TRAINING_MFU: Final = 0.7
"""Published runs stay below 0.6; every one above 0.7 of a public population of 47 turned out to
have hours or FLOP of another run."""
_TOLERANCE: Final = 1e-9
_SCALES: Final = (
    (1024.0, "GB for MB, or GiB for MiB"),
    (1000.0, "a thousand for one"),
    (1e6, "a million for one"),
    (3600.0, "seconds for hours"),
    (24.0, "hours for days"),
    (1.073741824, "GiB for GB"),
)
_NEAR: Final = 0.0005
"""A ratio this near to a ratio of units is named as a likely mistake of units."""


@dataclass(frozen=True)
class Rejection:
    """An observation that no coefficient is fitted to."""

    observation: Observation
    reason: str


def effective_mfu(observation: Observation) -> float | None:
    """The MFU that the billed hours really had; None where the formula assumes none."""
    return None if observation.mfu is None else observation.mfu / observation.k


def problem_of(observation: Observation) -> str | None:
    """Why it cannot be; None: it can."""
    numbers = observation.formula, observation.actual
    if not all(math.isfinite(number) for number in numbers):
        return "a quantity is no number"
    if observation.formula <= 0:
        return f"the formula gives {observation.formula:g}: there is nothing to compare with"
    if observation.actual <= 0:
        return f"the actual quantity is {observation.actual:g}: nothing of it was billed"
    if not (math.isfinite(observation.cost) and observation.cost >= 0):
        return f"its cost is {observation.cost:g}: a refund is not what the quantity cost"
    return _impossible_mfu(observation) or _impossible_time(observation)


def caution_of(observation: Observation) -> str | None:
    """What is odd about an observation that is possible; None: nothing."""
    mfu = effective_mfu(observation)
    if mfu is not None and mfu > MOST_TRAINING_MFU:
        return f"effective MFU {mfu:.2f}: above {MOST_TRAINING_MFU} is seldom real"
    for scale, said in _SCALES:
        for ratio, way in ((scale, "too low"), (1 / scale, "too high")):
            if abs(observation.k / ratio - 1) < _NEAR:
                return f"k = {observation.k:.4g}: the formula looks {way} by a unit ({said})"
    return None


def checked(
    observations: Iterable[Observation],
) -> tuple[list[Observation], list[Rejection]]:
    """The observations that can be, and the others with their reason."""
    kept, rejected = [], []
    for one in observations:
        problem = problem_of(one)
        if problem is None:
            kept.append(one)
        else:
            rejected.append(Rejection(one, problem))
    return kept, rejected


def cautions(observations: Iterable[Observation]) -> list[str]:
    """A sentence on every odd observation, in their order."""
    return [f"{one.said}: {said}." for one in observations if (said := caution_of(one))]


def _impossible_mfu(observation: Observation) -> str | None:
    mfu = effective_mfu(observation)
    if mfu is None:
        return None
    if observation.mfu is not None and not 0 < observation.mfu <= 1:
        return f"the formula assumes an MFU of {observation.mfu:g}: above 0, at most 1 is possible"
    most = MOST_TRAINING_MFU if observation.component in {"training", "update"} else 1.0
    if mfu > most + _TOLERANCE:
        return (
            f"implied effective MFU {mfu:,.4g} is above {most:g}: the hours or the FLOP are "
            "another run's, or the peak is another precision's"
        )
    return None


def _impossible_time(observation: Observation) -> str | None:
    if observation.utilisation is not None:
        if not 0 < observation.utilisation <= 1:
            return (
                f"the formula assumes a utilisation of {observation.utilisation:g}: above 0, at "
                "most 1 is possible"
            )
        implied = observation.utilisation / observation.k
        if implied > 1 + _TOLERANCE:
            return (
                f"implied utilisation {implied:.3g} is above 1: the units are not those of the "
                "formula, or hours are missing from the bill"
            )
    if observation.is_bound and observation.k < 1 - _TOLERANCE:
        return (
            f"k = {observation.k:.3g} is below 1, and the formula is a least time: hours are "
            "missing, or the units differ"
        )
    return None
