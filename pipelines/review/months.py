"""The list of published months."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import polars as pl

from pipelines.review.missing import missing_words
from pipelines.review.sheets import Column, MissingSource, Row, Sheet, total_by


@dataclass(frozen=True)
class ListedMonth:
    """A month: the publication that is the month, and how many there are."""

    publication: Mapping[str, Any]
    publications: int
    restated_at: datetime | None
    """When the newest restatement beside a closed month was published."""
    reconciliation: pl.DataFrame
    missing: Sequence[MissingSource] = ()
    """The sources it was published without."""


def months_sheet(published: Iterable[ListedMonth]) -> Sheet:
    """One row per month and currency: its publication, how many there were, its totals.

    A month that was published without any charge is a row too, without currency and totals.
    """
    rows = []
    for month in published:
        publication = month.publication
        sums = total_by(month.reconciliation, ["BillingCurrency", "basis"], ["attributed_total"])
        for currency in sorted({currency for currency, _ in sums}) or [""]:
            rows.append(
                Row(
                    {
                        "billing_month": publication["billing_month"],
                        "status": publication["status"],
                        "currency": currency,
                        **{
                            key: sums[currency, basis]["attributed_total"]
                            for key, basis in (
                                ("billed_cost", "BilledCost"),
                                ("effective_cost", "EffectiveCost"),
                            )
                            if (currency, basis) in sums
                        },
                        "publications": month.publications,
                        "published_at": publication["published_at"],
                        "restated_at": month.restated_at,
                        "without": missing_words(month.missing) or None,
                        "publication_id": publication["publication_id"],
                    }
                )
            )
    return Sheet(
        "months",
        "Published months",
        (
            Column("billing_month", "month"),
            Column("status", "status"),
            Column("currency", "currency"),
            Column("billed_cost", "billed", "money"),
            Column("effective_cost", "effective", "money"),
            Column("publications", "times", "count"),
            Column("published_at", "published (UTC)"),
            Column("restated_at", "restated (UTC)"),
            Column("without", "without source"),
            Column("publication_id", "publication"),
        ),
        tuple(rows),
        machine_only=("publication_id",),
    )
