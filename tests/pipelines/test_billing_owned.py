"""Costs on no cloud bill, read through the reader: every day exact, every month alone."""

import csv
import io
from datetime import date, datetime
from decimal import Decimal as D
from fractions import Fraction as F
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest

from pipelines.billing.layouts.owned_folder import OwnedFolder
from pipelines.billing.owned import months_of
from pipelines.billing.owned.rows import COLUMNS
from pipelines.billing.owned.totals import month_totals
from pipelines.billing.reader import BillTables, read_bill
from pipelines.contracts import BASES
from pipelines.errors import BillUnreadable
from pipelines.files import LocalFile
from pipelines.months import months_between
from pipelines.settings import BillSource

Line = dict[str, str]
MACHINE: Line = {
    "asset_id": "dgx-01",
    "currency": "USD",
    "from": "2026-01-10",
    "purchase_price": "300000",
    "residual_share": "0.1",
    "life_years": "3",
}
METER: Line = {"id": "meter", "currency": "USD", "from": "2026-09-01", "until": "2026-10-01"}
TEAM: Line = {"id": "ml-ops", "currency": "USD", "from": "2026-01-01"}
LICENCE: Line = {"id": "suite", "currency": "USD", "from": "2026-01-01"}


def file(folder: Path, name: str, *lines: Line) -> LocalFile:
    columns = list(dict.fromkeys(column for line in lines for column in line))
    out = io.StringIO()
    writer = csv.DictWriter(out, columns, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(lines)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(out.getvalue())
    return LocalFile(str(folder / name), name, len(out.getvalue()), "etag")


def read(folder: Path, *files: LocalFile, month: str = "2026-09") -> BillTables:
    source = BillSource(name="own", format="owned", path="own")
    with duckdb.connect() as con:
        return read_bill(con, source, month, files, folder / "work" / month, month_is_told=False)


def charges(tables: BillTables) -> pl.DataFrame:
    frame = pl.read_parquet(tables.charges)
    totals = pl.read_parquet(tables.export_totals)
    for basis in BASES:  # every test reconciles
        told = totals.filter(pl.col("basis") == basis)
        for currency in frame["BillingCurrency"].unique():
            made = frame.filter(pl.col("BillingCurrency") == currency)[basis]
            wanted = told.filter(pl.col("BillingCurrency") == currency)["export_total"]
            assert sum(made, D(0)) == sum(wanted, D(0))
    return frame.sort("x_SourceFile", "x_SourceLine", "x_LineItemType", "ChargePeriodStart")


def one_kind(tables: BillTables, kind: str) -> pl.DataFrame:
    return charges(tables).filter(pl.col("x_LineItemType") == kind)


def cost(tables: BillTables, kind: str, basis: str = "EffectiveCost") -> D:
    return sum(one_kind(tables, kind)[basis], D(0))


def error(folder: Path, *files: LocalFile, month: str = "2026-09") -> str:
    with pytest.raises(BillUnreadable) as raised:
        read(folder, *files, month=month)
    return str(raised.value)


# --- a machine that is owned ----------------------------------------------------------------------


def test_a_bought_machine_is_written_off_by_the_day(tmp_path: Path):
    tables = read(tmp_path, file(tmp_path, "hardware.csv", MACHINE))
    days = one_kind(tables, "Hardware depreciation")
    life = (date(2029, 1, 10) - date(2026, 1, 10)).days
    assert days.height == 30
    assert abs(days["EffectiveCost"][0] - D(270_000) / life) < D("1e-17")
    assert set(days["BilledCost"]) == {D(0)}
    assert set(days["ConsumedQuantity"]) == {D(24)}
    assert set(days["ConsumedUnit"]) == {"Hrs"}
    first = days.row(0, named=True)
    assert first["ChargePeriodStart"] == datetime(2026, 9, 1)
    assert first["ChargePeriodEnd"] == datetime(2026, 9, 2)
    assert first["ResourceId"] == "dgx-01"
    assert first["ListCost"] == first["ContractedCost"] == first["EffectiveCost"]
    assert (first["ChargeCategory"], first["ChargeFrequency"]) == ("Usage", "Recurring")
    assert first["x_UsageType"] == "hardware/depreciation"


def months_of_a_life(folder: Path, row: Line, last: str) -> dict[str, D]:
    """Each cost of a row over its life, every month read alone."""
    hardware = file(folder, "hardware.csv", row)
    costs: dict[str, D] = {}
    for month in months_between(row["from"][:7], last):
        for line in charges(read(folder, hardware, month=month)).to_dicts():
            kind = line["x_LineItemType"]
            basis = "BilledCost" if kind == "Purchase" else "EffectiveCost"
            costs[kind] = costs.get(kind, D(0)) + line[basis]
    return costs


LIFE = {"from": "2026-01-31", "life_years": "0.5", "purchase_price": "33333.33"}


def test_the_months_of_a_life_add_up_to_it_and_each_can_be_read_alone(tmp_path: Path):
    costs = months_of_a_life(tmp_path, MACHINE | LIFE | {"units": "7"}, "2026-08")
    assert costs == {
        "Purchase": 7 * D("33333.33"),
        "Hardware depreciation": 7 * D("33333.33") * D("0.9"),
    }


@pytest.mark.parametrize("years", ["0.5", "1"])
def test_interest_is_charged_over_the_life_and_billed_never(tmp_path: Path, years: str):
    lent = {"depreciation": "capital_recovery", "rate": "0.0725", "life_years": years}
    costs = months_of_a_life(tmp_path, MACHINE | LIFE | lent, "2027-02")
    n = D(years)
    grown = D("1.0725") ** n
    wanted = D("33333.33") * D("0.9") * n * D("0.0725") * grown / (grown - 1)
    assert abs(costs["Hardware depreciation"] - wanted) < D("1e-17")
    assert costs["Purchase"] == D("33333.33")


def test_a_machine_sold_early_costs_the_days_it_was_there(tmp_path: Path):
    sold = {"until": "2026-05-05", "maintenance_per_month": "17.77", "spread": "month"}
    costs = months_of_a_life(tmp_path, MACHINE | LIFE | sold, "2026-06")
    days = (date(2026, 5, 5) - date(2026, 1, 31)).days
    lost = F("33333.33") * F("0.9") * days / 181
    assert abs(F(costs["Hardware depreciation"]) - lost) <= F(1, 2 * 10**18)
    months = F(1, 31) + 3 + F(4, 31)
    assert abs(F(costs["Maintenance"]) - F("17.77") * months) <= F(1, 2 * 10**18)


def test_the_purchase_is_billed_in_its_month_and_effective_nowhere(tmp_path: Path):
    bought = MACHINE | {"paid_on": "2025-12-20", "supplier": "Acme", "invoice_id": "R-7"}
    hardware = file(tmp_path, "hardware.csv", bought)
    [paid] = charges(read(tmp_path, hardware, month="2025-12")).to_dicts()
    assert (paid["ChargeCategory"], paid["ChargeFrequency"]) == ("Purchase", "One-Time")
    assert [paid[basis] for basis in BASES] == [D(300_000), 0, 0, 0]
    assert paid["ChargePeriodStart"] == datetime(2025, 12, 20)
    assert (paid["InvoiceIssuerName"], paid["InvoiceId"]) == ("Acme", "R-7")
    january = read(tmp_path, hardware, month="2026-01")
    assert cost(january, "Purchase", "BilledCost") == 0
    assert one_kind(january, "Hardware depreciation").height == 22


def test_a_machine_that_is_written_off_works_on_for_nothing(tmp_path: Path):
    hardware = file(tmp_path, "hardware.csv", MACHINE | {"life_years": "0.5"})
    july = one_kind(read(tmp_path, hardware, month="2026-07"), "Hardware depreciation")
    assert [bool(value) for value in july["EffectiveCost"]] == [True] * 9 + [False] * 22
    assert set(july["ConsumedQuantity"]) == {D(24)}


def test_what_a_sold_machine_was_still_worth_is_said(tmp_path: Path):
    sold = MACHINE | {"until": "2026-09-20", "residual_share": "", "life_years": "1"}
    tables = read(tmp_path, file(tmp_path, "hardware.csv", sold))
    left = D(300_000) * 112 / 365
    assert one_kind(tables, "Hardware depreciation").height == 19
    assert tables.warnings == [
        f"2026-09: source 'own': dgx-01 left on 2026-09-20 with {left:,.2f} USD not written off "
        "yet: no cost of any model."
    ]


def test_availability_makes_fewer_hours_not_another_cost(tmp_path: Path):
    always = read(tmp_path, file(tmp_path, "hardware.csv", MACHINE))
    seldom = read(tmp_path, file(tmp_path, "hardware.csv", MACHINE | {"availability": "0.95"}))
    assert cost(always, "Hardware depreciation") == cost(seldom, "Hardware depreciation")
    assert set(one_kind(seldom, "Hardware depreciation")["ConsumedQuantity"]) == {D("22.8")}


# --- leases, energy, maintenance, edge ------------------------------------------------------------

LEASED: Line = {"asset_id": "gx", "currency": "USD", "from": "2026-01-01", "units": "2"}


@pytest.mark.parametrize(
    ("rate", "per", "september", "february"),
    [
        ("900", "month", D(1800), D(1800)),
        ("900", "", D(1800), D(1800)),
        ("12000", "year", D(2000), D(2000)),
        ("30", "day", D(1800), D(1680)),
        ("1.25", "hour", D(1800), D(1680)),
    ],
)
def test_a_lease_costs_its_rate_per_period(
    tmp_path: Path, rate: str, per: str, september: D, february: D
):
    lease = LEASED | {"lease_rate": rate, "lease_per": per}
    hardware = file(tmp_path, "hardware.csv", lease)
    for month, wanted in (("2026-09", september), ("2026-02", february)):
        days = one_kind(read(tmp_path, hardware, month=month), "Lease")
        assert sum(days["EffectiveCost"], D(0)) == wanted
        assert list(days["BilledCost"]) == list(days["EffectiveCost"])
        assert set(days["ConsumedQuantity"]) == {D(48)}


def test_a_lease_that_begins_within_a_month_costs_that_part_of_its_days(tmp_path: Path):
    lease = LEASED | {"from": "2026-09-21", "lease_rate": "900", "units": ""}
    assert cost(read(tmp_path, file(tmp_path, "hardware.csv", lease)), "Lease") == D(300)


def test_an_edge_fleet_costs_energy_maintenance_and_the_models_pushed_to_it(tmp_path: Path):
    fleet = {
        "asset_id": "edge",
        "currency": "CNY",
        "from": "2026-01-01",
        "units": "500",
        "lease_rate": "10",
        "power_kw": "0.03",
        "load": "0.5",
        "hours_per_day": "12",
        "pue": "1.2",
        "tariff_per_kwh": "0.8",
        "maintenance_per_month": "0.6",
        "push_gb_per_month": "1.5",
        "price_per_gb": "0.02",
        "tag:model": "ranker",
    }
    tables = read(tmp_path, file(tmp_path, "hardware.csv", fleet))
    costs = {kind: cost(tables, kind) for kind in ("Lease", "Energy", "Maintenance", "Bandwidth")}
    assert costs == {
        "Lease": D(5000),
        "Energy": D("2592"),  # 500 x 0.03 kW x 0.5 x 12 h x 1.2 x 30 days x 0.8
        "Maintenance": D(300),
        "Bandwidth": D(15),
    }
    assert sum(one_kind(tables, "Energy")["ConsumedQuantity"], D(0)) == D(3240)
    assert sum(one_kind(tables, "Bandwidth")["ConsumedQuantity"], D(0)) == D(750)
    assert set(charges(tables)["Tags"]) == {'{"model":"ranker"}'}


# --- electricity, labour, software, data ----------------------------------------------------------


def test_metered_energy_is_spread_over_the_days_it_was_read_for(tmp_path: Path):
    meter = METER | {"from": "2026-08-20", "until": "2026-09-20", "kwh": "3100", "pue": "1.5"}
    electricity = file(tmp_path, "electricity.csv", meter | {"price_per_kwh": "0.1"})
    august = one_kind(read(tmp_path, electricity, month="2026-08"), "Energy")
    september = one_kind(read(tmp_path, electricity), "Energy")
    assert (august.height, september.height) == (12, 19)
    assert set(september["EffectiveCost"]) == {D(15)}
    assert set(september["ConsumedQuantity"]) == {D(150)}
    assert set(september["ChargeFrequency"]) == {"Usage-Based"}


def test_an_invoice_of_electricity_needs_no_meter(tmp_path: Path):
    invoice = METER | {"amount": "1000", "spread": "month", "asset_id": "hall-2"}
    [charge] = charges(read(tmp_path, file(tmp_path, "electricity.csv", invoice))).to_dicts()
    assert [charge[basis] for basis in BASES] == [D(1000)] * 4
    assert charge["ConsumedQuantity"] is None
    assert charge["ResourceId"] == "hall-2"
    assert charge["ChargePeriodEnd"] == datetime(2026, 10, 1)


def test_labour_is_people_by_the_month_or_hours_by_the_rate(tmp_path: Path):
    team = TEAM | {"fte": "2", "monthly_rate": "12000", "share": "0.25"}
    hours = METER | {"id": "labelling", "hours": "120", "hourly_rate": "35.5"}
    labour = file(tmp_path, "labour.csv", team, hours)
    frame = charges(read(tmp_path, labour))
    assert set(frame["x_LineItemType"]) == {"Labour"}
    by_id = {
        name: (sum(rows["EffectiveCost"], D(0)), sum(rows["ConsumedQuantity"], D(0)))
        for (name,), rows in frame.group_by("ResourceId")
    }
    assert by_id == {"ml-ops": (D(6000), D("0.5")), "labelling": (D(4260), D(120))}


def test_licences_are_priced_by_gpu_seat_or_flat(tmp_path: Path):
    software = file(
        tmp_path,
        "software.csv",
        LICENCE | {"id": "gpu", "unit": "gpu", "quantity": "8", "price": "4500", "per": "year"},
        LICENCE | {"id": "seat", "unit": "seat", "quantity": "3", "price": "20", "per": "month"},
        LICENCE | {"id": "flat", "price": "500", "per": "month"},
    )
    frame = charges(read(tmp_path, software))
    costs = {n: sum(rows["BilledCost"], D(0)) for (n,), rows in frame.group_by("ResourceId")}
    assert costs == {"gpu": D(3000), "seat": D(60), "flat": D(500)}
    units = dict(frame.group_by("ResourceId").agg(pl.first("ConsumedUnit")).iter_rows())
    assert units == {"gpu": "GPU-Months", "seat": "Seat-Months", "flat": None}


def test_data_bought_once_is_used_up_over_its_term(tmp_path: Path):
    bought = METER | {"id": "clicks", "until": "2027-09-01", "price": "3650", "per": "once"}
    tables = read(tmp_path, file(tmp_path, "data.csv", bought))
    assert cost(tables, "Purchase", "BilledCost") == D(3650)
    assert set(one_kind(tables, "Data")["EffectiveCost"]) == {D(10)}
    assert cost(tables, "Data", "BilledCost") == 0


# --- the bill as a whole --------------------------------------------------------------------------


def test_a_charge_keeps_its_id_when_its_price_changes(tmp_path: Path):
    ids = [
        set(charges(read(tmp_path, file(tmp_path, "hardware.csv", MACHINE | more)))["x_ChargeId"])
        for more in ({}, {"purchase_price": "310000"})
    ]
    assert ids[0] == ids[1]
    assert len(ids[0]) == 30


def test_a_row_of_other_months_is_counted_and_left_to_them(tmp_path: Path):
    past = LEASED | {"lease_rate": "1", "until": "2026-09-01"}
    later = LEASED | {"lease_rate": "1", "from": "2026-10-01"}
    now = LEASED | {"lease_rate": "900"}
    tables = read(tmp_path, file(tmp_path, "hardware.csv", past, later, now))
    counts = pl.read_parquet(tables.files).row(0, named=True)
    assert (counts["lines_read"], counts["charges"], counts["other_months"]) == (3, 1, 2)
    assert cost(tables, "Lease") == D(1800)


def test_currencies_stay_apart(tmp_path: Path):
    rows = [LEASED | {"lease_rate": "900", "currency": c} for c in ("USD", "CNY")]
    tables = read(tmp_path, file(tmp_path, "hardware.csv", *rows))
    totals = pl.read_parquet(tables.export_totals).filter(pl.col("basis") == "BilledCost")
    assert dict(totals.select("BillingCurrency", "export_total").iter_rows()) == {
        "CNY": D(1800),
        "USD": D(1800),
    }


def test_rows_that_agree_word_for_word_are_charged_and_named(tmp_path: Path):
    row = LEASED | {"lease_rate": "900"}
    tables = read(tmp_path, file(tmp_path, "hardware.csv", row, row))
    assert cost(tables, "Lease") == D(3600)
    assert charges(tables)["x_ChargeId"].n_unique() == 60
    assert tables.warnings == [
        "2026-09: source 'own': 1 rows repeat another word for word, for example hardware.csv, "
        "line 3: all are charged."
    ]


def test_an_end_on_the_last_day_of_the_month_is_asked_about(tmp_path: Path):
    tables = read(
        tmp_path,
        file(
            tmp_path,
            "labour.csv",
            METER | {"until": "2026-09-30", "hours": "29", "hourly_rate": "1"},
        ),
    )
    assert charges(tables).height == 29
    assert any(
        "until is the last day of a month and leaves that day out" in w for w in tables.warnings
    )


def test_semicolons_and_gzip_are_read_as_well(tmp_path: Path):
    text = "asset_id;currency;from;lease_rate\ngx;USD;2026-01-01;900\n"
    (tmp_path / "hardware.csv").write_text(text)
    found = LocalFile(str(tmp_path / "hardware.csv"), "own/hardware.csv", len(text), "etag")
    assert cost(read(tmp_path, found), "Lease") == D(900)


@pytest.mark.parametrize(
    ("name", "row", "told"),
    [
        ("hardware.csv", {"purchase_price": "1.2.3"}, "purchase_price '1.2.3' is not a number"),
        ("hardware.csv", {"purchase_price": "-5"}, "purchase_price '-5' is below 0"),
        ("hardware.csv", {"residual_share": "10"}, "residual_share '10' is above 1: a share"),
        ("hardware.csv", {"life_years": ""}, "life_years is empty"),
        (
            "hardware.csv",
            {"life_years": "36000"},
            "life_years '36000' is above 100: is it in months?",
        ),
        ("hardware.csv", {"life_years": "0.3"}, "life_years '0.3' is not a whole number of months"),
        ("hardware.csv", {"rate": "0.1"}, "rate '0.1' belongs to depreciation 'capital_recovery'"),
        ("hardware.csv", {"depreciation": "capital_recovery"}, "rate is empty"),
        (
            "hardware.csv",
            {"depreciation": "degressive"},
            "'degressive' is not one of straight_line",
        ),
        ("hardware.csv", {"lease_rate": "9"}, "lease_rate '9' does not belong to a machine that"),
        ("hardware.csv", {"currency": "Dollar"}, "currency 'Dollar' is not a currency code"),
        ("hardware.csv", {"asset_id": ""}, "asset_id is empty"),
        ("hardware.csv", {"id": "x"}, "id 'x' does not belong here"),
        (
            "hardware.csv",
            {"from": "2026-09-10", "until": "2026-09-10"},
            "until '2026-09-10' is not after 'from'",
        ),
        ("hardware.csv", {"until": "2026-13-01"}, "until '2026-13-01' is not a day"),
        (
            "hardware.csv",
            {"pue": "0.9", "power_kw": "1", "tariff_per_kwh": "1"},
            "pue '0.9' is below 1",
        ),
        ("hardware.csv", {"tariff_per_kwh": "1"}, "power_kw is empty"),
        ("hardware.csv", {"availability": "0"}, "availability '0' must be above 0"),
        ("hardware.csv", {"push_gb_per_month": "1"}, "price_per_gb is empty"),
        (
            "hardware.csv",
            {"purchase_price": "", "life_years": "", "residual_share": ""},
            "purchase_price is empty, and so is every other cost of this row",
        ),
        ("electricity.csv", {"until": "", "amount": "1"}, "until is empty: a meter or an invoice"),
        ("electricity.csv", {}, "amount is empty, and so is kwh"),
        ("electricity.csv", {"kwh": "1"}, "price_per_kwh is empty"),
        (
            "electricity.csv",
            {"amount": "1", "price_per_kwh": "1"},
            "contradicts the invoice's amount",
        ),
        ("labour.csv", {"hours": "1", "fte": "1", "hourly_rate": "1"}, "fte '1' contradicts hours"),
        ("labour.csv", {"fte": "1"}, "monthly_rate is empty"),
        ("labour.csv", {"fte": "1", "monthly_rate": "1", "share": "25"}, "share '25' is above 1"),
        (
            "software.csv",
            {"price": "1", "per": "week"},
            "per 'week' is not one of hour, day, month",
        ),
        (
            "software.csv",
            {"price": "1", "per": "month", "quantity": "2"},
            "quantity '2' belongs to a",
        ),
        ("data.csv", {"price": "1", "per": "once", "until": ""}, "a price paid once is for a term"),
        (
            "data.csv",
            {"price": "1", "per": "year", "paid_on": "2026-01-01"},
            "belongs to a price paid",
        ),
    ],
)
def test_a_field_that_cannot_be_charged_stops_the_month(
    tmp_path: Path, name: str, row: dict[str, str], told: str
):
    base = MACHINE if name == "hardware.csv" else METER
    text = error(tmp_path, file(tmp_path, name, base | row))
    assert f"{name}, line 2: " in text
    assert told in text


def test_all_fields_at_fault_are_kept_as_rejects(tmp_path: Path):
    wrong = file(tmp_path, "hardware.csv", MACHINE | {"residual_share": "2", "units": "0"}, MACHINE)
    with pytest.raises(BillUnreadable) as raised:
        read(tmp_path, wrong)
    assert [(r["line"], r["column_name"]) for r in raised.value.rejects] == [
        (2, "residual_share"),
        (2, "units"),
    ]
    assert "1 more such fields follow" in str(raised.value)


def test_a_mistyped_column_is_not_ignored(tmp_path: Path):
    text = error(tmp_path, file(tmp_path, "hardware.csv", MACHINE | {"residual_shar": "0.5"}))
    assert (
        "hardware.csv has a column 'residual_shar' that hardware.csv does not know; the nearest "
        "there is is 'residual_share'" in text
    )


def test_a_file_of_another_name_is_not_guessed(tmp_path: Path):
    text = error(tmp_path, file(tmp_path, "machines.csv", MACHINE))
    assert "machines.csv is none of hardware.csv, electricity.csv, labour.csv" in text


def test_energy_by_formula_and_by_meter_is_not_counted_twice(tmp_path: Path):
    powered = MACHINE | {"power_kw": "10", "tariff_per_kwh": "0.1", "until": "2026-09-15"}
    hardware = file(tmp_path, "hardware.csv", powered)
    metered = METER | {"asset_id": "dgx-01", "amount": "1"}
    text = error(tmp_path, hardware, file(tmp_path, "electricity.csv", metered))
    assert "asset_id 'dgx-01' has energy by the hardware file's tariff_per_kwh" in text
    after = file(tmp_path, "electricity.csv", metered | {"from": "2026-09-15"})
    assert cost(read(tmp_path, hardware, after), "Energy") == D(337)  # 14 days by formula, 1


# --- the second code path, the months, the folder -------------------------------------------------


def test_the_second_code_path_finds_a_wrong_charge(tmp_path: Path):
    texts: dict[str, Any] = {column.name: None for column in COLUMNS}
    texts |= {"starts": "2026-09-01", "purchase_price": "36500", "life_years": "1"}
    assert month_totals("hardware", texts, "2026-09") == (D(36_500), D(3_000))
    assert month_totals("hardware", texts, "2027-08") == (D(0), D(3_100))
    assert month_totals("hardware", texts, "2027-09") == (D(0), D(0))
    assert month_totals("hardware", texts, "2026-08") == (D(0), D(0))


def test_the_months_of_a_file_end_with_the_one_that_is_asked_for():
    rows = [("2026-02-10", None, "2026-01-31"), ("2025-11-01", "2025-12-01", None), (None,) * 3]
    assert months_of(rows, "2026-04") == ["2025-11", "2026-01", "2026-02", "2026-03", "2026-04"]
    assert months_of([("2026-05-01", None, None)], "2026-04") == []


def test_every_known_file_of_the_folder_is_read_for_every_month():
    layout = OwnedFolder()
    names = ["README.md", "hardware.csv", "labour-2026.csv.gz", "old.csv"]
    delivery = layout.choose("own", "2026-09", names, {})
    assert delivery.files == ["hardware.csv", "labour-2026.csv.gz"]
    assert delivery.warnings == ["old.csv is none of the known files: not read."]
    assert not delivery.month_is_told
    assert layout.recognises(["README.md", "x/data.csv", "x/software.csv"])
    assert not layout.recognises(["x/data.csv"])  # any export may be named so
    assert not layout.recognises(names)
    with pytest.raises(BillUnreadable, match="its folder has none of hardware"):
        layout.choose("own", "2026-09", ["old.csv"], {})
