"""Two savings plans and a reservation: what they cover, what they cost, what they leave unused."""

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from typing import Final

from pipelines.demo import shop
from pipelines.demo.kubernetes import pod_shares
from pipelines.demo.lines import Item, Line, iso, line
from pipelines.demo.machines import EKS, RECS, SEARCH, WEB_1
from pipelines.demo.traffic import HOUR, hours
from pipelines.money import plain
from pipelines.months import month_bounds

ONE: Final = Decimal(1)
ZERO: Final = Decimal(0)


def _covered(item: Item, hour: datetime, count: int, plan: str, rate: Decimal) -> Iterator[Line]:
    """Usage a savings plan covers, and the line that takes its public price off again.

    The negation is booked on the account that owns the plan, without resource and tags.
    """
    amount = Decimal(count)
    yield line(
        item,
        hour,
        hour + HOUR,
        amount,
        kind="SavingsPlanCoveredUsage",
        savingsPlan__SavingsPlanARN=plan,
        savingsPlan__SavingsPlanRate=plain(rate),
        savingsPlan__SavingsPlanEffectiveCost=plain(amount * rate),
    )
    anonymous = Item(
        item.product,
        item.usage_type,
        item.operation,
        item.unit,
        item.rate,
        account=shop.SHOP_ACCOUNT,
        description=f"SavingsPlanNegation used by AccountId : {item.account}",
    )
    yield line(
        anonymous,
        hour,
        hour + HOUR,
        amount,
        kind="SavingsPlanNegation",
        cost=-amount * item.rate,
        savingsPlan__SavingsPlanARN=plan,
    )


def _plan_fee(
    month: str, hour: datetime, product: str, plan: str, commitment: Decimal, used: Decimal
) -> Line:
    first, last = month_bounds(month)
    fee = Item(
        product,
        f"{product.removesuffix('SavingsPlans')}SP:1yrNoUpfront",
        "",
        "Hrs",
        commitment,
        account=shop.SHOP_ACCOUNT,
        resource=plan,
        description=f"1 year No Upfront {product}",
    )
    return line(
        fee,
        hour,
        hour + HOUR,
        ONE,
        kind="SavingsPlanRecurringFee",
        savingsPlan__SavingsPlanARN=plan,
        savingsPlan__OfferingType=product,
        savingsPlan__PaymentOption="No Upfront",
        savingsPlan__PurchaseTerm="1yr",
        savingsPlan__StartTime=iso(shop.QUARTER_START),
        savingsPlan__EndTime=iso(shop.QUARTER_START.replace(year=2027)),
        savingsPlan__AmortizedUpfrontCommitmentForBillingPeriod="0",
        savingsPlan__RecurringCommitmentForBillingPeriod=plain(
            commitment * int((last - first) / HOUR)
        ),
        savingsPlan__TotalCommitmentToDate=plain(commitment),
        savingsPlan__UsedCommitment=plain(used),
    )


def savings_plans(month: str) -> Iterator[Line]:
    """Covered usage, its negations and the plans' fees, hour by hour."""
    for hour in hours(*month_bounds(month)):
        count = shop.ML_COVERED_INSTANCES
        yield from _covered(SEARCH, hour, count, shop.ML_PLAN, shop.ML_RATE)
        used = shop.ML_RATE * count
        yield _plan_fee(
            month, hour, "MachineLearningSavingsPlans", shop.ML_PLAN, shop.ML_COMMITMENT, used
        )
        yield from _covered(RECS, hour, 1, shop.COMPUTE_PLAN, shop.G5_PLAN_RATE)
        used = shop.G5_PLAN_RATE
        if hour < shop.at(9, 1):
            yield from _covered(WEB_1, hour, 1, shop.COMPUTE_PLAN, shop.WEB_PLAN_RATE)
            used += shop.WEB_PLAN_RATE
        yield _plan_fee(
            month, hour, "ComputeSavingsPlans", shop.COMPUTE_PLAN, shop.COMPUTE_COMMITMENT, used
        )


RESERVATION: Final = {
    "reservation__ReservationARN": shop.RESERVATION,
    "reservation__SubscriptionId": "7500000001",
    "reservation__StartTime": iso(shop.QUARTER_START),
    "reservation__EndTime": iso(shop.QUARTER_START.replace(year=2027)),
    "pricing__LeaseContractLength": "1yr",
    "pricing__OfferingClass": "standard",
    "pricing__PurchaseOption": "Partial Upfront",
    "pricing__term": "Reserved",
}


def reservation(month: str) -> Iterator[Line]:
    """The reserved Kubernetes node: its hours, the fee and its unused part, the purchase."""
    first, last = month_bounds(month)
    total = unused = 0
    for hour in hours(first, last):
        total += 1
        if not shop.eks_is_on(hour):
            unused += 1
            continue
        node = line(
            EKS,
            hour,
            hour + HOUR,
            ONE,
            kind="DiscountedUsage",
            cost=ZERO,
            reservation__EffectiveCost=plain(shop.RESERVED_RECURRING + shop.RESERVED_UPFRONT),
            reservation__RecurringFeeForUsage=plain(shop.RESERVED_RECURRING),
            reservation__AmortizedUpfrontCostForUsage=plain(shop.RESERVED_UPFRONT),
            **RESERVATION,
        )
        yield node
        yield from pod_shares(hour)
    fee = Item("AmazonEC2", "HeavyUsage:g4dn.xlarge", "RunInstances", "Hrs", ZERO)
    yield line(
        fee,
        first,
        last,
        Decimal(total),
        kind="RIFee",
        cost=shop.RESERVED_RECURRING * total,
        reservation__NumberOfReservations="1",
        reservation__TotalReservedUnits=str(total),
        reservation__AmortizedUpfrontFeeForBillingPeriod=plain(shop.RESERVED_UPFRONT * total),
        reservation__UnusedQuantity=str(unused),
        reservation__UnusedRecurringFee=plain(shop.RESERVED_RECURRING * unused),
        reservation__UnusedAmortizedUpfrontFeeForBillingPeriod=plain(
            shop.RESERVED_UPFRONT * unused
        ),
        **RESERVATION,
    )
    if month == shop.MONTHS[0]:
        upfront = shop.RESERVED_UPFRONT * shop.RESERVATION_HOURS
        yield line(
            fee,
            first,
            first + HOUR,
            ONE,
            kind="Fee",
            cost=upfront,
            bill__BillType="Purchase",
            reservation__UpfrontValue=plain(upfront),
            **RESERVATION,
        )
