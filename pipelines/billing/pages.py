"""Pages of an API's answers (`{"object": "page", "data": [bucket, ...]}`) as flat results.

Belongs here: how stored answers of OpenAI's organization API are opened, one page or array of pages
a file, or a page or bucket a line, and their nested fields named `amount.value`. Numbers stay the
text they were written as: no amount passes through a float.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from pipelines.errors import BillUnreadable, FileDamaged
from pipelines.files import LocalFile, content

_LOOKED_AT = 1 << 16
_PAGE = re.compile(rb'"object"\s*:\s*"(page|bucket|organization\.(costs|usage\.[a-z_]+)\.result)"')


@dataclass(frozen=True)
class Bucket:
    """One bucket of a page: its bounds as they are written, and its results, flat."""

    page: int
    """The number of its page in the file."""
    start: str
    end: str
    results: list[dict[str, str | None]] = field(default_factory=list)
    is_last_of_more: bool = False
    """The last of its page, which says that there are more pages."""


def is_pages(file: LocalFile) -> bool:
    """Whether a JSON file holds pages or buckets, by its beginning.

    Raises:
        FileDamaged: the gzip is.
    """
    head = b""
    for piece in content(file):
        head += piece
        if len(head) >= _LOOKED_AT:
            break
    return _PAGE.search(head[:_LOOKED_AT]) is not None


def page_names(file: LocalFile, source: str, month: str) -> list[str]:
    """The names of the fields of a file's results, those of their bucket first.

    Raises:
        BillUnreadable: see `buckets`.
    """
    names = dict.fromkeys(("start_time", "end_time"))
    for bucket in buckets(file, source, month):
        for result in bucket.results:
            names |= dict.fromkeys(result)
    return list(names)


def buckets(file: LocalFile, source: str, month: str) -> Iterator[Bucket]:
    """The buckets of a file, in its order.

    Raises:
        BillUnreadable: the file is damaged, no JSON, or holds something else than pages.
    """
    for number, page in enumerate(_documents(file, source, month), start=1):
        where = f"{file.name}, page {number}"
        found = page.get("data", [page] if "results" in page else None)
        if not isinstance(found, list):
            problem = f"{where} is no page of an API's answer: it has no `data` of buckets"
            raise BillUnreadable(source, month, problem, where)
        has_more = page.get("has_more") is True
        for place, bucket in enumerate(found, start=1):
            results = bucket.get("results") if isinstance(bucket, dict) else None
            if not isinstance(results, list):
                problem = f"{where}: bucket {place} has no `results`"
                raise BillUnreadable(source, month, problem, where)
            yield Bucket(
                page=number,
                start=str(bucket.get("start_time", "")),
                end=str(bucket.get("end_time", "")),
                results=[_flat(result) for result in results if isinstance(result, dict)],
                is_last_of_more=has_more and place == len(found),
            )


def _documents(file: LocalFile, source: str, month: str) -> Iterator[Mapping[str, Any]]:
    """The JSON objects of a file: one, an array of them, or one a line."""
    try:
        text = b"".join(content(file)).decode("utf-8-sig", errors="replace")
    except FileDamaged as error:
        problem = f"{file.name} is damaged: {error.problem}"
        raise BillUnreadable(source, month, problem, file.name) from error
    try:
        documents = [_parsed(text)]
    except ValueError as error:
        lines = [line for line in text.splitlines() if line.strip()]
        try:
            documents = [_parsed(line) for line in lines]
        except ValueError:
            problem = f"{file.name} is no JSON: {error}"
            raise BillUnreadable(source, month, problem, file.name) from error
    for document in documents:
        for page in document if isinstance(document, list) else [document]:
            if not isinstance(page, dict):
                problem = f"{file.name} holds something else than pages of an API's answers"
                raise BillUnreadable(source, month, problem, file.name)
            yield page


def _parsed(text: str) -> Any:
    return json.loads(text, parse_float=str, parse_int=str, parse_constant=str)


def _flat(result: Mapping[str, Any], prefix: str = "") -> dict[str, str | None]:
    """Nested fields under their path; a list has no place in a bill and stays as JSON."""
    flat: dict[str, str | None] = {}
    for key, value in result.items():
        if isinstance(value, dict):
            flat |= _flat(value, f"{prefix}{key}.")
        elif value is None or isinstance(value, str):
            flat[prefix + key] = value
        else:
            flat[prefix + key] = json.dumps(value)
    return flat
