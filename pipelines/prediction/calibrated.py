"""Prediction of kind `calibrated`: the formula's quantity x what closed months taught of it.

The coefficient is of quantities (k = actual quantity / formula quantity), so that a change of price
is no error of a formula. It is the version's own, else its model's, else its group's, of the
calibration in force at the month's first instant; of later months nothing is known here. Every
physical term has its calibrated one; without a coefficient that one has no cost and says so.

The interval is that of the formula. A forecast volume has errors of its own, which no residual of
the formula holds: such a term has no interval.
"""

import math
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final

import polars as pl

from pipelines.calibration.coefficients import Coefficient
from pipelines.calibration.sets import CalibrationSet, coefficient_for
from pipelines.contracts import PREDICTED, require
from pipelines.formulas.library import formula_named
from pipelines.money import EXACT, as_decimal, quantise
from pipelines.prediction.physical import takes_volumes

KIND: Final = "calibrated"


def calibrated(physical: pl.DataFrame, calibration: CalibrationSet | None) -> pl.DataFrame:
    """The calibrated twin of every physical term; none without a calibration in force.

    300 Hrs of a formula with k = 1.25 and a half width of ln 1.1, at 98.32: 375 Hrs, 36,870.00,
    between 33,518.18 and 40,557.00.
    """
    terms = physical.iter_rows(named=True) if calibration is not None else ()
    rows = [_term(row, calibration) for row in terms if calibration is not None]
    columns = {
        name: pl.Series(name, [row[name] for row in rows], dtype=kind, strict=True)
        for name, kind in PREDICTED.polars_schema.items()
    }
    return require(pl.DataFrame(columns).sort(PREDICTED.key), PREDICTED)


def _term(physical: dict[str, Any], calibration: CalibrationSet) -> dict[str, Any]:
    row = physical | {"kind": KIND, "coefficients": calibration.id}
    if physical["quantity"] is None:
        return row
    found = coefficient_for(
        calibration,
        physical["model"],
        physical["model_version"],
        physical["component"],
        physical["calibration_group"],
    )
    if found is None:
        missing = (
            f"calibration {calibration.id} {_has_not(calibration, physical)} "
            f"{physical['component']} by {physical['calibration_group']}"
        )
        reason = physical["reason"] or missing
        return row | {"quantity": None, "predicted_cost": None, "reason": reason}
    is_budget = physical["volume"] == "ex_ante" and takes_volumes(
        formula_named(physical["formula"]), physical["component"]
    )
    return row | _scaled(physical, found, is_budget=is_budget)


def _has_not(calibration: CalibrationSet, physical: dict[str, Any]) -> str:
    """Learnt, and lost against what one would say without it; or never learnt."""
    of = physical["component"], physical["calibration_group"]
    is_withheld = any((one.component, one.group) == of for one in calibration.withheld)
    return "withholds the coefficient of" if is_withheld else "has no coefficient of"


def _scaled(physical: dict[str, Any], found: Coefficient, *, is_budget: bool) -> dict[str, Any]:
    coefficient = as_decimal(Fraction(found.k))
    quantity = _times(physical["quantity"], coefficient)
    busy = physical["units_per_activity"]
    scaled: dict[str, Any] = {
        "quantity": quantity,
        "coefficient": coefficient,
        "units_per_activity": None if busy is None else _times(busy, coefficient),
    }
    if physical["price"] is None:
        return scaled
    cost = _times(physical["price"], quantity)
    scaled["predicted_cost"] = cost
    if found.half_width is not None and not is_budget:
        wide = Fraction(math.exp(found.half_width))
        scaled["lower_cost"] = as_decimal(Fraction(cost) / wide)
        scaled["upper_cost"] = as_decimal(Fraction(cost) * wide)
    return scaled


def _times(one: Decimal, other: Decimal) -> Decimal:
    return quantise(EXACT.multiply(one, other))
