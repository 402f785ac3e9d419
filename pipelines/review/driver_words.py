"""What one named variance says in words: `idle capacity of v2 inference hardware: ...`.

A sentence holds the variance's own inputs, as the table of drivers keeps them, and nothing else.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
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


@dataclass(frozen=True)
class Gap:
    """Why a model's actual is not what was predicted: the largest variance, and what it is of."""

    model: str
    amount: Decimal
    variance: str
    """The named variance whose sum over the model's terms is the largest of the gap's own sign: one
    of the other sign cannot be why it is there."""
    of_variance: Decimal
    largest: Driver
    """The term that has most of it."""
    is_one_term: bool
    """Nothing else has any of it."""
    against: tuple[str, Decimal] | None
    """The largest variance of the other sign, where it offsets a tenth of the first or more."""

    @property
    def sentence(self) -> str:
        """The gap in a sentence that its numbers support."""
        currency = self.largest["currency"]
        way = "over" if self.amount > 0 else "under"
        said = f"{self.model}: {show(abs(self.amount))} {currency} {way} the prediction, most by "
        if self.is_one_term:
            said += driver_words(self.largest)
        else:
            said += f"{VARIANCES[self.variance]}, {signed(self.of_variance)} {currency}, "
            said += _told(f"its largest part in {term_words(self.largest)}", self.largest)
        if self.against is not None:
            name, amount = self.against
            said += f"; against it {VARIANCES[name]}, {signed(amount)} {currency}"
        return f"{said}."


def gap_of(model: str, drivers: Sequence[Driver]) -> Gap | None:
    """The gap of a model whose drivers these are; None where there is none."""
    sums = dict.fromkeys(VARIANCES, Decimal(0))
    for driver in drivers:
        sums[driver["variance"]] += driver["amount"]
    amount = sum(sums.values(), Decimal(0))
    if amount == 0:
        return None
    is_over = amount > 0
    order = list(VARIANCES)

    def largest(is_positive: bool) -> str | None:
        found = [name for name in order if sums[name] and (sums[name] > 0) == is_positive]
        return max(found, key=lambda name: abs(sums[name]), default=None)

    best, other = largest(is_over), largest(not is_over)
    if best is None:
        message = f"{model} differs by {amount} and has no variance of that sign"
        raise ValueError(message)
    terms = [driver for driver in drivers if driver["variance"] == best and driver["amount"]]
    same = [driver for driver in terms if (driver["amount"] > 0) == is_over]
    offsets = other is not None and abs(sums[other]) * 10 >= abs(sums[best])
    return Gap(
        model,
        amount,
        best,
        sums[best],
        max(same, key=lambda driver: abs(driver["amount"])),
        len(terms) == 1,
        (other, sums[other]) if other is not None and offsets else None,
    )


def term_words(driver: Driver) -> str:
    """`v2 inference hardware`, or the line that no model has: `tax`; with its month."""
    if not driver["model"]:
        return f"{driver['charge_month']}"
    names = [driver["model_version"], driver["component"], driver["element"].replace("_", " ")]
    words = " ".join(name for name in names if name)
    told = f" ({driver['usage_type']})" if driver["usage_type"] else ""
    return f"{words}{told} in {driver['charge_month']}"


def driver_words(driver: Driver) -> str:
    """`idle capacity of v2 inference hardware in 2026-07: 45.2 % ..., +410.45 USD`."""
    what = VARIANCES[driver["variance"]]
    return _told(f"{what} {'of' if driver['model'] else 'in'} {term_words(driver)}", driver)


def _told(what: str, driver: Driver) -> str:
    change = _change(driver)
    told = f"{what}: {change}" if change else what
    return f"{told}, {signed(driver['amount'])} {driver['currency']}"


def _change(driver: Driver) -> str:
    planned, actual, unit = (
        driver[name] for name in ("predicted_value", "actual_value", "value_unit")
    )
    name = driver["variance"]
    if name in _SENTENCES:
        return _SENTENCES[name]
    if planned is None or actual is None:
        return ""
    if name in _SHARES:
        return _SHARES[name].format(actual=_share(actual), planned=_share(planned))
    if unit == driver["currency"]:
        return f"{show(actual)} {unit} instead of {show(planned)}"
    times = f"x {unit}" if unit[:1].isdigit() else unit
    if name == "volume":
        times += " of the whole plan"  # what the version itself did is volume and mix
    return f"{_number(actual)} {times}".rstrip() + f" instead of {_number(planned)}"


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
