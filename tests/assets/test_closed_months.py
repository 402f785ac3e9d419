"""A month that is closed: what a later delivery of its bill may change, and where it shows."""

import json
import shutil
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from golden_project import (
    MONTH,
    OVER,
    PublishedOnce,
    deliver,
    golden_bill,
    moved_to,
    write_golden,
)
from lake_writer import publication, run_month
from test_command import ask
from test_engine import when_finished

from assets import engine
from assets.closing import close_month, posted_differences
from assets.lake import Lake, MonthHandle
from assets.project import Project
from pipelines.adjustments import COSTS
from pipelines.errors import ClosingLost, MonthNotFinal, MonthNotPublished, PublicationLost

OCTOBER, NOVEMBER, DECEMBER = "2026-10", "2026-11", "2026-12"
LATER = datetime(2027, 2, 1, tzinfo=UTC)


@dataclass
class Books:
    """A project with the golden bill in several months, and its deliveries."""

    project: Project
    deliveries: int = 1

    def copy(self, folder: Path) -> "Books":
        """A copy with the same times of its files: to a run nothing has changed."""
        shutil.copytree(self.project.base, folder)
        return Books(Project.load(folder / "modelspend.toml"), self.deliveries)

    @property
    def lake(self) -> Lake:
        return Lake(self.project.settings.lake, self.project.cache, self.project.base)

    def deliver(self, month: str, **changed: str) -> engine.RunOutcome:
        """Deliver a month's bill, as the golden one with texts replaced, and run the month."""
        self.deliveries += 1
        bill = moved_to(month, golden_bill(**changed))
        deliver(self.project.base, bill, f"assembly-{self.deliveries}", month)
        return engine.run_month(self.project, month, now=LATER)

    def close(self, month: str) -> None:
        close_month(self.lake, month, LATER, even_if_provisional=False)

    def sums(self, month: str, at: int | None = None) -> tuple[Decimal, ...]:
        """The month's totals on the four bases; `at`: of that publication."""
        chosen = None if at is None else self.lake.publications(month)[at]
        return total(self.lake.read("out_spend__model_months", month, chosen))

    def posted(self, month: str) -> list[tuple[str, str, bool, tuple[Decimal, ...]]]:
        found = posted_differences(self.lake, self.lake.publications(), month)
        return [(p.closed_month, p.posting_month, p.is_frozen, total(p.rows)) for p in found]

    def ask(self, *arguments: str) -> str:
        result = ask(*arguments, "--settings", str(self.project.file))
        assert result.exit_code == 0, result.stderr
        return result.stdout

    def shown(self, *arguments: str) -> dict[str, Any]:
        return json.loads(self.ask(*arguments, "--json"))


def total(rows: pl.DataFrame) -> tuple[Decimal, ...]:
    return tuple(Decimal(rows[name].sum()) for name in COSTS)


def plus(*amounts: str) -> tuple[Decimal, ...]:
    return tuple(map(Decimal, amounts))


def minus(one: tuple[Decimal, ...], other: tuple[Decimal, ...]) -> tuple[Decimal, ...]:
    return tuple(a - b for a, b in zip(one, other, strict=True))


@pytest.fixture(scope="module")
def closed_once(golden_once: PublishedOnce, tmp_path_factory: pytest.TempPathFactory) -> Books:
    """A project whose September is published and closed."""
    books = Books(golden_once.copy(tmp_path_factory.mktemp("closed") / "shop"))
    books.close(MONTH)
    return books


@pytest.fixture(scope="module")
def restated_once(closed_once: Books, tmp_path_factory: pytest.TempPathFactory) -> Books:
    """The same, delivered again with one line 2 USD dearer."""
    books = closed_once.copy(tmp_path_factory.mktemp("restated") / "shop")
    books.deliver(MONTH, **{",10.00,": ",12.00,"})
    return books


@pytest.fixture(scope="module")
def october_once(closed_once: Books, tmp_path_factory: pytest.TempPathFactory) -> Books:
    """A closed September and an October that is published."""
    books = closed_once.copy(tmp_path_factory.mktemp("october") / "shop")
    books.deliver(OCTOBER)
    return books


@pytest.fixture
def books(closed_once: Books, tmp_path: Path) -> Books:
    return closed_once.copy(tmp_path / "shop")


@pytest.fixture
def restated(restated_once: Books, tmp_path: Path) -> Books:
    return restated_once.copy(tmp_path / "restated")


@pytest.fixture
def with_october(october_once: Books, tmp_path: Path) -> Books:
    return october_once.copy(tmp_path / "shop")


def test_a_closed_month_keeps_its_figures_byte_for_byte_and_the_delivery_stands_beside_it(books):
    closed = books.lake.require_latest(MONTH)
    assert closed.status == "closed"
    files = {
        path: Path(path).read_bytes()
        for table in closed.tables
        for path in books.lake.parquet_files(closed, table)
    }
    tables = {table: books.lake.read(table, MONTH) for table in closed.tables}
    walk = ("explain", "--month", MONTH, "--model", "rank")
    shown = (books.shown("show", "--month", MONTH)["spend"], books.ask(*walk))

    outcome = books.deliver(MONTH, **{",10.00,": ",12.00,"})
    assert (outcome.result, outcome.status) == ("published", "restated")
    assert outcome.sentence == (
        "2026-09 is closed: the new delivery was published beside it as restated; "
        "difference 2.00 USD effective, 2.00 billed, posted to 2026-10"
    )
    assert books.lake.vacuum(dry_run=False, grace=timedelta(seconds=-2)) == []
    assert books.lake.require_latest(MONTH) == closed
    assert {path: Path(path).read_bytes() for path in files} == files
    for table, rows in tables.items():
        assert books.lake.read(table, MONTH).equals(rows), table
    assert (books.shown("show", "--month", MONTH)["spend"], books.ask(*walk)) == shown
    restated = books.lake.publications(MONTH)[-1]
    assert restated.publication_id == outcome.publication_id
    assert minus(books.sums(MONTH, -1), books.sums(MONTH)) == plus("2", "2", "2", "2")


def test_a_closed_publication_names_the_tables_and_the_inputs_of_the_one_it_closes(books):
    final, closed = books.lake.publications(MONTH)
    assert closed.tables == final.tables
    assert (closed.inputs_digest, closed.run_id) == (final.inputs_digest, final.run_id)
    assert closed.inputs["closing"] == {"publication_id": final.publication_id, "adjustments": {}}


def test_a_closed_month_and_its_restatement_are_both_recognised_when_nothing_changed(
    books, restated
):
    again = engine.run_month(books.project, MONTH, now=LATER)
    assert (again.result, again.status) == ("unchanged", "closed")
    again = engine.run_month(restated.project, MONTH, now=LATER)
    assert (again.result, again.status) == ("unchanged", "restated")
    assert "unchanged, nothing re-read (closed, a restatement beside it)" in again.sentence
    assert len(restated.lake.publications(MONTH)) == 3


def test_a_restatement_that_moves_no_figure_says_so_and_posts_nothing(books):
    outcome = books.deliver(MONTH)
    assert outcome.sentence.endswith("beside it as restated; no figure differs")
    assert [rows for *_, rows in books.posted(MONTH)] == [plus("0", "0", "0", "0")]
    assert books.shown("show", "--month", MONTH)["restatements"][0]["currency"] is None
    assert "no figure differs" in books.ask("show", "--month", MONTH)


def test_closing_is_said_once_and_again_without_doing_anything(books, restated):
    before = books.lake.publications()
    assert "2026-09: already closed (2027-02-01 00:00 UTC)" in books.ask("close", "-m", MONTH)
    assert len(books.lake.publications()) == len(before)
    before = restated.lake.publications()
    assert "with a restatement beside it" in restated.ask("close", "-m", MONTH)
    assert len(restated.lake.publications()) == len(before)


def test_adjustments_are_the_exact_difference_and_move_on_when_their_month_is_closed(with_october):
    books = with_october
    books.deliver(MONTH, **{",10.00,": ",12.00,"})
    first = (MONTH, OCTOBER, False, minus(books.sums(MONTH, 2), books.sums(MONTH, 1)))
    assert books.posted(MONTH) == books.posted(OCTOBER) == [first]

    # A later delivery replaces them while October is open.
    books.deliver(MONTH, **{",10.00,": ",12.50,", ",2.40,": ",2.90,"})
    second = (MONTH, OCTOBER, False, minus(books.sums(MONTH, 3), books.sums(MONTH, 1)))
    assert second[3] != first[3]
    assert second[3][3] != second[3][0]  # the bases move by amounts of their own
    assert books.posted(OCTOBER) == [second]

    # Once October is closed they stay, and only the further difference goes to November.
    books.ask("close", "--month", OCTOBER)
    frozen = (MONTH, OCTOBER, True, second[3])
    assert books.posted(OCTOBER) == books.posted(MONTH) == [frozen]
    books.deliver(MONTH, **{",10.00,": ",11.00,"})
    third = (MONTH, NOVEMBER, False, minus(books.sums(MONTH, 4), books.sums(MONTH, 3)))
    assert books.posted(OCTOBER) == [frozen]
    assert books.posted(NOVEMBER) == [third]
    assert books.posted(MONTH) == [frozen, third]
    everything = minus(books.sums(MONTH, 4), books.sums(MONTH))
    assert everything == plus("1", "1", "1", "1")
    assert tuple(map(sum, zip(frozen[3], third[3], strict=True))) == everything

    # October itself is restated: both are posted in November, apart.
    books.deliver(OCTOBER, **{",2.50,": ",3.00,"})
    assert [(of, where) for of, where, *_ in books.posted(NOVEMBER)] == [
        (MONTH, NOVEMBER),
        (OCTOBER, NOVEMBER),
    ]
    assert books.shown("show", "--month", OCTOBER)["restatements"][0]["billed_cost"] == "0.5"


def test_the_posting_month_lists_adjustments_apart_from_its_own_total(with_october):
    books = with_october
    before = books.shown("show", "--month", OCTOBER)
    assert before["prior_period_adjustments"] == []
    books.deliver(MONTH, **{",10.00,": ",12.00,", ",3.00,": ",2.75,"})
    after = books.shown("show", "--month", OCTOBER)
    posted = after.pop("prior_period_adjustments")
    before.pop("prior_period_adjustments")
    assert after == before
    assert [(r["level"], r["model_version"], r["component"], r["billed_cost"]) for r in posted] == [
        ("line", "(experiments)", "training", "-0.25"),
        ("line", "2", "update", "2"),
        ("total", None, None, "1.75"),
    ]
    restated = books.lake.publications(MONTH)[-1].publication_id
    assert {r["restated_publication_id"] for r in posted[:-1]} == {restated}
    assert {(r["closed_month"], r["posting_month"]) for r in posted[:-1]} == {(MONTH, OCTOBER)}
    text = books.ask("show", "--month", OCTOBER)
    title = "Prior-period adjustments posted in 2026-10, USD"
    assert text.index("Spend by model") < text.index(title) < text.index("How AI spend")
    table = ("--csv", "--table", "prior_period_adjustments")
    assert books.ask("show", "--month", OCTOBER, *table).count("\n") == 4
    several = books.ask("show", "--from", MONTH, "--to", OCTOBER)
    assert title in several


def test_a_closed_month_says_when_it_was_closed_and_what_stands_beside_it(restated):
    books = restated
    text = books.ask("show", "--month", MONTH)
    assert text.startswith("2026-09  closed (every line carries an invoice id)\n")
    assert "closed 2027-02-01 00:00 UTC" in text
    on_one_line = " ".join(text.split())  # the terminal decides where the sentence folds
    assert "difference 2.00 USD effective, 2.00 billed, posted to 2026-10" in on_one_line
    [listed] = books.shown("months")["months"]
    assert (listed["status"], listed["billed_cost"], listed["publications"]) == (
        "closed",
        "31.15",
        3,
    )
    assert listed["restated_at"] is not None


def test_changes_are_those_of_the_last_delivery(books, restated):
    once = books.shown("show", "--month", MONTH, "--changes")
    assert (once["before"], once["after"]["status"], once["changes"]) == (None, "closed", [])
    assert "published once" in books.ask("show", "--month", MONTH, "--changes")
    assert books.ask("show", "--month", MONTH, "--changes", "--csv").count("\n") == 1
    changes = restated.shown("show", "--month", MONTH, "--changes", "--basis", "list")
    assert [changes[state]["status"] for state in ("before", "after")] == ["closed", "restated"]
    assert [(row["model_version"], row["difference"]) for row in changes["changes"]] == [
        ("2", "2"),
        (None, "2"),
    ]
    csv = restated.ask("show", "--month", MONTH, "--changes", "--csv")
    assert csv.splitlines()[1] == "line,USD,,rank,2,update,10,12,2"


def test_a_dry_run_of_a_closed_month_says_that_a_delivery_would_be_put_beside_it(books):
    dry = ("run", "--month", MONTH, "--dry-run")
    assert "published (closed); nothing has changed since" in books.ask(*dry)
    deliver(books.project.base, golden_bill(**{",10.00,": ",12.00,"}), "assembly-2")
    assert "published (closed); its inputs have changed: a run would publish them beside it" in (
        books.ask(*dry)
    )


def test_a_provisional_month_is_closed_only_on_request_and_says_so(tmp_path):
    bill = golden_bill()
    bill = bill.replace(f",{bill.splitlines()[1].split(',')[2]},", ",,", 1)
    project = Project.load(write_golden(tmp_path / "shop", bill))
    assert engine.run_month(project, MONTH, now=LATER).status == "provisional"
    books = Books(project)
    with pytest.raises(MonthNotFinal, match="1 bill line has no invoice id"):
        books.close(MONTH)
    refused = ask("close", "--month", MONTH, "--settings", str(project.file))
    assert refused.exit_code == 9
    assert "--even-if-provisional" in refused.stderr
    assert len(books.lake.publications(MONTH)) == 1
    books.ask("close", "--month", MONTH, "--even-if-provisional")
    closed = books.lake.require_latest(MONTH)
    assert closed.status == "closed"
    assert closed.warnings[-1] == "Closed although provisional: 1 bill line has no invoice id."
    assert "2026-09  closed (1 bill line has no invoice id)" in books.ask("show", "-m", MONTH)


def test_a_month_nobody_published_is_not_closed_and_makes_no_lake(tmp_path):
    project = Project.load(write_golden(tmp_path / "shop"))
    with pytest.raises(MonthNotPublished):
        Books(project).close(MONTH)
    assert ask("close", "--month", MONTH, "--settings", str(project.file)).exit_code == 6
    assert not (tmp_path / "shop" / "lake").exists()


def test_a_run_during_which_the_month_is_closed_publishes_nothing(golden_once, tmp_path):
    project = golden_once.copy(tmp_path / "shop")
    deliver(project.base, golden_bill(**{",10.00,": ",12.00,"}), "assembly-2")

    def close_beside(_: engine.StepEvent) -> None:
        Books(Project.load(project.file)).close(MONTH)

    with pytest.raises(PublicationLost):
        engine.run_month(project, MONTH, when_finished("reconciliation", close_beside), now=OVER)
    books = Books(project)
    assert [found.status for found in books.lake.publications(MONTH)] == ["final", "closed"]
    assert engine.run_month(project, MONTH, now=OVER).status == "restated"


class OvertakenLake(Lake):
    """A lake where another run publishes a month as soon as somebody has looked at it."""

    def begin(self, month: str, run_id: str) -> MonthHandle:
        handle = super().begin(month, run_id)
        super().publish(super().begin(month, "r2"), publication(month, 2, {}, "r2"))
        return handle


def test_closing_loses_against_a_run_that_publishes_in_between(lake_home):
    other = lake_home.opened
    run_month(other, MONTH, 1)
    lake = OvertakenLake(lake_home.settings, lake_home.cache, lake_home.base)
    with pytest.raises(ClosingLost, match="so it was not closed") as lost:
        close_month(lake, MONTH, LATER, even_if_provisional=True)
    assert lost.value.exit_code == 5
    assert [found.status for found in other.publications(MONTH)] == ["provisional"] * 2


def test_of_two_that_close_a_month_at_once_both_find_it_closed_once(lake_home):
    lake = lake_home.opened
    run_month(lake, MONTH, 1)
    first = close_month(lake, MONTH, LATER, even_if_provisional=True)
    second = close_month(lake_home.open(), MONTH, LATER, even_if_provisional=True)
    assert (first.was_closed, second.was_closed) == (False, True)
    assert second.publication == first.publication == lake.require_latest(MONTH)


def test_a_lake_resolves_a_month_as_closed_and_vacuum_keeps_every_file_of_it(lake_home):
    lake = lake_home.opened
    run_month(lake, MONTH, 1)
    closed = close_month(lake, MONTH, LATER, even_if_provisional=True).publication
    for value in (2, 3):
        run_month(lake, MONTH, value)  # whatever it calls itself
    lake.vacuum(dry_run=False, grace=timedelta(seconds=-2))
    fresh = Lake(lake_home.settings, lake_home.cache / "fresh", lake_home.base)
    assert fresh.require_latest(MONTH) == closed
    assert set(fresh.read("core_billing__files", MONTH)["lines_read"]) == {1}
