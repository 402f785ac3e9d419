"""Small months for billed against logged: token lines, logs and everything made of them."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
from attribution_builders import MONTH, START, Row, attribute, charge, use, write

from pipelines.attribution.rules import load_rules
from pipelines.contracts import ALLOCATED, CHARGES, COVERAGE, SPLIT_SHARES, USAGE
from pipelines.registry.catalogue import Catalogue, parse_catalogue
from pipelines.settings import TokenWeights
from pipelines.spend import model_months
from pipelines.spend.business_units import BusinessKey
from pipelines.spend.unit_costs import unit_costs
from pipelines.spend.utilisation import utilisation
from pipelines.usage.comparison import billed_vs_logged
from pipelines.usage.findings import Finding, findings
from pipelines.usage.prepared import Prepared, UsageInputs, prepare

CHAT = """
[[models]]
name = "chat"
[[models.versions]]
version = "sonnet"
aliases = ["anthropic.claude-sonnet-4-6"]
usage_types = ["Claude4.6Sonnet"]
"""
"""A managed model, as the bill's usage types and the log name it."""


def tokens(
    charge_id: str, thousands: str, kind: str = "input-tokens", cost: str = "1", **changed: Any
) -> Row:
    """An hour's line of a managed model's tokens, in `1K tokens`."""
    line = {
        "ResourceId": None,
        "x_InstanceType": None,
        "x_ServiceCode": "AmazonBedrock",
        "ServiceName": "Amazon Bedrock",
        "x_UsageType": f"USE1-Claude4.6Sonnet-{kind}",
        "ConsumedQuantity": Decimal(thousands),
        "ConsumedUnit": "1K tokens",
    }
    return charge(charge_id, cost, **{**line, **changed})


def asked(hour: int = 0, **changed: Any) -> Row:
    """A request of the managed model. `tokens`: all input and output; `cached`: of the input."""
    row = use("", hour, tokens=changed.pop("tokens", (1000, 100)))
    cached = changed.pop("cached", None)
    return row | {
        "provider": "aws",
        "resource_id": "",
        "model": "anthropic.claude-sonnet-4-6",
        "input_tokens_cache_read": cached,
        **changed,
    }


@dataclass(frozen=True)
class Month:
    """The tables of a small month, read from its charges and logs."""

    con: duckdb.DuckDBPyConnection
    prepared: Prepared
    catalogue: Catalogue
    ledger: str

    def compared(self) -> pl.DataFrame:
        """`out_usage__billed_vs_logged`."""
        return billed_vs_logged(self.con, self.prepared, self.catalogue)

    def differences(self, tolerance: str = "0.05") -> list[Finding]:
        """What of it is said."""
        return findings(self.compared(), Decimal(tolerance))

    def utilisation(self) -> pl.DataFrame:
        """`out_spend__utilisation`."""
        return utilisation(self.con, self.prepared)

    def units(
        self,
        business: Mapping[BusinessKey, Decimal] | None = None,
        weights: TokenWeights | None = None,
    ) -> pl.DataFrame:
        """`out_spend__unit_costs`."""
        return unit_costs(
            self.con,
            self.prepared,
            self.spend(),
            self.utilisation(),
            self.catalogue,
            weights or TokenWeights(),
            business or {},
        )

    def spend(self) -> pl.DataFrame:
        """`out_spend__model_months`."""
        return model_months(self.con, MONTH, [self.ledger])


def booked(line: Row) -> Row:
    """A charge whole in the ledger: tokens are sonnet's, machines v1's."""
    is_api = line["x_ServiceCode"] == "AmazonBedrock"
    same = {name: line[name] for name in ALLOCATED.columns if name in line}
    return {
        **dict.fromkeys((n for n, kind in ALLOCATED.columns.items() if kind == "VARCHAR"), ""),
        **{name: value for name, value in same.items() if value is not None},
        "x_OriginChargeId": line["x_ChargeId"],
        "ConsumedQuantity": line["ConsumedQuantity"],
        "bucket": "model_version",
        "model": "chat" if is_api else "m",
        "model_version": "sonnet" if is_api else "v1",
        "component": "inference",
        "element": "managed_api" if is_api else "hardware",
        "method": "direct",
        "rule_id": "aws-bedrock" if is_api else "aws-accelerator",
    }


@contextmanager
def month(
    folder: Path,
    charges: Sequence[Row],
    catalogue: str = CHAT,
    *,
    usage: Sequence[Row] = (),
    coverage: Sequence[Row] = (),
    pods: Sequence[Row] = (),
    until: datetime = START + timedelta(days=30),
    attributed: bool = False,
) -> Iterator[Month]:
    """Prepare what the comparison and the unit costs read of a small month.

    The ledger is the attribution's, or has every line of Bedrock with chat's sonnet and every other
    with v1 of m, whole.
    """
    if attributed:
        ledger = attribute(folder, charges, catalogue, usage=usage, coverage=coverage, pods=pods)
        rows = ledger.rows.to_dicts()
    else:
        rows = [booked(line) for line in charges]
    inputs = UsageInputs(
        charges=write(charges, CHARGES, folder / "charges.parquet"),
        allocated=write(rows, ALLOCATED, folder / "ledger.parquet"),
        usage=write(usage, USAGE, folder / "usage.parquet"),
        coverage=write(coverage, COVERAGE, folder / "coverage.parquet"),
        split_shares=write(pods, SPLIT_SHARES, folder / "shares.parquet"),
    )
    parsed = parse_catalogue(catalogue)
    with duckdb.connect() as con:
        prepared = prepare(con, MONTH, until, inputs, parsed, load_rules())
        yield Month(con, prepared, parsed, str(folder / "ledger.parquet"))


def short(frame: pl.DataFrame, *columns: str) -> list[tuple[Any, ...]]:
    """The rows of a table, only the columns asked for, amounts without trailing zeros."""
    return [
        tuple(v.normalize() + 0 if isinstance(v, Decimal) else v for v in row)
        for row in frame.select(columns).iter_rows()
    ]
