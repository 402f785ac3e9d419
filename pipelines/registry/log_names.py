"""What logs call a model, hour by hour: the catalogue's names, and the dated ones of deployments.

A served name, an endpoint's variant or a deployment's name means what is live under it: v6 until it
was switched, v7 from then on. Two versions live under one name in an hour leave the version open,
as does a time of which nothing is known. A name is compared whole and without case; a longer one is
meant too where it goes on below a `/`: `search/blue` is below `search`, `rank/v10` not below
`rank/v1`.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from pipelines.registry.catalogue import EVER, FOREVER, Catalogue
from pipelines.registry.names import Names, Resolved
from pipelines.registry.patterns import is_pattern, literal_length, matches

LOG_NAME_COLUMNS = {
    "log_model": "VARCHAR",
    "log_version": "VARCHAR",
    "model": "VARCHAR",
    "model_version": "VARCHAR",
    "is_known": "BOOLEAN",
    "is_dated": "BOOLEAN",
    "valid_from": "TIMESTAMP",
    "valid_until": "TIMESTAMP",
}

VERSION_START_COLUMNS = {
    "model": "VARCHAR",
    "model_version": "VARCHAR",
    "released_at": "TIMESTAMP",
    "deployed_at": "TIMESTAMP",
}

_HOUR = timedelta(hours=1)
_PATTERN = 1_000_000
"""Ranks of patterns begin behind those of whole names; more text is a better rank."""
_BELOW = 500_000
"""Ranks of names that are met below a `/`."""


@dataclass(frozen=True)
class Named:
    """What a name means from one full hour until another."""

    resolved: Resolved
    from_: datetime
    until: datetime
    is_dated: bool
    """Whether the name means a version only at some times, this or others."""


@dataclass(frozen=True)
class _Claim:
    rank: int
    model: str
    version: str
    from_: datetime
    until: datetime


class LogNames:
    """The names logs use, resolved by the hour."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._names = Names(catalogue)
        self._whole: dict[str, list[_Claim]] = defaultdict(list)
        self._patterns: list[tuple[str, _Claim]] = []
        self._workloads = [
            (pattern, Resolved(model.name, version.version, is_known=True))
            for model in catalogue.models
            for version in model.versions
            for pattern in version.workloads
        ]
        self._artefacts = {
            _path(version.artefact): Resolved(model.name, version.version, is_known=True)
            for model in catalogue.models
            for version in model.versions
            if version.artefact
        }
        for deployment in catalogue.deployments:
            # usage is kept by the hour: a version live in a part of it may have served all of it
            start, end = _floor(deployment.from_), _ceiling(deployment.until)
            for name in deployment.names:
                rank = _PATTERN - literal_length(name) if is_pattern(name) else 0
                claim = _Claim(rank, deployment.model, deployment.version, start, end)
                if is_pattern(name):
                    self._patterns.append((name, claim))
                else:
                    self._whole[_path(name)].append(claim)

    def spans(self, model: str, version: str) -> list[Named]:
        """What a log's model and version mean, over all time without a gap."""
        always = self._listed(model, version)
        if always and version:
            return [Named(always, EVER, FOREVER, is_dated=False)]
        claims = self._claims(model, version)
        if always:
            claims = [claim for claim in claims if claim.rank == 0]
        else:
            always = self._found(model, version) or self._names.resolve(model, version)
        if not claims:
            return [Named(always, EVER, FOREVER, is_dated=False)]
        models = {claim.model for claim in claims}
        if not (always.is_known and always.version) and len(models) == 1:
            always = Resolved(models.pop(), "", is_known=True)
        cuts = sorted({EVER, FOREVER, *(c.from_ for c in claims), *(c.until for c in claims)})
        found: list[Named] = []
        for start, end in pairwise(cuts):
            live = [c for c in claims if c.from_ <= start and end <= c.until]
            resolved = _meant(live, always)
            if found and found[-1].resolved == resolved:
                start = found.pop().from_  # noqa: PLW2901 -- the span goes on
            found.append(Named(resolved, start, end, is_dated=True))
        return found

    def rows(self, logged: Iterable[tuple[str, str]]) -> Iterator[dict[str, Any]]:
        """The meanings of every name of a log, for `sql/attribution`."""
        for model, version in logged:
            for named in self.spans(model, version):
                yield {
                    "log_model": model,
                    "log_version": version,
                    "model": named.resolved.model,
                    "model_version": named.resolved.version,
                    "is_known": named.resolved.is_known,
                    "is_dated": named.is_dated,
                    "valid_from": named.from_,
                    "valid_until": named.until,
                }

    def _listed(self, model: str, version: str) -> Resolved | None:
        """The version that the catalogue lists under the very name: an alias, `model/version`."""
        tries = [(model, version)]
        if not version:
            marks = [at for at, mark in enumerate(model) if mark in "/:@"]
            tries += [(model[:at], model[at + 1 :]) for at in marks]
        for of_model, of_version in tries:
            named = self._names.resolve(of_model, of_version)
            if named.is_known and named.version:
                return named
        return None

    def _found(self, model: str, version: str) -> Resolved | None:
        """The version whose pods are meant, or whose artefact lies at or above the path."""
        for text in (model, f"{model}/{version}" if version else ""):
            for pattern, resolved in self._workloads:
                if matches(pattern, text):
                    return resolved
            for path in _upwards(text):
                if path in self._artefacts:
                    return self._artefacts[path]
        return None

    def _claims(self, model: str, version: str) -> list[_Claim]:
        """The deployments a name may mean; those of one model where it says which."""
        only = self._names.resolve(model, "")
        texts = [(model, 0)]
        if version:
            texts = [(f"{model}{mark}{version}", 0) for mark in "/@:"]
            texts += [(version, 1), (model, 2)]
        found: list[_Claim] = []
        for text, behind in texts:
            for depth, path in enumerate(_upwards(text)):
                more = behind + (_BELOW + 3 * depth if depth else 0)
                found += [replace(claim, rank=more) for claim in self._whole.get(path, [])]
            found += [claim for pattern, claim in self._patterns if matches(pattern, text)]
        return [claim for claim in found if not only.is_known or claim.model == only.model]


def version_starts(catalogue: Catalogue) -> Iterator[dict[str, Any]]:
    """Since when each version can have been called: its release, its first deployment."""
    deployed: dict[tuple[str, str], datetime] = {}
    for deployment in catalogue.deployments:
        if not (deployment.resources or deployment.principals):
            continue  # a name alone: it was given when somebody looked, or long after
        key = (deployment.model, deployment.version)
        deployed[key] = min(deployed.get(key, FOREVER), deployment.from_)
    for model in catalogue.models:
        for version in model.versions:
            start = deployed.get((model.name, version.version))
            if version.released or (start and start > EVER):
                yield {
                    "model": model.name,
                    "model_version": version.version,
                    "released_at": version.released,
                    "deployed_at": start,
                }


def _meant(live: list[_Claim], always: Resolved) -> Resolved:
    """The best of the claims in force; the model alone where several versions are as good."""
    best = min((claim.rank for claim in live), default=0)
    meant = {(claim.model, claim.version) for claim in live if claim.rank == best}
    if len(meant) == 1:
        return Resolved(*meant.pop(), is_known=True)
    models = {model for model, _ in meant}
    if len(models) == 1:
        return Resolved(models.pop(), "", is_known=True)
    return always


def _upwards(text: str) -> Iterator[str]:
    """A path and every path above it."""
    path = _path(text)
    while path:
        yield path
        path = path.rpartition("/")[0].rstrip("/")


def _path(text: str) -> str:
    return text.strip().lower().rstrip("/")


def _floor(instant: datetime) -> datetime:
    return instant if instant == EVER else instant.replace(minute=0, second=0, microsecond=0)


def _ceiling(instant: datetime) -> datetime:
    floor = _floor(instant)
    return instant if instant in (FOREVER, floor) else floor + _HOUR
