"""`sql/billing/aws/charges.sql` on tiny lines: their charges, exact in all four bases."""

import json
from collections.abc import Iterator
from datetime import datetime
from hashlib import md5
from typing import Any

import duckdb
import pytest
from bill_tables import DOUBLES, MONTH, RESTS, TAG_TEXTS, D, connection, raw_lines, select, table

from pipelines.contracts import BASES
from pipelines.money import plain
from pipelines.queries import materialise, query_over

UNIT = D("1E-18")
PLAN, RESERVED = {"plan_arn": "plan"}, {"reservation_arn": "reserved"}


@pytest.fixture(scope="module")
def opened() -> Iterator[duckdb.DuckDBPyConnection]:
    with connection() as con:
        yield con


@pytest.fixture
def con(opened: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
    table(opened, "plan_rests", RESTS, [])
    table(opened, "tag_texts", TAG_TEXTS, [])
    return opened


def charges(con: duckdb.DuckDBPyConnection, *columns: str, use_net: bool = False) -> list[Any]:
    materialise(con, "unused_parts", "billing/aws/unused_parts", {"use_net": use_net})
    return select(con, "billing/aws/charges", *columns, source="shop", month=MONTH, use_net=use_net)


def one(
    con: duckdb.DuckDBPyConnection, *columns: str, use_net: bool = False, **line: Any
) -> tuple[Any, ...]:
    raw_lines(con, line)
    rows = charges(con, *columns, use_net=use_net)
    assert len(rows) == 1
    return rows[0]


def costs_of(con: duckdb.DuckDBPyConnection, line: dict[str, Any], use_net: bool = False) -> str:
    """A line's charges by part, each as its four bases: `10 0 0 0 + 0 3.5 0 0`."""
    raw_lines(con, line)
    found = sorted(charges(con, "line_part", *BASES, use_net=use_net))
    assert [part for part, *_ in found] == ["", "unused"][: len(found)]
    return " + ".join(" ".join(plain(cost) for cost in costs) for _, *costs in found)


def kind(line_type: str | None, **more: str | None) -> dict[str, str | None]:
    """A line billed 10, 8 net, with a public price of 12."""
    amounts = {"unblended_cost": "10", "net_unblended_cost": "8", "public_cost": "12"}
    return {"line_item_type": line_type, **amounts, **more}


COVERED = kind("SavingsPlanCoveredUsage", **PLAN, plan_cost="6", net_plan_cost="5")
RESERVED_USE = kind("DiscountedUsage", **RESERVED, reservation_cost="4", net_reservation_cost="3")
FEE_OF_PLAN = kind("SavingsPlanRecurringFee", **PLAN, plan_commitment="10", plan_used="6.5")
UNUSED = {
    "unused_upfront": "1.5",
    "net_unused_upfront": "1.25",
    "unused_recurring": "0.5",
    "net_unused_recurring": "0.25",
}
ONE_TIME = {"product_code": "ComputeSavingsPlans", "description": "Refund for One-Time Fee"}
EDGE = {"product_code": "CloudFront"}
# What a line is billed, effective, contracted, listed, and after the + what nothing used of it;
# then the same where net amounts are used.
COSTS = {
    "usage": (kind("Usage"), "10 10 12 12", "8 8 12 12"),
    "usage of no type": (kind(None), "10 10 12 12", "8 8 12 12"),
    "usage of a type nobody knows": (kind("Novelty"), "10 10 12 12", "8 8 12 12"),
    "usage without a public price": (kind("Usage", public_cost=None), "10 10 10 10", "8 8 10 10"),
    "flat rate": (kind("FlatRateSubscription", **EDGE), "10 10 12 12", "8 8 12 12"),
    "covered usage": (COVERED, "0 6 12 12", "0 5 12 12"),
    "negation": (kind("SavingsPlanNegation", **PLAN), "0 0 0 0", "0 0 0 0"),
    "recurring fee of a plan": (FEE_OF_PLAN, "10 0 0 0 + 0 3.5 0 0", "8 0 0 0 + 0 3.5 0 0"),
    "upfront fee of a plan": (kind("SavingsPlanUpfrontFee", **PLAN), "10 0 0 0", "8 0 0 0"),
    "reserved usage": (RESERVED_USE, "10 4 12 12", "8 3 12 12"),
    "recurring fee of a plan used up": (
        {**FEE_OF_PLAN, "plan_used": "10"},
        *("10 0 0 0", "8 0 0 0"),
    ),
    "fee of a reservation": (
        kind("RIFee", **RESERVED, **UNUSED),
        *("10 0 0 0 + 0 2 0 0", "8 0 0 0 + 0 1.5 0 0"),
    ),
    "upfront fee of a reservation": (kind("Fee", **RESERVED), "10 0 0 0", "8 0 0 0"),
    "fee": (kind("Fee"), "10 10 10 10", "8 8 8 8"),
    "tax": (kind("Tax"), "10 10 10 10", "8 8 8 8"),
    "credit": (kind("Credit", unblended_cost="-10"), "-10 -10 -10 -10", "8 8 8 8"),
    "refund": (kind("Refund", **EDGE), "10 10 10 10", "8 8 8 8"),
    "refund of a plan's one-time fee": (kind("Refund", **ONE_TIME), "10 0 10 10", "8 0 8 8"),
    "other refund on a plan": (
        kind("Refund", product_code="ComputeSavingsPlans", description="EDP refund"),
        *("10 10 10 10", "8 8 8 8"),
    ),
    "one-time fee of another product": (
        kind("Refund", product_code="AmazonEC2", description="one-time fee"),
        *("10 10 10 10", "8 8 8 8"),
    ),
    "enterprise discount": (kind("EdpDiscount"), "10 10 10 0", "8 8 10 0"),
    "private rate discount": (kind("PrivateRateDiscount"), "10 10 10 0", "8 8 10 0"),
    "bundled discount": (kind("BundledDiscount"), "10 10 10 0", "8 8 10 0"),
    "discount": (kind("Discount"), "10 10 10 0", "8 8 10 0"),
    "support": (kind("Usage", product_code="AWSSupportBusiness"), "10 10 10 10", "8 8 8 8"),
    "premium support": (kind("Usage", product_code="OCBPremiumSupport"), "10 10 10 10", "8 8 8 8"),
    "fee on the marketplace": (
        kind("Fee", billing_entity="AWS Marketplace", public_cost=None),
        *("10 10 10 10", "8 8 8 8"),
    ),
    "usage on the marketplace": (
        kind("Usage", billing_entity="AWS Marketplace", public_cost=None),
        *("10 10 10 10", "8 8 10 10"),
    ),
}


@pytest.mark.parametrize("use_net", [False, True], ids=["gross", "net"])
@pytest.mark.parametrize("case", COSTS)
def test_a_line_costs_what_its_type_says(
    con: duckdb.DuckDBPyConnection, case: str, use_net: bool
) -> None:
    line, gross, net = COSTS[case]
    assert costs_of(con, line, use_net) == (net if use_net else gross)


NETLESS = dict.fromkeys(
    (
        "net_unblended_cost",
        "net_plan_cost",
        "net_reservation_cost",
        "net_unused_upfront",
        "net_unused_recurring",
    )
)


@pytest.mark.parametrize("case", COSTS)
def test_a_net_amount_that_is_absent_is_the_unblended_one_and_never_0(
    con: duckdb.DuckDBPyConnection, case: str
) -> None:
    line, gross, _ = COSTS[case]
    assert costs_of(con, {**line, **NETLESS}, use_net=True) == gross


@pytest.mark.parametrize(
    ("part", "effective"), [("unused_upfront", "1.5"), ("unused_recurring", "0.5")]
)
def test_a_reservation_s_fee_may_have_only_one_unused_part(
    con: duckdb.DuckDBPyConnection, part: str, effective: str
) -> None:
    line = kind("RIFee", **{part: UNUSED[part]})
    assert costs_of(con, line) == f"10 0 0 0 + 0 {effective} 0 0"


def test_what_nothing_used_of_a_commitment_is_a_usage_row_of_the_same_line(
    con: duckdb.DuckDBPyConnection,
) -> None:
    raw_lines(con, {**FEE_OF_PLAN, "usage_amount": "720", "pricing_unit": "Hrs"})
    names = (*WORDS, "PricingCategory", "CommitmentDiscountId", "ConsumedQuantity", "x_SourceLine")
    fee, unused = sorted(charges(con, "line_part", *names))
    assert fee == ("", "Purchase", None, "Recurring", None, None, "plan", None, 2)
    assert unused == (
        *("unused", "Usage", None, "Usage-Based", "Unused"),
        *("Committed", "plan", None, 2),
    )


WORDS = ("ChargeCategory", "ChargeClass", "ChargeFrequency", "CommitmentDiscountStatus")


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (kind("Usage"), ("Usage", None, "Usage-Based", None)),
        (kind(None), ("Usage", None, "Usage-Based", None)),
        (kind("FlatRateSubscription"), ("Usage", None, "Recurring", None)),
        (COVERED, ("Usage", None, "Usage-Based", "Used")),
        (kind("SavingsPlanNegation"), ("Usage", None, "Usage-Based", None)),
        ({**FEE_OF_PLAN, "plan_used": "10"}, ("Purchase", None, "Recurring", None)),
        (kind("SavingsPlanUpfrontFee"), ("Purchase", None, "One-Time", None)),
        (RESERVED_USE, ("Usage", None, "Usage-Based", "Used")),
        (kind("RIFee"), ("Purchase", None, "Recurring", None)),
        (kind("Fee"), ("Purchase", None, "One-Time", None)),
        (kind("Tax"), ("Tax", None, "One-Time", None)),
        (kind("Credit"), ("Credit", None, "One-Time", None)),
        (kind("Refund"), ("Usage", "Correction", "One-Time", None)),
        (kind("Refund", **ONE_TIME), ("Purchase", "Correction", "One-Time", None)),
        (kind("EdpDiscount"), ("Adjustment", None, "One-Time", None)),
    ],
)
def test_a_line_s_type_becomes_focus_words(
    con: duckdb.DuckDBPyConnection, line: dict[str, Any], words: tuple[str, ...]
) -> None:
    assert one(con, *WORDS, **line) == words


@pytest.mark.parametrize(
    ("line", "commitment"),
    [
        (kind("Usage"), (None, None)),
        (COVERED, ("plan", "Savings Plan")),
        (kind("SavingsPlanNegation"), (None, "Savings Plan")),
        (kind("RIFee"), (None, "Reserved Instance")),
        (kind("Fee", **RESERVED), ("reserved", "Reserved Instance")),
        (kind("Usage", **PLAN, **RESERVED), ("plan", "Savings Plan")),
    ],
)
def test_a_charge_names_its_commitment(
    con: duckdb.DuckDBPyConnection, line: dict[str, Any], commitment: tuple[str | None, ...]
) -> None:
    assert one(con, "CommitmentDiscountId", "CommitmentDiscountType", **line) == commitment


@pytest.mark.parametrize(
    ("line_type", "amount", "quantity"),
    [
        *((kind, "2.5", (D("2.5"), "Hrs")) for kind in ("Usage", "FlatRateSubscription")),
        *((kind, "2.5", (D("2.5"), "Hrs")) for kind in ("DiscountedUsage", None)),
        ("SavingsPlanCoveredUsage", "2.5", (D("2.5"), "Hrs")),
        *((kind, "2.5", (None, None)) for kind in ("Tax", "Fee", "RIFee", "SavingsPlanNegation")),
        ("Usage", None, (None, None)),
        ("Usage", "many", (None, None)),
    ],
)
def test_only_usage_has_a_quantity_and_no_unit_stands_without_one(
    con: duckdb.DuckDBPyConnection, line_type: str | None, amount: str | None, quantity: Any
) -> None:
    line = {"line_item_type": line_type, "usage_amount": amount, "pricing_unit": "Hrs"}
    assert one(con, "ConsumedQuantity", "ConsumedUnit", **line) == quantity


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("0.1234567890123456785", D("0.123456789012345678")),
        ("0.1234567890123456775", D("0.123456789012345678")),
        ("-0.1234567890123456785", D("-0.123456789012345678")),
        ("-0.1234567890123456775", D("-0.123456789012345678")),
        ("0.12345678901234567850", D("0.123456789012345678")),
        ("0.12345678901234567851", D("0.123456789012345679")),
        ("0.1234567890123456784999", D("0.123456789012345678")),
        ("5E-19", D(0)),
        ("15E-19", 2 * UNIT),
        ("1.25E-2", D("0.0125")),
        ("99999999999999999999.999999999999999999", D("99999999999999999999.999999999999999999")),
    ],
)
def test_money_is_rounded_once_half_to_even_at_the_18th_decimal(
    con: duckdb.DuckDBPyConnection, text: str, amount: D
) -> None:
    line = {"unblended_cost": text, "public_cost": text}
    assert one(con, *BASES, **line) == (amount, amount, amount, amount)


FIRST, LAST = datetime(2026, 9, 1), datetime(2026, 9, 30, 23, 59, 59)
PERIOD = ("charge_month", "ChargePeriodStart", "ChargePeriodEnd")


@pytest.mark.parametrize(
    ("line", "period"),
    [
        (
            {"usage_start": "2026-09-01T00:00:00Z", "usage_end": "2026-09-30T23:59:59Z"},
            ("2026-09", FIRST, LAST),
        ),
        (
            {"usage_start": "2026-08-31T23:59:59.999999Z", "usage_end": "2026-09-01T00:00:00Z"},
            ("2026-08", datetime(2026, 8, 31, 23, 59, 59, 999999), FIRST),
        ),
        (
            {"usage_start": "2026-10-01T00:00:00Z", "usage_end": "2026-10-01 01:00:00"},
            ("2026-10", datetime(2026, 10, 1), datetime(2026, 10, 1, 1)),
        ),
        (
            {"usage_start": "2026-09-01 01:30:00+02:00", "usage_end": "2026-09-01"},
            ("2026-08", datetime(2026, 8, 31, 23, 30), FIRST),
        ),
        (
            {"usage_start": "2026-09-01T00:00Z", "usage_end": "2026-08-31T00:00:00Z"},
            ("2026-09", FIRST, FIRST),
        ),
        (
            {"usage_start": None, "usage_end": None}
            | {"time_interval": "2026-09-30T23:00:00Z/2026-10-01T00:00:00Z"},
            ("2026-09", datetime(2026, 9, 30, 23), datetime(2026, 10, 1)),
        ),
        (
            {"usage_start": None, "usage_end": "whenever"},
            ("2026-09", FIRST, datetime(2026, 10, 1)),
        ),
        (
            {"usage_start": "2026-09-30T23:59:59Z", "usage_end": None},
            ("2026-09", LAST, LAST),
        ),
    ],
)
def test_a_charge_s_period_is_its_usage_its_interval_or_the_bill_s(
    con: duckdb.DuckDBPyConnection, line: dict[str, Any], period: tuple[Any, ...]
) -> None:
    assert one(con, *PERIOD, **line) == period


def test_a_bill_without_an_end_ends_a_month_after_its_start(
    con: duckdb.DuckDBPyConnection,
) -> None:
    period = one(con, "BillingPeriodStart", "BillingPeriodEnd", billing_period_end=None)
    assert period == (FIRST, datetime(2026, 10, 1))


@pytest.mark.parametrize("tags", ["{}", '{"model":"a \\"b\\" \\u00fc","aws:createdBy":"root"}'])
def test_tags_are_carried_as_they_were_read(con: duckdb.DuckDBPyConnection, tags: str) -> None:
    (found,) = one(con, "Tags", tags=tags)
    assert json.loads(found) == json.loads(tags)
    assert found == tags


MAPS = {"tag_map": "all", "cost_category_map": "categories"}
OF_MAPS = {"all_tags": "all", "resource_tags": "", "categories": "categories", "tags": '{"b":"2"}'}


@pytest.mark.parametrize(
    ("line", "tags"),
    [
        (MAPS, ['{"b":"2"}']),
        ({**MAPS, "tags": '{"a":"1"}'}, ['{"b":"2","a":"1"}']),
        ({"tag_map": "all"}, ["{}"]),
        ({"tags": '{"a":"1"}'}, ['{"a":"1"}']),
        ({**FEE_OF_PLAN, **MAPS}, ['{"b":"2"}', '{"b":"2"}']),
    ],
)
def test_a_charge_has_the_tags_its_maps_stand_for(
    con: duckdb.DuckDBPyConnection, line: dict[str, str], tags: list[str]
) -> None:
    table(con, "tag_texts", TAG_TEXTS, [OF_MAPS])
    raw_lines(con, line)
    assert charges(con, "Tags") == [(text,) for text in tags]


def test_an_id_is_the_digest_of_the_key_numbered_where_a_note_says_so(
    con: duckdb.DuckDBPyConnection,
) -> None:
    fee = {**FEE_OF_PLAN, "line_key": "fee"}
    raw_lines(con, *({"line_key": key} for key in ("twice", "twice", "once")), fee)
    table(con, "doubled_lines", DOUBLES, [{"line_number": 3, "ordinal": 2}])
    materialise(con, "unused_parts", "billing/aws/unused_parts", {"use_net": False})
    twice, once, paid = (md5(key.encode()).hexdigest() for key in ("twice", "once", "fee"))  # noqa: S324
    rows = query_over(
        *(con, "billing/charges", {"charge_rows": "billing/aws/charges"}),
        **{"source": "shop", "month": MONTH, "use_net": False},
    )
    ids = rows.project('"x_SourceLine", "x_ChargeId", "BilledCost"').fetchall()
    assert sorted(ids) == [
        (2, twice, D(1)),
        (3, f"{twice}-2", D(1)),
        (4, once, D(1)),
        (5, paid, D(10)),
        (5, f"{paid}-unused", D(0)),
    ]


def test_a_plan_s_rest_is_billed_on_the_line_that_is_noted_even_if_it_is_0(
    con: duckdb.DuckDBPyConnection,
) -> None:
    lines = [kind("SavingsPlanNegation"), kind("SavingsPlanNegation"), COVERED]
    raw_lines(con, *lines)
    notes = [{"line_number": 2, "billed": D("-0.5")}, {"line_number": 3, "billed": D(0)}]
    table(con, "plan_rests", RESTS, notes)
    found = sorted(charges(con, "x_SourceLine", "BilledCost", "EffectiveCost"))
    assert found == [(2, D("-0.5"), D(0)), (3, D(0), D(0)), (4, D(0), D(6))]


def test_a_split_row_is_no_charge_and_no_lines_are_no_charges(
    con: duckdb.DuckDBPyConnection,
) -> None:
    raw_lines(con, {"operation": "EKSPod-EC2"})
    assert charges(con) == []
    raw_lines(con)
    assert charges(con) == []


def test_a_charge_says_all_that_its_line_does(con: duckdb.DuckDBPyConnection) -> None:
    line = {
        "invoicing_entity": "AWS EMEA",
        "product_name": "Elastic Compute Cloud",
        "product_code": "AmazonEC2",
        "resource_id": "i-1",
        "region": "us-east-1",
        "sku": "SKU",
        "usage_type": "BoxUsage",
        "operation": "RunInstances",
        "instance_type": "g5.xlarge",
        "product_family": "Compute Instance",
        "principal_id": "arn:role",
        "description": "an hour",
        "usage_amount": "1",
        "pricing_unit": "Hrs",
    }
    expected = {
        "billing_month": MONTH,
        "charge_month": MONTH,
        "source": "shop",
        "ServiceProviderName": "AWS",
        "InvoiceIssuerName": "AWS EMEA",
        "InvoiceId": "INV-1",
        "BillingAccountId": "payer",
        "SubAccountId": "user",
        "BillingCurrency": "USD",
        "BillingPeriodStart": FIRST,
        "BillingPeriodEnd": datetime(2026, 10, 1),
        "ChargePeriodStart": datetime(2026, 9, 2, 10),
        "ChargePeriodEnd": datetime(2026, 9, 2, 11),
        "ChargeCategory": "Usage",
        "ChargeFrequency": "Usage-Based",
        "ChargeDescription": "an hour",
        "ServiceName": "Elastic Compute Cloud",
        "ResourceId": "i-1",
        "RegionId": "us-east-1",
        "SkuId": "SKU",
        "ConsumedQuantity": D(1),
        "ConsumedUnit": "Hrs",
        **dict.fromkeys(BASES, D(1)),
        "Tags": "{}",
        "x_LineItemType": "Usage",
        "x_ServiceCode": "AmazonEC2",
        "x_UsageType": "BoxUsage",
        "x_Operation": "RunInstances",
        "x_InstanceType": "g5.xlarge",
        "x_ProductFamily": "Compute Instance",
        "x_PrincipalId": "arn:role",
        "x_SourceFile": "a.csv",
        "x_SourceLine": 2,
    }
    assert dict(zip(expected, one(con, *expected, **line), strict=True)) == expected


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ({"product_code": "AmazonEC2", "billing_entity": "AWS Marketplace"}, "AmazonEC2"),
        ({"billing_entity": "AWS Marketplace"}, "AWS Marketplace"),
        ({}, "AWS"),
    ],
)
def test_a_service_always_has_a_name(
    con: duckdb.DuckDBPyConnection, line: dict[str, str], name: str
) -> None:
    assert one(con, "ServiceName", **line) == (name,)
