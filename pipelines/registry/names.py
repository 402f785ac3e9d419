"""What a tag, a usage type or a log line calls a model, as the catalogue's model and version."""

import re
from dataclasses import dataclass

from pipelines.registry.bedrock_ids import plain_ids
from pipelines.registry.catalogue import Catalogue


@dataclass(frozen=True)
class Resolved:
    """A model and its version; `version` is '' where only the model is known."""

    model: str
    version: str
    is_known: bool
    """Whether the catalogue knows the name."""


class Names:
    """The catalogue's names, aliases and usage-type texts, compared without case."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._versions: dict[tuple[str, str], tuple[str, str]] = {}
        self._models: dict[str, str] = {}
        self._aliases: dict[str, tuple[str, str]] = {}
        self._usage_types: dict[str, tuple[str, str]] = {}
        for model in catalogue.models:
            for name in (model.name, *model.aliases):
                self._models[name.lower()] = model.name
            for text in model.usage_types:
                self._usage_types[_spelling(text)] = (model.name, "")
            for version in model.versions:
                for name in (version.version, *version.aliases):
                    self._versions[model.name.lower(), name.lower()] = (model.name, version.version)
                for name in version.aliases:
                    self._aliases[name.lower()] = (model.name, version.version)
                for text in version.usage_types:
                    self._usage_types[_spelling(text)] = (model.name, version.version)

    def resolve(self, model: str, version: str) -> Resolved:
        """The model and version that a tag or log names; what the catalogue lacks stays as named.

        An alias of a version may stand in either field: logs often carry only a served name.
        """
        name = self._models.get(model.lower())
        if name is not None:
            if not version:
                return Resolved(name, "", is_known=True)
            found = self._versions.get((name.lower(), version.lower()))
            return (
                Resolved(name, found[1], is_known=True)
                if found
                else Resolved(name, version, is_known=False)
            )
        for text in (version, model):
            if text and text.lower() in self._aliases:
                return Resolved(*self._aliases[text.lower()], is_known=True)
        for plain in plain_ids(model):
            if (found_as := self.resolve(plain, version)).is_known:
                return found_as
        return Resolved(model, version, is_known=False)

    def of_usage_type(self, text: str) -> Resolved:
        """The model that a usage type's text names; an unlisted text is a model of that name.

        Space, hyphen and underscore are one: bills spell one meter `gpt 4o 0806` and `gpt-4o-0806`.
        """
        found = self._usage_types.get(_spelling(text))
        return Resolved(*found, is_known=True) if found else self.resolve(text, "")

    def of_model_keys(self, developer: str, family: str, model_id: str, version: str) -> Resolved:
        """The model that a bill's own keys name (FOCUS `ModelId` and its neighbours).

        The catalogue may have the id as a model, as a version or as an alias of one, with or
        without its developer, and the family as the model. A name it lacks stays as named, under
        its family where the catalogue has that.
        """
        tries = [(model_id, version), (family, model_id), (family, version)]
        if developer:
            tries += [(f"{developer}/{model_id}", version), (f"{developer}.{model_id}", version)]
        if version:
            tries += [(f"{model_id}{mark}{version}", "") for mark in "-@: "]
        for model, of_model in tries:
            if model and (found := self.resolve(model, of_model)).is_known:
                return found
        if listed := self._usage_types.get(_spelling(model_id)):
            return Resolved(*listed, is_known=True)
        if family.lower() in self._models and model_id.lower() not in self._models:
            return self.resolve(family, model_id or version)
        return self.resolve(model_id or family, version)


def _spelling(text: str) -> str:
    return re.sub(r"[\s_-]+", "-", text.strip().lower())
