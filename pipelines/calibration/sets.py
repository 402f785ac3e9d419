"""A set of coefficients: what one calibration learnt, of which months, whether it may be used.

A set is made once and never changed; accepting one that the gate refused adds a second file. Months
are predicted with the accepted set that was made of what was known before their first instant, so
a set is an input of a month like a bill. Which files there are is for `assets/`; how coefficients
are fitted is in the modules beside this one.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final

from pipelines.calibration.coefficients import Coefficient
from pipelines.errors import CalibrationUnreadable
from pipelines.inputs import digest_of
from pipelines.months import month_bounds

LAYOUT: Final = 1
"""The layout of a set's file; a later one says what differs."""

LEVELS: Final = ("version", "model", "group")
"""From the nearest to the widest: a coefficient is looked for in this order."""

BY_HAND: Final = "Accepted by hand"

Metric = Mapping[str, str | int | float | None]
"""One row of a backtest's report: what was scored, and each measure by its name."""


@dataclass(frozen=True)
class SourceMonth:
    """A publication that a set was made of, as it was known at the origin."""

    month: str
    publication_id: str
    published_at: datetime
    is_hindsight: bool
    """It was first published after the origin: a month filled in later, not one known then."""


@dataclass(frozen=True)
class Rejected:
    """An observation that no coefficient was fitted to, and why."""

    month: str
    model: str
    version: str
    component: str
    group: str
    reason: str


@dataclass(frozen=True)
class CalibrationSet:
    """What one calibration learnt. Instants are UTC without a zone.

    `origin` is the instant before which everything it is made of was known. `data_version` is the
    digest of the publications it read. `verdict` says in sentences why it was accepted or not.
    `coefficients` are those that months may use; what the gate withheld is kept beside them.
    """

    id: str
    origin: datetime
    made_at: datetime
    data_version: str
    is_accepted: bool
    verdict: tuple[str, ...]
    coefficients: tuple[Coefficient, ...]
    metrics: tuple[Metric, ...] = ()
    rejected: tuple[Rejected, ...] = ()
    months: tuple[SourceMonth, ...] = ()
    withheld: tuple[Coefficient, ...] = ()
    total_half_width: float | None = None
    """80 % of months lie within their predicted whole x exp(+-this), in ln; None: too few."""

    @property
    def name(self) -> str:
        """The name of its file. One that a person accepted lies beside the refused one."""
        return f"{self.id}.accepted.json" if self.was_refused else f"{self.id}.json"

    @property
    def was_refused(self) -> bool:
        """A person accepted what the gate had withheld."""
        return self.is_accepted and any(said.startswith(BY_HAND) for said in self.verdict)

    def says_the_same(self, other: "CalibrationSet | None") -> bool:
        """Whether another set learnt the same of the same data, whenever it was made."""
        return (
            other is not None
            and self.data_version == other.data_version
            and self.learnt == other.learnt
        )

    @property
    def learnt(self) -> frozenset[Coefficient]:
        """Every coefficient, used or withheld."""
        return frozenset((*self.coefficients, *self.withheld))


def set_id(origin: datetime, data_version: str, coefficients: Iterable[Coefficient]) -> str:
    """The id of a set: its origin, and eight digits of what it is made of and what it learnt."""
    learnt = json.dumps([asdict(one) for one in coefficients], sort_keys=True)
    digest = digest_of(f"{data_version}\n{learnt}")
    return f"{origin:%Y%m%dT%H%M%SZ}-{digest[:8]}"


def data_version(months: Iterable[SourceMonth]) -> str:
    """The digest of the publications that a set is made of."""
    return digest_of("\n".join(sorted(f"{one.month}\t{one.publication_id}" for one in months)))


def coefficient_for(
    calibration: CalibrationSet, model: str, version: str, component: str, group: str
) -> Coefficient | None:
    """The coefficient of a version; without one of its own its model's, else its group's.

    None: the set has learnt nothing of the group. That is no coefficient of 1.
    """
    wanted = {
        "version": (model, version, component, group),
        "model": (model, "", component, group),
        "group": ("", "", component, group),
    }
    found = {(one.level, *_key(one)): one for one in calibration.coefficients}
    for level in LEVELS:
        one = found.get((level, *wanted[level]))
        if one is not None:
            return one
    return None


def in_force(sets: Iterable[CalibrationSet], month: str) -> CalibrationSet | None:
    """The set a month is predicted with: the accepted one of the latest origin before it began."""
    begins, _ = month_bounds(month)
    accepted = [one for one in sets if one.is_accepted and one.origin <= begins]
    return max(accepted, key=age, default=None)


def age(calibration: CalibrationSet) -> tuple[datetime, datetime, str, bool]:
    """What sets are ordered by; one accepted by hand in the second it was made comes after it."""
    return calibration.origin, calibration.made_at, calibration.id, calibration.was_refused


def accepted_by_hand(calibration: CalibrationSet, at: datetime) -> CalibrationSet:
    """The set as a person accepted it, whatever the gate said; the verdict keeps both."""
    components = sorted({one.component for one in calibration.withheld})
    said = (
        f"{BY_HAND} on {at:%Y-%m-%d %H:%M} UTC, although the gate had withheld the coefficients of "
        f"{', '.join(components)}."
    )
    return replace(
        calibration,
        made_at=at,
        is_accepted=True,
        verdict=(*calibration.verdict, said),
        coefficients=(*calibration.coefficients, *calibration.withheld),
        withheld=(),
    )


def text(calibration: CalibrationSet) -> str:
    """The text of a set's file: the same set gives the same text."""
    document = {
        "layout": LAYOUT,
        **asdict(calibration),
        "origin": _instant(calibration.origin),
        "made_at": _instant(calibration.made_at),
        "months": [
            asdict(one) | {"published_at": _instant(one.published_at)} for one in calibration.months
        ],
    }
    return (
        json.dumps(document, indent=1, sort_keys=True, ensure_ascii=False, allow_nan=False) + "\n"
    )


def parse(text: str, file: str) -> CalibrationSet:
    """The set in the text of a file.

    Raises:
        CalibrationUnreadable: it is none; names the file and what is wrong.
    """
    try:
        found = json.loads(text)
    except json.JSONDecodeError as error:
        raise CalibrationUnreadable(file, f"it is not JSON: {error}") from error
    if not isinstance(found, dict) or found.pop("layout", None) != LAYOUT:
        raise CalibrationUnreadable(file, f"it has no `layout` {LAYOUT}")
    try:
        return CalibrationSet(**found | _typed(found))
    except (KeyError, TypeError, ValueError) as error:
        problem = f"it is not a set of layout {LAYOUT}: {error}"
        raise CalibrationUnreadable(file, problem) from error


def _typed(found: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "origin": _parsed(found["origin"]),
        "made_at": _parsed(found["made_at"]),
        "verdict": tuple(found["verdict"]),
        "coefficients": tuple(Coefficient(**one) for one in found["coefficients"]),
        "withheld": tuple(Coefficient(**one) for one in found["withheld"]),
        "metrics": tuple(found["metrics"]),
        "rejected": tuple(Rejected(**one) for one in found["rejected"]),
        "months": tuple(
            SourceMonth(**one | {"published_at": _parsed(one["published_at"])})
            for one in found["months"]
        ),
    }


def _key(one: Coefficient) -> tuple[str, str, str, str]:
    """What a coefficient stands for; a wider one stands for every version, or every model."""
    model = "" if one.level == "group" else one.model
    version = one.version if one.level == "version" else ""
    return model, version, one.component, one.group


def _instant(at: datetime) -> str:
    return f"{at.isoformat()}Z"


def _parsed(at: str) -> datetime:
    found = datetime.fromisoformat(at)
    if found.tzinfo is None:
        message = f"{at!r} has no time zone"
        raise ValueError(message)
    return found.astimezone(UTC).replace(tzinfo=None)
