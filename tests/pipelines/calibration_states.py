"""States of months made by hand: one compared physical term after the other."""

import json
from datetime import datetime
from decimal import Decimal
from typing import Any

from pipelines.calibration.published import State
from pipelines.contracts import PREDICTED, VARIANCE
from tests.pipelines.review_frames import compared, frame

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


def state(month: str, published_at: datetime, *terms: dict[str, Any], **names: Any) -> State:
    """One publication of a month with these terms."""
    rows = [{**each, "billing_month": month, "charge_month": month} for each in terms]
    predicted = [{k: v for k, v in row.items() if k in PREDICTED.columns} for row in rows]
    variance = [
        {k: v for k, v in (compared("0", "0", "0") | row).items() if k in VARIANCE.columns}
        for row in rows
    ]
    return State(
        month=month,
        publication_id=names.get("publication_id", f"{month} {published_at:%m-%d}"),
        published_at=published_at,
        predicted=frame(PREDICTED, *predicted),
        variance=frame(VARIANCE, *variance),
    )
