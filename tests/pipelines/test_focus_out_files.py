"""The file of a FOCUS dataset: its columns and texts, its proof, and how it is put in place."""

import csv
import gzip
from decimal import Decimal as D
from pathlib import Path

import duckdb
import polars as pl
import pytest
from focus_ledger import MONTH, charge, part, prepared, remainder

from pipelines.contracts import BASES, RECONCILIATION
from pipelines.errors import ExportNotWritten, ExportUnsound
from pipelines.focus_out.columns import OURS, VERSIONS, Version, dataset_columns
from pipelines.focus_out.dataset import ROWS
from pipelines.focus_out.files import Format, attributed_totals, proven_rows, write_file
from pipelines.focus_out.services import SERVICES

CHARGES = [
    charge("1.5", x_ChargeId="c1", ChargeDescription='said "so", twice\nand more'),
    charge("-0.000000000000000001", x_ChargeId="c2", ConsumedQuantity=D("1000000")),
    charge("3", x_ChargeId="c3", source="gcp", BillingCurrency="EUR", InvoiceId=None),
]
PARTS = [
    part("1", "0.75", x_OriginChargeId="c1"),
    remainder("0.5", "0.25", x_OriginChargeId="c1"),
    part("-0.000000000000000001", "1000000", x_OriginChargeId="c2"),
    part("3", x_OriginChargeId="c3", source="gcp", BillingCurrency="EUR"),
]
ATTRIBUTED = {
    **{("aws", "USD", basis): D("1.499999999999999999") for basis in BASES},
    **{("gcp", "EUR", basis): D(3) for basis in BASES},
}


def written(folder: Path, name: str, version: Version = "1.3", file_format: Format = "csv") -> Path:
    path = folder / name
    with prepared(folder, CHARGES, PARTS) as con:
        write_file(con, path, MONTH, version, file_format, ATTRIBUTED)
    return path


def csv_rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as text:
        return sorted(
            csv.DictReader(text), key=lambda row: (row["x_SourceLine"], row["BilledCost"])
        )


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("file_format", ["csv", "parquet"])
def test_a_file_has_its_version_s_columns_in_order_and_ours_after_them(
    tmp_path: Path, version: Version, file_format: Format
):
    path = written(tmp_path, f"out.{file_format}", version, file_format)
    with duckdb.connect() as con:
        columns = con.sql(f"FROM '{path}'").columns
    assert columns == list(dataset_columns(version))
    assert columns[-len(OURS) :] == list(OURS)
    assert ("ProviderName" in columns) == (version == "1.3")


def test_a_csv_has_plain_decimals_and_instants_of_utc(tmp_path: Path):
    rows = csv_rows(written(tmp_path, "out.csv"))
    assert {row["BilledCost"] for row in rows} == {"1", "0.5", "-0.000000000000000001", "3"}
    assert {row["ChargePeriodStart"] for row in rows} == {"2026-09-02T10:00:00Z"}
    assert {row["BillingPeriodEnd"] for row in rows} == {"2026-10-01T00:00:00Z"}
    assert "1000000" in {row["ConsumedQuantity"] for row in rows}
    assert 'said "so", twice\nand more' in {row["ChargeDescription"] for row in rows}


def test_a_csv_named_gz_is_compressed(tmp_path: Path):
    plain = written(_sub(tmp_path), "out.csv").read_text()
    packed = gzip.decompress(written(tmp_path, "out.csv.gz").read_bytes()).decode()
    assert sorted(packed.splitlines()) == sorted(plain.splitlines())


def _sub(folder: Path) -> Path:
    below = folder / "below"
    below.mkdir()
    return below


def test_a_parquet_file_has_exact_decimals_and_instants_with_their_zone(tmp_path: Path):
    path = written(tmp_path, "out.parquet", "1.4", "parquet")
    schema = pl.read_parquet_schema(path)
    assert schema["EffectiveCost"] == pl.Decimal(38, 18)
    assert schema["ChargePeriodStart"] == pl.Datetime("us", "UTC")
    assert pl.read_parquet(path)["BilledCost"].sum() == D("4.499999999999999999")


def test_sources_and_currencies_are_totalled_apart(tmp_path: Path):
    with prepared(tmp_path, CHARGES, PARTS) as con:
        aws, gcp = proven_rows(con, MONTH, ATTRIBUTED)
    assert (aws.source, aws.currency, aws.row_count, aws.allocated_rows) == ("aws", "USD", 3, 2)
    assert (gcp.source, gcp.currency, gcp.row_count, gcp.rows_without_invoice) == (
        "gcp",
        "EUR",
        1,
        1,
    )


def test_a_file_that_misses_a_unit_of_the_month_is_not_left(tmp_path: Path):
    short = {**ATTRIBUTED, ("aws", "USD", "ListCost"): D("1.5")}
    path = tmp_path / "out.parquet"
    path.write_text("the file before")
    with prepared(tmp_path, CHARGES, PARTS) as con, pytest.raises(ExportUnsound) as raised:
        write_file(con, path, MONTH, "1.4", "parquet", short)
    assert (
        "source 'aws', ListCost: 1.499999999999999999 USD in the dataset, 1.5 USD attributed"
        in str(raised.value)
    )
    assert raised.value.exit_code == 4
    assert path.read_text() == "the file before"
    assert not list(tmp_path.glob("*.partial")) + list(tmp_path.glob(".*.partial"))


def test_a_source_that_is_not_in_the_dataset_is_missed(tmp_path: Path):
    more = {**ATTRIBUTED, ("azure", "USD", "BilledCost"): D(1)}
    with prepared(tmp_path, CHARGES, PARTS) as con, pytest.raises(ExportUnsound, match="azure"):
        proven_rows(con, MONTH, more)


def test_ratios_that_do_not_add_up_to_1_are_found(tmp_path: Path):
    with prepared(tmp_path, CHARGES, PARTS) as con:
        con.execute(f"CREATE TEMP TABLE kept AS FROM {ROWS}")
        con.execute(
            'UPDATE kept SET "AllocatedMethodDetails" = replace("AllocatedMethodDetails", '
            "'0.333333333333', '0.333333333332')"
        )
        con.execute(f"CREATE OR REPLACE TEMP VIEW {ROWS} AS FROM kept")
        with pytest.raises(ExportUnsound, match=r"charge c1 add up to 0\.999999999999"):
            proven_rows(con, MONTH, ATTRIBUTED)


def test_a_place_that_cannot_be_written_is_said(tmp_path: Path):
    with prepared(tmp_path, CHARGES, PARTS) as con, pytest.raises(ExportNotWritten) as raised:
        write_file(con, tmp_path / "nowhere" / "o.csv", MONTH, "1.3", "csv", ATTRIBUTED)
    assert "nowhere/o.csv was not written" in str(raised.value)


def test_a_name_with_a_quote_is_a_name(tmp_path: Path):
    assert csv_rows(written(tmp_path, "it's.csv"))


def test_a_month_made_in_batches_is_the_same_month(tmp_path: Path):
    charges = [charge("3", x_ChargeId=f"c{n}", x_SourceLine=n) for n in range(60)]
    parts = [
        made
        for n in range(60)
        for made in (
            part("1", "0.25", x_OriginChargeId=f"c{n}"),
            remainder("2", "0.75", x_OriginChargeId=f"c{n}"),
        )
    ]
    found = []
    for batch_size in (100, 7):
        folder = tmp_path / str(batch_size)
        folder.mkdir()
        with prepared(folder, charges, parts, batch_size) as con:
            found.append(sorted(con.sql(f"FROM {ROWS}").fetchall(), key=repr))
    assert len(found[0]) == 120
    assert found[0] == found[1]


def test_attributed_totals_add_invoices_and_keep_currencies_apart():
    rows = [
        {"source": "aws", "BillingCurrency": currency, "basis": "BilledCost", "InvoiceId": invoice,
         "attributed_total": D(amount)}
        for currency, invoice, amount in (("USD", "1", "1.1"), ("USD", "2", "2"), ("EUR", "1", "5"))
    ]  # fmt: skip
    frame = pl.DataFrame(
        rows, schema={name: RECONCILIATION.polars_schema[name] for name in rows[0]}
    )
    assert attributed_totals(frame) == {
        ("aws", "USD", "BilledCost"): D("3.1"),
        ("aws", "EUR", "BilledCost"): D(5),
    }


def test_no_service_is_listed_twice():
    with SERVICES.open(encoding="utf-8", newline="") as text:
        keys = [(row["provider"], row["service"].lower()) for row in csv.DictReader(text)]
    assert len(keys) == len(set(keys))
