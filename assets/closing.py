"""Close a month, and read what was posted because a closed month was delivered anew.

What closing means is decided in `pipelines.closing`; here are the publication that closes a month
and the tables behind an adjustment.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import polars as pl

from assets.lake import Lake, Publication
from pipelines.adjustments import adjustments
from pipelines.closing import (
    CLOSED,
    closing_inputs,
    month_among,
    postings,
    reasons_not_to_close,
    restatement_among,
)
from pipelines.contracts import EXPORT_TOTALS, MODEL_MONTHS
from pipelines.errors import ClosingLost, MonthNotFinal, PublicationLost
from pipelines.review.head import invoiceless_lines
from pipelines.review.sheets import PostedDifference


@dataclass(frozen=True)
class ClosedMonth:
    """How closing a month ended."""

    publication: Publication
    was_closed: bool
    """It was closed before; nothing was done."""
    restatement: Publication | None
    """The newest publication beside it."""

    @property
    def adjustments(self) -> dict[str, str]:
        """The earlier closed months whose differences are posted in it: their restatements."""
        found: dict[str, str] = self.publication.inputs["closing"]["adjustments"]
        return found


def close_month(lake: Lake, month: str, now: datetime, *, even_if_provisional: bool) -> ClosedMonth:
    """Close the published month: its figures stay what they are, whatever is delivered later.

    The closed publication names the same files as the one it closes, and comes about as any other:
    only if nobody published the month in between.

    Raises:
        MonthNotPublished: there is nothing to close.
        MonthNotFinal: it is provisional, and `even_if_provisional` was not asked for.
        ClosingLost: a run published the month in between.
    """
    lake.require_latest(month)  # before `begin`, which would make the table of publications
    handle = lake.begin(month, f"close-{uuid4()}")
    found = month_among(handle.publications)
    if found is None:  # published a moment ago, and publications are kept
        raise ClosingLost(month, handle.run_id)
    if found.status == CLOSED:
        return ClosedMonth(found, True, restatement_among(handle.publications))
    reasons = _reasons(lake, found)
    if reasons and not even_if_provisional:
        raise MonthNotFinal(month, reasons)
    forced = [f"Closed although provisional: {'; '.join(reasons)}."] if reasons else []
    closed = replace(
        found,
        publication_id=str(uuid4()),
        published_at=now.astimezone(UTC).replace(tzinfo=None),
        status=CLOSED,
        inputs=closing_inputs(found, lake.publications()),
        warnings=[*found.warnings, *forced],
    )
    try:
        return ClosedMonth(lake.publish(handle, closed), False, None)
    except PublicationLost:
        raise ClosingLost(month, handle.run_id) from None


def posted_differences(
    lake: Lake, publications: Iterable[Publication], month: str
) -> tuple[PostedDifference, ...]:
    """The adjustments posted in a month, and those that come from it.

    `publications` are those of all months as they are seen at one moment.
    """
    return tuple(
        PostedDifference(
            closed_month=posting.closed_month,
            posting_month=posting.posting_month,
            restated_id=posting.after.publication_id,
            restated_at=posting.after.published_at,
            is_frozen=posting.is_frozen,
            rows=adjustments(
                _model_months(lake, posting.before), _model_months(lake, posting.after)
            ),
        )
        for posting in postings(publications)
        if month in (posting.closed_month, posting.posting_month)
    )


def _model_months(lake: Lake, publication: Publication) -> pl.DataFrame:
    return lake.read(MODEL_MONTHS.name, publication.billing_month, publication)


def _reasons(lake: Lake, publication: Publication) -> list[str]:
    totals = lake.read(EXPORT_TOTALS.name, publication.billing_month, publication)
    missing = [name for name, source in publication.sources.items() if _is_missing(source)]
    return reasons_not_to_close(publication, missing, invoiceless_lines(totals))


def _is_missing(source: Any) -> bool:
    return isinstance(source, dict) and source.get("status") == "missing"
