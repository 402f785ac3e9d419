"""What was billed, in the terms a plan can speak of, and which term of a plan each part meets.

A term is model, version, component, element and unit, and of the bill's usage types those that its
pattern names: the pattern with the most text wins, '' is what no other line names. Units are
compared without case, hours under one name. Busy units are what the ledger gave the version; idle
ones are its notional share, whoever bears them.

A discount that is a line of its own (enterprise programme, private rate) is part of what the usage
type it names cost: without it, every price would look too high and every discount unplanned.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, Final

import duckdb
import polars as pl

from pipelines.money import EXACT
from pipelines.queries import query, rows_of
from pipelines.registry.patterns import literal_length, matches
from pipelines.usage.classes import BilledText, counted

Key = tuple[str, str, str, str, str]
"""model, version, component, element, unit."""

KEY: Final = ("model", "model_version", "component", "element", "unit")
ADJUSTMENT: Final = "adjustment"
"""The element of discounts and refunds."""
ZERO: Final = Decimal(0)

_UNIT_NAMES: Final = {"hr": "hrs", "hour": "hrs", "hours": "hrs", "hrs": "hrs"}


def key_of(row: Mapping[str, Any]) -> Key:
    """The term a row of any of the tables belongs to, before its usage type is looked at."""
    model, version, component, element, unit = (row[name] for name in KEY)
    text = unit.strip().lower()
    return model, version, component, element, _UNIT_NAMES.get(text, text)


@dataclass(frozen=True)
class Billed:
    """Cost and units of one currency and one usage type, or of several added up."""

    key: Key
    usage_type: str
    unit: str
    """As the bill writes it."""
    currency: str
    cost: Decimal
    list_cost: Decimal
    busy: Decimal | None
    """None: the bill states no quantity."""
    idle: Decimal = ZERO

    @property
    def element(self) -> str:
        """Hardware, bandwidth, ..., adjustment."""
        return self.key[3]

    @property
    def quantity(self) -> Decimal | None:
        """Billed units: busy and idle ones."""
        return None if self.busy is None else EXACT.add(self.busy, self.idle)


@dataclass(frozen=True)
class Actuals:
    """A month's bill as the comparison needs it."""

    terms: tuple[Billed, ...]
    """Of the charge month that is compared."""
    other_months: tuple[tuple[str, Billed], ...]
    """Of other charge months (corrections), each with its own."""
    amounts: Mapping[tuple[str, str], Decimal]
    """What no version has a term for, by line (`credit`) and currency."""
    amounts_of_other_months: Mapping[tuple[str, str, str], Decimal]


def read_actuals(
    con: duckdb.DuckDBPyConnection,
    month: str,
    allocated_files: Sequence[str],
    notional_idle: pl.DataFrame,
) -> Actuals:
    """The month's actual terms from the ledger, and every version's notional share of idle."""
    rows: list[dict[str, Any]] = []
    amounts: list[dict[str, Any]] = []
    if allocated_files:
        files = list(allocated_files)
        rows = rows_of(query(con, "variance/actual_terms", allocated_files=files))
        amounts = rows_of(query(con, "variance/own_lines", allocated_files=files))
    idle = [
        {**row, "cost": row["effective_cost"], "idle": row["quantity"], "quantity": ZERO}
        for row in notional_idle.sort(notional_idle.columns).iter_rows(named=True)
    ]
    billed = _discounted([(row["charge_month"], _billed(row)) for row in (*rows, *idle)])
    return Actuals(
        terms=tuple(one for charge_month, one in billed if charge_month == month),
        other_months=tuple(pair for pair in billed if pair[0] != month),
        amounts={
            (row["line"], row["currency"]): row["cost"]
            for row in amounts
            if row["charge_month"] == month
        },
        amounts_of_other_months={
            (row["charge_month"], row["line"], row["currency"]): row["cost"]
            for row in amounts
            if row["charge_month"] != month
        },
    )


def _billed(row: Mapping[str, Any]) -> Billed:
    return Billed(
        key=key_of(row),
        usage_type=row["usage_type"],
        unit=row["unit"],
        currency=row["currency"],
        cost=row["cost"],
        list_cost=row["list_cost"],
        busy=row["quantity"],
        idle=row.get("idle", ZERO),
    )


def _discounted(billed: Sequence[tuple[str, Billed]]) -> list[tuple[str, Billed]]:
    """Discounts as parts of the term that has their usage type, where it is one term alone.

    What an adjustment takes off and no list price shows is a discount; a refund takes off both.
    """

    def what(charge_month: str, part: Billed) -> tuple[str, ...]:
        model, version, component, _, _ = part.key
        return charge_month, model, version, component, part.currency, part.usage_type

    hosts: dict[tuple[str, ...], dict[Key, Billed]] = defaultdict(dict)
    for charge_month, part in billed:
        if part.element != ADJUSTMENT and part.usage_type:
            hosts[what(charge_month, part)].setdefault(part.key, part)
    found = []
    for charge_month, part in billed:
        named = hosts.get(what(charge_month, part), {}) if part.element == ADJUSTMENT else {}
        if len(named) != 1:
            found.append((charge_month, part))
            continue
        (host,) = named.values()
        off = EXACT.subtract(part.cost, part.list_cost)
        if off:
            discount = replace(host, cost=off, list_cost=ZERO, busy=None, idle=ZERO)
            found.append((charge_month, discount))
        if part.list_cost:
            found.append((charge_month, replace(part, cost=part.list_cost)))
    return found


def added(parts: Sequence[Billed]) -> Billed:
    """Several parts of one term and currency as one; units are unknown only if all of them are."""
    first = parts[0]
    known = [part.busy for part in parts if part.busy is not None]
    return Billed(
        key=first.key,
        usage_type=first.usage_type,
        unit=first.unit,
        currency=first.currency,
        cost=_sum(part.cost for part in parts),
        list_cost=_sum(part.list_cost for part in parts),
        busy=_sum(known) if known else None,
        idle=_sum(part.idle for part in parts),
    )


def _sum(amounts: Iterable[Decimal]) -> Decimal:
    total = ZERO
    for amount in amounts:
        total = EXACT.add(total, amount)
    return total


def met(
    patterns: Mapping[Key, Sequence[str]], terms: Iterable[Billed]
) -> tuple[dict[tuple[Key, str], list[Billed]], list[Billed]]:
    """The billed parts by the term of a plan they meet (key and pattern), and those that meet none.

    `patterns`: the usage types that the plan's terms of a key name.
    """
    found: dict[tuple[Key, str], list[Billed]] = defaultdict(list)
    unmet = []
    for part in terms:
        named = [p for p in patterns.get(part.key, ()) if not p or matches(p, part.usage_type)]
        if named:
            best = max(named, key=lambda p: (p != "", literal_length(p), p))
            found[part.key, best].append(part)
        else:
            unmet.append(part)
    return found, unmet


def in_other_units(term: Mapping[str, Any], unmet: Iterable[Billed]) -> list[Billed]:
    """What was billed of a plan's term in another unit of the same thing: seconds for hours.

    Such a plan is written wrongly; its line is neither discontinued nor the cost new.
    """
    key, pattern = key_of(term), term["usage_type"]
    return [
        part
        for part in unmet
        if part.key[:4] == key[:4]
        and part.cost
        and part.unit
        and (not pattern or matches(pattern, part.usage_type))
        and _counted_in(part.unit) == _counted_in(term["unit"])
    ]


def without_units(term: Mapping[str, Any], unmet: Iterable[Billed]) -> list[Billed]:
    """What was billed of a plan's term without any quantity: no price of a unit can be told."""
    key, pattern = key_of(term), term["usage_type"]
    return [
        part
        for part in unmet
        if part.key == (*key[:4], "")
        and part.cost
        and (not pattern or matches(pattern, part.usage_type))
    ]


def _counted_in(unit: str) -> str:
    """Seconds for hours, tokens for thousands of them; a unit of its own is itself."""
    return counted(BilledText(provider="", unit=unit)).unit
