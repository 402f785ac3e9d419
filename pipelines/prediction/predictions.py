"""A month's predictions in one table, by kind: plan, physical and calibrated, never mixed."""

from collections.abc import Iterable

import polars as pl

from pipelines.calibration.sets import CalibrationSet
from pipelines.contracts import PREDICTED, require
from pipelines.prediction.calibrated import calibrated
from pipelines.prediction.list_prices import ListPrices
from pipelines.prediction.physical import physical
from pipelines.prediction.plan import predict
from pipelines.prediction.volumes import Volumes
from pipelines.registry.catalogue import FormulaUse


def predictions(
    month: str,
    plans: pl.DataFrame,
    formulas: Iterable[FormulaUse],
    prices: ListPrices,
    calibration: CalibrationSet | None = None,
    volumes: Volumes | None = None,
) -> pl.DataFrame:
    """Every term of every plan and formula known by the end of the month; contract PREDICTED.

    `plans`: contract PLANS. `calibration`: the one in force when the month began. `volumes`: what
    logs measured of a month whose days are all billed; without them nothing is `ex_post`.
    """
    by_formula = physical(formulas, month, prices, volumes)
    kinds = [predict(plans, month), by_formula, calibrated(by_formula, calibration)]
    return require(pl.concat(kinds).sort(PREDICTED.key), PREDICTED)
