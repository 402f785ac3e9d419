"""Published months made by hand: defaults for every column but the ones under test."""

from datetime import datetime
from decimal import Decimal
from typing import Any

import polars as pl

from pipelines.contracts import (
    BILL_FILES,
    BILL_REJECTS,
    COVERAGE,
    EXPORT_TOTALS,
    LOG_FILES,
    LOG_REJECTS,
    MODEL_MONTHS,
    PREDICTED,
    RECONCILIATION,
    VARIANCE,
    Contract,
)
from pipelines.review.sheets import PublishedMonth, Sheet

MONTH = "2026-09"


def frame(contract: Contract, *rows: dict[str, Any]) -> pl.DataFrame:
    """Rows in the columns of a contract; text not given is '', counts 0, anything else NULL."""
    blank = {"VARCHAR": "", "BIGINT": 0}
    filled = [
        {
            name: (MONTH if name == "billing_month" else blank.get(kind))
            for name, kind in contract.columns.items()
        }
        | row
        for row in rows
    ]
    return pl.DataFrame(filled, schema=contract.polars_schema, orient="row")


def spend(cost: str, **names: str) -> dict[str, Any]:
    """A row of `out_spend__model_months` with the same amount on every basis."""
    amounts = dict.fromkeys(
        ("billed_cost", "effective_cost", "contracted_cost", "list_cost"), Decimal(cost)
    )
    defaults = {
        "charge_month": MONTH,
        "source": "aws",
        "currency": "USD",
        "bucket": "model_version",
        "element": "hardware",
        "method": "direct",
    }
    return defaults | amounts | names


def reconciled(exported: str, **names: str) -> dict[str, Any]:
    """A row of `out_reconciliation` that adds up."""
    amount = Decimal(exported)
    defaults = {"source": "aws", "BillingCurrency": "USD", "basis": "EffectiveCost"}
    return (
        defaults
        | {"export_total": amount, "attributed_total": amount, "difference": Decimal(0)}
        | names
    )


def compared(predicted: str, price: str, usage: str, **names: Any) -> dict[str, Any]:
    """A compared line of the plan: its actual follows from the two variances."""
    difference = Decimal(price) + Decimal(usage)
    defaults = {
        "plan": "2026-h2",
        "kind": "plan",
        "volume": "ex_ante",
        "model": "search-rank",
        "model_version": "8",
        "component": "inference",
        "element": "hardware",
        "charge_month": MONTH,
        "currency": "USD",
        "unit": "Hrs",
        "basis": "EffectiveCost",
        "days_covered": 30,
        "days_in_month": 30,
        "planned_price": Decimal(2),
        "planned_quantity": Decimal(100),
        "actual_quantity": Decimal(120),
        "status": "compared",
    }
    amounts = {
        "predicted_cost": Decimal(predicted),
        "actual_cost": Decimal(predicted) + difference,
        "difference": difference,
        "price_variance": Decimal(price),
        "usage_variance": Decimal(usage),
    }
    return defaults | amounts | names


def published(**tables: Any) -> PublishedMonth:
    """A published month: empty tables but for those given; `publication` overrides its fields."""
    publication = {
        "billing_month": MONTH,
        "publication_id": "p1",
        "published_at": datetime(2026, 10, 7, 3, 0),
        "status": "final",
        "run_id": "r1",
        "sources": {"aws": {"status": "final"}},
        "warnings": [],
    }
    given = tables.pop("publication", {})
    assert isinstance(given, dict)
    empty = {
        "model_months": MODEL_MONTHS,
        "reconciliation": RECONCILIATION,
        "export_totals": EXPORT_TOTALS,
        "variance": VARIANCE,
        "predicted": PREDICTED,
        "bill_files": BILL_FILES,
        "bill_rejects": BILL_REJECTS,
        "log_files": LOG_FILES,
        "log_rejects": LOG_REJECTS,
        "coverage": COVERAGE,
    }
    frames: dict[str, Any] = {name: tables.get(name, c.empty()) for name, c in empty.items()}
    frames["posted"] = tables.get("posted", ())
    frames["missing"] = tables.get("missing", ())
    return PublishedMonth(publication=publication | given, **frames)


def values(sheet: Sheet, *keys: str) -> list[tuple[Any, ...]]:
    """The rows of a sheet, narrowed to some columns."""
    return [tuple(row.values.get(key) for key in keys) for row in sheet.rows]
