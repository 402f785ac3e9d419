"""Each day's actual cost against what formulas said of it: the figures that drift is found in.

A term's prediction of the month is laid on its days by what the logs measured of the version on
each (a thousand requests of ten thousand: a tenth), where its formula takes a volume; else evenly.
A constant factor between formula and bill is no drift: the level is learnt, so the formulas are
taken as they are, and a new set of coefficients between two months shifts nothing.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final

import duckdb
import polars as pl

from pipelines.calibration.drift import Day, Watched, watch
from pipelines.months import days_in_month, month_of, parse_month
from pipelines.prediction.volumes import SUMS
from pipelines.queries import query, rows_of
from pipelines.registry.catalogue import Event
from pipelines.variance.activities import size_and_measure

KIND: Final = "physical"

DailyVolumes = Mapping[tuple[str, str], Mapping[str, Mapping[str, int]]]
"""By model and version, then by day, then by measure."""


@dataclass(frozen=True)
class MonthFigures:
    """What one published month tells day by day."""

    month: str
    predicted: pl.DataFrame
    """Contract PREDICTED."""
    spend: pl.DataFrame
    """Contract MODEL_DAYS."""
    volumes: DailyVolumes


@dataclass(frozen=True, order=True)
class Line:
    """What is watched as one: the component of a version, in a currency."""

    model: str
    version: str
    component: str
    currency: str


@dataclass(frozen=True)
class DayOfLine:
    """One day of a line: its two costs, and what the watch says."""

    actual: Decimal | None
    predicted: float | None
    watched: Watched


@dataclass(frozen=True)
class WatchedLine:
    """A line with its days, and why there is nothing to watch where there are none."""

    line: Line
    days: tuple[DayOfLine, ...]
    said: str = ""

    @property
    def alarms(self) -> list[DayOfLine]:
        """The days on which a sum passed its limit."""
        return [one for one in self.days if one.watched.is_alarm]


def volumes_by_day(con: duckdb.DuckDBPyConnection) -> DailyVolumes:
    """What the logs in the table `named_usage` measured, with the measures that are sums."""
    found: dict[tuple[str, str], dict[str, dict[str, int]]] = defaultdict(dict)
    for row in rows_of(query(con, "usage/volumes_by_day")):
        measures = {
            name: int(row[name]) for name in row if name not in {"day", "model", "model_version"}
        }
        measures |= {name: sum(measures[part] for part in parts) for name, parts in SUMS.items()}
        found[row["model"], row["model_version"]][row["day"]] = measures
    return found


def watched_lines(months: Sequence[MonthFigures], events: Iterable[Event]) -> list[WatchedLine]:
    """Every predicted line of the months (in order), watched from the first day of the first."""
    known = list(events)
    predicted: dict[Line, dict[date, float]] = defaultdict(dict)
    actual: dict[Line, dict[date, Decimal]] = defaultdict(dict)
    problems: dict[Line, list[str]] = defaultdict(list)
    for figures in months:
        for line, days in _predicted(figures, problems).items():
            predicted[line] |= days
        for line, costs in _actual(figures).items():
            actual[line] |= costs
    return [
        _watched(line, predicted.get(line, {}), actual.get(line, {}), known, problems.get(line, []))
        for line in sorted({*predicted, *problems})
    ]


def _predicted(
    figures: MonthFigures, problems: dict[Line, list[str]]
) -> dict[Line, dict[date, float]]:
    """What each line was said to cost on each day of the month."""
    rows = figures.predicted.filter((pl.col("kind") == KIND) & (pl.col("model") != ""))
    chosen: dict[tuple[Any, ...], dict[str, Any]] = {}
    for row in rows.sort("volume").iter_rows(named=True):  # ex_ante, then its twin ex_post
        chosen[_term(row)] = row
    found: dict[Line, dict[date, float]] = {}
    for row in chosen.values():
        line = Line(row["model"], row["model_version"], row["component"], row["currency"])
        if row["predicted_cost"] is None:
            problems[line].append(f"{figures.month}: {row['formula']}: {row['reason']}")
            continue
        costs = found.setdefault(line, dict.fromkeys(_days(figures.month), 0.0))
        for day, share in _shares(row, figures).items():
            costs[day] += float(row["predicted_cost"]) * share
    return found


def _term(row: Mapping[str, Any]) -> tuple[Any, ...]:
    names = ("plan", "model", "model_version", "component", "element", "usage_type", "unit")
    return (*(row[name] for name in names), row["charge_month"], row["currency"])


def _shares(row: Mapping[str, Any], figures: MonthFigures) -> dict[date, float]:
    """How much of a term's month lies on each day."""
    days = _days(figures.month)
    activity = size_and_measure(row["activity"])
    if activity is not None:
        by_day = figures.volumes.get((row["model"], row["model_version"]), {})
        done = {day: by_day.get(f"{day}", {}).get(activity[1], 0) for day in days}
        whole = sum(done.values())
        if whole:
            return {day: one / whole for day, one in done.items()}
    return dict.fromkeys(days, 1 / len(days))


def _actual(figures: MonthFigures) -> dict[Line, dict[date, Decimal]]:
    """What each line cost on each day of the month, without credits and the like."""
    keys = ["model", "model_version", "component", "currency", "charge_date"]
    of_month = figures.spend.filter(
        pl.col("charge_date").str.starts_with(figures.month)
        & (pl.col("model_version") != "")
        & pl.col("component").is_not_null()
        & (pl.col("element") != "adjustment")
    )
    sums = of_month.group_by(keys).agg(pl.col("effective_cost").sum()).sort(keys)
    found: dict[Line, dict[date, Decimal]] = defaultdict(dict)
    for model, version, component, currency, day, cost in sums.iter_rows():
        found[Line(model, version, component, currency)][date.fromisoformat(day)] = cost
    return found


def _watched(
    line: Line,
    predicted: Mapping[date, float],
    actual: Mapping[date, Decimal],
    events: Iterable[Event],
    problems: Sequence[str],
) -> WatchedLine:
    said = "; ".join(dict.fromkeys(problems))
    announced: dict[date, str] = {}
    for event in events:
        if event.model in ("", line.model):
            told = event.kind.replace("_", " ") + (f" ({event.note})" if event.note else "")
            day = event.at.date()
            announced[day] = f"{announced[day]}; {told}" if day in announced else told
    days = [Day(day, _log_ratio(actual.get(day), cost)) for day, cost in sorted(predicted.items())]
    return WatchedLine(
        line,
        tuple(
            DayOfLine(actual.get(one.day), predicted[one.day], one)
            for one in watch(days, announced)
        ),
        said,
    )


def _log_ratio(actual: Decimal | None, predicted: float) -> float | None:
    if actual is None or actual <= 0 or predicted <= 0:
        return None
    return math.log(float(actual) / predicted)


def _days(month: str) -> list[date]:
    first = parse_month(month)
    return [first + timedelta(days=day) for day in range(days_in_month(month))]


def of_month(line: WatchedLine, month: str) -> list[DayOfLine]:
    """The days of one month of a line."""
    return [one for one in line.days if month_of(one.watched.day) == month]
