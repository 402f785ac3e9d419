"""A formula's unit becomes the bill's unit, exactly, or not at all."""

from fractions import Fraction

import pytest

from pipelines.prediction.bill_units import BillUnit, hours_of, in_bill_unit


@pytest.mark.parametrize(
    ("value", "unit", "billed", "quantity"),
    [
        (2_400, "GPU-h", BillUnit("Hrs", machine="p5.48xlarge"), 300),
        (2_400, "GPU-h", BillUnit("Hrs", usage_type="*ml.p5.48xlarge"), 300),
        (2_400, "GPU-h", BillUnit("GPU Hours"), 2_400),
        (2_400, "GPU-h", BillUnit("GPU-h"), 2_400),
        (1, "GPU-h", BillUnit("Seconds", machine="g6f.large"), 28_800),  # an eighth of a card
        (300, "h", BillUnit("Hrs"), 300),
        (2, "d", BillUnit("Hrs"), 48),
        (5_000_000, "tokens", BillUnit("1K tokens"), 5_000),
        (5_000_000, "tokens", BillUnit("1M Tokens"), 5),
        (5_000, "requests", BillUnit("Requests"), 5_000),
        (7, "images", BillUnit("images"), 7),
        (100, "GB-month", BillUnit("GB-Mo", "aws"), 100),
        (100, "GB-month", BillUnit("gibibyte month", "gcp"), 100),
        (1, "GiB", BillUnit("GB", "aws"), 1),
        (1, "GiB", BillUnit("GB", "alibaba"), Fraction(2**30, 10**9)),
        (1, "GiB", BillUnit("gibibyte", "gcp"), 1),
        (720, "GiB-h", BillUnit("GB-Mo", "aws"), 1),  # one GiB through all of September
        (50, "kWh", BillUnit("kWh"), 50),
    ],
)
def test_the_quantity_is_exact(value, unit, billed, quantity):
    assert in_bill_unit(Fraction(value), unit, billed, "2026-09").quantity == quantity


@pytest.mark.parametrize(
    ("unit", "billed", "said"),
    [
        ("GiB", BillUnit("GB"), "depends on who bills it: say `provider`"),
        ("tokens", BillUnit("Hrs"), "tokens is token, s is time: they are never mixed"),
        ("FLOP", BillUnit("Hrs"), "FLOP is FLOP, s is time"),
        ("GPU-h", BillUnit("Requests"), "GPU-h are accelerator time, Requests is not"),
        ("GPU-h", BillUnit("Hrs"), "how many accelerators one Hrs holds is not known"),
        ("GPU-h", BillUnit("Hrs", machine="m5.large"), "how many accelerators m5.large has"),
        ("tokens", BillUnit("widgets"), "the size of the bill's unit 'widgets' is not known"),
    ],
)
def test_units_that_do_not_meet_are_refused_by_name(unit, billed, said):
    with pytest.raises(ValueError, match=said):
        in_bill_unit(Fraction(1), unit, billed, "2026-09")


@pytest.mark.parametrize(
    ("billed", "hours"),
    [
        (BillUnit("Hrs", machine="p5.48xlarge"), 1),
        (BillUnit("Seconds", machine="p5.48xlarge"), Fraction(1, 3600)),
        (BillUnit("GPU Hours", machine="p5.48xlarge"), Fraction(1, 8)),
    ],
)
def test_a_machines_price_is_for_its_hours(billed, hours):
    assert hours_of(billed) == hours


def test_a_machines_price_says_nothing_of_tokens():
    with pytest.raises(ValueError, match="counts no machine time"):
        hours_of(BillUnit("1K tokens", machine="p5.48xlarge"))
