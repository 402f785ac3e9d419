"""The formulas of owned assets: exact fractions, held against closed forms and known figures."""

from decimal import Decimal
from fractions import Fraction as F
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.formulas import owned_assets as formulas

RATES = st.fractions(min_value=F(1, 1000), max_value=F(1, 2), max_denominator=1000)


def test_capital_recovery_of_a_thousand_at_ten_percent_for_ten_years_is_163_a_year():
    factor = formulas.capital_recovery_factor(F(1, 10), F(10))
    assert factor == F(1, 10) * F(11, 10) ** 10 / (F(11, 10) ** 10 - 1)
    assert round(1000 * factor, 2) == F("162.75")


def test_capital_recovery_for_one_year_is_the_price_and_its_interest():
    assert formulas.capital_recovery_factor(F(8, 100), F(1)) == F(108, 100)


@given(RATES, st.integers(min_value=1, max_value=30))
def test_the_payments_of_capital_recovery_are_worth_what_was_lent(rate, years):
    payment = formulas.capital_recovery_factor(rate, F(years))
    assert sum(payment / (1 + rate) ** year for year in range(1, years + 1)) == 1


@given(RATES, st.integers(min_value=1, max_value=120))
def test_capital_recovery_of_a_broken_year_lies_between_the_years_beside_it(rate, months):
    years = F(months, 12)
    if years.denominator == 1:
        return
    longer = formulas.capital_recovery_factor(rate, F(int(years) + 1))
    between = formulas.capital_recovery_factor(rate, years)
    assert longer < between
    if years > 1:
        assert between < formulas.capital_recovery_factor(rate, F(int(years)))


def test_a_broken_life_is_exact_to_more_digits_than_money_has():
    # (1 + r)^3.5 is rational for r = 0.21: the root of 1.21 is 1.1
    rate, grown = F(21, 100), F(11, 10) ** 7
    known = rate * grown / (grown - 1)
    assert abs(formulas.capital_recovery_factor(rate, F(7, 2)) - known) < F(1, 10**50)


def test_straight_line_writes_off_all_but_the_residual():
    assert formulas.straight_line(F(300_000), F(1, 10)) == 270_000


def test_capital_recovery_costs_what_the_docstring_says():
    total = formulas.capital_recovery(F(300_000), F(1, 10), F(8, 100), F(5))
    assert round(total / 5, 2) == F("67623.24")
    assert round(total, 2) == F("338116.21")


@given(RATES)
def test_interest_makes_capital_recovery_dearer_than_straight_line(rate):
    assert formulas.capital_recovery(F(100), F(0), rate, F(5)) > formulas.straight_line(
        F(100), F(0)
    )


def test_an_hour_costs_more_where_the_machine_is_not_always_available():
    total = formulas.straight_line(F(87_600), F(0))
    assert formulas.capex_per_hour(total, F(1), F(1)) == 10
    assert formulas.capex_per_hour(total, F(1), F(1, 2)) == 20
    # what the ledger charges for a year, by its hours, is the same rate
    hours = formulas.device_hours(F(1), F(8760), F(1, 2))
    assert total / hours == formulas.capex_per_hour(total, F(1), F(1, 2))


def test_energy_counts_load_and_the_site_around_the_machine():
    assert formulas.energy_kwh(F(8), F("0.7"), F("0.6"), F(24), F("1.3")) == F("104.832")
    assert formulas.energy_cost(F("104.832"), F("0.12")) == F("12.57984")


def test_labour_is_people_times_rate_times_share():
    assert formulas.labour_per_month(F(2), F(12_000), F(1, 4)) == 6_000


def test_a_model_is_pushed_to_every_unit():
    assert formulas.push_per_month(F(500), F("1.5"), F("0.02")) == 15


@pytest.mark.parametrize(
    ("name", "arguments", "symbol"),
    [
        ("capital_recovery_factor", (0, 5), "r = 0"),
        ("capital_recovery_factor", (F(1, 10), 0), "n = 0"),
        ("straight_line", (-1, 0), "P = -1"),
        ("straight_line", (1, F(3, 2)), "s = 3/2"),
        ("capex_per_hour", (1, 0, 1), "n = 0"),
        ("capex_per_hour", (1, 1, 2), "a = 2"),
        ("device_hours", (0, 24, 1), "units = 0"),
        ("device_hours", (1, 24, 0), "a = 0"),
        ("energy_kwh", (1, -1, 1, 24, 1), "kW = -1"),
        ("energy_kwh", (1, 1, 2, 24, 1), "load = 2"),
        ("energy_kwh", (1, 1, 1, 24, F(1, 2)), "PUE = 1/2"),
        ("labour_per_month", (1, 1, 2), "share = 2"),
    ],
)
def test_an_argument_outside_its_range_is_named(name: str, arguments: tuple[Any, ...], symbol: str):
    with pytest.raises(ValueError, match=f"^{symbol} is outside its range"):
        getattr(formulas, name)(*(F(a) for a in arguments))


def test_nothing_is_rounded():
    assert formulas.straight_line(F(Decimal("0.000000000000000000001")), F(1, 3)) == F(
        2, 3 * 10**21
    )
