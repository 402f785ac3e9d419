"""Arithmetic that one value and a column of values share: rounding up, the larger of two, rows."""

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from pipelines.errors import FormulaInputInvalid
from pipelines.formulas.formula import Value


def each(function: Callable[..., Any], *values: Value) -> Value:
    """A function of single values over values and columns alike; a single value stays one.

    Raises:
        FormulaInputInvalid: as the function does, with every row that it refuses.
    """
    if not any(isinstance(value, np.ndarray) for value in values):
        return function(*values)
    found, problems, formula = [], [], ""
    for row, ones in rows(*values):
        try:
            found.append(function(*ones))
        except FormulaInputInvalid as error:
            formula = error.formula
            problems += [f"{row}{problem}" for problem in error.problems]
    if problems:
        raise FormulaInputInvalid(formula, problems)
    return np.array(found, dtype=object)


def rounded_up(value: Value) -> Value:
    """The next whole number, exactly."""
    return each(math.ceil, value)


def rounded_down(value: Value) -> Value:
    """The whole number below, exactly."""
    return each(math.floor, value)


def larger(one: Value, other: Value) -> Value:
    """The larger of two, row by row."""
    return each(max, one, other)


def rows(*values: Value) -> Iterator[tuple[str, tuple[Any, ...]]]:
    """Each row of the values, with the words that name it: '' where there is one row only."""
    columns = [value for value in values if isinstance(value, np.ndarray)]
    if not columns:
        yield "", values
        return
    for row, ones in enumerate(np.broadcast(*(np.asarray(value, object) for value in values))):
        yield f"row {row + 1}: ", ones


def refuse(formula: str, reason: Callable[..., str], *values: Value) -> None:
    """Stop where inputs that are possible one by one are impossible together.

    `reason` takes the values of a row and says what is wrong with them, or ''.

    Raises:
        FormulaInputInvalid: names every row with its reason.
    """
    problems = [f"{row}{said}" for row, ones in rows(*values) if (said := reason(*ones))]
    if problems:
        raise FormulaInputInvalid(formula, problems)


def cautioned(reason: Callable[..., str], *values: Value) -> list[str]:
    """The sentences that `reason` has for the rows."""
    return [f"{row}{said}" for row, ones in rows(*values) if (said := reason(*ones))]
