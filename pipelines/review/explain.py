"""The walk from one figure down, and from one charge up to everywhere its parts went.

Down: where it ended, which rule, which resource, which bill lines, which log hours, and which
inputs of the formula.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import duckdb
import polars as pl

from pipelines.money import plain
from pipelines.queries import materialise, query
from pipelines.registry.names import Names
from pipelines.review.sheets import (
    ALL_VERSIONS,
    FOCUS_BASIS,
    MODEL_BUCKETS,
    Column,
    Row,
    Sheet,
)


@dataclass(frozen=True)
class Figure:
    """One figure of a month: what it is narrowed to; None means everything."""

    month: str
    basis: str = "effective"
    model: str | None = None
    version: str | None = None
    component: str | None = None
    bucket: str | None = None
    owner: str | None = None
    source: str | None = None
    currency: str | None = None
    day: str | None = None

    def words(self) -> str:
        """The figure in words: `search-rank 8 inference, 2026-09, effective cost`."""
        parts = [part for part in (self.model, self.version, self.component, self.bucket) if part]
        if self.owner is not None:
            parts.append(f"owner {self.owner or '(none)'}")
        if self.source:
            parts.append(f"source {self.source}")
        what = " ".join(parts) or "everything"
        return f"{what}, {self.day or self.month}, {self.basis} cost"


@dataclass(frozen=True)
class FigureFiles:
    """The Parquet files of the published tables a walk reads."""

    allocated: Sequence[str]
    charges: Sequence[str]
    usage: Sequence[str]


def explain_figure(
    con: duckdb.DuckDBPyConnection,
    figure: Figure,
    files: FigureFiles,
    *,
    rules: Mapping[str, str],
    names: Names,
    variance: pl.DataFrame,
    predicted: pl.DataFrame,
    top: int,
) -> tuple[Sheet, ...]:
    """The sheets of the walk; empty where no allocated charge matches the figure.

    `names` tells what the logs call the figure's model: a managed API has no resource.
    """
    materialise(
        con,
        "figure_charges",
        "review/figure_charges",
        {
            "allocated_files": list(files.allocated),
            "basis": FOCUS_BASIS[figure.basis],
            "source": figure.source,
            "currency": figure.currency,
            "bucket": figure.bucket,
            "model": figure.model,
            "model_version": "" if figure.version == ALL_VERSIONS else figure.version,
            "component": figure.component,
            "owner": figure.owner,
            "day": figure.day,
        },
    )
    totals = _rows(query(con, "review/figure_totals"))
    if not totals:
        return ()
    sheets = [
        _totals_sheet(figure, totals),
        _rules_sheet(_rows(query(con, "review/figure_rules")), rules, top),
        _resources_sheet(_rows(query(con, "review/figure_resources")), top),
        _lines_sheet(
            _rows(
                query(
                    con,
                    "review/figure_lines",
                    charge_files=list(files.charges),
                    basis=FOCUS_BASIS[figure.basis],
                    top=top,
                )
            ),
            sum(row["charges"] for row in totals),
        ),
    ]
    if files.usage:
        hours = query(
            con,
            "review/figure_hours",
            usage_files=list(files.usage),
            names=_log_names(con, files.usage, figure, names),
            day=figure.day,
            top=top,
        )
        sheets.append(_hours_sheet(_rows(hours), top))
    if figure.model is not None:
        sheets.append(_formula_sheet(figure, variance, predicted))
    return tuple(sheet for sheet in sheets if sheet.rows)


def explain_charge(
    con: duckdb.DuckDBPyConnection,
    charge_id: str,
    allocated: Sequence[str],
    charges: Sequence[str],
    rules: Mapping[str, str],
) -> tuple[Sheet, ...]:
    """One charge as it was billed, and where its parts went; empty where there is none such."""
    origin = _rows(query(con, "review/charge", charge_files=list(charges), charge_id=charge_id))
    if not origin:
        return ()
    parts = _rows(
        query(con, "review/charge_parts", allocated_files=list(allocated), charge_id=charge_id)
    )
    return (_charge_sheet(origin), _parts_sheet(parts, rules))


def rule_texts(rules: Sequence[Any]) -> dict[str, str]:
    """What each rule says: the patterns it matches and what the line then is."""
    texts = {}
    for rule in rules:
        facts = rule.model_dump(exclude_defaults=True, exclude={"id"})
        texts[rule.id] = ", ".join(f"{key} = {value}" for key, value in facts.items())
    return texts


def _log_names(
    con: duckdb.DuckDBPyConnection, usage: Sequence[str], figure: Figure, names: Names
) -> list[str]:
    """The `model/version` texts of the logs that mean the figure's model and version."""
    found = []
    for model, version in query(con, "review/log_names", usage_files=list(usage)).fetchall():
        resolved = names.resolve(model, version)
        if figure.model in (None, resolved.model) and figure.version in (None, resolved.version):
            found.append(f"{model}/{version}")
    return found


def _rows(relation: duckdb.DuckDBPyRelation) -> list[dict[str, Any]]:
    names = relation.columns
    return [dict(zip(names, values, strict=True)) for values in relation.fetchall()]


def _totals_sheet(figure: Figure, totals: list[dict[str, Any]]) -> Sheet:
    rows = [
        Row(
            {
                **total,
                "model_version": total["model_version"]
                or (ALL_VERSIONS if total["bucket"] in MODEL_BUCKETS else ""),
            }
        )
        for total in totals
    ]
    for currency in sorted({total["currency"] for total in totals}):
        mine = [total for total in totals if total["currency"] == currency]
        if len(mine) > 1:
            amount = sum((total["amount"] for total in mine), Decimal(0))
            rows.append(Row({"bucket": "total", "currency": currency, "amount": amount}, "total"))
    return Sheet(
        "figure",
        figure.words(),
        (
            Column("bucket", "bucket"),
            Column("model", "model"),
            Column("model_version", "version"),
            Column("component", "component"),
            Column("charges", "charges", "count"),
            Column("currency", "currency"),
            Column("amount", "amount", "money"),
        ),
        tuple(rows),
    )


def _rules_sheet(found: list[dict[str, Any]], rules: Mapping[str, str], top: int) -> Sheet:
    rows = tuple(Row({**row, "rule": rules.get(row["rule_id"], "")}) for row in found[:top])
    return Sheet(
        "rules",
        "By method and rule",
        (
            Column("method", "method"),
            Column("rule_id", "rule"),
            Column("evidence", "evidence"),
            Column("charges", "charges", "count"),
            Column("currency", "currency"),
            Column("amount", "amount", "money"),
            Column("rule", "rule text"),
        ),
        rows,
        notes=(*_more(len(found), top, "rules"), *_rule_notes(rows)),
        machine_only=("rule",),
    )


def _rule_notes(rows: Sequence[Row]) -> list[str]:
    """What the rules of some rows say, each once."""
    texts = {row.values["rule_id"]: row.values["rule"] for row in rows if row.values.get("rule")}
    return [f"{rule}: {text}" for rule, text in texts.items()]


def _resources_sheet(found: list[dict[str, Any]], top: int) -> Sheet:
    return Sheet(
        "resources",
        "By resource and usage type",
        (
            Column("service", "service"),
            Column("resource_id", "resource", "resource"),
            Column("usage_type", "usage type"),
            Column("element", "element"),
            Column("quantity", "quantity", "quantity"),
            Column("unit", "unit"),
            Column("charges", "charges", "count"),
            Column("currency", "currency"),
            Column("amount", "amount", "money"),
        ),
        tuple(Row(row) for row in found[:top]),
        notes=_more(len(found), top, "resources and usage types"),
    )


def _lines_sheet(found: list[dict[str, Any]], charges: int) -> Sheet:
    return Sheet(
        "lines",
        "Bill lines, largest part first",
        (
            Column("charge_id", "charge", "id"),
            Column("period_start", "from"),
            Column("period_end", "until"),
            Column("file", "file"),
            Column("line", "line", "id"),
            Column("currency", "currency"),
            Column("charge_amount", "whole charge", "money"),
            Column("amount", "in this figure", "money"),
        ),
        tuple(Row(row) for row in found),
        notes=_more(charges, len(found), "charges"),
    )


def _hours_sheet(found: list[dict[str, Any]], top: int) -> Sheet:
    return Sheet(
        "hours",
        "Log hours of these resources while they were charged",
        (
            Column("hour", "hour (UTC)"),
            Column("resource_id", "resource", "resource"),
            Column("model", "model"),
            Column("model_version", "version"),
            Column("requests", "requests", "count"),
            Column("input_tokens", "tokens in", "count"),
            Column("output_tokens", "tokens out", "count"),
            Column("gpu_seconds", "GPU seconds", "quantity"),
        ),
        tuple(
            Row(
                {
                    **row,
                    "gpu_seconds": None
                    if row["gpu_microseconds"] is None
                    else Decimal(row["gpu_microseconds"]).scaleb(-6),
                }
            )
            for row in found
        ),
        notes=(f"The first {top:,} hours; --top shows more.",) if len(found) >= top else (),
    )


def _formula_sheet(figure: Figure, variance: pl.DataFrame, predicted: pl.DataFrame) -> Sheet:
    keys = [
        "plan",
        "kind",
        "model",
        "model_version",
        "component",
        "element",
        "unit",
        "charge_month",
        "currency",
    ]
    inputs = variance.join(
        predicted.select(*keys, "as_of", "formula"), on=keys, how="left", validate="1:1"
    )
    mine = inputs.filter(pl.col("model") == figure.model)
    for name, value in (
        ("model_version", figure.version),
        ("component", figure.component),
        ("currency", figure.currency),
    ):
        if value is not None:
            mine = mine.filter(pl.col(name) == value)
    return Sheet(
        "formula",
        "What the plan said, effective cost, " + ", ".join(sorted(set(mine["currency"].to_list()))),
        (
            Column("plan", "plan"),
            Column("as_of", "as of"),
            Column("model_version", "version"),
            Column("component", "component"),
            Column("element", "element"),
            Column("unit", "unit"),
            Column("planned_price", "price", "quantity"),
            Column("planned_quantity", "planned", "quantity"),
            Column("actual_quantity", "actual", "quantity"),
            Column("currency", "currency"),
            Column("predicted_cost", "predicted", "money"),
            Column("price_variance", "price var.", "money"),
            Column("usage_variance", "usage var.", "money"),
            Column("actual_cost", "actual cost", "money"),
            Column("formula", "formula"),
            Column("status", "status"),
            Column("reason", "reason"),
        ),
        tuple(Row(row) for row in mine.sort(keys).iter_rows(named=True)),
        notes=(
            "Planned quantities are for the days covered; the formulas price effective cost "
            "including the version's share of idle.",
        ),
        labels=("model_version", "component", "element", "unit"),
    )


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
    rows = [Row({**part, "rule": rules.get(part["rule_id"], "")}) for part in parts]
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
        notes=tuple(_rule_notes(rows)),
        machine_only=("rule",),
    )


def _more(have: int, shown: int, what: str) -> tuple[str, ...]:
    return (f"{have - shown:,} more {what}; --top shows more.",) if have > shown else ()
