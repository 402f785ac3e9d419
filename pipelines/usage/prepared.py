"""What comparisons and unit costs read: billed lines with their units, logs with their names.

Every name and resource is resolved as the attribution does, by its own queries; the tables made
here are temporary and the connection's.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

import duckdb

from pipelines.attribution.accelerators import accelerators
from pipelines.attribution.rules import Rules
from pipelines.contracts import COVERAGE, SPLIT_SHARES, USAGE, Contract
from pipelines.months import month_bounds
from pipelines.queries import load, materialise, rows_of
from pipelines.registry.catalogue import Catalogue
from pipelines.registry.links import (
    LINK_COLUMNS,
    RESOURCE_COLUMNS,
    link_rows,
    resource_rows,
    watched_runs,
)
from pipelines.registry.log_names import LOG_NAME_COLUMNS, LogNames
from pipelines.usage.classes import BilledText, Counted, counted
from pipelines.usage.providers import provider_word

TEXTS = ("provider", "usage_type", "meter", "description", "amount", "direction", "cache", "unit")
"""The columns of `billed_texts`, in the order of `BilledText`."""


@dataclass(frozen=True)
class UsageInputs:
    """Parquet files of one month, each in the columns of its contract."""

    charges: Sequence[str]
    allocated: Sequence[str]
    usage: Sequence[str] = ()
    coverage: Sequence[str] = ()
    split_shares: Sequence[str] = ()


@dataclass(frozen=True)
class Prepared:
    """The span that is compared, and what each kind of bill line counts."""

    month: str
    start: datetime
    until: datetime
    """The end of the last day that is billed completely."""
    counts: dict[tuple[str, ...], Counted]
    """By the texts of the line, the provider's word in the place of its name."""


def prepare(
    con: duckdb.DuckDBPyConnection,
    month: str,
    until: datetime,
    inputs: UsageInputs,
    catalogue: Catalogue,
    rules: Rules,
) -> Prepared:
    """Make the tables `billed_lines`, `billed_counts`, `machine_hours` and `named_usage`."""
    start, _ = month_bounds(month)
    _view(con, "usage", USAGE, inputs.usage)
    _view(con, "coverage", COVERAGE, inputs.coverage)
    _view(con, "split_shares", SPLIT_SHARES, inputs.split_shares)
    if inputs.charges and inputs.allocated:
        bounds = {"month_start": start, "until": until}
        files = {
            "charges_files": list(inputs.charges),
            "allocated_files": list(inputs.allocated),
        }
        materialise(con, "billed_lines", "usage/billed_lines", {**files, **bounds})
    else:
        con.execute(f"CREATE OR REPLACE TEMP TABLE billed_lines ({_BILLED_LINE})")
    counts = _load_counts(con)
    _load_machine_counts(con, rules)
    _load_provider_words(con)
    _load_links(con, catalogue)
    materialise(con, "pod_nodes", "usage/pod_nodes")
    materialise(con, "machine_hours", "usage/machine_hours")
    con.execute(
        "CREATE OR REPLACE TEMP TABLE machine_keys AS SELECT DISTINCT link_key FROM machine_hours"
    )
    materialise(con, "only_billed_by", "usage/only_billed_by")
    materialise(con, "named_usage", "usage/named_usage")
    return Prepared(month, start, until, counts)


def _view(
    con: duckdb.DuckDBPyConnection, name: str, contract: Contract, files: Sequence[str]
) -> None:
    if files:
        con.from_parquet(list(files), hive_partitioning=False, union_by_name=True).create_view(
            name, replace=True
        )
        return
    empty = ", ".join(f'NULL::{kind} AS "{column}"' for column, kind in contract.columns.items())
    con.execute(f"CREATE OR REPLACE TEMP VIEW {name} AS SELECT {empty} WHERE false")


_BILLED_LINE = ", ".join(
    [
        *(
            f"{name} VARCHAR"
            for name in (*TEXTS, "resource_id", "bucket", "model", "model_version")
        ),
        *(f"{name} VARCHAR" for name in ("component", "element", "rule_id", "currency")),
        "instance_type VARCHAR, starts_at TIMESTAMP, ends_at TIMESTAMP",
        "quantity DECIMAL(38, 18), effective_cost DECIMAL(38, 18)",
    ]
)


def _load_counts(con: duckdb.DuckDBPyConnection) -> dict[tuple[str, ...], Counted]:
    """Apply the unit rules to every distinct kind of line: table `billed_counts`."""
    materialise(con, "billed_texts", "usage/billed_texts")
    found = {}
    rows = []
    for row in rows_of(con.sql("SELECT * FROM billed_texts")):
        meant = counted(BilledText(**row))
        found[(provider_word(row["provider"]), *(row[name] for name in TEXTS[1:]))] = meant
        rows.append(
            {
                **row,
                "unit_class": meant.unit_class,
                "is_batch": meant.is_batch,
                "seconds": int(meant.factor) if meant.unit == "seconds" else None,
            }
        )
    columns = {
        **dict.fromkeys(TEXTS, "VARCHAR"),
        "unit_class": "VARCHAR",
        "is_batch": "BOOLEAN",
        "seconds": "BIGINT",
    }
    load(con, "billed_counts", columns, rows)
    return found


def _load_machine_counts(con: duckdb.DuckDBPyConnection, rules: Rules) -> None:
    """What a machine line counts, and how many accelerators each of its machines has."""
    by_id = {rule.id: rule for rule in rules.rules}
    kinds = con.execute(
        "SELECT DISTINCT rule_id, usage_type, instance_type FROM billed_lines "
        "WHERE element = 'hardware' ORDER BY ALL"
    ).fetchall()
    rows = []
    for rule_id, usage_type, instance_type in kinds:
        rule = by_id.get(rule_id)
        counts = rule.counts if rule else "machines"
        gpus = Decimal(1) if counts == "accelerators" else accelerators(instance_type or usage_type)
        rows.append(
            {
                "rule_id": rule_id,
                "usage_type": usage_type,
                "instance_type": instance_type,
                "counts": counts,
                "milli_gpus": int(1000 * gpus) if rule and rule.ai else None,
            }
        )
    columns = {
        **dict.fromkeys(("rule_id", "usage_type", "instance_type", "counts"), "VARCHAR"),
        "milli_gpus": "BIGINT",
    }
    load(con, "machine_counts", columns, rows)


def _load_provider_words(con: duckdb.DuckDBPyConnection) -> None:
    names = con.execute(
        "SELECT DISTINCT provider FROM billed_lines UNION SELECT DISTINCT provider FROM usage"
    ).fetchall()
    rows = [{"name": name, "word": provider_word(name)} for (name,) in names if name is not None]
    load(con, "provider_words", {"name": "VARCHAR", "word": "VARCHAR"}, rows)


def _load_links(con: duckdb.DuckDBPyConnection, catalogue: Catalogue) -> None:
    """Which billed and logged resources are one, what they are linked to and who watched them."""
    con.execute(
        "CREATE OR REPLACE TEMP TABLE charges AS SELECT DISTINCT resource_id AS ResourceId, "
        "'' AS AllocatedResourceId, '' AS CommitmentDiscountId FROM billed_lines"
    )
    load(con, "links", LINK_COLUMNS, link_rows(catalogue))
    load(con, "resource_accelerators", RESOURCE_COLUMNS, resource_rows(catalogue))
    materialise(con, "resource_keys", "attribution/resource_keys")
    materialise(con, "linked_resources", "attribution/linked_resources")
    runs = [
        {"link_key": key, "watched_from": start, "watched_until": end, "kind": "run"}
        for key, start, end in watched_runs(catalogue)
    ]
    columns = {
        "link_key": "VARCHAR",
        "watched_from": "TIMESTAMP",
        "watched_until": "TIMESTAMP",
        "kind": "VARCHAR",
    }
    load(con, "run_watches", columns, runs)
    materialise(con, "watches", "attribution/watches")
    logged = con.execute("SELECT DISTINCT model, model_version FROM usage").fetchall()
    load(con, "log_names", LOG_NAME_COLUMNS, LogNames(catalogue).rows(logged))
