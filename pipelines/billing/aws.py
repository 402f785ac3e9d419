"""AWS's Cost and Usage Report, legacy and 2.0: its columns, its plans, its net amounts.

The two name the same facts: `lineItem/UnblendedCost` in the legacy CSV, `line_item_unblended_cost`
in its Parquet and in CUR 2.0, which also puts tags, cost categories and product attributes into
maps (JSON text in CSV). CUR 2.0 exports carry any subset of the columns.

Belongs here: what takes more than one line of the report to decide. What a line is by itself is in
`sql/billing/aws`. The report's decisions are in the docstring of `pipelines.billing`.
"""

import re

from pipelines.billing.columns import Column
from pipelines.billing.formats import Bill, BillFormat
from pipelines.errors import CommitmentUnbalanced
from pipelines.money import MAX_ROUNDING, plain
from pipelines.queries import materialise, query

KNOWN_LINE_TYPES = frozenset(
    {
        "Usage",
        "DiscountedUsage",
        "SavingsPlanCoveredUsage",
        "SavingsPlanNegation",
        "SavingsPlanRecurringFee",
        "SavingsPlanUpfrontFee",
        "RIFee",
        "Fee",
        "Tax",
        "Credit",
        "Refund",
        "FlatRateSubscription",
    }
)
"""Beside these: every type that ends in `Discount`. Others are read as Usage and counted."""

SMALLEST_REST = MAX_ROUNDING
"""A plan may miss zero by less than half a cent: the provider rounds each line by itself."""

COLUMNS: tuple[Column, ...] = (
    Column("invoice_id", "bill/InvoiceId"),
    Column("invoicing_entity", "bill/InvoicingEntity"),
    Column("billing_entity", "bill/BillingEntity"),
    Column("payer_account_id", "bill/PayerAccountId"),
    Column("payer_account_name", "bill/PayerAccountName"),
    Column("billing_period_start", "bill/BillingPeriodStartDate", "instant", is_core=True),
    Column("billing_period_end", "bill/BillingPeriodEndDate", "instant"),
    Column("time_interval", "identity/TimeInterval"),
    Column("usage_account_id", "lineItem/UsageAccountId"),
    Column("usage_account_name", "lineItem/UsageAccountName"),
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
    Column("availability_zone", "lineItem/AvailabilityZone"),
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
    Column("pricing_term", "pricing/term"),
    Column("rate_id", "pricing/RateId"),
    Column("public_rate", "pricing/publicOnDemandRate", "quantity"),
    Column("public_cost", "pricing/publicOnDemandCost", "money"),
    Column("capacity_reservation_arn", "capacityReservation/CapacityReservationArn"),
    Column("capacity_reservation_status", "capacityReservation/CapacityReservationStatus"),
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
    Column("product_map", "product", "json"),
    Column("resource_tag_map", "resource_tags", "json"),
    Column("tag_map", "tags", "json"),
    Column("cost_category_map", "cost_category", "json"),
)

MACROS = {
    # A map as JSON text whose keys are those of the legacy report: `user_model` and `user:model`
    # are `model`, `aws_createdBy` is `aws:createdBy`; account and principal tags keep their prefix.
    "cur_tags(t, prefix)": (
        "CASE WHEN t IS NULL OR t = '{}' OR NOT json_valid(t) THEN '{}' ELSE "
        "'{' || array_to_string(list_transform(map_entries(t::JSON::MAP(VARCHAR, VARCHAR)), "
        "lambda e: to_json(prefix || regexp_replace(regexp_replace(e.key, '^user[_:]', ''), "
        "'^aws_', 'aws:'))::VARCHAR || ':' || to_json(e.value)::VARCHAR), ',') || '}' END"
    ),
    "cur_attribute(t, path)": "CASE WHEN json_valid(t) THEN t ->> path END",
}
"""SQL macros that read CUR 2.0's maps."""

TAG = re.compile(
    r"(?:resourceTags/(?P<tag>.*)|(?P<category>costCategory/.*)"
    r"|resource_tags_(?P<flat>(?:user|aws)_.+))",
    re.DOTALL,
)


def tag_key(header: str) -> str | None:
    """The key a tag or cost category column stands for; '' if it has none, None if it is no tag.

    `resourceTags/user:model` is `model`, `resourceTags/aws:createdBy` keeps its prefix, and
    `costCategory/Team` is `costCategory/Team`. In Parquet the legacy report writes
    `resource_tags_user_model`, having lost the key's case and punctuation.
    """
    match = TAG.fullmatch(header)
    if not match:
        return None
    if match["flat"]:
        return match["flat"].removeprefix("user_")
    if match["category"]:
        return match["category"] if match["category"] != "costCategory/" else ""
    return match["tag"].removeprefix("user:")


def prepare(bill: Bill) -> None:
    """Decide whether net amounts are used, and what covered usage and negations leave over.

    Raises:
        CommitmentUnbalanced: a savings plan's negations do not cancel the usage it covered.
    """
    bill.params["use_net"] = _net_amounts_agree(bill)
    _check_plans(bill)
    materialise(
        bill.con, "plan_rests", "billing/aws/plan_rests", {"use_net": bill.params["use_net"]}
    )
    types = query(bill.con, "billing/aws/line_types").fetchall()
    for kind in sorted({kind for kind, _ in types if kind and not _is_known(kind)}):
        lines = sum(n for other, n in types if other == kind)
        bill.warnings.append(
            f"{bill.where} line item type {kind!r} is unknown, read as Usage: {lines} lines."
        )


def _net_amounts_agree(bill: Bill) -> bool:
    """Whether the month's net amounts are the same money as the unblended ones."""
    totals = query(bill.con, "billing/aws/net_totals").fetchall()
    if not any(lines for *_, lines in totals):
        return False
    for payer, currency, unblended, net, _ in totals:
        if abs(net - unblended) >= MAX_ROUNDING:
            bill.warnings.append(
                f"{bill.where} net amounts of payer {payer} add up to {plain(net)} {currency}, "
                f"unblended ones to {plain(unblended)}: the unblended ones are used."
            )
            return False
    return True


def _check_plans(bill: Bill) -> None:
    for plan, payer, currency, rest in query(
        bill.con, "billing/aws/plan_balances", use_net=bill.params["use_net"]
    ).fetchall():
        name = plan or "(without an ARN)"
        if abs(rest) >= SMALLEST_REST and bill.source.unpaired_negations == "stop":
            raise CommitmentUnbalanced(bill.source.name, bill.month, name, rest, currency)
        bill.warnings.append(
            f"{bill.where} covered usage and negations of savings plan {name} "
            f"(payer {payer}) leave {plain(rest)} {currency}: kept as billed."
        )


def _is_known(line_type: str) -> bool:
    return line_type in KNOWN_LINE_TYPES or line_type.endswith("Discount")


FORMAT = BillFormat(
    name="aws-cur",
    folder="aws",
    columns=COLUMNS,
    prepare=prepare,
    tag_key=tag_key,
    macros=MACROS,
    has_split_shares=True,
)
