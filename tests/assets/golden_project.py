"""The golden month as a project on disk: its bill delivered as AWS does, its log, its catalogue."""

import gzip
import json
import shutil
from pathlib import Path

GOLDEN = Path(__file__).resolve().parents[1] / "golden"
MONTH = "2026-09"


def write_golden(folder: Path, bill: str | None = None, log: str | None = None) -> Path:
    """Write the project and return its settings file; `bill` and `log` replace the golden texts."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("modelspend.toml", "catalogue.toml"):
        shutil.copy(GOLDEN / name, folder / name)
    (folder / "log.csv").write_text(log or (GOLDEN / "log.csv").read_text())
    deliver(folder, bill or (GOLDEN / "bill.csv").read_text(), "assembly-1")
    return folder / "modelspend.toml"


def deliver(folder: Path, bill: str, assembly: str) -> None:
    """Deliver the month's bill as an assembly of its own and point the manifest to it."""
    month = folder / "bills" / "20260901-20261001"
    key = f"bills/20260901-20261001/{assembly}/golden-00001.csv.gz"
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
        "billingPeriod": {"start": "20260901T000000.000Z", "end": "20261001T000000.000Z"},
        "bucket": "golden",
        "reportKeys": [key],
    }
    (month / "golden-Manifest.json").write_text(json.dumps(manifest))


def golden_bill(**changed: str) -> str:
    """The golden bill, with texts of it replaced: `golden_bill(**{"2.50": "x"})`."""
    text = (GOLDEN / "bill.csv").read_text()
    for old, new in changed.items():
        assert old in text
        text = text.replace(old, new)
    return text
