"""Why actual and predicted differ."""

import dagster as dg

from assets.checks import ADDS_UP, variances_add_up_to_differences
from assets.fx import read_rates
from assets.metadata import table_spec
from assets.month_run import MonthRun, Rows
from assets.resources import AttributionProject
from assets.steps import Results, staged
from pipelines.billing.periods import days_covered
from pipelines.prediction.volumes import measured_volumes
from pipelines.variance import compare

ALLOCATED = "core_attribution__allocated_charges"
NOTIONAL_IDLE = "core_attribution__notional_idle"
UNIT_COSTS = "out_spend__unit_costs"
CHARGES = "core_billing__charges"
PREDICTED = "core_prediction__spend"
VARIANCE = "out_variance__predicted_vs_actual"
DRIVERS = "out_variance__drivers"


@dg.multi_asset(
    specs=[
        table_spec(
            name, [PREDICTED, ALLOCATED, NOTIONAL_IDLE, CHARGES, UNIT_COSTS], {"duckdb", "polars"}
        )
        for name in (VARIANCE, DRIVERS)
    ],
    check_specs=[ADDS_UP],
)
def out_variance(context: dg.AssetExecutionContext, project: AttributionProject) -> Results:
    """Actual against predicted; the difference is the named variances, exactly."""
    run = project.month_run(context)
    yield from staged(
        run, (VARIANCE, DRIVERS), lambda: _tables(run), {DRIVERS: variances_add_up_to_differences}
    )


def _tables(run: MonthRun) -> dict[str, Rows]:
    with run.connect() as con:
        found = compare(
            con,
            run.month,
            run.frame(PREDICTED),
            run.staged_files(ALLOCATED),
            run.frame(NOTIONAL_IDLE),
            days_covered(con, run.month, run.staged_files(CHARGES), run.is_final),
            volumes=measured_volumes(run.frame(UNIT_COSTS)),
            rates=read_rates(run.project),
            rate_kind=run.project.settings.comparison.fx_rate,
        )
    return {VARIANCE: found.variance, DRIVERS: found.drivers}
