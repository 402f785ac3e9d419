"""Logs of any shape, read by a mapping file (`mapping`).

Belongs here: the format that a mapping makes, from its values (`mapped_values`) to the records of
its lines, and the mappings that ship with the project (`mappings/*.toml`).

A pair of events is one request: the request's event becomes the record, with what the response
says of it; the response's event is left out. A request without a response keeps its time and gets
the status the mapping names; a response without a request is a request of its own. An event that
comes twice is a duplicate, one without an id a reject, and so is a request whose response cannot
be read.

Expected values (`fractions = "carry"`) are rounded over the lines of a file in their order: line n
gets what the rounded total of the first n lines exceeds that of the first n - 1 by. A file on its
own, so that its lines are the same whichever other files a run reads.
"""

import difflib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import duckdb

from pipelines.billing.columns import nearest
from pipelines.errors import SettingsInvalid
from pipelines.inference.formats import LogFormat
from pipelines.inference.mapped_values import (
    NUMBER,
    Compiler,
    Condition,
    Places,
    Reading,
    quoted,
    times,
)
from pipelines.inference.mapping import (
    BY_NAME,
    HELD,
    SERIES_KINDS,
    LogMapping,
    Pairs,
    kind_of_mapping,
    parse_mapping,
)
from pipelines.inference.mapping_values import Value, parse_path
from pipelines.inference.series_mapping import series_format
from pipelines.queries import query
from pipelines.settings import parse_toml

SETTINGS: Final = "modelspend.toml"
SHIPPED: Final = Path(__file__).resolve().parent / "mappings"
_IN_ORDER: Final = "(PARTITION BY file_no ORDER BY line ROWS UNBOUNDED PRECEDING)"


def shipped_names() -> list[str]:
    """The mappings that ship with the project."""
    return sorted(file.stem for file in SHIPPED.glob("*.toml"))


def is_shipped(name: str) -> bool:
    """Whether a mapping's name is one of the project's and no file's."""
    return name in shipped_names()


def shipped_text(name: str) -> str:
    """The text of a mapping that ships with the project.

    Raises:
        SettingsInvalid: there is none of this name; names the nearest.
    """
    if not is_shipped(name):
        near = difflib.get_close_matches(name, shipped_names(), n=1, cutoff=0)
        problem = f"mapping: {name!r} is neither a file (.toml) nor a mapping of modelspend"
        raise SettingsInvalid(SETTINGS, [f"{problem}; the nearest is {near[0]!r}"])
    return (SHIPPED / f"{name}.toml").read_text(encoding="utf-8")


def mapped_format(text: str, file: str) -> LogFormat:
    """The format of the logs that a mapping file describes.

    Raises:
        SettingsInvalid: names every wrong or unknown key.
    """
    if kind_of_mapping(parse_toml(text, file), file) in SERIES_KINDS:
        return series_format(text, file)
    mapping = parse_mapping(text, file)
    made = _Records(mapping, file)
    together = made.pairs if mapping.kind == "pairs" else made.carried
    is_single = mapping.kind != "pairs" and mapping.reading.fractions != "carry"
    return LogFormat(
        name="mapped",
        rank=mapping.counts_as,
        structure=dict.fromkeys(mapping.columns(), "VARCHAR"),
        records=made.lines if is_single else together,
        unit="line" if is_single else "source" if mapping.kind == "pairs" else "lines",
        has_documents=True,
        delimiter=mapping.reading.delimiter,
        trimmed=None if is_single else made.trimmed,
        problem_of=lambda columns: _missing_column(mapping, file, columns),
    )


def _missing_column(mapping: LogMapping, file: str, columns: Sequence[str]) -> str | None:
    """What is said of a table without a column that the mapping names."""
    there = [name.lower() for name in columns]
    for column, key in mapping.columns().items():
        if there.count(column.lower()) > 1:
            return f"column {column!r}, which {key} of {file} names, occurs twice in its header"
    for column, key in mapping.needed(there):
        return (
            f"it has no column {column!r}, which {key} of {file} names; {nearest(column, columns)}"
        )
    return None


class _Records:
    """The records of a mapping: SQL over `log_lines`."""

    def __init__(self, mapping: LogMapping, file: str) -> None:
        self.mapping, self.file = mapping, file
        self.places = Places()
        self.compiler = Compiler(self.places, mapping.reading, file)
        self.noted: list[str] = []
        self.left_out = self._left_out()
        self.fields = self._fields(mapping.fields, mapping.constants)
        own_wrong = self._wrong()
        if mapping.pairs is None:
            self.wrong = self._judged(own_wrong)
            return
        self.response = self._fields(mapping.response, {})
        response_wrong = self._wrong()
        self.event_id, self.role = self._pair(mapping.pairs)
        self.wrong = self._judged(
            f"coalesce({self._wrong()}, CASE WHEN {self.role} <> 'other' THEN {own_wrong} END)"
        )
        self.said_wrong = f"CASE WHEN {self.role} = 'response' THEN {response_wrong} END"

    def lines(self, con: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyRelation:
        """The records, one a line."""
        fields = "".join(f", {sql} AS {name}" for name, sql in self.fields.items())
        return con.sql(
            f"SELECT file_no, line, {self.wrong} AS wrong, {self.left_out} AS left_out{fields} "
            f"FROM {self.places.source('log_lines')}"
        )

    def trimmed(self, con: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyRelation:
        """The lines with what the mapping makes of each in the place of what it read."""
        made = {"left_out": self.left_out}
        if self.mapping.pairs is None:
            made |= self.fields
        else:
            response = self.response or {"nothing": "NULL::VARCHAR"}
            made |= {"event_id": self.event_id, "role": self.role}
            made |= {"own": _struct(self.fields), "said": _struct(response)}
            made |= {"said_wrong": self.said_wrong}
        return con.sql(
            f"SELECT file_no, line, file, {_struct(made)} AS r, {self.wrong} AS wrong "
            f"FROM {self.places.source('log_lines')}"
        )

    def carried(self, con: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyRelation:
        """The records of trimmed lines, counts rounded with what was left of the lines before."""
        fields = "".join(
            f", {_carried(name) if BY_NAME[name].kind == 'count' else f'r.{name}'} AS {name}"
            for name in self.fields
        )
        return con.sql(
            f"SELECT file_no, line, wrong, r.left_out AS left_out{fields} FROM log_lines"
        )

    def pairs(self, con: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyRelation:
        """The records of trimmed lines, one for each pair of events."""
        con.execute(
            "CREATE OR REPLACE TEMP VIEW mapped_events AS "
            "SELECT file_no, line, unnest(r) FROM log_lines"
        )
        fields = []
        for name in dict.fromkeys([*self.fields, *self.response, "status"]):
            # Where both say something, the response is the one that was asked.
            parts = [f"said.{name}"] if name in self.response else []
            parts += [f"own.{name}"] if name in self.fields else []
            sql = f"coalesce({', '.join(parts)})" if parts else "NULL"
            if name == "started_at" and name in self.response:
                sql = f"coalesce({', '.join(reversed(parts))})"
            if name == "status" and self.mapping.pairs is not None:
                unanswered = quoted(self.mapping.pairs.unanswered)
                sql = f"CASE WHEN is_unanswered THEN {unanswered} ELSE {sql} END"
            fields.append(f"{sql} AS {name}")
        return query(con, "inference/mapped/pairs").project(
            f"file_no, line, said_wrong AS wrong, left_out, {', '.join(fields)}"
        )

    def _judged(self, wrong: str) -> str:
        """What is wrong with a line; of one that is left out nothing is judged."""
        if not self.mapping.leave_out:
            return f"coalesce(wrong, {wrong})"
        return f"coalesce(wrong, CASE WHEN {self.left_out} IS NULL THEN {wrong} END)"

    def _fields(self, values: Mapping[str, Value], constants: Mapping[str, str]) -> dict[str, str]:
        """Every field that is said, by its name, as SQL."""
        made = {name: self._field(name, v) for name, v in values.items() if name not in HELD}
        made |= {name: quoted(text) for name, text in constants.items() if name not in HELD}
        if self.mapping.kind == "allocations":
            self._add_held(made)
        return made

    def _field(self, name: str, value: Value) -> str:
        """A field, with the conditions under which it is wrong."""
        match BY_NAME[name].kind:
            case "instant":
                reading = self._instant(name, value)
            case "text" | "flag":
                text = self.compiler.text(value)
                plain = self._in_our_words(name, text.sql)
                opens = " OR ".join(f"starts_with({text.sql}, '{mark}')" for mark in "{[")
                nested = f"({opens}) AND json_valid({text.sql})"
                reading = Reading(plain, (*text.all_wrong, (nested, "not a plain value")))
            case _:
                reading = self._number(name, value)
        self._note(name, reading.all_wrong)
        return reading.sql

    def _number(self, name: str, value: Value) -> Reading:
        """A number; where nothing is reckoned, its text is read as that of any log."""
        scale = self.mapping.scale.get(name)
        carries = self.mapping.reading.fractions == "carry" and BY_NAME[name].kind == "count"
        if scale is None and not carries and self.compiler.is_plain_number(value):
            return self.compiler.text(value)
        number = self.compiler.number(value)
        return number if scale is None else times(number, _literal(str(scale)))

    def _instant(self, name: str, value: Value) -> Reading:
        """An instant; ISO 8601 that is only read and not reckoned with is read as in any log."""
        reading = self.mapping.reading
        form = reading.dates_of.get(name, reading.dates)
        is_plain = self.compiler.is_plain_instant(value) and self.mapping.kind == "records"
        if form == "iso" and is_plain and reading.origin is None and reading.timezone is None:
            return self.compiler.iso_text(self.compiler.text(value))
        return self.compiler.instant(value, form)

    def _in_our_words(self, name: str, text: str) -> str:
        words = self.mapping.words.get(name)
        if not words:
            return text
        whens = " ".join(
            f"WHEN {quoted(theirs)} THEN {quoted(ours)}" for theirs, ours in words.items()
        )
        return f"CASE {text} {whens} ELSE {text} END"

    def _add_held(self, made: dict[str, str]) -> None:
        """What an allocation holds, over its time; it is no request."""
        made.setdefault("requests", "0")
        made["grain"] = "'allocation'"
        start, end = (f"{made[name]}::TIMESTAMPTZ" for name in ("started_at", "ended_at"))
        self._note("ended_at", [(f"{end} < {start}", "before it started")])
        lasts = Reading(f"((epoch_us({end}) - epoch_us({start}))::DECIMAL(18,0) * 0.001)")
        for name, field in HELD.items():
            if name in self.mapping.constants:
                held = _literal(self.mapping.constants[name])
            elif name in self.mapping.fields:
                held = self.compiler.number(self.mapping.fields[name])
                if name in self.mapping.scale:
                    held = times(held, _literal(str(self.mapping.scale[name])))
            else:
                continue
            over_time = times(held, lasts)
            self._note(field, over_time.wrong)
            made[field] = over_time.sql

    def _left_out(self) -> str:
        whens = []
        for text, words in self.mapping.leave_out.items():
            there = self.places.text(parse_path(text))
            listed = ", ".join(map(quoted, words))
            reason = quoted(f"left out by {text}")
            whens.append(f"WHEN coalesce({there}, '') IN ({listed}) THEN {reason}")
        return f"CASE {' '.join(whens)} END" if whens else "NULL::VARCHAR"

    def _pair(self, pairs: Pairs) -> tuple[str, str]:
        """The id that both events have, and which of both a line is."""
        event_id, role = self.compiler.text(pairs.id), self.compiler.text(pairs.role)
        words = ((pairs.request, "request"), (pairs.response, "response"), (pairs.others, "other"))
        whens = " ".join(
            f"WHEN {role.sql} IN ({', '.join(map(quoted, listed))}) THEN '{ours}'"
            for listed, ours in words
            if listed
        )
        ours = f"CASE {whens} END"
        self._note("(role)", (*role.all_wrong, (f"{ours} IS NULL", "neither request nor response")))
        missing = f"{ours} <> 'other' AND {event_id.sql} IS NULL"
        self._note("(id)", (*event_id.all_wrong, (missing, "missing")))
        return event_id.sql, ours

    def _note(self, name: str, wrong: Sequence[Condition]) -> None:
        self.noted += [
            f"WHEN {condition} THEN {quoted(f'{name}|{reason}')}"
            for condition, reason in dict.fromkeys(wrong)
        ]

    def _wrong(self) -> str:
        """The first thing that is wrong of those noted since the last time."""
        noted, self.noted = self.noted, []
        return f"CASE {' '.join(noted)} END" if noted else "NULL::VARCHAR"


def _literal(text: str) -> Reading:
    return Reading(f"{quoted(text)}::{NUMBER}")


def _struct(fields: Mapping[str, str]) -> str:
    return f"struct_pack({', '.join(f'{name} := {sql}' for name, sql in fields.items())})"


def _carried(name: str) -> str:
    """A line's share of the rounded total so far. A line that is no record has no share."""
    amount = f"CASE WHEN r.left_out IS NULL THEN coalesce(r.{name}::{NUMBER}, 0) ELSE 0 END"
    total = f"sum({amount}) OVER {_IN_ORDER}"
    share = f"round({total}) - round({total} - {amount})"
    return f"CASE WHEN r.{name} IS NOT NULL THEN ({share})::BIGINT END"
