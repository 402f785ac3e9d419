"""Coefficients from totals, where a bill cannot be split: total = sum of k_c x term_c.

The second choice: terms that move together cannot be told apart by any fit. The articles' form,
C_hardware x T + C_bandwidth x T with one T, is the extreme: its two columns are one column twice
(rank 1, condition number infinite), so every pair of coefficients fits alike and none is learnt.
Such terms are refused by name.

Rows are divided by the formula's total, so that large months do not rule; least squares without
negative coefficients give a start, and least squares of the log totals with a soft loss the result:
one month three times too high moves it little.
"""

import csv
import io
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from scipy.optimize import least_squares, nnls

from pipelines.errors import CalibrationRefused, SettingsInvalid

MOST_CONDITION: Final = 30.0
"""Belsley's limit: above it, a small change of the totals turns the coefficients over."""
NOISE: Final = 0.1
"""Errors of log totals beyond this count linearly, no longer by their square."""
_SINGULAR: Final = 1e12
_TAKES_PART: Final = 0.3
_LEAST: Final = 1e-9


@dataclass(frozen=True)
class TotalsFit:
    """A coefficient per term, and how well the terms could be told apart."""

    coefficients: dict[str, float]
    condition: float
    start: dict[str, float]
    """The start without the soft loss: far from the result, an outlier pulled it."""
    n: int


TOTAL: Final = "total"
LABEL: Final = "month"


def read_totals(text: str, file: str) -> tuple[dict[str, list[float]], list[float]]:
    """The terms and totals of a CSV: a month a line, what was billed in `total`.

    A column `month` is a label; every other one is a term of the formula, in the totals' currency.

    Raises:
        SettingsInvalid: no column `total`, no term, or a cell that is no number; names the line.
    """
    rows = csv.DictReader(io.StringIO(text))
    header = list(rows.fieldnames or ())
    names = [name for name in header if name not in {TOTAL, LABEL}]
    problems = [] if TOTAL in header else [f"it has no column {TOTAL}"]
    if not names:
        problems.append(f"it has no term: a column beside {LABEL} and {TOTAL}")
    terms: dict[str, list[float]] = {name: [] for name in names}
    totals: list[float] = []
    for row in rows:
        line = rows.line_num
        if None in row:
            problems.append(f"line {line}: it has more cells than the header has columns")
        for name in [*names, *([TOTAL] if TOTAL in header else [])]:
            try:
                (totals if name == TOTAL else terms[name]).append(float(row[name] or ""))
            except ValueError:
                what = f"{row[name]!r} is no number" if row[name] else "nothing is told"
                problems.append(f"line {line}, {name}: {what}")
    if problems:
        raise SettingsInvalid(file, problems)
    return terms, totals


def fit(
    terms: Mapping[str, Sequence[float]], totals: Sequence[float], what: str = "the total"
) -> TotalsFit:
    """The coefficients of terms whose weighted sum was billed.

    Raises:
        CalibrationRefused: the terms move together (names them), or there are too few months.
    """
    names = list(terms)
    rows = np.array([terms[name] for name in names], dtype=float).T.reshape(-1, len(names))
    billed = np.asarray(totals, dtype=float)
    _require(rows, billed, names, what)
    said = rows.sum(axis=1)
    weighted = rows / said[:, None]
    condition = _condition(weighted, names, what)
    start, _ = nnls(weighted, billed / said)
    logs = np.log(billed)

    def misses(k: Any) -> Any:
        return np.log(rows @ k) - logs

    found = least_squares(
        misses,
        np.maximum(start, 0.05 * max(float(start.max()), _LEAST)),
        bounds=(_LEAST, np.inf),
        loss="soft_l1",
        f_scale=NOISE,
        xtol=1e-12,
        ftol=1e-12,
    )
    return TotalsFit(
        coefficients=_named(names, found.x),
        condition=condition,
        start=_named(names, start),
        n=len(billed),
    )


def condition_number(rows: Any) -> float:
    """Of the columns scaled to length 1; infinite where one is a sum of others."""
    return _singular(rows)[0]


def _singular(rows: Any) -> tuple[float, Any]:
    """The condition number and the direction in which the columns are nearest to one another."""
    lengths = np.linalg.norm(rows, axis=0)
    scaled = rows / np.where(lengths > 0, lengths, 1.0)
    _, sizes, directions = np.linalg.svd(scaled, full_matrices=False)
    least = float(sizes[-1])
    if len(sizes) < rows.shape[1] or least * _SINGULAR < float(sizes[0]):
        return math.inf, directions[-1]
    return float(sizes[0]) / least, directions[-1]


def _condition(rows: Any, names: Sequence[str], what: str) -> float:
    condition, direction = _singular(rows)
    if condition <= MOST_CONDITION:
        return condition
    most = float(np.abs(direction).max())
    together = [
        name
        for name, part in zip(names, direction, strict=True)
        if abs(float(part)) >= _TAKES_PART * most
    ]
    shown = "infinite" if math.isinf(condition) else f"{condition:.0f}"
    problem = (
        f"{' and '.join(together)} move together over the {len(rows)} months (condition number "
        f"{shown}, at most {MOST_CONDITION:.0f} can be told apart). Split the bill by component, "
        "or keep their proportion and fit one coefficient to their sum"
    )
    raise CalibrationRefused(what, problem)


def _require(rows: Any, billed: Any, names: Sequence[str], what: str) -> None:
    problem = None
    if len(rows) != len(billed):
        problem = f"{len(rows)} months of terms stand beside {len(billed)} totals"
    elif len(billed) <= len(names):
        problem = f"{len(billed)} months are too few for {len(names)} coefficients"
    elif not (np.isfinite(rows).all() and np.isfinite(billed).all()):
        problem = "a term or a total is no number"
    elif (billed <= 0).any():
        problem = "a total is 0 or less: errors of totals are measured as ratios"
    elif (rows < 0).any():
        problem = "a term is negative: a quantity is 0 or more"
    elif (rows.sum(axis=1) <= 0).any():
        problem = "in one month every term is 0: there is nothing to explain its total by"
    else:
        never = [name for name, column in zip(names, rows.T, strict=True) if not column.any()]
        if never:
            problem = f"{' and '.join(never)} is 0 in every month: nothing tells its coefficient"
    if problem:
        raise CalibrationRefused(what, problem)


def _named(names: Sequence[str], values: Any) -> dict[str, float]:
    return {name: float(f"{value:.12g}") for name, value in zip(names, values, strict=True)}
