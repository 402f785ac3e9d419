"""Training runs as a file tells them, one a row, and why a row is none.

MFU is effective MFU here: FLOP by billed chip-hours and the dense peak at 16 bits, whatever
precision a run computed in. What the runs teach is in `population`.
"""

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

from pipelines.errors import SettingsInvalid
from pipelines.formulas.chips import chip_named
from pipelines.formulas.units import in_unit

COLUMNS: Final[Mapping[str, tuple[str, ...]]] = {
    "run": ("run", "Model"),
    "date": ("date", "Publication date"),
    "chip": ("chip", "Training hardware"),
    "chip_hours": ("chip_hours", "Training chip-hours"),
    "chips": ("chips", "Hardware quantity"),
    "hours": ("hours", "Training time (hours)"),
    "flop": ("flop", "Training compute (FLOP)"),
    "active_parameters": ("active_parameters",),
    "tokens": ("tokens",),
    "flop_from": ("flop_from", "Training compute estimation method"),
}
"""Our name of a column, and Epoch's. Others are not read."""

LEAKED: Final = "hardware"
"""Where the FLOP were estimated from the hardware, hours are in them: such a run is no test."""


@dataclass(frozen=True)
class TrainingRun:
    """One run as its row tells it. `published` '' where it is not told."""

    run: str
    published: str
    chip: str
    chip_hours: float
    flop: float
    least_hours: float
    """Chip-hours at an MFU of 1."""
    is_leaked: bool

    @property
    def mfu(self) -> float:
        """The MFU that FLOP and hours imply."""
        return self.least_hours / self.chip_hours


@dataclass(frozen=True)
class RejectedRun:
    """A row that nothing is learnt from, and why."""

    run: str
    chip: str
    mfu: float | None
    reason: str


def read_runs(text: str, file: str) -> tuple[list[TrainingRun], list[RejectedRun]]:
    """The runs in a CSV text, and the rows that are none.

    Raises:
        SettingsInvalid: it has no header with the columns needed.
    """
    rows = csv.DictReader(io.StringIO(text))
    header = rows.fieldnames or []
    found = {
        ours: next((name for name in names if name in header), None)
        for ours, names in COLUMNS.items()
    }
    missing = [name for name in ("run", "chip") if found[name] is None]
    if found["chip_hours"] is None and (found["chips"] is None or found["hours"] is None):
        missing.append("chip_hours")
    if found["flop"] is None and (found["active_parameters"] is None or found["tokens"] is None):
        missing.append("flop")
    if missing:
        raise SettingsInvalid(
            file,
            [
                f"there is no column {' or '.join(repr(each) for each in COLUMNS[name])}"
                for name in missing
            ],
        )
    runs: list[TrainingRun] = []
    rejected: list[RejectedRun] = []
    for row in rows:
        told = {ours: (row.get(name) or "").strip() if name else "" for ours, name in found.items()}
        told["run"] = told["run"] or f"line {rows.line_num}"
        try:
            if None in row:
                message = "it has more cells than the header has columns: which is which?"
                raise ValueError(message)
            runs.append(_run(told))
        except ValueError as error:
            rejected.append(RejectedRun(told["run"], told["chip"], None, str(error)))
    return runs, rejected


def _run(told: Mapping[str, str]) -> TrainingRun:
    """The run of a row.

    Raises:
        ValueError: what is missing or impossible in it.
    """
    if not told["chip"]:
        message = "no chip is told"
        raise ValueError(message)
    chip = chip_named(told["chip"])
    if told["chip_hours"]:
        chip_hours = in_unit(told["chip_hours"], "")
    elif told["chips"] and told["hours"]:
        chip_hours = in_unit(told["chips"], "") * in_unit(told["hours"], "")
    else:
        message = "no chip-hours are told"
        raise ValueError(message)
    if told["flop"]:
        flop = in_unit(told["flop"], "FLOP")
    elif told["active_parameters"] and told["tokens"]:
        flop = (
            6 * in_unit(told["active_parameters"], "parameters") * in_unit(told["tokens"], "tokens")
        )
    else:
        message = "no FLOP are told"
        raise ValueError(message)
    if chip_hours <= 0 or flop <= 0:
        message = f"{float(chip_hours):g} chip-hours and {float(flop):g} FLOP: both are above 0"
        raise ValueError(message)
    if told["date"] and not _is_date(told["date"]):
        message = f"{told['date']!r} is no date like 2026-09-30"
        raise ValueError(message)
    return TrainingRun(
        run=told["run"],
        published=told["date"],
        chip=_kind(chip.name),
        chip_hours=float(chip_hours),
        flop=float(flop),
        least_hours=float(flop / chip.peak_16_bit / 3600),
        is_leaked=LEAKED in told["flop_from"].lower(),
    )


def _is_date(text: str) -> bool:
    try:
        return bool(date.fromisoformat(text))
    except ValueError:
        return False


def _kind(chip: str) -> str:
    """The kind of a chip, without the memory and form factor that most rows do not tell."""
    words = chip.split()
    return " ".join(words[: 3 if "TPU" in words else 2])
