"""One step, its floor or its check, as a process: `python -m tests.benchmarks.step NAME ...`.

Steps call the project's own functions on a DuckDB that is set as a month's run sets it.
"""

# ruff: noqa: PLC0415 -- a floor imports no more than it needs

import sys
from datetime import datetime
from pathlib import Path

import duckdb

from pipelines.queries import sql
from tests.benchmarks.exports import EXPORTS
from tests.benchmarks.inputs import MONTH, Size, files, folder, is_series
from tests.benchmarks.usage_logs import USAGE_LOGS

THREADS = 2
MEMORY_MB = 700
"""What `assets.month_run` gives DuckDB on two cores; a test holds them together."""
FORMATS = {"cur2": "aws-cur", "focus": "focus", "gcp": "gcp", "azure": "azure"} | {
    "alibaba": "alibaba"
}
"""The settings' name of a format by the first word of an export's."""
WINDOW = (datetime(2026, 9, 1), datetime(2026, 10, 1))


def connect(work: Path) -> duckdb.DuckDBPyConnection:
    """A connection as `MonthRun.connect` makes it."""
    con = duckdb.connect(
        config={
            "memory_limit": f"{MEMORY_MB}MB",
            "threads": THREADS,
            "temp_directory": str(work / "spill"),
            "preserve_insertion_order": False,
        }
    )
    con.execute("SET TimeZone = 'UTC'")
    return con


def read_logs(data: Path, kind: str, size: Size, work: Path) -> None:
    """Log files to hourly usage."""
    from pipelines.files import LocalFile
    from pipelines.inference.sources import LogInput
    from pipelines.inference.usage import read_usage

    log = [LocalFile(str(p), p.name, p.stat().st_size, "e") for p in files(data, kind, size)]
    with connect(work) as con:
        read_usage(con, [LogInput("gateway", None, (), log)], MONTH, WINDOW, work)


def read_usage_log(data: Path, kind: str, size: Size, work: Path) -> None:
    """A vendor's log to hourly usage."""
    from pipelines.files import LocalFile
    from pipelines.inference.mapped import is_shipped, shipped_text
    from pipelines.inference.registered import format_of
    from pipelines.inference.sources import LogInput
    from pipelines.inference.usage import read_usage
    from pipelines.settings import LogSource
    from tests.benchmarks import make_series, make_usage_logs

    how, root = USAGE_LOGS[kind], folder(data, kind, size)
    mapping = None
    if how.mapping is not None:
        maker = make_series if is_series(kind) else make_usage_logs
        is_known = is_shipped(how.mapping)
        mapping = shipped_text(how.mapping) if is_known else getattr(maker, how.mapping)
    source = LogSource(name="log", path=".", format=how.format, mapping=how.mapping)
    format_ = format_of(source, mapping)
    log = [
        LocalFile(str(path), path.relative_to(root).as_posix(), path.stat().st_size, "e")
        for path in files(data, kind, size)
        if format_.takes(path.relative_to(root).as_posix())
    ]
    with connect(work) as con:
        given = LogInput("log", how.timezone, (), log, format_, how.defaults)
        read_usage(con, [given], MONTH, WINDOW, work)


def scan_usage_log(data: Path, kind: str, size: Size, work: Path) -> None:
    """The floor of a log that is not packed: every column, or every line, looked at once."""
    paths = [str(path) for path in files(data, kind, size)]
    with connect(work) as con:
        if paths[0].endswith(".parquet"):
            rows = con.read_parquet(paths)  # type: ignore[arg-type] # a list is taken too
        else:
            con.execute("SET VARIABLE log_paths = $paths", {"paths": paths})
            con.execute("SET VARIABLE log_names = $paths", {"paths": paths})
            con.execute("SET VARIABLE log_numbers = $numbers", {"numbers": [*range(len(paths))]})
            rows = con.sql(sql("inference/text_lines"))
        rows.aggregate("max(COLUMNS(*))").fetchall()


def check_usage_log(work: Path) -> None:
    """Every line came to something, none is bad, and something was counted."""
    with duckdb.connect() as con:
        lines, records, fates, rejects = con.sql(
            "SELECT sum(lines_read), sum(records), "
            "sum(requests + duplicates + outside_month + left_out + rejects), sum(rejects) "
            "FROM read_parquet($path)",
            params={"path": str(work / "log_files.parquet")},
        ).fetchall()[0]
        [(rows,)] = con.sql(
            "SELECT count(*) FROM read_parquet($path)",
            params={"path": str(work / "usage.parquet")},
        ).fetchall()
    _same(lines > 0, True, "lines")
    _same(fates, records, "records")
    _same(rejects, 0, "rejects")
    _same(rows > 0, True, "hours with use")


def read_bill_files(data: Path, size: Size, work: Path) -> None:
    """Bill to charges, split shares, rejects and totals."""
    from pipelines.billing.reader import read_bill
    from pipelines.files import LocalFile
    from pipelines.settings import BillSource

    bill = [
        LocalFile(str(path), path.name, path.stat().st_size, "e")
        for path in files(data, "bill", size)
        if path.suffix == ".gz"
    ]
    with connect(work) as con:
        read_bill(con, BillSource(name="aws", path="bill"), MONTH, bill, work)


def read_export(data: Path, export: str, size: Size, work: Path) -> None:
    """A bill of another format to charges, rejects and totals."""
    from pipelines.billing.reader import read_bill
    from pipelines.files import LocalFile
    from pipelines.settings import BillSource

    provider = export.split("-", maxsplit=1)[0]
    source = BillSource(name="bill", path="bill", format=FORMATS[provider])
    there = files(data, f"export-{export}", size)
    bill = [LocalFile(str(path), path.name, path.stat().st_size, "e") for path in there]
    with connect(work) as con:
        read_bill(con, source, MONTH, bill, work, month_is_told=False)


def scan_export(data: Path, export: str, size: Size, work: Path) -> None:
    """The floor of a Parquet export: every column looked at once."""
    with connect(work) as con:
        con.sql(
            "SELECT max(COLUMNS(*)) FROM read_parquet($paths)",
            params={"paths": [str(path) for path in files(data, f"export-{export}", size)]},
        ).fetchall()


def attribute(data: Path, size: Size, work: Path, bill: Path, usage: Path) -> None:
    """Charges and usage to the ledger."""
    from pipelines.attribution import AttributionInputs, allocate
    from pipelines.attribution.rules import load_rules
    from pipelines.registry.catalogue import parse_catalogue
    from pipelines.settings import parse_settings

    text = (folder(data, "catalogue", size) / "catalogue.toml").read_text(encoding="utf-8")
    with connect(work) as con:
        found = allocate(
            con,
            MONTH,
            AttributionInputs(
                charges=[str(bill / "core_billing__charges.parquet")],
                usage=[str(usage / "usage.parquet")],
                coverage=[str(usage / "coverage.parquet")],
            ),
            parse_catalogue(text),
            load_rules(None),
            parse_settings('[[bills]]\nname = "aws"\npath = "bill"'),
        )
        found.allocated.write_parquet(str(work / "ledger.parquet"), compression="zstd")


def group_log(data: Path, size: Size, work: Path) -> None:
    """The floor of `log-parquet`: the columns it reads, grouped by its key, nothing proved."""
    with connect(work) as con:
        con.read_parquet([str(path) for path in files(data, "log-parquet", size)]).aggregate(
            "epoch_us(started_at) // 3600000000 AS hour, provider, account_id, region, "
            "resource_id, model, model_version, operation, tenant, use_case, status, count(*), "
            "sum(input_tokens), sum(output_tokens), sum(gpu_ms), max(request_id)",
            "ALL",
        ).write_parquet(str(work / "floor.parquet"), compression="zstd")


def scan_charges(work: Path, bill: Path) -> None:
    """The floor of `attribute`: every column of the charges looked at once."""
    with connect(work) as con:
        con.sql(
            "SELECT max(COLUMNS(*)) FROM read_parquet($path)",
            params={"path": str(bill / "core_billing__charges.parquet")},
        ).fetchall()


def check_logs(kind: str, size: Size, work: Path) -> None:
    """Every line is accounted for, and every request is counted once."""
    with duckdb.connect() as con:
        lines, kept, doubles, rejects = con.sql(
            "SELECT sum(lines_read), sum(requests), sum(duplicates), sum(rejects) "
            "FROM read_parquet($path)",
            params={"path": str(work / "log_files.parquet")},
        ).fetchall()[0]
        (requests,) = con.sql(
            "SELECT sum(requests) FROM read_parquet($path)",
            params={"path": str(work / "usage.parquet")},
        ).fetchall()[0]
    written = size.parquet_requests if kind == "log-parquet" else size.json_requests
    bad = int(kind == "log-jsonl-bad")
    twice = -(-(written - 1) // 10_000)
    _same(lines, written + bad, "lines")
    _same(rejects, bad, "rejects")
    _same(doubles, twice, "duplicates")
    _same(kept, written - twice, "kept")
    _same(requests, kept, "requests")


def check_bill(size: Size, work: Path) -> None:
    """Every line is a charge, and the charges add up to the totals summed from the text."""
    with duckdb.connect() as con:
        lines, charges = con.sql(
            "SELECT sum(lines_read), sum(charges) FROM read_parquet($path)",
            params={"path": str(work / "core_billing__files.parquet")},
        ).fetchall()[0]
        found = _sums(con, work / "core_billing__charges.parquet")
        totals = con.sql(
            "SELECT sum(export_total) FROM read_parquet($path) GROUP BY basis ORDER BY basis",
            params={"path": str(work / "core_billing__export_totals.parquet")},
        ).fetchall()
    _same(lines, size.bill_lines, "lines")
    _same(charges, size.bill_lines, "charges")
    _same([row[0] for row in totals], list(found), "totals")


def check_ledger(work: Path, bill: Path) -> None:
    """The ledger adds up to the charges in every basis, and something was split by use."""
    ledger = work / "ledger.parquet"
    with duckdb.connect() as con:
        _same(_sums(con, ledger), _sums(con, bill / "core_billing__charges.parquet"), "costs")
        by_use = con.sql(
            "SELECT count(*) FROM read_parquet($path) WHERE method = 'usage'",
            params={"path": str(ledger)},
        ).fetchall()[0][0]
    if not by_use:
        sys.exit("nothing was split by use: the inputs do not meet")


def _sums(con: duckdb.DuckDBPyConnection, path: Path) -> tuple[object, ...]:
    """The four bases in the order of their names."""
    return tuple(
        con.sql(
            "SELECT sum(BilledCost), sum(ContractedCost), sum(EffectiveCost), sum(ListCost) "
            "FROM read_parquet($path)",
            params={"path": str(path)},
        ).fetchall()[0]
    )


def _same(found: object, wanted: object, what: str) -> None:
    if found != wanted:
        sys.exit(f"wrong result: {what} are {found}, not {wanted}")


def main(name: str, data: Path, size: Size, work: Path, outputs: Path) -> None:
    """`work` takes the results; `outputs` has those of earlier steps by name."""
    bill = outputs / "bill-csv-gz"
    match name:
        case "log-parquet" | "log-jsonl-gz" | "log-jsonl-bad":
            read_logs(data, name, size, work)
        case _ if name in USAGE_LOGS:
            read_usage_log(data, name, size, work)
        case _ if name.startswith("floor-usage-"):
            scan_usage_log(data, name.removeprefix("floor-"), size, work)
        case _ if name.startswith("check-usage-"):
            check_usage_log(work)
        case "bill-csv-gz":
            read_bill_files(data, size, work)
        case "attribute":
            attribute(data, size, work, bill, outputs / "log-parquet")
        case "floor-log-parquet":
            group_log(data, size, work)
        case "floor-attribute":
            scan_charges(work, bill)
        case "check-log-parquet" | "check-log-jsonl-gz" | "check-log-jsonl-bad":
            check_logs(name.removeprefix("check-"), size, work)
        case "check-attribute":
            check_ledger(work, bill)
        case _ if name.startswith("floor-"):
            scan_export(data, name.removeprefix("floor-"), size, work)
        case _ if name.startswith("check-"):
            check_bill(size, work)
        case _ if name in EXPORTS:
            read_export(data, name, size, work)
        case _:
            sys.exit(f"no step is called {name}")


if __name__ == "__main__":
    main(
        sys.argv[1], Path(sys.argv[2]), Size(int(sys.argv[3])), Path(sys.argv[4]), Path(sys.argv[5])
    )
