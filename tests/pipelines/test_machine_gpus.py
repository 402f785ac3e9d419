"""How many accelerators a machine type has, for GPU-hours that a bill counts in machines."""

import csv
from decimal import Decimal
from pathlib import Path

import pytest

from pipelines.attribution.accelerators import accelerators
from pipelines.prices.machine_gpus import MachineGpus, gpus_of

ULTRASERVER = "p6e-gb200.36xlarge"
"""The published file counts the 36 accelerators of nine such machines: 18 of them are 72."""


@pytest.mark.parametrize(
    ("machine", "count", "model"),
    [
        ("p5.48xlarge", "8", "NVIDIA H100"),
        ("ml.g5.12xlarge", "4", "NVIDIA A10G"),
        ("BoxUsage:p4d.24xlarge", "8", "NVIDIA A100"),
        ("g6f.large", "0.125", "NVIDIA L4"),
        (ULTRASERVER, "4", "NVIDIA GB200"),
        ("a2-highgpu-8g", "8", ""),
        ("Standard_ND96isr_H100_v5", "8", ""),
        ("NC24ads A100 v4", "1", ""),
    ],
)
def test_a_machine_type_has_its_accelerators(machine: str, count: str, model: str) -> None:
    found = gpus_of(machine)
    assert isinstance(found, MachineGpus)
    assert (found.count, found.model) == (Decimal(count), model)


@pytest.mark.parametrize("machine", ["m5.large", "dgx-of-ours", ""])
def test_a_machine_nobody_lists_has_no_number(machine: str) -> None:
    assert gpus_of(machine) is None


def test_the_published_specifications_and_the_capacity_of_bills_agree(shared_data: Path) -> None:
    with (shared_data / "prices" / "aws_ec2_gpu_specs.csv").open() as text:
        rows = list(csv.DictReader(text))
    assert len(rows) == 84
    for row in rows:
        machine = row["instance_type"]
        found = gpus_of(machine)
        assert found is not None
        assert found.count == accelerators(machine)
        if machine != ULTRASERVER:
            assert found.count == Decimal(row["gpu_count"])
            assert found.model == row["gpu_model"]
            assert found.memory_gib == Decimal(row["gpu_memory_gib_total"])
