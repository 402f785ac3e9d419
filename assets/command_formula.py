"""`modelspend formula`: the formula library, one formula, what it comes to, the articles' cases."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from assets.command_options import AsCsv, AsJson

if TYPE_CHECKING:
    from pipelines.formulas.answers import Answer
    from pipelines.review.sheets import Sheet


def formula(
    words: Annotated[
        list[str] | None,
        typer.Argument(
            help="A formula's name, and its inputs as SYMBOL=VALUE.",
            metavar="[NAME] [SYMBOL=VALUE]...",
            show_default=False,
        ),
    ] = None,
    inputs: Annotated[
        Path | None,
        typer.Option(
            "--inputs",
            "-i",
            help="A CSV with a column per symbol: one result per row.",
            metavar="FILE",
            show_default=False,
        ),
    ] = None,
    commitments: Annotated[
        Path | None,
        typer.Option(
            "--commitments",
            help="A CSV of savings plans and reservations, applied to the usage of --inputs.",
            metavar="FILE",
            show_default=False,
        ),
    ] = None,
    articles: Annotated[
        bool, typer.Option("--articles", help="The source articles' examples, worked out.")
    ] = False,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
) -> None:
    """List the formulas, show one, or work one out.

    Without a name it lists them; with a name it shows the symbols with their units and ranges, and
    where the formula comes from; with inputs it computes. A value is a number in the symbol's unit,
    or text with a unit (`15.6T tokens`, `352.49 GB`): 1 GiB is 1.073741824 GB, and what has another
    dimension is refused. `chip=H100 precision=bf16` stands for an accelerator's dense peak and
    memory, `month=2026-03` for the hours of that month. Suspicious inputs are computed and named.

    With --inputs a row that cannot be computed gets its reason, the others their results, and the
    exit code is 3. Columns that are no symbols (a model, a version) are carried along.

    With --commitments the usage of --inputs (hour,what,units,on_demand_price[,account,eligible]) is
    covered hour by hour as AWS does it, by commitments
    (id,kind,commitment,what,rate[,account,shared,units]; kind: compute, instance, reservation), and
    every hour of `month=` is charged. --csv writes the hours.

    With --articles the table shows what the source articles print, what their expressions give and
    what is right; p=2 s=0.023 e=0.09 price it.

    \b
    Examples:
      modelspend formula
      modelspend formula effective_mfu
      modelspend formula storage_cost gb_months=52900 block_1=51200 price_1=0.023 \\
        block_2=460800 price_2=0.022 price_3=0.021
      modelspend formula gb_months held="39357600 GiB-h" month=2026-03
      modelspend formula effective_price discount=0.3 --inputs prices.csv --csv
      modelspend formula --commitments plans.csv --inputs usage.csv month=2026-09
      modelspend formula --articles p=2 s=0.023 e=0.09
    """  # noqa: D301 -- \b keeps the lines of the examples apart
    name, given = _parted(words or [])
    if commitments:
        _apply_commitments(name, given, inputs, commitments, as_json=as_json, as_csv=as_csv)
    elif articles:
        if name or inputs:
            message = "--articles goes with prices only: p=2 s=0.023 e=0.09"
            raise typer.BadParameter(message)
        _show_articles(given, as_json=as_json, as_csv=as_csv)
    elif not name:
        if given or inputs:
            message = "say which formula first: modelspend formula NAME SYMBOL=VALUE"
            raise typer.BadParameter(message)
        _show_library(as_json=as_json, as_csv=as_csv)
    elif not given and inputs is None:
        _show_formula(name, as_json=as_json, as_csv=as_csv)
    elif inputs is None:
        _work_out(name, given, as_json=as_json, as_csv=as_csv)
    else:
        _work_out_rows(name, given, inputs, as_json=as_json, as_csv=as_csv)


def _parted(words: list[str]) -> tuple[str, dict[str, str]]:
    """The name, and the inputs by symbol."""
    name = words[0] if words and "=" not in words[0] else ""
    given: dict[str, str] = {}
    for word in words[1:] if name else words:
        symbol, sign, value = word.partition("=")
        if not sign or not symbol or not value:
            message = f"{word!r} is no input: write SYMBOL=VALUE, for example chips=512"
            raise typer.BadParameter(message)
        if symbol in given:
            message = f"{symbol} is given twice"
            raise typer.BadParameter(message)
        given[symbol] = value
    return name, given


def _show_library(*, as_json: bool, as_csv: bool) -> None:
    from pipelines.formulas.library import FORMULAS
    from pipelines.review.formulas import library_sheets

    sheets = library_sheets(tuple(FORMULAS.values()))
    _write(sheets, "formulas", as_json=as_json, as_csv=as_csv)


def _show_formula(name: str, *, as_json: bool, as_csv: bool) -> None:
    from pipelines.formulas.library import formula_named
    from pipelines.review.formulas import formula_sheets

    _write(formula_sheets(formula_named(name)), "symbols", as_json=as_json, as_csv=as_csv)


def _work_out(name: str, given: dict[str, str], *, as_json: bool, as_csv: bool) -> None:
    from pipelines.formulas.answers import answer_one
    from pipelines.formulas.library import formula_named
    from pipelines.review.formulas import answer_sheets, inputs_sheet

    found = formula_named(name)
    answer = answer_one(found, given)
    machine = answer_sheets(found, [answer], ())[0]
    _write((machine, inputs_sheet(found, answer)), "results", as_json=as_json, as_csv=as_csv)


def _work_out_rows(
    name: str, given: dict[str, str], file: Path, *, as_json: bool, as_csv: bool
) -> None:
    from pipelines.errors import BadInput
    from pipelines.formulas.answers import answer_all, rows_of
    from pipelines.formulas.library import formula_named
    from pipelines.review.formulas import answer_sheets

    found = formula_named(name)
    rows, labels = rows_of(found, _text(file), str(file), given)
    answers = answer_all(found, rows)
    sheets = answer_sheets(found, answers, labels)
    _write(sheets, "results", as_json=as_json, as_csv=as_csv)
    if as_json or as_csv:
        _say_what_is_missing(answers)
    if any(answer.value is None for answer in answers):
        raise typer.Exit(BadInput.exit_code)


def _apply_commitments(
    name: str,
    given: dict[str, str],
    inputs: Path | None,
    commitments: Path,
    *,
    as_json: bool,
    as_csv: bool,
) -> None:
    from assets.command_options import month_text
    from pipelines.formulas.commitment_tables import NAME, commitments_of, usage_of
    from pipelines.formulas.savings_plans import apply
    from pipelines.review.savings_plans import savings_plan_sheets

    if name not in {"", NAME} or inputs is None or given.keys() - {"month"}:
        message = "--commitments goes with --inputs USAGE.csv and, if wanted, month=2026-09"
        raise typer.BadParameter(message)
    month = month_text(given.get("month"))
    plans, reservations = commitments_of(_text(commitments), str(commitments))
    usage, hours = usage_of(_text(inputs), str(inputs), month)
    found = apply(usage, plans, reservations, hours)
    sheets = savings_plan_sheets(found, plans, reservations)
    _write(sheets, "hours", as_json=as_json, as_csv=as_csv)


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8-sig")
    except OSError as error:
        message = f"{file} cannot be read: {error.strerror}"
        raise typer.BadParameter(message) from error
    except UnicodeDecodeError as error:
        message = f"{file} cannot be read: it is not UTF-8"
        raise typer.BadParameter(message) from error


def _say_what_is_missing(answers: "list[Answer]") -> None:
    missing = [row for row, answer in enumerate(answers, start=1) if answer.value is None]
    if missing:
        rows = ", ".join(map(str, missing[:10])) + (" ..." if len(missing) > 10 else "")
        typer.echo(f"{len(missing)} of {len(answers)} rows were not computed: {rows}", err=True)


def _show_articles(given: dict[str, str], *, as_json: bool, as_csv: bool) -> None:
    from pipelines.formulas.articles import PRICES, recomputed
    from pipelines.formulas.units import in_unit
    from pipelines.review.articles import article_sheets

    prices = {}
    for sign, value in given.items():
        if sign not in PRICES:
            message = f"{sign} is no price of the articles' quantities: {', '.join(PRICES)}"
            raise typer.BadParameter(message)
        try:
            prices[sign] = in_unit(value, "")
        except ValueError as error:
            message = f"{sign}: {error}"
            raise typer.BadParameter(message) from error
    _write(article_sheets(recomputed(), prices), "articles", as_json=as_json, as_csv=as_csv)


def _write(sheets: "tuple[Sheet, ...]", table: str, *, as_json: bool, as_csv: bool) -> None:
    from assets.command_output import as_document, console, write_csv, write_json, write_sheet

    if as_json:
        write_json(as_document(sheets))
    elif as_csv:
        machine = [sheet for sheet in sheets if sheet.audience != "people"]
        write_csv([sheet for sheet in machine if sheet.name == table])
    else:
        out = console()
        for sheet in sheets:
            write_sheet(out, sheet)
