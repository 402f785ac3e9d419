"""What linking takes of each source, and what it found: in numbers, and in sentences for people."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal

import duckdb

from pipelines.queries import query
from pipelines.settings import Overlap, Rank

RANKS: Final[tuple[Rank, ...]] = ("provider", "gateway", "span", "bucket", "counter")


@dataclass(frozen=True)
class Linkable:
    """A staged source. `records`: all its records, with `path` and `row`; readable after `open`."""

    name: str
    rank: Rank
    overlap: Overlap
    parts: Mapping[str, int]
    """Path and number of each part, numbered over all sources in the order of their names."""
    ids: frozenset[str]
    """Which kinds of ids it may have: request_id, response_id, trace_id."""
    records: Callable[[], duckdb.DuckDBPyRelation]
    open: Callable[[], None]
    """Sets what reading its records needs: the zone of times without one."""

    @property
    def rank_no(self) -> int:
        """0 for the best."""
        return RANKS.index(self.rank)


How = Literal["id", "span", "hour"]


@dataclass(frozen=True)
class Linked:
    """So many records of a source are counted in another.

    How that is known: they share an `id`, are one more `span` of an answer, or that source counted
    their `hour`.
    """

    source: str
    better: str
    how: How
    records: int


@dataclass
class Links:
    """What was linked. The SQL finds it in the views `log_seen_elsewhere` and `log_notes`."""

    found: list[Linked] = field(default_factory=list)
    parts: set[int] = field(default_factory=set)
    """The parts with records that are counted elsewhere or learn from elsewhere."""
    files: list[Path] = field(default_factory=list)
    """Kept until the parts are counted."""

    def sentences(self, requests: Mapping[str, int]) -> list[str]:
        """What a reviewer should know, given how many requests each source has."""
        told = {
            "id": "are also in '{better}' and are counted there",
            "span": "are a second span of the same answer and are not counted again",
            "hour": "are in no better log by an id, but lie in hours in which '{better}' counted "
            "their model, and are counted there",
        }
        return [
            f"log source '{linked.source}': {linked.records:,} of {requests[linked.source]:,} "
            f"requests {told[linked.how].format(better=linked.better)}"
            for linked in sorted(self.found, key=lambda one: (one.source, one.better, one.how))
        ]


def counted_twice(
    con: duckdb.DuckDBPyConnection, sources: Sequence[Linkable], links: Links, usage: Path
) -> list[str]:
    """Warn of logs that may count the same calls, because nothing links them."""
    related = [source for source in sources if source.overlap != "none" and source.parts]
    if len({source.rank for source in related}) < 2:
        return []
    known = {(linked.source, linked.better) for linked in links.found}
    pairs = query(
        con,
        "inference/links/unlinked_overlaps",
        usage=str(usage),
        sources=[source.name for source in related],
        ranks=[source.rank_no for source in related],
    ).fetchall()
    return [
        f"log sources '{source}' and '{better}' both count calls of the same models in "
        f"{hours:,} hours ({requests:,} and {better_requests:,} requests, for example of {model}), "
        "and no id links one to the other: if they are the same calls, they are counted twice. Set "
        f'logs.{source}.overlap to "hours" if \'{better}\' has them all, to "none" if it has none'
        for source, better, hours, requests, better_requests, model in pairs
        if (source, better) not in known
    ]
