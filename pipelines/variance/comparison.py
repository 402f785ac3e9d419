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
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any, Final

import duckdb
import polars as pl

from pipelines.contracts import DRIVERS, VARIANCE, Contract, require
from pipelines.money import EXACT, as_decimal, quantise
from pipelines.prediction.volumes import Volumes
from pipelines.prices.fx import FxKind, FxRates
from pipelines.variance.activities import ActiveLine, shares_of, size_and_measure
from pipelines.variance.actual_terms import (
    KEY,
    ZERO,
    Actuals,
    Billed,
    Key,
    added,
    in_other_units,
    key_of,
    met,
    read_actuals,
    without_units,
)
from pipelines.variance.drivers import Common, drivers_of, own, price_and_usage
from pipelines.variance.lines import (
    ComparedMonth,
    Plans,
    Term,
    TermLine,
    by_currency,
    listed,
    not_comparable,
)
from pipelines.variance.own_lines import corrections_of_own_lines, own_lines
from pipelines.variance.rates import BudgetRates
from pipelines.variance.unplanned import corrections, unplanned

NO_VERSION: Final = ("", "")
"""Model and version of a line of its own."""
UNLOGGED: Final = ("training", "update")
"""Components whose activities are no requests: what logs measure is inference."""


@dataclass(frozen=True)
class Comparison:
    """The comparison of a month and the variances its differences are made of."""

    variance: pl.DataFrame
    """Contract VARIANCE."""
    drivers: pl.DataFrame
    """Contract DRIVERS."""


@dataclass(frozen=True)
class _Open:
    """A term planned and billed, before volume and mix of its plan are known."""

    row: dict[str, Any]
    common: Common
    active: ActiveLine | None
    remark: str


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
    shared = ComparedMonth(month, days_covered, rates or FxRates(), rate_kind, volumes or {})
    actuals = read_actuals(con, month, allocated_files, notional_idle)
    in_force = _in_force(predicted)
    lines: list[TermLine] = []
    for (kind, volume), plans in in_force.items():
        found = list(_compared(plans, actuals, shared, is_plan=kind == "plan"))
        if kind == "plan":
            found += corrections(actuals.other_months)
            found += corrections_of_own_lines(actuals.amounts_of_other_months)
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


def _in_force(predicted: pl.DataFrame) -> Mapping[tuple[str, str], Plans]:
    """By kind and volume, the latest plan of each model version; kind `plan` even without any.

    Lines that no model has are planned one by one: the latest of each line and currency.
    """
    found: dict[tuple[str, str], dict[tuple[str, str], list[Term]]] = {("plan", "ex_ante"): {}}
    for row in predicted.sort("as_of", *predicted.columns).iter_rows(named=True):
        plans = found.setdefault((row["kind"], row["volume"]), {})
        terms = plans.setdefault((row["model"], row["model_version"]), [])
        if not row["model"]:
            line = row["element"], row["currency"]
            terms[:] = [term for term in terms if (term["element"], term["currency"]) != line]
        elif terms and terms[0]["plan"] != row["plan"]:
            terms.clear()
        terms.append(row)
    return found


def _compared(
    plans: Plans, actuals: Actuals, month: ComparedMonth, *, is_plan: bool
) -> Iterator[TermLine]:
    """The rows of one kind of prediction; costs that it lacks are listed for a plan alone."""
    versions = {who: terms for who, terms in plans.items() if who != NO_VERSION}
    patterns: dict[Key, list[str]] = defaultdict(list)
    for terms in versions.values():
        for term in terms:
            patterns[key_of(term)].append(term["usage_type"])
    billed, unmet = met(patterns, actuals.terms)
    waiting: list[_Open] = []
    others: dict[Key, str] = {}
    has_units = {key[:4] for key, _ in billed}
    for terms in versions.values():
        for term in terms:
            parts = billed.pop((key_of(term), term["usage_type"]), [])
            mixed = [] if parts else in_other_units(term, unmet)
            if mixed:
                why = {part.key: _other_unit(term, part.unit) for part in mixed}
                others |= why
                yield _by_other_units(term, _other_unit(term, *(part.unit for part in mixed)))
                continue
            if not parts and key_of(term)[:4] not in has_units:
                bare = without_units(term, unmet)
                if bare:
                    reason = f"planned in {term['unit']}, and the bill states no quantity"
                    others |= {part.key: reason for part in bare}
                    yield _by_other_units(term, reason)
                    continue
            yield from _term(term, parts, month, waiting, lists_others=is_plan)
    yield from _finished(waiting)
    if is_plan:
        yield from unplanned(plans, unmet, others)
        yield from own_lines(plans.get(NO_VERSION, []), actuals.amounts, month)


def _term(
    term: Term,
    parts: Sequence[Billed],
    month: ComparedMonth,
    waiting: list[_Open],
    *,
    lists_others: bool,
) -> Iterator[TermLine]:
    """One term; if it is planned and billed it waits for the volumes of its plan."""
    budget = BudgetRates.of(term, month.rates, month.rate_kind, month.month)
    usable = [part for part in parts if budget.why_not(part.currency) is None]
    others = by_currency(part for part in parts if budget.why_not(part.currency) is not None)
    others = [part for part in others if part.cost]
    actual = added(usable) if usable else None
    row = _row_of(term) | {
        "planned_quantity": month.prorated(term["quantity"]),
        "actual_quantity": actual.quantity if actual else None,
        "actual_cost": as_decimal(budget.actual(usable)) if usable else None,
    }
    for part in others if lists_others else ():
        why = f"planned in {term['currency']}: {budget.why_not(part.currency)}"
        yield TermLine(listed(part, why, usage_type=term["usage_type"]))
    reason = _why_not(term, actual, others, budget)
    if reason:
        yield TermLine(row | not_comparable(reason))
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


def _row_of(term: Term) -> dict[str, Any]:
    names = ("plan", *KEY, "usage_type", "currency")
    return {name: term[name] for name in names} | {"planned_price": term["price"]}


def _other_unit(term: Term, *units: str) -> str:
    billed = ", ".join(sorted(set(units)))
    return f"planned in {term['unit']}, billed in {billed}: plan it in the bill's unit"


def _by_other_units(term: Term, reason: str) -> TermLine:
    return TermLine(_row_of(term) | {"planned_quantity": term["quantity"]} | not_comparable(reason))


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


def _discontinued(row: dict[str, Any]) -> TermLine:
    predicted = row["predicted_cost"]
    gone = EXACT.minus(predicted)
    return TermLine(
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


def _active(term: Term, common: Common, month: ComparedMonth) -> tuple[ActiveLine | None, str]:
    """The term's activity as its plan's mix needs it, or why its usage is told as one."""
    activity = size_and_measure(term["activity"])
    if activity is None or term["activity_quantity"] is None:
        return None, ""
    size, measure = activity
    version = term["model"], term["model_version"]
    told_as_one = f"of {' '.join(version)}: usage is told as one"
    if term["component"] in UNLOGGED:
        return None, f"logs do not measure the {measure} of {term['component']} {told_as_one}"
    if common.quantity and not term["activity_quantity"]:
        return None, f"units are planned for no {measure} at all {told_as_one}"
    measured = month.volumes.get(version, {}).get(measure)
    if measured is None and not common.busy and common.idle:
        measured = Fraction(0)  # watched the whole month, and nobody asked for anything
    if measured is None:
        return None, f"no log measured the {measure} {told_as_one}"
    line = ActiveLine(
        group=(term["plan"], term["currency"], measure),
        version=version,
        slot=(term["component"], term["element"], key_of(term)[-1]),
        planned=Fraction(term["activity_quantity"]) * size * month.part,
        measured=measured,
    )
    return line, ""


def _finished(waiting: Sequence[_Open]) -> Iterator[TermLine]:
    """Planned and billed terms, with their shares of what their plan's versions did together."""
    active = [one.active for one in waiting if one.active is not None]
    shares = iter(shares_of(active))
    for one in waiting:
        share = next(shares) if one.active is not None else None
        drivers, remark = drivers_of(replace(one.common, share=share))
        price, usage = price_and_usage(drivers)
        yield TermLine(
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
