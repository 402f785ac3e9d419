"""Google Cloud's billing export: its columns, its credits, and what its commitments cover.

Read are the standard and the detailed usage cost export (tables `gcp_billing_export_v1_*` and
`gcp_billing_export_resource_v1_*`), taken out of BigQuery as Parquet or JSON lines with nested
records, or as CSV with flattened headers (`invoice.month`) and JSON or Python text in the repeated
fields. Google's own FOCUS table is the format "focus". Decisions, with their reasons:

- **Billing month** is `invoice.month`, never a timestamp: late usage and corrections are on a later
  invoice. Its period is given as Google draws it, midnight to midnight Pacific time. **Charge
  month** is the month of `usage_start_time` in UTC like everywhere in this project, so that usage
  of the last Pacific evening of a month has the next charge month, by seven or eight hours.
- **Billed** is `cost` plus the credits that are a lower price, each added once per line (a join
  with the credits would count the cost once for each of them). A file without credits would show a
  bill that is too high, and is refused.
- **Credits that are a lower price** stay in the line: FREE_TIER (usage below a limit is free),
  SUSTAINED_USAGE_DISCOUNT, DISCOUNT and SPENDING_BASED_DISCOUNT (earned by spending),
  RESELLER_MARGIN (the reseller's discount on each eligible line), COMMITTED_USAGE_DISCOUNT
  (of resources), COMMITTED_USAGE_DISCOUNT_DOLLAR_BASE and SUBSCRIPTION_BENEFIT (of spend: both are
  earned by a fee of their own) and FEE_UTILIZATION_OFFSET (on a commitment's fee). **PROMOTION** is
  "a form of payment" in Google's words; it, CREDIT_TYPE_UNSPECIFIED (which Google's reports show
  beside it) and every type not known here become charges of their own (ChargeCategory Credit, part
  `credit-N`, billed and effective the amount, listed and contracted 0), so that what was paid with
  stays visible.
  Exports from before September 2020 give credits no type: their names tell it.
- **ListCost** is `cost_at_list`; without it `cost` stands in, counted. **ContractedCost** is what
  the line costs before commitments: `cost`, or `cost_at_effective_price_default` where a
  consumption model has already lowered the price. Fees of commitments list and contract 0: what
  they cover shows both.
- **Commitments, old model**: usage is charged in full and lowered by a credit, the fee is a line of
  its own (SKU `Commitment ...`). The fee's line is a Purchase with effective cost 0; the usage
  carries its share of the fee in proportion to its credits, in the smallest unit; what is left
  stays as part `unused` of the fee's line. A fee Google has attributed (label
  `goog-originating-sku-id`) was used by that SKU; a fee without the label was unused if others of
  the commitment have it. Where nothing is attributed, use is proven from quantities: of a spend
  commitment the credits in US dollars against a hundredth of the fee's pricing units (Google's own
  measure of utilisation), of a resource commitment the covered amount of usage against the
  committed one, by region, machine series and kind. What cannot be compared stays unused; a warning
  says how much. All of it is pooled over the invoice month: within a commitment the fee of one unit
  of credit is the same in every hour.
- **Commitments, new model**: usage is charged at the committed price under a `consumption_model`
  other than Default, and a FEE_UTILIZATION_OFFSET takes the used part from the fee's line. What it
  leaves is the unused part. The models are told by these fields, never by date.
- **Corrections**: usage of a month before the invoice's (Pacific time) with an `adjustment_info`
  of a correcting type. Goodwill and the like are no corrections.
- **Tags**: labels keep their keys (`goog-k8s-cluster-name`, `k8s-namespace` too), resource manager
  tags are `tag/KEY`, labels of the project `project/KEY`: three sources never meet under one key.
- **Exactness**: DuckDB reads a JSON number through a double (0.123456789012345678901 loses its
  last digits), so the numbers of credits and usage are turned into texts before they are read.

Not read: unit prices (whether they are in the currency of the line is not documented), quantities
of commitments.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Final

import duckdb

from pipelines.billing.columns import Column, Header, plain_name
from pipelines.billing.formats import Bill, BillFormat, RawText
from pipelines.billing.gcp_text import MACROS
from pipelines.billing.raw_text import duckdb_text, read_raw_text
from pipelines.errors import BillUnreadable
from pipelines.files import LocalFile
from pipelines.money import EXACT, SCALE, plain, quantise
from pipelines.queries import load, materialise, query, rows_of, sql
from pipelines.settings import BillSource

COLUMNS: tuple[Column, ...] = (
    Column("invoice_month", "invoice.month", is_core=True, aliases=("invoice",)),
    Column("billing_account_id", "billing_account_id"),
    Column("cost_type", "cost_type"),
    Column("service_id", "service.id"),
    Column("service_description", "service.description"),
    Column("sku_id", "sku.id"),
    Column("sku_description", "sku.description"),
    Column("usage_start", "usage_start_time", "instant", is_core=True),
    Column("usage_end", "usage_end_time", "instant"),
    Column("project_id", "project.id"),
    Column("project_name", "project.name"),
    Column("project_labels", "project.labels"),
    Column("labels", "labels", "json"),
    Column("system_labels", "system_labels", "json"),
    Column("resource_tags", "tags", "json"),
    Column("location", "location.location"),
    Column("region", "location.region"),
    Column("zone", "location.zone"),
    Column("resource_name", "resource.name"),
    Column("resource_global_name", "resource.global_name"),
    Column("cost", "cost", "money", is_core=True),
    Column("currency", "currency", is_core=True),
    Column("conversion_rate", "currency_conversion_rate", "quantity"),
    Column("usage_amount", "usage.amount"),
    Column("usage_unit", "usage.unit"),
    Column("pricing_amount", "usage.amount_in_pricing_units"),
    Column("pricing_unit", "usage.pricing_unit"),
    Column(
        "credits",
        "credits",
        "json",
        is_core=True,
        absence=(
            "`cost` is before credits, so that the bill would be too high by every discount, free "
            "tier, commitment and promotion. Export the table again with its column credits (to "
            "CSV as TO_JSON_STRING(credits))"
        ),
    ),
    Column("adjustment_id", "adjustment_info.id"),
    Column("adjustment_type", "adjustment_info.type"),
    Column("adjustment_mode", "adjustment_info.mode"),
    Column("cost_at_list", "cost_at_list", "money"),
    Column("default_cost", "cost_at_effective_price_default", "money"),
    Column("tier_start", "price.tier_start_amount"),
    Column("transaction_type", "transaction_type"),
    Column("seller_name", "seller_name"),
    Column("subscription_id", "subscription.instance_id"),
    Column("model_id", "consumption_model.id"),
    Column("model_description", "consumption_model.description"),
    Column("export_time", "export_time"),
    # Whole records, where the export is nested: `flat_text` fills the fields above from them.
    Column("service_record", "service", "json"),
    Column("sku_record", "sku", "json"),
    Column("project_record", "project", "json"),
    Column("location_record", "location", "json"),
    Column("resource_record", "resource", "json"),
    Column("usage_record", "usage", "json"),
    Column("adjustment_info_record", "adjustment_info", "json"),
    Column("price_record", "price", "json"),
    Column("subscription_record", "subscription", "json"),
    Column("consumption_model_record", "consumption_model", "json"),
)

RECORDS: Final = frozenset(
    {"invoice"} | {column.header for column in COLUMNS if column.name.endswith("_record")}
)
"""The names of columns that hold a whole record."""

MAX_WEIGHT: Final = 10**18
"""The weights of a pool add up to less, so that every product stays inside a HUGEINT."""


def stage(
    con: duckdb.DuckDBPyConnection,
    source: BillSource,
    month: str,
    files: Sequence[LocalFile],
    work: Path,
) -> RawText:
    """The text of the files; the records of a nested export are taken apart once, for all readers.

    Raises:
        BillUnreadable: see `pipelines.billing.raw_text.read_raw_text`.
    """
    raw = read_raw_text(con, FORMAT, source.name, month, files, work)
    if any(_is_nested(header) for header in raw.headers.values()):
        path = duckdb_text(str(work / "flat.parquet"))
        con.execute(f"COPY ({sql('billing/gcp/flat_text')}) TO {path} (FORMAT parquet)")
        con.execute(f"CREATE OR REPLACE TEMP VIEW raw_text AS SELECT * FROM read_parquet({path})")
    return raw


def _is_nested(header: Header) -> bool:
    """Whether a file has a column that holds a whole record."""
    records = {plain_name(name) for name in RECORDS}
    return any(plain_name(name) in records for name in header.names)


def prepare(bill: Bill) -> None:
    """Read labels and credits; decide how much of each commitment's fee was used, and by what.

    Raises:
        BillUnreadable: an account's month is there twice, as standard and as detailed export.
    """
    con = bill.con
    _stop_at_both_exports(bill)
    materialise(con, "gcp_label_texts", "billing/gcp/label_texts")
    materialise(con, "gcp_credits", "billing/gcp/credits")
    materialise(con, "gcp_noted_lines", "billing/gcp/noted_lines")
    materialise(con, "gcp_members", "billing/gcp/members")
    load(con, "gcp_pools", _POOLS, _pools(bill))
    materialise(con, "gcp_shares", "billing/gcp/shares")
    materialise(con, "gcp_parts", "billing/gcp/parts")
    for currency, unknown, lines, money in query(con, "billing/gcp/unknown_credits").fetchall():
        bill.warnings.append(
            f"{bill.where} credits of type {unknown!r} are not known here, kept as charges of "
            f"their own: {lines} lines, {plain(money)} {currency}."
        )


def _is_detailed(header: Header) -> bool | None:
    """Whether a file is a detailed export, which names resources; None where nothing tells.

    A header made of JSON lines has every name that is looked for.
    """
    names = {plain_name(name) for name in header.names}
    flat = "resourcename" in names or "resourceglobalname" in names
    if "resource" in names and flat:
        return None
    return "resource" in names or flat


def _stop_at_both_exports(bill: Bill) -> None:
    """The detailed export repeats the standard one, line by line of another key."""
    if bill.source.repeated_lines == "keep":
        return
    kinds = {name: _is_detailed(header) for name, header in bill.raw.headers.items()}
    seen: dict[tuple[str, bool], str] = {}
    for account, file, _ in query(bill.con, "billing/gcp/account_files").fetchall():
        kind = kinds[file]
        if kind is None:
            continue
        seen.setdefault((account, kind), file)
        if other := seen.get((account, not kind)):
            detailed, standard = (file, other) if kind else (other, file)
            raise BillUnreadable(
                bill.source.name,
                bill.month,
                f"billing account {account} is charged in a standard export ({standard}) and in a "
                f"detailed one ({detailed}), which repeats it: every cost would be counted twice. "
                'Keep one of them in `path`, or state `repeated_lines = "keep"`',
                f"{standard} and {detailed}",
            )


_POOLS: Final = {
    "pool": "VARCHAR",
    "side": "VARCHAR",
    "used": "DECIMAL(38,18)",
    "is_whole": "BOOLEAN",
    "divisor": "HUGEINT",
}


@dataclass
class _Pool:
    """The fees and the covered usage of one pool: who shares what."""

    currency: str
    is_attributed: bool
    use: str
    fee: Decimal = Decimal(0)
    fee_lines: int = 0
    weight: Decimal = Decimal(0)
    sizes: dict[str, Decimal] = field(default_factory=dict)
    """Of each side the sum of its amounts without sign: what the weights are scaled by."""
    committed: Decimal = Decimal(0)
    covered: Decimal = Decimal(0)
    units: set[str | None] = field(default_factory=set)

    def used(self) -> Decimal:
        """The part of the fee that is told, or proven, to have been used."""
        if self.fee <= 0 or self.weight <= 0:
            return Decimal(0)
        if self.is_attributed:
            return self.fee
        if self.committed <= 0 or len(self.units) != 1 or None in self.units:
            return Decimal(0)
        share = EXACT.multiply(self.fee, min(self.covered, self.committed))
        return quantise(EXACT.divide(share, self.committed))


def _pools(bill: Bill) -> list[dict[str, object]]:
    """How much of each pool's fee is used, with a warning where the export does not say so."""
    pools: dict[str, _Pool] = {}
    for row in rows_of(query(bill.con, "billing/gcp/pools")):
        pool = pools.setdefault(
            row["pool"], _Pool(row["currency"], row["is_attributed"], row["use"])
        )
        pool.sizes[row["side"]] = EXACT.add(pool.sizes.get(row["side"], Decimal(0)), row["size"])
        pool.units.add(row["unit"])
        quantity = row["quantity"]
        if row["side"] == "fee":
            pool.fee = EXACT.add(pool.fee, row["money"])
            pool.fee_lines += row["lines"]
            pool.committed = EXACT.add(pool.committed, quantity)
        else:
            pool.weight = EXACT.add(pool.weight, row["money"])
            pool.covered = EXACT.add(pool.covered, quantity)
    _warn_of_unproven_use(bill, pools)
    return [
        {
            "pool": name,
            "side": side,
            "used": plain(pool.used()),
            "is_whole": pool.used() == pool.fee,
            "divisor": str(-(-int(size.scaleb(SCALE, EXACT)) // MAX_WEIGHT) or 1),
        }
        for name, pool in pools.items()
        for side, size in pool.sizes.items()
        if pool.fee_lines
    ]


def _warn_of_unproven_use(bill: Bill, pools: Mapping[str, _Pool]) -> None:
    for currency in sorted({pool.currency for pool in pools.values()}):
        here = [p for p in pools.values() if p.currency == currency and p.fee_lines]
        untold = [p for p in here if not p.is_attributed]
        if untold:
            fees = sum((p.fee for p in untold), Decimal(0))
            used = sum((p.used() for p in untold), Decimal(0))
            bill.warnings.append(
                f"{bill.where} {sum(p.fee_lines for p in untold)} fee lines of commitments do not "
                f"say what used them (no label goog-originating-sku-id): of {plain(fees)} "
                f"{currency} the use of {plain(used)} {currency} is proven from quantities, the "
                "rest is kept as unused."
            )
        alone = [p for p in here if p.is_attributed and p.used() != p.fee]
        if alone:
            fees = sum((p.fee for p in alone), Decimal(0))
            bill.warnings.append(
                f"{bill.where} {sum(p.fee_lines for p in alone)} fee lines of commitments name "
                f"usage that has no credit in this bill: {plain(fees)} {currency} are kept as "
                "unused."
            )


FORMAT = BillFormat(
    name="gcp",
    folder="gcp",
    columns=COLUMNS,
    prepare=prepare,
    macros=MACROS,
    stage=stage,
    billing_period="invoice_month",
)
