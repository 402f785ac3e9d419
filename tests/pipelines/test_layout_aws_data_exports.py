"""Which files of AWS Data Exports are a month's bill, from their names and manifests alone."""

import csv
import json
from pathlib import Path

import pytest

from pipelines.billing.layouts import Delivery
from pipelines.billing.layouts.aws_data_exports import AwsDataExports, partition_in
from pipelines.billing.layouts.known import layout_of
from pipelines.errors import BillUnreadable

LAYOUT = AwsDataExports()
DATA = "data/BILLING_PERIOD=2026-09"
MANIFEST = "metadata/BILLING_PERIOD=2026-09/shop-Manifest.json"
OLD = "2026-09-30T06:14:43.337Z-6b622448-daaa-439c-92f1-afc727f1e0a3"
NEW = "2026-10-02T13:20:01.120Z-019c23aa-11bb-42cc-8d00-3f3b2f0a9c77"
BUCKET = "s3://billing/exports/shop"


def choose(*names: str, **manifests: object) -> Delivery:
    """The delivery among names; `manifests`: the files a manifest names, by run or of the month."""
    texts = {
        (
            MANIFEST if place == "month" else f"{MANIFEST.rpartition('/')[0]}/{place}/Manifest.json"
        ): (files if isinstance(files, str) else json.dumps({"dataFiles": files, "columns": []}))
        for place, files in manifests.items()
    }
    return LAYOUT.choose("shop", "2026-09", [*names, *texts], texts)


def test_a_partition_tells_its_month_and_is_recognised():
    names = [f"{DATA}/shop-00001.snappy.parquet", MANIFEST]
    assert layout_of(names).name == "aws-data-exports"
    assert [LAYOUT.month_of(name) for name in (*names, "readme.txt")] == ["2026-09"] * 2 + [None]
    assert [LAYOUT.is_manifest(name) for name in names] == [False, True]
    assert LAYOUT.month_of("BILLING_PERIOD=2026-09/shop-00001.csv.gz") == "2026-09"
    assert LAYOUT.month_of(f"billing_period=2026-09/{NEW}/shop-00001.csv.gz") == "2026-09"
    assert layout_of(["bills/a.csv"]).name == "loose"


def test_the_manifest_names_the_files_of_an_export_that_overwrites():
    names = [f"{DATA}/shop-0000{n}.csv.gz" for n in (1, 2, 3)]
    delivery = choose(*names, month=[f"{BUCKET}/{names[1]}", f"{BUCKET}/{names[0]}"])
    assert delivery == Delivery([names[1], names[0]])


@pytest.mark.parametrize(
    "named",
    [
        "{bucket}/{file}",
        "exports/shop/{file}",
        "{file}",
        {"path": "{bucket}/{file}", "size": 1},
    ],
    ids=["url", "key", "name", "object"],
)
def test_the_manifest_names_the_current_run_of_an_export_that_keeps_every_run(named):
    names = [f"{DATA}/{run}/shop-00001.snappy.parquet" for run in (OLD, NEW)]

    def entry(file: str) -> object:
        if isinstance(named, dict):
            return {**named, "path": named["path"].format(bucket=BUCKET, file=file)}
        return named.format(bucket=BUCKET, file=file)

    assert choose(*names, month=[entry(names[1])]) == Delivery([names[1]])
    assert choose(*names, month=[entry(names[0])]) == Delivery([names[0]])


def test_where_only_runs_have_manifests_the_latest_one_decides():
    names = [f"{DATA}/{run}/shop-00001.snappy.parquet" for run in (OLD, NEW)]
    manifests = {run: [f"{BUCKET}/{name}"] for run, name in zip((OLD, NEW), names, strict=True)}
    assert choose(*names, **manifests) == Delivery([names[1]])
    assert choose(*names, **manifests, month=[f"{BUCKET}/{names[0]}"]) == Delivery([names[0]])


def test_without_a_manifest_several_refreshes_stop_the_month_and_one_is_read_with_a_warning():
    names = [f"{DATA}/{run}/shop-0000{n}.csv.gz" for n in (1, 2) for run in (NEW, OLD)]
    with pytest.raises(BillUnreadable, match="delivered 2 times and no manifest") as stopped:
        choose(*names)
    assert OLD in stopped.value.problem
    assert NEW in stopped.value.problem
    assert "copy it too" in stopped.value.look_at

    delivery = choose(*(name for name in names if NEW in name))
    assert delivery.files == [f"{DATA}/{NEW}/shop-0000{n}.csv.gz" for n in (1, 2)]
    assert delivery.month_is_told
    assert delivery.warnings == [
        "the export has no manifest for the month: all 2 files of its partition are read."
    ]


def test_without_a_manifest_a_partition_that_is_overwritten_is_read_whole_and_that_is_said():
    names = [f"BILLING_PERIOD=2026-09/shop-0000{n}.csv.gz" for n in (2, 1)]
    delivery = choose(*names)
    assert delivery.files == names[::-1]
    assert delivery.warnings == [
        "the export has no manifest for the month: all 2 files of its partition are read."
    ]


@pytest.mark.parametrize(
    "runs",
    [
        ["first", "second"],
        [OLD, "copy"],
        [NEW, f"{NEW.partition('Z-')[0]}Z-ffffffff"],
    ],
    ids=["no times", "one time", "the same time"],
)
def test_manifests_of_runs_whose_order_nothing_tells_stop_the_month(runs):
    names = [f"{DATA}/{run}/shop-00001.csv.gz" for run in runs]
    manifests = {run: [f"{BUCKET}/{name}"] for run, name in zip(runs, names, strict=True)}
    with pytest.raises(BillUnreadable) as stopped:
        choose(*names, **manifests)
    text = str(stopped.value)
    assert "was delivered 2 times and neither a manifest nor the names of the folders tell" in text
    assert all(run in text for run in runs)


def test_a_run_beside_files_of_the_partition_stops_the_month():
    names = [f"{DATA}/{NEW}/shop-00001.csv.gz", f"{DATA}/shop-00001.csv.gz"]
    with pytest.raises(BillUnreadable, match=r"delivered 2 times .*\(no folder\)"):
        choose(*names)


def test_a_single_run_needs_no_time():
    assert choose(f"{DATA}/copy/shop-00001.csv.gz").files == [f"{DATA}/copy/shop-00001.csv.gz"]


@pytest.mark.parametrize(
    ("names", "manifests", "problem"),
    [
        (
            [f"a/{DATA}/a-00001.csv.gz", f"b/{DATA}/b-00001.csv.gz"],
            {},
            "2 exports have files for it: a, b",
        ),
        (
            [f"{DATA}/a-00001.csv.gz", f"{DATA}/b-00001.csv.gz"],
            {},
            "2 exports have files for it: a, b",
        ),
        (
            [f"{DATA}/shop-00001.csv.gz", "metadata/BILLING_PERIOD=2026-09/other-Manifest.json"],
            {"month": []},
            "2 exports have a manifest for it",
        ),
        ([f"{DATA}/shop-00001.csv.gz"], {"month": "{"}, "its manifest is no JSON"),
        ([f"{DATA}/shop-00001.csv.gz"], {"month": "[]"}, "its manifest names no dataFiles"),
        (
            [f"{DATA}/shop-00001.csv.gz"],
            {"month": [f"{BUCKET}/{DATA}/shop-0000{n}.csv.gz" for n in (1, 2, 3)]},
            r"names s3://.*/shop-00002.csv.gz, which is not there \(2 files of 3 are missing\)",
        ),
        (
            [f"{DATA}/{OLD}/shop-00001.csv.gz"],
            {"month": [f"{BUCKET}/{DATA}/{NEW}/shop-00001.csv.gz"]},
            "which is not there",
        ),
        (
            [f"{DATA}/shop-00001.csv.gz"],
            {"month": [f"{BUCKET}/data/BILLING_PERIOD=2026-08/shop-00001.csv.gz"]},
            r"that of another billing period \(2026-08\)",
        ),
        (
            [f"{DATA}/shop-00001.csv.gz", f"{DATA}/shop-00003.csv.gz"],
            {},
            "file shop-00002 of it is missing",
        ),
        ([f"{DATA}/_SUCCESS"], {}, "no file that can hold lines of a bill"),
    ],
)
def test_a_delivery_that_is_none_is_named(names, manifests, problem):
    with pytest.raises(BillUnreadable, match=problem):
        choose(*names, **manifests)


def test_a_real_bucket_is_read_refresh_by_refresh(shared_data: Path):
    schema = shared_data / "billing/aws-cur2-schema/fivetran_cur2_flattened.csv"
    with schema.open(newline="") as text:
        listed = sorted({row["_file"] for row in csv.DictReader(text)})
    created = [name for name in listed if name.startswith("new_standard_with_prefix_create/")]
    months = {name: LAYOUT.month_of(name) for name in created}
    assert sorted(months.values()) == ["2024-03"] * 7 + ["2024-04"]
    texts: dict[str, str] = {}
    march = [name for name, month in months.items() if month == "2024-03"]
    runs = {name.split("BILLING_PERIOD=2024-03/")[1].split("/")[0] for name in march}
    with pytest.raises(BillUnreadable, match=f"delivered {len(runs)} times and no manifest"):
        LAYOUT.choose("shop", "2024-03", march, texts)
    assert LAYOUT.choose("shop", "2024-03", [max(march)], texts).files == [max(march)]
    exports = [name for name in listed if LAYOUT.month_of(name) == "2024-03"]
    with pytest.raises(BillUnreadable, match="3 exports have files for it"):
        LAYOUT.choose("shop", "2024-03", exports, texts)
    assert layout_of([name for name in listed if "20221201" in name]).name == "aws-report"


@pytest.mark.parametrize(
    ("path", "partition"),
    [
        ("s3://b/exports/shop/data/BILLING_PERIOD=2026-09/", "BILLING_PERIOD=2026-09"),
        (f"shop/BILLING_PERIOD=2026-09/{NEW}", f"BILLING_PERIOD=2026-09/{NEW}"),
        ("shop/data", ""),
        ("shop/data/BILLING_PERIOD=2026-09/*.parquet", ""),
        ("shop/data/BILLING_PERIOD=2026-09/shop-00001.csv.gz", ""),
    ],
)
def test_a_path_into_a_partition_tells_the_month_of_what_lies_below(path, partition):
    assert partition_in(path) == partition
