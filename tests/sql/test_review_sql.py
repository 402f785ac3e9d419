"""The files of `sql/review` on a bill, a ledger and a log of a few rows."""

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
from bill_tables import parquet
from bill_tables import select as rows_in_order
from sql_tables import table

from pipelines.contracts import ALLOCATED, BASES, CHARGES, USAGE
from pipelines.queries import materialise

D = Decimal
TEN, ELEVEN = datetime(2026, 9, 2, 10), datetime(2026, 9, 2, 11)
COSTS = dict(zip(BASES, map(D, ("1", "2", "3", "4")), strict=True))
PERIOD = {"ChargePeriodStart": TEN, "ChargePeriodEnd": ELEVEN}
CHARGE = {**dict.fromkeys(CHARGES.columns), **PERIOD, **COSTS, "source": "aws"} | {
    "x_ChargeId": "one",
    "BillingCurrency": "USD",
    "ResourceId": "i-1",
    "x_SourceFile": "a.csv",
    "x_SourceLine": 7,
}
PART = {**dict.fromkeys(ALLOCATED.columns), **PERIOD, **COSTS, "source": "aws"} | {
    "charge_month": "2026-09",
    "x_OriginChargeId": "one",
    "bucket": "model_version",
    "model": "ranker",
    "model_version": "v1",
    "component": "inference",
    "owner": "search",
    "BillingCurrency": "USD",
    "ResourceId": "i-1",
}
HOUR = {"hour": TEN, "resource_id": "i-1", "model": "ranker", "model_version": "v1", "requests": 1}
NO_FILTER = dict.fromkeys(
    ("source", "currency", "bucket", "model", "model_version", "component", "owner", "day")
)


@pytest.fixture
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as opened:
        yield opened


def ledger(folder: Path, *rows: dict[str, Any]) -> list[str]:
    return parquet(folder / "ledger.parquet", ALLOCATED, *({**PART, **row} for row in rows))


def bill(folder: Path, *rows: dict[str, Any]) -> list[str]:
    return parquet(folder / "bill.parquet", CHARGES, *({**CHARGE, **row} for row in rows))


def log(folder: Path, *rows: dict[str, Any]) -> list[str]:
    nothing = dict.fromkeys(USAGE.columns)
    return parquet(folder / "log.parquet", USAGE, *({**nothing, **HOUR, **row} for row in rows))


def figure(
    con: duckdb.DuckDBPyConnection, folder: Path, *rows: dict[str, Any], basis: str = BASES[1]
) -> None:
    params = {"allocated_files": ledger(folder, *rows), "basis": basis, **NO_FILTER}
    materialise(con, "figure_charges", "review/figure_charges", params)


def test_a_charge_is_shown_with_its_line_for_every_source_that_has_its_id(
    con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    files = bill(tmp_path, {"source": "b"}, {"source": "a"}, {"x_ChargeId": "two"})
    columns = ("source", "charge_id", "file", "line")
    costs = ("billed_cost", "effective_cost", "contracted_cost", "list_cost")
    found = rows_in_order(
        con, "review/charge", *columns, *costs, charge_files=files, charge_id="one"
    )
    assert found == [(source, "one", "a.csv", 7, 1, 2, 3, 4) for source in ("a", "b")]
    assert rows_in_order(con, "review/charge", charge_files=files, charge_id="none") == []


def test_the_parts_of_a_charge_are_all_its_rows_of_the_ledger(
    con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    parts = [{"model_version": "v2"}, {"bucket": "idle"}, {}, {"x_OriginChargeId": "two"}]
    files = ledger(tmp_path, *parts)
    columns = ("bucket", "model_version", "billed_cost", "list_cost")
    found = rows_in_order(
        con, "review/charge_parts", *columns, allocated_files=files, charge_id="one"
    )
    one, four = D(1), D(4)
    assert found == [
        ("idle", "v1", one, four),
        ("model_version", "v1", one, four),
        ("model_version", "v2", one, four),
    ]


@pytest.mark.parametrize(("basis", "amount"), [*zip(BASES, map(D, "1234"), strict=True)])
def test_a_figure_is_of_one_basis(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, basis: str, amount: Decimal
) -> None:
    figure(con, tmp_path, {}, basis=basis)
    assert con.sql("SELECT charge_id, amount FROM figure_charges").fetchall() == [("one", amount)]


@pytest.mark.parametrize(
    ("name", "value", "other"),
    [
        ("source", "aws", {"source": "azure"}),
        ("currency", "USD", {"BillingCurrency": "EUR"}),
        ("bucket", "model_version", {"bucket": "idle"}),
        ("model", "ranker", {"model": None}),
        ("model_version", "v1", {"model_version": "v2"}),
        ("component", "inference", {"component": None}),
        ("owner", "search", {"owner": "ads"}),
        ("day", "2026-09-02", {"ChargePeriodStart": datetime(2026, 9, 3)}),
    ],
)
def test_a_figure_holds_what_its_filter_names_and_without_one_everything(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, name: str, value: str, other: dict[str, Any]
) -> None:
    files = ledger(tmp_path, {}, {**other, "x_OriginChargeId": "two"})
    params = {"allocated_files": files, "basis": "BilledCost", **NO_FILTER}
    assert len(rows_in_order(con, "review/figure_charges", "charge_id", **params)) == 2
    params[name] = value
    assert rows_in_order(con, "review/figure_charges", "charge_id", **params) == [("one",)]


def test_a_figure_s_totals_count_a_charge_once_and_keep_currencies_apart(
    con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    figure(con, tmp_path, {}, {"method": "usage"}, {"source": "b"}, {"BillingCurrency": "EUR"})
    columns = ("currency", "model_version", "charges", "amount")
    found = rows_in_order(con, "review/figure_totals", *columns)
    assert found == [("EUR", "v1", 1, D(2)), ("USD", "v1", 2, D(6))]


def test_a_figure_by_rule_begins_with_the_largest_amount_credits_included(
    con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    credit = {"rule_id": "credit", "EffectiveCost": D(-5)}
    figure(con, tmp_path, {"rule_id": "a"}, credit, {"rule_id": "b"}, {"rule_id": "b"})
    found = rows_in_order(con, "review/figure_rules", "rule_id", "charges", "amount")
    assert found == [("credit", 1, D(-5)), ("b", 1, D(4)), ("a", 1, D(2))]


def test_a_figure_by_resource_never_adds_units(
    con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    hours = {"ConsumedUnit": "Hrs", "ConsumedQuantity": D("0.5")}
    gigabytes = {"ConsumedUnit": "GB", "ConsumedQuantity": D(9), "EffectiveCost": D(1)}
    figure(con, tmp_path, hours, hours, gigabytes, {"ResourceId": None, "EffectiveCost": D(0)})
    found = rows_in_order(
        con, "review/figure_resources", "resource_id", "unit", "quantity", "amount"
    )
    assert found == [
        ("i-1", "Hrs", D(1), D(4)),
        ("i-1", "GB", D(9), D(1)),
        (None, None, None, D(0)),
    ]


def test_a_figure_s_lines_show_the_charge_whole_beside_its_part(
    con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    half = {"EffectiveCost": D("0.75")}
    lost = {"x_OriginChargeId": "not on the bill", "EffectiveCost": D(-1)}
    figure(con, tmp_path, half, half, lost)
    params = {"charge_files": bill(tmp_path, {}, {"source": "b"}), "basis": "EffectiveCost"}
    columns = ("charge_id", "line", "charge_amount", "amount")
    found = rows_in_order(con, "review/figure_lines", *columns, **params, top=9)
    assert found == [("one", 7, D(2), D("1.5")), ("not on the bill", None, None, D(-1))]
    assert len(rows_in_order(con, "review/figure_lines", *columns, **params, top=1)) == 1


def hours(
    con: duckdb.DuckDBPyConnection, files: list[str], day: str | None = None, top: int = 99
) -> list[Any]:
    names = {
        **{"log_model": "ranker", "log_version": "v1"},
        **{"valid_from": datetime(2026, 9, 1), "valid_until": ELEVEN},
    }
    columns = dict.fromkeys(("log_model", "log_version"), "VARCHAR")
    columns |= dict.fromkeys(("valid_from", "valid_until"), "TIMESTAMP")
    table(con, "figure_names", columns, names)
    params = {"usage_files": files, "day": day, "top": top}
    return rows_in_order(con, "review/figure_hours", "hour", "requests", **params)


def test_a_figure_s_hours_are_those_in_which_its_resource_was_charged(
    con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    arn = "arn:aws:ec2:us-east-1:1:instance/I-1/"
    figure(con, tmp_path, {"ResourceId": arn, "ChargePeriodStart": datetime(2026, 9, 2, 10, 30)})
    files = log(
        tmp_path,
        {"hour": datetime(2026, 9, 2, 9)},
        {"requests": 2},
        {"requests": 3, "tenant": "another"},
        {"requests": 5, "source": "gateway", "is_counted": False},  # of the same calls
        {"hour": ELEVEN},
        {"resource_id": "i-2"},
    )
    assert hours(con, files) == [(TEN, 5)]
    assert hours(con, files, day="2026-09-03") == []
    assert hours(con, files, top=0) == []


@pytest.mark.parametrize("resource", [None, ""])
def test_charges_without_a_resource_show_the_hours_of_the_model_by_its_names(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, resource: str | None
) -> None:
    figure(con, tmp_path, {"ResourceId": resource})
    files = log(
        tmp_path,
        {"resource_id": ""},
        {"resource_id": "", "model_version": "v2"},
        {"resource_id": "", "hour": ELEVEN},
    )
    assert hours(con, files) == [(TEN, 1)]


def test_the_names_of_a_log_are_told_once(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    files = log(tmp_path, {}, {"model_version": ""}, {"hour": ELEVEN}, {"model": "a"})
    names = rows_in_order(con, "review/log_names", usage_files=files)
    assert names == [("a", "v1"), ("ranker", ""), ("ranker", "v1")]
