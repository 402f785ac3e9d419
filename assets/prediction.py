"""What each plan, each formula and what was learnt of closed months predict for the month."""

import dagster as dg

from assets.metadata import table_spec
from assets.month_run import MonthRun
from assets.price_books import read_machine_prices, read_prices
from assets.resources import AttributionProject
from assets.steps import Results, staged
from pipelines.billing.periods import days_covered
from pipelines.months import days_in_month
from pipelines.prediction.list_prices import ListPrices
from pipelines.prediction.predictions import predictions
from pipelines.prediction.volumes import Volumes, measured_volumes

PREDICTED = "core_prediction__spend"
PLANS = "core_registry__plans"
UNIT_COSTS = "out_spend__unit_costs"
CHARGES = "core_billing__charges"
CALIBRATIONS = "raw_calibration__sets"


@dg.multi_asset(
    specs=[table_spec(PREDICTED, [PLANS, UNIT_COSTS, CHARGES, CALIBRATIONS], {"polars"})]
)
def core_prediction(context: dg.AssetExecutionContext, project: AttributionProject) -> Results:
    """What is predicted for the month, term by term: by plan, by formula, and calibrated."""
    run = project.month_run(context)
    if not run.is_unchanged:
        run.warn(run.calibrations.said)
    yield from staged(
        run,
        (PREDICTED,),
        lambda: {
            PREDICTED: predictions(
                run.month,
                run.frame(PLANS),
                run.catalogue.formulas,
                ListPrices(read_machine_prices(run.project), read_prices(run.project)),
                run.calibration,
                _volumes(run),
            )
        },
    )


def _volumes(run: MonthRun) -> Volumes | None:
    """What logs measured, once the bill covers every day of the month; None until then.

    A volume of part of a month is no volume of the month.
    """
    if not run.catalogue.formulas:
        return None
    with run.connect() as con:
        days = days_covered(con, run.month, run.staged_files(CHARGES), run.is_final)
    is_whole = run.inputs.is_over and days == days_in_month(run.month)
    return measured_volumes(run.frame(UNIT_COSTS)) if is_whole else None
