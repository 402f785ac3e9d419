"""What commitments cost, covered and left unused in a month, and the rates FinOps reads off it.

Analysis beside the ledger: the same money is in the ledger, covered usage where it was used, fees
and unused parts with the commitment's owner. Ratios are derived here, once, from the row's own
sums, and are never added up: a total's ratio is made of the total's sums.
"""

from collections.abc import Mapping, Sequence
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

import duckdb
import polars as pl

from pipelines.contracts import COMMITMENTS, require
from pipelines.money import EXACT
from pipelines.months import month_bounds
from pipelines.queries import query, rows_of
from pipelines.registry.catalogue import Catalogue
from pipelines.registry.commitments import CommitmentOwners

_SIX_DECIMALS = Decimal("0.000001")
RATES = ("utilisation", "coverage", "savings_rate_of_list", "savings_rate_of_contracted")


def commitments(
    con: duckdb.DuckDBPyConnection, month: str, charges_files: Sequence[str], catalogue: Catalogue
) -> pl.DataFrame:
    """Every commitment that the month's bills name: what was bought, covered and wasted.

    Money in the row's `currency`; the owner is the one of the month's last day.
    """
    if not charges_files:
        return COMMITMENTS.empty()
    owners, (start, end) = CommitmentOwners(catalogue), month_bounds(month)
    last = end - (end - start) / 1000
    rows = []
    for row in rows_of(
        query(con, "spend/commitments", month=month, charges_files=list(charges_files))
    ):
        owner = owners.at(row["commitment_id"], last)
        named = {
            "owner": owner.owner if owner else "",
            "cost_centre": owner.cost_centre if owner else "",
        }
        rows.append({**row, **named, **rates(row)})
    columns = {
        name: pl.Series(name, [row[name] for row in rows], dtype=kind, strict=True)
        for name, kind in COMMITMENTS.polars_schema.items()
    }
    return require(pl.DataFrame(columns).sort(COMMITMENTS.key), COMMITMENTS)


def rates(sums: Mapping[str, Any]) -> dict[str, Decimal | None]:
    """How well a commitment was used, how much it covered, and what it saved.

    100 covered at list for 60 used and 20 unused: utilisation 0.75, saved 0.2 of list. What was
    saved is counted after the unused part: it is negative where too much was committed.
    """
    used, unused = sums["used_effective_cost"], sums["unused_effective_cost"]
    listed, contracted = sums["covered_list_cost"], sums["covered_contracted_cost"]
    eligible = sums["eligible_on_demand_cost"]
    return {
        "utilisation": _ratio(used, used + unused),
        "coverage": None if eligible is None else _ratio(listed, listed + eligible),
        "savings_rate_of_list": _ratio(listed - used - unused, listed),
        "savings_rate_of_contracted": _ratio(contracted - used - unused, contracted),
    }


def _ratio(part: Decimal, whole: Decimal) -> Decimal | None:
    if whole <= 0:
        return None
    return EXACT.divide(part, whole).quantize(_SIX_DECIMALS, rounding=ROUND_HALF_EVEN)
