"""Run months in this process: the Dagster job without Dagster's terminal, errors or start-up lines.

What the command calls. An unchanged month is recognised here, before Dagster is even imported; a
changed one runs the same job as the schedule does. Errors come out as ours, not as Dagster's
wrappers around them. With `DAGSTER_HOME` set the run is recorded there, for its web server.
"""

import os
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal
from uuid import uuid4

from assets.closing import posted_differences
from assets.month_run import MonthRun
from assets.project import Project
from pipelines.closing import RESTATED
from pipelines.errors import ModelspendError, SettingsInvalid
from pipelines.review.adjustments import difference_words, posting_facts

if TYPE_CHECKING:  # importing Dagster takes longer than finding out that nothing is to be done
    from dagster import DagsterEvent, EventLogEntry

SILENT = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
"""Dagster's console logger prints nothing; events are stored all the same."""


@dataclass(frozen=True)
class StepEvent:
    """One step of a month has begun, ended or failed."""

    month: str
    run_id: str
    step: str
    what: Literal["started", "finished", "failed"]
    done: int
    """Steps finished so far, of `steps`."""
    steps: int


@dataclass(frozen=True)
class RunOutcome:
    """How the run of one month ended."""

    month: str
    run_id: str
    result: Literal["published", "unchanged", "failed"]
    publication_id: str | None = None
    status: str | None = None
    """Of the newest publication: provisional, final, closed, or restated beside a closed one."""
    missing_sources: tuple[str, ...] = ()
    error: ModelspendError | None = None
    differences: tuple[str, ...] = ()
    """Of a restatement: what was posted where, per currency."""
    warnings: tuple[str, ...] = ()
    """What a person should know of the figures just published, each with its count."""

    @property
    def sentence(self) -> str:
        """The outcome in one line."""
        if self.error is not None:
            return str(self.error)
        missing = f"; missing: {', '.join(self.missing_sources)}" if self.missing_sources else ""
        if self.result == "unchanged" and self.status == RESTATED:
            return f"{self.month}: unchanged, nothing re-read (closed, a restatement beside it)"
        if self.status == RESTATED:
            said = "".join(f"; {words}" for words in self.differences)
            return (
                f"{self.month} is closed: the new delivery was published beside it as restated"
                f"{said}{missing}"
            )
        if self.result == "unchanged":
            return f"{self.month}: unchanged, nothing re-read ({self.status})"
        return f"{self.month}: published ({self.status}){missing}"


OnEvent = Callable[[StepEvent], None]


def run_month(
    project: Project,
    month: str,
    on_event: OnEvent | None = None,
    now: datetime | None = None,
) -> RunOutcome:
    """Run one billing month and publish it; do nothing if its inputs are those of the last time.

    `now` (an aware instant, default the clock's) decides only whether the month is over.

    Raises:
        ModelspendError: the month was not published; the text says why and where to look.
    """
    check_month(project, month)
    run = MonthRun.begin(project, month, str(uuid4()), now or datetime.now(UTC))
    try:
        if not run.is_unchanged:
            _execute(run, on_event or (lambda _: None))
        publication = run.publication()
        is_restated = not run.is_unchanged and publication.status == RESTATED
        return RunOutcome(
            month=month,
            run_id=run.run_id,
            result="unchanged" if run.is_unchanged else "published",
            publication_id=publication.publication_id,
            status=publication.status,
            missing_sources=tuple(sorted(run.problems)),
            differences=_differences(run) if is_restated else (),
            warnings=() if run.is_unchanged else tuple(publication.warnings),
        )
    finally:
        run.close()


def _differences(run: MonthRun) -> tuple[str, ...]:
    """What the run's restatement of a closed month moved, and where it is posted, in words."""
    mine = run.publication().publication_id
    posted = posted_differences(run.lake, run.lake.publications(), run.month)
    return tuple(
        difference_words(facts)
        for found in posted
        if found.restated_id == mine
        for facts in posting_facts(found)
    )


def run_months(
    project: Project,
    months: Iterable[str],
    on_event: OnEvent | None = None,
    on_outcome: Callable[[RunOutcome], None] | None = None,
    now: datetime | None = None,
) -> list[RunOutcome]:
    """Run months one after the other, each on its own: one that fails leaves the others be."""
    outcomes = []
    for month in months:
        try:
            outcome = run_month(project, month, on_event, now)
        except ModelspendError as error:
            outcome = RunOutcome(month=month, run_id="", result="failed", error=error)
        outcomes.append(outcome)
        if on_outcome is not None:
            on_outcome(outcome)
    return outcomes


def check_month(project: Project, month: str) -> None:
    """Refuse a month before the project's first one.

    Raises:
        SettingsInvalid: names the key to change.
    """
    if month < project.settings.first_month:
        raise SettingsInvalid(
            str(project.file),
            [f"first_month: {month} lies before {project.settings.first_month}, the first month"],
        )


def _execute(run: MonthRun, on_event: OnEvent) -> None:
    import dagster as dg  # noqa: PLC0415 -- an unchanged month does without it

    with _without_previews(dg.BetaWarning, dg.PreviewWarning, dg.SupersessionWarning):
        from assets.definitions import build_definitions  # noqa: PLC0415
        from assets.jobs import ATTRIBUTION  # noqa: PLC0415
        from assets.resources import AttributionProject  # noqa: PLC0415

        project = AttributionProject(settings_path=str(run.project.file))
        job = build_definitions({"project": project}).resolve_job_def(ATTRIBUTION)
        recorded = bool(os.environ.get("DAGSTER_HOME"))
        with dg.DagsterInstance.get() if recorded else dg.DagsterInstance.ephemeral() as instance:
            instance.add_event_listener(run.run_id, _listener(run, len(job.nodes), on_event))
            try:
                job.execute_in_process(
                    instance=instance,
                    partition_key=run.month,
                    run_id=run.run_id,
                    run_config=SILENT,
                )
            except ModelspendError as error:
                raise error from None  # without Dagster's own account of the failed step


@contextmanager
def _without_previews(*categories: type[Warning]) -> Iterator[None]:
    """Dagster's notices of beta and preview features are for its developers, not for a terminal."""
    with warnings.catch_warnings():
        for category in categories:
            warnings.simplefilter("ignore", category)
        yield


def _listener(run: MonthRun, steps: int, on_event: OnEvent) -> "Callable[[EventLogEntry], None]":
    words: dict[str, Literal["started", "finished", "failed"]] = {
        "STEP_START": "started",
        "STEP_SUCCESS": "finished",
        "STEP_FAILURE": "failed",
    }
    done = 0

    def listen(entry: "EventLogEntry") -> None:
        nonlocal done
        event: DagsterEvent | None = entry.dagster_event
        if event is None or event.step_key is None:
            return
        what = words.get(event.event_type_value)
        if what is None:
            return
        done += what == "finished"
        on_event(StepEvent(run.month, run.run_id, event.step_key, what, done, steps))

    return listen
