"""Commitments of a run month: in the lake, on the terminal, and shared at one rate."""

import csv
import io
import json
from decimal import Decimal
from pathlib import Path

import pytest
from builders import cur_text
from golden_project import MONTH, golden_bill, write_golden
from test_command import ask

from assets.lake import Lake
from assets.project import Project

OWNED = '\n[[commitments]]\nid = "*savingsplan*"\nowner = "finops"\ncost_centre = "cc-0"\n'


def with_skus(bill: str) -> str:
    """The bill with one SKU for every machine."""
    lines = list(csv.DictReader(io.StringIO(bill)))
    return cur_text(
        [{**line, "product/sku": line["product/instanceType"] and "GPU"} for line in lines]
    )


def run(folder: Path, policy: str = "") -> Path:
    """The golden month, run with a policy; its savings plan is owned."""
    settings = write_golden(folder, with_skus(golden_bill()))
    catalogue = folder / "catalogue.toml"
    catalogue.write_text(catalogue.read_text() + OWNED)
    settings.write_text(f"{settings.read_text()}\n[attribution]\n{policy}\n")
    result = ask("run", "--month", MONTH, "--settings", str(settings))
    assert result.exit_code == 0, result.output
    return settings


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return run(tmp_path_factory.mktemp("published"))


def lake_of(settings: Path) -> Lake:
    project = Project.load(settings)
    return Lake(project.settings.lake, project.cache, project.base)


def show(settings: Path, *more: str):
    return ask("show", "--month", MONTH, "--by", "commitment", "--settings", str(settings), *more)


def test_a_month_shows_its_commitments(published: Path):
    people = show(published)
    assert people.exit_code == 0
    assert "Commitments, USD" in people.stdout
    plan, total = json.loads(show(published, "--json").stdout)["spend"]
    assert plan["commitment_id"].endswith("savingsplan/golden")
    told = ("owner", "cost_centre", "purchased_cost", "used_effective_cost")
    assert [plan[name] for name in told] == ["finops", "cc-0", "0.9", "0.7"]
    rates = ("utilisation", "savings_rate_of_list", "savings_rate_of_contracted")
    assert [plan[name] for name in rates] == ["0.7", "0", "0"]
    assert (total["unused_effective_cost"], total["coverage"]) == ("0.3", None)


def test_fees_and_unused_parts_of_the_ledger_are_the_owners(published: Path):
    ledger = lake_of(published).read("core_attribution__allocated_charges", MONTH)
    commitment = ledger.filter(ledger["bucket"] == "commitment")
    assert set(commitment.filter(commitment["BilledCost"] != 0)["owner"]) == {"finops"}


@pytest.mark.parametrize("more", [["--calendar", "charge"], ["--changes"]])
def test_commitments_are_of_one_bill(published: Path, more: list[str]):
    assert show(published, *more).exit_code == 2


def test_a_pooled_month_still_adds_up_to_its_bill(published: Path, tmp_path: Path):
    pooled, kept = lake_of(run(tmp_path, 'commitment_pool = "organisation"')), lake_of(published)
    name = "core_attribution__allocated_charges"
    before, after = kept.read(name, MONTH), pooled.read(name, MONTH)
    moves = after.filter(after["rule_id"] == "commitment-pool")
    assert moves.height > 1
    assert moves["EffectiveCost"].sum() == 0
    assert after.height == before.height + moves.height
    assert pooled.read("out_reconciliation", MONTH)["difference"].to_list() == [Decimal(0)] * 4
