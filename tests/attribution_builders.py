"""Small months for the attribution: charges, logs and a catalogue that show only what matters."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from pipelines.attribution import AttributionInputs, allocate
from pipelines.attribution.rules import load_rules
from pipelines.contracts import (
    ALLOCATED,
    BASES,
    CHARGES,
    COVERAGE,
    SPLIT_SHARES,
    USAGE,
    Contract,
    require,
)
from pipelines.registry.catalogue import Catalogue, parse_catalogue
from pipelines.settings import parse_settings

MONTH = "2026-09"
START = datetime(2026, 9, 1)
HOUR = timedelta(hours=1)
GPU = "i-0gpu"

Row = dict[str, Any]


def at(hour: float) -> datetime:
    """So many hours after the first instant of the month."""
    return START + timedelta(hours=hour)


def charge(charge_id: str, cost: str = "1", **changed: Any) -> Row:
    """One hour of a GPU instance, the month's first, unless changed. `hour`, `until`: its period.

    `cost` stands in all four bases; each can be changed by its name.
    """
    hour = changed.pop("hour", 0)
    row = {
        "billing_month": MONTH,
        "charge_month": MONTH,
        "source": "aws",
        "x_ChargeId": charge_id,
        "ServiceProviderName": "AWS",
        "InvoiceIssuerName": "AWS",
        "InvoiceId": "INV-1",
        "BillingAccountId": "payer",
        "SubAccountId": "team",
        "BillingCurrency": "USD",
        "ChargePeriodStart": at(hour),
        "ChargePeriodEnd": at(changed.pop("until", hour + 1)),
        "ChargeCategory": "Usage",
        "ServiceName": "Amazon Elastic Compute Cloud",
        "ResourceId": GPU,
        "ConsumedQuantity": Decimal(1),
        "ConsumedUnit": "Hrs",
        **dict.fromkeys(BASES, Decimal(cost)),
        "x_LineItemType": "Usage",
        "x_ServiceCode": "AmazonEC2",
        "x_UsageType": "USE1-BoxUsage:g5.xlarge",
        "x_InstanceType": "g5.xlarge",
    }
    return row | changed


def plain(charge_id: str, cost: str = "1", **changed: Any) -> Row:
    """A line of no resource and of a service that is not AI."""
    away = dict.fromkeys(("ResourceId", "ConsumedQuantity", "ConsumedUnit", "x_InstanceType"))
    other = {"x_ServiceCode": "AmazonSNS", "ServiceName": "SNS", "x_UsageType": "Requests-Tier1"}
    return charge(charge_id, cost, **{**away, **other, **changed})


def use(version: str, hour: int = 0, **changed: Any) -> Row:
    """Requests of one version in one hour on the GPU. `gpu`: GPU seconds; `tokens`: (in, out)."""
    requests = changed.pop("requests", 1)
    gpu, tokens = changed.pop("gpu", None), changed.pop("tokens", None)
    row = {
        "billing_month": MONTH,
        "hour": at(hour),
        "source": "log",
        **dict.fromkeys(
            ("provider", "account_id", "region", "operation", "tenant", "use_case", "service_tier"),
            "",
        ),
        "resource_id": GPU,
        "model": "m",
        "model_version": version,
        "is_batch": False,
        "status": "ok",
        "grain": "request",
        "is_counted": True,
        "requests": requests,
        "gpu_microseconds": None if gpu is None else int(Decimal(str(gpu)) * 1_000_000),
        "requests_with_gpu_time": 0 if gpu is None else requests,
        "input_tokens": tokens[0] if tokens else None,
        "output_tokens": tokens[1] if tokens else None,
        "requests_with_tokens": requests if tokens else 0,
    }
    return row | changed


def watched(start: float = 0, until: float = 720, resource: str = "*") -> Row:
    """A span in which the log was complete."""
    return {
        "billing_month": MONTH,
        "source": "log",
        "resource_id": resource,
        "watched_from": at(start),
        "watched_until": at(until),
        "kind": "declared",
    }


def pod(share_id: str, resource: str, used: str, unused: str = "0", **changed: Any) -> Row:
    """A split row: what one pod reserved of the GPU node in an hour."""
    hour = changed.pop("hour", 0)
    row = {
        "billing_month": MONTH,
        "source": "aws",
        "x_ShareId": share_id,
        "BillingCurrency": "USD",
        "ChargePeriodStart": at(hour),
        "ChargePeriodEnd": at(changed.pop("until", hour + 1)),
        "ResourceId": resource,
        "x_ParentResourceId": GPU,
        "used_cost": Decimal(used),
        "unused_cost": Decimal(unused),
    }
    return row | changed


def instant(hour: float) -> str:
    """An instant as TOML writes it."""
    return f"{at(hour):%Y-%m-%dT%H:%M:%S}Z"


def models(*versions: str, model: str = "m") -> str:
    """A model of the catalogue with its versions."""
    return f'[[models]]\nname = "{model}"\n' + "".join(
        f'[[models.versions]]\nversion = "{version}"\n' for version in versions
    )


def deployed(
    version: str,
    start: float | None = None,
    until: float | None = None,
    *,
    resource: str = GPU,
    model: str = "m",
    replicas: int = 1,
    replaces: str | None = None,
) -> str:
    """A deployment of the catalogue."""
    return (
        f'[[deployments]]\nmodel = "{model}"\nversion = "{version}"\nresources = ["{resource}"]\n'
        f"replicas = {replicas}\n"
        + (f"from = {instant(start)}\n" if start is not None else "")
        + (f"until = {instant(until)}\n" if until is not None else "")
        + (f'replaces = "{replaces}"\n' if replaces else "")
    )


def write(rows: Sequence[Mapping[str, Any]], contract: Contract, path: Path) -> list[str]:
    """Rows as a Parquet file in the contract's columns; no file for no rows."""
    if not rows:
        return []
    surplus = {name for row in rows for name in row} - set(contract.columns)
    assert not surplus, f"{contract.name} has no columns {surplus}"
    frame = pl.DataFrame(
        {
            name: pl.Series(name, [row.get(name) for row in rows], dtype=kind, strict=True)
            for name, kind in contract.polars_schema.items()
        }
    )
    frame.write_parquet(path)
    return [str(path)]


@dataclass(frozen=True)
class Ledger:
    """The month's ledger, checked: nothing lost, nothing gained, no row twice."""

    rows: pl.DataFrame
    notional_idle: pl.DataFrame
    warnings: list[str]
    file: str

    def of(self, charge_id: str, *columns: str) -> dict[tuple[str, ...], Decimal]:
        """Effective cost of one charge by the columns asked for (bucket, version, component)."""
        columns = columns or ("bucket", "model_version", "component")
        rows = self.rows.filter(pl.col("x_OriginChargeId") == charge_id)
        sums: dict[tuple[str, ...], Decimal] = {}
        for *names, cost in rows.select(*columns, "EffectiveCost").iter_rows():
            sums[tuple(names)] = sums.get(tuple(names), Decimal(0)) + cost
        return {key: cost.normalize() for key, cost in sums.items()}

    def words(self, charge_id: str, *columns: str) -> set[tuple[str, ...]]:
        """The distinct values of columns over the rows of one charge."""
        rows = self.rows.filter(pl.col("x_OriginChargeId") == charge_id)
        return set(rows.select(columns).iter_rows())


def attribute(
    folder: Path,
    charges: Sequence[Row],
    catalogue: str | Catalogue = "",
    policy: str = "",
    *,
    usage: Sequence[Row] = (),
    coverage: Sequence[Row] = (),
    pods: Sequence[Row] = (),
    rules: str | None = None,
    tags: str = "",
) -> Ledger:
    """Run the attribution on a small month and hold its promises against the charges."""
    inputs = AttributionInputs(
        charges=write(charges, CHARGES, folder / "charges.parquet"),
        split_shares=write(pods, SPLIT_SHARES, folder / "shares.parquet"),
        usage=write(usage, USAGE, folder / "usage.parquet"),
        coverage=write(coverage, COVERAGE, folder / "coverage.parquet"),
    )
    settings = f'[[bills]]\nname = "aws"\npath = "x"\n[attribution]\n{policy}\n{tags}'
    file = str(folder / "ledger.parquet")
    with duckdb.connect() as con:
        found = allocate(
            con,
            MONTH,
            inputs,
            parse_catalogue(catalogue) if isinstance(catalogue, str) else catalogue,
            load_rules(rules),
            parse_settings(settings),
        )
        found.allocated.write_parquet(file)
    ledger = require(pl.read_parquet(file), ALLOCATED)
    _conserves(charges, ledger)
    return Ledger(ledger, found.notional_idle, found.warnings, file)


def _conserves(charges: Sequence[Row], ledger: pl.DataFrame) -> None:
    pooled = pl.col("rule_id") == "commitment-pool"
    _nets_to_nothing(ledger.filter(pooled))
    ledger = ledger.filter(~pooled)
    amounts = (*BASES, "ConsumedQuantity")
    sums = ledger.group_by("x_OriginChargeId").agg(
        pl.col(amounts).sum(), pl.col("ConsumedQuantity").null_count().alias("nulls"), pl.len()
    )
    found = {row["x_OriginChargeId"]: row for row in sums.iter_rows(named=True)}
    assert set(found) == {row["x_ChargeId"] for row in charges}
    for row in charges:
        parts = found[row["x_ChargeId"]]
        for name in BASES:
            assert parts[name] == row[name], (row["x_ChargeId"], name)
        if row["ConsumedQuantity"] is None:
            assert parts["nulls"] == parts["len"]
        else:
            assert parts["ConsumedQuantity"] == row["ConsumedQuantity"]


def _nets_to_nothing(moves: pl.DataFrame) -> None:
    """What a pool of commitments moves stays on its invoice and in its charge month."""
    invoice = ("source", "BillingAccountId", "InvoiceIssuerName", "InvoiceId", "BillingCurrency")
    sums = moves.group_by(*invoice, "charge_month").agg(pl.col(BASES).sum())
    assert all(cost == 0 for name in BASES for cost in sums[name])
