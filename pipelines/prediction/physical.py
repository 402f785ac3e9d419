"""Prediction of kind `physical`: a formula of the library x a list price, term by term.

Each `[[formulas]]` entry of the catalogue is one term. Its formula gives a quantity, which is
brought into the bill's unit and priced by the entry or by a dated book of list prices. A formula
whose result is money is told per unit of the volume it takes, so that it can be compared as well.

Where logs measured the volume of a month that is over, the term has a twin with that volume fed in
(`ex_post`). A twin takes every volume of its formula from the log, or is no prediction: forecast
and measured volumes are never mixed. Logs measure inference; no other component has twins.

What is missing or impossible makes a term without a cost, with the reason. Nothing is guessed.
"""

from collections.abc import Iterable
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final

import polars as pl

from pipelines.contracts import PREDICTED, require
from pipelines.errors import FormulaInputInvalid, FormulaUnknown
from pipelines.formulas.chips import said_of
from pipelines.formulas.formula import Formula, Symbol
from pipelines.formulas.library import formula_named
from pipelines.formulas.units import UNITS, factor
from pipelines.money import EXACT, PRECISION, SCALE, as_decimal, quantise
from pipelines.months import month_bounds
from pipelines.prediction.bill_units import BillUnit, in_bill_unit
from pipelines.prediction.list_prices import ListPrices, list_price
from pipelines.prediction.physical_inputs import Told, inputs_of
from pipelines.prediction.volumes import CACHE_MEASURES, MEASURE_UNITS, TOKEN_MEASURES, Volumes
from pipelines.registry.catalogue import FormulaUse

KIND: Final = "physical"
MONEY: Final = "money"
_LARGEST: Final = 10 ** (PRECISION - SCALE)
_ACTIVITY_SIZES: Final = {"tokens": ("1M ", 10**6), "requests": ("1K ", 10**3)}

_BUSY_SHARES: Final = ("busy_share", "target_utilisation")


class _NoPredictionError(Exception):
    """Why a term has no cost."""


def physical(
    uses: Iterable[FormulaUse],
    month: str,
    prices: ListPrices,
    volumes: Volumes | None = None,
) -> pl.DataFrame:
    """What the catalogue's formulas predict for a month, in the columns of contract PREDICTED.

    Only what was known by the end of the month counts; of two entries for one term the later known
    one. `volumes`: what logs measured of a month that is over, None while it is not. 30.84M
    GPU-h at 8 a machine and 98.32 USD an hour of p5.48xlarge predict 379,023,600.00 USD.
    """
    rows = []
    for use, doubled in _in_force(uses, month):
        rows.append(_term(use, month, prices, doubled))
        twin = None if volumes is None else _twin(use, month, prices, volumes, doubled)
        rows += [twin] if twin else []
    columns = {
        name: pl.Series(name, [row.get(name) for row in rows], dtype=kind, strict=True)
        for name, kind in PREDICTED.polars_schema.items()
    }
    return require(pl.DataFrame(columns).sort(PREDICTED.key), PREDICTED)


def takes_volumes(formula: Formula, component: str) -> bool:
    """Whether a formula rests on volumes that logs measure; they measure inference alone."""
    return component == "inference" and any(symbol.measured for symbol in formula.symbols)


def _in_force(uses: Iterable[FormulaUse], month: str) -> list[tuple[FormulaUse, str]]:
    """The entries that hold for the month, and why one is no single term although it should be."""
    _, month_end = month_bounds(month)
    by_term: dict[tuple[str, ...], list[FormulaUse]] = {}
    for use in uses:
        if use.first_month <= month <= use.last_month and use.as_of < month_end:
            key = _key(use)
            terms = by_term.setdefault(tuple(key.values()), [])
            terms.append(use)
    found = []
    for terms in by_term.values():
        latest = max(use.as_of for use in terms)
        known = [use for use in terms if use.as_of == latest]
        doubled = ""
        if len(known) > 1:
            names = " and ".join(use.formula for use in known)
            doubled = f"{names} are given for one term: name the usage_type of each"
        found.append((known[0], doubled))
    return found


def _key(use: FormulaUse) -> dict[str, str]:
    formula = _known(use)
    return {
        "plan": use.plan,
        "model": use.model,
        "model_version": use.version,
        "component": use.component or (formula.component if formula else ""),
        "element": use.element or (formula.element if formula else ""),
        "usage_type": use.usage_type,
        "currency": use.currency,
        "unit": use.unit,
    }


def _known(use: FormulaUse) -> Formula | None:
    try:
        return formula_named(use.formula)
    except FormulaUnknown:
        return None


def _twin(
    use: FormulaUse, month: str, prices: ListPrices, volumes: Volumes, doubled: str
) -> dict[str, Any] | None:
    """The term with the measured volumes; None where its formula takes none of a log."""
    formula = _known(use)
    if formula is None or not takes_volumes(formula, _key(use)["component"]):
        return None
    symbols = [symbol for symbol in formula.symbols if symbol.measured]
    known = dict(volumes.get((use.model, use.version), {}))
    if "uncached_input_tokens" in known:
        # a version that was asked and never used its cache has no row of it
        known = dict.fromkeys(CACHE_MEASURES, Fraction(0)) | known
    absent = [symbol.measured for symbol in symbols if symbol.measured not in known]
    problem = doubled
    if absent and not problem:
        what = " or ".join(dict.fromkeys(absent))
        problem = f"no log measured {what} of {use.model} {use.version} in {month}"
    measured = {s.name: known[s.measured] for s in symbols if s.measured in known}
    return _term(use, month, prices, problem, measured) | {"volume": "ex_post"}


def _term(
    use: FormulaUse,
    month: str,
    prices: ListPrices,
    problem: str,
    measured: dict[str, Fraction] | None = None,
) -> dict[str, Any]:
    told = Told()
    row: dict[str, Any] = {
        "billing_month": month,
        "charge_month": month,
        "kind": KIND,
        "volume": "ex_ante",
        "as_of": use.as_of,
        "formula": use.formula,
        "calibration_group": _group(use),
        "reason": problem,
        **_key(use),
    }
    if not problem:
        try:
            formula = formula_named(use.formula)
            row |= _predicted(use, formula, month, prices, measured, told)
        except FormulaUnknown as error:
            row["reason"] = str(error)
        except FormulaInputInvalid as error:
            row["reason"] = "; ".join(error.problems)
        except _NoPredictionError as error:
            row |= error.args[1] if len(error.args) > 1 else {}
            row["reason"] = str(error.args[0])
    return row | {"inputs": told.text()}


def _predicted(
    use: FormulaUse,
    formula: Formula,
    month: str,
    prices: ListPrices,
    measured: dict[str, Fraction] | None,
    told: Told,
) -> dict[str, Any]:
    """Price, quantity and cost.

    Raises:
        FormulaInputInvalid: an input is missing or impossible.
        _NoPredictionError: it has no price, or no quantity in the bill's unit.
    """
    values = inputs_of(use, formula, month, measured, told)
    result = _result(formula, values)
    told.put("(result)", result, formula.unit, cautions=said_of(formula, values, use.chip))
    if formula.unit == MONEY:
        return _of_money(use, formula, values, result, month, told)
    billed = BillUnit(use.unit, use.provider, use.usage_type, use.machine)
    try:
        quantity = in_bill_unit(result, formula.unit, billed, month)
    except ValueError as error:
        raise _NoPredictionError(str(error)) from error
    amounts: dict[str, Any] = {"quantity": _amount(quantity.quantity, "quantity")}
    told.put("(quantity)", amounts["quantity"], use.unit, said=quantity.said)
    amounts |= _activity(formula, values, quantity.quantity)
    try:
        amounts |= _price(use, formula, billed, month, prices, told)
    except _NoPredictionError as error:
        raise _NoPredictionError(error.args[0], amounts) from error
    cost = quantise(EXACT.multiply(amounts["price"], amounts["quantity"]))
    return amounts | {"predicted_cost": _amount(Fraction(cost), "cost")}


def _result(formula: Formula, values: dict[str, Fraction]) -> Fraction:
    try:
        result = Fraction(formula.evaluate(**values))
    except (ArithmeticError, ValueError) as error:
        message = f"{formula.name} cannot be computed of these inputs: {error}"
        raise _NoPredictionError(message) from error
    return result


def _price(
    use: FormulaUse,
    formula: Formula,
    billed: BillUnit,
    month: str,
    prices: ListPrices,
    told: Told,
) -> dict[str, Any]:
    """The price of one billed unit: the entry's, or that of a book's list."""
    per = f"{use.currency} per {use.unit}"
    if use.price is not None:
        price = quantise(use.price)
        told.put("(price)", price, per, source="catalogue")
        return {"price": price}
    try:
        found = list_price(use, formula, billed, month, prices)
    except ValueError as error:
        raise _NoPredictionError(str(error)) from error
    told.put("(price)", found.amount, per, source=found.said)
    return {"price": found.amount, "list_price": found.amount, "discount": Decimal(0)}


def _of_money(
    use: FormulaUse,
    formula: Formula,
    values: dict[str, Fraction],
    result: Fraction,
    month: str,
    told: Told,
) -> dict[str, Any]:
    """A result in money as price x quantity: what a unit of its volume costs on average."""
    if use.price is not None or use.machine:
        message = f"{formula.name} gives money, prices are among its inputs: leave out the other"
        raise _NoPredictionError(message)
    volume = _volume(formula, values, use, month)
    quantity = _amount(volume, "quantity")
    price = as_decimal(result / Fraction(quantity))
    cost = quantise(EXACT.multiply(price, quantity))
    told.put("(quantity)", quantity, use.unit)
    told.put("(price)", price, f"{use.currency} per {use.unit}", source="result / quantity")
    amounts = {"quantity": quantity, "price": price}
    return amounts | _activity(formula, values, volume) | {"predicted_cost": cost}


def _volume(formula: Formula, values: dict[str, Fraction], use: FormulaUse, month: str) -> Fraction:
    """The volume that a result in money is for, in the bill's unit.

    What logs measure is added up (tokens of several classes); else it is the first symbol that the
    bill's unit counts, the others are blocks and thresholds of the price.
    """
    billed = BillUnit(use.unit, use.provider, use.usage_type)
    found: list[Fraction] = []
    for symbol in sorted(formula.symbols, key=lambda symbol: not symbol.measured):
        dimension = UNITS[symbol.unit][0]
        if dimension.startswith(("1", MONEY)) or (found and not symbol.measured):
            continue
        try:
            volume = in_bill_unit(values[symbol.name], symbol.unit, billed, month).quantity
        except ValueError:
            continue  # not what this bill counts
        found.append(volume)
    if any(found):
        return sum(found, Fraction(0))
    message = f"{formula.name} gives money, and none of its volumes is counted in {use.unit}"
    raise _NoPredictionError(message)


def _activity(formula: Formula, values: dict[str, Fraction], quantity: Fraction) -> dict[str, Any]:
    """What is done, how much of it, and the busy units that one of it takes, where that is told.

    The columns let the difference be told as efficiency, idle capacity and volume.
    """
    volumes = {symbol.measured: symbol for symbol in formula.symbols if symbol.measured}
    if not volumes:
        return {}
    measure = next(iter(volumes)) if len(volumes) == 1 else _whole(volumes)
    if measure is None:
        return {}
    parts = [volumes[measure]] if measure in volumes else list(volumes.values())
    done = sum(
        (values[part.name] * factor(part.unit, MEASURE_UNITS[part.measured]) for part in parts),
        Fraction(0),
    )
    if not done:
        return {}
    words, size = _ACTIVITY_SIZES.get(measure.rsplit("_", 1)[-1], ("", 1))
    utilisation = next((values[name] for name in _BUSY_SHARES if name in values), Fraction(1))
    return {
        "activity": f"{words}{measure}",
        "activity_quantity": as_decimal(done / size),
        "units_per_activity": as_decimal(quantity * utilisation * size / done),
        "utilisation": as_decimal(utilisation),
    }


def _whole(volumes: dict[str, Symbol]) -> str | None:
    """The one measure that several stand for; None where they are parts of no whole."""
    if "input_tokens" in volumes and "output_tokens" not in volumes:
        return "input_tokens"
    return "tokens" if set(volumes) == set(TOKEN_MEASURES) else None


def _group(use: FormulaUse) -> str:
    """What one coefficient may stand for: formula and hardware, or whose service it is."""
    hardware = use.chip or use.machine or use.provider
    return " ".join(part for part in (use.formula, hardware, use.precision) if part)


def _amount(value: Fraction, what: str) -> Decimal:
    if abs(value) >= _LARGEST:
        message = f"its {what} of {float(value):.3g} is beyond any bill's: check the units"
        raise _NoPredictionError(message)
    return as_decimal(value)
