"""The column names of any file that can hold lines of a bill, before its format is known."""

from contextlib import suppress

import duckdb

from pipelines.billing.json_records import json_names
from pipelines.billing.pages import is_pages, page_names
from pipelines.billing.parquet_records import parquet_columns
from pipelines.billing.raw_text import JSON, PARQUET
from pipelines.billing.records import first_record
from pipelines.errors import FileDamaged
from pipelines.files import LocalFile


def header_names(
    con: duckdb.DuckDBPyConnection, file: LocalFile, source: str, month: str
) -> list[str]:
    """A file's column names as they are written; of nested data the outermost ones.

    Of an API's pages those of the results, with the path of nested ones (`amount.value`).

    Raises:
        BillUnreadable: the file is empty, damaged or not what its name says.
    """
    name = file.path.lower()
    if name.endswith(PARQUET):
        return list(parquet_columns(con, file, source, month))
    if name.endswith(JSON):
        if _holds_pages(file):
            return page_names(file, source, month)
        return json_names(file, (), source, month)
    return first_record(file, source, month)[0]


def _holds_pages(file: LocalFile) -> bool:
    with suppress(FileDamaged):  # who reads it further says what is wrong with it
        return is_pages(file)
    return False
