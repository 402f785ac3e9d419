"""`modelspend calibrate`: learn coefficients of closed months, accept them, watch them drift."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from assets.command_options import AsCsv, AsJson, SettingsFile, month_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from assets.calibration.calibrating import Made
    from pipelines.review.sheets import Sheet


def calibrate(
    origin: Annotated[
        str | None,
        typer.Option(
            "--origin",
            help="Learn of what was known at the first instant of this month.",
            show_default="now",
            metavar="YYYY-MM",
            callback=month_text,
        ),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Write no calibration.")] = False,
    accept: Annotated[
        str | None,
        typer.Option(
            "--accept",
            help="Accept by hand what the gate withheld; the beginning of the id is enough.",
            metavar="ID",
        ),
    ] = None,
    list_them: Annotated[bool, typer.Option("--list", help="List the calibrations.")] = False,
    drift: Annotated[
        bool, typer.Option("--drift", help="Watch the daily figures of --month for drift.")
    ] = False,
    month: Annotated[
        str | None,
        typer.Option("--month", "-m", help="For --drift.", metavar="YYYY-MM", callback=month_text),
    ] = None,
    runs: Annotated[
        Path | None,
        typer.Option(
            "--runs",
            help="A CSV of training runs: how well are their chip-hours told by FLOP?",
            metavar="FILE",
        ),
    ] = None,
    totals: Annotated[
        Path | None,
        typer.Option(
            "--totals",
            help="A CSV of months whose total cannot be split: a coefficient per term.",
            metavar="FILE",
        ),
    ] = None,
    model: Annotated[
        str | None, typer.Option("--model", help="Only this model of the catalogue.")
    ] = None,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
    table: Annotated[
        str | None,
        typer.Option("--table", help="Which table --csv writes.", show_default="the first"),
    ] = None,
    settings: SettingsFile = None,
) -> None:
    """Learn what formulas leave out: of closed months, actual by predicted quantity.

    Only months that were final by the origin are learnt of, in the state they then had. Every month
    is predicted again from what was known before it, and scored against the formula alone, last
    month, the month a year ago and the trend; a component that loses keeps its coefficients
    withheld. What is accepted predicts the months that begin after the origin (kind `calibrated`).

    --runs needs no project: each training run of a file is predicted from the others. Its columns
    are those of Epoch's data, or run, chip, chip_hours, flop (or active_parameters and tokens),
    date. --totals needs none either: columns month, total, and one for each term of the formula;
    terms that move together are refused by name.

    \b
    Examples:
      modelspend calibrate --dry-run
      modelspend calibrate --origin 2026-09
      modelspend calibrate --accept 20260901T000000Z
      modelspend calibrate --drift --month 2026-09
      modelspend calibrate --runs training_runs.csv --csv --table rejected
      modelspend calibrate --totals months.csv
    """  # noqa: D301 -- \b keeps the lines of the examples apart
    asked = {
        "--accept": accept is not None,
        "--list": list_them,
        "--drift": drift,
        "--runs": runs is not None,
        "--totals": totals is not None,
    }
    chosen = [name for name, is_asked in asked.items() if is_asked]
    if len(chosen) > 1 or (chosen and origin is not None):
        message = f"{' and '.join([*chosen, *(['--origin'] if origin else [])])} do not go together"
        raise typer.BadParameter(message)
    if drift != (month is not None):
        message = "--drift and --month go together"
        raise typer.BadParameter(message)
    how = _Output(as_json, as_csv, table)
    if runs is not None:
        _population(runs, how)
    elif totals is not None:
        _totals(totals, how)
    elif list_them:
        _listed(settings, how)
    elif month is not None:
        _drift(settings, month, model, how)
    else:
        made = _made(settings, origin, accept, dry_run=dry_run)
        _say(made, model, how, dry_run=dry_run)


@dataclass(frozen=True)
class _Output:
    """How the answer is wanted."""

    as_json: bool
    as_csv: bool
    table: str | None

    @property
    def is_for_programs(self) -> bool:
        return self.as_json or self.as_csv


def _made(
    settings: Path | None, origin: str | None, accept: str | None, *, dry_run: bool
) -> "Made":
    from datetime import UTC, datetime

    from assets.calibration.calibrating import accept as accept_set
    from assets.calibration.calibrating import calibrate as learn
    from assets.command_reading import Reading
    from pipelines.months import month_bounds

    now = datetime.now(UTC).replace(tzinfo=None, microsecond=0)
    reading = Reading.of(settings)
    if accept is not None:
        return accept_set(reading.project, accept, now, dry_run=dry_run)
    at: datetime = now if origin is None else month_bounds(origin)[0]
    if at > now:
        message = f"--origin: {origin} has not begun"
        raise typer.BadParameter(message)
    return learn(reading.project, reading.lake, at, now, dry_run=dry_run)


def _say(made: "Made", model: str | None, how: _Output, *, dry_run: bool) -> None:
    from pipelines.review.calibration import calibration_facts, calibration_sheets, use_of

    done = "would be written to" if dry_run else "written to"
    where = f"{done if made.is_new else 'as in'} {made.url}"
    for warning in made.warnings:
        typer.echo(warning, err=True)
    facts = {**calibration_facts(made.calibration), "is_new": made.is_new, "url": made.url}
    sheets = calibration_sheets(made.calibration, model)
    if how.is_for_programs:
        _write(sheets, facts, how)
        return
    from assets.command_output import console, write_note

    out = console()
    one = made.calibration
    used = use_of(one) + ("" if one.is_accepted else ": months do without it")
    out.print(f"Calibration {one.id}: {used}; {where}")
    for said in one.verdict:
        write_note(out, said)
    _print(sheets)


def _listed(settings: Path | None, how: _Output) -> None:
    from assets.calibration.history import read_sets
    from assets.project import Project
    from pipelines.review.calibration import sets_sheet

    known = read_sets(Project.load(settings))
    for warning in known.said:
        typer.echo(warning, err=True)
    sheet = sets_sheet(known.sets)
    if how.is_for_programs:
        _write((sheet,), {}, how)
    elif not sheet.rows:
        typer.echo("No calibration was made yet: `modelspend calibrate` makes one.")
    else:
        _print((sheet,))


def _population(file: Path, how: _Output) -> None:
    from pipelines.calibration.population import population
    from pipelines.review.training_runs import run_sheets

    found = population(_text(file), str(file))
    sheets = run_sheets(found)
    if how.is_for_programs:
        _write(sheets, {"verdict": list(found.verdict)}, how)
        return
    _print(sheets)


def _totals(file: Path, how: _Output) -> None:
    from pipelines.calibration.totals import fit, read_totals
    from pipelines.review.totals import totals_sheet

    terms, billed = read_totals(_text(file), str(file))
    found = fit(terms, billed, str(file))
    if how.is_for_programs:
        _write((totals_sheet(found),), {"months": found.n, "condition": found.condition}, how)
        return
    _print((totals_sheet(found),))


def _text(file: Path) -> str:
    from pipelines.errors import SettingsInvalid

    try:
        return file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsInvalid(str(file), [f"it cannot be read as UTF-8 text: {error}"]) from error


def _drift(settings: Path | None, month: str, model: str | None, how: _Output) -> None:
    from assets.calibration.watching import watch_month
    from assets.command_reading import Reading
    from pipelines.review.drift import drift_sheets

    sheets = drift_sheets(watch_month(Reading.of(settings), month), month, model)
    if how.is_for_programs:
        _write(sheets, {"billing_month": month}, how)
        return
    _print(sheets)


def _write(sheets: "Sequence[Sheet]", facts: dict[str, Any], how: _Output) -> None:
    from assets.command_output import as_document, write_csv, write_json

    names = [sheet.name for sheet in sheets]
    wanted = how.table or names[0]
    if wanted not in names:
        message = f"there is no table {wanted!r} here; there are: {', '.join(names)}"
        raise typer.BadParameter(message)
    if how.as_json:
        write_json({**facts, **as_document(sheets)})
    else:
        write_csv([sheet for sheet in sheets if sheet.name == wanted])


def _print(sheets: "Sequence[Sheet]") -> None:
    from assets.command_output import console, write_sheet

    out = console()
    for number, sheet in enumerate(sheets):
        if sheet.rows or not number:
            write_sheet(out, sheet)
