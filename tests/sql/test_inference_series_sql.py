"""The queries that bring samples of time series to records, one by one."""

import json

import duckdb
import pytest
from sql_tables import COUNT, TEXT, select, table

from pipelines.inference import azure_monitor, cloudwatch
from pipelines.inference.series import WRONG
from pipelines.queries import load, materialise, query, sql

HOUR = 3_600_000
START = 1_788_220_800_000
WANTED = r"(tokens|busy)[\s\"{}]"
LINES = {"file_no": COUNT, "line": COUNT, "file": TEXT, "r": TEXT, "wrong": TEXT}
POINT = {
    "file_no": "INTEGER",
    "line": "UINTEGER",
    "head_no": "UINTEGER",
    "series_no": "UINTEGER",
    "at_ms": COUNT,
    "value": "DOUBLE",
    "wrong": "UTINYINT",
}
ROLE = {
    "head_no": "UINTEGER",
    "series_no": "UINTEGER",
    "device_no": "UINTEGER",
    "record_no": "UINTEGER",
    "field": TEXT,
    "factor": "DOUBLE",
    "precision": "DOUBLE",
    "ceiling": "DOUBLE",
    "preference": "INTEGER",
    "is_part": "BOOLEAN",
    "held_field": TEXT,
    "held_factor": "DOUBLE",
    "record": "STRUCT(model VARCHAR)",
}
USED = {**POINT, "record_no": "UINTEGER", "is_end": "BOOLEAN"}


@pytest.fixture
def con():
    with duckdb.connect() as connection:
        connection.execute("SET VARIABLE log_zone = NULL")
        yield connection


def raw(con, *texts, file="i-1/m.prom"):
    rows = [{"file_no": 0, "line": n, "file": file, "r": r} for n, r in enumerate(texts, 1)]
    table(con, "log_lines", LINES, *rows)


def samples(con, *texts, file="i-1/m.prom"):
    """`log_lines` as the reader has written them down."""
    raw(con, *texts, file=file)
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE taken AS {sql('inference/series/samples')}",
        {"wanted": WANTED},
    )
    con.execute("DROP TABLE log_lines")
    con.execute("ALTER TABLE taken RENAME TO log_lines")


def heads(con):
    materialise(con, "series_files", "inference/series/files")
    materialise(con, "series_lines", "inference/series/exposition")
    materialise(con, "series_heads", "inference/series/heads")


def points(con, *rows):
    """Samples of series 1, head 1, in hours after the start."""
    table(
        con,
        "series_points",
        POINT,
        *(
            {"file_no": 0, "line": n, "head_no": 1, "series_no": 1, "wrong": 0, **row}
            for n, row in enumerate(rows, 1)
        ),
    )


def used(con, *rows):
    table(
        con,
        "series_used",
        USED,
        *(
            {
                "file_no": 0,
                "line": n,
                "head_no": 1,
                "series_no": 1,
                "record_no": 1,
                "is_end": False,
                **row,
            }
            for n, row in enumerate(rows, 1)
        ),
    )


def role(con, *rows):
    table(
        con,
        "series_roles",
        ROLE,
        *(
            {
                "head_no": 1,
                "series_no": 1,
                "device_no": 1,
                "record_no": 1,
                "precision": 1,
                "factor": 1,
                "preference": 1,
                "is_part": True,
                "record": {"model": "rank"},
                **row,
            }
            for row in rows
        ),
    )
    materialise(con, "series_records", "inference/series/records")


def test_a_line_is_taken_apart_only_if_its_metric_is_wanted(con):
    raw(
        con,
        "# HELP tokens",
        "",
        "up 1",
        'tokens{a="}"} 5 17',
        "tokens 6",
        "tokens 1 2 3",
        '{"data": {}}',
        "  <oops",
        'tokens{} 7 1 # {id="x"} 1',
    )
    found = query(con, "inference/series/samples", wanted=WANTED)
    assert found.project("line, r.head, r.value, r.at_ms, r.other").fetchall() == [
        (1, None, None, None, None),
        (2, None, None, None, None),
        (3, None, None, None, None),
        (4, 'tokens{a="}"}', "5", "17", None),
        (5, "tokens", "6", None, None),
        (6, None, "", None, None),
        (7, None, None, None, '{"data": {}}'),
        (8, None, "<oops", None, None),
        (9, "tokens{}", "7", "1", None),
    ]


@pytest.mark.parametrize(
    ("name", "server", "scraped_at", "has_clock"),
    [
        ("m.prom", "", None, False),
        ("node-1/2026/09/01/m-20260901T000000Z.prom", "node-1", START, True),
        ("a/year=2026/2026-09-01_00.00.30.5+00:00.prom", "a", START + 30_500, True),
        ("1788220800.json", "", START, False),
        ("1788220800250.json", "", START + 250, False),
        ("v12/20260901000000.prom", "v12", None, True),
    ],
)
def test_a_files_name_says_server_and_time(con, name, server, scraped_at, has_clock):
    raw(con, "up 1", file=name)
    assert query(con, "inference/series/files").fetchall() == [(0, server, scraped_at, has_clock)]


def test_samples_come_out_of_text_lines_and_out_of_documents(con):
    document = {"data": {"result": [{"metric": {"a": "b"}, "values": [[1, "2"], [3, "4"]]}]}}
    samples(con, *json.dumps(document, indent=1).splitlines(), file="a.json")
    columns = ["line", "head", "value", "at_ms"]
    assert select(con, "inference/series/exposition", columns) == [
        (1, '{"a":"b"}', "2", "1"),
        (1, '{"a":"b"}', "4", "3"),
    ]
    samples(con, "tokens 5", '{"error": 1}', '{"metric":{},"values":[1],"timestamps":[2]}')
    assert select(con, "inference/series/exposition", columns) == [
        (1, "tokens", "5", None),
        (2, None, None, None),
        (3, "{}", "1", "2"),
    ]


def test_a_series_as_written_gives_its_name_and_labels(con):
    samples(
        con,
        'tokens{a="x\\"y",b=""} 1',
        '{__name__="tokens", a="1"} 1',
        '{"tokens",a="2"} 1',
        'tokens{a="1",a="2"} 1',
        'tokens{a="1} 1',
        "tokens 1",
    )
    heads(con)
    found = select(con, "inference/series/heads", ["server", "name", "labels"])
    assert found == [
        ("i-1", "tokens", None),
        ("i-1", "tokens", None),
        ("i-1", "tokens", {"a": "1"}),
        ("i-1", "tokens", {"a": "2"}),
        ("i-1", "tokens", {"a": 'x"y'}),
        ("i-1", "tokens", {}),
    ]
    readable = select(con, "inference/series/readable_heads", ["labels"])
    assert readable == [('{"a":"1"}',), ('{"a":"2"}',), ('{"a":"x\\"y"}',), ("{}",)]


def test_series_of_one_identity_share_a_number_and_records_are_kept_once(con):
    shape = {name: kind for name, kind in ROLE.items() if not name.endswith("_no")}
    named = {"head_no": "UINTEGER", "identity": TEXT, "device": TEXT, **shape}
    rows = [
        {"head_no": n, "identity": i, "device": "", "record": {"model": m}}
        for n, i, m in ((1, "x", "rank"), (2, "x", "rank"), (3, "y", "rank"))
    ]
    table(con, "series_named", named, *rows)
    columns = ["head_no", "series_no", "record_no"]
    assert select(con, "inference/series/roles", columns) == [(1, 1, 1), (2, 1, 1), (3, 2, 1)]
    materialise(con, "series_roles", "inference/series/roles")
    assert query(con, "inference/series/records").fetchall() == [(1, "rank")]


def test_a_mappings_meanings_become_names_of_series(con):
    columns = {"head_no": "UINTEGER", "identity": TEXT, "field": TEXT, "factor": "DOUBLE"}
    columns |= {"precision": "DOUBLE", "ceiling": "DOUBLE", "held_field": TEXT}
    columns |= {"held_factor": "DOUBLE"}
    names = ("model", "model_version", "resource_id", "provider", "account_id", "region")
    names += ("operation", "tenant", "use_case", "service_tier", "status")
    row = {"head_no": 1, "identity": "x", "field": "requests", "model": "rank"}
    load(con, "series_meanings", {**columns, **dict.fromkeys(names, TEXT)}, [row])
    found = query(con, "inference/series/named").project("head_no, device, record.model").fetchall()
    assert found == [(1, "x", "rank")]


def test_a_sample_is_typed_or_says_what_is_wrong_with_it(con):
    samples(
        con,
        f"tokens 1.4 {START}",
        "tokens 2 1788220801.5",
        "tokens NaN 1",
        "tokens x 1",
        "tokens +Inf 1",
        "tokens -1 1",
        "tokens 9.3e18 1",
        "tokens 1",
        "tokens 1 soon",
        'tokens{a="} 1 1',
        "tokens a b c",
        "busy 5 1",
    )
    heads(con)
    head = con.sql("SELECT head_no FROM series_heads WHERE name = 'tokens' AND labels = MAP {}")
    role(con, {"head_no": head.fetchall()[0][0], "factor": 10, "ceiling": 100})
    found = select(con, "inference/series/points", ["line", "at_ms", "value", "wrong"])
    assert sorted(found) == [
        (1, START, 14, 0),
        (2, START + 1500, 20, 0),
        (3, 1000, None, 6),
        (4, 1000, None, 7),
        (5, 1000, None, 8),
        (6, 1000, None, 9),
        (7, 1000, None, 0),
        (8, None, None, 5),
        (9, None, None, 3),
        (10, 1000, None, 2),
        (11, None, None, 1),
    ]


def test_rows_of_a_table_become_samples_with_their_time_as_epoch(con):
    moments = ("1788220800", "2026-09-01T00:00:00Z", "2026-09-01 00:00", "never", "1")
    rows = [
        {
            "file_no": 0,
            "line": n,
            "metric": "x" if n < 5 else "y",
            "head": "h",
            "value": "",
            "moment": moment,
        }
        for n, moment in enumerate(moments, 1)
    ]
    shape = {"file_no": COUNT, "line": COUNT, "file": TEXT, "wrong": TEXT}
    table(
        con,
        "series_rows",
        {**shape, **dict.fromkeys(("metric", "head", "value", "moment"), TEXT)},
        *rows,
    )
    con.execute("SET VARIABLE series_metrics = ['x']")
    found = query(con, "inference/series/table_samples").project("line, r.value, r.at_ms")
    assert found.fetchall() == [
        (1, "null", "1788220800"),
        (2, "null", str(START)),
        (3, "null", "no time zone"),
        (4, "null", "not a time"),
        (5, None, None),
    ]


DELTA = ["mark", "since", "at_ms", "amount", "is_out_of_place"]


def test_counters_rise_restart_and_are_summed_within_an_hour(con):
    times = (0, 10, 20, 20, HOUR + 10)
    points(con, *({"at_ms": t, "value": v} for t, v in zip(times, (5, 9, 3, 3, 4), strict=True)))
    assert select(con, "inference/series/deltas", DELTA) == [
        (0, 0, 20, 7, False),
        (0, 20, HOUR + 10, 1, False),
        (1, None, 0, 5, None),
        (2, 20, 20, 0, False),
    ]


def test_a_fall_between_samples_written_in_the_other_order_is_a_clock_that_went_back(con):
    values = ((10, 100), (30, 110), (20, 112), (40, 115), (50, 1))
    points(con, *({"at_ms": t, "value": v} for t, v in values))
    materialise(con, "series_deltas", "inference/series/deltas")
    assert con.sql("SELECT bool_or(is_out_of_place) FROM series_deltas").fetchall() == [(True,)]
    found = select(con, "inference/series/deltas_by_high", ["at_ms", "mark", "amount"])
    assert found == [(10, 1, 100), (20, 0, 12), (30, 0, 0), (40, 0, 3), (50, 0, 1)]


def test_amounts_are_of_the_interval_they_begin(con):
    points(con, *({"at_ms": t, "value": 2} for t in (0, 100, 100, HOUR - 30)))
    columns = ["mark", "since", "at_ms", "amount"]
    assert select(con, "inference/series/amounts", columns, interval=60) == [
        (0, 0, 160, 4),
        (0, HOUR - 30, HOUR + 30, 2),
        (2, 100, 160, 2),
    ]


def test_the_records_of_counters_sum_their_series_and_say_what_was_left_out(con):
    role(con, {"field": "input_tokens"}, {"head_no": 2, "field": "input_tokens_cache_read"})
    points(
        con,
        {"at_ms": 0, "value": 1},
        {"at_ms": 10, "value": 4},
        {"at_ms": 0, "value": 0, "head_no": 2, "series_no": 2},
        {"at_ms": 10, "value": 9, "head_no": 2, "series_no": 2},
        {"wrong": 6},
        {"wrong": 7},
        {"at_ms": 5},
    )
    materialise(con, "series_deltas", "inference/series/deltas")
    columns = ["line", "wrong", "left_out", "model", "requests", "input_tokens"]
    found = select(
        con,
        "inference/series/counter_records",
        [*columns, "input_tokens_cache_read"],
        wrong=list(WRONG),
        grain="counter",
    )
    assert found == [
        (1, None, "first sample of a series", None, None, None, None),
        (2, None, None, "rank", 0, 3, 3),
        (3, None, "first sample of a series", None, None, None, None),
        (5, None, WRONG[5], None, None, None, None),
        (6, "value|not a number", None, None, None, None, None),
        (7, "value|blank reading", None, None, None, None, None),
    ]


def test_the_usual_interval_is_the_median_of_a_series_on_a_day(con):
    tomorrow = 24 * HOUR
    used(
        con,
        *({"at_ms": at_ms} for at_ms in (0, 15_000, 30_010, 90_000)),
        *({"at_ms": tomorrow + at_ms} for at_ms in (0, 60_000, 120_000)),
        {"at_ms": 2 * tomorrow},
        {"series_no": 2, "at_ms": 1},
    )
    found = select(con, "inference/series/intervals", ["series_no", "day", "usual"])
    assert found == [(1, 0, 15_000), (1, 1, 60_000), (1, 2, 60_000), (2, 0, 60_000)]


def test_the_better_metric_of_an_hour_and_the_parts_of_a_device_count(con):
    role(
        con,
        {"is_part": False, "preference": 2},
        {"head_no": 2, "is_part": False},
        {"head_no": 3, "series_no": 3},
    )
    points(
        con,
        {"at_ms": 1, "value": 1},
        {"at_ms": 1, "value": 1, "head_no": 2},
        {"at_ms": HOUR, "value": 1},
        {"at_ms": HOUR, "head_no": 2},
        {"at_ms": 2 * HOUR, "value": 1, "head_no": 2},
        {"at_ms": 2 * HOUR, "value": 1, "head_no": 3, "series_no": 3},
    )
    assert select(con, "inference/series/used", ["line"]) == [(2,), (3,), (6,)]


def intervals(con, usual=10):
    table(
        con,
        "series_intervals",
        {"series_no": "UINTEGER", "day": COUNT, "usual": COUNT},
        {"series_no": 1, "day": 0, "usual": usual},
    )


def test_a_gauge_holds_until_the_next_sample_or_the_longest_time(con):
    intervals(con)
    times = (0, 10, 10, 100)
    used(con, *({"at_ms": t, "value": 0.5} for t in times), {"at_ms": 105, "is_end": True})
    columns = ["is_double", "since", "until", "amount", "held"]
    found = select(con, "inference/series/holds", columns, interval=None, longest=3)
    assert found == [(False, 0, 105, 22_500, 45_000), (True, 10, 10, None, None)]
    found = select(con, "inference/series/holds", columns, interval=7, longest=3)
    assert found == [(False, 0, 105, 9_500, 19_000), (True, 10, 10, None, None)]


def test_records_at_one_instant_share_it(con):
    intervals(con)
    used(
        con,
        *({"at_ms": t, "value": 1, "record_no": r, "head_no": r} for t in (0, 10) for r in (1, 2)),
    )
    limits = {"interval": None, "longest": 3}
    materialise(con, "series_holds", "inference/series/holds", limits)
    assert con.sql("SELECT bool_or(is_shared) FROM series_holds").fetchall() == [(True,)]
    columns = ["head_no", "since", "until", "held"]
    found = select(con, "inference/series/shared_holds", columns, **limits)
    assert found == [(1, 0, 20, 10_000), (2, 0, 20, 10_000)]


def test_the_records_of_gauges_are_time_held_and_busy(con):
    role(con, {"field": "gpu_ms", "held_field": "gpu_held_ms", "held_factor": 0.5})
    intervals(con)
    used(con, {"at_ms": 0, "value": 0.25}, {"at_ms": 0, "value": 0.25})
    points(con, {"wrong": 6, "at_ms": 5}, {"wrong": 9})
    materialise(con, "series_holds", "inference/series/holds", {"interval": None, "longest": 3})
    columns = ["line", "wrong", "left_out", "model", "requests", "gpu_ms", "gpu_held_ms"]
    found = select(con, "inference/series/gauge_records", columns, wrong=list(WRONG))
    assert sorted([str(value) for value in row] for row in found) == [
        ["1", "None", WRONG[5], "None", "None", "None", "None"],
        ["1", "None", "None", "rank", "0", "2.5", "5"],
        ["2", "None", "duplicate", "None", "None", "None", "None"],
        ["2", "value|negative", "None", "None", "None", "None", "None"],
    ]


SERIES = {"head_no": "UINTEGER", "server": TEXT, "name": TEXT, "labels": "MAP(VARCHAR, VARCHAR)"}


def test_vllms_counters_go_by_server_engine_and_reason(con):
    of = {"model_name": "rank", "engine": "0", "pod": "p", "namespace": "n", "job": "a"}
    rows = [
        ("vllm:prompt_tokens_total", of),
        ("vllm:prompt_tokens_total", {**of, "job": "b"}),
        ("vllm:request_success_total", {**of, "finished_reason": "stop"}),
        ("vllm:request_success_total", {**of, "finished_reason": "error", "node": "i-1"}),
        ("vllm:prefix_cache_hits_total", of),
        ("vllm:gpu_prefix_cache_hits_total", of),
        ("vllm:num_requests_running", of),
    ]
    table(
        con,
        "series_heads",
        SERIES,
        *(
            {"head_no": n, "server": "", "name": name, "labels": labels}
            for n, (name, labels) in enumerate(rows, 1)
        ),
    )
    found = query(con, "inference/vllm/series").project(
        "head_no, field, record.model, record.resource_id, record.status, identity"
    )
    made = sorted(found.fetchall())
    assert [row[:-1] for row in made] == [
        (1, "input_tokens", "rank", "n/p", None),
        (2, "input_tokens", "rank", "n/p", None),
        (3, "requests", "rank", "n/p", None),
        (4, "requests", "rank", "i-1", "error"),
        (5, "input_tokens_cache_read", "rank", "n/p", None),
    ]
    assert made[0][-1] == made[1][-1]


def test_dcgms_series_go_by_gpu_and_instance_with_the_pod_that_holds_them(con):
    of = {"gpu": "0", "UUID": "G", "Hostname": "n1", "modelName": "NVIDIA A100"}
    name = "DCGM_FI_PROF_GR_ENGINE_ACTIVE"
    rows = [
        (name, {**of, "pod": "p", "namespace": "s"}),
        (name, of),
        ("DCGM_FI_DEV_GPU_UTIL", {**of, "GPU_I_ID": "3", "GPU_I_PROFILE": "3g.20gb"}),
        (name, {**of, "Hostname": "n2"}),
        ("DCGM_FI_DEV_FB_USED", of),
    ]
    table(
        con,
        "series_heads",
        SERIES,
        *(
            {"head_no": n, "server": "", "name": name, "labels": labels}
            for n, (name, labels) in enumerate(rows, 1)
        ),
    )
    found = query(con, "inference/dcgm/series", no_pod="(no pod)").project(
        "head_no, record.model, record.resource_id, factor, round(held_factor * 7), is_part"
    )
    assert sorted(found.fetchall()) == [
        (1, "s/p", "n1", 1, 7, False),
        (2, "(no pod)", "n1", 1, 7, False),
        (3, "(no pod)", "n1", None, 3, True),
        (4, "n2", "n2", 1, 7, False),
    ]


def json_lines(con, structure, *documents):
    rows = [
        {"file_no": n, "line": 1, "file": f"{n}.json", "r": json.dumps(document)}
        for n, document in enumerate(documents)
    ]
    table(con, "raw_lines", LINES, *rows)
    con.execute(
        "CREATE OR REPLACE TEMP TABLE log_lines AS "
        "SELECT * REPLACE (from_json(r, $structure) AS r) FROM raw_lines",
        {"structure": json.dumps(structure)},
    )


def test_cloudwatchs_figures_are_joined_to_their_request(con):
    stat = {
        "Metric": {
            "Namespace": "AWS/SageMaker",
            "MetricName": "Invocations",
            "Dimensions": [
                {"Name": "EndpointName", "Value": "e"},
                {"Name": "VariantName", "Value": "v"},
            ],
        },
        "Period": 60,
        "Stat": "Sum",
    }
    result = {"Id": "a", "Timestamps": ["2026-09-01T00:00:00Z"], "Values": [3]}
    json_lines(
        con,
        cloudwatch.FORMAT.structure,
        {"Id": "a", "MetricStat": stat},
        {"MetricDataResults": [result, {**result, "Id": "b"}]},
    )
    found = select(con, "inference/cloudwatch/records", ["file_no", "model", "requests", "wrong"])
    assert found == [
        (1, "e/v", 3, None),
        (1, None, None, "(line)|no request of this Id: keep MetricDataQueries beside the answer"),
    ]


def test_azure_monitors_figures_are_placed_in_their_interval(con):
    point = {"timeStamp": "2026-09-01T00:00:00Z", "total": 5}
    part = {"metadatavalues": [{"name": {"value": "modelname"}, "value": "m"}], "data": [point]}
    metric = {
        "id": "/subscriptions/S/x",
        "name": {"value": "GeneratedTokens"},
        "timeseries": [part],
    }
    json_lines(con, azure_monitor.FORMAT.structure, {"interval": "PT5M", "value": [metric]})
    found = query(con, "inference/azure_monitor/records").project(
        "account_id, model, output_tokens, epoch(ended_at - started_at)"
    )
    assert found.fetchall() == [("s", "m", 5, 300)]
