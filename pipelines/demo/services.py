"""What is billed by quantity: tokens of the managed API, storage, requests and transfer."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from typing import Final

from pipelines.demo import shop
from pipelines.demo.lines import TEN_PLACES, Item, Line, line, month_days
from pipelines.demo.traffic import HOUR, support_calls
from pipelines.months import month_bounds

TOKENS_PER_UNIT: Final = 1000


def _tokens(kind: str, rate: Decimal) -> Item:
    return Item(
        "AmazonBedrock",
        f"USE1-Claude4.6Sonnet-{kind}",
        "InvokeModelInference",
        "1K tokens",
        rate,
        family="Amazon Bedrock",
    )


def managed_api(month: str) -> Iterator[Line]:
    """Tokens of customer service, hour by hour: exactly those of the shop's own log."""
    tokens: dict[datetime, list[int]] = defaultdict(lambda: [0, 0, 0])
    for call in support_calls(*month_bounds(month)):
        if call["input_tokens"] is None:
            continue
        sums = tokens[call["started_at"].replace(minute=0, second=0)]
        sums[0] += call["input_tokens"] - call["input_tokens_cache_read"]
        sums[1] += call["input_tokens_cache_read"]
        sums[2] += call["output_tokens"]
    for hour, (fresh, cached, output) in tokens.items():
        cut = hour >= shop.TOKEN_PRICE_CUT
        for item, count in (
            (_tokens("input-tokens", shop.INPUT_PRICE), fresh),
            (_tokens("cache-read-input-token-count", shop.CACHE_READ_PRICE), cached),
            (
                _tokens("output-tokens", shop.OUTPUT_PRICE_AFTER_CUT if cut else shop.OUTPUT_PRICE),
                output,
            ),
        ):
            yield line(item, hour, hour + HOUR, Decimal(count) / TOKENS_PER_UNIT)


EMBEDDINGS: Final = Item(
    "AmazonBedrock",
    "USE1-TitanEmbeddingsV2-Text-input-tokens",
    "InvokeModelInference",
    "1K tokens",
    Decimal("0.00002"),
    family="Amazon Bedrock",
)
"""A managed model that nobody entered in the catalogue: 20,000K tokens a day, 0.40."""


def _bucket(bucket: str, account: str = shop.ML_ACCOUNT, **tags: str) -> Item:
    return Item(
        "AmazonS3",
        "TimedStorage-ByteHrs",
        "StandardStorage",
        "GB-Mo",
        shop.STORAGE_PRICE,
        account=account,
        resource=bucket,
        family="Storage",
        tags={f"user:{key}": value for key, value in tags.items()},
    )


def _volume(volume: str, **tags: str) -> Item:
    return Item(
        "AmazonEC2",
        "EBS:VolumeUsage.gp3",
        "CreateVolume-Gp3",
        "GB-Mo",
        shop.VOLUME_PRICE,
        resource=volume,
        family="Storage",
        tags={f"user:{key}": value for key, value in tags.items()},
    )


STORED: Final = (
    (_bucket(shop.SHARED_BUCKET), Decimal(20_000)),
    (_bucket(shop.VISUAL_BUCKET, model="visual-search", phase="storage"), Decimal(2_000)),
    (_bucket(shop.ARCHIVE_BUCKET), Decimal(5_000)),
    (_bucket(shop.IMAGE_BUCKET, shop.SHOP_ACCOUNT), Decimal(8_000)),
    (_volume(shop.RECS_VOLUME, model="item-recs"), Decimal(500)),
    (_volume(shop.FRAUD_VOLUME), Decimal(200)),
)
"""GB held all month: 460.00, 46.00, 115.00, 184.00, 40.00 and 16.00 a month."""


def _transfer(
    product: str, usage_type: str, resource: str, rate: Decimal, account: str = shop.ML_ACCOUNT
) -> Item:
    return Item(
        product,
        usage_type,
        "GetObject" if product == "AmazonS3" else "InvokeEndpoint",
        "GB",
        rate,
        account=account,
        resource=resource,
        family="Data Transfer",
    )


ENDPOINT_OUT: Final = _transfer(
    "AmazonSageMaker", "USE1-DataTransfer-Out-Bytes", shop.SEARCH_ENDPOINT, shop.TRANSFER_PRICE
)
DAILY: Final = (
    (EMBEDDINGS, Decimal(20_000)),
    (ENDPOINT_OUT, Decimal(20)),
    (
        _transfer(
            "AmazonSageMaker",
            "USE1-DataTransfer-Regional-Bytes",
            shop.SEARCH_ENDPOINT,
            shop.REGIONAL_PRICE,
        ),
        Decimal(50),
    ),
    (
        _transfer("AmazonS3", "DataTransfer-Out-Bytes", shop.SHARED_BUCKET, shop.TRANSFER_PRICE),
        Decimal(30),
    ),
    (
        Item(
            "AmazonS3",
            "Requests-Tier2",
            "GetObject",
            "Requests",
            shop.REQUEST_PRICE,
            resource=shop.VISUAL_BUCKET,
            family="API Request",
        ),
        Decimal(100_000),
    ),
    (
        Item(
            "AmazonCloudFront",
            "US-DataTransfer-Out-Bytes",
            "GET",
            "GB",
            shop.CDN_PRICE,
            account=shop.SHOP_ACCOUNT,
            resource=f"arn:aws:cloudfront::{shop.SHOP_ACCOUNT}:distribution/E1SHOPDEMO",
            family="Data Transfer",
        ),
        Decimal(400),
    ),
)
"""The same quantity every day: 0.40, 1.80, 0.50, 2.70, 0.04 and 34.00 a day."""

LATE_TRANSFER: Final = Decimal(12)
"""GB that left the endpoint on 31 July and are billed in August: 1.08."""


def storage_and_transfer(month: str) -> Iterator[Line]:
    """Storage, requests and transfer, day by day; a month's storage adds up to the GB held."""
    days = month_days(month)
    for item, held in STORED:
        daily = (held / len(days)).quantize(TEN_PLACES)
        for start, end in days:
            amount = held - daily * (len(days) - 1) if (start, end) == days[-1] else daily
            yield line(item, start, end, amount)
    for item, quantity in DAILY:
        for start, end in days:
            yield line(item, start, end, quantity)
    if month == shop.MONTHS[1]:
        yield line(ENDPOINT_OUT, shop.at(7, 31), shop.at(8, 1), LATE_TRANSFER)
