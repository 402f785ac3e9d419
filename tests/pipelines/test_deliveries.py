"""The manifest says which files are a month's bill: earlier assemblies and half ones are not."""

import json

import pytest

from pipelines.billing.layouts.aws_report import data_files, manifest_of, month_of_file
from pipelines.errors import BillUnreadable

MONTH = "2026-09"
PERIOD = "20260901-20261001"
MANIFEST = f"{PERIOD}/cur-Manifest.json"
NAMES = [
    MANIFEST,
    f"{PERIOD}/first/cur-Manifest.json",
    f"{PERIOD}/first/cur-00001.csv.gz",
    f"{PERIOD}/second/cur-Manifest.json",
    f"{PERIOD}/second/cur-00001.csv.gz",
    f"{PERIOD}/second/cur-00002.csv.gz",
]


def manifest(**changed: object) -> str:
    return json.dumps(
        {
            "contentType": "text/csv",
            "billingPeriod": {"start": "20260901T000000.000Z"},
            "reportKeys": [f"exports/cur/{PERIOD}/second/cur-0000{n}.csv.gz" for n in (1, 2)],
            **changed,
        }
    )


def files(text: str, names: list[str] = NAMES) -> list[str]:
    return data_files("aws", MONTH, MANIFEST, text, names)


def test_only_the_current_assembly_is_read():
    assert files(manifest()) == NAMES[4:]


def test_an_export_that_overwrites_has_no_assembly_folder():
    keys = [f"exports/cur/{PERIOD}/cur-00001.csv.gz"]
    names = [MANIFEST, f"{PERIOD}/cur-00001.csv.gz"]
    assert files(manifest(reportKeys=keys), names) == names[1:]


def test_a_file_the_manifest_names_and_nobody_delivered_stops_the_month():
    with pytest.raises(BillUnreadable, match=r"second/cur-00002\.csv\.gz, which is not there"):
        files(manifest(), NAMES[:-1])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "no JSON"),
        ("[]", "no reportKeys"),
        (manifest(reportKeys="all"), "no reportKeys"),
        (manifest(billingPeriod={"start": "20260801T000000.000Z"}), "another billing period"),
    ],
)
def test_a_manifest_that_is_none_of_this_month_stops_the_month(text, said):
    with pytest.raises(BillUnreadable, match=said):
        files(text)


def test_the_manifest_of_the_month_is_not_that_of_an_assembly():
    assert manifest_of("aws", MONTH, NAMES) == MANIFEST


@pytest.mark.parametrize(
    ("names", "said"),
    [
        ([], "no folder for this billing period"),
        (NAMES[1:], "no manifest"),
        ([f"a/{MANIFEST}", f"b/{MANIFEST}"], "2 reports"),
    ],
)
def test_a_month_without_one_manifest_stops(names, said):
    with pytest.raises(BillUnreadable, match=said):
        manifest_of("aws", MONTH, names)


def test_the_month_of_a_file_is_that_of_its_period_folder():
    assert month_of_file(f"report/{PERIOD}/x.csv") == MONTH
    assert month_of_file("20260901.csv") is None
