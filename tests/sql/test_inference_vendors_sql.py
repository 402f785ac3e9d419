"""The SELECTs that make records of the lines of cloud and API vendors' logs, on single lines."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import duckdb
import pytest

from pipelines.inference import azure_openai, bedrock, openai_usage, sagemaker_capture
from pipelines.inference.formats import LogFormat
from pipelines.queries import query, rows_of

Line = Mapping[str, Any]


@pytest.fixture
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        yield connection


def records(
    con: duckdb.DuckDBPyConnection, name: str, format_: LogFormat, *lines: tuple[str, Line]
) -> list[dict[str, Any]]:
    """What `name` makes of lines, given with the name of their file, without what is NULL."""
    texts = [[number, file, json.dumps(line)] for number, (file, line) in enumerate(lines)]
    con.execute("CREATE OR REPLACE TEMP TABLE texts (line BIGINT, file VARCHAR, text VARCHAR)")
    con.executemany("INSERT INTO texts VALUES (?, ?, ?)", texts)
    con.execute("SET VARIABLE structure = $shape", {"shape": json.dumps(format_.structure)})
    con.execute(
        "CREATE OR REPLACE TEMP VIEW log_lines AS SELECT 0 AS file_no, line, file, "
        "from_json(text, getvariable('structure')) AS r, NULL::VARCHAR AS wrong FROM texts"
    )
    found = sorted(rows_of(query(con, name)), key=lambda row: row["line"])
    return [{key: value for key, value in row.items() if value is not None} for row in found]


def test_cached_tokens_are_added_to_the_fresh_ones_and_need_them(con):
    counts = {"cacheReadInputTokenCount": 7, "cacheWriteInputTokenCount": 3}
    lines = [("a", {"input": {"inputTokenCount": 5, **counts}}), ("a", {"input": counts})]
    [whole, part] = records(con, "inference/bedrock/records", bedrock.FORMAT, *lines)
    assert (whole["input_tokens"], whole["input_tokens_cache_read"]) == (15, "7")
    assert "input_tokens" not in part


def test_a_batchs_folder_is_its_job_and_a_bad_count_is_said(con):
    arn = "arn:aws:bedrock:eu-west-1:12:model-invocation-job/kx"
    lines = [
        ("jobs/1.json", {"jobArn": arn, "modelId": "m", "submitTime": "2026-09-05T02:00:00Z"}),
        ("kx/a.jsonl.out", {"recordId": "1", "modelOutput": {"usage": {"inputTokens": "x"}}}),
        ("2026-09-05/kz/a.jsonl.out", {"recordId": "1", "error": {}}),
    ]
    name = "inference/bedrock_batch/records"
    [described, known, unknown] = records(con, name, bedrock.BATCH, *lines)
    assert described["left_out"] == "no batch output"
    assert (known["model"], known["region"], known["account_id"]) == ("m", "eu-west-1", "12")
    assert known["wrong"] == "input_tokens|not a number"
    assert unknown["started_at"] == "2026-09-05T00:00:00Z"
    assert unknown["status"] == "error"
    assert known["request_id"] != unknown["request_id"]


@pytest.mark.parametrize(
    ("file", "model"),
    [
        ("rank/blue/2026/09/05/10/u.jsonl", "rank/blue"),
        ("dest/rank/blue/2026/09/05/10/u.jsonl", "rank/blue"),
        ("blue/2026/09/05/10/u.jsonl", None),
        ("u.jsonl", None),
    ],
)
def test_a_captures_endpoint_and_variant_stand_before_its_hour(con, file, model):
    line = {"eventMetadata": {"eventId": "1"}}
    name = "inference/sagemaker_capture/records"
    [row] = records(con, name, sagemaker_capture.FORMAT, (file, line))
    assert row.get("model") == model
    assert row["request_id"] == "1"


def test_ticks_and_both_spellings_of_the_columns_are_read(con):
    call = json.dumps({"requestTime": 638481757794854611, "modelDeploymentName": "d"})
    small = {"category": "RequestResponse", "correlationId": "c", "properties": call}
    large = {"Category": "RequestResponse", "CorrelationId": "c", "properties_s": call}
    for format_, line in ((azure_openai.FORMAT, small), (azure_openai.LOG_ANALYTICS, large)):
        [row] = records(con, "inference/azure_openai/records", format_, ("PT1H.json", line))
        assert row["started_at"] == "2024-04-08 12:22:59.485461Z"
        assert (row["model_ref"], row["request_id"]) == ("d", "c")
        assert "left_out" not in row


def test_a_gateways_row_keeps_the_models_own_id_of_the_answer(con):
    call = {"requestId": "chatcmpl-1", "modelName": "m", "promptTokens": 4}
    line = {"time": "2026-09-05T10:00:00Z", "properties": call}
    name = "inference/azure_llm_gateway/records"
    [row] = records(con, name, azure_openai.GATEWAY, ("PT1H.json", line))
    assert (row["response_id"], row["input_tokens"]) == ("chatcmpl-1", "4")
    assert "output_tokens" not in row


def test_a_bucket_without_use_belongs_to_the_endpoint_of_its_page(con):
    def bucket(start: int, end: int, *results: Line) -> Line:
        return {"start_time": start, "end_time": end, "results": results}

    use = {"object": "organization.usage.embeddings.result", "num_model_requests": 1}
    narrow = {"data": [bucket(0, 60, use), bucket(60, 120)]}
    lines = [("1", narrow), ("2", {"data": [bucket(0, 120, use)]})]
    found = records(con, "inference/openai_usage/records", openai_usage.FORMAT, *lines)
    assert [row.get("left_out") for row in found] == [None, "filled by narrower buckets"]
