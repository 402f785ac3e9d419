"""A project's months as FOCUS datasets, held against two validators that are none of ours.

    python tests/focus_conformance.py
    python tests/focus_conformance.py --validator ~/fv/bin/focus-validator
    python tests/focus_conformance.py --settings modelspend.toml --month 2026-09

Without `--settings` the demo shop's quarter is written, run and taken. Every month is exported with
the command and then

- `focus-toolkit` (focus-data-toolkit, of the `dev` dependencies) has to detect 1.3 and 1.4 in the
  files, to find nothing in its lint of 1.4 with unit pricing declared, and to convert 1.3 into a
  bundle that `validate-bundle` passes;
- `focus-validator` has to find no failing rule of FOCUS 1.2 that it does not find in the
  toolkit's own AWS sample too, with and without every applicability criterion. It wants an
  environment of its own (Python 3.12: `pip install focus-validator==2.2.1 'pyarrow<22'`), and
  knows no later version offline, so it gets the 1.2 columns of the 1.3 file.

A month of which lines have no invoice id yet fails `InvoiceId-C-005` and the composites above it:
the validator cannot know that they are on no invoice. That is said, and is no failure here.
The exit status is 1 if anything else was found. Run by hand: it takes minutes.
"""

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path
from xml.etree import ElementTree

import duckdb

ROOT = Path(__file__).resolve().parents[1]
TOOLKIT = str(Path(sys.executable).with_name("focus-toolkit"))
CONDITIONS = ("SupportsUnitPricing", "SupportsMultiplePricingCategories")
SAMPLE = "focus_1_2_cost_and_usage_aws.csv"
SAMPLE_ROWS = 3000
SINCE_1_3 = (
    "ServiceProviderName", "HostProviderName", "ContractApplied", "AllocatedMethodId",
    "AllocatedMethodDetails", "AllocatedResourceId", "AllocatedResourceName", "AllocatedTags",
)  # fmt: skip
NO_INVOICE_YET = {
    "InvoiceId-C-005-C :: Nullability",
    "InvoiceId-C-003-C :: Composite",
    "InvoiceId-C-000-O :: Composite",
}


class Findings:
    """What was looked at, and what was found wrong."""

    def __init__(self) -> None:
        self.wrong = 0

    def say(self, what: str, problem: str = "") -> None:
        print(f"{'FAILS' if problem else 'ok   '} {what}{': ' + problem if problem else ''}")
        self.wrong += bool(problem)


def run(*command: str, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)


def modelspend(*arguments: str) -> str:
    done = run(sys.executable, "-m", "assets.command", *arguments)
    if done.returncode:
        sys.exit(f"modelspend {' '.join(arguments)}\n{done.stdout}{done.stderr}")
    return done.stdout


def demo_months(folder: Path) -> tuple[Path, list[str]]:
    modelspend("demo", "--folder", str(folder / "demo"))
    return folder / "demo" / "modelspend.toml", ["2026-07", "2026-08", "2026-09"]


def check_toolkit(findings: Findings, month: str, files: dict[str, Path], work: Path) -> None:
    for version, file in files.items():
        found = run(TOOLKIT, "detect", str(file)).stdout
        expected = f"version={version} confidence=HIGH (score 1.000)"
        findings.say(f"{month} {version} detect", "" if expected in found else found[:300])
    conditions = [text for condition in CONDITIONS for text in ("--supports", condition)]
    lint = run(
        TOOLKIT, "validate", str(files["1.4"]), "--dataset", "cost-and-usage", *conditions
    ).stdout
    findings.say(f"{month} 1.4 lint", "" if "lint OK" in lint else lint[:600])
    bundle = work / f"bundle-{month}"
    converted = run(
        TOOLKIT, "convert", "--cost-and-usage", str(files["1.3"]), "--out", str(bundle),
        "--mode", "synthetic", "--exit-policy", "pipeline",
    )  # fmt: skip
    findings.say(f"{month} 1.3 convert", converted.stdout[:600] if converted.returncode else "")
    proof = run(TOOLKIT, "validate-bundle", "--directory", str(bundle)).stdout
    findings.say(
        f"{month} 1.3 validate-bundle", "" if "bundle validation: OK" in proof else proof[:600]
    )


def typed(source: Path, target: Path, without: Iterable[str] = ()) -> Path:
    """A CSV as typed Parquet: read as text the validator takes account ids for numbers."""
    with duckdb.connect() as con:
        columns = con.read_csv(str(source), header=True, all_varchar=True).columns
        kept = ", ".join(_typed(name) for name in columns if name not in set(without))
        con.read_csv(str(source), header=True, all_varchar=True).project(kept).write_parquet(
            str(target)
        )
    return target


def _typed(name: str) -> str:
    if name.startswith(("BillingPeriod", "ChargePeriod")):
        return f'strptime("{name}", \'%Y-%m-%dT%H:%M:%SZ\') AS "{name}"'
    if name.endswith(("Cost", "UnitPrice", "Quantity")) and not name.startswith("x_"):
        return f'"{name}"::DECIMAL(38, 14) AS "{name}"'
    return f'"{name}"'


def failing_rules(validator: Path, file: Path, work: Path, *, everything: bool) -> set[str]:
    report = work / f"{file.stem}-{everything}.xml"
    where = "import pathlib, focus_validator as v; print(pathlib.Path(v.__file__).parents[1])"
    home = run(str(validator.with_name("python")), "-c", where).stdout.strip()
    criteria = ["--applicability-criteria", "ALL"] if everything else []
    done = run(
        str(validator), "--data-file", str(file), "--validate-version", "1.2.0.1",
        "--focus-dataset", "CostAndUsage", "--block-download", *criteria,
        "--output-type", "unittest", "--output-destination", str(report),
        cwd=Path(home),  # it looks for its rules below where it runs
    )  # fmt: skip
    if not report.exists():
        sys.exit(f"focus-validator wrote no report:\n{done.stdout}{done.stderr}")
    cases = ElementTree.parse(report).iter("testcase")  # noqa: S314 -- written by the line above
    bad = ("failure", "error")
    return {case.get("name", "") for case in cases if any(case.find(b) is not None for b in bad)}


def check_validator(
    findings: Findings, validator: Path, months: dict[str, Path], work: Path
) -> None:
    generated = run(
        TOOLKIT, "generate", "--provider", "aws", "--focus-version", "1.2",
        "--rows", str(SAMPLE_ROWS), "--seed", "7", "--out", str(work / "sample"),
    )  # fmt: skip
    if generated.returncode:
        sys.exit(generated.stdout + generated.stderr)
    sample = typed(work / "sample" / SAMPLE, work / "sample.parquet")
    views = {
        month: typed(file, work / f"view-{month}.parquet", SINCE_1_3)
        for month, file in months.items()
    }
    for everything in (False, True):
        known = failing_rules(validator, sample, work, everything=everything)
        criteria = "all criteria" if everything else "no criteria"
        print(f"      the toolkit's sample fails {len(known)} rules ({criteria})")
        for month, view in views.items():
            new = failing_rules(validator, view, work, everything=everything) - known
            if new & NO_INVOICE_YET and has_open_rows(view):
                print(f"      {month} has rows on no invoice yet: {', '.join(sorted(new))}")
                new -= NO_INVOICE_YET
            findings.say(f"{month} 1.2 view, {criteria}", ", ".join(sorted(new)))


def has_open_rows(view: Path) -> bool:
    with duckdb.connect() as con:
        return bool(con.read_parquet(str(view)).filter('"InvoiceId" IS NULL').limit(1).fetchall())


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--settings", type=Path, help="a project with published months")
    parser.add_argument("--month", action="append", help="of --settings; may be repeated")
    parser.add_argument("--validator", type=Path, help="focus-validator of its own environment")
    asked = parser.parse_args()
    if bool(asked.settings) != bool(asked.month):
        parser.error("--settings and --month go together")
    findings = Findings()
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        settings, months = (asked.settings, asked.month) if asked.settings else demo_months(work)
        views = {}
        for month in months:
            files = {version: work / f"{month}-{version}.csv" for version in ("1.3", "1.4")}
            for version, file in files.items():
                options = ("--focus", version, "--out", str(file), "--settings", str(settings))
                modelspend("export", month, *options)
            check_toolkit(findings, month, files, work)
            views[month] = files["1.3"]
        if asked.validator:
            check_validator(findings, asked.validator.absolute(), views, work)
    return 1 if findings.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
