"""What Dagster shows of a table: its columns from the contract, its rows, its exact totals.

Dagster's metadata takes no Decimal: an exact total is a text, and the rounded float beside it
(`..._plot`) exists only to be plotted over the months.
"""

from decimal import Decimal
from typing import Any

import dagster as dg
import polars as pl

from assets.partitions import BILLING_MONTHS
from pipelines.contracts import BASES, TABLES, Contract
from pipelines.money import plain

MONEY_COLUMNS = (*BASES, "billed_cost", "effective_cost", "contracted_cost", "list_cost")
CURRENCY_COLUMNS = ("BillingCurrency", "currency")


def column_schema(contract: Contract) -> dg.TableSchema:
    """The columns of a contract for Dagster; key and required columns are not nullable."""
    never_null = {*contract.key, *contract.required}
    return dg.TableSchema(
        columns=[
            dg.TableColumn(
                name=name,
                type=kind,
                constraints=dg.TableColumnConstraints(nullable=name not in never_null),
            )
            for name, kind in contract.columns.items()
        ],
        constraints=dg.TableConstraints(other=[f"key: {', '.join(contract.key)}"]),
    )


def table_spec(name: str, deps: list[Any], kinds: set[str], **more: Any) -> dg.AssetSpec:
    """The asset of a table: described by its contract, grouped by area, partitioned by month."""
    contract = TABLES[name]
    return dg.AssetSpec(
        key=name,
        deps=deps,
        description=f"One row: {contract.grain}.",
        group_name=area_of(name),
        kinds=kinds,
        partitions_def=BILLING_MONTHS,
        metadata={"dagster/column_schema": column_schema(contract)},
        **more,
    )


def area_of(name: str) -> str:
    """The area in an asset's name: `core_billing__charges` -> `billing`."""
    layer_and_area, _, rows = name.partition("__")
    _, _, area = layer_and_area.partition("_")
    return area if rows else "publication"


def totals(frame: pl.DataFrame) -> dict[str, Any]:
    """Exact totals of a frame's money columns, per currency; nothing for a frame without them."""
    currency = next((name for name in CURRENCY_COLUMNS if name in frame.columns), None)
    money = [name for name in MONEY_COLUMNS if name in frame.columns]
    if currency is None or not money:
        return {}
    sums = frame.group_by(currency).agg(pl.col(money).sum()).sort(currency)
    shown: dict[str, Any] = {}
    for row in sums.iter_rows(named=True):
        for name in money:
            shown |= amount(f"{name}_{row[currency]}", row[name])
    return shown


def amount(name: str, value: Decimal) -> dict[str, Any]:
    """An amount twice: exactly as text, and as a float for the plot."""
    return {name: plain(value), f"{name}_plot": float(value)}
