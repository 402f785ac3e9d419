"""Guards: the impossible is never fitted, and says what it looks like."""

import pytest

from pipelines.calibration.guards import caution_of, checked, effective_mfu, problem_of
from tests.pipelines.calibration_observations import observation


def test_the_effective_mfu_is_the_assumed_one_by_k():
    # 100 formula hours at an MFU of 0.4 took 125: the hours were worth 0.32.
    assert effective_mfu(observation(k=1.25, mfu=0.4)) == pytest.approx(0.32)
    assert effective_mfu(observation(k=1.25)) is None


@pytest.mark.parametrize("component", ["training", "update"])
def test_training_with_an_implied_mfu_above_seven_tenths_is_rejected(component):
    problem = problem_of(observation(component=component, k=0.5, mfu=0.4))
    assert problem.startswith("implied effective MFU 0.8 is above 0.7: the hours or the FLOP are")


def test_training_at_exactly_seven_tenths_is_kept():
    assert problem_of(observation(component="training", formula=7, actual=4, mfu=0.4)) is None


def test_inference_above_seven_tenths_is_kept_with_a_caution_and_above_one_rejected():
    assert problem_of(observation(k=0.5, mfu=0.4)) is None
    assert caution_of(observation(k=0.5, mfu=0.4)).startswith("effective MFU 0.80")
    assert "above 1" in problem_of(observation(k=0.2, mfu=0.4))


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"formula": 0.0, "actual": 1.0}, "the formula gives 0"),
        ({"actual": 0.0}, "nothing of it was billed"),
        ({"actual": -3.0, "cost": 1.0}, "the actual quantity is -3"),
        ({"actual": float("nan")}, "no number"),
        ({"formula": float("inf"), "actual": 1.0}, "no number"),
        ({"cost": -1.0}, "a refund"),
        ({"mfu": 1.2, "k": 2.0}, "assumes an MFU of 1.2"),
        ({"mfu": 0.0}, "assumes an MFU of 0"),
        ({"utilisation": 0.5, "k": 0.4}, "implied utilisation 1.25 is above 1"),
        ({"utilisation": 1.5}, "assumes a utilisation of 1.5"),
        ({"is_bound": True, "k": 0.9}, "the formula is a least time"),
    ],
)
def test_what_cannot_be_has_its_own_reason(given, said):
    assert said in problem_of(observation(**given))


@pytest.mark.parametrize(
    ("k", "said"),
    [(1.073741824, "GiB for GB"), (1000.0, "a thousand"), (1 / 3600, "seconds for hours")],
)
def test_a_ratio_of_units_is_named_as_a_likely_mistake(k, said):
    assert said in caution_of(observation(k=k))


def test_an_ordinary_month_has_neither_problem_nor_caution():
    kept, rejected = checked([observation(k=1.3, mfu=0.4, utilisation=0.5, is_bound=True)])
    assert len(kept) == 1
    assert rejected == []
    assert caution_of(kept[0]) is None
