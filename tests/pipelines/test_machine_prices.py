"""What an hour of a machine costs: which price counts, and why there may be none."""

import gzip
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import pytest

from pipelines.errors import SettingsInvalid
from pipelines.prices.aws_ec2 import read_aws_ec2, read_aws_ec2_history
from pipelines.prices.azure_vm import read_azure_vm
from pipelines.prices.gcp_machines import read_gcp_machines
from pipelines.prices.machine_book import read_machines
from pipelines.prices.machine_prices import MachinePrice, MachinePrices, NoPrice

HEADER = "provider,region,machine,price,currency,per,valid_from,valid_until,source\n"
P5 = (
    HEADER + "aws,us-east-1,p5.48xlarge,98.32,USD,hour,2023-08-08,,launch\n"
    "aws,us-east-1,p5.48xlarge,55.04,USD,hour,2025-06-23,,price cut of June 2025\n"
)


def day(text: str) -> datetime:
    return datetime.fromisoformat(text)


def own(text: str, since: datetime | None = None, book: str = "ours") -> MachinePrices:
    return MachinePrices([read_machines(text, "machines.csv", book, since)])


def price(found: MachinePrice | NoPrice) -> Decimal:
    assert isinstance(found, MachinePrice), found
    return found.price


def reason(found: MachinePrice | NoPrice) -> str:
    assert isinstance(found, NoPrice), found
    return found.reason


def test_a_price_holds_until_the_next_one_begins() -> None:
    prices = own(P5)
    before = prices.at("aws", "us-east-1", "p5.48xlarge", day("2025-06-22T23:59:59"))
    after = prices.at("aws", "us-east-1", "p5.48xlarge", day("2025-06-23"))
    assert (price(before), price(after)) == (Decimal("98.32"), Decimal("55.04"))


def test_a_price_says_where_it_was_read() -> None:
    found = own(P5).at("aws", "us-east-1", "p5.48xlarge", day("2026-09-01"))
    assert isinstance(found, MachinePrice)
    assert found.said == (
        "p5.48xlarge in us-east-1: 55.04 USD an hour from 2025-06-23, price book ours, "
        "line 3 (price cut of June 2025)"
    )


def test_before_the_first_date_there_is_no_price() -> None:
    found = own(P5).at("aws", "us-east-1", "p5.48xlarge", day("2023-08-07"))
    assert found == NoPrice("not_yet", "price book ours has p5.48xlarge only from 2023-08-08")


def test_a_price_that_ended_is_none_until_the_next() -> None:
    prices = own(
        HEADER + "own,,dgx,20,EUR,hour,2025-01-01,2025-07-01,\nown,,dgx,21,EUR,hour,2026-01-01,,\n"
    )
    assert price(prices.at("own", "", "dgx", day("2025-06-30"))) == 20
    assert reason(prices.at("own", "", "dgx", day("2025-07-01"))) == (
        "price book ours has no price of dgx for 2025-07-01: the last one ended on 2025-07-01"
    )
    assert price(prices.at("own", "", "dgx", day("2026-01-01"))) == 21


def test_a_price_with_no_date_is_used_only_from_when_the_settings_say() -> None:
    undated = HEADER + "aws,us-east-1,g5.xlarge,1.006,USD,hour,,,a blog\n"
    assert own(undated).at("aws", "us-east-1", "g5.xlarge", day("2026-09-01")) == NoPrice(
        "no_date",
        "price with no date: price book ours does not say since when g5.xlarge costs 1.006 USD an "
        "hour, line 2 (a blog); give the book a `from`",
    )
    dated = own(undated, since=day("2026-07-20"))
    assert price(dated.at("aws", "us-east-1", "g5.xlarge", day("2026-09-01"))) == Decimal("1.006")
    assert "only from 2026-07-20" in reason(
        dated.at("aws", "us-east-1", "g5.xlarge", day("2026-07-19"))
    )


def test_two_currencies_are_told_apart_only_by_name() -> None:
    prices = own(
        HEADER + "aws,eu-central-1,g5.xlarge,1.258,USD,hour,2026-01-01,,\n"
        "aws,eu-central-1,g5.xlarge,1.16,EUR,hour,2026-01-01,,contract\n"
    )
    where = ("aws", "eu-central-1", "g5.xlarge", day("2026-09-01"))
    assert prices.at(*where) == NoPrice(
        "two_currencies",
        "two currencies: price book ours has g5.xlarge on 2026-09-01 at 1.258 USD and 1.16 EUR; "
        "name a currency",
    )
    assert price(prices.at(*where, currency="EUR")) == Decimal("1.16")
    assert reason(prices.at(*where, currency="GBP")) == (
        "price book ours has g5.xlarge in EUR and USD, not in GBP"
    )


def test_a_book_in_another_currency_than_asked_leaves_it_to_the_next() -> None:
    euros = read_machines(HEADER + "aws,,g5.xlarge,1,EUR,hour,2026-01-01,,\n", "a", "euros")
    dollars = read_machines(HEADER + "aws,,g5.xlarge,2,USD,hour,2026-01-01,,\n", "b", "dollars")
    prices = MachinePrices([euros, dollars])
    found = prices.at("aws", "", "g5.xlarge", day("2026-09-01"), currency="USD")
    assert price(found) == 2


def test_the_first_book_with_a_price_at_the_time_counts() -> None:
    contract = read_machines(HEADER + "aws,,g5.xlarge,0.9,USD,hour,2026-06-01,,\n", "a", "contract")
    listed = read_machines(HEADER + "aws,,g5.xlarge,1.006,USD,hour,2020-01-01,,\n", "b", "list")
    prices = MachinePrices([contract, listed])
    assert price(prices.at("aws", "", "g5.xlarge", day("2026-06-01"))) == Decimal("0.9")
    assert price(prices.at("aws", "", "g5.xlarge", day("2026-05-31"))) == Decimal("1.006")


def test_a_machine_of_another_region_has_no_price_here() -> None:
    prices = own(P5)
    assert reason(prices.at("aws", "eu-west-1", "p5.48xlarge", day("2026-09-01"))) == (
        "price book ours has p5.48xlarge not in eu-west-1, but in us-east-1"
    )


def test_a_region_is_left_out_only_where_there_is_one() -> None:
    assert price(own(P5).at("aws", "", "p5.48xlarge", day("2026-09-01"))) == Decimal("55.04")
    two = P5 + "aws,us-west-2,p5.48xlarge,60,USD,hour,2025-06-23,,\n"
    assert own(two).at("aws", "", "p5.48xlarge", day("2026-09-01")) == NoPrice(
        "ambiguous", "price book ours lists p5.48xlarge in us-east-1 and us-west-2: name one"
    )


def test_a_price_of_every_region_gives_way_to_the_regions_own() -> None:
    prices = own(
        HEADER + "lab,,h100,2.0,USD,hour,2026-01-01,,\nlab,oslo,h100,1.8,USD,hour,2026-01-01,,\n"
    )
    assert price(prices.at("lab", "oslo", "h100", day("2026-09-01"))) == Decimal("1.8")
    assert price(prices.at("lab", "lima", "h100", day("2026-09-01"))) == Decimal("2.0")


def test_a_machine_of_two_providers_needs_the_providers_name() -> None:
    prices = own(
        HEADER + "lambda,,h100,2.99,USD,hour,2026-01-01,,\nlab,,h100,2,USD,hour,2026-01-01,,\n"
    )
    assert reason(prices.at("", "", "h100", day("2026-09-01"))) == (
        "price book ours lists h100 of lab and lambda: name one"
    )
    assert price(prices.at("Lambda", "", "h100", day("2026-09-01"))) == Decimal("2.99")


def test_sagemakers_machine_is_never_given_ec2s_price() -> None:
    assert own(P5).at("aws", "us-east-1", "ml.p5.48xlarge", day("2026-09-01")) == NoPrice(
        "not_listed",
        "no price book lists ml.p5.48xlarge of aws; p5.48xlarge is listed, but SageMaker charges "
        "its own price for ml.p5.48xlarge",
    )


def test_without_any_book_that_is_the_reason() -> None:
    assert reason(MachinePrices().at("aws", "us-east-1", "g5.xlarge", day("2026-09-01"))) == (
        "no price of g5.xlarge of aws: no book of machines is configured"
    )


def test_a_listed_zero_is_no_price() -> None:
    prices = own(HEADER + "aws,,u-1.metal,0,USD,hour,2026-01-01,,\n")
    assert reason(prices.at("aws", "", "u-1.metal", day("2026-09-01"))) == (
        "price book ours lists u-1.metal at 0, which is no price (line 2)"
    )


def test_prices_per_minute_and_second_are_kept_exactly_per_hour() -> None:
    prices = own(
        HEADER + "a,,x,0.0001,USD,second,2026-01-01,,\na,,y,0.0333333333333333333,USD,minute,"
        "2026-01-01,,\n"
    )
    assert price(prices.at("a", "", "x", day("2026-09-01"))) == Decimal("0.36")
    # 0.0333333333333333333 x 60 = 1.999999999999999998
    assert price(prices.at("a", "", "y", day("2026-09-01"))) == Decimal("1.999999999999999998")


def test_spot_is_another_price_than_on_demand() -> None:
    text = (
        "provider,machine,price,currency,valid_from,purchase\n"
        "aws,g5.xlarge,1.006,USD,2026-01-01,\naws,g5.xlarge,0.4,USD,2026-01-01,spot\n"
    )
    prices = own(text)
    assert price(prices.at("aws", "", "g5.xlarge", day("2026-09-01"))) == Decimal("1.006")
    assert price(prices.at("aws", "", "g5.xlarge", day("2026-09-01"), purchase="spot")) == Decimal(
        "0.4"
    )


def test_every_mistake_of_a_book_is_named_with_its_line() -> None:
    rows = (
        "aws,,a,1 USD,USD,hour,2026-01-01,,\naws,,a,1,credits,hour,2026-01-01,,\n"
        "aws,,a,1,USD,month,2026-01-01,,\naws,,a,1,USD,hour,1st of May,,\n"
        "aws,,a,1,USD,hour,2026-05-01,2026-05-01,\naws,,,1,USD,hour,,,\naws,,a,-1,USD,hour,,,\n"
    )
    with pytest.raises(SettingsInvalid) as stopped:
        read_machines(HEADER + rows, "machines.csv")
    assert stopped.value.problems == [
        "line 2: '1 USD' is no price",
        "line 3: currency 'CREDITS' is none of ISO 4217",
        "line 4: per 'month' is none of hour, minute, second",
        "line 5: valid_from '1st of May' is no date written as 2026-09-01",
        "line 6: runs backwards: from 2026-05-01 until 2026-05-01",
        "line 7: provider and machine must be named",
        "line 8: '-1' is no price",
    ]


def test_a_price_with_thousands_parted_by_a_comma_is_no_price_of_1() -> None:
    text = "region,instance_type,usd_per_hour\nus-east-1,u7.huge,1,234.50\n"
    with pytest.raises(SettingsInvalid) as stopped:
        read_aws_ec2(text, "list.csv")
    assert stopped.value.problems == [
        "line 2: a cell without a column: '234.50'; a cell with a comma stands in \"\""
    ]


def test_a_list_whose_quotation_mark_never_ends_is_no_csv() -> None:
    text = 'region,instance_type,usd_per_hour\nus-east-1,"u7,1\n' + "us-east-1,u8,2\n" * 10_000
    with pytest.raises(SettingsInvalid, match="it is no CSV: field larger than"):
        read_aws_ec2(text, "list.csv")


@pytest.mark.parametrize("cell", ["1e400", "1e-30", "NaN", ""])
def test_what_money_has_no_digits_for_is_no_price(cell: str) -> None:
    with pytest.raises(SettingsInvalid, match=f"'{cell}' is no price"):
        own(HEADER + f"aws,,a,{cell},USD,hour,2026-01-01,,\n")


def test_one_price_given_twice_stops_the_book() -> None:
    with pytest.raises(SettingsInvalid, match=r"line 4: a second price of P5\.48xlarge from 2025"):
        own(P5 + "aws,us-east-1,P5.48xlarge,56,USD,hour,2025-06-23,,\n")


def test_a_missing_column_is_named() -> None:
    with pytest.raises(SettingsInvalid, match="it has no column currency"):
        read_machines("provider,machine,price\n", "machines.csv")


def test_what_a_machine_cost_between_two_looks_at_its_price_is_not_known() -> None:
    history = (
        "region,instance_type,usd_per_hour,previous_usd_per_hour,previous_snapshot,observed_at,"
        "commit\nus-east-1,p5.48xlarge,98.32,,2023-07-24,2023-08-08,4caa48d9b8\n"
        "us-east-1,p5.48xlarge,55.04,98.32,2025-04-28,2025-06-23,1b59328e55\n"
    )
    prices = MachinePrices([read_aws_ec2_history(history, "h.csv", "history")])
    last = prices.at("aws", "us-east-1", "p5.48xlarge", day("2025-04-28T23:00"))
    unsure = [
        prices.at("aws", "us-east-1", "p5.48xlarge", day(when))
        for when in ("2025-04-29", "2025-05-01", "2025-06-22T23:00")
    ]
    seen = prices.at("aws", "us-east-1", "p5.48xlarge", day("2025-06-23"))
    assert price(last) == Decimal("98.32")
    assert [isinstance(one, NoPrice) and one.cause for one in unsure] == ["unseen"] * 3
    assert reason(unsure[1]) == (
        "price book history does not know what p5.48xlarge cost on 2025-05-01: 98.32 USD an hour "
        "was last seen on 2025-04-28, 55.04 first on 2025-06-23 (line 3 (commit 1b59328e55)); a "
        "book of your own that says the day of the change decides"
    )
    both = MachinePrices(
        [
            read_aws_ec2_history(history, "h.csv", "history"),
            read_machines(P5.replace("2025-06-23", "2025-06-01"), "m.csv", "ours"),
        ]
    )
    known = both.at("aws", "us-east-1", "p5.48xlarge", day("2025-06-02"))
    assert price(known) == Decimal("55.04")
    assert isinstance(seen, MachinePrice)
    assert seen.said == (
        "p5.48xlarge in us-east-1: 55.04 USD an hour from 2025-06-23, price book history, "
        "line 3 (commit 1b59328e55); 98.32 USD until some day between 2025-04-28 and 2025-06-23"
    )


def test_a_broken_history_names_its_lines() -> None:
    text = (
        "region,instance_type,usd_per_hour,previous_usd_per_hour,previous_snapshot,observed_at\n"
        "us-east-1,a,1,,,soon\nus-east-1,b,,,,2026-01-01\n"
    )
    with pytest.raises(SettingsInvalid) as stopped:
        read_aws_ec2_history(text, "h.csv")
    assert stopped.value.problems == [
        "line 2: Invalid isoformat string: 'soon'",
        "line 3: '' is no price",
    ]


@pytest.mark.parametrize(
    ("asked", "region"),
    [("Standard_NM16ads_MA35D", "westeurope"), ("NM16ads MA35D", "West Europe")],
)
def test_azures_sizes_are_found_as_lists_and_as_bills_write_them(asked: str, region: str) -> None:
    text = "region,vm_size,usd_per_hour\nwesteurope,Standard_NM16ads_MA35D  ,2.535\n"
    prices = MachinePrices([read_azure_vm(text, "a.csv", "azure", day("2026-06-18"))])
    assert price(prices.at("azure", region, asked, day("2026-09-01"))) == Decimal("2.535")


def test_googles_table_has_the_region_of_the_settings_and_a_spot_price() -> None:
    text = (
        "kind,name,usd_per_hour_ondemand,usd_per_hour_spot\n"
        "machine_type,a2-highgpu-1g,3.673385,1.102016\nattached_gpu,nvidia-tesla-t4,0.35,\n"
    )
    prices = MachinePrices(
        [read_gcp_machines(text, "g.csv", "us-central1", "gcp", day("2026-01-01"))]
    )
    when = day("2026-09-01")
    machine = ("Google", "us-central1", "a2-highgpu-1g", when)
    assert price(prices.at(*machine)) == Decimal("3.673385")
    assert price(prices.at(*machine, purchase="spot")) == Decimal("1.102016")
    card = prices.at("gcp", "us-central1", "nvidia-tesla-t4", when)
    assert isinstance(card, MachinePrice)
    assert card.note == "one card, without its machine"
    assert (
        reason(prices.at("gcp", "us-central1", "nvidia-tesla-t4", when, purchase="spot"))
        == "no price book lists nvidia-tesla-t4 of gcp at spot"
    )


def test_the_published_lists_of_three_providers_are_read_whole(shared_data: Path) -> None:
    """Counts, dates and prices are those of the files' own README."""
    folder, seen = shared_data / "prices", day("2026-07-20")

    def text(name: str) -> str:
        return gzip.decompress((folder / name).read_bytes()).decode()

    listed = read_aws_ec2(text("aws_ec2_ondemand_us-east-1_2026-07-20.csv.gz"), "a", "list", seen)
    azure = read_azure_vm(text("azure_vm_accelerator_ondemand_2026-06-18.csv.gz"), "b", "az", seen)
    google = read_gcp_machines(
        (folder / "gcp_gpu_us-central1_undated.csv").read_text(), "c", "us-central1", "gcp"
    )
    history = read_aws_ec2_history(
        (folder / "aws_ec2_accelerator_price_history_us-east-1.csv").read_text(), "d", "history"
    )
    # Google's 22 rows have two prices each
    assert [len(book) for book in (listed, azure, google, history)] == [1367, 1421, 44, 95]
    assert len({one.machine for one in azure}) == 97
    assert len({one.machine for one in history}) == 91

    prices = MachinePrices([history, listed, azure, google])
    for machine, before, after in (
        ("p4d.24xlarge", "32.7726", "21.957642"),
        ("p4de.24xlarge", "40.96575", "27.44705"),
        ("p5.48xlarge", "98.32", "55.04"),
        ("p5en.48xlarge", "84.80", "63.296"),
    ):
        old = prices.at("aws", "us-east-1", machine, day("2025-04-28"))
        new = prices.at("aws", "us-east-1", machine, day("2025-06-23"))
        assert (price(old), price(new)) == (Decimal(before), Decimal(after))
        # the history ends with the list of 2026-07-20
        [last] = [one.price for one in listed if one.machine == machine]
        assert last == Decimal(after)
    assert reason(prices.at("aws", "us-east-1", "p5.48xlarge", day("2023-08-07"))) == (
        "price book history has p5.48xlarge only from 2023-08-08; "
        "price book list has p5.48xlarge only from 2026-07-20"
    )
    undated = prices.at("gcp", "us-central1", "a2-ultragpu-8g", day("2026-09-01"))
    assert reason(undated).startswith("price with no date: price book gcp does not say since when")
