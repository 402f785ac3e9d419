"""The head of a review: is the month final, and does what was attributed equal the export?"""

from typing import Any

import polars as pl

from pipelines.contracts import BASES
from pipelines.money import show
from pipelines.review.sheets import ZERO, Column, PublishedMonth, Row, Sheet, total_by


def facts(month: PublishedMonth) -> dict[str, Any]:
    """Status and its reason, when and by which run the month was published."""
    open_lines = lines_without_invoice(month)
    status = str(month.publication["status"])
    return {
        "billing_month": month.month,
        "status": status,
        "status_reason": status_reason(status, open_lines),
        "lines_without_invoice": open_lines,
        "published_at": month.publication["published_at"],
        "publication_id": month.publication["publication_id"],
        "run_id": month.publication["run_id"],
        "missing_sources": missing_sources(month),
    }


def status_reason(status: str, open_lines: int) -> str:
    """Why a month is not final yet, in one clause."""
    if status != "provisional":
        return "every line carries an invoice id" if open_lines == 0 else ""
    if open_lines:
        lines = "line has" if open_lines == 1 else "lines have"
        return f"{open_lines:,} bill {lines} no invoice id yet"
    return "a later delivery can still change it"


def lines_without_invoice(month: PublishedMonth) -> int:
    """Bill lines whose invoice is not issued, counted once (the totals carry a row per basis)."""
    totals = month.export_totals.filter(
        (pl.col("InvoiceId") == "") & (pl.col("basis") == "BilledCost")
    )
    return int(totals["lines"].sum())


def missing_sources(month: PublishedMonth) -> list[str]:
    """Sources whose month could not be read while the others were published."""
    missing = []
    for name, fact in month.publication["sources"].items():
        status = fact.get("status") if isinstance(fact, dict) else fact
        if status == "missing":
            missing.append(str(name))
    return sorted(missing)


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
            Column("export_total", "export", "money"),
            Column("attributed_total", "attributed", "money"),
            Column("difference", "difference", "money"),
        ),
        rows,
        notes=(reconciled_sentence(month),),
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
