"""Small bills as AWS delivers them: lines that show what matters, files with their manifest."""

import csv
import gzip
import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from pipelines.files import LocalFile
from pipelines.months import next_month

Line = dict[str, str]

PLAN = "arn:aws:savingsplans::111111111111:savingsplan/11111111-2222-3333-4444-555555555555"
RESERVATION = "arn:aws:ec2:us-east-1:111111111111:reserved-instances/aaaaaaaa-bbbb"


def cur_line(cost: str = "1.00", *, month: str = "2026-09", **changed: str) -> Line:
    """A line of a legacy Cost and Usage Report: an hour of a GPU instance, unless changed.

    `changed` names columns without their category where that is unambiguous: `LineItemType="Tax"`;
    with it otherwise: `**{"reservation/EffectiveCost": "0.5"}`.
    """
    line = {
        "identity/LineItemId": "",
        "bill/InvoiceId": "INV-1",
        "bill/InvoicingEntity": "Amazon Web Services, Inc.",
        "bill/BillingEntity": "AWS",
        "bill/PayerAccountId": "111111111111",
        "bill/BillingPeriodStartDate": f"{month}-01T00:00:00Z",
        "bill/BillingPeriodEndDate": f"{next_month(month)}-01T00:00:00Z",
        "lineItem/UsageAccountId": "222222222222",
        "lineItem/LineItemType": "Usage",
        "lineItem/UsageStartDate": f"{month}-02T10:00:00Z",
        "lineItem/UsageEndDate": f"{month}-02T11:00:00Z",
        "lineItem/ProductCode": "AmazonEC2",
        "lineItem/UsageType": "BoxUsage:g5.xlarge",
        "lineItem/Operation": "RunInstances",
        "lineItem/ResourceId": "i-0abc",
        "lineItem/UsageAmount": "1",
        "lineItem/CurrencyCode": "USD",
        "lineItem/UnblendedCost": cost,
        "lineItem/LineItemDescription": "$1.00 per On Demand Linux g5.xlarge, Instance Hour",
        "product/ProductName": "Amazon Elastic Compute Cloud",
        "product/instanceType": "g5.xlarge",
        "product/regionCode": "us-east-1",
        "product/sku": "GPUG5XLARGE1",
        "pricing/publicOnDemandCost": cost,
        "pricing/unit": "Hrs",
        "reservation/EffectiveCost": "",
        "reservation/ReservationARN": "",
        "reservation/UnusedAmortizedUpfrontFeeForBillingPeriod": "",
        "reservation/UnusedRecurringFee": "",
        "savingsPlan/SavingsPlanARN": "",
        "savingsPlan/SavingsPlanEffectiveCost": "",
        "savingsPlan/TotalCommitmentToDate": "",
        "savingsPlan/UsedCommitment": "",
        "splitLineItem/ParentResourceId": "",
        "splitLineItem/SplitCost": "",
        "splitLineItem/UnusedCost": "",
    }
    short = {name.split("/")[1]: name for name in line}
    short["EffectiveCost"] = "reservation/EffectiveCost"
    for name, value in changed.items():
        line[name if "/" in name else short[name]] = value
    return line


def covered(cost: str, effective: str, **changed: str) -> Line:
    """Usage a savings plan covers: billed at the public price, which its negation takes back."""
    return cur_line(
        cost,
        **{
            "LineItemType": "SavingsPlanCoveredUsage",
            "SavingsPlanARN": PLAN,
            "SavingsPlanEffectiveCost": effective,
            **changed,
        },
    )


def negation(cost: str, **changed: str) -> Line:
    """What takes covered usage back; AWS writes it for the plan's owner, without tags."""
    return cur_line(
        cost,
        **{
            "LineItemType": "SavingsPlanNegation",
            "SavingsPlanARN": PLAN,
            "UsageAccountId": "111111111111",
            "ResourceId": "",
            **changed,
        },
    )


def split_row(used: str, unused: str, **changed: str) -> Line:
    """A pod's share of the instance i-0abc."""
    return cur_line(
        "",
        **{
            "Operation": "EKSPod-EC2",
            "UsageType": "USE1-EKS-EC2-Accelerator-Hours",
            "ResourceId": "arn:aws:eks:us-east-1:222222222222:pod/shop/search/ranker-1",
            "ParentResourceId": "i-0abc",
            "SplitCost": used,
            "UnusedCost": unused,
            "pricing/publicOnDemandCost": "",
            **changed,
        },
    )


def cur_text(lines: Sequence[Mapping[str, str]], columns: Sequence[str] | None = None) -> str:
    """The lines as CSV; a column that only some lines have is empty in the others."""
    if columns is None:
        columns = list(dict.fromkeys(name for line in lines or [cur_line()] for name in line))
    out = io.StringIO()
    writer = csv.DictWriter(out, columns, restval="", extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows(lines)
    return out.getvalue()


def cur_file(
    folder: Path, lines: Sequence[Mapping[str, str]] | str, name: str = "bill-00001.csv.gz"
) -> LocalFile:
    """One delivered file, of lines or of the very text."""
    text = lines if isinstance(lines, str) else cur_text(lines)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    data = text.encode()
    path.write_bytes(gzip.compress(data, mtime=0) if name.endswith(".gz") else data)
    return LocalFile(str(path), name, path.stat().st_size, "etag")


def write_cur(
    folder: Path,
    month: str,
    *files: Sequence[Mapping[str, str]],
    report: str = "shop-cur",
    assembly: str = "assembly-1",
    prefix: str = "exports",
) -> Path:
    """Deliver a month below `folder` as AWS does and return the report's folder.

    Data files lie in the assembly's folder, the manifest there and at the month, which from then
    on names this assembly: an earlier one stays beside it. `prefix` is the bucket's, which the
    manifest names and the folder need not have.
    """
    days = f"{month.replace('-', '')}01-{next_month(month).replace('-', '')}01"
    place = folder / report / days
    keys = []
    for number, lines in enumerate(files, start=1):
        name = f"{report}-{number}.csv.gz"
        cur_file(place / assembly, lines, name)
        keys.append(f"{prefix}/{report}/{days}/{assembly}/{name}")
    manifest = {
        "assemblyId": assembly,
        "contentType": "text/csv",
        "compression": "GZIP",
        "charset": "UTF-8",
        "reportName": report,
        "billingPeriod": {
            "start": f"{month.replace('-', '')}01T000000.000Z",
            "end": f"{next_month(month).replace('-', '')}01T000000.000Z",
        },
        "bucket": "billing",
        "reportKeys": keys,
    }
    text = json.dumps(manifest, indent=1)
    for at in (place / assembly, place):
        at.mkdir(parents=True, exist_ok=True)
        (at / f"{report}-Manifest.json").write_text(text)
    return folder / report
