"""The rates of exchange of a project: which files they are, and their rates."""

from typing import Final

from assets.input_texts import identity, text_of
from assets.project import Project
from pipelines.prices.fx import FxRates, read_fx_rates

SECTION: Final = "fx_rates"


def fx_identities(project: Project) -> dict[str, str]:
    """What says of each file of rates that it changed, for the identities of a month's inputs.

    Raises:
        SettingsInvalid: a path is no single file.
        LakeUnreachable: a file is not there or its store does not answer.
    """
    return {
        f"fx rates {source.name}": identity(project, SECTION, source)
        for source in project.settings.fx_rates
    }


def read_rates(project: Project) -> FxRates:
    """The rates of every file, in the order of the settings.

    Raises:
        SettingsInvalid: a file is no table of rates; names line and column.
        LakeUnreachable: it is not there.
    """
    return FxRates(
        [
            read_fx_rates(*text_of(project, SECTION, source), source.name)
            for source in project.settings.fx_rates
        ]
    )
