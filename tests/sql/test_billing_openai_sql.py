"""`sql/billing/openai` on single results: what a line is of, what it costs, and the second sum."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import duckdb
import pytest
from bill_tables import D, select, table

from pipelines.billing.amounts import define_macros
from pipelines.billing.openai import FORMAT
from pipelines.billing.reader import define_month
from pipelines.contracts import BASES
from pipelines.queries import sql

MONTH = "2026-09"
TEXT = {
    "file": "VARCHAR",
    "line": "BIGINT",
    "line_number": "BIGINT",
    "role": "VARCHAR",
    "tags": "VARCHAR",
} | {column.name: "VARCHAR" for column in FORMAT.columns}
LINE = {
    "file": "a.json",
    "start_time": "2026-09-02T00:00:00Z",
    "end_time": "2026-09-03T00:00:00Z",
    "amount_value": "0.06",
    "amount_currency": "usd",
    "line_item": "gpt-4o, cached input",
}


@pytest.fixture
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as con:
        define_macros(con)
        yield con


def lines(con: duckdb.DuckDBPyConnection, *rows: dict[str, Any]) -> None:
    numbered = [{**LINE, "line": n, "line_number": n, **row} for n, row in enumerate(rows, start=2)]
    table(con, "raw_text", TEXT, numbered)
    con.execute(f"SET VARIABLE month = '{MONTH}'")
    con.execute(f"CREATE OR REPLACE TEMP VIEW raw_lines AS {sql('billing/openai/raw_lines')}")
    define_month(con, FORMAT, month_is_told=False)


def test_a_replaced_line_is_left_out_and_does_not_share_its_key(con):
    lines(con, {"replaced_by": "b.json"}, {"amount_value": "9"}, {"replaced_by": "b.json"})
    found = select(con, "billing/openai/raw_lines", "line_month", "line_fate", "line_key")
    assert [row[:2] for row in found] == [
        (MONTH, "left_out"),
        (MONTH, "charge"),
        (MONTH, "left_out"),
    ]
    assert len({key for *_, key in found}) == 3


def test_the_key_of_a_line_holds_no_amount(con):
    lines(con, {}, {"amount_value": "9", "quantity": "3"}, {"project_id": "p"})
    first, again, other = (row[0] for row in select(con, "billing/openai/raw_lines", "line_key"))
    assert first == again != other


def test_a_charge_has_one_amount_on_all_bases_and_its_quantity_in_its_unit(con):
    lines(con, {"quantity": "3", "quantity_unit": "tokens"}, {"quantity": "3", "end_time": "soon"})
    columns = (*BASES, "SkuMeter", "ConsumedQuantity", "ConsumedUnit", "ChargePeriodEnd")
    told = {"source": "openai", "month": MONTH}
    third = datetime(2026, 9, 3)
    assert select(con, "billing/openai/charges", *columns, **told) == [
        (*[D("0.06")] * 4, "cached input", D(3), "tokens", third),
        (*[D("0.06")] * 4, "cached input", None, None, third),
    ]


def test_the_second_sum_leaves_out_what_was_replaced_and_other_months(con):
    lines(
        con,
        {},
        {"amount_value": "1e-2"},
        {"amount_value": "5", "replaced_by": "b.json"},
        {"amount_value": "7", "start_time": "2026-10-01T00:00:00Z"},
        {"amount_value": "2", "amount_currency": "EUR"},
    )
    columns = ("BillingCurrency", "basis", "lines", "export_total")
    told = {"source": "openai", "month": MONTH}
    found = select(con, "billing/openai/export_totals", *columns, **told)
    assert sorted(found) == sorted(
        (currency, basis, number, total)
        for currency, number, total in (("USD", 2, D("0.07")), ("EUR", 1, D(2)))
        for basis in BASES
    )


def test_what_must_be_there_is_missed(con):
    lines(con, {"amount_value": None}, {"amount_currency": "dollars"}, {"end_time": None})
    columns = ("line", "column_name", "reason", "is_fatal")
    assert sorted(select(con, "billing/openai/unreadable_fields", *columns)) == [
        (2, "amount.value", "is empty", True),
        (3, "amount.currency", "is not a currency code", True),
        (4, "end_time", "is not after the start: read as a day", False),
    ]
