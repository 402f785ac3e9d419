"""`modelspend lifetime`: what model versions have cost since their first run."""

from typing import Annotated

import typer

from assets.command_options import AsCsv, AsJson, SettingsFile


def lifetime(
    model: Annotated[
        str | None,
        typer.Option("--model", help="Only this model, and month by month.", show_default=False),
    ] = None,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
    table: Annotated[
        str,
        typer.Option(
            "--table", help="Which table --csv writes: lifetime, lifetime_plans, lifetime_months."
        ),
    ] = "lifetime",
    settings: SettingsFile = None,
) -> None:
    """Show what each version has cost since its first run, and what making it cost per request.

    Read from every published month, by charge month; effective cost. Beside it what was planned
    over its life, for what could be compared. Analysis: never added to a month.

    \b
    Examples:
      modelspend lifetime
      modelspend lifetime --model search-rank
      modelspend lifetime --csv --table lifetime_months > lives.csv
    """  # noqa: D301 -- \b keeps the lines of the examples apart
    from assets.command_output import (
        as_document,
        console,
        write_csv,
        write_json,
        write_note,
        write_sheet,
    )
    from assets.command_reading import Reading
    from pipelines.review.lifetime import lifetime_sheets, unpublished_sentence
    from pipelines.spend.lifetime import lives

    names = ("lifetime", "lifetime_plans", "lifetime_months")
    if table not in names:
        message = f"there is no table {table!r} here; there are: {', '.join(names)}"
        raise typer.BadParameter(message)
    months = Reading.of(settings).lived()
    found = lives(months, model)
    if model is not None and not found:
        known = sorted({life.model for life in lives(months)})
        message = f"no published month has model {model!r}; there are: {', '.join(known) or 'none'}"
        raise typer.BadParameter(message)
    by_month = model is not None or as_json or as_csv
    sheets = lifetime_sheets(found, by_month=by_month)
    missing = unpublished_sentence([month.month for month in months])
    if as_json:
        empty: dict[str, list[object]] = {name: [] for name in names}
        notes = [missing] if missing else []
        write_json({**empty, **as_document(sheets), "notes": notes})
    elif as_csv:
        write_csv([sheet for sheet in sheets if sheet.name == table])
    else:
        out = console()
        for sheet in sheets:
            write_sheet(out, sheet)
        if not sheets:
            out.print("No month with a model's cost is published yet: modelspend run --month ...")
        if missing:
            write_note(out, missing)
