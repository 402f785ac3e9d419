"""One GPU, 77 model versions, a real request trace: the bill's 456.48 comes out to the last unit.

The requests of `alibaba_genai_2026_requests` (moved by 668 days) are served by the one GPU behind
`i-70000002` of the third-party bill. What each version should cost is computed here a second time,
in exact fractions, from the trace and the hourly rate alone.
"""

import csv
import gzip
import json
from collections import defaultdict
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import duckdb
import polars as pl
import pytest

from pipelines.attribution import Allocation, AttributionInputs, allocate
from pipelines.attribution.rules import load_rules
from pipelines.billing.reader import read_bill
from pipelines.contracts import ALLOCATED, require
from pipelines.files import LocalFile
from pipelines.inference.sources import LogInput
from pipelines.inference.usage import read_usage
from pipelines.registry.catalogue import parse_catalogue
from pipelines.settings import BillSource, Coverage, parse_settings

MONTH = "2026-09"
START, END = datetime(2026, 9, 1), datetime(2026, 10, 1)
RATE = Fraction("0.634")  # effective cost of one hour of i-70000002, as the savings plan prices it
ASSEMBLY = "f84e17a0-1973-4eeb-bf4e-997e5cc23ea3"
BILL = f"billing/aws-cur-legacy/nise-s3-ai/exports/ai-cur/20260901-20261001/{ASSEMBLY}"
HOUR = timedelta(hours=1)

Hours = dict[datetime, dict[str, Fraction]]


def requests_of(shared_data: Path) -> list[dict[str, str]]:
    with gzip.open(
        shared_data / "traces/alibaba_genai_2026_requests.csv.gz",
        "rt",
        encoding="utf-8",
        newline="",
    ) as text:
        return list(csv.DictReader(text))


def started_at(request: dict[str, str]) -> datetime:
    return datetime.fromisoformat(request["gmt_create"]) + timedelta(days=668)


def local(path: Path) -> LocalFile:
    return LocalFile(str(path), path.name, path.stat().st_size, "test")


@pytest.fixture(scope="module")
def busy(shared_data: Path) -> Hours:
    """GPU seconds per hour and version, as the trace has them."""
    hours: Hours = defaultdict(lambda: defaultdict(Fraction))
    for request in requests_of(shared_data):
        hour = started_at(request).replace(minute=0, second=0)
        version = request["checkpoint_model_version_id"]
        hours[hour][version] += Fraction(request["exec_time_seconds"])
    return hours


@pytest.fixture(scope="module")
def charges(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    work = tmp_path_factory.mktemp("bill")
    files = [local(path) for path in (shared_data / BILL).glob("*.csv.gz")]
    tables = read_bill(duckdb.connect(), BillSource(name="aws", path="-"), MONTH, files, work)
    return str(tables.charges)


@pytest.fixture(scope="module")
def log(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> LocalFile:
    """The trace as our own record."""
    path = tmp_path_factory.mktemp("log") / "requests.jsonl.gz"
    with gzip.open(path, "wt", encoding="utf-8") as out:
        for request in requests_of(shared_data):
            record = {
                "started_at": f"{started_at(request).isoformat()}Z",
                "model": "genai",
                "model_version": request["checkpoint_model_version_id"],
                "resource_id": "i-70000002",
                "tenant": request["groupId"],
                "status": request["predict_status"],
                "gpu_ms": float(request["exec_time_seconds"]) * 1000,
            }
            out.write(json.dumps(record) + "\n")
    return local(path)


def allocation(
    charges: str,
    log: LocalFile,
    busy: Hours,
    work: Path,
    policy: dict[str, str],
    *,
    is_declared: bool = True,
) -> tuple[pl.DataFrame, Allocation]:
    """The ledger rows of the shared GPU."""
    con = duckdb.connect()
    covers = [Coverage.model_validate({"from": f"{START}Z", "until": f"{END}Z"})]
    source = LogInput("genai", None, covers if is_declared else [], [log])
    usage = read_usage(con, [source], MONTH, (START, END), work)
    versions = sorted({version for hour in busy.values() for version in hour})
    catalogue = '[[models]]\nname = "genai"\n' + "".join(
        f'[[models.versions]]\nversion = "{version}"\n' for version in versions
    )
    catalogue += "".join(
        f'[[deployments]]\nmodel = "genai"\nversion = "{v}"\nresources = ["i-70000002"]\n'
        for v in versions
    )
    catalogue += (
        '[[resources]]\nid = "i-70000002"\ngpus = 1\n[[resources.owners]]\nowner = "media-team"\n'
    )
    settings = parse_settings(
        '[[bills]]\nname = "aws"\npath = "-"\n[attribution]\n'
        + "".join(f'{key} = "{value}"\n' for key, value in policy.items())
    )
    inputs = AttributionInputs([charges], [], [str(usage.usage)], [str(usage.coverage)])
    found = allocate(con, MONTH, inputs, parse_catalogue(catalogue), load_rules(), settings)
    ledger = require(pl.DataFrame(found.allocated), ALLOCATED)
    return ledger.filter(pl.col("ResourceId") == "i-70000002"), found


def expected(busy: Hours, measure: str, bearer: str, *, is_declared: bool) -> dict[str, Fraction]:
    """Cost per version, `idle` and `not_measured`, in exact fractions."""
    cost: dict[str, Fraction] = defaultdict(Fraction)
    watched_from = START if is_declared else min(busy)
    for i in range(720):
        hour = START + i * HOUR
        used = busy.get(hour, {})
        total = sum(used.values(), Fraction(0))
        if not used:
            cost["idle" if hour >= watched_from else "not_measured"] += RATE
            continue
        capacity = max(total, Fraction(3600)) if measure == "capacity" else total
        for version, seconds in used.items():
            cost[version] += RATE * seconds / capacity
        cost["idle"] += RATE * (capacity - total) / capacity
    if bearer == "spread_by_use":
        idle = cost.pop("idle")
        month = sum((sum(used.values()) for used in busy.values()), Fraction(0))
        for used in busy.values():
            for version, seconds in used.items():
                cost[version] += idle * seconds / month
    return {key: value for key, value in cost.items() if value}


def found_costs(ledger: pl.DataFrame) -> dict[str, Decimal]:
    where = (
        pl.when(pl.col("bucket") == "model_version")
        .then(pl.col("model_version"))
        .when(pl.col("bucket") == "idle")
        .then(pl.lit("idle"))
        .otherwise(pl.col("method"))
    )
    grouped = ledger.group_by(where.alias("key")).agg(pl.col("EffectiveCost").sum())
    return dict(grouped.filter(pl.col("EffectiveCost") != 0).iter_rows())


@pytest.mark.parametrize("is_declared", [True, False], ids=["declared", "undeclared"])
@pytest.mark.parametrize("bearer", ["kept", "endpoint_owner", "spread_by_use"])
@pytest.mark.parametrize("measure", ["capacity", "quiet_hours"])
def test_a_shared_gpu_comes_out_as_versions_and_idle_exactly(
    charges: str,
    log: LocalFile,
    busy: Hours,
    tmp_path: Path,
    measure: str,
    bearer: str,
    is_declared: bool,
) -> None:
    policy = {"idle_measure": measure, "idle_bearer": bearer}
    ledger, _ = allocation(charges, log, busy, tmp_path, policy, is_declared=is_declared)
    assert ledger["EffectiveCost"].sum() == Decimal("456.48")
    assert ledger["BilledCost"].sum() == 0
    assert ledger["ListCost"].sum() == Decimal("724.32")
    found = found_costs(ledger)
    wanted = expected(busy, measure, bearer, is_declared=is_declared)
    assert set(found) == set(wanted)
    for key, cost in wanted.items():
        assert abs(Fraction(found[key]) - cost) < Fraction(1, 10**12), key


def test_47_hours_exceed_one_gpu_and_leave_no_idle(
    charges: str, log: LocalFile, busy: Hours, tmp_path: Path
) -> None:
    full = sorted(hour for hour, used in busy.items() if sum(used.values()) > 3600)
    assert len(full) == 47
    ledger, _ = allocation(charges, log, busy, tmp_path, {"idle_measure": "capacity"})
    in_full_hours = ledger.filter(pl.col("ChargePeriodStart").is_in(full))
    assert set(in_full_hours["bucket"]) == {"model_version"}
    assert in_full_hours["EffectiveCost"].sum() == 47 * Decimal("0.634")


def test_without_a_declaration_hours_before_the_first_request_are_not_idle(
    charges: str, log: LocalFile, busy: Hours, tmp_path: Path
) -> None:
    ledger, _ = allocation(charges, log, busy, tmp_path, {}, is_declared=False)
    before = ledger.filter(pl.col("ChargePeriodStart") < min(busy))
    assert set(before["method"]) == {"not_measured"}
    assert set(before["bucket"]) == {"model"}
    assert before["EffectiveCost"].sum() == 328 * Decimal("0.634")
    assert "not_measured" not in set(
        ledger.join(before, on="x_OriginChargeId", how="anti")["method"]
    )


def test_the_notional_idle_share_is_the_same_whoever_bears_it(
    charges: str, log: LocalFile, busy: Hours, tmp_path: Path
) -> None:
    notional = [
        allocation(charges, log, busy, tmp_path, {"idle_bearer": bearer})[1].notional_idle
        for bearer in ("kept", "endpoint_owner", "spread_by_use")
    ]
    assert notional[0].height == 77
    assert notional[0].equals(notional[1])
    assert notional[0].equals(notional[2])
