"""A path keeps the logs of all months: only files that may hold the month's hours are read."""

import os
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import polars as pl
from golden_project import write_golden

from assets.deliveries import list_logs
from assets.engine import run_month
from assets.lake import Lake
from assets.log_spans import MARGIN, needed_and_known, remember
from assets.project import Project
from pipelines.contracts import LOG_FILES

SEPTEMBER = (datetime(2026, 9, 1), datetime(2026, 10, 1))
JULY = "started_at,model\n2026-07-01T00:00:00Z,rank\n2026-07-31T23:00:00Z,rank\n"


def project_with_july(folder: Path) -> Path:
    settings = write_golden(folder)
    (folder / "logs").mkdir()
    (folder / "log.csv").rename(folder / "logs" / "september.csv")
    (folder / "logs" / "july.csv").write_text(JULY)
    settings.write_text(settings.read_text().replace('"log.csv"', '"logs"'))
    return settings


def log_files(settings: Path) -> dict[str, tuple[int, int, int, int]]:
    project = Project.load(settings)
    lake = Lake(project.settings.lake, project.cache, project.base)
    frame = lake.read(LOG_FILES.name, "2026-09")
    names = ("lines_read", "requests", "outside_month", "rejects")
    return {row["file"]: tuple(row[name] for name in names) for row in frame.to_dicts()}


def test_a_file_known_to_lie_outside_is_listed_and_not_opened(tmp_path: Path) -> None:
    settings = project_with_july(tmp_path)
    first = run_month(Project.load(settings), "2026-09")
    assert first.result == "published"
    before = log_files(settings)
    assert before["july.csv"] == (2, 0, 2, 0)

    july = tmp_path / "logs" / "july.csv"
    stamp = july.stat().st_mtime_ns
    july.write_bytes(b"\xff" * len(JULY))  # whoever opened it now would find no log
    os.utime(july, ns=(stamp, stamp))
    catalogue = tmp_path / "catalogue.toml"
    catalogue.write_text(catalogue.read_text() + "\n# looked at again\n")
    second = run_month(Project.load(settings), "2026-09")
    assert second.result == "published"
    assert log_files(settings) == before


def test_only_what_is_far_away_and_whole_is_passed_over(tmp_path: Path) -> None:
    project = Project.load(project_with_july(tmp_path))
    [source] = project.settings.logs
    files = list_logs(project)[source.name]
    start, end = SEPTEMBER
    hour = timedelta(hours=1)

    def known(first: datetime | None, last: datetime | None, rejects: int = 0) -> list[str]:
        row = {"billing_month": "2026-09", "source": source.name, "file": "july.csv"}
        row |= {"size_bytes": 1, "etag": "e", "lines_read": 2, "records": 2, "requests": 0}
        row |= {"duplicates": 0, "outside_month": 2, "left_out": 0, "rejects": rejects}
        row |= {"first_at": first, "last_at": last}
        remember(project, source, files, pl.DataFrame([row], schema=LOG_FILES.polars_schema))
        _, elsewhere = needed_and_known(project, source, files, SEPTEMBER)
        return [file.name for file in elsewhere]

    assert known(None, None) == []
    assert known(start - 3 * MARGIN, start - 2 * MARGIN, rejects=1) == []
    assert known(start - 3 * MARGIN, start - MARGIN - hour) == ["july.csv"]
    assert known(start - 3 * MARGIN, start - MARGIN) == []
    assert known(end + MARGIN - hour, end + 3 * MARGIN) == []
    assert known(end + MARGIN, end + 3 * MARGIN) == ["july.csv"]
    files = [replace(file, etag="another") for file in files]
    _, elsewhere = needed_and_known(project, source, files, SEPTEMBER)
    assert elsewhere == []
