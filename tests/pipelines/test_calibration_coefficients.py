"""Coefficients: fitted per component, robust, and drawn to their kin where months are few."""

import math
from dataclasses import replace

import numpy as np
import pytest

from pipelines.calibration.coefficients import INHERITED, UNKNOWN_SPREAD, fit
from pipelines.calibration.location import hubers, pooled_scale
from pipelines.errors import CalibrationRefused
from tests.pipelines.calibration_observations import from_logs, observation

GROUP = ("inference", "h100 replicas")
CUT_NORMAL = 0.7101645
"""The mean square of a standard normal cut at +-1.345, from tables."""


def k_of(fitted, model="search", version="v1", component="inference", group="h100 replicas"):
    return fitted.coefficient_for((model, version, component, group)).k


def test_one_far_month_counts_as_one_at_1345_sigma():
    # From 0.25: -0.15 counts as -0.1345, then -0.05, +0.05, and 8.75 as +0.1345. The sum is 0.
    assert hubers([[0.1, 0.2, 0.3, 9.0]], 0.1) == [pytest.approx(0.25, abs=1e-9)]


def test_without_outliers_the_robust_location_is_the_mean():
    assert hubers([[0.1, 0.2, 0.3], [5.0]], 1.0) == pytest.approx([0.2, 5.0], abs=1e-12)


def test_one_value_a_unit_tells_no_spread():
    assert pooled_scale([[0.1], [0.4]]) is None


def test_the_pooled_scale_of_normal_months_is_their_sigma():
    draws = np.random.default_rng(11).normal(0, 0.3, (300, 6))
    # 300 x 5 degrees of freedom: 1.9 % standard error, 5 % more for the robustness.
    assert pooled_scale(draws.tolist()) == pytest.approx(0.3, rel=0.06)


def test_months_that_all_took_a_quarter_more_give_exactly_one_and_a_quarter_at_every_level():
    fitted = fit([observation(f"2026-0{month}", k=1.25) for month in (1, 2, 3)])
    assert [(one.level, one.k, one.n) for one in fitted.coefficients] == [
        ("group", 1.25, 3),
        ("model", 1.25, 3),
        ("version", 1.25, 3),
    ]


def test_two_models_are_drawn_to_their_middle_by_the_noise_of_their_months():
    # ln k of a: 0.1, 0.3 (mean 0.2); of b: 0.5, 0.7 (mean 0.6). Residuals are +-0.1, none cut:
    # sigma^2 = 4 x 0.01 / (2 degrees of freedom x 0.7101645) = 0.0281625; of a mean: 0.0140812.
    # Each mean lies 0.2 from 0.4, so tau^2 + 0.0140812 = 2 x 0.04 / 1 = 0.08: B = 0.823985.
    own = 1 - (0.04 / (2 * CUT_NORMAL) / 2) / 0.08
    fitted = fit(from_logs([0.1, 0.3], model="a") + from_logs([0.5, 0.7], model="b"))
    assert own == pytest.approx(0.823985, abs=1e-6)
    assert math.log(k_of(fitted, "a")) == pytest.approx(0.4 - 0.2 * own, abs=1e-6)
    assert math.log(k_of(fitted, "b")) == pytest.approx(0.4 + 0.2 * own, abs=1e-6)
    assert math.log(k_of(fitted, "unseen", "v9")) == pytest.approx(0.4, abs=1e-9)
    assert fitted.spreads[0].models == pytest.approx(math.sqrt(0.08 * own), abs=1e-6)
    # A third model: the middle is known to 1 / (2 / 0.08) = 0.04, and models lie tau^2 from it.
    unseen = fitted.coefficient_for(("unseen", "v9", *GROUP))
    assert unseen.log_variance == pytest.approx(0.04 + 0.08 * own, abs=1e-6)


def test_two_versions_of_one_model_are_drawn_to_it_in_the_same_way():
    own = 1 - (0.04 / (2 * CUT_NORMAL) / 2) / 0.08
    fitted = fit(from_logs([0.1, 0.3], version="v1") + from_logs([0.5, 0.7], version="v2"))
    assert math.log(k_of(fitted)) == pytest.approx(0.4 - 0.2 * own, abs=1e-6)
    assert math.log(k_of(fitted, version="v2")) == pytest.approx(0.4 + 0.2 * own, abs=1e-6)
    next_version = fitted.coefficient_for(("search", "v3", *GROUP))
    assert (next_version.level, round(math.log(next_version.k), 9)) == ("model", 0.4)
    assert next_version.log_variance == pytest.approx(0.04 + 0.08 * own, abs=1e-6)


def test_a_new_version_every_month_teaches_its_model_and_no_difference_between_versions():
    seen = [
        observation(f"2026-0{at}", model=model, version=f"v{at}", k=math.exp(log))
        for model, logs in (("a", (0.1, 0.3)), ("b", (0.5, 0.7)))
        for at, log in enumerate(logs, start=1)
    ]
    fitted = fit(seen)
    assert fitted.spreads[0].versions == 0.0
    assert k_of(fitted, "a", "v1") == k_of(fitted, "a", "v2") == k_of(fitted, "a", "v9")
    assert k_of(fitted, "a", "v1") < k_of(fitted, "b", "v1")


def test_models_that_differ_no_more_than_their_months_share_one_coefficient():
    fitted = fit(from_logs([0.1, 0.5], model="a") + from_logs([0.2, 0.5], model="b"))
    assert fitted.spreads[0].models == 0.0
    assert k_of(fitted, "a") == pytest.approx(k_of(fitted, "b"), rel=1e-9)


def test_a_month_three_times_too_high_hardly_moves_a_coefficient():
    noise = np.random.default_rng(3).normal(0, 0.05, 12)
    noise[4] = math.log(3)
    k = k_of(fit(from_logs(noise)))
    assert abs(math.log(k)) < 0.05
    assert math.log(np.exp(noise).mean()) > 0.1  # the mean of the ratios would be 17 % off


def test_components_and_groups_learn_nothing_from_one_another():
    fitted = fit(
        [
            observation(k=2.0),
            observation(k=1.2, component="training"),
            observation(k=1.1, group="api"),
        ]
    )
    assert k_of(fitted) == 2.0
    assert k_of(fitted, component="training") == 1.2
    assert k_of(fitted, group="api") == 1.1
    assert fitted.coefficient_for(("search", "v1", "storage", "s3")) is None


def test_a_version_of_a_known_model_takes_its_models_coefficient_and_an_unknown_model_its_groups():
    fitted = fit(from_logs([0.1, 0.3], model="a") + from_logs([0.5, 0.7], model="b"))
    assert fitted.coefficient_for(("a", "v7", *GROUP)).level == "model"
    assert fitted.coefficient_for(("c", "v1", *GROUP)).level == "group"


def test_a_new_version_inherits_its_predecessors_coefficient_with_a_wider_variance():
    seen = from_logs([0.1, 0.3, 0.2, 0.25])
    fitted = fit(seen, {("search", "v2"): "v1", ("search", "v3"): "v2"})
    before, new, newer = (
        fitted.coefficient_for(("search", version, *GROUP)) for version in ("v1", "v2", "v3")
    )
    assert new.k == before.k == newer.k
    assert (new.level, new.n) == ("version", 0)
    assert new.log_variance == pytest.approx(INHERITED * before.log_variance)
    assert newer.log_variance == pytest.approx(INHERITED**2 * before.log_variance)
    assert "inherited from v1" in new.said


def test_the_first_months_of_a_version_start_from_its_predecessor():
    seen = from_logs([0.1, 0.3, 0.2, 0.25, 0.15]) + from_logs([0.8], version="v2")
    after = k_of(fit(seen, {("search", "v2"): "v1"}), version="v2")
    assert math.exp(0.2) < after < math.exp(0.8)


def test_predecessors_in_a_circle_do_not_hang():
    fitted = fit(from_logs([0.1, 0.2]), {("search", "v1"): "v2", ("search", "v2"): "v1"})
    assert k_of(fitted, version="v2") == k_of(fitted)


def test_a_single_month_is_taken_as_it_is_with_a_factor_of_two_either_way():
    fitted = fit([observation(k=1.5)])
    one = fitted.coefficient_for(("search", "v1", *GROUP))
    assert one.k == 1.5
    assert one.log_variance == pytest.approx(UNKNOWN_SPREAD**2)


def test_one_month_of_each_model_is_pooled_because_noise_cannot_be_told_from_difference():
    seen = [observation(model=name, k=k) for name, k in (("a", 1.0), ("b", 1.21), ("c", 1.1))]
    fitted = fit(seen)
    # The mean of ln 1, ln 1.21 and ln 1.1 is ln 1.1, and none is far enough to be cut.
    assert [k_of(fitted, name) for name in "abc"] == pytest.approx([1.1] * 3, rel=1e-9)


def test_coefficients_do_not_depend_on_the_order_of_the_observations():
    seen = from_logs([0.1, 0.4, 0.2], model="a") + from_logs([0.5, 0.9, 0.7, 0.2], model="b")
    mixed = [seen[at] for at in np.random.default_rng(4).permutation(len(seen))]
    assert fit(mixed) == fit(seen)


def test_a_formula_in_minutes_instead_of_hours_has_a_sixtieth_of_the_coefficient():
    logs = {"a": [0.1, 0.4, 0.2], "b": [0.5, 0.9, 0.7, 0.2]}
    hours, minutes = (
        fit(one for name, own in logs.items() for one in from_logs(own, model=name, formula=unit))
        for unit in (100.0, 6000.0)
    )
    in_hours = fit(
        replace(one, actual=one.actual / 60)
        for name, own in logs.items()
        for one in from_logs(own, model=name, formula=6000.0)
    )
    for name in logs:
        assert k_of(minutes, name) == k_of(hours, name)
        assert k_of(in_hours, name) == pytest.approx(k_of(hours, name) / 60, rel=1e-9)
    assert in_hours.spreads[0].months == pytest.approx(hours.spreads[0].months, rel=1e-9)


def test_forecast_and_measured_volumes_are_not_mixed():
    with pytest.raises(CalibrationRefused, match="mixture of ex_ante and ex_post"):
        fit([observation(), observation("2026-02", volume="ex_ante")])


def test_an_impossible_month_is_left_out_and_named():
    fitted = fit([observation(k=1.2), observation("2026-02", actual=0.0)])
    assert k_of(fitted) == 1.2
    assert [one.reason for one in fitted.rejected] == [
        "the actual quantity is 0: nothing of it was billed"
    ]


def test_shrunk_coefficients_are_nearer_to_the_truth_than_own_months_or_one_for_all():
    """12 models with 1 to 6 months each, sigma 0.25, tau 0.35: 0.158 alone, 0.340 pooled, 0.145.

    Alone it is sigma x sqrt(mean of 1/n) = 0.25 x sqrt(0.40833) = 0.160.
    """
    errors = {"alone": [], "pooled": [], "shrunk": []}
    for seed in range(60):
        draw = np.random.default_rng(seed)
        truths = draw.normal(0.5, 0.35, 12)
        logs = [draw.normal(truth, 0.25, 1 + number % 6) for number, truth in enumerate(truths)]
        fitted = fit(
            one for number, own in enumerate(logs) for one in from_logs(own, model=f"m{number}")
        )
        pooled = np.concatenate(logs).mean()
        for number, truth in enumerate(truths):
            errors["alone"].append(logs[number].mean() - truth)
            errors["pooled"].append(pooled - truth)
            errors["shrunk"].append(math.log(k_of(fitted, f"m{number}")) - truth)
    rmse = {name: float(np.sqrt(np.mean(np.square(found)))) for name, found in errors.items()}
    # 720 models: a root mean square is known to about 3 %; three of those.
    assert rmse["alone"] == pytest.approx(0.158, rel=0.09)
    assert rmse["pooled"] == pytest.approx(0.340, rel=0.09)
    assert rmse["shrunk"] == pytest.approx(0.145, rel=0.09)
    assert rmse["shrunk"] < rmse["alone"] < rmse["pooled"]
