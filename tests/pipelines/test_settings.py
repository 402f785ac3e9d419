"""What a person who writes `modelspend.toml` is told."""

import re
from datetime import datetime

import pytest

from pipelines.errors import SettingsInvalid
from pipelines.settings import parse_settings

BILL = '[[bills]]\nname = "aws"\npath = "bills"\n'


def log(covers: str) -> str:
    return f'{BILL}[[logs]]\nname = "gateway"\npath = "logs"\n[[logs.covers]]\n{covers}\n'


def test_the_least_settings_are_one_bill() -> None:
    settings = parse_settings(BILL)
    assert settings.bills[0].format == "aws-cur"
    assert settings.attribution.idle_measure == "capacity"
    assert settings.attribution.idle_bearer == "kept"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "bills: Field required"),
        ("bills = []", "bills: List should have at least 1 item"),
        (BILL + "[lakes]\npath = 'x'\n", "lakes: Extra inputs are not permitted"),
        (
            BILL + '[attribution]\nidle_bearer = "nobody"\n',
            "attribution.idle_bearer: Input should be",
        ),
        (BILL + BILL, "two bills sources are named 'aws'"),
        ('[[bills]]\nname = "AWS bill"\npath = "x"\n', "bills.0.name: String should match"),
        ("bills = [", "not TOML"),
        (log("from = 2026-09-01T00:00:00\nuntil = 2026-10-01T00:00:00Z"), "has no time zone"),
        (log("from = 2026-10-01\nuntil = 2026-09-01"), "runs backwards"),
        ('first_month = "2026"\n' + BILL, "first_month: String should match"),
    ],
)
def test_a_mistake_is_named_with_its_key(text: str, says: str) -> None:
    with pytest.raises(SettingsInvalid, match=says.replace("[", r"\[")) as caught:
        parse_settings(text, "shop/modelspend.toml")
    assert str(caught.value).startswith("shop/modelspend.toml cannot be used:")


def test_every_mistake_is_named_at_once() -> None:
    with pytest.raises(SettingsInvalid) as caught:
        parse_settings('colour = 1\nsize = 2\n[[bills]]\nname = "aws"\n')
    assert len(caught.value.problems) == 3


@pytest.mark.parametrize(
    "start", ["2026-09-01", "2026-09-01T02:00:00+02:00", '"2026-09-01T00:00:00Z"']
)
def test_instants_may_be_dates_carry_a_zone_or_be_text(start: str) -> None:
    settings = parse_settings(log(f"from = {start}\nuntil = 2026-10-01"))
    assert settings.logs[0].covers[0].from_ == datetime(2026, 9, 1)


def test_the_earlier_name_of_aws_s_format_still_holds():
    text = '[[bills]]\nname = "aws"\nformat = "aws-cur-legacy"\npath = "bill"'
    assert parse_settings(text).bills[0].format == "aws-cur"


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ('format = "mapped"', 'a mapping file and format = "mapped" go together'),
        ('mapping = "my.toml"', 'a mapping file and format = "mapped" go together'),
        ('amortized_path = "x"', 'amortized_path is for format = "azure"'),
        ('format = "excel"', "bills.0.format"),
    ],
)
def test_a_format_has_the_keys_it_needs_and_no_other_s(lines, said):
    text = f'[[bills]]\nname = "b"\npath = "bill"\n{lines}'
    with pytest.raises(SettingsInvalid, match=re.escape(said)):
        parse_settings(text)
