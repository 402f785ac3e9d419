"""The export formats by the name they have in the settings."""

from typing import Final

from pipelines.billing import alibaba, aws, azure, focus, gcp, openai
from pipelines.billing.formats import BillFormat
from pipelines.billing.mapped import mapped_format
from pipelines.billing.owned import format as owned
from pipelines.settings import BillSource

FORMATS: Final[dict[str, BillFormat]] = {
    format_.name: format_
    for format_ in (
        alibaba.FORMAT,
        aws.FORMAT,
        azure.FORMAT,
        focus.FORMAT,
        gcp.FORMAT,
        openai.FORMAT,
        owned.FORMAT,
    )
}


def format_of(source: BillSource, mapping: str | None = None) -> BillFormat:
    """The format a source's settings name; `mapping` is the text of its mapping file, if any."""
    if mapping is not None:
        return mapped_format(mapping, source.mapping or "")
    return FORMATS[source.format]
