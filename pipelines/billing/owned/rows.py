"""The five files of costs on no cloud bill: their columns, and what a row of them says.

A row that cannot be used is never skipped: every field at fault is named with file, line, column,
value and reason, all at once.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from fractions import Fraction

from pipelines.billing.columns import Column, nearest, plain_name

TAG_PREFIX = "tag:"


def _number(name: str) -> Column:
    """Money hangs on every number of these files: one that cannot be read stops the month."""
    return Column(name, name, "money")


COMMON = (
    Column("currency", "currency", is_core=True),
    Column("starts", "from", is_core=True),
    Column("ends", "until"),
    Column("asset_id", "asset_id"),
    Column("id", "id"),
    Column("name", "name"),
    Column("supplier", "supplier"),
    Column("account", "account"),
    Column("region", "region"),
    Column("invoice_id", "invoice_id"),
    Column("paid_on", "paid_on"),
    Column("spread", "spread"),
    Column("note", "note"),
)
OWN: dict[str, tuple[Column, ...]] = {
    "hardware": (
        Column("instance_type", "instance_type"),
        _number("units"),
        _number("purchase_price"),
        _number("residual_share"),
        _number("life_years"),
        Column("depreciation", "depreciation"),
        _number("rate"),
        _number("availability"),
        _number("lease_rate"),
        Column("lease_per", "lease_per"),
        _number("power_kw"),
        _number("load"),
        _number("hours_per_day"),
        _number("pue"),
        _number("tariff_per_kwh"),
        _number("maintenance_per_month"),
        _number("push_gb_per_month"),
        _number("price_per_gb"),
    ),
    "electricity": (
        _number("kwh"),
        _number("price_per_kwh"),
        _number("pue"),
        _number("amount"),
    ),
    "labour": (
        _number("fte"),
        _number("monthly_rate"),
        _number("share"),
        _number("hours"),
        _number("hourly_rate"),
    ),
    "software": (
        _number("quantity"),
        Column("unit", "unit"),
        _number("price"),
        Column("per", "per"),
    ),
    "data": (_number("price"), Column("per", "per")),
}
"""What each kind of file has beside the columns that all have."""
COLUMNS: tuple[Column, ...] = (
    *COMMON,
    *{column.name: column for columns in OWN.values() for column in columns}.values(),
)
HEADERS = {column.name: column.header for column in COLUMNS}
KINDS = tuple(OWN)
_KIND = re.compile(r"(hardware|electricity|labour|software|data)(?![a-z])[^/]*$")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,2})?")
_DAY = re.compile(r"((?:19|20|21)\d\d)-(\d\d)-(\d\d)([T ]00:00:00(\.0+)?Z?)?")
_CURRENCY = re.compile(r"[A-Z]{3}")
PERIODS = ("hour", "day", "month", "year")


def kind_of(file: str) -> str | None:
    """Which of the five files this is, by its name: `hardware.csv`, `labour-2026.csv.gz`."""
    match = _KIND.match(file.lower().rsplit("/", 1)[-1])
    return match[1] if match else None


def tag_key(header: str) -> str | None:
    """`tag:model` carries the tag `model`."""
    if not header.lower().startswith(TAG_PREFIX):
        return None
    return header[len(TAG_PREFIX) :].strip()


def unknown_columns(file: str, headers: Iterable[str]) -> list[str]:
    """What is wrong with a header: a mistyped column would silently change what is charged."""
    kind = kind_of(file)
    known = [c.header for c in (*COMMON, *OWN.get(kind or "", ()))]
    plain = {plain_name(name) for name in known}
    return [
        f"has a column {name!r} that {kind}.csv does not know; {nearest(name, known)}"
        for name in headers
        if tag_key(name) is None and plain_name(name) not in plain
    ]


@dataclass(frozen=True)
class Problem:
    """A field of a row that cannot be used."""

    file: str
    line: int
    column: str
    value: str | None
    reason: str


@dataclass
class Row:
    """One row as it was written, with typed access; what cannot be read is noted in `problems`."""

    kind: str
    file: str
    line: int
    line_number: int
    texts: Mapping[str, str | None]
    tags: str = "{}"
    problems: list[Problem] = field(default_factory=list)

    def note(self, column: str, reason: str) -> None:
        """A field of this row is at fault."""
        header = HEADERS[column]
        self.problems.append(Problem(self.file, self.line, header, self.texts[column], reason))

    def has(self, column: str) -> bool:
        """Whether the field says anything."""
        return self.texts[column] is not None

    def text(self, column: str) -> str:
        """The field, '' where it says nothing."""
        return self.texts[column] or ""

    def number(
        self,
        column: str,
        default: Fraction | None = None,
        *,
        least: int | None = 0,
        most: int | None = None,
        is_open: bool = False,
    ) -> Fraction:
        """The exact number of a field; `is_open`: `least` itself is too little.

        Where it is missing without a default, or cannot be used, that is noted and 1 stands in.
        """
        text = self.texts[column]
        if text is None:
            if default is None:
                self.note(column, "is empty")
            return Fraction(1) if default is None else default
        if not _NUMBER.fullmatch(text.strip()):
            self.note(column, "is not a number (write 1234.56, without thousands separators)")
            return Fraction(1)
        value = Fraction(Decimal(text.strip()))
        if least is not None and (value < least or (is_open and value == least)):
            self.note(column, f"must be above {least}" if is_open else f"is below {least}")
            return Fraction(1)
        if most is not None and value > most:
            self.note(column, f"is above {most}: a share, 0.25 for a quarter")
            return Fraction(1)
        return value

    def word(self, column: str, words: Iterable[str], default: str | None = None) -> str:
        """One of a few words."""
        allowed = list(words)
        text = self.texts[column]
        if text is None and default is not None:
            return default
        if text is None or text.strip().lower() not in allowed:
            self.note(column, f"is not one of {', '.join(allowed)}" if text else "is empty")
            return default or allowed[0]
        return text.strip().lower()

    def day(self, column: str) -> date | None:
        """A calendar day; None where the field is empty, and where it is none, which is noted."""
        text = self.texts[column]
        if text is None:
            return None
        match = _DAY.fullmatch(text.strip())
        if match:
            try:
                return date(int(match[1]), int(match[2]), int(match[3]))
            except ValueError:
                pass
        self.note(column, "is not a day (write 2026-09-01)")
        return None

    def must_not_have(self, columns: Iterable[str], reason: str) -> None:
        """Fields that contradict what the row says elsewhere."""
        for column in columns:
            if self.has(column):
                self.note(column, reason)

    @property
    def starts(self) -> date:
        """The first day covered."""
        day = self.day("starts")
        if day is None and not self.has("starts"):
            self.note("starts", "is empty")
        return day or date.min

    def ends(self, *, must: str = "") -> date | None:
        """The first day no longer covered; None: it goes on. `must` says why it may not."""
        day = self.day("ends")
        if must and not self.has("ends"):
            self.note("ends", f"is empty: {must}")
        starts = self.day("starts")
        if day is not None and starts is not None and day <= starts:
            self.note("ends", "is not after 'from' (it is the first day no longer covered)")
            return None
        return day

    def check_common(self) -> None:
        """Fields that every kind of row has."""
        if not _CURRENCY.fullmatch(self.text("currency")):
            self.note("currency", "is not a currency code" if self.has("currency") else "is empty")
        self.word("spread", ("day", "month"), "day")
        own = "asset_id" if self.kind == "hardware" else "id"
        if not self.has(own):
            self.note(own, "is empty")
        if self.kind == "hardware":
            self.must_not_have(("id",), "does not belong here: a machine's id is its asset_id")
