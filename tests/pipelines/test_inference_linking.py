"""One call in several logs is one request: which log counts it, and what the others tell it."""

from pathlib import Path
from typing import Any

import pytest
from inference_logs import Read, local, read_sources, record, write_jsonl

from pipelines.inference.sources import LogInput

ID = "915a6a04-3f83-4c70-a277-{:012d}"


def source(root: Path, name: str, rank: str, *records: dict[str, Any], **more: Any) -> LogInput:
    path = write_jsonl(root / name / "log.jsonl", records)
    return LogInput(name, None, [], [local(path, root)], rank=rank, **more)


def call(number: int, **fields: Any) -> dict[str, Any]:
    told = {"request_id": ID.format(number), "provider": "aws"}
    return record(**{**told, "input_tokens": 100, "output_tokens": 7, **fields})


def read(root: Path, *sources: LogInput) -> Read:
    return read_sources(sources, root / ".work")


def counted(found: Read) -> dict[str, tuple[int, int]]:
    """Requests of each source that are counted, and that are not."""
    rows: dict[str, list[int]] = {}
    for row in found.usage.to_dicts():
        rows.setdefault(row["source"], [0, 0])[not row["is_counted"]] += row["requests"]
    return {name: (yes, no) for name, (yes, no) in rows.items()}


def only(found: Read) -> dict[str, Any]:
    [row] = [row for row in found.usage.to_dicts() if row["is_counted"]]
    return row


def test_a_call_in_three_logs_counts_in_the_best_and_learns_from_the_others(tmp_path):
    found = read(
        tmp_path,
        source(
            tmp_path,
            "spans",
            "span",
            record(
                started_at="2026-09-05T09:59:59Z",
                request_id="eee19b7ec3c1b174",
                response_id="chatcmpl-00000000001",
                tenant="not this one",
                use_case="search",
            ),
        ),
        source(
            tmp_path,
            "gateway",
            "gateway",
            call(
                1,
                request_id="chatcmpl-00000000001",
                response_id=ID.format(1),
                tenant="shop-a",
                model="gateway's word",
                output_tokens_reasoning=3,
                input_tokens=101,
                input_tokens_cache_read=50,
            ),
        ),
        source(tmp_path, "bedrock", "provider", call(1, started_at="2026-09-05T10:00:00Z")),
    )
    assert counted(found) == {"bedrock": (1, 0), "gateway": (0, 1), "spans": (0, 1)}
    row = only(found)
    told = ("hour", "model", "tenant", "use_case", "input_tokens", "input_tokens_cache_read")
    assert [str(row[name]) for name in told] == [
        "2026-09-05 10:00:00",
        "rank",
        "shop-a",
        "search",
        "100",
        "None",  # of another total
    ]
    assert row["output_tokens_reasoning"] == 3  # of the same total
    assert found.warnings == [
        "log source 'gateway': 1 of 1 requests are also in 'bedrock' and are counted there",
        "log source 'spans': 1 of 1 requests are also in 'bedrock' and are counted there",
    ]
