"""The watch for drift, for people and programs: each line's level, its alarms, its days."""

from collections.abc import Sequence
from typing import Any, Final

from pipelines.calibration.daily import DayOfLine, WatchedLine, of_month
from pipelines.calibration.drift import BASELINE_DAYS, LIMIT, NEW_LEVEL, SLACK
from pipelines.review.calibration import number
from pipelines.review.sheets import Column, Row, Sheet

_LINE: Final = (
    Column("model", "model"),
    Column("model_version", "version"),
    Column("component", "component"),
    Column("currency", "currency"),
)


def drift_sheets(
    lines: Sequence[WatchedLine], month: str, model: str | None = None
) -> tuple[Sheet, ...]:
    """The lines, the days that say something, and every day.

    What was predicted of the month before alone has no line.
    """
    there = [one for one in lines if of_month(one, month) or one.said]
    wanted = [one for one in there if model is None or one.line.model == model]
    others = sorted({one.line.model for one in there})
    return (_lines(wanted, month, model, others), _told(wanted, month), _days(wanted, month))


def _lines(
    lines: Sequence[WatchedLine], month: str, model: str | None, others: Sequence[str]
) -> Sheet:
    nothing = (
        f"no formula predicts {model!r} in {month}; what is watched: {', '.join(others)}."
        if others
        else f"{month} has no physical prediction: [[formulas]] of the catalogue make one, and "
        "drift is watched against it."
    )
    return Sheet(
        "lines",
        f"Drift of actual from predicted cost, {month}",
        (
            *_LINE,
            Column("compared", "days compared", "count"),
            Column("watched", "watched", "count"),
            Column("alarms", "alarms", "count"),
            Column("last_up", "sum up", "quantity"),
            Column("last_down", "sum down", "quantity"),
            Column("said", "says"),
        ),
        tuple(Row(_summary(one, month)) for one in lines),
        notes=(
            f"A sum of what goes beyond {SLACK} sigma above {LIMIT:g} is an alarm. The level is "
            f"learnt from {BASELINE_DAYS} days, and anew from each event of the catalogue.",
        )
        if lines
        else (nothing,),
    )


def _summary(watched: WatchedLine, month: str) -> dict[str, Any]:
    days = of_month(watched, month)
    under_watch = [one for one in days if one.watched.standardised is not None]
    alarms = [one for one in days if one.watched.is_alarm]
    last = under_watch[-1].watched if under_watch else None
    if watched.said:
        said = watched.said
    elif alarms:
        said = f"{alarms[0].watched.day}: {alarms[0].watched.said}"
    elif not under_watch:
        said = "its level is not known yet"
    else:
        said = "no drift"
    return {
        **_named(watched),
        "compared": sum(one.watched.log_ratio is not None for one in days),
        "watched": len(under_watch),
        "alarms": len(alarms),
        "last_up": number(last.up, 2) if last else None,
        "last_down": number(last.down, 2) if last else None,
        "said": said,
    }


def _told(lines: Sequence[WatchedLine], month: str) -> Sheet:
    """The events that begin a new level, and alarms; those of neighbouring days are one row."""
    rows: list[Row] = []
    for watched in lines:
        last: dict[str, Any] = {}
        for one in of_month(watched, month):
            day = f"{one.watched.day}"
            if last and one.watched.is_alarm:
                last["until"], last["alarms"] = day, last["alarms"] + 1
                continue
            last = {}
            if one.watched.is_alarm or one.watched.said.startswith(NEW_LEVEL):
                alarms = int(one.watched.is_alarm)
                found = {"day": day, "until": day, "alarms": alarms, "said": one.watched.said}
                rows.append(Row({**_named(watched), **found}))
                last = rows[-1].values if alarms else {}
    return Sheet(
        "alarms",
        "Alarms and events",
        (
            *_LINE,
            Column("day", "from"),
            Column("until", "until"),
            Column("alarms", "alarms", "count"),
            Column("said", "says"),
        ),
        tuple(rows),
    )


def _days(lines: Sequence[WatchedLine], month: str) -> Sheet:
    rows = [
        Row({**_named(watched), **_day(one)})
        for watched in lines
        for one in of_month(watched, month)
    ]
    return Sheet(
        "days",
        "Day by day",
        (
            *_LINE,
            Column("day", "day"),
            Column("actual_cost", "actual", "money"),
            Column("predicted_cost", "predicted", "quantity"),
            Column("log_ratio", "ln(actual / predicted)", "quantity"),
            Column("standardised", "sigmas", "quantity"),
            Column("up", "sum up", "quantity"),
            Column("down", "sum down", "quantity"),
            Column("is_alarm", "alarm"),
            Column("said", "says"),
        ),
        tuple(rows),
        audience="machine",
    )


def _named(watched: WatchedLine) -> dict[str, Any]:
    line = watched.line
    return {
        "model": line.model,
        "model_version": line.version,
        "component": line.component,
        "currency": line.currency,
    }


def _day(one: DayOfLine) -> dict[str, Any]:
    watched = one.watched
    return {
        "day": f"{watched.day}",
        "actual_cost": one.actual,
        "predicted_cost": number(one.predicted),
        "log_ratio": number(watched.log_ratio),
        "standardised": number(watched.standardised),
        "up": number(watched.up),
        "down": number(watched.down),
        "is_alarm": watched.is_alarm,
        "said": watched.said,
    }
