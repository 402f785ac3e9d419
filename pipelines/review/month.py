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
from pipelines.review.users import user_sheets

_NEEDED = {
    "day": "model days",
    "commitment": "commitments",
    "use-case": "unit costs",
    "tenant": "unit costs",
}


def month_review(
    month: PublishedMonth,
    basis: str = "effective",
    by: str = "model",
    rows: pl.DataFrame | None = None,
) -> Review:
    """Everything a person asks of a month at its end, in reading order.

    `by` = `day`, `commitment`, `use-case` and `tenant` need `rows`: the month's model days, its
    commitments, or its unit costs. The other views read the month's own tables.
    """
    if by in _NEEDED:
        if rows is None:
            message = f"a review by {by} needs the month's {_NEEDED[by]}"
            raise ValueError(message)
        if by == "day":
            spend = day_sheets(rows, basis)
        elif by == "commitment":
            spend = commitment_sheets(rows)
        else:
            spend = user_sheets(month.model_months, rows, by.replace("-", "_"))
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
