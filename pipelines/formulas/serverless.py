"""What serverless inference costs: requests, and memory held for the time that is billed."""

import math
from fractions import Fraction
from typing import Final

from pipelines.formulas.by_row import by_row
from pipelines.formulas.columns import refuse
from pipelines.formulas.formula import Formula, Symbol, Value

LAMBDA: Final = (
    "AWS Lambda price list: GB-seconds (2^30 bytes) of billed duration, rounded up to 1 ms"
)

REQUESTS: Final = Symbol("requests", "n", "requests", "requests served", measured="requests")
DURATION: Final = Symbol("duration", "d", "s", "mean duration of a request")
ROUNDED_TO: Final = Symbol(
    "rounded_to",
    "step",
    "s",
    "the step durations are rounded up to: 1 ms on AWS Lambda, 100 ms on others",
    low_is_in=False,
)
MEMORY: Final = Symbol("memory", "m", "GiB", "memory configured; 1,024 MB of a bill are 1 GiB")


@by_row
def _gb_seconds(
    requests: Fraction, duration: Fraction, rounded_to: Fraction, memory: Fraction
) -> Fraction:
    billed = math.ceil(duration / rounded_to) * rounded_to
    return requests * billed * memory


@by_row
def _serverless_cost(
    requests: Fraction,
    request_price: Fraction,
    gb_seconds: Fraction,
    gb_second_price: Fraction,
    free_requests: Fraction,
    free_gb_seconds: Fraction,
    cpu_seconds: Fraction,
    cpu_second_price: Fraction,
    free_cpu_seconds: Fraction,
) -> Fraction:
    charged = max(requests - free_requests, Fraction(0))
    held = max(gb_seconds - free_gb_seconds, Fraction(0))
    computed = max(cpu_seconds - free_cpu_seconds, Fraction(0))
    requested = charged * request_price / 10**6
    return requested + held * gb_second_price + computed * cpu_second_price


def _serverless_cost_checked(cpu_seconds: Value, cpu_second_price: Value, **others: Value) -> Value:
    refuse(
        "serverless_cost",
        lambda seconds, price: (
            "cpu_second_price (p_v): not given, and vCPU-seconds are"
            if seconds and not price
            else ""
        ),
        cpu_seconds,
        cpu_second_price,
    )
    return _serverless_cost(cpu_seconds=cpu_seconds, cpu_second_price=cpu_second_price, **others)


FORMULAS: Final = (
    Formula(
        name="serverless_gb_seconds",
        title="GB-seconds billed",
        says="S = n * ceil(d / step) * step * m",
        symbols=(REQUESTS, DURATION, ROUNDED_TO, MEMORY),
        unit="GiB-s",
        of=_gb_seconds,
        source=LAMBDA,
        component="inference",
        element="hardware",
    ),
    Formula(
        name="serverless_cost",
        title="Requests, GB-seconds and, where they are charged, vCPU-seconds at their prices",
        says="C = (n - n_free)/10^6 * p_n + (S - S_free) * p_s + (V - V_free) * p_v",
        symbols=(
            REQUESTS,
            Symbol("request_price", "p_n", "money/M requests", "price of 1M requests"),
            Symbol("gb_seconds", "S", "GiB-s", "GB-seconds billed"),
            Symbol("gb_second_price", "p_s", "money/GiB-s", "price of a GB-second"),
            Symbol("free_requests", "n_free", "requests", "free each month", default=0),
            Symbol("free_gb_seconds", "S_free", "GiB-s", "free each month", default=0),
            Symbol(
                "cpu_seconds",
                "V",
                "vCPU-s",
                "vCPU-seconds billed (Cloud Run; AWS Lambda has them in its GB-seconds)",
                default=0,
            ),
            Symbol("cpu_second_price", "p_v", "money/vCPU-s", "price of a vCPU-second", default=0),
            Symbol("free_cpu_seconds", "V_free", "vCPU-s", "free each month", default=0),
        ),
        unit="money",
        of=_serverless_cost_checked,
        source=f"{LAMBDA}; Google Cloud Run price list: vCPU-seconds, GiB-seconds and requests",
        component="inference",
        element="hardware",
    ),
)
