"""Spend by charge month: when it was used, whichever month's bill it is on.

A bill of October may hold hours of September (GCP's late usage) and corrections of August; by
charge month they are September's and August's. Every published billing month is looked through,
so a charge month can still grow with a later bill. Export totals exist by billing month only:
reconciliation belongs to that calendar.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import polars as pl

from pipelines.review.sheets import BASIS_COLUMNS, Column, Review, Row, Sheet, total_by
from pipelines.review.spend import day_sheets, frame_sheets, side_by_side_sheets

_SAID: Final = (
    "By charge month: a later bill can still add to it or correct it. What was reconciled with an "
    "export is a billing month."
)


@dataclass(frozen=True)
class BilledMonth:
    """A published billing month: its publication and its spend, over all its charge months."""

    publication: Mapping[str, Any]
    model_months: pl.DataFrame
    model_days: pl.DataFrame | None = None


def charge_months_review(
    charge_months: Sequence[str],
    billed: Sequence[BilledMonth],
    basis: str = "effective",
    by: str = "model",
) -> Review:
    """One charge month, or several side by side, out of every bill that has charges of theirs.

    September's bill with 5,125.60 of September and October's with 48.00 of September make 5,173.60
    of the charge month September.
    """
    spend = pl.concat([month.model_months for month in billed]).filter(
        pl.col("charge_month").is_in(list(charge_months))
    )
    sheets = [_bills_sheet(spend, billed, basis)]
    if by == "day":
        days = [month.model_days for month in billed if month.model_days is not None]
        of_month = pl.col("charge_date").str.head(7).is_in(list(charge_months))
        sheets += day_sheets(pl.concat(days).filter(of_month), basis)
    elif len(charge_months) == 1:
        sheets += frame_sheets(spend, basis, by)
    else:
        by_charge = spend.with_columns(pl.col("charge_month").alias("billing_month"))
        sheets += side_by_side_sheets(by_charge, list(charge_months), basis, by)
    facts = {"charge_months": list(charge_months), "basis": basis, "calendar": "charge"}
    return Review(facts, tuple(sheets), (_SAID,))


def _bills_sheet(spend: pl.DataFrame, billed: Sequence[BilledMonth], basis: str) -> Sheet:
    column = BASIS_COLUMNS[basis]
    status = {m.publication["billing_month"]: m.publication["status"] for m in billed}
    keys = ["currency", "charge_month", "billing_month"]
    rows = [
        Row(
            {
                "currency": currency,
                "charge_month": charge_month,
                "billing_month": month,
                "status": status[month],
                "amount": amounts[column],
            }
        )
        for (currency, charge_month, month), amounts in total_by(spend, keys, [column]).items()
    ]
    for (currency,), amounts in total_by(spend, ["currency"], [column]).items():
        rows.append(
            Row({"charge_month": "total", "currency": currency, "amount": amounts[column]}, "total")
        )
    return Sheet(
        "bills",
        f"On which bill the charges are, {basis} cost",
        (
            Column("charge_month", "charge month"),
            Column("billing_month", "billed in"),
            Column("status", "status"),
            Column("currency", "currency"),
            Column("amount", "amount", "money"),
        ),
        tuple(rows),
    )
