"""Ids as the catalogue may write them: whole, or with `*` (any text) and `?` (any character)."""

import re
from functools import cache


def is_pattern(text: str) -> bool:
    """Whether a text stands for many ids."""
    return "*" in text or "?" in text


def literal_length(text: str) -> int:
    """How much of a pattern is text: the more, the fewer ids it means."""
    return len(text.replace("*", "").replace("?", ""))


def matches(pattern: str, text: str) -> bool:
    """Whether an id is meant, whole and without case: `*role/search-*` is every such role."""
    return _expression(pattern).fullmatch(text) is not None


@cache
def _expression(pattern: str) -> re.Pattern[str]:
    parts = (
        {"*": ".*", "?": "."}.get(part, re.escape(part)) for part in re.split(r"([*?])", pattern)
    )
    return re.compile("".join(parts), re.IGNORECASE | re.DOTALL)
