"""The inputs of one formula for one month, and the record of what they were.

What the month, the chip and the machine say need not be given in the catalogue: hours of the month,
peak and bandwidth, accelerators of a machine. A volume that a log measured takes the place of the
one that was foreseen.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from typing import Any

from pipelines.errors import FormulaInputInvalid
from pipelines.formulas.chips import with_chip
from pipelines.formulas.formula import Formula
from pipelines.formulas.units import factor
from pipelines.money import as_decimal, plain
from pipelines.months import days_in_month
from pipelines.prediction.bill_units import BillUnit, machine_accelerators
from pipelines.prediction.volumes import MEASURE_UNITS
from pipelines.registry.catalogue import FormulaUse


@dataclass
class Told:
    """What a term was made of, as its `inputs` column keeps it."""

    facts: dict[str, dict[str, Any]] = field(default_factory=dict)

    def put(self, name: str, value: Fraction | Decimal, unit: str, **more: Any) -> None:
        """One number: a symbol by its name; what is no symbol has its name in parentheses."""
        kept = {key: each for key, each in more.items() if each}
        self.facts[name] = {"value": as_text(value), "unit": unit, **kept}

    def text(self) -> str:
        """As JSON, in the order in which it was put."""
        return json.dumps(self.facts, ensure_ascii=False)


def inputs_of(
    use: FormulaUse,
    formula: Formula,
    month: str,
    measured: Mapping[str, Fraction] | None,
    told: Told,
) -> dict[str, Fraction]:
    """Every symbol's value in its unit, and where it is from.

    What the month, the chip and the machine say need not be given: hours of the month, peak and
    bandwidth, accelerators of a machine. Volumes of the log replace the catalogue's.
    """
    given: dict[str, Any] = {**use.inputs}
    source = dict.fromkeys(given, "catalogue")
    names = {symbol.name for symbol in formula.symbols}
    if "hours_in_month" in names:
        for name in ({"hours_in_month", "hours"} & names) - set(given):
            given[name] = days_in_month(month) * 24
            source[name] = month
    if "gpus_per_instance" in names - set(given) and use.machine:
        try:
            given["gpus_per_instance"] = machine_accelerators(
                BillUnit(use.unit, use.provider, use.usage_type, use.machine)
            )
        except ValueError as error:
            problem = f"gpus_per_instance: {error}"
            raise FormulaInputInvalid(formula.name, [problem]) from error
        source["gpus_per_instance"] = use.machine
    for symbol in formula.symbols:
        if measured is not None and symbol.name in measured:
            unit = MEASURE_UNITS[symbol.measured]
            given[symbol.name] = measured[symbol.name] * factor(unit, symbol.unit)
            source[symbol.name] = "log"
    chipped = with_chip(formula, given | {"chip": use.chip, "precision": use.precision})
    for name in set(chipped) - set(given):
        source[name] = " ".join(part for part in (use.chip, use.precision) if part)
    values, problems = formula.read(chipped)
    if problems:
        raise FormulaInputInvalid(formula.name, problems)
    for symbol in formula.symbols:
        told.put(
            symbol.name,
            values[symbol.name],
            symbol.unit,
            measured=source.get(symbol.name) == "log",
            source=source.get(symbol.name, "default"),
        )
    return values


def as_text(value: Fraction | Decimal) -> str:
    """A number with all its digits; one that never ends with as many as amounts keep."""
    if isinstance(value, Decimal):
        return plain(value)
    return plain(as_decimal(value))
