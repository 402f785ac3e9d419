"""Azure exports that are not read: what cannot be decided is asked, and nothing is guessed."""

from pathlib import Path

import pytest
from azure_exports import COVERED, EA, PAYG, PURCHASE, ea, export, read_azure, without
from billing_reading import charges, only

from pipelines.errors import BillUnreadable

NO_PERIOD = ("BillingPeriodStartDate", "BillingPeriodEndDate")


def problem(
    folder: Path, *lines: dict[str, str], name: str = "ea.csv", delimiter: str = ","
) -> str:
    with pytest.raises(BillUnreadable) as stopped:
        read_azure(folder, export(folder, name, *lines, delimiter=delimiter))
    return stopped.value.problem


def day(date: str) -> dict[str, str]:
    return {**PAYG, "UsageDateTime": date}


@pytest.mark.parametrize(
    ("dates", "month", "first"),
    [
        (("09/04/2026", "09/13/2026"), "2026-09", "2026-09-04"),
        (("04/09/2026", "13/09/2026"), "2026-09", "2026-09-04"),
        (("09/09/2026",), "2026-09", "2026-09-09"),
    ],
)
def test_one_date_above_12_tells_the_order_of_all(
    tmp_path: Path, dates: tuple[str, ...], month: str, first: str
) -> None:
    file = export(tmp_path, "payg.csv", *(day(date) for date in dates))
    found = charges(read_azure(tmp_path, file, month=month))["ChargePeriodStart"].min()
    assert f"{found:%Y-%m-%d}" == first


def test_a_period_of_a_month_tells_the_order_too(tmp_path: Path) -> None:
    period = {"BillingPeriodStartDate": "08/05/2026", "BillingPeriodEndDate": "09/04/2026"}
    line = ea(Date="09/02/2026", **period)
    charge = only(read_azure(tmp_path, export(tmp_path, "ea.csv", line), month="2026-08"))
    assert f"{charge['ChargePeriodStart']:%Y-%m-%d}" == "2026-09-02"
    assert (charge["billing_month"], charge["charge_month"]) == ("2026-08", "2026-09")


def test_an_order_nothing_decides_is_asked(tmp_path: Path) -> None:
    assert problem(tmp_path, day("05/01/2026"), day("05/02/2026")) == (
        "ea.csv does not tell whether '05/01/2026' is written day or month first: no date in it "
        "has a day above 12, and no billing period decides. Which is it? Deliver the whole month, "
        "or dates as YYYY-MM-DD"
    )


def test_a_file_that_writes_both_orders_is_asked(tmp_path: Path) -> None:
    assert problem(tmp_path, day("09/13/2026"), day("14/09/2026")) == (
        "ea.csv writes the day first ('14/09/2026') and the month first ('09/13/2026'): which one "
        "are its other dates?"
    )


def test_each_file_has_an_order_of_its_own(tmp_path: Path) -> None:
    files = [
        export(tmp_path, "us.csv", day("09/13/2026")),
        export(tmp_path, "uk.csv", day("14/09/2026")),
    ]
    starts = charges(read_azure(tmp_path, *files))["ChargePeriodStart"]
    assert sorted(f"{start:%d}" for start in starts) == ["13", "14"]


@pytest.mark.parametrize(
    ("costs", "also"),
    [
        (("1,234", "7"), "has no other such amount"),
        (("0,5", "0.5"), "also writes amounts with a point"),
    ],
)
def test_a_comma_that_may_be_either_is_asked(
    tmp_path: Path, costs: tuple[str, ...], also: str
) -> None:
    lines = [ea(Cost=cost) for cost in costs]
    first = next(cost for cost in costs if "," in cost)
    assert problem(tmp_path, *lines, delimiter=";") == (
        f"ea.csv does not tell what the comma of the amount {first!r} is: it {also}. Is it the "
        "decimal mark?"
    )


def test_a_comma_in_an_export_as_azure_writes_it_is_no_number(tmp_path: Path) -> None:
    assert problem(tmp_path, ea(Cost="0,5")) == (
        "ea.csv, line 2: CostInBillingCurrency '0,5' is not a number."
    )


def test_actual_costs_that_look_amortized_are_asked(tmp_path: Path) -> None:
    lines = [ea(**COVERED), ea(**{**COVERED, "ChargeType": "UnusedReservation"})]
    assert problem(tmp_path, *lines, name="ActualCost.csv") == (
        "ActualCost.csv is said to hold actual costs, and has 1 lines of unused commitments and 1 "
        "of usage under a commitment that has a cost, which only amortized costs have. Which of "
        "the two is it?"
    )


def test_costs_that_look_like_both_views_are_asked(tmp_path: Path) -> None:
    assert problem(tmp_path, ea(**COVERED), ea(**PURCHASE)) == (
        "ea.csv has 0 lines of unused commitments and 1 of usage under a commitment that has a "
        "cost, as amortized costs have, and 1 purchases or refunds of commitments, as actual costs "
        "have. Which of the two is it? Say it in its name (actual, amortized), or give both "
        "exports: `path` and `amortized_path`"
    )


def test_the_same_month_under_two_names_is_stopped(tmp_path: Path) -> None:
    files = [export(tmp_path, name, EA, ea(MeterId="m-2")) for name in ("a.csv", "b.csv")]
    with pytest.raises(BillUnreadable, match=r"delivered twice: 2 of the 2 lines of a\.csv"):
        read_azure(tmp_path, *files)


@pytest.mark.parametrize(
    ("missing", "text"),
    [
        (
            "Cost",
            "ea.csv has no column 'CostInBillingCurrency'; the nearest there is is "
            "'BillingCurrency'",
        ),
        ("Date", "ea.csv has no column 'Date'; the nearest there is is 'UnitPrice'"),
        (
            "BillingCurrency",
            "ea.csv has no column 'BillingCurrencyCode'; the nearest there is is "
            "'BillingAccountName'",
        ),
    ],
)
def test_a_file_without_a_core_column_is_not_read(tmp_path: Path, missing: str, text: str) -> None:
    found = problem(tmp_path, without(EA, missing))
    assert found.split(";")[0] == text.split(";", maxsplit=1)[0]
    assert "the nearest there is is" in found


@pytest.mark.parametrize(
    ("changed", "text"),
    [
        ({"Cost": ""}, "ea.csv, line 2: CostInBillingCurrency is empty."),
        ({"Cost": "4 USD"}, "ea.csv, line 2: CostInBillingCurrency '4 USD' is not a number."),
        ({"PayGPrice": "n/a"}, "ea.csv, line 2: PayGPrice 'n/a' is not a number."),
        (
            {"BillingCurrency": "Dollar"},
            "ea.csv, line 2: BillingCurrencyCode 'Dollar' is not a currency code.",
        ),
        (
            {"BillingPeriodStartDate": "September"},
            "ea.csv, line 2: BillingPeriodStartDate 'September' is not a date and time.",
        ),
    ],
)
def test_a_field_that_money_hangs_on_stops_the_month(
    tmp_path: Path, changed: dict[str, str], text: str
) -> None:
    assert problem(tmp_path, ea(**changed)) == text


def test_other_bad_fields_are_counted_and_read_as_nothing(tmp_path: Path) -> None:
    lines = [EA, ea(Date="soon", Quantity="many", Tags="team")]
    tables = read_azure(tmp_path, export(tmp_path, "ea.csv", *lines))
    assert tables.warnings[:3] == [
        "2026-09: source 'shop': Date is not a date and time: 1 lines.",
        "2026-09: source 'shop': Quantity is not a number: 1 lines.",
        "2026-09: source 'shop': Tags is not JSON: 1 lines.",
    ]
    row = charges(tables).to_dicts()[1]
    assert (row["ConsumedQuantity"], row["Tags"], row["ListCost"]) == (None, "{}", 4)
    assert f"{row['ChargePeriodStart']:%Y-%m-%d} {row['ChargePeriodEnd']:%Y-%m-%d}" == (
        "2026-09-01 2026-10-01"
    )


def test_a_line_of_another_month_stops_a_delivery_of_one(tmp_path: Path) -> None:
    file = export(tmp_path, "ea.csv", EA, ea(BillingPeriodStartDate="10/01/2026"))
    with pytest.raises(BillUnreadable, match="is another billing month than the delivery's"):
        read_azure(tmp_path, file, told=True)
    assert len(charges(read_azure(tmp_path, file))) == 1
