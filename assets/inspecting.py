"""Reading an export that is in no project yet, month by month, as a run would.

The export is listed and its kind found out (`assets.export_kind`); each month is then read and
attributed by the code of a run, in a throwaway project (`assets.inspected_project`). A month that
cannot be read does not keep the others from being shown.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from assets.deliveries import UNREADABLE, bill_months, current_delivery
from assets.export_kind import export_kind
from assets.inspected_project import (
    STOPS_A_MONTH,
    UNKNOWN_MONTH,
    Asked,
    Say,
    connection,
    named_by_role,
    problem_of,
    project_of,
    source_of,
)
from assets.object_store import StoredFile, fetch_all, list_files
from assets.project import Project
from pipelines.attribution.allocation import AttributionInputs, allocate
from pipelines.billing.detection import Candidate
from pipelines.billing.layouts.known import layout_of
from pipelines.billing.reader import read_bill
from pipelines.contracts import ALLOCATED, BILL_FILES, CHARGES, EXPORT_TOTALS
from pipelines.errors import (
    BillAmbiguous,
    CommitmentUnbalanced,
    DeliveredTwice,
    ExportAmbiguous,
    ModelspendError,
)
from pipelines.money import show
from pipelines.settings import BillSource

KEEP_REPEATED: Final = "--keep repeated_lines"
KEEP_UNPAIRED: Final = "--keep unpaired_negations"


@dataclass
class Export:
    """An export that was looked at: what it is, and what could be read of it."""

    source: BillSource
    layout: str
    files: list[StoredFile]
    candidate: Candidate | None
    """None where the format was told and the header is not one of its families."""
    months: list[str] = field(default_factory=list)
    """The months that could be read."""
    warnings: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    """Why months could not be read."""
    questions: list[ExportAmbiguous] = field(default_factory=list)
    """What is to be decided for months that could not be read."""
    tables: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    """Parquet files by the contract they keep."""


def look_at(asked: Asked, work: Path, say: Say) -> Export:
    """Find out what an export is and read it month by month.

    Raises:
        ExportAmbiguous: the files do not decide; names what to state.
        ExportUnknown: no known export has such a header; says what is nearest and what is missing.
        LakeUnreachable: the path does not exist or its store does not answer.
    """
    say("listing files")
    listed = list_files(asked.path, asked.storage)
    layout = layout_of([file.name for file in listed])
    candidate, warnings = export_kind(asked, layout, listed, work, say)
    source = source_of(asked, candidate)
    export = Export(source, layout.name, listed, candidate, warnings=warnings)
    if asked.role:
        source = named_by_role(asked, source, listed, work)
    _read_months(project_of(asked, source, work), export, asked, work, say)
    return export


def _read_months(project: Project, export: Export, asked: Asked, work: Path, say: Say) -> None:
    say("looking for months")
    [source] = project.settings.bills
    months = bill_months(project, source)
    damaged = months.pop(UNREADABLE, [])
    wanted = [month for month in sorted(months) if not asked.months or month in asked.months]
    for month in set(asked.months) - {*wanted}:
        export.problems.append(f"{month}: the export has nothing of this month.")
    if damaged and not wanted:
        wanted = [UNKNOWN_MONTH]
        months = {UNKNOWN_MONTH: []}
    for month in wanted:
        say(f"{month}: reading")
        listed = [*months[month], *damaged]
        try:
            _read_month(project, export, month, listed, work / month, say)
        except STOPS_A_MONTH as error:
            question = _question(asked, month, error)
            if question is not None:
                export.questions.append(question)
            else:
                export.problems.append(problem_of(month, error))
            continue
        export.months.append(month)


def _question(asked: Asked, month: str, error: ModelspendError) -> ExportAmbiguous | None:
    """What stops a month and is a decision of the one whose bill it is."""
    if isinstance(error, DeliveredTwice):
        return ExportAmbiguous(
            asked.path,
            f"{error.problem.split('. ')[0]}. Which is {month}'s bill?",
            [
                (f"one of them alone: {error.look_at}", "modelspend inspect FILE"),
                ("all of them, what they have in common is charged each time", KEEP_REPEATED),
            ],
        )
    if isinstance(error, BillAmbiguous) and error.answers:
        answers = [(f"{answer} costs", f"--as {answer}") for answer in error.answers]
        answers.append(("one of both exports", "modelspend inspect ACTUAL --amortized AMORTIZED"))
        where = "" if month == UNKNOWN_MONTH else f"{month}: "
        return ExportAmbiguous(asked.path, f"{where}{error.problem}", answers)
    if isinstance(error, CommitmentUnbalanced):
        return ExportAmbiguous(
            asked.path,
            f"{month}: savings plan {error.plan} does not net to zero, {show(error.rest)} are "
            "left. Is the delivery complete?",
            [
                ("no", "have the month delivered again"),
                ("yes, what is left becomes a row of its own", KEEP_UNPAIRED),
            ],
        )
    return None


def _read_month(
    project: Project,
    export: Export,
    month: str,
    listed: Sequence[StoredFile],
    work: Path,
    say: Say,
) -> None:
    [source] = project.settings.bills
    files, delivery = current_delivery(project, source, month, listed)
    there = fetch_all(files, source.storage, project.cache)
    with connection(work) as con:
        bill = read_bill(
            con,
            source,
            month,
            [replace(file, role=delivery.roles.get(file.name, "")) for file in there],
            work,
            format_=project.format_of(source),
            month_is_told=delivery.month_is_told,
        )
    tables = (bill.charges, bill.split_shares, bill.files, bill.rejects, bill.export_totals)
    for path in work.rglob("*.parquet"):
        if path not in tables:
            path.unlink()
    say(f"{month}: attributing")
    allocated = work / f"{ALLOCATED.name}.parquet"
    with connection(work) as con:
        allocation = allocate(
            con,
            month,
            AttributionInputs(charges=[str(bill.charges)], split_shares=[str(bill.split_shares)]),
            project.catalogue,
            project.rules,
            project.settings,
        )
        allocation.allocated.write_parquet(str(allocated), compression="snappy")
    for contract, path in (
        (CHARGES, bill.charges),
        (BILL_FILES, bill.files),
        (EXPORT_TOTALS, bill.export_totals),
        (ALLOCATED, allocated),
    ):
        export.tables[contract.name].append(str(path))
    export.warnings += [f"{month}: {warning}" for warning in delivery.warnings]
    export.warnings += bill.warnings
