"""Savings plans hour by hour: AWS's example worked out by hand, its order of application, sums."""

from fractions import Fraction as F

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.errors import FormulaInputInvalid
from pipelines.formulas.library import formula_named
from pipelines.formulas.savings_plans import Hour, Reservation, SavingsPlan, Usage, apply

HOUR = "2026-09-01 10:00"
ON_DEMAND = {
    "r5.4xlarge": F("1.00"),
    "m5.24xlarge": F("10.00"),
    "fargate-vcpu": F("0.04"),
    "fargate-gb": F("0.004"),
    "lambda": F("0.000015"),
}
UNITS = {
    "r5.4xlarge": 4,
    "m5.24xlarge": 1,
    "fargate-vcpu": 400,
    "fargate-gb": 1600,
    "lambda": 1_500_000,
}
COMPUTE = {
    "r5.4xlarge": F("0.70"),
    "m5.24xlarge": F("8.20"),
    "fargate-vcpu": F("0.03"),
    "fargate-gb": F("0.003"),
    "lambda": F("0.00001275"),
}
"""The rates of the example in AWS's user guide: 30, 18, 25, 25 and 15 % below on demand."""


def used(what: str, units: object = None, account: str = "", hour: str = HOUR) -> Usage:
    return Usage(hour, what, F(UNITS[what] if units is None else units), ON_DEMAND[what], account)


def compute(commitment: str, name: str = "compute", **facts: object) -> SavingsPlan:
    return SavingsPlan(name, "compute", F(commitment), COMPUTE, **facts)


def one(hours: list[Hour]) -> Hour:
    [hour] = hours
    return hour


def units_of(hour: Hour, by: str) -> dict[str, F]:
    return {found.usage.what: found.units for found in hour.covered if found.by == by}


def test_a_commitment_above_all_usage_covers_it_and_is_charged_whole():
    # 2.80 + 8.20 + 12.00 + 4.80 + 19.125 = 46.925 of 50.00
    hour = one(apply([used(what) for what in UNITS], [compute("50")]))
    assert (hour.used, hour.unused, hour.charge) == (F("46.925"), F("3.075"), 50)
    assert hour.on_demand == ()
    # 4.00 + 10.00 + 16.00 + 6.40 + 22.50
    assert hour.on_demand_equivalent == F("58.9")


def test_two_dollars_cover_a_fraction_of_what_saves_most():
    # 2.00 / 0.70 = 2.857... of 4 r5.4xlarge; the rest 1.142857... x 1.00 and all else on demand
    hour = one(apply([used(what) for what in UNITS], [compute("2")]))
    assert units_of(hour, "compute") == {"r5.4xlarge": F(20, 7)}
    assert hour.charge == 2 + (4 - F(20, 7)) + 10 + 16 + F("6.4") + F("22.5")


def test_of_equal_savings_the_lower_rate_is_covered_first():
    # 10.00: r5 2.80, then both Fargates save 25 %: GB (0.003) 4.80 before vCPU: 2.40 / 0.03 = 80
    hour = one(apply([used(what) for what in UNITS], [compute("10")]))
    assert units_of(hour, "compute") == {"r5.4xlarge": 4, "fargate-gb": 1600, "fargate-vcpu": 80}
    # 320 x 0.04 + 10.00 + 22.50
    assert hour.on_demand_cost == F("45.3")
    assert hour.charge == F("55.3")


def test_a_plan_for_a_family_comes_before_one_for_all_compute():
    # 2.40 an hour at 0.60 covers all four r5; compute's 3.00 then goes to Fargate's vCPUs
    family = SavingsPlan("r5", "instance", F("2.4"), {"r5.4xlarge": F("0.60")})
    hour = one(apply([used("r5.4xlarge"), used("fargate-vcpu")], [compute("3"), family]))
    assert units_of(hour, "r5") == {"r5.4xlarge": 4}
    assert units_of(hour, "compute") == {"fargate-vcpu": 100}
    assert hour.charge == F("5.4") + 300 * F("0.04")


def test_reservations_come_before_plans_and_are_paid_unused():
    reserved = Reservation("ri", "r5.4xlarge", F(3), fee=F("1.5"))
    hour = one(apply([used("r5.4xlarge")], [compute("0.7")], [reserved]))
    assert units_of(hour, "ri") == {"r5.4xlarge": 3}
    assert units_of(hour, "compute") == {"r5.4xlarge": 1}
    assert (hour.charge, hour.unused) == (F("2.2"), 0)
    idle = one(apply([], [], [reserved], hours=[HOUR]))
    assert idle.charge == F("1.5")


def test_the_owners_usage_is_covered_before_that_of_others_and_shared_only_where_it_is():
    # The owner's vCPUs (25 %) come before the other account's r5 (30 %).
    usage = [used("r5.4xlarge", account="other"), used("fargate-vcpu", account="owner")]
    shared = one(apply(usage, [compute("12.7", account="owner")]))
    assert units_of(shared, "compute") == {"fargate-vcpu": 400, "r5.4xlarge": 1}
    alone = one(apply(usage, [compute("12.7", account="owner", is_shared=False)]))
    assert units_of(alone, "compute") == {"fargate-vcpu": 400}
    assert alone.unused == F("0.7")


def test_what_no_plan_may_cover_stays_on_demand_and_is_not_counted_as_eligible():
    spot = Usage(HOUR, "r5.4xlarge", F(2), F(1), is_eligible=False)
    hour = one(apply([spot, used("fargate-vcpu", 100)], [compute("1.5")]))
    assert units_of(hour, "compute") == {"fargate-vcpu": 50}
    assert hour.eligible_left == 2
    assert hour.on_demand_cost == 4


def test_a_commitment_is_charged_in_an_hour_without_usage_and_never_carried_over():
    quiet, busy = "2026-09-01 02:00", "2026-09-01 03:00"
    hours = apply([used("r5.4xlarge", hour=busy)], [compute("1.4")], hours=[quiet, busy])
    assert [(hour.hour, hour.unused) for hour in hours] == [(quiet, F("1.4")), (busy, 0)]
    # busy: 1.40 covers 2 of 4
    assert [hour.charge for hour in hours] == [F("1.4"), F("3.4")]


def test_the_formula_for_one_plan_and_one_kind_of_usage_is_the_engines_hour():
    costs = formula_named("savings_plan_cost").evaluate(
        units=[4, 1, 0], on_demand_price=1, plan_price="0.70", commitment=2
    )
    engine = [
        one(apply([used("r5.4xlarge", units)], [compute("2")], hours=[HOUR])).charge
        for units in (4, 1, 0)
    ]
    assert list(costs) == engine == [2 + F(8, 7), 2, 2]
    with pytest.raises(FormulaInputInvalid, match="above the on-demand price"):
        formula_named("savings_plan_cost").evaluate(
            units=1, on_demand_price=1, plan_price=2, commitment=2
        )


def test_impossible_rates_and_doubled_commitments_are_refused_by_name():
    dear = SavingsPlan("dear", "compute", F(1), {"r5.4xlarge": F(2)})
    with pytest.raises(FormulaInputInvalid) as raised:
        apply(
            [used("r5.4xlarge", -1)],
            [dear, compute("-1"), compute("1")],
            [Reservation("ri", "r5.4xlarge", F(-1), F(0))],
        )
    text = str(raised.value)
    for problem in (
        f"{HOUR}, r5.4xlarge: units and price must not be negative",
        "plan dear: the rate of r5.4xlarge must be above 0 and at most its on-demand price",
        "plan compute: its commitment is negative",
        "reservation ri: units and fee must not be negative",
        "compute: two commitments have this id",
    ):
        assert problem in text


AMOUNTS = st.fractions(min_value=0, max_value=50, max_denominator=40)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from(sorted(UNITS)), AMOUNTS, st.sampled_from("ab")), max_size=6),
    st.lists(st.tuples(AMOUNTS, st.sampled_from("ab"), st.booleans()), max_size=3),
    AMOUNTS,
)
def test_every_unit_is_covered_once_or_on_demand_and_no_commitment_is_overdrawn(
    uses, plans, reserved
):
    usage = [used(what, units, account) for what, units, account in uses]
    bought = [
        SavingsPlan(str(place), "compute", amount, COMPUTE, account, is_shared)
        for place, (amount, account, is_shared) in enumerate(plans)
    ]
    hour = one(apply(usage, bought, [Reservation("ri", "r5.4xlarge", reserved, F(1))], [HOUR]))
    told = sum(found.units for found in hour.covered) + sum(units for _, units in hour.on_demand)
    assert told == sum(one.units for one in usage)
    assert hour.on_demand_equivalent == sum(one.units * one.on_demand_price for one in usage)
    for plan in bought:
        spent = sum(found.cost for found in hour.covered if found.by == plan.id)
        assert spent == hour.used_by_plan[plan.id] <= plan.commitment
    assert hour.charge == sum(plan.commitment for plan in bought) + 1 + hour.on_demand_cost
    if any(plan.is_shared and hour.used_by_plan[plan.id] < plan.commitment for plan in bought):
        assert hour.eligible_left == 0
