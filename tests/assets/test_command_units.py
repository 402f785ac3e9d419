"""Unit costs, billed beside logged and spend by tenant of a run month, on the terminal."""

import csv
import io
import json
from pathlib import Path

import pytest
from golden_project import GOLDEN, MONTH, write_golden
from test_command import ask

from assets.lake import Lake
from assets.project import Project

ORDERS = "date,unit,quantity,model\n2026-09-01,orders,1200,\n2026-09-02,orders,many,\n"
SHOP = '\n[[business_units]]\nname = "shop"\npath = "orders.csv"\n'


def with_tenants(log: str) -> str:
    """The golden log with the tenants `de` for version 1 and `fr` for version 2."""
    header, *lines = log.splitlines()
    told = [f"{line},{'de' if ',rank,1,' in line else 'fr'},search" for line in lines]
    return "\n".join([f"{header},tenant,use_case", *told, ""])


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("units")
    settings = write_golden(folder, log=with_tenants((GOLDEN / "log.csv").read_text()))
    settings.write_text(settings.read_text() + SHOP)
    (folder / "orders.csv").write_text(ORDERS)
    result = ask("run", "--month", MONTH, "--settings", str(settings))
    assert result.exit_code == 0, result.output
    return settings


def answer(settings: Path, *words: str) -> str:
    result = ask(*words, "--month", MONTH, "--settings", str(settings))
    assert result.exit_code == 0, result.output
    return result.stdout


def test_units_are_shown_for_people_and_exactly_for_programs(published: Path):
    people = answer(published, "units")
    assert "1,000 requests" in people
    assert "Cost per business unit" in people
    document = json.loads(answer(published, "units", "--model", "rank", "--json"))
    [row] = [
        row
        for row in document["units"]
        if (row["model_version"], row["unit"]) == ("1", "gpu_second_busy")
    ]
    told = ("effective_cost", "quantity", "per", "shown_quantity", "unit_cost")
    assert [row[name] for name in told] == ["2.5", "4500", 3600, "1.25", "2"]
    lines = answer(published, "units", "--by", "tenant", "--csv")
    tenants = {line["tenant"] for line in csv.DictReader(io.StringIO(lines)) if line["tenant"]}
    assert tenants == {"de", "fr"}
    orders = answer(published, "units", "--csv", "--table", "business_units")
    inference, whole = csv.DictReader(io.StringIO(orders))
    assert (inference["component"], whole["component"]) == ("inference", "all")
    assert (whole["unit"], whole["quantity"], whole["per"]) == ("orders", "1200", "1")
    assert answer(published, "units") == people


def test_billed_and_logged_stand_side_by_side_and_differences_come_first(published: Path):
    people = answer(published, "usage")
    assert people.index("differ by more than 5 %") < people.index("units of the month")
    assert "no log at all" in people
    document = json.loads(answer(published, "usage", "--json"))
    assert {name for name, rows in document.items() if rows and name != "billing_month"} == {
        "differences",
        "billed_vs_logged",
        "days",
        "utilisation",
    }
    [endpoint] = [
        row
        for row in document["utilisation"]
        if (row["level"], row["resource_id"]) == ("subtotal", "endpoint/rank")
    ]
    assert (endpoint["hours_billed"], endpoint["gpu_hours_busy"]) == ("3", "1.666667")
    days = answer(published, "usage", "--model", "chat", "--csv", "--table", "days")
    [day] = csv.DictReader(io.StringIO(days))
    assert (day["unit_class"], day["billed_quantity"]) == ("input_tokens", "1000000")


def test_spend_by_tenant_adds_up_to_the_month(published: Path):
    document = json.loads(answer(published, "show", "--by", "tenant", "--json"))
    spend = document["spend"]
    by_tenant = {row["tenant"]: row["total"] for row in spend if row["level"] == "subtotal"}
    assert by_tenant == {"(no tenant)": "4.7", "de": "2.575", "fr": "0.858333333333333333"}
    assert spend[-1]["total"] == "31.25"
    assert "search" in answer(published, "show", "--by", "use-case")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("units", "--model", "nobody"), "has no model 'nobody'; it has chat, rank, recs"),
        (("usage", "--csv", "--table", "units"), "there is no table 'units' here"),
        (("show", "--by", "tenant", "--basis", "list"), "effective cost only"),
        (("show", "--by", "use-case", "--calendar", "charge"), "without --calendar"),
    ],
)
def test_what_does_not_fit_is_said(published: Path, words: tuple[str, ...], said: str):
    result = ask(*words, "--month", MONTH, "--settings", str(published))
    assert result.exit_code == 2
    assert said in " ".join(result.stderr.replace("│", " ").split())


def test_the_publication_names_the_tables_their_inputs_and_the_rejected_rows(published: Path):
    project = Project.load(published)
    publication = Lake(project.settings.lake, project.cache, project.base).latest(MONTH)
    assert publication is not None
    assert {
        "out_usage__billed_vs_logged",
        "out_spend__unit_costs",
        "out_spend__utilisation",
    } <= set(publication.tables)
    [(name, size, _)] = publication.inputs["business_units"]["shop"]
    assert (name, size) == ("orders.csv", len(ORDERS))
    [warning] = [text for text in publication.warnings if text.startswith("business units")]
    assert warning.endswith(
        "1 row rejected: line 3: quantity 'many' is no number written as 1234.5"
    )


@pytest.mark.parametrize("command", ["units", "usage"])
def test_help_teaches(command: str):
    result = ask(command, "--help")
    assert result.exit_code == 0
    assert f"modelspend {command} --month 2026-09" in result.stdout
