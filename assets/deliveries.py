"""Which files the sources have: listings, their identities, and which files a month is made of.

Where a delivery's folders tell the month, nothing is opened but its manifests. A file of which only
the lines tell is looked into once; the answer is remembered by the file's identity. A log source's
files all belong to every month: only the records say which hours a file holds.
"""

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from assets.connections import connect
from assets.fx import fx_identities
from assets.object_store import StoredFile, fetch, fetch_all, list_files
from assets.price_books import price_identities
from assets.project import Project, code_digest
from pipelines.billing.file_months import months_of_file
from pipelines.billing.layouts import Delivery, Layout
from pipelines.billing.layouts.aws_data_exports import partition_in
from pipelines.billing.layouts.aws_report import AwsReport
from pipelines.billing.layouts.known import layout_of
from pipelines.billing.layouts.loose import is_data
from pipelines.errors import BillUnreadable, FileDamaged
from pipelines.inputs import FileIdentity, Inputs, digest_of
from pipelines.months import complete_days, days_in_month, has_settled, months_between
from pipelines.settings import BillSource, BusinessUnits, LogSource

Listing = Mapping[str, Sequence[StoredFile]]
"""The files of each source, by the source's name."""

SPAN = ".."
"""Between the first and the last month of lines that are of several: `2026-01..2026-09`."""

UNREADABLE = ""
"""In the place of a month: files of which no month could be told."""

AMORTIZED = "amortized"
"""Names of the files below a source's `amortized_path` begin with this folder."""


def list_source(
    project: Project, source: BillSource | LogSource | BusinessUnits
) -> list[StoredFile]:
    """Every file of a source, by name.

    Raises:
        LakeUnreachable: its store does not answer; that is never taken for an empty source.
    """
    path = project.at(source.path)
    files = list_files(path, source.storage)
    partition = partition_in(path)
    if isinstance(source, BillSource) and partition:
        files = [replace(file, name=f"{partition}/{file.name}") for file in files]
    return files


def list_bills(project: Project, month: str) -> dict[str, list[StoredFile]]:
    """The files of the month's billing period, for every bill source."""
    found = {}
    for source in project.settings.bills:
        months = bill_months(project, source, through=month)
        found[source.name] = [*months.get(month, []), *months.get(UNREADABLE, [])]
    return found


def bill_months(
    project: Project, source: BillSource, through: str | None = None
) -> dict[str, list[StoredFile]]:
    """A source's files by billing month, as its folders or else its lines tell.

    Lines of several months (`2026-01..2026-09`, `2026-01..` without an end) are of those until
    `through`; where that is not said, lines without an end are of their first. A file that must be
    looked into and cannot be read is listed as `UNREADABLE`: it may hold lines of any month, so it
    stops every month of its source when it is read, and no other source.
    """
    return _by_month(_spans(project, source), through)


def _by_month(
    spans: Mapping[str, Sequence[StoredFile]], through: str | None
) -> dict[str, list[StoredFile]]:
    """Files by month instead of by span of months; each once."""
    found: dict[str, dict[str, StoredFile]] = defaultdict(dict)
    for span, files in spans.items():
        first, _, last = span.partition(SPAN)
        if SPAN not in span:
            months: Iterable[str] = [span]
        else:
            end = last or through or first
            end = end if through is None else min(end, through)
            months = months_between(first, end) if first <= end else ()
        for month in months:
            found[month].update({file.name: file for file in files})
    return {month: list(files.values()) for month, files in found.items()}


def _spans(project: Project, source: BillSource) -> dict[str, list[StoredFile]]:
    """A source's files by billing month, or span of months."""
    found: dict[str, list[StoredFile]] = defaultdict(list)
    for layout, files in _parts(project, source):
        for file in files:
            month = layout.month_of(file.name)
            if month is not None:
                found[month].append(file)
            elif not layout.tells_months and is_data(file.name):
                for month in _months_in(project, source, file):
                    found[month].append(file)
    return dict(found)


def _parts(project: Project, source: BillSource) -> list[tuple[Layout, list[StoredFile]]]:
    """The files below `path` and below `amortized_path`, each with its layout."""
    listed = list_source(project, source)
    parts = [(layout_of([file.name for file in listed]), listed)]
    if source.amortized_path is not None:
        more = [
            StoredFile(file.url, f"{AMORTIZED}/{file.name}", file.size, file.etag)
            for file in list_files(project.at(source.amortized_path), source.storage)
        ]
        parts.append((layout_of([file.name for file in more]), more))
    return parts


def _months_in(project: Project, source: BillSource, file: StoredFile) -> list[str]:
    """The months in a file's lines, looked up by its identity or else in the file.

    A line that tells no month makes the file `UNREADABLE` beside the months it has.
    """
    identity = digest_of(f"{file.url}\n{file.size}\n{file.etag}\n{project.format_key(source)}")
    known = project.cache / "months" / f"{identity}.json"
    if known.is_file():
        return [str(month) for month in json.loads(known.read_text(encoding="utf-8"))]
    [there] = fetch_all([file], source.storage, project.cache)
    known.parent.mkdir(parents=True, exist_ok=True)
    with (
        TemporaryDirectory(dir=known.parent) as work,
        closing(connect(Path(work, "spill"))) as con,
    ):
        try:
            months = months_of_file(con, source, project.format_of(source), there, Path(work))
        except (BillUnreadable, FileDamaged):
            return [UNREADABLE]
    part = known.with_suffix(".part")
    part.write_text(json.dumps(months), encoding="utf-8")
    part.replace(known)
    return months


def list_logs(project: Project) -> dict[str, list[StoredFile]]:
    """Every file of every log source that is such a log by its name."""
    return {
        source.name: [
            file
            for file in list_source(project, source)
            if project.log_formats[source.name].takes(file.name)
        ]
        for source in project.settings.logs
    }


def list_business_units(project: Project) -> dict[str, list[StoredFile]]:
    """Every file of every source of business units."""
    return {source.name: list_source(project, source) for source in project.settings.business_units}


def current_delivery(
    project: Project, source: BillSource, month: str, listed: Sequence[StoredFile]
) -> tuple[list[StoredFile], Delivery]:
    """Of the month's listed files those that are its bill now, and what is told of them.

    Raises:
        BillUnreadable: nothing is there, no manifest, a wrong one, or a file it names is missing.
        FileDamaged: the manifest was replaced since it was listed; the month is to be run again.
    """
    if not listed:
        problem = "nothing has been delivered for this billing month"
        raise BillUnreadable(source.name, month, problem, f"`path` of the source: {source.path}")
    files: list[StoredFile] = []
    told: list[Delivery] = []
    for prefix in ("", f"{AMORTIZED}/") if source.amortized_path is not None else ("",):
        here = [
            file
            for file in listed
            if source.amortized_path is None
            or file.name.startswith(f"{AMORTIZED}/") == bool(prefix)
        ]
        by_name = {file.name: file for file in here}
        layout = layout_of(list(by_name))
        texts = {
            file.name: fetch(file, source.storage, project.cache).read_text(
                encoding="utf-8-sig", errors="replace"
            )
            for file in here
            if layout.is_manifest(file.name)
        }
        delivery = layout.choose(source.name, month, list(by_name), texts)
        sizes = {name: by_name[name].size for name in delivery.files}
        delivery.require_stated(source.name, month, sizes)
        files += [by_name[name] for name in delivery.files]
        told.append(delivery)
    return files, Delivery(
        files=[file.name for file in files],
        roles={name: role for delivery in told for name, role in delivery.roles.items()},
        warnings=[warning for delivery in told for warning in delivery.warnings],
        month_is_told=all(delivery.month_is_told for delivery in told),
        stated={name: said for delivery in told for name, said in delivery.stated.items()},
    )


def collect_inputs(
    project: Project,
    month: str,
    bills: Listing,
    logs: Listing,
    now: datetime,
    business_units: Listing,
    snapshots: Sequence[StoredFile],
    calibrations: Sequence[StoredFile] = (),
) -> Inputs:
    """The identities of everything the month is made from."""
    return Inputs(
        month=month,
        bills={source: identities(files) for source, files in bills.items()},
        logs={source: identities(files) for source, files in logs.items()},
        business_units={source: identities(files) for source, files in business_units.items()},
        registry=identities(snapshots),
        calibrations=identities(calibrations),
        texts=project.texts | price_identities(project) | fx_identities(project),
        code=code_digest(),
        is_over=complete_days(month, now) == days_in_month(month),
        has_settled=has_settled(month, now),
    )


def identities(files: Iterable[StoredFile]) -> list[FileIdentity]:
    """What a listing says of files, without where they lie."""
    return [FileIdentity(name=file.name, size=file.size, etag=file.etag) for file in files]


def months_delivered(project: Project) -> list[str]:
    """Every month a bill source has been delivered for, oldest first."""
    return list(delivery_identities(project))


def delivery_identities(project: Project) -> dict[str, str]:
    """For every delivered month, one identity of what says that it was delivered anew.

    Where manifests decide these are the manifests, else the files themselves. A report's month
    whose manifest is not there yet is not delivered: it is the last file of a delivery.
    """
    found: dict[str, list[str]] = defaultdict(list)
    spans = {source.name: _spans(project, source) for source in project.settings.bills}
    told = {span for of_source in spans.values() for span in of_source if span != UNREADABLE}
    # what runs on for years is of the months that have come: those that other sources deliver
    months = {span for span in told if SPAN not in span} or {s.partition(SPAN)[0] for s in told}
    latest = max(months, default=None)
    for source in project.settings.bills:
        for month, files in _by_month(spans[source.name], latest).items():
            if month == UNREADABLE:
                continue
            layout = layout_of([file.name for file in files])
            manifests = [file for file in files if layout.is_manifest(file.name)]
            for file in manifests or ([] if layout.name == AwsReport.name else files):
                found[month].append(f"{source.name}\t{file.name}\t{file.etag}")
    return {month: digest_of("\n".join(sorted(lines))) for month, lines in sorted(found.items())}


def log_files_of_day(project: Project, days: Iterable[str]) -> list[StoredFile]:
    """Log files whose name carries one of the days, as 2026-09-01, 2026/09/01 or 20260901."""
    wanted = {day.replace("-", "") for day in days}
    dated = re.compile(r"(?<!\d)(\d{4})([-/]?)(\d{2})\2(\d{2})(?!\d{3})")
    return [
        file
        for files in list_logs(project).values()
        for file in files
        if wanted & {year + month + day for year, _, month, day in dated.findall(file.name)}
    ]
