"""What is billed by the hour: instances, endpoints and jobs, and what of it is not covered."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from pipelines.demo import shop
from pipelines.demo.lines import Item, Line, line
from pipelines.demo.traffic import HOUR, hours
from pipelines.money import plain
from pipelines.months import month_bounds

ONE: Final = Decimal(1)


def _instance(
    kind: str,
    resource: str,
    rate: Decimal,
    *,
    gpus: int = 0,
    account: str = shop.ML_ACCOUNT,
    tags: dict[str, str] | None = None,
) -> Item:
    return Item(
        "AmazonEC2",
        f"BoxUsage:{kind}",
        "RunInstances",
        "Hrs",
        rate,
        account=account,
        resource=resource,
        family="Compute Instance",
        instance_type=kind,
        gpus=gpus,
        tags=tags or {},
        description=f"${plain(rate)} per On Demand Linux {kind} Instance Hour",
    )


def _sagemaker(use: str, kind: str, resource: str, rate: Decimal, **tags: str) -> Item:
    return Item(
        "AmazonSageMaker",
        f"USE1-{use}:{kind}",
        "RunInstance",
        "Hrs",
        rate,
        resource=resource,
        family="ML Instance",
        instance_type=kind,
        tags={f"user:{key}": value for key, value in tags.items()},
    )


SEARCH: Final = _sagemaker(
    "Host", "ml.g5.2xlarge", shop.SEARCH_ENDPOINT, shop.SEARCH_PRICE,
    model="search-rank", model_version="v7", phase="inference", team="search",
)  # fmt: skip
"""Its tag goes stale on 13 August, when v8 has taken over."""
VISUAL: Final = _sagemaker(
    "Host", "ml.g5.xlarge", shop.VISUAL_ENDPOINT, shop.VISUAL_PRICE,
    model="visual-search", model_version="v1", phase="inference", team="discovery",
)  # fmt: skip
NOTEBOOK: Final = _sagemaker("Notebk", "ml.g4dn.xlarge", shop.NOTEBOOK, shop.NOTEBOOK_PRICE)
FEATURES: Final = _sagemaker(
    "Processing", "ml.m5.2xlarge", shop.SEARCH_FEATURES, shop.FEATURES_PRICE,
    model="search-rank", model_version="v8", phase="update", team="search",
)  # fmt: skip


def _job(resource: str, model: str, version: str, phase: str) -> Item:
    return _sagemaker(
        "Train", "ml.p4d.24xlarge", resource, shop.TRAINING_PRICE,
        model=model, model_version=version, phase=phase,
    )  # fmt: skip


RECS: Final = _instance("g5.xlarge", shop.RECS_NODE, shop.G5_PRICE, gpus=1)
OLD_FRAUD: Final = _instance(
    "g5.xlarge", shop.OLD_FRAUD_NODE, shop.G5_PRICE, gpus=1, tags={"user:team": "risk"}
)
TRAINING_NODE: Final = _instance("g5.12xlarge", shop.TRAINING_NODE, shop.G5_12_PRICE, gpus=4)
EKS: Final = _instance(
    "g4dn.xlarge", shop.EKS_NODE, shop.G4_PRICE, gpus=1,
    tags={"aws:eks:cluster-name": "shop-ml", "user:team": "platform"},
)  # fmt: skip
WEB_1: Final = _instance("m5.large", "i-0e55web1", shop.WEB_PRICE, account=shop.SHOP_ACCOUNT)
WEB_2: Final = _instance("m5.large", "i-0e66web2", shop.WEB_PRICE, account=shop.SHOP_ACCOUNT)
DATABASE: Final = Item(
    "AmazonRDS",
    "InstanceUsage:db.r5.large",
    "CreateDBInstance:0021",
    "Hrs",
    shop.DATABASE_PRICE,
    account=shop.SHOP_ACCOUNT,
    resource=f"arn:aws:rds:{shop.REGION}:{shop.SHOP_ACCOUNT}:db:shop-orders",
    family="Database Instance",
    instance_type="db.r5.large",
)


@dataclass(frozen=True)
class Span:
    """An item billed every hour of a span, `instances` at a time."""

    item: Item
    start: datetime
    end: datetime
    instances: int = 1


def _after(start: datetime, count: int) -> datetime:
    return start + timedelta(hours=count)


ON_DEMAND: Final = (
    Span(VISUAL, shop.VISUAL_LIVE_FROM, shop.QUARTER_END),
    Span(NOTEBOOK, shop.QUARTER_START, shop.QUARTER_END),
    Span(OLD_FRAUD, shop.QUARTER_START, shop.QUARTER_END),
    Span(TRAINING_NODE, shop.TRAINING_NODE_FROM, shop.TRAINING_NODE_UNTIL),
    Span(WEB_2, shop.QUARTER_START, shop.QUARTER_END),
    Span(DATABASE, shop.QUARTER_START, shop.QUARTER_END),
    Span(
        _job(shop.VISUAL_FAILED, "visual-search", "v1", "training"),
        shop.at(7, 4),
        _after(shop.at(7, 4), shop.VISUAL_FAILED_HOURS),
    ),
    Span(
        _job(shop.VISUAL_TRAINING, "visual-search", "v1", "training"),
        shop.at(7, 6),
        _after(shop.at(7, 6), shop.VISUAL_TRAINING_HOURS),
        shop.VISUAL_TRAINING_INSTANCES,
    ),
    Span(
        _job(shop.SEARCH_UPDATE, "search-rank", "v8", "update"),
        shop.at(8, 3),
        _after(shop.at(8, 3), shop.SEARCH_UPDATE_HOURS),
    ),
)
LATE_HOUR: Final = _after(shop.at(8, 3), shop.SEARCH_UPDATE_HOURS - 1)
"""The hour of the update run that August's first delivery does not have."""


def on_demand(month: str, *, restated: bool) -> Iterator[Line]:
    """Instances and jobs at the public price."""
    first, last = month_bounds(month)
    for span in ON_DEMAND:
        for hour in hours(max(first, span.start), min(last, span.end)):
            if span.item.resource == shop.SEARCH_UPDATE and hour == LATE_HOUR and not restated:
                continue
            yield line(span.item, hour, hour + HOUR, Decimal(span.instances))
    for hour in hours(first, last):
        if hour.hour == 2 and hour >= shop.at(8, 3):
            yield line(FEATURES, hour, hour + HOUR, ONE)
        beyond_the_plan = shop.search_instances(hour) - shop.ML_COVERED_INSTANCES
        yield line(SEARCH, hour, hour + HOUR, Decimal(beyond_the_plan))
