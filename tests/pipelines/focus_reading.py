"""Reads FOCUS datasets and mapped bills, and adds them up two ways: charges and export totals."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path

import duckdb
import polars as pl
from billing_reading import charges
from focus_builders import focus_file

from pipelines.billing.mapped import mapped_format
from pipelines.billing.reader import BillTables, read_bill
from pipelines.contracts import BASES
from pipelines.files import LocalFile
from pipelines.settings import BillSource

MONTH = "2026-05"
Bill = Sequence[LocalFile] | Sequence[Mapping[str, str]]


def read_focus(folder: Path, bill: Bill, month: str = MONTH, *, told: bool = False) -> BillTables:
    """Read a FOCUS dataset given as lines or as files."""
    with duckdb.connect() as con:
        return read_bill(
            con,
            BillSource(name="shop", path="bills", format="focus"),
            month,
            _files(folder, bill),
            folder / "work",
            month_is_told=told,
        )


def read_mapped(folder: Path, bill: Bill, mapping: str, month: str = MONTH) -> BillTables:
    """Read a bill through the text of a mapping file."""
    with duckdb.connect() as con:
        return read_bill(
            con,
            BillSource(name="shop", path="bills", format="mapped", mapping="my.toml"),
            month,
            _files(folder, bill),
            folder / "work",
            format_=mapped_format(mapping, "my.toml"),
            month_is_told=False,
        )


def _files(folder: Path, bill: Bill) -> list[LocalFile]:
    files = [item for item in bill if isinstance(item, LocalFile)]
    return files or [focus_file(folder / "in", [x for x in bill if isinstance(x, Mapping)])]


def totals(
    tables: BillTables, basis: str = "BilledCost", column: str = "BillingCurrency"
) -> dict[str, Decimal]:
    """The sum of the charges by currency, or by another column."""
    frame = charges(tables)
    return {
        str(key): sum(part[basis], Decimal(0))
        for (key,), part in sorted(frame.group_by(column), key=lambda item: str(item[0]))
    }


def cents(amounts: Mapping[str, Decimal]) -> dict[str, Decimal]:
    """The amounts as a README prints them."""
    return {key: amount.quantize(Decimal("0.01")) for key, amount in amounts.items()}


def assert_adds_up(tables: BillTables) -> None:
    """Every basis and currency of the charges is what the text of the export sums to, exactly."""
    exported = pl.read_parquet(tables.export_totals)
    for basis in BASES:
        of_basis = exported.filter(pl.col("basis") == basis)
        assert totals(tables, basis) == {
            str(key): sum(part["export_total"], Decimal(0))
            for (key,), part in sorted(
                of_basis.group_by("BillingCurrency"), key=lambda i: str(i[0])
            )
        }
