"""A restatement line by line: what is listed, what is summed, and that both are the difference."""

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
from review_frames import frame, values

from pipelines.contracts import ALLOCATED, BASES, CHARGES
from pipelines.review.changed_lines import changed_lines_review
from pipelines.review.sheets import Review, Sheet

D = Decimal
STATE = {"publication_id": "p", "published_at": datetime(2026, 10, 7), "status": "final"}
NOON = datetime(2026, 9, 3, 12)


def charge(name: str, amount: str, **other: Any) -> dict[str, Any]:
    return {
        "source": "aws",
        "x_ChargeId": name,
        "BillingCurrency": "USD",
        "charge_month": "2026-09",
        "ChargePeriodStart": NOON,
        "ServiceName": "EC2",
        "ChargeCategory": "Usage",
        **dict.fromkeys(BASES, D(amount)),
        **other,
    }


def part(name: str, amount: str, **other: Any) -> dict[str, Any]:
    names = {"bucket": "model_version", "model": "ranker", "model_version": "8"}
    return {
        "source": "aws",
        "x_OriginChargeId": name,
        "BillingCurrency": "USD",
        "component": "update",
        **names,
        **dict.fromkeys(BASES, D(amount)),
        **other,
    }


@pytest.fixture
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as opened:
        yield opened


class Months:
    """Two states of a month on a connection."""

    def __init__(self, con: duckdb.DuckDBPyConnection, folder: Path) -> None:
        self.con, self.folder = con, folder

    def compare(
        self,
        before: list[dict[str, Any]],
        after: list[dict[str, Any]],
        parts: tuple[list[dict[str, Any]], list[dict[str, Any]]] = ([], []),
        limit: int = 20,
        basis: str = "effective",
        is_same_code: bool = True,
    ) -> Review:
        for name, contract, rows in (
            ("charges_before", CHARGES, before),
            ("charges_after", CHARGES, after),
            ("allocated_before", ALLOCATED, parts[0]),
            ("allocated_after", ALLOCATED, parts[1]),
        ):
            file = self.folder / f"{name}.parquet"
            frame(contract, *rows).write_parquet(file)
            self.con.read_parquet(str(file)).create_view(name)
        return changed_lines_review(
            self.con, "2026-09", basis, [STATE, STATE], limit, is_same_code=is_same_code
        )


@pytest.fixture
def months(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> Months:
    return Months(con, tmp_path)


def sheets(review: Review, name: str, audience: str = "people") -> list[Sheet]:
    return [s for s in review.sheets if s.name == name and s.audience in (audience, "all")]


def test_what_was_added_removed_and_changed_is_listed_largest_first_and_ends_in_the_difference(
    months: Months,
) -> None:
    review = months.compare(
        [charge("gone", "1"), charge("dearer", "2"), charge("same", "3")],
        [charge("dearer", "5"), charge("same", "3"), charge("new", "7")],
    )
    [lines] = sheets(review, "changed_lines")
    assert values(lines, "change", "before", "after", "difference") == [
        ("added", D(0), D(7), D(7)),
        ("changed", D(2), D(5), D(3)),
        ("removed", D(1), D(0), D(-1)),
        ("total", D(3), D(12), D(9)),
    ]
    [totals] = sheets(review, "changed_totals")
    assert values(totals, "change", "lines", "before", "after", "difference")[-2:] == [
        ("unchanged", 1, D(3), D(3), D(0)),
        ("total", 3, D(6), D(15), D(9)),
    ]


@pytest.mark.parametrize("limit", range(6))
def test_the_rest_that_is_not_listed_is_summed_exactly_on_every_basis(
    months: Months, limit: int
) -> None:
    tiny = "0.000000000000000001"
    after = [charge(f"c{n}", f"{n}.{'3' * 18}", ListCost=D(tiny) * n) for n in range(1, 6)]
    review = months.compare([], after, limit=limit)
    [lines] = sheets(review, "changed_lines", "machine")
    *listed, total = lines.rows
    for name in ("difference", "list_after", "billed_after", "contracted_before"):
        assert sum((row.values[name] for row in listed), D(0)) == total.values[name]
    assert total.values["list_after"] == D(tiny) * 15
    assert sum(row.values["lines"] for row in listed) == total.values["lines"] == 5
    assert len(listed) == min(limit + 1, 5)


def test_a_line_names_the_one_model_it_moved_for_and_several_with_what_each_moved(
    months: Months,
) -> None:
    review = months.compare(
        [charge("a", "1"), charge("b", "1")],
        [charge("a", "9"), charge("b", "2"), charge("c", "0.5")],
        (
            [part("a", "1"), part("b", "1")],
            [
                part("a", "4"),
                part("a", "5", bucket="idle", component="inference"),
                part("b", "2", bucket="model", model_version="", component="storage"),
                part("c", "0.5", bucket="not_ai"),
            ],
        ),
    )
    [lines] = sheets(review, "changed_lines")
    assert values(lines, "difference", "models")[:3] == [
        (D(8), "idle 5.00, ranker 8 update 3.00"),
        (D(1), "ranker (all versions) storage 2.00, ranker 8 update -1.00"),
        (D("0.5"), "not AI"),
    ]
    [parts] = sheets(review, "changed_parts", "machine")
    assert sum((row.values["difference"] for row in parts.rows), D(0)) == D("9.5")


def test_a_line_whose_other_basis_moved_is_listed_with_no_difference_in_this_one(
    months: Months,
) -> None:
    review = months.compare([charge("a", "1")], [charge("a", "1", ListCost=D(4))])
    [lines] = sheets(review, "changed_lines", "machine")
    assert values(lines, "change", "difference", "list_before", "list_after")[0] == (
        "changed",
        D(0),
        D(1),
        D(4),
    )


def test_currencies_have_their_own_lines_and_totals(months: Months) -> None:
    review = months.compare(
        [charge("a", "1")], [charge("a", "2"), charge("b", "3", BillingCurrency="CNY")]
    )
    found = [values(sheet, "difference")[-1] for sheet in sheets(review, "changed_lines")]
    assert found == [(D(3),), (D(1),)]


def test_a_correction_says_so_and_which_month_it_belongs_to(months: Months) -> None:
    july = {"charge_month": "2026-07", "ChargeClass": "Correction", "ResourceId": "arn:a:b:c:d:i-1"}
    review = months.compare([], [charge("a", "-1", **july)])
    [people] = sheets(review, "changed_lines")
    assert values(people, "what")[0] == ("EC2, Usage i-1 Correction",)
    [exact] = sheets(review, "changed_lines", "machine")
    assert values(exact, "charge_month", "charge_class")[0] == ("2026-07", "Correction")


@pytest.mark.parametrize(
    ("before", "is_same_code", "said"), [("old", True, 0), ("old", False, 1), ("new", False, 0)]
)
def test_lines_of_two_versions_of_modelspend_may_go_by_other_ids_and_that_is_said(
    months: Months, before: str, is_same_code: bool, said: int
) -> None:
    review = months.compare([charge(before, "1")], [charge("new", "2")], is_same_code=is_same_code)
    assert len([text for text in review.sentences if "different versions" in text]) == said
