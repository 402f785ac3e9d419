"""A big bill as AWS's legacy Cost and Usage Report: 100 columns, CSV.gz of a million lines a file.

Of 20 lines, one is an hour of a node on demand, two are an hour of a node under a savings plan and
its negation, one is the node's traffic, one is tokens of a managed model, fourteen are what every
company has, and one is a fee, tax, credit, refund, discount or commitment. Lines come in no order.
"""

import json
from pathlib import Path

import duckdb

from tests.benchmarks.fleet import HOURS, LINES_PER_BLOCK, resource_sql

LINES_PER_FILE = 1_000_000
PLAN = "arn:aws:savingsplans::123456789012:savingsplan/0f1e2d3c-1111-2222-3333-444455556666"
SHUFFLE = 7919
"""A prime that divides no number of blocks in use: multiplied, the blocks come in another order."""

# Every 20 lines: service code, its name, usage type, operation, unit, family.
_SERVICES = [
    ("AmazonEC2", "Amazon Elastic Compute Cloud", "USE1-BoxUsage:g5.2xlarge", "RunInstances"),
    ("AmazonEC2", "Amazon Elastic Compute Cloud", "USE1-BoxUsage:g5.2xlarge", "RunInstances"),
    ("ComputeSavingsPlans", "Savings Plans for Compute usage", "USE1-BoxUsage:g5.2xlarge", ""),
    ("AWSDataTransfer", "AWS Data Transfer", "USE1-DataTransfer-Out-Bytes", "RunInstances"),
    ("AmazonBedrock", "Amazon Bedrock", "USE1-Claude4.6Sonnet-input-tokens", "InvokeModel"),
    ("AmazonS3", "Amazon Simple Storage Service", "USE1-Requests-Tier1", "PutObject"),
    ("AmazonS3", "Amazon Simple Storage Service", "USE1-TimedStorage-ByteHrs", "StandardStorage"),
    ("AWSLambda", "AWS Lambda", "USE1-Lambda-GB-Second", "Invoke"),
    ("AmazonCloudWatch", "AmazonCloudWatch", "USE1-CW:MetricMonitorUsage", "MetricStorage"),
    ("AmazonDynamoDB", "Amazon DynamoDB", "USE1-ReadRequestUnits", "PayPerRequestThroughput"),
    ("AmazonRDS", "Amazon Relational Database Service", "USE1-InstanceUsage:db.r6g", "CreateDB"),
    ("AmazonEC2", "Amazon Elastic Compute Cloud", "USE1-BoxUsage:m6i.xlarge", "RunInstances"),
    ("AmazonEC2", "Amazon Elastic Compute Cloud", "USE1-EBS:VolumeUsage.gp3", "CreateVolume-Gp3"),
    ("AmazonSNS", "Amazon Simple Notification Service", "USE1-Requests-Tier1", "Publish"),
    ("AWSQueueService", "Amazon Simple Queue Service", "USE1-Requests-RBP", "SendMessage"),
    ("AmazonVPC", "Amazon Virtual Private Cloud", "USE1-NatGateway-Bytes", "NatGateway"),
    ("awskms", "AWS Key Management Service", "USE1-KMS-Requests", "Decrypt"),
    ("AmazonECR", "Amazon EC2 Container Registry", "USE1-TimedStorage-ByteHrs", "ECR"),
    ("AWSELB", "Elastic Load Balancing", "USE1-LCUUsage", "LoadBalancing:Application"),
    ("AWSCloudTrail", "AWS CloudTrail", "USE1-PaidEventsRecorded", "None"),
]
_LAST_TYPES = (
    "SavingsPlanRecurringFee",
    "EdpDiscount",
    "Credit",
    "Refund",
    "Fee",
    "Tax",
    "Usage",
    "Usage",
)
_PRODUCT = [
    "availabilityZone",
    "capacitystatus",
    "classicnetworkingsupport",
    "clockSpeed",
    "currentGeneration",
    "dedicatedEbsThroughput",
    "ecu",
    "enhancedNetworkingSupported",
    "fromLocation",
    "fromLocationType",
    "gpu",
    "gpuMemory",
    "group",
    "groupDescription",
    "instanceFamily",
    "licenseModel",
    "location",
    "locationType",
    "marketoption",
    "memory",
    "networkPerformance",
    "normalizationSizeFactor",
    "operatingSystem",
    "physicalProcessor",
    "preInstalledSw",
    "processorArchitecture",
    "processorFeatures",
    "storage",
    "storageClass",
    "tenancy",
    "toLocation",
    "toLocationType",
    "transferType",
    "vcpu",
    "volumeType",
]


def _pick(words: list[str] | tuple[str, ...], by: str) -> str:
    listed = ", ".join("'" + word.replace("'", "''") + "'" for word in words)
    return f"[{listed}][1 + {by}]"


def _columns() -> dict[str, str]:
    """Header of each column and SQL for its text, over `line` (see `_BLOCKS`)."""
    is_node = "place IN (0, 1, 3)"
    with_plan = "kind LIKE 'SavingsPlan%'"
    empty = "''"
    return {
        "identity/LineItemId": "md5(i::VARCHAR) || substr(md5('x' || i), 1, 20)",
        "identity/TimeInterval": "start || '/' || finish",
        "bill/InvoiceId": "'2026090001'",
        "bill/InvoicingEntity": "'Amazon Web Services, Inc.'",
        "bill/BillingEntity": "'AWS'",
        "bill/BillType": "'Anniversary'",
        "bill/PayerAccountId": "'123456789012'",
        "bill/BillingPeriodStartDate": "'2026-09-01T00:00:00Z'",
        "bill/BillingPeriodEndDate": "'2026-10-01T00:00:00Z'",
        "lineItem/UsageAccountId": "(111122223333 + block % 37)::VARCHAR",
        "lineItem/LineItemType": "kind",
        "lineItem/UsageStartDate": "start",
        "lineItem/UsageEndDate": "finish",
        "lineItem/ProductCode": _pick([row[0] for row in _SERVICES], "place"),
        "lineItem/UsageType": _pick([row[2] for row in _SERVICES], "place"),
        "lineItem/Operation": _pick([row[3] for row in _SERVICES], "place"),
        "lineItem/AvailabilityZone": f"CASE WHEN {is_node} THEN 'us-east-1a' ELSE '' END",
        "lineItem/ResourceId": (
            f"CASE WHEN {is_node} OR kind = 'Refund' THEN {resource_sql('node')} "
            "WHEN place IN (2, 4) OR kind <> 'Usage' THEN '' "
            "WHEN place IN (5, 6) THEN 'bucket-' || node % 300 "
            "ELSE 'arn:aws:service:us-east-1:111122223333:thing/' || place || '-' || node % 5000 "
            "END"
        ),
        "lineItem/UsageAmount": "CASE WHEN place < 3 THEN '1.0000000000' ELSE small END",
        "lineItem/NormalizationFactor": empty,
        "lineItem/NormalizedUsageAmount": empty,
        "lineItem/CurrencyCode": "'USD'",
        "lineItem/UnblendedRate": "'0.0000004000'",
        "lineItem/UnblendedCost": "amount",
        "lineItem/BlendedRate": "'0.0000004000'",
        "lineItem/BlendedCost": "amount",
        "lineItem/LineItemDescription": (
            "'$0.0000004 per ' || " + _pick([row[3] for row in _SERVICES], "place") + " || "
            "', first 100,000 units, US East (Northern Virginia)'"
        ),
        "lineItem/TaxType": "CASE WHEN kind = 'Tax' THEN 'VAT' ELSE '' END",
        "lineItem/LegalEntity": "'Amazon Web Services, Inc.'",
        "product/ProductName": _pick([row[1] for row in _SERVICES], "place"),
        **{f"product/{name}": _product(name) for name in _PRODUCT},
        "product/instanceType": "CASE WHEN place < 3 THEN 'g5.2xlarge' ELSE '' END",
        "product/productFamily": "CASE WHEN place < 3 THEN 'Compute Instance' ELSE 'Other' END",
        "product/region": "'us-east-1'",
        "product/regionCode": "'us-east-1'",
        "product/servicecode": _pick([row[0] for row in _SERVICES], "place"),
        "product/sku": "upper(substr(md5('sku' || place || node % 50), 1, 16))",
        "pricing/LeaseContractLength": empty,
        "pricing/OfferingClass": empty,
        "pricing/PurchaseOption": empty,
        "pricing/RateCode": "'56GRD53C8EEUF' || place || '.JRTCKXETXF.6YS6EN2CT7'",
        "pricing/RateId": "(12345678000 + place)::VARCHAR",
        "pricing/currency": "'USD'",
        "pricing/publicOnDemandCost": "CASE WHEN place = 2 OR place = 19 THEN '' ELSE amount END",
        "pricing/publicOnDemandRate": "'0.0000004000'",
        "pricing/term": "'OnDemand'",
        "pricing/unit": "CASE WHEN place < 3 THEN 'Hrs' ELSE 'Requests' END",
        "reservation/AmortizedUpfrontCostForUsage": empty,
        "reservation/EffectiveCost": empty,
        "reservation/ReservationARN": empty,
        "reservation/UnusedAmortizedUpfrontFeeForBillingPeriod": empty,
        "reservation/UnusedRecurringFee": empty,
        "savingsPlan/TotalCommitmentToDate": _fee("'9.5000000000'"),
        "savingsPlan/SavingsPlanARN": f"CASE WHEN {with_plan} THEN '{PLAN}' ELSE '' END",
        "savingsPlan/SavingsPlanRate": empty,
        "savingsPlan/UsedCommitment": _fee("'8.7500000000'"),
        "savingsPlan/SavingsPlanEffectiveCost": (
            "CASE WHEN kind = 'SavingsPlanCoveredUsage' THEN '0.84' || block % 97 ELSE '' END"
        ),
        "resourceTags/aws:createdBy": "'AssumedRole:AROA' || block % 90 || ':worker'",
        "resourceTags/user:model": (
            "CASE WHEN place = 11 AND node % 3 = 0 "
            "THEN 'model-' || lpad((node % 25)::VARCHAR, 2, '0') ELSE '' END"
        ),
        "resourceTags/user:team": "CASE WHEN place % 3 = 0 THEN '' ELSE 'team-' || block % 7 END",
        "resourceTags/user:environment": _pick(("production", "staging", "", "test"), "block % 4"),
        "resourceTags/user:phase": "CASE WHEN place < 2 THEN 'inference' ELSE '' END",
        "costCategory/CostCenter": "'cc-' || block % 20",
    }


def _product(name: str) -> str:
    """Attributes are filled for machines, and for others only a few."""
    filled = "true" if name in {"location", "locationType", "group"} else "place IN (0, 1, 11)"
    text = "Yes, if attached" if name == "storage" else f"{name} 24"
    return f"CASE WHEN {filled} THEN '{text}' ELSE '' END"


def _fee(text: str) -> str:
    return f"CASE WHEN kind = 'SavingsPlanRecurringFee' THEN {text} ELSE '' END"


_BLOCKS = f"""
blocks AS (
    SELECT i, i % {LINES_PER_BLOCK} AS place,
        ((i // {LINES_PER_BLOCK}) * {SHUFFLE}) % $blocks AS block
    FROM range($first, $last) AS r(i)
),
placed AS (
    SELECT *, block // {HOURS} * 2 + (CASE WHEN place IN (1, 2) THEN 1 ELSE 0 END) AS node,
        strftime(TIMESTAMP '2026-09-01' + INTERVAL 1 HOUR * (block % {HOURS}),
            '%Y-%m-%dT%H:%M:%SZ') AS start,
        strftime(TIMESTAMP '2026-09-01' + INTERVAL 1 HOUR * (block % {HOURS} + 1),
            '%Y-%m-%dT%H:%M:%SZ') AS finish,
        CASE place WHEN 1 THEN 'SavingsPlanCoveredUsage' WHEN 2 THEN 'SavingsPlanNegation'
            WHEN 19 THEN {_pick(_LAST_TYPES, "block % 8")} ELSE 'Usage' END AS kind,
        '0.' || lpad((i * 104729 % 10000000000)::VARCHAR, 10, '0') AS small
    FROM blocks
),
line AS (
    SELECT *, CASE
        WHEN place = 2 THEN '-1.2120000000'
        WHEN place < 2 THEN '1.2120000000'
        WHEN kind IN ('Credit', 'Refund', 'EdpDiscount') THEN '-' || small
        WHEN kind = 'SavingsPlanRecurringFee' THEN '0.7500000000'
        ELSE small END AS amount
    FROM placed
)
"""


def write_bill(folder: Path, lines: int) -> None:
    """Write the bill's files into the folder, and the month's manifest beside them."""
    blocks = lines // LINES_PER_BLOCK
    # NULL is written as nothing, '' as two quotes: the provider writes nothing.
    columns = ", ".join(f"nullif({text}, '') AS \"{name}\"" for name, text in _columns().items())
    names = []
    with duckdb.connect() as con:
        for number, first in enumerate(range(0, lines, LINES_PER_FILE), start=1):
            names.append(f"bench-{number:05}.csv.gz")
            con.sql(
                f"WITH {_BLOCKS} SELECT {columns} FROM line",
                params={
                    "blocks": blocks,
                    "first": first,
                    "last": min(first + LINES_PER_FILE, lines),
                },
            ).write_csv(str(folder / names[-1]), header=True, compression="gzip")
    (folder / "bench-Manifest.json").write_text(json.dumps(_manifest(names)), encoding="utf-8")


def _manifest(names: list[str]) -> dict[str, object]:
    return {
        "assemblyId": "assembly-1",
        "contentType": "text/csv",
        "compression": "GZIP",
        "charset": "UTF-8",
        "reportName": "bench",
        "billingPeriod": {"start": "20260901T000000.000Z", "end": "20261001T000000.000Z"},
        "bucket": "billing",
        "reportKeys": [f"bench/20260901-20261001/{name}" for name in names],
    }
