"""Inference on own accelerators: roofline, replicas, idle hours; and updates by their mode."""

from fractions import Fraction

import pytest

from pipelines.errors import FormulaInputInvalid
from pipelines.formulas.library import formula_named

CHIP = {
    "active_parameters": "1B parameters",
    "gpus_per_replica": 2,
    "peak_flops": "100 TFLOP/s",
    "compute_efficiency": "0.5",
}
DECODE = {
    **CHIP,
    "weight_bytes": "2 GB",
    "kv_bytes": 100_000,
    "batch": 10,
    "context": 1000,
    "memory_bandwidth": "1 TB/s",
    "memory_efficiency": "0.75",
    "communication": "0.5 ms",
}


def of(name, **inputs):
    return formula_named(name).evaluate(**inputs)


def refused(name, **inputs):
    with pytest.raises(FormulaInputInvalid) as stopped:
        of(name, **inputs)
    return stopped.value.problems


def test_prefill_is_bound_by_computing():
    # 2 x 1e14 x 0.5 / (2 x 1e9)
    assert of("prefill_rate", **CHIP) == 50_000


def test_decode_reads_weights_once_a_step_and_the_cache_of_every_sequence():
    # (2e9 + 10 x 1000 x 1e5) / (2 x 1e12 x 0.75) = 2 ms, and 0.5 ms between accelerators
    assert of("decode_step", **DECODE) == Fraction("0.0025")
    assert of("decode_rate", **DECODE) == 4_000


def test_decode_of_a_large_batch_is_bound_by_computing():
    # 2 x 1e9 x 1000 / (2 x 1e14 x 0.5) = 20 ms, more than the 1.33 ms of reading
    large = DECODE | {"batch": [1, 1000], "context": 0, "communication": 0}
    one, many = of("decode_step", **large)
    assert one == Fraction(2, 1500)
    assert many == Fraction("0.02")


def test_a_month_of_tokens_takes_prefill_and_decode_time_over_the_busy_share():
    # 1.8e8 / 5e4 + 1.44e7 / 4e3 = 7200 s on 2 accelerators = 4 GPU-h, half of the time busy
    hours = of(
        "roofline_gpu_hours",
        **DECODE,
        uncached_input_tokens="180M tokens",
        output_tokens="14.4M tokens",
        busy_share="0.5",
    )
    assert hours == 8


def test_efficiencies_that_nothing_measured_are_the_optimistic_ones():
    unsaid = {name: value for name, value in CHIP.items() if name != "compute_efficiency"}
    assert of("prefill_rate", **unsaid) == 70_000
    assert formula_named("prefill_rate").said_of(**unsaid) == []
    assert formula_named("prefill_rate").said_of(**unsaid, compute_efficiency="0.8") == [
        "compute_efficiency 0.8 is above 0.7, which is optimistic"
    ]


def test_the_largest_batch_is_what_fits_beside_the_weights():
    # 0.9 x 2 x 80e9 - 140e9 = 4e9; / (4000 x 327680) = 3.05
    model = {"weight_bytes": "140 GB", "kv_bytes": 327_680, "context": 4000}
    assert of("largest_batch", **model, memory_bytes="80 GB", gpus_per_replica=2) == 3
    assert refused("largest_batch", **model, memory_bytes="80 GB", gpus_per_replica=1) == [
        "weights of 140 GB and one sequence of 1.311 GB do not fit into the 72 GB of a replica "
        "that may be filled"
    ]


def test_idle_time_doubles_the_price_of_a_token_at_half_the_busy_share():
    prices = of(
        "cost_per_million_tokens",
        gpus_per_replica=1,
        gpu_hour_price="3.6",
        throughput=1000,
        busy_share=[1, "0.5"],
    )
    assert list(prices) == [1, 2]


def test_replicas_are_rounded_up_and_never_below_the_least():
    load = {"tokens_per_request": 500, "throughput": 1000, "target_utilisation": "0.8"}
    # 10 x 500 / 800 = 6.25; 8 x 500 / 800 = 5 exactly; none at all
    rates = of("replicas_for_tokens", **load, request_rate=[10, 8, 0], least_replicas=2)
    assert list(rates) == [7, 5, 2]
    assert of("replicas_for_tokens", **load, request_rate=0, least_replicas=0) == 0


def test_a_load_that_fits_exactly_takes_no_replica_more():
    # in floats 1.1 x 1.1 / 1.21 is above 1
    one = of(
        "replicas_for_tokens",
        request_rate="1.1",
        tokens_per_request="1.1",
        throughput="1.21",
        target_utilisation=1,
    )
    assert one == 1


def test_requests_under_way_are_rate_times_latency():
    # 10 x 1.5 / 4 = 3.75
    assert of("replicas_for_concurrency", request_rate=10, latency="1500 ms", slots=4) == 4


def test_a_month_s_replicas_are_those_of_its_peak():
    # 2 678 400 requests in 744 h = 1 a second; 3 x 500 / 750 = 2 replicas x 8 x 744
    month = {"requests": 2_678_400, "peak_to_mean": 3, "gpus_per_replica": 8, "hours_in_month": 744}
    by_tokens = of(
        "provisioned_gpu_hours_for_tokens",
        **month,
        tokens_per_request=500,
        throughput=1000,
        target_utilisation="0.75",
    )
    assert by_tokens == 2 * 8 * 744
    by_slots = of("provisioned_gpu_hours_for_concurrency", **month, latency="2 s", slots=4)
    assert by_slots == 2 * 8 * 744


def test_a_changing_load_is_a_column_whose_replicas_are_summed_over_time():
    replicas = of(
        "replicas_for_tokens",
        request_rate=[1, 3, 0],
        tokens_per_request=500,
        throughput=1000,
        target_utilisation="0.75",
    )
    assert list(replicas) == [1, 2, 1]
    held = of("provisioned_gpu_hours", replicas=replicas, gpus_per_replica=1, hours_in_month=8)
    assert held.sum() == 32


def test_idle_hours_are_what_was_billed_and_not_busy():
    assert of("idle_gpu_hours", billed_gpu_hours=5952, gpu_hours=4000) == 1952
    assert of("busy_share", billed_gpu_hours=5952, gpu_hours=2976) == Fraction(1, 2)
    assert of("billed_gpu_hours", gpu_hours=2976, busy_share="0.5") == 5952


@pytest.mark.parametrize("name", ["idle_gpu_hours", "busy_share"])
def test_more_busy_than_billed_hours_are_refused_and_never_negative_idle(name):
    assert refused(name, billed_gpu_hours=[100, 100], gpu_hours=[100, 101]) == [
        "row 2: 101 busy accelerator-hours are more than the 100 billed: one of them is of other "
        "accelerators or of another time"
    ]


def test_nothing_is_predicted_for_a_replica_that_is_never_busy():
    (problem,) = refused("billed_gpu_hours", gpu_hours=10, busy_share=0)
    assert problem == "busy_share (u): 0 is outside its range: above 0, at most 1"


def test_volumes_that_logs_measure_are_marked_and_prices_are_not():
    measured = {
        symbol.name: symbol.measured
        for symbol in formula_named("serving_gpu_hours_cached").symbols
        if symbol.measured
    }
    assert measured == {
        "uncached_input_tokens": "uncached_input_tokens",
        "cached_tokens": "cached_tokens",
        "output_tokens": "output_tokens",
    }


UPDATE = {
    "updates": 2,
    "active_parameters": "1B parameters",
    "peak_flops": "100 TFLOP/s",
    "window_mfu": "0.5",
    "goodput": "0.8",
    "evaluation_gpu_hours": 10,
}


def test_each_mode_of_update_computes_what_it_must():
    # 6e19 / 1.8e17 = 333 1/3 busy, 416 2/3 billed, and 10 of evaluation; twice a month
    full = of("update_gpu_hours", **UPDATE, tokens="10B tokens")
    assert full == 2 * (Fraction(1250, 3) + 10)
    lora = of("update_gpu_hours_lora", **UPDATE, tokens="10B tokens")
    assert lora == 2 * (Fraction(2500, 9) + 10)
    new_and_replayed = of(
        "update_gpu_hours_incremental",
        **UPDATE,
        new_tokens="1B tokens",
        replay_tokens="1B tokens",
    )
    assert new_and_replayed == 2 * (Fraction(250, 3) + 10)


def test_an_update_of_embeddings_writes_tables_and_computes_nothing():
    # 30 x 1e6 rows x 64 x 4 bytes, and as much of one optimiser slot
    written = of(
        "update_embedding_traffic", updates=30, rows=1_000_000, dimension=64, optimiser_slots=1
    )
    assert written == Fraction("15.36")


def test_a_roll_out_is_billed_for_the_replicas_that_stand_beside_the_old_ones():
    overlap = {"updates": 2, "added_replicas": 3, "gpus_per_replica": 8, "overlap_time": "6 h"}
    assert of("rollout_overlap_gpu_hours", **overlap) == 288
    assert of("rollout_overlap_gpu_hours", **overlap, unserved_share="0.5") == 144


def test_a_month_without_updates_costs_nothing_and_two_cost_twice_one():
    # 2 x (100 + 20) + 0.09 x 50 = 244.50
    costs = of(
        "update_cost",
        updates=[0, 1, 2],
        gpu_hour_price=2,
        run_gpu_hours=100,
        overlap_gpu_hours=20,
        bandwidth_price="0.09",
        pushed="50 GB",
    )
    assert list(costs) == [0, Fraction("244.5"), 489]
