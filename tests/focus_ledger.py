"""A month's charges and where they went, as small tables, and the FOCUS rows made of them."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from pipelines.contracts import ALLOCATED, BASES, CHARGES, Contract
from pipelines.focus_out.dataset import BATCH, ROWS, prepare

D = Decimal
MONTH = "2026-09"
Row = Mapping[str, Any]

_CHARGE = {
    "billing_month": MONTH,
    "charge_month": MONTH,
    "source": "aws",
    "x_ChargeId": "c1",
    "ServiceProviderName": "AWS",
    "InvoiceIssuerName": "Amazon Web Services, Inc.",
    "InvoiceId": "INV-1",
    "BillingAccountId": "444455556666",
    "SubAccountId": "111122223333",
    "BillingCurrency": "USD",
    "BillingPeriodStart": datetime(2026, 9, 1),
    "BillingPeriodEnd": datetime(2026, 10, 1),
    "ChargePeriodStart": datetime(2026, 9, 2, 10),
    "ChargePeriodEnd": datetime(2026, 9, 2, 11),
    "ChargeCategory": "Usage",
    "ChargeFrequency": "Usage-Based",
    "ServiceName": "Amazon SageMaker",
    "ResourceId": "endpoint-1",
    "SkuId": "SKU-1",
    "ConsumedQuantity": D(1),
    "ConsumedUnit": "Hrs",
    "x_SourceFile": "bill.csv.gz",
    "x_SourceLine": 2,
}
_PART = {
    "billing_month": MONTH,
    "charge_month": MONTH,
    "source": "aws",
    "x_OriginChargeId": "c1",
    "bucket": "model_version",
    "model": "search-rank",
    "model_version": "v8",
    "component": "inference",
    "element": "hardware",
    "method": "usage",
    "rule_id": "aws-sagemaker-hosting",
    "evidence": "log",
    "owner": "search-team",
    "cost_centre": "CC-1010",
    "BillingCurrency": "USD",
}


def charge(cost: str = "1", **changed: Any) -> dict[str, Any]:
    """An hour of an endpoint; `cost` on all four bases."""
    return {**_CHARGE, **dict.fromkeys(BASES, D(cost)), **changed}


def part(cost: str = "1", quantity: str | None = "1", **changed: Any) -> dict[str, Any]:
    """What search-rank v8 got of a charge."""
    amounts = {**dict.fromkeys(BASES, D(cost)), "ConsumedQuantity": quantity and D(quantity)}
    return {**_PART, **amounts, **changed}


def remainder(cost: str = "1", quantity: str | None = "1", **changed: Any) -> dict[str, Any]:
    """What nobody used of a charge."""
    nobody = dict.fromkeys(("model", "model_version", "component", "owner", "cost_centre"), "")
    return part(cost, quantity, **{"bucket": "idle", **nobody, **changed})


def table(folder: Path, contract: Contract, rows: Sequence[Row]) -> str:
    """Rows of a table of the lake as a Parquet file; fields that are missing are NULL."""
    surplus = {name for row in rows for name in row} - set(contract.columns)
    assert not surplus, f"{contract.name} has no columns {surplus}"
    full = [{name: row.get(name) for name in contract.columns} for row in rows]
    file = folder / f"{contract.name}.parquet"
    pl.DataFrame(full, schema=contract.polars_schema).write_parquet(file)
    return str(file)


def prepared(
    folder: Path, charges: Sequence[Row], parts: Sequence[Row], batch_size: int = BATCH
) -> duckdb.DuckDBPyConnection:
    """A connection with the dataset's rows."""
    con = duckdb.connect()
    work = folder / "work"
    work.mkdir()
    prepare(
        con,
        MONTH,
        con.read_parquet(table(folder, CHARGES, charges)),
        con.read_parquet(table(folder, ALLOCATED, parts)),
        work,
        batch_size,
    )
    return con


def focus_rows(folder: Path, charges: Sequence[Row], parts: Sequence[Row]) -> list[dict[str, Any]]:
    """The dataset's rows, every column of every version, by origin, bucket and model."""
    with prepared(folder, charges, parts) as con:
        rows = con.sql(
            f'FROM {ROWS} ORDER BY "x_OriginChargeId", "x_Bucket", "x_ModelId", "x_ModelVersion"'
        )
        names = rows.columns
        return [dict(zip(names, values, strict=True)) for values in rows.fetchall()]


def ratio(row: Row) -> Decimal:
    """The ratio of an allocated charge, as its text has it."""
    (element,) = json.loads(row["AllocatedMethodDetails"], parse_float=D, parse_int=D)["Elements"]
    return D(element["AllocatedRatio"])
