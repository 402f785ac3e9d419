"""Request logs: which files there are for a day, and the hourly usage of a month."""

import dagster as dg

from assets.checks import NO_LOG_REJECTED, every_log_line_is_read
from assets.deliveries import log_files_of_day
from assets.metadata import table_spec
from assets.partitions import DAYS_OF_MONTH, LOG_DAYS
from assets.reading import read_logs
from assets.resources import AttributionProject
from assets.steps import Results, staged

TABLES = (
    "core_inference__usage",
    "core_inference__files",
    "core_inference__rejects",
    "core_inference__coverage",
)


@dg.asset(
    partitions_def=LOG_DAYS,
    group_name="inference",
    kinds={"s3"},
    backfill_policy=dg.BackfillPolicy.multi_run(31),
)
def raw_inference__log_files(
    context: dg.AssetExecutionContext, project: AttributionProject
) -> dg.MaterializeResult[None]:
    """The log files whose names carry the day's date, as their stores list them.

    Lineage and a sign of life, no input: a month reads every file of its sources, whatever its
    name, and decides by the records themselves.
    """
    found = log_files_of_day(project.load(), context.partition_keys)
    return dg.MaterializeResult(
        metadata={
            "files": len(found),
            "bytes": sum(file.size for file in found),
        }
    )


@dg.multi_asset(
    specs=[
        table_spec(
            name,
            [
                "core_billing__charges",
                dg.AssetDep("raw_inference__log_files", partition_mapping=DAYS_OF_MONTH),
            ],
            {"duckdb", "deltalake"},
        )
        for name in TABLES
    ],
    check_specs=[NO_LOG_REJECTED],
)
def core_inference(context: dg.AssetExecutionContext, project: AttributionProject) -> Results:
    """Hourly usage over every charge period the month's bill touches, and what was watched."""
    run = project.month_run(context)
    yield from staged(run, TABLES, lambda: read_logs(run), {TABLES[0]: every_log_line_is_read})
