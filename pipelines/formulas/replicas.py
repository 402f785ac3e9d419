"""Replicas: how many a load takes, what they are billed, and how much of it is idle.

What is billed is the time of replicas, busy or not. A load that changes is a column of rates, whose
replicas are summed over time; a month's requests alone take the ratio of their peak to their mean.
"""

from dataclasses import replace
from fractions import Fraction
from typing import Final

from pipelines.formulas.columns import larger, refuse, rounded_up
from pipelines.formulas.formula import Formula, Symbol, Value
from pipelines.formulas.inference import SERVING, THROUGHPUT
from pipelines.formulas.symbols import BUSY_SHARE, GPUS_PER_REPLICA, HOURS_IN_MONTH

_LITTLE = "Little 1961: requests under way = rate x latency"
REQUESTS: Final = Symbol("requests", "q", "requests", "requests of the month", measured="requests")
BUSY_GPU_HOURS: Final = Symbol(
    "gpu_hours", "H_busy", "GPU-h", "busy accelerator-hours", measured="gpu_hours"
)
BILLED_GPU_HOURS: Final = Symbol(
    "billed_gpu_hours", "H", "GPU-h", "accelerator-hours billed, busy or not", low_is_in=False
)
REPLICAS: Final = Symbol("replicas", "R", "", "replicas that run")
LEAST_REPLICAS: Final = Symbol(
    "least_replicas", "R_min", "", "replicas kept without any load", default=1
)
TARGET: Final = Symbol(
    "target_utilisation",
    "u_t",
    "",
    "share of its throughput to which a replica is filled",
    high=1,
    low_is_in=False,
)
PEAK_TO_MEAN: Final = Symbol(
    "peak_to_mean",
    "k_p",
    "",
    "highest rate that replicas are kept for, per mean rate of the month",
    low=1,
)
TOKENS_PER_REQUEST: Final = Symbol(
    "tokens_per_request", "tok", "tokens", "tokens of one request", low_is_in=False
)
LATENCY: Final = Symbol("latency", "W", "s", "time a request holds its slot", low_is_in=False)
SLOTS: Final = Symbol("slots", "c", "", "requests a replica works on together", low=1)
RATE: Final = Symbol("request_rate", "lambda", "requests/s", "requests that arrive in a second")


def _replicas_for_tokens(
    request_rate: Value,
    tokens_per_request: Value,
    throughput: Value,
    target_utilisation: Value,
    least_replicas: Value,
) -> Value:
    wanted = request_rate * tokens_per_request / (throughput * target_utilisation)
    return larger(least_replicas, rounded_up(wanted))


def _replicas_for_concurrency(
    request_rate: Value,
    latency: Value,
    slots: Value,
    target_utilisation: Value,
    least_replicas: Value,
) -> Value:
    wanted = request_rate * latency / (slots * target_utilisation)
    return larger(least_replicas, rounded_up(wanted))


def _held(replicas: Value, gpus_per_replica: Value, hours_in_month: Value) -> Value:
    return replicas * gpus_per_replica * hours_in_month


def _held_for_tokens(
    *,
    requests: Value,
    peak_to_mean: Value,
    gpus_per_replica: Value,
    hours_in_month: Value,
    **replica: Value,
) -> Value:
    rate = requests * peak_to_mean / (3600 * hours_in_month)
    replicas = _replicas_for_tokens(request_rate=rate, **replica)
    return _held(replicas, gpus_per_replica, hours_in_month)


def _held_for_concurrency(
    *,
    requests: Value,
    peak_to_mean: Value,
    gpus_per_replica: Value,
    hours_in_month: Value,
    **replica: Value,
) -> Value:
    rate = requests * peak_to_mean / (3600 * hours_in_month)
    replicas = _replicas_for_concurrency(request_rate=rate, **replica)
    return _held(replicas, gpus_per_replica, hours_in_month)


def _idle(billed_gpu_hours: Value, gpu_hours: Value) -> Value:
    refuse("idle_gpu_hours", _too_busy, billed_gpu_hours, gpu_hours)
    return billed_gpu_hours - gpu_hours


def _busy_share(billed_gpu_hours: Value, gpu_hours: Value) -> Value:
    refuse("busy_share", _too_busy, billed_gpu_hours, gpu_hours)
    return gpu_hours / billed_gpu_hours


def _too_busy(billed: Fraction, busy: Fraction) -> str:
    if busy <= billed:
        return ""
    return (
        f"{float(busy):.6g} busy accelerator-hours are more than the {float(billed):.6g} billed: "
        "one of them is of other accelerators or of another time"
    )


FORMULAS: Final = (
    Formula(
        "billed_gpu_hours",
        "Accelerator-hours billed for busy ones",
        "H = H_busy / u",
        (BUSY_GPU_HOURS, BUSY_SHARE),
        "GPU-h",
        lambda gpu_hours, busy_share: gpu_hours / busy_share,
        "identity",
        component="inference",
        element="hardware",
    ),
    Formula(
        "replicas_for_tokens",
        "Replicas that a rate of requests takes, by throughput",
        "R = max(R_min, ceil(lambda tok / (thr u_t)))",
        (RATE, TOKENS_PER_REQUEST, THROUGHPUT, TARGET, LEAST_REPLICAS),
        "",
        _replicas_for_tokens,
        SERVING,
    ),
    Formula(
        "replicas_for_concurrency",
        "Replicas that a rate of requests takes, by requests under way (Little's law)",
        "R = max(R_min, ceil(lambda W / (c u_t)))",
        (RATE, LATENCY, SLOTS, replace(TARGET, default=1), LEAST_REPLICAS),
        "",
        _replicas_for_concurrency,
        _LITTLE,
    ),
    Formula(
        "provisioned_gpu_hours",
        "Accelerator-hours billed for replicas, busy or not (a changing load: summed over time)",
        "H = R n_r T",
        (REPLICAS, GPUS_PER_REPLICA, HOURS_IN_MONTH),
        "GPU-h",
        _held,
        "identity",
        component="inference",
        element="hardware",
    ),
    Formula(
        "provisioned_gpu_hours_for_tokens",
        "Accelerator-hours billed for the replicas that a month's requests take, by throughput",
        "H = max(R_min, ceil(k_p q tok / (3600 T thr u_t))) n_r T",
        (
            REQUESTS,
            PEAK_TO_MEAN,
            TOKENS_PER_REQUEST,
            THROUGHPUT,
            TARGET,
            LEAST_REPLICAS,
            GPUS_PER_REPLICA,
            HOURS_IN_MONTH,
        ),
        "GPU-h",
        _held_for_tokens,
        SERVING,
        component="inference",
        element="hardware",
    ),
    Formula(
        "provisioned_gpu_hours_for_concurrency",
        "Accelerator-hours billed for the replicas that a month's requests take, by latency",
        "H = max(R_min, ceil(k_p q W / (3600 T c u_t))) n_r T",
        (
            REQUESTS,
            PEAK_TO_MEAN,
            LATENCY,
            SLOTS,
            replace(TARGET, default=1),
            LEAST_REPLICAS,
            GPUS_PER_REPLICA,
            HOURS_IN_MONTH,
        ),
        "GPU-h",
        _held_for_concurrency,
        _LITTLE,
        component="inference",
        element="hardware",
    ),
    Formula(
        "idle_gpu_hours",
        "Accelerator-hours billed and not busy",
        "H_idle = H - H_busy",
        (BILLED_GPU_HOURS, BUSY_GPU_HOURS),
        "GPU-h",
        _idle,
        "identity",
        component="inference",
        element="hardware",
    ),
    Formula(
        "busy_share",
        "Busy share of the accelerator-hours billed",
        "u = H_busy / H",
        (BILLED_GPU_HOURS, BUSY_GPU_HOURS),
        "",
        _busy_share,
        "identity",
    ),
)
