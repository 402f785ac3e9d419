"""Lines of AWS's report as CUR 2.0 delivers them, made of the lines `builders` makes.

The columns are the 131 of an export with resources, split cost allocation, capacity reservations
and IAM principals switched on, as two public lists of a real export's manifest give them, with the
types of that manifest. Values of maps are texts, but for `discount`.
"""

import gzip
import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import duckdb
from builders import Line

from pipelines.billing.columns import plain_name
from pipelines.files import LocalFile

MAPS = ("cost_category", "discount", "product", "resource_tags", "tags")
TIMES = (
    "bill_billing_period_end_date",
    "bill_billing_period_start_date",
    "line_item_usage_end_date",
    "line_item_usage_start_date",
)
NUMBERS = (
    *("discount_bundled_discount", "discount_total_discount"),
    *("line_item_blended_cost", "line_item_net_unblended_cost", "line_item_normalization_factor"),
    *("line_item_normalized_usage_amount", "line_item_unblended_cost", "line_item_usage_amount"),
    "pricing_public_on_demand_cost",
    *(
        f"reservation_{name}"
        for name in (
            *("amortized_upfront_cost_for_usage", "amortized_upfront_fee_for_billing_period"),
            *("effective_cost", "recurring_fee_for_usage", "upfront_value"),
            *("net_amortized_upfront_cost_for_usage", "net_effective_cost"),
            *("net_amortized_upfront_fee_for_billing_period", "net_recurring_fee_for_usage"),
            *("net_unused_amortized_upfront_fee_for_billing_period", "net_unused_recurring_fee"),
            *("net_upfront_value", "unused_amortized_upfront_fee_for_billing_period"),
            *("unused_normalized_unit_quantity", "unused_quantity", "unused_recurring_fee"),
        )
    ),
    *(
        f"savings_plan_{name}"
        for name in (
            "amortized_upfront_commitment_for_billing_period",
            "net_amortized_upfront_commitment_for_billing_period",
            "net_recurring_commitment_for_billing_period",
            "net_savings_plan_effective_cost",
            "recurring_commitment_for_billing_period",
            "savings_plan_effective_cost",
            "savings_plan_rate",
            "total_commitment_to_date",
            "used_commitment",
        )
    ),
    *(
        f"split_line_item_{name}"
        for name in (
            *("actual_usage", "net_split_cost", "net_unused_cost", "public_on_demand_split_cost"),
            *("public_on_demand_unused_cost", "reserved_usage", "split_cost", "split_usage"),
            *("split_usage_ratio", "unused_cost"),
        )
    ),
)
TEXTS = (
    *("bill_bill_type", "bill_billing_entity", "bill_invoice_id", "bill_invoicing_entity"),
    *("bill_payer_account_id", "bill_payer_account_name"),
    "capacity_reservation_capacity_reservation_arn",
    "capacity_reservation_capacity_reservation_status",
    "capacity_reservation_capacity_reservation_type",
    *("identity_line_item_id", "identity_time_interval"),
    *(
        f"line_item_{name}"
        for name in (
            *("availability_zone", "blended_rate", "currency_code", "iam_principal"),
            *("legal_entity", "line_item_description", "line_item_type", "net_unblended_rate"),
            *("operation", "product_code", "resource_id", "tax_type", "unblended_rate"),
            *("usage_account_id", "usage_account_name", "usage_type", "user_identifier"),
        )
    ),
    *(
        f"pricing_{name}"
        for name in (
            *("currency", "lease_contract_length", "offering_class", "public_on_demand_rate"),
            *("purchase_option", "rate_code", "rate_id", "term", "unit"),
        )
    ),
    *(
        f"product_{name}"
        for name in (
            *("comment", "fee_code", "fee_description", "from_location", "from_location_type"),
            *("from_region_code", "instance_family", "instance_type", "instancesku", "location"),
            *("location_type", "operation", "pricing_unit", "product_family", "region_code"),
            *("servicecode", "sku", "to_location", "to_location_type", "to_region_code"),
            "usagetype",
        )
    ),
    *(
        f"reservation_{name}"
        for name in (
            *("availability_zone", "end_time", "modification_status"),
            *("normalized_units_per_reservation", "number_of_reservations", "reservation_a_r_n"),
            *("start_time", "subscription_id", "total_reserved_normalized_units"),
            *("total_reserved_units", "units_per_reservation"),
        )
    ),
    *(
        f"savings_plan_{name}"
        for name in (
            *("end_time", "instance_type_family", "offering_type", "payment_option"),
            *("purchase_term", "region", "savings_plan_a_r_n", "start_time"),
        )
    ),
    "split_line_item_parent_resource_id",
)
COLUMNS = tuple(sorted((*MAPS, *TIMES, *NUMBERS, *TEXTS)))

Row = dict[str, object]


def snake(name: str) -> str:
    """A name as AWS writes it in Parquet: `ModelVersion` is `model_version`."""
    parted = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|[^A-Za-z0-9]", "_", name)
    return re.sub(r"_+", "_", parted).strip("_").lower()


def cur2_row(line: Mapping[str, str], *, has_tags: bool = True) -> Row:
    """A legacy line as a row of CUR 2.0: maps as dictionaries, nothing as None.

    `has_tags`: whether the export has the column `tags` beside `resource_tags`.
    """
    row: Row = dict.fromkeys(COLUMNS)
    by_plain = {plain_name(name): name for name in COLUMNS}
    maps: dict[str, dict[str, str]] = {name: {} for name in MAPS}
    for name, value in line.items():
        category, _, key = name.partition("/")
        if category == "resourceTags":
            if value:
                maps["resource_tags"]["_".join(map(snake, key.split(":", 1)))] = value
                maps["tags"][f"resourceTags/{key}"] = value
        elif category == "costCategory":
            if value:
                maps["cost_category"][snake(key)] = value
                maps["tags"][name] = value
        elif plain_name(name) in by_plain:
            row[by_plain[plain_name(name)]] = value or None
        elif category == "product":
            if value:
                maps["product"][snake(key)] = value
        else:
            missing = f"CUR 2.0 has no column for {name}"
            raise AssertionError(missing)
    row |= maps
    if not has_tags:
        del row["tags"]
    return row


def parquet_file(folder: Path, rows: Sequence[Row], name: str = "shop-00001.snappy.parquet"):
    """Rows as a Parquet file with the types AWS's manifest declares: maps are maps."""

    def typed(column: str) -> str:
        if column in MAPS:
            value = "DOUBLE" if column == "discount" else "VARCHAR"
            return f'("{column}"::JSON)::MAP(VARCHAR, {value}) AS "{column}"'
        if column in TIMES:
            return f"replace(replace(\"{column}\", 'T', ' '), 'Z', '')::TIMESTAMP AS \"{column}\""
        return f'"{column}"::DOUBLE AS "{column}"' if column in NUMBERS else f'"{column}"'

    return _written(folder / name, rows, ", ".join(typed(column) for column in rows[0]))


def flat_parquet_file(folder: Path, lines: Sequence[Line], name: str = "shop-1.snappy.parquet"):
    """The legacy report's own Parquet: snake case, a column for each tag."""
    columns = list(dict.fromkeys(name for line in lines for name in line))
    rows: list[Row] = [
        {snake(column): line.get(column, "") or None for column in columns} for line in lines
    ]
    numbers = {column for column in rows[0] if column in NUMBERS}

    def typed(column: str) -> str:
        return f'"{column}"::DOUBLE AS "{column}"' if column in numbers else f'"{column}"'

    return _written(folder / name, rows, ", ".join(typed(column) for column in rows[0]))


def _written(path: Path, rows: Sequence[Row], select: str) -> LocalFile:
    path.parent.mkdir(parents=True, exist_ok=True)
    names = list(rows[0])
    with duckdb.connect() as con:
        shape = ", ".join(f'"{name}" VARCHAR' for name in names)
        con.execute(f"CREATE TABLE texts ({shape})")
        con.executemany(
            f"INSERT INTO texts VALUES ({', '.join('?' for _ in names)})",
            [[_text(row[name]) for name in names] for row in rows],
        )
        con.execute(f"COPY (SELECT {select} FROM texts) TO '{path}' (FORMAT parquet)")
    return LocalFile(str(path), path.name, path.stat().st_size, "etag")


def _text(value: object) -> str | None:
    return value if value is None or isinstance(value, str) else json.dumps(value)


def csv_file(folder: Path, rows: Sequence[Row], name: str = "shop-00001.csv.gz") -> LocalFile:
    """Rows as CSV: maps as JSON text, instants with milliseconds."""

    def field(column: str, value: object) -> str:
        text = _text(value) or ""
        if column in TIMES:
            text = text.replace("Z", ".000Z")
        return '"' + text.replace('"', '""') + '"' if "," in text or '"' in text else text

    text = "\n".join(
        [
            ",".join(rows[0]),
            *(",".join(field(column, value) for column, value in row.items()) for row in rows),
            "",
        ]
    )
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_bytes(gzip.compress(text.encode(), mtime=0))
    return LocalFile(str(path), name, path.stat().st_size, "etag")
