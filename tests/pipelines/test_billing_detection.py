"""What an export is by its header alone: every sample, headers others have published, and neither.

Headers that are written out here are as their providers or other projects publish them; where one
is shortened, to the columns that the families are told by.
"""

import csv
import gzip
from pathlib import Path

import azure_exports
import duckdb
import pytest
from test_billing_alibaba import CHINESE

from pipelines.billing.detection import Candidate, comparable_name, detect
from pipelines.billing.families import FAMILIES
from pipelines.billing.mapping import parse_mapping
from pipelines.billing.mapping_draft import draft_mapping
from pipelines.billing.registered import FORMATS
from pipelines.errors import SettingsInvalid

SAMPLES = {
    "aws-cur-legacy/real_anonymised_2023-11.csv.gz": ("aws-cur", "aws", "legacy"),
    "aws-cur-legacy/koku_2023-06-01.csv": ("aws-cur", "aws", "legacy"),
    "aws-cur-legacy/koku_2023-06-01-not-final.csv": ("aws-cur", "aws", "legacy"),
    "aws-cur2-schema/fivetran_cur2_flattened.csv": ("aws-cur", "aws", "2.0"),
    "azure/EA_ActualCost_Small.csv": ("azure", "azure", "EA"),
    "azure/EA_AmortizedCost_Small.csv.gz": ("azure", "azure", "EA"),
    "azure/nise_mca_2026-10.csv.gz": ("azure", "azure", "MCA"),
    "azure/nise_mca_2026-11.csv.gz": ("azure", "azure", "MCA"),
    "focus-1.0/focus_sample_1000_aws_microsoft_oracle.csv.gz": ("focus", "", "1.0"),
    "focus-1.3/consolidated_multi_provider_1_3.csv": ("focus", "", "1.3"),
    "focus-1.3/fdt_cost_and_usage_aws_3000_seed7.csv.gz": ("focus", "", "1.3"),
    "focus-1.4-synthetic/synthetic_focus_1_4_cost_and_usage.parquet": ("focus", "", "1.4"),
    "focus-1.5-draft-ai/drawdown_via_prepayment_ai_model_api.csv": ("focus", "", "1.5-draft"),
    "focus-1.5-draft-ai/multi_model_usage.csv": ("focus", "", "1.5-draft"),
    # The draft's model keys are inside of SkuPriceDetails, which no header shows.
    "focus-1.5-draft-ai/ai_model_identity_a.csv": ("focus", "", "1.3"),
    "focus-1.5-draft-ai/ai_prompt_caching_a.csv": ("focus", "", "1.3"),
    "gcp/koku_standard_2020-10.csv.gz": ("gcp", "gcp", "standard"),
    "gcp/nise_detailed_EUR_2026-10.csv.gz": ("gcp", "gcp", "detailed"),
    "gcp/nise_detailed_EUR_2026-11.csv.gz": ("gcp", "gcp", "detailed"),
}
NO_CHARGES = (
    "focus-1.3/fdt_contract_commitment_aws_seed7.csv.gz",
    "focus-1.4-synthetic/synthetic_focus_1_4_billing_period.parquet",
    "focus-1.4-synthetic/synthetic_focus_1_4_invoice_detail.parquet",
)
PAY_AS_YOU_GO = (
    "SubscriptionGuid,ResourceGroup,ResourceLocation,UsageDateTime,MeterCategory,MeterSubCategory,"
    "MeterId,MeterName,MeterRegion,UsageQuantity,ResourceRate,PreTaxCost,ConsumedService,"
    "ResourceType,InstanceId,Tags,OfferId,AdditionalInfo,ServiceInfo1,ServiceInfo2,ServiceName,"
    "ServiceTier,Currency,UnitOfMeasure"
)
FRENCH = (
    "Nom de l'abonnement (SubscriptionName),Guid d'abonnement (SubscriptionGuid),Date (Date),"
    "Service consommé (ConsumedService),Catégorie du compteur (MeterCategory),"
    "Région du compteur (MeterRegion),Quantité consommée (ConsumedQuantity),Coût (Cost),"
    "Balises (Tags),Centre de coûts (CostCenter),ID d'instance (InstanceId),Devise (Currency)"
)
CAMEL_CASE = (
    "invoiceSectionName,accountName,accountOwnerId,subscriptionId,date,productName,meterCategory,"
    "meterId,quantity,effectivePrice,costInBillingCurrency,billingCurrency,chargeType,pricingModel"
)
OCI_FOCUS = (
    "AvailabilityZone,BilledCost,BillingAccountId,BillingCurrency,BillingPeriodEnd,"
    "BillingPeriodStart,ChargeCategory,ChargePeriodEnd,ChargePeriodStart,ChargeSubcategory,"
    "EffectiveCost,InvoiceIssuer,ListCost,Provider,Publisher,Region,UsageQuantity,UsageUnit,"
    "oci_ReferenceNumber,oci_CompartmentId,oci_AttributedCost"
)
AZURE_FOCUS = (
    "BilledCost,BillingAccountId,BillingAccountType,BillingCurrency,BillingPeriodEnd,"
    "BillingPeriodStart,ChargeCategory,ChargeClass,ChargePeriodEnd,ChargePeriodStart,"
    "ConsumedQuantity,ContractedCost,EffectiveCost,InvoiceIssuerName,ListCost,ProviderName,"
    "SubAccountType,x_BillingProfileId,x_InvoiceId,x_ResourceGroupName,x_SkuMeterCategory"
)
AWS_FOCUS = (
    "BilledCost,BillingCurrency,BillingPeriodStart,ChargeCategory,ChargePeriodEnd,"
    "ChargePeriodStart,EffectiveCost,InvoiceId,SkuMeter,x_Discounts,x_Operation,x_ServiceCode,"
    "x_UsageType"
)
PRICE_SHEET = (
    "EnrollmentNumber,MeterID,MeterName,MeterType,MeterCategory,MeterSubCategory,ServiceFamily,"
    "Product,SkuID,ProductID,MeterRegion,UnitOfMeasure,PartNumber,EffectiveStartDate,"
    "EffectiveEndDate,UnitPrice,BasePrice,MarketPrice,CurrencyCode,IncludedQuantity,OfferID,Term,"
    "PriceType"
)
RESERVATION_DETAILS = (
    "InstanceFlexibilityGroup,InstanceFlexibilityRatio,InstanceId,Kind,ReservationOrderId,"
    "ReservationId,ReservedHours,SkuName,TotalReservedQuantity,UsageDate,UsedHours"
)
ALIBABA = (
    "BillingCycle,AccountID,ProductCode,ProductName,SubscriptionType,BillingItem,InstanceID,"
    "PretaxGrossAmount,InvoiceDiscount,PretaxAmount,PaymentAmount,Currency,Usage,UsageUnit,Tag"
)
GCP_NESTED = (
    "billing_account_id,service,sku,usage_start_time,usage_end_time,project,labels,system_labels,"
    "location,resource,cost,currency,usage,credits,invoice,cost_type,price,export_time"
)


def header_of(file: Path) -> list[str]:
    if file.suffix == ".parquet":
        return [row[0] for row in duckdb.sql(f"DESCRIBE FROM '{file}'").fetchall()]
    opener = gzip.open if file.suffix == ".gz" else open
    with opener(file, "rt", encoding="utf-8-sig") as text:
        return next(csv.reader(text))


def only(header: str | list[str]) -> Candidate:
    names = header.split(",") if isinstance(header, str) else header
    [candidate] = detect(names)
    return candidate


@pytest.mark.parametrize("name", SAMPLES)
def test_every_sample_is_known_by_its_header(shared_data: Path, name: str) -> None:
    candidate = only(header_of(shared_data / "billing" / name))
    assert (candidate.format, candidate.provider, candidate.version) == SAMPLES[name]
    assert candidate.is_complete
    assert candidate.is_bill


def test_every_file_of_an_aws_tree_is_the_same_export(shared_data: Path) -> None:
    tree = shared_data / "billing/aws-cur-legacy/nise-s3-ai"
    found = {only(header_of(file)).family for file in tree.rglob("*.csv.gz")}
    assert found == {"legacy Cost and Usage Report, category/camelCase names"}


@pytest.mark.parametrize("name", NO_CHARGES)
def test_a_dataset_without_charges_is_named_and_is_no_bill(shared_data: Path, name: str) -> None:
    candidate = only(header_of(shared_data / "billing" / name))
    assert not candidate.is_bill
    assert "which holds" in candidate.family


def test_look_up_tables_beside_bills_are_nothing(shared_data: Path) -> None:
    for file in (shared_data / "billing/reference").glob("*.csv*"):
        assert detect(header_of(file)) == []


@pytest.mark.parametrize(
    "scenario", ["purchase_scenario_1", "purchase_scenario_3", "usage_scenario_1"]
)
def test_an_example_without_a_currency_says_what_it_lacks(shared_data: Path, scenario: str) -> None:
    name = f"billing/focus-1.2-spec-examples/commitment_discount_{scenario}.csv"
    candidate = only(header_of(shared_data / name))
    assert (candidate.format, candidate.missing) == ("focus", ("BillingCurrency",))


@pytest.mark.parametrize(
    ("header", "known"),
    [
        (PAY_AS_YOU_GO, ("azure", "azure", "pay-as-you-go")),
        (FRENCH, ("azure", "azure", "pay-as-you-go")),
        (CAMEL_CASE, ("azure", "azure", "MCA")),
        (OCI_FOCUS, ("focus", "oracle", "1.0-preview")),
        (AZURE_FOCUS, ("focus", "azure", "1.0")),
        (AWS_FOCUS, ("focus", "aws", "1.2")),
        (",".join(azure_exports.EA), ("azure", "azure", "EA")),
        (",".join(azure_exports.MCA), ("azure", "azure", "MCA")),
        (",".join(azure_exports.PAYG), ("azure", "azure", "pay-as-you-go")),
        (
            ",".join(azure_exports.german(azure_exports.PAYG)),
            ("azure", "azure", "pay-as-you-go"),
        ),
        (ALIBABA, ("alibaba", "alibaba", "billing item")),
        (ALIBABA.replace("BillingItem,", ""), ("alibaba", "alibaba", "instance")),
        (CHINESE, ("alibaba", "alibaba", "billing item")),
        (GCP_NESTED, ("gcp", "gcp", "detailed")),
        ("asset_id,units,purchase_price,currency,from,until,tag:model", ("owned", "", "hardware")),
        ("currency,from,until,kwh,price_per_kwh", ("owned", "", "electricity")),
        ("id,currency,from,fte,monthly_rate,share", ("owned", "", "labour")),
    ],
)
def test_headers_others_have_published_are_known(header: str, known: tuple[str, ...]) -> None:
    candidate = only(header)
    assert (candidate.format, candidate.provider, candidate.version) == known
    assert candidate.is_complete
    assert set(candidate.evidence) <= set(header.split(","))


@pytest.mark.parametrize(
    ("header", "what"),
    [(PRICE_SHEET, "price sheet"), (RESERVATION_DETAILS, "reservation details")],
)
def test_what_providers_deliver_beside_bills_is_no_bill(header: str, what: str) -> None:
    candidate = only(header)
    assert what in candidate.family
    assert not candidate.is_bill


def test_cur_2_is_told_from_its_legacy_twin_by_maps_and_a_bare_subset_is_either() -> None:
    core = (
        "bill_billing_period_start_date,line_item_line_item_type,line_item_currency_code,"
        "line_item_unblended_cost"
    )
    assert only(f"{core},resource_tags,product").version == "2.0"
    assert only(f"{core},line_item_iam_principal").version == "2.0"
    assert only(f"{core},product_product_name,resource_tags_user_model").version == "legacy"
    assert only(core).version == "2.0 or legacy"


def test_gcp_without_credits_is_near_and_lacks_them() -> None:
    candidate = only(GCP_NESTED.replace(",credits", ""))
    assert (candidate.format, candidate.missing) == ("gcp", ("credits",))


def test_a_header_that_fits_two_formats_is_two_candidates() -> None:
    found = detect([*AWS_FOCUS.split(","), *ALIBABA.split(",")])
    assert {candidate.format for candidate in found} == {"focus", "alibaba"}
    assert all(candidate.is_complete for candidate in found)


def test_a_header_of_no_export_is_nothing() -> None:
    assert detect(["day", "amount", "gpu_hours", "team"]) == []
    assert detect([]) == []


def test_order_case_and_punctuation_of_a_header_say_nothing() -> None:
    shuffled = sorted(name.upper() for name in PAY_AS_YOU_GO.split(","))
    assert only(shuffled).version == "pay-as-you-go"
    assert comparable_name("Coût (Cost)") == comparable_name("cost ")


def test_no_family_has_a_format_that_the_settings_do_not_know() -> None:
    assert {family.format for family in FAMILIES} <= {*FORMATS, "azure", "alibaba"}


@pytest.mark.parametrize("name", sorted(FORMATS.keys() - {"owned", "mapped"}))
def test_what_the_reader_cannot_do_without_is_missing_here_too(name: str) -> None:
    """Else inspect would call a file complete that a run refuses."""
    needed = {
        tuple(comparable_name(header) for header in column.headers)
        for column in FORMATS[name].columns
        if column.is_core
    }
    for family in FAMILIES:
        if family.format == name and family.is_bill:
            core = {comparable_name(header) for names in family.core for header in names.split("|")}
            assert all(core & set(headers) for headers in needed), (family.name, needed)


def test_a_drafted_mapping_asks_for_what_no_column_says() -> None:
    text = draft_mapping(["day", "amount", "gpu_hours", 'the "team"'])
    assert 'BilledCost = "amount"' in text
    assert 'ConsumedQuantity = "gpu_hours"' in text
    with pytest.raises(SettingsInvalid, match=r"BillingCurrency is missing"):
        parse_mapping(text, "mapping.toml")
    for line in ("BillingCurrency", "ServiceProviderName", "ServiceName"):
        text = text.replace(f"# {line}", line)
    mapping = parse_mapping(text, "mapping.toml")
    assert mapping.reading.billing_month == "day"
    assert mapping.tags == {'the "team"': 'the "team"'}


def test_a_draft_of_a_header_that_says_nothing_decides_nothing() -> None:
    text = draft_mapping(["a", "b"])
    with pytest.raises(SettingsInvalid, match="BilledCost is missing"):
        parse_mapping(text, "mapping.toml")
