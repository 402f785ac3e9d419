"""Rates of exchange: exactly those that were stated."""

from decimal import Decimal

import pytest

from pipelines.errors import SettingsInvalid
from pipelines.prices.fx import FxRates, read_fx_rates

HEADER = "from,to,rate,kind,month,source\n"
STATED = (
    HEADER + "EUR,USD,1.08,budget,2026-09,budget of treasury\n"
    "EUR,USD,1.093217391304347826,month_average,2026-09,ECB\n"
    "EUR,USD,1.10,month_average,2026-11,ECB\n"
)


def rates(*texts: str) -> FxRates:
    return FxRates([read_fx_rates(text, "fx.csv", f"file {n}") for n, text in enumerate(texts)])


def test_a_rate_is_what_was_stated_to_its_last_digit() -> None:
    stated = rates(STATED)
    assert stated.rate("EUR", "USD", "budget", "2026-09") == Decimal("1.08")
    assert stated.rate("EUR", "USD", "month_average", "2026-09") == Decimal("1.093217391304347826")


def test_a_rate_says_where_it_was_read() -> None:
    found = rates(STATED).stated("EUR", "USD", "budget", "2026-09")
    assert found is not None
    assert (found.book, found.source) == ("file 0", "line 2 (budget of treasury)")


def test_one_currency_is_worth_itself_in_any_month() -> None:
    assert rates().rate("USD", "USD", "budget", "1999-01") == 1


def test_the_first_file_that_has_a_rate_counts() -> None:
    other = HEADER + "EUR,USD,1.2,budget,2026-09,\nEUR,USD,1.3,budget,2026-10,\n"
    stated = rates(STATED, other)
    assert stated.rate("EUR", "USD", "budget", "2026-09") == Decimal("1.08")
    assert stated.rate("EUR", "USD", "budget", "2026-10") == Decimal("1.3")


def test_no_rate_is_derived_from_another() -> None:
    stated = rates(STATED)
    assert stated.rate("USD", "EUR", "budget", "2026-09") is None
    assert stated.why_not("USD", "EUR", "budget", "2026-09") == (
        "no budget rate from USD to EUR for 2026-09: the rates have EUR to USD, state the other "
        "direction too"
    )
    assert stated.rate("EUR", "USD", "month_average", "2026-10") is None
    assert stated.why_not("EUR", "USD", "month_average", "2026-10") == (
        "no month_average rate from EUR to USD for 2026-10; the nearest are of 2026-09 and 2026-11"
    )
    assert stated.why_not("EUR", "USD", "invoice", "2026-09") == (
        "no invoice rate from EUR to USD for 2026-09; the rates have budget and month_average"
    )
    assert stated.why_not("GBP", "USD", "budget", "2026-09") == (
        "no budget rate from GBP to USD for 2026-09: the rates have none from GBP to USD"
    )
    assert rates().why_not("GBP", "USD", "budget", "2026-09") == (
        "no budget rate from GBP to USD for 2026-09: no fx_rates are configured"
    )


def test_every_mistake_is_named_with_its_line() -> None:
    rows = (
        "EUR,DOLLAR,1.08,budget,2026-09,\nEUR,EUR,1,budget,2026-09,\nEUR,USD,1,spot,2026-09,\n"
        "EUR,USD,1,budget,9/2026,\nEUR,USD,0,budget,2026-09,\nEUR,USD,one,budget,2026-09,\n"
        "GBP,USD,1.3,budget,2026-09,\nGBP,USD,1.3,budget,2026-09,\n"
        "EUR,USD,1e400,budget,2026-09,\n"
    )
    with pytest.raises(SettingsInvalid) as stopped:
        read_fx_rates(HEADER + rows, "fx.csv")
    assert stopped.value.problems == [
        "line 2: currency 'DOLLAR' is none of ISO 4217",
        "line 3: a rate from EUR to itself",
        "line 4: kind 'spot' is none of budget, month_average, invoice",
        "line 5: month '9/2026' is not written as 2026-09",
        "line 6: rate '0' is no number above 0",
        "line 7: rate 'one' is no number above 0",
        "line 9: this rate is given twice, after line 8",
        "line 10: rate '1e400' is no number above 0",
    ]
