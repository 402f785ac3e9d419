"""Which files of an export are a month's bill: one module for each way providers lay files out.

A glob over an export counts old deliveries twice: where there is a manifest it decides. Nothing is
read here but the names of files and the texts of manifests; `assets/deliveries.py` lists and
fetches.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from pipelines.errors import BillUnreadable


@dataclass(frozen=True)
class Stated:
    """What a manifest states of one file; None: nothing."""

    manifest: str
    size: int | None = None
    rows: int | None = None


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
    stated: dict[str, Stated] = field(default_factory=dict)
    """What is stated of the files, by name."""

    def require_stated(
        self,
        source: str,
        month: str,
        sizes: Mapping[str, int],
        rows: Mapping[str, int] | None = None,
    ) -> None:
        """Hold the files against the bytes and, once they are read, the rows stated of them.

        Raises:
            BillUnreadable: a file has another size or number of rows.
        """
        for name, stated in self.stated.items():
            for told, found, unit in (
                (stated.size, sizes.get(name), "bytes"),
                (stated.rows, (rows or {}).get(name), "rows"),
            ):
                if told is not None and found is not None and told != found:
                    problem = f"{name} has {found} {unit}, its manifest states {told}"
                    where = f"{stated.manifest}: the delivery may not be over"
                    raise BillUnreadable(source, month, problem, where)


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
