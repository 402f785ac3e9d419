"""The mappings that ship with the project, on logs as their writers write them."""

import base64
import json
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pipelines.errors import SettingsInvalid
from pipelines.inference.mapped import mapped_format, shipped_names, shipped_text
from tests.pipelines.inference_logs import Read, write_jsonl, write_text
from tests.pipelines.mapped_logs import read_lines, read_mapped

# A row of request_response_logging as it was captured, prompt and answer shortened.
GEMINI: dict[str, Any] = {
    "endpoint": None,
    "deployed_model_id": None,
    "logging_time": "2026-09-08 21:04:22.248 UTC",
    "request_id": "5374205265901353984",
    "request_payload": [],
    "response_payload": [],
    "model": "publishers/google/models/gemini-2.5-pro",
    "model_version": "default",
    "api_method": "GenerateContent",
    "full_request": {
        "contents": [{"role": "user", "parts": [{"text": "Hello world!"}]}],
        "model": "projects/p/locations/us-central1/publishers/google/models/gemini-2.5-pro",
    },
    "full_response": {
        "candidates": [{"finishReason": "STOP", "content": {"parts": [{"text": "Hello there!"}]}}],
        "createTime": "2026-09-08T21:04:11.034753Z",
        "modelVersion": "gemini-2.5-pro",
        "responseId": "y0S_aMGPArCYqsMPntGNyA4",
        "usageMetadata": {
            "candidatesTokenCount": 29,
            "candidatesTokensDetails": [{"modality": "TEXT", "tokenCount": 29}],
            "promptTokenCount": 3,
            "thoughtsTokenCount": 901,
            "totalTokenCount": 933,
            "trafficType": "ON_DEMAND",
        },
    },
    "metadata": {"request_latency": 11225.994},
}


def gemini(request_id: str, **usage: int) -> dict[str, Any]:
    response = GEMINI["full_response"]
    counts = {**response["usageMetadata"], **usage}
    return {
        **GEMINI,
        "request_id": request_id,
        "full_response": {**response, "usageMetadata": counts},
    }


def tokens(read: Read) -> dict[str, int | None]:
    return {
        name: read.total(name)
        for name in (
            "input_tokens",
            "input_tokens_cache_read",
            "input_tokens_cache_write",
            "output_tokens",
            "output_tokens_reasoning",
        )
    }


def test_thoughts_are_output_of_a_gemini_answer_and_its_time_is_its_start(tmp_path):
    read = read_lines(tmp_path, "vertex-ai", GEMINI)
    assert tokens(read) == {
        "input_tokens": 3,
        "input_tokens_cache_read": None,
        "input_tokens_cache_write": None,
        "output_tokens": 930,
        "output_tokens_reasoning": 901,
    }
    [row] = read.usage.to_dicts()
    assert (row["provider"], row["model"], row["operation"]) == (
        "gcp",
        "gemini-2.5-pro",
        "GenerateContent",
    )
    assert (row["service_tier"], row["status"]) == ("standard", "ok")
    assert read.files["first_at"].to_list() == [datetime(2026, 9, 8, 21, 4, 11, 34753)]


def test_every_form_of_a_vertex_answer_is_read(tmp_path):
    stream = {**GEMINI, "request_id": "2", "full_response": [
        {"createTime": "2026-09-08T21:04:11Z", "usageMetadata": {"trafficType": "ON_DEMAND"}},
        gemini("2", cachedContentTokenCount=1)["full_response"],
    ]}  # fmt: skip
    claude = {
        **GEMINI,
        "request_id": "3",
        "model": "publishers/anthropic/models/claude-sonnet-4",
        "full_response": {
            "id": "msg_1",
            "usage": {
                "input_tokens": 10,
                "cache_read_input_tokens": 100,
                "cache_creation_input_tokens": 1000,
                "output_tokens": 7,
            },
        },
    }
    tools = gemini("4", toolUsePromptTokenCount=40)
    own = {
        **GEMINI,
        "request_id": "5",
        "endpoint": "projects/1/locations/us-central1/endpoints/99",
        "deployed_model_id": "8154",
        "model": None,
        "full_response": {"predictions": [[0.1]]},
    }
    text = {**gemini("6"), "full_response": json.dumps(GEMINI["full_response"])}
    refused = {**GEMINI, "request_id": "7", "full_response": {
        "error": {"code": 429, "status": "RESOURCE_EXHAUSTED"}
    }}  # fmt: skip
    read = read_lines(tmp_path, "vertex-ai", stream, claude, tools, own, text, refused)
    assert read.bad_lines() == []
    assert tokens(read) == {
        "input_tokens": 3 + 1110 + 43 + 3,
        "input_tokens_cache_read": 1 + 100,
        "input_tokens_cache_write": 1000,
        "output_tokens": 930 + 7 + 930 + 930,
        "output_tokens_reasoning": 901 * 3,
    }
    rows = {row["model"]: row for row in read.usage.to_dicts() if row["status"] == "ok"}
    assert set(rows) == {"gemini-2.5-pro", "claude-sonnet-4", "8154"}
    assert rows["8154"]["resource_id"] == "projects/1/locations/us-central1/endpoints/99"
    assert rows["8154"]["input_tokens"] is None
    assert read.usage.filter(status="throttled")["requests"].sum() == 1
    # What has no time of its start is dated from when it ended and how long it took.
    assert read.files["first_at"].to_list() == [datetime(2026, 9, 8, 21, 4, 11, 22006)]


def test_an_export_in_parquet_reads_as_the_same_export_in_json(tmp_path):
    rows = [GEMINI, gemini("7", cachedContentTokenCount=2)]
    lines = write_jsonl(tmp_path / "rows.jsonl", rows)
    parquet = tmp_path / "rows.parquet"
    names = [name for name in GEMINI if not name.endswith("_payload")]
    as_text = ", ".join(f"{name}: 'VARCHAR'" for name in names)
    with duckdb.connect() as con:
        con.sql(
            f"COPY (SELECT * REPLACE (replace(logging_time, ' UTC', 'Z')::TIMESTAMPTZ AS "
            "logging_time, request_id::DECIMAL(38, 9) AS request_id) "
            f"FROM read_json('{lines}', columns = {{{as_text}}})) TO '{parquet}'"
        )
    as_json = read_mapped(tmp_path, "vertex-ai", lines)
    as_parquet = read_mapped(tmp_path, "vertex-ai", parquet)
    assert as_json.total("input_tokens_cache_read") == 2
    assert as_parquet.usage.equals(as_json.usage)
    both = read_mapped(tmp_path, "vertex-ai", lines, parquet)
    assert both.usage.equals(as_json.usage)  # the second file repeats the ids of the first
    assert both.fates()["rows.parquet"] == (2, 0, 2, 0, 0)


def test_a_sampled_vertex_log_is_scaled_and_its_estimates_counted(tmp_path):
    defaults = {"sample_rate": "0.1", "account_id": "my-project", "region": "us-central1"}
    read = read_lines(tmp_path, "vertex-ai", GEMINI, defaults=defaults)
    [row] = read.usage.to_dicts()
    assert (row["requests"], row["requests_estimated"], row["output_tokens"]) == (10, 10, 9_300)
    assert (row["account_id"], row["region"]) == ("my-project", "us-central1")


def test_a_vertex_answer_that_is_no_object_is_a_reject_that_says_so(tmp_path):
    read = read_lines(tmp_path, "vertex-ai", {**GEMINI, "full_response": "I cannot help."})
    [(_, _, column, reason)] = read.bad_lines()
    assert (column, reason) == (
        "response_id",
        "full_response.responseId leads into a value that is no object",
    )


def event(kind: str, id_: str = "e1", at: str = "2026-09-05T10:15:00Z", **more: Any) -> dict:
    """An event of KServe's logger, as a CloudEvent in structured mode."""
    return {
        "specversion": "1.0",
        "id": id_,
        "source": "http://localhost:9081/",
        "type": f"org.kubeflow.serving.inference.{kind}",
        "time": at,
        "datacontenttype": "application/json",
        "inferenceservicename": "rank",
        "namespace": "rec",
        "component": "predictor",
        "endpoint": "",
        "metadata": "{}",
        **more,
    }


COMPLETION = {"id": "cmpl-1", "created": 1788603299, "usage": {
    "prompt_tokens": 12, "completion_tokens": 30, "total_tokens": 42
}}  # fmt: skip


def test_a_request_and_its_response_are_one_request_at_the_request_s_time(tmp_path):
    read = read_lines(
        tmp_path,
        "kserve",
        event("response", at="2026-09-05T11:00:01Z", data=COMPLETION),
        event("request", at="2026-09-05T10:59:59Z", data={"prompt": "secret"}),
    )
    assert read.fates() == {"log.jsonl": (2, 1, 0, 1, 0)}
    [row] = read.usage.to_dicts()
    assert (row["hour"], row["model"], row["status"]) == (
        datetime(2026, 9, 5, 10),
        "rec/rank",
        "ok",
    )
    assert (row["requests"], row["input_tokens"], row["output_tokens"]) == (1, 12, 30)


def test_events_without_their_counterpart_are_still_calls(tmp_path):
    canary = {"endpoint": "canary"}
    read = read_lines(
        tmp_path,
        "kserve",
        event("request", "never answered", **canary),
        event("response", "request not logged", data=[[0.1, 0.9]], **canary),
        event("request", "sent twice", **canary),
        event("request", "sent twice", **canary),
        event("response", "sent twice", data={"predictions": [1]}, **canary),
        event("response", "sent twice", data={"predictions": [1]}, **canary),
        event("request", "sent on", component="transformer"),
        {**event("request"), "id": ""},
        {**event("request"), "type": "com.example.other"},
    )
    assert read.usage.select("model", "status", "requests").rows() == [
        ("rec/rank/canary", "failed", 1),
        ("rec/rank/canary", "ok", 2),
    ]
    assert read.total("input_tokens") is None
    assert read.fates() == {"log.jsonl": (9, 3, 2, 2, 2)}
    assert [bad[1:] for bad in read.bad_lines()] == [
        (8, "(id)", "missing"),
        (9, "(role)", "neither request nor response"),
    ]


def test_a_pair_may_lie_in_two_files_and_its_body_in_base64(tmp_path):
    body = base64.b64encode(json.dumps(COMPLETION).encode()).decode()
    response = event("response", at="2026-09-06T00:00:01Z", data_base64=body)
    first = write_jsonl(tmp_path / "b.jsonl.gz", [event("request", at="2026-09-05T23:59:59Z")])
    second = write_jsonl(tmp_path / "a.jsonl.gz", [response])
    read = read_mapped(tmp_path, "kserve", first, second)
    assert read.total("requests") == 1
    assert read.usage["hour"].to_list() == [datetime(2026, 9, 5, 23)]
    assert read.total("output_tokens") == 30


def logged(kind: str, id_: str, body: object, **metadata: str) -> dict[str, Any]:
    """A log request as the blob logger marshals it, under the names of its Go fields."""
    return {
        "Url": {"Scheme": "s3", "Host": "logs", "Path": "/kserve", "RawQuery": ""},
        "Bytes": base64.b64encode(json.dumps(body).encode()).decode(),
        "ContentType": "application/json",
        "ReqType": f"org.kubeflow.serving.inference.{kind}",
        "Id": id_,
        "SourceUri": {"Scheme": "http", "Host": "localhost:9081"},
        "InferenceService": "chat",
        "Namespace": "shop",
        "Component": "predictor",
        "Endpoint": "",
        "Metadata": {name.replace("_", "-"): [value] for name, value in metadata.items()},
        "Annotations": None,
        "CertName": "",
        "TlsSkipVerify": False,
    }


def blob(path: Path, *events: dict[str, Any]) -> Path:
    """The logger writes one array a file, without a line's end."""
    return write_text(path, json.dumps(list(events)))


def test_the_files_of_kserve_s_blob_logger_are_arrays_without_a_time(tmp_path):
    folder = tmp_path / "shop/chat/predictor"
    timed = {"Ce_Time": "2026-09-05T12:30:00Z"}
    read = read_mapped(
        tmp_path,
        "kserve-blob",
        blob(folder / "1-request.json", logged("request", "1", {"prompt": "secret"})),
        blob(folder / "1-response.json", logged("response", "1", COMPLETION)),
        blob(
            folder / "2-response.json",
            logged("request", "2", {"instances": [1]}, **timed),
            logged("response", "2", {"predictions": [1]}, **timed),
        ),
        blob(folder / "3-request.json", logged("request", "3", {"instances": [1]})),
    )
    assert read.usage.select("hour", "model", "requests", "output_tokens").rows() == [
        (datetime(2026, 9, 5, 10), "shop/chat", 1, 30),
        (datetime(2026, 9, 5, 12), "shop/chat", 1, None),
    ]
    assert read.bad_lines() == [("shop/chat/predictor/3-request.json", 1, "started_at", "missing")]


def test_each_model_of_a_seldon_graph_has_its_own_pair_of_a_request(tmp_path):
    def seldon(kind: str, model: str, id_: str) -> dict[str, Any]:
        shared = {"modelid": model, "requestid": "r1", "protocol": "seldon", "endpoint": "main"}
        return {**event(kind, id_), "type": f"io.seldon.serving.{kind}", **shared}

    read = read_lines(
        tmp_path,
        "seldon",
        seldon("inference.request", "embed", "1"),
        seldon("inference.response", "embed", "2"),
        seldon("inference.request", "score", "3"),
        seldon("inference.response", "score", "4"),
        seldon("feedback", "score", "5"),
    )
    assert read.usage.select("model", "requests", "status").rows() == [
        ("rec/rank/main/embed", 1, "ok"),
        ("rec/rank/main/score", 1, "ok"),
    ]
    assert read.fates() == {"log.jsonl": (5, 2, 0, 3, 0)}


@pytest.mark.parametrize("name", shipped_names())
def test_a_mapping_that_ships_says_where_it_comes_from_and_is_valid(name):
    text = shipped_text(name)
    assert text.startswith("# ")
    assert mapped_format(text, f"{name}.toml").name == "mapped"


def test_a_mapping_that_does_not_ship_is_answered_with_the_nearest():
    with pytest.raises(SettingsInvalid) as error:
        shipped_text("vertexai")
    assert "'vertexai' is neither a file (.toml) nor a mapping of modelspend" in str(error.value)
    assert "the nearest is 'vertex-ai'" in str(error.value)


def test_a_call_whose_response_cannot_be_read_is_one_reject(tmp_path):
    usage = {"prompt_tokens": "many", "completion_tokens": 30}
    read = read_lines(
        tmp_path, "kserve", event("request"), event("response", data={"usage": usage})
    )
    assert read.fates() == {"log.jsonl": (2, 0, 0, 1, 1)}
    assert read.bad_lines() == [("log.jsonl", 1, "input_tokens", "not a number")]
