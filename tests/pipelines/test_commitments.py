"""Commitments across accounts: whose they are, what they saved, and their benefit shared."""

from datetime import datetime
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any

import duckdb
import pytest
from attribution_builders import (
    MONTH,
    attribute,
    charge,
    deployed,
    instant,
    models,
    use,
    watched,
    write,
)

from pipelines.contracts import CHARGES, COMMITMENTS
from pipelines.errors import SettingsInvalid
from pipelines.registry.catalogue import parse_catalogue
from pipelines.registry.commitments import CommitmentOwners
from pipelines.review.commitments import commitment_sheets
from pipelines.spend import commitments

PLAN = "arn:aws:savingsplans::1:savingsplan/0a-1b"
RESERVATION = "/providers/Microsoft.Capacity/reservationOrders/12/reservations/34"
POOLED = 'commitment_pool = "organisation"'


def covered(name: str, effective: str, listed: str, **changed: Any) -> dict[str, Any]:
    """An hour of the GPU that a savings plan covers."""
    plan = {
        "BilledCost": Decimal(0),
        "ListCost": Decimal(listed),
        "ContractedCost": Decimal(listed),
        "SkuId": "GPU",
        "CommitmentDiscountId": PLAN,
        "CommitmentDiscountType": "Savings Plan",
        "CommitmentDiscountStatus": "Used",
    }
    return charge(name, effective, **{**plan, **changed})


def unused(name: str, effective: str, **changed: Any) -> dict[str, Any]:
    """What of a plan nobody used."""
    nobodys = {"ResourceId": None, "CommitmentDiscountStatus": "Unused"}
    return covered(name, effective, "0", **{**nobodys, **changed})


def bought(name: str, billed: str, **changed: Any) -> dict[str, Any]:
    """A plan's fee."""
    fee = {"BilledCost": Decimal(billed), "ChargeCategory": "Purchase", "ResourceId": None}
    return covered(name, "0", "0", **{**fee, "CommitmentDiscountStatus": None, **changed})


def owned(who: str, what: str, start: float | None = None, until: float | None = None) -> str:
    """An entry of `[[commitments]]`."""
    return (
        f'[[commitments]]\nid = "{what}"\nowner = "{who}"\ncost_centre = "cc-{who}"\n'
        + (f"from = {instant(start)}\n" if start is not None else "")
        + (f"until = {instant(until)}\n" if until is not None else "")
    )


def test_fees_and_unused_parts_are_the_commitments_owners_at_the_time(tmp_path: Path) -> None:
    catalogue = owned("old", PLAN, until=10) + owned("new", PLAN, 10) + owned("rest", "*")
    lines = [
        bought("fee", "5"),
        unused("early", "2", hour=9),
        unused("late", "2", hour=10),
        bought("azure", "7", CommitmentDiscountId=RESERVATION),
    ]
    ledger = attribute(tmp_path, lines, catalogue)
    words = ("bucket", "owner", "cost_centre")
    assert ledger.words("fee", *words) == {("commitment", "old", "cc-old")}
    assert ledger.words("early", *words) == {("commitment", "old", "cc-old")}
    assert ledger.words("late", *words) == {("commitment", "new", "cc-new")}
    assert ledger.words("azure", *words) == {("commitment", "rest", "cc-rest")}


def test_a_commitment_that_nobody_owns_has_no_owner(tmp_path: Path) -> None:
    ledger = attribute(tmp_path, [unused("a", "2")], owned("x", "another"))
    assert ledger.words("a", "bucket", "owner") == {("commitment", "")}


def test_covered_usage_stays_where_it_was_used(tmp_path: Path) -> None:
    catalogue = models("v1") + deployed("v1") + owned("finops", "*")
    ledger = attribute(tmp_path, [covered("a", "6", "10")], catalogue)
    assert ledger.words("a", "bucket", "model_version", "owner") == {("model_version", "v1", "")}


@pytest.mark.parametrize(
    ("listed", "billed"),
    [
        (PLAN, PLAN),
        ("savingsplan/0a-1b", PLAN),
        ("0a-1b", PLAN),
        ("*:savingsplan/*", PLAN),
        (RESERVATION, RESERVATION.upper()),
        ("34", RESERVATION),
    ],
)
def test_a_commitment_is_known_by_its_id_its_last_part_or_a_pattern(
    listed: str, billed: str
) -> None:
    owners = CommitmentOwners(parse_catalogue(owned("finops", listed)))
    found = owners.at(billed, datetime(2026, 9, 1))
    assert found is not None
    assert found.owner == "finops"


def test_the_better_name_holds_in_its_time_and_the_pattern_around_it() -> None:
    catalogue = owned("short", "*") + owned("long", "*savingsplan*", 0, 100)
    catalogue += owned("id", PLAN, 5, 9)
    resource = f'[[resources]]\nid = "{PLAN}"\n[[resources.owners]]\nowner = "resource"\n'
    spans = CommitmentOwners(parse_catalogue(catalogue + resource)).spans(PLAN)
    assert [span.owner for span in spans] == ["short", "long", "id", "long", "short"]
    assert all(a.until == b.from_ for a, b in pairwise(spans))
    [span] = CommitmentOwners(parse_catalogue(resource)).spans(PLAN)
    assert span.owner == "resource"


def test_two_owners_at_once_are_a_mistake_of_the_catalogue() -> None:
    with pytest.raises(SettingsInvalid) as refused:
        parse_catalogue(owned("a", PLAN) + owned("b", "savingsplan/0a-1b", 5))
    assert "has two owners at once" in str(refused.value)


def test_the_rates_of_a_commitment_are_its_own_sums(tmp_path: Path) -> None:
    lines = [
        bought("fee", "90"),
        covered("a", "45", "100", ContractedCost=Decimal(90)),
        unused("b", "15"),
        charge("x", "300", SkuId="GPU", SubAccountId="other"),
    ]
    files = write(lines, CHARGES, tmp_path / "charges.parquet")
    catalogue = parse_catalogue(owned("old", PLAN, until=700) + owned("new", PLAN, 700))
    with duckdb.connect() as con:
        found = commitments(con, MONTH, files, catalogue)
        assert commitments(con, MONTH, [], catalogue).equals(COMMITMENTS.empty())
    [row] = found.to_dicts()
    assert (row["owner"], row["cost_centre"]) == ("new", "cc-new")
    assert row["purchased_cost"] == 90
    assert row["eligible_on_demand_cost"] == 300
    assert row["utilisation"] == Decimal("0.75")
    assert row["coverage"] == Decimal("0.25")
    assert row["savings_rate_of_list"] == Decimal("0.4")
    assert row["savings_rate_of_contracted"] == Decimal("0.333333")


def test_a_commitment_that_only_was_bought_has_no_rates(tmp_path: Path) -> None:
    files = write([bought("fee", "90")], CHARGES, tmp_path / "charges.parquet")
    with duckdb.connect() as con:
        [row] = commitments(con, MONTH, files, parse_catalogue("")).to_dicts()
    rates = ("utilisation", "coverage", "savings_rate_of_list", "savings_rate_of_contracted")
    assert [row[name] for name in rates] == [None] * 4


def test_the_sheet_adds_money_and_makes_its_rates_of_the_sums(tmp_path: Path) -> None:
    lines = [
        covered("a", "50", "100"),
        covered("b", "10", "100", CommitmentDiscountId="other"),
        unused("c", "40", CommitmentDiscountId="other"),
        covered("d", "1", "2", BillingCurrency="EUR"),
    ]
    files = write(lines, CHARGES, tmp_path / "charges.parquet")
    with duckdb.connect() as con:
        euro, dollar = commitment_sheets(commitments(con, MONTH, files, parse_catalogue("")))
    total = dollar.rows[-1].values
    assert [sheet.rows[-1].values["currency"] for sheet in (euro, dollar)] == ["EUR", "USD"]
    assert (len(euro.rows), len(dollar.rows)) == (2, 3)
    assert total["used_effective_cost"] == 60
    assert total["utilisation"] == Decimal("0.6")
    assert total["savings_rate_of_list"] == Decimal("0.5")
    assert total["coverage"] is None
    assert dollar.rows[0].values["owner"] == "(no owner)"


def test_a_month_without_commitments_says_so() -> None:
    [sheet] = commitment_sheets(COMMITMENTS.empty())
    assert sheet.rows == ()
    assert "none" in sheet.title


def test_one_pool_rate_moves_effective_cost_alone_and_nets_to_nothing(tmp_path: Path) -> None:
    catalogue = models("v1", "v2") + deployed("v1") + deployed("v2", resource="i-2")
    lines = [
        covered("a", "4", "10"),
        charge("b", "10", SkuId="GPU", ResourceId="i-2", SubAccountId="other"),
        charge("cpu", "10", SkuId="CPU", ResourceId="i-2"),
        unused("rest", "3"),
        bought("fee", "7"),
    ]
    kept = attribute(tmp_path, lines, catalogue).rows
    assert kept.filter(kept["evidence"] == "commitment pool").is_empty()
    ledger = attribute(tmp_path, lines, catalogue, POOLED).rows
    moves = ledger.filter(ledger["evidence"] == "commitment pool")
    assert sorted(moves.select("x_OriginChargeId", "model_version", "EffectiveCost").rows()) == [
        ("a", "v1", 3),
        ("b", "v2", -3),
    ]
    assert set(moves.select("element", "method", "rule_id", "component").rows()) == {
        ("adjustment", "policy", "commitment-pool", "inference")
    }
    for name in ("BilledCost", "ContractedCost", "ListCost", "ConsumedQuantity"):
        assert ledger[name].sum() == kept[name].sum()
        assert moves[name].sum() == 0
    assert ledger["EffectiveCost"].sum() == kept["EffectiveCost"].sum()


def test_pooled_idle_time_moves_with_its_machine(tmp_path: Path) -> None:
    catalogue = models("v1") + deployed("v1")
    lines = [covered("a", "4", "10"), charge("b", "10", SkuId="GPU", ResourceId=None)]
    used = [use("v1", gpu=1800)]
    ledger = attribute(tmp_path, lines, catalogue, POOLED, usage=used, coverage=[watched()]).rows
    moves = ledger.filter(ledger["evidence"] == "commitment pool")
    found = moves.select("x_OriginChargeId", "bucket", "EffectiveCost").rows()
    assert sorted(found) == [
        ("a", "idle", Decimal("1.5")),
        ("a", "model_version", Decimal("1.5")),
        ("b", "unattributed", -3),
    ]
