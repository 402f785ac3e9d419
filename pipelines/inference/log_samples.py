"""The start of a log file, looked into to tell what kind of log it is.

Belongs here: how the first records of a file are got at whatever it is written in. What they say
of the log is `detection`.
"""

import csv
import json
from collections.abc import Mapping
from typing import Any, Final

import duckdb

from pipelines.files import LocalFile, content
from pipelines.inference.detection import Sample, sample_of_objects
from pipelines.inference.log_files import kind_of_name

MOST_BYTES: Final = 4 * 1024 * 1024
"""A document that is longer is not looked into; of lines the first ones are enough."""
MOST_RECORDS: Final = 50
DELIMITERS: Final = ",;\t|"


def sample_of(con: duckdb.DuckDBPyConnection, file: LocalFile) -> Sample:
    """What the start of a file holds.

    Raises:
        FileDamaged: a gzip that breaks off at its start.
        OSError: it cannot be read.
        duckdb.Error: a Parquet file that is none.
    """
    if kind_of_name(file.name) == "parquet":
        return sample_of_objects(_parquet_records(con, file))
    text = _start(file).decode("utf-8-sig", errors="replace")
    if kind_of_name(file.name) == "csv":
        return sample_of_objects(_table_records(text))
    if text.lstrip()[:1] in ("{", "["):
        return sample_of_objects(_json_records(text))
    return Sample(text=text)


def delimiter_of(text: str) -> str:
    """The mark between the columns of a CSV, by its header."""
    header = text.partition("\n")[0]
    return max(DELIMITERS, key=header.count)


def _start(file: LocalFile) -> bytes:
    found = b""
    for piece in content(file):
        found += piece
        if len(found) >= MOST_BYTES:
            break
    return found


def _parquet_records(con: duckdb.DuckDBPyConnection, file: LocalFile) -> list[Mapping[str, Any]]:
    rows = con.sql(
        "SELECT to_json(record) FROM (SELECT * FROM read_parquet($path) LIMIT 50) AS record",
        params={"path": file.path},
    )
    found = [json.loads(row[0]) for row in rows.fetchall()]
    return [{name: _unpacked(value) for name, value in record.items()} for record in found]


def _unpacked(value: Any) -> Any:
    """JSON that a column holds as text, as what it is."""
    if isinstance(value, str) and value[:1] in ("{", "["):
        try:
            return json.loads(value)
        except (ValueError, RecursionError):
            return value
    return value


def _table_records(text: str) -> list[Mapping[str, Any]]:
    lines = text.splitlines(keepends=True)[: MOST_RECORDS + 1]
    rows = list(csv.reader(lines, delimiter=delimiter_of(text)))
    header = [name.strip() for name in rows[0]] if rows else []
    named = [dict(zip(header, row, strict=False)) for row in rows[1:]]
    found = [{name: _unpacked(cell) for name, cell in row.items()} for row in named]
    return list(found) or [dict.fromkeys(header, "")]


def _json_records(text: str) -> list[Mapping[str, Any]]:
    """The first objects of JSON lines, of an array or of a document."""
    decoder = json.JSONDecoder()
    found: list[Mapping[str, Any]] = []
    at = 0
    while at < len(text) and len(found) < MOST_RECORDS:
        try:
            value, at = decoder.raw_decode(text, at + len(text[at:]) - len(text[at:].lstrip()))
        except (ValueError, RecursionError):
            break
        values = value if isinstance(value, list) else [value]
        found += [item for item in values[:MOST_RECORDS] if isinstance(item, Mapping)]
    return found
