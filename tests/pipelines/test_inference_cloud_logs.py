"""SageMaker data capture, Azure OpenAI's diagnostic log and API Management's log of tokens."""

import base64
import json
from typing import Any

from inference_logs import (
    local,
    read_logs,
    read_sources,
    record,
    write_csv,
    write_jsonl,
    write_text,
)

from pipelines.inference.azure_openai import (
    FORMAT,
    GATEWAY,
    GATEWAY_LOG_ANALYTICS,
    LOG_ANALYTICS,
)
from pipelines.inference.sagemaker_capture import FORMAT as CAPTURE
from pipelines.inference.sources import LogInput

HOUR = "Search-Rank/blue/2026/09/05/10"
ANSWER = {
    "id": "chatcmpl-1",
    "choices": [{"message": {"content": "a secret"}}],
    "usage": {"prompt_tokens": 12, "completion_tokens": 30},
}


def captured(data: str, encoding: str = "JSON", event: str = "e4378ff2") -> dict[str, Any]:
    """The manual's example of a captured call."""
    side = {"observedContentType": "application/json"}
    return {
        "captureData": {
            "endpointInput": {**side, "mode": "INPUT", "data": "a secret", "encoding": "JSON"},
            "endpointOutput": {**side, "mode": "OUTPUT", "data": data, "encoding": encoding},
        },
        "eventMetadata": {"eventId": event, "inferenceTime": "2026-09-05T10:03:18Z"},
        "eventVersion": "0",
    }


def test_a_captured_call_is_its_variants_and_stands_for_those_that_were_not_captured(tmp_path):
    answer = json.dumps(ANSWER)
    in_base64 = base64.b64encode(answer.encode()).decode()
    lines = [
        captured(answer, event="1"),
        captured(in_base64, "BASE64", event="2"),
        captured("0.25,0.5", "CSV", event="3"),
        captured("#", "BASE64", event="4"),
        captured("[1]", event="5"),
        captured("{cut off", event="6"),
        captured(answer, event="1"),
    ]
    files = [
        write_jsonl(tmp_path / f"capture/{HOUR}/u.jsonl", lines),
        write_jsonl(tmp_path / "elsewhere/u.jsonl", lines[:1]),
    ]
    defaults = {"sample_rate": "0.1", "region": "us-east-1"}
    read = read_logs(tmp_path, *files, format=CAPTURE, defaults=defaults)
    [row] = read.usage.to_dicts()
    told = {
        "provider": "aws",
        "region": "us-east-1",
        "model": "Search-Rank/blue",
        "resource_id": "endpoint/Search-Rank",
        "requests": 60,
        "requests_estimated": 60,
        "requests_with_tokens": 20,
        "input_tokens": 240,
        "output_tokens": 600,
    }
    assert {name: row[name] for name in told} == told
    assert read.bad_lines() == [("elsewhere/u.jsonl", 1, "model", "missing")]
    assert any("estimates" in warning for warning in read.warnings)


ACCOUNT = "/SUBSCRIPTIONS/1234/RESOURCEGROUPS/AI/PROVIDERS/MICROSOFT.COGNITIVESERVICES/ACCOUNTS/OBS"
CALL = {
    "apiName": "Azure OpenAI API version 2024-02-15-preview",
    "requestTime": 639241991794854611,  # 2026-09-05 09:59:39.485461
    "requestLength": 2,
    "responseTime": 639241992000000000,
    "objectId": "",
    "modelDeploymentName": "search-rank",
    "modelName": "gpt-4o",
    "modelVersion": "2024-08-06",
    "streamType": "Non-Streaming",
}


def diagnosed(call: dict[str, Any] | str = CALL, **fields: Any) -> dict[str, Any]:
    """A record as Elastic captured it, with the model fields of a model's call."""
    return {
        "time": "2026-09-05T10:00:02.4350000Z",
        "category": "RequestResponse",
        "operationName": "ChatCompletions_Create",
        "correlationId": "9d3a6e98",
        "durationMs": 102,
        "resultSignature": "200",
        "location": "eastus",
        "event": "ShoeboxCallResult",
        "resourceId": ACCOUNT,
        "properties": call if isinstance(call, str) else json.dumps(call),
    } | fields


KINDS = ("hour", "account_id", "region", "resource_id", "model", "model_version", "status")


def seen(read: Any) -> list[tuple[str, ...]]:
    return sorted(tuple(map(str, row)) for row in read.usage.select(*KINDS, "requests").rows())


def test_azure_calls_begin_when_their_ticks_say_and_have_no_tokens(tmp_path):
    deployment = {"modelDeploymentName": "support", "modelName": ""}
    log = write_jsonl(
        tmp_path / "PT1H.json",
        [
            diagnosed(correlationId="1"),
            diagnosed({**CALL, "requestTime": None}, correlationId="2"),
            diagnosed(deployment, correlationId="3", resultSignature="429"),
            diagnosed({"modelName": ""}, operationName="ThreadsAPI_CreateThread"),
            diagnosed("{cut off", operationName="ListFiles"),
            diagnosed(category="Audit"),
            diagnosed(correlationId="1"),
        ],
    )
    read = read_logs(tmp_path, log, format=FORMAT)
    there = ("1234", "eastus", ACCOUNT.lower())
    assert seen(read) == [
        ("2026-09-05 09:00:00", *there, "gpt-4o", "2024-08-06", "ok", "1"),
        ("2026-09-05 10:00:00", *there, "gpt-4o", "2024-08-06", "ok", "1"),
        ("2026-09-05 10:00:00", *there, "support", "", "throttled", "1"),
    ]
    assert read.total("input_tokens") is None
    assert read.fates() == {"PT1H.json": (7, 3, 1, 3, 0)}


def test_log_analytics_names_the_same_columns_otherwise(tmp_path):
    row = {
        "Category": "RequestResponse",
        "OperationName": "ChatCompletions_Create",
        "ResultSignature": "200",
        "location_s": "eastus",
        "_ResourceId": ACCOUNT.lower(),
    }
    untimed = json.dumps({**CALL, "requestTime": None})
    portal = {"TimeGenerated [UTC]": "9/5/2026, 1:23:02.435 PM", **row, "properties_s": untimed}
    export = {"TimeGenerated": "2026-09-05T13:23:02.435Z", **row, "properties_s": untimed}
    files = [
        write_csv(tmp_path / "portal.csv", [{**portal, "CorrelationId": "1"}]),
        write_jsonl(tmp_path / "export.json", [{**export, "CorrelationId": "2"}]),
        write_csv(tmp_path / "plain.csv", [{**export, "CorrelationId": "3"}]),
        write_text(
            tmp_path / "query.json",
            json.dumps([{**export, "CorrelationId": name} for name in ("4", "5")], indent=2),
        ),
    ]
    read = read_logs(tmp_path, *files, format=LOG_ANALYTICS)
    there = ("1234", "eastus", ACCOUNT.lower())
    assert seen(read) == [("2026-09-05 13:00:00", *there, "gpt-4o", "2024-08-06", "ok", "5")]


def test_of_a_gateways_rows_the_one_with_the_tokens_is_the_call(tmp_path):
    names = ("DeploymentName", "ModelName", "PromptTokens", "CompletionTokens", "SequenceNumber")
    numbers = [("d", "gpt-4o", 12, 3, 0), (None, None, None, None, 1), ("", "", 0, 0, 0)]
    rows = [
        {"TimeGenerated": "2026-09-05T10:00:00Z", "CorrelationId": "c", "RequestId": "chatcmpl-1"}
        | dict(zip(names, row, strict=True))
        for row in numbers
    ]
    nested = [
        {
            "time": "2026-09-05T10:00:00Z",
            "category": "GatewayLlmLogs",
            "properties": {
                name[0].lower() + name[1:]: value
                for name, value in row.items()
                if name != "TimeGenerated"
            }
            | {"requestMessages": "a secret"},
        }
        for row in rows
    ]
    analytics = [
        write_csv(tmp_path / "a/rows.csv", rows),
        write_jsonl(tmp_path / "a/rows.json", [{**row, "CorrelationId": "d"} for row in rows]),
    ]
    storage = [write_jsonl(tmp_path / "s/PT1H.json", nested)]
    for files, format_, calls in ((analytics, GATEWAY_LOG_ANALYTICS, 2), (storage, GATEWAY, 1)):
        read = read_logs(tmp_path, *files, format=format_, name=format_.name)
        [row] = read.usage.to_dicts()
        assert (row["provider"], row["model"]) == ("azure", "gpt-4o")
        numbers_of_row = (row["requests"], row["input_tokens"], row["output_tokens"])
        assert numbers_of_row == (calls, 12 * calls, 3 * calls)
        assert {fate[3:] for fate in read.fates().values()} == {(2, 0)}


def test_a_call_that_both_azure_and_its_gateway_logged_is_counted_once(tmp_path):
    call = write_jsonl(tmp_path / "diagnostic/PT1H.json", [diagnosed(correlationId="c")])
    row = {
        "TimeGenerated": "2026-09-05T10:00:00Z",
        "CorrelationId": "c",
        "ModelName": "gpt-4o",
        "PromptTokens": 12,
        "CompletionTokens": 3,
        "SequenceNumber": 0,
    }
    gateway = write_csv(tmp_path / "gateway/rows.csv", [row])
    sources = [
        LogInput("diagnostic", None, [], [local(call, tmp_path)], format=FORMAT),
        LogInput("gateway", None, [], [local(gateway, tmp_path)], format=GATEWAY_LOG_ANALYTICS),
    ]
    for order in (sources, sources[::-1]):
        [counted] = read_sources(order, tmp_path / "work").usage.filter("is_counted").to_dicts()
        told = ("source", "model_version", "requests", "input_tokens", "output_tokens")
        assert [counted[name] for name in told] == ["diagnostic", "2024-08-06", 1, 12, 3]


def test_a_captured_call_that_the_gateway_logged_is_counted_there_and_not_scaled(tmp_path):
    capture = write_jsonl(tmp_path / f"capture/{HOUR}/u.jsonl", [captured(json.dumps(ANSWER))])
    calls = [
        record(started_at="2026-09-05T10:03:18Z", model="Search-Rank/blue", response_id=answer)
        for answer in ("chatcmpl-1", "chatcmpl-2", "chatcmpl-3")
    ]
    gateway = write_jsonl(tmp_path / "gateway/calls.jsonl", calls)
    tenth = {"sample_rate": "0.1"}
    files = [local(capture, tmp_path)]
    sources = [
        LogInput("capture", None, [], files, format=CAPTURE, defaults=tenth),
        LogInput("gateway", None, [], [local(gateway, tmp_path)]),
    ]
    counted = read_sources(sources, tmp_path / "work").usage.filter("is_counted")
    assert set(counted["source"]) == {"gateway"}
    assert counted["requests"].sum() == 3
