"""The header families of billing exports: which column names tell one export from another.

Data, no logic: `detection` holds a header against it. `core` are the columns without which a file
cannot be read as that export (alternatives are separated by `|`), `marks` those that only this
family has. Names are compared without case and punctuation, unless `style` looks at them as they
are written.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

Style = Callable[[Sequence[str]], bool]


def any_style(_: Sequence[str]) -> bool:
    """The names decide alone."""
    return True


def has_categories(names: Sequence[str]) -> bool:
    """`lineItem/UnblendedCost`: AWS's CSV names."""
    return any("/" in name for name in names)


def is_snake_case(names: Sequence[str]) -> bool:
    """`line_item_unblended_cost`: AWS's Parquet and CUR 2.0 names."""
    return not has_categories(names)


def starts_small(names: Sequence[str]) -> bool:
    """`costInBillingCurrency`: the camelCase twin of Azure's names."""
    return sum(name[:1].islower() for name in names) * 2 > len(names)


def starts_large(names: Sequence[str]) -> bool:
    """`CostInBillingCurrency`."""
    return not starts_small(names)


@dataclass(frozen=True)
class Family:
    """One way an export's header is written."""

    format: str
    """The format of the settings that reads it."""
    provider: str
    """Who wrote it; '' where only the lines say."""
    version: str
    name: str
    """The family in words, as a person knows it."""
    core: tuple[str, ...]
    marks: tuple[str, ...] = ()
    least_marks: int = 0
    """So many of the marks must be there."""
    style: Style = any_style
    is_bill: bool = True
    """False: a file that providers deliver beside bills, without charges in it."""


AWS_CORE: Final = (
    "bill/BillingPeriodStartDate",
    "lineItem/LineItemType",
    "lineItem/CurrencyCode",
    "lineItem/UnblendedCost",
)
FOCUS_CORE: Final = (
    "BilledCost",
    "BillingCurrency|BilledCurrency",
    "BillingPeriodStart",
    "ChargePeriodStart",
    "ChargePeriodEnd",
    "ChargeCategory|ChargeType",
)
GCP_CORE: Final = (
    "billing_account_id",
    "service.description|service",
    "sku.description|sku",
    "usage_start_time",
    "usage_end_time",
    "cost",
    "currency",
    "credits",
    "invoice.month|invoice",
)
AZURE_CORE: Final = (
    "Date|UsageDateTime|UsageDate",
    "CostInBillingCurrency|Cost|PreTaxCost|ExtendedCost",
    "BillingCurrencyCode|BillingCurrency|Currency",
    "MeterCategory",
)
ALIBABA_CORE: Final = ("BillingCycle|账期|账单月份", "PretaxAmount|应付金额", "ProductName|产品")
"""The Chinese header has no currency: it is the yuan."""

FAMILIES: Final = (
    Family(
        "aws-cur",
        "aws",
        "legacy",
        "legacy Cost and Usage Report, category/camelCase names",
        AWS_CORE,
        ("identity/LineItemId", "lineItem/UsageAccountId", "bill/PayerAccountId"),
        style=has_categories,
    ),
    Family(
        "aws-cur",
        "aws",
        "2.0",
        "Cost and Usage Report 2.0 (Data Exports), snake_case names and map columns",
        AWS_CORE,
        (
            "resource_tags",
            "product",
            "cost_category",
            "discount",
            "tags",
            "bill_payer_account_name",
            "line_item_usage_account_name",
            "line_item_iam_principal",
            "line_item_user_identifier",
            "capacity_reservation_capacity_reservation_arn",
        ),
        least_marks=1,
        style=is_snake_case,
    ),
    Family(
        "aws-cur",
        "aws",
        "legacy",
        "legacy Cost and Usage Report, snake_case names of its Parquet",
        AWS_CORE,
        ("product_product_name", "product_region", "product_servicename", "product_group"),
        least_marks=1,
        style=is_snake_case,
    ),
    Family(
        "aws-cur",
        "aws",
        "2.0 or legacy",
        "Cost and Usage Report, snake_case names (these columns are the same in 2.0 and legacy)",
        AWS_CORE,
        style=is_snake_case,
    ),
    Family("focus", "", "", "FOCUS Cost and Usage", FOCUS_CORE, ("EffectiveCost", "ListCost")),
    Family(
        "focus",
        "",
        "",
        "FOCUS Contract Commitment, which holds contracts and no charges",
        ("ContractCommitmentId|ContractCommitmentID", "ContractId|ContractID"),
        ("ContractCommitmentCategory", "ContractCommitmentCost"),
        least_marks=1,
        is_bill=False,
    ),
    Family(
        "focus",
        "",
        "1.4",
        "FOCUS Invoice Detail, which holds invoices and no charges",
        ("InvoiceDetailId", "InvoiceDetailGrain"),
        ("InvoiceIssueDate", "InvoiceIssueStatus", "PaymentDueDate", "PaymentTerms"),
        least_marks=1,
        is_bill=False,
    ),
    Family(
        "focus",
        "",
        "1.4",
        "FOCUS Billing Period, which holds billing periods and no charges",
        ("BillingPeriodStatus", "BillingPeriodStart"),
        ("BillingPeriodCreated", "BillingPeriodLastUpdated"),
        least_marks=1,
        is_bill=False,
    ),
    Family(
        "gcp",
        "gcp",
        "detailed",
        "detailed usage cost export of BigQuery (with resources)",
        GCP_CORE,
        ("resource.name", "resource.global_name", "resource", "price", "price.effective_price"),
        least_marks=1,
    ),
    Family(
        "gcp",
        "gcp",
        "standard",
        "standard usage cost export of BigQuery (without resources)",
        GCP_CORE,
    ),
    Family(
        "azure",
        "azure",
        "pay-as-you-go",
        "Cost Management export, old pay-as-you-go names",
        AZURE_CORE,
        ("SubscriptionGuid", "PreTaxCost", "InstanceId", "UsageDateTime", "ResourceRate"),
        least_marks=2,
    ),
    Family(
        "azure",
        "azure",
        "MCA",
        "Cost Management export of a Microsoft Customer Agreement, camelCase names",
        AZURE_CORE,
        ("costInBillingCurrency", "pricingCurrency", "costInPricingCurrency", "invoiceId"),
        least_marks=1,
        style=starts_small,
    ),
    Family(
        "azure",
        "azure",
        "MCA",
        "Cost Management export of a Microsoft Customer Agreement",
        AZURE_CORE,
        ("CostInBillingCurrency", "pricingCurrency", "costInPricingCurrency", "invoiceId"),
        least_marks=1,
        style=starts_large,
    ),
    Family(
        "azure",
        "azure",
        "EA",
        "Cost Management export of an Enterprise Agreement, camelCase names",
        AZURE_CORE,
        ("partNumber", "accountOwnerId", "billingAccountId", "consumedService"),
        least_marks=1,
        style=starts_small,
    ),
    Family(
        "azure",
        "azure",
        "EA",
        "Cost Management export of an Enterprise Agreement",
        AZURE_CORE,
        ("PartNumber", "AccountOwnerId", "BillingAccountId", "ConsumedService"),
        least_marks=1,
        style=starts_large,
    ),
    Family(
        "azure",
        "azure",
        "",
        "Azure price sheet, which holds prices and no charges",
        ("MeterId", "UnitPrice", "MarketPrice|BasePrice", "PriceType|IncludedQuantity"),
        ("EffectiveStartDate", "EffectiveEndDate"),
        least_marks=1,
        is_bill=False,
    ),
    Family(
        "azure",
        "azure",
        "",
        "Azure reservation details, which hold used hours and no charges",
        ("ReservationId", "ReservedHours", "UsedHours"),
        is_bill=False,
    ),
    Family(
        "azure",
        "azure",
        "",
        "Azure reservation transactions, which repeat purchases that are on the bill",
        ("ReservationOrderId", "EventType", "EventDate", "Amount"),
        is_bill=False,
    ),
    Family(
        "alibaba",
        "alibaba",
        "billing item",
        "Alibaba Cloud bill by billing item",
        ALIBABA_CORE,
        ("BillingItem", "BillingItemCode", "计费项"),
        least_marks=1,
    ),
    Family(
        "alibaba",
        "alibaba",
        "instance",
        "Alibaba Cloud bill by instance",
        ALIBABA_CORE,
        ("InstanceID", "SubscriptionType", "ProductCode", "PretaxGrossAmount", "原价", "消费类型"),
        least_marks=1,
    ),
    Family(
        "openai",
        "openai",
        "costs",
        "pages of OpenAI's organization costs API",
        ("start_time", "end_time", "amount.value", "amount.currency"),
        ("line_item", "project_id", "organization_id"),
    ),
    Family(
        "openai",
        "openai",
        "",
        "pages of OpenAI's usage API, which hold tokens and no charges",
        ("start_time", "end_time", "num_model_requests|num_requests|num_sessions|usage_bytes"),
        is_bill=False,
    ),
)

FOCUS_VERSIONS: Final = (
    (
        "1.5-draft",
        ("ConsumerId", "PrincipalId", "CredentialId", "CredentialDetails", "RequesterDetails"),
    ),
    ("1.4", ("InvoiceDetailId", "CommitmentProgramEligibilityDetails")),
    (
        "1.3",
        (
            "ServiceProviderName",
            "HostProviderName",
            "AllocatedMethodId",
            "AllocatedResourceId",
            "AllocatedTags",
            "ContractApplied",
        ),
    ),
    ("1.2", ("InvoiceId", "PricingCurrency", "PricingCurrencyEffectiveCost")),
    (
        "1.1",
        (
            "CapacityReservationId",
            "CommitmentDiscountQuantity",
            "CommitmentDiscountUnit",
            "ServiceSubcategory",
            "SkuMeter",
            "SkuPriceDetails",
        ),
    ),
    (
        "1.0",
        (
            "ChargeClass",
            "ConsumedQuantity",
            "ContractedCost",
            "ContractedUnitPrice",
            "RegionId",
            "CommitmentDiscountStatus",
        ),
    ),
    ("1.0-preview", ("ChargeSubcategory", "UsageQuantity", "UsageUnit", "ListCost")),
    ("0.5", ("BilledCost",)),
)
"""Newest first: a file is of the newest version of which it has a column. Account types are no
sign of 1.2: Azure wrote them into 1.0."""

FOCUS_WRITERS: Final = {
    "aws": ("x_Discounts", "x_Operation", "x_ServiceCode", "x_UsageType"),
    "azure": ("x_SkuMeterCategory", "x_ResourceGroupName", "x_BillingProfileId", "x_SkuDetails"),
    "gcp": ("x_CostType", "x_Credits", "x_CurrencyConversionRate", "x_ExportTime", "x_Project"),
    "oracle": ("oci_ReferenceNumber", "oci_CompartmentId", "oci_AttributedCost"),
}
"""Extra columns by which a FOCUS export's writer is known."""
