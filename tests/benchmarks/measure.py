"""Run one process and ask the kernel what it took. Only the standard library: see `peak_mb`."""

import os
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median


@dataclass(frozen=True)
class Measured:
    """What one process took from its start to its end."""

    seconds: float
    cpu_seconds: float
    peak_mb: float
    """Largest resident memory. A child starts as a copy of us, so we must stay small ourselves."""
    output: str


@dataclass(frozen=True)
class Pairs:
    """Runs of a step, each with the floor's run just before it."""

    steps: list[Measured]
    floors: list[Measured]

    @property
    def seconds(self) -> float:
        """Median of the step."""
        return median(run.seconds for run in self.steps)

    @property
    def cpu_seconds(self) -> float:
        """Median of the step's user and system time."""
        return median(run.cpu_seconds for run in self.steps)

    @property
    def peak_mb(self) -> float:
        """The worst of the step's runs."""
        return max(run.peak_mb for run in self.steps)

    @property
    def floor_seconds(self) -> float | None:
        """Median of the floor."""
        return median(run.seconds for run in self.floors) if self.floors else None

    @property
    def ratio(self) -> float | None:
        """Median of the pairs' ratios."""
        if not self.floors:
            return None
        pairs = zip(self.steps, self.floors, strict=True)
        return median(step.seconds / floor.seconds for step, floor in pairs)


class Failed(RuntimeError):
    """A measured process ended with an error: there is no figure."""


def run(
    command: Sequence[str | Path],
    folder: Path,
    environment: Mapping[str, str] | None = None,
    *,
    keep_output: bool = True,
) -> Measured:
    """Run a command to its end; its output is returned, or thrown away unread.

    Raises:
        Failed: it ended with an error; shows what it said.
    """
    texts = [str(part) for part in command]
    started = time.perf_counter()
    process = subprocess.Popen(
        texts,
        cwd=folder,
        env={**os.environ, **(environment or {})},
        stdout=subprocess.PIPE if keep_output else subprocess.DEVNULL,
        stderr=subprocess.STDOUT if keep_output else None,
        text=True,
    )
    output = process.stdout.read() if process.stdout else ""
    _, status, used = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.stdout:
        process.stdout.close()
    if process.returncode:
        message = f"{' '.join(texts)} ended with {process.returncode}:\n{output[-3000:]}"
        raise Failed(message)
    return Measured(seconds, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024, output)


def read_once(files: Sequence[Path]) -> None:
    """Bring files into the page cache, so that the first run finds them as the others do."""
    for file in files:
        with file.open("rb", buffering=0) as raw:
            while raw.read(1 << 20):
                pass
