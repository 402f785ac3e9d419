"""Big request logs of the nodes of `fleet.py`: a file a day, Parquet or JSON lines in gzip.

Requests come evenly over the month. One in ten thousand is logged twice, as gateways do. Fields
that are never read are there too: a log is not written for us.
"""

import gzip
from pathlib import Path

import duckdb

from tests.benchmarks.fleet import (
    LOGGED,
    ROLLOUT_ENDS,
    ROLLOUT_STARTS,
    logged_nodes,
    resource_sql,
)

DAYS = 30
EVERY_DOUBLE = 10_000

_REQUESTS = f"""
numbered AS (
    SELECT i - (i % {EVERY_DOUBLE} = 1)::INTEGER AS i FROM range($first, $last) AS r(i)
),
drawn AS (
    SELECT i, i * (2592000000000 // $requests) AS microseconds,
        (i * 2654435761 + 12345) % 4294967296 AS chance
    FROM numbered
),
placed AS (
    SELECT *, chance // 7 % $logged_nodes AS place, microseconds // 3600000000 AS hour,
        chance // 4096 % 12 AS choice
    FROM drawn
),
request AS (
    SELECT *, place // {LOGGED} * 20 + place % {LOGGED} AS node FROM placed
)
SELECT
    make_timestamp(1788220800000000 + microseconds)::TIMESTAMPTZ AS started_at,
    uuid_of AS request_id,
    'aws' AS provider,
    '111122223333' AS account_id,
    'us-east-1' AS region,
    {resource_sql("node")} AS resource_id,
    'model-' || lpad(((node + (node % 20 = 0 AND choice = 0)::INTEGER) % 25)::VARCHAR, 2, '0')
        AS model,
    CASE
        WHEN node % 20 >= 5 THEN 'v2'
        WHEN node % 20 = 0 AND choice = 0 THEN 'v1'
        WHEN choice < 4 THEN 'v1'
        WHEN choice < 8 THEN 'v2'
        WHEN hour < {ROLLOUT_STARTS} THEN 'v3'
        WHEN hour >= {ROLLOUT_ENDS} THEN 'v4'
        WHEN choice < 10 THEN 'v3' ELSE 'v4' END AS model_version,
    'chat' AS operation,
    'shop-' || node % 9 AS tenant,
    ['search', 'recommendation', 'customer-service', 'pricing'][1 + node % 4] AS use_case,
    CASE WHEN chance // 97 % 100 = 0 THEN 'error' ELSE 'ok' END AS status,
    200 + chance % 1800 AS input_tokens,
    20 + chance // 11 % 400 AS output_tokens,
    500 + chance // 13 % 7000 AS gpu_ms,
    800 + chance // 17 % 9000 AS latency_ms,
    'gw-' || chance % 40 AS gateway_host,
    substr(uuid_of, 1, 16) AS trace_id
FROM (
    SELECT *, substr(digest, 1, 8) || '-' || substr(digest, 9, 4) || '-' || substr(digest, 13, 4)
        || '-' || substr(digest, 17, 4) || '-' || substr(digest, 21, 12) AS uuid_of
    FROM (SELECT *, md5(i::VARCHAR) AS digest FROM request)
)
"""


def write_log(folder: Path, requests: int, bill_lines: int, kind: str) -> None:
    """Write `requests` lines for the nodes of a bill, in as many files as the month has days."""
    with duckdb.connect(config={"preserve_insertion_order": True}) as con:
        con.execute("SET TimeZone = 'UTC'")
        for day in range(DAYS):
            rows = con.sql(
                f"WITH {_REQUESTS}",
                params={
                    "first": requests * day // DAYS,
                    "last": requests * (day + 1) // DAYS,
                    "requests": requests,
                    "logged_nodes": logged_nodes(bill_lines),
                },
            )
            name = f"2026-09-{day + 1:02}"
            if kind == "log-parquet":
                rows.write_parquet(str(folder / f"{name}.parquet"), compression="zstd")
            else:
                rows.create_view("requests", replace=True)
                con.execute(
                    "COPY (SELECT * REPLACE (strftime(started_at, '%Y-%m-%dT%H:%M:%S.%fZ') "
                    f"AS started_at) FROM requests) TO '{folder / name}.jsonl.gz' "
                    "(FORMAT json, COMPRESSION gzip)"
                )
    if kind == "log-jsonl-bad":
        with (folder / "2026-09-20.jsonl.gz").open("ab") as log:
            log.write(gzip.compress(b'{"started_at":"2026-09-20T23:59:59Z","model":"mo\n', mtime=0))
