"""Training: FLOP, accelerator-hours, goodput, and the four conventions of MFU.

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

import numpy as np

from pipelines.formulas.chips import sparse_perhaps
from pipelines.formulas.columns import cautioned, refuse
from pipelines.formulas.formula import Formula, Symbol, Value
from pipelines.formulas.symbols import (
    ACTIVE_PARAMETERS,
    ATTENTION_SHARE,
    CHIPS,
    CONTEXT_LENGTH,
    FLOP,
    GPU_HOURS,
    GPUS_PER_INSTANCE,
    HIGHEST_TYPICAL_MFU,
    LAYERS,
    MODEL_WIDTH,
    PEAK_FLOPS,
    TOKENS,
    attention_cautions,
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

_MPT = "github.com/mosaicml/llm-foundry, scripts/train/benchmarking (6N + 12LdS per token)"
_CHINCHILLA = "Hoffmann et al. 2022 (arXiv 2203.15556); Kaplan et al. 2020 (arXiv 2001.08361)"
_MEGATRON = "Narayanan et al. 2021 (arXiv 2104.04473): the forward pass is computed twice"
_LORA = "Hu et al. 2021 (arXiv 2106.09685): frozen layers need no weight gradients"
_YOUNG = "Young 1974; Daly 2006: the first-order optimum of the checkpoint interval"

WINDOW_MFU: Final = mfu("window_mfu", "MFU_w", "MFU (i): " + MFU_CONVENTIONS["window_mfu"])
HARDWARE_MFU: Final = mfu("hardware_mfu", "HFU", "MFU (ii): " + MFU_CONVENTIONS["hardware_mfu"])
SIX_ND_MFU: Final = mfu("six_nd_mfu", "MFU_6", "MFU (iii): " + MFU_CONVENTIONS["six_nd_mfu"])
EFFECTIVE_MFU: Final = mfu(
    "effective_mfu", "MFU_e", "MFU (iv): " + MFU_CONVENTIONS["effective_mfu"]
)
GOODPUT: Final = Symbol(
    "goodput",
    "g",
    "",
    "useful share of the billed time (checkpoints, lost work and restarts are the rest)",
    high=1,
    low_is_in=False,
)
TOKENS_PER_SECOND: Final = Symbol(
    "tokens_per_second", "thr", "tokens/s", "tokens all accelerators train on", low_is_in=False
)
SUSTAINED_FLOPS: Final = Symbol(
    "sustained_flops", "F", "FLOP/s", "what one accelerator keeps up", low_is_in=False
)
CHECKPOINT: Final = Symbol("checkpoint", "delta", "s", "time to write a checkpoint")
INTERVAL: Final = Symbol("interval", "tau", "s", "time between checkpoints", low_is_in=False)
RESTART: Final = Symbol("restart", "R", "s", "time from a stop until it runs again")
TIME_BETWEEN_STOPS: Final = Symbol(
    "time_between_stops", "M_tbf", "s", "mean time between unexpected stops", low_is_in=False
)
HARDWARE_PRICE: Final = Symbol("hardware_price", "p", "money/GPU-h", "list price of the hardware")
DISCOUNT: Final = Symbol(
    "discount", "d", "", "share of the list price that is not paid", high=1, default=0
)


def _beside(name: str, sign: str, unit: str, meaning: str) -> Symbol:
    return Symbol(name, sign, unit, meaning, default=0)


def _extra(name: str, sign: str, meaning: str) -> Symbol:
    return _beside(name, sign, "GPU-h", meaning)


EVALUATION: Final = _extra("evaluation_gpu_hours", "H_eval", "evaluations during and after the run")
_BESIDE: Final = (
    _extra("startup_gpu_hours", "H_start", "start-up: loading, compiling, warming up"),
    EVALUATION,
    _extra("failed_gpu_hours", "H_failed", "runs that were given up"),
    _extra("sweep_gpu_hours", "H_sweep", "sweeps over settings"),
)
MODEL: Final = (ACTIVE_PARAMETERS, TOKENS, LAYERS, MODEL_WIDTH, CONTEXT_LENGTH, ATTENTION_SHARE)


def _attention(
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
    attention = _attention(layers, model_width, context_length, attention_share)
    return (6 * active_parameters + attention) * tokens


def _flop_recomputed(
    active_parameters: Value,
    tokens: Value,
    layers: Value,
    model_width: Value,
    context_length: Value,
    attention_share: Value,
) -> Value:
    attention = _attention(layers, model_width, context_length, attention_share)
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
    attention = _attention(layers, model_width, context_length, attention_share)
    return (4 * active_parameters + attention) * tokens


def _hours(flop: Value, sustained_flops: Value) -> Value:
    return flop / (3600 * sustained_flops)


def _billed(
    busy: Value,
    goodput: Value,
    startup_gpu_hours: Value,
    evaluation_gpu_hours: Value,
    failed_gpu_hours: Value,
    sweep_gpu_hours: Value,
) -> Value:
    beside = startup_gpu_hours + evaluation_gpu_hours + failed_gpu_hours + sweep_gpu_hours
    return busy / goodput + beside


def billed_hours(flop_of: Callable[..., Value], mfu_name: str) -> Callable[..., Value]:
    """The accelerator-hours billed for FLOP that a function of the model's symbols counts."""

    def of(*, peak_flops: Value, goodput: Value, **inputs: Value) -> Value:
        beside = {symbol.name: inputs.pop(symbol.name) for symbol in _BESIDE}
        sustained = peak_flops * inputs.pop(mfu_name)
        return _billed(_hours(flop_of(**inputs), sustained), goodput, **beside)

    return of


def _flop_6nd(active_parameters: Value, tokens: Value) -> Value:
    return 6 * active_parameters * tokens


def _gpu_hours_effective(*, peak_flops: Value, effective_mfu: Value, **model: Value) -> Value:
    return _hours(flop_of_model(**model), peak_flops * effective_mfu)


def _attention_cautions(
    *, layers: Value, model_width: Value, context_length: Value, **_: Value
) -> list[str]:
    return attention_cautions(layers, model_width, context_length)


def gpu_hours_cautions(**inputs: Value) -> list[str]:
    """What is suspicious about the inputs of accelerator-hours of training."""
    said = []
    if "layers" in inputs:
        said += _attention_cautions(**inputs)
    for name in MFU_CONVENTIONS:
        if name in inputs:
            said += mfu_cautions(name, inputs[name], inputs.get("peak_flops"))
    return said


def _share_cautions(share: Value) -> list[str]:
    return cautioned(_share, share)


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
    per_token = 6 * active_parameters + _attention(**attention)
    return per_token * tokens_per_second / (chips * peak_flops)


def _hardware_mfu(
    *,
    active_parameters: Value,
    tokens_per_second: Value,
    chips: Value,
    peak_flops: Value,
    **attention: Value,
) -> Value:
    per_token = 8 * active_parameters + _attention(**attention) * Fraction(4, 3)
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
        said = _share_cautions(of(**inputs)) + cautioned(sparse_perhaps, inputs["peak_flops"])
        return said + (_attention_cautions(**inputs) if "layers" in inputs else [])

    return Formula(name, title, says, symbols, "", of, _MPT, cautions=cautions)


def _goodput_of(
    checkpoint: Value, interval: Value, restart: Value, time_between_stops: Value
) -> Value:
    lost = checkpoint / interval + (interval / 2 + restart) / time_between_stops
    refuse("goodput", _no_goodput, lost)
    return 1 - lost


def _no_goodput(lost: Value) -> str:
    if lost < 1:
        return ""
    return (
        f"checkpoints, lost work and restarts take {float(lost):.0%} of the time: nothing is left "
        "(are interval, restart and time between stops in the same unit?)"
    )


def _best_interval(checkpoint: Value, time_between_stops: Value) -> Value:
    return np.sqrt(2 * checkpoint * time_between_stops)


def _best_goodput(checkpoint: Value, restart: Value, time_between_stops: Value) -> Value:
    interval = _best_interval(checkpoint, time_between_stops)
    return _goodput_of(checkpoint, interval, restart, time_between_stops)


def _lost_gpu_hours(flop: Value, peak_flops: Value, window_mfu: Value, goodput: Value) -> Value:
    return _hours(flop, peak_flops * window_mfu) * (1 / goodput - 1)


def _training_cost(
    *,
    hardware_price: Value,
    gpu_hours: Value,
    discount: Value,
    storage_price: Value,
    stored: Value,
    request_price: Value,
    requests: Value,
    bandwidth_price: Value,
    moved: Value,
    labour: Value,
    licences: Value,
) -> Value:
    hardware = hardware_price * gpu_hours * (1 - discount)
    kept = storage_price * stored + request_price * requests
    return hardware + bandwidth_price * moved + kept + labour + licences


FORMULAS: Final = (
    Formula(
        "training_flop",
        "FLOP of training, attention counted where layers, width and context are given",
        "C = 6 N_a D + 12 L d S c D",
        MODEL,
        "FLOP",
        flop_of_model,
        f"{_MPT}; {_CHINCHILLA}",
        cautions=_attention_cautions,
    ),
    Formula(
        "training_flop_recompute",
        "FLOP of the hardware where activations are computed again (not those of the model)",
        "C_hw = 8 N_a D + 16 L d S c D",
        MODEL,
        "FLOP",
        _flop_recomputed,
        _MEGATRON,
        cautions=_attention_cautions,
    ),
    Formula(
        "lora_flop",
        "FLOP of fine-tuning a few added parameters while the model is frozen",
        "C = 4 N_a D + 12 L d S c D",
        MODEL,
        "FLOP",
        flop_of_lora,
        _LORA,
        cautions=_attention_cautions,
    ),
    Formula(
        "training_gpu_hours",
        "Accelerator-hours billed for a training run, from the window's MFU and a goodput",
        "H = C / (3600 F_peak MFU_w) / g + H_start + H_eval + H_failed + H_sweep",
        (*MODEL, PEAK_FLOPS, WINDOW_MFU, GOODPUT, *_BESIDE),
        "GPU-h",
        billed_hours(flop_of_model, "window_mfu"),
        f"{_MPT}; {_CHINCHILLA}",
        cautions=gpu_hours_cautions,
        component="training",
        element="hardware",
    ),
    Formula(
        "training_gpu_hours_recompute",
        "Accelerator-hours billed for a run that recomputes, from the hardware's MFU (HFU)",
        "H = C_hw / (3600 F_peak HFU) / g + H_start + H_eval + H_failed + H_sweep",
        (*MODEL, PEAK_FLOPS, HARDWARE_MFU, GOODPUT, *_BESIDE),
        "GPU-h",
        billed_hours(_flop_recomputed, "hardware_mfu"),
        _MEGATRON,
        cautions=gpu_hours_cautions,
        component="training",
        element="hardware",
    ),
    Formula(
        "training_gpu_hours_6nd",
        "Accelerator-hours billed for a run, from an MFU that counts 6ND alone",
        "H = 6 N_a D / (3600 F_peak MFU_6) / g + H_start + H_eval + H_failed + H_sweep",
        (ACTIVE_PARAMETERS, TOKENS, PEAK_FLOPS, SIX_ND_MFU, GOODPUT, *_BESIDE),
        "GPU-h",
        billed_hours(_flop_6nd, "six_nd_mfu"),
        _CHINCHILLA,
        cautions=gpu_hours_cautions,
        component="training",
        element="hardware",
    ),
    Formula(
        "training_gpu_hours_effective",
        "Accelerator-hours billed for a run, from the MFU per hour billed (the one for budgets)",
        "H = C / (3600 F_peak MFU_e)",
        (*MODEL, PEAK_FLOPS, EFFECTIVE_MFU),
        "GPU-h",
        _gpu_hours_effective,
        f"{_MPT}; {_CHINCHILLA}",
        cautions=gpu_hours_cautions,
        component="training",
        element="hardware",
    ),
    Formula(
        "busy_gpu_hours",
        "Accelerator-hours a number of FLOP takes at the rate that one accelerator keeps up",
        "H_busy = C / (3600 F)",
        (FLOP, SUSTAINED_FLOPS),
        "GPU-h",
        _hours,
        _MEGATRON,
    ),
    Formula(
        "lost_gpu_hours",
        "Accelerator-hours lost to checkpoints, stops and restarts: a line of its own",
        "H_lost = C / (3600 F_peak MFU_w) (1/g - 1)",
        (FLOP, PEAK_FLOPS, WINDOW_MFU, GOODPUT),
        "GPU-h",
        _lost_gpu_hours,
        _YOUNG,
        cautions=gpu_hours_cautions,
        component="training",
        element="hardware",
    ),
    _mfu_formula(
        "window_mfu",
        "MFU (i): FLOP of the model, attention counted, in a window that runs",
        "MFU_w = (6 N_a + 12 L d S c) thr / (n F_peak)",
        (
            ACTIVE_PARAMETERS,
            LAYERS,
            MODEL_WIDTH,
            CONTEXT_LENGTH,
            ATTENTION_SHARE,
            TOKENS_PER_SECOND,
            CHIPS,
            PEAK_FLOPS,
        ),
        _window_mfu,
    ),
    _mfu_formula(
        "hardware_mfu",
        "MFU (ii), HFU: what is computed again is counted again",
        "HFU = (8 N_a + 16 L d S c) thr / (n F_peak)",
        (
            ACTIVE_PARAMETERS,
            LAYERS,
            MODEL_WIDTH,
            CONTEXT_LENGTH,
            ATTENTION_SHARE,
            TOKENS_PER_SECOND,
            CHIPS,
            PEAK_FLOPS,
        ),
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
    Formula(
        "time_between_stops",
        "Mean time between unexpected stops",
        "M_tbf = T / stops",
        (
            Symbol("running_time", "T", "s", "time watched", low_is_in=False),
            Symbol("stops", "k", "", "unexpected stops in it", low_is_in=False),
        ),
        "s",
        lambda running_time, stops: running_time / stops,
        "Llama 3 (arXiv 2407.21783): 419 stops in 54 days on 16 384 GPUs",
    ),
    Formula(
        "goodput",
        "Useful share of the billed time at a checkpoint interval",
        "g = 1 - delta/tau - (tau/2 + R) / M_tbf",
        (CHECKPOINT, INTERVAL, RESTART, TIME_BETWEEN_STOPS),
        "",
        _goodput_of,
        _YOUNG,
    ),
    Formula(
        "best_checkpoint_interval",
        "The checkpoint interval that loses least (Young-Daly)",
        "tau = sqrt(2 delta M_tbf)",
        (CHECKPOINT, TIME_BETWEEN_STOPS),
        "s",
        _best_interval,
        _YOUNG,
        is_exact=False,
    ),
    Formula(
        "best_goodput",
        "Useful share of the billed time at the interval that loses least",
        "g = 1 - delta/tau - (tau/2 + R) / M_tbf with tau = sqrt(2 delta M_tbf)",
        (replace(CHECKPOINT, low_is_in=False), RESTART, TIME_BETWEEN_STOPS),
        "",
        _best_goodput,
        _YOUNG,
        is_exact=False,
    ),
    Formula(
        "training_time",
        "How long a run takes on its accelerators",
        "T = H / n",
        (GPU_HOURS, CHIPS),
        "h",
        lambda gpu_hours, chips: gpu_hours / chips,
        "identity",
    ),
    Formula(
        "chip_hours",
        "Accelerator-hours of a number of accelerators for a time",
        "H = n T",
        (CHIPS, Symbol("time", "T", "h", "time they are held")),
        "GPU-h",
        lambda chips, time: chips * time,
        "identity",
    ),
    Formula(
        "instance_hours",
        "Hours of instances, as bills count them, of accelerator-hours",
        "T_i = H / n_i",
        (GPU_HOURS, GPUS_PER_INSTANCE),
        "h",
        lambda gpu_hours, gpus_per_instance: gpu_hours / gpus_per_instance,
        "identity",
    ),
    Formula(
        "training_cost",
        "What a training run costs: hardware, bandwidth, storage of data and checkpoints, people",
        "C_train = p H (1 - d) + p_e G_e + p_s S + p_r q + labour + licences",
        (
            HARDWARE_PRICE,
            GPU_HOURS,
            DISCOUNT,
            _beside("bandwidth_price", "p_e", "money/GiB", "price of moving a GB as billed"),
            _beside("moved", "G_e", "GiB", "what is moved in and out"),
            _beside("storage_price", "p_s", "money/GB-month", "price of keeping a GB a month"),
            _beside("stored", "S", "GB-month", "data and checkpoints kept"),
            _beside("request_price", "p_r", "money/k requests", "price of requests to the store"),
            _beside("requests", "q", "k requests", "requests to the store"),
            _beside("labour", "labour", "money", "people's time"),
            _beside("licences", "licences", "money", "software that the run needs"),
        ),
        "money",
        _training_cost,
        "the articles' C_train = C_hardware T + C_bandwidth T, each term with its own quantity",
        component="training",
    ),
)
