"""AWS Data Exports (CUR 2.0, FOCUS): a partition for each billing period, manifests beside it.

    <export>/data/BILLING_PERIOD=2026-09/<export>-00001.snappy.parquet               overwrite
    <export>/data/BILLING_PERIOD=2026-09/<time>-<execution id>/<export>-00001...      create new
    <export>/metadata/BILLING_PERIOD=2026-09/<export>-Manifest.json

An export that is set to create new files keeps every refresh of a month beside the others, each of
them whole: reading all files would count the month several times. The month's manifest names the
files of the current one; it comes after them. Where `metadata/` was not copied, several refreshes
stop the month: the one whose folder has the latest time may be the one that is still being written.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pipelines.billing.layouts import Delivery
from pipelines.billing.raw_text import BILL_FILES
from pipelines.errors import BillUnreadable

MANIFEST = "manifest.json"
_PARTITION = re.compile(
    r"(?P<export>(?:.*/)?)BILLING_PERIOD=(?P<month>\d{4}-\d{2})/(?:(?P<run>[^/]+)/)?(?P<file>.+)",
    re.IGNORECASE,
)
_PERIOD_IN_PATH = re.compile(r"(?:^|/)(BILLING_PERIOD=\d{4}-\d{2}(?:/[^*?\[]*)?)$", re.IGNORECASE)
_RUN_TIME = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}[:_.-]?\d{2}[:_.-]?\d{2}[^-]*")
_PART = re.compile(r"(?P<export>.*)-(?P<number>\d{5})\..*")


@dataclass(frozen=True)
class _File:
    name: str
    export: str
    """The folder of the export, without its `data/` or `metadata/`."""
    month: str
    run: str
    """The folder of one refresh; '' where refreshes overwrite each other."""
    file: str
    is_manifest: bool


def _read(name: str) -> _File | None:
    match = _PARTITION.fullmatch(name)
    if match is None:
        return None
    folder, _, kind = match["export"].rstrip("/").rpartition("/")
    if kind not in ("data", "metadata"):
        folder = match["export"].rstrip("/")
    is_manifest = kind != "data" and match["file"].lower().endswith(MANIFEST)
    return _File(name, folder, match["month"], match["run"] or "", match["file"], is_manifest)


def partition_in(path: str) -> str:
    """The partition a source's path lies in, for the names below it; '' if it lies in none.

    `exports/shop/data/BILLING_PERIOD=2026-09` is `BILLING_PERIOD=2026-09`: the files below such a
    path do not tell their month by their own names.
    """
    found = _PERIOD_IN_PATH.search(path.rstrip("/"))
    return found[1] if found and not found[1].lower().endswith(BILL_FILES) else ""


class AwsDataExports:
    """The layout of AWS Data Exports."""

    name = "aws-data-exports"
    tells_months = True

    def recognises(self, names: Sequence[str]) -> bool:
        """Some file lies in the partition of a billing period."""
        return any(_read(name) for name in names)

    def month_of(self, name: str) -> str | None:
        """The month of the partition."""
        file = _read(name)
        return file.month if file else None

    def is_manifest(self, name: str) -> bool:
        """Every manifest of a month: which of them decides is known when all are."""
        file = _read(name)
        return file is not None and file.is_manifest

    def choose(
        self, source: str, month: str, names: Sequence[str], texts: Mapping[str, str]
    ) -> Delivery:
        """The files the month's manifest names, or else those of the only refresh.

        Raises:
            BillUnreadable: several exports, a manifest that is none or is another month's, a file
                that is not there, or several refreshes and no manifest that chooses.
        """
        files = [file for name in names if (file := _read(name)) and file.month == month]
        exports = sorted({file.export for file in files})
        if len(exports) > 1:
            problem = f"{len(exports)} exports have files for it: {', '.join(exports)}"
            raise BillUnreadable(
                source, month, problem, "`path` in the settings: it names one export"
            )
        data = [
            file
            for file in files
            if not file.is_manifest and file.file.lower().endswith(BILL_FILES)
        ]
        manifests = [file for file in files if file.is_manifest]
        if manifests:
            manifest = _current(source, month, manifests)
            return Delivery(_listed(source, month, manifest, texts[manifest.name], data))
        return _without_manifest(source, month, data)


def _current(source: str, month: str, manifests: Sequence[_File]) -> _File:
    """The month's own manifest, or that of the latest refresh that has one."""
    of_month = [file for file in manifests if not file.run]
    if len(of_month) > 1:
        problem = f"{len(of_month)} exports have a manifest for it: " + ", ".join(
            sorted(file.name for file in of_month)
        )
        raise BillUnreadable(source, month, problem, "`path` in the settings: it names one export")
    if of_month:
        return of_month[0]
    run = _latest_run(source, month, {file.run for file in manifests})
    return next(file for file in manifests if file.run == run)


def _latest_run(source: str, month: str, runs: set[str]) -> str:
    times = {run: found[0] for run in runs if (found := _RUN_TIME.match(run))}
    latest = max(times.values(), default="")
    newest = [run for run, time in times.items() if time == latest]
    if len(runs) == 1:
        return next(iter(runs))
    if len(newest) == 1 and len(times) == len(runs):
        return newest[0]
    problem = (
        f"it was delivered {len(runs)} times and neither a manifest nor the names of the folders "
        f"tell which delivery is current: {', '.join(sorted(run or '(no folder)' for run in runs))}"
    )
    look = "the export's folder `metadata`, whose manifest names the current files: copy it too"
    raise BillUnreadable(source, month, problem, look)


def _listed(
    source: str, month: str, manifest: _File, text: str, data: Sequence[_File]
) -> list[str]:
    """The files a manifest names, in its order.

    It names them from the bucket's root, so they are compared from the partition on.
    """
    try:
        listed = json.loads(text)
    except json.JSONDecodeError as error:
        problem = f"its manifest is no JSON: {error}"
        raise BillUnreadable(source, month, problem, manifest.name) from error
    if not isinstance(listed, dict) or not isinstance(listed.get("dataFiles"), list):
        raise BillUnreadable(source, month, "its manifest names no dataFiles", manifest.name)
    there = {(file.run, file.file): file.name for file in data}
    urls = [_url(entry) for entry in listed["dataFiles"]]
    named = [_read(url) for url in urls]
    others = sorted({file.month for file in named if file and file.month != month})
    if others:
        problem = f"its manifest is that of another billing period ({', '.join(others)})"
        raise BillUnreadable(source, month, problem, manifest.name)
    found = [there.get((file.run, file.file)) if file else None for file in named]
    missing = [url for url, name in zip(urls, found, strict=True) if name is None]
    if missing:
        problem = f"its manifest names {missing[0]}, which is not there"
        if len(missing) > 1:
            problem += f" ({len(missing)} files of {len(urls)} are missing)"
        look = f"{manifest.name}: the delivery may not be over"
        raise BillUnreadable(source, month, problem, look)
    return [name for name in found if name is not None]


def _url(entry: object) -> str:
    """A manifest's entry for a file: its URL or key, or an object that holds it."""
    if isinstance(entry, dict):
        texts = [value for value in entry.values() if isinstance(value, str)]
        return next((text for text in texts if _read(text)), str(entry))
    return str(entry)


def _without_manifest(source: str, month: str, data: Sequence[_File]) -> Delivery:
    """Files of a partition of which only their names are known."""
    runs = {file.run for file in data}
    if not runs:
        problem = "its partition has no file that can hold lines of a bill"
        raise BillUnreadable(source, month, problem, "the export's status in the console")
    if len(runs) > 1:
        listed = ", ".join(sorted(run or "(no folder)" for run in runs))
        problem = (
            f"it was delivered {len(runs)} times and no manifest says which delivery is current: "
            f"{listed}. Reading them all would count the month {len(runs)} times"
        )
        look = (
            "the export's folder `metadata`, whose manifest names the current files: copy it too, "
            "or name the folder of one delivery as `path`"
        )
        raise BillUnreadable(source, month, problem, look)
    files = sorted(data, key=lambda file: file.file)
    _check_parts(source, month, files)
    return Delivery(
        [file.name for file in files],
        warnings=[
            f"the export has no manifest for the month: all {len(files)} files of its partition "
            "are read."
        ],
    )


def _check_parts(source: str, month: str, files: Sequence[_File]) -> None:
    """Parts are numbered from 1 without a gap, and are those of one export."""
    parts = [match for file in files if (match := _PART.fullmatch(file.file))]
    exports = sorted({part["export"] for part in parts})
    if len(exports) > 1:
        problem = f"{len(exports)} exports have files for it: {', '.join(exports)}"
        raise BillUnreadable(source, month, problem, "`path` in the settings: it names one export")
    numbers = {int(part["number"]) for part in parts}
    gap = next((n for n in range(1, max(numbers, default=0)) if n not in numbers), None)
    if gap is not None:
        problem = f"file {exports[0]}-{gap:05} of it is missing: later ones are there"
        raise BillUnreadable(source, month, problem, "the export's folder in its bucket")
