"""What a text of a bill means as money, quantity or instant, defined once for all its SQL.

The macros live on the connection: `amount(text)`, `amount_rounding(text)`, `instant(text)` return
NULL for what they cannot read; the caller counts it.

Why not a plain cast: DuckDB rounds a text of more than 18 decimals half away from zero, reads
`1_000` as 1000, and drops the offset of `2026-09-01 01:00:00+02:00` without moving the clock.
"""

from collections.abc import Mapping
from types import MappingProxyType

import duckdb

from pipelines.money import SQL_TYPE

_MANTISSA = r"regexp_replace(t, '[eE].*$', '')"
_EXPONENT = r"coalesce(try_cast(nullif(regexp_extract(t, '[eE](.*)$', 1), '') AS INTEGER), 0)"
_DIGITS = f"rtrim(regexp_replace({_MANTISSA}, '[^0-9]', '', 'g'), '0')"
_TRAILING_ZEROS = f"(length(regexp_replace({_MANTISSA}, '[^0-9]', '', 'g')) - length({_DIGITS}))"
_AFTER_POINT = (
    f"CASE WHEN contains({_MANTISSA}, '.') "
    f"THEN length(regexp_replace({_MANTISSA}, '^.*\\.|[^0-9]', '', 'g')) ELSE 0 END"
)

MACROS = {
    # Decimals after trailing zeros are dropped: 19 with a last digit 5 is exactly half a unit.
    "amount_decimals(t)": f"({_AFTER_POINT}) - {_TRAILING_ZEROS} - {_EXPONENT}",
    "amount_is_tie(t)": f"amount_decimals(t) = 19 AND {_DIGITS} LIKE '%5'",
    # The last digit's parity by its ASCII code: a list of five (IN) would become a join over all
    # lines in DuckDB 2.0, four times the cost of everything else here.
    "amount_half_even(t, away)": (
        "CASE WHEN amount_is_tie(t) AND ascii(right(away::VARCHAR, 1)) % 2 = 1 "
        f"THEN away - sign(away) * 0.000000000000000001::{SQL_TYPE} ELSE away END"
    ),
    # Up to 19 characters without an exponent hold at most 18 decimals: the cast is exact.
    "amount(t)": (
        "CASE WHEN t IS NULL THEN NULL "
        "WHEN contains(t, '_') THEN NULL "
        "WHEN length(t) <= 19 AND NOT contains(t, 'E') AND NOT contains(t, 'e') "
        f"THEN try_cast(t AS {SQL_TYPE}) "
        f"ELSE amount_half_even(t, try_cast(t AS {SQL_TYPE}))::{SQL_TYPE} END"
    ),
    # The digits beyond the 18th decimal as a fraction of the smallest unit, at most 20 of them.
    "amount_tail(t)": (
        f"try_cast('0.' || left(right(lpad({_DIGITS}, greatest(length({_DIGITS}), "
        "amount_decimals(t) - 18)::INTEGER, '0'), (amount_decimals(t) - 18)::INTEGER), 20) "
        "AS DECIMAL(38,20))"
    ),
    # Rounded minus written, in smallest units (1e-18): 0 for a text of up to 18 decimals.
    "amount_rounding(t)": (
        "CASE WHEN t IS NULL THEN 0::DECIMAL(38,20) "
        "WHEN length(t) <= 19 AND NOT contains(t, 'E') AND NOT contains(t, 'e') "
        "THEN 0::DECIMAL(38,20) "
        "WHEN amount_decimals(t) <= 18 THEN 0::DECIMAL(38,20) "
        "ELSE (CASE WHEN starts_with(trim(t), '-') THEN -1 ELSE 1 END) * "
        "(CASE WHEN amount_tail(t) > 0.5 OR (amount_is_tie(t) "
        f"AND amount(t) = try_cast(t AS {SQL_TYPE})) "
        "THEN 1 - amount_tail(t) ELSE -amount_tail(t) END)::DECIMAL(38,20) END"
    ),
    "unreadable_amount(t)": (
        r"CASE WHEN regexp_full_match(trim(t), '[+-]?[0-9]*\.?[0-9]*([eE][+-]?[0-9]+)?') "
        "AND regexp_matches(t, '[0-9]') "
        "THEN 'has more than 20 digits before the point' ELSE 'is not a number' END"
    ),
    "instant(t)": (
        "CASE WHEN t IS NULL THEN NULL "
        "WHEN t LIKE '____-__-__T__:__:__Z' OR t LIKE '____-__-__ __:__:__' "
        "THEN try_cast(t AS TIMESTAMP) "
        r"WHEN regexp_full_match(t, "
        r"'\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d+)?)?( ?(Z|UTC|[+-]00(:?00)?))?)?') "
        "THEN try_cast(t AS TIMESTAMP) "
        r"WHEN regexp_full_match(t, "
        r"'\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?[+-]\d\d(:?\d\d)?') "
        "THEN timezone('UTC', try_cast(t AS TIMESTAMPTZ)) END"
    ),
}


def define_macros(
    con: duckdb.DuckDBPyConnection, macros: Mapping[str, str] = MappingProxyType(MACROS)
) -> None:
    """Make the macros known to this connection; again is harmless."""
    for signature, body in macros.items():
        con.execute(f"CREATE OR REPLACE TEMP MACRO {signature} AS {body}")
