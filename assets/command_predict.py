"""`modelspend predict`: what plan, formula and calibration predict for a month."""

from typing import Annotated

import typer

from assets.command_compare import Kind, Volume
from assets.command_options import AsCsv, AsJson, Month, SettingsFile


def predict(
    month: Month,
    model: Annotated[
        str | None,
        typer.Option("--model", help="Only this model, and term by term.", show_default=False),
    ] = None,
    kind: Annotated[
        Kind | None,
        typer.Option("--kind", help="Only this kind of prediction.", show_default="all"),
    ] = None,
    volume: Annotated[
        Volume | None,
        typer.Option(
            "--volume",
            help="ex_ante: the volume was forecast too. ex_post: the measured one was fed in.",
            show_default="both",
        ),
    ] = None,
    now: Annotated[
        bool,
        typer.Option(
            "--now", help="By the catalogue as it is now, also for a month that is published."
        ),
    ] = False,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
    table: Annotated[
        str,
        typer.Option(
            "--table", help="Which table --csv writes: predictions, not_predicted or terms."
        ),
    ] = "predictions",
    settings: SettingsFile = None,
) -> None:
    """Show what is predicted for a month: by plan, by formula, and calibrated.

    A published month shows what was predicted when it was published. A month that is not, or
    --now, is predicted by the catalogue, the price books and the calibration of today. A term that
    lacks a price, a date or an input has no cost: its reason is listed.

    \b
    Examples:
      modelspend predict --month 2026-12
      modelspend predict --month 2026-09 --model search-rank
      modelspend predict --month 2026-09 --kind calibrated --volume ex_post
      modelspend predict --month 2026-09 --csv --table terms > terms.csv
    """  # noqa: D301 -- \b keeps the lines of the examples apart
    from assets.calibration.history import read_sets
    from assets.command_output import (
        as_document,
        console,
        write_csv,
        write_json,
        write_note,
        write_sheet,
    )
    from assets.command_reading import Reading
    from assets.forecast import predicted_now
    from pipelines.review.predict import SHEETS, nothing_predicted, predict_sheets

    if table not in SHEETS:
        message = f"there is no table {table!r} here; there are: {', '.join(SHEETS)}"
        raise typer.BadParameter(message)
    reading = Reading.of(settings)
    is_published = bool(reading.publications(month)) and not now
    predicted = (
        reading.table(month, "core_prediction__spend")
        if is_published
        else predicted_now(reading.project, month)
    )
    sets = read_sets(reading.project)
    for problem in () if is_published else sets.said:
        typer.echo(problem, err=True)
    known = sorted({name for name in predicted["model"].to_list() if name})
    if model is not None and model not in known:
        message = f"nothing is predicted of {model!r} for {month}; of {', '.join(known) or 'none'}"
        raise typer.BadParameter(message)
    sheets = predict_sheets(
        predicted,
        month,
        model=model,
        kind=kind.value if kind else None,
        volume=volume.value if volume else None,
        wholes={one.id: one.total_half_width for one in sets.sets},
    )
    basis = (
        "As it was predicted when the month was published."
        if is_published
        else "By the catalogue, price books and calibration of today; nothing is measured."
    )
    if as_json:
        empty: dict[str, list[object]] = {name: [] for name in SHEETS}
        head = {"billing_month": month, "is_published": is_published}
        write_json({**head, **empty, **as_document(sheets), "notes": [basis]})
    elif as_csv:
        write_csv([sheet for sheet in sheets if sheet.name == table])
    else:
        out = console()
        for sheet in sheets:
            write_sheet(out, sheet)
        if not sheets:
            out.print(nothing_predicted(predicted, month, kind and kind.value))
        write_note(out, basis)
