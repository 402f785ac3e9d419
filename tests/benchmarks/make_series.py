"""Big dumps of time series: vLLM's counters and DCGM's samples as text, and a table of samples.

`path` is a folder, `n` how many samples lie in it. A dump a day, as `promtool tsdb dump` writes it.
"""

from pathlib import Path

import duckdb

DAYS = 30
SERVERS = 50
GPUS = 80

_MONTH_MS = DAYS * 86_400_000
_START_MS = 1_788_220_800_000

_VLLM = f"""
    SELECT
        '{{__name__="vllm:' || ['prompt_tokens_total', 'generation_tokens_total',
            'prefix_cache_hits_total', 'request_success_total'][1 + i % 4] || '", engine="0", '
        || CASE WHEN i % 4 = 3 THEN 'finished_reason="stop", ' ELSE '' END
        || 'instance="10.0.0.' || i // 4 % {SERVERS} || ':8000", job="vllm", model_name="rank-'
        || i // 4 % {SERVERS} % 7 || '", namespace="serving", pod="rank-v' || i // 4 % {SERVERS}
        || '-7c9f8d"}} ' || i // {4 * SERVERS} % 4000 * [1234, 317, 411, 3][1 + i % 4] || ' '
        || {_START_MS} + i // {4 * SERVERS} * {_MONTH_MS} // ($n // {4 * SERVERS}) AS line
    FROM range($first, $last) AS r(i)
"""

_DCGM = f"""
    SELECT
        '{{__name__="' || ['DCGM_FI_PROF_GR_ENGINE_ACTIVE', 'DCGM_FI_DEV_GPU_UTIL'][1 + i % 2]
        || '", Hostname="gpu-node-' || i // 2 % {GPUS} // 8 || '", UUID="GPU-'
        || md5((i // 2 % {GPUS})::VARCHAR) || '", container="srv", device="nvidia'
        || i // 2 % {GPUS} % 8 || '", gpu="' || i // 2 % {GPUS} % 8
        || '", modelName="NVIDIA H100 80GB HBM3", namespace="rec", pod="dlrm-v'
        || (i // 2 % {GPUS} + i // {2 * GPUS} // 20000) || '-7c"}} '
        || CASE WHEN i % 9973 = 0 THEN '9223372036854775794'
            ELSE (i // {2 * GPUS} * 7 + i // 2 % {GPUS}) % 100 * [0.01, 1][1 + i % 2] END || ' '
        || {_START_MS} + i // {2 * GPUS} * {_MONTH_MS} // ($n // {2 * GPUS}) AS line
    FROM range($first, $last) AS r(i)
"""

_TABLE = f"""
    SELECT
        'gpu_duty_cycle' AS metric, '10.0.' || i % {GPUS} AS container_ip,
        {_START_MS // 1000} + i // {GPUS} * {_MONTH_MS // 1000} // ($n // {GPUS}) AS timestamp_s,
        (i // {GPUS} * 7 + i % {GPUS}) % 100::DOUBLE AS value
    FROM range($first, $last) AS r(i)
"""

SERIES_TABLE = """
kind = "gauges"
[table]
metric = "metric"
time = "timestamp_s"
value = "value"
[metrics]
gpu_duty_cycle = { field = "gpu_ms", scale = 0.01, held = "gpu_held_ms", highest = 100 }
[labels]
resource_id = "container_ip"
[constants]
model = "diffusion"
"""


def _write(path: Path, n: int, rows: str, name: str, form: str) -> None:
    path.mkdir(parents=True, exist_ok=True)
    with duckdb.connect() as con:
        for day in range(DAYS):
            con.execute(
                f"COPY ({rows.replace('$n', str(n))}) TO '{path / name.format(day + 1)}' ({form})",
                {"first": n * day // DAYS, "last": n * (day + 1) // DAYS},
            )


_LINES = "FORMAT csv, HEADER false, QUOTE '', ESCAPE '', DELIMITER '\t', COMPRESSION gzip"


def write_vllm(path: Path, n: int) -> None:
    """Four counters of 50 servers; each restarts every 4,000 scrapes."""
    _write(path, n, _VLLM, "2026-09-{:02}.dump.gz", _LINES)


def write_dcgm(path: Path, n: int) -> None:
    """Both measures of 80 GPUs in gzip; pods change, and some readings are blank."""
    _write(path, n, _DCGM, "2026-09-{:02}.dump.gz", _LINES)


def write_series_table(path: Path, n: int) -> None:
    """A Parquet table of samples, as a warehouse keeps them."""
    _write(path, n, _TABLE, "2026-09-{:02}.parquet", "FORMAT parquet, COMPRESSION zstd")
