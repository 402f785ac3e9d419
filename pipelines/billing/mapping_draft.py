"""A mapping file to start from, for a bill whose columns nobody knows.

Only proposals: a column that sounds like the one that is needed is named. What no column says is
a comment, and without it the mapping is refused: nothing is read until a person has decided.
"""

import re
from collections.abc import Sequence
from typing import Final

_NEEDED: Final = (
    ("BilledCost", ("cost", "amount", "charge", "total", "price", "spend", "fee")),
    ("ChargePeriodStart", ("start", "from", "date", "day", "time", "period", "created")),
)
_OPTIONAL: Final = (
    ("ChargePeriodEnd", ("end", "until", "to", "stop")),
    ("BillingCurrency", ("currency", "ccy")),
    ("ServiceName", ("service", "product")),
    ("ResourceId", ("resource", "instance", "endpoint", "deployment", "pod", "machine")),
    ("SubAccountId", ("account", "project", "workspace", "organization", "organisation")),
    ("ChargeDescription", ("description", "item", "sku", "details")),
    ("ConsumedQuantity", ("quantity", "usage", "units", "hours", "tokens")),
    ("ConsumedUnit", ("unit", "uom")),
)
_STATED: Final = (
    ("BillingCurrency", '# BillingCurrency = "USD"'),
    ("ServiceProviderName", '# ServiceProviderName = "whose service it is"'),
    ("ServiceName", '# ServiceName = "what is sold"'),
    ("ChargeCategory", 'ChargeCategory = "Usage"'),
)
"""What may be the same on every line, if no column says it."""


def draft_mapping(names: Sequence[str]) -> str:
    """A mapping file with this header's columns where their names say what they are.

    `day,amount,gpu_hours,team` gives BilledCost = "amount", ChargePeriodStart = "day",
    ConsumedQuantity = "gpu_hours", and asks for the currency, the provider and the service.
    """
    free = list(names)
    lines = ["# A draft: check every line; a line with # in front is needed too.", "[columns]"]
    named: dict[str, str] = {}
    for focus_name, words in (*_NEEDED, *_OPTIONAL):
        column = _sounding_like(words, free)
        if column is not None:
            free.remove(column)
            named[focus_name] = column
            lines.append(f"{focus_name} = {_toml(column)}")
        elif focus_name in dict(_NEEDED):
            lines.append(f'# {focus_name} = "which column?"')
    lines += ["", "[constants]"]
    lines += [line for focus_name, line in _STATED if focus_name not in named]
    if free:
        lines += ["", "[tags]"]
        lines += [f"{_toml(name)} = {_toml(name)}" for name in free if name.strip()]
    lines += ["", "[reading]"]
    start = named.get("ChargePeriodStart")
    month = f"billing_month = {_toml(start)}" if start else '# billing_month = "which column?"'
    lines.append(f"{month}    # the column whose month is the bill's")
    if "ChargePeriodEnd" not in named:
        lines.append('charge_period = "day"    # how long a line is: hour, day or month')
    lines.append('dates = "iso"    # or as strptime: "%d.%m.%Y"; "unix", "unix_ms"')
    return "\n".join(lines) + "\n"


def draft_for_focus(missing: Sequence[str]) -> str:
    """A mapping file for a FOCUS dataset that lacks columns no reader can do without."""
    known = dict(_STATED)
    lines = [
        "# A draft: the columns that go by FOCUS's names are read as they are.",
        "focus_columns = true",
        "",
        "[constants]",
    ]
    lines += [known.get(name, f'# {name} = "what it is on every line"') for name in missing]
    return "\n".join(lines) + "\n"


def _sounding_like(words: Sequence[str], names: Sequence[str]) -> str | None:
    """The first column that has one of the words, earlier words first."""
    split = {name: re.findall(r"[a-z]+", _spaced(name).lower()) for name in names}
    for word in words:
        for name, parts in split.items():
            if word in parts or f"{word}s" in parts:
                return name
    return None


def _spaced(name: str) -> str:
    return re.sub(r"([a-z])([A-Z])", r"\1 \2", name)


def _toml(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
