"""The queries that bring lines of any format to records, one by one."""

from datetime import datetime
from decimal import Decimal
from pathlib import Path

import duckdb
import polars as pl
import pytest
from sql_tables import COUNT, INSTANT, MONEY, TEXT, select, table

from pipelines.inference.usage import HOUR_SHARE
from pipelines.queries import query

TEN = datetime(2026, 9, 5, 10)


@pytest.fixture
def con():
    with duckdb.connect() as connection:
        yield connection


def files(con, *paths: Path, structure: str = '{"a":"VARCHAR","b":{"c":"VARCHAR"}}') -> None:
    con.execute("SET VARIABLE log_paths = $p", {"p": [str(path) for path in paths]})
    con.execute("SET VARIABLE log_numbers = $p", {"p": [7 + i for i in range(len(paths))]})
    con.execute("SET VARIABLE log_names = $p", {"p": [path.name for path in paths]})
    con.execute("SET VARIABLE log_structure = $p", {"p": structure})


def test_of_a_json_line_only_what_is_named_is_taken(con, tmp_path):
    one, two = tmp_path / "one.jsonl", tmp_path / "two.jsonl"
    one.write_text('{"a": 1, "b": {"c": "x", "prompt": "secret"}}\n{"z": 1}\n')
    two.write_text("[1]\n")
    files(con, one, two)
    found = query(con, "inference/json_lines").fetchall()
    assert found == [
        (7, None, "one.jsonl", {"a": "1", "b": {"c": "x"}}, None),
        (7, None, "one.jsonl", {"a": None, "b": None}, None),
        (8, None, "two.jsonl", {"a": None, "b": None}, "(line)|not a JSON object"),
    ]
    two.write_text('{"a": \n')
    with pytest.raises(duckdb.Error, match=r"two\.jsonl"):
        query(con, "inference/json_lines").fetchall()


def test_a_text_line_is_kept_as_it_is_and_a_blank_one_is_a_line(con, tmp_path):
    path = tmp_path / "m.prom"
    path.write_text('# HELP x, y\n\nx{a="1,\\"2"} 3 4\n')
    files(con, path)
    found = query(con, "inference/text_lines").fetchall()
    assert [row[3] for row in found] == ["# HELP x, y", "", 'x{a="1,\\"2"} 3 4']
    assert {row[:3] for row in found} == {(7, None, "m.prom")}


def test_a_repaired_file_keeps_line_numbers_and_what_is_wrong(con, tmp_path):
    path = tmp_path / "clean.csv"
    path.write_text('line,wrong,content\n2,,"{""a"": ""é""}"\n4,(line)|not JSON,\n')
    files(con, path)
    rows = query(con, "inference/clean_json_lines").fetchall()
    assert rows == [
        (7, 2, "clean.csv", {"a": "é", "b": None}, None),
        (7, 4, "clean.csv", None, "(line)|not JSON"),
    ]
    path.write_text("line,wrong,content\n1,,x 1\n2,(line)|not UTF-8,\n")
    assert [row[3:] for row in query(con, "inference/clean_text_lines").fetchall()] == [
        ("x 1", None),
        ("", "(line)|not UTF-8"),
    ]


@pytest.mark.parametrize("mark", ["wrong", "problem"])
def test_lines_that_are_none_of_the_format_are_counted(con, tmp_path, mark):
    path = tmp_path / "part.parquet"
    wrong = [None, "model|missing", "(line)|not JSON"]
    pl.DataFrame({"file_no": [1, 1, 2], mark: wrong}).write_parquet(path)
    columns = ["file_no", "staged", "not_of_the_format"]
    found = select(con, "inference/staged_rows", columns, part=str(path))
    assert found == [(1, 2, 0), (2, 1, 1)]


def test_staged_lines_get_the_number_they_have_in_their_file(con, tmp_path):
    path = tmp_path / "lines.parquet"
    lines = {"file_no": [0, 0, 1, 2], "line": [None, None, None, 9], "file": ["a", "a", "b", "c"]}
    pl.DataFrame(
        {**lines, "r": ["x"] * 4, "wrong": [None] * 4},
        schema_overrides={"line": pl.Int64, "wrong": pl.String},
    ).write_parquet(path)
    con.execute("SET VARIABLE log_paths = $p", {"p": [str(path)]})
    places = [(0, 0, 1), (1, 2, 2), (2, 0, 1)]
    names = ("file_no", "rows_before", "first_line")
    rows = [dict(zip(names, place, strict=True)) for place in places]
    table(con, "log_places", dict.fromkeys(names, COUNT), *rows)
    found = select(con, "inference/placed_lines", ["file_no", "line"])
    assert found == [(0, 1), (0, 2), (1, 2), (2, 9)]


def test_a_line_without_a_record_is_left_out_or_wrong_but_never_lost(con, tmp_path):
    path = tmp_path / "records.parquet"
    pl.DataFrame({"file_no": [0, 0], "line": [1, 1]}).write_parquet(path)
    lines = [
        {"file_no": 0, "line": n, "wrong": "(line)|not JSON" if n == 3 else None} for n in (1, 2, 3)
    ]
    table(con, "all_lines", {"file_no": COUNT, "line": COUNT, "wrong": TEXT}, *lines)
    columns = ["line", "wrong", "left_out"]
    name = "inference/lines_without_records"
    found = select(con, name, columns, records=str(path), sums_lines=False)
    assert found == [(2, None, "no record"), (3, "(line)|not JSON", None)]
    found = select(con, name, columns, records=str(path), sums_lines=True)
    assert found == [(3, "(line)|not JSON", None)]
    counted = select(con, "inference/records_per_file", ["file_no", "records"], records=[str(path)])
    assert counted == [(0, 2)]


def test_the_record_itself_is_taken_apart_by_its_names(con):
    con.execute(
        "CREATE VIEW log_lines AS SELECT 0 AS file_no, 1 AS line, NULL AS wrong, "
        "{'model': 'rank', 'requests': '2'} AS r"
    )
    assert query(con, "inference/native_records").fetchall() == [(0, 1, None, "rank", "2")]


COUNTS = ("requests", "input_tokens", "input_tokens_cache_read", "input_tokens_cache_write")
COUNTS += ("output_tokens", "output_tokens_reasoning", "images")
HELD = ("gpu_ms", "gpu_held_ms", "vcpu_ms", "memory_gib_ms")


def lasting(con, start: datetime, end: datetime | None, grain: str = "counter", **amounts) -> None:
    columns = {"started_at": INSTANT, "ended_at": INSTANT, "grain": TEXT, "problem": TEXT}
    columns |= dict.fromkeys(COUNTS, COUNT) | dict.fromkeys(HELD, "DECIMAL(18,3)")
    row = {"started_at": start, "ended_at": end, "grain": grain, **amounts}
    table(con, "unspread_records", columns | {"reported_cost": MONEY}, row)


@pytest.mark.parametrize(
    ("start", "end", "grain", "hours"),
    [
        (TEN, TEN.replace(hour=11), "counter", [(10, 7)]),
        (TEN.replace(minute=30), TEN.replace(hour=11, minute=30), "bucket", [(10, 3), (11, 4)]),
        (TEN, TEN.replace(hour=13), "sample", [(10, 2), (11, 2), (12, 3)]),
        (TEN, TEN, "sample", [(10, 7)]),
        (TEN, None, "bucket", [(10, 7)]),
        (TEN, TEN.replace(hour=13), "request", [(10, 7)]),
    ],
)
def test_an_amount_lies_in_the_hours_it_was_measured_in(con, start, end, grain, hours):
    con.execute(HOUR_SHARE)
    lasting(con, start, end, grain, output_tokens=7, gpu_ms=Decimal("0.001"), reported_cost=1)
    found = select(
        con, "inference/spread", ["started_at", "output_tokens", "gpu_ms", "reported_cost"]
    )
    assert [(at.hour, tokens) for at, tokens, _, _ in found] == hours
    assert sum(gpu for _, _, gpu, _ in found) == Decimal("0.001")
    assert [cost for *_, cost in found if cost is not None] == [1]
    wanted = grain != "request" and end is not None
    assert query(con, "inference/lasting_records").fetchall() == [(wanted,)]


def test_no_hour_has_more_cached_tokens_than_tokens(con):
    con.execute(HOUR_SHARE)
    lasting(con, TEN, TEN.replace(hour=14), input_tokens=6, input_tokens_cache_read=5)
    found = select(con, "inference/spread", ["input_tokens", "input_tokens_cache_read"])
    assert sum(whole for whole, _ in found) == 6
    assert sum(part for _, part in found) == 5
    assert all(part <= whole for whole, part in found)
