"""Builds Azure Cost Management exports and reads them: header families, files, manifests.

The header families are those of public exports (opencost's `headersets`, the FinOps toolkit's EA
pair, kubecost issue 1526 for the German names); the rows are made here.
"""

import csv
import gzip
import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb

from pipelines.billing import azure
from pipelines.billing.reader import BillTables, read_bill
from pipelines.files import LocalFile
from pipelines.settings import BillSource

GROUP = "/subscriptions/sub-1/resourceGroups/ML/providers"
RI = "/providers/Microsoft.Capacity/reservationOrders/o/reservations/r"
EA = {
    "BillingAccountId": "8611537",
    "BillingAccountName": "Trey Research",
    "BillingPeriodStartDate": "09/01/2026",
    "BillingPeriodEndDate": "09/30/2026",
    "BillingProfileId": "8611537",
    "SubscriptionId": "sub-1",
    "SubscriptionName": "ML",
    "Date": "09/04/2026",
    "Product": "Virtual Machines",
    "PartNumber": "AAA-1",
    "MeterId": "m-1",
    "MeterCategory": "Virtual Machines",
    "MeterSubCategory": "NCads A100 v4 Series",
    "MeterName": "NC24ads A100 v4",
    "Quantity": "2",
    "EffectivePrice": "2",
    "Cost": "4",
    "UnitPrice": "3",
    "BillingCurrency": "USD",
    "ResourceLocation": "EastUS",
    "ConsumedService": "Microsoft.Compute",
    "ResourceId": f"{GROUP}/Microsoft.Compute/virtualMachines/gpu",
    "AdditionalInfo": '{"ServiceType":"Standard_NC24ads_A100_v4"}',
    "Tags": '"team": "search"',
    "UnitOfMeasure": "1 Hour",
    "ReservationId": "",
    "ChargeType": "Usage",
    "Frequency": "UsageBased",
    "PayGPrice": "5",
    "PricingModel": "OnDemand",
    "CostAllocationRuleName": "",
    "benefitId": "",
}
"""A line of an Enterprise Agreement: 4 USD, 6 contracted, 10 listed."""

MCA = {
    "invoiceId": "T1",
    "billingAccountId": "a:b_2019-05-31",
    "billingProfileId": "PROFILE",
    "billingPeriodStartDate": "2026-09-01",
    "billingPeriodEndDate": "2026-09-30",
    "subscriptionId": "sub-1",
    "date": "2026-09-04",
    "ProductId": "DZH318",
    "meterCategory": "Foundry Models",
    "meterSubCategory": "Azure OpenAI GPT4",
    "meterName": "gpt 4.1 Outp glbl Tokens",
    "unitOfMeasure": "1K",
    "quantity": "2",
    "unitPrice": "3",
    "payGPrice": "5",
    "costInBillingCurrency": "4",
    "billingCurrency": "EUR",
    "pricingCurrency": "USD",
    "costInPricingCurrency": "5",
    "costInUsd": "5",
    "exchangeRatePricingToBilling": "0.8",
    "paygCostInBillingCurrency": "8",
    "consumedService": "Microsoft.CognitiveServices",
    "resourceId": f"{GROUP}/Microsoft.CognitiveServices/accounts/oai",
    "resourceGroupName": "ML",
    "resourceLocation": "swedencentral",
    "tags": '{"team": "search"}',
    "additionalInfo": "",
    "chargeType": "Usage",
    "frequency": "UsageBased",
    "pricingModel": "OnDemand",
}
"""A line of a Microsoft Customer Agreement in its camelCase twin: 4 EUR at prices in USD."""

PAYG = {
    "SubscriptionGuid": "sub-1",
    "ResourceGroup": "rg",
    "ResourceLocation": "US East",
    "UsageDateTime": "2026-09-04",
    "MeterCategory": "Load Balancer",
    "MeterSubcategory": "Standard",
    "MeterId": "m-1",
    "MeterName": "Included LB Rules and Outbound Rules",
    "MeterRegion": "",
    "UsageQuantity": "3",
    "ResourceRate": "0.025",
    "PreTaxCost": "0.075",
    "ConsumedService": "Microsoft.Network",
    "ResourceType": "Microsoft.Network/loadBalancers",
    "InstanceId": f"{GROUP}/Microsoft.Network/loadBalancers/kubernetes",
    "Tags": "",
    "OfferId": "",
    "AdditionalInfo": "",
    "ServiceInfo1": "",
    "ServiceInfo2": "",
    "ServiceName": "Load Balancer",
    "ServiceTier": "Std Load Balancer",
    "Currency": "USD",
    "UnitOfMeasure": "100 Hours",
}
"""A line of the old pay-as-you-go export, which knows no billing period and no charge type."""

GERMAN = {
    "SubscriptionGuid": "Abonnement-GUID (SubscriptionGuid)",
    "ResourceGroup": "Ressourcengruppe (ResourceGroup)",
    "ResourceLocation": "Ressourcenstandort (ResourceLocation)",
    "UsageDateTime": "UsageDateTime (UsageDateTime)",
    "MeterCategory": "Kategorie der Verbrauchseinheit (MeterCategory)",
    "MeterSubcategory": "MeterSubcategory (MeterSubcategory)",
    "MeterId": "ID der Verbrauchseinheit (MeterId)",
    "MeterName": "Name der Verbrauchseinheit (MeterName)",
    "UsageQuantity": "UsageQuantity (UsageQuantity)",
    "ResourceRate": "Ressourcensatz (ResourceRate)",
    "PreTaxCost": "PreTaxCost (PreTaxCost)",
    "ConsumedService": "Genutzter Dienst (ConsumedService)",
    "InstanceId": "InstanceId (InstanceId)",
    "Tags": "Tags (Tags)",
    "AdditionalInfo": "Zusätzliche Informationen (AdditionalInfo)",
    "UnitOfMeasure": "Maßeinheit (UnitOfMeasure)",
    "Date": "Datum (Date)",
    "Cost": "Kosten (Cost)",
}
"""The names a German user's exports have."""

COVERED = {"PricingModel": "Reservation", "benefitId": RI}
PURCHASE = {"ChargeType": "Purchase", "Frequency": "Recurring", **COVERED}


def german(line: Mapping[str, str]) -> dict[str, str]:
    return {GERMAN.get(name, name): value for name, value in line.items()}


def ea(**changed: str) -> dict[str, str]:
    return {**EA, **changed}


def without(line: Mapping[str, str], *names: str) -> dict[str, str]:
    return {name: value for name, value in line.items() if name not in names}


def export(
    folder: Path,
    name: str,
    *lines: Mapping[str, str],
    delimiter: str = ",",
    role: str = "",
    bom: bool = True,
) -> LocalFile:
    """An export file of these lines, whose header is that of the first."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(lines[0]), delimiter=delimiter)
    writer.writeheader()
    writer.writerows(lines)
    data = (("\ufeff" if bom else "") + text.getvalue()).encode()
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
    return LocalFile(str(path), name, path.stat().st_size, name, role)


def read_azure(
    folder: Path, *files: LocalFile, month: str = "2026-09", told: bool = False, **source: Any
) -> BillTables:
    """Read these files as one source's bill."""
    settings = BillSource(**{"name": "shop", "path": "exports", "format": "azure", **source})
    with duckdb.connect() as con:
        return read_bill(
            con,
            settings,
            month,
            files,
            folder / "work" / settings.name,
            format_=azure.FORMAT,
            month_is_told=told,
        )


def manifest(
    *blobs: str | Mapping[str, Any],
    type: str = "ActualCost",
    export: str = "daily",
    submitted: str = "2026-09-21T21:04:06.5234447Z",
    start: str = "2026-09-01T00:00:00",
    end: str = "2026-09-30T00:00:00Z",
    scope: str = "/providers/Microsoft.Billing/billingAccounts/1",
    **more: Any,
) -> str:
    """A manifest as Microsoft documents it (version 2024-04-01), its files by name."""
    return json.dumps(
        {
            "manifestVersion": "2024-04-01",
            "blobCount": len(blobs),
            "exportConfig": {
                "exportName": export,
                "resourceId": f"{scope}/providers/Microsoft.CostManagement/exports/{export}",
                "dataVersion": "2021-10-01",
                "apiVersion": "2023-07-01-preview",
                "type": type,
                "timeFrame": "MonthToDate",
                "granularity": "Daily",
            },
            "deliveryConfig": {"partitionData": True, "fileFormat": "Csv"},
            "runInfo": {
                "executionType": "Scheduled",
                "submittedTime": submitted,
                "runId": "bbac73f1",
                "startDate": start,
                "endDate": end,
            },
            "blobs": [
                {"blobName": blob} if isinstance(blob, str) else dict(blob) for blob in blobs
            ],
            **more,
        }
    )


def names_of(files: Sequence[LocalFile]) -> list[str]:
    return [file.name for file in files]
