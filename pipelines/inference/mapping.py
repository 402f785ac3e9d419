"""A mapping file for a log: which columns or JSON paths are which fields of the record.

Belongs here: what a mapping file may say, checked before a log is opened. `mapping_values` says
what a value may be, `mapped` reads logs by it, `series_mapping` holds what the kinds `counters`,
`gauges` and `amounts` may say. All that can be said of requests:

    kind = "records"              # the default: each line is a record of its own
    rank = "provider"             # where several logs saw one call: provider (also if not said),
                                  # gateway, span, bucket or counter
    [fields]                      # our field = the file's column, or the way into its JSON
    started_at = { first_of = ["response.createTime", "logged_at"] }
    model = { match = "models/([^/]+)", of = "model" }
    resource_id = { concat = ["endpoint", "variant"], with = "/" }
    input_tokens = "response.usage.promptTokenCount"
    output_tokens = { sum = ["response.usage.candidates", "response.usage.thoughts"] }
    gpu_ms = "exec_time_seconds"
    [scale]                       # our number = the file's, times
    gpu_ms = 1000
    [constants]                   # what is the same in every line
    provider = "gcp"
    [words.status]                # the file's word = ours
    SUCCEED = "ok"
    [leave_out]                   # lines that are no use of a model
    phase = ["warm-up"]
    [reading]
    dates = "%d.%m.%Y %H:%M"      # as in strptime; iso (the default), unix, unix_ms, unix_us,
                                  # unix_ns, ticks (100 ns since the year 1)
    dates_of = { ended_at = "unix" }
    origin = 2026-09-01T00:00:00Z # instants are numbers counted from here, in seconds
    origin_unit = "ms"            #   or in another unit
    timezone = "Europe/Berlin"    # of dates without an offset, if the settings name none
    decimal = ","
    thousands = "."
    delimiter = ";"               # of CSV files
    fractions = "carry"           # expected values: each line gets whole counts, and what is lost
                                  # goes to the next one, so that totals stay within 1

`kind = "pairs"` is for logs that hold a request and its response as lines of their own. The fields
are read from either, those under [response] from the response; one request comes of a pair, at the
request's time:

    [pairs]
    id = "requestid"              # what both have in common
    role = "type"                 # which of both a line is
    request = ["inference.request"]
    response = ["inference.response"]
    others = ["feedback"]         # lines that are neither, left out
    unanswered = "no_response"    # status of a request without a response
    [response]
    output_tokens = "data.usage.completion_tokens"

A response without a request was answered all the same: it is a request of its own, at its own time.

`kind = "allocations"` is for what was held from an instant until another, such as pods: `gpus`,
`vcpus` and `memory_gib` under [fields] are how much.

Nothing is guessed: a number or a date that is not as the mapping says makes its line a reject.
"""

import difflib
import re
from collections.abc import Collection, Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Final, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, Field, ValidationError, model_validator

from pipelines.errors import SettingsInvalid
from pipelines.inference.mapping_values import (
    Base64,
    DateForm,
    FirstOf,
    IfThere,
    PathText,
    Unit,
    Value,
    members,
    parse_path,
    paths,
)
from pipelines.inference.records import FIELDS
from pipelines.settings import Instant, Rank, Section, parse_toml, problems_of

BY_NAME: Final = {field.name: field for field in FIELDS}
HELD: Final = {"gpus": "gpu_held_ms", "vcpus": "vcpu_ms", "memory_gib": "memory_gib_ms"}
"""How much an allocation holds, and the field of the record that it makes over its time."""

SERIES_KINDS: Final = ("counters", "gauges", "amounts")
KINDS: Final = ("records", "pairs", "allocations", *SERIES_KINDS)

_NUMBERS: Final = ("count", "milliseconds", "held", "money", "rate")


def _known(given: Mapping[str, object]) -> Mapping[str, object]:
    names = [*BY_NAME, *HELD]
    for name in given:
        if name not in names:
            near = difflib.get_close_matches(name, names, n=1, cutoff=0)
            message = f"{name!r} is no field of the record; the nearest is {near[0]!r}"
            raise ValueError(message)
    return given


def _numbers(given: Mapping[str, Decimal]) -> Mapping[str, Decimal]:
    for name in _known(given):
        if name not in HELD and BY_NAME[name].kind not in _NUMBERS:
            message = f"{name!r} is no number: it cannot be scaled"
            raise ValueError(message)
    return given


def _instants(given: Mapping[str, str]) -> Mapping[str, str]:
    for name in given:
        if name not in ("started_at", "ended_at"):
            message = f"{name!r} is no instant: started_at or ended_at"
            raise ValueError(message)
    return given


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        message = "is no time zone of the IANA database, such as Europe/Berlin"
        raise ValueError(message) from error
    return name


Fields = Annotated[dict[str, Value], AfterValidator(_known)]


class LogReading(Section):
    """How the file writes dates and numbers."""

    dates: DateForm = "iso"
    dates_of: Annotated[dict[str, DateForm], AfterValidator(_instants)] = {}
    origin: Instant | None = None
    """The instant that numbers are counted from."""
    origin_unit: Unit = "s"
    timezone: Annotated[str, AfterValidator(_zone)] | None = None
    decimal: Literal[".", ","] = "."
    thousands: Annotated[str, Field(max_length=1)] = ""
    delimiter: Annotated[str, Field(min_length=1, max_length=1)] = ","
    fractions: Literal["reject", "carry"] = "reject"

    @model_validator(mode="after")
    def _agrees(self) -> "LogReading":
        if self.decimal == self.thousands:
            message = "decimal and thousands are the same mark"
            raise ValueError(message)
        if self.origin is not None and self.dates != "iso":
            message = "origin and dates: times counted from an instant are numbers, not dates"
            raise ValueError(message)
        return self


class Pairs(Section):
    """How a request and its response find each other."""

    id: Value
    role: Value
    request: Annotated[list[str], Field(min_length=1)]
    response: Annotated[list[str], Field(min_length=1)]
    others: list[str] = []
    unanswered: str = "no_response"

    @model_validator(mode="after")
    def _roles_differ(self) -> "Pairs":
        words = [*self.request, *self.response, *self.others]
        if doubled := {word for word in words if words.count(word) > 1}:
            message = f"{min(doubled)!r} is listed twice under request, response and others"
            raise ValueError(message)
        return self


class LogMapping(Section):
    """A mapping file of requests, pairs or allocations."""

    kind: Literal["records", "pairs", "allocations"] = "records"
    rank: Rank | None = None
    fields: Fields = {}
    response: Fields = {}
    constants: Annotated[dict[str, str], AfterValidator(_known)] = {}
    scale: Annotated[dict[str, Decimal], AfterValidator(_numbers)] = {}
    words: Annotated[dict[str, dict[str, str]], AfterValidator(_known)] = {}
    leave_out: dict[PathText, list[str]] = {}
    pairs: Pairs | None = None
    reading: LogReading = LogReading()

    @property
    def counts_as(self) -> Rank:
        """Its rank among logs of the same calls: as it says, else by what its lines are."""
        if self.rank is not None:
            return self.rank
        grain = self.constants.get("grain", "request")
        if grain == "request" and self.kind != "allocations":
            return "provider"
        return "bucket" if grain == "bucket" else "counter"

    @model_validator(mode="after")
    def _says_enough(self) -> "LogMapping":
        if problems := [*self._missing(), *self._contradictions(), *self._unreadable()]:
            raise ValueError("; ".join(problems))
        return self

    def _missing(self) -> Iterator[str]:
        said = {*self.fields, *self.response, *self.constants}
        if "started_at" not in said:
            yield "started_at is missing: name its column or path under [fields]"
        if not said & {"model", "model_ref"}:
            yield "model is missing: name it under [fields] or [constants]"
        if self.kind == "pairs" and self.pairs is None:
            yield 'pairs is missing: say under [pairs] what the lines of kind = "pairs" are'
        if self.kind == "allocations":
            if "ended_at" not in said:
                yield "ended_at is missing: until when what is held is held"
            if not said & {*HELD, *HELD.values()}:
                yield f"what is held is missing: {', '.join(HELD)} or {', '.join(HELD.values())}"
        if "ended_at" in said and self.kind == "records" and "grain" not in said:
            yield (
                "grain is missing: a line with ended_at stands for a time, so say under "
                '[constants] grain = "bucket", "counter", "sample" or "allocation"'
            )

    def _contradictions(self) -> Iterator[str]:
        for name in {*self.fields, *self.response} & {*self.constants}:
            yield f"{name} is both a field and a constant"
        for name in {*self.words} - {*self.fields, *self.response}:
            yield f"words.{name}: there is no such field under [fields]"
        for name in {*self.scale} - {*self.fields, *self.response}:
            yield f"scale.{name}: there is no such field under [fields]"
        if self.kind != "pairs" and (self.pairs is not None or self.response):
            yield '[pairs] and [response] are for kind = "pairs"'
        if self.kind != "allocations" and (held := {*self.fields, *self.constants} & {*HELD}):
            yield f'{min(held)} is for kind = "allocations"'
        if self.kind == "allocations" and "grain" in {*self.fields, *self.constants}:
            yield 'grain is said by kind = "allocations"'
        for name, field in HELD.items():
            if {name, field} <= {*self.fields, *self.constants}:
                yield f"{name} and {field} say the same: one of them"
        if self.kind == "pairs" and self.reading.fractions == "carry":
            yield 'reading.fractions: "carry" is for expected values, not for pairs of events'

    def _unreadable(self) -> Iterator[str]:
        known: dict[str, str] = {}
        for column, key in self.columns().items():
            other = known.setdefault(column.lower(), column)
            if other != column:
                yield f"{key}: {column!r} and {other!r} cannot be told apart"
        for name, text in self.constants.items():
            kind = BY_NAME[name].kind if name in BY_NAME else "milliseconds"
            if kind in _NUMBERS and not re.fullmatch(r"\d+(\.\d+)?", text):
                yield f"constants.{name}: {text!r} is no number"
            if kind == "instant" and not _is_instant(text):
                yield f"constants.{name}: {text!r} is no instant, such as 2026-09-01T00:00:00Z"

    def columns(self) -> dict[str, str]:
        """The columns of the file that are named, each with the first key that names it."""
        named: dict[str, str] = {}
        for key, value in self._values():
            for path in paths(value):
                named.setdefault(path.column, key)
        for text in self.leave_out:
            named.setdefault(parse_path(text).column, f"leave_out.{text}")
        return named

    def needed(self, there: Collection[str]) -> Iterator[tuple[str, str]]:
        """Columns a table must have and has not, each with the key that names it.

        `there` are its columns in lower case. Of the values of a `first_of` one is enough.
        """
        for key, value in self._values():
            if (column := _missing_column(value, there)) is not None:
                yield column, key
        for text in self.leave_out:
            if (column := _missing_column(text, there)) is not None:
                yield column, f"leave_out.{text}"

    def _values(self) -> Iterator[tuple[str, Value]]:
        for name, value in self.fields.items():
            yield f"fields.{name}", value
        for name, value in self.response.items():
            yield f"response.{name}", value
        if self.pairs is not None:
            yield "pairs.id", self.pairs.id
            yield "pairs.role", self.pairs.role


def _missing_column(value: Value, there: Collection[str]) -> str | None:
    """The first column without which a value cannot be."""
    if isinstance(value, IfThere):
        return None
    if isinstance(value, str | Base64):
        [path] = paths(value)
        return None if path.column.lower() in there else path.column
    missing = [_missing_column(member, there) for member in members(value)]
    if isinstance(value, FirstOf) and None in missing:
        return None
    return next((column for column in missing if column is not None), None)


def _is_instant(text: str) -> bool:
    try:
        return datetime.fromisoformat(text).tzinfo is not None
    except ValueError:
        return False


def kind_of_mapping(document: Mapping[str, Any], file: str) -> str:
    """The kind a mapping file says it is of.

    Raises:
        SettingsInvalid: there is no such kind; names the nearest.
    """
    kind = document.get("kind", "records")
    if kind not in KINDS:
        near = difflib.get_close_matches(str(kind), KINDS, n=1, cutoff=0)
        listed = ", ".join(KINDS)
        problem = f"kind: {kind!r} is none of {listed}; the nearest is {near[0]!r}"
        raise SettingsInvalid(file, [problem])
    return str(kind)


def parse_mapping(text: str, file: str) -> LogMapping:
    """The mapping in the text of a mapping file.

    Raises:
        SettingsInvalid: names every wrong or unknown key.
    """
    try:
        return LogMapping.model_validate(parse_toml(text, file))
    except ValidationError as error:
        # The alternatives of a value are named by their own key: once is enough.
        named = [re.sub(r"\.(path|(\w+)\.\2)(?=[.:])", _once, p) for p in problems_of(error)]
        raise SettingsInvalid(file, named) from error


def _once(found: re.Match[str]) -> str:
    return f".{found[2]}" if found[2] else ""
