"""Billed beside logged units, what a unit cost, and how well paid machine time was used."""

import gzip
import zlib
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path

import dagster as dg

from assets.checks import LOGGED_MATCHES_BILLED, logged_units_match_billed
from assets.metadata import table_spec
from assets.month_run import MonthRun, Rows
from assets.object_store import fetch_all
from assets.resources import AttributionProject
from assets.steps import Results, staged
from pipelines.billing.periods import days_covered
from pipelines.errors import BusinessUnitsUnreadable
from pipelines.months import month_bounds
from pipelines.registry.names import Names
from pipelines.spend.business_units import BusinessText, business_quantities
from pipelines.spend.unit_costs import unit_costs
from pipelines.spend.utilisation import utilisation
from pipelines.usage.comparison import billed_vs_logged
from pipelines.usage.findings import findings, sentences
from pipelines.usage.prepared import UsageInputs, prepare

BILLED_VS_LOGGED = "out_usage__billed_vs_logged"
UNIT_COSTS = "out_spend__unit_costs"
UTILISATION = "out_spend__utilisation"
TABLES = (BILLED_VS_LOGGED, UTILISATION, UNIT_COSTS)
CHARGES, ALLOCATED = "core_billing__charges", "core_attribution__allocated_charges"
USAGE, COVERAGE = "core_inference__usage", "core_inference__coverage"
MONTHS = "out_spend__model_months"
SPLIT_SHARES = "core_billing__split_shares"
READ = [
    CHARGES,
    SPLIT_SHARES,
    ALLOCATED,
    USAGE,
    COVERAGE,
    "core_registry__deployments",
    "core_registry__runs",
    "core_registry__model_versions",
]


@dg.multi_asset(
    specs=[
        table_spec(BILLED_VS_LOGGED, READ, {"duckdb", "polars"}),
        table_spec(UTILISATION, READ, {"duckdb", "polars"}),
        table_spec(UNIT_COSTS, [*READ, MONTHS], {"duckdb", "polars"}),
    ],
    check_specs=[LOGGED_MATCHES_BILLED],
)
def out_usage(context: dg.AssetExecutionContext, project: AttributionProject) -> Results:
    """What was billed and what was logged, side by side, and what a unit of it cost."""
    run = project.month_run(context)
    yield from staged(
        run, TABLES, lambda: _tables(run), {BILLED_VS_LOGGED: logged_units_match_billed}
    )


def _tables(run: MonthRun) -> dict[str, Rows]:
    settings, catalogue = run.project.settings, run.catalogue
    charges = run.staged_files(CHARGES)
    inputs = UsageInputs(
        charges=charges,
        allocated=run.staged_files(ALLOCATED),
        usage=run.staged_files(USAGE),
        coverage=run.staged_files(COVERAGE),
        split_shares=run.staged_files(SPLIT_SHARES),
    )
    start, _ = month_bounds(run.month)
    business = business_quantities(_business_texts(run), run.month, Names(catalogue))
    run.warn(business.warnings)
    with run.connect() as con:
        until = start + timedelta(days=days_covered(con, run.month, charges, run.is_final))
        prepared = prepare(con, run.month, until, inputs, catalogue, run.project.rules)
        compared = billed_vs_logged(con, prepared, catalogue)
        used = utilisation(con, prepared)
        costs = unit_costs(
            con,
            prepared,
            run.frame(MONTHS),
            used,
            catalogue,
            settings.attribution.token_weights,
            business.quantities,
        )
    run.warn(sentences(findings(compared, settings.usage.tolerance), run.month))
    return {BILLED_VS_LOGGED: compared, UTILISATION: used, UNIT_COSTS: costs}


def _business_texts(run: MonthRun) -> Iterable[BusinessText]:
    """The CSV files of the business units, each whole.

    Raises:
        BusinessUnitsUnreadable: a file is no UTF-8 text or a damaged gzip.
    """
    for source in run.project.settings.business_units:
        for file in fetch_all(run.business_units[source.name], source.storage, run.project.cache):
            try:
                content = Path(file.path).read_bytes()
                text = (gzip.decompress(content) if file.is_gzip else content).decode("utf-8")
            except (UnicodeDecodeError, OSError, EOFError, zlib.error) as error:
                raise BusinessUnitsUnreadable(source.name, file.name, [str(error)]) from error
            yield BusinessText(source.name, file.name, text)
