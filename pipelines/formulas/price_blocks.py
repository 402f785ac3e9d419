"""Prices in blocks (tiers), and what is rounded: the arithmetic that storage and egress share.

A block is a size and a price; the first block is filled first, the last one has no end. Nothing is
rounded unless it is said: vendors print bills whose lines are rounded to the cent before they are
added, and exports whose lines keep ten digits.
"""

import math
from collections.abc import Sequence
from fractions import Fraction

from pipelines.formulas.formula import Symbol

LINE_ROUNDING = Symbol(
    "line_rounding",
    "round",
    "money",
    "to what every line is rounded, half up, before lines are added: 0 rounds nothing, 0.01 rounds "
    "to the cent as printed invoices do",
    default=0,
)


def lines_of(
    quantity: Fraction, sizes: Sequence[Fraction], prices: Sequence[Fraction]
) -> list[Fraction]:
    """What each block of a price list costs: one price more than sizes, for all that is above.

    52,900 GB-months in blocks of 51,200 at 0.023 and the rest at 0.022: 1,177.60 and 37.40.
    """
    left, lines = quantity, []
    for size, price in zip(sizes, prices, strict=False):
        held = min(left, size)
        lines.append(held * price)
        left -= held
    return [*lines, left * prices[-1]]


def added(lines: Sequence[Fraction], line_rounding: Fraction) -> Fraction:
    """The lines of a bill added up, each rounded before if `line_rounding` is not 0.

    0.0305 + 0.0515 is 0.082 as it is, and 0.03 + 0.05 = 0.08 where lines are rounded to the cent.
    """
    if line_rounding == 0:
        return sum(lines, Fraction(0))
    return sum((rounded(line, line_rounding) for line in lines), Fraction(0))


def rounded(amount: Fraction, to: Fraction) -> Fraction:
    """An amount rounded half up to a multiple of `to`, as invoices are."""
    return math.floor(amount / to + Fraction(1, 2)) * to
