"""Reads a month's bills and logs, source by source: fetch, check, hand over to the pure readers.

One source's unreadable bill stops that source alone: it is marked missing, the others go on. If no
source is left there is no month to publish, and the first problem is raised.
"""

from dataclasses import replace

import polars as pl

from assets.deliveries import current_delivery
from assets.month_run import MonthRun, Rows
from assets.object_store import fetch_all
from pipelines.billing.layouts import Delivery
from pipelines.billing.periods import usage_window
from pipelines.billing.reader import read_bill
from pipelines.contracts import BILL_REJECTS
from pipelines.errors import BillUnreadable, CommitmentUnbalanced, FileDamaged, ModelspendError
from pipelines.files import LocalFile
from pipelines.inference.log_files import LogInput
from pipelines.inference.usage import read_usage
from pipelines.settings import BillSource

STOPS_A_SOURCE = (BillUnreadable, CommitmentUnbalanced, FileDamaged)


def read_bills(run: MonthRun) -> dict[str, Rows]:
    """The five tables of a month's bills, each as the files of all sources that could be read.

    Raises:
        BillUnreadable, CommitmentUnbalanced, FileDamaged: the only source, or every one, failed.
    """
    tables: dict[str, list[str]] = {
        "core_billing__charges": [],
        "core_billing__split_shares": [],
        "core_billing__files": [],
        "core_billing__rejects": [],
        "core_billing__export_totals": [],
    }
    errors: list[ModelspendError] = []
    for source in run.project.settings.bills:
        try:
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
        except STOPS_A_SOURCE as error:
            errors.append(error)
            run.mark_missing(source.name, str(error))
            tables["core_billing__rejects"] += _rejects_of(run, source, error)
            continue
        run.mark_read(source.name)
        where = f"{run.month}: source '{source.name}':"
        run.warn([f"{where} {warning}" for warning in delivery.warnings])
        run.warn(bill.warnings)
        for table, path in (
            ("core_billing__charges", bill.charges),
            ("core_billing__split_shares", bill.split_shares),
            ("core_billing__files", bill.files),
            ("core_billing__rejects", bill.rejects),
            ("core_billing__export_totals", bill.export_totals),
        ):
            tables[table].append(str(path))
    if len(errors) == len(run.project.settings.bills):
        raise errors[0]
    return dict(tables)


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


def read_logs(run: MonthRun) -> dict[str, Rows]:
    """The four tables of the request logs, over every charge period the bill's usage touches.

    Raises:
        LogUnreadable: a log file is damaged as a whole; the month is not published.
    """
    sources = [
        LogInput(
            name=source.name,
            timezone=source.timezone,
            covers=source.covers,
            files=fetch_all(run.logs[source.name], source.storage, run.project.cache),
        )
        for source in run.project.settings.logs
    ]
    with run.connect() as con:
        window = usage_window(con, run.month, run.staged_files("core_billing__charges"))
        usage = read_usage(con, sources, run.month, window, run.folder("logs"))
    run.warn(usage.warnings)
    return {
        "core_inference__usage": [str(usage.usage)],
        "core_inference__files": [str(usage.files)],
        "core_inference__rejects": [str(usage.rejects)],
        "core_inference__coverage": [str(usage.coverage)],
    }
