"""Costs that no plan of the month has a term for, each listed with its reason."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

from pipelines.variance.actual_terms import Billed, Key, added, key_of
from pipelines.variance.drivers import own
from pipelines.variance.lines import Plans, TermLine, by_currency, listed, of_other_month


def unplanned(
    plans: Plans, unmet: Sequence[Billed], others: Mapping[Key, str]
) -> Iterator[TermLine]:
    """Costs that no term of a plan meets: new lines of a planned version, or no plan at all.

    `others`: why terms of the bill cannot meet the plan's of the same thing: another unit, or none.
    """
    named = {key_of(term) for terms in plans.values() for term in terms}
    for part in by_currency(unmet):
        if part.cost == 0:
            continue
        model, version, component, element, _ = part.key
        terms = plans.get((model, version))
        if terms is None:
            who = (
                f"{model} {version}"
                if version
                else f"{model}, whose version the bill does not tell"
            )
            yield TermLine(listed(part, f"no plan for {who}"))
            continue
        if part.key in others:
            yield TermLine(listed(part, others[part.key]))
            continue
        plan = terms[0]["plan"]
        reason = f"plan {plan} has no {component} {element} in {part.unit or 'no unit'}"
        if part.key in named:
            reason += " of " + _texts(
                one.usage_type
                for one in unmet
                if (one.key, one.currency) == (part.key, part.currency)
            )
        new = {"plan": plan, "difference": part.cost, "status": "not_planned"}
        yield TermLine(listed(part, reason) | new, own("new_line", None, part.cost, part.currency))


def _texts(texts: Iterable[str], most: int = 3) -> str:
    """The first few of some usage types, and how many more there are."""
    names = sorted({text or "no usage type" for text in texts})
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def corrections(other_months: Sequence[tuple[str, Billed]]) -> Iterator[TermLine]:
    """What this month bills of other charge months: their plan was that month's."""
    groups: dict[tuple[str, Key, str], list[Billed]] = defaultdict(list)
    for charge_month, part in other_months:
        groups[charge_month, part.key, part.currency].append(part)
    for charge_month, key, currency in sorted(groups):
        part = added(groups[charge_month, key, currency])
        yield TermLine(
            listed(part, of_other_month(charge_month, part.cost, currency))
            | {"charge_month": charge_month, "actual_quantity": None}
        )
