"""The benchmarks' command; what is measured and how is said in `tests/benchmarks/__init__.py`."""

import argparse
import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import tests.benchmarks as charter
from tests.benchmarks import project
from tests.benchmarks.exports import EXPORTS
from tests.benchmarks.inputs import MONTH, ROOT, Size, ensure, files
from tests.benchmarks.measure import Failed, Measured, Pairs, read_once, run
from tests.benchmarks.table import Row, markdown, plain
from tests.benchmarks.usage_logs import USAGE_LOGS

LOGS = ("log-parquet", "log-jsonl-gz", "log-jsonl-bad")
STEPS = (
    "bill-csv-gz",
    *EXPORTS,
    *LOGS,
    *USAGE_LOGS,
    "attribute",
    "big-month",
    "small-month",
    "unchanged-month",
)
BUILDS_ON = {
    "bill-csv-gz": ("bill",),
    **{export: (f"export-{export}",) for export in EXPORTS},
    **{log: (log,) for log in (*LOGS, *USAGE_LOGS)},
    "attribute": ("bill", "catalogue", "log-parquet"),
    "big-month": ("bill", "catalogue", "log-parquet"),
}


@dataclass(frozen=True)
class Target:
    """What a step must reach: times its floor, and megabytes of the whole process."""

    ratio: float | None = None
    peak_mb: float | None = None


TARGETS = {
    "bill-csv-gz": Target(ratio=3),
    **dict.fromkeys(EXPORTS, Target(ratio=3)),
    "log-parquet": Target(ratio=2, peak_mb=1000),
    "log-jsonl-gz": Target(ratio=3, peak_mb=1000),
    "log-jsonl-bad": Target(peak_mb=1000),
    **dict.fromkeys(USAGE_LOGS, Target(ratio=3, peak_mb=1000)),
    "attribute": Target(peak_mb=2000),
    "big-month": Target(peak_mb=2000),
    "small-month": Target(ratio=3),
    "unchanged-month": Target(),
}


class Bench:
    """One size: its inputs, the outputs of its steps, and the measurements."""

    def __init__(self, data: Path, size: Size, runs: int) -> None:
        self.data, self.size, self.runs = data, size, runs
        self.outputs = data / f"outputs-{size.bill_lines}"
        self.outputs.mkdir(parents=True, exist_ok=True)

    def measure(self, name: str) -> Row:
        """Measure one step beside its floor and check what it made.

        Raises:
            Failed: the step or its check ended with an error.
        """
        for kind in BUILDS_ON.get(name, ()):
            ensure(self.data, kind, self.size)
            read_once(files(self.data, kind, self.size))
        match name:
            case "small-month" | "unchanged-month":
                step, floor = self._demo(name)
            case "big-month":
                step, floor = self._big(), None
            case _:
                step, floor = self._step(name)
        pairs = Pairs([], [])
        for number in range(self.runs):
            print(f"{name}: {number + 1} of {self.runs}", file=sys.stderr, flush=True)
            if floor is not None:
                pairs.floors.append(floor())
            pairs.steps.append(step())
        if name in BUILDS_ON and name != "big-month":
            self._process(f"check-{name}", name)
        target = TARGETS[name]
        rows, unit = self._rows(name)
        return Row(name, rows, unit, pairs, target.ratio, target.peak_mb)

    def _rows(self, name: str) -> tuple[int | None, str]:
        match name:
            case "log-parquet":
                return self.size.parquet_requests, "requests"
            case "log-jsonl-gz" | "log-jsonl-bad":
                return self.size.json_requests, "requests"
            case "small-month" | "unchanged-month":
                return None, "demo month"
            case _ if name in USAGE_LOGS:
                return self.size.bill_lines, "lines"
            case _:
                return self.size.bill_lines, "bill lines"

    def _process(self, process: str, name: str) -> Measured:
        """One step, floor or check, in a folder that keeps the step's output."""
        work = self.outputs / name
        if process == name:
            shutil.rmtree(work, ignore_errors=True)
        work.mkdir(exist_ok=True)
        lines = str(self.size.bill_lines)
        command = [sys.executable, "-m", "tests.benchmarks.step", process]
        return run([*command, str(self.data), lines, str(work), str(self.outputs)], ROOT)

    def _step(self, name: str) -> tuple[Callable[[], Measured], Callable[[], Measured]]:
        if name == "attribute":
            for before in ("bill-csv-gz", "log-parquet"):
                if not (self.outputs / before).is_dir():
                    self._process(before, before)
        if name in {"attribute", "log-parquet"} or name.endswith("-parquet"):
            return lambda: self._process(name, name), lambda: self._process(f"floor-{name}", name)
        inputs = files(self.data, *BUILDS_ON[name], self.size)
        packed = [path for path in inputs if path.suffix == ".gz"]
        if name in USAGE_LOGS and not packed:
            return lambda: self._process(name, name), lambda: self._process(f"floor-{name}", name)
        return (
            lambda: self._process(name, name),
            lambda: run(["gzip", "-dc", *packed], ROOT, keep_output=False),
        )

    def _demo(self, name: str) -> tuple[Callable[[], Measured], Callable[[], Measured]]:
        where, month = self.outputs / "demo", project.DEMO_MONTH
        project.write_demo(where)

        def first_time() -> Measured:
            project.forget(where)
            return project.require(project.modelspend_run(where, month), month, "published")

        if name == "small-month":
            return first_time, lambda: project.imports(where, "dagster, ")
        first_time()
        print(f"{project.blank_data(where)} files replaced by zeros", file=sys.stderr)
        return (
            lambda: project.require(project.modelspend_run(where, month), month, "unchanged"),
            lambda: project.imports(where),
        )

    def _big(self) -> Callable[[], Measured]:
        where = self.outputs / "big"

        def whole() -> Measured:
            project.write_big(where, self.data, self.size)
            return project.require(project.modelspend_run(where, MONTH), MONTH, "published")

        return whole


def main() -> int:
    """Measure what was asked for; ends with 1 if something was wrong, not if it was slow."""
    options = _options()
    temporary = Path(tempfile.gettempdir()) / "modelspend-benchmarks"
    data = (options.data or temporary).resolve()
    data.mkdir(parents=True, exist_ok=True)
    _compile_once(data)
    scales = [options.scale]
    if options.growth or options.scale >= 10:
        scales.insert(0, options.scale / 10)
    rows: list[Row] = []
    failed = False
    for name in options.only or STEPS:
        smaller: Row | None = None
        for scale in scales:
            try:
                row = Bench(data, Size.of(scale), options.runs).measure(name)
            except Failed as error:
                print(f"{name}: {error}", file=sys.stderr, flush=True)
                failed = True
                continue
            row.smaller, smaller = (smaller if row.rows else None), row
            if row.rows or scale == scales[-1]:
                rows.append(row)
    print(markdown(rows) if options.markdown else plain(rows))
    return int(failed)


def _compile_once(data: Path) -> None:
    """Let every process find compiled modules, as in an installation, even if the caller's do not.

    The compiled files lie with the data: nothing is written into the environment or the checkout.
    """
    os.environ["PYTHONDONTWRITEBYTECODE"] = ""
    os.environ["PYTHONPYCACHEPREFIX"] = str(data / "bytecode")
    run([sys.executable, "-c", project.EVERYTHING], ROOT, project.environment())


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks",
        description=charter.__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--scale", type=float, default=1, help="1: a million bill lines")
    parser.add_argument("--only", action="append", choices=STEPS, help="may be given repeatedly")
    parser.add_argument("--runs", type=int, default=3, help="pairs of floor and step")
    parser.add_argument("--growth", action="store_true", help="measure a tenth of it too")
    parser.add_argument("--data", type=Path, help="folder that keeps the inputs")
    parser.add_argument("--markdown", action="store_true", help="print the table for a README")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
