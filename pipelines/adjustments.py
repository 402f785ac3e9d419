"""The rows of prior-period adjustments: the difference of two states of a month, to the last unit.

Which two states, and in which month their difference is posted, is decided in `pipelines.closing`.
"""

from typing import Final

import polars as pl

from pipelines.contracts import MODEL_MONTHS

KEYS: Final = (
    "currency",
    "source",
    "bucket",
    "model",
    "model_version",
    "component",
    "element",
    "owner",
    "cost_centre",
)
"""What finance posts by. The method is not among them: how a cost was found moves no money."""

COSTS: Final = ("billed_cost", "effective_cost", "contracted_cost", "list_cost")


def adjustments(before: pl.DataFrame, after: pl.DataFrame) -> pl.DataFrame:
    """`after` - `before` of two states of `out_spend__model_months`, by `KEYS`, on all four bases.

    100 for version 8 restated as 90 for it and 15 unattributed gives the rows -10 and 15, whose
    sum is the difference of the totals. What did not move on any basis is not listed.
    """
    schema = pl.Schema({name: MODEL_MONTHS.polars_schema[name] for name in (*KEYS, *COSTS)})
    return (
        pl.concat(
            [
                after.select(*KEYS, *COSTS),
                before.select(*KEYS, *(-pl.col(name) for name in COSTS)).cast(schema),
            ]
        )
        .group_by(KEYS)
        .agg(pl.col(COSTS).sum())
        .filter(pl.any_horizontal(pl.col(name) != 0 for name in COSTS))
        .cast(schema)
        .sort(KEYS)
    )
