"""How sheets reach a person or a program: rounded tables, or exact JSON and CSV, on stdout.

Tables are for people: money with two decimals, right-aligned, never cut off. JSON and CSV are for
programs: every amount a string with all its digits, every row with its `level` (only `line` and
`detail` rows may be added up).
"""

import csv
import io
import json
import os
import re
import sys
import textwrap
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

import typer
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from pipelines.money import plain, show
from pipelines.review.sheets import Column, Kind, Row, Sheet

WIDE_PIPE = 120
"""The width of a table that goes to a file or a pipe, where there is no terminal to ask."""

_NUMERIC = ("money", "quantity", "count", "share")
_UNFOLDED = ("id", *_NUMERIC)
_SPEAKING = ("text", "resource", "path")
"""Kinds whose values need no heading before them."""
_SAID_IN_TITLE = ("currency", "plan")
"""Where the title of a sheet with labels says them, they are not said again in each row."""


def console() -> Console:
    """Stdout: as wide as the terminal; without colour where it is not one."""
    if sys.stdout.isatty():
        return Console(highlight=False, markup=False)
    width = int(os.environ.get("COLUMNS") or WIDE_PIPE)
    return Console(highlight=False, markup=False, width=width, color_system=None, no_color=True)


def write_json(document: Any) -> None:
    """One JSON document; amounts and instants as text."""
    typer.echo(json.dumps(document, indent=2, ensure_ascii=False, default=_machine))


def write_csv(sheets: Sequence[Sheet]) -> None:
    """The rows of sheets of one shape as CSV with a header."""
    out = io.StringIO()
    columns = [column.key for column in sheets[0].columns] if sheets else []
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["level", *columns])
    for sheet in sheets:
        for row in sheet.rows:
            values = [row.values.get(key) for key in columns]
            writer.writerow([row.level, *("" if v is None else _text(v) for v in values)])
    typer.echo(out.getvalue(), nl=False)


def as_document(sheets: Iterable[Sheet]) -> dict[str, list[dict[str, Any]]]:
    """The rows of every sheet by its name; sheets of one name (one per currency) are one list."""
    document: dict[str, list[dict[str, Any]]] = {}
    for sheet in sheets:
        if sheet.audience == "people":
            continue
        rows = document.setdefault(sheet.name, [])
        for row in sheet.rows:
            values = {column.key: row.values.get(column.key) for column in sheet.columns}
            rows.append({"level": row.level, **values})
    return document


def write_sheet(out: Console, sheet: Sheet) -> None:
    """One sheet for people: its title, its rows, its notes."""
    if sheet.audience == "machine":
        return
    columns, title = _shown_columns(sheet)
    cells = [[_cell(row, column) for column in columns] for row in sheet.rows]
    labels = [_label(sheet, row) for row in sheet.rows] if sheet.labels else []
    out.print()
    for line in textwrap.wrap(title, out.width):
        out.print(Text(line, style="bold"))
    if not sheet.rows:
        out.print("  (nothing)")
    elif _least_width(columns, cells, labels) > out.width:
        _write_records(out, columns, cells, labels)
    else:
        out.print(_table(sheet, columns, cells, labels))
    for note in sheet.notes:
        write_note(out, note)


def write_note(out: Console, text: str) -> None:
    """A sentence, indented, its further lines a little more."""
    lines = textwrap.wrap(
        text, out.width, initial_indent="  ", subsequent_indent="    ", break_on_hyphens=False
    )
    for line in lines:
        out.print(Text(line), soft_wrap=True)


def _table(
    sheet: Sheet, columns: Sequence[Column], cells: list[list[str]], labels: list[str]
) -> Table:
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), show_edge=False, pad_edge=False)
    if labels:
        table.add_column("", overflow="fold", min_width=min(12, max(map(len, labels))))
    for column in columns:
        numeric = column.kind in _NUMERIC
        table.add_column(
            column.heading,
            justify="right" if numeric else "left",
            no_wrap=column.kind in _UNFOLDED,
            overflow="fold",
        )
    for i, (row, values) in enumerate(zip(sheet.rows, cells, strict=True)):
        if row.level == "total" and i:
            table.add_section()
        style = "bold" if row.level in ("subtotal", "total") else None
        table.add_row(*([labels[i]] if labels else []), *values, style=style)
    return table


def _write_records(
    out: Console, columns: Sequence[Column], cells: list[list[str]], labels: list[str]
) -> None:
    """A sheet too wide for the terminal: the last figure leads each row, the rest follows below."""
    money = [i for i, column in enumerate(columns) if column.kind == "money"]
    leading = money[-1] if money else len(columns) - 1
    width = max(len(row[leading]) for row in cells)
    for i, row in enumerate(cells):
        rest = [k for k in range(len(columns)) if k != leading and row[k]]
        named = labels[i] if labels else (row[rest[0]] if rest else "")
        rest = rest if labels else rest[1:]
        write_note(out, f"{row[leading]:>{width}}  {named.strip()}")
        facts = "; ".join(
            row[k] if columns[k].kind in _SPEAKING else f"{columns[k].heading} {row[k]}"
            for k in rest
        )
        below = " " * (width + 4)
        for line in textwrap.wrap(
            facts, out.width, initial_indent=below, subsequent_indent=below, break_on_hyphens=False
        ):
            out.print(Text(line), soft_wrap=True)


def _least_width(columns: Sequence[Column], cells: list[list[str]], labels: list[str]) -> int:
    """What the sheet needs when text folds a little and figures and ids do not fold at all."""
    least = min(16, max(map(len, labels))) + 1 if labels else 0
    for i, column in enumerate(columns):
        widest = max(len(row[i]) for row in cells)
        needed = max(widest if column.kind in _UNFOLDED else min(widest, 14), len(column.heading))
        least += needed + 1
    return least


def _shown_columns(sheet: Sheet) -> tuple[list[Column], str]:
    """Columns that say something of their own, and the title with the currency they share."""
    hidden = {*sheet.machine_only}
    if sheet.labels:
        hidden |= {*sheet.labels, "kind"}
        for key in _SAID_IN_TITLE:
            values = {str(row.values.get(key) or "") for row in sheet.rows}
            hidden |= {key} if all(value in sheet.title for value in values) else set()
    title = sheet.title
    if any(column.key == "currency" for column in sheet.columns) and not sheet.labels:
        currencies = {row.values.get("currency") for row in sheet.rows}
        if len(currencies) == 1 and sheet.rows:
            hidden.add("currency")
            title = f"{title}, {currencies.pop()}"
    columns = [
        column
        for column in sheet.columns
        if column.key not in hidden
        and any(row.values.get(column.key) not in (None, "") for row in sheet.rows)
    ]
    return columns, title


def _label(sheet: Sheet, row: Row) -> str:
    """The label columns of a row as one text, indented below its subtotal."""
    named = [str(row.values.get(key) or "") for key in sheet.labels]
    named = [text for text in named if text]
    if row.level == "total":
        return named[-1] if named else "total"
    if row.level == "subtotal":
        return named[-1]
    if row.level == "detail":
        return f"  {named[-1]}"
    if len(named) == 1:
        return named[0].replace("not_ai", "not AI").replace("_", " ")
    return " ".join(named)


_FORMATS: Final[dict[Kind, Callable[[Any], str]]] = {
    "text": lambda value: f"{value:%Y-%m-%d %H:%M}" if isinstance(value, datetime) else str(value),
    "id": str,
    "resource": lambda value: re.sub(r"^arn:[^:]*:[^:]*:[^:]*:[^:]*:", "", value),
    "path": lambda value: value.rsplit("/", 1)[-1],
    "money": lambda value: "0.00" if (text := show(value)) == "-0.00" else text,
    "quantity": lambda value: f"{Decimal(plain(round(value, 6))):,}",
    "count": lambda value: f"{value:,}",
    "share": lambda value: f"{(value * 100).quantize(Decimal('0.1'))} %",
}


def _cell(row: Row, column: Column) -> str:
    value = row.values.get(column.key)
    return "" if value is None else _FORMATS[column.kind](value)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else str(_machine(value))


def _machine(value: Any) -> Any:
    if isinstance(value, Decimal):
        return plain(value)
    if isinstance(value, datetime):
        return f"{value.isoformat()}Z"
    return value if isinstance(value, int) else str(value)
