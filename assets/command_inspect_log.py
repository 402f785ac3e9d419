"""`modelspend inspect --log`: what kind of inference log a path holds, and how to set it up."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from assets.inspected_project import Say

if TYPE_CHECKING:
    from assets.inspecting_logs import Log
    from pipelines.review.sheets import Sheet
    from pipelines.settings import Storage

WIDTH = 100
MOST_WARNINGS = 8
MOST_EVIDENCE = 4


def inspect_log(
    path: str,
    storage: "Storage",
    mapping: Path | None,
    timezone: str | None,
    *,
    as_json: bool,
    say: Say,
) -> None:
    """Say what a log is, what a run would make of it, and how to set it up."""
    from assets.command_output import as_document, write_json
    from assets.inspecting_logs import look_at_log
    from pipelines.review.logs import log_sheets

    with TemporaryDirectory(prefix="modelspend-inspect-") as folder:
        log = look_at_log(path, storage, mapping, timezone, Path(folder), say)
    sheets = log_sheets(log.usage, log.log_files, log.rejects)
    settings = log_settings(log, path, storage, mapping, timezone)
    if not as_json:
        _write(log, path, sheets, settings)
        return
    write_json(
        {
            "path": path,
            "is": _title(log),
            "format": log.known.format if log.known else "mapped",
            "evidence": list(log.known.evidence) if log.known else [],
            "files": len(log.files),
            "bytes": sum(file.size for file in log.files),
            "rejects": [],
            **as_document(sheets),
            "warnings": log.warnings,
            "settings": settings,
        }
    )


def log_settings(
    log: "Log", path: str, storage: "Storage", mapping: Path | None, timezone: str | None
) -> str:
    """What to paste into `modelspend.toml` for this log."""
    from assets.command_inspect import toml_text

    name = log.known.mapping or log.known.format if log.known else "my-log"
    lines = [
        "[[logs]]",
        f"name = {toml_text(name)}",
        f"format = {toml_text(log.known.format if log.known else 'mapped')}",
        f"path = {toml_text(path)}",
    ]
    if mapping is not None or (log.known and log.known.mapping):
        named = str(mapping) if mapping is not None else name
        lines.append(f"mapping = {toml_text(named)}")
    if timezone is not None:
        lines.append(f"timezone = {toml_text(timezone)}")
    elif "no time zone" in log.rejects["reason"].to_list():
        lines.append('# timezone = "Europe/Berlin"    # whose its times without an offset are')
    if "://" in path and storage != type(storage)():
        lines.append("[logs.storage]")
        if storage.endpoint_url:
            lines.append(f"endpoint_url = {toml_text(storage.endpoint_url)}")
        if storage.region:
            lines.append(f"region = {toml_text(storage.region)}")
        if not storage.path_style:
            lines.append("path_style = false")
    return "\n".join(lines) + "\n"


def _title(log: "Log") -> str:
    if log.known is None:
        return "A log read by a mapping file"
    return log.known.what[0].upper() + log.known.what[1:]


def _write(log: "Log", path: str, sheets: "list[Sheet]", settings: str) -> None:
    from assets.command_inspect import bytes_text
    from assets.command_output import console, write_note, write_sheet
    from pipelines.review.logs import log_span

    out = console()
    out.width = min(out.width, WIDTH)
    out.print(_title(log), style="bold")
    size = bytes_text(sum(file.size for file in log.files))
    write_note(out, f"{path}: {len(log.files):,} file{'' if len(log.files) == 1 else 's'}, {size}")
    if log.passed_over:
        write_note(out, f"{log.passed_over:,} other files are no such logs")
    if log.known:
        write_note(out, f"known by {', '.join(log.known.evidence[:MOST_EVIDENCE])}")
    if span := log_span(log.log_files):
        write_note(out, f"from {span[0]:%Y-%m-%d %H:%M} to {span[1]:%Y-%m-%d %H:%M} UTC")
    for sheet in sheets:
        write_sheet(out, sheet)
    if log.warnings:
        out.print()
        out.print("To know", style="bold")
        for warning in log.warnings[:MOST_WARNINGS]:
            write_note(out, warning)
    out.print()
    out.print("For modelspend.toml", style="bold")
    out.print()
    out.print(settings, soft_wrap=True, end="")
