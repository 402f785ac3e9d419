"""Billing month and charge month: what is billed late, and what corrects an earlier month."""

import csv
import gzip
import json
import re
import shutil
from collections import defaultdict
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from test_command import ask
from test_command_inspect import focus
from test_real_bills import totals

from assets.deliveries import months_delivered
from assets.engine import run_month
from assets.lake import Lake
from assets.project import Project

D = Decimal
LATER = datetime(2027, 2, 1, tzinfo=UTC)
CENT = D("0.01")


def project(folder: Path, format_: str) -> Project:
    """A project in `folder` that reads the bills below `bills`."""
    (folder / "catalogue.toml").write_text("")
    (folder / "modelspend.toml").write_text(
        f'first_month = "2026-01"\n[[bills]]\nname = "bill"\nformat = "{format_}"\npath = "bills"\n'
    )
    return Project.load(folder / "modelspend.toml")


def shown(shop: Project, *options: str) -> dict[str, Any]:
    result = ask("show", *options, "--json", "--settings", str(shop.file))
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert isinstance(found, dict)
    return found


def total(found: dict[str, Any]) -> Decimal:
    return D(found["spend"][-1]["total"])


def google_by_usage(*files: Path) -> dict[str, Decimal]:
    """Cost and credits by the month of `usage_start_time`, straight from the text."""
    found: dict[str, Decimal] = defaultdict(Decimal)
    for file in files:
        with gzip.open(file, "rt", encoding="utf-8") as text:
            for row in csv.DictReader(text):
                credits = re.findall(r"amount': (-?[0-9.e-]+)", row["credits"])
                found[row["usage_start_time"][:7]] += D(row["cost"]) + sum(map(D, credits))
    return dict(found)


def test_google_is_readable_by_billing_month_and_by_charge_month(
    shared_data: Path, tmp_path: Path
) -> None:
    files = sorted((shared_data / "billing/gcp").glob("nise_detailed_EUR_*.csv.gz"))
    (tmp_path / "bills").mkdir()
    for file in files:
        shutil.copy(file, tmp_path / "bills")
    shop = project(tmp_path, "gcp")
    billed = {"2026-09": "48.00", "2026-10": "5173.60", "2026-11": "4884.27"}
    assert months_delivered(shop) == list(billed)
    for month in billed:
        assert run_month(shop, month, now=LATER).result == "published"
    lake = Lake(shop.settings.lake, shop.cache, shop.base)
    charged: dict[str, Decimal] = defaultdict(Decimal)
    for month, amount in billed.items():
        assert total(shown(shop, "--month", month)).quantize(CENT) == D(amount)
        assert totals(shop, month)["bill", "EUR", "BilledCost"] == D(amount)
        spend = lake.read("out_spend__model_months", month)
        for charge_month, cost in spend.select("charge_month", "billed_cost").iter_rows():
            charged[charge_month] += cost
    rounded = {month: cost.quantize(CENT) for month, cost in charged.items()}
    assert rounded == {"2026-10": D("5264.80"), "2026-11": D("4841.07")}

    used = google_by_usage(*files)
    assert sorted(used) == ["2026-10", "2026-11"]
    for month, amount in used.items():
        by_charge = shown(shop, "--month", month, "--calendar", "charge", "--by", "source")
        assert total(by_charge) == amount
        assert sum(D(row["amount"]) for row in by_charge["bills"] if row["level"] == "line") == (
            amount
        )
    october = shown(shop, "--month", "2026-10", "--calendar", "charge")
    assert [row["billing_month"] for row in october["bills"]][:3] == [
        "2026-09",
        "2026-10",
        "2026-11",
    ]
    both = ("--from", "2026-10", "--to", "2026-11", "--calendar", "charge")
    assert total(shown(shop, *both)) == sum(used.values())


@pytest.fixture(scope="module")
def corrected(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """September with 2.50, and October's bill with 2.50 and a correction of -1 of September."""
    folder = tmp_path_factory.mktemp("corrected")
    october = {
        "BillingPeriodStart": "2026-10-01T00:00:00Z",
        "BillingPeriodEnd": "2026-11-01T00:00:00Z",
    }
    correction = {"BilledCost": "-1", "EffectiveCost": "-1", "ChargeClass": "Correction"}
    of_october = {
        "ChargePeriodStart": "2026-10-02T00:00:00Z",
        "ChargePeriodEnd": "2026-10-03T00:00:00Z",
    }
    focus(folder / "bills" / "september.csv")
    focus(folder / "bills" / "october.csv", october | of_october, october | correction)
    shop = project(folder, "focus")
    for month in ("2026-09", "2026-10"):
        run_month(shop, month, now=LATER)
    return shop


def test_a_correction_is_billed_in_its_month_and_belongs_to_the_month_it_corrects(
    corrected: Project,
) -> None:
    assert total(shown(corrected, "--month", "2026-09")) == D("2.5")
    october = shown(corrected, "--month", "2026-10")
    assert total(october) == D("1.5")
    assert "-1.00 USD of it (effective) belongs to the charge month 2026-09." in october["notes"]
    september = shown(corrected, "--month", "2026-09", "--calendar", "charge")
    assert total(september) == D("1.5")
    assert [(row["billing_month"], row["amount"]) for row in september["bills"][:2]] == [
        ("2026-09", "2.5"),
        ("2026-10", "-1"),
    ]
    assert total(shown(corrected, "--month", "2026-10", "--calendar", "charge")) == D("2.5")


def test_a_correction_by_day_is_of_the_day_it_corrects(corrected: Project) -> None:
    by_day = ("--month", "2026-09", "--calendar", "charge", "--by", "day")
    [day, _] = shown(corrected, *by_day)["spend"]
    assert (day["charge_date"], day["total"]) == ("2026-09-02", "1.5")


def test_a_charge_month_before_any_publication_says_that_none_is_published(
    tmp_path: Path,
) -> None:
    focus(tmp_path / "bills" / "september.csv")
    shop = project(tmp_path, "focus")
    arguments = ("show", "--month", "2026-09", "--calendar", "charge")
    assert ask(*arguments, "--settings", str(shop.file)).exit_code == 6
