"""A month from its bill to its publication, and everything that must not publish it."""

import os
import shutil
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest
from golden_project import MONTH, OVER, PublishedOnce, deliver, golden_bill, write_golden

from assets.engine import StepEvent, run_month, run_months
from assets.lake import Lake
from assets.month_run import MonthRun, NotStaged, opened
from assets.project import Project
from pipelines.contracts import EXPORT_TOTALS, TABLES
from pipelines.errors import (
    BillUnreadable,
    LakeUnreachable,
    PublicationLost,
    SettingsInvalid,
    UnreconciledSpend,
)

OPEN = datetime(2026, 9, 21, 7, tzinfo=UTC)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project.load(write_golden(tmp_path / "shop"))


@pytest.fixture
def published(golden_once: PublishedOnce, tmp_path: Path) -> Project:
    """The golden month, over and published, to be changed."""
    return golden_once.copy(tmp_path / "shop")


def lake_of(project: Project) -> Lake:
    return Lake(project.settings.lake, project.cache, project.base)


def billed(project: Project) -> Decimal:
    months = lake_of(project).read("out_spend__model_months", MONTH)
    return Decimal(months["billed_cost"].sum())


def when_finished(step: str, act: Callable[[StepEvent], None]) -> Callable[[StepEvent], None]:
    """Do something in the middle of a run: right after one of its steps."""

    def on_event(event: StepEvent) -> None:
        if (event.step, event.what) == (step, "finished"):
            act(event)

    return on_event


def second_source(project: Project, bill: str) -> Project:
    """The project with another bill source, `other`, delivered as given."""
    other = project.base / "other"
    other.mkdir()
    deliver(other, bill, "assembly-1")
    text = project.file.read_text() + '\n[[bills]]\nname = "other"\npath = "other/bills"\n'
    project.file.write_text(text)
    return Project.load(project.file)


def test_a_month_is_published_with_every_table_and_adds_up(published, golden_once):
    project, outcome = published, golden_once.outcome
    assert (outcome.result, outcome.status, outcome.error) == ("published", "final", None)
    latest = lake_of(project).require_latest(MONTH)
    assert latest.publication_id == outcome.publication_id
    assert set(latest.tables) == set(TABLES) - {"out_publications"}
    reconciled = lake_of(project).read("out_reconciliation", MONTH)
    assert reconciled.height > 0
    assert set(reconciled["difference"]) == {Decimal(0)}
    assert (
        billed(project) == reconciled.filter(pl.col("basis") == "BilledCost")["export_total"].sum()
    )


def test_the_steps_are_told_as_they_come(golden_once):
    finished = [event for event in golden_once.events if event.what == "finished"]
    assert [event.done for event in finished] == list(range(1, finished[0].steps + 1))
    assert finished[-1].step == "out_publications"


def test_nothing_but_the_command_itself_writes_to_the_terminal(project, capfd):
    run_month(project, MONTH, now=OVER)
    assert capfd.readouterr() == ("", "")


def test_a_run_leaves_no_work_behind(published):
    project = published
    assert list((project.cache / "runs").iterdir()) == []


def test_an_unchanged_month_is_recognised_without_opening_a_file(published, golden_once):
    project, first = published, golden_once.outcome
    for file in [*project.base.glob("bills/**/*.gz"), *project.base.glob("bills/**/*.json")]:
        before = file.stat()
        file.write_bytes(b"x" * before.st_size)  # whoever reads it now fails
        os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    events: list[StepEvent] = []
    again = run_month(project, MONTH, events.append, now=OVER)
    assert (again.result, again.publication_id) == ("unchanged", first.publication_id)
    assert events == []
    assert len(lake_of(project).publications(MONTH)) == 1
    assert "unchanged, nothing re-read" in again.sentence


@pytest.mark.parametrize("file", ["modelspend.toml", "catalogue.toml", "log.csv"])
def test_a_changed_input_is_noticed(published, file):
    with (published.base / file).open("a") as text:
        text.write("\n")
    run = MonthRun.begin(Project.load(published.file), MONTH, "run-1", OVER)
    assert not run.is_unchanged
    run.close()


def test_a_changed_input_makes_the_month_anew(published):
    with (published.base / "catalogue.toml").open("a") as text:
        text.write("\n")
    again = run_month(Project.load(published.file), MONTH, now=OVER)
    assert again.result == "published"
    assert len(lake_of(published).publications(MONTH)) == 2


def test_a_restated_bill_replaces_the_month_and_leaves_the_earlier_figures_readable(published):
    project = published
    before = billed(project)
    deliver(project.base, golden_bill(**{",10.00,": ",12.00,"}), "assembly-2")
    assert run_month(project, MONTH, now=OVER).result == "published"
    assert billed(project) == before + 2
    lake = lake_of(project)
    first = lake.publications(MONTH)[0]
    old = lake.read("out_spend__model_months", MONTH, first)
    assert old["billed_cost"].sum() == before


def test_a_month_that_is_not_over_is_provisional_and_becomes_final_by_itself(project):
    assert run_month(project, MONTH, now=OPEN).status == "provisional"
    assert run_month(project, MONTH, now=OPEN).result == "unchanged"
    later = run_month(project, MONTH, now=OVER)
    assert (later.result, later.status) == ("published", "final")


def test_a_line_without_an_invoice_keeps_the_month_provisional(project):
    bill = golden_bill()
    invoice = bill.splitlines()[1].split(",")[2]
    deliver(project.base, bill.replace(f",{invoice},", ",,", 1), "assembly-2")
    assert run_month(project, MONTH, now=OVER).status == "provisional"


def test_a_month_that_does_not_add_up_is_not_published(project):
    def lose_a_unit(event: StepEvent) -> None:
        run = opened(event.run_id)
        assert run is not None
        totals = run.frame(EXPORT_TOTALS.name)
        one = pl.lit(Decimal("0.000000000000000001"), dtype=totals.schema["export_total"])
        run.stage(
            EXPORT_TOTALS.name,
            totals.with_columns((pl.col("export_total") + one).alias("export_total")).cast(
                dict(EXPORT_TOTALS.polars_schema)
            ),
        )

    with pytest.raises(UnreconciledSpend, match="was not published"):
        run_month(project, MONTH, when_finished("core_billing", lose_a_unit), now=OVER)
    assert lake_of(project).latest(MONTH) is None
    assert list((project.cache / "runs").iterdir()) == []


def test_a_failed_run_leaves_the_last_publication_in_place(published, golden_once):
    project, first = published, golden_once.outcome
    deliver(project.base, golden_bill(**{",2.50,": ",two,"}), "assembly-2")
    with pytest.raises(BillUnreadable, match="two"):
        run_month(project, MONTH, now=OVER)
    latest = lake_of(project).require_latest(MONTH)
    assert latest.publication_id == first.publication_id


def test_a_source_that_cannot_be_read_is_missing_and_the_others_are_published(published):
    project = published
    whole = billed(project)
    project = second_source(project, golden_bill(**{",2.50,": ",two,"}))
    outcome = run_month(project, MONTH, now=OVER)
    assert (outcome.result, outcome.status) == ("published", "provisional")
    assert outcome.missing_sources == ("other",)
    assert "missing: other" in outcome.sentence
    assert billed(project) == whole
    lake = lake_of(project)
    sources = lake.require_latest(MONTH).sources
    assert sources["aws"] == {"status": "read"}
    assert sources["other"]["status"] == "missing"
    assert "'two'" in sources["other"]["problem"]
    rejects = lake.read("core_billing__rejects", MONTH)
    assert set(rejects.filter(pl.col("source") == "other")["value"]) == {"two"}
    assert run_month(project, MONTH, now=OVER).missing_sources == ("other",)  # unchanged


def test_two_sources_are_published_side_by_side(published):
    project = published
    once = billed(project)
    project = second_source(project, golden_bill())
    assert run_month(project, MONTH, now=OVER).missing_sources == ()
    assert billed(project) == 2 * once


def test_without_any_readable_source_there_is_no_month(project):
    project = second_source(project, golden_bill(**{",2.50,": ",two,"}))
    deliver(project.base, golden_bill(**{",2.50,": ",three,"}), "assembly-2")
    with pytest.raises(BillUnreadable):
        run_month(project, MONTH, now=OVER)
    assert lake_of(project).latest(MONTH) is None


def test_a_bill_that_cannot_be_listed_is_not_taken_for_an_empty_one(project):
    (project.base / "bills").rename(project.base / "elsewhere")
    with pytest.raises(LakeUnreachable):
        run_month(project, MONTH, now=OVER)
    assert lake_of(project).latest(MONTH) is None


def test_the_run_that_publishes_second_publishes_nothing(project):
    def run_beside(_: StepEvent) -> None:
        other = threading.Thread(target=run_month, args=(Project.load(project.file), MONTH))
        other.start()
        other.join()

    with pytest.raises(PublicationLost) as lost:
        run_month(project, MONTH, when_finished("reconciliation", run_beside), now=OVER)
    [publication] = lake_of(project).publications(MONTH)
    assert publication.run_id != lost.value.run_id
    reconciled = lake_of(project).read("out_reconciliation", MONTH)
    assert set(reconciled["difference"]) == {Decimal(0)}


def test_a_month_that_fails_leaves_the_others_published(project):
    said: list[str] = []
    outcomes = run_months(
        project,
        ["2026-10", MONTH],
        on_outcome=lambda outcome: said.append(outcome.sentence),
        now=datetime(2026, 11, 20, tzinfo=UTC),
    )
    assert [outcome.result for outcome in outcomes] == ["failed", "published"]
    assert isinstance(outcomes[0].error, BillUnreadable)
    assert "nothing has been delivered for this billing month" in said[0]
    assert lake_of(project).published_months() == [MONTH]


def test_a_month_before_the_projects_first_is_refused(project):
    with pytest.raises(SettingsInvalid, match="first_month"):
        run_month(project, "2026-08", now=OVER)


def test_a_missing_settings_file_says_how_to_make_one(tmp_path):
    with pytest.raises(SettingsInvalid, match="modelspend init"):
        Project.load(tmp_path / "modelspend.toml")


def test_the_step_of_another_process_finds_what_the_run_staged(project):
    run = MonthRun.begin(project, MONTH, "run-1", OVER)
    totals = EXPORT_TOTALS.empty()
    run.stage(EXPORT_TOTALS.name, totals)
    run.mark_missing("aws", "not there")
    written = run.staged(EXPORT_TOTALS.name)
    resumed = MonthRun.resume_or_begin(project, MONTH, "run-1")
    assert resumed is not run
    assert resumed.staged(EXPORT_TOTALS.name) == written
    assert resumed.problems == {"aws": "not there"}
    assert resumed.inputs == run.inputs
    resumed.close()


def test_a_step_of_another_process_notices_that_the_month_was_published_meanwhile(
    project, golden_once
):
    run = MonthRun.begin(project, MONTH, "run-1", OVER)
    run.stage(EXPORT_TOTALS.name, EXPORT_TOTALS.empty())
    shutil.copytree(golden_once.folder / "lake", project.base / "lake", dirs_exist_ok=True)
    with pytest.raises(PublicationLost):
        MonthRun.resume_or_begin(project, MONTH, "run-1")
    run.close()


def test_a_step_on_its_own_says_that_a_month_is_run_as_a_whole(project):
    run = MonthRun.begin(project, MONTH, "run-1", OVER)
    with pytest.raises(NotStaged, match="run as a whole"):
        run.staged_files("core_billing__charges")
    run.close()


def test_work_of_a_killed_run_is_removed_when_it_can_no_longer_be_at_work(project):
    killed, recent = (project.cache / "runs" / name for name in ("killed", "recent"))
    for folder in (killed, recent):
        folder.mkdir(parents=True)
    os.utime(killed, (0, 0))
    run = MonthRun.begin(project, MONTH, "run-1", OVER)
    run.stage(EXPORT_TOTALS.name, EXPORT_TOTALS.empty())
    assert not killed.exists()
    assert recent.exists()
    run.close()
