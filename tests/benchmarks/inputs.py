"""Where the inputs of one size lie, and making them: `python -m tests.benchmarks.inputs KIND ...`.

Kinds are `bill`, `export-FORMAT-FORM`, `catalogue`, `log-parquet`, `log-jsonl-gz`,
`log-jsonl-bad`, `usage-FORMAT`. Only the standard library is imported until something is made: the
process that measures must stay small.
"""

# ruff: noqa: PLC0415 -- see above

import hashlib
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
MONTH = "2026-09"
BILL_LINES = 1_000_000
"""At scale 1; the logs follow: ten requests a line as Parquet, one as JSON lines."""


@dataclass(frozen=True)
class Size:
    """The sizes of one scale. Everything depends on the number of bill lines."""

    bill_lines: int

    @classmethod
    def of(cls, scale: float) -> "Size":
        """Whole blocks of 20 lines, at least one."""
        return cls(max(1, round(BILL_LINES * scale / 20)) * 20)

    @property
    def parquet_requests(self) -> int:
        """Requests of the Parquet log."""
        return self.bill_lines * 10

    @property
    def json_requests(self) -> int:
        """Requests of the logs as JSON lines."""
        return self.bill_lines


def is_series(kind: str) -> bool:
    """Whether `make_series` makes it."""
    return kind in ("usage-vllm", "usage-dcgm", "usage-series-table")


def folder(data: Path, kind: str, size: Size) -> Path:
    """Where the input lies; its name changes with the code that makes it."""
    makers = ["inputs.py", "make_bill.py", "make_exports.py", "make_logs.py", "fleet.py"]
    if kind.startswith("usage-"):
        makers = ["make_series.py" if is_series(kind) else "make_usage_logs.py"]
    code = b"".join((HERE / name).read_bytes() for name in makers)
    return data / f"{kind}-{size.bill_lines}-{hashlib.sha256(code).hexdigest()[:8]}"


def files(data: Path, kind: str, size: Size) -> list[Path]:
    """The input's files, sorted by name."""
    return sorted(path for path in folder(data, kind, size).rglob("*") if path.is_file())


def ensure(data: Path, kind: str, size: Size) -> None:
    """Make the input in a process of its own, unless it is there."""
    if folder(data, kind, size).is_dir():
        return
    print(f"making {kind} for {size.bill_lines:,} bill lines ...", file=sys.stderr, flush=True)
    subprocess.run(
        [sys.executable, "-m", "tests.benchmarks.inputs", kind, str(size.bill_lines), str(data)],
        check=True,
        cwd=ROOT,
    )


def make(kind: str, size: Size, data: Path) -> None:
    """Make one input; an interrupted one leaves nothing that looks finished."""
    final = folder(data, kind, size)
    part = final.with_name(f"{final.name}.part{os.getpid()}")
    part.mkdir(parents=True)
    try:
        if kind == "bill":
            from tests.benchmarks.make_bill import write_bill

            write_bill(part, size.bill_lines)
        elif kind.startswith("export-"):
            from tests.benchmarks.make_exports import write_export

            write_export(part, kind.removeprefix("export-"), size.bill_lines)
        elif kind.startswith("usage-"):
            from tests.benchmarks import make_series, make_usage_logs

            name = kind.removeprefix("usage-").replace("-", "_")
            maker = make_series if is_series(kind) else make_usage_logs
            getattr(maker, f"write_{name}")(part, size.bill_lines)
        elif kind == "catalogue":
            from tests.benchmarks.fleet import catalogue

            (part / "catalogue.toml").write_text(catalogue(size.bill_lines), encoding="utf-8")
        else:
            from tests.benchmarks.make_logs import write_log

            requests = size.parquet_requests if kind == "log-parquet" else size.json_requests
            write_log(part, requests, size.bill_lines, kind)
        part.rename(final)
    finally:
        shutil.rmtree(part, ignore_errors=True)


if __name__ == "__main__":
    make(sys.argv[1], Size(int(sys.argv[2])), Path(sys.argv[3]))
