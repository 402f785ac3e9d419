"""The rows of Parquet files as text Parquet, in our column names, each with its number.

Numbers become their shortest text, instants UTC text, nested values (maps, structs, lists) JSON.
A footer says how many rows there must be.
"""

import struct
from pathlib import Path

import duckdb

from pipelines.billing.records import NOTHING, Records, write_text
from pipelines.errors import BillUnreadable
from pipelines.files import LocalFile

MAGIC = b"PAR1"
_READ = "read_parquet($path, binary_as_string = true, hive_partitioning = false{more})"
_NESTED = ("STRUCT", "MAP", "UNION")


def parquet_columns(
    con: duckdb.DuckDBPyConnection, file: LocalFile, source: str, month: str
) -> dict[str, str]:
    """The columns of a file and their DuckDB types, in order.

    Raises:
        BillUnreadable: it is no Parquet file, or is cut off.
    """
    try:
        source = _READ.format(more="")
        rows = con.execute(f"DESCRIBE SELECT * FROM {source}", {"path": file.path}).fetchall()
    except (duckdb.Error, struct.error) as error:
        problem = f"{file.name} is damaged: {str(error).splitlines()[0]}"
        raise BillUnreadable(source, month, problem, file.name) from error
    return {str(row[0]): str(row[1]) for row in rows}


def as_text(name: str, kind: str) -> str:
    """The SQL expression for the text of a column, NULL where it says nothing."""
    quoted = '"' + name.replace('"', '""') + '"'
    if kind.startswith(_NESTED) or kind.endswith("[]"):
        return f"to_json({quoted})::VARCHAR"
    if kind != "VARCHAR":
        return f"{quoted}::VARCHAR"
    nothing = ", ".join(f"'{word}'" for word in NOTHING)
    return f"CASE WHEN {quoted} NOT IN ({nothing}) THEN {quoted} END"


def read_parquet_records(
    con: duckdb.DuckDBPyConnection, file: LocalFile, wanted: str, path: Path
) -> Records:
    """Convert a Parquet file to a text Parquet file at `path`.

    Raises:
        duckdb.Error: a page is damaged.
    """
    rows = write_text(
        con,
        f"SELECT {wanted} FROM {_READ.format(more=', file_row_number = true')}",
        {"path": file.path, "name": file.name, "role": file.role, "first_line": 1},
        path,
        in_order=False,
    )
    counted = con.execute(
        "SELECT sum(num_rows)::BIGINT FROM parquet_file_metadata($path)", {"path": file.path}
    ).fetchone()
    return Records([path], int(counted[0]) if counted else rows)
