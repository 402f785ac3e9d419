"""The library as a whole: names, units, columns; and the chips whose peaks it takes."""

from fractions import Fraction

import pytest

from pipelines.errors import FormulaInputInvalid, FormulaUnknown
from pipelines.formulas.chips import chip_named, chips, with_chip
from pipelines.formulas.library import FORMULAS, MODULES, formula_named
from pipelines.formulas.mfu import MFU_CONVENTIONS
from pipelines.formulas.units import UNITS

EVERY = pytest.mark.parametrize("name", FORMULAS)
COMPATIBLE = {  # where inputs of 1 are possible one by one and impossible together
    "goodput": {"time_between_stops": 100, "interval": 10},
    "best_goodput": {"time_between_stops": 100},
    "largest_batch": {"memory_bytes": 10},
    "uncached_tokens": {"input_tokens": 10},
}


def test_no_two_formulas_share_a_name():
    assert len(FORMULAS) == sum(len(module.FORMULAS) for module in MODULES)


@EVERY
def test_a_formula_says_its_units_its_text_and_its_source(name):
    formula = FORMULAS[name]
    assert formula.unit in UNITS
    assert formula.title
    assert formula.says
    assert formula.source
    for symbol in formula.symbols:
        assert symbol.unit in UNITS, symbol.name
        assert symbol.meaning, symbol.name
        assert symbol.default is None or symbol.is_in_range(Fraction(symbol.default)), symbol.name


@EVERY
def test_the_signs_of_a_formula_s_symbols_are_its_own(name):
    signs = [symbol.sign for symbol in FORMULAS[name].symbols]
    assert len(set(signs)) == len(signs)


def inputs_of(formula, scale):
    return {
        symbol.name: 648 + 24 * scale  # of February, then of a leap year's
        if symbol.name == "hours_in_month" and symbol.high == 744
        else symbol.low + (symbol.high - symbol.low) * scale / 4
        if symbol.high is not None
        else Fraction(max(symbol.low, 0)) + scale
        for symbol in formula.symbols
    } | {key: value * scale for key, value in COMPATIBLE.get(formula.name, {}).items()}


@EVERY
def test_a_column_of_inputs_gives_what_each_row_gives_alone(name):
    formula = FORMULAS[name]
    rows = [inputs_of(formula, Fraction(scale)) for scale in (1, 2)]
    alone = [formula.evaluate(**row) for row in rows]
    together = formula.evaluate(**{key: [row[key] for row in rows] for key in rows[0]})
    assert list(together) == alone


def test_inputs_impossible_together_are_refused_with_their_row():
    with pytest.raises(FormulaInputInvalid) as stopped:
        FORMULAS["uncached_tokens"].evaluate(
            input_tokens=[10, 1], cached_tokens=[1, 2], cache_write_tokens=0
        )
    (problem,) = stopped.value.problems
    assert problem.startswith("row 2: input_tokens")


def test_an_unknown_formula_names_the_nearest():
    with pytest.raises(FormulaUnknown, match="the nearest are training_gpu_hours"):
        formula_named("training_gpu_hour")


def test_every_mfu_that_is_given_is_named_by_its_convention():
    given = {
        symbol.name
        for formula in FORMULAS.values()
        for symbol in formula.symbols
        if "mfu" in symbol.name
    }
    assert given == set(MFU_CONVENTIONS)


def test_a_chip_has_dense_peaks_of_the_reference():
    # reference: A100 312e12, H100 and H800 989.5e12 at bf16 and 1979e12 at fp8, V100 125e12,
    # TPU v4 275e12, v3 123e12; A100-80 2.039e12 and H100 3.35e12 bytes a second
    names = ("A100", "H100", "H800", "V100", "TPU v4", "TPU v3")
    tera = [chip_named(name).peak_16_bit / 10**12 for name in names]
    assert tera == [312, Fraction("989.5"), Fraction("989.5"), 125, 275, 123]
    assert chip_named("H800").peak("fp8") == 1979 * 10**12
    assert chip_named("A100-80").bandwidth == 2039 * 10**9
    assert chip_named("H100").bandwidth == 3350 * 10**9


@pytest.mark.parametrize(
    "name",
    [
        "NVIDIA A100",
        "NVIDIA A100 SXM4 40 GB",
        "NVIDIA A100 SXM4 80 GB",
        "NVIDIA H100 SXM5 80GB",
        "NVIDIA H800 SXM5",
        "NVIDIA V100",
        "NVIDIA Tesla V100 DGXS 32 GB",
        "Google TPU v3",
        "Google TPU v4",
        "NVIDIA T4 Tensor Core",
        "NVIDIA A10G",
        "NVIDIA L40S",
        "nvidia-tesla-t4",
        "nvidia-h100-80gb",
    ],
)
def test_a_chip_is_known_by_the_names_of_published_runs_and_of_bills(name):
    assert chip_named(name).peak_16_bit > 0
    assert chip_named(name.upper().replace("-", " ")) == chip_named(name)


def test_no_name_is_that_of_two_chips():
    plain = [
        "".join(letter for letter in name.lower() if letter.isalnum())
        for chip in chips()
        for name in (chip.name, *chip.aliases)
    ]
    assert len(set(plain)) == len(plain)


def test_every_chip_says_where_its_numbers_are_from():
    for chip in chips():
        assert chip.source
        assert chip.peaks


def test_an_unknown_chip_names_the_nearest_and_what_to_give_instead():
    told = r"nearest is 'NVIDIA H100 SXM5 80GB'.*peak_flops"
    with pytest.raises(FormulaInputInvalid, match=told):
        with_chip(formula_named("training_gpu_hours_6nd"), {"chip": "NVIDIA H100 SXM6"})


DECODE = formula_named("decode_rate")


def chipped(**inputs):
    return with_chip(DECODE, {"batch": 1, **inputs})


def problems(**inputs):
    with pytest.raises(FormulaInputInvalid) as stopped:
        chipped(**inputs)
    return stopped.value.problems


def test_a_chip_stands_for_its_peak_and_its_bandwidth():
    assert chipped(chip="H100", precision="fp8") == {
        "batch": 1,
        "peak_flops": 1979 * 10**12,
        "memory_bandwidth": 3350 * 10**9,
    }
    assert chipped() == {"batch": 1}


def test_a_peak_beside_its_chip_must_be_the_chip_s_dense_one():
    same = chipped(chip="H100", precision="bf16", peak_flops="989.5 TFLOP/s")
    assert same["peak_flops"] == Fraction("989.5") * 10**12
    assert problems(chip="H100", precision="bf16", peak_flops="1979 TFLOP/s") == [
        "peak_flops: 1979 TFLOP/s is the peak of NVIDIA H100 SXM5 80GB at bf16 with 2:4 sparsity; "
        "a dense model can reach 9.895e+14 FLOP/s at most"
    ]
    (said,) = problems(chip="H100", precision="bf16", memory_bandwidth="2 TB/s")
    assert said == (
        "memory_bandwidth: 2 TB/s was given, NVIDIA H100 SXM5 80GB has 3.35e+12; "
        "give the chip or the value"
    )


def test_what_a_chip_does_not_have_is_no_zero():
    assert problems(chip="A100-80", precision="fp8") == [
        "peak_flops: NVIDIA A100 SXM4 80 GB has no dense peak at 'fp8': bf16, fp16"
    ]
    assert problems(chip="A100", precision="bf16") == [
        "memory_bandwidth: NVIDIA A100 is sold with several memories; name one of them"
    ]
    assert problems(chip="H100") == [
        "peak_flops: say the precision NVIDIA H100 SXM5 80GB computes in: bf16, fp16, fp8"
    ]
    assert problems(precision="bf16") == ["precision: says nothing without a chip"]
