"""FOCUS Cost and Usage, versions 1.0 to 1.4 and the 1.5 draft's AI columns, from any provider.

Belongs here: the columns and what they have been named, and what takes more than one line to see.
What a line is by itself is in `sql/billing/focus`.

Decisions, with their reasons:

- **The core** is BilledCost, BillingCurrency, BillingPeriodStart, ChargePeriodStart and
  ChargeCategory: without one of them a line cannot be put into a month, a currency or a kind of
  charge. A file of another FOCUS dataset (Invoice Detail, Contract Commitment) lacks one of them.
  A file that lacks one and is a bill all the same can be read as `mapped`, which states it.
- **A cost that is not given is the billed one**, for EffectiveCost, ContractedCost and ListCost
  alike, line by line, and counted. A cost of 0 is a cost.
- **Who provides**: ServiceProviderName (1.3), else ProviderName, PublisherName, HostProviderName,
  InvoiceIssuerName. Names are kept as the export writes them.
- **The billing month** is BillingPeriodStart's as written, the charge's month ChargePeriodStart's
  in UTC: a correction (ChargeClass Correction) of March that is billed in May is in both.
- **Allocated charges** (split cost allocation) are charges like others and keep their Allocated
  columns. The ratios of one origin, which FOCUS gives no id, must add up to exactly 1.
- **Tags** become one JSON object, also where the export has a list of keys and values; the
  `user:` some providers put before a customer's own keys is dropped, as in AWS's own reports.
- **SkuPriceDetails** stays as it is: it names the model (ModelId, ModelVersion), if anything does.
- **Tokens and credits are no currency**: such a dataset stops the month with its own error.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import duckdb

from pipelines.billing.columns import Column, plain_name
from pipelines.billing.currencies import is_currency
from pipelines.billing.formats import Bill, BillFormat, RawText
from pipelines.billing.raw_text import read_raw_text
from pipelines.errors import BilledInTokens, BillUnreadable
from pipelines.files import LocalFile
from pipelines.money import plain
from pipelines.queries import query, rows_of
from pipelines.settings import BillSource

COLUMNS: Final[tuple[Column, ...]] = (
    Column("billed_cost", "BilledCost", "money", is_core=True),
    Column("billing_currency", "BillingCurrency", is_core=True),
    Column("billing_period_start", "BillingPeriodStart", "instant", is_core=True),
    Column("charge_period_start", "ChargePeriodStart", "instant", is_core=True),
    Column("charge_category", "ChargeCategory", is_core=True),
    Column("billing_period_end", "BillingPeriodEnd", "instant"),
    Column("charge_period_end", "ChargePeriodEnd", "instant"),
    Column("effective_cost", "EffectiveCost", "money"),
    Column("contracted_cost", "ContractedCost", "money"),
    Column("list_cost", "ListCost", "money"),
    Column("billing_account_id", "BillingAccountId"),
    Column("billing_account_name", "BillingAccountName"),
    Column("sub_account_id", "SubAccountId"),
    Column("sub_account_name", "SubAccountName"),
    Column("service_provider_name", "ServiceProviderName"),
    Column("provider_name", "ProviderName", aliases=("Provider",)),
    Column("publisher_name", "PublisherName", aliases=("Publisher",)),
    Column("host_provider_name", "HostProviderName"),
    Column("invoice_issuer_name", "InvoiceIssuerName", aliases=("InvoiceIssuer",)),
    Column("invoice_id", "InvoiceId", aliases=("x_InvoiceId",)),
    Column("charge_class", "ChargeClass"),
    Column("charge_frequency", "ChargeFrequency"),
    Column("charge_description", "ChargeDescription"),
    Column("service_name", "ServiceName"),
    Column("service_category", "ServiceCategory"),
    Column("service_subcategory", "ServiceSubcategory"),
    Column("resource_id", "ResourceId"),
    Column("resource_name", "ResourceName"),
    Column("resource_type", "ResourceType"),
    Column("region_id", "RegionId", aliases=("Region",)),
    Column("region_name", "RegionName"),
    Column("availability_zone", "AvailabilityZone"),
    Column("sku_id", "SkuId"),
    Column("sku_meter", "SkuMeter", aliases=("x_SkuMeterName",)),
    Column("sku_price_id", "SkuPriceId"),
    Column("sku_price_details", "SkuPriceDetails", "json"),
    Column("sku_details", "x_SkuDetails", "json"),
    Column("pricing_category", "PricingCategory"),
    Column("pricing_currency", "PricingCurrency", aliases=("x_PricingCurrency",)),
    Column("pricing_quantity", "PricingQuantity", "quantity"),
    Column("pricing_unit", "PricingUnit"),
    Column("list_unit_price", "ListUnitPrice", "quantity"),
    Column("contracted_unit_price", "ContractedUnitPrice", "quantity"),
    Column("consumed_quantity", "ConsumedQuantity", "quantity", aliases=("UsageQuantity",)),
    Column("consumed_unit", "ConsumedUnit", aliases=("UsageUnit",)),
    Column("commitment_discount_category", "CommitmentDiscountCategory"),
    Column("commitment_discount_id", "CommitmentDiscountId"),
    Column("commitment_discount_name", "CommitmentDiscountName"),
    Column("commitment_discount_type", "CommitmentDiscountType"),
    Column("commitment_discount_status", "CommitmentDiscountStatus"),
    Column("commitment_discount_quantity", "CommitmentDiscountQuantity", "quantity"),
    Column("commitment_discount_unit", "CommitmentDiscountUnit"),
    Column("capacity_reservation_id", "CapacityReservationId"),
    Column("capacity_reservation_status", "CapacityReservationStatus"),
    Column("allocated_method_id", "AllocatedMethodId"),
    Column("allocated_method_details", "AllocatedMethodDetails", "json"),
    Column("allocated_resource_id", "AllocatedResourceId"),
    Column("allocated_resource_name", "AllocatedResourceName"),
    Column("allocated_tags", "AllocatedTags", "json"),
    Column("origin_id", "x_OriginChargeId", aliases=("x_SplitOriginId",)),
    Column("principal_id", "PrincipalId", aliases=("x_PrincipalId",)),
    Column("credential_id", "CredentialId", aliases=("x_CredentialId",)),
    Column("consumer_id", "ConsumerId", aliases=("x_ConsumerId",)),
    Column("service_code", "x_ServiceCode", aliases=("x_ServiceId",)),
    Column("usage_type", "x_UsageType"),
    Column("operation", "x_Operation"),
    Column("product_family", "x_ProductFamily", aliases=("x_SkuMeterCategory",)),
    Column("focus_tags", "Tags", "json"),
)
"""The aliases are the names of 1.0's preview, which OCI still writes, and Microsoft's own columns.

Prices are quantities here: one that cannot be read is left out, since no charge hangs on it."""

MACROS: Final = {
    "focus_word(t)": (
        "CASE lower(t) WHEN 'usage' THEN 'Usage' WHEN 'purchase' THEN 'Purchase' "
        "WHEN 'tax' THEN 'Tax' WHEN 'credit' THEN 'Credit' WHEN 'adjustment' THEN 'Adjustment' END"
    ),
    "focus_object(t)": "CASE WHEN json_valid(t) AND json_type(t) = 'OBJECT' THEN t END",
    "focus_holds_tags(t)": (
        "CASE WHEN json_valid(t) THEN json_type(t) = 'OBJECT' OR json_type(t) = 'ARRAY' "
        "ELSE false END"
    ),
    # A quote inside a JSON text is escaped: `{"user:` and `,"user:` can only begin a key.
    "focus_own_keys(t)": (
        "CASE WHEN contains(t, '\"user:') "
        "THEN regexp_replace(t, '([{,]\\s*\")user:', '\\1', 'g') ELSE t END"
    ),
    "focus_tag_object(t)": (
        "CASE WHEN t IS NULL OR NOT json_valid(t) THEN '{}' "
        "WHEN json_type(t) = 'OBJECT' THEN focus_own_keys(t) "
        "WHEN json_type(t) = 'ARRAY' THEN focus_own_keys('{' || coalesce(array_to_string("
        "list_transform("
        'list_filter(from_json(t, \'[{"key":"VARCHAR","value":"VARCHAR"}]\'), '
        "lambda tag: tag.key IS NOT NULL), "
        "lambda tag: to_json(tag.key)::VARCHAR || ':' "
        "|| coalesce(to_json(tag.value)::VARCHAR, 'true')), ','), '') || '}') "
        "ELSE '{}' END"
    ),
}

_LINES_LOOKED_AT: Final = 2000
_FILES_LOOKED_AT: Final = 50
"""Headers that are not in place show in the first lines of a file."""
_FEWEST_ROUNDED: Final = 3
"""Of lines whose effective costs are whole by chance there are fewer."""
_MOST_NAMED: Final = 3
"""Of commitments and origins that deserve a sentence each; the others are counted."""


def stage(
    con: duckdb.DuckDBPyConnection,
    source: BillSource,
    month: str,
    files: Sequence[LocalFile],
    work: Path,
) -> RawText:
    """The files as `raw_text`, if their headers stand over what they promise.

    Raises:
        BillUnreadable: a file is damaged, lacks a core column, or its header names are not in
            place.
        BilledInTokens: the month is billed in something that is no currency.
    """
    raw = read_raw_text(con, FORMAT, source.name, month, files, work)
    check(con, source, month, raw)
    return raw


def check(con: duckdb.DuckDBPyConnection, source: BillSource, month: str, raw: RawText) -> None:
    """Look at the staged text before a line of it is judged.

    Raises:
        BillUnreadable: the header names of a file are not in place.
        BilledInTokens: the month is billed in something that is no currency.
    """
    for file in list(raw.headers)[:_FILES_LOOKED_AT]:
        _check_header(con, source, month, file)
    _check_currencies(con, source, month)


def _check_header(
    con: duckdb.DuckDBPyConnection, source: BillSource, month: str, file: str
) -> None:
    """Most lines of a column hold what its header promises, or the header belongs elsewhere."""
    where: dict[str, object] = {"file": file, "most_lines": _LINES_LOOKED_AT}
    wrong = query(con, "billing/focus/header_contents", **where).fetchall()
    if wrong:
        shown = ", ".join(f"{column} over {text!r}" for column, _, text in wrong)
        raise BillUnreadable(
            source.name,
            month,
            f"the header names of {file} are not in place: most of its lines have {shown}",
            f"the first lines of {file}: whose columns they are",
        )
    for billing, charged, text in query(con, "billing/focus/billing_periods", **where).fetchall():
        raise BillUnreadable(
            source.name,
            month,
            f"the header names of {file} are not in place: {billing} billing periods, such as "
            f"{text!r}, for {charged} charge periods: BillingPeriodStart and ChargePeriodStart "
            "seem to be swapped",
            f"the first lines of {file}",
        )


def _check_currencies(con: duckdb.DuckDBPyConnection, source: BillSource, month: str) -> None:
    for currency, lines, file, line in query(con, "billing/focus/currencies").fetchall():
        if not is_currency(currency):
            raise BilledInTokens(source.name, month, currency, lines, f"{file}, line {line}")


def prepare(bill: Bill) -> None:
    """Say what the dataset leaves out, has been robbed of, or cannot show."""
    totals = rows_of(query(bill.con, "billing/focus/quality"))
    lines = sum(row["lines"] for row in totals)
    for column in ("Effective", "Contracted"):
        missing = sum(row[f"without_{column.lower()}_cost"] for row in totals)
        if missing:
            bill.warnings.append(
                f"{bill.where} {missing} of {lines} lines have no {column}Cost: BilledCost "
                "stands in."
            )
    for row in totals:
        if (
            row["rounded"]
            and row["rounded"] == row["with_cents"]
            and row["effective"] != row["billed"]
        ):
            bill.warnings.append(
                f"{bill.where} EffectiveCost of {row['provider']} seems rounded by its publisher: "
                f"on {row['rounded']} usage lines billed in fractions it is always a whole number, "
                f"{plain(row['effective'])} {row['currency']} in all where "
                f"{plain(row['billed'])} is billed."
            )
    for count, what in (
        (
            sum(row["without_commitment_status"] for row in totals),
            "lines are covered by a commitment and do not say whether it was used "
            "(CommitmentDiscountStatus)",
        ),
        (
            sum(row["allocated_without_ratio"] for row in totals),
            "allocated lines have no AllocatedMethodDetails: their ratios cannot be added up",
        ),
        (
            sum(row["without_service"] for row in totals),
            "lines have no ServiceName: ServiceCategory or the provider stands in",
        ),
    ):
        if count:
            bill.warnings.append(f"{bill.where} {count} of {lines} {what}.")
    if not any(row["provider"] != "(not named)" for row in totals):
        bill.warnings.append(
            f"{bill.where} no line names a provider: '(not named)' stands in ServiceProviderName."
        )
    _warn_of_commitments(bill)
    _warn_of_allocations(bill)


def _warn_of_commitments(bill: Bill) -> None:
    found = query(bill.con, "billing/focus/commitments").fetchall()
    for commitment, currency, bought, used in found[:_MOST_NAMED]:
        bill.warnings.append(
            f"{bill.where} commitment {commitment} was bought for {plain(bought)} {currency}, "
            f"{plain(used)} of it is effective cost here, and no line says Unused: what was not "
            "used of it cannot be seen in this export."
        )
    if (more := len(found) - _MOST_NAMED) > 0:
        bill.warnings.append(f"{bill.where} the same holds for {more} more commitments.")


def _warn_of_allocations(bill: Bill) -> None:
    found = query(bill.con, "billing/focus/allocations").fetchall()
    for resource, start, ratio, lines in found[:_MOST_NAMED]:
        shown = "no number" if ratio is None else plain(ratio)
        bill.warnings.append(
            f"{bill.where} the ratios of {lines} charges allocated from {resource} ({start}) add "
            f"up to {shown}, not 1: its cost was split otherwise than stated."
        )
    if (more := len(found) - _MOST_NAMED) > 0:
        bill.warnings.append(f"{bill.where} the same holds for {more} more origins.")


_BESIDE_BILLS: Final = {
    "contractcommitmentid": "Contract Commitment",
    "invoicedetailgrain": "Invoice Detail",
    "invoiceissuestatus": "Invoice Detail",
    "billingperiodstatus": "Billing Period",
}
"""Columns that only the other datasets of FOCUS 1.3 and 1.4 have, compared as headers are."""


def other_dataset(names: Sequence[str]) -> str | None:
    """Which of FOCUS's other datasets a header is, if it is not Cost and Usage."""
    there = {plain_name(name) for name in names}
    if "chargeperiodstart" in there:
        return None
    return next((name for column, name in _BESIDE_BILLS.items() if column in there), None)


FORMAT: Final = BillFormat(
    name="focus",
    folder="focus",
    columns=COLUMNS,
    prepare=prepare,
    macros=MACROS,
    stage=stage,
    other_dataset=other_dataset,
)
