"""Spend by the month it was used in, whichever month's bill it is on."""

from decimal import Decimal

from review_frames import frame, spend, values

from pipelines.contracts import MODEL_DAYS, MODEL_MONTHS
from pipelines.review.charge_months import BilledMonth, charge_months_review
from pipelines.review.sheets import Review, Sheet

D = Decimal


def billed(month: str, *rows: dict[str, object], status: str = "final") -> BilledMonth:
    publication = {"billing_month": month, "status": status}
    with_month = [{**row, "billing_month": month} for row in rows]
    days = [
        {k: v for k, v in row.items() if k in MODEL_DAYS.columns}
        | {"charge_date": f"{row['charge_month']}-02"}
        for row in with_month
    ]
    return BilledMonth(publication, frame(MODEL_MONTHS, *with_month), frame(MODEL_DAYS, *days))


def used(month: str, cost: str, **names: str) -> dict[str, object]:
    return spend(cost, charge_month=month, bucket="unattributed", source="gcp", **names)


QUARTER = (
    billed("2026-09", used("2026-09", "5125.60"), used("2026-10", "48")),
    billed("2026-10", used("2026-10", "4836.27"), used("2026-09", "-0.10"), status="provisional"),
)


def sheet(review: Review, name: str) -> Sheet:
    [found] = [s for s in review.sheets if s.name == name]
    return found


def test_a_charge_month_is_what_every_bill_says_of_it():
    review = charge_months_review(["2026-09"], QUARTER)
    assert values(sheet(review, "bills"), "charge_month", "billing_month", "status", "amount") == [
        ("2026-09", "2026-09", "final", D("5125.60")),
        ("2026-09", "2026-10", "provisional", D("-0.10")),
        ("total", None, None, D("5125.50")),
    ]
    assert values(sheet(review, "spend"), "section", "total")[-1] == ("total", D("5125.50"))


def test_charge_months_and_billing_months_hold_the_same_money():
    review = charge_months_review(["2026-09", "2026-10"], QUARTER, by="source")
    whole = sum((month.model_months["effective_cost"].sum() for month in QUARTER), D(0))
    by_source = values(sheet(review, "spend"), "source", "2026-09", "2026-10", "total")
    assert by_source[0] == ("gcp", D("5125.50"), D("4884.27"), whole)


def test_a_charge_month_by_day_has_its_own_days_only():
    review = charge_months_review(["2026-10"], QUARTER, by="day")
    assert values(sheet(review, "spend"), "charge_date", "total") == [
        ("2026-10-02", D("4884.27")),
        (None, D("4884.27")),
    ]


def test_currencies_end_in_totals_of_their_own():
    euros = billed("2026-09", used("2026-09", "1", currency="EUR"), used("2026-09", "2"))
    review = charge_months_review(["2026-09"], [euros])
    totals = [row for row in sheet(review, "bills").rows if row.level == "total"]
    assert [(row.values["currency"], row.values["amount"]) for row in totals] == [
        ("EUR", D(1)),
        ("USD", D(2)),
    ]


def test_a_month_nothing_was_used_in_is_empty():
    review = charge_months_review(["2025-01"], QUARTER)
    assert sheet(review, "bills").rows == ()
