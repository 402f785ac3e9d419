"""Goodput: which share of the time that is billed is useful, between stops and checkpoints."""

from dataclasses import replace
from fractions import Fraction
from typing import Final

import numpy as np

from pipelines.formulas.columns import refuse
from pipelines.formulas.formula import Formula, Symbol, Value

_YOUNG = "Young 1974; Daly 2006: the first-order optimum of the checkpoint interval"

GOODPUT: Final = Symbol(
    "goodput",
    "g",
    "",
    "useful share of the billed time (checkpoints, lost work and restarts are the rest)",
    high=1,
    low_is_in=False,
)
CHECKPOINT: Final = Symbol("checkpoint", "delta", "s", "time to write a checkpoint")
INTERVAL: Final = Symbol("interval", "tau", "s", "time between checkpoints", low_is_in=False)
RESTART: Final = Symbol("restart", "R", "s", "time from a stop until it runs again")
TIME_BETWEEN_STOPS: Final = Symbol(
    "time_between_stops", "M_tbf", "s", "mean time between unexpected stops", low_is_in=False
)


def _goodput(
    checkpoint: Value,
    interval: Value,
    restart: Value,
    time_between_stops: Value,
    name: str = "goodput",
) -> Value:
    lost = checkpoint / interval + (interval / 2 + restart) / time_between_stops
    refuse(name, _no_goodput, lost)
    return 1 - lost


def _no_goodput(lost: Fraction | float) -> str:
    if lost < 1:
        return ""
    return (
        f"checkpoints, lost work and restarts take {float(lost):.0%} of the time: nothing is left "
        "(are interval, restart and time between stops in the same unit?)"
    )


def _best_interval(checkpoint: Value, time_between_stops: Value) -> Value:
    return np.sqrt(2 * checkpoint * time_between_stops)


def _best_goodput(checkpoint: Value, restart: Value, time_between_stops: Value) -> Value:
    interval = _best_interval(checkpoint, time_between_stops)
    return _goodput(checkpoint, interval, restart, time_between_stops, "best_goodput")


FORMULAS: Final = (
    Formula(
        "time_between_stops",
        "Mean time between unexpected stops",
        "M_tbf = T / stops",
        (
            Symbol("running_time", "T", "s", "time watched", low_is_in=False),
            Symbol("stops", "k", "", "unexpected stops in it", low_is_in=False),
        ),
        "s",
        lambda running_time, stops: running_time / stops,
        "Llama 3 (arXiv 2407.21783): 419 stops in 54 days on 16 384 GPUs",
    ),
    Formula(
        "goodput",
        "Useful share of the billed time at a checkpoint interval",
        "g = 1 - delta/tau - (tau/2 + R) / M_tbf",
        (CHECKPOINT, INTERVAL, RESTART, TIME_BETWEEN_STOPS),
        "",
        _goodput,
        _YOUNG,
    ),
    Formula(
        "best_checkpoint_interval",
        "The checkpoint interval that loses least (Young-Daly)",
        "tau = sqrt(2 delta M_tbf)",
        (CHECKPOINT, TIME_BETWEEN_STOPS),
        "s",
        _best_interval,
        _YOUNG,
        is_exact=False,
    ),
    Formula(
        "best_goodput",
        "Useful share of the billed time at the interval that loses least",
        "g = 1 - delta/tau - (tau/2 + R) / M_tbf with tau = sqrt(2 delta M_tbf)",
        (replace(CHECKPOINT, low_is_in=False), RESTART, TIME_BETWEEN_STOPS),
        "",
        _best_goodput,
        _YOUNG,
        is_exact=False,
    ),
)
