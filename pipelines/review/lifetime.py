"""The life of model versions, for people and programs: cost so far, per request, and the plan."""

from collections.abc import Sequence
from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction
from itertools import accumulate
from typing import Any, Final

from pipelines.contracts import COMPONENTS
from pipelines.money import EXACT, as_decimal
from pipelines.months import months_between
from pipelines.review.sheets import ALL_VERSIONS, Column, Row, Sheet
from pipelines.spend.lifetime import Life, LifeMonth

PER: Final = 1_000
"""Requests that the cost of making a version is told for."""
_PLACES: Final = Decimal("0.000001")


def lifetime_sheets(lives: Sequence[Life], *, by_month: bool) -> tuple[Sheet, ...]:
    """One sheet per currency, a row per version; `by_month`: another with how it came about."""
    sheets: list[Sheet] = []
    for currency in sorted({life.currency for life in lives}):
        mine = [life for life in lives if life.currency == currency]
        sheets += [_lives(mine, currency), _plans(mine, currency)]
        if by_month:
            sheets.append(_months(mine, currency))
    return tuple(sheet for sheet in sheets if sheet.rows)


def unpublished_sentence(published: Sequence[str]) -> str | None:
    """Names the months between the first and the last published one that are missing."""
    if not published:
        return None
    gaps = [m for m in months_between(min(published), max(published)) if m not in published]
    if not gaps:
        return None
    return f"Not published, and so in no figure here: {', '.join(gaps)}."


def _lives(lives: Sequence[Life], currency: str) -> Sheet:
    return Sheet(
        "lifetime",
        f"Cost of model versions since their first run, effective cost, {currency}",
        (
            Column("currency", "currency"),
            Column("model", "model"),
            Column("model_version", "version"),
            Column("first_run", "first run"),
            Column("first_month", "since"),
            *(Column(name, name, "money") for name in COMPONENTS),
            Column("total", "so far", "money"),
            Column("requests", "requests", "quantity"),
            Column("making_per_1000_requests", "making per 1,000", "quantity"),
        ),
        tuple(Row(_life(life)) for life in lives if life.so_far.is_billed),
        notes=(
            "Making per 1,000: training and update cost for every 1,000 requests served so far. "
            "What was spent before the first published month is in no figure. Analysis beside the "
            "ledger: added to no month.",
        ),
        labels=("model", "model_version"),
        machine_only=("first_run",),
    )


def _plans(lives: Sequence[Life], currency: str) -> Sheet:
    """What was planned of the lives and what that cost, for what could be compared."""
    rows = []
    for life in lives:
        so_far = life.so_far
        if so_far.predicted is None or so_far.compared is None:
            continue
        rows.append(
            Row(
                {
                    "currency": currency,
                    "model": life.model,
                    "model_version": life.model_version or ALL_VERSIONS,
                    "predicted_cost": so_far.predicted,
                    "compared_cost": so_far.compared,
                    "difference": EXACT.subtract(so_far.compared, so_far.predicted),
                }
            )
        )
    return Sheet(
        "lifetime_plans",
        f"Plan and actual over their lives, effective cost, {currency}",
        (
            Column("currency", "currency"),
            Column("model", "model"),
            Column("model_version", "version"),
            Column("predicted_cost", "predicted", "money"),
            Column("compared_cost", "actual", "money"),
            Column("difference", "difference", "money"),
        ),
        tuple(rows),
        notes=(
            "Of what could be compared, new and discontinued lines included, with each version's "
            "notional share of idle time: not what it cost above.",
        ),
        labels=("model", "model_version"),
    )


def _life(life: Life) -> dict[str, Any]:
    return {
        "currency": life.currency,
        "model": life.model,
        "model_version": life.model_version or ALL_VERSIONS,
        "first_run": life.first_run,
        "first_month": f"{life.first_run:%Y-%m-%d}"
        if life.first_run
        else min(name for name, lived in life.months.items() if lived.is_billed),
        **_figures(life.so_far),
    }


def _figures(lived: LifeMonth) -> dict[str, Any]:
    return {
        **lived.costs,
        "total": lived.total,
        "requests": None if lived.requests is None else as_decimal(lived.requests),
        "making_per_1000_requests": per_thousand(lived.making, lived.requests),
    }


def per_thousand(cost: Decimal, requests: Fraction | None) -> Decimal | None:
    """The cost for 1,000 requests, six decimals; None without a request or without a cost."""
    if not requests or not cost:
        return None
    exact = as_decimal(Fraction(cost) * PER / requests)
    return exact.quantize(_PLACES, rounding=ROUND_HALF_EVEN)


def _months(lives: Sequence[Life], currency: str) -> Sheet:
    rows = []
    for life in lives:
        known = sorted(life.months) if life.so_far.is_billed else []
        sums = accumulate((life.months[month] for month in known), _sum)
        for month, so_far in zip(known, sums, strict=True):
            lived = life.months[month]
            rows.append(
                Row(
                    {
                        "currency": currency,
                        "model": life.model,
                        "model_version": life.model_version or ALL_VERSIONS,
                        "charge_month": month,
                        "cost": lived.total,
                        "requests": None if lived.requests is None else as_decimal(lived.requests),
                        "so_far": so_far.total,
                        "making_per_1000_requests": per_thousand(so_far.making, so_far.requests),
                    }
                )
            )
    return Sheet(
        "lifetime_months",
        f"Month by month, effective cost, {currency}",
        (
            Column("currency", "currency"),
            Column("model", "model"),
            Column("model_version", "version"),
            Column("charge_month", "month"),
            Column("cost", "cost", "money"),
            Column("requests", "requests", "quantity"),
            Column("so_far", "so far", "money"),
            Column("making_per_1000_requests", "making per 1,000", "quantity"),
        ),
        tuple(rows),
        labels=("model", "model_version"),
    )


def _sum(one: LifeMonth, other: LifeMonth) -> LifeMonth:
    found = LifeMonth()
    found.add(one)
    found.add(other)
    return found
