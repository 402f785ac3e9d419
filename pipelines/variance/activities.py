"""How much was done: activities of a plan, their measured volumes, and each line's share of them.

Volume and mix belong to a plan as a whole: of all tokens the plan's versions were to serve, how
many more there were, and who served more of them than planned. Both are taken over common lines,
those planned and billed; one plan, one currency and one activity at a time.

A version's volume counts once however many of its lines work for it (GPU hours and egress of the
same tokens). Lines of one kind that state different volumes (two machine types) share the version's
measured volume as planned, because no log tells which machine type served what.
"""

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

_ACTIVITY = re.compile(r"(?:(\d+)([KMB]?) )?([a-z_]+)")
_SIZES: Final = {"": 1, "K": 10**3, "M": 10**6, "B": 10**9}
ZERO: Final = Fraction(0)


def size_and_measure(activity: str | None) -> tuple[int, str] | None:
    """`1M tokens` is a million of the measure `tokens`; None where no activity is stated."""
    match = _ACTIVITY.fullmatch(activity or "")
    if match is None:
        return None
    count, size, measure = match.groups()
    return int(count or 1) * _SIZES[size or ""], measure


@dataclass(frozen=True)
class ActiveLine:
    """A common line with an activity: what of it was planned and what its version was measured."""

    group: tuple[str, ...]
    """Plan, currency and measure: what is compared as one mix."""
    version: tuple[str, str]
    slot: tuple[str, str, str]
    """Component, element and unit."""
    planned: Fraction
    measured: Fraction


@dataclass(frozen=True)
class Share:
    """A line's share of its group's volume, planned and actual: volume x mix is the line's own."""

    volume_before: Fraction
    volume_after: Fraction
    mix_before: Fraction
    mix_after: Fraction

    @property
    def after(self) -> Fraction:
        """What the line itself did."""
        return self.volume_after * self.mix_after


def shares_of(lines: Sequence[ActiveLine]) -> list[Share]:
    """Each line's share of its group, in the order given.

    A served 6,000 of 10,000 planned and 5,500 of 12,000 measured: its mix goes from 0.6 to
    5500/12000. Where nothing was planned, or nothing measured, the mix is what it is on the other
    side, and volume tells it all.
    """
    slots: dict[_Slot, list[int]] = defaultdict(list)
    for at, line in enumerate(lines):
        slots[line.group, line.version, line.slot].append(at)
    own: dict[int, _Volumes] = {}
    streams: dict[tuple[str, ...], dict[_Stream, _Volumes]] = defaultdict(dict)
    for (group, version, _), places in slots.items():
        planned, volumes = _volumes([lines[at] for at in places])
        own |= dict(zip(places, volumes, strict=True))
        streams[group][version, planned] = planned, lines[places[0]].measured
    return [_share(own[at], list(streams[line.group].values())) for at, line in enumerate(lines)]


_Volumes = tuple[Fraction, Fraction]
"""Planned and measured."""
_Slot = tuple[tuple[str, ...], tuple[str, str], tuple[str, str, str]]
_Stream = tuple[tuple[str, str], Fraction]
"""A version's lines that state one volume work on the same activities."""


def _volumes(lines: Sequence[ActiveLine]) -> tuple[Fraction, list[_Volumes]]:
    """The planned volume of lines of one kind together, and of each what it planned and did."""
    planned = [line.planned for line in lines]
    if len(set(planned)) == 1:
        return planned[0], [(line.planned, line.measured) for line in lines]
    whole = sum(planned, ZERO)
    return whole, [(line.planned, line.measured * line.planned / whole) for line in lines]


def _share(own: _Volumes, streams: Sequence[_Volumes]) -> Share:
    before = sum((planned for planned, _ in streams), ZERO)
    after = sum((measured for _, measured in streams), ZERO)
    mix_before = own[0] / before if before else None
    mix_after = own[1] / after if after else None
    return Share(
        before,
        after,
        mix_before if mix_before is not None else mix_after or ZERO,
        mix_after if mix_after is not None else mix_before or ZERO,
    )
