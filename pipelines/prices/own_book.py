"""The user's own price book: a CSV with one price a line, as a contract or a price page has it.

    provider,model,tier,class,price_per_million,currency,valid_from,valid_until,above_input_tokens
    openai,o3,,input,10,USD,,2025-06-10,
    openai,o3,,input,2,USD,2025-06-10,,
    openai,o3,batch,input,1,USD,2025-06-10,,

`class` is one of input, input_cache_read, input_cache_write, output, output_reasoning. Dates are
their first instant in UTC; an empty one means always, or still so; `valid_until` is exclusive.
"""

import csv
import io
from collections import defaultdict
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal

from pipelines.billing.currencies import is_currency
from pipelines.errors import SettingsInvalid
from pipelines.prices.token_prices import CLASSES, STANDARD, TokenPrice, in_order, per_token
from pipelines.registry.catalogue import EVER, FOREVER

_NEEDED = ("provider", "model", "class", "price_per_million", "currency")
_Key = tuple[str, str, str, str, int, datetime, datetime]


def read_own_prices(text: str, file: str) -> list[TokenPrice]:
    """The prices in the text of the CSV.

    Raises:
        SettingsInvalid: a column is missing, a cell is wrong, or one price is given twice; names
            the line.
    """
    rows = csv.DictReader(io.StringIO(text))
    missing = [name for name in _NEEDED if name not in (rows.fieldnames or ())]
    if missing:
        raise SettingsInvalid(file, [f"it has no column {name}" for name in missing])
    found: dict[_Key, dict[str, Decimal]] = defaultdict(dict)
    problems = []
    for line, row in enumerate(rows, start=2):
        try:
            key, name, price = _price(row)
        except ValueError as error:
            problems.append(f"line {line}: {error}")
            continue
        if name in found[key]:
            problems.append(f"line {line}: this price is given twice")
        found[key][name] = price
    if problems:
        raise SettingsInvalid(file, problems)
    return in_order(
        (
            TokenPrice(
                provider, model, tier, prices, currency, above, valid_from=start, valid_until=end
            )
            for (provider, model, tier, currency, above, start, end), prices in found.items()
        ),
        file,
    )


def _price(row: Mapping[str, str | None]) -> tuple[_Key, str, Decimal]:
    cells = {name: (value or "").strip() for name, value in row.items() if name}
    name = cells["class"].lower()
    if name not in CLASSES:
        message = f"class {name!r} is none of {', '.join(CLASSES)}"
        raise ValueError(message)
    currency = cells["currency"].upper()
    if not is_currency(currency):
        message = f"currency {currency!r} is none of ISO 4217"
        raise ValueError(message)
    start, end = _day(cells.get("valid_from"), EVER), _day(cells.get("valid_until"), FOREVER)
    if end <= start:
        message = f"runs backwards: from {start:%Y-%m-%d} until {end:%Y-%m-%d}"
        raise ValueError(message)
    above = cells.get("above_input_tokens") or "0"
    if not above.isdecimal():
        message = f"above_input_tokens {above!r} is no whole number"
        raise ValueError(message)
    tier = (cells.get("tier") or STANDARD).lower()
    key = (cells["provider"].lower(), cells["model"].lower(), tier, currency, int(above))
    return (*key, start, end), name, per_token(cells["price_per_million"], 1_000_000)


def _day(text: str | None, absent: datetime) -> datetime:
    if not text:
        return absent
    at = datetime.fromisoformat(text)
    return at.astimezone(UTC).replace(tzinfo=None) if at.tzinfo else at
