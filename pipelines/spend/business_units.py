"""What the business counts: orders, revenue, whatever the user's CSV says, by the month.

A row that cannot be read is rejected with its file, line and reason; the others count.
"""

import csv
import io
import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Final

from pipelines.errors import BusinessUnitsUnreadable
from pipelines.money import quantise
from pipelines.registry.names import Names

REQUIRED: Final = ("date", "unit", "quantity")
OPTIONAL: Final = ("model", "version", "use_case", "tenant")
LISTED_REJECTS: Final = 20
MAX_QUANTITY: Final = Decimal(10) ** 18


@dataclass(frozen=True, order=True)
class BusinessKey:
    """What a quantity is about; an empty field means all of them."""

    source: str
    unit: str
    model: str = ""
    model_version: str = ""
    use_case: str = ""
    tenant: str = ""


@dataclass(frozen=True)
class BusinessText:
    """One CSV file of a source."""

    source: str
    file: str
    text: str


@dataclass(frozen=True)
class BusinessQuantities:
    """A month's quantities, and what a person should know of the rows that do not count."""

    quantities: dict[BusinessKey, Decimal]
    warnings: list[str]


def business_quantities(
    texts: Iterable[BusinessText], month: str, names: Names
) -> BusinessQuantities:
    """Add up a month's rows: `2026-09-03,orders,1200` and `2026-09-04,orders,800` are 2000 orders.

    Raises:
        BusinessUnitsUnreadable: a file has no header with `date`, `unit` and `quantity`.
    """
    found: dict[BusinessKey, Decimal] = defaultdict(Decimal)
    warnings: list[str] = []
    for text in texts:
        rejects: list[str] = []
        for line, row in _rows(text):
            problem = _problem(row)
            if problem:
                rejects.append(f"line {line}: {problem}")
            elif row["date"].startswith(month):
                found[_key(text.source, row, names)] += quantise(Decimal(row["quantity"]))
        if rejects:
            listed = "; ".join(rejects[:LISTED_REJECTS])
            more = f"; and {left} more" if (left := len(rejects) - LISTED_REJECTS) > 0 else ""
            warnings.append(
                f"business units '{text.source}': {text.file}: {len(rejects)} "
                f"{'row' if len(rejects) == 1 else 'rows'} rejected: "
                f"{listed}{more}"
            )
    return BusinessQuantities(dict(sorted(found.items())), warnings)


def _rows(text: BusinessText) -> Iterable[tuple[int, dict[str, str]]]:
    """The rows with their line numbers; header names in any case and order."""
    content = text.text.removeprefix("\ufeff")
    delimiter = ";" if ";" in content.split("\n", 1)[0] else ","
    reader = csv.reader(io.StringIO(content, newline=""), delimiter=delimiter)
    header = [name.strip().lower() for name in next(reader, [])]
    missing = [name for name in REQUIRED if name not in header]
    unknown = [name for name in header if name and name not in (*REQUIRED, *OPTIONAL)]
    doubled = sorted({name for name in header if header.count(name) > 1})
    if missing or unknown or doubled:
        problems = [f"no column {name!r}" for name in missing]
        problems += [
            f"column {name!r} is none of {', '.join((*REQUIRED, *OPTIONAL))}" for name in unknown
        ]
        problems += [f"column {name!r} is there twice" for name in doubled]
        raise BusinessUnitsUnreadable(text.source, text.file, problems)
    for values in reader:
        if not any(value.strip() for value in values):
            continue
        row = dict.fromkeys((*REQUIRED, *OPTIONAL), "")
        row |= dict(zip(header, (value.strip() for value in values), strict=False))
        row["surplus"] = "yes" if len(values) > len(header) else ""
        yield reader.line_num, row


def _problem(row: dict[str, str]) -> str:
    if row["surplus"]:
        return "more fields than the header has"
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", row["date"]) or not _is_day(row["date"]):
        return f"date {row['date']!r} is no day written as 2026-09-03"
    if not row["unit"]:
        return "unit is empty"
    if row["version"] and not row["model"]:
        return f"version {row['version']!r} without a model"
    return _quantity_problem(row["quantity"])


def _quantity_problem(text: str) -> str:
    try:
        quantity = Decimal(text)
    except InvalidOperation:
        return f"quantity {text!r} is no number written as 1234.5"
    if not quantity.is_finite() or abs(quantity) >= MAX_QUANTITY:
        return f"quantity {text!r} is out of range"
    return ""


def _is_day(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _key(source: str, row: dict[str, str], names: Names) -> BusinessKey:
    model, version = row["model"], row["version"]
    if model:
        found = names.resolve(model, version)
        model, version = found.model, found.version
    return BusinessKey(source, row["unit"], model, version, row["use_case"], row["tenant"])
