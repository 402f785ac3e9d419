"""What may be removed from the lake: files nobody can reach any more."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final

from assets.lake import tables
from assets.lake.publication import Publication
from assets.lake.store import Store
from pipelines.contracts import PUBLICATIONS, TABLES

GRACE: Final = timedelta(days=7)
"""A run in progress has written files that no publication names yet. No run takes a week."""


def removable(
    store: Store, publications: Callable[[], list[Publication]], grace: timedelta
) -> dict[str, list[str]]:
    """Files per table that killed and beaten runs left behind.

    Older than `grace`, named by no publication and not in the table's newest version.

    `out_publications` itself is left alone. Files are listed before publications are read, so a
    file that is published meanwhile is seen as published.
    """
    before = datetime.now(UTC) - grace
    old = {
        table: names
        for table in TABLES
        if table != PUBLICATIONS.name
        and (names := [f.name for f in store.data_files(table) if f.modified_at < before])
    }
    kept = publications()
    found = {}
    for table, names in old.items():
        reachable = {name for publication in kept for name in publication.files(table)}
        if handle := tables.opened(store, table):
            reachable.update(handle.get_add_actions().column("path").to_pylist())
        if orphans := [name for name in names if name not in reachable]:
            found[table] = orphans
    return found
