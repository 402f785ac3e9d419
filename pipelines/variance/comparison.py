"""Actual against plan, term by term, split into price and usage.

    difference     = actual - predicted
    price variance = actual - planned price x actual quantity
    usage variance = planned price x actual quantity - predicted

Each is computed from its own inputs; their sum is the difference identically (the joint part sits
in price, as standard costing has it). Positive is unfavourable: it cost more.

Compared is EffectiveCost by charge month over direct, usage and shared cost and the version's
notional share of idle time, without tax and credits. The quantity is billed units in that scope.
What a plan does not mention is `not_planned`, what cannot be compared is `not_comparable`, each
with its reason:
neither is ever a zero, neither hides in price.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal, localcontext
from typing import Any

import duckdb
import polars as pl

from pipelines.contracts import DRIVERS, VARIANCE, require
from pipelines.money import EXACT, POLARS_TYPE, plain, quantise
from pipelines.months import days_in_month
from pipelines.queries import query

Key = tuple[str, str, str, str, str]
"""model, version, component, element, unit (compared without case, hours under one name)."""

_UNIT_NAMES = {"hr": "hrs", "hour": "hrs", "hours": "hrs", "hrs": "hrs"}


@dataclass(frozen=True)
class Actual:
    """One term as billed: its cost, its units (None where the bill states none) and their name."""

    cost: Decimal
    quantity: Decimal | None
    unit: str


def compare(
    con: duckdb.DuckDBPyConnection,
    month: str,
    predicted: pl.DataFrame,
    allocated_files: Sequence[str],
    notional_idle: pl.DataFrame,
    days_covered: int,
) -> pl.DataFrame:
    """One row per term of the plan in force, and per actual cost that no plan has.

    `predicted`: contract PREDICTED. Of several plans for a version the latest known one is in
    force. `days_covered`: complete bill days of the month; fewer than the month has, and the plan's
    quantity is pro-rated to them. Charges of other charge months (corrections) are listed, not
    compared: their plan was that month's.
    """
    with localcontext(EXACT):
        actuals, others = _actual_terms(con, month, allocated_files, notional_idle)
    plans = _plans_in_force(predicted)
    days = days_in_month(month)
    with localcontext(EXACT):
        rows = [
            *_planned(plans, actuals, days_covered, days),
            *_unplanned(plans, actuals),
            *_other_months(others),
        ]
    shared = {
        "billing_month": month,
        "kind": "plan",
        "volume": "ex_ante",
        "usage_type": "",
        "basis": "EffectiveCost",
        "days_covered": days_covered,
        "days_in_month": days,
    }
    filled = [{"charge_month": month, **shared, **row} for row in rows]
    columns = {
        name: pl.Series(name, [row.get(name) for row in filled], dtype=kind, strict=True)
        for name, kind in VARIANCE.polars_schema.items()
    }
    return require(pl.DataFrame(columns).sort(VARIANCE.key), VARIANCE)


def _unit(text: str) -> str:
    return _UNIT_NAMES.get(text.strip().lower(), text.strip().lower())


def _plans_in_force(predicted: pl.DataFrame) -> dict[tuple[str, str], list[dict[str, Any]]]:
    """The latest plan of each model version, its terms."""
    plans: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for row in predicted.sort("as_of", "plan").iter_rows(named=True):
        terms = plans.setdefault((row["model"], row["model_version"]), [])
        if terms and terms[0]["plan"] != row["plan"]:
            terms.clear()
        terms.append(row)
    return plans


def _actual_terms(
    con: duckdb.DuckDBPyConnection,
    month: str,
    allocated_files: Sequence[str],
    notional_idle: pl.DataFrame,
) -> tuple[dict[tuple[Key, str], Actual], list[dict[str, Any]]]:
    """Actual terms of the month by key and currency, and the rows of other charge months."""
    rows: list[dict[str, Any]] = []
    if allocated_files:
        terms = query(con, "variance/actual_terms", allocated_files=list(allocated_files))
        rows = list(pl.DataFrame(terms).iter_rows(named=True))
    idle = notional_idle.drop("usage_type", "list_cost").rename(
        {"quantity": "actual_quantity", "effective_cost": "actual_cost"}
    )
    rows += list(idle.iter_rows(named=True))
    rows.sort(key=lambda r: tuple(r[n] for n in ("charge_month", *_KEY, "currency")))
    actuals: dict[tuple[Key, str], Actual] = {}
    others = []
    for row in rows:
        if row["charge_month"] != month:
            others.append(row)
            continue
        key = _key(row), row["currency"]
        cost, quantity = row["actual_cost"], row["actual_quantity"]
        if key in actuals:
            known = actuals[key]
            cost += known.cost
            if known.quantity is not None:
                quantity = known.quantity + (quantity or 0)
        actuals[key] = Actual(cost, quantity, row["unit"])
    return actuals, others


_KEY = ("model", "model_version", "component", "element", "unit")


def _key(row: dict[str, Any]) -> Key:
    model, version, component, element, unit = (row[name] for name in _KEY)
    return model, version, component, element, _unit(unit)


def _planned(
    plans: dict[tuple[str, str], list[dict[str, Any]]],
    actuals: dict[tuple[Key, str], Actual],
    days_covered: int,
    days: int,
) -> Iterator[dict[str, Any]]:
    for terms in plans.values():
        for term in terms:
            yield _compared(term, actuals, days_covered, days)


def _compared(
    term: dict[str, Any],
    actuals: dict[tuple[Key, str], Actual],
    days_covered: int,
    days: int,
) -> dict[str, Any]:
    key, currency = _key(term), term["currency"]
    actual = actuals.get((key, currency))
    elsewhere = sorted({c for k, c in actuals if k == key and c != currency})
    price, full_quantity = term["price"], term["quantity"]
    row: dict[str, Any] = {name: term[name] for name in ("plan", *_KEY, "currency")}
    row |= {
        "planned_price": price,
        "planned_quantity": None
        if full_quantity is None
        else quantise(full_quantity * days_covered / days),
        "actual_quantity": actual.quantity if actual else None,
        "actual_cost": actual.cost if actual else None,
    }
    missing = [name for name in ("price", "quantity") if term[name] is None]
    if missing:
        return row | _not_comparable(f"the plan states no {' and no '.join(missing)}")
    if actual is None and elsewhere:
        return row | _not_comparable(
            f"planned in {currency}, billed in {', '.join(elsewhere)}: currencies are never mixed"
        )
    predicted = quantise(price * row["planned_quantity"])
    row["predicted_cost"] = predicted
    cost = actual.cost if actual else Decimal(0)
    quantity = actual.quantity if actual else Decimal(0)
    if quantity is None and cost != 0:
        return row | _not_comparable("the bill states no quantity for this cost")
    at_planned_price = quantise(price * (quantity or Decimal(0)))
    return row | {
        "actual_cost": cost,
        "actual_quantity": quantity or Decimal(0),
        "difference": cost - predicted,
        "price_variance": cost - at_planned_price,
        "usage_variance": at_planned_price - predicted,
        "status": "compared",
        "reason": "",
    }


def _not_comparable(reason: str) -> dict[str, Any]:
    return {"status": "not_comparable", "reason": reason}


def _unplanned(
    plans: dict[tuple[str, str], list[dict[str, Any]]], actuals: dict[tuple[Key, str], Actual]
) -> Iterator[dict[str, Any]]:
    planned = {(_key(term), term["currency"]) for terms in plans.values() for term in terms}
    in_plan = {_key(term) for terms in plans.values() for term in terms}
    for (key, currency), actual in actuals.items():
        if (key, currency) in planned or actual.cost == 0:
            continue
        model, version, component, element, _ = key
        row = {
            "plan": "",
            "model": model,
            "model_version": version,
            "component": component,
            "element": element,
            "unit": actual.unit,
            "currency": currency,
            "actual_cost": actual.cost,
            "actual_quantity": actual.quantity,
        }
        terms = plans.get((model, version))
        if terms is None:
            who = (
                f"{model} {version}"
                if version
                else f"{model}, whose version the bill does not tell"
            )
            yield row | _not_comparable(f"no plan for {who}")
        elif key in in_plan:
            yield row | _not_comparable(f"planned in another currency, billed in {currency}")
        else:
            yield row | {
                "plan": terms[0]["plan"],
                "difference": actual.cost,
                "status": "not_planned",
                "reason": f"plan {terms[0]['plan']} has no {component} {element} in "
                + (actual.unit or "no unit"),
            }


def _other_months(others: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    sums: dict[tuple[str, Key, str], tuple[Decimal, str]] = {}
    for row in others:
        key = row["charge_month"], _key(row), row["currency"]
        cost, _ = sums.get(key, (Decimal(0), ""))
        sums[key] = cost + row["actual_cost"], row["unit"]
    for (charge_month, (model, version, component, element, _), currency), (
        cost,
        unit,
    ) in sums.items():
        yield {
            "plan": "",
            "charge_month": charge_month,
            "model": model,
            "model_version": version,
            "component": component,
            "element": element,
            "unit": unit,
            "currency": currency,
            "actual_cost": cost,
        } | _not_comparable(
            f"{plain(cost)} {currency} of charge month {charge_month}, not of this one: "
            "see that month's plan"
        )


def drivers(compared: pl.DataFrame) -> pl.DataFrame:
    """The named variances of every compared term; they add up to its difference."""
    both = compared.filter(pl.col("status") == "compared").with_columns(
        pl.lit("standard").alias("method"), pl.col("unit").alias("value_unit")
    )
    named = [
        both.with_columns(
            pl.lit(name).alias("variance"),
            pl.col(f"{name}_variance").alias("amount"),
            (pl.col("planned_quantity") if name == "usage" else pl.lit(None, POLARS_TYPE)).alias(
                "predicted_value"
            ),
            (pl.col("actual_quantity") if name == "usage" else pl.lit(None, POLARS_TYPE)).alias(
                "actual_value"
            ),
        ).select(list(DRIVERS.columns))
        for name in ("price", "usage")
    ]
    return require(pl.concat(named).sort(DRIVERS.key), DRIVERS)
