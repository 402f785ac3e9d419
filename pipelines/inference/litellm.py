"""LiteLLM: exports of its table SpendLogs (CSV, Parquet, JSON), and the StandardLoggingPayload.

Both say the same of a call in nearly the same words, so one format reads both: the table as it is
exported from its database, and the payload as the S3, GCS and Azure loggers write it (an object a
file, or lines). Checked against the source of 1.109.1. Decisions:

- **Identity** is `request_id` of the table and `id` of the payload: the id of the provider's answer
  where it gave one. Attempts that failed share their call's id, which is told apart by their start;
  each is a request of its own. `attempt` is `metadata.attempted_retries` + 1.
- **Links**: the payload's `hidden_params.additional_headers` hold the provider's own request id
  (`llm_provider-x-amzn-requestid`: the id in Bedrock's log; Azure's `apim-request-id`; OpenAI's
  `x-request-id`). The table has no headers: a call through it is linked to Bedrock only if it
  failed (`error_information.error_provider_request_id`) or another log knows both ids.
- **Time**: the payload has epoch seconds, the table UTC without a zone.
- **Model** without LiteLLM's provider before it (`bedrock/converse/`, `azure/`): the id, deployment
  or served name that the provider knows. **Provider** in canonical words; engines on own machines
  and endpoints of which only the protocol is known (`openai_like`) are nobody's bill.
- **Tokens** include cached ones. Cache and reasoning tokens are in `metadata.usage_object`. A call
  without usage is written with zeros, which are read as not measured.
- **spend** is LiteLLM's list-price estimate: `reported_cost` in USD.
- **Cache hits** of the gateway (`cache_hit`, `_cache_hit` behind the id) cost nothing and have no
  provider's request; they are kept as such and never linked.
- **Tenant**: `tenant` in the caller's metadata, else the team, else the end user. **Use case**:
  `use_case` there, else the project, else the alias of the key.
- **Left out**: tool calls, file, batch and thread management without tokens or cost, and requests
  that were refused before any provider was chosen.

That Azure's log has the `apim-request-id` as its correlation id could not be verified.
"""

from typing import Any, Final

from pipelines.inference.formats import LogFormat
from pipelines.queries import query

_TEXT: Final = "VARCHAR"
_USAGE: Final[dict[str, Any]] = {
    **dict.fromkeys(("prompt_tokens", "completion_tokens", "output_image_count"), _TEXT),
    **dict.fromkeys(("cache_read_input_tokens", "cache_creation_input_tokens"), _TEXT),
    "prompt_tokens_details": dict.fromkeys(
        ("cached_tokens", "cache_write_tokens", "cache_creation_tokens"), _TEXT
    ),
    "completion_tokens_details": {"reasoning_tokens": _TEXT},
}
_ERROR: Final = dict.fromkeys(("error_code", "error_class", "error_provider_request_id"), _TEXT)
_CALLER: Final = dict.fromkeys(("tenant", "use_case"), _TEXT)
_HEADERS: Final = dict.fromkeys(
    (
        "llm_provider-x-amzn-requestid",
        "llm_provider-apim-request-id",
        "llm_provider-x-request-id",
        "llm_provider-request-id",
        "x-request-id",
        "request-id",
    ),
    _TEXT,
)
_CALL: Final[dict[str, Any]] = {
    **dict.fromkeys(("request_id", "id", "trace_id", "startTime", "call_type", "status"), _TEXT),
    **dict.fromkeys(("model", "custom_llm_provider", "api_base", "cache_hit"), _TEXT),
    **dict.fromkeys(("prompt_tokens", "completion_tokens", "spend", "response_cost"), _TEXT),
    **dict.fromkeys(("team_id", "end_user"), _TEXT),
    "error_information": _ERROR,
    "cost_breakdown": {"service_tier": _TEXT},
    "hidden_params": {
        "additional_headers": _HEADERS,
        "usage_object": _USAGE,
        "batch_successful_requests": _TEXT,
    },
    "metadata": {
        **dict.fromkeys(("user_api_key_team_alias", "user_api_key_team_id"), _TEXT),
        **dict.fromkeys(("user_api_key_alias", "user_api_key_project_alias"), _TEXT),
        **dict.fromkeys(("user_api_key_end_user_id", "attempted_retries"), _TEXT),
        "batch_successful_requests": _TEXT,
        "spend_logs_metadata": _CALLER,
        "requester_metadata": _CALLER,
        "usage_object": _USAGE,
        "additional_usage_values": _USAGE,
        "error_information": _ERROR,
        "cost_breakdown": {"service_tier": _TEXT},
    },
}

FORMAT: Final = LogFormat(
    name="litellm",
    rank="gateway",
    structure=_CALL,
    records=lambda con: query(con, "inference/litellm/records"),
    has_documents=True,
)
