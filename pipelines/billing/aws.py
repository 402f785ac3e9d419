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
    Column("user_identifier", "lineItem/UserIdentifier"),
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
    Column(
        "capacity_reservation_arn",
        "capacityReservation/CapacityReservationArn",
        aliases=("capacity_reservation_arn",),
    ),
    Column(
        "capacity_reservation_status",
        "capacityReservation/CapacityReservationStatus",
        aliases=("capacity_reservation_status",),
    ),
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

_MAP_KEY = (
    "prefix || regexp_replace(regexp_replace(e.key, '^(resourceTags/)?(user[_:])?', ''), "
    "'^aws_', 'aws:')"
)
MACROS = {
    "cur_is_map(t)": (
        "CASE WHEN t IS NULL THEN NULL WHEN json_valid(t) THEN json_type(t) = 'OBJECT' "
        "ELSE false END"
    ),
    # The members of a map given as JSON text, in the order of their keys, which become those of the
    # legacy report: `user_model`, `user:model` and `resourceTags/user:model` are `model`. Tags of
    # accounts, principals and users keep the prefix that says whose they are.
    "cur_pairs(t, prefix)": (
        "CASE WHEN t IS NULL OR t = '{}' OR NOT cur_is_map(t) THEN '' ELSE array_to_string("
        "list_sort(list_transform(list_filter(map_entries(t::JSON::MAP(VARCHAR, VARCHAR)), "
        "lambda e: e.value IS NOT NULL AND e.value <> ''), "
        f"lambda e: to_json({_MAP_KEY})::VARCHAR || ':' || to_json(e.value)::VARCHAR)), ',') END"
    ),
    # `tags` holds the tags of resources and the cost categories too, under their very names, which
    # the other two maps have lost the case and punctuation of.
    "cur_tags(all_tags, resource_tags, categories)": (
        "'{' || CASE WHEN coalesce(all_tags, '{}') <> '{}' THEN cur_pairs(all_tags, '') "
        "ELSE concat_ws(',', nullif(cur_pairs(categories, 'costCategory/'), ''), "
        "nullif(cur_pairs(resource_tags, ''), '')) END || '}'"
    ),
    "cur_attribute(t, path)": "CASE WHEN json_valid(t) THEN t ->> path END",
    # An instant as the legacy report writes it: a line is about the same in every form of it.
    "cur_instant(t)": "coalesce(strftime(instant(t), '%Y-%m-%dT%H:%M:%SZ'), t, '')",
}
"""SQL macros for CUR 2.0's maps and Parquet's instants."""

TAG = re.compile(
    r"(?:resourceTags/(?P<tag>.*)|(?P<category>costCategory/.*)"
    r"|resource_tags_(?P<flat>(?:user|aws)_.+)|cost_category_(?P<flat_category>.+))",
    re.DOTALL,
)


def tag_key(header: str) -> str | None:
    """The key a tag or cost category column stands for; '' if it has none, None if it is no tag.

    `resourceTags/user:model` is `model`, `resourceTags/aws:createdBy` keeps its prefix, and
    `costCategory/Team` is `costCategory/Team`. In Parquet the legacy report writes
    `resource_tags_user_model` and `cost_category_team`, having lost the key's case and punctuation.
    """
    match = TAG.fullmatch(header)
    if not match:
        return None
    if match["flat"]:
        flat = match["flat"].removeprefix("user_")
        return f"aws:{flat.removeprefix('aws_')}" if flat.startswith("aws_") else flat
    if match["flat_category"]:
        return f"costCategory/{match['flat_category']}"
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
    materialise(
        bill.con, "unused_parts", "billing/aws/unused_parts", {"use_net": bill.params["use_net"]}
    )
    materialise(bill.con, "tag_texts", "billing/aws/tag_texts")
    _say_what_is_absent(bill)


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


_HIDDEN: tuple[tuple[tuple[str, ...], str, str], ...] = (
    (
        ("operation", "parent_resource_id"),
        "",
        "container split rows, if it has any, are not told from usage",
    ),
    (("reservation_arn",), "Fee", "read as fees of their own, none as a reservation's upfront fee"),
    (("product_code",), "Refund", "read as refunds of usage, none as that of a savings plan's fee"),
    (("description",), "Refund", "read as refunds of usage, none as that of a savings plan's fee"),
)
"""Columns, the line type it matters to that all of them are absent ('': any), what then happens."""


def _say_what_is_absent(bill: Bill) -> None:
    """Warn once for what no line can say: an export of CUR 2.0 has any subset of the columns."""
    types = query(bill.con, "billing/aws/line_types").fetchall()
    counts = {str(kind): int(lines) for kind, lines, _ in types if kind}
    for kind in sorted(kind for kind in counts if not _is_known(kind)):
        bill.warnings.append(
            f"{bill.where} line item type {kind!r} is unknown, read as Usage: {counts[kind]} lines."
        )
    if lines := sum(int(without) for *_, without in types):
        bill.warnings.append(
            f"{bill.where} {lines} lines have neither lineItem/UsageStartDate nor "
            "identity/TimeInterval: the billing period stands in."
        )
    headers = bill.raw.headers
    for columns, kind, consequence in _HIDDEN:
        absent = sum(
            not any(column in header.positions for column in columns) for header in headers.values()
        )
        if not absent or (kind and kind not in counts):
            continue
        names = " and no ".join(FORMAT.header_of(column) for column in columns)
        what = f"{counts[kind]} lines of type {kind} are {consequence}" if kind else consequence
        bill.warnings.append(
            f"{bill.where} {absent} of {len(headers)} files have no {names}: {what}."
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
