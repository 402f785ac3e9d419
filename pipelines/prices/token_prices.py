"""A price book's rows: what a token of each class costs with a provider, from when until when.

Belongs here: the row, its rounding and the checks that hold for every book. The modules beside this
one read the kinds of file there are.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation
from itertools import pairwise
from typing import Any, Final

from pipelines.errors import SettingsInvalid
from pipelines.money import EXACT
from pipelines.registry.catalogue import EVER, FOREVER

CLASSES: Final = (
    "input",
    "input_cache_read",
    "input_cache_write",
    "output",
    "output_reasoning",
)
"""Classes of tokens with a price of their own. `input` and `output` are the rest: input that is
neither read from nor written to a cache, output that is no reasoning."""

STANDARD: Final = "standard"
UNLIMITED: Final = 2**62
ONE_UNIT: Final = Decimal("1e-15")
"""Prices are kept per token to 1e-15 of the currency, a billionth of a cent per thousand tokens."""

PRICE_COLUMNS: Final = {
    "provider": "VARCHAR",
    "model": "VARCHAR",
    "tier": "VARCHAR",
    "above_input_tokens": "BIGINT",
    "up_to_input_tokens": "BIGINT",
    "currency": "VARCHAR",
    "valid_from": "TIMESTAMP",
    "valid_until": "TIMESTAMP",
    **dict.fromkeys(CLASSES, "DECIMAL(18,15)"),
    "book": "VARCHAR",
}


@dataclass(frozen=True)
class TokenPrice:
    """Prices per token of one model, tier and size of request. None: the book has no such price.

    A request's own input tokens decide: `above_input_tokens` (exclusive) to `up_to_input_tokens`
    (inclusive); all its tokens then have this price. `valid_until` is exclusive. `provider`,
    `model` and `tier` are in lower case; `standard` is the tier of a request that names none.
    """

    provider: str
    model: str
    tier: str
    prices: dict[str, Decimal]
    currency: str = "USD"
    above_input_tokens: int = 0
    up_to_input_tokens: int = UNLIMITED
    valid_from: datetime = EVER
    valid_until: datetime = FOREVER
    book: str = ""

    def row(self) -> dict[str, Any]:
        """As `PRICE_COLUMNS`."""
        return {
            **{name: getattr(self, name) for name in PRICE_COLUMNS if name not in CLASSES},
            **{name: self.prices.get(name) for name in CLASSES},
        }


def per_token(text: str | Decimal, per: int = 1) -> Decimal:
    """A price per `per` tokens as one per token, rounded half to even to 1e-15.

    Raises:
        ValueError: not a number, or negative.
    """
    try:
        price = Decimal(text)
    except InvalidOperation:
        price = Decimal("NaN")
    if not price.is_finite() or price < 0:
        message = f"{str(text)!r} is no price"
        raise ValueError(message)
    return EXACT.divide(price, Decimal(per)).quantize(ONE_UNIT, ROUND_HALF_EVEN, EXACT)


def in_order(prices: Iterable[TokenPrice], file: str) -> list[TokenPrice]:
    """The rows of one book with their ends: a price holds until the next one of its key begins.

    Of sizes each ends where the next begins. A row that says its own end keeps it.

    Raises:
        SettingsInvalid: two prices of one key for one time.
    """
    keyed: dict[tuple[str, str, str], list[TokenPrice]] = defaultdict(list)
    for price in prices:
        keyed[price.provider, price.model, price.tier].append(price)
    found, problems = [], []
    for key, rows in sorted(keyed.items()):
        for dated in _dated(rows):
            sizes = sorted(dated, key=lambda price: price.above_input_tokens)
            doubled = [
                one
                for one, two in pairwise(sizes)
                if one.above_input_tokens == two.above_input_tokens
            ]
            problems += [
                f"{' '.join(key)}: two prices from {one.valid_from:%Y-%m-%d} for more than "
                f"{one.above_input_tokens} input tokens"
                for one in doubled
            ]
            ends = [price.above_input_tokens for price in sizes[1:]] + [UNLIMITED]
            found += [
                replace(price, up_to_input_tokens=end)
                for price, end in zip(sizes, ends, strict=True)
            ]
    if problems:
        raise SettingsInvalid(file, problems)
    return found


def _dated(rows: Sequence[TokenPrice]) -> Iterator[list[TokenPrice]]:
    """Rows by the instant they begin, each ending at the latest where the next ones begin."""
    starts = sorted({row.valid_from for row in rows})
    for start, end in zip(starts, [*starts[1:], FOREVER], strict=True):
        yield [
            replace(row, valid_until=min(row.valid_until, end))
            for row in rows
            if row.valid_from == start
        ]
