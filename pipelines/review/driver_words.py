"""What one named variance says in words: `idle capacity of v2 inference hardware: ...`.

A sentence holds the variance's own inputs, as the table of drivers keeps them, and nothing else.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from pipelines.money import plain, show

VARIANCES: Final[Mapping[str, str]] = {
    "list_price": "list price",
    "discount": "discount",
    "price": "price",
    "efficiency": "efficiency",
    "idle_capacity": "idle capacity",
    "mix": "mix",
    "volume": "volume",
    "usage": "usage",
    "fx": "exchange rate",
    "new_line": "new line",
    "discontinued_line": "discontinued line",
    "unused_commitment": "unused commitment",
    "credit": "credits",
    "tax": "tax",
    "support": "support",
}
"""Every named variance, in the order it is told, and what a person calls it."""

AMOUNT_LINES: Final[Mapping[str, str]] = {
    name: VARIANCES[name] for name in ("unused_commitment", "credit", "tax", "support")
}
"""Lines of a plan that no model has."""

_SHARES: Final[Mapping[str, str]] = {
    "discount": "{actual} off the list price instead of {planned}",
    "idle_capacity": "{actual} of what was billed was busy instead of {planned}",
    "mix": "{actual} of the plan's activity instead of {planned}",
}
_SENTENCES: Final[Mapping[str, str]] = {
    "new_line": "nothing was planned for it",
    "discontinued_line": "planned, and nothing was billed",
}
Driver = Mapping[str, Any]
"""A row of `out_variance__drivers`."""


def term_words(driver: Driver) -> str:
    """`v2 inference hardware`, or the line that no model has: `tax`."""
    if not driver["model"]:
        return AMOUNT_LINES.get(driver["element"], driver["element"])
    names = [driver["model_version"], driver["component"], driver["element"].replace("_", " ")]
    words = " ".join(name for name in names if name)
    return f"{words} ({driver['usage_type']})" if driver["usage_type"] else words


def driver_words(driver: Driver) -> str:
    """`idle capacity of v2 inference hardware: 45.2 % ... instead of 100 %, +410.45 USD`."""
    name = driver["variance"]
    what = VARIANCES.get(name, name)
    if driver["model"]:
        what = f"{what} of {term_words(driver)}"
    change = _change(driver)
    told = f"{what}: {change}" if change else what
    return f"{told}, {signed(driver['amount'])} {driver['currency']}"


def _change(driver: Driver) -> str:
    planned, actual = driver["predicted_value"], driver["actual_value"]
    name = driver["variance"]
    if name in _SENTENCES:
        return _SENTENCES[name]
    if planned is None or actual is None:
        return ""
    if name in _SHARES:
        return _SHARES[name].format(actual=_share(actual), planned=_share(planned))
    return f"{_number(actual)} {driver['value_unit']}".rstrip() + f" instead of {_number(planned)}"


def gap_sentence(model: str, drivers: Sequence[Driver]) -> str | None:
    """The largest driver of a model's gap, and what works against it; None without a gap.

    Named is the largest variance of the gap's own sign, because one of the other sign cannot be why
    it is there; the largest of the other sign is added where it offsets a tenth of the named one.
    """
    amounts = [driver["amount"] for driver in drivers]
    gap = sum(amounts, Decimal(0))
    if gap == 0:
        return None
    best = largest(drivers, is_positive=gap > 0)
    against = largest(drivers, is_positive=gap < 0)
    way = "over" if gap > 0 else "under"
    much = f"{show(abs(gap))} {best['currency']}"
    said = f"{model}: {much} {way} the prediction, most by {driver_words(best)}"
    if against is not None and abs(against["amount"]) * 10 >= abs(best["amount"]):
        said += f"; against it {driver_words(against)}"
    return f"{said}."


def largest(drivers: Sequence[Driver], *, is_positive: bool) -> Any:
    """The largest driver of one sign, the first named where two are alike; None without one."""
    found = [driver for driver in drivers if (driver["amount"] > 0) == is_positive]
    found = [driver for driver in found if driver["amount"] != 0]
    if not found:
        return None
    order = list(VARIANCES)
    return min(found, key=lambda each: (-abs(each["amount"]), order.index(each["variance"])))


def signed(amount: Decimal) -> str:
    """`+410.45`, `-3.00`."""
    return f"{'-' if amount < 0 else '+'}{show(abs(amount))}"


def _number(value: Decimal) -> str:
    """At most six significant decimals, thousands apart: 2,976, 0.4516, 0.0000004."""
    if value == value.to_integral_value():
        return f"{value.to_integral_value():,}"
    places = 4 if abs(value) >= Decimal("0.01") else 10
    return f"{Decimal(plain(round(value, places))):,f}"


def _share(value: Decimal) -> str:
    return f"{Decimal(plain(round(value * 100, 1))):f} %"
