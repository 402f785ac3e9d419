"""FOCUS datasets of others, to the cent: real ones, the standard's own, a generator's."""

import json
from decimal import Decimal as D
from pathlib import Path

import polars as pl
import pytest
from billing_reading import charges
from focus_builders import delivered
from focus_reading import assert_adds_up, cents, read_focus, read_mapped, totals

from pipelines.errors import BillUnreadable

REAL = "focus-1.0/focus_sample_1000_aws_microsoft_oracle.csv.gz"
GENERATED = "focus-1.3/fdt_cost_and_usage_aws_3000_seed7.csv.gz"
CONVERTED = "focus-1.4-synthetic/synthetic_focus_1_4_cost_and_usage.parquet"
CONSOLIDATED = "focus-1.3/consolidated_multi_provider_1_3.csv"
DRAWDOWN = "focus-1.5-draft-ai/drawdown_via_prepayment_ai_model_api.csv"
NO_CURRENCY = 'focus_columns = true\n[constants]\nBillingCurrency = "USD"\n'


@pytest.fixture(scope="session")
def bills(shared_data: Path) -> Path:
    return shared_data / "billing"


def test_the_real_sample_is_read_to_the_cent_by_month_and_provider(
    bills: Path, tmp_path: Path
) -> None:
    file = delivered(bills / REAL)
    september = read_focus(tmp_path / "9", [file], "2024-09")
    october = read_focus(tmp_path / "10", [file], "2024-10")
    assert (charges(september).height, charges(october).height) == (999, 1)
    both = pl.concat([charges(september), charges(october)])
    found = {
        provider: [
            D(sum(part[basis])).quantize(D("0.01")) for basis in ("BilledCost", "EffectiveCost")
        ]
        for (provider,), part in both.group_by("ServiceProviderName")
    }
    assert found == {
        "AWS": [D("18.01"), D("13.00")],
        "Microsoft": [D("1.98"), D("1.98")],
        "Oracle": [D("0.54"), D("0.00")],
    }
    assert sum(both["BilledCost"]).quantize(D("0.01")) == D("20.52")
    assert sum(both["EffectiveCost"]).quantize(D("0.01")) == D("14.98")
    assert_adds_up(september)
    assert_adds_up(october)


def test_the_real_sample_is_said_to_be_rounded_by_its_publisher(
    bills: Path, tmp_path: Path
) -> None:
    tables = read_focus(tmp_path, [delivered(bills / REAL)], "2024-09")
    where = "2024-09: source 'shop': "
    assert tables.warnings[:3] == [
        f"{where}6 of 999 lines have no ContractedCost: BilledCost stands in.",
        f"{where}EffectiveCost of AWS seems rounded by its publisher: on 613 usage lines billed in "
        "fractions it is always a whole number, 14 USD in all where 18.6203386184 is billed.",
        f"{where}EffectiveCost of Oracle seems rounded by its publisher: on 3 usage lines billed "
        "in fractions it is always a whole number, 0 USD in all where 0.02507392473 is billed.",
    ]
    # FOCUS 1.0 has no InvoiceId: that it is absent says nothing about the bill.
    assert not any("invoice" in warning for warning in tables.warnings)


@pytest.mark.parametrize("name", [GENERATED, CONVERTED])
def test_the_generated_dataset_is_the_same_as_1_3_csv_and_1_4_parquet(
    bills: Path, tmp_path: Path, name: str
) -> None:
    tables = read_focus(tmp_path, [delivered(bills / name)])
    rows = charges(tables)
    assert rows.height == 3000
    for basis in ("BilledCost", "EffectiveCost"):
        assert totals(tables, basis) == {"USD": D("56042.135853910743074000")}
    statuses = rows["CommitmentDiscountStatus"].value_counts().drop_nulls().rows()
    assert dict(statuses) == {"Used": 844, "Unused": 422}
    assert rows["ServiceProviderName"].unique().to_list() == ["AWS"]
    assert_adds_up(tables)


def test_both_forms_of_the_generated_dataset_make_the_same_charges(
    bills: Path, tmp_path: Path
) -> None:
    csv, parquet = (
        charges(read_focus(tmp_path / str(n), [delivered(bills / name)]))
        .drop("x_SourceFile", "x_SourceLine")
        .sort("x_ChargeId")
        for n, name in enumerate((GENERATED, CONVERTED))
    )
    quantity = ("ConsumedQuantity", "PricingQuantity")
    assert (
        csv.drop("x_ChargeId", quantity)
        .sort(pl.all())
        .equals(parquet.drop("x_ChargeId", quantity).sort(pl.all()))
    )


def test_the_generated_allocations_have_ratios_of_exactly_1(bills: Path, tmp_path: Path) -> None:
    tables = read_focus(tmp_path, [delivered(bills / GENERATED)])
    assert not any("ratios" in warning for warning in tables.warnings)
    rows = charges(tables).filter(pl.col("AllocatedMethodId").is_not_null())
    origins = rows.group_by(
        "BillingAccountId", "SubAccountId", "ResourceId", "SkuPriceId", "ChargePeriodStart"
    ).agg("AllocatedMethodDetails")
    assert (rows.height, origins.height) == (639, 213)
    for details in origins["AllocatedMethodDetails"]:
        elements = [e for text in details for e in json.loads(text, parse_float=D)["Elements"]]
        assert sum(D(element["AllocatedRatio"]) for element in elements) == 1


def test_currencies_stay_apart(bills: Path, tmp_path: Path) -> None:
    tables = read_focus(tmp_path, [delivered(bills / CONSOLIDATED)])
    for basis in ("BilledCost", "EffectiveCost"):
        assert cents(totals(tables, basis)) == {"EUR": D("100.00"), "USD": D("208.00")}
    assert_adds_up(tables)
    assert tables.warnings == [
        "2026-05: source 'shop': more than one currency, never added together: EUR 1 charges, "
        "USD 3 charges."
    ]
    providers = charges(tables).select("ServiceProviderName", "HostProviderName").rows()
    assert ("Datadog", "AWS") in providers


AI = {
    "multi_model_usage": ("2025-05", 4, "104.50", "104.50"),
    "drawdown_via_prepayment_ai_model_api": ("2025-05", 3, "500000.00", "50.00"),
    "ai_prompt_caching_a": ("2025-01", 4, "33.90", "33.90"),
    "ai_model_identity_a": ("2025-01", 2, "37.50", "37.50"),
}


@pytest.mark.parametrize("name", AI)
def test_the_draft_s_ai_datasets_are_read_to_the_cent(
    bills: Path, tmp_path: Path, name: str
) -> None:
    month, lines, billed, effective = AI[name]
    tables = read_focus(tmp_path, [delivered(bills / f"focus-1.5-draft-ai/{name}.csv")], month)
    assert charges(tables).height == lines
    assert cents(totals(tables)) == {"USD": D(billed)}
    assert cents(totals(tables, "EffectiveCost")) == {"USD": D(effective)}
    assert_adds_up(tables)


def test_the_draft_s_model_keys_and_identities_are_kept(bills: Path, tmp_path: Path) -> None:
    file = delivered(bills / "focus-1.5-draft-ai/multi_model_usage.csv")
    rows = charges(read_focus(tmp_path, [file], "2025-05"))
    details = [json.loads(text) for text in rows["SkuPriceDetails"]]
    assert [(d["ModelId"], d["ModelVersion"], d["TokenDirection"]) for d in details] == [
        ("solora-atlas-5.5", "5.5", "Input"),
        ("solora-atlas-5.5", "5.5", "Output"),
        ("solora-atlas-5.4-mini", "5.4", "Input"),
        ("solora-atlas-5.4-mini", "5.4", "Output"),
    ]
    assert [d.get("TokenCacheAction") for d in details] == ["Uncached", None, "Uncached", None]
    who = rows.select("x_PrincipalId", "x_CredentialId").unique().rows()
    assert who == [("c10a4f89-72b3-4f24-b196-857189f78315", "key_02SOLORAATLAS")]


def test_an_unused_commitment_that_no_line_shows_is_named(bills: Path, tmp_path: Path) -> None:
    tables = read_focus(tmp_path, [delivered(bills / DRAWDOWN)], "2025-05")
    assert tables.warnings == [
        "2025-05: source 'shop': commitment subscription:aaaa/provider/solora-ai/tokens/1111 was "
        "bought for 500000 USD, 50 of it is effective cost here, and no line says Unused: what "
        "was not used of it cannot be seen in this export."
    ]


SPECIFIED = {
    "purchase_scenario_1": ("8760.00", "0.00"),
    "purchase_scenario_2": ("3.00", "0.00"),
    "purchase_scenario_3": ("4381.50", "0.00"),
    "usage_scenario_1": ("0.00", "1.00"),
    "usage_scenario_2": ("0.00", "1.00"),
    "usage_scenario_3": ("0.00", "1.00"),
    "usage_scenario_4": ("0.50", "1.50"),
}


@pytest.mark.parametrize("name", SPECIFIED)
def test_the_standard_s_examples_are_read_once_their_currency_is_stated(
    bills: Path, tmp_path: Path, name: str
) -> None:
    file = delivered(bills / f"focus-1.2-spec-examples/commitment_discount_{name}.csv")
    with pytest.raises(BillUnreadable, match="has no column 'BillingCurrency'"):
        read_focus(tmp_path / "unstated", [file], "2023-01")
    tables = read_mapped(tmp_path, [file], NO_CURRENCY, "2023-01")
    billed, effective = SPECIFIED[name]
    assert cents(totals(tables)) == {"USD": D(billed)}
    assert cents(totals(tables, "EffectiveCost")) == {"USD": D(effective)}
    assert_adds_up(tables)


@pytest.mark.parametrize(
    ("name", "billed"), [("scenarios_sca_equal", "100.00"), ("scenarios_correction_set", "75.00")]
)
def test_a_dataset_of_7_columns_is_read_once_the_rest_of_the_core_is_stated(
    bills: Path, tmp_path: Path, name: str, billed: str
) -> None:
    file = delivered(bills / f"focus-1.3/{name}.csv")
    period = 'BillingPeriodStart = "2026-05-01"\nChargePeriodStart = "2026-05-01"\n'
    with pytest.raises(BillUnreadable, match="say BillingPeriodStart, ChargePeriodStart"):
        read_mapped(tmp_path / "unstated", [file], NO_CURRENCY)
    tables = read_mapped(tmp_path, [file], NO_CURRENCY + period)
    assert cents(totals(tables)) == {"USD": D(billed)}
    assert not any("ratios" in warning for warning in tables.warnings)


@pytest.mark.parametrize(
    ("name", "column"),
    [
        ("focus-1.4-synthetic/synthetic_focus_1_4_invoice_detail.parquet", "ChargePeriodStart"),
        ("focus-1.4-synthetic/synthetic_focus_1_4_billing_period.parquet", "BilledCost"),
        ("focus-1.3/fdt_contract_commitment_aws_seed7.csv.gz", "BilledCost"),
    ],
)
def test_a_dataset_of_focus_that_holds_no_charges_is_refused(
    bills: Path, tmp_path: Path, name: str, column: str
) -> None:
    with pytest.raises(BillUnreadable, match=f"has no column '{column}'"):
        read_focus(tmp_path, [delivered(bills / name)])
