"""Rates of exchange, as they were stated: a CSV with one rate a line.

    from,to,rate,kind,month,source
    EUR,USD,1.08,budget,2026-09,Budget 2026 of treasury
    EUR,USD,1.0932,month_average,2026-09,ECB monthly average

`rate` is what one unit of `from` is in `to`. Nothing is derived: no inverse, no cross rate, no rate
of another month, because none of these is exact and each would be somebody's decision.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Final, Literal, get_args

from pipelines.billing.currencies import is_currency
from pipelines.errors import SettingsInvalid
from pipelines.months import MONTH
from pipelines.prices.csv_rows import rows_of_csv

FxKind = Literal["budget", "month_average", "invoice"]
KINDS: Final[tuple[FxKind, ...]] = get_args(FxKind)

_DIGITS: Final = 18
"""Powers of ten that a rate may be away from 1: money has 18 places, and 20 digits before them."""

_NEEDED: Final = ("from", "to", "rate", "kind", "month")
_Key = tuple[str, str, str, str]


@dataclass(frozen=True)
class FxRate:
    """What one unit of `of` is in `to`, and who says so (`source`: the line and its citation)."""

    of: str
    to: str
    kind: FxKind
    month: str
    rate: Decimal
    book: str = ""
    source: str = ""


class FxRates:
    """Rates in the order of the settings: the first source that has one counts."""

    def __init__(self, sources: Sequence[Iterable[FxRate]] = ()) -> None:
        self._rates: dict[_Key, FxRate] = {}
        for source in sources:
            for rate in source:
                self._rates.setdefault((rate.of, rate.to, rate.kind, rate.month), rate)

    def rate(self, of: str, to: str, kind: FxKind, month: str) -> Decimal | None:
        """The rate of a month exactly as stated; 1 between the same currency; None: no such."""
        if of == to:
            return Decimal(1)
        found = self.stated(of, to, kind, month)
        return None if found is None else found.rate

    def stated(self, of: str, to: str, kind: FxKind, month: str) -> FxRate | None:
        """The rate with where it was read."""
        return self._rates.get((of, to, kind, month))

    def why_not(self, of: str, to: str, kind: FxKind, month: str) -> str:
        """Why there is no rate, for the line that could not be compared."""
        missing = f"no {kind} rate from {of} to {to} for {month}"
        if not self._rates:
            return f"{missing}: no fx_rates are configured"
        if (to, of, kind, month) in self._rates:
            return f"{missing}: the rates have {to} to {of}, state the other direction too"
        months = sorted(m for (a, b, k, m) in self._rates if (a, b, k) == (of, to, kind))
        if months:
            near = {*[m for m in months if m < month][-1:], *[m for m in months if m > month][:1]}
            return f"{missing}; the nearest are of {' and '.join(sorted(near))}"
        kinds = sorted({k for (a, b, k, m) in self._rates if (a, b, m) == (of, to, month)})
        if kinds:
            return f"{missing}; the rates have {' and '.join(kinds)}"
        return f"{missing}: the rates have none from {of} to {to}"


def read_fx_rates(text: str, file: str, book: str = "") -> list[FxRate]:
    """The rates in the text of the CSV.

    Raises:
        SettingsInvalid: a column is missing, a cell is wrong, or one rate is given twice; names
            the line.
    """
    found: dict[_Key, FxRate] = {}
    problems = []
    for line, row in rows_of_csv(text, file, _NEEDED):
        try:
            rate = _rate(row, f"line {line}", book)
        except ValueError as error:
            problems.append(f"line {line}: {error}")
            continue
        key = (rate.of, rate.to, rate.kind, rate.month)
        if key in found:
            problems.append(f"line {line}: this rate is given twice, after {found[key].source}")
        found[key] = rate
    if problems:
        raise SettingsInvalid(file, problems)
    return list(found.values())


def _rate(row: Mapping[str, str], line: str, book: str) -> FxRate:
    of, to, month = row["from"].upper(), row["to"].upper(), row["month"]
    for code in (of, to):
        if not is_currency(code):
            message = f"currency {code!r} is none of ISO 4217"
            raise ValueError(message)
    if of == to:
        message = f"a rate from {of} to itself"
        raise ValueError(message)
    kinds: dict[str, FxKind] = {kind: kind for kind in KINDS}
    kind = kinds.get(row["kind"].lower())
    if kind is None:
        message = f"kind {row['kind']!r} is none of {', '.join(KINDS)}"
        raise ValueError(message)
    if not re.fullmatch(MONTH, month):
        message = f"month {month!r} is not written as 2026-09"
        raise ValueError(message)
    try:
        rate = Decimal(row["rate"])
    except InvalidOperation:
        rate = Decimal("NaN")
    if not rate.is_finite() or rate <= 0 or abs(rate.adjusted()) > _DIGITS:
        message = f"rate {row['rate']!r} is no number above 0"
        raise ValueError(message)
    cited = f" ({row['source']})" if row.get("source") else ""
    return FxRate(of, to, kind, month, rate, book, f"{line}{cited}")
