"""FOCUS datasets that cannot be read: each stops its month and says why."""

from pathlib import Path

import pytest
from focus_builders import Line, focus_file, focus_line, without
from focus_reading import MONTH, read_focus

from pipelines.errors import BilledInTokens, BillUnreadable

HEAD = f"{MONTH}: the bill of source 'shop' was not read: "


def error(tmp_path: Path, *lines: Line, told: bool = False) -> str:
    with pytest.raises(BillUnreadable) as caught:
        read_focus(tmp_path, lines, told=told)
    text = str(caught.value)
    assert text.startswith(HEAD)
    assert "The month was not published for this source. Look at " in text
    return text.removeprefix(HEAD).splitlines()[0]


@pytest.mark.parametrize(
    ("column", "nearest"),
    [
        ("BilledCost", "ListCost"),
        ("BillingCurrency", "BillingPeriodEnd"),
        ("BillingPeriodStart", "BillingPeriodEnd"),
        ("ChargePeriodStart", "ChargePeriodEnd"),
        ("ChargeCategory", "ServiceCategory"),
    ],
)
def test_a_dataset_without_a_core_column_is_refused(
    tmp_path: Path, column: str, nearest: str
) -> None:
    said = error(tmp_path, without(focus_line(), column))
    assert said == f"focus.csv has no column '{column}'; the nearest there is is '{nearest}'"


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"BilledCost": ""}, "BilledCost is empty."),
        ({"BilledCost": "1,5"}, "BilledCost '1,5' is not a number."),
        ({"EffectiveCost": "1_000"}, "EffectiveCost '1_000' is not a number."),
        ({"ListCost": "1e30"}, "ListCost '1e30' has more than 20 digits before the point."),
        ({"BillingCurrency": ""}, "BillingCurrency is empty."),
        ({"ChargeCategory": ""}, "ChargeCategory is empty."),
        (
            {"ChargeCategory": "Fee"},
            "ChargeCategory 'Fee' is none of Usage, Purchase, Tax, Credit, Adjustment.",
        ),
        ({"BillingPeriodStart": ""}, "BillingPeriodStart is empty."),
        (
            {"BillingPeriodStart": "05/01/2026"},
            "BillingPeriodStart '05/01/2026' is not a date and time.",
        ),
        (
            {"BillingPeriodEnd": "2026-05-01T00:00:00Z"},
            "BillingPeriodEnd '2026-05-01T00:00:00Z' is not after BillingPeriodStart.",
        ),
    ],
)
def test_a_field_money_hangs_on_stops_the_month(tmp_path: Path, changed: Line, said: str) -> None:
    lines = (focus_line(), focus_line(**changed), focus_line())
    assert error(tmp_path, *lines) == f"focus.csv, line 3: {said}"


def test_another_month_stops_a_delivery_that_tells_its_month(tmp_path: Path) -> None:
    said = error(tmp_path, focus_line(), focus_line(month="2026-04"), told=True)
    assert "line 3: BillingPeriodStart '2026-04-01T00:00:00Z' is another billing month" in said


@pytest.mark.parametrize("unit", ["Tokens", "Credits", "AWS_CREDITS", "usd", "XBT", "DBU"])
def test_a_token_pack_is_no_currency_and_has_its_own_error(tmp_path: Path, unit: str) -> None:
    lines = [focus_line(BillingCurrency="USD"), *(focus_line(BillingCurrency=unit),) * 2]
    with pytest.raises(BilledInTokens) as caught:
        read_focus(tmp_path, lines)
    assert (caught.value.unit, caught.value.lines) == (unit, 2)
    assert str(caught.value) == (
        f"{HEAD}2 of its lines are billed in {unit!r}, which is no currency of ISO 4217. Tokens "
        "and credits are no money: what was paid for them is billed where they were bought\n"
        "The month was not published for this source. Look at BillingCurrency in focus.csv, line "
        "3. If the provider also delivers the dataset in money, use that one; if not, the purchase "
        "of the tokens is the cost."
    )


def test_a_token_pack_of_another_month_does_not_stop_this_one(tmp_path: Path) -> None:
    june = focus_line(month="2026-06", BillingCurrency="Tokens")
    read_focus(tmp_path, [focus_line(), june])


def swapped(line: Line, one: str, other: str) -> Line:
    """A line whose header has two names in each other's place."""
    return {**line, one: line[other], other: line[one]}


@pytest.mark.parametrize(
    ("one", "other", "said"),
    [
        ("BilledCost", "ServiceName", "BilledCost over 'Generative AI API'"),
        ("EffectiveCost", "ResourceId", "EffectiveCost over"),
        ("BilledCost", "ChargePeriodStart", "BilledCost over '2026-05-02T10:00:00Z', Charge"),
        ("BillingPeriodStart", "BillingCurrency", "BillingCurrency over '2026-05-01T00:00:00Z'"),
        ("ChargePeriodStart", "BillingCurrency", "BillingCurrency over '2026-05-02T10:00:00Z'"),
        ("ChargeCategory", "BillingCurrency", "ChargeCategory over 'USD'"),
        ("ChargeCategory", "ListCost", "ListCost over 'Usage'"),
    ],
)
def test_header_names_in_each_other_s_place_are_noticed(
    tmp_path: Path, one: str, other: str, said: str
) -> None:
    lines = [swapped(focus_line(str(n), ResourceId="node"), one, other) for n in range(1, 5)]
    text = error(tmp_path, *lines)
    assert text.startswith(
        "the header names of focus.csv are not in place: most of its lines have "
    )
    assert said in text


def test_swapped_billing_and_charge_periods_are_noticed(tmp_path: Path) -> None:
    lines = [
        swapped(
            focus_line(ChargePeriodStart=f"2026-05-02T{hour:02}:00:00Z"),
            "BillingPeriodStart",
            "ChargePeriodStart",
        )
        for hour in range(1, 9)
    ]
    assert error(tmp_path, *lines) == (
        "the header names of focus.csv are not in place: 8 billing periods, such as "
        "'2026-05-02T01:00:00Z', for 1 charge periods: BillingPeriodStart and ChargePeriodStart "
        "seem to be swapped"
    )


def test_a_month_delivered_twice_under_two_names_stops(tmp_path: Path) -> None:
    lines = [focus_line(str(n), ResourceId=f"r-{n}") for n in range(1, 4)]
    files = [focus_file(tmp_path, lines, name) for name in ("may.csv", "may-final.csv")]
    with pytest.raises(BillUnreadable, match="the month seems to be delivered twice: 3 of the 3"):
        read_focus(tmp_path, files)
