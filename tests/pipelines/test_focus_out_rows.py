"""The rows of a FOCUS dataset: ordinary charges, allocated charges, and what is derived."""

import json
from decimal import Decimal as D
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from focus_ledger import charge, focus_rows, part, ratio, remainder
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.contracts import BASES
from pipelines.money import split

DIGITS = 12
ALLOCATED_COLUMNS = (
    "AllocatedMethodId",
    "AllocatedMethodDetails",
    "AllocatedResourceId",
    "AllocatedResourceName",
    "AllocatedTags",
)


def only(rows: list) -> dict:
    (row,) = rows
    return row


def test_a_charge_that_went_whole_to_one_version_is_an_ordinary_row(tmp_path: Path):
    row = only(focus_rows(tmp_path, [charge("2.5")], [part("2.5")]))
    assert {row[name] for name in ALLOCATED_COLUMNS} == {None}
    assert [row[basis] for basis in BASES] == [D("2.5")] * 4
    assert (row["x_OriginChargeId"], row["x_ModelId"], row["x_ModelVersion"], row["x_RuleId"]) == (
        "c1",
        "search-rank",
        "v8",
        "aws-sagemaker-hosting",
    )


def test_a_split_charge_is_replaced_by_allocated_charges_of_the_same_dimensions_and_prices(
    tmp_path: Path,
):
    origin = charge("3", SkuPriceId="P-1", ListUnitPrice=D(3), ContractedUnitPrice=D(3))
    v8, idle = focus_rows(tmp_path, [origin], [part("1.8", "0.6"), remainder("1.2", "0.4")])[::-1]
    assert (ratio(v8), ratio(idle)) == (D("0.6"), D("0.4"))
    assert (v8["AllocatedResourceId"], v8["AllocatedResourceName"]) == (
        "search-rank/v8",
        "search-rank v8",
    )
    assert v8["AllocatedMethodId"] == "aws-sagemaker-hosting/usage"
    assert (v8["ConsumedQuantity"], idle["ConsumedQuantity"]) == (D("0.6"), D("0.4"))
    for name in ("ResourceId", "SkuId", "SkuPriceId", "ChargePeriodStart", "Tags", "ServiceName"):
        assert v8[name] == idle[name]
    for name in ("ListUnitPrice", "ContractedUnitPrice"):
        assert v8[name] == idle[name] == D(3)


def test_what_no_model_got_has_a_method_and_no_resource(tmp_path: Path):
    buckets = ("idle", "shared_pool", "unattributed", "not_ai", "overhead", "commitment")
    parts = [part("1"), *(remainder("1", bucket=bucket) for bucket in buckets)]
    rows = focus_rows(tmp_path, [charge("7", ConsumedQuantity=D(7))], parts)
    assert {row["x_Bucket"] for row in rows if row["AllocatedResourceId"] is None} == set(buckets)
    assert all(row["AllocatedMethodId"] and row["AllocatedMethodDetails"] for row in rows)


def test_a_model_without_a_version_got_its_part_as_the_model(tmp_path: Path):
    parts = [part("1", bucket="model", model_version=""), remainder("1")]
    rows = focus_rows(tmp_path, [charge("2", ConsumedQuantity=D(2))], parts)
    assert [row["AllocatedResourceId"] for row in rows] == [None, "search-rank"]


amounts = st.integers(min_value=0, max_value=10**24)
parted = st.lists(amounts, min_size=2, max_size=6)


@settings(max_examples=25, deadline=None)
@given(weights=parted, is_credit=st.booleans(), quantity=st.integers(1, 10**22))
def test_ratios_of_one_origin_add_up_to_exactly_1_by_largest_remainder(
    weights: list[int], is_credit: bool, quantity: int
):
    sign = -1 if is_credit else 1
    costs = [D(sign * weight).scaleb(-18) for weight in weights]
    parts = [
        part("0", None, model_version=f"v{i}", **dict.fromkeys(BASES, cost))
        for i, cost in enumerate(costs)
    ]
    pricing = D(quantity).scaleb(-18)
    origin = charge(
        **dict.fromkeys(BASES, sum(costs, D(0))), PricingQuantity=pricing, ConsumedQuantity=None
    )
    with TemporaryDirectory() as folder:
        rows = focus_rows(Path(folder), [origin], parts)
    equal = weights if any(weights) else [1] * len(weights)
    expected = [share.scaleb(18) for share in split(D(10) ** (DIGITS - 18), equal)]
    assert [ratio(row).scaleb(DIGITS) for row in rows] == expected
    assert sum(map(ratio, rows)) == 1
    assert sum(row["PricingQuantity"] for row in rows) == pricing
    assert sum(row["EffectiveCost"] for row in rows) == origin["EffectiveCost"]


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ({"EffectiveCost": D(3)}, {"EffectiveCost": D(1)}, D("0.75")),
        ({"BilledCost": D(1)}, {"BilledCost": D(4)}, D("0.2")),
        ({"ListCost": D(-1)}, {"ListCost": D(-1)}, D("0.5")),
        ({"ConsumedQuantity": D(9)}, {"ConsumedQuantity": D(1)}, D("0.9")),
        ({}, {}, D("0.5")),
    ],
)
def test_ratios_come_from_the_first_amount_that_is_not_zero(
    tmp_path: Path, first: dict, second: dict, expected: D
):
    parts = [
        part("0", "0", model_version="v1", **first),
        part("0", "0", model_version="v2", **second),
    ]
    sums = {name: first[name] + second[name] for name in first}
    rows = focus_rows(tmp_path, [charge("0", **{"ConsumedQuantity": D(0), **sums})], parts)
    assert ratio(rows[0]) == expected


def test_allocated_tags_repeat_no_key_of_tags(tmp_path: Path):
    tags = '{"model":"old","modelspend/owner":"someone"}'
    origin = charge("2", Tags=tags, ConsumedQuantity=D(2))
    row = focus_rows(tmp_path, [origin], [part(), remainder()])[1]
    assert row["Tags"] == tags
    assert json.loads(row["AllocatedTags"]) == {
        "modelspend/bucket": "model_version",
        "modelspend/model": "search-rank",
        "modelspend/model_version": "v8",
        "modelspend/component": "inference",
        "modelspend/element": "hardware",
        "modelspend/cost_centre": "CC-1010",
    }


PROVIDER_SPLIT = {
    "AllocatedMethodId": "split-weighted",
    "AllocatedMethodDetails": '{"Elements":[{"AllocatedRatio":0.25}]}',
    "AllocatedResourceId": "pod-1",
    "AllocatedResourceName": "pod one",
    "AllocatedTags": '{"workload":"search"}',
}


def test_a_charge_that_the_provider_allocated_stays_as_it_allocated_it(tmp_path: Path):
    row = only(focus_rows(tmp_path, [charge(**PROVIDER_SPLIT)], [part()]))
    assert {name: row[name] for name in ALLOCATED_COLUMNS} == PROVIDER_SPLIT


def test_a_provider_s_allocated_charge_that_is_split_again_keeps_what_the_provider_said(
    tmp_path: Path,
):
    origin = charge("2", ConsumedQuantity=D(2), **PROVIDER_SPLIT)
    row = focus_rows(tmp_path, [origin], [part(), remainder()])[1]
    assert (ratio(row), row["AllocatedResourceId"]) == (D("0.5"), "search-rank/v8")
    assert json.loads(row["AllocatedTags"])["workload"] == "search"
    kept = json.loads(row["x_ProviderAllocation"])
    assert kept["AllocatedResourceId"] == "pod-1"
    assert kept["AllocatedMethodDetails"] == {"Elements": [{"AllocatedRatio": 0.25}]}


def test_the_model_of_a_managed_service_is_a_detail_of_its_sku_price(tmp_path: Path):
    got = {"element": "managed_api", "model_version": "claude-sonnet-4-6"}
    row = only(focus_rows(tmp_path, [charge()], [part(**got)]))
    assert json.loads(row["SkuPriceDetails"]) == {"x_ModelId": "claude-sonnet-4-6"}


def test_a_machine_s_sku_price_has_an_instance_type_and_no_model(tmp_path: Path):
    row = only(focus_rows(tmp_path, [charge(x_InstanceType="ml.g5.xlarge")], [part()]))
    assert json.loads(row["SkuPriceDetails"]) == {"InstanceType": "ml.g5.xlarge"}


def test_the_draft_s_model_keys_are_written_as_keys_of_ours(tmp_path: Path):
    details = '{"ModelId":"solora-pro","TokenDirection":"Input","CoreCount":4,"x_a/b~\\"c":[1.50]}'
    row = only(focus_rows(tmp_path, [charge(SkuPriceDetails=details)], [part()]))
    assert json.loads(row["SkuPriceDetails"]) == {
        "x_ModelId": "solora-pro",
        "x_TokenDirection": "Input",
        "CoreCount": 4,
        'x_a/b~"c': [1.5],
    }


@pytest.mark.parametrize("details", ["not json", "[1]", "{}", ""])
def test_details_that_are_no_object_are_none(tmp_path: Path, details: str):
    row = only(focus_rows(tmp_path, [charge(SkuPriceDetails=details, Tags=details)], [part()]))
    assert (row["SkuPriceDetails"], row["Tags"]) == (None, None)


def test_prices_and_quantities_follow_from_the_row_itself_and_are_named_as_derived(tmp_path: Path):
    amounts = {"ConsumedQuantity": D(3), "ListCost": D(10), "ContractedCost": D(6)}
    row = only(focus_rows(tmp_path, [charge("5", **amounts)], [part("5", "3")]))
    assert (row["PricingQuantity"], row["PricingUnit"], row["ConsumedUnit"]) == (
        D(3),
        "Hours",
        "Hours",
    )
    assert row["ListUnitPrice"] == D("3.333333333333333333")
    assert row["ContractedUnitPrice"] == D(2)
    assert (row["SkuPriceId"], row["PricingCategory"]) == ("SKU-1", "Standard")
    derived = set(row["x_DerivedColumns"].split(","))
    assert {"PricingQuantity", "ListUnitPrice", "SkuPriceId", "ServiceCategory"} <= derived
    assert not {"ConsumedQuantity", "SkuId", "ChargeFrequency", "BillingAccountId"} & derived


def test_what_the_bill_says_is_never_derived(tmp_path: Path):
    said = {
        "PricingQuantity": D(2),
        "PricingUnit": "100 Hours",
        "ListUnitPrice": D(7),
        "ContractedUnitPrice": D(6),
        "SkuPriceId": "P-9",
        "PricingCategory": "Dynamic",
        "ServiceCategory": "Compute",
        "ServiceSubcategory": "Virtual Machines",
        "BillingAccountName": "payer",
        "SubAccountName": "shop",
    }
    row = only(focus_rows(tmp_path, [charge(**said)], [part()]))
    assert {name: row[name] for name in said} == said
    assert row["x_DerivedColumns"] is None


def test_a_price_too_large_to_be_one_is_left_out(tmp_path: Path):
    tiny = {"ConsumedQuantity": D("1e-18"), "ListCost": D(10**9), "ContractedCost": D(0)}
    row = only(focus_rows(tmp_path, [charge("5", **tiny)], [part("5", "0")]))
    assert (row["ListUnitPrice"], row["ContractedUnitPrice"]) == (None, D(0))


def test_a_tax_has_no_sku_no_price_and_no_consumption(tmp_path: Path):
    tax = charge(ChargeCategory="Tax", ListUnitPrice=D(1), PricingUnit="Hrs")
    row = only(focus_rows(tmp_path, [tax], [remainder(bucket="overhead")]))
    empty = (
        "SkuId", "SkuMeter", "SkuPriceId", "SkuPriceDetails", "PricingCategory", "PricingQuantity",
        "PricingUnit", "ListUnitPrice", "ContractedUnitPrice", "ConsumedQuantity", "ConsumedUnit",
    )  # fmt: skip
    assert {row[name] for name in empty} == {None}


def test_a_purchase_consumes_nothing_and_an_unused_commitment_neither(tmp_path: Path):
    bought = charge(x_ChargeId="c1", ChargeCategory="Purchase", ConsumedQuantity=None)
    unused = charge(x_ChargeId="c2", CommitmentDiscountId="plan", CommitmentDiscountStatus="Unused")
    parts = [
        remainder(x_OriginChargeId=name, bucket="commitment", quantity=None)
        for name in ("c1", "c2")
    ]
    rows = focus_rows(tmp_path, [bought, unused], parts)
    assert [(row["ConsumedQuantity"], row["ConsumedUnit"]) for row in rows] == [(None, None)] * 2
    assert (rows[0]["PricingQuantity"], rows[0]["PricingUnit"]) == (D(1), "Units")


def test_a_correction_is_not_filled_in(tmp_path: Path):
    fix = charge("-1", ChargeClass="Correction", SkuId=None, ConsumedQuantity=None)
    row = only(focus_rows(tmp_path, [fix], [part("-1", None)]))
    assert [row[name] for name in ("SkuId", "SkuPriceId", "PricingQuantity", "ListUnitPrice")] == [
        None
    ] * 4


@pytest.mark.parametrize(
    ("plan_type", "category", "quantity", "unit"),
    [("Savings Plan", "Spend", D(5), "USD"), ("Reserved Instance", "Usage", D(3), "Hours")],
)
def test_a_commitment_s_quantity_is_money_for_spend_and_hours_for_usage(
    tmp_path: Path, plan_type: str, category: str, quantity: D, unit: str
):
    covered = charge(
        "5", CommitmentDiscountId="plan", CommitmentDiscountType=plan_type, ConsumedQuantity=D(3)
    )
    row = only(focus_rows(tmp_path, [covered], [part("5", "3")]))
    assert (
        row["CommitmentDiscountCategory"],
        row["CommitmentDiscountQuantity"],
        row["CommitmentDiscountUnit"],
        row["CommitmentDiscountStatus"],
        row["PricingCategory"],
    ) == (category, quantity, unit, "Used", "Committed")


def test_a_negation_that_cancelled_out_is_left_out_and_its_unpaired_rest_is_not(tmp_path: Path):
    paired = charge("0", x_ChargeId="c1", x_LineItemType="SavingsPlanNegation")
    rest = charge("0", x_ChargeId="c2", x_LineItemType="SavingsPlanNegation", BilledCost=D(-1))
    parts = [
        remainder("0", x_OriginChargeId="c1", bucket="commitment"),
        remainder("0", x_OriginChargeId="c2", bucket="commitment", BilledCost=D(-1)),
    ]
    assert [row["x_OriginChargeId"] for row in focus_rows(tmp_path, [paired, rest], parts)] == [
        "c2"
    ]


def test_a_charge_without_account_or_period_gets_its_source_and_its_month(tmp_path: Path):
    missing = dict.fromkeys(
        ("BillingAccountId", "SubAccountId", "BillingPeriodStart", "BillingPeriodEnd")
    )
    row = only(focus_rows(tmp_path, [charge(source="office", **missing)], [part(source="office")]))
    assert row["BillingAccountId"] == "office"
    assert f"{row['BillingPeriodStart']:%Y-%m-%d} {row['BillingPeriodEnd']:%Y-%m-%d}" == (
        "2026-09-01 2026-10-01"
    )


def test_amounts_in_another_pricing_currency_are_not_made_up(tmp_path: Path):
    row = only(focus_rows(tmp_path, [charge(PricingCurrency="EUR")], [part()]))
    same = only(focus_rows(_sub(tmp_path), [charge()], [part()]))
    names = ("PricingCurrency", "PricingCurrencyEffectiveCost", "PricingCurrencyListUnitPrice")
    assert [row[name] for name in names] == ["EUR", None, None]
    assert [same[name] for name in names] == ["USD", D(1), D(1)]


def _sub(folder: Path) -> Path:
    below = folder / "below"
    below.mkdir()
    return below


@pytest.mark.parametrize(
    ("provider", "service", "code", "category"),
    [
        ("AWS", "Amazon Bedrock", None, ("AI and Machine Learning", "Generative AI")),
        ("Amazon Web Services", "whatever", "amazons3", ("Storage", "Object Storage")),
        ("Microsoft", "Azure OpenAI", None, ("AI and Machine Learning", "Generative AI")),
        ("Google Cloud", "vertex ai", None, ("AI and Machine Learning", "AI Platforms")),
        ("Alibaba Cloud", "Elastic Compute Service", None, ("Compute", "Virtual Machines")),
        ("AWS", "Vertex AI", None, ("Other", "Other (Other)")),
        ("someone", "something", None, ("Other", "Other (Other)")),
    ],
)
def test_a_service_is_categorised_by_its_provider_s_name_or_code(
    tmp_path: Path, provider: str, service: str, code: str | None, category: tuple[str, str]
):
    billed = charge(ServiceProviderName=provider, ServiceName=service, x_ServiceCode=code)
    row = only(focus_rows(tmp_path, [billed], [part()]))
    assert (row["ServiceCategory"], row["ServiceSubcategory"]) == category


def test_a_category_that_the_bill_says_gets_a_subcategory_of_its_own(tmp_path: Path):
    said = charge(ServiceCategory="Analytics", ServiceName="Amazon Bedrock")
    row = only(focus_rows(tmp_path, [said], [part()]))
    assert row["ServiceSubcategory"] == "Other (Analytics)"


def test_what_the_commitment_pool_moved_is_an_adjustment_beside_the_charge(tmp_path: Path):
    moved = {"rule_id": "commitment-pool", "method": "policy", "evidence": "commitment pool"}
    nothing = dict.fromkeys(("BilledCost", "ContractedCost", "ListCost"), D(0))
    rows = focus_rows(
        tmp_path,
        [charge("3", SkuPriceId="P-1")],
        [
            part("3"),
            part("0", None, EffectiveCost=D("0.5"), **nothing, **moved),
            remainder("0", None, EffectiveCost=D("-0.5"), **nothing, **moved),
        ],
    )
    by_rule = {row["x_RuleId"]: row for row in rows}
    whole = by_rule["aws-sagemaker-hosting"]
    assert (whole["x_OriginChargeId"], whole["EffectiveCost"]) == ("c1", D(3))
    assert whole["AllocatedMethodId"] is None
    pool = [row for row in rows if row["x_RuleId"] == "commitment-pool"]
    assert sorted(row["EffectiveCost"] for row in pool) == [D("-0.5"), D("0.5")]
    for row in pool:
        assert (row["ChargeCategory"], row["BilledCost"]) == ("Adjustment", D(0))
        assert row["x_OriginChargeId"].startswith("c1-pool-")
        assert {row[name] for name in ("SkuPriceId", "PricingQuantity", "AllocatedMethodId")} == {
            None
        }
