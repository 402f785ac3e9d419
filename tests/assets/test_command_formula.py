"""`modelspend formula`: the library, one formula, many rows, the articles' cases."""

import csv
import io
import json
from pathlib import Path

import pytest
from test_command import ask

from pipelines.formulas.library import FORMULAS

BLOCKS = ("block_1=51200", "price_1=0.023", "block_2=460800", "price_2=0.022", "price_3=0.021")


def answer(*words: str) -> str:
    result = ask("formula", *words)
    assert result.exit_code == 0, result.output
    return result.stdout


def refused(*words: str) -> str:
    result = ask("formula", *words)
    assert result.exit_code in {2, 3}, result.output
    return result.stderr


def lines(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_every_formula_is_listed_below_its_component():
    listed = json.loads(answer("--json"))["formulas"]
    assert sorted(row["formula"] for row in listed) == sorted(FORMULAS)
    assert {row["formula"]: row["component"] for row in listed}["gb_months"] == "storage"
    people = answer()
    assert people.index("Training formulas") < people.index("Storage formulas")
    assert len(lines(answer("--csv"))) == len(FORMULAS)


def test_a_formula_shows_its_symbols_units_ranges_and_source():
    people = answer("serverless_gb_seconds")
    for text in ("n * ceil(d / step)", "above 0", "AWS Lambda price list", "C_inference: hardware"):
        assert text in people
    symbols = json.loads(answer("serverless_gb_seconds", "--json"))["symbols"]
    [memory] = [row for row in symbols if row["symbol"] == "memory"]
    assert (memory["unit"], memory["range"], memory["default"]) == ("GiB", "at least 0", None)
    assert lines(answer("serverless_gb_seconds", "--csv"))[0]["measured"] == "requests"


def test_a_formula_is_worked_out_with_units_exactly():
    assert "= 1,215 money" in answer("storage_cost", "gb_months=52900", *BLOCKS)
    [row] = json.loads(answer("gb_months", "held=100 GiB-d", "month=2026-02", "--json"))["results"]
    # 2,400 GiB-h / 672
    assert row["result"] == "3.571428571428571428571428571"
    assert row["unit"] == "GB-month"


def test_the_inputs_say_where_they_come_from():
    people = answer("gb_months", "held=1 GiB-d", "month=2026-02")
    assert "672" in people
    assert "the month" in people
    of_chip = ("active_parameters=405e9", "tokens=15.6T tokens", "effective_mfu=0.8")
    run = answer("training_gpu_hours_effective", *of_chip, "chip=H100", "precision=bf16")
    assert "989,500,000,000,000" in run
    assert "the chip" in run
    assert "Caution: effective_mfu 0.8 is above 0.7" in run


def test_what_cannot_be_worked_out_says_everything_that_is_wrong():
    text = refused("storage_cost", "gb_months=1 GB-h", "block_1=-5", "weight=3")
    for problem in (
        "gb_months (G): GB-h is bytes held for a time, GB-month is storage as bills count it",
        "block_1 (G_1): -5 is outside its range: at least 0 GB-month",
        "weight: storage_cost has no such symbol",
        "price_3 (p_3): not given",
    ):
        assert problem in text
    assert "the nearest are storage_cost" in refused("storagecost", "gb_months=1")
    assert "give one of them" in refused("gb_months", "held=1", "month=2026-02", "hours_in_month=1")
    assert "2026-13" in refused("gb_months", "held=1", "month=2026-13")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("gb_months", "744"), "write SYMBOL=VALUE"),
        (("gb_months", "held=1", "held=2"), "held is given twice"),
        (("held=1",), "say which formula first"),
        (("--articles", "gb_months"), "prices only"),
        (("--articles", "q=1"), "q is no price"),
        (("--articles", "p=dear"), "p: 'dear' is no number"),
        (("gb_months", "--inputs", "nowhere.csv"), "cannot be read"),
        (("--commitments", "nowhere.csv"), "goes with --inputs USAGE.csv"),
    ],
)
def test_wrong_usage_is_told_apart_from_bad_input(words, said):
    result = ask("formula", *words)
    assert result.exit_code == 2
    assert said in " ".join(result.stderr.replace("│", " ").split())


def written(folder: Path, text: str) -> str:
    file = folder / "rows.csv"
    file.write_text(text)
    return str(file)


def test_a_bad_row_gets_its_reason_and_the_others_their_result(tmp_path: Path):
    file = written(
        tmp_path,
        "model,version,size,hours,month\n"
        "rank,1,10 GiB,372,2026-03\n"
        "rank,2,10 parameters,372,2026-03\n"
        "rank,3,10 GiB,744,2026-02\n"
        "chat,1,,24,2026-02\n"
        "chat,2,1 TiB,720,2026-04\n",
    )
    result = ask("formula", "stored_gb_months", "copies=2", "--inputs", file, "--csv")
    assert result.exit_code == 3
    first, second, third, fourth, last = lines(result.stdout)
    # 10 x 2 x 372 / 744; 1,024 x 2 x 720 / 720
    assert (first["model"], first["version"], first["result"]) == ("rank", "1", "10")
    assert (last["result"], last["reason"]) == ("2048", "")
    assert "never mixed" in second["reason"]
    assert third["reason"] == "hours (h): 744 are more than the month has (672)"
    assert fourth["reason"] == "size (size): not given"
    assert [row["result"] for row in (second, third, fourth)] == ["", "", ""]
    assert "3 of 5 rows were not computed: 2, 3, 4" in result.stderr
    people = ask("formula", "stored_gb_months", "copies=2", "--inputs", file)
    assert people.exit_code == 3
    assert "3 of 5 rows were not computed." in people.stdout


def test_rows_that_are_all_sound_end_well_and_are_computed_as_columns(tmp_path: Path):
    body = "".join(f"{row},{row} GiB-h\n" for row in range(1, 201))
    file = written(tmp_path, "name,held\n" + body)
    found = lines(answer("gb_months", "hours_in_month=720", "--inputs", file, "--csv"))
    assert len(found) == 200
    assert (found[71]["name"], found[71]["result"]) == ("72", "0.1")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no row below its header"),
        ("held\n", "no row below its header"),
        ("held,held\n1,2\n", "'held' is there twice"),
        ("hold,hours_in_mnth\n1,720\n", "'hours_in_month' was meant?"),
        ("held,hours_in_month\n1,720\n", "'hours_in_month' is also given on its own"),
        ("model;held\nchat;1,5\n", "its columns are parted by ';'"),
        ("held\n" + "1" * 140_000 + "\n", "it is no CSV: field larger than field limit"),
    ],
)
def test_a_table_that_cannot_be_trusted_is_not_computed_at_all(tmp_path: Path, text, said):
    file = written(tmp_path, text)
    result = ask("formula", "gb_months", "hours_in_month=720", "--inputs", file)
    assert result.exit_code == 3
    assert said in result.stderr
    assert result.stdout == ""


def test_a_cell_without_a_column_spoils_its_row_only(tmp_path: Path):
    file = written(tmp_path, "held\n720,7\n720\n")
    result = ask("formula", "gb_months", "hours_in_month=720", "-i", file, "--csv")
    assert result.exit_code == 3
    assert [row["result"] for row in lines(result.stdout)] == ["", "1"]
    assert "a cell without a column: '7'" in result.stdout


def test_a_month_is_carried_along_where_no_hours_of_it_count(tmp_path: Path):
    file = written(tmp_path, "model,month,gpu_hours,chips\nchat,2026-02,16,8\n")
    [row] = lines(answer("training_time", "--inputs", file, "--csv"))
    assert (row["model"], row["month"], row["result"]) == ("chat", "2026-02", "2")


PLANS = """id,kind,commitment,what,rate,units
sp,compute,2.00,r5,0.70,
sp,compute,2.00,vcpu,0.03,
ri,reservation,0.50,r5,,1
"""
USAGE = """hour,what,units,on_demand_price,account,eligible
2026-09-01T10:00,r5,4,1.00,shop,
2026-09-01 10:00,vcpu,100,0.04,shop,no
2026-09-01T12:00,r5,3,1.00,shop,yes
"""


def bought(folder: Path, plans: str = PLANS, usage: str = USAGE) -> tuple[str, ...]:
    (folder / "plans.csv").write_text(plans)
    (folder / "usage.csv").write_text(usage)
    return ("--commitments", str(folder / "plans.csv"), "--inputs", str(folder / "usage.csv"))


def test_commitments_are_applied_hour_by_hour_and_charged_in_every_hour(tmp_path: Path):
    files = bought(tmp_path)
    first, quiet, last = lines(answer(*files, "--csv"))
    # 10:00: one r5 reserved, 2.00 / 0.70 = 20/7 of the other three, 1/7 x 1.00 and 4.00 on demand
    assert (first["charge"], first["unused"]) == ("6.642857142857142857", "0")
    # of eligible 4.00 all but 1/7 is covered
    assert first["coverage"] == "0.964285714285714286"
    assert (quiet["hour"], quiet["charge"], quiet["unused"]) == ("2026-09-01 11:00", "2.5", "2")
    # 12:00: two at 0.70 are left for the plan
    assert (last["used"], last["on_demand"], last["utilisation"]) == ("1.4", "0", "0.7")
    document = json.loads(answer(*files, "month=2026-09", "--json"))
    assert len(document["hours"]) == 720
    told = {row["id"]: (row["due"], row["worth"]) for row in document["commitments"]}
    # 20/7 + 2 at 1.00 on demand; 2 reserved hours of one
    assert told == {"sp": ("1440", "4.857142857142857143"), "ri": ("360", "2")}
    assert "By commitment" in answer(*files)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("sp,compute,2.00,vcpu", "sp,compute,3.00,vcpu", "sp differ in more than what and rate"),
        ("sp,compute,2.00,vcpu", "sp,compute,2.00,r5", "sp has two rates for r5"),
        ("sp,compute,2.00,vcpu", "sp,spot,2.00,vcpu", "row 2: kind 'spot' is none of instance"),
        (",,1\n", ",,\n", "row 3: units: not given"),
        ("0.03", "0.05", "the rate of vcpu must be above 0 and at most its on-demand price"),
        ("kind", "sort", "has no column 'kind'"),
        ("T12:00", "T12:30", "row 3: hour '2026-09-01T12:30': give the full hour in UTC"),
        ("2026-09-01T12:00", "2026-09-01", "row 3: hour '2026-09-01': give the full hour"),
        ("T12:00", "T12:00Z", "give the full hour in UTC, without a zone"),
        ("2026-09-01T12:00", "noon", "hour 'noon' is no hour"),
        (",4,", ",four,", "row 1: units: 'four' is no number"),
        ("r5,3", '"r5' + "x" * 140_000 + '",3', "it is no CSV: field larger than field limit"),
        ("shop,yes", "shop,yes,7", "row 3: a cell without a column: '7'"),
        ("shop,yes", "shop,maybe", "eligible: 'maybe' is neither yes nor no"),
        ("2026-09-01T12:00", "2026-10-01T12:00", "not only of 2026-09"),
    ],
)
def test_commitments_or_usage_that_cannot_be_read_are_not_applied_in_part(
    tmp_path: Path, old, new, said
):
    files = bought(tmp_path, PLANS.replace(old, new, 1), USAGE.replace(old, new, 1))
    result = ask("formula", *files, "month=2026-09")
    assert (result.exit_code, result.stdout) == (3, "")
    assert said in result.stderr


def test_the_articles_450_stands_beside_its_130():
    document = json.loads(answer("--articles", "p=2", "--json"))
    [row] = [
        row for row in document["articles"] if (row["article"], row["place"]) == ("001", "4.3")
    ]
    told = ("expression", "printed", "gives", "correct", "flags")
    expression = "0.1 * 0.5 * 1000 + 0.2 * 0.8 * 500"
    assert [row[key] for key in told] == [expression, "450", "130", "130", "ARITH"]
    people = answer("--articles")
    assert "1,536 GPU-h x p" in " ".join(people.split())
    assert "DEGENERATE: the problem as stated has a trivial answer." in people
    assert len(lines(answer("--articles", "--csv"))) == len(document["articles"])
