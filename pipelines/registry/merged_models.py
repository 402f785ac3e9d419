"""Models and versions of several places as one list: the catalogue file first, then registries.

What an earlier place says stays; a later one fills what it left open. A version is the same where
its name, one of its aliases or its spelling is (`V7`, `v7` and `7`). Of another model it is where
one of its aliases is known there: an ARN or a provider's model id means one version, whatever a
registry calls its model.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

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

    def __init__(self, catalogue: Catalogue, file: Catalogue) -> None:
        """Begin with what is known so far; `file` says what of it the catalogue file lists."""
        self._models: dict[str, Model] = {}
        self._versions: dict[str, dict[str, Version]] = {}
        self._model_names: dict[str, str] = {}
        self._models_of_alias: dict[str, set[str]] = defaultdict(set)
        self._claims: dict[str, str] = {}
        for model in catalogue.models:
            self._keep_model(model)
            for claim in _claims(model):
                self._claims[claim] = model.name
            for version in model.versions:
                self._keep_version(model.name, version)
                for claim in _version_claims(version):
                    self._claims[claim] = f"{model.name} {version.version}"
        self._filed = {(m.name, v.version) for m in file.models for v in m.versions}
        self._named: dict[str, str] = {}
        self._renamed: dict[tuple[str, str], tuple[str, str]] = {}

    @property
    def models(self) -> list[Model]:
        """Every model with its versions, the file's first."""
        return [
            model.model_copy(update={"versions": list(self._versions[name].values())})
            for name, model in self._models.items()
        ]

    def add(self, facts: Facts) -> list[str]:
        """Join a registry's models; `model_of` and `version_of` then know its names."""
        self._named, self._renamed = {}, {}
        said: list[str] = []
        earlier = {name: _Known(found.values()) for name, found in self._versions.items()}
        for model in facts.models:
            said += self._add_model(model, facts.registry, earlier)
        for model in facts.models:
            said += self._add_predecessors(model, facts.registry)
        return said

    def model_of(self, name: str) -> str | None:
        """The model a name of the registry means."""
        return self._named.get(name) or self._model_names.get(name.lower())

    def version_of(self, model: str, version: str) -> tuple[str, str] | None:
        """The model and version that names of the registry mean."""
        if (model, version) in self._renamed:
            return self._renamed[model, version]
        found = self.model_of(model)
        if found is None:
            return None
        same, _ = _Known(self._versions[found].values()).same(Version(version=version))
        return None if same is None else (found, same)

    def _keep_model(self, model: Model) -> None:
        self._models[model.name] = model
        self._versions.setdefault(model.name, {})
        for name in (model.name, *model.aliases):
            self._model_names.setdefault(name.lower(), model.name)

    def _keep_version(self, model: str, version: Version) -> None:
        self._versions[model][version.version] = version
        for name in (version.version, *version.aliases):
            self._models_of_alias[name.lower()].add(model)

    def _place(self, model: str, version: str) -> str:
        """Who told of a version first."""
        if (model, version) in self._filed:
            return FILE
        return place_of(self._versions[model][version].registry)

    def _add_model(self, new: Model, registry: str, earlier: Mapping[str, "_Known"]) -> list[str]:
        said: list[str] = []
        elsewhere = {version.version: self._elsewhere(version) for version in new.versions}
        names = [self._model_names.get(name.lower()) for name in (new.name, *new.aliases)]
        name = next((found for found in names if found), None)
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
        self._keep_model(known.model_copy(update={**fields, "owners": known.owners or new.owners}))
        self._claims.setdefault(f"name {name.lower()}", name)
        nothing = _Known(())
        for version in new.versions:
            is_own = earlier.get(name, nothing).same(version)[0] is not None
            model = name if is_own else elsewhere[version.version] or name
            known_there = earlier.get(model, nothing)
            said += self._add_version(model, new.name, version, registry, known_there)
        return said

    def _elsewhere(self, new: Version) -> str | None:
        """The one model of which a version goes by an alias of this one."""
        found: set[str] = set()
        for alias in new.aliases:
            found |= self._models_of_alias.get(alias.lower(), set())
        return found.pop() if len(found) == 1 else None

    def _add_version(
        self, model: str, registered: str, new: Version, registry: str, earlier: "_Known"
    ) -> list[str]:
        said: list[str] = []
        same, is_spelling = earlier.same(new)
        own = same or new.version  # a registry's own versions are as many as it says
        known = self._versions[model].get(own)
        if known is None:
            known = new.model_copy(
                update={"aliases": [], "usage_types": [], "predecessor": None, "registry": registry}
            )
            self._keep_version(model, known)
        where = f"{model} {own}"
        first = self._place(model, own)
        self._renamed[registered, new.version] = (model, own)
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
        self._keep_version(model, known.model_copy(update=update))
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
            known, before = self._versions[name][own], ""  # empty: it succeeds none
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
                self._versions[name][own] = known.model_copy(update={"predecessor": before})
            elif known.predecessor != before:
                what, ours = f"predecessor of {name} {own}", known.predecessor or "none"
                first = self._place(name, own)
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


class _Known:
    """Versions of one model, found by name, by alias or by spelling."""

    def __init__(self, versions: Iterable[Version]) -> None:
        self._names: set[str] = set()
        self._aliases: dict[str, str] = {}
        self._spellings: dict[str, list[str]] = defaultdict(list)
        for version in versions:
            self._names.add(version.version)
            for name in (version.version, *version.aliases):
                self._aliases.setdefault(name.lower(), version.version)
            self._spellings[_spelling(version.version)].append(version.version)

    def same(self, new: Version) -> tuple[str | None, bool]:
        """The version that another place means, and whether only its spelling tells so."""
        if new.version in self._names:
            return new.version, False
        for name in (new.version, *new.aliases):
            if name.lower() in self._aliases:
                return self._aliases[name.lower()], False
        alike = self._spellings.get(_spelling(new.version), [])
        return (alike[0], True) if len(alike) == 1 else (None, False)


def _spelling(version: str) -> str:
    plain = re.sub(r"[\s_.-]+", "-", version.strip().lower())
    return re.sub(r"^(?:version-?|v-?)(?=\d)", "", plain)
