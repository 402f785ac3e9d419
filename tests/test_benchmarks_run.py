"""The benchmarks still run, at a size that takes seconds, and measure what they say they do."""

import os
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from assets.connections import MEMORY_PER_THREAD_MB
from tests.benchmarks.inputs import Size
from tests.benchmarks.measure import Failed, run
from tests.benchmarks.project import blank_data
from tests.benchmarks.step import MEMORY_MB, THREADS, check_logs

ROOT = Path(__file__).resolve().parents[1]
WHO_TAKES_200_MB = """
import sys
from pathlib import Path
from tests.benchmarks.measure import run

small = run([sys.executable, "-c", "pass"], Path.cwd())
large = run([sys.executable, "-c", "held = bytes(range(256)) * 800_000"], Path.cwd())
assert small.peak_mb < 60, small
assert 185 < large.peak_mb - small.peak_mb < 230, (small, large)
"""


def test_every_step_but_the_whole_runs_is_measured_and_its_result_is_right(tmp_path):
    # The whole runs are modelspend itself, which other tests run.
    steps = ("bill-csv-gz", "log-parquet", "log-jsonl-bad", "usage-bedrock", "attribute")
    only = [word for step in steps for word in ("--only", step)]
    done = subprocess.run(
        [
            *(sys.executable, "-m", "tests.benchmarks", "--scale", "0.002", "--runs", "1", *only),
            *("--data", str(tmp_path), "--markdown"),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    shown = [line.split("|")[1].strip() for line in done.stdout.splitlines()]
    assert shown == ["step", "---", *steps]


def test_the_check_refuses_a_usage_that_lost_a_request(tmp_path):
    size = Size.of(0.002)
    right = {"lines_read": [2000], "requests": [1999], "duplicates": [1], "rejects": [0]}
    pl.DataFrame(right).write_parquet(tmp_path / "log_files.parquet")
    pl.DataFrame({"requests": [1999]}).write_parquet(tmp_path / "usage.parquet")
    check_logs("log-jsonl-gz", size, tmp_path)

    pl.DataFrame({"requests": [1998]}).write_parquet(tmp_path / "usage.parquet")
    with pytest.raises(SystemExit, match="requests are 1998, not 1999"):
        check_logs("log-jsonl-gz", size, tmp_path)


def test_a_process_is_measured_by_its_own_peak():
    # From a small process: a child begins as a copy of its parent, and pytest is large.
    subprocess.run([sys.executable, "-c", WHO_TAKES_200_MB], cwd=ROOT, check=True)


def test_a_step_that_fails_has_no_figure():

    with pytest.raises(Failed, match="that was it"):
        run([sys.executable, "-c", "raise SystemExit('that was it')"], ROOT)


def test_the_steps_run_with_the_memory_and_threads_of_a_month_on_two_cores():

    assert THREADS * MEMORY_PER_THREAD_MB == MEMORY_MB


def test_blanked_files_keep_their_size_and_time(tmp_path):

    log = tmp_path / "logs" / "gateway" / "day.jsonl"
    log.parent.mkdir(parents=True)
    log.write_text('{"model": "rank"}\n')
    os.utime(log, ns=(5, 1_700_000_000_123_456_789))

    assert blank_data(tmp_path) == 1
    assert log.read_bytes() == bytes(18)
    assert log.stat().st_mtime_ns == 1_700_000_000_123_456_789
