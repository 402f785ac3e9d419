"""A log source as the readers take it: its files, its format, and what the settings say of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from pipelines.files import LocalFile
from pipelines.inference.formats import NATIVE, LogFormat, Rank
from pipelines.settings import Coverage


@dataclass(frozen=True)
class LogInput:
    """One log source: its name, the zone of times without one, declared coverage, its files."""

    name: str
    timezone: str | None
    covers: Sequence[Coverage]
    files: Sequence[LocalFile]
    format: LogFormat = NATIVE
    defaults: Mapping[str, str] = field(default_factory=dict)
    """Fields of the record that the log leaves empty, and what they are."""
    rank: Rank | None = None
    """Where it counts among logs of the same calls; None: as its format does."""
    overlap: Literal["auto", "none"] = "auto"
    """`none`: it saw calls that no other source saw."""

    @property
    def counts_as(self) -> Rank:
        """Its rank among logs of the same calls."""
        return self.rank or self.format.rank
