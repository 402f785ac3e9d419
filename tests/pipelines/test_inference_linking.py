"""One call in several logs is one request: which log counts it, and what the others tell it."""

from pathlib import Path
from typing import Any

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


def test_calls_are_linked_across_logs_of_two_that_only_a_third_knows(tmp_path):
    found = read(
        tmp_path,
        source(tmp_path, "bedrock", "provider", call(1)),
        source(tmp_path, "litellm", "gateway", call(1, request_id="chatcmpl-00000000001")),
        source(
            tmp_path,
            "spans",
            "span",
            call(1, request_id="chatcmpl-00000000001", response_id=ID.format(1)),
        ),
    )
    assert counted(found) == {"bedrock": (1, 0), "litellm": (0, 1), "spans": (0, 1)}


def test_every_attempt_that_arrived_counts_and_the_one_that_did_not_does_not(tmp_path):
    gateway = [
        call(1, attempt=1, response_id="first-attempt-0001", status="500", request_id="call-1"),
        call(1, attempt=2, response_id="second-attempt-001", request_id="call-1"),
        call(2, attempt=1, status="connection_error", request_id="call-2"),
        call(2, attempt=2, response_id="third-attempt-0001", request_id="call-2"),
    ]
    answered = ("first-attempt-0001", "second-attempt-001", "third-attempt-0001")
    provider = [call(9, request_id=answer) for answer in answered]
    span = call(1, request_id="eee19b7ec3c1b174", response_id="call-1", tenant="shop-a")
    sources = [
        source(tmp_path, "gateway", "gateway", *gateway),
        source(tmp_path, "bedrock", "provider", *provider),
        source(tmp_path, "spans", "span", span),
    ]
    found = read(tmp_path, *sources)
    assert counted(found) == {"bedrock": (3, 0), "gateway": (0, 4), "spans": (0, 1)}
    # The span tells of the attempt that succeeded, which the provider knows by another id.
    assert {row["tenant"] for row in found.usage.to_dicts() if row["is_counted"]} == {"", "shop-a"}
    without = read(tmp_path, sources[0], sources[2])
    assert counted(without) == {"gateway": (4, 0), "spans": (0, 1)}


def test_a_gateway_s_own_answers_are_kept_and_reach_no_provider(tmp_path):
    hit = call(1, request_id="hit-of-the-cache-1", response_id=ID.format(1), gateway_cache_hit=True)
    found = read(
        tmp_path,
        source(tmp_path, "bedrock", "provider", call(1)),
        source(tmp_path, "gateway", "gateway", call(1), hit),
    )
    assert counted(found) == {"bedrock": (1, 0), "gateway": (1, 1)}
    assert found.usage.filter("is_counted", source="gateway")["status"].to_list() == ["cache_hit"]


def test_logs_without_a_common_id_are_added_and_people_are_asked(tmp_path):
    def spend_logs(**more: Any) -> LogInput:
        calls = [call(3, tenant="shop-a"), call(4, started_at="2026-09-05T12:00:00Z")]
        return source(tmp_path, "litellm", "gateway", *calls, **more)

    bedrock = source(tmp_path, "bedrock", "provider", call(1), call(2, model="US.Rank"))
    found = read(tmp_path, bedrock, spend_logs())
    assert counted(found) == {"bedrock": (2, 0), "litellm": (2, 0)}
    assert found.warnings == [
        "log sources 'litellm' and 'bedrock' both count calls of the same models in 1 hours "
        "(1 and 2 requests, for example of rank), and no id links one to the other: if they are "
        'the same calls, they are counted twice. Set logs.litellm.overlap to "hours" if '
        "'bedrock' has them all, to \"none\" if it has none"
    ]
    apart = read(tmp_path, bedrock, spend_logs(overlap="none"))
    assert (counted(apart), apart.warnings) == (counted(found), [])
    same = read(tmp_path, bedrock, spend_logs(overlap="hours"))
    assert counted(same) == {"bedrock": (2, 0), "litellm": (1, 1)}
    assert [warning.split(" requests ")[0] for warning in same.warnings] == [
        "log source 'litellm': 1 of 2"
    ]


def test_what_is_not_linked_follows_what_is_but_not_where_the_better_log_is_silent(tmp_path):
    calls = [call(number) for number in range(20)]
    lost = [call(100 + number, request_id=f"lost-id-{number:08d}") for number in range(2)]
    silent = call(102, request_id="silent-0000000001", started_at="2026-09-05T12:00:00Z")
    other = call(103, request_id="other-00000000001", model="of another provider")
    found = read(
        tmp_path,
        source(tmp_path, "bedrock", "provider", *calls, call(100), call(101)),
        source(tmp_path, "gateway", "gateway", *calls, *lost, silent, other),
    )
    assert counted(found) == {"bedrock": (22, 0), "gateway": (2, 22)}
    assert found.warnings == [
        "log source 'gateway': 2 of 24 requests are in no better log by an id, but lie in hours in "
        "which 'bedrock' counted their model, and are counted there",
        "log source 'gateway': 20 of 24 requests are also in 'bedrock' and are counted there",
    ]


def test_calls_that_went_past_a_log_are_not_taken_to_be_in_it(tmp_path):
    """Two accounts behind one gateway, of which one keeps a log."""
    here = [call(number) for number in range(10)]
    past = [call(100 + number) for number in range(10)]
    found = read(
        tmp_path,
        source(tmp_path, "bedrock", "provider", *here),
        source(tmp_path, "gateway", "gateway", *here, *past),
    )
    assert counted(found) == {"bedrock": (10, 0), "gateway": (10, 10)}


def test_a_log_that_watches_a_sample_stands_for_all_calls_of_its_hours(tmp_path):
    calls = [call(number) for number in range(20)]
    found = read(
        tmp_path,
        source(tmp_path, "capture", "provider", *calls[:2], defaults={"sample_rate": "0.1"}),
        source(tmp_path, "gateway", "gateway", *calls),
    )
    assert counted(found) == {"capture": (20, 0), "gateway": (0, 20)}


def test_two_spans_of_one_answer_are_one_call(tmp_path):
    spans = [
        call(1, request_id="aaaaaaaaaaaaaaaa", response_id="chatcmpl-1", tenant="shop-a")
        | {"input_tokens": None, "output_tokens": None},
        call(1, request_id="bbbbbbbbbbbbbbbb", response_id="chatcmpl-1"),
        call(2, request_id="cccccccccccccccc", response_id="chatcmpl-2"),
    ]
    found = read(tmp_path, source(tmp_path, "spans", "span", *spans))
    assert counted(found) == {"spans": (2, 1)}
    assert only(found)["input_tokens"] == 200
    assert found.warnings == [
        "log source 'spans': 1 of 3 requests are a second span of the same answer and are not "
        "counted again"
    ]


def test_a_trace_links_calls_only_where_both_logs_have_one_of_it(tmp_path):
    trace = {"trace_id": "5b8efff798038103d269b633813fc60c"}
    two = {"trace_id": "6b8efff798038103d269b633813fc60c"}
    found = read(
        tmp_path,
        source(tmp_path, "bedrock", "provider", call(1, **trace), call(2, **two)),
        source(
            tmp_path,
            "spans",
            "span",
            call(11, **trace, started_at="2026-09-05T10:16:00Z"),
            call(12, **two, model="of two calls"),
            call(13, **two, model="of two calls"),
        ),
    )
    assert counted(found) == {"bedrock": (2, 0), "spans": (2, 1)}


def test_buckets_give_way_to_requests_and_counters_to_buckets(tmp_path):
    day = {"started_at": "2026-09-05T00:00:00Z", "ended_at": "2026-09-06T00:00:00Z"}
    bucket = {"grain": "bucket", "requests": 240, "provider": "openai"}
    counter = {"grain": "counter", "ended_at": "2026-09-05T10:16:00Z", "requests": 5}
    found = read(
        tmp_path,
        source(tmp_path, "gateway", "gateway", record(provider="openai", model="GPT")),
        source(
            tmp_path,
            "pages",
            "bucket",
            record(**{**day, **bucket, "model": "gpt"}),
            record(**{**day, **bucket, "model": "embed"}),
        ),
        source(
            tmp_path,
            "metrics",
            "counter",
            record(**counter, model="gpt"),
            record(**counter, model="embed"),
            record(**counter, model="own"),
            record(grain="sample", model="gpt", gpu_ms=1000, ended_at="2026-09-05T10:16:00Z"),
        ),
    )
    assert counted(found) == {"gateway": (1, 0), "pages": (240, 240), "metrics": (5, 10)}
    samples = found.usage.filter(grain="sample")
    assert samples["is_counted"].to_list() == [True]
    assert [warning.split(" requests ")[0] for warning in found.warnings] == [
        "log source 'metrics': 1 of 4",
        "log source 'metrics': 1 of 4",
        "log source 'pages': 1 of 2",
    ]


def test_a_log_without_tokens_takes_them_from_the_gateway_before_it(tmp_path):
    """Azure OpenAI's own log has no tokens; API Management's has them, by the same id."""
    found = read(
        tmp_path,
        source(
            tmp_path,
            "azure",
            "provider",
            call(1, input_tokens=None, output_tokens=None, model="4o"),
        ),
        source(tmp_path, "apim", "gateway", call(1, output_tokens_reasoning=2)),
    )
    row = only(found)
    told = ("model", "input_tokens", "output_tokens", "output_tokens_reasoning")
    assert [row[name] for name in told] == ["4o", 100, 7, 2]
    assert row["requests_with_tokens"] == 1


def test_a_call_on_both_sides_of_the_month_s_edge_counts_in_one_month(tmp_path):
    before = call(1, started_at="2026-08-31T23:59:59Z")
    after = call(1, started_at="2026-09-01T00:00:01Z")
    sources = [
        source(tmp_path, "bedrock", "provider", before),
        source(tmp_path, "gateway", "gateway", after),
    ]
    assert counted(read(tmp_path, *sources)) == {"gateway": (0, 1)}


def test_a_repeated_line_is_neither_linked_nor_counted_twice(tmp_path):
    found = read(
        tmp_path,
        source(tmp_path, "bedrock", "provider", call(1), call(1)),
        source(tmp_path, "gateway", "gateway", call(1, tenant="shop-a"), call(1, tenant="shop-a")),
    )
    assert counted(found) == {"bedrock": (1, 0), "gateway": (0, 1)}
    assert found.files["duplicates"].to_list() == [1, 1]
    assert only(found)["tenant"] == "shop-a"
