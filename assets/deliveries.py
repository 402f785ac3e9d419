"""Which files the sources have: listings and their identities. Nothing is opened here.

A bill's export keeps one folder per billing period; every file below the month's folder is part of
the month's identity, also the assemblies the manifest no longer names. A log source's files all
are, whatever the month: only the records say which hours a file holds.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from assets.object_store import StoredFile, fetch, fetch_all, list_files
from assets.project import Project, code_digest
from pipelines.billing.deliveries import (
    data_files,
    is_month_manifest,
    loose_files,
    manifest_of,
    month_of_file,
)
from pipelines.billing.raw_text import billing_month_of
from pipelines.errors import BillUnreadable
from pipelines.inputs import FileIdentity, Inputs, digest_of
from pipelines.months import complete_days, days_in_month
from pipelines.settings import BillSource, LogSource

Listing = Mapping[str, Sequence[StoredFile]]
"""The files of each source, by the source's name."""


def list_source(project: Project, source: BillSource | LogSource) -> list[StoredFile]:
    """Every file of a source, by name.

    Raises:
        LakeUnreachable: its store does not answer; that is never taken for an empty source.
    """
    return list_files(project.at(source.path), source.storage)


def list_bills(project: Project, month: str) -> dict[str, list[StoredFile]]:
    """The files of the month's billing period, for every bill source."""
    return {
        source.name: _bill_months(project, source).get(month, [])
        for source in project.settings.bills
    }


def _bill_months(project: Project, source: BillSource) -> dict[str, list[StoredFile]]:
    """A source's files by billing month: by period folder, or by the first line of loose files."""
    listed = list_source(project, source)
    loose = set(loose_files(file.name for file in listed))
    found: dict[str, list[StoredFile]] = defaultdict(list)
    for file in listed:
        if file.name in loose:
            [there] = fetch_all([file], source.storage, project.cache)
            found[billing_month_of(there, source.name)].append(file)
        elif month := month_of_file(file.name):
            found[month].append(file)
    return found


def list_logs(project: Project) -> dict[str, list[StoredFile]]:
    """Every file of every log source."""
    return {source.name: list_source(project, source) for source in project.settings.logs}


def current_delivery(
    project: Project, source: BillSource, month: str, listed: Sequence[StoredFile]
) -> list[StoredFile]:
    """Of the month's listed files those the manifest names now.

    Raises:
        BillUnreadable: no manifest, a wrong one, a file it names is not there, or several files
            for the month that no manifest chooses from.
        FileDamaged: the manifest was replaced since it was listed; the month is to be run again.
    """
    by_name = {file.name: file for file in listed}
    if loose := loose_files(by_name):
        if len(loose) > 1:
            problem = f"{len(loose)} files are of this month and no manifest says which count"
            raise BillUnreadable(source.name, month, problem, ", ".join(loose))
        return list(listed)
    manifest = manifest_of(source.name, month, list(by_name))
    path = fetch(by_name[manifest], source.storage, project.cache)
    text = path.read_text(encoding="utf-8-sig", errors="replace")
    return [by_name[name] for name in data_files(source.name, month, manifest, text, by_name)]


def collect_inputs(
    project: Project, month: str, bills: Listing, logs: Listing, now: datetime
) -> Inputs:
    """The identities of everything the month is made from."""
    return Inputs(
        month=month,
        bills={source: identities(files) for source, files in bills.items()},
        logs={source: identities(files) for source, files in logs.items()},
        texts=project.texts,
        code=code_digest(),
        is_over=complete_days(month, now) == days_in_month(month),
    )


def identities(files: Iterable[StoredFile]) -> list[FileIdentity]:
    """What a listing says of files, without where they lie."""
    return [FileIdentity(name=file.name, size=file.size, etag=file.etag) for file in files]


def months_delivered(project: Project) -> list[str]:
    """Every month a bill source has a period folder for, oldest first."""
    return sorted(delivery_identities(project))


def delivery_identities(project: Project) -> dict[str, str]:
    """For every delivered month, one identity of the manifests all its sources have for it."""
    found: dict[str, list[str]] = defaultdict(list)
    for source in project.settings.bills:
        for month, files in _bill_months(project, source).items():
            loose = set(loose_files(file.name for file in files))
            for file in files:
                if file.name in loose or is_month_manifest(file.name):
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
