"""What an export carries, before it is in any project: totals, AI, model keys, tags, warnings.

The rows come from the reader and the attribution of a run, with an empty catalogue, so that what
is said here is what a run would make of the export. How files are found and read is
`assets.inspecting`; what a header is, `pipelines.billing.detection`.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from functools import reduce
from typing import Any, Final

import duckdb

from pipelines.money import EXACT, plain
from pipelines.queries import query, rows_of
from pipelines.review.sheets import ALL_VERSIONS, ZERO, Column, Row, Sheet
from pipelines.settings import TagKeys

TABLES: Final = ("inspected_charges", "inspected_parts", "inspected_exports", "inspected_files")
"""What must be on the connection: charges, allocated charges, export totals and files, of all
months that could be read, each as contracted."""

MOST_ROWS: Final = 10
MOST_EXAMPLES: Final = 3
LABEL: Final = 36
MOST_LETTERS: Final = 40
_KINDS: Final = ("AI", "not AI", "commitment", "overhead")
_FIELDS: Final = {
    "providers": "providers",
    "billing_accounts": "billing accounts",
    "accounts": "accounts, projects",
    "resources": "resources",
    "instance_types": "machine types",
    "callers": "callers (principals)",
    "commitments": "commitments",
    "allocations": "split cost allocations",
    "regions": "regions",
    "invoices": "invoices",
}
_MODEL_KEYS: Final = {
    "ModelDeveloper",
    "ModelFamily",
    "ModelId",
    "ModelVersion",
    "TokenDirection",
    "TokenCacheAction",
}
_TAG_WORDS: Final = {
    "model": {"model", "modelname", "modelid", "mlmodel", "aimodel", "llm", "llmmodel"},
    "model_version": {"modelversion", "mlmodelversion", "modelrevision", "modelver"},
    "component": {"phase", "component", "mlphase", "modelphase", "lifecycle", "mlstage"},
}


def inspection_sheets(con: duckdb.DuckDBPyConnection, tags: TagKeys) -> list[Sheet]:
    """The sheets in reading order, without those that would be empty."""
    months = rows_of(query(con, "review/inspected_months"))
    lines = sum(month["charges"] for month in months)
    currencies = sorted({month["currency"] for month in months})
    sheets = [_months_sheet(months), *_service_sheets(con, currencies), _models_sheet(con)]
    details = rows_of(
        query(con, "review/inspected_keys", column="SkuPriceDetails", most=MOST_EXAMPLES)
    )
    keys = [key for key in details if key["key"] in _MODEL_KEYS]
    sheets += [
        _keys_sheet("model_keys", "Model keys of the bill (SkuPriceDetails)", keys, lines),
        _tags_sheet(con, lines, tags),
        _fields_sheet(con, lines),
    ]
    return [sheet for sheet in sheets if sheet.rows]


def _months_sheet(months: Sequence[Mapping[str, Any]]) -> Sheet:
    rows = [Row(dict(month)) for month in months]
    for currency in sorted({month["currency"] for month in months}):
        mine = [month for month in months if month["currency"] == currency]
        if len(mine) > 1:
            sums = {
                name: reduce(EXACT.add, (month[name] for month in mine), ZERO)
                for name in ("billed", "effective", "contracted", "list", "difference")
            }
            total = {"billing_month": "total", "currency": currency, **sums}
            total["charges"] = sum(month["charges"] for month in mine)
            rows.append(Row(total, "total"))
    wrong = [month for month in months if month["difference"]]
    said = "The charges add up to the export's own text on all four bases, exactly."
    if wrong:
        named = ", ".join(dict.fromkeys(month["billing_month"] for month in wrong))
        said = f"The charges do not add up to the export in {named}: a run would not publish it."
    return Sheet(
        "months",
        "Months and totals",
        (
            Column("billing_month", "month"),
            Column("currency", "currency"),
            Column("charges", "charges", "count"),
            Column("billed", "billed", "money"),
            Column("effective", "effective", "money"),
            Column("contracted", "contracted", "money"),
            Column("list", "list", "money"),
            Column("first_charged", "first charged"),
            Column("last_charged", "last charged"),
            Column("other_charge_months", "of other charge months", "count"),
            Column("corrections", "corrections", "count"),
            Column("difference", "difference", "money"),
        ),
        tuple(rows),
        notes=(said,),
        machine_only=(
            "first_charged",
            "last_charged",
            "other_charge_months",
            "corrections",
            "difference",
        ),
    )


def _service_sheets(con: duckdb.DuckDBPyConnection, currencies: Iterable[str]) -> list[Sheet]:
    found = rows_of(query(con, "review/inspected_services"))
    return [
        _services_sheet([row for row in found if row["currency"] == currency], currency)
        for currency in currencies
    ]


def _services_sheet(services: Sequence[Mapping[str, Any]], currency: str) -> Sheet:
    """AI service by service, then what else there is in one row each; the total is all."""
    rows: list[Row] = []
    for kind in _KINDS:
        mine = [service for service in services if service["kind"] == kind]
        if not mine and kind != "AI":
            continue
        rows.append(Row({"currency": currency, "kind": kind, **_sum(mine)}, "subtotal"))
        most = MOST_ROWS if kind == "AI" else 0
        rows += [Row(dict(service), "detail") for service in mine[:most]]
        if rest := mine[most:]:
            named = f"{len(rest)} more" if most else _named(rest)
            values = {"currency": currency, "kind": kind, "service": named, **_sum(rest)}
            rows.append(Row(values, "detail"))
    rows.append(Row({"currency": currency, "kind": "total", **_sum(services)}, "total"))
    return Sheet(
        "services",
        f"What is AI, effective cost, {currency}",
        (
            Column("currency", "currency"),
            Column("kind", "kind"),
            Column("service", "service"),
            Column("lines", "lines", "count"),
            Column("effective", "effective", "money"),
            Column("billed", "billed", "money"),
            Column("evidence", "known by"),
        ),
        tuple(rows),
        labels=("kind", "service"),
        machine_only=("billed",),
    )


def _named(services: Sequence[Mapping[str, Any]]) -> str:
    """The first services by name, as many as fit one line of a label."""
    names = [str(service["service"]) for service in services]
    shown = names[:1]
    while len(shown) < len(names) and len(", ".join([*shown, names[len(shown)]])) <= LABEL:
        shown.append(names[len(shown)])
    left = len(names) - len(shown)
    return ", ".join([*shown, *([f"{left} more"] if left else [])])


def _sum(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    return {
        "lines": sum(row["lines"] for row in rows),
        "billed": reduce(EXACT.add, (row["billed"] for row in rows), ZERO),
        "effective": reduce(EXACT.add, (row["effective"] for row in rows), ZERO),
    }


def _models_sheet(con: duckdb.DuckDBPyConnection) -> Sheet:
    found = rows_of(query(con, "review/inspected_models"))
    for model in found:
        model["model_version"] = model["model_version"] or ALL_VERSIONS
    return Sheet(
        "models",
        "Models the bill names by itself, effective cost",
        (
            Column("model", "model"),
            Column("model_version", "version"),
            Column("components", "component"),
            Column("evidence", "known by"),
            Column("lines", "lines", "count"),
            Column("currency", "currency"),
            Column("effective", "effective", "money"),
            Column("billed", "billed", "money"),
        ),
        tuple(Row(model) for model in found[:MOST_ROWS]),
        notes=_more(len(found), "models and versions"),
        machine_only=("billed",),
    )


def _keys_sheet(
    name: str, title: str, keys: Sequence[Mapping[str, Any]], lines: int, most: int = MOST_ROWS
) -> Sheet:
    rows = [
        Row(
            {
                **key,
                "share": _share(key["lines"], lines),
                "examples": ", ".join(_short(text) for text in key["examples"]),
            }
        )
        for key in keys[:most]
    ]
    return Sheet(
        name,
        title,
        (
            Column("key", "key"),
            Column("says", "says"),
            Column("lines", "lines", "count"),
            Column("share", "of lines", "share"),
            Column("distinct_values", "values", "count"),
            Column("examples", "most expensive"),
        ),
        tuple(rows),
        notes=_more(len(keys), "keys"),
        machine_only=("lines",),
    )


def _tags_sheet(con: duckdb.DuckDBPyConnection, lines: int, tags: TagKeys) -> Sheet:
    found = rows_of(query(con, "review/inspected_keys", column="Tags", most=MOST_EXAMPLES))
    known = {key: what for what, keys in _settings_of(tags).items() for key in keys}
    sounding = {
        key: what
        for what, keys in sounding_keys(row["key"] for row in found).items()
        for key in keys
    }
    for row in found:
        what = known.get(row["key"], sounding.get(row["key"], ""))
        row["says"] = what.replace("_", " ") + ("" if row["key"] in known or not what else "?")
    speaking = sorted(found, key=lambda row: not row["says"])
    return _keys_sheet("tags", "Tags", speaking, lines)


def sounding_keys(keys: Iterable[str]) -> dict[str, list[str]]:
    """The tag keys that sound like a model's name, its version or what it was used for.

    `user:ML-Model` sounds like `model`; `Name` like nothing.
    """
    found: dict[str, list[str]] = defaultdict(list)
    for key in keys:
        plain = re.sub(r"[^a-z0-9]", "", re.split(r"[:/]", key.lower())[-1])
        for what, words in _TAG_WORDS.items():
            if plain in words:
                found[what].append(key)
    return dict(found)


def suggested_tags(con: duckdb.DuckDBPyConnection, tags: TagKeys) -> dict[str, list[str]]:
    """The keys of `[tags]` that the settings should have beside the defaults, if any.

    All keys of a section are given once one is: a list in the settings replaces the default.
    """
    found = rows_of(query(con, "review/inspected_keys", column="Tags", most=1))
    current = _settings_of(tags)
    more = {
        what: [key for key in keys if key not in current[what]]
        for what, keys in sounding_keys(row["key"] for row in found).items()
    }
    return {what: [*current[what], *keys] for what, keys in more.items() if keys}


def providers(con: duckdb.DuckDBPyConnection) -> list[str]:
    """Whose services the lines are, at most three."""
    found = {row["field"]: row for row in rows_of(query(con, "review/inspected_fields", most=3))}
    return list(found["providers"]["examples"]) if "providers" in found else []


def _settings_of(tags: TagKeys) -> dict[str, list[str]]:
    return {
        "model": tags.model,
        "model_version": tags.model_version,
        "component": tags.component,
    }


def _fields_sheet(con: duckdb.DuckDBPyConnection, lines: int) -> Sheet:
    found = {row["field"]: row for row in rows_of(query(con, "review/inspected_fields", most=3))}
    rows = [
        Row(
            {
                "field": words,
                "distinct_values": found[name]["distinct_values"] if name in found else 0,
                "lines": found[name]["lines"] if name in found else 0,
                "share": _share(found[name]["lines"] if name in found else 0, lines),
                "examples": ", ".join(
                    _short(text) for text in (found[name]["examples"] if name in found else [])
                ),
            }
        )
        for name, words in _FIELDS.items()
        if name in found or name in ("accounts", "resources", "invoices")
    ]
    return Sheet(
        "carries",
        "What the lines carry",
        (
            Column("field", "field"),
            Column("distinct_values", "values", "count"),
            Column("lines", "lines", "count"),
            Column("share", "of lines", "share"),
            Column("examples", "most expensive"),
        ),
        tuple(rows),
        machine_only=("lines",),
    )


def _share(part: int, whole: int) -> Decimal | None:
    return (Decimal(part) / Decimal(whole)).quantize(Decimal("0.0001")) if whole else None


def _short(text: str) -> str:
    """A value as an example: an ARN or path by its end, a name without its id where it is long."""
    if text.startswith("arn:"):
        text = text.split(":", 5)[-1]
    if len(text) > MOST_LETTERS and (named := re.fullmatch(r"(.+) \(\S+\)", text)):
        text = named[1]
    return text if len(text) <= MOST_LETTERS else f"…{text[1 - MOST_LETTERS :]}"


def _more(found: int, what: str) -> tuple[str, ...]:
    left = found - MOST_ROWS
    return (f"{left:,} more {what}.",) if left > 0 else ()


def line_sentences(con: duckdb.DuckDBPyConnection) -> list[str]:
    """What lines became that are no charge of their month, and charges of other charge months."""
    found = []
    for row in rows_of(query(con, "review/inspected_lines")):
        for count, words in (
            (row["split_rows"], "container split rows carry shares of their machine, no money"),
            (row["other_months"], "lines of its files are of other months, and are read there"),
            (row["left_out"], "lines are left out by the rules of their format"),
            (row["rejects"], "lines could not be read"),
        ):
            if count:
                found.append(f"{row['billing_month']}: {count:,} of {row['lines_read']:,} {words}.")
        if row["rounding"]:
            found.append(
                f"{row['billing_month']}: rounding on reading, all files together: "
                f"{plain(row['rounding'])}."
            )
    for row in rows_of(query(con, "review/inspected_months")):
        of_all = f"of {row['charges']:,} charges in {row['currency']}"
        for name, words in (
            ("other_charge_months", "of other charge months"),
            ("corrections", "corrections of what was billed before"),
        ):
            if row[name]:
                found.append(f"{row['billing_month']}: {words}: {row[name]:,} {of_all}.")
    return found


def grouped_warnings(warnings: Sequence[str]) -> list[str]:
    """The reader's warnings without their source; said of several months they are one sentence.

    `2026-09: source 'x': 3 lines ...` and the same of October become `2026-09, 2026-10: 3 lines`.
    """
    months: dict[str, list[str]] = defaultdict(list)
    for warning in warnings:
        match = re.fullmatch(r"(\d{4}-\d\d): (?:source '[^']*': )?(.*)", warning, re.DOTALL)
        month, text = (match[1], match[2]) if match else ("", warning)
        if month not in months[text]:
            months[text].append(month)
    return [(f"{', '.join(said)}: " if any(said) else "") + text for text, said in months.items()]
