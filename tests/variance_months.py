"""A month's ledger, written down instead of attributed, and its comparison with plans.

Every comparison made here is held to its promise: the variances of each term add up to its
difference, by each method, and nothing billed is missing.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from pipelines.contracts import ALLOCATED, NOTIONAL_IDLE, VARIANCE, Contract
from pipelines.money import EXACT
from pipelines.prediction.plan import predict
from pipelines.prediction.volumes import Volumes
from pipelines.prices.fx import FxRate, FxRates
from pipelines.registry.catalogue import parse_catalogue
from pipelines.registry.frames import registry_tables
from pipelines.variance import Comparison, compare
from pipelines.variance.sums import terms_that_do_not_add_up

MONTH, DAYS = "2026-09", 30
Row = dict[str, Any]


def billed(cost: str, hours: str | None = "1", *, listed: str | None = None, **changed: Any) -> Row:
    """Hours of inference of version v1 of m. `listed`: their list cost, if it is not the cost."""
    row = {
        "billing_month": MONTH,
        "charge_month": MONTH,
        "bucket": "model_version",
        "model": "m",
        "model_version": "v1",
        "component": "inference",
        "element": "hardware",
        "evidence": "",
        "rule_id": "",
        "BillingCurrency": "USD",
        "ChargeCategory": "Usage",
        "x_UsageType": "USE1-BoxUsage:g5.xlarge",
        "ConsumedQuantity": None if hours is None else Decimal(hours),
        "ConsumedUnit": "Hrs",
        "EffectiveCost": Decimal(cost),
        "ListCost": Decimal(listed if listed is not None else cost),
    }
    return row | changed


def overhead(cost: str, category: str = "Usage", **changed: Any) -> Row:
    """A line of no model."""
    nobody = dict.fromkeys(("model", "model_version", "component"), "")
    more = {"bucket": "overhead", "ChargeCategory": category, "element": "adjustment"}
    return billed(cost, None, **(nobody | more | changed))


def idle(cost: str, hours: str, *, listed: str | None = None, **changed: Any) -> Row:
    """The version's notional share of idle hours."""
    row = {
        "billing_month": MONTH,
        "charge_month": MONTH,
        "source": "aws",
        "model": "m",
        "model_version": "v1",
        "component": "inference",
        "element": "hardware",
        "usage_type": "USE1-BoxUsage:g5.xlarge",
        "currency": "USD",
        "unit": "Hrs",
        "quantity": Decimal(hours),
        "effective_cost": Decimal(cost),
        "list_cost": Decimal(listed if listed is not None else cost),
    }
    return row | changed


def catalogue(*names: str) -> str:
    """Versions of the catalogue, as `m v1`."""
    versions: dict[str, list[str]] = {}
    for name in names or ("m v1", "m v2"):
        model, version = name.split(" ")
        versions.setdefault(model, []).append(version)
    return "".join(
        f'[[models]]\nname = "{model}"\n'
        + "".join(f'[[models.versions]]\nversion = "{version}"\n' for version in found)
        for model, found in versions.items()
    )


def plan(
    *lines: str,
    name: str = "budget",
    of: str = "m v1",
    as_of: str = "2026-08-01",
    months: tuple[str, str] = (MONTH, MONTH),
    currency: str = "USD",
    more: str = "",
) -> str:
    """A plan of the catalogue; its lines are made by `term`."""
    model, version = of.split(" ")
    return (
        f'[[plans]]\nplan = "{name}"\nas_of = {as_of}T00:00:00Z\nmodel = "{model}"\n'
        f'version = "{version}"\ncurrency = "{currency}"\nfirst_month = "{months[0]}"\n'
        f'last_month = "{months[1]}"\n{more}\n' + "".join(lines)
    )


def term(price: str | None = "2", quantity: str | None = "4", **more: str) -> str:
    """A line of a plan: inference hours, of a price and a quantity unless `more` says other."""
    texts = {"component": "inference", "element": "hardware", "unit": "hours"} | {
        name: more.pop(name)
        for name in ("component", "element", "unit", "usage_type", "activity")
        if name in more
    }
    numbers = {"price": price, "quantity": quantity} | more
    return (
        "[[plans.lines]]\n"
        + "".join(f'{name} = "{text}"\n' for name, text in texts.items())
        + "".join(f"{name} = {number}\n" for name, number in numbers.items() if number is not None)
    )


def split_term(listed: str, discount: str, volume: str, busy: str, used: str, **more: str) -> str:
    """A line that states list price, discount, volume, busy hours per 1M tokens, utilisation."""
    split = {"list_price": listed, "discount": discount, "volume": volume}
    split |= {"per_activity": busy, "utilisation": used, "activity": "1M tokens"}
    return term(None, None, **(split | more))


def planned_amount(
    line: str,
    amount: str,
    *,
    currency: str = "USD",
    name: str = "budget",
    as_of: str = "2026-08-01",
) -> str:
    """What was planned of credits, tax, support or unused commitments."""
    return (
        f'[[plan_amounts]]\nplan = "{name}"\nas_of = {as_of}T00:00:00Z\n'
        f'currency = "{currency}"\nfirst_month = "{MONTH}"\nlast_month = "{MONTH}"\n'
        f'line = "{line}"\namount = {amount}\n'
    )


def tokens(**millions: str) -> Volumes:
    """Measured millions of tokens by version of m."""
    return {
        ("m", version): {"tokens": Fraction(count) * 10**6} for version, count in millions.items()
    }


def predicted(text: str) -> pl.DataFrame:
    """What the plans of a catalogue predict."""
    return predict(registry_tables(parse_catalogue(text), MONTH)["core_registry__plans"], MONTH)


def rate(of: str, to: str, value: str, kind: Any = "month_average") -> FxRates:
    """One rate of exchange of the month."""
    return FxRates([[FxRate(of, to, kind, MONTH, Decimal(value))]])


def comparison(
    folder: Path,
    rows: Sequence[Row],
    plans: str | pl.DataFrame,
    *,
    idle: Sequence[Row] = (),
    days: int = DAYS,
    **more: Any,
) -> Comparison:
    """The month's rows beside the plans (text of a catalogue, or rows of kind whatever)."""
    file = folder / f"allocated{len(list(folder.iterdir()))}.parquet"  # readers may keep a file
    frame(ALLOCATED, rows).write_parquet(file)
    asked = predicted(plans) if isinstance(plans, str) else plans
    files = [str(file)] * bool(rows)
    found = compare(_desk(), MONTH, asked, files, frame(NOTIONAL_IDLE, idle), days, **more)
    off = terms_that_do_not_add_up(found.variance, found.drivers)
    assert off.is_empty(), off.rows(named=True)
    if "rates" not in more:
        assert _by_currency(found) == _in_scope([*rows, *idle])
    return found


def _by_currency(found: Comparison) -> dict[str, Decimal]:
    """What the lines of kind plan cost together, however they are compared."""
    sums: dict[str, Decimal] = {}
    for row in found.variance.filter(pl.col("kind") == "plan").iter_rows(named=True):
        if row["actual_cost"]:
            sums[row["currency"]] = EXACT.add(
                sums.get(row["currency"], Decimal(0)), row["actual_cost"]
            )
    return {currency: cost for currency, cost in sums.items() if cost}


def _in_scope(rows: Sequence[Row]) -> dict[str, Decimal]:
    """What was billed, but for what is not AI."""
    sums: dict[str, Decimal] = {}
    for row in rows:
        if row.get("bucket") == "not_ai" and row["evidence"] != "overhead by cost":
            continue
        currency = row["BillingCurrency"] if "bucket" in row else row["currency"]
        cost = row["EffectiveCost"] if "bucket" in row else row["effective_cost"]
        sums[currency] = EXACT.add(sums.get(currency, Decimal(0)), cost)
    return {currency: cost for currency, cost in sums.items() if cost}


@cache
def _desk() -> duckdb.DuckDBPyConnection:
    """One connection for all months: opening one takes longer than comparing."""
    return duckdb.connect()


def frame(contract: Contract, rows: Sequence[Mapping[str, Any]]) -> pl.DataFrame:
    """Rows in the contract's columns; what a row does not say is NULL."""
    return pl.DataFrame(
        {
            name: pl.Series(name, [row.get(name) for row in rows], dtype=kind, strict=True)
            for name, kind in contract.polars_schema.items()
        }
    )


def lines(found: Comparison) -> list[Row]:
    """The rows of the comparison."""
    return found.variance.sort(VARIANCE.key).rows(named=True)


def line(found: Comparison, **narrowed: Any) -> Row:
    """The one row that is so."""
    rows = [r for r in lines(found) if all(r[name] == value for name, value in narrowed.items())]
    assert len(rows) == 1, rows
    return rows[0]


def variances(found: Comparison, method: str = "standard", **narrowed: Any) -> dict[str, Decimal]:
    """Amounts by name, summed over the terms."""
    wanted = found.drivers.filter(pl.col("method") == method)
    for name, value in narrowed.items():
        wanted = wanted.filter(pl.col(name) == value)
    sums: dict[str, Decimal] = {}
    for name, amount in wanted.select("variance", "amount").iter_rows():
        sums[name] = sums.get(name, Decimal(0)) + amount
    return sums


def inputs(found: Comparison, variance: str) -> tuple[Decimal | None, Decimal | None, str]:
    """The planned and actual value of a variance, of the only term that has it."""
    (row,) = found.drivers.filter(
        (pl.col("variance") == variance) & (pl.col("method") == "standard")
    ).rows(named=True)
    return row["predicted_value"], row["actual_value"], row["value_unit"]
