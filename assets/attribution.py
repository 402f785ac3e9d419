"""Whose charge it is: every charge in its bucket, and the proof that nothing was lost."""

import dagster as dg

from assets.checks import EQUALS_BILLED, spend_equals_billed_cost
from assets.metadata import table_spec
from assets.month_run import Rows
from assets.resources import AttributionProject
from assets.steps import Results, staged
from pipelines.attribution import AttributionInputs, allocate
from pipelines.attribution.reconciliation import reconcile

ALLOCATED = "core_attribution__allocated_charges"
TABLES = (ALLOCATED, "core_attribution__notional_idle")
RECONCILIATION = "out_reconciliation"


@dg.multi_asset(
    specs=[
        table_spec(
            name,
            [
                "core_billing__charges",
                "core_billing__split_shares",
                "core_inference__usage",
                "core_inference__coverage",
                "core_registry__deployments",
                "core_registry__runs",
                "core_registry__model_versions",
            ],
            {"duckdb", "deltalake"},
        )
        for name in TABLES
    ]
)
def core_attribution(context: dg.AssetExecutionContext, project: AttributionProject) -> Results:
    """Every charge split over versions, components and remainders, all four bases alike."""
    run = project.month_run(context)
    with run.connect() as con:

        def allocated() -> dict[str, Rows]:
            inputs = AttributionInputs(
                charges=run.staged_files("core_billing__charges"),
                split_shares=run.staged_files("core_billing__split_shares"),
                usage=run.staged_files("core_inference__usage"),
                coverage=run.staged_files("core_inference__coverage"),
            )
            found = allocate(
                con,
                run.month,
                inputs,
                run.catalogue,
                run.project.rules,
                run.project.settings,
            )
            run.warn(found.warnings)
            return {ALLOCATED: found.allocated, TABLES[1]: found.notional_idle}

        yield from staged(run, TABLES, allocated)


@dg.multi_asset(
    specs=[
        table_spec(RECONCILIATION, [ALLOCATED, "core_billing__export_totals"], {"duckdb", "polars"})
    ],
    check_specs=[EQUALS_BILLED],
)
def reconciliation(context: dg.AssetExecutionContext, project: AttributionProject) -> Results:
    """The buckets against the export's totals; a difference stops the month before publication."""
    run = project.month_run(context)
    with run.connect() as con:

        def reconciled() -> dict[str, Rows]:
            return {
                RECONCILIATION: reconcile(
                    con,
                    run.month,
                    run.staged_files(ALLOCATED),
                    run.staged_files("core_billing__export_totals"),
                )
            }

        yield from staged(
            run, (RECONCILIATION,), reconciled, {RECONCILIATION: spend_equals_billed_cost}
        )
