"""A real request log of a diffusion service with 77 model versions, against its totals."""

import csv
import gzip
from datetime import datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from tests.pipelines.inference_logs import read_logs, write_csv, write_jsonl

SHIFT = timedelta(days=668)
WINDOW = (datetime(2026, 9, 1), datetime(2026, 11, 1))


def our_records(shared_data: Path) -> list[dict[str, str]]:
    with gzip.open(shared_data / "traces/alibaba_genai_2026_requests.csv.gz", "rt") as file:
        return [
            {
                "started_at": f"{datetime.fromisoformat(row['gmt_create']) + SHIFT}Z",
                "model": "diffusion",
                "model_version": row["checkpoint_model_version_id"],
                "resource_id": "i-70000002",
                "tenant": row["groupId"],
                "status": row["predict_status"],
                "gpu_ms": str(int(float(row["exec_time_seconds"]) * 1000)),
            }
            for row in csv.DictReader(file)
        ]


@pytest.mark.parametrize("name", ["trace.csv.gz", "trace.jsonl.gz"])
def test_the_real_trace_gives_its_published_totals(tmp_path, shared_data, name):
    records = our_records(shared_data)
    write = write_csv if "csv" in name else write_jsonl
    read = read_logs(tmp_path, write(tmp_path / name, records), window=WINDOW)
    assert read.counts()[name] == (15_630, 15_630, 0, 0, 0)
    assert read.total("requests") == 15_630
    assert read.total("gpu_microseconds") == 415_988 * 10**6
    assert len(set(read.usage["model_version"]) - {""}) == 77
    assert read.usage["tenant"].n_unique() == 2_657

    seconds = pl.col("gpu_microseconds").sum() // 10**6
    by_status = read.usage.group_by("status").agg(pl.col("requests").sum(), seconds)
    assert sorted(by_status.rows()) == [
        ("failed", 253, 3_480),
        ("ok", 15_362, 412_508),
        ("pending", 15, 0),
    ]
    versions = read.usage.group_by("model_version").agg(pl.col("requests").sum(), seconds)
    assert versions.sort("requests", descending=True).head(5).rows() == [
        ("M0002", 4_755, 89_643),
        ("M0001", 2_045, 88_624),
        ("M0004", 1_494, 31_795),
        ("M0010", 1_236, 25_068),
        ("M0003", 961, 59_696),
    ]
    hours = read.usage.group_by("hour").agg(seconds.alias("seconds"))
    assert hours.height == 250
    assert hours.filter(pl.col("seconds") > 3_600).height == 47
