"""Which files of a source are a month's bill, from listings of real folders."""

from pathlib import Path

import pytest
from builders import cur_file, cur_line, write_cur

from assets.deliveries import current_delivery, list_bills, months_delivered
from assets.project import Project
from pipelines.errors import BillUnreadable


def project(folder: Path, path: str) -> Project:
    (folder / "modelspend.toml").write_text(f'[[bills]]\nname = "aws"\npath = "{path}"\n')
    (folder / "catalogue.toml").write_text("")
    return Project.load(folder / "modelspend.toml")


def delivered(project: Project, month: str) -> list[str]:
    listed = list_bills(project, month)["aws"]
    files, _ = current_delivery(project, project.settings.bills[0], month, listed)
    return [file.name for file in files]


def test_the_assembly_the_manifest_names_now_is_the_month(tmp_path: Path):
    write_cur(tmp_path, "2026-09", [cur_line()], assembly="first")
    write_cur(tmp_path, "2026-09", [cur_line()], [cur_line()], assembly="second")
    days = "20260901-20261001/second"
    shop = project(tmp_path, "shop-cur")
    assert delivered(shop, "2026-09") == [f"{days}/shop-cur-1.csv.gz", f"{days}/shop-cur-2.csv.gz"]
    assert months_delivered(shop) == ["2026-09"]


def test_a_single_file_is_the_bill_of_the_month_in_its_lines(tmp_path: Path):
    cur_file(tmp_path, [cur_line(month="2026-08")], "export.csv.gz")
    shop = project(tmp_path, "export.csv.gz")
    assert months_delivered(shop) == ["2026-08"]
    assert delivered(shop, "2026-08") == ["export.csv.gz"]


def test_a_folder_of_files_is_read_month_by_month(tmp_path: Path):
    cur_file(tmp_path / "bills", [cur_line(month="2026-08")], "a.csv")
    cur_file(tmp_path / "bills", [cur_line(month="2026-09")], "b.csv.gz")
    shop = project(tmp_path, "bills")
    assert months_delivered(shop) == ["2026-08", "2026-09"]
    assert delivered(shop, "2026-09") == ["b.csv.gz"]
    cur_file(tmp_path / "bills", [cur_line(month="2026-09")], "c.csv")
    assert delivered(shop, "2026-09") == ["b.csv.gz", "c.csv"]
    assert delivered(shop, "2026-08") == ["a.csv"]
    with pytest.raises(BillUnreadable, match="nothing has been delivered"):
        delivered(shop, "2026-07")


def test_a_month_in_files_is_looked_for_once_and_again_when_the_file_changes(tmp_path: Path):
    file = cur_file(tmp_path, [cur_line(month="2026-08")], "export.csv")
    shop = project(tmp_path, "export.csv")
    assert months_delivered(shop) == ["2026-08"]
    [known] = (shop.cache / "months").glob("*.json")
    known.write_text('["2001-01"]')
    assert months_delivered(shop) == ["2001-01"]
    cur_file(tmp_path, [cur_line(month="2026-08"), cur_line(month="2026-09")], "export.csv")
    assert months_delivered(shop) == ["2026-08", "2026-09"]
    assert Path(file.path).name == "export.csv"


def test_costs_without_an_end_are_of_every_month_another_source_is_delivered_for(tmp_path: Path):
    cur_file(tmp_path / "bills", [cur_line(month="2026-11")], "a.csv")
    own = tmp_path / "own"
    own.mkdir()
    rows = "id,currency,from,until,price,per\nsuite,USD,2026-09-15,,1,month\n"
    (own / "software.csv").write_text(rows)
    rows = "id,currency,from,until,amount\nmeter,USD,2026-08-01,2026-09-01,1\n"
    (own / "electricity.csv").write_text(rows)
    rows = "id,currency,from,until,price,per\nclicks,USD,2026-10-01,2030-10-01,1,once\n"
    (own / "data.csv").write_text(rows)
    (tmp_path / "modelspend.toml").write_text(
        '[[bills]]\nname = "aws"\npath = "bills"\n'
        '[[bills]]\nname = "own"\nformat = "owned"\npath = "own"\n'
    )
    (tmp_path / "catalogue.toml").write_text("")
    shop = Project.load(tmp_path / "modelspend.toml")
    assert months_delivered(shop) == ["2026-08", "2026-09", "2026-10", "2026-11"]
    names = {
        month: [file.name for file in list_bills(shop, month)["own"]]
        for month in ("2026-07", "2026-08", "2026-09", "2027-03")
    }
    assert names == {
        "2026-07": [],
        "2026-08": ["electricity.csv"],
        "2026-09": ["software.csv"],
        "2027-03": ["data.csv", "software.csv"],
    }


def test_the_whole_month_of_alibaba_is_read_and_a_later_month_by_its_days(tmp_path: Path):
    bills = tmp_path / "bills"
    bills.mkdir()
    for dated in ("20260901", "20260902", "202609", "20261001", "20261002"):
        (bills / f"169_BillingItemDetail_{dated}").write_text("BillingCycle,PretaxAmount\n")
    (tmp_path / "modelspend.toml").write_text(
        '[[bills]]\nname = "aws"\nformat = "alibaba"\npath = "bills"\n'
    )
    (tmp_path / "catalogue.toml").write_text("")
    shop = Project.load(tmp_path / "modelspend.toml")
    assert months_delivered(shop) == ["2026-09", "2026-10"]
    assert delivered(shop, "2026-09") == ["169_BillingItemDetail_202609"]
    days = [f"169_BillingItemDetail_202610{day}" for day in ("01", "02")]
    assert delivered(shop, "2026-10") == days
