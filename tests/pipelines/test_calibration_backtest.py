"""The replay: only what was known is seen, losses are published, and the gate keeps them out."""

import math
from dataclasses import replace

import pytest

from pipelines.calibration.acceptance import judge
from pipelines.calibration.backtest import backtest
from pipelines.calibration.baselines import (
    CALIBRATED,
    FORMULA,
    LAST_MONTH,
    SEASONAL,
    TREND,
    baselines,
    naive_error,
)
from pipelines.calibration.engine import calibrate, total_misses
from pipelines.calibration.metrics import Forecast, intervals, score, together
from pipelines.calibration.observations import as_known, latest
from tests.pipelines.calibration_observations import (
    at,
    from_logs,
    honest_year,
    observation,
    useless_year,
)

JANUARY_2026 = at("2026-01-10")


def forecast(actual=100.0, calibrated=None, *, price=1.0, half_width=None, month="2026-05", **said):
    return Forecast(
        origin=month,
        horizon=1,
        outcome=observation(month, actual=actual, cost=actual * price),
        predictions={CALIBRATED: calibrated, FORMULA: None, LAST_MONTH: None, SEASONAL: None}
        | {TREND: None}
        | said,
        level="version",
        half_width=half_width,
        naive_error=10.0,
    )


def of_month(forecasts, origin, horizon=1):
    return [one for one in forecasts if (one.origin, one.horizon) == (origin, horizon)]


# What was known


def test_a_bill_restated_after_the_origin_is_not_seen_at_the_origin():
    first = observation("2026-01", actual=100.0, known_at=at("2026-02-05"))
    restated = replace(first, actual=150.0, known_at=at("2026-03-20"))
    assert as_known([first, restated], at("2026-03-01")) == [first]
    assert as_known([first, restated], at("2026-04-01")) == [restated]
    assert latest([restated, first]) == [restated]


def test_what_is_published_at_the_very_instant_of_the_origin_is_not_known_before_it():
    one = observation("2026-01", known_at=at("2026-03-01"))
    assert as_known([one], at("2026-03-01")) == []


def test_a_month_filled_in_later_counts_from_its_end():
    filled = observation("2026-01", known_at=at("2027-01-01"), is_hindsight=True)
    assert as_known([filled], at("2026-02-01")) == [filled]
    assert as_known([filled], at("2026-01-31")) == []
    late = replace(filled, is_hindsight=False)
    assert as_known([late], at("2026-02-01")) == []


def test_a_restatement_changes_no_forecast_made_before_it():
    year = honest_year()
    march = next(one for one in year if one.month == "2025-03" and one.model == "m0")
    restated = replace(march, actual=march.actual * 5, known_at=at("2025-09-15"))
    before, after = backtest(year), backtest([*year, restated])
    for origin in ("2025-06", "2025-07", "2025-08", "2025-09"):
        assert of_month(after, origin) == of_month(before, origin)
    assert of_month(after, "2025-10") != of_month(before, "2025-10")


def test_a_restatement_after_the_origin_changes_nothing_of_a_calibration():
    year = honest_year()
    august = next(one for one in year if one.month == "2025-08")
    restated = replace(august, actual=august.actual * 5, known_at=at("2026-02-01"))
    assert calibrate([*year, restated], JANUARY_2026) == calibrate(year, JANUARY_2026)


def test_a_month_that_is_not_settled_at_the_origin_is_not_learnt_from():
    # Bills settle five days after the month, so at the first instant of June May is unknown.
    months = [observation(f"2026-0{number}", actual=100.0 * number) for number in range(1, 7)]
    june = of_month(backtest(months), "2026-06")[0]
    assert june.predictions[LAST_MONTH] == 400.0


def test_horizon_three_predicts_the_second_month_after_the_one_that_begins():
    made = backtest(honest_year(models=1))
    assert [one.outcome.month for one in of_month(made, "2025-06", 3)] == ["2025-08"]
    assert [one.outcome.month for one in of_month(made, "2025-06", 1)] == ["2025-06"]


def test_intervals_are_of_misses_of_the_month_ahead_whatever_else_is_predicted():
    year = honest_year(models=2)
    assert [one for one in backtest(year) if one.horizon == 1] == backtest(year, horizons=(1,))


def test_nothing_is_predicted_before_three_months_are_known():
    # January to March are known after 5 April: the first origin is 1 May.
    assert min(one.origin for one in backtest(honest_year(models=1))) == "2025-05"
    later = backtest(honest_year(models=1), least_months=6)
    assert min(one.origin for one in later) == "2025-08"


# Baselines


def test_each_baseline_says_what_it_can_from_the_known_months():
    history = [observation(f"2026-0{n}", actual=100.0 * 2**n) for n in (1, 2, 3)]
    # Twice as much each month: 800 in March, so 1,600 would come in April and 3,200 in May.
    found = baselines(history, "2026-05", 700.0)
    assert (found[FORMULA], found[LAST_MONTH], found[SEASONAL]) == (700.0, 800.0, None)
    assert found[TREND] == pytest.approx(3200.0, rel=1e-12)
    assert baselines(history, "2027-02", 1.0)[SEASONAL] == 400.0
    assert baselines(history[:2], "2026-05", 1.0)[TREND] is None
    assert baselines([], "2026-05", 1.0)[LAST_MONTH] is None


def test_the_naive_miss_counts_neighbouring_months_only():
    history = [observation(month, actual=a) for month, a in (("2026-01", 1), ("2026-02", 4))]
    assert naive_error(history) == 3
    assert naive_error([*history, observation("2026-06", actual=100)]) == 3
    assert naive_error(history[:1]) is None


# Metrics


def test_misses_are_counted_in_money_at_the_price_paid():
    # 110 for 100 at 2 each: +20 of 200. 40 for 50 at 10 each: -100 of 500.
    made = [forecast(100.0, 110.0, price=2.0), forecast(50.0, 40.0, price=10.0)]
    found = score(made, CALIBRATED)
    assert found.wape == pytest.approx(120 / 700)
    assert found.bias == pytest.approx(-80 / 700)
    assert found.mase == pytest.approx(1.0)  # both missed by 10, as the month before did
    assert found.mape == pytest.approx((0.1 + 0.2) / 2)
    assert found.smape == pytest.approx((200 * 10 / 210 + 200 * 10 / 90) / 2)


def test_a_percentage_of_next_to_nothing_is_left_out_of_the_mean():
    made = [forecast(100.0, 110.0), forecast(0.5, 5.0)]
    assert score(made, CALIBRATED).mape == pytest.approx(0.1)


def test_methods_are_compared_where_both_made_a_forecast():
    made = [forecast(100.0, 110.0, **{LAST_MONTH: 100.0}), forecast(100.0, 500.0)]
    own, other = together(made, CALIBRATED, LAST_MONTH)
    assert (own.n, own.wape, other.wape) == (1, pytest.approx(0.1), 0.0)


def test_coverage_counts_the_forecasts_that_had_an_interval():
    # ln(100/90) = 0.105 within 0.2; ln(100/50) = 0.693 outside; the third has none.
    made = [
        forecast(100.0, 90.0, half_width=0.2),
        forecast(100.0, 50.0, half_width=0.2),
        forecast(100.0, 100.0),
    ]
    found = intervals(made)
    assert (found.n, found.held, found.coverage) == (2, 1, 0.5)
    assert found.mean_width == pytest.approx(math.exp(0.2) - math.exp(-0.2))
    # First: 90e^-0.2 = 73.686 and 90e^0.2 = 109.926: 0.1 x 26.314 and 0.1 x 9.926.
    # Second: 40.937 and 61.070: 0.1 x 59.063 and 0.9 x 38.930. Halved, of 200.
    assert found.pinball == pytest.approx((2.6314 + 0.9926 + 5.9063 + 35.037) / 2 / 200, abs=1e-5)


# The gate


def test_a_useless_formula_loses_to_last_month_and_the_report_says_so():
    found = calibrate(useless_year(), JANUARY_2026)
    assert not found.is_accepted
    assert found.usable == ()
    said = [line for line in found.verdict if "loses to last month" in line]
    assert len(said) == 1
    assert said[0].startswith("inference: the calibrated formula loses to last month: ")


def test_an_honest_formula_beats_every_baseline_and_finds_its_factor():
    found = calibrate(honest_year(noise=0.05), JANUARY_2026)
    assert found.is_accepted
    assert found.usable == found.coefficients
    assert not [line for line in found.verdict if "loses" in line]
    assert all(one.half_width is not None for one in found.coefficients)
    calibrated = found.metrics[0]
    assert (calibrated["method"], calibrated["horizon"]) == (CALIBRATED, 1)
    assert calibrated["wape"] < 0.06  # the noise is 5 %


def test_a_component_that_loses_is_withheld_and_the_others_are_used():
    both = honest_year(noise=0.05) + useless_year(component="training")
    found = calibrate(both, JANUARY_2026)
    assert found.is_accepted
    assert {one.component for one in found.usable} == {"inference"}
    assert {one.component for one in found.coefficients} == {"inference", "training"}


def test_a_tie_with_the_formula_is_no_loss():
    right = from_logs([0.0] * 8)
    found = calibrate(right, at("2026-10-01"))
    assert "inference: the calibrated formula ties with the formula as it is (k = 1): 0.0 %" in (
        " ".join(found.verdict)
    )
    assert found.is_accepted


def test_without_a_month_to_replay_nothing_is_accepted():
    found = calibrate(from_logs([0.1, 0.2]), at("2026-10-01"))
    assert not found.is_accepted
    assert found.verdict == (
        "inference: no month could be predicted from the 3 known months before it that a backtest "
        "needs; not accepted without one.",
    )


def test_no_observation_is_no_calibration_and_no_error():
    found = calibrate([], JANUARY_2026)
    assert (found.coefficients, found.is_accepted, found.total_half_width) == ((), False, None)


def test_intervals_that_hold_half_of_twenty_are_refused_as_too_narrow():
    # 10 of 20: 95 % confidence 27 % to 73 %, and 80 % is outside.
    made = [forecast(100.0, 100.0 if number % 2 else 50.0, half_width=0.1) for number in range(20)]
    verdict = judge("inference", made, 3)
    assert not verdict.is_accepted
    assert verdict.said[-1] == (
        "inference: the intervals are too narrow: 10 of 20 forecasts lay within their 80% interval "
        "(50%, 95 % confidence 27% to 73%)."
    )


def test_seventy_six_percent_of_a_thousand_is_within_five_points_of_eighty():
    # 95 % confidence is 73 % to 79 %: without the five points it would be refused.
    made = [forecast(100.0, 100.0 if n % 25 < 19 else 50.0, half_width=0.1) for n in range(1000)]
    assert judge("inference", made, 3).is_accepted


def test_the_gate_judges_the_month_ahead_alone():
    good = [forecast(100.0, 100.0, **{LAST_MONTH: 90.0}) for _ in range(3)]
    far = [
        replace(forecast(100.0, 300.0, **{LAST_MONTH: 90.0}), horizon=3, half_width=0.1)
        for _ in range(30)
    ]
    assert judge("inference", good + far, 3).said == judge("inference", good, 3).said


def test_few_intervals_that_held_all_are_no_reason_to_refuse():
    made = [forecast(100.0, 100.0, half_width=0.1) for _ in range(5)]
    assert judge("inference", made, 3).is_accepted


def test_intervals_of_a_simulated_truth_hold_what_they_promise():
    held = [
        one.is_held
        for seed in range(4)
        for one in backtest(honest_year(seed, models=6), horizons=(1,))
        if one.is_held is not None
    ]
    # May is the first month predicted, its miss is known in July: 4 x 6 models x 6 months. They
    # lean on one another, so twice the 3.3 points of independent ones are allowed.
    assert len(held) == 144
    assert sum(held) / len(held) == pytest.approx(0.8, abs=0.07)


def test_a_group_without_history_has_no_interval_and_says_so():
    seen = [*honest_year(models=2), observation("2025-11", group="new chips", component="training")]
    found = calibrate(seen, JANUARY_2026)
    new = [one for one in found.coefficients if one.group == "new chips"]
    assert {one.half_width for one in new} == {None}
    assert all("not enough history for an interval" in one.said for one in new)


def test_a_group_with_few_misses_takes_its_components_interval():
    seen = [*honest_year(models=2), observation("2025-11", group="new chips")]
    found = calibrate(seen, JANUARY_2026)
    own = {one.group: one.half_width for one in found.coefficients}
    assert own["new chips"] is not None


def test_months_filled_in_later_are_counted_in_the_report():
    year = [replace(one, is_hindsight=True, known_at=at("2026-01-05")) for one in honest_year()]
    found = calibrate(year, JANUARY_2026)
    assert (
        "48 of 48 observations are of months filled in later: the backtest takes them as known "
        "from their end."
    ) in found.verdict
    assert found.forecasts


def test_three_months_that_all_took_twice_as_much_are_said_to_drift():
    # Settled until August, then twice as much: predictions catch up slowly, so three miss alike.
    calm = [0.0, 0.02, -0.02, 0.01, -0.01, 0.02, 0.0, -0.01]
    found = calibrate(from_logs([*calm, 0.7, 0.7, 0.7]), at("2027-01-01"))
    assert [line for line in found.verdict if line.endswith("the calibration drifts.")]
    assert not [
        line for line in calibrate(from_logs(calm), at("2027-01-01")).verdict if "drifts" in line
    ]


def test_intervals_that_failed_too_often_to_tell_one_are_not_called_a_lack_of_history():
    # Every month takes 1.65 times what the one before did: no interval holds, and each that fails
    # widens the next, until not even the widest of the misses is wide enough.
    found = calibrate(from_logs([n / 2 for n in range(12)]), at("2027-01-01"))
    assert {one.half_width for one in found.coefficients} == {None}
    assert all(
        "no interval: its misses drift, and too many" in one.said for one in found.coefficients
    )


def test_the_width_of_a_total_is_less_than_the_sum_of_its_parts_would_be():
    found = calibrate(honest_year(models=6), JANUARY_2026)
    assert found.total_half_width is not None
    assert found.total_half_width < found.coefficients[0].half_width


def test_the_misses_of_a_total_are_of_all_its_parts_in_money():
    # 2 x 100 + 3 x 50 = 350 came for 2 x 90 + 3 x 60 = 360; horizon 3 is another forecast.
    parts = [forecast(100.0, 90.0, price=2.0), forecast(50.0, 60.0, price=3.0)]
    far = replace(forecast(100.0, 1.0), horizon=3)
    assert total_misses([*parts, far]) == [pytest.approx(math.log(360 / 350))]


def test_an_impossible_month_is_neither_fitted_nor_scored_but_reported():
    year = honest_year(models=1)
    wrong = replace(year[6], mfu=0.4, component="training", actual=year[6].formula / 10)
    found = calibrate([*year, wrong], JANUARY_2026)
    assert [one.reason.split(":")[0] for one in found.rejected] == [
        "implied effective MFU 4 is above 0.7"
    ]
    assert {one.component for one in found.coefficients} == {"inference"}
