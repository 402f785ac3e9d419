"""`sql/billing/alibaba` on single lines: what a line is of, what it costs, and the second sum."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import duckdb
import pytest
from bill_tables import D, select, table

from pipelines.billing.alibaba import FORMAT, MACROS
from pipelines.billing.amounts import MACROS as BASIC
from pipelines.billing.amounts import define_macros
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
LINE = {
    "file": "a.csv",
    "role": "month",
    "tags": "{}",
    "billing_cycle": "2026-09",
    "account_id": "169",
    "item": "PayAsYouGoBill",
    "usage_start": "2026-09-02 10:00:00",
    "usage_end": "2026-09-02 11:00:00",
    "pretax_amount": "9",
    "gross_amount": "12",
    "invoice_discount": "2",
    "currency_code": "CNY",
}
NO_FEE = {"gross_amount": "9", "invoice_discount": "0"}


@pytest.fixture
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as con:
        define_macros(con, {**BASIC, **MACROS})
        yield con


def lines(con: duckdb.DuckDBPyConnection, *rows: dict[str, Any], told: bool = True) -> None:
    numbered = [{**LINE, "line": n, "line_number": n, **row} for n, row in enumerate(rows, start=2)]
    table(con, "raw_text", TEXT, numbered)
    con.execute(f"SET VARIABLE month = '{MONTH}'")
    con.execute(f"CREATE OR REPLACE TEMP VIEW raw_lines AS {sql('billing/alibaba/raw_lines')}")
    define_month(con, FORMAT, month_is_told=told)


def charges(con: duckdb.DuckDBPyConnection, *columns: str) -> list[Any]:
    return select(con, "billing/alibaba/charges", *columns, source="ali", month=MONTH)


def totals(con: duckdb.DuckDBPyConnection, *columns: str) -> list[Any]:
    return select(con, "billing/alibaba/export_totals", *columns, source="ali", month=MONTH)


@pytest.mark.parametrize(
    ("cycle", "month"),
    [("2026-09", "2026-09"), ("202609", "2026-09"), ("2026-13", None), ("Sep", None), (None, None)],
)
def test_a_line_is_of_its_billing_cycle(con, cycle, month):
    lines(con, {"billing_cycle": cycle, "usage_start": "2026-08-15 00:00:00"})
    assert select(con, "billing/alibaba/raw_lines", "line_month") == [(month,)]


def test_a_line_keeps_its_key_whatever_it_costs_and_is_called(con):
    same = {"pretax_amount": "1", "record_id": "7", "instance_name": "x", "tag_text": "a:b"}
    other = {"instance_id": "i-2"}
    lines(con, {}, same, other)
    keys = [key for (key,) in select(con, "billing/alibaba/raw_lines", "line_key")]
    assert keys[0] == keys[1]
    assert keys[2] != keys[0]


@pytest.mark.parametrize(
    ("line", "kind", "currency", "lacks_list"),
    [
        ({}, "PayAsYouGoBill", "CNY", False),
        ({"gross_amount": None}, "PayAsYouGoBill", "CNY", True),
        ({"gross_amount": None, "item": "Refund"}, "Refund", "CNY", False),
        ({"item": None, "item_zh": "预付费账单"}, "SubscriptionOrder", "CNY", False),
        (
            {"item": None, "item_zh": "后付费账单", "currency_code": None},
            "PayAsYouGoBill",
            "CNY",
            False,
        ),
        ({"item": None, "item_zh": "调账", "currency_code": "USD"}, "Adjustment", "USD", False),
        ({"currency_code": None}, "PayAsYouGoBill", None, False),
    ],
)
def test_what_a_line_is_of_is_told_in_english_or_chinese(con, line, kind, currency, lacks_list):
    lines(con, line)
    columns = ("item_kind", "currency", "lacks_list_price")
    assert select(con, "billing/alibaba/raw_lines", *columns) == [(kind, currency, lacks_list)]


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ({}, []),
        ({"pretax_amount": None}, [("PretaxAmount", "is empty", True)]),
        ({"currency_code": None}, [("Currency", "is empty", True)]),
        ({"currency_code": "yuan"}, [("Currency", "is not a currency code", True)]),
        ({"item": "Novelty"}, [("Item", "is unknown: read as usage", False)]),
        ({"item": None}, [("Item", "is empty: read as usage", False)]),
        (
            {"usage_start": "-", "billing_date": "2026-09-02"},
            [("UsageStartTime", "is no time: the billing date stands in", False)],
        ),
        (
            {"usage_start": None},
            [("UsageStartTime", "is no time: the billing cycle stands in", False)],
        ),
        (
            {"usage_end": "2026-09-01 00:00:00"},
            [("UsageEndTime", "is before the start: read as the start", False)],
        ),
        (
            {"item": None, "item_zh": "退款", "currency_code": None},
            [("Currency", "is not told: read as CNY, the only one of the Chinese site", False)],
        ),
    ],
)
def test_a_field_that_is_not_as_it_must_be_is_named(con, line, found):
    lines(con, line)
    columns = ("column_name", "reason", "is_fatal")
    assert select(con, "billing/alibaba/unreadable_fields", *columns) == found


COSTS = {
    "usage": ({}, "9 9 10 12"),
    "usage without gross amount": ({"gross_amount": None}, "9 9 9 9"),
    "usage without discount": ({"invoice_discount": None}, "9 9 9 12"),
    "order": ({"item": "SubscriptionOrder"}, "9 9 10 12"),
    "refund": (
        {"item": "Refund", "pretax_amount": "-9", "gross_amount": "-12", "invoice_discount": "-2"},
        "-9 -9 -10 -12",
    ),
    "adjustment": ({"item": "Adjustment", **NO_FEE}, "9 9 9 9"),
}


@pytest.mark.parametrize("name", COSTS)
def test_what_a_line_costs_and_what_the_second_sum_says(con, name):
    line, wanted = COSTS[name]
    lines(con, line)
    costs = tuple(D(cost) for cost in wanted.split())
    assert charges(con, *BASES) == [costs]
    by_basis = dict(totals(con, "basis", "export_total"))
    assert tuple(by_basis[basis] for basis in BASES) == costs


def test_a_time_is_beijing_time_and_the_month_the_providers(con):
    lines(con, {"usage_start": "2026-09-01 00:00:00", "usage_end": "2026-09-02 00:00:00"})
    columns = ("ChargePeriodStart", "ChargePeriodEnd", "charge_month", "BillingPeriodStart")
    start = datetime(2026, 8, 31, 16)
    assert charges(con, *columns) == [(start, datetime(2026, 9, 1, 16), MONTH, start)]


def test_only_a_whole_month_is_a_statement(con):
    lines(con, {}, {"role": "day"}, {"role": ""})
    assert charges(con, "InvoiceId") == [("169-2026-09",), (None,), (None,)]
    assert [row for row in totals(con, "InvoiceId", "basis", "lines") if row[1] == "ListCost"] == [
        ("", "ListCost", 2),
        ("169-2026-09", "ListCost", 1),
    ]


def test_the_second_sum_leaves_other_months_to_their_own(con):
    lines(con, {}, {"billing_cycle": "202609"}, {"billing_cycle": "2026-08"}, told=False)
    assert {(lines, total) for lines, total in totals(con, "lines", "export_total") if total == 18}
    assert len(charges(con, "BilledCost")) == 2


def test_the_second_sum_says_what_rounding_moved(con):
    lines(con, {"pretax_amount": "1.00000000000000000051", "gross_amount": None})
    assert totals(con, "basis", "export_total", "rounding")[0] == (
        "BilledCost",
        D("1.000000000000000001"),
        D("0"),
    )


def test_the_charges_have_only_columns_of_their_contract(con):
    lines(con, {})
    con.execute(sql("billing/alibaba/charges"), {"source": "ali", "month": MONTH})
    names = {str(column[0]) for column in con.description or ()}
    assert names - {"line_number", "line_key", "line_part"} <= set(CHARGES.columns)


def test_tags_are_told_apart_once_for_each_text(con):
    lines(con, {"tag_text": "key:model value:ranker"}, {"tag_text": "model:rank"}, {})
    assert charges(con, "Tags") == [('{"model":"ranker"}',), ('{"model":"rank"}',), ("{}",)]


def test_orders_and_disagreeing_lines_are_summed_by_currency(con):
    order = {"item": "SubscriptionOrder"}
    lines(con, NO_FEE, order | NO_FEE, order | {"currency_code": "USD"}, {"coupon_discount": "1"})
    assert select(con, "billing/alibaba/line_sums") == [
        ("CNY", 1, D(9), 0, D(0)),
        ("USD", 1, D(9), 1, D(1)),
    ]
