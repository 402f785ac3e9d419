from datetime import datetime
from decimal import Decimal

from review_frames import MONTH, frame, published, reconciled, spend, values

from pipelines.adjustments import adjustments
from pipelines.contracts import MODEL_MONTHS, RECONCILIATION
from pipelines.review.adjustments import adjustment_sheets, difference_words, posting_facts
from pipelines.review.head import facts
from pipelines.review.month import meanings, month_review, months_review
from pipelines.review.sheets import PostedDifference

D = Decimal


def posted(*after: dict, of: str = "2026-08", where: str = MONTH, **more) -> PostedDifference:
    """A closed month without spend, delivered again with some."""
    rows = adjustments(MODEL_MONTHS.empty(), frame(MODEL_MONTHS, *after))
    at = datetime(2026, 10, 9, 4, 0)
    return PostedDifference(of, where, "p9", at, more.get("is_frozen", False), rows)


def test_each_currency_has_a_sheet_with_a_total_of_its_own():
    sheets = adjustment_sheets(
        [published(posted=(posted(spend("2", model="a"), spend("3", currency="CNY")),))]
    )
    assert [sheet.title for sheet in sheets] == [
        "Prior-period adjustments posted in 2026-09, CNY",
        "Prior-period adjustments posted in 2026-09, USD",
    ]
    assert values(sheets[1], "closed_month", "model", "effective_cost") == [
        ("2026-08", "a", D(2)),
        (None, None, D(2)),
    ]


def test_only_what_is_posted_in_the_month_is_listed_in_it():
    of_this_month = posted(spend("5"), of=MONTH, where="2026-10")
    month = published(posted=(posted(spend("2")), of_this_month))
    [sheet] = adjustment_sheets([month])
    assert values(sheet, "closed_month", "billed_cost") == [("2026-08", D(2)), (None, D(2))]
    [said] = facts(month)["restatements"]
    assert (said["posting_month"], said["billed_cost"]) == ("2026-10", D(5))


def test_without_adjustments_people_see_no_section_and_programs_an_empty_one():
    [sheet] = adjustment_sheets([published()])
    assert (sheet.name, sheet.rows, sheet.audience) == ("prior_period_adjustments", (), "machine")


def test_adjustments_are_no_part_of_the_months_own_total():
    own = {"model_months": frame(MODEL_MONTHS, spend("7"))}
    plain, adjusted = (
        month_review(published(**own, posted=p)) for p in ((), (posted(spend("2")),))
    )
    spends = [
        [sheet for sheet in review.sheets if sheet.name == "spend"] for review in (plain, adjusted)
    ]
    assert spends[0] == spends[1]
    assert values(spends[1][0], "total")[-1] == (D(7),)


def test_what_remainders_mean_is_said_of_the_spend_not_of_adjustments():
    own = {"model_months": frame(MODEL_MONTHS, spend("7", bucket="idle"))}
    month = published(**own, posted=(posted(spend("2", bucket="overhead")),))
    assert meanings(month_review(month)) == ["idle: paid capacity nobody used."]


def test_a_frozen_posting_and_one_that_moved_nothing_say_so():
    [frozen] = posting_facts(posted(spend("25.25"), is_frozen=True))
    assert difference_words(frozen) == (
        "difference 25.25 USD effective, 25.25 billed, posted to 2026-09 (closed)"
    )
    [nothing] = posting_facts(posted())
    assert difference_words(nothing) == "no figure differs"


def test_several_months_begin_with_their_totals_by_currency_and_basis():
    lines = [reconciled("10", basis=basis) for basis in ("BilledCost", "EffectiveCost", "ListCost")]
    month = published(
        reconciliation=frame(RECONCILIATION, *lines, reconciled("1", InvoiceId="B")),
    )
    sheet = months_review([month, month]).sheets[0]
    assert (
        values(sheet, "billing_month", "basis", "export_total", "difference")
        == [
            (MONTH, "BilledCost", D(10), D(0)),
            (MONTH, "EffectiveCost", D(11), D(0)),
        ]
        * 2
    )
