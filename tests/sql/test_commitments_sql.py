"""The files of `sql` that say what commitments did and share their benefit, on a few lines."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
from attribution_builders import MONTH, charge, write
from sql_tables import PART, TARGET, TEXT, charge_meanings, select, table

from pipelines.contracts import CHARGES
from pipelines.queries import materialise

PLAN = "arn:aws:savingsplans::1:savingsplan/A"


@pytest.fixture
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        yield connection


def covered(name: str, effective: str, listed: str, **changed: Any) -> dict[str, Any]:
    """An hour that a savings plan covers: billed nothing."""
    return charge(
        name,
        effective,
        **{
            "BilledCost": Decimal(0),
            "ListCost": Decimal(listed),
            "ContractedCost": Decimal(listed),
            "SkuId": "GPU",
            "CommitmentDiscountId": PLAN,
            "CommitmentDiscountType": "Savings Plan",
            "CommitmentDiscountStatus": "Used",
            **changed,
        },
    )


def unused(name: str, effective: str, **changed: Any) -> dict[str, Any]:
    """What a plan cost that nobody used."""
    none = {"ListCost": Decimal(0), "CommitmentDiscountStatus": "Unused", "SkuId": None}
    return covered(name, effective, "0", **{**none, **changed})


def bought(name: str, billed: str, **changed: Any) -> dict[str, Any]:
    """A plan's fee."""
    fee = {"ChargeCategory": "Purchase", "CommitmentDiscountStatus": None}
    return covered(name, "0", "0", **{**fee, "BilledCost": Decimal(billed), **changed})


def on_demand(name: str, cost: str, **changed: Any) -> dict[str, Any]:
    """An hour of the same SKU that no plan covers."""
    return charge(name, cost, **{"SkuId": "GPU", **changed})


def by_commitment(
    con: duckdb.DuckDBPyConnection, folder: Path, columns: list[str], *lines: dict[str, Any]
) -> list[tuple[Any, ...]]:
    files = write(lines, CHARGES, folder / "charges.parquet")
    return select(con, "spend/commitments", columns, month=MONTH, charges_files=files)


def test_a_commitment_is_what_was_bought_used_unused_and_covered(
    con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    columns = ["commitment_id", "purchased_cost", "used_effective_cost", "unused_effective_cost"]
    columns += ["covered_list_cost", "accounts_covered", "eligible_on_demand_cost"]
    lines = [
        bought("fee", "30"),
        covered("a", "6", "10"),
        covered("b", "12", "20", SubAccountId="other"),
        unused("rest", "12"),
        on_demand("x", "5"),
    ]
    assert by_commitment(con, tmp_path, columns, *lines) == [(PLAN, 30, 18, 12, 30, 2, 5)]


@pytest.mark.parametrize(
    "changed",
    [
        {"SkuId": "CPU"},
        {"BillingAccountId": "another payer"},
        {"BillingCurrency": "EUR"},
        {"PricingCategory": "Dynamic"},
        {"x_UsageType": "USE1-SpotUsage:g5.xlarge"},
        {"ChargeCategory": "Credit"},
        {"source": "azure"},
        {"CommitmentDiscountId": "another"},
    ],
)
def test_what_the_plan_could_not_have_covered_is_not_eligible(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, changed: dict[str, Any]
) -> None:
    columns = ["commitment_id", "eligible_on_demand_cost"]
    found = by_commitment(
        con, tmp_path, columns, covered("a", "6", "10"), on_demand("x", "5", **changed)
    )
    assert (PLAN, 0) in found


def test_without_skus_nobody_knows_what_was_eligible(
    con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    found = by_commitment(
        con,
        tmp_path,
        ["commitment_id", "eligible_on_demand_cost"],
        covered("a", "6", "10", SkuId=None),
        on_demand("x", "5", SkuId=None),
    )
    assert found == [(PLAN, None)]


def test_commitments_of_two_currencies_types_or_sources_stay_apart(
    con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    lines = [
        covered("a", "1", "2"),
        covered("b", "1", "2", BillingCurrency="EUR"),
        covered("c", "1", "2", CommitmentDiscountType="Reservation"),
        covered("d", "1", "2", source="azure"),
        on_demand("none", "9"),
    ]
    columns = ["source", "commitment_type", "currency", "used_effective_cost"]
    assert by_commitment(con, tmp_path, columns, *lines) == [
        ("aws", "Reservation", "USD", 1),
        ("aws", "Savings Plan", "EUR", 1),
        ("aws", "Savings Plan", "USD", 1),
        ("azure", "Savings Plan", "USD", 1),
    ]


def test_quantities_are_told_where_they_have_one_unit(
    con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    hours = {"CommitmentDiscountQuantity": Decimal(3), "CommitmentDiscountUnit": "Hours"}
    tokens = {"CommitmentDiscountQuantity": Decimal(9), "CommitmentDiscountUnit": "Tokens"}
    mixed = {"CommitmentDiscountId": "mixed"}
    columns = ["commitment_id", "used_quantity", "unused_quantity", "quantity_unit"]
    assert by_commitment(
        con,
        tmp_path,
        columns,
        covered("a", "1", "2", **hours),
        unused("b", "1", **hours),
        covered("c", "1", "2", **mixed, **hours),
        covered("d", "1", "2", **mixed, **tokens),
    ) == [(PLAN, 3, 3, "Hours"), ("mixed", None, None, None)]


def test_the_ids_of_commitments_are_those_of_fees_and_unused_parts(
    con: duckdb.DuckDBPyConnection,
) -> None:
    lines = [
        bought("fee", "1"),
        bought("by resource", "1", CommitmentDiscountId=None, ResourceId="ri-1"),
        bought("nothing", "1", CommitmentDiscountId="", ResourceId=None),
        on_demand("x", "1", x_UsageType="usage"),
    ]
    table(con, "charges", CHARGES.columns, *lines)
    charge_meanings(con, {"usage": {"bucket": ""}}, bucket="commitment")
    found = select(con, "attribution/commitment_ids", ["commitment_id"])
    assert found == [(PLAN,), ("ri-1",)]


PLAIN = {
    **CHARGES.columns,
    **TARGET,
    **dict.fromkeys(("element", "rule_id", "method", "evidence"), TEXT),
}
MOVE = ["charge_id", "model_version", "EffectiveCost"]


def pool(
    con: duckdb.DuckDBPyConnection, whole: list[dict[str, Any]], *parts: dict[str, Any]
) -> None:
    """Charges, of which those in `parts` are split and the others go whole to their own version."""
    split = {part["charge_id"] for part in parts}
    table(con, "charges", CHARGES.columns, *whole)
    named = {"bucket": "model_version", "model": "m", "component": "inference"}
    plain = [
        {**line, **named, "model_version": line["x_ChargeId"]}
        for line in whole
        if line["x_ChargeId"] not in split
    ]
    table(con, "plain_targets", PLAIN, *plain)
    table(con, "parts", PART, *parts)
    materialise(con, "pool_members", "attribution/pool_members")


def test_covered_and_on_demand_usage_of_a_sku_pay_one_rate(con: duckdb.DuckDBPyConnection) -> None:
    pool(
        con,
        [
            covered("a", "4", "10"),
            on_demand("b", "10"),
            on_demand("other", "10", SkuId="CPU"),
            unused("rest", "2"),
            bought("fee", "6"),
        ],
    )
    columns = ["charge_id", "EffectiveCost", "weight"]
    assert select(con, "attribution/pool_members", columns) == [
        ("a", 4, 10 * 10**9),
        ("b", 10, 10 * 10**9),
    ]
    assert select(con, "attribution/pool_moves", MOVE) == [("a", "a", 3), ("b", "b", -3)]


def test_a_split_charge_moves_in_each_of_its_parts(con: duckdb.DuckDBPyConnection) -> None:
    def part(version: str, cost: str, method: str = "usage") -> dict[str, Any]:
        amounts = {"EffectiveCost": Decimal(cost), "ContractedCost": Decimal(cost)}
        target = {"bucket": "model_version", "model": "m", "model_version": version}
        who = {"source": "aws", "charge_id": "b", "link_key": "x", "component": "inference"}
        return {**who, **target, **amounts, "method": method}

    pool(
        con,
        [covered("a", "4", "10"), on_demand("b", "10", ConsumedQuantity=None)],
        part("v1", "4"),
        part("v2", "3"),
        part("v2", "3", "policy"),
    )
    columns = [*MOVE, "method", "element", "BilledCost", "ConsumedQuantity"]
    assert select(con, "attribution/pool_moves", columns) == [
        ("a", "a", 3, "policy", "adjustment", 0, 0),
        ("b", "v1", Decimal("-1.2"), "policy", "adjustment", 0, None),
        ("b", "v2", Decimal("-1.8"), "policy", "adjustment", 0, None),
    ]


@pytest.mark.parametrize(
    "apart",
    [
        {"InvoiceId": "INV-2"},
        {"InvoiceId": None},
        {"BillingAccountId": "p2"},
        {"charge_month": "2026-08"},
        {"BillingCurrency": "EUR"},
        {"source": "azure"},
    ],
)
def test_no_benefit_leaves_its_invoice_month_or_currency(
    con: duckdb.DuckDBPyConnection, apart: dict[str, Any]
) -> None:
    pool(con, [covered("a", "4", "10"), on_demand("b", "10", **apart)])
    assert select(con, "attribution/pool_moves", MOVE) == []


def test_moves_add_up_to_nothing_to_the_last_unit(con: duckdb.DuckDBPyConnection) -> None:
    lines = [
        covered(f"c{n}", f"{n}.000000000000000001", f"{3 * n + 1}.77", hour=n) for n in range(1, 40)
    ]
    lines += [on_demand(f"d{n}", f"{7 * n}.333333333333333333") for n in range(1, 40)]
    lines += [covered("free", "0", "0.01"), covered("back", "-1.5", "2")]
    pool(con, lines)
    materialise(con, "moves", "attribution/pool_moves")
    total, several = con.execute("SELECT sum(EffectiveCost), count(*) FROM moves").fetchall()[0]
    assert total == 0
    assert several > 70
