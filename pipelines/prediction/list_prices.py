"""What one unit of a bill costs by list: of a machine's hours, or of a model's tokens.

A price is the one that a dated book has on the first instant of the month. Tokens are priced where
the formula tells their class; a price that depends on the size of the requests is none here.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from typing import Final

from pipelines.formulas.formula import Formula
from pipelines.money import as_decimal, plain
from pipelines.months import month_bounds
from pipelines.prediction.bill_units import BillUnit, hours_of, in_bill_unit
from pipelines.prices.machine_prices import MachinePrices, NoPrice
from pipelines.prices.pricing import NO_PRICES, Prices
from pipelines.prices.token_prices import UNLIMITED, TokenPrice
from pipelines.registry.catalogue import EVER, FormulaUse
from pipelines.usage.classes import BilledText, counted

CLASSES: Final[Mapping[str, str]] = {
    "uncached_input_tokens": "input",
    "cached_tokens": "input_cache_read",
    "cache_write_tokens": "input_cache_write",
    "output_tokens": "output",
}
"""What logs measure, and the class of a book's price."""


@dataclass(frozen=True)
class ListPrices:
    """The books of the settings."""

    machines: MachinePrices = field(default_factory=MachinePrices)
    tokens: Prices = NO_PRICES


@dataclass(frozen=True)
class ListPrice:
    """The price of one unit of the bill, and where it was read."""

    amount: Decimal
    said: str


def list_price(
    use: FormulaUse, formula: Formula, billed: BillUnit, month: str, prices: ListPrices
) -> ListPrice:
    """The list price of a unit of what a catalogue's formula counts.

    98.32 USD an hour of p5.48xlarge; 15.00 USD per 1M output tokens are 0.015 per 1K tokens.

    Raises:
        ValueError: there is none; says why.
    """
    start, _ = month_bounds(month)
    if use.machine:
        found = prices.machines.at(
            use.provider, use.region, use.machine, start, currency=use.currency
        )
        if isinstance(found, NoPrice):
            raise ValueError(found.reason)
        return ListPrice(as_decimal(Fraction(found.price) * hours_of(billed)), found.said)
    if not prices.tokens or formula.unit != "tokens":
        message = f"no price: give {use.formula} `price`, or `machine` for that of a price book"
        raise ValueError(message)
    unit_class = _class_of(formula)
    found_price, per_token = _token_price(use, unit_class, billed, start, prices.tokens)
    tokens = 1 / in_bill_unit(Fraction(1), "tokens", billed, month).quantity
    since = "" if found_price.valid_from == EVER else f" from {found_price.valid_from:%Y-%m-%d}"
    said = (
        f"{found_price.model} of {found_price.provider}: {plain(per_token * 10**6)} "
        f"{found_price.currency} per 1M {unit_class} tokens{since}"
    )
    book = f", price book {found_price.book}" if found_price.book else ""
    return ListPrice(as_decimal(Fraction(per_token) * tokens), said + book)


def _class_of(formula: Formula) -> str:
    """The class of the tokens that a formula counts.

    Raises:
        ValueError: it may be any.
    """
    classes = {CLASSES.get(symbol.measured) for symbol in formula.symbols if symbol.measured}
    found = classes.pop() if len(classes) == 1 else None
    if found is None and formula.name == "uncached_tokens":
        found = "input"
    if found is None:
        message = f"no price: the class of the tokens of {formula.name} is not told, give `price`"
        raise ValueError(message)
    return found


def _token_price(
    use: FormulaUse, unit_class: str, billed: BillUnit, when: datetime, prices: Prices
) -> tuple[TokenPrice, Decimal]:
    text = BilledText(provider=use.provider, usage_type=use.usage_type, unit=billed.text)
    is_batch = counted(text).is_batch
    what = f"{use.version} of {use.provider or 'no provider'}"
    # the provider's model id is the version of a managed API
    listed = prices.of(use.provider, use.version, "", "", is_batch=is_batch) or prices.of(
        use.provider, use.model, use.version, "", is_batch=is_batch
    )
    if not listed:
        batch = " in batch" if is_batch else ""
        message = f"no price: no price book lists {what}{batch}"
        raise ValueError(message)
    in_currency = [price for price in listed if price.currency == use.currency]
    if not in_currency:
        told = " and ".join(sorted({price.currency for price in listed}))
        message = f"price books have {what} in {told}, not in {use.currency}"
        raise ValueError(message)
    then = [price for price in in_currency if price.valid_from <= when < price.valid_until]
    if not then:
        message = f"price books have no price of {what} on {when:%Y-%m-%d}"
        raise ValueError(message)
    if len(then) > 1 or then[0].above_input_tokens or then[0].up_to_input_tokens != UNLIMITED:
        message = f"what {what} costs depends on the size of its requests: give `price`"
        raise ValueError(message)
    amount = then[0].prices.get(unit_class)
    if amount is None:
        message = f"price books have no price of {unit_class} tokens of {what}"
        raise ValueError(message)
    return then[0], amount
