"""How an Azure export file is written: its dates, decimals, header names and view of the costs.

What a file writes is decided for the file as a whole, from all of its lines, before a line is
read. `raw_text` then has one way of writing: ISO dates, decimal points, and `role` = `actual`,
`amortized`, or '' where the file has no commitments, so that both views are the same.

Seen in public exports: English names in parentheses behind German ones, `MM/DD/YYYY` and ISO
dates, a byte-order mark, `,` between fields. Semicolons, decimal commas and `dd.MM.yyyy` are what
a spreadsheet makes of an export when a German user saves it; they are read as that.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import duckdb

from pipelines.billing.columns import Column, Header, plain_name
from pipelines.billing.formats import BillFormat, RawText
from pipelines.billing.raw_text import CSV, read_raw_text
from pipelines.billing.records import first_record
from pipelines.errors import BillAmbiguous
from pipelines.files import LocalFile
from pipelines.queries import load, materialise, query, rows_of, sql
from pipelines.settings import BillSource

ACTUAL: Final = "actual"
AMORTIZED: Final = "amortized"

_ENGLISH_NAME = re.compile(r"\(([A-Za-z]+)\)\s*$")
_VIEW_WORDS = {AMORTIZED: re.compile(r"amorti[sz]ed", re.I), ACTUAL: re.compile(r"actual", re.I)}

_SLASHES = r"'^([0-9]{1,2})/([0-9]{1,2})/[0-9]{4}($|[ T])'"
_DAY = "split_part(split_part(t, ' ', 1), 'T', 1)"
_BLOCK_LETTER = r"regexp_extract(t, '^[0-9]+([KMB])($|[^A-Za-z])', 1)"
_BLOCK_DIGITS = "regexp_extract(t, '^[0-9]+')"
_UNIT = "1000000000000000000::HUGEINT"

MACROS: Final[dict[str, str]] = {
    # 09/30/2026 -> 9, 30; NULL for a text of another form.
    "slash_part(t, n)": f"try_cast(nullif(regexp_extract(t, {_SLASHES}, n), '') AS INTEGER)",
    "slash_date(t, day_first)": (
        f"CASE WHEN day_first THEN try_strptime({_DAY}, '%d/%m/%Y') "
        f"ELSE try_strptime({_DAY}, '%m/%d/%Y') END"
    ),
    "is_one_month(a, b)": "b = a + INTERVAL 1 MONTH - INTERVAL 1 DAY",
    "touches_month(month, a, b)": (
        "coalesce(a < (month || '-01')::TIMESTAMP + INTERVAL 1 MONTH "
        "AND coalesce(b, a + INTERVAL 1 MONTH - INTERVAL 1 DAY) >= (month || '-01')::TIMESTAMP, "
        "false)"
    ),
    "iso_date(t, day_first)": (
        "CASE WHEN t IS NULL OR t LIKE '____-__-__%' THEN t "
        "WHEN slash_part(t, 1) IS NOT NULL "
        "THEN coalesce(strftime(slash_date(t, day_first), '%Y-%m-%d'), t) "
        r"WHEN regexp_full_match(t, '[0-9]{1,2}\.[0-9]{1,2}\.[0-9]{4}( .*)?') "
        f"THEN coalesce(strftime(try_strptime({_DAY}, '%d.%m.%Y'), '%Y-%m-%d'), t) "
        "ELSE t END"
    ),
    "point_amount(t, has_comma)": "CASE WHEN has_comma THEN replace(t, ',', '.') ELSE t END",
    "charge_kind(t)": "lower(replace(coalesce(t, 'Usage'), ' ', ''))",
    "is_commitment(t)": (
        "coalesce(lower(replace(t, ' ', '')) IN ('reservation', 'savingsplan'), false)"
    ),
    # `"team": "search"` is how EA writes the tags {"team": "search"}.
    "braced_json(t)": (
        "CASE WHEN t IS NULL THEN NULL WHEN starts_with(trim(t), '{') "
        "THEN CASE WHEN json_valid(t) THEN t END "
        "WHEN json_valid('{' || t || '}') THEN '{' || t || '}' END"
    ),
    # How many units a block of `10K`, `100 Hours`, `1 GB/Month` has.
    "block_size(t)": (
        f"(coalesce(try_cast({_BLOCK_DIGITS} AS DECIMAL(18, 0)), 1) * "
        f"CASE {_BLOCK_LETTER} WHEN 'K' THEN 1000 WHEN 'M' THEN 1000000 "
        "WHEN 'B' THEN 1000000000 ELSE 1 END)::DECIMAL(38, 18)"
    ),
    "block_name(t)": (f"trim(substr(t, 1 + length({_BLOCK_DIGITS}) + length({_BLOCK_LETTER})))"),
    "block_unit(t)": (
        "CASE WHEN t IS NULL THEN NULL WHEN block_name(t) = '' THEN 'Units' "
        "WHEN starts_with(block_name(t), '/') THEN 'Units' || block_name(t) "
        "WHEN block_name(t) IN ('Hour', 'Day', 'Minute', 'Second', 'Month', 'Unit') "
        "THEN block_name(t) || 's' ELSE block_name(t) END"
    ),
    # A product of two DECIMAL(38,18) has 36 decimals, more than any type holds: the parts before
    # and behind the point are multiplied as integers and the sum is rounded once, half to even.
    # NULL where the product is beyond 19 digits before the point. Only for plain columns: each
    # argument occurs a hundred times in what these become.
    "whole_units(a)": "trunc(abs(a))::HUGEINT",
    "rest_units(a)": ("((abs(a) - trunc(abs(a))) * 1000000000000000000::DECIMAL(19, 0))::HUGEINT"),
    "product_units(a, b)": (
        f"whole_units(a) * whole_units(b) * {_UNIT} + whole_units(a) * rest_units(b) "
        f"+ rest_units(a) * whole_units(b) + rest_units(a) * rest_units(b) // {_UNIT}"
    ),
    "product_tail(a, b)": f"rest_units(a) * rest_units(b) % {_UNIT}",
    "rounded_product_units(a, b)": (
        "product_units(a, b) + CASE "
        "WHEN product_tail(a, b) < 500000000000000000 THEN 0 "
        "WHEN product_tail(a, b) > 500000000000000000 THEN 1 "
        "ELSE product_units(a, b) % 2 END"
    ),
    # The unit 1e-18 is stored as the integer 1: nothing overflows here that fits the result.
    "money_of_units(units)": (
        "(units::DECIMAL(38, 0) * 0.000000000000000001::DECIMAL(18, 18))::DECIMAL(38, 18)"
    ),
    "exact_product(a, b)": (
        "CASE WHEN a IS NULL OR b IS NULL THEN NULL WHEN b = 1 THEN a "
        "WHEN abs(a) < 100000000000000000 AND abs(b) < 100000000000000000 "
        "AND abs(a)::DOUBLE * abs(b)::DOUBLE < 1e19 "
        "THEN sign(a) * sign(b) * money_of_units(rounded_product_units(a, b)) END"
    ),
    # Texts of up to nine decimals, as most are, are multiplied as they are: ten times cheaper.
    # NULL where one has more.
    "has_nine_decimals(t)": (
        "length(t) <= 18 AND (strpos(t, '.') = 0 OR length(t) - strpos(t, '.') <= 9) "
        "AND NOT contains(t, 'e') AND NOT contains(t, 'E') AND NOT contains(t, '_')"
    ),
    "short_product(s, t)": (
        "CASE WHEN has_nine_decimals(s) AND has_nine_decimals(t) "
        "THEN (try_cast(s AS DECIMAL(18, 9)) * try_cast(t AS DECIMAL(18, 9)))::DECIMAL(38, 18) END"
    ),
}


@dataclass(frozen=True)
class Writing:
    """What was decided for one file."""

    file: str
    role: str
    is_day_first: bool = False
    has_decimal_commas: bool = False
    names_invoices: bool = False
    """It has a column for the invoice: Enterprise Agreements have none, so none is missing."""


def stage(
    con: duckdb.DuckDBPyConnection,
    format_: BillFormat,
    source: BillSource,
    month: str,
    files: Sequence[LocalFile],
    work: Path,
) -> RawText:
    """The files as the view `raw_text`, written one way.

    Raises:
        BillUnreadable: a file cannot be read, or does not tell how its dates, amounts or costs
            are to be understood.
    """
    columns = localised(format_.columns, _names(files, source.name, month))
    raw = read_raw_text(con, replace(format_, columns=columns), source.name, month, files, work)
    con.execute("DROP VIEW IF EXISTS temp.written_text")
    con.execute("ALTER VIEW raw_text RENAME TO written_text")
    facts = {row["file"]: row for row in rows_of(query(con, "billing/azure/file_facts"))}
    writings = [
        _decided(source, month, file, facts[file.name], raw.headers[file.name])
        for file in files
        if file.name in facts
    ]
    load(
        con,
        "cost_views",
        {
            "file": "VARCHAR",
            "role": "VARCHAR",
            "is_day_first": "BOOLEAN",
            "has_decimal_commas": "BOOLEAN",
            "names_invoices": "BOOLEAN",
        },
        [vars(writing) for writing in writings],
    )
    con.execute(f"CREATE OR REPLACE TEMP VIEW raw_text AS {sql('billing/azure/raw_text')}")
    materialise(con, "paired_subscriptions", "billing/azure/paired_subscriptions")
    return raw


def localised(columns: Sequence[Column], names: Iterable[str]) -> tuple[Column, ...]:
    """The columns, known by their localised names too: `Kosten (Cost)` is `Cost`."""
    local: dict[str, list[str]] = {}
    for name in dict.fromkeys(names):
        if (english := _ENGLISH_NAME.search(name)) and english.start() > 0:
            local.setdefault(plain_name(english[1]), []).append(name)
    return tuple(
        replace(
            column,
            aliases=(
                *column.aliases,
                *(name for header in column.headers for name in local.get(plain_name(header), ())),
            ),
        )
        for column in columns
    )


def told_view(file: LocalFile, source: BillSource) -> str:
    """The view of the costs that delivery, settings or the file's name tell; '' for none."""
    if file.role in (ACTUAL, AMORTIZED):
        return file.role
    if source.amortized_path is not None:
        return AMORTIZED if file.name.startswith(f"{AMORTIZED}/") else ACTUAL
    said = [view for view, word in _VIEW_WORDS.items() if word.search(file.name)]
    return said[0] if len(said) == 1 else ""


def _names(files: Sequence[LocalFile], source: str, month: str) -> Iterable[str]:
    for file in files:
        if file.path.lower().endswith(CSV):
            yield from first_record(file, source, month)[0]


def _decided(
    source: BillSource,
    month: str,
    file: LocalFile,
    facts: Mapping[str, Any],
    header: Header,
) -> Writing:
    def question(problem: str, *answers: str) -> BillAmbiguous:
        return BillAmbiguous(source.name, month, f"{file.name} {problem}", file.name, answers)

    return Writing(
        file.name,
        _view(told_view(file, source), facts, question),
        _is_day_first(facts, question),
        header.delimiter == ";" and _has_decimal_commas(facts, question),
        "invoice_id" in header.positions,
    )


def _is_day_first(facts: Mapping[str, Any], question: Any) -> bool:
    if facts["day_first_dates"] and facts["month_first_dates"]:
        problem = (
            f"writes the day first ({facts['day_first_date']!r}) and the month first "
            f"({facts['month_first_date']!r}): which one are its other dates?"
        )
        raise question(problem)
    if facts["day_first_dates"] or facts["month_first_dates"] or not facts["telling_dates"]:
        return bool(facts["day_first_dates"])
    if bool(facts["day_first_periods"]) != bool(facts["month_first_periods"]):
        return bool(facts["day_first_periods"])
    problem = (
        f"does not tell whether {facts['telling_date']!r} is written day or month first: no date "
        "in it has a day above 12, and no billing period decides. Which is it? Deliver the whole "
        "month, or dates as YYYY-MM-DD"
    )
    raise question(problem)


def _has_decimal_commas(facts: Mapping[str, Any], question: Any) -> bool:
    if not facts["commas"]:
        return False
    if facts["points"] or not facts["decimal_commas"]:
        also = "also writes amounts with a point" if facts["points"] else "has no other such amount"
        problem = (
            f"does not tell what the comma of the amount {facts['comma_amount']!r} is: it {also}. "
            "Is it the decimal mark?"
        )
        raise question(problem)
    return True


def _view(told: str, facts: Mapping[str, Any], question: Any) -> str:
    """Actual or amortized: as told, else as its commitments show; '' if it has none."""
    amortized = facts["unused_lines"] + facts["covered_lines"]
    shows = (
        f"{facts['unused_lines']} lines of unused commitments and {facts['covered_lines']} of "
        "usage under a commitment that has a cost"
    )
    if told == ACTUAL and amortized:
        problem = (
            f"is said to hold actual costs, and has {shows}, which only amortized costs have. "
            "Which of the two is it?"
        )
        raise question(problem, ACTUAL, AMORTIZED)
    if told or not facts["committed_lines"]:
        return told
    if amortized and facts["fee_lines"]:
        problem = (
            f"has {shows}, as amortized costs have, and {facts['fee_lines']} purchases or refunds "
            "of commitments, as actual costs have. Which of the two is it? Say it in its name "
            "(actual, amortized), or give both exports: `path` and `amortized_path`"
        )
        raise question(problem, ACTUAL, AMORTIZED)
    return AMORTIZED if amortized else ACTUAL
