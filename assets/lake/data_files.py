"""A month's rows as Parquet files of a table, in its contract to the last column, before a commit.

Written here and not by Delta's writer, whose memory grows with the rows, which casts without a
word, and which encodes a second time what is Parquet already. DuckDB writes a relation within its
own memory limit; a file that a reader wrote in the contract's shape is taken as it is. What a file
holds is read from its footer, so the check costs the same at any size.

`billing_month` stays a column of the files beside being their folder's name, which Delta allows
and its readers ignore: with it the footer proves that no row lies in another month.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from uuid import uuid4

import duckdb
import polars as pl

from assets.lake.store import Store
from pipelines.contracts import Contract, require
from pipelines.errors import ContractBroken
from pipelines.parquet_footers import require_columns, require_files

PARTITION: Final = "billing_month"

Rows = duckdb.DuckDBPyRelation | pl.DataFrame | list[str]
"""Rows of a table: a frame, a relation, or Parquet files on this machine in its contract."""

_ROW_GROUP: Final = 122_880
"""Rows each thread of DuckDB holds until they are written: the memory of a write."""


@dataclass(frozen=True)
class DataFile:
    """A file that lies in the store and in no log yet; its name is relative to the table."""

    name: str
    size: int
    rows: int


def in_contract(rows: Rows, contract: Contract, month: str) -> Rows:
    """The rows with the contract's columns in order, as far as can be told before writing them.

    A frame is checked whole, keys included. Of a relation these are columns and types; the rest of
    it, and all of a file, is checked by its footer in `add_files`.

    Raises:
        ContractBroken: columns missing or surplus, another type, NULL, another month, or a key
            that repeats.
    """
    if isinstance(rows, list):
        return rows
    if isinstance(rows, pl.DataFrame):
        frame = require(rows, contract)
        if others := frame.filter(pl.col(PARTITION) != month).height:
            raise ContractBroken(contract.name, f"{others} rows of another month than {month}")
        return frame
    require_columns(contract, dict(zip(rows.columns, map(str, rows.types), strict=True)))
    return rows.project(", ".join(f'"{name}"' for name in contract.columns))


def add_files(
    store: Store,
    contract: Contract,
    month: str,
    rows: Rows,
    con: duckdb.DuckDBPyConnection | None,
) -> list[DataFile]:
    """Put rows that are `in_contract` into the store, as files of the month that no log names.

    A run that is killed after this leaves files for `vacuum`. `con` reads the footers.

    Raises:
        ContractBroken: NULL where none may be, rows of another month, or files of another shape.
    """
    if isinstance(rows, list):
        counts = _counts(con, contract, month, rows)
        return [
            _put(store, contract, _new_name(month), Path(path), count)
            for path, count in zip(rows, counts, strict=True)
            if count
        ]
    name = _new_name(month)
    target = store.new_file(contract.name, name)
    try:
        if isinstance(rows, pl.DataFrame):
            with store.readable_errors():
                rows.write_parquet(target, compression="zstd")
            count = rows.height
        else:
            rows.to_parquet(str(target), compression="zstd", row_group_size=_ROW_GROUP)
            (count,) = _counts(con, contract, month, [str(target)])
        if count:
            return [_put(store, contract, name, target, count)]
    except BaseException:
        target.unlink(missing_ok=True)
        raise
    target.unlink()
    return []


def _counts(
    con: duckdb.DuckDBPyConnection | None, contract: Contract, month: str, paths: Sequence[str]
) -> list[int]:
    if con is not None:
        return require_files(con, contract, month, paths)
    with duckdb.connect(config={"threads": 1}) as own:
        return require_files(own, contract, month, paths)


def _new_name(month: str) -> str:
    return f"{PARTITION}={month}/part-{uuid4()}.parquet"


def _put(store: Store, contract: Contract, name: str, path: Path, rows: int) -> DataFile:
    store.put(contract.name, name, path)
    return DataFile(name, path.stat().st_size, rows)
