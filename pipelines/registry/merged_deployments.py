"""Deployments of several places as one list: where an earlier place speaks, later ones are silent.

A place speaks of a resource (or of a name in logs) for the time it deploys something there. What a
later one says of the same version at that time adds nothing; what it says of another version is
cut to the time of which nobody spoke. Within one registry several versions may share a resource.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from pipelines.registry.catalogue import EVER, FOREVER, Catalogue, Deployment
from pipelines.registry.facts import Facts
from pipelines.registry.links import endpoint_keys
from pipelines.registry.merged_models import MergedModels, place_of
from pipelines.registry.names import Names

Place = tuple[str, str]
"""A kind (`resource` or `name`) and a key."""

Span = tuple[datetime, datetime]

NOTEWORTHY = timedelta(hours=1)
"""Two places that put a switch this far apart differ; less is a matter of clocks."""


class MergedDeployments:
    """The deployments known so far, by resource and by name."""

    def __init__(self, catalogue: Catalogue, file: Catalogue, facts: Facts) -> None:
        """Begin with what is known so far; `facts` are those that will be added."""
        together = [*catalogue.deployments, *facts.deployments]
        # `rank` of one place is `endpoint/rank` of the other
        self._key_of = endpoint_keys(catalogue.model_copy(update={"deployments": together}))
        self._names = Names(file)
        self._found: list[Deployment] = []
        self._at: dict[Place, list[Deployment]] = defaultdict(list)
        self._ids: set[tuple[str, str]] = set()
        for deployment in catalogue.deployments:
            self._keep(deployment)

    @property
    def deployments(self) -> list[Deployment]:
        """Every deployment, the file's first."""
        return self._found

    def add(self, facts: Facts, models: MergedModels) -> list[str]:
        """Join a registry's deployments, whose names `models` has just learned."""
        said: list[str] = []
        for deployment in facts.deployments:
            found = models.version_of(deployment.model, deployment.version)
            if found is None:
                said.append(
                    f"{place_of(facts.registry)} deploys {deployment.model} {deployment.version} "
                    f"on {_where(deployment)}, a version nobody lists: left out"
                )
                continue
            replaces = None
            if deployment.replaces is not None:
                replaced = models.version_of(deployment.model, deployment.replaces)
                is_beside = replaced and replaced[0] == found[0] and replaced != found
                replaces = replaced[1] if replaced and is_beside else None
            known = deployment.model_copy(
                update={
                    "model": found[0],
                    "version": found[1],
                    "replaces": replaces,
                    "registry": facts.registry,
                }
            )
            said += self._add(known)
        return said

    def _add(self, new: Deployment) -> list[str]:
        said: list[str] = []
        by_span: dict[Span, list[Place]] = defaultdict(list)
        for place in self._places(new):
            free, why = self._free(place, new)
            said += why
            for span in free:
                by_span[span].append(place)
        whole = (new.from_, new.until)
        if new.principals:
            by_span.setdefault(whole, [])
        for span, places in sorted(by_span.items()):
            here = set(places)
            self._keep(
                new.model_copy(
                    update={
                        "from_": span[0],
                        "until": span[1],
                        "resources": self._once(new.resources, here),
                        "names": [name for name in new.names if _name(name) in here],
                        "principals": new.principals if span == whole else [],
                        "id": self._free_id(new),
                    }
                )
            )
        return said

    def _free(self, place: Place, new: Deployment) -> tuple[list[Span], list[str]]:
        """When nobody before spoke of the place, and what is to be said where somebody did."""
        if place[0] == "name" and (listed := self._listed(new, place[1])) is not None:
            return [], listed
        free: list[Span] = [(new.from_, new.until)]
        said: list[str] = []
        for known in self._at[place]:
            if not (known.from_ < new.until and new.from_ < known.until):
                continue
            is_same = (known.model, known.version) == (new.model, new.version)
            is_own = known.registry == new.registry
            if is_own and not is_same and (place[0] == "resource" or known.model == new.model):
                continue
            if not is_same:
                free = _without(free, known)
            elif is_own:
                free = _without(free, known)
                if place[0] == "name":
                    continue
            else:
                free = []
                if _is_near(known, new):
                    continue
            said.append(_conflict(place, known, new, is_same=is_same))
        return free, said

    def _listed(self, new: Deployment, name: str) -> list[str] | None:
        """Of a name the file lists for good: that is what it means, whatever a registry says."""
        listed = self._names.resolve(name, "")
        if not (listed.is_known and listed.version):
            return None
        if (listed.model, listed.version) == (new.model, new.version):
            return []
        return [
            f"{name!r} is {listed.model} {listed.version} in {place_of('')}, for "
            f"{place_of(new.registry)} {new.model} {new.version}: the former is taken"
        ]

    def _places(self, deployment: Deployment) -> Iterator[Place]:
        yield from dict.fromkeys(self._resource(resource) for resource in deployment.resources)
        yield from dict.fromkeys(_name(name) for name in deployment.names)

    def _resource(self, resource: str) -> Place:
        return "resource", self._key_of(resource)

    def _once(self, resources: Iterable[str], here: set[Place]) -> list[str]:
        """The resources that are meant, without those that only another spelling makes another."""
        found = {self._resource(resource): resource for resource in resources}
        return [resource for place, resource in found.items() if place in here]

    def _free_id(self, new: Deployment) -> str | None:
        taken = any((new.id, key) in self._ids for _, key in self._places(new))
        return None if new.id is None or taken else new.id

    def _keep(self, deployment: Deployment) -> None:
        self._found.append(deployment)
        for place in self._places(deployment):
            self._at[place].append(deployment)
            if deployment.id is not None:
                self._ids.add((deployment.id, place[1]))


def _conflict(place: Place, known: Deployment, new: Deployment, *, is_same: bool) -> str:
    kind, key = place
    what = f"deployment on {key}" if kind == "resource" else f"name {key!r}"
    theirs = "the same" if is_same else f"{new.model} {new.version}"
    return (
        f"{what}: {place_of(known.registry)} says {known.model} {known.version} {span_of(known)}, "
        f"{place_of(new.registry)} {theirs} {span_of(new)}: the former is taken"
    )


def span_of(dated: Deployment) -> str:
    """A span of time in words."""
    start = "since ever" if dated.from_ == EVER else f"from {dated.from_:%Y-%m-%d %H:%M}"
    return start if dated.until == FOREVER else f"{start} until {dated.until:%Y-%m-%d %H:%M}"


def _is_near(known: Deployment, new: Deployment) -> bool:
    """Whether two places tell of one deployment, give or take their clocks."""
    return abs(known.from_ - new.from_) < NOTEWORTHY and abs(known.until - new.until) < NOTEWORTHY


def _without(free: Iterable[Span], taken: Deployment) -> list[Span]:
    """The parts of spans that lie outside of a deployment."""
    found: list[Span] = []
    for start, end in free:
        if taken.until <= start or taken.from_ >= end:
            found.append((start, end))
            continue
        if start < taken.from_:
            found.append((start, taken.from_))
        if taken.until < end:
            found.append((taken.until, end))
    return found


def _name(name: str) -> Place:
    return "name", name.lower()


def _where(deployment: Deployment) -> str:
    places = [*deployment.resources, *deployment.names, *deployment.principals]
    return ", ".join(places[:3]) + (f" and {len(places) - 3} more" if len(places) > 3 else "")
