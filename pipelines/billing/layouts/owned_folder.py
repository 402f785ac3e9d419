"""A folder of costs on no cloud bill: five kinds of files, each with rows of many months.

Every file is of every month: which months a row covers stands in the row. Other files in the folder
are named in a warning and not read.
"""

from collections.abc import Mapping, Sequence

from pipelines.billing.layouts import Delivery
from pipelines.billing.layouts.loose import is_data
from pipelines.billing.owned.rows import KINDS, kind_of
from pipelines.errors import BillUnreadable


class OwnedFolder:
    """The layout of the format `owned`."""

    name = "owned-folder"
    tells_months = False

    def recognises(self, names: Sequence[str]) -> bool:
        """Every file that can hold rows is one of the five, not all of them just `data`."""
        kinds = {kind_of(name) for name in names if is_data(name)}
        return None not in kinds and bool(kinds - {"data"})

    def month_of(self, name: str) -> str | None:
        """Only the rows of a file tell its months."""
        return None

    def is_manifest(self, name: str) -> bool:
        """There are none."""
        return False

    def choose(
        self, source: str, month: str, names: Sequence[str], texts: Mapping[str, str]
    ) -> Delivery:
        """Every one of the five kinds there is.

        Raises:
            BillUnreadable: there is none.
        """
        tables = sorted(name for name in names if is_data(name))
        known = [name for name in tables if kind_of(name)]
        if not known:
            kinds = ", ".join(f"{kind}.csv" for kind in KINDS)
            raise BillUnreadable(source, month, f"its folder has none of {kinds}", "`path`")
        warnings = [
            f"{name} is none of the known files: not read." for name in tables if name not in known
        ]
        return Delivery(known, warnings=warnings, month_is_told=False)
