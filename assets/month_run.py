"""One run of one billing month: its inputs, its work folder, what it staged, and its publication.

A run begins by opening the lake's publications, then lists the inputs, then reads: whoever
publishes the same month in between is noticed at the end, and this run then publishes nothing.
Tables are staged one by one, each an atomic commit no reader looks at, and become visible together
when the publication names them. What is staged is also written to the work folder, so that the
steps of a run may be separate processes.

Knows the lake and the stores, not Dagster.
"""

import json
import shutil
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any
from uuid import uuid4

import duckdb
import polars as pl

from assets.calibration.history import read_sets
from assets.connections import connect
from assets.deliveries import collect_inputs, list_bills, list_business_units, list_logs
from assets.lake import Lake, MonthHandle, Publication, WrittenTable
from assets.object_store import StoredFile
from assets.project import Project
from assets.registries.history import list_snapshots, merged_catalogue
from pipelines.closing import status_of_run
from pipelines.contracts import BILL_FILES
from pipelines.errors import ModelspendError, PublicationLost
from pipelines.inputs import Inputs
from pipelines.queries import frame_of
from pipelines.registry.catalogue import Catalogue
from pipelines.registry.merge import Merged

ABANDONED_AFTER_SECONDS = 2 * 24 * 3600
"""Work of a run that was killed is removed by a later run, when it can no longer be at work."""

EXPORT_TOTALS = "core_billing__export_totals"

Rows = pl.DataFrame | duckdb.DuckDBPyRelation | list[str]
"""Rows of a table: a frame, a relation that is streamed, or Parquet files in its contract."""

_open: dict[str, "MonthRun"] = {}


def opened(run_id: str) -> "MonthRun | None":
    """The run of this process with that id, if it is open."""
    return _open.get(run_id)


class NotStaged(ModelspendError):
    """A step was started on its own, without the steps it builds on."""

    def __init__(self, month: str, table: str) -> None:
        self.month, self.table = month, table
        super().__init__(
            f"{month}: this run has not made {table}, which the step reads. A month is run as a "
            "whole, so that its tables fit together: start the job `attribution` for the month."
        )


@dataclass
class _State:
    """What the steps of a run tell each other; kept as JSON beside the run's work."""

    seen: list[str]
    """The month's publications when the run began."""
    now: str
    staged: dict[str, dict[str, Any]] = field(default_factory=dict)
    sources: dict[str, dict[str, str]] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)


class MonthRun:
    """One run of one month. Made by `begin`, ended by `close`, which removes its work."""

    def __init__(
        self, project: Project, month: str, run_id: str, handle: MonthHandle, state: _State
    ) -> None:
        self.project, self.month, self.run_id = project, month, run_id
        self.lake, self._handle, self._state = _lake(project), handle, state
        self.work = _work(project, run_id)
        self.bills: dict[str, list[StoredFile]] = list_bills(project, month)
        self.logs: dict[str, list[StoredFile]] = list_logs(project)
        self.business_units: dict[str, list[StoredFile]] = list_business_units(project)
        self.snapshots: list[StoredFile] = list_snapshots(project)
        self.calibrations = read_sets(project)
        self.calibration, in_force = self.calibrations.in_force(month)
        self.inputs: Inputs = collect_inputs(
            project,
            month,
            self.bills,
            self.logs,
            datetime.fromisoformat(state.now),
            self.business_units,
            self.snapshots,
            in_force,
        )
        newest = handle.publications[-1] if handle.publications else None
        self._published = newest
        self.is_unchanged = newest is not None and newest.inputs_digest == self.inputs.digest
        """The newest publication was made from exactly these inputs: there is nothing to do."""
        self._frames: dict[str, pl.DataFrame] = {}
        self._local: dict[str, list[str]] = {}
        _open[run_id] = self

    @classmethod
    def begin(cls, project: Project, month: str, run_id: str, now: datetime) -> "MonthRun":
        """Begin a run: what is published is looked at first, then the inputs are listed.

        Raises:
            LakeUnreachable: the lake or the store of a source does not answer.
        """
        handle = _lake(project).begin(month, run_id)
        seen = [publication.publication_id for publication in handle.publications]
        return cls(project, month, run_id, handle, _State(seen, now.astimezone(UTC).isoformat()))

    @classmethod
    def resume_or_begin(cls, project: Project, month: str, run_id: str) -> "MonthRun":
        """The run as an earlier step of it left it, in a process of its own; else a new one.

        Raises:
            PublicationLost: the month was published since the run began.
        """
        file = _state_file(project, run_id)
        if not file.is_file():
            return cls.begin(project, month, run_id, datetime.now(UTC))
        state = _State(**json.loads(file.read_text(encoding="utf-8")))
        handle = _lake(project).begin(month, run_id)
        if [publication.publication_id for publication in handle.publications] != state.seen:
            raise PublicationLost(month, run_id)
        return cls(project, month, run_id, handle, state)

    def close(self) -> None:
        """End the run and remove its work. The published tables are in the lake."""
        _open.pop(self.run_id, None)
        if "_desk" in vars(self):
            self._desk.close()
            del self._desk
        shutil.rmtree(self.work, ignore_errors=True)

    # Working

    def folder(self, name: str) -> Path:
        """A folder of the run's own."""
        self._make_work()
        folder = self.work / name
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    @contextmanager
    def connect(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A DuckDB in memory of its own, for one step; it spills into the run's work folder."""
        con = connect(self.folder("spill"))
        try:
            yield con
        finally:
            con.close()

    @cached_property
    def _desk(self) -> duckdb.DuckDBPyConnection:
        """The run's own connection, which only passes files on: a new one takes 20 ms each time."""
        return connect(self.folder("spill"))

    # Tables

    def stage(self, table: str, rows: Rows) -> WrittenTable:
        """Write a table's rows for the month; nobody sees them before `publish`.

        Raises:
            ContractBroken: the rows do not have the columns, types or key of the contract.
        """
        self._local.pop(table, None)
        self._frames.pop(table, None)
        con = None if isinstance(rows, pl.DataFrame) else self._desk
        written = self.lake.write(table, self.month, rows, self.run_id, con)
        if isinstance(rows, list):
            self._local[table] = rows
        elif isinstance(rows, pl.DataFrame):
            self._frames[table] = rows
        self._state.staged[table] = asdict(written)
        self._save()
        return written

    def staged(self, table: str) -> WrittenTable:
        """A table as this run wrote it; in an unchanged month, as it is published.

        Raises:
            NotStaged: the run has not made it.
        """
        if self.is_unchanged and self._published is not None:
            entry = self._published.tables[table]
            return WrittenTable(table, entry["version"], tuple(entry["files"]), entry["rows"])
        if table not in self._state.staged:
            raise NotStaged(self.month, table)
        found = self._state.staged[table]
        return WrittenTable(table, found["version"], tuple(found["files"]), found["rows"])

    def staged_files(self, table: str) -> list[str]:
        """A staged table's Parquet files on this machine; none for a table without rows."""
        written = self.staged(table)
        if not written.rows:
            return []
        return self._local.get(table) or self.lake.staged_files(written)

    def frame(self, table: str) -> pl.DataFrame:
        """A staged table, small enough to be held, in the columns of its contract."""
        if table not in self._frames:
            files = self.staged_files(table)
            self._frames[table] = frame_of(self.lake.relation(self._desk, table, files))
        return self._frames[table]

    # What is known of the month

    @cached_property
    def merged(self) -> Merged:
        """The catalogue file with what the registries' snapshots tell, and where they differ."""
        return merged_catalogue(self.project, self.snapshots)

    @property
    def catalogue(self) -> Catalogue:
        """The models, deployments and runs the month is attributed by."""
        return self.merged.catalogue

    def mark_read(self, source: str) -> None:
        """A bill source whose month is in the tables."""
        self._state.sources[source] = {"status": "read"}
        self._save()

    def mark_missing(self, source: str, problem: str) -> None:
        """A bill source whose month could not be read."""
        self._state.sources[source] = {"status": "missing", "problem": problem}
        self._save()

    def warn(self, warnings: Iterable[str]) -> None:
        """Keep what a person should know of the month's figures with its publication."""
        self._state.warnings += warnings
        self._save()

    @property
    def sources(self) -> dict[str, dict[str, str]]:
        """Every bill source: read or missing, and then why."""
        if self.is_unchanged and self._published is not None:
            return self._published.sources
        return self._state.sources

    @property
    def problems(self) -> dict[str, str]:
        """The sources that are missing, and why."""
        return {
            name: found.get("problem", "")
            for name, found in self.sources.items()
            if found["status"] == "missing"
        }

    @property
    def warnings(self) -> list[str]:
        """What was warned of so far."""
        if self.is_unchanged and self._published is not None:
            return self._published.warnings
        return self._state.warnings

    def lines_without_invoice(self) -> int:
        """Bill lines whose invoice is not issued yet, each counted once."""
        totals = self.frame(EXPORT_TOTALS)
        billed = totals.filter((pl.col("InvoiceId") == "") & (pl.col("basis") == "BilledCost"))
        return int(billed["lines"].sum())

    def lines_to_be_invoiced(self) -> int:
        """Of those the ones that wait for it: a bill that never names an invoice waits for none."""
        return int(self.frame(BILL_FILES.name)["without_invoice"].sum())

    @property
    def is_final(self) -> bool:
        """The month is over, no source is missing, and every line is invoiced.

        A bill that names no invoices is final when its month has settled.
        """
        is_invoiced = self.lines_without_invoice() == 0 or (
            self.inputs.has_settled and self.lines_to_be_invoiced() == 0
        )
        return self.inputs.is_over and not self.problems and is_invoiced

    # Publishing

    def publish(self) -> Publication:
        """Make the staged tables the month; an unchanged month keeps the publication it has.

        The tables of a closed month are published beside it, as restated.

        Raises:
            PublicationLost: another run published the month since this one began.
        """
        if self.is_unchanged:
            return self.publication()
        publication = Publication(
            billing_month=self.month,
            publication_id=str(uuid4()),
            published_at=datetime.now(UTC).replace(tzinfo=None),
            status=status_of_run(self._handle.publications, is_final=self.is_final),
            run_id=self.run_id,
            inputs_digest=self.inputs.digest,
            inputs=json.loads(self.inputs.canonical()),
            tables={
                table: self.staged(table).as_published() for table in sorted(self._state.staged)
            },
            sources=self.sources,
            warnings=self.warnings,
        )
        self._published = self.lake.publish(self._handle, publication)
        return self._published

    def publication(self) -> Publication:
        """The month's newest publication, this run's own once it has published."""
        if self._published is None:
            raise NotStaged(self.month, "out_publications")
        return self._published

    # The work folder

    def _make_work(self) -> None:
        if not self.work.is_dir():
            _remove_abandoned(self.work.parent)
            self.work.mkdir(parents=True, exist_ok=True)

    def _save(self) -> None:
        self._make_work()
        file = _state_file(self.project, self.run_id)
        part = file.with_suffix(".part")
        part.write_text(json.dumps(asdict(self._state)), encoding="utf-8")
        part.replace(file)


def _lake(project: Project) -> Lake:
    return Lake(project.settings.lake, project.cache, project.base)


def _work(project: Project, run_id: str) -> Path:
    return project.cache / "runs" / run_id


def _state_file(project: Project, run_id: str) -> Path:
    return _work(project, run_id) / "state.json"


def _remove_abandoned(runs: Path) -> None:
    if not runs.is_dir():
        return
    for folder in runs.iterdir():
        if time.time() - folder.stat().st_mtime > ABANDONED_AFTER_SECONDS:
            shutil.rmtree(folder, ignore_errors=True)
