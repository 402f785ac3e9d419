"""From inference logs to hourly usage: every request counted once, in the hour it starts.

Records = kept + duplicates + outside the window + left out + rejects, file by file. Where a line is
one record the lines are counted from the bytes of a text file or the footer of a Parquet file and
the rest from the records; where not, every line is known to have come to something. 10,000 lines
of which 3 have no model, 7 repeat a request id of an earlier line and 90 started in another month
give 9,900 kept records.

The same request is: same source, account, region, request id and attempt, within the window. The
record in the first file by name counts, there the first line. A line without a request id is a
request of its own, so that a log without ids keeps its identical lines.
"""

from collections.abc import Container, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import reduce
from pathlib import Path

import duckdb
import polars as pl

from pipelines.contracts import LOG_FILES, LOG_REJECTS, USAGE
from pipelines.errors import ContractBroken, LogUnreadable, SettingsInvalid
from pipelines.inference.coverage import coverage
from pipelines.inference.linked import Linkable, Links, counted_twice
from pipelines.inference.linking import link
from pipelines.inference.records import Column, typed_columns
from pipelines.inference.sources import LogInput
from pipelines.inference.staging import Part, Staged, stage
from pipelines.inference.structured import stage_structured
from pipelines.prices.pricing import NO_PRICES, Prices, price_records
from pipelines.queries import materialise, query, sql

SETTINGS_FILE = "modelspend.toml"
IDS = {"request_id", "response_id", "trace_id"}

HOUR_SHARE = """
CREATE OR REPLACE TEMP MACRO hour_share(amount, ms_before, ms_through, ms_whole) AS
(amount::HUGEINT * ms_through // ms_whole - amount::HUGEINT * ms_before // ms_whole)::BIGINT
"""
"""Of an amount the whole units that lie in one hour of several; `inference/spread` has the rest."""


@dataclass(frozen=True)
class UsageTables:
    """Parquet files of one month, each in the columns of its contract, and what to tell people."""

    usage: Path
    files: Path
    rejects: Path
    coverage: Path
    warnings: list[str]


def read_usage(
    con: duckdb.DuckDBPyConnection,
    sources: Sequence[LogInput],
    month: str,
    window: tuple[datetime, datetime],
    work: Path,
    prices: Prices = NO_PRICES,
) -> UsageTables:
    """Count the requests of every source within `window`, [start, end) in UTC without a zone.

    Tokens are priced by `prices`, record by record, where a book has them.

    `work` takes the results and, while a source is read, its staged lines.

    Raises:
        LogUnreadable: a file is damaged as a whole; bad lines are only counted.
        SettingsInvalid: a source names a time zone that does not exist.
    """
    work.mkdir(parents=True, exist_ok=True)
    con.execute(HOUR_SHARE)
    _check_zones(con, sources)
    hourly: list[str] = []
    rejects: list[str] = []
    files: list[pl.DataFrame] = []
    warnings: list[str] = []
    readings = [_SourceReading(con, source, month, window, work, prices) for source in sources]
    for reading in readings:
        reading.stage()
    links = _link(con, readings, window, work)
    for reading in readings:
        reading.count(links.parts)
        hourly += reading.hourly
        rejects += reading.rejects
        files.append(reading.files())
        warnings += reading.warnings
    requests = {reading.source.name: reading.requests for reading in readings}
    warnings += links.sentences(requests)
    for kept in links.files:
        kept.unlink()
    tables = UsageTables(
        usage=work / "usage.parquet",
        files=work / "log_files.parquet",
        rejects=work / "log_rejects.parquet",
        coverage=work / "coverage.parquet",
        warnings=warnings,
    )
    if hourly:
        usage = query(con, "inference/usage", month=month, parts=hourly)
        usage.project(USAGE.select_list()).write_parquet(str(tables.usage), compression="zstd")
        linkables = [reading.linkable() for reading in readings]
        warnings += counted_twice(con, linkables, links, tables.usage)
    else:
        USAGE.empty().write_parquet(tables.usage)
    if rejects:
        con.read_parquet(rejects).project(LOG_REJECTS.select_list()).write_parquet(
            str(tables.rejects), compression="zstd"
        )
    else:
        LOG_REJECTS.empty().write_parquet(tables.rejects)
    pl.concat([LOG_FILES.empty(), *files]).write_parquet(tables.files)
    coverage(con, sources, month, window, tables.usage).write_parquet(tables.coverage)
    for path in (*hourly, *rejects):
        Path(path).unlink()
    return tables


def _link(
    con: duckdb.DuckDBPyConnection,
    readings: Sequence["_SourceReading"],
    window: tuple[datetime, datetime],
    work: Path,
) -> Links:
    """Find what repeats within each source and between them, before anything is counted."""
    con.execute("CREATE OR REPLACE TEMP TABLE log_duplicates (part_no INTEGER, row BIGINT)")
    first_part = 0
    for reading in sorted(readings, key=lambda reading: reading.source.name):
        reading.first_part = first_part
        first_part += len(reading.staged.parts)
        reading.find_duplicates()
    try:
        return link(con, [reading.linkable() for reading in readings], window, work)
    except duckdb.Error as error:
        raise next(
            (found for reading in readings if (found := reading.blame(error)) is not error), error
        ) from error


def _check_zones(con: duckdb.DuckDBPyConnection, sources: Sequence[LogInput]) -> None:
    """Refuse a zone the engine does not know, all sources at once."""
    problems = [
        f"logs.{source.name}.timezone: {source.timezone!r} is not an IANA time zone, "
        "for example Europe/Berlin"
        for source in sources
        if source.timezone is not None
        and not con.sql(
            "SELECT 1 FROM pg_timezone_names() WHERE name = $zone",
            params={"zone": source.timezone},
        ).fetchall()
    ]
    if problems:
        raise SettingsInvalid(SETTINGS_FILE, problems)


class _SourceReading:
    """The reading of one source: stage its files, find repeated requests, count part by part."""

    def __init__(
        self,
        con: duckdb.DuckDBPyConnection,
        source: LogInput,
        month: str,
        window: tuple[datetime, datetime],
        work: Path,
        prices: Prices,
    ) -> None:
        self.con, self.source, self.month, self.work = con, source, month, work
        self.prices = prices
        self.log = sorted(source.files, key=lambda file: file.name)
        self.window = {"window_start": window[0], "window_end": window[1]}
        self.staged = Staged()
        """Filled by `stage`."""
        self.first_part = 0
        """The number of its first part; they are numbered over all sources."""
        self.hourly: list[str] = []
        self.rejects: list[str] = []
        self.warnings: list[str] = []
        self.fates: dict[tuple[int, str], int] = {}
        self.spans: dict[int, tuple[datetime, datetime]] = {}
        """When the first and the last record of each file start."""

    def stage(self) -> None:
        """Bring the files into parts of typed records."""
        self._set_zone()
        self.con.execute("SET VARIABLE log_until = $until", {"until": self.window["window_end"]})
        if self.source.format.is_native and not self.source.defaults:
            self.staged = stage(self.con, self.source.name, self.log, self.work)
        else:
            self.staged = stage_structured(self.con, self.source, self.log, self.work)
        self.warnings += self.staged.warnings

    def _set_zone(self) -> None:
        self.con.execute("SET VARIABLE log_zone = $zone", {"zone": self.source.timezone})

    def linkable(self) -> Linkable:
        """What is needed to find its calls in other sources."""
        parts = [dict(part.columns) for part in self.staged.parts]
        return Linkable(
            name=self.source.name,
            rank=self.source.counts_as,
            overlap=self.source.overlap,
            parts={part.path: self.first_part + i for i, part in enumerate(self.staged.parts)},
            ids=frozenset(
                name for name in IDS if any(not columns or name in columns for columns in parts)
            ),
            records=lambda: reduce(
                lambda a, b: a.union(b), [self._records(alike) for alike in self._alike()]
            ),
            open=self._set_zone,
        )

    def count(self, linked_parts: Container[int]) -> None:
        """Count what was staged; afterwards the results are in the attributes.

        `linked_parts` are those of which other sources know or count records.
        """
        self._set_zone()
        self._list_files()
        for number, part in enumerate(self.staged.parts, start=self.first_part):
            self._count(number, part, is_linked=number in linked_parts)
        for part in self.staged.parts:
            if Path(part.path).parent == self.work:
                Path(part.path).unlink()

    def _list_files(self) -> None:
        """Put what the queries need to know of the files and parts into tables."""
        self.con.execute(
            "CREATE OR REPLACE TEMP TABLE log_files "
            "(file_no INTEGER, name VARCHAR, rows_before BIGINT, first_line BIGINT)"
        )
        rows = [
            [number, self.log[number].name, *place] for number, place in self.staged.places.items()
        ]
        if rows:
            self.con.executemany("INSERT INTO log_files VALUES (?, ?, ?, ?)", rows)
        self.con.execute(
            "CREATE OR REPLACE TEMP TABLE log_parts "
            "(path VARCHAR, part_no INTEGER, file_no INTEGER)"
        )
        parts = [
            [part.path, i, part.file_no]
            for i, part in enumerate(self.staged.parts, start=self.first_part)
        ]
        if parts:
            self.con.executemany("INSERT INTO log_parts VALUES (?, ?, ?)", parts)

    def _records(self, parts: Sequence[Part]) -> duckdb.DuckDBPyRelation:
        """The typed records of parts that have the same columns."""
        lines = self.con.read_parquet(
            [part.path for part in parts],
            filename=True,
            file_row_number=True,
            hive_partitioning=False,
        ).project("* EXCLUDE (filename, file_row_number), filename AS path, file_row_number AS row")
        if parts[0].file_no is None:
            return lines
        columns = {name: Column(name, kind) for name, kind in parts[0].columns}
        number = parts[0].file_no if len(parts) == 1 else "NULL"
        return lines.project(
            f"path, row, {number}::INTEGER AS file_no, NULL::BIGINT AS line, "
            f"{typed_columns(columns)}, NULL::VARCHAR AS left_out"
        )

    def _alike(self) -> list[list[Part]]:
        """The parts, those with the same columns together."""
        alike: dict[tuple[tuple[str, str], ...], list[Part]] = {}
        for part in self.staged.parts:
            alike.setdefault(part.columns, []).append(part)
        return list(alike.values())

    def find_duplicates(self) -> None:
        """Add to `log_duplicates` the records that repeat an earlier one."""
        self._set_zone()
        self._list_files()
        identities = [
            self._records(parts).project(
                "path, row, file_no, started_at, request_id, attempt, account_id, region, "
                "coalesce(problem, left_out) AS problem"
            )
            for parts in self._alike()
            if parts[0].file_no is None or "request_id" in dict(parts[0].columns)
        ]
        if not identities:
            return
        try:
            reduce(lambda a, b: a.union(b), identities).create_view("log_identities", replace=True)
            materialise(self.con, "log_repeated_ids", "inference/repeated_ids", self.window)
            repeated = self.con.sql("SELECT count(*) FROM log_repeated_ids").fetchall()[0][0]
            if repeated:
                query(self.con, "inference/duplicates", **self.window).insert_into("log_duplicates")
        except duckdb.Error as error:
            raise self.blame(error) from error

    def blame(self, error: duckdb.Error) -> LogUnreadable | duckdb.Error:
        """Find the Parquet file that cannot be read to its end; without one it is our fault."""
        for part in self.staged.parts:
            if part.file_no is None:
                continue
            try:
                self._records([part]).aggregate("bit_xor(hash(COLUMNS(*)))").fetchall()
            except duckdb.Error as found:
                return LogUnreadable(
                    self.source.name, self.log[part.file_no].name, str(found).splitlines()[0]
                )
        return error

    def _count(self, number: int, part: Part, *, is_linked: bool) -> None:
        """Count one part; its bad lines are listed only if there are any."""
        target = self.work / f"{self.source.name}-{len(self.hourly):05d}.hourly.parquet"
        self._records([part]).create_view("unlinked_records", replace=True)
        self.con.execute("SET VARIABLE log_part = $part", {"part": number})
        self.con.execute(
            "CREATE OR REPLACE TEMP VIEW unspread_records AS "
            + (
                sql("inference/links/linked_records")
                if is_linked
                else "SELECT *, true AS is_counted FROM unlinked_records"
            )
        )
        self.con.execute(
            "CREATE OR REPLACE TEMP VIEW unpriced_records AS "
            + (
                sql("inference/spread")
                if self._lasts(part)
                else "SELECT *, 0 AS hour_no FROM unspread_records"
            )
        )
        try:
            price_records(self.con, self.prices)
            counted = query(
                self.con,
                "inference/hourly_part",
                source=self.source.name,
                part=number,
                **self.window,
            )
            counted.write_parquet(str(target), compression="zstd")
        except duckdb.Error as error:
            raise self.blame(error) from error
        self.hourly.append(str(target))
        has_rejects = False
        is_sampled = False
        for file_no, fate, lines, sampled, first, last in query(
            self.con, "inference/fates", parts=[str(target)]
        ).fetchall():
            self.fates[file_no, fate] = self.fates.get((file_no, fate), 0) + lines
            if first is not None and fate != "reject":
                known = self.spans.get(file_no, (first, last))
                self.spans[file_no] = (min(first, known[0]), max(last, known[1]))
            has_rejects |= fate == "reject"
            is_sampled |= fate == "kept" and sampled > 0
        if is_sampled:
            warning = (
                f"log source '{self.source.name}': part of it is sampled; its requests, tokens and "
                "GPU time were divided by sample_rate and are estimates"
            )
            if warning not in self.warnings:
                self.warnings.append(warning)
        if has_rejects:
            rejects = self.work / f"{self.source.name}-{len(self.rejects):05d}.rejects.parquet"
            query(
                self.con, "inference/part_rejects", month=self.month, source=self.source.name
            ).write_parquet(str(rejects), compression="zstd")
            self.rejects.append(str(rejects))

    def _lasts(self, part: Part) -> bool:
        """Whether a part has records of a time, which may be longer than an hour."""
        if part.file_no is not None and "grain" not in dict(part.columns):
            return False
        try:
            found = query(self.con, "inference/lasting_records").fetchall()
        except duckdb.Error as error:
            raise self.blame(error) from error
        return bool(found[0][0])

    @property
    def requests(self) -> int:
        """The records that are kept."""
        return sum(lines for (_, fate), lines in self.fates.items() if fate == "kept")

    def files(self) -> pl.DataFrame:
        """One row per file. Adds a warning for every file with rejects.

        Raises:
            ContractBroken: the records of a file are not as many as its lines.
        """
        rows = []
        for number, file in enumerate(self.log):
            kept, double, outside, left_out, reject = (
                self.fates.get((number, fate), 0)
                for fate in ("kept", "duplicate", "outside", "left_out", "reject")
            )
            lines = self.staged.lines[number]
            records = self.staged.records.get(number, lines)
            if kept + double + outside + left_out + reject != records:
                raise ContractBroken(
                    LOG_FILES.name,
                    f"{file.name} has {records} records, but {kept} kept + {double} duplicates + "
                    f"{outside} outside + {left_out} left out + {reject} rejects were counted",
                )
            if reject:
                self.warnings.append(
                    f"log source '{self.source.name}': {reject} of {records} lines of {file.name} "
                    "could not be read and are not counted; see core_inference__rejects"
                )
            rows.append(
                (
                    self.month,
                    self.source.name,
                    file.name,
                    file.size,
                    file.etag,
                    lines,
                    records,
                    kept,
                    double,
                    outside,
                    left_out,
                    reject,
                    *self.spans.get(number, (None, None)),
                )
            )
        rows += [known.row(self.month, self.source.name) for known in self.source.elsewhere]
        return pl.DataFrame(rows, schema=LOG_FILES.polars_schema, orient="row")
