"""Weights of tokens, fitted to hours in which GPU time and tokens were both measured."""

from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest
from attribution_builders import Row, attribute, charge, deployed, models, use

from pipelines.attribution.calibration import MIN_HOURS, fit

USUAL = [Fraction(1000), Fraction(100), Fraction(4000)]
ON = "calibrate_token_weights = true"


def sums(*hours: tuple[int, int, int, int]) -> dict[str, int]:
    """Hours of (input, cached, output, GPU microseconds) as `token_fits.sql` sums them."""
    columns = dict(zip("icog", zip(*hours, strict=True), strict=True))
    products = {
        a + b: sum(x * y for x, y in zip(columns[a], columns[b], strict=True))
        for a, b in ("ii", "ic", "io", "cc", "co", "oo", "ig", "cg", "og")
    }
    return {**products, **{name: sum(values) for name, values in columns.items()}}


@pytest.mark.parametrize(
    ("hours", "weights"),
    [
        ([(10, 0, 1, 70), (20, 0, 8, 260)], [Fraction(5), Fraction(1, 2), Fraction(20)]),
        ([(10, 3, 1, 73), (20, 1, 8, 261), (5, 5, 5, 130)], [5, 1, 20]),
        ([(10, 0, 10, 250), (20, 0, 20, 500)], [5, Fraction(1, 2), 20]),
        ([(10, 0, 1, 10), (10, 0, 5, 9)], [Fraction(19, 44), Fraction(19, 440), Fraction(19, 11)]),
        ([(0, 0, 5, 100), (0, 0, 7, 140)], [5, Fraction(1, 2), 20]),
    ],
    ids=["two kinds", "all kinds", "one proportion", "none below zero", "output alone"],
)
def test_weights_are_the_gpu_time_of_a_token(
    hours: list[tuple[int, int, int, int]], weights: list[Fraction]
) -> None:
    assert fit(sums(*hours), USUAL) == weights


def measured(version: str, prefill: int, decode: int, hours: int = MIN_HOURS) -> list[Row]:
    """Hours of a version elsewhere, GPU microseconds by its own weights."""
    return [
        use(
            version,
            hour,
            tokens=(1000 + hour, 10 + hour % 3),
            gpu=Decimal((1000 + hour) * prefill + (10 + hour % 3) * decode) / 10**6,
            resource_id="lab",
        )
        for hour in range(hours)
    ]


def test_a_large_version_pays_more_for_a_token_than_a_small_one(tmp_path: Path) -> None:
    catalogue = models("small", "large") + deployed("small") + deployed("large")
    usage = [
        *measured("small", 10, 100),
        *measured("large", 30, 300),
        use("small", 5, tokens=(100, 20)),
        use("large", 5, tokens=(100, 20)),
    ]
    line = charge("a", "4", hour=5)
    ledger = attribute(tmp_path, [line], catalogue, ON, usage=usage)
    shares = {key: round(cost, 3) for key, cost in ledger.of("a", "model_version").items()}
    assert shares == {("small",): 1, ("large",): 3}
    assert [warning.split(" are ")[0] for warning in ledger.warnings] == [
        "token weights of m large",
        "token weights of m small",
    ]
    assert attribute(tmp_path, [line], catalogue, usage=usage).of("a", "model_version") == {
        ("small",): 2,
        ("large",): 2,
    }


def test_few_hours_or_a_word_of_the_catalogue_leave_the_weights(tmp_path: Path) -> None:
    catalogue = models("small", "large").replace(
        '"large"\n', '"large"\ntoken_weights = { input = 1, output = 4 }\n'
    )
    usage = [
        *measured("small", 10, 100, MIN_HOURS - 1),
        *measured("large", 30, 300),
        use("small", 5, tokens=(100, 20)),
        use("large", 5, tokens=(100, 20)),
    ]
    ledger = attribute(
        tmp_path,
        [charge("a", "4", hour=5)],
        catalogue + deployed("small") + deployed("large"),
        ON,
        usage=usage,
    )
    assert ledger.of("a", "model_version") == {("small",): 2, ("large",): 2}
    assert ledger.warnings == []
