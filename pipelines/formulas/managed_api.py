"""What a managed API costs: tokens by class, each with its own price, and the batch discount.

Prices come from the provider's dated price list, per model: cache reads are 75 to 90 % cheaper and
cache writes 25 % dearer by model, so that no discount is a constant here. Input tokens are the ones
that no cache held: where a provider reports all of them as input, `uncached_tokens` takes the
others out.
"""

from typing import Final

from pipelines.formulas.columns import larger, refuse, rounded_up
from pipelines.formulas.formula import Formula, Symbol, Value
from pipelines.formulas.symbols import HOURS_IN_MONTH

CARD: Final = "Amazon Bedrock price page as of 2025-07-20 (convo-lang, bedrock-pricing.md)"
SERVING: Final = "DeepSeek open-infra-index, day 6: one day of V3/R1 serving at list price"
PROVISIONED: Final = (
    "price lists of provisioned throughput (Amazon Bedrock model units, Azure OpenAI PTU): an "
    "hourly rate per unit, cheaper for a term; used or not"
)
COUNTED: Final = "token counts of the provider's usage records"

RETRIES: Final = Symbol(
    "retries",
    "r",
    "",
    "share billed on top for calls that logs do not show",
    default=0,
)
CLASSES: Final = (
    ("input", "uncached input tokens", "uncached_input_tokens"),
    ("cached", "tokens read from the cache", "cached_tokens"),
    ("cache_write", "tokens written to the cache", "cache_write_tokens"),
    ("output", "output tokens", "output_tokens"),
)
"""The token classes that bills tell apart: name, words, and the measure logs have of them."""


def _uncached_tokens(input_tokens: Value, cached_tokens: Value, cache_write_tokens: Value) -> Value:
    left = input_tokens - cached_tokens - cache_write_tokens
    refuse(
        "uncached_tokens",
        lambda rest, given: (
            f"input_tokens (all): {given} are fewer than the cached and written ones; this "
            "provider reports input without them, so nothing is to be taken out"
            if rest < 0
            else ""
        ),
        left,
        input_tokens,
    )
    return left


def _managed_api_cost(
    input_tokens: Value,
    input_price: Value,
    cached_tokens: Value,
    cached_price: Value,
    cache_write_tokens: Value,
    cache_write_price: Value,
    output_tokens: Value,
    output_price: Value,
    batch_share: Value,
    batch_discount: Value,
) -> Value:
    listed = (
        input_tokens * input_price
        + cached_tokens * cached_price
        + cache_write_tokens * cache_write_price
        + output_tokens * output_price
    ) / 10**6
    return listed * (1 - batch_share * batch_discount)


def _provisioned_throughput_cost(
    *,
    token_rate: Value,
    unit_token_rate: Value,
    target_utilisation: Value,
    least_units: Value,
    hours_in_month: Value,
    unit_price: Value,
    discount: Value,
) -> Value:
    wanted = rounded_up(token_rate / (unit_token_rate * target_utilisation))
    return larger(least_units, wanted) * hours_in_month * unit_price * (1 - discount)


def _priced(name: str, sign: str, words: str, measure: str) -> tuple[Symbol, Symbol]:
    return (
        Symbol(f"{name}_tokens", sign, "tokens", words, measured=measure),
        Symbol(f"{name}_price", f"p_{sign}", "money/M tokens", f"price of 1M {words}"),
    )


def _billed(name: str, words: str, measure: str) -> Formula:
    return Formula(
        name=f"billed_{name}_tokens",
        title=f"Tokens billed as {words}",
        says="tokens * (1 + r)",
        symbols=(Symbol("tokens", "tokens", "tokens", words, measured=measure), RETRIES),
        unit="tokens",
        of=lambda tokens, retries: tokens * (1 + retries),
        source=COUNTED,
        component="inference",
        element="managed_api",
    )


FORMULAS: Final = (
    Formula(
        name="managed_api_cost",
        title="A managed API's tokens by class, with batch",
        says="C = (p_in*in + p_cr*cr + p_cw*cw + p_out*out) / 10^6 * (1 - share * b)",
        symbols=(
            *_priced("input", "in", "uncached input tokens", "uncached_input_tokens"),
            *_priced("cached", "cr", "tokens read from the cache", "cached_tokens"),
            *_priced("cache_write", "cw", "tokens written to the cache", "cache_write_tokens"),
            *_priced("output", "out", "output tokens", "output_tokens"),
            Symbol("batch_share", "share", "", "share sent by the batch API", high=1, default=0),
            Symbol("batch_discount", "b", "", "what batch is cheaper by (0.5)", high=1, default=0),
        ),
        unit="money",
        of=_managed_api_cost,
        source=f"{CARD}; {SERVING}",
        component="inference",
        element="managed_api",
    ),
    Formula(
        name="uncached_tokens",
        title="Uncached input tokens where a provider reports all of them as input",
        says="in = all - cr - cw",
        symbols=(
            Symbol("input_tokens", "all", "tokens", "all input tokens", measured="input_tokens"),
            Symbol("cached_tokens", "cr", "tokens", "read from caches", measured="cached_tokens"),
            Symbol(
                "cache_write_tokens",
                "cw",
                "tokens",
                "written to the cache",
                default=0,
                measured="cache_write_tokens",
            ),
        ),
        unit="tokens",
        of=_uncached_tokens,
        source=COUNTED,
        component="inference",
        element="managed_api",
    ),
    *(_billed(name, words, measure) for name, words, measure in CLASSES),
    Formula(
        name="request_tokens",
        title="Tokens of one class that requests use",
        says="tokens = requests * t * share * (1 + r)",
        symbols=(
            Symbol("requests", "n", "requests", "requests served", measured="requests"),
            Symbol("tokens_per_request", "t", "tokens", "mean tokens of a request"),
            Symbol("share", "share", "", "share of them in this class", high=1, default=1),
            RETRIES,
        ),
        unit="tokens",
        of=lambda requests, tokens_per_request, share, retries: (
            requests * tokens_per_request * share * (1 + retries)
        ),
        source=COUNTED,
        component="inference",
        element="managed_api",
    ),
    Formula(
        name="provisioned_throughput_cost",
        title="A managed API by the hour: model units that are kept, used or not",
        says="C = max(U_min, ceil(k / (k_u * u_t))) * h * p * (1 - d)",
        symbols=(
            Symbol("token_rate", "k", "tokens/s", "highest rate of tokens it is bought for"),
            Symbol(
                "unit_token_rate",
                "k_u",
                "tokens/s",
                "what one unit serves (per minute: `10k tokens/min`)",
                low_is_in=False,
            ),
            Symbol(
                "target_utilisation",
                "u_t",
                "",
                "share of its rate to which a unit is filled",
                high=1,
                low_is_in=False,
                default=1,
            ),
            Symbol("least_units", "U_min", "", "smallest number that is sold", default=1),
            HOURS_IN_MONTH,
            Symbol("unit_price", "p", "money/h", "list price of a unit's hour"),
            Symbol("discount", "d", "", "for a term of months or years", high=1, default=0),
        ),
        unit="money",
        of=_provisioned_throughput_cost,
        source=PROVISIONED,
        component="inference",
        element="managed_api",
    ),
    Formula(
        name="billed_images",
        title="Images billed",
        says="images * (1 + r)",
        symbols=(Symbol("images", "images", "images", "images made", measured="images"), RETRIES),
        unit="images",
        of=lambda images, retries: images * (1 + retries),
        source="image counts of the provider's usage records",
        component="inference",
        element="managed_api",
    ),
    Formula(
        name="margin_on_cost",
        title="What tokens would bring at list price, over what serving them cost",
        says="m = revenue / cost - 1",
        symbols=(
            Symbol("revenue", "revenue", "money", "tokens at list price: theory, not income"),
            Symbol("cost", "cost", "money", "what serving them cost", low_is_in=False),
        ),
        unit="",
        of=lambda revenue, cost: revenue / cost - 1,
        source=SERVING,
    ),
)
