"""Files without a layout: put into a folder by hand or by a query, their months only in them.

Several files of one month are parts of one delivery; the reader stops where two have most of
their lines in common.
"""

from collections.abc import Mapping, Sequence

from pipelines.billing.layouts import Delivery
from pipelines.billing.raw_text import BILL_FILES


class Loose:
    """The layout of everything else. Months are told by `months_of`, by looking into the files."""

    name = "loose"
    tells_months = False

    def recognises(self, names: Sequence[str]) -> bool:
        """Always: it is the last one asked."""
        return True

    def month_of(self, name: str) -> str | None:
        """Only the lines of a file tell its months."""
        return None

    def is_manifest(self, name: str) -> bool:
        """There are none."""
        return False

    def choose(
        self, source: str, month: str, names: Sequence[str], texts: Mapping[str, str]
    ) -> Delivery:
        """Every file that can hold lines of a bill."""
        return Delivery([name for name in names if is_data(name)], month_is_told=False)


def is_data(name: str) -> bool:
    """Whether a file of that name can hold lines of a bill; hidden files and lists do not."""
    last = name.rsplit("/", 1)[-1].lower()
    if last.endswith(".json") and "manifest" in last:
        return False
    return last.endswith(BILL_FILES) and not last.startswith((".", "_"))
