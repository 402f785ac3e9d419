"""Alibaba Cloud's bills in an OSS bucket: daily files, whole months and summaries, side by side.

`UID_BillingItemDetail_20260901.csv` holds a day's lines, `UID_BillingItemDetail_202609.csv` the
whole month (pushed on the third or fourth of the next one), `UID_BillingItemDetailMonthly_202609`
the month summed up, renewed every day; `InstanceDetail` is the same money by instance. All of them
say the same: reading two would count it twice. The most exact one that is there is read, for each
account: billing items before instances, the whole month before its days, days before the summary.
Split bills (`SplitItemDetail`) divide the same money once more and are never read; a big file comes
as a zip. Names may carry a sequence and a file number (`..._202609_0001_02`): the latest sequence
is the delivery, its files are parts.

Lines that are late come in a later day's file, even one of the next month: days alone may lack them
until the whole month is there.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from pipelines.billing.layouts import Delivery
from pipelines.errors import BillUnreadable

_NAME = re.compile(
    r"(?P<account>(?:.*/)?[^/_]*)_(?:Partner)?(?P<detail>BillingItem|Instance|SplitItem)Detail"
    r"(?P<summed>Monthly|Daily)?_(?P<date>20\d{4}(?:\d\d)?)"
    r"(?:_(?P<sequence>[\w-]*?\d+)_(?P<part>\d+))?(?:\.csv|\.csv\.gz|\.zip)?$"
)
_RANKS = (
    ("BillingItem", "month"),
    ("BillingItem", "day"),
    ("BillingItem", "summary"),
    ("Instance", "month"),
    ("Instance", "day"),
    ("Instance", "summary"),
)


@dataclass(frozen=True)
class _File:
    name: str
    account: str
    detail: str
    kind: str
    date: str
    sequence: str

    @property
    def month(self) -> str:
        return f"{self.date[:4]}-{self.date[4:6]}"


def _read(name: str) -> _File | None:
    match = _NAME.fullmatch(name)
    if match is None or not "01" <= match["date"][4:6] <= "12":
        return None
    kind = "month" if len(match["date"]) == len("202609") else "day"
    if match["summed"]:
        kind = "summary"
    return _File(
        name, match["account"], match["detail"], kind, match["date"], match["sequence"] or ""
    )


class AlibabaOss:
    """The layout of SubscribeBillToOSS."""

    name = "alibaba-oss"
    tells_months = True

    def recognises(self, names: Sequence[str]) -> bool:
        """Some file is named as Alibaba Cloud names its bills."""
        return any(_read(name) for name in names)

    def month_of(self, name: str) -> str | None:
        """The month in a file's name: of its lines, but for those that are late."""
        file = _read(name)
        return None if file is None or file.detail == "SplitItem" else file.month

    def is_manifest(self, name: str) -> bool:
        """There are none."""
        return False

    def choose(
        self, source: str, month: str, names: Sequence[str], texts: Mapping[str, str]
    ) -> Delivery:
        """For each account the most exact files of the month.

        Raises:
            BillUnreadable: the month has none but split bills.
        """
        there = [file for name in names if (file := _read(name)) and file.month == month]
        usable = [file for file in there if file.detail != "SplitItem"]
        if not usable:
            problem = "no BillingItemDetail or InstanceDetail file of it is there"
            if there:
                problem += "; split bills divide the same money again and do not add up to the bill"
            raise BillUnreadable(source, month, problem, "the bills subscribed to in the console")
        delivery = Delivery([])
        month_is_told = True
        for account in sorted({file.account for file in usable}):
            own = [file for file in usable if file.account == account]
            detail, kind = next(
                rank for rank in _RANKS if any((f.detail, f.kind) == rank for f in own)
            )
            chosen = _latest(f for f in own if (f.detail, f.kind) == (detail, kind))
            delivery.files.extend(file.name for file in chosen)
            delivery.roles.update({file.name: kind for file in chosen})
            if kind == "day":
                month_is_told = False
                delivery.warnings.extend(_of_days(account, chosen))
        return Delivery(
            delivery.files, delivery.roles, delivery.warnings, month_is_told=month_is_told
        )


def _latest(files: Iterable[_File]) -> list[_File]:
    """The files of each date's latest sequence."""
    found: dict[str, list[_File]] = {}
    for file in sorted(files, key=lambda f: (f.date, f.sequence, f.name)):
        known = found.setdefault(file.date, [])
        if known and known[0].sequence != file.sequence:
            known.clear()
        known.append(file)
    return [file for parts in found.values() for file in parts]


def _of_days(account: str, files: Sequence[_File]) -> list[str]:
    """What to know of a month that is read from the files of its days."""
    who = account.rsplit("/", 1)[-1]
    days = sorted({file.date for file in files})
    warnings = [
        f"account {who} is read from the files of {len(days)} days: late lines come with a later "
        "day or with the whole month's file."
    ]
    first, last = (date.fromisoformat(f"{d[:4]}-{d[4:6]}-{d[6:]}") for d in (days[0], days[-1]))
    all_days = [first.replace(day=1) + timedelta(days=n) for n in range(last.day)]
    missing = [f"{day}" for day in all_days if f"{day:%Y%m%d}" not in days]
    if missing:
        shown = ", ".join(missing[:5]) + (" ..." if len(missing) > 5 else "")
        warnings.append(f"account {who} has no file of {len(missing)} days: {shown}.")
    return warnings
