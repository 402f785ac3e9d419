"""The user's own book of machine prices: a CSV with one price a line.

    provider,region,machine,price,currency,per,valid_from,valid_until,source
    aws,us-east-1,p5.48xlarge,55.04,USD,hour,2025-06-23,,price page of 2025-06-23
    own,,dgx-h100,21.50,EUR,hour,2026-01-01,2027-01-01,calculation of depreciation and power

`provider`, `machine`, `price` and `currency` are needed. An empty `region` is every region, an
empty `valid_from` the book's `from` in the settings. Dates are their first instant in UTC;
`valid_until` is exclusive, an empty one means still so. `per` is hour, minute or second. A column
`purchase` tells `spot` from `on_demand`.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Final

from pipelines.billing.currencies import is_currency
from pipelines.errors import SettingsInvalid
from pipelines.money import EXACT
from pipelines.prices.csv_rows import rows_of_csv
from pipelines.prices.machine_prices import (
    ON_DEMAND,
    MachinePrice,
    Purchase,
    in_order,
    price_of,
    region_key,
)
from pipelines.registry.catalogue import FOREVER
from pipelines.usage.providers import provider_word

_NEEDED: Final = ("provider", "machine", "price", "currency")
_A_HOUR_HAS: Final = {"": 1, "hour": 1, "minute": 60, "second": 3600}
"""Units whose price times a whole number is the hour's, so that it stays exact."""

_PURCHASES: Final[dict[str, Purchase]] = {"": ON_DEMAND, "on_demand": ON_DEMAND, "spot": "spot"}


def read_machines(
    text: str, file: str, book: str = "", since: datetime | None = None
) -> list[MachinePrice]:
    """The prices in the text of the CSV; `since` is when undated ones begin to hold.

    Raises:
        SettingsInvalid: a column is missing, a cell is wrong, or one price is given twice; names
            the line.
    """
    prices, problems = [], []
    for line, row in rows_of_csv(text, file, _NEEDED):
        try:
            prices.append(_price(row, f"line {line}", book, since))
        except ValueError as error:
            problems.append(f"line {line}: {error}")
    if problems:
        raise SettingsInvalid(file, problems)
    return in_order(prices, file)


def _price(row: Mapping[str, str], line: str, book: str, since: datetime | None) -> MachinePrice:
    if not row["provider"] or not row["machine"]:
        message = "provider and machine must be named"
        raise ValueError(message)
    currency = row["currency"].upper()
    if not is_currency(currency):
        message = f"currency {currency!r} is none of ISO 4217"
        raise ValueError(message)
    per = row.get("per", "").lower()
    if per not in _A_HOUR_HAS:
        message = f"per {per!r} is none of hour, minute, second"
        raise ValueError(message)
    purchase = _PURCHASES.get(row.get("purchase", "").lower())
    if purchase is None:
        message = f"purchase {row['purchase']!r} is none of on_demand, spot"
        raise ValueError(message)
    start, end = _day(row, "valid_from") or since, _day(row, "valid_until") or FOREVER
    if start is not None and end <= start:
        message = f"runs backwards: from {start:%Y-%m-%d} until {end:%Y-%m-%d}"
        raise ValueError(message)
    cited = f" ({row['source']})" if row.get("source") else ""
    return MachinePrice(
        provider=provider_word(row["provider"]),
        region=region_key(row.get("region", "")),
        machine=row["machine"],
        price=EXACT.multiply(price_of(row["price"]), Decimal(_A_HOUR_HAS[per])),
        currency=currency,
        valid_from=start,
        valid_until=end,
        purchase=purchase,
        book=book,
        source=f"{line}{cited}",
    )


def _day(row: Mapping[str, str], column: str) -> datetime | None:
    text = row.get(column)
    if not text:
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        message = f"{column} {text!r} is no date written as 2026-09-01"
        raise ValueError(message) from error
    return at.astimezone(UTC).replace(tzinfo=None) if at.tzinfo else at
