"""The billing months in a file that no delivery tells: one look at its lines.

The look is a full scan of the file, made once: `assets/deliveries.py` remembers the answer by the
file's identity.
"""

from pathlib import Path

import duckdb

from pipelines.billing.file_headers import header_names
from pipelines.billing.formats import BillFormat
from pipelines.billing.raw_text import unpacked
from pipelines.billing.reader import stage
from pipelines.files import LocalFile
from pipelines.settings import BillSource


def months_of_file(
    con: duckdb.DuckDBPyConnection,
    source: BillSource,
    format_: BillFormat,
    file: LocalFile,
    work: Path,
) -> list[str]:
    """The billing months of a file's lines, oldest first; '' stands for lines that tell none.

    A dataset that is delivered beside bills (FOCUS's Invoice Detail) is of no month.

    Raises:
        BillUnreadable, FileDamaged: the file cannot be read as the source's format.
    """
    work.mkdir(parents=True, exist_ok=True)
    found: set[str] = set()
    for number, table in enumerate(unpacked([file], work)):
        if format_.other_dataset(header_names(con, table, source.name, "(month unknown)")):
            continue
        folder = work / f"look-{number}"
        folder.mkdir(exist_ok=True)
        stage(con, format_, source, "", [table], folder)
        rows = con.sql(
            "SELECT DISTINCT coalesce(line_month, '') FROM raw_lines "
            "WHERE line_month IS NOT NULL OR line_fate <> 'left_out'"
        ).fetchall()
        found |= {str(row[0]) for row in rows}
        for path in folder.iterdir():
            path.unlink()
    return sorted(found)
