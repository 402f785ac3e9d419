"""One line of the demo's bill: a legacy AWS Cost and Usage Report's columns, filled as AWS does.

A line is a dict from column name to text; a column that is not in it is empty.
"""

import hashlib
import itertools
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from functools import cache
from typing import Final

from pipelines.demo import shop
from pipelines.money import plain
from pipelines.months import month_bounds

Line = dict[str, str]

TEN_PLACES: Final = Decimal("0.0000000001")

COLUMNS: Final = (
    "identity/LineItemId",
    "identity/TimeInterval",
    "bill/InvoiceId",
    "bill/InvoicingEntity",
    "bill/BillingEntity",
    "bill/BillType",
    "bill/PayerAccountId",
    "bill/BillingPeriodStartDate",
    "bill/BillingPeriodEndDate",
    "lineItem/UsageAccountId",
    "lineItem/LineItemType",
    "lineItem/UsageStartDate",
    "lineItem/UsageEndDate",
    "lineItem/ProductCode",
    "lineItem/UsageType",
    "lineItem/Operation",
    "lineItem/AvailabilityZone",
    "lineItem/ResourceId",
    "lineItem/UsageAmount",
    "lineItem/NormalizationFactor",
    "lineItem/NormalizedUsageAmount",
    "lineItem/CurrencyCode",
    "lineItem/UnblendedRate",
    "lineItem/UnblendedCost",
    "lineItem/BlendedRate",
    "lineItem/BlendedCost",
    "lineItem/LineItemDescription",
    "lineItem/TaxType",
    "lineItem/LegalEntity",
    "product/ProductName",
    "product/instanceType",
    "product/instanceTypeFamily",
    "product/gpu",
    "product/operation",
    "product/productFamily",
    "product/region",
    "product/regionCode",
    "product/servicecode",
    "product/sku",
    "product/transferType",
    "product/usagetype",
    "product/volumeApiName",
    "pricing/LeaseContractLength",
    "pricing/OfferingClass",
    "pricing/PurchaseOption",
    "pricing/RateCode",
    "pricing/RateId",
    "pricing/currency",
    "pricing/publicOnDemandCost",
    "pricing/publicOnDemandRate",
    "pricing/term",
    "pricing/unit",
    "reservation/AmortizedUpfrontCostForUsage",
    "reservation/AmortizedUpfrontFeeForBillingPeriod",
    "reservation/EffectiveCost",
    "reservation/EndTime",
    "reservation/NumberOfReservations",
    "reservation/RecurringFeeForUsage",
    "reservation/ReservationARN",
    "reservation/StartTime",
    "reservation/SubscriptionId",
    "reservation/TotalReservedUnits",
    "reservation/UnusedAmortizedUpfrontFeeForBillingPeriod",
    "reservation/UnusedQuantity",
    "reservation/UnusedRecurringFee",
    "reservation/UpfrontValue",
    "savingsPlan/AmortizedUpfrontCommitmentForBillingPeriod",
    "savingsPlan/EndTime",
    "savingsPlan/InstanceTypeFamily",
    "savingsPlan/OfferingType",
    "savingsPlan/PaymentOption",
    "savingsPlan/PurchaseTerm",
    "savingsPlan/RecurringCommitmentForBillingPeriod",
    "savingsPlan/Region",
    "savingsPlan/SavingsPlanARN",
    "savingsPlan/SavingsPlanEffectiveCost",
    "savingsPlan/SavingsPlanRate",
    "savingsPlan/StartTime",
    "savingsPlan/TotalCommitmentToDate",
    "savingsPlan/UsedCommitment",
    "splitLineItem/ActualUsage",
    "splitLineItem/ParentResourceId",
    "splitLineItem/PublicOnDemandSplitCost",
    "splitLineItem/PublicOnDemandUnusedCost",
    "splitLineItem/ReservedUsage",
    "splitLineItem/SplitCost",
    "splitLineItem/SplitUsage",
    "splitLineItem/SplitUsageRatio",
    "splitLineItem/UnusedCost",
    "resourceTags/aws:createdBy",
    "resourceTags/aws:eks:cluster-name",
    "resourceTags/aws:eks:namespace",
    "resourceTags/aws:eks:workload-name",
    "resourceTags/user:model",
    "resourceTags/user:model_version",
    "resourceTags/user:phase",
    "resourceTags/user:team",
)

PRODUCT_NAMES: Final = {
    "AmazonBedrock": "Amazon Bedrock",
    "AmazonSageMaker": "Amazon SageMaker",
    "AmazonEC2": "Amazon Elastic Compute Cloud",
    "AmazonEKS": "Amazon Elastic Container Service for Kubernetes",
    "AmazonS3": "Amazon Simple Storage Service",
    "AmazonRDS": "Amazon Relational Database Service",
    "AmazonCloudFront": "Amazon CloudFront",
    "AWSSupportBusiness": "AWS Support (Business)",
    "ComputeSavingsPlans": "Savings Plans for AWS Compute usage",
    "MachineLearningSavingsPlans": "Savings Plans for AWS Machine Learning",
}


@cache
def iso(instant: datetime) -> str:
    """An instant as AWS writes it in CSV."""
    return f"{instant:%Y-%m-%dT%H:%M:%SZ}"


@dataclass(frozen=True)
class Item:
    """What is charged: everything about a line that does not change from hour to hour."""

    product: str
    usage_type: str
    operation: str
    unit: str
    rate: Decimal
    account: str = shop.ML_ACCOUNT
    resource: str = ""
    family: str = ""
    instance_type: str = ""
    gpus: int = 0
    tags: dict[str, str] = field(default_factory=dict)
    description: str = ""


def line(
    item: Item,
    start: datetime,
    end: datetime,
    amount: Decimal,
    *,
    kind: str = "Usage",
    cost: Decimal | None = None,
    account: str | None = None,
    **more: str,
) -> Line:
    """A line of one item over [start, end).

    Its cost is amount x rate unless it is given; `more` are further columns, with `__` for `/`.
    """
    charged = amount * item.rate if cost is None else cost
    filled = {
        "identity/TimeInterval": f"{iso(start)}/{iso(end)}",
        "lineItem/UsageAccountId": account or item.account,
        "lineItem/LineItemType": kind,
        "lineItem/UsageStartDate": iso(start),
        "lineItem/UsageEndDate": iso(end),
        "lineItem/ProductCode": item.product,
        "lineItem/UsageType": item.usage_type,
        "lineItem/Operation": item.operation,
        "lineItem/ResourceId": item.resource,
        "lineItem/UsageAmount": plain(amount),
        "lineItem/UnblendedCost": plain(charged),
        "lineItem/BlendedCost": plain(charged),
        "lineItem/LineItemDescription": item.description
        or f"${plain(item.rate)} per {item.unit} {item.usage_type}",
        "product/ProductName": PRODUCT_NAMES.get(item.product, item.product),
        "product/servicecode": item.product,
        "product/productFamily": item.family,
        "product/usagetype": item.usage_type,
        "product/operation": item.operation,
        "product/region": shop.REGION,
        "product/regionCode": shop.REGION,
        "pricing/unit": item.unit,
    }
    if item.usage_type:
        name = f"{item.product}/{item.usage_type}/{item.operation}"
        filled["product/sku"] = hashlib.sha256(name.encode()).hexdigest()[:16].upper()
    if item.instance_type:
        filled["product/instanceType"] = item.instance_type
        filled["lineItem/AvailabilityZone"] = f"{shop.REGION}a"
    if item.gpus:
        filled["product/gpu"] = str(item.gpus)
    if kind in {"Usage", "SavingsPlanCoveredUsage", "DiscountedUsage"}:
        filled |= {
            "lineItem/UnblendedRate": plain(item.rate),
            "lineItem/BlendedRate": plain(item.rate),
            "pricing/publicOnDemandRate": plain(item.rate),
            "pricing/publicOnDemandCost": plain(amount * item.rate),
            "pricing/term": "OnDemand",
        }
    for key, value in item.tags.items():
        filled[f"resourceTags/{key}"] = value
    for key, value in more.items():
        filled[key.replace("__", "/")] = value
    return filled


def month_days(month: str) -> list[tuple[datetime, datetime]]:
    """The days of a month as [start, end)."""
    first, end = month_bounds(month)
    days = (end - first).days
    marks = [first.replace(day=day + 1) for day in range(days)] + [end]
    return list(itertools.pairwise(marks))
