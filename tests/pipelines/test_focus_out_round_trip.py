"""A FOCUS dataset that was written is read again by the reader of FOCUS bills."""

from decimal import Decimal as D
from pathlib import Path

import duckdb
import polars as pl
import pytest
from billing_reading import charges
from focus_ledger import MONTH, charge, part, prepared, remainder
from focus_reading import read_focus, totals

from pipelines.contracts import ALLOCATED, BASES
from pipelines.files import LocalFile
from pipelines.focus_out.columns import VERSIONS, Version
from pipelines.focus_out.dataset import prepare
from pipelines.focus_out.files import write_file

SAMPLE = "billing/focus-1.3/fdt_cost_and_usage_aws_3000_seed7.csv.gz"
SAMPLE_MONTH = "2026-05"


def delivered(path: Path) -> LocalFile:
    return LocalFile(str(path), path.name, path.stat().st_size, path.name)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", ["out.csv", "out.csv.gz", "out.parquet"])
def test_what_was_written_is_read_with_every_cost_and_every_ratio(
    tmp_path: Path, version: Version, name: str
):
    lines = [charge("3", x_ChargeId="c1"), charge("-0.4", x_ChargeId="c2", SkuId="SKU-2")]
    parts = [
        part("1", "0.25", x_OriginChargeId="c1"),
        remainder("2", "0.75", x_OriginChargeId="c1"),
        part("-0.4", x_OriginChargeId="c2"),
    ]
    path = tmp_path / name
    with prepared(tmp_path, lines, parts) as con:
        attributed = {("aws", "USD", basis): D("2.6") for basis in BASES}
        file_format = "parquet" if path.suffix == ".parquet" else "csv"
        write_file(con, path, MONTH, version, file_format, attributed)
    folder = tmp_path / "read"
    folder.mkdir()
    tables = read_focus(folder, [delivered(path)], MONTH)
    assert {basis: totals(tables, basis) for basis in BASES} == {
        basis: {"USD": D("2.6")} for basis in BASES
    }
    found = charges(tables)
    assert sorted(found["AllocatedResourceId"].drop_nulls()) == ["search-rank/v8"]
    assert found["AllocatedMethodDetails"].drop_nulls().len() == 2
    assert set(found["ServiceProviderName"]) == {"AWS"}


def test_a_provider_s_dataset_goes_through_unchanged(shared_data: Path, tmp_path: Path):
    tables = read_focus(tmp_path, [delivered(shared_data / SAMPLE)], SAMPLE_MONTH)
    bill = charges(tables)
    parts = bill.rename({"x_ChargeId": "x_OriginChargeId"}).with_columns(
        bucket=pl.lit("not_ai"),
        **{
            name: pl.lit("")
            for name in ALLOCATED.key
            if name not in ("source", "x_OriginChargeId", "bucket")
        },
        cost_centre=pl.lit(""),
    )
    parts.select(list(ALLOCATED.columns)).write_parquet(tmp_path / "parts.parquet")
    work = tmp_path / "making"
    work.mkdir()
    path = tmp_path / "out.parquet"
    attributed = {("shop", "USD", basis): sum(bill[basis], D(0)) for basis in BASES}
    with duckdb.connect() as con:
        prepare(
            con,
            SAMPLE_MONTH,
            con.read_parquet(str(tables.charges)),
            con.read_parquet(str(tmp_path / "parts.parquet")),
            work,
        )
        (total,) = write_file(con, path, SAMPLE_MONTH, "1.3", "parquet", attributed)
    assert (total.row_count, total.allocated_rows) == (3000, 639)
    assert total.costs["BilledCost"].quantize(D("0.01")) == D("56042.14")
    columns = [
        *("SkuId", "SkuPriceId", "PricingQuantity", "ListUnitPrice", "ServiceCategory"),
        *("AllocatedMethodId", "AllocatedMethodDetails", "AllocatedResourceId", "AllocatedTags"),
        *("Tags", *BASES),
    ]
    kept = pl.read_parquet(path).sort("x_SourceLine").select(columns)
    assert kept.equals(bill.sort("x_SourceLine").select(columns))
