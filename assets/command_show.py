"""`modelspend months` and `modelspend show`: what is published, and the review of it."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from assets.command_options import (
    AsCsv,
    AsJson,
    Basis,
    Calendar,
    SettingsFile,
    View,
    WhichBasis,
    month_text,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.console import Console

    from assets.command_reading import Reading
    from pipelines.review.sheets import Review

_USERS = (View.use_case, View.tenant)
_BILLS_ONLY = (View.commitment, *_USERS)
_ONE_MONTH = (View.day, *_BILLS_ONLY)
"""Views of one month's bill alone."""

SHOWN_LINES = 20
WRITTEN_LINES = 100_000
"""How many bill lines `--changes --lines` lists for people and for programs."""


def months(settings: SettingsFile = None, as_json: AsJson = False, as_csv: AsCsv = False) -> None:
    """List the published months: status, totals, and how often each was published.

    Example: modelspend months
    """
    from assets.command_output import (
        as_document,
        console,
        write_csv,
        write_json,
        write_sheet,
    )
    from assets.command_reading import Reading

    sheet = Reading.of(settings).months_sheet()
    if as_json:
        write_json(as_document([sheet]))
    elif as_csv:
        write_csv([sheet])
    else:
        write_sheet(console(), sheet)


def show(
    month: Annotated[
        str | None,
        typer.Option("--month", "-m", help="One month.", metavar="YYYY-MM", callback=month_text),
    ] = None,
    first: Annotated[
        str | None,
        typer.Option(
            "--from", help="First of several months.", metavar="YYYY-MM", callback=month_text
        ),
    ] = None,
    last: Annotated[
        str | None,
        typer.Option("--to", help="Last of them.", metavar="YYYY-MM", callback=month_text),
    ] = None,
    by: Annotated[View, typer.Option("--by", help="What the rows of the spend are.")] = View.model,
    basis: WhichBasis = Basis.effective,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
    table: Annotated[
        str | None,
        typer.Option(
            "--table",
            help="Which table --csv writes: spend, reconciliation, prior_period_adjustments, "
            "prediction, not_compared, measured, lines.",
            show_default="spend",
        ),
    ] = None,
    calendar: Annotated[
        Calendar,
        typer.Option(
            "--calendar",
            help="billing: what a month's bill holds. charge: what was used in a month, on "
            "whichever bill.",
        ),
    ] = Calendar.billing,
    changes: Annotated[
        bool,
        typer.Option("--changes", help="What moved between the month's last two publications."),
    ] = False,
    lines: Annotated[
        bool, typer.Option("--lines", help="With --changes: bill line by bill line.")
    ] = False,
    against: Annotated[
        str | None,
        typer.Option(
            "--against",
            help="With --changes: compare with this publication (the beginning of its id).",
            metavar="ID",
        ),
    ] = None,
    limit: Annotated[
        int | None,
        typer.Option(
            "--limit",
            help="With --lines: so many lines, the rest is summed.",
            min=0,
            show_default=f"{SHOWN_LINES}; {WRITTEN_LINES} with --json or --csv",
        ),
    ] = None,
    settings: SettingsFile = None,
) -> None:
    """Review a published month, or several side by side.

    What each model version cost, what is left over, that both are the bill's total, what was
    predicted and why it differs, and what the figures rest on.

    \b
    Examples:
      modelspend show --month 2026-09
      modelspend show --from 2026-07 --to 2026-09 --by owner
      modelspend show --month 2026-09 --csv --table prediction > september.csv
      modelspend show --month 2026-09 --by commitment
      modelspend show --month 2026-09 --by tenant
      modelspend show --month 2026-09 --calendar charge
      modelspend show --month 2026-08 --changes
      modelspend show --month 2026-08 --changes --lines --limit 50
    """  # noqa: D301 -- \b keeps the lines of the examples apart
    if (month is None) == (first is None) or (first is None) != (last is None):
        message = "give --month, or both --from and --to"
        raise typer.BadParameter(message)
    _check_options_fit(
        {
            f"--by {by.value}": by in _ONE_MONTH,
            "--changes": changes,
        }
        if first
        else {},
        "shows one month",
    )
    if by in _BILLS_ONLY and (calendar is Calendar.charge or changes):
        message = f"--by {by.value} shows what a month's bill holds: without --calendar, --changes"
        raise typer.BadParameter(message)
    if by in _USERS and basis is not Basis.effective:
        message = f"--by {by.value} is told of effective cost only: without --basis"
        raise typer.BadParameter(message)
    for name, given in (("--lines", lines), ("--against", against is not None)):
        if given and not changes:
            message = f"{name} belongs to --changes"
            raise typer.BadParameter(message)
    if limit is not None and not lines:
        message = "--limit belongs to --changes --lines"
        raise typer.BadParameter(message)
    if changes and calendar is Calendar.charge:
        message = "--changes compares publications, which are of a billing month"
        raise typer.BadParameter(message)

    from assets.command_reading import Reading

    reading = Reading.of(settings)
    always: tuple[str, ...] = ("spend", "prediction", "not_compared")
    write, csv_table = write_review, table or "spend"
    if month and lines:
        most = WRITTEN_LINES if as_json or as_csv else SHOWN_LINES
        review = reading.changed_lines(
            month, basis.value, against, most if limit is None else limit
        )
        always, write = ("changed_lines",), write_changes
        csv_table = table or "changed_lines"
    elif month and changes:
        review = reading.changes(month, basis.value, against)
        always, write, csv_table = ("changes",), write_changes, "changes"
    elif calendar is Calendar.charge:
        review = reading.charge_months(
            _months(month or first or "", month or last or ""), basis.value, by.value
        )
        always = ("bills", "spend")
    else:
        review = _review(reading, month or first or "", month or last or "", basis, by)
    _write(review, always, write, csv_table if as_csv else None, as_json=as_json)


def _check_options_fit(given: dict[str, bool], why: str) -> None:
    for name, is_given in given.items():
        if is_given:
            message = f"{name} {why}: give --month"
            raise typer.BadParameter(message)


def _write(
    review: "Review",
    always: tuple[str, ...],
    write: "Callable[[Review], None]",
    csv_table: str | None,
    *,
    as_json: bool,
) -> None:
    from assets.command_output import as_document, write_csv, write_json

    if as_json:
        empty: dict[str, Any] = {name: [] for name in always}
        write_json(
            {**review.facts, **empty, **as_document(review.sheets), "notes": review.sentences}
        )
    elif csv_table:
        sheets = [s for s in review.sheets if s.name == csv_table and s.audience != "people"]
        if not sheets:
            have = ", ".join(dict.fromkeys(s.name for s in review.sheets if s.audience != "people"))
            message = f"there is no table {csv_table!r} here; there are: {have}"
            raise typer.BadParameter(message)
        write_csv(sheets)
    else:
        write(review)


def _months(first: str, last: str) -> list[str]:
    from pipelines.months import months_between

    if last < first:
        message = f"--to {last} lies before --from {first}"
        raise typer.BadParameter(message)
    return list(months_between(first, last))


def _review(reading: "Reading", first: str, last: str, basis: Basis, by: View) -> "Review":
    from pipelines.review.month import month_review, months_review

    months = _months(first, last)
    if first == last:
        name = {
            View.day: "out_spend__model_days",
            View.commitment: "out_spend__commitments",
            **dict.fromkeys(_USERS, "out_spend__unit_costs"),
        }
        rows = reading.table(first, name[by]) if by in name else None
        return month_review(reading.month(first), basis.value, by.value, rows)
    found = [reading.month(month) for month in months]
    return months_review(found, basis.value, by.value)


def write_review(review: "Review") -> None:
    """A review for people: the head, the sheets, what remainders mean, and the notes."""
    from assets.command_output import console, write_note, write_sheet
    from pipelines.review.month import meanings

    out = console()
    if charged := review.facts.get("charge_months"):
        out.print(f"Charge month {', '.join(charged)}")
    else:
        for facts in review.facts.get("months", [review.facts]):
            _write_head(out, facts)
    for sheet in review.sheets:
        write_sheet(out, sheet)
    notes = [*meanings(review), *review.sentences]
    if notes:
        out.print()
        out.print("Notes")
    for note in notes:
        write_note(out, note)


def write_changes(review: "Review") -> None:
    """What moved, for people: which two publications, and the sheets."""
    from assets.command_output import console, write_note, write_sheet

    out = console()
    for name in ("before", "after"):
        if state := review.facts[name]:
            at = f"{state['published_at']:%Y-%m-%d %H:%M} UTC"
            known = f"{state['status']:<11}  {state['publication_id'][:8]}"
            out.print(f"{review.facts['billing_month']}  {name:<6}  {at}  {known}")
    for sheet in review.sheets:
        write_sheet(out, sheet)
    for sentence in review.sentences:
        write_note(out, sentence)


def _write_head(out: "Console", facts: dict[str, Any]) -> None:
    reason = f" ({facts['status_reason']})" if facts["status_reason"] else ""
    missing = ", ".join(
        f"{each['source']} since {each['missing_since']:%Y-%m-%d %H:%M} UTC"
        for each in facts["missing"]
    )
    out.print(
        f"{facts['billing_month']}  {facts['status']}{reason}"
        + (f", without source {missing}" if missing else "")
    )
    from pipelines.review.adjustments import difference_words

    what = "closed" if facts["status"] == "closed" else "published"
    out.print(f"         {what} {facts['published_at']:%Y-%m-%d %H:%M} UTC")
    for each in facts["restatements"]:
        at = f"{each['restated_at']:%Y-%m-%d %H:%M} UTC"
        out.print(f"         restated beside it {at}: {difference_words(each)}")
