"""Azure's virtual machines on demand: `region,vm_size,usd_per_hour`, without a date.

As generated from the retail prices by Karpenter's Azure provider. The prices hold from when the
settings say. Some sizes are written with trailing blanks; bills write them with blanks inside
(`NC24ads A100 v4`): both are found.
"""

from datetime import datetime
from typing import Final

from pipelines.errors import SettingsInvalid
from pipelines.prices.csv_rows import rows_of_csv
from pipelines.prices.machine_prices import MachinePrice, in_order, price_of, region_key

_NEEDED: Final = ("region", "vm_size", "usd_per_hour")


def read_azure_vm(
    text: str, file: str, book: str = "", since: datetime | None = None
) -> list[MachinePrice]:
    """The prices in the text of the list.

    Raises:
        SettingsInvalid: a column is missing, a cell is no price, or one is given twice; names the
            line.
    """
    prices, problems = [], []
    for line, row in rows_of_csv(text, file, _NEEDED):
        try:
            price = price_of(row["usd_per_hour"])
        except ValueError as error:
            problems.append(f"line {line}: {error}")
            continue
        prices.append(
            MachinePrice(
                provider="azure",
                region=region_key(row["region"]),
                machine=row["vm_size"],
                price=price,
                valid_from=since,
                book=book,
                source=f"line {line}",
            )
        )
    if problems:
        raise SettingsInvalid(file, problems)
    return in_order(prices, file)
