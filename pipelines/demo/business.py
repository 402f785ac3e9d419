"""What the shop sold: orders and their value by day, for the whole shop and for each country's."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from pipelines.demo import shop
from pipelines.demo.traffic import TENANTS, mix

FIELDS: Final = ("date", "unit", "quantity", "tenant")
ORDERS_A_DAY: Final = 3_000
"""Of the largest country; the others have two thirds and half of that."""
BASKET_CENTS: Final = 4_850


def sales() -> Iterator[tuple[str, str, str, str]]:
    """One row per day, unit and country, and one for all of them: orders, and GMV in USD."""
    day: datetime = shop.QUARTER_START
    while day < shop.QUARTER_END:
        total_orders, total_cents = 0, 0
        number = (day - shop.QUARTER_START).days
        for place, tenant in enumerate(TENANTS):
            chance = mix(number, place)
            orders = ORDERS_A_DAY * 2 // (place + 2) + chance % 301
            cents = orders * (BASKET_CENTS + chance % 500)
            total_orders, total_cents = total_orders + orders, total_cents + cents
            yield from _rows(day, orders, cents, tenant)
        yield from _rows(day, total_orders, total_cents, "")
        day += timedelta(days=1)


def _rows(
    day: datetime, orders: int, cents: int, tenant: str
) -> Iterator[tuple[str, str, str, str]]:
    yield f"{day:%Y-%m-%d}", "orders", str(orders), tenant
    yield f"{day:%Y-%m-%d}", "GMV USD", f"{cents // 100}.{cents % 100:02}", tenant
