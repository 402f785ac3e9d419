"""Which months the night asks for, evaluated as Dagster evaluates them."""

from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
import pytest

from assets.definitions import build_definitions, defs
from assets.resources import AttributionProject
from assets.schedules import monthly_calibration, nightly_attribution, nightly_registry_pull

REPOSITORY = defs.get_repository_def()


def requests_at(at: datetime) -> list[dg.RunRequest]:
    with dg.DagsterInstance.ephemeral() as instance:
        context = dg.build_schedule_context(
            instance, scheduled_execution_time=at, repository_def=REPOSITORY
        )
        return list(nightly_attribution.evaluate_tick(context).run_requests or [])


def months_asked_for(year: int, month: int, day: int) -> list[str | None]:
    at = datetime(year, month, day, 5, 30, tzinfo=UTC)
    return [request.partition_key for request in requests_at(at)]


@pytest.mark.parametrize(
    ("day", "months"),
    [
        ((2026, 11, 1), ["2026-10"]),  # no day of November is over
        ((2026, 11, 2), ["2026-10", "2026-11"]),
        ((2026, 11, 15), ["2026-10", "2026-11"]),
        ((2026, 11, 16), ["2026-11"]),  # October has settled
        ((2026, 11, 30), ["2026-11"]),
        ((2027, 1, 1), ["2026-12"]),
        ((2028, 2, 29), ["2028-02"]),
    ],
)
def test_a_night_runs_the_months_whose_bill_can_still_move(day, months):
    assert months_asked_for(*day) == months


def test_a_month_before_the_first_one_is_not_asked_for():
    assert months_asked_for(2020, 1, 2) == ["2020-01"]


def test_each_month_is_a_run_of_its_own_that_says_why():
    requests = requests_at(datetime(2026, 11, 5, 5, 30, tzinfo=UTC))
    assert [request.run_key for request in requests] == ["2026-10", "2026-11"]
    assert {request.tags["modelspend/reason"] for request in requests} == {"nightly"}


def test_the_night_is_half_past_five_in_utc():
    assert nightly_attribution.cron_schedule == "30 5 * * *"
    assert nightly_attribution.execution_timezone == "UTC"


def project_asking(folder: Path, registries: str) -> AttributionProject:
    (folder / "catalogue.toml").write_text("")
    bills = '[[bills]]\nname = "a"\npath = "bills"\n'
    (folder / "modelspend.toml").write_text(bills + registries)
    return AttributionProject(settings_path=str(folder / "modelspend.toml"))


REGISTRY = '[[registries]]\nname = "weights"\nkind = "huggingface"\nuri = "weights"\n'


@pytest.mark.parametrize(
    ("registries", "keys"),
    [("", []), (REGISTRY, ["2026-11-05"]), (REGISTRY + "pull = false\n", [])],
    ids=["none", "one", "one that is gone"],
)
def test_registries_are_asked_before_the_months_are_made(tmp_path, registries, keys):
    at = datetime(2026, 11, 5, 4, 30, tzinfo=UTC)
    with dg.DagsterInstance.ephemeral() as instance:
        context = dg.build_schedule_context(
            instance,
            scheduled_execution_time=at,
            repository_def=REPOSITORY,
            resources={"project": project_asking(tmp_path, registries)},
        )
        asked = nightly_registry_pull.evaluate_tick(context).run_requests or []
    assert [request.run_key for request in asked] == keys
    hours = [s.cron_schedule.split()[1] for s in (nightly_registry_pull, nightly_attribution)]
    assert hours == ["4", "5"]


def test_asking_writes_what_is_new_and_fails_where_no_answer_came(tmp_path):
    resources = {"project": project_asking(tmp_path, REGISTRY)}
    job = build_definitions(resources).resolve_job_def("registry_pull")
    assert not job.execute_in_process(raise_on_error=False).success, "there is no such folder"
    assert not (tmp_path / "registry").exists()
    (tmp_path / "weights" / "rank").mkdir(parents=True)
    (tmp_path / "weights" / "rank" / "config.json").write_text("{}")
    for _ in range(2):
        assert job.execute_in_process().success
    assert len(list((tmp_path / "registry" / "weights").iterdir())) == 1


FORMULA = """
[[models]]
name = "rank"
versions = [{version = "1"}]

[[formulas]]
model = "rank"
version = "1"
formula = "training_gpu_hours"
unit = "Hrs"
currency = "USD"
as_of = 2026-01-01T00:00:00Z
first_month = "2026-01"
last_month = "2026-12"
"""


@pytest.mark.parametrize(("catalogue", "keys"), [("", []), (FORMULA, ["2026-11"])])
def test_formulas_are_calibrated_on_the_sixth_where_there_are_any(tmp_path, catalogue, keys):
    project = project_asking(tmp_path, "")
    (tmp_path / "catalogue.toml").write_text(catalogue)
    with dg.DagsterInstance.ephemeral() as instance:
        context = dg.build_schedule_context(
            instance,
            scheduled_execution_time=datetime(2026, 11, 6, 5, tzinfo=UTC),
            repository_def=REPOSITORY,
            resources={"project": project},
        )
        asked = monthly_calibration.evaluate_tick(context).run_requests or []
    assert [request.run_key for request in asked] == keys
    assert monthly_calibration.cron_schedule == "0 5 6 * *"


def test_a_calibration_with_nothing_to_learn_of_says_so_and_fails_no_run(tmp_path):
    job = build_definitions({"project": project_asking(tmp_path, "")}).resolve_job_def(
        "calibration"
    )
    done = job.execute_in_process()
    assert done.success
    [check] = done.get_asset_check_evaluations()
    assert (check.check_name, check.passed) == ("calibration_is_accepted", False)
    assert "no month that had ended by then is final or closed" in check.metadata["verdict"].value
    assert not (tmp_path / "calibration").exists()
