"""Learn coefficients from the published months as they were known at an instant, and keep them."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from assets.calibration.history import read_sets, write_set
from assets.fx import read_rates
from assets.lake import Lake, Publication
from assets.project import Project
from assets.registries.history import merged_catalogue
from pipelines.calibration.engine import Calibration
from pipelines.calibration.engine import calibrate as learn
from pipelines.calibration.observations import Observation
from pipelines.calibration.published import (
    EX_ANTE,
    EX_POST,
    KIND,
    Published,
    State,
    observed,
    source_months,
    states_of,
)
from pipelines.calibration.sets import (
    CalibrationSet,
    Metric,
    Rejected,
    SourceMonth,
    accepted_by_hand,
    data_version,
    set_id,
)
from pipelines.contracts import PREDICTED, VARIANCE
from pipelines.errors import CalibrationRefused, CalibrationUnknown
from pipelines.money import EXACT
from pipelines.prices.fx import FxRates


@dataclass(frozen=True)
class Made:
    """How a calibration ended."""

    calibration: CalibrationSet
    url: str
    """Where it is, or would be."""
    is_new: bool
    """False: an earlier set learnt the same of the same months, and serves."""
    warnings: tuple[str, ...] = ()


def calibrate(
    project: Project, lake: Lake, origin: datetime, made_at: datetime, *, dry_run: bool = False
) -> Made:
    """Learn from what was known before `origin` (both instants UTC without zone) and keep the set.

    Raises:
        CalibrationRefused: no final month of before then has a formula to learn of.
        LakeUnreachable: the lake or the store of the sets does not answer.
    """
    states = read_states(lake, origin)
    published = observed(states, _Costs(states, read_rates(project)).in_main)
    ex_post = published.of(EX_POST)
    months = source_months(states, ex_post, origin)
    if not months:
        what = f"what was known at {origin:%Y-%m-%d %H:%M} UTC"
        problem = _why_nothing(states, published)
        raise CalibrationRefused(what, problem)
    settings = project.settings.calibration
    before = {
        (model.name, version.version): version.predecessor
        for model in merged_catalogue(project).catalogue.models
        for version in model.versions
        if version.predecessor
    }
    found = learn(ex_post, origin, before, settings.least_months)
    budget = learn(published.of(EX_ANTE), origin, before, settings.least_months)
    made = _as_set(found, budget, published, months, origin, made_at)
    known = read_sets(project)
    same = next(  # the newest: one that a person accepted follows the refused one
        (one for one in known.sets[::-1] if made.says_the_same(one) and one.origin <= origin), None
    )
    place = project.at(settings.path).rstrip("/")
    if same is not None:
        return Made(same, f"{place}/{same.name}", is_new=False, warnings=known.said)
    url = f"{place}/{made.name}" if dry_run else write_set(project, made)
    return Made(made, url, is_new=True, warnings=known.said)


def accept(project: Project, beginning: str, at: datetime, *, dry_run: bool = False) -> Made:
    """Accept by hand what the gate withheld in the set whose id begins so.

    Raises:
        CalibrationUnknown: no set's id begins so, or those of several.
    """
    known = read_sets(project)
    ids = sorted({one.id for one in known.sets})
    found = [one for one in ids if beginning and one.startswith(beginning)]
    if len(found) != 1:
        raise CalibrationUnknown(beginning, ids)
    newest = [one for one in known.sets if one.id == found[0]][-1]
    place = project.at(project.settings.calibration.path).rstrip("/")
    if not newest.withheld:
        return Made(newest, f"{place}/{newest.name}", is_new=False, warnings=known.said)
    made = accepted_by_hand(newest, at)
    url = f"{place}/{made.name}" if dry_run else write_set(project, made)
    return Made(made, url, is_new=True, warnings=known.said)


def read_states(lake: Lake, origin: datetime) -> list[State]:
    """The states of every month that were published, and what was said and compared in each.

    Those published after `origin` are read too: a month that was filled in later is told by them.
    """
    months: dict[str, list[Publication]] = defaultdict(list)
    for publication in lake.publications():
        months[publication.billing_month].append(publication)
    return [
        State(
            month=month,
            publication_id=one.publication_id,
            published_at=one.published_at,
            predicted=lake.read(PREDICTED.name, month, one),
            variance=lake.read(VARIANCE.name, month, one),
        )
        for month, publications in sorted(months.items())
        if month < f"{origin:%Y-%m}"
        for one in states_of(publications)
    ]


class _Costs:
    """Costs in the one currency that most terms are billed in: misses are weighed in it."""

    def __init__(self, states: Sequence[State], rates: FxRates) -> None:
        counted = Counter(
            row["currency"]
            for state in states
            for row in state.variance.iter_rows(named=True)
            if row["kind"] == KIND
        )
        self.main = min(counted, key=lambda one: (-counted[one], one), default="")
        self.rates = rates

    def in_main(self, cost: Decimal, currency: str, month: str) -> Decimal | None:
        """A cost in it; None: no rate of that month is known."""
        rate = self.rates.rate(currency, self.main, "month_average", month)
        return None if rate is None else EXACT.multiply(cost, rate)


def _as_set(
    found: Calibration,
    budget: Calibration,
    published: Published,
    months: Sequence[SourceMonth],
    origin: datetime,
    made_at: datetime,
) -> CalibrationSet:
    version = data_version(months)
    usable = set(found.usable)
    return CalibrationSet(
        id=set_id(origin, version, found.coefficients),
        origin=origin,
        made_at=made_at,
        data_version=version,
        is_accepted=found.is_accepted,
        verdict=found.verdict,
        coefficients=tuple(one for one in found.coefficients if one in usable),
        withheld=tuple(one for one in found.coefficients if one not in usable),
        metrics=(*_scored(EX_POST, found), *_scored(EX_ANTE, budget)),
        rejected=(
            *(_rejected(one.observation, one.reason) for one in found.rejected),
            *published.rejected,
        ),
        months=tuple(months),
        total_half_width=found.total_half_width,
    )


def _scored(volume: str, found: Calibration) -> list[Metric]:
    scored: list[Metric] = []
    for one in found.metrics:
        row: Mapping[str, str | int | float | None] = {"volume": volume, **one}
        scored.append(row)
    return scored


def _rejected(one: Observation, reason: str) -> Rejected:
    return Rejected(one.month, one.model, one.version, one.component, one.group, reason)


def _why_nothing(states: Sequence[State], published: Published) -> str:
    if not states:
        return "no month that had ended by then is final or closed"
    months = ", ".join(sorted({one.month for one in states}))
    if published.rejected:
        return "; ".join(f"{one.month}: {one.reason}" for one in published.rejected)
    if not published.observations:
        return (
            f"{months}: no [[formulas]] entry of the catalogue was compared with the bill, and "
            "coefficients are learnt of formulas"
        )
    return f"{months}: they became final only later"
