"""How well paid machine time was used: billed, watched, busy, held and idle, per resource.

The rows of a resource are the ledger's: they add up to its bill, the idle part a row of its own.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

import duckdb
import polars as pl

from pipelines.contracts import UTILISATION, require
from pipelines.money import EXACT, quantise
from pipelines.queries import query, rows_of
from pipelines.usage.prepared import Prepared

_MICRO: Final = Decimal("0.000001")
_THOUSANDTH: Final = Decimal("0.001")
_MEASURES: Final = ("gpu_microseconds", "gpu_held_microseconds")


def utilisation(con: duckdb.DuckDBPyConnection, prepared: Prepared) -> pl.DataFrame:
    """The month's machine time, of the tables that `prepare` made.

    Two instances of one GPU for an hour, one version busy for 30 GPU-minutes: 7,200 seconds billed
    over its row and the idle row, 1,800 GPU-seconds busy on its own.
    """
    rows: dict[tuple[str, ...], dict[str, Any]] = {}
    for row in rows_of(query(con, "usage/machine_costs")):
        gpu = row["milli_gpu_seconds"]
        rows[_key(row, row["currency"])] = {
            "billing_month": prepared.month,
            **{name: row[name] for name in UTILISATION.key},
            "seconds_billed": quantise(row["seconds_billed"]),
            "seconds_watched": quantise(row["seconds_watched"]),
            "gpu_seconds_billed": None
            if gpu is None
            else quantise(EXACT.multiply(gpu, _THOUSANDTH)),
            "effective_cost": row["effective_cost"],
        }
    currencies: dict[str, str] = {}
    for row in rows.values():
        currencies.setdefault(row["resource_id"], row["currency"])
    bounds = {"month_start": prepared.start, "until": prepared.until}
    for use in rows_of(query(con, "usage/machine_uses", **bounds)):
        served = {
            **use,
            "bucket": "model_version" if use["model_version"] else "model",
            "component": "inference",
        }
        key = _key(served, currencies[use["resource_id"]])
        row = rows.setdefault(
            key,
            {
                "billing_month": prepared.month,
                **dict(zip(UTILISATION.key, key, strict=True)),
                "seconds_billed": Decimal(0),
                "effective_cost": Decimal(0),
            },
        )
        row["requests"] = use["requests"]
        busy, held = (_seconds(use[name]) for name in _MEASURES)
        row |= {"gpu_seconds_busy": busy, "gpu_seconds_held": held}
    frame = pl.DataFrame(
        [{name: row.get(name) for name in UTILISATION.columns} for _, row in sorted(rows.items())],
        schema=UTILISATION.polars_schema,
        orient="row",
    )
    return require(frame, UTILISATION)


def _key(row: Mapping[str, Any], currency: str) -> tuple[str, ...]:
    return (currency, *(row[name] for name in UTILISATION.key[1:]))


def _seconds(microseconds: int | None) -> Decimal | None:
    return None if microseconds is None else microseconds * _MICRO
