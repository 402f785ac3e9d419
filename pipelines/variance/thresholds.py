"""From which share of the prediction on a difference is too large: dated presets, with sources.

The FinOps Foundation's goals are samples of its community, and they changed: a preset says of when
it is and stays what it is, a newer copy is a preset of its own.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, Literal

from pipelines.errors import SettingsInvalid
from pipelines.money import plain

Level = Literal["crawl", "walk", "run"]


@dataclass(frozen=True)
class Preset:
    """How far actual may lie from predicted at each level of maturity, as a page says."""

    name: str
    dated: str
    """When the page said so."""
    source: str
    goals: Mapping[Level, Decimal]
    """A difference of this share of the prediction, or a larger one, misses the goal."""


PRESETS: Final[Mapping[str, Preset]] = {
    preset.name: preset
    for preset in (
        Preset(
            "finops-2026-06",
            "copy of 2026-06-09",
            "FinOps Foundation, framework, sample goals of forecast against actual",
            {"crawl": Decimal("0.20"), "walk": Decimal("0.10"), "run": Decimal("0.05")},
        ),
        Preset(
            "finops-2023",
            "copies of 2023 and 2024",
            "FinOps Foundation, framework, sample goals of forecast against actual",
            {"crawl": Decimal("0.20"), "walk": Decimal("0.15"), "run": Decimal("0.12")},
        ),
    )
}


@dataclass(frozen=True)
class Threshold:
    """One goal of a preset."""

    preset: Preset
    level: Level

    @property
    def share(self) -> Decimal:
        """The goal, as a share of the prediction."""
        return self.preset.goals[self.level]

    def is_missed(self, difference: Decimal, predicted: Decimal) -> bool:
        """Whether a difference, of either sign, is too large.

        At 10 % a difference of 10 of 100 is, one of 9.99 is not. Where nothing was predicted any
        difference is.
        """
        if difference == 0:
            return False
        return abs(difference) >= self.share * abs(predicted)

    @property
    def percent(self) -> str:
        """`10 %`."""
        return f"{plain(self.share * 100)} %"

    @property
    def words(self) -> str:
        """`10 % of the prediction (walk of finops-2026-06: ...)`."""
        return (
            f"{self.percent} of the prediction ({self.level} of "
            f"{self.preset.name}: {self.preset.source}, {self.preset.dated})"
        )


def threshold(preset: str, level: Level) -> Threshold:
    """The goal that settings or options name.

    Raises:
        SettingsInvalid: there is no preset of that name; names those there are.
    """
    if preset not in PRESETS:
        problem = f"comparison.preset: there is no {preset!r}; there are {', '.join(PRESETS)}"
        where = "modelspend.toml or --preset"
        raise SettingsInvalid(where, [problem])
    return Threshold(PRESETS[preset], level)
