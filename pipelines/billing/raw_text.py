"""The text of a bill: every line of its files on one connection, nothing interpreted.

Every field stays text; the only change is that '' and the words `None`, `NULL`, `null`, which
publishers write for nothing, become NULL. A line is named by its record number in the file, the
header being record 1.
"""

import csv
import gzip
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from pipelines.billing.columns import Header, match_header
from pipelines.billing.records import first_record, read_records, record_problem, text_columns
from pipelines.errors import BillUnreadable, FileDamaged
from pipelines.files import LocalFile
from pipelines.queries import sql

MAX_TAG_LENGTH = 256
"""AWS's own limit for the value of a tag."""
LINES_PER_FILE = 1_000_000_000_000
"""No file has as many: file and line in one number, which is what the lines are joined on."""
_BAD_TAG = f"(length({{0}}) > {MAX_TAG_LENGTH} OR regexp_matches({{0}}, '[\\x00-\\x1f]'))"


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
        firsts[file.name] = first_record(file, source, month)
        headers[file.name] = match_header(firsts[file.name], source, month, file.name)
    keys = sorted({key for header in headers.values() for key in header.tags})
    tag_columns = {f"tag_{number}": key for number, key in enumerate(keys)}
    lines: dict[str, int] = {}
    paths: list[Path] = []
    for number, file in enumerate(files):
        first = firsts[file.name]
        wanted = text_columns(number, headers[file.name], tag_columns)
        try:
            records = read_records(con, file, len(first), wanted, work / f"raw-{number:05}")
        except FileDamaged as error:
            raise BillUnreadable(
                source, month, f"{file.name} is damaged: {error.problem}", file.name
            ) from error
        except duckdb.Error as error:
            raise record_problem(con, source, month, file, first, error) from error
        lines[file.name] = records.lines
        paths += records.paths
    _define_views(con, paths, tag_columns)
    return RawText(lines, headers, tag_columns)


def _define_views(
    con: duckdb.DuckDBPyConnection, paths: Sequence[Path], tag_columns: Mapping[str, str]
) -> None:
    """`unreadable_tags`; `raw_text`: file, line, every column as text, tags as JSON; `raw_lines`.

    Only the tags that were found to hold an unreadable value are looked at again, line by line:
    the others are turned into JSON once for each distinct value, which is ten times cheaper.
    """
    listed = ", ".join(duckdb_text(str(path)) for path in paths)
    con.execute(
        "CREATE OR REPLACE TEMP VIEW delivered_text AS "
        "SELECT * EXCLUDE (file_row_number, file_number, first_line), "
        "first_line + file_row_number AS line, "
        f"file_number * {LINES_PER_FILE} + first_line + file_row_number AS line_number "
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


def billing_month_of(file: LocalFile, source: str) -> str:
    """The billing month in a file's first line, for files that no manifest describes.

    Raises:
        BillUnreadable: the file is damaged, has no line, or its first line no billing period.
    """
    first = first_record(file, source, "(month unknown)")
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
