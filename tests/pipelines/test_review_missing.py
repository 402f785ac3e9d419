"""Which sources a month is without, since when, and which publication last had them."""

from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest
from review_frames import frame, published, values

from pipelines.contracts import RECONCILIATION
from pipelines.review.head import facts
from pipelines.review.missing import missing_facts, missing_from, missing_sentence, missing_words
from pipelines.review.months import ListedMonth, months_sheet
from pipelines.review.quality import quality_sentences
from pipelines.review.sheets import MissingSource

FIFTH = datetime(2026, 10, 5, 3)


def publication(day: int, gcp: str | None, **other: Any) -> dict[str, Any]:
    """The month as published on a day of October; `gcp` is the status of the source gcp."""
    sources = {"aws": {"status": "read"}}
    if gcp is not None:
        sources["gcp"] = {"status": gcp, "problem": f"broken on the {day}"}
    return {
        "billing_month": "2026-09",
        "publication_id": f"publication-{day}",
        "published_at": datetime(2026, 10, day, 3),
        "status": "provisional",
        "sources": sources,
        **other,
    }


def stale() -> MissingSource:
    return MissingSource(
        "gcp",
        "no credits",
        datetime(2026, 10, 6, 3),
        publication(5, "read"),
        {"EUR": Decimal("5173.60"), "USD": Decimal(1)},
    )


@pytest.mark.parametrize(
    ("statuses", "since", "last"),
    [
        (["missing"], 1, None),
        (["read", "missing"], 2, 1),
        (["read", "missing", "missing"], 2, 1),
        (["missing", "missing"], 1, None),
        (["missing", "read", "missing"], 3, 2),
        ([None, "missing"], 2, None),
        (["read", None, "missing"], 3, None),
    ],
)
def test_a_source_is_missing_since_the_first_publication_without_it(
    statuses: list[str | None], since: int, last: int | None
) -> None:
    *earlier, latest = [publication(day, gcp) for day, gcp in enumerate(statuses, start=1)]
    [found] = missing_from(latest, earlier)
    assert (found.name, found.since.day) == ("gcp", since)
    assert (found.last_read and found.last_read["published_at"].day) == last
    assert found.problem == f"broken on the {len(statuses)}"


def test_a_source_that_was_read_again_is_not_missing() -> None:
    assert missing_from(publication(2, "read"), [publication(1, "missing")]) == []


def test_a_stale_source_is_told_with_what_it_last_was() -> None:
    assert missing_sentence(stale()) == (
        "Source 'gcp' is missing since 2026-10-06 03:00 UTC: its month could not be read, its "
        "spend is not in here. It was last read for the publication publicat of 2026-10-05 03:00 "
        "UTC, with 5,173.60 EUR and 1.00 USD effective."
    )
    assert missing_words([stale()]) == "gcp (last read 2026-10-05)"
    assert missing_facts(stale())["last_effective_cost"]["EUR"] == Decimal("5173.60")


def test_a_month_says_what_it_is_without_in_its_head_and_among_its_notes() -> None:
    month = published(missing=(stale(),))
    assert facts(month)["missing_sources"] == ["gcp"]
    assert facts(month)["missing"][0]["last_read_at"] == FIFTH
    assert quality_sentences(month) == [missing_sentence(stale())]


def test_the_list_of_months_says_which_source_each_is_without() -> None:
    listed = [
        ListedMonth(publication(day, None), 1, None, frame(RECONCILIATION), missing)
        for day, missing in ((1, ()), (2, (stale(),)))
    ]
    assert values(months_sheet(listed), "without") == [(None,), ("gcp (last read 2026-10-05)",)]
