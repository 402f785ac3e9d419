"""The dataset as one Parquet or CSV file, proven before it is put in place.

The rows stream into a temporary file beside the target; the file is read back and has to hold,
for every bill source, currency and cost basis, exactly what the month's reconciliation attributed,
with ratios that add up to 1. Only then it takes the target's name, in one step: a reader sees
either the file that was there before or a whole and proven one.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Final, Literal

import duckdb
import polars as pl

from pipelines.contracts import BASES, MONEY
from pipelines.errors import ExportNotWritten, ExportUnsound
from pipelines.focus_out.columns import Version, as_csv, as_parquet
from pipelines.focus_out.dataset import ROWS
from pipelines.queries import query, rows_of

Format = Literal["parquet", "csv"]
FORMATS: Final[tuple[Format, ...]] = ("parquet", "csv")

Attributed = Mapping[tuple[str, str, str], Decimal]
"""What the month attributed, by bill source, currency and cost basis."""

_CHECKED: Final = ("x_SourceName", "x_OriginChargeId", "BillingCurrency", "InvoiceId")
_COPY: Final[dict[Format, str]] = {
    "parquet": "FORMAT parquet, COMPRESSION zstd",
    "csv": "FORMAT csv, HEADER true",
}


@dataclass(frozen=True)
class Total:
    """What a dataset holds of one bill source in one currency."""

    source: str
    currency: str
    row_count: int
    allocated_rows: int
    rows_without_invoice: int
    costs: Mapping[str, Decimal]
    """By cost basis."""


def attributed_totals(reconciliation: pl.DataFrame) -> dict[tuple[str, str, str], Decimal]:
    """What a month's reconciliation attributed: the dataset has to hold exactly that."""
    sums = reconciliation.group_by("source", "BillingCurrency", "basis").agg(
        pl.col("attributed_total").sum()
    )
    return {(source, currency, basis): total for source, currency, basis, total in sums.iter_rows()}


def proven_rows(con: duckdb.DuckDBPyConnection, month: str, attributed: Attributed) -> list[Total]:
    """What a file would hold, proven like a file, without writing one.

    Raises:
        ExportUnsound: the rows do not hold what the month attributed.
    """
    return _prove(con, con.view(ROWS), month, attributed)


def write_file(
    con: duckdb.DuckDBPyConnection,
    path: Path,
    month: str,
    version: Version,
    file_format: Format,
    attributed: Attributed,
) -> list[Total]:
    """Write the dataset to a file, prove it, and put it in place of whatever was there.

    A CSV whose name ends in `.gz` is compressed.

    Raises:
        ExportUnsound: the file does not hold what the month attributed; it was removed.
        ExportNotWritten: the place cannot be written.
    """
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        _copy(con, partial, version, file_format, is_compressed=path.suffix == ".gz")
        totals = _prove(con, _read(con, partial, file_format, path.suffix), month, attributed)
        partial.replace(path)
    except (OSError, duckdb.IOException) as error:
        raise ExportNotWritten(str(path), str(error)) from error
    finally:
        partial.unlink(missing_ok=True)
    return totals


def _copy(
    con: duckdb.DuckDBPyConnection,
    path: Path,
    version: Version,
    file_format: Format,
    *,
    is_compressed: bool,
) -> None:
    columns = as_parquet(version) if file_format == "parquet" else as_csv(version)
    options = _COPY[file_format] + (", COMPRESSION gzip" if is_compressed else "")
    # COPY binds no parameters; a quote is all that could end the name's text.
    target = str(path).replace("'", "''")
    con.execute(f"COPY (SELECT {columns} FROM {ROWS}) TO '{target}' ({options})")


def _read(
    con: duckdb.DuckDBPyConnection, path: Path, file_format: Format, suffix: str
) -> duckdb.DuckDBPyRelation:
    if file_format == "parquet":
        return con.read_parquet([str(path)], hive_partitioning=False)
    return con.read_csv(
        str(path),
        header=True,
        all_varchar=True,
        delimiter=",",
        quotechar='"',
        escapechar='"',
        compression="gzip" if suffix == ".gz" else "none",
    )


def _prove(
    con: duckdb.DuckDBPyConnection,
    rows: duckdb.DuckDBPyRelation,
    month: str,
    attributed: Attributed,
) -> list[Total]:
    names = [f'"{name}"' for name in (*_CHECKED, "AllocatedMethodDetails")]
    costs = [f'"{basis}"::{MONEY} AS "{basis}"' for basis in BASES]
    rows.project(", ".join(names + costs)).create_view("checked", replace=True)
    totals = [
        Total(costs={basis: row.pop(basis) for basis in BASES}, **row)
        for row in rows_of(query(con, "focus/totals"))
    ]
    held = {(t.source, t.currency, basis): t.costs[basis] for t in totals for basis in BASES}
    for key in sorted(held.keys() | attributed.keys()):
        exported, expected = held.get(key, Decimal(0)), attributed.get(key, Decimal(0))
        if exported != expected:
            source, currency, basis = key
            raise ExportUnsound(
                month,
                f"source '{source}', {basis}: {exported:f} {currency} in the dataset, "
                f"{expected:f} {currency} attributed",
            )
    unsound = query(con, "focus/unsound_splits").limit(1).fetchall()
    if unsound:
        source, charge_id, ratios = unsound[0]
        raise ExportUnsound(
            month,
            f"source '{source}': the ratios of the split charge {charge_id} add up to {ratios}",
        )
    return totals
