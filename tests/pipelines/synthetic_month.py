"""A month of calls as Bedrock's log, a LiteLLM gateway and the applications' spans each saw them.

The truth is known: `truth` says what must be counted, whatever each log has lost.
"""

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

START = datetime(2026, 9, 1, tzinfo=UTC)
SONNET = "us.anthropic.claude-sonnet-4-20250514-v1:0"
HAIKU = "anthropic.claude-3-haiku-20240307-v1:0"
GPT = "gpt-4o-2024-08-06"
LOST_HOURS = (datetime(2026, 9, 10, 13), datetime(2026, 9, 21, 2))
"""The provider's log has no file of these hours."""
GATEWAY_CLOCK, SPAN_CLOCK = timedelta(seconds=7), timedelta(seconds=-40)

Line = dict[str, Any]
Key = tuple[datetime, str, str, str, str]
"""Hour, provider, model, tenant, status."""


@dataclass
class Month:
    """The lines of each log, and the truth: requests, input and output tokens of each key."""

    bedrock: list[Line] = field(default_factory=list)
    litellm: list[Line] = field(default_factory=list)
    otel: list[Line] = field(default_factory=list)
    truth: Counter[tuple[Key, str]] = field(default_factory=Counter)


@dataclass(frozen=True)
class Call:
    """One call of an application that reached an answer."""

    number: int
    at: datetime
    model: str
    tenant: str
    use_case: str

    @property
    def is_bedrock(self) -> bool:
        return self.model != GPT

    @property
    def is_lost(self) -> bool:
        """Whether the provider's log lacks it."""
        return (
            not self.is_bedrock
            or self.at.replace(minute=0, second=0, microsecond=0, tzinfo=None) in LOST_HOURS
        )

    @property
    def tokens(self) -> tuple[int, int]:
        return 100 + self.number % 900, 10 + self.number % 70

    def request_id(self, attempt: int = 2) -> str:
        """The provider's id of an attempt."""
        return f"{self.number:08x}-3f83-4c70-a277-{attempt:012d}"

    @property
    def answer_id(self) -> str:
        """The id of the gateway's answer."""
        return f"chatcmpl-{self.number:08d}"


def synthetic_month(calls: int = 600, seed: int = 7) -> Month:
    """Calls evenly over September, of every kind there is."""
    month, drawn = Month(), random.Random(seed)  # noqa: S311 -- no secret
    for number in range(calls):
        hour = START + timedelta(hours=number * 720 // calls)
        call = Call(
            number,
            hour + timedelta(minutes=drawn.randint(3, 56), milliseconds=drawn.randint(0, 59999)),
            drawn.choice((SONNET, SONNET, HAIKU, GPT)),
            drawn.choice(("shop-a", "shop-b", "shop-c")),
            drawn.choice(("search", "service")),
        )
        for add in _kinds(call):
            add(month, call)
    for lost in LOST_HOURS:  # hours of every kind
        for number in range(5):
            at = lost.replace(tzinfo=UTC) + timedelta(minutes=5 + 9 * number)
            call = Call(calls + 5 * lost.day + number, at, SONNET, "shop-a", "search")
            for add in (through_gateway, (retried, timed_out, cached, in_stream)[number % 4]):
                add(month, call)
    return month


def _kinds(call: Call) -> Iterator[Any]:
    if call.number % 20 == 11 and call.is_bedrock and not call.is_lost:
        yield direct
        return
    if call.number % 20 == 12 and call.is_bedrock and not call.is_lost:
        yield unseen
        return
    if call.number % 50 == 13 and call.is_bedrock:
        yield in_stream
        return
    yield through_gateway
    if call.number % 20 == 1:
        yield retried
    if call.number % 20 == 2:
        yield timed_out
    if call.number % 20 == 3:
        yield cached


def through_gateway(month: Month, call: Call, *, has_headers: bool = True) -> None:
    """The usual way: application, gateway, provider."""
    if not call.is_lost:
        month.bedrock.append(_bedrock(call))
    month.litellm.append(_payload(call, has_headers=has_headers))
    if call.number % 33:  # some spans are never exported
        month.otel.append(_span(call))
    _count(month, call, "ok", call.tokens)


def in_stream(month: Month, call: Call) -> None:
    """A streamed answer, of which the gateway did not keep the provider's headers."""
    renumbered = Call(call.number + 1_000_000, call.at, call.model, call.tenant, call.use_case)
    if not call.is_lost:
        # Nothing tells who it was for: the provider's log alone counts it.
        month.bedrock.append(_bedrock(renumbered))
        _count(month, renumbered, "ok", renumbered.tokens, tenant="")
    else:
        _count(month, renumbered, "ok", renumbered.tokens)
    month.litellm.append(_payload(renumbered, has_headers=False))
    month.otel.append(_span(renumbered))


def direct(month: Month, call: Call) -> None:
    """Past the gateway, by the provider's own client."""
    month.bedrock.append(_bedrock(call))
    month.otel.append(
        _span(call, **{"aws.request_id": call.request_id(), "gen_ai.response.id": None})
    )
    _count(month, call, "ok", call.tokens, tenant="spans")


def unseen(month: Month, call: Call) -> None:
    """A call of which only the provider knows."""
    month.bedrock.append(_bedrock(call))
    _count(month, call, "ok", call.tokens, tenant="")


def retried(month: Month, call: Call) -> None:
    """A first attempt that the provider refused: both log it."""
    if not call.is_bedrock:
        return
    if not call.is_lost:
        month.bedrock.append(
            _bedrock(call, attempt=1)
            | {"errorCode": "ThrottlingException", "input": None, "output": None}
        )
    month.litellm.append(_failure(call, "429", call.request_id(1)))
    _count(month, call, "throttled", (0, 0))


def timed_out(month: Month, call: Call) -> None:
    """A first attempt that never arrived: only the gateway knows of it."""
    if not call.is_bedrock:
        return
    month.litellm.append(_failure(call, "408", None))
    if call.is_lost:  # there it cannot be told
        _count(month, call, "408", (0, 0))


def cached(month: Month, call: Call) -> None:
    """The same question again, answered by the gateway itself."""
    again = call.at + timedelta(minutes=1)
    hit = _payload(call, has_headers=True) | {
        "id": f"{call.answer_id}_cache_hit{again.timestamp()}",
        "startTime": (again + GATEWAY_CLOCK).timestamp(),
        "cache_hit": True,
        "response_cost": 0.0,
    }
    month.litellm.append(hit)
    month.otel.append(_span(call, repeated=True))
    _count(month, call, "cache_hit", call.tokens)


def _count(
    month: Month, call: Call, status: str, tokens: tuple[int, int], tenant: str | None = None
) -> None:
    hour = call.at.replace(minute=0, second=0, microsecond=0, tzinfo=None)
    tenant = call.tenant if tenant is None else tenant
    key = (hour, "aws" if call.is_bedrock else "openai", call.model, tenant, status)
    month.truth[key, "requests"] += 1
    month.truth[key, "input_tokens"] += tokens[0]
    month.truth[key, "output_tokens"] += tokens[1]


def _bedrock(call: Call, attempt: int = 2) -> Line:
    return {
        "schemaType": "ModelInvocationLog",
        "timestamp": call.at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "accountId": "123456789012",
        "region": "us-east-1",
        "requestId": call.request_id(attempt),
        "operation": "Converse",
        "modelId": call.model,
        "input": {"inputTokenCount": call.tokens[0]},
        "output": {"outputTokenCount": call.tokens[1]},
    }


def _payload(call: Call, *, has_headers: bool) -> Line:
    names = ("bedrock", f"bedrock/{call.model}") if call.is_bedrock else ("openai", call.model)
    at = call.at + GATEWAY_CLOCK
    headers = {"llm_provider-x-amzn-requestid": call.request_id()} if call.is_bedrock else {}
    return {
        "id": call.answer_id,
        "call_type": "acompletion",
        "status": "success",
        "custom_llm_provider": names[0],
        "model": names[1],
        "startTime": at.timestamp(),
        "endTime": at.timestamp() + 1,
        "prompt_tokens": call.tokens[0],
        "completion_tokens": call.tokens[1],
        "response_cost": 0.001,
        "cache_hit": None,
        "metadata": {
            "user_api_key_team_alias": call.tenant,
            "usage_object": {"completion_tokens_details": {"reasoning_tokens": 5}},
        },
        "hidden_params": {"additional_headers": headers if has_headers else {}},
    }


def _failure(call: Call, code: str, request_id: str | None) -> Line:
    at = call.at + GATEWAY_CLOCK - timedelta(milliseconds=800)
    return _payload(call, has_headers=False) | {
        "id": f"call-{call.number:08d}",
        "status": "failure",
        "startTime": at.timestamp(),
        "prompt_tokens": 0,
        "completion_tokens": 0,
        "response_cost": 0.0,
        "error_information": {"error_code": code, "error_provider_request_id": request_id},
    }


def _span(call: Call, *, repeated: bool = False, **named: str | None) -> Line:
    """A line with the span of the call, and the agent's around it."""
    at = call.at + SPAN_CLOCK + timedelta(minutes=repeated)
    begins = str(int(at.timestamp() * 1000) * 1_000_000)
    told: dict[str, Any] = {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "aws.bedrock" if "aws.request_id" in named else "openai",
        "gen_ai.request.model": call.model,
        "gen_ai.response.id": call.answer_id,
        "gen_ai.usage.input_tokens": call.tokens[0],
        "gen_ai.usage.output_tokens": call.tokens[1],
    } | named
    if "aws.request_id" in named:
        told["tenant.id"] = "spans"
    attributes = [
        {
            "key": key,
            "value": {"stringValue": text} if isinstance(text, str) else {"intValue": str(text)},
        }
        for key, text in told.items()
        if text is not None
    ]
    ids = {"traceId": f"{call.number:032x}", "startTimeUnixNano": begins}
    agent = {"key": "gen_ai.operation.name", "value": {"stringValue": "invoke_agent"}}
    spans = [
        ids | {"spanId": f"{2 * call.number + repeated * 10**9:016x}", "attributes": attributes},
        ids | {"spanId": f"{2 * call.number + 1 + repeated * 10**9:016x}", "attributes": [agent]},
    ]
    service = [{"key": "service.name", "value": {"stringValue": call.use_case}}]
    return {
        "resourceSpans": [
            {"resource": {"attributes": service}, "scopeSpans": [{"spans": spans}]},
        ]
    }
