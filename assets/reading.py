"""Reads a month's bills and logs, source by source: fetch, check, hand over to the pure readers.

One source's unreadable bill stops that source alone: it is marked missing, the others go on. If no
source is left there is no month to publish, and the first problem is raised.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

import polars as pl

from assets.deliveries import current_delivery
from assets.log_spans import needed_and_known, remember
from assets.month_run import MonthRun, Rows
from assets.object_store import fetch_all
from assets.price_books import read_prices
from pipelines.billing.azure import check_sources_are_apart
from pipelines.billing.layouts import Delivery
from pipelines.billing.periods import usage_window
from pipelines.billing.reader import BILL_TABLES, BillTables, read_bill
from pipelines.contracts import BILL_REJECTS
from pipelines.errors import BillUnreadable, CommitmentUnbalanced, FileDamaged, ModelspendError
from pipelines.files import LocalFile
from pipelines.inference import sagemaker_capture
from pipelines.inference.sources import LogInput
from pipelines.inference.usage import read_usage
from pipelines.settings import BillSource, LogSource

STOPS_A_SOURCE = (BillUnreadable, CommitmentUnbalanced, FileDamaged)


def read_bills(run: MonthRun) -> dict[str, Rows]:
    """The five tables of a month's bills, each as the files of all sources that could be read.

    Raises:
        BillUnreadable, CommitmentUnbalanced, FileDamaged: the only source, or every one, failed.
    """
    read: dict[str, BillTables] = {}
    errors: dict[str, ModelspendError] = {}
    for source in run.project.settings.bills:
        try:
            read[source.name] = _read_source(run, source)
        except STOPS_A_SOURCE as error:
            errors[source.name] = error
    errors |= _told_twice(run, read)
    tables: dict[str, list[str]] = {name: [] for name in BILL_TABLES}
    for source in run.project.settings.bills:
        if problem := errors.get(source.name):
            run.mark_missing(source.name, str(problem))
            tables[BILL_REJECTS.name] += _rejects_of(run, source, problem)
            continue
        run.mark_read(source.name)
        bill = read[source.name]
        run.warn(bill.warnings)
        for name, path in zip(BILL_TABLES, bill.paths, strict=True):
            tables[name].append(str(path))
    if len(errors) == len(run.project.settings.bills):
        raise next(iter(errors.values()))
    return dict(tables)


def _read_source(run: MonthRun, source: BillSource) -> BillTables:
    """One source's bill of the month, held against what its delivery states."""
    files, delivery = _bill_files(run, source)
    with run.connect() as con:
        bill = read_bill(
            con,
            source,
            run.month,
            files,
            run.folder(f"bill-{source.name}"),
            format_=run.project.format_of(source),
            month_is_told=delivery.month_is_told,
        )
    counted = pl.read_parquet(bill.files, columns=["file", "lines_read"])
    sizes = {file.name: file.size for file in files}
    delivery.require_stated(source.name, run.month, sizes, dict(counted.iter_rows()))
    where = f"{run.month}: source '{source.name}':"
    said = [f"{where} {warning}" for warning in delivery.warnings]
    return replace(bill, warnings=[*said, *bill.warnings])


def _told_twice(run: MonthRun, read: Mapping[str, BillTables]) -> dict[str, ModelspendError]:
    """Azure's actual and amortized costs as two sources are one bill: neither is published."""
    azure = {
        source.name: [str(read[source.name].charges)]
        for source in run.project.settings.bills
        if source.format == "azure" and source.name in read
    }
    if len(azure) < 2:
        return {}
    with run.connect() as con:
        try:
            check_sources_are_apart(con, run.month, azure)
        except BillUnreadable as error:
            return dict.fromkeys(azure, error)
    return {}


def _bill_files(run: MonthRun, source: BillSource) -> tuple[list[LocalFile], Delivery]:
    """The checked files of the month's delivery, each with what the delivery says of it."""
    files, delivery = current_delivery(run.project, source, run.month, run.bills[source.name])
    there = fetch_all(files, source.storage, run.project.cache)
    return [replace(file, role=delivery.roles.get(file.name, "")) for file in there], delivery


def _rejects_of(run: MonthRun, source: BillSource, error: ModelspendError) -> list[str]:
    """The fields that stopped a source, as rejects: published although its bill is not."""
    if not isinstance(error, BillUnreadable) or not error.rejects:
        return []
    path = run.folder(f"bill-{source.name}") / "stopped_by.parquet"
    pl.DataFrame(error.rejects, schema=BILL_REJECTS.polars_schema).write_parquet(path)
    return [str(path)]


def _sampled(run: MonthRun, source: LogSource, window: tuple[datetime, datetime]) -> dict[str, str]:
    """The share of calls that a SageMaker capture holds, where only a registry tells it."""
    if source.format != sagemaker_capture.FORMAT.name or "sample_rate" in source.defaults:
        return {}
    told, problem = sagemaker_capture.sampled(run.merged.captured, window)
    if problem:
        run.warn([f"log source '{source.name}': {problem}"])
    return told


def read_logs(run: MonthRun) -> dict[str, Rows]:
    """The four tables of the request logs, over every charge period the bill's usage touches.

    Raises:
        LogUnreadable: a log file is damaged as a whole; the month is not published.
    """
    project = run.project
    with run.connect() as con:
        window = usage_window(con, run.month, run.staged_files("core_billing__charges"))
        sources, read = [], {}
        for source in project.settings.logs:
            needed, elsewhere = needed_and_known(project, source, run.logs[source.name], window)
            read[source.name] = needed
            sources.append(
                LogInput(
                    name=source.name,
                    timezone=source.timezone,
                    covers=source.covers,
                    files=fetch_all(needed, source.storage, project.cache),
                    format=project.log_formats[source.name],
                    defaults=_sampled(run, source, window) | source.defaults,
                    rank=source.rank,
                    elsewhere=elsewhere,
                    overlap=source.overlap,
                )
            )
        usage = read_usage(
            con, sources, run.month, window, run.folder("logs"), read_prices(project)
        )
    files = pl.read_parquet(usage.files)
    for source in project.settings.logs:
        remember(project, source, read[source.name], files)
    run.warn(usage.warnings)
    return {
        "core_inference__usage": [str(usage.usage)],
        "core_inference__files": [str(usage.files)],
        "core_inference__rejects": [str(usage.rejects)],
        "core_inference__coverage": [str(usage.coverage)],
    }
