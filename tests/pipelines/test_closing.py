from dataclasses import dataclass, field
from typing import Any

import pytest

from pipelines.closing import (
    closing_inputs,
    last_two_states,
    month_among,
    posting_month,
    postings,
    reasons_not_to_close,
    restatement_among,
    status_of_run,
)


@dataclass(frozen=True)
class Row:
    """A publication, as far as it matters here."""

    billing_month: str
    publication_id: str
    status: str
    inputs: dict[str, Any] = field(default_factory=dict)


class Ledger:
    """Publications in the order they come, made by the decisions under test."""

    def __init__(self) -> None:
        self.rows: list[Row] = []

    def of(self, month: str) -> list[Row]:
        return [row for row in self.rows if row.billing_month == month]

    def run(self, month: str, name: str) -> Row:
        self.rows.append(Row(month, name, status_of_run(self.of(month), is_final=True)))
        return self.rows[-1]

    def close(self, month: str) -> Row:
        current = month_among(self.of(month))
        assert current is not None
        inputs = closing_inputs(current, self.rows)
        self.rows.append(Row(month, f"{current.publication_id}, closed", "closed", inputs))
        return self.rows[-1]

    def closed(self, *months: str) -> "Ledger":
        for month in months:
            self.run(month, f"{month} a")
            self.close(month)
        return self

    def posted(self) -> list[tuple[str, str, str, str, bool]]:
        return [
            (
                posting.closed_month,
                posting.posting_month,
                posting.before.publication_id,
                posting.after.publication_id,
                posting.is_frozen,
            )
            for posting in postings(self.rows)
        ]


def test_an_open_month_is_its_last_publication():
    ledger = Ledger()
    assert month_among(ledger.rows) is None
    ledger.run("2026-07", "a")
    second = ledger.run("2026-07", "b")
    assert month_among(ledger.rows) == second
    assert [row.status for row in ledger.rows] == ["final", "final"]
    assert postings(ledger.rows) == []


def test_a_closed_month_stays_the_closed_publication_whatever_is_delivered():
    ledger = Ledger()
    ledger.run("2026-07", "a")
    closed = ledger.close("2026-07")
    assert restatement_among(ledger.rows) is None
    for name in ("b", "c"):
        restated = ledger.run("2026-07", name)
        assert restated.status == "restated"
        assert month_among(ledger.rows) == closed
        assert restatement_among(ledger.rows) == restated


def test_a_run_is_final_provisional_or_beside_a_closed_month():
    closed = [Row("2026-07", "a", "closed")]
    assert status_of_run([], is_final=False) == "provisional"
    assert status_of_run([Row("2026-07", "a", "provisional")], is_final=True) == "final"
    assert status_of_run(closed, is_final=True) == "restated"
    assert status_of_run([*closed, Row("2026-07", "b", "restated")], is_final=False) == "restated"


@pytest.mark.parametrize(
    ("closed", "expected"),
    [
        ([], "2026-12"),
        (["2026-12"], "2027-01"),
        (["2026-12", "2027-01"], "2027-02"),
        (["2027-01"], "2026-12"),
        (["2026-10"], "2026-12"),
    ],
)
def test_a_difference_is_posted_in_the_first_later_month_that_is_not_closed(closed, expected):
    assert posting_month("2026-11", {"2026-11", *closed}) == expected


def test_a_later_restatement_replaces_the_adjustments_while_their_month_is_open():
    ledger = Ledger().closed("2026-07")
    ledger.run("2026-08", "august")
    ledger.run("2026-07", "b")
    assert ledger.posted() == [("2026-07", "2026-08", "2026-07 a, closed", "b", False)]
    ledger.run("2026-07", "c")
    assert ledger.posted() == [("2026-07", "2026-08", "2026-07 a, closed", "c", False)]


def test_adjustments_of_a_month_that_was_closed_stay_and_only_the_rest_is_posted_on():
    ledger = Ledger().closed("2026-07")
    ledger.run("2026-07", "b")
    ledger.closed("2026-08")
    frozen = ("2026-07", "2026-08", "2026-07 a, closed", "b", True)
    assert ledger.posted() == [frozen]
    ledger.run("2026-07", "c")
    assert ledger.posted() == [frozen, ("2026-07", "2026-09", "b", "c", False)]
    ledger.run("2026-07", "d")
    assert ledger.posted() == [frozen, ("2026-07", "2026-09", "b", "d", False)]
    ledger.closed("2026-09")
    ledger.run("2026-07", "e")
    assert ledger.posted() == [
        frozen,
        ("2026-07", "2026-09", "b", "d", True),
        ("2026-07", "2026-10", "d", "e", False),
    ]


def test_a_month_closed_before_the_restatement_holds_nothing_of_it():
    ledger = Ledger().closed("2026-07", "2026-08")
    ledger.run("2026-07", "b")
    assert ledger.posted() == [("2026-07", "2026-09", "2026-07 a, closed", "b", False)]


def test_months_may_be_closed_in_any_order():
    ledger = Ledger().closed("2026-07", "2026-09")
    ledger.run("2026-07", "b")
    assert ledger.posted() == [("2026-07", "2026-08", "2026-07 a, closed", "b", False)]
    ledger.closed("2026-08")
    ledger.run("2026-07", "c")
    ledger.run("2026-08", "august again")
    assert ledger.posted() == [
        ("2026-07", "2026-08", "2026-07 a, closed", "b", True),
        ("2026-07", "2026-10", "b", "c", False),
        ("2026-08", "2026-10", "2026-08 a, closed", "august again", False),
    ]


def test_closing_freezes_what_is_posted_in_that_month_alone():
    ledger = Ledger().closed("2026-07", "2026-08")
    ledger.run("2026-07", "b")
    ledger.run("2026-10", "october")
    assert ledger.close("2026-10").inputs["closing"] == {
        "publication_id": "october",
        "adjustments": {},
    }
    ledger.run("2026-09", "september")
    assert ledger.close("2026-09").inputs["closing"]["adjustments"] == {"2026-07": "b"}


def test_the_last_two_states_skip_the_closing_which_moves_nothing():
    ledger = Ledger()
    first = ledger.run("2026-07", "a")
    assert last_two_states(ledger.rows) == (None, first)
    second = ledger.run("2026-07", "b")
    assert last_two_states(ledger.rows) == (first, second)
    closed = ledger.close("2026-07")
    assert last_two_states(ledger.rows) == (first, closed)
    third = ledger.run("2026-07", "c")
    assert last_two_states(ledger.rows) == (closed, third)


@pytest.mark.parametrize(
    ("missing", "lines", "inputs", "reasons"),
    [
        ([], 1, {}, ["1 bill line has no invoice id"]),
        (
            ["gcp"],
            1200,
            {"is_over": True},
            ["1,200 bill lines have no invoice id", "source 'gcp' is missing"],
        ),
        ([], 0, {"is_over": False}, ["the month was not over when it was run"]),
        ([], 0, {}, ["a later delivery can still change it"]),
    ],
)
def test_a_provisional_month_says_why_it_is_not_closed(missing, lines, inputs, reasons):
    provisional = Row("2026-07", "a", "provisional", inputs)
    assert reasons_not_to_close(provisional, missing, lines) == reasons
    assert reasons_not_to_close(Row("2026-07", "a", "final", inputs), missing, lines) == []
