"""What a correct reading of the demo's bill must find, summed here without modelspend's readers.

Billed is the sum of `lineItem/UnblendedCost`. Effective follows AWS's own definition: what a
commitment covered counts at its rate, what it did not use counts once, its purchase not at all.
"""

from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from pipelines.demo import shop
from pipelines.demo.bill import bill_lines
from pipelines.demo.lines import Line
from pipelines.demo.traffic import HOUR, gateway_calls, support_calls
from pipelines.months import days_in_month, month_bounds

ZERO: Final = Decimal(0)

AMORTISED: Final = {
    "SavingsPlanCoveredUsage": ("savingsPlan/SavingsPlanEffectiveCost",),
    "SavingsPlanRecurringFee": ("savingsPlan/TotalCommitmentToDate", "savingsPlan/UsedCommitment"),
    "DiscountedUsage": ("reservation/EffectiveCost",),
    "RIFee": (
        "reservation/UnusedRecurringFee",
        "reservation/UnusedAmortizedUpfrontFeeForBillingPeriod",
    ),
}
"""Where the amortised cost of a line is, by its type; of a plan's fee the first less the second."""


@dataclass(frozen=True)
class MonthFigures:
    """One delivery of one month."""

    lines: int
    """Lines of the bill, split rows included."""
    split_rows: int
    billed: Decimal
    effective: Decimal
    calls: int
    """Calls in the logs, each once, the damaged line not counted."""
    idle_fraud_node: Decimal
    """The node nobody switched off, at the public price, before the discount."""
    unused_commitment: Decimal
    """Of the compute savings plan and the reservation."""
    notebook: Decimal
    """The notebook nobody owns, before the discount."""
    runs: dict[str, Decimal]
    """Training jobs by their name, before the discount."""


def effective_cost(row: Line) -> Decimal:
    """The amortised cost of one line."""
    kind = row["lineItem/LineItemType"]
    if kind == "SavingsPlanNegation" or (kind == "Fee" and row.get("reservation/ReservationARN")):
        return ZERO
    amounts = AMORTISED.get(kind, ("lineItem/UnblendedCost",))
    first, *others = (Decimal(row[column]) for column in amounts)
    return first - others[0] if kind == "SavingsPlanRecurringFee" else sum(others, first)


def month_figures(month: str, *, restated: bool = False) -> MonthFigures:
    """The figures of one delivery of a month."""
    rows = bill_lines(month, restated=restated)
    first, last = month_bounds(month)
    usage: dict[str, Decimal] = defaultdict(lambda: ZERO)
    for row in rows:
        if row["lineItem/LineItemType"] == "Usage":
            usage[row["lineItem/ResourceId"]] += Decimal(row["lineItem/UnblendedCost"])
    idle_hours = max(0, int((last - max(first, shop.FRAUD_MOVED)) / HOUR))
    calls = [*gateway_calls(first, last), *support_calls(first, last)]
    return MonthFigures(
        lines=len(rows),
        split_rows=sum(row["lineItem/Operation"] == "EKSPod-EC2" for row in rows),
        billed=sum((Decimal(row["lineItem/UnblendedCost"]) for row in rows), ZERO),
        effective=sum((effective_cost(row) for row in rows), ZERO),
        calls=len(calls),
        idle_fraud_node=shop.G5_PRICE * idle_hours,
        unused_commitment=sum(
            (
                effective_cost(row)
                for row in rows
                if row["lineItem/LineItemType"] in {"SavingsPlanRecurringFee", "RIFee"}
            ),
            ZERO,
        ),
        notebook=shop.NOTEBOOK_PRICE * 24 * days_in_month(month),
        runs={
            resource.removeprefix(shop.TRAINING_JOB): cost
            for resource, cost in sorted(usage.items())
            if resource.startswith(shop.TRAINING_JOB)
        },
    )


def expected(*, restated: bool = False) -> dict[str, MonthFigures]:
    """Every month's figures; `restated`: with August's second delivery."""
    return {
        month: month_figures(month, restated=restated and month == "2026-08")
        for month in shop.MONTHS
    }
