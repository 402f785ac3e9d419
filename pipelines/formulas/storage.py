"""What keeping data and models costs: GB-months, price blocks, requests, retrieval, minimums.

Bills of AWS call 2^30 bytes a GB; here that is a GiB, and a GB-month is one of them kept for all
hours of its own month (744 in March, 720 in April). Tables that lie in the memory of accelerators
are hardware of inference, not storage.
"""

from fractions import Fraction
from typing import Final

from pipelines.formulas.by_row import by_row
from pipelines.formulas.columns import refuse
from pipelines.formulas.formula import Formula, Symbol, Value
from pipelines.formulas.price_blocks import LINE_ROUNDING, added, lines_of

S3: Final = (
    "AWS S3 FAQ and usage reports (aws.amazon.com/s3/faqs): byte-hours / 2^30 / hours of the month"
)
S3_EXPRESS: Final = "AWS S3 FAQ, S3 Express One Zone example 1 (aws.amazon.com/s3/faqs)"
S3_CLASSES: Final = (
    "AWS S3 storage classes: minimum storage duration 30, 90 or 180 days, minimum object 128 KB"
)
STATE: Final = (
    "BLOOM (arXiv 2211.02001): bf16 weights 2 + fp32 master 4 + Adam 8 bytes per parameter"
)
EMBEDDINGS: Final = "rows x dimension x bytes of a value, and as much again per optimiser slot"


def _of_no_month(hours: Fraction) -> str:
    # an hour less or more where a bill's clocks change in the month
    if any(abs(hours - 24 * days) <= 1 for days in (28, 29, 30, 31)):
        return ""
    return "no month has so many hours (730 are a year's mean); say which: month=2026-02"


HOURS_IN_MONTH: Final = Symbol(
    "hours_in_month",
    "h_m",
    "h",
    "hours of the very month: 672, 696, 720 or 744",
    low=672,
    high=744,
    refuses=_of_no_month,
)
GB_MONTHS: Final = Symbol("gb_months", "G", "GB-month", "GB-months as billed (2^30 bytes each)")


def _stored_gb_months(size: Value, copies: Value, hours: Value, hours_in_month: Value) -> Value:
    refuse(
        "stored_gb_months",
        lambda kept, month: (
            f"hours (h): {kept} are more than the month has ({month})" if kept > month else ""
        ),
        hours,
        hours_in_month,
    )
    return size * copies * hours / hours_in_month


@by_row
def _minimum_gb_months(
    objects: Fraction,
    object_size: Fraction,
    minimum_size: Fraction,
    days_kept: Fraction,
    minimum_days: Fraction,
    hours_in_month: Fraction,
) -> Fraction:
    """Every object counts as no smaller and no shorter-lived than its storage class says."""
    gib = objects * max(object_size, minimum_size) / 2**20
    return gib * max(days_kept, minimum_days) * 24 / hours_in_month


@by_row
def _storage_cost(
    gb_months: Fraction,
    block_1: Fraction,
    price_1: Fraction,
    block_2: Fraction,
    price_2: Fraction,
    price_3: Fraction,
    line_rounding: Fraction,
) -> Fraction:
    lines = lines_of(gb_months, (block_1, block_2), (price_1, price_2, price_3))
    return added(lines, line_rounding)


@by_row
def _object_storage_cost(
    gb_months: Fraction,
    price: Fraction,
    writes: Fraction,
    write_price: Fraction,
    reads: Fraction,
    read_price: Fraction,
    uploaded: Fraction,
    upload_price: Fraction,
    retrieved: Fraction,
    retrieval_price: Fraction,
    line_rounding: Fraction,
) -> Fraction:
    lines = (
        gb_months * price,
        writes / 1000 * write_price,
        reads / 1000 * read_price,
        uploaded * upload_price,
        retrieved * retrieval_price,
    )
    return added(lines, line_rounding)


def _table_gigabytes(
    rows: Value, dimension: Value, value_bytes: Value, optimiser_slots: Value, copies: Value
) -> Value:
    return rows * dimension * value_bytes * (1 + optimiser_slots) * copies / 10**9


FORMULAS: Final = (
    Formula(
        name="gb_months",
        title="GB-months of the bytes held over a month",
        says="G = byte-hours / 2^30 / h_m",
        symbols=(
            Symbol("held", "byte-hours", "GiB-h", "what was kept, times the hours it was kept"),
            HOURS_IN_MONTH,
        ),
        unit="GB-month",
        of=lambda held, hours_in_month: held / hours_in_month,
        source=S3,
        component="storage",
        element="hardware",
    ),
    Formula(
        name="stored_gb_months",
        title="GB-months of an artefact, its copies and regions",
        says="G = size * copies * h / h_m",
        symbols=(
            Symbol("size", "size", "GiB", "size of one copy; 352.49 GB is 328.28 GiB"),
            Symbol("copies", "copies", "", "replicas x regions x kept checkpoints", default=1),
            Symbol("hours", "h", "h", "hours of the month it is kept", high=744),
            HOURS_IN_MONTH,
        ),
        unit="GB-month",
        of=_stored_gb_months,
        source=S3,
        component="storage",
        element="hardware",
    ),
    Formula(
        name="minimum_gb_months",
        title="GB-months billed where objects have a minimum size and a minimum stay",
        says="G = objects * max(size, size_min) * max(days, days_min) * 24 / h_m",
        symbols=(
            Symbol("objects", "objects", "objects", "number of objects"),
            Symbol("object_size", "size", "KiB", "mean size of one; exact where all are alike"),
            Symbol("minimum_size", "size_min", "KiB", "128 in S3's infrequent classes", default=0),
            Symbol("days_kept", "days", "d", "days until they are deleted"),
            Symbol("minimum_days", "days_min", "d", "30, 90 or 180 by storage class", default=0),
            HOURS_IN_MONTH,
        ),
        unit="GB-month",
        of=_minimum_gb_months,
        source=S3_CLASSES,
        component="storage",
        element="hardware",
    ),
    Formula(
        name="storage_cost",
        title="Storage by blocks of a price list",
        says="C = sum over blocks of price_k * (GB-months in block k)",
        symbols=(
            GB_MONTHS,
            Symbol("block_1", "G_1", "GB-month", "size of the first block (S3: 51200)"),
            Symbol("price_1", "p_1", "money/GB-month", "its price (S3 Standard: 0.023)"),
            Symbol("block_2", "G_2", "GB-month", "size of the second block (S3: 460800)"),
            Symbol("price_2", "p_2", "money/GB-month", "its price (S3 Standard: 0.022)"),
            Symbol("price_3", "p_3", "money/GB-month", "price of all that is above"),
            LINE_ROUNDING,
        ),
        unit="money",
        of=_storage_cost,
        source=S3,
        component="storage",
        element="hardware",
    ),
    Formula(
        name="object_storage_cost",
        title="Storage with its requests, uploads and retrievals, line by line",
        says="C = G*p + W/1000*p_w + R/1000*p_r + U*p_u + E*p_e, each line rounded as said",
        symbols=(
            GB_MONTHS,
            Symbol("price", "p", "money/GB-month", "price of a GB-month"),
            Symbol("writes", "W", "requests", "PUT, COPY, POST, LIST"),
            Symbol("write_price", "p_w", "money/k requests", "price of 1,000"),
            Symbol("reads", "R", "requests", "GET and all others"),
            Symbol("read_price", "p_r", "money/k requests", "price of 1,000"),
            Symbol("uploaded", "U", "GiB", "what an upload is charged for"),
            Symbol("upload_price", "p_u", "money/GiB", "per GB as billed (2^30)"),
            Symbol("retrieved", "E", "GiB", "what a retrieval is charged for"),
            Symbol("retrieval_price", "p_e", "money/GiB", "per GB as billed (2^30)"),
            LINE_ROUNDING,
        ),
        unit="money",
        of=_object_storage_cost,
        source=S3_EXPRESS,
        component="storage",
        element="hardware",
    ),
    Formula(
        name="retrieval_cost",
        title="Retrieval from an infrequent or archive class",
        says="C = E * p_e",
        symbols=(
            Symbol("retrieved", "E", "GiB", "GB as billed (2^30), egress not included"),
            Symbol("retrieval_price", "p_e", "money/GiB", "per GB as billed"),
        ),
        unit="money",
        of=lambda retrieved, retrieval_price: retrieved * retrieval_price,
        source="AWS S3 FAQ, Standard-IA (aws.amazon.com/s3/faqs)",
        component="storage",
        element="bandwidth",
    ),
    Formula(
        name="artefact_gigabytes",
        title="Size of a model's weights",
        says="W = N * b/8 * (1 + o) / 10^9",
        symbols=(
            Symbol("parameters", "N", "parameters", "all parameters, not only the active ones"),
            Symbol("bits", "b", "", "fp32 32, bf16 16, fp8 and int8 8, int4 4", low_is_in=False),
            Symbol("scales", "o", "", "scales on top: 1/16 to 1/8 for int4", high=1, default=0),
        ),
        unit="GB",
        of=lambda parameters, bits, scales: parameters * bits / 8 * (1 + scales) / 10**9,
        source="bytes of a number format; BLOOM's 329 GB are GiB (arXiv 2211.02001)",
    ),
    Formula(
        name="training_state_gigabytes",
        title="Size of a checkpoint that training can be resumed from",
        says="S = N * s / 10^9",
        symbols=(
            Symbol("parameters", "N", "parameters", "all parameters"),
            Symbol(
                "state_bytes",
                "s",
                "bytes",
                "per parameter: 14; 16 with bf16 gradients",
                default=14,
            ),
        ),
        unit="GB",
        of=lambda parameters, state_bytes: parameters * state_bytes / 10**9,
        source=STATE,
    ),
    Formula(
        name="embedding_gigabytes",
        title="Size of a recommender's tables (one row per table in a column)",
        says="E = rows * dim * bytes * (1 + slots) * copies / 10^9",
        symbols=(
            Symbol("rows", "rows", "", "rows of the table"),
            Symbol("dimension", "dim", "", "values of one row"),
            Symbol("value_bytes", "bytes", "bytes", "of one value: fp32 4, fp16 2, int8 1"),
            Symbol("optimiser_slots", "slots", "", "values kept per value in training", default=0),
            Symbol(
                "copies",
                "copies",
                "",
                "on disk; copies in memory are hardware of inference",
                default=1,
            ),
        ),
        unit="GB",
        of=_table_gigabytes,
        source=EMBEDDINGS,
    ),
)
