"""The files of `sql/inference` that read, count and sum the parts of a log, on a few records."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest
from sql_tables import COUNT, FLAG, INSTANT, TEXT, select, table

from pipelines.contracts import USAGE

D = Decimal
START, END = datetime(2026, 9, 1), datetime(2026, 10, 1)
KEYS = ("provider", "account_id", "region", "resource_id", "model", "model_version", "operation")
KEYS += ("tenant", "use_case", "service_tier")
TOKENS = ("input_tokens", "input_tokens_cache_read", "input_tokens_cache_write", "output_tokens")
TOKENS += ("output_tokens_reasoning",)
HELD = ("gpu_held_ms", "vcpu_ms", "memory_gib_ms")
RECORDS = {
    **{"row": COUNT, "line": COUNT, "file_no": COUNT, "started_at": INSTANT, "problem": TEXT},
    **dict.fromkeys(KEYS, TEXT),
    **{"is_batch": FLAG, "status": TEXT, "gateway_cache_hit": FLAG, "requests": COUNT},
    **{
        "sample_rate": "DECIMAL(9,6)",
        "gpu_ms": "DECIMAL(38,3)",
        "hour_no": COUNT,
        "is_counted": FLAG,
    },
    **{"grain": TEXT, "reported_currency": TEXT, "left_out": TEXT, "images": COUNT},
    **{"reported_cost": "DECIMAL(38,18)", "list_cost": "DECIMAL(38,18)", "list_currency": TEXT},
    **dict.fromkeys(HELD, "DECIMAL(18,3)"),
    **dict.fromkeys(TOKENS, COUNT),
}
Record = dict[str, Any]


@pytest.fixture
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        yield connection


def records(
    con: duckdb.DuckDBPyConnection, *rows: Record, duplicates: tuple[int, ...] = ()
) -> None:
    told = {"file_no": 0, "started_at": START, "requests": 1, "hour_no": 0, "grain": "request"}
    told["is_counted"] = True
    numbered = [{**told, "row": number, **row} for number, row in enumerate(rows)]
    table(con, "log_records", RECORDS, *numbered)
    doubles = [{"part_no": 7, "row": row} for row in duplicates]
    table(con, "log_duplicates", {"part_no": COUNT, "row": COUNT}, *doubles)


def counted(con: duckdb.DuckDBPyConnection, *columns: str, part: int = 7) -> list[tuple[Any, ...]]:
    window = {"window_start": START, "window_end": END}
    return select(con, "inference/hourly_part", columns, source="gate", part=part, **window)


@pytest.mark.parametrize(
    ("record", "fate", "hour"),
    [
        ({"started_at": START}, "kept", START),
        ({"started_at": datetime(2026, 9, 30, 23, 59, 59)}, "kept", datetime(2026, 9, 30, 23)),
        ({"started_at": END}, "outside", None),
        ({"started_at": datetime(2026, 8, 31, 23, 59, 59, 999999)}, "outside", None),
        ({"problem": "started_at|is empty", "started_at": None}, "reject", None),
        ({"problem": "requests|is negative"}, "reject", None),
        ({"left_out": "agent span"}, "left_out", None),
        ({"left_out": "duplicate"}, "duplicate", None),
    ],
)
def test_a_record_is_kept_in_the_hour_it_starts_or_has_a_reason(
    con: duckdb.DuckDBPyConnection, record: Record, fate: str, hour: datetime | None
) -> None:
    records(con, record)
    assert counted(con, "source", "fate", "hour", "lines") == [("gate", fate, hour, 1)]


def test_a_duplicate_is_one_only_in_its_own_part(con: duckdb.DuckDBPyConnection) -> None:
    records(con, {}, {}, {}, duplicates=(1,))
    assert counted(con, "fate", "lines") == [("duplicate", 1), ("kept", 2)]
    assert counted(con, "fate", "lines", part=8) == [("kept", 3)]


def test_what_nobody_measured_stays_unknown_and_is_counted_apart(
    con: duckdb.DuckDBPyConnection,
) -> None:
    records(con, {"requests": 2}, {"input_tokens": 5}, {"output_tokens": 3}, {"gpu_ms": D("1.5")})
    sums = ("lines", "requests", "input_tokens", "output_tokens", "gpu_ms")
    found = counted(con, *sums, "requests_with_tokens", "requests_with_gpu_time")
    assert found == [(4, 5, 5, 3, D("1.5"), 2, 1)]
    records(con, {})
    found = counted(con, *TOKENS, "gpu_ms", "requests_with_tokens", "requests_with_gpu_time")
    assert found == [(None,) * 8]
    records(con)
    assert counted(con, "fate") == []


@pytest.mark.parametrize("key", [*KEYS, "status", "is_batch", "gateway_cache_hit", "sample_rate"])
def test_records_of_another_key_are_counted_apart(con: duckdb.DuckDBPyConnection, key: str) -> None:
    value = {TEXT: "x", FLAG: True, "DECIMAL(9,6)": D("0.5")}[RECORDS[key]]
    records(con, {}, {key: value}, {})
    assert counted(con, "lines") == [(1,), (2,)]


PART = {"fate": "kept", "source": "gate", "hour": START, "model": "m", "file_no": 0, "lines": 1}
PART |= {"grain": "request", "is_counted": True}
PART_TYPES = {
    **dict.fromkeys(("source", "fate", "status", *KEYS), pl.String),
    **dict.fromkeys(("first_at", "last_at"), pl.Datetime("us")),
    **{"hour": pl.Datetime("us"), "is_batch": pl.Boolean, "gateway_cache_hit": pl.Boolean},
    **{"sample_rate": pl.Decimal(9, 6), "gpu_ms": pl.Decimal(38, 3)},
    **{"grain": pl.String, "reported_currency": pl.String, "is_counted": pl.Boolean},
    **{"images": pl.Int64, "requests_priced": pl.Int64, "list_currency": pl.String},
    **dict.fromkeys(("reported_cost", "list_cost"), pl.Decimal(38, 18)),
    **dict.fromkeys(HELD, pl.Decimal(38, 3)),
    **dict.fromkeys(("file_no", "lines", "requests", *TOKENS), pl.Int64),
    **dict.fromkeys(("requests_with_tokens", "requests_with_gpu_time"), pl.Int64),
}


def part(folder: Path, *rows: Record) -> list[str]:
    path = folder / "part.parquet"
    pl.DataFrame([{**PART, **row} for row in rows], schema=PART_TYPES).write_parquet(path)
    return [str(path)]


def usage(con: duckdb.DuckDBPyConnection, parts: list[str], *columns: str) -> list[tuple[Any, ...]]:
    return select(con, "inference/usage", columns, month="2026-09", parts=parts)


def test_fates_count_lines_and_the_groups_that_were_sampled(
    con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    half, whole = {"sample_rate": D("0.5")}, {"sample_rate": D(1)}
    reject = {"fate": "reject", "file_no": 1, "lines": 4}
    parts = part(tmp_path, half, {**half, "lines": 2}, whole, {}, reject)
    found = select(
        con, "inference/fates", ["file_no", "fate", "lines", "sampled_groups"], parts=parts
    )
    assert found == [(0, "kept", 5, 2), (1, "reject", 4, 0)]
    empty = select(con, "inference/fates", ["lines"], parts=part(tmp_path))
    assert empty == []


@pytest.mark.parametrize(
    ("logged", "status"),
    [
        *((word, "ok") for word in (None, "", " OK ", "success", "Succeeded", "200")),
        *((word, "throttled") for word in ("429", "Rate_Limited", "throttled")),
        (" Timeout ", "timeout"),
    ],
)
def test_a_status_has_one_word(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, logged: str | None, status: str
) -> None:
    parts = part(tmp_path, {"status": logged, "requests": 1})
    assert usage(con, parts, "status") == [(status,)]
    hit = part(tmp_path, {"status": logged, "requests": 1, "gateway_cache_hit": True})
    assert usage(con, hit, "status") == [("cache_hit",)]


def test_hours_and_keys_are_one_row_each_and_nothing_is_an_empty_text(
    con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    measured = {"requests": 1, "input_tokens": 5, "gpu_ms": D("0.25"), "requests_with_tokens": 1}
    parts = part(
        tmp_path,
        {"requests": 2, "tenant": " "},
        {**measured, "requests_with_gpu_time": 1, "tenant": ""},
        {"fate": "duplicate", "requests": 9},
        {"fate": "outside", "requests": 9, "hour": None},
    )
    keys = ("", "", "", "", "m", "", "", "", "", "", False, "ok", "request", True, "", "")
    sums = (3, 0, 5, None, None, None, None, None, 250, None, None, None, 1, 1, None, None, 0)
    assert usage(con, parts, *USAGE.columns) == [("2026-09", START, "gate", *keys, *sums)]
    assert usage(con, part(tmp_path), "requests") == []


@pytest.mark.parametrize(
    ("rate", "requests", "whole"),
    [("0.5", 1, 2), ("0.3", 1, 3), ("0.4", 1, 3), ("0.8", 2, 3), ("0.000001", 3, 3_000_000)],
)
def test_a_sample_stands_for_the_whole_rounded_half_up_once_per_key(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, rate: str, requests: int, whole: int
) -> None:
    rows = [{"requests": 1, "sample_rate": D(rate), "input_tokens": 1}] * requests
    found = usage(con, part(tmp_path, *rows), "requests", "input_tokens")
    assert found == [(whole, whole)]


def test_a_rejected_line_is_told_by_file_line_field_and_reason(
    con: duckdb.DuckDBPyConnection,
) -> None:
    records(
        con,
        {},
        {"row": 12, "file_no": 1, "problem": "model|is empty"},
        {"row": 0, "line": 40, "problem": "(line)|is no JSON object"},
    )
    places = {"file_no": COUNT, "name": TEXT, "rows_before": COUNT, "first_line": COUNT}
    files = [
        {"file_no": 0, "name": "a.json", "rows_before": 0, "first_line": 1},
        {"file_no": 1, "name": "b.csv", "rows_before": 10, "first_line": 2},
    ]
    table(con, "log_files", places, *files)
    columns = ["billing_month", "source", "file", "line", "column_name", "reason"]
    found = select(con, "inference/part_rejects", columns, month="2026-09", source="gate")
    assert found == [
        ("2026-09", "gate", "a.json", 40, "(line)", "is no JSON object"),
        ("2026-09", "gate", "b.csv", 4, "model", "is empty"),
    ]


TEXTS = (*KEYS, "request_id", "status")


def staged(folder: Path, *rows: Mapping[str, Any]) -> str:
    types = {"file_no": pl.Int64, **dict.fromkeys(TEXTS, pl.String)}
    path = folder / "staged.parquet"
    pl.DataFrame([{"file_no": 3, **row} for row in rows], schema=types).write_parquet(path)
    return str(path)


def test_staged_lines_are_counted_by_file_and_objects_among_them_suspected(
    con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    suspects = [{name: text} for name in TEXTS for text in ('{"a":1}', "[1]")]
    path = staged(tmp_path, {}, {"model": "a {brace}"}, *suspects, {"file_no": 4, "model": "m"})
    found = select(con, "inference/staged_lines", ["file_no", "lines", "suspects"], part=path)
    assert found == [(3, 2 + len(suspects), len(suspects)), (4, 1, 0)]


def test_json_is_read_as_the_text_that_was_written(
    con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    path = tmp_path / "log.json"
    lines = ['{"model":"m","gpu_ms":1234567.125,"input_tokens":9007199254740993}', "{}"]
    path.write_text("\n".join(lines) + "\n")
    columns = ["model", "gpu_ms", "input_tokens", "status"]
    found = select(con, "inference/read_json_lines", columns, files=[str(path)])
    assert found == [("m", "1234567.125", "9007199254740993", None), (None,) * 4]


@pytest.mark.parametrize("line", ["not JSON", '{"model":', "[1]"])
def test_json_that_is_no_object_stops_the_strict_reader(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, line: str
) -> None:
    path = tmp_path / "log.json"
    path.write_text(f'{{"model":"m"}}\n{line}\n')
    with pytest.raises(duckdb.Error):
        select(con, "inference/read_json_lines", ["model"], files=[str(path)])


def test_a_repaired_file_keeps_line_numbers_and_texts_as_they_are(
    con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    path = tmp_path / "clean.csv"
    path.write_text('line,problem,model,gpu_ms\n7,,"a ""b"", c",1_0\n3,model|is empty,,\n')
    columns = ["line", "problem", "model", "gpu_ms"]
    found = select(con, "inference/read_clean_csv", columns, files=[str(path)])
    assert found == [(3, "model|is empty", None, None), (7, None, 'a "b", c', "1_0")]
