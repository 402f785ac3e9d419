"""The catalogue file and what the registries tell, as one catalogue; the file wins.

Where two places differ the earlier one is taken and the difference is said, naming both: the file
comes before the registries, these come in the order of the settings. A registry that contradicts
itself or the others never stops a month: what cannot be is left out.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from pydantic import ValidationError

from pipelines.registry.catalogue import Catalogue
from pipelines.registry.facts import CaptureRate, Facts
from pipelines.registry.lineage import with_lineage
from pipelines.registry.merged_deployments import MergedDeployments
from pipelines.registry.merged_models import MergedModels, place_of
from pipelines.registry.merged_runs import MergedRuns, merged_artefacts, merged_resources
from pipelines.settings import problems_of


@dataclass(frozen=True)
class Merged:
    """One catalogue, and where the places it comes from differ."""

    catalogue: Catalogue
    conflicts: list[str] = field(default_factory=list)
    captured: list[CaptureRate] = field(default_factory=list)
    """How much of an endpoint's calls its own log holds."""


def merge(catalogue: Catalogue, found: Sequence[Facts]) -> Merged:
    """Join the facts of registries into the catalogue file's."""
    known, said = catalogue, list[str]()
    for facts in found:
        said += [f"{place_of(facts.registry)}: {warning}" for warning in facts.warnings]
        try:
            known, conflicts = _joined(known, facts, catalogue)
        except ValidationError as error:
            problems = "; ".join(problems_of(error))
            said.append(f"{place_of(facts.registry)} was left out as a whole: {problems}")
        else:
            said += conflicts
    if found:
        asked = {facts.registry: facts.asked_since for facts in found if facts.asked_since}
        known = with_lineage(known, asked)
    captured = [rate for facts in found for rate in facts.captured]
    return Merged(known, list(dict.fromkeys(said)), captured)


def _joined(known: Catalogue, facts: Facts, file: Catalogue) -> tuple[Catalogue, list[str]]:
    """The catalogue with one registry's facts, checked like the file."""
    models = MergedModels(known, file)
    deployments, runs = MergedDeployments(known, file, facts), MergedRuns(known)
    said = models.add(facts)
    said += deployments.add(facts, models)
    said += runs.add(facts, models)
    artefacts, of_artefacts = merged_artefacts(known.artefacts, facts, models)
    resources, of_resources = merged_resources(known.resources, facts, models)
    parts = {name: getattr(known, name) for name in Catalogue.model_fields}
    merged = {
        "models": models.models,
        "deployments": deployments.deployments,
        "runs": runs.runs,
        "artefacts": artefacts,
        "resources": resources,
    }
    return Catalogue(**(parts | merged)), [*said, *of_artefacts, *of_resources]
