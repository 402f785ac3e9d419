"""From the ledger's tables to the rows of the dataset, as a view that is read while writing.

A month is never held in memory: above a size it is made in batches of whole charges, in files.
"""

from pathlib import Path
from shutil import rmtree
from typing import Final

import duckdb

from pipelines.focus_out.services import load_words
from pipelines.queries import materialise, sql

ROWS: Final = "cost_and_usage"
"""The view `prepare` leaves: every column of every version."""

BATCH: Final = 100_000
"""Charges that are joined with their allocation at a time."""

DEALT_AT_ONCE: Final = 50_000
"""Rows held of the batches being written."""

_FOCUS_DETAILS: Final = (
    "CoreCount", "DiskMaxIops", "DiskSpace", "DiskType", "GpuCount", "InstanceType",
    "InstanceSeries", "MemorySize", "NetworkMaxIops", "NetworkMaxThroughput", "OperatingSystem",
    "Redundancy", "StorageClass",
)  # fmt: skip
"""The keys of SkuPriceDetails that 1.3 and 1.4 define. The draft of 1.5 adds ModelId and others; a
bill that has them already carries them here as x_ModelId and so on."""

_UNITS = "replace({0}::DECIMAL(38, 18)::VARCHAR, '.', '')::HUGEINT"
_MONEY = "(({0})::DECIMAL(38, 0) * 0.000000000000000001::DECIMAL(18, 18))::DECIMAL(38, 18)"
_KNOWN = ", ".join(f"'{key}'" for key in _FOCUS_DETAILS)

MACROS: Final = {
    "focus_unit(unit)": "coalesce(getvariable('focus_units')[lower(unit)], unit)",
    "plain_number(digits)": "rtrim(rtrim(digits, '0'), '.')",
    "units_of(amount)": _UNITS.format("amount"),
    # cost / quantity, both in units of 1e-18, to 1e-18, rounded down; in two divisions and within
    # bounds, so that no product leaves HUGEINT
    "unit_price(cost, quantity)": (
        "CASE WHEN cost >= 0 AND quantity > 0 AND quantity < 100000000000000000000000000000"
        " AND cost // quantity < 1000000000000000 THEN "
        + _MONEY.format(
            "cost // quantity * 1000000000000000000"
            " + cost % quantity * 1000000000 // quantity * 1000000000"
            " + cost % quantity * 1000000000 % quantity * 1000000000 // quantity"
        )
        + " END"
    ),
    # the first `mark` of 1e12 shares of a quantity, rounded towards zero
    "_share(units, mark)": (
        "units // 1000000000000 * mark + units % 1000000000000 * mark // 1000000000000"
    ),
    "_cut(units, ratio, ratio_before)": (
        "_share(units, ratio_before + ratio) - _share(units, ratio_before)"
    ),
    "part_of(quantity, ledger_quantity, ledger_part, ratio, ratio_before)": (
        "CASE WHEN quantity = ledger_quantity THEN ledger_part WHEN quantity < 0 THEN -"
        + _MONEY.format(f"_cut({_UNITS.format('abs(quantity)')}, ratio, ratio_before)")
        + " ELSE "
        + _MONEY.format(f"_cut({_UNITS.format('quantity')}, ratio, ratio_before)")
        + " END"
    ),
    "json_object_text(document)": (
        "CASE WHEN json_valid(document) AND json_type(document) = 'OBJECT' THEN document END"
    ),
    "_pointer(key)": "'/' || replace(replace(key, '~', '~0'), '/', '~1')",
    "_focus_key(key)": (
        f"CASE WHEN key IN ({_KNOWN}) OR starts_with(key, 'x_') THEN key ELSE 'x_' || key END"
    ),
    "_detail(document, key)": (
        "coalesce(document::JSON -> _pointer(key), document::JSON -> _pointer(key[3:]))"
    ),
    "focus_details(document)": (
        "CASE WHEN json_object_text(document) IS NOT NULL THEN to_json(map_from_entries("
        "list_transform("
        "list_distinct(list_transform(json_keys(document), lambda k: _focus_key(k))), "
        "lambda k: {'k': k, 'v': _detail(document, k)}"
        ")))::VARCHAR END"
    ),
    "new_tag(tags, pointer, value)": (
        "CASE WHEN value <> '' AND NOT coalesce(json_exists(tags, pointer), false) THEN value END"
    ),
}
"""Exact arithmetic and JSON that the files of `sql/focus` share."""


def prepare(
    con: duckdb.DuckDBPyConnection,
    month: str,
    charges: duckdb.DuckDBPyRelation,
    allocated: duckdb.DuckDBPyRelation,
    work: Path,
    batch_size: int = BATCH,
) -> None:
    """Leave the view `cost_and_usage`: the dataset's rows.

    `charges` and `allocated` are the month's tables in the columns of their contracts; `work` is an
    empty folder that has to stay until the rows were read.
    """
    con.execute("SET VARIABLE month = $month", {"month": month})
    for signature, body in MACROS.items():
        con.execute(f"CREATE OR REPLACE TEMP MACRO {signature} AS {body}")
    load_words(con)
    count = charges.aggregate("count(*)").fetchall()[0][0]
    batches = -(-count // batch_size)
    if batches <= 1:
        _make_rows(con, charges, allocated)
    else:
        _make_rows_in_batches(con, charges, allocated, work, batches)


def _make_rows(
    con: duckdb.DuckDBPyConnection,
    charges: duckdb.DuckDBPyRelation,
    allocated: duckdb.DuckDBPyRelation,
) -> None:
    charges.create_view("bill_charges", replace=True)
    allocated.create_view("ledger", replace=True)
    for view, name in (
        ("allocated", "focus/ledger_rows"),
        ("origin_charges", "focus/ledger_charges"),
    ):
        con.execute(f"CREATE OR REPLACE TEMP VIEW {view} AS {sql(name)}")
    for table in ("split_origins", "split_ratios"):
        materialise(con, table, f"focus/{table}")
    con.execute(f"CREATE OR REPLACE TEMP VIEW focus_charges AS {sql('focus/charges')}")
    con.execute(f"CREATE OR REPLACE TEMP VIEW {ROWS} AS {sql('focus/cost_and_usage')}")


def _make_rows_in_batches(
    con: duckdb.DuckDBPyConnection,
    charges: duckdb.DuckDBPyRelation,
    allocated: duckdb.DuckDBPyRelation,
    work: Path,
    batches: int,
) -> None:
    """Both tables are dealt into batches by their charge ids, then joined batch by batch.

    A join of a whole month would not fit into memory, and spilled it takes many times as long.
    """
    dealt = {
        "charges": (charges, "x_ChargeId"),
        "allocated": (allocated, "x_OriginChargeId"),
    }
    con.execute(f"SET partitioned_write_flush_threshold = {DEALT_AT_ONCE}")
    for name, (relation, charge_id) in dealt.items():
        batch = f'hash(source, "{charge_id}") % {batches} AS batch'
        relation.project(f"*, {batch}").create_view("dealt", replace=True)
        _copy(con, "dealt", work / name, "PARTITION_BY (batch)")
    rows = work / "rows"
    rows.mkdir()
    for number in range(batches):
        folders = [work / name / f"batch={number}" for name in dealt]
        if not folders[0].is_dir():
            continue
        parts = [
            con.read_parquet(str(folder / "*.parquet"), hive_partitioning=False)
            for folder in folders
        ]
        _make_rows(con, parts[0], parts[1])
        _copy(con, ROWS, rows / f"{number}.parquet")
        for folder in folders:
            rmtree(folder)
    made = con.read_parquet(str(rows / "*.parquet"), hive_partitioning=False)
    made.create_view("made_rows", replace=True)
    con.execute(f"CREATE OR REPLACE TEMP VIEW {ROWS} AS FROM made_rows")


def _copy(con: duckdb.DuckDBPyConnection, view: str, path: Path, options: str = "") -> None:
    # COPY binds no parameters; a quote is all that could end the text of a path.
    target = str(path).replace("'", "''")
    more = f", {options}" if options else ""
    con.execute(f"COPY (FROM {view}) TO '{target}' (FORMAT parquet{more})")
