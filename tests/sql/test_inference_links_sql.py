"""The files of `sql/inference/links`, on a few records whose calls several logs saw."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import duckdb
import pytest
from sql_tables import COUNT, FLAG, INSTANT, TEXT, select, table

from pipelines.queries import sql

AT = datetime(2026, 9, 5, 10, 15)
HOUR = int((AT - datetime(1970, 1, 1)) / timedelta(hours=1))
AROUND = {"window_start": datetime(2026, 9, 1), "window_end": datetime(2026, 10, 1)}
WAY = ("provider", "account_id", "region", "resource_id", "model")
TOKENS = ("input_tokens", "input_tokens_cache_read", "input_tokens_cache_write", "output_tokens")
TOKENS += ("output_tokens_reasoning",)
WORDS = ("model_version", "operation", "tenant", "use_case", "service_tier")
RECORD = {
    **{"path": TEXT, "row": COUNT, "started_at": INSTANT, "ended_at": INSTANT},
    **dict.fromkeys((*WAY, *WORDS, "status", "grain", "problem", "left_out"), TEXT),
    **dict.fromkeys(("request_id", "response_id", "trace_id"), TEXT),
    **dict.fromkeys((*TOKENS, "images", "attempt", "requests"), COUNT),
    **{"gpu_ms": "DECIMAL(18,3)", "gateway_cache_hit": FLAG, "sample_rate": "DECIMAL(9,6)"},
}
MEMBER = {
    **{"node": COUNT, "source_no": "UTINYINT", "started_at": INSTANT},
    **{**dict.fromkeys((*WAY, *WORDS), TEXT), "gpu_ms": "DECIMAL(18,3)"},
    **dict.fromkeys((*TOKENS, "images"), COUNT),
}
MEMBER_ID = {
    **{"node": COUNT, "source_no": "UTINYINT", "started_at": INSTANT, "provider": TEXT},
    **{"has_no_tokens": FLAG, "id_hash": "UBIGINT"},
    **{"is_weak": FLAG, "is_answer": FLAG, "is_trace": FLAG},
}
WAYS = {"source_no": "UTINYINT", **dict.fromkeys(WAY, TEXT)}
HOURS = {**WAYS, "hour": COUNT, "is_ok": FLAG, "requests": COUNT}
SKEWS = {**WAYS, "better_no": "UTINYINT", "better_provider": TEXT, "better_model": TEXT}
SKEWS |= {"skew_seconds": COUNT, "linked": COUNT}
BEST, OTHER = 0, 1
ALL = {"shares": 1, "share": 0}
Row = dict[str, Any]


@pytest.fixture
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        yield connection


def node(rank: int, row: int = 0, part: int = 0, *, attempt: int = 1, failed: bool = False) -> int:
    """A record's place, as the SQL reckons it."""
    return rank << 60 | failed << 59 | (255 - attempt) << 51 | part << 32 | row


def nodes(con: duckdb.DuckDBPyConnection, table_: str, *numbers: int) -> None:
    table(con, table_, {"node": COUNT}, *({"node": number} for number in numbers))


def unnumbered(con: duckdb.DuckDBPyConnection, *rows: Row) -> None:
    told = {"path": "a", "started_at": AT, "model": "m", "requests": 1, "sample_rate": 1}
    told |= {"gateway_cache_hit": False, "grain": "request", "attempt": 1}
    numbered = [{**told, "row": number, **row} for number, row in enumerate(rows)]
    table(con, "log_unnumbered", RECORD, *numbered)
    table(con, "log_numbers", {"path": TEXT, "part_no": COUNT}, {"path": "a", "part_no": 3})
    table(con, "log_duplicates", {"part_no": COUNT, "row": COUNT}, {"part_no": 2, "row": 0})


def linkable(con: duckdb.DuckDBPyConnection, *rows: Row, rank: int = 1) -> None:
    unnumbered(con, *rows)
    con.execute(f"SET VARIABLE log_rank = {rank}")
    con.execute(f"CREATE OR REPLACE TEMP VIEW log_linkable AS {sql('inference/links/linkable')}")


def labels(con: duckdb.DuckDBPyConnection, *pairs: tuple[int, int]) -> None:
    rows = [{"node": child, "label": best} for child, best in pairs]
    table(con, "log_labels", {"node": COUNT, "label": COUNT}, *rows)


def edges(con: duckdb.DuckDBPyConnection, *pairs: tuple[int, int], name: str = "log_edges") -> None:
    rows = [{"child": child, "parent": best} for child, best in pairs]
    table(con, name, {"child": COUNT, "parent": COUNT}, *rows)


def members(con: duckdb.DuckDBPyConnection, *rows: Row) -> None:
    told = {"started_at": AT, "source_no": 0, "model": "m"}
    table(con, "log_members", MEMBER, *({**told, **dict.fromkeys(WAY[:4], ""), **r} for r in rows))


def member_ids(con: duckdb.DuckDBPyConnection, *rows: Row) -> None:
    told = {"started_at": AT, "source_no": 0, "provider": ""}
    told |= dict.fromkeys(("has_no_tokens", "is_weak", "is_answer", "is_trace"), False)
    table(con, "log_member_ids", MEMBER_ID, *({**told, "id_hash": 1, **row} for row in rows))


def way(source: int, **fields: Any) -> Row:
    return {"source_no": source, **dict.fromkeys(WAY, ""), "model": "m", **fields}


@pytest.mark.parametrize(
    ("rows", "shared"),
    [
        ([(0, 0, False), (1, 1, False)], [(7,)]),
        ([(0, 0, False), (1, 0, False)], []),  # of one rank
        ([(0, 0, False), (0, 0, False)], []),
        ([(0, 0, True), (1, 1, True)], [(7,)]),
        ([(0, 0, True), (1, 1, True), (1, 1, True)], []),  # a trace of two calls
        ([(0, 0, False), (1, 1, False), (1, 1, False)], [(7,)]),  # attempts of one call
    ],
)
@pytest.mark.parametrize("largest", [0, 1])
def test_ids_are_shared_between_ranks_and_traces_where_each_log_has_one(con, rows, shared, largest):
    columns = {"source_no": "UTINYINT", "rank_no": "UTINYINT", "id_hash": "UBIGINT"}
    columns |= {"is_trace": FLAG, "is_largest": FLAG}
    ids = [
        {"source_no": source, "rank_no": rank, "id_hash": 7, "is_trace": is_trace}
        | {"is_largest": source == largest}
        for source, rank, is_trace in rows
    ]
    table(con, "log_ids", columns, *ids)
    common = select(con, "inference/links/common_ids", ["id_hash"], others_differ=False)
    assert ((7,) in common) == (len({source for source, *_ in rows}) > 1)
    table(con, "log_common_ids", {"id_hash": "UBIGINT"}, {"id_hash": 7})
    assert select(con, "inference/links/shared_ids", ["id_hash"], **ALL) == shared
    assert select(con, "inference/links/shared_ids", ["id_hash"], shares=7, share=1) == []


def test_ids_that_only_the_smaller_logs_share_are_common_too(con):
    columns = {"source_no": "UTINYINT", "rank_no": "UTINYINT", "id_hash": "UBIGINT"}
    columns |= {"is_trace": FLAG, "is_largest": FLAG}
    told = [(0, 0, 7, False), (1, 1, 7, False), (1, 1, 8, False), (2, 2, 9, True)]
    names = ("source_no", "rank_no", "id_hash", "is_largest")
    table(con, "log_ids", columns, *(dict(zip(names, row, strict=True)) for row in told))
    assert select(con, "inference/links/common_ids", ["id_hash"], others_differ=True) == [(7,)]
    assert select(con, "inference/links/common_ids", ["id_hash"], others_differ=False) == []


def test_an_answer_of_two_spans_of_one_log_is_repeated_one_of_two_logs_is_not(con):
    rows = [(0, 7), (0, 7), (0, 8), (1, 8)]
    columns = {"source_no": "UTINYINT", "id_hash": "UBIGINT"}
    table(con, "log_answers", columns, *({"source_no": s, "id_hash": h} for s, h in rows))
    assert select(con, "inference/links/repeated_answers", ["id_hash"]) == [(7,)]


def test_records_are_linkable_that_reached_a_provider_and_repeat_no_other(con):
    unnumbered(
        con,
        {},
        {},
        {"status": "Success", "attempt": 3, "provider": " aws ", "model": " m "},
        {"status": "408"},
        {"gateway_cache_hit": True},
        {"problem": "model|missing"},
        {"left_out": "agent span"},
    )
    con.execute("INSERT INTO log_duplicates VALUES (3, 1)")
    con.execute("SET VARIABLE log_rank = 2")
    found = select(con, "inference/links/linkable", ["node", "provider", "region", "model"])
    assert sorted(found) == [
        (node(2, 2, 3, attempt=3), "aws", "", "m"),
        (node(2, 0, 3), "", "", "m"),
        (node(2, 3, 3, failed=True), "", "", "m"),
    ]


@pytest.mark.parametrize(
    ("kind", "found"),
    [
        ("request", [(node(1, 0, 3), True, False), (node(1, 5, 3), True, False)]),
        ("response", [(node(1, 1, 3), False, False)]),  # the same id twice is one
        ("trace", [(node(1, 2, 3), True, True)]),
    ],
)
def test_records_share_ids_of_each_kind_and_short_ones_and_traces_are_weak(con, kind, found):
    long = "a" * 16
    linkable(
        con,
        {"request_id": "a"},
        {"response_id": long, "request_id": "x" * 16},
        {"trace_id": "t", "input_tokens": 1},
        {"request_id": "b", "response_id": "b", "trace_id": "u"},
        {"request_id": "a", "started_at": datetime(2026, 8, 1)},
        {"request_id": "a", "response_id": "a"},
    )
    con.execute(
        "CREATE TEMP TABLE log_shared_ids AS "
        f"SELECT unnest([hash('a'), hash('{long}'), hash('trace', 't')]) AS id_hash"
    )
    columns = ["node", "is_weak", "is_trace"]
    told = {"source": 2, "kind": kind, **ALL, **AROUND}
    assert select(con, "inference/links/member_ids", columns, **told) == found


def test_members_are_the_linked_records_of_a_source(con):
    linkable(con, {"tenant": " shop "}, {"tenant": ""}, {})
    labels(con, (node(1, 0, 3), node(0)), (node(0), node(0)))
    nodes(con, "log_nested", node(1, 1, 3))
    columns = ["node", "source_no", "tenant"]
    found = select(con, "inference/links/members", columns, source=2, rank=1, **ALL)
    assert found == [(node(1, 0, 3), 2, "shop"), (node(1, 1, 3), 2, None)]


@pytest.mark.parametrize(
    ("other", "is_linked"),
    [
        ({}, True),
        ({"started_at": AT + timedelta(hours=23)}, True),
        ({"started_at": AT + timedelta(hours=25)}, False),
        ({"started_at": AT - timedelta(hours=2), "is_weak": True}, False),
        ({"started_at": AT - timedelta(minutes=50), "is_weak": True}, True),
        ({"is_weak": True, "provider": "openai"}, False),
        ({"is_weak": True, "is_trace": True, "provider": "openai"}, True),
        ({"provider": "openai"}, True),  # a client that speaks another's protocol
        ({"node": node(BEST, 9)}, False),  # of the same rank
    ],
)
def test_an_id_links_what_is_near_in_time_and_a_weak_one_what_is_nearer(con, other, is_linked):
    best, linked = node(BEST, 4), {"node": node(OTHER, 2), **other}
    member_ids(con, {"node": best, "provider": "aws"}, linked)
    found = select(con, "inference/links/edges", ["child", "parent"])
    assert found == ([(linked["node"], best)] if is_linked else [])


def test_of_several_attempts_with_one_id_the_successful_or_the_last_is_linked(con):
    first, second, third = (
        {"node": node(BEST, row, attempt=row + 1, failed=row != 1)} for row in range(3)
    )
    span = {"node": node(OTHER)}
    member_ids(con, first, second, third, span)
    assert select(con, "inference/links/edges", ["parent"]) == [(second["node"],)]
    member_ids(con, first, third, span)
    assert select(con, "inference/links/edges", ["parent"]) == [(third["node"],)]


def test_of_spans_with_one_answer_the_first_with_tokens_counts(con):
    spans = [
        {"node": node(2, 0), "has_no_tokens": True},
        {"node": node(2, 1), "started_at": AT + timedelta(seconds=1)},
        {"node": node(2, 2)},
        {"node": node(2, 3), "source_no": 1},  # another log's
        {"node": node(1, 4)},  # a gateway's
    ]
    member_ids(con, *({"is_answer": True, **span} for span in spans))
    found = select(con, "inference/links/nested", ["node"], spans=2)
    assert found == [(node(2, 0),), (node(2, 1),)]


def test_labels_reach_the_best_record_over_any_number_of_logs(con):
    span, gateway, best = node(2), node(1), node(0)
    edges(con, (span, gateway), (span, best))  # only the span knows both ids
    first = dict(select(con, "inference/links/first_labels", ["node", "label"]))
    assert first == {best: best, gateway: gateway, span: best}
    labels(con, *first.items())
    assert select(con, "inference/links/open_edges", ["child", "parent", "label"]) == [
        (span, gateway, best)
    ]
    columns = {"child": COUNT, "parent": COUNT, "label": COUNT}
    table(con, "log_open_edges", columns, {"child": span, "parent": gateway, "label": best})
    found = select(con, "inference/links/next_labels", ["node", "label"])
    assert dict(found) == {best: best, gateway: best, span: best}


def test_what_is_linked_nested_or_presumed_is_seen_elsewhere_and_the_best_is_not(con):
    labels(
        con,
        (node(0, 1), node(0, 1)),
        (node(0, 2), node(0, 1)),  # two of the best rank stay two
        (node(1, 5, 3), node(0, 1)),
    )
    nodes(con, "log_nested", node(2, 6, 4))
    columns = {"node": COUNT, "source_no": "UTINYINT", "better_no": "UTINYINT"}
    table(con, "log_presumed", columns, {"node": node(1, 5, 3)}, {"node": node(4, 7, 524287)})
    found = select(con, "inference/links/seen_elsewhere", ["part_no", "row"])
    assert sorted(found) == [(3, 5), (4, 6), (524287, 7)]


def test_notes_take_the_better_log_s_word_and_tokens_of_one_record(con):
    best, gateway, span = node(0, 1, 2), node(1), node(2)
    labels(con, (best, best), (gateway, best), (span, best))
    members(
        con,
        {"node": best, "tenant": "of the best itself"},
        {"node": gateway, "tenant": "shop-a", "input_tokens": 5, "output_tokens": 6},
        {"node": span, "tenant": "shop-b", "use_case": "search", "resource_id": "i-1"}
        | {"input_tokens": 7, "output_tokens_reasoning": 1, "gpu_ms": Decimal(8)},
    )
    columns = ["part_no", "row", "tenant", "use_case", "resource_id", "input_tokens"]
    columns += ["output_tokens", "output_tokens_reasoning", "gpu_ms"]
    assert select(con, "inference/links/notes", columns) == [
        (2, 1, "shop-a", "search", "i-1", 5, 6, None, Decimal(8))
    ]
    empty = con.sql("SELECT 1 WHERE false")
    assert select(con, "inference/links/no_notes", columns) == empty.fetchall()


@pytest.mark.parametrize(
    ("record", "notes", "told"),
    [  # all input, from the cache, to the cache, all output, reasoning
        ([None] * 5, [None] * 5, [None] * 5),
        ([None] * 5, [5, 2, None, 4, 1], [5, 2, None, 4, 1]),
        ([5, None, None, None, None], [5, 2, None, 4, 1], [5, 2, None, None, None]),
        ([5, None, None, None, None], [6, 6, None, 4, 1], [5, None, None, None, None]),
        ([5, 0, None, None, None], [5, 3, 1, None, None], [5, 0, None, None, None]),
        ([None, None, None, 9, None], [5, 2, None, 9, 3], [None, None, None, 9, 3]),
        ([None, None, None, 2, None], [5, 2, None, 9, 3], [None, None, None, 2, None]),
        ([5, 1, 0, 9, 0], [5, 2, 1, 9, 3], [5, 1, 0, 9, 0]),
    ],
)
def test_a_record_takes_what_it_lacks_and_parts_only_of_an_equal_total(con, record, notes, told):
    note = {**dict.fromkeys((*WORDS, "resource_id"), TEXT), **dict.fromkeys(TOKENS, COUNT)}
    note |= {"part_no": COUNT, "row": COUNT, "images": COUNT, "gpu_ms": "DECIMAL(18,3)"}
    logged = {"row": 0, **dict(zip(TOKENS, record, strict=True))}
    table(con, "unlinked_records", RECORD, logged, {"row": 1, "tenant": "own"})
    rows = [{"row": 0, **dict(zip(TOKENS, notes, strict=True))}, {"row": 1, "tenant": "other"}]
    table(con, "log_notes", note, *({"part_no": 4, "use_case": "search", **row} for row in rows))
    seen = {"part_no": COUNT, "row": COUNT}
    table(con, "log_seen_elsewhere", seen, {"part_no": 4, "row": 1}, {"part_no": 5, "row": 0})
    con.execute("SET VARIABLE log_part = 4")
    columns = ["row", "tenant", "use_case", "is_counted", *TOKENS]
    first, second = select(con, "inference/links/linked_records", columns)
    assert first == (0, None, "search", True, *told)
    assert second[:4] == (1, "own", "search", False)


def test_pairs_are_linked_so_often_and_their_clocks_so_far_apart(con):
    rows = [(0, 5), (1, 5), (2, 600)]
    members(
        con,
        *(
            {"node": node(0, row), "model": "id", "started_at": AT + timedelta(seconds=skew)}
            for row, skew in rows
        ),
        *({"node": node(1, row), "source_no": 1, "model": "alias"} for row, _ in rows),
    )
    labels(con, *((node(1, row), node(0, row)) for row, _ in rows), (node(0, 0), node(0, 0)))
    columns = ["source_no", "model", "better_no", "better_model", "skew_seconds", "linked"]
    assert select(con, "inference/links/pair_skews", columns) == [
        (1, "alias", 0, "id", 5, 2),
        (1, "alias", 0, "id", 600, 1),
    ]
    nodes(con, "log_nested", node(2, 9))
    columns = ["source_no", "better_no", "how", "records"]
    counts = select(con, "inference/links/linked_counts", columns, **AROUND)
    assert counts == [(1, 0, "id", 3)]


def test_the_middle_of_all_links_is_how_far_clocks_are_apart(con):
    seconds = [(-3, 2), (40, 5), (9000, 2)]
    rows = [
        {**way(2), "better_no": 0, "skew_seconds": skew, "linked": linked}
        for skew, linked in seconds
    ]
    table(con, "log_pair_skews", SKEWS, *rows)
    columns = ["source_no", "better_no", "skew_seconds", "linked"]
    assert select(con, "inference/links/skews", columns) == [(2, 0, 40, 9)]


def test_hours_count_what_a_sample_stands_for_and_what_lasts_in_each(con):
    linkable(
        con,
        {},
        {"sample_rate": Decimal("0.1")},
        {"started_at": AT + timedelta(minutes=44, seconds=55)},  # by the other clock in the next
        {"grain": "sample"},
        {"model": "daily", "grain": "bucket", "ended_at": AT + timedelta(hours=2), "requests": 9},
    )
    columns = ["source_no", "model", "hour", "is_ok", "requests"]
    told = {"source": 3, "skew_seconds": 10, **AROUND}
    found = select(con, "inference/links/counted_hours", columns, **told)
    assert found == [
        *((3, "daily", HOUR + later, True, 9) for later in range(3)),
        (3, "m", HOUR, True, 11),
        (3, "m", HOUR + 1, True, 1),
    ]


def presumed(
    con: duckdb.DuckDBPyConnection, own: Sequence[tuple[int, bool, int]], better: int, linked: int
) -> list[tuple[Any, ...]]:
    pair = {**way(1), "better_no": 0, "better_provider": "", "better_model": "id"}
    table(con, "log_pair_skews", SKEWS, pair | {"skew_seconds": 0, "linked": linked})
    hours = [
        {**way(1), "better_no": 0, "hour": hour, "is_ok": is_ok, "requests": requests}
        for hour, is_ok, requests in own
    ]
    table(con, "log_own_hours", HOURS | {"better_no": "UTINYINT"}, *hours)
    there = {**way(0, model="id"), "hour": 1, "is_ok": True, "requests": better, "rank_no": 0}
    table(con, "log_better_hours", HOURS | {"rank_no": "UTINYINT"}, there)
    return select(con, "inference/links/presumed_hours", ["hour", "is_ok"])


def test_calls_without_a_link_are_in_the_better_log_where_it_can_have_them(con):
    few = [(1, True, 100), (1, False, 3), (2, True, 50)]
    assert presumed(con, few, better=95, linked=95) == [(1, False), (1, True)]  # not hour 2
    assert presumed(con, [(1, True, 100)], better=100, linked=100) == []  # all are linked
    # Half of them went where the better log does not look; failed ones went nowhere.
    half = [(1, True, 100), (1, False, 3)]
    assert presumed(con, half, better=50, linked=50) == [(1, False)]
    # A sampled log stands for those it did not write.
    assert presumed(con, half, better=100, linked=10) == [(1, False), (1, True)]


def test_presumed_rows_are_those_of_the_hour_that_are_not_linked(con):
    linkable(
        con,
        {},
        {"status": "408"},
        {"started_at": AT + timedelta(hours=1)},
        {},
    )
    labels(con, (node(1, 3, 3), node(0)), (node(1, 0, 3), node(1, 0, 3)))
    hour = {**way(1), "better_no": 0, "hour": HOUR, "is_ok": True}
    columns = {**WAYS, "better_no": "UTINYINT", "hour": COUNT, "is_ok": FLAG}
    table(con, "log_presumed_hours", columns, hour)
    told = {"source": 1, "better": 0, "skew_seconds": 0, **AROUND}
    found = select(con, "inference/links/presumed_rows", ["node"], **told)
    assert found == [(node(1, 0, 3),)]
    counted = {"node": COUNT, "source_no": "UTINYINT", "better_no": "UTINYINT"}
    rows = [(4, 1, 2), (4, 1, 0), (5, 1, 0)]
    table(con, "log_presumed", counted, *(dict(zip(counted, row, strict=True)) for row in rows))
    columns_ = ["source_no", "better_no", "records"]
    assert select(con, "inference/links/presumed_counts", columns_) == [(1, 0, 2)]


@pytest.mark.parametrize(
    ("bucket", "is_covered"),
    [
        ({}, True),
        ({"model": "EU.Claude"}, True),
        ({"model": "other"}, False),
        ({"provider": "azure"}, False),
        ({"provider": ""}, True),
        ({"resource_id": "i-2"}, False),
        ({"resource_id": ""}, True),
        ({"started_at": AT - timedelta(hours=1)}, False),
        ({"started_at": AT - timedelta(hours=1), "ended_at": AT}, True),
        ({"started_at": AT + timedelta(hours=1), "ended_at": AT + timedelta(days=1)}, False),
        ({"grain": "allocation"}, False),
    ],
)
def test_a_bucket_gives_way_to_a_better_log_of_the_same_model_and_time(con, bucket, is_covered):
    told = {"provider": "aws", "resource_id": "i-1", "model": "claude", "grain": "bucket"}
    linkable(con, {**told, **bucket}, rank=3)
    there = {**way(0, provider="aws", resource_id="i-1", model="us.claude"), "hour": HOUR}
    worse = {**way(5, provider="aws", model="other"), "hour": HOUR, "rank_no": 3}
    idle = {**way(4, provider="aws", model="other"), "hour": HOUR, "rank_no": 0, "requests": 0}
    rows = [there | {"rank_no": 1}, worse, idle]
    columns = HOURS | {"rank_no": "UTINYINT"}
    table(con, "log_better_hours", columns, *({"requests": 2, "is_ok": True, **r} for r in rows))
    labels(con)
    found = select(con, "inference/links/covered_rows", ["node", "better_no"], rank=3, **AROUND)
    assert found == ([(node(3, 0, 3), 0)] if is_covered else [])


def test_a_linked_record_is_not_covered_by_the_hour_as_well(con):
    linkable(con, {"model": "claude"}, rank=3)
    labels(con, (node(3, 0, 3), node(0)))
    columns = HOURS | {"rank_no": "UTINYINT"}
    there = {**way(0, model="claude"), "hour": HOUR, "requests": 2, "is_ok": True, "rank_no": 0}
    table(con, "log_better_hours", columns, there)
    assert select(con, "inference/links/covered_rows", ["node"], rank=3, **AROUND) == []


def test_logs_of_several_ranks_that_count_a_model_in_the_same_hour_overlap(con, tmp_path):
    columns = {"source": TEXT, "hour": INSTANT, "provider": TEXT, "model": TEXT, "status": TEXT}
    columns |= {"grain": TEXT, "is_counted": FLAG, "requests": COUNT}
    told = {"provider": "aws", "model": "claude", "status": "ok", "grain": "request"}
    told |= {"hour": AT, "is_counted": True, "requests": 4}
    rows = [
        {"source": "bedrock"},
        {"source": "litellm", "model": "us.Claude"},
        {"source": "litellm", "hour": AT + timedelta(hours=1)},
        {"source": "litellm", "status": "cache_hit"},
        {"source": "litellm", "is_counted": False},
        {"source": "azure", "provider": "azure"},
        {"source": "apart"},
        {"source": "other gateway"},
    ]
    table(con, "usage", columns, *({**told, **row} for row in rows))
    con.table("usage").write_parquet(str(tmp_path / "usage.parquet"))
    found = select(
        con,
        "inference/links/unlinked_overlaps",
        ["source", "better", "hours", "requests", "better_requests", "model"],
        usage=str(tmp_path / "usage.parquet"),
        sources=["bedrock", "litellm", "azure", "other gateway"],
        ranks=[0, 1, 0, 1],
    )
    assert found == [
        ("litellm", "bedrock", 1, 4, 4, "claude"),
        ("other gateway", "bedrock", 1, 4, 4, "claude"),
    ]
