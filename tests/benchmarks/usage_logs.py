"""The usage logs that are measured: how each is read, by the name of its step.

`usage-NAME` is written by `write_NAME` of `make_usage_logs`.
"""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class UsageLog:
    """One log: its format, or its mapping, and what the settings say of it."""

    format: str = "mapped"
    mapping: str | None = None
    """The name of a shipped mapping, or in `make_usage_logs` the name of a text."""
    defaults: dict[str, str] = field(default_factory=dict)
    timezone: str | None = None


USAGE_LOGS = {
    "usage-bedrock": UsageLog("bedrock"),
    "usage-bedrock-batch": UsageLog(
        "bedrock-batch", defaults={"model": "m", "region": "us-east-1"}
    ),
    "usage-sagemaker-capture": UsageLog("sagemaker-capture", defaults={"sample_rate": "0.1"}),
    "usage-azure-openai": UsageLog("azure-openai"),
    "usage-azure-api-management": UsageLog("azure-api-management"),
    "usage-openai-usage": UsageLog("openai-usage"),
    "usage-vertex-ai": UsageLog(mapping="vertex-ai"),
    "usage-kserve": UsageLog(mapping="kserve"),
    "usage-mapped-csv": UsageLog(mapping="MAPPED_TABLE"),
    "usage-mapped-parquet": UsageLog(mapping="MAPPED_TABLE"),
    "usage-litellm": UsageLog("litellm"),
    "usage-litellm-csv": UsageLog("litellm"),
    "usage-litellm-parquet": UsageLog("litellm"),
    "usage-otel": UsageLog("otel"),
    "usage-vllm": UsageLog("vllm"),
    "usage-dcgm": UsageLog("dcgm"),
    "usage-pod-allocations": UsageLog("pod-allocations"),
    "usage-series-table": UsageLog(mapping="SERIES_TABLE"),
}
