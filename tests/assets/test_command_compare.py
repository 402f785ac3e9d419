"""`compare`, `lifetime` and the variances of `explain` on the golden month, as a person asks."""

import csv
import io
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

from golden_project import GOLDEN, MONTH
from test_command import ask

D = Decimal


def shown(settings: Path, *arguments: str) -> dict[str, Any]:
    result = ask(*arguments, "--json", "--settings", str(settings))
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout)


def test_a_comparison_tells_the_difference_by_name_to_the_last_digit(golden_settings: Path):
    """Planned 2 hours at 1.80; 2.25 at 2.00, and 0.075 + 1 of what nobody had planned."""
    found = shown(golden_settings, "compare", "--month", MONTH)
    [rank, total] = found["comparison"]
    keys = ("model", "predicted_cost", "actual_cost", "difference", "reading", "goal")
    assert [rank[key] for key in keys] == [
        "rank",
        "3.6",
        "5.575",
        "1.975",
        "unfavourable",
        "missed",
    ]
    assert (total["level"], total["difference"]) == ("total", "1.975")
    [named, _] = found["variances"]
    assert [named[key] for key in ("price", "usage", "new_line", "fx")] == [
        *("0.45", "0.45", "1.075"),
        None,
    ]
    assert (found["method"], found["threshold_share"]) == ("standard", "0.1")
    [largest] = found["largest_drivers"]
    assert largest["sentence"] == (
        "rank: 1.98 USD over the prediction, most by new line, +1.08 USD, its largest part in 1 "
        "storage hardware in 2026-09: nothing was planned for it, +1.00 USD."
    )


def test_the_method_is_chosen_and_moves_no_total(golden_settings: Path):
    found = shown(golden_settings, "compare", "--month", MONTH, "--method", "shapley")
    [named, _] = found["variances"]
    assert [named[key] for key in ("price", "usage", "difference")] == ["0.425", "0.475", "1.975"]


def test_a_person_reads_the_sentence_and_the_reasons(golden_settings: Path):
    result = ask("compare", "--month", MONTH, "--settings", str(golden_settings))
    assert result.exit_code == 0
    text = " ".join(result.stdout.split())
    for part in (
        "Predicted (plan, ex ante) and actual by model, effective cost, USD",
        "Goal: less than 10 % of the prediction (walk of finops-2026-06:",
        "rank: 1.98 USD over the prediction",
        "Not compared with a plan",
        "no plan",
    ):
        assert part in text


def test_a_table_is_written_as_csv_with_all_digits(golden_settings: Path):
    options = ("--csv", "--table", "variances", "--by", "version")
    result = ask("compare", "--month", MONTH, *options, "--settings", str(golden_settings))
    [row, total] = csv.DictReader(io.StringIO(result.stdout))
    assert (row["model"], row["model_version"], row["new_line"]) == ("rank", "1", "1.075")
    assert (total["level"], total["difference"]) == ("total", "1.975")


def test_a_full_month_against_the_full_plan_has_nothing_left(golden_settings: Path):
    [rank, _] = shown(golden_settings, "compare", "--month", MONTH, "--full-plan")["full_plan"]
    assert [rank[key] for key in ("actual_cost", "forecast_cost", "plan_cost", "difference")] == [
        *("5.575", "0", "3.6", "1.975")
    ]


def test_a_kind_without_predictions_says_so_and_ends_well(golden_settings: Path):
    result = ask("compare", "--month", MONTH, "--kind", "calibrated", "-s", str(golden_settings))
    assert (result.exit_code, result.stderr) == (0, "")
    assert "There is no prediction of kind calibrated, volume ex_ante here" in result.stdout


def test_an_unknown_preset_ends_with_3_and_names_those_there_are(golden_settings: Path):
    result = ask("compare", "--month", MONTH, "--preset", "mine", "-s", str(golden_settings))
    assert result.exit_code == 3
    assert "finops-2026-06, finops-2023" in result.stderr


def test_a_month_that_is_not_published_ends_with_6(golden_settings: Path):
    result = ask("compare", "--month", "2026-10", "--settings", str(golden_settings))
    assert result.exit_code == 6


def test_lives_add_up_to_what_the_models_cost(golden_settings: Path):
    with (GOLDEN / "expected" / "out_spend__model_months.csv").open(newline="") as file:
        spent = [row for row in csv.DictReader(file) if row["model"] and row["component"]]
    lives = shown(golden_settings, "lifetime")["lifetime"]
    assert sum(D(life["total"]) for life in lives) == sum(D(row["effective_cost"]) for row in spent)
    [updated] = [life for life in lives if (life["model"], life["model_version"]) == ("rank", "2")]
    assert D(updated["update"]) == sum(
        D(row["effective_cost"])
        for row in spent
        if (row["model"], row["model_version"], row["component"]) == ("rank", "2", "update")
    )


def test_a_life_of_a_model_nobody_has_ends_with_2_and_names_the_others(golden_settings: Path):
    result = ask("lifetime", "--model", "nobody", "--settings", str(golden_settings))
    assert result.exit_code == 2
    assert "rank" in result.stderr


def test_the_walk_of_a_model_ends_with_its_variances_and_their_inputs(golden_settings: Path):
    narrowed = ("--model", "rank", "--version", "1", "--component", "inference")
    found = shown(golden_settings, "explain", "--month", MONTH, *narrowed)
    told = {(row["element"], row["variance"]): row for row in found["drivers"]}
    usage = told["hardware", "usage"]
    keys = ("predicted_value", "actual_value", "value_unit", "amount")
    assert [usage[key] for key in keys] == ["2", "2.25", "Hrs", "0.45"]
    assert set(told) == {("hardware", "price"), ("hardware", "usage"), ("bandwidth", "new_line")}
