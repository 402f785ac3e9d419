"""Models and versions of several places as one list: the catalogue file first, then registries.

What an earlier place says stays; a later one fills what it left open. A version is the same where
its name, one of its aliases or its spelling is (`V7`, `v7` and `7`). Of another model it is where
one of its aliases is known there: an ARN or a provider's model id means one version, whatever a
registry calls its model.
"""

import re
from collections.abc import Iterator, Sequence

from pipelines.registry.catalogue import Catalogue, Model, Version
from pipelines.registry.facts import Facts

FILE = "the catalogue file"

_FILLED = ("released", "retired", "parameters", "base_model", "artefact", "token_weights")
_COMPARED = ("parameters", "base_model", "artefact")
"""Of what is filled, what is worth a word where two places differ."""


def place_of(registry: str) -> str:
    """What a warning calls a place: a registry by its name, else the catalogue file."""
    return f"registry '{registry}'" if registry else FILE


class MergedModels:
    """The models known so far, and what each registry's names mean among them."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._models = {model.name: model for model in catalogue.models}
        self._places: dict[tuple[str, str], str] = {
            (model.name, version.version): FILE
            for model in catalogue.models
            for version in model.versions
        }
        self._claims: dict[str, str] = {}
        for model in catalogue.models:
            for claim in _claims(model):
                self._claims[claim] = model.name
            for version in model.versions:
                for claim in _version_claims(version):
                    self._claims[claim] = f"{model.name} {version.version}"
        self._named: dict[str, str] = {}
        self._renamed: dict[tuple[str, str], tuple[str, str]] = {}

    @property
    def models(self) -> list[Model]:
        """Every model with its versions, the file's first."""
        return list(self._models.values())

    def add(self, facts: Facts) -> list[str]:
        """Join a registry's models; `model_of` and `version_of` then know its names."""
        self._named, self._renamed = {}, {}
        said: list[str] = []
        for model in facts.models:
            said += self._add_model(model, facts.registry)
        for model in facts.models:
            said += self._add_predecessors(model, facts.registry)
        return said

    def model_of(self, name: str) -> str | None:
        """The model a name of the registry means."""
        return self._named.get(name) or self._find((name,))

    def version_of(self, model: str, version: str) -> tuple[str, str] | None:
        """The model and version that names of the registry mean."""
        if (model, version) in self._renamed:
            return self._renamed[model, version]
        found = self.model_of(model)
        if found is None:
            return None
        same, _ = _same_version(self._models[found].versions, Version(version=version))
        return None if same is None else (found, same.version)

    def _own_version(self, model: str, version: str) -> Version | None:
        """A version by its very name: a registry's own versions are as many as it says."""
        return next((v for v in self._models[model].versions if v.version == version), None)

    def _find(self, names: Sequence[str]) -> str | None:
        known = {
            name.lower(): model.name
            for model in self._models.values()
            for name in (model.name, *model.aliases)
        }
        return next((known[name.lower()] for name in names if name.lower() in known), None)

    def _add_model(self, new: Model, registry: str) -> list[str]:
        said: list[str] = []
        elsewhere = {version.version: self._elsewhere(version) for version in new.versions}
        name = self._find((new.name, *new.aliases))
        if name is None and None not in (others := set(elsewhere.values())) and len(others) == 1:
            name = others.pop()  # all it consists of is listed under another model
        name = name or new.name
        self._named[new.name] = name
        known = self._models.get(name, Model(name=name))
        fields: dict[str, list[str]] = {}
        for field, kind in (("aliases", "name"), ("usage_types", "usage type"),
                            ("services", "service"), ("principals", "")):  # fmt: skip
            texts = list(getattr(known, field))
            for text in getattr(new, field):
                if text not in texts and text != name:
                    said += self._claimed(texts, kind, text, name, registry)
            fields[field] = texts
        self._models[name] = known.model_copy(
            update={**fields, "owners": known.owners or new.owners}
        )
        self._claims.setdefault(f"name {name.lower()}", name)
        for version in new.versions:
            is_own = self._same_in(name, version)
            model = name if is_own else elsewhere[version.version] or name
            said += self._add_version(model, new.name, version, registry)
        return said

    def _same_in(self, model: str, new: Version) -> bool:
        return _same_version(self._models[model].versions, new)[0] is not None

    def _elsewhere(self, new: Version) -> str | None:
        """The one model of which a version goes by an alias of this one."""
        aliases = {alias.lower() for alias in new.aliases}
        found = {
            model.name
            for model in self._models.values()
            for version in model.versions
            if aliases & {name.lower() for name in (version.version, *version.aliases)}
        }
        return found.pop() if len(found) == 1 else None

    def _add_version(self, model: str, registered: str, new: Version, registry: str) -> list[str]:
        said: list[str] = []
        own = place_of(registry)
        elsewhere = [
            v for v in self._models[model].versions if self._places[model, v.version] != own
        ]
        known, is_spelling = _same_version(elsewhere, new)
        known = known or self._own_version(model, new.version)
        if known is None:
            bare = new.model_copy(
                update={"aliases": [], "usage_types": [], "predecessor": None, "registry": registry}
            )
            known = bare
            self._places[model, new.version] = own
        where = f"{model} {known.version}"
        first = self._places[model, known.version]
        self._renamed[registered, new.version] = (model, known.version)
        if is_spelling:
            said.append(
                f"{first} has version {where!r}, {place_of(registry)} {new.version!r}: "
                "taken as the same. State the latter in `aliases` of the former"
            )
        update: dict[str, object] = {"registry": known.registry or registry}
        for field in _FILLED:
            ours, theirs = getattr(known, field), getattr(new, field)
            if ours is None:
                update[field] = theirs
            elif theirs is not None and theirs != ours and field in _COMPARED:
                said.append(_differs(f"{field} of {where}", first, ours, registry, theirs))
        for field, kind in (("aliases", "alias"), ("usage_types", "usage type"),
                            ("workloads", ""), ("principals", "")):  # fmt: skip
            texts = list(getattr(known, field))
            for text in getattr(new, field):
                if text not in texts:
                    said += self._claimed(texts, kind, text, where, registry)
            update[field] = texts
        versions = [v for v in self._models[model].versions if v.version != known.version]
        at = next(
            (i for i, v in enumerate(self._models[model].versions) if v.version == known.version),
            len(versions),
        )
        versions.insert(at, known.model_copy(update=update))
        self._models[model] = self._models[model].model_copy(update={"versions": versions})
        return said

    def _claimed(
        self, texts: list[str], kind: str, text: str, whose: str, registry: str
    ) -> list[str]:
        """Take a text into the list, unless it is another's."""
        kinds = {"name": ("name", "alias"), "": ()}.get(kind, (kind,))
        for claim in (f"{one} {text.lower()}" for one in kinds):
            owner = self._claims.get(claim, whose)
            if owner != whose:
                return [
                    f"{place_of(registry)} calls {whose} {text!r}, which is {owner}'s elsewhere: "
                    "left out"
                ]
        for one in kinds:
            self._claims[f"{one} {text.lower()}"] = whose
        texts.append(text)
        return []

    def _add_predecessors(self, new: Model, registry: str) -> list[str]:
        said: list[str] = []
        for version in new.versions:
            found = self.version_of(new.name, version.version)
            if version.predecessor is None or found is None:
                continue
            name, own = found
            model = self._models[name]
            at = next(i for i, v in enumerate(model.versions) if v.version == own)
            known = model.versions[at]
            before = ""  # it succeeds none
            if version.predecessor:
                meant = self.version_of(new.name, version.predecessor)
                if meant is None or meant[0] != name or meant[1] == own:
                    said.append(
                        f"{place_of(registry)} lets {name} {own} succeed {version.predecessor!r}, "
                        "which is no other version known: left out"
                    )
                    continue
                before = meant[1]
            if known.predecessor is None:
                versions = list(model.versions)
                versions[at] = known.model_copy(update={"predecessor": before})
                self._models[name] = model.model_copy(update={"versions": versions})
            elif known.predecessor != before:
                what, first = f"predecessor of {name} {own}", self._places[name, own]
                ours = known.predecessor or "none"
                said.append(_differs(what, first, ours, registry, before or "none"))
        return said


def _differs(what: str, first: str, ours: object, registry: str, theirs: object) -> str:
    return f"{what}: {first} says {ours}, {place_of(registry)} says {theirs}: the former is taken"


def _claims(model: Model) -> Iterator[str]:
    yield from (f"name {name.lower()}" for name in (model.name, *model.aliases))
    yield from (f"alias {name.lower()}" for name in model.aliases)
    yield from (f"usage type {text.lower()}" for text in model.usage_types)
    yield from (f"service {service.lower()}" for service in model.services)


def _version_claims(version: Version) -> Iterator[str]:
    yield from (f"alias {name.lower()}" for name in version.aliases)
    yield from (f"usage type {text.lower()}" for text in version.usage_types)


def _same_version(known: Sequence[Version], new: Version) -> tuple[Version | None, bool]:
    """The version that another place means, and whether only its spelling tells so."""
    names = {name.lower() for name in (new.version, *new.aliases)}
    for version in known:
        if version.version == new.version:
            return version, False
    for version in known:
        if names & {name.lower() for name in (version.version, *version.aliases)}:
            return version, False
    alike = [v for v in known if _spelling(v.version) == _spelling(new.version)]
    return (alike[0], True) if len(alike) == 1 else (None, False)


def _spelling(version: str) -> str:
    plain = re.sub(r"[\s_.-]+", "-", version.strip().lower())
    return re.sub(r"^(?:version-?|v-?)(?=\d)", "", plain)
