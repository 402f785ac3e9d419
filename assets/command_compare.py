"""`modelspend compare`: predicted against actual, and the named variances between them."""

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from assets.command_options import AsCsv, AsJson, SettingsFile, month_text

if TYPE_CHECKING:
    from pipelines.review.sheets import Review


class CompareBy(StrEnum):
    """What the rows are."""

    model = "model"
    version = "version"
    component = "component"
    owner = "owner"


class Kind(StrEnum):
    """Whose prediction."""

    plan = "plan"
    physical = "physical"
    calibrated = "calibrated"


class Volume(StrEnum):
    """Whether the volume was forecast too, or is the measured one."""

    ex_ante = "ex_ante"
    ex_post = "ex_post"


class Method(StrEnum):
    """How what several inputs moved together is told apart."""

    standard = "standard"
    shapley = "shapley"


class Goal(StrEnum):
    """A level of the FinOps Foundation's maturity."""

    crawl = "crawl"
    walk = "walk"
    run = "run"


TABLES = ("comparison", "variances", "largest_drivers", "not_compared")


def compare(
    month: Annotated[
        str | None,
        typer.Option("--month", "-m", help="One month.", metavar="YYYY-MM", callback=month_text),
    ] = None,
    first: Annotated[
        str | None,
        typer.Option(
            "--from",
            help="First of several months, taken together.",
            metavar="YYYY-MM",
            callback=month_text,
        ),
    ] = None,
    last: Annotated[
        str | None,
        typer.Option("--to", help="Last of them.", metavar="YYYY-MM", callback=month_text),
    ] = None,
    by: Annotated[CompareBy, typer.Option("--by", help="What the rows are.")] = CompareBy.model,
    kind: Annotated[Kind, typer.Option("--kind", help="Whose prediction.")] = Kind.plan,
    volume: Annotated[
        Volume,
        typer.Option(
            "--volume",
            help="ex_ante: the volume was forecast too. ex_post: the measured one was fed in.",
        ),
    ] = Volume.ex_ante,
    method: Annotated[
        Method | None,
        typer.Option(
            "--method",
            help="standard: the accountants' order. shapley: the average over all orders.",
            show_default="of the settings",
        ),
    ] = None,
    preset: Annotated[
        str | None,
        typer.Option(
            "--preset",
            help="Whose goals: finops-2026-06 or finops-2023.",
            show_default="of the settings",
        ),
    ] = None,
    level: Annotated[
        Goal | None,
        typer.Option("--level", help="Which of them.", show_default="of the settings"),
    ] = None,
    full_plan: Annotated[
        bool,
        typer.Option("--full-plan", help="An open month's landing against its whole plan."),
    ] = False,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
    table: Annotated[
        str | None,
        typer.Option(
            "--table",
            help=f"Which table --csv writes: {', '.join(TABLES)}.",
            show_default="comparison",
        ),
    ] = None,
    settings: SettingsFile = None,
) -> None:
    """Compare what was predicted with what it cost, and tell the difference by named variance.

    Price, discount, efficiency, idle capacity, mix, volume and the others add up to the difference
    exactly, and of each model the largest one is told in a sentence. What could not be compared is
    listed with its reason. An open month is compared with the plan of its complete bill days;
    --full-plan sets what it will have cost at its end against all of the plan instead.

    By owner, a term's amounts fall to owners in proportion to what they bear of its cost.

    \b
    Examples:
      modelspend compare --month 2026-09
      modelspend compare --from 2026-07 --to 2026-09 --by version --method shapley
      modelspend compare --month 2026-09 --kind physical --volume ex_post
      modelspend compare --month 2026-09 --full-plan
      modelspend compare --month 2026-09 --csv --table variances > september.csv
    """  # noqa: D301 -- \b keeps the lines of the examples apart
    if (month is None) == (first is None) or (first is None) != (last is None):
        message = "give --month, or both --from and --to"
        raise typer.BadParameter(message)
    if full_plan and (volume is Volume.ex_post or by is CompareBy.owner or first):
        message = "--full-plan is of one --month, without --volume ex_post and --by owner"
        raise typer.BadParameter(message)
    names = ("full_plan", "not_compared") if full_plan else TABLES
    if table is not None and table not in names:
        message = f"there is no table {table!r} here; there are: {', '.join(names)}"
        raise typer.BadParameter(message)

    from assets.command_reading import Reading
    from pipelines.months import months_between
    from pipelines.review.compare import Wanted, compare_review, full_plan_review
    from pipelines.variance.thresholds import threshold

    start, end = month or first or "", month or last or ""
    if end < start:
        message = f"--to {end} lies before --from {start}"
        raise typer.BadParameter(message)
    reading = Reading.of(settings)
    chosen = reading.project.settings.comparison
    wanted = Wanted(
        by=by.value,
        kind=kind.value,
        volume=volume.value,
        method=method.value if method else chosen.method,
        threshold=threshold(preset or chosen.preset, level.value if level else chosen.level),
    )
    months = [reading.compared(each) for each in months_between(start, end)]
    review = full_plan_review(months, wanted) if full_plan else compare_review(months, wanted)
    _write(review, names, table or names[0], as_json=as_json, as_csv=as_csv)


def _write(
    review: "Review", names: tuple[str, ...], table: str, *, as_json: bool, as_csv: bool
) -> None:
    from assets.command_output import (
        as_document,
        console,
        write_csv,
        write_json,
        write_note,
        write_sheet,
    )

    if as_json:
        empty: dict[str, list[object]] = {name: [] for name in names}
        document = as_document(review.sheets)
        write_json({**review.facts, **empty, **document, "notes": list(review.sentences)})
    elif as_csv:
        write_csv([s for s in review.sheets if s.name == table and s.audience != "people"])
    else:
        out = console()
        for sheet in review.sheets:
            write_sheet(out, sheet)
        for sentence in review.sentences:
            write_note(out, sentence)
