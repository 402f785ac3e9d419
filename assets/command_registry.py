"""`modelspend registry`: ask the registries, and show what is known of versions and runs."""

from typing import Annotated

import typer

from assets.command_options import AsJson, SettingsFile
from pipelines.errors import RegistryUnreachable

registry = typer.Typer(no_args_is_help=True, add_completion=False, rich_markup_mode=None)


@registry.command("pull", short_help="Ask the registries and keep what is new.")
def pull(
    only: Annotated[
        list[str] | None,
        typer.Option("--registry", "-r", help="Only this one; may be given again.", metavar="NAME"),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Ask, and write nothing.")] = False,
    settings: SettingsFile = None,
) -> None:
    """Ask every registry of the settings and write a snapshot where its answer is new.

    A month is made from the snapshots, so that it can be made again, and they are the only history
    of what registries forget. Ask them nightly; the schedule `nightly_registry_pull` does.

    Example: modelspend registry pull --registry prod --dry-run
    """
    from datetime import UTC, datetime

    from assets.project import Project
    from assets.registries.pull import pull as ask

    project = Project.load(settings)
    if not project.settings.registries:
        typer.echo(f"{project.file} has no [[registries]]: there is nothing to ask.")
        return
    found = ask(project, datetime.now(UTC), only or (), dry_run=dry_run)
    for answer in found:
        if answer.problem:
            typer.echo(answer.problem, err=True)
            continue
        counts = ", ".join(f"{count} {what}" for what, count in answer.items) or "nothing"
        done = "would be written to" if dry_run else "written to"
        done = done if answer.is_new else "as in"
        typer.echo(f"{answer.registry} ({answer.kind}): {counts}; {done} {answer.url}")
        for warning in answer.warnings:
            typer.echo(f"  {warning}", err=True)
    if any(answer.problem for answer in found):
        raise typer.Exit(RegistryUnreachable.exit_code)


@registry.command("show", short_help="Show versions, deployments and runs, and who tells of them.")
def show(settings: SettingsFile = None, as_json: AsJson = False) -> None:
    """Show the catalogue as months are made by it: the file and the registries' snapshots as one.

    Every row says which place tells of it; where places differ, both are named and the catalogue
    file wins.

    Example: modelspend registry show --json
    """
    from assets.command_output import as_document, console, write_json, write_sheet
    from assets.project import Project
    from assets.registries.history import merged_catalogue
    from pipelines.review.registry import registry_sheets

    sheets = registry_sheets(merged_catalogue(Project.load(settings)))
    if as_json:
        write_json(as_document(sheets))
        return
    out = console()
    for sheet in sheets:
        write_sheet(out, sheet)
