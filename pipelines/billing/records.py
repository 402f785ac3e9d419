"""The records of CSV files as text Parquet, in our column names, in the file's order.

Every record is counted twice: by DuckDB, which reads them, and from the bytes, in the same pass
that checks the gzip. The two counts must agree, so that a quote that swallows a line or a damaged
block cannot lose one.
"""

import csv
import gzip
import zlib
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import duckdb

from pipelines.billing.columns import Column, Header
from pipelines.billing.pieces import cut
from pipelines.errors import BillUnreadable
from pipelines.files import LocalFile, count_lines, count_records

NOTHING = ("", "None", "NULL", "null")
MAX_REJECTS_KEPT = 1000
_ROW_GROUP = 30_720
"""Rows that one core encodes at a time: a piece of a file has several such groups."""
_READ = (
    "read_csv($path, auto_detect=false, header={header}, columns=$columns, delim=$delimiter, "
    "quote='\"', escape='\"', nullstr=$nothing, strict_mode=true{more})"
)


@dataclass(frozen=True)
class Records:
    """The records of one file as text Parquet."""

    paths: list[Path]
    """In the order of the file; `first_line` is the record number of each one's first row."""
    lines: int
    """Counted from the bytes, without the header."""


DELIMITERS = ",;\t|"


def first_record(file: LocalFile, source: str, month: str) -> tuple[list[str], str]:
    """The names of a file's columns, and what parts them.

    Raises:
        BillUnreadable: the file is damaged or empty.
    """
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
    delimiter = max(DELIMITERS, key=lambda mark: len(next(csv.reader([first], delimiter=mark), [])))
    names = next(csv.reader([first], delimiter=delimiter), [])
    if not names:
        raise BillUnreadable(
            source, month, f"{file.name} is empty: it lacks even a header", file.name
        )
    return [name.strip() for name in names], delimiter


def text_columns(
    number: int,
    header: Header,
    columns: Sequence[Column],
    tag_columns: Mapping[str, str],
    field: Callable[[int], str] = "c{}".format,
    row: str = "NULL",
) -> str:
    """What is read of each record, as the text of a select list.

    `field` is the expression for the text of the header's nth column, `row` that for the record's
    number in its file, from 0 on; NULL where records are written in the file's order.
    """
    wanted = [
        "$name AS file",
        f"{number} AS file_number",
        "$first_line::BIGINT AS first_line",
        f"{row}::BIGINT AS source_row",
        "$role AS role",
    ]
    for column in columns:
        position = header.positions.get(column.name)
        text = "NULL::VARCHAR" if position is None else field(position)
        wanted.append(f'{text} AS "{column.name}"')
    for column_name, key in tag_columns.items():
        here = [field(position) for position in header.tags.get(key, [])]
        text = f"coalesce({', '.join(here)})" if here else "NULL::VARCHAR"
        wanted.append(f"{text} AS {column_name}")
    nameless = " + ".join(
        f"({field(position)} IS NOT NULL)::INTEGER" for position in header.nameless_tags
    )
    wanted.append(f"({nameless or '0'})::INTEGER AS nameless_tags")
    return ", ".join(wanted)


def read_records(
    con: duckdb.DuckDBPyConnection, file: LocalFile, header: Header, wanted: str, stem: Path
) -> Records:
    """Convert a CSV file to Parquet files whose names begin like `stem`.

    Raises:
        FileDamaged: the gzip is.
        duckdb.Error: a record is of another width than the header, or a quote is open.
    """
    if file.is_gzip:
        with suppress(duckdb.Error):
            return _read_pieces(con, file, header, wanted, stem)
    # A text file needs no unpacking. A gzip comes here if a piece could not be read: a stray quote
    # may have misled the cutting, so that only the file as a whole can tell.
    path = stem.with_suffix(".parquet")
    with ThreadPoolExecutor(max_workers=1) as pool:
        counting = pool.submit(count_lines, file)
        try:
            rows = _convert(con, file, header, wanted, 2, path)
        finally:  # a file that is damaged is not judged by its records
            lines = counting.result() - 1
    return Records([path], lines if lines == rows else count_records(file) - 1)


def _read_pieces(
    con: duckdb.DuckDBPyConnection, file: LocalFile, header: Header, wanted: str, stem: Path
) -> Records:
    paths: list[Path] = []
    rows = lines = 0
    pieces = cut(file, stem.parent)
    with ThreadPoolExecutor(max_workers=1) as pool:
        coming = pool.submit(next, pieces, None)
        while piece := coming.result():
            coming = pool.submit(next, pieces, None)
            has_header = not paths
            path = stem.with_name(f"{stem.name}-{len(paths):05}.parquet")
            text = LocalFile(str(piece.path), file.name, 0, "", file.role)
            read = _convert(con, text, header, wanted, rows + 2, path, has_header=has_header)
            counted = piece.lines - has_header
            if counted != read:
                counted = count_records(text) - has_header
            piece.path.unlink()
            paths.append(path)
            rows += read
            lines += counted
    return Records(paths, lines)


def _parameters(path: str, header: Header) -> dict[str, object]:
    return {
        "path": path,
        "columns": {f"c{position}": "VARCHAR" for position in range(len(header.names))},
        "nothing": list(NOTHING),
        "delimiter": header.delimiter,
    }


def _convert(
    con: duckdb.DuckDBPyConnection,
    file: LocalFile,
    header: Header,
    wanted: str,
    first_line: int,
    path: Path,
    *,
    has_header: bool = True,
) -> int:
    """Write the text Parquet of a CSV file; returns its number of rows."""
    read = _READ.format(header=str(has_header).lower(), more="")
    return write_text(
        con,
        f"SELECT {wanted} FROM {read}",
        {
            **_parameters(file.path, header),
            "name": file.name,
            "role": file.role,
            "first_line": first_line,
        },
        path,
    )


def write_text(
    con: duckdb.DuckDBPyConnection,
    select: str,
    params: dict[str, object],
    path: Path,
    *,
    in_order: bool = True,
) -> int:
    """Write rows as text Parquet; returns how many there are.

    In their own order where the row's position is its line; in any where it carries its number:
    within a small memory limit only that makes use of every core.
    """
    con.execute(f"SET preserve_insertion_order = {str(in_order).lower()}")
    con.sql(select, params=params).write_parquet(
        str(path), compression="snappy", row_group_size=_ROW_GROUP
    )
    con.execute("SET preserve_insertion_order = false")
    rows = con.execute("SELECT count(*) FROM read_parquet($path)", {"path": str(path)}).fetchone()
    return int(rows[0]) if rows else 0


def record_problem(
    con: duckdb.DuckDBPyConnection,
    source: str,
    month: str,
    file: LocalFile,
    header: Header,
    error: duckdb.Error,
) -> BillUnreadable:
    """Say which records have another shape than the header: read again, collecting them."""
    more = f", ignore_errors=true, store_rejects=true, rejects_limit={MAX_REJECTS_KEPT}"
    rejects: list[dict[str, object]] = []
    try:
        con.sql(
            f"SELECT count(*) FROM {_READ.format(header='true', more=more)}",
            params=_parameters(file.path, header),
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
                "column_name": header.names[position] if position is not None else "(line)",
                "value": (text or "")[:200],
                "reason": str(message).splitlines()[0],
                "is_fatal": True,
            }
        )
    if rejects:
        worst = rejects[0]
        count = len({reject["line"] for reject in rejects})  # DuckDB names each missing field
        what = f"{count} lines of {file.name} cannot be read"
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
