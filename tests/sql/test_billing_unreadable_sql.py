"""Which fields of a bill cannot be read, and which of them stop the month."""

from collections.abc import Iterator
from typing import Any

import duckdb
import pytest
from bill_tables import MONTH, UNREADABLE, connection, raw_lines, select, table

from pipelines.billing.aws import COLUMNS, FORMAT
from pipelines.billing.reader import texts_of_another_kind
from pipelines.queries import sql

SPLIT = {"operation": "EKSPod-EC2", "parent_resource_id": "i-1", "split_cost": "1"}


@pytest.fixture(scope="module")
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    with connection() as opened:
        yield opened


def test_rejects_are_fields_and_tags_in_the_order_of_the_files(
    con: duckdb.DuckDBPyConnection,
) -> None:
    names = ("file", "line", "column_name", "value", "reason", "is_fatal")
    field = ("a", 9, "lineItem/UsageAmount", "many", "is not a number", False)
    first = ("a", 2, "lineItem/UnblendedCost", None, "is empty", True)
    tag = ("a", 9, "tag model", "\t", "has control characters", False)
    rows = [dict(zip(names, row, strict=True)) for row in (field, first)]
    table(con, "unreadable", UNREADABLE, rows)
    bad_tag = {**dict(zip(names, tag, strict=True)), "tag_column": "tag_0"}
    table(con, "unreadable_tags", {"tag_column": "VARCHAR", **UNREADABLE}, [bad_tag])
    found = select(con, "billing/rejects", source="shop", month=MONTH)
    assert found == [(MONTH, "shop", *row) for row in (first, field, tag)]
    table(con, "unreadable", UNREADABLE, [])
    table(con, "unreadable_tags", {"tag_column": "VARCHAR", **UNREADABLE}, [])
    assert select(con, "billing/rejects", source="shop", month=MONTH) == []


def unreadable(con: duckdb.DuckDBPyConnection, **line: Any) -> list[tuple[Any, ...]]:
    raw_lines(con, line)
    fields = sql("billing/aws/unreadable_fields") + " UNION ALL " + texts_of_another_kind(FORMAT)
    con.execute(f"CREATE OR REPLACE TEMP TABLE unreadable AS {fields}")
    found = con.execute("SELECT * EXCLUDE (file, line) FROM unreadable").fetchall()
    return sorted(found)


def test_an_hour_of_usage_is_readable(con: duckdb.DuckDBPyConnection) -> None:
    assert unreadable(con) == []
    raw_lines(con)
    assert select(con, "billing/aws/unreadable_fields") == []


@pytest.mark.parametrize("column", [c for c in COLUMNS if c.kind == "money"], ids=lambda c: c.name)
@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("much", "is not a number"),
        ("1,000.00", "is not a number"),
        ("1_000", "is not a number"),
        ("123456789012345678901", "has more than 20 digits before the point"),
        ("1E+21", "has more than 20 digits before the point"),
    ],
)
def test_money_that_cannot_be_read_stops_the_month(
    con: duckdb.DuckDBPyConnection, column: Any, text: str, reason: str
) -> None:
    found = unreadable(con, **{column.name: text})
    assert found == [(column.header, text, reason, True)]


@pytest.mark.parametrize(
    ("line", "column", "value", "reason"),
    [
        ({"usage_amount": "many"}, "lineItem/UsageAmount", "many", "is not a number"),
        (
            *({"billing_period_end": "soon"}, "bill/BillingPeriodEndDate", "soon"),
            "is not a date and time",
        ),
        (
            *({"usage_start": "2026-09-31T00:00:00Z"}, "lineItem/UsageStartDate"),
            *("2026-09-31T00:00:00Z", "is not a date and time"),
        ),
        ({"usage_end": "12:00"}, "lineItem/UsageEndDate", "12:00", "is not a date and time"),
        (
            *({"usage_end": "2026-09-02T09:59:59Z"}, "lineItem/UsageEndDate"),
            *("2026-09-02T09:59:59Z", "is before the start: read as the start"),
        ),
        (
            *({"line_item_type": None}, "lineItem/LineItemType", None),
            "is empty: read as Usage",
        ),
        (
            *({**SPLIT, "parent_resource_id": None}, "splitLineItem/ParentResourceId", None),
            "is empty on a split row: the row is left out",
        ),
        (
            *({**SPLIT, "split_cost": None}, "splitLineItem/SplitCost", None),
            "is empty on a split row: the row is left out",
        ),
    ],
)
def test_other_fields_are_counted_and_stop_nothing(
    con: duckdb.DuckDBPyConnection, line: dict[str, Any], column: str, value: Any, reason: str
) -> None:
    assert unreadable(con, **line) == [(column, value, reason, False)]


@pytest.mark.parametrize(
    ("column", "header"),
    [
        ("tag_map", "tags"),
        ("resource_tag_map", "resource_tags"),
        ("cost_category_map", "cost_category"),
    ],
)
@pytest.mark.parametrize("text", ["{user_model=a}", "[1]", "17"])
def test_a_map_that_is_none_is_counted_and_nothing_is_no_map(
    con: duckdb.DuckDBPyConnection, column: str, header: str, text: str
) -> None:
    [found] = unreadable(con, **{column: text})
    assert found[:2] == (header, text)
    assert found[2].startswith("is no map") and found[3] is False
    assert unreadable(con, **{column: "{}"}) == unreadable(con, **{column: None}) == []


def test_a_line_without_its_start_is_counted_in_a_file_that_has_them(
    con: duckdb.DuckDBPyConnection,
) -> None:
    raw_lines(con, {}, {"usage_start": None}, {"usage_start": None, "file": "b.csv"})
    assert select(con, "billing/aws/unreadable_fields", "file", "line", "column_name") == [
        ("a.csv", 3, "lineItem/UsageStartDate")
    ]


PERIOD = "bill/BillingPeriodStartDate"
OTHER_MONTH = "is another billing month than the delivery's"


@pytest.mark.parametrize(
    ("line", "column", "reason"),
    [
        ({"billing_period_start": None}, PERIOD, "is empty"),
        ({"billing_period_start": "September"}, PERIOD, "is not a date and time"),
        ({"billing_period_start": "2026-08-31T23:59:59Z"}, PERIOD, OTHER_MONTH),
        ({"billing_period_start": "2026-10-01T00:00:00Z"}, PERIOD, OTHER_MONTH),
        ({"currency_code": None}, "lineItem/CurrencyCode", "is empty"),
        ({"currency_code": "usd"}, "lineItem/CurrencyCode", "is not a currency code"),
        ({"currency_code": "USDT"}, "lineItem/CurrencyCode", "is not a currency code"),
        ({"unblended_cost": None}, "lineItem/UnblendedCost", "is empty"),
        (
            *({"line_item_type": "SavingsPlanCoveredUsage"},),
            *("savingsPlan/SavingsPlanEffectiveCost", "is empty on usage a savings plan covers"),
        ),
        (
            {"line_item_type": "SavingsPlanRecurringFee", "plan_used": "1"},
            *("savingsPlan/TotalCommitmentToDate", "is empty on a recurring fee of a savings plan"),
        ),
        (
            {"line_item_type": "SavingsPlanRecurringFee", "plan_commitment": "1"},
            *("savingsPlan/UsedCommitment", "is empty on a recurring fee of a savings plan"),
        ),
        (
            {"line_item_type": "DiscountedUsage"},
            *("reservation/EffectiveCost", "is empty on usage a reservation covers"),
        ),
        (
            {"line_item_type": "RIFee"},
            "reservation/UnusedRecurringFee",
            "is empty on a reservation's fee, and so is its unused upfront part",
        ),
    ],
)
def test_an_amount_a_currency_or_a_month_that_must_be_there_is_never_guessed(
    con: duckdb.DuckDBPyConnection, line: dict[str, Any], column: str, reason: str
) -> None:
    value = next((line[name] for name in ("billing_period_start", "currency_code") if name in line),
                 None)  # fmt: skip
    assert unreadable(con, **line) == [(column, value, reason, True)]


@pytest.mark.parametrize(
    "line",
    [
        {"billing_period_start": "2026-09-30T23:59:59Z"},
        {"line_item_type": "RIFee", "unused_upfront": "0"},
        {"line_item_type": "RIFee", "unused_recurring": "0"},
        {"line_item_type": "Fee"},
        {**SPLIT, "unblended_cost": None, "currency_code": None, "line_item_type": None},
        {"usage_end": None},
        {"usage_amount": None, "public_cost": None, "tags": None, "invoice_id": None},
    ],
)
def test_what_need_not_be_there_may_be_absent(
    con: duckdb.DuckDBPyConnection, line: dict[str, Any]
) -> None:
    assert unreadable(con, **line) == []


def test_every_unreadable_field_names_its_line_once(con: duckdb.DuckDBPyConnection) -> None:
    assert unreadable(con, unblended_cost="x", usage_end="y", file="b.csv", line=77)
    found = con.sql("SELECT file, line, column_name FROM unreadable ORDER BY ALL").fetchall()
    assert found == [
        ("b.csv", 77, "lineItem/UnblendedCost"),
        ("b.csv", 77, "lineItem/UsageEndDate"),
    ]
