"""Closed months: which publication is the month, and where what changed afterwards is posted.

A closed month is never superseded. A later delivery of its bill is published beside it as
`restated`, and the difference is posted as prior-period adjustments in the first month after it
that is not closed. Nothing is stored for that: adjustments are the difference of two publications,
both kept for ever, computed when they are read. What a closing month freezes is which publications
its adjustments came from; a later restatement then posts only what differs from those, in the next
open month.

Decisions over publications only; reading their tables and closing a month is in `assets.closing`.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Generic, Literal, Protocol, TypeVar

from pipelines.months import next_month

CLOSED: Final = "closed"
RESTATED: Final = "restated"

Status = Literal["provisional", "final", "closed", "restated"]


class Published(Protocol):
    """What these decisions need to know of a publication."""

    @property
    def billing_month(self) -> str:
        """The month."""

    @property
    def publication_id(self) -> str:
        """Its name among all publications."""

    @property
    def status(self) -> str:
        """One of `Status`."""

    @property
    def inputs(self) -> Mapping[str, Any]:
        """What it was made from; of a closed one also `closing`, see `closing_inputs`."""


P = TypeVar("P", bound=Published)


@dataclass(frozen=True)
class Posting(Generic[P]):
    """The difference `after` - `before` of a closed month, posted in a later month."""

    closed_month: str
    posting_month: str
    before: P
    after: P
    is_frozen: bool
    """The posting month is closed too: a later restatement does not replace this."""


def month_among(publications: Sequence[P]) -> P | None:
    """Which of a month's publications (oldest first) is the month: the closed one, else the last.

    The one place that decides it.
    """
    closed = [found for found in publications if found.status == CLOSED]
    found = closed or publications
    return found[-1] if found else None


def restatement_among(publications: Sequence[P]) -> P | None:
    """The newest publication beside a closed month, if there is one."""
    newest = publications[-1] if publications else None
    return newest if newest is not None and newest.status == RESTATED else None


def status_of_run(publications: Sequence[Published], *, is_final: bool) -> Status:
    """The status of a run's publication, given those of its month so far."""
    if any(found.status == CLOSED for found in publications):
        return "restated"
    return "final" if is_final else "provisional"


def last_two_states(publications: Sequence[P]) -> tuple[P | None, P]:
    """The last two publications with figures of their own; of a month published once, None first.

    A closed publication stands for the one it closes, which is the one before it.
    """
    made: list[P] = []
    for publication in publications:
        if publication.status == CLOSED:
            made.pop()
        made.append(publication)
    return (made[-2] if len(made) > 1 else None), made[-1]


def posting_month(month: str, closed: Collection[str]) -> str:
    """The first month after a closed one that is not closed itself."""
    found = next_month(month)
    while found in closed:
        found = next_month(found)
    return found


def postings(publications: Iterable[P]) -> list[Posting[P]]:
    """Every prior-period adjustment there is, by closed month and then by posting month.

    July is closed at 100 and restated at 125: 25 is posted in August. August is closed, and July
    restated at 130: the 25 stay in August, 5 is posted in September.
    """
    months: dict[str, list[P]] = {}
    for publication in publications:
        months.setdefault(publication.billing_month, []).append(publication)
    closed = {
        month: found
        for month, rows in sorted(months.items())
        if (found := month_among(rows)) is not None and found.status == CLOSED
    }
    made = []
    for month, base in closed.items():
        by_id = {found.publication_id: found for found in months[month]}
        # A month stays closed, so the first open month only moves on: months are in time's order.
        for later, closing in closed.items():
            named = _adjustments(closing).get(month)
            if later > month and named not in (None, base.publication_id):
                made.append(Posting(month, later, base, by_id[named], is_frozen=True))
                base = by_id[named]  # noqa: PLW2901 -- the next difference starts from here
        newest = restatement_among(months[month])
        if newest is not None and newest.publication_id != base.publication_id:
            open_month = posting_month(month, closed)
            made.append(Posting(month, open_month, base, newest, is_frozen=False))
    return made


def closing_inputs(closed: Published, publications: Iterable[Published]) -> dict[str, Any]:
    """The inputs of a month's closed publication: those of the publication that is closed.

    Under `closing` they name it, and for each earlier closed month the restatement whose
    difference is posted in this month, which freezes that posting.
    """
    mine = [p for p in postings(publications) if p.posting_month == closed.billing_month]
    return {
        **closed.inputs,
        "closing": {
            "publication_id": closed.publication_id,
            "adjustments": {p.closed_month: p.after.publication_id for p in mine},
        },
    }


def reasons_not_to_close(publication: Published, missing: Sequence[str], lines: int) -> list[str]:
    """Why a month's figures can still change, each in a clause; none for a final month.

    `missing`: its missing sources; `lines`: its bill lines without invoice id.
    """
    if publication.status != "provisional":
        return []
    found = []
    if lines:
        found.append(f"{lines:,} bill {'line has' if lines == 1 else 'lines have'} no invoice id")
    found += [f"source '{name}' is missing" for name in missing]
    if not publication.inputs.get("is_over", True):
        found.append("the month was not over when it was run")
    return found or ["a later delivery can still change it"]


def _adjustments(closing: Published) -> dict[str, str]:
    found: dict[str, str] = closing.inputs.get("closing", {}).get("adjustments", {})
    return found
