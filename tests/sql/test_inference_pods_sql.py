"""The SELECT that makes records of pods' allocations, on single lines."""

import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import duckdb
import pytest

from pipelines.inference.pod_allocations import FORMAT
from pipelines.queries import query, rows_of

HOUR_MS = 3_600_000


@pytest.fixture
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        yield connection


def records(con: duckdb.DuckDBPyConnection, *lines: dict[str, Any]) -> list[dict[str, Any]]:
    whole = {
        "node": "i-1",
        "pod": "p",
        "from": "2026-09-01T00:00:00Z",
        "until": "2026-09-01T01:00Z",
    }
    texts = [[number, json.dumps({**whole, **line})] for number, line in enumerate(lines)]
    con.execute("CREATE OR REPLACE TEMP TABLE texts (line BIGINT, text VARCHAR)")
    con.executemany("INSERT INTO texts VALUES (?, ?)", texts)
    con.execute("SET VARIABLE structure = $shape", {"shape": json.dumps(FORMAT.structure)})
    con.execute(
        "CREATE OR REPLACE TEMP VIEW pod_lines AS SELECT 0 AS file_no, line, r, "
        """TRY_CAST(r."from" AS TIMESTAMP) AS starts, """
        "coalesce(TRY_CAST(r.until AS TIMESTAMP), TIMESTAMP '2026-09-01 02:00:00') AS ends "
        "FROM (SELECT line, from_json(text, getvariable('structure')) AS r FROM texts)"
    )
    rows = rows_of(query(con, "inference/pod_allocations/records"))
    return sorted(rows, key=lambda row: row["line"])


@pytest.mark.parametrize(
    ("fields", "gpu", "vcpu", "gib"),
    [
        ({"gpus": "2", "gpu_milli": "250"}, Decimal("0.5"), None, None),
        ({"gpu_milli": "250"}, Decimal("0.25"), None, None),
        ({"gpus": "0"}, 0, None, None),
        ({"cpu": "250m"}, None, Decimal("0.25"), None),
        ({"cpu": "3", "vcpus": "1.5"}, None, Decimal("1.5"), None),
        ({"memory": "1Ti"}, None, None, 1024),
        ({"memory": "1G"}, None, None, Decimal(10**9) / 2**30),
        ({"vcpus": "50000000", "memory_gib": "900000000"}, None, 50_000_000, 900_000_000),
    ],
)
def test_amounts_are_held_over_the_time(
    con: duckdb.DuckDBPyConnection, fields: dict[str, str], gpu: Any, vcpu: Any, gib: Any
) -> None:
    [row] = records(con, fields)
    for name, amount in (("gpu_held_ms", gpu), ("vcpu_ms", vcpu), ("memory_gib_ms", gib)):
        held = None if amount is None else int(amount * HOUR_MS * 1000) * Decimal("0.001")
        assert row[name] == held, name
    assert row["wrong"] is None


def test_the_line_that_knows_the_end_counts(con: duckdb.DuckDBPyConnection) -> None:
    rows = records(con, {}, {"until": None}, {"container": "x"}, {"pod": "q"}, {"from": None})
    assert [row["left_out"] for row in rows] == [None, "duplicate", None, None, None]
    assert [row["left_out"] for row in records(con, {"from": None, "until": None})] == [
        "never scheduled"
    ]
    [still] = records(con, {"until": None})
    assert still["ended_at"] == "2026-09-01 02:00:00Z"


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"pod": " "}, "model|missing"),
        ({"gpu_milli": "half"}, "gpu_held_ms|not a number"),
        ({"cpu": "2 cores"}, "vcpu_ms|not a number"),
        ({"memory": "2GB"}, "memory_gib_ms|not a number"),
        ({"gpus": "-1"}, "gpu_held_ms|negative"),
        ({"vcpus": "-1"}, "vcpu_ms|negative"),
    ],
)
def test_what_is_no_amount_is_said(
    con: duckdb.DuckDBPyConnection, fields: dict[str, str], wrong: str
) -> None:
    assert [row["wrong"] for row in records(con, fields)] == [wrong]
