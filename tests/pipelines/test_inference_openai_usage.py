"""OpenAI's usage pages: buckets that are read again, other widths, groups and endpoints."""

import json
from pathlib import Path
from typing import Any

from inference_logs import Read, read_logs, write_jsonl, write_text

from pipelines.inference.openai_usage import FORMAT

DAY, HOUR = 86_400, 3_600
FIRST = 1_788_566_400  # 2026-09-05T00:00:00Z


def result(requests: int, **fields: Any) -> dict[str, Any]:
    """A result as the manual shows it: `requests` calls of 200 tokens, 160 of them cached."""
    return {
        "object": "organization.usage.completions.result",
        "input_tokens": requests * 200,
        "output_tokens": requests * 100,
        "input_cached_tokens": requests * 160,
        "input_audio_tokens": 0,
        "num_model_requests": requests,
        "project_id": None,
        "user_id": None,
        "api_key_id": None,
        "model": "ft:gpt-4o-mini:shop:rank:v7",
        "batch": None,
        "service_tier": None,
    } | fields


def bucket(start: int, *results: dict[str, Any], lasts: int = DAY) -> dict[str, Any]:
    return {
        "object": "bucket",
        "start_time": start,
        "end_time": start + lasts,
        "results": list(results),
    }


def page(*buckets: dict[str, Any]) -> dict[str, Any]:
    return {"object": "page", "data": list(buckets), "has_more": True, "next_page": "AAAA"}


def written(folder: Path, **pages: Any) -> list[Path]:
    """One file a page, over many lines, as `curl` stores what the API answers."""
    return [
        write_text(folder / f"{name}.json", json.dumps(page, indent=2))
        for name, page in pages.items()
    ]


def read(root: Path, files: list[Path], **more: Any) -> Read:
    return read_logs(root, *files, format=FORMAT, name="openai", **more)


def requests(found: Read, *keys: str) -> dict[tuple[Any, ...], int]:
    grouped: dict[tuple[Any, ...], int] = {}
    for row in found.usage.to_dicts():
        key = tuple(row[name] for name in keys)
        grouped[key] = grouped.get(key, 0) + row["requests"]
    return grouped


def test_a_day_of_a_page_lies_in_its_hours_without_losing_a_token(tmp_path):
    files = written(tmp_path, a=page(bucket(FIRST, result(5, project_id="proj_a", batch=True))))
    found = read(tmp_path, files)
    assert found.usage["hour"].n_unique() <= 24
    told = {"provider", "account_id", "model", "operation", "is_batch", "grain"}
    assert {tuple(sorted((k, str(row[k])) for k in told)) for row in found.usage.to_dicts()} == {
        (
            ("account_id", "proj_a"),
            ("grain", "bucket"),
            ("is_batch", "True"),
            ("model", "ft:gpt-4o-mini:shop:rank:v7"),
            ("operation", "completions"),
            ("provider", "openai"),
        )
    }
    tokens = ("requests", "input_tokens", "input_tokens_cache_read", "output_tokens")
    assert [found.total(name) for name in tokens] == [5, 1000, 800, 500]


def test_the_newest_bucket_is_read_again_and_replaced(tmp_path):
    files = written(
        tmp_path,
        **{
            "2026-09-05": page(bucket(FIRST, result(5)), bucket(FIRST + DAY, result(1))),
            "2026-09-06": page(bucket(FIRST + DAY, result(3), result(1, model="gpt-4o"))),
        },
    )
    for order in (files, files[::-1]):
        found = read(tmp_path, order)
        assert requests(found, "model") == {("ft:gpt-4o-mini:shop:rank:v7",): 8, ("gpt-4o",): 1}
        assert found.fates() == {
            "2026-09-05.json": (2, 1, 1, 0, 0),
            "2026-09-06.json": (2, 2, 0, 0, 0),
        }


def test_a_project_is_replaced_by_itself_and_a_reading_of_all_by_any(tmp_path):
    files = written(
        tmp_path,
        a=page(bucket(FIRST, result(100))),
        b=page(bucket(FIRST, result(4, project_id="p"), result(2, project_id="q"))),
        c=page(bucket(FIRST, result(7, project_id="q"))),
    )
    assert requests(read(tmp_path, files), "account_id") == {("p",): 4, ("q",): 7}
    again = written(tmp_path, d=page(bucket(FIRST, result(13))))
    assert requests(read(tmp_path, files + again), "account_id") == {("",): 13}


def test_hours_that_fill_a_day_count_instead_of_it_and_others_do_not(tmp_path):
    hours = [bucket(FIRST + i * HOUR, *[result(1)] * (i % 2), lasts=HOUR) for i in range(24)]
    files = written(
        tmp_path,
        days=page(bucket(FIRST, result(50)), bucket(FIRST + DAY, result(70))),
        hours=page(*hours, bucket(FIRST + DAY, result(2), lasts=HOUR)),
    )
    found = read(tmp_path, files)
    assert found.total("requests") == 12 + 70
    assert found.fates() == {"days.json": (2, 1, 0, 1, 0), "hours.json": (13, 12, 0, 1, 0)}


def test_each_endpoint_counts_what_it_has_and_what_calls_no_model_is_left_out(tmp_path):
    def of(endpoint: str, **fields: Any) -> dict[str, Any]:
        return {"object": f"organization.usage.{endpoint}.result", **fields}

    lines = [
        bucket(FIRST, of("embeddings", model="e", num_model_requests=2, input_tokens=30)),
        bucket(FIRST, of("images", model="i", num_model_requests=3, images=4)),
        page(bucket(FIRST, of("audio_speeches", model="tts", num_model_requests=1, characters=9))),
        bucket(FIRST, of("web_searches", model="w", num_model_requests=1, num_requests=1)),
        bucket(FIRST, of("vector_stores", usage_bytes=1024)),
        bucket(FIRST, {"object": "organization.costs.result", "amount": {"value": 1}}),
        bucket(FIRST, result(1, model=None)),
        bucket(FIRST + DAY, {"object": "organization.usage.completions.v2", "model": "x"}),
        bucket(FIRST),
    ]
    found = read(tmp_path, [write_jsonl(tmp_path / "pages.jsonl", lines)])
    assert requests(found, "operation", "model") == {
        ("embeddings", "e"): 2,
        ("images", "i"): 3,
        ("audio_speeches", "tts"): 1,
    }
    assert (found.total("input_tokens"), found.total("images")) == (30, 4)
    assert found.bad_lines() == [
        ("pages.jsonl", 7, "model", "missing"),
        ("pages.jsonl", 8, "object", "no known kind of usage"),
    ]
    assert found.fates() == {"pages.jsonl": (9, 3, 0, 4, 2)}
