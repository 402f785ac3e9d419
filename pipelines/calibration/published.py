"""Observations out of published months: what formulas had said, and what the bill came to.

The states of a month are its final and closed publications, in their order. What nobody had
predicted before (a history that is filled in later, a formula declared later) counts with the first
state that tells of it, marked as hindsight; a later state counts from its own day on, so that a
bill restated after an instant is not known at that instant. A delivery beside a closed month is a
prior-period adjustment of another month, and no state of this one.
"""

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final

import polars as pl

from pipelines.calibration.observations import Observation, Unit, as_known
from pipelines.calibration.sets import Rejected, SourceMonth
from pipelines.closing import CLOSED, P
from pipelines.contracts import PREDICTED
from pipelines.months import month_bounds

FINAL: Final = "final"
KIND: Final = "physical"
EX_ANTE, EX_POST = "ex_ante", "ex_post"

FILLED_IN_AFTER: Final = timedelta(days=45)
"""A month is final within weeks of its end. One that is published for the first time later than
this was filled in: when its bill came cannot be told from it."""

ToMain = Callable[[Decimal, str, str], Decimal | None]
"""A cost of a currency and a month in the one currency misses are weighed in; None: no rate."""


@dataclass(frozen=True)
class State:
    """The figures of a month as one publication has them."""

    month: str
    publication_id: str
    published_at: datetime
    predicted: pl.DataFrame
    """Contract PREDICTED."""
    variance: pl.DataFrame
    """Contract VARIANCE."""


@dataclass(frozen=True)
class Published:
    """What all states tell: observations of both volumes, and what could not be one."""

    observations: tuple[Observation, ...]
    rejected: tuple[Rejected, ...]

    def of(self, volume: str) -> list[Observation]:
        """The observations of one volume; the two are never mixed."""
        return [one for one in self.observations if one.volume == volume]


def states_of(publications: Sequence[P]) -> list[P]:
    """Which publications of one month (oldest first) are states of it that figures are learnt from.

    Final ones, and the closed one unless it only closes what was final already.
    """
    found: list[P] = []
    for one in publications:
        if one.status == FINAL:
            found.append(one)
        elif one.status == CLOSED:
            closes = one.inputs.get("closing", {}).get("publication_id")
            if closes not in {each.publication_id for each in found}:
                found.append(one)
    return found


def observed(states: Iterable[State], to_main: ToMain) -> Published:
    """The observations in the states of all months."""
    seen: set[tuple[str, str, Unit]] = set()
    observations: list[Observation] = []
    rejected: dict[Rejected, None] = {}
    for state in sorted(states, key=lambda one: (one.month, one.published_at)):
        of_state, problems = _of_state(state, to_main)
        rejected |= dict.fromkeys(problems)
        _, end = month_bounds(state.month)
        is_late = state.published_at >= end + FILLED_IN_AFTER
        for one in of_state:
            key = one.month, one.volume, one.unit
            observations.append(replace(one, is_hindsight=is_late and key not in seen))
            seen.add(key)
    return Published(tuple(observations), tuple(rejected))


def source_months(
    states: Iterable[State], observations: Sequence[Observation], origin: datetime
) -> list[SourceMonth]:
    """The publications that the observations known at an origin are from."""
    by_time = {(one.month, one.published_at): one for one in states}
    used: dict[tuple[str, datetime], bool] = defaultdict(bool)
    for one in as_known(observations, origin):
        used[one.month, one.known_at] |= one.is_hindsight
    return [
        SourceMonth(month, by_time[month, at].publication_id, at, is_hindsight)
        for (month, at), is_hindsight in sorted(used.items())
    ]


def _of_state(state: State, to_main: ToMain) -> tuple[list[Observation], list[Rejected]]:
    """The compared physical terms of one state, the terms of one group added up.

    A formula that no log feeds has no twin with the measured volume: it counts as either.
    """
    terms: dict[tuple[Unit, str], list[dict[str, Any]]] = defaultdict(list)
    key = list(PREDICTED.key)
    said = state.predicted.filter(pl.col("kind") == KIND).select(
        *key, "calibration_group", "inputs", "utilisation"
    )
    with_twin = {_unit(row) for row in said.iter_rows(named=True) if row["volume"] == EX_POST}
    compared = state.variance.filter(
        (pl.col("kind") == KIND)
        & (pl.col("status") == "compared")
        & (pl.col("days_covered") == pl.col("days_in_month"))
        & (pl.col("charge_month") == state.month)
        & (pl.col("model") != "")
    )
    for row in compared.join(said, on=key, how="inner").sort(key).iter_rows(named=True):
        terms[_unit(row), row["volume"]].append(row)
    observations, rejected = [], []
    for (unit, volume), rows in terms.items():
        volumes = [EX_ANTE, EX_POST] if unit not in with_twin else [volume]
        try:
            one = _observation(state, unit, rows, to_main)
        except ValueError as error:
            rejected.append(Rejected(state.month, *unit, str(error)))
            continue
        observations += [replace(one, volume=each) for each in volumes]
    return observations, rejected


def _unit(row: dict[str, Any]) -> Unit:
    group = row["calibration_group"] or ""
    return row["model"], row["model_version"], row["component"], group


def _observation(
    state: State, unit: Unit, rows: Sequence[dict[str, Any]], to_main: ToMain
) -> Observation:
    """The terms of one unit and volume as one observation.

    Raises:
        ValueError: they cannot be added up.
    """
    units = sorted({row["unit"] for row in rows})
    if len(units) > 1:
        message = f"its terms are counted in {' and '.join(units)}: they do not add up"
        raise ValueError(message)
    cost = Decimal(0)
    for row in rows:
        if row["planned_quantity"] is None or row["actual_quantity"] is None:
            message = "the comparison has no quantity of it"
            raise ValueError(message)
        amount = to_main(row["actual_cost"] or Decimal(0), row["currency"], state.month)
        if amount is None:
            message = f"no rate of exchange tells what its {row['currency']} of {state.month} are"
            raise ValueError(message)
        cost += amount
    model, version, component, group = unit
    assumed = [json.loads(row["inputs"] or "{}") for row in rows]
    busy = rows[0]["utilisation"]
    return Observation(
        month=state.month,
        model=model,
        version=version,
        component=component,
        group=group,
        formula=float(sum(row["planned_quantity"] for row in rows)),
        actual=float(sum(row["actual_quantity"] for row in rows)),
        cost=float(cost),
        mfu=_assumed_mfu(assumed[0]),
        known_at=state.published_at,
        is_hindsight=False,
        utilisation=None if busy is None else float(busy),
    )


def _assumed_mfu(inputs: dict[str, Any]) -> float | None:
    """The MFU of billed hours that a formula assumed: that of a window by the goodput."""
    found = [told for name, told in inputs.items() if name.endswith("mfu")]
    if len(found) != 1:
        return None
    goodput = inputs.get("goodput", {"value": "1"})
    return float(Decimal(found[0]["value"]) * Decimal(goodput["value"]))
