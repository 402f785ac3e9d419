"""Rows on their way from DuckDB to Polars, without a trace of DuckDB's own classes.

Where numpy is installed Polars remembers the class of all that it was given, for good. A class of
DuckDB's that is remembered so, or can be reached from one that is, is still there when Python ends,
and DuckDB then complains of it on stderr. So nothing here may name or import DuckDB.
"""

from typing import Protocol


class _Arrow(Protocol):
    def __arrow_c_stream__(self, requested_schema: object = None) -> object: ...


class ArrowRows:
    """The rows of something as the Arrow stream they are."""

    def __init__(self, rows: _Arrow) -> None:
        self._rows = rows

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        """The stream, once."""
        return self._rows.__arrow_c_stream__(requested_schema)
