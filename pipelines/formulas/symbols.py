"""Symbols that several formulas of the library share, and the cautions that go with them."""

from fractions import Fraction
from typing import Final

from pipelines.formulas.chips import sparse_only
from pipelines.formulas.columns import cautioned
from pipelines.formulas.formula import Symbol, Value

HIGHEST_TYPICAL_MFU: Final = Fraction(7, 10)
"""No published run of a large model keeps more: above it, hours and FLOP are seldom of one run."""

ACTIVE_PARAMETERS: Final = Symbol(
    "active_parameters",
    "N_a",
    "parameters",
    "parameters that compute on a token: of a mixture of experts the active ones, not all",
    low_is_in=False,
)
TOKENS: Final = Symbol(
    "tokens", "D", "tokens", "tokens trained on, repeats counted", low_is_in=False
)
LAYERS: Final = Symbol("layers", "L", "", "layers; 0 leaves attention out", default=0)
MODEL_WIDTH: Final = Symbol(
    "model_width", "d", "", "width of the model; 0 leaves attention out", default=0
)
CONTEXT_LENGTH: Final = Symbol(
    "context_length", "S", "tokens", "length of the sequences trained on", default=0
)
ATTENTION_SHARE: Final = Symbol(
    "attention_share",
    "c",
    "",
    "1 counts full attention, 1/2 only the causal half",
    low=Fraction(1, 2),
    high=1,
    default=1,
)
FLOP: Final = Symbol("flop", "C", "FLOP", "floating-point operations of the model", low_is_in=False)
SUSTAINED_FLOPS: Final = Symbol(
    "sustained_flops", "F", "FLOP/s", "what one accelerator keeps up", low_is_in=False
)
CHIPS: Final = Symbol("chips", "n", "chips", "accelerators at work together", low_is_in=False)
PEAK_FLOPS: Final = Symbol(
    "peak_flops",
    "F_peak",
    "FLOP/s",
    "dense peak of one accelerator at the precision used, never that with sparsity",
    low_is_in=False,
    refuses=sparse_only,
)
MEMORY_BANDWIDTH: Final = Symbol(
    "memory_bandwidth", "BW", "B/s", "memory bandwidth of one accelerator", low_is_in=False
)
MEMORY_BYTES: Final = Symbol(
    "memory_bytes", "HBM", "bytes", "memory of one accelerator", low_is_in=False
)
GPU_HOURS: Final = Symbol("gpu_hours", "H", "GPU-h", "accelerator-hours billed")
GPUS_PER_INSTANCE: Final = Symbol(
    "gpus_per_instance",
    "n_i",
    "",
    "accelerators of one instance, fractions too (g6f.large has 0.125)",
    low_is_in=False,
)
GPUS_PER_REPLICA: Final = Symbol(
    "gpus_per_replica", "n_r", "", "accelerators of one replica", low_is_in=False
)
BUSY_SHARE: Final = Symbol(
    "busy_share",
    "u",
    "",
    "busy share of the time that is billed",
    high=1,
    low_is_in=False,
)
HOURS_IN_MONTH: Final = Symbol(
    "hours_in_month",
    "T",
    "h",
    "hours of that month (672 to 744) or of the time that is paid for",
    low_is_in=False,
)
UPDATES: Final = Symbol("updates", "f", "", "updates in the month")


def mfu(name: str, sign: str, meaning: str) -> Symbol:
    """An MFU, named by its convention: above 0, at most 1."""
    return Symbol(name, sign, "", meaning, high=1, low_is_in=False)


def mfu_cautions(name: str, share: Value) -> list[str]:
    """What is suspicious about an MFU that was given."""
    return cautioned(
        lambda one: (
            f"{name} {float(one):.4g} is above {float(HIGHEST_TYPICAL_MFU)}: few runs reach it"
            if one > HIGHEST_TYPICAL_MFU
            else ""
        ),
        share,
    )


def attention_cautions(layers: Value, model_width: Value, context_length: Value) -> list[str]:
    """Where attention was meant to be counted and is not, or is left out at a long context."""
    return cautioned(_attention, layers, model_width, context_length)


def _attention(layers: Fraction, model_width: Fraction, context_length: Fraction) -> str:
    given = [value > 0 for value in (layers, model_width, context_length)]
    if any(given) and not all(given):
        return "attention is not counted: it takes layers, model_width and context_length together"
    return ""
