"""Prediction of kind `plan`: price x quantity, term by term, from the catalogue's plans."""

import polars as pl

from pipelines.contracts import PREDICTED, require
from pipelines.money import EXACT, POLARS_TYPE, quantise
from pipelines.months import month_bounds

FORMULA = "price x quantity"
_LEARNT = (
    "inputs",
    "calibration_group",
    "coefficient",
    "coefficients",
    "lower_cost",
    "upper_cost",
)
"""What only formulas and calibrations have."""


def predict(plans: pl.DataFrame, month: str) -> pl.DataFrame:
    """What every plan known by the end of the month predicts for it, term by term.

    `plans`: contract PLANS. `price` is money in `currency` per `unit`, `quantity` in units for the
    full calendar month. 21.96 USD/Hrs x 744 Hrs predicts 16,338.24 USD. A term without price or
    quantity has no prediction (NULL), never a zero.
    """
    _, month_end = month_bounds(month)
    known = plans.filter((pl.col("charge_month") == month) & (pl.col("as_of") < month_end))
    costs = [
        None if price is None or quantity is None else quantise(EXACT.multiply(price, quantity))
        for price, quantity in known.select("price", "quantity").iter_rows()
    ]
    predicted = known.with_columns(
        pl.lit("plan").alias("kind"),
        pl.lit("ex_ante").alias("volume"),
        pl.lit(FORMULA).alias("formula"),
        pl.Series("predicted_cost", costs, dtype=POLARS_TYPE),
        pl.lit("").alias("reason"),
        *(
            pl.lit(None, kind).alias(name)
            for name, kind in PREDICTED.polars_schema.items()
            if name in _LEARNT
        ),
    )
    return require(predicted.select(list(PREDICTED.columns)).sort(PREDICTED.key), PREDICTED)
