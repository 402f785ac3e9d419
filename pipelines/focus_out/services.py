"""FOCUS's words for a provider's: the category of a service, the form of a unit.

`services.csv` is for reading and adding to: a provider (`aws`, `microsoft`, `google`, `alibaba`,
`oracle`, `owned`, or any other as the bill names it, in lower case), a service as the bill names
it (its name or its code, any case), its category and subcategory; it is asked where the bill does
not say. A service it does not know is `Other`. `units.csv`: a unit as bills write it, in lower
case, and as FOCUS's unit format does (`GB-Mo` is `GB-Months`); an unknown unit stays as it is.
"""

import csv
from pathlib import Path

import duckdb

from pipelines.queries import load

SERVICES = Path(__file__).with_name("services.csv")
UNITS = Path(__file__).with_name("units.csv")
COLUMNS = dict.fromkeys(("provider", "service", "category", "subcategory"), "VARCHAR")


def load_words(con: duckdb.DuckDBPyConnection) -> None:
    """Put services into the temporary table `services`, units into the variable `focus_units`."""
    rows = [{**row, "service": row["service"].lower()} for row in _rows(SERVICES)]
    load(con, "services", COLUMNS, rows)
    units = {row["unit"]: row["focus_unit"] for row in _rows(UNITS)}
    con.execute(
        "SET VARIABLE focus_units = map($units, $names)",
        {"units": list(units), "names": list(units.values())},
    )


def _rows(file: Path) -> list[dict[str, str]]:
    with file.open(encoding="utf-8", newline="") as text:
        return list(csv.DictReader(text))
