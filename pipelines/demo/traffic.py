"""What was asked of the shop's models: one record per call, as the serving gateway writes it.

The numbers follow the hour of the day and a fixed mixing function, so that the same call has the
same size on every machine. A record of search-rank and query-rewrite is one batch of rankings and
carries GPU time; the others carry tokens only; a record of support-chat is one conversation.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from pipelines.demo import shop

CALLS_BY_HOUR: Final = (6, 5, 4, 4, 4, 5, 8, 12, 16, 18, 18, 17, 17, 18, 18, 18, 19, 20)
CALLS_BY_LATE_HOUR: Final = (22, 24, 24, 20, 14, 9)
DAY: Final = CALLS_BY_HOUR + CALLS_BY_LATE_HOUR
"""Batches of rankings an hour: quiet at night, most in the evening; 340 a day."""

HOUR: Final = timedelta(hours=1)
TENANTS: Final = ("shop-de", "shop-fr", "shop-nl")
SEED: Final = 20260701

FIELDS: Final = (
    "request_id",
    "started_at",
    "ended_at",
    "provider",
    "account_id",
    "region",
    "resource_id",
    "model",
    "model_version",
    "operation",
    "tenant",
    "use_case",
    "service_tier",
    "is_batch",
    "status",
    "requests",
    "input_tokens",
    "input_tokens_cache_read",
    "output_tokens",
    "gpu_ms",
)
"""The columns of the shop's own log, in the order its CSV file has them."""


@dataclass(frozen=True)
class Stream:
    """Calls of one model version to one resource."""

    name: str
    model: str
    version: str | None
    resource: str | None
    use_case: str
    operation: str
    calls_percent: int
    """Calls an hour as a percentage of `DAY`, rounded up: no hour is without a call."""
    requests: int | None = None
    """Requests of one batch; without it a record is one request."""
    input_tokens: int | None = None
    cache_read_tokens: int | None = None
    output_tokens: int | None = None
    gpu_ms: int | None = None
    live_from: datetime = shop.QUARTER_START
    live_until: datetime = shop.QUARTER_END
    provider: str = "aws"
    account: str = shop.ML_ACCOUNT


SEARCH_V7: Final = Stream(
    "sr7", "search-rank", "v7", shop.SEARCH_ENDPOINT, "search", "rank", 100,
    requests=8_000, gpu_ms=400_000, live_until=shop.ROLL_OUT_END,
)  # fmt: skip
SEARCH_V8: Final = Stream(
    "sr8", "search-rank", "v8", shop.SEARCH_ENDPOINT, "search", "rank", 100,
    requests=8_000, gpu_ms=350_000, live_from=shop.ROLL_OUT_START,
)  # fmt: skip
SUPPORT: Final = Stream(
    "sup", shop.BEDROCK_MODEL, None, None, "customer_service", "chat", 50,
    input_tokens=60_000, cache_read_tokens=40_000, output_tokens=5_000, provider="aws.bedrock",
)  # fmt: skip
GATEWAY: Final = (
    SEARCH_V7,
    SEARCH_V8,
    Stream(
        "qr3", "query-rewrite", "v3", shop.SEARCH_ENDPOINT, "search", "rewrite", 50,
        requests=6_000, gpu_ms=150_000,
    ),
    Stream(
        "rec3", "item-recs", "v3", shop.RECS_NODE, "recommendation", "recommend", 50,
        input_tokens=900, output_tokens=60,
    ),
    Stream(
        "rec4", "item-recs", "v4", shop.RECS_NODE, "recommendation", "recommend", 25,
        input_tokens=900, output_tokens=60, live_from=shop.RECS_V4_FROM,
    ),
    Stream(
        "fr2", "fraud-score", "v2", shop.OLD_FRAUD_NODE, "risk_control", "score", 30,
        input_tokens=300, output_tokens=4, live_until=shop.FRAUD_MOVED,
    ),
    Stream(
        "fr3", "fraud-score", "v3", shop.FRAUD_POD, "risk_control", "score", 30,
        input_tokens=300, output_tokens=4, live_from=shop.FRAUD_MOVED,
    ),
    Stream(
        "pr5", "price-model", "v5", shop.PRICE_POD, "pricing", "score", 30,
        input_tokens=200, output_tokens=4,
    ),
)  # fmt: skip
PODS: Final = frozenset({shop.PRICE_POD, shop.FRAUD_POD})

V8_PERCENT_BY_ROLL_OUT_DAY: Final = (10, 50, 90)


def mix(*parts: int) -> int:
    """A whole number that looks arbitrary and is always the same for the same parts."""
    value = SEED
    for part in parts:
        value = (value * 1_103_515_245 + part * 2_654_435_761 + 12_345) & 0x7FFFFFFF
        value ^= value >> 11
    return value


def _percent(stream: Stream, hour: datetime) -> int:
    """The stream's calls as a percentage of `DAY` in this hour."""
    if not stream.live_from <= hour < stream.live_until:
        return 0
    if stream.resource in PODS and not shop.eks_is_on(hour):
        return 0
    if stream.model == "search-rank" and shop.ROLL_OUT_START <= hour < shop.ROLL_OUT_END:
        moved = V8_PERCENT_BY_ROLL_OUT_DAY[(hour - shop.ROLL_OUT_START).days]
        return moved if stream.version == "v8" else 100 - moved
    return stream.calls_percent


def _around(size: int | None, chance: int) -> int | None:
    """The size, up to a tenth more or less."""
    return None if size is None else size - size // 10 + size // 50 * (chance % 11)


def hour_calls(stream: Stream, hour: datetime) -> Iterator[dict[str, Any]]:
    """The records of one stream in one hour, in order of time."""
    percent = _percent(stream, hour)
    calls = -(-DAY[hour.hour] * percent // 100)
    number = int((hour - shop.QUARTER_START) / HOUR)
    key = sum(ord(letter) << (5 * place) for place, letter in enumerate(stream.name))
    for call in range(calls):
        chance = mix(number, call, key)
        started = hour + timedelta(seconds=3600 * call // calls + chance % (3600 // calls))
        throttled = stream is SUPPORT and chance % 211 == 0
        seconds = 1 if throttled else max(1, (stream.gpu_ms or 2_000) // 1000)
        yield {
            "request_id": f"{stream.name}-{started:%Y%m%d%H}-{call:03d}",
            "started_at": started,
            "ended_at": started + timedelta(seconds=seconds),
            "provider": stream.provider,
            "account_id": stream.account,
            "region": shop.REGION,
            "resource_id": stream.resource,
            "model": stream.model,
            "model_version": stream.version,
            "operation": stream.operation,
            "tenant": TENANTS[chance % 7 % 3],
            "use_case": stream.use_case,
            "service_tier": "default",
            "is_batch": False,
            "status": "throttled" if throttled else "ok",
            "requests": stream.requests,
            "input_tokens": None if throttled else _around(stream.input_tokens, chance >> 3),
            "input_tokens_cache_read": (
                None if throttled else _around(stream.cache_read_tokens, chance >> 3)
            ),
            "output_tokens": None if throttled else _around(stream.output_tokens, chance >> 7),
            "gpu_ms": _around(stream.gpu_ms, chance >> 5),
        }


def hours(start: datetime, end: datetime) -> Iterator[datetime]:
    """Every hour from `start` until before `end`."""
    while start < end:
        yield start
        start += HOUR


def gateway_calls(start: datetime, end: datetime) -> Iterator[dict[str, Any]]:
    """The records of the serving gateway, hour by hour."""
    for hour in hours(start, end):
        for stream in GATEWAY:
            yield from hour_calls(stream, hour)


def support_calls(start: datetime, end: datetime) -> Iterator[dict[str, Any]]:
    """The records of the customer service's managed API, hour by hour."""
    for hour in hours(start, end):
        yield from hour_calls(SUPPORT, hour)
