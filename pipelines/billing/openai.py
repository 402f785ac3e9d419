"""OpenAI's organization costs API as a bill: its fields, and how its pages are read.

Read are the answers of `/v1/organization/costs` as they were stored: one page a file, an array of
pages, or a page or bucket a line; one day a bucket. Decisions, with their reasons:

- **Amounts** are read from the text of the JSON number: 0.1234567890123456789 is not a double.
  There is one price, so all four bases are the amount.
- **A bucket is replaced, never added**: today's is still filling, and is read again tomorrow. Of
  two readings of one day and project the later one is charged, which is the one in the later file
  by name; lines it replaces are left out, counted. A reading that is not grouped by project has
  all projects. Two groupings of one day would be its cost twice: the later one counts alone.
- **Billing month** is the UTC month of the day. The API knows no invoice, tax or credit: what the
  invoice adds is not here.
- **line_item** names model and meter (`gpt-4o-2024-08-06, cached input`), if the pages were asked
  with `group_by=line_item`; it is the usage type, from which the rules take the model. Without it
  a line's cost has no model. What it counts is `quantity` in `quantity_unit`, where the API says
  both.
- **Project** is the sub account, **organization_id** the billing account, the API key the
  credential. An amount without a project was not grouped by it.
- **Pages that are missing**: a page that says `has_more` and after whose last day no bucket follows
  is named in a warning.

`quantity`, `quantity_unit`, `project_name` and `organization_id` are answered today and are in the
vendor's clients only in part: they may be absent.
"""

import csv
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import duckdb

from pipelines.billing.columns import Column
from pipelines.billing.formats import Bill, BillFormat, RawText
from pipelines.billing.pages import Bucket, buckets
from pipelines.billing.raw_text import read_raw_text
from pipelines.errors import BillUnreadable
from pipelines.files import LocalFile
from pipelines.months import month_bounds
from pipelines.queries import load
from pipelines.settings import BillSource

COLUMNS: Final[tuple[Column, ...]] = (
    Column("start_time", "start_time", "instant", is_core=True),
    Column("end_time", "end_time", "instant", is_core=True),
    Column("amount_value", "amount.value", "money", is_core=True),
    Column("amount_currency", "amount.currency", is_core=True),
    Column("line_item", "line_item"),
    Column("quantity", "quantity", "quantity"),
    Column("quantity_unit", "quantity_unit"),
    Column("project_id", "project_id"),
    Column("project_name", "project_name"),
    Column("organization_id", "organization_id"),
    Column("organization_name", "organization_name"),
    Column("api_key_id", "api_key_id"),
    Column("replaced_by", "replaced_by"),
)
"""`replaced_by` is ours: the file whose reading of the same day counts instead."""

_COSTS: Final = "organization.costs.result"
_Reading = tuple[str, int]
"""A file and the number of a page in it: later readings sort after earlier ones."""


def stage(
    con: duckdb.DuckDBPyConnection,
    source: BillSource,
    month: str,
    files: Sequence[LocalFile],
    work: Path,
) -> RawText:
    """The results of every page as `raw_text`: the file's nth result is its record n + 1.

    Raises:
        BillUnreadable: a file holds no pages, or results that are no costs.
    """
    found = {file.name: list(buckets(file, source.name, month)) for file in files}
    newest = _Newest(found)
    flat = []
    for number, file in enumerate(files):
        path = work / f"pages-{number:05}.csv"
        with path.open("w", encoding="utf-8", newline="") as out:
            writer = csv.writer(out, lineterminator="\n")
            writer.writerow([column.header for column in COLUMNS])
            for bucket in found[file.name]:
                for result in bucket.results:
                    _require_cost(result, source, month, file)
                    texts = {
                        **result,
                        "start_time": _instant(bucket.start),
                        "end_time": _instant(bucket.end),
                        "replaced_by": newest.instead_of(file.name, bucket, result),
                    }
                    writer.writerow([texts.get(column.header) for column in COLUMNS])
        flat.append(LocalFile(str(path), file.name, file.size, file.etag, file.role))
    starts = {bucket.start for of_file in found.values() for bucket in of_file}
    more = [
        {"file": name, "ends_at": _instant(bucket.end)}
        for name, of_file in found.items()
        for bucket in of_file
        if bucket.is_last_of_more and bucket.end not in starts
    ]
    load(con, "openai_more", {"file": "VARCHAR", "ends_at": "VARCHAR"}, more)
    return read_raw_text(con, FORMAT, source.name, month, flat, work)


class _Newest:
    """The newest reading of each day: of one project, of all of them, and of any."""

    def __init__(self, found: Mapping[str, Sequence[Bucket]]) -> None:
        self._of: dict[tuple[str, str, str], _Reading] = {}
        self._any: dict[tuple[str, str], _Reading] = {}
        for file, of_file in found.items():
            for bucket in of_file:
                day = (bucket.start, bucket.end)
                reading = (file, bucket.page)
                for project in {result.get("project_id") or "" for result in bucket.results}:
                    self._of[*day, project] = max(self._of.get((*day, project), reading), reading)
                    self._any[day] = max(self._any.get(day, reading), reading)

    def instead_of(self, file: str, bucket: Bucket, result: Mapping[str, str | None]) -> str | None:
        """The file whose later reading holds what this result does."""
        day = (bucket.start, bucket.end)
        project = result.get("project_id") or ""
        reading = (file, bucket.page)
        later = (
            self._any[day]
            if not project
            else max(self._of[*day, project], self._of.get((*day, ""), reading))
        )
        return later[0] if later > reading else None


def _require_cost(
    result: Mapping[str, str | None], source: BillSource, month: str, file: LocalFile
) -> None:
    """Usage pages are logs: read as a bill, they would have no amounts."""
    kind = result.get("object") or _COSTS
    if kind != _COSTS:
        raise BillUnreadable(
            source.name,
            month,
            f"{file.name} holds {kind}, which are no costs; usage pages are a log with "
            'format = "openai-usage"',
            file.name,
        )


def _instant(seconds: str) -> str:
    """Epoch seconds as a time; another text stays as it is, and is found unreadable."""
    if not seconds.isdecimal() or len(seconds) > len("9999999999"):
        return seconds
    return datetime.fromtimestamp(int(seconds), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def prepare(bill: Bill) -> None:
    """Say which days no page has, although one says that there is more, and what was replaced."""
    _, end = month_bounds(bill.month)
    for file, ends_at in bill.con.execute(
        "SELECT file, ends_at FROM openai_more WHERE instant(ends_at) < $end ORDER BY ALL",
        {"end": end},
    ).fetchall():
        bill.warnings.append(
            f"{bill.where} {file} says that there are more pages, and no file has the days from "
            f"{ends_at[:10]} on: costs may be missing."
        )
    [(without,)] = bill.con.execute(
        "SELECT count(*) FROM bill_lines WHERE line_item IS NULL"
    ).fetchall()
    if without:
        bill.warnings.append(
            f"{bill.where} {without} lines name no line item, so that no model is known of them: "
            "ask with group_by=line_item."
        )


FORMAT: Final = BillFormat(
    name="openai",
    folder="openai",
    columns=COLUMNS,
    prepare=prepare,
    stage=stage,
    billing_period="start_time",
)
