"""What each model version cost, by charge day and by charge month; what commitments did."""

import dagster as dg

from assets.checks import FEW_UNATTRIBUTED, unattributed_share_is_small
from assets.metadata import table_spec
from assets.resources import AttributionProject
from assets.steps import Results, staged
from pipelines.spend import commitments, model_days, model_months

ALLOCATED = "core_attribution__allocated_charges"
CHARGES = "core_billing__charges"
DAYS, MONTHS = "out_spend__model_days", "out_spend__model_months"
COMMITMENTS = "out_spend__commitments"


@dg.multi_asset(
    specs=[
        *(table_spec(name, [ALLOCATED], {"duckdb", "polars"}) for name in (DAYS, MONTHS)),
        table_spec(COMMITMENTS, [CHARGES], {"duckdb", "polars"}),
    ],
    check_specs=[FEW_UNATTRIBUTED],
)
def out_spend(context: dg.AssetExecutionContext, project: AttributionProject) -> Results:
    """Spend by model version, component, element and owner; every cent of the bill is in it."""
    run = project.month_run(context)
    with run.connect() as con:
        yield from staged(
            run,
            (DAYS, MONTHS, COMMITMENTS),
            lambda: {
                DAYS: model_days(con, run.month, run.staged_files(ALLOCATED)),
                MONTHS: model_months(con, run.month, run.staged_files(ALLOCATED)),
                COMMITMENTS: commitments(con, run.month, run.staged_files(CHARGES), run.catalogue),
            },
            {MONTHS: unattributed_share_is_small},
        )
