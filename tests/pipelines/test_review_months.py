"""The list of published months."""

from datetime import datetime
from decimal import Decimal

from review_frames import frame, values

from pipelines.contracts import BUCKETS, RECONCILIATION
from pipelines.review.months import ListedMonth, months_sheet

D = Decimal


def reconciled(currency: str, basis: str, total: str) -> dict[str, object]:
    return {
        "source": "aws",
        "BillingAccountId": "1",
        "InvoiceId": "",
        "InvoiceIssuerName": "AWS",
        "BillingCurrency": currency,
        "basis": basis,
        "export_total": D(total),
        **dict.fromkeys(BUCKETS, D(0)),
        "not_ai": D(total),
        "attributed_total": D(total),
        "difference": D(0),
        "rounding": D(0),
    }


def listed(*rows: dict[str, object]) -> ListedMonth:
    publication = {
        "billing_month": "2026-09",
        "status": "final",
        "published_at": datetime(2026, 10, 2),
        "publication_id": "p1",
    }
    return ListedMonth(publication, 1, None, frame(RECONCILIATION, *rows))


def test_currencies_of_a_month_stand_side_by_side_and_are_never_added():
    sheet = months_sheet(
        [
            listed(
                reconciled("USD", "BilledCost", "2"),
                reconciled("USD", "EffectiveCost", "3"),
                reconciled("EUR", "BilledCost", "5"),
            )
        ]
    )
    assert values(sheet, "currency", "billed_cost", "effective_cost") == [
        ("EUR", D(5), None),
        ("USD", D(2), D(3)),
    ]


def test_a_month_published_without_a_charge_is_listed():
    sheet = months_sheet([listed()])
    assert values(sheet, "billing_month", "status", "currency", "billed_cost") == [
        ("2026-09", "final", "", None)
    ]
