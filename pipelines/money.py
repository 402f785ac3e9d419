"""Exact money: one type, one rounding on the way in, one exact split. Nothing else rounds.

Money is `DECIMAL(38,18)` in every engine. A published amount can be longer (Azure prints up to 28
digits, a double's shortest text up to 17 significant ones): it is rounded half to even once, when
it is read, and the summed rounding is stored per file and must stay below `MAX_ROUNDING`.
"""

from collections.abc import Sequence
from decimal import ROUND_HALF_EVEN, Context, Decimal
from fractions import Fraction

import polars as pl

SCALE = 18
PRECISION = 38
SQL_TYPE = f"DECIMAL({PRECISION},{SCALE})"
POLARS_TYPE = pl.Decimal(PRECISION, SCALE)
ONE_UNIT = Decimal(1).scaleb(-SCALE)

MAX_ROUNDING = Decimal("0.005")
"""The most that rounding on reading may move one file's total, in its currency (half a cent)."""

EXACT = Context(prec=76, rounding=ROUND_HALF_EVEN)
"""For every sum and product of money in Python: the default context rounds to 28 digits."""


def quantise(amount: Decimal) -> Decimal:
    """Round once to the smallest unit kept (1e-18), half to even."""
    return amount.quantize(ONE_UNIT, context=EXACT)


def as_decimal(value: Fraction) -> Decimal:
    """An exact number as a decimal, rounded once to the smallest unit kept, half to even."""
    return Decimal(round(value * 10**SCALE)).scaleb(-SCALE, EXACT)


def split(amount: Decimal, weights: Sequence[int]) -> list[Decimal]:
    """Split an amount in proportion to integer weights so that the parts add up to it exactly.

    Largest remainder in the smallest unit: every part gets the floor of its share of the absolute
    amount, the units left go to the largest remainders, ties to the earlier weight. A negative
    amount (a credit) is split as its absolute value. 10 split by [1, 1, 1] gives
    3.333333333333333334, 3.333333333333333333 and 3.333333333333333333.

    This is the specification of `sql/attribution/split.sql`, which does the same for
    millions of charges; the tests hold one against the other.

    Raises:
        ValueError: a negative weight, or no weight above zero (where such an amount goes is a
            decision of the caller, never of rounding).
    """
    total = sum(weights)
    if total <= 0 or min(weights) < 0:
        message = f"cannot split {amount} by {list(weights)}: weights must be >= 0, one above 0"
        raise ValueError(message)
    units = int(amount.copy_abs().scaleb(SCALE, EXACT))
    sign = -1 if amount < 0 else 1
    floors = [units * weight // total for weight in weights]
    remainders = [units * weight % total for weight in weights]
    left = units - sum(floors)
    by_remainder = sorted(range(len(weights)), key=lambda i: (-remainders[i], i))
    for i in by_remainder[:left]:
        floors[i] += 1
    return [Decimal(sign * part).scaleb(-SCALE, EXACT) for part in floors]


def show(amount: Decimal, places: int = 2) -> str:
    """An amount for people, rounded half to even, with thousands separators: 60177.28 -> 60,177.28.

    For display only: a shown amount is never added to another.
    """
    return f"{amount.quantize(Decimal(1).scaleb(-places), context=EXACT):,f}"


def plain(amount: Decimal) -> str:
    """An amount for machines: full precision, no exponent, no trailing zeros ("0", "-1.006")."""
    text = f"{amount:f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in {"-0", ""} else text
