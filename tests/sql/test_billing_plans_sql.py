"""What savings plans leave in a bill, and the second way to its totals, file by file."""

from collections.abc import Iterator
from typing import Any

import duckdb
import pytest
from bill_tables import MONTH, D, connection, raw_lines, raw_text, select

from pipelines.contracts import BASES
from pipelines.queries import materialise

COVERED = {"line_item_type": "SavingsPlanCoveredUsage", "plan_arn": "plan", "usage_type": "g5"}
NEGATION = {**COVERED, "line_item_type": "SavingsPlanNegation", "usage_account_id": "owner"}
HOUR_LATER = {"usage_start": "2026-09-02T11:00:00Z"}


@pytest.fixture(scope="module")
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    with connection() as opened:
        yield opened


def costs(line: dict[str, Any], cost: str, net: str | None = None, **more: str) -> dict[str, Any]:
    return {**line, "unblended_cost": cost, "net_unblended_cost": net, **more}


def rests(
    con: duckdb.DuckDBPyConnection, *lines: dict[str, Any], use_net: bool = False
) -> dict[int, Any]:
    raw_lines(con, *lines)
    return dict(select(con, "billing/aws/plan_rests", use_net=use_net))


def test_usage_of_several_accounts_and_one_negation_of_the_owner_cancel(
    con: duckdb.DuckDBPyConnection,
) -> None:
    lines = [costs(COVERED, "2"), costs(COVERED, "3", usage_account_id="other")]
    assert rests(con, *lines, costs(NEGATION, "-5")) == {}


@pytest.mark.parametrize(
    "apart",
    [
        {"plan_arn": "another plan"},
        HOUR_LATER,
        {"usage_type": "another type"},
        {"payer_account_id": "another payer"},
        {"currency_code": "EUR"},
    ],
    ids=lambda apart: next(iter(apart)),
)
def test_lines_of_another_plan_hour_type_payer_or_currency_do_not_cancel(
    con: duckdb.DuckDBPyConnection, apart: dict[str, str]
) -> None:
    found = rests(con, costs(COVERED, "2"), costs(NEGATION, "-2", **apart))
    assert found == {2: D(2), 3: D(-2)}


def test_minutes_of_one_hour_cancel(con: duckdb.DuckDBPyConnection) -> None:
    late = {"usage_start": "2026-09-02T10:59:59Z"}
    assert rests(con, costs(COVERED, "2"), costs(NEGATION, "-2", **late)) == {}


def test_what_nobody_named_is_a_group_too(con: duckdb.DuckDBPyConnection) -> None:
    unnamed = dict.fromkeys(("plan_arn", "usage_type", "payer_account_id", "usage_start"))
    lines = [costs({**COVERED, **unnamed}, "2"), costs({**NEGATION, **unnamed}, "-1.5")]
    assert rests(con, *lines) == {2: D(0), 3: D("0.5")}


def test_a_rest_lies_on_the_first_negation_by_account_and_text_not_by_place(
    con: duckdb.DuckDBPyConnection,
) -> None:
    late, early = {"usage_account_id": "b"}, {"usage_account_id": "a"}
    lines = [
        costs(NEGATION, "-1", **late),
        costs(NEGATION, "-1", **early, description="z"),
        costs(NEGATION, "-1", **early, description="y"),
        costs(COVERED, "2.5"),
    ]
    assert rests(con, *lines) == {2: D(0), 3: D(0), 4: D("-0.5"), 5: D(0)}


@pytest.mark.parametrize("line", [COVERED, NEGATION], ids=["usage", "negations"])
def test_a_group_of_only_one_kind_stays_as_billed(
    con: duckdb.DuckDBPyConnection, line: dict[str, Any]
) -> None:
    assert rests(con, costs(line, "2"), costs(line, "3")) == {2: D(2), 3: D(3)}


def test_only_the_group_that_does_not_cancel_is_named(con: duckdb.DuckDBPyConnection) -> None:
    paired = [costs(COVERED, "2"), costs(NEGATION, "-2")]
    unpaired = [costs(COVERED, "4", **HOUR_LATER), costs(NEGATION, "-3", **HOUR_LATER)]
    assert rests(con, *paired, *unpaired) == {4: D(0), 5: D(1)}


def test_a_rest_is_of_net_amounts_where_these_are_used_and_there(
    con: duckdb.DuckDBPyConnection,
) -> None:
    lines = [costs(COVERED, "2", "1.5"), costs(NEGATION, "-2", "-1"), costs(NEGATION, "-0.25")]
    assert rests(con, *lines, use_net=True) == {2: D(0), 3: D("0.25"), 4: D(0)}
    assert rests(con, *lines) == {2: D(0), 3: D("-0.25"), 4: D(0)}


def test_fees_usage_and_split_rows_have_no_rest(con: duckdb.DuckDBPyConnection) -> None:
    fee = costs({**COVERED, "line_item_type": "SavingsPlanRecurringFee"}, "9")
    split = costs({**COVERED, "operation": "EKSPod-EC2"}, "9")
    assert rests(con, fee, split, costs({}, "9")) == {}
    assert rests(con) == {}


def test_only_fees_that_nothing_used_in_part_have_parts(con: duckdb.DuckDBPyConnection) -> None:
    fee = {"line_item_type": "SavingsPlanRecurringFee", "plan_commitment": "10"}
    reserved = {"line_item_type": "RIFee", "unused_upfront": "1.5", "net_unused_recurring": "0.25"}
    raw_lines(
        con,
        {**fee, "plan_used": "6.5"},
        {**fee, "plan_used": "10"},
        {**reserved, "unused_recurring": "0.5"},
        {"line_item_type": "RIFee", "unused_recurring": "0"},
        {"line_item_type": "Fee", "unused_recurring": "9", "plan_commitment": "9"},
        {**fee, "plan_used": "1", "operation": "EKSPod-EC2"},
    )
    for use_net, reserved_part in ((False, D(2)), (True, D("1.75"))):
        found = sorted(select(con, "billing/aws/unused_parts", use_net=use_net))
        assert found == [
            (line, part, unused)
            for line, unused in ((2, D("3.5")), (4, reserved_part))
            for part in ("", "unused")
        ]
    raw_lines(con)
    assert select(con, "billing/aws/unused_parts", use_net=False) == []


def test_a_plan_s_balance_adds_its_hours_and_keeps_payers_and_currencies_apart(
    con: duckdb.DuckDBPyConnection,
) -> None:
    raw_lines(
        con,
        costs(COVERED, "2"),
        costs(NEGATION, "-2", **HOUR_LATER),
        costs(COVERED, "1", "0.5", payer_account_id="second"),
        costs(NEGATION, "-3", currency_code="EUR"),
        costs(NEGATION, "-4", plan_arn=None),
        costs({**COVERED, "operation": "EKSPod-EC2"}, "9"),
        costs({}, "9"),
    )
    others = [(None, "payer", "USD", D(-4)), ("plan", "payer", "EUR", D(-3))]
    gross = select(con, "billing/aws/plan_balances", use_net=False)
    assert gross == [*others, ("plan", "second", "USD", D(1))]
    net = select(con, "billing/aws/plan_balances", use_net=True)
    assert net == [*others, ("plan", "second", "USD", D("0.5"))]
    raw_lines(con)
    assert select(con, "billing/aws/plan_balances", use_net=False) == []


TOTAL = ("BillingAccountId", "InvoiceId", "InvoiceIssuerName", "BillingCurrency", "basis")


def totals(con: duckdb.DuckDBPyConnection, *columns: str, use_net: bool = False) -> list[Any]:
    return select(
        con, "billing/aws/export_totals", *columns, source="shop", month=MONTH, use_net=use_net
    )


def test_totals_are_kept_by_payer_invoice_issuer_and_currency(
    con: duckdb.DuckDBPyConnection,
) -> None:
    raw_text(
        con,
        {"legal_entity": "Amazon", "invoicing_entity": "EMEA"},
        {"legal_entity": "Amazon", "invoice_id": None},
        {"payer_account_id": None},
        {"currency_code": "EUR"},
        {},
        {},
    )
    found = [row for row in totals(con, *TOTAL, "lines", "export_total") if row[4] == BASES[0]]
    assert found == [
        ("", "INV-1", "AWS", "USD", "BilledCost", 1, D(1)),
        ("payer", "", "Amazon", "USD", "BilledCost", 1, D(1)),
        ("payer", "INV-1", "AWS", "EUR", "BilledCost", 1, D(1)),
        ("payer", "INV-1", "AWS", "USD", "BilledCost", 2, D(2)),
        ("payer", "INV-1", "EMEA", "USD", "BilledCost", 1, D(1)),
    ]


@pytest.mark.parametrize(
    "split",
    [{"parent_resource_id": "i-1"}, {"operation": "EKSPod-EC2"}, {"operation": "ECSTask-EC2"}],
)
def test_split_rows_are_in_no_total(con: duckdb.DuckDBPyConnection, split: dict[str, str]) -> None:
    raw_text(con, split)
    assert totals(con) == []


def test_each_line_is_rounded_once_and_the_distance_is_told(
    con: duckdb.DuckDBPyConnection,
) -> None:
    tie = "0.1234567890123456775"
    raw_text(con, costs({}, tie, public_cost="0.12345678901234567851"), costs({}, "-5E-19"))
    found = totals(con, "basis", "export_total", "rounding")
    up, unit = D("0.123456789012345678"), D("1E-18")
    assert found == [
        ("BilledCost", up, unit),
        ("ContractedCost", D("0.123456789012345679"), unit),
        ("EffectiveCost", up, unit),
        ("ListCost", D("0.123456789012345679"), unit),
    ]


EVERY_KIND = [
    costs({"public_cost": "5"}, "4", "3"),
    costs({"line_item_type": None}, "4.5"),
    costs({"line_item_type": "Novelty"}, "0.25"),
    costs({"line_item_type": "FlatRateSubscription", "public_cost": "3"}, "2"),
    costs({"product_code": "AWSSupportBusiness", "public_cost": "99"}, "7", "6"),
    costs({"product_code": "OCBPremiumSupport", "public_cost": "99"}, "1"),
    costs({"billing_entity": "AWS Marketplace"}, "11"),
    costs({**COVERED, "plan_cost": "1.1", "net_plan_cost": "1", "public_cost": "2"}, "2", "1.5"),
    costs({**COVERED, "plan_cost": "0.9", "public_cost": "3"}, "3", "2.5"),
    costs(NEGATION, "-4.75", "-3.5"),
    costs({**COVERED, "plan_cost": "0.5", **HOUR_LATER}, "0.75"),
    costs(
        {"line_item_type": "SavingsPlanRecurringFee", "plan_commitment": "10", "plan_used": "6.5"},
        *("10", "8"),
    ),
    costs({"line_item_type": "SavingsPlanUpfrontFee", "public_cost": "1"}, "900"),
    costs(
        {"line_item_type": "DiscountedUsage", "reservation_cost": "0.6", "public_cost": "1"}, "0"
    ),
    costs({"line_item_type": "DiscountedUsage", "reservation_cost": "4"}, "0")
    | {"net_reservation_cost": "3"},
    costs({"line_item_type": "RIFee", "unused_upfront": "1.5", "unused_recurring": "0.25"}, "20"),
    costs({"line_item_type": "RIFee", "unused_recurring": "1", "net_unused_recurring": "0.5"}, "2"),
    costs({"line_item_type": "Fee"}, "13", "12"),
    costs({"line_item_type": "Fee", "reservation_arn": "reserved"}, "100", "90"),
    costs({"line_item_type": "Tax"}, "1.23"),
    costs({"line_item_type": "Credit", "public_cost": "8"}, "-6", "-5"),
    costs({"line_item_type": "Refund", "description": "one-time fee"}, "-1"),
    costs({"line_item_type": "Refund"}, "-900", product_code="ComputeSavingsPlans")
    | {"description": "Refund for one-time fee"},
    costs({"line_item_type": "EdpDiscount", "public_cost": "1"}, "-3", "0"),
    costs({"line_item_type": "PrivateRateDiscount"}, "-2", "0"),
    costs({"line_item_type": "BundledDiscount"}, "-1", "0"),
    costs({"operation": "EKSPod-EC2", "parent_resource_id": "i-1"}, "9"),
]


@pytest.mark.parametrize("use_net", [False, True], ids=["gross", "net"])
def test_the_totals_that_never_see_a_charge_are_the_sums_of_the_charges(
    con: duckdb.DuckDBPyConnection, use_net: bool
) -> None:
    raw_lines(con, *EVERY_KIND)
    materialise(con, "plan_rests", "billing/aws/plan_rests", {"use_net": use_net})
    materialise(con, "unused_parts", "billing/aws/unused_parts", {"use_net": use_net})
    materialise(con, "tag_texts", "billing/aws/tag_texts")
    charges = select(
        *(con, "billing/aws/charges", "line_part", *BASES),
        **{"source": "shop", "month": MONTH, "use_net": use_net},
    )
    parts, *costs = zip(*charges, strict=True)
    summed = dict(zip(BASES, map(sum, costs), strict=True))
    lines = len(EVERY_KIND) - 1
    assert (parts.count(""), parts.count("unused")) == (lines, 3)
    told = {
        basis: (counted, total)
        for basis, counted, total in totals(con, "basis", "lines", "export_total", use_net=use_net)
    }
    assert told == {basis: (lines, summed[basis]) for basis in BASES}


def test_every_kind_adds_up_to_what_a_pencil_says(con: duckdb.DuckDBPyConnection) -> None:
    raw_text(con, *EVERY_KIND)
    assert dict(totals(con, "basis", "export_total")) == {
        "BilledCost": D("163.98"),
        "ContractedCost": D("-860.27"),
        "EffectiveCost": D("44.33"),
        "ListCost": D("-854.27"),
    }
