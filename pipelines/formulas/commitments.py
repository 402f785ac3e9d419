"""What discounts and commitments do to a price, and how well they are used.

Two ratios are called effective savings rate. Both are here under their own names: one holds actual
cost against on-demand prices, FinOps' own holds effective against contracted cost, so that
negotiated discounts are no savings in it. `savings_plans` applies many plans to many kinds of
usage, hour by hour; the formula here is that engine for one plan and one kind.
"""

from fractions import Fraction
from typing import Final

from pipelines.formulas.by_row import by_row
from pipelines.formulas.columns import refuse
from pipelines.formulas.formula import Formula, Symbol, Value

PLANS: Final = "AWS Savings Plans user guide, how plans apply (sp-applying.html)"
FINOPS: Final = "FinOps Foundation, effective savings rate (finops.org/?p=14600)"
SPOT: Final = "Amazon SageMaker AI, managed spot training (model-managed-spot-training.html)"

COMMITMENT: Final = Symbol("commitment", "K", "money", "committed for the time", low_is_in=False)
USED: Final = Symbol("used", "K_used", "money", "of it used, at plan rates")


@by_row
def _plan_hour(
    units: Fraction, on_demand_price: Fraction, plan_price: Fraction, commitment: Fraction
) -> Fraction:
    covered = min(units, commitment / plan_price)
    return commitment + (units - covered) * on_demand_price


def _savings_plan_cost(
    units: Value, on_demand_price: Value, plan_price: Value, commitment: Value
) -> Value:
    refuse(
        "savings_plan_cost",
        lambda plan, on_demand: (
            f"plan_price (p_sp): {float(plan):g} is above the on-demand price {float(on_demand):g}"
            if plan > on_demand
            else ""
        ),
        plan_price,
        on_demand_price,
    )
    return _plan_hour(
        units=units, on_demand_price=on_demand_price, plan_price=plan_price, commitment=commitment
    )


def _part_of(formula: str, part_name: str, whole_name: str, part: Value, whole: Value) -> Value:
    """The part over the whole, of which it can be no more."""
    refuse(
        formula,
        lambda one, all_: (
            f"{part_name}: {float(one):g} is more than {whole_name} ({float(all_):g})"
            if one > all_
            else ""
        ),
        part,
        whole,
    )
    return part / whole


FORMULAS: Final = (
    Formula(
        name="effective_price",
        title="A price after its discounts, which follow each other",
        says="p = list * (1 - d) * (1 - e)",
        symbols=(
            Symbol("list_price", "list", "", "price of the public list"),
            Symbol("discount", "d", "", "negotiated, spot, reserved or plan", high=1),
            Symbol("further_discount", "e", "", "on what is left", high=1, default=0),
        ),
        unit="",
        of=lambda list_price, discount, further_discount: (
            list_price * (1 - discount) * (1 - further_discount)
        ),
        source="effective rate p(1-d)",
    ),
    Formula(
        name="effective_savings_rate",
        title="Effective savings rate against on-demand prices",
        says="ESR = 1 - actual / on-demand equivalent",
        symbols=(
            Symbol("actual", "actual", "money", "what was paid, unused commitment included"),
            Symbol(
                "on_demand_equivalent",
                "on-demand equivalent",
                "money",
                "the same usage at on-demand prices",
                low_is_in=False,
            ),
        ),
        unit="",
        of=lambda actual, on_demand_equivalent: 1 - actual / on_demand_equivalent,
        source="1 - actual spend / on-demand equivalent spend",
    ),
    Formula(
        name="finops_effective_savings_rate",
        title="Effective savings rate as FinOps' use case has it: against contracted cost",
        says="ESR = (ContractedCost - EffectiveCost) / ContractedCost",
        symbols=(
            Symbol("contracted_cost", "ContractedCost", "money", "of the usage", low_is_in=False),
            Symbol("effective_cost", "EffectiveCost", "money", "of it, commitments spread"),
        ),
        unit="",
        of=lambda contracted_cost, effective_cost: (
            (contracted_cost - effective_cost) / contracted_cost
        ),
        source=FINOPS,
    ),
    Formula(
        name="commitment_coverage",
        title="Coverage: what commitments cover of what they could",
        says="coverage = covered / eligible",
        symbols=(
            Symbol("covered", "covered", "money", "covered usage at on-demand prices"),
            Symbol("eligible", "eligible", "money", "eligible usage likewise", low_is_in=False),
        ),
        unit="",
        of=lambda covered, eligible: _part_of(
            "commitment_coverage", "covered", "eligible", covered, eligible
        ),
        source=PLANS,
    ),
    Formula(
        name="commitment_utilisation",
        title="Utilisation: what was used of a commitment",
        says="utilisation = K_used / K",
        symbols=(USED, COMMITMENT),
        unit="",
        of=lambda used, commitment: _part_of(
            "commitment_utilisation", "used", "commitment", used, commitment
        ),
        source=PLANS,
    ),
    Formula(
        name="unused_commitment",
        title="What was committed and not used: its own line, in no price",
        says="U = K - K_used",
        symbols=(USED, COMMITMENT),
        unit="money",
        of=lambda used, commitment: (
            commitment * (1 - _part_of("unused_commitment", "used", "commitment", used, commitment))
        ),
        source=PLANS,
    ),
    Formula(
        name="savings_plan_cost",
        title="One hour of one savings plan and one kind of usage",
        says="C = K + (Q - min(Q, K/p_sp)) * p_od",
        symbols=(
            Symbol("units", "Q", "", "units used in the hour"),
            Symbol("on_demand_price", "p_od", "money", "of a unit", low_is_in=False),
            Symbol("plan_price", "p_sp", "money", "of a unit under the plan", low_is_in=False),
            Symbol("commitment", "K", "money", "committed per hour, paid in every hour"),
        ),
        unit="money",
        of=_savings_plan_cost,
        source=PLANS,
    ),
    Formula(
        name="spot_saving",
        title="What managed spot training saves, as SageMaker states it",
        says="s = 1 - billable / training",
        symbols=(
            Symbol("billable", "billable", "s", "seconds billed"),
            Symbol("training", "training", "s", "seconds trained", low_is_in=False),
        ),
        unit="",
        of=lambda billable, training: (
            1 - _part_of("spot_saving", "billable", "training", billable, training)
        ),
        source=SPOT,
    ),
    Formula(
        name="spot_cost",
        title="A job on spot machines: their rate, and the hours that interruptions add",
        says="C = p_spot * H / g_spot",
        symbols=(
            Symbol("spot_price", "p_spot", "money/h", "spot price of a machine's hour"),
            Symbol("hours", "H", "h", "machine-hours without interruptions"),
            Symbol(
                "goodput", "g_spot", "", "share not lost to interruptions", high=1, low_is_in=False
            ),
        ),
        unit="money",
        of=lambda spot_price, hours, goodput: spot_price * hours / goodput,
        source=SPOT,
        component="training",
        element="hardware",
    ),
    Formula(
        name="spot_cost_ratio",
        title="Spot against on demand: price and time apart",
        says="C_spot / C_od = (p_spot / p_od) * (H_spot / H_od)",
        symbols=(
            Symbol("price_ratio", "p_spot/p_od", "", "spot over on-demand price of an hour"),
            Symbol("time_ratio", "H_spot/H_od", "", "hours with interruptions over hours without"),
        ),
        unit="",
        of=lambda price_ratio, time_ratio: price_ratio * time_ratio,
        source="a price effect times an efficiency effect",
    ),
)
