"""The source articles' worked examples beside what they come to: as printed, worked out, corrected.

Nothing an article prints is set right silently, and no printed value is used for anything.
"""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any, Final

from pipelines.formulas.articles import ARTICLES, FAULTS, FLAGS, PRICES, Recomputed
from pipelines.review.numbers import decimal_of, shown
from pipelines.review.sheets import Column, Row, Sheet

_PEOPLE: Final = (
    Column("case", "article and case"),
    Column("expression", "its expression"),
    Column("printed", "as printed"),
    Column("gives", "gives"),
    Column("correct", "corrected"),
    Column("cost", "cost"),
    Column("flags", "flags"),
)
_MACHINE: Final = (
    Column("article", "article"),
    Column("place", "place"),
    Column("what", "what"),
    Column("expression", "its expression"),
    Column("printed", "as printed"),
    Column("printed_value", "printed value"),
    Column("printed_parts", "its printed parts add to"),
    Column("gives", "gives"),
    Column("correct", "corrected"),
    Column("cost", "cost"),
    Column("flags", "flags"),
    Column("note", "note"),
)


def article_sheets(
    cases: Sequence[Recomputed], prices: Mapping[str, Fraction]
) -> tuple[Sheet, ...]:
    """The table of cases: one for people, one with all digits for programs."""
    title = "The articles' worked examples: as printed, what their expressions give, corrected"
    notes = (
        *(f"{_case(found)}: {found.case.note}." for found in cases if found.case.note),
        *(f"{flag}: {meaning}." for flag, meaning in FLAGS.items()),
        *(f"{number}: {what}" for number, what in ARTICLES.items()),
        *FAULTS,
        f"Prices left open: {', '.join(f'{sign} = {said}' for sign, (_, said) in PRICES.items())}.",
    )
    machine = tuple(Row(_values(case, prices)) for case in cases)
    people = tuple(Row(_people(case, prices)) for case in cases)
    return (
        Sheet("articles", title, _MACHINE, machine, audience="machine"),
        Sheet("articles", title, _PEOPLE, people, notes, audience="people"),
    )


def _values(found: Recomputed, prices: Mapping[str, Fraction]) -> dict[str, Any]:
    case, cost = found.case, found.cost(prices)
    return {
        "article": case.article,
        "place": case.place,
        "what": case.what,
        "expression": case.expression or " + ".join(case.parts),
        "printed": case.printed or None,
        "printed_value": _decimal(found.printed),
        "printed_parts": _decimal(found.printed_parts),
        "gives": _decimal(found.gives),
        "correct": _correct(found),
        "cost": _decimal(cost),
        "flags": " ".join(found.flags),
        "note": case.note,
    }


def _people(found: Recomputed, prices: Mapping[str, Fraction]) -> dict[str, Any]:
    case = found.case
    printed = case.printed or "(nothing)"
    if not printed[0].isdigit() and found.printed is not None:
        printed = f"{printed} = {shown(found.printed)}"
    if found.printed_parts is not None and found.printed_parts != found.printed:
        printed += f"; its parts: {shown(found.printed_parts)}"
    cost = found.cost(prices) if prices else None
    return {
        "case": _case(found),
        "expression": case.expression or "the sum",
        "printed": printed,
        "gives": shown(found.gives),
        "correct": _correct(found),
        "cost": shown(cost) or None,
        "flags": " ".join(found.flags),
    }


def _case(found: Recomputed) -> str:
    return f"{found.case.article}, {found.case.place}: {found.case.what}"


def _correct(found: Recomputed) -> str:
    """`3,072 GPU-h x p + 2,048 GB x e`; a plain number where it is money already."""
    return " + ".join(
        f"{shown(quantity)} {PRICES[sign][0]} x {sign}" if sign else shown(quantity)
        for quantity, sign in found.quantities
    )


def _decimal(value: Fraction | None) -> Any:
    return None if value is None else decimal_of(value)
