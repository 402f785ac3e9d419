"""Which columns a dataset of either version has, in order, and what their values are.

Each has every column of its version, also the three that a ledger has nothing for (contracts,
invoice details, program eligibility: empty, as FOCUS allows), so that a reader finds the shape it
knows. Prices and cost in the pricing currency are empty where that is not the billing currency: a
ledger has no amounts in it.
"""

from typing import Final, Literal

from pipelines.contracts import COUNT, INSTANT, MONEY, QUANTITY, TEXT

Version = Literal["1.3", "1.4"]
VERSIONS: Final[tuple[Version, ...]] = ("1.3", "1.4")

ONLY_IN: Final[dict[str, Version]] = {
    "ProviderName": "1.3",
    "PublisherName": "1.3",
    "InvoiceDetailId": "1.4",
    "CommitmentProgramEligibilityDetails": "1.4",
}
"""1.4 dropped the names 1.3 had deprecated, and added two columns."""

FOCUS: Final[dict[str, str]] = {
    "BillingAccountId": TEXT,
    "BillingAccountName": TEXT,
    "BillingAccountType": TEXT,
    "SubAccountId": TEXT,
    "SubAccountName": TEXT,
    "SubAccountType": TEXT,
    "BillingPeriodStart": INSTANT,
    "BillingPeriodEnd": INSTANT,
    "ChargePeriodStart": INSTANT,
    "ChargePeriodEnd": INSTANT,
    "InvoiceIssuerName": TEXT,
    "InvoiceId": TEXT,
    "InvoiceDetailId": TEXT,
    "ServiceProviderName": TEXT,
    "HostProviderName": TEXT,
    "ProviderName": TEXT,
    "PublisherName": TEXT,
    "ChargeCategory": TEXT,
    "ChargeClass": TEXT,
    "ChargeDescription": TEXT,
    "ChargeFrequency": TEXT,
    "BillingCurrency": TEXT,
    "BilledCost": MONEY,
    "EffectiveCost": MONEY,
    "ContractedCost": MONEY,
    "ListCost": MONEY,
    "ServiceCategory": TEXT,
    "ServiceSubcategory": TEXT,
    "ServiceName": TEXT,
    "ResourceId": TEXT,
    "ResourceName": TEXT,
    "ResourceType": TEXT,
    "RegionId": TEXT,
    "RegionName": TEXT,
    "AvailabilityZone": TEXT,
    "SkuId": TEXT,
    "SkuMeter": TEXT,
    "SkuPriceId": TEXT,
    "SkuPriceDetails": TEXT,
    "PricingCategory": TEXT,
    "PricingCurrency": TEXT,
    "PricingQuantity": QUANTITY,
    "PricingUnit": TEXT,
    "ListUnitPrice": MONEY,
    "ContractedUnitPrice": MONEY,
    "PricingCurrencyEffectiveCost": MONEY,
    "PricingCurrencyListUnitPrice": MONEY,
    "PricingCurrencyContractedUnitPrice": MONEY,
    "ConsumedQuantity": QUANTITY,
    "ConsumedUnit": TEXT,
    "CommitmentDiscountCategory": TEXT,
    "CommitmentDiscountId": TEXT,
    "CommitmentDiscountName": TEXT,
    "CommitmentDiscountType": TEXT,
    "CommitmentDiscountStatus": TEXT,
    "CommitmentDiscountQuantity": QUANTITY,
    "CommitmentDiscountUnit": TEXT,
    "CommitmentProgramEligibilityDetails": TEXT,
    "ContractApplied": TEXT,
    "CapacityReservationId": TEXT,
    "CapacityReservationStatus": TEXT,
    "Tags": TEXT,
    "AllocatedMethodId": TEXT,
    "AllocatedMethodDetails": TEXT,
    "AllocatedResourceId": TEXT,
    "AllocatedResourceName": TEXT,
    "AllocatedTags": TEXT,
}
"""The columns FOCUS names, with the types of the lake."""

OURS: Final[dict[str, str]] = {
    "x_OriginChargeId": TEXT,
    "x_ChargeMonth": TEXT,
    "x_SourceName": TEXT,
    "x_Bucket": TEXT,
    "x_ModelId": TEXT,
    "x_ModelVersion": TEXT,
    "x_Component": TEXT,
    "x_Element": TEXT,
    "x_Method": TEXT,
    "x_RuleId": TEXT,
    "x_Evidence": TEXT,
    "x_Owner": TEXT,
    "x_CostCentre": TEXT,
    "x_DerivedColumns": TEXT,
    "x_ProviderAllocation": TEXT,
    "x_LineItemType": TEXT,
    "x_ServiceCode": TEXT,
    "x_UsageType": TEXT,
    "x_Operation": TEXT,
    "x_InstanceType": TEXT,
    "x_ProductFamily": TEXT,
    "x_PrincipalId": TEXT,
    "x_CredentialId": TEXT,
    "x_SourceFile": TEXT,
    "x_SourceLine": COUNT,
}
"""Ours, after FOCUS's: where a row went and why, and the bill line it came from."""


def dataset_columns(version: Version) -> dict[str, str]:
    """The columns of a version, in order, with the types of the lake."""
    return {
        name: kind for name, kind in (FOCUS | OURS).items() if ONLY_IN.get(name, version) == version
    }


def as_parquet(version: Version) -> str:
    """The select list of a Parquet file: decimals exact, instants with their zone (UTC)."""
    return ", ".join(
        f'"{name}" AT TIME ZONE \'UTC\' AS "{name}"' if kind == INSTANT else f'"{name}"'
        for name, kind in dataset_columns(version).items()
    )


def as_csv(version: Version) -> str:
    """The select list of a CSV file: plain decimals, instants as `YYYY-MM-DDTHH:MM:SSZ`."""
    written = {
        MONEY: "rtrim(rtrim(\"{0}\"::VARCHAR, '0'), '.')",
        INSTANT: "strftime(\"{0}\", '%Y-%m-%dT%H:%M:%SZ')",
    }
    return ", ".join(
        f'{written.get(kind, _AS_IT_IS).format(name)} AS "{name}"'
        for name, kind in dataset_columns(version).items()
    )


_AS_IT_IS = '"{0}"'
