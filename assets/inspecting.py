"""Looking at an export that is in no project yet: which files, which format, what a run would make.

The export is listed, its headers are held against the known formats, and each month is then read
and attributed by the code of a run, as the only source of a throwaway project with an empty
catalogue. What cannot be decided from the files is asked, never guessed.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import Any, Final

import duckdb
from pydantic import ValidationError

from assets.deliveries import UNREADABLE, bill_months, current_delivery
from assets.object_store import StoredFile, fetch_all, list_files
from assets.project import Project
from pipelines.attribution.allocation import AttributionInputs, allocate
from pipelines.attribution.rules import load_rules
from pipelines.billing.detection import Candidate, detect
from pipelines.billing.file_headers import header_names
from pipelines.billing.layouts import Layout
from pipelines.billing.layouts.known import layout_of
from pipelines.billing.layouts.loose import is_data
from pipelines.billing.mapping_draft import draft_for_focus, draft_mapping
from pipelines.billing.raw_text import unpacked
from pipelines.billing.reader import read_bill
from pipelines.billing.registered import format_of
from pipelines.contracts import ALLOCATED, BILL_FILES, CHARGES, EXPORT_TOTALS
from pipelines.errors import (
    BillAmbiguous,
    BillUnreadable,
    CommitmentUnbalanced,
    DeliveredTwice,
    ExportAmbiguous,
    ExportUnknown,
    FileDamaged,
    ModelspendError,
    SettingsInvalid,
)
from pipelines.money import show
from pipelines.registry.catalogue import parse_catalogue
from pipelines.settings import BillSource, Settings, Storage, problems_of

STOPS_A_MONTH: Final = (BillUnreadable, CommitmentUnbalanced, FileDamaged)
MOST_NAMED: Final = 4
MOST_COLUMNS: Final = 12
KEEP_REPEATED: Final = "--keep repeated_lines"
KEEP_UNPAIRED: Final = "--keep unpaired_negations"
AZURE_LAYOUT: Final = "azure-exports"
UNKNOWN_MONTH: Final = "(month unknown)"
THE_OPTIONS: Final = "the answers given as options"

Say = Callable[[str], None]
"""Told what is being done now."""


@dataclass(frozen=True)
class Asked:
    """What is to be looked at, and the answers that were given to questions."""

    path: str
    storage: Storage = field(default_factory=Storage)
    format: str | None = None
    amortized_path: str | None = None
    role: str = ""
    """What the files are, where their delivery and their names do not say it: `amortized`."""
    mapping: Path | None = None
    months: tuple[str, ...] = ()
    keep: frozenset[str] = frozenset()
    """The settings `repeated_lines` and `unpaired_negations` that are to be `keep`."""


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
    tables = [file for file in listed if is_data(file.name)]
    if not tables:
        raise ExportUnknown(asked.path, _no_table(listed))
    layout = layout_of([file.name for file in listed])
    roots = _roots(layout, listed)
    # Azure's actual and amortized exports are one bill; its layout says which others are not.
    if len(roots) > 1 and layout.name != AZURE_LAYOUT:
        raise _which_export(asked, roots)
    candidate, warnings = None, _outside(layout, tables)
    if asked.mapping is None:
        candidate = _known(asked, layout, listed, work, warnings, say)
    source = _source(asked, candidate)
    export = Export(source, layout.name, listed, candidate, warnings=warnings)
    if asked.role:
        source = _named_by_role(asked, source, tables, work)
    _read_months(_project(asked, source, work), export, asked, work, say)
    return export


def _outside(layout: Layout, tables: Sequence[StoredFile]) -> list[str]:
    """Files beside the folders of an export's layout, which a run passes over."""
    if layout.tells_months:
        outside = [file.name for file in tables if layout.month_of(file.name) is None]
        if outside:
            return [
                f"{len(outside):,} files are outside of its folders: {_listed(outside)}: not read."
            ]
    return []


def _no_table(listed: Sequence[StoredFile]) -> str:
    names = ", ".join(file.name for file in listed[:MOST_NAMED])
    have = f"It has {len(listed):,} files ({names})" if listed else "There is no file"
    return (
        f"{have}, none that can hold lines of a bill (CSV, JSON lines, Parquet, or a zip of them)"
    )


# Which export


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
    project = _project(asked, source, work)
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
    return ExportUnknown(asked.path, _problem(month, errors[-1]).rstrip("."))


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


# Reading it


def _source(asked: Asked, candidate: Candidate | None) -> BillSource:
    format_ = asked.format or (candidate.format if candidate else "mapped")
    given: dict[str, Any] = {
        "name": _name(candidate, format_),
        "format": format_,
        "path": _absolute(asked.path),
        "storage": asked.storage,
        "amortized_path": None if asked.amortized_path is None else _absolute(asked.amortized_path),
        "mapping": None if asked.mapping is None else str(asked.mapping.absolute()),
        **dict.fromkeys(asked.keep, "keep"),
    }
    try:
        return BillSource.model_validate(given)
    except ValidationError as error:
        raise SettingsInvalid(THE_OPTIONS, problems_of(error)) from error


def _named_by_role(
    asked: Asked, source: BillSource, tables: Sequence[StoredFile], work: Path
) -> BillSource:
    """The source as it would be if its files' names said what they hold."""
    folder = work / "named"
    folder.mkdir()
    for file in fetch_all(list(tables), asked.storage, work / "cache"):
        name = file.name.replace("/", "-")
        (folder / f"{asked.role}-{name}").symlink_to(Path(file.path).absolute())
    return source.model_copy(update={"path": str(folder), "storage": Storage()})


def _absolute(path: str) -> str:
    return path if "://" in path else str(Path(path).absolute())


def _name(candidate: Candidate | None, format_: str) -> str:
    return (candidate.provider if candidate else "") or format_.removesuffix("-cur")


def _project(asked: Asked, source: BillSource, work: Path) -> Project:
    """A project of this one source, with an empty catalogue and the default rules."""
    mapping = None if asked.mapping is None else asked.mapping.read_text(encoding="utf-8")
    return Project(
        file=work / "modelspend.toml",
        settings=Settings(bills=[source], cache=str(work / "cache")),
        catalogue=parse_catalogue("", "catalogue.toml"),
        rules=load_rules(),
        texts={},
        formats={source.name: format_of(source, mapping)},
    )


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
                export.problems.append(_problem(month, error))
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


def _problem(month: str, error: ModelspendError) -> str:
    where = "" if month == UNKNOWN_MONTH else f"{month}: "
    if isinstance(error, BillUnreadable):
        look_at = f"Look at {error.look_at}"
        return f"{where}{error.problem.rstrip('.')}. {look_at}" + "." * (look_at[-1] != "?")
    return f"{where}{error}"


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


@contextmanager
def connection(work: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A DuckDB in memory that spills below `work`, in UTC, without a progress bar of its own."""
    with duckdb.connect(config={"memory_limit": "700MB", "threads": 2}) as con:
        con.execute("SET temp_directory = $folder", {"folder": str(work / "spill")})
        con.execute("SET enable_progress_bar = false")
        con.execute("SET TimeZone = 'UTC'")
        yield con
