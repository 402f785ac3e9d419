"""`modelspend demo`: a made-up shop's quarter, run, restated and reviewed."""

from pathlib import Path
from typing import Annotated

import typer

from pipelines.errors import SettingsInvalid

NEXT = """
Now try, in {folder}:
  modelspend show --month 2026-09
  modelspend show --from 2026-07 --to 2026-09 --by owner
  modelspend compare --from 2026-07 --to 2026-09
  modelspend explain --month 2026-08 --model search-rank --version v8 --component update
  modelspend explain --month 2026-09 --bucket idle
  modelspend run --month 2026-09          (unchanged: nothing is re-read)"""


def demo(
    folder: Annotated[
        Path, typer.Option("--folder", "-f", help="A new folder for it.", metavar="FOLDER")
    ] = Path("modelspend-demo"),
    keep: Annotated[
        bool,
        typer.Option("--keep", help="Go on with the folder of an earlier demo, lake and all."),
    ] = False,
) -> None:
    """Write a made-up shop's quarter of bills and logs, run it, and show what comes out.

    August's bill is delivered twice, as AWS does: the second run picks the restatement up and says
    what moved. The folder stays, to try the other commands on.

    Example: modelspend demo --folder /tmp/shop
    """
    if folder.exists() and any(folder.iterdir()) and not keep:
        raise SettingsInvalid(
            str(folder),
            ["it is not empty: give another --folder, or --keep to go on in it"],
        )
    from assets.command_output import console, write_sheet
    from assets.command_reading import Reading
    from assets.command_run import finish, run_and_report
    from assets.command_show import write_review
    from assets.demo_shop import RESTATED_MONTH, restate_august, write_shop
    from assets.project import Project
    from pipelines.demo.shop import MONTHS
    from pipelines.review.changes import changes_sheets
    from pipelines.review.month import months_review

    shop = write_shop(folder)
    typer.echo(f"{folder}: {len(shop.bills)} files of bills and {len(shop.logs)} of logs written")
    project = Project.load(shop.settings)
    finish(run_and_report(project, MONTHS))
    reading = Reading(project)
    before = reading.table(RESTATED_MONTH, "out_spend__model_months")

    typer.echo(f"\nAWS delivers {RESTATED_MONTH} again; the three months are run again.")
    restate_august(folder)
    finish(run_and_report(project, MONTHS))
    reading = Reading(project)
    after = reading.table(RESTATED_MONTH, "out_spend__model_months")
    out = console()
    for sheet in changes_sheets(before, after, "effective", RESTATED_MONTH):
        write_sheet(out, sheet)
    out.print()
    write_review(months_review([reading.month(month) for month in MONTHS]))
    typer.echo(NEXT.format(folder=folder))
