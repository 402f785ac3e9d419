"""The formula library for people and programs: what there is, one formula, and what it comes to."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from pipelines.formulas.answers import Answer
from pipelines.formulas.formula import Formula, Symbol
from pipelines.review.numbers import decimal_of, shown
from pipelines.review.sheets import Column, Row, Sheet

_GROUPS: Final = {
    "training": "Training",
    "inference": "Inference",
    "storage": "Storage",
    "update": "Update",
    "": "Steps on the way, overheads and commitments (no component of their own)",
}
_NO_UNIT: Final = "ratio"


def library_sheets(formulas: Sequence[Formula]) -> tuple[Sheet, ...]:
    """Every formula in a line, in one table per component."""
    columns = (
        Column("component", "component"),
        Column("formula", "formula", "id"),
        Column("title", "what it gives"),
        Column("element", "element"),
        Column("unit", "in", "id"),
    )
    return tuple(
        Sheet(
            "formulas",
            f"{title} formulas" if component else title,
            columns,
            tuple(
                Row(
                    {
                        "component": formula.component,
                        "formula": formula.name,
                        "title": formula.title,
                        "element": formula.element,
                        "unit": formula.unit or _NO_UNIT,
                    }
                )
                for formula in formulas
                if formula.component == component
            ),
            machine_only=("component",),
        )
        for component, title in _GROUPS.items()
    )


def formula_sheets(formula: Formula) -> tuple[Sheet, ...]:
    """One formula: what it says, the term it stands for, its symbols, where it comes from."""
    facts = {
        "formula": formula.name,
        "title": formula.title,
        "says": formula.says,
        "unit": formula.unit,
        "component": formula.component,
        "element": formula.element,
        "source": formula.source,
    }
    columns = (
        Column("symbol", "symbol", "id"),
        Column("sign", "sign"),
        Column("unit", "unit", "id"),
        Column("range", "range"),
        Column("default", "default"),
        Column("measured", "ex post, from logs"),
        Column("meaning", "meaning"),
    )
    symbols = Sheet(
        "symbols",
        f"{formula.name}: {formula.title}",
        columns,
        tuple(Row(_symbol(symbol)) for symbol in formula.symbols),
        notes=(
            f"{formula.says}, in {formula.unit or 'no unit'}",
            *_term(formula),
            f"Source: {formula.source}",
            "Values are exact decimals." if formula.is_exact else "Values are floating point.",
        ),
    )
    return (_one_row("formula", facts), symbols)


def answer_sheets(
    formula: Formula, answers: Sequence[Answer], labels: Sequence[str]
) -> tuple[Sheet, ...]:
    """What the formula comes to for each row, with the reason where it was not computed."""
    given = [name for name in _given(formula, answers) if name not in labels]
    columns = (
        Column("row", "row", "count"),
        *(Column(name, name) for name in (*labels, *given)),
        Column("result", formula.unit or _NO_UNIT),
        Column("unit", "unit"),
        Column("reason", "not computed because"),
        Column("cautions", "caution"),
    )
    rows = tuple(
        Row(
            {
                "row": number,
                **{name: answer.given.get(name) for name in (*labels, *given)},
                "result": None if answer.value is None else decimal_of(answer.value),
                "unit": formula.unit,
                "reason": answer.reason,
                "cautions": "; ".join(answer.cautions),
            }
        )
        for number, answer in enumerate(answers, start=1)
    )
    told = labels or given
    people = tuple(
        Row(
            {
                "row": row.values["row"],
                **{name: row.values[name] for name in told},
                "result": None if answer.value is None else shown(answer.value),
                "reason": answer.reason,
            }
        )
        for row, answer in zip(rows, answers, strict=True)
    )
    title = f"{formula.name}: {formula.title}"
    missing = sum(answer.value is None for answer in answers)
    notes = (
        formula.says,
        *((f"{missing} of {len(answers)} rows were not computed.",) if missing else ()),
        *(
            f"Row {number}: {caution}"
            for number, answer in enumerate(answers, start=1)
            for caution in answer.cautions
        ),
    )
    shown_columns = tuple(
        column for column in columns if column.key in {"row", *told, "result", "reason"}
    )
    return (
        Sheet("results", title, columns, rows, audience="machine"),
        Sheet("results", title, shown_columns, people, notes, audience="people"),
    )


def inputs_sheet(formula: Formula, answer: Answer) -> Sheet:
    """The inputs of one evaluation as they were read, in the symbols' units."""
    return Sheet(
        "inputs",
        f"{formula.name}: {formula.title}",
        (
            Column("symbol", "symbol", "id"),
            Column("sign", "sign"),
            Column("value", "value"),
            Column("unit", "unit", "id"),
            Column("from", "from"),
        ),
        tuple(
            Row(
                {
                    "symbol": symbol.name,
                    "sign": symbol.sign,
                    "value": shown(answer.values[symbol.name]),
                    "unit": symbol.unit,
                    "from": answer.origin(symbol.name),
                }
            )
            for symbol in formula.symbols
        ),
        notes=(
            f"{formula.says} = {shown(answer.value)} {formula.unit}".rstrip(),
            *(f"Caution: {caution}" for caution in answer.cautions),
        ),
        audience="people",
    )


def _given(formula: Formula, answers: Sequence[Answer]) -> list[str]:
    """What was said of the rows, in the order of the symbols."""
    said = dict.fromkeys(name for answer in answers for name in answer.given)
    order = {symbol.name: place for place, symbol in enumerate(formula.symbols)}
    return sorted(said, key=lambda name: order.get(name, -1))


def _symbol(symbol: Symbol) -> dict[str, Any]:
    return {
        "symbol": symbol.name,
        "sign": symbol.sign,
        "unit": symbol.unit,
        "range": symbol.range,
        "default": None if symbol.default is None else str(symbol.default),
        "measured": symbol.measured,
        "meaning": symbol.meaning,
    }


def _term(formula: Formula) -> tuple[str, ...]:
    """Which term of the articles' C_x = C_hardware*T + C_bandwidth*T it stands for."""
    if not formula.component:
        return ()
    term = formula.element.replace("_", " ") or "all of them"
    return (f"Term of C_{formula.component}: {term}.",)


def _one_row(name: str, values: Mapping[str, Any]) -> Sheet:
    columns = tuple(Column(key, key) for key in values)
    return Sheet(name, name, columns, (Row(dict(values)),), audience="machine")
