"""NVIDIA's DCGM exporter: how long each pod held its GPUs, and how long they were busy.

Belongs here: which of DCGM's metrics count, and whose time it is; `series` reads them.

`gpu_ms` is DCGM_FI_PROF_GR_ENGINE_ACTIVE (0..1) over the time a sample stands for; in hours
without it DCGM_FI_DEV_GPU_UTIL (per cent), which reads higher: any kernel makes it 100.
`gpu_held_ms` is that time itself. A blank reading (9.2e18 and above) is held and not measured. A
MIG instance is its share of compute slices of a GPU (`2g.20gb`: 2 of 7, of 4 on an A30); beside
its instances the GPU itself is not counted, and GPU_UTIL says nothing of them. Pods that take
turns on a GPU are each given an equal share of it: DCGM cannot tell them apart.

`model` is `namespace/pod`, which the catalogue's workload patterns resolve; `resource_id` the
node. GPU time that no pod held is a record as well, because it is time in which the node was
watched: `model` is `(no pod)`, it is held by nobody's work and busy for none (idle, where the
node is billed). Where a node shows no pod at all it is no node of Kubernetes, and `model` is its
name.

Without `honor_labels` Prometheus calls the exporter's labels exported_pod and so on; those count.
"""

from typing import Final

import duckdb

from pipelines.inference.formats import LogFormat
from pipelines.inference.series import (
    as_text,
    gauge_records,
    is_series_file,
    read_points,
    read_series,
    text_samples,
)
from pipelines.queries import materialise

NO_POD: Final = "(no pod)"
"""The `model` of GPU time that no pod held."""

WANTED: Final = r"DCGM_FI_(PROF_GR_ENGINE_ACTIVE|DEV_GPU_UTIL)[\s\"{}]"


def dcgm_records(con: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyRelation:
    """How long each GPU was held and busy, by pod."""
    read_series(con)
    materialise(con, "series_named", "inference/dcgm/series", {"no_pod": NO_POD})
    read_points(con)
    return gauge_records(con)


FORMAT = LogFormat(
    "dcgm",
    "counter",
    None,
    dcgm_records,
    unit="source",
    takes=is_series_file,
    kind_of=as_text,
    trimmed=text_samples(WANTED),
    sums_lines=True,
)
