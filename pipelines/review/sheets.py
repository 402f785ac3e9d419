"""The form of every view: a titled table of exact values, and the tables they come from.

What belongs here: the shape of a sheet and of its inputs. What a sheet says is in its own module.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, Final, Literal

import polars as pl

ZERO: Final = Decimal(0)

Kind = Literal["text", "id", "resource", "path", "money", "quantity", "count", "share"]
"""id: never folded; resource: an ARN is shown without its account; path: a file is shown by its
base name; money: 2 decimals for people; quantity: at most 6; share: a ratio, shown as a
percentage."""

Level = Literal["line", "subtotal", "detail", "total"]
"""What a row is to its neighbours; only `line` and `detail` rows may be added up by a reader."""

BASIS_COLUMNS: Final = {
    "billed": "billed_cost",
    "effective": "effective_cost",
    "contracted": "contracted_cost",
    "list": "list_cost",
}
"""The four bases as a person names them, and their column in the spend tables."""

FOCUS_BASIS: Final = {
    "billed": "BilledCost",
    "effective": "EffectiveCost",
    "contracted": "ContractedCost",
    "list": "ListCost",
}

MODEL_BUCKETS: Final = ("model_version", "model")
REMAINDERS: Final = (
    "shared_pool",
    "idle",
    "commitment",
    "overhead",
    "unattributed",
    "not_ai",
)

REMAINDER_TEXTS: Final = {
    "shared_pool": "used by several models, not split",
    "idle": "paid capacity nobody used",
    "commitment": "unused or prepaid commitments",
    "overhead": "tax, support, credits, rounding",
    "unattributed": "AI spend without a known model",
    "not_ai": "no sign of AI use",
}

ALL_VERSIONS: Final = "(all versions)"
NO_OWNER: Final = "(no owner)"


@dataclass(frozen=True)
class Column:
    """One column: its key in the rows, its heading, and how its values are printed."""

    key: str
    heading: str
    kind: Kind = "text"


@dataclass(frozen=True)
class Row:
    """One row: its level, and a value (or None) per column key."""

    values: dict[str, Any]
    level: Level = "line"


@dataclass(frozen=True)
class Sheet:
    """A table of a review. `name` is its key in JSON and for `--table`."""

    name: str
    title: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    notes: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    """Columns folded into one indented label when printed for people, outermost first."""
    audience: Literal["all", "people", "machine"] = "all"
    """A list too long to read is for machines, and people get its summary."""
    machine_only: tuple[str, ...] = ()
    """Columns of JSON and CSV that are not printed for people."""


@dataclass(frozen=True)
class PostedDifference:
    """What a restatement moved in a closed month, posted in a later one."""

    closed_month: str
    posting_month: str
    restated_id: str
    restated_at: datetime
    is_frozen: bool
    """The posting month is closed too: a later restatement does not replace this."""
    rows: pl.DataFrame
    """In the columns of `pipelines.adjustments`."""


@dataclass(frozen=True)
class MissingSource:
    """A source whose bill of a month could not be read when the month was published."""

    name: str
    problem: str
    since: datetime
    """When the month was first published without it, or for the first time."""
    last_read: Mapping[str, Any] | None
    """The newest publication of the month before that which had it."""
    last_effective: Mapping[str, Decimal] = field(default_factory=dict)
    """What it cost there, by currency."""


@dataclass(frozen=True)
class PublishedMonth:
    """The tables of one publication that a review reads, each in the columns of its contract."""

    publication: Mapping[str, Any]
    """The row of `out_publications`, its JSON columns read."""
    model_months: pl.DataFrame
    reconciliation: pl.DataFrame
    export_totals: pl.DataFrame
    variance: pl.DataFrame
    predicted: pl.DataFrame
    bill_files: pl.DataFrame
    bill_rejects: pl.DataFrame
    log_files: pl.DataFrame
    log_rejects: pl.DataFrame
    coverage: pl.DataFrame
    posted: tuple[PostedDifference, ...] = ()
    """The adjustments posted in the month, and those that come from it."""
    missing: tuple[MissingSource, ...] = ()
    """The sources it was published without."""

    @property
    def posted_here(self) -> list[PostedDifference]:
        """Differences of earlier closed months, posted in this one."""
        return [found for found in self.posted if found.posting_month == self.month]

    @property
    def posted_elsewhere(self) -> list[PostedDifference]:
        """Differences of this month, which is closed, posted in later ones."""
        return [found for found in self.posted if found.closed_month == self.month]

    @property
    def month(self) -> str:
        """The billing month."""
        return str(self.publication["billing_month"])


@dataclass(frozen=True)
class Review:
    """Facts for the head of the page, sheets in reading order, sentences to end on."""

    facts: dict[str, Any]
    sheets: tuple[Sheet, ...]
    sentences: tuple[str, ...] = field(default=())


def total_by(
    frame: pl.DataFrame, keys: Sequence[str], amounts: Sequence[str]
) -> dict[tuple[Any, ...], dict[str, Decimal]]:
    """Exact sums of `amounts` by `keys`, in the order of the sorted keys."""
    if frame.is_empty():
        return {}
    summed = frame.group_by(list(keys)).agg([pl.col(name).sum() for name in amounts])
    found: dict[tuple[Any, ...], dict[str, Decimal]] = {}
    for row in summed.sort(list(keys), nulls_last=True).iter_rows(named=True):
        found[tuple(row[key] for key in keys)] = {name: row[name] for name in amounts}
    return found
