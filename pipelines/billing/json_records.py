"""The lines of JSON files as text Parquet, in our column names, in the file's order.

One object a line, as BigQuery exports them. Nested values stay JSON text. DuckDB reads every JSON
number through a double: a file with a number that has more digits than a double holds is copied
first, its numbers as text.
"""

import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import duckdb

from pipelines.billing.columns import Column, plain_name
from pipelines.billing.records import Records, write_text
from pipelines.errors import BillUnreadable, FileDamaged
from pipelines.files import LocalFile, content

MAX_OBJECT = 16 << 20
LINES_LOOKED_AT = 10_000
"""Keys that are absent here and not among a format's headers are not found."""
_LONG_NUMBER = re.compile(rb"[:\[,]\s*-?[0-9][0-9.]{16,}")
_READ = (
    "read_json($path, format = 'newline_delimited', maximum_object_size = {most}, "
    "columns = {{{c}}})"
)


def json_lines(file: LocalFile) -> Iterator[bytes]:
    """The lines of a file that are not blank; a gzip is checked on the way.

    Raises:
        FileDamaged: see `pipelines.files.decompressed`.
    """
    rest = b""
    for piece in content(file):
        *lines, rest = (rest + piece).split(b"\n")
        yield from (line for line in lines if line.strip())
    if rest.strip():
        yield rest


def json_names(file: LocalFile, columns: Sequence[Column], source: str, month: str) -> list[str]:
    """The keys of a file's first lines.

    Raises:
        BillUnreadable: a line is no JSON object, or the file is empty or damaged.
    """
    names: dict[str, None] = {}
    try:
        for number, line in enumerate(json_lines(file), start=1):
            try:
                found = json.loads(line)
            except ValueError as error:
                problem = f"{file.name}, line {number} is no JSON: {error}"
                raise BillUnreadable(
                    source, month, problem, f"{file.name}, line {number}"
                ) from error
            if not isinstance(found, dict):
                problem = f"{file.name}, line {number} is no JSON object"
                raise BillUnreadable(source, month, problem, f"{file.name}, line {number}")
            names |= dict.fromkeys(found)
            if number >= LINES_LOOKED_AT:
                break
    except FileDamaged as error:
        problem = f"{file.name} is damaged: {error.problem}"
        raise BillUnreadable(source, month, problem, file.name) from error
    if not names:
        raise BillUnreadable(source, month, f"{file.name} is empty: it has no line", file.name)
    # A key that no line looked at has may stand in a later one: the column's own name is asked for.
    there = {plain_name(name) for name in names}
    absent = [
        column.header
        for column in columns
        if not column.is_core and not there & {plain_name(header) for header in column.headers}
    ]
    return [*names, *absent]


def read_json_records(
    con: duckdb.DuckDBPyConnection,
    file: LocalFile,
    names: Sequence[str],
    wanted: str,
    path: Path,
) -> Records:
    """Convert a file to a text Parquet file at `path`.

    Raises:
        FileDamaged: the gzip is.
        duckdb.Error: a line is no JSON object.
    """
    exact = _with_exact_numbers(file, path.with_suffix(".json"))
    columns = ", ".join(f"{_key(name)}: 'VARCHAR'" for name in names)
    rows = write_text(
        con,
        f"SELECT {wanted} FROM {_READ.format(most=MAX_OBJECT, c=columns)}",
        {"path": exact.path, "name": file.name, "role": file.role, "first_line": 1},
        path,
    )
    lines = sum(1 for _ in json_lines(file))
    if exact is not file:
        Path(exact.path).unlink()
    return Records([path], lines if lines != rows else rows)


def _key(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _with_exact_numbers(file: LocalFile, path: Path) -> LocalFile:
    """The file, or a copy whose numbers are texts if a double would round one of them."""
    before = b""
    for piece in content(file):
        if _LONG_NUMBER.search(before + piece):
            break
        before = piece[-64:]
    else:
        return file
    with path.open("w", encoding="utf-8") as out:
        for line in json_lines(file):
            out.write(
                json.dumps(json.loads(line, parse_float=str, parse_int=str), ensure_ascii=False)
                + "\n"
            )
    return LocalFile(str(path), file.name, file.size, file.etag, file.role)
