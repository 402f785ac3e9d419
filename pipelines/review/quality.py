"""What a month's figures rest on: lines kept and rejected, hours watched, spend measured."""

from decimal import Decimal

import polars as pl

from pipelines.contracts import METHODS
from pipelines.money import plain
from pipelines.review.missing import missing_sentence
from pipelines.review.sheets import BASIS_COLUMNS, ZERO, Column, PublishedMonth, Row, Sheet

METHOD_TEXTS = {
    "direct": "known from the bill or the catalogue",
    "usage": "split by measured use",
    "policy": "spread by a policy of the settings",
    "not_measured": "nobody watched the hours",
}


def measured_sheet(month: PublishedMonth, basis: str) -> Sheet:
    """How AI spend found its place: direct, by measured use, by policy, not measured."""
    column = BASIS_COLUMNS[basis]
    ai = month.model_months.filter(pl.col("bucket") != "not_ai")
    rows = []
    for currency in sorted(ai["currency"].unique().to_list()):
        mine = ai.filter(pl.col("currency") == currency)
        whole = Decimal(mine[column].sum() or 0)
        for method in METHODS:
            amount = Decimal(mine.filter(pl.col("method") == method)[column].sum() or 0)
            rows.append(
                Row(
                    {
                        "currency": currency,
                        "method": method,
                        "amount": amount,
                        "share": (amount / whole).quantize(Decimal("0.0001")) if whole else None,
                        "meaning": METHOD_TEXTS[method],
                    }
                )
            )
    return Sheet(
        "measured",
        f"How AI spend was attributed, {basis} cost",
        (
            Column("method", "method"),
            Column("currency", "currency"),
            Column("amount", "amount", "money"),
            Column("share", "share", "share"),
            Column("meaning", "meaning"),
        ),
        tuple(rows),
    )


def lines_sheet(month: PublishedMonth) -> Sheet:
    """Lines read = kept + rejected, per source of bills and logs."""
    rows = []
    bills = month.bill_files
    for source in sorted(bills["source"].unique().to_list()):
        mine = bills.filter(pl.col("source") == source)
        warned = month.bill_rejects.filter((pl.col("source") == source) & ~pl.col("is_fatal"))
        rows.append(
            Row(
                {
                    "source": source,
                    "kind": "bill",
                    "files": mine.height,
                    "lines_read": _count(mine, "lines_read"),
                    "kept": _count(mine, "charges") + _count(mine, "split_rows"),
                    "rejected": _count(mine, "rejects"),
                    "warned": warned.height,
                    "set_aside": 0,
                }
            )
        )
    logs = month.log_files
    for source in sorted(logs["source"].unique().to_list()):
        mine = logs.filter(pl.col("source") == source)
        rows.append(
            Row(
                {
                    "source": source,
                    "kind": "log",
                    "files": mine.height,
                    "lines_read": _count(mine, "lines_read"),
                    "kept": _count(mine, "requests"),
                    "rejected": _count(mine, "rejects"),
                    "warned": 0,
                    "set_aside": _count(mine, "duplicates") + _count(mine, "outside_month"),
                }
            )
        )
    return Sheet(
        "lines",
        "Lines read, kept and rejected",
        (
            Column("source", "source"),
            Column("kind", "kind"),
            Column("files", "files", "count"),
            Column("lines_read", "read", "count"),
            Column("kept", "kept", "count"),
            Column("rejected", "rejected", "count"),
            Column("set_aside", "set aside", "count"),
            Column("warned", "warned", "count"),
        ),
        tuple(rows),
        notes=(
            "set aside: duplicates, and requests outside the charge periods.",
            "warned: fields that could not be read and became empty; their line was kept.",
        ),
    )


def _count(frame: pl.DataFrame, column: str) -> int:
    return int(frame[column].sum())


def quality_sentences(month: PublishedMonth) -> list[str]:
    """Missing sources, the run's warnings, rejected lines and watched hours, as sentences."""
    found = [missing_sentence(source) for source in month.missing]
    found += month.publication["warnings"]
    found += _reject_sentences(month)
    rounding = sum((abs(amount) for amount in month.bill_files["rounding"]), ZERO)
    if rounding:
        found.append(f"Rounding on reading, all files together: {plain(rounding)}.")
    found += _coverage_sentences(month)
    return found


def _reject_sentences(month: PublishedMonth) -> list[str]:
    reasons = (
        pl.concat(
            [
                month.bill_rejects.select("source", "column_name", "reason", "file", "line"),
                month.log_rejects.select("source", "column_name", "reason", "file", "line"),
            ]
        )
        .sort("source", "file", "line")
        .group_by("source", "column_name", "reason", maintain_order=True)
        .agg(pl.len().alias("lines"), pl.col("file").first(), pl.col("line").first())
        .sort("source", "column_name", "reason")
    )
    return [
        f"{row['source']}: {row['lines']:,} x {row['column_name']}: {row['reason']} "
        f"(first: {row['file']} line {row['line']})."
        for row in reasons.iter_rows(named=True)
    ]


def _coverage_sentences(month: PublishedMonth) -> list[str]:
    spans = (
        month.coverage.group_by("source", "kind")
        .agg(
            pl.col("watched_from").min(),
            pl.col("watched_until").max(),
            pl.col("resource_id").n_unique().alias("resources"),
            (pl.col("resource_id") == "*").any().alias("all_resources"),
        )
        .sort("source", "kind")
    )
    return [
        f"{row['source']} watched {'every resource it names' if row['all_resources'] else _n(row)}"
        f" from {row['watched_from']:%Y-%m-%d %H:%M} until {row['watched_until']:%Y-%m-%d %H:%M}"
        f" UTC ({row['kind']})."
        for row in spans.iter_rows(named=True)
    ]


def _n(row: dict[str, object]) -> str:
    return f"{row['resources']} resource{'' if row['resources'] == 1 else 's'}"
