"""Which files the sources have: listings and their identities. Nothing is opened here.

A bill's export keeps one folder per billing period; every file below the month's folder is part of
the month's identity, also the assemblies the manifest no longer names. A log source's files all
are, whatever the month: only the records say which hours a file holds.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from assets.object_store import StoredFile, list_files
from assets.project import Project, code_digest
from pipelines.inputs import FileIdentity, Inputs, digest_of
from pipelines.months import complete_days, days_in_month
from pipelines.settings import BillSource, LogSource

PERIOD = re.compile(r"(?:^|/)(\d{4})(\d{2})01-\d{8}/")
"""The folder of a billing period in a legacy Cost and Usage Report: `20260901-20261001/`."""

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
        source.name: [f for f in list_source(project, source) if billing_month(f.name) == month]
        for source in project.settings.bills
    }


def list_logs(project: Project) -> dict[str, list[StoredFile]]:
    """Every file of every log source."""
    return {source.name: list_source(project, source) for source in project.settings.logs}


def billing_month(name: str) -> str | None:
    """The month whose period folder a file lies in; None for a file outside of one."""
    found = PERIOD.search(name)
    return f"{found[1]}-{found[2]}" if found else None


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
        for file in list_source(project, source):
            month = billing_month(file.name)
            if month and file.name.endswith("Manifest.json"):
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
