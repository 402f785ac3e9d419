"""One small month through the whole engine, held against tables written by hand.

How the figures come about is in tests/golden/README.md. A changed number is a changed line of a
csv file, to be argued for in review.
"""

import csv
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest
from golden_project import GOLDEN, MONTH, PublishedOnce

from assets.lake import Lake
from assets.project import Project
from pipelines.contracts import TABLES
from pipelines.money import POLARS_TYPE, plain

EXPECTED = sorted((GOLDEN / "expected").glob("*.csv"))


@pytest.fixture(scope="module")
def lake(golden_once: PublishedOnce) -> Lake:
    outcome = golden_once.outcome
    assert outcome.error is None
    assert (outcome.result, outcome.status) == ("published", "final")
    project = Project.load(golden_once.folder / "modelspend.toml")
    return Lake(project.settings.lake, project.cache, project.base)


def as_texts(frame: pl.DataFrame, columns: list[str]) -> list[dict[str, str]]:
    """The rows as the csv files show them: amounts with all digits, NULL as empty."""
    shown = []
    for row in frame.select(columns).iter_rows(named=True):
        shown.append(
            {
                name: plain(value)
                if isinstance(value, Decimal)
                else ""
                if value is None
                else str(value)
                for name, value in row.items()
            }
        )
    return sorted(shown, key=lambda line: tuple(line.values()))


@pytest.mark.parametrize("file", EXPECTED, ids=lambda file: file.stem)
def test_a_table_of_the_golden_month_is_as_written_by_hand(file: Path, lake: Lake):
    with file.open(encoding="utf-8", newline="") as text:
        reader = csv.DictReader(text)
        columns = list(reader.fieldnames or [])
        expected = sorted(reader, key=lambda line: tuple(line.values()))
    table = lake.read(file.stem, MONTH)
    assert as_texts(table, columns) == expected
    left_out = {name for name in table.columns if name not in columns}
    assert left_out <= {"billing_month", *_SAME_IN_EVERY_ROW}


_SAME_IN_EVERY_ROW = {
    *("charge_month", "source", "currency", "BillingAccountId", "InvoiceIssuerName"),
    *(
        "volume",
        "usage_type",
        "BillingCurrency",
        "kind",
        "days_covered",
        "days_in_month",
        "rounding",
    ),
}


def test_five_tables_are_held_against_hand_written_ones():
    assert {file.stem for file in EXPECTED} == {
        "out_spend__model_months",
        "out_spend__model_days",
        "out_reconciliation",
        "out_variance__predicted_vs_actual",
        "out_variance__drivers",
    }
    assert {file.stem for file in EXPECTED} <= set(TABLES)


def test_the_golden_month_adds_up_on_every_basis(lake: Lake):
    months = lake.read("out_spend__model_months", MONTH)
    amounts = [name for name, kind in months.schema.items() if kind == POLARS_TYPE]
    totals = {name: months[name].sum() for name in amounts}
    assert totals == {
        "billed_cost": Decimal("31.15"),
        "effective_cost": Decimal("31.25"),
        "contracted_cost": Decimal("31.65"),
        "list_cost": Decimal("31.65"),
    }
