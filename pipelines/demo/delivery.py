"""A month of the bill as AWS delivers it: CSV text in parts, and the manifest that names them."""

import csv
import io
import json
from collections.abc import Sequence
from typing import Final

from pipelines.demo.bill import ASSEMBLIES
from pipelines.demo.lines import COLUMNS, Line
from pipelines.demo.shop import SHOP_ACCOUNT
from pipelines.months import month_bounds

REPORT: Final = "shop-cur"
PREFIX: Final = f"exports/{REPORT}"
BUCKET: Final = "shop-billing"
LINES_PER_FILE: Final = 10_000


def month_folder(month: str) -> str:
    """The folder of a month below the bucket: `exports/shop-cur/20260701-20260801`."""
    first, last = month_bounds(month)
    return f"{PREFIX}/{first:%Y%m%d}-{last:%Y%m%d}"


def parts(month: str, lines: Sequence[Line], *, restated: bool = False) -> dict[str, str]:
    """The CSV texts of one delivery by their keys."""
    folder = f"{month_folder(month)}/{ASSEMBLIES[month, restated]}"
    texts = {}
    for number, start in enumerate(range(0, len(lines), LINES_PER_FILE), 1):
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(COLUMNS)
        for line in lines[start : start + LINES_PER_FILE]:
            writer.writerow([line.get(column, "") for column in COLUMNS])
        texts[f"{folder}/{REPORT}-{number:05d}.csv.gz"] = out.getvalue()
    return texts


def manifest(month: str, keys: Sequence[str], *, restated: bool = False) -> str:
    """The manifest of one delivery: which assembly it is, its columns and its files."""
    first, last = month_bounds(month)
    return json.dumps(
        {
            "assemblyId": ASSEMBLIES[month, restated],
            "account": SHOP_ACCOUNT,
            "columns": [
                dict(zip(("category", "name"), column.split("/", 1), strict=True))
                for column in COLUMNS
            ],
            "charset": "UTF-8",
            "compression": "GZIP",
            "contentType": "text/csv",
            "reportId": "5d0cde50000000000000000000000000",
            "reportName": REPORT,
            "billingPeriod": {
                "start": f"{first:%Y%m%dT%H%M%S}.000Z",
                "end": f"{last:%Y%m%dT%H%M%S}.000Z",
            },
            "bucket": BUCKET,
            "reportKeys": list(keys),
            "additionalArtifactKeys": [],
        },
        indent=2,
    )
