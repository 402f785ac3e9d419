"""Parquet files held against a contract by their footers: the same cost at any number of rows.

`contracts.require` does this for a frame. A key that repeats cannot be seen in a footer: whoever
makes a file answers for its key.
"""

from collections.abc import Mapping, Sequence

import duckdb

from pipelines.contracts import Contract
from pipelines.errors import ContractBroken
from pipelines.queries import query


def require_columns(contract: Contract, found: Mapping[str, str]) -> None:
    """Stop unless these are the contract's columns, in any order, by their DuckDB types.

    Raises:
        ContractBroken: columns missing or surplus, or another type.
    """
    missing = [name for name in contract.columns if name not in found]
    surplus = [name for name in found if name not in contract.columns]
    if missing or surplus:
        raise ContractBroken(contract.name, f"missing columns {missing}, surplus columns {surplus}")
    for name, kind in contract.columns.items():
        if found[name] != kind:
            raise ContractBroken(
                contract.name, f"column {name} is {found[name]}, the contract says {kind}"
            )


def require_files(
    con: duckdb.DuckDBPyConnection, contract: Contract, month: str, paths: Sequence[str]
) -> list[int]:
    """The number of rows of each file, if every file keeps the contract and lies in the month.

    Raises:
        ContractBroken: another column or type, NULL where none may be, a row of another month, or
            a footer that says nothing about it.
    """
    if not paths:
        return []
    files = list(dict.fromkeys(paths))
    shapes: dict[str, dict[str, str]] = {path: {} for path in files}
    for path, name, kind in query(con, "lake/parquet_columns", files=files).fetchall():
        shapes[path][name] = kind
    for columns in shapes.values():
        require_columns(contract, columns)
    counts = dict.fromkeys(files, 0)
    never_null = {"billing_month", *contract.key, *contract.required}
    for path, name, rows, nulls, lowest, highest in query(
        con, "lake/parquet_statistics", files=files
    ).fetchall():
        counts[path] = rows
        if name in never_null and nulls != 0:
            many = "an unknown number of" if nulls is None else nulls
            raise ContractBroken(contract.name, f"column {name} is NULL in {many} rows")
        if name == "billing_month" and (lowest, highest) != (month, month):
            problem = f"rows of another month than {month}: from {lowest} to {highest}"
            raise ContractBroken(contract.name, problem)
    return [counts[path] for path in paths]
