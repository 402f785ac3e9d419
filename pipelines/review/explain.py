"""The walk from one figure down: rules, resources, bill lines, log hours, inputs of the formula.

What belongs here: what is asked of the published tables, in which order.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import duckdb
import polars as pl

from pipelines.queries import load, materialise, query, rows_of
from pipelines.registry.log_names import LOG_NAME_COLUMNS, LogNames
from pipelines.review.figure import (
    Figure,
    drivers_sheets,
    formula_sheet,
    hours_sheet,
    inputs_sheets,
    lines_sheet,
    resources_sheet,
    rules_sheet,
    totals_sheet,
)
from pipelines.review.sheets import ALL_VERSIONS, FOCUS_BASIS, Sheet

Row = dict[str, Any]


@dataclass(frozen=True)
class FigureFiles:
    """The Parquet files of the published tables a walk reads."""

    allocated: Sequence[str]
    charges: Sequence[str]
    usage: Sequence[str]


def explain_figure(
    con: duckdb.DuckDBPyConnection,
    figure: Figure,
    files: FigureFiles,
    *,
    rules: Mapping[str, str],
    names: LogNames,
    variance: pl.DataFrame,
    predicted: pl.DataFrame,
    drivers: pl.DataFrame,
    top: int,
) -> tuple[Sheet, ...]:
    """The sheets of the walk; empty where no allocated charge matches the figure.

    What was planned of a model and never billed has no charge: its walk is the plan's lines and
    their variances. `names` tells what the logs call the figure's model: a managed API has no
    resource. `drivers` are those of one method.
    """
    materialise(
        con,
        "figure_charges",
        "review/figure_charges",
        {
            "allocated_files": list(files.allocated),
            "basis": FOCUS_BASIS[figure.basis],
            "source": figure.source,
            "currency": figure.currency,
            "bucket": figure.bucket,
            "model": figure.model,
            "model_version": "" if figure.version == ALL_VERSIONS else figure.version,
            "component": figure.component,
            "owner": figure.owner,
            "day": figure.day,
        },
    )
    totals = rows_of(query(con, "review/figure_totals"))
    if not totals:
        is_of_charges = figure.bucket or figure.owner is not None or figure.source or figure.day
        told = () if is_of_charges else _predicted(figure, variance, predicted, drivers)
        return tuple(sheet for sheet in told if sheet.rows)
    sheets = [
        totals_sheet(figure, totals),
        rules_sheet(rows_of(query(con, "review/figure_rules")), rules, top),
        resources_sheet(rows_of(query(con, "review/figure_resources")), top),
        lines_sheet(
            rows_of(
                query(
                    con,
                    "review/figure_lines",
                    charge_files=list(files.charges),
                    basis=FOCUS_BASIS[figure.basis],
                    top=top,
                )
            ),
            sum(row["charges"] for row in totals),
        ),
    ]
    if files.usage:
        logged = query(con, "review/log_names", usage_files=list(files.usage)).fetchall()
        load(con, "figure_names", LOG_NAME_COLUMNS, _log_names(logged, figure, names))
        hours = query(
            con,
            "review/figure_hours",
            usage_files=list(files.usage),
            day=figure.day,
            top=top,
        )
        sheets.append(hours_sheet(rows_of(hours), top))
    sheets += _predicted(figure, variance, predicted, drivers)
    return tuple(sheet for sheet in sheets if sheet.rows)


def _predicted(
    figure: Figure, variance: pl.DataFrame, predicted: pl.DataFrame, drivers: pl.DataFrame
) -> tuple[Sheet, ...]:
    """What was predicted of the figure's model, of which inputs, and why it is another cost."""
    if figure.model is None:
        return ()
    return (
        formula_sheet(figure, variance, predicted),
        *inputs_sheets(figure, predicted),
        *drivers_sheets(figure, drivers),
    )


def _log_names(usage: Iterable[tuple[str, str]], figure: Figure, names: LogNames) -> Iterator[Row]:
    """The names of the logs, and when they mean the figure's model and version."""
    version = "" if figure.version == ALL_VERSIONS else figure.version
    for row in names.rows(usage):
        if figure.model in (None, row["model"]) and version in (None, row["model_version"]):
            yield row
