"""The files of `sql/review` that compare two states of a month, on bills of a few charges."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import duckdb
import pytest
from sql_tables import select, table

from pipelines.contracts import ALLOCATED, BASES, CHARGES
from pipelines.queries import materialise

D = Decimal
CHARGE = {"source": "aws", "BillingCurrency": "USD", "charge_month": "2026-09"}
PART = {"source": "aws", "BillingCurrency": "USD", "bucket": "model_version", "model": "ranker"}


def costing(amount: str) -> dict[str, Decimal]:
    return dict.fromkeys(BASES, D(amount))


def charge(name: str, amount: str, **other: Any) -> dict[str, Any]:
    return CHARGE | costing(amount) | {"x_ChargeId": name} | other


def part(name: str, amount: str, **other: Any) -> dict[str, Any]:
    return PART | costing(amount) | {"x_OriginChargeId": name} | other


@pytest.fixture
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as opened:
        yield opened


def states(
    con: duckdb.DuckDBPyConnection, before: list[dict[str, Any]], after: list[dict[str, Any]]
) -> None:
    table(con, "charges_before", CHARGES.columns, *before)
    table(con, "charges_after", CHARGES.columns, *after)
    materialise(con, "changed_charges", "review/changed_charges")


def test_a_charge_is_added_removed_or_changed_and_otherwise_not_listed(
    con: duckdb.DuckDBPyConnection,
) -> None:
    states(
        con,
        [charge("gone", "1"), charge("dearer", "2"), charge("same", "3")],
        [charge("dearer", "5"), charge("same", "3"), charge("new", "7")],
    )
    columns = ("charge_id", "change", "effective_before", "effective_after")
    assert select(con, "review/changed_charges", columns) == [
        ("dearer", "changed", D(2), D(5)),
        ("gone", "removed", D(1), D(0)),
        ("new", "added", D(0), D(7)),
    ]


@pytest.mark.parametrize("basis", BASES)
def test_one_basis_alone_makes_a_change(con: duckdb.DuckDBPyConnection, basis: str) -> None:
    states(con, [charge("one", "1")], [charge("one", "1", **{basis: D("1.000000000000000001")})])
    assert select(con, "review/changed_charges", ["change"]) == [("changed",)]


def test_the_same_id_in_two_sources_is_two_charges_and_an_added_zero_is_a_line(
    con: duckdb.DuckDBPyConnection,
) -> None:
    states(con, [charge("one", "1")], [charge("one", "1"), charge("one", "0", source="gcp")])
    columns = ("source", "change", "billed_after")
    assert select(con, "review/changed_charges", columns) == [("gcp", "added", D(0))]


def test_added_removed_changed_and_unchanged_are_both_months_whole(
    con: duckdb.DuckDBPyConnection,
) -> None:
    states(
        con,
        [charge("gone", "1"), charge("dearer", "2"), charge("same", "3")],
        [charge("dearer", "5"), charge("same", "3"), charge("new", "7")],
    )
    columns = ("change", "lines", "list_before", "list_after")
    assert select(con, "review/changed_totals", columns) == [
        ("added", 1, D(0), D(7)),
        ("changed", 1, D(2), D(5)),
        ("removed", 1, D(1), D(0)),
        ("unchanged", 1, D(3), D(3)),
    ]


def test_months_that_agree_are_unchanged_and_currencies_are_counted_apart(
    con: duckdb.DuckDBPyConnection,
) -> None:
    same = [charge("a", "1"), charge("b", "2", BillingCurrency="EUR")]
    states(con, same, same)
    columns = ("currency", "change", "lines", "billed_before", "billed_after")
    assert select(con, "review/changed_totals", columns) == [
        ("EUR", "unchanged", 1, D(2), D(2)),
        ("USD", "unchanged", 1, D(1), D(1)),
    ]


def test_the_largest_differences_of_each_currency_are_listed_with_where_both_lines_stand(
    con: duckdb.DuckDBPyConnection,
) -> None:
    states(
        con,
        [charge("a", "9", x_SourceFile="old.csv", x_SourceLine=2)],
        [
            charge("a", "1", x_SourceFile="new.csv", x_SourceLine=3, ServiceName="EC2"),
            charge("b", "7"),
            charge("c", "1", BillingCurrency="EUR"),
        ],
    )
    columns = ("charge_id", "difference", "service", "file_before", "line_before", "file_after")
    assert select(con, "review/changed_lines", columns, basis="effective", top=1) == [
        ("a", D(-8), "EC2", "old.csv", 2, "new.csv"),
        ("c", D(1), None, None, None, None),
    ]


def test_a_line_keeps_the_charge_month_and_class_that_its_bill_gave_it(
    con: duckdb.DuckDBPyConnection,
) -> None:
    correction = {"charge_month": "2026-07", "ChargeClass": "Correction"}
    states(con, [], [charge("a", "-1", **correction)])
    columns = ("change", "charge_month", "charge_class")
    found = select(con, "review/changed_lines", columns, basis="billed", top=5)
    assert found == [("added", "2026-07", "Correction")]


def test_the_parts_of_the_listed_lines_are_compared_by_where_they_went(
    con: duckdb.DuckDBPyConnection,
) -> None:
    states(con, [charge("a", "3")], [charge("a", "5"), charge("b", "1")])
    materialise(con, "changed_lines", "review/changed_lines", {"basis": "list", "top": 1})
    table(con, "allocated_before", ALLOCATED.columns, part("a", "3", model_version="1"))
    table(
        con,
        "allocated_after",
        ALLOCATED.columns,
        part("a", "1", model_version="1", method="usage"),
        part("a", "1", model_version="1", method="direct"),
        part("a", "3", bucket="idle", model=""),
        part("b", "1"),
    )
    columns = ("charge_id", "bucket", "model", "model_version", "before", "after")
    assert select(con, "review/changed_parts", columns, basis="list") == [
        ("a", "idle", "", None, D(0), D(3)),
        ("a", "model_version", "ranker", "1", D(3), D(2)),
    ]
