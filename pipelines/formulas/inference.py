"""Inference on own accelerators: roofline of prefill and decode, and what tokens take.

Prefill is bound by computing, decode by reading weights and cache from memory; they cost
differently and are never one number of tokens.
"""

from dataclasses import replace
from fractions import Fraction
from typing import Final

from pipelines.formulas.columns import cautioned, larger, refuse, rounded_down
from pipelines.formulas.formula import Formula, Symbol, Value
from pipelines.formulas.symbols import (
    ACTIVE_PARAMETERS,
    BUSY_SHARE,
    GPUS_PER_REPLICA,
    LAYERS,
    MEMORY_BANDWIDTH,
    MEMORY_BYTES,
    PEAK_FLOPS,
)

_ROOFLINE = "github.com/cli99/llm-analysis: roofline of prefill and decode, its efficiencies"
SERVING: Final = "github.com/deepseek-ai/open-infra-index, day 6: tokens per second and node"
OPTIMISTIC: Final = {"compute_efficiency": Fraction(7, 10), "memory_efficiency": Fraction(9, 10)}
"""The shares of the peaks that a well-tuned server reaches; what stands there unless measured."""

WEIGHT_BYTES: Final = Symbol(
    "weight_bytes",
    "W",
    "bytes",
    "weights held in memory: of a mixture of experts all that a step reads",
    low_is_in=False,
)
KV_BYTES: Final = Symbol("kv_bytes", "kv", "bytes", "cache of one token of one sequence")
BATCH: Final = Symbol("batch", "B", "", "sequences decoded together", low=1)
CONTEXT: Final = Symbol("context", "ctx", "tokens", "mean tokens a sequence holds in the cache")
COMPUTE_EFFICIENCY: Final = Symbol(
    "compute_efficiency",
    "eta_c",
    "",
    "reached share of the peak FLOP/s",
    high=1,
    low_is_in=False,
    default=OPTIMISTIC["compute_efficiency"],
)
MEMORY_EFFICIENCY: Final = Symbol(
    "memory_efficiency",
    "eta_m",
    "",
    "reached share of the memory bandwidth",
    high=1,
    low_is_in=False,
    default=OPTIMISTIC["memory_efficiency"],
)
COMMUNICATION: Final = Symbol(
    "communication", "t_comm", "s", "time a step spends between accelerators", default=0
)
INPUT_TOKENS: Final = Symbol(
    "input_tokens", "tok_in", "tokens", "tokens read, from a cache or not", measured="input_tokens"
)
UNCACHED_INPUT_TOKENS: Final = Symbol(
    "uncached_input_tokens",
    "tok_new",
    "tokens",
    "tokens read that no cache had",
    measured="uncached_input_tokens",
)
CACHED_TOKENS: Final = Symbol(
    "cached_tokens", "tok_hit", "tokens", "tokens read from a cache", measured="cached_tokens"
)
OUTPUT_TOKENS: Final = Symbol(
    "output_tokens", "tok_out", "tokens", "tokens written", measured="output_tokens"
)


def _rate_of(name: str, sign: str, meaning: str) -> Symbol:
    return Symbol(name, sign, "tokens/s", meaning, low_is_in=False)


THROUGHPUT: Final = _rate_of("throughput", "thr", "tokens per second of one replica")
PREFILL_THROUGHPUT: Final = _rate_of(
    "prefill_throughput", "thr_in", "tokens one replica reads in a second"
)
CACHED_THROUGHPUT: Final = _rate_of(
    "cached_throughput", "thr_hit", "tokens one replica takes from the cache in a second"
)
DECODE_THROUGHPUT: Final = _rate_of(
    "decode_throughput", "thr_out", "tokens one replica writes in a second"
)
_PREFILL: Final = (ACTIVE_PARAMETERS, GPUS_PER_REPLICA, PEAK_FLOPS, COMPUTE_EFFICIENCY)
_DECODE: Final = (
    *_PREFILL,
    WEIGHT_BYTES,
    KV_BYTES,
    BATCH,
    CONTEXT,
    MEMORY_BANDWIDTH,
    MEMORY_EFFICIENCY,
    COMMUNICATION,
)


def _kv_bytes(layers: Value, kv_heads: Value, head_width: Value, bytes_per_value: Value) -> Value:
    return 2 * layers * kv_heads * head_width * bytes_per_value


def _prefill_rate(
    active_parameters: Value,
    gpus_per_replica: Value,
    peak_flops: Value,
    compute_efficiency: Value,
) -> Value:
    return gpus_per_replica * peak_flops * compute_efficiency / (2 * active_parameters)


def _decode_step(
    *,
    weight_bytes: Value,
    kv_bytes: Value,
    batch: Value,
    context: Value,
    memory_bandwidth: Value,
    memory_efficiency: Value,
    communication: Value,
    gpus_per_replica: Value,
    **prefill: Value,
) -> Value:
    read = (weight_bytes + batch * context * kv_bytes) / (
        gpus_per_replica * memory_bandwidth * memory_efficiency
    )
    computed = batch / _prefill_rate(gpus_per_replica=gpus_per_replica, **prefill)
    return larger(read, computed) + communication


def _decode_rate(*, batch: Value, **inputs: Value) -> Value:
    return batch / _decode_step(batch=batch, **inputs)


def _largest_batch(
    memory_bytes: Value,
    gpus_per_replica: Value,
    filled_share: Value,
    weight_bytes: Value,
    kv_bytes: Value,
    context: Value,
) -> Value:
    held = filled_share * gpus_per_replica * memory_bytes
    refuse("largest_batch", _no_room, held, weight_bytes, context * kv_bytes)
    return rounded_down((held - weight_bytes) / (context * kv_bytes))


def _no_room(held: Fraction, weights: Fraction, sequence: Fraction) -> str:
    if weights + sequence <= held:
        return ""
    return (
        f"weights of {float(weights) / 1e9:.4g} GB and one sequence of {float(sequence) / 1e9:.4g} "
        f"GB do not fit into the {float(held) / 1e9:.4g} GB of a replica that may be filled"
    )


def _cost_per_million(
    gpus_per_replica: Value, gpu_hour_price: Value, throughput: Value, busy_share: Value
) -> Value:
    return 10**6 * gpus_per_replica * gpu_hour_price / (3600 * throughput * busy_share)


def _serving_hours(
    input_tokens: Value,
    output_tokens: Value,
    prefill_throughput: Value,
    decode_throughput: Value,
    gpus_per_replica: Value,
    busy_share: Value,
) -> Value:
    busy = input_tokens / prefill_throughput + output_tokens / decode_throughput
    return busy * gpus_per_replica / (3600 * busy_share)


def _serving_hours_cached(
    *,
    uncached_input_tokens: Value,
    cached_tokens: Value,
    cached_throughput: Value,
    gpus_per_replica: Value,
    busy_share: Value,
    **rest: Value,
) -> Value:
    hits = cached_tokens / cached_throughput * gpus_per_replica / (3600 * busy_share)
    return hits + _serving_hours(
        input_tokens=uncached_input_tokens,
        gpus_per_replica=gpus_per_replica,
        busy_share=busy_share,
        **rest,
    )


def _roofline_hours(
    *,
    uncached_input_tokens: Value,
    output_tokens: Value,
    busy_share: Value,
    gpus_per_replica: Value,
    **chip_and_model: Value,
) -> Value:
    prefill = {
        symbol.name: chip_and_model[symbol.name]
        for symbol in _PREFILL
        if symbol.name in chip_and_model
    }
    return _serving_hours(
        input_tokens=uncached_input_tokens,
        output_tokens=output_tokens,
        prefill_throughput=_prefill_rate(gpus_per_replica=gpus_per_replica, **prefill),
        decode_throughput=_decode_rate(gpus_per_replica=gpus_per_replica, **chip_and_model),
        gpus_per_replica=gpus_per_replica,
        busy_share=busy_share,
    )


def _cautions(**inputs: Value) -> list[str]:
    said = []
    for name, highest in OPTIMISTIC.items():
        if name in inputs:
            said += cautioned(
                lambda one, name=name, highest=highest: (
                    f"{name} {float(one):.4g} is above {float(highest)}, which is optimistic"
                    if one > highest
                    else ""
                ),
                inputs[name],
            )
    return said


FORMULAS: Final = (
    Formula(
        "kv_bytes_per_token",
        "Cache that one token of a sequence holds",
        "kv = 2 L h_kv d_head b",
        (
            replace(LAYERS, default=None, low_is_in=False, meaning="layers"),
            Symbol("kv_heads", "h_kv", "", "heads of keys and values", low_is_in=False),
            Symbol("head_width", "d_head", "", "width of a head", low_is_in=False),
            Symbol("bytes_per_value", "b", "", "2 at 16 bits", low_is_in=False, default=2),
        ),
        "bytes",
        _kv_bytes,
        _ROOFLINE,
    ),
    Formula(
        "prefill_rate",
        "Tokens per second that a replica reads: bound by computing",
        "thr_in = n_r F_peak eta_c / (2 N_a)",
        _PREFILL,
        "tokens/s",
        _prefill_rate,
        _ROOFLINE,
        cautions=_cautions,
    ),
    Formula(
        "decode_step",
        "Time in which a replica writes one token of each sequence: bound by memory or computing",
        "step = max[(W + B ctx kv) / (n_r BW eta_m), 2 N_a B / (n_r F_peak eta_c)] + t_comm",
        _DECODE,
        "s",
        _decode_step,
        _ROOFLINE,
        cautions=_cautions,
    ),
    Formula(
        "decode_rate",
        "Tokens per second that a replica writes",
        "thr_out = B / step",
        _DECODE,
        "tokens/s",
        _decode_rate,
        _ROOFLINE,
        cautions=_cautions,
    ),
    Formula(
        "largest_batch",
        "Sequences whose caches fit beside the weights into a replica's memory",
        "B = floor((fill n_r HBM - W) / (ctx kv))",
        (
            MEMORY_BYTES,
            GPUS_PER_REPLICA,
            Symbol(
                "filled_share",
                "fill",
                "",
                "share of the memory that may be filled",
                high=1,
                low_is_in=False,
                default=Fraction(9, 10),
            ),
            WEIGHT_BYTES,
            replace(KV_BYTES, low_is_in=False),
            replace(CONTEXT, low_is_in=False),
        ),
        "",
        _largest_batch,
        _ROOFLINE,
    ),
    Formula(
        "cost_per_million_tokens",
        "What a million tokens cost on replicas that are busy a share of the time they are billed",
        "1e6 n_r p / (3600 thr u)",
        (
            GPUS_PER_REPLICA,
            Symbol("gpu_hour_price", "p", "money/GPU-h", "price of an accelerator-hour"),
            THROUGHPUT,
            BUSY_SHARE,
        ),
        "money/M tokens",
        _cost_per_million,
        SERVING,
    ),
    Formula(
        "serving_gpu_hours",
        "Accelerator-hours billed to read and write a month's tokens, from measured throughputs",
        "H = n_r (tok_in / thr_in + tok_out / thr_out) / (3600 u)",
        (
            INPUT_TOKENS,
            OUTPUT_TOKENS,
            PREFILL_THROUGHPUT,
            DECODE_THROUGHPUT,
            GPUS_PER_REPLICA,
            BUSY_SHARE,
        ),
        "GPU-h",
        _serving_hours,
        SERVING,
        component="inference",
        element="hardware",
    ),
    Formula(
        "serving_gpu_hours_cached",
        "Accelerator-hours billed for a month's tokens, where a cache has its own throughput",
        "H = n_r (tok_new / thr_in + tok_hit / thr_hit + tok_out / thr_out) / (3600 u)",
        (
            UNCACHED_INPUT_TOKENS,
            CACHED_TOKENS,
            OUTPUT_TOKENS,
            PREFILL_THROUGHPUT,
            CACHED_THROUGHPUT,
            DECODE_THROUGHPUT,
            GPUS_PER_REPLICA,
            BUSY_SHARE,
        ),
        "GPU-h",
        _serving_hours_cached,
        SERVING,
        component="inference",
        element="hardware",
    ),
    Formula(
        "roofline_gpu_hours",
        "Accelerator-hours billed to read and write a month's tokens, from the chip's peaks alone",
        "H = n_r (tok_new / thr_in + tok_out / thr_out) / (3600 u), "
        "thr_in and thr_out as prefill_rate and decode_rate",
        (UNCACHED_INPUT_TOKENS, OUTPUT_TOKENS, *_DECODE, BUSY_SHARE),
        "GPU-h",
        _roofline_hours,
        _ROOFLINE,
        component="inference",
        element="hardware",
        cautions=_cautions,
    ),
)
