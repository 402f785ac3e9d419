"""The text of a bill: every line of its files on one connection, nothing interpreted.

Every field stays text; the only change is that '' and the words `None`, `NULL`, `null`, which
publishers write for nothing, become NULL. A line is named by its record number in the file, a
CSV's header being record 1.
"""

import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import duckdb

from pipelines.billing.columns import Header, match_header
from pipelines.billing.formats import BillFormat, RawText
from pipelines.billing.json_records import json_names, read_json_records
from pipelines.billing.parquet_records import as_text, parquet_columns, read_parquet_records
from pipelines.billing.records import (
    Records,
    first_record,
    read_records,
    record_problem,
    text_columns,
)
from pipelines.errors import BillUnreadable, FileDamaged
from pipelines.files import LocalFile

JSON = (".json", ".jsonl", ".ndjson", ".json.gz", ".jsonl.gz", ".ndjson.gz")
PARQUET = (".parquet", ".parq")
CSV = (".csv", ".csv.gz", ".txt", ".txt.gz")
BILL_FILES = (*CSV, *JSON, *PARQUET, ".zip")
"""How the names of files end that hold lines of a bill."""
MAX_TAG_LENGTH = 256
"""AWS's own limit for the value of a tag."""
LINES_PER_FILE = 1_000_000_000_000
"""No file has as many: file and line in one number, which is what the lines are joined on."""
_BAD_TAG = f"(length({{0}}) > {MAX_TAG_LENGTH} OR regexp_matches({{0}}, '[\\x00-\\x1f]'))"


def read_raw_text(
    con: duckdb.DuckDBPyConnection,
    format_: BillFormat,
    source: str,
    month: str,
    files: Sequence[LocalFile],
    work: Path,
) -> RawText:
    """Convert the files to text Parquet in `work` and define the view over them.

    Raises:
        BillUnreadable: a file is damaged, has a record of another width than its header or an
            open quote, or a core column is missing.
    """
    tables = [_opened(con, format_, source, month, file) for file in files]
    headers = {file.name: header for file, (header, _) in zip(files, tables, strict=True)}
    keys = sorted({key for header in headers.values() for key in header.tags})
    tag_columns = {f"tag_{number}": key for number, key in enumerate(keys)}
    lines: dict[str, int] = {}
    paths: list[Path] = []
    for number, (file, (header, kinds)) in enumerate(zip(files, tables, strict=True)):
        stem = work / f"raw-{number:05}"
        try:
            records = _converted(con, format_, file, header, kinds, tag_columns, number, stem)
        except FileDamaged as error:
            raise BillUnreadable(
                source, month, f"{file.name} is damaged: {error.problem}", file.name
            ) from error
        except duckdb.Error as error:
            if _is(file, JSON, PARQUET):
                problem = f"{file.name} cannot be read: {str(error).splitlines()[0]}"
                raise BillUnreadable(source, month, problem, file.name) from error
            raise record_problem(con, source, month, file, header, error) from error
        lines[file.name] = records.lines
        paths += records.paths
    _define_views(con, paths, tag_columns)
    return RawText(lines, headers, tag_columns)


def unpacked(files: Sequence[LocalFile], work: Path) -> list[LocalFile]:
    """The files, each zip replaced by the tables in it, named `bill.zip/part.csv`.

    Raises:
        FileDamaged: a zip is cut off or a member's CRC is wrong.
    """
    found = []
    for file in files:
        if not _is(file, (".zip",)):
            found.append(file)
            continue
        folder = work / "unpacked" / str(len(found))
        try:
            with zipfile.ZipFile(file.path) as archive:
                members = [m for m in archive.infolist() if m.filename.lower().endswith(BILL_FILES)]
                for member in sorted(members, key=lambda member: member.filename):
                    path = archive.extract(member, folder)  # reads to the end: the CRC is checked
                    name = f"{file.name}/{member.filename}"
                    etag = f"{file.etag}/{member.CRC:08x}"
                    found.append(LocalFile(path, name, member.file_size, etag, file.role))
        except (zipfile.BadZipFile, OSError, EOFError) as error:
            raise FileDamaged(file.name, f"the zip cannot be read: {error}") from error
    return found


def _is(file: LocalFile, *endings: tuple[str, ...]) -> bool:
    return file.path.lower().endswith(tuple(e for group in endings for e in group))


def _opened(
    con: duckdb.DuckDBPyConnection, format_: BillFormat, source: str, month: str, file: LocalFile
) -> tuple[Header, list[str]]:
    """A file's header, and its columns' DuckDB types if it is no CSV."""
    delimiter, kinds = ",", []
    if _is(file, PARQUET):
        found = parquet_columns(con, file, source, month)
        names, kinds = list(found), list(found.values())
    elif _is(file, JSON):
        names = json_names(file, format_.columns, source, month)
        kinds = ["VARCHAR"] * len(names)
    else:
        names, delimiter = first_record(file, source, month)
    header = match_header(
        names, format_.columns, source, month, file.name, format_.tag_key, delimiter
    )
    return header, kinds


def _converted(
    con: duckdb.DuckDBPyConnection,
    format_: BillFormat,
    file: LocalFile,
    header: Header,
    kinds: Sequence[str],
    tag_columns: Mapping[str, str],
    number: int,
    stem: Path,
) -> Records:
    if not kinds:
        wanted = text_columns(number, header, format_.columns, tag_columns)
        return read_records(con, file, header, wanted, stem)
    path = stem.with_suffix(".parquet")

    def field(position: int) -> str:
        return as_text(header.names[position], kinds[position])

    if _is(file, PARQUET):
        wanted = text_columns(
            number, header, format_.columns, tag_columns, field, row="file_row_number"
        )
        return read_parquet_records(con, file, wanted, path)
    wanted = text_columns(number, header, format_.columns, tag_columns, field)
    return read_json_records(con, file, header.names, wanted, path)


def _define_views(
    con: duckdb.DuckDBPyConnection, paths: Sequence[Path], tag_columns: Mapping[str, str]
) -> None:
    """`unreadable_tags`; `raw_text`: file, line, every column as text, tags as JSON.

    Only the tags that were found to hold an unreadable value are looked at again, line by line:
    the others are turned into JSON once for each distinct value, which is ten times cheaper.
    """
    listed = ", ".join(duckdb_text(str(path)) for path in paths)
    con.execute(
        "CREATE OR REPLACE TEMP VIEW delivered_text AS "
        "SELECT * EXCLUDE (file_row_number, source_row, file_number, first_line), "
        "first_line + coalesce(source_row, file_row_number) AS line, "
        f"file_number * {LINES_PER_FILE} + line AS line_number "
        f"FROM read_parquet([{listed}], file_row_number = true)"
    )
    con.execute(f"CREATE OR REPLACE TEMP TABLE unreadable_tags AS {_unreadable_tags(tag_columns)}")
    with_bad_values = {
        str(row[0]) for row in con.sql("SELECT DISTINCT tag_column FROM unreadable_tags").fetchall()
    }
    members = []
    for name, key in tag_columns.items():
        member = f"{duckdb_text(_json_text(con, key) + ':')} || to_json({name})"
        if name in with_bad_values:
            member = f"CASE WHEN NOT {_BAD_TAG.format(name)} THEN {member} END"
        members.append(member)
    tags = f"'{{' || concat_ws(',', {', '.join(members)}) || '}}'" if members else "'{}'"
    con.execute(
        f"CREATE OR REPLACE TEMP VIEW raw_text AS SELECT *, {tags} AS tags FROM delivered_text"
    )


def duckdb_text(text: str) -> str:
    """A text as a literal: a view cannot hold bound values."""
    return "'" + text.replace("'", "''") + "'"


def _json_text(con: duckdb.DuckDBPyConnection, text: str) -> str:
    row = con.execute("SELECT to_json($text::VARCHAR)::VARCHAR", {"text": text}).fetchone()
    return str(row[0]) if row else ""


def _unreadable_tags(tag_columns: Mapping[str, str]) -> str:
    """The tag values that are left out, as the columns of `billing/unreadable_fields`."""
    selects = [
        f"SELECT {duckdb_text(name)} AS tag_column, file, line, "
        f"{duckdb_text('tag ' + key)} AS column_name, "
        f"left({name}, {MAX_TAG_LENGTH}) AS value, "
        f"'is longer than {MAX_TAG_LENGTH} characters or has control characters' AS reason, "
        f"false AS is_fatal FROM delivered_text WHERE {_BAD_TAG.format(name)}"
        for name, key in tag_columns.items()
    ]
    selects.append(
        "SELECT '' AS tag_column, file, line, 'tag without a key' AS column_name, "
        "nameless_tags::VARCHAR AS value, 'its column has no key' AS reason, false AS is_fatal "
        "FROM delivered_text WHERE nameless_tags > 0"
    )
    return " UNION ALL ".join(selects)
