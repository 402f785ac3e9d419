"""Named variances of a month through `compare`: amounts worked out by hand, closed exactly."""

from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from variance_months import (
    billed,
    catalogue,
    comparison,
    idle,
    inputs,
    line,
    lines,
    overhead,
    plan,
    planned_amount,
    rate,
    split_term,
    term,
    tokens,
    variances,
)

from pipelines.variance import Comparison

D = Decimal


# --- the worked example of the reference: +2,842.25 ---------------------------------------------


@pytest.fixture(scope="module")
def worked(tmp_path_factory: pytest.TempPathFactory) -> Comparison:
    """Two models of one plan. List price 4.00 -> 4.20, discount 25 % -> 30 %, so 3.00 -> 2.94 paid.

    A: 6000 -> 5500 Mtok, 0.5 -> 0.44 GPU-h each, utilisation 0.5 -> 0.4:
       busy 5500 x 0.44 = 2420 h, billed 2420 / 0.4 = 6050 h, idle 3630 h
    B: 4000 -> 6500 Mtok, 0.2 -> 0.22 GPU-h each, utilisation 0.8:
       busy 6500 x 0.22 = 1430 h, billed 1430 / 0.8 = 1787.5 h, idle 357.5 h
    """
    b = {"model": "b"}
    a = {"model": "a"}
    rows = [
        billed("7114.80", "2420", listed="10164", **a),  # 2420 h at 2.94 and 4.20
        billed("4204.20", "1430", listed="6006", **b),
        overhead("1300", bucket="commitment", element="hardware"),
    ]
    spare = [
        idle("10672.20", "3630", listed="15246", **a),
        idle("1051.05", "357.5", listed="1501.5", **b),
    ]
    plans = (
        catalogue("a v1", "b v1")
        + plan(split_term("4", "0.25", "6000", "0.5", "0.5"), of="a v1")
        + plan(split_term("4", "0.25", "4000", "0.2", "0.8"), of="b v1")
        + planned_amount("unused_commitment", "500")
    )
    measured = {
        ("a", "v1"): {"tokens": Fraction(5500) * 10**6},
        ("b", "v1"): {"tokens": Fraction(6500) * 10**6},
    }
    folder = tmp_path_factory.mktemp("worked")
    return comparison(folder, rows, plans, idle=spare, volumes=measured)


def test_the_worked_example_costs_what_it_says(worked: Comparison) -> None:
    sums = {
        name: sum(worked.variance[name].to_list(), D(0))
        for name in ("predicted_cost", "actual_cost", "difference")
    }
    assert sums == {
        "predicted_cost": D(18000) + 3000 + 500,
        "actual_cost": D(17787) + D("5255.25") + 1300,
        "difference": D("2842.25"),
    }


def test_the_worked_example_in_the_standard_order(worked: Comparison) -> None:
    assert variances(worked) == {
        "list_price": D("1175.625"),
        "discount": D("-1645.875"),
        "efficiency": D("-1492.50"),
        "idle_capacity": D("3630"),
        "mix": D("-3825"),
        "volume": D("4200"),
        "unused_commitment": D("800"),
    }


def test_the_worked_example_by_shapley_to_the_cent(worked: Comparison) -> None:
    shapley = variances(worked, "shapley")
    assert sum(shapley.values()) == D("2842.25")
    assert {name: round(amount, 2) for name, amount in shapley.items()} == {
        "list_price": D("1084.32"),
        "discount": D("-1534.69"),
        "efficiency": D("-1935.25"),
        "idle_capacity": D("4053.61"),
        "mix": D("-3673.51"),
        "volume": D("4047.76"),
        "unused_commitment": D("800"),
    }


def test_the_worked_examples_flexible_budget(worked: Comparison) -> None:
    standard = variances(worked)
    flexible = sum(
        standard[name] for name in ("list_price", "discount", "efficiency", "idle_capacity")
    )
    assert (flexible, standard["mix"] + standard["volume"]) == (D("1667.25"), D(375))
    assert flexible + standard["unused_commitment"] == D("2467.25")


def test_price_and_usage_are_the_subtotals_of_the_standard_order(worked: Comparison) -> None:
    # a: list price 0.20 x 0.75 x 6050, discount -4.20 x 0.05 x 6050
    a = line(worked, model="a")
    assert a["price_variance"] == D("907.50") - D("1270.50")
    assert a["usage_variance"] == a["difference"] - a["price_variance"]


def test_every_variance_carries_the_input_whose_change_it_is(
    worked: Comparison,
) -> None:
    rows = worked.drivers.filter(
        (worked.drivers["model"] == "a") & (worked.drivers["method"] == "standard")
    )
    found = {
        row["variance"]: (row["predicted_value"], row["actual_value"], row["value_unit"])
        for row in rows.iter_rows(named=True)
    }
    assert found == {
        "list_price": (4, D("4.2"), "USD per hours"),
        "discount": (D("0.25"), D("0.3"), "share"),
        "efficiency": (D("0.5"), D("0.44"), "hours per 1M tokens"),
        "idle_capacity": (D("0.5"), D("0.4"), "share"),
        "mix": (D("0.6"), D("0.458333333333333333"), "share"),
        "volume": (10000, 12000, "1M tokens"),
    }


# --- one input moves only its own variance --------------------------------------------------------

# As planned: 100 Mtok x 0.5 h / 0.5 = 100 h (50 busy), list 4.00, paid 3.00.
AS_PLANNED = plan(split_term("4", "0.25", "100", "0.5", "0.5"))


@pytest.mark.parametrize(
    ("busy", "spare", "paid", "listed", "mtok", "moved"),
    [
        ("50", "50", "3", "4", "100", {}),
        ("50", "50", "6", "8", "100", {"list_price": D(300)}),
        ("50", "50", "2", "4", "100", {"discount": D(-100)}),
        ("60", "60", "3", "4", "100", {"efficiency": D(60)}),
        ("50", "150", "3", "4", "100", {"idle_capacity": D(300)}),
        ("75", "75", "3", "4", "150", {"volume": D(150)}),
    ],
)
def test_one_input_moves_only_its_own_variance(
    tmp_path: Path,
    busy: str,
    spare: str,
    paid: str,
    listed: str,
    mtok: str,
    moved: dict[str, Decimal],
) -> None:
    def cost(hours: str, price: str) -> str:
        return str(D(hours) * D(price))

    found = comparison(
        tmp_path,
        [billed(cost(busy, paid), busy, listed=cost(busy, listed))],
        catalogue() + AS_PLANNED,
        idle=[idle(cost(spare, paid), spare, listed=cost(spare, listed))],
        volumes=tokens(v1=mtok),
    )
    for method in ("standard", "shapley"):
        amounts = variances(found, method)
        assert {name: amount for name, amount in amounts.items() if amount} == moved


def test_tokens_that_move_to_another_version_are_mix_alone(tmp_path: Path) -> None:
    # 100 + 100 Mtok at 1.00 and 2.00 an hour, one hour each; 150 + 50 served:
    # v1 1.00 x (0.75 - 0.5) x 200 = 50, v2 2.00 x (0.25 - 0.5) x 200 = -100
    found = comparison(
        tmp_path,
        [billed("150", "150"), billed("100", "50", model_version="v2")],
        catalogue()
        + plan(term("1", None, activity="1M tokens", volume="100", per_activity="1"))
        + plan(term("2", None, activity="1M tokens", volume="100", per_activity="1"), of="m v2"),
        volumes=tokens(v1="150", v2="50"),
    )
    amounts = variances(found)
    assert {name: amount for name, amount in amounts.items() if amount} == {"mix": -50}
    assert variances(found, model_version="v1")["mix"] == 50


# --- the edges of utilisation and volume ----------------------------------------------------------


def test_hours_that_were_all_idle_are_booked_at_the_planned_price_as_idle(tmp_path: Path) -> None:
    # 100 h at 3.00 planned for 100 Mtok. 40 h at 3.00 stood idle and nobody asked for anything:
    # volume -300, idle 40 x 3.00 = 120
    found = comparison(
        tmp_path,
        [],
        catalogue() + AS_PLANNED,
        idle=[idle("120", "40", listed="160")],
    )
    amounts = variances(found)
    assert {name: amount for name, amount in amounts.items() if amount} == {
        "volume": -300,
        "idle_capacity": 120,
    }


def test_busy_hours_without_any_token_are_inefficiency(tmp_path: Path) -> None:
    # volume -300; 30 busy hours at planned utilisation are 60: 180; 30 - 60 hours idle: -90
    found = comparison(
        tmp_path,
        [billed("90", "30", listed="120")],
        catalogue() + AS_PLANNED,
        volumes=tokens(v1="0"),
    )
    amounts = variances(found)
    assert {name: amount for name, amount in amounts.items() if amount} == {
        "volume": -300,
        "efficiency": 180,
        "idle_capacity": -90,
    }


def test_a_plan_of_no_tokens_at_all_is_volume(tmp_path: Path) -> None:
    nothing = plan(split_term("4", "0.25", "0", "0.5", "0.5"))
    found = comparison(
        tmp_path,
        [billed("30", "10", listed="40")],
        catalogue() + nothing,
        volumes=tokens(v1="10"),
    )
    # 10 Mtok x 0.5 h / 0.5 x 3.00 = 30; one busy hour each instead of half: +30; none idle: -30
    amounts = variances(found)
    assert {name: amount for name, amount in amounts.items() if amount} == {
        "volume": 30,
        "efficiency": 30,
        "idle_capacity": -30,
    }


def test_a_cost_without_any_hour_is_price(tmp_path: Path) -> None:
    # list: 20 x 0.75 = 15; discount: 12 - 15 = -3
    found = comparison(tmp_path, [billed("12", "0", listed="20")], catalogue() + AS_PLANNED)
    assert variances(found) == {"usage": -300, "list_price": 15, "discount": -3}
    assert inputs(found, "list_price") == (4, None, "USD per hours")
    plain = comparison(tmp_path, [billed("12", "0")], catalogue() + plan(term("3", "100")))
    for method in ("standard", "shapley"):
        assert variances(plain, method) == {"usage": -300, "price": 12}


def test_hours_for_free_are_a_price_of_nothing(tmp_path: Path) -> None:
    found = comparison(tmp_path, [billed("0", "100", listed="0")], catalogue() + AS_PLANNED)
    assert variances(found) == {"usage": 0, "list_price": -300, "discount": 0}


def test_without_a_list_price_on_the_bill_the_price_is_told_as_one(tmp_path: Path) -> None:
    found = comparison(tmp_path, [billed("500", "100", listed="0")], catalogue() + AS_PLANNED)
    assert variances(found) == {"usage": 0, "price": 200}


def test_without_a_measured_volume_the_usage_is_told_as_one(tmp_path: Path) -> None:
    found = comparison(tmp_path, [billed("330", "110", listed="440")], catalogue() + AS_PLANNED)
    assert variances(found) == {"list_price": 0, "discount": 0, "usage": 30}
    assert line(found)["reason"] == "no log measured the tokens of m v1: usage is told as one"


def test_the_volume_of_a_training_is_not_what_its_version_served(tmp_path: Path) -> None:
    train = split_term("4", "0.25", "100", "0.5", "0.5", component="training")
    found = comparison(
        tmp_path,
        [billed("300", "100", listed="400", component="training")],
        catalogue() + plan(train),
        volumes=tokens(v1="7"),
    )
    assert set(variances(found)) == {"list_price", "discount", "usage"}
    assert line(found)["reason"].startswith("logs do not measure the tokens of training of m v1")


def test_a_price_of_next_to_no_hours_is_told_in_the_standard_order(tmp_path: Path) -> None:
    rows = [billed("1000000", "0.000000000000000001")]
    found = comparison(tmp_path, rows, catalogue() + plan(term("1", "1000")))
    assert variances(found, "shapley") == variances(found)
    assert "next to no units" in line(found)["reason"]
    assert inputs(found, "price") == (1, None, "USD per hours")


# --- usage types ----------------------------------------------------------------------------------


def test_the_most_exact_usage_type_of_a_plan_takes_a_charge(tmp_path: Path) -> None:
    plans = plan(
        term("1", "10"),
        term("2", "10", usage_type="*BoxUsage*"),
        term("3", "10", usage_type="*BoxUsage:g5*"),
    )
    found = comparison(
        tmp_path,
        [
            billed("30", "10"),
            billed("20", "10", x_UsageType="USE1-BoxUsage:p4"),
            billed("10", "10", x_UsageType="USE1-SpotUsage:p4"),
        ],
        catalogue() + plans,
    )
    assert {
        row["usage_type"]: (row["planned_price"], row["difference"])
        for row in found.variance.iter_rows(named=True)
    } == {"": (1, 0), "*BoxUsage*": (2, 0), "*BoxUsage:g5*": (3, 0)}


def test_a_usage_type_that_no_line_of_the_plan_names_is_a_new_line(tmp_path: Path) -> None:
    rows = [
        billed("7", x_UsageType=name)
        for name in ("USE1-Host:a", "USE1-Host:b", "USE1-Host:c", "USE1-Host:d")
    ]
    found = comparison(
        tmp_path,
        [billed("8", "4"), *rows],
        catalogue() + plan(term(usage_type="*BoxUsage*")),
    )
    assert line(found, status="not_planned")["reason"] == (
        "plan budget has no inference hardware in Hrs of USE1-Host:a, USE1-Host:b, USE1-Host:c "
        "and 1 more"
    )
    assert variances(found) == {"price": 0, "usage": 0, "new_line": 28}


def test_a_line_of_the_bill_that_was_split_and_renamed_changes_nothing(tmp_path: Path) -> None:
    plans = catalogue() + AS_PLANNED
    volumes = tokens(v1="90")
    whole = comparison(tmp_path, [billed("310", "100", listed="410")], plans, volumes=volumes)
    parts = [
        billed("100", "30", listed="110", x_UsageType="Requests-Tier9", ConsumedUnit="hours"),
        billed("210", "70", listed="300"),
    ]
    split = comparison(tmp_path, parts, plans, volumes=volumes)
    assert split.variance.equals(whole.variance)
    assert split.drivers.equals(whole.drivers)


def test_machine_types_share_the_measured_volume_as_planned(tmp_path: Path) -> None:
    # 300 Mtok planned, 100 on g5 and 200 on p4; 600 measured: each twice its own, no mix.
    plans = plan(
        split_term("4", "0", "100", "1", "1", usage_type="*g5*"),
        split_term("4", "0", "200", "1", "1", usage_type="*p4*"),
    )
    rows = [billed("800", "200"), billed("1600", "400", x_UsageType="p4")]
    found = comparison(tmp_path, rows, catalogue() + plans, volumes=tokens(v1="600"))
    amounts = variances(found)
    assert {name: amount for name, amount in amounts.items() if amount} == {"volume": 1200}


def test_a_versions_volume_counts_once_however_many_of_its_lines_work_for_it(
    tmp_path: Path,
) -> None:
    # Hours and egress of the same 100 Mtok; 150 were served, as cheaply as planned.
    plans = plan(
        split_term("4", "0", "100", "1", "1"),
        split_term("0.1", "0", "100", "2", "1", element="bandwidth", unit="GB"),
    )
    out = billed("30", "300", element="bandwidth", ConsumedUnit="GB")
    rows = [billed("600", "150"), out]
    found = comparison(tmp_path, rows, catalogue() + plans, volumes=tokens(v1="150"))
    assert variances(found, element="bandwidth")["volume"] == 10
    assert variances(found, element="hardware")["volume"] == 200
    volumes = found.drivers.filter(found.drivers["variance"] == "volume")
    assert set(volumes["predicted_value"].to_list()) == {100}


def discount(cost: str, **changed: Any) -> dict[str, Any]:
    """A line of an enterprise programme: no units, no list price."""
    away = {"element": "adjustment", "ConsumedUnit": None, "ChargeCategory": "Adjustment"}
    return billed(cost, None, listed="0", **(away | changed))


def test_a_discount_that_is_a_line_of_its_own_lowers_what_its_usage_type_cost(
    tmp_path: Path,
) -> None:
    # 100 h at 4.00, of which 100.00 are taken back: 25 % as planned
    rows = [billed("400", "100"), discount("-75")]
    found = comparison(
        tmp_path,
        rows,
        catalogue() + AS_PLANNED,
        idle=[idle("-25", "0", listed="0", element="adjustment", unit="")],
    )
    assert variances(found) == {"list_price": 0, "discount": 0, "usage": 0}
    assert inputs(found, "discount") == (D("0.25"), D("0.25"), "share")


def test_a_discount_of_a_usage_type_in_two_terms_stays_a_line(tmp_path: Path) -> None:
    rows = [
        billed("300", "100", listed="400"),
        billed("2", "1", element="bandwidth", ConsumedUnit="GB"),
        discount("-7"),
    ]
    found = comparison(tmp_path, rows, catalogue() + AS_PLANNED)
    assert line(found, element="adjustment")["difference"] == -7


def test_a_refund_is_no_discount(tmp_path: Path) -> None:
    rows = [billed("300", "100", listed="400"), discount("-7", ListCost=D(-7))]
    found = comparison(tmp_path, rows, catalogue() + AS_PLANNED)
    assert line(found, element="adjustment")["status"] == "not_planned"
    assert variances(found)["discount"] == 0


# --- lines of their own ---------------------------------------------------------------------------


def test_credits_tax_and_support_are_their_own_variances(tmp_path: Path) -> None:
    # support is billed 50 % above, credits are 20 larger than planned, tax as planned
    found = comparison(
        tmp_path,
        [
            billed("8", "4"),
            overhead("-70", "Credit"),
            overhead("30", rule_id="aws-support", element="software"),
            overhead("5", "Tax"),
        ],
        catalogue()
        + plan(term())
        + planned_amount("credit", "-50")
        + planned_amount("support", "20")
        + planned_amount("tax", "5"),
    )
    assert variances(found) == {"price": 0, "usage": 0, "credit": -20, "support": 10, "tax": 0}
    credit = line(found, element="credit")
    assert (credit["model"], credit["difference"]) == ("", -20)
    assert (credit["price_variance"], credit["usage_variance"]) == (None, None)


def test_a_planned_credit_that_never_came_is_unfavourable(tmp_path: Path) -> None:
    found = comparison(tmp_path, [], catalogue() + planned_amount("credit", "-50"), days=15)
    assert variances(found) == {"credit": 25}


def test_each_line_that_no_model_has_is_planned_by_its_own_latest_plan(tmp_path: Path) -> None:
    planned = (
        planned_amount("credit", "-50")
        + planned_amount("support", "20")
        + planned_amount("support", "25", name="support-2026", as_of="2026-08-20")
    )
    found = comparison(tmp_path, [overhead("-40", "Credit")], catalogue() + planned)
    assert {(row["plan"], row["element"], row["difference"]) for row in lines(found)} == {
        ("budget", "credit", 10),  # not swept away by a plan of support alone
        ("support-2026", "support", -25),
    }


def test_a_credit_that_follows_a_version_is_no_term_of_it(tmp_path: Path) -> None:
    rows = [billed("8", "4"), billed("-3", None, ChargeCategory="Credit")]
    found = comparison(tmp_path, rows, catalogue() + plan(term()) + planned_amount("credit", "-1"))
    assert variances(found) == {"price": 0, "usage": 0, "credit": -2}


def test_an_amount_that_the_plan_of_amounts_lacks_is_not_planned(tmp_path: Path) -> None:
    rows = [overhead("5", "Tax"), overhead("9", "Tax", BillingCurrency="EUR")]
    found = comparison(tmp_path, rows, catalogue() + planned_amount("credit", "-1"))
    tax, euros = line(found, element="tax", currency="USD"), line(found, currency="EUR")
    assert (tax["status"], tax["reason"], tax["difference"]) == (
        "not_planned",
        "plan budget has no tax",
        5,
    )
    assert (euros["status"], euros["reason"]) == ("not_comparable", "no plan for tax in EUR")


def test_overhead_that_a_policy_spread_stays_a_line_of_its_own(tmp_path: Path) -> None:
    spread = {"evidence": "overhead by cost", "rule_id": "aws-support", "element": "software"}
    rows = [
        billed("8", "4"),
        billed("6", None, **spread),
        overhead("4", bucket="not_ai", **spread),
    ]
    found = comparison(tmp_path, rows, catalogue() + plan(term()) + planned_amount("support", "10"))
    assert variances(found) == {"price": 0, "usage": 0, "support": 0}


def test_corrections_of_own_lines_are_listed_with_their_month(tmp_path: Path) -> None:
    rows = [overhead("-4", "Credit", charge_month="2026-08")]
    found = comparison(tmp_path, rows, catalogue() + planned_amount("credit", "0"))
    assert line(found, charge_month="2026-08")["reason"] == (
        "-4 USD of charge month 2026-08, not of this one: see that month's plan"
    )


# --- rates of exchange ----------------------------------------------------------------------------

IN_DOLLARS = plan(term("2", "4"), more="fx_rates = { EUR = 1.10 }")


def test_a_bill_in_another_currency_differs_by_price_usage_and_the_rate(tmp_path: Path) -> None:
    # 8.00 USD planned. 10 EUR for 5 h: 11.00 at the budget rate, so 2.20 an hour:
    # usage 2.00, price 1.00; at 1.20 it is 12.00: fx 1.00
    found = comparison(
        tmp_path,
        [billed("10", "5", BillingCurrency="EUR")],
        catalogue() + IN_DOLLARS,
        rates=rate("EUR", "USD", "1.20"),
    )
    assert variances(found) == {"usage": 2, "price": 1, "fx": 1}
    row = line(found)
    assert (row["currency"], row["actual_cost"], row["difference"]) == ("USD", 12, 4)
    assert (row["price_variance"], row["usage_variance"]) == (2, 2)
    assert inputs(found, "fx") == (D("1.1"), D("1.2"), "USD per unit billed")


def test_two_currencies_of_one_term_meet_at_the_budget_rate(tmp_path: Path) -> None:
    # 4 USD for 2 h and 4 EUR for 2 h: at 1.10 8.40, at 1.25 9.00
    found = comparison(
        tmp_path,
        [billed("4", "2"), billed("4", "2", BillingCurrency="EUR")],
        catalogue() + IN_DOLLARS,
        rates=rate("EUR", "USD", "1.25"),
    )
    assert variances(found) == {"usage": 0, "price": D("0.4"), "fx": D("0.6")}
    assert inputs(found, "fx") == (None, None, "USD per unit billed")


def test_without_an_actual_rate_a_bill_in_another_currency_is_not_comparable(
    tmp_path: Path,
) -> None:
    found = comparison(
        tmp_path,
        [billed("4", "2"), billed("10", "5", BillingCurrency="EUR")],
        catalogue() + IN_DOLLARS,
    )
    why = "no month_average rate from EUR to USD for 2026-09"
    dollars, euros = line(found, currency="USD"), line(found, currency="EUR")
    assert (dollars["actual_cost"], dollars["status"]) == (4, "not_comparable")
    assert dollars["reason"].startswith(f"planned in USD, billed in EUR: {why}")
    assert (euros["actual_cost"], euros["status"]) == (10, "not_comparable")
    assert euros["reason"].startswith(f"planned in USD: {why}")
    assert found.drivers.is_empty()


# --- any month ------------------------------------------------------------------------------------

AMOUNT = st.one_of(st.just(D(0)), st.decimals(-(10**6), 10**6, places=6))
HOURS = st.one_of(st.just(D(0)), st.decimals(0, 10**4, places=6))
BILLS = st.tuples(AMOUNT, AMOUNT, HOURS, st.sampled_from(["g5", "p4", "renamed"]))
ANY_PLANS = (
    catalogue()
    + plan(
        split_term("4", "0.25", "6000", "0.5", "0.5", usage_type="*g5*"),
        split_term("2", "0.1", "0", "0.5", "1", usage_type="*p4*"),
    )
    + plan(split_term("3", "0", "4000", "0.2", "0.8"), of="m v2")
    + planned_amount("credit", "-50")
)


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    bills=st.lists(st.tuples(st.sampled_from(["v1", "v2"]), BILLS), max_size=6),
    spare=st.lists(st.tuples(st.sampled_from(["v1", "v2"]), HOURS, AMOUNT), max_size=2),
    served=st.lists(st.one_of(st.just(D(0)), HOURS), max_size=2),
    credit=AMOUNT,
    days=st.integers(0, 30),
)
def test_any_month_adds_up_by_every_method(
    tmp_path: Path,
    bills: list[tuple[str, tuple[Decimal, Decimal, Decimal, str]]],
    spare: list[tuple[str, Decimal, Decimal]],
    served: list[Decimal],
    credit: Decimal,
    days: int,
) -> None:
    """`comparison` holds it to the sums: credits, sign changes, no volume, idle, renamed lines."""
    rows = [
        billed(str(cost), str(hours), listed=str(listed), x_UsageType=name, model_version=version)
        for version, (cost, listed, hours, name) in bills
    ]
    quiet = [
        idle(str(cost), str(hours), model_version=version, usage_type="g5", source=str(at))
        for at, (version, hours, cost) in enumerate(spare)
    ]
    volumes = tokens(
        **{version: str(count) for version, count in zip(("v1", "v2"), served, strict=False)}
    )
    rows.append(overhead(str(credit), "Credit"))
    comparison(tmp_path, rows, ANY_PLANS, idle=quiet, volumes=volumes, days=days)
