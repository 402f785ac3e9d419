"""The files of `sql/billing` that read, count and date lines, one by one on tiny lines.

`charges.sql` has its tests in `test_billing_charges_sql`, plans and totals in
`test_billing_plans_sql`, unreadable fields in `test_billing_unreadable_sql`.
"""

import json
from collections.abc import Iterator
from datetime import datetime
from hashlib import md5
from pathlib import Path
from typing import Any

import duckdb
import pytest
from bill_tables import (
    DOUBLES,
    MONTH,
    D,
    connection,
    parquet,
    raw_lines,
    raw_text,
    select,
    table,
)

from pipelines.billing.aws import COLUMNS
from pipelines.contracts import CHARGES
from pipelines.queries import materialise


@pytest.fixture(scope="module")
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    with connection() as opened:
        yield opened


@pytest.mark.parametrize(
    ("line", "fate"),
    [
        ({}, "charge"),
        ({"operation": "RunInstances"}, "charge"),
        ({"operation": "EKSPod-EC2"}, "rejected"),
        ({"operation": "ECSTask-EC2", "split_cost": "1"}, "rejected"),
        ({"parent_resource_id": "i-1"}, "rejected"),
        ({"parent_resource_id": "i-1", "split_cost": "1"}, "split"),
    ],
)
def test_a_split_row_names_a_parent_or_a_pod_s_operation(
    con: duckdb.DuckDBPyConnection, line: dict[str, str], fate: str
) -> None:
    raw_text(con, line)
    assert select(con, "billing/aws/raw_lines", "line_fate") == [(fate,)]


def test_an_issuer_is_who_invoices_else_who_sells_else_aws(con: duckdb.DuckDBPyConnection) -> None:
    raw_text(
        con, {"invoicing_entity": "EMEA", "legal_entity": "Inc."}, {"legal_entity": "Inc."}, {}
    )
    assert select(con, "billing/aws/raw_lines", "issuer") == [("EMEA",), ("Inc.",), ("AWS",)]


ABOUT = {
    "billing_period_start",
    *("payer_account_id", "usage_account_id", "invoicing_entity", "legal_entity"),
    *("currency_code", "line_item_type", "product_code", "usage_type", "operation"),
    *("resource_id", "usage_start", "usage_end", "sku", "plan_arn", "reservation_arn"),
    *("tax_type", "parent_resource_id"),
}


@pytest.mark.parametrize("column", [*(column.name for column in COLUMNS), "tags", "file", "line"])
def test_a_line_s_key_is_what_it_is_about_and_not_what_may_be_restated(
    con: duckdb.DuckDBPyConnection, column: str
) -> None:
    raw_text(con, {}, {column: 77 if column == "line" else "something else"})
    (before,), (after,) = select(con, "billing/aws/raw_lines", "line_key")
    assert (before != after) == (column in ABOUT)


def test_a_key_tells_apart_the_columns_a_text_stands_in(con: duckdb.DuckDBPyConnection) -> None:
    raw_text(con, {"usage_type": "a"}, {"operation": "a"}, {"resource_id": "a"})
    assert len(set(select(con, "billing/aws/raw_lines", "line_key"))) == 3


@pytest.mark.parametrize(
    "text",
    ["2026-09-02 10:00:00", "2026-09-02T10:00:00.000Z", "2026-09-02 12:00:00+02"],
)
def test_an_instant_in_another_form_is_the_same_instant_in_a_key(
    con: duckdb.DuckDBPyConnection, text: str
) -> None:
    raw_text(con, {}, {"usage_start": text}, {"usage_start": "whenever"})
    one, same, other = select(con, "billing/aws/raw_lines", "line_key")
    assert one == same != other


@pytest.mark.parametrize(
    ("line", "tags"),
    [
        ({"resource_tag_map": '{"user_b":"2","user_a":"1","aws_c":"3"}'},
         '{"a":"1","aws:c":"3","b":"2"}'),
        ({"resource_tag_map": '{"user_a":""}'}, "{}"),
        ({"tag_map": '{"resourceTags/user:A":"1","user:b":"2","costCategory/C":"3"}',
          "resource_tag_map": '{"user_a":"1"}'},
         '{"A":"1","b":"2","costCategory/C":"3"}'),
        ({"tag_map": "{}", "resource_tag_map": '{"user_a":"1"}', "cost_category_map": '{"c":"3"}'},
         '{"costCategory/c":"3","a":"1"}'),
        ({"tag_map": "none", "cost_category_map": '{"c":"3"}'}, "{}"),
    ],
)  # fmt: skip
def test_tags_of_maps_have_the_keys_of_the_legacy_report(
    con: duckdb.DuckDBPyConnection, line: dict[str, str], tags: str
) -> None:
    raw_lines(con, line, line, {})
    maps = [line.get(name, "") for name in ("tag_map", "resource_tag_map", "cost_category_map")]
    assert select(con, "billing/aws/tag_texts") == [(*maps, tags)]


def test_what_only_the_product_map_says_is_read_from_it(con: duckdb.DuckDBPyConnection) -> None:
    names = ("product_name", "region", "instance_type", "product_family")
    said = dict(zip(names, "abcd", strict=True))
    raw_text(con, {"product_map": json.dumps(said)}, {"product_map": "none", **said}, {})
    found = select(con, "billing/aws/raw_lines", *names)
    assert found == [tuple("abcd"), tuple("abcd"), (None,) * 4]


def test_no_text_is_no_lines(con: duckdb.DuckDBPyConnection) -> None:
    raw_text(con)
    assert select(con, "billing/aws/raw_lines") == []


def doubles(con: duckdb.DuckDBPyConnection, *lines: dict[str, Any]) -> dict[int, int]:
    raw_lines(con, *lines)
    return dict(select(con, "billing/doubled_lines", *DOUBLES))


def test_only_lines_with_a_key_seen_twice_are_numbered_from_the_second_on(
    con: duckdb.DuckDBPyConnection,
) -> None:
    keys = ("a", "b", "a", "c", "a")
    assert doubles(con, *({"line_key": key} for key in keys)) == {4: 2, 6: 3}
    assert doubles(con, {}, {}) == {}
    assert doubles(con) == {}


@pytest.mark.parametrize(
    "column", ["description", "tags", "usage_amount", "unblended_cost", "public_cost"]
)
def test_the_same_lines_have_the_same_numbers_in_any_order(
    con: duckdb.DuckDBPyConnection, column: str
) -> None:
    lines = [{"line_key": "a", column: text} for text in ("3", "1", None, "2")]
    numbers = {2: 3, 5: 2, 4: 4}  # nothing comes last
    assert doubles(con, *lines) == numbers
    assert doubles(con, *lines[::-1]) == {7 - line: n for line, n in numbers.items()}


def test_net_totals_keep_payers_and_currencies_apart_and_count_the_lines_that_have_one(
    con: duckdb.DuckDBPyConnection,
) -> None:
    raw_lines(
        con,
        {"unblended_cost": "10", "net_unblended_cost": "9"},
        {"unblended_cost": "2"},
        {"unblended_cost": "-1", "net_unblended_cost": "0"},
        {"unblended_cost": "5", "currency_code": "EUR"},
        {"unblended_cost": "6", "payer_account_id": None},
        {"unblended_cost": "99", "net_unblended_cost": "1", "operation": "EKSPod-EC2"},
    )
    assert sorted(select(con, "billing/aws/net_totals"), key=repr) == [
        ("payer", "EUR", D(5), D(5), 0),
        ("payer", "USD", D(11), D(11), 2),
        (None, "USD", D(6), D(6), 0),
    ]
    raw_lines(con)
    assert select(con, "billing/aws/net_totals") == []


def test_line_types_are_counted_without_split_rows(
    con: duckdb.DuckDBPyConnection,
) -> None:
    tax = {"line_item_type": "Tax"}
    raw_lines(con, tax, {}, tax, {"line_item_type": None}, {"currency_code": "EUR"})
    assert select(con, "billing/aws/line_types") == [
        ("Tax", 2, 0), ("Usage", 2, 0), (None, 1, 0)
    ]  # fmt: skip
    interval = {"time_interval": "2026-09-30T23:00:00Z/2026-10-01T00:00:00Z"}
    raw_lines(con, {"usage_start": None}, {"usage_start": None, **interval})
    assert select(con, "billing/aws/line_types") == [("Usage", 2, 1)]
    raw_lines(con, {"operation": "EKSPod-EC2"})
    assert select(con, "billing/aws/line_types") == []


COUNTS = ("lines", "charges", "split_rows", "without_invoice", "without_list_cost")
SPLIT = {"operation": "EKSPod-EC2", "parent_resource_id": "i-1", "split_cost": "1"}
LISTED = {"public_cost": "1"}


def test_a_file_s_lines_are_charges_shares_or_neither(con: duckdb.DuckDBPyConnection) -> None:
    raw_lines(
        con,
        LISTED,
        {**LISTED, "invoice_id": None},
        SPLIT,
        {**SPLIT, "invoice_id": None},
        {**SPLIT, "parent_resource_id": None},
        {**SPLIT, "split_cost": None},
        {**LISTED, "file": "b.csv"},
    )
    found = select(con, "billing/file_counts", "file", *COUNTS)
    assert sorted(found) == [("a.csv", 6, 2, 2, 1, 0), ("b.csv", 1, 1, 0, 0, 0)]
    raw_lines(con)
    assert select(con, "billing/file_counts") == []


@pytest.mark.parametrize(
    ("line", "counted"),
    [
        *(({"line_item_type": kind}, 1) for kind in ("Usage", None, "Novelty")),
        ({"line_item_type": "SavingsPlanCoveredUsage"}, 1),
        ({"line_item_type": "DiscountedUsage"}, 1),
        ({"line_item_type": "FlatRateSubscription"}, 1),
        ({"public_cost": "0"}, 0),
        ({"product_code": "AWSSupportBusiness"}, 0),
        ({"product_code": "OCBPremiumSupport"}, 0),
        *(({"line_item_type": kind}, 0) for kind in ("Tax", "Credit", "Refund", "Fee", "RIFee")),
        *(({"line_item_type": f"SavingsPlan{kind}"}, 0) for kind in ("Negation", "RecurringFee")),
        *(({"line_item_type": kind}, 0) for kind in ("SavingsPlanUpfrontFee", "EdpDiscount")),
        (SPLIT, 0),
    ],
)
def test_a_public_price_is_missed_where_another_amount_stands_in_for_it(
    con: duckdb.DuckDBPyConnection, line: dict[str, Any], counted: int
) -> None:
    raw_lines(con, line)
    assert select(con, "billing/file_counts", "without_list_cost") == [(counted,)]


@pytest.mark.parametrize(
    ("texts", "units"),
    [
        (["0.123456789012345678", "1E-18", "12345678901234567890.5"], "0"),
        (["0.1234567890123456775"], "0.5"),
        (["0.1234567890123456785", "-0.1234567890123456775"], "1"),
        (["1.0000000000000000001"], "0.1"),
        (["4E-19"], "0.4"),
        (["1.00000000000000000000000001"], "0.00000001"),
        (["not a number of more than 19 characters"], "0"),
    ],
)
def test_how_far_rounding_moved_a_file_s_money_is_added_up_without_signs(
    con: duckdb.DuckDBPyConnection, texts: list[str], units: str
) -> None:
    raw_lines(con, *({"unblended_cost": text} for text in texts))
    assert select(con, "billing/file_counts", "rounding_units") == [(D(units),)]


MONEY = [column.name for column in COLUMNS if column.kind == "money" and "split" not in column.name]


@pytest.mark.parametrize("column", MONEY)
def test_rounding_is_counted_in_every_column_of_money(
    con: duckdb.DuckDBPyConnection, column: str
) -> None:
    raw_lines(con, {column: "2.0000000000000000005"}, {column: "5e-19", "file": "b.csv"})
    found = select(con, "billing/file_counts", "file", "rounding_units")
    assert sorted(found) == [("a.csv", D("0.5")), ("b.csv", D("0.5"))]


SHARE = ("ChargePeriodStart", "ChargePeriodEnd", "used_cost", "unused_cost")


def shares(con: duckdb.DuckDBPyConnection, *columns: str, use_net: bool = False) -> list[Any]:
    materialise(con, "tag_texts", "billing/aws/tag_texts")
    return select(
        con, "billing/aws/split_shares", *columns, source="shop", month=MONTH, use_net=use_net
    )


@pytest.mark.parametrize(
    ("line", "gross", "net"),
    [
        ({}, (1, 0), (1, 0)),
        ({"split_unused": "0.5"}, (1, D("0.5")), (1, D("0.5"))),
        ({"split_unused": "3", "net_split_cost": "0.75"}, (1, 3), (D("0.75"), 3)),
        ({"split_unused": "3", "net_split_unused": "2"}, (1, 3), (1, 2)),
    ],
)
def test_a_pod_used_and_left_unused_what_its_split_row_says(
    con: duckdb.DuckDBPyConnection, line: dict[str, str], gross: Any, net: Any
) -> None:
    table(con, "doubled_lines", DOUBLES, [])
    raw_lines(con, {**SPLIT, **line})
    assert shares(con, *SHARE[2:]) == [gross]
    assert shares(con, *SHARE[2:], use_net=True) == [net]


def test_only_split_rows_with_a_parent_and_a_cost_are_shares_and_doubles_are_numbered(
    con: duckdb.DuckDBPyConnection,
) -> None:
    table(con, "doubled_lines", DOUBLES, [{"line_number": 3, "ordinal": 2}])
    pod = {**SPLIT, "line_key": "pod", "resource_id": "pod-1", "usage_type": "EKS"}
    pod |= {"operation": "EKSPod-EC2", "tags": '{"a":"b"}'}
    others = [{**SPLIT, "parent_resource_id": None}, {**SPLIT, "split_cost": None}, {}]
    raw_lines(con, pod, pod, *others)
    digest = md5(b"pod").hexdigest()  # noqa: S324
    start, end = datetime(2026, 9, 2, 10), datetime(2026, 9, 2, 11)
    about = ("USD", "user", start, end, "pod-1", "i-1", "EKS", "EKSPod-EC2", '{"a":"b"}', 1, 0)
    assert sorted(shares(con)) == [
        (MONTH, "shop", digest, *about, "a.csv", 2),
        (MONTH, "shop", f"{digest}-2", *about, "a.csv", 3),
    ]
    raw_lines(con)
    assert shares(con) == []


@pytest.mark.parametrize(
    ("line", "period"),
    [
        (
            {"usage_start": None, "usage_end": None}
            | {"time_interval": "2026-09-30T23:00:00Z/2026-10-01T00:00:00Z"},
            (datetime(2026, 9, 30, 23), datetime(2026, 10, 1)),
        ),
        (
            {"usage_start": None, "usage_end": None},
            (datetime(2026, 9, 1), datetime(2026, 10, 1)),
        ),
        (
            {"usage_end": None},
            (datetime(2026, 9, 2, 10), datetime(2026, 9, 2, 10)),
        ),
        (
            {"usage_end": "2026-09-02T09:00:00Z"},
            (datetime(2026, 9, 2, 10), datetime(2026, 9, 2, 10)),
        ),
    ],
)
def test_a_share_s_period_is_found_as_a_charge_s(
    con: duckdb.DuckDBPyConnection, line: dict[str, Any], period: tuple[datetime, datetime]
) -> None:
    table(con, "doubled_lines", DOUBLES, [])
    raw_lines(con, {**SPLIT, **line})
    assert shares(con, *SHARE[:2]) == [period]


@pytest.mark.parametrize(
    ("line", "tags"),
    [
        ({"tags": '{"a":"1"}'}, {"a": "1"}),
        ({"resource_tag_map": '{"user_b":"2"}'}, {"b": "2"}),
        ({"tags": '{"a":"1"}', "resource_tag_map": '{"user_b":"2"}'}, {"a": "1", "b": "2"}),
    ],
)
def test_a_share_has_the_tags_its_maps_stand_for(
    con: duckdb.DuckDBPyConnection, line: dict[str, str], tags: dict[str, str]
) -> None:
    table(con, "doubled_lines", DOUBLES, [])
    raw_lines(con, {**SPLIT, **line}, {**SPLIT, "tag_map": "{}"})
    found = [json.loads(text) for (text,) in shares(con, "Tags")]
    assert sorted(found, key=len) == [{}, tags]


USED = ("ChargeCategory", "ChargePeriodStart", "ChargePeriodEnd", "ChargeFrequency")
START, END = datetime(2026, 9, 1), datetime(2026, 10, 1)


def periods(path: Path, *rows: tuple[Any, ...]) -> list[str]:
    charges = [dict(zip(USED, (*row, "Usage-Based")[: len(USED)], strict=True)) for row in rows]
    return parquet(path / "c.parquet", CHARGES, *charges)


def test_a_month_s_window_is_that_of_its_usage_corrections_included(
    con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    refund = ("Usage", datetime(2026, 8, 30, 5), datetime(2026, 8, 30, 6))
    late = ("Usage", datetime(2026, 9, 30, 23), datetime(2026, 10, 1, 0, 0, 1))
    year = ("Purchase", datetime(2026, 1, 1), datetime(2027, 1, 1))
    files = periods(tmp_path, refund, late, year)
    assert select(con, "billing/usage_window", charges=files) == [(refund[1], late[2])]
    assert select(con, "billing/usage_window", charges=periods(tmp_path, year)) == [(None, None)]
    assert select(con, "billing/usage_window", charges=periods(tmp_path)) == [(None, None)]


@pytest.mark.parametrize(
    ("row", "until"),
    [
        (("Usage", START, datetime(2026, 9, 1, 1)), datetime(2026, 9, 1, 1)),
        (("Usage", datetime(2026, 9, 30), END), END),
        (("Usage", datetime(2026, 9, 30, 23), datetime(2026, 10, 1, 0, 0, 1)), None),
        (("Usage", datetime(2026, 8, 31, 23, 59, 59), datetime(2026, 9, 1, 1)), None),
        (("Usage", START, datetime(2026, 9, 2)), datetime(2026, 9, 2)),
        (("Usage", START, datetime(2026, 9, 2, 0, 0, 1)), None),
        (("Tax", START, datetime(2026, 9, 1, 1)), None),
        (("Usage", START, datetime(2026, 9, 2), "Recurring"), None),
        (("Usage", START, datetime(2026, 9, 2), None), datetime(2026, 9, 2)),
    ],
)
def test_usage_of_at_most_a_day_inside_the_month_tells_until_when_it_is_billed(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, row: Any, until: datetime | None
) -> None:
    bounds = {"month_start": START, "month_end": END}
    files = periods(tmp_path, row)
    assert select(con, "billing/last_usage_day", charges=files, **bounds) == [(until,)]
    assert select(con, "billing/last_usage_day", charges=periods(tmp_path), **bounds) == [(None,)]
