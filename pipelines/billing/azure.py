"""Azure Cost Management exports: actual and amortized costs, of EA, MCA and pay-as-you-go accounts.

**Actual and amortized** are two views of the same charges and overlap in all but the commitments.
Where a month has both, Microsoft's published rule joins them: all amortized lines, and of the
actual ones only purchases and refunds of reservations and savings plans. Billed is 0 for usage
they cover and for what is unused of them (their purchase was billed), effective is 0 for the
purchases. Actual lines of a subscription that the amortized export has no line of repeat nothing
and are kept. Where a month has only actual costs, billed and effective are the cost. Where it has
only amortized ones, effective is right and billed lacks the purchases. Each is said with its sum.

**List and contracted cost** of usage are price times quantity (`PayGPrice`, `UnitPrice`; times
`exchangeRatePricingToBilling` where prices are in another currency), or `paygCostInBillingCurrency`
where it is there. A price of 0 on a line that costs something is no price: the next best stands in
(contracted for list, cost for contracted) and is counted. Commitments' purchases, refunds and
unused parts list nothing: the usage they cover does.

**Quantity** counts blocks of `UnitOfMeasure`: 0.0047 of `10K` are 47 operations, as price and cost
of public exports confirm (0.0047 x 0.00237 = 0.000011139). Consumed is quantity times block.

Dates, header names and decimals are `azure_text`'s.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from itertools import combinations
from pathlib import Path
from typing import Any, Final

import duckdb

from pipelines.billing import azure_text
from pipelines.billing.columns import Column
from pipelines.billing.formats import Bill, BillFormat, RawText
from pipelines.errors import BillUnreadable
from pipelines.files import LocalFile
from pipelines.money import MAX_ROUNDING, show
from pipelines.queries import query, rows_of
from pipelines.settings import BillSource

COLUMNS: Final[tuple[Column, ...]] = (
    Column("billing_account_id", "BillingAccountId"),
    Column("billing_account_name", "BillingAccountName"),
    Column("billing_profile_id", "BillingProfileId"),
    Column("billing_profile_name", "BillingProfileName"),
    Column("billing_period_start", "BillingPeriodStartDate", "instant"),
    Column("billing_period_end", "BillingPeriodEndDate", "instant"),
    Column("invoice_id", "InvoiceId"),
    Column("subscription_id", "SubscriptionId", aliases=("SubscriptionGuid",)),
    Column("subscription_name", "SubscriptionName"),
    Column("date", "Date", "instant", is_core=True, aliases=("UsageDateTime", "UsageDate")),
    Column("product_name", "ProductName", aliases=("Product",)),
    Column("product_id", "ProductId"),
    Column("part_number", "PartNumber"),
    Column("meter_id", "MeterId"),
    Column("meter_category", "MeterCategory"),
    Column("meter_subcategory", "MeterSubCategory"),
    Column("meter_name", "MeterName"),
    Column("unit_of_measure", "UnitOfMeasure"),
    Column("quantity", "Quantity", "quantity", aliases=("UsageQuantity", "ConsumedQuantity")),
    Column("unit_price", "UnitPrice", "money"),
    Column("list_price", "PayGPrice", "money"),
    Column(
        "cost",
        "CostInBillingCurrency",
        "money",
        is_core=True,
        aliases=("Cost", "PreTaxCost", "ExtendedCost"),
    ),
    Column("list_cost", "paygCostInBillingCurrency", "money"),
    Column(
        "currency", "BillingCurrencyCode", is_core=True, aliases=("BillingCurrency", "Currency")
    ),
    Column("pricing_currency", "PricingCurrency", aliases=("PricingCurrencyCode",)),
    Column("exchange_rate", "exchangeRatePricingToBilling", "quantity"),
    Column("consumed_service", "ConsumedService"),
    Column("resource_id", "ResourceId", aliases=("InstanceId", "InstanceName")),
    Column("resource_name", "ResourceName"),
    Column("resource_group", "ResourceGroup", aliases=("ResourceGroupName",)),
    Column("resource_type", "ResourceType"),
    Column("resource_location", "ResourceLocation", aliases=("Location",)),
    Column("availability_zone", "AvailabilityZone"),
    Column("tag_text", "Tags"),
    Column("additional_info", "AdditionalInfo"),
    Column("charge_type", "ChargeType"),
    Column("frequency", "Frequency"),
    Column("pricing_model", "PricingModel"),
    Column("reservation_id", "ReservationId"),
    Column("reservation_name", "ReservationName"),
    Column("benefit_id", "BenefitId"),
    Column("benefit_name", "BenefitName"),
    Column("publisher_name", "PublisherName"),
    Column("partner_name", "PartnerName"),
    Column("allocation_rule", "CostAllocationRuleName"),
)

MOST_SHARED: Final = Decimal("0.5")
"""Two bills share no charge; the two views of one bill share all but the commitments."""


def prepare(bill: Bill) -> None:
    """Say which view of the costs the month has and what that does to its sums."""
    for kind, lines in query(bill.con, "billing/azure/unknown_kinds").fetchall():
        bill.warnings.append(
            f"{bill.where} charge type {kind!r} is unknown, read as Adjustment: {lines} lines."
        )
    for totals in rows_of(query(bill.con, "billing/azure/cost_totals")):
        for sentence in _sentences(totals):
            bill.warnings.append(f"{bill.where} {sentence}")


def _sentences(totals: Mapping[str, Any]) -> list[str]:
    """What is to be known of one currency's costs."""
    currency = totals["currency"]

    def money(name: str) -> str:
        return f"{show(totals[name])} {currency}"

    found = []
    if totals["is_paired"]:
        found.append(
            f"{totals['left_out_lines']} of {totals['actual_lines']} lines of the actual export "
            f"({money('left_out_cost')}) are in the amortized one too and were left out."
        )
        if totals["lone_lines"]:
            found.append(
                f"{totals['lone_lines']} lines of the actual export ({money('lone_cost')}) are of "
                "subscriptions that the amortized one has no line of: they are charged as they are "
                "billed."
            )
        apart = totals["billed_cost"] - totals["actual_cost"]
        if abs(apart) >= MAX_ROUNDING:
            found.append(
                f"billed costs add up to {money('billed_cost')}, those of the actual export to "
                f"{money('actual_cost')}: they differ by {show(apart)} {currency}. The two exports "
                "do not hold the same charges: look for one of another day, scope or filter."
            )
        if totals["amortized_fee_lines"]:
            found.append(
                f"{totals['amortized_fee_lines']} lines of the amortized export are purchases or "
                "refunds of commitments, which the actual one has: they cost nothing here."
            )
    elif totals["amortized_use_lines"]:
        found.append(
            "only amortized costs are delivered: billed costs lack the purchases of commitments, "
            f"of which {money('amortized_use_cost')} ({totals['amortized_use_lines']} lines) are "
            "effective this month. Give the actual export too (`path`, and this one as "
            "`amortized_path`)."
        )
    elif totals["actual_commitment_lines"]:
        found.append(
            "only actual costs are delivered: effective costs are the billed ones, so that "
            f"purchases of commitments ({money('actual_fee_cost')}) count whole in this month and "
            f"the usage they cover costs nothing ({totals['actual_commitment_lines']} lines). Give "
            "the amortized export too (`amortized_path`)."
        )
    if totals["other_period_lines"]:
        found.append(
            f"{totals['other_period_lines']} lines are of a billing period that starts in another "
            "month: they count in the month whose export delivers them."
        )
    if totals["allocated_lines"]:
        found.append(
            f"{totals['allocated_lines']} lines were made by cost allocation rules of Azure; they "
            f"add up to {money('allocated_cost')} and count as written."
        )
    if totals["rateless_lines"]:
        found.append(
            f"{totals['rateless_lines']} lines have prices in another currency than {currency} and "
            "no exchange rate: their cost stands in for list and contracted cost."
        )
    return found


def check_sources_are_apart(
    con: duckdb.DuckDBPyConnection, month: str, charges: Mapping[str, Sequence[str]]
) -> None:
    """Stop where two sources are the two views of one bill, which one source has to join.

    `charges` maps each Azure source to its Parquet files of core_billing__charges for the month.

    Raises:
        BillUnreadable: more than half of a source's charges are another source's too.
    """
    for first, second in combinations(sorted(charges), 2):
        if not charges[first] or not charges[second]:
            continue
        [row] = rows_of(
            query(
                con,
                "billing/azure/shared_charges",
                first=list(charges[first]),
                second=list(charges[second]),
            )
        )
        fewest = min(row["first_charges"], row["second_charges"])
        if row["shared_charges"] > fewest * MOST_SHARED:
            raise BillUnreadable(
                second,
                month,
                f"{row['shared_charges']} of its {row['second_charges']} charges are also among "
                f"the {row['first_charges']} of source '{first}': both are one bill, and adding "
                "them would count it twice. Actual and amortized costs are one source: the actual "
                "export is its `path`, the amortized one its `amortized_path`",
                f"`path` of '{first}' and '{second}' in the settings",
            )


def stage(
    con: duckdb.DuckDBPyConnection,
    source: BillSource,
    month: str,
    files: Sequence[LocalFile],
    work: Path,
) -> RawText:
    """The files as the view `raw_text`; see `azure_text`."""
    return azure_text.stage(con, FORMAT, source, month, files, work)


FORMAT: Final = BillFormat(
    name="azure",
    folder="azure",
    columns=COLUMNS,
    prepare=prepare,
    macros=azure_text.MACROS,
    stage=stage,
)
