"""AWS's legacy Cost and Usage Report: a folder per billing period with one manifest in it.

`20260901-20261001/` keeps earlier assemblies of the same month beside the current one: reading all
files would count the month twice. The month-level manifest names the current ones.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pipelines.billing.layouts import Delivery
from pipelines.errors import BillUnreadable

PERIOD = re.compile(r"(?:^|/)(\d{4})(\d{2})01-\d{6}01/")
MANIFEST = "Manifest.json"


def month_of_file(name: str) -> str | None:
    """The billing month whose period folder a file lies in; None for a file outside of one."""
    found = PERIOD.search(name)
    return f"{found[1]}-{found[2]}" if found else None


def is_month_manifest(name: str) -> bool:
    """Whether a file is the manifest of a month, not that of one of its assemblies."""
    found = PERIOD.search(name)
    return found is not None and name.endswith(MANIFEST) and "/" not in name[found.end() :]


def manifest_of(source: str, month: str, names: Sequence[str]) -> str:
    """The one manifest among the files of a month's period folder.

    Raises:
        BillUnreadable: none, or the manifests of several reports.
    """
    found = sorted(name for name in names if is_month_manifest(name))
    if len(found) == 1:
        return found[0]
    if found:
        problem = f"{len(found)} reports have a manifest for it: {', '.join(found)}"
        raise BillUnreadable(source, month, problem, "`path` in the settings: it names one report")
    if names:
        problem = f"its period folder has {len(names)} files and no manifest"
        raise BillUnreadable(source, month, problem, f"{names[0]}: the delivery may not be over")
    problem = "the export has no folder for this billing period"
    raise BillUnreadable(source, month, problem, "the months the provider has delivered so far")


def data_files(
    source: str, month: str, manifest: str, text: str, names: Iterable[str]
) -> list[str]:
    """The files of the current delivery, in the manifest's order.

    `names` are the files there are, relative to the source's root; a manifest names its files from
    the bucket's root, so they are compared from the period folder on.

    Raises:
        BillUnreadable: the manifest is no manifest, is another month's, or names a file that is
            not there.
    """
    listed = _parsed(source, month, manifest, text)
    start = str(listed.get("billingPeriod", {}).get("start", ""))
    if start[:6] != month.replace("-", ""):
        problem = f"its manifest is that of another billing period ({start or 'none named'})"
        raise BillUnreadable(source, month, problem, manifest)
    there = {_from_period_on(name): name for name in names}
    keys = [str(key) for key in listed["reportKeys"]]
    missing = [key for key in keys if _from_period_on(key) not in there]
    if missing:
        problem = f"its manifest names {missing[0]}, which is not there"
        if len(missing) > 1:
            problem += f" ({len(missing)} files of {len(keys)} are missing)"
        raise BillUnreadable(source, month, problem, f"{manifest}: the delivery may not be over")
    return [there[_from_period_on(key)] for key in keys]


def _parsed(source: str, month: str, manifest: str, text: str) -> dict[str, Any]:
    try:
        listed = json.loads(text)
    except json.JSONDecodeError as error:
        raise BillUnreadable(
            source, month, f"its manifest is no JSON: {error}", manifest
        ) from error
    if not isinstance(listed, dict) or not isinstance(listed.get("reportKeys"), list):
        raise BillUnreadable(source, month, "its manifest names no reportKeys", manifest)
    return listed


def _from_period_on(name: str) -> str:
    found = PERIOD.search(name)
    return name[found.start() :].lstrip("/") if found else name


class AwsReport:
    """The layout of AWS's legacy Cost and Usage Report."""

    name = "aws-report"
    tells_months = True

    def recognises(self, names: Sequence[str]) -> bool:
        """Some file lies in a period folder, from the first of a month to the first of the next."""
        return any(month_of_file(name) for name in names)

    def month_of(self, name: str) -> str | None:
        """The month of the period folder."""
        return month_of_file(name)

    def is_manifest(self, name: str) -> bool:
        """The month's manifest, not those of its assemblies."""
        return is_month_manifest(name)

    def choose(
        self, source: str, month: str, names: Sequence[str], texts: Mapping[str, str]
    ) -> Delivery:
        """The files the month's manifest names.

        Raises:
            BillUnreadable: see `manifest_of` and `data_files`.
        """
        manifest = manifest_of(source, month, names)
        return Delivery(data_files(source, month, manifest, texts[manifest], names))
