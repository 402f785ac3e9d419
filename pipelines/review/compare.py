"""Predicted against actual by named variance: the sums, their drivers, an open month's plan.

Added up are the terms that were compared and those that are new or discontinued; what could not be
compared stays a line with its reason and enters no sum. Kinds of prediction and kinds of volume are
never mixed: a comparison is of one kind and one volume. Shares are derived for display.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import ROUND_HALF_EVEN, Decimal, localcontext
from fractions import Fraction
from typing import Any, Final

import polars as pl

from pipelines.contracts import COMPONENTS, VARIANCE
from pipelines.money import EXACT, SCALE, as_decimal, split
from pipelines.review.driver_words import AMOUNT_LINES, VARIANCES, Driver, Gap, gap_of
from pipelines.review.prediction import covered, not_compared_sheets
from pipelines.review.sheets import MODEL_BUCKETS, NO_OWNER, ZERO, Column, Level, Review, Row, Sheet
from pipelines.variance.thresholds import Threshold

VIEWS: Final = {
    "model": ("model",),
    "version": ("model", "model_version"),
    "component": ("component",),
    "owner": ("owner", "cost_centre"),
}
METHODS: Final = {
    "standard": "standard costing: price at the actual quantity, quantity at the planned price, so "
    "that what both moved together lies in price",
    "shapley": "Shapley: each variance is its average over all orders in which the inputs can move",
}
_HEADINGS: Final = {"model_version": "version", "cost_centre": "cost centre"}
_TERM: Final = VARIANCE.key
_SHARE_PLACES: Final = Decimal("0.000001")


@dataclass(frozen=True)
class ComparedMonth:
    """The tables of one publication that a comparison reads, each in its contract's columns."""

    month: str
    variance: pl.DataFrame
    drivers: pl.DataFrame
    predicted: pl.DataFrame
    model_months: pl.DataFrame


@dataclass(frozen=True)
class Wanted:
    """Which comparison, and how it is judged."""

    by: str
    kind: str
    volume: str
    method: str
    threshold: Threshold


@dataclass(frozen=True)
class _Line:
    """One term of a month: what was predicted, and the named variances up to what it cost."""

    names: Mapping[str, str]
    predicted: Decimal
    drivers: tuple[Driver, ...]


def compare_review(months: Sequence[ComparedMonth], wanted: Wanted) -> Review:
    """The comparison of one month or of several together.

    Three sheets per currency: predicted and actual with their difference and whether it is too
    large, the difference by named variance, and the largest driver of each model's gap. Then what
    was not compared.
    """
    with localcontext(EXACT):
        return _review(months, wanted)


def _review(months: Sequence[ComparedMonth], wanted: Wanted) -> Review:
    variance = _of(pl.concat([month.variance for month in months]), wanted)
    lines = [line for month in months for line in _lines(month, wanted)]
    sheets: list[Sheet] = []
    for currency in sorted({line.names["currency"] for line in lines}):
        mine = [line for line in lines if line.names["currency"] == currency]
        rows, gaps = _grouped(mine, months, wanted.by), _gaps(mine)
        partial = covered(variance.filter(pl.col("currency") == currency))
        sheets += [
            _comparison(rows, currency, wanted, partial),
            *_variances(rows, currency, wanted, gaps),
            _largest_drivers(gaps, currency),
        ]
    in_table = {tuple(line.names[name] for name in ("billing_month", *_TERM)) for line in lines}
    left = [
        tuple(row[name] for name in ("billing_month", *_TERM)) not in in_table
        for row in variance.iter_rows(named=True)
    ]
    sheets += not_compared_sheets(variance.filter(pl.Series(left, dtype=pl.Boolean)))
    return Review(
        facts=_facts(months, wanted),
        sheets=tuple(sheet for sheet in sheets if sheet.rows),
        sentences=_remarks(variance) if lines else (_nothing(variance, wanted),),
    )


def _remarks(variance: pl.DataFrame) -> tuple[str, ...]:
    """Why compared lines are told coarser than their plan states them, each reason once."""
    told = variance.filter((pl.col("status") == "compared") & (pl.col("actual_cost") != 0))
    reasons = told.select("billing_month", "reason").filter(pl.col("reason") != "").unique()
    return tuple(f"{month}: {reason}." for month, reason in sorted(reasons.iter_rows()))


def _facts(months: Sequence[ComparedMonth], wanted: Wanted) -> dict[str, Any]:
    return {
        "billing_months": [month.month for month in months],
        "kind": wanted.kind,
        "volume": wanted.volume,
        "method": wanted.method,
        "preset": wanted.threshold.preset.name,
        "level": wanted.threshold.level,
        "threshold_share": wanted.threshold.share,
    }


def _of(frame: pl.DataFrame, wanted: Wanted) -> pl.DataFrame:
    return frame.filter((pl.col("kind") == wanted.kind) & (pl.col("volume") == wanted.volume))


def _nothing(variance: pl.DataFrame, wanted: Wanted) -> str:
    what = f"kind {wanted.kind}, volume {wanted.volume}"
    if variance.is_empty():
        return f"There is no prediction of {what} here: see [[plans]] and [[formulas]]."
    return f"No line of {what} could be compared: each has its reason."


def _lines(month: ComparedMonth, wanted: Wanted) -> Iterator[_Line]:
    """The terms whose difference is explained; a month of before variances had names too."""
    named: dict[tuple[str, ...], list[Driver]] = defaultdict(list)
    drivers = _of(month.drivers, wanted).filter(pl.col("method") == wanted.method)
    for driver in drivers.sort(*_TERM, "variance").iter_rows(named=True):
        named[tuple(driver[name] for name in _TERM)].append(driver)
    for term in _of(month.variance, wanted).sort(_TERM).iter_rows(named=True):
        own = named.get(tuple(term[name] for name in _TERM), [])
        if not own and month.drivers.is_empty() and term["difference"] is not None:
            own = list(_subtotals(term))
        if own or term["status"] == "compared":
            names = {name: term[name] for name in ("billing_month", *_TERM)}
            yield _Line(names, term["predicted_cost"] or ZERO, tuple(own))


def _subtotals(term: Mapping[str, Any]) -> Iterator[Driver]:
    for name in ("price", "usage"):
        if term[f"{name}_variance"] is not None:
            yield {
                **term,
                "variance": name,
                "amount": term[f"{name}_variance"],
                "predicted_value": term["planned_quantity"] if name == "usage" else None,
                "actual_value": term["actual_quantity"] if name == "usage" else None,
                "value_unit": term["unit"],
            }


@dataclass
class _Sums:
    """Of a row: what was predicted, and the named variances up to what it cost."""

    predicted: Decimal = ZERO
    variances: dict[str, Decimal] = field(default_factory=dict)

    def add(self, predicted: Decimal, variances: Mapping[str, Decimal]) -> None:
        self.predicted += predicted
        for name, amount in variances.items():
            self.variances[name] = self.variances.get(name, ZERO) + amount

    def values(self) -> dict[str, Decimal]:
        difference = sum(self.variances.values(), ZERO)
        return {
            "predicted_cost": self.predicted,
            "actual_cost": self.predicted + difference,
            "difference": difference,
            **self.variances,
        }


_Named = tuple[dict[str, str], _Sums, Level]


def _grouped(lines: Sequence[_Line], months: Sequence[ComparedMonth], by: str) -> list[_Named]:
    """The sums of every row of a view, and of all of them."""
    found: dict[tuple[str, ...], _Sums] = defaultdict(_Sums)
    total = _Sums()
    borne = {month.month: _Borne(month.model_months) for month in months} if by == "owner" else {}
    for line in lines:
        amounts = dict.fromkeys((driver["variance"] for driver in line.drivers), ZERO)
        for driver in line.drivers:
            amounts[driver["variance"]] += driver["amount"]
        total.add(line.predicted, amounts)
        if by == "owner":
            owners = borne[line.names["billing_month"]].shares(line.names)
            weights = list(owners.values())
            parts = {name: split(amount, weights) for name, amount in amounts.items()}
            for place, (key, predicted) in enumerate(
                zip(owners, split(line.predicted, weights), strict=True)
            ):
                found[key].add(predicted, {name: part[place] for name, part in parts.items()})
        else:
            found[_key(line.names, by)].add(line.predicted, amounts)
    keys = VIEWS[by]
    rows: list[_Named] = [
        (dict(zip(keys, key, strict=True)), sums, "line")
        for key, sums in sorted(found.items(), key=lambda item: _order(item[0], by))
    ]
    return [*rows, ({}, total, "total")]


def _key(names: Mapping[str, str], by: str) -> tuple[str, ...]:
    if not names["model"]:
        line = AMOUNT_LINES.get(names["element"], names["element"])
        return (line, *("" for _ in VIEWS[by][1:]))
    return tuple(names[key] for key in VIEWS[by])


def _order(key: tuple[str, ...], by: str) -> tuple[Any, ...]:
    """Models first, then the lines that no model has; components as the articles have them."""
    is_line = key[0] in AMOUNT_LINES.values()
    place = COMPONENTS.index(key[0]) if by == "component" and key[0] in COMPONENTS else 0
    return (is_line, place, *key)


_BORNE: Final = ("model", "model_version", "component", "element")


class _Borne:
    """Who bears what of a month's model costs: the weights by which a term falls to owners."""

    def __init__(self, model_months: pl.DataFrame) -> None:
        self.sums: dict[tuple[str, ...], dict[tuple[str, str], int]] = {}
        for row in model_months.iter_rows(named=True):
            if row["bucket"] in MODEL_BUCKETS:
                self._add(
                    (row["model"], row["model_version"], row["component"], row["element"]), row
                )
            elif row["bucket"] == "commitment":
                self._add(("", "", "", "unused_commitment"), row)

    def _add(self, full: tuple[str, ...], row: Mapping[str, Any]) -> None:
        owner = row["owner"] or NO_OWNER, row["cost_centre"]
        units = int(row["effective_cost"].copy_abs().scaleb(SCALE, EXACT))
        for length in range(len(full), 0, -1):
            known = self.sums.setdefault(full[:length], {})
            known[owner] = known.get(owner, 0) + units

    def shares(self, names: Mapping[str, str]) -> dict[tuple[str, str], int]:
        """By the cost of the term itself, else of its component, its version, its model.

        What cost nothing at all, but was billed, falls to its owners in equal parts.
        """
        full = tuple(names[name] for name in _BORNE)
        lengths = range(len(full), 0 if names["model"] else 3, -1)
        known = [dict(sorted(self.sums.get(full[:length], {}).items())) for length in lengths]
        for found in known:
            if any(found.values()):
                return found
        for found in filter(None, known):
            return dict.fromkeys(found, 1)
        return {(NO_OWNER, ""): 1}


def _comparison(
    rows: Sequence[_Named], currency: str, wanted: Wanted, partial: Sequence[str]
) -> Sheet:
    keys = VIEWS[wanted.by]
    return Sheet(
        "comparison",
        f"Predicted ({_kind(wanted)}) and actual by {wanted.by}, effective cost, {currency}",
        (
            Column("currency", "currency"),
            *_texts(keys),
            Column("predicted_cost", "predicted", "money"),
            Column("actual_cost", "actual", "money"),
            Column("difference", "difference", "money"),
            Column("difference_share", "of predicted", "share"),
            Column("reading", "reading"),
            Column("goal", f"goal {wanted.threshold.percent}"),
        ),
        tuple(Row(_judged(names, sums, currency, wanted), level) for names, sums, level in rows),
        notes=(
            *partial,
            f"A positive difference is unfavourable. Goal: less than {wanted.threshold.words}.",
        ),
        labels=keys,
    )


def _judged(names: Mapping[str, str], sums: _Sums, currency: str, wanted: Wanted) -> dict[str, Any]:
    values = sums.values()
    return {
        "currency": currency,
        **names,
        **{name: values[name] for name in ("predicted_cost", "actual_cost", "difference")},
        **_judgement(values["difference"], values["predicted_cost"], wanted.threshold),
    }


def _judgement(difference: Decimal, predicted: Decimal, goal: Threshold) -> dict[str, Any]:
    return {
        "difference_share": None
        if predicted == 0
        else EXACT.divide(difference, abs(predicted)).quantize(_SHARE_PLACES, ROUND_HALF_EVEN),
        "reading": "unfavourable" if difference > 0 else "favourable" if difference < 0 else "",
        "goal": "missed" if goal.is_missed(difference, predicted) else "met",
    }


def _variances(
    rows: Sequence[_Named], currency: str, wanted: Wanted, gaps: Sequence[Gap]
) -> tuple[Sheet, Sheet]:
    """The same table twice: exact for machines, and without what is 0.00 for people."""
    keys = VIEWS[wanted.by]
    exact = Sheet(
        "variances",
        f"The difference by variance, {currency}",
        (
            Column("currency", "currency"),
            *_texts(keys),
            *(Column(name, words, "money") for name, words in VARIANCES.items()),
            Column("difference", "difference", "money"),
        ),
        tuple(
            Row({"currency": currency, **names, **sums.values()}, level)
            for names, sums, level in rows
        ),
        notes=(f"Order: {METHODS[wanted.method]}.", *(gap.sentence for gap in gaps)),
        labels=keys,
        audience="machine",
    )
    shown = [
        Row({k: v for k, v in row.values.items() if k not in VARIANCES or round(v, 2)}, row.level)
        for row in exact.rows
    ]
    return exact, replace(exact, rows=tuple(shown), audience="people")


def _by_model(lines: Sequence[_Line]) -> list[tuple[str, list[Driver]]]:
    """The drivers of every model, and of every line that no model has."""
    found: dict[str, list[Driver]] = defaultdict(list)
    for line in lines:
        [name] = _key(line.names, "model")
        found[name] += line.drivers
    return sorted(found.items(), key=lambda item: _order((item[0],), "model"))


def _gaps(lines: Sequence[_Line]) -> list[Gap]:
    found = (gap_of(model, drivers) for model, drivers in _by_model(lines))
    return [gap for gap in found if gap is not None]


def _largest_drivers(gaps: Sequence[Gap], currency: str) -> Sheet:
    """What each gap is made of most, with the numbers of its sentence."""
    return Sheet(
        "largest_drivers",
        f"The largest driver of each model's difference, {currency}",
        (
            Column("currency", "currency"),
            Column("model", "model"),
            Column("gap", "difference", "money"),
            Column("variance", "variance"),
            Column("variance_amount", "of variance", "money"),
            *(Column(name, name.replace("_", " ")) for name in _DRIVER),
            Column("sentence", "in words"),
        ),
        tuple(
            Row(
                {name: gap.largest[name] for name in _DRIVER}
                | {
                    "currency": currency,
                    "model": gap.model,
                    "gap": gap.amount,
                    "variance": gap.variance,
                    "variance_amount": gap.of_variance,
                    "sentence": gap.sentence,
                }
            )
            for gap in gaps
        ),
        audience="machine",
    )


_DRIVER: Final = (
    *("charge_month", "model_version", "component", "element", "usage_type"),
    *("amount", "predicted_value", "actual_value", "value_unit"),
)
"""Of the term that has most of the variance."""


def full_plan_review(months: Sequence[ComparedMonth], wanted: Wanted) -> Review:
    """An open month's landing against its full plan, by currency: what was spent, and the rest.

    The rest is pro rata: 60 in 20 of 30 days leave 30, which lands at 90. A full month has no rest.
    """
    with localcontext(EXACT):
        sheets = tuple(_landings(months, wanted))
    variance = _of(pl.concat([month.variance for month in months]), wanted)
    left = variance.filter((pl.col("status") != "compared") & pl.col("difference").is_null())
    return Review(
        facts=_facts(months, wanted),
        sheets=(*sheets, *(sheet for sheet in not_compared_sheets(left) if sheet.rows)),
        sentences=() if sheets else (_nothing(variance, wanted),),
    )


def _landings(months: Sequence[ComparedMonth], wanted: Wanted) -> Iterator[Sheet]:
    for month in months:
        plans = {
            tuple(row[name] for name in _TERM): row["predicted_cost"]
            for row in _of(month.predicted, wanted).iter_rows(named=True)
        }
        terms = _of(month.variance, wanted).filter(pl.col("actual_cost").is_not_null())
        compared = [
            row
            for row in terms.sort(_TERM).iter_rows(named=True)
            if row["charge_month"] == month.month
            and (row["difference"] is not None or row["status"] == "compared")
        ]
        for currency in sorted({row["currency"] for row in compared}):
            mine = [row for row in compared if row["currency"] == currency]
            yield _landing(mine, plans, month.month, currency, wanted)


def _landing(
    terms: Sequence[Mapping[str, Any]],
    plans: Mapping[tuple[str, ...], Decimal | None],
    month: str,
    currency: str,
    wanted: Wanted,
) -> Sheet:
    keys = VIEWS[wanted.by]
    days, whole = terms[0]["days_covered"], terms[0]["days_in_month"]
    sums: dict[tuple[str, ...], list[Decimal]] = defaultdict(lambda: [ZERO, ZERO, ZERO])
    for term in terms:
        plan = plans.get(tuple(term[name] for name in _TERM)) or ZERO
        rest = rest_of_month(term["actual_cost"], days, whole) if days else ZERO
        for each in (_key(term, wanted.by), ()):
            known = sums[each]
            for place, amount in enumerate((term["actual_cost"], rest, plan)):
                known[place] += amount
    total = sums.pop(())
    rows = [
        Row(
            {"month": month, "currency": currency, **dict(zip(keys, key, strict=True))}
            | _landed(amounts, wanted.threshold)
        )
        for key, amounts in sorted(sums.items(), key=lambda item: _order(item[0], wanted.by))
    ]
    rows.append(
        Row({"month": month, "currency": currency, **_landed(total, wanted.threshold)}, "total")
    )
    said = (
        f"{days} of {whole} days are billed; the rest is what was spent, by the day. What is paid "
        "once, as a training run, makes it too high."
    )
    return Sheet(
        "full_plan",
        f"{month} to its end, against the full plan ({_kind(wanted)}), effective cost, {currency}",
        (
            Column("month", "month"),
            Column("currency", "currency"),
            *_texts(keys),
            Column("actual_cost", "spent", "money"),
            Column("forecast_cost", "forecast", "money"),
            Column("landing_cost", "landing", "money"),
            Column("plan_cost", "full plan", "money"),
            Column("difference", "difference", "money"),
            Column("difference_share", "of plan", "share"),
            Column("reading", "reading"),
            Column("goal", f"goal {wanted.threshold.percent}"),
        ),
        tuple(rows),
        notes=(said if days < whole else f"{month} is billed to its last day: nothing is left.",),
        labels=keys,
        machine_only=("month",),
    )


def rest_of_month(spent: Decimal, days: int, whole: int) -> Decimal:
    """What the days left cost if each costs what a day did so far, rounded once."""
    return as_decimal(Fraction(spent) * (whole - days) / days)


def _landed(amounts: Sequence[Decimal], goal: Threshold) -> dict[str, Any]:
    spent, rest, plan = amounts
    difference = spent + rest - plan
    return {
        "actual_cost": spent,
        "forecast_cost": rest,
        "landing_cost": spent + rest,
        "plan_cost": plan,
        "difference": difference,
        **_judgement(difference, plan, goal),
    }


def _texts(keys: Sequence[str]) -> tuple[Column, ...]:
    return tuple(Column(key, _HEADINGS.get(key, key)) for key in keys)


def _kind(wanted: Wanted) -> str:
    return f"{wanted.kind}, {wanted.volume.replace('_', ' ')}"
