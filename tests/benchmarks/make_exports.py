"""Big bills in the other formats: FOCUS 1.3, CUR 2.0, Google Cloud, Azure, Alibaba Cloud.

Every line is its own (resource, hour, amount); columns are those of each provider's export, as many
as it has. A hundredth of the lines are commitments, credits or taxes. CSV and JSON lines are
packed by `gzip` as the providers pack them, a million lines a file.
"""

import subprocess
from pathlib import Path

import duckdb

LINES_PER_FILE = 1_000_000
_HOUR = "TIMESTAMP '2026-09-01' + INTERVAL (hour) HOUR"
_ISO = "strftime({}, '%Y-%m-%dT%H:%M:%SZ')"
_START, _END = _ISO.format(_HOUR), _ISO.format(f"{_HOUR} + INTERVAL 1 HOUR")
_TAGS = """'{"model":"ranker-' || i % 40 || '","team":"search","env":"prod"}'"""
_SERVICE = "['Amazon EC2', 'Amazon S3', 'Amazon Bedrock', 'Virtual Machines'][1 + i % 4]"

_FOCUS = {
    "ProviderName": "'AWS'",
    "PublisherName": "'AWS'",
    "ServiceProviderName": "'AWS'",
    "HostProviderName": "'AWS'",
    "InvoiceIssuerName": "'AWS'",
    "InvoiceId": "'INV-2026-09'",
    "BillingAccountId": "'100000000001'",
    "BillingAccountName": "'ExampleCorp'",
    "BillingAccountType": "'Payer Account'",
    "SubAccountId": "(200000000000 + i % 37)::VARCHAR",
    "SubAccountName": "'prod-' || i % 37",
    "SubAccountType": "'Linked Account'",
    "BillingPeriodStart": "'2026-09-01T00:00:00Z'",
    "BillingPeriodEnd": "'2026-10-01T00:00:00Z'",
    "ChargePeriodStart": _START,
    "ChargePeriodEnd": _END,
    "ChargeCategory": "CASE WHEN i % 100 = 7 THEN 'Tax' ELSE 'Usage' END",
    "ChargeClass": "NULL",
    "ChargeDescription": "'hour ' || hour || ' of machine ' || i % 5000",
    "ChargeFrequency": "'Usage-Based'",
    "BilledCost": "amount",
    "EffectiveCost": "amount",
    "ListCost": "amount",
    "ContractedCost": "amount",
    "ListUnitPrice": "'0.0960000000'",
    "ContractedUnitPrice": "'0.0960000000'",
    "PricingCategory": "'Standard'",
    "PricingQuantity": "'1.0000'",
    "PricingUnit": "'Hours'",
    "PricingCurrency": "'USD'",
    "BillingCurrency": "'USD'",
    "ConsumedQuantity": "'1.0000'",
    "ConsumedUnit": "'Hours'",
    "ServiceName": _SERVICE,
    "ServiceCategory": "'Compute'",
    "ServiceSubcategory": "'Virtual Machines'",
    "SkuId": "'SKU-' || i % 300",
    "SkuMeter": "'Compute'",
    "SkuPriceId": "'PRICE-' || i % 300",
    "SkuPriceDetails": """'{"InstanceType":"m6i.large","CoreCount":2,"MemorySize":8}'""",
    "ResourceId": "'arn:aws:ec2:us-west-2:200000000011:instance/i-' || i % 5000",
    "ResourceName": "'host-' || i % 5000",
    "ResourceType": "'EC2 Instance'",
    "RegionId": "'us-west-2'",
    "RegionName": "'US West (Oregon)'",
    "AvailabilityZone": "'us-west-2a'",
    "CommitmentDiscountId": "NULL",
    "CommitmentDiscountStatus": "NULL",
    "Tags": _TAGS,
}
_CUR2 = {
    "bill_billing_entity": "'AWS'",
    "bill_billing_period_start_date": "TIMESTAMP '2026-09-01'",
    "bill_billing_period_end_date": "TIMESTAMP '2026-10-01'",
    "bill_invoice_id": "'2026090001'",
    "bill_invoicing_entity": "'Amazon Web Services, Inc.'",
    "bill_payer_account_id": "'123456789012'",
    "bill_payer_account_name": "'ExampleCorp'",
    "identity_line_item_id": "md5(i::VARCHAR)",
    "identity_time_interval": f"{_START} || '/' || {_END}",
    "line_item_availability_zone": "'us-east-1a'",
    "line_item_currency_code": "'USD'",
    "line_item_line_item_description": "'$0.096 per hour ' || i % 300",
    "line_item_line_item_type": "CASE WHEN i % 100 = 7 THEN 'Tax' ELSE 'Usage' END",
    "line_item_operation": "'RunInstances'",
    "line_item_product_code": "['AmazonEC2', 'AmazonS3', 'AmazonBedrock'][1 + i % 3]",
    "line_item_resource_id": "'i-' || i % 5000",
    "line_item_unblended_cost": "amount::DOUBLE",
    "line_item_usage_account_id": "(200000000000 + i % 37)::VARCHAR",
    "line_item_usage_account_name": "'prod-' || i % 37",
    "line_item_usage_amount": "1.0::DOUBLE",
    "line_item_usage_start_date": _HOUR,
    "line_item_usage_end_date": f"{_HOUR} + INTERVAL 1 HOUR",
    "line_item_usage_type": "'USE1-BoxUsage:m6i.large'",
    "pricing_public_on_demand_cost": "amount::DOUBLE",
    "pricing_public_on_demand_rate": "'0.096'",
    "pricing_term": "'OnDemand'",
    "pricing_unit": "'Hrs'",
    "product": "MAP {'product_name': 'Amazon Elastic Compute Cloud', 'region': 'us-east-1'}",
    "product_instance_type": "'m6i.large'",
    "product_region_code": "'us-east-1'",
    "product_sku": "'SKU' || i % 300",
    "resource_tags": "MAP {'user_model': 'ranker-' || i % 40, 'user_team': 'search'}",
    "cost_category": "MAP {'Team': 'search'}",
    "savings_plan_savings_plan_effective_cost": "NULL::DOUBLE",
    "reservation_effective_cost": "NULL::DOUBLE",
}
_GCP = {
    "billing_account_id": "'01AB-23CD-45EF'",
    "service": "{'id': '6F81-5844-456A', 'description': 'Compute Engine'}",
    "sku": "{'id': 'CF4E-' || i % 300, 'description': 'Instance Core running in Americas'}",
    "usage_start_time": _ISO.format(_HOUR),
    "usage_end_time": _ISO.format(f"{_HOUR} + INTERVAL 1 HOUR"),
    "project": (
        "{'id': 'shop-' || i % 37, 'number': (9000 + i % 37)::VARCHAR, 'name': 'shop', "
        "'labels': [{'key': 'env', 'value': 'prod'}], 'ancestry_numbers': '/1/'}"
    ),
    "labels": "[{'key': 'model', 'value': 'ranker-' || i % 40}]",
    "system_labels": ("[{'key': 'compute.googleapis.com/machine_spec', 'value': 'a2-highgpu-1g'}]"),
    "location": "{'location': 'us-east4', 'country': 'US', 'region': 'us-east4', 'zone': NULL}",
    "export_time": _ISO.format(f"{_HOUR} + INTERVAL 3 HOUR"),
    "cost": "amount::DOUBLE",
    "currency": "'USD'",
    "currency_conversion_rate": "1.0::DOUBLE",
    "usage": (
        "{'amount': 3600.0::DOUBLE, 'unit': 'seconds', 'amount_in_pricing_units': 1.0::DOUBLE, "
        "'pricing_unit': 'hour'}"
    ),
    "credits": (
        "CASE WHEN i % 10 = 3 THEN [{'name': 'SUD', 'amount': (-0.01)::DOUBLE, "
        "'full_name': 'Sustained use', 'id': 'sud', 'type': 'SUSTAINED_USAGE_DISCOUNT'}] "
        "ELSE [] END"
    ),
    "invoice": "{'month': '202609', 'publisher_type': 'GOOGLE'}",
    "cost_type": "CASE WHEN i % 100 = 7 THEN 'tax' ELSE 'regular' END",
    "resource": (
        "{'name': 'vm-' || i % 5000, 'global_name': "
        "'//compute.googleapis.com/projects/shop/zones/a/instances/' || i % 5000}"
    ),
    "cost_at_list": "amount::DOUBLE",
}
_AZURE = {
    "InvoiceSectionName": "'IT Services'",
    "AccountName": "'North'",
    "AccountOwnerId": "'north@example.com'",
    "SubscriptionId": "'38f1d748-3ac7-4b7f-a5ae-' || i % 37",
    "SubscriptionName": "'shop-' || i % 37",
    "ResourceGroupName": "'RG' || i % 50",
    "ResourceLocation": "'eastus'",
    "Date": "strftime(TIMESTAMP '2026-09-01' + INTERVAL (hour) HOUR, '%Y-%m-%d')",
    "ProductName": "'Virtual Machines NCads A100 v4'",
    "MeterCategory": "'Virtual Machines'",
    "MeterSubCategory": "'NCads A100 v4 Series'",
    "MeterId": "'55555555-4444-3333-2222-' || i % 300",
    "MeterName": "'NC24ads A100 v4'",
    "MeterRegion": "'US East'",
    "UnitOfMeasure": "'1 Hour'",
    "Quantity": "'1'",
    "EffectivePrice": "amount",
    "CostInBillingCurrency": "amount",
    "CostCenter": "NULL",
    "ConsumedService": "'Microsoft.Compute'",
    "ResourceId": (
        "'/subscriptions/38f1d748/resourceGroups/RG1/providers/Microsoft.Compute/"
        "virtualMachines/vm-' || i % 5000 || '-' || hour"
    ),
    "Tags": _TAGS,
    "OfferId": "'MS-AZR-0017P'",
    "AdditionalInfo": """'{"ServiceType":"Standard_NC24ads_A100_v4","VCPUs":24}'""",
    "ResourceName": "'vm-' || i % 5000",
    "ReservationId": "NULL",
    "ReservationName": "NULL",
    "UnitPrice": "amount",
    "Term": "NULL",
    "PublisherType": "'Azure'",
    "ChargeType": "CASE WHEN i % 100 = 7 THEN 'Tax' ELSE 'Usage' END",
    "Frequency": "'UsageBased'",
    "PricingModel": "'OnDemand'",
    "BillingAccountId": "'77806680'",
    "BillingAccountName": "'ExampleCorp'",
    "BillingCurrency": "'USD'",
    "BillingPeriodStartDate": "'2026-09-01'",
    "BillingPeriodEndDate": "'2026-09-30'",
    "BillingProfileId": "'77806680'",
    "BillingProfileName": "'ExampleCorp'",
    "InvoiceSectionId": "'14092343'",
    "PayGPrice": "amount",
    "ServiceFamily": "'Compute'",
    "invoiceId": "'G012345678'",
    "pricingCurrency": "'USD'",
    "costInPricingCurrency": "amount",
    "exchangeRatePricingToBilling": "'1'",
}
_ALIBABA = {
    "BillingCycle": "'2026-09'",
    "AccountID": "'1234567890123456'",
    "AccountName": "'shop'",
    "OwnerID": "(1234567890123456 + i % 37)::VARCHAR",
    "CostUnit": "'search'",
    "SubscriptionType": "'PayAsYouGo'",
    "ProductCode": "'ecs'",
    "ProductName": "'Elastic Compute Service'",
    "ProductType": "'ecs'",
    "ProductDetail": "'ECS - Pay As You Go'",
    "UsageStartTime": f"strftime({_HOUR}, '%Y-%m-%d %H:%M:%S')",
    "UsageEndTime": f"strftime({_HOUR} + INTERVAL 1 HOUR, '%Y-%m-%d %H:%M:%S')",
    "ServicePeriod": "'3600'",
    "RecordID": "'R' || i",
    "Item": "'PayAsYouGoBill'",
    "BillingItem": "'Instance'",
    "BillingItemCode": "'instance_type'",
    "BillingType": "'Usage'",
    "InstanceID": "'i-bp' || i % 5000",
    "NickName": "'gpu-' || i % 5000",
    "ResourceGroup": "'default'",
    "Tag": "'key:model value:ranker-' || i % 40 || '; key:team value:search'",
    "InstanceSpec": "'ecs.gn7i-c8g1.2xlarge'",
    "Region": "'China (Hangzhou)'",
    "Zone": "'cn-hangzhou-h'",
    "Usage": "'1'",
    "UsageUnit": "'Hour'",
    "ListPrice": "amount",
    "PretaxGrossAmount": "amount",
    "InvoiceDiscount": "'0'",
    "RoundDownDiscount": "'0'",
    "DeductedByCoupons": "'0'",
    "PretaxAmount": "amount",
    "DeductedByCashCoupons": "'0'",
    "DeductedByPrepaidCard": "'0'",
    "PaymentAmount": "amount",
    "OutstandingAmount": "'0'",
    "Currency": "'CNY'",
}
_COLUMNS = {
    "focus": _FOCUS, "cur2": _CUR2, "gcp": _GCP, "azure": _AZURE, "alibaba": _ALIBABA,
}  # fmt: skip
_FORMS = {
    "parquet": ("parquet", "FORMAT parquet, COMPRESSION snappy"),
    "csv": ("csv", "FORMAT csv, HEADER"),
    "jsonl": ("jsonl", "FORMAT json"),
}


def write_export(folder: Path, kind: str, lines: int) -> None:
    """Write an export of `lines` lines, a million a file."""
    provider, form, *packed = kind.split("-")
    ending, options = _FORMS[form]
    columns = ", ".join(f'{sql} AS "{name}"' for name, sql in _COLUMNS[provider].items())
    with duckdb.connect() as con:
        for number, first in enumerate(range(0, lines, LINES_PER_FILE), start=1):
            path = folder / f"export-{number:05}.{ending}"
            last = min(first + LINES_PER_FILE, lines)
            con.execute(
                f"COPY (SELECT {columns} FROM (SELECT i, i // 5000 % 720 AS hour, "
                "(0.0001 + i % 9973 / 10000.0)::DECIMAL(18, 10)::VARCHAR AS amount "
                f"FROM range({first}, {last}) AS lines(i))) TO '{path}' ({options})"
            )
            if packed:
                subprocess.run(["gzip", "-1", str(path)], check=True)
