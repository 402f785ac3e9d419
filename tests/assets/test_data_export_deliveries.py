"""Folders as AWS Data Exports fills them, from the listing to the charges of the month's bill."""

import json
from collections.abc import Iterable
from contextlib import closing
from decimal import Decimal
from pathlib import Path

import cur2_builders as cur2
import duckdb
import polars as pl
import pytest
from builders import cur_line

from assets.deliveries import (
    bill_months,
    current_delivery,
    delivery_identities,
    list_bills,
    months_delivered,
)
from assets.object_store import client, fetch_all
from assets.project import Project
from pipelines.billing.reader import read_bill
from pipelines.errors import BillUnreadable

D = Decimal
MONTH = "2026-09"
PARTITION = f"BILLING_PERIOD={MONTH}"
OLD = "2026-09-30T06:14:43.337Z-6b622448-daaa-439c-92f1-afc727f1e0a3"
NEW = "2026-10-02T13:20:01.120Z-019c23aa-11bb-42cc-8d00-3f3b2f0a9c77"


def deliver(
    folder: Path,
    costs: Iterable[str],
    run: str = "",
    *,
    month: str = MONTH,
    export: str = "shop",
    has_manifest: bool = True,
) -> Path:
    """One refresh of an export: a line for each cost, in two files, and the month's manifest."""
    data = folder / "exports" / export / "data" / f"BILLING_PERIOD={month}" / run
    rows = [cur2.cur2_row(cur_line(cost, month=month, ResourceId=f"i-{cost}")) for cost in costs]
    names = []
    for number, part in enumerate((rows[:1], rows[1:]), start=1):
        names.append(f"{export}-{number:05}.snappy.parquet")
        cur2.parquet_file(data, part, names[-1])
    place = data.relative_to(folder).as_posix()
    manifest = {
        "exportArn": f"arn:aws:bcm-data-exports:us-east-1:111111111111:export/{export}",
        "executionId": run.rpartition("Z-")[2],
        "columns": [{"name": name, "type": "string"} for name in rows[0]],
        "dataFiles": [f"s3://billing/{place}/{name}" for name in names],
        "additionalOutputFiles": [],
    }
    if has_manifest:
        metadata = folder / "exports" / export / "metadata" / f"BILLING_PERIOD={month}"
        metadata.mkdir(parents=True, exist_ok=True)
        (metadata / f"{export}-Manifest.json").write_text(json.dumps(manifest))
    return folder / "exports" / export


def project(folder: Path, path: str, **more: str) -> Project:
    (folder / "catalogue.toml").write_text("")
    keys = "".join(f"{key} = {value}\n" for key, value in more.items())
    (folder / "modelspend.toml").write_text(f'[[bills]]\nname = "aws"\npath = "{path}"\n{keys}')
    return Project.load(folder / "modelspend.toml")


def billed(shop: Project, month: str = MONTH) -> tuple[list[Decimal], list[str]]:
    """What the month's charges cost, and what is told of its delivery."""
    [source] = shop.settings.bills
    listed = list_bills(shop, month)[source.name]
    files, delivery = current_delivery(shop, source, month, listed)
    there = fetch_all(files, source.storage, shop.cache)
    with closing(duckdb.connect()) as con:
        con.execute("SET TimeZone = 'UTC'")
        tables = read_bill(
            *(con, source, month, there, shop.base / "work"),
            month_is_told=delivery.month_is_told,
        )
    return sorted(pl.read_parquet(tables.charges)["BilledCost"]), delivery.warnings


PATHS = {
    "the bucket's prefix": "exports",
    "the export": "exports/shop",
    "its data alone": "exports/shop/data",
    "a partition": f"exports/shop/data/{PARTITION}",
}


@pytest.mark.parametrize("path", PATHS.values(), ids=PATHS)
def test_of_every_refresh_an_export_keeps_only_the_current_one_is_the_bill(tmp_path, path: str):
    deliver(tmp_path, ["1", "2"], OLD)
    deliver(tmp_path, ["1", "2.5"], NEW)
    shop = project(tmp_path, path)
    assert months_delivered(shop) == [MONTH]
    if "data" in path:  # without the manifests
        with pytest.raises(BillUnreadable, match="delivered 2 times and no manifest"):
            billed(shop)
        return
    assert billed(shop) == ([D(1), D("2.5")], [])


@pytest.mark.parametrize("path", PATHS.values(), ids=PATHS)
def test_an_export_that_overwrites_is_read_month_by_month(tmp_path: Path, path: str):
    deliver(tmp_path, ["1", "2"])
    deliver(tmp_path, ["4", "8"], month="2026-10")
    shop = project(tmp_path, path)
    one_month = PARTITION in path
    assert months_delivered(shop) == [MONTH] if one_month else [MONTH, "2026-10"]
    assert billed(shop)[0] == [D(1), D(2)]
    if not one_month:
        assert billed(shop, "2026-10")[0] == [D(4), D(8)]


def test_the_manifest_decides_even_for_an_earlier_refresh(tmp_path: Path):
    deliver(tmp_path, ["1", "2.5"], NEW, has_manifest=False)
    deliver(tmp_path, ["1", "2"], OLD)
    assert billed(project(tmp_path, "exports/shop")) == ([D(1), D(2)], [])


def test_a_new_manifest_is_a_new_delivery_and_new_files_without_one_are_none(tmp_path: Path):
    deliver(tmp_path, ["1", "2"], OLD)
    shop = project(tmp_path, "exports/shop")
    first = delivery_identities(shop)
    deliver(tmp_path, ["1", "2.5"], NEW, has_manifest=False)
    assert delivery_identities(shop) == first
    deliver(tmp_path, ["1", "2.5"], NEW)
    assert delivery_identities(shop) != first


def test_refreshes_whose_order_nothing_tells_stop_the_month(tmp_path: Path):
    for run in ("first", "second"):
        deliver(tmp_path, ["1", "2"], run, has_manifest=False)
    with pytest.raises(BillUnreadable, match="delivered 2 times and no manifest"):
        billed(project(tmp_path, "exports/shop"))


def test_two_exports_below_one_path_stop_the_month(tmp_path: Path):
    deliver(tmp_path, ["1", "2"])
    deliver(tmp_path, ["1", "2"], export="shop-focus")
    with pytest.raises(BillUnreadable, match="2 exports have files for it: shop, shop-focus"):
        billed(project(tmp_path, "exports"))


def test_a_focus_export_lies_in_the_same_folders(tmp_path: Path):
    place = tmp_path / "exports/focus/data" / PARTITION
    place.mkdir(parents=True)
    (place / "focus-00001.csv").write_text("BilledCost\n1\n")
    shop = project(tmp_path, "exports/focus", format='"focus"')
    [source] = shop.settings.bills
    assert list(bill_months(shop, source)) == [MONTH]
    files, delivery = current_delivery(shop, source, MONTH, bill_months(shop, source)[MONTH])
    assert [file.name for file in files] == [f"data/{PARTITION}/focus-00001.csv"]
    assert delivery.month_is_told


def test_an_export_is_read_from_its_bucket(tmp_path: Path, s3_endpoint: str):
    export = deliver(tmp_path / "made", ["1", "2"], OLD)
    deliver(tmp_path / "made", ["1", "2.5"], NEW)
    storage = f'{{ endpoint_url = "{s3_endpoint}", region = "us-east-1" }}'
    shop = project(tmp_path, "s3://billing-of-exports/exports/shop", storage=storage)
    [source] = shop.settings.bills
    store = client(source.storage)
    store.create_bucket(Bucket="billing-of-exports")
    for path in export.rglob("*.*"):
        if path.is_file():
            key = f"exports/shop/{path.relative_to(export)}"
            store.upload_file(str(path), "billing-of-exports", key)
    assert months_delivered(shop) == [MONTH]
    assert billed(shop) == ([D(1), D("2.5")], [])
