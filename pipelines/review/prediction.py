"""Predicted against actual: what the plan said, what it cost, and which variance explains the gap.

difference = actual - predicted = price variance + usage variance, line by line; a line that no
model has (a credit) is a variance of its own. A line without a plan, or that cannot be compared,
stays a line with its reason and enters no variance. Named variances: `pipelines.review.compare`.
"""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any

import polars as pl

from pipelines.contracts import COMPONENTS
from pipelines.money import EXACT, plain, show
from pipelines.review.driver_words import AMOUNT_LINES
from pipelines.review.sheets import ZERO, Column, PublishedMonth, Row, Sheet

PLAN = "plan"
"""The kind of prediction that the catalogue's plans are."""
_AMOUNTS = (
    "predicted_cost",
    "actual_cost",
    "difference",
    "price_variance",
    "usage_variance",
)


def prediction_sheets(months: Sequence[PublishedMonth]) -> tuple[Sheet, ...]:
    """Two sheets per currency and plan: what was compared, and what was not and why.

    The catalogue's plans alone: what formulas predict is in `modelspend compare --kind physical`.
    """
    variance = pl.concat([month.variance for month in months]).filter(pl.col("kind") == PLAN)
    sheets = []
    for facts, lines in _by_plan(variance):
        others = lines.filter(pl.col("status") != "compared")
        sheets += [_compared(lines, facts), _not_compared(others, facts)]
    sheets += _summaries(variance.filter(pl.col("status") != "compared"))
    return tuple(sheet for sheet in sheets if sheet.rows)


def not_compared_sheets(variance: pl.DataFrame) -> tuple[Sheet, ...]:
    """Lines that were not compared: each for machines, by model version and cause for people."""
    lines = [_not_compared(lines, facts) for facts, lines in _by_plan(variance)]
    return (*lines, *_summaries(variance))


def _by_plan(variance: pl.DataFrame) -> Iterator[tuple[dict[str, str], pl.DataFrame]]:
    groups = variance.select("currency", "plan", "kind").unique()
    ordered = sorted(groups.iter_rows(), key=lambda group: (group[0], group[1] == "", *group))
    for currency, plan, kind in ordered:
        yield (
            {"currency": currency, "plan": plan, "kind": kind},
            variance.filter(
                (pl.col("currency") == currency)
                & (pl.col("plan") == plan)
                & (pl.col("kind") == kind)
            ),
        )


_FACTS = (Column("currency", "currency"), Column("plan", "plan"), Column("kind", "kind"))


def _compared(lines: pl.DataFrame, facts: dict[str, str]) -> Sheet:
    compared = lines.filter(pl.col("status") == "compared")
    rows: list[Row] = []
    names = compared.select("model", "model_version").unique().iter_rows()
    for model, version in sorted(names, key=lambda name: (name[0] == "", *name)):
        mine = compared.filter((pl.col("model") == model) & (pl.col("model_version") == version))
        if not model:
            rows += [
                Row({**facts, "model": words, **_own(mine.filter(pl.col("element") == line))})
                for line, words in AMOUNT_LINES.items()
                if line in set(mine["element"].to_list())
            ]
            continue
        present = set(mine["component"].to_list())
        for component in (name for name in COMPONENTS if name in present):
            named = {"model": model, "model_version": version, "component": component}
            rows.append(
                Row({**facts, **named, **_sums(mine.filter(pl.col("component") == component))})
            )
    if rows:
        whole = _sums(compared)
        own = _sums(compared.filter(pl.col("model") == ""))["difference"]
        rows.append(Row({**facts, **whole, "own_variance": own or None}, "total"))
    return Sheet(
        "prediction",
        _title("Predicted and actual", facts),
        (
            *_FACTS,
            Column("model", "model"),
            Column("model_version", "version"),
            Column("component", "component"),
            Column("predicted_cost", "predicted", "money"),
            Column("actual_cost", "actual", "money"),
            Column("difference", "difference", "money"),
            Column("price_variance", "price", "money"),
            Column("usage_variance", "usage", "money"),
            Column("own_variance", "own", "money"),
        ),
        tuple(rows),
        notes=(*covered(lines), *largest_driver(compared.filter(pl.col("model") != ""))),
        labels=("model", "model_version", "component"),
    )


def _not_compared(lines: pl.DataFrame, facts: dict[str, str]) -> Sheet:
    labels = ("model", "model_version", "component", "element", "unit")
    others = lines.sort("status", *labels, "usage_type", "charge_month")
    return Sheet(
        "not_compared",
        _title("Not compared", facts),
        (
            *_FACTS,
            Column("charge_month", "month"),
            *(Column(name, name.replace("model_version", "version")) for name in labels),
            Column("predicted_cost", "predicted", "money"),
            Column("actual_cost", "actual", "money"),
            Column("status", "status"),
            Column("reason", "reason"),
        ),
        tuple(
            Row(
                {
                    **facts,
                    **{name: line[name] for name in ("charge_month", *labels)},
                    "predicted_cost": line["predicted_cost"],
                    "actual_cost": line["actual_cost"],
                    "status": line["status"].replace("_", " "),
                    "reason": line["reason"],
                }
            )
            for line in others.iter_rows(named=True)
        ),
        labels=labels,
        audience="machine",
    )


def _summaries(others: pl.DataFrame) -> list[Sheet]:
    """For people: what was not compared, by model version and cause, one sheet per currency."""
    sheets = []
    for currency in sorted(others["currency"].unique().to_list()):
        sums: dict[tuple[str, str, str], tuple[set[str], Decimal]] = {}
        for line in others.filter(pl.col("currency") == currency).iter_rows(named=True):
            who = line["model"] or AMOUNT_LINES.get(line["element"], line["element"])
            key = who, line["model_version"], _cause(line)
            components, amount = sums.get(key, (set(), ZERO))
            sums[key] = (
                components | {line["component"]},
                EXACT.add(amount, line["actual_cost"] or ZERO),
            )
        rows = [
            Row(
                {
                    "currency": currency,
                    "model": model,
                    "model_version": version,
                    "actual_cost": amount,
                    "components": ", ".join(name for name in COMPONENTS if name in components),
                    "cause": cause,
                }
            )
            for (model, version, cause), (components, amount) in sorted(sums.items())
        ]
        sheets.append(
            Sheet(
                "not_compared_summary",
                f"Not compared with a plan, effective cost, {currency}",
                (
                    Column("currency", "currency"),
                    Column("model", "model"),
                    Column("model_version", "version"),
                    Column("actual_cost", "actual", "money"),
                    Column("components", "components"),
                    Column("cause", "why"),
                ),
                tuple(rows),
                notes=("Line by line: --csv --table not_compared, or --json.",),
                labels=("model", "model_version"),
                audience="people",
            )
        )
    return sheets


def _cause(line: dict[str, Any]) -> str:
    if line["status"] == "not_planned":
        return "not in the plan"
    if line["reason"].startswith("no plan for"):
        return "no plan"
    if line["charge_month"] != line["billing_month"]:
        return f"correction of {line['charge_month']}"
    return str(line["reason"])


def _title(what: str, facts: dict[str, str]) -> str:
    plan = f", plan {facts['plan']}" if facts["plan"] else ""
    return f"{what}, effective cost, {facts['currency']}{plan}"


def covered(lines: pl.DataFrame) -> list[str]:
    """Says so where a month is compared with a part of its plan."""
    partial = lines.filter(
        (pl.col("status") == "compared") & (pl.col("days_covered") < pl.col("days_in_month"))
    )
    spans = partial.select("charge_month", "days_covered", "days_in_month").unique()
    return [
        f"The bill covers {days} of {whole} days of {month}: the plan is taken for these days."
        for month, days, whole in spans.sort("charge_month", "days_covered").iter_rows()
    ]


def largest_driver(compared: pl.DataFrame) -> list[str]:
    """One sentence on the single price or usage variance that moved the month most."""
    best: tuple[Decimal, str, dict[str, Any]] | None = None
    ordered = compared.sort("model", "model_version", "component", "element", "usage_type", "unit")
    for line in ordered.iter_rows(named=True):
        for name in ("price_variance", "usage_variance"):
            amount = line[name] or ZERO
            if amount and (best is None or abs(amount) > abs(best[0])):
                best = (amount, name, line)
    if best is None:
        return []
    amount, name, line = best
    what = f"{line['component']} {line['element']} of {line['model']} {line['model_version']}"
    signed = f"{'+' if amount > 0 else '-'}{show(abs(amount))} {line['currency']}"
    if name == "usage_variance":
        return [
            f"Largest driver: usage, {what}: {_count(line['actual_quantity'])} {line['unit']} "
            f"instead of {_count(line['planned_quantity'])} planned, {signed}."
        ]
    return [f"Largest driver: price, {what}: {_prices(line)}, {signed}."]


def _prices(line: dict[str, Any]) -> str:
    """The average price paid beside the planned one; a ratio for display, never summed."""
    planned = f"{plain(line['planned_price'])} {line['currency']} per {line['unit']} planned"
    if not line["actual_quantity"]:
        return f"{show(line['actual_cost'])} {line['currency']} without any {line['unit']}"
    paid = (line["actual_cost"] / line["actual_quantity"]).quantize(Decimal("0.0001"))
    return f"{plain(paid)} instead of {planned}"


def _count(quantity: Decimal | None) -> str:
    return "none" if quantity is None else show(quantity)


def _own(lines: pl.DataFrame) -> dict[str, Decimal | None]:
    """A line that no model has: its difference is neither of price nor of usage."""
    sums = _sums(lines)
    return {
        **sums,
        "price_variance": None,
        "usage_variance": None,
        "own_variance": sums["difference"],
    }


def _sums(lines: pl.DataFrame) -> dict[str, Decimal]:
    return {name: Decimal(lines[name].sum() or 0) for name in _AMOUNTS}
