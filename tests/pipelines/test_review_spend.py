from decimal import Decimal

import pytest
from review_frames import frame, published, spend, values

from pipelines.contracts import MODEL_DAYS, MODEL_MONTHS
from pipelines.review.month import meanings, month_review, months_review
from pipelines.review.spend import day_sheets, months_sheets, spend_sheets

D = Decimal


def month(*rows: dict[str, object], **publication: object):
    return published(model_months=frame(MODEL_MONTHS, *rows), publication=publication)


def test_a_model_is_the_subtotal_of_its_versions_and_the_month_ends_in_its_total():
    [sheet] = spend_sheets(
        month(
            spend("700", model="search-rank", model_version="8", component="inference"),
            spend("40", model="search-rank", model_version="8", component="storage"),
            spend("60", model="search-rank", model_version="7", component="inference"),
            spend("300", bucket="idle", component="inference"),
            spend("-0.01", bucket="overhead"),
        ),
        "effective",
    )
    assert values(sheet, "section", "model", "model_version", "inference", "storage", "total") == [
        ("model", "search-rank", None, D(760), D(40), D(800)),
        ("model", "search-rank", "7", D(60), D(0), D(60)),
        ("model", "search-rank", "8", D(700), D(40), D(740)),
        ("all models", None, None, D(760), D(40), D(800)),
        ("shared_pool", None, None, None, None, D(0)),
        ("idle", None, None, None, None, D(300)),
        ("commitment", None, None, None, None, D(0)),
        ("overhead", None, None, None, None, D("-0.01")),
        ("unattributed", None, None, None, None, D(0)),
        ("not_ai", None, None, None, None, D(0)),
        ("total", None, None, None, None, D("1099.99")),
    ]


def test_lines_and_details_add_up_to_the_total_and_subtotals_are_marked():
    [sheet] = spend_sheets(
        month(
            spend("1.000000000000000001", model="a", model_version="1", component="training"),
            spend("2", model="b", bucket="model", component="inference"),
            spend("4", bucket="not_ai"),
        ),
        "effective",
    )
    parts = [row.values["total"] for row in sheet.rows if row.level in ("line", "detail")]
    assert sum(parts, D(0)) == sheet.rows[-1].values["total"] == D("7.000000000000000001")


def test_spend_whose_version_is_unknown_is_shown_as_all_versions():
    [sheet] = spend_sheets(
        month(
            spend("5", bucket="model", model="search-rank", component="inference"),
            spend(
                "6",
                bucket="model",
                model="search-rank",
                model_version="(experiments)",
                component="training",
            ),
        ),
        "effective",
    )
    versions = [row.values["model_version"] for row in sheet.rows if row.level == "detail"]
    assert versions == ["(all versions)", "(experiments)"]


def test_currencies_are_never_added():
    usd, yuan = (
        spend("1", model="m", model_version="1", component="inference"),
        spend("7", model="m", model_version="1", component="inference", currency="CNY"),
    )
    cny_sheet, usd_sheet = spend_sheets(month(usd, yuan), "effective")
    assert (cny_sheet.title, cny_sheet.rows[-1].values["total"]) == (
        "Spend by model and version, effective cost, CNY",
        D(7),
    )
    assert usd_sheet.rows[-1].values["total"] == D(1)


@pytest.mark.parametrize(
    ("basis", "total"), [("billed", "1"), ("effective", "2"), ("contracted", "3"), ("list", "4")]
)
def test_every_basis_is_read_from_its_own_column(basis: str, total: str):
    row = spend("2", bucket="not_ai") | {
        "billed_cost": D(1),
        "contracted_cost": D(3),
        "list_cost": D(4),
    }
    [sheet] = spend_sheets(month(row), basis)
    assert sheet.rows[-1].values["total"] == D(total)


def test_an_owner_bears_model_spend_and_remainders_and_nobody_is_named():
    [sheet] = spend_sheets(
        month(
            spend("10", model="a", model_version="1", component="inference", owner="search"),
            spend("3", bucket="idle", owner="search"),
            spend("4", bucket="overhead"),
        ),
        "effective",
        by="owner",
    )
    assert values(sheet, "owner", "inference", "not_model", "total") == [
        ("(no owner)", D(0), D(4), D(4)),
        ("search", D(10), D(3), D(13)),
        (None, D(10), D(7), D(17)),
    ]


def test_days_add_up_to_the_month():
    days = frame(
        MODEL_DAYS,
        *(
            {k: v for k, v in spend(cost, bucket="not_ai").items() if k != "charge_month"}
            | {"charge_date": day}
            for day, cost in (("2026-09-02", "2"), ("2026-09-01", "1"))
        ),
    )
    [sheet] = day_sheets(days, "effective")
    assert values(sheet, "charge_date", "total") == [
        ("2026-09-01", D(1)),
        ("2026-09-02", D(2)),
        (None, D(3)),
    ]


def test_a_quarter_stands_side_by_side_with_a_column_per_month():
    months = [
        published(
            model_months=frame(
                MODEL_MONTHS,
                spend(cost, model="a", model_version="1", component="inference")
                | {"billing_month": name},
                spend("1", bucket="idle") | {"billing_month": name},
            ),
            publication={"billing_month": name},
        )
        for name, cost in (("2026-08", "10"), ("2026-09", "20"))
    ]
    [sheet] = months_sheets(months, "effective", "model")
    shown = {
        (row.values.get("section"), row.values.get("model_version")): (
            row.values["2026-08"],
            row.values["2026-09"],
            row.values["total"],
        )
        for row in sheet.rows
    }
    assert shown["model", "1"] == (D(10), D(20), D(30))
    assert shown["idle", None] == (D(1), D(1), D(2))
    assert shown["total", None] == (D(11), D(21), D(32))
    assert months_review(months).facts["months"][0]["billing_month"] == "2026-08"


def test_a_review_does_not_depend_on_the_order_of_the_published_rows():
    rows = [
        spend(str(n), model=f"m{n % 3}", model_version=str(n), component="inference")
        for n in range(1, 9)
    ]
    assert month_review(month(*rows)) == month_review(month(*reversed(rows)))


def test_what_a_remainder_means_is_said_only_where_there_is_one():
    review = month_review(month(spend("1", bucket="idle")))
    assert meanings(review) == ["idle: paid capacity nobody used."]


def test_a_review_by_day_without_days_is_refused():
    with pytest.raises(ValueError, match="model days"):
        month_review(month(spend("1", bucket="idle")), by="day")


def test_sums_keep_all_eighteen_decimals():
    tiny = "0.000000000000000001"
    [sheet] = spend_sheets(
        month(*(spend(tiny, bucket="not_ai", element=e) for e in ("hardware", "software"))),
        "effective",
    )
    assert sheet.rows[-1].values["total"] == D("0.000000000000000002")
    assert isinstance(sheet.rows[-1].values["total"], D)
