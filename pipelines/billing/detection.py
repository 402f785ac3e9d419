"""What an export is, told from its column names alone; nothing is opened here.

A header is held against every family of `families`. It is known when all core columns of exactly
one format are there; where two formats have theirs, somebody is to be asked, and where none has,
the nearest one and what it lacks is an answer too.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from pipelines.billing.columns import plain_name
from pipelines.billing.families import FAMILIES, FOCUS_VERSIONS, FOCUS_WRITERS, Family
from pipelines.billing.owned.rows import COMMON, KINDS, OWN, unknown_columns

MOST_EVIDENCE: Final = 6
LEAST_SHARE_OF_CORE: Final = 0.5
"""A format of whose core fewer columns are there is not near."""
MOST_BEHIND: Final = 0.3
"""A format that is so much farther than the nearest is not near either."""
LEAST_WRITER_COLUMNS: Final = 2

_ENGLISH_NAME = re.compile(r"\(([A-Za-z]+)\)\s*$")


@dataclass(frozen=True)
class Candidate:
    """One format a header may be: why, and what it lacks."""

    format: str
    provider: str
    version: str
    family: str
    evidence: tuple[str, ...]
    """Columns, as the file writes them, by which it is known."""
    missing: tuple[str, ...]
    """Columns the format cannot do without, as its provider writes them."""
    present: int
    """How many of those are there."""
    is_bill: bool = True

    @property
    def is_complete(self) -> bool:
        """Nothing the format needs is missing."""
        return not self.missing

    @property
    def share(self) -> float:
        """How much of what the format needs is there, from 0 to 1."""
        return self.present / (self.present + len(self.missing))


def detect(names: Sequence[str]) -> list[Candidate]:
    """The formats a header may be, one per format, the nearest first.

    Those that are complete are all the answer; without one, those that are near. A header with
    `BilledCost` and `lineItem/UnblendedCost` and all else of both is two complete candidates.
    """
    there = {comparable_name(name): name for name in reversed(names)}
    best: dict[tuple[str, bool], Candidate] = {}
    for family in FAMILIES:
        candidate = _candidate(family, names, there)
        if candidate is None:
            continue
        # The families of a format stand in order: the first of equals is the closer one.
        key = (candidate.format, candidate.is_bill)
        if key not in best or candidate.share > best[key].share:
            best[key] = candidate
    found = sorted((*best.values(), *_owned(names, there)), key=_nearness, reverse=True)
    complete = [candidate for candidate in found if candidate.is_complete]
    if bills := [candidate for candidate in complete if candidate.is_bill]:
        return bills
    near = [candidate for candidate in found if candidate.is_bill]
    least = max(LEAST_SHARE_OF_CORE, near[0].share - MOST_BEHIND) if near else 0
    return complete or [candidate for candidate in near if candidate.share >= least]


def comparable_name(header: str) -> str:
    """A header as it is compared: Azure's `Kosten (Cost)` is `cost`."""
    english = _ENGLISH_NAME.search(header)
    return plain_name(english[1] if english else header.strip())


def _nearness(candidate: Candidate) -> tuple[float, int, int]:
    return candidate.share, candidate.present, len(candidate.evidence)


def _candidate(family: Family, names: Sequence[str], there: dict[str, str]) -> Candidate | None:
    if not family.style(names):
        return None
    core = {alternatives: _first(alternatives.split("|"), there) for alternatives in family.core}
    marks = [found for mark in family.marks if (found := _first((mark,), there))]
    missing = tuple(needed.split("|")[0] for needed, found in core.items() if found is None)
    if len(marks) < family.least_marks:
        return None
    version, provider, more = family.version, family.provider, list[str]()
    if family.format == "focus" and family.is_bill:
        version, more = _focus_version(there)
        provider, written = _focus_writer(there)
        more += written
    known_by = [*more, *marks, *(found for found in core.values() if found is not None)]
    return Candidate(
        format=family.format,
        provider=provider,
        version=version,
        family=family.name,
        evidence=tuple(dict.fromkeys(known_by))[:MOST_EVIDENCE],
        missing=missing,
        present=len(core) - len(missing),
        is_bill=family.is_bill,
    )


def _owned(names: Sequence[str], there: dict[str, str]) -> list[Candidate]:
    """Which of the files of costs on no cloud bill it is; a column none knows makes it none."""
    for kind in KINDS:
        own = [found for c in OWN[kind] if (found := _first((c.header,), there))]
        core = {c.header: _first((c.header,), there) for c in COMMON if c.is_core}
        known = len(names) - len(unknown_columns(f"{kind}.csv", names))
        if own and known == len(names):
            missing = tuple(needed for needed, found in core.items() if found is None)
            return [
                Candidate(
                    format="owned",
                    provider="",
                    version=kind,
                    family=f"{kind}.csv of costs on no cloud bill",
                    evidence=tuple(own)[:MOST_EVIDENCE],
                    missing=missing,
                    present=len(core) - len(missing),
                )
            ]
    return []


def _first(alternatives: Iterable[str], there: dict[str, str]) -> str | None:
    return next((there[key] for name in alternatives if (key := plain_name(name)) in there), None)


def _focus_version(there: dict[str, str]) -> tuple[str, list[str]]:
    for version, columns in FOCUS_VERSIONS:
        if found := [there[key] for name in columns if (key := plain_name(name)) in there]:
            return version, found[:2]
    return "", []


def _focus_writer(there: dict[str, str]) -> tuple[str, list[str]]:
    for provider, columns in FOCUS_WRITERS.items():
        found = [there[key] for name in columns if (key := plain_name(name)) in there]
        if len(found) >= LEAST_WRITER_COLUMNS:
            return provider, found[:2]
    return "", []
