"""OpenTelemetry GenAI spans: OTLP JSON lines in the names of three generations of conventions."""

import json
from datetime import datetime
from typing import Any

from inference_logs import Read, read_logs, write_jsonl, write_text

from pipelines.inference.otel import FORMAT

START = 1_788_603_300_000_000_000  # 2026-09-05T10:15:00Z
TEXT = "where is my parcel, I live at"


def attributes(**named: Any) -> list[dict[str, Any]]:
    return [
        {"key": key, "value": {"stringValue": value} if isinstance(value, str) else value}
        for key, value in named.items()
        if value is not None
    ]


def as_text(number: int) -> dict[str, str]:
    return {"intValue": str(number)}  # as the JSON encoding of OTLP says


def as_number(number: int) -> dict[str, int]:
    return {"intValue": number}  # as some emitters write it


def span(number: int = 1, *, fields: dict[str, Any] | None = None, **named: Any) -> dict[str, Any]:
    """A chat span as v1.41 of the conventions has it, its attributes replaced by `named`."""
    told = {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "gpt-4o",
        "gen_ai.response.model": "gpt-4o-2024-08-06",
        "gen_ai.response.id": f"chatcmpl-{number:08d}",
        "gen_ai.usage.input_tokens": as_text(1200),
        "gen_ai.usage.output_tokens": as_text(40),
        "gen_ai.input.messages": TEXT,
        "gen_ai.prompt.0.content": TEXT,
    } | named
    return {
        "traceId": f"5B8EFFF798038103D269B633{number:08X}",
        "spanId": f"EEE19B7E{number:08X}",
        "name": "chat gpt-4o",
        "kind": 3,
        "startTimeUnixNano": str(START + number),
        "endTimeUnixNano": str(START + number + 1_500_000_000),
        "attributes": attributes(**told),
        "events": [{"name": "gen_ai.content.prompt", "attributes": attributes(text=TEXT)}],
        "status": {},
    } | (fields or {})


def line(*spans: dict[str, Any], within: str = "scopeSpans", **resource: Any) -> dict[str, Any]:
    resource = {"service.name": "search"} | resource
    scope = {"scope": {"name": "opentelemetry.instrumentation.openai"}, "spans": list(spans)}
    return {
        "resourceSpans": [{"resource": {"attributes": attributes(**resource)}, within: [scope]}]
    }


def read(tmp_path: Any, *lines: dict[str, Any] | str) -> Read:
    return read_logs(tmp_path, write_jsonl(tmp_path / "traces.jsonl", lines), format=FORMAT)


def only(tmp_path: Any, one: dict[str, Any], **resource: Any) -> dict[str, Any]:
    [row] = read(tmp_path, line(one, **resource)).usage.to_dicts()
    return row


def test_a_span_keeps_who_what_and_its_tokens_and_nothing_of_its_messages(tmp_path):
    found = only(
        tmp_path,
        span(
            **{
                "gen_ai.usage.cache_read.input_tokens": as_text(1000),
                "gen_ai.usage.cache_write.input_tokens": as_number(0),
                "gen_ai.usage.reasoning.output_tokens": as_number(30),
                "openai.response.service_tier": "flex",
                "tenant.id": "shop-a",
            }
        ),
    )
    told = {
        "hour": datetime(2026, 9, 5, 10),
        "provider": "openai",
        "model": "gpt-4o-2024-08-06",
        "operation": "chat",
        "use_case": "search",
        "tenant": "shop-a",
        "service_tier": "flex",
        "resource_id": "",
        "status": "ok",
        "grain": "request",
        "requests": 1,
        "input_tokens": 1200,
        "input_tokens_cache_read": 1000,
        "input_tokens_cache_write": 0,
        "output_tokens": 40,
        "output_tokens_reasoning": 30,
    }
    assert {name: found[name] for name in told} == told
    assert not list((tmp_path / ".work").glob("*.staged.parquet"))


def test_messages_are_not_even_written_down_on_the_way(tmp_path, monkeypatch):
    seen = []
    monkeypatch.setattr("pathlib.Path.unlink", lambda path, **_: seen.append(path))
    read(tmp_path, line(span()))
    staged = [path for path in seen if "staged" in path.name]
    assert staged
    assert not [path for path in staged if path.exists() and b"parcel" in path.read_bytes()]


def test_every_generation_of_names_and_numbers_says_the_same(tmp_path):
    names = [
        ("gen_ai.provider.name", "gen_ai.usage.input_tokens", "gen_ai.usage.output_tokens"),
        ("gen_ai.system", "gen_ai.usage.prompt_tokens", "gen_ai.usage.completion_tokens"),
    ]
    written = "gen_ai.usage.cache_creation.input_tokens"
    lines = []
    for provider, into, out in names:
        for number in (as_text, as_number):
            for within in ("scopeSpans", "instrumentationLibrarySpans"):
                none = dict.fromkeys((*names[0], *names[1]))
                told = none | {provider: "az.ai.openai", into: number(70), out: number(9)}
                lines.append(line(span(len(lines), **told, **{written: number(8)}), within=within))
    [row] = read(tmp_path, *lines).usage.to_dicts()
    told = ("provider", "requests", "input_tokens", "output_tokens", "input_tokens_cache_write")
    assert [row[name] for name in told] == ["azure", 8, 560, 72, 64]


def test_only_inference_spans_count_and_the_others_are_left_out(tmp_path):
    log = [
        line(span(1), span(2, **{"gen_ai.operation.name": "embeddings"})),
        line(
            *(
                span(10 + number, **{"gen_ai.operation.name": operation})
                for number, operation in enumerate(
                    ("invoke_agent", "create_agent", "invoke_workflow", "execute_tool", "plan")
                )
            ),
            span(20, **{"gen_ai.operation.name": None, "traceloop.span.kind": "workflow"}),
            {**span(21), "attributes": attributes(**{"http.request.method": "POST"})},
        ),
        {"resourceLogs": []},
        line(span(3, **{"gen_ai.operation.name": None})),  # before there were operations
    ]
    found = read(tmp_path, *log)
    assert found.total("requests") == 3
    [file] = found.files.to_dicts()
    counts = ("lines_read", "records", "requests", "left_out", "rejects")
    assert tuple(file[name] for name in counts) == (4, 11, 3, 8, 0)


def test_providers_have_one_word_each(tmp_path):
    named = [
        (("aws.bedrock", None), ("aws", "")),
        (("aws.bedrock", "bedrock-runtime.eu-central-1.amazonaws.com"), ("aws", "eu-central-1")),
        (("openai", "shop.openai.azure.com"), ("azure", "")),
        (("gcp.vertex_ai", "us-central1-aiplatform.googleapis.com"), ("gcp", "us-central1")),
        (("gcp.gemini", None), ("gcp", "")),
        (("anthropic", None), ("anthropic", "")),
        (("mistral_ai", None), ("mistral", "")),
        (("vllm", None), ("", "")),
    ]
    spans = [
        span(
            number,
            **{"gen_ai.provider.name": provider, "server.address": server},
            **{"gen_ai.response.model": f"m{number}"},
        )
        for number, ((provider, server), _) in enumerate(named)
    ]
    rows = read(tmp_path, line(*spans)).usage.sort("model").select("provider", "region").rows()
    assert rows == [told for _, told in named]


def test_the_pod_that_serves_is_the_resource_and_the_pod_that_calls_is_not(tmp_path):
    host = {"host.id": "i-0abc"}
    pod = {"k8s.namespace.name": "rec", "k8s.pod.name": "vllm-7c-0", **host}
    served = [
        (("vllm", 2), pod, "rec/vllm-7c-0"),
        (("vllm", "SPAN_KIND_SERVER"), host, "i-0abc"),
        (("vllm", 3), pod, ""),
        (("openai", 1), pod, ""),
    ]
    lines = [
        line(
            span(
                n,
                fields={"kind": kind},
                **{"gen_ai.provider.name": provider, "gen_ai.response.model": f"m{n}"},
            ),
            **resource,
        )
        for n, ((provider, kind), resource, _) in enumerate(served)
    ]
    rows = read(tmp_path, *lines).usage.sort("model")
    assert rows["resource_id"].to_list() == [told for *_, told in served]


def test_how_a_span_ended_is_its_error_type(tmp_path):
    ended = [
        ("429", {"code": 2}, "throttled"),
        ("ThrottlingException", {"code": 2}, "throttled"),
        ("openai.RateLimitError", {}, "throttled"),
        ("timeout", {"code": 2}, "timeout"),
        (None, {"code": "STATUS_CODE_ERROR", "message": TEXT}, "error"),
        (None, {"code": 1}, "ok"),
    ]
    spans = [
        span(
            n, fields={"status": status}, **{"error.type": error, "gen_ai.response.model": f"m{n}"}
        )
        for n, (error, status, _) in enumerate(ended)
    ]
    rows = read(tmp_path, line(*spans)).usage.sort("model")
    assert rows["status"].to_list() == [told for *_, told in ended]


def test_a_repeated_span_counts_once_and_input_without_its_cached_tokens_is_completed(tmp_path):
    exclusive = {
        "gen_ai.usage.input_tokens": as_text(20),
        "gen_ai.usage.cache_read.input_tokens": as_text(1000),
    }
    found = read(tmp_path, line(span(1)), line(span(1)), line(span(2, **exclusive)))
    assert found.total("requests") == 2
    assert found.total("input_tokens") == 1200 + 1020
    assert found.files["duplicates"].to_list() == [1]


def test_what_is_wrong_with_a_span_rejects_that_span_alone(tmp_path):
    nameless = {"gen_ai.request.model": None, "gen_ai.response.model": None}
    log = [
        line(span(1), span(2, fields={"startTimeUnixNano": "yesterday"})),
        line(span(3, **{"gen_ai.usage.input_tokens": "many"}), span(4, **nameless)),
        '{"resourceSpans": [',
        line(span(5, fields={"startTimeUnixNano": 0})),
    ]
    found = read(tmp_path, *log)
    assert found.bad_lines() == [
        ("traces.jsonl", 1, "started_at", "not a time"),
        ("traces.jsonl", 2, "input_tokens", "not a number"),
        ("traces.jsonl", 2, "model", "missing"),
        ("traces.jsonl", 3, "(line)", "not JSON"),
        ("traces.jsonl", 4, "started_at", "missing"),
    ]
    assert found.total("requests") == 1


def test_a_document_over_several_lines_is_read(tmp_path):
    log = write_text(tmp_path / "traces.json", json.dumps(line(span(1), span(2)), indent=2))
    assert read_logs(tmp_path, log, format=FORMAT).total("requests") == 2
