"""Azure exports read end to end: the header families, both views of the costs, real samples."""

from collections.abc import Mapping
from decimal import Decimal as D
from pathlib import Path

import duckdb
import polars as pl
import pytest
from azure_exports import (
    COVERED,
    EA,
    MCA,
    PAYG,
    PURCHASE,
    ea,
    export,
    german,
    read_azure,
    without,
)
from billing_reading import charges, exported, only, sums

from pipelines.billing.azure import check_sources_are_apart
from pipelines.billing.reader import BillTables, read_bill
from pipelines.contracts import BASES, BILL_FILES
from pipelines.errors import BillUnreadable
from pipelines.files import LocalFile
from pipelines.settings import BillSource


def costs(tables: BillTables) -> str:
    """Billed, effective, contracted, listed, as short text; and they are the export's."""
    assert exported(tables) == sums(tables)
    return " ".join(f"{amount.normalize():f}" for amount in sums(tables).values())


def cents(tables: BillTables) -> dict[str, str]:
    assert exported(tables) == sums(tables)
    return {basis: f"{amount:.2f}" for basis, amount in sums(tables).items()}


def sample(shared_data: Path, name: str) -> LocalFile:
    path = shared_data / "billing" / "azure" / name
    return LocalFile(str(path), name, path.stat().st_size, name)


# Real and third-party samples

ACTUAL_SAMPLE, AMORTIZED_SAMPLE = "EA_ActualCost_Small.csv", "EA_AmortizedCost_Small.csv.gz"


def test_the_enterprise_pair_bills_19_05_and_16_30_over_29_lines(
    tmp_path: Path, shared_data: Path
) -> None:
    pair = [sample(shared_data, name) for name in (ACTUAL_SAMPLE, AMORTIZED_SAMPLE)]
    tables = read_azure(tmp_path, *pair, month="2023-09")
    assert len(charges(tables)) == 29
    found = cents(tables)
    assert (found["BilledCost"], found["EffectiveCost"]) == ("19.05", "16.30")
    assert sums(tables)["EffectiveCost"] == D("16.296932136636644627")
    files = pl.read_parquet(tables.files).select("file", "lines_read", "charges", "left_out")
    assert files.rows() == [(ACTUAL_SAMPLE, 11, 1, 10), (AMORTIZED_SAMPLE, 28, 28, 0)]
    assert tables.warnings == [
        "2023-09: source 'shop': 10 of 11 lines of the actual export (5.30 USD) are in the "
        "amortized one too and were left out.",
        "2023-09: source 'shop': billed costs add up to 19.05 USD, those of the actual export to "
        "8.55 USD: they differ by 10.50 USD. The two exports do not hold the same charges: look "
        "for one of another day, scope or filter.",
        "2023-09: source 'shop': 1 of 29 lines have no public price: their own cost stands in for "
        "ListCost.",
    ]


def test_the_actual_sample_alone_is_8_55_in_both(tmp_path: Path, shared_data: Path) -> None:
    tables = read_azure(tmp_path, sample(shared_data, ACTUAL_SAMPLE), month="2023-09")
    found = cents(tables)
    assert (found["BilledCost"], found["EffectiveCost"]) == ("8.55", "8.55")
    assert tables.warnings == [
        "2023-09: source 'shop': only actual costs are delivered: effective costs are the billed "
        "ones, so that purchases of commitments (3.25 USD) count whole in this month and the usage "
        "they cover costs nothing (1 lines). Give the amortized export too (`amortized_path`)."
    ]


def test_the_amortized_sample_alone_lacks_the_purchases(tmp_path: Path, shared_data: Path) -> None:
    tables = read_azure(tmp_path, sample(shared_data, AMORTIZED_SAMPLE), month="2023-09")
    found = cents(tables)
    assert (found["BilledCost"], found["EffectiveCost"]) == ("15.80", "16.30")
    assert tables.warnings[0] == (
        "2023-09: source 'shop': only amortized costs are delivered: billed costs lack the "
        "purchases of commitments, of which 0.50 USD (2 lines) are effective this month. Give the "
        "actual export too (`path`, and this one as `amortized_path`)."
    )


def test_the_pair_as_two_sources_is_stopped(tmp_path: Path, shared_data: Path) -> None:
    names = {"actual": ACTUAL_SAMPLE, "amortized": AMORTIZED_SAMPLE}
    tables = {
        name: read_azure(tmp_path, sample(shared_data, file), month="2023-09", name=name)
        for name, file in names.items()
    }
    parts = {name: [str(table.charges)] for name, table in tables.items()}
    with duckdb.connect() as con:
        with pytest.raises(BillUnreadable) as stopped:
            check_sources_are_apart(con, "2023-09", parts)
        check_sources_are_apart(con, "2023-09", {"actual": parts["actual"], "empty": []})
    assert str(stopped.value) == (
        "2023-09: the bill of source 'amortized' was not read: 10 of its 28 charges are also among "
        "the 11 of source 'actual': both are one bill, and adding them would count it twice. "
        "Actual and amortized costs are one source: the actual export is its `path`, the amortized "
        "one its `amortized_path`\n"
        "The month was not published for this source. Look at `path` of 'actual' and 'amortized' "
        "in the settings."
    )


@pytest.mark.parametrize(
    ("month", "lines", "total"), [("2026-10", 155, "23.35"), ("2026-11", 100, "16.59")]
)
def test_nise_s_customer_agreement_is_read_to_the_cent(
    tmp_path: Path, shared_data: Path, month: str, lines: int, total: str
) -> None:
    file = sample(shared_data, f"nise_mca_{month}.csv.gz")
    tables = read_azure(tmp_path, file, month=month, told=True)
    assert len(charges(tables)) == lines
    assert set(cents(tables).values()) == {total}
    assert tables.warnings == [
        f"{month}: source 'shop': {lines} of {lines} lines have no invoice yet: the bill is not "
        "final.",
        f"{month}: source 'shop': {lines} of {lines} lines have no public price: their own cost "
        "stands in for ListCost.",
    ]


def test_a_folder_of_months_gives_each_month_its_own_lines(
    tmp_path: Path, shared_data: Path
) -> None:
    files = [sample(shared_data, f"nise_mca_2026-{month}.csv.gz") for month in (10, 11)]
    assert cents(read_azure(tmp_path, *files, month="2026-10"))["BilledCost"] == "23.35"
    assert cents(read_azure(tmp_path, *files, month="2026-11"))["BilledCost"] == "16.59"


# Header families


def test_an_enterprise_agreement_s_line(tmp_path: Path) -> None:
    tables = read_azure(tmp_path, export(tmp_path, "ea.csv", EA))
    charge = only(tables)
    assert costs(tables) == "4 4 6 10"
    assert charge["x_InstanceType"] == "Standard_NC24ads_A100_v4"
    assert charge["Tags"] == '{"team": "search"}'
    assert charge["InvoiceId"] is None
    assert tables.warnings == []


def test_a_customer_agreement_s_camel_case_line_is_priced_in_its_billing_currency(
    tmp_path: Path,
) -> None:
    tables = read_azure(tmp_path, export(tmp_path, "mca.csv.gz", MCA))
    charge = only(tables)
    assert costs(tables) == "4 4 4.8 8"
    assert (charge["BillingCurrency"], charge["PricingCurrency"]) == ("EUR", "USD")
    assert (charge["ListUnitPrice"], charge["ContractedUnitPrice"]) == (D(4), D("2.4"))
    assert (charge["InvoiceId"], charge["BillingAccountId"]) == ("T1", "PROFILE")
    assert (charge["ConsumedQuantity"], charge["x_UsageType"]) == (
        D(2000),
        "gpt 4.1 Outp glbl Tokens",
    )


@pytest.mark.parametrize("bom", [True, False], ids=["with a byte-order mark", "without"])
def test_an_old_pay_as_you_go_line_is_of_its_day_s_month(tmp_path: Path, bom: bool) -> None:
    tables = read_azure(tmp_path, export(tmp_path, "payg.csv", PAYG, bom=bom))
    charge = only(tables)
    assert costs(tables) == "0.075 0.075 0.075 0.075"
    assert (charge["BillingAccountId"], charge["SubAccountId"]) == ("sub-1", "sub-1")
    assert f"{charge['BillingPeriodStart']:%Y-%m-%d}" == "2026-09-01"
    assert f"{charge['BillingPeriodEnd']:%Y-%m-%d}" == "2026-10-01"
    assert charge["ResourceType"] == "microsoft.network/loadbalancers"


def test_german_names_carry_the_english_ones(tmp_path: Path) -> None:
    tables = read_azure(tmp_path, export(tmp_path, "payg.csv", german(PAYG)))
    plain = read_azure(tmp_path, export(tmp_path, "payg.csv", PAYG), name="english")
    assert charges(tables).drop("source").equals(charges(plain).drop("source"))


def test_a_german_spreadsheet_s_semicolons_commas_and_dates_are_read(tmp_path: Path) -> None:
    amounts = {"Cost": "4,5", "Quantity": "1,5", "UnitPrice": "4", "PayGPrice": "5,25"}
    dates = {
        "Date": "04.09.2026",
        "BillingPeriodStartDate": "01.09.2026",
        "BillingPeriodEndDate": "30.09.2026",
    }
    line = german(ea(**amounts, **dates))
    tables = read_azure(tmp_path, export(tmp_path, "ea.csv", line, delimiter=";"))
    assert costs(tables) == "4.5 4.5 6 7.875"
    assert f"{only(tables)['ChargePeriodStart']:%Y-%m-%d}" == "2026-09-04"


def test_parquet_with_types_is_the_same_bill(tmp_path: Path) -> None:
    path = tmp_path / "part_0_0001.parquet"
    with duckdb.connect() as con:
        con.execute(
            "COPY (SELECT '8611537' AS BillingAccountId, "
            "TIMESTAMP '2026-09-01' AS BillingPeriodStartDate, "
            "TIMESTAMP '2026-09-30' AS BillingPeriodEndDate, DATE '2026-09-04' AS Date, "
            "4.25::DECIMAL(38,18) AS CostInBillingCurrency, 2.0::DOUBLE AS Quantity, "
            "3::INTEGER AS UnitPrice, 5.5::DOUBLE AS PayGPrice, 'USD' AS BillingCurrency, "
            "'Usage' AS ChargeType, 'Virtual Machines' AS MeterCategory) "
            f"TO '{path}' (FORMAT parquet)"
        )
    tables = read_azure(tmp_path, LocalFile(str(path), path.name, path.stat().st_size, "e"))
    assert costs(tables) == "4.25 4.25 6 11"
    assert f"{only(tables)['ChargePeriodEnd']:%Y-%m-%d}" == "2026-09-05"


def test_long_amounts_are_rounded_once(tmp_path: Path) -> None:
    line = ea(Cost="0.0000000191107392311096200000", UnitPrice="0", PayGPrice="0")
    tables = read_azure(tmp_path, export(tmp_path, "ea.csv", line))
    assert sums(tables)["BilledCost"] == D("0.000000019110739231")
    [rounding] = pl.read_parquet(tables.files)["rounding"]
    assert rounding < D("1E-18") * 2


# Actual and amortized

BOUGHT, USED = ea(**PURCHASE, Cost="90"), ea(**COVERED, Cost="3", Date="09/05/2026")
UNCOVERED = ea(MeterId="m-2")
UNUSED = ea(**{**COVERED, "ChargeType": "UnusedReservation", "Cost": "1"})
FREE = ea(**COVERED, Cost="0", Date="09/05/2026")


def pair(
    folder: Path, actual: str, amortized: str, roles: Mapping[str, str] | None = None
) -> list[LocalFile]:
    return [
        export(folder, actual, BOUGHT, FREE, UNCOVERED, role=(roles or {}).get("actual", "")),
        export(folder, amortized, USED, UNUSED, UNCOVERED, role=(roles or {}).get("amortized", "")),
    ]


@pytest.mark.parametrize(
    ("actual", "amortized", "roles"),
    [
        ("a.csv", "b.csv", {"actual": "actual", "amortized": "amortized"}),
        ("ea_ActualCost.csv", "ea_AmortizedCost.csv.gz", {}),
        ("daily-actual/part_0.csv", "daily-amortised/part_0.csv", {}),
        ("a.csv", "b.csv", {}),
    ],
    ids=["told by the delivery", "told by the name", "by the folder", "shown by the commitments"],
)
def test_actual_and_amortized_costs_are_joined(
    tmp_path: Path, actual: str, amortized: str, roles: Mapping[str, str]
) -> None:
    tables = read_azure(tmp_path, *pair(tmp_path, actual, amortized, roles))
    assert costs(tables) == "94 8 12 20"
    by_type = charges(tables).select("x_LineItemType", "PricingCategory", *BASES[:2]).rows()
    assert sorted(by_type) == [
        ("Purchase", "Committed", D(90), D(0)),
        ("UnusedReservation", "Committed", D(0), D(1)),
        ("Usage", "Committed", D(0), D(3)),
        ("Usage", "Standard", D(4), D(4)),
    ]
    assert tables.warnings[0] == (
        "2026-09: source 'shop': 2 of 3 lines of the actual export (4.00 USD) are in the amortized "
        "one too and were left out."
    )
    assert "differ by" not in " ".join(tables.warnings)


def test_the_settings_tell_the_views_apart_by_their_paths(tmp_path: Path) -> None:
    files = pair(tmp_path, "part_0.csv", "amortized/part_0.csv")
    assert costs(read_azure(tmp_path, *files, amortized_path="elsewhere")) == "94 8 12 20"


def test_a_refund_of_a_commitment_is_a_negative_purchase(tmp_path: Path) -> None:
    refund = ea(**{**PURCHASE, "ChargeType": "Refund", "Cost": "-30"})
    files = [
        export(tmp_path, "actual.csv", BOUGHT, refund),
        export(tmp_path, "amortized.csv", USED),
    ]
    tables = read_azure(tmp_path, *files)
    assert costs(tables) == "60 3 6 10"
    [row] = charges(tables).filter(pl.col("BilledCost") < 0).to_dicts()
    assert (row["ChargeCategory"], row["ChargeClass"]) == ("Purchase", "Correction")


def test_a_subscription_without_amortized_costs_keeps_its_actual_ones(tmp_path: Path) -> None:
    lone = ea(SubscriptionId="sub-2", Cost="7")
    files = [
        export(tmp_path, "actual.csv", BOUGHT, UNCOVERED, lone),
        export(tmp_path, "amortized.csv", USED, UNCOVERED),
    ]
    tables = read_azure(tmp_path, *files)
    assert costs(tables) == "101 14 18 30"
    assert tables.warnings == [
        "2026-09: source 'shop': 1 of 3 lines of the actual export (4.00 USD) are in the amortized "
        "one too and were left out.",
        "2026-09: source 'shop': 1 lines of the actual export (7.00 USD) are of subscriptions that "
        "the amortized one has no line of: they are charged as they are billed.",
    ]


def test_one_connection_reads_one_bill_after_another(tmp_path: Path) -> None:
    files = [export(tmp_path, "ea.csv", EA), export(tmp_path, "empty.csv", EA)]
    header = Path(files[1].path).read_bytes().splitlines(keepends=True)[0]
    Path(files[1].path).write_bytes(header)
    source = BillSource(name="shop", path="exports", format="azure")
    with duckdb.connect() as con:
        for number in range(2):
            tables = read_bill(con, source, "2026-09", files, tmp_path / f"work-{number}")
            assert costs(tables) == "4 4 6 10"
    counted = pl.read_parquet(tables.files).select("file", "lines_read", "charges").rows()
    assert counted == [("ea.csv", 1, 1), ("empty.csv", 0, 0)]


def test_another_month_s_amortized_costs_are_no_pair(tmp_path: Path) -> None:
    october = {"BillingPeriodStartDate": "10/01/2026", "BillingPeriodEndDate": "10/31/2026"}
    files = [
        export(tmp_path, "actual.csv", BOUGHT, UNCOVERED),
        export(tmp_path, "amortized.csv", ea(**COVERED, **october, Date="10/05/2026")),
    ]
    tables = read_azure(tmp_path, *files)
    assert costs(tables) == "94 94 6 10"
    counted = pl.read_parquet(tables.files).select("file", "charges", "other_months", "left_out")
    assert counted.rows() == [("actual.csv", 2, 0, 0), ("amortized.csv", 0, 1, 0)]


def test_a_period_from_one_month_into_the_next_is_of_the_month_that_delivers_it(
    tmp_path: Path,
) -> None:
    period = {"BillingPeriodStartDate": "08/14/2026", "BillingPeriodEndDate": "09/13/2026"}
    file = export(tmp_path, "ea.csv", EA, ea(**period, Cost="5"))
    tables = read_azure(tmp_path, file, told=True)
    assert costs(tables) == "9 9 12 20"
    assert tables.warnings == [
        "2026-09: source 'shop': 1 lines are of a billing period that starts in another month: "
        "they count in the month whose export delivers them."
    ]
    assert costs(read_azure(tmp_path, file, name="loose")) == "4 4 6 10"


def test_costs_of_azure_s_own_allocation_count_as_written(tmp_path: Path) -> None:
    rule = {"CostAllocationRuleName": "shared network"}
    lines = [ea(**rule, Cost="-4"), ea(**rule, Cost="4", SubscriptionId="sub-2")]
    tables = read_azure(tmp_path, export(tmp_path, "ea.csv", *lines))
    assert sums(tables)["BilledCost"] == 0
    assert tables.warnings == [
        "2026-09: source 'shop': 2 lines were made by cost allocation rules of Azure; they add up "
        "to 0.00 USD and count as written."
    ]


def test_what_is_unknown_or_lacks_a_rate_is_counted(tmp_path: Path) -> None:
    lines = [
        {**MCA, "chargeType": "Novelty"},
        without(MCA, "paygCostInBillingCurrency") | {"exchangeRatePricingToBilling": "about 1"},
    ]
    tables = read_azure(tmp_path, export(tmp_path, "mca.csv", *lines))
    assert tables.warnings == [
        "2026-09: source 'shop': charge type 'Novelty' is unknown, read as Adjustment: 1 lines.",
        "2026-09: source 'shop': 1 lines have prices in another currency than EUR and no exchange "
        "rate: their cost stands in for list and contracted cost.",
        "2026-09: source 'shop': exchangeRatePricingToBilling is not a number: 1 lines.",
        "2026-09: source 'shop': 1 of 2 lines have no public price: their own cost stands in for "
        "ListCost.",
    ]


def test_the_same_delivery_gives_the_same_ids_in_any_order(tmp_path: Path) -> None:
    lines = [EA, EA, ea(Cost="5"), UNCOVERED]
    first = read_azure(tmp_path, export(tmp_path, "ea.csv", *lines))
    again = read_azure(tmp_path, export(tmp_path, "b/ea.csv", *reversed(lines)), name="again")
    ids = [
        sorted(charges(tables).select("x_ChargeId", "BilledCost").rows())
        for tables in (first, again)
    ]
    assert ids[0] == ids[1]
    assert len({id_ for id_, _ in ids[0]}) == 4


def test_files_table_keeps_its_contract(tmp_path: Path) -> None:
    tables = read_azure(tmp_path, export(tmp_path, "ea.csv", EA))
    assert pl.read_parquet(tables.files).columns == list(BILL_FILES.columns)
