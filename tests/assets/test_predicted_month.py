"""A month with a formula, a book of machine prices and a calibration: what is predicted of it.

The golden month measured 75 busy GPU minutes of `rank` 1. Its formula foresees 1 GPU hour, busy 5/8
of the billed time, on machines with one GPU at 1.80:

    physical    ex ante 1 / 0.625 = 1.6 Hrs, 2.88     ex post 1.25 / 0.625 = 2 Hrs, 3.60
    calibrated  x 1.125: 1.8 Hrs, 3.24                2.25 Hrs, 4.05; x or / 1.25: 3.24 to 5.0625
    plan        2 Hrs at 1.80 = 3.60
"""

import csv
import io
import json
import math
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from golden_project import MONTH, write_golden
from test_command import ask

from pipelines.calibration.coefficients import Coefficient
from pipelines.calibration.sets import CalibrationSet, text

FORMULA = """
[[formulas]]
as_of = 2026-08-15
model = "rank"
version = "1"
first_month = "2026-09"
last_month = "2026-12"
formula = "billed_gpu_hours"
unit = "Hrs"
machine = "g5.xlarge"
inputs = { gpu_hours = "1 GPU-h", busy_share = 0.625 }
"""
PRICES = '\n[[price_books]]\nname = "own"\nformat = "machines"\npath = "machines.csv"\n'
BOOK = "provider,machine,price,currency,valid_from\naws,g5.xlarge,1.80,USD,2026-01-01\n"


def learnt(origin: datetime, k: float) -> CalibrationSet:
    coefficient = Coefficient(
        level="version",
        model="rank",
        version="1",
        component="inference",
        group="billed_gpu_hours g5.xlarge",
        k=k,
        log_variance=0.01,
        n=6,
        half_width=math.log(1.25),
        said="six months",
    )
    return CalibrationSet(
        id=f"{origin:%Y%m%d}",
        origin=origin,
        made_at=origin,
        data_version="",
        is_accepted=True,
        verdict=("better than last month",),
        coefficients=(coefficient,),
    )


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("predicted")
    settings = write_golden(folder)
    settings.write_text(settings.read_text() + PRICES)
    (folder / "machines.csv").write_text(BOOK)
    with (folder / "catalogue.toml").open("a") as catalogue:
        catalogue.write(FORMULA)
    (folder / "calibration").mkdir()
    # what a later calibration learnt of September is not known in September
    for known in (learnt(datetime(2026, 9, 1), 1.125), learnt(datetime(2026, 9, 2), 9.0)):
        (folder / "calibration" / known.name).write_text(text(known))
    return settings


@pytest.fixture(scope="module")
def published(settings: Path) -> Path:
    result = ask("run", "--month", MONTH, "--settings", str(settings))
    assert result.exit_code == 0, result.output
    return settings


def answer(settings: Path, *words: str) -> str:
    result = ask("predict", *words, "--settings", str(settings))
    assert result.exit_code == 0, result.output
    return result.stdout


def predicted(document: str) -> dict[tuple[str, str], tuple[Decimal, Decimal]]:
    terms = json.loads(document)["terms"]
    return {
        (term["kind"], term["volume"]): (Decimal(term["quantity"]), Decimal(term["predicted_cost"]))
        for term in terms
    }


BEFORE = {
    ("plan", "ex_ante"): (Decimal(2), Decimal("3.6")),
    ("physical", "ex_ante"): (Decimal("1.6"), Decimal("2.88")),
    ("calibrated", "ex_ante"): (Decimal("1.8"), Decimal("3.24")),
}
AFTER = {
    ("physical", "ex_post"): (Decimal(2), Decimal("3.6")),
    ("calibrated", "ex_post"): (Decimal("2.25"), Decimal("4.05")),
}


def test_a_month_to_come_is_predicted_and_nothing_of_it_is_measured(settings: Path):
    document = answer(settings, "--month", MONTH, "--now", "--json")
    assert predicted(document) == BEFORE
    assert not json.loads(document)["is_published"]


def test_a_published_month_has_three_predictions_and_the_measured_volume_apart(published: Path):
    document = answer(published, "--month", MONTH, "--json")
    assert predicted(document) == BEFORE | AFTER
    people = answer(published, "--month", MONTH, "--model", "rank")
    before, after = people.split("with the measured volume (ex post)")
    assert "3.60      2.88        3.24" in before
    assert "3.60        4.05  3.24  5.06" in after
    assert "Coefficients: 20260901." in people


def test_one_kind_and_volume_may_be_asked_for(published: Path):
    words = ("--month", MONTH, "--kind", "physical", "--volume", "ex_post", "--csv")
    [term] = csv.DictReader(io.StringIO(answer(published, *words, "--table", "terms")))
    assert (term["kind"], term["volume"], term["predicted_cost"]) == ("physical", "ex_post", "3.6")
    inputs: dict[str, Any] = json.loads(term["inputs"])
    assert inputs["gpu_hours"] == {
        "value": "1.25",
        "unit": "GPU-h",
        "measured": True,
        "source": "log",
    }


def test_a_month_nothing_was_foreseen_for_says_so(settings: Path):
    assert "no plan and no formula names it" in answer(settings, "--month", "2027-01")


def test_a_model_without_a_prediction_is_named_with_those_that_have_one(settings: Path):
    result = ask("predict", "--month", MONTH, "--now", "--model", "rnk", "-s", str(settings))
    assert result.exit_code == 2
    assert "nothing is predicted of 'rnk' for 2026-09; of rank" in result.output
