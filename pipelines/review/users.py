"""Spend by use case or tenant: inference by who asked, everything else as it is, to the total.

One rule: lines and details add up to the total, which is the month's spend. Only inference can be
told by who asked; training, storage and update are a version's, whoever asks it.
"""

from decimal import Decimal
from typing import Any, Final

import polars as pl

from pipelines.contracts import COMPONENTS
from pipelines.review.sheets import MODEL_BUCKETS, REMAINDERS, ZERO, Column, Row, Sheet

NAMELESS: Final = {"use_case": "(no use case)", "tenant": "(no tenant)"}
WORDS: Final = {"use_case": "use case", "tenant": "tenant"}


def user_sheets(spend: pl.DataFrame, unit_costs: pl.DataFrame, by: str) -> tuple[Sheet, ...]:
    """One sheet per currency of what each `use_case` or `tenant` cost, effective cost.

    300 of inference for two tenants and 100 of training give the tenants' rows, their models below
    them, `training` 100 and the total 400.
    """
    asked = unit_costs.filter((pl.col("unit") == "request") & (pl.col("unit_source") == ""))
    return tuple(
        _sheet(
            spend.filter(pl.col("currency") == currency),
            asked.filter(pl.col("currency") == currency),
            by,
            currency,
        )
        for currency in sorted(spend["currency"].unique().to_list())
    )


def _sheet(spend: pl.DataFrame, asked: pl.DataFrame, by: str, currency: str) -> Sheet:
    rows: list[Row] = []
    for (user,) in sorted(asked.select(by).unique().iter_rows()):
        mine = asked.filter(pl.col(by) == user)
        named = {"section": "inference", "currency": currency, by: user or NAMELESS[by]}
        rows.append(Row({**named, "total": _sum(mine)}, "subtotal"))
        sums = mine.group_by("model").agg(pl.col("effective_cost").sum()).sort("model")
        rows += [
            Row({**named, "model": model, "total": cost}, "detail")
            for model, cost in sums.iter_rows()
        ]
    models = spend.filter(pl.col("bucket").is_in(MODEL_BUCKETS))
    for component in COMPONENTS:
        cost = _sum(models.filter(pl.col("component") == component))
        if component == "inference":
            cost -= _sum(asked)  # a month published before inference was told by who asked
            if not cost:
                continue
        rows.append(Row({"section": component, "currency": currency, "total": cost}))
    for bucket in REMAINDERS:
        cost = _sum(spend.filter(pl.col("bucket") == bucket))
        rows.append(Row({"section": bucket, "currency": currency, "total": cost}))
    rows.append(Row({"section": "total", "currency": currency, "total": _sum(spend)}, "total"))
    return Sheet(
        "spend",
        f"Spend by {WORDS[by]}, effective cost, {currency}",
        (
            Column("currency", "currency"),
            Column("section", "section"),
            Column(by, WORDS[by]),
            Column("model", "model"),
            Column("total", "total", "money"),
        ),
        tuple(rows),
        notes=_notes(by),
        labels=("section", by, "model"),
    )


def _notes(by: str) -> tuple[str, ...]:
    return (
        f"By {WORDS[by]} is the inference of the models: by tokens of each class where the bill "
        "has lines of its own for them, else by GPU time, tokens or requests of the version's log.",
    )


def _sum(frame: pl.DataFrame) -> Decimal:
    amount: Any = frame["effective_cost"].sum()
    return amount if isinstance(amount, Decimal) else ZERO
