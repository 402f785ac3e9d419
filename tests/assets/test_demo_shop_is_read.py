"""Bill and log readers find in the demo shop what its generator put there, sharing no code."""

import json
from decimal import Decimal
from pathlib import Path

import duckdb
import polars as pl
import pytest

from assets.demo_shop import restate_august, write_shop
from pipelines.billing.reader import read_bill
from pipelines.demo import shop
from pipelines.demo.figures import MonthFigures, expected
from pipelines.files import LocalFile
from pipelines.inference.sources import LogInput
from pipelines.inference.usage import read_usage
from pipelines.months import month_bounds
from pipelines.settings import Settings, parse_settings

REPEATED = {"2026-08": 1}
"""Lines of the log that came twice."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("shop")
    write_shop(folder)
    return folder


def settings(folder: Path) -> Settings:
    return parse_settings((folder / "modelspend.toml").read_text())


def local(path: Path) -> LocalFile:
    return LocalFile(str(path), path.name, path.stat().st_size, "")


def read_month(folder: Path, month: str, work: Path) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The charges and split shares of the delivery that the month's manifest names."""
    source = settings(folder).bills[0]
    first, last = month_bounds(month)
    manifest = folder / source.path / f"{first:%Y%m%d}-{last:%Y%m%d}" / "shop-cur-Manifest.json"
    keys = json.loads(manifest.read_text())["reportKeys"]
    files = [local(folder / "bills" / key) for key in keys]
    with duckdb.connect() as con:
        tables = read_bill(con, source, month, files, work)
    return pl.read_parquet(tables.charges), pl.read_parquet(tables.split_shares)


def agrees(figures: MonthFigures, charges: pl.DataFrame, shares: pl.DataFrame) -> bool:
    unused = charges.filter(pl.col("CommitmentDiscountStatus") == "Unused")
    return (
        charges["BilledCost"].sum() == figures.billed
        and charges["EffectiveCost"].sum() == figures.effective
        and unused["EffectiveCost"].sum() == figures.unused_commitment
        and charges.height - unused.height + shares.height == figures.lines
        and shares.height == figures.split_rows
    )


@pytest.mark.parametrize("month", shop.MONTHS)
def test_the_bill_reader_finds_the_generators_own_totals(folder, month, tmp_path):
    charges, shares = read_month(folder, month, tmp_path)
    assert agrees(expected()[month], charges, shares)


def test_a_restated_august_moves_two_charges_and_keeps_the_ids_of_the_others(tmp_path):
    write_shop(tmp_path / "shop")
    before, _ = read_month(tmp_path / "shop", "2026-08", tmp_path / "before")
    restate_august(tmp_path / "shop")
    after, shares = read_month(tmp_path / "shop", "2026-08", tmp_path / "after")
    assert agrees(expected(restated=True)["2026-08"], after, shares)
    both = before.join(after, on="x_ChargeId", how="full", suffix="_after", coalesce=True)
    moved = both.filter(pl.col("BilledCost").ne_missing(pl.col("BilledCost_after")))
    zero = pl.lit(Decimal(0))
    difference = pl.col("BilledCost_after").fill_null(zero) - pl.col("BilledCost").fill_null(zero)
    assert sorted(moved.select(difference).to_series().to_list()) == [
        Decimal(-50),
        Decimal("25.25"),
    ]


@pytest.mark.parametrize("month", shop.MONTHS)
def test_the_log_reader_counts_every_call_once(folder, month, tmp_path):
    sources = [
        LogInput(
            log.name,
            log.timezone,
            log.covers,
            [local(path) for path in sorted((folder / log.path).iterdir())],
        )
        for log in settings(folder).logs
    ]
    with duckdb.connect() as con:
        tables = read_usage(con, sources, month, month_bounds(month), tmp_path)
    files = pl.read_parquet(tables.files)
    assert files["requests"].sum() == expected()[month].calls
    assert files["duplicates"].sum() == REPEATED.get(month, 0)
