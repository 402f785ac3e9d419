"""Amazon EC2's on-demand prices: a list of one day, or the history of such lists.

The list (`region,instance_type,usd_per_hour`, as generated from the price list by Karpenter's AWS
provider) has no date: its prices hold from when the settings say. The history has one row per
change (`usd_per_hour, previous_usd_per_hour, previous_snapshot, observed_at, commit`): the price
changed after `previous_snapshot` and on or before `observed_at`. A price holds from the day it was
first seen to the day it was last seen; which one held between two looks is not known, and the book
says so instead of taking the old one or the new one for it. SageMaker's `ml.` types are not EC2's
and cost more: they are not found here.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Final

from pipelines.errors import SettingsInvalid
from pipelines.prices.csv_rows import rows_of_csv
from pipelines.prices.machine_prices import MachinePrice, in_order, price_of, region_key

_LIST: Final = ("region", "instance_type", "usd_per_hour")
_HISTORY: Final = (*_LIST, "previous_usd_per_hour", "previous_snapshot", "observed_at")


def read_aws_ec2(
    text: str, file: str, book: str = "", since: datetime | None = None
) -> list[MachinePrice]:
    """The prices in the text of a list of one day.

    Raises:
        SettingsInvalid: a column is missing, a cell is no price, or one is given twice; names the
            line.
    """
    prices, problems = [], []
    for line, row in rows_of_csv(text, file, _LIST):
        try:
            prices.append(_price(row, f"line {line}", book, since))
        except ValueError as error:
            problems.append(f"line {line}: {error}")
    if problems:
        raise SettingsInvalid(file, problems)
    return in_order(prices, file)


def read_aws_ec2_history(text: str, file: str, book: str = "") -> list[MachinePrice]:
    """The prices in the text of a history, each from the day it was first seen.

    Raises:
        SettingsInvalid: as `read_aws_ec2`.
    """
    prices, problems = [], []
    for line, row in rows_of_csv(text, file, _HISTORY):
        try:
            seen = datetime.fromisoformat(row["observed_at"])
            cited = f" (commit {row['commit']})" if row.get("commit") else ""
            note, unseen_after = "", None
            if row["previous_usd_per_hour"]:
                unseen_after = datetime.fromisoformat(row["previous_snapshot"])
                note = (
                    f"{row['previous_usd_per_hour']} USD until some day between "
                    f"{row['previous_snapshot']} and {row['observed_at']}"
                )
            price = _price(row, f"line {line}{cited}", book, seen, note)
            prices.append(replace(price, unseen_after=unseen_after))
        except ValueError as error:
            problems.append(f"line {line}: {error}")
    if problems:
        raise SettingsInvalid(file, problems)
    return in_order(prices, file)


def _price(
    row: Mapping[str, str], source: str, book: str, start: datetime | None, note: str = ""
) -> MachinePrice:
    return MachinePrice(
        provider="aws",
        region=region_key(row["region"]),
        machine=row["instance_type"],
        price=price_of(row["usd_per_hour"]),
        valid_from=start,
        book=book,
        source=source,
        note=note,
    )
