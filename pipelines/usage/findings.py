"""Where bill and log differ by more than the tolerance: as numbers, and as sentences.

Made from the rows of the comparison alone, so that the check, the publication's warnings and the
view all say the same.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any, Final, Literal, get_args

import polars as pl

from pipelines.money import EXACT, show

ZERO: Final = Decimal(0)
MAX_SENTENCES: Final = 20

Kind = Literal[
    "missing_hours",
    "doubled_logs",
    "unlogged_traffic",
    "unbilled_use",
    "over_capacity",
    "never_logged",
]
ORDER: Final[tuple[Kind, ...]] = get_args(Kind)

NAMES: Final[dict[str, str]] = {
    "input_tokens": "input tokens",
    "input_tokens_cache_read": "cached input tokens",
    "input_tokens_cache_write": "input tokens written to the cache",
    "output_tokens": "output tokens",
    "requests": "requests",
    "images": "images",
    "instance_hours": "instance hours",
    "training_hours": "training hours",
    "gpu_hours": "GPU-hours",
}


@dataclass(frozen=True)
class Finding:
    """One difference: what, of which class, how much, on which days."""

    kind: Kind
    provider: str
    resource_id: str
    model: str
    model_version: str
    unit_class: str
    unit: str
    billed: Decimal
    """What is billed on the days concerned."""
    logged: Decimal
    quantity: Decimal
    """How much is missing, doubled, unlogged or unbilled."""
    hours: int
    days: int
    first_date: str
    last_date: str
    requests_unmeasured: int

    @property
    def sentence(self) -> str:
        """The finding for people."""
        return self.sentence_of(f"{amount(self.unit_class, self.quantity)} {self.what}")

    def sentence_of(self, units: str) -> str:
        """The sentence with the units concerned as they are to be said."""
        return _SENTENCES[self.kind].format(
            what=self.what,
            whose=self.whose,
            billed=amount(self.unit_class, self.billed),
            logged=amount(self.unit_class, self.logged),
            quantity=amount(self.unit_class, self.quantity),
            units=units,
            hours=self.hours,
            hour_word="hour" if self.hours == 1 else "hours",
            when=self.when,
            ratio=_ratio(self.logged, self.billed),
        ) + (
            f"; {self.requests_unmeasured} of the logged requests carry no token counts"
            if self.requests_unmeasured and self.kind == "unlogged_traffic"
            else ""
        )

    @property
    def what(self) -> str:
        """The class in words."""
        return NAMES.get(self.unit_class, self.unit_class)

    @property
    def whose(self) -> str:
        """The model and who bills it, or the resource."""
        if self.resource_id:
            return self.resource_id
        named = " ".join(part for part in (self.model or "(no model)", self.model_version) if part)
        return f"{named} ({self.provider})" if self.provider else named

    @property
    def when(self) -> str:
        """The days: one, or how many from when until when."""
        if self.first_date == self.last_date:
            return f"on {self.first_date}"
        return f"on {self.days} days from {self.first_date} to {self.last_date}"


_SENTENCES: Final[dict[Kind, str]] = {
    "missing_hours": (
        "missing hours: {whose}: {units} were billed in {hours} {hour_word} {when} of "
        "which the log has nothing"
    ),
    "doubled_logs": (
        "doubled logs: {whose}: {logged} {what} logged {when}, {ratio} times the {billed} billed: "
        "look for a log that is read twice"
    ),
    "unlogged_traffic": (
        "unlogged traffic: {whose}: {billed} {what} billed {when}, {logged} logged: {quantity} "
        "have no request"
    ),
    "unbilled_use": (
        "unbilled use: {whose}: {logged} {what} logged {when}, {billed} billed: look for a bill, "
        "an account or a price class that is not read"
    ),
    "over_capacity": (
        "more than there was: {whose}: {logged} {what} logged {when} on {billed} billed: look for "
        "a log that is read twice, or for `gpus` in the catalogue"
    ),
    "never_logged": "no log at all: {whose}: {quantity} {what} billed {when}",
}


def findings(comparison: pl.DataFrame, tolerance: Decimal) -> list[Finding]:
    """What differs by more than the tolerance, whole classes first, in a stable order.

    Each day is judged by itself, so that a day logged twice shows in a month that is right as a
    whole; a kind is reported when its days together exceed the tolerance of the month's billed
    units, doubled days and whole missing days always.
    """
    found: list[Finding] = []
    for whose, rows in _groups(comparison).items():
        found += _of_group(whose, rows, tolerance)
    return sorted(found, key=lambda f: (ORDER.index(f.kind), f.whose, f.unit_class, f.first_date))


def sentences(found: Sequence[Finding], month: str) -> list[str]:
    """The findings as warnings of a publication; more than a page is counted, not listed."""
    said = [*_missing(found)]
    said += [f.sentence for f in found if f.kind not in _WHOLE]
    said += _never(found)
    if len(said) > MAX_SENTENCES:
        left = len(said) - MAX_SENTENCES
        said = said[:MAX_SENTENCES]
        said.append(f"{left} more differences: modelspend usage --month {month}")
    return [f"billed and logged differ: {sentence}" for sentence in said]


def _missing(found: Sequence[Finding]) -> Iterable[str]:
    """Hours without a log, all classes of a model that miss the same hours in one sentence."""
    groups: dict[tuple[str, str, int], list[Finding]] = defaultdict(list)
    for finding in found:
        if finding.kind == "missing_hours":
            groups[finding.whose, finding.when, finding.hours].append(finding)
    for several in groups.values():
        units = " and ".join(f"{amount(f.unit_class, f.quantity)} {f.what}" for f in several)
        yield several[0].sentence_of(units)


def _never(found: Sequence[Finding]) -> list[str]:
    """What nobody logs: the machines in one sentence, and one per model."""
    models: dict[str, list[Finding]] = defaultdict(list)
    machines: dict[str, list[Finding]] = defaultdict(list)
    for finding in found:
        if finding.kind == "never_logged":
            by = machines[finding.unit_class] if finding.resource_id else models[finding.whose]
            by.append(finding)
    said = []
    for unit_class, several in machines.items():
        whole = sum((f.quantity for f in several), ZERO)
        said.append(
            f"no log at all: {amount(unit_class, whole)} {NAMES[unit_class]} billed of "
            f"{', '.join(sorted({f.resource_id for f in several}))}"
        )
    for whose, several in models.items():
        units = ", ".join(f"{amount(f.unit_class, f.quantity)} {f.what}" for f in several)
        said.append(f"no log at all: {whose}: {units} billed")
    return said


def amount(unit_class: str, quantity: Decimal) -> str:
    """A quantity for people: hours for time, whole units else."""
    if unit_class.endswith("hours"):
        return show(EXACT.divide(quantity, Decimal(3600)), 1)
    return show(quantity, 0)


_WHOLE: Final = ("missing_hours", "never_logged")
"""Kinds that speak of missing units: theirs is all that is billed."""

_ALWAYS: Final = ("doubled_logs", "over_capacity")
"""Kinds that one day is enough for."""

_Whose = tuple[str, str, str, str, str, str]


@dataclass
class _Day:
    date: str
    billed: Decimal = ZERO
    logged: Decimal = ZERO
    missing: Decimal = ZERO
    hours: int = 0
    hours_billed: int = 0
    unmeasured: int = 0


def _groups(comparison: pl.DataFrame) -> dict[_Whose, dict[str, _Day]]:
    """The measured rows by model, version and class, or by resource; then by day.

    Batch and SKUs are added up. Where bill or log leave the version open, the model as a whole is
    compared: a difference between its versions is then none of the amounts.
    """
    rows = comparison.filter(pl.col("logged_quantity").is_not_null()).to_dicts()
    open_versions = {(row["provider"], row["model"]) for row in rows if not row["model_version"]}
    found: dict[_Whose, dict[str, _Day]] = defaultdict(dict)
    for row in rows:
        provider, model, version = row["provider"], row["model"], row["model_version"]
        if row["resource_id"]:
            model = version = ""
        elif (provider, model) in open_versions:
            version = ""
        whose = (
            provider,
            row["resource_id"],
            model,
            version,
            row["unit_class"],
            row["unit"],
        )
        day = found[whose].setdefault(row["charge_date"], _Day(row["charge_date"]))
        day.billed += row["billed_quantity"]
        day.logged += row["logged_quantity"]
        day.missing += row["quantity_missing"]
        day.hours = max(day.hours, row["hours_missing"])
        day.hours_billed = max(day.hours_billed, row["hours_billed"])
        day.unmeasured += row["requests_unmeasured"]
    return found


def _of_group(whose: _Whose, days: dict[str, _Day], tolerance: Decimal) -> Iterable[Finding]:
    billed = sum((day.billed for day in days.values()), ZERO)
    if not any(day.logged for day in days.values()):
        if billed > 0 and whose[4] != "gpu_hours":
            yield _finding("never_logged", whose, list(days.values()), billed)
        return
    kinds: dict[Kind, list[tuple[_Day, Decimal]]] = defaultdict(list)
    for day in days.values():
        for kind, quantity in _of_day(day, tolerance, whose[4]):
            kinds[kind].append((day, quantity))
    for kind, concerned in kinds.items():
        quantity = sum((amount for _, amount in concerned), ZERO)
        is_whole_day = kind == "missing_hours" and any(
            day.hours >= max(1, day.hours_billed) for day, _ in concerned
        )
        if kind in _ALWAYS or is_whole_day or quantity > tolerance * billed:
            yield _finding(kind, whose, [day for day, _ in concerned], quantity)


def _of_day(day: _Day, tolerance: Decimal, unit_class: str) -> Iterable[tuple[Kind, Decimal]]:
    if unit_class == "gpu_hours":  # less is idle, and no difference
        if day.logged > day.billed * (1 + tolerance):
            yield "over_capacity", day.logged - day.billed
        return
    if day.missing > 0:
        yield "missing_hours", day.missing
    rest = day.billed - day.missing
    if rest <= 0:
        if day.logged > 0 and day.billed <= 0:
            yield "unbilled_use", day.logged
        return
    if abs(day.logged - 2 * rest) <= 2 * tolerance * rest:
        yield "doubled_logs", day.logged - rest
    elif day.logged < rest * (1 - tolerance):
        yield "unlogged_traffic", rest - day.logged
    elif day.logged > rest * (1 + tolerance):
        yield "unbilled_use", day.logged - rest


def _finding(kind: Kind, whose: _Whose, days: Sequence[_Day], quantity: Decimal) -> Finding:
    provider, resource, model, version, unit_class, unit = whose
    dates = sorted(day.date for day in days)
    return Finding(
        kind=kind,
        provider=provider,
        resource_id=resource,
        model=model,
        model_version=version,
        unit_class=unit_class,
        unit=unit,
        billed=sum((day.billed - (ZERO if kind in _WHOLE else day.missing) for day in days), ZERO),
        logged=sum((day.logged for day in days), ZERO),
        quantity=quantity,
        hours=sum(day.hours for day in days),
        days=len(dates),
        first_date=dates[0],
        last_date=dates[-1],
        requests_unmeasured=sum(day.unmeasured for day in days),
    )


def _ratio(logged: Decimal, billed: Decimal) -> str:
    if not billed:
        return "many"
    ratio = EXACT.divide(logged, billed)
    return str(ratio.quantize(Decimal("0.01"), rounding=ROUND_HALF_EVEN))


def as_row(finding: Finding) -> dict[str, Any]:
    """A finding's fields and its sentence, for sheets."""
    return {**vars(finding), "sentence": finding.sentence}
