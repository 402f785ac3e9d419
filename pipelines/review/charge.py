"""The walk from one charge up: how it was billed, and everywhere its parts went."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import duckdb

from pipelines.money import plain
from pipelines.queries import query, rows_of
from pipelines.review.rules import rule_notes, rule_rows
from pipelines.review.sheets import Column, Row, Sheet


def explain_charge(
    con: duckdb.DuckDBPyConnection,
    charge_id: str,
    allocated: Sequence[str],
    charges: Sequence[str],
    rules: Mapping[str, str],
) -> tuple[Sheet, ...]:
    """One charge as it was billed, and where its parts went; empty where there is none such."""
    origin = rows_of(query(con, "review/charge", charge_files=list(charges), charge_id=charge_id))
    if not origin:
        return ()
    parts = rows_of(
        query(con, "review/charge_parts", allocated_files=list(allocated), charge_id=charge_id)
    )
    return (_charge_sheet(origin), _parts_sheet(parts, rules))


def _charge_sheet(origin: list[dict[str, Any]]) -> Sheet:
    rows = [
        Row(
            {
                "source": charge["source"],
                "fact": name.replace("_", " "),
                "value": plain(value) if isinstance(value, Decimal) else str(value),
            }
        )
        for charge in origin
        for name, value in charge.items()
        if name != "source" and value not in (None, "")
    ]
    return Sheet(
        "charge",
        f"Charge {origin[0]['charge_id']}",
        (Column("source", "source"), Column("fact", "fact"), Column("value", "value")),
        tuple(rows),
    )


def _parts_sheet(parts: list[dict[str, Any]], rules: Mapping[str, str]) -> Sheet:
    rows = rule_rows(parts, rules)
    costs = ("billed_cost", "effective_cost", "contracted_cost", "list_cost")
    for source, currency in sorted({(part["source"], part["currency"]) for part in parts}):
        mine = [p for p in parts if (p["source"], p["currency"]) == (source, currency)]
        sums = {name: sum((part[name] for part in mine), Decimal(0)) for name in costs}
        rows.append(
            Row({"bucket": "total", "source": source, "currency": currency, **sums}, "total")
        )
    return Sheet(
        "parts",
        "Where its parts went",
        (
            Column("bucket", "bucket"),
            Column("model", "model"),
            Column("model_version", "version"),
            Column("component", "component"),
            Column("element", "element"),
            Column("method", "method"),
            Column("rule_id", "rule"),
            Column("owner", "owner"),
            Column("currency", "currency"),
            Column("billed_cost", "billed", "money"),
            Column("effective_cost", "effective", "money"),
            Column("contracted_cost", "contracted", "money"),
            Column("list_cost", "list", "money"),
            Column("evidence", "evidence"),
            Column("rule", "rule text"),
        ),
        tuple(rows),
        notes=tuple(rule_notes(rows)),
        machine_only=("rule",),
    )
