"""Writes the demo shop to a folder: settings, catalogue, bills as AWS delivers them, and logs.

Only files are made here; what is in them is `pipelines/demo`. The same bytes every time: gzip
without a time, no clock, no chance.
"""

import csv
import gzip
import io
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import polars as pl

from pipelines.demo import business as sold
from pipelines.demo import delivery, shop
from pipelines.demo.bill import ASSEMBLIES, bill_lines
from pipelines.demo.traffic import FIELDS, gateway_calls, support_calls
from pipelines.months import month_bounds

TEMPLATES: Final = Path(__file__).resolve().parent / "templates"
RESTATED_MONTH: Final = "2026-08"

DAMAGED_LOG: Final = "logs/gateway/2026-08-20.jsonl.gz"
"""The gateway was restarted on that day: the last line is cut off, the first one came twice."""

README: Final = """\
The demo shop: a quarter (July to September 2026) of an online shop that does not exist.

modelspend.toml   settings: where everything is, which policies apply
catalogue.toml    models, versions, deployments, runs, artefacts, plans
bills/            the AWS Cost and Usage Report as AWS delivers it, one folder for each month
logs/             what the models were asked: the serving gateway and customer service
business/         what the shop sold, day by day
lake/             appears when a month is run

What to look for: a GPU node nobody switched off (i-0b22c0de00fraud01), an endpoint three model
versions share (search-rank), a roll-out (10 to 13 August), a training run that failed, a savings
plan that is not used in full, and a tag that still says v7.
"""


@dataclass(frozen=True)
class ShopFiles:
    """The folder and what is in it."""

    folder: Path
    settings: Path
    catalogue: Path
    bills: tuple[Path, ...]
    logs: tuple[Path, ...]


def template(name: str) -> str:
    """The text of a packaged template, for example `modelspend.toml` or `demo/catalogue.toml`."""
    return (TEMPLATES / name).read_text(encoding="utf-8")


def write_shop(folder: Path) -> ShopFiles:
    """Write the whole shop; August as AWS delivered it first.

    Files that are there already are replaced; others in the folder are left alone.
    """
    settings = _write(folder / "modelspend.toml", template("demo/modelspend.toml").encode())
    catalogue = _write(folder / "catalogue.toml", template("demo/catalogue.toml").encode())
    _write(folder / "README.txt", README.encode())
    lines = [",".join(row) for row in (sold.FIELDS, *sold.sales())]
    _write(folder / "business/sales.csv", _joined(lines))
    bills = [path for month in shop.MONTHS for path in _deliver(folder, month, restated=False)]
    return ShopFiles(folder, settings, catalogue, tuple(bills), tuple(_write_logs(folder)))


def restate_august(folder: Path) -> tuple[Path, ...]:
    """Deliver August again, as AWS does: a second assembly, and the month's manifest names it.

    The first one stays on disk. An hour of the update run is added and the credit is raised by
    50.00: the month's bill falls by 24.75.
    """
    return tuple(_deliver(folder, RESTATED_MONTH, restated=True))


def _deliver(folder: Path, month: str, *, restated: bool) -> Iterable[Path]:
    """One delivery: its files, its own manifest, and last the month's."""
    bills = folder / "bills"
    texts = delivery.parts(month, bill_lines(month, restated=restated), restated=restated)
    written = [_write(bills / key, _gzipped(text.encode())) for key, text in texts.items()]
    manifest = delivery.manifest(month, list(texts), restated=restated).encode()
    name = f"{delivery.REPORT}-Manifest.json"
    month_folder = bills / delivery.month_folder(month)
    written.append(_write(month_folder / ASSEMBLIES[month, restated] / name, manifest))
    written.append(_write(month_folder / name, manifest))
    return written


def _write_logs(folder: Path) -> Iterable[Path]:
    day = shop.QUARTER_START
    while day < shop.QUARTER_END:
        name = f"logs/gateway/{day:%Y-%m-%d}.jsonl.gz"
        lines = _json_lines(gateway_calls(day, day + timedelta(days=1)))
        if name == DAMAGED_LOG:
            lines = [lines[0], *lines, lines[-1][: len(lines[-1]) // 2]]
        yield _write(folder / name, _gzipped(_joined(lines)))
        day += timedelta(days=1)
    july, august, september = (list(support_calls(*month_bounds(month))) for month in shop.MONTHS)
    yield _write(folder / "logs/support/2026-07.csv", _csv(july))
    yield _write(folder / "logs/support/2026-08.jsonl.gz", _gzipped(_joined(_json_lines(august))))
    yield _write(folder / "logs/support/2026-09.parquet", _parquet(september))


def _json_lines(calls: Iterable[dict[str, Any]]) -> list[str]:
    """One JSON object for each call; what was not measured is left out."""
    lines = []
    for call in calls:
        shown = {name: value for name, value in call.items() if value is not None}
        shown["started_at"] = call["started_at"].isoformat() + "Z"
        shown["ended_at"] = call["ended_at"].isoformat() + "Z"
        lines.append(json.dumps(shown, separators=(",", ":")))
    return lines


def _joined(lines: Sequence[str]) -> bytes:
    return ("\n".join(lines) + "\n").encode()


def _csv(calls: Sequence[dict[str, Any]]) -> bytes:
    """With a header; times without a zone, as spreadsheets write them; empty where not measured."""
    out = io.StringIO()
    writer = csv.DictWriter(out, FIELDS, lineterminator="\n")
    writer.writeheader()
    for call in calls:
        writer.writerow(call | {"is_batch": "false"})
    return out.getvalue().encode()


def _parquet(calls: Sequence[dict[str, Any]]) -> bytes:
    types: dict[str, pl.DataType] = {name: pl.String() for name in FIELDS}
    types |= {name: pl.Int64() for name in FIELDS if "tokens" in name}
    types |= dict.fromkeys(("requests", "gpu_ms"), pl.Int64())
    types |= dict.fromkeys(("started_at", "ended_at"), pl.Datetime("us"))
    types["is_batch"] = pl.Boolean()
    frame = pl.DataFrame(list(calls), schema=types).with_columns(
        pl.col("started_at", "ended_at").dt.replace_time_zone("UTC")
    )
    out = io.BytesIO()
    frame.write_parquet(out)
    return out.getvalue()


def _gzipped(content: bytes) -> bytes:
    out = io.BytesIO()
    with gzip.GzipFile(filename="", mode="wb", fileobj=out, compresslevel=6, mtime=0) as file:
        file.write(content)
    return out.getvalue()


def _write(path: Path, content: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path
