"""FLOP of training: what a model computes for the tokens it is trained on."""

from fractions import Fraction
from typing import Final

from pipelines.formulas.formula import Formula, Value
from pipelines.formulas.symbols import (
    ACTIVE_PARAMETERS,
    ATTENTION_SHARE,
    CONTEXT_LENGTH,
    LAYERS,
    MODEL_WIDTH,
    TOKENS,
    attention_cautions,
)

MPT: Final = "github.com/mosaicml/llm-foundry, scripts/train/benchmarking (6N + 12LdS per token)"
CHINCHILLA: Final = "Hoffmann et al. 2022 (arXiv 2203.15556); Kaplan et al. 2020 (arXiv 2001.08361)"
MEGATRON: Final = "Narayanan et al. 2021 (arXiv 2104.04473): the forward pass is computed twice"
LORA: Final = "Hu et al. 2021 (arXiv 2106.09685): frozen layers need no weight gradients"
MODEL: Final = (ACTIVE_PARAMETERS, TOKENS, LAYERS, MODEL_WIDTH, CONTEXT_LENGTH, ATTENTION_SHARE)


def attention_flop(
    layers: Value, model_width: Value, context_length: Value, attention_share: Value
) -> Value:
    """FLOP of attention per token, forward once and backward: 12 L d S c."""
    return 12 * layers * model_width * context_length * attention_share


def flop_of_model(
    active_parameters: Value,
    tokens: Value,
    layers: Value,
    model_width: Value,
    context_length: Value,
    attention_share: Value,
) -> Value:
    """C = 6 N_a D + 12 L d S c D."""
    attention = attention_flop(layers, model_width, context_length, attention_share)
    return (6 * active_parameters + attention) * tokens


def flop_recomputed(
    active_parameters: Value,
    tokens: Value,
    layers: Value,
    model_width: Value,
    context_length: Value,
    attention_share: Value,
) -> Value:
    """C_hw = 8 N_a D + 16 L d S c D: the forward pass is computed twice."""
    attention = attention_flop(layers, model_width, context_length, attention_share)
    return (8 * active_parameters + attention * Fraction(4, 3)) * tokens


def flop_of_lora(
    active_parameters: Value,
    tokens: Value,
    layers: Value,
    model_width: Value,
    context_length: Value,
    attention_share: Value,
) -> Value:
    """C = 4 N_a D + 12 L d S c D: the frozen layers get no weight gradients."""
    attention = attention_flop(layers, model_width, context_length, attention_share)
    return (4 * active_parameters + attention) * tokens


def flop_6nd(active_parameters: Value, tokens: Value) -> Value:
    """C = 6 N_a D: without attention."""
    return 6 * active_parameters * tokens


def said_of_attention(
    *, layers: Value, model_width: Value, context_length: Value, **_: Value
) -> list[str]:
    """The cautions on attention, for the inputs of any formula that counts it."""
    return attention_cautions(layers, model_width, context_length)


FORMULAS: Final = (
    Formula(
        "training_flop",
        "FLOP of training, attention counted where layers, width and context are given",
        "C = 6 N_a D + 12 L d S c D",
        MODEL,
        "FLOP",
        flop_of_model,
        f"{MPT}; {CHINCHILLA}",
        cautions=said_of_attention,
    ),
    Formula(
        "training_flop_recompute",
        "FLOP of the hardware where activations are computed again (not those of the model)",
        "C_hw = 8 N_a D + 16 L d S c D",
        MODEL,
        "FLOP",
        flop_recomputed,
        MEGATRON,
        cautions=said_of_attention,
    ),
    Formula(
        "lora_flop",
        "FLOP of fine-tuning a few added parameters while the model is frozen",
        "C = 4 N_a D + 12 L d S c D",
        MODEL,
        "FLOP",
        flop_of_lora,
        LORA,
        cautions=said_of_attention,
    ),
)
