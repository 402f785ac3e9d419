"""A population of training runs: each is predicted by others, which also choose how."""

from pipelines.calibration.population import (
    BASELINE,
    CHOSEN,
    FEWEST_OF_A_CHIP,
    Population,
    population,
)


def of(*mfus: float) -> Population:
    """A100 runs of 1e21 FLOP: 1e21 / 312e12 / 3600 = 890.3 hours at an MFU of 1."""
    rows = [f"r{n},A100,{890.3 / mfu:.4f},1e21" for n, mfu in enumerate(mfus)]
    return population("\n".join(["run,chip,chip_hours,flop", *rows]), "runs.csv")


def test_the_hours_of_a_run_have_no_say_in_how_it_is_predicted() -> None:
    mfus = [0.30, 0.32, 0.28, 0.35, 0.41, 0.22]
    whole, other = of(*mfus), of(*mfus[:-1], 0.66)
    for found in (whole, other):
        assert [one.predictor for one in found.predictions[-1]][-1] == CHOSEN
    assert whole.predictions[-1][-1].candidate == other.predictions[-1][-1].candidate
    assert whole.predictions[-1][-1].hours == other.predictions[-1][-1].hours


def test_of_candidates_that_are_equally_good_the_plainest_is_chosen() -> None:
    found = of(*[0.4] * (FEWEST_OF_A_CHIP + 2))
    assert {of_run[-1].candidate for of_run in found.predictions} == {BASELINE}
    assert "Run by run both say the same." in found.verdict
    assert not [said for said in found.verdict if said.startswith("Picked afterwards")]


def test_runs_that_all_tell_their_own_flop_are_scored_once() -> None:
    assert {score.over for score in of(0.3, 0.4, 0.35, 0.5, 0.2).scores} == {"all"}
