"""Our reader beside the FinOps Foundation's `focus-converter`, on the same file in the same run.

    python3.11 -m venv converter
    converter/bin/pip install focus-converter==1.0.0 'multimethod<2' 'click<8.2'
    python -m tests.benchmarks.against_converter converter/bin/focus-converter --lines 1000000

An environment of its own, because it pins another Polars. The file is the benchmark's AWS bill as
plain CSV, with one empty column (`reservation/TotalReservedUnits`) without which the converter
never ends. Each reads it in a process of its own, whole process measured; both totals are held
against the exact one, which DuckDB adds up from the text.
"""

import argparse
import shutil
import sys
import tempfile
from pathlib import Path

import duckdb

from tests.benchmarks.inputs import MONTH, ROOT, Size, ensure, files
from tests.benchmarks.measure import Measured, read_once, run

MISSING = "reservation/TotalReservedUnits"
OURS = """
import sys
from pathlib import Path
from pipelines.billing.reader import read_bill
from pipelines.files import LocalFile
from pipelines.settings import BillSource
from tests.benchmarks.step import connect

path, work, month = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
file = LocalFile(str(path), path.name, path.stat().st_size, "e")
with connect(work) as con:
    read_bill(con, BillSource(name="aws", path="bill"), month, [file], work)
"""


def one_csv(packed: list[Path], target: Path) -> None:
    """The bill's files as one CSV, with the column the converter needs."""
    listed = ", ".join(f"'{path}'" for path in packed)
    with duckdb.connect() as con:
        con.execute(
            f'COPY (SELECT *, NULL AS "{MISSING}" FROM read_csv([{listed}], all_varchar = true)) '
            f"TO '{target}' (FORMAT csv, HEADER)"
        )


def exact_total(bill: Path) -> str:
    """BilledCost as the text says: savings plan usage and its negation cancel."""
    with duckdb.connect() as con:
        row = con.sql(
            'SELECT sum("lineItem/UnblendedCost"::DECIMAL(38, 18)) '
            f"FROM read_csv('{bill}', all_varchar = true)"
        ).fetchall()[0]
    return str(row[0])


def total_of(pattern: str) -> str:
    """The sum of BilledCost of Parquet files, whatever type it has there."""
    with duckdb.connect() as con:
        row = con.sql(
            f"SELECT sum(BilledCost::VARCHAR::DECIMAL(38, 18)) FROM read_parquet('{pattern}')"
        ).fetchall()[0]
    return str(row[0])


def main() -> int:
    """Print the three totals and what each reader took."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks.against_converter",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("converter", type=Path, help="the focus-converter to run")
    parser.add_argument("--lines", type=int, default=1_000_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--data", type=Path, help="folder that keeps the inputs")
    options = parser.parse_args()
    data = (options.data or Path(tempfile.gettempdir()) / "modelspend-benchmarks").resolve()
    data.mkdir(parents=True, exist_ok=True)
    size = Size(options.lines)
    ensure(data, "bill", size)
    bill = data / f"one-{options.lines}.csv"
    if not bill.is_file():
        one_csv([path for path in files(data, "bill", size) if path.suffix == ".gz"], bill)
    read_once([bill])
    theirs, ours = data / "converted", data / "read"
    took: dict[str, list[Measured]] = {"focus-converter": [], "modelspend": []}
    for number in range(options.runs):
        print(f"{number + 1} of {options.runs}", file=sys.stderr, flush=True)
        for folder in (theirs, ours):
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
        command = [options.converter.resolve(), "convert", "--provider", "aws-cur"]
        command += ["--data-path", bill, "--data-format", "csv", "--export-path", f"{theirs}/"]
        took["focus-converter"].append(run(command, data))
        took["modelspend"].append(run([sys.executable, "-c", OURS, bill, ours, MONTH], ROOT))
    print(f"{options.lines:,} lines, {bill.stat().st_size / 1e6:,.0f} MB of CSV")
    print(f"{'exact':16} {exact_total(bill)}")
    totals = {
        "focus-converter": total_of(f"{theirs}/*.parquet"),
        "modelspend": total_of(f"{ours}/core_billing__charges.parquet"),
    }
    for name, runs in took.items():
        seconds = sorted(run.seconds for run in runs)[len(runs) // 2]
        peak = max(run.peak_mb for run in runs)
        print(f"{name:16} {totals[name]}  {seconds:.1f} s  {peak:,.0f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
