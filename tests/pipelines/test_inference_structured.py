"""Other formats than the record itself: lines, documents and tables; no line is lost."""

import json
from datetime import datetime
from pathlib import Path

import polars as pl
import pytest
from inference_logs import read_logs, write_csv, write_jsonl, write_text

from pipelines.inference.formats import LogFormat

TEN = datetime(2026, 9, 5, 10)
ONE_A_LINE = LogFormat(
    "calls",
    "provider",
    {"at": "VARCHAR", "id": "VARCHAR", "what": {"model": "VARCHAR", "in": "VARCHAR"}},
    lambda con: con.sql(
        "SELECT file_no, line, wrong, r.at AS started_at, r.id AS request_id, "
        "r.what.model AS model, r.what['in'] AS input_tokens, file AS resource_id FROM log_lines"
    ),
)
MANY_A_LINE = LogFormat(
    "batches",
    "span",
    {"calls": [{"at": "VARCHAR", "model": "VARCHAR", "kind": "VARCHAR"}]},
    lambda con: con.sql(
        "SELECT file_no, line, c.at AS started_at, c.model AS model, "
        "CASE WHEN c.kind = 'agent' THEN 'agent span' END AS left_out "
        "FROM (SELECT file_no, line, unnest(r.calls) AS c FROM log_lines)"
    ),
    unit="lines",
    has_documents=True,
)
ALL_LINES = LogFormat(
    "counters",
    "counter",
    None,
    lambda con: con.sql(
        "SELECT max(file_no) AS file_no, max(line) AS line, 'counter' AS grain, "
        "'rank' AS model, min(r) AS started_at, max(r) AS ended_at, 7 AS output_tokens, "
        "1 AS requests FROM log_lines WHERE r <> ''"
    ),
    unit="source",
    kind_of=lambda _name: "text",
)


def call(**changed: object) -> dict[str, object]:
    return {"at": "2026-09-05T10:15:00Z", "id": "a", "what": {"model": "rank", "in": 5}} | changed


def test_what_a_format_takes_of_a_line_is_read_alike_from_json_csv_and_parquet(
    tmp_path: Path,
) -> None:
    calls = [call(id=f"r{n}", prompt="secret") for n in range(3)]
    flat = [{**c, "what": json.dumps(c["what"])} for c in calls]
    json_file = write_jsonl(tmp_path / "a" / "calls.jsonl.gz", calls)
    csv_file = write_csv(
        tmp_path / "b" / "calls.csv", [{k.upper(): v for k, v in c.items()} for c in flat]
    )
    parquet = tmp_path / "c" / "calls.parquet"
    parquet.parent.mkdir()
    pl.DataFrame(calls).write_parquet(parquet)
    for path in (json_file, csv_file, parquet):
        read = read_logs(tmp_path, path, format=ONE_A_LINE)
        assert read.fates() == {str(path.relative_to(tmp_path)): (3, 3, 0, 0, 0)}
        assert read.total("input_tokens") == 15
        assert read.usage["resource_id"].to_list() == [str(path.relative_to(tmp_path))]


def test_a_bad_line_is_rejected_with_its_place_and_the_rest_is_read(tmp_path: Path) -> None:
    path = write_jsonl(
        tmp_path / "calls.jsonl",
        [call(id="1"), '{"at": "2026', "", call(id="2", at="noon"), "[1]", call(id="3")],
    )
    read = read_logs(tmp_path, path, format=ONE_A_LINE)
    assert read.fates() == {"calls.jsonl": (5, 2, 0, 0, 3)}
    assert read.counts()["calls.jsonl"][0] == 6
    assert read.bad_lines() == [
        ("calls.jsonl", 2, "(line)", "not JSON"),
        ("calls.jsonl", 4, "started_at", "not a time"),
        ("calls.jsonl", 5, "(line)", "not a JSON object"),
    ]
    table = write_text(
        tmp_path / "t.csv", 'at,id\n2026-09-05T10:00:00Z,"open\n2026-09-05T11:00:00Z,b\n'
    )
    read = read_logs(tmp_path, table, format=ONE_A_LINE, defaults={"model": "rank"})
    assert read.bad_lines() == [("t.csv", 2, "(line)", "a quote is not closed")]
    assert read.total("requests") == 1


def test_a_line_may_hold_many_records_or_none(tmp_path: Path) -> None:
    one, agent = {"at": "2026-09-05T10:00:00Z", "model": "m"}, {"kind": "agent"}
    path = write_jsonl(
        tmp_path / "spans.jsonl",
        [{"calls": [one, one, agent]}, {"other": 1}, {"calls": [one, {"model": "m"}]}],
    )
    read = read_logs(tmp_path, path, format=MANY_A_LINE)
    assert read.fates() == {"spans.jsonl": (6, 3, 0, 2, 1)}
    assert read.bad_lines() == [("spans.jsonl", 3, "started_at", "missing")]
    assert read.total("requests") == 3


@pytest.mark.parametrize("indent", [None, 2])
def test_documents_and_arrays_are_taken_apart(tmp_path: Path, indent: int | None) -> None:
    page = {"calls": [{"at": "2026-09-05T10:00:00Z", "model": "m"}]}
    path = write_text(tmp_path / "page.json", json.dumps([page, page], indent=indent))
    read = read_logs(tmp_path, path, format=MANY_A_LINE)
    assert read.fates() == {"page.json": (2, 2, 0, 0, 0)}
    broken = write_text(tmp_path / "broken.json", json.dumps(page, indent=2) + '\n{"calls": [\n')
    read = read_logs(tmp_path, broken, format=MANY_A_LINE)
    assert read.total("requests") == 1
    assert read.bad_lines() == [("broken.json", 9, "(line)", "not JSON")]


def test_what_lasts_for_hours_is_spread_over_them_and_nothing_is_lost(tmp_path: Path) -> None:
    first = write_text(tmp_path / "a.txt", "2026-09-05T10:40:00Z\n\n")
    second = write_text(tmp_path / "b.txt", "2026-09-05T13:00:00Z")
    read = read_logs(tmp_path, first, second, format=ALL_LINES)
    assert read.fates() == {"a.txt": (2, 0, 0, 2, 0), "b.txt": (1, 1, 0, 0, 0)}
    hours = read.usage.select("hour", "output_tokens", "requests").sort("hour")
    assert hours.rows() == [
        (TEN, 1, 0),
        (TEN.replace(hour=11), 3, 0),
        (TEN.replace(hour=12), 3, 1),
    ]


def test_the_settings_fill_in_what_a_log_leaves_empty(tmp_path: Path) -> None:
    path = write_jsonl(tmp_path / "calls.jsonl", [call(), call(id="b", what={"in": 1})])
    read = read_logs(
        tmp_path, path, format=ONE_A_LINE, defaults={"model": "other", "sample_rate": "0.5"}
    )
    found = read.usage.select("model", "requests", "requests_estimated", "input_tokens")
    assert sorted(found.rows()) == [("other", 2, 2, 2), ("rank", 2, 2, 10)]
    native = write_jsonl(tmp_path / "own.jsonl", [{"started_at": "2026-09-05T10:00:00Z"}])
    assert read_logs(tmp_path, native, defaults={"model": "own"}).usage["model"].to_list() == [
        "own"
    ]
