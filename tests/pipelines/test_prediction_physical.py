"""Formula x list price for a month: quantities in the bill's unit, or the reason why not."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from pipelines.formulas.library import FORMULAS
from pipelines.formulas.units import factor
from pipelines.money import quantise
from pipelines.prediction.list_prices import ListPrices
from pipelines.prediction.physical import physical
from pipelines.prediction.volumes import MEASURE_UNITS, Volumes
from pipelines.prices.machine_prices import MachinePrice, MachinePrices
from pipelines.registry.catalogue import FormulaUse, parse_catalogue

TEMPLATE = Path(__file__).resolve().parents[2] / "assets" / "templates" / "catalogue.toml"
NO_BOOKS = ListPrices()
CHAT = {"model": "chat", "version": "v1"}


def use(name: str, bill_unit: str, **more: Any) -> FormulaUse:
    known = {
        "formula": name,
        "unit": bill_unit,
        "as_of": datetime(2026, 6, 1, tzinfo=UTC),
        "first_month": "2026-07",
        "last_month": "2027-12",
        **CHAT,
    }
    return FormulaUse.model_validate(known | more)


def training(**more: Any) -> FormulaUse:
    """1e9 parameters on 237.48e9 tokens at MFU 0.4 of 989.5 TFLOP/s.

    6 x 1e9 x 237.48e9 / (3600 x 989.5e12 x 0.4) = 1.42488e21 / 1.42488e18 = 1,000 GPU-h: 125 hours
    of a machine of eight.
    """
    inputs = {"active_parameters": "1B parameters", "tokens": "237.48B tokens"}
    known: dict[str, Any] = {
        "machine": "p5.48xlarge",
        "chip": "H100",
        "precision": "bf16",
        "inputs": inputs | {"effective_mfu": Decimal("0.4")},
    }
    return use("training_gpu_hours_effective", "Hrs", **known | more)


def tokens_billed(**more: Any) -> FormulaUse:
    known = {"price": Decimal("0.25"), "inputs": {"tokens": "40M tokens"}}
    return use("billed_output_tokens", "1K tokens", **known | more)


def book(**more: Any) -> ListPrices:
    known: dict[str, Any] = {
        "provider": "aws",
        "region": "us-east-1",
        "machine": "p5.48xlarge",
        "price": Decimal("98.32"),
        "valid_from": datetime(2026, 1, 1),
        "book": "ec2",
        "source": "line 2",
    }
    return ListPrices(MachinePrices([[MachinePrice(**known | more)]]))


def rows(
    *uses: FormulaUse,
    prices: ListPrices = NO_BOOKS,
    volumes: Volumes | None = None,
    month: str = "2026-09",
) -> list[dict[str, Any]]:
    found = physical(uses, month, prices, volumes).to_dicts()
    for row in found:
        if row["predicted_cost"] is None:
            assert row["reason"]
        else:
            assert row["predicted_cost"] == quantise(row["price"] * row["quantity"])
            assert not row["reason"]
    return found


def test_accelerator_hours_become_hours_of_the_machine_at_its_listed_price():
    [row] = rows(training(), prices=book())
    assert row["quantity"] == 125
    assert row["price"] == row["list_price"] == Decimal("98.32")
    assert row["discount"] == 0
    assert row["predicted_cost"] == Decimal("12290.00")  # 125 x 98.32
    assert (row["kind"], row["volume"], row["reason"]) == ("physical", "ex_ante", "")
    assert (row["component"], row["element"]) == ("training", "hardware")
    assert row["calibration_group"] == "training_gpu_hours_effective H100 bf16"


def test_every_symbol_is_kept_with_its_value_its_unit_and_where_it_is_from():
    [row] = rows(training(), prices=book())
    inputs = json.loads(row["inputs"])
    assert inputs["tokens"] == {
        "value": "237480000000",
        "unit": "tokens",
        "source": "catalogue",
    }
    assert inputs["peak_flops"] == {
        "value": "989500000000000",
        "unit": "FLOP/s",
        "source": "H100 bf16",
    }
    assert inputs["layers"] == {"value": "0", "unit": "", "source": "default"}
    assert inputs["(result)"] == {"value": "1000", "unit": "GPU-h"}
    assert inputs["(quantity)"]["said"] == "1 Hrs of p5.48xlarge = 8 GPU-h"
    assert inputs["(price)"]["source"].startswith("p5.48xlarge in us-east-1: 98.32 USD an hour")


def test_a_possible_and_suspicious_input_is_cautioned_and_still_predicted():
    inputs = {"active_parameters": "1B parameters", "tokens": "237.48B tokens"}
    [row] = rows(training(inputs=inputs | {"effective_mfu": Decimal("0.8")}), prices=book())
    assert row["predicted_cost"] == 6145  # half the hours of MFU 0.4
    assert "effective_mfu 0.8 is above 0.7" in json.loads(row["inputs"])["(result)"]["cautions"][0]


@pytest.mark.parametrize(
    ("given", "prices", "reason"),
    [
        (training(), NO_BOOKS, "no book of machines is configured"),
        (training(), book(valid_from=None), "price with no date"),
        (training(), book(valid_from=datetime(2026, 10, 1)), "only from 2026-10-01"),
        (training(), book(currency="EUR"), "has p5.48xlarge in EUR, not in USD"),
        (training(machine=""), book(), "how many accelerators one Hrs holds is not known"),
        (training(machine="x9.huge"), book(), "how many accelerators x9.huge has is not known"),
        (training(unit="GB", provider="aws"), book(), "GPU-h are accelerator time, GB is not"),
        (training(formula="training_gpu_ours"), book(), "there is no formula 'training_gpu_ours'"),
        (training(precision="fp4"), book(), "has no dense peak at 'fp4'"),
        (training(inputs={}), book(), "active_parameters (N_a): not given"),
        (
            training(inputs={"active_parameters": 1, "tokens": 1, "effective_mfu": 2}),
            book(),
            "2 is outside its range: above 0, at most 1",
        ),
        (
            training(inputs={"active_parameters": "1 GB", "tokens": 1, "effective_mfu": "0.4"}),
            book(),
            "GB is bytes, parameters is parameter: they are never mixed",
        ),
        (tokens_billed(price=None), NO_BOOKS, "no price: give billed_output_tokens `price`"),
        (tokens_billed(unit="widgets"), NO_BOOKS, "size of the bill's unit 'widgets' is not known"),
        (
            tokens_billed(inputs={"tokens": "1e30 tokens"}),
            NO_BOOKS,
            "its quantity of 1e+27 is beyond any bill's",
        ),
    ],
)
def test_what_is_missing_or_impossible_has_no_cost_and_says_why(given, prices, reason):
    [row] = rows(given, prices=prices)
    assert row["predicted_cost"] is None
    assert reason in row["reason"]


def test_a_quantity_without_a_price_is_still_told():
    [row] = rows(training())
    assert (row["quantity"], row["price"], row["predicted_cost"]) == (125, None, None)


def test_two_reasons_are_both_told():
    [row] = rows(training(inputs={"tokens": -1, "effective_mfu": 2}), prices=book())
    assert "active_parameters" in row["reason"]
    assert "tokens (D): -1 is outside its range" in row["reason"]
    assert "effective_mfu" in row["reason"]


def test_hours_are_those_of_the_very_month():
    serving = use(
        "provisioned_gpu_hours",
        "Hrs",
        machine="g5.2xlarge",
        price=None,
        inputs={"replicas": 3, "gpus_per_replica": 1},
    )
    for month, hours in (("2027-02", 672), ("2026-09", 720), ("2026-10", 744)):
        [row] = rows(serving, month=month)
        assert row["quantity"] == 3 * hours
        assert json.loads(row["inputs"])["hours_in_month"]["source"] == month


def test_a_measured_volume_makes_a_twin_and_never_mixes_with_the_forecast():
    volumes = {("chat", "v1"): {"output_tokens": Fraction(60_000_000)}}
    before, after = rows(tokens_billed(), volumes=volumes)
    # 40M / 1000 x 0.25 and 60M / 1000 x 0.25
    assert (before["volume"], before["predicted_cost"]) == ("ex_ante", 10_000)
    assert (after["volume"], after["predicted_cost"]) == ("ex_post", 15_000)
    assert "measured" not in json.loads(before["inputs"])["tokens"]
    assert json.loads(after["inputs"])["tokens"] == {
        "value": "60000000",
        "unit": "tokens",
        "measured": True,
        "source": "log",
    }


def test_a_month_that_is_not_over_has_no_twin():
    assert [row["volume"] for row in rows(tokens_billed(), volumes=None)] == ["ex_ante"]


def test_a_volume_no_log_measured_is_said_and_not_taken_for_zero():
    _, twin = rows(tokens_billed(), volumes={("chat", "v1"): {"requests": Fraction(5)}})
    assert twin["predicted_cost"] is None
    assert twin["reason"] == "no log measured output_tokens of chat v1 in 2026-09"


def test_training_has_no_twin_because_logs_measure_inference():
    found = rows(training(), prices=book(), volumes={("chat", "v1"): {"gpu_hours": Fraction(9)}})
    assert [row["volume"] for row in found] == ["ex_ante"]


def test_busy_hours_of_the_log_are_no_volume_of_training():
    trained = use(
        "billed_gpu_hours",
        "GPU Hours",
        component="training",
        price=1,
        inputs={"gpu_hours": 300, "busy_share": 1},
    )
    found = rows(trained, volumes={("chat", "v1"): {"gpu_hours": Fraction(9)}})
    assert [row["volume"] for row in found] == ["ex_ante"]


def managed_api(**more: Any) -> FormulaUse:
    """Claude 3.5 Sonnet v2 on Bedrock, card of 2025-07-20: 11.475 USD for 3.6M tokens."""
    inputs = {
        "input_tokens": "1M tokens",
        "input_price": 3,
        "cache_write_tokens": "0.1M tokens",
        "cache_write_price": Decimal("3.75"),
        "cached_tokens": "2M tokens",
        "cached_price": Decimal("0.30"),
        "output_tokens": "0.5M tokens",
        "output_price": 15,
    }
    return use("managed_api_cost", "1K tokens", **{"inputs": inputs} | more)


def test_a_result_in_money_is_told_per_unit_of_its_volume():
    [row] = rows(managed_api())
    assert row["predicted_cost"] == Decimal("11.475")
    assert row["quantity"] == 3600
    assert row["price"] == Decimal("0.0031875")  # 11.475 / 3,600
    assert (row["activity"], row["activity_quantity"]) == ("1M tokens", Decimal("3.6"))
    assert row["units_per_activity"] == 1000


def test_a_result_in_money_takes_no_second_price():
    [row] = rows(managed_api(price=1))
    assert row["reason"].startswith("managed_api_cost gives money")


def test_a_version_that_never_used_its_cache_reads_nothing_from_it():
    volumes = {
        ("chat", "v1"): {
            "uncached_input_tokens": Fraction(1_000_000),
            "output_tokens": Fraction(500_000),
        }
    }
    _, twin = rows(managed_api(), volumes=volumes)
    assert twin["predicted_cost"] == Decimal("10.5")  # 1 x 3 + 0.5 x 15
    assert twin["quantity"] == 1500


def test_a_version_whose_input_nobody_measured_is_not_taken_to_have_had_none():
    volumes = {("chat", "v1"): {"output_tokens": Fraction(500_000)}}
    _, twin = rows(managed_api(), volumes=volumes)
    assert twin["reason"] == (
        "no log measured uncached_input_tokens or cached_tokens or cache_write_tokens of chat v1 "
        "in 2026-09"
    )


def test_blocks_and_thresholds_of_a_price_are_no_volume():
    # S3's own example: 51,200 GB-months at 0.023 and 1,700 at 0.022 are 1,215.00
    stored = use(
        "storage_cost",
        "GB-Mo",
        provider="aws",
        inputs={
            "gb_months": 52_900,
            "block_1": 51_200,
            "price_1": Decimal("0.023"),
            "block_2": 460_800,
            "price_2": Decimal("0.022"),
            "price_3": Decimal("0.021"),
        },
    )
    [row] = rows(stored)
    assert row["quantity"] == 52_900
    assert round(row["predicted_cost"], 9) == 1_215
    assert row["activity"] is None


@pytest.mark.parametrize(
    ("formula", "inputs", "activity"),
    [
        (
            "uncached_tokens",
            {"input_tokens": "9M tokens", "cached_tokens": "5M tokens"},
            ("1M input_tokens", 9),
        ),
        (
            "serving_gpu_hours",
            {
                "input_tokens": "9M tokens",
                "output_tokens": "1M tokens",
                "prefill_throughput": 1_000,
                "decode_throughput": 100,
                "gpus_per_replica": 1,
                "busy_share": 1,
            },
            (None, None),  # input and output are two volumes, and parts of no measured whole
        ),
    ],
)
def test_an_activity_is_one_volume_or_none(formula, inputs, activity):
    unit = "1K tokens" if formula == "uncached_tokens" else "GPU Hours"
    [row] = rows(use(formula, unit, price=1, inputs=inputs))
    assert (row["activity"], row["activity_quantity"]) == activity


def test_what_the_month_and_the_machine_say_may_be_stated_otherwise():
    kept = {"size": "1 TiB", "hours": 360}
    [row] = rows(use("stored_gb_months", "GB-Mo", price=1, provider="aws", inputs=kept))
    assert row["quantity"] == 512  # half of September's 720 hours
    known: dict[str, Any] = {"machine": "p5.48xlarge", "price": 1, "component": "inference"}
    for inputs, hours in (
        ({"gpu_hours": 800}, 100),
        ({"gpu_hours": 800, "gpus_per_instance": 4}, 200),
    ):
        [row] = rows(use("instance_hours", "Hrs", inputs=inputs, **known))
        assert row["quantity"] == hours


def test_busy_time_and_its_share_are_told_apart():
    serving = use(
        "billed_gpu_hours",
        "Hrs",
        machine="g5.2xlarge",
        price=None,
        inputs={"gpu_hours": 300, "busy_share": Decimal("0.4")},
    )
    [row] = rows(serving)
    assert row["quantity"] == 750  # 300 / 0.4
    assert (row["activity"], row["activity_quantity"]) == ("gpu_hours", 300)
    assert (row["units_per_activity"], row["utilisation"]) == (1, Decimal("0.4"))


def test_storage_is_counted_in_the_gigabytes_of_who_bills_it():
    # 1 TiB kept all September: 1,024 GB-Mo at AWS, whose GB is 2^30 bytes
    stored = use("stored_gb_months", "GB-Mo", price=1, provider="aws", inputs={"size": "1 TiB"})
    assert rows(stored)[0]["quantity"] == 1024


def test_what_became_known_after_the_month_is_not_used():
    late = training(as_of=datetime(2026, 10, 1, tzinfo=UTC))
    assert rows(late, prices=book(), month="2026-09") == []
    assert len(rows(late, prices=book(), month="2026-10")) == 1


def test_months_outside_a_formulas_span_have_no_term():
    assert rows(training(), month="2026-06") == []
    assert rows(training(), month="2028-01") == []


def test_of_two_entries_for_one_term_the_later_known_one_holds():
    revised = tokens_billed(price=Decimal("0.5"), as_of=datetime(2026, 8, 1, tzinfo=UTC))
    [row] = rows(tokens_billed(), revised)
    assert row["predicted_cost"] == 20_000


def test_two_formulas_for_one_term_are_no_prediction():
    other = use("request_tokens", "1K tokens", price=1, inputs={"requests": 1})
    [row] = rows(tokens_billed(), other)
    assert row["predicted_cost"] is None
    given = "billed_output_tokens and request_tokens are given for one term"
    assert row["reason"] == f"{given}: name the usage_type of each"


def test_lines_of_one_machine_and_another_are_terms_of_their_own():
    a = tokens_billed(usage_type="*east*")
    b = tokens_billed(usage_type="*west*", price=Decimal(1))
    assert sorted(row["predicted_cost"] for row in rows(a, b)) == [10_000, 40_000]


def test_every_volume_of_the_library_is_one_that_logs_measure_in_a_unit_of_its_kind():
    volumes = [
        symbol for formula in FORMULAS.values() for symbol in formula.symbols if symbol.measured
    ]
    assert volumes
    for symbol in volumes:
        assert factor(MEASURE_UNITS[symbol.measured], symbol.unit) > 0


def test_the_formula_of_the_catalogues_template_predicts_as_it_stands():
    text = TEMPLATE.read_text(encoding="utf-8")
    start = text.index("# [[formulas]]")
    example = text[start : text.index("\n\n", start)]
    told = "\n".join(line.removeprefix("# ") for line in example.splitlines())
    whole = text.replace(example, told)
    [row] = rows(*parse_catalogue(whole).formulas, month="2026-04")
    # 6 x 7e9 x 20e9 / (3600 x 312e12 x 0.38) / 0.9 = 2,186.7346 GPU-h on machines of 8, at 32.77
    assert round(row["quantity"], 4) == Decimal("273.3418")
    assert round(row["predicted_cost"], 2) == Decimal("8957.41")
