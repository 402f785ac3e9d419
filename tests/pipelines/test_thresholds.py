from decimal import Decimal

import pytest

from pipelines.errors import SettingsInvalid
from pipelines.settings import ComparisonSettings
from pipelines.variance.thresholds import PRESETS, threshold

D = Decimal


def test_the_foundations_goals_changed_and_each_copy_of_them_is_kept():
    goals = {name: tuple(preset.goals.values()) for name, preset in PRESETS.items()}
    assert goals == {
        "finops-2026-06": (D("0.20"), D("0.10"), D("0.05")),
        "finops-2023": (D("0.20"), D("0.15"), D("0.12")),
    }
    for preset in PRESETS.values():
        assert tuple(preset.goals) == ("crawl", "walk", "run")
        assert preset.source
        assert preset.dated


@pytest.mark.parametrize(
    ("difference", "predicted", "is_missed"),
    [
        ("9.99", "100", False),
        ("10", "100", True),
        ("-10", "100", True),
        ("-10", "-100", True),  # a credit that was twice what was planned is off too
        ("0", "0", False),
        ("0.01", "0", True),
    ],
)
def test_a_difference_of_either_sign_misses_a_goal_of_ten_percent(difference, predicted, is_missed):
    goal = threshold("finops-2026-06", "walk")
    assert goal.is_missed(D(difference), D(predicted)) == is_missed


def test_the_words_of_a_goal_say_whose_it_is_and_of_when():
    words = threshold("finops-2023", "run").words
    assert words.startswith("12 % of the prediction (run of finops-2023: FinOps Foundation")
    assert words.endswith("copies of 2023 and 2024)")


def test_an_unknown_preset_is_named_with_those_there_are():
    with pytest.raises(SettingsInvalid, match="no 'finops'; there are finops-2026-06, finops-2023"):
        threshold("finops", "walk")


def test_the_settings_preset_exists():
    chosen = ComparisonSettings()
    assert threshold(chosen.preset, chosen.level).percent == "10 %"
