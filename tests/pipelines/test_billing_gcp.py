"""Google Cloud's billing export from file to charges: samples to the cent, shapes, credits."""

import json
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from billing_reading import charges, only, sums
from gcp_exports import (
    LINE,
    credit,
    csv_file,
    csv_text,
    file_of,
    json_file,
    labels,
    line,
    parquet_file,
    parts,
    read_gcp,
    record_csv_file,
)

from pipelines.contracts import BASES
from pipelines.errors import BillUnreadable
from pipelines.files import LocalFile

D = Decimal
COSTS = ("BilledCost", "EffectiveCost", "ContractedCost", "ListCost")


def sample(shared_data: Path, name: str) -> LocalFile:
    path = shared_data / "billing" / "gcp" / name
    return LocalFile(str(path), name, path.stat().st_size, name)


OCTOBER, NOVEMBER = "nise_detailed_EUR_2026-10.csv.gz", "nise_detailed_EUR_2026-11.csv.gz"
MONTHS = {
    "2026-09": (24, "48.00"),
    "2026-10": (3720, "5173.60"),
    "2026-11": (3504, "4884.27"),
}


@pytest.mark.parametrize("month", MONTHS)
def test_a_month_is_its_invoice_month_over_all_files(
    tmp_path: Path, shared_data: Path, month: str
) -> None:
    files = [sample(shared_data, OCTOBER), sample(shared_data, NOVEMBER)]
    tables = read_gcp(tmp_path, files, month)
    lines, net = MONTHS[month]
    made = charges(tables)
    assert made.filter(pl.col("ChargeCategory") == "Usage").height == lines
    assert set(made["billing_month"]) == {month}
    assert set(made["BillingCurrency"]) == {"EUR"}
    for basis in ("BilledCost", "EffectiveCost"):
        assert sums(tables)[basis].quantize(D("0.01")) == D(net)
    counted = pl.read_parquet(tables.files)
    assert counted["charges"].sum() == lines
    assert counted["lines_read"].sum() == 24 + 3720 + 3504
    assert counted["other_months"].sum() == 24 + 3720 + 3504 - lines


@pytest.mark.parametrize(("name", "net"), [(OCTOBER, "5264.80"), (NOVEMBER, "4841.07")])
def test_a_file_is_billed_after_its_promotions(
    tmp_path: Path, shared_data: Path, name: str, net: str
) -> None:
    total, promotions = D(0), D(0)
    for month in MONTHS:
        made = charges(read_gcp(tmp_path / month, [sample(shared_data, name)], month))
        total += made["BilledCost"].sum() if made.height else D(0)
        promotions += made.filter(pl.col("ChargeCategory") == "Credit")["EffectiveCost"].sum()
    assert total.quantize(D("0.01")) == D(net)
    assert promotions == (D("-79.2") if name == OCTOBER else D("-69.6"))


def test_a_sample_is_readable_by_charge_month_as_well(tmp_path: Path, shared_data: Path) -> None:
    files = [sample(shared_data, OCTOBER), sample(shared_data, NOVEMBER)]
    found = [charges(read_gcp(tmp_path / month, files, month)) for month in MONTHS]
    by_month = pl.concat(found).group_by("charge_month").agg(pl.col("BilledCost").sum())
    # Usage moved to another invoice lies in its own month again: each file is one.
    assert {m: cost.quantize(D("0.01")) for m, cost in by_month.rows()} == {
        "2026-10": D("5264.80"),
        "2026-11": D("4841.07"),
    }


def test_the_standard_sample_is_36_cents(tmp_path: Path, shared_data: Path) -> None:
    tables = read_gcp(tmp_path, [sample(shared_data, "koku_standard_2020-10.csv.gz")], "2020-10")
    made = charges(tables)
    assert made.height == 292
    assert sums(tables) == dict.fromkeys(BASES, D("0.355562"))
    machines = made.filter(pl.col("x_InstanceType").is_not_null())
    assert set(machines["x_InstanceType"]) == {"e2-medium"}
    assert tables.warnings == [
        "2020-10: source 'google': usage_end_time is before the start: read as the start: 9 lines.",
        "2020-10: source 'google': 292 of 292 lines have no public price: their own cost "
        "stands in for ListCost.",
    ]


SAME: list[dict[str, Any]] = [
    line(
        "1.2345678901234567",
        credits=[credit("-0.25", "SUSTAINED_USAGE_DISCOUNT"), credit("-1e-7")],
        labels=labels(model="ranker", goog__k8s__cluster__name="blue"),
        tags=[{"key": "team", "value": "search", "inherited": True, "namespace": "1"}],
        project__labels=labels(team="shop"),
        system_labels=[{"key": "compute.googleapis.com/machine_spec", "value": "a2-highgpu-1g"}],
        resource={"name": "node-1", "global_name": "//compute/node-1"},
    ),
    line(0.1, credits=[credit(-0.1, "FREE_TIER", name="Bob's")], usage__amount=1e-7),
    line(19, cost_type="tax", sku={"id": "TAX", "description": "Tax"}, credits=[]),
    line(2, project__id="other", location__zone="us-central1-a"),
]


def _numbers(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The lines with numbers where the tests write digits."""
    told = json.loads(json.dumps(lines))
    for one in told:
        one["cost"] = float(one["cost"])
        for each in one["credits"]:
            each["amount"] = float(each["amount"])
    return list(told)


SHAPES = {
    "CSV with Python text": lambda folder: csv_file(folder, SAME, python=True),
    "CSV of records as Python text": lambda folder: record_csv_file(folder, SAME),
    "JSON lines": lambda folder: json_file(folder, _numbers(SAME)),
    "JSON lines, numbers as text": lambda folder: json_file(folder, SAME),
    "packed JSON lines": lambda folder: json_file(folder, SAME, "bill.jsonl.gz"),
    "nested Parquet": lambda folder: parquet_file(folder, _numbers(SAME)),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_the_same_lines_are_the_same_charges_in_every_shape(tmp_path: Path, shape: str) -> None:
    as_csv = charges(read_gcp(tmp_path / "csv", [csv_file(tmp_path / "a", SAME)]))
    shaped = charges(read_gcp(tmp_path / "other", [SHAPES[shape](tmp_path / "b")]))
    places = ["x_SourceFile", "x_SourceLine"]
    by_id = [made.drop(places).sort("x_ChargeId").to_dicts() for made in (as_csv, shaped)]
    assert by_id[0] == by_id[1]
    assert len(by_id[0]) == 5


LONG = "0.123456789012345678"


@pytest.mark.parametrize("shape", ["csv", "python", "json", "parquet"])
def test_no_digit_of_an_amount_is_lost_in_a_double(tmp_path: Path, shape: str) -> None:
    told = [line(LONG, credits=[credit(f"-{LONG}", "DISCOUNT"), credit(f"-{LONG}")])]
    if shape == "json":  # as numbers, which a double would round to 17 digits
        text = json.dumps(told[0]).replace(f'"{LONG}"', LONG).replace(f'"-{LONG}"', f"-{LONG}")
        file = file_of(tmp_path, "bill.json", text + "\n")
    elif shape == "parquet":
        exact = "DECIMAL(38,18)"
        kind = (
            f"STRUCT(name VARCHAR, amount {exact}, full_name VARCHAR, id VARCHAR, type VARCHAR)[]"
        )
        file = parquet_file(tmp_path, told, cost=exact, credits=kind)
    else:
        file = csv_file(tmp_path, told, python=shape == "python")
    assert parts(read_gcp(tmp_path, [file]), "BilledCost") == [(D(0),), (-D(LONG),)]


def test_numbers_in_the_text_of_a_csv_keep_their_digits(tmp_path: Path) -> None:
    text = csv_text([line(LONG, credits=[credit(f"-{LONG}", "DISCOUNT")])])
    numbers = text.replace(f'""-{LONG}""', f"-{LONG}")
    assert numbers != text
    tables = read_gcp(tmp_path, [file_of(tmp_path, "bill.csv", numbers)])
    assert only(tables)["BilledCost"] == 0


LOWER = (
    "COMMITTED_USAGE_DISCOUNT",
    "COMMITTED_USAGE_DISCOUNT_DOLLAR_BASE",
    "SUSTAINED_USAGE_DISCOUNT",
    "SUBSCRIPTION_BENEFIT",
    "SPENDING_BASED_DISCOUNT",
    "RESELLER_MARGIN",
    "DISCOUNT",
    "FREE_TIER",
)


def test_a_credit_that_is_a_lower_price_stays_in_its_line(tmp_path: Path) -> None:
    tables = read_gcp(tmp_path, [line(1.5, credits=[credit(-0.5, kind)]) for kind in LOWER])
    assert parts(tables, *COSTS) == [(D(1), D(1), D("1.5"), D(2))] * len(LOWER)
    assert tables.warnings == []


def test_a_credit_that_is_a_payment_is_a_charge_of_its_own(tmp_path: Path) -> None:
    paid = [credit(-0.5, full_name="Free trial"), credit(-0.25, "CREDIT_TYPE_UNSPECIFIED")]
    tables = read_gcp(tmp_path, [line(1.5, credits=paid)])
    columns = ("ChargeCategory", "ChargeDescription", "x_LineItemType", "ConsumedQuantity")
    usage = ("Usage", LINE["sku"]["description"], "regular", D(1))
    assert parts(tables, *columns, *COSTS) == [
        (*usage, D("1.5"), D("1.5"), D("1.5"), D(2)),
        ("Credit", "Free trial", "PROMOTION", None, D("-0.5"), D("-0.5"), D(0), D(0)),
        ("Credit", "a credit", "CREDIT_TYPE_UNSPECIFIED", None, D("-0.25"), D("-0.25"), D(0), D(0)),
    ]
    [own, *credits] = [row[0] for row in parts(tables, "x_ChargeId")]
    assert credits == [f"{own}-credit-1", f"{own}-credit-2"]
    assert tables.warnings == []


def test_a_credit_of_a_type_nobody_knows_is_a_charge_of_its_own_and_counted(tmp_path: Path) -> None:
    odd = [line(1.5, credits=[credit(-0.5, kind)]) for kind in ("NOVELTY", "NOVELTY", None)]
    tables = read_gcp(tmp_path, odd)
    assert charges(tables).filter(pl.col("ChargeCategory") == "Credit").height == 3
    kept = "are not known here, kept as charges of their own:"
    assert tables.warnings == [
        f"2026-09: source 'google': credits of type 'NOVELTY' {kept} 2 lines, -1 USD.",
        f"2026-09: source 'google': credits of type None {kept} 1 lines, -0.5 USD.",
    ]


def test_a_line_with_many_credits_is_charged_once(tmp_path: Path) -> None:
    many = [credit(-0.1, kind) for kind in LOWER]
    assert only(read_gcp(tmp_path, [line(1.5, credits=many)]))["BilledCost"] == D("0.7")


def test_credits_of_old_exports_are_told_by_their_names(tmp_path: Path) -> None:
    old = [
        {"name": "Sustained Usage Discount", "amount": -0.25},
        {"name": "Committed Usage Discount: CPU", "amount": -0.25},
    ]
    made = only(read_gcp(tmp_path, [line(1.5, credits=old)]))
    assert made["BilledCost"] == 1
    assert made["CommitmentDiscountCategory"] == "Usage"


@pytest.mark.parametrize("nothing", ["[]", "", "null", "None"])
def test_no_credits_is_no_credit_however_it_is_written(tmp_path: Path, nothing: str) -> None:
    text = csv_text([line(1.5)]).replace(",[],,,,,[],", f",{nothing},,,,,[],")
    made = only(read_gcp(tmp_path, [file_of(tmp_path, "bill.csv", text)]))
    assert made["BilledCost"] == D("1.5")


@pytest.mark.parametrize("name", ["bill.csv", "bill.json"])
def test_an_export_without_credits_is_refused(tmp_path: Path, name: str) -> None:
    told = line(1.5)
    del told["credits"]
    text = csv_text([told]) if name == "bill.csv" else json.dumps(told) + "\n"
    with pytest.raises(BillUnreadable) as stopped:
        read_gcp(tmp_path, [file_of(tmp_path, name, text)])
    assert str(stopped.value) == (
        f"2026-09: the bill of source 'google' was not read: {name} has no column 'credits': "
        "`cost` is before credits, so that the bill would be too high by every discount, free "
        "tier, commitment and promotion. Export the table again with its column credits (to CSV "
        "as TO_JSON_STRING(credits))\n"
        "The month was not published for this source. Look at the first line of the file."
    )


STOPS = {
    "no credits": ({"credits": "-0.5"}, "credits '-0.5' is no list of credits"),
    "a credit without amount": (
        {"credits": [{"type": "DISCOUNT"}]},
        "has a credit whose amount is missing or is not a number",
    ),
    "a credit that is no number": (
        {"credits": [credit("much")]},
        "has a credit whose amount is missing or is not a number",
    ),
    "no currency": ({"currency": None}, "currency is empty"),
    "a token pack": ({"currency": "TOKENS"}, "currency 'TOKENS' is not a currency code"),
    "no cost": ({"cost": None}, "cost is empty"),
    "a cost that is none": ({"cost": "free"}, "cost 'free' is not a number"),
    "no invoice month": ({"invoice": {"month": "2026"}}, "invoice.month '2026' is not a"),
}


@pytest.mark.parametrize("case", STOPS)
def test_a_field_money_hangs_on_stops_the_month(tmp_path: Path, case: str) -> None:
    changes, said = STOPS[case]
    whole = line(1.5)
    with pytest.raises(BillUnreadable) as stopped:
        read_gcp(tmp_path, [whole, {**whole, **changes}])
    assert "bill.json, line 2: " in str(stopped.value)
    assert said in str(stopped.value)


def test_any_other_field_that_cannot_be_read_is_left_out_and_counted(tmp_path: Path) -> None:
    bad = line(
        1.5,
        labels="a=b",
        system_labels="{",
        tags="x",
        project__labels="none",
        cost_type="novelty",
        usage__amount_in_pricing_units="many",
        usage_start_time="2026-09-02 10:00:00 UTC",
        usage_end_time="yesterday",
    )
    tables = read_gcp(tmp_path, [file_of(tmp_path, "bill.csv", csv_text([bad]))])
    made = only(tables)
    assert (made["Tags"], made["x_InstanceType"], made["ConsumedQuantity"]) == ("{}", None, None)
    assert made["ChargePeriodEnd"] == made["ChargePeriodStart"]
    assert made["ChargeCategory"] == "Usage"
    where = "2026-09: source 'google':"
    assert tables.warnings == [
        f"{where} cost_type is unknown: read as usage: 1 lines.",
        f"{where} labels is no list of keys and values: left out of the tags: 1 lines.",
        f"{where} project.labels is no list of keys and values: left out of the tags: 1 lines.",
        f"{where} system_labels is no list of keys and values: the machine type is not known: "
        "1 lines.",
        f"{where} tags is no list of keys and values: left out of the tags: 1 lines.",
        f"{where} usage.amount_in_pricing_units is not a number: 1 lines.",
        f"{where} usage_end_time is not a date and time: 1 lines.",
    ]


KINDS = {
    "regular": ("Usage", "Usage-Based"),
    "tax": ("Tax", "One-Time"),
    "adjustment": ("Adjustment", "One-Time"),
    "rounding_error": ("Adjustment", "One-Time"),
}


def test_the_type_of_cost_is_the_category(tmp_path: Path) -> None:
    tables = read_gcp(tmp_path, [line(-0.01, cost_type=cost_type) for cost_type in KINDS])
    assert parts(tables, "ChargeCategory", "ChargeFrequency", "x_LineItemType") == [
        (*expected, cost_type) for cost_type, expected in KINDS.items()
    ]
    assert parts(tables, "ConsumedQuantity") == [(D(1),), (None,), (None,), (None,)]


ADJUSTED = {"id": "a-1", "description": "", "mode": "PARTIAL_CORRECTION"}


CORRECTIONS = [
    ("2026-08-20 10:00:00 UTC", "PRICE_CORRECTION", True),
    ("2026-08-20 10:00:00 UTC", None, True),
    ("2026-08-20 10:00:00 UTC", "GOODWILL", False),
    ("2026-09-20 10:00:00 UTC", "PRICE_CORRECTION", False),
    # Seven in the morning UTC is midnight in Pacific summer time.
    ("2026-09-01 06:00:00 UTC", "USAGE_CORRECTION", True),
    ("2026-09-01 07:00:00 UTC", "USAGE_CORRECTION", False),
]


def test_a_correction_is_of_usage_before_the_invoice_month(tmp_path: Path) -> None:
    adjusted = [
        line(-1, usage_start_time=start, adjustment_info={**ADJUSTED, "type": kind})
        for start, kind, _ in CORRECTIONS
    ]
    assert parts(read_gcp(tmp_path, adjusted), "ChargeClass", "charge_month", "billing_month") == [
        ("Correction" if is_correction else None, start[:7], "2026-09")
        for start, _, is_correction in CORRECTIONS
    ]


def test_late_usage_is_no_correction(tmp_path: Path) -> None:
    made = only(read_gcp(tmp_path, [line(1, usage_start_time="2026-08-20 10:00:00 UTC")]))
    assert made["ChargeClass"] is None


def test_the_billing_period_is_the_invoice_month_in_pacific_time(tmp_path: Path) -> None:
    november = line(1, invoice__month="202611", usage_start_time="2026-11-05 10:00:00 UTC")
    made = only(read_gcp(tmp_path, [november], "2026-11"))
    assert made["BillingPeriodStart"] == datetime(2026, 11, 1, 7)
    assert made["BillingPeriodEnd"] == datetime(2026, 12, 1, 8)


def test_tags_are_labels_tags_and_labels_of_the_project_under_keys_of_their_own(
    tmp_path: Path,
) -> None:
    tagged = line(
        1,
        labels=[*labels(team="a", goog__k8s__cluster__name="blue", k8s__namespace="web"),
                {"key": "empty", "value": ""}, {"key": "team", "value": "twice"}],
        tags=[{"key": "team", "value": "b", "inherited": True, "namespace": "1"}],
        project__labels=labels(team='c "quoted"'),
    )  # fmt: skip
    made = only(read_gcp(tmp_path, [tagged]))
    assert json.loads(made["Tags"]) == {
        "team": "a",
        "goog-k8s-cluster-name": "blue",
        "k8s-namespace": "web",
        "empty": "",
        "tag/team": "b",
        "project/team": 'c "quoted"',
    }


def test_a_line_says_where_and_what_it_is(tmp_path: Path) -> None:
    told = line(
        1,
        resource={"name": "node-1", "global_name": "//compute/node-1"},
        location={"location": "us-central1-b", "zone": "us-central1-b"},
        system_labels=[
            {"key": "compute.googleapis.com/machine_spec", "value": "a2-highgpu-1g"},
            {"key": "compute.googleapis.com/reservation_name", "value": "gpus"},
            {"key": "compute.googleapis.com/is_unused_reservation", "value": "true"},
        ],
        sku__description="Spot Preemptible A2 Instance Core running in Americas",
        usage__amount_in_pricing_units=0.5,
    )
    made = only(read_gcp(tmp_path, [told]))
    assert {name: made[name] for name in EXPECTED} == EXPECTED


EXPECTED = {
    "ServiceProviderName": "Google Cloud",
    "InvoiceIssuerName": "Google Cloud",
    "BillingAccountId": "01AAAA-02BBBB-03CCCC",
    "SubAccountId": "shop",
    "SubAccountName": "The shop",
    "ServiceName": "Compute Engine",
    "x_ServiceCode": "6F81-5844-456A",
    "x_UsageType": "Spot Preemptible A2 Instance Core running in Americas",
    "SkuId": "CORE",
    "ResourceId": "//compute/node-1",
    "ResourceName": "node-1",
    "RegionId": "us-central1",
    "AvailabilityZone": "us-central1-b",
    "x_InstanceType": "a2-highgpu-1g",
    "CapacityReservationId": "gpus",
    "CapacityReservationStatus": "Unused",
    "PricingCategory": "Dynamic",
    "ConsumedQuantity": D("0.5"),
    "ConsumedUnit": "hour",
    "CommitmentDiscountId": None,
    "InvoiceId": None,
}


def test_a_resource_without_a_global_name_goes_by_its_name(tmp_path: Path) -> None:
    made = only(read_gcp(tmp_path, [line(1, resource__name="bucket")]))
    assert made["ResourceId"] == "bucket"


def test_the_seller_of_a_marketplace_line_provides_the_service(tmp_path: Path) -> None:
    sold = line(1, transaction_type="THIRD_PARTY_AGENCY", seller_name="Models Ltd")
    made = only(read_gcp(tmp_path, [sold]))
    assert made["ServiceProviderName"] == "Models Ltd"
    assert made["InvoiceIssuerName"] == "Google Cloud"


def test_cost_stands_in_where_there_is_no_list_cost(tmp_path: Path) -> None:
    tables = read_gcp(tmp_path, [line(1.5, cost_at_list=None)])
    assert only(tables)["ListCost"] == D("1.5")
    assert tables.warnings == [
        "2026-09: source 'google': 1 of 1 lines have no public price: their own cost stands in "
        "for ListCost."
    ]


def test_a_charge_keeps_its_id_when_lines_come_in_another_order(tmp_path: Path) -> None:
    told = [line(cost, labels=labels(n=str(cost)), credits=[credit(-0.1)]) for cost in (1, 2, 3)]
    first = charges(read_gcp(tmp_path / "a", told)).select("x_ChargeId", "BilledCost")
    second = charges(read_gcp(tmp_path / "b", told[::-1])).select("x_ChargeId", "BilledCost")
    assert first.n_unique() == 6
    assert first.sort("x_ChargeId").rows() == second.sort("x_ChargeId").rows()


def test_a_standard_and_a_detailed_export_of_one_account_are_refused(tmp_path: Path) -> None:
    standard = line(1)
    del standard["resource"]
    mine = file_of(tmp_path, "detailed.csv", csv_text([line(1, resource__name="node-1")]))
    both = [mine, file_of(tmp_path, "standard.csv", csv_text([standard]))]
    with pytest.raises(BillUnreadable, match="which repeats it: every cost would be counted twice"):
        read_gcp(tmp_path / "a", both)
    other = file_of(
        tmp_path, "other.csv", csv_text([{**standard, "billing_account_id": "another account"}])
    )
    assert sums(read_gcp(tmp_path / "b", [mine, other]))["BilledCost"] == 2
