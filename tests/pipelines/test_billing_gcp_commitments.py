"""Google's committed use discounts, old model and new: fees, what they covered, what was unused."""

import random
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from billing_reading import charges, sums
from gcp_exports import Line, credit, labels, line, parts, read_gcp

from pipelines.contracts import BASES

D = Decimal
WHERE = "2026-09: source 'google':"
SPEND = "COMMITTED_USAGE_DISCOUNT_DOLLAR_BASE"
COLUMNS = ("SkuId", "ChargeCategory", "CommitmentDiscountStatus", "BilledCost", "EffectiveCost")


def fee(cost: float | str, uses: str | None = None, **changes: Any) -> Line:
    """A fee of a spend commitment: $0.01 an hour of use at list price is 0.0072, one year."""
    told: Line = {
        "sku": {"id": "FEE", "description": "Commitment - dollar based v1: GCE for 1 year"},
        "labels": labels(goog__originating__sku__id=uses) if uses else [],
        "subscription": {"instance_id": "subscriptions/e52f"},
        "cost_at_list": None,
    }
    return line(cost, **{**told, **changes})


def covered(cost: float | str, by: float | str, sku: str = "CORE", **changes: Any) -> Line:
    """Usage that a credit of a spend commitment lowers."""
    name = "Committed use discount - dollar based: GCE Commitments"
    return line(
        cost, **{"sku__id": sku, "credits": [credit(f"-{by}", SPEND, full_name=name)], **changes}
    )


def total(rows: list[tuple[Any, ...]]) -> Decimal:
    return sum((row[-1] for row in rows), D(0))


OVERUSED = [
    fee("0.046868", "RAM"),
    fee("0.025132", "CORE"),
    covered("0.174496", "0.065095", "RAM"),
    covered("0.093568", "0.034905", "CORE"),
]
UNDERUSED = [
    fee("0.022994"),
    fee("0.125637", "RAM"),
    fee("0.067369", "CORE"),
    covered("0.174496", "0.174496", "RAM"),
    covered("0.093568", "0.093568", "CORE"),
]


def test_a_fee_that_names_what_it_covers_is_the_effective_cost_of_it(tmp_path: Path) -> None:
    # The example of Google's documentation, an hour of a machine that uses more than committed.
    tables = read_gcp(tmp_path, OVERUSED)
    assert parts(tables, *COLUMNS) == [
        ("FEE", "Purchase", None, D("0.046868"), D(0)),
        ("FEE", "Purchase", None, D("0.025132"), D(0)),
        ("RAM", "Usage", "Used", D("0.109401"), D("0.156269")),  # 0.174496 - 0.065095 + 0.046868
        ("CORE", "Usage", "Used", D("0.058663"), D("0.083795")),  # 0.093568 - 0.034905 + 0.025132
    ]
    assert tables.warnings == []


def test_the_part_of_an_attributed_fee_that_names_nothing_was_unused(tmp_path: Path) -> None:
    # The same with 0.30 an hour committed: 0.216 of fees.
    tables = read_gcp(tmp_path, UNDERUSED)
    rows = parts(tables, *COLUMNS)
    assert rows == [
        ("FEE", "Purchase", None, D("0.022994"), D(0)),
        ("FEE", "Usage", "Unused", D(0), D("0.022994")),
        ("FEE", "Purchase", None, D("0.125637"), D(0)),
        ("FEE", "Purchase", None, D("0.067369"), D(0)),
        ("RAM", "Usage", "Used", D(0), D("0.125637")),
        ("CORE", "Usage", "Used", D(0), D("0.067369")),
    ]
    assert total(rows) == D("0.216")
    commitments = parts(tables, "CommitmentDiscountId", "CommitmentDiscountCategory")
    assert set(commitments) == {("subscriptions/e52f", "Spend")}
    assert set(parts(tables, "CommitmentDiscountType")) == {("Committed use discount",)}
    fees = charges(tables).filter(pl.col("SkuId") == "FEE")
    assert fees["ListCost"].sum() == fees["ContractedCost"].sum() == 0
    [purchase, unused, *_] = [row[0] for row in parts(tables, "x_ChargeId")]
    assert unused == f"{purchase}-unused"


def test_a_fee_is_shared_by_the_credits_to_the_last_unit(tmp_path: Path) -> None:
    tables = read_gcp(tmp_path, [fee("0.10", "CORE"), *[covered(1, 1)] * 2, covered(2, 1)])
    third = D("0.033333333333333333")
    assert sorted(row[-1] for row in parts(tables, *COLUMNS)) == [
        D(0),
        third,
        third + D("1e-18"),
        1 + third,
    ]
    assert sums(tables)["EffectiveCost"] == D("1.10")


def test_use_of_a_commitment_that_is_taken_back_takes_back_its_share(tmp_path: Path) -> None:
    back = line(-1, sku__id="CORE", credits=[credit("1", SPEND)])
    tables = read_gcp(tmp_path, [fee("0.72", "CORE"), covered(2, 2), back])
    assert [row[-1] for row in parts(tables, *COLUMNS)] == [D(0), D("1.44"), D("-0.72")]


def test_without_attribution_use_is_proven_from_what_was_committed(tmp_path: Path) -> None:
    # 1000 cents of US dollars were committed for 7.20; credits of 6.00 used six tenths of them.
    paid = fee("7.20", usage={"amount_in_pricing_units": 1000.0, "pricing_unit": "hour"})
    tables = read_gcp(tmp_path, [paid, covered(5, 2), covered(4, 4)])
    assert parts(tables, *COLUMNS) == [
        ("FEE", "Purchase", None, D("7.20"), D(0)),
        ("FEE", "Usage", "Unused", D(0), D("2.88")),
        ("CORE", "Usage", "Used", D(3), D("4.44")),
        ("CORE", "Usage", "Used", D(0), D("2.88")),
    ]
    assert tables.warnings == [
        f"{WHERE} 1 fee lines of commitments do not say what used them (no label "
        "goog-originating-sku-id): of 7.2 USD the use of 4.32 USD is proven from quantities, the "
        "rest is kept as unused.",
    ]


def test_what_was_committed_in_dollars_is_compared_in_the_bill_s_currency(tmp_path: Path) -> None:
    euro = {"currency": "EUR", "currency_conversion_rate": 0.5}
    usage = {"amount_in_pricing_units": 1000.0, "pricing_unit": "hour"}
    tables = read_gcp(tmp_path, [fee("3.60", usage=usage, **euro), covered(4, 4, **euro)])
    # 5 EUR were committed, 4 used: 0.80 of 3.60.
    assert [row[-1] for row in parts(tables, *COLUMNS)] == [D(0), D("0.72"), D("2.88")]


def test_commitments_of_another_product_do_not_share(tmp_path: Path) -> None:
    usage = {"amount_in_pricing_units": 100.0, "pricing_unit": "hour"}
    sql_fee = {"id": "SQLFEE", "description": "Commitment - dollar based v1: Spanner for 1 year"}
    sql_name = "Committed use discount - dollar based: Spanner Commitments"
    tables = read_gcp(
        tmp_path,
        [
            fee("0.72", usage=usage),
            fee("0.80", usage=usage, sku=sql_fee, subscription={"instance_id": "subscriptions/s"}),
            covered(1, 1),
            covered(1, 1, "SPANNER", credits=[credit("-1", SPEND, full_name=sql_name)]),
        ],
    )
    assert parts(tables, "SkuId", "CommitmentDiscountId", "EffectiveCost") == [
        ("FEE", "subscriptions/e52f", D(0)),
        ("SQLFEE", "subscriptions/s", D(0)),
        ("CORE", "subscriptions/e52f", D("0.72")),
        ("SPANNER", "subscriptions/s", D("0.80")),
    ]


CPU = {"id": "CPUFEE", "description": "Commitment v1: N2 Cpu in Americas for 1 Year"}
RAM = {"id": "RAMFEE", "description": "Commitment v1: N2 Ram in Americas for 1 Year"}


def resource_fee(cost: float | str, sku: dict[str, str], amount: float, unit: str) -> Line:
    usage = {"amount": amount, "unit": unit}
    return line(cost, sku=sku, usage=usage, subscription={"instance_id": f"sub/{sku['id']}"})


def on_resource(cost: float, by: float, description: str, amount: float, unit: str) -> Line:
    return line(
        cost,
        sku={"id": description, "description": description},
        usage={"amount": amount, "unit": unit, "amount_in_pricing_units": 1},
        credits=[credit(-by, "COMMITTED_USAGE_DISCOUNT", id="Committed Usage Discount")],
    )


def test_a_resource_commitment_is_used_by_what_its_credits_pay_for(tmp_path: Path) -> None:
    core, ram = "N2 Instance Core running in Americas", "N2 Instance Ram running in Americas"
    tables = read_gcp(
        tmp_path,
        [
            resource_fee("6", CPU, 7200.0, "seconds"),
            resource_fee("3", RAM, 4096.0, "byte-seconds"),
            # A quarter of the usage is covered: 3600 of 14400 seconds, half of what is committed.
            on_resource(8, 2, core, 14400.0, "seconds"),
            on_resource(4, 4, ram, 4096.0, "byte-seconds"),
            # Another series is no part of it.
            on_resource(1, 0.5, "C3 Instance Core running in Americas", 3600.0, "seconds"),
        ],
    )
    rows = parts(tables, *COLUMNS)
    assert rows[:4] == [
        ("CPUFEE", "Purchase", None, D(6), D(0)),
        ("CPUFEE", "Usage", "Unused", D(0), D(3)),
        ("RAMFEE", "Purchase", None, D(3), D(0)),
        (core, "Usage", "Used", D(6), D(9)),
    ]
    assert [row[-1] for row in rows[4:]] == [D(3), D("0.5")]
    assert set(parts(tables, "CommitmentDiscountCategory")) == {("Usage",)}


def test_what_cannot_be_compared_stays_unused_and_is_said(tmp_path: Path) -> None:
    tables = read_gcp(
        tmp_path,
        [
            resource_fee("6", CPU, 7200.0, "seconds"),
            on_resource(8, 2, "N2 Instance Core running in Americas", 4.0, "hours"),
        ],
    )
    assert [row[-1] for row in parts(tables, *COLUMNS)] == [D(0), D(6), D(6)]
    assert tables.warnings == [
        f"{WHERE} 1 fee lines of commitments do not say what used them (no label "
        "goog-originating-sku-id): of 6 USD the use of 0 USD is proven from quantities, the rest "
        "is kept as unused."
    ]


def test_a_fee_for_usage_of_another_bill_stays_unused_and_is_said(tmp_path: Path) -> None:
    tables = read_gcp(tmp_path, [fee("0.72", "GONE", cost_at_list=1), covered(1, 1)])
    assert [row[-1] for row in parts(tables, *COLUMNS)] == [D(0), D("0.72"), D(0)]
    assert tables.warnings == [
        f"{WHERE} 1 fee lines of commitments name usage that has no credit in this bill: 0.72 USD "
        "are kept as unused."
    ]


FLEXIBLE = {"id": "NEWFEE", "description": "Compute Flexible Committed Use Discounts - 1 Year"}
SUBSCRIPTION = {"instance_id": "subscriptions/1fd3"}


def new_fee(cost: str, offset: str | None, uses: str | None = None) -> Line:
    credits = [credit(f"-{offset}", "FEE_UTILIZATION_OFFSET")] if offset else []
    return fee(cost, uses, sku=FLEXIBLE, subscription=SUBSCRIPTION, credits=credits)


def at_committed_price(cost: str, sku: str, default: str) -> Line:
    return line(
        cost,
        sku__id=sku,
        subscription=SUBSCRIPTION,
        consumption_model={"id": "D97B", "description": "Compute Flexible CUDs 1 Year"},
        cost_at_effective_price_default=default,
        cost_at_list="1",
    )


def test_in_the_new_model_usage_is_charged_at_the_committed_price(tmp_path: Path) -> None:
    # The documentation's underused example after the change of model.
    tables = read_gcp(
        tmp_path,
        [
            new_fee("0.022994", None),
            new_fee("0.125637", "0.1256348", "RAM"),
            new_fee("0.067369", "0.067369", "CORE"),
            at_committed_price("0.125637", "RAM", "0.174496"),
            at_committed_price("0.067369", "CORE", "0.093568"),
            line("0.5", sku__id="OTHER"),
        ],
    )
    assert parts(tables, *COLUMNS) == [
        ("NEWFEE", "Purchase", None, D("0.022994"), D(0)),
        ("NEWFEE", "Usage", "Unused", D(0), D("0.022994")),
        ("NEWFEE", "Purchase", None, D("0.0000022"), D(0)),
        ("NEWFEE", "Usage", "Unused", D(0), D("0.0000022")),
        ("NEWFEE", "Purchase", None, D(0), D(0)),
        ("RAM", "Usage", "Used", D("0.125637"), D("0.125637")),
        ("CORE", "Usage", "Used", D("0.067369"), D("0.067369")),
        ("OTHER", "Usage", None, D("0.5"), D("0.5")),
    ]
    assert parts(tables, "ContractedCost", "PricingCategory")[-3:] == [
        (D("0.174496"), "Committed"),
        (D("0.093568"), "Committed"),
        (D("0.5"), "Standard"),
    ]
    commitments = parts(tables, "CommitmentDiscountId")
    assert set(commitments[:-1]) == {("subscriptions/1fd3",)}
    assert commitments[-1] == (None,)
    assert tables.warnings == []


def test_both_models_may_meet_in_the_month_an_account_changes(tmp_path: Path) -> None:
    tables = read_gcp(
        tmp_path,
        [*OVERUSED, new_fee("0.2", "0.2", "RAM"), at_committed_price("0.2", "RAM", "0.3")],
    )
    assert [row[-1] for row in parts(tables, *COLUMNS)] == [
        D(0),
        D(0),
        D("0.156269"),
        D("0.083795"),
        D(0),
        D("0.2"),
    ]


def test_a_promotion_on_a_fee_is_a_charge_of_its_own(tmp_path: Path) -> None:
    paid = fee("0.72", "CORE", credits=[credit("-0.5")])
    tables = read_gcp(tmp_path, [paid, covered(1, 1)])
    assert parts(tables, *COLUMNS) == [
        ("FEE", "Purchase", None, D("0.72"), D(0)),
        ("FEE", "Credit", None, D("-0.5"), D("-0.5")),
        ("CORE", "Usage", "Used", D(0), D("0.72")),
    ]


@pytest.mark.parametrize("seed", range(3))
def test_whatever_is_committed_the_month_s_effective_cost_is_its_billed_cost(
    tmp_path: Path, seed: int
) -> None:
    pick = random.Random(seed)  # noqa: S311 -- test data
    told: list[Line] = []
    for _ in range(60):
        cost = f"{pick.randint(1, 10**9)}e-9"
        sku = pick.choice(["CORE", "RAM", "GPU"])
        currency = pick.choice(["USD", "EUR"])
        part = str(D(cost) * pick.randint(1, 9) / 9)[:30]
        told.append(
            pick.choice(
                [
                    fee(cost, pick.choice([None, sku]), currency=currency),
                    covered(cost, part, sku, currency=currency),
                    line(cost, sku__id=sku, currency=currency),
                ]
            )
        )
    made = charges(read_gcp(tmp_path, told))
    for _, of_currency in made.group_by("BillingCurrency"):
        assert of_currency["BilledCost"].sum() == of_currency["EffectiveCost"].sum()
    assert not made.select(BASES).null_count().sum_horizontal().item()
