"""The queries of `sql/inference` one by one, on rows that sit on their edges."""

from datetime import datetime, timedelta

import duckdb
import polars as pl
import pytest

from pipelines.queries import query

WINDOW = {"window_start": datetime(2026, 9, 1), "window_end": datetime(2026, 10, 1)}
IDENTITY = (
    "path VARCHAR, row BIGINT, file_no INTEGER, started_at TIMESTAMP, request_id VARCHAR, "
    "attempt BIGINT, account_id VARCHAR, region VARCHAR, problem VARCHAR"
)


@pytest.fixture
def con():
    with duckdb.connect() as connection:
        yield connection


def identities(con, *rows):
    con.execute(f"CREATE TABLE log_identities ({IDENTITY})")
    con.execute("CREATE TABLE log_parts (path VARCHAR, part_no INTEGER, file_no INTEGER)")
    con.executemany("INSERT INTO log_parts VALUES (?, ?, ?)", [["first", 7, 0], ["second", 8, 1]])
    for path, row, at, request_id, account, problem in rows:
        con.execute(
            "INSERT INTO log_identities VALUES (?, ?, NULL, ?, ?, 1, ?, NULL, ?)",
            [path, row, at, request_id, account, problem],
        )
    repeated = query(con, "inference/repeated_ids", **WINDOW).fetchall()
    con.execute("CREATE TABLE log_repeated_ids (id_hash UBIGINT)")
    con.executemany("INSERT INTO log_repeated_ids VALUES (?)", [*repeated, (0,)])
    return repeated


def test_the_first_file_by_name_wins_and_unreadable_or_outside_records_do_not_compete(con):
    inside, outside = datetime(2026, 9, 1), datetime(2026, 10, 1)
    identities(
        con,
        ("second", 0, inside, "a", None, None),
        ("first", 9, inside, "a", "", None),
        ("first", 1, inside, "a", "", "input_tokens|negative"),
        ("first", 0, outside, "a", "", None),
        ("first", 2, inside, None, "", None),
        ("first", 3, inside, None, "", None),
        ("first", 4, inside, "", "", None),
        ("second", 4, inside, "", "", None),
        ("second", 5, inside, "a", "other account", None),
    )
    assert query(con, "inference/duplicates", **WINDOW).fetchall() == [(8, 0)]


def test_a_log_without_repeated_ids_has_no_repeated_hashes(con):
    at = datetime(2026, 9, 1)
    assert identities(con, *(("first", i, at, f"r{i}", None, None) for i in range(50))) == []


def test_a_span_ends_where_the_source_was_silent_for_the_longest_silence(con, tmp_path):
    start = datetime(2026, 9, 1)
    hours = [start + timedelta(hours=h) for h in (0, 1, 26, 27, 51)]
    path = tmp_path / "usage.parquet"
    pl.DataFrame({"source": "s", "resource_id": "r", "hour": hours}).write_parquet(path)
    spans = query(
        con,
        "inference/logged_coverage",
        month="2026-09",
        usage=str(path),
        longest_silence=timedelta(hours=24),
    ).fetchall()
    assert sorted((row[3], row[4]) for row in spans) == [
        (start, start + timedelta(hours=2)),
        (start + timedelta(hours=26), start + timedelta(hours=52)),
    ]
