from datetime import datetime
from decimal import Decimal

from review_frames import frame, published, reconciled, spend, values

from pipelines.contracts import (
    BILL_FILES,
    BILL_REJECTS,
    EXPORT_TOTALS,
    LOG_FILES,
    MODEL_MONTHS,
    RECONCILIATION,
)
from pipelines.review.head import facts, other_charge_months, reconciliation_sheet
from pipelines.review.quality import lines_sheet, measured_sheet, quality_sentences
from pipelines.review.sheets import MissingSource

D = Decimal


def test_a_provisional_month_says_how_many_lines_still_lack_an_invoice_id():
    totals = frame(
        EXPORT_TOTALS,
        *(
            {"source": "aws", "InvoiceId": invoice, "basis": basis, "lines": lines}
            | {"export_total": D(1), "rounding": D(0)}
            for invoice, lines in (("", 12), ("INV-1", 500))
            for basis in ("BilledCost", "EffectiveCost")
        ),
    )
    head = facts(published(export_totals=totals, publication={"status": "provisional"}))
    assert head["lines_without_invoice"] == 12
    assert head["status_reason"] == "12 bill lines have no invoice id yet"


def test_a_source_that_could_not_be_read_is_named_missing():
    never = MissingSource("gcp", "no credits", datetime(2026, 10, 6, 3), None)
    month = published(missing=(never,))
    assert facts(month)["missing_sources"] == ["gcp"]
    assert quality_sentences(month) == [
        "Source 'gcp' is missing since 2026-10-06 03:00 UTC: its month could not be read, its "
        "spend is not in here. This month never had it."
    ]


def test_the_reconciliation_adds_invoices_by_source_currency_and_basis():
    month = published(
        reconciliation=frame(
            RECONCILIATION,
            reconciled("10", InvoiceId="A"),
            reconciled("5.5", InvoiceId="B"),
            reconciled("9", InvoiceId="A", basis="BilledCost"),
            reconciled("7", InvoiceId="C", BillingCurrency="CNY"),
        )
    )
    sheet = reconciliation_sheet(month)
    assert values(sheet, "currency", "basis", "export_total", "difference") == [
        ("CNY", "EffectiveCost", D(7), D(0)),
        ("USD", "BilledCost", D(9), D(0)),
        ("USD", "EffectiveCost", D("15.5"), D(0)),
    ]
    assert sheet.notes == ("Difference exactly 0 on all four bases, for each of 3 invoices.",)


def test_two_differences_that_cancel_are_still_two_differences():
    off = D("0.01")
    month = published(
        reconciliation=frame(
            RECONCILIATION,
            reconciled("1", InvoiceId="A") | {"difference": off},
            reconciled("1", InvoiceId="B") | {"difference": -off},
        )
    )
    assert "2 rows do not add up" in reconciliation_sheet(month).notes[0]


def test_charges_for_another_month_are_pointed_out():
    month = published(
        model_months=frame(
            MODEL_MONTHS,
            spend("3.21", bucket="overhead", charge_month="2026-08"),
            spend("9", bucket="overhead"),
        )
    )
    assert other_charge_months(month) == [
        "3.21 USD of it (effective) belongs to the charge month 2026-08."
    ]


def test_lines_read_are_kept_rejected_or_set_aside():
    month = published(
        bill_files=frame(
            BILL_FILES,
            {"source": "aws", "file": "a", "lines_read": 10, "charges": 7, "split_rows": 2}
            | {"rejects": 1, "rounding": D("0.000000000000000001")},
        ),
        bill_rejects=frame(
            BILL_REJECTS,
            {"source": "aws", "file": "a", "line": 4, "column_name": "UsageAmount"}
            | {"reason": "not a number", "is_fatal": False},
        ),
        log_files=frame(
            LOG_FILES,
            {"source": "log", "file": "l", "lines_read": 9, "requests": 5, "duplicates": 2}
            | {"outside_month": 1, "rejects": 1},
        ),
    )
    assert values(
        lines_sheet(month), "source", "lines_read", "kept", "rejected", "set_aside", "warned"
    ) == [("aws", 10, 9, 1, 0, 1), ("log", 9, 5, 1, 3, 0)]
    assert quality_sentences(month) == [
        "aws: 1 x UsageAmount: not a number (first: a line 4).",
        "Rounding on reading, all files together: 0.000000000000000001.",
    ]


def test_the_share_measured_leaves_out_what_is_not_ai():
    month = published(
        model_months=frame(
            MODEL_MONTHS,
            spend("30", model="a", model_version="1", component="inference", method="usage"),
            spend("10", model="a", model_version="1", component="storage"),
            spend("1000", bucket="not_ai"),
        )
    )
    assert values(measured_sheet(month, "effective"), "method", "amount", "share") == [
        ("direct", D(10), D("0.25")),
        ("usage", D(30), D("0.75")),
        ("policy", D(0), D(0)),
        ("not_measured", D(0), D(0)),
    ]
