"""`modelspend inspect` on what providers deliver: Azure's two views, runs, exports, CUR 2.0."""

import csv
import gzip
import json
import shutil
from decimal import Decimal
from pathlib import Path

import pytest
from test_command_inspect import inspected, said, totals
from typer.testing import CliRunner

from assets.command import app
from pipelines.settings import parse_settings

D = Decimal
RESERVED = {"PricingModel": "Reservation", "benefitId": "/providers/Microsoft.Capacity/r"}
EA = {
    "BillingAccountId": "8611537",
    "BillingPeriodStartDate": "09/01/2026",
    "BillingPeriodEndDate": "09/30/2026",
    "SubscriptionId": "sub-1",
    "Date": "09/04/2026",
    "PartNumber": "AAA-1",
    "MeterCategory": "Virtual Machines",
    "Quantity": "2",
    "Cost": "4",
    "UnitPrice": "3",
    "BillingCurrency": "USD",
    "ConsumedService": "Microsoft.Compute",
    "ResourceId": "/subscriptions/sub-1/resourceGroups/ML/providers/x/virtualMachines/gpu",
    "UnitOfMeasure": "1 Hour",
    "ChargeType": "Usage",
    "PayGPrice": "5",
    "PricingModel": "OnDemand",
    "benefitId": "",
}
RUN = "20260901-20260930/202609210410/run"


def azure(file: Path, *lines: dict[str, str]) -> None:
    """An Enterprise Agreement's file: one line of 4 USD for each of `lines`, changed as it says."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("w", newline="") as text:
        writer = csv.DictWriter(text, list(EA))
        writer.writeheader()
        writer.writerows(EA | line for line in lines or ({},))


def azure_run(folder: Path, export: str, kind: str, *lines: dict[str, str]) -> None:
    """A delivered run of an export, with its manifest."""
    azure(folder / export / RUN / "part_0_0001.csv", *lines)
    manifest = {
        "exportConfig": {"exportName": export, "resourceId": "/scope", "type": kind},
        "runInfo": {
            "submittedTime": "2026-09-21T21:04:06Z",
            "startDate": "2026-09-01T00:00:00",
            "endDate": "2026-09-30T00:00:00",
        },
        "blobs": [{"blobName": "part_0_0001.csv"}],
    }
    (folder / export / RUN / "manifest.json").write_text(json.dumps(manifest))


def test_the_enterprise_pair_is_joined_and_told_to_disagree(shared_data: Path) -> None:
    found = inspected(shared_data / "billing/azure", "--month", "2023-09")
    assert totals(found) == {("2023-09", "USD"): D("19.05")}
    assert totals(found, "effective") == {("2023-09", "USD"): D("16.30")}
    assert found["months"][0]["charges"] == 29
    assert any("differ by 10.50 USD" in warning for warning in found["warnings"])
    assert any("2 header families" in warning for warning in found["warnings"])


def test_actual_alone_says_which_export_is_missing(shared_data: Path) -> None:
    text = said(shared_data / "billing/azure/EA_ActualCost_Small.csv")
    assert "8.55" in text
    assert "Give the amortized export too" in text


def test_a_pair_in_two_places_is_read_as_one_and_pasted_as_one(tmp_path: Path) -> None:
    azure_run(tmp_path / "a", "actual", "ActualCost", {}, RESERVED | {"ChargeType": "Purchase"})
    azure_run(tmp_path / "b", "amortized", "AmortizedCost", {}, RESERVED | {"Cost": "1"})
    found = inspected(tmp_path / "a", "--amortized", str(tmp_path / "b"))
    assert totals(found) == {("2026-09", "USD"): D("8.00")}
    assert totals(found, "effective") == {("2026-09", "USD"): D("5.00")}
    [source] = parse_settings(found["settings"]).bills
    assert (source.path, source.amortized_path) == (str(tmp_path / "a"), str(tmp_path / "b"))


def test_both_exports_below_one_path_are_one_bill(tmp_path: Path) -> None:
    azure_run(tmp_path, "actual", "ActualCost")
    azure_run(tmp_path, "amortized", "AmortizedCost")
    found = inspected(tmp_path)
    assert (found["layout"], totals(found)) == ("azure-exports", {("2026-09", "USD"): D("4.00")})


def test_a_file_that_may_be_actual_or_amortized_is_asked_about(tmp_path: Path) -> None:
    azure(tmp_path / "export.csv", RESERVED, RESERVED | {"ChargeType": "Purchase"})
    found = inspected(tmp_path, exit_code=3)
    [question] = found["questions"]
    assert [answer["type"] for answer in question["answers"][:2]] == [
        "--as actual",
        "--as amortized",
    ]
    answered = inspected(tmp_path, "--as", "amortized")
    assert answered["months"][0]["charges"] == 2
    assert "amortized-....csv" in answered["settings"]
    assert parse_settings(answered["settings"]).bills[0].path == str(tmp_path)
    assert "--as amortized" in said(tmp_path, exit_code=3)


def test_a_folder_of_runs_without_a_manifest_is_asked_about(tmp_path: Path) -> None:
    runs = [f"daily/20260901-20260930/2026092{day}0410/run" for day in (0, 1)]
    for run in runs:
        azure(tmp_path / run / "part_0_0001.csv")
    question = inspected(tmp_path, exit_code=3)
    assert "2026-09 was delivered 2 times and no manifest says" in question["question"]
    assert [answer["type"] for answer in question["answers"]] == [
        f"modelspend inspect {tmp_path / run}" for run in runs
    ]
    assert totals(inspected(tmp_path / runs[1])) == {("2026-09", "USD"): D("4.00")}


def test_two_exports_of_the_same_costs_are_asked_about(tmp_path: Path) -> None:
    for export in ("daily", "weekly"):
        azure_run(tmp_path, export, "ActualCost")
    question = inspected(tmp_path, exit_code=3)
    assert [answer["type"].rsplit("/", 1)[-1] for answer in question["answers"]] == [
        "daily",
        "weekly",
    ]


@pytest.mark.parametrize("tags", ["resource_tags", "line_item_iam_principal"])
def test_a_data_export_of_aws_is_known_by_its_folders_and_a_second_delivery_is_asked_about(
    tmp_path: Path, tags: str
) -> None:
    line = {
        "bill_billing_period_start_date": "2026-09-01T00:00:00Z",
        "line_item_line_item_type": "Usage",
        "line_item_currency_code": "USD",
        "line_item_unblended_cost": "1.5",
        "line_item_usage_start_date": "2026-09-02T00:00:00Z",
        "line_item_usage_end_date": "2026-09-02T01:00:00Z",
        "line_item_product_code": "AmazonEC2",
        tags: "",
    }
    for day, cost in (("20", "9"), ("21", "1.5")):
        folder = tmp_path / f"data/BILLING_PERIOD=2026-09/2026-09-{day}T01:00:00.000Z-run{day}"
        folder.mkdir(parents=True)
        values = ",".join((line | {"line_item_unblended_cost": cost}).values())
        text = f"{','.join(line)}\n{values}\n"
        (folder / "cur-00001.csv.gz").write_bytes(gzip.compress(text.encode()))
    result = CliRunner().invoke(app, ["inspect", str(tmp_path)])
    assert result.exit_code == 3
    assert "2026-09 was delivered 2 times and no manifest says which one counts" in result.stderr

    shutil.rmtree(folder.parent / "2026-09-20T01:00:00.000Z-run20")
    found = inspected(tmp_path)
    assert (found["format"], found["version"], found["layout"]) == (
        "aws-cur",
        "2.0",
        "aws-data-exports",
    )
    assert totals(found) == {("2026-09", "USD"): D("1.50")}
    assert any("no manifest" in warning for warning in found["warnings"])


def test_files_named_after_their_days_are_one_export_in_whatever_folders(tmp_path: Path) -> None:
    line = {
        "BillingCycle": "2026-09",
        "AccountID": "169",
        "ProductCode": "ecs",
        "ProductName": "Elastic Compute Service",
        "SubscriptionType": "PayAsYouGo",
        "UsageStartTime": "2026-09-02 10:00:00",
        "UsageEndTime": "2026-09-02 11:00:00",
        "Item": "PayAsYouGoBill",
        "BillingItem": "Instance",
        "InstanceID": "i-1",
        "PretaxGrossAmount": "12.5",
        "PretaxAmount": "9",
        "Currency": "CNY",
    }
    for day in ("01", "02"):
        file = tmp_path / day / f"169_BillingItemDetail_202609{day}.csv"
        file.parent.mkdir()
        values = ",".join((line | {"InstanceID": f"i-{day}"}).values())
        file.write_text(f"{','.join(line)}\n{values}\n")
    found = inspected(tmp_path)
    assert (found["format"], found["layout"]) == ("alibaba", "alibaba-oss")
    assert totals(found) == {("2026-09", "CNY"): D("18.00")}
    assert totals(found, "list") == {("2026-09", "CNY"): D("25.00")}
