"""One source failing its month: the others are published, and it is shown as missing, or stale."""

from decimal import Decimal
from pathlib import Path

import pytest
from golden_project import MONTH, write_golden
from test_closed_months import LATER, Books

from assets import engine
from assets.project import Project

D = Decimal

GCP = (
    "billing_account_id,service.id,service.description,sku.id,sku.description,usage_start_time,"
    "usage_end_time,project.id,labels,location.region,cost,currency,usage.amount,usage.unit,"
    "{credits}invoice.month,cost_type\n"
    "acct,6F81,Vertex AI,CF4E,Online prediction,2026-09-03T00:00:00,2026-09-03T01:00:00,shop,"
    "[],us-east4,7.25,EUR,1,hour,{none}202609,regular\n"
)


def deliver_gcp(folder: Path, *, has_credits: bool = True) -> None:
    """One line of Google's export, with its credits, or as a query that left them out."""
    text = (
        GCP.format(credits="credits,", none="[],")
        if has_credits
        else GCP.format(credits="", none="")
    )
    (folder / "gcp").mkdir(exist_ok=True)
    (folder / "gcp" / "export.csv").write_text(text)


@pytest.fixture(scope="module")
def two_formats(tmp_path_factory: pytest.TempPathFactory) -> Books:
    """A project of an AWS and a Google source, both read once."""
    folder = tmp_path_factory.mktemp("formats") / "shop"
    file = write_golden(folder)
    settings = file.read_text()
    file.write_text(settings + '\n[[bills]]\nname = "gcp"\nformat = "gcp"\npath = "gcp"\n')
    deliver_gcp(folder)
    books = Books(Project.load(file))
    run(books)
    return books


@pytest.fixture(scope="module")
def one_failed(
    two_formats: Books, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Books, engine.RunOutcome]:
    """The same, run again when Google's export had come without its credits."""
    books = two_formats.copy(tmp_path_factory.mktemp("failed") / "shop")
    deliver_gcp(books.project.base, has_credits=False)
    return books, run(books)


@pytest.fixture
def books(two_formats: Books, tmp_path: Path) -> Books:
    return two_formats.copy(tmp_path / "shop")


@pytest.fixture
def failed(one_failed: tuple[Books, engine.RunOutcome], tmp_path: Path) -> Books:
    return one_failed[0].copy(tmp_path / "shop")


def run(books: Books) -> engine.RunOutcome:
    return engine.run_month(books.project, MONTH, now=LATER)


def by_source(books: Books) -> dict[str, Decimal]:
    spend = books.shown("show", "--month", MONTH, "--by", "source")["spend"]
    return {row["source"]: D(row["total"]) for row in spend if row["level"] == "line"}


def test_two_sources_of_two_formats_are_one_month(books: Books) -> None:
    spend = by_source(books)
    assert spend["gcp"] == D("7.25")
    assert spend["aws"] > 0
    shown = books.shown("show", "--month", MONTH)
    assert (shown["missing_sources"], shown["missing"]) == ([], [])


def test_the_source_that_fails_is_stale_and_the_other_keeps_its_figures(
    two_formats: Books, one_failed: tuple[Books, engine.RunOutcome]
) -> None:
    before = by_source(two_formats)
    had = two_formats.lake.require_latest(MONTH)
    books, outcome = one_failed
    assert (outcome.result, outcome.missing_sources) == ("published", ("gcp",))
    now = books.lake.require_latest(MONTH)
    assert by_source(books) == {"aws": before["aws"]}

    [missing] = books.shown("show", "--month", MONTH)["missing"]
    assert (missing["source"], missing["last_publication_id"]) == ("gcp", had.publication_id)
    assert missing["missing_since"] == f"{now.published_at.isoformat()}Z"
    assert missing["last_effective_cost"] == {"EUR": "7.25"}
    assert "credits" in missing["problem"]

    text = " ".join(books.ask("show", "--month", MONTH).split())
    assert f"without source gcp since {now.published_at:%Y-%m-%d %H:%M} UTC" in text
    assert f"last read for the publication {had.publication_id[:8]}" in text
    assert "with 7.25 EUR effective" in text
    assert f"gcp (last read {had.published_at:%Y-%m-%d})" in books.ask("months")


def test_a_source_stays_missing_since_its_first_failure_until_it_is_read_again(
    failed: Books,
) -> None:
    books = failed
    since = books.lake.require_latest(MONTH).published_at
    books.deliver(MONTH, **{",10.00,": ",12.00,"})
    [missing] = books.shown("show", "--month", MONTH)["missing"]
    assert missing["missing_since"] == f"{since.isoformat()}Z"
    deliver_gcp(books.project.base)
    assert run(books).missing_sources == ()
    assert books.shown("show", "--month", MONTH)["missing"] == []
    assert by_source(books)["gcp"] == D("7.25")


def test_what_the_failure_took_away_is_shown_line_by_line(failed: Books) -> None:
    shown = failed.shown("show", "--month", MONTH, "--changes", "--lines")
    lines = [row for row in shown["changed_lines"] if row["level"] == "line"]
    assert [(row["change"], row["source"], row["difference"]) for row in lines] == [
        ("removed", "gcp", "-7.25")
    ]
