"""Google's machine types with accelerators, and attached accelerators, on demand and spot.

Columns `kind, name, usd_per_hour_ondemand, usd_per_hour_spot`, as in the price table of Kubernetes'
autoscaler. The file says neither date nor region: its prices hold from when and where the settings
say. An attached accelerator's price (`nvidia-tesla-t4`) is that of one card, without its machine.
"""

from datetime import datetime
from typing import Final

from pipelines.errors import SettingsInvalid
from pipelines.prices.csv_rows import rows_of_csv
from pipelines.prices.machine_prices import (
    ON_DEMAND,
    SPOT,
    MachinePrice,
    Purchase,
    in_order,
    price_of,
    region_key,
)

_PURCHASES: Final[dict[str, Purchase]] = {
    "usd_per_hour_ondemand": ON_DEMAND,
    "usd_per_hour_spot": SPOT,
}


def read_gcp_machines(
    text: str, file: str, region: str, book: str = "", since: datetime | None = None
) -> list[MachinePrice]:
    """The prices in the text of the table, which are those of one region.

    Raises:
        SettingsInvalid: a column is missing, a cell is no price, or one is given twice; names the
            line.
    """
    prices, problems = [], []
    for line, row in rows_of_csv(text, file, ("kind", "name", *_PURCHASES)):
        for column, purchase in _PURCHASES.items():
            if not row[column]:
                continue
            try:
                price = price_of(row[column])
            except ValueError as error:
                problems.append(f"line {line}, {column}: {error}")
                continue
            prices.append(
                MachinePrice(
                    provider="gcp",
                    region=region_key(region),
                    machine=row["name"],
                    price=price,
                    valid_from=since,
                    purchase=purchase,
                    book=book,
                    source=f"line {line}",
                    note="one card, without its machine" if row["kind"] == "attached_gpu" else "",
                )
            )
    if problems:
        raise SettingsInvalid(file, problems)
    return in_order(prices, file)
