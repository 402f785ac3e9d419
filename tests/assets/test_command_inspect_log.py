"""`modelspend inspect --log`: what a log is told to be, what is read of it, what is proposed."""

import json
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from assets.command import app
from pipelines.inference.detection import SIGNATURES, Sample, detect_log, sample_of_objects
from pipelines.inference.mapped import shipped_names
from pipelines.inference.mapping import parse_mapping
from pipelines.inference.mapping_draft import draft_log_mapping
from pipelines.inference.registered import FORMATS
from tests.pipelines.inference_logs import write_csv, write_jsonl, write_text


def inspect(path: Path, *options: str) -> tuple[int, str]:
    done = CliRunner().invoke(app, ["inspect", "--log", str(path), *options])
    return done.exit_code, done.output


def answer(path: Path, *options: str) -> dict[str, Any]:
    code, output = inspect(path, "--json", *options)
    assert code == 0, output
    return json.loads(output)


def bedrock(request_id: str, **more: Any) -> dict[str, Any]:
    return {
        "schemaType": "ModelInvocationLog",
        "timestamp": "2026-09-05T10:15:00Z",
        "accountId": "1",
        "region": "us-east-1",
        "requestId": request_id,
        "operation": "Converse",
        "modelId": "amazon.nova-pro-v1:0",
        "input": {"inputTokenCount": 35},
        "output": {"outputTokenCount": 4},
        **more,
    }


def test_a_known_log_is_read_and_its_settings_are_proposed(tmp_path):
    bad = bedrock("3", input={"inputTokenCount": -1})
    write_jsonl(tmp_path / "a.json.gz", [bedrock("1"), bedrock("2"), bedrock("2"), bad])
    seen = answer(tmp_path)
    assert (seen["is"], seen["format"], seen["evidence"]) == (
        "Amazon Bedrock invocation log",
        "bedrock",
        ["schemaType"],
    )
    [model] = seen["models"]
    assert (model["model"], model["requests"], model["input_tokens"], model["gpu_seconds"]) == (
        "amazon.nova-pro-v1:0",
        2,
        70,
        None,
    )
    [records] = seen["records"]
    assert (records["lines_read"], records["duplicates"], records["rejects"]) == (4, 1, 1)
    [reject] = seen["rejects"]
    assert (reject["column_name"], reject["reason"], reject["line"]) == (
        "input_tokens",
        "negative",
        4,
    )
    assert seen["settings"].splitlines() == [
        "[[logs]]",
        'name = "bedrock"',
        'format = "bedrock"',
        f'path = "{tmp_path}"',
    ]
    code, text = inspect(tmp_path)
    assert code == 0
    assert "from 2026-09-05 10:15 to 2026-09-05 10:15 UTC" in text
    assert "negative" in text


def test_an_unknown_log_gets_a_draft_that_is_no_mapping_until_somebody_has_decided(tmp_path):
    row = {
        "gmt_create": "2026-09-05 10:15:00",
        "prompt_length": "63.0",
        "groupId": "G1",
        "exec_time_seconds": "32.0",
        "text": "x" * 41,
    }
    log = write_csv(tmp_path / "log.csv", [row])
    code, output = inspect(log)
    assert code == 3
    assert 'started_at = "gmt_create"    # 2026-09-05 10:15:00' in output
    assert 'tenant = "groupId"    # G1' in output  # an id, but not a request's
    assert 'gpu_ms = "exec_time_seconds"' in output
    assert '# model = "which column?"' in output
    assert "x" * 41 not in output  # what is long may be a prompt
    draft = tmp_path / "log.toml"
    draft.write_text(draft_log_mapping(row))
    code, output = inspect(log, "--mapping", str(draft))
    assert (code, "model is missing" in output) == (3, True)
    decided = draft.read_text().replace("\n[constants]\n", '\n[constants]\nmodel = "diffusion"\n')
    draft.write_text(decided)
    assert parse_mapping(decided, "log.toml").constants["model"] == "diffusion"
    seen = answer(log, "--mapping", str(draft))
    assert '# timezone = "Europe/Berlin"' in seen["settings"]
    assert seen["rejects"][0]["reason"] == "no time zone"
    seen = answer(log, "--mapping", str(draft), "--timezone", "Asia/Shanghai")
    assert (seen["models"][0]["requests"], seen["is"]) == (1, "A log read by a mapping file")
    assert 'timezone = "Asia/Shanghai"' in seen["settings"]


def test_files_that_are_nothing_are_said_to_be_nothing(tmp_path):
    code, output = inspect(write_text(tmp_path / "notes.txt", "nothing here\n"))
    assert (code, "no file in it holds records or metrics known here" in output) == (3, True)
    damaged = tmp_path / "damaged" / "log.parquet"
    damaged.parent.mkdir()
    damaged.write_bytes(b"PAR1 and no more")
    code, output = inspect(damaged.parent)
    assert code == 3
    assert "log.parquet" in output


def test_a_log_that_is_looked_at_as_a_bill_is_recognised(tmp_path):
    rows = [dict.fromkeys(["request_id", "call_type", "spend", "startTime", "endTime"], "1")]
    log = write_csv(tmp_path / "spend.csv", rows)
    done = CliRunner().invoke(app, ["inspect", str(log)])
    assert done.exit_code == 3
    assert "it looks like a log and no bill: LiteLLM's SpendLogs" in done.output


def told(sample: Sample) -> str | None:
    known = detect_log(sample)
    return known and (known.mapping or known.format)


def test_a_log_is_known_by_names_no_other_has():
    azure = {"correlationId": "1", "properties": "{}"}
    kserve = "org.kubeflow.serving.inference.request"
    range_query = {"data": {"result": [{"metric": {"__name__": "vllm:prompt_tokens_total"}}]}}
    for line, format_ in (
        ({"resourceSpans": [{"scopeSpans": []}]}, "otel"),
        ({"category": "RequestResponse", **azure}, "azure-openai"),
        ({"category": "Audit", **azure}, None),
        ({"object": "page", "data": []}, "openai-usage"),
        ({"id": "1", "type": "io.seldon.serving.inference.request"}, "seldon"),
        ({"id": "1", "type": kserve}, "kserve"),
        ({"ReqType": kserve, "InferenceService": "rank"}, "kserve-blob"),
        ({"started_at": "1", "model": "rank"}, "modelspend"),
        ({"at": "1", "engine": "rank"}, None),
        (range_query, "vllm"),
    ):
        assert told(sample_of_objects([line])) == format_
    for text, format_ in (
        ('# HELP x\nvllm:prompt_tokens_total{model_name="r"} 1\n', "vllm"),
        ('DCGM_FI_DEV_GPU_UTIL{gpu="0"} 1\n', "dcgm"),
        ('nv_inference_count{model="r"} 1\n', "triton"),
        ("hello", None),
    ):
        assert told(Sample(text=text)) == format_


def test_every_format_can_be_told_and_every_told_format_is_one():
    assert {known.format for known in SIGNATURES} - {"mapped"} == {*FORMATS}
    assert {known.mapping for known in SIGNATURES if known.mapping} == {*shipped_names()}
