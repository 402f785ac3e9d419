"""Watched hours: declared, or seen between the first and the last record."""

from datetime import datetime, timedelta

from pipelines.inference.sources import LogInput
from pipelines.settings import Coverage
from tests.pipelines.inference_logs import local, read_logs, read_sources, record, write_jsonl


def at(hour, **fields):
    start = datetime(2026, 9, 1) + timedelta(hours=hour)
    return record(started_at=f"{start:%Y-%m-%dT%H}:30:00Z", **fields)


def spans(read):
    return [
        (
            row["resource_id"],
            int((row["watched_from"] - datetime(2026, 9, 1)) / timedelta(hours=1)),
            int((row["watched_until"] - datetime(2026, 9, 1)) / timedelta(hours=1)),
            row["kind"],
        )
        for row in read.coverage.to_dicts()
    ]


def test_a_resource_is_watched_from_its_first_to_the_end_of_its_last_hour(tmp_path):
    path = write_jsonl(
        tmp_path / "a.jsonl",
        [at(h, resource_id="b") for h in range(0, 60, 20)]
        + [at(h, resource_id="a") for h in (3, 55)]
        + [at(70)],
    )
    assert spans(read_logs(tmp_path, path)) == [("a", 3, 56, "logged"), ("b", 0, 41, "logged")]


def test_a_whole_silent_day_of_the_source_ends_every_span(tmp_path):
    hours = [0, 5, 30, 40]  # 5 -> 30: hours 6..29 are silent, 24 of them
    path = write_jsonl(tmp_path / "a.jsonl", [at(h, resource_id="a") for h in hours])
    assert spans(read_logs(tmp_path, path)) == [("a", 0, 6, "logged"), ("a", 30, 41, "logged")]
    path = write_jsonl(tmp_path / "a.jsonl", [at(h, resource_id="a") for h in [0, 5, 29, 40]])
    assert spans(read_logs(tmp_path, path)) == [("a", 0, 41, "logged")]


def test_declared_coverage_is_kept_beside_logged_and_only_where_it_touches_the_window(tmp_path):
    covers = [
        Coverage.model_validate(
            {"from": datetime.fromisoformat(a), "until": datetime.fromisoformat(b), "resources": r}
        )
        for a, b, r in (
            ("2026-08-01T00:00:00+00:00", "2026-09-03T00:00:00+00:00", []),
            ("2026-09-01T00:00:00+00:00", "2026-09-02T00:00:00+00:00", ["a", "b"]),
            ("2026-10-01T00:00:00+00:00", "2026-11-01T00:00:00+00:00", []),
        )
    ]
    path = write_jsonl(tmp_path / "a.jsonl", [at(0, resource_id="a")])
    assert spans(read_logs(tmp_path, path, covers=covers)) == [
        ("*", -744, 48, "declared"),
        ("a", 0, 24, "declared"),
        ("a", 0, 1, "logged"),
        ("b", 0, 24, "declared"),
    ]


def test_sources_do_not_mix(tmp_path):
    one = write_jsonl(tmp_path / "one.jsonl", [at(0, request_id="r", resource_id="a")])
    two = write_jsonl(tmp_path / "two.jsonl", [at(9, request_id="r", resource_id="a"), "bad"])
    read = read_sources(
        [
            LogInput("one", None, [], [local(one, tmp_path)]),
            LogInput("two", None, [], [local(two, tmp_path)]),
        ],
        tmp_path / "w",
    )
    assert read.usage.select("source", "requests").rows() == [("one", 1), ("two", 1)]
    assert spans(read) == [("a", 0, 1, "logged"), ("a", 9, 10, "logged")]
    assert read.rejects["source"].to_list() == ["two"]
