"""Google Cloud billing exports in every shape they are taken out of BigQuery, from the same lines.

A line is a record of the detailed export's documented schema; tests name only what matters to them.
"""

import csv
import gzip
import io
import json
from collections.abc import Mapping, Sequence
from copy import deepcopy
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
from billing_reading import charges

from pipelines.billing.reader import BillTables, read_bill
from pipelines.contracts import BASES
from pipelines.files import LocalFile
from pipelines.settings import BillSource

Line = dict[str, Any]
MONTH = "2026-09"

LINE: Line = {
    "billing_account_id": "01AAAA-02BBBB-03CCCC",
    "invoice": {"month": "202609", "publisher_type": "GOOGLE"},
    "cost_type": "regular",
    "service": {"id": "6F81-5844-456A", "description": "Compute Engine"},
    "sku": {"id": "CORE", "description": "N2 Instance Core running in Americas"},
    "usage_start_time": "2026-09-02 10:00:00 UTC",
    "usage_end_time": "2026-09-02 11:00:00 UTC",
    "project": {
        "id": "shop",
        "number": "123456",
        "name": "The shop",
        "labels": [],
        "ancestry_numbers": "/1/2/",
        "ancestors": [{"resource_name": "projects/123456", "display_name": "The shop"}],
    },
    "labels": [],
    "system_labels": [],
    "location": {"location": "us-central1", "country": "US", "region": "us-central1", "zone": None},
    "export_time": "2026-09-03 01:02:03.456789 UTC",
    "cost": 1.5,
    "currency": "USD",
    "currency_conversion_rate": 1.0,
    "usage": {
        "amount": 3600.0,
        "unit": "seconds",
        "amount_in_pricing_units": 1.0,
        "pricing_unit": "hour",
    },
    "credits": [],
    "adjustment_info": {"id": None, "description": None, "mode": None, "type": None},
    "tags": [],
    "cost_at_list": 2.0,
    "transaction_type": "GOOGLE",
    "seller_name": None,
    "resource": {"name": None, "global_name": None},
    "subscription": {"instance_id": None},
    "price": {"effective_price": "1.5", "tier_start_amount": "0", "unit": "hour"},
    "cost_at_effective_price_default": 1.5,
    "consumption_model": {"id": "7754-699E-0EBF", "description": "Default"},
}
"""An hour of a core that costs 1.50 and lists at 2.00."""

_PAIRS = "STRUCT(key VARCHAR, value VARCHAR)[]"
_KINDS = {
    "invoice": "STRUCT(month VARCHAR, publisher_type VARCHAR)",
    "service": "STRUCT(id VARCHAR, description VARCHAR)",
    "sku": "STRUCT(id VARCHAR, description VARCHAR)",
    "usage_start_time": "TIMESTAMPTZ",
    "usage_end_time": "TIMESTAMPTZ",
    "project": (
        f"STRUCT(id VARCHAR, number VARCHAR, name VARCHAR, labels {_PAIRS}, "
        "ancestry_numbers VARCHAR, "
        "ancestors STRUCT(resource_name VARCHAR, display_name VARCHAR)[])"
    ),
    "labels": _PAIRS,
    "system_labels": _PAIRS,
    "location": "STRUCT(location VARCHAR, country VARCHAR, region VARCHAR, zone VARCHAR)",
    "export_time": "TIMESTAMPTZ",
    "cost": "DOUBLE",
    "currency_conversion_rate": "DOUBLE",
    "usage": (
        "STRUCT(amount DOUBLE, unit VARCHAR, amount_in_pricing_units DOUBLE, pricing_unit VARCHAR)"
    ),
    "credits": (
        "STRUCT(name VARCHAR, amount DOUBLE, full_name VARCHAR, id VARCHAR, type VARCHAR)[]"
    ),
    "adjustment_info": "STRUCT(id VARCHAR, description VARCHAR, mode VARCHAR, type VARCHAR)",
    "tags": "STRUCT(key VARCHAR, value VARCHAR, inherited BOOLEAN, namespace VARCHAR)[]",
    "cost_at_list": "DOUBLE",
    "resource": "STRUCT(name VARCHAR, global_name VARCHAR)",
    "subscription": "STRUCT(instance_id VARCHAR)",
    "price": (
        "STRUCT(effective_price DECIMAL(38,9), tier_start_amount DECIMAL(38,9), unit VARCHAR)"
    ),
    "cost_at_effective_price_default": "DECIMAL(38,9)",
    "consumption_model": "STRUCT(id VARCHAR, description VARCHAR)",
}


def line(cost: float | str = 1.5, **changes: Any) -> Line:
    """A line that costs `cost`; `sku__id="X"` changes a field of a record, `sku=...` all of it."""
    made = deepcopy(LINE)
    made["cost"] = cost
    for name, value in changes.items():
        record, _, field = name.partition("__")
        if field:
            made[record][field] = value
        else:
            made[record] = value
    return made


def credit(amount: float | str, kind: str | None = "PROMOTION", **more: Any) -> Line:
    """A credit of an amount and a type."""
    return {"name": "a credit", "amount": amount, "full_name": "", "id": "C", "type": kind, **more}


def labels(**pairs: str) -> list[Line]:
    """Labels by key; `__` stands for a hyphen, which no Python name holds."""
    return [{"key": key.replace("__", "-"), "value": value} for key, value in pairs.items()]


def csv_text(lines: Sequence[Line], *, python: bool = False) -> str:
    """Flattened headers, with JSON or Python text where the export repeats fields."""
    flat = [_flattened(one, repr if python else json.dumps) for one in lines]
    names = list(dict.fromkeys(name for one in flat for name in one))
    out = io.StringIO()
    writer = csv.DictWriter(out, names, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(flat)
    return out.getvalue()


def _flattened(record: Mapping[str, Any], as_text: Any, prefix: str = "") -> dict[str, str]:
    flat: dict[str, str] = {}
    for name, value in record.items():
        if isinstance(value, dict):
            flat |= _flattened(value, as_text, f"{prefix}{name}.")
        elif isinstance(value, list):
            flat[prefix + name] = as_text(value)
        else:
            flat[prefix + name] = "" if value is None else str(value)
    return flat


def file_of(folder: Path, name: str, text: str) -> LocalFile:
    """One delivered file of this very text, packed if its name says so."""
    folder.mkdir(parents=True, exist_ok=True)
    data = text.encode()
    path = folder / name
    path.write_bytes(gzip.compress(data, mtime=0) if name.endswith(".gz") else data)
    return LocalFile(str(path), name, path.stat().st_size, "etag")


def csv_file(folder: Path, lines: Sequence[Line], *, python: bool = False) -> LocalFile:
    """The lines as CSV."""
    return file_of(folder, "bill.csv", csv_text(lines, python=python))


def record_csv_file(folder: Path, lines: Sequence[Line]) -> LocalFile:
    """The lines as CSV with whole records as Python text, as data frames are written."""
    out = io.StringIO()
    writer = csv.DictWriter(out, list(lines[0]), lineterminator="\n")
    writer.writeheader()
    for one in lines:
        nested = {k: repr(v) if isinstance(v, dict | list) else v for k, v in one.items()}
        writer.writerow(nested)
    return file_of(folder, "bill.csv", out.getvalue())


def json_file(folder: Path, lines: Sequence[Line], name: str = "bill.json") -> LocalFile:
    """The lines as BigQuery writes JSON: fields without a value are left out."""
    return file_of(folder, name, "".join(json.dumps(_said(one)) + "\n" for one in lines))


def _said(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _said(part) for name, part in value.items() if part is not None}
    return [_said(part) for part in value] if isinstance(value, list) else value


def parquet_file(folder: Path, lines: Sequence[Line], **kinds: str) -> LocalFile:
    """The lines as nested Parquet; `kinds` are other types of columns than BigQuery's."""
    source = file_of(folder, "lines.json", "".join(json.dumps(one) + "\n" for one in lines))
    path = folder / "bill.parquet"
    columns = {name: {**_KINDS, **kinds}.get(name, "VARCHAR") for name in lines[0]}
    listed = ", ".join(f"\"{name}\": '{kind}'" for name, kind in columns.items())
    with duckdb.connect() as con:
        con.execute("SET TimeZone = 'UTC'")
        con.execute(
            f"COPY (SELECT * FROM read_json('{source.path}', format = 'newline_delimited', "
            f"columns = {{{listed}}})) TO '{path}' (FORMAT parquet)"
        )
    return LocalFile(str(path), path.name, path.stat().st_size, "etag")


def read_gcp(
    folder: Path, bill: Sequence[Line] | Sequence[LocalFile], month: str = MONTH
) -> BillTables:
    """Read an export given as lines or as files."""
    files = [item for item in bill if isinstance(item, LocalFile)]
    files = files or [json_file(folder / "in", [item for item in bill if isinstance(item, dict)])]
    with duckdb.connect() as con:
        tables = read_bill(
            con,
            BillSource(name="google", path="bills", format="gcp"),
            month,
            files,
            folder / "work",
            month_is_told=False,
        )
    assert_adds_up(tables)
    return tables


def assert_adds_up(tables: BillTables) -> None:
    """Every basis and currency of the charges is what the text of the export sums to, exactly."""
    made = charges(tables)
    exported = pl.read_parquet(tables.export_totals)
    for basis in BASES:
        for (currency,), part in made.group_by("BillingCurrency"):
            of_text = exported.filter(
                (pl.col("basis") == basis) & (pl.col("BillingCurrency") == currency)
            )
            assert part[basis].sum() == of_text["export_total"].sum()


def parts(tables: BillTables, *columns: str) -> list[tuple[Any, ...]]:
    """Some columns of the charges, in the order of the lines, a line's own charge first."""
    frame = charges(tables).sort("x_SourceFile", "x_SourceLine", "x_ChargeId")
    return frame.select(columns).rows()
