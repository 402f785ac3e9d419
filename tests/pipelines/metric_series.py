"""Builders of metric scrapes: samples as Prometheus writes them, and times of September 2026."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

MONTH_START = 1788220800
"""2026-09-01T00:00:00Z"""
SERVER = {"model_name": "rank-7b", "engine": "0", "instance": "10.0.0.1:8000"}
GPU = {"gpu": "0", "UUID": "GPU-1", "modelName": "NVIDIA H100", "Hostname": "n1"}
BLANK = 9223372036854775794
"""What DCGM writes for a reading it does not have."""


def at(minutes: float, seconds: float = 0) -> int:
    """A time in milliseconds, counted from the start of the month."""
    return int((MONTH_START + minutes * 60 + seconds) * 1000)


def escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def sample(name: str, labels: Mapping[str, str], value: object, time: int | None = None) -> str:
    inside = ",".join(f'{label}="{escaped(text)}"' for label, text in labels.items())
    return f"{name}{{{inside}}} {value}" + ("" if time is None else f" {time}")


def prompts(value: object, time: int | None = None, **labels: str) -> str:
    return sample("vllm:prompt_tokens_total", {**SERVER, **labels}, value, time)


def active(value: object, time: int, **labels: str) -> str:
    return sample("DCGM_FI_PROF_GR_ENGINE_ACTIVE", {**GPU, **labels}, value, time)


def utilised(value: object, time: int, **labels: str) -> str:
    return sample("DCGM_FI_DEV_GPU_UTIL", {**GPU, **labels}, value, time)


def matrix(
    series: Iterable[tuple[Mapping[str, str], list[tuple[float, object]]]],
) -> dict[str, Any]:
    """An answer of /api/v1/query_range."""
    result = [
        {"metric": dict(labels), "values": [[time, str(value)] for time, value in values]}
        for labels, values in series
    ]
    return {"status": "success", "data": {"resultType": "matrix", "result": result}}


def one_line(document: object) -> str:
    return json.dumps(document, separators=(",", ":"))
