"""Nodes that pods share: whose pods they are, and what each part of a node's hour was.

Pods come from logs of allocations and samples of GPUs; those in a bill's own split rows are
`pod_claims.sql`'s. A pod is a resource like any other: links say which version works on it, hour
claims split what it used where several do.
"""

from collections.abc import Iterator
from typing import Any

import duckdb

from pipelines.inference.dcgm import NO_POD
from pipelines.queries import load, materialise, query
from pipelines.registry.catalogue import EVER, Catalogue
from pipelines.registry.links import predecessors_of

_NAMED_PODS = 3
"""Pods that a warning names."""

_BEGINNING_COLUMNS = {
    "model": "VARCHAR",
    "model_version": "VARCHAR",
    "component": "VARCHAR",
    "served_from": "TIMESTAMP",
}


_POD_COLUMNS = {
    "node_key": "VARCHAR",
    "hour": "TIMESTAMP",
    "pod_key": "VARCHAR",
    "model": "VARCHAR",
    **dict.fromkeys(("held_us", "busy_us", "vcpu_ms", "memory_gib_ms"), "HUGEINT"),
    **dict.fromkeys(("is_linked", "has_gpu", "is_gpu_node"), "BOOLEAN"),
}

_SHARE_COLUMNS = {
    "hour_id": "BIGINT",
    **dict.fromkeys(
        ("bucket", "model", "model_version", "component", "method", "evidence"), "VARCHAR"
    ),
    **dict.fromkeys(("used", "idle", "whole"), "HUGEINT"),
}


def load_pods(con: duckdb.DuckDBPyConnection, catalogue: Catalogue) -> None:
    """Add the logged pods to the tables `links` and `rollouts`."""
    if not _has_pods(con):
        return
    load(con, "version_beginnings", _BEGINNING_COLUMNS, _beginnings(catalogue))
    materialise(con, "pod_links", "attribution/pod_links")
    materialise(con, "pod_rollouts", "attribution/pod_rollouts")
    con.execute("INSERT INTO links BY NAME FROM pod_links")
    con.execute("INSERT INTO rollouts BY NAME FROM pod_rollouts")


def load_nodes(con: duckdb.DuckDBPyConnection) -> None:
    """Make the table `node_pods`, and add to `uses` what pods served that others logged."""
    if not _has_pods(con):
        load(con, "node_pods", _POD_COLUMNS, [])
        return
    materialise(con, "node_pods", "attribution/node_pods", {"no_pod": NO_POD})
    materialise(con, "pod_uses", "attribution/pod_uses")
    con.execute("INSERT INTO uses BY NAME FROM pod_uses")


def claim_nodes(con: duckdb.DuckDBPyConnection, idle_measure: str) -> None:
    """Replace the claims of every node hour in `hour_claims` by those of its pods."""
    if not _has_pods(con):
        load(con, "node_shares", _SHARE_COLUMNS, [])
        return
    materialise(con, "node_shares", "attribution/node_shares")
    materialise(con, "node_claims", "attribution/node_claims", {"idle_measure": idle_measure})
    con.execute(
        "DELETE FROM hour_claims WHERE hour_id IN (SELECT hour_id FROM node_claims) "
        "AND split IN ('capacity', 'use')"
    )
    con.execute("INSERT INTO hour_claims BY NAME FROM node_claims")


def pod_warnings(con: duckdb.DuckDBPyConnection) -> list[str]:
    """What to add to the catalogue's workloads: pods with GPUs that no model has."""
    if not _has_pods(con):
        return []
    unknown = query(con, "attribution/unknown_pods").fetchall()
    if not unknown:
        return []
    hours = sum(gpu_hours for _, gpu_hours in unknown)
    most = ", ".join(f"{pod} {gpu_hours}" for pod, gpu_hours in unknown[:_NAMED_PODS])
    return [
        f"pods: {hours} GPU-hours were held by {len(unknown)} that are no version's `workloads` in "
        f"the catalogue: their share is unattributed. Most by {most}"
    ]


def _has_pods(con: duckdb.DuckDBPyConnection) -> bool:
    """Whether any log lists pods: without one a month is not slower for those that have."""
    found = "SELECT 1 FROM usage WHERE grain IN ('allocation', 'sample') LIMIT 1"
    return bool(con.execute(found).fetchall())


def _beginnings(catalogue: Catalogue) -> Iterator[dict[str, Any]]:
    """The full hour from which a version may be served, and what its pods were until then."""
    predecessors = predecessors_of(catalogue)
    starts: dict[tuple[str, str], Any] = {}
    for deployment in catalogue.deployments:
        key = (deployment.model, deployment.version)
        starts[key] = min(starts.get(key, deployment.from_), deployment.from_)
    for (model, version), start in starts.items():
        if start > EVER:
            yield {
                "model": model,
                "model_version": version,
                "component": "update" if predecessors.get((model, version)) else "training",
                "served_from": start.replace(minute=0, second=0, microsecond=0),
            }
