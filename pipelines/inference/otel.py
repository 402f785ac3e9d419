"""OpenTelemetry: GenAI spans in OTLP JSON, as the Collector's file exporter writes them.

A line is one TracesData of any number of spans; a file may also hold one as a document. Integers
are strings ("1200") or numbers. Files written before OTLP 0.15 say `instrumentationLibrarySpans`.
The GenAI conventions are in development and were renamed several times: the names of v1.41, the
newer ones (`cache_write`) and those before v1.27 (`gen_ai.system`, `prompt_tokens`) are read.
Decisions:

- **Inference spans only**: chat, text_completion, generate_content, embeddings and every other
  operation with a model. Agent, workflow, tool, memory and retrieval spans repeat the tokens of
  their children; they and spans that are not of GenAI are left out and counted as such.
- **Messages** never get further than the line they are in: of the attributes only those named in
  `sql/inference/otel/spans.sql` are taken, by their key, before anything is written.
- **Model** is `gen_ai.response.model`, else the one requested.
- **Provider** by `gen_ai.provider.name` (before: `gen_ai.system`) in canonical words; a known
  `server.address` tells more than a client that speaks OpenAI's protocol to Azure. Engines that
  run on own machines (vllm, ollama, ...) are nobody's bill.
- **Resource**: where no provider is named and the span is of the serving process (kind SERVER or
  INTERNAL) its pod as `namespace/pod`, else its host. The pod of a caller served nothing.
- **Identity** is the span id; `gen_ai.response.id` links the call to other logs, `aws.request_id`
  goes before it because it is the id in Bedrock's own log.
- **use_case** is an attribute `use_case`, else the resource's `service.name`; **tenant** an
  attribute `tenant.id` of the span or its resource. Neither attribute is of the conventions.
- **Input tokens** include cached ones by the conventions. Some emitters leave them out, which can
  only be seen where the cached tokens are more than the input: there they are added.

That Bedrock spans carry `aws.request_id` is documented for spans of the AWS SDK; GenAI
instrumentations set it where they extend those.
"""

from typing import Any, Final

from pipelines.inference.formats import LogFormat
from pipelines.queries import query

_VALUE: Final = dict.fromkeys(("stringValue", "intValue", "doubleValue"), "VARCHAR")
_ATTRIBUTES: Final = [{"key": "VARCHAR", "value": _VALUE}]
_SCOPE_SPANS: Final[list[dict[str, Any]]] = [
    {
        "spans": [
            {
                **dict.fromkeys(("traceId", "spanId", "kind", "startTimeUnixNano"), "VARCHAR"),
                "attributes": _ATTRIBUTES,
                "status": {"code": "VARCHAR"},
            }
        ]
    }
]
_TRACES: Final[dict[str, Any]] = {
    "resourceSpans": [
        {
            "resource": {"attributes": _ATTRIBUTES},
            "scopeSpans": _SCOPE_SPANS,
            "instrumentationLibrarySpans": _SCOPE_SPANS,
        }
    ]
}

FORMAT: Final = LogFormat(
    name="otel",
    rank="span",
    structure=_TRACES,
    records=lambda con: query(con, "inference/otel/records"),
    unit="lines",
    trimmed=lambda con: query(con, "inference/otel/spans"),
    has_documents=True,
)
