"""Which collector asks which kind of registry: the one list of them.

A collector returns the pruned answers as plain JSON values (instants as text with a zone or epoch
milliseconds, no secrets, no bodies), in an order that does not change from call to call. `last` is
the newest snapshot: what cannot change any more (a finished job) is taken from it instead of being
asked again. A registry that does not answer raises `RegistryUnreachable`: half an answer is none.
"""

from collections.abc import Callable
from importlib import import_module
from typing import Any, Final

from pipelines.registry.snapshots import Snapshot
from pipelines.settings import RegistrySource

Collector = Callable[[RegistrySource, Snapshot | None], dict[str, Any]]

COLLECTORS: Final = {
    "mlflow": "assets.registries.mlflow",
    "huggingface": "assets.registries.huggingface",
    "sagemaker": "assets.registries.sagemaker",
    "bedrock": "assets.registries.bedrock",
}
"""Modules with a function `collect`; imported when asked, as their clients are large."""


def collector_of(kind: str) -> Collector:
    """The collector of a kind of registry."""
    found: Collector = import_module(COLLECTORS[kind]).collect
    return found
