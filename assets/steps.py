"""How a step of the month hands over its tables: staged in the lake, and described to Dagster.

The one place that knows both a `MonthRun` and Dagster's results; the assets stay a few lines each.
"""

from collections.abc import Callable, Iterator, Mapping

import dagster as dg
import polars as pl

from assets.metadata import totals
from assets.month_run import MonthRun, Rows

Results = Iterator[dg.MaterializeResult[None]]
Check = Callable[[MonthRun], dg.AssetCheckResult]


def staged(
    run: MonthRun,
    tables: tuple[str, ...],
    make: Callable[[], Mapping[str, Rows]],
    checks: Mapping[str, Check] | None = None,
) -> Results:
    """Stage what `make` returns and describe each table; checks are evaluated on the staged rows.

    For an unchanged month nothing is made: the tables are the published ones, and are described
    as such.
    """
    made: Mapping[str, Rows] = {} if run.is_unchanged else make()
    for table in tables:
        if not run.is_unchanged:
            run.stage(table, made[table])
    for table in tables:
        rows = made.get(table)
        found = run.staged(table)
        yield dg.MaterializeResult(
            asset_key=table,
            data_version=dg.DataVersion(run.inputs.digest),
            metadata={
                "dagster/partition_row_count": found.rows,
                "dagster/uri": run.lake.uri(table),
                "delta_version": found.version,
                "is_unchanged": run.is_unchanged,
                **(totals(rows) if isinstance(rows, pl.DataFrame) else {}),
            },
            check_results=[check(run) for key, check in (checks or {}).items() if key == table],
        )
