"""DuckDB in memory, set alike wherever it works: its share of memory, cores, spill folder, UTC."""

import os
from pathlib import Path

import duckdb

MEMORY_PER_THREAD_MB = 350
"""DuckDB's own share: its limit does not bound the process."""

MAX_THREADS = 8


def connect(spill: Path) -> duckdb.DuckDBPyConnection:
    """A connection of its own, which spills into `spill`; rows come in no order."""
    threads = min(os.cpu_count() or 1, MAX_THREADS)
    con = duckdb.connect(
        config={
            "memory_limit": f"{threads * MEMORY_PER_THREAD_MB}MB",
            "threads": threads,
            "temp_directory": str(spill),
            "preserve_insertion_order": False,
        }
    )
    con.execute("SET TimeZone = 'UTC'")
    con.execute("SET enable_progress_bar = false")
    return con
