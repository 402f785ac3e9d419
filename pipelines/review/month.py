"""The review of one published month, and of several side by side."""

from collections.abc import Sequence

import polars as pl

from pipelines.review.adjustments import adjustment_sheets
from pipelines.review.commitments import commitment_sheets
from pipelines.review.head import (
    facts,
    other_charge_months,
    reconciled_sentence,
    reconciliation_sheet,
    totals_sheet,
)
from pipelines.review.prediction import prediction_sheets
from pipelines.review.quality import lines_sheet, measured_sheet, quality_sentences
from pipelines.review.sheets import PublishedMonth, Review
from pipelines.review.spend import day_sheets, months_sheets, remainder_notes, spend_sheets


def month_review(
    month: PublishedMonth,
    basis: str = "effective",
    by: str = "model",
    rows: pl.DataFrame | None = None,
) -> Review:
    """Everything a person asks of a month at its end, in reading order.

    `by` = `day` and `commitment` need `rows`: the month's model days, or its commitments. The other
    views read the month's own tables.
    """
    if by in ("day", "commitment"):
        if rows is None:
            what = "model days" if by == "day" else "commitments"
            message = f"a review by {by} needs the month's {what}"
            raise ValueError(message)
        spend = day_sheets(rows, basis) if by == "day" else commitment_sheets(rows)
    else:
        spend = spend_sheets(month, basis, by)
    sheets = (
        reconciliation_sheet(month),
        *spend,
        *adjustment_sheets([month]),
        *prediction_sheets([month]),
        measured_sheet(month, basis),
        lines_sheet(month),
    )
    return Review(
        facts={**facts(month), "basis": basis},
        sheets=sheets,
        sentences=(*other_charge_months(month), *quality_sentences(month)),
    )


def months_review(
    months: Sequence[PublishedMonth], basis: str = "effective", by: str = "model"
) -> Review:
    """Several months side by side (a quarter): totals, spend per month, predicted and actual."""
    return Review(
        facts={"months": [facts(month) for month in months], "basis": basis},
        sheets=(
            totals_sheet(months),
            *months_sheets(months, basis, by),
            *adjustment_sheets(months),
            *prediction_sheets(months),
        ),
        sentences=tuple(f"{month.month}: {reconciled_sentence(month)}" for month in months),
    )


def meanings(review: Review) -> list[str]:
    """What the remainders of a review's spend sheets mean, each said once."""
    found: list[str] = []
    for sheet in review.sheets:
        found += [note for note in remainder_notes(sheet) if note not in found]
    return found
