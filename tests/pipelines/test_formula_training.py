"""Hours of training: what each symbol does to them, and which inputs are none."""

from fractions import Fraction

import pytest

from pipelines.errors import FormulaInputInvalid
from pipelines.formulas.chips import said_of
from pipelines.formulas.library import formula_named

MODEL = {"active_parameters": "1B parameters", "tokens": "10B tokens"}
ATTENTION = {"layers": 10, "model_width": 1000, "context_length": 1000}
RUN = {"peak_flops": "100 TFLOP/s", "window_mfu": "0.5", "goodput": "0.85"}


def of(name, **inputs):
    return formula_named(name).evaluate(**inputs)


def refused(name, **inputs):
    with pytest.raises(FormulaInputInvalid) as stopped:
        of(name, **inputs)
    return stopped.value.problems


def cautions(name, **inputs):
    return formula_named(name).said_of(**inputs)


def test_attention_is_counted_per_layer_width_and_context():
    # (6e9 + 12 x 10 x 1000 x 1000) x 1e10 = (6 + 0.12) x 1e19
    assert of("training_flop", **MODEL, **ATTENTION) == 612 * 10**17
    assert of("training_flop", **MODEL, **ATTENTION, attention_share="0.5") == 606 * 10**17
    assert of("training_flop", **MODEL) == 600 * 10**17


def test_recomputing_repeats_the_forward_pass_of_weights_and_attention():
    assert of("training_flop_recompute", **MODEL, **ATTENTION) == 816 * 10**17


def test_frozen_weights_need_no_gradients_and_attention_is_computed_all_the_same():
    assert of("lora_flop", **MODEL, **ATTENTION) == 412 * 10**17


def test_every_hour_that_is_billed_is_its_own_symbol():
    # 6.12e19 / (3600 x 1e14 x 0.5) = 340 busy; / 0.85 = 400 billed
    assert of("training_gpu_hours", **MODEL, **ATTENTION, **RUN) == 400
    with_all = of(
        "training_gpu_hours",
        **MODEL,
        **ATTENTION,
        **RUN,
        startup_gpu_hours=1,
        evaluation_gpu_hours=2,
        failed_gpu_hours=3,
        sweep_gpu_hours=4,
    )
    assert with_all == 410


def test_lost_hours_are_a_line_of_their_own():
    assert of("lost_gpu_hours", flop=612 * 10**17, **RUN) == 60


@pytest.mark.parametrize(
    ("formula", "convention"),
    [
        ("training_gpu_hours", "window_mfu"),
        ("training_gpu_hours_recompute", "hardware_mfu"),
        ("training_gpu_hours_6nd", "six_nd_mfu"),
        ("training_gpu_hours_effective", "effective_mfu"),
    ],
)
def test_each_convention_of_mfu_has_its_own_name(formula, convention):
    symbols = {symbol.name for symbol in formula_named(formula).symbols}
    assert {name for name in symbols if name.endswith("mfu")} == {convention}


def test_an_mfu_of_another_convention_is_not_taken():
    inputs = {**MODEL, "peak_flops": "100 TFLOP/s", "window_mfu": "0.4"}
    assert refused("training_gpu_hours_effective", **inputs) == [
        "window_mfu: training_gpu_hours_effective has no such symbol",
        "effective_mfu (MFU_e): not given",
    ]


def test_the_four_mfus_of_one_run_differ():
    window = {
        "active_parameters": "1B parameters",
        "tokens_per_second": 10_000,
        "chips": 1,
        "peak_flops": "200 TFLOP/s",
    }
    # per token 6e9, 6.12e9 with attention, 8.16e9 recomputed; x 1e4 / 2e14
    assert of("six_nd_mfu", **window) == Fraction("0.3")
    assert of("window_mfu", **window, **ATTENTION) == Fraction("0.306")
    assert of("hardware_mfu", **window, **ATTENTION) == Fraction("0.408")
    # 6.12e19 FLOP on 340 hours at 0.5 of 1e14; 400 hours were billed
    billed = {"flop": 612 * 10**17, "gpu_hours": 400, "peak_flops": "100 TFLOP/s"}
    assert of("effective_mfu", **billed) == Fraction("0.425")


@pytest.mark.parametrize("mfu", [0, "-0.1", "1.01", "40"])
def test_an_impossible_mfu_is_refused_with_its_range(mfu):
    problems = refused("training_gpu_hours", **MODEL, **(RUN | {"window_mfu": mfu}))
    assert problems == [
        f"window_mfu (MFU_w): {mfu} is outside its range: above 0, at most 1",
    ]


def test_an_mfu_in_percent_is_a_share():
    in_percent = of("training_gpu_hours", **MODEL, **(RUN | {"window_mfu": "50 %"}))
    assert in_percent == of("training_gpu_hours", **MODEL, **RUN)


def test_an_mfu_above_0_7_is_computed_with_a_caution_that_names_its_row():
    inputs = {**MODEL, **RUN, "window_mfu": ["0.7", "0.71"]}
    assert cautions("training_gpu_hours", **inputs) == [
        "row 2: window_mfu 0.71 is above 0.7: few runs reach it"
    ]


def test_an_mfu_worked_out_above_1_says_what_is_wrong_with_its_inputs():
    # OPT-IML: hours of the fine-tuning, FLOP of the base model
    (said,) = cautions("effective_mfu", flop=1e24, gpu_hours=10_000, peak_flops="312 TFLOP/s")
    assert said.startswith("89.03 is above 1, which is impossible: hours and FLOP are not of one")


def test_the_sparse_peak_of_a_chip_is_refused_where_no_chip_is_that_fast():
    problems = refused("training_gpu_hours", **MODEL, **(RUN | {"peak_flops": "624 TFLOP/s"}))
    assert problems == [
        "peak_flops (F_peak): 624 TFLOP/s: it is the peak of NVIDIA A100 at bf16 with 2:4 "
        "sparsity, which no dense model reaches; the dense one is 3.12e+14 FLOP/s"
    ]


def test_a_peak_at_8_bits_is_cautioned_where_no_chip_says_that_it_is_not_the_sparse_one_at_16():
    formula = formula_named("training_gpu_hours")
    inputs, _ = formula.read({**MODEL, **RUN, "peak_flops": "1979 TFLOP/s"})
    assert said_of(formula, inputs, chip="H100") == []
    (said,) = said_of(formula, inputs, chip="")
    assert said == (
        "peak_flops 1.979e+15 FLOP/s is right at 8 bits; at bf16 it is the peak of NVIDIA H100 "
        "SXM5 80GB with 2:4 sparsity, and the dense one is 9.895e+14"
    )


@pytest.mark.parametrize(
    ("symbol", "given", "said"),
    [
        ("peak_flops", "312 TFLOP", "TFLOP is FLOP, FLOP/s is FLOP per second"),
        ("peak_flops", "2 TB/s", "TB/s is bytes per second, FLOP/s is FLOP per second"),
        ("tokens", "2 TB", "TB is bytes, tokens is token"),
        ("active_parameters", "37B tokens", "Btokens is token, parameters is parameter"),
        ("goodput", "20 h", "h is time, a plain number is 1"),
        ("tokens", "many", "'many' is no number"),
    ],
)
def test_units_are_never_mixed(symbol, given, said):
    (problem,) = refused("training_gpu_hours", **(MODEL | RUN | {symbol: given}))
    assert problem.startswith(f"{symbol} (")
    assert said.removeprefix("B") in problem


def test_attention_half_given_is_said():
    (said,) = cautions("training_flop", **MODEL, context_length=65_536)
    assert said == (
        "attention is not counted: it takes layers, model_width and context_length together"
    )


def test_419_stops_in_54_days_are_one_every_3_09_hours():
    seconds = of("time_between_stops", running_time="54 d", stops=419)
    assert round(float(seconds) / 3600, 2) == 3.09


def test_the_best_interval_loses_an_eighth_where_stops_are_200_minutes_apart():
    # tau = sqrt(2 x 60 x 12000) = 1200; 1 - 60/1200 - (600 + 300)/12000 = 1 - 0.05 - 0.075
    stops = {"checkpoint": "1 min", "time_between_stops": "200 min"}
    assert of("best_checkpoint_interval", **stops) == 1200
    assert of("best_goodput", **stops, restart="5 min") == pytest.approx(0.875, abs=1e-12)
    at_best = of("goodput", **stops, restart="5 min", interval=1200)
    assert at_best == Fraction("0.875")
    assert of("goodput", **stops, restart="5 min", interval=[600, 2400]).max() < at_best


def test_a_goodput_of_nothing_is_refused_in_its_row():
    (problem,) = refused(
        "goodput", checkpoint=60, interval=[1200, 60], restart=300, time_between_stops=12_000
    )
    assert problem.startswith("row 2: checkpoints, lost work and restarts take 103% of the time")


def test_a_training_cost_keeps_hardware_and_bandwidth_apart():
    # 2 x 100 x 0.9 + 0.09 x 50 + 0.023 x 1000 + 0.005 x 20 + 300 + 40 = 547.60
    cost = of(
        "training_cost",
        hardware_price=2,
        gpu_hours=100,
        discount="10 %",
        bandwidth_price="0.09",
        moved=50,
        storage_price="0.023",
        stored=1000,
        request_price="0.005",
        requests="20k requests",
        labour=300,
        licences=40,
    )
    assert cost == Fraction("547.60")


def test_accelerator_hours_are_hours_of_the_instance_that_is_billed():
    hours = of("instance_hours", gpu_hours=[2_400, 1], gpus_per_instance=[8, "0.125"])
    assert list(hours) == [300, 8]
