"""`modelspend export` on the golden month, from its lake to a file."""

from decimal import Decimal as D
from pathlib import Path

import polars as pl
import pytest
from golden_project import MONTH
from test_command import ask

from assets.lake import Lake
from assets.project import Project
from pipelines.contracts import BASES


@pytest.fixture
def golden(golden_settings: Path) -> Path:
    """The settings of the golden project, its month published."""
    return golden_settings


def attributed(settings: Path) -> dict[str, D]:
    project = Project.load(settings)
    lake = Lake(project.settings.lake, project.cache, project.base)
    sums = lake.read("out_reconciliation", MONTH).group_by("basis")
    return dict(sums.agg(pl.col("attributed_total").sum()).iter_rows())


@pytest.mark.parametrize("version", ["1.3", "1.4"])
def test_a_published_month_is_written_whole(golden: Path, tmp_path: Path, version: str):
    out = tmp_path / "month.parquet"
    result = ask("export", MONTH, "--focus", version, "--out", str(out), "-s", str(golden))
    assert result.exit_code == 0, result.stderr
    rows = pl.read_parquet(out)
    assert {basis: rows[basis].sum() for basis in BASES} == attributed(golden)
    assert f"FOCUS {version}: {rows.height} rows of {rows.width} columns" in result.stdout
    assert f"{out} written." in result.stdout.replace("\n", "")
    assert [path.name for path in tmp_path.iterdir()] == ["month.parquet"]


def test_a_csv_and_a_parquet_file_say_the_same(golden: Path, tmp_path: Path):
    for name in ("month.csv", "month.parquet"):
        assert ask("export", MONTH, "--out", str(tmp_path / name), "-s", str(golden)).exit_code == 0
    key = ["x_OriginChargeId", "x_Bucket", "x_ModelVersion", "x_Component"]
    columns = [*key, *BASES, "AllocatedMethodDetails", "AllocatedResourceId"]
    plain = pl.read_csv(tmp_path / "month.csv", infer_schema=False).select(columns)
    exact = pl.read_parquet(tmp_path / "month.parquet").select(columns)
    amounts = pl.col(BASES).cast(pl.Decimal(38, 18))
    assert plain.with_columns(amounts).sort(key).equals(exact.sort(key))


def test_a_dry_run_says_what_would_be_written_and_writes_nothing(golden: Path, tmp_path: Path):
    out = tmp_path / "month.csv"
    result = ask("export", MONTH, "--out", str(out), "--dry-run", "-s", str(golden))
    assert result.exit_code == 0
    assert "Nothing was written." in result.stdout
    assert "adds up to what the month attributed, exactly" in result.stdout
    assert not list(tmp_path.iterdir())


def test_a_file_that_is_there_is_replaced_only_when_told(golden: Path, tmp_path: Path):
    out = tmp_path / "month.csv"
    out.write_text("kept")
    arguments = ("export", MONTH, "--out", str(out), "-s", str(golden))
    refused = ask(*arguments)
    assert refused.exit_code == 2
    assert "--force" in refused.stderr
    assert out.read_text() == "kept"
    assert ask(*arguments, "--force").exit_code == 0
    assert out.read_text().startswith("BillingAccountId,")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["2026-13", "--out", "x.csv"], "YYYY-MM"),
        ([MONTH], "--out"),
        ([MONTH, "--out", "x.txt"], "--format"),
        ([MONTH, "--out", "x.csv", "--focus", "1.2"], "1.3"),
        ([MONTH, "--out", "nowhere/x.csv"], "no folder nowhere"),
        ([MONTH, "--out", ".", "--format", "csv"], "is a folder"),
    ],
)
def test_wrong_usage_ends_with_2_and_says_what_is_right(arguments: list[str], said: str):
    result = ask("export", *arguments)
    assert result.exit_code == 2
    assert said in result.stderr


def test_a_month_that_is_not_published_is_not_exported(golden: Path, tmp_path: Path):
    result = ask("export", "2026-10", "--out", str(tmp_path / "x.csv"), "-s", str(golden))
    assert result.exit_code == 6
    assert "2026-10 has not been published" in result.stderr


def test_the_command_explains_itself_with_an_example():
    result = ask("export", "--help")
    assert result.exit_code == 0
    assert "modelspend export 2026-09" in result.stdout
