"""The columns of an export that are read, and how a file's header is matched with them.

A provider names its columns differently over the years (`SavingsPlanArn`, `SavingsPlanARN`,
`savings_plan_savings_plan_a_r_n`) and any column may be absent, except a core without which a line
cannot be charged. Names are compared without case and punctuation.
"""

import difflib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from pipelines.errors import BillUnreadable

Kind = Literal["text", "money", "quantity", "instant", "json"]


@dataclass(frozen=True)
class Column:
    """A column that is read: our name for its text, the provider's header, what it holds.

    `aliases` are further headers of the same column, tried in order.
    """

    name: str
    header: str
    kind: Kind = "text"
    is_core: bool = False
    aliases: tuple[str, ...] = ()
    absence: str = ""
    """Said when a core column is missing, instead of the nearest one: why, and what to do."""

    @property
    def headers(self) -> tuple[str, ...]:
        """Every name the column goes by, the provider's present one first."""
        return (self.header, *self.aliases)


@dataclass(frozen=True)
class Header:
    """Where the columns of one file are: positions by our name, and the tag columns by key."""

    names: list[str]
    positions: dict[str, int]
    tags: dict[str, list[int]]
    nameless_tags: list[int]
    """Tag columns without a key: their values are counted, not kept."""
    doubled: list[str]
    """Columns that occur more than once; the first is read."""
    delimiter: str = ","


TagKey = Callable[[str], str | None]
"""The tag key a header stands for; '' if it has none, None if the column is no tag."""

_PUNCTUATION = re.compile(r"[\W_]")


def no_tags(_: str) -> None:
    """For exports that carry all tags in one column."""


def plain_name(header: str) -> str:
    """A header as it is compared: without case and punctuation."""
    return _PUNCTUATION.sub("", header.lower()) or header


def match_header(
    names: Sequence[str],
    columns: Sequence[Column],
    source: str,
    month: str,
    file: str,
    tag_key: TagKey = no_tags,
    delimiter: str = ",",
) -> Header:
    """Find the columns in a file's header.

    Raises:
        BillUnreadable: a core column is missing (named, with the nearest one there is), or a
            money column occurs twice.
    """
    found: dict[str, list[int]] = {}
    tags: dict[str, list[int]] = {}
    nameless = []
    for position, name in enumerate(names):
        key = tag_key(name)
        if key:
            tags.setdefault(key, []).append(position)
        elif key == "":
            nameless.append(position)
        else:
            found.setdefault(plain_name(name), []).append(position)
    positions, doubled = {}, []
    for column in columns:
        here = next((at for h in column.headers if (at := found.get(plain_name(h)))), [])
        if not here:
            if column.is_core:
                more = f": {column.absence}" if column.absence else ""
                raise BillUnreadable(
                    source,
                    month,
                    f"{file} has no column {column.header!r}"
                    f"{more or '; ' + nearest(column.header, names)}",
                    "the first line of the file",
                )
            continue
        if len(here) > 1 and (column.kind == "money" or column.is_core):
            raise BillUnreadable(
                source,
                month,
                f"{file} has column {column.header!r} {len(here)} times, so that its amount is "
                "not known",
                "the first line of the file",
            )
        if len(here) > 1:
            doubled.append(column.header)
        positions[column.name] = here[0]
    doubled += [f"tag {key}" for key, here in tags.items() if len(here) > 1]
    return Header(list(names), positions, tags, nameless, doubled, delimiter)


def nearest(header: str, names: Sequence[str]) -> str:
    """What a reader should look at when a column is missing."""
    close = difflib.get_close_matches(header, names, n=1, cutoff=0)
    return f"the nearest there is is {close[0]!r}" if close else "the file has no columns"
