"""A log source as the readers take it: its files, its format, and what the settings say of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from pipelines.files import LocalFile
from pipelines.inference.formats import NATIVE, LogFormat
from pipelines.settings import Coverage, Overlap, Rank


@dataclass(frozen=True)
class KnownFile:
    """A file that was read before and has no record in the hours now asked for."""

    name: str
    size: int
    etag: str
    lines: int
    records: int
    left_out: int
    first_at: datetime
    last_at: datetime

    def row(self, month: str, source: str) -> tuple[object, ...]:
        """Its row of LOG_FILES: every record lies outside."""
        counts = (self.lines, self.records, 0, 0, self.records - self.left_out, self.left_out, 0)
        span = (self.first_at, self.last_at)
        return (month, source, self.name, self.size, self.etag, *counts, *span)


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
    elsewhere: Sequence[KnownFile] = ()
    """Files of the source that need not be read again."""
    overlap: Overlap = "auto"
    """`none`: it saw calls that no other source saw; `hours`: a better log has them all."""

    @property
    def counts_as(self) -> Rank:
        """Its rank among logs of the same calls."""
        return self.rank or self.format.rank
