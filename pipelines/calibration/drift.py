"""Whether a calibration still holds: small shifts that add up, found in daily figures.

Each day's z = ln(actual / predicted) is put in units of the daily spread around the level it had
when the watch began. Two sums collect what goes beyond a slack of 0.5: up = max(0, up + z - 0.5),
and down alike. A sum above h = 5 is an alarm. If nothing changes, one comes every 466 days; a shift
of one sigma is found after 10.5 days (h = 4: 168 and 8.3). Then the sums start again.

A change that was announced (a new rate card, version, precision or hardware) is no drift: from its
day on a new level is learnt, and no alarm is raised meanwhile. A level learnt from few days is
itself uncertain, so false alarms come sooner than the 466 days of a known one.

Months are too few for sums: three misses in a row on the same side, each beyond one sigma, are the
sign there (`run_rule`).
"""

import itertools
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

import numpy as np

SLACK: Final = 0.5
LIMIT: Final = 5.0
BASELINE_DAYS: Final = 14
"""Days that a level and a spread are learnt from."""
NEW_LEVEL: Final = "a new level from here"
"""What is said of the day of an announced change."""
RUN: Final = 3
RUN_BEYOND: Final = 1.0
_MAD_TO_SIGMA: Final = 1.4826022185056018
_LEAST_SIGMA: Final = 1e-4
"""A spread of 0 would make any change an alarm; 0.01 % is no change."""


@dataclass(frozen=True)
class Sums:
    """The two sums after one value, and whether one passed the limit."""

    up: float
    down: float
    is_alarm: bool
    shift: float | None
    """With an alarm: the shift in sigmas, as the sum grew since it left 0; below 0 for less."""


@dataclass(frozen=True)
class Day:
    """One day's miss, ln(actual / predicted); None: nothing to compare on that day."""

    day: date
    log_ratio: float | None


@dataclass(frozen=True)
class Reference:
    """The level and spread that days are measured by."""

    at: float
    sigma: float


@dataclass(frozen=True)
class Watched:
    """One day of a watch. `standardised` and the sums are None while a level is learnt."""

    day: date
    log_ratio: float | None
    standardised: float | None
    up: float | None
    down: float | None
    is_alarm: bool
    said: str


class Cusum:
    """The two sums; after an alarm they start again at 0."""

    def __init__(self, slack: float = SLACK, limit: float = LIMIT) -> None:
        self.slack, self.limit = slack, limit
        self._start()

    def _start(self) -> None:
        self.up = self.down = 0.0
        self.up_steps = self.down_steps = 0

    def step(self, z: float) -> Sums:
        """The sums after one more standardised miss."""
        self.up, self.down = (
            max(0.0, self.up + z - self.slack),
            max(0.0, self.down - z - self.slack),
        )
        self.up_steps = self.up_steps + 1 if self.up else 0
        self.down_steps = self.down_steps + 1 if self.down else 0
        shift = None
        if self.up > self.limit:
            shift = self.slack + self.up / self.up_steps
        elif self.down > self.limit:
            shift = -self.slack - self.down / self.down_steps
        sums = Sums(self.up, self.down, shift is not None, shift)
        if sums.is_alarm:
            self._start()
        return sums


def cusum(
    standardised: Iterable[float], slack: float = SLACK, limit: float = LIMIT
) -> Iterator[Sums]:
    """The sums after each standardised miss."""
    sums = Cusum(slack, limit)
    for z in standardised:
        yield sums.step(z)


def reference(log_ratios: Sequence[float]) -> Reference:
    """The median and the spread of days that are taken as normal."""
    found = np.asarray(log_ratios, dtype=float)
    at = float(np.median(found))
    return Reference(at, max(_MAD_TO_SIGMA * float(np.median(np.abs(found - at))), _LEAST_SIGMA))


def watch(
    days: Sequence[Day],
    events: Mapping[date, str] | None = None,
    known: Reference | None = None,
    baseline_days: int = BASELINE_DAYS,
) -> list[Watched]:
    """The days in order, each with its sums; a new level is learnt at the start and at each event.

    `known` is the level before the first event where it is known, such as a calibration's.
    """
    announced = dict(events or {})
    ordered = sorted(days, key=lambda one: one.day)
    starts = sorted(at for at in announced if ordered and ordered[0].day <= at <= ordered[-1].day)
    watched: list[Watched] = []
    bounds = [date.min, *starts, date.max]
    for first, end in itertools.pairwise(bounds):
        part = [one for one in ordered if first <= one.day < end]
        given = known if first == date.min else None
        watched += _stretch(part, announced.get(first, ""), given, baseline_days)
    return watched


def run_rule(standardised: Sequence[float]) -> bool:
    """Whether the last three misses lie on one side, each beyond one sigma."""
    last = list(standardised[-RUN:])
    if len(last) < RUN:
        return False
    return all(z > RUN_BEYOND for z in last) or all(z < -RUN_BEYOND for z in last)


def _stretch(
    days: Sequence[Day], event: str, given: Reference | None, baseline_days: int
) -> list[Watched]:
    """The days between two events: first the ones that teach the level, then the watched ones."""
    level, taught = given, list[float]()
    found: list[Watched] = []
    sums = Cusum()
    for one in days:
        begins = f"{NEW_LEVEL}: {event}" if event and one is days[0] else ""
        if one.log_ratio is None or not math.isfinite(one.log_ratio):
            said = "; ".join(part for part in (begins, "nothing to compare") if part)
            found.append(Watched(one.day, None, None, None, None, False, said))
        elif level is None:
            taught.append(one.log_ratio)
            said = begins or f"learning the level, day {len(taught)} of {baseline_days}"
            found.append(Watched(one.day, one.log_ratio, None, None, None, False, said))
            if len(taught) == baseline_days:
                level = reference(taught)
        else:
            z = (one.log_ratio - level.at) / level.sigma
            after = sums.step(z)
            said = begins if after.shift is None else _alarm(after.shift * level.sigma)
            found.append(
                Watched(one.day, one.log_ratio, z, after.up, after.down, after.is_alarm, said)
            )
    return found


def _alarm(shift: float) -> str:
    side = "more" if shift > 0 else "less"
    return f"takes {abs(math.expm1(shift)):.1%} {side} than its level, and no event explains it"
