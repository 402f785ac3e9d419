"""What is predicted for a month: plan, physical and calibrated side by side, and term by term.

What was foreseen with its volume (`ex_ante`) and what takes the measured one (`ex_post`) are sheets
of their own. Where a version has several plans, the latest known one is shown side by side and
every one term by term. What has no prediction has its reason and is in no sum. Intervals are never
added up: one stands beside a prediction of a single term, and the whole has its own, of the misses
that the calibration made of whole months.
"""

import json
import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any, Final

import polars as pl

from pipelines.contracts import COMPONENTS, PREDICTED
from pipelines.money import EXACT, quantise
from pipelines.review.driver_words import AMOUNT_LINES
from pipelines.review.sheets import ZERO, Column, Row, Sheet

KINDS: Final = ("plan", "physical", "calibrated")
SHEETS: Final = ("predictions", "not_predicted", "terms")
_VOLUMES: Final = {
    "ex_ante": "its volume foreseen too (ex ante)",
    "ex_post": "with the measured volume (ex post)",
}
_NAMES: Final = ("model", "model_version", "component")
_HEADINGS: Final = {"model_version": "version", "usage_type": "usage type"}

Term = Mapping[str, Any]
"""A row of `core_prediction__spend`."""


def predict_sheets(
    predicted: pl.DataFrame,
    month: str,
    *,
    model: str | None = None,
    kind: str | None = None,
    volume: str | None = None,
    wholes: Mapping[str, float | None] | None = None,
) -> tuple[Sheet, ...]:
    """The sheets of a month; of one model term by term as well.

    `wholes`: by the id of a calibration the half width of its whole months, in ln.
    """
    width = _of_whole(predicted, wholes or {}) if model is None else {}
    wanted = {"model": model, "kind": kind, "volume": volume}
    for name, value in wanted.items():
        if value is not None:
            predicted = predicted.filter(pl.col(name) == value)
    terms = list(predicted.sort(*_NAMES, "kind", "volume", *PREDICTED.key).iter_rows(named=True))
    sheets: list[Sheet] = []
    for currency in sorted({term["currency"] for term in terms}):
        mine = [term for term in terms if term["currency"] == currency]
        for each in _VOLUMES:
            sheets.append(_side_by_side(mine, month, currency, each, width.get(each)))
        sheets.append(_not_predicted(mine, currency))
        sheets.append(_terms(mine, currency, is_for_people=model is not None))
        sheets.append(_inputs(mine if model is not None else ()))
    return tuple(sheet for sheet in sheets if sheet.rows)


def nothing_predicted(predicted: pl.DataFrame, month: str, kind: str | None) -> str:
    """Why there is nothing to show of a month: nothing at all, or nothing of what was asked for."""
    kinds = [name for name in KINDS if name in predicted["kind"].to_list()]
    if not kinds:
        return f"Nothing is predicted for {month}: no plan and no formula names it."
    if kind == "calibrated" and "physical" in kinds and "calibrated" not in kinds:
        return (
            f"Nothing calibrated is predicted for {month}: no accepted calibration was made of "
            "what was known before it. `modelspend calibrate --list` shows which there are."
        )
    volumes = [name for name in _VOLUMES if name in predicted["volume"].to_list()]
    return (
        f"Nothing of that is predicted for {month}; there is: {', '.join(kinds)} "
        f"({', '.join(volumes)})."
    )


def _side_by_side(
    terms: Iterable[Term], month: str, currency: str, volume: str, width: float | None
) -> Sheet:
    mine = [term for term in _latest(terms) if term["volume"] == volume]
    by_who: dict[tuple[str, ...], list[Term]] = defaultdict(list)
    for term in mine:
        by_who[_who(term)].append(term)
    rows = [
        Row(
            {
                "currency": currency,
                "volume": volume,
                **dict(zip(_NAMES, who, strict=True)),
                **_figures(by_who[who]),
            }
        )
        for who in sorted(by_who, key=_order)
    ]
    if len(rows) > 1:
        whole = {
            name: sum((row.values.get(name) or ZERO for row in rows), ZERO)
            for name in KINDS
            if any(row.values.get(name) is not None for row in rows)
        }
        if width is not None and "calibrated" in whole:
            wide = Decimal(math.exp(width))
            whole |= {
                "lower_cost": quantise(EXACT.divide(whole["calibrated"], wide)),
                "upper_cost": quantise(EXACT.multiply(whole["calibrated"], wide)),
            }
        rows.append(Row({"currency": currency, "volume": volume, **whole}, "total"))
    return Sheet(
        "predictions",
        f"Predicted for {month}, {_VOLUMES[volume]}, {currency}",
        (
            Column("currency", "currency"),
            Column("volume", "volume"),
            *(Column(name, _HEADINGS.get(name, name)) for name in _NAMES),
            *(Column(name, name, "money") for name in KINDS),
            Column("lower_cost", "from", "money"),
            Column("upper_cost", "to", "money"),
        ),
        tuple(rows),
        notes=tuple(_notes(mine, rows)),
        labels=_NAMES,
        machine_only=("volume",),
    )


def _of_whole(
    predicted: pl.DataFrame, wholes: Mapping[str, float | None]
) -> dict[str, float | None]:
    """The half width of the whole month, by volume, where all that was learnt of is in it.

    Not where a formula's term has no calibrated one with an interval of its own, nor of one volume
    where the other has more terms, nor over several currencies: no earlier miss was of such a sum.
    """
    physical = predicted.filter(pl.col("kind") == "physical")
    calibrated = predicted.filter(pl.col("kind") == "calibrated")
    sets = calibrated["coefficients"].unique().to_list()
    if len(sets) != 1 or predicted["currency"].n_unique() != 1:
        return {}
    by_volume = {
        volume: (
            physical.filter(pl.col("volume") == volume).height,
            calibrated.filter(
                (pl.col("volume") == volume) & pl.col("lower_cost").is_not_null()
            ).height,
        )
        for volume in _VOLUMES
    }
    most = max(terms for terms, _ in by_volume.values())
    return {
        volume: wholes.get(sets[0])
        for volume, (terms, sure) in by_volume.items()
        if terms == sure == most
    }


def _notes(terms: Iterable[Term], rows: Iterable[Row]) -> Iterator[str]:
    told = list(terms)
    if any(row.values.get("lower_cost") is not None for row in rows):
        yield (
            "From and to: four of five months lie between them. They are not added up; a total has "
            "its own, of earlier totals."
        )
    if any(term["predicted_cost"] is None for term in told):
        yield (
            "A line lacks what one of its terms lacks (listed below); the total of its kind is "
            "without it."
        )
    lines = {kind: {_who(term) for term in told if term["kind"] == kind} for kind in KINDS}
    if len({frozenset(of) for of in lines.values() if of}) > 1:
        yield "Totals of different kinds are of different lines: compare them line by line."
    if sets := sorted({term["coefficients"] for term in told if term["coefficients"]}):
        yield f"Coefficients: {', '.join(sets)}."


def _not_predicted(terms: Iterable[Term], currency: str) -> Sheet:
    """The terms without a cost and why; a reason that several kinds share is told once."""
    kinds: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for term in terms:
        if term["predicted_cost"] is None:
            reason = term["reason"] or _missing(term)
            names = *_who(term), term["element"], term["usage_type"], term["unit"]
            said = kinds[*names, term["volume"], reason]
            if term["kind"] not in said:
                said.append(term["kind"])
    columns = (*_NAMES, "element", "usage_type", "unit", "volume", "reason")
    return Sheet(
        "not_predicted",
        f"Not predicted, {currency}",
        (
            Column("currency", "currency"),
            *(
                Column(name, _HEADINGS.get(name, name))
                for name in (*_NAMES, "element", "usage_type", "unit", "volume")
            ),
            Column("kinds", "kind"),
            Column("reason", "why"),
        ),
        tuple(
            Row(
                {
                    "currency": currency,
                    **dict(zip(columns, values, strict=True)),
                    "kinds": ", ".join(kind for kind in KINDS if kind in said),
                }
            )
            for values, said in kinds.items()
        ),
        labels=_NAMES,
    )


def _terms(terms: Iterable[Term], currency: str, *, is_for_people: bool) -> Sheet:
    """Every term: price x quantity, the formula, and what it was made of."""
    texts = ("kind", "volume", "plan", *_NAMES, "element", "usage_type", "unit", "formula")
    return Sheet(
        "terms",
        "Term by term",
        (
            Column("currency", "currency"),
            *(Column(name, _HEADINGS.get(name, name)) for name in texts),
            Column("price", "price", "quantity"),
            Column("quantity", "quantity", "quantity"),
            Column("coefficient", "coefficient", "quantity"),
            Column("predicted_cost", "predicted", "money"),
            Column("lower_cost", "from", "money"),
            Column("upper_cost", "to", "money"),
            Column("as_of", "as of"),
            Column("calibration_group", "group"),
            Column("coefficients", "coefficients"),
            Column("inputs", "inputs"),
            Column("reason", "why not"),
        ),
        tuple(
            Row({name: term[name] for name in (*PREDICTED.columns,)} | {"currency": currency})
            for term in terms
        ),
        audience="all" if is_for_people else "machine",
        machine_only=(
            "model",
            "plan",
            "usage_type",
            "as_of",
            "calibration_group",
            "coefficients",
            "inputs",
            "lower_cost",
            "upper_cost",
            "reason",
        ),
    )


def _inputs(terms: Iterable[Term]) -> Sheet:
    """For people: what each formula was given, and from where."""
    rows = [
        Row(
            {
                "formula": term["formula"],
                "volume": term["volume"],
                "symbol": symbol,
                "value": Decimal(told["value"]),
                "unit": told["unit"],
                "source": told.get("source") or told.get("said"),
                "cautions": "; ".join(told.get("cautions", ())),
            }
        )
        for term in terms
        if term["kind"] == "physical"
        for symbol, told in json.loads(term["inputs"]).items()
    ]
    return Sheet(
        "inputs",
        "What the formulas were given",
        (
            Column("formula", "formula"),
            Column("volume", "volume"),
            Column("symbol", "symbol"),
            Column("value", "value", "quantity"),
            Column("unit", "unit"),
            Column("source", "from"),
            Column("cautions", "caution"),
        ),
        tuple(rows),
        audience="people",
    )


def _latest(terms: Iterable[Term]) -> list[Term]:
    """Of several plans of a version the latest known one, for each kind."""
    told = list(terms)
    newest: dict[tuple[str, ...], tuple[Any, str]] = {}
    for term in told:
        key = term["kind"], term["volume"], term["model"], term["model_version"]
        newest[key] = max(
            newest.get(key, (term["as_of"], term["plan"])), (term["as_of"], term["plan"])
        )
    return [
        term
        for term in told
        if newest[term["kind"], term["volume"], term["model"], term["model_version"]][1]
        == term["plan"]
    ]


def _who(term: Term) -> tuple[str, str, str]:
    """Model, version and component; a line that no model has by its own name."""
    model = term["model"] or AMOUNT_LINES.get(term["element"], term["element"])
    return model, term["model_version"], term["component"]


def _order(who: tuple[str, ...]) -> tuple[Any, ...]:
    model, version, component = who
    place = COMPONENTS.index(component) if component in COMPONENTS else len(COMPONENTS)
    return not version, model, version, place


def _figures(terms: Iterable[Term]) -> dict[str, Decimal | None]:
    """Each kind's sum, none where one of its terms has no cost; the interval of a single term."""
    of_kind: dict[str, list[Term]] = defaultdict(list)
    for term in terms:
        of_kind[term["kind"]].append(term)
    found: dict[str, Decimal | None] = {}
    for kind, mine in of_kind.items():
        costs = [term["predicted_cost"] for term in mine]
        found[kind] = None if None in costs else sum(costs, ZERO)
    if len(of_kind["calibrated"]) == 1:
        [term] = of_kind["calibrated"]
        found |= {name: term[name] for name in ("lower_cost", "upper_cost")}
    return found


def _missing(term: Term) -> str:
    lacking = [name for name in ("price", "quantity") if term[name] is None]
    return f"the plan states no {' and no '.join(lacking)}"
