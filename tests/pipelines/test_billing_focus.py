"""FOCUS datasets as providers write them: versions, words for nothing, stand-ins, corrections."""

import json
import random
from datetime import datetime
from decimal import Decimal as D
from pathlib import Path

import duckdb
import pytest
from billing_reading import charges, only
from focus_builders import (
    Line,
    allocated,
    csv_text,
    delivered,
    focus_file,
    focus_line,
    without,
    written,
)
from focus_reading import MONTH, assert_adds_up, read_focus, totals

from pipelines.contracts import BASES, CHARGES

WHERE = f"{MONTH}: source 'shop':"


def test_a_charge_says_all_that_its_line_does(tmp_path: Path) -> None:
    line = focus_line(
        "1.5",
        HostProviderName="AWS",
        BillingAccountName="Acme",
        SubAccountName="Team",
        ChargeDescription="input tokens",
        ServiceSubcategory="Generative AI",
        ResourceName="chat",
        ResourceType="Deployment",
        RegionId="eu-1",
        RegionName="Europe",
        AvailabilityZone="eu-1a",
        SkuId="sku",
        SkuMeter="Input Tokens",
        SkuPriceDetails='{"ModelId":"m-1","ModelVersion":"1","InstanceType":"g5.xlarge"}',
        PricingCategory="Standard",
        PricingCurrency="USD",
        PricingQuantity="0.5",
        PricingUnit="1000000 Tokens",
        ListUnitPrice="3",
        ContractedUnitPrice="2.5",
        ConsumedQuantity="500000",
        ConsumedUnit="Tokens",
        CommitmentDiscountCategory="Spend",
        CommitmentDiscountId="plan-1",
        CommitmentDiscountName="Plan",
        CommitmentDiscountType="Token Plan",
        CommitmentDiscountStatus="Used",
        CommitmentDiscountQuantity="1.25",
        CommitmentDiscountUnit="USD",
        CapacityReservationId="cr-1",
        CapacityReservationStatus="Used",
        PrincipalId="user-1",
        CredentialId="key-1",
        x_ServiceCode="GenAI",
        x_UsageType="InputTokens",
        x_Operation="Invoke",
        Tags='{"model": "chat"}',
        EffectiveCost="1.25",
        ContractedCost="1.3",
        ListCost="1.6",
    )
    charge = only(read_focus(tmp_path, [line]))
    quantities = (
        "PricingQuantity",
        "ConsumedQuantity",
        "CommitmentDiscountQuantity",
        "ListUnitPrice",
        "ContractedUnitPrice",
    )
    as_text = {name: text or None for name, text in line.items()}
    expected = {
        **dict.fromkeys(CHARGES.columns),
        **{name: as_text[name] for name in CHARGES.columns if name in as_text},
        **{name: D(line[name]) for name in (*BASES, *quantities)},
        "BillingPeriodStart": datetime(2026, 5, 1),
        "BillingPeriodEnd": datetime(2026, 6, 1),
        "ChargePeriodStart": datetime(2026, 5, 2, 10),
        "ChargePeriodEnd": datetime(2026, 5, 2, 11),
        "billing_month": MONTH,
        "charge_month": MONTH,
        "source": "shop",
        "x_ChargeId": charge["x_ChargeId"],
        "x_InstanceType": "g5.xlarge",
        "x_PrincipalId": "user-1",
        "x_CredentialId": "key-1",
        "x_SourceFile": "focus.csv",
        "x_SourceLine": 2,
    }
    assert charge == expected


@pytest.mark.parametrize("name", ["focus.csv", "focus.csv.gz", "focus.jsonl", "focus.parquet"])
def test_every_kind_of_file_makes_the_same_charges(tmp_path: Path, name: str) -> None:
    lines = [
        focus_line("0.123456789012345678", Tags='{"model":"chat"}'),
        focus_line("-2.5", ChargeCategory="Credit"),
    ]
    tables = read_focus(tmp_path, [focus_file(tmp_path / "in", lines, name)])
    assert totals(tables) == {"USD": D("-2.376543210987654322")}
    found = charges(tables).select("ChargeCategory", "Tags").rows()
    assert found == [("Usage", '{"model":"chat"}'), ("Credit", "{}")]
    assert_adds_up(tables)


@pytest.mark.parametrize("nothing", ["", "NULL", "null", "None"])
def test_words_for_nothing_are_nothing(tmp_path: Path, nothing: str) -> None:
    line = focus_line(ChargeClass=nothing, ResourceId=nothing, Tags=nothing, ListCost=nothing)
    charge = only(read_focus(tmp_path, [line]))
    assert [charge[name] for name in ("ChargeClass", "ResourceId", "Tags")] == [None, None, "{}"]
    assert charge["ListCost"] == D(1)


@pytest.mark.parametrize(
    "start",
    [
        "2026-05-02T10:00:00Z",
        "2026-05-02 10:00:00",
        "2026-05-02T10:00:00.000Z",
        "2026-05-02T12:00:00+02:00",
        "2026-05-02 10:00",
        "2026-05-02 10:00:00+00",
        "2026-05-02 10:00:00 UTC",
    ],
)
def test_an_instant_may_lack_its_t_its_z_or_have_an_offset(tmp_path: Path, start: str) -> None:
    charge = only(read_focus(tmp_path, [focus_line(ChargePeriodStart=start)]))
    assert charge["ChargePeriodStart"] == datetime(2026, 5, 2, 10)


def test_the_billing_month_is_the_provider_s_own(tmp_path: Path) -> None:
    line = focus_line(
        BillingPeriodStart="2026-05-01T00:00:00+02:00", BillingPeriodEnd="2026-06-01T00:00:00+02:00"
    )
    charge = only(read_focus(tmp_path, [line], MONTH, told=True))
    assert charge["billing_month"] == MONTH
    assert charge["BillingPeriodStart"] == datetime(2026, 4, 30, 22)


@pytest.mark.parametrize(
    ("names", "provider", "issuer", "host"),
    [
        ({"ServiceProviderName": "S", "InvoiceIssuerName": "I"}, "S", "I", None),
        ({"ProviderName": "P", "PublisherName": "U", "InvoiceIssuerName": "I"}, "P", "I", None),
        ({"PublisherName": "U"}, "U", "U", None),
        (
            {"ServiceProviderName": "S", "ProviderName": "P", "HostProviderName": "H"},
            *("S", "S", "H"),
        ),
        ({"InvoiceIssuerName": "I"}, "I", "I", None),
        ({}, "(not named)", "(not named)", None),
    ],
)
def test_the_provider_goes_by_the_name_its_version_has(
    tmp_path: Path, names: Line, provider: str, issuer: str, host: str | None
) -> None:
    line = {**without(focus_line(), "ServiceProviderName", "InvoiceIssuerName"), **names}
    tables = read_focus(tmp_path, [line])
    charge = only(tables)
    found = [
        charge[name] for name in ("ServiceProviderName", "InvoiceIssuerName", "HostProviderName")
    ]
    assert found == [provider, issuer, host]
    assert_adds_up(tables)
    unnamed = f"{WHERE} no line names a provider: '(not named)' stands in ServiceProviderName."
    assert (unnamed in tables.warnings) == (names == {})


@pytest.mark.parametrize("basis", ["EffectiveCost", "ContractedCost", "ListCost"])
@pytest.mark.parametrize("is_absent", [True, False], ids=["no column", "empty field"])
def test_a_cost_that_is_not_given_is_the_billed_one_and_is_counted(
    tmp_path: Path, basis: str, is_absent: bool
) -> None:
    line = focus_line("3", EffectiveCost="1", ContractedCost="1", ListCost="1")
    line = without(line, basis) if is_absent else {**line, basis: ""}
    tables = read_focus(tmp_path, [line])
    charge = only(tables)
    assert charge[basis] == D(3)
    assert {charge[other] for other in BASES if other not in (basis, "BilledCost")} == {D(1)}
    assert_adds_up(tables)
    if basis == "ListCost":
        what = "have no public price: their own cost stands in for ListCost."
    else:
        what = f"have no {basis}: BilledCost stands in."
    assert tables.warnings == [f"{WHERE} 1 of 1 lines {what}"]


def test_a_cost_of_0_is_a_cost(tmp_path: Path) -> None:
    tables = read_focus(tmp_path, [focus_line("3", EffectiveCost="0", ListCost="0")])
    charge = only(tables)
    assert [charge[basis] for basis in BASES] == [D(3), D(0), D(3), D(0)]
    assert tables.warnings == []


def test_more_than_18_decimals_are_rounded_once_and_a_double_s_text_is_read(
    tmp_path: Path,
) -> None:
    tables = read_focus(
        tmp_path, [focus_line("0.1234567890123456785"), focus_line("1.5E-7", ResourceId="other")]
    )
    assert charges(tables)["BilledCost"].to_list() == [D("0.123456789012345678"), D("0.00000015")]
    assert_adds_up(tables)


def test_a_correction_keeps_its_billing_and_its_charge_period_apart(tmp_path: Path) -> None:
    march = {
        "ChargePeriodStart": "2026-03-05T00:00:00Z",
        "ChargePeriodEnd": "2026-03-06T00:00:00Z",
        "ChargeClass": "Correction",
    }
    tables = read_focus(tmp_path, [focus_line("-2", **march), focus_line("10")])
    found = charges(tables).select("billing_month", "charge_month", "ChargeClass", "BilledCost")
    assert found.rows() == [
        (MONTH, "2026-03", "Correction", D(-2)),
        (MONTH, MONTH, None, D(10)),
    ]


def test_a_file_of_several_months_gives_each_its_own(tmp_path: Path) -> None:
    file = focus_file(tmp_path, [focus_line("1"), focus_line("2", month="2026-06")])
    assert totals(read_focus(tmp_path / "5", [file], "2026-05")) == {"USD": D(1)}
    assert totals(read_focus(tmp_path / "6", [file], "2026-06")) == {"USD": D(2)}


def test_reading_again_changes_nothing_and_order_does_not_matter(tmp_path: Path) -> None:
    lines = [
        focus_line(str(n), ResourceId=f"r-{n % 3}", ChargeDescription=f"{n}") for n in range(9)
    ]
    shuffled = random.Random(7).sample(lines, len(lines))  # noqa: S311 -- no secret
    first, again, other = (
        charges(read_focus(tmp_path / name, given))
        for name, given in (("1", lines), ("2", lines), ("3", shuffled))
    )
    assert first.equals(again)
    by_id = ["x_ChargeId", "BilledCost"]
    assert first.select(by_id).sort(by_id).equals(other.select(by_id).sort(by_id))
    assert first["x_ChargeId"].n_unique() == len(lines)


@pytest.mark.parametrize("seed", range(12))
def test_shuffled_renamed_and_further_columns_change_no_amount(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 -- no secret
    lines = []
    for number in range(chance.randint(1, 30)):
        costs = {basis: str(D(chance.randint(-(10**12), 10**12)).scaleb(-9)) for basis in BASES}
        line = focus_line(ResourceId=f"r-{number}", InvoiceId=chance.choice(["INV-1", "INV-2", ""]))
        line |= {**costs, "BillingCurrency": chance.choice(["USD", "EUR"])}
        line |= {"ChargeCategory": chance.choice(["Usage", "Tax", "credit", "Purchase"])}
        lines.append(line)
    names = list(lines[0])
    chance.shuffle(names)
    header = {
        name: chance.choice([name, name.lower(), f"{name[:4]}_{name[4:]}", f" {name} "])
        for name in names
    }
    given = [
        {
            "x_Extra": "e",
            **{header[name]: line[name] or chance.choice(["", "NULL"]) for name in names},
        }
        for line in lines
    ]
    file = written(tmp_path, csv_text(given, chance.choice(",;\t|")), "a.csv")
    tables = read_focus(tmp_path, [file])
    for basis in BASES:
        expected: dict[str, D] = {}
        for line in lines:
            currency = line["BillingCurrency"]
            expected[currency] = expected.get(currency, D(0)) + D(line[basis])
        assert totals(tables, basis) == expected
    assert_adds_up(tables)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ('{"model": "a \\"b\\" ü"}', {"model": 'a "b" ü'}),
        ('{"user:model":"a","aws:createdBy":"root"}', {"model": "a", "aws:createdBy": "root"}),
        ('{"a":"x,user:b","user:c":"{user:d"}', {"a": "x,user:b", "c": "{user:d"}),
        ('{"archived":true}', {"archived": True}),
        ('[{"key":"model","value":"a"},{"key":"gpu","value":null}]', {"model": "a", "gpu": True}),
        ("[]", {}),
        ("{}", {}),
        ("", {}),
    ],
)
def test_tags_are_one_json_object(tmp_path: Path, given: str, expected: dict[str, object]) -> None:
    tables = read_focus(tmp_path, [focus_line(Tags=given)])
    assert json.loads(only(tables)["Tags"]) == expected
    assert tables.warnings == []


def test_what_is_no_json_is_left_out_and_counted(tmp_path: Path) -> None:
    line = focus_line(Tags="model=a", SkuPriceDetails="m5.large")
    tables = read_focus(tmp_path, [line, focus_line(ResourceId="other")])
    charge = charges(tables).row(0, named=True)
    assert (charge["Tags"], charge["SkuPriceDetails"]) == ("{}", None)
    assert tables.warnings == [
        f"{WHERE} SkuPriceDetails is no JSON object: left out: 1 lines.",
        f"{WHERE} Tags is no JSON object or list: read as no tags: 1 lines.",
    ]


def test_a_charge_without_an_end_ends_with_its_bill_and_without_a_start_begins_with_it(
    tmp_path: Path,
) -> None:
    tables = read_focus(tmp_path, [focus_line(ChargePeriodEnd="", ChargePeriodStart="")])
    charge = only(tables)
    assert charge["ChargePeriodStart"] == datetime(2026, 5, 1)
    assert charge["ChargePeriodEnd"] == datetime(2026, 6, 1)
    assert tables.warnings == [
        f"{WHERE} ChargePeriodEnd is empty: the end of the billing period stands in: 1 lines.",
        f"{WHERE} ChargePeriodStart is empty: the billing period stands in: 1 lines.",
    ]


def test_an_open_invoice_is_said_where_the_dataset_names_invoices(tmp_path: Path) -> None:
    open_ = f"{WHERE} 1 of 2 lines have no invoice yet: the bill is not final."
    lines = [focus_line(InvoiceId=""), focus_line(ResourceId="other")]
    assert read_focus(tmp_path / "1.2", lines).warnings == [open_]
    unnamed = [without(line, "InvoiceId") for line in lines]
    assert read_focus(tmp_path / "1.0", unnamed).warnings == []


COVERED = {"CommitmentDiscountId": "plan", "CommitmentDiscountType": "Plan"}


def test_covered_usage_that_does_not_say_it_was_used_is_counted(tmp_path: Path) -> None:
    lines = [
        focus_line("0", EffectiveCost="1", **COVERED),
        focus_line("0", EffectiveCost="1", **COVERED, CommitmentDiscountStatus="used"),
    ]
    tables = read_focus(tmp_path, lines)
    assert charges(tables)["CommitmentDiscountStatus"].to_list() == [None, "Used"]
    assert tables.warnings == [
        f"{WHERE} 1 of 2 lines are covered by a commitment and do not say whether it was used "
        "(CommitmentDiscountStatus)."
    ]


@pytest.mark.parametrize("unused", ["40", None])
def test_only_a_commitment_without_a_line_of_unused_is_named(
    tmp_path: Path, unused: str | None
) -> None:
    bought = focus_line("100", EffectiveCost="0", ChargeCategory="Purchase", **COVERED)
    used = {"CommitmentDiscountStatus": "Used", **COVERED}
    lines = [bought, focus_line("0", EffectiveCost="60", **used)]
    if unused:
        rest = {**used, "CommitmentDiscountStatus": "Unused"}
        lines.append(focus_line("0", EffectiveCost=unused, **rest))
    tables = read_focus(tmp_path, lines)
    named = [warning for warning in tables.warnings if "commitment plan was bought" in warning]
    assert bool(named) == (unused is None)
    if named:
        assert "100 USD, 60 of it is effective cost here" in named[0]


SPLIT = [allocated("2", "0.25", "pod-a"), allocated("6", "0.75", "pod-b")]


def test_allocated_charges_keep_their_columns_and_add_up(tmp_path: Path) -> None:
    tables = read_focus(tmp_path, SPLIT)
    columns = ("AllocatedMethodId", "AllocatedResourceId", "BilledCost")
    assert charges(tables).select(columns).rows() == [
        ("split-weighted", "pod-a", D(2)),
        ("split-weighted", "pod-b", D(6)),
    ]
    assert tables.warnings == []


@pytest.mark.parametrize(
    ("ratios", "said"),
    [
        (("0.333333", "0.333333", "0.333333"), "0.999999"),
        (("0.5", "0.6"), "1.1"),
        (("0", "0"), "0"),
        (("0.333333", "0.333333", "0.333334"), None),
        (("1",), None),
        (("1E-1", "0.9"), None),
        (("0.5", "0.5", "0.25", "0.75"), None),  # two origins that nothing tells apart
    ],
)
def test_ratios_of_an_origin_add_up_to_exactly_1_or_it_is_said(
    tmp_path: Path, ratios: tuple[str, ...], said: str | None
) -> None:
    lines = [allocated("1", ratio, f"pod-{n}") for n, ratio in enumerate(ratios)]
    found = read_focus(tmp_path, [*lines, focus_line()]).warnings
    expected = (
        f"{WHERE} the ratios of {len(ratios)} charges allocated from node-1 "
        f"(2026-05-02T10:00:00Z) add up to {said}, not 1: its cost was split otherwise than stated."
    )
    assert found == ([] if said is None else [expected])


def test_origins_are_told_apart_by_their_dimensions_or_their_id(tmp_path: Path) -> None:
    other = {"ChargePeriodStart": "2026-05-02T11:00:00Z", "ChargePeriodEnd": "2026-05-02T12:00:00Z"}
    lines = [
        *SPLIT,
        allocated("1", "0.4", "pod-a", **other),
        *(allocated("1", "0.5", "pod-a", x_OriginChargeId="o-1") for _ in range(2)),
        allocated("1", "0.9", "pod-a", x_OriginChargeId="o-2"),
    ]
    found = [warning.split("add up to ")[1] for warning in read_focus(tmp_path, lines).warnings]
    rest = ", not 1: its cost was split otherwise than stated."
    assert sorted(found) == [f"0.4{rest}", f"0.9{rest}"]


def test_a_draft_s_consumer_stands_in_for_a_principal(tmp_path: Path) -> None:
    lines = [
        focus_line(ConsumerId="c", PrincipalId="p", CredentialId="k"),
        focus_line(ConsumerId="c"),
    ]
    found = charges(read_focus(tmp_path, lines)).select("x_PrincipalId", "x_CredentialId").rows()
    assert found == [("p", "k"), ("c", None)]


def test_many_origins_and_commitments_are_counted_after_the_first(tmp_path: Path) -> None:
    lines = [allocated("1", "0.5", "pod", ResourceId=f"node-{n}") for n in range(5)]
    bought = {"ChargeCategory": "Purchase", "EffectiveCost": "0"}
    lines += [focus_line(str(10 + n), **bought, CommitmentDiscountId=f"plan-{n}") for n in range(4)]
    found = read_focus(tmp_path, lines).warnings
    assert len(found) == 8
    assert found[3] == f"{WHERE} the same holds for 1 more commitments."
    assert found[7] == f"{WHERE} the same holds for 2 more origins."


def test_maps_doubles_and_timestamps_of_a_parquet_file_are_read(tmp_path: Path) -> None:
    # The types AWS gives its FOCUS tables: maps for tags, doubles for costs, timestamps.
    path = tmp_path / "focus-00001.snappy.parquet"
    with duckdb.connect() as con:
        con.sql(
            """
            SELECT
                0.1::DOUBLE AS "BilledCost", 1e-7::DOUBLE AS "EffectiveCost",
                NULL::DOUBLE AS "ContractedCost", 0.3::DOUBLE AS "ListCost",
                'USD' AS "BillingCurrency", 'Usage' AS "ChargeCategory",
                TIMESTAMP_MS '2026-05-01 00:00:00' AS "BillingPeriodStart",
                TIMESTAMP_MS '2026-05-02 10:00:00' AS "ChargePeriodStart",
                TIMESTAMPTZ '2026-05-02 11:00:00+00' AS "ChargePeriodEnd",
                'AWS' AS "ProviderName", 'Amazon Bedrock' AS "ServiceName",
                MAP {'user:model': 'chat', 'aws:createdBy': 'root'} AS "Tags",
                MAP {'Total': 0.1} AS "x_Discounts",
                [{'key': 'a', 'value': 1}] AS "x_Other"
            """
        ).write_parquet(str(path))
    charge = only(read_focus(tmp_path, [delivered(path)]))
    assert [charge[basis] for basis in BASES] == [D("0.1"), D("0.0000001"), D("0.1"), D("0.3")]
    assert json.loads(charge["Tags"]) == {"model": "chat", "aws:createdBy": "root"}
    assert charge["ChargePeriodEnd"] == datetime(2026, 5, 2, 11)


def test_a_list_of_keys_and_values_in_a_parquet_file_is_tags(tmp_path: Path) -> None:
    path = tmp_path / "export.parquet"
    line = focus_file(tmp_path, [without(focus_line(), "Tags")], "line.parquet")
    with duckdb.connect() as con:
        con.sql(
            "SELECT *, [{'key': 'model', 'value': 'chat', 'inherited': true}] AS \"Tags\" "
            "FROM read_parquet($path)",
            params={"path": line.path},
        ).write_parquet(str(path))
    charge = only(read_focus(tmp_path, [delivered(path)]))
    assert json.loads(charge["Tags"]) == {"model": "chat"}


OCI = """
AvailabilityZone BilledCost BillingAccountId BillingAccountName BillingCurrency BillingPeriodEnd
BillingPeriodStart ChargeCategory ChargeDescription ChargeFrequency ChargePeriodEnd
ChargePeriodStart ChargeSubcategory CommitmentDiscountCategory CommitmentDiscountId
CommitmentDiscountName CommitmentDiscountType EffectiveCost InvoiceIssuer ListCost ListUnitPrice
PricingCategory PricingQuantity PricingUnit Provider Publisher Region ResourceId ResourceName
ResourceType ServiceCategory ServiceName SkuId SkuPriceId SubAccountId SubAccountName Tags
UsageQuantity UsageUnit oci_ReferenceNumber oci_CompartmentId oci_CompartmentName oci_OverageFlag
oci_UnitPriceOverage oci_BilledQuantityOverage oci_CostOverage oci_AttributedUsage
oci_AttributedCost oci_BackReferenceNumber
"""
"""The header of OCI's FOCUS reports, which keep the names of 1.0's preview."""


def test_oci_s_names_of_the_preview_are_known(tmp_path: Path) -> None:
    given = {
        "BilledCost": "0.01",
        "EffectiveCost": "0.01",
        "ListCost": "",
        "BillingCurrency": "USD",
        "BillingPeriodStart": "2026-05-01T00:00:00.000Z",
        "BillingPeriodEnd": "2026-06-01T00:00:00.000Z",
        "ChargePeriodStart": "2026-05-02T10:00:00.000Z",
        "ChargePeriodEnd": "2026-05-02T11:00:00.000Z",
        "ChargeCategory": "Usage",
        "ChargeFrequency": "Usage-based",
        "Provider": "Oracle",
        "Publisher": "Oracle",
        "InvoiceIssuer": "Oracle Corporation",
        "Region": "us-ashburn-1",
        "ServiceName": "COMPUTE",
        "UsageQuantity": "2",
        "UsageUnit": "OCPU Hours",
        "Tags": '{"orcl-cloud":{"free-tier-retained":"true"}}',
    }
    charge = only(read_focus(tmp_path, [{name: given.get(name, "") for name in OCI.split()}]))
    names = ("ServiceProviderName", "InvoiceIssuerName", "RegionId", "ConsumedUnit", "ListCost")
    assert [charge[name] for name in names] == [
        *("Oracle", "Oracle Corporation", "us-ashburn-1", "OCPU Hours", D("0.01"))
    ]
    assert charge["ConsumedQuantity"] == D(2)
    assert charge["ChargeFrequency"] == "Usage-Based"


def test_json_lines_may_hold_numbers_and_objects_and_lose_no_digit(tmp_path: Path) -> None:
    line = json.dumps(
        {
            **without(focus_line(), "BilledCost", "ListCost"),
            "Tags": {"model": "chat", "archived": True},
            "SkuPriceDetails": {"ModelId": "m-1"},
            "ChargeClass": None,
        }
    )
    text = line[:-1] + ', "BilledCost": 0.123456789012345678, "ListCost": 12345678901234.5678}\n'
    charge = only(read_focus(tmp_path, [written(tmp_path, text, "focus.jsonl")]))
    assert charge["BilledCost"] == D("0.123456789012345678")
    assert charge["ListCost"] == D("12345678901234.5678")
    assert json.loads(charge["Tags"]) == {"model": "chat", "archived": True}
    assert json.loads(charge["SkuPriceDetails"])["ModelId"] == "m-1"
    assert charge["ChargeClass"] is None


def test_prices_in_credits_are_no_hindrance_if_the_bill_is_in_money(tmp_path: Path) -> None:
    charge = only(read_focus(tmp_path, [focus_line(PricingCurrency="Credits")]))
    assert (charge["PricingCurrency"], charge["BillingCurrency"]) == ("Credits", "USD")
