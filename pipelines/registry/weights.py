"""How much work a token of each version is: prefill is not decode, and 70B are not 7B.

Weights are relative: of versions that share a machine, the catalogue should state them in one unit.
"""

from collections.abc import Iterator
from typing import Any

from pipelines.registry.catalogue import Catalogue
from pipelines.settings import TokenWeights

WEIGHT_COLUMNS = {
    "model": "VARCHAR",
    "model_version": "VARCHAR",
    "input_weight": "BIGINT",
    "cache_weight": "BIGINT",
    "output_weight": "BIGINT",
}


def thousandths(weights: TokenWeights) -> dict[str, int]:
    """Weights in thousandths of one token's work."""
    return {
        "input_weight": int(weights.input * 1000),
        "cache_weight": int(weights.input_cache_read * 1000),
        "output_weight": int(weights.output * 1000),
    }


def weight_rows(catalogue: Catalogue) -> Iterator[dict[str, Any]]:
    """The versions whose weights the catalogue states."""
    for model in catalogue.models:
        for version in model.versions:
            if version.token_weights:
                yield {
                    "model": model.name,
                    "model_version": version.version,
                    **thousandths(version.token_weights),
                }
