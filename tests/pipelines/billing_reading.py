"""Reads small bills and adds them up three ways: charges, export totals, Python decimals."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
from builders import cur_file

from pipelines.billing.reader import BillTables, read_bill
from pipelines.contracts import BASES
from pipelines.files import LocalFile
from pipelines.settings import BillSource


def read(
    folder: Path, bill: Sequence[Mapping[str, str]] | str | Sequence[LocalFile], **source: Any
) -> BillTables:
    """Read a bill given as lines, as text, or as files."""
    month = source.pop("month", "2026-09")
    files = list(bill) if _are_files(bill) else [cur_file(folder / "in", bill)]
    settings = BillSource(name="shop", path="bills", **source)
    with duckdb.connect() as con:
        return read_bill(con, settings, month, files, folder / "work")


def _are_files(bill: Any) -> bool:
    return not isinstance(bill, str) and all(isinstance(item, LocalFile) for item in bill)


def charges(tables: BillTables) -> pl.DataFrame:
    return pl.read_parquet(tables.charges).sort("x_SourceFile", "x_SourceLine")


def only(tables: BillTables) -> dict[str, Any]:
    rows = charges(tables).to_dicts()
    assert len(rows) == 1
    return rows[0]


def sums(tables: BillTables) -> dict[str, Decimal]:
    frame = charges(tables)
    return {basis: sum(frame[basis], Decimal(0)) for basis in BASES}


def exported(tables: BillTables) -> dict[str, Decimal]:
    frame = pl.read_parquet(tables.export_totals)
    return {
        basis: sum(frame.filter(pl.col("basis") == basis)["export_total"], Decimal(0))
        for basis in BASES
    }
