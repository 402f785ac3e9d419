"""The manifest decides which files are a month's bill; a glob would count a month twice."""

import json

import pytest

from pipelines.billing.layouts.aws_report import (
    data_files,
    is_month_manifest,
    manifest_of,
    month_of_file,
)
from pipelines.billing.layouts.known import layout_of
from pipelines.errors import BillUnreadable

SEPTEMBER = "cur/20260901-20261001"
NAMES = [
    f"{SEPTEMBER}/cur-Manifest.json",
    f"{SEPTEMBER}/old/cur-1.csv.gz",
    f"{SEPTEMBER}/old/cur-Manifest.json",
    f"{SEPTEMBER}/new/cur-1.csv.gz",
    f"{SEPTEMBER}/new/cur-Manifest.json",
]


def manifest(*keys: str, start: str = "20260901T000000.000Z", **more: str) -> str:
    return json.dumps({"billingPeriod": {"start": start}, "reportKeys": list(keys), **more})


def files(text: str, names: list[str] = NAMES) -> list[str]:
    return data_files("shop", "2026-09", NAMES[0], text, names)


def test_only_the_month_s_own_manifest_counts():
    assert manifest_of("shop", "2026-09", NAMES) == NAMES[0]
    assert [name for name in NAMES if is_month_manifest(name)] == [NAMES[0]]
    assert month_of_file(NAMES[1]) == "2026-09"


def test_the_manifest_s_keys_are_found_whatever_lies_above_the_period_folder():
    key = "bucket/prefix/cur/20260901-20261001/new/cur-1.csv.gz"
    assert files(manifest(key)) == [NAMES[3]]
    below = [name.removeprefix("cur/") for name in NAMES]
    assert files(manifest(key), below) == ["20260901-20261001/new/cur-1.csv.gz"]


def test_an_export_that_overwrites_has_no_assembly_folder():
    names = [NAMES[0], f"{SEPTEMBER}/cur-00001.csv.gz"]
    assert files(manifest(f"x/{names[1]}"), names) == [names[1]]


def test_a_file_the_manifest_names_and_that_is_not_there_is_named():
    with pytest.raises(BillUnreadable, match=r"new/cur-2\.csv\.gz, which is not there"):
        files(manifest(f"{SEPTEMBER}/new/cur-1.csv.gz", f"{SEPTEMBER}/new/cur-2.csv.gz"))


def test_a_manifest_without_files_says_the_month_is_empty():
    assert files(manifest()) == []


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("{", "no JSON"),
        ("[]", "names no reportKeys"),
        (manifest(start="20260801T000000.000Z"), "another billing period"),
    ],
)
def test_a_manifest_that_is_none_stops_the_month(text: str, problem: str):
    with pytest.raises(BillUnreadable, match=problem):
        files(text)


def test_a_month_without_a_manifest_is_not_guessed_from_its_files():
    with pytest.raises(BillUnreadable, match="no manifest"):
        manifest_of("shop", "2026-09", NAMES[1:2])


def test_files_without_folders_are_all_the_bill_of_the_months_in_their_lines():
    names = ["b.csv", "a.csv.gz", "part-1.parquet", "notes.md", "_SUCCESS.csv", ".hidden.csv"]
    layout = layout_of(names)
    assert [layout.month_of(name) for name in names] == [None] * len(names)
    delivery = layout.choose("shop", "2026-09", names, {})
    assert delivery.files == ["b.csv", "a.csv.gz", "part-1.parquet"]
    assert not delivery.month_is_told


def test_a_period_folder_is_aws_s_if_it_ends_on_the_first_of_the_next_month():
    assert layout_of(NAMES).name == "aws-report"
    assert layout_of(["exports/cost/20260901-20260930/run/part_0_0001.csv"]).name != "aws-report"
