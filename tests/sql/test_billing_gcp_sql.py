"""The files of `sql/billing/gcp` on tiny lines of Google's export."""

import random
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import duckdb
import pytest
from bill_tables import D, Row, select, table

from pipelines.billing.amounts import MACROS as BASIC
from pipelines.billing.amounts import define_macros
from pipelines.billing.gcp import FORMAT
from pipelines.billing.gcp_text import MACROS
from pipelines.billing.reader import define_month
from pipelines.money import split
from pipelines.queries import load, materialise, sql

MONTH = "2026-09"
TEXT = {
    "file": "VARCHAR",
    "line": "BIGINT",
    "line_number": "BIGINT",
    "role": "VARCHAR",
    "tags": "VARCHAR",
} | {column.name: "VARCHAR" for column in FORMAT.columns}
HOUR = {
    "invoice_month": "202609",
    "billing_account_id": "account",
    "service_description": "Compute Engine",
    "sku_id": "CORE",
    "sku_description": "N2 Instance Core running in Americas",
    "usage_start": "2026-09-02T10:00:00Z",
    "usage_end": "2026-09-02T11:00:00Z",
    "cost": "1",
    "currency": "USD",
    "credits": "[]",
}
POOLS = {
    "pool": "VARCHAR",
    "side": "VARCHAR",
    "used": "DECIMAL(38,18)",
    "is_whole": "BOOLEAN",
    "divisor": "HUGEINT",
}
SPEND = '{"type": "COMMITTED_USAGE_DISCOUNT_DOLLAR_BASE", "amount": -0.5, "id": "c"}'
FEE = {
    "sku_id": "FEE",
    "sku_description": "Commitment - dollar based v1: GCE for 1 year",
    "labels": '[{"key": "goog-originating-sku-id", "value": "CORE"}]',
    "subscription_id": "sub",
}


@pytest.fixture(scope="module")
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as opened:
        define_macros(opened, {**BASIC, **MACROS})
        opened.execute(f"SET VARIABLE month = '{MONTH}'")
        yield opened


def raw_text(con: duckdb.DuckDBPyConnection, *rows: Row) -> None:
    """The text of an export: hours that cost 1 USD, changed; lines are numbered from 2 on."""
    place = [{"file": "a.csv", "line": n + 2, "line_number": n + 2} for n in range(len(rows))]
    table(con, "raw_text", TEXT, [{**HOUR, **p, **row} for p, row in zip(place, rows, strict=True)])
    con.execute(f"CREATE OR REPLACE TEMP TABLE raw_lines AS {sql('billing/gcp/raw_lines')}")
    define_month(con, FORMAT, month_is_told=False)


def noted(con: duckdb.DuckDBPyConnection, *rows: Row) -> None:
    """As `raw_text`, with the tables that `prepare` makes before it looks at pools."""
    raw_text(con, *rows)
    materialise(con, "gcp_label_texts", "billing/gcp/label_texts")
    materialise(con, "gcp_credits", "billing/gcp/credits")
    materialise(con, "gcp_noted_lines", "billing/gcp/noted_lines")
    materialise(con, "gcp_members", "billing/gcp/members")


def test_the_records_of_a_nested_export_are_taken_apart(con: duckdb.DuckDBPyConnection) -> None:
    usage = '{"amount": 0.12345678901234567890, "unit": "seconds", "pricing_unit": ""}'
    nested = {
        "invoice_month": '{"month": "202609"}',
        "sku_id": None,
        "sku_record": "{'id': 'S', 'description': \"Bob's\"}",
        "project_record": '{"id": "p", "labels": [{"key": "k", "value": "v"}]}',
        "location_record": None,
        "zone": "us-central1-b",
        "usage_record": usage,
    }
    raw_text(con, nested, {"project_record": '{"labels": null}'})
    columns = ("invoice_month", "sku_id", "project_labels", "usage_amount", "pricing_unit", "zone")
    pairs = '[{"key":"k","value":"v"}]'
    assert select(con, "billing/gcp/flat_text", *columns) == [
        ("202609", "S", pairs, "0.12345678901234567890", None, "us-central1-b"),
        ("202609", "CORE", None, None, None, None),
    ]


def test_a_line_is_of_its_invoice_s_month_whatever_its_timestamps_say(
    con: duckdb.DuckDBPyConnection,
) -> None:
    late = {"usage_start": "2026-08-31T23:00:00Z"}
    raw_text(con, late, {"invoice_month": "2026-10"}, {"invoice_month": "202613"})
    lines = select(con, "billing/gcp/raw_lines", "line_month", "line_fate", "lacks_invoice")
    assert lines == [
        ("2026-09", "charge", False),
        ("2026-10", "charge", False),
        (None, "charge", False),
    ]


def test_the_key_of_a_line_is_the_same_from_every_shape_and_tells_no_amount(
    con: duckdb.DuckDBPyConnection,
) -> None:
    raw_text(
        con,
        {"tier_start": "0"},
        {"tier_start": "0.0", "usage_start": "2026-09-02 10:00:00 UTC", "cost": "2"},
        {"sku_id": "OTHER"},
    )
    keys = [key for (key,) in select(con, "billing/gcp/raw_lines", "line_key")]
    assert keys[0] == keys[1] != keys[2]


def test_a_missing_list_cost_is_missed_on_usage_alone(con: duckdb.DuckDBPyConnection) -> None:
    raw_text(con, {}, {"cost_at_list": "1"}, {"cost_type": "tax"}, FEE)
    lacking = select(con, "billing/gcp/raw_lines", "lacks_list_price")
    assert lacking == [(True,), (False,), (False,), (False,)]


def test_fields_that_cannot_be_read_are_named(con: duckdb.DuckDBPyConnection) -> None:
    raw_text(
        con,
        {},
        {"currency": None},
        {"cost": None},
        {"credits": "{}"},
        {"credits": '[{"amount": "x"}]'},
        {"labels": "a"},
        {"usage_end": "2026-09-02T09:00:00Z"},
    )
    found = select(con, "billing/gcp/unreadable_fields", "line", "column_name", "is_fatal")
    assert sorted(found) == [
        (3, "currency", True),
        (4, "cost", True),
        (5, "credits", True),
        (6, "credits", True),
        (7, "labels", False),
        (8, "usage_end_time", False),
    ]


def test_the_files_of_an_account_are_those_that_charge_it(con: duckdb.DuckDBPyConnection) -> None:
    raw_text(con, {}, {"file": "b.csv"}, {"invoice_month": "202610", "file": "c.csv"})
    assert select(con, "billing/gcp/account_files") == [
        ("account", "a.csv", 1),
        ("account", "b.csv", 1),
    ]


def test_a_text_of_labels_is_read_once_and_keeps_the_first_of_a_key(
    con: duckdb.DuckDBPyConnection,
) -> None:
    python = "[{'key': 'a', 'value': None}, {'key': 'a', 'value': '2'}, {'key': 'b', 'value': '3'}]"
    raw_text(con, {"labels": python}, {"labels": python}, {"system_labels": "[]"}, {"labels": "no"})
    columns = ("label_members", "tag_members", "project_members")
    assert select(con, "billing/gcp/label_texts", *columns) == [
        (',"a":"","b":"3"', ',"tag/a":"","tag/b":"3"', ',"project/a":"","project/b":"3"')
    ]


def test_credits_are_told_apart_by_what_they_are_for(con: duckdb.DuckDBPyConnection) -> None:
    raw_text(
        con,
        {"credits": f'[{SPEND}, {{"type": "PROMOTION", "amount": -0.123456789012345678}}]'},
        {"credits": "[{'name': 'Committed Usage Discount: CPU', 'amount': Decimal('-0.1')}]"},
        {"credits": '{"list": [{"element": {"type": "FREE_TIER", "amount": "-1"}}]}'},
    )
    found = select(con, "billing/gcp/credits", "line_number", "credit_number", "use", "amount")
    assert sorted(found) == [
        (2, 1, "spend", D("-0.5")),
        (2, 2, "payment", D("-0.123456789012345678")),
        (3, 1, "resource", D("-0.1")),
        (4, 1, "discount", D("-1")),
    ]


def test_unknown_credits_are_counted_by_type(con: duckdb.DuckDBPyConnection) -> None:
    odd = {"credits": '[{"type": "ODD", "amount": -1}, {"type": "PROMOTION", "amount": -2}]'}
    noted(con, odd, odd)
    assert select(con, "billing/gcp/unknown_credits") == [("USD", "ODD", 2, D(-2))]


def test_lines_with_credits_and_fees_are_noted(con: duckdb.DuckDBPyConnection) -> None:
    offset = {"sku_id": "NEW", "credits": '[{"type": "FEE_UTILIZATION_OFFSET", "amount": -1}]'}
    noted(con, {}, FEE, {"credits": f"[{SPEND}]"}, offset, {"sku_id": "NEW"})
    columns = ("line_number", "is_fee", "is_new_model", "lowered_cost", "originating_sku")
    assert sorted(select(con, "billing/gcp/noted_lines", *columns)) == [
        (3, True, False, D(1), "CORE"),
        (4, False, False, D("0.5"), None),
        (5, True, True, D(0), None),
        (6, True, True, D(1), None),
    ]


def test_a_fee_and_what_it_names_are_members_of_a_pool(con: duckdb.DuckDBPyConnection) -> None:
    credits = {"credits": f"[{SPEND}]"}
    noted(con, FEE, {**FEE, "labels": "[]"}, credits, {**credits, "currency": "EUR"})
    members = select(con, "billing/gcp/members", "side", "line_number", "pool", "money")
    assert sorted(members) == [
        ("fee", 2, "account|USD|spend|sku CORE", D(1)),
        ("usage", 4, "account|USD|spend|sku CORE", D("0.5")),
        ("usage", 5, "account|EUR|spend|rest", D("0.5")),
    ]
    pools = select(con, "billing/gcp/pools", "pool", "side", "lines", "money", "is_attributed")
    assert pools == [
        ("account|EUR|spend|rest", "usage", 1, D("0.5"), False),
        ("account|USD|spend|sku CORE", "fee", 1, D(1), True),
        ("account|USD|spend|sku CORE", "usage", 1, D("0.5"), True),
    ]


MEMBERS = {
    "pool": "VARCHAR",
    "side": "VARCHAR",
    "line_number": "BIGINT",
    "use": "VARCHAR",
    "line_key": "VARCHAR",
    "line_order": "VARCHAR",
    "money": "DECIMAL(38,18)",
}


def shares(con: duckdb.DuckDBPyConnection, used: Decimal, weights: list[Decimal]) -> list[Decimal]:
    members = [
        {
            "pool": "p",
            "side": "usage",
            "line_number": n,
            "use": "spend",
            "line_key": f"{n:05}",
            "money": weight,
        }
        for n, weight in enumerate(weights)
    ]
    table(con, "gcp_members", MEMBERS, members)
    pool: dict[str, Any] = {"pool": "p", "side": "usage", "is_whole": False}
    load(con, "gcp_pools", POOLS, [{**pool, "used": str(used), "divisor": "1"}])
    found = select(con, "billing/gcp/shares", "line_number", "share")
    return [share for _, share in sorted(found)]


@pytest.mark.parametrize("seed", range(20))
def test_shares_are_those_of_the_one_exact_split(con: duckdb.DuckDBPyConnection, seed: int) -> None:
    pick = random.Random(seed)  # noqa: S311 -- test data
    weights = [D(pick.randint(0, 10**9)).scaleb(-9) for _ in range(pick.randint(1, 30))]
    weights.append(D("0.000000001"))
    used = D(pick.randint(1, 10**24)).scaleb(-18)
    units = [int(weight.scaleb(18)) for weight in weights]
    assert shares(con, used, weights) == split(used, units)


def test_a_negative_weight_takes_back_its_share(con: duckdb.DuckDBPyConnection) -> None:
    found = shares(con, D("0.10"), [D(3), D(1), D(-1)])
    assert sum(found) == D("0.10")
    assert [share.quantize(D("0.0001")) for share in found] == [
        D("0.1000"),
        D("0.0333"),
        D("-0.0333"),
    ]


def prepared(con: duckdb.DuckDBPyConnection, *rows: Row) -> None:
    """Lines with a fee that is used whole."""
    noted(con, *rows)
    whole = {"pool": "account|USD|spend|sku CORE", "used": "1", "is_whole": True, "divisor": "1"}
    load(con, "gcp_pools", POOLS, [{**whole, "side": side} for side in ("fee", "usage")])
    materialise(con, "gcp_shares", "billing/gcp/shares")
    materialise(con, "gcp_parts", "billing/gcp/parts")


def test_a_line_is_made_into_its_parts(con: duckdb.DuckDBPyConnection) -> None:
    rest = {**FEE, "labels": "[]"}
    both = {"credits": f'[{SPEND}, {{"type": "PROMOTION", "amount": -0.25}}]'}
    prepared(con, {}, FEE, rest, both)
    columns = ("line_number", "line_part", "role", "billed", "effective", "commitment_id")
    assert sorted(select(con, "billing/gcp/parts", *columns)) == [
        (3, "", "fee", D(1), D(0), "sub"),
        (4, "", "fee", D(1), D(0), "sub"),
        (4, "unused", "unused", D(0), D(1), "sub"),
        (5, "", "covered", D("0.5"), D("1.5"), "sub"),
        (5, "credit-2", "credit", D("-0.25"), D("-0.25"), None),
    ]
    made = ("line_number", "line_part", "ChargeCategory", "EffectiveCost", "ListCost")
    params = {"source": "google", "month": MONTH}
    assert sorted(select(con, "billing/gcp/charges", *made, **params)) == [
        (2, "", "Usage", D(1), D(1)),
        (3, "", "Purchase", D(0), D(0)),
        (4, "", "Purchase", D(0), D(0)),
        (4, "unused", "Usage", D(1), D(0)),
        (5, "", "Usage", D("1.5"), D(1)),
        (5, "credit-2", "Credit", D("-0.25"), D(0)),
    ]


def test_the_export_s_total_is_cost_and_credits_of_the_month(
    con: duckdb.DuckDBPyConnection,
) -> None:
    modelled = {"model_description": "Flexible", "default_cost": "1.5", "cost_at_list": "2"}
    raw_text(
        con,
        {"credits": f"[{SPEND}]"},
        FEE,
        modelled,
        {"invoice_month": "202610"},
        {"cost": "0.0000000000000000001"},
    )
    columns = ("BillingAccountId", "BillingCurrency", "basis", "lines", "export_total", "rounding")
    found = select(con, "billing/gcp/export_totals", *columns, source="google", month=MONTH)
    assert found == [
        ("account", "USD", "BilledCost", 4, D("2.5"), D(0)),
        ("account", "USD", "ContractedCost", 4, D("2.5"), D(0)),
        ("account", "USD", "EffectiveCost", 4, D("2.5"), D(0)),
        ("account", "USD", "ListCost", 4, D(3), D(0)),
    ]
