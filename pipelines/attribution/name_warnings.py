"""What a person should know of the names in a month's logs: unknown, open or used too early.

Reads the tables of the attribution's connection; every sentence says how many requests it is about.
"""

from datetime import datetime

import duckdb

from pipelines.queries import query


def name_warnings(con: duckdb.DuckDBPyConnection) -> list[str]:
    """Warnings about `log_names` as they were used, in a stable order."""
    return [*_unknown(con), *_open(con), *_early(con)]


def _unknown(con: duckdb.DuckDBPyConnection) -> list[str]:
    return [
        f"log names {_name(model, version)}, which the catalogue does not know: {requests} "
        "requests, their share is unattributed"
        for model, version, requests in query(con, "attribution/unknown_names").fetchall()
    ]


def _open(con: duckdb.DuckDBPyConnection) -> list[str]:
    return [
        f"log name {_name(name, version)} means no one version of {model} in {requests} requests "
        f"{_hours(first, last)}: several were live under it, or none is known. They are the "
        "model's, unless their resource tells the version"
        for name, version, model, requests, first, last in query(
            con, "attribution/open_names"
        ).fetchall()
    ]


def _early(con: duckdb.DuckDBPyConnection) -> list[str]:
    warnings = []
    for model, version, released, deployed, requests, first, last in query(
        con, "attribution/early_requests"
    ).fetchall():
        starts = [(released, "released"), (deployed, "deployed")]
        since, what = max((at, what) for at, what in starts if at is not None)
        warnings.append(
            f"log has {requests} requests for {model} {version} {_hours(first, last)}, before it "
            f"was {what} at {since:%Y-%m-%d %H:%M}: look at the log's clock and the catalogue. "
            "They are kept as named"
        )
    return warnings


def _name(model: str, version: str) -> str:
    return repr(" ".join(part for part in (model, version) if part))


def _hours(first: datetime, last: datetime) -> str:
    if first == last:
        return f"in the hour {first:%Y-%m-%d %H:%M}"
    return f"in hours from {first:%Y-%m-%d %H:%M} to {last:%Y-%m-%d %H:%M}"
