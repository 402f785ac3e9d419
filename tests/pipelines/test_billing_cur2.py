"""CUR 2.0 and its legacy twins: the same lines make the same charges in every form of them."""

import json
from collections.abc import Callable, Sequence
from decimal import Decimal
from pathlib import Path

import cur2_builders as cur2
import polars as pl
import pytest
from billing_reading import charges, exported, read, sums
from builders import PLAN, RESERVATION, Line, covered, cur_file, cur_line, negation, split_row
from polars.testing import assert_frame_equal

from pipelines.billing.aws import COLUMNS
from pipelines.billing.columns import plain_name
from pipelines.billing.reader import BillTables
from pipelines.errors import BillUnreadable
from pipelines.files import LocalFile

D = Decimal
IN_THE_MAP = {"product_name", "region"}
PLACE = ("x_SourceFile", "x_SourceLine")

ROLE = "arn:aws:sts::222222222222:assumed-role/ranker/alice"
MARKETPLACE = {
    "BillingEntity": "AWS Marketplace",
    "ProductCode": "8fg4w8d9kdhq2example",
    "ProductName": "Claude Sonnet (Amazon Bedrock Edition)",
    "UsageType": "USE1-MP:USE1_InputTokenCount-Units",
    "instanceType": "",
}


def said(line: Line, net: str = "", **more: str) -> Line:
    """A line with everything that both forms of the report say and `builders` does not."""
    return {
        **line,
        "bill/PayerAccountName": "Shop",
        "identity/TimeInterval": "2026-09-02T10:00:00Z/2026-09-02T11:00:00Z",
        "lineItem/UsageAccountName": "Ranking",
        "lineItem/AvailabilityZone": "us-east-1a",
        "lineItem/LegalEntity": "Amazon Web Services, Inc.",
        "lineItem/TaxType": "",
        "lineItem/NetUnblendedCost": net,
        "lineItem/IamPrincipal": "",
        "product/region": "us-east-1",
        "product/productFamily": "Compute Instance",
        "pricing/term": "OnDemand",
        "pricing/RateId": "7788",
        "pricing/publicOnDemandRate": "1.0060000000",
        "reservation/NetEffectiveCost": "",
        "reservation/NetUnusedAmortizedUpfrontFeeForBillingPeriod": "",
        "reservation/NetUnusedRecurringFee": "",
        "savingsPlan/NetSavingsPlanEffectiveCost": "",
        "splitLineItem/NetSplitCost": "",
        "splitLineItem/NetUnusedCost": "",
        "resourceTags/user:model": "",
        "resourceTags/user:model_version": "",
        "resourceTags/aws:eks": "",
        "costCategory/team": "",
        **more,
    }


MODEL = {"resourceTags/user:model": 'a "ranker"', "resourceTags/user:model_version": "2, stable"}
PLAN_FEE = {"SavingsPlanARN": PLAN, "TotalCommitmentToDate": "10", "UsedCommitment": "6.5"}
UNUSED = {
    "UnusedAmortizedUpfrontFeeForBillingPeriod": "1.5",
    "UnusedRecurringFee": "0.25",
    "ReservationARN": RESERVATION,
}
EVERY_KIND: list[Line] = [
    said(cur_line("1.006"), "0.9054", **MODEL, **{"costCategory/team": "search"}),
    said(cur_line("0.0000001234", ResourceId="i-2", UsageAmount="0.25"), "0.0000001234"),
    said(
        cur_line("3.5", ProductCode="AmazonBedrock", UsageType="USE1-Claude4.6Sonnet-input-tokens"),
        **MODEL,
        **{"lineItem/IamPrincipal": ROLE, "resourceTags/aws:eks": "gpu"},
    ),
    said(cur_line("2.75", **MARKETPLACE, publicOnDemandCost="")),
    said(cur_line("4", UsageType="Novelty", LineItemType="FlatRateSubscription")),
    said(
        covered("2.012", "1.268"),
        "2.012",
        **MODEL,
        **{"savingsPlan/NetSavingsPlanEffectiveCost": "1.2"},
    ),
    said(covered("1.006", "0.634", ResourceId="i-3")),
    said(negation("-3.018"), "-3.018"),
    said(cur_line("10", LineItemType="SavingsPlanRecurringFee", **PLAN_FEE)),
    said(cur_line("900", LineItemType="SavingsPlanUpfrontFee", SavingsPlanARN=PLAN)),
    said(
        cur_line("0", LineItemType="DiscountedUsage", ReservationARN=RESERVATION)
        | {"reservation/EffectiveCost": "0.6", "pricing/publicOnDemandCost": "1.1"},
        **{"reservation/NetEffectiveCost": "0.55"},
    ),
    said(
        cur_line("20", LineItemType="RIFee", **UNUSED),
        **{"reservation/NetUnusedRecurringFee": "0.2"},
    ),
    said(cur_line("500", LineItemType="Fee", ReservationARN=RESERVATION, ResourceId="")),
    said(cur_line("7", LineItemType="Fee", ResourceId="")),
    said(cur_line("9.31", LineItemType="Tax"), **{"lineItem/TaxType": "VAT"}),
    said(cur_line("-5", LineItemType="Credit")),
    said(cur_line("-4", LineItemType="Refund", UsageStartDate="2026-08-31T23:00:00Z")),
    said(
        cur_line(
            "-900",
            LineItemType="Refund",
            ProductCode="ComputeSavingsPlans",
            LineItemDescription="Refund for one-time fee",
        )
    ),
    said(cur_line("-0.1006", LineItemType="EdpDiscount"), "0"),
    said(
        split_row("1.5", "0.5"),
        **MODEL,
        **{"splitLineItem/NetSplitCost": "1.25", "splitLineItem/NetUnusedCost": "0.25"},
    ),
    said(split_row("2", "0", ResourceId="arn:pod/2", Operation="ECSTask-EC2")),
]
"""Every line item type, tags and categories, net amounts, plans, reservations, split rows."""

Form = Callable[[Path, Sequence[Line]], LocalFile]
FORMS: dict[str, Form] = {
    "parquet with maps": lambda at, lines: cur2.parquet_file(at, list(map(cur2.cur2_row, lines))),
    "csv with JSON": lambda at, lines: cur2.csv_file(at, list(map(cur2.cur2_row, lines))),
    "parquet without tags": lambda at, lines: cur2.parquet_file(
        at, [cur2.cur2_row(line, has_tags=False) for line in lines]
    ),
    "legacy parquet": cur2.flat_parquet_file,
}


def told(tables: BillTables) -> list[str]:
    return [warning for warning in tables.warnings if ": source" in warning]


def canonical(path: Path, key: str) -> pl.DataFrame:
    """A table without the place of its rows, its tags in one order of their keys."""
    frame = pl.read_parquet(path).drop(PLACE, strict=False)
    if "Tags" in frame.columns:
        tags = [json.dumps(json.loads(text), sort_keys=True) for text in frame["Tags"]]
        frame = frame.with_columns(pl.Series("Tags", tags))
    return frame.sort(key)


def test_the_columns_are_those_of_an_export_with_everything_switched_on():
    assert len(set(cur2.COLUMNS)) == 131
    there = {plain_name(name) for name in cur2.COLUMNS}
    absent = {
        column.name for column in COLUMNS if not there & {plain_name(h) for h in column.headers}
    }
    assert absent == IN_THE_MAP


@pytest.fixture(scope="module")
def legacy(tmp_path_factory: pytest.TempPathFactory) -> BillTables:
    return read(tmp_path_factory.mktemp("legacy"), EVERY_KIND)


@pytest.mark.parametrize("form", FORMS)
def test_the_same_lines_make_the_same_charges_in_every_form(
    tmp_path: Path, legacy: BillTables, form: str
):
    tables = read(tmp_path, [FORMS[form](tmp_path / "in", EVERY_KIND)])
    for one, other, key in (
        (tables.charges, legacy.charges, "x_ChargeId"),
        (tables.split_shares, legacy.split_shares, "x_ShareId"),
    ):
        assert_frame_equal(canonical(one, key), canonical(other, key), check_exact=True)
    assert charges(tables)["x_ChargeId"].n_unique() == len(EVERY_KIND)
    assert_frame_equal(pl.read_parquet(tables.export_totals), pl.read_parquet(legacy.export_totals))
    assert sums(tables) == exported(tables) == sums(legacy)
    assert told(tables) == told(legacy)


def test_the_twins_use_the_net_amounts_and_say_what_every_line_does(legacy: BillTables):
    rows = {row["x_SourceLine"]: row for row in charges(legacy).to_dicts() if row["BilledCost"]}
    assert rows[2]["BilledCost"] == D("0.9054")
    assert json.loads(rows[2]["Tags"]) == {
        "costCategory/team": "search",
        "model": 'a "ranker"',
        "model_version": "2, stable",
    }
    assert rows[4]["x_PrincipalId"] == ROLE
    assert rows[5]["ServiceName"] == "Claude Sonnet (Amazon Bedrock Edition)"
    unused = charges(legacy).filter(pl.col("CommitmentDiscountStatus") == "Unused")
    assert sorted(unused["EffectiveCost"]) == [D("1.70"), D("3.5")]
    assert sorted(pl.read_parquet(legacy.split_shares)["used_cost"]) == [D("1.25"), D(2)]


FIVE = (
    "bill_billing_period_start_date",
    "line_item_line_item_type",
    "line_item_currency_code",
    "line_item_unblended_cost",
    "line_item_usage_start_date",
)
KNOWN_FROM_FIVE = (
    *("billing_month", "charge_month", "ServiceProviderName", "BillingCurrency"),
    *("BillingPeriodStart", "BillingPeriodEnd", "ChargePeriodStart", "ChargeCategory"),
    *("ChargeClass", "ChargeFrequency", "BilledCost", "EffectiveCost", "x_LineItemType"),
)
WITHOUT_COMMITMENTS = [
    line
    for line in EVERY_KIND
    if not line["splitLineItem/ParentResourceId"]
    and not line["savingsPlan/SavingsPlanARN"]
    and not line["reservation/ReservationARN"]
    and line["lineItem/ProductCode"] != "ComputeSavingsPlans"
]
"""Without net amounts, which five columns do not know."""


def subset(lines: Sequence[Line], names: Sequence[str]) -> list[cur2.Row]:
    return [{name: row[name] for name in names} for row in map(cur2.cur2_row, lines)]


@pytest.mark.parametrize("write", [cur2.parquet_file, cur2.csv_file])
def test_five_columns_make_the_charges_they_know_of(tmp_path: Path, write):
    gross = [line | {"lineItem/NetUnblendedCost": ""} for line in WITHOUT_COMMITMENTS]
    assert len(gross) == 10
    whole = charges(read(tmp_path / "whole", gross))
    tables = read(tmp_path / "five", [write(tmp_path / "in", subset(gross, FIVE))])
    found = charges(tables)
    assert_frame_equal(found.select(KNOWN_FROM_FIVE), whole.select(KNOWN_FROM_FIVE))
    assert found["x_ChargeId"].n_unique() == len(gross)
    assert sums(tables) == exported(tables)
    assert found["SubAccountId"].null_count() == len(gross)


TWELVE = (
    *FIVE,
    "line_item_usage_type",
    "savings_plan_savings_plan_a_r_n",
    "savings_plan_savings_plan_effective_cost",
    "savings_plan_total_commitment_to_date",
    "savings_plan_used_commitment",
    "reservation_effective_cost",
    "resource_tags",
)


def test_twelve_columns_pair_a_plan_and_carry_tags(tmp_path: Path):
    lines = [line for line in EVERY_KIND if line["savingsPlan/SavingsPlanARN"]]
    gross = [line | {"lineItem/NetUnblendedCost": ""} for line in lines]
    gross = [line | {"savingsPlan/NetSavingsPlanEffectiveCost": ""} for line in gross]
    file = cur2.parquet_file(tmp_path / "in", subset(gross, TWELVE))
    tables, whole = read(tmp_path / "12", [file]), read(tmp_path / "whole", gross)
    names = [*KNOWN_FROM_FIVE, "CommitmentDiscountId", "CommitmentDiscountStatus", "Tags"]
    order = ["BilledCost", "EffectiveCost"]
    assert_frame_equal(
        charges(tables).select(names).sort(order), charges(whole).select(names).sort(order)
    )
    assert sums(tables)["EffectiveCost"] == D("1.268") + D("0.634") + D("3.5")


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        (
            covered("1", "0.5"),
            "savingsPlan/SavingsPlanEffectiveCost is empty on usage a savings plan covers "
            "(the file has no such column",
        ),
        (
            cur_line("0", LineItemType="DiscountedUsage"),
            "reservation/EffectiveCost is empty on usage a reservation covers",
        ),
        (
            cur_line("9", LineItemType="SavingsPlanRecurringFee"),
            "savingsPlan/TotalCommitmentToDate is empty on a recurring fee",
        ),
        (cur_line("9", LineItemType="RIFee"), "reservation/UnusedRecurringFee is empty"),
    ],
    ids=["plan", "reservation", "fee of a plan", "fee of a reservation"],
)
def test_a_commitment_without_its_columns_stops_the_month(tmp_path: Path, line: Line, problem):
    with pytest.raises(BillUnreadable) as stopped:
        read(tmp_path, [cur2.csv_file(tmp_path / "in", subset([line], FIVE))])
    assert problem in str(stopped.value)


@pytest.mark.parametrize("name", FIVE[:4])
def test_an_export_without_a_core_column_is_refused(tmp_path: Path, name: str):
    names = [other for other in FIVE if other != name]
    with pytest.raises(BillUnreadable, match="has no column"):
        read(tmp_path, [cur2.csv_file(tmp_path / "in", subset([cur_line()], names))])


@pytest.mark.parametrize(
    ("absent", "line", "said"),
    [
        (
            ("line_item_usage_start_date", "identity_time_interval"),
            cur_line(),
            "1 lines have neither lineItem/UsageStartDate nor identity/TimeInterval",
        ),
        (
            ("line_item_operation", "split_line_item_parent_resource_id"),
            cur_line(),
            "no lineItem/Operation and no splitLineItem/ParentResourceId: container split rows, "
            "if it has any, are not told from usage",
        ),
        (
            ("reservation_reservation_a_r_n",),
            cur_line("500", LineItemType="Fee"),
            "no reservation/ReservationARN: 1 lines of type Fee are read as fees of their own",
        ),
        (
            ("line_item_line_item_description",),
            cur_line("-5", LineItemType="Refund"),
            "no lineItem/LineItemDescription: 1 lines of type Refund are read as refunds of usage",
        ),
    ],
    ids=["period", "split rows", "fees", "refunds"],
)
def test_what_an_absent_column_hides_is_said_once(tmp_path: Path, absent, line: Line, said: str):
    names = [name for name in cur2.COLUMNS if name not in absent]
    tables = read(tmp_path, [cur2.parquet_file(tmp_path / "in", subset([line, line], names))])
    text = said.replace("1 lines", "2 lines")
    assert [text in warning for warning in tables.warnings].count(True) == 1
    assert pl.read_parquet(tables.rejects).is_empty()


def tags_of(folder: Path, **maps: object) -> object:
    row = cur2.cur2_row(cur_line()) | maps
    [charge] = charges(read(folder, [cur2.csv_file(folder / "in", [row])])).to_dicts()
    return json.loads(charge["Tags"])


def test_the_map_of_all_tags_is_taken_for_it_keeps_their_names(tmp_path: Path):
    found = tags_of(
        tmp_path,
        tags={
            "resourceTags/user:modelVersion": "2",
            "resourceTags/PlatformId": "p",
            "resourceTags/aws:createdBy": "root",
            "user:project": "shop",
            "accountTag/team": "search",
            "iamPrincipal/owner": "alice",
            "userAttribute/Department": "",
            "costCategory/Team": "search",
        },
        resource_tags={"user_model_version": "2", "user_platform_id": "p"},
        cost_category={"team": "search"},
    )
    assert found == {
        "modelVersion": "2",
        "PlatformId": "p",
        "aws:createdBy": "root",
        "project": "shop",
        "accountTag/team": "search",
        "iamPrincipal/owner": "alice",
        "costCategory/Team": "search",
    }


def test_without_it_tags_and_categories_come_from_their_own_maps(tmp_path: Path):
    found = tags_of(
        tmp_path,
        tags={},
        resource_tags={"user_model_version": 'a "2"', "aws_created_by": "root", "user_user": "u"},
        cost_category={"team": "search"},
    )
    assert found == {
        "model_version": 'a "2"',
        "aws:created_by": "root",
        "user": "u",
        "costCategory/team": "search",
    }


@pytest.mark.parametrize("text", ["{user_model=a}", "[1]", '"text"', "17"])
def test_a_map_that_is_none_is_counted_and_left_out(tmp_path: Path, text: str):
    row = cur2.cur2_row(cur_line()) | {"resource_tags": text, "tags": {}, "product": text}
    tables = read(tmp_path, [cur2.csv_file(tmp_path / "in", [row])])
    [charge] = charges(tables).to_dicts()
    assert (charge["Tags"], charge["ServiceName"]) == ("{}", "AmazonEC2")
    assert any("resource_tags is no map" in warning for warning in tables.warnings)


def test_one_column_of_a_map_may_be_exported_by_itself(tmp_path: Path):
    row = cur2.cur2_row(cur_line(), has_tags=False)
    row |= {"resource_tags": {"user_owner": "a"}, "resource_tags_user_model": "ranker"}
    tables = read(tmp_path, [cur2.csv_file(tmp_path / "in", [row])])
    [charge] = charges(tables).to_dicts()
    assert json.loads(charge["Tags"]) == {"owner": "a", "model": "ranker"}


def test_a_principal_is_the_caller_or_else_the_user(tmp_path: Path):
    rows = [
        cur2.cur2_row(cur_line(ResourceId=f"r{number}")) | named
        for number, named in enumerate(
            (
                {"line_item_iam_principal": ROLE, "line_item_user_identifier": "user-1"},
                {"line_item_user_identifier": "user-1"},
            )
        )
    ]
    found = charges(read(tmp_path, [cur2.parquet_file(tmp_path / "in", rows)]))
    assert found["x_PrincipalId"].to_list() == [ROLE, "user-1"]


def test_an_export_may_change_its_form_within_a_month(tmp_path: Path, legacy: BillTables):
    half = len(EVERY_KIND) // 2
    files = [
        cur_file(tmp_path / "in", EVERY_KIND[:half], "one.csv.gz"),
        FORMS["parquet with maps"](tmp_path / "in", EVERY_KIND[half:]),
    ]
    tables = read(tmp_path, files)
    names = (tables.charges, legacy.charges)
    one, other = (canonical(path, "x_ChargeId") for path in names)
    assert_frame_equal(one, other)


def test_an_export_without_the_invoice_column_waits_for_no_invoice(tmp_path: Path):
    header = (
        "bill_billing_period_start_date,line_item_line_item_type,line_item_currency_code,"
        "line_item_unblended_cost,line_item_usage_start_date"
    )
    line = "2026-09-01 00:00:00,Usage,USD,1.5,2026-09-02 10:00:00"
    for columns, record, waiting in (
        (header, line, 0),
        (f"{header},bill_invoice_id", f"{line},", 1),
    ):
        folder = tmp_path / str(waiting)
        folder.mkdir()
        (folder / "bill.csv").write_text(f"{columns}\n{record}\n", encoding="utf-8")
        file = LocalFile(str(folder / "bill.csv"), "bill.csv", 1, "e")
        tables = read(folder, [file])
        assert pl.read_parquet(tables.files)["without_invoice"].to_list() == [waiting]
        assert any("no invoice yet" in said for said in tables.warnings) == bool(waiting)
