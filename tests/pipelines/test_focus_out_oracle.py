"""A FOCUS dataset against the specification's own model, as focus-data-toolkit carries it.

The toolkit is none of ours; where it is not installed these tests skip.
"""

import csv
import json
from decimal import Decimal as D
from pathlib import Path

import pytest
from focus_ledger import MONTH, charge, part, prepared, remainder

from pipelines.contracts import BASES
from pipelines.focus_out.columns import FOCUS, OURS, VERSIONS, Version, dataset_columns
from pipelines.focus_out.files import write_file
from pipelines.focus_out.services import SERVICES, UNITS

WHY = "focus-data-toolkit is not installed: pip install '.[dev]'"
registry = pytest.importorskip("focus_data_toolkit.schema.registry", reason=WHY)
detection = pytest.importorskip("focus_data_toolkit.schema.detection", reason=WHY)
validator = pytest.importorskip("focus_data_toolkit.model.validator", reason=WHY)

COST_AND_USAGE = "Cost and Usage"
CONDITIONS = ("SupportsUnitPricing", "SupportsMultiplePricingCategories")
MODEL = validator.load_model()
SPECIFIED = MODEL["datasets"][COST_AND_USAGE]["columns"]

CHARGES = {
    "usage": charge("3", x_ChargeId="usage", ListCost=D(7)),
    "tokens": charge(
        "0.12", x_ChargeId="tokens", ServiceName="Amazon Bedrock", ConsumedUnit="1K tokens",
        SkuPriceDetails='{"ModelId":"m","TokenDirection":"Output"}', ConsumedQuantity=D("40.3"),
    ),
    "tax": charge("0.3", x_ChargeId="tax", ChargeCategory="Tax", ChargeFrequency=None),
    "credit": charge("-1", x_ChargeId="credit", ChargeCategory="Credit", SkuId=None),
    "fix": charge("-1", x_ChargeId="fix", ChargeClass="Correction", ConsumedQuantity=None),
    "bought": charge(
        "9", x_ChargeId="bought", ChargeCategory="Purchase", ChargeFrequency="Recurring",
        CommitmentDiscountId="plan", CommitmentDiscountType="Savings Plan", SkuId=None,
        ConsumedQuantity=None,
    ),
    "covered": charge(
        "2", x_ChargeId="covered", BilledCost=D(0), CommitmentDiscountId="plan",
        CommitmentDiscountType="Savings Plan", CommitmentDiscountStatus="Used",
    ),
    "unused": charge(
        "2", x_ChargeId="unused", BilledCost=D(0), CommitmentDiscountId="ri",
        CommitmentDiscountType="Reserved", CommitmentDiscountStatus="Unused",
    ),
    "electricity": charge(
        "4", x_ChargeId="electricity", ServiceProviderName="owned", ServiceName="Electricity",
        InvoiceIssuerName="City Power", BillingAccountId=None, SubAccountId=None, SkuId=None,
        ConsumedUnit="kWh", ConsumedQuantity=D(20), ResourceId=None,
    ),
}  # fmt: skip


def allocated() -> list[dict]:
    """Every charge in two parts, one of them nobody's, and a second of each that is whole."""
    rows = []
    for name, origin in CHARGES.items():
        for share, make in ((D("0.25"), part), (D("0.75"), remainder)):
            amounts = {b: origin[b] * share for b in BASES}
            consumed = origin["ConsumedQuantity"]
            amounts["ConsumedQuantity"] = None if consumed is None else consumed * share
            rows.append(make(x_OriginChargeId=name, **amounts))
    return rows


def whole() -> tuple[list[dict], list[dict]]:
    charges = [{**c, "x_ChargeId": f"whole-{name}"} for name, c in CHARGES.items()]
    parts = [
        part(
            x_OriginChargeId=c["x_ChargeId"],
            element="managed_api",
            **{name: c[name] for name in (*BASES, "ConsumedQuantity")},
        )
        for c in charges
    ]
    return charges, parts


@pytest.fixture(scope="module", params=VERSIONS)
def rows(request, tmp_path_factory) -> tuple[Version, list[dict[str, str]]]:
    """All kinds of charges, whole and split, written as CSV and read as text."""
    folder: Path = tmp_path_factory.mktemp("oracle")
    charges, parts = whole()
    charges, parts = [*CHARGES.values(), *charges], [*allocated(), *parts]
    attributed = {("aws", "USD", basis): sum((c[basis] for c in charges), D(0)) for basis in BASES}
    with prepared(folder, charges, parts) as con:
        write_file(con, folder / "out.csv", MONTH, request.param, "csv", attributed)
    with (folder / "out.csv").open(encoding="utf-8", newline="") as text:
        return request.param, list(csv.DictReader(text))


@pytest.mark.parametrize("version", VERSIONS)
def test_the_columns_of_a_version_are_the_specification_s(version: Version):
    names = set(dataset_columns(version)) - set(OURS)
    assert names == registry.version_columns(COST_AND_USAGE, version)
    assert all(name.startswith("x_") for name in OURS)
    found = detection.detect_focus_schema(list(dataset_columns(version)))
    assert (found.dataset, found.detected_version) == (COST_AND_USAGE, version)
    assert (found.confidence, found.exact_match) == ("HIGH", True)


def test_the_types_of_the_columns_are_the_specification_s():
    kinds = {"Decimal": "DECIMAL(38,18)", "Date/Time": "TIMESTAMP"}
    assert {
        name: kinds.get(column["data_type"], "VARCHAR") for name, column in SPECIFIED.items()
    } == {name: kind for name, kind in FOCUS.items() if name in SPECIFIED}


def test_no_row_breaks_a_rule_of_the_specification(rows):
    _, found = rows
    assert len(found) == 3 * len(CHARGES)
    kept = [{k: v for k, v in row.items() if k in SPECIFIED or k.startswith("x_")} for row in found]
    for row in kept:
        row.setdefault("InvoiceDetailId", "")
        row.setdefault("CommitmentProgramEligibilityDetails", "")
    report = validator.lint_focus_1_4_structure(
        COST_AND_USAGE, kept, supported_conditions=CONDITIONS
    )
    assert report.messages() == []


def test_what_no_version_lets_be_null_is_not(rows):
    version, found = rows
    never = {name for name, column in SPECIFIED.items() if not column["allows_nulls"]}
    if version == "1.3":
        never |= {"ProviderName", "PublisherName"}
    assert not {name for row in found for name in never if not row[name]}


def test_the_ratios_of_every_split_charge_add_up_to_exactly_1(rows):
    ratios: dict[str, D] = {}
    for row in rows[1]:
        if row["AllocatedMethodDetails"]:
            details = json.loads(row["AllocatedMethodDetails"], parse_float=D, parse_int=D)
            ratio = details["Elements"][0]["AllocatedRatio"]
            origin = row["x_OriginChargeId"]
            ratios[origin] = ratios.get(origin, D(0)) + ratio
    assert ratios == dict.fromkeys(CHARGES, D(1))


def test_every_category_of_the_table_is_one_with_its_own_subcategory():
    parents = MODEL["service_subcategory_parents"]
    with SERVICES.open(encoding="utf-8", newline="") as text:
        wrong = [r for r in csv.DictReader(text) if parents.get(r["subcategory"]) != r["category"]]
    assert wrong == []


def test_every_category_has_an_other_subcategory_to_fall_back_on():
    parents = MODEL["service_subcategory_parents"]
    for category in SPECIFIED["ServiceCategory"]["allowed_values"]:
        assert parents[f"Other ({category})"] == category


def test_every_unit_of_the_table_has_a_form_of_the_unit_format():
    with UNITS.open(encoding="utf-8", newline="") as text:
        for row in csv.DictReader(text):
            assert row["unit"] == row["unit"].lower()
            assert (
                validator.check_column_value(COST_AND_USAGE, "PricingUnit", row["focus_unit"])
                is None
            )
