"""The month becomes visible: one row that names every table's version, or nothing at all."""

import dagster as dg

from assets.checks import NO_SOURCE_MISSING, every_source_is_read
from assets.metadata import table_spec
from assets.resources import AttributionProject
from assets.steps import Results
from pipelines.contracts import TABLES

PUBLICATIONS = "out_publications"


@dg.multi_asset(
    specs=[
        table_spec(PUBLICATIONS, [name for name in TABLES if name != PUBLICATIONS], {"deltalake"})
    ],
    check_specs=[NO_SOURCE_MISSING],
)
def out_publications(context: dg.AssetExecutionContext, project: AttributionProject) -> Results:
    """Publish the month's staged tables together; fails if another run published it meanwhile."""
    run = project.month_run(context)
    publication = run.publish()
    result: dg.MaterializeResult[None] = dg.MaterializeResult(
        asset_key=PUBLICATIONS,
        data_version=dg.DataVersion(run.inputs.digest),
        metadata={
            "publication_id": publication.publication_id,
            "status": publication.status,
            "is_unchanged": run.is_unchanged,
            "warnings": len(run.warnings),
        },
        check_results=[every_source_is_read(run)],
    )
    run.close()
    yield result
