"""Whole runs of `modelspend`: a demo month for the first time and again, and the big month.

Folders are made by processes of their own; here they are only put into the state a run starts from.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.benchmarks.inputs import MONTH, ROOT, Size, files, folder
from tests.benchmarks.measure import Failed, Measured, run

DEMO_MONTH = "2026-07"
IMPORTS = "import {}duckdb, polars, deltalake, boto3"
EVERYTHING = (
    "import dagster, assets.command, assets.command_run, assets.definitions, assets.engine, "
    "assets.jobs, tests.benchmarks.step"
)
SETTINGS = """\
[[bills]]
name = "aws"
path = "bills/bench"

[[logs]]
name = "gateway"
path = "{log}"
"""


def environment() -> dict[str, str]:
    """The sources in place, and no Dagster home of the person at the keyboard."""
    return {"PYTHONPATH": str(ROOT), "DAGSTER_HOME": "", "MODELSPEND_SETTINGS": ""}


def modelspend_run(where: Path, month: str) -> Measured:
    """`modelspend run --month ...` in a project's folder."""
    command = [sys.executable, "-m", "assets.command", "run", "--month", month]
    return run(command, where, environment())


def imports(where: Path, first: str = "") -> Measured:
    """The floor of a whole run: the libraries it cannot do without."""
    return run([sys.executable, "-c", IMPORTS.format(first)], where)


def write_demo(where: Path) -> None:
    """The demo shop's settings, bills and logs, not yet run."""
    shutil.rmtree(where, ignore_errors=True)
    program = "import sys, pathlib, assets.demo_shop as d; d.write_shop(pathlib.Path(sys.argv[1]))"
    subprocess.run([sys.executable, "-c", program, str(where)], check=True, cwd=ROOT)


def forget(where: Path) -> None:
    """As before the first run: no lake, no cache."""
    for name in ("lake", ".modelspend", "cache"):
        shutil.rmtree(where / name, ignore_errors=True)


def blank_data(where: Path) -> int:
    """Replace the content of every bill and log file by zeros; size and time stay the same."""
    blanked = 0
    for file in sorted((*where.glob("bills/**/*.gz"), *where.glob("logs/**/*"))):
        if file.is_file():
            stat = file.stat()
            file.write_bytes(bytes(stat.st_size))
            os.utime(file, ns=(stat.st_atime_ns, stat.st_mtime_ns))
            blanked += 1
    return blanked


def require(measured: Measured, month: str, word: str) -> Measured:
    """The run, if it ended as it should have.

    Raises:
        Failed: it said something else.
    """
    if f"{month}: {word}" not in measured.output:
        message = f"the run of {month} was not {word!r} but said:\n{measured.output}"
        raise Failed(message)
    return measured


def write_big(where: Path, data: Path, size: Size) -> None:
    """A project of the big bill and the Parquet log, linked, not copied."""
    shutil.rmtree(where, ignore_errors=True)
    place = where / "bills" / "bench" / "20260901-20261001"
    place.mkdir(parents=True)
    for file in files(data, "bill", size):
        (place / file.name).symlink_to(file)
    settings = SETTINGS.format(log=folder(data, "log-parquet", size).as_posix())
    (where / "modelspend.toml").write_text(f'first_month = "{MONTH}"\n{settings}', encoding="utf-8")
    shutil.copy(folder(data, "catalogue", size) / "catalogue.toml", where)
