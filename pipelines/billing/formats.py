"""What an export's format is to the reader: its columns, its SQL, and what SQL cannot see.

A format is data: the columns that are read as text, a folder of `sql/billing/` that maps them to
charges, and a function for the checks that take more than one line to decide. `reader` drives them
all alike; the formats themselves are one module each, and `registered` knows them by name.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from pipelines.billing.columns import Column, Header, TagKey, no_tags
from pipelines.files import LocalFile
from pipelines.settings import BillSource


@dataclass(frozen=True)
class RawText:
    """A bill's files as text on the connection: the view `raw_text` reads them.

    Its rows are the lines of the delivery, its columns `file`, `line` (the record number in the
    file, a CSV's header being record 1), `line_number` (unique over all files), `role` (what the
    delivery says of the file), every column of the format as text, and `tags` (JSON).
    """

    lines: dict[str, int]
    """Records of each file without its header, counted from its bytes."""
    headers: dict[str, Header]
    tag_columns: dict[str, str] = field(default_factory=dict)
    """The tag key of each tag column of a header that carries tags."""


@dataclass
class Bill:
    """One source's bill of one month while it is read: what a format's `prepare` works on."""

    con: duckdb.DuckDBPyConnection
    source: BillSource
    month: str
    raw: RawText
    params: dict[str, object]
    """Bound in the format's `charges` and `export_totals`; `prepare` adds what it decided."""
    warnings: list[str]

    @property
    def where(self) -> str:
        """How every warning begins."""
        return f"{self.month}: source '{self.source.name}':"


Stage = Callable[[duckdb.DuckDBPyConnection, BillSource, str, Sequence[LocalFile], Path], RawText]


def _nothing(_: Bill) -> None:
    """For formats whose lines say everything by themselves."""


def _no_other(_: Sequence[str]) -> None:
    """For formats that deliver nothing but bills."""


@dataclass(frozen=True)
class BillFormat:
    """One export format.

    `folder` is its place below `sql/billing/`, which holds `raw_lines` (text and what a line is
    about), `unreadable_fields` (the format's own rules for what must be there), `charges` (the
    mapping to FOCUS 1.3), `export_totals` (the second code path), and `split_shares` where
    `has_split_shares`.
    """

    name: str
    folder: str
    columns: tuple[Column, ...]
    prepare: Callable[[Bill], None] = _nothing
    tag_key: TagKey = no_tags
    macros: Mapping[str, str] = field(default_factory=dict)
    """SQL macros of the format's own, by signature."""
    has_split_shares: bool = False
    other_dataset: Callable[[Sequence[str]], str | None] = _no_other
    """Of a header that is no bill's: the name of the dataset that is delivered beside bills."""
    stage: Stage | None = None
    """Makes `raw_text` where the files are no table of lines; None: CSV, JSON lines, Parquet."""
    billing_period: str = "billing_period_start"
    """The column from whose first ten characters a file's months are told."""

    def at(self, name: str) -> str:
        """The name of one of the format's queries."""
        return f"billing/{self.folder}/{name}"

    def header_of(self, name: str) -> str:
        """The provider's name of one of our columns, as errors show it."""
        return next((c.header for c in self.columns if c.name == name), name)
