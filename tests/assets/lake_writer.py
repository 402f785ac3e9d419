"""Writers in processes of their own, so that they can race and be killed: a small fork server.

Started once (imports are slow), it forks a child per line of standard input: a JSON job. Prints the
child's process id; the child leaves its outcome in a file.
"""

import json
import os
import sys
import time
import traceback
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import polars as pl

from assets.lake import Lake, Publication
from pipelines.contracts import COUNT, INSTANT, MONEY, TABLES
from pipelines.errors import PublicationLost
from pipelines.settings import LakeSettings

INSTANT_OF_ALL = datetime(2026, 10, 1)
STAGED = ("core_billing__export_totals", "core_billing__files", "out_reconciliation")


def rows(table: str, month: str, value: int, count: int = 3) -> pl.DataFrame:
    """Rows whose every money and count column is `value`, so that a mix of runs shows."""
    contract = TABLES[table]

    def cell(name: str, kind: str, number: int) -> object:
        if name == "billing_month":
            return month
        if name in contract.key:
            return f"{name}-{number}" if kind == "VARCHAR" else number
        at = INSTANT_OF_ALL
        return {COUNT: value, MONEY: Decimal(value), INSTANT: at}.get(kind, str(value))

    made = [
        {name: cell(name, kind, number) for name, kind in contract.columns.items()}
        for number in range(count)
    ]
    return pl.DataFrame(made, schema=contract.polars_schema)


def publication(month: str, value: int, tables: dict, run_id: str = "run") -> Publication:
    return Publication(
        billing_month=month,
        publication_id=f"{run_id}-{value}",
        published_at=INSTANT_OF_ALL,
        status="provisional",
        run_id=run_id,
        inputs_digest=str(value),
        inputs={"value": value},
        tables=tables,
    )


def run_month(lake: Lake, month: str, value: int, run_id: str = "run", ready=None, go=None) -> None:
    """What a run does: begin, write three tables, publish."""
    handle = lake.begin(month, run_id)
    if ready:
        Path(ready).touch()
        while not Path(go).exists():
            time.sleep(0.002)
    written = {
        table: lake.write(table, month, rows(table, month, value), run_id).as_published()
        for table in STAGED
    }
    lake.publish(handle, publication(month, value, written, run_id))


def perform(job: dict) -> str:
    lake = Lake(LakeSettings.model_validate(job["settings"]), Path(job["cache"]), Path(job["base"]))
    value = job["value"]
    try:
        while True:
            run_month(lake, job["month"], value, job["run_id"], job.get("ready"), job.get("go"))
            if not job.get("forever"):
                return "published"
            value += 1
    except PublicationLost:
        return "lost"


def main() -> None:
    for line in sys.stdin:
        job = json.loads(line)
        if child := os.fork():
            print(child, flush=True)
            continue
        try:
            outcome = perform(job)
        except BaseException:  # noqa: BLE001 -- whatever it is, the test must see it
            outcome = traceback.format_exc()
        result = Path(job["result"])
        result.with_suffix(".part").write_text(outcome, encoding="utf-8")
        result.with_suffix(".part").rename(result)
        os._exit(0)


if __name__ == "__main__":
    main()
