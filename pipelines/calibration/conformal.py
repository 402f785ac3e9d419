"""Intervals that hold what they promise: the widths of past misses, and none where there are few.

A forecast is off by |z| = |ln(actual / predicted)|. Of n past misses in order, the one at place
ceil((n + 1)(1 - alpha)) holds a new one with at least 1 - alpha, whatever their distribution, as
long as they are alike. It exists from n = 1/alpha - 1 on: 4 misses at 80 %, 9 at 90 %, 19 at 95 %.
Below that there is no interval, never a made-up one.

Totals get the width of misses of totals: the widths of their parts do not add up.
"""

from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import Final

ALPHA: Final = Fraction(1, 5)
"""80 % intervals."""
STEP: Final = Fraction(1, 20)
"""How far one miss moves an adapted alpha, as a share of a whole miss."""


def needed(alpha: Fraction = ALPHA) -> int:
    """The least number of misses that an interval needs."""
    return -(-(1 - alpha) // alpha)


def half_width(misses: Sequence[float], alpha: Fraction = ALPHA) -> float | None:
    """The width in ln on each side of a prediction; None: not enough history for it.

    An alpha of 0 or less asks for everything and gets None; of 1 or more for nothing and gets 0.
    """
    if alpha >= 1:
        return 0.0
    if alpha <= 0:
        return None
    rank = -((len(misses) + 1) * (alpha - 1) // 1)
    if rank > len(misses):
        return None
    return sorted(misses)[rank - 1]


def nearest_width(
    pools: Iterable[Sequence[float]], alpha: Fraction = ALPHA
) -> tuple[float | None, int]:
    """The width of the first pool that has enough misses, from the nearest to the widest.

    The number says which pool it was; past the last: none had enough.
    """
    count = 0
    for count, pool in enumerate(pools, start=1):
        width = half_width(pool, alpha)
        if width is not None:
            return width, count - 1
    return None, count


def adapted(hits: Iterable[bool], alpha: Fraction = ALPHA, step: Fraction = STEP) -> Fraction:
    """Alpha after a row of intervals that held or missed: alpha + step x (alpha - miss) each.

    For forecasts that drift: at 20 % and a step of 1/20 a miss takes 4 points off alpha (the next
    interval is wider), a hit gives 1 point back; in the long run 20 % miss.
    """
    current = alpha
    for hit in hits:
        current += step * (alpha - (0 if hit else 1))
    return current
