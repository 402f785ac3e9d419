"""CSV files of a bill as text: one Parquet file each, in our column names, in the file's order.

Nothing is interpreted here. Every field stays text; the only change is that '' and the words
`None`, `NULL`, `null`, which publishers write for nothing, become NULL. A line is named by its
record number in the file, the header being record 1.

The bytes are gone through twice at once: DuckDB reads the records, a thread checks the gzip and
counts the records from the bytes. The two counts must agree, so that a quote that swallows a line
or a damaged block cannot lose one.
"""

import csv
import gzip
import zlib
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import duckdb

from pipelines.billing.columns import COLUMNS, Header, match_header
from pipelines.errors import BillUnreadable, FileDamaged
from pipelines.files import LocalFile, count_lines, count_records
from pipelines.queries import sql

NOTHING = ("", "None", "NULL", "null")
MAX_TAG_LENGTH = 256
"""AWS's own limit for the value of a tag."""
MAX_REJECTS_KEPT = 1000
LINES_PER_FILE = 1_000_000_000_000
"""No file has as many: file and line in one number, which is what the lines are joined on."""
_BAD_TAG = f"(length({{0}}) > {MAX_TAG_LENGTH} OR regexp_matches({{0}}, '[\\x00-\\x1f]'))"
_READ = (
    "read_csv($path, auto_detect=false, header=true, columns=$columns, delim=',', quote='\"', "
    "escape='\"', nullstr=$nothing, strict_mode={strict}{more})"
)


@dataclass(frozen=True)
class RawText:
    """A bill's files as text on the connection: the views `raw_text` and `raw_lines` read them."""

    lines: dict[str, int]
    """Records of each file without its header, counted from its bytes."""
    headers: dict[str, Header]
    tag_columns: dict[str, str]
    """The tag key of each tag column of the views."""


def read_raw_text(
    con: duckdb.DuckDBPyConnection,
    source: str,
    month: str,
    files: Sequence[LocalFile],
    work: Path,
) -> RawText:
    """Convert the files to text Parquet in `work` and define the views over them.

    Raises:
        BillUnreadable: a file is damaged, has a record of another width than its header or an
            open quote, or a core column is missing.
    """
    headers, firsts = {}, {}
    for file in files:
        firsts[file.name] = _first_record(file, source, month)
        headers[file.name] = match_header(firsts[file.name], source, month, file.name)
    keys = sorted({key for header in headers.values() for key in header.tags})
    tag_columns = {f"tag_{number}": key for number, key in enumerate(keys)}
    lines, paths = {}, []
    with ThreadPoolExecutor(max_workers=1) as pool:
        for number, file in enumerate(files):
            counting = pool.submit(count_lines, file)
            path = work / f"raw-{number:05}.parquet"
            first, header = firsts[file.name], headers[file.name]
            problem = None
            records = 0
            try:
                records = _convert(con, file, number, first, header, tag_columns, path)
            except duckdb.Error as error:
                problem = error
            try:
                counted = counting.result() - 1
                if counted != records and not problem:
                    counted = count_records(file) - 1
                lines[file.name] = counted
            except FileDamaged as error:
                raise BillUnreadable(
                    source, month, f"{file.name} is damaged: {error.problem}", file.name
                ) from error
            if problem:
                raise _record_problem(con, source, month, file, first, problem)
            paths.append(str(path))
    _define_views(con, paths, tag_columns)
    return RawText(lines, headers, tag_columns)


def _first_record(file: LocalFile, source: str, month: str) -> list[str]:
    opener = gzip.open if file.is_gzip else open
    try:
        with opener(file.path, "rt", encoding="utf-8-sig", newline="") as text:
            first = text.readline()
            while first.count('"') % 2 and (more := text.readline()):
                first += more
    except (OSError, EOFError, UnicodeDecodeError, zlib.error) as error:
        raise BillUnreadable(
            source, month, f"{file.name} is damaged: {error}", file.name
        ) from error
    names = next(csv.reader([first]), [])
    if not names:
        raise BillUnreadable(
            source, month, f"{file.name} is empty: it lacks even a header", file.name
        )
    return names


def _parameters(file: LocalFile, first: Sequence[str]) -> dict[str, object]:
    return {
        "path": file.path,
        "columns": {f"c{position}": "VARCHAR" for position in range(len(first))},
        "nothing": list(NOTHING),
    }


def _convert(
    con: duckdb.DuckDBPyConnection,
    file: LocalFile,
    number: int,
    first: Sequence[str],
    header: Header,
    tag_columns: Mapping[str, str],
    path: Path,
) -> int:
    """Write the file's text Parquet; returns its number of rows."""
    wanted = ["$name AS file", f"{number} AS file_number"]
    for column in COLUMNS:
        position = header.positions.get(column.name)
        text = "NULL::VARCHAR" if position is None else f"c{position}"
        wanted.append(f"{text} AS {column.name}")
    for column_name, key in tag_columns.items():
        here = [f"c{position}" for position in header.tags.get(key, [])]
        text = f"coalesce({', '.join(here)})" if here else "NULL::VARCHAR"
        wanted.append(f"{text} AS {column_name}")
    nameless = " + ".join(
        f"(c{position} IS NOT NULL)::INTEGER" for position in header.nameless_tags
    )
    wanted.append(f"({nameless or '0'})::INTEGER AS nameless_tags")
    read = _READ.format(strict="true", more="")
    con.execute("SET preserve_insertion_order = true")  # the row's position is its line
    con.sql(
        f"SELECT {', '.join(wanted)} FROM {read}",
        params={**_parameters(file, first), "name": file.name},
    ).write_parquet(str(path), compression="snappy")
    rows = con.execute("SELECT count(*) FROM read_parquet($path)", {"path": str(path)}).fetchone()
    return int(rows[0]) if rows else 0


def _define_views(
    con: duckdb.DuckDBPyConnection, paths: Sequence[str], tag_columns: Mapping[str, str]
) -> None:
    """`unreadable_tags`; `raw_text`: file, line, every column as text, tags as JSON; `raw_lines`.

    Only the tags that were found to hold an unreadable value are looked at again, line by line:
    the others are turned into JSON once for each distinct value, which is ten times cheaper.
    """
    listed = ", ".join(duckdb_text(path) for path in paths)
    con.execute(
        "CREATE OR REPLACE TEMP VIEW delivered_text AS "
        "SELECT * EXCLUDE (file_row_number, file_number), file_row_number + 2 AS line, "
        f"file_number * {LINES_PER_FILE} + file_row_number + 2 AS line_number "
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
    con.execute(f"CREATE OR REPLACE TEMP VIEW raw_lines AS {sql('billing/raw_lines')}")


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


def _record_problem(
    con: duckdb.DuckDBPyConnection,
    source: str,
    month: str,
    file: LocalFile,
    first: Sequence[str],
    error: duckdb.Error,
) -> BillUnreadable:
    """Say which records have another shape than the header: read again, collecting them."""
    more = f", ignore_errors=true, store_rejects=true, rejects_limit={MAX_REJECTS_KEPT}"
    rejects: list[dict[str, object]] = []
    try:
        con.sql(
            f"SELECT count(*) FROM {_READ.format(strict='true', more=more)}",
            params=_parameters(file, first),
        ).fetchall()
        rows = con.execute(
            "SELECT line, column_name, csv_line, error_message FROM reject_errors "
            "ORDER BY line, column_idx"
        ).fetchall()
        con.execute("DROP TABLE IF EXISTS reject_errors; DROP TABLE IF EXISTS reject_scans")
    except duckdb.Error:
        rows = []  # not even a damaged line can be told apart: the first error says what is known
    for line, column, text, message in rows:
        position = int(column[1:]) if column and column[1:].isdigit() else None
        rejects.append(
            {
                "billing_month": month,
                "source": source,
                "file": file.name,
                "line": line,
                "column_name": first[position] if position is not None else "(line)",
                "value": (text or "")[:200],
                "reason": str(message).splitlines()[0],
                "is_fatal": True,
            }
        )
    if rejects:
        worst = rejects[0]
        what = f"{len(rejects)} lines of {file.name} cannot be read"
        where = (
            f"line {worst['line']}, {worst['reason']} (line begins {str(worst['value'])[:60]!r})"
        )
        return BillUnreadable(
            source, month, f"{what}: {where}", f"{file.name}, line {worst['line']}", rejects
        )
    return BillUnreadable(
        source,
        month,
        f"{file.name} cannot be read as CSV: {str(error).splitlines()[0]}",
        file.name,
    )


def billing_month_of(file: LocalFile, source: str) -> str:
    """The billing month in a file's first line, for files that no manifest describes.

    Raises:
        BillUnreadable: the file is damaged, has no line, or its first line no billing period.
    """
    first = _first_record(file, source, "(month unknown)")
    header = match_header(first, source, "(month unknown)", file.name)
    opener = gzip.open if file.is_gzip else open
    with opener(file.path, "rt", encoding="utf-8-sig", newline="") as text:
        records = csv.reader(text)
        next(records)
        record = next(records, [])
    position = header.positions["billing_period_start"]
    value = record[position] if position < len(record) else ""
    if len(value) < len("2026-09-01"):
        raise BillUnreadable(
            source,
            "(month unknown)",
            f"the first line of {file.name} has no billing period ({value!r})",
            file.name,
        )
    return value[:7]
