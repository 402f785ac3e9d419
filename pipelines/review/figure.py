"""One figure of a review, and the sheets of the walk down from it.

What belongs here: how each step of the walk is laid out. What is asked of the tables is in
`pipelines.review.explain`.
"""

import json
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import polars as pl

from pipelines.contracts import VARIANCE
from pipelines.review.driver_words import VARIANCES
from pipelines.review.rules import rule_notes, rule_rows
from pipelines.review.sheets import ALL_VERSIONS, MODEL_BUCKETS, Column, Row, Sheet


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


def totals_sheet(figure: Figure, totals: list[dict[str, Any]]) -> Sheet:
    """Where the figure ended: bucket, model, version, component."""
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


def rules_sheet(found: list[dict[str, Any]], rules: Mapping[str, str], top: int) -> Sheet:
    """Which method and rule brought it there."""
    rows = tuple(rule_rows(found[:top], rules))
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
        notes=(*_more(len(found), top, "rules"), *rule_notes(rows)),
        machine_only=("rule",),
    )


def resources_sheet(found: list[dict[str, Any]], top: int) -> Sheet:
    """What it was spent on, largest first."""
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


def lines_sheet(found: list[dict[str, Any]], charges: int) -> Sheet:
    """The bill lines behind it; a file is named in full once, below the table."""
    names = {path: path.rsplit("/", 1)[-1] for row in found if (path := row["file"])}
    is_clear = len(names) == len(set(names.values()))  # two files of one name would look like one
    return Sheet(
        "lines",
        "Bill lines, largest part first",
        (
            Column("charge_id", "charge", "id"),
            Column("period_start", "from"),
            Column("period_end", "until"),
            Column("file", "file", "path" if is_clear else "text"),
            Column("line", "line", "id"),
            Column("currency", "currency"),
            Column("charge_amount", "charged", "money"),
            Column("amount", "in figure", "money"),
        ),
        tuple(Row(row) for row in found),
        notes=(
            *_more(charges, len(found), "charges"),
            *(f"{name}: {path}" for path, name in names.items() if is_clear and name != path),
        ),
    )


def hours_sheet(found: list[dict[str, Any]], top: int) -> Sheet:
    """The hours of the logs that shared these resources out."""
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


def formula_sheet(figure: Figure, variance: pl.DataFrame, predicted: pl.DataFrame) -> Sheet:
    """What plans, formulas and calibrations said of its model, and the inputs of each."""
    keys = list(VARIANCE.key)
    inputs = variance.join(
        predicted.select(*keys, "as_of", "formula", "inputs", "coefficient", "coefficients"),
        on=keys,
        how="left",
        validate="1:1",
    )
    mine = _of_figure(figure, inputs)
    return Sheet(
        "formula",
        "What was predicted, effective cost, " + ", ".join(sorted(set(mine["currency"].to_list()))),
        (
            Column("plan", "plan"),
            Column("kind", "kind"),
            Column("volume", "volume"),
            Column("as_of", "as of"),
            Column("model_version", "version"),
            Column("component", "component"),
            Column("element", "element"),
            Column("usage_type", "usage type"),
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
            Column("inputs", "inputs"),
            Column("coefficient", "coefficient", "quantity"),
            Column("coefficients", "calibration"),
            Column("status", "status"),
            Column("reason", "reason"),
        ),
        tuple(Row(row) for row in mine.sort(keys).iter_rows(named=True)),
        notes=(
            "Planned quantities are for the days covered; the formulas price effective cost "
            "including the version's share of idle.",
        ),
        labels=("model_version", "component", "element", "unit"),
        machine_only=("inputs",),
    )


def inputs_sheets(figure: Figure, predicted: pl.DataFrame) -> tuple[Sheet, ...]:
    """Of every formula behind its model's predictions the symbols, their values and sources."""
    terms = _of_figure(figure, predicted).sort(VARIANCE.key).iter_rows(named=True)
    return tuple(_inputs(term) for term in terms if term["inputs"])


def _calibrated(term: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """What a calibration made of the formula's quantity; nothing where none did."""
    if term["coefficient"] is None or term["quantity"] is None:
        return {}
    learnt = {"value": str(term["coefficient"]), "unit": "", "source": term["coefficients"]}
    made = {"value": str(term["quantity"]), "unit": term["unit"], "source": "quantity x k"}
    return {"(k)": learnt, "(calibrated)": made}


def _inputs(term: Mapping[str, Any]) -> Sheet:
    facts = {key: term[key] for key in (*VARIANCE.key, "formula")}
    version, component, formula = (term[k] for k in ("model_version", "component", "formula"))
    rows = [
        Row(
            {
                **facts,
                "symbol": symbol,
                "value": Decimal(given["value"]),
                "value_unit": given["unit"],
                "source": given.get("source") or given.get("said"),
            }
        )
        for symbol, given in (json.loads(term["inputs"]) | _calibrated(term)).items()
    ]
    return Sheet(
        "formula_inputs",
        f"Inputs of {formula}, {_kind(term)}: {version} {component}",
        (
            *(Column(key, key.replace("_", " ")) for key in facts),
            Column("symbol", "symbol"),
            Column("value", "value", "quantity"),
            Column("value_unit", "unit"),
            Column("source", "from"),
        ),
        tuple(rows),
        notes=("In parentheses: what came of them, and the price.",),
        machine_only=tuple(facts),
    )


def drivers_sheets(figure: Figure, drivers: pl.DataFrame) -> tuple[Sheet, ...]:
    """By kind of prediction the named variances of its model, each with the input that changed."""
    mine = _of_figure(figure, drivers)
    order = {name: place for place, name in enumerate(VARIANCES)}
    groups: dict[tuple[str, ...], list[dict[str, Any]]] = defaultdict(list)
    for row in mine.sort(VARIANCE.key).iter_rows(named=True):
        groups[row["currency"], row["kind"], row["volume"], row["method"]].append(row)
    for rows in groups.values():
        rows.sort(key=lambda row: (*(row[name] for name in VARIANCE.key), order[row["variance"]]))
    return tuple(_drivers(groups[group]) for group in sorted(groups))


def _drivers(rows: list[dict[str, Any]]) -> Sheet:
    method = rows[0]["method"]
    return Sheet(
        "drivers",
        f"Why it is not what was predicted ({_kind(rows[0])}): named variances",
        (
            *(Column(key, key) for key in _DRIVER_FACTS),
            Column("model_version", "version"),
            Column("component", "component"),
            Column("element", "element"),
            Column("usage_type", "usage type"),
            Column("variance", "variance"),
            Column("predicted_value", "predicted", "quantity"),
            Column("actual_value", "actual", "quantity"),
            Column("value_unit", "in"),
            Column("amount", "amount", "money"),
        ),
        tuple(Row(row) for row in rows),
        notes=(f"The variances of a term add up to its difference exactly; method {method}.",),
        machine_only=_DRIVER_FACTS,
    )


_DRIVER_FACTS = ("plan", "kind", "volume", "unit", "method", "currency")


def _kind(term: Mapping[str, Any]) -> str:
    return f"{term['kind']}, {term['volume'].replace('_', ' ')}"


def _of_figure(figure: Figure, terms: pl.DataFrame) -> pl.DataFrame:
    mine = terms.filter(pl.col("model") == figure.model)
    for name, value in (
        ("model_version", "" if figure.version == ALL_VERSIONS else figure.version),
        ("component", figure.component),
        ("currency", figure.currency),
    ):
        if value is not None:
            mine = mine.filter(pl.col(name) == value)
    return mine


def _more(have: int, shown: int, what: str) -> tuple[str, ...]:
    return (f"{have - shown:,} more {what}; --top shows more.",) if have > shown else ()
