"""Coefficients fitted to totals for people and programs."""

from pipelines.calibration.totals import TotalsFit
from pipelines.review.calibration import number
from pipelines.review.sheets import Column, Row, Sheet


def totals_sheet(found: TotalsFit) -> Sheet:
    """A row per term: its coefficient, and the start without the soft loss."""
    return Sheet(
        "coefficients",
        "Coefficients of totals: total = sum of coefficient x term",
        (
            Column("term", "term"),
            Column("coefficient", "k", "quantity"),
            Column("start", "least squares", "quantity"),
        ),
        tuple(
            Row({"term": term, "coefficient": number(k, 4), "start": number(found.start[term], 4)})
            for term, k in found.coefficients.items()
        ),
        notes=(
            f"{found.n} months, condition number {found.condition:.1f}: below 30 the terms can be "
            "told apart. k far from least squares: a month lies far off, and counts less.",
        ),
    )
