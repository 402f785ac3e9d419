"""`modelspend close`: make a month's published figures the ones that stay."""

from typing import Annotated

import typer

from assets.command_options import Month, SettingsFile


def close(
    month: Month,
    even_if_provisional: Annotated[
        bool,
        typer.Option(
            "--even-if-provisional",
            help="Close a month whose figures can still change; its warnings say so.",
        ),
    ] = False,
    settings: SettingsFile = None,
) -> None:
    """Close a published month: whatever is delivered later, its figures stay.

    A later delivery of a closed month's bill is published beside it as restated, and the difference
    is posted as prior-period adjustments in the first later month that is not closed. A closed
    month cannot be opened again.

    Example: modelspend close --month 2026-07
    """
    from datetime import UTC, datetime

    from assets.closing import close_month
    from assets.lake import Lake
    from assets.project import Project

    project = Project.load(settings)
    lake = Lake(project.settings.lake, project.cache, project.base)
    closed = close_month(lake, month, datetime.now(UTC), even_if_provisional=even_if_provisional)
    at = f"{closed.publication.published_at:%Y-%m-%d %H:%M} UTC"
    if closed.was_closed:
        beside = ", with a restatement beside it" if closed.restatement else ""
        typer.echo(f"{month}: already closed ({at}){beside}; nothing was done")
        return
    typer.echo(f"{month}: closed ({at})")
    if closed.adjustments:
        typer.echo(f"  with the prior-period adjustments of {', '.join(closed.adjustments)}")
