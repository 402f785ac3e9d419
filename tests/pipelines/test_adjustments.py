from decimal import Decimal

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st
from review_frames import frame, spend

from pipelines.adjustments import COSTS, KEYS, adjustments
from pipelines.contracts import MODEL_MONTHS
from pipelines.money import EXACT

D = Decimal


def moved(before: list, after: list) -> pl.DataFrame:
    return adjustments(frame(MODEL_MONTHS, *before), frame(MODEL_MONTHS, *after))


def amounts(found: pl.DataFrame, *names: str) -> list[tuple[object, ...]]:
    return list(found.select(names).iter_rows())


def test_what_moved_between_models_owners_and_buckets_is_listed_with_its_difference():
    found = moved(
        [spend("100", model="a", owner="x"), spend("7", model="b")],
        [spend("90", model="a", owner="x"), spend("7", model="b"), spend("15", bucket="idle")],
    )
    assert amounts(found, "bucket", "model", "owner", *COSTS) == [
        ("idle", "", "", D(15), D(15), D(15), D(15)),
        ("model_version", "a", "x", D(-10), D(-10), D(-10), D(-10)),
    ]


def test_the_way_a_cost_was_found_and_its_charge_month_move_no_money():
    assert moved(
        [spend("1", method="usage"), spend("2", charge_month="2026-08")], [spend("3")]
    ).is_empty()


def test_a_row_that_moves_on_one_basis_alone_is_listed():
    found = moved([spend("1")], [spend("1", list_cost=D("1.5"))])
    assert amounts(found, *COSTS) == [(D(0), D(0), D(0), D("0.5"))]


def test_currencies_are_never_added():
    found = moved([spend("1"), spend("1", currency="CNY")], [spend("2"), spend("0")])
    assert amounts(found, "currency", "billed_cost") == [("CNY", D(-1)), ("USD", D(1))]


@st.composite
def states(draw: st.DrawFn) -> list[dict]:
    cost = st.integers(-(10**36), 10**36).map(lambda units: EXACT.scaleb(D(units), -18))
    name = st.sampled_from(["", "a", "b"])
    rows = {}
    for _ in range(draw(st.integers(0, 6))):
        named = {"model": draw(name), "owner": draw(name), "method": draw(name)}
        costs = {column: draw(cost) for column in COSTS}
        rows[tuple(named.values())] = spend("0", **named) | costs
    return list(rows.values())


@settings(max_examples=60, deadline=None)
@given(states(), states())
def test_adjustments_add_up_to_the_difference_of_the_totals_on_every_basis(before, after):
    found = moved(before, after)
    assert found.select(KEYS).is_duplicated().any() is False
    for name in COSTS:
        first, second, difference = (
            sum(int(EXACT.scaleb(row[name], 18)) for row in rows)
            for rows in (before, after, found.iter_rows(named=True))
        )
        assert difference == second - first
