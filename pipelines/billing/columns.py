"""The columns of AWS's legacy Cost and Usage Report that are read, and how a header is matched.

A header names its columns differently over the years (`SavingsPlanArn`, `SavingsPlanARN`) and any
column may be absent, except a core without which a line cannot be charged. Names are compared
without case and punctuation. Tag and cost category columns are whatever the header brings.
"""

import difflib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from pipelines.errors import BillUnreadable

Kind = Literal["text", "money", "quantity", "instant"]


@dataclass(frozen=True)
class Column:
    """A column that is read: our name for its text, the provider's header, what it holds."""

    name: str
    header: str
    kind: Kind = "text"
    is_core: bool = False


COLUMNS: tuple[Column, ...] = (
    Column("invoice_id", "bill/InvoiceId"),
    Column("invoicing_entity", "bill/InvoicingEntity"),
    Column("billing_entity", "bill/BillingEntity"),
    Column("payer_account_id", "bill/PayerAccountId"),
    Column("billing_period_start", "bill/BillingPeriodStartDate", "instant", is_core=True),
    Column("billing_period_end", "bill/BillingPeriodEndDate", "instant"),
    Column("time_interval", "identity/TimeInterval"),
    Column("usage_account_id", "lineItem/UsageAccountId"),
    Column("line_item_type", "lineItem/LineItemType", is_core=True),
    Column("usage_start", "lineItem/UsageStartDate", "instant"),
    Column("usage_end", "lineItem/UsageEndDate", "instant"),
    Column("product_code", "lineItem/ProductCode"),
    Column("usage_type", "lineItem/UsageType"),
    Column("operation", "lineItem/Operation"),
    Column("resource_id", "lineItem/ResourceId"),
    Column("usage_amount", "lineItem/UsageAmount", "quantity"),
    Column("currency_code", "lineItem/CurrencyCode", is_core=True),
    Column("unblended_cost", "lineItem/UnblendedCost", "money", is_core=True),
    Column("net_unblended_cost", "lineItem/NetUnblendedCost", "money"),
    Column("description", "lineItem/LineItemDescription"),
    Column("tax_type", "lineItem/TaxType"),
    Column("legal_entity", "lineItem/LegalEntity"),
    Column("principal_id", "lineItem/IamPrincipal"),
    Column("product_name", "product/ProductName"),
    Column("instance_type", "product/instanceType"),
    Column("product_family", "product/productFamily"),
    Column("region", "product/region"),
    Column("region_code", "product/regionCode"),
    Column("sku", "product/sku"),
    Column("pricing_unit", "pricing/unit"),
    Column("public_cost", "pricing/publicOnDemandCost", "money"),
    Column("reservation_arn", "reservation/ReservationARN"),
    Column("reservation_cost", "reservation/EffectiveCost", "money"),
    Column("net_reservation_cost", "reservation/NetEffectiveCost", "money"),
    Column("unused_upfront", "reservation/UnusedAmortizedUpfrontFeeForBillingPeriod", "money"),
    Column(
        "net_unused_upfront", "reservation/NetUnusedAmortizedUpfrontFeeForBillingPeriod", "money"
    ),
    Column("unused_recurring", "reservation/UnusedRecurringFee", "money"),
    Column("net_unused_recurring", "reservation/NetUnusedRecurringFee", "money"),
    Column("plan_arn", "savingsPlan/SavingsPlanARN"),
    Column("plan_cost", "savingsPlan/SavingsPlanEffectiveCost", "money"),
    Column("net_plan_cost", "savingsPlan/NetSavingsPlanEffectiveCost", "money"),
    Column("plan_commitment", "savingsPlan/TotalCommitmentToDate", "money"),
    Column("plan_used", "savingsPlan/UsedCommitment", "money"),
    Column("parent_resource_id", "splitLineItem/ParentResourceId"),
    Column("split_cost", "splitLineItem/SplitCost", "money"),
    Column("net_split_cost", "splitLineItem/NetSplitCost", "money"),
    Column("split_unused", "splitLineItem/UnusedCost", "money"),
    Column("net_split_unused", "splitLineItem/NetUnusedCost", "money"),
)

TAG = re.compile(r"(?:resourceTags/(?P<tag>.*)|(?P<category>costCategory/.*))", re.DOTALL)
_PUNCTUATION = re.compile(r"[^a-z0-9]")


BY_HEADER = {column.header: column for column in COLUMNS}


@dataclass(frozen=True)
class Header:
    """Where the columns of one file are: positions by our name, and the tag columns by key."""

    names: list[str]
    positions: dict[str, int]
    tags: dict[str, list[int]]
    nameless_tags: list[int]
    """Tag columns without a key: their values are counted, not kept."""
    doubled: list[str]
    """Columns that occur more than once; the first is read."""


def _plain(header: str) -> str:
    return _PUNCTUATION.sub("", header.lower())


def tag_key(header: str) -> str | None:
    """The key a tag or cost category column stands for; '' if it has none, None if it is no tag.

    `resourceTags/user:model` is `model`, `resourceTags/aws:createdBy` keeps its prefix, and
    `costCategory/Team` is `costCategory/Team`.
    """
    match = TAG.fullmatch(header)
    if not match:
        return None
    if match["category"]:
        return match["category"] if match["category"] != "costCategory/" else ""
    return match["tag"].removeprefix("user:")


def match_header(names: Sequence[str], source: str, month: str, file: str) -> Header:
    """Find the columns in a file's first record.

    Raises:
        BillUnreadable: a core column is missing (named, with the nearest one there is), or a
            money column occurs twice.
    """
    found: dict[str, list[int]] = {}
    tags: dict[str, list[int]] = {}
    nameless = []
    for position, name in enumerate(names):
        key = tag_key(name)
        if key:
            tags.setdefault(key, []).append(position)
        elif key == "":
            nameless.append(position)
        else:
            found.setdefault(_plain(name), []).append(position)
    positions, doubled = {}, []
    for column in COLUMNS:
        here = found.get(_plain(column.header), [])
        if not here:
            if column.is_core:
                raise BillUnreadable(
                    source,
                    month,
                    f"{file} has no column {column.header!r}; {nearest(column.header, names)}",
                    "the first line of the file",
                )
            continue
        if len(here) > 1 and (column.kind == "money" or column.is_core):
            raise BillUnreadable(
                source,
                month,
                f"{file} has column {column.header!r} {len(here)} times, so that its amount is "
                "not known",
                "the first line of the file",
            )
        if len(here) > 1:
            doubled.append(column.header)
        positions[column.name] = here[0]
    doubled += [f"tag {key}" for key, here in tags.items() if len(here) > 1]
    return Header(list(names), positions, tags, nameless, doubled)


def nearest(header: str, names: Sequence[str]) -> str:
    """What a reader should look at when a column is missing."""
    close = difflib.get_close_matches(header, names, n=1, cutoff=0)
    return f"the nearest there is is {close[0]!r}" if close else "the file has no columns"
