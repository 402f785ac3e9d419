"""Who owns a commitment when: the catalogue's `[[commitments]]` against the ids of a bill."""

from collections.abc import Iterable, Iterator
from datetime import datetime

from pipelines.registry.catalogue import Catalogue, Commitment, Owner
from pipelines.registry.keys import resource_key
from pipelines.registry.patterns import is_pattern, literal_length, matches

COMMITMENT_OWNER_COLUMNS = {
    "commitment_id": "VARCHAR",
    "owner": "VARCHAR",
    "cost_centre": "VARCHAR",
    "valid_from": "TIMESTAMP",
    "valid_until": "TIMESTAMP",
}

Row = dict[str, object]


class CommitmentOwners:
    """The owners of commitments, as the catalogue's commitments and resources name them.

    A whole id beats a pattern, a pattern with more text beats one with less, and an entry of
    `[[commitments]]` beats an owner of `[[resources]]`: each holds where no better one does.
    """

    def __init__(self, catalogue: Catalogue) -> None:
        self._commitments = sorted(
            catalogue.commitments, key=lambda c: (is_pattern(c.id), -literal_length(c.id))
        )
        self._resources = catalogue.resources

    def spans(self, commitment_id: str) -> list[Owner]:
        """The owners of one commitment, in the order of time, never two at once."""
        found: list[Owner] = []
        for owner in self._entitled(commitment_id):
            found += _where_free(owner, found)
        return sorted(found, key=lambda o: o.from_)

    def at(self, commitment_id: str, instant: datetime) -> Owner | None:
        """Who owns a commitment at an instant."""
        for owner in self.spans(commitment_id):
            if owner.from_ <= instant < owner.until:
                return owner
        return None

    def rows(self, commitment_ids: Iterable[str]) -> Iterator[Row]:
        """The dated owners of every id, for `sql/attribution`."""
        for commitment_id in commitment_ids:
            for owner in self.spans(commitment_id):
                yield {
                    "commitment_id": commitment_id,
                    "owner": owner.owner,
                    "cost_centre": owner.cost_centre,
                    "valid_from": owner.from_,
                    "valid_until": owner.until,
                }

    def _entitled(self, commitment_id: str) -> Iterator[Owner]:
        key = resource_key(commitment_id)
        names = {commitment_id.lower(), key, key.rsplit("/", 1)[-1]}
        for commitment in self._commitments:
            if any(_names(commitment, name) for name in names):
                yield _owner(commitment)
        for resource in self._resources:
            if resource_key(resource.id) == key:
                yield from resource.owners


def _names(commitment: Commitment, name: str) -> bool:
    return matches(commitment.id, name) or resource_key(commitment.id) == name


def _owner(commitment: Commitment) -> Owner:
    return _span(commitment.owner, commitment.cost_centre, commitment.from_, commitment.until)


def _span(owner: str, cost_centre: str, start: datetime, end: datetime) -> Owner:
    # model_construct: the dates come from a checked file, and Instant wants them with a zone
    return Owner.model_construct(owner=owner, cost_centre=cost_centre, from_=start, until=end)


def _where_free(owner: Owner, taken: list[Owner]) -> list[Owner]:
    """The parts of an owner's time that no other has."""
    free, start = list[Owner](), owner.from_
    for other in sorted(taken, key=lambda o: o.from_):
        if other.until <= start or other.from_ >= owner.until:
            continue
        if other.from_ > start:
            free.append(_span(owner.owner, owner.cost_centre, start, other.from_))
        start = max(start, other.until)
    if start < owner.until:
        free.append(_span(owner.owner, owner.cost_centre, start, owner.until))
    return free
