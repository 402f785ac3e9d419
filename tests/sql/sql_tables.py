"""Tiny tables for testing the files of `sql/` one by one."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import duckdb

from pipelines.attribution.rules import PATTERNS
from pipelines.queries import query, sql

Row = Mapping[str, Any]


def table(
    con: duckdb.DuckDBPyConnection, name: str, columns: Mapping[str, str], *rows: Row
) -> None:
    """A temporary table with the columns given; a row's missing fields are NULL."""
    surplus = {key for row in rows for key in row} - set(columns)
    assert not surplus, f"{name} has no columns {surplus}"
    shape = ", ".join(f'"{column}" {kind}' for column, kind in columns.items())
    con.execute(f'CREATE OR REPLACE TEMP TABLE "{name}" ({shape})')
    if rows:
        marks = ", ".join("?" for _ in columns)
        values = [[row.get(column) for column in columns] for row in rows]
        con.executemany(f'INSERT INTO "{name}" VALUES ({marks})', values)


def select(
    con: duckdb.DuckDBPyConnection, name: str, columns: Sequence[str], **params: Any
) -> list[tuple[Any, ...]]:
    """The rows of one file of `sql/`, only the columns asked for, sorted."""
    names = ", ".join(f'"{column}"' for column in columns)
    found = query(con, name, **params).project(names).fetchall()
    return sorted((tuple(map(_short, row)) for row in found), key=repr)


def _short(value: Any) -> Any:
    return value.normalize() + 0 if isinstance(value, Decimal) else value


TEXT, COUNT, MONEY, INSTANT, FLAG = "VARCHAR", "BIGINT", "DECIMAL(38,18)", "TIMESTAMP", "BOOLEAN"
TARGET = dict.fromkeys(("bucket", "model", "model_version", "component"), TEXT)
AMOUNTS = dict.fromkeys(
    ("BilledCost", "EffectiveCost", "ContractedCost", "ListCost", "ConsumedQuantity"), MONEY
)
CLAIM = {**TARGET, "method": TEXT, "evidence": TEXT, "weight": "HUGEINT"}
LINK = {
    "link_key": TEXT,
    "kind": TEXT,
    "model": TEXT,
    "model_version": TEXT,
    "component": TEXT,
    "valid_from": INSTANT,
    "valid_until": INSTANT,
    "replicas": COUNT,
    "weight": COUNT,
}
ROLLOUT = {
    "link_key": TEXT,
    "model": TEXT,
    "model_version": TEXT,
    "valid_from": INSTANT,
    "valid_until": INSTANT,
}
HOUR = {
    "hour_id": COUNT,
    "link_key": TEXT,
    "hour": INSTANT,
    "machine_us": COUNT,
    "capacity_us": COUNT,
    "is_watched": FLAG,
    "is_split_by_use": FLAG,
}
USE = {
    "link_key": TEXT,
    "hour": INSTANT,
    "model": TEXT,
    "model_version": TEXT,
    "is_known": FLAG,
    "requests": COUNT,
    "gpu_us": COUNT,
    "token_work": COUNT,
    "all_gpu": FLAG,
    "all_tokens": FLAG,
}
SIZE = {"link_key": TEXT, **dict.fromkeys(("milli_gpus", "milli_vcpus", "memory_mib"), COUNT)}
WEIGHT = {
    "model": TEXT,
    "model_version": TEXT,
    **dict.fromkeys(("input_weight", "cache_weight", "output_weight"), COUNT),
}
NODE_POD = {
    "node_key": TEXT,
    "hour": INSTANT,
    "pod_key": TEXT,
    "model": TEXT,
    **dict.fromkeys(("held_us", "busy_us", "vcpu_ms", "memory_gib_ms"), "HUGEINT"),
    **dict.fromkeys(("is_linked", "has_gpu", "is_gpu_node"), FLAG),
}
NODE_SHARE = {
    "hour_id": COUNT,
    **TARGET,
    "method": TEXT,
    "evidence": TEXT,
    "used": "HUGEINT",
    "idle": "HUGEINT",
    "whole": "HUGEINT",
}
LIVE = {
    "hour_id": COUNT,
    "model": TEXT,
    "model_version": TEXT,
    "replica_us": COUNT,
    "rollout_replica_us": COUNT,
}
RUN = {
    "hour_id": COUNT,
    "model": TEXT,
    "model_version": TEXT,
    "component": TEXT,
    "run_us": COUNT,
}
LINKED = {
    "origin_id": COUNT,
    "source": TEXT,
    "charge_id": TEXT,
    "resource_id": TEXT,
    "link_key": TEXT,
    "split": TEXT,
    "element": TEXT,
    "component": TEXT,
    "rule_id": TEXT,
    "milli_gpus": COUNT,
    "first_hour": INSTANT,
    "last_hour": INSTANT,
    "starts_at": INSTANT,
    "ends_at": INSTANT,
    "machine_us": "HUGEINT",
    "is_one_machine": FLAG,
    **AMOUNTS,
}
PART = {
    "source": TEXT,
    "charge_id": TEXT,
    "link_key": TEXT,
    **TARGET,
    "element": TEXT,
    "method": TEXT,
    "rule_id": TEXT,
    "evidence": TEXT,
    **AMOUNTS,
}
MEANING = {
    **dict.fromkeys(PATTERNS, TEXT),
    **dict.fromkeys(("rule_id", "bucket", "component", "element", "split", "counts"), TEXT),
    **dict.fromkeys(("model", "model_version", "service_model"), TEXT),
    "is_following": FLAG,
    "is_ai": FLAG,
    "milli_gpus": COUNT,
}
KEY_NAME = {"price_details": TEXT, "model": TEXT, "model_version": TEXT, "is_known": FLAG}
CALLER_TARGET = {
    "principal_id": TEXT,
    "credential_id": TEXT,
    "starts_at": INSTANT,
    "ends_at": INSTANT,
    **TARGET,
    "method": TEXT,
    "evidence": TEXT,
}
COMMITMENT_OWNER = {
    **dict.fromkeys(("commitment_id", "owner", "cost_centre"), TEXT),
    "valid_from": INSTANT,
    "valid_until": INSTANT,
}


def charge_meanings(
    con: duckdb.DuckDBPyConnection,
    meanings: Mapping[str, Mapping[str, Any]] | None = None,
    named: Sequence[Row] = (),
    **same: Any,
) -> None:
    """The view `charge_meanings` over the table `charges`.

    `meanings` say what the lines of a usage type mean, `same` what all lines mean; `named` are rows
    of `key_names`.
    """
    kinds = con.execute(sql("attribution/signatures")).fetchall()
    usual = {
        **dict.fromkeys(("bucket", "model", "model_version", "service_model"), ""),
        **{"rule_id": "r", "component": "inference", "element": "hardware", "split": "capacity"},
        **{"counts": "machines", "is_following": False, "is_ai": False, "milli_gpus": 1000},
        **same,
    }
    rows = []
    for kind in kinds:
        line = dict(zip(PATTERNS, kind, strict=True))
        rows.append({**line, **usual, **(meanings or {}).get(line["usage_type"], {})})
    table(con, "signature_meanings", MEANING, *rows)
    table(con, "key_names", KEY_NAME, *named)
    con.execute(
        f"CREATE OR REPLACE TEMP VIEW charge_meanings AS {sql('attribution/charge_meanings')}"
    )
