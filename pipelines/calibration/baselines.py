"""What a calibrated formula has to beat: forecasts that anyone makes without calibrating.

Each takes what was known of the same version and component at the origin, and gives None where that
is not enough; a missing forecast is no zero, and methods are compared where both gave one.

    formula          the formula as it is, k = 1
    last month       what the last known month took
    seasonal naive   what the same month of the year before took
    trend            the known months' growth, continued (at least 3 months)
"""

import itertools
from collections.abc import Sequence
from functools import cache
from typing import Final

import numpy as np

from pipelines.calibration.observations import Observation
from pipelines.months import parse_month

CALIBRATED: Final = "calibrated"
FORMULA: Final = "formula"
LAST_MONTH: Final = "last month"
SEASONAL: Final = "seasonal naive"
TREND: Final = "trend"
BASELINES: Final = (FORMULA, LAST_MONTH, SEASONAL, TREND)

LEAST_FOR_TREND: Final = 3
YEAR: Final = 12


@cache
def month_number(month: str) -> int:
    """Months counted from year 0: two neighbours differ by 1."""
    first = parse_month(month)
    return first.year * YEAR + first.month - 1


def baselines(
    history: Sequence[Observation], month: str, formula: float
) -> dict[str, float | None]:
    """The forecasts of a month's quantity from one unit's known months, in the order of time."""
    return {
        FORMULA: formula,
        LAST_MONTH: history[-1].actual if history else None,
        SEASONAL: _seasonal(history, month),
        TREND: _trend(history, month),
    }


def naive_error(history: Sequence[Observation]) -> float | None:
    """The mean miss of "as the month before" over the known months: what MASE divides by."""
    steps = [
        abs(after.actual - before.actual)
        for before, after in itertools.pairwise(history)
        if month_number(after.month) == month_number(before.month) + 1
    ]
    return sum(steps) / len(steps) if steps else None


def _seasonal(history: Sequence[Observation], month: str) -> float | None:
    wanted = month_number(month) - YEAR
    return next((one.actual for one in history if month_number(one.month) == wanted), None)


def _trend(history: Sequence[Observation], month: str) -> float | None:
    """A line through the logarithms of at most the last year."""
    recent = history[-YEAR:]
    if len(recent) < LEAST_FOR_TREND:
        return None
    at = np.array([month_number(one.month) for one in recent], dtype=float) - month_number(month)
    logs = np.log([one.actual for one in recent])
    off = at - at.mean()
    slope = float(off @ logs) / float(off @ off)
    return float(np.exp(logs.mean() - slope * at.mean()))
