"""Public request traces, each read by a mapping file, against their published totals."""

from datetime import datetime
from pathlib import Path

import polars as pl

from pipelines.inference.mapped import mapped_format
from pipelines.inference.sources import LogInput
from tests.pipelines.inference_logs import Read, local, read_sources


def read_trace(shared_data: Path, work: Path, name: str, mapping: str, *window: datetime) -> Read:
    root = shared_data / "traces"
    source = LogInput(
        "trace", None, (), [local(root / name, root)], format=mapped_format(mapping, "trace.toml")
    )
    return read_sources([source], work, window)


def test_the_conversations_of_the_azure_trace(shared_data, tmp_path):
    mapping = """
    [fields]
    started_at = "TIMESTAMP"
    input_tokens = "ContextTokens"
    output_tokens = "GeneratedTokens"
    [constants]
    model = "conversation"
    provider = "azure"
    [reading]
    timezone = "UTC"
    """
    name = "azure_llm_2023_conv.csv.gz"
    day = (datetime(2023, 11, 16), datetime(2023, 11, 17))
    read = read_trace(shared_data, tmp_path, name, mapping, *day)
    assert read.counts()[name] == (19_366, 19_366, 0, 0, 0)
    assert read.total("requests") == 19_366
    assert read.total("input_tokens") == 22_361_870
    assert read.total("output_tokens") == 4_088_665
    assert read.files["first_at"].to_list() == [datetime(2023, 11, 16, 18, 15, 46, 680590)]
    assert read.files["last_at"].to_list() == [datetime(2023, 11, 16, 19, 14, 8, 402527)]


def test_the_conversations_of_mooncake_count_from_the_trace_s_start(shared_data, tmp_path):
    mapping = """
    [fields]
    started_at = "timestamp"
    input_tokens = "input_length"
    output_tokens = "output_length"
    [constants]
    model = "kimi"
    [reading]
    origin = 2026-09-01T00:00:00Z
    origin_unit = "ms"
    """
    name = "mooncake_conversation.jsonl.gz"
    day = (datetime(2026, 9, 1), datetime(2026, 9, 2))
    read = read_trace(shared_data, tmp_path, name, mapping, *day)
    assert read.counts()[name] == (12_031, 12_031, 0, 0, 0)
    assert read.total("input_tokens") == 144_793_823
    assert read.total("output_tokens") == 4_122_048
    assert read.files["last_at"].to_list() == [datetime(2026, 9, 1, 0, 58, 56, 999000)]


def test_the_diffusion_service_with_77_versions(shared_data, tmp_path):
    mapping = """
    [fields]
    started_at = "gmt_create"
    model_version = "checkpoint_model_version_id"
    tenant = "groupId"
    operation = "predict_type"
    status = "predict_status"
    gpu_ms = "exec_time_seconds"
    images = "num_images_per_prompt"
    [scale]
    gpu_ms = 1000
    [constants]
    model = "diffusion"
    [words.status]
    SUCCEED = "ok"
    [reading]
    dates = "%Y-%m-%d %H:%M:%S"
    timezone = "UTC"
    """
    name = "alibaba_genai_2026_requests.csv.gz"
    window = (datetime(2024, 11, 1), datetime(2024, 12, 2))
    read = read_trace(shared_data, tmp_path, name, mapping, *window)
    assert read.counts()[name] == (15_630, 15_630, 0, 0, 0)
    assert read.total("requests") == 15_630
    assert read.total("gpu_microseconds") == 415_988 * 10**6
    assert read.total("images") == 41_472
    seconds = pl.col("gpu_microseconds").sum() // 10**6
    by_status = read.usage.group_by("status").agg(
        pl.col("requests").sum(), seconds, pl.col("images").sum()
    )
    assert sorted(by_status.rows()) == [
        ("failed", 253, 3_480, 536),
        ("ok", 15_362, 412_508, 40_936),
        ("pending", 15, 0, 0),
    ]
    # What never ran made no images: not measured, rather than none.
    assert read.usage.filter(pl.col("status") == "pending")["images"].null_count() > 0
    versions = read.usage.group_by("model_version").agg(pl.col("requests").sum(), seconds)
    assert set(versions["model_version"]) >= {"", "M0002"}
    assert versions.height == 77 + 1  # PENDING has none
    assert versions.sort("requests", descending=True).head(5).rows() == [
        ("M0002", 4_755, 89_643),
        ("M0001", 2_045, 88_624),
        ("M0004", 1_494, 31_795),
        ("M0010", 1_236, 25_068),
        ("M0003", 961, 59_696),
    ]
    assert read.usage["tenant"].n_unique() == 2_657


EXPECTED_VALUES = """
[fields]
started_at = "window_start_s"
ended_at = { instant = "window_start_s", plus = { constant = 600 } }
model = "model"
tenant = "client_id"
requests = "requests"
input_tokens = { product = ["requests", "mean_input_tokens"] }
output_tokens = { product = ["requests", "mean_output_tokens"] }
{reasoning}
[constants]
grain = "bucket"
[reading]
origin = 2026-09-01T00:00:00Z
fractions = "carry"
"""


def test_expected_values_of_a_reasoning_model_add_up_to_a_half(shared_data, tmp_path):
    reasoning = (
        "output_tokens_reasoning = "
        '{ product = ["requests", "mean_output_tokens", "mean_reason_ratio"] }'
    )
    name = "servegen_2025_deepseek_r1.parquet"
    read = read_trace(
        shared_data,
        tmp_path,
        name,
        EXPECTED_VALUES.replace("{reasoning}", reasoning),
        datetime(2026, 9, 1),
        datetime(2026, 9, 3),
    )
    assert read.counts()[name] == (3_111, 3_111, 0, 0, 0)
    # Published: 1,383,669; 1,754,837,732.5; 2,113,442,998.2; about 1,571,078,770.8.
    assert read.total("requests") == 1_383_669
    assert read.total("input_tokens") == 1_754_837_733  # 1,754,837,732.514
    assert read.total("output_tokens") == 2_113_442_998
    assert read.total("output_tokens_reasoning") == 1_571_078_771
    assert set(read.usage["grain"]) == {"bucket"}
    assert read.usage["tenant"].n_unique() == 73


def test_fourteen_days_of_expected_values_add_up_to_a_half(shared_data, tmp_path):
    name = "servegen_2025_m_large.parquet"
    read = read_trace(
        shared_data,
        tmp_path,
        name,
        EXPECTED_VALUES.replace("{reasoning}", ""),
        datetime(2026, 9, 1),
        datetime(2026, 9, 16),
    )
    assert read.counts()[name] == (72_007, 72_007, 0, 0, 0)
    assert read.total("requests") == 148_588_305
    assert read.total("input_tokens") == 135_851_014_302
    assert read.total("output_tokens") == 23_044_936_527
    by_client = read.usage.group_by("tenant").agg(pl.col("requests").sum())
    assert by_client.height == 147
    of_61 = by_client.filter(pl.col("tenant") == "61")["requests"].item()
    assert 0.255 < of_61 / 148_588_305 < 0.265
