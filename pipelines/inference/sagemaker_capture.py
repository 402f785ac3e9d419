"""Amazon SageMaker data capture: a sample of an endpoint's calls, for shares between its variants.

Files are `DEST/ENDPOINT/VARIANT/yyyy/mm/dd/hh/UUID.jsonl`; `path` is the capture's destination, so
that endpoint and variant are in the names below it. Decisions:

- **Model** is `ENDPOINT/VARIANT`, which the catalogue's deployments tie to a version; **resource**
  is `endpoint/ENDPOINT`, the end of the bill's ARN (which is in lower case: compared so).
- **Sampled**: an endpoint captures the share its `InitialSamplingPercentage` says, which is in the
  endpoint's configuration and not in the files. Say it in the source:
  `defaults = { sample_rate = "0.1" }`; without it a SageMaker registry tells it, where it was one
  share for all endpoints (`sampled`). The endpoint is billed by hours, whatever the traffic.
- **Tokens** are read only where the answer is JSON with a `usage` object, as OpenAI-compatible
  containers write it (`prompt_tokens`, `completion_tokens` or `input_tokens`, `output_tokens`),
  given as JSON or in BASE64. Of the body nothing but those numbers and its `id` is taken; other
  answers (CSV, pictures, lists) have no tokens: NULL. Streaming answers are never captured.
- **Rank**: last, below counters of the same endpoint. A tenth of the calls is no better a log of
  them than any that has all: a captured call that another log has is counted there.
- **inferenceId** is the caller's own name of the call: kept as its trace.
- Account and region are not in the files: state them in `defaults`.

What batch transform captures (input and output in files of their own) is not read. That
`inferenceId` lies in `eventMetadata` is from the vendor's manual.
"""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from pipelines.inference.formats import LogFormat
from pipelines.queries import query
from pipelines.registry.facts import CaptureRate

_STRUCTURE: Final[dict[str, Any]] = {
    "captureData": {"endpointOutput": {"data": "VARCHAR", "encoding": "VARCHAR"}},
    "eventMetadata": dict.fromkeys(("eventId", "inferenceId", "inferenceTime"), "VARCHAR"),
}


def sampled(
    captured: Sequence[CaptureRate], window: tuple[datetime, datetime]
) -> tuple[dict[str, str], str]:
    """What the registries tell of the share that was captured, as a default; or why they cannot.

    10 % of every endpoint's calls all along -> `{"sample_rate": "0.1"}`.
    """
    start, end = window
    told: dict[str, set[int]] = {}
    for rate in captured:
        if rate.percentage and rate.from_ < end and start < rate.until:
            told.setdefault(rate.endpoint, set()).add(rate.percentage)
    rates = set[int]().union(*told.values())
    if len(rates) > 1:
        each = ", ".join(
            f"{name} {'/'.join(map(str, sorted(found)))} %" for name, found in sorted(told.items())
        )
        return {}, (
            f"endpoints captured different shares of their calls ({each}): counted as if all were "
            "captured. Give each a log source of its own with `defaults = { sample_rate = ... }`"
        )
    return ({"sample_rate": str(Decimal(rates.pop()) / 100)} if rates else {}), ""


def takes(name: str) -> bool:
    """Whether a file is a capture."""
    return name.lower().removesuffix(".gz").endswith(".jsonl")


FORMAT: Final = LogFormat(
    name="sagemaker-capture",
    rank="counter",
    structure=_STRUCTURE,
    records=lambda con: query(con, "inference/sagemaker_capture/records"),
    takes=takes,
)
