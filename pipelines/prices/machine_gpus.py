"""Which accelerators a machine type has: GPU-hours of a formula into machine-hours of a bill.

`machine_gpus.csv` beside this file holds Amazon EC2's types, each with its source (mostly
ec2instances.info at 4ef36cd2, MIT licence). Of other types only the number is known, from the table
that attribution counts capacity by. A type that neither knows has no number here, never one.
"""

import csv
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Final

from pipelines.attribution.accelerators import accelerators, instance_type, is_listed

_FILE: Final = Path(__file__).with_name("machine_gpus.csv")


@dataclass(frozen=True)
class MachineGpus:
    """What one machine has. A share of a card is a fraction: 0.125 of an L4."""

    count: Decimal
    model: str = ""
    """As the provider names it; empty where only the number is known."""
    memory_gib: Decimal | None = None
    """Of all of them together."""
    source: str = "the table of machine types"


def gpus_of(machine: str) -> MachineGpus | None:
    """The accelerators of a machine type, also as bills spell it (`ml.p5.48xlarge`); None: unknown.

    A type that says its number itself is known by it (`a2-highgpu-8g`).
    """
    name = instance_type(machine) or machine.strip().lower()
    if listed := _listed().get(name):
        return listed
    return MachineGpus(accelerators(name)) if is_listed(name) else None


@cache
def _listed() -> dict[str, MachineGpus]:
    with _FILE.open(encoding="utf-8", newline="") as text:
        return {
            row["instance_type"]: MachineGpus(
                Decimal(row["gpu_count"]),
                row["gpu_model"],
                Decimal(row["gpu_memory_gib_total"]),
                row["source"],
            )
            for row in csv.DictReader(text)
        }
