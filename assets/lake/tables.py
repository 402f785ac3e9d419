"""The lake's Delta tables: made from contracts, replaced one month at a time, never by casting.

Delta casts what it is given to the table's types without a word, and a first write of NULLs makes
a column of type `void`. So a table is created from its contract before its first row, and rows are
compared with the contract before every write.
"""

import json
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import duckdb
import polars as pl
from deltalake import CommitProperties, DeltaTable, write_deltalake
from deltalake.exceptions import (
    CommitFailedError,
    DeltaError,
    SchemaMismatchError,
    TableNotFoundError,
)
from deltalake.schema import Field, PrimitiveType, Schema
from deltalake.transaction import AddAction, RemoveAction

from assets.lake.data_files import PARTITION, DataFile, Rows, add_files, in_contract
from assets.lake.store import Store
from pipelines.contracts import COUNT, FLAG, INSTANT, MONEY, TABLES, TEXT, Contract
from pipelines.errors import ContractBroken, LakeOutdated
from pipelines.months import parse_month

PROPERTIES: Final = {
    "delta.enableExpiredLogCleanup": "false",
    # A log never shrinks here; a checkpoint every 20 commits keeps opening a table cheap.
    "delta.checkpointInterval": "20",
}
DELTA_TYPES: Final = {
    TEXT: "string",
    COUNT: "long",
    MONEY: "decimal(38,18)",
    INSTANT: "timestamp_ntz",
    FLAG: "boolean",
}
_COMMIT_ATTEMPTS = 100
"""Other months' commits in between are no conflict; a backfill may bring many. Runs of the same
month may overwrite each other's rows; which one counts is for publication."""
_PAUSE_SECONDS = 0.05


@dataclass(frozen=True)
class WrittenTable:
    """What one write left in a table: the version and the files (relative to it) of its rows."""

    table: str
    version: int
    files: tuple[str, ...]
    rows: int

    def as_published(self) -> dict[str, Any]:
        """This table's entry in `Publication.tables`."""
        return {"version": self.version, "files": list(self.files), "rows": self.rows}


def month_is(month: str) -> str:
    """The predicate of a month's partition; the month is checked, so it cannot break out of it."""
    parse_month(month)
    return f"{PARTITION} = '{month}'"


def opened(store: Store, table: str) -> DeltaTable | None:
    """A table at its newest version, or None if it was never created."""
    with store.readable_errors():
        try:
            return DeltaTable(store.table_url(table), storage_options=store.options())
        except TableNotFoundError:
            return None


def opened_or_created(store: Store, table: str) -> DeltaTable:
    """A table at its newest version, created from its contract if this is its first use.

    Of several processes that create it at once one does; the others open what it made.
    """
    if found := opened(store, table):
        return found
    contract = TABLES[table]
    never_null = {*contract.key, *contract.required, PARTITION}
    schema = Schema(
        [
            Field(name, PrimitiveType(DELTA_TYPES[kind]), nullable=name not in never_null)
            for name, kind in contract.columns.items()
        ]
    )
    with store.readable_errors():
        try:
            return DeltaTable.create(
                store.table_url(table),
                schema,
                partition_by=[PARTITION],
                name=table,
                description=contract.grain,
                configuration=dict(PROPERTIES),
                storage_options=store.options(),
                # With retries delta-rs would commit the creation a second time, as version 1, and
                # every handle opened before it would fail with "metadata changed".
                commit_properties=CommitProperties(max_commit_retries=0),
            )
        except DeltaError:
            if found := opened(store, table):
                return found
            raise


def replace_month(
    handle: DeltaTable, table: str, month: str, rows: pl.DataFrame, metadata: dict[str, str]
) -> None:
    """Replace a month's few rows in one commit, unless another did so since the handle was opened.

    The handle then stands at that commit.

    Raises:
        CommitFailedError: the month was written by another since the handle was opened.
        ContractBroken: the table was made from an earlier contract.
    """
    try:
        write_deltalake(
            handle,
            rows,
            mode="overwrite",
            predicate=month_is(month),
            partition_by=[PARTITION],
            commit_properties=CommitProperties(
                custom_metadata=metadata, max_commit_retries=_COMMIT_ATTEMPTS
            ),
        )
    except SchemaMismatchError as error:
        problem = f"the table in the lake has other columns than the contract: {error}"
        raise ContractBroken(table, problem) from error


def write_month(
    store: Store,
    table: str,
    month: str,
    rows: Rows,
    run_id: str,
    con: duckdb.DuckDBPyConnection | None,
) -> WrittenTable:
    """Replace a month's rows: first files that no log names, then one commit that names them.

    Raises:
        ContractBroken: see `in_contract` and `add_files`; or the table has other columns.
        LakeOutdated: the table lacks columns that are new in this version.
        CommitFailedError: other commits came in between every time.
    """
    contract = TABLES[table]
    checked = in_contract(rows, contract, month)
    handle = opened_or_created(store, table)
    _require_shape(handle, contract)
    files = add_files(store, contract, month, checked, con)
    with store.readable_errors():
        version = commit_files(handle, month, files, {"run_id": run_id, PARTITION: month})
    names = tuple(sorted(file.name for file in files))
    return WrittenTable(table, version, names, sum(file.rows for file in files))


def commit_files(
    handle: DeltaTable, month: str, files: Sequence[DataFile], metadata: dict[str, str]
) -> int:
    """Make these files the month, whatever it was before; other months keep theirs.

    Every attempt is for exactly the version after the one the handle has seen. delta-rs's own
    retries would not do: they add these files beside those that another run of the month has
    committed in between, because files it was given carry no predicate to compare.

    Returns:
        A version of the table at which the month is these files.

    Raises:
        CommitFailedError: other commits came in between every time.
    """
    parse_month(month)
    at = int(time.time() * 1000)
    adds: list[AddAction | RemoveAction] = [
        AddAction(
            path=file.name,
            size=file.size,
            partition_values={PARTITION: month},
            modification_time=at,
            data_change=True,
            stats=json.dumps({"numRecords": file.rows}),
        )
        for file in files
    ]
    names = sorted(file.name for file in files)
    attempt = 0
    while True:
        attempt += 1
        try:
            handle.create_write_transaction(
                adds,
                mode="overwrite",
                schema=handle.schema(),
                partition_by=[PARTITION],
                partition_filters=[(PARTITION, "=", month)],
                commit_properties=CommitProperties(custom_metadata=metadata, max_commit_retries=0),
            )
        except CommitFailedError:
            if attempt == _COMMIT_ATTEMPTS:
                raise
            time.sleep(random.uniform(0, _PAUSE_SECONDS))  # noqa: S311 -- no secret
            handle.update_incremental()
            if names and month_files(handle, month) == names:
                return handle.version()  # it was committed; only the answer was lost
        else:
            return handle.version() + 1  # the handle itself stays where it was


def _require_shape(handle: DeltaTable, contract: Contract) -> None:
    found = {field.name: field.type for field in handle.schema().fields}
    wanted = {name: PrimitiveType(DELTA_TYPES[kind]) for name, kind in contract.columns.items()}
    if found == wanted:
        return
    if all(wanted.get(name) == kind for name, kind in found.items()):
        raise LakeOutdated(contract.name, [name for name in wanted if name not in found])
    other = sorted(name for name in found | wanted if found.get(name) != wanted.get(name))
    problem = f"the table in the lake has other columns than the contract: {', '.join(other)}"
    raise ContractBroken(contract.name, problem)


def read_files(paths: Sequence[str], month: str, contract: Contract) -> pl.DataFrame:
    """The rows of a month's data files in the contract's columns and types.

    The month is not in the files, only in their paths. A column younger than a file is NULL in it.
    """
    if not paths:
        return contract.empty()
    inside = {name: kind for name, kind in contract.polars_schema.items() if name != PARTITION}
    return (
        pl.scan_parquet(
            list(paths),
            schema=inside,
            missing_columns="insert",
            extra_columns="ignore",
            hive_partitioning=False,
            glob=False,
        )
        .with_columns(pl.lit(month, dtype=pl.String).alias(PARTITION))
        .select(list(contract.columns))
        .collect()
    )


def relation(
    con: duckdb.DuckDBPyConnection, contract: Contract, paths: Sequence[str]
) -> duckdb.DuckDBPyRelation:
    """The same as a lazy relation, for joins; the months are taken from the paths."""
    if paths:
        source = con.read_parquet(list(paths), hive_partitioning=True, union_by_name=True)
        held = set(source.columns)
    else:
        source, held = con.sql("FROM range(0)"), set()
    values = {name: f'"{name}"' if name in held else "NULL" for name in contract.columns}
    return source.project(
        ", ".join(f'{values[name]}::{kind} AS "{name}"' for name, kind in contract.columns.items())
    )


def month_files(handle: DeltaTable, month: str) -> list[str]:
    """The month's files, relative to the table, at the handle's version."""
    found = handle.file_uris(file_pruning_predicate=month_is(month))
    return sorted("/".join(uri.split("/")[-2:]) for uri in found)
