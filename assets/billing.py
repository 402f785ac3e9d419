"""Bills: which deliveries a month has, and its charges, read source by source.

A source whose bill cannot be read stops for this month and is marked missing; the others go on.
"""

import dagster as dg

from assets.checks import INVOICED, every_invoice_is_final
from assets.metadata import table_spec
from assets.partitions import BILLING_MONTHS
from assets.reading import read_bills
from assets.resources import AttributionProject
from assets.steps import Results, staged

TABLES = (
    "core_billing__charges",
    "core_billing__split_shares",
    "core_billing__files",
    "core_billing__rejects",
    "core_billing__export_totals",
)


@dg.asset(partitions_def=BILLING_MONTHS, group_name="billing", kinds={"s3"})
def raw_billing__deliveries(
    context: dg.AssetExecutionContext, project: AttributionProject
) -> dg.MaterializeResult[None]:
    """The files each bill source has for the month, as its store lists them; nothing is read."""
    run = project.month_run(context)
    files = [file for found in run.inputs.bills.values() for file in found]
    return dg.MaterializeResult(
        data_version=dg.DataVersion(run.inputs.digest),
        metadata={
            "inputs_digest": run.inputs.digest,
            "is_unchanged": run.is_unchanged,
            "sources": len(run.inputs.bills),
            "files": len(files),
            "bytes": sum(file.size for file in files),
        },
    )


@dg.multi_asset(
    specs=[table_spec(name, [raw_billing__deliveries], {"duckdb", "deltalake"}) for name in TABLES],
    check_specs=[INVOICED],
)
def core_billing(context: dg.AssetExecutionContext, project: AttributionProject) -> Results:
    """Charges, split shares, rejects and the export's totals of every bill source."""
    run = project.month_run(context)
    yield from staged(run, TABLES, lambda: read_bills(run), {TABLES[0]: every_invoice_is_final})
