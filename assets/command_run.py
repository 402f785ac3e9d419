"""`modelspend run` and `modelspend backfill`: months from their inputs to their publication."""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from assets.command_options import MISSING_SOURCE, Month, SettingsFile, month_text

if TYPE_CHECKING:
    from assets.engine import OnEvent, RunOutcome, StepEvent
    from assets.project import Project


MOST_WARNINGS = 8
"""A run prints so many warnings; `show` has them all."""


def run(
    month: Month,
    settings: SettingsFile = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be read; read and write nothing.")
    ] = False,
) -> None:
    """Run one billing month: read, attribute, reconcile and publish it.

    A month whose inputs did not change is recognised and left as it is. A month that does not add
    up to the bill is not published, and readers keep the last publication. A new delivery of a
    closed month is published beside it, its difference posted to the first open month.

    Example: modelspend run --month 2026-09
    """
    from assets.project import Project

    project = Project.load(settings)
    if dry_run:
        _say_what_would_be_read(project, month)
        return
    finish(run_and_report(project, [month]))


def backfill(
    first: Annotated[
        str,
        typer.Option("--from", help="First month.", metavar="YYYY-MM", callback=month_text),
    ],
    last: Annotated[
        str, typer.Option("--to", help="Last month.", metavar="YYYY-MM", callback=month_text)
    ],
    settings: SettingsFile = None,
) -> None:
    """Run several months, oldest first; one that fails leaves the others published.

    Example: modelspend backfill --from 2026-07 --to 2026-09
    """
    from assets.project import Project
    from pipelines.months import months_between

    if last < first:
        message = f"--to {last} lies before --from {first}"
        raise typer.BadParameter(message)
    finish(run_and_report(Project.load(settings), list(months_between(first, last))))


def _say_what_would_be_read(project: "Project", month: str) -> None:
    from datetime import UTC, datetime

    from assets.calibration.history import read_sets
    from assets.deliveries import collect_inputs, list_bills, list_business_units, list_logs
    from assets.engine import check_month
    from assets.lake import Lake
    from assets.registries.history import list_snapshots
    from pipelines.closing import CLOSED, month_among
    from pipelines.review.calibration import use_of

    check_month(project, month)
    bills, logs = list_bills(project, month), list_logs(project)
    units, snapshots = list_business_units(project), list_snapshots(project)
    told = {
        source.name: [file for file in snapshots if file.name.startswith(f"{source.name}/")]
        for source in project.settings.registries
    }
    listed = (("bill", bills), ("log", logs), ("registry", told), ("business units", units))
    for kind, sources in listed:
        for source, files in sources.items():
            size = sum(file.size for file in files)
            typer.echo(f"{kind} {source}: {len(files):,} files, {size:,} bytes")
    known = read_sets(project)
    for problem in known.said:
        typer.echo(f"warning: {problem}", err=True)
    in_force, calibrations = known.in_force(month)
    if in_force is not None:
        [file] = calibrations
        said = f"{in_force.id}: {use_of(in_force)}, 1 file, {file.size:,} bytes"
        typer.echo(f"calibration {said}")
    elif known.sets:
        typer.echo(f"calibration: none that is accepted was made of what was known before {month}")
    else:
        typer.echo("calibration: none was made")
    now = datetime.now(UTC)
    inputs = collect_inputs(project, month, bills, logs, now, units, snapshots, calibrations)
    published = Lake(project.settings.lake, project.cache, project.base).publications(month)
    current = month_among(published)
    if current is None:
        typer.echo(f"{month} is not published; a run would publish it.")
        return
    said = f"{month} is published ({current.status})"
    if published[-1].inputs_digest == inputs.digest:
        typer.echo(f"{said}; nothing has changed since.")
    elif current.status == CLOSED:
        typer.echo(f"{said}; its inputs have changed: a run would publish them beside it.")
    else:
        typer.echo(f"{said}; its inputs have changed since.")


def run_and_report(project: "Project", months: Sequence[str]) -> "list[RunOutcome]":
    """Run months with a progress bar, say how each ended as soon as it did."""
    from assets.engine import run_months

    with progress(months) as (on_event, say):
        return run_months(project, months, on_event, say)


def finish(outcomes: "Sequence[RunOutcome]") -> None:
    """End the process as the worst month did: the first error, else 8 if a source is missing."""
    for outcome in outcomes:
        if outcome.error is not None:
            raise typer.Exit(outcome.error.exit_code)
    if any(outcome.missing_sources for outcome in outcomes):
        raise typer.Exit(MISSING_SOURCE)


@contextmanager
def progress(months: Sequence[str]) -> "Iterator[tuple[OnEvent, Callable[[RunOutcome], None]]]":
    """A bar on stderr while months run, if somebody is looking; outcomes as lines.

    What was published goes to stdout, what failed to stderr.
    """
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed:.0f}/{task.total:.0f} steps"),
        TimeElapsedColumn(),
        console=Console(stderr=True),
        transient=True,
        disable=not sys.stderr.isatty(),
    )
    tasks = {}

    def on_event(event: "StepEvent") -> None:
        if event.month not in tasks:
            tasks[event.month] = bar.add_task(event.month, total=event.steps)
        words = event.step.replace("__", " ").replace("_", " ")
        bar.update(tasks[event.month], completed=event.done, description=f"{event.month} {words}")

    def on_outcome(outcome: "RunOutcome") -> None:
        if outcome.month in tasks:
            bar.remove_task(tasks.pop(outcome.month))
        typer.echo(outcome.sentence, err=outcome.error is not None)
        for warning in outcome.warnings[:MOST_WARNINGS]:
            typer.echo(f"  warning: {warning}")
        if (more := len(outcome.warnings) - MOST_WARNINGS) > 0:
            typer.echo(f"  {more} more warnings: modelspend show --month {outcome.month}")

    with bar:
        yield on_event, on_outcome
