"""What a log format says of itself: what is taken of a line, and how lines become records.

Belongs here: the description every format module fills in (`FORMAT`). `registered` lists the
formats, `structured` reads their files, `records` types what their SELECT returns.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import duckdb

from pipelines.inference.log_files import Kind, kind_of_name
from pipelines.inference.records import NAMES
from pipelines.queries import query
from pipelines.settings import Rank

Unit = Literal["line", "lines", "source"]


def every(_name: str) -> bool:
    """Takes every file."""
    return True


def no_problem(_columns: Sequence[str]) -> str | None:
    """A table may have any columns."""
    return None


@dataclass(frozen=True)
class LogFormat:
    """One format.

    `records` is a SELECT over the view `log_lines`: `file_no`, `line` (NULL in unit `line`),
    `file` (the name below the source's root), `r` (a struct as `structure`, or the text of a line),
    `wrong` (`field|reason`). It returns `file_no`, `line`, `wrong`, fields of the record by their
    names and, if it leaves records out, `left_out` with the reason; `duplicate` for one that
    repeats another of the same source.
    """

    name: str
    rank: Rank
    structure: Mapping[str, Any] | None
    """What is taken of a JSON line, as DuckDB's `from_json` takes it; of a CSV or Parquet file the
    columns of these names. Nothing else of a line is ever held. None: lines of text."""
    records: Callable[[duckdb.DuckDBPyConnection], duckdb.DuckDBPyRelation]
    unit: Unit = "line"
    """`line`: one record each, and the SELECT keeps every row. `lines`: any number each. `source`:
    the SELECT sees all lines of the source."""
    takes: Callable[[str], bool] = every
    """Which files are such logs, by the name below the source's root: others are not fetched."""
    kind_of: Callable[[str], Kind | None] = kind_of_name
    has_documents: bool = False
    """JSON files may hold documents over several lines, or an array of objects."""
    delimiter: str = ","
    """Between the fields of a CSV."""
    trimmed: Callable[[duckdb.DuckDBPyConnection], duckdb.DuckDBPyRelation] | None = None
    """Units `lines` and `source`: a SELECT over `log_lines` with the same columns that keeps less
    of `r`, before lines are written down: for text that is only known by a key beside it."""
    problem_of: Callable[[Sequence[str]], str | None] = no_problem
    """What keeps a CSV or Parquet file with these columns from being such a log, if anything."""
    sums_lines: bool = False
    """Unit `source`: a record sums many lines. A line without a record of its own went into one, or
    says nothing that counts; it is not left out."""
    is_native: bool = False
    """The record itself: `staging` reads it by its field names, twice as fast."""


NATIVE = LogFormat(
    "modelspend",
    "gateway",
    dict.fromkeys(NAMES, "VARCHAR"),
    lambda con: query(con, "inference/native_records"),
    is_native=True,
)
"""The record of `records.FIELDS`, one a line."""
