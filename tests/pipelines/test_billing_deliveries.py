"""The manifest decides which files are a month's bill; a glob would count a month twice."""

import json

import pytest

from pipelines.billing.deliveries import (
    data_files,
    is_month_manifest,
    loose_files,
    manifest_of,
    month_of_file,
)
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
        (manifest(contentType="Parquet"), "only CSV is read"),
    ],
)
def test_a_manifest_that_is_none_stops_the_month(text: str, problem: str):
    with pytest.raises(BillUnreadable, match=problem):
        files(text)


def test_a_month_without_a_manifest_is_not_guessed_from_its_files():
    with pytest.raises(BillUnreadable, match="no manifest"):
        manifest_of("shop", "2026-09", NAMES[1:2])


def test_files_without_folders_and_manifest_stand_for_themselves():
    assert loose_files(["b.csv", "a.csv.gz", "notes.txt"]) == ["a.csv.gz", "b.csv"]
    assert loose_files(NAMES) == []
    assert loose_files(["a.csv.gz", "cur-Manifest.json"]) == []
