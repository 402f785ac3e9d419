"""Hourly usage: each request once, in the hour it starts; unknown is not zero."""

# ruff: noqa: S311 -- instants are UTC-naive by convention, randomness is seeded
import csv
import random
from collections import defaultdict
from datetime import datetime, timedelta
from decimal import Decimal

import duckdb
import polars as pl
import pytest

from pipelines.contracts import USAGE
from pipelines.errors import SettingsInvalid
from pipelines.inference.sources import LogInput
from pipelines.inference.usage import read_usage
from tests.pipelines.inference_logs import (
    SEPTEMBER,
    local,
    read_logs,
    record,
    write_csv,
    write_jsonl,
)


def sample(n=300, seed=1):
    r = random.Random(seed)
    rows = []
    for i in range(n):
        tokens = r.randint(1, 4000)
        rows.append(
            record(
                started_at=(
                    datetime(2026, 9, 1) + timedelta(seconds=r.randint(0, 86_400))
                ).strftime("%Y-%m-%dT%H:%M:%SZ"),
                model=r.choice(["rank", "chat,large", "price"]),
                model_version=r.choice(["v1", "v2"]),
                resource_id=r.choice(["i-1", "i-2"]),
                request_id=f"r{i}",
                operation="chat",
                tenant=r.choice(["shop a", 'shop "b"', "店"]),
                is_batch=r.choice([True, False]),
                status=r.choice(["ok", "OK", "failed", "429"]),
                input_tokens=tokens,
                input_tokens_cache_read=r.randint(0, tokens),
                output_tokens=r.randint(0, 900),
                gpu_ms=r.randint(0, 10**7) / 10_000,
            )
        )
    return rows


def test_the_same_log_gives_the_same_usage_in_every_format(tmp_path):
    rows = sample()
    written = {
        "jsonl": write_jsonl(tmp_path / "a.jsonl", rows),
        "json.gz": write_jsonl(tmp_path / "a.json.gz", rows),
        "ndjson": write_jsonl(tmp_path / "a.ndjson", rows),
        "csv": write_csv(tmp_path / "a.csv", rows),
        "quoted csv.gz": write_csv(tmp_path / "a.csv.gz", rows, quoting=csv.QUOTE_ALL),
        "repaired jsonl": write_jsonl(tmp_path / "b.jsonl", [*rows, "not json"]),
        "repaired csv": write_csv(
            tmp_path / "b.csv", [dict(row, prompt="two\nlines") for row in rows]
        ),
    }
    frame = pl.DataFrame(rows)
    written["parquet of text"] = tmp_path / "t.parquet"
    frame.cast(pl.String).write_parquet(written["parquet of text"])
    written["parquet"] = tmp_path / "p.parquet"
    frame.with_columns(
        pl.col("started_at").str.to_datetime("%Y-%m-%dT%H:%M:%SZ", time_zone="UTC"),
        pl.col("input_tokens").cast(pl.UInt32),
        pl.col("output_tokens").cast(pl.Float64),
    ).write_parquet(written["parquet"])
    first = read_logs(tmp_path, written["jsonl"]).usage
    assert first["requests"].sum() == 300
    assert first["input_tokens"].sum() == sum(row["input_tokens"] for row in rows)
    for kind, path in written.items():
        assert read_logs(tmp_path, path).usage.equals(first), kind


def test_columns_are_found_by_name_and_others_are_ignored(tmp_path):
    rows = [
        {
            "prompt": "secret",
            "output_tokens": 3,
            "model": "rank",
            "x": "",
            "started_at": "2026-09-05T10:15:00Z",
            "input_tokens": 7,
        }
    ]
    read = read_logs(tmp_path, write_csv(tmp_path / "a.csv", rows))
    assert (read.total("input_tokens"), read.total("output_tokens")) == (7, 3)


def test_a_request_id_is_counted_once_within_and_across_files(tmp_path):
    a = write_jsonl(
        tmp_path / "a.jsonl",
        [record(request_id="1", output_tokens=1), record(request_id="1", output_tokens=9)],
    )
    b = write_csv(
        tmp_path / "b.csv",
        [record(request_id="1", output_tokens=50), record(request_id="2", output_tokens=100)],
    )
    frame = tmp_path / "c.parquet"
    pl.DataFrame(
        [record(request_id="2", output_tokens=500), record(request_id="3", output_tokens=0)]
    ).write_parquet(frame)
    for order in ((a, b, frame), (frame, b, a), (b, frame, a)):
        read = read_logs(tmp_path, *order)
        assert read.total("output_tokens") == 101
        assert read.counts() == {
            "a.jsonl": (2, 1, 1, 0, 0),
            "b.csv": (2, 1, 1, 0, 0),
            "c.parquet": (2, 1, 1, 0, 0),
        }


def test_a_file_delivered_twice_changes_no_sum(tmp_path):
    rows = sample()
    once = read_logs(tmp_path, write_jsonl(tmp_path / "a.jsonl", rows))
    twice = read_logs(
        tmp_path, tmp_path / "a.jsonl", write_jsonl(tmp_path / "late/a.jsonl.gz", rows)
    )
    assert twice.usage.equals(once.usage)
    assert twice.counts()["late/a.jsonl.gz"] == (300, 0, 300, 0, 0)


@pytest.mark.parametrize(
    "field", [{"attempt": 2}, {"account_id": "2"}, {"region": "eu"}, {"request_id": "q"}]
)
def test_another_attempt_account_or_region_is_another_request(tmp_path, field):
    lines = [record(request_id="r"), record(**{"request_id": "r", **field})]
    assert read_logs(tmp_path, write_jsonl(tmp_path / "a.jsonl", lines)).total("requests") == 2


def test_a_missing_account_is_the_same_as_an_empty_one(tmp_path):
    lines = [record(request_id="r"), record(request_id="r", account_id="", attempt=1)]
    assert read_logs(tmp_path, write_jsonl(tmp_path / "a.jsonl", lines)).total("requests") == 1


def test_identical_lines_without_an_id_are_all_requests(tmp_path):
    path = write_jsonl(tmp_path / "a.jsonl", [record(), record(), record(request_id="")])
    assert read_logs(tmp_path, path).total("requests") == 3


def test_unmeasured_is_null_and_measured_zero_is_zero(tmp_path):
    path = write_jsonl(
        tmp_path / "a.jsonl",
        [
            record(model="a"),
            record(model="b", input_tokens=0, gpu_ms=0),
            record(model="c", input_tokens=None, output_tokens=5),
            record(model="c", gpu_ms="0.0005"),
        ],
    )
    rows = {row["model"]: row for row in read_logs(tmp_path, path).usage.to_dicts()}
    assert rows["a"]["input_tokens"] is None
    assert rows["a"]["gpu_microseconds"] is None
    assert (rows["a"]["requests_with_tokens"], rows["a"]["requests_with_gpu_time"]) == (0, 0)
    assert (rows["b"]["input_tokens"], rows["b"]["gpu_microseconds"]) == (0, 0)
    assert (rows["b"]["requests_with_tokens"], rows["b"]["requests_with_gpu_time"]) == (1, 1)
    assert (rows["c"]["input_tokens"], rows["c"]["output_tokens"]) == (None, 5)
    assert (rows["c"]["requests"], rows["c"]["requests_with_tokens"]) == (2, 1)
    assert rows["c"]["gpu_microseconds"] == 1


def test_status_and_gateway_hits_are_normalised_and_other_words_kept(tmp_path):
    statuses = [None, "OK", "Success", "SUCCEED", 200, "throttled", 429, "FAILED", "timeout"]
    lines = [record(status=status) for status in statuses]
    lines.append(record(gateway_cache_hit=True, status="ok"))
    usage = read_logs(tmp_path, write_jsonl(tmp_path / "a.jsonl", lines)).usage
    assert dict(usage.select("status", "requests").iter_rows()) == {
        "ok": 5,
        "throttled": 2,
        "failed": 1,
        "timeout": 1,
        "cache_hit": 1,
    }


def test_precounted_lines_and_samples_are_scaled_exactly(tmp_path):
    lines = [record(requests=10, input_tokens=7, sample_rate=1)] + [
        record(sample_rate="0.3", input_tokens=1, gpu_ms=3) for _ in range(3)
    ]
    read = read_logs(tmp_path, write_jsonl(tmp_path / "a.jsonl", lines))
    assert (read.total("requests"), read.total("input_tokens")) == (20, 17)
    assert read.total("gpu_microseconds") == 30_000
    assert any("estimates" in warning for warning in read.warnings)
    assert read.counts()["a.jsonl"] == (4, 4, 0, 0, 0)


def test_model_ref_stands_in_for_model_and_keys_are_never_null(tmp_path):
    lines = [{"started_at": "2026-09-05T10:00:00Z", "model_ref": "qwen"}]
    usage = read_logs(tmp_path, write_jsonl(tmp_path / "a.jsonl", lines)).usage
    assert usage["model"].to_list() == ["qwen"]
    assert all(usage[name].null_count() == 0 for name in USAGE.key)


def test_the_window_is_half_open_and_records_outside_are_counted(tmp_path):
    times = [
        "2026-08-31T23:59:59.999999Z",
        "2026-09-01T00:00:00Z",
        "2026-09-30T23:59:59.999999Z",
        "2026-10-01T00:00:00Z",
        "2026-10-01T01:30:00+02:00",
    ]
    path = write_jsonl(tmp_path / "a.jsonl", [record(started_at=at) for at in times])
    read = read_logs(tmp_path, path)
    assert read.counts()["a.jsonl"] == (5, 3, 0, 2, 0)
    assert set(read.usage["hour"]) == {datetime(2026, 9, 1), datetime(2026, 9, 30, 23)}
    assert read.warnings == []


@pytest.mark.parametrize(
    ("written", "hour"),
    [
        ("2026-09-05T10:15:00Z", 10),
        ("2026-09-05T12:15:00+02:00", 10),
        ("2026-09-05 15:45:00.123456+0530", 10),
        ("2026-09-05 12:15:00+02", 10),
        ("2026-09-05T10:15Z", 10),
        (1788603300, 10),
        (1788603300.25, 10),
        ("1788603300000", 10),
        (1788603300000, 10),
    ],
)
def test_instants_of_every_form_come_out_in_utc(tmp_path, written, hour):
    path = write_jsonl(tmp_path / "a.jsonl", [record(started_at=written)])
    assert read_logs(tmp_path, path).usage["hour"].to_list() == [datetime(2026, 9, 5, hour)]
    path = write_csv(tmp_path / "a.csv", [record(started_at=written)])
    assert read_logs(tmp_path, path).usage["hour"].to_list() == [datetime(2026, 9, 5, hour)]


def test_times_without_a_zone_take_the_sources_zone_through_both_clock_changes(tmp_path):
    window = (datetime(2026, 1, 1), datetime(2027, 1, 1))
    times = {
        "2026-01-15 12:00:00": datetime(2026, 1, 15, 11),
        "2026-07-15T12:00:00": datetime(2026, 7, 15, 10),
        "2026-03-29T01:59:59": datetime(2026, 3, 29, 0),
        "2026-03-29T03:00:00": datetime(2026, 3, 29, 1),
        "2026-10-25T01:59:59": datetime(2026, 10, 24, 23),
        "2026-10-25T03:00:00": datetime(2026, 10, 25, 2),
    }
    path = write_jsonl(tmp_path / "a.jsonl", [record(started_at=at) for at in times])
    read = read_logs(tmp_path, path, timezone="Europe/Berlin", window=window)
    assert sorted(read.usage["hour"]) == sorted(times.values())
    frame = pl.DataFrame(
        {"started_at": [datetime.fromisoformat(at) for at in times], "model": ["m"] * len(times)}
    )
    frame.write_parquet(tmp_path / "a.parquet")
    read = read_logs(tmp_path, tmp_path / "a.parquet", timezone="Europe/Berlin", window=window)
    assert sorted(read.usage["hour"]) == sorted(times.values())
    bare = read_logs(tmp_path, tmp_path / "a.parquet", window=window)
    assert {reason for *_, reason in bare.bad_lines()} == {"no time zone"}


def test_a_zone_that_does_not_exist_is_named(tmp_path):
    path = write_jsonl(tmp_path / "a.jsonl", [record()])
    with pytest.raises(SettingsInvalid, match=r"logs.gateway.timezone: 'Europe/Atlantis'"):
        read_logs(tmp_path, path, timezone="Europe/Atlantis")


def test_no_source_and_no_file_give_empty_tables(tmp_path):
    read = read_logs(tmp_path)
    assert (read.usage.height, read.files.height, read.coverage.height) == (0, 0, 0)
    empty = tmp_path / "empty.jsonl"
    empty.write_text("")
    only_header = write_csv(tmp_path / "h.csv", [record()])
    only_header.write_text("started_at,model\n")
    read = read_logs(tmp_path, empty, only_header)
    assert set(read.counts().values()) == {(0, 0, 0, 0, 0)}


def test_a_file_of_no_known_format_is_named_in_a_warning(tmp_path):
    path = write_jsonl(tmp_path / "notes.txt", [record()])
    read = read_logs(tmp_path, path)
    assert "notes.txt was not read" in read.warnings[0]


def plain_reading(files):
    """What the usage must be, in plain Python over dicts."""
    seen, sums = set(), defaultdict(lambda: [0, None, None])
    for _, rows in sorted(files.items()):
        for row in rows:
            at = datetime.fromisoformat(row["started_at"].replace("Z", "+00:00")).replace(
                tzinfo=None
            )
            if not SEPTEMBER[0] <= at < SEPTEMBER[1]:
                continue
            if row["request_id"]:
                if row["request_id"] in seen:
                    continue
                seen.add(row["request_id"])
            group = sums[at.replace(minute=0, second=0, microsecond=0), row["model"]]
            group[0] += 1
            if row["input_tokens"] is not None:
                group[1] = (group[1] or 0) + row["input_tokens"]
            if row["gpu_ms"] is not None:
                micros = int((Decimal(row["gpu_ms"]) * 1000).to_integral_value())
                group[2] = (group[2] or 0) + micros
    return {key: tuple(value) for key, value in sums.items()}


@pytest.mark.parametrize("seed", range(12))
def test_random_logs_agree_with_a_plain_reading(tmp_path, seed):
    r = random.Random(seed)
    files = {}
    for i in range(r.randint(1, 5)):
        suffix = r.choice(["jsonl", "jsonl.gz", "csv", "csv.gz", "parquet"])
        rows = [
            {
                "started_at": f"2026-{r.choice(['08-31', '09-01', '09-02', '10-01'])}"
                f"T{r.randint(0, 23):02d}:{r.randint(0, 59):02d}:00Z",
                "model": r.choice(["a", "b"]),
                "request_id": r.choice([None, *(f"r{k}" for k in range(60))]),
                "input_tokens": r.choice([None, 0, r.randint(1, 99)]),
                "gpu_ms": r.choice([None, f"{r.randint(0, 10**6) / 1000:.3f}"]),
            }
            for _ in range(r.randint(1, 40))
        ]
        files[f"{r.randint(0, 99):02d}-{i}.{suffix}"] = rows
    paths = []
    for name, rows in files.items():
        path = tmp_path / name
        if "jsonl" in name:
            write_jsonl(path, rows)
        elif "csv" in name:
            write_csv(path, rows)
        else:
            pl.DataFrame(
                rows,
                schema_overrides={"request_id": pl.String, "gpu_ms": pl.String},
                infer_schema_length=None,
            ).write_parquet(path)
        paths.append(path)
    r.shuffle(paths)
    read = read_logs(tmp_path, *paths)
    found = {
        (row["hour"], row["model"]): (row["requests"], row["input_tokens"], row["gpu_microseconds"])
        for row in read.usage.to_dicts()
    }
    assert found == plain_reading(files)
    for lines, *rest in read.counts().values():
        assert lines == sum(rest)


def test_reading_leaves_nothing_but_the_four_tables(tmp_path):
    read_logs(tmp_path, write_jsonl(tmp_path / "a.jsonl", [record(), "x"]))
    assert {p.name for p in (tmp_path / ".work").iterdir() if p.is_file()} == {
        "usage.parquet",
        "log_files.parquet",
        "log_rejects.parquet",
        "coverage.parquet",
    }


def test_the_callers_connection_keeps_its_settings(tmp_path):
    path = write_jsonl(tmp_path / "a.jsonl", [record()])
    with duckdb.connect() as con:
        con.execute("SET preserve_insertion_order = false")
        read_usage(
            con,
            [LogInput("s", None, [], [local(path, tmp_path)])],
            "2026-09",
            SEPTEMBER,
            tmp_path / "w",
        )
        value = con.sql("SELECT current_setting('preserve_insertion_order')").fetchall()
    assert value == [(False,)]
