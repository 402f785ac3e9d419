"""From log files to parts: Parquet that every later step can read as often as it needs.

Text files are parsed once, many small ones together, into typed Parquet; large Parquet files are
parts as they are. A batch that the fast reader refuses, or of which it returns another number of
lines than the bytes hold, is staged again without the files at fault, where they are known, and
in halves, so that many bad files cost no more than a few passes. A file that stands alone and is
refused is repaired.
"""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from pipelines.contracts import LOG_FILES
from pipelines.errors import ContractBroken, FileDamaged, LogUnreadable
from pipelines.files import LocalFile, content
from pipelines.inference.log_files import (
    Kind,
    TextFile,
    inspect_text,
    kind_of_name,
    require_columns,
)
from pipelines.inference.records import MISSING_TEXTS, NAMES, Column, typed_columns
from pipelines.inference.repair import clean
from pipelines.queries import query

MAX_BATCH_FILES = 64
MAX_BATCH_BYTES = 64 * 1024 * 1024
"""Files of a batch are parsed by one query: enough to hide its start-up, few enough to redo."""

INSPECTORS = 4
"""Text files whose bytes are checked at the same time."""


@dataclass(frozen=True)
class Part:
    """A Parquet file with records: staged (its own `file_no` column) or a log file as it is."""

    path: str
    file_no: int | None = None
    columns: tuple[tuple[str, str], ...] = ()
    """Name and SQL type of the record's fields in a log file's own Parquet."""


@dataclass
class Staged:
    """The parts of one source, the lines of each file by an independent count, and the warnings.

    `places` holds, for each file, how many rows lie before it in its part and the number of its
    first data line, where its rows do not carry their line. `records` holds what the lines of a
    file make, where that is not one each.
    """

    parts: list[Part] = field(default_factory=list)
    lines: dict[int, int] = field(default_factory=dict)
    places: dict[int, tuple[int, int]] = field(default_factory=dict)
    records: dict[int, int] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)


def stage(
    con: duckdb.DuckDBPyConnection, source: str, files: Sequence[LocalFile], work: Path
) -> Staged:
    """Bring the files of one source, sorted by name, into parts.

    Raises:
        LogUnreadable: a file is damaged, missing or cannot hold records.
    """
    staged = Staged()
    texts: list[tuple[int, LocalFile, Kind]] = []
    for number, file in enumerate(files):
        match kind := kind_of_name(file.name):
            case None:
                staged.lines[number] = 0
                staged.warnings.append(not_read(source, file))
            case "parquet":
                _take_parquet(con, source, number, file, staged, work)
            case _:
                texts.append((number, file, kind))
    with ThreadPoolExecutor(INSPECTORS) as pool:  # zlib works outside the interpreter's lock
        inspected = list(pool.map(lambda text: inspect_text(source, *text), texts))
    stager = TextStager(con, source, work, staged)
    with rows_in_order(con):
        for batch in batches(inspected):
            stager.stage(batch)
    return staged


def not_read(source: str, file: LocalFile) -> str:
    """What is said of a file whose name tells no kind."""
    return (
        f"log source '{source}': {file.name} was not read: its name ends in none of "
        ".jsonl, .ndjson, .json, .csv, .parquet (with or without .gz)"
    )


@contextmanager
def rows_in_order(con: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Staged rows keep the order of the lines: that is how a line's number is known later."""
    before = con.sql("SELECT current_setting('preserve_insertion_order')").fetchall()[0][0]
    con.execute("SET preserve_insertion_order = true")
    try:
        yield
    finally:
        con.execute("SET preserve_insertion_order = $before", {"before": before})


def _take_parquet(
    con: duckdb.DuckDBPyConnection,
    source: str,
    number: int,
    file: LocalFile,
    staged: Staged,
    work: Path,
) -> None:
    """Enter a Parquet log as a part of its own; its footer tells the number of rows."""
    path = file.path
    try:
        if file.is_gzip:
            unpacked = work / f"{source}-{number}.parquet"
            with unpacked.open("wb") as out:
                out.writelines(content(file))
            path = str(unpacked)
        described = con.sql(
            "DESCRIBE SELECT * FROM read_parquet($path, hive_partitioning = false)",
            params={"path": path},
        ).fetchall()
        rows = con.sql(
            "SELECT num_rows FROM parquet_file_metadata($path)", params={"path": path}
        ).fetchall()[0][0]
    except FileDamaged as error:
        raise LogUnreadable(source, file.name, error.problem) from error
    except (OSError, duckdb.Error) as error:
        raise LogUnreadable(source, file.name, str(error)) from error
    columns = tuple((row[0], row[1]) for row in described if row[0] in NAMES)
    require_columns(source, file.name, [name for name, _ in columns])
    staged.parts.append(Part(path, number, columns))
    staged.lines[number] = rows
    staged.places[number] = (0, 1)


def batches(texts: Sequence[TextFile]) -> Iterator[list[TextFile]]:
    """Files that one query can read: same format, same header, not too many bytes."""
    batch: list[TextFile] = []
    size = 0
    for text in sorted(texts, key=lambda text: (text.format, text.header, text.number)):
        if not text.lines:
            batch.append(text)
            continue
        if batch and (
            len(batch) >= MAX_BATCH_FILES
            or size + text.file.size > MAX_BATCH_BYTES
            or (text.format, text.header) != (batch[-1].format, batch[-1].header)
        ):
            yield batch
            batch, size = [], 0
        batch.append(text)
        size += text.file.size
    if batch:
        yield batch


class TextStager:
    """Writes batches of text files as typed Parquet; here the files hold the record itself."""

    def __init__(
        self, con: duckdb.DuckDBPyConnection, source: str, work: Path, staged: Staged
    ) -> None:
        self.con, self.source, self.work, self.staged = con, source, work, staged
        self.written = 0

    def stage(self, batch: Sequence[TextFile]) -> None:
        """Stage a batch; files that are known to be at fault line by line, else by halves."""
        for text in batch:
            if not text.lines:
                self.staged.lines[text.number] = 0
        batch = [text for text in batch if text.lines]
        if not batch:
            return
        path = self.next_path()
        at_fault = self.stage_fast(batch, path)
        if not at_fault:
            self.add(path)
            before = 0
            for text in batch:
                self.staged.lines[text.number] = text.lines
                self.staged.places[text.number] = (before, 2 if text.format == "csv" else 1)
                before += text.lines
            return
        path.unlink(missing_ok=True)
        if len(batch) == 1:
            self.stage_repaired(batch)
            return
        is_known = at_fault is not batch
        rest = [text for text in batch if text not in at_fault] if is_known else batch
        middle = len(rest) // 2
        self.stage(rest[:middle])
        self.stage(rest[middle:])
        if is_known:
            self.stage_repaired(at_fault)

    def add(self, path: Path) -> None:
        """Enter a staged file as a part."""
        self.staged.parts.append(Part(str(path)))

    def next_path(self) -> Path:
        """Where the next staged file goes."""
        self.written += 1
        return self.work / f"{self.source}-{self.written:05d}.staged.parquet"

    def stage_fast(self, batch: Sequence[TextFile], path: Path) -> Sequence[TextFile]:
        """The files of which the strict reader did not take every line as one record each.

        None: the batch is staged. All: one of them is at fault, but the reader did not say which.
        """
        try:
            if batch[0].format == "json":
                lines = query(
                    self.con, "inference/read_json_lines", files=[text.file.path for text in batch]
                )
                columns = {name: Column(name) for name in NAMES}
            else:
                lines, columns = self._csv_lines(batch)
            self._write(lines, columns, batch, path)
        except duckdb.Error as error:
            return [text for text in batch if f'"{text.file.path}"' in str(error)] or batch
        counts = query(self.con, "inference/staged_lines", part=str(path)).fetchall()
        found = {number: (lines, suspects) for number, lines, suspects in counts}
        return [
            text
            for text in batch
            if found.get(text.number, (0, 0))[0] != text.lines
            or (text.format == "json" and found[text.number][1])
        ]

    def _csv_lines(
        self, batch: Sequence[TextFile]
    ) -> tuple[duckdb.DuckDBPyRelation, dict[str, Column]]:
        """The lines of CSV files with one header; columns are numbered, their names not trusted."""
        header = batch[0].header
        columns = {name: Column(f"c{i}") for i, name in enumerate(header) if name in NAMES}
        return csv_rows(self.con, batch), columns

    def stage_repaired(self, texts: Sequence[TextFile]) -> None:
        """Stage files from their clean copies; every line is a row, also the bad ones."""
        for text in texts:
            self._stage_clean(text)

    def _stage_clean(self, text: TextFile) -> None:
        copy = self.work / f"{self.source}-{text.number}.clean.csv"
        rows = clean(text, copy)
        path = self.next_path()
        lines = query(self.con, "inference/read_clean_csv", files=[str(copy)])
        self._write(lines, {name: Column(name) for name in NAMES}, [text], path, is_clean=True)
        copy.unlink()
        counts = query(self.con, "inference/staged_lines", part=str(path)).fetchall()
        if (staged := sum(count[1] for count in counts)) != rows:
            raise ContractBroken(
                LOG_FILES.name, f"{text.file.name}: {staged} of {rows} lines were staged"
            )
        self.add(path)
        self.staged.lines[text.number] = rows
        self.staged.places[text.number] = (0, 1)

    def _write(
        self,
        lines: duckdb.DuckDBPyRelation,
        columns: dict[str, Column],
        batch: Sequence[TextFile],
        path: Path,
        *,
        is_clean: bool = False,
    ) -> None:
        """Type the lines and write them; `file_no` comes from the order of the batch."""
        name_files(self.con, [text.file.path for text in batch], [text.number for text in batch])
        place = "1" if is_clean else "list_position(getvariable('log_paths'), filename)"
        typed = lines.project(
            f"getvariable('log_numbers')[{place}]::INTEGER AS file_no, "
            f"{'line' if is_clean else 'NULL::BIGINT AS line'}, "
            f"{'wrong' if is_clean else 'NULL'} AS wrong, {typed_columns(columns)}"
        ).project(
            "* EXCLUDE (wrong, problem), coalesce(wrong, problem) AS problem, "
            "NULL::VARCHAR AS left_out"
        )
        write_staged(typed, path)


def csv_rows(
    con: duckdb.DuckDBPyConnection, batch: Sequence[TextFile], delimiter: str = ","
) -> duckdb.DuckDBPyRelation:
    """The rows of CSV files with one header as texts `c0`, `c1`, ... and `filename`."""
    return con.read_csv(
        [text.file.path for text in batch],  # type: ignore[arg-type] # a list is taken too
        columns={f"c{i}": "VARCHAR" for i in range(len(batch[0].header))},
        auto_detect=False,
        header=False,
        skiprows=1,
        delimiter=delimiter,
        quotechar='"',
        escapechar='"',
        na_values=list(MISSING_TEXTS),
        filename=True,
        max_line_size=16 << 20,
        buffer_size=32 << 20,  # the default holds 16 of the longest lines
    )


def name_files(
    con: duckdb.DuckDBPyConnection, paths: Sequence[str], numbers: Sequence[int]
) -> None:
    """Tell the queries of a batch which files it has, and their numbers in the source."""
    con.execute("SET VARIABLE log_paths = $paths", {"paths": list(paths)})
    con.execute("SET VARIABLE log_numbers = $numbers", {"numbers": list(numbers)})


def write_staged(rows: duckdb.DuckDBPyRelation, path: Path) -> None:
    """Write staged rows: quick to pack, in groups small enough for the memory limit."""
    rows.write_parquet(str(path), compression="snappy", row_group_size=122_880)
