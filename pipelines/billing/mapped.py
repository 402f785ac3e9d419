"""Bills of any shape, read as FOCUS datasets by a mapping file (`mapping`).

Belongs here: the view that makes a file's columns FOCUS's. What follows is the FOCUS reader's own:
its checks, its charges, its totals. A number or a date that is not written as the mapping says
keeps its text with a note, so that the reader finds it unreadable and nothing reads it otherwise.
"""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import duckdb

from pipelines.billing import focus
from pipelines.billing.columns import Column, Header, nearest, plain_name
from pipelines.billing.formats import BillFormat, RawText
from pipelines.billing.mapping import (
    BY_NAME,
    BillMapping,
    Concat,
    Reading,
    parse_mapping,
)
from pipelines.billing.raw_text import duckdb_text, read_raw_text
from pipelines.contracts import BASES
from pipelines.errors import BillUnreadable
from pipelines.files import LocalFile
from pipelines.settings import BillSource

_LEFT_OUT: Final = {"billing_period_start": "getvariable('month') || '-01'"}
_ISO_OFFSET: Final = r":\d\d(\.\d+)? ?(Z|UTC|[+-]\d\d(:?\d\d)?)$"


def mapped_format(text: str, file: str) -> BillFormat:
    """The FOCUS reader for the bills that a mapping file describes.

    Raises:
        SettingsInvalid: names every wrong or unknown key.
    """
    mapping = parse_mapping(text, file)

    def stage(
        con: duckdb.DuckDBPyConnection,
        source: BillSource,
        month: str,
        files: Sequence[LocalFile],
        work: Path,
    ) -> RawText:
        raw = _read(con, mapping, file, source, month, files, work)
        focus.check(con, source, month, raw)
        return raw

    return BillFormat(
        name="mapped",
        folder=focus.FORMAT.folder,
        columns=focus.COLUMNS,
        prepare=focus.prepare,
        macros=focus.MACROS,
        stage=stage,
    )


def _read(
    con: duckdb.DuckDBPyConnection,
    mapping: BillMapping,
    mapping_file: str,
    source: BillSource,
    month: str,
    files: Sequence[LocalFile],
    work: Path,
) -> RawText:
    """The files as `raw_text` in FOCUS's columns."""
    named = mapping.file_columns()
    own = tuple(Column(f"own_{number}", name) for number, name in enumerate(named))
    focus_own = tuple(
        Column(column.name, column.header, aliases=column.aliases)
        for column in (focus.COLUMNS if mapping.focus_columns else ())
        if column.header not in mapping.columns and column.header not in mapping.constants
    )
    read_as = BillFormat("mapped", focus.FORMAT.folder, (*own, *focus_own))
    raw = read_raw_text(con, read_as, source.name, month, files, work)
    for name, header in raw.headers.items():
        _check_columns(named, mapping_file, source, month, name, header)
    there = {
        column.header
        for column in focus_own
        if any(column.name in header.positions for header in raw.headers.values())
    }
    place = {column.header: column.name for column in own}
    expressions = _expressions(mapping, place, there)
    missing = [
        column.header
        for column in focus.COLUMNS
        if column.is_core and column.name not in expressions
    ]
    if missing:
        raise BillUnreadable(
            source.name,
            month,
            f"neither the files nor {mapping_file} say {', '.join(missing)}",
            f"{mapping_file}: name the column under [columns], or state it under [constants]",
        )
    _define_view(con, mapping, expressions, place, work)
    headers = {
        name: Header(header.names, dict.fromkeys(expressions, 0), {}, [], header.doubled)
        for name, header in raw.headers.items()
    }
    return RawText(raw.lines, headers)


def _check_columns(
    named: Mapping[str, str],
    mapping_file: str,
    source: BillSource,
    month: str,
    file: str,
    header: Header,
) -> None:
    """Every column the mapping names is in the file, once."""
    for column, key in named.items():
        same = [name for name in header.names if plain_name(name) == plain_name(column)]
        if not same:
            raise BillUnreadable(
                source.name,
                month,
                f"{file} has no column {column!r}, which {key} of {mapping_file} names; "
                f"{nearest(column, header.names)}",
                f"the first line of {file}, and {mapping_file}",
            )
        if len(same) > 1:
            raise BillUnreadable(
                source.name,
                month,
                f"{file} has columns {', '.join(map(repr, same))}, which cannot be told apart; "
                f"{key} of {mapping_file} names {column!r}",
                f"the first line of {file}",
            )


def _expressions(mapping: BillMapping, place: Mapping[str, str], there: set[str]) -> dict[str, str]:
    """What fills each column of the FOCUS reader, as SQL over the file's own columns.

    `place` tells where a column of the file is, `there` which are called by FOCUS's own name.
    """
    found: dict[str, str] = {}
    for name, column in BY_NAME.items():
        value = mapping.columns.get(name)
        if name in mapping.constants:
            found[column.name] = duckdb_text(mapping.constants[name])
        elif value is not None:
            text = _in_focus_words(mapping, name, _text(value, place))
            found[column.name] = _converted(column, text, mapping.reading)
        elif name in there:
            found[column.name] = _in_focus_words(mapping, name, f'"{column.name}"')
    _add_what_is_derived(found, mapping, place)
    return found


def _in_focus_words(mapping: BillMapping, name: str, text: str) -> str:
    words = mapping.words.get(name)
    if not words:
        return text
    whens = " ".join(
        f"WHEN {duckdb_text(theirs)} THEN {duckdb_text(ours)}" for theirs, ours in words.items()
    )
    return f"CASE {text} {whens} ELSE {text} END"


def _converted(column: Column, text: str, reading: Reading) -> str:
    if column.kind in ("money", "quantity"):
        return _number(text, reading, is_cost=column.header in BASES)
    if column.kind == "instant" and column.header.startswith("BillingPeriod"):
        return _local_day(text, reading, column.header)
    if column.kind == "instant":
        return _utc(text, reading, column.header)
    return text


def _add_what_is_derived(
    found: dict[str, str], mapping: BillMapping, place: Mapping[str, str]
) -> None:
    """The billing month, the end of a line's period and its tags, where no column says them."""
    reading = mapping.reading
    if "billing_period_start" not in found and reading.billing_month is not None:
        text = f'"{place[reading.billing_month]}"'
        found["billing_period_start"] = _local_day(text, reading, "", first_of_month=True)
    if "charge_period_end" not in found and reading.charge_period is not None:
        later = f" + INTERVAL 1 {reading.charge_period}"
        start = mapping.columns.get("ChargePeriodStart")
        if start is not None:
            end = _utc(_text(start, place), reading, "ChargePeriodStart", later)
        else:
            end = f"(instant({found.get('charge_period_start', 'NULL')}){later})::VARCHAR"
        found["charge_period_end"] = end
    if mapping.tags:
        members = ", ".join(
            f'{duckdb_text(_json_key(tag))} || to_json("{place[column]}")::VARCHAR'
            for tag, column in mapping.tags.items()
        )
        found["focus_tags"] = f"'{{' || concat_ws(',', {members}) || '}}'"


def _json_key(tag: str) -> str:
    escaped = tag.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}":'


def _text(value: str | Concat, place: Mapping[str, str]) -> str:
    if isinstance(value, str):
        return f'"{place[value]}"'
    parts = ", ".join(f'"{place[column]}"' for column in value.concat)
    return f"nullif(concat_ws({duckdb_text(value.with_)}, {parts}), '')"


def _number(text: str, reading: Reading, *, is_cost: bool) -> str:
    """A number as the bill's reader knows it; one that is written otherwise stays unreadable."""
    decimal, thousands = re.escape(reading.decimal), re.escape(reading.thousands)
    whole = r"\d+" if not thousands else rf"(\d+|\d{{1,3}}({thousands}\d{{3}})+)"
    form = rf"\s*[-+]?({whole}({decimal}\d*)?|{decimal}\d+)([eE][-+]?\d+)?\s*"
    plain = f"trim({text})"
    if reading.thousands:
        plain = f"replace({plain}, {duckdb_text(reading.thousands)}, '')"
    if reading.decimal != ".":
        plain = f"replace({plain}, {duckdb_text(reading.decimal)}, '.')"
    if is_cost and reading.sign == "negated":
        plain = (
            f"CASE WHEN starts_with({plain}, '-') THEN substr({plain}, 2) "
            f"ELSE '-' || ltrim({plain}, '+') END"
        )
    marks = f"decimal {reading.decimal}" + (
        f", thousands {reading.thousands}" if reading.thousands else ""
    )
    return (
        f"CASE WHEN regexp_full_match({text}, {duckdb_text(form)}) THEN {plain} "
        f"ELSE {text} || {duckdb_text(f' (not a number with {marks})')} END"
    )


def _form(reading: Reading, name: str) -> str:
    return reading.dates_of.get(name, reading.dates)


def _parsed(text: str, reading: Reading, name: str) -> tuple[str, str]:
    """A date as a timestamp, and the condition under which it is UTC and not the zone's time."""
    form = _form(reading, name)
    if form == "iso":
        return f"instant({text})", f"regexp_matches({text}, {duckdb_text(_ISO_OFFSET)})"
    if form in ("unix", "unix_ms"):
        unit = 1_000_000 if form == "unix" else 1000
        return f"make_timestamp(try_cast({text} AS BIGINT) * {unit})", "true"
    is_utc = "true" if "%z" in form else "false"
    return f"try_strptime({text}, {duckdb_text(form)})", is_utc


def _utc(text: str, reading: Reading, name: str, later: str = "") -> str:
    """The text of an instant in UTC; one that is written otherwise stays unreadable.

    `later` is added to the time in the mapping's zone: a day there may have 23 hours.
    """
    local = _local(text, reading, name)
    zone = duckdb_text(reading.timezone)
    moved = f"timezone('UTC', timezone({zone}, {local}{later}))"
    if not later:
        parsed, is_utc = _parsed(text, reading, name)
        moved = f"CASE WHEN {is_utc} THEN {parsed} ELSE {moved} END"
    return _or_unreadable(f"({moved})::VARCHAR", text, reading, name)


def _local(text: str, reading: Reading, name: str) -> str:
    parsed, is_utc = _parsed(text, reading, name)
    zone = duckdb_text(reading.timezone)
    return f"CASE WHEN {is_utc} THEN timezone({zone}, timezone('UTC', {parsed})) ELSE {parsed} END"


def _local_day(text: str, reading: Reading, name: str, *, first_of_month: bool = False) -> str:
    """The text of a day in the mapping's zone: a bill's month is its provider's."""
    day = _local(text, reading, name)
    if first_of_month:
        day = f"date_trunc('month', {day})"
    return _or_unreadable(f"strftime({day}, '%Y-%m-%d')", text, reading, name)


def _or_unreadable(read: str, text: str, reading: Reading, name: str) -> str:
    """A text that is no date of the form must not be taken for one of another form."""
    note = duckdb_text(f" (not {_form(reading, name)})")
    return f"coalesce({read}, {text} || {note})"


def _define_view(
    con: duckdb.DuckDBPyConnection,
    mapping: BillMapping,
    expressions: Mapping[str, str],
    place: Mapping[str, str],
    work: Path,
) -> None:
    """Put the FOCUS reader's `raw_text` in the place of the file's own."""
    con.execute("DROP VIEW IF EXISTS own_text")
    con.execute("ALTER VIEW raw_text RENAME TO own_text")
    left_out = [
        f"coalesce(\"{place[column]}\", '') IN ({', '.join(map(duckdb_text, texts))})"
        for column, texts in mapping.leave_out.items()
        if texts
    ]
    is_left_out = " OR ".join(left_out) or "false"
    # A line that is left out is of every month, and nothing in it is judged.
    columns = [
        f"CASE WHEN {is_left_out} THEN {_LEFT_OUT.get(column.name, 'NULL')} "
        f'ELSE {expressions.get(column.name, "NULL")}::VARCHAR END AS "{column.name}"'
        for column in focus.COLUMNS
    ]
    # Written once: the reader looks at a line several times, and conversions are dear.
    path = str(work / "mapped.parquet")
    con.sql(
        "SELECT file, line, line_number, "
        f"CASE WHEN {is_left_out} THEN 'left_out' ELSE role END AS role, "
        f"{', '.join(columns)}, '{{}}' AS tags FROM own_text"
    ).write_parquet(path, compression="snappy")
    con.execute(
        f"CREATE OR REPLACE TEMP VIEW raw_text AS SELECT * FROM read_parquet({duckdb_text(path)})"
    )
