"""`modelspend init`: the two files a project starts with, with every key explained in place."""

from pathlib import Path
from typing import Annotated

import typer

from pipelines.errors import SettingsInvalid

TEMPLATES = Path(__file__).parent / "templates"
FILES = ("modelspend.toml", "catalogue.toml")


def init(
    folder: Annotated[
        Path, typer.Option("--folder", "-f", help="Where to write them.", metavar="FOLDER")
    ] = Path(),
) -> None:
    """Write commented modelspend.toml and catalogue.toml to start from.

    Never overwrites a file.

    Example: modelspend init --folder finops
    """
    present = [folder / name for name in FILES if (folder / name).exists()]
    if present:
        problems = [f"{file} exists and was not overwritten" for file in present]
        raise SettingsInvalid(str(folder), problems)
    folder.mkdir(parents=True, exist_ok=True)
    for name in FILES:
        text = (TEMPLATES / name).read_text(encoding="utf-8")
        (folder / name).write_text(text, encoding="utf-8")
        typer.echo(f"wrote {folder / name}")
    typer.echo(
        "\nSay in modelspend.toml where the bills and logs are, in catalogue.toml which model "
        "version ran where, then:\n"
        f"  modelspend run --month YYYY-MM --settings {folder / FILES[0]}"
    )
