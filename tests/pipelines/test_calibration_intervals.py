"""Intervals: as wide as past misses say, absent where they are too few."""

from fractions import Fraction

import numpy as np
import pytest

from pipelines.calibration.conformal import adapted, half_width, nearest_width, needed

EIGHTY, NINETY, NINETY_FIVE = Fraction(1, 5), Fraction(1, 10), Fraction(1, 20)


@pytest.mark.parametrize(("alpha", "least"), [(EIGHTY, 4), (NINETY, 9), (NINETY_FIVE, 19)])
def test_an_interval_needs_one_by_alpha_less_one_misses(alpha, least):
    assert needed(alpha) == least
    assert half_width([0.1] * least, alpha) == 0.1
    assert half_width([0.1] * (least - 1), alpha) is None


def test_the_width_is_the_miss_at_its_place_from_below():
    # ceil(10 x 0.8) = 8th of nine misses; ceil(6 x 0.8) = 5th of five.
    assert half_width([0.9, 0.1, 0.2, 0.3, 0.8, 0.4, 0.5, 0.6, 0.7]) == 0.8
    assert half_width([0.5, 0.1, 0.2, 0.4, 0.3]) == 0.5


@pytest.mark.parametrize(("n", "expected"), [(9, 0.903), (12, 0.924), (60, 0.903)])
def test_intervals_of_ninety_percent_hold_ninety_percent_and_a_little_more(n, expected):
    """The exact values are 9/10, 12/13 = 0.923 and 55/61 = 0.902: the place is rounded up."""
    draws = np.abs(np.random.default_rng(n).standard_t(4, (4000, n + 1)))
    held = [one[-1] <= half_width(one[:-1].tolist(), NINETY) for one in draws]
    # 4000 draws of 0.9: 0.5 points standard error; three of those.
    assert np.mean(held) == pytest.approx(expected, abs=0.015)


def test_a_group_with_too_few_misses_backs_off_to_the_wider_pool_and_then_to_none():
    assert nearest_width(([0.1] * 3, [0.2] * 4)) == (0.2, 1)
    assert nearest_width(([0.1] * 4, [0.2] * 9)) == (0.1, 0)
    assert nearest_width(([0.1], [0.2] * 3)) == (None, 2)


def test_a_miss_takes_four_points_off_alpha_and_a_hit_gives_one_back():
    # 1/5 + 1/20 x (1/5 - 1) = 4/25; then 4/25 + 1/20 x 1/5 = 17/100.
    assert adapted([False]) == Fraction(4, 25)
    assert adapted([False, True]) == Fraction(17, 100)
    assert adapted([]) == EIGHTY


def test_an_alpha_that_ran_out_gives_no_interval_instead_of_the_widest_miss():
    assert adapted([False] * 5) == 0
    assert half_width([0.1] * 100, adapted([False] * 5)) is None


def test_an_adapted_alpha_brings_back_the_promised_share_when_misses_grow():
    """Misses that grow month by month: fixed intervals hold ever less, adapted ones 80 %."""
    random = np.random.default_rng(8)
    misses = np.abs(random.normal(0, np.linspace(0.1, 0.6, 400)))
    fixed, moving = [], []
    for at in range(40, 400):
        past = misses[:at].tolist()
        fixed.append(misses[at] <= half_width(past))
        width = half_width(past, adapted(moving))
        moving.append(bool(width is None or misses[at] <= width))
    assert np.mean(fixed) < 0.72
    assert np.mean(moving) == pytest.approx(0.8, abs=0.03)
