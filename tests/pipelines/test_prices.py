"""Dated price books: three kinds of file, and what a request costs by them, exactly."""

import gzip
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

import duckdb
import polars as pl
import pytest
from inference_logs import local, record, write_jsonl

from pipelines.errors import SettingsInvalid
from pipelines.inference.sources import LogInput
from pipelines.inference.usage import read_usage
from pipelines.prices.genai_book import read_genai_prices
from pipelines.prices.litellm_book import read_litellm
from pipelines.prices.own_book import read_own_prices
from pipelines.prices.pricing import Prices, price_records
from pipelines.prices.token_prices import TokenPrice

D = Decimal
COLUMNS = ("provider", "model", "tier", "class", "price_per_million", "currency", "valid_from")
HEADER = ",".join([*COLUMNS, "valid_until", "above_input_tokens"]) + "\n"
O3 = HEADER + (
    "openai,o3,,input,10,USD,,2025-06-10,\n"
    "openai,o3,,input_cache_read,0.5,USD,,2025-06-10,\n"
    "openai,o3,,output,40,USD,,2025-06-10,\n"
    "OpenAI,O3,,input,2,usd,2025-06-10,,\n"
    "openai,o3,,input_cache_read,0.5,USD,2025-06-10,,\n"
    "openai,o3,,output,8,USD,2025-06-10,,\n"
    "openai,o3,batch,input,1,USD,2025-06-10,,\n"
    "openai,o3,batch,output,4,USD,2025-06-10,,\n"
    "gcp,long,,input,1,USD,,,\n"
    "gcp,long,,output,3,USD,,,\n"
    "gcp,long,,input,2,USD,,,200000\n"
    "gcp,long,,output,6,USD,,,200000\n"
)
LONG = {"provider": "gcp", "model": "long"}
RECORD = {
    **dict.fromkeys(("provider", "model", "model_version", "service_tier", "problem"), pl.String),
    **{"is_batch": pl.Boolean, "gateway_cache_hit": pl.Boolean, "started_at": pl.Datetime("us")},
    **{"input_tokens": pl.Int64, "input_tokens_cache_read": pl.Int64, "output_tokens": pl.Int64},
    **{"input_tokens_cache_write": pl.Int64, "output_tokens_reasoning": pl.Int64},
}


def cost(book: list[TokenPrice], **logged: Any) -> Decimal | None:
    told = {"provider": "openai", "model": "o3", "started_at": datetime(2025, 12, 1)}
    row = {"is_batch": False, "gateway_cache_hit": False} | told | logged
    with duckdb.connect() as con, NamedTemporaryFile(suffix=".parquet") as file:
        pl.DataFrame([row], schema=RECORD).write_parquet(file.name)
        con.read_parquet(file.name).create_view("unpriced_records")
        price_records(con, Prices([book]))
        [(found, currency)] = con.sql("SELECT list_cost, list_currency FROM log_records").fetchall()
    assert currency == ("USD" if found is not None else currency)
    return found


@pytest.mark.parametrize(
    ("at", "exact"),
    [
        (datetime(2025, 5, 1), "0.0121"),
        (datetime(2025, 6, 9, 23, 59, 59), "0.0121"),
        (datetime(2025, 6, 10), "0.0025"),
    ],
)
def test_a_request_costs_what_was_listed_when_it_started(at: datetime, exact: str) -> None:
    tokens = {"input_tokens": 1000, "input_tokens_cache_read": 200, "output_tokens": 100}
    assert cost(read_own_prices(O3, "own.csv"), started_at=at, **tokens) == D(exact)


@pytest.mark.parametrize(
    ("logged", "exact"),
    [
        ({"is_batch": True, "input_tokens": 10}, "0.00001"),
        ({"service_tier": "default", "input_tokens": 10}, "0.00002"),
        ({"service_tier": "flex", "input_tokens": 10}, None),
        ({"output_tokens": 10, "output_tokens_reasoning": 4}, "0.00008"),
        ({"input_tokens": 10, "input_tokens_cache_write": 1}, None),
        ({"input_tokens": 10, "gateway_cache_hit": True}, None),
        ({"input_tokens": 0, "output_tokens": 0}, "0"),
        ({}, None),
        ({"provider": "azure", "input_tokens": 1}, None),
        ({"model": "o4", "input_tokens": 1}, None),
        ({"model": "o", "model_version": "3", "input_tokens": 1}, None),
        (LONG | {"model": "LONG", "input_tokens": 200_000}, "0.2"),
        (LONG | {"input_tokens": 200_001}, "0.400002"),
        (
            {"provider": "gcp", "model": "long", "input_tokens": 200_001, "output_tokens": 1},
            "0.400008",
        ),
    ],
)
def test_tier_class_and_size_have_their_own_price_or_none(logged, exact) -> None:
    wanted = None if exact is None else D(exact)
    assert cost(read_own_prices(O3, "own.csv"), **logged) == wanted


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("openai,o3,,inputs,1,USD,,,", "line 2: class 'inputs' is none of input, "),
        ("openai,o3,,input,one,USD,,,", "line 2: 'one' is no price"),
        ("openai,o3,,input,-1,USD,,,", "line 2: '-1' is no price"),
        ("openai,o3,,input,NaN,USD,,,", "line 2: 'NaN' is no price"),
        ("openai,o3,,input,1,DOLLAR,,,", "line 2: currency 'DOLLAR' is none of ISO 4217"),
        ("openai,o3,,input,1,USD,soon,,", "line 2: Invalid isoformat string: 'soon'"),
        (
            "openai,o3,,input,1,USD,2026-02-01,2026-01-01,",
            "line 2: runs backwards: from 2026-02-01",
        ),
        ("openai,o3,,input,1,USD,,,many", "line 2: above_input_tokens 'many' is no whole number"),
        ("a,b,,input,1,USD,,,\na,b,,input,2,USD,,,", "line 3: this price is given twice"),
    ],
)
def test_a_wrong_price_is_told_by_its_line(line: str, problem: str) -> None:
    with pytest.raises(SettingsInvalid, match=r"own\.csv") as found:
        read_own_prices(HEADER + line + "\n", "own.csv")
    assert problem in str(found.value)


def test_a_book_of_another_kind_is_refused() -> None:
    with pytest.raises(SettingsInvalid, match="it has no column price_per_million"):
        read_own_prices("provider,model,class,currency\n", "own.csv")
    with pytest.raises(SettingsInvalid, match="it has no column output_mtok"):
        read_genai_prices("provider,model,input_mtok\n", "genai.csv")
    with pytest.raises(SettingsInvalid, match="no model in it names a litellm_provider"):
        read_litellm("{}", "litellm.json")


def read_gz(shared_data: Path, name: str) -> str:
    with gzip.open(shared_data / "prices" / name, "rt", encoding="utf-8") as file:
        return file.read()


def test_litellms_file_prices_tiers_sizes_and_nothing_at_zero(shared_data: Path) -> None:
    book = read_litellm(
        read_gz(shared_data, "litellm_model_prices_1.109.1.json.gz"), "litellm.json"
    )
    tokens = {"input_tokens": 1000, "input_tokens_cache_read": 200, "output_tokens": 100}
    assert cost(book, **tokens) == D("0.0025")
    assert cost(book, service_tier="priority", input_tokens=1_000_000) == D("3.5")
    profile = {"provider": "aws", "model": "eu.anthropic.claude-sonnet-4-6", "input_tokens": 1000}
    assert cost(book, **profile) == D("0.0033")
    assert all(price.prices and all(price.prices.values()) for price in book)
    assert not [price for price in book if price.model.startswith("sagemaker")]
    long = {"provider": "gcp", "model": "gemini-2.5-pro", "output_tokens": 0}
    assert cost(book, **long, input_tokens=200_000) == D("0.25")
    assert cost(book, **long, input_tokens=200_001) == D("0.5000025")


def test_the_genai_list_prices_by_date(shared_data: Path) -> None:
    book = read_genai_prices(read_gz(shared_data, "genai_prices_0.2.3.csv.gz"), "genai.csv")
    tokens = {"input_tokens": 1000, "input_tokens_cache_read": 200, "output_tokens": 100}
    assert cost(book, started_at=datetime(2025, 5, 1), **tokens) == D("0.0121")
    assert cost(book, **tokens) == D("0.0025")
    flex = {"service_tier": "flex", "input_tokens": 1_000_000}
    assert cost(book, started_at=datetime(2026, 10, 11), **flex) is None
    assert cost(book, started_at=datetime(2026, 10, 12), **flex) == D(1)


def test_the_first_book_that_has_the_price_counts() -> None:
    ours = read_own_prices(HEADER + "openai,o3,,input,1,USD,,,\n", "ours.csv")
    prices = Prices([ours, read_own_prices(O3, "list.csv")])
    assert len(prices.of("openai", "o3", "", "", is_batch=False)) == 1
    assert len(prices.of("openai", "o3", "", "", is_batch=True)) == 1
    assert len(prices.of("OpenAI ", " O3", "2025-04-16", "auto", is_batch=False)) == 1


def test_a_months_usage_says_what_its_tokens_list_at_and_how_many_have_a_price(
    tmp_path: Path,
) -> None:
    calls = [
        record(provider="openai", model="o3", input_tokens=100, reported_cost=0.0002),
        record(
            provider="openai", model="o3", input_tokens=50, sample_rate=0.5, reported_cost="1e-4"
        ),
        record(provider="openai", model="o3", status="timeout"),
        record(provider="openai", model="unheard-of", input_tokens=7),
    ]
    path = write_jsonl(tmp_path / "log.jsonl", calls)
    source = LogInput("gateway", None, (), [local(path, tmp_path)])
    window = (datetime(2026, 9, 1), datetime(2026, 10, 1))
    with duckdb.connect() as con:
        prices = Prices([read_own_prices(O3, "own.csv")])
        tables = read_usage(con, [source], "2026-09", window, tmp_path / "work", prices)
    usage = pl.read_parquet(tables.usage)
    columns = (
        "model",
        "list_currency",
        "list_cost",
        "reported_cost",
        "requests",
        "requests_priced",
    )
    assert sorted(usage.select(columns).rows(), key=repr) == [
        ("o3", "", None, None, 1, 0),
        ("o3", "USD", D("0.0004"), D("0.0004"), 3, 3),
        ("unheard-of", "", None, None, 1, 0),
    ]
