"""`modelspend export`: a published month as a FOCUS dataset in one file."""

from enum import StrEnum
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated

import typer

from assets.command_options import SettingsFile, month_text

if TYPE_CHECKING:
    from assets.command_reading import Reading
    from pipelines.focus_out.files import Total
    from pipelines.review.sheets import Sheet

MEMORY = "1500MB"
"""Of DuckDB, whatever the month's size; what is larger goes to a folder beside the file."""


class FocusVersion(StrEnum):
    """The versions that are written."""

    v1_3 = "1.3"
    v1_4 = "1.4"


class FileFormat(StrEnum):
    """The formats that are written."""

    parquet = "parquet"
    csv = "csv"


def export(
    month: Annotated[
        str, typer.Argument(help="Billing month.", metavar="YYYY-MM", callback=month_text)
    ],
    out: Annotated[
        Path,
        typer.Option(
            "--out", "-o", help="The file; a CSV named .gz is compressed.", metavar="PATH"
        ),
    ],
    focus: Annotated[
        FocusVersion, typer.Option("--focus", help="Which version of FOCUS.")
    ] = FocusVersion.v1_4,
    file_format: Annotated[
        FileFormat | None,
        typer.Option("--format", help="Else what the file's name says.", show_default=False),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace a file that is there.")] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what the file would hold; write nothing.")
    ] = False,
    settings: SettingsFile = None,
) -> None:
    """Write the ledger of a published month as a FOCUS Cost and Usage dataset.

    A charge that was split over model versions is replaced by its allocated charges, whose ratios
    add up to exactly 1. Before the file is put in place it is read back and held against the
    month's reconciliation.

    \b
    Examples:
      modelspend export 2026-09 --focus 1.4 --out september.parquet
      modelspend export 2026-09 --focus 1.3 --format csv --out september.csv.gz
      modelspend export 2026-09 --out september.parquet --dry-run
    """  # noqa: D301 -- \b keeps the lines of the examples apart
    chosen = file_format or _named_format(out)
    if not dry_run:
        _require_free(out, force=force)

    import duckdb

    from assets.command_output import console, write_note, write_sheet
    from assets.command_reading import Reading
    from pipelines.contracts import ALLOCATED, CHARGES
    from pipelines.focus_out.columns import dataset_columns
    from pipelines.focus_out.dataset import prepare
    from pipelines.focus_out.files import attributed_totals, proven_rows, write_file

    reading = Reading.of(settings)
    publication = reading.publication(month)
    attributed = attributed_totals(reading.table(month, "out_reconciliation"))
    with (
        TemporaryDirectory(prefix=".modelspend-export-", dir=_spill_folder(out)) as spill,
        duckdb.connect(
            config={"memory_limit": MEMORY, "threads": 2, "temp_directory": spill}
        ) as con,
    ):
        con.execute("SET enable_progress_bar = false")
        con.execute("SET preserve_insertion_order = false")
        charges, allocated = (
            reading.lake.relation(
                con, table.name, reading.lake.parquet_files(publication, table.name)
            )
            for table in (CHARGES, ALLOCATED)
        )
        work = Path(spill, "work")
        work.mkdir()
        prepare(con, month, charges, allocated, work)
        totals = (
            proven_rows(con, month, attributed)
            if dry_run
            else write_file(con, out, month, focus.value, chosen.value, attributed)
        )

    screen = console()
    columns = dataset_columns(focus.value)
    write_sheet(screen, _totals_sheet(totals, f"{month}, FOCUS {focus.value}", len(columns)))
    for sentence in _sentences(totals, reading, month):
        write_note(screen, sentence)
    screen.print(f"{'Nothing was written.' if dry_run else f'{out} written.'}")


def _named_format(out: Path) -> FileFormat:
    name = out.name.lower().removesuffix(".gz")
    if name.endswith(".csv"):
        return FileFormat.csv
    if name.endswith(".parquet"):
        return FileFormat.parquet
    message = f"{out.name} does not say its format: give --format parquet or csv"
    raise typer.BadParameter(message)


def _require_free(out: Path, *, force: bool) -> None:
    if out.is_dir():
        message = f"--out {out} is a folder: give the name of a file"
        raise typer.BadParameter(message)
    if out.exists() and not force:
        message = f"--out {out} is there already: give --force to replace it"
        raise typer.BadParameter(message)
    if not out.parent.is_dir():
        message = f"--out {out}: there is no folder {out.parent}"
        raise typer.BadParameter(message)


def _spill_folder(out: Path) -> Path | None:
    """Beside the file, where there is room for a month; for a trial, where the system says."""
    return out.parent if out.parent.is_dir() else None


def _totals_sheet(totals: "list[Total]", title: str, columns: int) -> "Sheet":
    from pipelines.review.sheets import FOCUS_BASIS, Column, Row, Sheet

    return Sheet(
        "export",
        f"{title}: {sum(total.row_count for total in totals):,} rows of {columns} columns",
        (
            Column("source", "source"),
            Column("currency", "currency"),
            Column("rows", "rows", "count"),
            Column("allocated", "allocated", "count"),
            *(Column(name, name, "money") for name in FOCUS_BASIS),
        ),
        tuple(
            Row(
                {
                    "source": total.source,
                    "currency": total.currency,
                    "rows": total.row_count,
                    "allocated": total.allocated_rows,
                    **{name: total.costs[basis] for name, basis in FOCUS_BASIS.items()},
                }
            )
            for total in totals
        ),
    )


def _sentences(totals: "list[Total]", reading: "Reading", month: str) -> list[str]:
    found = ["Every source, currency and basis adds up to what the month attributed, exactly."]
    publication = reading.publication(month)
    without = sum(total.rows_without_invoice for total in totals)
    if without:
        found.append(f"The month is {publication.status}: {without:,} rows have no invoice id.")
    found += [
        f"Source '{name}' is missing from the month, and so from the dataset."
        for name, source in publication.sources.items()
        if source.get("status") == "missing"
    ]
    return found
