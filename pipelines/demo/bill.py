"""A month of the demo's bill as one delivery has it: all lines, with invoice, payer and ids."""

import hashlib
from functools import cache
from typing import Final

from pipelines.demo import shop
from pipelines.demo.commitments import reservation, savings_plans
from pipelines.demo.invoice import MARKETPLACE, additions
from pipelines.demo.lines import Line, iso
from pipelines.demo.machines import on_demand
from pipelines.demo.services import managed_api, storage_and_transfer
from pipelines.months import month_bounds

AWS: Final = "Amazon Web Services, Inc."

INVOICES: Final = {
    ("2026-07", "Anniversary"): "1900000701",
    ("2026-07", "Purchase"): "1900000702",
    ("2026-07", MARKETPLACE): "1900000703",
    ("2026-08", "Anniversary"): "1900000801",
    ("2026-08", MARKETPLACE): "1900000803",
    ("2026-09", "Anniversary"): "1900000901",
    ("2026-09", "Refund"): "1900000902",
    ("2026-09", MARKETPLACE): "1900000903",
}
NOT_INVOICED_FROM: Final = shop.at(9, 16)
"""The latest delivery of September is provisional: lines from here on have no invoice id yet."""

ASSEMBLIES: Final = {
    ("2026-07", False): "0a7d0000-0701-4000-8000-000000000001",
    ("2026-08", False): "0a7d0000-0801-4000-8000-000000000001",
    ("2026-08", True): "0a7d0000-0801-4000-8000-000000000002",
    ("2026-09", False): "0a7d0000-0901-4000-8000-000000000001",
}
"""AWS's name for each delivery of a month; August has a restated one."""


@cache
def bill_lines(month: str, *, restated: bool = False) -> tuple[Line, ...]:
    """Every line of one delivery, ordered by its start."""
    usage = _usage(month, restated=False)
    rows = [
        *(usage if not restated else _usage(month, restated=True)),
        *additions(month, usage, restated=restated),
    ]
    rows.sort(key=lambda row: row["lineItem/UsageStartDate"])
    assembly = ASSEMBLIES[month, restated]
    for number, row in enumerate(rows):
        _stamp(row, month, hashlib.sha256(f"{assembly}/{number}".encode()).hexdigest()[:52])
    return tuple(rows)


def _usage(month: str, *, restated: bool) -> list[Line]:
    return [
        *on_demand(month, restated=restated),
        *savings_plans(month),
        *reservation(month),
        *managed_api(month),
        *storage_and_transfer(month),
    ]


def _stamp(row: Line, month: str, line_id: str) -> None:
    first, last = month_bounds(month)
    row.setdefault("bill/BillType", "Anniversary")
    row.setdefault("bill/BillingEntity", "AWS")
    row.setdefault("bill/InvoicingEntity", AWS)
    row.setdefault("lineItem/LegalEntity", AWS)
    kind = MARKETPLACE if row["bill/BillingEntity"] == MARKETPLACE else row["bill/BillType"]
    provisional = row["lineItem/UsageEndDate"] > iso(NOT_INVOICED_FROM)
    row["bill/InvoiceId"] = "" if provisional else INVOICES[month, kind]
    row["bill/PayerAccountId"] = shop.SHOP_ACCOUNT
    row["bill/BillingPeriodStartDate"] = iso(first)
    row["bill/BillingPeriodEndDate"] = iso(last)
    row["lineItem/CurrencyCode"] = row["pricing/currency"] = "USD"
    row["identity/LineItemId"] = line_id
