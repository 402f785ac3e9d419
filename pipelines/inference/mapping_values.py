"""What a mapping file may name as the value of a field: a column, a path, or a rule over them.

Belongs here: the grammar of values and of paths, checked before a log is opened. `mapped` makes
SQL of it. A value is the text of a column or a path, or one of the tables below; where a list is
asked for, each member is a value again.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Any, Final, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Discriminator, Field, Tag, model_validator

from pipelines.settings import Section

_FIRST: Final = re.compile(r'"(?P<quoted>[^"]+)"|(?P<name>[^."\[\]]+)')
_NEXT: Final = re.compile(r'\.(?:"(?P<quoted>[^"]+)"|(?P<name>[^."\[\]]+))|\[(?P<place>-?\d+)\]')

_NOT_REGULAR: Final = re.compile(r"\(\?(<?[=!]|P=)|\\[1-9]")
DATE_WORDS: Final = ("iso", "unix", "unix_ms", "unix_us", "unix_ns", "ticks")
_DIRECTIVES: Final = frozenset("aAbBdfgHIjmMnpSyYzZ%")


@dataclass(frozen=True)
class Path:
    """A column, and the way into its JSON: names of keys and places in lists (-1 is the last)."""

    column: str
    steps: tuple[str | int, ...] = ()

    @property
    def json_path(self) -> str:
        """The steps as DuckDB writes them."""
        return "$" + "".join(map(_written, self.steps))

    @property
    def parents(self) -> tuple[str, ...]:
        """The JSON paths of the values the way leads through, the column's own first."""
        return tuple(
            "$" + "".join(map(_written, self.steps[:count])) for count in range(len(self.steps))
        )


def _written(step: str | int) -> str:
    if isinstance(step, int):
        return f"[{step}]" if step >= 0 else f"[#{step}]"
    return f'."{step}"'


def parse_path(text: str) -> Path:
    """`usageMetadata.parts[0].count`; a name with a dot or a bracket in it stands in quotes.

    Raises:
        ValueError: it is no path.
    """
    steps: list[str | int] = []
    at = 0
    while at < len(text) or not text:
        found = (_NEXT if steps else _FIRST).match(text, at)
        if found is None:
            message = (
                "is no path: names with dots between them, places of lists as [0]; a name with a "
                "dot in it stands in quotes, such as '\"pod.name\".cpu'"
            )
            raise ValueError(message)
        part = found.groupdict()
        steps.append(int(part["place"]) if part.get("place") else part["quoted"] or part["name"])
        at = found.end()
    return Path(str(steps[0]), tuple(steps[1:]))


def _path(text: str) -> str:
    parse_path(text)
    return text


def date_form(form: str) -> str:
    """A way to write dates that can be read.

    Raises:
        ValueError: it is none of the words and no strptime format.
    """
    if form in DATE_WORDS:
        return form
    letters = re.findall(r"%-?(.)", form)
    unknown = [letter for letter in letters if letter not in _DIRECTIVES]
    if unknown or not letters:
        message = (
            f"is none of {', '.join(DATE_WORDS)} and no strptime format that is read "
            f"({', '.join('%' + letter for letter in unknown) or 'it has no %'})"
        )
        raise ValueError(message)
    return form


def _pattern(text: str) -> str:
    try:
        groups = re.compile(text).groups
    except re.error as error:
        message = f"is no regular expression: {error}"
        raise ValueError(message) from error
    if _NOT_REGULAR.search(text):
        message = "looks ahead, behind or back at a group, which is not read"
        raise ValueError(message)
    if groups != 1:
        message = f"has {groups} groups: put what is to be taken into one pair of brackets"
        raise ValueError(message)
    return text


def _as_text(value: Any) -> Any:
    is_number = isinstance(value, int | Decimal) and not isinstance(value, bool)
    return str(value) if is_number else value


Pattern = Annotated[str, AfterValidator(_pattern)]
DateForm = Annotated[str, AfterValidator(date_form)]
PathText = Annotated[str, AfterValidator(_path)]
Unit = Literal["d", "h", "min", "s", "ms", "us", "ns"]


class FirstOf(Section):
    """The first of these that is there."""

    first_of: Annotated[list["Value"], Field(min_length=1)]


class Concat(Section):
    """These as one text; what is not there is passed over."""

    concat: Annotated[list["Value"], Field(min_length=1)]
    with_: Annotated[str, Field(alias="with")] = ""


class Sum(Section):
    """These numbers added; what is not there is passed over, and nothing there gives nothing."""

    sum: Annotated[list["Value"], Field(min_length=1)]


class Product(Section):
    """These numbers multiplied; nothing where one of them is not there."""

    product: Annotated[list["Value"], Field(min_length=1)]


class Constant(Section):
    """A text or a number of its own."""

    constant: Annotated[str, BeforeValidator(_as_text)]


class Match(Section):
    """What the group of a regular expression takes out of a text; nothing if it does not fit."""

    match: Pattern
    of: "Value"


class FileName(Section):
    """What the group of a regular expression takes out of the file's name below the path."""

    file: Pattern


class Base64(Section):
    """A path inside of the JSON that a column holds in base64."""

    base64: PathText
    path: PathText


class IfThere(Section):
    """A path, or nothing where the way to it leads into a value of another shape."""

    if_there: PathText


class Moment(Section):
    """An instant in a form of its own, or moved by a duration."""

    instant: "Value"
    dates: DateForm | None = None
    plus: "Value | None" = None
    minus: "Value | None" = None
    unit: Unit = "s"

    @model_validator(mode="after")
    def _moves_one_way(self) -> Self:
        if self.plus is not None and self.minus is not None:
            message = "plus and minus: one of them"
            raise ValueError(message)
        return self


_KINDS: Final = (
    "first_of",
    "concat",
    "sum",
    "product",
    "constant",
    "match",
    "file",
    "base64",
    "if_there",
    "instant",
)


def _kind(value: Any) -> str | None:
    if isinstance(value, str):
        return "path"
    if isinstance(value, Section):
        return next((kind for kind in _KINDS if kind in type(value).model_fields), None)
    if isinstance(value, dict):
        return next((kind for kind in _KINDS if kind in value), None)
    return None


Value = Annotated[
    Annotated[PathText, Tag("path")]
    | Annotated[FirstOf, Tag("first_of")]
    | Annotated[Concat, Tag("concat")]
    | Annotated[Sum, Tag("sum")]
    | Annotated[Product, Tag("product")]
    | Annotated[Constant, Tag("constant")]
    | Annotated[Match, Tag("match")]
    | Annotated[FileName, Tag("file")]
    | Annotated[Base64, Tag("base64")]
    | Annotated[IfThere, Tag("if_there")]
    | Annotated[Moment, Tag("instant")],
    Discriminator(
        _kind,
        custom_error_type="no_value",
        custom_error_message="is neither a column or path nor one of {"
        + "}, {".join(f"{kind} = ..." for kind in _KINDS)
        + "}",
    ),
]

for _section in (FirstOf, Concat, Sum, Product, Match, Moment):
    _section.model_rebuild()


def members(value: "Value") -> tuple["Value", ...]:  # noqa: PLR0911 -- one for each kind
    """The values a value is made of."""
    match value:
        case FirstOf():
            return tuple(value.first_of)
        case Concat():
            return tuple(value.concat)
        case Sum():
            return tuple(value.sum)
        case Product():
            return tuple(value.product)
        case Match():
            return (value.of,)
        case Moment():
            return tuple(v for v in (value.instant, value.plus, value.minus) if v is not None)
        case _:
            return ()


def paths(value: "Value") -> Iterator[Path]:
    """Every path a value reads; of base64 the column."""
    if isinstance(value, str):
        yield parse_path(value)
    elif isinstance(value, Base64):
        yield parse_path(value.base64)
    elif isinstance(value, IfThere):
        yield parse_path(value.if_there)
    for member in members(value):
        yield from paths(member)
