"""The log formats there are, by the name the settings give them."""

from typing import Final

from pipelines.inference.formats import NATIVE, LogFormat

FORMATS: Final[dict[str, LogFormat]] = {format_.name: format_ for format_ in (NATIVE,)}
