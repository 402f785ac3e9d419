"""The golden month as a project on disk: its bill delivered as AWS does, its log, its catalogue."""

import gzip
import json
import shutil
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from assets.engine import RunOutcome, StepEvent
from assets.project import Project
from pipelines.months import next_month as after

GOLDEN = Path(__file__).resolve().parents[1] / "golden"
MONTH = "2026-09"
OVER = datetime(2026, 10, 20, tzinfo=UTC)
"""When the month is over and its bill has settled."""


@dataclass(frozen=True)
class PublishedOnce:
    """The golden project after one run of its month. Tests that change it work on a copy."""

    folder: Path
    outcome: RunOutcome
    events: tuple[StepEvent, ...]

    def copy(self, folder: Path) -> Project:
        """A copy of its inputs and its lake; dates are kept, so that to a run nothing changed."""
        shutil.copytree(self.folder, folder)
        return Project.load(folder / "modelspend.toml")


def write_golden(folder: Path, bill: str | None = None, log: str | None = None) -> Path:
    """Write the project and return its settings file; `bill` and `log` replace the golden texts."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("modelspend.toml", "catalogue.toml"):
        shutil.copy(GOLDEN / name, folder / name)
    (folder / "log.csv").write_text(log or (GOLDEN / "log.csv").read_text())
    deliver(folder, bill or (GOLDEN / "bill.csv").read_text(), "assembly-1")
    return folder / "modelspend.toml"


def deliver(folder: Path, bill: str, assembly: str, billing_month: str = MONTH) -> None:
    """Deliver a month's bill as an assembly of its own and point the manifest to it."""
    start, end = (f"{month.replace('-', '')}01" for month in (billing_month, after(billing_month)))
    month = folder / "bills" / f"{start}-{end}"
    key = f"bills/{start}-{end}/{assembly}/golden-00001.csv.gz"
    (month / assembly).mkdir(parents=True, exist_ok=True)
    (folder / key).write_bytes(gzip.compress(bill.encode(), mtime=0))
    columns = bill.split("\n", 1)[0].split(",")
    manifest = {
        "assemblyId": assembly,
        "account": "444455556666",
        "columns": [
            dict(zip(("category", "name"), column.split("/", 1), strict=True)) for column in columns
        ],
        "charset": "UTF-8",
        "compression": "GZIP",
        "contentType": "text/csv",
        "reportName": "golden",
        "billingPeriod": {"start": f"{start}T000000.000Z", "end": f"{end}T000000.000Z"},
        "bucket": "golden",
        "reportKeys": [key],
    }
    (month / "golden-Manifest.json").write_text(json.dumps(manifest))


def moved_to(month: str, bill: str) -> str:
    """The bill of another month, with the same lines."""
    return bill.replace("2026-10-01", f"{after(month)}-01").replace(MONTH, month)


def golden_bill(**changed: str) -> str:
    """The golden bill, with texts of it replaced: `golden_bill(**{"2.50": "x"})`."""
    text = (GOLDEN / "bill.csv").read_text()
    for old, new in changed.items():
        assert old in text
        text = text.replace(old, new)
    return text
