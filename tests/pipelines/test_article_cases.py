"""The articles' worked examples: worked out from their expressions, never set right silently."""

from fractions import Fraction as F

import pytest

from pipelines.formulas.articles import CASES, FLAGS, is_as_printed, recomputed
from pipelines.formulas.library import formula_named
from pipelines.formulas.written import worked_out
from pipelines.review.articles import article_sheets

FOUND = {found.case.id: found for found in recomputed()}

GIVES = {
    "train-hardware": 2_048_000,
    "train-bandwidth": 276_480_000,
    "train": 278_528_000,
    "inference-hardware": F("2.56"),
    "inference-bandwidth": 800_000,
    "inference": F("800002.56"),
    "storage-hardware": 4_147_200_000,
    "storage-bandwidth": 4_147_200_000,
    "storage": 8_294_400_000,
    "update-hardware": 221_184_000,
    "update-bandwidth": 69_120_000,
    "update": 290_304_000,
    "code-train": 353_894_400_000,
    "code-inference": F(8, 3125),
    "code-storage": 11_007_531_417_600_000_000,
    "code-update": 19_110_297_600,
    "code": F(34398536845639680000008, 3125),
    "resources": 130,
    "resources-code": 130,
    "resources-minimum": 0,
}


@pytest.mark.parametrize(("case", "gives"), GIVES.items())
def test_an_expression_gives_what_it_gives_and_not_what_is_printed(case, gives):
    assert FOUND[case].gives == gives


def test_every_case_is_worked_out_and_only_sums_have_no_expression_of_their_own():
    assert set(FOUND) == {*GIVES, "cross-entropy"}
    assert all(bool(case.expression) != bool(case.parts) for case in CASES)


def test_the_cross_entropy_that_is_printed_is_another_than_its_own():
    # -(ln 0.2 - ln 0.8) = ln 4 = 1.3863; -ln 0.2 = ln 5 = 1.6094
    found = FOUND["cross-entropy"]
    assert found.printed is not None
    assert round(found.printed, 4) == F("1.3863")
    assert round(found.gives, 4) == F("1.6094")
    assert found.quantities == ((found.gives, ""),)


@pytest.mark.parametrize(
    ("case", "parts"),
    [("train", "4.16e10"), ("inference", "3.36e4"), ("storage", "8.43e8"), ("update", "6.624e6")],
)
def test_printed_parts_add_up_to_what_they_add_up_to(case, parts):
    assert FOUND[case].printed_parts == worked_out(parts)


@pytest.mark.parametrize("case", FOUND)
def test_arith_is_flagged_exactly_where_what_is_printed_does_not_follow(case):
    # The printed parts of training (1.28e10 + 2.88e10) and storage (6.72e8 + 1.71e8) do add up; the
    # program of 000 prints nothing; the least of 001 is another fault.
    sound = {"train", "storage", "resources-minimum", *(name for name in FOUND if "code-" in name)}
    sound = {*sound, "code"} - {"resources-code"}
    assert ("ARITH" in FOUND[case].flags) == (case not in sound)


def test_every_flag_is_used_and_explained():
    assert {flag for found in FOUND.values() for flag in found.flags} == set(FLAGS)


def test_a_printed_number_stands_for_what_rounds_to_it():
    assert is_as_printed("1.28e10", F("1.284e10"))
    assert not is_as_printed("1.28e10", F("1.286e10"))
    assert is_as_printed("450.0", F(450))
    assert is_as_printed("2 * 225", F(450))
    assert not is_as_printed("2 * 225", F("450.01"))


def test_four_hundred_and_fifty_is_the_sum_without_the_price_of_storage():
    # 50 + 0.8 x 500
    assert worked_out("0.1*0.5*1000 + 0.8*500") == 450
    formula = formula_named("resource_cost")
    inputs = {"computing_price": "0.1", "k1": "0.5", "storage_price": "0.2", "k2": "0.8"}
    assert formula.evaluate(**inputs, computing=1000, storage=500) == 130
    assert formula.evaluate(**inputs, computing=0, storage=0) == 0


def test_the_dimension_correct_quantities_are_what_can_be_paid_for():
    # 64 x 48 h; 64 GPUs x 10 ms = 0.64 s / 3,600; 2 TB for the whole month; 64 x 24 h
    assert FOUND["train-hardware"].quantities == ((3072, "p"),)
    assert FOUND["inference-hardware"].quantities == ((F(64, 360000), "p"),)
    assert FOUND["storage"].quantities == ((2048, "s"),)
    assert FOUND["update"].quantities == ((1536, "p"), (1, "e"))
    assert FOUND["storage"].cost({"s": F("0.023")}) == F("47.104")
    # 3,072 x 2 + 2,048 x 0.09
    assert FOUND["train"].cost({"p": F(2), "e": F("0.09")}) == F("6328.32")
    assert FOUND["train"].cost({"p": F(2)}) is None
    assert FOUND["storage-bandwidth"].cost({"e": F(1)}) is None


def test_the_articles_form_is_a_formula_with_a_unit_for_each_term():
    # 3,072 GPU-h x 2 x 0.75 + 2,048 GB x 0.09 + 100
    cost = formula_named("component_cost").evaluate(
        price=2,
        quantity=3072,
        discount="25 %",
        bandwidth_price="0.09",
        gigabytes=2048,
        overhead=100,
    )
    assert cost == F("4892.32")


def test_the_table_shows_printed_given_and_corrected_side_by_side():
    machine, people = article_sheets(recomputed(), {"p": F(2)})
    [row] = [row.values for row in people.rows if row.values["case"].startswith("001, 4.3")]
    assert (row["printed"], row["gives"], row["correct"]) == ("450", "130", "130")
    [total] = [row.values for row in people.rows if row.values["case"].endswith("update, total")]
    assert total["printed"] == "6.41e6; its parts: 6,624,000"
    assert total["correct"] == "1,536 GPU-h x p + 1 GB x e"
    first = machine.rows[0].values
    assert (str(first["gives"]), first["flags"], str(first["cost"])) == (
        "2048000",
        "ARITH UNITS",
        "6144",
    )
    assert any("collinear" in note for note in people.notes)


@pytest.mark.parametrize(
    "text", ["2 +", "2 * x", "__import__('os')", "2 ** 0.5", "ln(1, 2)", "'a'"]
)
def test_only_arithmetic_is_worked_out(text):
    with pytest.raises(ValueError, match=r"is no arithmetic|has something else"):
        worked_out(text)
