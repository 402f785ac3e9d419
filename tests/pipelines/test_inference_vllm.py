"""vLLM's counters: what was served between two scrapes, whatever form they were kept in."""

import json
import random
from datetime import datetime, timedelta

import polars as pl
import pytest

from pipelines.inference.vllm import FORMAT
from tests.pipelines.inference_logs import read_logs, write_text
from tests.pipelines.metric_series import (
    MONTH_START,
    SERVER,
    at,
    matrix,
    one_line,
    prompts,
    sample,
)


def read(root, *files):
    paths = [write_text(root / name, "\n".join(lines) + "\n") for name, lines in files]
    return read_logs(root, *paths, format=FORMAT)


def hours(found, *columns):
    return found.usage.sort("hour").select("hour", *columns).rows()


def test_a_scrape_as_vllm_exposes_it_gives_requests_and_tokens_of_the_model(tmp_path):
    def scrape(minute, prompt, generated, hits, stop, abort):
        of = {"engine": "0", "model_name": "rank-7b", "namespace": "rec", "pod": "rank-0"}
        time = at(minute)
        return [
            "# HELP vllm:prompt_tokens_total Number of prefill tokens processed.",
            "# TYPE vllm:prompt_tokens_total counter",
            sample("vllm:prompt_tokens_total", of, float(prompt), time),
            sample("vllm:prompt_tokens_created", of, 1.788e9, time),
            sample("vllm:generation_tokens_total", of, float(generated), time),
            sample("vllm:prefix_cache_queries_total", of, float(prompt), time),
            sample("vllm:prefix_cache_hits_total", of, float(hits), time),
            sample("vllm:kv_cache_usage_perc", of, 0.04, time),
            sample("vllm:request_success_total", {**of, "finished_reason": "stop"}, stop, time),
            sample("vllm:request_success_total", {**of, "finished_reason": "length"}, 0.0, time),
            sample("vllm:request_success_total", {**of, "finished_reason": "abort"}, abort, time),
            sample("vllm:e2e_request_latency_seconds_bucket", {**of, "le": "0.3"}, 4.0, time),
            "",
        ]

    found = read(
        tmp_path,
        ("m.prom", [*scrape(1, 1000, 10, 0, 3, 0), *scrape(2, 8.1e6, 460, 4096, 43, 1)]),
    )
    rows = found.usage.sort("status").select(
        "model",
        "resource_id",
        "status",
        "grain",
        "requests",
        "input_tokens",
        "input_tokens_cache_read",
        "output_tokens",
    )
    assert rows.rows() == [
        ("rank-7b", "rec/rank-0", "abort", "counter", 1, None, None, None),
        ("rank-7b", "rec/rank-0", "ok", "counter", 40, 8_099_000, 4096, 450),
    ]
    assert found.bad_lines() == []
    # The first sample of each of six series has nothing to be compared with.
    assert found.counts()["m.prom"] == (26, 2, 0, 0, 0)
    assert found.files["left_out"].to_list() == [6]


def test_old_names_and_those_of_other_exporters_are_the_same_counters(tmp_path):
    lines = []
    names = ("vllm:prompt_tokens", "vllm_prompt_tokens_total", "ray_vllm:prompt_tokens_total")
    for n, name in enumerate(names):
        of = {"model_name": f"m{n}", "instance": "h:1"}
        lines += [sample(name, of, 5, at(1)), sample(name, of, 7, at(2))]
        lines += [
            sample("vllm:gpu_prefix_cache_hits", of, 0, at(1)),
            sample("vllm:gpu_prefix_cache_hits", of, 9, at(2)),
        ]
    found = read(tmp_path, ("m.prom", lines))
    assert found.usage.select("model", "input_tokens", "input_tokens_cache_read").rows() == [
        # Hits are counted when a request is scheduled, its tokens when it is done: never more.
        ("m0", 2, 2),
        ("m1", 2, 2),
        ("m2", 2, 2),
    ]


def test_a_restart_counts_from_nothing_and_a_gap_is_spread_over_its_hours(tmp_path):
    found = read(
        tmp_path,
        (
            "m.prom",
            [
                prompts(100, at(30)),
                prompts(500, at(50)),
                prompts(60, at(55)),
                prompts(60 + 4000, at(55 + 240)),
            ],
        ),
    )
    assert [row[1] for row in hours(found, "input_tokens")] == [
        400 + 60 + 83,
        1000,
        1000,
        1000,
        917,
    ]
    assert found.total("input_tokens") == 400 + 60 + 4000


def test_scrapes_may_come_in_any_order_and_twice(tmp_path):
    lines = [prompts(value, at(minute)) for minute, value in ((1, 10), (2, 30), (3, 35), (4, 5))]
    straight = read(tmp_path / "a", ("m.prom", lines))
    mixed = read(
        tmp_path / "b",
        ("a.prom", [lines[2], lines[0]]),
        ("b.prom", [lines[3], lines[1]]),
        ("c.prom", lines),
    )
    assert straight.total("input_tokens") == mixed.total("input_tokens") == 20 + 5 + 5
    assert straight.usage.equals(mixed.usage)
    assert mixed.files["duplicates"].to_list() == [0, 0, 4]


def test_a_clock_that_went_back_is_no_restart(tmp_path):
    written = [(10, 90), (40, 100), (20, 105), (30, 110), (40, 115), (50, 120), (60, 2)]
    found = read(tmp_path, ("m.prom", [prompts(v, at(1, seconds)) for seconds, v in written]))
    assert found.total("input_tokens") == 120 - 90 + 2


def test_what_is_no_number_is_said_with_its_line(tmp_path):
    found = read(
        tmp_path,
        (
            "m.prom",
            [
                prompts(10, at(1)),
                prompts("+Inf", at(2)),
                prompts("many", at(3)),
                prompts(-4, at(4)),
                prompts(9.3e18, at(5)),
                prompts("NaN", at(6)),
                prompts(30, at(7)),
                'vllm:prompt_tokens_total{model_name="ra',
                "<html>502 Bad Gateway</html>",
                'vllm:prompt_tokens_total{model_name="x} 5 1',
                prompts(31, "yesterday"),
                prompts(32),
            ],
        ),
    )
    assert found.bad_lines() == [
        ("m.prom", 2, "value", "infinite"),
        ("m.prom", 3, "value", "not a number"),
        ("m.prom", 4, "value", "negative"),
        ("m.prom", 5, "value", "blank reading"),
        ("m.prom", 8, "(line)", "not a sample of a time series"),
        ("m.prom", 9, "(line)", "not a sample of a time series"),
        ("m.prom", 10, "(line)", "the labels cannot be read"),
        ("m.prom", 11, "started_at", "not a time"),
        ("m.prom", 12, "started_at", "no time, neither in the line nor in the name of the file"),
    ]
    assert found.total("input_tokens") == 20
    assert found.files.select("records", "requests", "left_out", "rejects").rows() == [
        (12, 1, 2, 9)
    ]


def test_a_dump_answers_of_the_api_and_exported_lines_are_the_same_series(tmp_path):
    of = {"__name__": "vllm:prompt_tokens_total", **SERVER}
    dump = "{" + ", ".join(f'{name}="{text}"' for name, text in of.items()) + "}"
    start = MONTH_START
    found = read(
        tmp_path,
        ("a-dump.txt", [f"{dump} 10 {at(1)}", f"{dump} 20 {at(2)}"]),
        ("b.om", [f'{prompts(40)} {start + 180}.5 # {{trace_id="a b"}} 1 {start}.1', "# EOF"]),
        ("c.json", [one_line(matrix([(of, [(start + 180.5, 40), (start + 240, 70)])]))]),
        ("d.json", json.dumps(matrix([(of, [(start + 300, 80)])]), indent=2).splitlines()),
        ("e.jsonl", [one_line({"metric": of, "values": [85, None], "timestamps": [at(6), at(7)]})]),
        (
            "f.json",
            [
                one_line(
                    {
                        "status": "success",
                        "data": {
                            "resultType": "vector",
                            "result": [{"metric": of, "value": [start + 480, "95"]}],
                        },
                    }
                )
            ],
        ),
    )
    assert found.bad_lines() == []
    assert found.total("input_tokens") == 85
    assert found.usage.height == 1
    assert found.files["duplicates"].to_list() == [0, 0, 1, 0, 0, 0]


def test_an_answer_that_is_an_error_or_no_json_is_a_reject(tmp_path):
    found = read(
        tmp_path,
        ("a.json", ['{"status":"error","errorType":"timeout","error":"query timed out"}']),
        ("b.json", ['{"status":"success","data":{"result":[{"metric":{}']),
        ("c.json", [one_line(matrix([({"model_name": "rank"}, [(MONTH_START, 1)])]))]),
    )
    reason = "not a sample of a time series"
    nameless = "the series has no name: ask for the metric itself, not for a rate or sum of it"
    assert found.bad_lines() == [
        ("a.json", 1, "(line)", reason),
        ("b.json", 1, "(line)", reason),
        ("c.json", 1, "(line)", nameless),
    ]


def test_a_file_without_any_metric_that_counts_is_read_and_says_nothing(tmp_path):
    found = read(
        tmp_path, ("m.prom", ["# TYPE up gauge", "up 1", 'x{a="b"} 2', ""]), ("n.prom", [])
    )
    assert found.usage.is_empty()
    assert found.files.select("lines_read", "records", "left_out").rows() == [(4, 0, 0), (1, 0, 0)]


def test_labels_keep_their_quotes_backslashes_and_braces(tmp_path):
    name = 'a "b" \\ {c="d"} } 1\n2, e'
    found = read(tmp_path, ("m.prom", [prompts(n, at(n), model_name=name) for n in (1, 2)]))
    assert found.usage["model"].to_list() == [name]


@pytest.mark.parametrize(
    ("names", "zone"),
    [
        (("20260901T001000Z.prom", "20260901T002000Z.prom"), None),
        (("m-1788221400.txt", "m-1788222000.txt.gz"), None),
        (("2026-09-01_02-10-00+02:00.prom", "2026-09-01_02-20-00+02:00.prom"), None),
        (("2026-09-01T02:10:00.prom", "2026-09-01T02:20:00.prom"), "Europe/Berlin"),
    ],
)
def test_a_scrape_without_times_is_dated_by_its_name(tmp_path, names, zone):
    paths = [
        write_text(tmp_path / name, prompts(value) + "\n")
        for name, value in zip(names, (100, 160), strict=True)
    ]
    found = read_logs(tmp_path, *paths, format=FORMAT, timezone=zone)
    assert hours(found, "input_tokens") == [(datetime(2026, 9, 1), 60)]
    assert found.bad_lines() == []


def test_a_name_with_a_time_but_no_zone_needs_the_sources_zone(tmp_path):
    found = read(tmp_path, ("2026-09-01T02:10:00.prom", [prompts(1)]))
    assert found.bad_lines() == [("2026-09-01T02:10:00.prom", 1, "started_at", "no time zone")]


def test_servers_without_labels_are_told_apart_by_their_folders(tmp_path):
    of = {"model_name": "rank"}
    name = "vllm:prompt_tokens_total"
    found = read(
        tmp_path,
        ("i-0a/2026/09/01/m.prom", [sample(name, of, 900, at(1)), sample(name, of, 950, at(2))]),
        ("i-0a/2026/09/02/m.prom", [sample(name, of, 990, at(3))]),
        ("i-0b/2026/09/01/m.prom", [sample(name, of, 3, at(1)), sample(name, of, 5, at(2))]),
    )
    assert found.usage.select("resource_id", "input_tokens").rows() == [("i-0a", 90), ("i-0b", 2)]


def test_two_scrapers_of_one_server_count_it_once(tmp_path):
    lines = [
        prompts(value, at(minute), job=job, prometheus_replica=job)
        for job, minute, value in (("a", 1, 10), ("b", 1.2, 14), ("a", 2, 20), ("b", 2.2, 25))
    ]
    found = read(tmp_path, ("m.prom", lines))
    assert found.total("input_tokens") == 15


@pytest.mark.parametrize("seed", range(4))
def test_any_counters_in_any_order_add_up_as_reckoned_by_hand(tmp_path, seed):
    chance = random.Random(seed)  # noqa: S311 -- no secret
    lines, expected, by_hour = [], 0, {}
    for server in range(3):
        seconds, value = chance.randrange(100), chance.randrange(10**6)
        before = None
        for _ in range(60):
            lines.append(prompts(value, at(0, seconds), instance=f"h{server}:1"))
            if before is not None:
                start, old = before
                rise = value - old if value >= old else value
                expected += rise
                if start // 3600 == (seconds - 1) // 3600:
                    hour = datetime(2026, 9, 1) + timedelta(hours=start // 3600)
                    by_hour[hour] = by_hour.get(hour, 0) + rise
            before = (seconds, value)
            seconds += chance.choice([15, 15, 15, 60, 4000])
            value = chance.choice([value + chance.randrange(500), value, chance.randrange(9)])
    lines += chance.sample(lines, 20)
    chance.shuffle(lines)
    found = read(tmp_path, ("a.prom", lines[:90]), ("b.prom.gz", lines[90:]))
    assert found.total("input_tokens") == expected
    assert found.files["duplicates"].sum() == 20
    assert found.bad_lines() == []
    hours_found = dict(found.usage.group_by("hour").agg(pl.col("input_tokens").sum()).rows())
    assert all(hours_found[hour] >= rise for hour, rise in by_hour.items())
