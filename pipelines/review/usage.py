"""Billed beside logged, and how well machines were used: the month's sums; days for programs.

Difference and ratio are derived here, of the sums they are shown for.
"""

from collections.abc import Sequence
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any, Final

import polars as pl

from pipelines.money import EXACT
from pipelines.review.sheets import ALL_VERSIONS, ZERO, Column, Row, Sheet
from pipelines.usage.findings import NAMES, findings

HOUR: Final = Decimal(3600)
_SIX: Final = Decimal("0.000001")
_KINDS: Final = {
    "missing_hours": "missing hours",
    "doubled_logs": "doubled logs",
    "unlogged_traffic": "unlogged traffic",
    "unbilled_use": "unbilled use",
    "over_capacity": "more than there was",
    "never_logged": "no log at all",
}
_AMOUNTS: Final = (
    Column("billed_quantity", "billed", "quantity"),
    Column("logged_quantity", "logged", "quantity"),
    Column("difference", "difference", "quantity"),
    Column("logged_ratio", "logged of billed", "share"),
)


def usage_sheets(
    comparison: pl.DataFrame,
    utilisation: pl.DataFrame,
    tolerance: Decimal,
    model: str | None = None,
) -> tuple[Sheet, ...]:
    """Differences first, then all models by class, the days, and the machines.

    1,200 tokens billed and 900 logged show a difference of 300 and 75 %.
    """
    rows, machines = comparison, utilisation
    if model is not None:
        rows = rows.filter(pl.col("model") == model)
        machines = _machines_of(machines, model)
    return (
        _differences_sheet(rows, tolerance),
        _month_sheet(rows),
        _days_sheet(rows),
        *_utilisation_sheets(machines),
    )


def _differences_sheet(comparison: pl.DataFrame, tolerance: Decimal) -> Sheet:
    rows = [
        Row(
            {
                "kind": found.kind,
                "kind_words": _KINDS[found.kind],
                "provider": found.provider,
                "resource_id": found.resource_id,
                "model": found.model,
                "model_version": found.model_version,
                "unit_class": found.unit_class,
                "class_words": found.what,
                "whose": found.whose,
                "when": found.when.removeprefix("on "),
                "first_date": found.first_date,
                "last_date": found.last_date,
                "days": found.days,
                "hours": found.hours,
                **_amounts(found.unit_class, found.billed, found.logged),
                "quantity": _shown(found.unit_class, found.quantity),
                "sentence": found.sentence,
            }
        )
        for found in findings(comparison, tolerance)
    ]
    programs = ("kind", "provider", "resource_id", "model", "model_version", "unit_class")
    share = f"{(tolerance * 100).normalize():f} %"
    return Sheet(
        "differences",
        f"Where bill and log differ by more than {share}",
        (
            Column("kind_words", "what"),
            Column("whose", "whose"),
            Column("class_words", "counted in"),
            Column("when", "when"),
            *_AMOUNTS,
            Column("quantity", "concerned", "quantity"),
            *(Column(name, name) for name in programs),
            Column("first_date", "from"),
            Column("last_date", "to"),
            Column("days", "days", "count"),
            Column("hours", "hours", "count"),
            Column("sentence", "sentence"),
        ),
        tuple(rows),
        machine_only=(*programs, "first_date", "last_date", "days", "hours", "sentence"),
    )


def _month_sheet(comparison: pl.DataFrame) -> Sheet:
    keys = ["provider", "resource_id", "model", "model_version", "unit_class", "unit", "is_batch"]
    rows = []
    sums = comparison.group_by(keys).agg(
        pl.col("billed_quantity").sum(),
        pl.when(pl.col("logged_quantity").is_not_null().any())
        .then(pl.col("logged_quantity").sum())
        .alias("logged_quantity"),
        pl.col("hours_missing").sum(),
        pl.col("sku").unique().sort(),
    )
    for row in sums.sort(keys).iter_rows(named=True):
        rows.append(
            Row(
                {
                    **row,
                    "model_version": row["model_version"]
                    or (ALL_VERSIONS if row["model"] and not row["resource_id"] else ""),
                    "class_words": NAMES.get(row["unit_class"], row["unit_class"])
                    + (" (batch)" if row["is_batch"] else ""),
                    "skus": ", ".join(name for name in row["sku"] if name),
                    "whose": row["resource_id"]
                    or " ".join(
                        (row["model"], row["model_version"] or ALL_VERSIONS)
                        if row["model"]
                        else ("(no model)",)
                    ),
                    "hours_missing": row["hours_missing"] or None,
                    **_amounts(row["unit_class"], row["billed_quantity"], row["logged_quantity"]),
                }
            )
        )
    return Sheet(
        "billed_vs_logged",
        "Billed and logged units of the month",
        (
            Column("whose", "whose", "resource"),
            Column("class_words", "counted in"),
            *_AMOUNTS,
            Column("hours_missing", "hours without log", "count"),
            Column("provider", "provider"),
            Column("resource_id", "resource", "resource"),
            Column("model", "model"),
            Column("model_version", "version"),
            Column("unit_class", "class"),
            Column("is_batch", "batch"),
            Column("unit", "unit"),
            Column("skus", "SKUs"),
        ),
        tuple(rows),
        notes=_NOTES,
        machine_only=(
            *("provider", "resource_id", "model", "model_version"),
            *("unit_class", "is_batch", "unit", "skus"),
        ),
    )


_NOTES: Final = (
    "Logged of machines is the time somebody watched. Where logged is empty no log can tell it. "
    "--json and --csv --table days have every day and SKU.",
)


def _days_sheet(comparison: pl.DataFrame) -> Sheet:
    columns = [name for name in comparison.columns if name != "billing_month"]
    kinds = {"billed_quantity": "quantity", "logged_quantity": "quantity"}
    return Sheet(
        "days",
        "Billed and logged units by day",
        tuple(Column(name, name, "quantity" if name in kinds else "text") for name in columns),
        tuple(Row(row) for row in comparison.select(columns).iter_rows(named=True)),
        audience="machine",
    )


def _utilisation_sheets(utilisation: pl.DataFrame) -> Sequence[Sheet]:
    return [
        _utilisation_sheet(utilisation.filter(pl.col("currency") == currency))
        for currency in sorted(utilisation["currency"].unique().to_list())
    ]


def _utilisation_sheet(frame: pl.DataFrame) -> Sheet:
    rows: list[Row] = []
    for (resource,) in sorted(frame.select("resource_id").unique().iter_rows()):
        parts = frame.filter(pl.col("resource_id") == resource).sort(
            "bucket", "model", "model_version", "component"
        )
        details = parts.to_dicts()
        whole = {
            **_sums(details),
            "currency": details[0]["currency"],
            "resource_id": resource,
            **_idle(details),
        }
        rows.append(Row({**whole, "whom": ""}, "subtotal"))
        for row in details:
            whom = " ".join(
                part for part in (row["model"], row["model_version"], row["component"]) if part
            )
            rows.append(
                Row(
                    {
                        **row,
                        **_sums([row]),
                        "busy_ratio": None,
                        "whom": whom or row["bucket"].replace("_", " "),
                    },
                    "detail",
                )
            )
    columns = (
        Column("currency", "currency"),
        Column("resource_id", "resource", "resource"),
        Column("whom", "for"),
        Column("hours_billed", "hours billed", "quantity"),
        Column("hours_watched", "watched", "quantity"),
        Column("gpu_hours_billed", "GPU-hours", "quantity"),
        Column("gpu_hours_busy", "busy", "quantity"),
        Column("gpu_hours_held", "held", "quantity"),
        Column("busy_ratio", "busy", "share"),
        Column("idle_ratio", "idle", "share"),
        Column("effective_cost", "cost", "money"),
        Column("idle_cost", "idle cost", "money"),
        Column("bucket", "bucket"),
        Column("model", "model"),
        Column("model_version", "version"),
        Column("component", "component"),
        Column("requests", "requests", "count"),
    )
    return Sheet(
        "utilisation",
        f"Machines: billed, watched, busy and idle time, {frame['currency'][0]}",
        columns,
        tuple(rows),
        notes=(
            "busy: GPU time measured, of the accelerators' billed time. idle: time the ledger "
            "books as idle, of the billed time.",
        ),
        labels=("resource_id", "whom"),
        machine_only=(
            *("currency", "gpu_hours_billed", "gpu_hours_held", "requests"),
            *("bucket", "model", "model_version", "component"),
        ),
    )


def _sums(rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    found = {
        f"{what}_{kind}": _hours(rows, f"{unit}_{kind}")
        for what, unit, kinds in (
            ("hours", "seconds", ("billed", "watched")),
            ("gpu_hours", "gpu_seconds", ("billed", "busy", "held")),
        )
        for kind in kinds
    }
    busy, billed = found["gpu_hours_busy"], found["gpu_hours_billed"]
    requests = [row["requests"] for row in rows if row["requests"] is not None]
    return {
        **found,
        "busy_ratio": None if busy is None or billed is None else _ratio(busy, billed),
        "effective_cost": sum((row["effective_cost"] for row in rows), ZERO),
        "requests": sum(requests) if requests else None,
    }


def _idle(rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The idle part of a resource; unknown where nobody watched it."""
    idle = [row for row in rows if row["bucket"] == "idle"]
    if not idle and not any(row["seconds_watched"] for row in rows):
        return {}
    return {
        "idle_ratio": _ratio(
            sum((row["seconds_billed"] for row in idle), ZERO),
            sum((row["seconds_billed"] for row in rows), ZERO),
        ),
        "idle_cost": sum((row["effective_cost"] for row in idle), ZERO),
    }


def _hours(rows: Sequence[dict[str, Any]], name: str) -> Decimal | None:
    values = [row[name] for row in rows if row[name] is not None]
    return EXACT.divide(sum(values, ZERO), HOUR).quantize(_SIX) if values else None


def _machines_of(utilisation: pl.DataFrame, model: str) -> pl.DataFrame:
    """Every row of the machines that worked for the model, what others had of them included."""
    its = utilisation.filter(pl.col("model") == model)["resource_id"].unique()
    return utilisation.filter(pl.col("resource_id").is_in(its.to_list()))


def _amounts(unit_class: str, billed: Decimal, logged: Decimal | None) -> dict[str, Any]:
    return {
        "billed_quantity": _shown(unit_class, billed),
        "logged_quantity": None if logged is None else _shown(unit_class, logged),
        "difference": None if logged is None else _shown(unit_class, billed - logged),
        "logged_ratio": None if logged is None else _ratio(logged, billed),
    }


def _shown(unit_class: str, quantity: Decimal) -> Decimal:
    """Time in hours, everything else as it is counted."""
    if not unit_class.endswith("hours"):
        return quantity
    return EXACT.divide(quantity, HOUR).quantize(_SIX, rounding=ROUND_HALF_EVEN)


def _ratio(part: Decimal, whole: Decimal) -> Decimal | None:
    if whole <= ZERO:
        return None
    return EXACT.divide(part, whole).quantize(_SIX, rounding=ROUND_HALF_EVEN)
