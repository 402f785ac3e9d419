"""The query that makes one record of a request and its response."""

import duckdb
import pytest

from pipelines.queries import query


@pytest.fixture
def con():
    with duckdb.connect() as connection:
        yield connection


def pairs(con, *events):
    """The records of events (line, role, id, left out), by line: left out, tokens, is answered."""
    con.execute(
        "CREATE TABLE mapped_events (file_no INTEGER, line BIGINT, left_out VARCHAR, "
        "event_id VARCHAR, role VARCHAR, own STRUCT(model VARCHAR), said STRUCT(tokens INTEGER), "
        "said_wrong VARCHAR)"
    )
    for line, role, event_id, left_out in events:
        con.execute(
            "INSERT INTO mapped_events VALUES "
            "(0, ?, ?, ?, ?, {'model': 'rank'}, {'tokens': ?}, 'tokens|line ' || ?)",
            [line, left_out, event_id, role, line, line if role == "response" else None],
        )
    rows = query(con, "inference/mapped/pairs")
    found = rows.project("line, left_out, said.tokens, is_unanswered, own.model").fetchall()
    assert {row[4] for row in found} <= {"rank"}
    assert len(found) == len(events)
    return {row[0]: row[1:4] for row in found}


def test_the_request_takes_what_its_response_said_and_the_response_is_left_out(con):
    assert pairs(con, (1, "response", "a", None), (2, "request", "a", None)) == {
        1: ("response of a request", 1, False),
        2: (None, 1, False),
    }


def test_an_event_without_its_other_half_is_a_record_and_a_repeated_one_a_duplicate(con):
    assert pairs(
        con,
        (1, "request", "a", None),
        (2, "response", "b", None),
        (3, "response", "c", None),
        (4, "request", "c", None),
        (5, "response", "c", None),
        (6, "request", "c", None),
    ) == {
        1: (None, None, True),
        2: (None, 2, False),
        3: ("response of a request", 3, False),
        4: (None, 3, False),
        5: ("duplicate", 5, False),
        6: ("duplicate", 3, False),
    }


def test_what_is_left_out_pairs_with_nothing(con):
    assert pairs(
        con,
        (1, "request", "a", "left out by component"),
        (2, "response", "a", None),
        (3, "other", "a", None),
    ) == {
        1: ("left out by component", None, False),
        2: (None, 2, False),
        3: ("neither request nor response", None, False),
    }


def test_what_is_wrong_with_a_response_is_wrong_with_its_request(con):
    pairs(
        con,
        (1, "request", "a", None),
        (2, "response", "a", None),
        (3, "response", "b", None),
        (4, "request", "c", None),
        (5, "response", "a", None),
    )
    found = query(con, "inference/mapped/pairs").project("line, said_wrong").fetchall()
    assert sorted(found) == [
        (1, "tokens|line 2"),
        (2, None),
        (3, "tokens|line 3"),
        (4, None),
        (5, None),
    ]
