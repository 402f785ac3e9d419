"""What must be, or should be, true of a month: evidence in Dagster, partition by partition.

A failed check undoes nothing, so the reconciliation is computed, and raises, before anything is
published; `spend_equals_billed_cost` records that it held. The others are soft (WARN). Each reads
the staged tables of its own run. Every threshold is a named constant.
"""

from collections import Counter
from decimal import Decimal
from typing import Any

import dagster as dg
import polars as pl

from assets.month_run import MonthRun
from assets.partitions import BILLING_MONTHS
from pipelines.money import plain
from pipelines.usage.findings import findings, sentences
from pipelines.variance.sums import terms_that_do_not_add_up

MAX_UNATTRIBUTED_RATIO = Decimal("0.05")
"""More than a twentieth of the AI spend without a model deserves a look at the catalogue."""

CHARGES, USAGE = "core_billing__charges", "core_inference__usage"
MONTHS, RECONCILIATION = "out_spend__model_months", "out_reconciliation"
VARIANCE, DRIVERS = "out_variance__predicted_vs_actual", "out_variance__drivers"


def _spec(name: str, asset: str, description: str, **more: Any) -> dg.AssetCheckSpec:
    return dg.AssetCheckSpec(
        name, asset=asset, description=description, partitions_def=BILLING_MONTHS, **more
    )


EQUALS_BILLED = _spec(
    "spend_equals_billed_cost",
    RECONCILIATION,
    "The buckets add up to the export, for every source, invoice, currency and basis: exactly.",
    blocking=True,
)
FEW_UNATTRIBUTED = _spec(
    "unattributed_share_is_small",
    MONTHS,
    f"At most {MAX_UNATTRIBUTED_RATIO:%} of the AI spend has no known model.",
)
INVOICED = _spec(
    "every_invoice_is_final", CHARGES, "Every charge carries the id of an issued invoice."
)
NO_SOURCE_MISSING = _spec(
    "every_source_is_read", "out_publications", "The bill of every source could be read."
)
LOGGED_MATCHES_BILLED = _spec(
    "logged_units_match_billed",
    "out_usage__billed_vs_logged",
    "What logs measured is what was billed, model by model and day by day, within the tolerance.",
)
ADDS_UP = _spec(
    "variances_add_up_to_differences",
    DRIVERS,
    "Every term's actual less predicted is the sum of its named variances, by each method.",
)
NO_LOG_REJECTED = _spec(
    "every_log_line_is_read", USAGE, "No line of the request logs had to be rejected."
)


def spend_equals_billed_cost(run: MonthRun) -> dg.AssetCheckResult:
    """Exact: the largest difference of the reconciliation is 0."""
    table = run.frame(RECONCILIATION)
    off = table.filter(pl.col("difference") != 0)
    return dg.AssetCheckResult(
        check_name=EQUALS_BILLED.name,
        asset_key=RECONCILIATION,
        passed=off.is_empty(),
        metadata={"lines": table.height, "lines_that_differ": off.height},
    )


def unattributed_share_is_small(run: MonthRun) -> dg.AssetCheckResult:
    """Effective cost per currency; the share is for display, the comparison is exact."""
    ai = run.frame(MONTHS).filter(pl.col("bucket") != "not_ai")
    unknown = ai.filter(pl.col("bucket") == "unattributed")
    whole = _by_currency(ai)
    shown: dict[str, Any] = {}
    passed = True
    for currency, cost in sorted(_by_currency(unknown).items()):
        passed = passed and cost <= MAX_UNATTRIBUTED_RATIO * whole[currency]
        shown[f"unattributed_{currency}"] = plain(cost)
        if whole[currency]:
            shown[f"unattributed_ratio_{currency}"] = float(cost / whole[currency])
    return _soft(FEW_UNATTRIBUTED, passed=passed, metadata=shown)


def every_invoice_is_final(run: MonthRun) -> dg.AssetCheckResult:
    """Lines without an invoice id, from the export's totals."""
    lines = run.lines_without_invoice()
    return _soft(INVOICED, passed=lines == 0, metadata={"lines_without_invoice": lines})


def every_log_line_is_read(run: MonthRun) -> dg.AssetCheckResult:
    """Rejected lines, file by file."""
    files = run.frame("core_inference__files")
    rejects = int(files["rejects"].sum())
    return _soft(
        NO_LOG_REJECTED,
        passed=rejects == 0,
        metadata={"rejects": rejects, "lines_read": int(files["lines_read"].sum())},
    )


def logged_units_match_billed(run: MonthRun) -> dg.AssetCheckResult:
    """Missing hours, doubled logs and unlogged traffic: how many of each, and the sentences."""
    found = findings(run.frame("out_usage__billed_vs_logged"), run.project.settings.usage.tolerance)
    counts = Counter(finding.kind for finding in found)
    return _soft(
        LOGGED_MATCHES_BILLED,
        passed=not found,
        metadata={**dict(sorted(counts.items())), "sentences": sentences(found, run.month)},
    )


def variances_add_up_to_differences(run: MonthRun) -> dg.AssetCheckResult:
    """Exact, term by term and method by method; a term with a difference has variances."""
    compared, drivers = run.frame(VARIANCE), run.frame(DRIVERS)
    off = terms_that_do_not_add_up(compared, drivers)
    return _soft(
        ADDS_UP,
        passed=off.is_empty(),
        metadata={"terms": compared.height, "terms_that_do_not_add_up": off.height},
    )


def every_source_is_read(run: MonthRun) -> dg.AssetCheckResult:
    """Sources marked missing, with what was wrong."""
    return _soft(NO_SOURCE_MISSING, passed=not run.problems, metadata=dict(run.problems))


def _by_currency(frame: pl.DataFrame) -> dict[str, Decimal]:
    sums = frame.group_by("currency").agg(pl.col("effective_cost").sum())
    return dict(sums.iter_rows())


def _soft(
    spec: dg.AssetCheckSpec, *, passed: bool, metadata: dict[str, Any]
) -> dg.AssetCheckResult:
    return dg.AssetCheckResult(
        check_name=spec.name,
        asset_key=spec.asset_key,
        passed=passed,
        severity=dg.AssetCheckSeverity.WARN,
        metadata=metadata,
    )
