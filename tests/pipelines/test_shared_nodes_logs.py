"""A node of Kubernetes as its logs tell of it: pods, DCGM's samples, a gateway's requests."""

from datetime import datetime
from decimal import Decimal
from pathlib import Path

import duckdb
import polars as pl
from attribution_builders import MONTH, START, charge, instant, models, write
from inference_logs import local, write_jsonl, write_text
from metric_series import active, at

from pipelines.attribution import AttributionInputs, allocate
from pipelines.attribution.rules import load_rules
from pipelines.contracts import ALLOCATED, CHARGES, require
from pipelines.inference import dcgm, pod_allocations
from pipelines.inference.sources import LogInput
from pipelines.inference.usage import read_usage
from pipelines.registry.catalogue import parse_catalogue
from pipelines.settings import parse_settings

HOST, NODE = "ip-10-0-0-1", "i-0k8s"
MINUTES = 60


def samples(gpu: int, pod: str | None, busy: float) -> list[str]:
    """An hour of one GPU, a sample a minute."""
    labels = {"gpu": str(gpu), "UUID": f"GPU-{gpu}", "Hostname": HOST}
    if pod:
        labels |= {"namespace": "rec", "pod": pod, "container": "c"}
    return [active(busy, at(minute), **labels) for minute in range(MINUTES)]


def test_training_beside_serving_is_split_by_what_three_logs_tell(tmp_path: Path) -> None:
    scraped = [
        *samples(0, "train-0", 0.6),
        *samples(1, "rank-a", 0.25),
        *samples(2, "llm-0", 0.5),
        *samples(3, None, 0),
    ]
    rows = [
        {"pod": "train-0", "gpus": 1, "cpu": "8"},
        {"pod": "rank-a", "gpus": 1, "cpu": "500m"},
        {"pod": "llm-0", "gpus": 1},
        {"pod": "nginx", "cpu": "2"},
    ]
    same = {"provider_id": f"aws:///us-east-1a/{NODE}", "namespace": "rec"}
    listed = [{**same, **row, "from": instant(0), "until": instant(1)} for row in rows]
    calls = [
        {"started_at": instant(0.5), "model": "lora-a", "resource_id": "llm.rec", "requests": 3},
        {"started_at": instant(0.5), "model": "base", "resource_id": "llm.rec", "requests": 1},
    ]
    sources = [
        LogInput(name, None, [], [local(path, tmp_path)], format=form)
        for name, form, path in (
            ("dcgm", dcgm.FORMAT, write_text(tmp_path / "m.prom", "\n".join(scraped) + "\n")),
            ("pods", pod_allocations.FORMAT, write_jsonl(tmp_path / "pods.jsonl", listed)),
            (
                "gateway",
                LogInput("x", None, [], []).format,
                write_jsonl(tmp_path / "r.jsonl", calls),
            ),
        )
    ]
    catalogue = models("v1", model="rank").replace('"v1"\n', '"v1"\nworkloads = ["rec/rank-*"]\n')
    catalogue += (
        models("base", "lora-a", model="llm")
        .replace('"lora-a"\n', '"lora-a"\naliases = ["lora-a"]\n')
        .replace('"base"\n', '"base"\naliases = ["base"]\n')
    )
    catalogue += "".join(
        f'[[deployments]]\nmodel = "llm"\nversion = "{v}"\nresources = ["rec/llm-*"]\n'
        for v in ("base", "lora-a")
    )
    catalogue += '[[runs]]\nid = "r"\nmodel = "rank"\nversion = "v1"\nresources = ["rec/train-*"]\n'
    catalogue += f'[[resources]]\nid = "{NODE}"\nnames = ["{HOST}"]\ngpus = 4\n'
    line = charge("a", "16", ResourceId=NODE, x_UsageType="BoxUsage:p3.8xlarge")
    with duckdb.connect() as con:
        usage = read_usage(con, sources, MONTH, (START, datetime(2026, 10, 1)), tmp_path)
        found = allocate(
            con,
            MONTH,
            AttributionInputs(
                write([line], CHARGES, tmp_path / "c.parquet"),
                [],
                [str(usage.usage)],
                [str(usage.coverage)],
            ),
            parse_catalogue(catalogue),
            load_rules(),
            parse_settings('[[bills]]\nname = "aws"\npath = "x"\n'),
        )
        ledger = require(pl.DataFrame(found.allocated), ALLOCATED)
    columns = ("bucket", "model", "model_version", "component", "EffectiveCost")
    costs = {
        tuple(row[:-1]): row[-1]
        for row in ledger.group_by(columns[:-1]).agg(pl.col("EffectiveCost").sum()).iter_rows()
    }
    assert costs == {
        ("model_version", "rank", "v1", "training"): 4,
        ("model_version", "rank", "v1", "inference"): 1,
        ("model_version", "llm", "lora-a", "inference"): Decimal("1.5"),
        ("model_version", "llm", "base", "inference"): Decimal("0.5"),
        ("idle", "", "", ""): 9,
    }
    assert [warning for warning in found.warnings if "log names" in warning] == []
