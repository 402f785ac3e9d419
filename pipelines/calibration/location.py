"""Robust location and scale: a few outliers among the months do not move a coefficient.

Huber's estimate with c = 1.345: as good as the mean to 5 % where errors are normal, and a month
that is far off counts as one at 1.345 sigma. The scale is pooled over all units, because a unit
alone has too few months to have one.
"""

import math
from collections.abc import Sequence
from statistics import median
from typing import Any, Final

import numpy as np

HUBER_C: Final = 1.345
_ROUNDS: Final = 200
_DONE: Final = 1e-12
_MAD_TO_SIGMA: Final = 1.4826022185056018
"""1 / (the 75 % quantile of the normal distribution)."""
_BEYOND: Final = math.erfc(HUBER_C / math.sqrt(2))
"""How much of a standard normal lies outside +-c."""
_WINSORISED: Final = (
    1
    - _BEYOND
    - 2 * HUBER_C * math.exp(-(HUBER_C**2) / 2) / math.sqrt(2 * math.pi)
    + HUBER_C**2 * _BEYOND
)
"""The mean square of a standard normal cut at +-c: what makes the scale unbiased."""


class _Units:
    """Values of several units side by side, so that all are estimated at once."""

    def __init__(self, units: Sequence[Sequence[float]]) -> None:
        self.sizes = np.array([len(unit) for unit in units])
        self.values = np.array([value for unit in units for value in unit], dtype=float)
        self.owner = np.repeat(np.arange(len(units)), self.sizes)
        self.medians = np.array([median(unit) for unit in units])

    def off(self, at: Any) -> Any:
        """Each value's distance from its unit's location."""
        return self.values - at[self.owner]

    def nearer(self, at: Any, scale: float) -> Any:
        """The locations after one step: means in which a far value weighs less."""
        far = np.maximum(np.abs(self.off(at)) / (HUBER_C * scale), 1.0)
        weights = np.bincount(self.owner, 1 / far)
        return np.bincount(self.owner, self.values / far) / weights


def hubers(units: Sequence[Sequence[float]], scale: float) -> list[float]:
    """The location of each unit, at which residuals cut at +-1.345 scales add up to 0.

    Of 0.1, 0.2, 0.3 and 9 with scale 0.1 it is 0.25, from where the residuals -0.15 and 8.75 count
    as -0.1345 and +0.1345; the mean is 2.4. Of one or two values it is their mean; with scale 0,
    their median.
    """
    side = _Units(units)
    at = side.medians
    for _ in range(_ROUNDS):
        if scale <= 0:
            break
        before, at = at, side.nearer(at, scale)
        if float(np.abs(at - before).max()) < _DONE:
            break
    return [float(one) for one in at]


def pooled_scale(units: Sequence[Sequence[float]]) -> float | None:
    """The standard deviation within units: Huber's proposal 2 over the residuals of all of them.

    None where no unit has two values: what one value cannot tell.
    """
    several = [unit for unit in units if len(unit) > 1]
    if not several:
        return None
    side = _Units(several)
    freedom = len(side.values) - len(several)
    # A residual from the mean of n values is short by sqrt(1 - 1/n).
    short = np.sqrt(1 - 1 / side.sizes)[side.owner]
    at = side.medians
    off = side.off(at)
    scale = _MAD_TO_SIGMA * float(np.median(np.abs(off / short)))
    if scale <= 0:
        scale = math.sqrt(float((off**2).sum()) / freedom)
    for _ in range(_ROUNDS):
        if scale <= 0:
            break
        at = side.nearer(at, scale)
        cut = np.clip(side.off(at) / short, -HUBER_C * scale, HUBER_C * scale) * short
        before, scale = scale, math.sqrt(float((cut**2).sum()) / (freedom * _WINSORISED))
        if abs(scale - before) <= _DONE * before:
            break
    return scale
