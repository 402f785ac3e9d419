"""Bill and log readers find in the demo shop what its generator put there, sharing no code.

And the comparison finds what became of the shop's plans as it was worked out by hand
(`demo_variances.md`).
"""

import ast
import operator
from collections import defaultdict
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import polars as pl
import pytest
from demo_quarter import DemoMonth

from assets.demo_shop import restate_august, write_shop
from pipelines.contracts import MODEL_MONTHS, PREDICTED, VARIANCE
from pipelines.demo import shop
from pipelines.demo.figures import MonthFigures, expected
from pipelines.review.compare import ComparedMonth, Wanted, compare_review
from pipelines.review.sheets import Review
from pipelines.variance.thresholds import threshold

REPEATED = {"2026-08": 1}
"""Lines of the log that came twice."""
BY_HAND = Path(__file__).with_name("demo_variances.md")
CENT = Decimal("0.01")


@pytest.fixture(scope="module")
def quarter(tmp_path_factory: pytest.TempPathFactory) -> dict[str, DemoMonth]:
    """The three months as they were delivered first."""
    folder, work = tmp_path_factory.mktemp("shop"), tmp_path_factory.mktemp("first")
    write_shop(folder)
    return {month: DemoMonth(folder, month, work) for month in shop.MONTHS}


@pytest.fixture(scope="module")
def restated(quarter: dict[str, DemoMonth], tmp_path_factory: pytest.TempPathFactory) -> DemoMonth:
    """August as it was delivered last, with the same log."""
    for month in quarter.values():
        assert month.bill  # read before the manifest names another delivery
    folder = quarter["2026-08"].folder
    restate_august(folder)
    again = DemoMonth(folder, "2026-08", tmp_path_factory.mktemp("again"))
    again.usage = quarter["2026-08"].usage
    return again


def agrees(figures: MonthFigures, charges: pl.DataFrame, shares: pl.DataFrame) -> bool:
    unused = charges.filter(pl.col("CommitmentDiscountStatus") == "Unused")
    return (
        charges["BilledCost"].sum() == figures.billed
        and charges["EffectiveCost"].sum() == figures.effective
        and unused["EffectiveCost"].sum() == figures.unused_commitment
        and charges.height - unused.height + shares.height == figures.lines
        and shares.height == figures.split_rows
    )


@pytest.mark.parametrize("month", shop.MONTHS)
def test_the_bill_reader_finds_the_generators_own_totals(quarter, month):
    charges, shares = quarter[month].frames()
    assert agrees(expected()[month], charges, shares)


def test_a_restated_august_moves_two_charges_and_keeps_the_ids_of_the_others(quarter, restated):
    before, _ = quarter["2026-08"].frames()
    after, shares = restated.frames()
    assert agrees(expected(restated=True)["2026-08"], after, shares)
    both = before.join(after, on="x_ChargeId", how="full", suffix="_after", coalesce=True)
    moved = both.filter(pl.col("BilledCost").ne_missing(pl.col("BilledCost_after")))
    zero = pl.lit(Decimal(0))
    difference = pl.col("BilledCost_after").fill_null(zero) - pl.col("BilledCost").fill_null(zero)
    assert sorted(moved.select(difference).to_series().to_list()) == [
        Decimal(-50),
        Decimal("25.25"),
    ]


@pytest.mark.parametrize("month", shop.MONTHS)
def test_the_log_reader_counts_every_call_once(quarter, month):
    files = pl.read_parquet(quarter[month].usage.files)
    assert files["requests"].sum() == expected()[month].calls
    assert files["duplicates"].sum() == REPEATED.get(month, 0)


@pytest.fixture(scope="module")
def known(quarter: dict[str, DemoMonth], restated: DemoMonth) -> dict[str, DemoMonth]:
    """The quarter as it is known at its end."""
    return {**quarter, "2026-08": restated}


def tables() -> dict[str, list[list[str]]]:
    """The tables of the page by their headings, without their own headers."""
    found: dict[str, list[list[str]]] = defaultdict(list)
    heading = ""
    for line in BY_HAND.read_text(encoding="utf-8").splitlines():
        if line.startswith("## "):
            heading = line[3:]
        elif line.startswith("| "):
            found[heading].append([cell.strip() for cell in line.strip("|").split("|")])
    return {name: rows[1:] for name, rows in found.items()}


OPERATORS = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}


def worked_out(text: str, facts: dict[str, Fraction]) -> Fraction:
    """The exact value of an expression of the page: numbers, facts, + - * / and brackets."""

    def value(node: ast.expr) -> Fraction:
        if isinstance(node, ast.BinOp):
            return OPERATORS[type(node.op)](value(node.left), value(node.right))
        if isinstance(node, ast.UnaryOp):
            return -value(node.operand)
        if isinstance(node, ast.Name):
            return facts[node.id]
        return Fraction(ast.get_source_segment(text, node) or "")

    return value(ast.parse(text, mode="eval").body)


def cents(value: Fraction) -> Decimal:
    return Decimal(round(value * 100)).scaleb(-2)


@pytest.fixture(scope="module")
def by_hand() -> dict[str, dict[tuple[str, str], Decimal]]:
    """By month: the variances of the page by term and name, their arithmetic checked."""
    pages = tables()
    facts: dict[str, Fraction] = {}
    for name, text, _ in pages["Facts"]:
        facts[name] = worked_out(text, facts)
    found: dict[str, dict[tuple[str, str], Decimal]] = {}
    for month in shop.MONTHS:
        found[month] = {}
        for term, variance, text, amount in pages[month]:
            assert cents(worked_out(text, facts)) == Decimal(amount), (month, term, variance)
            found[month][term, variance] = Decimal(amount)
    return found


def named(driver: dict[str, str]) -> tuple[str, str]:
    """A driver as the page names it: the unit only where a term has two of them."""
    parts = ["model", "model_version", "component", "element", "usage_type"]
    if (driver["component"], driver["element"]) == ("storage", "hardware"):
        parts.append("unit")
    return " ".join(driver[part] for part in parts if driver[part]), driver["variance"]


@pytest.mark.parametrize("month", shop.MONTHS)
def test_the_variances_of_the_demo_are_those_worked_out_by_hand(known, by_hand, month):
    drivers = known[month].comparison.drivers.filter(pl.col("method") == "standard")
    found = {named(row): row["amount"].quantize(CENT) for row in drivers.iter_rows(named=True)}
    assert {name: amount for name, amount in found.items() if amount} == {
        name: amount for name, amount in by_hand[month].items() if amount
    }
    assert set(by_hand[month]) <= set(found)


@pytest.mark.parametrize("month", shop.MONTHS)
def test_the_variances_of_every_line_of_the_demo_are_its_difference_by_either_method(known, month):
    comparison = known[month].comparison
    sums: dict[tuple[str, ...], Decimal] = defaultdict(Decimal)
    for row in comparison.drivers.iter_rows(named=True):
        sums[row["method"], *(row[name] for name in VARIANCE.key)] += row["amount"]
    explained = comparison.variance.filter(pl.col("difference").is_not_null())
    assert sums == {
        (method, *(row[name] for name in VARIANCE.key)): row["difference"]
        for row in explained.iter_rows(named=True)
        for method in ("standard", "shapley")
    }


def review(months: dict[str, DemoMonth]) -> Review:
    compared = [
        ComparedMonth(
            month=name,
            variance=month.comparison.variance,
            drivers=month.comparison.drivers,
            predicted=PREDICTED.empty(),
            model_months=MODEL_MONTHS.empty(),
        )
        for name, month in months.items()
    ]
    goal = threshold("finops-2026-06", "walk")
    return compare_review(compared, Wanted("model", "plan", "ex_ante", "standard", goal))


SENTENCES = {
    # 1.006 x 408 hours that nobody used, less the discount of 22.45, the volume of 500 K planned.
    "fraud-score": "403.99 USD over the prediction, most by idle capacity of v2 inference hardware "
    "in 2026-07: 45.2 % of what was billed was busy instead of 100 %, +410.45 USD.",
    # 5.672 x (320 - 120) = 1,134.40; v3's node was planned for 730 hours and shared from September.
    "item-recs": "577.24 USD over the prediction, most by usage, +951.41 USD, its largest part in "
    "v4 update hardware in 2026-08: 320 Hrs instead of 120, +1,134.40 USD; against it discount, "
    "-319.72 USD.",
    # 50.80 of 50.80 + 38.08 + 2.08 = 90.96.
    "unused commitment": "90.96 USD over the prediction, most by unused commitment, +90.96 USD, "
    "its largest part in 2026-09: 100.80 USD instead of 50.00, +50.80 USD.",
    # 27 x 8 = 216 of 250.58; 1.75 less for each of 80 hours.
    "visual-search": "19.57 USD over the prediction, most by usage, +250.58 USD, its largest part "
    "in v1 training hardware in 2026-07: 80 Hrs instead of 72, +216.00 USD; against it list price, "
    "-140.00 USD.",
}


def test_a_sentence_names_what_drives_each_models_gap_over_the_quarter(known):
    [largest] = [sheet for sheet in review(known).sheets if sheet.name == "largest_drivers"]
    said = {row.values["model"]: row.values["sentence"] for row in largest.rows}
    assert set(said) == {
        *("fraud-score", "item-recs", "query-rewrite", "search-rank", "support-chat"),
        *("visual-search", "credits", "support", "tax", "unused commitment"),
    }
    assert {name: said[name] for name in SENTENCES} == {
        name: f"{name}: {sentence}" for name, sentence in SENTENCES.items()
    }


def test_a_models_gap_over_the_quarter_is_the_sum_of_what_was_worked_out_by_hand(known, by_hand):
    gaps: dict[str, Decimal] = defaultdict(Decimal)
    for month in shop.MONTHS:
        for (term, _), amount in by_hand[month].items():
            gaps[term.split(" ")[0].replace("_", " ").replace("credit", "credits")] += amount
    [largest] = [sheet for sheet in review(known).sheets if sheet.name == "largest_drivers"]
    for row in largest.rows:  # every variance of the page is rounded to a cent
        assert abs(row.values["gap"] - gaps[row.values["model"]]) < Decimal("0.10")
