"""vLLM's metrics: requests and tokens of each served model, from the counters of its servers.

Belongs here: which of vLLM's metrics count, and as what; `series` reads them.

| counter (old name) | field |
|---|---|
| vllm:prompt_tokens_total (vllm:prompt_tokens) | input_tokens: all, those from the cache included |
| vllm:generation_tokens_total | output_tokens |
| vllm:prefix_cache_hits_total (vllm:gpu_prefix_cache_hits_total) | input_tokens_cache_read |
| vllm:request_success_total by finished_reason | requests; abort and error are their own status |

`model_name` is the served name, often an alias. The adapters of LoRA are not told apart: vLLM
counts them under the served name of their base model (`vllm:lora_requests_info` only lists those
running), so that a split by adapter needs a log of requests. `ray_` or `kserve_` before a name
and `vllm_` instead of `vllm:` are read alike. `resource_id` is the node where a label names it
(instance_id, node, kubernetes_node, nodename, hostname), else `namespace/pod`, else the host of
`instance`.

Names as of vLLM's sources (vllm/v1/metrics/loggers.py) and of what v0.10 was seen to expose; the
value of finished_reason for cut repetitions could not be verified.
"""

from typing import Final

import duckdb

from pipelines.inference.formats import LogFormat
from pipelines.inference.series import (
    as_text,
    counter_records,
    is_series_file,
    read_points,
    read_series,
    text_samples,
)
from pipelines.queries import sql

WANTED: Final = (
    "vllm[:_](prompt_tokens|generation_tokens|(gpu_)?prefix_cache_hits|request_success)"
    r"(_total)?[\s\"{}]"
)


def vllm_records(con: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyRelation:
    """What each served model did between two scrapes of its server."""
    read_series(con)
    con.execute(f"CREATE OR REPLACE TEMP VIEW series_named AS {sql('inference/vllm/series')}")
    read_points(con)
    return counter_records(con)


FORMAT = LogFormat(
    "vllm",
    "counter",
    None,
    vllm_records,
    unit="source",
    takes=is_series_file,
    kind_of=as_text,
    trimmed=text_samples(WANTED),
    sums_lines=True,
)
