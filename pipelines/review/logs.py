"""What `modelspend inspect --log` shows of a log: models, records, and what could not be read."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

import polars as pl

from pipelines.review.sheets import Column, Row, Sheet

MOST_MODELS: Final = 12
MOST_REASONS: Final = 12
_SUMS: Final = (
    "requests",
    "input_tokens",
    "output_tokens",
    "images",
    "gpu_microseconds",
    "gpu_held_microseconds",
)


def log_sheets(usage: pl.DataFrame, files: pl.DataFrame, rejects: pl.DataFrame) -> list[Sheet]:
    """The models of a log, what its records came to, and the reasons of its rejects."""
    sheets = [_models(usage), _fates(files)]
    return [*sheets, _reasons(rejects)] if rejects.height else sheets


def log_span(files: pl.DataFrame) -> tuple[datetime, datetime] | None:
    """When its first and its last record start."""
    first, last = files["first_at"].min(), files["last_at"].max()
    if isinstance(first, datetime) and isinstance(last, datetime):
        return first, last
    return None


def _models(usage: pl.DataFrame) -> Sheet:
    counted = usage.filter(pl.col("is_counted"))
    keys = ["model", "model_version"]
    # NULL stays "not measured": a sum of nothing is nothing.
    sums = [
        pl.when(pl.col(name).count() > 0).then(pl.col(name).sum()).alias(name) for name in _SUMS
    ]
    found = (
        counted.group_by(keys).agg(sums).sort(["requests", *keys], descending=[True, False, False])
    )
    rows = [Row(_with_hours(row)) for row in found.head(MOST_MODELS).to_dicts()]
    left = found.height - MOST_MODELS
    notes = (f"{left:,} more models and versions.",) if left > 0 else ()
    columns = (
        Column("model", "Model"),
        Column("model_version", "Version"),
        Column("requests", "Requests", "count"),
        Column("input_tokens", "Input tokens", "count"),
        Column("output_tokens", "Output tokens", "count"),
        Column("images", "Images", "count"),
        Column("gpu_seconds", "GPU seconds", "count"),
        Column("gpu_held_seconds", "GPU seconds held", "count"),
    )
    return Sheet("models", "Models", columns, tuple(rows), notes)


def _with_hours(row: dict[str, Any]) -> dict[str, Any]:
    for name in ("gpu", "gpu_held"):
        microseconds = row.pop(f"{name}_microseconds")
        row[f"{name}_seconds"] = None if microseconds is None else microseconds // 1_000_000
    return row


def _fates(files: pl.DataFrame) -> Sheet:
    names = ("lines_read", "records", "requests", "duplicates", "left_out", "rejects")
    headings = ("Lines", "Records", "Counted", "Duplicates", "Left out", "Rejects")
    totals = {name: files[name].sum() for name in names}
    columns = tuple(Column(n, h, "count") for n, h in zip(names, headings, strict=True))
    return Sheet("records", "Records", columns, (Row(totals),))


def _reasons(rejects: pl.DataFrame) -> Sheet:
    keys = ["column_name", "reason"]
    first = rejects.sort(["file", "line"]).group_by(keys, maintain_order=True)
    found = first.agg(pl.len().alias("lines"), pl.col("file", "line").first())
    found = found.sort(["lines", *keys], descending=[True, False, False])
    columns = (
        Column("column_name", "Field"),
        Column("reason", "Why"),
        Column("lines", "Lines", "count"),
        Column("file", "For example", "path"),
        Column("line", "Line", "count"),
    )
    rows: Sequence[Row] = [Row(row) for row in found.head(MOST_REASONS).to_dicts()]
    return Sheet("rejects", "Not read", columns, tuple(rows))
