"""LiteLLM's `model_prices_and_context_window.json` as a price book.

Read of version 1.109.1 of the package: keys name a model, mostly behind its provider's name;
`input_cost_per_token` and its neighbours are USD per token; endings name the tier (`_batches`,
`_flex`, `_priority`) and the size of the request (`_above_200k_tokens`: all tokens of a request
with more input than that). The file has no dates: its prices hold from when the settings say. A
price of 0 is "not priced per token" there, never free, and is left out, as are prices of images,
sound, searches and hours.
"""

import json
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from pipelines.errors import SettingsInvalid
from pipelines.prices.token_prices import STANDARD, TokenPrice, in_order, per_token
from pipelines.registry.catalogue import EVER

_CLASSES: Final = {
    "input_cost_per_token": "input",
    "cache_read_input_token_cost": "input_cache_read",
    "cache_creation_input_token_cost": "input_cache_write",
    "output_cost_per_token": "output",
    "output_cost_per_reasoning_token": "output_reasoning",
}
_FIELD: Final = re.compile(
    rf"(?P<what>{'|'.join(_CLASSES)})(?:_above_(?P<above>\d+)k_tokens)?(?:_(?P<tier>[a-z]+))?"
)
_TIERS: Final = {"batches": "batch"}
_NO_TIERS: Final = {"cache", "hit"}

PROVIDERS: Final = {
    "azure_ai": "azure",
    "azure_text": "azure",
    "bedrock_converse": "aws",
    "bedrock_mantle": "aws",
    "bedrock": "aws",
    "amazon_nova": "aws",
    "dashscope": "alibaba",
    "gemini": "gcp",
    "sagemaker": "aws",
    "text-completion-openai": "openai",
    "vertex_ai": "gcp",
}
"""Where LiteLLM's word for who bills is not ours. What begins with `vertex_ai` is gcp's too."""


def read_litellm(text: str, file: str, valid_from: datetime | None = None) -> list[TokenPrice]:
    """The token prices in the text of LiteLLM's file.

    Raises:
        SettingsInvalid: it is not that file.
    """
    try:
        models = json.loads(text, parse_float=Decimal, parse_int=Decimal)
    except ValueError as error:
        raise SettingsInvalid(file, [f"not JSON: {error}"]) from error
    if not isinstance(models, dict) or not any(
        isinstance(entry, dict) and "litellm_provider" in entry for entry in models.values()
    ):
        raise SettingsInvalid(file, ["no model in it names a litellm_provider"])
    prices = [
        price
        for key, entry in models.items()
        if key != "sample_spec" and isinstance(entry, dict)
        for price in _prices_of(key, entry, valid_from or EVER)
    ]
    return in_order(_once(prices), file)


def _once(prices: list[TokenPrice]) -> Iterator[TokenPrice]:
    """One row where two keys of the file name one model: the first of the file."""
    seen = set()
    for price in prices:
        key = (price.provider, price.model, price.tier, price.above_input_tokens)
        if key not in seen:
            seen.add(key)
            yield price


def _prices_of(key: str, entry: Mapping[str, Any], valid_from: datetime) -> Iterator[TokenPrice]:
    rows: dict[tuple[str, int], dict[str, Decimal]] = defaultdict(dict)
    for field, value in entry.items():
        found = _FIELD.fullmatch(field)
        if found is None or not isinstance(value, Decimal) or not value:
            continue
        if found["tier"] in _NO_TIERS:
            continue
        tier = _TIERS.get(found["tier"] or "", found["tier"]) or STANDARD
        above = int(found["above"] or 0) * 1000
        rows[tier, above][_CLASSES[found["what"]]] = per_token(value)
    for step in entry.get("tiered_pricing") or ():
        priced = {
            name: per_token(step[field])
            for field, name in _CLASSES.items()
            if isinstance(step.get(field), Decimal) and step[field]
        }
        if priced:
            rows[STANDARD, int(step["range"][0])] |= priced
    provider, model = _names(key, str(entry.get("litellm_provider", "")))
    for (tier, above), prices in rows.items():
        whole = {**rows.get((tier, 0), {}), **prices}
        if {"input", "output"} & whole.keys():
            yield TokenPrice(provider, model, tier, whole, "USD", above, valid_from=valid_from)


def _names(key: str, billed_by: str) -> tuple[str, str]:
    provider = PROVIDERS.get(billed_by, billed_by.lower())
    if billed_by.startswith("vertex_ai"):
        provider = "gcp"
    prefix, _, model = key.partition("/")
    is_prefix = model and billed_by.replace("-", "_").startswith(prefix.replace("-", "_"))
    return provider, (model if is_prefix else key).lower()
