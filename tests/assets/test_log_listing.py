"""The daily listing of log files: lineage only, decided by the dates in their names."""

from pathlib import Path

import dagster as dg
import pytest

from assets.inference import raw_inference__log_files
from assets.resources import AttributionProject

NAMES = [
    "2026-09-01.jsonl",
    "gateway/2026/09/01/part-0.jsonl.gz",
    "gateway-2026090107.csv",
    "2026-09-02.jsonl",
    "undated.jsonl",
    "12026090112345.jsonl",
]


@pytest.fixture
def project(tmp_path: Path) -> AttributionProject:
    (tmp_path / "modelspend.toml").write_text(
        '[[bills]]\nname = "aws"\npath = "bills"\n[[logs]]\nname = "gateway"\npath = "logs"\n'
    )
    (tmp_path / "catalogue.toml").write_text("")
    for name in NAMES:
        file = tmp_path / "logs" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("{}\n")
    return AttributionProject(settings_path=str(tmp_path / "modelspend.toml"))


@pytest.mark.parametrize(
    ("day", "files"), [("2026-09-01", 3), ("2026-09-02", 1), ("2026-09-03", 0)]
)
def test_a_day_has_the_files_that_carry_its_date(project, day, files):
    with dg.DagsterInstance.ephemeral() as instance:
        done = dg.materialize(
            [raw_inference__log_files],
            partition_key=day,
            resources={"project": project},
            instance=instance,
        )
    [event] = done.get_asset_materialization_events()
    assert event.materialization.metadata["files"].value == files
    assert event.partition == day
