"""What the registries say, and the catalogue with it: which model version ran where and when."""

from datetime import UTC, datetime

import dagster as dg

from assets.metadata import table_spec
from assets.month_run import Rows
from assets.registries.pull import Pulled, pull
from assets.resources import AttributionProject
from assets.steps import Results, staged
from pipelines.registry.frames import registry_tables

SNAPSHOTS = "raw_registry__snapshots"
TABLES = (
    "core_registry__model_versions",
    "core_registry__deployments",
    "core_registry__runs",
    "core_registry__plans",
)


@dg.asset(key=SNAPSHOTS, group_name="registry", kinds={"s3"})
def raw_registry__snapshots(
    context: dg.AssetExecutionContext, project: AttributionProject
) -> dg.MaterializeResult[None]:
    """What each registry answers now; kept where it differs from what it answered before."""
    pulled = pull(project.load(), datetime.now(UTC))
    failed = [found for found in pulled if found.problem]
    if failed:
        raise dg.Failure(description="\n".join(found.problem for found in failed))
    return dg.MaterializeResult(
        metadata={found.registry: _told(found) for found in pulled},
        data_version=dg.DataVersion(",".join(found.url for found in pulled)),
    )


def _told(found: Pulled) -> str:
    return f"written to {found.url}" if found.is_new else f"as in {found.url or 'no snapshot'}"


@dg.multi_asset(
    specs=[
        table_spec(name, [SNAPSHOTS] if name != TABLES[3] else [], {"polars", "deltalake"})
        for name in TABLES
    ]
)
def core_registry(context: dg.AssetExecutionContext, project: AttributionProject) -> Results:
    """Model versions, deployments, runs and plans of the month: the catalogue and registries."""
    run = project.month_run(context)

    def tables() -> dict[str, Rows]:
        run.warn(run.merged.conflicts)
        return dict(registry_tables(run.catalogue, run.month))

    yield from staged(run, TABLES, tables)
