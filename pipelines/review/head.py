"""The head of a review: is the month final, and does what was attributed equal the export?"""

from collections.abc import Sequence
from typing import Any

import polars as pl

from pipelines.contracts import BASES
from pipelines.money import show
from pipelines.review.adjustments import posting_facts
from pipelines.review.missing import missing_facts
from pipelines.review.sheets import ZERO, Column, PublishedMonth, Row, Sheet, total_by

_SIDES = (
    Column("export_total", "export", "money"),
    Column("attributed_total", "attributed", "money"),
    Column("difference", "difference", "money"),
)


def facts(month: PublishedMonth) -> dict[str, Any]:
    """Status and its reason, when and by which run the month was published."""
    open_lines = invoiceless_lines(month.export_totals)
    status = str(month.publication["status"])
    return {
        "billing_month": month.month,
        "status": status,
        "status_reason": status_reason(status, open_lines),
        "lines_without_invoice": open_lines,
        "published_at": month.publication["published_at"],
        "publication_id": month.publication["publication_id"],
        "run_id": month.publication["run_id"],
        "missing_sources": [found.name for found in month.missing],
        "missing": [missing_facts(found) for found in month.missing],
        "restatements": [
            facts_of for found in month.posted_elsewhere for facts_of in posting_facts(found)
        ],
    }


def status_reason(status: str, open_lines: int) -> str:
    """Why a month is not final yet, in one clause."""
    lines = f"{open_lines:,} bill {'line has' if open_lines == 1 else 'lines have'} no invoice id"
    if status != "provisional":
        return lines if open_lines else "every line carries an invoice id"
    if open_lines:
        return f"{lines} yet"
    return "a later delivery can still change it"


def invoiceless_lines(export_totals: pl.DataFrame) -> int:
    """Bill lines whose invoice is not issued, counted once (the totals carry a row per basis)."""
    totals = export_totals.filter((pl.col("InvoiceId") == "") & (pl.col("basis") == "BilledCost"))
    return int(totals["lines"].sum())


def reconciliation_sheet(month: PublishedMonth) -> Sheet:
    """By source, currency and basis: the export's total, what was attributed, the difference."""
    sums = total_by(
        month.reconciliation,
        ["BillingCurrency", "source", "basis"],
        ["export_total", "attributed_total", "difference"],
    )
    ordered = sorted(sums.items(), key=lambda item: (*item[0][:2], BASES.index(item[0][2])))
    rows = tuple(
        Row({"currency": currency, "source": source, "basis": basis, **amounts})
        for (currency, source, basis), amounts in ordered
    )
    return Sheet(
        "reconciliation",
        "Export and attributed spend",
        (
            Column("source", "source"),
            Column("currency", "currency"),
            Column("basis", "basis"),
            *_SIDES,
        ),
        rows,
        notes=(reconciled_sentence(month),),
    )


def totals_sheet(months: Sequence[PublishedMonth]) -> Sheet:
    """Of several months, by currency: the export's totals, what was attributed, the difference."""
    rows = []
    for month in months:
        sums = total_by(
            month.reconciliation,
            ["BillingCurrency", "basis"],
            ["export_total", "attributed_total", "difference"],
        )
        for (currency, basis), amounts in sums.items():
            if basis in ("BilledCost", "EffectiveCost"):
                names = {"billing_month": month.month, "currency": currency, "basis": basis}
                rows.append(Row({**names, **amounts}))
    return Sheet(
        "reconciliation",
        "Export and attributed spend",
        (
            Column("billing_month", "month"),
            Column("currency", "currency"),
            Column("basis", "basis"),
            *_SIDES,
        ),
        tuple(rows),
    )


def reconciled_sentence(month: PublishedMonth) -> str:
    """Whether every invoice of every source adds up, counted invoice by invoice."""
    wrong = month.reconciliation.filter(pl.col("difference") != ZERO)
    if wrong.is_empty():
        invoices = month.reconciliation.select("source", "BillingAccountId", "InvoiceId").n_unique()
        what = "invoice" if invoices == 1 else "invoices"
        return f"Difference exactly 0 on all four bases, for each of {invoices:,} {what}."
    return f"{wrong.height} rows do not add up: see out_reconciliation."


def other_charge_months(month: PublishedMonth) -> list[str]:
    """What this bill holds for charge months other than its own, per currency."""
    other = month.model_months.filter(pl.col("charge_month") != pl.col("billing_month"))
    sums = total_by(other, ["charge_month", "currency"], ["effective_cost"])
    return [
        f"{show(amounts['effective_cost'])} {currency} of it (effective) belongs to the charge "
        f"month {charge_month}."
        for (charge_month, currency), amounts in sums.items()
    ]
