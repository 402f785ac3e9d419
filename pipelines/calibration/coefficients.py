"""Coefficients: how many times the formula's quantity a version, a model, a group really takes.

Fitted per component, never from totals: z = ln(actual / formula) of each month, and k = exp of its
robust location. One coefficient per component cannot be collinear with another.

Few months are drawn to what is alike (empirical Bayes): months spread by sigma around their
version, versions by tau_v around their model, models by tau_m around their group. Both taus are
DerSimonian and Laird's. A version's own months weigh B = tau^2 / (tau^2 + sigma^2 / n): with sigma
0.3 and tau 0.15, one month weighs 20 %, six weigh 60 %. A version without a month inherits its
predecessor's coefficient with a wider variance, and one with few months starts from there.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from pipelines.calibration.guards import Rejection, checked
from pipelines.calibration.location import hubers, pooled_scale
from pipelines.calibration.observations import Observation, Unit
from pipelines.errors import CalibrationRefused

UNKNOWN_SPREAD: Final = math.log(2)
"""Sigma where a single month is all there is: a factor of two either way."""
LEAST_SPREAD: Final = 1e-4
"""Sigma of months that repeat each other exactly: weights need one above 0."""
INHERITED: Final = 2.0
"""A predecessor's variance counts at least this many times for its successor."""
_DIGITS: Final = 12
"""Significant digits kept: the last ones differ between processors."""

Predecessors = Mapping[tuple[str, str], str]
"""The version that a version of a model succeeded: `{("search", "v2"): "v1"}`."""


@dataclass(frozen=True)
class Coefficient:
    """What one version, one model or one group takes of a formula's quantity.

    A model's coefficient stands for its versions without one of their own (its version is ''), a
    group's for every model without one (its model is '' too).
    """

    level: str
    """`version`, `model` or `group`."""
    model: str
    version: str
    component: str
    group: str
    k: float
    log_variance: float
    """The variance of ln k for one that it stands for."""
    n: int
    """Months it was fitted to, of all versions it stands for."""
    half_width: float | None
    """80 % of months lie within prediction x exp(+-half_width); None: not enough history."""
    said: str

    @property
    def unit(self) -> Unit:
        """What it is the coefficient of."""
        return self.model, self.version, self.component, self.group


@dataclass(frozen=True)
class Spread:
    """How far the logarithms of one component and group lie apart, and why."""

    component: str
    group: str
    months: float
    """Sigma: months around their version."""
    versions: float
    """Tau: versions around their model."""
    models: float
    """Tau: models around their group."""
    n: int


@dataclass(frozen=True)
class Fitted:
    """The coefficients of all levels, and what was left out."""

    coefficients: tuple[Coefficient, ...]
    spreads: tuple[Spread, ...]
    rejected: tuple[Rejection, ...]

    @cached_property
    def _by_unit(self) -> dict[Unit, Coefficient]:
        return {one.unit: one for one in self.coefficients}

    def coefficient_for(self, unit: Unit) -> Coefficient | None:
        """The version's coefficient, without one its model's, else its group's."""
        model, version, component, group = unit
        for key in ((model, version), (model, ""), ("", "")):
            found = self._by_unit.get((*key, component, group))
            if found is not None:
                return found
        return None


@dataclass(frozen=True)
class _Estimate:
    """A logarithm and its variance."""

    at: float
    variance: float


def fit(observations: Iterable[Observation], predecessors: Predecessors | None = None) -> Fitted:
    """The coefficients of every version, model and group that the observations tell about.

    Observations that cannot be (see `guards`) are left out with their reason.

    Raises:
        CalibrationRefused: ex-ante and ex-post observations are mixed.
    """
    given = list(observations)
    volumes = sorted({one.volume for one in given})
    if len(volumes) > 1:
        what = "a mixture of " + " and ".join(volumes)
        problem = "one scores a budget, the other a formula: their errors are of different things"
        raise CalibrationRefused(what, problem)
    kept, rejected = checked(given)
    groups: dict[tuple[str, str], list[Observation]] = defaultdict(list)
    for one in kept:
        groups[one.component, one.group].append(one)
    coefficients: list[Coefficient] = []
    spreads: list[Spread] = []
    for (component, group), members in sorted(groups.items()):
        fitted = _Group(component, group, members, predecessors or {})
        coefficients += fitted.coefficients()
        spreads.append(fitted.spread)
    return Fitted(tuple(coefficients), tuple(spreads), tuple(rejected))


class _Group:
    """One component of one group: its spreads, then its coefficients from the widest inwards."""

    def __init__(
        self,
        component: str,
        group: str,
        members: Sequence[Observation],
        predecessors: Predecessors,
    ) -> None:
        self.component, self.group, self.predecessors = component, group, predecessors
        self.months: dict[str, dict[str, list[float]]] = {}
        for one in sorted(members, key=lambda one: (one.model, one.version, one.month)):
            versions = self.months.setdefault(one.model, {})
            versions.setdefault(one.version, []).append(one.log_ratio)
        self.n = len(members)
        sigma, tells_versions, tells_models = _noise(self.months)
        located = iter(
            hubers([one for versions in self.months.values() for one in versions.values()], sigma)
        )
        self.alone = {
            model: {
                version: _Estimate(next(located), sigma**2 / len(months))
                for version, months in versions.items()
            }
            for model, versions in self.months.items()
        }
        families = [list(versions.values()) for versions in self.alone.values()]
        self.between_versions = _between(families) if tells_versions else 0.0
        self.models = {
            model: _pooled(list(versions.values()), self.between_versions)
            for model, versions in self.alone.items()
        }
        of_models = list(self.models.values())
        self.between_models = _between([of_models]) if tells_models else 0.0
        self.whole = _pooled(of_models, self.between_models)
        self.spread = Spread(
            component=component,
            group=group,
            months=_rounded(sigma),
            versions=_rounded(math.sqrt(self.between_versions)),
            models=_rounded(math.sqrt(self.between_models)),
            n=self.n,
        )

    def coefficients(self) -> list[Coefficient]:
        """The group's, then each model's with its versions'."""
        months = _counted(self.n, "month")
        said = f"{months} of {_counted(len(self.models), 'model')}"
        wide = _Estimate(
            self.whole.at, self.whole.variance + self.between_models + self.between_versions
        )
        found = [self._coefficient("group", "", "", wide, self.n, said)]
        for model, versions in self.months.items():
            n = sum(len(months) for months in versions.values())
            drawn, weight = _drawn(self.models[model], self.whole, self.between_models)
            own = _Estimate(drawn.at, drawn.variance + self.between_versions)
            said = self._said(n, self.models[model].at, weight, "its group", len(self.models))
            found.append(self._coefficient("model", model, "", own, n, said))
            found += self._versions(model, drawn)
        return found

    def _versions(self, model: str, of_model: _Estimate) -> list[Coefficient]:
        found: dict[str, tuple[_Estimate, str]] = {}
        for version in self._in_order(model):
            alone = self.alone[model].get(version)
            before = self.predecessors.get((model, version))
            if before in found:
                prior = _inherited(found[before][0], self.between_versions)
                if alone is None:
                    said = f"no month yet: inherited from {before} with a wider variance"
                    found[version] = prior, said
                    continue
                weight = prior.variance / (prior.variance + alone.variance)
                own = _Estimate(
                    weight * alone.at + (1 - weight) * prior.at, weight * alone.variance
                )
                n = len(self.months[model][version])
                found[version] = own, self._said(n, alone.at, weight, f"its predecessor {before}")
            elif alone is not None:
                own, weight = _drawn(alone, of_model, self.between_versions)
                n, kin = len(self.months[model][version]), len(self.months[model])
                said = self._said(n, alone.at, weight, "its model", kin)
                if kin == 1:
                    said = "the only version of its model: its model's coefficient"
                found[version] = own, said
        return [
            self._coefficient(
                "version", model, version, own, len(self.months[model].get(version, ())), said
            )
            for version, (own, said) in sorted(found.items())
        ]

    def _in_order(self, model: str) -> list[str]:
        """The model's versions with months, and their successors, each after its predecessor."""
        known = set(self.months[model])
        known |= {version for of, version in self.predecessors if of == model}
        ordered: list[str] = []
        for version in sorted(known):
            chain: list[str] = []
            at: str | None = version
            while at is not None and at not in ordered and at not in chain:
                chain.append(at)
                at = self.predecessors.get((model, at))
            ordered += reversed(chain)
        return ordered

    def _said(self, n: int, alone: float, weight: float, to: str, kin: int = 2) -> str:
        own = f"{_counted(n, 'month')} alone: {math.exp(alone):.3f}"
        if kin == 1:
            return f"{own}; nothing else in {to}"
        return f"{own}, weight {weight:.0%}; the rest from {to}"

    def _coefficient(
        self, level: str, model: str, version: str, own: _Estimate, n: int, said: str
    ) -> Coefficient:
        return Coefficient(
            level=level,
            model=model,
            version=version,
            component=self.component,
            group=self.group,
            k=_rounded(math.exp(own.at)),
            log_variance=_rounded(own.variance),
            n=n,
            half_width=None,
            said=said,
        )


def _noise(months: Mapping[str, Mapping[str, list[float]]]) -> tuple[float, bool, bool]:
    """Sigma, and whether it is free of the spread between versions and between models.

    Months of one version tell it; where every version has a single month, those of one model; where
    every model has one, those of the group. What sigma holds already is not looked for again.
    """
    of_models = [
        [value for version in versions.values() for value in version]
        for versions in months.values()
    ]
    of_versions = [version for versions in months.values() for version in versions.values()]
    of_group = [value for model in of_models for value in model]
    for units, tells_versions, tells_models in (
        (of_versions, True, True),
        (of_models, False, True),
        ([of_group], False, False),
    ):
        sigma = pooled_scale(units)
        if sigma is not None:
            return max(sigma, LEAST_SPREAD), tells_versions, tells_models
    return UNKNOWN_SPREAD, False, False


def _between(families: Sequence[Sequence[_Estimate]]) -> float:
    """Tau^2 of DerSimonian and Laird: how far members lie from their family beyond their noise."""
    excess, scale = 0.0, 0.0
    for family in families:
        weights = [1 / one.variance for one in family]
        total = sum(weights)
        middle = sum(weight * one.at for weight, one in zip(weights, family, strict=True)) / total
        excess += sum(
            weight * (one.at - middle) ** 2 for weight, one in zip(weights, family, strict=True)
        ) - (len(family) - 1)
        scale += total - sum(weight**2 for weight in weights) / total
    return max(0.0, excess / scale) if scale > 0 else 0.0


def _pooled(family: Sequence[_Estimate], between: float) -> _Estimate:
    """The middle of a family whose members differ by `between` beyond their own variances."""
    weights = [1 / (one.variance + between) for one in family]
    total = sum(weights)
    return _Estimate(
        sum(weight * one.at for weight, one in zip(weights, family, strict=True)) / total,
        1 / total,
    )


def _drawn(alone: _Estimate, wide: _Estimate, between: float) -> tuple[_Estimate, float]:
    """An estimate drawn to its family's, and the weight of its own months."""
    weight = between / (between + alone.variance)
    at = weight * alone.at + (1 - weight) * wide.at
    return _Estimate(at, weight * alone.variance + (1 - weight) ** 2 * wide.variance), weight


def _inherited(before: _Estimate, between: float) -> _Estimate:
    return _Estimate(before.at, max(INHERITED * before.variance, before.variance + between))


def _rounded(value: float) -> float:
    return float(f"{value:.{_DIGITS}g}")


def _counted(n: int, noun: str) -> str:
    return f"{n} {noun}" if n == 1 else f"{n} {noun}s"
