"""The files of `sql/review` that say what an export carries, on bills of a few charges."""

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from typing import Any

import duckdb
import pytest
from sql_tables import select, table

from pipelines.contracts import ALLOCATED, BASES, BILL_FILES, CHARGES, EXPORT_TOTALS

D = Decimal


@pytest.fixture
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as opened:
        yield opened


def charges(con: duckdb.DuckDBPyConnection, *rows: dict[str, Any]) -> None:
    blank = {
        "billing_month": "2026-09",
        "charge_month": "2026-09",
        "source": "aws",
        "BillingCurrency": "USD",
        "ChargePeriodStart": datetime(2026, 9, 2),
        **dict.fromkeys(BASES, D(1)),
    }
    numbered = [blank | {"x_ChargeId": str(n)} | row for n, row in enumerate(rows)]
    table(con, "inspected_charges", CHARGES.columns, *numbered)


def parts(con: duckdb.DuckDBPyConnection, *rows: dict[str, Any]) -> None:
    blank = {
        "billing_month": "2026-09",
        "source": "aws",
        "BillingCurrency": "USD",
        "bucket": "not_ai",
        "model": "",
        "evidence": "",
        "component": "",
        **dict.fromkeys(BASES, D(1)),
    }
    numbered = [blank | {"x_OriginChargeId": str(n)} | row for n, row in enumerate(rows)]
    table(con, "inspected_parts", ALLOCATED.columns, *numbered)


def exports(con: duckdb.DuckDBPyConnection, *rows: dict[str, Any]) -> None:
    blank = {"billing_month": "2026-09", "BillingCurrency": "USD", "InvoiceId": ""}
    of_bases = [
        blank
        | {"basis": basis, "export_total": row.get(basis, D(0))}
        | {k: v for k, v in row.items() if k not in BASES}
        for row in rows
        for basis in BASES
    ]
    table(con, "inspected_exports", EXPORT_TOTALS.columns, *of_bases)


def test_a_month_is_its_export_total_and_says_by_how_much_its_charges_miss_it(
    con: duckdb.DuckDBPyConnection,
) -> None:
    charges(
        con,
        {"EffectiveCost": D("0.5"), "charge_month": "2026-08", "ChargeClass": "Correction"},
        {"BillingCurrency": "EUR"},
    )
    one = dict.fromkeys(BASES, D(1))
    exports(con, one, one | {"BillingCurrency": "EUR"})
    columns = ("currency", "charges", "billed", "effective", "difference")
    assert select(con, "review/inspected_months", columns) == [
        ("EUR", 1, D(1), D(1), D(0)),
        ("USD", 1, D(1), D(1), D("0.5")),
    ]
    columns = ("currency", "other_charge_months", "corrections", "first_charged")
    assert select(con, "review/inspected_months", columns)[1] == (
        "USD",
        1,
        1,
        datetime(2026, 9, 2),
    )


def test_invoices_of_a_month_are_one_month(con: duckdb.DuckDBPyConnection) -> None:
    charges(con, {}, {})
    one = dict.fromkeys(BASES, D(1))
    exports(con, one | {"InvoiceId": "1"}, one | {"InvoiceId": "2"})
    found = select(con, "review/inspected_months", ["charges", "list", "difference"])
    assert found == [(2, D(2), D(0))]


def test_spend_is_ai_by_any_evidence_and_each_line_is_counted_once(
    con: duckdb.DuckDBPyConnection,
) -> None:
    ai = {"ServiceName": "Bedrock", "bucket": "model", "evidence": "usage type"}
    parts(
        con,
        ai | {"x_OriginChargeId": "a"},
        ai | {"x_OriginChargeId": "a", "bucket": "idle", "evidence": "tag"},
        {"ServiceName": "S3"},
        {"ServiceName": "Tax", "bucket": "overhead"},
        {"ServiceName": "Plan", "bucket": "commitment"},
    )
    columns = ("kind", "service", "evidence", "lines", "effective")
    assert select(con, "review/inspected_services", columns) == [
        ("AI", "Bedrock", "tag, usage type", 1, D(2)),
        ("commitment", "Plan", None, 1, D(1)),
        ("not AI", "S3", None, 1, D(1)),
        ("overhead", "Tax", None, 1, D(1)),
    ]


def test_a_model_is_listed_by_how_it_was_found(con: duckdb.DuckDBPyConnection) -> None:
    model = {"bucket": "model_version", "model": "ranker", "model_version": "8"}
    parts(
        con,
        model | {"evidence": "tag", "component": "update"},
        model | {"evidence": "tag", "component": "inference"},
        model | {"evidence": "usage type"},
        {"bucket": "unattributed"},
    )
    columns = ("model", "model_version", "evidence", "components", "lines", "effective")
    assert select(con, "review/inspected_models", columns) == [
        ("ranker", "8", "tag", "inference, update", 2, D(2)),
        ("ranker", "8", "usage type", None, 1, D(1)),
    ]


def test_keys_are_counted_with_their_most_expensive_values_and_empty_ones_are_not(
    con: duckdb.DuckDBPyConnection,
) -> None:
    charges(
        con,
        {"Tags": '{"model":"a","we\\"ird":"1"}'},
        {"Tags": '{"model":"b"}', "EffectiveCost": D(-9)},
        {"Tags": '{"model":""}'},
        {"Tags": "no json"},
        {"Tags": "[1]"},
        {},
    )
    columns = ("key", "lines", "distinct_values", "effective", "examples")
    assert select(con, "review/inspected_keys", columns, column="Tags", most=1) == [
        ("model", 2, 2, D(-8), ["b"]),
        ('we"ird', 1, 1, D(1), ["1"]),
    ]


@pytest.mark.parametrize("column", ["Tags", "SkuPriceDetails", "AllocatedTags"])
def test_keys_are_those_of_one_column(con: duckdb.DuckDBPyConnection, column: str) -> None:
    charges(con, {column: '{"k":"v"}'})
    for asked in ("Tags", "SkuPriceDetails", "AllocatedTags"):
        found = select(con, "review/inspected_keys", ["key"], column=asked, most=1)
        assert found == ([("k",)] if asked == column else [])


def test_what_lines_carry_is_counted_field_by_field(con: duckdb.DuckDBPyConnection) -> None:
    charges(
        con,
        {"SubAccountId": "1", "SubAccountName": "prod", "ResourceId": "i-1"},
        {"SubAccountId": "1", "SubAccountName": "prod", "ResourceId": "i-2", "InvoiceId": ""},
        {"SubAccountId": "2", "EffectiveCost": D(5)},
    )
    columns = ("field", "distinct_values", "lines", "examples")
    assert select(con, "review/inspected_fields", columns, most=2) == [
        ("accounts", 2, 3, ["2", "prod (1)"]),
        ("resources", 2, 2, ["i-1", "i-2"]),
    ]


def test_what_became_of_the_lines_is_added_over_a_months_files(
    con: duckdb.DuckDBPyConnection,
) -> None:
    counts = dict.fromkeys(("charges", "split_rows", "other_months", "left_out", "rejects"), 1)
    blank = {"billing_month": "2026-09", "lines_read": 5, "rounding": D("-0.001"), **counts}
    september = [blank | {"file": "a"}, blank | {"file": "b", "rounding": D("0.002")}]
    october = blank | {"billing_month": "2026-10", "lines_read": 7}
    table(con, "inspected_files", BILL_FILES.columns, *september, october)
    columns = ("billing_month", "files", "lines_read", "split_rows", "left_out", "rounding")
    assert select(con, "review/inspected_lines", columns) == [
        ("2026-09", 2, 10, 2, 2, D("0.003")),
        ("2026-10", 1, 7, 1, 1, D("0.001")),
    ]
