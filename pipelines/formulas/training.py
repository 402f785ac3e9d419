"""Training: accelerator-hours billed for a run, and what a run costs.

What is beside the run itself (start-up, evaluation, failed runs, sweeps, lost time) is a symbol or
a formula of its own, never hidden in an MFU.
"""

from collections.abc import Callable
from typing import Final

from pipelines.formulas.flop import (
    CHINCHILLA,
    MEGATRON,
    MODEL,
    MPT,
    flop_6nd,
    flop_of_model,
    flop_recomputed,
)
from pipelines.formulas.formula import Formula, Symbol, Value
from pipelines.formulas.goodput import GOODPUT
from pipelines.formulas.mfu import (
    EFFECTIVE_MFU,
    HARDWARE_MFU,
    SIX_ND_MFU,
    TOKENS_PER_SECOND,
    WINDOW_MFU,
    gpu_hours_cautions,
)
from pipelines.formulas.symbols import (
    ACTIVE_PARAMETERS,
    CHIPS,
    FLOP,
    GPU_HOURS,
    GPUS_PER_INSTANCE,
    PEAK_FLOPS,
    SUSTAINED_FLOPS,
    TOKENS,
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


def _gpu_hours_measured(
    tokens: Value, tokens_per_second: Value, chips: Value, goodput: Value, **beside: Value
) -> Value:
    return _billed(chips * tokens / (3600 * tokens_per_second), goodput, **beside)


def _gpu_hours_effective(*, peak_flops: Value, effective_mfu: Value, **model: Value) -> Value:
    return _hours(flop_of_model(**model), peak_flops * effective_mfu)


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
        "training_gpu_hours",
        "Accelerator-hours billed for a training run, from the window's MFU and a goodput",
        "H = C / (3600 F_peak MFU_w) / g + H_start + H_eval + H_failed + H_sweep",
        (*MODEL, PEAK_FLOPS, WINDOW_MFU, GOODPUT, *_BESIDE),
        "GPU-h",
        billed_hours(flop_of_model, "window_mfu"),
        f"{MPT}; {CHINCHILLA}",
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
        billed_hours(flop_recomputed, "hardware_mfu"),
        MEGATRON,
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
        billed_hours(flop_6nd, "six_nd_mfu"),
        CHINCHILLA,
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
        f"{MPT}; {CHINCHILLA}",
        cautions=gpu_hours_cautions,
        component="training",
        element="hardware",
    ),
    Formula(
        "training_gpu_hours_measured",
        "Accelerator-hours billed for a run, from the tokens per second that were measured",
        "H = n D / (3600 thr) / g + H_start + H_eval + H_failed + H_sweep",
        (TOKENS, TOKENS_PER_SECOND, CHIPS, GOODPUT, *_BESIDE),
        "GPU-h",
        _gpu_hours_measured,
        "LLaMA (arXiv 2302.13971): 380 tokens per second and accelerator",
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
        MEGATRON,
    ),
    Formula(
        "lost_gpu_hours",
        "Accelerator-hours lost to checkpoints, stops and restarts: a line of its own",
        "H_lost = C / (3600 F_peak MFU_w) (1/g - 1)",
        (FLOP, PEAK_FLOPS, WINDOW_MFU, GOODPUT),
        "GPU-h",
        _lost_gpu_hours,
        "the goodput's other share of the time billed",
        cautions=gpu_hours_cautions,
        component="training",
        element="hardware",
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
