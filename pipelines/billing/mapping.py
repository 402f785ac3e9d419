"""A mapping file: which columns of a bill of any shape are which of FOCUS's.

Belongs here: what a mapping file may say, checked before a bill is opened. `mapped` reads bills by
it. All that can be said:

    [columns]                     # FOCUS's column = the file's
    BilledCost = "amount"
    ChargePeriodStart = "time"
    ResourceId = { concat = ["endpointId", "podId"], with = "/" }
    [constants]                   # what the file does not say because it is always the same
    BillingCurrency = "USD"
    ServiceProviderName = "RunPod"
    ServiceName = "GPU cloud"
    ChargeCategory = "Usage"
    [tags]                        # tag = the file's column
    team = "costCenter"
    [words.ChargeCategory]        # the file's word = FOCUS's
    refund = "Credit"
    [leave_out]                   # lines that are no charge, such as a total at the end
    time = ["Total"]
    [reading]
    billing_month = "time"        # the column whose month is the bill's, if no other says so
    charge_period = "day"         # how long a line is, if no ChargePeriodEnd says so
    dates = "%d.%m.%Y %H:%M"      # as in strptime; "iso" (the default), "unix", "unix_ms"
    timezone = "Europe/Berlin"    # of dates without an offset; UTC by default
    decimal = ","
    thousands = "."
    sign = "negated"              # the file writes what is charged as a negative amount

Nothing is guessed: a number or a date that is not as the mapping says stops the month or is
counted, never read in another way.
"""

import difflib
import re
from collections.abc import Mapping
from typing import Annotated, Final, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, Field, ValidationError, model_validator

from pipelines.billing import focus
from pipelines.billing.currencies import is_currency
from pipelines.errors import SettingsInvalid
from pipelines.settings import Section, parse_toml, problems_of

BY_NAME: Final = {column.header: column for column in focus.COLUMNS}
"""The FOCUS columns a mapping may fill, by their name in FOCUS."""

_NEEDED: Final = (
    "BilledCost",
    "BillingCurrency",
    "ChargeCategory",
    "ChargePeriodStart",
    "ServiceProviderName",
    "ServiceName",
)
_DIRECTIVES: Final = frozenset("aAbBdfHIjmMpSyYz%")


def _focus_names(given: Mapping[str, object]) -> Mapping[str, object]:
    for name in given:
        if name not in BY_NAME:
            near = difflib.get_close_matches(name, BY_NAME, n=1, cutoff=0)
            message = f"{name!r} is no FOCUS column that is read; the nearest is {near[0]!r}"
            raise ValueError(message)
    return given


def _dates(form: str) -> str:
    if form in ("iso", "unix", "unix_ms"):
        return form
    found = re.findall(r"%-?(.)", form)
    unknown = [letter for letter in found if letter not in _DIRECTIVES]
    if unknown or not found:
        message = (
            f"is none of iso, unix, unix_ms and no strptime format that is read "
            f"({', '.join('%' + letter for letter in unknown) or 'it has no %'})"
        )
        raise ValueError(message)
    return form


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        message = "is no time zone of the IANA database, such as Europe/Berlin"
        raise ValueError(message) from error
    return name


DateForm = Annotated[str, AfterValidator(_dates)]


class Concat(Section):
    """Several columns of the file as one text; fields that are empty are passed over."""

    concat: Annotated[list[str], Field(min_length=1)]
    with_: Annotated[str, Field(alias="with")] = ""


class Reading(Section):
    """How the file writes dates and numbers, and what it leaves to be known."""

    billing_month: str | None = None
    charge_period: Literal["hour", "day", "month"] | None = None
    dates: DateForm = "iso"
    dates_of: Annotated[dict[str, DateForm], AfterValidator(_focus_names)] = {}
    """For FOCUS columns whose dates are written in another form than the others'."""
    timezone: Annotated[str, AfterValidator(_zone)] = "UTC"
    decimal: Literal[".", ","] = "."
    thousands: Annotated[str, Field(max_length=1)] = ""
    sign: Literal["as_written", "negated"] = "as_written"

    @model_validator(mode="after")
    def _marks_differ(self) -> "Reading":
        if self.decimal == self.thousands:
            message = "decimal and thousands are the same mark"
            raise ValueError(message)
        return self


class BillMapping(Section):
    """A mapping file."""

    columns: Annotated[dict[str, str | Concat], AfterValidator(_focus_names)] = {}
    constants: Annotated[dict[str, str], AfterValidator(_focus_names)] = {}
    tags: dict[str, str] = {}
    words: Annotated[dict[str, dict[str, str]], AfterValidator(_focus_names)] = {}
    leave_out: dict[str, list[str]] = {}
    focus_columns: bool = False
    """The columns that go by FOCUS's own names are read as they are."""
    reading: Reading = Reading()

    @model_validator(mode="after")
    def _says_enough(self) -> "BillMapping":
        said = {*self.columns, *self.constants}
        problems = [
            f"{name} is both a column and a constant"
            for name in self.columns
            if name in self.constants
        ]
        if not self.focus_columns:
            problems += [
                f"{name} is missing: name it under [columns] or [constants]"
                for name in _NEEDED
                if name not in said
            ]
            if "BillingPeriodStart" not in said and self.reading.billing_month is None:
                problems.append(
                    "the billing month is missing: name BillingPeriodStart, or the column whose "
                    "month it is as reading.billing_month"
                )
            if "ChargePeriodEnd" not in said and self.reading.charge_period is None:
                problems.append(
                    "how long a line is is missing: name ChargePeriodEnd, or say "
                    'reading.charge_period = "hour", "day" or "month"'
                )
        currency = self.constants.get("BillingCurrency")
        if currency is not None and not is_currency(currency):
            problems.append(
                f"constants.BillingCurrency: {currency!r} is no currency of ISO 4217, such as EUR"
            )
        if self.tags and "Tags" in said:
            problems.append("tags are given as [tags] and as the column Tags: one of them")
        problems += [
            f"words.{name}: there is no such column under [columns]"
            for name in self.words
            if name not in self.columns and not self.focus_columns
        ]
        if problems:
            raise ValueError("; ".join(problems))
        return self

    def file_columns(self) -> dict[str, str]:
        """The columns of the file that are named, each with the first key that names it."""
        named: dict[str, str] = {}
        for name, value in self.columns.items():
            for column in [value] if isinstance(value, str) else value.concat:
                named.setdefault(column, f"columns.{name}")
        for tag, column in self.tags.items():
            named.setdefault(column, f"tags.{tag}")
        for column in self.leave_out:
            named.setdefault(column, f"leave_out.{column}")
        if self.reading.billing_month is not None:
            named.setdefault(self.reading.billing_month, "reading.billing_month")
        return named


def parse_mapping(text: str, file: str) -> BillMapping:
    """The mapping in the text of a mapping file.

    Raises:
        SettingsInvalid: names every wrong or unknown key.
    """
    try:
        return BillMapping.model_validate(parse_toml(text, file))
    except ValidationError as error:
        raise SettingsInvalid(file, problems_of(error)) from error
