"""The SELECTs that make requests of LiteLLM's lines and OpenTelemetry's spans, on a line each."""

import json
from typing import Any

import duckdb
import pytest

from pipelines.inference import litellm, otel
from pipelines.inference.formats import LogFormat
from pipelines.queries import query, rows_of


def lines(con: duckdb.DuckDBPyConnection, format_: LogFormat, *texts: dict[str, Any]) -> None:
    con.execute("SET VARIABLE structure = $text", {"text": json.dumps(format_.structure)})
    con.execute("CREATE TABLE texts (line BIGINT, text VARCHAR)")
    con.executemany(
        "INSERT INTO texts VALUES (?, ?)", [[n, json.dumps(text)] for n, text in enumerate(texts)]
    )
    con.execute(
        "CREATE VIEW log_lines AS SELECT 0 AS file_no, line, 'a.jsonl' AS file, "
        "from_json(text, getvariable('structure')) AS r, NULL::VARCHAR AS wrong FROM texts"
    )


@pytest.mark.parametrize(
    ("call", "region", "model"),
    [
        (
            {
                "custom_llm_provider": "bedrock_converse",
                "model": "bedrock/converse/eu-west-1/anthropic.claude-v2:1",
                "api_base": "https://bedrock-runtime.eu-west-1.amazonaws.com/model",
            },
            "eu-west-1",
            "anthropic.claude-v2:1",
        ),
        ({"custom_llm_provider": "openai", "model": "gpt-4o"}, None, "gpt-4o"),
    ],
)
def test_a_line_of_litellm_is_one_row_whatever_it_lacks(call, region, model):
    with duckdb.connect() as con:
        lines(con, litellm.FORMAT, call, {})
        first, nothing = rows_of(query(con, "inference/litellm/records").order("line"))
    assert (first["region"] or None, first["model"]) == (region, model)
    assert (nothing["request_id"], nothing["model"], nothing["gateway_cache_hit"]) == (
        None,
        None,
        False,
    )


def test_spans_of_every_scope_of_a_line_come_with_their_resource_and_few_attributes():
    def named(key: str, text: str) -> dict[str, Any]:
        return {"key": key, "value": {"stringValue": text}}

    span = {
        "spanId": "AB",
        "attributes": [
            named("gen_ai.operation.name", "chat"),
            named("gen_ai.request.model", "m"),
            named("gen_ai.request.model", "twice"),
            named("gen_ai.output.messages", "secret"),
        ],
    }
    line = {
        "resourceSpans": [
            {
                "resource": {"attributes": [named("service.name", "search")]},
                "scopeSpans": [{"spans": [span]}, {"spans": [span]}, {}],
            },
            {"instrumentationLibrarySpans": [{"spans": [span]}]},
        ]
    }
    with duckdb.connect() as con:
        lines(con, otel.FORMAT, line, {})
        trimmed = query(con, "inference/otel/spans")
        assert "secret" not in str(trimmed.fetchall())
        trimmed.create("few")
        con.execute("CREATE OR REPLACE VIEW log_lines AS FROM few")
        rows = rows_of(query(con, "inference/otel/records"))
    assert [(row["line"], row["model"], row["use_case"]) for row in rows] == [
        (0, "m", "search"),
        (0, "m", "search"),
        (0, "m", None),
    ]
