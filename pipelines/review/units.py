"""What one unit cost, for people and programs: cost, quantity and, derived here, the price of one.

A price is divided once, of the sums it is shown for; prices are never added up or averaged.
"""

from collections.abc import Iterable, Sequence
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any, Final

import polars as pl

from pipelines.contracts import COMPONENTS
from pipelines.money import EXACT
from pipelines.review.sheets import ALL_VERSIONS, ZERO, Column, Row, Sheet

UNIT_WORDS: Final = {
    "request": "1,000 requests",
    "input_token": "1M input tokens (uncached)",
    "cached_input_token": "1M cached input tokens",
    "cache_write_token": "1M tokens written to the cache",
    "output_token": "1M output tokens",
    "image": "image",
    "gpu_second_busy": "GPU-hour, busy",
    "gpu_second_held": "GPU-hour, held",
    "instance_second": "instance-hour",
    "training_run": "training or update run",
}
ORDER: Final = tuple(UNIT_WORDS)
VIEWS: Final = {
    "version": ("model", "model_version"),
    "use-case": ("model", "model_version", "use_case"),
    "tenant": ("model", "model_version", "tenant"),
    "all": ("model", "model_version", "use_case", "tenant"),
}
_PRICE_PLACES: Final = Decimal("0.000001")
_HEADINGS: Final = {"model_version": "version", "use_case": "use case"}


def unit_sheets(
    unit_costs: pl.DataFrame, by: str = "version", model: str | None = None
) -> tuple[Sheet, ...]:
    """One sheet per currency: a row per unit and model version, use case or tenant, as `by` says.

    2.50 for 4,500 busy GPU-seconds is shown as 1.25 GPU-hours at 2.00.
    """
    wanted = unit_costs if model is None else unit_costs.filter(pl.col("model") == model)
    return tuple(
        sheet
        for currency in sorted(wanted["currency"].unique().to_list())
        for sheet in _sheets(wanted.filter(pl.col("currency") == currency), currency, by)
    )


def _sheets(frame: pl.DataFrame, currency: str, by: str) -> Iterable[Sheet]:
    keys = VIEWS[by]
    measured = frame.filter(pl.col("unit_source") == "")
    yield _sheet("units", f"Unit costs by {by}, effective cost", measured, keys, currency)
    own = frame.filter(pl.col("unit_source") != "")
    if own.height:
        every = VIEWS["all"]
        yield _sheet("business_units", "Cost per business unit", own, every, currency)


def _sheet(name: str, title: str, frame: pl.DataFrame, keys: Sequence[str], currency: str) -> Sheet:
    group = [*keys, "component", "unit", "unit_source", "per"]
    sums = frame.group_by(group).agg(
        pl.col("effective_cost", "quantity").sum(), pl.col("method").unique().sort()
    )
    found = sorted(sums.iter_rows(named=True), key=lambda row: _order(row, keys))
    return Sheet(
        name,
        title,
        (
            Column("currency", "currency"),
            *(Column(key, _HEADINGS.get(key, key)) for key in keys),
            Column("unit_words", "unit"),
            Column("component", "cost of"),
            Column("shown_quantity", "quantity", "quantity"),
            Column("effective_cost", "cost", "money"),
            Column("unit_cost", "per unit", "quantity"),
            Column("unit", "unit"),
            Column("unit_source", "source"),
            Column("quantity", "quantity", "quantity"),
            Column("per", "per", "count"),
            Column("method", "method"),
        ),
        tuple(Row(_values(row, currency)) for row in found),
        notes=_NOTES[name],
        machine_only=("unit", "unit_source", "quantity", "per", "method"),
    )


_NOTES: Final = {
    "units": (
        "Each unit tells the same money once more: rows of several units are never added up. Idle "
        "time nobody bears is in none of them.",
    ),
    "business_units": (
        "An empty model, use case or tenant means all of them; cost of `all` is training, "
        "inference, storage and update together.",
    ),
}


def _values(row: dict[str, Any], currency: str) -> dict[str, Any]:
    version = row["model_version"] or (
        ALL_VERSIONS if row["model"] and not row["unit_source"] else ""
    )
    return {
        **row,
        "currency": currency,
        "model_version": version,
        "unit_words": UNIT_WORDS.get(row["unit"], row["unit"])
        if not row["unit_source"]
        else row["unit"],
        "shown_quantity": _ratio(row["quantity"], Decimal(row["per"])),
        "unit_cost": unit_cost(row["effective_cost"], row["quantity"], row["per"]),
        "method": ", ".join(row["method"]),
    }


def unit_cost(cost: Decimal, quantity: Decimal, per: int) -> Decimal | None:
    """The price of `per` units, six decimals; None where there is no quantity."""
    if quantity <= ZERO:
        return None
    return _ratio(EXACT.multiply(cost, Decimal(per)), quantity)


def _ratio(part: Decimal, whole: Decimal) -> Decimal:
    return EXACT.divide(part, whole).quantize(_PRICE_PLACES, rounding=ROUND_HALF_EVEN)


def _order(row: dict[str, Any], keys: Sequence[str]) -> tuple[Any, ...]:
    unit = ORDER.index(row["unit"]) if row["unit"] in ORDER else len(ORDER)
    component = COMPONENTS.index(row["component"]) if row["component"] in COMPONENTS else 9
    return (*(row[key] for key in keys), row["unit_source"], unit, row["unit"], component)
