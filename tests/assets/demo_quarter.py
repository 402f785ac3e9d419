"""The demo quarter read and compared without a lake: what a run does with the shop's files."""

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import duckdb
import polars as pl

from pipelines.attribution import AttributionInputs, allocate
from pipelines.attribution.rules import load_rules
from pipelines.billing.reader import BillTables, read_bill
from pipelines.files import LocalFile
from pipelines.inference.sources import LogInput
from pipelines.inference.usage import UsageTables, read_usage
from pipelines.months import days_in_month, month_bounds
from pipelines.prediction.plan import predict
from pipelines.prediction.volumes import measured_volumes
from pipelines.registry.catalogue import parse_catalogue
from pipelines.registry.frames import registry_tables
from pipelines.settings import Settings, parse_settings
from pipelines.spend import model_months
from pipelines.spend.unit_costs import unit_costs
from pipelines.spend.utilisation import utilisation
from pipelines.usage.prepared import UsageInputs, prepare
from pipelines.variance import Comparison, compare


def local(path: Path) -> LocalFile:
    return LocalFile(str(path), path.name, path.stat().st_size, "")


@dataclass
class DemoMonth:
    """A month of a shop's folder: each step is done once, when it is first asked for."""

    folder: Path
    month: str
    work: Path

    @cached_property
    def settings(self) -> Settings:
        return parse_settings((self.folder / "modelspend.toml").read_text())

    @cached_property
    def bill(self) -> BillTables:
        """The delivery that the month's manifest names."""
        source = self.settings.bills[0]
        first, last = month_bounds(self.month)
        span = f"{first:%Y%m%d}-{last:%Y%m%d}"
        manifest = self.folder / source.path / span / "shop-cur-Manifest.json"
        keys = json.loads(manifest.read_text())["reportKeys"]
        files = [local(self.folder / "bills" / key) for key in keys]
        with duckdb.connect() as con:
            return read_bill(con, source, self.month, files, self._folder("bill"))

    @cached_property
    def usage(self) -> UsageTables:
        sources = [
            LogInput(
                log.name,
                log.timezone,
                log.covers,
                [local(path) for path in sorted((self.folder / log.path).iterdir())],
            )
            for log in self.settings.logs
        ]
        with duckdb.connect() as con:
            bounds = month_bounds(self.month)
            return read_usage(con, sources, self.month, bounds, self._folder("usage"))

    @cached_property
    def comparison(self) -> Comparison:
        """Against the catalogue's plans, as a final month."""
        catalogue = parse_catalogue((self.folder / "catalogue.toml").read_text())
        rules = load_rules(None)
        charges, shares = [str(self.bill.charges)], [str(self.bill.split_shares)]
        usage, coverage = [str(self.usage.usage)], [str(self.usage.coverage)]
        ledger = str(self._folder("ledger") / "ledger.parquet")
        with duckdb.connect() as con:
            inputs = AttributionInputs(charges, shares, usage, coverage)
            found = allocate(con, self.month, inputs, catalogue, rules, self.settings)
            found.allocated.write_parquet(ledger)
            _, end = month_bounds(self.month)
            read = UsageInputs(charges, [ledger], usage, coverage, shares)
            prepared = prepare(con, self.month, end, read, catalogue, rules)
            costs = unit_costs(
                con,
                prepared,
                model_months(con, self.month, [ledger]),
                utilisation(con, prepared),
                catalogue,
                self.settings.attribution.token_weights,
                {},
            )
            return compare(
                con,
                self.month,
                predict(registry_tables(catalogue, self.month)["core_registry__plans"], self.month),
                [ledger],
                found.notional_idle,
                days_in_month(self.month),
                measured_volumes(costs),
            )

    def _folder(self, name: str) -> Path:
        folder = self.work / self.folder.name / self.month / name
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def frames(self) -> tuple[pl.DataFrame, pl.DataFrame]:
        """The charges and split shares."""
        return pl.read_parquet(self.bill.charges), pl.read_parquet(self.bill.split_shares)
