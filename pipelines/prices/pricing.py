"""Logged tokens times listed prices, record by record: exact, dated, and nothing priced by a guess.

The name a log has for a model finds its price where the book has that name with the same provider:
`model-version`, `model`, or what Amazon Bedrock's longer names end in. A price holds in [from,
until), for requests of a size; all tokens of a request have its size's price. A request is priced
as a whole or not at all: a class of tokens without a price leaves it unpriced, and it is counted.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import duckdb

from pipelines.prices.token_prices import PRICE_COLUMNS, STANDARD, TokenPrice
from pipelines.queries import load, query, rows_of, sql
from pipelines.registry.bedrock_ids import plain_ids

COST_OF_TOKENS: Final = """
CREATE OR REPLACE TEMP MACRO token_cost(tokens, price) AS
CASE WHEN coalesce(tokens, 0) = 0 THEN 0 ELSE tokens::DECIMAL(18,0) * price END
"""
"""Tokens of a class at their price; NULL for tokens without one."""

STANDARD_TIERS: Final = ("", "auto", "default", "on_demand", "ondemand", "standard")

_NAMES: Final = {
    "logged_provider": "VARCHAR",
    "logged_model": "VARCHAR",
    "logged_version": "VARCHAR",
    "logged_tier": "VARCHAR",
    "is_batch": "BOOLEAN",
}


class Prices:
    """Price books in the order of the settings: the first that has a model, tier and date wins."""

    def __init__(self, books: Sequence[Sequence[TokenPrice]]) -> None:
        self._books: list[dict[tuple[str, str, str], list[TokenPrice]]] = []
        for book in books:
            found: dict[tuple[str, str, str], list[TokenPrice]] = {}
            for price in book:
                found.setdefault((price.provider, price.model, price.tier), []).append(price)
            self._books.append(found)

    def __bool__(self) -> bool:
        return any(self._books)

    def of(
        self, provider: str, model: str, version: str, tier: str, *, is_batch: bool
    ) -> list[TokenPrice]:
        """Every price of what a log calls so; none where no book has it."""
        provider, tier = provider.strip().lower(), tier.strip().lower()
        tier = STANDARD if tier in STANDARD_TIERS else tier
        if is_batch:
            tier = "batch"
        for name in _spellings(model.strip().lower(), version.strip().lower()):
            for book in self._books:
                if found := book.get((provider, name, tier)):
                    return found
        return []


NO_PRICES: Final = Prices(())


def _spellings(model: str, version: str) -> Iterator[str]:
    if version:
        yield from (f"{model}-{version}", f"{model}@{version}", f"{model}:{version}")
    yield model
    yield from plain_ids(model)


def price_records(con: duckdb.DuckDBPyConnection, prices: Prices) -> None:
    """Define the view `log_records`: `unpriced_records` with `list_cost` and `list_currency`."""
    con.execute(COST_OF_TOKENS)
    if not prices:
        con.execute(
            "CREATE OR REPLACE TEMP VIEW log_records AS SELECT *, "
            "NULL::DECIMAL(38,18) AS list_cost, NULL::VARCHAR AS list_currency "
            "FROM unpriced_records"
        )
        return
    logged = rows_of(query(con, "prices/logged_names"))
    load(con, "logged_prices", _NAMES | PRICE_COLUMNS, _rows(prices, logged))
    con.execute(f"CREATE OR REPLACE TEMP VIEW log_records AS {sql('prices/priced_records')}")


def _rows(prices: Prices, logged: Sequence[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    for name in logged:
        for price in prices.of(
            name["logged_provider"],
            name["logged_model"],
            name["logged_version"],
            name["logged_tier"],
            is_batch=name["is_batch"],
        ):
            yield {**name, **price.row()}
