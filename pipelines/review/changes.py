"""What moved between two publications of a month: what changed, and the change of the total."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import polars as pl

from pipelines.review.sheets import (
    ALL_VERSIONS,
    BASIS_COLUMNS,
    MODEL_BUCKETS,
    ZERO,
    Column,
    Review,
    Row,
    Sheet,
)

_COLUMNS = (
    Column("currency", "currency"),
    Column("section", "section"),
    Column("model", "model"),
    Column("model_version", "version"),
    Column("component", "component"),
    Column("before", "before", "money"),
    Column("after", "after", "money"),
    Column("difference", "difference", "money"),
)
_KEYS = ("currency", "bucket", "model", "model_version", "component")


State = tuple[Mapping[str, Any], pl.DataFrame]
"""A publication and its `out_spend__model_months`."""


def changes_review(month: str, basis: str, states: Sequence[State]) -> Review:
    """The last two states of a month, and what moved between them; of one state nothing did."""
    if len(states) == 1:
        return published_once(month, basis, states[0][0])
    [(publication, earlier), (other, later)] = states
    facts = {
        "billing_month": month,
        "basis": basis,
        "before": named(publication),
        "after": named(other),
    }
    return Review(facts, changes_sheets(earlier, later, basis, month))


def published_once(month: str, basis: str, publication: Mapping[str, Any]) -> Review:
    """Of a month with one state nothing can have moved."""
    facts = {"billing_month": month, "basis": basis, "before": None, "after": named(publication)}
    empty = Sheet("changes", f"What moved in {month}, {basis} cost", _COLUMNS, ())
    said = f"{month} was published once: there is nothing to compare it with."
    return Review(facts, (empty,), (said,))


def named(publication: Mapping[str, Any]) -> dict[str, Any]:
    """What tells a publication from the month's others."""
    return {key: publication[key] for key in ("publication_id", "published_at", "status", "run_id")}


def changes_sheets(
    before: pl.DataFrame, after: pl.DataFrame, basis: str, month: str
) -> tuple[Sheet, ...]:
    """One sheet per currency of two states of `out_spend__model_months`.

    A restated bill with an hour of training more moves version 8's `update` from 606.00 to 631.25
    and the total by the same 25.25; everything else is not listed.
    """
    column = BASIS_COLUMNS[basis]
    moved = (
        _sums(before, column)
        .rename({column: "before"})
        .join(
            _sums(after, column).rename({column: "after"}),
            on=list(_KEYS),
            how="full",
            coalesce=True,
            validate="1:1",
        )
        .with_columns(
            pl.col("before", "after").fill_null(pl.lit(ZERO, dtype=before.schema[column]))
        )
        .sort(_KEYS)
    )
    currencies = sorted(moved["currency"].unique().to_list())
    return tuple(_sheet(moved.filter(pl.col("currency") == c), c, basis, month) for c in currencies)


def _sums(frame: pl.DataFrame, column: str) -> pl.DataFrame:
    return frame.group_by(_KEYS).agg(pl.col(column).sum())


def _sheet(moved: pl.DataFrame, currency: str, basis: str, month: str) -> Sheet:
    rows = []
    for line in moved.filter(pl.col("before") != pl.col("after")).iter_rows(named=True):
        in_model = line["bucket"] in MODEL_BUCKETS
        rows.append(
            Row(
                {
                    "currency": currency,
                    "section": "" if in_model else line["bucket"],
                    "model": line["model"],
                    "model_version": line["model_version"] or (ALL_VERSIONS if in_model else ""),
                    "component": line["component"],
                    "before": line["before"],
                    "after": line["after"],
                    "difference": line["after"] - line["before"],
                }
            )
        )
    before, after = (Decimal(moved[name].sum() or 0) for name in ("before", "after"))
    rows.append(
        Row(
            {
                "currency": currency,
                "before": before,
                "after": after,
                "difference": after - before,
            },
            "total",
        )
    )
    return Sheet(
        "changes",
        f"What moved in {month}, {basis} cost, {currency}",
        _COLUMNS,
        tuple(rows),
        labels=("section", "model", "model_version", "component"),
    )
