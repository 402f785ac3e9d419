"""`modelspend months` and `modelspend show`: what is published, and the review of it."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from assets.command_options import (
    AsCsv,
    AsJson,
    Basis,
    SettingsFile,
    View,
    WhichBasis,
    month_text,
)

if TYPE_CHECKING:
    from rich.console import Console

    from assets.command_reading import Reading
    from pipelines.review.sheets import Review


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
        str,
        typer.Option(
            "--table",
            help="Which table --csv writes: spend, reconciliation, prior_period_adjustments, "
            "prediction, not_compared, measured, lines.",
        ),
    ] = "spend",
    changes: Annotated[
        bool,
        typer.Option("--changes", help="What moved between the month's last two publications."),
    ] = False,
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
      modelspend show --month 2026-08 --changes
    """  # noqa: D301 -- \b keeps the lines of the examples apart
    if (month is None) == (first is None) or (first is None) != (last is None):
        message = "give --month, or both --from and --to"
        raise typer.BadParameter(message)
    if first and by is View.day:
        message = "--by day shows one month: give --month"
        raise typer.BadParameter(message)
    if first and changes:
        message = "--changes shows one month: give --month"
        raise typer.BadParameter(message)

    from assets.command_output import as_document, write_csv, write_json
    from assets.command_reading import Reading

    reading = Reading.of(settings)
    if month and changes:
        review, table = reading.changes(month, basis.value), "changes"
    else:
        review = _review(reading, month or first or "", month or last or "", basis, by)
    if as_json:
        names = ("changes",) if changes else ("spend", "prediction", "not_compared")
        always: dict[str, Any] = {name: [] for name in names}
        write_json(
            {**review.facts, **always, **as_document(review.sheets), "notes": review.sentences}
        )
    elif as_csv:
        sheets = [
            sheet for sheet in review.sheets if sheet.name == table and sheet.audience != "people"
        ]
        if not sheets:
            have = ", ".join(dict.fromkeys(s.name for s in review.sheets if s.audience != "people"))
            message = f"there is no table {table!r} here; there are: {have}"
            raise typer.BadParameter(message)
        write_csv(sheets)
    elif changes:
        write_changes(review)
    else:
        write_review(review)


def _review(reading: "Reading", first: str, last: str, basis: Basis, by: View) -> "Review":
    from pipelines.months import months_between
    from pipelines.review.month import month_review, months_review

    if last < first:
        message = f"--to {last} lies before --from {first}"
        raise typer.BadParameter(message)
    if first == last:
        days = reading.table(first, "out_spend__model_days") if by is View.day else None
        return month_review(reading.month(first), basis.value, by.value, days)
    found = [reading.month(month) for month in months_between(first, last)]
    return months_review(found, basis.value, by.value)


def write_review(review: "Review") -> None:
    """A review for people: the head, the sheets, what remainders mean, and the notes."""
    from assets.command_output import console, write_note, write_sheet
    from pipelines.review.month import meanings

    out = console()
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
            out.print(f"{review.facts['billing_month']}  {name:<6}  {at}  {state['status']}")
    for sheet in review.sheets:
        write_sheet(out, sheet)
    for sentence in review.sentences:
        write_note(out, sentence)


def _write_head(out: "Console", facts: dict[str, Any]) -> None:
    reason = f" ({facts['status_reason']})" if facts["status_reason"] else ""
    missing = ", ".join(facts["missing_sources"])
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
