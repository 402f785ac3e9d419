from decimal import Decimal

from review_frames import frame, spend, values

from pipelines.contracts import MODEL_MONTHS
from pipelines.review.changes import changes_sheets

D = Decimal


def changes(before: list[dict[str, object]], after: list[dict[str, object]]):
    return changes_sheets(
        frame(MODEL_MONTHS, *before), frame(MODEL_MONTHS, *after), "effective", "2026-08"
    )


def update(cost: str, **names: str) -> dict[str, object]:
    return spend(cost, model="search-rank", model_version="8", component="update", **names)


def test_only_what_moved_is_listed_and_the_total_moves_by_as_much():
    same = spend("5", bucket="not_ai")
    [sheet] = changes([update("606"), same], [update("631.25"), same])
    assert values(sheet, "model", "component", "before", "after", "difference") == [
        ("search-rank", "update", D(606), D("631.25"), D("25.25")),
        (None, None, D(611), D("636.25"), D("25.25")),
    ]


def test_what_appears_or_vanishes_is_compared_with_zero():
    [sheet] = changes([update("1", element="bandwidth")], [spend("1", bucket="unattributed")])
    assert values(sheet, "section", "difference") == [
        ("", D(-1)),
        ("unattributed", D(1)),
        (None, D(0)),
    ]


def test_a_move_between_owners_or_methods_alone_is_no_change_of_a_model():
    [sheet] = changes([update("1", owner="a", method="usage")], [update("1", owner="b")])
    assert [row.level for row in sheet.rows] == ["total"]


def test_currencies_move_on_their_own():
    sheets = changes([update("1"), update("1", currency="CNY")], [update("2")])
    assert [sheet.rows[-1].values["difference"] for sheet in sheets] == [D(-1), D(1)]
