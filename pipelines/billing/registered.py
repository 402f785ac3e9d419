"""The export formats by the name they have in the settings."""

from typing import Final

from pipelines.billing import aws
from pipelines.billing.formats import BillFormat
from pipelines.settings import BillSource

FORMATS: Final[dict[str, BillFormat]] = {format_.name: format_ for format_ in (aws.FORMAT,)}


def format_of(source: BillSource, mapping: str | None = None) -> BillFormat:
    """The format a source's settings name; `mapping` is the text of its mapping file, if any."""
    return FORMATS[source.format]
