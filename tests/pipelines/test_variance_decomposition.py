"""The arithmetic of named variances: orders, Shapley values, and sums to the last digit."""

from decimal import Decimal
from fractions import Fraction
from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.money import EXACT, as_decimal
from pipelines.variance.decomposition import METHODS, Factor, Line, closed, decompose

F = Fraction
NUMBER = st.one_of(
    st.just(F(0)), st.decimals(-(10**6), 10**6, places=3, allow_nan=False).map(Fraction)
)


def line_of(values: list[tuple[Fraction, Fraction, Fraction]]) -> Line:
    """A line with every factor, from planned, actual and loose values in this order."""
    names = ("list_price", "discount", "volume", "mix", "efficiency", "idle_capacity", "fx")
    found = [Factor(name, *value) for name, value in zip(names, values, strict=True)]
    return Line(tuple(found[:2]), tuple(found[2:6]), found[6])


LINES = st.lists(st.tuples(NUMBER, NUMBER, NUMBER), min_size=7, max_size=7).map(line_of)


def test_price_and_usage_in_the_standard_order_and_by_shapley() -> None:
    # 3.00 x 4 h planned, 5.00 x 6 h paid: 12 -> 30
    line = Line((Factor("price", F(3), F(5)),), (Factor("usage", F(4), F(6)),))
    # usage first at the planned price: 3 x 2; then price at the actual quantity: 2 x 6
    assert decompose(line) == {"usage": 6, "price": 12, "fx": 0}
    # the average of both orders: usage (6 + 10) / 2, price (12 + 8) / 2
    assert decompose(line, "shapley") == {"usage": 8, "price": 10, "fx": 0}


def test_a_line_names_its_factors_in_the_standard_order() -> None:
    names = [factor.variance for factor in line_of([(F(1), F(1), F(0))] * 7).factors]
    assert names == [
        *("volume", "mix", "efficiency", "idle_capacity"),
        *("list_price", "discount", "fx"),
    ]


@settings(max_examples=40, deadline=None)
@given(LINES)
def test_variances_add_up_whatever_the_signs_and_zeros(line: Line) -> None:
    every = {factor.variance for factor in line.factors}
    for method in METHODS:
        assert sum(decompose(line, method).values()) == line.cost(every) - line.cost(())


@settings(max_examples=25, deadline=None)
@given(LINES, st.sampled_from(range(7)), NUMBER)
def test_a_factor_that_alone_changed_has_the_whole_difference(
    line: Line, at: int, after: Fraction
) -> None:
    still = [(factor.before, factor.before, F(0)) for factor in (*line.prices, *line.quantities)]
    still.append((line.rate.before, line.rate.before, F(0)))
    still[at] = (still[at][0], after, F(0))
    changed = line_of(still)
    names = [f.variance for f in (*changed.prices, *changed.quantities, changed.rate)]
    for method in METHODS:
        amounts = decompose(changed, method)
        assert amounts.pop(names[at]) == changed.cost(names) - changed.cost(())
        assert set(amounts.values()) == {0}


def test_shapley_is_the_average_over_every_order() -> None:
    values = [(F(2), F(3), F(1)), (F(4), F(3), F(0)), (F(5), F(5), F(0)), (F(1), F(2), F(7))]
    line = line_of([*values, *[(F(1), F(1), F(0))] * 2, (F(2), F(3), F(0))])
    moving = ("list_price", "discount", "mix", "fx")
    sums = dict.fromkeys(moving, F(0))
    orders = list(permutations(moving))
    for order in orders:
        for at, name in enumerate(order):
            sums[name] += line.cost(order[: at + 1]) - line.cost(order[:at])
    shapley = decompose(line, "shapley")
    assert {name: shapley[name] * len(orders) for name in moving} == sums


def test_rounding_goes_to_the_largest_remainder() -> None:
    # thirds of the smallest unit, and one amount that is exactly nothing
    unit = F(1, 10**18)
    amounts = {"price": unit / 3, "usage": unit * F(2, 3), "mix": F(0)}
    assert closed(amounts, Decimal("1e-18")) == {
        "price": 0,
        "usage": Decimal("1e-18"),
        "mix": 0,
    }


@settings(max_examples=60, deadline=None)
@given(st.lists(st.fractions(-1000, 1000, max_denominator=97), min_size=1, max_size=7))
def test_rounded_variances_are_the_rounded_total(values: list[Fraction]) -> None:
    total = as_decimal(sum(values, F(0)))
    found = closed({str(at): value for at, value in enumerate(values)}, total)
    whole = Decimal(0)
    for at, value in enumerate(values):
        whole = EXACT.add(whole, found[str(at)])
        assert abs(F(found[str(at)]) - value) < F(1, 10**18)
        assert value != 0 or found[str(at)] == 0
    assert whole == total


def test_amounts_that_are_not_of_a_total_are_no_rounding() -> None:
    with pytest.raises(ValueError, match="of the smallest units away from it"):
        closed({"price": F(1)}, Decimal(2))
