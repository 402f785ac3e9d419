"""The options and checks that several commands share, and the exit codes all of them keep."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from pipelines.months import parse_month

EXIT_CODES = """\b
Exit codes:
  0    done, also when nothing had changed
  1    a fault of modelspend itself
  2    wrong usage
  3    bad input: settings, catalogue, bill or log
  4    the month does not add up to the bill and was not published
  5    another run published the month first
  6    the month is not published
  7    the lake, an object store or a registry cannot be reached
  8    published, but a source is missing
  9    the month is provisional and was not closed
  130  interrupted"""

MISSING_SOURCE = 8
"""The month was published, and a source of it could not be read."""


class Basis(StrEnum):
    """Which of the four costs of a bill line."""

    billed = "billed"
    effective = "effective"
    contracted = "contracted"
    list = "list"


class View(StrEnum):
    """What the rows of a spend table are."""

    model = "model"
    owner = "owner"
    day = "day"
    source = "source"
    commitment = "commitment"
    use_case = "use-case"
    tenant = "tenant"


class Calendar(StrEnum):
    """By which month spend is read."""

    billing = "billing"
    charge = "charge"


def month_text(text: str | None) -> str | None:
    """A billing month as it was given, if it is one."""
    if text is not None:
        try:
            parse_month(text)
        except ValueError as error:
            raise typer.BadParameter(str(error)) from error
    return text


def day_text(text: str | None) -> str | None:
    """A day of the calendar, `YYYY-MM-DD`."""
    from datetime import date

    if text is not None:
        try:
            date.fromisoformat(text)
        except ValueError as error:
            message = f"{text!r} is not a day: write it as YYYY-MM-DD, for example 2026-09-03"
            raise typer.BadParameter(message) from error
    return text


SettingsFile = Annotated[
    Path | None,
    typer.Option(
        "--settings",
        "-s",
        help="The settings file; else MODELSPEND_SETTINGS, else modelspend.toml here.",
        show_default=False,
        metavar="FILE",
    ),
]
Month = Annotated[
    str,
    typer.Option("--month", "-m", help="Billing month.", metavar="YYYY-MM", callback=month_text),
]
AsJson = Annotated[
    bool, typer.Option("--json", help="JSON on stdout, amounts with all digits as text.")
]
AsCsv = Annotated[bool, typer.Option("--csv", help="CSV on stdout, amounts with all digits.")]
WhichBasis = Annotated[Basis, typer.Option("--basis", help="Which cost to show.")]
