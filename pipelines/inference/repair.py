"""The careful reading of a text file that the fast reader refused: line by line, losing none.

Every line becomes one row of a clean CSV: its line number, and either its fields or what is wrong
with it. About 15 times slower than the fast reader, and only for files that have a bad line.
"""

import csv
import io
import json
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

from pipelines.contracts import LOG_FILES
from pipelines.errors import ContractBroken
from pipelines.files import content
from pipelines.inference.log_files import TextFile
from pipelines.inference.records import MISSING_TEXTS, NAMES

MAX_LINE_BYTES = 16 * 1024 * 1024
MAX_LINES_OF_A_RECORD = 1000
"""A quoted field longer than this many lines is taken for a quote that was never closed."""

CLEAN_COLUMNS = ("line", "wrong", *NAMES)


class _Object(dict[str, Any]):
    """A JSON object that remembers whether a key came twice."""

    has_twins = False


def _object(pairs: list[tuple[str, Any]]) -> _Object:
    found = _Object(pairs)
    found.has_twins = len(found) < len(pairs)
    return found


def clean(text_file: TextFile, target: Path) -> int:
    """Write the clean CSV of one file and return its number of rows.

    Raises:
        ContractBroken: rows and blank lines do not add up to the lines counted from the bytes.
    """
    is_json = text_file.format == "json"
    found = _json_rows(text_file) if is_json else _csv_rows(text_file, NAMES)
    rows = passed = 0
    with target.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out, lineterminator="\n", quoting=csv.QUOTE_MINIMAL)
        writer.writerow(CLEAN_COLUMNS)
        for line, extent, wrong, fields in found:
            passed += extent
            if not fields and not wrong:
                continue
            rows += 1
            writer.writerow([line, wrong, *(_one_line(fields.get(name)) for name in NAMES)])
    if passed != text_file.lines:
        raise ContractBroken(
            LOG_FILES.name,
            f"{text_file.file.name} has {text_file.lines} lines, {passed} were read",
        )
    return rows


def _one_line(value: str | None) -> str:
    """A field that needs no care in a CSV."""
    if value is None:
        return ""
    return value.replace("\n", " ").replace("\r", " ").replace("\0", "")


def _lines(text_file: TextFile) -> Iterator[bytes]:
    """The physical lines with their ends. An overlong line is cut just above the limit."""
    kept: list[bytes] = []
    length = 0
    for piece in content(text_file.file):
        for part in piece.splitlines(keepends=True) if b"\r" not in piece else _split(piece):
            if length <= MAX_LINE_BYTES:
                kept.append(part)
                length += len(part)
            if part.endswith(b"\n"):
                yield b"".join(kept)
                kept, length = [], 0
    if kept:
        yield b"".join(kept)


def _split(piece: bytes) -> Iterator[bytes]:
    """At newlines only: a lone carriage return ends no line."""
    start = 0
    while (end := piece.find(b"\n", start) + 1) > 0:
        yield piece[start:end]
        start = end
    if start < len(piece):
        yield piece[start:]


def clean_lines(
    text_file: TextFile,
    target: Path,
    structure: Mapping[str, Any] | None,
    *,
    has_documents: bool,
    delimiter: str,
) -> int:
    """As `clean`, for a format that is not the record: what it takes of each line, as JSON.

    A format with documents may spread an object over lines, or hold an array of objects: each of
    them is then a row, at the line where it begins.

    Raises:
        ContractBroken: rows and blank lines do not add up to the lines counted from the bytes.
    """
    if text_file.format == "text":
        found = _text_rows(text_file)
    elif text_file.format == "csv":
        found = _table_rows(text_file, structure or {}, delimiter)
    elif has_documents:
        found = _document_rows(text_file, structure or {})
    else:
        found = _object_rows(text_file, structure or {})
    rows = passed = 0
    with target.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out, lineterminator="\n", quoting=csv.QUOTE_MINIMAL)
        writer.writerow(("line", "wrong", "content"))
        for line, extent, wrong, content_ in found:
            passed += extent
            if content_ is not None or wrong:
                rows += 1
                writer.writerow((line, wrong, content_))
    if passed != text_file.lines:
        raise ContractBroken(
            LOG_FILES.name,
            f"{text_file.file.name} has {text_file.lines} lines, {passed} were read",
        )
    return rows


_Content = tuple[int, int, str, str | None]
"""First physical line, how many physical lines, `field|reason` or '', what the format takes."""


def _taken(value: Any, shape: Any) -> Any:
    """Of a JSON value what a structure names."""
    if isinstance(shape, Mapping):
        if not isinstance(value, dict):
            return None
        return {key: _taken(value[key], inner) for key, inner in shape.items() if key in value}
    if isinstance(shape, list):
        return [_taken(item, shape[0]) for item in value] if isinstance(value, list) else None
    return value


def _text_rows(text_file: TextFile) -> Iterator[_Content]:
    for number, raw in enumerate(_lines(text_file), start=1):
        if len(raw) > MAX_LINE_BYTES:
            yield number, 1, "(line)|longer than 16 MiB", None
            continue
        try:
            text = raw.decode("utf-8").strip("\r\n")
        except UnicodeDecodeError:
            yield number, 1, "(line)|not UTF-8", None
            continue
        yield number, 1, "", text.replace("\0", "") or None


def _object_rows(text_file: TextFile, structure: Mapping[str, Any]) -> Iterator[_Content]:
    for number, raw in enumerate(_lines(text_file), start=1):
        if not raw.strip():
            yield number, 1, "", None
            continue
        wrong, found = _json_object(raw.removeprefix(b"\xef\xbb\xbf") if number == 1 else raw)
        yield number, 1, wrong, None if wrong else json.dumps(_taken(found, structure))


def _json_object(raw: bytes) -> tuple[str, Any]:
    if len(raw) > MAX_LINE_BYTES:
        return "(line)|longer than 16 MiB", None
    try:
        found = json.loads(raw.decode("utf-8"), parse_float=_as_written)
    except UnicodeDecodeError:
        return "(line)|not UTF-8", None
    except (ValueError, RecursionError):
        return "(line)|not JSON", None
    return ("", found) if isinstance(found, dict) else ("(line)|not a JSON object", None)


class _as_written(float):
    """A number that is written again as it was."""

    def __new__(cls, text: str) -> "_as_written":
        made = super().__new__(cls, text)
        made.text = text
        return made

    def __repr__(self) -> str:
        return self.text

    text: str


def _document_rows(text_file: TextFile, structure: Mapping[str, Any]) -> Iterator[_Content]:
    """Objects over any number of lines.

    One that does not end is bad up to the next line that begins like an object or an array: a line
    that was cut off costs itself alone.
    """
    lines = text_file.lines
    try:
        text = b"".join(content(text_file.file)).decode("utf-8-sig")
    except UnicodeDecodeError:
        yield 1, lines, "(line)|not UTF-8", None
        return
    decoder = json.JSONDecoder(parse_float=_as_written)
    at = passed = 0
    line, counted = 1, 0
    while True:
        start = _blanks(text, at)
        if start == len(text):
            yield lines, lines - passed, "", None
            return
        line, counted = line + text.count("\n", counted, start), start
        begins = line
        try:
            found, at = decoder.raw_decode(text, start)
        except (ValueError, RecursionError):
            others = [end for opening in "{[" if (end := text.find(f"\n{opening}", start)) >= 0]
            if not others:
                yield begins, lines - passed, "(line)|not JSON", None
                return
            at = min(others)
            line, counted = line + text.count("\n", counted, at), at
            extent, passed = line - passed, line
            yield begins, extent, "(line)|not JSON", None
            continue
        line, counted = line + text.count("\n", counted, at), at
        extent, passed = line - passed, line
        for item in found if isinstance(found, list) else [found]:
            if isinstance(item, dict):
                yield begins, extent, "", json.dumps(_taken(item, structure))
            else:
                yield begins, extent, "(line)|not a JSON object", None
            extent = 0
        if extent:
            yield begins, extent, "", None


def _blanks(text: str, start: int) -> int:
    """Where the white space that begins at `start` ends."""
    end = start
    while end < len(text) and text[end].isspace():
        end += 1
    return end


def _table_rows(
    text_file: TextFile, structure: Mapping[str, Any], delimiter: str
) -> Iterator[_Content]:
    by_name = {key.lower(): key for key in structure}
    names = {name for name in text_file.header if name.lower() in by_name}
    for line, extent, wrong, fields in _csv_rows(text_file, names, delimiter):
        if wrong or not fields:
            is_empty = wrong == "started_at|missing" or not wrong
            yield line, extent, "" if is_empty else wrong, "{}" if wrong and is_empty else None
            continue
        taken: dict[str, Any] = {}
        for name, cell in fields.items():
            key = by_name[name.lower()]
            taken[key] = cell if isinstance(structure[key], str) else _nested(cell, structure[key])
        yield line, extent, "", json.dumps(taken)


def _nested(cell: str, shape: Any) -> Any:
    try:
        return _taken(json.loads(cell, parse_float=_as_written), shape)
    except (ValueError, RecursionError):
        return None


_Row = tuple[int, int, str, dict[str, str]]
"""First physical line, how many physical lines, `field|reason` or '', the fields."""


_BLANK: tuple[int, str, dict[str, str]] = (1, "", {})


def _json_rows(text_file: TextFile) -> Iterator[_Row]:
    for number, raw in enumerate(_lines(text_file), start=1):
        if not raw.strip():
            yield number, 1, "", {}
            continue
        wrong, fields = _json_record(raw.removeprefix(b"\xef\xbb\xbf") if number == 1 else raw)
        yield number, 1, wrong, fields


def _json_record(raw: bytes) -> tuple[str, dict[str, str]]:
    """What is wrong with a line, or its fields."""
    if len(raw) > MAX_LINE_BYTES:
        return "(line)|longer than 16 MiB", {}
    try:
        found = json.loads(
            raw.decode("utf-8"),
            parse_int=str,
            parse_float=str,
            parse_constant=str,
            object_pairs_hook=_object,
        )
    except UnicodeDecodeError:
        return "(line)|not UTF-8", {}
    except (json.JSONDecodeError, RecursionError):
        return "(line)|not JSON", {}
    if not isinstance(found, _Object):
        return "(line)|not a JSON object", {}
    return ("(line)|a field is given twice", {}) if found.has_twins else _plain_fields(found)


def _plain_fields(found: _Object) -> tuple[str, dict[str, str]]:
    """The fields of the record as text, the others left behind."""
    fields = {}
    for name in NAMES:
        value = found.get(name)
        if isinstance(value, dict | list):
            return f"{name}|not a plain value", {}
        if isinstance(value, bool):
            fields[name] = str(value).lower()
        elif value is not None:
            fields[name] = str(value)
    return "" if fields else "started_at|missing", fields


def _csv_rows(text_file: TextFile, names: Collection[str], delimiter: str = ",") -> Iterator[_Row]:
    """Records of a CSV. A quote that is never closed costs its own line, not the ones after it."""
    waiting: list[bytes] = []
    lines = _lines(text_file)
    next(lines, None)
    number = 2
    while True:
        if not waiting:
            raw = next(lines, None)
            if raw is None:
                return
            waiting.append(raw)
        if not waiting[0].strip():
            extent, wrong, fields = _BLANK
        else:
            extent, wrong, fields = _csv_record(waiting, lines, text_file.header, names, delimiter)
        yield number, extent, wrong, fields
        del waiting[:extent]
        number += extent


def _csv_record(
    waiting: list[bytes],
    lines: Iterator[bytes],
    header: tuple[str, ...],
    names: Collection[str],
    delimiter: str,
) -> tuple[int, str, dict[str, str]]:
    """The record that starts at the first waiting line; more lines are taken as it needs them."""
    extent = 1
    quotes = waiting[0].count(b'"')
    while quotes % 2 and extent < MAX_LINES_OF_A_RECORD:
        if extent == len(waiting):
            raw = next(lines, None)
            if raw is None:
                break
            waiting.append(raw)
        quotes += waiting[extent].count(b'"')
        extent += 1
    joined = b"".join(waiting[:extent])
    if quotes % 2:
        return 1, "(line)|a quote is not closed", {}
    if len(joined) > MAX_LINE_BYTES:
        return 1, "(line)|longer than 16 MiB", {}
    try:
        text = io.StringIO(joined.decode("utf-8"), newline="")
        cells = next(csv.reader(text, delimiter=delimiter, strict=True))
    except UnicodeDecodeError:
        return 1, "(line)|not UTF-8", {}
    except csv.Error:
        return 1, "(line)|quotes do not fit", {}
    if len(cells) != len(header):
        reason = f"{len(cells)} fields, the header has {len(header)}" if extent == 1 else ""
        return 1, f"(line)|{reason or 'a quote is not closed'}", {}
    fields = {
        name: cell
        for name, cell in zip(header, cells, strict=True)
        if name in names and cell not in MISSING_TEXTS
    }
    return extent, "" if fields else "started_at|missing", fields
