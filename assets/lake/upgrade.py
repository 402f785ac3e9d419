"""Bring the lake's tables to the columns of this version: the one way a column is added.

Only columns are added, each NULL in every row that was written before; a month that was published
keeps its files and its figures. A table of which a column changed its type or is gone is no older
lake of ours, and nothing is done to it.
"""

from dataclasses import dataclass

from deltalake.schema import Field, PrimitiveType

from assets.lake.store import Store
from assets.lake.tables import DELTA_TYPES, opened
from pipelines.contracts import TABLES
from pipelines.errors import ContractBroken


@dataclass(frozen=True)
class NewColumns:
    """What a table of the lake lacks."""

    table: str
    columns: tuple[str, ...]


def lacking(store: Store) -> list[NewColumns]:
    """The tables of the lake that lack columns of their contract, in the contracts' order.

    Raises:
        ContractBroken: a table has a column of another type, or one that no contract knows.
    """
    found = []
    for contract in TABLES.values():
        handle = opened(store, contract.name)
        if handle is None:
            continue
        there = {field.name: field.type for field in handle.schema().fields}
        other = sorted(
            name
            for name, kind in there.items()
            if name not in contract.columns
            or kind != PrimitiveType(DELTA_TYPES[contract.columns[name]])
        )
        if other:
            problem = f"the table in the lake is of another version: {', '.join(other)}"
            raise ContractBroken(contract.name, problem)
        if missing := tuple(name for name in contract.columns if name not in there):
            found.append(NewColumns(contract.name, missing))
    return found


def add_columns(store: Store, new: NewColumns) -> None:
    """Add the columns to a table in one commit that touches no data.

    Raises:
        LakeUnreachable: the store does not answer.
    """
    contract = TABLES[new.table]
    handle = opened(store, new.table)
    if handle is not None:
        with store.readable_errors():
            handle.alter.add_columns(
                [
                    Field(name, PrimitiveType(DELTA_TYPES[contract.columns[name]]))
                    for name in new.columns
                ]
            )
