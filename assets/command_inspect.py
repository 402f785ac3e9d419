"""`modelspend inspect`: what a file or folder of a bill is, before it is in any settings."""

import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from assets.command_options import AsJson, month_text

if TYPE_CHECKING:
    from assets.inspected_project import Asked
    from assets.inspecting import Export
    from pipelines.errors import ExportAmbiguous
    from pipelines.review.sheets import Sheet

WIDTH = 100
MOST_EVIDENCE = 4
MOST_WARNINGS = 8
MOST_PROBLEMS = 5
CANNOT_BE_READ = 3


class Format(StrEnum):
    """The formats of the settings."""

    aws_cur = "aws-cur"
    focus = "focus"
    gcp = "gcp"
    azure = "azure"
    alibaba = "alibaba"
    owned = "owned"


class Role(StrEnum):
    """What the files of an Azure export hold."""

    actual = "actual"
    amortized = "amortized"


class Keep(StrEnum):
    """Settings of a source by which what stops a month is kept."""

    repeated_lines = "repeated_lines"
    unpaired_negations = "unpaired_negations"


PROVIDERS = {
    "aws": "AWS",
    "azure": "Azure",
    "gcp": "Google Cloud",
    "alibaba": "",
    "openai": "",
    "oracle": "Oracle Cloud",
    "": "",
}


def inspect(
    path: Annotated[
        str,
        typer.Argument(help="A file, a folder or s3://bucket/prefix.", metavar="PATH-OR-URL"),
    ],
    format_: Annotated[
        Format | None, typer.Option("--format", help="What it is, if the header does not say.")
    ] = None,
    amortized: Annotated[
        str | None,
        typer.Option(
            "--amortized",
            help="Azure: the amortized export, where the other is the actual one.",
            metavar="PATH-OR-URL",
        ),
    ] = None,
    role: Annotated[
        Role | None,
        typer.Option("--as", help="Azure: what the files hold, if they do not show it."),
    ] = None,
    mapping: Annotated[
        Path | None,
        typer.Option(
            "--mapping",
            help="A mapping file for a bill or a log of any shape.",
            metavar="FILE",
            exists=True,
            dir_okay=False,
        ),
    ] = None,
    month: Annotated[
        list[str] | None,
        typer.Option("--month", "-m", help="Only this month; repeatable.", metavar="YYYY-MM"),
    ] = None,
    keep: Annotated[
        list[Keep] | None,
        typer.Option(
            "--keep",
            help="Read what else stops a month: repeated_lines, unpaired_negations; repeatable.",
            metavar="SETTING",
        ),
    ] = None,
    log: Annotated[bool, typer.Option("--log", help="An inference log and no bill.")] = False,
    timezone: Annotated[
        str | None,
        typer.Option("--timezone", help="Of a log's times without an offset.", metavar="ZONE"),
    ] = None,
    endpoint_url: Annotated[
        str | None, typer.Option("--endpoint-url", help="Of an S3-compatible store.", metavar="URL")
    ] = None,
    region: Annotated[
        str | None, typer.Option("--region", help="Of the store.", metavar="REGION")
    ] = None,
    virtual_host: Annotated[
        bool, typer.Option("--virtual-host", help="Bucket in the host name, not in the path.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Say what a bill's export or a log is, what a run would make of it, and how to set it up.

    Nothing is written but temporary files. What the files do not decide is asked: the process ends
    with exit code 3 and the option that answers.

    \b
    Examples:
      modelspend inspect bills/export.csv.gz
      modelspend inspect s3://my-bucket/exports/my-report --region eu-central-1
      modelspend inspect azure/actual --amortized azure/amortized
      modelspend inspect --log s3://my-bucket/bedrock-logs
    """  # noqa: D301 -- \b keeps the lines of the examples apart
    from tempfile import TemporaryDirectory

    from assets.command_output import write_json
    from assets.inspected_project import Asked
    from assets.inspecting import look_at
    from pipelines.errors import ExportAmbiguous
    from pipelines.settings import Storage

    for text in month or []:
        month_text(text)
    storage = Storage(endpoint_url=endpoint_url, region=region, path_style=not virtual_host)
    if log:
        from assets.command_inspect_log import inspect_log

        with saying() as say:
            inspect_log(path, storage, mapping, timezone, as_json=as_json, say=say)
        return
    asked = Asked(
        path=path,
        storage=storage,
        format=format_.value if format_ else None,
        amortized_path=amortized,
        role=role.value if role else "",
        mapping=mapping,
        months=tuple(month or ()),
        keep=frozenset(name.value for name in keep or ()),
    )
    with TemporaryDirectory(prefix="modelspend-inspect-") as folder:
        try:
            with saying() as say:
                export = look_at(asked, Path(folder), say)
                say("adding up")
                seen = _read(export, asked.role, Path(folder))
        except ExportAmbiguous as question:
            if as_json:
                write_json(_question(question))
                raise typer.Exit(question.exit_code) from None
            raise
        if as_json:
            _write_json(asked, export, seen)
        else:
            _write(asked, export, seen)
    if export.problems or export.questions:
        raise typer.Exit(CANNOT_BE_READ)


@dataclass(frozen=True)
class Seen:
    """What is said of an export that was read."""

    title: str
    sheets: "list[Sheet]"
    settings: str
    warnings: list[str]


def _read(export: "Export", role: str, work: Path) -> Seen:
    from assets.inspected_project import connection
    from assets.lake import tables
    from pipelines.contracts import ALLOCATED, BILL_FILES, CHARGES, EXPORT_TOTALS
    from pipelines.review.inspection import (
        grouped_warnings,
        inspection_sheets,
        line_sentences,
        providers,
        suggested_tags,
    )
    from pipelines.settings import TagKeys

    with connection(work) as con:
        for view, contract in (
            ("inspected_charges", CHARGES),
            ("inspected_parts", ALLOCATED),
            ("inspected_exports", EXPORT_TOTALS),
            ("inspected_files", BILL_FILES),
        ):
            tables.relation(con, contract, export.tables[contract.name]).create_view(view)
        named, settings = providers(con), ""
        if export.months:
            settings = settings_block(export, suggested_tags(con, TagKeys()), named, role)
        return Seen(
            title(export, named),
            inspection_sheets(con, TagKeys()) if export.months else [],
            settings,
            grouped_warnings([*export.warnings, *line_sentences(con)]),
        )


def settings_block(
    export: "Export", tags: dict[str, list[str]], providers: list[str], role: str = ""
) -> str:
    """What to paste into `modelspend.toml` for this export.

    A source is named after the provider; where the header does not tell it, the lines may.
    """
    source, name = export.source, export.source.name
    if not (export.candidate and export.candidate.provider) and len(providers) == 1:
        name = re.sub(r"[^a-z0-9]+", "-", providers[0].lower()).strip("-") or name
    lines = ["[[bills]]", f"name = {toml_text(name)}", f"format = {toml_text(source.format)}"]
    lines.append(f"path = {toml_text(source.path)}")
    if role:
        lines.append(f"# A run knows what the files are if their names say it: {role}-....csv")
    for key in ("amortized_path", "mapping"):
        if value := getattr(source, key):
            lines.append(f"{key} = {toml_text(value)}")
    for key in ("unpaired_negations", "repeated_lines"):
        if getattr(source, key) == "keep":
            lines.append(f'{key} = "keep"')
    if "://" in source.path and source.storage != type(source.storage)():
        lines.append("[bills.storage]")
        if source.storage.endpoint_url:
            lines.append(f"endpoint_url = {toml_text(source.storage.endpoint_url)}")
        if source.storage.region:
            lines.append(f"region = {toml_text(source.storage.region)}")
        if not source.storage.path_style:
            lines.append("path_style = false")
    if tags:
        lines += ["", "[tags]"]
        lines += [f"{key} = [{', '.join(map(toml_text, keys))}]" for key, keys in tags.items()]
    return "\n".join(lines) + "\n"


def toml_text(text: str) -> str:
    """A text as TOML writes it."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def title(export: "Export", providers: list[str]) -> str:
    """What the export is, in one line: `AWS legacy Cost and Usage Report, ...`."""
    found = export.candidate
    if found is None:
        return "A bill read by a mapping file" if export.source.mapping else export.source.format
    provider = PROVIDERS.get(found.provider, found.provider)
    version = found.version if found.version and found.version not in found.family else ""
    if found.format == "owned":
        names = sorted(file.name.rsplit("/", 1)[-1] for file in export.files)
        return f"Costs on no cloud bill: {', '.join(names)}"
    if found.format == "focus":
        writer = f", written by {provider}" if provider else ""
        return f"{found.family} {version}{writer}" + (
            f", of {providers[0]}" if len(providers) == 1 else ""
        )
    words = f"{provider} {found.family}".strip()
    return f"{words[0].upper()}{words[1:]}" + (f" ({version})" if version else "")


def _write(asked: "Asked", export: "Export", seen: Seen) -> None:
    from assets.command_output import console, write_note, write_sheet

    out = console()
    out.width = min(out.width, WIDTH)
    out.print(seen.title, style="bold")
    size = sum(file.size for file in export.files)
    files = f"{len(export.files):,} file{'' if len(export.files) == 1 else 's'}, {bytes_text(size)}"
    laid_out = "" if export.layout == "loose" else f", laid out as {export.layout}"
    write_note(out, f"{asked.path}: {files}{laid_out}")
    if export.candidate:
        write_note(out, f"known by {', '.join(export.candidate.evidence[:MOST_EVIDENCE])}")
    for sheet in seen.sheets:
        write_sheet(out, sheet)
    for heading, sentences, most in (
        ("Cannot be read", export.problems, MOST_PROBLEMS),
        ("To know", seen.warnings, MOST_WARNINGS),
    ):
        if not sentences:
            continue
        out.print()
        out.print(heading, style="bold")
        for sentence in sentences[:most]:
            write_note(out, sentence)
        if (left := len(sentences) - most) > 0:
            write_note(out, f"{left} more: --json has them all")
    if export.questions:
        out.print()
        out.print("To decide", style="bold")
    for question in export.questions:
        write_note(out, question.question)
        for meaning, typed in question.answers:
            write_note(out, f"  {meaning}: {typed}")
    if seen.settings:
        out.print()
        out.print("For modelspend.toml", style="bold")
        out.print()
        out.print(seen.settings, soft_wrap=True, end="")


def bytes_text(size: int) -> str:
    """A size for people."""
    for unit in ("bytes", "kB", "MB", "GB"):
        if size < 1000 or unit == "GB":
            break
        size = round(size / 1000)
    return f"{size:,} {unit}"


def _write_json(asked: "Asked", export: "Export", seen: Seen) -> None:
    from assets.command_output import as_document, write_json

    found = export.candidate
    names = ("months", "services", "models", "model_keys", "tags", "carries")
    always: dict[str, Any] = {name: [] for name in names}
    write_json(
        {
            "path": asked.path,
            "is": seen.title,
            "format": export.source.format,
            "provider": found.provider if found else "",
            "version": found.version if found else "",
            "evidence": list(found.evidence) if found else [],
            "layout": export.layout,
            "files": len(export.files),
            "bytes": sum(file.size for file in export.files),
            **always,
            **as_document(seen.sheets),
            "warnings": seen.warnings,
            "problems": export.problems,
            "questions": [_question(question) for question in export.questions],
            "settings": seen.settings,
        }
    )


def _question(question: "ExportAmbiguous") -> dict[str, Any]:
    answers = [{"means": meaning, "type": typed} for meaning, typed in question.answers]
    return {"path": question.path, "question": question.question, "answers": answers}


@contextmanager
def saying() -> Iterator[Callable[[str], None]]:
    """A line on stderr that says what is being done, if somebody is looking."""
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    bar = Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        TimeElapsedColumn(),
        console=Console(stderr=True),
        transient=True,
        disable=not sys.stderr.isatty(),
    )
    task = bar.add_task("starting", total=None)
    with bar:
        yield lambda text: bar.update(task, description=text)
