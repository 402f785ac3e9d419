"""Write tables, publish months, read what is published.

A month's tables are written first, each in one commit, and are invisible. Then one row is added
to `out_publications`, a compare-and-swap against what the run saw when it began: that row is the
month (unless the month is closed, see `pipelines.closing`). Readers follow the row to its files, so
they see one run's tables whatever else is written.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final

import duckdb
import polars as pl
from deltalake import DeltaTable
from deltalake.exceptions import DeltaError

from assets.lake import tables
from assets.lake.data_files import PARTITION, Rows
from assets.lake.publication import Publication
from assets.lake.store import Store
from assets.lake.tables import WrittenTable
from assets.lake.upgrade import NewColumns, add_columns, lacking
from assets.lake.vacuum import GRACE, removable
from pipelines.closing import month_among
from pipelines.contracts import PUBLICATIONS, TABLES, require
from pipelines.errors import LakeUnreachable, MonthNotPublished, PublicationLost
from pipelines.settings import LakeSettings

_PUBLISH_ATTEMPTS: Final = 5


@dataclass
class MonthHandle:
    """A month as a run found it: what was published then, and the handle that remembers when.

    Opened before the inputs are read. After `Lake.publish` it stands at the run's own publication.
    """

    month: str
    run_id: str
    table: DeltaTable
    publications: tuple[Publication, ...]


class Lake:
    """The lake of a project. Opens what it needs when it needs it; holds no connection."""

    def __init__(self, settings: LakeSettings, cache: Path, base: Path) -> None:
        self._store = Store(settings, cache, base)

    @property
    def url(self) -> str:
        """Where the lake is."""
        return self._store.url

    def uri(self, table: str) -> str:
        """Where a table is."""
        return self._store.table_url(table)

    # Writing

    def begin(self, month: str, run_id: str) -> MonthHandle:
        """Remember what is published of a month, before its inputs are read.

        Raises:
            LakeUnreachable: the store does not answer, refuses, or cannot decide between writers.
        """
        handle = tables.opened(self._store, PUBLICATIONS.name)
        if handle is None:
            self._store.require_conditional_put()
            handle = tables.opened_or_created(self._store, PUBLICATIONS.name)
        return MonthHandle(month, run_id, handle, tuple(self._rows(handle, month)))

    def write(
        self,
        table: str,
        month: str,
        rows: Rows,
        run_id: str,
        con: duckdb.DuckDBPyConnection | None = None,
    ) -> WrittenTable:
        """Replace a month's rows of a table in one commit; no reader sees them before publication.

        A relation is streamed within its connection's memory limit; Parquet files on this machine
        are taken as they are. Runs of other months may write the same table meanwhile; a run of
        the same month too: each keeps its own files, and `publish` decides whose they see. `con`,
        if the caller has one, saves opening another to read the files' footers.

        Raises:
            ContractBroken: the rows are not what the table's contract says; nothing was written.
        """
        return tables.write_month(self._store, table, month, rows, run_id, con)

    def publish(self, handle: MonthHandle, publication: Publication) -> Publication:
        """Make a run's tables the month, unless another run did so since `begin`.

        The month's rows are replaced by themselves and the new one, through the handle opened at
        `begin`: the commit fails if the month was published in between, and only then is it lost.
        After any other failure (the store's answer was lost, credentials ran out, the table's
        properties changed) the month is looked at again through a new handle, and the next attempt
        swaps against that one. So no attempt can overwrite a publication it has not compared with.

        Returns:
            The publication as stored: dated later than the one before it.

        Raises:
            PublicationLost: another run published the month since `begin`.
        """
        stored = publication.after(handle.publications[-1] if handle.publications else None)
        rows = _frame([*handle.publications, stored])
        metadata = {"run_id": handle.run_id, "publication_id": stored.publication_id}
        for attempt in range(1, _PUBLISH_ATTEMPTS + 1):
            try:
                with self._store.readable_errors():
                    tables.replace_month(
                        handle.table, PUBLICATIONS.name, handle.month, rows, metadata
                    )
            except (DeltaError, LakeUnreachable):
                handle.table = tables.opened_or_created(self._store, PUBLICATIONS.name)
                now = self._rows(handle.table, handle.month)
                if any(found.publication_id == stored.publication_id for found in now):
                    break  # it was committed; only the answer was lost
                if [p.publication_id for p in now] != [
                    p.publication_id for p in handle.publications
                ]:
                    raise PublicationLost(handle.month, handle.run_id) from None
                if attempt == _PUBLISH_ATTEMPTS:
                    raise
            else:
                break
        handle.publications = (*handle.publications, stored)
        return stored

    # Reading

    def publications(self, month: str | None = None) -> list[Publication]:
        """What was published, of one month or of all, oldest first."""
        handle = tables.opened(self._store, PUBLICATIONS.name)
        if handle is None:
            return []
        months = [month] if month else _months(handle)
        # Downloads, if any, happen here, all at once.
        self._store.local(
            PUBLICATIONS.name,
            [name for each in months for name in tables.month_files(handle, each)],
        )
        found = [row for each in months for row in self._rows(handle, each)]
        return sorted(found, key=lambda row: (row.published_at, row.billing_month))

    def latest(self, month: str) -> Publication | None:
        """The publication that is the month now; a later one may stand beside it as restated."""
        return month_among(self.publications(month))

    def published_months(self) -> list[str]:
        """The months that have a publication, in order."""
        handle = tables.opened(self._store, PUBLICATIONS.name)
        return _months(handle) if handle else []

    def require_latest(self, month: str) -> Publication:
        """The publication that is the month now.

        Raises:
            MonthNotPublished: there is none.
        """
        found = self.latest(month)
        if found is None:
            raise MonthNotPublished(month, self.published_months())
        return found

    def read(self, table: str, month: str, publication: Publication | None = None) -> pl.DataFrame:
        """A published table of a month, in the columns and types of its contract.

        Whoever reads several tables passes one publication to all: between two calls without it
        the month may be published anew.

        Raises:
            MonthNotPublished: no publication was given and there is none.
        """
        chosen = publication or self.require_latest(month)
        files = self.parquet_files(chosen, table)
        with self._store.readable_errors():
            return tables.read_files(files, chosen.billing_month, TABLES[table])

    def parquet_files(self, publication: Publication, table: str) -> list[str]:
        """Paths on this machine of a published table's files; none for a table without rows."""
        return self._store.local(TABLES[table].name, publication.files(table))

    def staged_files(self, written: WrittenTable) -> list[str]:
        """The same for rows this run wrote and did not publish yet."""
        return self._store.local(written.table, written.files)

    def relation(
        self, con: duckdb.DuckDBPyConnection, table: str, files: Sequence[str]
    ) -> duckdb.DuckDBPyRelation:
        """A table's files (of one month or several) as a lazy relation; no files: no rows."""
        return tables.relation(con, TABLES[table], files)

    # Housekeeping

    def vacuum(self, dry_run: bool = True, grace: timedelta = GRACE) -> list[str]:
        """Remove files no publication names, no table holds and no run in progress can be writing.

        Returns:
            `table/file` of what was removed, or would be.
        """
        orphans = removable(self._store, self.publications, grace)
        if not dry_run:
            for table, files in orphans.items():
                self._store.remove(table, files)
        return [f"{table}/{name}" for table, files in orphans.items() for name in files]

    def upgrade(self, dry_run: bool = False) -> list[NewColumns]:
        """Add the columns that tables of an earlier version lack.

        Returns:
            What was added to each table, or would be.

        Raises:
            ContractBroken: a table is no earlier version of its contract; nothing was added.
        """
        found = lacking(self._store)
        if not dry_run:
            for new in found:
                add_columns(self._store, new)
        return found

    def _rows(self, handle: DeltaTable, month: str) -> list[Publication]:
        files = tables.month_files(handle, month)
        paths = self._store.local(PUBLICATIONS.name, files)
        with self._store.readable_errors():
            frame = tables.read_files(paths, month, PUBLICATIONS)
        found = [Publication.from_row(row) for row in frame.iter_rows(named=True)]
        return sorted(found, key=lambda row: row.published_at)


def _frame(publications: Sequence[Publication]) -> pl.DataFrame:
    rows = [publication.to_row() for publication in publications]
    return require(pl.DataFrame(rows, schema=PUBLICATIONS.polars_schema), PUBLICATIONS)


def _months(handle: DeltaTable) -> list[str]:
    return sorted(partition[PARTITION] for partition in handle.partitions())
