"""The list of published months."""

from collections.abc import Iterable
from typing import Any

import polars as pl

from pipelines.review.sheets import Column, Row, Sheet, total_by


def months_sheet(published: Iterable[tuple[dict[str, Any], int, pl.DataFrame]]) -> Sheet:
    """One row per month and currency: its latest publication, how many there were, its totals.

    Takes for each month the latest publication, the number of publications, and the month's
    `out_reconciliation`.
    """
    rows = []
    for publication, count, reconciliation in published:
        sums = total_by(reconciliation, ["BillingCurrency", "basis"], ["attributed_total"])
        for currency in sorted({currency for currency, _ in sums}):
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
                        "publications": count,
                        "published_at": publication["published_at"],
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
            Column("published_at", "last (UTC)"),
            Column("publication_id", "publication"),
        ),
        tuple(rows),
        machine_only=("publication_id",),
    )
