"""Each file of `sql/billing/azure` on lines that show what it decides."""

import csv
import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from decimal import ROUND_HALF_EVEN, Context, localcontext
from decimal import Decimal as D
from pathlib import Path
from random import Random
from typing import Any

import duckdb
import pytest
from azure_tables import MONTH, connection, exports, of_lines, written
from bill_tables import parquet, select

from pipelines.contracts import BASES, CHARGES

RUN = {"source": "az", "month": MONTH}
RI = "/providers/Microsoft.Capacity/reservationOrders/o/reservations/r"
PLAN = "/providers/Microsoft.BillingBenefits/savingsPlanOrders/o/savingsPlans/p"
COVERED = {"pricing_model": "Reservation", "benefit_id": RI}
PURCHASE = {"charge_type": "Purchase", "frequency": "Recurring", **COVERED}


@pytest.fixture(scope="module")
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    with connection() as opened:
        yield opened


def value(con: duckdb.DuckDBPyConnection, expression: str, *arguments: Any) -> Any:
    [row] = con.execute(f"SELECT {expression}", list(arguments)).fetchall()
    return row[0]


def charge(con: duckdb.DuckDBPyConnection, **changed: str | None) -> dict[str, Any]:
    exports(con, changed)
    return charged(con)[0]


def charged(con: duckdb.DuckDBPyConnection) -> list[dict[str, Any]]:
    rows = con.execute(sql_of("charges"), RUN).fetchall()
    names = [str(column[0]) for column in con.description or ()]
    return [dict(zip(names, row, strict=True)) for row in rows]


def sql_of(name: str) -> str:
    from pipelines.queries import sql  # noqa: PLC0415 -- names a variable file

    return sql({"charges": "billing/azure/charges", "file_facts": "billing/azure/file_facts"}[name])


def costs(con: duckdb.DuckDBPyConnection, *rows: Mapping[str, Any]) -> list[str]:
    """Billed, effective, contracted, listed of each charge, as short texts."""
    exports(con, *rows)
    return [" ".join(f"{row[basis].normalize():f}" for basis in BASES) for row in charged(con)]


# How files are written


def facts(con: duckdb.DuckDBPyConnection, *rows: Mapping[str, Any]) -> dict[str, Any]:
    written(con, *rows)
    rows_ = con.execute(sql_of("file_facts")).fetchall()
    names = [str(column[0]) for column in con.description or ()]
    assert len(rows_) == 1
    return dict(zip(names, rows_[0], strict=True))


NO_PERIOD = {"billing_period_start": None, "billing_period_end": None}


@pytest.mark.parametrize(
    ("dates", "found"),
    [
        (("09/04/2026", "09/30/2026"), (0, 1, 2)),
        (("04/09/2026", "30/09/2026"), (1, 0, 2)),
        (("02/02/2026",), (0, 0, 0)),
        (("2026-09-30", "30.09.2026", None, "soon"), (0, 0, 0)),
        (("13/01/2026 00:00:00", "1/13/2026"), (1, 1, 2)),
    ],
)
def test_a_file_s_dates_tell_their_order_together(
    con: duckdb.DuckDBPyConnection, dates: tuple[str, ...], found: tuple[int, ...]
) -> None:
    told = facts(con, *({**NO_PERIOD, "date": date} for date in dates))
    assert (told["day_first_dates"], told["month_first_dates"], told["telling_dates"]) == found


@pytest.mark.parametrize(
    ("start", "end", "found"),
    [
        ("01/05/2026", "02/04/2026", (0, 1)),
        ("05/01/2026", "04/02/2026", (1, 0)),
        ("09/01/2026", "09/30/2026", (0, 1)),
        ("01/01/2026", "02/02/2026", (0, 0)),
    ],
)
def test_a_billing_period_is_a_month_in_one_order_only(
    con: duckdb.DuckDBPyConnection, start: str, end: str, found: tuple[int, int]
) -> None:
    told = facts(con, {"billing_period_start": start, "billing_period_end": end})
    assert (told["day_first_periods"], told["month_first_periods"]) == found


@pytest.mark.parametrize(
    ("cost", "found"),
    [
        ("1234.5", (0, 1, 0)),
        ("0,5", (1, 0, 1)),
        ("-12,25", (1, 0, 1)),
        ("1,2345", (1, 0, 1)),
        ("1,234", (1, 0, 0)),
        ("1.234,5", (1, 1, 1)),
        ("7", (0, 0, 0)),
    ],
)
def test_a_comma_is_proved_to_be_decimal_or_not(
    con: duckdb.DuckDBPyConnection, cost: str, found: tuple[int, ...]
) -> None:
    told = facts(con, {"cost": cost})
    assert (told["commas"], told["points"], told["decimal_commas"]) == found


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ({}, (0, 0, 0, 0)),
        ({**COVERED}, (0, 1, 0, 1)),
        ({**COVERED, "cost": "0"}, (0, 0, 0, 1)),
        ({**COVERED, "cost": "0.0000E-7"}, (0, 0, 0, 1)),
        ({"pricing_model": "Savings Plan", "cost": "0.01"}, (0, 1, 0, 1)),
        ({"charge_type": "UnusedSavingsPlan", "pricing_model": None}, (1, 0, 0, 1)),
        ({**PURCHASE}, (0, 0, 1, 1)),
        ({**PURCHASE, "charge_type": "Refund"}, (0, 0, 1, 1)),
        ({"charge_type": "Purchase"}, (0, 0, 0, 0)),
    ],
)
def test_commitments_show_which_view_of_the_costs_a_file_is(
    con: duckdb.DuckDBPyConnection, line: dict[str, str | None], found: tuple[int, ...]
) -> None:
    told = facts(con, line)
    shown = ("unused_lines", "covered_lines", "fee_lines", "committed_lines")
    assert tuple(told[name] for name in shown) == found


def test_the_facts_are_found_by_file(con: duckdb.DuckDBPyConnection) -> None:
    written(con, {"file": "a"}, {"file": "b"}, {"file": "b"})
    assert select(con, "billing/azure/file_facts", "file") == [("a",), ("b",)]


@pytest.mark.parametrize(
    ("text", "day_first", "iso"),
    [
        ("09/04/2026", False, "2026-09-04"),
        ("09/04/2026", True, "2026-04-09"),
        ("9/4/2026 00:00:00", False, "2026-09-04"),
        ("09/04/2026T00:00:00Z", False, "2026-09-04"),
        ("30.09.2026", False, "2026-09-30"),
        ("1.9.2026", True, "2026-09-01"),
        ("2026-09-04T00:00:00.0000000Z", True, "2026-09-04T00:00:00.0000000Z"),
        ("13/13/2026", False, "13/13/2026"),
        ("31.02.2026", False, "31.02.2026"),
        ("09/04/26", False, "09/04/26"),
        (None, False, None),
    ],
)
def test_a_date_is_written_one_way_or_left_as_it_is(
    con: duckdb.DuckDBPyConnection, text: str | None, day_first: bool, iso: str | None
) -> None:
    exports(con, {"date": text, **NO_PERIOD}, is_day_first=day_first)
    assert value(con, "(SELECT date FROM raw_text)") == iso


@pytest.mark.parametrize(
    ("date", "start", "month_start"),
    [
        ("09/04/2026", None, "2026-09-01"),
        ("09/04/2026", "08/14/2026", "2026-08-14"),
        ("soon", None, None),
    ],
)
def test_without_a_billing_period_it_is_the_calendar_month(
    con: duckdb.DuckDBPyConnection, date: str, start: str | None, month_start: str | None
) -> None:
    exports(con, {"date": date, "billing_period_start": start})
    [(found,)] = select(con, "billing/azure/raw_text", "billing_period_start")
    assert found == month_start


def test_decimal_commas_become_points_in_every_amount(con: duckdb.DuckDBPyConnection) -> None:
    amounts = ("cost", "quantity", "unit_price", "list_price", "list_cost", "exchange_rate")
    exports(con, dict.fromkeys(amounts, "1,25"), has_decimal_commas=True)
    assert select(con, "billing/azure/raw_text", *amounts) == [("1.25",) * 6]


@pytest.mark.parametrize(
    ("rows", "paired"),
    [
        ([{"role": "actual"}, {"role": "amortized"}], [("2026-09", "sub-1")]),
        (
            [
                {"role": "actual"},
                *({"role": "amortized", "subscription_id": s} for s in ("B", "b")),
            ],
            [("2026-09", "b")],
        ),
        (
            [{"role": "actual"}, {"role": "amortized", "subscription_id": None}],
            [("2026-09", "")],
        ),
        ([{"role": "actual"}, {"role": ""}], []),
        ([{"role": "amortized"}], []),
        ([{"role": "actual"}, {"role": "amortized", "billing_period_start": "2026-10-01"}], []),
    ],
)
def test_a_month_is_paired_where_both_views_have_lines_of_it(
    con: duckdb.DuckDBPyConnection, rows: list[dict[str, str]], paired: list[tuple[str, str]]
) -> None:
    exports(con, *rows)
    assert select(con, "billing/azure/paired_subscriptions") == paired


# What a line is


@pytest.mark.parametrize(
    ("line", "fate"),
    [
        ({}, "left_out"),
        ({**COVERED}, "left_out"),
        ({"charge_type": "Purchase"}, "left_out"),
        ({**PURCHASE}, "charge"),
        ({**PURCHASE, "charge_type": "Refund", "pricing_model": "SavingsPlan"}, "charge"),
        ({"charge_type": "RoundingAdjustment"}, "left_out"),
    ],
)
def test_beside_amortized_costs_actual_ones_add_only_commitments_bought_and_refunded(
    con: duckdb.DuckDBPyConnection, line: dict[str, str], fate: str
) -> None:
    exports(con, {"role": "actual", **line}, {"role": "amortized"})
    fates = dict(select(con, "billing/azure/raw_lines", "role", "line_fate"))
    assert fates == {"actual": fate, "amortized": "charge"}
    exports(con, {"role": "actual", **line})
    assert select(con, "billing/azure/raw_lines", "line_fate") == [("charge",)]


def test_actual_lines_of_a_subscription_without_amortized_ones_are_charged(
    con: duckdb.DuckDBPyConnection,
) -> None:
    lines = [
        {"role": "actual", "subscription_id": "SUB-1"},
        {"role": "actual", "subscription_id": "sub-2"},
        {"role": "amortized"},
    ]
    exports(con, *lines)
    fates = select(con, "billing/azure/raw_lines", "subscription_id", "line_fate", "is_paired")
    assert fates == [
        ("SUB-1", "left_out", True),
        ("sub-2", "charge", True),
        ("sub-1", "charge", True),
    ]


@pytest.mark.parametrize(
    ("start", "month"),
    [("2026-09-01", "2026-09"), ("2026-09-14T00:00:00Z", "2026-09"), ("13/13/2026", None)],
)
def test_a_line_is_of_the_month_its_billing_period_starts_in(
    con: duckdb.DuckDBPyConnection, start: str, month: str | None
) -> None:
    exports(con, {"billing_period_start": start})
    assert select(con, "billing/azure/raw_lines", "line_month") == [(month,)]


@pytest.mark.parametrize(
    ("start", "end", "month"),
    [
        ("2026-09-01", "2026-09-30", "2026-09"),
        ("2026-08-14", "2026-09-13", "2026-09"),
        ("2026-08-14", None, "2026-09"),
        ("2026-09-30", "2026-10-29", "2026-09"),
        ("2026-08-01", "2026-08-31", "2026-08"),
        ("2026-10-01", "2026-10-31", "2026-10"),
        ("soon", None, None),
    ],
)
def test_a_delivery_of_a_month_tells_the_month_of_periods_that_touch_it(
    con: duckdb.DuckDBPyConnection, start: str, end: str | None, month: str | None
) -> None:
    line = {"billing_period_start": start, "billing_period_end": end}
    exports(con, line, month_is_told=True)
    assert select(con, "billing/azure/raw_lines", "line_month") == [(month,)]
    others = select(con, "billing/azure/cost_totals", "other_period_lines")
    assert others == ([(int(start[:7] != month),)] if month == MONTH else [])
    lines = select(con, "billing/azure/export_totals", "lines", **RUN)
    exports(con, line)
    assert lines == [(1,)] * 4


def keys(con: duckdb.DuckDBPyConnection, *rows: Mapping[str, Any]) -> int:
    exports(con, *rows)
    return len({key for (key,) in select(con, "billing/azure/raw_lines", "line_key")})


@pytest.mark.parametrize(
    "column",
    [
        "billing_account_id",
        "subscription_id",
        "currency",
        "charge_type",
        "pricing_model",
        "frequency",
        "date",
        "resource_id",
        "resource_group",
        "resource_location",
        "consumed_service",
        "meter_id",
        "meter_name",
        "unit_of_measure",
        "part_number",
        "product_name",
        "benefit_id",
        "allocation_rule",
    ],
)
def test_lines_about_different_things_have_different_keys(
    con: duckdb.DuckDBPyConnection, column: str
) -> None:
    assert keys(con, {}, {column: "other"}) == 2


@pytest.mark.parametrize(
    "changed",
    [
        {"cost": "2"},
        {"quantity": "2"},
        {"tag_text": '"team": "search"'},
        {"invoice_id": "T1"},
        {"additional_info": "{}"},
        {"line_number": 9},
    ],
)
def test_what_a_later_delivery_restates_is_in_no_key(
    con: duckdb.DuckDBPyConnection, changed: dict[str, Any]
) -> None:
    assert keys(con, {}, changed) == 1


def test_azure_writes_a_resource_in_several_cases(con: duckdb.DuckDBPyConnection) -> None:
    assert (
        keys(con, {"resource_id": "/subscriptions/A/RG"}, {"resource_id": "/SUBSCRIPTIONS/a/rg"})
        == 1
    )


@pytest.mark.parametrize(("invoice", "lacks"), [("T1", False), (None, True)])
def test_an_invoice_is_only_missed_where_the_file_names_invoices(
    con: duckdb.DuckDBPyConnection, invoice: str | None, lacks: bool
) -> None:
    exports(con, {"invoice_id": invoice})
    assert select(con, "billing/azure/raw_lines", "lacks_invoice") == [(lacks,)]
    exports(con, {"invoice_id": invoice}, names_invoices=False)
    assert select(con, "billing/azure/raw_lines", "lacks_invoice") == [(False,)]


PRICED = {"quantity": "2", "list_price": "3", "unit_price": "2"}


@pytest.mark.parametrize(
    ("line", "lacks"),
    [
        ({**PRICED}, False),
        ({**PRICED, "list_price": "0"}, True),
        ({**PRICED, "list_price": None}, True),
        ({**PRICED, "list_price": None, "list_cost": "6"}, False),
        ({**PRICED, "list_price": None, "cost": "0"}, False),
        ({**PRICED, "quantity": None}, True),
        ({**PRICED, "pricing_currency": "EUR"}, True),
        ({**PRICED, "pricing_currency": "EUR", "exchange_rate": "1.1"}, False),
        ({**PURCHASE}, False),
        ({"charge_type": "Tax"}, False),
    ],
)
def test_a_list_price_is_missed_on_usage_that_costs_something(
    con: duckdb.DuckDBPyConnection, line: dict[str, str | None], lacks: bool
) -> None:
    exports(con, line)
    assert select(con, "billing/azure/raw_lines", "lacks_list_price") == [(lacks,)]


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ({}, []),
        ({"cost": None}, [("CostInBillingCurrency", None, "is empty", True)]),
        ({"currency": None}, [("BillingCurrencyCode", None, "is empty", True)]),
        ({"currency": "$"}, [("BillingCurrencyCode", "$", "is not a currency code", True)]),
        ({"tag_text": "team=search"}, [("Tags", "team=search", "is not JSON", False)]),
        ({"tag_text": '"team": "search"'}, []),
        ({"billing_period_start": "2026-10-01", "cost": None}, []),
        (
            {"billing_period_start": "soon", "cost": None},
            [("CostInBillingCurrency", None, "is empty", True)],
        ),
    ],
)
def test_a_line_needs_a_cost_and_a_currency(
    con: duckdb.DuckDBPyConnection, line: dict[str, str | None], found: list[Any]
) -> None:
    rows = of_lines(con, "billing/azure/unreadable_fields", line)
    assert rows == [("a.csv", 2, *fields) for fields in found]


def test_a_line_that_is_left_out_may_lack_them(con: duckdb.DuckDBPyConnection) -> None:
    lines = {"role": "actual", "cost": None}, {"role": "amortized"}
    assert of_lines(con, "billing/azure/unreadable_fields", *lines) == []


# What it costs

ACTUAL, AMORTIZED, PAIR = ["actual"], ["amortized"], ["actual", "amortized"]
LISTED = {"cost": "4", "quantity": "2", "unit_price": "3", "list_price": "5"}


@pytest.mark.parametrize(
    ("line", "alone", "actual", "amortized"),
    [
        (LISTED, "4 4 6 10", "4 4 6 10", "4 4 6 10"),
        ({**LISTED, **COVERED}, "4 4 6 10", "4 4 6 10", "0 4 6 10"),
        ({**LISTED, **COVERED, "pricing_model": "SavingsPlan"}, *["4 4 6 10"] * 2, "0 4 6 10"),
        ({**LISTED, **PURCHASE}, "4 4 0 0", "4 4 0 0", "4 0 0 0"),
        ({**LISTED, **PURCHASE, "charge_type": "Refund"}, "4 4 0 0", "4 4 0 0", "4 0 0 0"),
        ({**LISTED, "charge_type": "UnusedReservation"}, "4 4 0 0", "4 4 0 0", "0 4 0 0"),
        ({**LISTED, "charge_type": "UnusedSavingsPlan"}, "4 4 0 0", "4 4 0 0", "0 4 0 0"),
        ({**LISTED, "charge_type": "Purchase"}, *["4 4 4 4"] * 3),
        ({**LISTED, "charge_type": "Tax"}, *["4 4 4 4"] * 3),
        ({**LISTED, "charge_type": "Credit", "cost": "-4"}, *["-4 -4 -4 -4"] * 3),
        ({**LISTED, "charge_type": "RoundingAdjustment"}, *["4 4 4 4"] * 3),
        ({**LISTED, "charge_type": None}, *["4 4 6 10"] * 3),
        ({**LISTED, "quantity": "-2", "cost": "-4"}, *["-4 -4 -6 -10"] * 3),
        ({**LISTED, "list_cost": "9"}, *["4 4 6 9"] * 3),
        ({**LISTED, "list_price": "0"}, *["4 4 6 6"] * 3),
        ({**LISTED, "list_price": "0", "unit_price": "0"}, *["4 4 4 4"] * 3),
        ({**LISTED, "quantity": None}, *["4 4 4 4"] * 3),
        ({**LISTED, "pricing_currency": "USD"}, *["4 4 6 10"] * 3),
        ({**LISTED, "pricing_currency": "EUR", "exchange_rate": "1.5"}, *["4 4 9 15"] * 3),
        ({**LISTED, "pricing_currency": "EUR"}, *["4 4 4 4"] * 3),
    ],
)
def test_a_line_costs_what_its_type_and_its_view_say(
    con: duckdb.DuckDBPyConnection, line: dict[str, str], alone: str, actual: str, amortized: str
) -> None:
    assert costs(con, line) == [alone]
    assert costs(con, {"role": "actual", **line}) == [actual]
    assert costs(con, {"role": "amortized", **line}) == [amortized]


@pytest.mark.parametrize("kind", ["Purchase", "Refund"])
def test_beside_amortized_costs_a_commitment_is_billed_once_and_never_effective(
    con: duckdb.DuckDBPyConnection, kind: str
) -> None:
    bought = {**LISTED, **PURCHASE, "charge_type": kind}
    used = {**LISTED, **COVERED, "role": "amortized"}
    assert costs(con, {"role": "actual", **bought}, used) == ["4 0 0 0", "0 4 6 10"]
    doubled = {"role": "actual", **bought}, {"role": "amortized", **bought}
    assert costs(con, *doubled) == ["4 0 0 0", "0 0 0 0"]


WORDS = ("ChargeCategory", "ChargeClass", "ChargeFrequency", "CommitmentDiscountStatus")


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ({}, ("Usage", None, "Usage-Based", None)),
        ({"charge_type": None, "frequency": None}, ("Usage", None, "Usage-Based", None)),
        (COVERED, ("Usage", None, "Usage-Based", "Used")),
        ({"charge_type": "UnusedReservation"}, ("Usage", None, "Usage-Based", "Unused")),
        ({"charge_type": "UnusedSavingsPlan"}, ("Usage", None, "Usage-Based", "Unused")),
        (PURCHASE, ("Purchase", None, "Recurring", None)),
        (
            {**PURCHASE, "charge_type": "Refund", "frequency": "OneTime"},
            ("Purchase", "Correction", "One-Time", None),
        ),
        ({"charge_type": "Tax", "frequency": None}, ("Tax", None, "One-Time", None)),
        ({"charge_type": "Credit", "frequency": None}, ("Credit", None, "One-Time", None)),
        ({"charge_type": "Adjustment", "frequency": "?"}, ("Adjustment", None, "One-Time", None)),
        ({"charge_type": "RoundingAdjustment"}, ("Adjustment", None, "Usage-Based", None)),
        ({"charge_type": "Novelty"}, ("Adjustment", None, "Usage-Based", None)),
    ],
)
def test_a_charge_type_becomes_focus_words(
    con: duckdb.DuckDBPyConnection, line: dict[str, Any], words: tuple[str | None, ...]
) -> None:
    found = charge(con, **line)
    assert tuple(found[word] for word in WORDS) == words


COMMITMENT = tuple(f"CommitmentDiscount{name}" for name in ("Id", "Type", "Category"))


@pytest.mark.parametrize(
    ("line", "commitment"),
    [
        ({}, (None, None, None)),
        ({"benefit_id": RI}, (RI, "Reservation", "Usage")),
        ({"benefit_id": PLAN.upper()}, (PLAN.upper(), "Savings Plan", "Spend")),
        ({"reservation_id": "r"}, ("r", "Reservation", "Usage")),
        ({"benefit_id": PLAN, "reservation_id": "r"}, (PLAN, "Savings Plan", "Spend")),
        ({"charge_type": "UnusedSavingsPlan"}, (None, "Savings Plan", "Spend")),
        ({"charge_type": "UnusedReservation"}, (None, "Reservation", "Usage")),
        ({"pricing_model": "SavingsPlan"}, (None, "Savings Plan", "Spend")),
        ({"pricing_model": "Reservation"}, (None, "Reservation", "Usage")),
    ],
)
def test_a_charge_names_its_commitment(
    con: duckdb.DuckDBPyConnection, line: dict[str, str], commitment: tuple[str | None, ...]
) -> None:
    found = charge(con, **line)
    assert tuple(found[name] for name in COMMITMENT) == commitment


@pytest.mark.parametrize(
    ("model", "category"),
    [
        ("OnDemand", "Standard"),
        ("Spot", "Dynamic"),
        ("Reservation", "Committed"),
        ("SavingsPlan", "Committed"),
        (None, None),
    ],
)
def test_a_pricing_model_becomes_a_category(
    con: duckdb.DuckDBPyConnection, model: str | None, category: str | None
) -> None:
    assert charge(con, pricing_model=model)["PricingCategory"] == category


@pytest.mark.parametrize(
    ("unit", "quantity", "consumed", "name"),
    [
        ("10K", "0.0047", "47", "Units"),
        ("1M", "0.25", "250000", "Units"),
        ("100 Hours", "0.24", "24", "Hours"),
        ("1 Hour", "24", "24", "Hours"),
        ("1 GB/Month", "1.5", "1.5", "GB/Month"),
        ("1/Month", "0.5", "0.5", "Units/Month"),
        ("10K Transactions", "2", "20000", "Transactions"),
        ("1K", "0.000000000000001", "0.000000000001", "Units"),
        ("Hours", "3", "3", "Hours"),
        (None, "3", "3", None),
    ],
)
def test_consumed_is_quantity_times_block(
    con: duckdb.DuckDBPyConnection, unit: str | None, quantity: str, consumed: str, name: str | None
) -> None:
    found = charge(con, unit_of_measure=unit, quantity=quantity)
    assert (found["ConsumedQuantity"], found["ConsumedUnit"]) == (D(consumed), name)
    assert (found["PricingQuantity"], found["PricingUnit"]) == (D(quantity), unit)


@pytest.mark.parametrize("kind", ["Purchase", "Tax", "UnusedReservation", "Credit"])
def test_only_usage_is_consumed(con: duckdb.DuckDBPyConnection, kind: str) -> None:
    found = charge(con, charge_type=kind, quantity="1", unit_of_measure="1 Hour")
    assert (found["ConsumedQuantity"], found["ConsumedUnit"]) == (None, None)


def test_blocks_are_those_of_microsoft_s_own_table(
    con: duckdb.DuckDBPyConnection, shared_data: Path
) -> None:
    table = shared_data / "billing" / "reference" / "PricingUnits.csv"
    with table.open(encoding="utf-8-sig", newline="") as text:
        stated = {row["UnitOfMeasure"]: D(row["PricingBlockSize"]) for row in csv.DictReader(text)}
    con.execute("CREATE OR REPLACE TEMP TABLE units (unit VARCHAR)")
    con.executemany("INSERT INTO units VALUES (?)", [[unit] for unit in stated])
    found = dict(con.execute("SELECT unit, block_size(unit) FROM units").fetchall())
    differ = {unit: size for unit, size in found.items() if size != stated[unit]}
    # The table reads `10000s` as one transaction, and `10000 Transactions` as ten thousand.
    assert differ == {"10000s": D(10000)}
    assert len(found) > 380


PERIOD = ("charge_month", "ChargePeriodStart", "ChargePeriodEnd", "BillingPeriodEnd")
OCTOBER = datetime(2026, 10, 1)


@pytest.mark.parametrize(
    ("line", "period"),
    [
        ({}, ("2026-09", datetime(2026, 9, 4), datetime(2026, 9, 5), OCTOBER)),
        ({"date": "2026-09-30"}, ("2026-09", datetime(2026, 9, 30), OCTOBER, OCTOBER)),
        (
            {"date": "2026-08-31"},
            ("2026-08", datetime(2026, 8, 31), datetime(2026, 9, 1), OCTOBER),
        ),
        ({"date": None}, ("2026-09", datetime(2026, 9, 1), OCTOBER, OCTOBER)),
        (
            {"billing_period_end": None},
            ("2026-09", datetime(2026, 9, 4), datetime(2026, 9, 5), OCTOBER),
        ),
    ],
)
def test_periods_end_after_their_last_day(
    con: duckdb.DuckDBPyConnection, line: dict[str, Any], period: tuple[Any, ...]
) -> None:
    found = charge(con, **line)
    assert tuple(found[name] for name in PERIOD) == period


@pytest.mark.parametrize(
    ("text", "tags"),
    [
        (None, {}),
        ('{"team": "search"}', {"team": "search"}),
        ('"team": "search","env": ""', {"team": "search", "env": ""}),
        ("team=search", {}),
        ('{"team": ', {}),
    ],
)
def test_tags_may_lack_their_braces(
    con: duckdb.DuckDBPyConnection, text: str | None, tags: dict[str, str]
) -> None:
    assert json.loads(charge(con, tag_text=text)["Tags"]) == tags


@pytest.mark.parametrize(
    ("info", "instance"),
    [
        (
            '{"UsageType":"ComputeHR","ServiceType":"Standard_NC24ads_A100_v4"}',
            "Standard_NC24ads_A100_v4",
        ),
        ('"ServiceType": "Standard_DS2_v2",  "VMName": "aks_0"', "Standard_DS2_v2"),
        ('{"serviceType":"Basic_A1"}', "Basic_A1"),
        ('{"ServiceType":"SQLThreatDetection"}', None),
        ('{"ServiceType": null}', None),
        ('""', None),
        (None, None),
    ],
)
def test_the_instance_type_is_in_the_additional_info(
    con: duckdb.DuckDBPyConnection, info: str | None, instance: str | None
) -> None:
    assert charge(con, additional_info=info)["x_InstanceType"] == instance


GROUP = "/subscriptions/s/providers/Microsoft.Compute/capacityReservationGroups/g"


@pytest.mark.parametrize(
    ("info", "resource", "found"),
    [
        ('{"VMCapacityReservationId":"c-1"}', "/vm", ("c-1", "Used")),
        ('{"VMCapacityReservationId":"c-1"}', f"{GROUP}/capacityReservations/c", ("c-1", "Unused")),
        ('{"VMCapacityReservationId":""}', "/vm", (None, None)),
        (None, f"{GROUP}/capacityReservations/c", (None, None)),
    ],
)
def test_capacity_reservations_are_named(
    con: duckdb.DuckDBPyConnection, info: str | None, resource: str, found: tuple[Any, ...]
) -> None:
    row = charge(con, additional_info=info, resource_id=resource)
    assert (row["CapacityReservationId"], row["CapacityReservationStatus"]) == found


def test_a_model_s_meter_keeps_its_names(con: duckdb.DuckDBPyConnection) -> None:
    row = charge(
        con,
        meter_category="Foundry Models",
        meter_subcategory="Azure OpenAI GPT4",
        meter_name="gpt 4.1 Outp glbl Tokens",
        consumed_service="Microsoft.CognitiveServices",
        unit_of_measure="1K",
        quantity="12.5",
    )
    assert row["x_ServiceCode"] == row["ServiceName"] == "Foundry Models"
    assert row["x_ProductFamily"] == "Azure OpenAI GPT4"
    assert row["x_UsageType"] == row["SkuMeter"] == "gpt 4.1 Outp glbl Tokens"
    assert row["x_Operation"] == "Microsoft.CognitiveServices"
    assert row["ConsumedQuantity"] == 12500


def test_a_charge_says_all_that_its_line_does(con: duckdb.DuckDBPyConnection) -> None:
    resource = (
        "/subscriptions/s/resourceGroups/ML/providers/Microsoft.Compute/virtualMachines/gpu-1"
    )
    line = {
        "billing_account_name": "Trey",
        "billing_profile_id": "BG-1",
        "billing_profile_name": "Trey Profile",
        "invoice_id": "T000123",
        "subscription_name": "ML",
        "product_name": "Virtual Machines NCads",
        "product_id": "DZH318Z0",
        "meter_subcategory": "NCads A100 v4 Series",
        "meter_name": "NC24ads A100 v4",
        "unit_of_measure": "1 Hour",
        "quantity": "24",
        "unit_price": "3.5",
        "list_price": "4",
        "cost": "84",
        "consumed_service": "Microsoft.Compute",
        "resource_id": resource,
        "resource_location": "East US 2",
        "availability_zone": "1",
        "partner_name": "Contoso",
        **COVERED,
        "benefit_name": "gpus",
    }
    row = charge(con, **line)
    assert set(row) - {"line_number", "line_key", "line_part"} <= set(CHARGES.columns)
    expected = {
        "line_part": "",
        "billing_month": MONTH,
        "source": "az",
        "ServiceProviderName": "Microsoft",
        "HostProviderName": "Microsoft",
        "InvoiceIssuerName": "Contoso",
        "InvoiceId": "T000123",
        "BillingAccountId": "BG-1",
        "BillingAccountName": "Trey Profile",
        "SubAccountId": "sub-1",
        "SubAccountName": "ML",
        "BillingCurrency": "USD",
        "BillingPeriodStart": datetime(2026, 9, 1),
        "ChargeDescription": "Virtual Machines NCads",
        "ServiceName": "Virtual Machines",
        "ResourceId": resource,
        "ResourceName": "gpu-1",
        "ResourceType": "microsoft.compute/virtualmachines",
        "RegionId": "eastus2",
        "RegionName": "East US 2",
        "AvailabilityZone": "1",
        "SkuId": "DZH318Z0",
        "PricingCurrency": "USD",
        "ListUnitPrice": D(4),
        "ContractedUnitPrice": D("3.5"),
        "CommitmentDiscountName": "gpus",
        "x_LineItemType": "Usage",
        "x_SourceFile": "a.csv",
        "x_SourceLine": 2,
    }
    assert {name: row[name] for name in expected} == expected


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ({"consumed_service": "Microsoft.Sql"}, "Microsoft.Sql"),
        ({"product_name": "Support"}, "Support"),
        ({"publisher_name": "Red Hat"}, "Red Hat"),
        ({}, "Microsoft"),
    ],
)
def test_a_service_always_has_a_name(
    con: duckdb.DuckDBPyConnection, line: dict[str, str], name: str
) -> None:
    assert charge(con, meter_category=None, **line)["ServiceName"] == name


@pytest.mark.parametrize(
    ("line", "account"),
    [({}, "8611537"), ({"billing_profile_id": "P"}, "P"), ({"billing_account_id": None}, "sub-1")],
)
def test_the_billed_account_is_the_profile_the_enrolment_or_the_subscription(
    con: duckdb.DuckDBPyConnection, line: dict[str, Any], account: str
) -> None:
    assert charge(con, **line)["BillingAccountId"] == account


# Products


def test_a_product_is_exact_and_rounded_once_half_to_even(con: duckdb.DuckDBPyConnection) -> None:
    random = Random(7)  # noqa: S311 -- amounts, not secrets
    pairs = [
        tuple(D(random.randrange(-(10**digits), 10**digits)).scaleb(-18) for digits in (a, b))
        for a in (4, 12, 19, 27, 31)
        for b in (3, 18, 20, 24)
        for _ in range(60)
    ]
    con.execute("CREATE OR REPLACE TEMP TABLE p (a DECIMAL(38,18), b DECIMAL(38,18))")
    con.executemany("INSERT INTO p VALUES (?, ?)", [[f"{a:f}", f"{b:f}"] for a, b in pairs])
    with localcontext(Context(prec=80, rounding=ROUND_HALF_EVEN)):
        expected = [(a * b).quantize(D("1E-18")) for a, b in pairs]
    found = con.execute("SELECT exact_product(a, b) FROM p ORDER BY rowid").fetchall()
    assert [product for (product,) in found] == expected


@pytest.mark.parametrize(
    ("a", "b", "product"),
    [
        ("0.000000000000000005", "0.1", "0"),
        ("0.000000000000000015", "0.1", "0.000000000000000002"),
        ("-0.000000000000000015", "0.1", "-0.000000000000000002"),
        ("0.000000000000000015", "0.3", "0.000000000000000004"),
        ("99999999999999999", "10", "999999999999999990"),
        ("999999999999999999", "1.000000000000000001", None),
        ("0", "0.000000000000000001", "0"),
    ],
)
def test_the_edges_of_a_product(
    con: duckdb.DuckDBPyConnection, a: str, b: str, product: str | None
) -> None:
    con.execute(f"CREATE OR REPLACE TEMP TABLE p AS SELECT amount('{a}') AS a, amount('{b}') AS b")
    assert value(con, "exact_product(a, b) FROM p") == (None if product is None else D(product))


@pytest.mark.parametrize(
    ("a", "b", "product"),
    [
        ("0.0047", "0.00237", "0.000011139"),
        ("24.80634996", "-0.1", "-2.480634996"),
        ("123456789", "0.000000001", "0.123456789"),
        ("7", "1.50", "10.5"),
        ("0.1234567891", "1", None),
        ("1234567890", "1", None),
        ("1e-12", "1", None),
        ("1_0", "1", None),
        (None, "1", None),
    ],
)
def test_short_texts_are_multiplied_as_they_are(
    con: duckdb.DuckDBPyConnection, a: str | None, b: str, product: str | None
) -> None:
    con.execute("CREATE OR REPLACE TEMP TABLE p AS SELECT ?::VARCHAR AS a, ? AS b", [a, b])
    assert value(con, "short_product(a, b) FROM p") == (None if product is None else D(product))


# Totals


def totals(con: duckdb.DuckDBPyConnection) -> dict[tuple[str, ...], tuple[int, D]]:
    columns = ("BillingAccountId", "InvoiceId", "InvoiceIssuerName", "BillingCurrency", "basis")
    rows = select(con, "billing/azure/export_totals", *columns, "lines", "export_total", **RUN)
    return {row[:5]: row[5:] for row in rows}


MIXED = [
    {"role": "actual", **LISTED},
    {"role": "actual", **LISTED, **PURCHASE, "invoice_id": "T1"},
    {"role": "actual", **PURCHASE, "charge_type": "Refund", "cost": "-0.5"},
    {"role": "actual", **LISTED, "subscription_id": "sub-2", "cost": "11"},
    {"role": "amortized", **LISTED},
    {"role": "amortized", **LISTED, **COVERED, "list_price": "0"},
    {
        "role": "amortized",
        **LISTED,
        "charge_type": "UnusedSavingsPlan",
        "pricing_model": "SavingsPlan",
    },
    {"role": "amortized", **LISTED, "pricing_currency": "EUR", "exchange_rate": "1.07"},
    {"role": "amortized", **LISTED, "pricing_currency": "EUR"},
    {"role": "amortized", **LISTED, "charge_type": "Credit", "cost": "-3", "currency": "EUR"},
    {"role": "amortized", "cost": "0.123456789012345678", "quantity": "0.3333333333333333333"},
    {"role": "amortized", **LISTED, **PURCHASE, "partner_name": "Contoso"},
    {"role": "", **LISTED, "list_cost": "9.5", "billing_account_id": None},
]


@pytest.mark.parametrize("roles", [PAIR, ACTUAL, AMORTIZED, [*PAIR, ""]])
def test_the_export_s_totals_are_what_the_charges_add_up_to(
    con: duckdb.DuckDBPyConnection, roles: list[str]
) -> None:
    exports(con, *(line for line in MIXED if line["role"] in roles))
    expected: dict[tuple[str, ...], tuple[int, D]] = {}
    for row in charged(con):
        for basis in BASES:
            key = (
                row["BillingAccountId"],
                row["InvoiceId"] or "",
                row["InvoiceIssuerName"],
                row["BillingCurrency"],
                basis,
            )
            lines, total = expected.get(key, (0, D(0)))
            expected[key] = (lines + 1, total + row[basis])
    assert totals(con) == expected


def test_totals_are_of_the_month_and_say_how_far_they_were_rounded(
    con: duckdb.DuckDBPyConnection,
) -> None:
    exports(con, {"cost": "0.1234567890123456784"}, {"billing_period_start": "2026-10-01"})
    rows = select(con, "billing/azure/export_totals", "export_total", "rounding", **RUN)
    assert rows == [(D("0.123456789012345678"), D(0))] * 4


# What a person is told


def test_the_sums_of_both_views_are_found_by_currency(con: duckdb.DuckDBPyConnection) -> None:
    lines = [
        {"role": "actual", "cost": "1"},
        {"role": "actual", "cost": "6", "subscription_id": "sub-2"},
        {"role": "actual", **PURCHASE, "cost": "3"},
        {"role": "amortized", "cost": "1"},
        {"role": "amortized", **COVERED, "cost": "2"},
        {"role": "amortized", "cost": "5", "allocation_rule": "shared"},
        {"role": "amortized", "cost": "7", "currency": "EUR"},
    ]
    columns = ("currency", "left_out_lines", "actual_cost", "billed_cost", "amortized_use_cost")
    exports(con, *lines)
    rows = select(con, "billing/azure/cost_totals", *columns, "allocated_cost", "lone_cost")
    assert rows == [
        ("EUR", 0, D(0), D(7), D(0), D(0), D(0)),
        ("USD", 1, D(10), D(15), D(2), D(5), D(6)),
    ]


def test_charge_types_nobody_documents_are_counted(con: duckdb.DuckDBPyConnection) -> None:
    lines = [{"charge_type": kind} for kind in ("Novelty", "Novelty", "usage", None, "Refund")]
    assert of_lines(con, "billing/azure/unknown_kinds", *lines) == [("Novelty", 2)]


def test_charges_of_two_sources_are_compared_by_their_ids(
    con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    first = parquet(tmp_path / "a", CHARGES, *({"x_ChargeId": name} for name in "abc"))
    second = parquet(tmp_path / "b", CHARGES, *({"x_ChargeId": name} for name in "bcde"))
    rows = select(con, "billing/azure/shared_charges", first=first, second=second)
    assert rows == [(3, 4, 2)]
