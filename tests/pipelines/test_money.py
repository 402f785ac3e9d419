"""Exact money: parts add up, rounding happens where it is said and nowhere else."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.money import EXACT, ONE_UNIT, plain, quantise, show, split

AMOUNTS = st.decimals(
    min_value=Decimal(-(10**19)), max_value=Decimal(10**19), places=18, allow_nan=False
)


def units(amount: Decimal) -> int:
    return int(amount.scaleb(18, EXACT))


WEIGHTS = st.lists(st.integers(0, 10**15), min_size=1, max_size=12).filter(any)


@given(AMOUNTS, WEIGHTS)
def test_a_split_never_gains_or_loses_a_unit(amount: Decimal, weights: list[int]) -> None:
    parts = split(amount, weights)
    assert sum(units(part) for part in parts) == units(amount)


@given(AMOUNTS, WEIGHTS)
def test_no_part_is_a_whole_unit_off_its_share(amount: Decimal, weights: list[int]) -> None:
    whole, total = units(amount), sum(weights)
    for part, weight in zip(split(amount, weights), weights, strict=True):
        assert abs(units(part) * total - whole * weight) < total


@given(AMOUNTS, WEIGHTS)
def test_a_credit_is_split_as_its_charge(amount: Decimal, weights: list[int]) -> None:
    negated = [part.copy_negate() for part in split(amount, weights)]
    assert split(amount.copy_negate(), weights) == negated


def test_the_unit_left_over_goes_to_the_largest_remainder_then_to_the_first() -> None:
    third = Decimal("3.333333333333333333")
    assert split(Decimal(10), [1, 1, 1]) == [third + ONE_UNIT, third, third]
    assert split(ONE_UNIT, [1, 2]) == [Decimal(0), ONE_UNIT]


def test_a_weight_of_zero_takes_nothing() -> None:
    assert split(Decimal("-0.01"), [0, 7, 0]) == [0, Decimal("-0.01"), 0]


@pytest.mark.parametrize("weights", [[], [0], [0, 0], [1, -1], [3, -1]])
def test_weights_that_say_nothing_are_refused(weights: list[int]) -> None:
    with pytest.raises(ValueError, match="weights must be >= 0, one above 0"):
        split(Decimal(1), weights)


def test_rounding_is_half_to_even_at_the_eighteenth_digit() -> None:
    assert quantise(Decimal("0.0000000000000000005")) == 0
    assert quantise(Decimal("0.0000000000000000015")) == 2 * ONE_UNIT


def test_people_see_cents_and_machines_every_digit() -> None:
    assert show(Decimal("60177.275")) == "60,177.28"
    assert plain(Decimal("60177.280000000000000000")) == "60177.28"
    assert plain(Decimal("-1E-18")) == "-0.000000000000000001"
    assert plain(Decimal("-0.000")) == "0"
    assert plain(Decimal("1200")) == "1200"
