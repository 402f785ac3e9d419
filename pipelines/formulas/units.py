"""Units of formula inputs: what may be converted into what, exactly, and what may not.

A unit is a power of ten, or of two for the binary ones, of a dimension. GB is 10^9 bytes and GiB is
2^30: storage is billed by AWS in GiB under the name GB, accelerators are sold in GB. A month is no
unit of time here: its hours differ (672 to 744), so hours of a month are computed from the month.
A GB-month is what bills count storage in, and is reached only through the hours of its month.
"""

import difflib
import re
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from typing import Any, Final

Unit = str

_DECIMAL: Final = {"": 1, "K": 10**3, "k": 10**3, "M": 10**6, "G": 10**9, "T": 10**12, "P": 10**15}
_BINARY: Final = {"Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40, "Pi": 2**50}
_COUNTS: Final = {"": 1, "K": 10**3, "k": 10**3, "M": 10**6, "B": 10**9, "G": 10**9, "T": 10**12}

_PRICED: Final = (
    *("tokens", "k tokens", "K tokens", "M tokens", "requests", "k requests", "K requests"),
    *("M requests", "images", "objects", "chips", "h", "GPU-h", "GB", "GiB", "TB", "TiB"),
    *("GB-month", "GB-s", "GiB-s", "GiB-h", "vCPU-s", "vCPU-h", "kWh", "months", "years"),
)
"""The units that things are sold by: `money/M tokens`, `money/GPU-h`."""


def _sizes() -> dict[str, tuple[str, Fraction]]:
    found: dict[str, tuple[str, Fraction]] = {"": ("1", Fraction(1)), "%": ("1", Fraction(1, 100))}
    for prefix, power in (_DECIMAL | _BINARY).items():
        found[f"{prefix}B"] = ("bytes", Fraction(power))
        found[f"{prefix}B/s"] = ("bytes per second", Fraction(power))
    found["bytes"] = ("bytes", Fraction(1))
    for prefix, power in _DECIMAL.items():
        found[f"{prefix}FLOP"] = ("FLOP", Fraction(power))
        found[f"{prefix}FLOP/s"] = ("FLOP per second", Fraction(power))
        found[f"{prefix}W"] = ("power", Fraction(power))
        found[f"{prefix}Wh"] = ("energy", Fraction(power))
    for names, size in (
        (("ms",), Fraction(1, 1000)),
        (("s", "sec", "seconds"), Fraction(1)),
        (("min", "minutes"), Fraction(60)),
        (("h", "hour", "hours", "Hrs"), Fraction(3600)),
        (("d", "day", "days"), Fraction(86400)),
        (("week", "weeks"), Fraction(7 * 86400)),
    ):
        for name in names:
            found[name] = ("time", size)
    for what in ("tokens", "requests", "parameters", "images", "objects", "chips", "GPU-h"):
        for prefix, power in _COUNTS.items():
            dimension = what.removesuffix("s")
            found[f"{prefix}{what}"] = (dimension, Fraction(power))
            found[f"{prefix} {what}".strip()] = (dimension, Fraction(power))
    for what in ("tokens", "requests"):
        for prefix, power in _COUNTS.items():
            for time, seconds in (("s", 1), ("min", 60), ("h", 3600), ("d", 86400)):
                rate = (f"{what} per second", Fraction(power, seconds))
                found[f"{prefix}{what}/{time}"] = found[f"{prefix} {what}/{time}".strip()] = rate
    found["vCPU-s"] = ("processors held for a time", Fraction(1))
    found["vCPU-h"] = ("processors held for a time", Fraction(3600))
    for held, power in (("GB", 10**9), ("GiB", 2**30), ("TB", 10**12), ("TiB", 2**40)):
        for time, seconds in (("s", 1), ("h", 3600), ("d", 86400)):
            found[f"{held}-{time}"] = ("bytes held for a time", Fraction(power * seconds))
    found["B-h"] = ("bytes held for a time", Fraction(3600))
    found["GB-month"] = ("storage as bills count it", Fraction(1))
    found["months"] = found["month"] = ("calendar months", Fraction(1))
    found["years"] = found["year"] = ("years", Fraction(1))
    return found | _prices(found)


def _prices(found: dict[str, tuple[str, Fraction]]) -> dict[str, tuple[str, Fraction]]:
    """Money, in the one currency that all prices of a formula are in, and money per unit."""
    prices = {"money": ("money", Fraction(1))}
    for name in _PRICED:
        dimension, size = found[name]
        one = name.removesuffix("s") if size == 1 and not name.endswith("-s") else name
        prices[f"money/{one}"] = (
            f"money per {dimension}",
            1 / size,
        )
    return prices


UNITS: Final = _sizes()
"""Every unit by its name: its dimension, and how many of the dimension's base it is."""

_GIVEN = re.compile(
    r"\s*([-+]?(?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9][0-9_]*)?(?:(?<=[0-9])\.|\.(?=[0-9]))?[0-9]*"
    r"(?:(?<=[0-9.])[eE][-+]?[0-9]+)?)\s*((?:[^0-9.,_+\s-].*?)?)\s*"
)
_LARGEST: Final = 40
"""Powers of ten that a number may be away from 1: the FLOP of all runs ever are below 1e30."""


def in_unit(given: Any, unit: Unit) -> Fraction:
    """A number, or text with a unit, as an exact number in `unit`.

    A number without a unit is in `unit` already. A float stands for the shortest decimal that
    prints as it, so that 0.1 is a tenth.

    Raises:
        ValueError: no finite number, an unknown unit, or one of another dimension.
    """
    if isinstance(given, Fraction | int) and not isinstance(given, bool):
        return Fraction(given)
    if isinstance(given, Decimal | float):
        return _number(str(given), given)
    if not isinstance(given, str):
        if hasattr(given, "item"):
            return in_unit(given.item(), unit)
        message = f"{given!r} is no number"
        raise ValueError(message)
    found = _GIVEN.fullmatch(given)
    if found is None or not found[1]:
        message = f"{given!r} is no number{_no_number_because(given, unit)}"
        raise ValueError(message)
    number = _number(found[1].replace(",", "").replace("_", ""), given)
    return number if not found[2] else number * factor(found[2], unit)


def factor(of: Unit, unit: Unit) -> Fraction:
    """How many of `unit` one of `of` is.

    Raises:
        ValueError: one is unknown, or they are of different dimensions.
    """
    for name in (of, unit):
        if name not in UNITS:
            message = f"unit {name!r} is not known{_meant(name, unit)}"
            raise ValueError(message)
    (one, size), (other, base) = UNITS[of], UNITS[unit]
    if one != other:
        message = f"{of} is {one}, {unit or 'a plain number'} is {other}: they are never mixed"
        message += f"; {_worded(of, unit)!r} was meant?" if _worded(of, unit) in UNITS else ""
        raise ValueError(message)
    return size / base


def _no_number_because(given: str, unit: Unit) -> str:
    if "," in given:
        return ": a comma parts thousands (1,500); write decimals with a point (1.5)"
    if unit.startswith("money"):
        return ": a price is the number alone, all prices of a formula being in one currency"
    return ""


def _meant(of: Unit, unit: Unit) -> str:
    """What an unknown unit may have been meant for, among those that would do."""
    if _worded(of, unit) in UNITS:
        return f"; {_worded(of, unit)!r} was meant?"
    if unit not in UNITS or of == unit:
        return ""
    if unit.startswith("money"):
        return f"; prices are in {unit}, without a currency's name: all of a formula have the same"
    alike = [name for name, (dimension, _) in UNITS.items() if dimension == UNITS[unit][0] and name]
    near = difflib.get_close_matches(of, alike, n=4, cutoff=0)
    return f"; {unit or 'a plain number'} can be given in {', '.join(near)}" if near else ""


def _worded(of: Unit, unit: Unit) -> str:
    """`70B` of parameters is short for `70B parameters`."""
    return f"{of} {unit}"


def _number(text: str, given: Any) -> Fraction:
    try:
        number = Decimal(text)
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite():
        message = f"{given!r} is no number"
        raise ValueError(message)
    if number and abs(number.adjusted()) > _LARGEST:
        message = f"{given!r} is no quantity of anything: more than {_LARGEST} powers of ten from 1"
        raise ValueError(message)
    return Fraction(number)
