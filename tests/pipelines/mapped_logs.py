"""Logs read by a mapping file."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pipelines.inference.mapped import mapped_format, shipped_text
from tests.pipelines.inference_logs import Read, read_logs, write_jsonl

MINIMAL = """
[fields]
started_at = "at"
model = "model"
input_tokens = "in"
"""


def read_mapped(root: Path, mapping: str, *paths: Path, **more: Any) -> Read:
    """The files, by the text of a mapping file or the name of one that ships."""
    text = mapping if "\n" in mapping else shipped_text(mapping)
    return read_logs(root, *paths, format=mapped_format(text, "my.toml"), **more)


def read_lines(root: Path, mapping: str, *lines: Mapping[str, Any] | str, **more: Any) -> Read:
    """JSON lines, by a mapping."""
    return read_mapped(root, mapping, write_jsonl(root / "log.jsonl", lines), **more)


def line(**fields: Any) -> dict[str, Any]:
    return {"at": "2026-09-05T10:15:00Z", "model": "rank", **fields}
