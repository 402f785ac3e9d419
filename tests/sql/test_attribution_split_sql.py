"""`split.sql` against its specification, `pipelines.money.split`."""

from collections.abc import Iterator
from decimal import Decimal

import duckdb
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sql_tables import select, table

from pipelines.contracts import BASES, MONEY
from pipelines.money import EXACT, split
from pipelines.queries import query

CEILING = 10**38 - 1
AMOUNT = st.one_of(st.integers(-CEILING, CEILING), st.integers(-20, 20)).map(
    lambda units: Decimal(units).scaleb(-18, EXACT)
)
WEIGHTS = st.one_of(
    st.lists(st.integers(1, 10**17), min_size=1, max_size=9),
    st.lists(st.integers(1, 3), min_size=1, max_size=30),
    st.lists(st.just(10**17), min_size=2, max_size=10),
)
ORIGINS = {"origin_id": "BIGINT", **dict.fromkeys((*BASES, "ConsumedQuantity"), MONEY)}
SHARES = {"origin_id": "BIGINT", "share": "BIGINT", "weight": "HUGEINT"}


@pytest.fixture(scope="module")
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        yield connection


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(st.tuples(st.tuples(*[AMOUNT] * 5), WEIGHTS), min_size=1, max_size=6))
@example([((Decimal(CEILING).scaleb(-18, EXACT),) * 5, [1, 10**18 - 1])])
@example([((Decimal("-1E-18"),) * 5, [1, 1, 1])])
@example([((Decimal(10),) * 5, [1, 1, 1])])
def test_it_splits_as_the_specification_does(
    con: duckdb.DuckDBPyConnection,
    charges: list[tuple[tuple[Decimal, ...], list[int]]],
) -> None:
    names = (*BASES, "ConsumedQuantity")
    table(
        con,
        "origins",
        ORIGINS,
        *({"origin_id": i, **dict(zip(names, c, strict=True))} for i, (c, _) in enumerate(charges)),
    )
    table(
        con,
        "shares",
        SHARES,
        *(
            {"origin_id": i, "share": n + 1, "weight": weight}
            for i, (_, weights) in enumerate(charges)
            for n, weight in enumerate(weights)
        ),
    )
    found = query(con, "attribution/split").order("origin_id, share").fetchall()
    expected = [
        (i, n + 1, *(parts[n] for parts in columns))
        for i, (amounts, weights) in enumerate(charges)
        for columns in [[split(amount, weights) for amount in amounts]]
        for n in range(len(weights))
    ]
    assert found == expected


def test_a_quantity_nobody_stated_stays_unstated(con: duckdb.DuckDBPyConnection) -> None:
    table(con, "origins", ORIGINS, {"origin_id": 1, **dict.fromkeys(BASES, Decimal(1))})
    shares = [{"origin_id": 1, "share": n, "weight": 1} for n in (1, 2)]
    table(con, "shares", SHARES, *shares)
    half = Decimal("0.5")
    rows = select(con, "attribution/split", ["share", "EffectiveCost", "ConsumedQuantity"])
    assert rows == [(1, half, None), (2, half, None)]


def test_nothing_to_split_gives_nothing(con: duckdb.DuckDBPyConnection) -> None:
    table(con, "origins", ORIGINS, {"origin_id": 1, **dict.fromkeys(BASES, Decimal(1))})
    table(con, "shares", SHARES)
    assert select(con, "attribution/split", ["share"]) == []
