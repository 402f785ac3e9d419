"""Sources a published month is without: since when, why, and what they last were.

A source whose bill cannot be read stops only itself: the month is published without it. Where an
earlier publication of the month had it, the source is stale and not only missing: its last figures
stay readable there.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from pipelines.money import show
from pipelines.review.sheets import MissingSource

READ = "read"
MISSING = "missing"


def status_of(publication: Mapping[str, Any], source: str) -> str | None:
    """Whether a publication has a source: `read`, `missing`, or None if it knows none of it."""
    found = publication["sources"].get(source)
    return found.get("status") if isinstance(found, dict) else found


def missing_from(
    publication: Mapping[str, Any], earlier: Sequence[Mapping[str, Any]]
) -> list[MissingSource]:
    """The sources that are missing from a publication, given those before it, oldest first.

    Published with `gcp` on the 5th and without it on the 6th and 7th: missing since the 6th, last
    read on the 5th.
    """
    found = []
    for name in sorted(publication["sources"]):
        if status_of(publication, name) != MISSING:
            continue
        since, last_read = publication, None
        for before in reversed(earlier):
            if status_of(before, name) == MISSING:
                since = before
                continue
            last_read = before if status_of(before, name) is not None else None
            break
        known = publication["sources"][name]
        found.append(
            MissingSource(
                name=name,
                problem=known.get("problem", "") if isinstance(known, dict) else "",
                since=since["published_at"],
                last_read=last_read,
            )
        )
    return found


def missing_facts(found: MissingSource) -> dict[str, Any]:
    """A missing source for a program."""
    last = found.last_read
    return {
        "source": found.name,
        "problem": found.problem,
        "missing_since": found.since,
        "last_read_at": last["published_at"] if last else None,
        "last_publication_id": last["publication_id"] if last else None,
        "last_effective_cost": found.last_effective,
    }


def missing_sentence(found: MissingSource) -> str:
    """A missing source for a person: since when, and where its last figures are."""
    said = (
        f"Source '{found.name}' is missing since {found.since:%Y-%m-%d %H:%M} UTC: its month could "
        "not be read, its spend is not in here."
    )
    if found.last_read is None:
        return f"{said} This month never had it."
    amounts = " and ".join(
        f"{show(amount)} {currency}" for currency, amount in sorted(found.last_effective.items())
    )
    return (
        f"{said} It was last read for the publication {found.last_read['publication_id'][:8]} of "
        f"{found.last_read['published_at']:%Y-%m-%d %H:%M} UTC"
        + (f", with {amounts} effective." if amounts else ".")
    )


def missing_words(found: Sequence[MissingSource]) -> str:
    """For a list: `gcp (last read 2026-10-05), azure (never read)`."""
    return ", ".join(
        f"{one.name} (last read {one.last_read['published_at']:%Y-%m-%d})"
        if one.last_read
        else f"{one.name} (never read)"
        for one in found
    )
