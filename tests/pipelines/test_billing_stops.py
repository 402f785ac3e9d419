"""What stops a month, with file, line, column and value, and what is only counted."""

import gzip
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest
from billing_reading import charges, exported, only, read, sums
from builders import covered, cur_file, cur_line, cur_text, split_row

from pipelines.contracts import BILL_REJECTS, require
from pipelines.errors import BillUnreadable
from pipelines.files import LocalFile

D = Decimal


def stopped(folder: Path, bill, **source) -> BillUnreadable:
    with pytest.raises(BillUnreadable) as error:
        read(folder, bill, **source)
    return error.value


def many_lines() -> list[dict[str, str]]:
    return [cur_line(f"{n}.5", ResourceId=f"i-{n * n * 7919}") for n in range(3000)]


def changed(file: LocalFile, data: bytes) -> list[LocalFile]:
    Path(file.path).write_bytes(data)
    return [file]


def test_a_gzip_that_is_cut_off_stops_the_month(tmp_path: Path):
    file = cur_file(tmp_path, many_lines())
    data = Path(file.path).read_bytes()
    for length in (len(data) - 1, len(data) - 8, len(data) // 2, 5):
        error = stopped(tmp_path, changed(file, data[:length]))
        assert "bill-00001.csv.gz" in str(error)
        assert "damaged" in str(error)


def test_every_flipped_bit_of_a_gzip_stops_the_month(tmp_path: Path):
    file = cur_file(tmp_path, many_lines())
    whole = Path(file.path).read_bytes()
    for place in range(200, len(whole), len(whole) // 6):
        data = bytearray(whole)
        data[place] ^= 1
        assert "bill-00001.csv.gz" in str(stopped(tmp_path, changed(file, bytes(data))))


def test_a_gzip_of_several_members_is_one_file(tmp_path: Path):
    file = cur_file(tmp_path, [cur_line()])
    text = cur_text([cur_line("1"), cur_line("2"), cur_line("3")]).encode()
    parts = gzip.compress(text[:700]) + gzip.compress(text[700:])
    assert sums(read(tmp_path, changed(file, parts)))["BilledCost"] == D(6)


def test_a_renamed_cost_column_is_named_with_the_nearest_there_is(tmp_path: Path):
    text = cur_text([cur_line()]).replace("lineItem/UnblendedCost", "lineItem/UnblendedCosts")
    error = stopped(tmp_path, text)
    assert "'lineItem/UnblendedCost'" in error.problem
    assert "'lineItem/UnblendedCosts'" in error.problem


def test_a_cost_column_that_is_there_twice_stops_the_month(tmp_path: Path):
    text = cur_text([cur_line()]).replace("lineItem/UsageAmount", "lineItem/unblendedCost")
    assert "2 times" in stopped(tmp_path, text).problem


def test_names_of_columns_differ_in_case_between_years(tmp_path: Path):
    line = covered("0", "0.5")
    text = cur_text([line]).replace("SavingsPlanARN", "SavingsPlanArn")
    assert only(read(tmp_path, text))["CommitmentDiscountId"] == line["savingsPlan/SavingsPlanARN"]


@pytest.mark.parametrize(
    ("cost", "reason"),
    [
        ("100000000000000000000", "more than 20 digits"),
        ("1e25", "more than 20 digits"),
        ("1,50", "is not a number"),
        ("1_000", ""),
        ("0x10", "is not a number"),
        ("NaN", "is not a number"),
        ("", "is empty"),
        ("None", "is empty"),
    ],
)
def test_an_amount_that_cannot_be_read_stops_the_month_and_says_where(
    tmp_path: Path, cost: str, reason: str
):
    error = stopped(tmp_path, [cur_line(), cur_line(cost, publicOnDemandCost="1")])
    assert "bill-00001.csv.gz, line 3: lineItem/UnblendedCost" in error.problem
    assert reason in error.problem
    assert [(r["line"], r["column_name"], r["is_fatal"]) for r in error.rejects] == [
        (3, "lineItem/UnblendedCost", True)
    ]


@pytest.mark.parametrize(
    ("line", "column"),
    [
        (cur_line(CurrencyCode=""), "lineItem/CurrencyCode"),
        (cur_line(CurrencyCode="$"), "lineItem/CurrencyCode"),
        (cur_line(BillingPeriodStartDate="yesterday"), "bill/BillingPeriodStartDate"),
        (cur_line(month="2026-08"), "bill/BillingPeriodStartDate"),
        (covered("1", ""), "savingsPlan/SavingsPlanEffectiveCost"),
        (cur_line(LineItemType="DiscountedUsage"), "reservation/EffectiveCost"),
        (cur_line(LineItemType="SavingsPlanRecurringFee"), "savingsPlan/TotalCommitmentToDate"),
        (cur_line(LineItemType="RIFee"), "reservation/UnusedRecurringFee"),
        (cur_line(publicOnDemandCost="free"), "pricing/publicOnDemandCost"),
        (split_row("x", "0"), "splitLineItem/SplitCost"),
    ],
)
def test_a_field_money_hangs_on_stops_the_month(tmp_path: Path, line, column: str):
    error = stopped(tmp_path, [line])
    assert f"line 2: {column}" in error.problem


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        ("too,few,fields", "Expected Number of Columns"),
        (",".join(["1"] * 60), "Expected Number of Columns"),
        ('"never closed,1,2', "quote"),
    ],
)
def test_a_record_of_another_shape_than_its_header_stops_the_month(
    tmp_path: Path, record: str, reason: str
):
    text = cur_text([cur_line()]) + record + "\n" + cur_text([cur_line()]).split("\n")[1] + "\n"
    error = stopped(tmp_path, text)
    assert "bill-00001.csv.gz" in str(error)
    assert reason.lower() in str(error).lower()


def test_a_file_without_even_a_header_stops_the_month(tmp_path: Path):
    assert "lacks even a header" in stopped(tmp_path, "").problem


def test_a_file_with_a_header_alone_has_no_charges(tmp_path: Path):
    assert charges(read(tmp_path, cur_text([]))).height == 0


def test_newlines_in_a_field_blank_lines_and_windows_ends_lose_no_line(tmp_path: Path):
    lines = [cur_line("1", LineItemDescription="two\nlines"), cur_line("2"), cur_line("3")]
    text = cur_text(lines) + "\n"
    assert sums(read(tmp_path / "1", text))["BilledCost"] == D(6)
    assert sums(read(tmp_path / "2", text.replace("\n", "\r\n")))["BilledCost"] == D(6)
    assert sums(read(tmp_path / "3", text.rstrip("\n")))["BilledCost"] == D(6)


@pytest.mark.parametrize(
    ("line", "column"),
    [
        (cur_line(UsageAmount="many"), "lineItem/UsageAmount"),
        (cur_line(UsageEndDate="later"), "lineItem/UsageEndDate"),
        (cur_line(UsageStartDate=""), "lineItem/UsageStartDate"),
        (cur_line(UsageEndDate="2026-09-01T00:00:00Z"), "lineItem/UsageEndDate"),
        (cur_line() | {"resourceTags/user:model": "a\x07b"}, "tag model"),
        (cur_line() | {"resourceTags/user:model": "x" * 300}, "tag model"),
        (cur_line() | {"resourceTags/user:": "x"}, "tag without a key"),
    ],
)
def test_any_other_bad_field_is_null_and_counted(tmp_path: Path, line, column: str):
    tables = read(tmp_path, [line, cur_line("2.00", ResourceId="i-2")])
    assert sums(tables)["BilledCost"] == exported(tables)["BilledCost"] == D(3)
    rejects = require(pl.read_parquet(tables.rejects), BILL_REJECTS).to_dicts()
    assert [(r["line"], r["column_name"], r["is_fatal"]) for r in rejects] == [(2, column, False)]
    assert any(column in warning and "1 lines" in warning for warning in tables.warnings)


def test_a_tag_value_that_is_left_out_leaves_the_line_s_other_tags(tmp_path: Path):
    line = cur_line() | {"resourceTags/user:a": "x" * 300, "resourceTags/user:b": "kept"}
    assert only(read(tmp_path, [line]))["Tags"] == '{"b":"kept"}'


def test_a_split_row_without_a_parent_is_a_rejected_line(tmp_path: Path):
    tables = read(tmp_path, [cur_line(), split_row("1", "0", ParentResourceId="")])
    counts = pl.read_parquet(tables.files).to_dicts()[0]
    assert (counts["lines_read"], counts["charges"], counts["rejects"]) == (2, 1, 1)


def test_two_currencies_stay_apart_and_that_is_said(tmp_path: Path):
    tables = read(tmp_path, [cur_line("1"), cur_line("2", CurrencyCode="EUR")])
    totals = pl.read_parquet(tables.export_totals).filter(pl.col("basis") == "BilledCost")
    assert dict(totals.select("BillingCurrency", "export_total").iter_rows()) == {
        "USD": D(1),
        "EUR": D(2),
    }
    assert any("EUR 1 charges, USD 1 charges" in warning for warning in tables.warnings)


def test_a_bill_without_invoices_is_said_to_be_unfinished(tmp_path: Path):
    tables = read(tmp_path, [cur_line(InvoiceId=""), cur_line()])
    assert any("1 of 2 lines have no invoice yet" in warning for warning in tables.warnings)
    totals = pl.read_parquet(tables.export_totals)
    assert set(totals["InvoiceId"]) == {"", "INV-1"}


def test_an_unknown_line_type_is_usage_and_counted(tmp_path: Path):
    tables = read(tmp_path, [cur_line(LineItemType="MoonTax")])
    assert only(tables)["ChargeCategory"] == "Usage"
    assert any("'MoonTax' is unknown" in warning for warning in tables.warnings)


def test_columns_may_come_in_any_order_and_differ_between_the_files_of_a_month(tmp_path: Path):
    line = cur_line("2") | {"resourceTags/user:model": "ranker"}
    reversed_columns = cur_text([line], list(line)[::-1])
    files = [
        cur_file(tmp_path / "in", [cur_line("1")], "bill-00001.csv.gz"),
        cur_file(tmp_path / "in", reversed_columns, "bill-00002.csv"),
    ]
    tables = read(tmp_path, files)
    rows = charges(tables).select("BilledCost", "Tags", "x_SourceFile", "x_SourceLine").rows()
    assert rows == [
        (D(1), "{}", "bill-00001.csv.gz", 2),
        (D(2), '{"model":"ranker"}', "bill-00002.csv", 2),
    ]
