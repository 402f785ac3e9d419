"""Azure Cost Management exports: a folder per export and month, each run with its manifest.

`{path}/{export}/{20260901-20260930}/{run}/{guid}/part_0_0001.csv` beside `manifest.json`; older
ones have the date range before the export's name. With `CreateNewReport` every day's run stays
beside the others, with `OverwritePreviousReport` only the last one: either way the latest run of
an export and month is its bill, and only the manifest says which files are whole.

One path may hold the actual and the amortized export of a scope; they are told apart by their
manifests and joined by the reader. Exports that hold no charges (price sheets, reservation
details) are left aside.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from pipelines.billing.layouts import Delivery, Stated
from pipelines.errors import BillUnreadable

PERIOD: Final = re.compile(r"(?:^|/)(\d{4})(\d{2})\d{2}-(\d{4})(\d{2})(\d{2})/")
MANIFESTS: Final = ("manifest.json", "_manifest.json")
DATA: Final = (".csv", ".csv.gz", ".parquet")

ROLES: Final = {
    "actualcost": "actual",
    "amortizedcost": "amortized",
    "usage": "actual",
    "focuscost": "",
}
"""What a dataset's lines are; the types that are not here hold no charges.

`Usage` is the actual cost without purchases, of management groups and old exports.
"""


@dataclass(frozen=True)
class Run:
    """One run of an export: what its manifest says."""

    manifest: str
    export: str
    scope: str
    type: str
    submitted: str
    start: str
    end: str
    rows: int | None
    blobs: tuple["Blob", ...]

    @property
    def days(self) -> tuple[str, str]:
        """The first and the last day it covers."""
        return self.start[:10], self.end[:10]


@dataclass(frozen=True)
class Blob:
    """One file of a run; a count is None where an older manifest does not state it."""

    name: str
    size: int | None
    rows: int | None


class AzureExports:
    """The layout of Azure Cost Management exports."""

    name = "azure-exports"
    tells_months = True

    def recognises(self, names: Sequence[str]) -> bool:
        """Some file lies in a folder named by days of one month."""
        return any(self.month_of(name) for name in names)

    def month_of(self, name: str) -> str | None:
        """The month of the date range in the path."""
        found = PERIOD.search(name)
        # AWS's folders end on the first of the next month, Azure's on the last of the same.
        if found is None or found[1] + found[2] != found[3] + found[4]:
            return None
        return f"{found[1]}-{found[2]}"

    def is_manifest(self, name: str) -> bool:
        """Every run has one; the latest is known only by their texts."""
        return self.month_of(name) is not None and _last(name).lower() in MANIFESTS

    def choose(
        self, source: str, month: str, names: Sequence[str], texts: Mapping[str, str]
    ) -> Delivery:
        """The files of the latest run of each export, with the view of the costs they are.

        Raises:
            BillUnreadable: several runs and no manifest, a manifest that is none or is of another
                month, a file it names is not there, or the exports are not one bill.
        """
        manifests = [name for name in names if self.is_manifest(name)]
        if not manifests:
            return _without_manifest(source, month, names)
        runs = [_run(source, month, name, texts[name]) for name in manifests]
        wrong = [run for run in runs if run.start[:7] != month]
        if wrong:
            problem = f"its manifest is that of another month ({wrong[0].start or 'none named'})"
            raise BillUnreadable(source, month, problem, wrong[0].manifest)
        bills = [run for run in runs if run.type.lower() in ROLES]
        if not bills:
            problem = f"no export in its path holds charges, only {_types(runs)}"
            raise BillUnreadable(source, month, problem, runs[0].manifest)
        warnings: list[str] = []
        current = [_current(of_export, warnings) for of_export in _by_export(bills).values()]
        _stop_at_mixed(source, month, current)
        files: list[str] = []
        roles: dict[str, str] = {}
        stated: dict[str, Stated] = {}
        for run in current:
            here = _files(source, month, run, names)
            files += here
            for name, blob in zip(here, run.blobs, strict=True):
                if (blob.size, blob.rows) != (None, None):
                    stated[name] = Stated(run.manifest, blob.size, blob.rows)
            if role := ROLES[run.type.lower()]:
                roles |= dict.fromkeys(here, role)
        return Delivery(files, roles, warnings, stated=stated)


def _last(name: str) -> str:
    return name.rsplit("/", 1)[-1]


def _folder(name: str) -> str:
    return name.rpartition("/")[0]


def _run(source: str, month: str, manifest: str, text: str) -> Run:
    try:
        told = json.loads(text)
    except json.JSONDecodeError as error:
        problem = f"its manifest is no JSON: {error}"
        raise BillUnreadable(source, month, problem, manifest) from error
    if not isinstance(told, dict) or not isinstance(told.get("blobs"), list):
        raise BillUnreadable(source, month, "its manifest names no blobs", manifest)
    config, info = _section(told, "exportConfig"), _section(told, "runInfo")
    blobs = tuple(
        Blob(
            str(blob.get("blobName", "")).strip().lstrip("/"),
            _count(blob.get("byteCount")),
            _count(blob.get("dataRowCount")),
        )
        for blob in told["blobs"]
        if isinstance(blob, dict)
    )
    return Run(
        manifest=manifest,
        export=str(config.get("exportName", "")),
        scope=str(config.get("resourceId", "")).lower().split("/providers/microsoft.cost")[0],
        type=str(config.get("type", "")),
        submitted=str(info.get("submittedTime", "")),
        start=str(info.get("startDate", "")),
        end=str(info.get("endDate", "")),
        rows=_count(told.get("dataRowCount")),
        blobs=blobs,
    )


def _section(told: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = told.get(name)
    return found if isinstance(found, dict) else {}


def _count(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _types(runs: Iterable[Run]) -> str:
    return ", ".join(sorted({run.type or "a dataset without a type" for run in runs}))


def _by_export(runs: Iterable[Run]) -> dict[tuple[str, str, str], list[Run]]:
    found: dict[tuple[str, str, str], list[Run]] = {}
    for run in runs:
        found.setdefault((run.scope, run.export.lower(), run.type.lower()), []).append(run)
    return found


def _moment(text: str) -> tuple[str, str]:
    """A time as it compares: Azure writes none to seven digits behind the second."""
    whole, _, fraction = text.removesuffix("Z").partition(".")
    return whole, fraction.ljust(9, "0")


def _current(runs: Sequence[Run], warnings: list[str]) -> Run:
    """The latest run, unless it covers fewer days than an earlier one.

    Someone may export some days of a month again: those alone are not the month.
    """
    latest = max(runs, key=lambda run: _moment(run.submitted))
    first = min(run.days[0] for run in runs)
    last = max(run.days[1] for run in runs)
    if latest.days == (first, last):
        return latest
    from_first = [run for run in runs if run.days[0] == first]
    most = max(from_first, key=lambda run: (run.days[1], _moment(run.submitted)))
    if most is latest:
        return latest
    warnings.append(
        f"the latest run of export '{latest.export}' ({latest.submitted}) covers "
        f"{latest.days[0]} to {latest.days[1]} only; the run of {most.submitted}, which covers "
        f"{most.days[0]} to {most.days[1]}, was read."
    )
    return most


def _stop_at_mixed(source: str, month: str, runs: Sequence[Run]) -> None:
    types = {run.type.lower() for run in runs}
    if "focuscost" in types and len(types) > 1:
        problem = f"its path holds exports of different datasets: {_types(runs)}"
        raise BillUnreadable(source, month, problem, "`path` in the settings: it names one of them")
    kinds: dict[tuple[str, str], Run] = {}
    for run in runs:
        other = kinds.setdefault((run.scope, ROLES[run.type.lower()]), run)
        if other is not run:
            problem = (
                f"exports '{other.export}' and '{run.export}' both deliver the {run.type} of "
                f"{run.scope or 'one scope'}: reading both would count it twice"
            )
            look_at = "`path` in the settings: it names one export"
            raise BillUnreadable(source, month, problem, look_at)


def _files(source: str, month: str, run: Run, names: Sequence[str]) -> list[str]:
    found = [(blob.name, _find(blob.name, run.manifest, names)) for blob in run.blobs]
    missing = [blob for blob, name in found if name is None]
    if missing:
        problem = f"its manifest names {missing[0]}, which is not there"
        if len(missing) > 1:
            problem += f" ({len(missing)} files of {len(run.blobs)} are missing)"
        raise BillUnreadable(
            source, month, problem, f"{run.manifest}: the delivery may not be over"
        )
    stated = [blob.rows for blob in run.blobs if blob.rows is not None]
    if run.rows is not None and len(stated) == len(run.blobs) and sum(stated) != run.rows:
        problem = f"its manifest states {run.rows} rows, and {sum(stated)} for its files"
        raise BillUnreadable(source, month, problem, run.manifest)
    return [name for _, name in found if name is not None]


def _find(blob: str, manifest: str, names: Iterable[str]) -> str | None:
    """The file a manifest means: it lies beside it, or at the end of the path that it names.

    A manifest names its files from the container's root, which may be above or below the source's.
    """
    beside = f"{_folder(manifest)}/{_last(blob)}".lstrip("/")
    there = list(names)
    if beside in there:
        return beside
    return next(
        (
            name
            for name in there
            if name == blob or name.endswith(f"/{blob}") or blob.endswith(f"/{name}")
        ),
        None,
    )


def _without_manifest(source: str, month: str, names: Sequence[str]) -> Delivery:
    """Exports from before there were manifests: one run, or nobody can say which one is current."""
    files = sorted(name for name in names if _last(name).lower().endswith(DATA))
    if not files:
        problem = "the export has delivered no file for this month"
        raise BillUnreadable(source, month, problem, "the months it has delivered so far")
    runs = {_folder(name) for name in files}
    is_parts = all(_last(name).lower().startswith("part_") for name in files)
    if len(files) > 1 and (len(runs) > 1 or not is_parts):
        problem = (
            f"{len(files)} files and no manifest.json: which of them are the latest run cannot be "
            "told, and reading all would count the month several times"
        )
        raise BillUnreadable(source, month, problem, f"{files[0]} and {files[-1]}")
    warning = f"no manifest.json says whether the delivery ({len(files)} files) is whole."
    return Delivery(files, warnings=[warning])
