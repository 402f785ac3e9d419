"""The split rows of the Kubernetes GPU node: which pod reserved how much of it, hour by hour."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final

from pipelines.demo import shop
from pipelines.demo.lines import TEN_PLACES, Item, Line, line
from pipelines.demo.traffic import HOUR
from pipelines.money import plain

ONE: Final = Decimal(1)
ZERO: Final = Decimal(0)


@dataclass(frozen=True)
class PodShare:
    """What one pod reserved of the node in an hour: share of the node's cost, used and unused."""

    pod: str
    namespace: str
    workload: str
    meter: str
    used: Decimal
    unused: Decimal


def _share(pod: str, meter: str, used: str, unused: str) -> PodShare:
    names = {
        shop.PRICE_POD: ("pricing", "price-model"),
        shop.FRAUD_POD: ("risk", "fraud-score"),
        shop.INGRESS_POD: ("ingress", "nginx"),
    }
    return PodShare(pod, *names[pod], meter, Decimal(used), Decimal(unused))


SHARES_BEFORE: Final = (
    _share(shop.PRICE_POD, "Accelerator", "0.12", "0.12"),
    _share(shop.PRICE_POD, "vCPU", "0.02", "0.02"),
    _share(shop.INGRESS_POD, "vCPU", "0.01", "0.01"),
)
SHARES_AFTER: Final = (
    _share(shop.PRICE_POD, "Accelerator", "0.12", "0.024"),
    _share(shop.FRAUD_POD, "Accelerator", "0.08", "0.016"),
    _share(shop.PRICE_POD, "vCPU", "0.02", "0.01"),
    _share(shop.INGRESS_POD, "vCPU", "0.01", "0.005"),
    _share(shop.FRAUD_POD, "vCPU", "0.01", "0.005"),
)
"""Each adds up to the node's 0.30 an hour; the fraud check joins on 15 July."""


def pod_shares(hour: datetime) -> Iterator[Line]:
    """The split rows of the node in one hour: shares of its cost, no money of their own."""
    node_cost = shop.RESERVED_RECURRING + shop.RESERVED_UPFRONT
    for share in SHARES_AFTER if hour >= shop.FRAUD_MOVED else SHARES_BEFORE:
        meter = Item(
            "AmazonEKS",
            f"USE1-EKS-EC2-{share.meter}-Hours",
            "EKSPod-EC2",
            f"{share.meter}-Hours",
            ZERO,
            resource=share.pod,
            tags={
                "aws:eks:cluster-name": "shop-ml",
                "aws:eks:namespace": share.namespace,
                "aws:eks:workload-name": share.workload,
            },
        )
        public = shop.G4_PRICE / node_cost
        reserved = plain((share.used / node_cost).quantize(TEN_PLACES))
        yield line(
            meter,
            hour,
            hour + HOUR,
            ONE,
            splitLineItem__ParentResourceId=shop.EKS_NODE,
            splitLineItem__ReservedUsage=reserved,
            splitLineItem__ActualUsage=reserved,
            splitLineItem__SplitUsage=reserved,
            splitLineItem__SplitUsageRatio=reserved,
            splitLineItem__SplitCost=plain(share.used),
            splitLineItem__UnusedCost=plain(share.unused),
            splitLineItem__PublicOnDemandSplitCost=plain(
                (share.used * public).quantize(TEN_PLACES)
            ),
            splitLineItem__PublicOnDemandUnusedCost=plain(
                (share.unused * public).quantize(TEN_PLACES)
            ),
        )
