"""`modelspend units` and `modelspend usage`: what a unit cost, and bill beside log."""

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from assets.command_options import AsCsv, AsJson, Month, SettingsFile

if TYPE_CHECKING:
    from pipelines.review.sheets import Sheet


class UnitsBy(StrEnum):
    """How finely unit costs are told."""

    version = "version"
    use_case = "use-case"
    tenant = "tenant"
    all = "all"


OnlyModel = Annotated[str | None, typer.Option("--model", help="Only this model of the catalogue.")]


def units(
    month: Month,
    model: OnlyModel = None,
    by: Annotated[UnitsBy, typer.Option("--by", help="What the rows are told by.")] = (
        UnitsBy.version
    ),
    as_json: AsJson = False,
    as_csv: AsCsv = False,
    table: Annotated[
        str,
        typer.Option("--table", help="Which table --csv writes: units or business_units."),
    ] = "units",
    settings: SettingsFile = None,
) -> None:
    """Show what one unit cost: requests, tokens, GPU-hours, runs, and your own business units.

    Per 1,000 requests, per million input (uncached), cached and output tokens, per image, GPU-hour
    and instance-hour, per training run; per order or whatever `[[business_units]]` counts. The cost
    is effective cost. A managed API's tokens cost what the bill's lines of that class cost; on own
    machines a token costs its share of the version's work, by the token weights. Split over use
    cases and tenants by the version's own measured use.

    \b
    Examples:
      modelspend units --month 2026-09
      modelspend units --month 2026-09 --model search-rank --by tenant
      modelspend units --month 2026-09 --by all --csv > units.csv
      modelspend units --month 2026-09 --csv --table business_units
    """  # noqa: D301 -- \b keeps the lines of the examples apart
    from assets.command_reading import Reading
    from pipelines.review.units import unit_sheets

    reading = Reading.of(settings)
    frame = reading.table(month, "out_spend__unit_costs")
    if model is not None:
        _require_model(model, frame["model"].to_list(), month)
    sheets = unit_sheets(frame, by.value, model)
    _write(month, sheets, ("units", "business_units"), table, as_json=as_json, as_csv=as_csv)


def usage(
    month: Month,
    model: OnlyModel = None,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
    table: Annotated[
        str,
        typer.Option(
            "--table",
            help="Which table --csv writes: billed_vs_logged, days, differences, utilisation.",
        ),
    ] = "billed_vs_logged",
    settings: SettingsFile = None,
) -> None:
    """Show billed units beside logged ones, and how well machines were used.

    Missing hours (billed, and the log has nothing), doubled logs (twice what is billed), unlogged
    traffic (more is billed than logged) and unbilled use come first. Then every model and class of
    tokens, requests, hours and gigabytes, and the machines with their busy and idle time. How far
    both may lie apart is `tolerance` below `[usage]` in the settings.

    \b
    Examples:
      modelspend usage --month 2026-09
      modelspend usage --month 2026-09 --model support-chat --json
      modelspend usage --month 2026-09 --csv --table days > usage.csv
    """  # noqa: D301 -- \b keeps the lines of the examples apart
    from assets.command_reading import Reading
    from pipelines.review.usage import usage_sheets

    reading = Reading.of(settings)
    compared = reading.table(month, "out_usage__billed_vs_logged")
    used = reading.table(month, "out_spend__utilisation")
    if model is not None:
        _require_model(model, [*compared["model"], *used["model"]], month)
    tolerance = reading.project.settings.usage.tolerance
    sheets = usage_sheets(compared, used, tolerance, model)
    names = ("differences", "billed_vs_logged", "days", "utilisation")
    _write(month, sheets, names, table, as_json=as_json, as_csv=as_csv)


def _require_model(model: str, known: list[str], month: str) -> None:
    names = sorted({name for name in known if name})
    if model not in names:
        message = f"{month} has no model {model!r}; it has {', '.join(names) or 'none'}"
        raise typer.BadParameter(message)


def _write(
    month: str,
    sheets: "tuple[Sheet, ...]",
    names: tuple[str, ...],
    table: str,
    *,
    as_json: bool,
    as_csv: bool,
) -> None:
    from assets.command_output import as_document, console, write_csv, write_json, write_sheet

    if table not in names:
        message = f"there is no table {table!r} here; there are: {', '.join(names)}"
        raise typer.BadParameter(message)
    if as_json:
        empty: dict[str, list[object]] = {name: [] for name in names}
        write_json({"billing_month": month, **empty, **as_document(sheets)})
    elif as_csv:
        write_csv([sheet for sheet in sheets if sheet.name == table])
    else:
        out = console()
        for sheet in sheets:
            write_sheet(out, sheet)
        if not sheets:
            out.print(f"{month} has no such figures: run the month again to have them.")
