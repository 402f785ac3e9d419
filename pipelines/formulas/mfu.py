"""MFU: the four numbers that share the name, and how each is worked out backwards.

"MFU" is four different numbers, and each has its own symbol, so that none stands for another:

    window_mfu      (i)   FLOP of the model, attention counted, per second of a window that runs
    hardware_mfu    (ii)  FLOP of the hardware (HFU): what is computed again is counted again
    six_nd_mfu      (iii) 6ND alone: wrong by 3.5x at a context of 65 536 tokens
    effective_mfu   (iv)  FLOP of the model per accelerator-hour billed: stops and restarts included

A budget needs (iv), or (i) with a goodput; a speed test gives (i).
"""

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from typing import Final

from pipelines.formulas.columns import cautioned
from pipelines.formulas.flop import MPT, attention_flop, said_of_attention
from pipelines.formulas.formula import Formula, Symbol, Value
from pipelines.formulas.symbols import (
    ACTIVE_PARAMETERS,
    ATTENTION_SHARE,
    CHIPS,
    CONTEXT_LENGTH,
    FLOP,
    GPU_HOURS,
    HIGHEST_TYPICAL_MFU,
    LAYERS,
    MODEL_WIDTH,
    PEAK_FLOPS,
    SUSTAINED_FLOPS,
    mfu,
    mfu_cautions,
)

MFU_CONVENTIONS: Final = {
    "window_mfu": "model FLOP with attention per second of a running window",
    "hardware_mfu": "FLOP of the hardware, recomputation counted, per second of a running window",
    "six_nd_mfu": "6ND alone per second of a running window",
    "effective_mfu": "model FLOP per accelerator-hour billed, stops included",
}
"""The names under which an MFU is given and stored, with what each means."""

WINDOW_MFU: Final = mfu("window_mfu", "MFU_w", "MFU (i): " + MFU_CONVENTIONS["window_mfu"])
HARDWARE_MFU: Final = mfu("hardware_mfu", "HFU", "MFU (ii): " + MFU_CONVENTIONS["hardware_mfu"])
SIX_ND_MFU: Final = mfu("six_nd_mfu", "MFU_6", "MFU (iii): " + MFU_CONVENTIONS["six_nd_mfu"])
EFFECTIVE_MFU: Final = mfu(
    "effective_mfu", "MFU_e", "MFU (iv): " + MFU_CONVENTIONS["effective_mfu"]
)
TOKENS_PER_SECOND: Final = Symbol(
    "tokens_per_second", "thr", "tokens/s", "tokens all accelerators train on", low_is_in=False
)


def gpu_hours_cautions(**inputs: Value) -> list[str]:
    """What is suspicious about the inputs of accelerator-hours of training."""
    said = []
    if "layers" in inputs:
        said += said_of_attention(**inputs)
    for name in MFU_CONVENTIONS:
        if name in inputs:
            said += mfu_cautions(name, inputs[name])
    return said


def _share(share: Fraction) -> str:
    if share > 1:
        return (
            f"{float(share):.4g} is above 1, which is impossible: hours and FLOP are not of one "
            "run (fine-tuning hours with the base model's FLOP), or the peak is of another "
            "precision"
        )
    if share > HIGHEST_TYPICAL_MFU:
        return (
            f"{float(share):.4g} is above {float(HIGHEST_TYPICAL_MFU)}: check that hours, FLOP "
            "and peak belong together"
        )
    return ""


def _window_mfu(
    *,
    active_parameters: Value,
    tokens_per_second: Value,
    chips: Value,
    peak_flops: Value,
    **attention: Value,
) -> Value:
    per_token = 6 * active_parameters + attention_flop(**attention)
    return per_token * tokens_per_second / (chips * peak_flops)


def _hardware_mfu(
    *,
    active_parameters: Value,
    tokens_per_second: Value,
    chips: Value,
    peak_flops: Value,
    **attention: Value,
) -> Value:
    per_token = 8 * active_parameters + attention_flop(**attention) * Fraction(4, 3)
    return per_token * tokens_per_second / (chips * peak_flops)


def _six_nd_mfu(
    active_parameters: Value, tokens_per_second: Value, chips: Value, peak_flops: Value
) -> Value:
    return 6 * active_parameters * tokens_per_second / (chips * peak_flops)


def _effective_mfu(flop: Value, gpu_hours: Value, peak_flops: Value) -> Value:
    return flop / (gpu_hours * 3600 * peak_flops)


def _mfu_of_rate(sustained_flops: Value, peak_flops: Value) -> Value:
    return sustained_flops / peak_flops


def _mfu_formula(
    name: str, title: str, says: str, symbols: tuple[Symbol, ...], of: Callable[..., Value]
) -> Formula:
    """An MFU worked out backwards: the result is looked at, for it tells wrong inputs."""

    def cautions(**inputs: Value) -> list[str]:
        said = cautioned(_share, of(**inputs))
        return said + (said_of_attention(**inputs) if "layers" in inputs else [])

    return Formula(name, title, says, symbols, "", of, MPT, cautions=cautions)


_WINDOW: Final = (
    ACTIVE_PARAMETERS,
    LAYERS,
    MODEL_WIDTH,
    CONTEXT_LENGTH,
    ATTENTION_SHARE,
    TOKENS_PER_SECOND,
    CHIPS,
    PEAK_FLOPS,
)

FORMULAS: Final = (
    _mfu_formula(
        "window_mfu",
        "MFU (i): FLOP of the model, attention counted, in a window that runs",
        "MFU_w = (6 N_a + 12 L d S c) thr / (n F_peak)",
        _WINDOW,
        _window_mfu,
    ),
    _mfu_formula(
        "hardware_mfu",
        "MFU (ii), HFU: what is computed again is counted again",
        "HFU = (8 N_a + 16 L d S c) thr / (n F_peak)",
        _WINDOW,
        _hardware_mfu,
    ),
    _mfu_formula(
        "six_nd_mfu",
        "MFU (iii): 6ND alone",
        "MFU_6 = 6 N_a thr / (n F_peak)",
        (ACTIVE_PARAMETERS, TOKENS_PER_SECOND, CHIPS, PEAK_FLOPS),
        _six_nd_mfu,
    ),
    _mfu_formula(
        "effective_mfu",
        "MFU (iv): FLOP of the model per accelerator-hour billed, failures included",
        "MFU_e = C / (3600 H F_peak)",
        (FLOP, replace(GPU_HOURS, low_is_in=False), PEAK_FLOPS),
        _effective_mfu,
    ),
    _mfu_formula(
        "mfu_of_rate",
        "The MFU of a rate that one accelerator keeps up, in the convention of that rate",
        "MFU = F / F_peak",
        (SUSTAINED_FLOPS, PEAK_FLOPS),
        _mfu_of_rate,
    ),
)
