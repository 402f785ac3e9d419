"""Robust location and scale: a few outliers among the months do not move a coefficient.

Huber's estimate with c = 1.345: as good as the mean to 5 % where errors are normal, and a month
that is far off counts as one at 1.345 sigma. The scale is pooled over all units, because a unit
alone has too few months to have one.
"""

import math
from collections.abc import Sequence
from typing import Final

import numpy as np

HUBER_C: Final = 1.345
_ROUNDS: Final = 100
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


def huber(values: Sequence[float], scale: float) -> float:
    """The location at which residuals cut at +-1.345 scales add up to 0.

    Of 0.1, 0.2, 0.3 and 9 with scale 0.1 it is 0.25, from where the residuals -0.15 and 8.75 count
    as -0.1345 and +0.1345; the mean is 2.4. Of one or two values it is their mean; with scale 0,
    their median.
    """
    found = np.asarray(values, dtype=float)
    if len(found) <= 2:
        return float(found.mean())
    at = float(np.median(found))
    if scale <= 0:
        return at
    bound = HUBER_C * scale
    for _ in range(_ROUNDS):
        step = float(np.clip(found - at, -bound, bound).mean())
        inside = float((np.abs(found - at) < bound).mean())
        at += step / inside if inside else step
        if abs(step) < _DONE * max(1.0, abs(at)):
            break
    return at


def pooled_scale(units: Sequence[Sequence[float]]) -> float | None:
    """The standard deviation within units: Huber's proposal 2 over the residuals of all of them.

    None where no unit has two values: what one value cannot tell.
    """
    several = [np.asarray(unit, dtype=float) for unit in units if len(unit) > 1]
    if not several:
        return None
    freedom = sum(len(unit) - 1 for unit in several)
    # A residual from the mean of n values is short by sqrt(1 - 1/n).
    short = np.concatenate([np.full(len(unit), math.sqrt(1 - 1 / len(unit))) for unit in several])
    off = np.concatenate([unit - np.median(unit) for unit in several])
    scale = _MAD_TO_SIGMA * float(np.median(np.abs(off / short)))
    if scale <= 0:
        scale = math.sqrt(float((off**2).sum()) / freedom)
    for _ in range(_ROUNDS):
        if scale <= 0:
            break
        off = np.concatenate([unit - huber(list(unit), scale) for unit in several])
        cut = np.clip(off / short, -HUBER_C * scale, HUBER_C * scale) * short
        new = math.sqrt(float((cut**2).sum()) / (freedom * _WINSORISED))
        if abs(new - scale) <= _DONE * scale:
            break
        scale = new
    return scale
