"""Which module reads which kind of registry: the one list of them."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from pipelines.registry.facts import Facts
from pipelines.registry.snapshots import Snapshot
from pipelines.registry.sources import bedrock, huggingface, mlflow, sagemaker

Reader = Callable[[Sequence[Snapshot]], Facts]
"""Facts of one registry from its snapshots, oldest first; never empty."""

READERS: Final[Mapping[str, Reader]] = {
    "bedrock": bedrock.facts,
    "huggingface": huggingface.facts,
    "mlflow": mlflow.facts,
    "sagemaker": sagemaker.facts,
}


def facts_of(snapshots: Sequence[Snapshot]) -> Facts:
    """What the snapshots of one registry tell, by the kind of the newest."""
    newest = snapshots[-1]
    kind = [snapshot for snapshot in snapshots if snapshot.kind == newest.kind]
    reader = READERS.get(newest.kind)
    if reader is None:
        problem = f"nothing reads snapshots of kind {newest.kind!r}: they were left out"
        return Facts(newest.registry, warnings=(problem,))
    return reader(kind)
