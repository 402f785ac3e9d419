"""The record of an inference log: its fields, and how each is read from text or a Parquet column.

One definition feeds the reading, the messages about bad lines and the documentation. Only the
fields named here are ever read: everything else of a line, prompts above all, stays where it is.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final, Literal

Kind = Literal["instant", "text", "count", "milliseconds", "held", "flag", "rate", "money"]


@dataclass(frozen=True)
class Field:
    """One field of the record. `default` is SQL for a missing value, None keeps it NULL."""

    name: str
    kind: Kind
    meaning: str
    is_required: bool = False
    default: str | None = None


FIELDS: Final = (
    Field(
        "started_at",
        "instant",
        "when the request started: ISO 8601 with Z or an offset, or epoch seconds or milliseconds; "
        "without a zone only if the source's `timezone` says which",
        is_required=True,
    ),
    Field(
        "ended_at",
        "instant",
        "until when a record lasts that is no single request: it is spread over these hours",
    ),
    Field(
        "grain",
        "text",
        "what the line is: `request`, or a `bucket`, `counter`, `sample` or `allocation` of a time",
        default="'request'",
    ),
    Field("model", "text", "model called, as the catalogue or the provider names it", True),
    Field("model_ref", "text", "read as `model` where that is missing"),
    Field("model_version", "text", "version that served the request"),
    Field("resource_id", "text", "instance, endpoint or node that served it, as the bill names it"),
    Field("provider", "text", "who bills it: aws, azure, gcp, ..."),
    Field("account_id", "text", "account, subscription or project"),
    Field("region", "text", "region that is billed"),
    Field("request_id", "text", "identity within source, account and region: counted once"),
    Field("response_id", "text", "the provider's id of its answer: links the call to other logs"),
    Field("trace_id", "text", "the trace the call belongs to: links it where it has no other id"),
    Field("attempt", "count", "1 for the first try; a retry is a request of its own", default="1"),
    Field("operation", "text", "chat, embeddings, rerank, ..."),
    Field("tenant", "text", "customer, shop or team on whose behalf"),
    Field("use_case", "text", "search, recommendation, customer service, ..."),
    Field("service_tier", "text", "the provider's tier: standard, flex, priority, ..."),
    Field("is_batch", "flag", "part of a batch job", default="false"),
    Field("status", "text", "how it ended; `ok` where missing"),
    Field(
        "requests", "count", "requests this line stands for, if it was counted before", False, "1"
    ),
    Field(
        "input_tokens", "count", "all input tokens, those read from or written to a cache included"
    ),
    Field("input_tokens_cache_read", "count", "input tokens served from the provider's cache"),
    Field("input_tokens_cache_write", "count", "input tokens written to the provider's cache"),
    Field("output_tokens", "count", "all output tokens, reasoning included"),
    Field("output_tokens_reasoning", "count", "output tokens spent on reasoning"),
    Field("images", "count", "images made"),
    Field("gpu_ms", "milliseconds", "GPU time in milliseconds, all GPUs added"),
    Field("gpu_held_ms", "held", "GPU time that was held, busy or not"),
    Field("vcpu_ms", "held", "vCPU time that was held, all vCPUs added"),
    Field("memory_gib_ms", "held", "memory that was held: GiB x milliseconds"),
    Field("reported_cost", "money", "what the logger reckoned: a prediction, never spend"),
    Field("reported_currency", "text", "its currency; USD where missing"),
    Field(
        "gateway_cache_hit",
        "flag",
        "answered by the gateway's own cache: no provider cost, status `cache_hit`",
        default="false",
    ),
    Field(
        "sample_rate",
        "rate",
        "share of requests that was logged, above 0 up to 1: counts are divided by it",
        default="1",
    ),
)
"""NULL is "not measured", 0 is a measured zero. Latencies are not summed and therefore not read."""

GRAINS: Final = ("request", "bucket", "counter", "sample", "allocation")

NAMES: Final = tuple(field.name for field in FIELDS)
MISSING_TEXTS: Final = ("", "NULL", "null", "None", r"\N")
"""What CSV writers put for a missing value."""

LARGEST_SECONDS: Final = "1e11"
"""An epoch number below this is seconds (until the year 5138), above it milliseconds."""

ZONED: Final = r"^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}.*(Z|[+-]\d{2}(:?\d{2})?)$"
NAIVE: Final = r"^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}([.,]\d+)?)?)?$"
NUMBER: Final = r"^\d+(\.\d+)?([eE]\+?\d+)?$"

WHOLE_NUMBERS: Final = {"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT"} | {
    "UINTEGER"
}
_SQL_TYPES: Final[dict[Kind, str]] = {
    "instant": "TIMESTAMP",
    "text": "VARCHAR",
    "count": "BIGINT",
    "milliseconds": "DECIMAL(18,3)",
    "held": "DECIMAL(18,3)",
    "money": "DECIMAL(38,18)",
    "flag": "BOOLEAN",
    "rate": "DECIMAL(9,6)",
}


@dataclass(frozen=True)
class Column:
    """Where a field is in a file: an identifier of ours or of the field list, and its SQL type."""

    identifier: str
    sql_type: str = "VARCHAR"


@dataclass(frozen=True)
class Reading:
    """How one field is read: its value, and for each thing that may be wrong a condition."""

    value: str
    problems: tuple[tuple[str, str], ...] = ()


def typed_columns(columns: Mapping[str, Column]) -> str:
    """The select list that reads every field, for a file that has these columns.

    A line with a problem keeps it in `problem` as `field|reason`, the first in the order of
    FIELDS; it never holds the value. The zone of times without one is the connection's variable
    `log_zone` (NULL: there is none).
    """
    if "grain" not in columns:  # a request counts where it starts
        columns = {name: column for name, column in columns.items() if name != "ended_at"}
    readings = {field.name: _reading(field, columns.get(field.name)) for field in FIELDS}
    model, other = readings["model"].value, readings["model_ref"].value
    name = f"coalesce(nullif(trim({model}), ''), nullif(trim({other}), ''))"
    readings["model"] = Reading(name, ((f"{name} IS NULL", "missing"),))
    if "grain" in columns:  # a time that a machine was held is no request
        default = f"CASE WHEN {readings['grain'].value} = 'request' THEN 1 ELSE 0 END"
        plain = replace(next(field for field in FIELDS if field.name == "requests"), default=None)
        given = _reading(plain, columns.get("requests"))
        readings["requests"] = Reading(f"coalesce({given.value}, {default})", given.problems)
    selected = [
        f"{readings[field.name].value} AS {field.name}"
        for field in FIELDS
        if field.name != "model_ref"
    ]
    of_span = f"{readings['grain'].value} <> 'request' AND "
    cases = [
        f"WHEN {of_span if name == 'ended_at' else ''}({condition}) THEN '{name}|{reason}'"
        for name, reading in readings.items()
        for condition, reason in reading.problems
    ]
    known = {name for name, column in columns.items() if column}
    for whole, parts, reason in (
        (
            "input_tokens",
            ("input_tokens_cache_read", "input_tokens_cache_write"),
            "more tokens from and to the cache than input tokens",
        ),
        (
            "output_tokens",
            ("output_tokens_reasoning",),
            "more reasoning tokens than output tokens",
        ),
    ):
        if whole in known and known.intersection(parts):
            total = " + ".join(f"coalesce({readings[part].value}, 0)" for part in parts)
            cases.append(f"WHEN {total} > {readings[whole].value} THEN '{parts[0]}|{reason}'")
    if "grain" in known:
        grain = readings["grain"].value
        listed = ", ".join(f"'{word}'" for word in GRAINS)
        cases.append(f"WHEN {grain} NOT IN ({listed}) THEN 'grain|unknown'")
        if "ended_at" in known:
            start, end = readings["started_at"].value, readings["ended_at"].value
            cases.append(
                f"WHEN {grain} <> 'request' AND {end} < {start} THEN 'ended_at|before it started'"
            )
    return ", ".join([*selected, f"CASE {' '.join(cases)} END AS problem"])


def _reading(field: Field, column: Column | None) -> Reading:
    """The reading of one field."""
    if column is None:
        value = field.default or "NULL"
        problems = (("true", "missing"),) if field.is_required else ()
        return Reading(f"({value})::{_SQL_TYPES[field.kind]}", problems)
    match field.kind:
        case "instant":
            return _instant(column, is_required=field.is_required)
        case "text":
            text = column.identifier
            text = text if column.sql_type == "VARCHAR" else f"{text}::VARCHAR"
            if field.default is None:
                return Reading(text)
            return Reading(f"coalesce(nullif(trim({text}), ''), {field.default})")
        case "count":
            reading = _count(column)
        case "milliseconds":
            reading = _decimal(column, "DECIMAL(18,6)", "DECIMAL(18,3)", "< 0", "negative")
        case "held":
            reading = _decimal(column, "DECIMAL(24,6)", "DECIMAL(18,3)", "< 0", "negative")
        case "money":
            reading = _money(column)
        case "rate":
            reading = _decimal(
                column, "DECIMAL(9,6)", "DECIMAL(9,6)", "NOT BETWEEN 0.000001 AND 1", "not a share"
            )
        case "flag":
            reading = _flag(column)
    if field.default is None:
        return reading
    return Reading(f"coalesce({reading.value}, {field.default})", reading.problems)


def _given(column: Column) -> str:
    """The column with the empty text as NULL."""
    is_text = column.sql_type == "VARCHAR"
    return f"nullif({column.identifier}, '')" if is_text else column.identifier


def _no_number(column: Column, number: str) -> str:
    """Given, but not a number.

    A Parquet column of doubles must be asked for NaN itself: its statistics leave NaN out, and
    from them DuckDB concludes that the cast cannot fail and drops the test for NULL.
    """
    given = _given(column)
    test = f"{given} IS NOT NULL AND {number} IS NULL"
    return f"NOT isfinite({given}) OR {test}" if column.sql_type in {"DOUBLE", "FLOAT"} else test


def _count(column: Column) -> Reading:
    given = _given(column)
    if column.sql_type in WHOLE_NUMBERS:
        signed = not column.sql_type.startswith("U")
        value = given if column.sql_type == "BIGINT" else f"{given}::BIGINT"
        return Reading(value, ((f"{given} < 0", "negative"),) if signed else ())
    number = f"TRY_CAST({given} AS DECIMAL(18,4))"
    return Reading(
        f"{number}::BIGINT",
        (
            (_no_number(column, number), "not a number"),
            (f"{number} < 0", "negative"),
            (f"{number} <> floor({number})", "not a whole number"),
        ),
    )


def _decimal(column: Column, read_as: str, kept_as: str, wrong: str, reason: str) -> Reading:
    """A decimal; NaN and infinity have no decimal and are no numbers.

    A double goes through the same six decimals as a text, so that 1.0005 is the same in both.
    """
    given = _given(column)
    number = f"TRY_CAST({given} AS {read_as})"
    return Reading(
        number if read_as == kept_as else f"{number}::{kept_as}",
        (
            (_no_number(column, number), "not a number"),
            (f"{number} {wrong}", reason),
        ),
    )


def _money(column: Column) -> Reading:
    """An amount, through the shortest text of a double, rounded to 18 decimals."""
    given = _given(column)
    text = given if column.sql_type == "VARCHAR" else f"{given}::VARCHAR"
    number = f"TRY_CAST({text} AS {_SQL_TYPES['money']})"
    return Reading(number, ((_no_number(column, number), "not a number"),))


def _flag(column: Column) -> Reading:
    if column.sql_type == "BOOLEAN":
        return Reading(column.identifier)
    given = _given(column)
    value = f"TRY_CAST({given}::VARCHAR AS BOOLEAN)"
    return Reading(value, ((f"{given} IS NOT NULL AND {value} IS NULL", "not true or false"),))


def instant_of(identifier: str) -> str:
    """SQL for the instant in a text as a record's is read, NULL where it is none."""
    return _instant(Column(identifier), is_required=False).value


def _instant(column: Column, *, is_required: bool) -> Reading:
    """An instant in UTC without a zone.

    In the hour that a zone's clock repeats in autumn the later instant is meant, in the hour it
    leaves out in spring the time after the jump: ICU's reading.
    """
    at, kind = column.identifier, column.sql_type
    zone = "getvariable('log_zone')::VARCHAR"
    if kind == "TIMESTAMP WITH TIME ZONE":
        # Five times faster than timezone('UTC', ...), which asks ICU for every row.
        missing = ((f"{at} IS NULL", "missing"),) if is_required else ()
        return Reading(f"make_timestamp(epoch_us({at}))", missing)
    if kind.startswith("TIMESTAMP"):
        missing = ((f"{at} IS NULL", "missing"),) if is_required else ()
        return Reading(
            f"timezone('UTC', timezone({zone}, {at}::TIMESTAMP))",
            (*missing, (f"{at} IS NOT NULL AND {zone} IS NULL", "no time zone")),
        )
    text = at if kind == "VARCHAR" else f"{at}::VARCHAR"
    number = f"TRY_CAST({text} AS DECIMAL(20,6))"
    epoch = (
        f"make_timestamp(({number} * CASE WHEN {number} < {LARGEST_SECONDS} THEN 1000000 "
        "ELSE 1000 END)::BIGINT)"
    )
    # Most logs end their times in Z, and for those the plain cast is right and four times faster.
    value = (
        f"CASE WHEN ends_with({text}, 'Z') THEN TRY_CAST({text} AS TIMESTAMP) "
        f"WHEN regexp_matches({text}, '{ZONED}') "
        f"THEN timezone('UTC', TRY_CAST({text} AS TIMESTAMPTZ)) "
        f"WHEN regexp_matches({text}, '{NUMBER}') THEN {epoch} "
        f"WHEN regexp_matches({text}, '{NAIVE}') "
        f"THEN timezone('UTC', timezone({zone}, TRY_CAST({text} AS TIMESTAMP))) END"
    )
    given = "" if is_required else f"{text} <> '' AND "
    return Reading(
        value,
        (
            *(((f"coalesce({text}, '') = ''", "missing"),) if is_required else ()),
            (
                f"{given}{value} IS NULL AND {zone} IS NULL AND regexp_matches({text}, '{NAIVE}')",
                "no time zone",
            ),
            (f"{given}{value} IS NULL", "not a time"),
        ),
    )
