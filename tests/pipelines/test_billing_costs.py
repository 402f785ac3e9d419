"""What each kind of bill line costs in the four bases, line by line, from documented rules."""

from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest
from billing_reading import charges, exported, only, read, sums
from builders import PLAN, RESERVATION, covered, cur_line, negation, split_row

from pipelines.contracts import BASES, CHARGES, EXPORT_TOTALS, SPLIT_SHARES, require
from pipelines.errors import CommitmentUnbalanced

D = Decimal


def costs(row: dict) -> tuple[Decimal, ...]:
    return tuple(row[basis] for basis in BASES)


@pytest.mark.parametrize(
    ("line", "billed", "effective", "contracted", "listed", "category", "status"),
    [
        (cur_line("2.00", publicOnDemandCost="3.00"), "2", "2", "3", "3", "Usage", None),
        (cur_line("9.00", LineItemType="Tax"), "9", "9", "9", "9", "Tax", None),
        (cur_line("-5.00", LineItemType="Credit"), "-5", "-5", "-5", "-5", "Credit", None),
        (cur_line("-5.00", LineItemType="Refund"), "-5", "-5", "-5", "-5", "Usage", None),
        (cur_line("7", LineItemType="Fee"), "7", "7", "7", "7", "Purchase", None),
        (
            cur_line("7", LineItemType="Fee", ReservationARN=RESERVATION),
            *("7", "0", "0", "0", "Purchase", None),
        ),
        (
            cur_line("0", LineItemType="DiscountedUsage", EffectiveCost="0.6")
            | {"pricing/publicOnDemandCost": "1.1"},
            *("0", "0.6", "1.1", "1.1", "Usage", "Used"),
        ),
        (
            cur_line("900", LineItemType="SavingsPlanUpfrontFee", SavingsPlanARN=PLAN),
            *("900", "0", "0", "0", "Purchase", None),
        ),
        (cur_line("-3", LineItemType="EdpDiscount"), "-3", "-3", "-3", "0", "Adjustment", None),
        (
            cur_line("4", ProductCode="AWSSupportBusiness", publicOnDemandCost="0"),
            *("4", "4", "4", "4", "Usage", None),
        ),
        (
            cur_line(
                "-900",
                LineItemType="Refund",
                ProductCode="ComputeSavingsPlans",
                LineItemDescription="Refund for one-time fee of a savings plan",
            ),
            *("-900", "0", "-900", "-900", "Purchase", None),
        ),
    ],
)
def test_a_line_costs_what_its_type_says(
    tmp_path: Path, line, billed, effective, contracted, listed, category, status
):
    tables = read(tmp_path, [line])
    row = only(tables)
    assert costs(row) == (D(billed), D(effective), D(contracted), D(listed))
    assert (row["ChargeCategory"], row["CommitmentDiscountStatus"]) == (category, status)
    assert row["ChargeClass"] == (
        "Correction" if line["lineItem/LineItemType"] == "Refund" else None
    )
    assert sums(tables) == exported(tables)


@pytest.mark.parametrize(
    ("line", "unused"),
    [
        (
            cur_line(
                "10",
                LineItemType="RIFee",
                ReservationARN=RESERVATION,
                UnusedAmortizedUpfrontFeeForBillingPeriod="1.5",
                UnusedRecurringFee="0.25",
            ),
            "1.75",
        ),
        (
            cur_line(
                "10",
                LineItemType="SavingsPlanRecurringFee",
                SavingsPlanARN=PLAN,
                TotalCommitmentToDate="10",
                UsedCommitment="6.5",
            ),
            "3.5",
        ),
    ],
    ids=["reservation", "savings plan"],
)
def test_a_commitment_is_bought_on_one_row_and_what_nothing_used_of_it_is_another(
    tmp_path: Path, line, unused
):
    tables = read(tmp_path, [line])
    fee, rest = charges(tables).sort("ChargeCategory").to_dicts()
    assert costs(fee) == (D(10), D(0), D(0), D(0))
    assert costs(rest) == (D(0), D(unused), D(0), D(0))
    names = ("ChargeCategory", "CommitmentDiscountStatus", "PricingCategory", "ConsumedQuantity")
    assert [fee[name] for name in names] == ["Purchase", None, None, None]
    assert [rest[name] for name in names] == ["Usage", "Unused", "Committed", None]
    assert rest["x_ChargeId"] == f"{fee['x_ChargeId']}-unused"
    for name in ("CommitmentDiscountId", "SubAccountId", "InvoiceId", "x_SourceLine"):
        assert rest[name] == fee[name] is not None
    assert sums(tables) == exported(tables)


def test_a_commitment_that_was_used_up_has_no_unused_row(tmp_path: Path):
    used = {"TotalCommitmentToDate": "10", "UsedCommitment": "10.00"}
    tables = read(tmp_path, [cur_line("10", LineItemType="SavingsPlanRecurringFee", **used)])
    assert costs(only(tables)) == (D(10), D(0), D(0), D(0))
    assert sums(tables) == exported(tables)


def test_covered_usage_is_billed_nothing_and_its_negation_stays_as_a_row(tmp_path: Path):
    tables = read(tmp_path, [covered("1.006", "0.634"), negation("-1.006")])
    usage, taken_back = charges(tables).to_dicts()
    assert costs(usage) == (D(0), D("0.634"), D("1.006"), D("1.006"))
    assert costs(taken_back) == (D(0), D(0), D(0), D(0))
    assert taken_back["x_LineItemType"] == "SavingsPlanNegation"
    assert taken_back["ConsumedQuantity"] is None
    assert sums(tables) == exported(tables)


def test_one_negation_takes_back_the_usage_of_several_accounts(tmp_path: Path):
    lines = [
        covered("2", "1", UsageAccountId="222222222222"),
        covered("3", "2", UsageAccountId="333333333333"),
        negation("-5"),
    ]
    assert charges(read(tmp_path, lines))["BilledCost"].to_list() == [D(0), D(0), D(0)]


def test_a_plan_that_does_not_cancel_stops_the_month_and_says_by_how_much(tmp_path: Path):
    with pytest.raises(CommitmentUnbalanced) as stopped:
        read(tmp_path, [covered("2.00", "1"), negation("-1.50")])
    assert stopped.value.rest == D("0.50")
    assert PLAN in str(stopped.value)


def test_a_rest_that_is_kept_lies_on_one_negation_and_the_sum_is_the_export(tmp_path: Path):
    lines = [covered("2.00", "1"), negation("-1.00"), negation("-0.50", ResourceId="x")]
    tables = read(tmp_path, lines, unpaired_negations="keep")
    billed = charges(tables)["BilledCost"].to_list()
    assert billed[0] == D(0)
    assert sorted(billed[1:]) == [D(0), D("0.50")]
    assert sums(tables) == exported(tables)
    assert any("leave 0.5 USD" in warning for warning in tables.warnings)


def test_covered_usage_without_any_negation_stays_as_billed_when_kept(tmp_path: Path):
    tables = read(tmp_path, [covered("2.00", "1")], unpaired_negations="keep")
    assert only(tables)["BilledCost"] == D("2.00")


def test_the_provider_s_own_rounding_of_a_plan_does_not_stop_the_month(tmp_path: Path):
    tables = read(tmp_path, [covered("2.00", "1"), negation("-1.9999999999")])
    assert sums(tables)["BilledCost"] == D("0.0000000001")
    assert any("leave 0.0000000001 USD" in warning for warning in tables.warnings)


def test_the_hours_of_one_plan_do_not_cancel_each_other(tmp_path: Path):
    lines = [
        covered("2.00", "1"),
        negation("-2.00", UsageStartDate="2026-09-02T12:00:00Z"),
    ]
    tables = read(tmp_path, lines)
    assert charges(tables)["BilledCost"].to_list() == [D("2.00"), D("-2.00")]


def net(cost: str, net_cost: str, **changed: str) -> dict[str, str]:
    return cur_line(cost, **changed) | {"lineItem/NetUnblendedCost": net_cost}


def test_net_amounts_are_used_where_they_are_the_same_money(tmp_path: Path):
    lines = [
        net("10.00", "9.00"),
        net("-1.00", "0", LineItemType="EdpDiscount"),
        net("2.00", ""),
    ]
    tables = read(tmp_path, lines)
    assert charges(tables)["BilledCost"].to_list() == [D(9), D(0), D(2)]
    assert charges(tables)["ContractedCost"].to_list() == [D(10), D(-1), D(2)]
    assert sums(tables) == exported(tables)


def test_net_amounts_that_are_other_money_are_not_used_and_that_is_said(tmp_path: Path):
    tables = read(tmp_path, [net("10.00", "9.00"), net("2.00", "2.00")])
    assert charges(tables)["BilledCost"].to_list() == [D(10), D(2)]
    assert any("the unblended ones are used" in warning for warning in tables.warnings)


def test_split_rows_carry_shares_and_no_money(tmp_path: Path):
    lines = [
        cur_line("4.00"),
        split_row("1.00", "0.50"),
        split_row("2.00", "0.50", ResourceId="p2"),
    ]
    tables = read(tmp_path, lines)
    assert only(tables)["BilledCost"] == D(4)
    shares = require(pl.read_parquet(tables.split_shares), SPLIT_SHARES)
    assert sorted(shares["used_cost"]) == [D(1), D(2)]
    assert set(shares["x_ParentResourceId"]) == {"i-0abc"}
    assert sum(shares["unused_cost"], D(0)) == D(1)
    assert exported(tables)["BilledCost"] == D(4)
    counts = pl.read_parquet(tables.files).to_dicts()[0]
    assert (counts["lines_read"], counts["charges"], counts["split_rows"]) == (3, 1, 2)


def test_usage_without_a_public_price_lists_what_it_was_billed_and_is_counted(tmp_path: Path):
    tables = read(tmp_path, [cur_line("2.00", publicOnDemandCost="")])
    assert only(tables)["ListCost"] == D(2)
    assert any("1 of 1 lines have no public price" in warning for warning in tables.warnings)


def test_usage_quantities_of_fees_taxes_and_credits_are_no_usage(tmp_path: Path):
    lines = [cur_line(LineItemType=kind) for kind in ("Usage", "Tax", "Credit", "Fee", "Refund")]
    assert charges(read(tmp_path, lines))["ConsumedQuantity"].to_list() == [D(1)] + [None] * 4


def test_tags_keep_what_names_them_apart_and_leave_out_what_is_not_said(tmp_path: Path):
    line = cur_line() | {
        "resourceTags/user:model": 'a "quoted" model',
        "resourceTags/aws:createdBy": "root",
        "resourceTags/user:empty": "None",
        "costCategory/Team": "search",
    }
    assert only(read(tmp_path, [line]))["Tags"] == (
        '{"aws:createdBy":"root","costCategory/Team":"search","model":"a \\"quoted\\" model"}'
    )


def test_a_charge_keeps_its_id_when_it_is_delivered_again_with_other_amounts(tmp_path: Path):
    first = [cur_line("1.00", ResourceId=f"i-{n}") for n in range(3)]
    again = [line | {"bill/InvoiceId": "INV-9", "identity/LineItemId": "z"} for line in first[::-1]]
    again[0] = again[0] | {"lineItem/UnblendedCost": "1.25"}
    one = charges(read(tmp_path / "1", first))
    two = charges(read(tmp_path / "2", again))
    assert dict(one.select("ResourceId", "x_ChargeId").iter_rows()) == dict(
        two.select("ResourceId", "x_ChargeId").iter_rows()
    )


def test_lines_that_are_about_the_same_are_numbered_by_their_content(tmp_path: Path):
    lines = [cur_line(cost, UsageAmount=cost) for cost in ("3", "1", "2")]
    one = charges(read(tmp_path / "1", lines))
    two = charges(read(tmp_path / "2", lines[::-1]))
    ids = dict(one.select("BilledCost", "x_ChargeId").iter_rows())
    assert len(set(ids.values())) == 3
    assert ids == dict(two.select("BilledCost", "x_ChargeId").iter_rows())


@pytest.mark.parametrize(
    "start",
    ["2026-09-02T10:00:00Z", "2026-09-02T10:00:00.000Z", "2026-09-02 10:00:00+00:00",
     "2026-09-02 10:00:00", "2026-09-02T12:00:00+02:00"],
)  # fmt: skip
def test_instants_are_utc_in_every_form_a_publisher_writes(tmp_path: Path, start: str):
    row = only(read(tmp_path, [cur_line(UsageStartDate=start)]))
    assert f"{row['ChargePeriodStart']}" == "2026-09-02 10:00:00"
    assert row["charge_month"] == "2026-09"


def test_a_correction_keeps_the_month_it_corrects_beside_the_month_it_is_billed(tmp_path: Path):
    line = cur_line("-1", LineItemType="Refund", UsageStartDate="2026-07-31T23:00:00Z")
    row = only(read(tmp_path, [line]))
    assert (row["billing_month"], row["charge_month"]) == ("2026-09", "2026-07")


def test_the_tables_keep_their_contracts(tmp_path: Path):
    tables = read(tmp_path, [cur_line(), split_row("1", "0"), covered("1", "1"), negation("-1")])
    require(pl.read_parquet(tables.charges), CHARGES)
    require(pl.read_parquet(tables.split_shares), SPLIT_SHARES)
    require(pl.read_parquet(tables.export_totals), EXPORT_TOTALS)


def test_a_month_its_manifest_says_is_empty_is_empty_tables_and_a_word_about_it(tmp_path: Path):
    tables = read(tmp_path, [])
    assert require(charges(tables), CHARGES).height == 0
    assert any("names no files" in warning for warning in tables.warnings)
