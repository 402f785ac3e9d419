"""A bill delivered anew asks for its month again: once per delivery, and never for the others."""

import json
from pathlib import Path

import dagster as dg
import pytest

from assets.definitions import defs
from assets.resources import AttributionProject
from assets.sensors import restated_months
from pipelines.billing.restatements import MONTHS_PER_TICK, detect_restatements
from pipelines.errors import LakeUnreachable

REPOSITORY = defs.get_repository_def()


@pytest.fixture
def export(tmp_path: Path) -> Path:
    (tmp_path / "modelspend.toml").write_text('[[bills]]\nname = "aws"\npath = "export"\n')
    (tmp_path / "catalogue.toml").write_text("")
    (tmp_path / "export").mkdir()
    return tmp_path / "export"


def deliver(export: Path, month: str, next_month: str, assembly: str) -> None:
    period = export / f"{month.replace('-', '')}01-{next_month.replace('-', '')}01"
    period.mkdir(exist_ok=True)
    (period / "bill-Manifest.json").write_text(json.dumps({"assemblyId": assembly}))
    (period / f"bill-{assembly}.csv.gz").write_bytes(b"data is not looked at")


def tick(export: Path, cursor: str | None) -> tuple[list[dg.RunRequest], str | None]:
    project = AttributionProject(settings_path=str(export.parent / "modelspend.toml"))
    with (
        dg.DagsterInstance.ephemeral() as instance,
        dg.build_sensor_context(
            instance, cursor, repository_def=REPOSITORY, resources={"project": project}
        ) as context,
    ):
        data = restated_months.evaluate_tick(context)
        return list(data.run_requests or []), data.cursor


def test_a_first_delivery_asks_for_its_month(export):
    deliver(export, "2026-09", "2026-10", "first")
    requests, _ = tick(export, None)
    assert [request.partition_key for request in requests] == ["2026-09"]
    assert requests[0].run_key.startswith("2026-09:")


def test_an_unchanged_delivery_asks_for_nothing(export):
    deliver(export, "2026-09", "2026-10", "first")
    _, cursor = tick(export, None)
    requests, _ = tick(export, cursor)
    assert requests == []


def test_a_restated_month_is_asked_for_alone_and_under_another_key(export):
    deliver(export, "2026-08", "2026-09", "first")
    deliver(export, "2026-09", "2026-10", "first")
    before, cursor = tick(export, None)
    deliver(export, "2026-09", "2026-10", "second")
    after, _ = tick(export, cursor)
    assert [request.partition_key for request in before] == ["2026-08", "2026-09"]
    assert [request.partition_key for request in after] == ["2026-09"]
    assert after[0].run_key != before[1].run_key


def test_a_month_outside_the_calendar_is_left_alone(export):
    deliver(export, "2019-12", "2020-01", "first")
    deliver(export, "2099-01", "2099-02", "first")
    assert tick(export, None)[0] == []


def test_a_month_before_the_projects_first_is_left_alone(export):
    deliver(export, "2024-12", "2025-01", "first")  # first_month is 2025-01 by default
    assert tick(export, None)[0] == []


def test_a_store_that_cannot_be_listed_is_an_error_not_an_empty_bill(export):
    export.rmdir()
    with pytest.raises(LakeUnreachable, match="does not exist"):
        tick(export, None)


def test_more_months_than_a_tick_takes_are_left_to_the_next_tick():
    current = {f"2025-{month:02}": "new" for month in range(1, 13)} | {"2026-01": "new"}
    first = detect_restatements({}, current, current)
    assert len(first) == MONTHS_PER_TICK
    assert detect_restatements(first, current, current) == {"2026-01": "new"}


def test_a_delivery_that_was_removed_asks_for_nothing():
    assert detect_restatements({"2026-09": "old"}, {}, ["2026-09"]) == {}
