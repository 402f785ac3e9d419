"""The log formats there are, by the name the settings give them."""

import difflib
from typing import Final

from pipelines.errors import SettingsInvalid
from pipelines.inference import (
    azure_monitor,
    azure_openai,
    bedrock,
    cloudwatch,
    dcgm,
    litellm,
    openai_usage,
    otel,
    pod_allocations,
    sagemaker_capture,
    vllm,
)
from pipelines.inference.formats import NATIVE, LogFormat
from pipelines.inference.mapped import mapped_format
from pipelines.settings import LogSource

SETTINGS_FILE: Final = "modelspend.toml"

FORMATS: Final[dict[str, LogFormat]] = {
    format_.name: format_
    for format_ in (
        NATIVE,
        azure_monitor.FORMAT,
        azure_openai.FORMAT,
        azure_openai.LOG_ANALYTICS,
        azure_openai.GATEWAY,
        azure_openai.GATEWAY_LOG_ANALYTICS,
        bedrock.FORMAT,
        bedrock.BATCH,
        cloudwatch.FORMAT,
        dcgm.FORMAT,
        litellm.FORMAT,
        openai_usage.FORMAT,
        otel.FORMAT,
        pod_allocations.FORMAT,
        sagemaker_capture.FORMAT,
        vllm.FORMAT,
    )
}


def format_of(source: LogSource, mapping: str | None = None) -> LogFormat:
    """The format a source's settings name; `mapping` is the text of its mapping file, if any.

    Raises:
        SettingsInvalid: there is no such format, or the mapping is wrong.
    """
    if mapping is not None:
        return mapped_format(mapping, source.mapping or "")
    if source.format not in FORMATS:
        known = sorted([*FORMATS, "mapped"])
        near = difflib.get_close_matches(source.format, known, n=1, cutoff=0)[0]
        message = (
            f"logs.{source.name}.format: {source.format!r} is no log format; the nearest is "
            f"{near!r}. There are {', '.join(known)}"
        )
        raise SettingsInvalid(SETTINGS_FILE, [message])
    return FORMATS[source.format]
