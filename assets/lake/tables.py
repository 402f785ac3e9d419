"""The lake's Delta tables: made from contracts, replaced one month at a time, never by casting.

Delta casts what it is given to the table's types without a word, and a first write of NULLs makes
a column of type `void`. So a table is created from its contract before its first row, and rows are
compared with the contract before every write.
"""

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

from assets.lake.store import Store
from pipelines.contracts import COUNT, FLAG, INSTANT, MONEY, TABLES, TEXT, Contract, require
from pipelines.errors import ContractBroken
from pipelines.months import parse_month

PARTITION: Final = "billing_month"
PROPERTIES: Final = {
    "delta.enableExpiredLogCleanup": "false",
    # A log never shrinks here; a checkpoint every 20 commits keeps opening a table cheap.
    "delta.checkpointInterval": "20",
}
_DELTA_TYPES: Final = {
    TEXT: "string",
    COUNT: "long",
    MONEY: "decimal(38,18)",
    INSTANT: "timestamp_ntz",
    FLAG: "boolean",
}
_COMMIT_ATTEMPTS = 100
"""Other months' commits in between are no conflict; a backfill may bring many."""
_WRITE_ATTEMPTS = 8
"""Runs of the same month may overwrite each other's rows; which one counts is for publication."""

Rows = duckdb.DuckDBPyRelation | pl.DataFrame


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
            Field(name, PrimitiveType(_DELTA_TYPES[kind]), nullable=name not in never_null)
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
    handle: DeltaTable, table: str, month: str, rows: Rows, metadata: dict[str, str]
) -> WrittenTable:
    """Replace a month's rows in one commit through `handle`, which then stands at that commit.

    Raises:
        CommitFailedError: the month was written by another since the handle was opened.
        ContractBroken: a row lies in another month or has NULL where none may be, or the table
            was made from an earlier contract.
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
    except DeltaError as error:
        if "failed validation check" not in str(error):
            raise
        contract = TABLES[table]
        never_null = ", ".join(dict.fromkeys((*contract.key, *contract.required)))
        problem = f"rows of another month than {month}, or NULL in one of {never_null}"
        raise ContractBroken(table, problem) from error
    added = handle.get_add_actions(flatten=True)
    counts = zip(
        added.column("path").to_pylist(), added.column("num_records").to_pylist(), strict=True
    )
    mine = sorted((path, count) for path, count in counts if path.startswith(_folder(month)))
    return WrittenTable(
        table=table,
        version=handle.version(),
        files=tuple(path for path, _ in mine),
        rows=sum(count for _, count in mine),
    )


def write_month(store: Store, table: str, month: str, rows: Rows, run_id: str) -> WrittenTable:
    """Replace a month's rows, again from the start if another run of the month came in between.

    Raises:
        ContractBroken: see `in_contract`.
        CommitFailedError: other runs of the month came in between every time.
    """
    checked = in_contract(rows, TABLES[table])
    metadata = {"run_id": run_id, PARTITION: month}
    for _ in range(_WRITE_ATTEMPTS - 1):
        handle = opened_or_created(store, table)
        try:
            with store.readable_errors():
                return replace_month(handle, table, month, checked, metadata)
        except CommitFailedError:
            continue
    with store.readable_errors():
        return replace_month(opened_or_created(store, table), table, month, checked, metadata)


def in_contract(rows: Rows, contract: Contract) -> Rows:
    """The rows with the contract's columns in order, if they keep it.

    A frame is checked whole, keys included. A relation is streamed, not held: its columns and types
    are checked here, NULLs and the month by the write itself, its key by whoever made it.

    Raises:
        ContractBroken: columns missing or surplus, another type, NULL, or a key that repeats.
    """
    if isinstance(rows, pl.DataFrame):
        return require(rows, contract)
    found = dict(zip(rows.columns, map(str, rows.types), strict=True))
    missing = [name for name in contract.columns if name not in found]
    surplus = [name for name in found if name not in contract.columns]
    if missing or surplus:
        raise ContractBroken(contract.name, f"missing columns {missing}, surplus columns {surplus}")
    for name, kind in contract.columns.items():
        if found[name] != kind:
            raise ContractBroken(
                contract.name, f"column {name} is {found[name]}, the contract says {kind}"
            )
    return rows.project(", ".join(f'"{name}"' for name in contract.columns))


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


def _folder(month: str) -> str:
    return f"{PARTITION}={month}/"


def month_files(handle: DeltaTable, month: str) -> list[str]:
    """The month's files, relative to the table, at the handle's version."""
    found = handle.file_uris(file_pruning_predicate=month_is(month))
    return sorted("/".join(uri.split("/")[-2:]) for uri in found)
