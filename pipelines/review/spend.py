"""What each model version cost in a month, and every remainder, down to the export's total.

One rule: the rows of a sheet (its subtotals aside) add up to its total row, and the total row of
the currencies' sheets adds up to what was reconciled with the export.
"""

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

import polars as pl

from pipelines.contracts import COMPONENTS
from pipelines.review.sheets import (
    ALL_VERSIONS,
    BASIS_COLUMNS,
    MODEL_BUCKETS,
    NO_OWNER,
    REMAINDER_TEXTS,
    REMAINDERS,
    ZERO,
    Column,
    PublishedMonth,
    Row,
    Sheet,
)

Amounts = dict[str, Decimal]

_COMPONENT_COLUMNS = tuple(Column(name, name, "money") for name in COMPONENTS)
_TOTAL = Column("total", "total", "money")


def spend_sheets(month: PublishedMonth, basis: str, by: str = "model") -> tuple[Sheet, ...]:
    """One spend sheet per currency, by `model`, `owner` or `source`.

    A month with 700 USD for version 8 and 300 USD idle gives the rows `search-rank` 700 (subtotal),
    `8` 700, `idle` 300 and `total` 1,000, which is the export's total.
    """
    return frame_sheets(month.model_months, basis, by)


def frame_sheets(spend: pl.DataFrame, basis: str, by: str) -> tuple[Sheet, ...]:
    """The same of any rows of `out_spend__model_months`."""
    make = {"model": _by_model, "owner": _by_owner, "source": _by_source}[by]
    return _per_currency(spend, lambda frame, cur: make(frame, cur, basis))


def day_sheets(model_days: pl.DataFrame, basis: str) -> tuple[Sheet, ...]:
    """One sheet per currency of what each charge day cost."""
    return _per_currency(model_days, lambda frame, cur: _by_day(frame, cur, basis))


def _per_currency(
    frame: pl.DataFrame, make: Callable[[pl.DataFrame, str], Sheet]
) -> tuple[Sheet, ...]:
    currencies = sorted(frame["currency"].unique().to_list())
    return tuple(make(frame.filter(pl.col("currency") == cur), cur) for cur in currencies)


def components_of(frame: pl.DataFrame, keys: Sequence[str], basis: str) -> dict[Any, Amounts]:
    """By key: the four components of the model buckets, what lies outside them, and the total."""
    column = BASIS_COLUMNS[basis]
    found: dict[Any, Amounts] = {}
    if frame.is_empty():
        return found
    in_model = pl.col("bucket").is_in(MODEL_BUCKETS)
    sums = frame.group_by(list(keys)).agg(
        *(
            pl.col(column).filter(in_model & (pl.col("component") == name)).sum().alias(name)
            for name in COMPONENTS
        ),
        pl.col(column).filter(~in_model).sum().alias("not_model"),
        pl.col(column).sum().alias("total"),
    )
    for row in sums.sort(list(keys)).iter_rows(named=True):
        found[tuple(row[key] for key in keys)] = {
            name: row[name] for name in (*COMPONENTS, "not_model", "total")
        }
    return found


def _by_model(frame: pl.DataFrame, currency: str, basis: str) -> Sheet:
    models = frame.filter(pl.col("bucket").is_in(MODEL_BUCKETS))
    by_model = components_of(models, ["model"], basis)
    by_version = components_of(models, ["model", "model_version"], basis)
    rows: list[Row] = []
    for (model,), amounts in by_model.items():
        rows.append(Row(_line("model", amounts, currency, model=model), "subtotal"))
        rows += [
            Row(
                _line("model", parts, currency, model=model, model_version=version or ALL_VERSIONS),
                "detail",
            )
            for (its_model, version), parts in by_version.items()
            if its_model == model
        ]
    everything = components_of(models, ["currency"], basis).get((currency,), _nothing())
    rows.append(Row(_line("all models", everything, currency), "subtotal"))
    column = BASIS_COLUMNS[basis]
    for bucket in REMAINDERS:
        amount = frame.filter(pl.col("bucket") == bucket)[column].sum() or ZERO
        rows.append(
            Row({"section": bucket, "currency": currency, "total": _as_decimal(amount)}, "line")
        )
    rows.append(
        Row({"section": "total", "currency": currency, "total": _sum(frame, column)}, "total")
    )
    return Sheet(
        "spend",
        f"Spend by model and version, {basis} cost, {currency}",
        (
            Column("currency", "currency"),
            Column("section", "section"),
            Column("model", "model"),
            Column("model_version", "version"),
            *_COMPONENT_COLUMNS,
            _TOTAL,
        ),
        tuple(rows),
        labels=("section", "model", "model_version"),
    )


def _by_owner(frame: pl.DataFrame, currency: str, basis: str) -> Sheet:
    groups = components_of(frame, ["owner", "cost_centre"], basis)
    rows = [
        Row(
            {
                "currency": currency,
                "owner": owner or NO_OWNER,
                "cost_centre": centre,
                **amounts,
            }
        )
        for (owner, centre), amounts in groups.items()
    ]
    return Sheet(
        "spend",
        f"Spend by owner and cost centre, {basis} cost, {currency}",
        (
            Column("currency", "currency"),
            Column("owner", "owner"),
            Column("cost_centre", "cost centre"),
            *_COMPONENT_COLUMNS,
            Column("not_model", "not model", "money"),
            _TOTAL,
        ),
        (*rows, _total_row(frame, currency, basis)),
        notes=(_NOT_MODEL,),
        labels=("owner", "cost_centre"),
    )


def _by_source(frame: pl.DataFrame, currency: str, basis: str) -> Sheet:
    return _simple(frame, currency, basis, "source", "Spend by source of the bill")


def _by_day(frame: pl.DataFrame, currency: str, basis: str) -> Sheet:
    return _simple(frame, currency, basis, "charge_date", "Spend by charge day")


def _simple(frame: pl.DataFrame, currency: str, basis: str, key: str, title: str) -> Sheet:
    groups = components_of(frame, [key], basis)
    rows = [
        Row({"currency": currency, key: value, **amounts}) for (value,), amounts in groups.items()
    ]
    return Sheet(
        "spend",
        f"{title}, {basis} cost, {currency}",
        (
            Column("currency", "currency"),
            Column(key, key.replace("charge_date", "day")),
            *_COMPONENT_COLUMNS,
            Column("not_model", "not model", "money"),
            _TOTAL,
        ),
        (*rows, _total_row(frame, currency, basis)),
        notes=(_NOT_MODEL,),
        labels=(key,),
    )


_NOT_MODEL = "not model: shared pool, idle, commitment, overhead, unattributed and not AI together."


def _total_row(frame: pl.DataFrame, currency: str, basis: str) -> Row:
    amounts = components_of(frame, ["currency"], basis).get((currency,), _nothing())
    return Row({"currency": currency, "section": "total", **amounts}, "total")


def _line(section: str, amounts: Amounts, currency: str, **names: str) -> dict[str, Any]:
    parts = {name: amounts[name] for name in (*COMPONENTS, "total")}
    return {"section": section, "currency": currency, **names, **parts}


def _nothing() -> Amounts:
    return dict.fromkeys((*COMPONENTS, "not_model", "total"), ZERO)


def _sum(frame: pl.DataFrame, column: str) -> Decimal:
    return _as_decimal(frame[column].sum())


def _as_decimal(value: Any) -> Decimal:
    """Polars sums an empty Decimal column to an int 0."""
    return value if isinstance(value, Decimal) else Decimal(value or 0)


def months_sheets(months: Sequence[PublishedMonth], basis: str, by: str) -> tuple[Sheet, ...]:
    """Several months side by side, one sheet per currency: the same rows, a column per month."""
    frame = pl.concat([month.model_months for month in months])
    return side_by_side_sheets(frame, [month.month for month in months], basis, by)


def side_by_side_sheets(
    spend: pl.DataFrame, months: Sequence[str], basis: str, by: str
) -> tuple[Sheet, ...]:
    """The same of any rows of `out_spend__model_months`, a column per `billing_month`."""
    return _per_currency(spend, lambda part, cur: _side_by_side(part, cur, basis, by, months))


def _side_by_side(
    frame: pl.DataFrame, currency: str, basis: str, by: str, months: Sequence[str]
) -> Sheet:
    keys = {
        "model": ["model", "model_version"],
        "owner": ["owner", "cost_centre"],
        "source": ["source"],
    }[by]
    column = BASIS_COLUMNS[basis]
    rows: list[Row] = []

    def line(part: pl.DataFrame, level: Any, **names: str) -> Row:
        amounts = {
            month: _sum(part.filter(pl.col("billing_month") == month), column) for month in months
        }
        return Row({"currency": currency, **names, **amounts, "total": _sum(part, column)}, level)

    if by == "model":
        models = frame.filter(pl.col("bucket").is_in(MODEL_BUCKETS))
        for model in sorted(models["model"].unique().to_list()):
            mine = models.filter(pl.col("model") == model)
            rows.append(line(mine, "subtotal", section="model", model=model))
            for version in sorted(mine["model_version"].unique().to_list()):
                part = mine.filter(pl.col("model_version") == version)
                label = version or ALL_VERSIONS
                rows.append(line(part, "detail", section="model", model=model, model_version=label))
        rows.append(line(models, "subtotal", section="all models"))
        for bucket in REMAINDERS:
            rows.append(line(frame.filter(pl.col("bucket") == bucket), "line", section=bucket))
        labels: tuple[str, ...] = ("section", "model", "model_version")
    else:
        for values in sorted(frame.select(keys).unique().iter_rows()):
            part = frame
            for key, value in zip(keys, values, strict=True):
                part = part.filter(pl.col(key) == value)
            named = dict(zip(keys, values, strict=True))
            if by == "owner":
                named["owner"] = named["owner"] or NO_OWNER
            rows.append(line(part, "line", **named))
        labels = tuple(keys)
    rows.append(line(frame, "total", section="total"))
    texts = tuple(
        Column(key, key.replace("model_version", "version").replace("_", " ")) for key in labels
    )
    return Sheet(
        "spend",
        f"Spend by {by}, {basis} cost, {currency}",
        (
            Column("currency", "currency"),
            *texts,
            *(Column(month, month, "money") for month in months),
            _TOTAL,
        ),
        tuple(rows),
        labels=labels,
    )


def _words(bucket: str) -> str:
    return bucket.replace("_", " ").replace(" ai", " AI")


def remainder_notes(sheet: Sheet) -> list[str]:
    """What the remainders of a spend sheet mean, for those that are not zero."""
    if sheet.name != "spend":
        return []
    return [
        f"{_words(row.values['section'])}: {REMAINDER_TEXTS[row.values['section']]}."
        for row in sheet.rows
        if row.values.get("section") in REMAINDER_TEXTS and row.values["total"] != 0
    ]
