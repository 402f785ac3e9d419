"""The priced formulas against public cases (D2, D9 to D11) and against sums worked out by hand."""

from fractions import Fraction as F
from typing import Any

import pytest

from pipelines.errors import FormulaInputInvalid
from pipelines.formulas.library import FORMULAS, formula_named
from pipelines.formulas.units import UNITS, factor

BLOCKS = {
    "block_1": 51200,
    "price_1": "0.023",
    "block_2": 460800,
    "price_2": "0.022",
    "price_3": "0.021",
}
EXPRESS = {
    "gb_months": 10,
    "price": "0.11",
    "writes": "1M requests",
    "write_price": "0.00113",
    "reads": "9M requests",
    "read_price": "0.00003",
    "uploaded": "10_000_000 KiB",
    "upload_price": "0.0032",
    "retrieved": "90_000_000 KiB",
    "retrieval_price": "0.0006",
}
EGRESS = {
    "free": 100,
    "block_1": 10240,
    "price_1": "0.09",
    "block_2": 40960,
    "price_2": "0.085",
    "block_3": 102400,
    "price_3": "0.07",
    "price_4": "0.05",
}
SONNET = {
    "input_price": "0.003 money/k tokens",
    "cache_write_price": "0.00375 money/k tokens",
    "cached_price": "0.0003 money/k tokens",
    "output_price": "0.015 money/k tokens",
}


def value(name: str, **inputs: Any) -> Any:
    return formula_named(name).evaluate(**inputs)


def test_no_two_formulas_of_the_library_share_a_name_and_every_unit_is_known():
    from pipelines.formulas import library  # noqa: PLC0415 -- the modules it gathers

    modules = [found for found in vars(library).values() if hasattr(found, "FORMULAS")]
    assert sum(len(module.FORMULAS) for module in modules) == len(FORMULAS)
    for formula in FORMULAS.values():
        assert {formula.unit, *(symbol.unit for symbol in formula.symbols)} <= set(UNITS)
        names = [symbol.name for symbol in formula.symbols]
        assert len(names) == len(set(names))


def test_d9_a_months_byte_hours_are_gb_months_of_that_months_hours():
    # 100 GiB x 15 d + 100 TiB x 16 d = 36,000 + 39,321,600 GiB-h = 42,259,901,212,262,400 B-h;
    # March has 744 hours.
    assert value("gb_months", held="42259901212262400 B-h", hours_in_month=744) == 52900
    april = value("gb_months", held="39357600 GiB-h", hours_in_month=720)
    assert april == F(39357600, 720)


def test_d9_storage_is_priced_block_by_block():
    # 51,200 x 0.023 + 1,700 x 0.022 = 1,177.60 + 37.40
    assert value("storage_cost", gb_months=52900, **BLOCKS) == 1215
    # 512,000 fills two blocks; the 1 above costs 0.021
    two = F("51200") * F("0.023") + F("460800") * F("0.022")
    assert value("storage_cost", gb_months=512001, **BLOCKS) == two + F("0.021")


def test_d9b_lines_are_rounded_to_the_cent_only_where_that_is_said():
    # 1.10 + 1.13 + 0.27 + 0.0305 + 0.0515; both ways come to 2.58
    lines = [F("1.10"), F("1.13"), F("0.27")]
    moved = [F(10**7, 2**20) * F("0.0032"), F(9 * 10**7, 2**20) * F("0.0006")]
    assert value("object_storage_cost", **EXPRESS) == sum(lines) + sum(moved)
    assert round(value("object_storage_cost", **EXPRESS), 4) == F("2.5820")
    assert value("object_storage_cost", **EXPRESS, line_rounding="0.01") == F("2.58")


def test_half_a_cent_is_rounded_up_on_each_line_before_they_are_added():
    lines = {"writes": 5000, "write_price": "0.001", "reads": 5000, "read_price": "0.001"}
    inputs = EXPRESS | lines | {"gb_months": 0, "uploaded": 0, "retrieved": 0}
    assert value("object_storage_cost", **inputs) == F("0.01")
    assert value("object_storage_cost", **inputs, line_rounding="0.01") == F("0.02")


def test_a_life_or_an_interest_that_nobody_has_is_refused_before_it_is_computed():
    for given in ({"years": 10**6}, {"interest": "1e-30"}, {"interest": 8}):
        with pytest.raises(FormulaInputInvalid, match="outside its range"):
            value("capital_recovery_factor", **{"interest": "8 %", "years": "2.5", **given})


def test_d9c_retrieval_from_an_infrequent_class():
    assert value("retrieval_cost", retrieved=300, retrieval_price="0.01") == 3


def test_a_small_object_kept_for_a_week_is_billed_as_128_kib_for_30_days():
    # 8,388,608 objects of 128 KiB are 1,024 GiB; 30 days of 744 hours
    inputs = {"objects": 8388608, "object_size": "40 KiB", "days_kept": "7 d"}
    short = {"minimum_size": 128, "minimum_days": 30, "hours_in_month": 744}
    assert value("minimum_gb_months", **inputs, **short) == F(1024 * 30 * 24, 744)
    assert value("minimum_gb_months", **inputs, hours_in_month=744) == F(320 * 7 * 24, 744)


def test_storage_is_never_kept_longer_than_the_month_nor_in_a_month_of_730_hours():
    with pytest.raises(FormulaInputInvalid, match=r"744 are more than the month has \(720"):
        value("stored_gb_months", size="1 GiB", hours=744, hours_in_month=720)
    for hours in (671, 745, 730, "730.5 h", "30.4 d"):
        with pytest.raises(FormulaInputInvalid, match="hours_in_month"):
            value("gb_months", held=1, hours_in_month=hours)


def test_d5_the_329_gb_that_bloom_prints_are_gib():
    weights = value("artefact_gigabytes", parameters=176_247_271_424, bits=16)
    assert weights == F("352.494542848")
    assert round(weights * factor("GB", "GiB"), 2) == F("328.29")
    state = value("training_state_gigabytes", parameters=176_247_271_424)
    assert round(state / 1000, 3) == F("2.467")
    assert abs(state / 1000 / F("2.3") - 1) < F("0.075")


def test_int4_weights_carry_their_scales_and_tables_their_optimiser():
    assert value("artefact_gigabytes", parameters="70B parameters", bits=4, scales="0.125") == F(
        "39.375"
    )
    # two tables as a column: 10M x 64 x 4 B x 3 (value and two slots), 1M x 16 x 2 B x 1
    tables = value(
        "embedding_gigabytes",
        rows=["10_000_000", "1_000_000"],
        dimension=[64, 16],
        value_bytes=[4, 2],
        optimiser_slots=[2, 0],
    )
    assert list(tables) == [F("7.68"), F("0.032")]


def test_d10_spot_saves_what_is_not_billed_and_price_and_time_stay_apart():
    assert value("spot_saving", billable=100, training=500) == F("0.8")
    price_ratio = F("18.4") / 21 / (F("61.2") / 20)
    assert round(price_ratio, 3) == F("0.286")
    ratio = value("spot_cost_ratio", price_ratio=price_ratio, time_ratio=F(21, 20))
    assert ratio == F("18.4") / F("61.2")
    assert round(ratio, 4) == F("0.3007")
    with pytest.raises(FormulaInputInvalid, match="billable: 600 is more than training"):
        value("spot_saving", billable=600, training=500)


def test_interruptions_lengthen_a_spot_job_by_its_goodput():
    # 20 h at goodput 20/21 are 21 h
    assert value("spot_cost", spot_price=2, hours=20, goodput=F(20, 21)) == 42


def test_d11_tokens_are_priced_by_class():
    # 3.00 + 0.375 + 0.60 + 7.50
    tokens = {
        "input_tokens": "1M tokens",
        "cache_write_tokens": "100k tokens",
        "cached_tokens": "2M tokens",
        "output_tokens": "500k tokens",
    }
    assert value("managed_api_cost", **tokens, **SONNET) == F("11.475")


def test_d11_batch_halves_the_price_of_what_is_sent_by_it():
    tokens = {
        "input_tokens": "1M tokens",
        "cache_write_tokens": 0,
        "cached_tokens": 0,
        "output_tokens": "0.5M tokens",
    }
    batch = {"batch_share": 1, "batch_discount": "50 %"}
    assert value("managed_api_cost", **tokens, **SONNET, **batch) == F("5.25")
    batch["batch_share"] = F(1, 2)
    assert value("managed_api_cost", **tokens, **SONNET, **batch) == F("7.875")


def test_d2_a_day_of_deepseek_at_list_price_and_its_margin_in_theory():
    # 47.88 + 146.30 + 367.92 thousand; the page prints 562,027 from tokens it does not round
    revenue = value(
        "managed_api_cost",
        cached_tokens="342B tokens",
        cached_price="0.14",
        input_tokens="266B tokens",
        input_price="0.55",
        output_tokens="168B tokens",
        output_price="2.19",
        cache_write_tokens=0,
        cache_write_price=0,
    )
    assert revenue == 562100
    assert abs(revenue / 562027 - 1) < F("0.0005")
    assert round(value("margin_on_cost", revenue=562027, cost=87072), 4) == F("5.4547")
    ours = value("margin_on_cost", revenue=revenue, cost=87072)
    assert abs(ours - F("5.4547")) < F("0.005")


def test_a_provider_that_reports_input_without_the_cache_is_not_reduced_by_it():
    tokens = {"input_tokens": 100, "cached_tokens": 60, "cache_write_tokens": 10}
    assert value("uncached_tokens", **tokens) == 30
    with pytest.raises(FormulaInputInvalid, match=r"row 2: .*50 are fewer than the cached"):
        value("uncached_tokens", input_tokens=[100, 50], cached_tokens=[60, 60])


@pytest.mark.parametrize(
    ("formula", "measure"),
    [
        ("billed_input_tokens", "uncached_input_tokens"),
        ("billed_cached_tokens", "cached_tokens"),
        ("billed_cache_write_tokens", "cache_write_tokens"),
        ("billed_output_tokens", "output_tokens"),
        ("billed_images", "images"),
        ("request_tokens", "requests"),
        ("answer_gigabytes", "requests"),
        ("serverless_gb_seconds", "requests"),
    ],
)
def test_a_volume_says_which_measure_of_a_log_takes_its_place(formula, measure):
    assert measure in {symbol.measured for symbol in formula_named(formula).symbols}


def test_tokens_of_requests_and_of_retries():
    # 1,000 requests x 400 tokens, a quarter of them cached, 2 % sent again
    inputs = {"requests": "1k requests", "tokens_per_request": 400, "retries": "2 %"}
    assert value("request_tokens", **inputs, share=F(1, 4)) == 102000
    assert value("billed_output_tokens", tokens="1M tokens", retries="0.02") == 1020000


def test_serverless_duration_is_rounded_up_to_its_step():
    # 123.4 ms is billed as 124 ms by the millisecond and 200 ms by 100; 1,536 MiB are 1.5 GiB
    call = {"requests": "1M requests", "duration": "123.4 ms", "memory": "1536 MiB"}
    assert value("serverless_gb_seconds", **call, rounded_to="1 ms") == 186000
    assert value("serverless_gb_seconds", **call, rounded_to="100 ms") == 300000


def test_serverless_cost_after_what_is_free():
    # 2M requests x 0.20/M + 800,000 GB-s x 0.0000166667 = 0.40 + 13.33336
    inputs = {
        "requests": "3M requests",
        "request_price": "0.20",
        "gb_seconds": 1_200_000,
        "gb_second_price": "0.0000166667",
        "free_requests": "1M requests",
        "free_gb_seconds": 400_000,
    }
    assert value("serverless_cost", **inputs) == F("13.73336")
    assert value("serverless_cost", **(inputs | {"requests": 5, "gb_seconds": 7})) == 0


def test_egress_is_a_share_of_what_the_account_pays_by_blocks():
    # 51,300 GB - 100 free: 10,240 x 0.09 + 40,960 x 0.085 = 921.60 + 3,481.60; a tenth of it
    assert value("egress_cost", gigabytes=5130, account_gigabytes=51300, **EGRESS) == F("440.32")
    shares = value("egress_cost", gigabytes=[30780, 20520], account_gigabytes=51300, **EGRESS)
    assert sum(shares) == F("4403.2")
    assert value("egress_cost", gigabytes=0, account_gigabytes=0, **EGRESS) == 0
    with pytest.raises(FormulaInputInvalid, match="more than the whole account"):
        value("egress_cost", gigabytes=2, account_gigabytes=1, **EGRESS)


def test_other_bandwidth_is_priced_as_it_is_bought():
    # 1,000 GB x (0.01 + 0.01); 2 gateways x 744 h x 0.045 + 500 x 0.045
    assert value("cross_zone_cost", gigabytes=1000, price_out="0.01", price_in="0.01") == 20
    gateways = {"gateways": 2, "hours": 744, "hour_price": "0.045"}
    assert value("nat_cost", **gateways, gigabytes=500, price="0.045") == F("89.46")
    # 1,000 delivered at 0.02, a tenth fetched at 0.05; 2 ports x 720 h x 0.30 + 100 x 0.02
    delivered = {"gigabytes": 1000, "price": "0.02", "hit_share": "0.9", "origin_price": "0.05"}
    assert value("delivery_cost", **delivered) == 25
    ports = {"ports": 2, "hours": 720, "hour_price": "0.30"}
    assert value("link_cost", **ports, gigabytes=100, price="0.02") == 434
    assert value("answer_gigabytes", requests=2**20, answer="2 KiB") == 2
    assert value("push_gigabytes", updates=4, size="8 GiB", destinations=3) == 96


def test_owned_machines_cost_what_the_ledger_charges():
    # 300,000 x 0.9 / (5 x 8,760); with interest 67,623.24 a year
    machine = {"price": 300000, "residual": "0.1", "years": 5}
    assert value("owned_hour_straight_line", **machine) == F(270000, 43800)
    level = value("owned_hour_capital_recovery", **machine, interest="8 %", availability="0.5")
    assert round(level * 8760 / 2, 2) == F("67623.24")
    assert round(1000 * value("capital_recovery_factor", interest="0.1", years=10), 2) == F(
        "162.75"
    )


def test_energy_counts_the_site_and_idle_hours_too():
    # D5: 1,082,990 GPU-h x 0.4 kW = 433,196 kWh; 8 x 0.7 kW x 60 % x 24 h x 1.3 = 104.832
    run = {"units": 1, "power": "400 W", "load": 1, "hours": 1082990, "pue": 1}
    assert value("energy", **run) == 433196
    node = {"units": 8, "power": "0.7", "load": "60 %", "hours": "1 d", "pue": "1.3"}
    assert value("energy", **node) == F("104.832")
    assert value("energy_cost", energy="104832 Wh", tariff="0.25") == F("26.208")
    with pytest.raises(FormulaInputInvalid, match="pue"):
        value("energy", **(node | {"pue": "0.9"}))


def test_people_licences_and_edge_fleets():
    assert value("labour_cost", people=2, monthly_rate=12000, share="0.25") == 6000
    assert value("licence_cost", seats=8, monthly_price="375", months=3) == 9000
    # 1,000 x (3 + 0.5 + 0.25 + 1.5 x 0.09)
    fleet = {"units": 1000, "capex": 3, "energy": "0.5", "upkeep": "0.25"}
    assert value("edge_fleet_cost", **fleet, pushed="1.5 GiB", price="0.09") == 3885


def test_the_two_effective_savings_rates_are_told_apart():
    # on demand 100, negotiated 90, paid 63
    assert value("effective_savings_rate", actual=63, on_demand_equivalent=100) == F("0.37")
    rate = value("finops_effective_savings_rate", contracted_cost=90, effective_cost=63)
    assert rate == F("0.3")
    paid_more = value("effective_savings_rate", actual=120, on_demand_equivalent=100)
    assert paid_more == F("-0.2")


def test_coverage_utilisation_and_unused_commitment():
    assert value("commitment_coverage", covered=60, eligible=80) == F("0.75")
    assert value("commitment_utilisation", used="1.5", commitment=2) == F("0.75")
    assert value("unused_commitment", used="1.5", commitment=2) == F("0.5")
    with pytest.raises(FormulaInputInvalid, match="used: 3 is more than commitment"):
        value("commitment_utilisation", used=3, commitment=2)


def test_discounts_follow_each_other():
    # 4.00 less 25 % less 10 %
    inputs = {"list_price": 4, "discount": "25 %", "further_discount": "0.1"}
    assert value("effective_price", **inputs) == F("2.7")


def test_a_price_of_another_unit_is_converted_and_one_of_another_thing_refused():
    tokens = {"input_tokens": "1M tokens", "output_tokens": 0, "cached_tokens": 0}
    prices = SONNET | {"input_price": "0.000003 money/token"}
    assert value("managed_api_cost", **tokens, cache_write_tokens=0, **prices) == 3
    with pytest.raises(FormulaInputInvalid, match=r"money per bytes.*never mixed"):
        value(
            "managed_api_cost",
            **tokens,
            cache_write_tokens=0,
            **(SONNET | {"input_price": "0.09 money/GB"}),
        )


def test_a_price_that_is_not_said_is_no_price_of_zero():
    with pytest.raises(FormulaInputInvalid, match=r"price_3 \(p_3\): not given"):
        value("storage_cost", gb_months=1, **{k: v for k, v in BLOCKS.items() if k != "price_3"})
