"""`show --changes --lines` and `show --calendar`: a month that was delivered twice, read back."""

import csv
import io
import re
from decimal import Decimal
from pathlib import Path

import pytest
from golden_project import MONTH, PublishedOnce, deliver, golden_bill
from test_closed_months import LATER, Books
from test_command import ask

from assets import engine

D = Decimal


@pytest.fixture(scope="module")
def delivered_twice(golden_once: PublishedOnce, tmp_path_factory: pytest.TempPathFactory) -> Books:
    """A project whose September was delivered, and again with one line 2 USD dearer."""
    books = Books(golden_once.copy(tmp_path_factory.mktemp("changes") / "shop"))
    books.deliver(MONTH, **{",10.00,": ",12.00,"})
    return books


@pytest.fixture
def books(delivered_twice: Books, tmp_path: Path) -> Books:
    return delivered_twice.copy(tmp_path / "shop")


def test_a_line_that_got_dearer_is_shown_with_its_model_and_both_its_amounts(books):
    shown = books.shown("show", "--month", MONTH, "--changes", "--lines")
    [line, total] = shown["changed_lines"]
    assert (line["change"], line["before"], line["after"], line["difference"]) == (
        "changed",
        "10",
        "12",
        "2",
    )
    assert line["models"].startswith("rank ")
    assert (line["file_before"], line["line_before"]) != (line["file_after"], None)
    assert (total["level"], total["difference"]) == ("total", "2")
    by_model = books.shown("show", "--month", MONTH, "--changes")["changes"]
    assert by_model[-1]["difference"] == total["difference"]
    assert sum(D(row["difference"]) for row in shown["changed_parts"]) == 2


def test_the_lines_not_listed_are_summed_and_the_csv_adds_up(books):
    text = books.ask("show", "--month", MONTH, "--changes", "--lines", "--limit", "0", "--csv")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [(row["level"], row["change"], row["difference"]) for row in rows] == [
        ("line", "1 line", "2"),
        ("total", "total", "2"),
    ]


def test_the_table_for_people_fits_and_names_both_publications(books):
    text = books.ask("show", "--month", MONTH, "--changes", "--lines")
    ids = [found.publication_id[:8] for found in books.lake.publications(MONTH)]
    assert re.findall(r"final +(\w+)", text) == ids
    assert max(map(len, text.splitlines())) <= 120


def test_a_publication_is_compared_with_the_one_asked_for(books):
    first = books.lake.publications(MONTH)[0]
    books.deliver(MONTH, **{",10.00,": ",15.00,"})
    lines = ("show", "--month", MONTH, "--changes", "--lines")
    assert books.shown(*lines)["changed_lines"][-1]["difference"] == "3"
    against = books.shown(*lines, "--against", first.publication_id[:8])
    assert against["before"]["publication_id"] == first.publication_id
    assert against["changed_lines"][-1]["difference"] == "5"
    by_model = books.shown("show", "--month", MONTH, "--changes", "--against", first.publication_id)
    assert by_model["changes"][-1]["difference"] == "5"


@pytest.mark.parametrize("asked", ["no-such-id", ""])
def test_an_id_of_no_or_of_several_publications_is_answered_with_those_there_are(books, asked):
    arguments = ("show", "--month", MONTH, "--changes", "--against", asked)
    result = ask(*arguments, "--settings", str(books.project.file))
    assert result.exit_code == 6
    for found in books.lake.publications(MONTH):
        assert found.publication_id in result.stderr


def test_the_newest_publication_is_not_compared_with_itself(books):
    newest = books.lake.publications(MONTH)[-1].publication_id
    arguments = ("show", "--month", MONTH, "--changes", "--against", newest)
    assert ask(*arguments, "--settings", str(books.project.file)).exit_code == 6


def test_a_month_published_once_has_no_lines_to_compare(golden_settings):
    lines = ("show", "--month", MONTH, "--changes", "--lines")
    result = ask(*lines, "--settings", str(golden_settings))
    assert (result.exit_code, result.stderr) == (0, "")
    assert "published once" in result.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--lines"], "--lines belongs to --changes"),
        (["--against", "a"], "--against belongs to --changes"),
        (["--changes", "--limit", "3"], "--limit belongs to --changes --lines"),
        (["--changes", "--calendar", "charge"], "of a billing month"),
    ],
)
def test_options_that_do_not_belong_together_are_refused(arguments, said):
    result = ask("show", "--month", MONTH, *arguments)
    assert result.exit_code == 2
    assert said in " ".join(result.stderr.replace("│", " ").split())


def test_spend_is_read_by_charge_month_whichever_bill_it_is_on(books):
    late = (
        golden_bill()
        .replace("2026-10-01", "2026-11-01")
        .replace("2026-09-01T00:00:00Z,2026-11-01", "2026-10-01T00:00:00Z,2026-11-01")
    )
    deliver(books.project.base, late, "late", "2026-10")
    engine.run_month(books.project, "2026-10", now=LATER)
    billed = {month: books.sums(month)[1] for month in (MONTH, "2026-10")}
    shown = books.shown("show", "--month", MONTH, "--calendar", "charge")
    assert [(row["billing_month"], D(row["amount"])) for row in shown["bills"][:-1]] == list(
        billed.items()
    )
    assert D(shown["spend"][-1]["total"]) == sum(billed.values())
    text = books.ask("show", "--month", "2026-10")
    assert "belongs to the charge month 2026-09" in " ".join(text.split())
