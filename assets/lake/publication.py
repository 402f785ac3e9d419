"""A publication: the row that makes a month visible, and nothing that reads or writes it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

_JSON = ("inputs", "tables", "sources", "warnings")


@dataclass(frozen=True)
class Publication:
    """One row of `out_publications`: which version and files of every table are a month's rows.

    `tables` maps a table's name to its `version`, `files` (relative to the table) and `rows`;
    `inputs` and `sources` are JSON objects of whoever publishes. `published_at` is UTC without a
    zone.
    """

    billing_month: str
    publication_id: str
    published_at: datetime
    status: str
    run_id: str
    inputs_digest: str
    inputs: dict[str, Any] = field(default_factory=dict)
    tables: dict[str, dict[str, Any]] = field(default_factory=dict)
    sources: dict[str, Any] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)

    def files(self, table: str) -> tuple[str, ...]:
        """The files of a table, relative to it; none for one the month was published without."""
        return tuple(self.tables.get(table, {}).get("files", ()))

    def after(self, earlier: "Publication | None") -> "Publication":
        """This publication, dated later than `earlier` even if this machine's clock runs behind.

        A month's publications are ordered by `published_at`; that must be the order of commits.
        """
        if earlier is None or self.published_at > earlier.published_at:
            return self
        return replace(self, published_at=earlier.published_at + timedelta(microseconds=1))

    def to_row(self) -> dict[str, Any]:
        """The row of the contract; JSON with sorted keys, so that equal content is equal text."""
        row = dict(vars(self))
        return row | {name: json.dumps(row[name], sort_keys=True) for name in _JSON}

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> "Publication":
        """The publication in a row of the contract."""
        return cls(**dict(row) | {name: json.loads(row[name]) for name in _JSON})
