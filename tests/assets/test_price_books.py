"""Price books and rates of exchange as files of a project."""

import gzip
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from assets.deliveries import collect_inputs
from assets.fx import read_rates
from assets.price_books import MACHINE_READERS, TOKEN_READERS, read_machine_prices, read_prices
from assets.project import Project
from pipelines.errors import SettingsInvalid
from pipelines.prices.machine_prices import MachinePrice, NoPrice
from pipelines.settings import PriceBook

SETTINGS = """
bills = [{ name = "aws", path = "bills" }]

[[price_books]]
name = "contract"
format = "machines"
path = "machines.csv"

[[price_books]]
name = "tokens"
path = "tokens.csv"

[[price_books]]
name = "list"
format = "aws-ec2"
path = "list.csv.gz"
from = 2026-07-20

[[fx_rates]]
name = "treasury"
path = "fx.csv"
"""
MACHINES = "provider,machine,price,currency,valid_from\naws,p5.48xlarge,40,USD,2026-09-01\n"
LIST = "region,instance_type,usd_per_hour\nus-east-1,p5.48xlarge,55.04\n"
FX = "from,to,rate,kind,month,source\nEUR,USD,1.08,budget,2026-09,treasury\n"
TOKENS = "provider,model,class,price_per_million,currency\nopenai,o3,input,2,USD\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "modelspend.toml").write_text(SETTINGS)
    (tmp_path / "catalogue.toml").write_text("")
    (tmp_path / "machines.csv").write_text(MACHINES)
    (tmp_path / "list.csv.gz").write_bytes(gzip.compress(LIST.encode()))
    (tmp_path / "fx.csv").write_text(FX)
    (tmp_path / "tokens.csv").write_text(TOKENS)
    return tmp_path


def inputs_digest(folder: Path) -> str:
    project = Project.load(folder / "modelspend.toml")
    now = datetime(2026, 10, 20, tzinfo=UTC)
    return collect_inputs(project, "2026-09", {}, {}, now, {}, []).digest


def test_books_of_machines_and_of_tokens_lie_side_by_side(folder: Path) -> None:
    project = Project.load(folder / "modelspend.toml")
    machines, tokens = read_machine_prices(project), read_prices(project)
    found = [
        machines.at("aws", "us-east-1", "p5.48xlarge", at)
        for at in (datetime(2026, 9, 1), datetime(2026, 8, 31), datetime(2026, 7, 19))
    ]
    assert [one.price for one in found if isinstance(one, MachinePrice)] == [40, Decimal("55.04")]
    assert found[2] == NoPrice(
        "not_yet",
        "price book contract has p5.48xlarge only from 2026-09-01; price book list has "
        "p5.48xlarge only from 2026-07-20",
    )
    [price] = tokens.of("openai", "o3", "", "", is_batch=False)
    assert price.prices["input"] == Decimal("0.000002")


def test_rates_of_exchange_are_read_from_their_file(folder: Path) -> None:
    rates = read_rates(Project.load(folder / "modelspend.toml"))
    assert rates.rate("EUR", "USD", "budget", "2026-09") == Decimal("1.08")


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("fx.csv", FX.replace("1.08", "1.09")),
        ("machines.csv", MACHINES.replace("40", "41")),
    ],
)
def test_another_price_or_rate_is_another_input_of_every_month(
    folder: Path, file: str, text: str
) -> None:
    before = inputs_digest(folder)
    assert inputs_digest(folder) == before
    (folder / file).write_text(text)
    assert inputs_digest(folder) != before


def test_a_path_that_is_several_files_is_named_by_its_key(folder: Path) -> None:
    (folder / "rates").mkdir()
    for name in ("a.csv", "b.csv"):
        (folder / "rates" / name).write_text(FX)
    settings = folder / "modelspend.toml"
    settings.write_text(SETTINGS.replace("fx.csv", "rates"))
    with pytest.raises(SettingsInvalid, match=r"fx_rates\.treasury\.path: .*2 files"):
        read_rates(Project.load(settings))


def test_a_mistake_in_a_book_names_the_file_and_the_line(folder: Path) -> None:
    (folder / "machines.csv").write_text(MACHINES.replace("40", "forty"))
    project = Project.load(folder / "modelspend.toml")
    with pytest.raises(
        SettingsInvalid, match=r"machines\.csv cannot be used:\n  - line 2: 'forty'"
    ):
        read_machine_prices(project)


def test_googles_book_without_a_region_is_refused_with_its_key(folder: Path) -> None:
    settings = folder / "modelspend.toml"
    settings.write_text(SETTINGS.replace('"aws-ec2"', '"gcp-machines"'))
    with pytest.raises(SettingsInvalid, match=r"price_books\.2: .*a region go together"):
        Project.load(settings)


def test_every_format_of_the_settings_has_its_reader() -> None:
    formats = PriceBook.model_json_schema()["properties"]["format"]["enum"]
    assert sorted(formats) == sorted(MACHINE_READERS | TOKEN_READERS)
