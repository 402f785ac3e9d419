"""Which version a version succeeds, where only a registry tells of it and says nothing of that.

The first released version is training; a version that follows one that is live is its update. The
one it follows is the version deployed when it first was (or, while it never was, when it was
released). Where nobody deploys a version of the model, or a registry was first asked when this one
was live already, versions succeed each other as they were released, as long as they are not
retired. What the catalogue file or a registry states stays.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

from pipelines.registry.catalogue import EVER, Catalogue, Deployment, Model, Version


def with_lineage(catalogue: Catalogue, first_asked: Mapping[str, datetime]) -> Catalogue:
    """The catalogue with the predecessors that follow from releases and deployments.

    `first_asked` says of each registry when its first snapshot was taken: what began then may have
    begun before.
    """
    models = [_completed(m, catalogue.deployments, first_asked) for m in catalogue.models]
    return catalogue.model_copy(update={"models": models})


def _completed(
    model: Model, deployments: Sequence[Deployment], first_asked: Mapping[str, datetime]
) -> Model:
    lives = [d for d in deployments if d.model == model.name]
    versions = []
    for version in model.versions:
        if version.registry and version.predecessor is None:
            before = _succeeded(model, version, lives, first_asked)
            versions.append(version.model_copy(update={"predecessor": before}))
        else:
            versions.append(version)
    return model.model_copy(update={"versions": versions})


def _succeeded(
    model: Model, version: Version, lives: list[Deployment], first_asked: Mapping[str, datetime]
) -> str | None:
    own = [d for d in lives if d.version == version.version]
    first = min(own, key=lambda d: d.from_, default=None)
    if not lives or (first is not None and first_asked.get(first.registry) == first.from_):
        return _released_before(model, version)
    start = version.released if first is None else first.from_
    if start is None or start == EVER:
        return None
    live = {
        d.version: d.from_
        for d in sorted(lives, key=lambda d: d.from_)
        if d.version != version.version and d.from_ < start <= d.until
    }
    return max(live, key=lambda name: (live[name], name), default=None)


def _released_before(model: Model, version: Version) -> str | None:
    """The newest version that was out and not retired when this one came."""
    if version.released is None:
        return None
    out = {
        other.version: (other.released, number)
        for number, other in enumerate(model.versions)
        if other.released is not None
        and other.released < version.released
        and (other.retired is None or other.retired >= version.released)
    }
    return max(out, key=lambda name: out[name], default=None)
