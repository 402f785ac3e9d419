"""What providers list for an hour of a machine: dated, with where each price was read.

Belongs here: the row, the checks that hold for every book, and which price counts at an instant. A
price is never guessed: one without a date, in two currencies, of another region or of another
service is no price, and the answer says which of these it is. The modules beside this one read the
kinds of file there are.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from itertools import pairwise
from typing import Final, Literal

from pipelines.errors import SettingsInvalid
from pipelines.money import plain
from pipelines.registry.catalogue import EVER, FOREVER
from pipelines.usage.providers import provider_word

ON_DEMAND: Final = "on_demand"
SPOT: Final = "spot"
Purchase = Literal["on_demand", "spot"]

_DIGITS: Final = 18
"""Powers of ten that a price may be away from 1: money has 18 places, and 20 digits before them."""

Cause = Literal[
    "not_listed",
    "no_date",
    "not_yet",
    "ended",
    "unseen",
    "ambiguous",
    "two_currencies",
    "other_currency",
    "zero",
]


@dataclass(frozen=True)
class MachinePrice:
    """The price of one machine for one hour, in [valid_from, valid_until).

    `region` is empty where one price holds in every region, `valid_from` None where neither the
    book nor the settings say since when it holds. `source` is the line and what the book cites,
    `note` what is to be known of the price. `machine` is written as the book has it. `unseen_after`
    is the last day on which the price before it was seen, where nobody looked until `valid_from`:
    which of the two holds on the days between is not known.
    """

    provider: str
    region: str
    machine: str
    price: Decimal
    currency: str = "USD"
    valid_from: datetime | None = None
    valid_until: datetime = FOREVER
    unseen_after: datetime | None = None
    purchase: Purchase = ON_DEMAND
    book: str = ""
    source: str = ""
    note: str = ""

    @property
    def said(self) -> str:
        """The price and where it was read, in one line."""
        where = f" in {self.region}" if self.region else ""
        since = (
            f" from {self.valid_from:%Y-%m-%d}"
            if self.valid_from is not None and self.valid_from != EVER
            else ""
        )
        spot = " (spot)" if self.purchase == SPOT else ""
        note = f"; {self.note}" if self.note else ""
        return (
            f"{self.machine}{where}{spot}: {plain(self.price)} {self.currency} an hour{since}, "
            f"price book {self.book}, {self.source}{note}"
        )


@dataclass(frozen=True)
class NoPrice:
    """Why there is no price: `cause` for programs, `reason` for people."""

    cause: Cause
    reason: str


class MachinePrices:
    """Price books in the order of the settings: the first that has a price at the time counts.

    A book that leaves open which price is meant ends the search: a later book does not settle it.
    """

    def __init__(self, books: Sequence[Sequence[MachinePrice]] = ()) -> None:
        self._books: list[dict[str, list[MachinePrice]]] = []
        for book in books:
            found: dict[str, list[MachinePrice]] = defaultdict(list)
            for price in book:
                found[machine_key(price.machine)].append(price)
            self._books.append(dict(found))

    def __bool__(self) -> bool:
        return any(self._books)

    def at(
        self,
        provider: str,
        region: str,
        machine: str,
        when: datetime,
        *,
        currency: str = "",
        purchase: Purchase = ON_DEMAND,
    ) -> MachinePrice | NoPrice:
        """The price of a machine at an instant (UTC, without zone), or why there is none.

        An empty `provider` or `region` stands for the only one a book has the machine of; an empty
        `currency` for whichever the price is in.
        """
        refused: list[NoPrice] = []
        for book in self._books:
            listed = [
                price
                for price in book.get(machine_key(machine), ())
                if price.purchase == purchase
                and (not provider or price.provider == provider_word(provider))
            ]
            if not listed:
                continue
            found = _of_book(listed, region, machine, when, currency)
            if isinstance(found, MachinePrice) or found.cause in {"ambiguous", "two_currencies"}:
                return found
            refused.append(found)
        if refused:
            return NoPrice(refused[0].cause, "; ".join(no.reason for no in refused))
        return self._not_listed(provider, machine, purchase)

    def _not_listed(self, provider: str, machine: str, purchase: Purchase) -> NoPrice:
        whose = f" of {provider_word(provider)}" if provider else ""
        what = f"{machine}{whose}{' at spot' if purchase == SPOT else ''}"
        if not self:
            return NoPrice("not_listed", f"no price of {what}: no book of machines is configured")
        plainly = machine_key(machine).removeprefix("ml.")
        hint = ""
        if machine_key(machine) != plainly and any(plainly in book for book in self._books):
            hint = f"; {plainly} is listed, but SageMaker charges its own price for {machine}"
        return NoPrice("not_listed", f"no price book lists {what}{hint}")


def _of_book(
    listed: Sequence[MachinePrice], region: str, machine: str, when: datetime, currency: str
) -> MachinePrice | NoPrice:
    """The price among those that one book has of a machine."""
    book = listed[0].book
    providers = sorted({price.provider for price in listed})
    if len(providers) > 1:
        problem = f"price book {book} lists {machine} of {' and '.join(providers)}: name one"
        return NoPrice("ambiguous", problem)
    here = _in_region(listed, region, machine)
    if isinstance(here, NoPrice):
        return here
    holding = [
        price
        for price in here
        if price.valid_from is not None
        and price.valid_from <= when < price.valid_until
        and currency in {"", price.currency}
    ]
    if len(holding) == 1 and holding[0].price > 0:
        return holding[0]
    if holding:
        return _no_single(holding, machine, when)
    return _not_then(here, machine, when, currency)


def _no_single(holding: Sequence[MachinePrice], machine: str, when: datetime) -> NoPrice:
    """Why what a book has at an instant is no price."""
    book = holding[0].book
    if len(holding) > 1:
        told = " and ".join(f"{plain(price.price)} {price.currency}" for price in holding)
        problem = (
            f"two currencies: price book {book} has {machine} on {when:%Y-%m-%d} at {told}; "
            "name a currency"
        )
        return NoPrice("two_currencies", problem)
    problem = f"price book {book} lists {machine} at 0, which is no price ({holding[0].source})"
    return NoPrice("zero", problem)


def _in_region(
    listed: Sequence[MachinePrice], region: str, machine: str
) -> list[MachinePrice] | NoPrice:
    """The prices of a region; those without one hold where it has none of its own."""
    regions = sorted({price.region for price in listed})
    wanted = region_key(region)
    if not wanted and len(regions) > 1:
        problem = f"price book {listed[0].book} lists {machine} in {_told(regions)}: name one"
        return NoPrice("ambiguous", problem)
    for there in (wanted or regions[0], ""):
        if here := [price for price in listed if price.region == there]:
            return here
    problem = f"price book {listed[0].book} has {machine} not in {region}, but in {_told(regions)}"
    return NoPrice("not_listed", problem)


def _told(regions: Sequence[str]) -> str:
    named = [region or "every region" for region in regions]
    return " and ".join(named) if len(named) <= 3 else f"{len(named)} regions"


def _not_then(here: Sequence[MachinePrice], machine: str, when: datetime, currency: str) -> NoPrice:
    """Why none of the prices holds at an instant."""
    book = here[0].book
    currencies = sorted({price.currency for price in here})
    if currency and currency not in currencies:
        told = " and ".join(currencies)
        return NoPrice(
            "other_currency", f"price book {book} has {machine} in {told}, not in {currency}"
        )
    here = [price for price in here if currency in {"", price.currency}]
    starts = [price.valid_from for price in here if price.valid_from is not None]
    if not starts:
        problem = (
            f"price with no date: price book {book} does not say since when {machine} costs "
            f"{plain(here[0].price)} {here[0].currency} an hour, {here[0].source}; "
            "give the book a `from`"
        )
        return NoPrice("no_date", problem)
    if when < min(starts):
        problem = f"price book {book} has {machine} only from {min(starts):%Y-%m-%d}"
        return NoPrice("not_yet", problem)
    if unseen := _unseen(here, machine, when):
        return NoPrice("unseen", f"price book {book} {unseen}")
    ended = max(price.valid_until for price in here if price.valid_until <= when)
    problem = (
        f"price book {book} has no price of {machine} for {when:%Y-%m-%d}: the last one ended on "
        f"{ended:%Y-%m-%d}"
    )
    return NoPrice("ended", problem)


def _unseen(here: Sequence[MachinePrice], machine: str, when: datetime) -> str:
    """What is known of an instant between the last look at a price and the first at the next."""
    for new in here:
        if new.unseen_after is None or new.valid_from is None:
            continue
        old = [price for price in here if price.valid_until == _day_after(new.unseen_after)]
        if old and old[0].valid_until <= when < new.valid_from:
            return (
                f"does not know what {machine} cost on {when:%Y-%m-%d}: {plain(old[0].price)} "
                f"{old[0].currency} an hour was last seen on {new.unseen_after:%Y-%m-%d}, "
                f"{plain(new.price)} first on {new.valid_from:%Y-%m-%d} ({new.source}); a book of "
                "your own that says the day of the change decides"
            )
    return ""


def _day_after(day: datetime) -> datetime:
    return day + timedelta(days=1)


def machine_key(machine: str) -> str:
    """`Standard_NC24ads_A100_v4` and a bill's `NC24ads A100 v4` are one machine."""
    return machine.strip().lower().replace(" ", "_").removeprefix("standard_")


def region_key(region: str) -> str:
    """`West Europe` and `westeurope` are one region."""
    return region.strip().lower().replace(" ", "")


def price_of(text: str) -> Decimal:
    """A price as it is written, exactly.

    Raises:
        ValueError: not a number, negative, or larger or smaller than money has digits for.
    """
    try:
        price = Decimal(text.strip())
    except InvalidOperation:
        price = Decimal("NaN")
    if not price.is_finite() or price < 0 or abs(price.adjusted()) > _DIGITS:
        message = f"{text!r} is no price"
        raise ValueError(message)
    return price


def in_order(prices: Iterable[MachinePrice], file: str) -> list[MachinePrice]:
    """The rows of one book with their ends: a price holds until the next one of its key begins.

    Where the next one says that nobody looked for some days before it, only until those days.

    A row that says an earlier end keeps it.

    Raises:
        SettingsInvalid: two prices of one machine for one time in one currency.
    """
    keyed: dict[tuple[str, ...], list[MachinePrice]] = defaultdict(list)
    for price in prices:
        machine = machine_key(price.machine)
        keyed[price.provider, price.region, machine, price.purchase, price.currency].append(price)
    found, problems = [], []
    for rows in keyed.values():
        undated = [row for row in rows if row.valid_from is None]
        dated = sorted(
            ((row.valid_from, row) for row in rows if row.valid_from is not None),
            key=lambda one: one[0],
        )
        doubled = [(one, two) for one, two in pairwise(undated)]
        doubled += [(one, two) for (at, one), (same, two) in pairwise(dated) if at == same]
        problems += [
            f"{two.source}: a second price of {two.machine}{_since(two)}, after {one.source}"
            for one, two in doubled
        ]
        ends = [
            start if row.unseen_after is None else min(start, _day_after(row.unseen_after))
            for start, row in dated
        ]
        found += undated
        found += [
            replace(row, valid_until=min(row.valid_until, end))
            for (_, row), end in zip(dated, [*ends, FOREVER][1:], strict=True)
        ]
    if problems:
        raise SettingsInvalid(file, problems)
    return found


def _since(price: MachinePrice) -> str:
    return "" if price.valid_from is None else f" from {price.valid_from:%Y-%m-%d}"
