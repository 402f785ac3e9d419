"""The catalogue as tables: which model version ran where and when, and what was planned for it."""

import dagster as dg

from assets.metadata import table_spec
from assets.resources import AttributionProject
from assets.steps import Results, staged
from pipelines.registry.frames import registry_tables

TABLES = (
    "core_registry__model_versions",
    "core_registry__deployments",
    "core_registry__runs",
    "core_registry__plans",
)


@dg.multi_asset(specs=[table_spec(name, [], {"polars", "deltalake"}) for name in TABLES])
def core_registry(context: dg.AssetExecutionContext, project: AttributionProject) -> Results:
    """Model versions, deployments, runs and plans of the month, from the catalogue file."""
    run = project.month_run(context)
    yield from staged(run, TABLES, lambda: registry_tables(run.project.catalogue, run.month))
