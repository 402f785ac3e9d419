"""The export's totals, from its text alone.

Only the format's `export_totals.sql` is used, which has its own reading of every line item type and
never sees the charges: what the charges must add up to cannot share their mistakes.
"""

from collections.abc import Mapping
from pathlib import Path

import duckdb

from pipelines.billing.formats import BillFormat
from pipelines.contracts import EXPORT_TOTALS
from pipelines.queries import query


def write_export_totals(
    con: duckdb.DuckDBPyConnection, format_: BillFormat, params: Mapping[str, object], path: Path
) -> None:
    """Sum the text of the view `raw_text` for every payer, invoice, issuer, currency and basis."""
    rows = query(con, format_.at("export_totals"), **params)
    rows.project(EXPORT_TOTALS.select_list()).write_parquet(str(path), compression="snappy")
