"""LiteLLM: rows of SpendLogs as its database exports them, and logging payloads."""

import json
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
from inference_logs import Read, read_logs, write_csv, write_jsonl, write_text

from pipelines.inference.litellm import FORMAT

TEXT = "where is my parcel, I live at"
PROFILE = "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/x1y2"
USAGE = {
    "prompt_tokens": 1200,
    "completion_tokens": 40,
    "total_tokens": 1240,
    "prompt_tokens_details": {"cached_tokens": 1000, "cache_write_tokens": 50},
    "completion_tokens_details": {"reasoning_tokens": 30},
}


def row(
    number: int = 1, *, metadata: dict[str, Any] | None = None, **fields: Any
) -> dict[str, Any]:
    """A row of the table LiteLLM_SpendLogs as COPY writes it."""
    kept = {
        "user_api_key_alias": "search",
        "user_api_key_team_alias": None,
        "usage_object": USAGE,
        "attempted_retries": 0,
        "status": "success",
    }
    return {
        "request_id": f"chatcmpl-{number:08d}",
        "call_type": "acompletion",
        "api_key": "88dc28d0",
        "spend": 1.25e-05,
        "total_tokens": 1240,
        "prompt_tokens": 1200,
        "completion_tokens": 40,
        "startTime": f"2026-09-05 10:15:{number:02d}.123",
        "endTime": f"2026-09-05 10:16:{number:02d}",
        "model": "openai/gpt-4o-2024-08-06",
        "model_id": "5f2c",
        "model_group": "gpt-4o",
        "custom_llm_provider": "openai",
        "api_base": "https://api.openai.com",
        "user": "default_user_id",
        "metadata": json.dumps(kept | (metadata or {})),
        "cache_hit": "None",
        "request_tags": '["search"]',
        "team_id": "shop-a",
        "end_user": "",
        "messages": json.dumps([{"role": "user", "content": TEXT}]),
        "status": "success",
        "litellm_call_id": f"call-{number}",
    } | fields


def payload(number: int = 1, **fields: Any) -> dict[str, Any]:
    """A StandardLoggingPayload of a Bedrock call."""
    return {
        "id": f"chatcmpl-{number:08d}",
        "trace_id": f"trace-{number}",
        "litellm_call_id": f"call-{number}",
        "call_type": "acompletion",
        "stream": False,
        "response_cost": 0.00225,
        "status": "success",
        "custom_llm_provider": "bedrock",
        "total_tokens": 1240,
        "prompt_tokens": 1200,
        "completion_tokens": 40,
        "startTime": 1788603300.28466 + number,
        "endTime": 1788603302.07935 + number,
        "response_time": 1.7947,
        "model": "bedrock/converse/us.anthropic.claude-3-5-sonnet-20240620-v1:0",
        "model_group": "claude",
        "api_base": "https://bedrock-runtime.us-east-1.amazonaws.com/model/x/converse",
        "metadata": {
            "user_api_key_alias": "customer-service",
            "user_api_key_team_id": "t-1",
            "user_api_key_team_alias": "shop-b",
            "usage_object": USAGE,
        },
        "cache_hit": None,
        "messages": [{"role": "user", "content": TEXT}],
        "response": {"choices": [{"message": {"content": TEXT}}]},
        "error_information": None,
        "cost_breakdown": {"total_cost": 0.00225, "service_tier": "flex"},
        "hidden_params": {
            "additional_headers": {
                "x_ratelimit_limit_requests": 10,
                "llm_provider-x-amzn-requestid": f"915a6a04-0000-0000-0000-{number:012d}",
            },
            "usage_object": None,
        },
    } | fields


def failed(number: int, code: str, **fields: Any) -> dict[str, Any]:
    """A failed attempt: LiteLLM gives it the id of the call, and zeros for its tokens."""
    error = {"error_code": code, "error_class": "RateLimitError", "error_message": TEXT}
    return payload(
        number,
        id="call-7",
        status="failure",
        response_cost=0.0,
        prompt_tokens=0,
        completion_tokens=0,
        error_information=error,
        metadata={"usage_object": {}},
    ) | {**fields}


def read(tmp_path: Path, *lines: dict[str, Any]) -> Read:
    return read_logs(tmp_path, write_jsonl(tmp_path / "calls.jsonl", lines), format=FORMAT)


def seen(found: dict[str, Any], told: dict[str, Any]) -> dict[str, Any]:
    return {name: found[name] for name in told}


def as_parquet(path: Path, rows: list[dict[str, Any]]) -> Path:
    """As a warehouse exports the table: real timestamps and numbers, JSON as text."""
    write_csv(path.with_suffix(".csv"), rows)
    with duckdb.connect() as con:
        con.sql(
            "SELECT * REPLACE (startTime::TIMESTAMP AS startTime, spend::DOUBLE AS spend) "
            "FROM read_csv($path, all_varchar = true)",
            params={"path": str(path.with_suffix(".csv"))},
        ).write_parquet(str(path))
    return path


@pytest.mark.parametrize("kind", ["csv", "csv.gz", "parquet", "jsonl"])
def test_a_row_of_spend_logs_is_the_same_call_in_every_kind_of_export(tmp_path, kind):
    path = tmp_path / f"spend.{kind}"
    if kind == "parquet":
        as_parquet(path, [row()])
    elif kind == "jsonl":
        write_jsonl(path, [row(metadata={}) | {"metadata": json.loads(row()["metadata"])}])
    else:
        write_csv(path, [row()])
    [found] = read_logs(tmp_path, path, format=FORMAT).usage.to_dicts()
    told = {
        "hour": datetime(2026, 9, 5, 10),
        "provider": "openai",
        "model": "gpt-4o-2024-08-06",
        "operation": "chat",
        "tenant": "shop-a",
        "use_case": "search",
        "status": "ok",
        "requests": 1,
        "input_tokens": 1200,
        "input_tokens_cache_read": 1000,
        "input_tokens_cache_write": 50,
        "output_tokens": 40,
        "output_tokens_reasoning": 30,
        "reported_cost": Decimal("0.0000125"),
        "reported_currency": "USD",
    }
    assert seen(found, told) == told
    assert "parcel" not in str(found)


@pytest.mark.parametrize("indent", [None, 4], ids=["line", "document"])
def test_a_payload_tells_the_provider_s_names_and_the_team(tmp_path, indent):
    log = write_text(tmp_path / "2026-09-05/time-1.json", json.dumps(payload(), indent=indent))
    [found] = read_logs(tmp_path, log, format=FORMAT).usage.to_dicts()
    told = {
        "hour": datetime(2026, 9, 5, 10),
        "provider": "aws",
        "region": "us-east-1",
        "model": "us.anthropic.claude-3-5-sonnet-20240620-v1:0",
        "tenant": "shop-b",
        "use_case": "customer-service",
        "service_tier": "flex",
        "input_tokens": 1200,
        "output_tokens": 40,
        "reported_cost": Decimal("0.00225"),
    }
    assert seen(found, told) == told
    assert "parcel" not in str(found)


def test_every_attempt_is_a_request_of_its_own_and_one_delivered_twice_is_not(tmp_path):
    found = read(
        tmp_path,
        failed(1, "429"),
        failed(2, "500", startTime=1788603390.5),
        failed(2, "500", startTime=1788603390.5),  # delivered again
        payload(3),
    )
    by_status = {r["status"]: (r["requests"], r["input_tokens"]) for r in found.usage.to_dicts()}
    assert by_status == {"throttled": (1, None), "500": (1, None), "ok": (1, 1200)}
    assert found.files["duplicates"].to_list() == [1]


def test_a_hit_of_the_gateway_s_cache_is_kept_as_one(tmp_path):
    hit = row(2, request_id="chatcmpl-00000001_cache_hit1788603361.5", cache_hit="True", spend=0)
    streamed = row(3, request_id="chatcmpl-00000001_cache_hit1788603362.5", cache_hit="False")
    log = write_csv(tmp_path / "spend.csv", [row(1), hit, streamed])
    found = read_logs(tmp_path, log, format=FORMAT)
    assert {r["status"]: r["requests"] for r in found.usage.to_dicts()} == {"ok": 1, "cache_hit": 2}


def test_what_called_no_model_is_left_out(tmp_path):
    free = {"prompt_tokens": 0, "completion_tokens": 0, "response_cost": 0}
    log = [
        payload(1),
        payload(2, call_type="call_mcp_tool", model="MCP: orders", **free),
        payload(3, call_type="acreate_batch", model="", **free),
        payload(4, call_type="aget_responses", **free),
        payload(5, call_type="afile_content", **free),
        failed(6, "401", model="unknown-model", custom_llm_provider=""),
        payload(7, call_type="anthropic_messages"),
        payload(8, call_type="aretrieve_batch", id="batch_1_batch_cost"),  # this one is the cost
    ]
    found = read(tmp_path, *log)
    assert found.files.select("records", "requests", "left_out").rows() == [(8, 3, 5)]
    assert {(r["operation"], r["is_batch"]) for r in found.usage.to_dicts()} == {
        ("chat", False),
        ("aretrieve_batch", True),
    }


def test_providers_and_models_go_by_the_words_the_bill_knows(tmp_path):
    named = [
        (("bedrock", "bedrock/us-east-1/anthropic.claude-v2:1"), ("aws", "anthropic.claude-v2:1")),
        (("bedrock", PROFILE), ("aws", PROFILE)),
        (("azure", "azure/search-rank"), ("azure", "search-rank")),
        (("vertex_ai", "vertex_ai/gemini-2.5-pro"), ("gcp", "gemini-2.5-pro")),
        (("gemini", "gemini-2.5-flash"), ("gcp", "gemini-2.5-flash")),
        (("hosted_vllm", "hosted_vllm/meta-llama/Llama-3-8B"), ("", "meta-llama/Llama-3-8B")),
        (("dashscope", "dashscope/qwen-max"), ("alibaba", "qwen-max")),
        (("cohere_chat", "command-r"), ("cohere", "command-r")),
        (("mistral", "mistral/mistral-large"), ("mistral", "mistral-large")),
    ]
    calls = [
        payload(number, custom_llm_provider=provider, model=model)
        for number, ((provider, model), _) in enumerate(named)
    ]
    found = read(tmp_path, *calls).usage.select("provider", "model").rows()
    assert sorted(found) == sorted(told for _, told in named)


def test_a_call_without_usage_is_not_measured_and_one_of_zero_tokens_is(tmp_path):
    zeros = {"prompt_tokens": 0, "completion_tokens": 0}
    image = {"usage_object": {"output_image_count": 2}}
    found = read(
        tmp_path,
        payload(1, **zeros, call_type="aimage_generation", metadata=image),
        payload(2, **zeros, metadata={"usage_object": zeros}, call_type="aembedding"),
    )
    rows = {r["operation"]: (r["images"], r["input_tokens"]) for r in found.usage.to_dicts()}
    assert rows == {"image_generation": (2, None), "embeddings": (None, 0)}


def test_lines_that_are_no_calls_are_rejected_by_field(tmp_path):
    log = write_text(
        tmp_path / "calls.jsonl",
        "\n".join(
            [
                json.dumps(payload(1)),
                '{"id": "cut off',
                json.dumps(payload(2, startTime="soon")),
                json.dumps(payload(3, prompt_tokens="many")),
                json.dumps(payload(4, model="")),
                json.dumps(payload(5)),
            ]
        ),
    )
    found = read_logs(tmp_path, log, format=FORMAT)
    assert found.bad_lines() == [
        ("calls.jsonl", 2, "(line)", "not JSON"),
        ("calls.jsonl", 3, "started_at", "not a time"),
        ("calls.jsonl", 4, "input_tokens", "not a number"),
        ("calls.jsonl", 5, "model", "missing"),
    ]
    assert found.total("requests") == 2
