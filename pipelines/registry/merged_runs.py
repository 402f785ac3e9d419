"""Runs, artefacts and resources of several places as one list each, the catalogue file first."""

from collections.abc import Iterator

from pipelines.registry.catalogue import Artefact, Catalogue, Resource, Run
from pipelines.registry.facts import Facts
from pipelines.registry.keys import resource_key
from pipelines.registry.links import JOB
from pipelines.registry.merged_models import MergedModels, place_of

_FILLED = ("instances", "billable_seconds")


class MergedRuns:
    """The runs known so far, by their id and by the job they are.

    One job that two places tell of (an experiment tracker and the service that ran it) is one run.
    """

    def __init__(self, catalogue: Catalogue) -> None:
        self._runs = {run.id: run for run in catalogue.runs}
        self._jobs = {job: run.id for run in catalogue.runs for job in _jobs(run)}

    @property
    def runs(self) -> list[Run]:
        """Every run, the file's first."""
        return list(self._runs.values())

    def add(self, facts: Facts, models: MergedModels) -> list[str]:
        """Join a registry's runs, whose names `models` has just learned."""
        said: list[str] = []
        for run in facts.runs:
            model = models.model_of(run.model)
            if model is None:
                said.append(
                    f"{place_of(facts.registry)} has run {run.id} of model {run.model!r}, which "
                    "nobody lists: left out"
                )
                continue
            version = None
            if run.version is not None:
                found = models.version_of(run.model, run.version)
                version = found[1] if found else None
                if found is None:
                    said.append(
                        f"{place_of(facts.registry)} has run {run.id} of {model} {run.version}, "
                        "a version nobody lists: it is an experiment of the model"
                    )
            resources = {resource_key(resource): resource for resource in run.resources}
            said += self._add(
                run.model_copy(
                    update={
                        "model": model,
                        "version": version,
                        "resources": list(resources.values()),
                        "registry": facts.registry,
                    }
                )
            )
        return said

    def _add(self, new: Run) -> list[str]:
        known_id = next((self._jobs[job] for job in _jobs(new) if job in self._jobs), new.id)
        known = self._runs.get(known_id)
        if known is None:
            self._keep(new)
            return []
        said = []
        ours, theirs = _class_of(known), _class_of(new)
        learns = known.registry != "" and known.version is None and known.model == new.model
        is_told = ours != theirs and not (learns or new.version is None)
        if is_told or known.model != new.model:
            said.append(
                f"run {known.id}: {place_of(known.registry)} says {ours}, "
                f"{place_of(new.registry)} {theirs}: the former is taken"
            )
        update: dict[str, object] = {
            field: getattr(new, field) for field in _FILLED if getattr(known, field) is None
        }
        update["instance_type"] = known.instance_type or new.instance_type
        update["resources"] = known.resources or new.resources
        if learns and known.status == "completed" and known.kind != "experiment":
            update["version"] = new.version
        self._keep(known.model_copy(update=update))
        return said

    def _keep(self, run: Run) -> None:
        self._runs[run.id] = run
        for job in _jobs(run):
            self._jobs.setdefault(job, run.id)


def _class_of(run: Run) -> str:
    """What decides where a run's cost goes, in words."""
    kind = "" if run.kind == "auto" else f" {run.kind}"
    return f"{run.status}{kind} of {run.model} {run.version or 'without a version'}"


def _jobs(run: Run) -> Iterator[str]:
    for resource in run.resources:
        key = resource_key(resource)
        if JOB.fullmatch(key):
            yield key


def merged_artefacts(
    known: list[Artefact], facts: Facts, models: MergedModels
) -> tuple[list[Artefact], list[str]]:
    """The artefacts with a registry's; a location that is listed already stays as it is."""
    said: list[str] = []
    found = {_location(artefact.location): artefact for artefact in known}
    for new in facts.artefacts:
        model, version = models.model_of(new.model), None
        if model is not None and new.version is not None:
            named = models.version_of(new.model, new.version)
            version = named[1] if named else None
        if model is None:
            said.append(
                f"{place_of(facts.registry)} has artefact {new.location} of model {new.model!r}, "
                "which nobody lists: left out"
            )
            continue
        there = found.get(_location(new.location))
        if there is None:
            update = {"model": model, "version": version, "registry": facts.registry}
            found[_location(new.location)] = new.model_copy(update=update)
        elif (there.model, there.version) != (model, version):
            said.append(
                f"artefact {new.location}: {place_of(there.registry)} says {there.model} "
                f"{there.version or '(all versions)'}, {place_of(facts.registry)} {model} "
                f"{version or '(all versions)'}: the former is taken"
            )
    return list(found.values()), said


def merged_resources(
    known: list[Resource], facts: Facts, models: MergedModels
) -> tuple[list[Resource], list[str]]:
    """The resources with a registry's; an entry that is there already is only filled."""
    said: list[str] = []
    found = {resource_key(resource.id): resource for resource in known}
    for new in facts.resources:
        model = models.model_of(new.model) if new.model else None
        key = resource_key(new.id)
        there = found.get(key)
        if there is None:
            found[key] = new.model_copy(update={"model": model})
            continue
        if model and there.model and there.model != model:
            said.append(
                f"resource {new.id}: {there.model} before, {model} in {place_of(facts.registry)}: "
                "the former is taken"
            )
        found[key] = there.model_copy(
            update={"gpus": there.gpus or new.gpus, "model": there.model or model}
        )
    return list(found.values()), said


def _location(location: str) -> str:
    return location.rstrip("/")
