"""Actual against predicted, term by term; what cannot be compared stands beside with its reason.

    difference = actual - predicted = the named variances of `pipelines.variance.drivers`

Positive is unfavourable: it cost more. Compared is EffectiveCost by charge month over direct, usage
and shared cost and the version's notional share of idle time, without tax and credits, in the
plan's currency. The quantity is billed units in that scope. Credits, tax, support and unused
commitments are lines of their own, of no model.

A term that was planned and not billed is a discontinued line, a cost that the plan in force does
not mention a new line (`not_planned`). What cannot be compared is `not_comparable`: neither is ever
a zero, neither hides in price.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final

import duckdb
import polars as pl

from pipelines.contracts import DRIVERS, VARIANCE, Contract, require
from pipelines.formulas.volumes import Volumes
from pipelines.money import EXACT, as_decimal, plain, quantise
from pipelines.months import days_in_month
from pipelines.prices.fx import FxKind, FxRates
from pipelines.variance.activities import ActiveLine, shares_of, size_and_measure
from pipelines.variance.actual_terms import (
    KEY,
    Actuals,
    Billed,
    Key,
    added,
    key_of,
    met,
    read_actuals,
)
from pipelines.variance.drivers import Common, Driver, drivers_of, own, price_and_usage
from pipelines.variance.rates import BudgetRates

ZERO: Final = Decimal(0)
OWN_LINES: Final = {
    "unused_commitment": "unused commitments",
    "credit": "credits",
    "tax": "tax",
    "support": "support",
}
NO_VERSION: Final = ("", "")
"""Model and version of a line of its own."""

Term = Mapping[str, Any]
"""A row of core_prediction__spend."""


@dataclass(frozen=True)
class Comparison:
    """The comparison of a month and the variances its differences are made of."""

    variance: pl.DataFrame
    """Contract VARIANCE."""
    drivers: pl.DataFrame
    """Contract DRIVERS."""


@dataclass(frozen=True)
class _Line:
    """One row of the comparison, and the variances of its difference."""

    row: dict[str, Any]
    drivers: Sequence[Driver] = ()


@dataclass(frozen=True)
class _Open:
    """A term planned and billed, before volume and mix of its plan are known."""

    row: dict[str, Any]
    common: Common
    active: ActiveLine | None
    remark: str


@dataclass(frozen=True)
class _Month:
    """What all terms of a month share."""

    month: str
    days_covered: int
    rates: FxRates
    rate_kind: FxKind
    volumes: Volumes

    @property
    def days(self) -> int:
        return days_in_month(self.month)

    @property
    def part(self) -> Fraction:
        """How much of a full month is compared."""
        return Fraction(self.days_covered, self.days)


def compare(
    con: duckdb.DuckDBPyConnection,
    month: str,
    predicted: pl.DataFrame,
    allocated_files: Sequence[str],
    notional_idle: pl.DataFrame,
    days_covered: int,
    volumes: Volumes | None = None,
    rates: FxRates | None = None,
    rate_kind: FxKind = "month_average",
) -> Comparison:
    """One row per term of every prediction in force, and per actual cost that no plan has.

    `predicted`: contract PREDICTED. Of several plans of one kind for a version the latest known one
    is in force. `days_covered`: complete bill days of the month; fewer than the month has, and the
    plan's quantities and volumes are pro-rated to them. `volumes`: what logs measured of each
    version. Charges of other charge months (corrections) are listed, not compared: their plan was
    that month's.
    """
    shared = _Month(month, days_covered, rates or FxRates(), rate_kind, volumes or {})
    actuals = read_actuals(con, month, allocated_files, notional_idle)
    in_force = _in_force(predicted)
    lines: list[_Line] = []
    for (kind, volume), plans in in_force.items():
        found = list(_compared(plans, actuals, shared, is_plan=kind == "plan"))
        if kind == "plan":
            found += _other_months(actuals)
        lines += [replace(line, row={**line.row, "kind": kind, "volume": volume}) for line in found]
    filled = {
        "billing_month": month,
        "basis": "EffectiveCost",
        "days_covered": days_covered,
        "days_in_month": shared.days,
    }
    rows = [{"charge_month": month, "usage_type": "", **filled, **line.row} for line in lines]
    drivers = [
        {**row, **driver.row()}
        for row, line in zip(rows, lines, strict=True)
        for driver in line.drivers
    ]
    return Comparison(_frame(VARIANCE, rows), _frame(DRIVERS, drivers))


def _frame(contract: Contract, rows: Sequence[Mapping[str, Any]]) -> pl.DataFrame:
    columns = {
        name: pl.Series(name, [row.get(name) for row in rows], dtype=kind, strict=True)
        for name, kind in contract.polars_schema.items()
    }
    return require(pl.DataFrame(columns).sort(contract.key), contract)


_Plans = dict[tuple[str, str], list[Term]]
"""The terms in force of each model version."""


def _in_force(predicted: pl.DataFrame) -> dict[tuple[str, str], _Plans]:
    """By kind and volume, the latest plan of each model version; kind `plan` even without any."""
    found: dict[tuple[str, str], _Plans] = {("plan", "ex_ante"): {}}
    for row in predicted.sort("as_of", *predicted.columns).iter_rows(named=True):
        plans = found.setdefault((row["kind"], row["volume"]), {})
        terms = plans.setdefault((row["model"], row["model_version"]), [])
        if terms and terms[0]["plan"] != row["plan"]:
            terms.clear()
        terms.append(row)
    return found


def _compared(plans: _Plans, actuals: Actuals, month: _Month, *, is_plan: bool) -> Iterator[_Line]:
    """The rows of one kind of prediction; costs that it lacks are listed for a plan alone."""
    versions = {who: terms for who, terms in plans.items() if who != NO_VERSION}
    patterns: dict[Key, list[str]] = defaultdict(list)
    for terms in versions.values():
        for term in terms:
            patterns[key_of(term)].append(term["usage_type"])
    billed, unmet = met(patterns, actuals.terms)
    waiting: list[_Open] = []
    for terms in versions.values():
        for term in terms:
            parts = billed.get((key_of(term), term["usage_type"]), [])
            yield from _term(term, parts, month, waiting, lists_others=is_plan)
    yield from _finished(waiting)
    if is_plan:
        yield from _unplanned(plans, unmet)
        yield from _amounts(plans.get(NO_VERSION, []), actuals.amounts, month)


def _term(
    term: Term, parts: Sequence[Billed], month: _Month, waiting: list[_Open], *, lists_others: bool
) -> Iterator[_Line]:
    """One term; if it is planned and billed it waits for the volumes of its plan."""
    budget = BudgetRates.of(term, month.rates, month.rate_kind, month.month)
    usable = [part for part in parts if budget.why_not(part.currency) is None]
    others = _by_currency(part for part in parts if budget.why_not(part.currency) is not None)
    others = [part for part in others if part.cost]
    actual = added(usable) if usable else None
    row: dict[str, Any] = {name: term[name] for name in ("plan", *KEY, "usage_type", "currency")}
    row |= {
        "planned_price": term["price"],
        "planned_quantity": _prorated(term["quantity"], month),
        "actual_quantity": actual.quantity if actual else None,
        "actual_cost": as_decimal(budget.actual(usable)) if usable else None,
    }
    for part in others if lists_others else ():
        why = f"planned in {term['currency']}: {budget.why_not(part.currency)}"
        yield _Line(_listed(part, why, usage_type=term["usage_type"]))
    reason = _why_not(term, actual, others, budget)
    if reason:
        yield _Line(row | _not_comparable(reason))
        return
    row["predicted_cost"] = quantise(EXACT.multiply(term["price"], row["planned_quantity"]))
    if actual is None:
        yield _discontinued(row)
        return
    common = Common(
        term=term,
        unit=term["unit"],
        currency=term["currency"],
        price=term["price"],
        quantity=row["planned_quantity"],
        predicted=row["predicted_cost"],
        cost=row["actual_cost"],
        cost_at_budget=budget.at_budget((part.currency, part.cost) for part in usable),
        list_at_budget=budget.at_budget((part.currency, part.list_cost) for part in usable),
        busy=Fraction(actual.busy or ZERO),
        idle=Fraction(actual.idle),
        rates=budget.single({part.currency for part in usable}),
    )
    row["actual_quantity"] = actual.quantity or ZERO
    waiting.append(_Open(row, common, *_active(term, common, month)))


def _prorated(quantity: Decimal | None, month: _Month) -> Decimal | None:
    return None if quantity is None else as_decimal(Fraction(quantity) * month.part)


def _why_not(
    term: Term, actual: Billed | None, others: Sequence[Billed], budget: BudgetRates
) -> str:
    """Why a term cannot be compared; empty: it can."""
    if term["reason"]:
        return str(term["reason"])
    missing = [name for name in ("price", "quantity") if term[name] is None]
    if missing:
        return f"the plan states no {' and no '.join(missing)}"
    if others:
        billed = ", ".join(part.currency for part in others)
        return f"planned in {term['currency']}, billed in {billed}: " + "; ".join(
            str(budget.why_not(part.currency)) for part in others
        )
    if actual is not None and actual.quantity is None and actual.cost != 0:
        return "the bill states no quantity for this cost"
    return ""


def _discontinued(row: dict[str, Any]) -> _Line:
    predicted = row["predicted_cost"]
    gone = EXACT.minus(predicted)
    return _Line(
        row
        | {
            "actual_cost": ZERO,
            "actual_quantity": ZERO,
            "difference": gone,
            "price_variance": ZERO,
            "usage_variance": gone,
            "status": "compared",
            "reason": "planned, and nothing was billed",
        },
        own("discontinued_line", predicted, ZERO, row["currency"]),
    )


def _active(term: Term, common: Common, month: _Month) -> tuple[ActiveLine | None, str]:
    """The term's activity as its plan's mix needs it, or why its usage is told as one."""
    activity = size_and_measure(term["activity"])
    if activity is None or term["activity_quantity"] is None:
        return None, ""
    size, measure = activity
    version = term["model"], term["model_version"]
    measured = month.volumes.get(version, {}).get(measure)
    if measured is None and not common.busy and common.idle:
        measured = Fraction(0)  # watched the whole month, and nobody asked for anything
    if measured is None:
        return None, f"no log measured the {measure} of {' '.join(version)}: usage is told as one"
    line = ActiveLine(
        group=(term["plan"], term["currency"], measure),
        version=version,
        slot=(term["component"], term["element"], key_of(term)[-1]),
        planned=Fraction(term["activity_quantity"]) * size * month.part,
        measured=measured,
    )
    return line, ""


def _finished(waiting: Sequence[_Open]) -> Iterator[_Line]:
    """Planned and billed terms, with their shares of what their plan's versions did together."""
    active = [one.active for one in waiting if one.active is not None]
    shares = iter(shares_of(active))
    for one in waiting:
        share = next(shares) if one.active is not None else None
        drivers, remark = drivers_of(replace(one.common, share=share))
        price, usage = price_and_usage(drivers)
        yield _Line(
            one.row
            | {
                "difference": EXACT.subtract(one.common.cost, one.common.predicted),
                "price_variance": price,
                "usage_variance": usage,
                "status": "compared",
                "reason": "; ".join(text for text in (one.remark, remark) if text),
            },
            drivers,
        )


def _not_comparable(reason: str) -> dict[str, Any]:
    return {"status": "not_comparable", "reason": reason}


def _listed(part: Billed, reason: str, **more: Any) -> dict[str, Any]:
    """A row of a cost that is listed and not compared."""
    model, version, component, element, _ = part.key
    return {
        "plan": "",
        "model": model,
        "model_version": version,
        "component": component,
        "element": element,
        "unit": part.unit,
        "currency": part.currency,
        "actual_cost": part.cost,
        "actual_quantity": part.quantity,
        **_not_comparable(reason),
        **more,
    }


def _by_currency(parts: Iterable[Billed]) -> list[Billed]:
    """Parts as one per term and currency."""
    groups: dict[tuple[Key, str], list[Billed]] = defaultdict(list)
    for part in parts:
        groups[part.key, part.currency].append(part)
    return [added(groups[name]) for name in sorted(groups)]


def _unplanned(plans: _Plans, unmet: Sequence[Billed]) -> Iterator[_Line]:
    """Costs that no term of a plan meets: new lines of a planned version, or no plan at all."""
    named = {key_of(term) for terms in plans.values() for term in terms}
    for part in _by_currency(unmet):
        if part.cost == 0:
            continue
        model, version, component, element, _ = part.key
        terms = plans.get((model, version))
        if terms is None:
            who = (
                f"{model} {version}"
                if version
                else f"{model}, whose version the bill does not tell"
            )
            yield _Line(_listed(part, f"no plan for {who}"))
            continue
        plan = terms[0]["plan"]
        reason = f"plan {plan} has no {component} {element} in {part.unit or 'no unit'}"
        if part.key in named:
            reason += " of " + _texts(
                one.usage_type
                for one in unmet
                if (one.key, one.currency) == (part.key, part.currency)
            )
        new = {
            "plan": plan,
            "difference": part.cost,
            "status": "not_planned",
            "reason": reason,
        }
        yield _Line(_listed(part, reason) | new, own("new_line", None, part.cost, part.currency))


def _texts(texts: Iterable[str], most: int = 3) -> str:
    """The first few of some usage types, and how many more there are."""
    names = sorted({text or "no usage type" for text in texts})
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def _amounts(
    terms: Sequence[Term], amounts: Mapping[tuple[str, str], Decimal], month: _Month
) -> Iterator[_Line]:
    """Credits, tax, support and unused commitments against what was planned of them."""
    planned = set()
    for term in terms:
        line, currency = term["element"], term["currency"]
        planned.add((line, currency))
        price, quantity = term["price"], _prorated(term["quantity"], month)
        row = {name: term[name] for name in ("plan", *KEY, "usage_type", "currency")}
        predicted = quantise(EXACT.multiply(price, quantity or ZERO))
        actual = amounts.get((line, currency), ZERO)
        yield _Line(
            row
            | {
                "planned_price": price,
                "planned_quantity": quantity,
                "predicted_cost": predicted,
                "actual_cost": actual,
                "difference": EXACT.subtract(actual, predicted),
                "status": "compared",
                "reason": "",
            },
            own(line, predicted, actual, currency),
        )
    for (line, currency), cost in sorted(amounts.items()):
        if (line, currency) in planned or cost == 0:
            continue
        what = OWN_LINES[line]
        in_plan = [term["plan"] for term in terms if term["currency"] == currency]
        if not in_plan:
            yield _Line(_amount(line, currency, cost, f"no plan for {what} in {currency}"))
            continue
        new = {"plan": in_plan[0], "difference": cost, "status": "not_planned"}
        reason = f"plan {in_plan[0]} has no {what}"
        yield _Line(_amount(line, currency, cost, reason) | new, own(line, None, cost, currency))


def _amount(line: str, currency: str, cost: Decimal, reason: str) -> dict[str, Any]:
    """A row of a line of its own that is listed and not compared."""
    return {
        "plan": "",
        **dict.fromkeys(KEY, ""),
        "element": line,
        "currency": currency,
        "actual_cost": cost,
        **_not_comparable(reason),
    }


def _other_months(actuals: Actuals) -> Iterator[_Line]:
    groups: dict[tuple[str, Key, str], list[Billed]] = defaultdict(list)
    for charge_month, part in actuals.other_months:
        groups[charge_month, part.key, part.currency].append(part)
    for charge_month, key, currency in sorted(groups):
        part = added(groups[charge_month, key, currency])
        yield _Line(
            _listed(part, _of_other_month(charge_month, part.cost, currency))
            | {"charge_month": charge_month, "actual_quantity": None}
        )
    for (charge_month, line, currency), cost in sorted(actuals.amounts_of_other_months.items()):
        if cost:
            reason = _of_other_month(charge_month, cost, currency)
            yield _Line(_amount(line, currency, cost, reason) | {"charge_month": charge_month})


def _of_other_month(charge_month: str, cost: Decimal, currency: str) -> str:
    return (
        f"{plain(cost)} {currency} of charge month {charge_month}, not of this one: "
        "see that month's plan"
    )
