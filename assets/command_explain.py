"""`modelspend explain`: walk a figure down to its bill lines, or a charge up to its parts."""

from typing import Annotated

import typer

from assets.command_options import AsJson, Basis, Month, SettingsFile, WhichBasis, day_text


def explain(
    month: Month,
    model: Annotated[
        str | None, typer.Option("--model", help="A model of the catalogue.", show_default=False)
    ] = None,
    version: Annotated[
        str | None,
        typer.Option("--version", help="Its version, also '(all versions)'.", show_default=False),
    ] = None,
    component: Annotated[
        str | None,
        typer.Option("--component", help="training, inference, storage or update."),
    ] = None,
    bucket: Annotated[
        str | None,
        typer.Option(
            "--bucket",
            help="model_version, model, shared_pool, idle, commitment, overhead, unattributed or "
            "not_ai.",
        ),
    ] = None,
    owner: Annotated[
        str | None, typer.Option("--owner", help="Who bears it.", show_default=False)
    ] = None,
    source: Annotated[
        str | None, typer.Option("--source", help="A bill source.", show_default=False)
    ] = None,
    currency: Annotated[
        str | None, typer.Option("--currency", help="Of the bill.", show_default=False)
    ] = None,
    day: Annotated[
        str | None,
        typer.Option(
            "--day", help="Charges that begin on a day.", metavar="YYYY-MM-DD", callback=day_text
        ),
    ] = None,
    charge: Annotated[
        str | None,
        typer.Option("--charge", help="A charge id: where did its parts go?", show_default=False),
    ] = None,
    basis: WhichBasis = Basis.effective,
    top: Annotated[int, typer.Option("--top", help="Rows per table.", min=1)] = 10,
    as_json: AsJson = False,
    settings: SettingsFile = None,
) -> None:
    """Walk one figure of a review down: rules, resources, bill lines, log hours, formula inputs.

    Without a narrowing option the whole month is walked.

    \b
    Examples:
      modelspend explain --month 2026-09 --model search-rank --version 8 --component inference
      modelspend explain --month 2026-09 --bucket idle --top 20
      modelspend explain --month 2026-09 --charge CHARGE_ID
    """  # noqa: D301 -- \b keeps the lines of the examples apart
    from pipelines.contracts import BUCKETS, COMPONENTS

    for name, value, known in (
        ("--component", component, COMPONENTS),
        ("--bucket", bucket, BUCKETS),
    ):
        if value is not None and value not in known:
            message = f"{name} {value!r} is none of {', '.join(known)}"
            raise typer.BadParameter(message)
    if version is not None and model is None:
        message = "--version needs --model"
        raise typer.BadParameter(message)

    from assets.command_output import as_document, console, write_json, write_sheet
    from assets.command_reading import Reading
    from pipelines.review.figure import Figure

    reading = Reading.of(settings)
    if charge is not None:
        what = f"charge {charge}"
        sheets = reading.explain_charge(month, charge)
    else:
        figure = Figure(
            month=month,
            basis=basis.value,
            model=model,
            version=version,
            component=component,
            bucket=bucket,
            owner=owner,
            source=source,
            currency=currency,
            day=day,
        )
        what = figure.words()
        sheets = reading.explain(figure, top)
    if not sheets:
        message = f"nothing of the published month {month} is: {what}"
        raise typer.BadParameter(message)
    if as_json:
        write_json({"billing_month": month, **as_document(sheets)})
        return
    out = console()
    for sheet in sheets:
        write_sheet(out, sheet)
