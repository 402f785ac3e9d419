"""Token formulas priced by a dated book: class, unit, date and currency must meet."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from pipelines.prediction.list_prices import ListPrices
from pipelines.prediction.physical import physical
from pipelines.prices.pricing import Prices
from pipelines.prices.token_prices import TokenPrice
from pipelines.registry.catalogue import FormulaUse

JULY = datetime(2026, 7, 1)


def priced(**more: Any) -> TokenPrice:
    """Claude 3.5 Sonnet v2, card of 2025-07-20: 3.00 in, 0.30 cache read, 15.00 out per million."""
    known: dict[str, Any] = {
        "provider": "bedrock",
        "model": "claude-3-5-sonnet",
        "tier": "standard",
        "prices": {
            "input": Decimal("0.000003"),
            "input_cache_read": Decimal("0.0000003"),
            "output": Decimal("0.000015"),
        },
        "valid_from": JULY,
        "book": "card",
    }
    return TokenPrice(**known | more)


def term(*book: TokenPrice, formula: str = "billed_output_tokens", **more: Any) -> dict[str, Any]:
    known = {
        "as_of": datetime(2026, 6, 1, tzinfo=UTC),
        "first_month": "2026-06",
        "last_month": "2026-12",
        "model": "support-chat",
        "version": "claude-3-5-sonnet",
        "provider": "bedrock",
        "formula": formula,
        "unit": "1K tokens",
        "inputs": {"tokens": "2M tokens"},
    }
    use = FormulaUse.model_validate(known | more)
    [row] = physical([use], "2026-09", ListPrices(tokens=Prices([book]))).to_dicts()
    return row


@pytest.mark.parametrize(
    ("formula", "unit", "price", "cost"),
    [
        ("billed_input_tokens", "1K tokens", "0.003", 6),
        ("billed_cached_tokens", "1K tokens", "0.0003", "0.6"),
        ("billed_output_tokens", "1K tokens", "0.015", 30),
        ("billed_output_tokens", "1M tokens", "15", 30),
    ],
)
def test_each_class_has_its_own_price_in_the_bills_unit(formula, unit, price, cost):
    row = term(priced(), formula=formula, unit=unit)
    assert (row["price"], row["predicted_cost"]) == (Decimal(price), Decimal(cost))
    assert (row["list_price"], row["discount"]) == (Decimal(price), 0)


def test_where_a_price_was_read_is_kept():
    told = json.loads(term(priced())["inputs"])["(price)"]
    assert told == {
        "value": "0.015",
        "unit": "USD per 1K tokens",
        "source": "claude-3-5-sonnet of bedrock: 15 USD per 1M output tokens from 2026-07-01, "
        "price book card",
    }


def test_a_price_of_the_catalogue_goes_before_the_books():
    row = term(priced(), price=Decimal("0.01"))
    assert (row["predicted_cost"], row["list_price"]) == (20, None)


def test_a_version_may_be_listed_under_its_models_name_as_well():
    listed = priced(model="support-chat-v2")
    assert term(listed, version="v2")["predicted_cost"] == 30


def test_batch_lines_have_the_price_of_batch():
    half = priced(tier="batch", prices={"output": Decimal("0.0000075")})
    assert term(priced(), half, usage_type="*output-tokens-batch*")["predicted_cost"] == 15


@pytest.mark.parametrize(
    ("book", "more", "reason"),
    [
        ([], {}, "no price: give billed_output_tokens `price`"),
        ([priced()], {"provider": "openai"}, "no price book lists claude-3-5-sonnet of openai"),
        ([priced()], {"usage_type": "*batch*"}, "claude-3-5-sonnet of bedrock in batch"),
        ([priced(currency="EUR")], {}, "in EUR, not in USD"),
        ([priced(valid_from=datetime(2026, 9, 2))], {}, "have no price of claude-3-5-sonnet"),
        ([priced(valid_until=datetime(2026, 9, 1))], {}, "have no price of claude-3-5-sonnet"),
        ([priced(up_to_input_tokens=200_000)], {}, "depends on the size of its requests"),
        ([priced(above_input_tokens=200_000)], {}, "depends on the size of its requests"),
        ([priced(), priced()], {}, "depends on the size of its requests"),
        ([priced(prices={})], {}, "no price of output tokens"),
        (
            [priced()],
            {"formula": "request_tokens", "inputs": {"requests": 1, "tokens_per_request": 1}},
            "the class of the tokens of request_tokens is not told",
        ),
    ],
)
def test_a_price_that_is_not_there_is_said_and_never_zero(book, more, reason):
    row = term(*book, **more)
    assert row["predicted_cost"] is None
    assert reason in row["reason"]
