"""What AWS adds to a month when the usage is known: discount, support, credit, refund, tax."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Final

from pipelines.demo import shop
from pipelines.demo.lines import TEN_PLACES, Item, Line, line
from pipelines.months import month_bounds

CENT: Final = Decimal("0.01")
ONE: Final = Decimal(1)
ZERO: Final = Decimal(0)
DISCOUNTED_UNITS: Final = {"Hrs", "1K tokens"}
"""The agreement covers machines and tokens, not storage and transfer."""
MARKETPLACE: Final = "AWS Marketplace"

VECTOR_DATABASE: Final = Item(
    "7k2demovectordb",
    "MP:VectorDatabase-Month",
    "Subscription",
    "Units",
    shop.MARKETPLACE_FEE,
    tags={"user:model": "search-rank"},
    description="Vector database, monthly subscription",
)


def _cost(row: Line) -> Decimal:
    return Decimal(row["lineItem/UnblendedCost"])


def additions(month: str, usage: Sequence[Line], *, restated: bool) -> Iterator[Line]:
    """The lines after usage. `usage` is the month's first delivery: a restatement moves no tax."""
    yield from _discounts(month, usage)
    yield from _one_time(month, usage, restated=restated)
    yield from _taxes(month, usage)


def _discounts(month: str, usage: Sequence[Line]) -> Iterator[Line]:
    """The enterprise discount on machines and tokens: a line for each resource and usage type."""
    first, last = month_bounds(month)
    sums: dict[tuple[str, ...], Decimal] = defaultdict(lambda: ZERO)
    for row in usage:
        is_public = row["lineItem/LineItemType"] == "Usage"
        if is_public and row["pricing/unit"] in DISCOUNTED_UNITS:
            key = ("UsageAccountId", "ProductCode", "UsageType", "Operation", "ResourceId")
            sums[tuple(row[f"lineItem/{name}"] for name in key)] += _cost(row)
    for (account, product, usage_type, operation, resource), total in sums.items():
        item = Item(
            product,
            usage_type,
            operation,
            "",
            ZERO,
            account=account,
            resource=resource,
            description="Enterprise Discount Program discount",
        )
        amount = (-total * shop.EDP_RATE).quantize(TEN_PLACES)
        yield line(item, first, last, ONE, kind="EdpDiscount", cost=amount)


def _one_time(month: str, usage: Sequence[Line], *, restated: bool) -> Iterator[Line]:
    first, last = month_bounds(month)
    public = sum((_cost(r) for r in usage if r["lineItem/LineItemType"] == "Usage"), ZERO)
    support = Item(
        "AWSSupportBusiness",
        "Dollar",
        "",
        "",
        ZERO,
        account=shop.SHOP_ACCOUNT,
        description="AWS Support (Business)",
    )
    fee = (public * shop.SUPPORT_RATE).quantize(CENT)
    yield line(support, first, last, ONE, kind="Fee", cost=fee)
    yield line(
        VECTOR_DATABASE,
        first,
        last,
        ONE,
        bill__BillingEntity=MARKETPLACE,
        bill__InvoicingEntity="Vector Database GmbH",
        lineItem__LegalEntity="Vector Database GmbH",
        product__ProductName="Vector Database (demo)",
    )
    if month == shop.MONTHS[1]:
        promotion = Item(
            "AmazonSageMaker", "", "", "", ZERO, description="Promotional credit: ML launch"
        )
        amount = shop.CREDIT_RESTATED if restated else shop.CREDIT_FIRST
        yield line(promotion, first, last, ONE, kind="Credit", cost=amount)
    if month == shop.MONTHS[2]:
        refunded = Item(
            "AmazonSageMaker",
            "USE1-Host:ml.g5.2xlarge",
            "RunInstance",
            "Hrs",
            ZERO,
            resource=shop.SEARCH_ENDPOINT,
            description="Refund: instances that failed to start during the August roll-out",
        )
        yield line(
            refunded,
            shop.at(9, 5),
            shop.at(9, 6),
            ONE,
            kind="Refund",
            cost=shop.REFUND,
            bill__BillType="Refund",
        )


def _taxes(month: str, usage: Sequence[Line]) -> Iterator[Line]:
    """One line for each account and product, on what is charged for it, to the cent.

    Covered usage and its negation cancel, but on different accounts: both are left out.
    """
    first, last = month_bounds(month)
    sums: dict[tuple[str, str], Decimal] = defaultdict(lambda: ZERO)
    for row in usage:
        if row["lineItem/LineItemType"] in {"SavingsPlanCoveredUsage", "SavingsPlanNegation"}:
            continue
        sums[row["lineItem/UsageAccountId"], row["lineItem/ProductCode"]] += _cost(row)
    for (account, product), total in sums.items():
        if (amount := (total * shop.TAX_RATE).quantize(CENT)) > 0:
            item = Item(
                product,
                "",
                "",
                "",
                ZERO,
                account=account,
                description=f"Tax for product code {product}",
            )
            yield line(
                item, first, last, ONE, kind="Tax", cost=amount, lineItem__TaxType="US Sales Tax"
            )
