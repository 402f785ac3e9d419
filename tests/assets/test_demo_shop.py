"""The demo shop is what it says it is: stable, whole, consistent, and its figures are its own."""

import csv
import gzip
import hashlib
import json
import shutil
from collections import defaultdict
from decimal import Decimal
from functools import cache
from pathlib import Path

import polars as pl
import pytest

from assets.demo_shop import DAMAGED_LOG, ShopFiles, restate_august, template, write_shop
from pipelines import settings as configuration
from pipelines.demo import shop
from pipelines.demo.figures import effective_cost, expected
from pipelines.demo.lines import COLUMNS
from pipelines.registry import catalogue as registry
from pipelines.registry.catalogue import parse_catalogue, resource_key
from pipelines.settings import parse_settings

MONTH_FOLDERS = {
    "2026-07": "20260701-20260801",
    "2026-08": "20260801-20260901",
    "2026-09": "20260901-20261001",
}
FIRST = expected()
RESTATED = expected(restated=True)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> ShopFiles:
    return write_shop(tmp_path_factory.mktemp("shop"))


@pytest.fixture(scope="module")
def restated(files: ShopFiles, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("restated") / "shop"
    shutil.copytree(files.folder, folder)
    restate_august(folder)
    return folder


@cache
def bill(folder: Path, month: str) -> list[dict[str, str]]:
    """The lines of the delivery that the month's manifest names, read as any reader would."""
    exports = folder / "bills"
    manifest = json.loads(
        (exports / "exports/shop-cur" / MONTH_FOLDERS[month] / "shop-cur-Manifest.json").read_text()
    )
    lines = []
    for key in manifest["reportKeys"]:
        with gzip.open(exports / key, "rt", newline="") as file:
            lines += list(csv.DictReader(file))
    return lines


def billed(lines: list[dict[str, str]]) -> Decimal:
    return sum((Decimal(row["lineItem/UnblendedCost"]) for row in lines), Decimal(0))


def records(path: Path) -> list[dict[str, object]]:
    """The readable records of one log file."""
    if path.suffix == ".parquet":
        return pl.read_parquet(path).to_dicts()
    if path.suffix == ".csv":
        return list(csv.DictReader(path.open(newline="")))
    found = []
    for line in gzip.decompress(path.read_bytes()).splitlines():
        try:
            found.append(json.loads(line))
        except json.JSONDecodeError:
            assert DAMAGED_LOG.endswith(path.name), f"{path.name} has an unreadable line"
    return found


def digests(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_the_shop_is_the_same_bytes_every_time(files, restated, tmp_path):
    write_shop(tmp_path)
    assert digests(tmp_path) == digests(files.folder)
    restate_august(tmp_path)
    assert digests(tmp_path) == digests(restated)


def test_every_manifest_names_files_that_exist_and_the_columns_they_have(restated):
    manifests = sorted((restated / "bills").rglob("*-Manifest.json"))
    assert len(manifests) == 3 + 4
    for path in manifests:
        manifest = json.loads(path.read_text())
        columns = [f"{c['category']}/{c['name']}" for c in manifest["columns"]]
        assert columns == list(COLUMNS)
        assert manifest["reportKeys"]
        for key in manifest["reportKeys"]:
            assert manifest["assemblyId"] in key
            with gzip.open(restated / "bills" / key, "rt") as file:
                assert file.readline().rstrip("\n").split(",") == columns


@pytest.mark.parametrize("month", shop.MONTHS)
def test_the_bill_on_disk_adds_up_to_the_expected_figures(files, month):
    lines = bill(files.folder, month)
    assert len(lines) == FIRST[month].lines
    assert billed(lines) == FIRST[month].billed
    assert sum((effective_cost(row) for row in lines), Decimal(0)) == FIRST[month].effective


def test_the_expected_totals_are_these():
    """Written down, so that a change of the generator is a changed line in review."""
    assert {m: (f.billed, f.effective) for m, f in FIRST.items()} == {
        "2026-07": (Decimal("12772.8237702"), Decimal("11971.2237702")),
        "2026-08": (Decimal("12443.7087044"), Decimal("12518.1087044")),
        "2026-09": (Decimal("10957.07036"), Decimal("11029.07036")),
    }
    assert RESTATED["2026-08"].billed == Decimal("12418.9587044")
    assert RESTATED["2026-08"].effective == Decimal("12493.3587044")


def test_billed_and_effective_differ_by_the_reservation_bought_at_once_alone():
    """876.00 are paid in July; 0.10 of them belong to each hour of the quarter."""
    upfront = {"2026-07": Decimal("876"), "2026-08": Decimal(0), "2026-09": Decimal(0)}
    hours = {"2026-07": 744, "2026-08": 744, "2026-09": 720}
    for month, figures in FIRST.items():
        amortised = Decimal("0.10") * hours[month]
        assert figures.billed - figures.effective == upfront[month] - amortised


def test_the_figures_a_person_can_check_by_hand():
    july, august, september = FIRST.values()
    assert july.idle_fraud_node == Decimal("1.006") * 17 * 24
    assert august.idle_fraud_node == Decimal("748.464")
    assert september.idle_fraud_node == Decimal("724.32")
    assert july.runs == {
        "visual-search-v1": Decimal(2020),
        "visual-search-v1-try-1": Decimal("252.5"),
    }
    assert august.runs == {"search-rank-v8-finetune": Decimal("580.75")}
    assert july.unused_commitment == Decimal("0.07") * 744
    assert august.unused_commitment == Decimal("0.07") * 744 + Decimal("0.30") * 5 * 24
    assert september.unused_commitment == Decimal("0.14") * 720


def test_a_restated_august_adds_an_hour_and_a_credit_and_keeps_the_first_delivery(files, restated):
    before, after = bill(files.folder, "2026-08"), bill(restated, "2026-08")
    assert len(after) - len(before) == 1
    assert billed(after) - billed(before) == shop.RESTATEMENT == Decimal("-24.75")
    assert RESTATED["2026-08"].runs == {"search-rank-v8-finetune": Decimal(606)}
    kept, now = digests(files.folder), digests(restated)
    moved = "bills/exports/shop-cur/20260801-20260901/shop-cur-Manifest.json"
    assert {name for name in kept if now[name] != kept[name]} == {moved}


@pytest.mark.parametrize("month", shop.MONTHS)
def test_every_plan_nets_to_zero_in_every_hour_and_its_fee_covers_what_it_used(files, month):
    rests: dict[tuple[str, ...], Decimal] = defaultdict(Decimal)
    used: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    fees: dict[tuple[str, str], Decimal] = {}
    for row in bill(files.folder, month):
        plan, hour = row["savingsPlan/SavingsPlanARN"], row["lineItem/UsageStartDate"]
        kind = row["lineItem/LineItemType"]
        if kind in {"SavingsPlanCoveredUsage", "SavingsPlanNegation"}:
            key = (plan, hour, row["lineItem/UsageType"], row["bill/PayerAccountId"])
            rests[key] += Decimal(row["lineItem/UnblendedCost"])
        if kind == "SavingsPlanCoveredUsage":
            used[plan, hour] += Decimal(row["savingsPlan/SavingsPlanEffectiveCost"])
        if kind == "SavingsPlanNegation":
            assert row["lineItem/UsageAccountId"] == shop.SHOP_ACCOUNT
            assert not row["lineItem/ResourceId"]
        if kind == "SavingsPlanRecurringFee":
            fees[plan, hour] = Decimal(row["savingsPlan/UsedCommitment"])
    assert {plan for plan, *_ in rests} == {shop.ML_PLAN, shop.COMPUTE_PLAN}
    assert set(rests.values()) == {Decimal(0)}
    assert fees == used


@pytest.mark.parametrize("month", shop.MONTHS)
def test_the_pods_shares_of_the_node_add_up_to_its_cost_in_every_hour(files, month):
    node: dict[str, Decimal] = {}
    shares: dict[str, Decimal] = defaultdict(Decimal)
    for row in bill(files.folder, month):
        if row["splitLineItem/ParentResourceId"] == shop.EKS_NODE:
            assert Decimal(row["lineItem/UnblendedCost"]) == 0
            shares[row["lineItem/UsageStartDate"]] += Decimal(
                row["splitLineItem/SplitCost"]
            ) + Decimal(row["splitLineItem/UnusedCost"])
        elif row["lineItem/ResourceId"] == shop.EKS_NODE:
            node[row["lineItem/UsageStartDate"]] = Decimal(row["reservation/EffectiveCost"])
    assert node
    assert shares == node


@pytest.mark.parametrize("month", shop.MONTHS)
def test_no_two_lines_of_a_delivery_have_the_same_id(files, month):
    lines = bill(files.folder, month)
    assert len({row["identity/LineItemId"] for row in lines}) == len(lines)


def test_only_the_second_half_of_september_has_no_invoice_yet(files):
    for month in shop.MONTHS:
        for row in bill(files.folder, month):
            is_late = row["lineItem/UsageEndDate"] > "2026-09-16T00:00:00Z"
            assert (row["bill/InvoiceId"] == "") == is_late


def test_the_bill_has_every_kind_of_line_the_demo_is_about(files):
    lines = [row for month in shop.MONTHS for row in bill(files.folder, month)]
    assert {row["lineItem/LineItemType"] for row in lines} == {
        "Usage",
        "DiscountedUsage",
        "RIFee",
        "Fee",
        "SavingsPlanCoveredUsage",
        "SavingsPlanNegation",
        "SavingsPlanRecurringFee",
        "EdpDiscount",
        "Credit",
        "Refund",
        "Tax",
    }
    assert {row["lineItem/UsageAccountId"] for row in lines} == {shop.ML_ACCOUNT, shop.SHOP_ACCOUNT}
    assert {row["bill/BillingEntity"] for row in lines} == {"AWS", "AWS Marketplace"}
    late = [r for r in bill(files.folder, "2026-08") if r["lineItem/UsageStartDate"] < "2026-08-01"]
    assert [row["lineItem/UnblendedCost"] for row in late] == ["1.08"]


def test_the_managed_api_bills_exactly_the_tokens_of_the_log(files):
    bought = sum(
        Decimal(row["lineItem/UsageAmount"])
        for month in shop.MONTHS
        for row in bill(files.folder, month)
        if "Claude4.6Sonnet" in row["lineItem/UsageType"]
        and row["lineItem/LineItemType"] == "Usage"
    )
    logged = sum(
        int(record["input_tokens"]) + int(record["output_tokens"])
        for path in files.logs
        if path.parent.name == "support"
        for record in records(path)
        if record.get("input_tokens")
    )
    assert bought * 1000 == logged


def test_the_log_has_every_call_once_but_for_the_repeated_and_the_damaged_line(files):
    calls: dict[str, list[str]] = defaultdict(list)
    for path in files.logs:
        for record in records(path):
            calls[str(record["started_at"])[:7]].append(str(record["request_id"]))
    assert {month: len(set(ids)) for month, ids in calls.items()} == {
        month: figures.calls for month, figures in FIRST.items()
    }
    assert sum(map(len, calls.values())) == sum(f.calls for f in FIRST.values()) + 1
    assert {path.suffix for path in files.logs} == {".gz", ".csv", ".parquet"}


def test_no_hour_of_the_endpoint_is_busier_than_its_instances(files):
    busy: dict[str, int] = defaultdict(int)
    for path in files.logs:
        if path.parent.name == "gateway":
            for record in records(path):
                if record["resource_id"] == shop.SEARCH_ENDPOINT:
                    busy[str(record["started_at"])[:13]] += int(record["gpu_ms"])
    assert len(busy) == 92 * 24
    assert max(busy.values()) < 4 * 3_600_000


def test_settings_and_catalogue_of_the_shop_parse_and_name_what_the_bill_has(files):
    settings = parse_settings(files.settings.read_text())
    catalogue = parse_catalogue(files.catalogue.read_text())
    assert [source.name for source in settings.logs] == ["gateway", "support"]
    for source in (*settings.bills, *settings.logs):
        assert (files.folder / source.path).is_dir()
    resources = {
        resource_key(row["lineItem/ResourceId"])
        for month in shop.MONTHS
        for row in bill(files.folder, month)
    }
    resources |= {resource_key(arn) for arn in (shop.COMPUTE_PLAN, shop.RESERVATION)}
    named = [
        *(r for d in (*catalogue.deployments, *catalogue.runs) for r in d.resources),
        *(resource.id for resource in catalogue.resources),
        *(r for log in settings.logs for span in log.covers for r in span.resources),
    ]
    assert {resource_key(name) for name in named} <= resources
    assert {resource_key(a.location).split("/")[0] for a in catalogue.artefacts} <= resources


def test_every_served_version_of_the_log_was_deployed_at_that_time(files):
    catalogue = parse_catalogue(files.catalogue.read_text())
    live = {
        (d.model, d.version, resource_key(r)): []
        for d in catalogue.deployments
        for r in d.resources
    }
    for d in catalogue.deployments:
        for r in d.resources:
            live[d.model, d.version, resource_key(r)].append(
                (d.from_.isoformat(), d.until.isoformat())
            )
    for path in files.logs:
        if path.parent.name != "gateway":
            continue
        for record in records(path):
            key = (record["model"], record["model_version"], resource_key(record["resource_id"]))
            started = record["started_at"].removesuffix("Z")
            assert any(start <= started < end for start, end in live[key]), record


@pytest.mark.parametrize("folder", ["", "demo/"])
def test_the_templates_parse_as_they_are(folder):
    assert parse_settings(template(f"{folder}modelspend.toml")).bills
    assert parse_catalogue(template(f"{folder}catalogue.toml")).models


def test_the_starting_points_show_every_key_there_is():
    """A key that a user cannot find in the template does not exist for them."""
    for module, file in ((configuration, "modelspend.toml"), (registry, "catalogue.toml")):
        text = template(file)
        for section in vars(module).values():
            if not (isinstance(section, type) and section.__module__ == module.__name__):
                continue
            for name, field in getattr(section, "model_fields", {}).items():
                key = field.alias or name
                assert key in text, f"{section.__name__}.{key}"


def test_the_shop_is_small_enough_to_follow():
    assert sum(figures.lines for figures in FIRST.values()) < 60_000
    assert sum(figures.calls for figures in FIRST.values()) < 150_000
