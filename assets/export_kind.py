"""Which export a path holds: its folders and headers, held against the known formats.

A source of the settings is one export. Where a path holds several, or a header fits two formats,
somebody is asked; where no format fits, the nearest is named and a mapping file drafted.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Final

from assets.deliveries import current_delivery
from assets.inspected_project import (
    STOPS_A_MONTH,
    Asked,
    Say,
    connection,
    problem_of,
    project_of,
)
from assets.object_store import StoredFile, fetch_all
from pipelines.billing.detection import Candidate, detect
from pipelines.billing.file_headers import header_names
from pipelines.billing.layouts import Layout
from pipelines.billing.layouts.loose import is_data
from pipelines.billing.mapping_draft import draft_for_focus, draft_mapping
from pipelines.billing.raw_text import unpacked
from pipelines.errors import BillUnreadable, ExportAmbiguous, ExportUnknown, ModelspendError
from pipelines.inference.detection import detect_log_columns
from pipelines.settings import BillSource

MOST_NAMED: Final = 4
MOST_COLUMNS: Final = 12
AZURE_LAYOUT: Final = "azure-exports"


def export_kind(
    asked: Asked, layout: Layout, listed: Sequence[StoredFile], work: Path, say: Say
) -> tuple[Candidate | None, list[str]]:
    """What the files are, and what to know of that; None where it was told and no header shows it.

    Raises:
        ExportAmbiguous: several exports, or a header of two formats; names what to state.
        ExportUnknown: no file that can hold lines, or no format that has these columns.
    """
    tables = [file for file in listed if is_data(file.name)]
    if not tables:
        raise ExportUnknown(asked.path, _no_table(listed))
    roots = _roots(layout, listed)
    # Azure's actual and amortized exports are one bill; its layout says which others are not.
    if len(roots) > 1 and layout.name != AZURE_LAYOUT:
        raise _which_export(asked, roots)
    warnings = _outside(layout, tables)
    if asked.mapping is not None:
        return None, warnings
    return _known(asked, layout, listed, work, warnings, say), warnings


def _no_table(listed: Sequence[StoredFile]) -> str:
    names = ", ".join(file.name for file in listed[:MOST_NAMED])
    have = f"It has {len(listed):,} files ({names})" if listed else "There is no file"
    return (
        f"{have}, none that can hold lines of a bill (CSV, JSON lines, Parquet, or a zip of them)"
    )


def _outside(layout: Layout, tables: Sequence[StoredFile]) -> list[str]:
    """Files beside the folders of an export's layout, which a run passes over."""
    if layout.tells_months:
        outside = [file.name for file in tables if layout.month_of(file.name) is None]
        if outside:
            return [
                f"{len(outside):,} files are outside of its folders: {_listed(outside)}: not read."
            ]
    return []


def _roots(layout: Layout, listed: Sequence[StoredFile]) -> dict[str, int]:
    """The folders of the exports below the path, and how many files each has.

    Where files and not folders are named after months, folders mean nothing.
    """
    roots: dict[str, int] = defaultdict(int)
    for file in listed:
        month = layout.month_of(file.name)
        if month is not None and (root := _root(layout, file.name, month)) is not None:
            roots[root] += 1
    return roots


def _which_export(asked: Asked, roots: Mapping[str, int]) -> ExportAmbiguous:
    """Deliveries of two exports below one path: a run would find two manifests for each month."""
    return ExportAmbiguous(
        asked.path,
        f"it holds {len(roots)} exports, and a source of the settings is one. Which one?",
        [
            (f"{root}, {files:,} files", _again(asked, root))
            for root, files in sorted(roots.items())
        ],
    )


def _root(layout: Layout, name: str, month: str) -> str | None:
    """The folder of the export a file belongs to: what stands before the folder of its month."""
    parts = PurePosixPath(name).parts
    at = max(k for k in range(len(parts)) if layout.month_of("/".join(parts[k:])) == month)
    if at == len(parts) - 1:
        return None
    root = list(parts[:at])
    if root and root[-1] in ("data", "metadata"):  # the two halves of an AWS data export
        root.pop()
    return "/".join(root)


def _known(
    asked: Asked,
    layout: Layout,
    listed: Sequence[StoredFile],
    work: Path,
    warnings: list[str],
    say: Say,
) -> Candidate | None:
    """The one candidate all headers agree on."""
    found: dict[tuple[str, bool], dict[str, Candidate]] = defaultdict(dict)
    unknown: dict[str, list[str]] = {}
    headers = list(_headers(asked, layout, listed, work, say))
    for name, names in headers:
        if isinstance(names, BillUnreadable):
            unknown[name] = []
            continue
        candidates = detect(names)
        if asked.format is not None:
            candidates = [c for c in candidates if c.format == asked.format]
        elif len([c for c in candidates if c.is_complete]) > 1:
            raise ExportAmbiguous(
                asked.path,
                f"the header of {name} has all that {len(candidates)} formats need. Which is it?",
                [
                    (f"{c.family}: {', '.join(c.evidence[:3])}", f"--format {c.format}")
                    for c in candidates
                ],
            )
        if not candidates or not candidates[0].is_complete:
            unknown[name] = list(names)
            if candidates:
                found[candidates[0].format, False][name] = candidates[0]
            continue
        found[candidates[0].format, candidates[0].is_bill][name] = candidates[0]
    bills = {key: files for key, files in found.items() if key[1] and any(files.values())}
    if asked.format is not None:
        return next((c for files in found.values() for c in files.values()), None)
    if not bills:
        raise _nothing_known(asked, found, dict(headers))
    others = {name for name, _ in headers if name not in next(iter(bills.values()))}
    if len(bills) > 1 or others:
        raise _several_kinds(asked, found, unknown)
    [files] = bills.values()
    families = Counter(candidate.family for candidate in files.values())
    if len(families) > 1:
        shown = "; ".join(f"{family}: {count:,}" for family, count in families.items())
        warnings.append(
            f"files of {len(families)} header families are read as one source: {shown}."
        )
    return next(iter(files.values()))


def _headers(
    asked: Asked, layout: Layout, listed: Sequence[StoredFile], work: Path, say: Say
) -> Iterator[tuple[str, list[str] | BillUnreadable]]:
    """The column names of every file without a layout, else of one file of each month."""
    if not layout.tells_months:
        chosen = [file for file in listed if is_data(file.name)]
    else:
        chosen = _one_of_each_month(asked, layout, listed, work)
    with connection(work) as con:
        for number, stored in enumerate(chosen):
            say(f"looking at headers, {number + 1:,} of {len(chosen):,} files")
            there = fetch_all([stored], asked.storage, work / "cache")
            for file in unpacked(there, work / "headers" / str(number)):
                try:
                    yield file.name, header_names(con, file, "", "")
                except BillUnreadable as error:
                    yield file.name, error


def _one_of_each_month(
    asked: Asked, layout: Layout, listed: Sequence[StoredFile], work: Path
) -> list[StoredFile]:
    months: dict[str, list[StoredFile]] = defaultdict(list)
    for file in listed:
        if (month := layout.month_of(file.name)) is not None:
            months[month].append(file)
    # Which files are current does not hang on the format.
    source = BillSource(name="inspected", format="focus", path=asked.path, storage=asked.storage)
    project = project_of(asked, source, work)
    chosen, errors = [], []
    for month, files in sorted(months.items()):
        try:
            current, _ = current_delivery(project, source, month, files)
        except STOPS_A_MONTH as error:
            errors.append(error)
            continue
        chosen += [file for file in current if is_data(file.name)][:1]
    if not chosen and errors:
        raise _nothing_chosen(asked, layout, months, errors)
    return chosen


def _nothing_chosen(
    asked: Asked,
    layout: Layout,
    months: Mapping[str, Sequence[StoredFile]],
    errors: Sequence[ModelspendError],
) -> ModelspendError:
    """Why no month of an export with a layout has files that count."""
    roots = _roots(layout, [file for files in months.values() for file in files])
    if len(roots) > 1:
        return _which_export(asked, roots)
    month, files = max(months.items())
    runs = sorted({str(PurePosixPath(f.name).parent) for f in files if is_data(f.name)})
    if len(runs) > 1 and not any(layout.is_manifest(file.name) for file in files):
        return ExportAmbiguous(
            asked.path,
            f"{month} was delivered {len(runs)} times and no manifest says which one counts. "
            "Which is it?",
            [(f"the files of {run}", _again(asked, run)) for run in runs[-MOST_NAMED:]],
        )
    return ExportUnknown(asked.path, problem_of(month, errors[-1]).rstrip("."))


def _nothing_known(
    asked: Asked,
    found: Mapping[tuple[str, bool], Mapping[str, Candidate]],
    headers: Mapping[str, Sequence[str] | BillUnreadable],
) -> ModelspendError:
    candidates = [c for files in found.values() for c in files.values()]
    if complete := [c for c in candidates if c.is_complete]:
        return ExportUnknown(asked.path, f"it is a {complete[0].family}: there is nothing to read")
    readable = [(name, names) for name, names in headers.items() if isinstance(names, list)]
    if not readable:
        [problem, *_] = [e.problem for e in headers.values() if isinstance(e, BillUnreadable)]
        return ExportUnknown(asked.path, problem)
    name, names = readable[0]
    shown = ", ".join(names[:MOST_COLUMNS]) + (", ..." if len(names) > MOST_COLUMNS else "")
    problem = f"the columns of {name} are those of no known export ({shown})"
    if log := detect_log_columns(names):
        problem = f"it looks like a log and no bill: {log.what}. See `modelspend inspect --log`"
        return ExportUnknown(asked.path, problem)
    if not candidates:
        return ExportUnknown(asked.path, problem, draft_mapping(names))
    near = max(candidates, key=lambda candidate: candidate.share)
    problem += f".\nThe nearest is {near.family}, which needs {', '.join(near.missing)} too"
    if near.format == "focus":
        return ExportUnknown(asked.path, problem, draft_for_focus(near.missing))
    return ExportUnknown(asked.path, problem, draft_mapping(names))


def _several_kinds(
    asked: Asked,
    found: Mapping[tuple[str, bool], Mapping[str, Candidate]],
    unknown: Iterable[str],
) -> ExportAmbiguous:
    """Files of different exports beside each other: a source reads all files below its path."""
    groups = {
        next(iter(files.values())).family: sorted(files)
        for (_, is_bill), files in found.items()
        if is_bill
    }
    others = {name for (_, is_bill), files in found.items() if not is_bill for name in files}
    others |= {*unknown}
    answers = []
    for family, names in groups.items():
        foreign = others | {n for group in groups.values() for n in group} - {*names}
        if (folder := _folder_of_none_else(names, foreign)) is not None:
            answers.append((f"{family}: {_listed(names)}", _again(asked, folder)))
        else:
            answers += [(family, _again(asked, name)) for name in names[:MOST_NAMED]]
    kinds = len(groups) + bool(others)
    question = f"it holds files of {kinds} kinds, and a source reads every file below its path"
    if others:
        question += f". No bill known here: {_listed(sorted(others))}"
    return ExportAmbiguous(asked.path, f"{question}. Which is to be read?", answers)


def _folder_of_none_else(names: Sequence[str], foreign: Collection[str]) -> str | None:
    """The folder that holds these files and none of another kind."""
    folders = [PurePosixPath(name).parents for name in names]
    for folder in folders[0]:
        if all(folder in parents for parents in folders) and not any(
            folder in PurePosixPath(name).parents for name in foreign
        ):
            return str(folder)
    return None


def _listed(names: Sequence[str]) -> str:
    left = len(names) - MOST_NAMED
    return ", ".join(names[:MOST_NAMED]) + (f" and {left:,} more" if left > 0 else "")


def _again(asked: Asked, below: str) -> str:
    return f"modelspend inspect {asked.path.rstrip('/')}/{below}".rstrip("/.")
