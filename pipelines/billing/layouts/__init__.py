"""Which files of an export are a month's bill: one module for each way providers lay files out.

A glob over an export counts old deliveries twice: where there is a manifest it decides. Nothing is
read here but the names of files and the texts of manifests; `assets/deliveries.py` lists and
fetches.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True)
class Delivery:
    """The files that are a month's bill now."""

    files: list[str]
    """Names below the source's root."""
    roles: dict[str, str] = field(default_factory=dict)
    """What the delivery says of a file, for example `amortized`; absent: nothing."""
    warnings: list[str] = field(default_factory=list)
    """Sentences, without the month and source they are of."""
    month_is_told: bool = True
    """The delivery says that its files are this month's: a line of another month is a fault."""


class Layout(Protocol):
    """One way of laying out deliveries. Names are paths below the source's root."""

    name: str
    tells_months: bool
    """Whether paths tell the months; else the lines of each file do."""

    def recognises(self, names: Sequence[str]) -> bool:
        """Whether files with these names are laid out in this way."""

    def month_of(self, name: str) -> str | None:
        """The billing month a file's path tells; None for a file that is of no month."""

    def is_manifest(self, name: str) -> bool:
        """Whether the file's text is needed to choose, and its change is a new delivery."""

    def choose(
        self, source: str, month: str, names: Sequence[str], texts: Mapping[str, str]
    ) -> Delivery:
        """Of the files of one month, those of the current delivery.

        `texts` holds the texts of the manifests among `names`.

        Raises:
            BillUnreadable: no manifest where one decides, a wrong one, or a file it names is
                not there.
        """
