"""Units and numbers of formula inputs, as people write them: what is read, and what is said."""

from fractions import Fraction

import pytest

from pipelines.errors import FormulaInputInvalid
from pipelines.formulas.library import formula_named
from pipelines.formulas.units import in_unit


@pytest.mark.parametrize(
    ("given", "unit", "value"),
    [
        ("1,500,000", "tokens", 1_500_000),
        ("1,500.5 k tokens", "tokens", 1_500_500),
        (".5e3", "", 500),
        ("5.", "", 5),
        ("-.5", "", Fraction(-1, 2)),
        ("50 %", "", Fraction(1, 2)),
        ("2.5k tokens/s", "tokens/s", 2500),
        ("120k tokens/min", "tokens/s", 2000),
        ("86.4M tokens/d", "tokens/s", 1000),
        ("36 requests/h", "requests/s", Fraction(1, 100)),
        ("2 vCPU-h", "vCPU-s", 7200),
        ("1 week", "h", 168),
        # 1 GiB is 1.073741824 GB, and so much dearer
        ("0.09 money/GB", "money/GiB", Fraction("0.09") * Fraction("1.073741824")),
    ],
)
def test_numbers_are_read_as_they_are_written(given, unit, value):
    assert in_unit(given, unit) == value


@pytest.mark.parametrize(
    ("given", "unit", "said"),
    [
        ("1,5", "", "a comma parts thousands (1,500); write decimals with a point (1.5)"),
        ("12,34,567", "", "a comma parts thousands"),
        ("1.5.5", "", "'1.5.5' is no number"),
        ("%", "", "'%' is no number"),
        ("1.4T", "tokens", "unit 'T' is not known; 'T tokens' was meant?"),
        ("70B", "parameters", "they are never mixed; 'B parameters' was meant?"),
        ("312 TFLOPS", "FLOP/s", "FLOP/s can be given in TFLOP/s, FLOP/s"),
        ("$2.5", "money/GPU-h", "a price is the number alone"),
        ("2.5 USD", "money/GPU-h", "prices are in money/GPU-h, without a currency's name"),
        ("1 month", "h", "month is calendar months, h is time: they are never mixed"),
        ("1e400", "", "'1e400' is no quantity of anything"),
        ("1e-400", "", "'1e-400' is no quantity of anything"),
        ("1e999999999", "", "'1e999999999' is no quantity of anything"),
    ],
)
def test_what_is_no_number_or_no_unit_is_said_with_what_may_have_been_meant(given, unit, said):
    with pytest.raises(ValueError, match=r"no|mixed") as stopped:
        in_unit(given, unit)
    assert said in str(stopped.value)


def test_cloud_run_charges_processors_apart_from_memory():
    # 10M requests of 0.1 s at 1 vCPU and 2 GiB: 8M x 0.40/M + 1.64M GiB-s x 0.0000025
    # + 820k vCPU-s x 0.000024 = 3.20 + 4.10 + 19.68
    inputs = {
        "requests": "10M requests",
        "request_price": "0.40",
        "gb_seconds": "2,000,000",
        "gb_second_price": "0.0000025",
        "free_requests": "2M requests",
        "free_gb_seconds": "360,000",
        "cpu_seconds": "1,000,000",
        "free_cpu_seconds": "180,000",
    }
    cost = formula_named("serverless_cost")
    assert cost.evaluate(**inputs, cpu_second_price="0.000024") == Fraction("26.98")
    with pytest.raises(FormulaInputInvalid) as stopped:
        cost.evaluate(**inputs)
    assert stopped.value.problems == ["cpu_second_price (p_v): not given, and vCPU-seconds are"]


def test_provisioned_throughput_is_paid_by_whole_units_for_all_hours():
    # 45k tokens a minute of 20k each: 3 units x 672 h x 39.60 x 0.7
    inputs = {"token_rate": "45k tokens/min", "unit_token_rate": "20k tokens/min"}
    price = {"hours_in_month": 672, "unit_price": "39.60", "discount": "30%"}
    cost = formula_named("provisioned_throughput_cost")
    assert cost.evaluate(**inputs, **price) == Fraction("55883.52")
    # at 70 % of what a unit serves: 4; 1 without any load
    assert cost.evaluate(**inputs, **price, target_utilisation="0.7") == Fraction("74511.36")
    assert cost.evaluate(**{**inputs, "token_rate": 0}, **price) == Fraction("18627.84")
