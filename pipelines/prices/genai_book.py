"""The genai-prices list as a flat CSV: one row per model, variant and date, USD per million tokens.

Columns `provider, model, variant, start_date, time_of_day, input_mtok, output_mtok,
cache_read_mtok, cache_write_mtok, output_reasoning_mtok`. A cell is a number, or
`{"base": "5", "tiers": [[200000, "10"]]}` where requests with more input have another price. A
`variant` is a condition as JSON; a price of a service tier, of batch processing or of a speed is
kept as that tier, others are left out, as are prices of some hours of the day.
"""

import csv
import io
import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Final

from pipelines.errors import SettingsInvalid
from pipelines.prices.token_prices import STANDARD, TokenPrice, in_order, per_token
from pipelines.registry.catalogue import EVER

_CLASSES: Final = {
    "input_mtok": "input",
    "cache_read_mtok": "input_cache_read",
    "cache_write_mtok": "input_cache_write",
    "output_mtok": "output",
    "output_reasoning_mtok": "output_reasoning",
}
_TIER_KEYS: Final = ("service_tier", "processing", "speed")
PROVIDERS: Final = {"x-ai": "xai", "google": "gcp"}
MILLION: Final = 1_000_000


def read_genai_prices(text: str, file: str) -> list[TokenPrice]:
    """The token prices in the text of the CSV.

    Raises:
        SettingsInvalid: a column is missing, or a cell is no price; names line and column.
    """
    rows = csv.DictReader(io.StringIO(text))
    missing = {"provider", "model", "input_mtok", "output_mtok"} - set(rows.fieldnames or ())
    if missing:
        raise SettingsInvalid(file, [f"it has no column {name}" for name in sorted(missing)])
    prices: list[TokenPrice] = []
    problems: list[str] = []
    for line, row in enumerate(rows, start=2):
        try:
            prices += _prices_of(row)
        except (ValueError, TypeError, KeyError) as error:
            problems.append(f"line {line}: {error}")
    if problems:
        raise SettingsInvalid(file, problems)
    return in_order(prices, file)


def _prices_of(row: Mapping[str, str]) -> Iterator[TokenPrice]:
    tier = _tier(row.get("variant") or "")
    if tier is None or row.get("time_of_day"):
        return
    start = EVER
    if row.get("start_date"):
        start = datetime.fromisoformat(row["start_date"]).replace(tzinfo=UTC).replace(tzinfo=None)
    by_size: dict[int, dict[str, Decimal]] = defaultdict(dict)
    for column, name in _CLASSES.items():
        cell = row.get(column) or ""
        for above, price in _sizes(cell):
            by_size[above][name] = per_token(price, MILLION)
    whole = by_size.get(0, {})
    for above, prices in by_size.items():
        if whole:
            yield TokenPrice(
                provider=PROVIDERS.get(row["provider"], row["provider"]).lower(),
                model=row["model"].lower(),
                tier=tier,
                prices=whole | prices,
                above_input_tokens=above,
                valid_from=start,
            )


def _tier(variant: str) -> str | None:
    """The tier a variant stands for; None for a condition that no log tells."""
    condition = json.loads(variant) if variant else {}
    if not condition:
        return STANDARD
    [(key, value)] = condition.items()
    if key not in _TIER_KEYS:
        return None
    return STANDARD if value == "default" else str(value).lower()


def _sizes(cell: str) -> Iterator[tuple[int, str]]:
    if not cell:
        return
    if not cell.startswith("{"):
        yield 0, cell
        return
    form = json.loads(cell)
    yield 0, str(form["base"])
    for above, price in form["tiers"]:
        yield int(above), str(price)
