"""What each model version cost, by charge day and by charge month."""

import dagster as dg

from assets.checks import FEW_UNATTRIBUTED, unattributed_share_is_small
from assets.metadata import table_spec
from assets.resources import AttributionProject
from assets.steps import Results, staged
from pipelines.spend import model_days, model_months

ALLOCATED = "core_attribution__allocated_charges"
DAYS, MONTHS = "out_spend__model_days", "out_spend__model_months"


@dg.multi_asset(
    specs=[table_spec(name, [ALLOCATED], {"duckdb", "polars"}) for name in (DAYS, MONTHS)],
    check_specs=[FEW_UNATTRIBUTED],
)
def out_spend(context: dg.AssetExecutionContext, project: AttributionProject) -> Results:
    """Spend by model version, component, element and owner; every cent of the bill is in it."""
    run = project.month_run(context)
    with run.connect() as con:
        yield from staged(
            run,
            (DAYS, MONTHS),
            lambda: {
                DAYS: model_days(con, run.month, run.staged_files(ALLOCATED)),
                MONTHS: model_months(con, run.month, run.staged_files(ALLOCATED)),
            },
            {MONTHS: unattributed_share_is_small},
        )
