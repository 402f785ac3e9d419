"""Lines of no model: what commitments left unused, credits, tax and support.

Each is one amount beside what was planned of it, and its own variance; no version's price or usage.
"""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from pipelines.money import EXACT, quantise
from pipelines.variance.actual_terms import KEY, ZERO
from pipelines.variance.drivers import own
from pipelines.variance.lines import ComparedMonth, Term, TermLine, not_comparable, of_other_month

OWN_LINES: Final = {
    "unused_commitment": "unused commitments",
    "credit": "credits",
    "tax": "tax",
    "support": "support",
}
"""The lines, and what they are called in a sentence."""


def own_lines(
    terms: Sequence[Term], amounts: Mapping[tuple[str, str], Decimal], month: ComparedMonth
) -> Iterator[TermLine]:
    """Credits, tax, support and unused commitments against what was planned of them."""
    planned = set()
    for term in terms:
        line, currency = term["element"], term["currency"]
        planned.add((line, currency))
        price, quantity = term["price"], month.prorated(term["quantity"])
        row = {name: term[name] for name in ("plan", *KEY, "usage_type", "currency")}
        predicted = quantise(EXACT.multiply(price, quantity or ZERO))
        actual = amounts.get((line, currency), ZERO)
        yield TermLine(
            row
            | {
                "planned_price": price,
                "planned_quantity": quantity,
                "predicted_cost": predicted,
                "actual_cost": actual,
                "difference": EXACT.subtract(actual, predicted),
                "status": "compared",
                "reason": "",
            },
            own(line, predicted, actual, currency),
        )
    for (line, currency), cost in sorted(amounts.items()):
        if (line, currency) in planned or cost == 0:
            continue
        what = OWN_LINES[line]
        in_plan = [term["plan"] for term in terms if term["currency"] == currency]
        if not in_plan:
            yield TermLine(_amount(line, currency, cost, f"no plan for {what} in {currency}"))
            continue
        new = {"plan": in_plan[0], "difference": cost, "status": "not_planned"}
        reason = f"plan {in_plan[0]} has no {what}"
        yield TermLine(_amount(line, currency, cost, reason) | new, own(line, None, cost, currency))


def corrections_of_own_lines(
    amounts: Mapping[tuple[str, str, str], Decimal],
) -> Iterator[TermLine]:
    """What this month bills of them for other charge months."""
    for (charge_month, line, currency), cost in sorted(amounts.items()):
        if cost:
            reason = of_other_month(charge_month, cost, currency)
            yield TermLine(_amount(line, currency, cost, reason) | {"charge_month": charge_month})


def _amount(line: str, currency: str, cost: Decimal, reason: str) -> dict[str, Any]:
    """A row of a line of its own that is listed and not compared."""
    return {
        "plan": "",
        **dict.fromkeys(KEY, ""),
        "element": line,
        "currency": currency,
        "actual_cost": cost,
        **not_comparable(reason),
    }
