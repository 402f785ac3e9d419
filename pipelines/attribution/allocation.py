"""From charges, use and the catalogue to the ledger: whose charge each cent is.

The order is the argument. Lines that are no model's by rule stay where the rule says. A charge
whose resource worked for somebody is split by who used it, hour by hour (`hour_claims.sql` holds
the rules); its idle part is booked as idle and, if the policy says so, spread. Every other charge
goes whole to where its tags, usage type or service point (`plain_targets.sql`); discounts and
refunds follow the resource they name. Nothing is dropped: a charge is either in `parts` (exactly
split) or in `plain_targets` (whole), never in both and never in neither.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePath

import duckdb
import polars as pl

from pipelines.attribution.calibration import calibrate
from pipelines.attribution.meanings import (
    load_callers,
    load_meanings,
    load_names,
    load_price_keys,
)
from pipelines.attribution.name_warnings import name_warnings
from pipelines.attribution.pods import claim_nodes, load_nodes, load_pods, pod_warnings
from pipelines.attribution.rules import Rules
from pipelines.contracts import (
    ALLOCATED,
    CHARGES,
    COVERAGE,
    NOTIONAL_IDLE,
    SPLIT_SHARES,
    USAGE,
    Contract,
    require,
)
from pipelines.months import month_bounds
from pipelines.queries import frame_of, load, materialise, query, sql
from pipelines.registry.catalogue import Catalogue
from pipelines.registry.commitments import COMMITMENT_OWNER_COLUMNS, CommitmentOwners
from pipelines.registry.links import (
    LINK_COLUMNS,
    OWNER_COLUMNS,
    RESOURCE_COLUMNS,
    RESOURCE_NAME_COLUMNS,
    ROLLOUT_COLUMNS,
    link_rows,
    owner_rows,
    resource_name_rows,
    resource_rows,
    rollout_rows,
    watched_runs,
)
from pipelines.registry.weights import WEIGHT_COLUMNS, thousandths, weight_rows
from pipelines.settings import Settings

SPLIT_BATCH = 250_000
"""Charges split at a time; numbers of `origin_id`, not rows."""


@dataclass(frozen=True)
class AttributionInputs:
    """Parquet files of one month, each in the columns of its contract."""

    charges: Sequence[str]
    split_shares: Sequence[str] = ()
    usage: Sequence[str] = ()
    coverage: Sequence[str] = ()


@dataclass(frozen=True)
class Allocation:
    """The ledger as a lazy relation (contract ALLOCATED) and what goes beside it."""

    allocated: duckdb.DuckDBPyRelation
    notional_idle: pl.DataFrame
    warnings: list[str] = field(default_factory=list)


def allocate(
    con: duckdb.DuckDBPyConnection,
    month: str,
    inputs: AttributionInputs,
    catalogue: Catalogue,
    rules: Rules,
    settings: Settings,
) -> Allocation:
    """Allocate every charge of one billing month to buckets, versions, components and owners.

    The connection's temporary tables are this function's; the relation returned reads them, so
    consume it before the connection is used for another month.
    """
    policy = settings.attribution
    month_start, month_end = month_bounds(month)
    _read_inputs(con, inputs)
    _load_catalogue(con, catalogue)
    _name_resources(con, catalogue)
    warnings = load_meanings(con, catalogue, rules)
    load_price_keys(con, catalogue)
    _view_of(con, "charge_meanings")
    load_names(con, catalogue, settings)
    load_callers(con, catalogue)
    load_pods(con, catalogue)
    accounts = [{"account": account} for account in sorted(set(policy.ai_accounts))]
    load(con, "ai_accounts", {"account": "VARCHAR"}, accounts)

    for step in (
        "resource_keys",
        "linked_resources",
        "linked_charges",
        "charge_hours",
        "resource_sizes",
    ):
        materialise(con, step, f"attribution/{step}")
    load(con, "token_weights", WEIGHT_COLUMNS, weight_rows(catalogue))
    if policy.calibrate_token_weights:
        warnings += calibrate(con, policy.token_weights)
    materialise(con, "uses", "attribution/uses", thousandths(policy.token_weights))
    load_nodes(con)
    _load_watches(con, catalogue)
    for step in ("pod_hours", "resource_hours", "live_deployments", "live_runs"):
        materialise(con, step, f"attribution/{step}")
    materialise(
        con, "hour_claims", "attribution/hour_claims", {"idle_measure": policy.idle_measure}
    )
    claim_nodes(con, policy.idle_measure)
    for step in ("span_claims", "charge_claims", "pod_claims", "static_claims", "claims"):
        materialise(con, step, f"attribution/{step}")
    _split(con, "parts", "linked_charges", "claims")
    for spent in ("claims", "charge_claims", "hour_claims", "live_deployments", "charge_hours"):
        con.execute(f'DROP TABLE "{spent}"')  # the largest: what follows has their memory
    con.execute(
        "CREATE OR REPLACE TEMP TABLE split_charges AS SELECT DISTINCT source, charge_id FROM parts"
    )
    _view_of(con, "plain_targets")
    _load_commitment_owners(con, catalogue)

    _follow(con)  # first: the idle part of a discount is then spread as the idle part of its charge
    bounds = {"month_start": month_start, "month_end": month_end}
    materialise(con, "keys", "attribution/idle_keys", bounds)
    notional_idle = _notional_idle(con, month)
    if policy.idle_bearer == "spread_by_use":
        _spread(con, "idle", "idle by use")
    if policy.shared_pool != "kept":
        _spread_pool(con, {**bounds, "by_cost": policy.shared_pool == "spread_by_cost"})
    if policy.overhead != "kept":
        _spread_overhead(con)
    if policy.commitment_pool == "organisation":
        _pool_commitments(con)

    ledger = query(
        con,
        "attribution/allocated_charges",
        month=month,
        idle_to_owner=policy.idle_bearer == "endpoint_owner",
    )
    return Allocation(
        allocated=ledger.project(ALLOCATED.select_list()),
        notional_idle=notional_idle,
        warnings=[*warnings, *name_warnings(con), *pod_warnings(con)],
    )


def _read_inputs(con: duckdb.DuckDBPyConnection, inputs: AttributionInputs) -> None:
    _view(con, "charges", CHARGES, inputs.charges)
    _view(con, "split_shares", SPLIT_SHARES, inputs.split_shares)
    _view(con, "logged_usage", USAGE, inputs.usage)
    _view(con, "logged_coverage", COVERAGE, inputs.coverage)


def _view(
    con: duckdb.DuckDBPyConnection, name: str, contract: Contract, files: Sequence[str]
) -> None:
    if files:
        # A typed month (hive partition) would become a date or a number: months are text.
        relation = con.from_parquet(
            [str(PurePath(file)) for file in files], hive_partitioning=False, union_by_name=True
        )
        columns = [c for c in contract.columns if c != "billing_month"]
        names = ", ".join(f'"{column}"' for column in columns)
        relation.project(names).create_view(name, replace=True)
    else:
        empty = ", ".join(
            f'NULL::{kind} AS "{column}"' for column, kind in contract.columns.items()
        )
        con.execute(f"CREATE OR REPLACE TEMP VIEW {name} AS SELECT {empty} WHERE false")


def _load_catalogue(con: duckdb.DuckDBPyConnection, catalogue: Catalogue) -> None:
    load(con, "links", LINK_COLUMNS, link_rows(catalogue))
    load(con, "rollouts", ROLLOUT_COLUMNS, rollout_rows(catalogue))
    load(con, "resource_accelerators", RESOURCE_COLUMNS, resource_rows(catalogue))
    load(con, "owners", OWNER_COLUMNS, owner_rows(catalogue))


def _name_resources(con: duckdb.DuckDBPyConnection, catalogue: Catalogue) -> None:
    """Let logs call a resource by the names that the catalogue lists for it."""
    rows = list(resource_name_rows(catalogue))
    load(con, "resource_names", RESOURCE_NAME_COLUMNS, rows)
    for view, named in (("usage", "named_usage"), ("coverage", "named_coverage")):
        if rows:
            _view_of(con, named, view)
        else:
            con.execute(f"CREATE OR REPLACE TEMP VIEW {view} AS FROM logged_{view}")


def _view_of(con: duckdb.DuckDBPyConnection, name: str, view: str = "") -> None:
    con.execute(f'CREATE OR REPLACE TEMP VIEW "{view or name}" AS {sql(f"attribution/{name}")}')


def _load_commitment_owners(con: duckdb.DuckDBPyConnection, catalogue: Catalogue) -> None:
    ids = query(con, "attribution/commitment_ids").order("ALL").fetchall()
    rows = CommitmentOwners(catalogue).rows(found for (found,) in ids)
    load(con, "commitment_owners", COMMITMENT_OWNER_COLUMNS, rows)


def _load_watches(con: duckdb.DuckDBPyConnection, catalogue: Catalogue) -> None:
    columns = {
        "link_key": "VARCHAR",
        "watched_from": "TIMESTAMP",
        "watched_until": "TIMESTAMP",
        "kind": "VARCHAR",
    }
    runs = [
        {"link_key": key, "watched_from": start, "watched_until": end, "kind": "run"}
        for key, start, end in watched_runs(catalogue)
    ]
    load(con, "run_watches", columns, runs)
    materialise(con, "watches", "attribution/watches")


def _split(con: duckdb.DuckDBPyConnection, into: str, origins: str, claims: str) -> None:
    """Split the charges of one table by the claims of another, exactly, into rows like `parts`."""
    _split_amounts(con, origins, claims)
    materialise(con, into, "attribution/parts")


def _split_amounts(con: duckdb.DuckDBPyConnection, origins: str, claims: str) -> None:
    """Split batch by batch: an origin's parts need only its own shares, so memory stays bounded."""
    last = con.execute(f"SELECT coalesce(max(origin_id), 0) FROM {origins}").fetchall()[0][0]
    for first in range(0, last + 1, SPLIT_BATCH):
        batch = f"WHERE origin_id > {first} AND origin_id <= {first + SPLIT_BATCH}"
        con.execute(f"CREATE OR REPLACE TEMP VIEW origins AS FROM {origins} {batch}")
        con.execute(f"CREATE OR REPLACE TEMP VIEW shares AS FROM {claims} {batch}")
        if first == 0:
            materialise(con, "split_amounts", "attribution/split")
        else:
            con.execute(f"INSERT INTO split_amounts {sql('attribution/split')}")
    con.execute(f"CREATE OR REPLACE TEMP VIEW origins AS FROM {origins}")
    con.execute(f"CREATE OR REPLACE TEMP VIEW shares AS FROM {claims}")


def _notional_idle(con: duckdb.DuckDBPyConnection, month: str) -> pl.DataFrame:
    """Every version's share of idle time, from the resources' sums: the same for every bearer."""
    materialise(con, "respread", "attribution/idle_sums")
    materialise(con, "respread_claims", "attribution/respread_claims", {"evidence": "notional"})
    _split_amounts(con, "respread", "respread_claims")
    shares = frame_of(query(con, "attribution/notional_idle", month=month))
    return require(shares.cast(NOTIONAL_IDLE.polars_schema), NOTIONAL_IDLE)


def _spread_pool(con: duckdb.DuckDBPyConnection, params: Mapping[str, object]) -> None:
    materialise(con, "target_costs", "attribution/target_costs")
    materialise(con, "keys", "attribution/pool_keys", params)
    _spread(con, "shared_pool", "shared pool by policy")


def _spread(con: duckdb.DuckDBPyConnection, bucket: str, evidence: str) -> None:
    """Split the parts of one bucket once more, by `keys` of their resource, and replace them."""
    materialise(con, "respread", "attribution/respread", {"bucket": bucket})
    materialise(con, "respread_claims", "attribution/respread_claims", {"evidence": evidence})
    _split(con, "spread", "respread", "respread_claims")
    con.execute(
        "DELETE FROM parts WHERE bucket = $bucket AND link_key IN (SELECT link_key FROM keys)",
        {"bucket": bucket},
    )
    con.execute("INSERT INTO parts FROM spread")


def _follow(con: duckdb.DuckDBPyConnection) -> None:
    materialise(con, "following", "attribution/following")
    if not con.execute("SELECT count(*) FROM following").fetchall()[0][0]:
        return
    materialise(con, "resource_targets", "attribution/resource_targets")
    materialise(con, "follow_claims", "attribution/follow_claims")
    _add_parts(con, "following", "follow_claims")


def _spread_overhead(con: duckdb.DuckDBPyConnection) -> None:
    materialise(con, "target_costs", "attribution/target_costs")
    materialise(con, "overhead_charges", "attribution/overhead_charges")
    materialise(con, "overhead_claims", "attribution/overhead_claims")
    _add_parts(con, "overhead_charges", "overhead_claims")


def _pool_commitments(con: duckdb.DuckDBPyConnection) -> None:
    """All usage that commitments cover or could cover pays one rate: extra parts that net to 0."""
    materialise(con, "pool_members", "attribution/pool_members")
    con.execute(f"INSERT INTO parts BY NAME {sql('attribution/pool_moves')}")


def _add_parts(con: duckdb.DuckDBPyConnection, origins: str, claims: str) -> None:
    """Split whole charges that were plain until now; their parts replace them."""
    _split(con, "added", origins, claims)
    con.execute("INSERT INTO parts FROM added")
    con.execute("INSERT INTO split_charges SELECT DISTINCT source, charge_id FROM added")
