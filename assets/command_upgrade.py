"""`modelspend upgrade`: bring a lake to the tables of the installed version."""

from typing import Annotated

import typer

from assets.command_options import SettingsFile


def upgrade(
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say which columns would be added.")
    ] = False,
    settings: SettingsFile = None,
) -> None:
    """Add the columns that this version of modelspend has and the lake's tables lack.

    Run it once after an update, when a run says that a table has other columns than its contract.
    Published months keep their files and figures; the new columns are empty in them until the
    month is run again.

    Example: modelspend upgrade --dry-run
    """
    from assets.lake import Lake
    from assets.project import Project

    project = Project.load(settings)
    lake = Lake(project.settings.lake, project.cache, project.base)
    added = lake.upgrade(dry_run=dry_run)
    if not added:
        typer.echo("The lake has every column of this version; nothing was done.")
    for new in added:
        done = "would get" if dry_run else "has got"
        typer.echo(f"{new.table} {done} {', '.join(new.columns)}")
