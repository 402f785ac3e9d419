"""Amazon Bedrock: model invocation logs, and the outputs of batch inference jobs.

**Invocation log** (`bedrock`). Files are
`[PREFIX/]AWSLogs/ACCOUNT/BedrockModelInvocationLogs/REGION/YYYY/MM/DD/HH/*.json.gz` with one JSON
object a line. The setting is one per account and region: `path` above the accounts reads them all.
Large bodies lie in files of their own under `data/` and are never fetched. Decisions:

- **Input tokens**: `inputTokenCount` leaves out what was read from or written to the prompt cache;
  both are added. A call of 35 fresh and 1,024 cached tokens has 1,059.
- **Model** is `modelId` as logged: a model id, a cross-region profile (`us.`, `eu.`, `apac.`,
  `global.` before it) or an ARN. `registry.bedrock_ids` finds the plain model id where the
  catalogue has no other name for it: what is logged stays readable in the usage table.
- **Resource**: the ARN of an application inference profile, provisioned, custom or imported model
  or of a marketplace endpoint is the bill's ResourceId. Calls of plain models have none.
- **Region** is where the call was made, which is what is billed; `inferenceRegion`, where it ran,
  is not read.
- **requestId** is its identity, and links it to callers that keep the `x-amzn-RequestId` of the
  answer. `requestMetadata` is the caller's own: `traceId` (or `trace_id`), `tenant` and `use_case`
  (or `useCase`) are taken where it has them. The caller's ARN tells a role, which may serve every
  tenant: it is not read.
- **Service tier**: `performanceConfig.latency` where it is not `standard`, which has prices of its
  own. The tier of Converse (flex, priority) is not documented as a field of the log.
- **Reasoning** tokens and pictures are not in the log: NULL.

**Batch** (`bedrock-batch`). A job writes `JOBID/NAME.jsonl.out`, one line for each record with the
model's own answer, and `manifest.json.out` with totals, which is not read. Tokens are where each
model's answer has them (Converse and Nova, Anthropic, Titan, Llama, and OpenAI-like answers). A
line tells neither the model id nor the time, account or region: they are taken from the job's
description if its JSON (`aws bedrock get-model-invocation-job` or `list-model-invocation-jobs`)
lies below the same `path`, and then every record counts in the hour the job was submitted; else
from the source's `defaults`, with the day or hour from the file's path (`.../2026-09-05/...` or
`.../2026/09/05/02/...`). A line that has neither is rejected, not guessed.

The key layout of the logs, that cached tokens are left out of `inputTokenCount`, and where each
model's answer has its tokens are from the vendor's manual and public code, not from a bucket.
"""

from typing import Any, Final

from pipelines.inference.formats import LogFormat
from pipelines.inference.log_files import Kind, kind_of_name
from pipelines.queries import query

_TEXT: Final = "VARCHAR"
_LOG: Final[dict[str, Any]] = {
    "timestamp": _TEXT,
    "accountId": _TEXT,
    "region": _TEXT,
    "requestId": _TEXT,
    "operation": _TEXT,
    "modelId": _TEXT,
    "status": _TEXT,
    "errorCode": _TEXT,
    "performanceConfig": {"latency": _TEXT},
    "requestMetadata": dict.fromkeys(
        ("traceId", "trace_id", "tenant", "use_case", "useCase"), _TEXT
    ),
    "input": dict.fromkeys(
        ("inputTokenCount", "cacheReadInputTokenCount", "cacheWriteInputTokenCount"), _TEXT
    ),
    "output": {"outputTokenCount": _TEXT},
}

_USAGE: Final[dict[str, Any]] = {
    **dict.fromkeys(("inputTokens", "outputTokens"), _TEXT),
    **dict.fromkeys(("cacheReadInputTokens", "cacheWriteInputTokens"), _TEXT),
    **dict.fromkeys(("cacheReadInputTokenCount", "cacheWriteInputTokenCount"), _TEXT),
    **dict.fromkeys(("input_tokens", "output_tokens"), _TEXT),
    **dict.fromkeys(("cache_read_input_tokens", "cache_creation_input_tokens"), _TEXT),
    **dict.fromkeys(("prompt_tokens", "completion_tokens"), _TEXT),
    "prompt_tokens_details": {"cached_tokens": _TEXT},
    "completion_tokens_details": {"reasoning_tokens": _TEXT},
}
_JOB: Final[dict[str, Any]] = dict.fromkeys(("jobArn", "modelId", "submitTime"), _TEXT)
_BATCH: Final[dict[str, Any]] = {
    "recordId": _TEXT,
    "modelOutput": {
        "id": _TEXT,
        "model": _TEXT,
        "usage": _USAGE,
        "inputTextTokenCount": _TEXT,
        "results": [{"tokenCount": _TEXT}],
        "prompt_token_count": _TEXT,
        "generation_token_count": _TEXT,
    },
    "error": {"errorCode": _TEXT},
    **_JOB,
    "invocationJobSummaries": [_JOB],
}


def takes_log(name: str) -> bool:
    """Whether a file is a log: not a body that lies apart, nor the test of the bucket's rights."""
    parts = name.split("/")
    is_apart = "data" in parts[:-1] or "amazon-bedrock-logs-permission-check" in parts[-1]
    return not is_apart and kind_of_name(name) == "json"


def takes_batch(name: str) -> bool:
    """Whether a file is a job's output or may describe jobs; the manifest of totals is neither."""
    return _is_output(name) or (kind_of_name(name) == "json" and name.lower().endswith(".json"))


def _is_output(name: str) -> bool:
    return name.lower().removesuffix(".gz").endswith(".jsonl.out")


def _kind_of_batch(name: str) -> Kind | None:
    return "json" if _is_output(name) else kind_of_name(name)


FORMAT: Final = LogFormat(
    name="bedrock",
    rank="provider",
    structure=_LOG,
    records=lambda con: query(con, "inference/bedrock/records"),
    takes=takes_log,
)
BATCH: Final = LogFormat(
    name="bedrock-batch",
    rank="provider",
    structure=_BATCH,
    records=lambda con: query(con, "inference/bedrock_batch/records"),
    unit="source",
    takes=takes_batch,
    kind_of=_kind_of_batch,
    has_documents=True,
)
