"""Each file of `sql/billing/focus` on lines that show what it decides."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from decimal import Decimal as D
from typing import Any

import duckdb
import pytest
from bill_tables import select
from focus_tables import HOUR, MONTH, connection, dataset, of_lines

from pipelines.contracts import BASES, CHARGES
from pipelines.queries import query

OTHER_MONTH = {
    "billing_period_start": "2026-04-01T00:00:00Z",
    "billing_period_end": "2026-05-01T00:00:00Z",
}
RUN = {"source": "shop", "month": MONTH}


@pytest.fixture(scope="module")
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    with connection() as opened:
        yield opened


def lines(con: duckdb.DuckDBPyConnection, *columns: str, **changed: str | None) -> Any:
    dataset(con, changed)
    [row] = select(con, "billing/focus/raw_lines", *columns)
    return row[0] if len(columns) == 1 else row


@pytest.mark.parametrize(
    ("start", "month"),
    [
        ("2026-05-01T00:00:00Z", "2026-05"),
        ("2026-05-01 00:00:00", "2026-05"),
        ("2026-05-01T00:00:00+02:00", "2026-05"),
        ("2026-05-17", "2026-05"),
        ("2026-13-01", None),
        ("May", None),
        (None, None),
    ],
)
def test_a_line_is_of_the_month_its_billing_period_is_written_in(
    con: duckdb.DuckDBPyConnection, start: str | None, month: str | None
) -> None:
    assert lines(con, "line_month", billing_period_start=start) == month


@pytest.mark.parametrize(("role", "fate"), [("", "charge"), ("left_out", "left_out")])
def test_a_line_is_a_charge_unless_a_mapping_leaves_it_out(
    con: duckdb.DuckDBPyConnection, role: str, fate: str
) -> None:
    assert lines(con, "line_fate", role=role) == fate


def test_an_invoice_is_only_missed_where_the_dataset_names_invoices(
    con: duckdb.DuckDBPyConnection,
) -> None:
    columns = ("lacks_invoice", "lacks_list_price")
    assert lines(con, *columns, invoice_id=None, list_cost=None) == (True, True)
    assert lines(con, *columns) == (False, False)
    con.execute("SET VARIABLE names_invoices = false")
    assert lines(con, "lacks_invoice", invoice_id=None) is False
    con.execute("SET VARIABLE names_invoices = true")


RESTATED = (
    "billed_cost",
    "effective_cost",
    "contracted_cost",
    "list_cost",
    "invoice_id",
    "charge_description",
    "focus_tags",
    "consumed_quantity",
    "list_unit_price",
    "sku_price_details",
)
ABOUT = (
    "billing_account_id",
    "sub_account_id",
    "service_provider_name",
    "billing_currency",
    "charge_category",
    "charge_class",
    "charge_period_start",
    "resource_id",
    "sku_price_id",
    "commitment_discount_status",
    "allocated_resource_id",
    "principal_id",
    "credential_id",
)


@pytest.mark.parametrize("column", RESTATED + ABOUT)
def test_a_key_is_what_a_line_is_about_and_nothing_that_may_be_restated(
    con: duckdb.DuckDBPyConnection, column: str
) -> None:
    before, after = lines(con, "line_key"), lines(con, "line_key", **{column: "changed"})
    assert (before == after) == (column in RESTATED)


def charge(con: duckdb.DuckDBPyConnection, *columns: str, **changed: str | None) -> Any:
    dataset(con, changed)
    [row] = select(con, "billing/focus/charges", *columns, **RUN)
    return row[0] if len(columns) == 1 else row


def test_a_charge_has_only_columns_of_the_contract_and_what_the_reader_needs(
    con: duckdb.DuckDBPyConnection,
) -> None:
    dataset(con, {})
    names = query(con, "billing/focus/charges", **RUN).columns
    assert set(names) - set(CHARGES.columns) == {"line_number", "line_key", "line_part"}


@pytest.mark.parametrize(
    ("given", "costs"),
    [
        ({}, "1 1 1 1"),
        ({"effective_cost": "0", "contracted_cost": "2", "list_cost": "3"}, "1 0 2 3"),
        (dict.fromkeys(("effective_cost", "contracted_cost", "list_cost")), "1 1 1 1"),
        ({"billed_cost": "-4", "effective_cost": None}, "-4 -4 1 1"),
    ],
)
def test_a_cost_that_is_not_given_is_the_billed_one(
    con: duckdb.DuckDBPyConnection, given: Mapping[str, str | None], costs: str
) -> None:
    assert charge(con, *BASES, **given) == tuple(D(cost) for cost in costs.split())


@pytest.mark.parametrize(
    ("word", "category"),
    [("Usage", "Usage"), ("TAX", "Tax"), ("credit", "Credit"), ("adjustment", "Adjustment")],
)
def test_words_of_focus_are_known_in_any_case(
    con: duckdb.DuckDBPyConnection, word: str, category: str
) -> None:
    columns = ("ChargeCategory", "ChargeClass", "ChargeFrequency", "CommitmentDiscountStatus")
    found = charge(
        con,
        *columns,
        charge_category=word,
        charge_class="CORRECTION",
        charge_frequency="Usage-based",
        commitment_discount_status="unused",
    )
    assert found == (category, "Correction", "Usage-Based", "Unused")


@pytest.mark.parametrize(
    ("given", "start", "end"),
    [
        ({}, datetime(2026, 5, 2, 10), datetime(2026, 5, 2, 11)),
        ({"charge_period_end": None}, datetime(2026, 5, 2, 10), datetime(2026, 6, 1)),
        (
            {"charge_period_end": "2023-02-01T30:00:00Z"},
            datetime(2026, 5, 2, 10),
            datetime(2026, 6, 1),
        ),
        ({"charge_period_start": None}, datetime(2026, 5, 1), datetime(2026, 5, 2, 11)),
        (
            {"charge_period_end": "2026-05-01T00:00:00Z"},
            datetime(2026, 5, 2, 10),
            datetime(2026, 5, 2, 10),
        ),
        (
            {"charge_period_end": None, "billing_period_end": None},
            datetime(2026, 5, 2, 10),
            datetime(2026, 5, 2, 10),
        ),
    ],
)
def test_a_charge_s_period_never_runs_backwards(
    con: duckdb.DuckDBPyConnection, given: Mapping[str, str | None], start: datetime, end: datetime
) -> None:
    assert charge(con, "ChargePeriodStart", "ChargePeriodEnd", **given) == (start, end)


@pytest.mark.parametrize(
    ("given", "instance"),
    [
        ({"sku_price_details": '{"InstanceType":"g5.xlarge"}'}, "g5.xlarge"),
        ({"sku_details": '{"ServiceType":"Standard_NC24ads_A100_v4"}'}, "Standard_NC24ads_A100_v4"),
        ({"sku_price_details": "[1]"}, None),
        ({"sku_price_details": '{"InstanceType":'}, None),
        ({}, None),
    ],
)
def test_the_instance_type_is_in_the_price_s_details(
    con: duckdb.DuckDBPyConnection, given: Mapping[str, str], instance: str | None
) -> None:
    assert charge(con, "x_InstanceType", **given) == instance


def test_a_service_always_has_a_name_and_a_unit_stands_with_its_quantity(
    con: duckdb.DuckDBPyConnection,
) -> None:
    given = {"service_name": None, "consumed_unit": "Hours", "consumed_quantity": "many"}
    columns = ("ServiceName", "ConsumedQuantity", "ConsumedUnit")
    assert charge(con, *columns, **given) == ("Solora", None, None)
    given |= {"service_category": "Compute", "consumed_quantity": "2"}
    assert charge(con, *columns, **given) == ("Compute", D(2), "Hours")


def test_lines_of_another_month_and_those_left_out_are_no_charges(
    con: duckdb.DuckDBPyConnection,
) -> None:
    rows = of_lines(con, "billing/focus/charges", {}, OTHER_MONTH, {"role": "left_out"}, **RUN)
    assert len(rows) == 1


CATEGORIES = "Usage, Purchase, Tax, Credit, Adjustment"
FIELD = ("column_name", "value", "reason", "is_fatal")


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ({}, None),
        ({"billed_cost": None}, ("BilledCost", None, "is empty", True)),
        ({"billing_currency": None}, ("BillingCurrency", None, "is empty", True)),
        ({"charge_category": None}, ("ChargeCategory", None, "is empty", True)),
        (
            {"charge_category": "Fee"},
            (
                "ChargeCategory",
                "Fee",
                "is none of Usage, Purchase, Tax, Credit, Adjustment",
                True,
            ),
        ),
        (
            {"billing_period_end": "2026-05-01"},
            ("BillingPeriodEnd", "2026-05-01", "is not after BillingPeriodStart", True),
        ),
        (
            {"charge_period_start": None},
            ("ChargePeriodStart", None, "is empty: the billing period stands in", False),
        ),
        (
            {"charge_period_end": None},
            ("ChargePeriodEnd", None, "is empty: the end of the billing period stands in", False),
        ),
        (
            {"charge_period_end": "2026-05-02"},
            (
                "ChargePeriodEnd",
                "2026-05-02",
                "is before ChargePeriodStart: read as the start",
                False,
            ),
        ),
        (
            {"commitment_discount_status": "Half"},
            (
                "CommitmentDiscountStatus",
                "Half",
                "is neither Used nor Unused: read as empty",
                False,
            ),
        ),
        (
            {"sku_price_details": "x"},
            ("SkuPriceDetails", "x", "is no JSON object: left out", False),
        ),
        (
            {"focus_tags": "a=b"},
            ("Tags", "a=b", "is no JSON object or list: read as no tags", False),
        ),
        (
            {"focus_tags": "3"},
            ("Tags", "3", "is no JSON object or list: read as no tags", False),
        ),
        ({"focus_tags": "[]", "commitment_discount_status": "USED"}, None),
    ],
)
def test_what_must_be_there_or_contradicts_is_found(
    con: duckdb.DuckDBPyConnection, given: Mapping[str, str | None], found: tuple[Any, ...] | None
) -> None:
    dataset(con, {}, given, {**dict.fromkeys(HOUR), "role": "left_out"})
    rows = select(con, "billing/focus/unreadable_fields", "line", *FIELD)
    assert rows == ([] if found is None else [(3, *found)])


def test_the_export_s_totals_are_per_payer_invoice_issuer_currency_and_basis(
    con: duckdb.DuckDBPyConnection,
) -> None:
    dataset(
        con,
        {"billed_cost": "0.1234567890123456785", "effective_cost": None, "list_cost": "3"},
        {"billed_cost": "2", "effective_cost": "0", "contracted_cost": "5"},
        {"billing_currency": "EUR", "invoice_id": None, "billing_account_id": None},
        {"invoice_issuer_name": "Reseller"},
        OTHER_MONTH,
        {"role": "left_out"},
    )
    columns = ("BillingAccountId", "InvoiceId", "InvoiceIssuerName", "BillingCurrency")
    rows = select(
        con, "billing/focus/export_totals", *columns, "basis", "lines", "export_total", **RUN
    )
    eur, usd, other = (
        ("", "", "Solora", "EUR"),
        ("acct", "INV-1", "Solora", "USD"),
        ("acct", "INV-1", "Reseller", "USD"),
    )
    rounded = D("0.123456789012345678")
    sums = {
        "BilledCost": rounded + 2,
        "EffectiveCost": rounded,
        "ContractedCost": D(6),
        "ListCost": D(4),
    }
    expected = [(*key, basis, 1, D(1)) for key in (eur, other) for basis in BASES]
    expected += [(*usd, basis, 2, total) for basis, total in sums.items()]
    assert sorted(rows) == sorted(expected)
    rounding = {
        row[0]: row[1]
        for row in select(con, "billing/focus/export_totals", "basis", "rounding", **RUN)
        if row[1]
    }
    # Half a unit of 1e-18 was dropped; it is told as a whole one.
    assert rounding == dict.fromkeys(("BilledCost", "EffectiveCost"), D("-1E-18"))


def test_the_totals_are_the_charges_added_up(con: duckdb.DuckDBPyConnection) -> None:
    dataset(con, *({"billed_cost": f"{n}.{n}", "list_cost": None} for n in range(1, 8)))
    charged = select(con, "billing/focus/charges", *BASES, **RUN)
    totals = dict(select(con, "billing/focus/export_totals", "basis", "export_total", **RUN))
    assert totals == {
        basis: sum(row[place] for row in charged) for place, basis in enumerate(BASES)
    }


DETAILS = '{"Elements":[{"AllocatedRatio": %s,"UsageUnit":"GPU"}]}'


def part(ratio: str, **more: str) -> dict[str, str]:
    """A charge allocated from a node."""
    return {
        "allocated_method_id": "split",
        "allocated_method_details": DETAILS % ratio,
        "resource_id": "node",
        **more,
    }


@pytest.mark.parametrize(
    ("parts", "wrong"),
    [
        ([part("0.5"), part("0.5")], []),
        ([part("0.333333"), part("0.333333"), part("0.333334")], []),
        ([part("0.1"), part("0.2"), part("0.7")], []),
        ([part("0.5"), part("0.4")], [D("0.9")]),
        ([part("0.5"), part("0.5", resource_id="other")], [D("0.5"), D("0.5")]),
        ([part("0.5", origin_id="a"), part("0.5", origin_id="a", resource_id="other")], []),
        ([part('"0.25"'), part("7.5e-1")], []),
        ([part('0.25},{"AllocatedRatio":0.75')], []),
        ([part("null")], [None]),
        ([{"allocated_method_details": DETAILS % "0.3"}], []),
        ([{"allocated_method_id": "split"}], []),
    ],
)
def test_origins_whose_ratios_are_not_exactly_1_are_found(
    con: duckdb.DuckDBPyConnection, parts: list[dict[str, str]], wrong: list[D | None]
) -> None:
    dataset(con, *parts, {})
    assert [row[0] for row in select(con, "billing/focus/allocations", "ratio")] == wrong


PLAN = {"commitment_discount_id": "plan"}
BOUGHT = {**PLAN, "charge_category": "Purchase", "billed_cost": "100", "effective_cost": "0"}
USED = {**PLAN, "billed_cost": "0", "effective_cost": "60", "commitment_discount_status": "Used"}
UNUSED = {**USED, "commitment_discount_status": "unused", "effective_cost": "1"}


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ([BOUGHT, USED], [("plan", "USD", D(100), D(60))]),
        ([BOUGHT], [("plan", "USD", D(100), D(0))]),
        ([BOUGHT, USED, UNUSED], []),
        ([BOUGHT, USED, {**USED, "effective_cost": "40"}], []),
        ([{**BOUGHT, "effective_cost": "100"}], []),
        ([USED], []),
        ([{**BOUGHT, **dict.fromkeys(PLAN)}], []),
    ],
)
def test_commitments_whose_unused_part_no_line_shows_are_found(
    con: duckdb.DuckDBPyConnection, given: list[dict[str, str]], found: list[Any]
) -> None:
    assert of_lines(con, "billing/focus/commitments", *given) == found


def test_the_quality_of_each_provider_s_lines_is_counted(con: duckdb.DuckDBPyConnection) -> None:
    dataset(
        con,
        {"billed_cost": "1.5", "effective_cost": "1"},
        {"billed_cost": "2.5", "effective_cost": "2.5"},
        {"billed_cost": "2.5", "effective_cost": "3", "charge_category": "Tax"},
        {"effective_cost": None, "contracted_cost": None, "service_name": None},
        {"commitment_discount_id": "plan"},
        {"commitment_discount_id": "plan", "charge_category": "Purchase"},
        {"allocated_method_id": "split"},
        {"service_provider_name": "Other", "billing_currency": "EUR"},
    )
    columns = (
        "provider",
        "currency",
        "lines",
        "without_effective_cost",
        "without_contracted_cost",
        "without_commitment_status",
        "allocated_without_ratio",
        "without_service",
        "with_cents",
        "rounded",
        "billed",
        "effective",
    )
    assert select(con, "billing/focus/quality", *columns) == [
        ("Other", "EUR", 1, 0, 0, 0, 0, 0, 0, 0, None, None),
        ("Solora", "USD", 7, 1, 1, 1, 1, 1, 2, 1, D(4), D("3.5")),
    ]


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ({}, []),
        ({"billed_cost": "Compute"}, [("BilledCost", 2, "Compute")]),
        ({"billed_cost": "1.234,50"}, []),
        ({"list_cost": "2026-05-01"}, [("ListCost", 2, "2026-05-01")]),
        ({"billing_period_start": "USD"}, [("BillingPeriodStart", 2, "USD")]),
        ({"billing_period_start": "05/01/2026"}, []),
        ({"charge_category": "USD"}, [("ChargeCategory", 2, "USD")]),
        ({"charge_category": "Fee"}, []),
        ({"billing_currency": "Usage"}, [("BillingCurrency", 2, "Usage")]),
        ({"billing_currency": "Tokens"}, []),
        ({"effective_cost": None, "list_cost": None}, []),
    ],
)
def test_columns_that_hold_another_header_s_texts_are_found(
    con: duckdb.DuckDBPyConnection, given: dict[str, str | None], found: list[Any]
) -> None:
    where = {"file": "a.csv", "most_lines": 100}
    rows = of_lines(con, "billing/focus/header_contents", given, {}, given, **where)
    assert rows == found
    assert of_lines(con, "billing/focus/header_contents", given, {}, {}, **where) == []


def test_more_billing_than_charge_periods_are_found_unless_they_begin_at_midnight(
    con: duckdb.DuckDBPyConnection,
) -> None:
    where = {"file": "a.csv", "most_lines": 100}
    hours = [{"billing_period_start": f"2026-05-02T{hour:02}:00:00Z"} for hour in range(1, 7)]
    days = [{"billing_period_start": f"2026-05-{day:02}T00:00:00Z"} for day in range(1, 7)]
    name = "billing/focus/billing_periods"
    assert of_lines(con, name, *hours, **where) == [(6, 1, "2026-05-02T01:00:00Z")]
    assert of_lines(con, name, *days, **where) == []
    assert of_lines(con, name, *hours[:3], **where) == []


def test_the_month_s_currencies_are_listed_with_the_first_line_that_has_each(
    con: duckdb.DuckDBPyConnection,
) -> None:
    credits = {"billing_currency": "Credits"}
    rows = of_lines(
        con,
        "billing/focus/currencies",
        {},
        credits,
        credits,
        {"billing_currency": None},
        {"billing_currency": "JPY", "role": "left_out"},
        {"billing_currency": "EUR", **OTHER_MONTH},
    )
    assert rows == [("Credits", 2, "a.csv", 3), ("USD", 1, "a.csv", 2)]
