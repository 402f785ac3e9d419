"""The values of a mapping file as SQL over the lines of a log.

Belongs here: how a path is looked up in a line, and how texts, numbers and instants are read in the
forms a mapping names. What is not written so keeps its line out: each reading brings the conditions
under which it is wrong. `mapped` puts the pieces together.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from pipelines.errors import SettingsInvalid
from pipelines.inference.mapping import LogReading
from pipelines.inference.mapping_values import (
    Base64,
    Concat,
    Constant,
    FileName,
    FirstOf,
    IfThere,
    Match,
    Moment,
    Path,
    Product,
    Sum,
    Unit,
    Value,
    parse_path,
)
from pipelines.inference.records import NAIVE, ZONED
from pipelines.queries import identifier

NUMBER: Final = "DECIMAL(28,12)"
"""Of factors and sums: 12 decimals, and a product of two keeps 14 digits before the point."""

_TIME_NUMBER: Final = "DECIMAL(30,9)"
_MICROSECONDS: Final[Mapping[str, int]] = {
    "d": 86_400_000_000,
    "h": 3_600_000_000,
    "min": 60_000_000,
    "s": 1_000_000,
    "ms": 1000,
    "us": 1,
}
_UNIX: Final[Mapping[str, Unit]] = {"unix": "s", "unix_ms": "ms", "unix_us": "us", "unix_ns": "ns"}
_TICKS_TO_1970: Final = 62_135_596_800_000_000
"""Microseconds from the year 1, where ticks start, to 1970."""

Condition = tuple[str, str]
"""When something is wrong, and what."""


def quoted(text: str) -> str:
    """A text as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"


@dataclass(frozen=True)
class Reading:
    """SQL of a value, and the conditions under which it was not written as the mapping says."""

    sql: str
    wrong: tuple[Condition, ...] = ()
    nowhere: tuple[Condition, ...] = ()
    """That the way to a value leads into one of another shape: no harm where another is there."""

    @property
    def all_wrong(self) -> tuple[Condition, ...]:
        """Every condition, for a value that stands alone."""
        return (*self.nowhere, *self.wrong)


@dataclass
class Places:
    """Where the paths of a mapping are found in a line.

    Filled while values are made to SQL; `source` then is the sub-select that has them. The paths
    into one column are looked up together, so that its JSON is parsed once. A column holds JSON as
    an object or as its text: both are the same here.
    """

    json: dict[str, list[str]] = field(default_factory=dict)
    """Paths by the SQL of the text they lead into."""
    base64: dict[str, list[str]] = field(default_factory=dict)
    siblings: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    """What was asked for inside of one value, by the text it lies in and the path to it."""
    made: dict[str, None] = field(default_factory=dict)
    """What is made of the texts, each once: values and the conditions on them share it."""

    def once(self, sql: str) -> str:
        """The column in which a value is made."""
        self.made.setdefault(sql)
        return identifier(f"made {list(self.made).index(sql)}")

    def text(self, path: Path) -> str:
        """The text of a column or of what lies at a path; NULL where it is not there or empty."""
        column = f"nullif(r.{identifier(path.column)}, '')"
        if not path.steps:
            return column
        found = self._place(self.json, column, path.json_path, "found")
        together = self.siblings.setdefault((column, path.parents[-1]), [])
        if found not in together:
            together.append(found)
        return f"nullif({found}, '')"

    def text_in_base64(self, value: Base64) -> str:
        """The text at a path inside of the JSON that a column holds in base64."""
        column = self.text(parse_path(value.base64))
        inside = parse_path(value.path)
        steps = Path("", (inside.column, *inside.steps)).json_path
        return f"nullif({self._place(self.base64, column, steps, 'decoded')}, '')"

    def leads_nowhere(self, path: Path) -> str | None:
        """The condition that the way to a path leads into a value that has no such steps.

        Where anything was found beside it, the way is right, and nothing is parsed again.
        """
        if not path.steps:
            return None
        column = self.text(Path(path.column))
        beside = list(self.siblings).index((column, path.parents[-1]))
        kinds = [
            f"json_type({column}, {quoted(parent)}) NOT IN "
            f"('{'ARRAY' if isinstance(step, int) else 'OBJECT'}', 'NULL')"
            for parent, step in zip(path.parents, path.steps, strict=True)
        ]
        return (
            f"{identifier(f'beside {beside}')} IS NULL AND {column} IS NOT NULL AND "
            f"CASE WHEN json_valid({column}) THEN {' OR '.join(kinds)} ELSE true END"
        )

    @staticmethod
    def _place(roots: dict[str, list[str]], root: str, path: str, name: str) -> str:
        wanted = roots.setdefault(root, [])
        if path not in wanted:
            wanted.append(path)
        found = identifier(f"{name} {list(roots).index(root)}")
        return f"{found}[{wanted.index(path) + 1}]"

    def source(self, lines: str) -> str:
        """The lines with everything that was asked for; a text that is no JSON has nothing."""
        found = [
            f"TRY(json_extract_string({text}, [{', '.join(map(quoted, paths))}])) "
            f"AS {identifier(f'found {number}')}"
            for number, (text, paths) in enumerate(self.json.items())
        ]
        decoded = [
            f"TRY(json_extract_string(decode(from_base64({text})), "
            f"[{', '.join(map(quoted, paths))}])) AS {identifier(f'decoded {number}')}"
            for number, (text, paths) in enumerate(self.base64.items())
        ]
        beside = [
            f"coalesce({', '.join(texts)}) AS {identifier(f'beside {number}')}"
            for number, texts in enumerate(self.siblings.values())
        ]
        made = [f"{sql} AS {identifier(f'made {number}')}" for number, sql in enumerate(self.made)]
        for step in (found, decoded, beside, made):
            if step:
                lines = f"(SELECT *, {', '.join(step)} FROM {lines})"
        return lines


@dataclass(frozen=True)
class Compiler:
    """Makes SQL of values."""

    places: Places
    reading: LogReading
    file: str
    """The mapping file, for messages."""

    def text(self, value: Value) -> Reading:  # noqa: PLR0911 -- one for each kind of value
        """A value as a text."""
        match value:
            case str():
                path = parse_path(value)
                sql = self.places.text(path)
                nowhere = self.places.leads_nowhere(path)
                if nowhere is None:
                    return Reading(sql)
                reason = f"{value} leads into a value that is no object"
                return Reading(sql, (), ((nowhere, reason),))
            case IfThere():
                return Reading(self.places.text(parse_path(value.if_there)))
            case Constant():
                return Reading(quoted(value.constant))
            case FileName():
                return Reading(f"nullif(regexp_extract(file, {quoted(value.file)}, 1), '')")
            case Match():
                of = self.text(value.of)
                pattern = quoted(value.match)
                return Reading(
                    f"nullif(regexp_extract({of.sql}, {pattern}, 1), '')", of.wrong, of.nowhere
                )
            case Base64():
                return Reading(self.places.text_in_base64(value))
            case FirstOf():
                return _first_of([self.text(v) for v in value.first_of])
            case Concat():
                form = f"nullif(concat_ws({quoted(value.with_)}, {{}}), '')"
                return _joined([self.text(v) for v in value.concat], form)
            case Sum() | Product():
                number = self.number(value)
                return Reading(f"({number.sql})::VARCHAR", number.wrong, number.nowhere)
            case Moment():
                problem = f"{{ instant = ... }} makes an instant, not a text or a number: {value}"
                raise SettingsInvalid(self.file, [problem])

    def number(self, value: Value) -> Reading:
        """A value as a decimal."""
        match value:
            case FirstOf():
                return _first_of([self.number(v) for v in value.first_of])
            case Constant():
                return Reading(f"{quoted(value.constant)}::{NUMBER}")
            case Sum():
                return self._sum([self.number(v) for v in value.sum])
            case Product():
                product, *others = [self.number(v) for v in value.product]
                for other in others:
                    product = times(product, other)
                return product
            case _:
                text = self.text(value)
                number = self.places.once(self._cast(text.sql, NUMBER))
                unread = (f"{text.sql} IS NOT NULL AND {number} IS NULL", "not a number")
                return Reading(number, (*text.wrong, unread), text.nowhere)

    def instant(self, value: Value, form: str) -> Reading:
        """A value as an instant with a zone."""
        match value:
            case FirstOf():
                return _first_of([self.instant(v, form) for v in value.first_of])
            case Moment():
                at = self.instant(value.instant, value.dates or form)
                by = value.plus if value.plus is not None else value.minus
                if by is None:
                    return at
                sign = "+" if value.minus is None else "-"
                amount = self.number(by)
                moved = f"epoch_us({at.sql}) {sign} {microseconds(amount.sql, value.unit)}"
                return _with_parts(f"make_timestamptz({moved})", [at, amount])
            case _:
                return self._read_instant(self.text(value), form)

    def is_plain_number(self, value: Value) -> bool:
        """Whether the text is all there is to a number: it is read as any log's number."""
        if self.reading.decimal != "." or self.reading.thousands:
            return False
        match value:
            case FirstOf():
                return all(map(self.is_plain_number, value.first_of))
            case Sum() | Product():
                return False
            case _:
                return True

    @staticmethod
    def is_plain_instant(value: Value) -> bool:
        """Whether the text is all there is to an instant."""
        match value:
            case FirstOf():
                return all(map(Compiler.is_plain_instant, value.first_of))
            case Moment():
                return False
            case _:
                return True

    @staticmethod
    def iso_text(text: Reading) -> Reading:
        """An instant of ISO 8601, left to be read as any log's; `UTC` at its end is a zone too."""
        sql = f"replace({text.sql}, ' UTC', 'Z')"
        unread = (f"{text.sql} NOT LIKE '____-__-__%'", "not iso")
        return Reading(sql, (*text.wrong, unread), text.nowhere)

    def _cast(self, text: str, kind: str) -> str:
        decimal, thousands = self.reading.decimal, self.reading.thousands
        if decimal == "." and not thousands:
            return f"TRY_CAST({text} AS {kind})"
        mark, point = (f"\\{thousands}" if thousands else ""), f"\\{decimal}"
        whole = rf"(\d+|\d{{1,3}}({mark}\d{{3}})+)" if thousands else r"\d+"
        form = quoted(rf"-?({whole}({point}\d*)?|{point}\d+)([eE][-+]?\d+)?")
        plain = f"replace({text}, {quoted(thousands)}, '')" if thousands else text
        plain = f"replace({plain}, {quoted(decimal)}, '.')" if decimal != "." else plain
        return f"CASE WHEN regexp_full_match({text}, {form}) THEN TRY_CAST({plain} AS {kind}) END"

    @staticmethod
    def _sum(parts: Sequence[Reading]) -> Reading:
        given = " OR ".join(f"{part.sql} IS NOT NULL" for part in parts)
        total = " + ".join(f"coalesce({part.sql}, 0)" for part in parts)
        sql = f"CASE WHEN {given} THEN TRY(({total})::{NUMBER}) END"
        # A negative part would hide in the sum.
        negative = ((f"{part.sql} < 0", "negative") for part in parts)
        too_large = (f"({given}) AND {sql} IS NULL", "too large")
        return _with_parts(sql, parts, *negative, too_large)

    def _read_instant(self, text: Reading, form: str) -> Reading:
        given = text.sql
        zone = f"coalesce(getvariable('log_zone')::VARCHAR, {self._zone()})"
        reason = f"not {form}"
        if form == "iso" and self.reading.origin is not None:
            reason = f"not a number of {self.reading.origin_unit} since the origin"
            since = microseconds(self._cast(given, _TIME_NUMBER), self.reading.origin_unit)
            start = f"epoch_us({quoted(self.reading.origin.isoformat())}::TIMESTAMP)"
            sql = f"make_timestamptz({start} + {since})"
        elif form == "iso":
            plain = f"replace({given}, ' UTC', 'Z')"
            sql = (
                f"CASE WHEN ends_with({plain}, 'Z') "
                f"THEN make_timestamptz(epoch_us(TRY_CAST({plain} AS TIMESTAMP))) "
                f"WHEN regexp_matches({plain}, {quoted(ZONED)}) "
                f"THEN TRY_CAST({plain} AS TIMESTAMPTZ) "
                f"WHEN regexp_matches({plain}, {quoted(NAIVE)}) "
                f"THEN timezone({zone}, TRY_CAST({plain} AS TIMESTAMP)) END"
            )
        elif form in _UNIX:
            since = microseconds(self._cast(given, _TIME_NUMBER), _UNIX[form])
            sql = f"make_timestamptz({since})"
        elif form == "ticks":
            since = f"TRY_CAST({given} AS BIGINT) // 10 - {_TICKS_TO_1970}"
            sql = f"make_timestamptz({since})"
        else:
            parsed = f"try_strptime({given}, {quoted(form)})"
            has_zone = "%z" in form or "%Z" in form
            sql = parsed if has_zone else f"timezone({zone}, {parsed})"
        sql = self.places.once(sql)
        unread = f"{given} IS NOT NULL AND {sql} IS NULL"
        naive = f"{unread} AND {zone} IS NULL AND regexp_matches({given}, {quoted(NAIVE)})"
        no_zone = ((naive, "no time zone"),) if form == "iso" else ()
        return Reading(sql, (*text.wrong, *no_zone, (unread, reason)), text.nowhere)

    def _zone(self) -> str:
        return quoted(self.reading.timezone) if self.reading.timezone else "NULL"


def times(one: Reading, other: Reading) -> Reading:
    """The product of two numbers."""
    sql = f"TRY(({one.sql} * {other.sql})::{NUMBER})"
    given = f"{one.sql} IS NOT NULL AND {other.sql} IS NOT NULL"
    return _with_parts(sql, [one, other], (f"{given} AND {sql} IS NULL", "too large"))


def microseconds(number: str, unit: Unit) -> str:
    """A duration in whole microseconds, what is finer cut off."""
    if unit == "ns":
        return f"TRY(floor({number})::BIGINT // 1000)"
    return f"TRY(floor({number} * {_MICROSECONDS[unit]})::BIGINT)"


def _first_of(parts: Sequence[Reading]) -> Reading:
    """The first that is there; it is only wrong that none is if the ways to all led nowhere."""
    sql = f"coalesce({', '.join(part.sql for part in parts)})"
    ways = [" OR ".join(f"({way})" for way, _ in part.nowhere) for part in parts]
    lost = f"{sql} IS NULL AND {' AND '.join(f'({way})' for way in ways)}"
    nowhere = ((lost, parts[0].nowhere[0][1]),) if all(ways) else ()
    return Reading(sql, tuple(wrong for part in parts for wrong in part.wrong), nowhere)


def _joined(parts: Sequence[Reading], form: str) -> Reading:
    return _with_parts(form.format(", ".join(part.sql for part in parts)), parts)


def _with_parts(sql: str, parts: Sequence[Reading], *wrong: Condition) -> Reading:
    """A value of several, as wrong as each of them."""
    return Reading(
        sql,
        (*(condition for part in parts for condition in part.wrong), *wrong),
        tuple(condition for part in parts for condition in part.nowhere),
    )
