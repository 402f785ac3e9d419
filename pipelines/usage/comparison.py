"""Billed units beside logged units: what a bill and a log say of the same day, model and class.

Tokens are billed apart by what they were: input that no cache served, cache reads, cache writes,
output. Where a bill has no line for a cache class of a model, the model's cached tokens are billed
as input and are compared with it. Machine time is compared with the time somebody watched; training
jobs with the seconds their registry says are billable.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

import duckdb
import polars as pl

from pipelines.contracts import BILLED_VS_LOGGED, require
from pipelines.money import EXACT, quantise, split
from pipelines.queries import query, rows_of
from pipelines.registry.catalogue import Catalogue, Run
from pipelines.registry.keys import resource_key
from pipelines.usage.classes import CACHE_CLASSES, TOKEN_CLASSES
from pipelines.usage.prepared import TEXTS, Prepared

ZERO: Final = Decimal(0)
MEASURED_UNITS: Final = ("tokens", "requests", "images", "seconds")
LOGGED_CLASSES: Final = (*TOKEN_CLASSES, "requests", "images")
_TRILLION_PARTS: Final = 18


@dataclass(frozen=True, order=True)
class Key:
    """A day of a model and class; the bill may have several SKUs of it."""

    charge_date: str
    provider: str
    resource_id: str
    model: str
    model_version: str
    unit_class: str
    is_batch: bool


@dataclass
class Billed:
    """What the bill has of one SKU."""

    unit: str
    quantity: Decimal = ZERO
    missing: Decimal = ZERO
    hours: int = 0
    hours_missing: int = 0


@dataclass
class Logged:
    """What the log has; `quantity` is None where no request of it was measured."""

    quantity: Decimal | None = None
    unmeasured: int = 0


@dataclass
class _Span:
    """A billed line of several days, which says nothing of any one of them."""

    key: Key
    days: list[str]
    sku: str
    unit: str
    quantity: Decimal


@dataclass
class _Books:
    billed: dict[Key, dict[str, Billed]] = field(default_factory=lambda: defaultdict(dict))
    spans: list[_Span] = field(default_factory=list)
    logged: dict[Key, Logged] = field(default_factory=dict)

    def line(self, key: Key, sku: str, unit: str) -> Billed:
        """The line of a SKU; one SKU in two units is no one quantity and gets two lines."""
        found = self.billed[key].setdefault(sku, Billed(unit))
        if found.unit != unit:
            found = self.billed[key].setdefault(f"{sku} ({unit})", Billed(unit))
        return found


def billed_vs_logged(
    con: duckdb.DuckDBPyConnection, prepared: Prepared, catalogue: Catalogue
) -> pl.DataFrame:
    """The month's comparison, of the tables that `prepare` made.

    1.2 of `1K tokens` billed and 1,300 tokens logged give 1200 beside 1300.
    """
    books = _Books()
    _bill(books, rows_of(query(con, "usage/billed_days")), prepared)
    bounds = {"month_start": prepared.start, "until": prepared.until}
    machines = {row["model"] for row in rows_of(query(con, "usage/machine_models"))}
    _log(books, rows_of(query(con, "usage/logged_days", **bounds)), machines)
    _lay(books)
    _machines(books, rows_of(query(con, "usage/machine_days")), prepared, catalogue)
    _gpu_time(books, rows_of(query(con, "usage/gpu_days", **bounds)))
    rows = list(_rows(books, prepared.month))
    frame = pl.DataFrame(rows, schema=BILLED_VS_LOGGED.polars_schema, orient="row")
    return require(frame.sort(BILLED_VS_LOGGED.key), BILLED_VS_LOGGED)


def _bill(books: _Books, rows: Iterable[Mapping[str, Any]], prepared: Prepared) -> None:
    last = (prepared.until - timedelta(microseconds=1)).date()
    for row in rows:
        meant = prepared.counts[tuple(row[name] for name in TEXTS)]
        quantity = _times(row["quantity"], meant.factor)
        days = _days(row["first_date"], row["last_date"], last)
        key = Key(
            days[0],
            row["provider"],
            "",
            row["model"],
            row["model_version"],
            row["unit_class"],
            meant.is_batch,
        )
        if len(days) > 1:
            books.spans.append(_Span(key, days, row["usage_type"], meant.unit, quantity))
            continue
        line = books.line(key, row["usage_type"], meant.unit)
        line.quantity += quantity
        line.missing += _times(row["quantity_missing"], meant.factor)
        line.hours = max(line.hours, row["hours_billed"])
        line.hours_missing = max(line.hours_missing, row["hours_missing"])


def _lay(books: _Books) -> None:
    """Lay lines of several days on their days in proportion to what is logged, else evenly.

    So a day differs as the span does: no day is missing or doubled for the bill's coarseness.
    """
    for span in books.spans:
        keys = [replace(span.key, charge_date=day) for day in span.days]
        found = [books.logged.get(key, Logged()).quantity or ZERO for key in keys]
        weights = [int(quantity.scaleb(6)) for quantity in found]
        parts = split(span.quantity, weights if any(weights) else [1] * len(keys))
        for key, part in zip(keys, parts, strict=True):
            if part:
                line = books.line(key, span.sku, span.unit)
                line.quantity += part
                line.hours = 24


def _log(books: _Books, rows: Iterable[Mapping[str, Any]], machines: set[str]) -> None:
    """Take what the log has of models that are billed by tokens, requests or images.

    A model that nothing bills so is taken too, where its provider bills others: unless it runs on
    machines, whose tokens no bill knows.
    """
    classes: dict[tuple[str, str], set[str]] = defaultdict(set)
    versions: dict[tuple[str, str], set[str]] = defaultdict(set)
    has_batch: set[tuple[str, str]] = set()
    for key in (*books.billed, *(span.key for span in books.spans)):
        whose = key.provider, key.model
        if key.unit_class in LOGGED_CLASSES:
            classes[whose].add(key.unit_class)
            versions[whose].add(key.model_version)
            if key.is_batch:
                has_batch.add(whose)
    billed_by_tokens = {provider for (provider, _), found in classes.items() if found}
    for row in rows:
        whose = row["provider"], row["model"]
        if whose not in classes and (
            row["provider"] not in billed_by_tokens or row["model"] in machines
        ):
            continue
        known = versions[whose]
        version = row["model_version"]
        if known == {""}:
            version = ""
        elif version == "" and len(known) == 1:
            [version] = known
        at = Key(
            row["charge_date"],
            row["provider"],
            "",
            row["model"],
            version,
            "",
            row["is_batch"] and (whose in has_batch or whose not in classes),
        )
        for unit_class, quantity in _logged_units(row, classes[whose]).items():
            found = books.logged.setdefault(replace(at, unit_class=unit_class), Logged())
            if quantity is not None:
                found.quantity = (found.quantity or ZERO) + quantity
            if unit_class in TOKEN_CLASSES:
                found.unmeasured += row["requests_unmeasured"]


def _logged_units(row: Mapping[str, Any], billed: set[str]) -> dict[str, Decimal | None]:
    """A log's day by the classes its bill has; of a model without a bill every token class."""
    tokens = {name: row[name] for name in TOKEN_CLASSES}
    for name in CACHE_CLASSES:
        if billed and name not in billed:
            cached = tokens.pop(name)
            if cached is not None and tokens["input_tokens"] is not None:
                tokens["input_tokens"] += cached
    wanted = {*tokens} if not billed or billed & {*TOKEN_CLASSES} else set()
    found = {
        name: None if amount is None else Decimal(amount)
        for name, amount in tokens.items()
        if name in wanted and (billed or amount)
    }
    if "requests" in billed:
        found["requests"] = Decimal(row["requests"])
    if "images" in billed:
        found["images"] = None if row["images"] is None else Decimal(row["images"])
    return found


def _machines(
    books: _Books, rows: Iterable[Mapping[str, Any]], prepared: Prepared, catalogue: Catalogue
) -> None:
    recorded = recorded_seconds(catalogue.runs, prepared)
    for row in rows:
        kind = "training_hours" if row["is_training"] else "instance_hours"
        key = Key(
            row["charge_date"],
            row["provider"],
            row["resource_id"],
            row["model"],
            row["model_version"],
            kind,
            is_batch=False,
        )
        seconds, watched = (quantise(row[name]) for name in ("seconds", "watched_seconds"))
        books.billed[key][row["sku"]] = Billed(
            "seconds",
            seconds,
            ZERO if row["is_training"] else seconds - watched,
            row["hours_billed"],
            0 if row["is_training"] else row["hours_missing"],
        )
        found = books.logged.setdefault(key, Logged())
        if not row["is_training"]:
            found.quantity = (found.quantity or ZERO) + watched
    named = {(key.charge_date, key.resource_id): key for key in books.billed}
    for (day, resource), run_seconds in recorded.items():
        at = named.get((day, resource))
        if at is not None and at.unit_class == "training_hours":
            books.logged[at].quantity = run_seconds


def _gpu_time(books: _Books, rows: Iterable[Mapping[str, Any]]) -> None:
    """GPU time beside the time of the accelerators: less is idle, more is logged too often."""
    for row in rows:
        day, provider, resource = row["charge_date"], row["provider"], row["resource_id"]
        key = Key(day, provider, resource, "", "", "gpu_hours", is_batch=False)
        seconds = quantise(EXACT.multiply(row["milli_gpu_seconds"], Decimal("0.001")))
        books.billed[key][""] = Billed("seconds", seconds)
        books.logged[key] = Logged(row["gpu_microseconds"] * Decimal("0.000001"))


def recorded_seconds(runs: Iterable[Run], prepared: Prepared) -> dict[tuple[str, str], Decimal]:
    """What the registry says is billable of each run's resource, by day of the compared span.

    `billable_seconds` of one instance times instances, spread evenly over the run's own time.
    """
    found: dict[tuple[str, str], Decimal] = defaultdict(lambda: ZERO)
    for run in runs:
        if run.billable_seconds is None:
            continue
        seconds = Decimal(run.billable_seconds * (run.instances or 1))
        days = list(_overlaps(run.from_, run.until))
        if not days:
            continue
        parts = split(seconds, [microseconds for _, microseconds in days])
        for (day, _), part in zip(days, parts, strict=True):
            if prepared.start <= datetime.fromisoformat(day) < prepared.until:
                for resource in run.resources:
                    found[day, resource_key(resource)] += part
    return dict(found)


def _rows(books: _Books, month: str) -> Iterable[dict[str, Any]]:
    for key in sorted({*books.billed, *books.logged}):
        lines = books.billed.get(key, {})
        logged = books.logged.get(key, Logged(ZERO))
        skus = sorted(lines) or [""]
        units = {line.unit for line in lines.values()}
        measured = key.unit_class != "gigabytes" and units <= {*MEASURED_UNITS}
        shares = _shares(logged.quantity if measured else None, [lines.get(s) for s in skus])
        for number, (sku, share) in enumerate(zip(skus, shares, strict=True)):
            line = lines.get(sku, Billed(_unit_of(key.unit_class)))
            yield {
                "billing_month": month,
                **vars(key),
                "sku": sku,
                "unit": line.unit,
                "billed_quantity": line.quantity,
                "logged_quantity": share,
                "hours_billed": line.hours,
                "hours_missing": line.hours_missing,
                "quantity_missing": line.missing,
                "requests_unmeasured": 0 if number else logged.unmeasured,
            }


def _shares(quantity: Decimal | None, lines: Sequence[Billed | None]) -> list[Decimal | None]:
    """A log's quantity over the SKUs that bill it, in proportion, whole units each."""
    if quantity is None:
        return [None] * len(lines)
    weights = [int(max(ZERO, line.quantity).scaleb(18)) if line else 0 for line in lines]
    if len(lines) == 1 or not any(weights):
        return [quantity, *[ZERO] * (len(lines) - 1)]
    if quantity != quantity.to_integral_value():
        return [*split(quantity, weights)]
    parts = split(quantity.scaleb(-_TRILLION_PARTS, EXACT), weights)
    return [part.scaleb(_TRILLION_PARTS, EXACT) for part in parts]


def _unit_of(unit_class: str) -> str:
    if unit_class in TOKEN_CLASSES:
        return "tokens"
    return "seconds" if unit_class.endswith("hours") else unit_class


def _times(quantity: Decimal, factor: Decimal) -> Decimal:
    return quantise(EXACT.multiply(quantity, factor))


def _days(first: str, last: str, end: date) -> list[str]:
    start = date.fromisoformat(first)
    stop = max(start, min(date.fromisoformat(last), end))
    return [(start + timedelta(days=n)).isoformat() for n in range((stop - start).days + 1)]


def _overlaps(start: datetime, end: datetime) -> Iterable[tuple[str, int]]:
    """The days of a span, with the microseconds of each."""
    while start < end:
        midnight = datetime(start.year, start.month, start.day) + timedelta(days=1)  # noqa: DTZ001
        stop = min(midnight, end)
        yield start.strftime("%Y-%m-%d"), (stop - start) // timedelta(microseconds=1)
        start = stop
