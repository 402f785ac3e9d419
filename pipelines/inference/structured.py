"""Files of every format but the record itself: lines become records by the format's own SELECT.

Of a line only what the format names is taken, in one pass, so that prompts are never held. Where a
line is one record the SELECT runs on the way; where a line may hold many, or the lines of a source
only make sense together, the lines are staged first. Every line ends up as records, as left out or
as a reject: lines of which the SELECT returns nothing are added here.
"""

import json
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import duckdb

from pipelines.errors import FileDamaged, LogUnreadable
from pipelines.files import LocalFile, content
from pipelines.inference.formats import LogFormat
from pipelines.inference.log_files import Kind, TextFile, inspect_text
from pipelines.inference.records import NAMES, Column, typed_columns
from pipelines.inference.repair import clean_lines
from pipelines.inference.sources import LogInput
from pipelines.inference.staging import (
    INSPECTORS,
    Staged,
    TextStager,
    batches,
    csv_rows,
    name_files,
    not_read,
    rows_in_order,
    write_staged,
)
from pipelines.queries import identifier, query, sql


def stage_structured(
    con: duckdb.DuckDBPyConnection, source: LogInput, files: Sequence[LocalFile], work: Path
) -> Staged:
    """Bring the files of one source, sorted by name, into parts of typed records.

    Raises:
        LogUnreadable: a file is damaged, missing or cannot be such a log.
    """
    staged = Staged()
    texts: list[tuple[int, LocalFile, Kind]] = []
    tables: list[tuple[int, LocalFile]] = []
    for number, file in enumerate(files):
        match kind := source.format.kind_of(file.name):
            case None:
                staged.lines[number] = 0
                staged.warnings.append(not_read(source.name, file))
            case "parquet":
                tables.append((number, file))
            case _:
                texts.append((number, file, kind))
    with ThreadPoolExecutor(INSPECTORS) as pool:
        inspected = list(
            pool.map(
                lambda text: inspect_text(
                    source.name, *text, is_native=False, delimiter=source.format.delimiter
                ),
                texts,
            )
        )
    stager = _Stager(con, source, work, staged)
    for text in inspected:
        if text.format == "csv" and text.header:
            stager.require_columns(text.file.name, text.header)
    with rows_in_order(con):
        for batch in batches(inspected):
            stager.stage(batch)
        for number, file in tables:
            stager.stage_parquet(number, file)
        stager.finish()
    return staged


class _Stager(TextStager):
    """Writes batches of files as typed records, by way of `log_lines`."""

    def __init__(
        self, con: duckdb.DuckDBPyConnection, source: LogInput, work: Path, staged: Staged
    ) -> None:
        super().__init__(con, source.name, work, staged)
        self.format: LogFormat = source.format
        self.defaults = {name: value for name, value in source.defaults.items() if name in NAMES}
        self.waiting: list[Path] = []
        """Staged lines, of which the records are not made yet."""
        con.execute("SET VARIABLE log_source = $source", {"source": source.name})
        con.execute(
            "SET VARIABLE log_structure = $structure",
            {"structure": json.dumps(self.format.structure)},
        )
        con.execute("SET VARIABLE log_defaults = $values", {"values": self.defaults or None})

    def require_columns(self, file: str, columns: Sequence[str]) -> None:
        """Refuse a table that cannot be such a log.

        Raises:
            LogUnreadable: says which column is missing.
        """
        if problem := self.format.problem_of(columns):
            raise LogUnreadable(self.source, file, problem)

    def stage_fast(self, batch: Sequence[TextFile], path: Path) -> Sequence[TextFile]:
        """The files of which the strict reader did not take every line as one row each."""
        names = [text.file.name for text in batch]
        try:
            self._open([text.file for text in batch], [text.number for text in batch], names)
            match batch[0].format:
                case "json":
                    self._write_lines(query(self.con, "inference/json_lines"), path)
                case "csv":
                    self._write_lines(self._csv(batch), path)
                case _:
                    self._write_lines(query(self.con, "inference/text_lines"), path)
        except duckdb.Error as error:
            return [text for text in batch if f'"{text.file.path}"' in str(error)] or batch
        counts = query(self.con, "inference/staged_rows", part=str(path)).fetchall()
        found = {number: (rows, is_wrong) for number, rows, is_wrong in counts}
        return [
            text
            for text in batch
            if found.get(text.number, (0, 0))[0] != text.lines
            or (batch[0].format == "json" and found[text.number][1])
        ]

    def stage_repaired(self, texts: Sequence[TextFile]) -> None:
        """Stage files from their clean copies; every line is a row, also the bad ones.

        All in one go: a log may be many small files, each of them an array.
        """
        copies = [self.work / f"{self.source}-{text.number}.clean.csv" for text in texts]
        for text, copy in zip(texts, copies, strict=True):
            rows = clean_lines(
                text,
                copy,
                self.format.structure,
                has_documents=self.format.has_documents,
                delimiter=self.format.delimiter,
            )
            self.staged.places[text.number] = (0, 1)
            self.staged.lines[text.number] = text.lines
            if self.format.unit == "line":
                self.staged.records[text.number] = rows
        path = self.next_path()
        numbers, names = [text.number for text in texts], [text.file.name for text in texts]
        self._open([text.file for text in texts], numbers, names)
        paths = [str(copy) for copy in copies]
        self.con.execute("SET VARIABLE log_paths = $paths", {"paths": paths})
        if texts[0].format == "text":
            lines = query(self.con, "inference/clean_text_lines")
        else:
            lines = query(self.con, "inference/clean_json_lines")
        self._write_lines(lines, path)
        for copy in copies:
            copy.unlink()
        self.add(path)

    def stage_parquet(self, number: int, file: LocalFile) -> None:
        """Stage a Parquet log; its footer tells the number of rows."""
        path = self.next_path()
        unpacked = self.work / f"{self.source}-{number}.parquet"
        try:
            there = file
            if file.is_gzip:
                with unpacked.open("wb") as out:
                    out.writelines(content(file))
                there = LocalFile(str(unpacked), file.name, file.size, file.etag)
            self._open([there], [number], [file.name])
            described = self.con.sql(
                "DESCRIBE SELECT * FROM read_parquet($path, hive_partitioning = false)",
                params={"path": there.path},
            ).fetchall()
            rows = self.con.sql(
                "SELECT num_rows FROM parquet_file_metadata($path)", params={"path": there.path}
            ).fetchall()[0][0]
            kinds = {row[0]: row[1] for row in described}
            self.require_columns(file.name, list(kinds))
            self._write_lines(self._parquet(there.path, kinds), path)
        except FileDamaged as error:
            raise LogUnreadable(self.source, file.name, error.problem) from error
        except (OSError, duckdb.Error) as error:
            raise LogUnreadable(self.source, file.name, str(error).splitlines()[0]) from error
        finally:
            unpacked.unlink(missing_ok=True)
        self.add(path)
        self.staged.places[number] = (0, 1)
        self.staged.lines[number] = rows
        if self.format.unit == "line":
            self.staged.records[number] = rows

    def finish(self) -> None:
        """Make the records of lines that could only be read together."""
        if not self.waiting:
            return
        groups = [self.waiting] if self.format.unit == "source" else [[p] for p in self.waiting]
        for group in groups:
            self._make_records(group)
            for path in group:
                path.unlink()
        for number in self.staged.lines:  # all of a file's lines may be without a record
            self.staged.records.setdefault(number, 0)
        self.waiting = []

    def add(self, path: Path) -> None:
        """Enter staged records as a part; staged lines wait for their records."""
        if self.format.unit == "line":
            super().add(path)
        else:
            self.waiting.append(path)

    def _open(
        self, files: Sequence[LocalFile], numbers: Sequence[int], names: Sequence[str]
    ) -> None:
        name_files(self.con, [file.path for file in files], numbers)
        self.con.execute("SET VARIABLE log_names = $names", {"names": list(names)})

    def _write_lines(self, lines: duckdb.DuckDBPyRelation, path: Path) -> None:
        """Write lines: as records where a line is one, else as they are."""
        lines.create_view("log_lines", replace=True)
        if self.format.unit == "line":
            write_staged(self._typed(self.format.records(self.con)), path)
        else:
            trimmed = self.format.trimmed
            write_staged(trimmed(self.con) if trimmed else lines, path)

    def _make_records(self, paths: Sequence[Path]) -> None:
        """The records of staged lines, and a row for each line that made none."""
        self.con.execute("SET VARIABLE log_paths = $paths", {"paths": [str(p) for p in paths]})
        rows = [[number, *place] for number, place in self.staged.places.items()]
        self.con.execute(
            "CREATE OR REPLACE TEMP TABLE log_places "
            "(file_no INTEGER, rows_before BIGINT, first_line BIGINT)"
        )
        if rows:
            self.con.executemany("INSERT INTO log_places VALUES (?, ?, ?)", rows)
        self.con.execute(
            f"CREATE OR REPLACE TEMP VIEW all_lines AS {sql('inference/placed_lines')}"
        )
        self.con.execute(
            "CREATE OR REPLACE TEMP VIEW log_lines AS FROM all_lines WHERE wrong IS NULL"
        )
        path = self.next_path()
        write_staged(self._typed(self.format.records(self.con)), path)
        super().add(path)
        rest = self.next_path()
        without = query(
            self.con,
            "inference/lines_without_records",
            records=str(path),
            sums_lines=self.format.sums_lines,
        )
        write_staged(self._typed(without), rest)
        super().add(rest)
        made = query(self.con, "inference/records_per_file", records=[str(path), str(rest)])
        for number, records in made.fetchall():
            self.staged.records[number] = self.staged.records.get(number, 0) + records
        self.con.execute("DROP VIEW temp.log_lines")  # it would hide the next source's lines

    def _typed(self, records: duckdb.DuckDBPyRelation) -> duckdb.DuckDBPyRelation:
        """The records, typed; what the SELECT does not return is the source's default or NULL."""
        kinds = dict(zip(records.columns, (str(kind) for kind in records.types), strict=True))
        columns = {}
        for name in NAMES:
            if name in self.defaults:
                default = f"getvariable('log_defaults')['{name}']"
                given = f"nullif({name}::VARCHAR, '')" if name in kinds else "NULL"
                columns[name] = Column(f"coalesce({given}, {default})")
            elif name in kinds:
                columns[name] = Column(name, kinds[name])
        wrong = "wrong" if "wrong" in kinds else "NULL::VARCHAR"
        left_out = "left_out" if "left_out" in kinds else "NULL::VARCHAR"
        return records.project(
            f"file_no, line, {wrong} AS wrong, {left_out} AS left_out, {typed_columns(columns)}"
        ).project(
            "* EXCLUDE (wrong, problem, left_out), "
            "CASE WHEN left_out IS NULL THEN coalesce(wrong, problem) ELSE wrong END AS problem, "
            "left_out"
        )

    def _csv(self, batch: Sequence[TextFile]) -> duckdb.DuckDBPyRelation:
        """The lines of CSV files with one header."""
        header = batch[0].header
        text = {name.lower(): (f"c{i}", "VARCHAR") for i, name in enumerate(header) if name}
        return self._as_lines(
            csv_rows(self.con, batch, self.format.delimiter),
            "list_position(getvariable('log_paths'), filename)",
            "NULL::BIGINT",
            text,
        )

    def _parquet(self, path: str, kinds: Mapping[str, str]) -> duckdb.DuckDBPyRelation:
        rows = self.con.read_parquet(path, file_row_number=True, hive_partitioning=False)
        quoted = {name.lower(): (identifier(name), kind) for name, kind in kinds.items()}
        return self._as_lines(rows, "1", "file_row_number + 1", quoted)

    def _as_lines(
        self,
        rows: duckdb.DuckDBPyRelation,
        place: str,
        line: str,
        found: Mapping[str, tuple[str, str]],
    ) -> duckdb.DuckDBPyRelation:
        """Rows of a table as `log_lines`; `found` is each column's identifier and type."""
        fields = [
            f"{identifier(key)} := {_field(shape, *found.get(key.lower(), ('NULL', 'VARCHAR')))}"
            for key, shape in (self.format.structure or {}).items()
        ]
        return rows.project(
            f"getvariable('log_numbers')[{place}]::INTEGER AS file_no, {line} AS line, "
            f"getvariable('log_names')[{place}]::VARCHAR AS file, "
            f"struct_pack({', '.join(fields)}) AS r, NULL::VARCHAR AS wrong"
        )


def _field(shape: Any, column: str, kind: str) -> str:
    """A column as the structure has it: text, or what its JSON text holds."""
    is_nested = kind.startswith(("STRUCT", "MAP")) or kind.endswith("[]")
    text = f"to_json({column})::VARCHAR" if is_nested else f"{column}::VARCHAR"
    if kind == "VARCHAR" and column != "NULL":
        text = f"nullif({column}, '')"
    if shape == "VARCHAR":
        return text
    if isinstance(shape, str):
        return f"TRY_CAST({text} AS {shape})"
    form = json.dumps(shape).replace("'", "''")
    return f"from_json(CASE WHEN json_valid({text}) THEN {text} END, '{form}')"
