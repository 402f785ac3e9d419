"""States of months made by hand: one compared physical term after the other."""

import json
from datetime import datetime
from decimal import Decimal
from typing import Any

import polars as pl

from pipelines.calibration.published import State
from pipelines.contracts import PREDICTED, VARIANCE, Contract

GROUP = "training_gpu_hours H100 bf16"


def term(formula: str, actual: str, **names: Any) -> dict[str, Any]:
    """A physical term of 100 GPU-hours predicted, say, and 125 billed at 2 USD."""
    return {
        "plan": "physical",
        "kind": "physical",
        "volume": "ex_ante",
        "model": "search-rank",
        "model_version": "8",
        "component": "training",
        "element": "hardware",
        "currency": "USD",
        "unit": "Hrs",
        "formula": "training_gpu_hours",
        "calibration_group": GROUP,
        "planned_quantity": Decimal(formula),
        "actual_quantity": Decimal(actual),
        "actual_cost": 2 * Decimal(actual),
        "status": "compared",
        "inputs": json.dumps({"effective_mfu": {"value": "0.4", "unit": ""}}),
    } | names


def state(month: str, published_at: datetime, *terms: dict[str, Any]) -> State:
    """One publication of a month with these terms."""
    rows = [
        {"days_covered": 30, "days_in_month": 30}
        | each
        | {"billing_month": month, "charge_month": month}
        for each in terms
    ]
    return State(
        month=month,
        publication_id=f"{month} {published_at:%m-%d}",
        published_at=published_at,
        predicted=_frame(PREDICTED, rows),
        variance=_frame(VARIANCE, rows),
    )


def _frame(contract: Contract, rows: list[dict[str, Any]]) -> pl.DataFrame:
    """The rows in the columns of a contract; text that is not given is ''."""
    blank = {"VARCHAR": ""}
    told = [
        {name: row.get(name, blank.get(kind)) for name, kind in contract.columns.items()}
        for row in rows
    ]
    return pl.DataFrame(told, schema=contract.polars_schema, orient="row")
