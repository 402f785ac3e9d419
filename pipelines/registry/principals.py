"""Who calls which model: principals and credentials of a bill as the catalogue's versions.

For a managed API whose bill names no resource. A deployment's principals hold while it is live,
those of a version or a model always.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from pipelines.registry.catalogue import EVER, FOREVER, Catalogue
from pipelines.registry.patterns import is_pattern, literal_length, matches

PRINCIPAL_LINK_COLUMNS = {
    "caller": "VARCHAR",
    "rank": "BIGINT",
    "model": "VARCHAR",
    "model_version": "VARCHAR",
    "valid_from": "TIMESTAMP",
    "valid_until": "TIMESTAMP",
}

_PATTERN = 1_000_000
"""Ranks of patterns begin behind those of whole ids; three levels for every character of text."""

Entry = tuple[str, int, str, str, datetime, datetime]


def principal_rows(catalogue: Catalogue, callers: Iterable[str]) -> Iterator[dict[str, Any]]:
    """Every dated claim on each caller of the bill; the lowest `rank` in force is right.

    A whole id beats a pattern, a pattern with more text one with less; then a deployment beats a
    version, a version a model.
    """
    entries = list(_entries(catalogue))
    for caller in callers:
        for pattern, level, model, version, start, end in entries:
            if matches(pattern, caller):
                is_exact = not is_pattern(pattern)
                rank = 0 if is_exact else _PATTERN - literal_length(pattern) * 3
                yield {
                    "caller": caller,
                    "rank": rank + level,
                    "model": model,
                    "model_version": version,
                    "valid_from": start,
                    "valid_until": end,
                }


def _entries(catalogue: Catalogue) -> Iterator[Entry]:
    for deployment in catalogue.deployments:
        for text in deployment.principals:
            yield text, 0, deployment.model, deployment.version, deployment.from_, deployment.until
    for model in catalogue.models:
        for version in model.versions:
            for text in version.principals:
                yield text, 1, model.name, version.version, EVER, FOREVER
        for text in model.principals:
            yield text, 2, model.name, "", EVER, FOREVER
