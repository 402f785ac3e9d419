"""Kubernetes' pods: what each held of its node, from an instant until another.

One row per pod (or container), as JSON lines, a JSON array, CSV or Parquet, with these fields; the
scheduler's events, kube-state-metrics or a cost tool's own table make it with one SELECT:

- `node`: as the bill names the machine, or its `provider_id` (`aws:///us-east-1a/i-0abc`).
- `namespace` and `pod` (or `pod` alone as `namespace/pod`), `container`.
- `gpus`: how many, and `gpu_milli`: thousandths of each where they are shared (1000 if missing).
- `vcpus` and `memory_gib` as numbers, or `cpu` and `memory` as Kubernetes writes quantities
  (`500m`, `2`; `16Gi`, `512Mi`, `1G`, bytes). Requests, or what was used where that is more.
- `from`, `until`: instants. No `from`: never scheduled, left out. No `until`: still running; it
  lasts until the source's `defaults.ended_at`, else to the end of what is read.
- `qos` (kept as service tier), `tenant`, `account_id`, `region`.

The record's `model` is `namespace/pod`: the catalogue's workloads, deployments and runs say whose
it is. A pod listed again with the same start, such as in a later export, counts once, with the end
that is known. Nothing here is a request.
"""

from typing import Final

import duckdb

from pipelines.inference.formats import LogFormat
from pipelines.inference.records import instant_of
from pipelines.queries import query

FIELDS: Final = (
    *("node", "provider_id", "namespace", "pod", "container", "from", "until", "qos"),
    *("gpus", "gpu_milli", "vcpus", "cpu", "memory_gib", "memory"),
    *("tenant", "account_id", "region"),
)


def pod_records(con: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyRelation:
    """The allocations in `log_lines`."""
    until = (
        "coalesce(nullif(r.until, ''), getvariable('log_defaults')['ended_at'], "
        "getvariable('log_until')::VARCHAR || 'Z')"
    )
    starts, ends = instant_of('r."from"'), instant_of("last_text")
    lines = con.view("log_lines").project(f"*, {starts} AS starts, {until} AS last_text")
    lines.project(f"*, {ends} AS ends").create_view("pod_lines", replace=True)
    return query(con, "inference/pod_allocations/records")


FORMAT = LogFormat(
    "pod-allocations",
    "counter",
    dict.fromkeys(FIELDS, "VARCHAR"),
    pod_records,
    unit="source",
    has_documents=True,
)
