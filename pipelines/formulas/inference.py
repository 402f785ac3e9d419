"""Inference: roofline of prefill and decode, throughput, replicas, idle capacity."""

from typing import Final

from pipelines.formulas.formula import Formula

FORMULAS: Final[tuple[Formula, ...]] = ()
