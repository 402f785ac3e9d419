"""`sql/billing/owned` on single rows: which month a row is of, and what its parts become."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import duckdb
import pytest
from bill_tables import D, select, table

from pipelines.billing.amounts import MACROS, define_macros
from pipelines.billing.owned.format import FORMAT
from pipelines.billing.reader import define_month
from pipelines.contracts import BASES, CHARGES
from pipelines.queries import sql

MONTH = "2026-09"
TEXT = {
    "file": "VARCHAR",
    "line": "BIGINT",
    "line_number": "BIGINT",
    "role": "VARCHAR",
    "tags": "VARCHAR",
} | {column.name: "VARCHAR" for column in FORMAT.columns}
PARTS = {
    "line_number": "BIGINT",
    "part": "VARCHAR",
    "starts_at": "TIMESTAMP",
    "ends_at": "TIMESTAMP",
    "billed": "DECIMAL(38,18)",
    "effective": "DECIMAL(38,18)",
    "quantity": "DECIMAL(38,18)",
    "unit": "VARCHAR",
}
TOTALS = {"line_number": "BIGINT", "billed": "DECIMAL(38,18)", "effective": "DECIMAL(38,18)"}
ROW = {
    "file": "own/hardware.csv",
    "line": 2,
    "line_number": 2,
    "role": "",
    "tags": '{"model":"ranker"}',
    "asset_id": "dgx-01",
    "currency": "USD",
    "starts": "2026-01-10",
}
DAY = {
    "line_number": 2,
    "part": "depreciation",
    "starts_at": datetime(2026, 9, 1),
    "ends_at": datetime(2026, 9, 2),
    "billed": D(0),
    "effective": D("246.35"),
    "quantity": D(24),
    "unit": "Hrs",
}


@pytest.fixture
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as con:
        define_macros(con, MACROS)
        yield con


def lines(con: duckdb.DuckDBPyConnection, *rows: dict[str, Any], month: str = MONTH) -> None:
    numbered = [{**ROW, "line": n, "line_number": n, **row} for n, row in enumerate(rows, start=2)]
    table(con, "raw_text", TEXT, numbered)
    con.execute(f"SET VARIABLE month = '{month}'")
    con.execute(f"CREATE OR REPLACE TEMP VIEW raw_lines AS {sql('billing/owned/raw_lines')}")
    define_month(con, FORMAT, month_is_told=False)


@pytest.mark.parametrize(
    ("row", "month"),
    [
        ({}, MONTH),
        ({"starts": "2026-09-30"}, MONTH),
        ({"starts": "2026-10-01"}, "2026-10"),
        ({"starts": "2026-10-01", "paid_on": "2026-09-15"}, MONTH),
        ({"ends": "2026-09-01"}, "2026-01"),
        ({"ends": "2026-09-02"}, MONTH),
        ({"starts": "soon"}, None),
        ({"starts": None}, None),
    ],
)
def test_a_row_is_of_every_month_it_covers_or_is_paid_in(con, row, month):
    lines(con, row)
    assert select(con, "billing/owned/raw_lines", "line_month", "line_fate") == [(month, "charge")]


@pytest.mark.parametrize(
    ("row", "span"),
    [
        ({}, "2026-01.."),
        ({"ends": "2026-09-01"}, "2026-01..2026-08"),
        ({"ends": "2026-09-02", "paid_on": "2025-12-20"}, "2025-12..2026-09"),
        ({"ends": "2026-02-01", "paid_on": "2026-03-01"}, "2026-01..2026-03"),
        ({"starts": None}, None),
    ],
)
def test_a_row_looked_into_tells_the_span_of_its_months(con, row, span):
    lines(con, row, month="")
    assert select(con, "billing/owned/raw_lines", "line_month") == [(span,)]


def test_a_row_keeps_its_key_whatever_it_costs(con):
    lines(
        con, {"purchase_price": "1"}, {"purchase_price": "2", "name": "x"}, {"starts": "2026-02-01"}
    )
    keys = [key for (key,) in select(con, "billing/owned/raw_lines", "line_key")]
    assert keys[0] == keys[1] == "hardware|dgx-01||2026-01-10|USD"
    assert keys[2] != keys[0]


@pytest.mark.parametrize(
    ("ends", "is_noted"),
    [("2026-09-30", True), ("2026-09-29", False), ("2026-10-01", False), ("2027-09-30", False)],
)
def test_an_end_on_the_last_day_of_this_month_is_noted(con, ends, is_noted):
    lines(con, {"ends": ends})
    found = select(
        con, "billing/owned/unreadable_fields", "line", "column_name", "value", "is_fatal"
    )
    assert found == ([(2, "until", ends, False)] if is_noted else [])


def charges(con: duckdb.DuckDBPyConnection, *columns: str) -> list[Any]:
    return select(con, "billing/owned/charges", *columns, source="own", month=MONTH)


def test_a_part_of_a_row_becomes_a_charge(con):
    lines(con, {"account": "lab", "supplier": "Acme", "name": "DGX", "region": "hall-2"})
    table(con, "owned_parts", PARTS, [DAY])
    wanted = {
        "line_part": "depreciation/2026-09-01",
        "billing_month": MONTH,
        "charge_month": MONTH,
        "ServiceProviderName": "Acme",
        "InvoiceIssuerName": "Acme",
        "InvoiceId": "own-2026-09",
        "BillingAccountId": "lab",
        "ChargePeriodStart": datetime(2026, 9, 1),
        "ChargePeriodEnd": datetime(2026, 9, 2),
        "ChargeCategory": "Usage",
        "ChargeDescription": "Hardware depreciation: DGX",
        "ServiceName": "Owned hardware",
        "ResourceId": "dgx-01",
        "ResourceType": "Machine",
        "RegionId": "hall-2",
        "ConsumedQuantity": D(24),
        "ConsumedUnit": "Hrs",
        "BilledCost": D(0),
        "EffectiveCost": D("246.35"),
        "ContractedCost": D("246.35"),
        "ListCost": D("246.35"),
        "Tags": '{"model":"ranker"}',
        "x_ServiceCode": "owned-hardware",
        "x_SourceLine": 2,
    }
    assert charges(con, *wanted) == [tuple(wanted.values())]


@pytest.mark.parametrize(
    ("part", "kind", "category", "frequency"),
    [
        ("purchase", "Purchase", "Purchase", "One-Time"),
        ("lease", "Lease", "Usage", "Recurring"),
        ("maintenance", "Maintenance", "Usage", "Recurring"),
        ("energy", "Energy", "Usage", "Recurring"),
        ("push", "Bandwidth", "Usage", "Recurring"),
        ("electricity", "Energy", "Usage", "Usage-Based"),
        ("labour", "Labour", "Usage", "Recurring"),
        ("licence", "Licence", "Usage", "Recurring"),
        ("data", "Data", "Usage", "Recurring"),
    ],
)
def test_each_part_has_a_name_that_rules_can_match(con, part, kind, category, frequency):
    lines(con, {})
    table(con, "owned_parts", PARTS, [DAY | {"part": part}])
    columns = ("x_LineItemType", "ChargeCategory", "ChargeFrequency", "x_UsageType")
    assert charges(con, *columns) == [(kind, category, frequency, f"hardware/{part}")]


@pytest.mark.parametrize(
    ("file", "service"),
    [
        ("electricity.csv", "Electricity"),
        ("x/labour-2026.csv.gz", "Labour"),
        ("Software.csv", "Software licences"),
        ("data.parquet", "Third-party data"),
    ],
)
def test_the_name_of_a_file_says_what_it_costs(con, file, service):
    lines(con, {"file": file, "asset_id": None, "id": "x"})
    table(con, "owned_parts", PARTS, [DAY])
    assert charges(con, "ServiceName", "ResourceId", "HostProviderName") == [(service, "x", None)]


def test_the_charges_have_only_columns_of_their_contract(con):
    lines(con, {})
    table(con, "owned_parts", PARTS, [DAY])
    con.execute(sql("billing/owned/charges"), {"source": "own", "month": MONTH})
    names = {str(column[0]) for column in con.description or ()}
    assert names - {"line_number", "line_key", "line_part"} <= set(CHARGES.columns)


def test_the_totals_are_those_of_the_rows_by_who_invoices_them(con):
    lines(con, {}, {"supplier": "Acme", "invoice_id": "R-7", "account": "lab"}, {"currency": "EUR"})
    worked_out = [(2, "10", "1"), (3, "0", "5.5"), (4, "0", "2")]
    rows = [{"line_number": n, "billed": D(b), "effective": D(e)} for n, b, e in worked_out]
    table(con, "owned_totals", TOTALS, rows)
    found = select(
        con,
        "billing/owned/export_totals",
        "BillingAccountId",
        "InvoiceId",
        "InvoiceIssuerName",
        "BillingCurrency",
        "basis",
        "lines",
        "export_total",
        source="own",
        month=MONTH,
    )
    wanted = []
    for key, billed, effective in (
        (("", "own-2026-09", "Own", "EUR"), D(0), D(2)),
        (("", "own-2026-09", "Own", "USD"), D(10), D(1)),
        (("lab", "R-7", "Acme", "USD"), D(0), D("5.5")),
    ):
        costs = dict.fromkeys(BASES, effective) | {"BilledCost": billed}
        wanted += [(*key, basis, 1, costs[basis]) for basis in sorted(BASES)]
    assert found == wanted
