"""The rows of a price file that is a CSV with a header."""

import csv
import io
from collections.abc import Iterator, Sequence

from pipelines.errors import SettingsInvalid


def rows_of_csv(
    text: str, file: str, needed: Sequence[str]
) -> Iterator[tuple[int, dict[str, str]]]:
    """Each row with the number of its line; names and cells without blanks around them.

    Raises:
        SettingsInvalid: a column is missing, or a row has a cell more than there are columns.
    """
    rows = csv.DictReader(io.StringIO(text))
    names = [name.strip() for name in rows.fieldnames or ()]
    if missing := [name for name in needed if name not in names]:
        raise SettingsInvalid(file, [f"it has no column {name}" for name in missing])
    try:
        for row in rows:
            # `1,234.5` without quotation marks would be a price of 1
            if beyond := [cell for cell in row.get(None) or () if cell.strip()]:
                problem = f"line {rows.line_num}: a cell without a column: {beyond[0]!r}"
                raise SettingsInvalid(file, [f'{problem}; a cell with a comma stands in ""'])
            cells = {name.strip(): (cell or "").strip() for name, cell in row.items() if name}
            if any(cells.values()):
                yield rows.line_num, cells
    except csv.Error as error:
        problem = f"line {rows.line_num}: it is no CSV: {error}"
        raise SettingsInvalid(file, [problem]) from error
