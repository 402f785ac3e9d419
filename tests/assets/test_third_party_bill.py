"""A quarter's bill that another tool wrote, from the export to each model: `nise-s3-ai`.

The expected figures stand in that data set's own README; none was taken from a run of modelspend.
"""

import csv
import gzip
import json
import shutil
from decimal import Decimal
from pathlib import Path

import boto3
import polars as pl
import pytest

from assets.engine import run_months
from assets.lake import Lake
from assets.project import Project

TREE = "billing/aws-cur-legacy/nise-s3-ai/exports/ai-cur"

EFFECTIVE = {
    ("2026-09", "support-chat", "3.1.0", "training"): "15809.04",
    ("2026-09", "support-chat", "3.1.0", "inference"): "456.48",
    ("2026-09", "support-chat", "", "storage"): "14076.00",
    ("2026-09", "claude-sonnet", "", "inference"): "2700.00",
    ("2026-09", "ranker", "12", "update"): "27135.36",
    ("2026-10", "support-chat", "3.1.0", "training"): "3688.78",
    ("2026-10", "support-chat", "3.1.0", "inference"): "106.51",
    ("2026-10", "support-chat", "", "storage"): "3284.40",
    ("2026-10", "claude-sonnet", "", "inference"): "630.00",
    ("2026-10", "ranker", "12", "update"): "6331.58",
}
TOTALS = {
    ("2026-09", "billed_cost"): "59720.80",
    ("2026-09", "effective_cost"): "60177.28",
    ("2026-09", "list_cost"): "60445.12",
    ("2026-10", "billed_cost"): "13935.21",
    ("2026-10", "effective_cost"): "14041.72",
}

LINKS = """
[[models]]
name = "support-chat"
[[models.versions]]
version = "3.1.0"

[[models]]
name = "ranker"
[[models.versions]]
version = "11"
[[models.versions]]
version = "12"
predecessor = "11"

[[models]]
name = "claude-sonnet"
services = ["AmazonBedrock"]

[[deployments]]
model = "support-chat"
version = "3.1.0"
resources = ["i-70000002"]

[[runs]]
id = "pretrain-3.1.0"
model = "support-chat"
version = "3.1.0"
resources = ["i-70000001"]

[[runs]]
id = "refresh-12"
model = "ranker"
version = "12"
resources = ["i-70000004"]

[[artefacts]]
location = "snap-06333577"
model = "support-chat"

[[artefacts]]
location = "snap-04791829"
model = "support-chat"
"""


def cents(amount: Decimal) -> Decimal:
    return amount.quantize(Decimal("0.01"))


def project_at(folder: Path, bills: str, catalogue: str = "", storage: str = "") -> Project:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "catalogue.toml").write_text(catalogue, encoding="utf-8")
    (folder / "modelspend.toml").write_text(
        f'[[bills]]\nname = "aws"\npath = "{bills}"\n{storage}', encoding="utf-8"
    )
    return Project.load(folder / "modelspend.toml")


def run_both_months(project: Project) -> pl.DataFrame:
    """Spend by model and month over both months, as published."""
    outcomes = run_months(project, ["2026-09", "2026-10"])
    assert [(o.result, o.error) for o in outcomes] == [("published", None)] * 2
    lake = lake_of(project)
    return pl.concat(
        lake.read("out_spend__model_months", month) for month in ("2026-09", "2026-10")
    )


def lake_of(project: Project) -> Lake:
    base = project.file.parent
    return Lake(project.settings.lake, base / ".modelspend" / "cache", base)


def assert_readme_figures(spend: pl.DataFrame) -> None:
    by_model = spend.filter(pl.col("model") != "").group_by(
        "billing_month", "model", "model_version", "component"
    )
    found = {
        tuple(row[:4]): cents(row[4])
        for row in by_model.agg(pl.col("effective_cost").sum()).iter_rows()
    }
    assert found == {key: Decimal(amount) for key, amount in EFFECTIVE.items()}
    for (month, basis), total in TOTALS.items():
        assert cents(spend.filter(pl.col("billing_month") == month)[basis].sum()) == Decimal(total)


@pytest.fixture(scope="module")
def tree(shared_data: Path) -> Path:
    return shared_data / TREE


@pytest.fixture(scope="module")
def from_folder(
    tree: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Project, pl.DataFrame]:
    project = project_at(tmp_path_factory.mktemp("folder"), str(tree))
    return project, run_both_months(project)


def test_the_bill_comes_out_per_model_and_component_as_its_readme_says(
    from_folder: tuple[Project, pl.DataFrame],
) -> None:
    assert_readme_figures(from_folder[1])


def test_covered_usage_is_billed_zero_and_listed_once(
    from_folder: tuple[Project, pl.DataFrame],
) -> None:
    served = from_folder[1].filter(
        (pl.col("model") == "support-chat")
        & (pl.col("component") == "inference")
        & (pl.col("billing_month") == "2026-09")
    )
    assert served["billed_cost"].sum() == 0
    assert cents(served["effective_cost"].sum()) == Decimal("456.48")
    assert cents(served["list_cost"].sum()) == Decimal("724.32")


def test_a_model_without_a_version_is_not_guessed_into_one(
    from_folder: tuple[Project, pl.DataFrame],
) -> None:
    versionless = from_folder[1].filter(pl.col("bucket") == "model")
    assert set(versionless["model_version"]) == {""}
    assert set(versionless["model"]) == {"support-chat", "claude-sonnet"}


def test_every_basis_reconciles_with_the_export_exactly(
    from_folder: tuple[Project, pl.DataFrame],
) -> None:
    project, spend = from_folder
    lake = lake_of(project)
    for month in ("2026-09", "2026-10"):
        rows = lake.read("out_reconciliation", month)
        assert set(rows["basis"]) == {"BilledCost", "EffectiveCost", "ContractedCost", "ListCost"}
        assert rows["difference"].to_list() == [Decimal(0)] * rows.height
    assert cents(spend["billed_cost"].sum()) == Decimal("73656.01")


def test_bill_and_lake_on_an_s3_endpoint_give_what_folders_give(
    tree: Path,
    from_folder: tuple[Project, pl.DataFrame],
    lake_endpoint: str,
    tmp_path: Path,
) -> None:
    client = boto3.client("s3", endpoint_url=lake_endpoint, region_name="us-east-1")
    client.create_bucket(Bucket="third-party-bill")
    for file in sorted(tree.rglob("*")):
        if file.is_file():
            key = f"exports/ai-cur/{file.relative_to(tree).as_posix()}"
            client.put_object(Bucket="third-party-bill", Key=key, Body=file.read_bytes())
    reach = f'endpoint_url = "{lake_endpoint}"\nregion = "us-east-1"\n'
    project = project_at(
        tmp_path,
        "s3://third-party-bill/exports/ai-cur",
        storage=f"[bills.storage]\n{reach}[lake]\npath = 's3://third-party-bill/lake'\n"
        f"[lake.storage]\n{reach}",
    )
    assert run_both_months(project).equals(from_folder[1])


def without_tags(tree: Path, copy: Path) -> Path:
    """The same tree with the tag columns removed from every file."""
    shutil.copytree(tree, copy)
    for file in copy.rglob("*.csv.gz"):
        with gzip.open(file, "rt", encoding="utf-8", newline="") as text:
            rows = list(csv.reader(text))
        kept = [i for i, name in enumerate(rows[0]) if not name.startswith("resourceTags/")]
        file.chmod(0o644)
        with gzip.open(file, "wt", encoding="utf-8", newline="") as text:
            csv.writer(text).writerows([row[i] for i in kept] for row in rows)
    for manifest in copy.rglob("*-Manifest.json"):
        content = json.loads(manifest.read_text(encoding="utf-8"))
        content["columns"] = [c for c in content["columns"] if c["category"] != "resourceTags"]
        manifest.chmod(0o644)
        manifest.write_text(json.dumps(content), encoding="utf-8")
    return copy


def test_catalogue_links_alone_give_the_same_figures(tree: Path, tmp_path: Path) -> None:
    bare = without_tags(tree, tmp_path / "bare")
    project = project_at(tmp_path / "project", str(bare), LINKS)
    spend = run_both_months(project)
    assert_readme_figures(spend)
    # The EBS volume carries a phase but no model: without tags nothing says that it is AI at all.
    assert spend.filter(pl.col("bucket") == "not_ai")["effective_cost"].round(2).to_list() == [
        Decimal("0.40"),
        Decimal("0.45"),
    ]


def test_a_real_bill_loads_and_is_accounted_for(shared_data: Path, tmp_path: Path) -> None:
    bill = shared_data / "billing/aws-cur-legacy/real_anonymised_2023-11.csv.gz"
    project = project_at(tmp_path, str(bill))
    settings = project.file.read_text(encoding="utf-8")
    project.file.write_text('first_month = "2023-01"\n' + settings, encoding="utf-8")
    project = Project.load(project.file)
    (outcome,) = run_months(project, ["2023-11"])
    assert outcome.error is None
    spend = lake_of(project).read("out_spend__model_months", "2023-11")
    assert cents(spend["billed_cost"].sum()) == Decimal("1.68")
    by_bucket = dict(spend.group_by("bucket").agg(pl.col("billed_cost").sum()).iter_rows())
    assert cents(by_bucket["not_ai"]) == Decimal("1.60")
    assert cents(by_bucket["overhead"]) == Decimal("0.08")
