"""Time series of any source, by a mapping file; the shipped mapping for Triton."""

import shutil
from datetime import datetime

import polars as pl
import pytest

from pipelines.errors import LogUnreadable, SettingsInvalid
from pipelines.inference.mapped import mapped_format, shipped_text
from tests.pipelines.inference_logs import read_logs, write_csv, write_jsonl, write_text
from tests.pipelines.metric_series import MONTH_START, at, sample

DUTY = """
kind = "gauges"
[table]
metric = "metric"
time = "timestamp_s"
value = "value"
[metrics]
gpu_duty_cycle = { field = "gpu_ms", scale = 0.01, held = "gpu_held_ms", highest = 100 }
[labels]
resource_id = "container_ip"
[constants]
model = "diffusion"
[reading]
interval = 57
"""
LOADS = """
kind = "amounts"
[table]
metric = "metric"
time = "timestamp_s"
value = "value"
[metrics]
basemodel_update_ms = { field = "gpu_ms", operation = "load base model" }
lora_update_ms = { field = "gpu_ms", operation = "load adapter" }
controlnet_update_ms = { field = "gpu_ms", operation = "load controlnet" }
[labels]
resource_id = "container_ip"
[constants]
model = "diffusion"
[reading]
interval = 57
"""


def test_triton_counts_the_requests_of_each_version(tmp_path):
    def scrape(minute, ok, failed, model="dlrm", version="12"):
        of = {"model": model, "version": version, "namespace": "rec", "pod": "triton-0"}
        time = at(minute)
        return [
            sample("nv_inference_request_success", of, ok, time),
            sample("nv_inference_request_failure", of, failed, time),
            sample("nv_inference_count", of, 8 * ok, time),
            sample("nv_inference_compute_infer_duration_us", of, 80_000 * ok, time),
        ]

    path = write_text(
        tmp_path / "m.prom",
        "\n".join(
            [
                *scrape(1, 10, 0),
                *scrape(2, 73_110, 4),
                *scrape(3, 5, 0),
                *scrape(1, 7, 0, version="13"),
                *scrape(3, 9, 0, version="13"),
            ]
        ),
    )
    found = read_logs(tmp_path, path, format=mapped_format(shipped_text("triton"), "triton"))
    columns = ("model", "model_version", "resource_id", "status", "requests", "gpu_microseconds")
    assert found.usage.select(columns).rows() == [
        ("dlrm", "12", "rec/triton-0", "error", 4, None),
        ("dlrm", "12", "rec/triton-0", "ok", 73_105, None),
        ("dlrm", "13", "rec/triton-0", "error", 0, None),
        ("dlrm", "13", "rec/triton-0", "ok", 2, None),
    ]


def test_the_duty_cycle_of_a_real_cluster_is_nine_tenths_idle(tmp_path, shared_data):
    trace = tmp_path / "infra.parquet"
    shutil.copy(shared_data / "traces/alibaba_genai_2026_infra.parquet", trace)
    window = (datetime(2022, 9, 1), datetime(2022, 10, 1))
    duty = read_logs(tmp_path, trace, format=mapped_format(DUTY, "duty.toml"), window=window)
    hour = 3600 * 10**6
    assert duty.total("gpu_held_microseconds") == 102_410 * 57 * 10**6
    assert round(duty.total("gpu_held_microseconds") / hour, 3) == 1_621.492
    assert round(duty.total("gpu_microseconds") / hour, 3) == 160.976
    assert duty.usage["resource_id"].n_unique() == 124
    assert duty.bad_lines() == []

    loads = read_logs(tmp_path, trace, format=mapped_format(LOADS, "loads.toml"), window=window)
    by_kind = loads.usage.group_by("operation").agg(
        pl.col("gpu_microseconds").sum(), pl.col("resource_id").n_unique()
    )
    # 163,790,600.583, 134,382,113.083 and 118,172,615.5 ms: samples rounded to a microsecond each.
    assert [(kind, round(us / 1000, 0), n) for kind, us, n in sorted(by_kind.rows())] == [
        ("load adapter", 118_172_615, 119),
        ("load base model", 163_790_601, 120),
        ("load controlnet", 134_382_113, 98),
    ]


@pytest.mark.parametrize("kind", ["csv", "jsonl"])
def test_a_table_of_samples_is_read_in_any_form_and_its_bad_rows_are_said(tmp_path, kind):
    row = {"metric": "gpu_duty_cycle", "container_ip": "10.0.0.7", "pod": "x"}
    rows = [
        {**row, "timestamp_s": MONTH_START, "value": "50"},
        {**row, "timestamp_s": "2026-09-01T00:00:57Z", "value": "100"},
        {**row, "timestamp_s": "2026-09-01 02:01:54+02:00", "value": ""},
        {**row, "timestamp_s": "2026-09-01 00:02:51", "value": "10"},
        {**row, "timestamp_s": "noon", "value": "10"},
        {**row, "timestamp_s": MONTH_START + 228, "value": "101.5"},
        {**row, "timestamp_s": MONTH_START + 285, "value": "10", "metric": "fan_speed"},
    ]
    path = tmp_path / f"samples.{kind}"
    (write_csv if kind == "csv" else write_jsonl)(path, rows)
    found = read_logs(tmp_path, path, format=mapped_format(DUTY, "duty.toml"))
    assert found.total("gpu_microseconds") == 57 * 1_500_000
    assert found.total("gpu_held_microseconds") == 57 * 2_000_000
    first = 2 if kind == "csv" else 1
    assert found.bad_lines() == [
        (path.name, first + 3, "started_at", "no time zone"),
        (path.name, first + 4, "started_at", "not a time"),
        (path.name, first + 5, "value", "above the highest there can be"),
    ]


def test_counters_take_scale_statuses_and_constants_from_the_mapping(tmp_path):
    mapping = """
    kind = "counters"
    [metrics]
    requests_total = "requests"
    busy_seconds_total = { field = "gpu_ms", scale = 1000 }
    "tokens.out" = { field = "output_tokens", scale = 0.5 }
    [labels]
    model = ["lora", { concat = ["family", "size"], with = "-" }]
    resource_id = "instance"
    [constants]
    provider = "aws"
    use_case = "search"
    """
    of = {"family": "rank", "size": "7b", "instance": "i-1"}
    lines = [
        sample("requests_total", of, 1, at(1)),
        sample("requests_total", of, 4, at(2)),
        sample("busy_seconds_total", of, 0.25, at(1)),
        sample("busy_seconds_total", of, 9.5, at(2)),
        sample("requests_total", {**of, "lora": "fr"}, 4, at(1)),
        sample("requests_total", {**of, "lora": "fr"}, 6, at(2)),
        f'{{"tokens.out", family="rank", size="7b", instance="i-1"}} 10 {at(1)}',
        f'{{"tokens.out", family="rank", size="7b", instance="i-1"}} 31 {at(2)}',
    ]
    path = write_text(tmp_path / "m.prom", "\n".join(lines))
    found = read_logs(tmp_path, path, format=mapped_format(mapping, "own.toml"))
    columns = ("model", "provider", "use_case", "requests", "gpu_microseconds", "output_tokens")
    assert found.usage.select(columns).rows() == [
        ("fr", "aws", "search", 2, None, None),
        ("rank-7b", "aws", "search", 3, 9_250_000, 11),
    ]


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (('model = "diffusion"', ""), "model is missing: name its label under [labels], or the"),
        (('"gpu_ms"', '"requests"'), "metrics.gpu_duty_cycle: requests is counted; a gauge is one"),
        (('resource_id = "', 'resource = "'), "the nearest is 'resource_id'"),
        (("interval = 57", "interval = 0"), "reading.interval"),
        (('"gauges"', '"amounts"'), 'held is for kind = "gauges"'),
    ],
)
def test_a_mapping_that_cannot_be_meant_is_refused(change, text):
    with pytest.raises(SettingsInvalid) as error:
        mapped_format(DUTY.replace(*change), "duty.toml")
    assert text in str(error.value)


def test_a_table_without_a_column_of_the_mapping_is_refused(tmp_path):
    path = write_csv(tmp_path / "a.csv", [{"metric": "x", "timestamp": 1, "value": 2}])
    with pytest.raises(LogUnreadable) as error:
        read_logs(tmp_path, path, format=mapped_format(DUTY, "duty.toml"))
    assert "no column 'timestamp_s', which [table] of duty.toml names" in str(error.value)
