"""Drift: small shifts add up to an alarm, announced changes do not, and silence is rare noise."""

from datetime import date, timedelta

import numpy as np
import pytest

from pipelines.calibration.drift import Day, Reference, cusum, run_rule, watch

FIRST = date(2026, 3, 1)


def days(log_ratios):
    return [Day(FIRST + timedelta(days=at), value) for at, value in enumerate(log_ratios)]


def alarms(watched):
    return [(one.day - FIRST).days for one in watched if one.is_alarm]


def mean_run(shift, limit, steps):
    """Days between alarms, the sums starting again at each."""
    z = np.random.default_rng(17).normal(shift, 1, steps)
    return steps / sum(one.is_alarm for one in cusum(z, limit=limit))


@pytest.mark.parametrize(
    ("limit", "shift", "steps", "expected"),
    [(5.0, 0, 150_000, 466), (5.0, 1, 8_000, 10.5), (4.0, 0, 60_000, 168), (4.0, 1, 8_000, 8.3)],
)
def test_run_lengths_are_those_of_the_literature(limit, shift, steps, expected):
    # About 320 alarms without a shift (5.5 % standard error), 800 and more with one (1.5 %).
    tolerance = 0.05 if shift else 0.14
    assert mean_run(shift, limit, steps) == pytest.approx(expected, rel=tolerance)


def test_the_sums_add_what_goes_beyond_the_slack_and_start_again_after_an_alarm():
    # 2.5 - 0.5 = 2, 4, 6 > 5: an alarm of 0.5 + 6/3 = 2.5 sigmas; then 2 again.
    found = list(cusum([2.5, 2.5, 2.5, 2.5]))
    assert [one.up for one in found] == [2.0, 4.0, 6.0, 2.0]
    assert [one.is_alarm for one in found] == [False, False, True, False]
    assert found[2].shift == 2.5


def test_a_fall_is_an_alarm_as_a_rise_is():
    found = list(cusum([-3.0, -3.0, -3.0]))
    assert found[2].is_alarm
    assert found[2].shift == -3.0


def test_the_first_days_teach_the_level_and_raise_nothing():
    watched = watch(days([0.30, 0.32, 0.28, 0.31, 0.30, 0.29]), baseline_days=5)
    assert [one.standardised is None for one in watched] == [True] * 5 + [False]
    # Median 0.30; distances 0, 0.02, 0.02, 0.01, 0: median 0.01, sigma 0.014826. -0.01 is -0.6745.
    assert watched[-1].standardised == pytest.approx(-0.67449, abs=1e-4)


def test_a_shift_of_three_sigmas_is_an_alarm_and_says_how_much_more_it_takes():
    level = Reference(0.2, 0.1)
    # 0.5 is +3 sigmas: 2.5, 5.0 (not above 5), 7.5. The shift is 0.3 in ln: 35.0 %.
    watched = watch(days([0.2, 0.5, 0.5, 0.5]), known=level)
    assert alarms(watched) == [3]
    assert watched[3].said == "takes 35.0% more than its level, and no event explains it"


def test_an_announced_change_starts_a_new_level_instead_of_an_alarm():
    normal = [0.0, 0.02, -0.02, 0.01, -0.01] * 2
    shifted = [1.0 + value for value in normal]
    known = Reference(0.0, 0.015)
    event = {FIRST + timedelta(days=10): "rate card of March"}
    assert alarms(watch(days(normal + shifted), known=known)) != []
    watched = watch(days(normal + shifted), event, known=known, baseline_days=5)
    assert alarms(watched) == []
    assert watched[10].said == "a new level from here: rate card of March"
    assert watched[15].standardised is not None


def test_days_without_a_figure_are_shown_and_change_nothing():
    level = Reference(0.0, 0.1)
    with_gap = watch(days([0.1, None, 0.2]), known=level)
    without = watch(days([0.1, 0.2]), known=level)
    assert with_gap[1].said == "nothing to compare"
    assert with_gap[2].up == without[1].up


def test_no_days_are_no_watch():
    assert watch([]) == []


@pytest.mark.parametrize(
    ("misses", "is_drift"),
    [
        ([1.1, 1.2, 1.3], True),
        ([-1.1, -2.0, -1.5], True),
        ([0.0, 1.1, 1.2, 1.3], True),
        ([1.1, 1.2, 0.9], False),
        ([1.1, -1.2, 1.3], False),
        ([1.5, 1.5], False),
    ],
)
def test_three_misses_on_one_side_beyond_a_sigma_are_drift_in_months(misses, is_drift):
    assert run_rule(misses) is is_drift
