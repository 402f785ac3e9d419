"""The queries that price logged tokens, on a few records."""

from datetime import datetime
from decimal import Decimal

import duckdb
from sql_tables import COUNT, FLAG, INSTANT, TEXT, select, table

from pipelines.prices.own_book import read_own_prices
from pipelines.prices.pricing import COST_OF_TOKENS, PRICE_COLUMNS

RECORD = {
    **dict.fromkeys(("provider", "model", "model_version", "service_tier", "problem"), TEXT),
    **{"is_batch": FLAG, "gateway_cache_hit": FLAG, "started_at": INSTANT},
    **dict.fromkeys(("input_tokens", "input_tokens_cache_read", "input_tokens_cache_write"), COUNT),
    **dict.fromkeys(("output_tokens", "output_tokens_reasoning"), COUNT),
}
BOOK = "provider,model,class,price_per_million,currency\nopenai,o3,input,1,USD\n"


def test_names_are_asked_for_once_and_prices_joined_by_them() -> None:
    with duckdb.connect() as con:
        row = {"provider": "openai", "model": "o3", "input_tokens": 5, "is_batch": False}
        row |= {"started_at": datetime(2026, 1, 1), "gateway_cache_hit": False}
        table(con, "unpriced_records", RECORD, row, row, {**row, "problem": "model|missing"})
        names = ("logged_provider", "logged_model", "logged_version", "logged_tier", "is_batch")
        assert select(con, "prices/logged_names", names) == [("openai", "o3", "", "", False)]
        logged = dict(zip(names, ("openai", "o3", "", "", False), strict=True))
        [price] = read_own_prices(BOOK, "own.csv")
        columns = dict.fromkeys(names[:4], TEXT) | {"is_batch": FLAG} | PRICE_COLUMNS
        table(con, "logged_prices", columns, logged | price.row())
        con.execute(COST_OF_TOKENS)
        found = select(con, "prices/priced_records", ["list_cost", "list_currency"])
        assert found == [(Decimal("0.000005"), "USD")] * 3
