"""Log files: which format one is in by its name, and how many lines it has by its bytes alone.

The line count is made without any parser, so that it can prove what the parsers return.
"""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from pipelines.errors import FileDamaged, LogUnreadable
from pipelines.files import LocalFile, content

Kind = Literal["json", "csv", "parquet", "text"]
"""How the bytes of a file are written."""

SUFFIXES: dict[str, Kind] = {
    ".jsonl": "json",
    ".ndjson": "json",
    ".json": "json",
    ".csv": "csv",
    ".parquet": "parquet",
}


@dataclass(frozen=True)
class TextFile:
    """A JSON lines or CSV file whose bytes were read to the end: nothing in it is damaged.

    `lines` counts physical lines after the header, blank ones included.
    """

    number: int
    file: LocalFile
    format: Kind
    lines: int
    header: tuple[str, ...] = ()


def kind_of_name(name: str) -> Kind | None:
    """The kind a file's name promises, or None."""
    stem = name.lower().removesuffix(".gz")
    return next((kind for suffix, kind in SUFFIXES.items() if stem.endswith(suffix)), None)


def inspect_text(
    source: str,
    number: int,
    file: LocalFile,
    kind: Kind,
    *,
    is_native: bool = True,
    delimiter: str = ",",
) -> TextFile:
    """Read a text file once: proves a gzip's checksum, counts lines, takes the header of a CSV.

    Raises:
        LogUnreadable: damaged, missing, or a CSV without the columns a native record needs.
    """
    lines, last, first = 0, b"\n", b""
    try:
        for piece in content(file):
            if kind == "csv" and not lines:
                first += piece[: piece.find(b"\n") + 1] or piece
            lines += piece.count(b"\n")
            last = piece[-1:]
    except FileDamaged as error:
        raise LogUnreadable(source, file.name, error.problem) from error
    except OSError as error:
        raise LogUnreadable(source, file.name, str(error)) from error
    lines += last != b"\n"
    if kind != "csv" or not lines:
        return TextFile(number, file, kind, lines)
    header = _header(first, delimiter)
    if is_native:
        require_columns(source, file.name, header)
    return TextFile(number, file, kind, lines - 1, header)


def _header(line: bytes, delimiter: str) -> tuple[str, ...]:
    """The column names of a CSV."""
    text = line.decode("utf-8-sig", errors="replace")
    return tuple(cell.strip() for cell in next(csv.reader([text], delimiter=delimiter), []))


def require_columns(source: str, name: str, columns: Sequence[str]) -> None:
    """Refuse a file whose columns cannot hold a record.

    Raises:
        LogUnreadable: no `started_at`, no `model`, or a name that occurs twice.
    """
    if "started_at" not in columns:
        raise LogUnreadable(source, name, "it has no column started_at")
    if not {"model", "model_ref"}.intersection(columns):
        raise LogUnreadable(source, name, "it has no column model")
    if doubled := {column for column in columns if column and columns.count(column) > 1}:
        raise LogUnreadable(source, name, f"column {min(doubled)} occurs twice in its header")
