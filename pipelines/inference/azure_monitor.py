"""Azure Monitor's metrics of Azure OpenAI: requests and tokens of each deployment in each interval.

Belongs here: answers of the metrics API (`az monitor metrics list --output json`, and its form for
many resources at once), and which figures count.

- ProcessedPromptTokens (InputTokens in Foundry): input tokens; GeneratedTokens (OutputTokens):
  output tokens; AzureOpenAIRequests (ModelRequests): requests. Aggregation Total.
- Ask for them split by ModelDeploymentName, ModelName and ModelVersion (`--filter` with
  `ModelDeploymentName eq '*' and ModelName eq '*' and ModelVersion eq '*'`), requests by StatusCode
  as well. Figures that name no model are rejects; where several breakdowns of the same hour were
  kept, the finest counts.
- The newest interval still fills: where it was asked for again, the later file by name counts.

`model` is the model's name, else the deployment's; `resource_id` the account, in lower case as the
diagnostic log's reader has it. Each figure is a record of grain `bucket` over its interval.

Metric names and dimensions as of Microsoft's reference of supported metrics, but for Foundry's
InputTokens, OutputTokens and ModelRequests, which are from memory; that cached tokens are part of
ProcessedPromptTokens could not be verified.
"""

from typing import Final

from pipelines.inference.formats import LogFormat
from pipelines.queries import query

_VALUE: Final = [
    {
        "id": "VARCHAR",
        "name": {"value": "VARCHAR"},
        "timeseries": [
            {
                "metadatavalues": [{"name": {"value": "VARCHAR"}, "value": "VARCHAR"}],
                "data": [
                    {
                        "timeStamp": "VARCHAR",
                        "total": "VARCHAR",
                        "sum": "VARCHAR",
                    }
                ],
            }
        ],
    }
]
_ANSWER: Final = {
    "interval": "VARCHAR",
    "resourceregion": "VARCHAR",
    "resourceid": "VARCHAR",
    "value": _VALUE,
}

FORMAT = LogFormat(
    "azure-monitor",
    "bucket",
    {**_ANSWER, "values": [_ANSWER]},
    lambda con: query(con, "inference/azure_monitor/records"),
    unit="source",
    has_documents=True,
    sums_lines=True,
)
