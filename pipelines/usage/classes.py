"""What a line of a bill counts, and in which unit: rules as data, applied to distinct texts.

The rules are in `unit_classes.toml` beside this file. A line whose unit is unknown stays in its own
unit and is compared with nothing: no size is guessed.
"""

import re
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Final, Literal

from pydantic import field_validator

from pipelines.settings import Section, parse_toml
from pipelines.usage.providers import provider_word

UnitClass = Literal[
    "input_tokens",
    "input_tokens_cache_read",
    "input_tokens_cache_write",
    "output_tokens",
    "requests",
    "images",
    "instance_hours",
    "training_hours",
    "gpu_hours",
    "gigabytes",
    "other",
]
TOKEN_CLASSES: Final = (
    "input_tokens",
    "input_tokens_cache_read",
    "input_tokens_cache_write",
    "output_tokens",
)
CACHE_CLASSES: Final = ("input_tokens_cache_read", "input_tokens_cache_write")

_OF_UNIT: Final[dict[str, UnitClass]] = {
    "requests": "requests",
    "images": "images",
    "seconds": "instance_hours",
    "gigabytes": "gigabytes",
}
_PLAIN_COUNT = re.compile(r"(1 )?(units?|counts?|each|quantity|ea|ones?|个|)", re.IGNORECASE)
"""Units that say nothing of their size."""


class ClassRule(Section):
    """What a line counts, by patterns of its texts."""

    id: str
    provider: str | None = None
    text: str | None = None
    amount: str | None = None
    direction: str | None = None
    cache: str | None = None
    unit_class: UnitClass

    @field_validator("provider", "text", "amount", "direction", "cache")
    @classmethod
    def _is_a_pattern(cls, value: str | None) -> str | None:
        re.compile(value or "")
        return value


class UnitRule(Section):
    """A unit's text, and how many of which unit one of it is."""

    text: str
    unit: Literal["tokens", "requests", "images", "seconds", "gigabytes"]
    factor: Decimal = Decimal(1)


class UnitRules(Section):
    """The whole file."""

    batch: str
    classes: tuple[ClassRule, ...]
    units: tuple[UnitRule, ...]


@dataclass(frozen=True)
class BilledText:
    """The distinct texts of a kind of bill line that tell what it counts."""

    provider: str
    usage_type: str = ""
    meter: str = ""
    description: str = ""
    """Only where the usage type does not tell the unit's size (marketplaces)."""
    amount: str = ""
    direction: str = ""
    cache: str = ""
    unit: str = ""


@dataclass(frozen=True)
class Counted:
    """What a kind of line counts: `factor` x its quantity, in `unit`."""

    unit_class: UnitClass
    is_batch: bool
    unit: str
    factor: Decimal


@cache
def unit_rules() -> UnitRules:
    """The rules that come with modelspend."""
    file = Path(__file__).with_name("unit_classes.toml")
    return UnitRules.model_validate(parse_toml(file.read_text(encoding="utf-8"), file.name))


def counted(text: BilledText) -> Counted:
    """What a kind of bill line counts.

    `USE1-Claude4.6Sonnet-cache-read-input-token-count` in `1K tokens` -> cache reads, x 1000.
    """
    rules = unit_rules()
    whole = f"{text.usage_type} {text.meter}".strip()
    fields = {
        "provider": provider_word(text.provider),
        "text": whole,
        "amount": text.amount,
        "direction": text.direction,
        "cache": text.cache,
    }
    unit, factor = _unit(text, rules)
    is_batch = _matches(rules.batch, f"{whole} {text.amount}")
    by_unit = _OF_UNIT.get(unit)
    if by_unit in ("instance_hours", "gigabytes"):
        return Counted(by_unit, is_batch=False, unit=unit, factor=factor)
    for rule in rules.classes:
        if all(_matches(getattr(rule, name), value) for name, value in fields.items()):
            if rule.unit_class in (*TOKEN_CLASSES, "other"):
                return Counted(rule.unit_class, is_batch, unit, factor)
            return Counted(rule.unit_class, is_batch, rule.unit_class, factor)
    return Counted(by_unit or "other", is_batch, unit, factor)


def _unit(text: BilledText, rules: UnitRules) -> tuple[str, Decimal]:
    """The unit and its size; a unit that says nothing is one, unless its name must tell more."""
    for rule in rules.units:
        if _matches(rule.text, text.unit.strip()):
            return rule.unit, rule.factor
    if not _PLAIN_COUNT.fullmatch(text.unit.strip()):
        return text.unit.strip(), Decimal(1)
    if re.search(r"\bmillion\b|\b1m\b", text.description, re.IGNORECASE):
        return "tokens", Decimal(1_000_000)
    if re.search(r"\bthousand\b|\b1k\b|\b1,?000\b", text.description, re.IGNORECASE):
        return "tokens", Decimal(1000)
    if re.search(r"\bMP:", text.usage_type):
        return "units", Decimal(1)
    return "tokens", Decimal(1)


@cache
def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(text, re.IGNORECASE | re.DOTALL)


def _matches(pattern: str | None, text: str) -> bool:
    return pattern is None or _pattern(pattern).fullmatch(text) is not None
