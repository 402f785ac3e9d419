"""`modelspend inspect`: what an export is said to be, and that a run makes the same of it."""

import csv
import gzip
import json
import shutil
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import boto3
import pytest
from golden_project import MONTH, golden_bill, write_golden
from test_command import ask

from assets.engine import run_month
from assets.lake import Lake
from assets.project import Project
from pipelines.settings import parse_settings

D = Decimal
LATER = datetime(2027, 2, 1, tzinfo=UTC)
FOCUS = {
    "BilledCost": "2.5",
    "EffectiveCost": "2.5",
    "ListCost": "3",
    "ContractedCost": "3",
    "BillingCurrency": "USD",
    "BillingAccountId": "acct",
    "BillingPeriodStart": "2026-09-01T00:00:00Z",
    "BillingPeriodEnd": "2026-10-01T00:00:00Z",
    "ChargePeriodStart": "2026-09-02T00:00:00Z",
    "ChargePeriodEnd": "2026-09-03T00:00:00Z",
    "ChargeCategory": "Usage",
    "ChargeClass": "",
    "ServiceName": "Solora API",
    "ServiceProviderName": "Solora AI",
    "InvoiceIssuerName": "Solora AI",
    "ResourceId": "endpoint-1",
    "Tags": '{"ML-Model": "atlas"}',
}


def focus(file: Path, *rows: dict[str, str], without: str | None = None) -> Path:
    """A FOCUS file: one line of 2.50 USD for each row, changed as it says."""
    names = [name for name in FOCUS if name != without]
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("w", newline="") as text:
        writer = csv.DictWriter(text, names, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(FOCUS | row for row in rows or ({},))
    return file


def inspected(path: Path | str, *options: str, exit_code: int = 0) -> dict[str, Any]:
    result = ask("inspect", str(path), *options, "--json")
    assert result.exit_code == exit_code, result.output
    found = json.loads(result.stdout)
    assert isinstance(found, dict)
    return found


def said(path: Path | str, *options: str, exit_code: int = 0) -> str:
    result = ask("inspect", str(path), *options)
    assert result.exit_code == exit_code, result.output
    return " ".join((result.stdout + result.stderr).split())


def totals(found: dict[str, Any], basis: str = "billed") -> dict[tuple[str, str], Decimal]:
    return {
        (row["billing_month"], row["currency"]): D(row[basis]).quantize(D("0.01"))
        for row in found["months"]
    }


# The samples


def test_the_aws_tree_has_the_totals_of_its_readme_and_its_models(shared_data: Path) -> None:
    found = inspected(shared_data / "billing/aws-cur-legacy/nise-s3-ai/exports")
    assert found["is"].startswith("AWS legacy Cost and Usage Report")
    assert totals(found)["total", "USD"] == D("73656.01")
    assert totals(found, "effective")["total", "USD"] == D("74219.00")
    assert {row["difference"] for row in found["months"]} == {"0"}
    models = {
        (model["model"], model["model_version"]): D(model["effective"]).quantize(D("0.01"))
        for model in found["models"]
    }
    assert models["ranker", "12"] == D("27135.36") + D("6331.58")
    assert [tag["says"] for tag in found["tags"][:3]] == ["component", "model", "model version"]
    said_open = "2026-09: 5040 of 5040 lines have no invoice yet: the bill is not final."
    assert said_open in found["warnings"]


def test_google_is_read_by_invoice_month(shared_data: Path) -> None:
    found = inspected(shared_data / "billing/gcp", "--month", "2026-10", "--month", "2026-11")
    assert totals(found) == {
        ("2026-10", "EUR"): D("5173.60"),
        ("2026-11", "EUR"): D("4884.27"),
        ("total", "EUR"): D("10057.87"),
    }
    assert [row["other_charge_months"] for row in found["months"][:2]] != [0, 0]


def test_what_a_publisher_rounded_is_warned_of(shared_data: Path) -> None:
    found = inspected(shared_data / "billing/focus-1.0")
    assert (found["format"], found["version"]) == ("focus", "1.0")
    assert totals(found)["total", "USD"] == D("20.52")
    assert any("seems rounded by its publisher" in warning for warning in found["warnings"])
    [ai, *_] = [row for row in found["services"] if row["level"] == "detail"]
    assert (ai["service"], D(ai["billed"]).quantize(D("0.01"))) == (
        "Azure Machine Learning",
        D("-0.15"),
    )


def test_two_currencies_stay_apart(shared_data: Path) -> None:
    found = inspected(shared_data / "billing/focus-1.3/consolidated_multi_provider_1_3.csv")
    assert totals(found) == {("2026-05", "EUR"): D("100.00"), ("2026-05", "USD"): D("208.00")}


def test_the_bills_own_model_keys_are_listed(shared_data: Path) -> None:
    found = inspected(shared_data / "billing/focus-1.5-draft-ai/multi_model_usage.csv")
    assert found["version"] == "1.5-draft"
    assert totals(found) == {("2025-05", "USD"): D("104.50")}
    assert {key["key"] for key in found["model_keys"]} >= {"ModelId", "TokenDirection"}
    assert {model["model"] for model in found["models"]} == {
        "solora-atlas-5.5",
        "solora-atlas-5.4-mini",
    }


def test_a_folder_of_several_datasets_is_asked_about_and_its_bill_is_named(
    shared_data: Path,
) -> None:
    folder = shared_data / "billing/focus-1.4-synthetic"
    question = inspected(folder, exit_code=3)
    assert "synthetic_focus_1_4_invoice_detail.parquet" in question["question"]
    [answer] = question["answers"]
    command, what, path = answer["type"].split(" ", 2)
    assert (command, what) == ("modelspend", "inspect")
    assert totals(inspected(path))["2026-05", "USD"] == D("56042.14")


def test_a_dataset_without_charges_is_said_to_be_one(shared_data: Path) -> None:
    file = shared_data / "billing/focus-1.3/fdt_contract_commitment_aws_seed7.csv.gz"
    assert "contracts and no charges: there is nothing to read" in said(file, exit_code=3)


def test_a_plan_that_does_not_net_is_a_question_with_its_answer(shared_data: Path) -> None:
    file = shared_data / "billing/aws-cur-legacy/koku_2023-06-01.csv"
    found = inspected(file, exit_code=3)
    [question] = found["questions"]
    assert question["answers"][-1]["type"] == "--keep unpaired_negations"
    assert (found["months"], found["settings"]) == ([], "")
    kept = inspected(file, "--keep", "unpaired_negations")
    assert totals(kept) == {("2023-06", "NOK"): D("30.00")}
    assert 'unpaired_negations = "keep"' in kept["settings"]


def test_what_lies_outside_of_an_exports_folders_is_not_read_and_said_so(
    shared_data: Path,
) -> None:
    found = inspected(shared_data / "billing/aws-cur-legacy", "--month", "2026-10")
    assert "3 files are outside of its folders" in found["warnings"][0]
    assert totals(found) == {("2026-10", "USD"): D("13935.21")}


# What is pasted


def test_the_settings_that_are_shown_make_the_run_that_was_shown(tmp_path: Path) -> None:
    """Inspect and run agree because they are the same code: the month of a project from scratch."""
    golden = write_golden(tmp_path / "golden")
    found = inspected(golden.parent / "bills")
    project = tmp_path / "project"
    project.mkdir()
    (project / "modelspend.toml").write_text(found["settings"])
    (project / "catalogue.toml").write_text("")
    loaded = Project.load(project / "modelspend.toml")
    assert run_month(loaded, MONTH, now=LATER).status == "final"
    lake = Lake(loaded.settings.lake, loaded.cache, loaded.base)
    spend = lake.read("out_spend__model_months", MONTH)
    for basis in ("billed", "effective", "contracted", "list"):
        assert D(found["months"][0][basis]) == spend[f"{basis}_cost"].sum()


def test_an_export_on_a_store_is_read_from_there_and_the_store_is_in_the_settings(
    tmp_path: Path, s3_endpoint: str
) -> None:
    golden = write_golden(tmp_path / "golden")
    store = boto3.client("s3", endpoint_url=s3_endpoint, region_name="us-east-1")
    store.create_bucket(Bucket="inspected")
    for file in (golden.parent / "bills").rglob("*"):
        if file.is_file():
            store.upload_file(str(file), "inspected", f"bills/{file.relative_to(golden.parent)}")
    found = inspected(
        "s3://inspected/bills", "--endpoint-url", s3_endpoint, "--region", "us-east-1"
    )
    local = inspected(golden.parent / "bills")
    assert found["months"] == local["months"]
    [source] = parse_settings(found["settings"]).bills
    assert (source.path, source.storage.endpoint_url) == ("s3://inspected/bills", s3_endpoint)
    text = said("s3://nobody/x", "--endpoint-url", s3_endpoint, exit_code=7)
    assert "s3://nobody/x does not exist" in text


def test_tag_keys_that_sound_like_a_model_are_suggested_beside_the_defaults(
    tmp_path: Path,
) -> None:
    found = inspected(focus(tmp_path / "bill.csv"))
    assert found["tags"][0]["says"] == "model?"
    settings = parse_settings(found["settings"])
    assert settings.tags.model == ["model", "model_name", "ML-Model"]
    assert settings.bills[0].name == "solora-ai"


def test_nothing_is_suggested_where_the_defaults_do(tmp_path: Path) -> None:
    found = inspected(focus(tmp_path / "bill.csv", {"Tags": '{"model": "atlas", "Name": "x"}'}))
    assert "[tags]" not in found["settings"]


# What is asked


def test_a_header_of_two_formats_is_asked_about_and_the_answer_decides(tmp_path: Path) -> None:
    file = focus(tmp_path / "bill.csv")
    cur = {
        "bill_billing_period_start_date": "2026-09-01T00:00:00Z",
        "line_item_line_item_type": "Usage",
        "line_item_currency_code": "USD",
        "line_item_unblended_cost": "1",
    }
    header, line = file.read_text().splitlines()
    file.write_text(
        f"{header},{','.join(cur)}\n{line},{','.join(cur.values())}\n", encoding="utf-8"
    )
    question = inspected(file, exit_code=3)
    typed = [answer["type"] for answer in question["answers"]]
    assert sorted(typed) == ["--format aws-cur", "--format focus"]
    assert "--format focus" in said(file, exit_code=3)
    assert totals(inspected(file, "--format", "focus")) == {("2026-09", "USD"): D("2.50")}


def test_exports_of_two_providers_in_one_folder_are_asked_about(tmp_path: Path) -> None:
    focus(tmp_path / "solora" / "a.csv")
    focus(tmp_path / "solora" / "b.csv", {"ResourceId": "endpoint-2"})
    (tmp_path / "aws").mkdir()
    (tmp_path / "aws" / "cur.csv.gz").write_bytes(gzip.compress(golden_bill().encode()))
    question = inspected(tmp_path, exit_code=3)
    assert sorted(answer["type"].rsplit("/", 1)[-1] for answer in question["answers"]) == [
        "aws",
        "solora",
    ]
    assert totals(inspected(tmp_path / "solora")) == {("2026-09", "USD"): D("5.00")}


def test_two_reports_below_one_prefix_are_asked_about(tmp_path: Path) -> None:
    golden = write_golden(tmp_path / "golden")
    for name in ("first", "second"):
        shutil.copytree(golden.parent / "bills", tmp_path / "exports" / name)
    question = inspected(tmp_path / "exports", exit_code=3)
    assert "holds 2 exports" in question["question"]
    assert [answer["type"] for answer in question["answers"]] == [
        f"modelspend inspect {tmp_path / 'exports' / name}" for name in ("first", "second")
    ]


def test_a_month_delivered_twice_is_asked_about_and_other_months_are_shown(
    tmp_path: Path,
) -> None:
    october = {
        "BillingPeriodStart": "2026-10-01T00:00:00Z",
        "BillingPeriodEnd": "2026-11-01T00:00:00Z",
        "ChargePeriodStart": "2026-10-02T00:00:00Z",
        "ChargePeriodEnd": "2026-10-03T00:00:00Z",
    }
    focus(tmp_path / "september.csv")
    focus(tmp_path / "september-again.csv", {"BilledCost": "9"})
    focus(tmp_path / "october.csv", october)
    found = inspected(tmp_path, exit_code=3)
    [question] = found["questions"]
    assert "delivered twice" in question["question"]
    assert "2026-09" in question["question"]
    assert totals(found) == {("2026-10", "USD"): D("2.50")}
    kept = inspected(tmp_path, "--keep", "repeated_lines")
    assert totals(kept)["2026-09", "USD"] == D("11.50")
    assert 'repeated_lines = "keep"' in kept["settings"]
    assert "--keep repeated_lines" in said(tmp_path, exit_code=3)


def test_unknown_columns_get_a_draft_that_reads_them_once_it_is_completed(tmp_path: Path) -> None:
    bill = tmp_path / "pods.csv"
    bill.write_text("endpointId,time,amount\nep-1,2026-09-01T00:00:00Z,1.25\n")
    result = ask("inspect", str(bill))
    assert result.exit_code == 3
    assert "those of no known export (endpointId, time, amount)" in result.stderr
    draft = result.stderr[result.stderr.index("[columns]") : result.stderr.index("Check it")]
    for line in ("BillingCurrency", "ServiceProviderName", "ServiceName"):
        draft = draft.replace(f"# {line}", line)
    mapping = tmp_path / "mapping.toml"
    mapping.write_text(draft)
    found = inspected(bill, "--mapping", str(mapping))
    assert totals(found) == {("2026-09", "USD"): D("1.25")}
    [source] = parse_settings(found["settings"]).bills
    assert (source.format, source.mapping) == ("mapped", str(mapping))


def test_a_focus_file_without_a_currency_names_what_it_lacks_and_how_to_state_it(
    tmp_path: Path,
) -> None:
    file = focus(tmp_path / "bill.csv", without="BillingCurrency")
    text = said(file, exit_code=3)
    assert "The nearest is FOCUS Cost and Usage, which needs BillingCurrency too" in text
    assert "focus_columns = true" in text
    mapping = tmp_path / "mapping.toml"
    mapping.write_text('focus_columns = true\n[constants]\nBillingCurrency = "USD"\n')
    assert totals(inspected(file, "--mapping", str(mapping))) == {("2026-09", "USD"): D("2.50")}


@pytest.mark.parametrize("name", ["readme.md", "_hidden.csv"])
def test_a_folder_without_a_table_says_what_it_has(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("nothing")
    text = said(tmp_path, exit_code=3)
    assert name in text
    assert "none that can hold lines of a bill" in text


def test_what_cannot_be_read_is_said_beside_what_it_is(tmp_path: Path) -> None:
    file = focus(tmp_path / "bill.csv", {"BilledCost": "two"}, {}, {}, {})
    found = inspected(file, exit_code=3)
    assert found["is"].startswith("FOCUS Cost and Usage")
    [problem] = found["problems"]
    assert "BilledCost 'two'" in problem
    assert "bill.csv, line 2" in problem


def test_answers_that_do_not_belong_to_the_export_are_refused(tmp_path: Path) -> None:
    file = focus(tmp_path / "bill.csv")
    text = said(file, "--amortized", str(tmp_path), exit_code=3)
    assert 'amortized_path is for format = "azure"' in text
    assert ask("inspect", str(file), "--mapping", str(tmp_path / "none.toml")).exit_code == 2
    assert ask("inspect", str(file), "--month", "september").exit_code == 2


def test_a_month_the_export_does_not_have_is_said(tmp_path: Path) -> None:
    found = inspected(focus(tmp_path / "bill.csv"), "--month", "2026-08", exit_code=3)
    assert found["problems"] == ["2026-08: the export has nothing of this month."]


def test_a_damaged_file_is_no_fault_of_modelspend(tmp_path: Path) -> None:
    file = tmp_path / "bill.csv.gz"
    file.write_bytes(gzip.compress(focus(tmp_path / "b.csv").read_bytes())[:40])
    assert "damaged" in said(file, exit_code=3)


# What people see


def test_the_page_fits_a_hundred_columns_and_ends_in_what_to_paste(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    long = {"ResourceId": "/subscriptions/" + "x" * 90, "ServiceName": "A service of " + "y" * 90}
    result = ask("inspect", str(focus(tmp_path / "bill.csv", long)))
    page, settings = result.stdout.split("For modelspend.toml")
    assert max(map(len, page.splitlines())) <= 100
    assert parse_settings(settings).bills[0].format == "focus"
    for section in ("Months and totals", "What is AI", "Tags", "What the lines carry"):
        assert section in page


def test_costs_on_no_cloud_bill_are_known_by_their_columns(tmp_path: Path) -> None:
    (tmp_path / "labour.csv").write_text(
        "id,currency,from,until,fte,monthly_rate,share,tag:model\n"
        "team,USD,2026-09-01,2026-09-30,2,15000,0.5,ranker\n"
    )
    found = inspected(tmp_path)
    assert (found["format"], found["is"]) == ("owned", "Costs on no cloud bill: labour.csv")
    assert found["models"][0]["model"] == "ranker"
