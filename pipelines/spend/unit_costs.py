"""What one unit cost: a thousand requests, a million tokens, a GPU-hour, a run, an order.

Kept as cost and quantity, never divided here. The inference cost of a version is split over use
cases and tenants by the version's own measured use: what the bill has as lines of a token class by
the tokens of that class, everything else by GPU time where every request has it, else by weighted
tokens, else by requests, exactly (largest remainder). Cost of a version nobody's use was measured
of stays without use case and tenant. Idle time nobody bears is no version's and is not in it.

A token's cost is its bill lines' plus, for what is billed by machine time, the share its work has
in the version's (prefill is not decode: the token weights of the catalogue or the settings).
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final

import duckdb
import polars as pl

from pipelines.contracts import UNIT_COSTS, require
from pipelines.money import split
from pipelines.months import month_bounds
from pipelines.queries import query, rows_of
from pipelines.registry.catalogue import Catalogue
from pipelines.registry.links import predecessors_of, run_component, run_version
from pipelines.settings import TokenWeights
from pipelines.spend.business_units import BusinessKey
from pipelines.usage.classes import TOKEN_CLASSES
from pipelines.usage.prepared import Prepared

ZERO: Final = Decimal(0)
MODEL_BUCKETS: Final = ("model_version", "model")
RUN_COMPONENTS: Final = ("training", "update")
ALL: Final = "all"
"""The component of rows that hold the cost of all four."""

TOKEN_UNITS: Final = {
    "input_tokens": "input_token",
    "input_tokens_cache_read": "cached_input_token",
    "input_tokens_cache_write": "cache_write_token",
    "output_tokens": "output_token",
}
PER: Final = {
    "request": 1_000,
    **dict.fromkeys(TOKEN_UNITS.values(), 1_000_000),
    "image": 1,
    "gpu_second_busy": 3_600,
    "gpu_second_held": 3_600,
    "instance_second": 3_600,
    "training_run": 1,
}
"""How many units a price is quoted for."""

_Version = tuple[str, str, str]
"""Currency, model, version."""
_User = tuple[str, str]
"""Use case, tenant."""


@dataclass(frozen=True)
class _Use:
    """What a version's logs measured, one row per use case and tenant."""

    rows: Sequence[Mapping[str, Any]]
    weights: Mapping[str, int]

    @property
    def users(self) -> list[_User]:
        return [(row["use_case"], row["tenant"]) for row in self.rows]

    def sum(self, name: str) -> int:
        return sum(row[name] for row in self.rows)

    @property
    def has_tokens(self) -> bool:
        return self.sum("requests_with_tokens") == self.sum("requests") and any(self.work)

    @property
    def has_gpu_time(self) -> bool:
        requests = self.sum("requests")
        return 0 < requests == self.sum("requests_with_gpu_time") and (
            self.sum("gpu_microseconds") > 0
        )

    @property
    def work(self) -> list[int]:
        """Weighted tokens of each row."""
        return [sum(self.work_of(row).values()) for row in self.rows]

    def work_of(self, row: Mapping[str, Any]) -> dict[str, int]:
        return {name: max(0, row[name]) * self.weights[name] for name in TOKEN_CLASSES}

    @property
    def measure(self) -> tuple[str, list[int]]:
        """The key by which what has no class of its own is split."""
        if self.has_gpu_time:
            return "gpu_time", [row["gpu_microseconds"] for row in self.rows]
        if self.has_tokens:
            return "tokens", self.work
        if self.sum("requests"):
            return "requests", [row["requests"] for row in self.rows]
        return "no_use", []


@dataclass
class _Costs:
    """The inference cost of a version: what bill lines give to a class, and the rest."""

    total: Decimal = ZERO
    hardware: Decimal = ZERO
    classes: dict[str, Decimal] = field(default_factory=dict)

    @property
    def rest(self) -> Decimal:
        return self.total - sum(self.classes.values(), ZERO)


def unit_costs(
    con: duckdb.DuckDBPyConnection,
    prepared: Prepared,
    model_months: pl.DataFrame,
    utilisation: pl.DataFrame,
    catalogue: Catalogue,
    weights: TokenWeights,
    business: Mapping[BusinessKey, Decimal],
) -> pl.DataFrame:
    """The month's unit costs, of the tables that `prepare` made and the month's spend.

    3.00 for input lines and 2.00 for output lines of a version that two tenants asked for 2M and 1M
    input and 1M output tokens each: 2.00 + 1.00 and 1.00 + 1.00, 1.00 per million input tokens.
    """
    month = prepared.month
    spend = model_months.filter(pl.col("bucket").is_in(MODEL_BUCKETS))
    uses = _uses(con, month, catalogue, weights)
    rows: list[dict[str, Any]] = []
    for version, costs in _inference_costs(con, spend).items():
        rows += _inference_rows(version, costs, uses)
    rows += _machine_rows(utilisation)
    rows += _run_rows(spend, catalogue, month)
    requests = [row for row in rows if row["unit"] == "request"]
    rows += _business_rows(spend, requests, business)
    frame = pl.DataFrame(
        [{"billing_month": month, "unit_source": "", **row} for row in rows],
        schema=UNIT_COSTS.polars_schema,
        orient="row",
    )
    return require(frame.sort(UNIT_COSTS.key), UNIT_COSTS)


def _inference_costs(con: duckdb.DuckDBPyConnection, spend: pl.DataFrame) -> dict[_Version, _Costs]:
    found: dict[_Version, _Costs] = defaultdict(_Costs)
    for row in spend.filter(pl.col("component") == "inference").iter_rows(named=True):
        costs = found[row["currency"], row["model"], row["model_version"]]
        costs.total += row["effective_cost"]
        if row["element"] == "hardware":
            costs.hardware += row["effective_cost"]
    for row in rows_of(query(con, "usage/class_costs")):
        version = row["currency"], row["model"], row["model_version"]
        if version in found:
            found[version].classes[row["unit_class"]] = row["effective_cost"]
    return dict(sorted(found.items()))


def _uses(
    con: duckdb.DuckDBPyConnection, month: str, catalogue: Catalogue, weights: TokenWeights
) -> dict[tuple[str, str], _Use]:
    """By model and version; version '' where logs or bills name only the model: all of its use."""
    own = {
        (model.name, version.version): version.token_weights
        for model in catalogue.models
        for version in model.versions
        if version.token_weights
    }
    start, end = month_bounds(month)
    found: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
    for row in rows_of(query(con, "usage/measured_uses", month_start=start, month_end=end)):
        found[row["model"], row["model_version"]].append(row)
    return {
        version: _Use(rows, _thousandths(own.get(version) or weights))
        for version, rows in found.items()
    }


def _thousandths(weights: TokenWeights) -> dict[str, int]:
    return {
        "input_tokens": int(weights.input * 1000),
        "input_tokens_cache_read": int(weights.input_cache_read * 1000),
        "input_tokens_cache_write": int(weights.input * 1000),
        "output_tokens": int(weights.output * 1000),
    }


def _inference_rows(
    version: _Version, costs: _Costs, uses: Mapping[tuple[str, str], _Use]
) -> Iterable[dict[str, Any]]:
    _, model, name = version
    own = uses.get((model, name), _Use([], {}))
    # cost of a model as a whole goes to whoever used any of its versions; the use is theirs
    key = own if own.rows or name else _of_model(model, uses)
    measure, keys = key.measure
    users = key.users if keys else [("", "")]
    rest = _parts(costs.rest, keys, len(users))
    by_class = {
        unit_class: _parts(
            cost,
            [max(0, row[unit_class]) for row in key.rows] if keys else [],
            len(users),
            keys,
        )
        for unit_class, cost in costs.classes.items()
    }
    own_rows = {(row["use_case"], row["tenant"]): row for row in own.rows}
    tokens_by_weight = own.has_tokens and not (costs.classes and costs.rest == 0)
    for number, user in enumerate(users):
        billed = {unit_class: parts[number] for unit_class, parts in by_class.items()}
        row = own_rows.get(user)
        whole = rest[number] + sum(billed.values(), ZERO)
        requests = Decimal(row["requests"]) if row else ZERO
        yield _row(version, user, "request", measure, whole, requests)
        if row is None:
            continue
        by_work = (
            _by_work(rest[number], own.work_of(row)) if tokens_by_weight else dict[str, Decimal]()
        )
        for unit_class, unit in TOKEN_UNITS.items():
            has_line, cost = unit_class in billed, billed.get(unit_class, ZERO)
            cost += by_work.get(unit_class, ZERO)
            if (has_line or by_work) and (row[unit_class] or cost):
                how = "_and_".join(
                    word
                    for word, holds in (("bill_lines", has_line), ("token_weights", by_work))
                    if holds
                )
                yield _row(version, user, unit, how, cost, Decimal(row[unit_class]))
        if row["images"]:
            if "images" in billed:
                yield _row(
                    version, user, "image", "bill_lines", billed["images"], Decimal(row["images"])
                )
            elif not own.has_tokens:
                yield _row(version, user, "image", measure, whole, Decimal(row["images"]))
    yield from _gpu_rows(version, costs.hardware, own)


def _of_model(model: str, uses: Mapping[tuple[str, str], _Use]) -> _Use:
    """The use of all of a model's versions, by use case and tenant."""
    sums: dict[_User, Counter[str]] = defaultdict(Counter)
    weights: Mapping[str, int] = {}
    for (name, _), use in sorted(uses.items()):
        if name != model:
            continue
        weights = use.weights
        for row in use.rows:
            amounts = {key: value for key, value in row.items() if isinstance(value, int)}
            sums[row["use_case"], row["tenant"]].update(amounts)
    rows = [
        {"use_case": use_case, "tenant": tenant, **dict.fromkeys(_AMOUNTS, 0), **amounts}
        for (use_case, tenant), amounts in sorted(sums.items())
    ]
    return _Use(rows, weights)


_AMOUNTS: Final = (
    "requests",
    "requests_with_tokens",
    "requests_with_gpu_time",
    *TOKEN_CLASSES,
    "images",
    "gpu_microseconds",
    "gpu_sampled_microseconds",
    "gpu_held_microseconds",
)


def _parts(
    cost: Decimal, keys: Sequence[int], users: int, else_keys: Sequence[int] = ()
) -> list[Decimal]:
    """A cost over the users by the first keys that say anything; to the only one without any."""
    for weights in (keys, else_keys):
        if any(weights):
            return split(cost, weights)
    return [cost, *[ZERO] * (users - 1)]


def _by_work(cost: Decimal, work: Mapping[str, int]) -> dict[str, Decimal]:
    if not any(work.values()):
        return {}
    return dict(zip(work, split(cost, list(work.values())), strict=True))


def _gpu_rows(version: _Version, hardware: Decimal, own: _Use) -> Iterable[dict[str, Any]]:
    if own.has_gpu_time and hardware:
        busy = [row["gpu_microseconds"] for row in own.rows]
        for user, cost, micros in zip(own.users, split(hardware, busy), busy, strict=True):
            yield _row(version, user, "gpu_second_busy", "gpu_time", cost, _seconds(micros))
    elif hardware and (micros := own.sum("gpu_sampled_microseconds")):
        yield _row(version, ("", ""), "gpu_second_busy", "samples", hardware, _seconds(micros))
    if hardware and (micros := own.sum("gpu_held_microseconds")):
        yield _row(version, ("", ""), "gpu_second_held", "samples", hardware, _seconds(micros))


def _machine_rows(utilisation: pl.DataFrame) -> Iterable[dict[str, Any]]:
    """Machine time as the ledger gave it to the versions, over all resources."""
    keys = ["currency", "model", "model_version"]
    served = utilisation.filter(
        pl.col("bucket").is_in(MODEL_BUCKETS) & (pl.col("component") == "inference")
    )
    sums = served.group_by(keys).agg(pl.col("effective_cost", "seconds_billed").sum())
    for row in sums.sort(keys).iter_rows(named=True):
        if row["seconds_billed"]:
            yield _row(
                (row["currency"], row["model"], row["model_version"]),
                ("", ""),
                "instance_second",
                "ledger",
                row["effective_cost"],
                row["seconds_billed"],
            )


def _run_rows(spend: pl.DataFrame, catalogue: Catalogue, month: str) -> Iterable[dict[str, Any]]:
    """What training and update cost, and the runs that were at work in the month."""
    start, end = month_bounds(month)
    predecessors = predecessors_of(catalogue)
    runs = Counter(
        (run.model, run_version(run), run_component(run, predecessors))
        for run in catalogue.runs
        if run.from_ < end and run.until > start
    )
    keys = ["currency", "model", "model_version", "component"]
    costs = spend.filter(pl.col("component").is_in(RUN_COMPONENTS))
    sums = costs.group_by(keys).agg(pl.col("effective_cost").sum())
    for row in sums.sort(keys).iter_rows(named=True):
        version = row["currency"], row["model"], row["model_version"]
        count = Decimal(runs[row["model"], row["model_version"], row["component"]])
        cost = row["effective_cost"]
        yield _row(version, ("", ""), "training_run", "registry", cost, count, row["component"])


def _business_rows(
    spend: pl.DataFrame,
    requests: Sequence[Mapping[str, Any]],
    business: Mapping[BusinessKey, Decimal],
) -> Iterable[dict[str, Any]]:
    """Cost of what each business quantity is about: its inference, and all if about all users.

    A quantity that nothing was spent on has no row.
    """
    whole = spend.group_by("currency", "model", "model_version").agg(pl.col("effective_cost").sum())
    costs = whole.sort("currency", "model", "model_version").to_dicts()
    for key, quantity in business.items():
        scopes = [("inference", requests)]
        if not key.use_case and not key.tenant:
            scopes.append((ALL, costs))
        for component, rows in scopes:
            sums: dict[str, Decimal] = defaultdict(Decimal)
            for row in rows:
                if _is_about(key, row):
                    sums[row["currency"]] += row["effective_cost"]
            for currency, cost in sorted(sums.items()):
                yield {
                    **_row(
                        (currency, key.model, key.model_version),
                        (key.use_case, key.tenant),
                        key.unit,
                        "business_units",
                        cost,
                        quantity,
                        component,
                    ),
                    "unit_source": key.source,
                    "per": 1,
                }


def _is_about(key: BusinessKey, row: Mapping[str, Any]) -> bool:
    return all(
        not wanted or wanted == row.get(name)
        for name, wanted in (
            ("model", key.model),
            ("model_version", key.model_version),
            ("use_case", key.use_case),
            ("tenant", key.tenant),
        )
    )


def _row(
    version: _Version,
    user: _User,
    unit: str,
    method: str,
    cost: Decimal,
    quantity: Decimal,
    component: str = "inference",
) -> dict[str, Any]:
    currency, model, name = version
    return {
        "currency": currency,
        "model": model,
        "model_version": name,
        "component": component,
        "use_case": user[0],
        "tenant": user[1],
        "unit": unit,
        "method": method,
        "effective_cost": cost,
        "quantity": quantity,
        "per": PER.get(unit, 1),
    }


def _seconds(microseconds: int) -> Decimal:
    return microseconds * Decimal("0.000001")
