"""Calibrations for people and programs: what was learnt, how it did, and what it was made of."""

import math
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from pipelines.calibration.sets import CalibrationSet
from pipelines.review.sheets import Column, Kind, Row, Sheet

_MEASURES: tuple[tuple[str, str, Kind], ...] = (
    ("wape", "WAPE", "share"),
    ("bias", "bias", "share"),
    ("mase", "MASE", "quantity"),
    ("mape", "MAPE", "share"),
    ("smape", "sMAPE (0-200)", "quantity"),
    ("coverage", "in 80 % interval", "share"),
    ("mean_width", "its width", "share"),
    ("pinball", "pinball", "quantity"),
)
_VOLUMES = {"ex_post": "measured", "ex_ante": "forecast"}


def number(value: float | None, places: int = 6) -> Decimal | None:
    """A float as a decimal, to so many places; None stays None."""
    return None if value is None else Decimal(f"{value:.{places}f}")


def calibration_facts(calibration: CalibrationSet) -> dict[str, Any]:
    """The head of a calibration: which it is, and whether months use it."""
    return {
        "id": calibration.id,
        "origin": calibration.origin,
        "made_at": calibration.made_at,
        "data_version": calibration.data_version,
        "is_accepted": calibration.is_accepted,
        "total_half_width": number(calibration.total_half_width),
        "verdict": list(calibration.verdict),
    }


def calibration_sheets(calibration: CalibrationSet, model: str | None = None) -> tuple[Sheet, ...]:
    """Coefficients, scores, rejected observations and the months behind them."""
    return (
        _coefficients(calibration, model),
        _scores(calibration, model),
        _rejected(calibration, model),
        _months(calibration),
    )


def sets_sheet(sets: Iterable[CalibrationSet]) -> Sheet:
    """Every calibration there is, oldest origin first."""
    return Sheet(
        "calibrations",
        "Calibrations",
        (
            Column("id", "id", "id"),
            Column("origin", "made of what was known at"),
            Column("made_at", "made at"),
            Column("use", "use"),
            Column("coefficients", "coefficients", "count"),
            Column("withheld", "withheld", "count"),
            Column("months", "months", "count"),
            Column("data_version", "data", "id"),
        ),
        tuple(
            Row(
                {
                    "id": one.id,
                    "origin": one.origin,
                    "made_at": one.made_at,
                    "use": use_of(one),
                    "coefficients": len(one.coefficients),
                    "withheld": len(one.withheld),
                    "months": len({source.month for source in one.months}),
                    "data_version": one.data_version,
                }
            )
            for one in sets
        ),
        notes=(
            "A month is predicted with the newest accepted one made of what was known before its "
            "first instant.",
        ),
        machine_only=("data_version",),
    )


def use_of(calibration: CalibrationSet) -> str:
    """Whether months use it, and who decided."""
    if calibration.was_refused:
        return "accepted by hand"
    if calibration.is_accepted:
        return "accepted in part" if calibration.withheld else "accepted"
    return "not accepted"


def _coefficients(calibration: CalibrationSet, model: str | None) -> Sheet:
    both = ((calibration.coefficients, "used"), (calibration.withheld, "withheld"))
    rows = [
        Row(
            {
                "component": one.component,
                "calibration_group": one.group,
                "level": one.level,
                "model": one.model or "(every model)",
                "model_version": one.version or "(every version)",
                "coefficient": number(one.k, 4),
                "interval": None if one.half_width is None else number(math.expm1(one.half_width)),
                "months": one.n,
                "use": use,
                "said": one.said,
                "log_variance": number(one.log_variance, 12),
            }
        )
        for some, use in both
        for one in sorted(some, key=lambda one: (one.component, one.group, one.model, one.version))
        if model is None or one.model in (model, "")
    ]
    return Sheet(
        "coefficients",
        "Coefficients: actual quantity by the formula's quantity",
        (
            Column("component", "component"),
            Column("calibration_group", "formula and hardware"),
            Column("level", "of a"),
            Column("model", "model"),
            Column("model_version", "version"),
            Column("coefficient", "k", "quantity"),
            Column("interval", "80 % within +", "share"),
            Column("months", "months", "count"),
            Column("use", "use"),
            Column("said", "how"),
            Column("log_variance", "variance of ln k", "quantity"),
        ),
        tuple(rows),
        notes=(
            "Where there is no interval, earlier misses are too few to tell one. `--json` "
            "says how each came about.",
        )
        if any(row.values["interval"] is None for row in rows)
        else (),
        machine_only=("level", "said", "log_variance"),
    )


def _scores(calibration: CalibrationSet, model: str | None) -> Sheet:
    rows = [
        Row(
            {
                "volume": _VOLUMES.get(str(one["volume"]), one["volume"]),
                "component": one["component"],
                "model": one["model"],
                "horizon": one["horizon"],
                "method": one["method"],
                "forecasts": one["n"],
                **{name: _measure(one.get(name)) for name, _, _ in _MEASURES},
            }
        )
        for one in calibration.metrics
        if one["n"] and (model is None or one["model"] in (model, ""))
    ]
    return Sheet(
        "scores",
        "Backtest: each month predicted from what was known before it, misses weighed by cost",
        (
            Column("volume", "volume"),
            Column("component", "component"),
            Column("model", "model"),
            Column("horizon", "months ahead", "count"),
            Column("method", "method"),
            Column("forecasts", "forecasts", "count"),
            *(Column(name, heading, kind) for name, heading, kind in _MEASURES),
        ),
        tuple(rows),
        notes=(
            "With the measured volume the formula is scored, with the forecast one the budget.",
        ),
        machine_only=("smape", "mean_width", "pinball"),
    )


def _measure(value: str | int | float | None) -> Decimal | None:
    return None if value is None else number(float(value))


def _rejected(calibration: CalibrationSet, model: str | None) -> Sheet:
    return Sheet(
        "rejected",
        "Months that nothing was learnt of",
        (
            Column("month", "month"),
            Column("model", "model"),
            Column("model_version", "version"),
            Column("component", "component"),
            Column("calibration_group", "formula and hardware"),
            Column("reason", "reason"),
        ),
        tuple(
            Row(
                {
                    "month": one.month,
                    "model": one.model,
                    "model_version": one.version,
                    "component": one.component,
                    "calibration_group": one.group,
                    "reason": one.reason,
                }
            )
            for one in calibration.rejected
            if model is None or one.model == model
        ),
    )


def _months(calibration: CalibrationSet) -> Sheet:
    return Sheet(
        "months",
        "Made of",
        (
            Column("month", "month"),
            Column("publication_id", "publication", "id"),
            Column("published_at", "published"),
            Column("is_hindsight", "known"),
        ),
        tuple(
            Row(
                {
                    "month": one.month,
                    "publication_id": one.publication_id,
                    "published_at": one.published_at,
                    "is_hindsight": "in hindsight" if one.is_hindsight else "then",
                }
            )
            for one in calibration.months
        ),
    )
