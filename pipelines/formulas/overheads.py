"""Owned machines, energy, people and licences, as formulas of the library.

The arithmetic is that of `owned_assets`, which prices the ledger of owned assets: one formula, two
uses.
"""

from fractions import Fraction
from typing import Final

from pipelines.formulas import owned_assets
from pipelines.formulas.by_row import by_row
from pipelines.formulas.formula import Formula, Symbol

CAPITAL: Final = "capital recovery factor: r(1+r)^n / ((1+r)^n - 1)"
METER: Final = "power x load x hours x PUE"

PRICE: Final = Symbol("price", "P", "money", "purchase price of one unit")
RESIDUAL: Final = Symbol(
    "residual", "s", "", "value left at the end of its life, as a share of P", high=1, default=0
)
YEARS: Final = Symbol("years", "n", "years", "useful life", high=100, low_is_in=False)
AVAILABILITY: Final = Symbol(
    "availability",
    "a",
    "",
    "share of the hours in which it can work",
    high=1,
    low_is_in=False,
    default=1,
)
RATE: Final = Symbol(
    "interest",
    "r",
    "",
    "interest per year, as a share or in %; without any it is the straight line",
    low=Fraction(1, 10**6),
    high=2,
)


@by_row
def _factor(interest: Fraction, years: Fraction) -> Fraction:
    return owned_assets.capital_recovery_factor(interest, years)


@by_row
def _recovered_hour(
    price: Fraction, residual: Fraction, interest: Fraction, years: Fraction, availability: Fraction
) -> Fraction:
    total = owned_assets.capital_recovery(price, residual, interest, years)
    return owned_assets.capex_per_hour(total, years, availability)


FORMULAS: Final = (
    Formula(
        name="capital_recovery_factor",
        title="The level yearly payment for 1 lent",
        says="CRF = r(1+r)^n / ((1+r)^n - 1)",
        symbols=(RATE, YEARS),
        unit="",
        of=_factor,
        source=CAPITAL,
    ),
    Formula(
        name="owned_hour_straight_line",
        title="An owned machine's hour, written off in equal parts",
        says="p_h = P(1-s) / (n * 8760 * a)",
        symbols=(PRICE, RESIDUAL, YEARS, AVAILABILITY),
        unit="money/h",
        of=lambda price, residual, years, availability: (
            price * (1 - residual) / (years * owned_assets.HOURS_PER_YEAR * availability)
        ),
        source="straight-line depreciation over a year of 8,760 hours",
    ),
    Formula(
        name="owned_hour_capital_recovery",
        title="An owned machine's hour, with the interest on its price",
        says="p_h = P(1-s) * CRF(r, n) / (8760 * a)",
        symbols=(PRICE, RESIDUAL, RATE, YEARS, AVAILABILITY),
        unit="money/h",
        of=_recovered_hour,
        source=CAPITAL,
    ),
    Formula(
        name="energy",
        title="Energy that machines draw, with that of their site",
        says="E = units * kW * load * h * PUE",
        symbols=(
            Symbol("units", "units", "", "accelerators or servers"),
            Symbol("power", "kW", "kW", "of one at full load"),
            Symbol("load", "load", "", "mean load while it runs", high=1),
            Symbol("hours", "h", "h", "hours it runs, idle ones too"),
            Symbol("pue", "PUE", "", "energy of the site per energy of the machines", low=1),
        ),
        unit="kWh",
        of=lambda units, power, load, hours, pue: units * power * load * hours * pue,
        source=METER,
        element="energy",
    ),
    Formula(
        name="energy_cost",
        title="Energy at its tariff",
        says="C = E * tariff",
        symbols=(
            Symbol("energy", "E", "kWh", "energy drawn"),
            Symbol("tariff", "tariff", "money/kWh", "price of a kWh"),
        ),
        unit="money",
        of=lambda energy, tariff: energy * tariff,
        source=METER,
        element="energy",
    ),
    Formula(
        name="labour_cost",
        title="People's time",
        says="C = FTE * rate * share * months",
        symbols=(
            Symbol("people", "FTE", "", "full-time equivalents"),
            Symbol("monthly_rate", "rate", "money/month", "full cost of one per month"),
            Symbol("share", "share", "", "share of their time", high=1),
            Symbol("months", "months", "months", "how long", default=1),
        ),
        unit="money",
        of=lambda people, monthly_rate, share, months: people * monthly_rate * share * months,
        source="FTE x rate x share",
        element="labour",
    ),
    Formula(
        name="licence_cost",
        title="Licences by seat or accelerator",
        says="C = seats * price * months",
        symbols=(
            Symbol("seats", "seats", "", "seats or accelerators"),
            Symbol("monthly_price", "price", "money/month", "of one per month"),
            Symbol("months", "months", "months", "how long", default=1),
        ),
        unit="money",
        of=lambda seats, monthly_price, months: seats * monthly_price * months,
        source="seats x price",
        element="software",
    ),
    Formula(
        name="edge_fleet_cost",
        title="Models on devices: capital, energy, maintenance and the push of updates",
        says="C = units * (capex + energy + upkeep) + units * G * p_e",
        symbols=(
            Symbol("units", "units", "", "devices"),
            Symbol("capex", "capex", "money", "write-off of one in the month"),
            Symbol("energy", "energy", "money", "energy of one in the month"),
            Symbol("upkeep", "upkeep", "money", "maintenance of one in the month"),
            Symbol("pushed", "G", "GiB", "model GB brought to each in the month", default=0),
            Symbol("price", "p_e", "money/GiB", "price of a GB brought there"),
        ),
        unit="money",
        of=lambda units, capex, energy, upkeep, pushed, price: (
            units * (capex + energy + upkeep + pushed * price)
        ),
        source="unit x (capital + energy + maintenance), and the model push",
        component="inference",
        element="hardware",
    ),
)
