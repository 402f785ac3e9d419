"""What kind of log a file looks like, told from the names in it; nothing is opened here.

A log is known by names no other log has together: columns of a table, keys of a JSON line, metrics
of a text. Where none fits, `mapping_draft` proposes a mapping file.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

DEEPEST: Final = 6
"""How many names deep a JSON line is looked into."""


@dataclass(frozen=True)
class Sample:
    """A file looked into: the paths of its first lines, each with a value, or its text."""

    values: Mapping[str, str] = field(default_factory=dict)
    """By path as a mapping writes it; for a table by column."""
    text: str = ""
    """The start of a file that is neither JSON nor a table."""


@dataclass(frozen=True)
class Signature:
    """What a log is known by."""

    format: str
    """The format of the settings, or of a mapping `mapped`."""
    what: str
    needs: tuple[str, ...] = ()
    """Columns or outermost keys that are all there."""
    says: Mapping[str, str] = field(default_factory=dict)
    """Values that some paths have: regular expressions."""
    text: str = ""
    """A regular expression that its text holds."""
    mapping: str = ""

    def fits(self, sample: Sample) -> bool:
        """Whether a file has all of it."""
        if self.text:
            if not sample.text:
                return False
            return re.search(self.text, sample.text, re.MULTILINE) is not None
        there = {path.lower(): value for path, value in sample.values.items()}
        outermost = {re.split(r"[.\[]", path)[0] for path in there}
        has_names = outermost.issuperset(need.lower() for need in self.needs)
        return has_names and all(
            re.search(pattern, there.get(path.lower(), "")) for path, pattern in self.says.items()
        )

    @property
    def evidence(self) -> tuple[str, ...]:
        """What it is known by, for people."""
        return (*self.says, *self.needs) or (self.text.strip("^"),)


def _mapped(name: str, what: str, *needs: str, **more: Any) -> Signature:
    return Signature("mapped", what, needs, mapping=name, **more)


_METRIC: Final = "data.result[0].metric.__name__"
"""Where Prometheus' query API names a series."""

SIGNATURES: Final = (
    Signature(
        "bedrock",
        "Amazon Bedrock invocation log",
        says={"schemaType": "^ModelInvocationLog$"},
    ),
    Signature("bedrock-batch", "Amazon Bedrock batch output", ("recordId", "modelOutput")),
    Signature("sagemaker-capture", "SageMaker data capture", ("captureData", "eventMetadata")),
    Signature("otel", "OpenTelemetry spans (OTLP JSON)", ("resourceSpans",)),
    Signature(
        "azure-openai",
        "Azure OpenAI diagnostic log",
        ("correlationId", "properties"),
        {"category": "^RequestResponse$"},
    ),
    Signature(
        "azure-openai-log-analytics",
        "Azure OpenAI diagnostic log, exported from Log Analytics",
        ("TimeGenerated", "CorrelationId", "properties_s"),
        {"Category": "^RequestResponse$"},
    ),
    Signature(
        "azure-api-management",
        "Azure API Management's log of LLM calls",
        ("properties",),
        {"category": "^GatewayLlmLogs$"},
    ),
    Signature(
        "azure-api-management-log-analytics",
        "Azure API Management's log of LLM calls, exported from Log Analytics",
        ("TimeGenerated", "CorrelationId", "PromptTokens", "CompletionTokens"),
    ),
    Signature(
        "openai-usage",
        "pages of OpenAI's usage API",
        says={"object": "^(page|bucket)$"},
    ),
    Signature("cloudwatch", "CloudWatch's answers of GetMetricData", ("MetricDataResults",)),
    Signature(
        "cloudwatch",
        "a metric stream of CloudWatch",
        ("metric_stream_name", "metric_name", "dimensions"),
    ),
    Signature("azure-monitor", "Azure Monitor's metrics", ("timespan", "interval", "value")),
    Signature(
        "litellm",
        "LiteLLM's SpendLogs",
        ("request_id", "call_type", "spend", "startTime", "endTime"),
    ),
    Signature(
        "litellm",
        "LiteLLM's logging payload",
        ("litellm_call_id", "call_type", "startTime", "response_cost"),
    ),
    Signature("vllm", "vLLM's metrics", text=r"^vllm:\w+"),
    Signature("vllm", "vLLM's metrics", says={_METRIC: "^vllm:"}),
    Signature("dcgm", "GPU samples of the DCGM exporter", text=r"^DCGM_FI_\w+"),
    Signature("dcgm", "GPU samples of the DCGM exporter", says={_METRIC: "^DCGM_FI_"}),
    _mapped("triton", "Triton's metrics", text=r"^nv_inference_\w+"),
    _mapped("triton", "Triton's metrics", says={_METRIC: "^nv_inference_"}),
    _mapped("vertex-ai", "Vertex AI request-response log", "logging_time", "full_response"),
    _mapped("vertex-ai", "Vertex AI request-response log", "logging_time", "deployed_model_id"),
    _mapped("kserve", "KServe's events", says={"type": r"^org\.kubeflow\.serving\."}),
    _mapped("seldon", "Seldon's events", says={"type": r"^io\.seldon\.serving\."}),
    _mapped(
        "kserve-blob",
        "KServe's inference logger in a bucket",
        "InferenceService",
        says={"ReqType": r"^org\.kubeflow\.serving\."},
    ),
    Signature("pod-allocations", "Kubernetes' pods", ("pod", "from", "until")),
    Signature("modelspend", "modelspend's own records", ("started_at", "model")),
)
"""The first that fits is meant: what is known by more stands before what is known by less."""


def detect_log(sample: Sample) -> Signature | None:
    """The log a file is, or None."""
    return next((known for known in SIGNATURES if known.fits(sample)), None)


def detect_log_columns(names: Sequence[str]) -> Signature | None:
    """The log that a file with these columns or outermost keys is, so far as names alone tell."""
    sample = Sample(dict.fromkeys(names, ""))
    return next((known for known in SIGNATURES if not known.says and known.fits(sample)), None)


def sample_of_objects(objects: Sequence[Mapping[str, Any]]) -> Sample:
    """The paths of JSON lines, each with the first value it has."""
    values: dict[str, str] = {}
    for found in objects:
        for path, value in _paths(found, "", 0):
            if values.get(path, "") == "":
                values[path] = value
    return Sample(values)


def _paths(value: Any, path: str, depth: int) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping) and depth < DEEPEST:
        for name, inner in value.items():
            step = f'"{name}"' if re.search(r'[."\[\]]', name) else name
            yield from _paths(inner, f"{path}.{step}" if path else step, depth + 1)
    elif isinstance(value, list) and value and isinstance(value[0], Mapping) and depth < DEEPEST:
        yield from _paths(value[0], f"{path}[0]", depth + 1)
    else:
        yield path, _as_text(value)


def _as_text(value: Any) -> str:
    if value is None or isinstance(value, list | Mapping):
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)
