"""Azure OpenAI: the diagnostic log of its calls, and the API Management gateway's token log.

**Diagnostic log** (`azure-openai`), category RequestResponse, as a diagnostic setting writes it to
a storage account: `insights-logs-requestresponse/resourceId=/.../y=2026/m=09/d=05/h=10/m=00/*.json`
with one JSON object a line. `azure-openai-log-analytics` reads the same records as Log Analytics
exports them (table AzureDiagnostics, or its data export), as CSV, Parquet, JSON lines or the array
that `az monitor log-analytics query` prints, with columns TimeGenerated, CorrelationId,
ResultSignature, properties_s. Decisions:

- `properties` is JSON inside a text. Its times are .NET ticks of 100 ns since the year 1:
  `requestTime` is when the call began; without it the record's own time stands in.
- **Model** is `modelName` with `modelVersion`, where they are missing the deployment's name.
- **Resource** is the account's id in lower case (the log writes upper case, the bill mixed), and
  the **account** is the subscription in it.
- **No tokens**: the log has none, only lengths in bytes. They are NULL here; they are in the
  gateway's log below, or in Azure Monitor's metrics.
- What called no model (threads, files, lists of deployments) and other categories are left out.

**Gateway** (`azure-api-management`), category GatewayLlmLogs of API Management, and
`azure-api-management-log-analytics` for the table ApiManagementGatewayLlmLog. A call is written as
several rows: the one with SequenceNumber 0 has the tokens, the others hold parts of prompt and
answer and are left out unread. CorrelationId links it to other logs as its trace, RequestId is the
model's own id of the answer. The resource, region and subscription of a row are the gateway's, not
the model's: state those of the model in `defaults`.

Tokens are taken as the gateway counts them: prompt tokens with the cached ones in. Some gateways
write `promptCachedTokens`, which the vendor does not document, and which is therefore not read.

The fields of the two storage forms are from captured events and public code, the columns of the two
tables from the vendor's reference. That CorrelationId of the gateway equals the diagnostic log's is
not documented: it depends on which headers the gateway passes on.
"""

from typing import Any, Final

from pipelines.inference.formats import LogFormat
from pipelines.queries import query


def _texts(*names: str) -> dict[str, Any]:
    return dict.fromkeys(names, "VARCHAR")


# JSON keys are told apart by case, columns of SQL are not: one structure for each spelling, both
# with every column the SELECT asks for.
_TIMES: Final = _texts("time", "TimeGenerated", "TimeGenerated [UTC]")
_LOG: Final = ("category", "operationName", "correlationId", "resultSignature", "resourceId")
_LOG_MORE: Final = _texts("location", "location_s", "_ResourceId", "properties", "properties_s")
_CALL: Final = (
    "correlationId",
    "requestId",
    "operationName",
    "deploymentName",
    "modelName",
    "promptTokens",
    "completionTokens",
    "sequenceNumber",
)


def _pascal(names: tuple[str, ...]) -> dict[str, Any]:
    return _texts(*(name[0].upper() + name[1:] for name in names))


FORMAT: Final = LogFormat(
    name="azure-openai",
    rank="provider",
    structure={**_TIMES, **_texts(*_LOG), **_LOG_MORE},
    records=lambda con: query(con, "inference/azure_openai/records"),
    has_documents=True,
)
LOG_ANALYTICS: Final = LogFormat(
    name="azure-openai-log-analytics",
    rank="provider",
    structure={**_TIMES, **_pascal(_LOG), **_LOG_MORE},
    records=lambda con: query(con, "inference/azure_openai/records"),
    has_documents=True,
)
GATEWAY: Final = LogFormat(
    name="azure-api-management",
    rank="gateway",
    structure={**_TIMES, **_texts(*_CALL), "properties": _texts(*_CALL)},
    records=lambda con: query(con, "inference/azure_llm_gateway/records"),
    has_documents=True,
)
GATEWAY_LOG_ANALYTICS: Final = LogFormat(
    name="azure-api-management-log-analytics",
    rank="gateway",
    structure={**_TIMES, **_pascal(_CALL), "properties": _texts(*_CALL)},
    records=lambda con: query(con, "inference/azure_llm_gateway/records"),
    has_documents=True,
)
