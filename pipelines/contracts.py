"""Every table of the lake: its columns, types, key and grain, in one place.

The lake creates tables from these and compares every frame with them before a write; Dagster shows
them as column schemas; the tests hold them against what the SQL returns. Columns named by FOCUS 1.3
keep FOCUS's PascalCase (`x_` marks facts FOCUS has no name for); columns of ours are snake_case.

Conventions: instants are UTC without a zone; money is DECIMAL(38,18) in the row's own
`BillingCurrency` or `currency`; counts are BIGINT; every table is partitioned by `billing_month`,
the month whose run wrote the row.
"""

from dataclasses import dataclass
from typing import Final

import polars as pl

from pipelines.errors import ContractBroken
from pipelines.money import POLARS_TYPE, SQL_TYPE

TEXT, COUNT, MONEY, INSTANT, FLAG = "VARCHAR", "BIGINT", SQL_TYPE, "TIMESTAMP", "BOOLEAN"
QUANTITY = SQL_TYPE
"""Quantities are exact decimals too, so that they can ride through the same shares as money."""

POLARS_TYPES: Final[dict[str, pl.DataType]] = {
    TEXT: pl.String(),
    COUNT: pl.Int64(),
    MONEY: POLARS_TYPE,
    INSTANT: pl.Datetime("us"),
    FLAG: pl.Boolean(),
}

BASES: Final = ("BilledCost", "EffectiveCost", "ContractedCost", "ListCost")
"""The four cost bases of FOCUS, in the order every table carries them."""

BUCKETS: Final = (
    "model_version",
    "model",
    "shared_pool",
    "idle",
    "commitment",
    "overhead",
    "unattributed",
    "not_ai",
)
"""Where an allocated row ends. A partition: every cent is in exactly one."""

COMPONENTS: Final = ("training", "inference", "storage", "update")
"""The four-tuple of the source articles; NULL outside the model buckets, `idle` keeps its own."""

ELEMENTS: Final = (
    "hardware",
    "bandwidth",
    "managed_api",
    "software",
    "marketplace",
    "labour",
    "energy",
    "adjustment",
)
METHODS: Final = ("direct", "usage", "policy", "not_measured")


@dataclass(frozen=True)
class Contract:
    """One table: what a row is (`grain`), its columns in order, and which of them form the key."""

    name: str
    grain: str
    columns: dict[str, str]
    key: tuple[str, ...]
    required: tuple[str, ...] = ()
    """Columns that are never NULL, beside the key."""

    @property
    def polars_schema(self) -> pl.Schema:
        """The columns as polars types, in order."""
        return pl.Schema({name: POLARS_TYPES[kind] for name, kind in self.columns.items()})

    def empty(self) -> pl.DataFrame:
        """A frame of this table without rows."""
        return pl.DataFrame(schema=self.polars_schema)

    def select_list(self) -> str:
        """The columns as a SQL select list with casts, for the last SELECT before a write."""
        return ", ".join(f'"{name}"::{kind} AS "{name}"' for name, kind in self.columns.items())


def require(frame: pl.DataFrame, contract: Contract) -> pl.DataFrame:
    """The frame with the contract's columns in order, if it keeps the contract.

    Raises:
        ContractBroken: columns missing or surplus, another type, NULL where none may be, or a key
            that occurs twice. Nothing is cast: a type that differs is a bug upstream.
    """
    wanted = contract.polars_schema
    missing = [name for name in wanted if name not in frame.columns]
    surplus = [name for name in frame.columns if name not in wanted]
    if missing or surplus:
        raise ContractBroken(contract.name, f"missing columns {missing}, surplus columns {surplus}")
    for name, kind in wanted.items():
        if frame.schema[name] != kind:
            raise ContractBroken(
                contract.name, f"column {name} is {frame.schema[name]}, the contract says {kind}"
            )
    for name in (*contract.key, *contract.required):
        if nulls := frame[name].null_count():
            raise ContractBroken(contract.name, f"column {name} is NULL in {nulls} rows")
    keys = frame.select(contract.key)
    if doubled := keys.height - keys.n_unique():
        raise ContractBroken(
            contract.name, f"{doubled} rows repeat the key ({', '.join(contract.key)})"
        )
    return frame.select(list(wanted))


_COSTS = dict.fromkeys(BASES, MONEY)

CHARGES = Contract(
    name="core_billing__charges",
    grain="one charge of a provider's bill, FOCUS 1.3 names",
    columns={
        "billing_month": TEXT,
        "charge_month": TEXT,
        "source": TEXT,
        "x_ChargeId": TEXT,
        "ServiceProviderName": TEXT,
        "HostProviderName": TEXT,
        "InvoiceIssuerName": TEXT,
        "InvoiceId": TEXT,
        "BillingAccountId": TEXT,
        "BillingAccountName": TEXT,
        "SubAccountId": TEXT,
        "SubAccountName": TEXT,
        "BillingCurrency": TEXT,
        "BillingPeriodStart": INSTANT,
        "BillingPeriodEnd": INSTANT,
        "ChargePeriodStart": INSTANT,
        "ChargePeriodEnd": INSTANT,
        "ChargeCategory": TEXT,
        "ChargeClass": TEXT,
        "ChargeFrequency": TEXT,
        "ChargeDescription": TEXT,
        "ServiceCategory": TEXT,
        "ServiceSubcategory": TEXT,
        "ServiceName": TEXT,
        "ResourceId": TEXT,
        "ResourceName": TEXT,
        "ResourceType": TEXT,
        "RegionId": TEXT,
        "RegionName": TEXT,
        "AvailabilityZone": TEXT,
        "SkuId": TEXT,
        "SkuMeter": TEXT,
        "SkuPriceId": TEXT,
        "SkuPriceDetails": TEXT,
        "PricingCategory": TEXT,
        "PricingCurrency": TEXT,
        "PricingQuantity": QUANTITY,
        "PricingUnit": TEXT,
        "ListUnitPrice": MONEY,
        "ContractedUnitPrice": MONEY,
        "CommitmentDiscountCategory": TEXT,
        "CommitmentDiscountId": TEXT,
        "CommitmentDiscountName": TEXT,
        "CommitmentDiscountType": TEXT,
        "CommitmentDiscountStatus": TEXT,
        "CommitmentDiscountQuantity": QUANTITY,
        "CommitmentDiscountUnit": TEXT,
        "CapacityReservationId": TEXT,
        "CapacityReservationStatus": TEXT,
        "ConsumedQuantity": QUANTITY,
        "ConsumedUnit": TEXT,
        "BilledCost": MONEY,
        "EffectiveCost": MONEY,
        "ContractedCost": MONEY,
        "ListCost": MONEY,
        "Tags": TEXT,
        "AllocatedMethodId": TEXT,
        "AllocatedMethodDetails": TEXT,
        "AllocatedResourceId": TEXT,
        "AllocatedResourceName": TEXT,
        "AllocatedTags": TEXT,
        "x_LineItemType": TEXT,
        "x_ServiceCode": TEXT,
        "x_UsageType": TEXT,
        "x_Operation": TEXT,
        "x_InstanceType": TEXT,
        "x_ProductFamily": TEXT,
        "x_PrincipalId": TEXT,
        "x_CredentialId": TEXT,
        "x_SourceFile": TEXT,
        "x_SourceLine": COUNT,
    },
    key=("source", "x_ChargeId"),
    required=(
        "billing_month",
        "charge_month",
        "ServiceProviderName",
        "InvoiceIssuerName",
        "BillingCurrency",
        "ChargePeriodStart",
        "ChargePeriodEnd",
        "ChargeCategory",
        "ServiceName",
        *BASES,
    ),
)

SPLIT_SHARES = Contract(
    name="core_billing__split_shares",
    grain="one container split row (EKS pod, ECS task): a share of its parent's charge, no money",
    columns={
        "billing_month": TEXT,
        "source": TEXT,
        "x_ShareId": TEXT,
        "BillingCurrency": TEXT,
        "SubAccountId": TEXT,
        "ChargePeriodStart": INSTANT,
        "ChargePeriodEnd": INSTANT,
        "ResourceId": TEXT,
        "x_ParentResourceId": TEXT,
        "x_UsageType": TEXT,
        "x_Operation": TEXT,
        "Tags": TEXT,
        "used_cost": MONEY,
        "unused_cost": MONEY,
        "x_SourceFile": TEXT,
        "x_SourceLine": COUNT,
    },
    key=("source", "x_ShareId"),
    required=("billing_month", "x_ParentResourceId", "used_cost", "unused_cost"),
)

BILL_FILES = Contract(
    name="core_billing__files",
    grain="one delivered file of a bill: what was read, kept, rejected and rounded",
    columns={
        "billing_month": TEXT,
        "source": TEXT,
        "file": TEXT,
        "size_bytes": COUNT,
        "etag": TEXT,
        "lines_read": COUNT,
        "charges": COUNT,
        "split_rows": COUNT,
        "other_months": COUNT,
        "left_out": COUNT,
        "rejects": COUNT,
        "without_invoice": COUNT,
        "rounding": MONEY,
    },
    key=("source", "file"),
    required=(
        "billing_month",
        "lines_read",
        "charges",
        "split_rows",
        "other_months",
        "left_out",
        "rejects",
        "without_invoice",
        "rounding",
    ),
)

BILL_REJECTS = Contract(
    name="core_billing__rejects",
    grain="one field of a bill line that could not be read: line-stopping or set to NULL",
    columns={
        "billing_month": TEXT,
        "source": TEXT,
        "file": TEXT,
        "line": COUNT,
        "column_name": TEXT,
        "value": TEXT,
        "reason": TEXT,
        "is_fatal": FLAG,
    },
    key=("source", "file", "line", "column_name"),
    required=("billing_month", "reason", "is_fatal"),
)

EXPORT_TOTALS = Contract(
    name="core_billing__export_totals",
    grain="source x payer x invoice x issuer x currency x basis, summed from the raw text",
    columns={
        "billing_month": TEXT,
        "source": TEXT,
        "BillingAccountId": TEXT,
        "InvoiceId": TEXT,
        "InvoiceIssuerName": TEXT,
        "BillingCurrency": TEXT,
        "basis": TEXT,
        "lines": COUNT,
        "export_total": MONEY,
        "rounding": MONEY,
    },
    key=(
        "source",
        "BillingAccountId",
        "InvoiceId",
        "InvoiceIssuerName",
        "BillingCurrency",
        "basis",
    ),
    required=("billing_month", "lines", "export_total", "rounding"),
)

USAGE = Contract(
    name="core_inference__usage",
    grain=(
        "hour x source x provider x account x region x resource x model x version x operation "
        "x tenant x use case x tier x batch x status x grain x counted x currencies"
    ),
    columns={
        "billing_month": TEXT,
        "hour": INSTANT,
        "source": TEXT,
        "provider": TEXT,
        "account_id": TEXT,
        "region": TEXT,
        "resource_id": TEXT,
        "model": TEXT,
        "model_version": TEXT,
        "operation": TEXT,
        "tenant": TEXT,
        "use_case": TEXT,
        "service_tier": TEXT,
        "is_batch": FLAG,
        "status": TEXT,
        "grain": TEXT,
        "is_counted": FLAG,
        "reported_currency": TEXT,
        "list_currency": TEXT,
        "requests": COUNT,
        "requests_estimated": COUNT,
        "input_tokens": COUNT,
        "input_tokens_cache_read": COUNT,
        "input_tokens_cache_write": COUNT,
        "output_tokens": COUNT,
        "output_tokens_reasoning": COUNT,
        "images": COUNT,
        "gpu_microseconds": COUNT,
        "gpu_held_microseconds": COUNT,
        "vcpu_milliseconds": COUNT,
        "memory_gib_milliseconds": COUNT,
        "requests_with_tokens": COUNT,
        "requests_with_gpu_time": COUNT,
        "reported_cost": MONEY,
        "list_cost": MONEY,
        "requests_priced": COUNT,
    },
    key=(
        "hour",
        "source",
        "provider",
        "account_id",
        "region",
        "resource_id",
        "model",
        "model_version",
        "operation",
        "tenant",
        "use_case",
        "service_tier",
        "is_batch",
        "status",
        "grain",
        "is_counted",
        "reported_currency",
        "list_currency",
    ),
    required=(
        "billing_month",
        "requests",
        "requests_estimated",
        "requests_with_tokens",
        "requests_with_gpu_time",
        "requests_priced",
    ),
)
"""Text columns of the key are '' where the record had none: a key holds no NULL.

Token sums and GPU time are NULL where no request of the group was measured, never 0 for unknown.

grain: `request` | `bucket` | `counter` | `sample` | `allocation`; what is no single request lies in
the hours it covers. Requests and tokens are summed over `is_counted` rows only: the others were
counted in a better source and are kept to be compared. GPU, CPU and memory time stands on its own.
`requests_estimated` of the `requests` were scaled up from a sample. `reported_cost` is what the
logger reckoned, `list_cost` what the price books list for the tokens of `requests_priced` of the
requests: both predictions, never added to spend."""

LOG_FILES = Contract(
    name="core_inference__files",
    grain="one log file: what was read, kept, de-duplicated and rejected",
    columns={
        "billing_month": TEXT,
        "source": TEXT,
        "file": TEXT,
        "size_bytes": COUNT,
        "etag": TEXT,
        "lines_read": COUNT,
        "records": COUNT,
        "requests": COUNT,
        "duplicates": COUNT,
        "outside_month": COUNT,
        "left_out": COUNT,
        "rejects": COUNT,
        "first_at": INSTANT,
        "last_at": INSTANT,
    },
    key=("source", "file"),
    required=(
        "billing_month",
        "lines_read",
        "records",
        "requests",
        "duplicates",
        "outside_month",
        "left_out",
        "rejects",
    ),
)
"""records = requests + duplicates + outside_month + left_out + rejects. A line is one record, but
for formats whose lines hold several. `left_out`: records that are no use of a model.
`first_at`, `last_at`: when its first and last record start; NULL where it has none."""

LOG_REJECTS = Contract(
    name="core_inference__rejects",
    grain="one log line that could not be read (never its text: prompts are not kept)",
    columns={
        "billing_month": TEXT,
        "source": TEXT,
        "file": TEXT,
        "line": COUNT,
        "column_name": TEXT,
        "reason": TEXT,
    },
    key=("source", "file", "line", "column_name"),
    required=("billing_month", "reason"),
)

COVERAGE = Contract(
    name="core_inference__coverage",
    grain="a span of hours in which a source watched a resource ('*': every resource it names)",
    columns={
        "billing_month": TEXT,
        "source": TEXT,
        "resource_id": TEXT,
        "watched_from": INSTANT,
        "watched_until": INSTANT,
        "kind": TEXT,
    },
    key=("source", "resource_id", "watched_from", "kind"),
    required=("billing_month", "watched_until"),
)
"""kind: `declared` (settings) or `logged` (from the first to the last hour with a record)."""

MODEL_VERSIONS = Contract(
    name="core_registry__model_versions",
    grain="model version",
    columns={
        "billing_month": TEXT,
        "model": TEXT,
        "model_version": TEXT,
        "released_at": INSTANT,
        "predecessor": TEXT,
        "retired_at": INSTANT,
        "registry": TEXT,
        "parameters": COUNT,
        "base_model": TEXT,
        "artefact_uri": TEXT,
    },
    key=("model", "model_version"),
    required=("billing_month",),
)

DEPLOYMENTS = Contract(
    name="core_registry__deployments",
    grain="a model version on a resource from one instant until another",
    columns={
        "billing_month": TEXT,
        "deployment_id": TEXT,
        "provider": TEXT,
        "resource_key": TEXT,
        "model": TEXT,
        "model_version": TEXT,
        "live_from": INSTANT,
        "live_until": INSTANT,
        "replicas": COUNT,
        "replaces": TEXT,
        "use_case": TEXT,
        "registry": TEXT,
    },
    key=("deployment_id", "resource_key"),
    required=("billing_month", "model", "model_version", "live_from", "live_until"),
)

RUNS = Contract(
    name="core_registry__runs",
    grain="a training, update or experiment run on a resource",
    columns={
        "billing_month": TEXT,
        "run_id": TEXT,
        "provider": TEXT,
        "resource_key": TEXT,
        "model": TEXT,
        "model_version": TEXT,
        "component": TEXT,
        "started_at": INSTANT,
        "ended_at": INSTANT,
        "status": TEXT,
        "registry": TEXT,
        "instance_type": TEXT,
        "instances": COUNT,
        "billable_seconds": COUNT,
    },
    key=("run_id", "resource_key"),
    required=("billing_month", "model", "model_version", "component", "started_at", "ended_at"),
)
"""`resource_key` is '' for a run of which no registry says where it ran. `billable_seconds` are of
one instance: all instances of a run take as long."""

PLANS = Contract(
    name="core_registry__plans",
    grain="plan version x model x version x component x element x usage type x unit x month",
    columns={
        "billing_month": TEXT,
        "plan": TEXT,
        "as_of": INSTANT,
        "model": TEXT,
        "model_version": TEXT,
        "component": TEXT,
        "element": TEXT,
        "usage_type": TEXT,
        "charge_month": TEXT,
        "currency": TEXT,
        "unit": TEXT,
        "price": MONEY,
        "quantity": QUANTITY,
        "list_price": MONEY,
        "discount": QUANTITY,
        "activity": TEXT,
        "activity_quantity": QUANTITY,
        "units_per_activity": QUANTITY,
        "utilisation": QUANTITY,
        "fx_rates": TEXT,
    },
    key=(
        "plan",
        "model",
        "model_version",
        "component",
        "element",
        "usage_type",
        "unit",
        "charge_month",
    ),
    required=("billing_month", "currency"),
)
"""`usage_type`: a pattern of the bill's usage types, '' for all that no other line names.

price = list_price x (1 - discount); quantity = activity_quantity x units_per_activity /
utilisation; what a plan states less of is NULL. `activity`: what is done, with its size (`1M
tokens`); `units_per_activity`: busy units one of it takes; `utilisation`: busy share of billed
units. `fx_rates`: JSON, the budget rate into the plan's currency by currency of the bill. A line
of no model ('') is an amount of its own, `element` saying which: unused_commitment, credit, tax,
support; its quantity is 1."""

ALLOCATED = Contract(
    name="core_attribution__allocated_charges",
    grain=(
        "charge x bucket x model x version x component x element x method x rule x evidence "
        "x owner (an allocated charge in FOCUS's sense)"
    ),
    columns={
        "billing_month": TEXT,
        "charge_month": TEXT,
        "source": TEXT,
        "x_OriginChargeId": TEXT,
        "bucket": TEXT,
        "model": TEXT,
        "model_version": TEXT,
        "component": TEXT,
        "element": TEXT,
        "method": TEXT,
        "rule_id": TEXT,
        "evidence": TEXT,
        "owner": TEXT,
        "cost_centre": TEXT,
        "InvoiceIssuerName": TEXT,
        "InvoiceId": TEXT,
        "BillingAccountId": TEXT,
        "SubAccountId": TEXT,
        "BillingCurrency": TEXT,
        "ChargePeriodStart": INSTANT,
        "ChargePeriodEnd": INSTANT,
        "ChargeCategory": TEXT,
        "ServiceName": TEXT,
        "ResourceId": TEXT,
        "x_UsageType": TEXT,
        "ConsumedQuantity": QUANTITY,
        "ConsumedUnit": TEXT,
        "BilledCost": MONEY,
        "EffectiveCost": MONEY,
        "ContractedCost": MONEY,
        "ListCost": MONEY,
    },
    key=(
        "source",
        "x_OriginChargeId",
        "bucket",
        "model",
        "model_version",
        "component",
        "element",
        "method",
        "rule_id",
        "evidence",
        "owner",
    ),
    required=("billing_month", "charge_month", "BillingCurrency", *BASES),
)
"""Text columns of the key are '' where they do not apply (an overhead row has no model)."""

NOTIONAL_IDLE = Contract(
    name="core_attribution__notional_idle",
    grain="model x version x element x usage type x unit x charge month: its share of idle",
    columns={
        "billing_month": TEXT,
        "charge_month": TEXT,
        "source": TEXT,
        "model": TEXT,
        "model_version": TEXT,
        "component": TEXT,
        "element": TEXT,
        "usage_type": TEXT,
        "currency": TEXT,
        "unit": TEXT,
        "quantity": QUANTITY,
        "effective_cost": MONEY,
        "list_cost": MONEY,
    },
    key=(
        "charge_month",
        "source",
        "model",
        "model_version",
        "component",
        "element",
        "usage_type",
        "currency",
        "unit",
    ),
    required=("billing_month", "effective_cost", "list_cost", "quantity"),
)
"""Analysis only: never added to the ledger. The comparison with a plan needs it."""

_SPEND_COSTS = {
    "billed_cost": MONEY,
    "effective_cost": MONEY,
    "contracted_cost": MONEY,
    "list_cost": MONEY,
}

MODEL_DAYS = Contract(
    name="out_spend__model_days",
    grain="source x charge day x bucket x model x version x component x element x method x owner",
    columns={
        "billing_month": TEXT,
        "charge_date": TEXT,
        "source": TEXT,
        "currency": TEXT,
        "bucket": TEXT,
        "model": TEXT,
        "model_version": TEXT,
        "component": TEXT,
        "element": TEXT,
        "method": TEXT,
        "owner": TEXT,
        "cost_centre": TEXT,
        **_SPEND_COSTS,
    },
    key=(
        "charge_date",
        "source",
        "currency",
        "bucket",
        "model",
        "model_version",
        "component",
        "element",
        "method",
        "owner",
        "cost_centre",
    ),
    required=("billing_month", *_SPEND_COSTS),
)

MODEL_MONTHS = Contract(
    name="out_spend__model_months",
    grain="source x charge month x bucket x model x version x component x element x method x owner",
    columns={
        "billing_month": TEXT,
        "charge_month": TEXT,
        "source": TEXT,
        "currency": TEXT,
        "bucket": TEXT,
        "model": TEXT,
        "model_version": TEXT,
        "component": TEXT,
        "element": TEXT,
        "method": TEXT,
        "owner": TEXT,
        "cost_centre": TEXT,
        "charges": COUNT,
        **_SPEND_COSTS,
    },
    key=(
        "charge_month",
        "source",
        "currency",
        "bucket",
        "model",
        "model_version",
        "component",
        "element",
        "method",
        "owner",
        "cost_centre",
    ),
    required=("billing_month", "charges", *_SPEND_COSTS),
)

_COMMITMENT_COSTS = {
    "purchased_cost": MONEY,
    "used_effective_cost": MONEY,
    "unused_effective_cost": MONEY,
    "covered_list_cost": MONEY,
    "covered_contracted_cost": MONEY,
}

COMMITMENTS = Contract(
    name="out_spend__commitments",
    grain="source x provider x commitment x type x currency",
    columns={
        "billing_month": TEXT,
        "source": TEXT,
        "provider": TEXT,
        "commitment_id": TEXT,
        "commitment_type": TEXT,
        "commitment_name": TEXT,
        "currency": TEXT,
        "owner": TEXT,
        "cost_centre": TEXT,
        "accounts_covered": COUNT,
        **_COMMITMENT_COSTS,
        "eligible_on_demand_cost": MONEY,
        "used_quantity": QUANTITY,
        "unused_quantity": QUANTITY,
        "quantity_unit": TEXT,
        "utilisation": QUANTITY,
        "coverage": QUANTITY,
        "savings_rate_of_list": QUANTITY,
        "savings_rate_of_contracted": QUANTITY,
    },
    key=("source", "provider", "commitment_id", "commitment_type", "currency"),
    required=("billing_month", "accounts_covered", *_COMMITMENT_COSTS),
)
"""Analysis beside the ledger, never added to it.

`eligible_on_demand_cost`: list cost of usage that no commitment covered, of SKUs this one covered
in the month; NULL where the bill names no SKU. Two commitments may both count it: never summed.
`utilisation` = used / (used + unused) effective cost; `coverage` = covered / (covered + eligible)
at list; `savings_rate_of_list` = 1 - (used + unused) / covered at list;
`savings_rate_of_contracted` = (covered at contracted - used - unused) / covered at contracted. Six
decimals, NULL where there is nothing to divide by, derived for display: never summed or averaged.
"""

BILLED_VS_LOGGED = Contract(
    name="out_usage__billed_vs_logged",
    grain="charge day x provider x resource x model x version x unit class x batch x SKU",
    columns={
        "billing_month": TEXT,
        "charge_date": TEXT,
        "provider": TEXT,
        "resource_id": TEXT,
        "model": TEXT,
        "model_version": TEXT,
        "unit_class": TEXT,
        "is_batch": FLAG,
        "sku": TEXT,
        "unit": TEXT,
        "billed_quantity": QUANTITY,
        "logged_quantity": QUANTITY,
        "hours_billed": COUNT,
        "hours_missing": COUNT,
        "quantity_missing": QUANTITY,
        "requests_unmeasured": COUNT,
    },
    key=(
        "charge_date",
        "provider",
        "resource_id",
        "model",
        "model_version",
        "unit_class",
        "is_batch",
        "sku",
    ),
    required=(
        "billing_month",
        "unit",
        "billed_quantity",
        "hours_billed",
        "hours_missing",
        "quantity_missing",
        "requests_unmeasured",
    ),
)
"""Evidence beside the ledger: difference and ratio are derived for display, never stored.

`unit`: tokens, requests, images, seconds or gigabytes, whatever the bill counted in; hours are kept
as seconds, so that nothing is divided. `logged_quantity` is NULL where no log can tell (gigabytes,
units of unknown size), 0 where it would and has nothing. A log knows no SKU: where several bill one
class of a day, it is split over them in proportion. Of `hours_billed` the log has nothing in
`hours_missing`, which cost `quantity_missing` units; a day billed as a whole has 24 hours or none
missing, a line of several days lies on them in proportion to the log. `resource_id` is a resource's
key, '' for what is billed by tokens and requests."""

UNIT_COSTS = Contract(
    name="out_spend__unit_costs",
    grain="currency x model x version x component x use case x tenant x unit x its source",
    columns={
        "billing_month": TEXT,
        "currency": TEXT,
        "model": TEXT,
        "model_version": TEXT,
        "component": TEXT,
        "use_case": TEXT,
        "tenant": TEXT,
        "unit": TEXT,
        "unit_source": TEXT,
        "method": TEXT,
        "effective_cost": MONEY,
        "quantity": QUANTITY,
        "per": COUNT,
    },
    key=(
        "currency",
        "model",
        "model_version",
        "component",
        "use_case",
        "tenant",
        "unit",
        "unit_source",
    ),
    required=("billing_month", "method", "effective_cost", "quantity", "per"),
)
"""What one unit cost is effective_cost / quantity x per, derived for display and never stored.

Each unit's rows tell the same money once more: rows of several units are never added up. The rows
of unit `request` hold the whole inference cost of the model buckets, split over use case and
tenant. `unit_source`: '' for what logs and registries measure, else the name of the user's business
units; there an empty model, version, use case or tenant means all of them, and component `all` is
the cost of all four. `per`: how many units the price is quoted for (1,000 requests, 3,600
GPU-seconds)."""

UTILISATION = Contract(
    name="out_spend__utilisation",
    grain="currency x resource x bucket x model x version x component",
    columns={
        "billing_month": TEXT,
        "currency": TEXT,
        "resource_id": TEXT,
        "bucket": TEXT,
        "model": TEXT,
        "model_version": TEXT,
        "component": TEXT,
        "seconds_billed": QUANTITY,
        "seconds_watched": QUANTITY,
        "gpu_seconds_billed": QUANTITY,
        "gpu_seconds_busy": QUANTITY,
        "gpu_seconds_held": QUANTITY,
        "requests": COUNT,
        "effective_cost": MONEY,
    },
    key=("currency", "resource_id", "bucket", "model", "model_version", "component"),
    required=("billing_month", "seconds_billed", "effective_cost"),
)
"""Instance time of machines as the ledger split it; the rows of a resource add up to its bill.

Rows of bucket `idle` are paid time nobody used. `gpu_seconds_busy` and `gpu_seconds_held` are as
logs and samples measured them, NULL where they did not, on the version's inference row alone.
Shares are derived for display."""

_TERM = {
    "plan": TEXT,
    "kind": TEXT,
    "volume": TEXT,
    "model": TEXT,
    "model_version": TEXT,
    "component": TEXT,
    "element": TEXT,
    "usage_type": TEXT,
    "charge_month": TEXT,
    "currency": TEXT,
    "unit": TEXT,
}
"""What a term of a prediction is, and its key. `kind`: `plan` (the catalogue's plan), `physical`
(formulas) or `calibrated` (formulas times coefficients learnt from closed months). `volume`:
`ex_ante` where the volume was forecast too, `ex_post` where the measured volume was fed in; never
mixed: the first scores the budget, the second the formula."""

PREDICTED = Contract(
    name="core_prediction__spend",
    grain=(
        "plan version x as-of x kind x volume x version x component x element x usage type x unit "
        "x charge month x currency"
    ),
    columns={
        "billing_month": TEXT,
        **_TERM,
        "as_of": INSTANT,
        "price": MONEY,
        "quantity": QUANTITY,
        "predicted_cost": MONEY,
        "list_price": MONEY,
        "discount": QUANTITY,
        "activity": TEXT,
        "activity_quantity": QUANTITY,
        "units_per_activity": QUANTITY,
        "utilisation": QUANTITY,
        "fx_rates": TEXT,
        "formula": TEXT,
        "inputs": TEXT,
        "calibration_group": TEXT,
        "coefficient": QUANTITY,
        "coefficients": TEXT,
        "lower_cost": MONEY,
        "upper_cost": MONEY,
        "reason": TEXT,
    },
    key=tuple(_TERM),
    required=("billing_month", "formula", "reason"),
)
"""predicted_cost is NULL where a price, a quantity or an input is missing or impossible: never a
zero; `reason` says which, else it is ''. `inputs`: JSON, every symbol of the formula with its value
and unit, what the log measured marked. `calibration_group`: component, formula and hardware that
one coefficient may stand for. `coefficient`: actual quantity / formula quantity; `coefficients`:
the id of the calibration it is from. `lower_cost`, `upper_cost`: its 80 % interval, NULL where
history is too short for one. Columns between list_price and fx_rates as in core_registry__plans."""

VARIANCE = Contract(
    name="out_variance__predicted_vs_actual",
    grain="plan x kind x volume x version x component x element x usage type x unit x month",
    columns={
        "billing_month": TEXT,
        **_TERM,
        "basis": TEXT,
        "days_covered": COUNT,
        "days_in_month": COUNT,
        "planned_price": MONEY,
        "planned_quantity": QUANTITY,
        "actual_quantity": QUANTITY,
        "predicted_cost": MONEY,
        "actual_cost": MONEY,
        "difference": MONEY,
        "price_variance": MONEY,
        "usage_variance": MONEY,
        "status": TEXT,
        "reason": TEXT,
    },
    key=tuple(_TERM),
    required=("billing_month", "status", "reason"),
)
"""status: `compared`, `not_planned`, `not_comparable`; money is NULL where not comparable.

`price_variance` and `usage_variance` are subtotals of out_variance__drivers: what a unit cost, and
how many units there were. A line of no model is an amount of its own (a credit)."""

DRIVERS = Contract(
    name="out_variance__drivers",
    grain="term of the comparison x method x named variance",
    columns={
        "billing_month": TEXT,
        **_TERM,
        "method": TEXT,
        "variance": TEXT,
        "amount": MONEY,
        "predicted_value": QUANTITY,
        "actual_value": QUANTITY,
        "value_unit": TEXT,
    },
    key=(*_TERM, "method", "variance"),
    required=("billing_month", "amount", "value_unit"),
)
"""The variances of a term add up to its difference exactly, in each `method` (`standard`,
`shapley`). Positive is unfavourable: it cost more. `variance`: list_price, discount, price (where
the plan does not split it), efficiency, idle_capacity, mix, volume, usage (where the plan does not
split it), fx, new_line, discontinued_line, unused_commitment, credit, tax, support.
`predicted_value` and `actual_value`: the input whose change it is, for the sentence that tells it;
NULL where it is no single number."""

RECONCILIATION = Contract(
    name="out_reconciliation",
    grain="source x payer x invoice x issuer x currency x basis",
    columns={
        "billing_month": TEXT,
        "source": TEXT,
        "BillingAccountId": TEXT,
        "InvoiceId": TEXT,
        "InvoiceIssuerName": TEXT,
        "BillingCurrency": TEXT,
        "basis": TEXT,
        "export_total": MONEY,
        **dict.fromkeys(BUCKETS, MONEY),
        "attributed_total": MONEY,
        "difference": MONEY,
        "rounding": MONEY,
    },
    key=(
        "source",
        "BillingAccountId",
        "InvoiceId",
        "InvoiceIssuerName",
        "BillingCurrency",
        "basis",
    ),
    required=("billing_month", "export_total", "attributed_total", "difference"),
)

PUBLICATIONS = Contract(
    name="out_publications",
    grain="one publication of a month: which version and files of every table are its rows",
    columns={
        "billing_month": TEXT,
        "publication_id": TEXT,
        "published_at": INSTANT,
        "status": TEXT,
        "run_id": TEXT,
        "inputs_digest": TEXT,
        "inputs": TEXT,
        "tables": TEXT,
        "sources": TEXT,
        "warnings": TEXT,
    },
    key=("publication_id",),
    required=("billing_month", "published_at", "status", "run_id", "inputs_digest", "tables"),
)
"""`inputs`, `tables`, `sources`, `warnings` are JSON; status: provisional, final, closed, restated.

Which of a month's rows is the month is decided in `pipelines.closing`."""

TABLES: Final[dict[str, Contract]] = {
    contract.name: contract
    for contract in (
        CHARGES,
        SPLIT_SHARES,
        BILL_FILES,
        BILL_REJECTS,
        EXPORT_TOTALS,
        USAGE,
        LOG_FILES,
        LOG_REJECTS,
        COVERAGE,
        MODEL_VERSIONS,
        DEPLOYMENTS,
        RUNS,
        PLANS,
        ALLOCATED,
        NOTIONAL_IDLE,
        MODEL_DAYS,
        MODEL_MONTHS,
        COMMITMENTS,
        BILLED_VS_LOGGED,
        UNIT_COSTS,
        UTILISATION,
        PREDICTED,
        VARIANCE,
        DRIVERS,
        RECONCILIATION,
        PUBLICATIONS,
    )
}
