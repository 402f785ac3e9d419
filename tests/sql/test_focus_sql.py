"""The files of `sql/focus`, one by one, on tables of a few rows."""

from decimal import Decimal as D

import duckdb
import pytest
from sql_tables import INSTANT, MONEY, TEXT, select, table

from pipelines.contracts import ALLOCATED, BASES, CHARGES
from pipelines.focus_out.dataset import MACROS
from pipelines.focus_out.services import load_words
from pipelines.queries import sql

LEDGER = {name: kind for name, kind in ALLOCATED.columns.items() if kind != INSTANT}
RATIOS = {"ratio": "HUGEINT", "ratio_before": "HUGEINT"}
CHECKED = {
    **dict.fromkeys(("x_SourceName", "x_OriginChargeId", "BillingCurrency", "InvoiceId"), TEXT),
    **dict.fromkeys(BASES, MONEY),
    "AllocatedMethodDetails": TEXT,
}


@pytest.fixture
def con():
    with duckdb.connect() as connection:
        connection.execute("SET VARIABLE month = '2026-09'")
        for signature, body in MACROS.items():
            connection.execute(f"CREATE TEMP MACRO {signature} AS {body}")
        load_words(connection)
        yield connection


def went(charge: str, version: str, cost: str, **more: object) -> dict[str, object]:
    """Part of a charge of source `aws` that a version of model `m` got."""
    return {
        "source": "aws",
        "x_OriginChargeId": charge,
        "bucket": "model_version",
        "model": "m",
        "model_version": version,
        **dict.fromkeys(("component", "element", "method", "rule_id", "evidence"), ""),
        **dict.fromkeys(("owner", "cost_centre"), ""),
        **dict.fromkeys(BASES, D(cost)),
        **more,
    }


def charged(**more: object) -> dict[str, object]:
    """A charge of 6 USD for 2 hours."""
    return {
        "source": "aws",
        "x_ChargeId": "c1",
        "ServiceProviderName": "AWS",
        "BillingCurrency": "USD",
        "ChargeCategory": "Usage",
        "ServiceName": "Amazon SageMaker",
        "SkuId": "S",
        "ConsumedQuantity": D(2),
        "ConsumedUnit": "Hrs",
        **dict.fromkeys(BASES, D(6)),
        **more,
    }


def test_a_charge_is_split_if_it_went_to_more_than_one_place(con: duckdb.DuckDBPyConnection):
    table(
        con,
        "allocated",
        LEDGER,
        went("c1", "v1", "1"),
        went("c1", "v2", "1"),
        went("c2", "v1", "1"),
        went("c2", "v1", "1", source="gcp"),
    )
    assert select(con, "focus/split_origins", ("source", "x_OriginChargeId")) == [("aws", "c1")]


def test_ratios_are_whole_units_that_add_up_and_say_where_they_begin(
    con: duckdb.DuckDBPyConnection,
):
    table(con, "allocated", LEDGER, *(went("c1", f"v{n}", "1") for n in (1, 2, 3)))
    table(con, "split_origins", {"source": TEXT, "x_OriginChargeId": TEXT},
          {"source": "aws", "x_OriginChargeId": "c1"})  # fmt: skip
    found = select(con, "focus/split_ratios", ("model_version", "ratio", "ratio_before"))
    assert found == [
        ("v1", 333333333334, 0),
        ("v2", 333333333333, 333333333334),
        ("v3", 333333333333, 666666666667),
    ]


def test_a_charge_gets_the_sku_price_category_and_unit_prices_that_focus_demands(
    con: duckdb.DuckDBPyConnection,
):
    table(con, "origin_charges", CHARGES.columns, charged())
    columns = ("SkuPriceId", "ServiceCategory", "ListUnitPrice", "PricingQuantity", "PricingUnit")
    assert select(con, "focus/charges", columns) == [
        ("S", "AI and Machine Learning", D(3), D(2), "Hours")
    ]


def test_a_negation_of_zero_is_no_charge(con: duckdb.DuckDBPyConnection):
    zero = dict.fromkeys(BASES, D(0))
    table(
        con,
        "origin_charges",
        CHARGES.columns,
        charged(x_LineItemType="SavingsPlanNegation", **zero),
    )
    assert select(con, "focus/charges", ("SkuId",)) == []


def test_whole_charges_stay_and_split_ones_are_cut_at_their_ratios(
    con: duckdb.DuckDBPyConnection,
):
    table(
        con,
        "origin_charges",
        CHARGES.columns,
        charged(),
        charged(x_ChargeId="c2", PricingQuantity=D(10), PricingUnit="Units"),
    )
    con.execute("CREATE TEMP TABLE focus_charges AS " + sql("focus/charges"))
    whole = went("c1", "v1", "6", ConsumedQuantity=D(2))
    table(con, "allocated", LEDGER, whole, went("c2", "v1", "2"), went("c2", "v2", "4"))
    table(con, "split_origins", {"source": TEXT, "x_OriginChargeId": TEXT},
          {"source": "aws", "x_OriginChargeId": "c2"})  # fmt: skip
    table(
        con,
        "split_ratios",
        {**LEDGER, **RATIOS},
        went("c2", "v1", "2", ratio=400000000000, ratio_before=0, ConsumedQuantity=D(1)),
        went("c2", "v2", "4", ratio=600000000000, ratio_before=400000000000, ConsumedQuantity=D(1)),
    )
    columns = ("x_OriginChargeId", "AllocatedResourceId", "PricingQuantity", "BilledCost")
    assert select(con, "focus/cost_and_usage", columns) == [
        ("c1", None, D(2), D(6)),
        ("c2", "m/v1", D(4), D(2)),
        ("c2", "m/v2", D(6), D(4)),
    ]


def row(charge: str, ratio: str | None, cost: str = "1", **more: object) -> dict[str, object]:
    details = None if ratio is None else f'{{"Elements":[{{"AllocatedRatio":{ratio}}}]}}'
    return {
        "x_SourceName": "aws",
        "x_OriginChargeId": charge,
        "BillingCurrency": "USD",
        "InvoiceId": "1",
        "AllocatedMethodDetails": details,
        **dict.fromkeys(BASES, D(cost)),
        **more,
    }


def test_a_dataset_is_totalled_by_source_and_currency(con: duckdb.DuckDBPyConnection):
    table(
        con,
        "checked",
        CHECKED,
        row("c1", "0.5"),
        row("c1", "0.5", "2"),
        row("c2", None, "4", InvoiceId=None),
        row("c3", None, "8", BillingCurrency="EUR"),
    )
    columns = ("currency", "row_count", "allocated_rows", "rows_without_invoice", "ListCost")
    assert select(con, "focus/totals", columns) == [
        ("EUR", 1, 0, 0, D(8)),
        ("USD", 3, 2, 1, D(7)),
    ]


def test_splits_whose_ratios_miss_1_are_unsound_and_a_provider_s_own_part_is_not(
    con: duckdb.DuckDBPyConnection,
):
    table(
        con,
        "checked",
        CHECKED,
        row("good", "0.333333333334"),
        row("good", "0.666666666666"),
        row("bad", "0.333333333333"),
        row("bad", "0.666666666666"),
        row("provider's", "0.25"),
        row("whole", None),
    )
    found = select(con, "focus/unsound_splits", ("charge_id", "ratios"))
    assert found == [("bad", D("0.999999999999"))]


def test_each_row_of_the_pool_is_named_as_a_charge_of_its_own(con: duckdb.DuckDBPyConnection):
    moved = {"rule_id": "commitment-pool"}
    rows = [went("c1", "v1", "3"), went("c1", "v1", "1", **moved), went("c1", "v2", "-1", **moved)]
    table(con, "ledger", LEDGER, *rows)
    allocated = sql("focus/ledger_rows")
    con.execute(f"CREATE TEMP TABLE allocated AS {allocated}")
    named = select(con, "focus/ledger_rows", ["x_OriginChargeId"])
    ids = [row[0] for row in named]
    assert ids.count("c1") == 1
    assert sorted(len(name) for name in ids) == [2, len("c1-pool-") + 32, len("c1-pool-") + 32]
    assert len(set(ids)) == 3

    columns = {name: kind for name, kind in CHARGES.columns.items() if kind != INSTANT}
    table(con, "bill_charges", columns, charged())
    charges = sql("focus/ledger_charges")
    found = con.execute(
        'SELECT "x_ChargeId", "ChargeCategory", "EffectiveCost", "SkuId" '
        f"FROM ({charges}) ORDER BY ALL"
    ).fetchall()
    assert found[0] == ("c1", "Usage", D(6), "S")
    assert sorted(row[1:] for row in found[1:]) == [
        ("Adjustment", D(-1), None),
        ("Adjustment", D(1), None),
    ]
