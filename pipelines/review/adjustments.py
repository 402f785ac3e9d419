"""What is said of a closed month that was delivered anew: its difference, and where it is posted.

A section of its own: adjustments are no part of the posting month's bill, so they are never added
to its total nor to its reconciliation.
"""

from collections.abc import Sequence
from functools import reduce
from typing import Any

from pipelines.adjustments import COSTS
from pipelines.money import EXACT, show
from pipelines.review.sheets import (
    ALL_VERSIONS,
    MODEL_BUCKETS,
    NO_OWNER,
    Column,
    PostedDifference,
    PublishedMonth,
    Row,
    Sheet,
    total_by,
)

_NOTE = (
    "Differences of closed months, delivered anew since; no part of this bill's total or its "
    "reconciliation."
)


def adjustment_sheets(months: Sequence[PublishedMonth]) -> tuple[Sheet, ...]:
    """One sheet per currency of the adjustments posted in some months.

    July is closed at 600, restated at 625 and August closed: show September, and it lists 25 of
    July, and a total of 25, beside September's own total.
    """
    posted = [(found, month.month) for month in months for found in month.posted_here]
    lines = [
        _values(found, line) for found, _ in posted for line in found.rows.iter_rows(named=True)
    ]
    if not lines:
        return (Sheet("prior_period_adjustments", "", _COLUMNS, (), audience="machine"),)
    currencies = sorted({line["currency"] for line in lines})
    where = ", ".join(dict.fromkeys(month for _, month in posted))
    return tuple(
        _sheet([line for line in lines if line["currency"] == currency], currency, where)
        for currency in currencies
    )


def posting_facts(found: PostedDifference) -> list[dict[str, Any]]:
    """A posted difference per currency, its four sums; one without amounts if nothing moved."""
    names = {
        "closed_month": found.closed_month,
        "posting_month": found.posting_month,
        "restated_at": found.restated_at,
        "restated_publication_id": found.restated_id,
        "is_frozen": found.is_frozen,
    }
    sums = total_by(found.rows, ["currency"], COSTS)
    if not sums:
        return [{**names, "currency": None, **dict.fromkeys(COSTS)}]
    return [{**names, "currency": currency, **amounts} for (currency,), amounts in sums.items()]


def difference_words(facts: dict[str, Any]) -> str:
    """`difference 25.25 USD effective, 25.25 billed, posted to 2026-10`."""
    if facts["currency"] is None:
        return "no figure differs"
    posted = f"posted to {facts['posting_month']}{' (closed)' if facts['is_frozen'] else ''}"
    return (
        f"difference {show(facts['effective_cost'])} {facts['currency']} effective, "
        f"{show(facts['billed_cost'])} billed, {posted}"
    )


_COLUMNS = (
    Column("posting_month", "posted in"),
    Column("closed_month", "of"),
    Column("currency", "currency"),
    Column("source", "source"),
    Column("section", "section"),
    Column("model", "model"),
    Column("model_version", "version"),
    Column("component", "component"),
    Column("element", "element"),
    Column("owner", "owner"),
    Column("cost_centre", "cost centre"),
    Column("billed_cost", "billed", "money"),
    Column("effective_cost", "effective", "money"),
    Column("contracted_cost", "contracted", "money"),
    Column("list_cost", "list", "money"),
    Column("bucket", "bucket"),
    Column("restated_publication_id", "restatement"),
    Column("is_frozen", "frozen"),
)
_FOR_MACHINES = (
    "source",
    "element",
    "contracted_cost",
    "list_cost",
    "bucket",
    "restated_publication_id",
    "is_frozen",
)


def _values(found: PostedDifference, line: dict[str, Any]) -> dict[str, Any]:
    in_model = line["bucket"] in MODEL_BUCKETS
    return {
        **line,
        "posting_month": found.posting_month,
        "closed_month": found.closed_month,
        "section": "" if in_model else line["bucket"],
        "model_version": line["model_version"] or (ALL_VERSIONS if in_model else ""),
        "owner": line["owner"] or NO_OWNER,
        "restated_publication_id": found.restated_id,
        "is_frozen": found.is_frozen,
    }


def _sheet(lines: list[dict[str, Any]], currency: str, where: str) -> Sheet:
    sums = {name: reduce(EXACT.add, (line[name] for line in lines)) for name in COSTS}
    one_month = len({line["posting_month"] for line in lines}) == 1
    return Sheet(
        "prior_period_adjustments",
        f"Prior-period adjustments posted in {where}, {currency}",
        _COLUMNS,
        (*(Row(line) for line in lines), Row({"currency": currency, **sums}, "total")),
        notes=(_NOTE,),
        labels=("section", "model", "model_version", "component"),
        machine_only=(*_FOR_MACHINES, *(("posting_month",) if one_month else ())),
    )
