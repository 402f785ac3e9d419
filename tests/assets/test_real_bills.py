"""The real and third-party bills, run as a project would: several sources, months, calendars.

Every amount here is the publisher's, as the samples' README states it; none was taken from a run.
"""

import shutil
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

from assets.engine import RunOutcome, run_month
from assets.lake import Lake
from assets.project import Project
from pipelines.contracts import BUCKETS
from pipelines.errors import BillUnreadable

D = Decimal
CENT = D("0.01")


def project(folder: Path, *sources: Mapping[str, object]) -> Project:
    """A project in `folder` that reads these bill sources and knows no model."""
    blocks = ['first_month = "2020-01"']
    for source in sources:
        lines = "\n".join(f'{key} = "{value}"' for key, value in source.items())
        blocks.append(f"[[bills]]\n{lines}")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "modelspend.toml").write_text("\n\n".join(blocks), encoding="utf-8")
    (folder / "catalogue.toml").write_text("", encoding="utf-8")
    return Project.load(folder / "modelspend.toml")


def bills(folder: Path, *files: Path) -> Path:
    """A folder with copies of the files."""
    folder.mkdir(parents=True)
    for file in files:
        shutil.copy(file, folder / file.name)
    return folder


def published(shop: Project, month: str) -> pl.DataFrame:
    """The month's reconciliation as it was published."""
    lake = Lake(shop.settings.lake, shop.cache, shop.base)
    return lake.read("out_reconciliation", month)


def totals(shop: Project, month: str) -> dict[tuple[str, str, str], Decimal]:
    """(source, currency, basis) to what the month attributed, exactly the export's, in cents."""
    frame = published(shop, month)
    assert set(frame["difference"]) == {D(0)}
    found: dict[tuple[str, str, str], Decimal] = {}
    for row in frame.iter_rows(named=True):
        key = (row["source"], row["BillingCurrency"], row["basis"])
        assert row["attributed_total"] == sum((row[bucket] or D(0) for bucket in BUCKETS), D(0))
        found[key] = found.get(key, D(0)) + row["attributed_total"]
    return {key: total.quantize(CENT) for key, total in found.items()}


def run(shop: Project, month: str) -> RunOutcome:
    outcome = run_month(shop, month)
    assert outcome.result == "published", outcome.sentence
    return outcome


@pytest.fixture
def samples(shared_data: Path) -> Path:
    return shared_data / "billing"


def test_a_source_that_fails_its_month_is_missing_and_the_others_are_published(
    tmp_path: Path, samples: Path
):
    focus = bills(
        tmp_path / "focus", samples / "focus-1.3/fdt_cost_and_usage_aws_3000_seed7.csv.gz"
    )
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "bill.csv").write_text("InvoiceId,BilledCost\n1,2\n", encoding="utf-8")
    shop = project(
        tmp_path / "shop",
        {"name": "good", "format": "focus", "path": focus},
        {"name": "bad", "format": "focus", "path": broken},
    )

    outcome = run(shop, "2026-05")
    assert outcome.missing_sources == ("bad",)
    assert "missing: bad" in outcome.sentence
    assert outcome.status == "provisional"
    assert totals(shop, "2026-05")["good", "USD", "BilledCost"] == D("56042.14")


def test_two_providers_and_two_currencies_stand_side_by_side(tmp_path: Path, samples: Path):
    shop = project(
        tmp_path / "shop",
        {
            "name": "many",
            "format": "focus",
            "path": samples / "focus-1.3/consolidated_multi_provider_1_3.csv",
        },
        {
            "name": "aws",
            "format": "focus",
            "path": samples / "focus-1.3/fdt_cost_and_usage_aws_3000_seed7.csv.gz",
        },
    )
    run(shop, "2026-05")
    found = totals(shop, "2026-05")
    assert found["many", "USD", "BilledCost"] == D("208.00")
    assert found["many", "EUR", "BilledCost"] == D("100.00")
    assert found["aws", "USD", "EffectiveCost"] == D("56042.14")


def test_reading_a_month_again_changes_nothing(tmp_path: Path, samples: Path):
    focus = samples / "focus-1.5-draft-ai/ai_prompt_caching_a.csv"
    shop = project(tmp_path / "shop", {"name": "ai", "format": "focus", "path": focus})
    first = run(shop, "2025-01")
    again = run_month(shop, "2025-01")
    assert (again.result, again.publication_id) == ("unchanged", first.publication_id)
    assert totals(shop, "2025-01")["ai", "USD", "EffectiveCost"] == D("33.90")


def test_a_bill_that_names_no_invoice_is_final_when_its_month_has_settled(
    tmp_path: Path, samples: Path
):
    pair = bills(tmp_path / "ea", *sorted((samples / "azure").glob("EA_*")))
    shop = project(tmp_path / "shop", {"name": "ea", "format": "azure", "path": pair})

    def status(now: datetime) -> tuple[str, str | None]:
        outcome = run_month(shop, "2023-09", now=now)
        return outcome.result, outcome.status

    assert status(datetime(2023, 10, 5, tzinfo=UTC)) == ("published", "provisional")
    assert status(datetime(2023, 10, 14, tzinfo=UTC)) == ("unchanged", "provisional")
    assert status(datetime(2023, 10, 15, tzinfo=UTC)) == ("published", "final")
    found = totals(shop, "2023-09")
    assert found["ea", "USD", "BilledCost"] == D("19.05")
    assert found["ea", "USD", "EffectiveCost"] == D("16.30")


def test_azure_s_two_views_of_one_bill_are_one_source_and_not_two(tmp_path: Path, samples: Path):
    actual = bills(tmp_path / "actual", samples / "azure/EA_ActualCost_Small.csv")
    amortized = bills(tmp_path / "amortized", samples / "azure/EA_AmortizedCost_Small.csv.gz")
    apart = project(
        tmp_path / "apart",
        {"name": "actual", "format": "azure", "path": actual},
        {"name": "amortized", "format": "azure", "path": amortized},
    )
    with pytest.raises(BillUnreadable, match=r"both are one bill.*`amortized_path`"):
        run_month(apart, "2023-09")

    source = {"name": "ea", "format": "azure", "path": actual, "amortized_path": amortized}
    shop = project(tmp_path / "shop", source)
    outcome = run(shop, "2023-09")
    assert totals(shop, "2023-09")["ea", "USD", "EffectiveCost"] == D("16.30")
    said = [warning for warning in outcome.warnings if "10.50" in warning]
    assert len(said) == 1
    assert "19.05 USD, those of the actual export to 8.55 USD" in said[0]
