"""A formula's result in the unit that the bill counts it in, exactly, or why it cannot be.

Belongs here: the one step from physics to the bill. Accelerator-hours become hours of the machine
that is billed, tokens become the bill's thousands of tokens, bytes the bill's gigabytes.
"""

import re
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from pipelines.formulas.units import UNITS, Unit, factor
from pipelines.months import days_in_month
from pipelines.prices.machine_gpus import gpus_of
from pipelines.usage.classes import BilledText, counted
from pipelines.usage.providers import provider_word

BINARY_GIGABYTES: Final = frozenset({"aws"})
"""Whose bills call 2^30 bytes a GB, by their own documents; elsewhere a GB is what it says."""

_BASE: Final[dict[str, Unit]] = {
    "seconds": "s",
    "gigabytes": "GB",
    "tokens": "tokens",
    "requests": "requests",
    "images": "images",
}
"""What a bill's unit is counted in, as a unit of formulas."""

_OF_ACCELERATORS = re.compile(r"\b(gpu|accelerator|chip|tpu)s?\b", re.IGNORECASE)
_OF_BINARY = re.compile(r"\b(gi|gibi|ti|tebi)b", re.IGNORECASE)
_PER_MONTH = re.compile(r"[ /-]?(mo|month|months)\b", re.IGNORECASE)


@dataclass(frozen=True)
class BillUnit:
    """A unit of a bill: its text, who bills by it, and the machine where it counts machine time."""

    text: str
    provider: str = ""
    usage_type: str = ""
    machine: str = ""


@dataclass(frozen=True)
class Billed:
    """A quantity in the bill's unit, and the sentence that says how it got there."""

    quantity: Fraction
    said: str


def in_bill_unit(value: Fraction, unit: Unit, billed: BillUnit, month: str) -> Billed:
    """A formula's result in the bill's unit.

    2,400 GPU-h are 300 Hrs of p5.48xlarge, which has 8 accelerators.

    Raises:
        ValueError: the two are of different dimensions, or what one billed unit holds is not known.
    """
    if unit == "GPU-h":
        return _machine_hours(value, billed)
    base, size = _size(billed)
    if unit == "GB-month" and base == "GB":
        return _gigabyte_months(value, billed)
    if UNITS[unit][0] == "bytes held for a time" and base == "GB":
        seconds = days_in_month(month) * 86_400
        value, unit = value * factor(unit, "GB-s") / seconds, "GB"
    quantity = value * factor(unit, base) / size
    said = f"{_one(billed)} = {_shown(size)} {base}"
    return Billed(quantity, "" if size == 1 and base == unit else said)


def hours_of(billed: BillUnit) -> Fraction:
    """How many hours of the machine one unit of the bill is.

    Raises:
        ValueError: the unit counts no time.
    """
    base, size = _size(billed)
    if base != "s":
        message = f"{billed.text} counts no machine time: a machine's price says nothing of it"
        raise ValueError(message)
    hours = size / 3600
    return hours / machine_accelerators(billed) if _counts_accelerators(billed) else hours


def machine_accelerators(billed: BillUnit) -> Fraction:
    """How many accelerators the machine has.

    Raises:
        ValueError: no machine is named, or how many it has is not known.
    """
    for text in (billed.machine, billed.usage_type.strip("*")):
        if found := gpus_of(text):
            return Fraction(found.count)
    machine = billed.machine or billed.usage_type
    message = (
        f"how many accelerators {machine} has is not known"
        if machine
        else f"how many accelerators one {billed.text} holds is not known: name the `machine`"
    )
    raise ValueError(message)


def _machine_hours(value: Fraction, billed: BillUnit) -> Billed:
    base, size = _size(billed)
    if base == "GPU-h":
        return Billed(value / size, "")
    if base != "s":
        message = f"GPU-h are accelerator time, {billed.text} is not: they are never mixed"
        raise ValueError(message)
    hours = size / 3600
    if _counts_accelerators(billed):
        return Billed(value / hours, f"{_one(billed)} = {_shown(hours)} GPU-h")
    each = machine_accelerators(billed)
    said = (
        f"1 {billed.text} of {billed.machine or billed.usage_type} = {_shown(hours * each)} GPU-h"
    )
    return Billed(value / (hours * each), said)


def _gigabyte_months(value: Fraction, billed: BillUnit) -> Billed:
    """GB-months as bills count them: one of a bill's GB-Mo each, whatever its GB is."""
    found = counted(BilledText(provider=billed.provider, unit=billed.text))
    if _OF_BINARY.search(billed.text):
        return Billed(value, "")
    return Billed(value / Fraction(found.factor), "")


def _size(billed: BillUnit) -> tuple[Unit, Fraction]:
    """What a unit of the bill is counted in, and how many of it one is."""
    text = billed.text.strip()
    found = counted(BilledText(provider=billed.provider, unit=text, usage_type=billed.usage_type))
    if found.unit not in _BASE:
        if text in UNITS:
            return text, Fraction(1)
        message = f"the size of the bill's unit {billed.text!r} is not known"
        raise ValueError(message)
    size = Fraction(found.factor)
    if found.unit == "gigabytes":
        size *= _gigabyte(billed)
    return _BASE[found.unit], size


def _gigabyte(billed: BillUnit) -> Fraction:
    if _OF_BINARY.search(billed.text) or billed.text.strip().lower().startswith("byte"):
        return Fraction(1)
    if not billed.provider:
        message = (
            f"whether {billed.text} counts 10^9 or 2^30 bytes depends on who bills it: say "
            "`provider`"
        )
        raise ValueError(message)
    is_binary = provider_word(billed.provider) in BINARY_GIGABYTES
    return Fraction(2**30, 10**9) if is_binary else Fraction(1)


def _counts_accelerators(billed: BillUnit) -> bool:
    return _OF_ACCELERATORS.search(billed.text) is not None


def _one(billed: BillUnit) -> str:
    """One of the unit: `1 Hrs`, `1K tokens`."""
    return billed.text if billed.text[:1].isdigit() else f"1 {billed.text}"


def _shown(number: Fraction) -> str:
    return f"{float(number):,.10g}"
