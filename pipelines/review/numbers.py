"""How results of formulas are written: they lie between 1e-9 and 1e26, and are no money."""

from decimal import Context, Decimal
from fractions import Fraction
from typing import Final

_EXACT: Final = Context(prec=60)
_DIGITS: Final = Context(prec=28)
_FEW: Final = Context(prec=6)
_PLACES: Final = 6
_LARGE: Final = 10**15
_SMALL: Final = Fraction(1, 1000)


def decimal_of(value: Fraction | float) -> Decimal:
    """A result as a decimal: exact where it has an end within 60 digits, else 28 of its digits."""
    if isinstance(value, float):
        return Decimal(repr(float(value)))  # numpy's own repr names its type
    numerator, denominator = Decimal(value.numerator), Decimal(value.denominator)
    whole = _EXACT.divide(numerator, denominator)
    if Fraction(whole) == value:
        return whole
    return _DIGITS.divide(numerator, denominator)


def shown(value: Fraction | float | None) -> str:
    """A result for people: 30,836,713.5, 0.345817, 3.7908e+25, 0.000177778."""
    if value is None:
        return ""
    number = Fraction(value)
    if number == 0:
        return "0"
    if abs(number) >= _LARGE or abs(number) < _SMALL:
        few = _FEW.create_decimal(decimal_of(value))
        return f"{few.normalize(_FEW):{'g' if abs(number) < _SMALL else 'E'}}".lower()
    text = f"{round(decimal_of(value), _PLACES):,f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
