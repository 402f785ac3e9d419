"""The same calls in Bedrock's log, LiteLLM and OpenTelemetry: each counted once, in any order."""

import itertools
import random
from collections import Counter
from pathlib import Path

import polars as pl
import pytest
from inference_logs import Read, local, read_sources, write_jsonl
from polars.testing import assert_frame_equal
from synthetic_month import SONNET, Key, Line, Month, synthetic_month

from pipelines.inference import bedrock, linking, litellm, otel
from pipelines.inference.formats import LogFormat
from pipelines.inference.sources import LogInput

FORMATS: dict[str, LogFormat] = {
    "bedrock": bedrock.FORMAT,
    "litellm": litellm.FORMAT,
    "otel": otel.FORMAT,
}


NAMES = ("bedrock", "litellm", "otel")


@pytest.fixture(scope="module")
def month() -> Month:
    return synthetic_month()


@pytest.fixture(scope="module")
def as_made(month: Month, tmp_path_factory: pytest.TempPathFactory) -> Read:
    """The three logs read as they were made."""
    return read(tmp_path_factory.mktemp("as-made"), month, NAMES)


def source(root: Path, name: str, lines: list[Line], files: int = 1) -> LogInput:
    paths = [
        write_jsonl(root / name / f"{number}.json.gz", lines[number::files])
        for number in range(files)
    ]
    return LogInput(name, None, [], [local(path, root) for path in paths], format=FORMATS[name])


def read(root: Path, month: Month, names: tuple[str, ...], seed: int = 0) -> Read:
    """Read the logs in this order, their lines in another order and number of files each time."""
    drawn = random.Random(seed)  # noqa: S311 -- no secret
    sources = []
    for name in names:
        lines = getattr(month, name)
        if seed:
            lines = drawn.sample(lines, len(lines))
        sources.append(source(root, name, lines, files=1 + seed % 3))
    return read_sources(sources, root / ".work")


def sums(found: Read, *, counted: bool = True) -> Counter[tuple[Key, str]]:
    total: Counter[tuple[Key, str]] = Counter()
    for row in found.usage.to_dicts():
        if row["is_counted"] == counted:
            key = tuple(row[name] for name in ("hour", "provider", "model", "tenant", "status"))
            for name in ("requests", "input_tokens", "output_tokens"):
                total[key, name] += row[name] or 0
    return total


def without_zeros(counts: Counter[tuple[Key, str]]) -> dict[tuple[Key, str], int]:
    return {key: count for key, count in counts.items() if count}


def test_every_call_counts_once_where_the_best_log_saw_it(as_made, month):
    found = as_made
    assert without_zeros(sums(found)) == without_zeros(month.truth)
    logged = found.usage["requests"].sum()
    assert logged == len(month.bedrock) + len(month.litellm) + len(month.otel)
    counted = found.usage.filter("is_counted").group_by("source").agg(pl.col("requests").sum())
    by_source = dict(counted.rows())
    assert by_source["bedrock"] == len(month.bedrock)
    assert "otel" not in by_source
    told = [warning.split(" requests ", 1) for warning in found.warnings]
    assert [(first.split("'")[1], rest.split("'")[1]) for first, rest in told] == [
        ("litellm", "bedrock"),  # not linked: answers that were streamed, attempts that were lost
        ("litellm", "bedrock"),
        ("otel", "bedrock"),
        ("otel", "litellm"),
    ]


def test_the_order_of_sources_files_and_lines_changes_nothing(
    tmp_path, month, as_made, monkeypatch
):
    monkeypatch.setattr(linking, "IN_MEMORY", 1_000)  # nor does it how much is looked up at a time
    for seed, order in enumerate(itertools.islice(itertools.permutations(NAMES), 2, None, 3), 1):
        again = read(tmp_path / str(seed), month, order, seed)
        assert_frame_equal(again.usage, as_made.usage)
        assert sorted(again.warnings) == sorted(as_made.warnings)


def test_without_the_provider_s_log_the_gateway_counts_and_the_spans_still_do_not(tmp_path, month):
    found = read(tmp_path, month, ("litellm", "otel"))
    counted = found.usage.filter("is_counted")
    assert counted.filter(source="litellm")["requests"].sum() == len(month.litellm)
    # Calls past the gateway are in no other log.
    past = [line for line in month.otel if "aws.request_id" in str(line)]
    assert counted.filter(source="otel")["requests"].sum() == len(past)


def test_logs_that_are_declared_apart_are_added(tmp_path, month):
    sources = [source(tmp_path, "bedrock", month.bedrock)]
    apart = source(tmp_path, "litellm", month.litellm)
    sources.append(LogInput("litellm", None, [], apart.files, apart.format, overlap="none"))
    found = read_sources(sources, tmp_path / ".work")
    assert found.usage["is_counted"].all()
    assert found.usage["requests"].sum() == len(month.bedrock) + len(month.litellm)
    assert SONNET in found.usage["model"]
