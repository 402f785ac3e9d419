"""Amazon Bedrock's invocation log and batch outputs, from payloads as its manual shows them."""

import json
from typing import Any

import pytest
from inference_logs import local, read_logs, read_sources, write_jsonl, write_text

from pipelines.inference.bedrock import BATCH, FORMAT, takes_batch, takes_log
from pipelines.inference.sources import LogInput

LOGS = "AWSLogs/123456789012/BedrockModelInvocationLogs/us-east-1/2026/09/01/23"
PROFILE = "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/x1y2"


def call(**fields: Any) -> dict[str, Any]:
    """The manual's example of a Converse call, with a cached prompt."""
    return {
        "schemaType": "ModelInvocationLog",
        "schemaVersion": "1.0",
        "timestamp": "2026-09-01T23:00:17Z",
        "accountId": "123456789012",
        "identity": {"arn": "arn:aws:sts::123456789012:assumed-role/search/i-0abc"},
        "region": "us-east-1",
        "inferenceRegion": "us-west-2",
        "requestId": "915a6a04-3f83-4c70-a277-7fbf7ea546b3",
        "operation": "Converse",
        "modelId": "anthropic.claude-3-haiku-20240307-v1:0",
        "input": {
            "inputContentType": "application/json",
            "inputBodyJson": {"messages": [{"role": "user", "content": [{"text": "a secret"}]}]},
            "inputTokenCount": 35,
            "cacheReadInputTokenCount": 1024,
            "cacheWriteInputTokenCount": 0,
        },
        "output": {
            "outputContentType": "application/json",
            "outputBodyJson": {"metrics": {"latencyMs": 3640}, "usage": {"outputTokens": 446}},
            "outputTokenCount": 446,
        },
        "requestMetadata": {"traceId": "b956002a", "tenant": "shop-a", "useCase": "search"},
    } | fields


def test_a_call_keeps_who_what_and_all_its_tokens_and_nothing_of_its_text(tmp_path):
    log = write_jsonl(tmp_path / LOGS / "20260901T230017000Z_ab.json.gz", [call()])
    read = read_logs(tmp_path, log, format=FORMAT)
    [row] = read.usage.to_dicts()
    told = {
        "provider": "aws",
        "account_id": "123456789012",
        "region": "us-east-1",
        "model": "anthropic.claude-3-haiku-20240307-v1:0",
        "resource_id": "",
        "operation": "Converse",
        "tenant": "shop-a",
        "use_case": "search",
        "status": "ok",
        "requests": 1,
        "input_tokens": 1059,
        "input_tokens_cache_read": 1024,
        "input_tokens_cache_write": 0,
        "output_tokens": 446,
        "output_tokens_reasoning": None,
    }
    assert {name: row[name] for name in told} == told
    assert "secret" not in str(row)


def test_each_kind_of_call_is_counted_as_it_is_billed(tmp_path):
    throttled = {"errorCode": "ThrottlingException", "input": None, "output": None}
    calls = [
        call(requestId="1", modelId=PROFILE),
        call(requestId="2", modelId="us.anthropic.claude-sonnet-4-v1:0"),
        call(requestId="3", **throttled),
        call(requestId="4", errorCode="ModelTimeoutException", output=None),
        call(requestId="5", performanceConfig={"latency": "optimized"}),
        call(requestId="6", performanceConfig={"latency": "standard"}),
        call(requestId="5", performanceConfig={"latency": "optimized"}),  # delivered again
        call(requestId="5", region="eu-west-1"),  # another region's request
        call(requestId="7", input={"inputTokenCount": 8}),
        call(requestId="8", input={"inputTokenCount": "many"}),
        call(requestId="9", input={"inputTokenCount": -1}),
        call(requestId="10", timestamp="yesterday"),
        call(requestId="11", modelId=None),
    ]
    log = write_jsonl(tmp_path / "x.json.gz", calls)
    read = read_logs(tmp_path, log, format=FORMAT)
    kinds = ("model", "resource_id", "status", "service_tier", "region", "input_tokens")
    haiku = "anthropic.claude-3-haiku-20240307-v1:0"
    assert sorted(read.usage.select(kinds).rows(), key=str) == sorted(
        [
            (PROFILE, PROFILE, "ok", "", "us-east-1", 1059),
            ("us.anthropic.claude-sonnet-4-v1:0", "", "ok", "", "us-east-1", 1059),
            (haiku, "", "throttled", "", "us-east-1", None),
            (haiku, "", "modeltimeoutexception", "", "us-east-1", 1059),
            (haiku, "", "ok", "optimized", "us-east-1", 1059),
            (haiku, "", "ok", "", "us-east-1", 1059 + 8),
            (haiku, "", "ok", "", "eu-west-1", 1059),
        ],
        key=str,
    )
    assert read.bad_lines() == [
        ("x.json.gz", 10, "input_tokens", "not a number"),
        ("x.json.gz", 11, "input_tokens", "negative"),
        ("x.json.gz", 12, "started_at", "not a time"),
        ("x.json.gz", 13, "model", "missing"),
    ]
    assert read.fates() == {"x.json.gz": (13, 8, 1, 0, 4)}


@pytest.mark.parametrize(
    ("name", "is_taken"),
    [
        (f"{LOGS}/20260901T230017000Z_ab12.json.gz", True),
        (f"{LOGS}/data/915a6a04_input.json.gz", False),
        (f"{LOGS}/amazon-bedrock-logs-permission-check", False),
    ],
)
def test_bodies_that_lie_apart_are_no_logs(name, is_taken):
    assert takes_log(name) is is_taken


CONVERSE = {"inputTokens": 5, "outputTokens": 2, "cacheReadInputTokens": 7, "totalTokens": 14}
ANTHROPIC = {"input_tokens": 5, "output_tokens": 2, "cache_creation_input_tokens": 3}
OPENAI = {
    "prompt_tokens": 9,
    "completion_tokens": 6,
    "prompt_tokens_details": {"cached_tokens": 4},
    "completion_tokens_details": {"reasoning_tokens": 1},
}
ANSWERS: dict[str, tuple[dict[str, Any], tuple[int | None, ...]]] = {
    "converse": ({"modelOutput": {"usage": CONVERSE}}, (12, 7, None, 2, None)),
    "anthropic": ({"modelOutput": {"id": "msg_1", "usage": ANTHROPIC}}, (8, None, 3, 2, None)),
    "openai": ({"modelOutput": {"usage": OPENAI}}, (9, 4, None, 6, 1)),
    "titan": (
        {"modelOutput": {"inputTextTokenCount": 8, "results": [{"tokenCount": 3}]}},
        (8, None, None, 3, None),
    ),
    "llama": (
        {"modelOutput": {"prompt_token_count": 4, "generation_token_count": 5}},
        (4, None, None, 5, None),
    ),
    "embedding": (
        {"modelOutput": {"embedding": [0.1], "inputTextTokenCount": 6}},
        (6, None, None, None, None),
    ),
    "pictures": ({"modelOutput": {"images": ["aGk="]}}, (None,) * 5),
}


def output(number: int | str, **fields: Any) -> dict[str, Any]:
    return {"recordId": str(number), "modelInput": {"prompt": "a secret"}, **fields}


def job(job_id: str, model: str, submitted: str) -> dict[str, Any]:
    arn = f"arn:aws:bedrock:us-east-1:123456789012:model-invocation-job/{job_id}"
    return {"jobArn": arn, "jobName": job_id, "modelId": model, "submitTime": submitted}


def test_a_batch_is_dated_and_named_by_the_description_of_its_job(tmp_path):
    described = job("kxa1", "meta.llama4-v1:0", "2026-09-05T02:10:11.123000+00:00")
    listed = {"invocationJobSummaries": [described, job("kxb2", PROFILE, "2026-09-06T00:00:00Z")]}
    files = [
        write_text(tmp_path / "jobs.json", json.dumps(listed, indent=2)),
        write_jsonl(
            tmp_path / "out/kxa1/a.jsonl.out",
            [
                output(1, modelOutput={"usage": CONVERSE}),
                output(2, error={"errorCode": 400, "errorMessage": "a secret"}),
                output(1, modelOutput={"usage": CONVERSE}),
            ],
        ),
        write_jsonl(tmp_path / "out/kxb2/a.jsonl.out", [output(1, modelOutput={})]),
    ]
    read = read_logs(tmp_path, *files, format=BATCH)
    kinds = ("hour", "model", "resource_id", "account_id", "is_batch", "status", "input_tokens")
    hours = sorted((str(row[0]), *row[1:]) for row in read.usage.select(kinds).rows())
    five, six = "2026-09-05 02:00:00", "2026-09-06 00:00:00"
    assert hours == [
        (five, "meta.llama4-v1:0", "", "123456789012", True, "400", None),
        (five, "meta.llama4-v1:0", "", "123456789012", True, "ok", 12),
        (six, PROFILE, PROFILE, "123456789012", True, "ok", None),
    ]
    records, kept, doubles, left_out, rejects = (
        sum(row[i] for row in read.fates().values()) for i in range(5)
    )
    assert (records, kept, doubles, left_out, rejects) == (5, 3, 1, 1, 0)


def test_without_a_description_the_path_dates_a_batch_and_the_source_names_its_model(tmp_path):
    outputs = [output(name, **answer) for name, (answer, _) in ANSWERS.items()]
    dated = write_jsonl(tmp_path / "nightly/2026/09/07/05/kx/a.jsonl.out", outputs)
    undated = write_jsonl(tmp_path / "kx9/a.jsonl.out", outputs[:1])
    source = LogInput(
        "batch",
        None,
        [],
        [local(path, tmp_path) for path in (dated, undated)],
        format=BATCH,
        defaults={"model": "llama"},
    )
    read = read_sources([source], tmp_path / "work")
    [row] = read.usage.to_dicts()
    assert str(row["hour"]) == "2026-09-07 05:00:00"
    tokens = ("input_tokens", "input_tokens_cache_read", "input_tokens_cache_write")
    tokens += ("output_tokens", "output_tokens_reasoning")
    expected = [sum(told[i] or 0 for _, told in ANSWERS.values()) for i in range(len(tokens))]
    assert [row[name] for name in tokens] == expected
    assert row["requests"] == len(ANSWERS)
    assert read.bad_lines() == [("kx9/a.jsonl.out", 1, "started_at", "missing")]


def test_of_a_job_its_outputs_are_taken_and_not_its_totals():
    names = ("out/kx/a.jsonl.out", "out/kx/a.jsonl.out.gz", "jobs/kx.json", "out/kx/x.jsonl")
    assert [takes_batch(name) for name in names] == [True, True, True, False]
    assert not takes_batch("out/kx/manifest.json.out")
