"""Commitments of a month as FinOps reads them: bought, used, unused, covered, saved."""

from decimal import Decimal
from typing import Any

import polars as pl

from pipelines.review.sheets import NO_OWNER, Column, Row, Sheet
from pipelines.spend.commitments import rates

_SUMS = (
    "purchased_cost",
    "used_effective_cost",
    "unused_effective_cost",
    "covered_list_cost",
    "covered_contracted_cost",
)
_COLUMNS = (
    Column("currency", "currency"),
    Column("source", "source"),
    Column("provider", "provider"),
    Column("commitment_id", "commitment", "resource"),
    Column("commitment_name", "name"),
    Column("commitment_type", "type"),
    Column("owner", "owner"),
    Column("cost_centre", "cost centre"),
    Column("accounts_covered", "accounts", "count"),
    Column("purchased_cost", "bought", "money"),
    Column("used_effective_cost", "used", "money"),
    Column("unused_effective_cost", "unused", "money"),
    Column("covered_list_cost", "covered, list", "money"),
    Column("covered_contracted_cost", "covered, contracted", "money"),
    Column("eligible_on_demand_cost", "on demand beside", "money"),
    Column("used_quantity", "used quantity", "quantity"),
    Column("unused_quantity", "unused quantity", "quantity"),
    Column("quantity_unit", "unit"),
    Column("utilisation", "utilisation", "share"),
    Column("coverage", "coverage", "share"),
    Column("savings_rate_of_list", "saved of list", "share"),
    Column("savings_rate_of_contracted", "saved of contracted", "share"),
)
_FOR_PROGRAMS = (
    "provider",
    "commitment_name",
    "cost_centre",
    "accounts_covered",
    "covered_list_cost",
    "covered_contracted_cost",
    "eligible_on_demand_cost",
    "used_quantity",
    "unused_quantity",
    "quantity_unit",
    "savings_rate_of_contracted",
)
_NOTES = (
    "utilisation: used of used and unused. coverage: covered of covered and on demand, at list "
    "price, of the SKUs that the commitment covered in the month; two commitments may name one "
    "usage. saved of list: 1 - (used + unused) / covered at list price; --json and --csv have the "
    "other effective savings rate too, of the contracted price.",
)


def commitment_sheets(commitments: pl.DataFrame) -> tuple[Sheet, ...]:
    """One sheet per currency of the rows of `out_spend__commitments`.

    Rates are each row's own; the total's are made of the total's sums.
    """
    currencies = sorted(commitments["currency"].unique().to_list())
    if not currencies:
        return (Sheet("spend", "Commitments: none in this month's bills", _COLUMNS, ()),)
    return tuple(
        _sheet(commitments.filter(pl.col("currency") == currency), currency)
        for currency in currencies
    )


def _sheet(frame: pl.DataFrame, currency: str) -> Sheet:
    rows = [
        Row({**row, "owner": row["owner"] or NO_OWNER})
        for row in frame.select([column.key for column in _COLUMNS]).iter_rows(named=True)
    ]
    return Sheet(
        "spend",
        "Commitments",
        _COLUMNS,
        (*rows, Row(_total(frame, currency), "total")),
        notes=_NOTES,
        machine_only=_FOR_PROGRAMS,
    )


def _total(frame: pl.DataFrame, currency: str) -> dict[str, Any]:
    sums = {name: frame[name].sum() or Decimal(0) for name in _SUMS}
    return {
        "currency": currency,
        "source": "total",
        **sums,
        **rates({**sums, "eligible_on_demand_cost": None}),
    }
