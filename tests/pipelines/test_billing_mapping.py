"""Bills of any shape through a mapping file: what it may say, and that nothing is guessed."""

import json
from datetime import datetime
from decimal import Decimal as D
from pathlib import Path

import duckdb
import pytest
from billing_reading import charges, only
from focus_builders import csv_text, focus_file, focus_line, without, written
from focus_reading import MONTH, assert_adds_up, read_mapped, totals

from pipelines.billing.file_months import months_of_file
from pipelines.billing.mapped import mapped_format
from pipelines.billing.mapping import parse_mapping
from pipelines.billing.registered import format_of
from pipelines.contracts import BASES
from pipelines.errors import BilledInTokens, BillUnreadable, SettingsInvalid
from pipelines.settings import BillSource

RUNPOD = """
[columns]
BilledCost = "amount"
ChargePeriodStart = "time"
ResourceId = { concat = ["endpointId", "podId"], with = "/" }
SkuMeter = "gpuTypeId"
ConsumedQuantity = "timeBilledMs"
[constants]
BillingCurrency = "USD"
ServiceProviderName = "RunPod"
ServiceName = "GPU cloud"
ServiceCategory = "AI and Machine Learning"
ChargeCategory = "Usage"
ConsumedUnit = "ms"
[reading]
billing_month = "time"
charge_period = "day"
"""
"""The billing history RunPod documents for its API (`GET /v1/billing/pods`)."""

GERMAN = """
[columns]
BilledCost = "Betrag"
ChargePeriodStart = "Tag"
ChargeCategory = "Art"
ResourceId = "Rechner"
[constants]
BillingCurrency = "EUR"
ServiceProviderName = "Rechenzentrum Nord"
ServiceName = "GPU-Miete"
[tags]
team = "Kostenstelle"
'the "model"' = "Modell"
[words.ChargeCategory]
Nutzung = "Usage"
Gutschrift = "Credit"
[leave_out]
Tag = ["Summe", ""]
[reading]
billing_month = "Tag"
charge_period = "day"
dates = "%d.%m.%Y"
decimal = ","
thousands = "."
"""


def german(*rows: str) -> str:
    return "\n".join(("Tag;Betrag;Art;Rechner;Kostenstelle;Modell", *rows, ""))


def read_german(folder: Path, *rows: str, more: str = "") -> object:
    file = written(folder / "in", german(*rows), "bill.csv")
    return read_mapped(folder, [file], GERMAN + more)


def test_a_gpu_cloud_s_billing_history_is_read_without_code(tmp_path: Path) -> None:
    records = [
        {
            "amount": 100.5,
            "diskSpaceBilledGb": 50,
            "gpuTypeId": "NVIDIA GeForce RTX 4090",
            "podId": "xedezhzb9la3ye",
            "time": "2026-05-03T00:00:00Z",
            "timeBilledMs": 86400000,
        },
        {"amount": 0.25, "endpointId": "jpnw0v75y3qoql", "time": "2026-06-01T00:00:00Z"},
    ]
    text = "".join(json.dumps(record) + "\n" for record in records)
    file = written(tmp_path / "in", text, "pods.jsonl")
    may = read_mapped(tmp_path / "5", [file], RUNPOD)
    june = read_mapped(tmp_path / "6", [file], RUNPOD, "2026-06")
    charge = only(may)
    assert charge["ChargePeriodStart"] == datetime(2026, 5, 3)
    assert charge["ChargePeriodEnd"] == datetime(2026, 5, 4)
    assert charge["BillingPeriodEnd"] == datetime(2026, 6, 1)
    assert [charge[basis] for basis in BASES] == [D("100.5")] * 4
    names = ("ResourceId", "SkuMeter", "ConsumedQuantity", "ConsumedUnit", "ServiceProviderName")
    assert [charge[name] for name in names] == [
        *("xedezhzb9la3ye", "NVIDIA GeForce RTX 4090", D(86400000), "ms", "RunPod")
    ]
    assert only(june)["ResourceId"] == "jpnw0v75y3qoql"
    assert_adds_up(may)
    assert_adds_up(june)


def test_a_german_csv_with_a_total_is_read_without_code(tmp_path: Path) -> None:
    rows = ('01.05.2026;1.234,50;Nutzung;gpu-1;KI;"a ""b"""', "31.05.2026;-0,5;Gutschrift;gpu-1;;")
    tables = read_german(tmp_path, *rows, "Summe;1.234,00;;;;", ";1.234,00;;;;")
    assert totals(tables) == {"EUR": D("1234.00")}
    found = charges(tables).select("ChargeCategory", "ChargePeriodStart", "x_SourceLine").rows()
    assert found == [
        ("Usage", datetime(2026, 5, 1), 2),
        ("Credit", datetime(2026, 5, 31), 3),
    ]
    tags = [json.loads(text) for text in charges(tables)["Tags"]]
    assert tags == [{"team": "KI", 'the "model"': 'a "b"'}, {}]
    assert_adds_up(tables)


def test_a_mapped_file_s_months_are_found_by_looking_into_it(tmp_path: Path) -> None:
    rows = ("01.05.2026;1;Nutzung;;;", "02.06.2026;2;Nutzung;;;", "Summe;3;;;;")
    file = written(tmp_path, german(*rows), "bill.csv")
    source = BillSource(name="shop", path="bills", format="mapped", mapping="my.toml")
    with duckdb.connect() as con:
        months = months_of_file(con, source, mapped_format(GERMAN, "my.toml"), file, tmp_path)
    assert months == ["2026-05", "2026-06"]


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("01.05.2026;1,234.50;Nutzung;;;", "BilledCost '1,234.50 (not a number with decimal ,"),
        ("01.05.2026;1.23;Nutzung;;;", "BilledCost '1.23 (not a number with decimal ,"),
        ("01.05.2026;12.34.567;Nutzung;;;", "BilledCost '12.34.567 (not a number"),
        ("01.05.2026;zwei;Nutzung;;;", "BilledCost 'zwei (not a number"),
        ("01.05.2026;;Nutzung;;;", "BilledCost is empty."),
        ("2026-05-01;1,5;Nutzung;;;", "BillingPeriodStart '2026-05-01 (not %d.%m.%Y)'"),
        ("31.02.2026;1,5;Nutzung;;;", "BillingPeriodStart '31.02.2026 (not %d.%m.%Y)'"),
        ("01.05.2026;1,5;Umlage;;;", "ChargeCategory 'Umlage' is none of Usage"),
    ],
)
def test_what_is_not_written_as_the_mapping_says_stops_the_month(
    tmp_path: Path, row: str, said: str
) -> None:
    with pytest.raises(BillUnreadable) as caught:
        read_german(tmp_path, "01.05.2026;1;Nutzung;;;", "02.05.2026;1;Nutzung;;;", row)
    assert f"bill.csv, line 4: {said}" in str(caught.value)


PLAIN = """
[columns]
BilledCost = "cost"
ChargePeriodStart = "at"
[constants]
BillingCurrency = "USD"
ServiceProviderName = "X"
ServiceName = "Y"
ChargeCategory = "Usage"
[reading]
billing_month = "at"
"""


def one(folder: Path, reading: str, at: str, cost: str = "1", month: str = MONTH) -> dict[str, D]:
    file = written(folder / "in", csv_text([{"at": at, "cost": cost}]), "a.csv")
    hour = "" if "charge_period" in reading else 'charge_period = "hour"\n'
    return only(read_mapped(folder, [file], PLAIN + hour + reading, month))


@pytest.mark.parametrize(
    ("reading", "at", "instant"),
    [
        ("", "2026-05-02T10:00:00Z", datetime(2026, 5, 2, 10)),
        ("", "2026-05-02 12:00:00+02:00", datetime(2026, 5, 2, 10)),
        ('timezone = "Europe/Berlin"', "2026-05-02 12:00", datetime(2026, 5, 2, 10)),
        ('timezone = "Europe/Berlin"', "2026-05-02 12:00:00Z", datetime(2026, 5, 2, 12)),
        ('dates = "%m/%d/%Y %I:%M %p"', "05/02/2026 10:00 AM", datetime(2026, 5, 2, 10)),
        (
            'dates = "%d.%m.%Y %H:%M"\ntimezone = "Europe/Berlin"',
            "02.05.2026 12:00",
            datetime(2026, 5, 2, 10),
        ),
        ('dates = "%d %b %Y %H:%M %z"', "02 May 2026 12:00 +0200", datetime(2026, 5, 2, 10)),
        ('dates = "unix"', "1777716000", datetime(2026, 5, 2, 10)),
        ('dates = "unix_ms"', "1777716000000", datetime(2026, 5, 2, 10)),
    ],
)
def test_a_date_is_read_in_its_form_and_zone(
    tmp_path: Path, reading: str, at: str, instant: datetime
) -> None:
    charge = one(tmp_path, reading, at)
    assert charge["ChargePeriodStart"] == instant
    assert charge["ChargePeriodEnd"] == instant.replace(hour=instant.hour + 1)


def test_the_billing_month_is_that_of_the_mapping_s_zone(tmp_path: Path) -> None:
    berlin = 'timezone = "Europe/Berlin"'
    at = "2026-04-30T22:00:00Z"
    assert one(tmp_path / "B", berlin, at)["billing_month"] == "2026-05"
    assert one(tmp_path / "U", "", at, month="2026-04")["billing_month"] == "2026-04"


def test_a_day_may_have_23_hours(tmp_path: Path) -> None:
    reading = 'timezone = "Europe/Berlin"\ncharge_period = "day"'
    charge = one(tmp_path, reading, "2026-03-29", month="2026-03")
    assert charge["ChargePeriodStart"] == datetime(2026, 3, 28, 23)
    assert charge["ChargePeriodEnd"] == datetime(2026, 3, 29, 22)


@pytest.mark.parametrize(
    ("reading", "text", "amount"),
    [
        ("", "-1.5", "-1.5"),
        ("", "+1.5E-2", "0.015"),
        ("", ".5", "0.5"),
        ('decimal = ","', "-1234,56", "-1234.56"),
        ('thousands = ","', "1,234,567.89", "1234567.89"),
        ("thousands = ' '", "-1 234.5", "-1234.5"),
        ('thousands = "\'"', "1'234.5", "1234.5"),
        ('sign = "negated"', "-12.50", "12.5"),
        ('sign = "negated"', "3", "-3"),
        ('sign = "negated"', "+3", "-3"),
        ('sign = "negated"', "0", "0"),
        ("", "0.1234567890123456785", "0.123456789012345678"),
    ],
)
def test_a_number_is_read_with_its_marks_and_its_sign(
    tmp_path: Path, reading: str, text: str, amount: str
) -> None:
    assert one(tmp_path, reading, "2026-05-02", text)["BilledCost"] == D(amount)


@pytest.mark.parametrize(
    ("reading", "text"),
    [('thousands = ","', "1,23"), ('thousands = ","', "1,234,56.7"), ("", "1,5")],
)
def test_a_mark_in_a_wrong_place_is_no_number(tmp_path: Path, reading: str, text: str) -> None:
    with pytest.raises(BillUnreadable, match=r"BilledCost .* is not a number"):
        one(tmp_path, reading, "2026-05-02", text)


def test_a_date_column_of_another_form_has_its_own(tmp_path: Path) -> None:
    mapping = PLAIN.replace('billing_month = "at"', 'charge_period = "hour"').replace(
        "[constants]", 'BillingPeriodStart = "invoice month"\n[constants]'
    )
    line = {"at": "2026-04-30T23:00:00Z", "cost": "1", "invoice month": "202605"}
    file = written(tmp_path / "in", csv_text([line]), "a.csv")
    dates = '[reading.dates_of]\nBillingPeriodStart = "%Y%m"\n'
    charge = only(read_mapped(tmp_path, [file], mapping + dates))
    assert (charge["billing_month"], charge["charge_month"]) == ("2026-05", "2026-04")


@pytest.mark.parametrize("name", ["bill.csv", "bill.csv.gz", "bill.jsonl", "bill.parquet"])
def test_a_focus_dataset_that_lacks_a_core_column_can_be_told_it(tmp_path: Path, name: str) -> None:
    lines = [without(focus_line("1.5", Tags='{"model":"a"}'), "BillingCurrency")]
    file = focus_file(tmp_path / "in", lines, name)
    mapping = 'focus_columns = true\n[constants]\nBillingCurrency = "EUR"\n'
    tables = read_mapped(tmp_path, [file], mapping)
    charge = only(tables)
    names = ("BillingCurrency", "BilledCost", "Tags", "InvoiceIssuerName")
    assert [charge[name] for name in names] == ["EUR", D("1.5"), '{"model":"a"}', "Solora AI Inc."]
    assert tables.warnings == []


def test_a_mapped_bill_in_tokens_has_the_error_of_a_token_pack(tmp_path: Path) -> None:
    lines = [focus_line(BillingCurrency="Credits")]
    with pytest.raises(BilledInTokens):
        read_mapped(tmp_path, lines, "focus_columns = true\n")


def test_a_column_the_file_does_not_have_is_named_with_its_key_and_the_nearest(
    tmp_path: Path,
) -> None:
    file = written(tmp_path, csv_text([{"at": "2026-05-01", "Cost (USD)": "1"}]), "a.csv")
    with pytest.raises(BillUnreadable) as caught:
        read_mapped(tmp_path, [file], PLAIN + 'charge_period = "day"\n')
    assert (
        "a.csv has no column 'cost', which columns.BilledCost of my.toml names; the nearest there "
        "is is 'Cost (USD)'"
    ) in str(caught.value)


def test_columns_that_cannot_be_told_apart_are_refused(tmp_path: Path) -> None:
    file = written(tmp_path, "at,cost,Cost $\n2026-05-01,1,2\n", "a.csv")
    with pytest.raises(BillUnreadable, match=r"columns 'cost', 'Cost \$', which cannot be told"):
        read_mapped(tmp_path, [file], PLAIN + 'charge_period = "day"\n')


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        (
            '[columns]\nBiledCost = "x"\n',
            ["columns: 'BiledCost' is no FOCUS column that is read; the nearest is 'BilledCost'"],
        ),
        (
            "colums = 1\n",
            ["colums: Extra inputs are not permitted (given: 1)"],
        ),
        (
            PLAIN + 'charge_period = "week"\ndates = "yyyy-mm-dd"\ntimezone = "Berlin"\n',
            [
                "reading.charge_period: Input should be 'hour', 'day' or 'month' (given: 'week')",
                "reading.dates: is none of iso, unix, unix_ms and no strptime format that is read "
                "(it has no %) (given: 'yyyy-mm-dd')",
                "reading.timezone: is no time zone of the IANA database, such as Europe/Berlin "
                "(given: 'Berlin')",
            ],
        ),
        (
            PLAIN + 'charge_period = "day"\ndates = "%Y-%m-%d %Z"\n',
            [
                "reading.dates: is none of iso, unix, unix_ms and no strptime format that is read "
                "(%Z) (given: '%Y-%m-%d %Z')"
            ],
        ),
        (
            PLAIN.replace('"USD"', '"Tokens"') + 'charge_period = "day"\n',
            ["constants.BillingCurrency: 'Tokens' is no currency of ISO 4217, such as EUR"],
        ),
        (
            PLAIN.replace('ServiceName = "Y"', ""),
            [
                "ServiceName is missing: name it under [columns] or [constants]",
                "how long a line is is missing: name ChargePeriodEnd, or say reading.charge_period "
                '= "hour", "day" or "month"',
            ],
        ),
        (
            PLAIN.replace("[constants]", '[constants]\nBilledCost = "1"')
            + 'charge_period = "day"\n[tags]\na = "b"\n[words.SkuId]\na = "b"\n',
            [
                "BilledCost is both a column and a constant",
                "words.SkuId: there is no such column under [columns]",
            ],
        ),
        (
            PLAIN + 'charge_period = "day"\ndecimal = ","\nthousands = ","\n',
            ["reading: decimal and thousands are the same mark"],
        ),
        (
            PLAIN.replace("[constants]", 'Tags = "labels"\n[constants]')
            + 'charge_period = "day"\n[tags]\na = "b"\n',
            ["tags are given as [tags] and as the column Tags: one of them"],
        ),
        ("[columns\n", ["not TOML"]),
    ],
)
def test_a_mapping_file_s_mistakes_are_named_by_their_keys(text: str, problems: list[str]) -> None:
    with pytest.raises(SettingsInvalid) as caught:
        parse_mapping(text, "my.toml")
    said = str(caught.value)
    assert said.startswith("my.toml cannot be used:\n")
    for problem in problems:
        assert problem in said


def test_a_source_s_mapping_makes_its_format() -> None:
    source = BillSource(name="shop", path="bills", format="mapped", mapping="my.toml")
    assert format_of(source, RUNPOD).name == "mapped"
    with pytest.raises(SettingsInvalid, match=r"my\.toml cannot be used"):
        format_of(source, "columns = 1")
