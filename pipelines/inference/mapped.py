"""Logs of any shape, read by a mapping file (`mapping`).

Belongs here: the format that a mapping makes, from its values (`mapped_values`) to the records of
its lines, and the mappings that ship with the project (`mappings/*.toml`).

A pair of events is one request: the request's event becomes the record, with what the response
says of it; the response's event is left out. A request without a response keeps its time and gets
the status the mapping names; a response without a request is a request of its own. An event that
comes twice is a duplicate, one without an id a reject.

Expected values (`fractions = "carry"`) are rounded over all lines of a source in their order: line
n gets what the rounded total of the first n lines exceeds that of the first n - 1 by.
"""

import difflib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import duckdb

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
    LogMapping,
    kind_of_mapping,
    parse_mapping,
)
from pipelines.inference.mapping_values import Value, parse_path
from pipelines.queries import query
from pipelines.settings import parse_toml

SHIPPED: Final = Path(__file__).resolve().parent / "mappings"
_PLACE: Final = "file_no, line"
_IN_ORDER: Final = f"(ORDER BY {_PLACE} ROWS UNBOUNDED PRECEDING)"


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
        raise SettingsInvalid("modelspend.toml", [f"{problem}; the nearest is {near[0]!r}"])
    return (SHIPPED / f"{name}.toml").read_text(encoding="utf-8")


def mapped_format(text: str, file: str) -> LogFormat:
    """The format of the logs that a mapping file describes.

    Raises:
        SettingsInvalid: names every wrong or unknown key.
    """
    kind = kind_of_mapping(parse_toml(text, file), file)
    if kind not in ("records", "pairs", "allocations"):
        message = f"kind: {kind!r} is not read yet"
        raise SettingsInvalid(file, [message])
    mapping = parse_mapping(text, file)
    structure = _structure(mapping)
    # What cannot be made is said now.
    _Records(mapping, file, {name: True for name, kind in structure.items() if kind == "JSON"})

    def records(con: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyRelation:
        return _Records(mapping, file, _trusted(con, structure)).relation(con)

    carries = mapping.reading.fractions == "carry"
    return LogFormat(
        name="mapped",
        rank=mapping.rank,
        structure=structure,
        records=records,
        unit="source" if carries or mapping.kind == "pairs" else "line",
        has_documents=True,
    )


def _structure(mapping: LogMapping) -> dict[str, Any]:
    """Every column a mapping names: as text, or as JSON where a path leads into it."""
    found = dict.fromkeys(mapping.columns(), "VARCHAR")
    for path in mapping.paths():
        if path.steps:
            found[path.column] = "JSON"
    return found


def _trusted(con: duckdb.DuckDBPyConnection, structure: Mapping[str, str]) -> dict[str, bool]:
    """The columns with paths into them; True where the lines at hand hold them as JSON."""
    kind = con.sql("SELECT r FROM log_lines").types[0]
    kinds = {name: str(child) for name, child in kind.children}
    return {
        name: kinds[name] != "VARCHAR" for name, wanted in structure.items() if wanted == "JSON"
    }


class _Records:
    """The records of a mapping: SQL over `log_lines`."""

    def __init__(self, mapping: LogMapping, file: str, trusted: Mapping[str, bool]) -> None:
        self.mapping, self.file = mapping, file
        self.places = Places(trusted)
        self.compiler = Compiler(self.places, mapping.reading, file)
        self.wrong: list[str] = []
        self.fields = self._fields(mapping.fields)
        self.own_wrong = self._wrong()
        self.response = self._fields(mapping.response, of_response=True)
        self.response_wrong = self._wrong()
        self.left_out = self._left_out()
        self.pair = self._pair() if mapping.pairs is not None else {}
        self.pair_wrong = self._wrong()

    def relation(self, con: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyRelation:
        """The records of the lines at hand."""
        if self.mapping.kind == "pairs":
            return self._paired(con)
        fields = "".join(f", {sql} AS {name}" for name, sql in self.fields.items())
        records = (
            f"SELECT {_PLACE}, {self._judged(self.own_wrong)} AS wrong, "
            f"{self.left_out} AS left_out{fields} FROM {self.places.source('log_lines')}"
        )
        if self.mapping.reading.fractions != "carry":
            return con.sql(records)
        carried = ", ".join(
            f"{_carried(name)} AS {name}" for name in self.fields if BY_NAME[name].kind == "count"
        )
        return con.sql(f"SELECT * REPLACE ({carried}) FROM ({records})" if carried else records)

    def _judged(self, wrong: str) -> str:
        """What is wrong with a line; of one that is left out nothing is judged."""
        if not self.mapping.leave_out:
            return f"coalesce(wrong, {wrong})"
        return f"coalesce(wrong, CASE WHEN {self.left_out} IS NULL THEN {wrong} END)"

    def _paired(self, con: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyRelation:
        own = ", ".join(f"{name} := {sql}" for name, sql in self.fields.items())
        response = ", ".join(f"{name} := {sql}" for name, sql in self.response.items())
        is_other = f"coalesce({self.pair['role']} = 'other', false)"
        is_response = f"coalesce({self.pair['role']} = 'response', false)"
        wrong = self._judged(
            f"coalesce({self.pair_wrong}, CASE WHEN NOT {is_other} THEN {self.own_wrong} END, "
            f"CASE WHEN {is_response} THEN {self.response_wrong} END)"
        )
        con.execute(
            f"CREATE OR REPLACE TEMP VIEW mapped_events AS SELECT {_PLACE}, {wrong} AS wrong, "
            f"{self.left_out} AS left_out, {self.pair['id']} AS event_id, "
            f"{self.pair['role']} AS role, struct_pack({own}) AS own, "
            f"struct_pack({response or 'nothing := NULL'}) AS said "
            f"FROM {self.places.source('log_lines')}"
        )
        unanswered = self.mapping.pairs.unanswered if self.mapping.pairs else ""
        columns = []
        for name in dict.fromkeys([*self.fields, *self.response, "status"]):
            parts = [
                *([f"said.{name}"] if name in self.response else []),
                *([f"own.{name}"] if name in self.fields else []),
            ]
            sql = f"coalesce({', '.join(parts)})" if parts else "NULL"
            if name == "status":
                sql = f"CASE WHEN is_unanswered THEN {quoted(unanswered)} ELSE {sql} END"
            columns.append(f"{sql} AS {name}")
        return query(con, "inference/mapped/pairs").project(
            f"{_PLACE}, wrong, left_out, {', '.join(columns)}"
        )

    def _fields(self, values: Mapping[str, Value], *, of_response: bool = False) -> dict[str, str]:
        """Every field that is said, by its name, as SQL."""
        made: dict[str, str] = {}
        for name, value in values.items():
            if name not in HELD:
                made[name] = self._field(name, value)
        if of_response:
            return made
        for name, text in self.mapping.constants.items():
            if name not in HELD:
                made[name] = quoted(text)
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
                nested = f"regexp_matches({text.sql}, '^[{{\\[]') AND json_valid({text.sql})"
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
            whens.append(
                f"WHEN coalesce({there}, '') IN ({listed}) THEN 'left out by {_name(text)}'"
            )
        return f"CASE {' '.join(whens)} END" if whens else "NULL::VARCHAR"

    def _pair(self) -> dict[str, str]:
        """The id that both events have, and which of both a line is."""
        pairs = self.mapping.pairs
        if pairs is None:
            return {}
        event_id, role = self.compiler.text(pairs.id), self.compiler.text(pairs.role)
        words = [
            (pairs.request, "request"),
            (pairs.response, "response"),
            (pairs.others, "other"),
        ]
        whens = " ".join(
            f"WHEN {role.sql} IN ({', '.join(map(quoted, listed))}) THEN '{ours}'"
            for listed, ours in words
            if listed
        )
        ours = f"CASE {whens} END"
        self._note("(role)", (*role.all_wrong, (f"{ours} IS NULL", "neither request nor response")))
        missing = f"{ours} <> 'other' AND {event_id.sql} IS NULL"
        self._note("(id)", (*event_id.all_wrong, (missing, "missing")))
        return {"id": event_id.sql, "role": ours}

    def _note(self, name: str, wrong: Sequence[Condition]) -> None:
        self.wrong += [
            f"WHEN {condition} THEN {quoted(f'{name}|{reason}')}"
            for condition, reason in dict.fromkeys(wrong)
        ]

    def _wrong(self) -> str:
        """The first thing that is wrong of those noted since the last time."""
        noted, self.wrong = self.wrong, []
        return f"CASE {' '.join(noted)} END" if noted else "NULL::VARCHAR"


def _literal(text: str) -> Reading:
    return Reading(f"{quoted(text)}::{NUMBER}")


def _name(text: str) -> str:
    return text.replace("'", "")


def _carried(name: str) -> str:
    """A line's share of the rounded total so far. A line that is no record has no share."""
    amount = f"CASE WHEN wrong IS NULL AND left_out IS NULL THEN coalesce({name}, 0) ELSE 0 END"
    total = f"sum({amount}) OVER {_IN_ORDER}"
    share = f"round({total}) - round({total} - {amount})"
    return f"CASE WHEN {name} IS NOT NULL THEN ({share})::BIGINT END"
