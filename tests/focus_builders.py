"""Small FOCUS datasets: lines that show what matters, as CSV, JSON lines or Parquet."""

import csv
import gzip
import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import duckdb

from pipelines.files import LocalFile
from pipelines.months import next_month

Line = dict[str, str]

RATIO = '{"Elements":[{"AllocatedRatio":%s,"UsageUnit":"GPU","UsageQuantity":1}]}'
"""AllocatedMethodDetails of one element; its ratio goes into the gap."""


def focus_line(cost: str = "1.00", *, month: str = "2026-05", **changed: str) -> Line:
    """An hour of a managed model API, unless changed; `None`-like texts are written as they are."""
    line = {
        "BillingPeriodStart": f"{month}-01T00:00:00Z",
        "BillingPeriodEnd": f"{next_month(month)}-01T00:00:00Z",
        "ChargePeriodStart": f"{month}-02T10:00:00Z",
        "ChargePeriodEnd": f"{month}-02T11:00:00Z",
        "ServiceProviderName": "Solora AI",
        "InvoiceIssuerName": "Solora AI Inc.",
        "InvoiceId": "INV-1",
        "BillingAccountId": "acct-1",
        "SubAccountId": "team-1",
        "BillingCurrency": "USD",
        "ChargeCategory": "Usage",
        "ChargeClass": "",
        "ChargeFrequency": "Usage-Based",
        "ServiceName": "Generative AI API",
        "ServiceCategory": "AI and Machine Learning",
        "ResourceId": "deployment-1",
        "SkuPriceId": "input-ondemand",
        "BilledCost": cost,
        "EffectiveCost": cost,
        "ContractedCost": cost,
        "ListCost": cost,
        "Tags": "",
    }
    return {**line, **changed}


def allocated(cost: str, ratio: str, to: str, **changed: str) -> Line:
    """A charge allocated from the GPU node-1 to a workload."""
    return focus_line(
        cost,
        **{
            "ResourceId": "node-1",
            "AllocatedMethodId": "split-weighted",
            "AllocatedMethodDetails": RATIO % ratio,
            "AllocatedResourceId": to,
            **changed,
        },
    )


def without(line: Mapping[str, str], *columns: str) -> Line:
    """A line of a dataset that lacks some columns."""
    return {name: text for name, text in line.items() if name not in columns}


def csv_text(lines: Sequence[Mapping[str, str]], delimiter: str = ",") -> str:
    """The lines as CSV; a column that only some lines have is empty in the others."""
    columns = list(dict.fromkeys(name for line in lines for name in line))
    out = io.StringIO()
    writer = csv.DictWriter(out, columns, restval="", lineterminator="\n", delimiter=delimiter)
    writer.writeheader()
    writer.writerows(lines)
    return out.getvalue()


def written(folder: Path, text: str, name: str = "focus.csv") -> LocalFile:
    """A text as a delivered file."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    data = text.encode()
    path.write_bytes(gzip.compress(data, mtime=0) if name.endswith(".gz") else data)
    return delivered(path)


def delivered(path: Path) -> LocalFile:
    """A file as it lies somewhere."""
    return LocalFile(str(path), path.name, path.stat().st_size, "etag")


def focus_file(
    folder: Path, lines: Sequence[Mapping[str, str]], name: str = "focus.csv"
) -> LocalFile:
    """The lines as a file of the kind its name says."""
    if name.endswith(".parquet"):
        folder.mkdir(parents=True, exist_ok=True)
        source = written(folder, csv_text(lines), "for-parquet.csv")
        with duckdb.connect() as con:
            con.sql(
                "SELECT * FROM read_csv($path, all_varchar = true)", params={"path": source.path}
            ).write_parquet(str(folder / name))
        Path(source.path).unlink()
        return delivered(folder / name)
    if name.endswith((".jsonl", ".jsonl.gz")):
        return written(folder, "".join(json.dumps(dict(line)) + "\n" for line in lines), name)
    return written(folder, csv_text(lines), name)
